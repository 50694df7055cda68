"""Do the checks name what is wrong? Planted wrong answers, and the message that a student reads first.

    python -m tests.named                         every lab
    python -m tests.named 03 06                   these
    python -m tests.named 03 --mutants 10         and each tenth mutant of the references
    python -m tests.named 03 --answers mine.py    answers of your own, registered as in `tests.planted`, and no others
    python -m tests.named 03 --messages           also every first message that is not *named*

An answer is *named* if the first message says the cause or what to do, *bare* if it only says what was expected and
what came, or repeats Python's own words, *later* if the sentence asked for is only in a later message, *other* if it is
in none, and *passes* if there is no message. Whether a sentence is right for an answer, only reading tells.
"""

import argparse
import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from labs_utils import course
from labs_utils.exercises import checking
from labs_utils.exercises.student import in_this_process
from tests import mutants, planted

KINDS = ("named", "bare", "later", "other", "passes")


@dataclass(frozen=True)
class Verdict:
    """What a check says to one wrong answer, or to a right one that it rejects."""

    exercise: str
    answer: str
    kind: str
    message: str


def verdict(checks: checking.Checks, exercise: str, says: str, answer: Callable, seed: int | None = None) -> Verdict:
    """Runs the check on one wrong answer; `says` is "" where any message will do."""
    result = checks.run(exercise, in_this_process(answer, exercise), 1, seed)
    first, *more = result.messages or [""]
    if result.status == "passed":
        kind = "passes"
    elif says not in first:
        kind = "later" if says in "\n".join(more) else "other"
    else:
        kind = "named" if mutants.names_a_cause(first) else "bare"
    return Verdict(exercise, answer.__name__, kind, first)


def verdicts(lab: str, exercises: Collection[str] = ()) -> tuple[list[Verdict], list[Verdict]]:
    """Of the answers registered so far for a lab: what became of the wrong ones, and right ones that were rejected."""
    checks = checking.load(lab)
    names = set(exercises or checks.probes)
    wrong = [verdict(checks, name, says, answer) for name, says, answer in planted.WRONG if name in names]
    right = [verdict(checks, name, "", answer) for name, answer in planted.RIGHT if name in names]
    return wrong, [one for one in right if one.kind != "passes"]


def table(lab: str, wrong: list[Verdict], rejected: list[Verdict], mutated: list[mutants.Outcome]) -> str:
    """One line for each exercise and one for the lab."""
    heads = ("wrong", *KINDS, "rejected") + ("mutants", "killed", "diagnosed") * bool(mutated)
    lines = [f"{lab:<28}" + "".join(f"{head:>10}" for head in heads)]
    for name in [*dict.fromkeys(one.exercise for one in [*wrong, *rejected]), None]:
        some = [one for one in wrong if name in (None, one.exercise)]
        kinds = Counter(one.kind for one in some)
        numbers = [len(some), *(kinds[kind] for kind in KINDS)]
        numbers.append(sum(name in (None, one.exercise) for one in rejected))
        if mutated:
            made = [one for one in mutated if name in (None, one.exercise)]
            killed = [one for one in made if one.status != "passed"]
            numbers += [len(made), len(killed), sum(one.diagnosed for one in killed)]
        share = f"{kinds['named'] / len(some):>8.0%} named" if some and name is None else ""
        lines.append(f"{name or 'all':<28}" + "".join(f"{number:>10}" for number in numbers) + share)
    return "\n".join(lines)


def main() -> None:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labs", nargs="*", help="their numbers; all if none is given")
    parser.add_argument("--only", nargs="*", default=(), metavar="EXERCISE", help="only these exercises")
    parser.add_argument("--answers", type=Path, help="a module of answers to look at instead of the planted ones")
    parser.add_argument("--mutants", type=int, metavar="N", help="also each N-th mutant of the references")
    parser.add_argument("--messages", action="store_true", help="print what students read who get no cause")
    parser.add_argument("--all-messages", action="store_true", help="print what every student reads, to judge it")
    given = parser.parse_args()
    for lab in [course.find_lab(number) for number in given.labs] or course.lab_names():
        if given.answers:
            spec = importlib.util.spec_from_file_location("answers", given.answers)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        else:
            importlib.import_module(f"tests.planted.lab{lab}")
        wrong, rejected = verdicts(lab, given.only)
        mutated = list(mutants.outcomes(lab, every=given.mutants)) if given.mutants else []
        print(table(lab, wrong, rejected, mutated), flush=True)
        for one in [*wrong, *rejected] if given.messages or given.all_messages else []:
            if given.all_messages or one.kind != "named" or one in rejected:
                print(f"  {one.kind if one in wrong else 'REJECTED'} · {one.exercise} · {one.answer}\n  {one.message}")


if __name__ == "__main__":
    main()
