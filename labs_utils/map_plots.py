"""Pictures of maps: a map in a perceptually uniform colour map over the grey version of its image, with a box."""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

CMAP = "viridis"
_OPACITY = 0.65


def panel(
    axes: Axes, image: np.ndarray, heat: np.ndarray | None = None, box: Any = None, title: str = "", **limits: float
) -> None:
    """Draws an image, or a map over its grey version.

    Args:
        axes: where to draw.
        image: (h, w, 3) from 0 to 1.
        heat: (h, w) map; None for the image alone, in colour.
        box: rows and columns ``top, left, bottom, right`` of a frame, bottom and right exclusive.
        title: stands above.
        **limits: ``vmin`` and ``vmax`` of the colours; the map's own smallest and largest value by default.
    """
    height, width = image.shape[:2]
    axes.imshow(image if heat is None else np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1))
    if heat is not None:
        axes.imshow(heat, cmap=CMAP, alpha=_OPACITY, **limits)
    if box is not None:
        top, left, bottom, right = box
        corner = left - 0.5, top - 0.5
        axes.add_patch(plt.Rectangle(corner, right - left, bottom - top, fill=False, edgecolor="white", linewidth=1.5))
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.set_title(title, fontsize=9, loc="center")
    axes.set_axis_off()


def grid(panels: Iterable[tuple], columns: int, size: float = 1.5, **limits: float) -> Figure:
    """A figure of panels, row by row.

    Args:
        panels: the arguments of each `panel` from ``image`` on: ``(image, heat, box, title)``, the last ones optional.
        columns: panels in a row.
        size: inches of a panel.
        **limits: as for `panel`, the same for all.
    """
    panels = list(panels)
    rows = -(-len(panels) // columns)
    titled = any(len(arguments) > 3 and arguments[3] for arguments in panels)
    figure, axes = plt.subplots(rows, columns, figsize=(size * columns, size * (1.12 if titled else 1) * rows))
    for ax in np.ravel(axes):
        ax.set_axis_off()
    for ax, arguments in zip(np.ravel(axes), panels, strict=False):
        panel(ax, *arguments, **limits)
    return figure
