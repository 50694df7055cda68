"""The stand-in for MNIST: scikit-learn's 8x8 digits redrawn at 28x28 pixels in many variations.

Like MNIST, each digit is drawn to fit a box of 20x20 pixels and centred by its centre of mass in 28x28. Writers'
variety comes from random affine maps and stroke widths. Train and test images are made from different originals.
"""

import numpy as np
from scipy import ndimage
from sklearn import datasets
from sklearn.model_selection import train_test_split

from labs_utils.datasets.split import Split

TRAIN_COUNT = 12_000
TEST_COUNT = 2_000
SIDE = 28
_BOX = 20
_ORIGINAL = 8
_ZOOM = 4
_MARGIN = 2


def split_originals() -> tuple[Split, Split]:
    """Splits scikit-learn's digits into the originals of the train and of the test images, balanced by class.

    Returns:
        ``(images, labels)`` twice: (1437, 8, 8) and (360, 8, 8) float64 from 0 to 1, labels int64.
    """
    digits = datasets.load_digits()
    images = digits.images / 16
    x_train, x_test, y_train, y_test = train_test_split(
        images, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )
    return (x_train, y_train), (x_test, y_test)


def make_standin() -> tuple[Split, Split]:
    """Draws the stand-in, the same one every time.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images (12000, 28, 28) and (2000, 28, 28) uint8, labels uint8.
    """
    generator = np.random.default_rng(20)
    train, test = split_originals()
    return _draw(*train, TRAIN_COUNT, generator), _draw(*test, TEST_COUNT, generator)


def _draw(originals: np.ndarray, labels: np.ndarray, count: int, generator: np.random.Generator) -> Split:
    """Draws `count` variations of the originals (n, 8, 8), using each about equally often, in random order."""
    chosen = generator.permutation(np.resize(np.arange(len(originals)), count))
    enlarged = _enlarge(originals)
    maps = _random_maps(count, generator)
    # An affine map takes the centre of mass along: fixing where it lands centres the digit without a second pass.
    landing = (SIDE - 1) / 2 + generator.normal(0, 0.5, (count, 2))
    offsets = _centres_of_mass(enlarged)[chosen] - np.einsum("nij,nj->ni", maps, landing)
    images = np.empty((count, SIDE, SIDE), np.float32)
    for image, original, matrix, offset in zip(images, chosen, maps, offsets, strict=True):
        ndimage.affine_transform(enlarged[original], matrix, offset, output=image, order=1)
    return _ink(images, generator), labels[chosen].astype(np.uint8)


def _enlarge(originals: np.ndarray) -> np.ndarray:
    """Enlarges (n, 8, 8) images by cubic splines to (n, 48, 48), a margin of two empty pixels included."""
    padded = np.pad(originals, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
    # Zooming is linear: one matrix, the zoomed identity, does it for all rows and all columns of all images.
    spline = ndimage.zoom(np.eye(padded.shape[1]), (_ZOOM, 1), order=3, grid_mode=True, mode="grid-constant")
    return (spline @ padded @ spline.T).astype(np.float32)


def _centres_of_mass(images: np.ndarray) -> np.ndarray:
    """(n, 2): row and column of the centre of mass of each of (n, side, side) images."""
    places = np.arange(images.shape[1])
    mass = images.sum((1, 2))
    return np.stack([images.sum(2) @ places / mass, images.sum(1) @ places / mass], axis=1)


def _random_maps(count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 2, 2) matrices from places in the drawing (row, column) to places in the enlarged original."""
    angle = np.deg2rad(generator.normal(0, 7, count)).clip(-0.35, 0.35)
    shear = generator.normal(0, 0.14, count).clip(-0.35, 0.35)
    zeros, ones = np.zeros(count), np.ones(count)
    cosine, sine = np.cos(angle), np.sin(angle)
    full_size = _BOX / (_ORIGINAL * _ZOOM)
    height = full_size * generator.uniform(0.85, 1.05, count)
    width = full_size * generator.uniform(0.9, 1.25, count)
    rotation = _matrices(cosine, -sine, sine, cosine)
    slant = _matrices(ones, zeros, shear, ones)
    size = _matrices(height, zeros, zeros, width)
    return np.linalg.inv(rotation @ slant @ size)


def _matrices(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """(n, 2, 2) matrices [[a, b], [c, d]] from four arrays (n,)."""
    return np.stack([a, b, c, d], axis=1).reshape(-1, 2, 2)


def _ink(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Turns soft grey (n, side, side) into strokes of random width, edge and blackness, uint8 from 0 to 255."""
    column = (len(images), 1, 1)
    threshold = generator.uniform(0.35, 0.55, column)
    steepness = generator.uniform(3, 7, column)
    blackness = generator.uniform(0.9, 1, column) * 255
    strokes = (images - threshold) * steepness + 0.5
    return np.rint(strokes.clip(0, 1) * blackness).astype(np.uint8)
