"""Exercises that check themselves: ``lab = Lab("01_perceptron")``, then ``@lab.exercise(points=2)`` over a function.

Running the cell is the check. The decorated name is the student's own function once it passes; until then it is the
reference, so that nobody is stuck, or, where the solutions are withheld, a stub that says which exercise to finish.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from labs_utils import course, machine
from labs_utils.exercises import checking, pending, reference, session, student, travel
from labs_utils.exercises.pending import NotAttempted

__all__ = ["Lab", "NotAttempted"]


class Lab:
    """The exercises of one lab notebook and the points earned in this session.

    Args:
        name: the lab's name, for example ``01_perceptron``.

    Raises:
        LabsError: there is no such lab (the message lists those that exist), or Keras runs on another back end.
    """

    def __init__(self, name: str):
        self.name = course.find_lab(name)
        self._checks = checking.load(self.name)
        machine.settle()
        self._results: dict[str, checking.Result] = pending.kept_in_this_notebook(self.name)
        pending.watch_this_notebook()

    def exercise(self, points: float) -> Callable[[Callable], Callable]:
        """Checks the decorated function or class and prints the verdict.

        Returns:
            A decorator that gives back the function itself if it passes, else the reference or a stub.

        Raises:
            LabsError: this lab has no exercise of that name.
        """
        if callable(points):
            raise TypeError("write @lab.exercise(points=…), with parentheses and points")

        return self._decorator(points, sys._getframe(1).f_lineno, _what_now)

    def _decorator(self, points: float, line: int, what_now: Callable[[Any], str]) -> Callable[[Callable], Callable]:
        """The decorator that stands in `line` of its cell; `what_now` tells what the cells below will use."""

        def check(function: Callable) -> Callable:
            cells = session.cells()
            name = session.answered(cells, function, line) if cells else function.__name__
            result = self._result(name, function, points, cells)
            self._results[name] = result
            headline, *explanation = str(result).split("\n")
            headline = session.coloured(result.mark, headline)
            if result.status == "passed":
                print(headline)
                return function
            stand_in = reference.find(self.name, name)
            print("\n".join(filter(None, [headline, *explanation, what_now(stand_in)])))
            return stand_in if stand_in is not None else _stub(name)

        return check

    def _result(self, name: str, function: Callable, points: float, cells: list[str]) -> checking.Result:
        """The verdict: in a notebook on the answer as a grader takes it from the cells, else on `function` itself."""
        self._checks.probes_of(name)  # an exercise of another lab is told first
        names = list(self._checks.probes)
        started = time.monotonic()
        try:
            if cells:
                earlier = session.values_of(names[: names.index(name)])
                answer = student.from_cells(travel.Cells(cells).taken(name), name, earlier)
            else:
                answer = student.in_this_process(function, name)
            result = self._checks.run(name, answer, points)
        except student.StudentError as error:
            return checking.undefined(name, error, points)
        except KeyboardInterrupt:
            seconds = time.monotonic() - started
            return checking.Result(name, "stopped", 0, points, (f"  You stopped it after {seconds:.0f} s.",))
        if (seconds := time.monotonic() - started) > checking.TIME_LIMIT:
            print(f"{name} took {seconds:.0f} s here; a grader allows {checking.TIME_LIMIT} s.")
        return result

    def question(self, points: float = 1) -> Callable[[Callable], Callable]:
        """A short concept question: the decorated function takes nothing and returns the answer."""
        return self._decorator(points, sys._getframe(1).f_lineno, lambda stand_in: "")  # no cell uses it

    def compare(self, what: str, prediction: Any, measured: Any) -> None:
        """Prints a prediction beside what came; it is not graded and not kept.

        Args:
            what: the quantity, for example ``"accuracy after the shift"``.
            prediction: what the student wrote down, or None.
            measured: what this run gives.
        """
        print(f"{what}\n  you predicted  {_said(prediction)}\n  this run       {_said(measured)}")

    def progress(self) -> None:
        """Prints the points earned so far, one line for each exercise of the lab."""
        names = list(self._checks.probes)
        width = max(map(len, names))
        earned = sum(result.points for result in self._results.values())
        total = sum(result.maximum for result in self._results.values())
        unseen = [name for name in names if name not in self._results]
        passed = sum(result.status == "passed" for result in self._results.values())
        print(f"{self.name} · {earned:g}/{total:g} points · {passed} of {len(names)} exercises finished")
        for name in names:
            result = self._results.get(name)
            if result is None:
                print(f"  ○ {name:{width}}  cell not run yet")
            else:
                mark = session.coloured(result.mark, result.mark)
                print(f"  {mark} {name:{width}}  {result.points:g}/{result.maximum:g}")
        if unseen:
            print(f"The total counts only the cells you have run; {len(unseen)} exercises are still to come.")


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    return f"{value:.3g}" if isinstance(value, float | np.floating) else str(value)


def _what_now(stand_in: Any | None) -> str:
    if stand_in is not None:
        return "  The cells below use the reference solution until yours passes."
    return "  The cells below that need it will wait until yours passes."


def _stub(name: str) -> Callable:
    def unfinished(*arguments: Any, **keywords: Any) -> None:
        raise NotAttempted(name)

    unfinished.__name__ = name
    return unfinished
