"""Pack the course for students as one zip: the student notebooks, the package and the data, without the solutions.

  python -m labs_utils release course.zip

Packed is what a list names; what lies beside it (your own notebooks, solved copies, notes) is left out and named.
Notebooks and checks in the zip work; a cell that needs an unfinished exercise says which one to finish.
"""

import argparse
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from labs_utils import course, files
from labs_utils.commands import build
from labs_utils.errors import LabsError
from labs_utils.litter import is_litter

FILES = ("README.md", "LICENSE", "requirements.txt", "pyproject.toml", "Makefile")
FOLDERS = {
    "labs_utils": {".py", ".html", ".csv", ".json", ".mplstyle", ".md"},
    "data": {".md", ".json", ".npz", ".csv", ".png"},
}
# Of README.md and Makefile: regions, and single lines, that only the whole course can keep.
_ONLY_WHOLE = re.compile(
    r"[^\n]*\bwhole course only: begin\b.*?\bwhole course only: end\b[^\n]*\n|[^\n]*<!-- whole course only -->[^\n]*\n",
    re.DOTALL,
)
_SHOWN = 12  # names of files left out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("zip", type=Path, nargs="?", default=Path("course-labs.zip"), help="course-labs.zip by default")


def run(arguments: argparse.Namespace) -> int:
    """Writes the zip, whole or not at all; returns 0.

    Raises:
        LabsError: a student notebook is not what its source gives, or the zip cannot be written.
    """
    target: Path = arguments.zip
    if target.is_dir():
        raise LabsError(f"{target} is a folder: name the zip file to write, for example {target / 'course-labs.zip'}")
    stale = [
        complaint for lab in course.lab_names() for complaint in build.out_of_date(lab) if "notebooks/" in complaint
    ]
    if stale:
        raise LabsError(stale[0])
    packed = sorted(what_belongs())
    try:
        with files.whole(target) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside in packed:
                archive.writestr(f"{target.stem}/{inside}", content_of(inside))
    except OSError as error:
        raise LabsError(
            f"{target} cannot be written ({error.strerror}): name a zip file in a folder that you may write to"
        ) from error
    print(f"{target} is ready: {len(packed)} files, no solutions")
    left_out = sorted(left_beside(set(packed)))
    if left_out:
        more = f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
        print(f"left out, because they are no part of the course: {', '.join(left_out[:_SHOWN])}{more}")
    return 0


def what_belongs() -> Iterator[str]:
    """The files of the bundle, as paths inside the course with forward slashes."""
    strange = _untracked()
    yield from (name for name in FILES if (course.ROOT / name).is_file())
    yield from (f"notebooks/{lab}.ipynb" for lab in course.lab_names())
    for folder, endings in FOLDERS.items():
        for inside in _files_in(folder):
            if Path(inside).suffix in endings and inside not in strange:
                yield inside


def left_beside(packed: set[str]) -> Iterator[str]:
    """What lies in the folders of the course and is not `packed`, litter excepted; students' copies as one folder."""
    for folder in ("notebooks", *FOLDERS):
        for inside in _files_in(folder):
            if inside not in packed and not inside.startswith("notebooks/my/"):
                yield inside
    if any(not is_litter(path.name) for path in course.MY_NOTEBOOKS.glob("*")):
        yield "notebooks/my/"


def content_of(inside: str) -> bytes:
    """The bytes of a file as the bundle has them: a text says only what holds without solutions and tests."""
    data = (course.ROOT / inside).read_bytes()
    if inside not in FILES:
        return data
    return _ONLY_WHOLE.sub("", data.decode("utf-8").replace("\r\n", "\n")).encode("utf-8")


def _files_in(folder: str) -> Iterator[str]:
    for path in sorted((course.ROOT / folder).rglob("*")):
        inside = path.relative_to(course.ROOT)
        if path.is_file() and not path.is_symlink() and not any(map(is_litter, inside.parts)):
            yield inside.as_posix()


def _untracked() -> set[str]:
    """The files that git sees and the course's history does not have; nothing where the course is no git checkout."""
    if not (course.ROOT / ".git").exists():
        return set()
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--others", "-z", "--", *FOLDERS], cwd=course.ROOT, capture_output=True, text=True
        )
    except FileNotFoundError:
        return set()
    return set(listed.stdout.split("\0"))
