"""Points for open questions: given in a spreadsheet, found again in every table and page."""

import csv

import pytest

from labs_utils.errors import LabsError
from labs_utils.grading import exports, gradebook, questions
from tests.grading import sample
from tests.grading.sample import cells, hand_in, notebook, text_cell

ANSWER = '- "twice", she said;\n=1+1'
TALK = text_cell(f"## Discussion\n\n1. Why is twice\n   twice?\n\n{ANSWER}\n\n2. Why not thrice?")


def rows(path, separator=","):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def fill_in(path, separator=",", **points):
    """What a person does: points (and a comment) for question 1, by student."""
    table = rows(path)
    for row in table:
        if row["question"] == "1" and row["student"] in points:
            row["points"], row["of"], row["comment"] = points[row["student"]]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, questions.COLUMNS, delimiter=separator)
        writer.writeheader()
        writer.writerows(table)


@pytest.fixture
def graded(grade, submissions, tmp_path):
    for student in ("ann", "bob"):
        hand_in(submissions, student, notebook([*cells(), TALK]))
    hand_in(submissions, "cy")
    grade()
    return tmp_path / "report"


def test_the_template_has_a_row_for_each_student_and_question(graded):
    table = rows(graded / questions.OPEN)
    assert [(row["question"], row["student"]) for row in table] == [(q, s) for q in "12" for s in ("ann", "bob", "cy")]
    assert {row["points"] for row in table} == {""} and {row["of"] for row in table} == {"1"}
    assert table[0]["answer"] == f"'{ANSWER}", "an answer is no formula"
    assert all(row["answer"] == "" for row in table if row["student"] == "cy" or row["question"] == "2")
    assert {row[sample.LAB] for row in rows(graded / gradebook.STUDENTS)} == {"9"}, "nothing counts yet"


@pytest.mark.parametrize(("separator", "half"), [(",", "1.5"), (";", "1,5")])
def test_points_come_back_into_every_table_and_page(graded, grade, separator, half):
    fill_in(graded / questions.OPEN, separator, ann=(half, "2", "Nearly <right>."))
    records = {record.student: record for record in grade(exports=("xlsx", "csv"))}
    assert {record.points for record in records.values()} == {9}, "the results themselves stay"
    totals = {row["student"]: row[sample.LAB] for row in rows(graded / gradebook.STUDENTS)}
    assert totals == {"ann": "10.5", "bob": "9", "cy": "9"}
    book = [row for row in rows(graded / gradebook.GRADEBOOK) if row["exercise"] == "question 1"]
    assert [(row["student"], row["points"], row["maximum"], row["status"]) for row in book] == [
        ("ann", "1.5", "2", "marked"),
        ("cy", "0", "2", "no answer"),
    ], "bob's answer waits for points"
    assert rows(graded / "students-comma.csv", ";")[0]["total"] == "10,5"
    (page,) = (graded / "feedback").glob("ann-*.html")
    page = page.read_text("utf-8")
    assert "✘" not in page, "half the points of a question are no failure"
    assert "10.5 of 11 points" in page and "Question 1 · 1.5/2" in page and "Nearly &lt;right&gt;." in page
    kept = rows(graded / questions.OPEN)[0]
    assert (kept["points"], kept["of"], kept["comment"]) == ("1.5", "2", "Nearly <right>.")
    assert kept["answer"] == f"'{ANSWER}"


def test_an_export_for_a_platform_has_them_too(graded, grade, submissions):
    moodle = submissions / "Dee Lee_7_assignsubmission_file_" / "x_98.ipynb"
    moodle.parent.mkdir()
    moodle.write_bytes(notebook([*cells(), TALK]))
    grade()
    fill_in(graded / questions.OPEN, **{"Dee Lee": ("1", "2", "")})
    records = grade()
    marks = questions.read(graded / questions.OPEN)
    sheet, _ = exports.moodle(graded, questions.marked(records, marks), ())
    assert [row["Grade"] for row in rows(sheet)] == ["10"]


@pytest.mark.parametrize(
    ("points", "of", "sentence"),
    [
        ("two", "2", "row 2: points is 'two': write a number"),
        ("nan", "2", "row 2: points is 'nan'"),
        ("-1", "2", "row 2: points is '-1'"),
        ("3", "2", "row 2: 3 points of 2: write a number from 0"),
        ("1", "many", "row 2: of is 'many'"),
        ("0", "0", "row 2: 0 points of 0"),
    ],
)
def test_a_bad_value_is_one_sentence_before_anything_is_graded(graded, grade, submissions, points, of, sentence):
    fill_in(graded / questions.OPEN, ann=(points, of, ""))
    hand_in(submissions, "dee")
    before = (graded / gradebook.RESULTS).read_bytes()
    with pytest.raises(LabsError) as error:
        grade()
    assert sentence in str(error.value) and "\n" not in str(error.value)
    assert (graded / gradebook.RESULTS).read_bytes() == before


def test_points_for_nobody_and_points_twice_are_said(graded, grade):
    path = graded / questions.OPEN
    whole = path.read_text("utf-8-sig")
    path.write_text(whole + f"annn,{sample.LAB},1,1,1,,\r\n", "utf-8")
    with pytest.raises(LabsError, match=f"nobody called annn handed in {sample.LAB}"):
        grade()
    path.write_text(whole + f"ann,{sample.LAB},1,1,1,,\r\n", "utf-8")
    with pytest.raises(LabsError, match="ann and question 1 were in row 2; delete one"):
        grade()
    path.write_text("name,points\nann,1\n", "utf-8")
    with pytest.raises(LabsError, match="has no column student"):
        grade()


def test_what_somebody_filled_in_is_never_thrown_away(graded, grade, tmp_path):
    fill_in(graded / questions.OPEN, ann=("1", "2", "yes"))
    hand_in(tmp_path / "late", "dee", notebook([*cells(), TALK]))
    grade(tmp_path / "late")
    table = {(row["student"], row["question"]): row for row in rows(graded / questions.OPEN)}
    assert table["ann", "1"]["comment"] == "yes" and table["dee", "1"]["points"] == ""
    assert {row["student"]: row["total"] for row in rows(graded / gradebook.STUDENTS)}["ann"] == "10"
