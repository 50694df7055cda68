"""What an attack did: image, perturbation magnified, attacked image, and what the model says of both."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labs_utils import plots
from labs_utils.robustness.evaluate import probabilities


def magnified(perturbation: np.ndarray) -> np.ndarray:
    """A perturbation as a picture: mid-grey where nothing changes, the largest change at full strength."""
    largest = np.abs(perturbation).max()
    return 0.5 + 0.5 * perturbation / (largest if largest > 0 else 1)


def attack_figure(
    model, images: np.ndarray, attacked: np.ndarray, names: Sequence[str], tops: int = 2, size: float = 1.4
) -> Figure:
    """Three rows, one column an image: before, the perturbation magnified, after; with the model's top probabilities.

    Args:
        model: a Keras model that gives logits.
        images: (n, height, width, 3) in [0, 1].
        attacked: the same shape.
        names: of the classes.
        tops: how many probabilities stand above each picture.
        size: inches a picture.
    """
    columns = len(images)
    figure, axes = plt.subplots(3, columns, figsize=(size * columns, 3.75 * size), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for row, pictures in ((0, images), (2, attacked)):
        for ax, picture, values in zip(axes[row], pictures, probabilities(model, pictures), strict=True):
            ax.imshow(np.clip(picture, 0, 1), interpolation="nearest")
            ax.set_title(_top_lines(values, names, tops), fontsize=8, loc="center")
    for ax, difference in zip(axes[1], attacked - images, strict=True):
        ax.imshow(magnified(difference), interpolation="nearest")
        changed = np.abs(difference).max()
        factor = f"× {0.5 / changed:.0f}" if changed > 0 else "no change"
        ax.set_title(f"change {factor}", fontsize=8, loc="center")
    return figure


def _top_lines(values: np.ndarray, names: Sequence[str], tops: int) -> str:
    order = np.argsort(values)[::-1][:tops]
    return "\n".join(f"{names[k]} {values[k]:.1%}" for k in order)


def accuracy_figure(series: Mapping[str, tuple]) -> Figure:
    """Accuracy over the size of the change.

    Args:
        series: legend text → (values of ε in units of pixels from 0 to 1, accuracies).
    """
    figure, axes = plt.subplots(figsize=(6.2, 3.0))
    steps = {name: (255 * np.asarray(epsilons), values) for name, (epsilons, values) in series.items()}
    plots.curves(axes, steps, "ε in steps of 1/255", "accuracy")
    axes.set_ylim(-0.03, 1.03)
    return figure


def target_figure(shares: np.ndarray) -> Figure:
    """Shares (labels, targets) of the pictures that reach a target, as a grid with a colour bar from 0 to 1."""
    figure, axes = plt.subplots(figsize=(4.6, 3.7))
    drawn = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    labels, targets = (range(size) for size in shares.shape)
    axes.set(xlabel="target", ylabel="label", xticks=targets, yticks=labels)
    axes.grid(False)
    figure.colorbar(drawn, label="share that reaches the target")
    return figure


def curves_and_pictures(
    series: Mapping[str, tuple], xlabel: str, ylabel: str, pictures: Sequence[tuple[str, np.ndarray]]
) -> Figure:
    """Curves between 0 and 1 on the left, pictures with titles in two rows on the right.

    Args:
        series: legend text → (x values, y values).
        xlabel: label of the x axis.
        ylabel: label of the y axis.
        pictures: pairs of a title and (height, width) or (height, width, 3).
    """
    columns = -(-len(pictures) // 2)
    figure = plt.figure(figsize=(8.6, 3.6))
    grid = figure.add_gridspec(2, 1 + columns, width_ratios=(2.6, *[1] * columns))
    axes = figure.add_subplot(grid[:, 0])
    plots.curves(axes, series, xlabel, ylabel)
    axes.set(xticks=sorted({x for xs, _ in series.values() for x in xs}), ylim=(-0.03, 1.03))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=8, ncols=2)
    for k, (title, picture) in enumerate(pictures):
        ax = figure.add_subplot(grid[k // columns, 1 + k % columns])
        ax.imshow(picture, interpolation="nearest")
        ax.set_title(title, fontsize=8, loc="center")
        ax.set_axis_off()
    return figure


def circled(
    images: Sequence[np.ndarray], originals: Sequence[np.ndarray], titles: Sequence[str], size: float
) -> Figure:
    """Pictures in two rows, with a ring around the pixel of each that differs most from the original.

    Args:
        images: each (height, width, 3) in [0, 1].
        originals: the same shapes.
        titles: one for each picture.
        size: inches a picture.
    """
    figure = plots.image_grid(list(images), titles, columns=-(-len(images) // 2), size=size)
    for ax, image, original in zip(figure.axes, images, originals, strict=False):
        change = np.abs(image - original).sum(axis=-1)
        if change.any():
            row, column = np.unravel_index(change.argmax(), change.shape)
            for colour, width in (("black", 3), ("white", 1.2)):  # seen on dark and on bright
                ax.plot(column, row, "o", markersize=10, fillstyle="none", color=colour, markeredgewidth=width)
    return figure
