"""What a class should be taught again: for each exercise and each check how many failed, with what message, and who.

items.csv is the table, items.html the same as a page with small bars.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labs_utils import course
from labs_utils.exercises import checking
from labs_utils.exercises.checking import Result
from labs_utils.grading import rendering
from labs_utils.grading.gradebook import Record, cell, labs_of, table

ITEMS, PAGE = "items.csv", "items.html"
COLUMNS = ("lab", "exercise", "check", "submissions", "failed", "share", "most frequent message", "students")
MESSAGES = 3  # of each check that the page shows
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_LETTER = re.compile(r"'(\w)' is not it")  # how a question rejects an answer
_WITHOUT_CHECK = {
    "blank": "not attempted",
    "missing": "no such cell in the notebook",
    "broken": "the cell cannot be read",
    "stopped": "the code stopped or took too long",
}


@dataclass(frozen=True)
class Message:
    """One message, as the first of its `students` got it; the others' may hold other numbers."""

    text: str
    students: list[str]


@dataclass(frozen=True)
class Check:
    """One check of an exercise; or, with a title in small letters, a reason why no check could run.

    Attributes:
        title: of the check.
        failed: how many students failed it.
        messages: what it said, the most frequent first.
    """

    title: str
    failed: int
    messages: list[Message]


@dataclass(frozen=True)
class Item:
    """How a class did in one exercise.

    Attributes:
        lab: full name.
        exercise: its name.
        submissions: how many were graded.
        lost: the students who do not have all points.
        mean: points, on average.
        maximum: points to be had.
        checks: those that somebody failed, worst first.
        passed: titles of the checks that nobody failed.
        letters: of a question, wrong letter → how many chose it, the most frequent first.
    """

    lab: str
    exercise: str
    submissions: int
    lost: list[str]
    mean: float
    maximum: float
    checks: list[Check]
    passed: list[str]
    letters: dict[str, int]


def of(records: Iterable[Record]) -> list[Item]:
    """The items of all labs, in teaching order."""
    records = list(records)
    return [item for lab in labs_of(records) for item in _of_lab(lab, [r for r in records if r.lab == lab])]


def _of_lab(lab: str, records: list[Record]) -> Iterator[Item]:
    records = [record for record in records if record.results]
    for exercise in dict.fromkeys(result.exercise for record in records for result in record.results):
        results = [(r.student, result) for r in records for result in r.results if result.exercise == exercise]
        checks = _checks(results)
        failed = {check.title for check in checks}
        letters = Counter(
            letter for _, one in results for text in one.messages[:1] for letter in _LETTER.findall(text)[:1]
        )
        yield Item(
            lab,
            exercise,
            len(results),
            [student for student, result in results if result.points < result.maximum],
            sum(result.points for _, result in results) / len(results),
            results[-1][1].maximum,
            checks,
            [title for title in _titles(lab, exercise) if title not in failed],
            dict(letters.most_common()),
        )


def _titles(lab: str, exercise: str) -> list[str]:
    """The checks of an exercise, as the lab has them now; none where the course has no such lab any more."""
    if lab not in course.lab_names():
        return []
    probes = checking.load(lab).probes.get(exercise, [])
    return [checking.title_of(probe) for probe in probes]


def _checks(results: list[tuple[str, Result]]) -> list[Check]:
    said: dict[str, list[tuple[str, str]]] = {}
    for student, result in results:
        if reason := _WITHOUT_CHECK.get(result.status):
            said.setdefault(reason, []).append((student, _tidy("".join(result.messages))))
            continue
        for message in result.messages:
            title, _, text = message.strip().partition(". ")
            said.setdefault(title, []).append((student, _tidy(text)))
    checks = [Check(title, len(texts), _messages(texts)) for title, texts in said.items()]
    return sorted(checks, key=lambda check: -check.failed)


def _tidy(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().split("\n"))


def _messages(said: list[tuple[str, str]]) -> list[Message]:
    """The messages, those that differ only in their numbers together: inputs differ from seed to seed."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for student, text in said:
        alike.setdefault(_NUMBER.sub("#", text), []).append((student, text))
    found = [Message(texts[0][1], [student for student, _ in texts]) for texts in alike.values()]
    return sorted(found, key=lambda message: -len(message.students))


def rows(items: Iterable[Item]) -> Iterator[tuple]:
    """One row for each exercise (its check is "") and for each check that somebody failed, worst first."""
    for item in items:
        count = item.submissions
        about = (item.lab, item.exercise)
        yield (*about, "", count, len(item.lost), f"{len(item.lost) / count:.2f}", "", ", ".join(item.lost))
        for check in item.checks:
            usual = check.messages[0]
            said, who = " ".join(usual.text.split())[:300], ", ".join(usual.students)
            yield (*about, check.title, count, check.failed, f"{check.failed / count:.2f}", said, who)


def write(out: Path, records: list[Record]) -> None:
    """Writes items.csv and items.html into the folder `out`."""
    items = of(records)
    with table(out / ITEMS) as writer:
        writer.writerow(COLUMNS)
        writer.writerows([cell(str(value)) for value in row] for row in rows(items))
    by_lab: dict[str, list[Item]] = {}
    for item in items:
        by_lab.setdefault(item.lab, []).append(item)
    rendering.write(out / PAGE, "items.html", labs=by_lab, most=MESSAGES)
