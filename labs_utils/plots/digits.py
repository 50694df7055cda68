"""Pictures of lab 04: long training, where a classifier errs, how sure it is, what HOG sees, ensembles."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labs_utils.plots.figures import BLUE, CYCLE, GREY, LINE_STYLES, ORANGE, SKY, curves, image_grid


def long_run(epochs: np.ndarray, runs: Mapping[str, Mapping[str, Sequence]], stated: float) -> Figure:
    """A long training: validation accuracy with its range over seeds (left), both losses (right).

    Args:
        epochs: (n,) where it was measured.
        runs: name → ``val_accuracy``, ``loss`` and ``val_loss``, each (seeds, n).
        stated: the validation accuracy that a lecture reports, drawn as a line.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
    for (name, measures), colour, style in zip(runs.items(), CYCLE, LINE_STYLES, strict=False):
        look = {"color": colour, "linestyle": style}
        accuracy = np.array(measures["val_accuracy"])
        left.fill_between(epochs, accuracy.min(axis=0), accuracy.max(axis=0), color=colour, alpha=0.15)
        left.plot(epochs, accuracy.mean(axis=0), label=name, **look)
        right.plot(epochs, np.mean(measures["loss"], axis=0), **look)
        right.plot(epochs, np.mean(measures["val_loss"], axis=0), **look | {"alpha": 0.45, "linewidth": 3})
    left.axhline(stated, color="black", linewidth=0.8)
    left.text(1, stated + 0.005, f"lecture, {stated}")
    left.set(xscale="log", xlabel="epoch", ylabel="validation accuracy", ylim=(0.9, 1))
    right.set(yscale="log", xlabel="epoch", ylabel="cross-entropy", title="thin: training; broad: validation")
    left.legend(loc="center left")
    return figure


def training(history: Mapping[str, Sequence[float]]) -> Figure:
    """Loss (left) and accuracy (right) of training and validation over the epochs.

    Args:
        history: Keras' history, with ``loss``, ``val_loss``, ``accuracy`` and ``val_accuracy``.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.3))
    epoch = np.arange(1, len(history["loss"]) + 1)
    for ax, (measure, label) in zip(axes, {"loss": "cross-entropy", "accuracy": "accuracy"}.items(), strict=True):
        names = {"training": measure, "validation": f"val_{measure}"}
        curves(ax, {name: (epoch, history[key]) for name, key in names.items()}, "epoch", label)
    return figure


def roc(series: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """ROC curves over a logarithmic false positive rate, which shows its left.

    Args:
        series: name → false and true positive rates.
    """
    figure, ax = plt.subplots(figsize=(5.4, 3.8))
    curves(ax, series, "false positive rate (1 − specificity)", "sensitivity")
    ax.set(xscale="log", ylim=(0.7, 1.005))
    return figure


def misread(
    images: np.ndarray,
    y: np.ndarray,
    y_hat: np.ndarray,
    rows: Sequence[np.ndarray],
    columns: int,
    confidence: np.ndarray | None = None,
) -> Figure:
    """Pictures below their truth and reading; a row with fewer than `columns` ends in empty fields.

    Args:
        images: (n, height, width) of bytes.
        y: (n,) truth.
        y_hat: (n,) what was read.
        rows: numbers of the images in each row; those beyond `columns` are left out.
        columns: pictures in a row.
        confidence: (n,) how sure the reading was; left out of the titles by default.
    """
    empty = np.zeros_like(images[0])
    pictures, titles = [], []
    for row in rows:
        shown = row[:columns]
        missing = columns - len(shown)
        pictures += [*images[shown], *[empty] * missing]
        titles += [f"{y[k]} → {y_hat[k]}" + ("" if confidence is None else f", {confidence[k]:.3f}") for k in shown]
        titles += [""] * missing
    return image_grid(pictures, titles, columns=columns, size=7.4 / columns, vmin=0, vmax=255)


def counts(matrix: np.ndarray, xlabel: str, ylabel: str) -> Figure:
    """A square matrix of counts (k, k) as a picture, the counts in its cells; zeros stay empty."""
    figure, ax = plt.subplots(figsize=(5.6, 4.6))
    shown = ax.imshow(matrix, cmap="cividis")
    for i, j in zip(*np.nonzero(matrix), strict=True):
        colour = "black" if matrix[i, j] > matrix.max() / 2 else "white"
        ax.text(j, i, matrix[i, j], ha="center", va="center", color=colour)
    ax.set(xticks=range(len(matrix)), yticks=range(len(matrix)), xlabel=xlabel, ylabel=ylabel)
    ax.grid(False)
    figure.colorbar(shown, label="images")
    return figure


def reliability(panels: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Figure:
    """Reliability diagrams side by side; each bar carries its number of images.

    Args:
        panels: title → mean confidence, accuracy and number of images of each bin, all (bins,).
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.4 * len(panels), 3.9), sharey=True, squeeze=False)
    for ax, (title, (confidence, accuracy, number)) in zip(axes[0], panels.items(), strict=True):
        filled, bins = number > 0, len(number)
        middles = (np.arange(bins)[filled] + 0.5) / bins
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, label="calibrated")
        ax.bar(middles, accuracy[filled], width=1 / bins, color=SKY, edgecolor="white")
        ax.plot(confidence[filled], accuracy[filled], "o", color=ORANGE, label="bins")
        for x, height, n in zip(middles, accuracy[filled], number[filled], strict=True):
            ax.text(x, height + 0.02, f"{n}", ha="center", va="bottom", fontsize=8)
        ax.set(title=title, xlabel="confidence", xlim=(0, 1), ylim=(0, 1.12))
    axes[0, 0].set(ylabel="accuracy")
    axes[0, 0].legend(loc="upper left", bbox_to_anchor=(0, 0.92))
    return figure


