"""Pictures of maps: a map in a perceptually uniform colour map over the grey version of its image, with a frame.

Each pixel of an image takes a whole number of the screen's, and colours are rounded to a few levels: a notebook full of
noisy pictures stays small.
"""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

CMAP = "viridis"
_OPACITY = 0.65
_LEVELS = 16
_GAP, _TITLE = 6, 17  # pixels between panels, and above one with a title


def grid(
    panels: Iterable[tuple],
    columns: int,
    size: int = 144,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Figure:
    """A figure of panels, row by row.

    Args:
        panels: tuples ``(image, heat, box, title)``, the last three optional or None. An image is (h, w, 3) from 0 to
            1; with a heat map (h, w) it is shown in grey under the map. A single array (h, w) is a map by itself. A box
            is a frame ``top, left, bottom, right``, bottom and right exclusive.
        columns: panels in a row.
        size: about how many pixels wide a panel is.
        vmin: value of the first colour of all maps; each map's smallest value by default.
        vmax: value of the last colour.
    """
    full = [(*arguments, *[None] * (4 - len(arguments))) for arguments in panels]
    shapes = [np.array(image.shape[:2]) * max(1, round(size / image.shape[1])) for image, *_ in full]
    height, width = np.max(shapes, axis=0)
    above = _TITLE * any(title for *_, title in full)
    rows = -(-len(full) // columns)
    total = np.array([columns * (width + _GAP), rows * (height + _GAP + above)])
    dpi = plt.rcParams["figure.dpi"]
    figure = plt.figure(figsize=total / dpi, layout="none")
    for number, ((image, heat, box, title), shape) in enumerate(zip(full, shapes, strict=True)):
        row, column = divmod(number, columns)
        left, top = column * (width + _GAP), row * (height + _GAP + above) + above
        place = (left / total[0], 1 - (top + shape[0]) / total[1], shape[1] / total[0], shape[0] / total[1])
        _draw(figure.add_axes(place), _colours(image, heat, vmin, vmax), box, title)
    return figure


def _draw(axes: Axes, colours: np.ndarray, box: Any, title: str | None) -> None:
    axes.imshow(np.round(colours * _LEVELS) / _LEVELS, interpolation="nearest", aspect="auto")
    if box is not None:
        top, left, bottom, right = box
        corner = left - 0.5, top - 0.5
        axes.add_patch(plt.Rectangle(corner, right - left, bottom - top, fill=False, edgecolor="white", linewidth=1.5))
    axes.set_title(title or "", fontsize=9, loc="center", pad=3)
    axes.set_axis_off()


def _colours(image: np.ndarray, heat: np.ndarray | None, vmin: float | None, vmax: float | None) -> np.ndarray:
    """(h, w, 3) from 0 to 1: the image, the image under its map, or the map alone."""
    if image.ndim == 2:
        return _coloured(image, vmin, vmax)
    if heat is None:
        return np.clip(image, 0, 1)
    grey = np.clip(image, 0, 1).mean(axis=-1, keepdims=True)
    return (1 - _OPACITY) * grey + _OPACITY * _coloured(heat, vmin, vmax)


def _coloured(heat: np.ndarray, vmin: float | None, vmax: float | None) -> np.ndarray:
    low = heat.min() if vmin is None else vmin
    high = heat.max() if vmax is None else vmax
    share = np.clip((heat - low) / (high - low if high > low else 1), 0, 1)
    return plt.get_cmap(CMAP)(np.round(share * 2 * _LEVELS) / (2 * _LEVELS))[..., :3]
