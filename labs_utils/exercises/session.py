"""What the running notebook knows: the text of the cells that have run, and the values of names."""

import os
import sys
from collections.abc import Callable
from typing import Any

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.exercises import reference, travel


def _shell() -> Any | None:
    """IPython's shell where this is one; looked up without importing IPython."""
    get = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get() if get else None


def cells() -> list[str]:
    """Texts of the cells that have run in this session, the running one last; empty outside a notebook."""
    shell = _shell()
    history = getattr(shell, "history_manager", None)
    return list(history.input_hist_raw[1:]) if history else []


_COLOURS = {"✔": 32, "✘": 31, "○": 34}  # green, red, blue, in the numbers of ISO 6429


def coloured(mark: str, text: str) -> str:
    """`text` in bold and in the colour of `mark`, where what is printed can have one.

    That is in a notebook and on a terminal, not in stored and compared outputs, nor where the environment says
    ``NO_COLOR`` (no-color.org).
    """
    if os.environ.get(course.BUILDING) or os.environ.get("NO_COLOR"):
        return text
    if not hasattr(_shell(), "kernel") and not sys.stdout.isatty():
        return text
    return f"\033[1;{_COLOURS[mark]}m{text}\033[0m"


def values_of(names: list[str]) -> dict[str, Any]:
    """The values that these names have in the notebook, for those that have one."""
    known = _shell().user_ns
    return {name: known[name] for name in names if name in known}


def answered(cells: list[str], function: Callable, line: int) -> str:
    """The exercise that the running cell answers by a decorator in `line`.

    Raises:
        LabsError: the cell decorates nothing: a grader, which reads only text, would not find the answer.
    """
    name = getattr(function, "__name__", "")
    try:
        answers = reference.answers_of(travel.parse(cells[-1])[0])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        answers = {}
    if name in answers:
        return name
    for other, node in answers.items():
        call = reference.decorator_call(node)
        if len(answers) == 1 or call.lineno <= line <= call.end_lineno:
            return other
    raise LabsError(
        "write @lab.exercise(points=…) in the line above `def`: a grader finds your answer only by that line"
    )
