"""The results of a class: results.jsonl, which only ever grows, gradebook.csv and the tables on the screen."""

import contextlib
import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from labs_utils import files
from labs_utils.errors import LabsError
from labs_utils.exercises.checking import Result

RESULTS, GRADEBOOK, STUDENTS = "results.jsonl", "gradebook.csv", "students.csv"
COLUMNS = ("student", "lab", "exercise", "points", "maximum", "status")
PLAIN = str.maketrans("✔✘○", "+x-")  # for terminals that do not know Unicode
_FORMULA = ("=", "+", "-", "@", "\t")  # a spreadsheet would calculate a cell that begins so


@dataclass(frozen=True)
class Record:
    """How one submission was graded; one line of results.jsonl.

    Attributes:
        student: name.
        lab: full name, or "" where it is not known.
        file: path within what was handed in.
        hash: of the file's bytes.
        version: of the lab and its checks.
        seed: of the inputs.
        notes: what the instructor should know, for example that there were several attempts.
        results: one for each exercise; none if there is a problem.
        problem: why it could not be graded, or "".
        id: what the learning platform calls the student or the submission, or "".
        platform: ``moodle``, ``canvas`` …, or "".
        handle: the platform's name of the folder or file.
        answers: exercise → the code of its cell.
        written: number of an open question → what the student wrote to it.
        less: share of the points that is lost by lateness.
        marked: one for each open question that a person gave points to; those stand in open-questions.csv only.
    """

    student: str
    lab: str
    file: str
    hash: str = ""
    version: str = ""
    seed: int = 0
    notes: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    problem: str = ""
    id: str = ""
    platform: str = ""
    handle: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    less: float = 0
    marked: tuple[Result, ...] = ()

    @property
    def key(self) -> tuple:
        """Equal for two gradings that must come out the same."""
        return self.student, self.lab, self.hash, self.version, self.seed

    @property
    def row(self) -> tuple:
        """Equal for two gradings of which only the newer one counts."""
        return (self.student, "", self.file) if self.problem else (self.student, self.lab, "")

    @property
    def points(self) -> float:
        """Points of all exercises and questions, as they were earned."""
        return round(sum(result.points for result in (*self.results, *self.marked)), 2)

    @property
    def counted(self) -> float:
        """Points that count: less than those earned if it came late and a rule says so."""
        return round(self.points * (1 - self.less), 2)

    @property
    def maximum(self) -> float:
        """Points that all exercises and questions are worth."""
        return sum(result.maximum for result in (*self.results, *self.marked))


def read(path: Path) -> list[Record]:
    """The records in a results.jsonl, oldest first; none if there is no such file yet.

    A last line that was cut short, by a power failure for instance, is left out: that submission is graded again.

    Raises:
        LabsError: another line is damaged.
    """
    if not path.exists():
        return []
    lines = path.read_text("utf-8").split("\n")
    records = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            fields = json.loads(line)
            results = tuple(Result(**row | {"messages": tuple(row["messages"])}) for row in fields["results"])
            records.append(Record(**fields | {"notes": tuple(fields["notes"]), "results": results, "marked": ()}))
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines):
                break
            raise LabsError(
                f"{path}, line {number}, is damaged; move the file away to grade everything anew"
            ) from error
    return records


