"""Pictures and tables in one style: colour-blind-safe, labelled, described in words for those who cannot see them.

Colours are those of M. Okabe and K. Ito, Color Universal Design (2008). Classes differ by marker as well as by colour,
curves by line style as well.
"""

import base64
import html
import io
import itertools
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from labs_utils import course

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, GREY, BLACK, RED = "#56B4E9", "#7F7F7F", "#000000", "#B2182B"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, GREY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINE_STYLES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))

#: The environment variable that the builder and the tests set: an unlabelled figure is an error there, and sliders are
#: drawn as a still.
BUILDING = course.BUILDING


def use_style() -> None:
    """Makes the course's style the current Matplotlib style, whatever this machine's matplotlibrc says."""
    plt.style.use(["default", Path(__file__).with_name("labs.mplstyle")])


def show(figure: Figure, description: str) -> None:
    """Displays a figure with a text that describes it, and closes it.

    Args:
        figure: what to display.
        description: what there is to see, at least 40 characters, or the key of such a text in
            ``labs_utils/plots/descriptions``; the picture's alternative text.

    Raises:
        ValueError: while a lab is built or tested, for a description too short to help, or for axes with data but
            without labels (switch the axes of an image off).
    """
    display(_picture(figure, _description(description)), raw=True)


def _picture(figure: Figure, description: str) -> dict[str, str]:
    """A figure, closed, as what is displayed: one ``<img>``, since front ends drop the description of a bare PNG."""
    if os.environ.get(BUILDING):
        for fault in faults(figure, description):
            raise ValueError(fault)
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    alt = html.escape(description)
    image = f'<img alt="{alt}" src="data:image/png;base64,{data}" style="max-width: 100%">'
    return {"text/html": image, "text/plain": description}


def _description(text: str) -> str:
    """The description with this key, or `text` itself where it is none."""
    key = re.fullmatch(r"lab (\d\d), figure \d+", text)
    files = sorted(course.DESCRIPTIONS.glob(f"{key[1]}_*.json")) if key else []
    return json.loads(files[0].read_text("utf-8")).get(text, text) if files else text


def faults(figure: Figure, description: str) -> list[str]:
    """What keeps a figure from being understood: missing axis labels, no data, or no useful description."""
    found = []
    if len(description.strip()) < 40:
        found.append(f"the description {description!r} is too short to stand in for the figure")
    if not any(axes.has_data() for axes in figure.axes):
        found.append("the figure shows no data")
    for number, axes in enumerate(figure.axes):
        if not axes.axison or not axes.has_data() or not axes.get_visible():
            continue
        for name, label, shared in (
            ("x", axes.get_xlabel() or figure.get_supxlabel(), axes.get_shared_x_axes().get_siblings(axes)),
            ("y", axes.get_ylabel() or figure.get_supylabel(), axes.get_shared_y_axes().get_siblings(axes)),
        ):
            siblings = any(getattr(other, f"get_{name}label")() for other in shared)
            colour_bar = axes.get_label() == "<colorbar>"
            if not label and not siblings and not colour_bar:
                found.append(f"axes {number} ({axes.get_title(loc='left') or 'untitled'}) have no {name} label")
    return found


def scatter_classes(axes: Axes, x: np.ndarray, y: np.ndarray, names: Sequence[str] | None = None) -> None:
    """Draws points of two or more classes, each with its own colour and marker.

    Args:
        axes: where to draw.
        x: (n, 2) points.
        y: (n,) or (n, 1) integer classes from 0.
        names: one for each class; ``class 0``, ``class 1``, … by default.
    """
    labels = np.ravel(y).astype(int)
    for k in range(labels.max() + 1):
        points = np.asarray(x)[labels == k]
        axes.scatter(
            points[:, 0],
            points[:, 1],
            color=CYCLE[k % len(CYCLE)],
            marker=MARKERS[k % len(MARKERS)],
            edgecolors="white",
            linewidths=0.7,
            s=46,
            label=names[k] if names else f"class {k}",
            zorder=3,
        )
    axes.legend()


def decision_surface(
    axes: Axes,
    predict: Callable[[np.ndarray], np.ndarray],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    resolution: int = 120,
) -> ScalarMappable:
    """Draws a classifier's probability over the plane, with the line where it is one half.

    Args:
        axes: where to draw.
        predict: maps (n, 2) points to (n,) or (n, 1) values in [0, 1].
        xlim: range of the first coordinate.
        ylim: range of the second coordinate.
        resolution: points along each axis.

    Returns:
        The filled contours, for a colour bar.
    """
    grid_x, grid_y = np.meshgrid(np.linspace(*xlim, resolution), np.linspace(*ylim, resolution))
    points = np.column_stack([grid_x.ravel(), grid_y.ravel()])
    values = np.reshape(np.asarray(predict(points)), grid_x.shape)
    filled = axes.contourf(
        grid_x, grid_y, np.clip(values, 0, 1), levels=np.linspace(0, 1, 11), cmap="cividis", alpha=0.75
    )
    if values.min() < 0.5 < values.max():
        axes.contour(grid_x, grid_y, values, levels=[0.5], colors="black", linewidths=1.8)
    axes.set(xlim=xlim, ylim=ylim)
    return filled


