"""Figures of lab 08: learning curves with their spread, and bars with a number in each."""

import os
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from labs_utils.plots.figures import BLACK, BLUE, BUILDING, GREEN, GREY, ORANGE, PURPLE, curves

STYLES = {
    "raw pixels": (GREY, ":"),
    "random": (PURPLE, "-."),
    "embedded": (GREEN, "--"),
    "ImageNet": (BLUE, "-"),
    "ImageNet, fine-tuned": (BLACK, ":"),
    "from scratch": (ORANGE, "--"),
}
"""Colour and line style of each way to start, the same in every figure."""


def learning_curves(axes: Axes, runs: Mapping[str, Sequence], counts: Mapping[int, Sequence[int]], title: str) -> None:
    """Draws mean accuracies over the draws, each in a band of one standard deviation.

    Args:
        axes: where to draw.
        runs: way to start (a key of `STYLES`) → accuracies, one row a draw, one column a count of labels.
        counts: number of columns → the counts of labels that they stand for.
        title: of the axes.
    """
    for name, accuracies in runs.items():
        mean, spread = np.mean(accuracies, axis=0), np.std(accuracies, axis=0)
        (colour, style), x = STYLES[name], counts[len(mean)]
        axes.plot(x, mean, color=colour, linestyle=style, marker="o", markersize=4, label=name)
        axes.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)
    ticks = sorted({count for values in counts.values() for count in values})
    axes.set(xscale="log", xticks=ticks, xticklabels=ticks, ylim=(0.25, 1.03))
    axes.set(xlabel="labelled pictures per class", ylabel="test accuracy", title=title)
    axes.minorticks_off()
    axes.legend(fontsize=8, loc="lower right")


def accuracy_bars(axes: Axes, accuracies: Mapping[str, Sequence[float] | float], what: str) -> None:
    """Draws one horizontal bar for each name, from the top, with its number inside and the spread of several runs."""
    means = [float(np.mean(values)) for values in accuracies.values()]
    spreads = [float(np.std(values)) for values in accuracies.values()]
    colours = [GREY, BLUE, ORANGE, GREEN][: len(means)]
    bars = axes.barh(list(accuracies), means, xerr=spreads, color=colours)
    axes.bar_label(bars, [f"{mean:.2f}" for mean in means], label_type="center", color="white", fontsize=9)
    axes.set(xlabel="test accuracy", ylabel=what, xlim=(0, 1.05))
    axes.invert_yaxis()


def training_and_confusion(history: Mapping[str, Sequence[float]], truth: np.ndarray, answers: np.ndarray) -> Figure:
    """Training and validation loss over the epochs (left); how often each class got each answer (right).

    Args:
        history: of Keras' `fit` with validation data: "loss" and "val_loss", one value an epoch.
        truth: (n,) classes.
        answers: (n,) classes.
    """
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.9), layout="constrained")
    epochs = np.arange(1, len(history["loss"]) + 1)
    losses = {"training": (epochs, history["loss"]), "validation": (epochs, history["val_loss"])}
    curves(axes[0], losses, "epoch", "cross-entropy")
    axes[0].set(xticks=epochs, ylim=(0, None))
    ConfusionMatrixDisplay.from_predictions(
        truth, answers, ax=axes[1], cmap="cividis", text_kw={"fontsize": 8}, colorbar=False
    )
    axes[1].set(xlabel="answer", ylabel="label", title="test pictures")
    axes[1].grid(False)
    return figure


def may_show(class_names: Sequence[str]) -> bool:
    """Whether pictures of these classes may stand in the notebook that is being run.

    The photographs of chihuahuas and muffins carry no licence: they are shown to whoever runs the lab, and left out
    of the notebook that the course stores and publishes.
    """
    return "chihuahua" not in class_names or not os.environ.get(BUILDING)
