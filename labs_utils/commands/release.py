"""Pack the course for students as one zip: everything except solutions/ and what gives them away.

  python -m labs_utils release course.zip

Notebooks and checks in it work; a cell that needs an unfinished exercise says which one to finish.
"""

import argparse
import zipfile
from pathlib import Path

from labs_utils import course
from labs_utils.commands import build
from labs_utils.errors import LabsError

FOLDERS = ("notebooks", "labs_utils", "data")
FILES = ("README.md", "LICENSE", "requirements.txt", "pyproject.toml", "Makefile")
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "my"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("zip", type=Path, nargs="?", default=Path("course-labs.zip"), help="course-labs.zip by default")


def run(arguments: argparse.Namespace) -> int:
    """Writes the zip; returns 0.

    Raises:
        LabsError: a student notebook is not what its source gives.
    """
    stale = [
        complaint for lab in course.lab_names() for complaint in build.out_of_date(lab) if "notebooks/" in complaint
    ]
    if stale:
        raise LabsError(stale[0])
    files = [course.ROOT / name for name in FILES]
    files += [path for folder in FOLDERS for path in sorted((course.ROOT / folder).rglob("*")) if path.is_file()]
    name = arguments.zip.stem
    with zipfile.ZipFile(arguments.zip, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            inside = path.relative_to(course.ROOT)
            if path.exists() and not _LEFT_OUT & set(inside.parts):
                archive.write(path, f"{name}/{inside.as_posix()}")
    print(f"{arguments.zip} is ready: {len(archive.namelist())} files, no solutions")
    return 0
