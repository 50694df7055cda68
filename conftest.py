"""Tests are the course's own notebooks: those of a student or an instructor beside them are nobody's to run."""

import os
import tempfile
from pathlib import Path

from labs_utils import course, machine
from tests import kernels, remembered

# Kernels of the notebooks inherit it: unlabelled figures are errors, sliders are stills, verdicts have no colours.
os.environ[course.BUILDING] = "1"

# With a test on every core: 119 s of processor time became 73 s for lab 05 on two busy cores.
if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)) >= (os.cpu_count() or 1):
    os.environ |= machine.ONE_THREAD

if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers inherit it
    trainings = tempfile.TemporaryDirectory(prefix="labs-trainings-")  # goes when this process ends
    os.environ |= remembered.prepare(Path(trainings.name), course.ROOT)

kernels.install()


def pytest_configure(config) -> None:
    """Tells nbval what not to compare, wherever pytest is started from."""
    config.option.nbval_sanitize_with = str(course.ROOT / "tests" / "nbval_sanitize.cfg")


def pytest_ignore_collect(collection_path: Path, config) -> bool | None:
    """Passes over notebooks and copies that the course does not have, unless they are named on the command line."""
    if str(collection_path) in {str(Path(name).absolute()) for name in config.args}:
        return None
    inside = course.NOTEBOOKS in collection_path.parents or course.SOLUTIONS in collection_path.parents
    strange = collection_path.parent not in (course.NOTEBOOKS, course.SOLUTIONS) or (
        collection_path.suffix == ".ipynb" and collection_path.stem not in course.lab_names()
    )
    return True if inside and strange else None
