"""A report in the forms that learning platforms and spreadsheets import: grades with their ids, feedback as a zip."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl

from labs_utils import files
from labs_utils.errors import LabsError
from labs_utils.grading.feedback import page_name
from labs_utils.grading.gradebook import Record, cell, labs_of, students, table
from labs_utils.grading.roster import Person

CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def moodle(out: Path, records: list[Record], people: tuple[Person, ...]) -> list[Path]:
    """For each lab a grading worksheet (Assignment → Upload grading worksheet) and a zip of feedback files.

    The ids come from the names of Moodle's own download: they are of one assignment, so no class list has them.

    Raises:
        LabsError: nothing came from Moodle.
    """
    written = []
    for lab, ours in _of_platform(records, "moodle").items():
        path = out / f"moodle-{lab}.csv"
        rows = [
            [f"Participant {one.id}", cell(one.student), f"{one.counted:g}", f"{one.maximum:g}", "-"] for one in ours
        ]
        _table(path, ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"], rows)
        written += [path, _feedback(out, "moodle", lab, ours, lambda one: f"{one.handle}/feedback.html")]
    return written


def canvas(out: Path, records: list[Record], people: tuple[Person, ...]) -> list[Path]:
    """A gradebook to import (Grades → Import) and for each lab a zip of feedback (SpeedGrader's upload of submissions).

    Raises:
        LabsError: nothing came from Canvas.
    """
    by_lab = _of_platform(records, "canvas")
    labs = labs_of(records)
    rows_of = {person.name: person.row for person in people}
    ids = {one.student: one.id for ours in by_lab.values() for one in ours}
    rows = []
    for one in students(records):
        known = {"Student": one.name, "ID": ids.get(one.name, "")} | {
            key: value for key, value in rows_of.get(one.name, {}).items() if key in CANVAS_COLUMNS and value
        }
        row = [cell(known.get(column, "")) for column in CANVAS_COLUMNS]
        rows.append([*row, *(f"{one.points[lab]:g}" if lab in one.points else "" for lab in labs)])
    path = out / "canvas.csv"
    _table(path, [*CANVAS_COLUMNS, *labs], rows)
    return [path, *(_feedback(out, "canvas", lab, ours, _canvas_name) for lab, ours in by_lab.items())]


def spreadsheet(out: Path, records: list[Record], people: tuple[Person, ...]) -> list[Path]:
    """students.xlsx: numbers that are numbers in every language of a spreadsheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    labs = labs_of(records)
    sheet.append(["student", *labs, "total"])
    for one in students(records, (person.name for person in people)):
        sheet.append([None, *(one.points.get(lab) for lab in labs), one.total])
        name = sheet.cell(sheet.max_row, 1)
        name.value, name.data_type = one.name, "s"  # a name is never a formula
    path = out / "students.xlsx"
    with files.whole(path) as beside:
        book.save(beside)
    return [path]


def semicolons(out: Path, records: list[Record], people: tuple[Person, ...]) -> list[Path]:
    """students-comma.csv, for a spreadsheet in French or German: semicolons between cells, 1,5 for 1.5."""
    labs = labs_of(records)
    path = out / "students-comma.csv"
    rows = []
    for one in students(records, (person.name for person in people)):
        numbers = [*(f"{one.points[lab]:g}" if lab in one.points else "" for lab in labs), f"{one.total:g}"]
        rows.append([cell(one.name), *(number.replace(".", ",") for number in numbers)])
    _table(path, ["student", *labs, "total"], rows, ";")
    return [path]


KINDS: dict[str, Callable[[Path, list[Record], tuple[Person, ...]], list[Path]]] = {
    "moodle": moodle,
    "canvas": canvas,
    "xlsx": spreadsheet,
    "csv": semicolons,
}


def _of_platform(records: list[Record], platform: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        if record.platform == platform and record.results:
            found.setdefault(record.lab, []).append(record)
    if not found:
        raise LabsError(
            f"--export {platform} needs the ids in the names of {platform.capitalize()}'s own download: "
            "grade that zip as it is, or take --export xlsx"
        )
    return found


def _canvas_name(record: Record) -> str:
    return f"{record.handle.rsplit('.ipynb', 1)[0]}.html"


def _feedback(out: Path, platform: str, lab: str, records: list[Record], name: Callable[[Record], str]) -> Path:
    path = out / f"{platform}-feedback-{lab}.zip"
    with files.whole(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            page = out / "feedback" / page_name(record)
            if page.exists():
                archive.write(page, name(record))
    return path


def _table(path: Path, heading: list[str], rows: list[list[str]], separator: str = ",") -> None:
    with table(path, separator) as writer:
        writer.writerows([heading, *rows])