def hog_strokes(digit: np.ndarray, votes: Sequence) -> Figure:
    """A digit, and over it for each cell a line per direction, as long as the square root of its votes.

    Args:
        digit: (h, w) from 0 to 1.
        votes: (rows, columns, orientations) of square cells that tile the digit.
    """
    votes = np.asarray(votes)
    rows, columns, orientations = votes.shape
    size = digit.shape[0] / rows
    edge = np.deg2rad((np.arange(orientations) + 0.5) * 180 / orientations + 90)  # at right angles to its gradient
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
    for ax, alpha in ((left, 1), (right, 0.25)):
        ax.imshow(digit, cmap="gray_r", extent=(0, digit.shape[1], digit.shape[0], 0), alpha=alpha)
        ax.set_axis_off()
    right.hlines(np.arange(rows + 1) * size, 0, columns * size, color=GREY, linewidth=0.7)
    right.vlines(np.arange(columns + 1) * size, 0, rows * size, color=GREY, linewidth=0.7)
    for i, j in np.ndindex(rows, columns):
        x, y = (j + 0.5) * size, (i + 0.5) * size
        length = 0.47 * size * np.sqrt(votes[i, j] / votes.max())
        dx, dy = length * np.cos(edge), length * np.sin(edge)
        right.plot([x - dx, x + dx], [y - dy, y + dy], color=BLUE, linewidth=2)
    return figure


def learning_curves(sizes: Sequence[int], accuracy: Mapping[str, Sequence]) -> Figure:
    """Test error against the number of training images, both axes logarithmic: each run a mark, their mean a line.

    Args:
        sizes: (n,) numbers of training images.
        accuracy: name → accuracy of each run, (n, runs).
    """
    figure, ax = plt.subplots(figsize=(6.4, 3.8))
    for (name, runs), colour, marker in zip(accuracy.items(), (BLUE, ORANGE), "os", strict=True):
        error = 100 - 100 * np.array(runs)
        ax.plot(sizes, error.mean(axis=1), color=colour, label=name)
        ax.plot(sizes, error, marker, color=colour, markersize=4)
    ax.set(xscale="log", yscale="log", xlabel="training images", ylabel="test error, %")
    ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.legend(title="stored run, real MNIST")
    return figure


def votes(accuracy: Mapping[str, tuple[np.ndarray, float]]) -> Figure:
    """Accuracy of the members of several ensembles (dots) and of each ensemble (diamond).

    Args:
        accuracy: what the members differ by → accuracy of each member (m,), and of the ensemble.
    """
    figure, ax = plt.subplots(figsize=(7.6, 3.3))
    for k, (single, together) in enumerate(accuracy.values()):
        ax.plot([k] * len(single), single, "o", color=SKY, label="" if k else "members")
        ax.plot(k, together, "D", color=ORANGE, markersize=9, label="" if k else "ensemble")
    ax.set_xticks(range(len(accuracy)), accuracy)
    ax.set(xlabel="members differ by", ylabel="test accuracy", xlim=(-0.5, len(accuracy) - 0.5))
    ax.legend(loc="lower left")
    return figure
