"""Scores of maps that say which pixels matter to a classifier, computed in batches.

Deletion and insertion curves: V. Petsiuk, A. Das and K. Saenko, "RISE: randomized input sampling for explanation of
black-box models", BMVC (2018).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]


class Curves(NamedTuple):
    """Probability of the class asked for while pixels go or come, the most important first.

    Attributes:
        share: (steps + 1,) share of the pixels changed, from 0 to 1.
        deletion: (n, steps + 1) probabilities while pixels give way to the filling: a good map makes them fall fast.
        insertion: (n, steps + 1) probabilities while pixels appear on the filling: a good map makes them rise fast.
    """

    share: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def areas(self) -> tuple[float, float]:
        """Mean area under the deletion curve (small is good) and under the insertion curve (large is good)."""
        return float(np.trapezoid(self.deletion, self.share).mean()), float(
            np.trapezoid(self.insertion, self.share).mean()
        )


def deletion_insertion(
    predict: Predict,
    images: np.ndarray,
    classes: np.ndarray,
    maps: np.ndarray,
    steps: int = 12,
    filling: np.ndarray | None = None,
    batch_size: int = 256,
) -> Curves:
    """Deletion and insertion curves of one map for each image.

    Args:
        predict: images (m, h, w, c) → probabilities (m, classes).
        images: (n, h, w, c).
        classes: (n,) the class that each map explains.
        maps: (n, h, w) importance of each pixel; equal values are taken in random order, the same in every call.
        steps: how many times to ask between 0 and all pixels.
        filling: what a missing pixel shows, to be broadcast to `images`; each image's mean colour by default.
        batch_size: images that `predict` gets at once.

    Raises:
        ValueError: the shapes do not belong together.
    """
    images, maps, classes = np.asarray(images), np.asarray(maps), np.asarray(classes)
    if maps.shape != images.shape[:3] or classes.shape != images.shape[:1]:
        raise ValueError(
            f"for images {images.shape} maps {images.shape[:3]} and classes {images.shape[:1]} are needed,"
            f" got {maps.shape} and {classes.shape}"
        )
    filling = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True) if filling is None else filling, images.shape)
    n, pixels = len(images), maps[0].size
    chance = np.random.default_rng(0).permutation(pixels)
    order = chance[np.argsort(-maps.reshape(n, pixels)[:, chance], axis=1, kind="stable")]
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(pixels)[None], axis=1)
    rank = rank.reshape(maps.shape)
    share = np.linspace(0, 1, steps + 1)
    first = [rank < round(part * pixels) for part in share]
    deletion = [np.where(taken[..., None], filling, images) for taken in first]
    insertion = [np.where(taken[..., None], images, filling) for taken in first]
    asked = np.concatenate(deletion + insertion).astype("float32")
    parts = [np.asarray(predict(asked[start : start + batch_size])) for start in range(0, len(asked), batch_size)]
    wanted = np.concatenate(parts)[np.arange(len(asked)), np.tile(classes, 2 * (steps + 1))]
    deleted, inserted = wanted.reshape(2, steps + 1, n).transpose(0, 2, 1)
    return Curves(share, deleted, inserted)


def energy_in_box(maps: np.ndarray, boxes: np.ndarray) -> float:
    """Share of each map's positive values that lies in its box, averaged over the maps; 0 for a map without any.

    Args:
        maps: (n, h, w).
        boxes: (n, 4) rows and columns ``top, left, bottom, right``, bottom and right exclusive.
    """
    positive = np.maximum(maps, 0)
    inside = [m[top:bottom, left:right].sum() for m, (top, left, bottom, right) in zip(positive, boxes, strict=True)]
    totals = positive.sum(axis=(1, 2))
    return float(np.mean(np.divide(inside, totals, out=np.zeros(len(maps)), where=totals > 0)))


def likeness(maps: np.ndarray, others: np.ndarray) -> float:
    """Mean rank correlation (Spearman's) of maps (n, …) with others (n, …); a pair with a constant map is left out."""
    from scipy import stats

    one, two = (stats.rankdata(np.reshape(part, (len(part), -1)), axis=1) for part in (maps, others))
    one, two = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (one, two))
    sizes = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    kept = sizes > 0
    return float(np.mean((one * two).sum(axis=1)[kept] / sizes[kept])) if kept.any() else float("nan")


def mean_over_windows(values: np.ndarray, size: int, stride: int, height: int, width: int) -> np.ndarray:
    """Spreads one value for each position of a sliding window over the pixels.

    Args:
        values: (rows, columns), one for each position of the window.
        size: pixels of the window along each axis.
        stride: pixels from one position to the next.
        height: of the picture.
        width: of the picture.

    Returns:
        (height, width): the mean of the values of all windows that cover the pixel; 0 where none does.
    """
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (i, j), value in np.ndenumerate(values):
        window = slice(i * stride, i * stride + size), slice(j * stride, j * stride + size)
        total[window] += value
        count[window] += 1
    return total / np.maximum(count, 1)


def centre_maps(n: int, height: int, width: int) -> np.ndarray:
    """(n, height, width) maps that know nothing but the middle: the nearer to it, the more important, up to 1."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    return np.broadcast_to(1 - distance / distance.max(), (n, height, width))
