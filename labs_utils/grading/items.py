"""What a class should be taught again: for each check how many failed it, with what message, and who."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from labs_utils.grading.gradebook import Record, cell, labs_of

ITEMS = "items.csv"
COLUMNS = ("lab", "exercise", "check", "submissions", "failed", "share", "most frequent message", "students")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def rows(records: list[Record]) -> Iterator[tuple]:
    """One row for each exercise (its check is "") and for each check that somebody failed, worst first in a lab."""
    for lab in labs_of(records):
        ours = [record for record in records if record.lab == lab and record.results]
        for exercise in dict.fromkeys(result.exercise for record in ours for result in record.results):
            results = [(r.student, result) for r in ours for result in r.results if result.exercise == exercise]
            lost = [student for student, result in results if result.points < result.maximum]
            yield (lab, exercise, "", len(results), len(lost), _share(lost, results), "", ", ".join(lost))
            yield from _checks(lab, exercise, results)


def _checks(lab: str, exercise: str, results: list[tuple]) -> Iterator[tuple]:
    failed: dict[str, list[tuple[str, str]]] = {}
    for student, result in results:
        for message in result.messages:
            title, _, text = message.strip().partition(". ")
            failed.setdefault(title, []).append((student, " ".join(text.split())))
    for title, said in sorted(failed.items(), key=lambda item: -len(item[1])):
        kinds = Counter(_NUMBER.sub("#", text) for _, text in said)  # inputs differ from seed to seed
        usual, _ = kinds.most_common(1)[0]
        alike = [(student, text) for student, text in said if _NUMBER.sub("#", text) == usual]
        who = ", ".join(student for student, _ in alike)
        yield (lab, exercise, title, len(results), len(said), _share(said, results), alike[0][1][:300], who)


def _share(some: list, everybody: list) -> str:
    return f"{len(some) / len(everybody):.2f}"


def write(path: Path, records: list[Record]) -> None:
    """Writes items.csv."""
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([cell(str(value)) for value in row] for row in rows(records))
