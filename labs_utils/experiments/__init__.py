"""Experiments that take too long for a lab: run once, results kept as small JSON files in ``data/``.

One module a lab. Each has a dictionary ``EXPERIMENTS``: name → function without arguments that returns a dictionary of
plain values. ``python -m labs_utils.experiments NAME`` runs one and writes ``data/NAME.json``; a lab reads it back with
`stored`.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable

from labs_utils import course
from labs_utils.errors import LabsError


def stored(name: str) -> dict:
    """The stored result of an experiment.

    Raises:
        LabsError: the file is missing or damaged; the message says which command makes it.
    """
    path = course.DATA / f"{name}.json"
    command = f"python -m labs_utils.experiments {name}"
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise LabsError(f"data/{path.name} is missing; `{command}` makes it") from error
    except ValueError as error:
        raise LabsError(f"data/{path.name} is damaged ({error}); `{command}` makes it anew") from error


def all_experiments() -> dict[str, Callable[[], dict]]:
    """Every experiment of every lab, by name."""
    found: dict[str, Callable[[], dict]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "__main__":
            found |= importlib.import_module(f"{__name__}.{module.name}").EXPERIMENTS
    return found
