"""Photographs that come with scikit-image, cut square and brought to one size."""

import numpy as np

NAMES = ("cat", "coffee", "rocket", "motorcycle")


def load_photographs(size: int) -> np.ndarray:
    """A cat's face, a cup of coffee, a rocket on its pad and a motorcycle, as in `NAMES`.

    Args:
        size: height and width in pixels; the largest square in the middle of each photograph is brought to it.

    Returns:
        (4, size, size, 3) float32 from 0 to 1.
    """
    from skimage import data, transform

    squares = []
    for photograph in (data.chelsea(), data.coffee(), data.rocket(), data.stereo_motorcycle()[0]):
        side = min(photograph.shape[:2])
        top, left = (photograph.shape[0] - side) // 2, (photograph.shape[1] - side) // 2
        square = photograph[top : top + side, left : left + side] / 255
        squares.append(transform.resize(square, (size, size), anti_aliasing=True))
    return np.stack(squares).astype(np.float32)
