"""Your own pictures: a folder with one subfolder a class becomes arrays, and every fault is named.

    pets/cats/tom.jpg
    pets/cats/felix.png
    pets/dogs/rex.webp

Faults in single pictures are skipped and reported in one note; a fault of the whole folder ends the loading with a
sentence that says what to do.
"""

import hashlib
import io
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from labs_utils.errors import LabsError
from labs_utils.litter import is_litter

LARGEST_ENLARGEMENT = 4
"""A picture whose shorter side would have to grow by more than this factor counts as tiny and is skipped."""
_MANY = 200  # files, from which on a progress bar is worth its line
_SHOWN = 12  # lines of a note; the rest is in `PictureFolder.skipped`
_ADVICE = {
    ".heic": "Pillow cannot read HEIC; save it as JPEG",
    ".heif": "Pillow cannot read HEIF; save it as JPEG",
    ".svg": "SVG is a drawing, not pixels; export it as PNG",
    ".pdf": "PDF is a document; export the picture as PNG",
}
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")  # brands in the file's first box

Notes = list[tuple[str, str]]


@dataclass(frozen=True)
class PictureFolder:
    """The pictures of a folder with one subfolder a class, all of one size, class by class."""

    images: np.ndarray
    """(n, size, size, 3) uint8, red, green and blue from 0 to 255."""
    labels: np.ndarray
    """(n,) int64: the place of each picture's class in `class_names`."""
    class_names: tuple[str, ...]
    """The names of the subfolders, sorted."""
    paths: list[str]
    """n paths inside the folder, with forward slashes: ``cats/tom.jpg``."""
    skipped: Notes
    """Pairs of a path and the reason why the file there was left out."""


class _Unusable(Exception):
    """A file that gives no picture; the message is the reason, in a few words."""


def load_image_folder(folder: str | os.PathLike, size: int, *, at_least: int = 2) -> PictureFolder:
    """Loads pictures from a folder with one subfolder a class; prints what it found and every file it left out.

    Any format that Pillow reads will do. A picture is turned upright (EXIF), cropped to the square in its middle and
    resized to `size`; grey, palette, CMYK and 16-bit pictures become RGB, transparency is laid over white, and of an
    animation the first frame is used. Left out, each with its reason: files that are no picture, are empty, corrupt or
    truncated, have more pixels than Pillow deems safe, or whose shorter side is below ``size / 4``; pictures that lie
    beside the subfolders or deeper than they; copies. A picture that lies in two classes is left out of both.
    What operating systems scatter (``.DS_Store``, ``Thumbs.db``, ``Zone.Identifier``) is passed over in silence.

    Args:
        folder: the folder that holds the subfolders.
        size: side of the pictures returned, in pixels.
        at_least: pictures that each class must have once the faulty ones are left out.

    Raises:
        LabsError: the folder is missing or cannot be read, has fewer than two subfolders, or one of its classes has
            fewer than `at_least` usable pictures. The message says what to do.
    """
    from tqdm.auto import tqdm

    if size < 1 or at_least < 1:
        raise LabsError(f"size and at_least must be 1 or more, not {size} and {at_least}")
    folder = Path(os.path.expanduser(folder))
    class_names = _find_classes(folder)
    skipped: Notes = []
    files = list(_find_files(folder, class_names, skipped))
    copies = _find_copies(folder, files)
    images, paths, remarks = [], [], []
    quiet = True if len(files) <= _MANY else None  # None: a bar, unless the output goes to a file or a pipe
    for path in tqdm(files, "reading pictures", unit="file", leave=False, disable=quiet):
        try:
            if path in copies:
                raise _Unusable(copies[path])
            image, remark = _read_square(folder / path, size)
        except _Unusable as reason:
            skipped.append((path, str(reason)))
            continue
        images.append(image)
        paths.append(path)
        if remark:
            remarks.append((path, remark))
    names = [path.partition("/")[0] for path in paths]
    counts = Counter(names)
    print(f"Pictures: {len(paths)} from {folder} ({', '.join(f'{name} {counts[name]}' for name in class_names)})")
    _tell("used with a remark", remarks)
    _tell("left out", skipped)
    for name in class_names:
        if counts[name] < at_least:
            raise LabsError(
                f"class {name!r} has {_count(counts[name], 'usable picture')} and needs at least {at_least}; "
                f"add pictures to {str(folder / name)!r}"
                + (", or repair those that were left out" if any(p.startswith(f"{name}/") for p, _ in skipped) else "")
            )
    labels = np.array([class_names.index(name) for name in names], np.int64)
    return PictureFolder(np.stack(images), labels, class_names, paths, skipped)


def _find_classes(folder: Path) -> tuple[str, ...]:
    """The names of the subfolders, sorted.

    Raises:
        LabsError: there is no such folder, or it has fewer than two subfolders.
    """
    if not folder.exists():
        raise LabsError(f"there is no folder {str(folder)!r} (looked in {str(Path.cwd())!r}); correct the path")
    if not folder.is_dir():
        raise LabsError(f"{str(folder)!r} is a file, not a folder; unpack it if it is an archive, and name the folder")
    names = tuple(path.name for path in _list(folder) if path.is_dir())
    if len(names) < 2:
        found = f"only one subfolder, {names[0]!r}" if names else "no subfolders"
        raise LabsError(
            f"{str(folder)!r} has {found}; make one subfolder a class (at least two) and put its pictures into it"
        )
    return names


