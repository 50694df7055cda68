"""Does a right answer lose a point at some seed? Runs references and planted right answers over many seeds.

  python -m tests.seeds 01 --seeds 2000              every exercise of lab 01
  python -m tests.seeds 01 gradient_descent          only this one
  python -m tests.seeds 04 centre_digit --first 1147796781 --seeds 1
  python -m tests.seeds 08 --references --seconds 600

Prints one line for each answer, and for each seed that costs it a point what the check says. The exit status is 1 if
there is such a seed. A grader draws its seed at random, so one bad seed in a hundred is a course that cannot be graded
once in a hundred times.
"""

import argparse
import importlib
import math
import time
from collections.abc import Callable, Iterator

from labs_utils import course
from labs_utils.exercises import checking, reference
from labs_utils.exercises.student import in_this_process
from tests import planted

SHOWN = 20  # seeds at which an answer loses a point, with what the check says


def right_answers(lab: str, exercise: str, references: bool = False) -> Iterator[tuple[str, Callable]]:
    """The reference and, unless only `references` are wanted, the planted right answers, each with a name for it."""
    yield "reference", reference.find(lab, exercise)
    if references:
        return
    importlib.import_module(f"tests.planted.lab{lab}")
    for name, answer in planted.RIGHT:
        if name == exercise and answer.__module__ == f"tests.planted.lab{lab}":
            yield answer.__name__, answer


def verdicts(lab: str, exercise: str, answer: Callable, seeds: range) -> Iterator[tuple[int, str]]:
    """Each seed with what the check says about `answer`: "" if it earns full points."""
    checks = checking.load(lab)
    for seed in seeds:
        result = checks.run(exercise, in_this_process(answer, exercise), 1, seed)
        yield seed, "" if result.status == "passed" else str(result)


def main() -> int:
    """Runs the command; returns 1 if a right answer lost a point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", help="number or name")
    parser.add_argument("exercise", nargs="*", help="only these exercises")
    parser.add_argument("--seeds", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seconds", type=float, default=math.inf, help="go on to the next answer after this time")
    parser.add_argument("--references", action="store_true", help="leave out the planted answers")
    arguments = parser.parse_args()
    lab, lost = course.find_lab(arguments.lab), 0
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for exercise in arguments.exercise or checking.load(lab).probes:
        for name, answer in right_answers(lab, exercise, arguments.references):
            started, tried, bad = time.monotonic(), 0, 0
            for seed, fault in verdicts(lab, exercise, answer, seeds):
                tried, bad = tried + 1, bad + bool(fault)
                if fault and bad <= SHOWN:
                    print(f"  seed {seed}: {fault}", flush=True)
                if (seconds := time.monotonic() - started) > arguments.seconds:
                    break
            print(f"{exercise} · {name}: {bad} of {tried} seeds cost points ({seconds:.0f} s)", flush=True)
            lost += bad
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
