"""Points for open questions, which a person gives: open-questions.csv has a row for each student and question.

The grader writes the rows with the answers; somebody fills in points and comments in a spreadsheet and saves; the next
run takes them into every table and page. What was filled in is never thrown away.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from labs_utils.errors import LabsError
from labs_utils.exercises.checking import Result
from labs_utils.grading import feedback, gradebook, roster
from labs_utils.grading.gradebook import Record, cell, plain

OPEN = "open-questions.csv"
COLUMNS = ("student", "lab", "question", "points", "of", "comment", "answer")
NAME = "question {}".format  # what a question is called among the exercises
Key = tuple[str, str, str]  # student, lab, number


@dataclass(frozen=True)
class Mark:
    """One row as somebody filled it in.

    Attributes:
        row: its number in the file, headings included.
        points: None as long as nobody gave any.
        of: what the question is worth.
        comment: for the student.
        answer: what the student wrote when the row was made.
    """

    row: int = 0
    points: float | None = None
    of: float = 1
    comment: str = ""
    answer: str = ""


def read(path: Path) -> dict[Key, Mark]:
    """The rows of an open-questions.csv; none if there is no such file.

    Raises:
        LabsError: a row is wrong; the message says which, and what to write.
    """
    if not path.exists():
        return {}
    rows = roster.read_table(path)
    if missing := [name for name in COLUMNS[:5] if name not in rows[0]]:
        raise LabsError(f"{path} has no column {missing[0]}: move it away, and the next run writes a new one")
    marks: dict[Key, Mark] = {}
    for number, row in enumerate(rows, start=2):
        key = (plain(row["student"]), row["lab"], row["question"])
        where = f"{path}, row {number}"
        if not any(row.values()):
            continue
        if not row["question"].isdecimal():
            raise LabsError(f"{where}: question is {row['question']!r}: write its number")
        if key in marks:
            raise LabsError(f"{where}: {key[0]} and question {key[2]} were in row {marks[key].row}; delete one of them")
        of = _number(row["of"] or "1", "of", where)
        points = _number(row["points"], "points", where) if row["points"] else None
        if of == 0 or (points or 0) > of:
            raise LabsError(f"{where}: {row['points'] or 0} points of {row['of']}: write a number from 0 to `of`")
        comment = plain(row.get("comment", ""))
        marks[key] = Mark(number, points, of, comment, plain(row.get("answer", "")))
    return marks


def _number(text: str, column: str, where: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise LabsError(f"{where}: {column} is {text!r}: write a number such as 1.5, or leave it empty")
    return value


def expect_students(marks: Mapping[Key, Mark], records: Iterable[Record], path: Path) -> None:
    """Makes sure that every row with points is somebody's.

    Raises:
        LabsError: nobody of that name handed in that lab.
    """
    known = {(record.student, record.lab) for record in records}
    for (student, lab, _), mark in marks.items():
        if mark.points is not None and (student, lab) not in known:
            raise LabsError(f"{path}, row {mark.row}: nobody called {student} handed in {lab}: correct or delete it")


def marked(records: Iterable[Record], marks: Mapping[Key, Mark]) -> list[Record]:
    """The records with what their open questions earned.

    A question counts once somebody has points for it: then an empty answer has none, and an answer that nobody has
    given points to yet is left out.
    """
    counted = {(lab, number): mark.of for (_, lab, number), mark in marks.items() if mark.points is not None}
    return [replace(record, marked=tuple(_results(record, marks, counted))) for record in records]


def _results(record: Record, marks: Mapping[Key, Mark], counted: dict[tuple[str, str], float]) -> Iterable[Result]:
    for (lab, number), of in sorted(counted.items(), key=lambda item: int(item[0][1])):
        if lab != record.lab or not record.results:
            continue
        mark = marks.get((record.student, lab, number), Mark())
        said = (mark.comment,) if mark.comment else ()
        if mark.points is not None:
            yield Result(NAME(number), "marked", mark.points, mark.of, said)
        elif number not in record.written:
            yield Result(NAME(number), "no answer", 0, of, said)


def _by_question(row: tuple[Key, Mark]) -> tuple:
    (student, lab, number), _ = row
    return lab, int(number), student


def write(path: Path, records: Iterable[Record], marks: Mapping[Key, Mark]) -> None:
    """Writes open-questions.csv anew, question by question: what was filled in stays, and new rows wait for points."""
    rows = dict(marks)
    for record in records:
        for number in feedback.questions_of(record.lab) if record.results else ():
            key = (record.student, record.lab, number)
            rows[key] = replace(rows.get(key, Mark()), answer=record.written.get(number, ""))
    if not rows:
        return
    with gradebook.table(path) as writer:
        writer.writerow(COLUMNS)
        for (student, lab, number), mark in sorted(rows.items(), key=_by_question):
            points = "" if mark.points is None else f"{mark.points:g}"
            writer.writerow([cell(student), lab, number, points, f"{mark.of:g}", cell(mark.comment), cell(mark.answer)])
