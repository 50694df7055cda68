"""What an attack did: image, perturbation magnified, attacked image, and what the model says of both."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from labs_utils.robustness.evaluate import probabilities


def magnified(perturbation: np.ndarray) -> np.ndarray:
    """A perturbation as a picture: mid-grey where nothing changes, the largest change at full strength."""
    largest = np.abs(perturbation).max()
    return 0.5 + 0.5 * perturbation / (largest if largest > 0 else 1)


def attack_figure(
    model, images: np.ndarray, attacked: np.ndarray, names: Sequence[str], tops: int = 2, size: float = 1.55
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
    figure.tight_layout(h_pad=0.4, w_pad=0.3)
    return figure


def _top_lines(values: np.ndarray, names: Sequence[str], tops: int) -> str:
    order = np.argsort(values)[::-1][:tops]
    return "\n".join(f"{names[k]} {values[k]:.1%}" for k in order)
