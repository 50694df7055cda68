"""Small handling of pictures for labs on photographs: squares, sizes, and a folder with the faults of real folders."""

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def square(photograph: np.ndarray, size: int) -> np.ndarray:
    """The middle square of a photograph, grey or in colour, as (size, size, 3) uint8."""
    picture = Image.fromarray(photograph).convert("RGB")
    edge = min(picture.size)
    left, top = ((length - edge) // 2 for length in picture.size)
    return np.asarray(picture.resize((size, size), box=(left, top, left + edge, top + edge)))


def enlarge(pictures: Sequence[np.ndarray], size: int = 96) -> np.ndarray:
    """Pictures (h, w, 3) uint8 brought to (n, size, size, 3) by Pillow's bicubic interpolation."""
    return np.stack([np.asarray(Image.fromarray(picture).resize((size, size))) for picture in pictures])


@functools.cache
def _temporary_folder() -> tempfile.TemporaryDirectory:
    """A folder that goes when this process ends: running a lab again and again leaves no litter."""
    return tempfile.TemporaryDirectory(prefix="course-labs-", ignore_cleanup_errors=True)


def make_faulty_folder(classes: dict[str, np.ndarray]) -> Path:
    """A new temporary folder with one subfolder a class and, in between, the faults that real folders have.

    Args:
        classes: name → pictures (n, h, w, 3) uint8, at least four; their last three are used for the unusual files.

    Returns:
        The folder: in each class PNG files, and in the first a grey picture, one in CMYK, a tiny and a broken one; in
        the last a copy of a picture of the first class, and a text file.
    """
    folder = Path(tempfile.mkdtemp(dir=_temporary_folder().name)) / "my_pictures"
    for name, pictures in classes.items():
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pictures[:-3]):
            Image.fromarray(picture).save(folder / name / f"{number}.png")
    first, last = folder / next(iter(classes)), folder / list(classes)[-1]
    grey, cmyk, tiny = (Image.fromarray(picture) for picture in classes[first.name][-3:])
    grey.convert("L").save(first / "grey.png")
    cmyk.convert("CMYK").save(first / "print.jpg")
    tiny.resize((9, 9)).save(first / "tiny.png")
    whole = (first / "0.png").read_bytes()
    (first / "broken.png").write_bytes(whole[: len(whole) // 2])
    (last / "copy.png").write_bytes(whole)
    (last / "notes.txt").write_text("not a picture", "utf-8")
    return folder