def append(path: Path, record: Record) -> None:
    """Adds one line to a results.jsonl."""
    line = json.dumps(asdict(replace(record, marked=())), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with path.open("ab+") as file:
        file.seek(max(file.tell() - 1, 0))
        whole = file.read(1) in (b"", b"\n")
        file.write(line if whole else b"\n" + line)
        file.flush()
        os.fsync(file.fileno())  # what is graded outlives a machine that stops


def write(path: Path, records: Iterable[Record], people: Iterable[str] = ()) -> None:
    """Writes gradebook.csv: one row for each exercise, and one for each submission that could not be graded.

    `people` who handed in nothing at all have a row too.
    """
    absent = set(people)
    with table(path) as writer:
        writer.writerow(COLUMNS)
        for record in records:
            absent.discard(record.student)
            who = (cell(record.student), record.lab)
            for result in (*record.results, *record.marked):
                writer.writerow([*who, result.exercise, f"{result.points:g}", f"{result.maximum:g}", result.status])
            if record.less:
                lost = record.counted - record.points
                writer.writerow([*who, "late", f"{lost:g}", "0", f"{100 * record.less:g}% less"])
            if record.problem:
                writer.writerow([*who, "", "0", "", cell(f"not graded: {record.file}: {record.problem}")])
        writer.writerows([cell(name), "", "", "0", "", "nothing handed in"] for name in sorted(absent))


@contextlib.contextmanager
def table(path: Path, separator: str = ",") -> Iterator[Any]:
    """A writer of a CSV that is whole or stays as it was; the mark at its beginning is for Excel."""
    with files.whole(path) as beside, beside.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        yield csv.writer(file, delimiter=separator)


def newest(records: Iterable[Record]) -> dict[tuple, Record]:
    """The last of the records for each row, see `Record.row`."""
    return {record.row: record for record in records}


def merged(known: Iterable[Record], new: Iterable[Record]) -> list[Record]:
    """What a report knows: for each student and lab the newest grading, and what could not be graded so far."""
    new = list(new)
    graded: dict[tuple, Record] = {}
    problems: dict[tuple, Record] = {}
    for record in (*known, *new):
        if record.problem:
            problems[record.row] = record
        else:
            graded[record.row] = record
            problems.pop((record.student, "", record.file), None)
    still = [one for one in problems.values() if one in new or (one.student, one.lab, "") not in graded]
    return sorted([*graded.values(), *still], key=lambda one: (one.student, one.lab, one.file))


def labs_of(records: Iterable[Record]) -> list[str]:
    """The labs in which somebody was graded."""
    return sorted({record.lab for record in records if record.results})


@dataclass(frozen=True)
class Student:
    """Somebody's row over all labs.

    Attributes:
        name: the student's.
        points: lab → points that count; without the labs of which nothing could be graded.
        works: the student's records, also of what could not be graded.
        remarks: what could not be graded, what was late, and that nothing was handed in.
    """

    name: str
    points: dict[str, float]
    works: list[Record]
    remarks: list[str]

    @property
    def total(self) -> float:
        """Points of all labs."""
        return sum(self.points.values())


def students(records: Iterable[Record], people: Iterable[str] = ()) -> list[Student]:
    """Everybody who handed something in, and `people` who did not, by name."""
    works: dict[str, list[Record]] = {name: [] for name in people}
    for record in records:
        works.setdefault(record.student, []).append(record)
    return [_student(name, of_one) for name, of_one in sorted(works.items())]


def _student(name: str, works: list[Record]) -> Student:
    remarks = [f"not graded: {work.file}: {work.problem}" for work in works if work.problem]
    remarks += [f"{work.lab}: {note}" for work in works for note in work.notes if "late" in note.split()]
    points = {work.lab: work.counted for work in works if work.results}
    return Student(name, points, works, remarks if works else ["nothing handed in"])


def write_students(path: Path, records: Iterable[Record], people: Iterable[str] = ()) -> None:
    """Writes students.csv: one row a student, over all labs of a report; an empty cell means that nothing is graded."""
    records = list(records)
    labs = labs_of(records)
    with table(path) as writer:
        writer.writerow(["student", *labs, "total", "remarks"])
        for one in students(records, people):
            row = [f"{one.points[lab]:g}" if lab in one.points else "" for lab in labs]
            writer.writerow([cell(one.name), *row, f"{one.total:g}", cell("; ".join(one.remarks))])


def cell(text: str) -> str:
    """`text` for a cell of a CSV: quoted where a spreadsheet would calculate it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def plain(text: str) -> str:
    """What `cell` made a cell of."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def show(records: list[Record], console: Console) -> None:
    """Prints each lab's totals and how the class did in each exercise, then what could not be graded."""
    for lab in sorted({record.lab for record in records if record.results}):
        of_lab = [record for record in records if record.lab == lab]
        graded = [record for record in of_lab if record.results]
        console.print(_totals(lab, of_lab, console.encoding.lower().startswith("utf")), _distribution(lab, graded))
    for record in records:
        for note in record.notes:
            console.print(f"[cyan]note[/] {escape(record.student)}, {escape(record.file)}: {escape(note)}")
    for record in records:
        if record.problem:
            console.print(
                f"[red]not graded[/] {escape(record.student)}, {escape(record.file)}: {escape(record.problem)}"
            )


def _totals(lab: str, records: list[Record], signs: bool) -> Table:
    table = Table(title=f"{lab}: {len(records)} submissions")
    table.add_column("student")
    table.add_column("points", justify="right")
    table.add_column("of", justify="right")
    table.add_column("exercises")
    for record in records:
        if record.problem:
            table.add_row(escape(record.student), "", "", "not graded")
            continue
        marks = "".join(result.mark for result in record.results)
        marks = marks if signs else marks.translate(PLAIN)
        table.add_row(escape(record.student), f"{record.counted:g}", f"{record.maximum:g}", marks)
    return table


def _distribution(lab: str, records: list[Record]) -> Table:
    table = Table(title=f"{lab}: which exercise did the class fail?")
    table.add_column("exercise")
    for heading in ("mean", "of", "all points", "some", "none", "not attempted"):
        table.add_column(heading, justify="right")
    for place, result in enumerate(records[0].results):
        column = [record.results[place] for record in records]
        kinds = Counter(_kind(one) for one in column)
        mean = sum(one.points for one in column) / len(column)
        counts = [str(kinds[kind]) for kind in ("all", "some", "none", "not attempted")]
        table.add_row(result.exercise, f"{mean:.2f}", f"{result.maximum:g}", *counts)
    return table


def _kind(result: Result) -> str:
    if result.status in ("blank", "missing"):
        return "not attempted"
    if result.points >= result.maximum:
        return "all"
    return "some" if result.points else "none"
