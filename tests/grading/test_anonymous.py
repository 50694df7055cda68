"""An anonymous report holds no name in any file; the key beside it brings the names back."""

import csv
import io
import os
import zipfile

import pytest

from labs_utils.errors import LabsError
from labs_utils.grading import anonymous, gradebook, intake, questions
from labs_utils.grading.roster import Person
from tests.grading import sample
from tests.grading.sample import BLANK, cells, hand_in, notebook, text_cell

SIGNED = text_cell("## Discussion\n\n1. Why is twice\n   twice?\n\nBecause. Ann Lee")
NAMES = ("Ann Lee", "annlee", "Bob", "Cy Ng", "Dee Fox", "4711")
ROSTER = tuple(Person(name, frozenset(), {"Email": f"{name}@x.ch"}) for name in ("Ann Lee", "Bob", "Cy Ng", "Dee Fox"))


def texts(out):
    """Path and content of every file of a report, also inside archives and workbooks."""
    for path in (path for path in out.rglob("*") if path.is_file()):
        yield path.name, path.read_bytes().decode("utf-8", "replace")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                yield from ((name, archive.read(name).decode("utf-8", "replace")) for name in archive.namelist())


def key(out):
    with anonymous.key_of(out).open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row["code"] for row in csv.DictReader(file)}


@pytest.fixture
def anonymous_report(grade, submissions, tmp_path):
    hand_in(submissions, "Ann Lee", notebook([*cells(), SIGNED]))
    old = submissions / "Ann Lee" / "Ann Lee old.ipynb"
    old.write_bytes(notebook(cells(**BLANK)))
    os.utime(old, (1e9, 1e9))
    (submissions / "annlee_4711_123456_98_sample.ipynb").write_bytes(notebook(cells()))
    hand_in(submissions, "Bob", b"{")
    grade(anonymous=True, exports=("xlsx", "csv"), rules=intake.Rules(people=ROSTER))
    return tmp_path / "report"


def test_no_file_of_the_report_holds_a_name(anonymous_report):
    seen = list(texts(anonymous_report))
    assert {"results.jsonl", "items.html", "index.html", "students.xlsx"} <= {name for name, _ in seen}
    for name, text in seen:
        for person in NAMES:
            assert person.lower() not in f"{name} {text}".lower(), f"{person} in {name}"
    codes = key(anonymous_report)
    assert set(codes) == {"Ann Lee", "Ann Lee (4711)", "Bob", "Cy Ng", "Dee Fox"}
    assert len(set(codes.values())) == 5
    book = (anonymous_report / gradebook.STUDENTS).read_text("utf-8-sig")
    assert all(code in book for code in codes.values())


def test_codes_stay_and_the_names_come_back(anonymous_report, grade, submissions, tmp_path):
    before = key(anonymous_report)
    path = anonymous_report / questions.OPEN
    code = before["Ann Lee"]
    path.write_text(path.read_text("utf-8-sig").replace(f"{code},{sample.LAB},1,,1", f"{code},{sample.LAB},1,1,1"))
    rules = intake.Rules(people=ROSTER)
    hand_in(submissions, "Cy Ng")
    grade(anonymous=True, rules=rules)
    assert key(anonymous_report) == before
    totals = (anonymous_report / gradebook.STUDENTS).read_text("utf-8-sig")
    assert f"{code},10,10" in totals and "Cy Ng" not in totals
    records = {record.student: record for record in grade(rules=rules)}
    assert set(records) == {"Ann Lee", "Ann Lee (4711)", "Bob", "Cy Ng"}
    totals = (anonymous_report / gradebook.STUDENTS).read_text("utf-8-sig")
    assert "Ann Lee,10,10" in totals and not any(code in totals for code in before.values())
    assert not [page for page in (anonymous_report / "feedback").iterdir() if page.name.startswith(code)]
    with pytest.raises(LabsError, match="holds names already"):
        grade(anonymous=True, rules=rules)


def test_a_report_with_names_is_not_made_anonymous(grade, submissions, tmp_path):
    hand_in(submissions, "Ann Lee")
    grade()
    with pytest.raises(LabsError, match="holds names already"):
        grade(anonymous=True)


def test_the_key_beside_a_report_among_the_submissions_is_nobodys(grade, submissions):
    hand_in(submissions, "Ann Lee")
    for _ in range(2):
        assert len(grade(out=submissions / "report", anonymous=True)) == 1
    assert (submissions / "report-names.csv").is_file()
