"""Chihuahua or muffin: 150 photographs of small dogs and small cakes that look alike at a glance."""

from pathlib import Path

import numpy as np

from labs_utils.datasets import catalog, sources
from labs_utils.datasets.split import Split
from labs_utils.datasets.textures import NAMES as TEXTURE_NAMES
from labs_utils.datasets.textures import load_textures

NAMES = ("chihuahua", "muffin")


def load_chihuahua(size: int = 96) -> tuple[Split, Split, tuple[str, ...]]:
    """Loads the photographs from the best source there is, or textures in their place; prints one line that says which.

    Sources, in order: the folder ``LABS_DATA_DIR``, the cache, a download of their archive, and the photographs of
    brick, grass and gravel of scikit-image. The photographs carry no licence: use them, do not pass them on.

    Args:
        size: side of the pictures returned, in pixels; a photograph is cropped to the square in its middle and resized.

    Returns:
        ``(x_train, y_train), (x_test, y_test), class_names``: pictures (n, size, size, 3) uint8 and labels (n,) int64
        in random order; 120 and 30 chihuahuas and muffins, or 120 and 60 patches of three textures.
    """
    try:
        files = sources.locate(catalog.CHIHUAHUA.files)
    except sources.NotAvailable as reason:
        print(f"{catalog.CHIHUAHUA.title}: not available ({reason}); using the stand-in: {catalog.CHIHUAHUA.fallback}")
        return *_textures(size), TEXTURE_NAMES
    paths = {"train": ([], []), "validation": ([], [])}
    for file, found in zip(catalog.CHIHUAHUA.files, files, strict=True):
        split, name = file.path.split("/")[1:3]
        pictures, labels = paths[split]
        pictures.append(_read(found.path, size))
        labels.append(NAMES.index(name))
    train, test = (_shuffled(np.stack(pictures), np.array(labels)) for pictures, labels in paths.values())
    print(
        f"{catalog.CHIHUAHUA.title}: photographs from {sources.name_sources(files)}"
        f" ({len(train[0])} + {len(test[0])} pictures)"
    )
    return train, test, NAMES


def _read(path: Path, size: int) -> np.ndarray:
    from PIL import Image, ImageOps

    with Image.open(path) as picture:
        return np.asarray(ImageOps.fit(picture.convert("RGB"), (size, size), Image.Resampling.LANCZOS))


def _shuffled(pictures: np.ndarray, labels: np.ndarray) -> Split:
    order = np.random.default_rng(0).permutation(len(labels))
    return pictures[order], labels[order]


def _textures(size: int) -> tuple[Split, Split]:
    from labs_utils.datasets.pictures import enlarge

    return tuple((enlarge(patches, size), labels) for patches, labels in load_textures(train=40, test=20, seed=1))
