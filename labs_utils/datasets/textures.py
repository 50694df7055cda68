"""Patches of three photographs of surfaces, brick, grass and gravel, which come with scikit-image."""

import numpy as np

from labs_utils.datasets.split import Split

NAMES = ("brick", "grass", "gravel")


def load_textures(patch: int = 48, train: int = 40, test: int = 200, seed: int = 0) -> tuple[Split, Split]:
    """Loads random square patches of three photographs; prints their source.

    Training patches lie in the left half of each photograph, test patches in the right half, so no pixel is in both.
    Patches of the same half may overlap. The photographs are grey; the one channel stands three times, as networks
    for colour pictures expect.

    Source: brick, grass and gravel of `skimage.data`, 512x512, from texturehaven.com and similar collections, CC0.

    Args:
        patch: side of a patch in pixels, at most 256.
        train: training patches a class.
        test: test patches a class.
        seed: of the places drawn; the same seed gives the same patches.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: patches (3 n, patch, patch, 3) uint8, in random order, and labels
        (3 n,) int64: 0 brick, 1 grass, 2 gravel.

    Raises:
        ValueError: a patch does not fit into half a photograph.
    """
    pictures = photographs()
    half = pictures.shape[2] // 2
    if not 1 <= patch <= half:
        raise ValueError(f"a patch of {patch} pixels does not fit into half a photograph: use 1 to {half}")
    generator = np.random.default_rng(seed)
    splits = tuple(
        _draw(pictures[:, :, side], patch, count, generator)
        for side, count in ((slice(None, half), train), (slice(half, None), test))
    )
    print(
        "Textures: photographs of brick, grass and gravel from scikit-image"
        f" ({len(splits[0][0])} + {len(splits[1][0])} patches of {patch}x{patch})"
    )
    return splits


def photographs() -> np.ndarray:
    """The three photographs, (3, 512, 512) uint8, in the order of `NAMES`."""
    import skimage.data

    return np.stack([getattr(skimage.data, name)() for name in NAMES])


def _draw(pictures: np.ndarray, patch: int, count: int, generator: np.random.Generator) -> Split:
    """`count` patches of each picture and their labels, in random order."""
    places = np.lib.stride_tricks.sliding_window_view(pictures, (patch, patch), axis=(1, 2))
    labels = generator.permutation(np.repeat(np.arange(len(pictures)), count))
    rows, columns = (generator.integers(0, length, len(labels)) for length in places.shape[1:3])
    return np.repeat(places[labels, rows, columns][..., None], 3, axis=-1), labels
