"""What learning platforms and spreadsheets import, and what tells a teacher what to teach again."""

import csv
import zipfile

import openpyxl
import pytest

from labs_utils.errors import LabsError
from labs_utils.exercises.checking import Result
from labs_utils.grading import exports, feedback, gradebook, items
from labs_utils.grading.gradebook import Record
from labs_utils.grading.roster import Person

LAB = "98_sample"


def record(student, points, platform="", id="", handle="", message=""):
    result = Result("double", "passed" if points == 2 else "failed", points, 2, (message,) if message else ())
    return Record(student, LAB, "x.ipynb", results=(result,), platform=platform, id=id, handle=handle)


def table(path, separator=","):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def with_pages(out, records):
    (out / "feedback").mkdir()
    for one in records:
        (out / "feedback" / feedback.page_name(one)).write_text(one.student)
    return records


def test_moodle_gets_its_own_ids_and_folders_back(tmp_path):
    handle = "Ann Lee_123_assignsubmission_file_"
    records = with_pages(tmp_path, [record("Ann Lee", 1.5, "moodle", "123", handle)])
    sheet, archive = exports.moodle(tmp_path, records, ())
    heading, row = table(sheet)
    assert row == ["Participant 123", "Ann Lee", "1.5", "2", "-"]
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(heading), "Moodle refuses a sheet without them"
    assert zipfile.ZipFile(archive).namelist() == [f"{handle}/feedback.html"]


def test_canvas_gets_the_rows_of_its_gradebook_and_its_names_back(tmp_path):
    records = with_pages(tmp_path, [record("Ann Lee", 1.5, "canvas", "12", "leeann_LATE_12_3456_x.ipynb")])
    row = {"Student": "Lee, Ann", "ID": "12", "SIS User ID": "s12", "SIS Login ID": "ann", "Section": "A", "Old": "3"}
    sheet, archive = exports.canvas(tmp_path, records, (Person("Ann Lee", frozenset(), row),))
    assert table(sheet) == [[*exports.CANVAS_COLUMNS, LAB], ["Lee, Ann", "12", "s12", "ann", "A", "1.5"]]
    assert zipfile.ZipFile(archive).namelist() == ["leeann_LATE_12_3456_x.html"]


def test_without_the_platforms_ids_there_is_one_sentence(tmp_path):
    for kind in ("moodle", "canvas"):
        with pytest.raises(LabsError, match="needs the ids"):
            exports.KINDS[kind](tmp_path, [record("ann", 1)], ())


def test_numbers_are_numbers_in_every_language(tmp_path):
    records = [record("=1+1", 1.5), record("bob", 2)]
    (path,) = exports.spreadsheet(tmp_path, records, (Person("cy", frozenset(), {}),))
    sheet = openpyxl.load_workbook(path).active
    assert [[one.value for one in row] for row in sheet] == [
        ["student", LAB, "total"], ["=1+1", 1.5, 1.5], ["bob", 2, 2], ["cy", None, 0],
    ]  # fmt: skip
    assert sheet["A2"].data_type == "s", "no formula"
    (path,) = exports.semicolons(tmp_path, records, ())
    assert table(path, ";")[1] == ["'=1+1", "1,5", "1,5"]


def test_the_item_table_tells_the_share_and_the_usual_message_with_its_students(tmp_path):
    said = "  Values on a batch. Expected {}, got 2."
    records = [
        record("ann", 1, message=said.format(1.5)),
        record("bob", 1, message=said.format(7)),
        record("cy", 0, message="  Values on a batch. Another thing."),
        record("dee", 2),
    ]
    items.write(tmp_path / "items.csv", records)
    exercise, check = (dict(zip(items.COLUMNS, row, strict=True)) for row in table(tmp_path / "items.csv")[1:])
    assert (exercise["failed"], exercise["share"], exercise["students"]) == ("3", "0.75", "ann, bob, cy")
    assert (check["check"], check["failed"], check["students"]) == ("Values on a batch", "3", "ann, bob")
    assert check["most frequent message"] == "Expected 1.5, got 2."


def test_a_row_a_student_keeps_those_without_points(tmp_path):
    broken = Record("cy", "", "cy.ipynb", problem="it is damaged")
    gradebook.write_students(tmp_path / "s.csv", [record("ann", 1.5), broken], ["dee"])
    assert table(tmp_path / "s.csv")[1:] == [
        ["ann", "1.5", "1.5", ""],
        ["cy", "", "0", "not graded: cy.ipynb: it is damaged"],
        ["dee", "", "0", "nothing handed in"],
    ]
