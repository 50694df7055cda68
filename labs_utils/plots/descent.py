"""Pictures of a descent: paths as small multiples, the arrows of one step, spreads through the layers."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labs_utils.plots.figures import RED, curves


def _saddle_slope(w: np.ndarray) -> np.ndarray:
    return np.stack([w[..., 0], w[..., 1] ** 3 - w[..., 1]], axis=-1)


def _rosenbrock_slope(w: np.ndarray) -> np.ndarray:
    x, y = w[..., 0], w[..., 1]
    off = 200 * (y - x**2)
    return np.stack([2 * (x - 1) - 2 * x * off, off], axis=-1)


#: name → height of x and y, its gradient at w (…, 2), window (x0, x1, y0, y1), start, goal
LANDSCAPES: dict[str, tuple] = {
    "bowl": (
        lambda x, y: (x**2 + 50 * y**2) / 2,
        lambda w: w * [1.0, 50.0],
        (-4.6, 2, -1.4, 1.4),
        (-4.0, 1.0),
        (0, 0),
    ),
    "saddle": (  # at 0, with minima at y = 1 and -1
        lambda x, y: x**2 / 2 + (y**2 - 1) ** 2 / 4,
        _saddle_slope,
        (-1.8, 1, -0.5, 1.5),
        (-1.5, 0.001),
        (0, 1),
    ),
    "Rosenbrock": (
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        _rosenbrock_slope,
        (-1.8, 1.7, -0.6, 1.9),
        (-1.2, 1.0),
        (1, 1),
    ),
}


def paths(
    found: Mapping[tuple[str, str], np.ndarray], steps: Mapping[tuple[str, str], str], colours: Mapping[str, str]
) -> Figure:
    """One row a method, one column a landscape: its contours, the path, the start (dot), the goal (star).

    Args:
        found: (landscape, method) → path, (n, 2).
        steps: (landscape, method) → what stands above the panel.
        colours: method → colour; its order is that of the rows.
    """
    size = len(colours), len(LANDSCAPES)
    figure, panels = plt.subplots(*size, figsize=(8.6, 1.5 * len(colours)), layout="constrained")
    for column, (place, (height, _, (x0, x1, y0, y1), _, goal)) in enumerate(LANDSCAPES.items()):
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
    figure.supxlabel("$w_1$", fontsize=9)
    figure.supylabel("$w_2$", fontsize=9)
    return figure


def arrows(axes: Axes, named: Mapping[str, tuple[np.ndarray, np.ndarray, str]]) -> None:
    """Draws arrows, name → (tail, head, colour), with a legend below the axes."""
    for name, (tail, head, colour) in named.items():
        axes.annotate("", head, tail, arrowprops={"color": colour, "width": 1.6, "headwidth": 8})
        axes.plot([], [], color=colour, label=name)
    axes.scatter(*np.array([ends[:2] for ends in named.values()]).reshape(-1, 2).T, color="black", s=12, zorder=3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))


def flows(spreads: Mapping[tuple[str, str], Sequence[Sequence[float]]]) -> Figure:
    """How the spread of outputs (left) and of errors (right) goes through the layers, one row an activation.

    Args:
        spreads: (start, activation) → spreads of the outputs and of the errors, layer by layer; the last start is
            the strongest line.
    """
    kinds = list(dict.fromkeys(kind for _, kind in spreads))
    figure, panels = plt.subplots(len(kinds), 2, figsize=(9, 8.6), sharex=True, layout="constrained")
    for row, kind in zip(panels, kinds, strict=True):
        for axes, side, what in zip(row, (0, 1), ("outputs", "errors"), strict=True):
            series = {}
            for start, activation in spreads:
                if activation == kind:
                    values = np.asarray(spreads[start, activation][side])
                    series[start] = np.arange(1, len(values) + 1), values + 1e-20  # a logarithm of 0 is no point
            curves(axes, series, "layer", f"{kind}: spread of {what}")
            axes.lines[-1].set(color=RED, linewidth=2.2)
            axes.set(yscale="log", ylim=(1e-12, 1e7), xticks=range(1, len(values) + 1, 3))
            axes.get_legend().remove()
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4)
    return figure
