"""Finding the submissions: a folder with a subfolder for each student, flat files ``student_lab.ipynb``, or a zip.

The names and files come from strangers: nothing is extracted to the disk, no link is followed, nothing is read that is
not a plain file, and whatever cannot be read is a submission with a problem, never a crash.
"""

import os
import re
import stat
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from labs_utils import course
from labs_utils.errors import LabsError

LARGEST_FILE = 50 * 2**20
LARGEST_ZIP = 2**30  # bytes read from one archive
MOST_FILES = 20_000
_LEARNING_PLATFORM = re.compile(r"_assignsubmission_file_?.*$")  # Moodle: Name_12345_assignsubmission_file_
_NOT_WORK = ("__MACOSX", ".", "._")


@dataclass(frozen=True)
class Submission:
    """One file that somebody handed in.

    Attributes:
        student: the name that its folder or its file gives.
        file: path within what was handed in.
        data: the file's bytes, or None where there is a problem.
        time: when the file was last changed.
        problem: why it cannot be read, or "".
    """

    student: str
    file: str
    data: bytes | None
    time: float
    problem: str = ""


def collect(source: Path) -> list[Submission]:
    """Every submission in a folder or a zip, in order of student and file.

    Raises:
        LabsError: there is no such folder or zip, or it is empty.
    """
    if source.is_dir():
        found = list(_in_folder(source))
    elif source.is_file() and zipfile.is_zipfile(source):
        found = list(_in_zip(source))
    elif source.exists():
        raise LabsError(f"{source} is neither a folder nor a zip: name the folder of submissions, or the zip of them")
    else:
        raise LabsError(f"{source} does not exist: name the folder of submissions, or the zip of them")
    if not found:
        raise LabsError(
            f"{source} holds no submissions: expected a folder for each student, or files student_lab.ipynb"
        )
    return sorted(found, key=lambda submission: (submission.student, submission.file))


def lab_in_name(file: str) -> str | None:
    """The lab that a file's name tells of: ``ann_01_perceptron.ipynb``, ``ann_lab01.ipynb``, ``01.ipynb``."""
    stem = PurePosixPath(file).stem
    for lab in course.lab_names():
        if lab in stem or re.search(rf"(?:^|[^0-9])(?:lab)?[ _-]?{lab[:2]}(?:[^0-9]|$)", stem, re.IGNORECASE):
            return lab
    return None


def _student(parts: tuple[str, ...]) -> str:
    """Whose file this is: its first folder, or what stands before the lab in a flat file's name."""
    if len(parts) > 1:
        name = _LEARNING_PLATFORM.sub("", parts[0])
    else:
        stem = _LEARNING_PLATFORM.sub("", PurePosixPath(parts[0]).stem)
        labs = "|".join(rf"{re.escape(lab)}|lab[ _-]?{lab[:2]}|{lab[:2]}" for lab in course.lab_names())
        name = re.sub(rf"[ _-]+(?:{labs})(?:[ _.-].*|\(.*)?$", "", stem, flags=re.IGNORECASE) or stem
    return printable(name) or "(no name)"


