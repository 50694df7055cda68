"""Handwritten digits of 8x8 pixels, which come with scikit-learn."""

import numpy as np


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Loads the handwritten digits of the UCI repository; prints their source.

    Source: scikit-learn's `load_digits`, the test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin
    and C. Kaynak (1998). A pixel counts the dark dots in a 4x4 block of a 32x32 bitmap.

    Returns:
        images: (1797, 8, 8) float32, whole numbers from 0 (paper) to 16 (ink).
        labels: (1797,) int64, 0 to 9, about 180 of each.
    """
    from sklearn import datasets

    digits = datasets.load_digits()
    print(f"Digits 8x8: scikit-learn's copy of the UCI digits ({len(digits.images)} images)")
    return digits.images.astype(np.float32), digits.target.astype(np.int64)
