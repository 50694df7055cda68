"""Pictures of maps: a map in a perceptually uniform colour map over the grey version of its image, with a frame.

Maps with values of both signs have a colour map of their own, dark at 0, blue below and orange above, so that the eye
sees at once which is which; white frames stay visible on it. Each pixel of an image takes a whole number of the
screen's, and colours are rounded to a few levels: a notebook full of noisy pictures stays small.
"""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from labs_utils.plots.figures import BLUE, ORANGE

CMAP = plt.get_cmap("viridis")
SIGNED = LinearSegmentedColormap.from_list("signed", ["#B8E1FA", BLUE, "#111111", ORANGE, "#FFD9A0"])
_OPACITY = 0.65
_LEVELS = 16
_GAP, _TITLE = 6, 17  # pixels between panels, and above one with a title
_BAR, _BAR_WIDTH, _BAR_HEIGHT = 52, 260, 9  # pixels for a colour bar with its label, and of the bar itself


def grid(
    panels: Iterable[tuple],
    columns: int,
    size: int = 144,
    vmin: float | None = None,
    vmax: float | None = None,
    signed: float | None = None,
    bar: str | None = None,
) -> Figure:
    """A figure of panels, row by row, each in a thin frame, so that a white picture can be told from the page.

    Args:
        panels: tuples ``(image, heat, box, title)``, the last three optional or None. An image is (h, w, 3) from 0 to
            1; with a heat map (h, w) it is shown in grey under the map. A single array (h, w) is a map by itself. A box
            is a frame ``top, left, bottom, right``, bottom and right exclusive.
        columns: panels in a row.
        size: about how many pixels wide a panel is.
        vmin: value of the first colour of all maps; each map's smallest value by default.
        vmax: value of the last colour.
        signed: for maps of both signs, in place of the two: the colours go from -signed to signed and are dark at 0.
        bar: what the colours mean; a colour bar with this label stands below the panels. Without limits its ends are
            each map's own smallest and largest value.
    """
    if signed is not None:
        vmin, vmax = -signed, signed
    colours = CMAP if signed is None else SIGNED
    full = [(*arguments, *[None] * (4 - len(arguments))) for arguments in panels]
    shapes = [np.array(image.shape[:2]) * max(1, round(size / image.shape[1])) for image, *_ in full]
    height, width = np.max(shapes, axis=0)
    above = _TITLE * any(title for *_, title in full)
    rows = -(-len(full) // columns)
    total = np.array([columns * (width + _GAP), rows * (height + _GAP + above) + _BAR * (bar is not None)])
    dpi = plt.rcParams["figure.dpi"]
    figure = plt.figure(figsize=total / dpi, layout="none")
    for number, ((image, heat, box, title), shape) in enumerate(zip(full, shapes, strict=True)):
        row, column = divmod(number, columns)
        left, top = column * (width + _GAP), row * (height + _GAP + above) + above
        place = (left / total[0], 1 - (top + shape[0]) / total[1], shape[1] / total[0], shape[0] / total[1])
        _draw(figure.add_axes(place), _coloured_panel(image, heat, vmin, vmax, colours), box, title)
        figure.add_artist(
            plt.Rectangle(place[:2], *place[2:], transform=figure.transFigure, fill=False, edgecolor="0.75", lw=0.8)
        )
    if bar is not None:
        _add_bar(figure, total, bar, vmin, vmax, colours)
    return figure


def _add_bar(
    figure: Figure, total: np.ndarray, label: str, vmin: float | None, vmax: float | None, colours: Colormap
) -> None:
    """A horizontal colour bar in the middle below the panels."""
    width = min(_BAR_WIDTH, total[0] * 0.8)
    bottom = _BAR - _BAR_HEIGHT - 4
    place = (0.5 - width / 2 / total[0], bottom / total[1], width / total[0], _BAR_HEIGHT / total[1])
    own = vmin is None or vmax is None
    scale = ScalarMappable(Normalize(0, 1) if own else Normalize(vmin, vmax), colours)
    drawn = figure.colorbar(scale, cax=figure.add_axes(place, label="<colorbar>"), orientation="horizontal")
    drawn.set_label(label, fontsize=9, labelpad=2)
    if own:
        drawn.set_ticks([0, 1], labels=["smallest", "largest"])
    else:
        drawn.set_ticks([vmin, (vmin + vmax) / 2, vmax])
    drawn.ax.tick_params(labelsize=9, length=2, pad=1)


def _draw(axes: Axes, colours: np.ndarray, box: Any, title: str | None) -> None:
    axes.imshow(np.round(colours * _LEVELS) / _LEVELS, interpolation="nearest", aspect="auto")
    if box is not None:
        top, left, bottom, right = box
        corner = left - 0.5, top - 0.5
        axes.add_patch(plt.Rectangle(corner, right - left, bottom - top, fill=False, edgecolor="white", linewidth=1.5))
    axes.set_title(title or "", fontsize=9, loc="center", pad=3)
    axes.set_axis_off()


def _coloured_panel(
    image: np.ndarray, heat: np.ndarray | None, vmin: float | None, vmax: float | None, colours: Colormap
) -> np.ndarray:
    """(h, w, 3) from 0 to 1: the image, the image under its map, or the map alone."""
    if image.ndim == 2:
        return _coloured(image, vmin, vmax, colours)
    if heat is None:
        return np.clip(image, 0, 1)
    grey = np.clip(image, 0, 1).mean(axis=-1, keepdims=True)
    return (1 - _OPACITY) * grey + _OPACITY * _coloured(heat, vmin, vmax, colours)


def _coloured(heat: np.ndarray, vmin: float | None, vmax: float | None, colours: Colormap) -> np.ndarray:
    low = heat.min() if vmin is None else vmin
    high = heat.max() if vmax is None else vmax
    share = np.clip((heat - low) / (high - low if high > low else 1), 0, 1)
    return colours(np.round(share * 2 * _LEVELS) / (2 * _LEVELS))[..., :3]
