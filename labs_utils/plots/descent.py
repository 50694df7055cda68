"""Pictures of a descent: many paths as small multiples, and the arrows of one step."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def paths(
    landscapes: Mapping[str, tuple[Callable, tuple[float, ...], Sequence[float]]],
    found: Mapping[tuple[str, str], np.ndarray],
    steps: Mapping[tuple[str, str], str],
    colours: Mapping[str, str],
) -> Figure:
    """One row a method, one column a landscape: its contours, the path, the start (dot), the goal (star).

    Args:
        landscapes: name → height as a function of x and y, window (x0, x1, y0, y1), goal (x, y).
        found: (landscape, method) → path, (n, 2).
        steps: (landscape, method) → what stands above the panel.
        colours: method → colour; its order is that of the rows.
    """
    figure, panels = plt.subplots(
        len(colours), len(landscapes), figsize=(8.6, 1.5 * len(colours)), layout="constrained"
    )
    for column, (place, (height, (x0, x1, y0, y1), goal)) in enumerate(landscapes.items()):
        x, y = np.meshgrid(np.linspace(x0, x1, 120), np.linspace(y0, y1, 120))
        levels = np.sqrt(height(x, y))  # the root spreads the contours of a bowl evenly
        for axes, (method, colour) in zip(panels[:, column], colours.items(), strict=True):
            path = found[place, method]
            axes.contour(x, y, levels, levels=10, cmap="cividis", linewidths=0.7, alpha=0.5)
            axes.plot(*path.T, ".-", color=colour, markersize=4, linewidth=1.2)
            axes.plot(*path[0], "ko", markersize=5)
            axes.plot(*goal, "k*", markersize=8)
            axes.set(xlim=(x0, x1), ylim=(y0, y1), xticks=[], yticks=[])
            axes.set_title(f"{method}: {steps[place, method]}", fontsize=9, loc="center")
        panels[-1, column].set_xlabel(place)
    figure.supylabel("$w_2$", fontsize=9)
    return figure


def arrows(axes: Axes, named: Mapping[str, tuple[np.ndarray, np.ndarray, str]]) -> None:
    """Draws arrows, name → (tail, head, colour), with a legend below the axes."""
    for name, (tail, head, colour) in named.items():
        axes.annotate("", head, tail, arrowprops={"color": colour, "width": 1.6, "headwidth": 8})
        axes.plot([], [], color=colour, label=name)
    axes.scatter(*np.array([ends[:2] for ends in named.values()]).reshape(-1, 2).T, color="black", s=12, zorder=3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
