"""Pictures of lab 06: filtered photographs, a kernel that is learnt, activation maps, Gabor functions, a contest."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labs_utils.plots.figures import BLUE, CYCLE, GREY, SKY, curves, image_grid


def filtered(pictures: Mapping[str, np.ndarray], ranges: Sequence[tuple[float, float]]) -> Figure:
    """Pictures below their names in two rows, each in greys between two values of its own.

    Args:
        pictures: name → (h, w).
        ranges: for each picture the values that are black and white.
    """
    figure, axes = plt.subplots(2, -(-len(pictures) // 2), figsize=(9, 4.9))
    for ax, (name, picture), ends in zip(axes.flat, pictures.items(), ranges, strict=True):
        ax.imshow(picture, cmap="gray", vmin=ends[0], vmax=ends[1])
        ax.set_title(name, fontsize=10)
        ax.set_axis_off()
    return figure


def learnt_kernel(losses: Sequence[float], kernels: Mapping[str, np.ndarray]) -> Figure:
    """The loss over the steps, and a row of kernels with their numbers.

    Args:
        losses: before each step.
        kernels: name → (k, k), with values between about −3 and 3.
    """
    widths = (1.6, *[1] * len(kernels))
    figure, axes = plt.subplots(1, len(widths), figsize=(1.6 * len(widths), 2.1), width_ratios=widths)
    axes[0].semilogy(losses, color=BLUE)
    axes[0].set(xlabel="step", ylabel="loss $J$")
    for ax, (name, kernel) in zip(axes[1:], kernels.items(), strict=True):
        ax.imshow(kernel, cmap="PuOr", vmin=-3, vmax=3)
        for (row, column), value in np.ndenumerate(kernel):
            text = f"{round(value, 1) + 0.0:.1f}"  # no minus before a zero
            ax.text(column, row, text, ha="center", va="center", fontsize=10)
        ax.set_title(name, fontsize=10)
        ax.set_axis_off()
    return figure


def displacement(accuracy: Mapping[str, Sequence[float]], trained: float, cut: float) -> Figure:
    """Accuracy against the distance from the centre; the first network has the strongest line.

    Args:
        accuracy: name → accuracy at 0, 1, 2, … pixels, with four classes.
        trained: the networks saw distances up to this one.
        cut: from here on the border cuts some objects.
    """
    figure, ax = plt.subplots(figsize=(7.6, 3.7))
    ax.axvspan(0, trained, color=SKY, alpha=0.25, linewidth=0)
    last = max(map(len, accuracy.values())) - 1
    ax.axvspan(cut, last, color=GREY, alpha=0.2, linewidth=0)
    ax.text(trained / 2, 0.03, "trained\nhere", ha="center", fontsize=9)
    ax.text((cut + last) / 2, 0.03, "cut by the\nborder", ha="center", fontsize=9)
    curves(ax, accuracy, "displacement $d$ from the centre, in pixels", "test accuracy")
    ax.lines[0].set_linewidth(3)
    ax.axhline(0.25, color="black", linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 1.05)
    ax.legend(loc="center right", fontsize=9, bbox_to_anchor=(1, 0.66))
    return figure


def gabor_rows(kernels: np.ndarray, fitted: np.ndarray, shares: np.ndarray, colour: np.ndarray) -> Figure:
    """Kernels with the share that is explained, the function that explains it below each; then kernels in colour.

    Args:
        kernels: (n, k, k), n a multiple of 8.
        fitted: the functions, same shape.
        shares: (n,) from 0 to 1.
        colour: (8, k, k, 3), of any values.
    """
    tiles, titles = [], []
    for start in range(0, len(kernels), 8):
        row = slice(start, start + 8)
        tiles += [*kernels[row], *fitted[row]]
        titles += [f"{share:.2f}" for share in shares[row]] + 8 * ["Gabor"]
    tiles += [kernel / np.abs(kernel).max() / 2 + 0.5 for kernel in colour]
    return image_grid(tiles, [*titles, *8 * ["MobileNet"]], columns=8, cmap="cividis", size=1.05)


def activation_maps(picture: np.ndarray, layers: Sequence[np.ndarray]) -> Figure:
    """A picture, and for each layer a row of its eight liveliest maps, those with the largest variance.

    Args:
        picture: (h, w).
        layers: of each layer (h', w', channels), eight channels at least.
    """
    figure, axes = plt.subplots(len(layers), 9, figsize=(9, 3.7), layout="tight")
    for row, maps in zip(axes, layers, strict=True):
        row[0].imshow(picture, cmap="gray_r")
        # not merely bright all over
        liveliest = np.argsort(maps.var(axis=(0, 1)))[::-1][:8]
        for ax, channel in zip(row[1:], liveliest, strict=True):
            ax.imshow(maps[..., channel], cmap="cividis")
        size = f"{maps.shape[0]} × {maps.shape[1]}, 8 of {maps.shape[2]} maps"
        row[1].set_title(size, loc="left", fontsize=9)
    for ax in axes.flat:
        ax.set_axis_off()
    return figure


def contest(methods: Mapping[str, tuple[float, int, float]]) -> Figure:
    """Bars of wrong answers, parameters and seconds, a colour for each method.

    Args:
        methods: name → test accuracy, parameters, seconds of training.
    """
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.4), sharey=True)
    values = np.array(list(methods.values()))
    panels = {
        "wrong answers, %": 100 * (1 - values[:, 0]),
        "parameters, thousands": values[:, 1] / 1000,
        "seconds of training": values[:, 2],
    }
    for ax, (label, numbers) in zip(axes, panels.items(), strict=True):
        bars = ax.barh(list(methods), numbers, color=CYCLE[: len(methods)])
        ax.bar_label(bars, [f"{number:.1f}" for number in numbers], padding=2, fontsize=9)
        ax.set(xlabel=label, xlim=(0, 1.22 * numbers.max()))
    axes[0].set(ylabel="method")
    axes[0].invert_yaxis()
    return figure


def side_by_side(panels: Mapping[str, Mapping[str, tuple]], ylabel: str) -> Figure:
    """Curves of the same methods in panels with one legend; the first method has the strongest line.

    Args:
        panels: label of the x axis → method → (x values, y values).
        ylabel: label of the common y axis.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 3.6), sharey=True)
    for ax, (label, series) in zip(axes, panels.items(), strict=True):
        curves(ax, series, label, ylabel)
        ax.lines[0].set_linewidth(3)
        ax.get_legend().remove()
    axes[0].legend()  # anew, with the strong line
    return figure
