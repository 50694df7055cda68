"""Does a right answer lose a point at some seed? Runs references and planted right answers over many seeds.

  python -m tests.seeds 01 --seeds 2000              every exercise of lab 01
  python -m tests.seeds 01 gradient_descent          only this one
  python -m tests.seeds 04 centre_digit --first 1147796781 --seeds 1

Prints one line for each answer, and for each seed that costs it a point what the check says. The exit status is 1 if
there is such a seed. A grader draws its seed at random, so one bad seed in a hundred is a course that cannot be graded
once in a hundred times.
"""

import argparse
import importlib
import time
from collections.abc import Callable, Iterator

from labs_utils import course
from labs_utils.exercises import checking, reference
from labs_utils.exercises.student import in_this_process
from tests import planted


def right_answers(lab: str, exercise: str) -> Iterator[tuple[str, Callable]]:
    """The reference and the planted right answers of an exercise, each with a name to report it by."""
    yield "reference", reference.find(lab, exercise)
    importlib.import_module(f"tests.planted.lab{lab}")
    for name, answer in planted.RIGHT:
        if name == exercise and answer.__module__ == f"tests.planted.lab{lab}":
            yield answer.__name__, answer


def failures(lab: str, exercise: str, answer: Callable, seeds: range) -> Iterator[tuple[int, str]]:
    """Seeds at which `answer` does not earn full points, with what the check says."""
    checks = checking.load(lab)
    for seed in seeds:
        result = checks.run(exercise, in_this_process(answer, exercise), 1, seed)
        if result.status != "passed":
            yield seed, str(result)


def main() -> int:
    """Runs the command; returns 1 if a right answer lost a point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", help="number or name")
    parser.add_argument("exercise", nargs="*", help="only these exercises")
    parser.add_argument("--seeds", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    arguments = parser.parse_args()
    lab, lost = course.find_lab(arguments.lab), 0
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for exercise in arguments.exercise or checking.load(lab).probes:
        for name, answer in right_answers(lab, exercise):
            started, found = time.monotonic(), list(failures(lab, exercise, answer, seeds))
            seconds = time.monotonic() - started
            print(f"{exercise} · {name}: {len(found)} of {len(seeds)} seeds cost points ({seconds:.0f} s)", flush=True)
            for seed, message in found[:20]:
                print(f"  seed {seed}: {message}", flush=True)
            lost += len(found)
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
