"""Copy the labs to notebooks/my/, where you work.

Git never sees that folder, so updating the course never touches your copies, and a copy that exists is never
overwritten. If the course has a newer version of a lab, this says so and leaves your copy as it is.
"""

import argparse
import shutil

from labs_utils import course, notebooks
from labs_utils.errors import LabsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("labs", nargs="*", metavar="NN", help="labs by number or name; all by default")


def run(arguments: argparse.Namespace) -> int:
    """Copies what is not there yet; returns the exit status."""
    labs = [course.find_lab(name) for name in arguments.labs] or course.lab_names()
    course.MY_NOTEBOOKS.mkdir(parents=True, exist_ok=True)
    for lab in labs:
        original, copy = course.NOTEBOOKS / f"{lab}.ipynb", course.MY_NOTEBOOKS / f"{lab}.ipynb"
        if copy.exists():
            print(f"notebooks/my/{lab}.ipynb is yours and stays as it is{_news(original, copy)}")
        else:
            notebooks.read_notebook(original)
            shutil.copyfile(original, copy)
            print(f"notebooks/my/{lab}.ipynb is ready")
    return 0


def _news(original, copy) -> str:
    try:
        versions = {notebooks.read_notebook(path).metadata.get("labs", {}).get("digest") for path in (original, copy)}
    except (LabsError, OSError) as error:
        return f", but it cannot be opened ({error}): rename it, and `start` brings a fresh copy"
    if len(versions) == 1:
        return ""
    return f"; the course has a newer version, which you can read as notebooks/{original.name}"
