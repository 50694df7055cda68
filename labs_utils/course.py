"""Where the parts of the course lie on this machine, and which labs there are."""

import functools
import tomllib
from pathlib import Path

from labs_utils.errors import LabsError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
SOLUTIONS = ROOT / "solutions"
DATA = ROOT / "data"
MY_NOTEBOOKS = NOTEBOOKS / "my"
DESCRIPTIONS = ROOT / "labs_utils" / "plots" / "descriptions"  # what the figures of each lab show, generated
BUILDING = "LABS_BUILDING"  # an environment variable; see `labs_utils.plots`


@functools.cache
def settings() -> dict[str, str]:
    """The course's settings, ``repository`` and ``branch``: the table [tool.labs] of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["labs"]


def lab_names() -> list[str]:
    """Names of all labs, in teaching order, for example ``01_perceptron``: one for each module of checks."""
    return sorted(path.stem.removeprefix("lab") for path in (ROOT / "labs_utils" / "checks").glob("lab[0-9]*.py"))


def find_lab(name: str) -> str:
    """The full name of a lab given as ``1``, ``01`` or ``01_perceptron``.

    Raises:
        LabsError: no lab has that name; the message lists those that exist.
    """
    labs = lab_names()
    wanted = name.strip()
    for lab in labs:
        number = lab.split("_")[0]
        if wanted == lab or (wanted.isascii() and wanted.isdigit() and wanted.lstrip("0") == number.lstrip("0")):
            return lab
    raise LabsError(f"there is no lab {name!r}; the labs are {', '.join(labs)}")