def _find_files(folder: Path, class_names: tuple[str, ...], skipped: Notes) -> Iterator[str]:
    """Yields the path of every file in a class, class by class; adds to `skipped` what lies in the wrong place."""
    for path in _list(folder):
        if not path.is_dir():
            where = " or ".join(f"{name}/" for name in class_names[:3]) + (" …" if len(class_names) > 3 else "")
            skipped.append((path.name, f"lies beside the subfolders, so its class is unknown; move it into {where}"))
    for name in class_names:
        for path in _list(folder / name):
            inside = f"{name}/{path.name}"
            if path.is_dir():
                skipped.append((f"{inside}/", f"is a folder inside a class; move its pictures up into {name}/"))
            else:
                yield inside


def _list(folder: Path) -> list[Path]:
    """What lies in `folder`, sorted by name, without hidden files and those that operating systems scatter.

    Raises:
        LabsError: the system does not let us look.
    """
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise LabsError(
            f"the folder {str(folder)!r} cannot be read ({error.strerror}); check its permissions"
        ) from error
    return [path for path in found if not is_litter(path.name)]


def _find_copies(folder: Path, files: list[str]) -> dict[str, str]:
    """The files to leave out because the same bytes lie elsewhere too, each with the reason."""
    same: dict[str, list[str]] = {}
    for path in files:
        try:
            with (folder / path).open("rb") as stream:
                if _is_picture(stream):  # empty files and notes are alike and yet no copies of a picture
                    stream.seek(0)
                    same.setdefault(hashlib.file_digest(stream, "sha256").hexdigest(), []).append(path)
        except OSError:
            continue  # reading the picture will say why
    reasons = {}
    for paths in same.values():
        if len({path.partition("/")[0] for path in paths}) > 1:
            for path in paths:
                other = next(p for p in paths if p.partition("/")[0] != path.partition("/")[0])
                reasons[path] = f"is the same picture as {other}: one of the two labels is wrong; delete that copy"
        else:
            reasons |= {path: f"is a copy of {paths[0]}" for path in paths[1:]}
    return reasons


def _is_picture(stream: BinaryIO) -> bool:
    """Whether Pillow knows what a file starts like; reading it as a picture says what is wrong if not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(stream)
    except Exception:  # what a decoder raises on damaged bytes is not limited to any one kind
        return False
    return True


def _read_square(path: Path, size: int) -> tuple[np.ndarray, str]:
    """Reads one picture.

    Returns:
        image: (size, size, 3) uint8.
        remark: what its owner should know although the picture is used, or an empty string.

    Raises:
        _Unusable: the file gives no picture.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _Unusable(f"cannot be read: {error.strerror}") from error
    if not content:
        raise _Unusable("is empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks about metadata; faults of the pixels are exceptions
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as picture:
                return _to_square(picture, size)
    except _Unusable:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = Image.MAX_IMAGE_PIXELS // 1_000_000
        raise _Unusable(f"has more than {limit} million pixels, too many to open safely; save it smaller") from None
    except UnidentifiedImageError:
        if content[4:8] == b"ftyp" and content[8:12] in _HEIC:  # telephones and clouds rename it to .jpg
            raise _Unusable(f"is HEIC, whatever its name says. {_ADVICE['.heic']}") from None
        if content.lstrip()[:1] == b"<" and path.suffix.lower() != ".svg":
            raise _Unusable("is a web page or other text, no picture in spite of its name; download it again") from None
        known = path.suffix.lower() in Image.registered_extensions()
        usual = "is corrupt, or no picture in spite of its name" if known else "is not a picture"
        raise _Unusable(_ADVICE.get(path.suffix.lower(), usual)) from None
    except Exception as error:  # what a decoder raises on damaged bytes is not limited to any one kind
        fault = (
            "truncated: the end of the file is missing" if "truncated" in str(error).lower() else f"corrupt ({error})"
        )
        raise _Unusable(f"is {fault}; get it again") from error


def _to_square(picture: Image.Image, size: int) -> tuple[np.ndarray, str]:
    """Turns an opened picture upright, crops, converts and resizes it; returns what `_read_square` returns."""
    width, height = picture.size
    if min(width, height) * LARGEST_ENLARGEMENT < size:
        needed = -(-size // LARGEST_ENLARGEMENT)
        raise _Unusable(f"is tiny: {width}x{height} pixels, and the shorter side must have {needed}")
    # Photographs of a telephone are stored as several frames (MPO) and do not move.
    moves = getattr(picture, "is_animated", False) and picture.format != "MPO"
    remark = f"has {picture.n_frames} frames; the first is used" if moves else ""
    picture.draft(None, (4 * size, 4 * size))  # a JPEG that is much larger is decoded at half the size, or less
    picture.load()  # what is wrong with the pixels is told
    try:
        upright = ImageOps.exif_transpose(picture)
    except Exception:  # damaged EXIF data may raise anything; the pixels beside them are whole
        upright = picture
    square = ImageOps.fit(_to_rgb(upright), (size, size), Image.Resampling.LANCZOS)
    return np.asarray(square), remark


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Converts any mode of Pillow to RGB; transparent places become white."""
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_to_eight_bits(np.asarray(picture, np.float64))).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _to_eight_bits(values: np.ndarray) -> np.ndarray:
    """Scales grey values of any range to uint8: from 0 to 1, 255 or 65535, or whatever else the largest is."""
    values = np.nan_to_num(values, posinf=0, neginf=0)
    top = values.max(initial=0)
    full = next((full for full in (1, 255, 65535) if top <= full), top)
    return np.clip(np.rint(values * (255 / full)), 0, 255).astype(np.uint8)


def _tell(what: str, notes: Notes) -> None:
    """Prints the files of `notes`, one a line, under one heading; nothing if there are none."""
    if not notes:
        return
    print(f"note: {_count(len(notes), 'file')} {what}")
    for path, reason in notes[:_SHOWN]:
        print(f"  {path}: {reason}")
    if len(notes) > _SHOWN:
        print(f"  and {len(notes) - _SHOWN} more")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
