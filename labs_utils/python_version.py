"""Refuses a Python that the labs do not run on, in one sentence; readable for any Python 3.

The range is that of TensorFlow's builds: pyproject.toml (``requires-python``) and the Makefile name the same one.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 13)


class WrongPython(ImportError):
    """This Python is too old or too new; a notebook shows the sentence without a traceback."""

    def _render_traceback_(self):
        return [str(self)]


def fault(version):
    """What is wrong with a Python of this `version` (major, minor, ...) and what to do; None if it will do."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    oldest, newest, this = (f"{pair[0]}.{pair[1]}" for pair in (OLDEST, NEWEST, version))
    return (
        f"Python {oldest} to {newest} is needed; this is {this}: choose such a Python as the notebook's kernel "
        f"(Kernel, Change Kernel) or, on the command line, make the environment anew (python{newest} -m venv .venv)"
    )


def check():
    """Ends the import of the course, or the command line, if this Python will not do.

    Raises:
        WrongPython: it will not, and a notebook or a program is importing the course.
        SystemExit: it will not, and ``python -m labs_utils`` is starting.
    """
    sentence = fault(sys.version_info)
    if sentence is None:
        return
    if sys.argv[:1] == ["-m"]:  # what Python puts there while it looks for the module to run
        sys.exit("error: " + sentence)
    raise WrongPython(sentence)