def line_of(axes: Axes, w0: float, w1: float, w2: float, xlim: tuple[float, float], **style: Any) -> None:
    """Draws the line $w_0 + w_1 x_1 + w_2 x_2 = 0$ within `xlim` and the current y limits.

    Args:
        axes: where to draw.
        w0: bias.
        w1: weight of $x_1$.
        w2: weight of $x_2$; the line is vertical where it is 0.
        xlim: range of $x_1$.
        **style: passed to Matplotlib's ``plot``.
    """
    ylim = axes.get_ylim()
    x1 = np.array(xlim, float)
    if abs(w2) > 1e-9:
        axes.plot(x1, -(w0 + w1 * x1) / w2, **style)
    elif abs(w1) > 1e-9:
        axes.plot([-w0 / w1] * 2, ylim, **style)
    axes.set(xlim=xlim, ylim=ylim)


def image_grid(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    columns: int = 8,
    cmap: str = "gray_r",
    vmin: float | None = None,
    vmax: float | None = None,
    size: float = 1.2,
) -> Figure:
    """A grid of pictures without axes.

    Args:
        images: each (height, width) or (height, width, 3).
        titles: one for each picture.
        columns: pictures in a row.
        cmap: colour map of single-channel pictures.
        vmin: value of the first colour; the smallest value of each picture by default.
        vmax: value of the last colour.
        size: inches a picture.
    """
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = size * (1.22 if titles else 1.0)
    figure, grid = plt.subplots(rows, columns, figsize=(size * columns, height * rows), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for number, (axes, image) in enumerate(zip(grid.flat, images, strict=False)):
        axes.imshow(image, cmap=cmap, vmin=vmin, vmax=vmax, interpolation="nearest")
        if titles:
            axes.set_title(titles[number], fontsize=9, loc="center")
    return figure


def curves(axes: Axes, series: Mapping[str, Sequence[float]], xlabel: str, ylabel: str) -> None:
    """Draws curves that differ in colour and in line style, with a legend if there are several.

    Args:
        axes: where to draw.
        series: legend text → values, or a pair (x values, y values).
        xlabel: label of the x axis.
        ylabel: label of the y axis.
    """
    styles = zip(itertools.cycle(CYCLE), itertools.cycle(LINE_STYLES), strict=False)
    for (label, values), (colour, line_style) in zip(series.items(), styles, strict=False):
        x, y = values if isinstance(values, tuple) else (np.arange(len(values)), values)
        axes.plot(x, y, color=colour, linestyle=line_style, label=label)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        axes.legend()


def explore(
    draw: Callable[..., None],
    description: str,
    figsize: tuple[float, float] = (5.2, 4.0),
    **sliders: tuple[float, float, float],
) -> None:
    """Sliders that redraw a picture; without a live front end, a still at the sliders' starting values.

    The picture is an output of its own beside the sliders, so that a notebook that was saved shows the last one when
    it is opened again, where sliders without their kernel are gone.

    Args:
        draw: called as ``draw(axes, **values)`` on fresh axes.
        description: what there is to see, whatever the values, or its key; the values are added to it.
        figsize: inches.
        **sliders: name → (lowest, highest, starting value).
    """

    def picture(**values: float) -> dict[str, str]:
        figure, axes = plt.subplots(figsize=figsize)
        try:
            draw(axes, **values)
        except BaseException:
            plt.close(figure)  # no empty axes below an error
            raise
        shown = ", ".join(f"{name} = {value:.3g}" for name, value in values.items())
        return _picture(figure, f"{_description(description)} Here {shown}.")

    start = {name: value for name, (_, _, value) in sliders.items()}
    still = display(picture(**start), raw=True, display_id=True)
    if os.environ.get(BUILDING):
        return
    try:
        import ipywidgets
    except ImportError:
        print("Sliders need ipywidgets (pip install ipywidgets); this is a still picture.")
        return
    widgets = {
        name: ipywidgets.FloatSlider(
            value, min=low, max=high, step=(high - low) / 100, description=name, continuous_update=False
        )
        for name, (low, high, value) in sliders.items()
    }
    errors = ipywidgets.Output()

    def redraw(_: object) -> None:
        drawn = None
        errors.clear_output()
        with errors:  # a fault in `draw` shows below the sliders
            drawn = picture(**{name: slider.value for name, slider in widgets.items()})
        if drawn:
            still.update(drawn, raw=True)

    for slider in widgets.values():
        slider.observe(redraw, "value")
    display(ipywidgets.VBox([*widgets.values(), errors]))


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], caption: str) -> None:
    """Displays a table of results; numbers are aligned right.

    Args:
        header: names of the columns.
        rows: one sequence a row; floats are shown with four significant digits.
        caption: what the table tells.
    """
    text = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    numeric = [all(isinstance(row[k], int | float | np.number) for row in rows) for k in range(len(header))]
    lines = [
        f"**{caption}**",
        "",
        "| " + " | ".join(header) + " |",
        "|" + "|".join("---:" if right else ":---" for right in numeric) + "|",
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in text),
    ]
    display(Markdown("\n".join(lines)))
