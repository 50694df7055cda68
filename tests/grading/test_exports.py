"""What learning platforms and spreadsheets import, and what tells a teacher what to teach again."""

import csv
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from labs_utils.errors import LabsError
from labs_utils.exercises.checking import Result
from labs_utils.grading import exports, feedback, gradebook, items, report
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


def item_class():
    said = "  Values on a batch. Expected {}, got 2."
    return [
        record("ann", 1, message=said.format(1.5)),
        record("bob", 1, message=said.format(7)),
        record("cy <b>", 0, message="  Values on a batch. Another thing."),
        record("dee", 2),
    ]


def test_the_item_table_tells_the_share_and_the_usual_message_with_its_students(tmp_path):
    items.write(tmp_path, item_class())
    exercise, check = (dict(zip(items.COLUMNS, row, strict=True)) for row in table(tmp_path / items.ITEMS)[1:])
    assert (exercise["failed"], exercise["share"], exercise["students"]) == ("3", "0.75", "ann, bob, cy <b>")
    assert (check["check"], check["failed"], check["students"]) == ("Values on a batch", "3", "ann, bob")
    assert check["most frequent message"] == "Expected 1.5, got 2."


def test_the_item_page_shows_bars_with_text_and_the_messages_with_their_students(tmp_path):
    items.write(tmp_path, item_class())
    page = (tmp_path / items.PAGE).read_text("utf-8")
    bars = re.findall(r'<svg role="img"[^>]*aria-label="([^"]+)".*?<rect width="([\d.]+)" height="12" fill="#d', page)
    assert bars == [("3 of 4", "120.0")] * 2, "the exercise and its check, each with its share in words"
    assert page.index("Expected 1.5, got 2.") < page.index("ann, bob") < page.index("Another thing.")
    assert "cy &lt;b&gt;" in page and "cy <b>" not in page and "<script" not in page


def test_the_item_page_counts_wrong_letters_and_why_no_check_ran(tmp_path):
    def chose(student, letter):
        return replace(record(student, 0, message=f"  Your answer. {letter!r} is not it: because."), lab=LAB)

    blank = Record("dee", LAB, "x", results=(Result("double", "blank", 0, 2),))
    (item,) = items.of([chose("ann", "c"), chose("bob", "a"), chose("cy", "c"), blank, record("eve", 2)])
    assert item.letters == {"c": 2, "a": 1} and item.submissions == 5 and item.mean == 0.4
    assert [(check.title, check.failed) for check in item.checks] == [("Your answer", 3), ("not attempted", 1)]
    assert item.checks[0].messages[0].students == ["ann", "cy"]


def test_the_item_page_names_the_checks_that_nobody_failed(sample_course):
    (item,) = items.of([record("ann", 1, message="  Negative numbers. No.")])
    assert item.passed == [title for title in items._titles(LAB, "double") if title != "Negative numbers"]
    assert len(item.passed) == len(items._titles(LAB, "double")) - 1 >= 1


def test_the_index_leads_to_every_page_and_names_everybody(tmp_path):
    absent = Person("fay", frozenset(), {})
    broken = Record("cy", "", "cy.ipynb", problem="it is damaged")
    records = [record("ann", 1.5), broken]
    report.write(tmp_path, records, (absent,), ("xlsx",))
    page = (tmp_path / report.INDEX).read_text("utf-8")
    targets = re.findall(r'href="([^"#]+)"', page)
    assert all((tmp_path / target).is_file() for target in targets)
    assert {"items.html", "students.csv", "students.xlsx"} <= set(targets)
    assert "ann" in page and "it is damaged" in page and "fay" in page and "nothing handed in" in page


def test_a_row_a_student_keeps_those_without_points(tmp_path):
    broken = Record("cy", "", "cy.ipynb", problem="it is damaged")
    gradebook.write_students(tmp_path / "s.csv", [record("ann", 1.5), broken], ["dee"])
    assert table(tmp_path / "s.csv")[1:] == [
        ["ann", "1.5", "1.5", ""],
        ["cy", "", "0", "not graded: cy.ipynb: it is damaged"],
        ["dee", "", "0", "nothing handed in"],
    ]
