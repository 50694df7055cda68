"""Reads the idx format, in which MNIST is published."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from labs_utils.errors import LabsError

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The array of bytes in a gzip-compressed idx file.

    The format (http://yann.lecun.com/exdb/mnist): two zero bytes, a type code, the number of axes, then the length of
    each axis as a big-endian 32-bit integer, then the values, last axis fastest.

    Args:
        path: the file, ``*.gz``.
        shape: the shape that the file must declare and hold.

    Returns:
        A writable uint8 array of that shape.

    Raises:
        LabsError: the file is not gzip or idx, holds another type or shape, or ends too early or too late.
    """
    try:
        with gzip.open(path) as stream:
            content = stream.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _fault(path, f"is not a whole gzip file ({error})") from error
    header = 4 + 4 * len(shape)
    if len(content) < header or content[:2] != b"\0\0":
        raise _fault(path, "does not start like an idx file")
    type_code, axes = content[2], content[3]
    if type_code != _UNSIGNED_BYTE:
        raise _fault(path, f"holds values of type 0x{type_code:02x} instead of unsigned bytes (0x08)")
    declared = struct.unpack(f">{len(shape)}I", content[4:header]) if axes == len(shape) else f"{axes} axes"
    if declared != shape:
        raise _fault(path, f"declares the shape {declared} instead of {shape}")
    if len(content) - header != math.prod(shape):
        raise _fault(path, f"holds {len(content) - header} values instead of {math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape).copy()


def _fault(path: Path, what: str) -> LabsError:
    return LabsError(f"{path.name} {what}; remove it and run `python -m labs_utils fetch`")
