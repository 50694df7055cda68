"""Changes of a picture that no attacker is needed for."""

import numpy as np


def shifted(images: np.ndarray, pixels: int) -> np.ndarray:
    """Images (n, h, w, c) moved to the right by `pixels`; the left edge is repeated."""
    width = images.shape[2]
    return np.pad(images, ((0, 0), (0, 0), (pixels, 0), (0, 0)), mode="edge")[:, :, :width]


def turned(images: np.ndarray, degrees: float) -> np.ndarray:
    """Images (n, h, w, c) rotated about their middle; corners repeat the edge."""
    from scipy import ndimage

    return np.clip(ndimage.rotate(images, degrees, axes=(2, 1), reshape=False, order=1, mode="nearest"), 0, 1)


def covered(images: np.ndarray, side: int) -> np.ndarray:
    """Images (n, h, w, c) with a grey square of `side` pixels a little below the middle, where a mouth and nose are."""
    height, width = images.shape[1:3]
    top, left = min(height * 9 // 16, height - side // 2) - side // 2, width // 2 - side // 2
    result = images.copy()
    result[:, max(top, 0) : max(top, 0) + side, left : left + side] = 0.5
    return result
