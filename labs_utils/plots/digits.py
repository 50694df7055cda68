"""Pictures of lab 04: where a classifier errs, how sure it is, and what HOG sees."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labs_utils.plots.figures import BLUE, GREY, ORANGE, SKY


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
