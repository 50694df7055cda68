"""One exercise or one student graded again; a report over several runs; nothing lost by a crash."""

import csv
import os
import signal
import subprocess
import sys

import pytest

from labs_utils import course, files
from labs_utils.errors import LabsError
from labs_utils.grading import attempts, class_run, gradebook, released
from labs_utils.grading.gradebook import Record
from labs_utils.grading.intake import Submission
from tests.grading import sample
from tests.grading.conftest import points
from tests.grading.sample import hand_in

SQUARE = "def double(x):\n    return x ** 2"


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def count_jobs(monkeypatch):
    """The answers of all jobs that are graded from now on."""
    real, seen = class_run.runner.grade, []
    monkeypatch.setattr(class_run.runner, "grade", lambda job: seen.append(sorted(job.answers)) or real(job))
    return seen


def changed(text, exercise, points):
    """A results.jsonl in which everybody who passed an exercise has so many points for it."""
    passed = f'"exercise": "{exercise}", "status": "passed", "points": '
    assert f"{passed}2," in text
    return text.replace(f"{passed}2,", f"{passed}{points},")


def mend_the_lab(sample_course):
    """As a teacher does before grading again: the lab's fingerprint changes."""
    source = sample_course / "solutions" / f"{sample.LAB}.py"
    source.write_text(source.read_text("utf-8").replace(sample.SECRET, "renamed"), "utf-8")
    released.load.cache_clear()


def test_one_exercise_is_graded_again_and_the_rest_stays(grade, submissions, tmp_path, monkeypatch, sample_course):
    hand_in(submissions, "ann", double=SQUARE)
    hand_in(submissions, "bob", mean="def mean(x):\n    return 0")
    before = {record.student: points(record) for record in grade()}
    results = tmp_path / "report" / gradebook.RESULTS
    text = results.read_text("utf-8")
    wrong = changed(changed(text, "quadruple", 0), "mean", 1)
    results.write_text(wrong, "utf-8")
    mend_the_lab(sample_course)
    seen = count_jobs(monkeypatch)
    after = {record.student: points(record) for record in grade(exercise="quadruple")}
    assert after["ann"] == before["ann"] | {"mean": 1}, "quadruple is mended, mean stays as the book has it"
    assert after["bob"] == before["bob"]
    assert {"double", "quadruple"} in map(set, seen) and not any("mean" in names for names in seen[1:])
    seen.clear()
    assert {record.student: points(record) for record in grade()} == after and not seen, "nothing is left to grade"


def test_an_exercise_of_a_new_submission_means_the_whole_of_it(grade, submissions):
    hand_in(submissions, "ann")
    grade()
    hand_in(submissions, "bob", double=SQUARE)
    assert {record.student: points(record) for record in grade(exercise="mean")} == {
        "ann": sample.POINTS,
        "bob": sample.POINTS | {"double": 0},
    }


def test_one_student_is_graded_again_and_the_others_stay(grade, submissions, tmp_path, monkeypatch):
    for student in ("ann", "bob"):
        hand_in(submissions, student)
    grade()
    hand_in(submissions, "bob", double=SQUARE)
    hand_in(submissions, "cy")
    seen = count_jobs(monkeypatch)
    assert [record.student for record in grade(student="Bob")] == ["bob"]
    assert len(seen) == 2, "the reference and bob"
    totals = {row["student"]: row["total"] for row in rows(tmp_path / "report" / gradebook.STUDENTS)}
    assert totals == {"ann": "9", "bob": "7"}


def test_who_or_what_is_not_there_is_one_sentence(grade, submissions):
    hand_in(submissions, "ann")
    with pytest.raises(LabsError, match="--student bob: nobody .* there are ann"):
        grade(student="bob")
    with pytest.raises(LabsError, match="--exercise treble: no lab .* there are double, quadruple"):
        grade(exercise="treble")


def test_the_same_name_in_two_runs_is_one_row_and_it_is_said(grade, submissions, tmp_path):
    hand_in(submissions, "ann", double=SQUARE)
    hand_in(submissions, "bob")
    grade()
    hand_in(tmp_path / "late", "ann")
    (record,) = grade(tmp_path / "late")
    assert record.notes == (f"ann/{sample.LAB}.ipynb was graded under this name before (7 points); this one counts",)
    totals = {row["student"]: row["total"] for row in rows(tmp_path / "report" / gradebook.STUDENTS)}
    assert totals == {"ann": "9", "bob": "9"}
    first, _ = grade()
    assert first.points == 7 and "(9 points); this one counts" in first.notes[0], "the last run counts"
    assert rows(tmp_path / "report" / gradebook.STUDENTS)[0]["total"] == "7"
    grade(tmp_path / "late")
    hand_in(tmp_path / "third", "cy")
    grade(tmp_path / "third")
    assert rows(tmp_path / "report" / gradebook.STUDENTS)[0]["total"] == "9", "and it still counts after another run"


def test_two_people_of_one_name_in_two_runs_keep_two_rows():
    known = [Record("Ann Lee", sample.LAB, "a", platform="canvas", id="12")]
    handed_in = [Submission("Ann Lee", "a", b"", 0, platform="canvas", id=one) for one in ("99", "12")]
    new, same = attempts.told_apart(handed_in, known)
    assert new.student == "Ann Lee (99)" and "id 12" in new.notes[0]
    assert same.student == "Ann Lee" and not same.notes


def test_what_is_no_longer_handed_in_keeps_its_row(grade, submissions, tmp_path):
    hand_in(submissions, "ann")
    path = hand_in(submissions, "bob")
    grade()
    path.unlink()
    path.parent.rmdir()
    assert [record.student for record in grade()] == ["ann"]
    assert [row["student"] for row in rows(tmp_path / "report" / gradebook.STUDENTS)] == ["ann", "bob"]
    assert list((tmp_path / "report" / "feedback").glob("bob-*.html"))


def test_another_lab_with_the_same_report_adds(grade, submissions, tmp_path, sample_course, monkeypatch):
    hand_in(submissions, "ann")
    grade()
    results = tmp_path / "report" / gradebook.RESULTS
    other = results.read_text("utf-8").replace(f'"lab": "{sample.LAB}"', '"lab": "97_other"')
    results.write_text(other, "utf-8")
    grade()
    (row,) = rows(tmp_path / "report" / gradebook.STUDENTS)
    assert (row["97_other"], row[sample.LAB], row["total"]) == ("9", "9", "18")
    assert (tmp_path / "report" / "items.html").read_text("utf-8").count('class="lab"') == 2


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("old")
    with pytest.raises(ValueError), files.whole(path) as beside:
        beside.write_text("half")
        raise ValueError
    assert path.read_text() == "old" and [one.name for one in tmp_path.iterdir()] == ["book.csv"]
    with files.whole(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"


def test_a_process_killed_while_it_writes_leaves_the_old_file(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text("old")
    code = (
        "import os, signal, sys; from pathlib import Path; from labs_utils import files\n"
        "with files.whole(Path(sys.argv[1])) as beside:\n"
        "    beside.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"PYTHONPATH": str(course.ROOT)}
    done = subprocess.run([sys.executable, "-c", code, path], env=environment, timeout=120)
    assert done.returncode == -signal.SIGKILL and path.read_text() == "old"
