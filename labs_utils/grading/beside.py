"""Files that strangers hand in beside a notebook: pictures as PNG, weights of a network as NumPy's npz.

Nothing is believed before it is checked: a picture's size and kind stand in its first chunk, and only the chunks that a
picture needs reach Pillow; of an archive each member has a budget, and arrays hold float32 and nothing else. Run in a
process of its own (`labs_utils.grading.workers`).
"""

import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

PARTS = ("ori", "mod", "amp")  # the original, the modified picture, the amplified change
WEIGHTS = "npz"
LARGEST = 2**20  # bytes of one such file; the course's own have 8 kB and 100 kB
_LARGEST_PICTURE = 2**16
_MOST_ARRAYS = 100
_PICTURE = re.compile(r"(?:^|_)adv_\w{1,80}_(ori|mod|amp)(?:-\d{1,3})?\.png$", re.IGNORECASE)
_NETWORK = re.compile(r"(?:^|_)detector(?:-\d{1,3})?\.npz$", re.IGNORECASE | re.ASCII)  # -1 is Canvas' for a second one
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = (b"IHDR", b"IDAT", b"IEND")


class Unfit(Exception):
    """A file is not what it should be; the text says why, in words for its student."""


@dataclass(frozen=True)
class Beside:
    """What was read of the files beside a notebook.

    Attributes:
        pictures: part (of `PARTS`) → (size, size, 3) uint8.
        weights: of the network, in Keras' order; None if there are none to be used.
        faults: what is wrong with a file, one sentence each.
    """

    pictures: dict[str, np.ndarray]
    weights: list[np.ndarray] | None
    faults: tuple[str, ...]


def kind(file: str) -> str | None:
    """What a file of this name is: one of `PARTS`, `WEIGHTS`, or None if it is no such file."""
    if found := _PICTURE.search(file):
        return found[1].lower()
    return WEIGHTS if _NETWORK.search(file) else None


def read(files: Mapping[str, bytes], size: int, budget: int) -> Beside:
    """All that can be used of the files, by `kind`; what cannot is told, and costs only itself.

    Args:
        files: kind → bytes.
        size: side of the pictures.
        budget: how many numbers the weights may have.
    """
    pictures: dict[str, np.ndarray] = {}
    weights, faults = None, []
    for what, data in files.items():
        try:
            if what == WEIGHTS:
                weights = read_weights(data, budget)
            else:
                pictures[what] = read_picture(data, size)
        except Unfit as fault:
            name = "detector.npz" if what == WEIGHTS else f"the picture {what}"
            faults.append(f"{name}: {fault}")
    return Beside(pictures, weights, tuple(faults))


def read_picture(data: bytes, size: int) -> np.ndarray:
    """The pixels of a PNG file in colour: (size, size, 3) uint8.

    Raises:
        Unfit: it is no such file, or damaged.
    """
    from PIL import Image

    if len(data) > _LARGEST_PICTURE:
        raise Unfit(f"it has {len(data)} bytes, more than a picture of {size} × {size} needs")
    thin = _without_extras(data)
    width, height, depth, colours, _, _, laced = struct.unpack(">IIBBBBB", thin[16:29])
    if (width, height) != (size, size):
        raise Unfit(f"it has {width} × {height} pixels instead of {size} × {size}")
    if (depth, colours, laced) != (8, 2, 0):
        raise Unfit("it is not stored as red, green and blue with 8 bits each: save it with Image.fromarray(uint8)")
    try:
        with Image.open(io.BytesIO(thin), formats=["PNG"]) as picture:
            pixels = np.array(picture)
    except Exception as error:  # a file from anybody: Pillow fails in a dozen ways
        raise Unfit(f"it is damaged ({type(error).__name__})") from error
    if pixels.shape != (size, size, 3) or pixels.dtype != np.uint8:
        raise Unfit("it is not what its first bytes say")
    return pixels


def _without_extras(data: bytes) -> bytes:
    """A PNG file with only the chunks that every picture has: no texts, colour profiles, animations.

    Raises:
        Unfit: it is no PNG file.
    """
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR":
        raise Unfit("it is not a PNG file")
    kept, place = [_SIGNATURE], len(_SIGNATURE)
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        chunk = data[place : place + 12 + length]
        if chunk[4:8] in _NEEDED:
            kept.append(chunk)
        place += 12 + length
    thin = b"".join(kept)
    if place != len(data) or thin[8:12] != b"\0\0\0\x0d" or thin.count(b"IHDR", 0, 33) != 1:
        raise Unfit("it is a damaged PNG file")
    return thin


def read_weights(data: bytes, budget: int) -> list[np.ndarray]:
    """The arrays of ``np.savez(file, *network.get_weights())``, float32, in order.

    Raises:
        Unfit: it is no such file, it holds something else than finite numbers, or more than `budget` of them.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {info.filename: info for info in archive.infolist()}
            names = [f"arr_{k}.npy" for k in range(len(entries))]
            if not entries or len(entries) > _MOST_ARRAYS or set(entries) != set(names):
                raise Unfit("it does not hold arr_0, arr_1, …: write it with np.savez(file, *network.get_weights())")
            arrays, left = [], budget
            for name in names:
                arrays.append(_array(archive, entries[name], left))
                left -= arrays[-1].size
    except Unfit:
        raise
    except Exception as error:  # an archive is whatever somebody uploaded, and zipfile raises a dozen kinds
        raise Unfit(f"it is damaged ({type(error).__name__})") from error
    return arrays


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> np.ndarray:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unfit("it is compressed in an unusual way: write it with np.savez")
    with archive.open(info) as file:
        content = io.BytesIO(file.read(4 * most + 1000))  # never more, whatever the archive claims
    if np.lib.format.read_magic(content) != (1, 0):
        raise Unfit("it holds an array of an unusual format: write it with np.savez")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(content, max_header_size=500)
    if dtype != np.dtype("<f4"):
        raise Unfit(f"it holds numbers of the type {str(dtype)[:20]}; weights are float32")
    count = math.prod(shape)
    if count > most or len(shape) > 8:
        raise Unfit("it holds more weights than the budget allows")
    numbers = np.frombuffer(content.read(4 * count), dtype)
    if numbers.size != count or content.read(1):
        raise Unfit("it is damaged: an array is not as long as it says")
    if not np.isfinite(numbers).all():
        raise Unfit("it holds nan or inf")
    return numbers.reshape(shape, order="F" if by_columns else "C")