def printable(name: str) -> str:
    """`name` without control characters and halves of characters, which could harm a terminal or a file."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name).strip()


def _is_work(parts: tuple[str, ...]) -> bool:
    return not any(part.startswith(_NOT_WORK) for part in parts)


# -- folders ----------------------------------------------------------------------------------------------------------


def _in_folder(root: Path) -> Iterator[Submission]:
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if not _is_work((entry.name,)):
            continue
        if entry.is_symlink():
            parts = (entry.name,) if entry.name.lower().endswith(".ipynb") else (entry.name, "")
            yield _problem(parts, "it is a symbolic link, which is not followed")
        elif entry.is_dir():
            yield from _of_student(root, entry.name)
        else:
            yield _read(root, (entry.name,))


def _of_student(root: Path, folder: str) -> Iterator[Submission]:
    others = []
    nothing = True
    for place, folders, files in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if _is_work((name,)))
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in sorted(filter(lambda name: _is_work((name,)), [*files, *links])):
            parts = Path(place, name).relative_to(root).parts
            if name.lower().endswith(".ipynb"):
                nothing = False
                yield _read(root, parts)
            else:
                others.append(printable(name))
    if nothing:
        yield _problem((folder, ""), _no_notebook(others))


def _no_notebook(others: list[str]) -> str:
    return "there is no notebook in the folder" + (f", only {', '.join(others[:3])}" if others else "")


def _read(root: Path, parts: tuple[str, ...]) -> Submission:
    try:
        descriptor = os.open(root.joinpath(*parts), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if root.joinpath(*parts).is_symlink():
            return _problem(parts, "it is a symbolic link, which is not followed")
        return _problem(parts, f"it cannot be opened ({error.strerror})")
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return _problem(parts, "it is not a plain file")
        try:
            return _checked(parts, file.read(LARGEST_FILE + 1), about.st_mtime)
        except OSError as error:
            return _problem(parts, f"it cannot be read ({error.strerror})")


def _checked(parts: tuple[str, ...], data: bytes, when: float) -> Submission:
    if not parts[-1].lower().endswith(".ipynb"):
        return _problem(parts, "it is not a notebook (.ipynb)", when)
    if len(data) > LARGEST_FILE:
        return _problem(parts, f"it is larger than {LARGEST_FILE >> 20} MB", when)
    return Submission(_student(parts), printable("/".join(parts)), data, when)


def _problem(parts: tuple[str, ...], problem: str, when: float = 0) -> Submission:
    return Submission(_student(parts), printable("/".join(parts).rstrip("/")), None, when, problem)


# -- zips -------------------------------------------------------------------------------------------------------------


def _in_zip(path: Path) -> Iterator[Submission]:
    allowance = LARGEST_ZIP
    with zipfile.ZipFile(path) as archive:
        entries = [info for info in archive.infolist() if not info.is_dir()]
        if len(entries) > MOST_FILES:
            raise LabsError(f"{path} holds {len(entries)} files; unpack it and grade it in parts")
        names = {info: _parts(info.filename) for info in entries}
        outer = _outer_folder(list(names.values()))
        without: dict[str, list[str]] = {}
        with_notebook = set()
        for info, parts in names.items():
            parts = parts[outer:]
            if not _is_work(tuple(part for part in parts if part != "..")):
                continue
            if len(parts) > 1 and not parts[-1].lower().endswith(".ipynb"):
                without.setdefault(parts[0], []).append(printable(parts[-1]))
                continue
            with_notebook.add(parts[0])
            submission = _read_entry(archive, info, parts, allowance)
            allowance -= len(submission.data or b"")
            yield submission
        for folder in without.keys() - with_notebook:
            yield _problem((folder, ""), _no_notebook(without[folder]))


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", ".")) or ("(no name)",)


def _outer_folder(names: list[tuple[str, ...]]) -> int:
    """1 if everything is in one folder that holds only folders: the archive's own, no student's; else 0."""
    inside = [parts for parts in names if _is_work(parts)]
    one = len({parts[0] for parts in inside}) == 1
    return int(one and all(len(parts) > 2 for parts in inside) and len({parts[1] for parts in inside}) > 1)


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: tuple[str, ...], allowance: int) -> Submission:
    if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in parts[0][1:2]:
        return _problem(tuple(part for part in parts if part != "..") or parts, "its path leads out of the archive")
    if stat.S_ISLNK(info.external_attr >> 16):
        return _problem(parts, "it is a symbolic link, which is not followed")
    try:
        when = time.mktime((*info.date_time, 0, 0, -1))
        with archive.open(info) as file:
            data = file.read(min(LARGEST_FILE, max(allowance, 0)) + 1)
    except Exception as error:  # an archive is whatever somebody uploaded, and zipfile raises a dozen kinds
        return _problem(parts, f"it cannot be unpacked ({type(error).__name__}: {error})")
    if len(data) > allowance:
        return _problem(parts, "the archive holds too much; unpack it and grade it in parts", when)
    return _checked(parts, data, when)
