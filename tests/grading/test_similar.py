"""Answers that are the same but for names and formatting are listed; nothing else is, and nobody is accused."""

import re

import pytest

from labs_utils.exercises.checking import Result
from labs_utils.grading import report, similar
from labs_utils.grading.gradebook import Record
from tests.grading import sample
from tests.grading.sample import cells, hand_in, notebook

ONE = '''@lab.exercise(points=2)
def mean(x):
    """The mean of x."""
    total = 0.0
    count = 0
    for value in np.ravel(x):  # one by one
        total = total + value
        count = count + 1
    if count == 0:
        raise ValueError("nothing")
    return total / count
'''
RENAMED = """import os
@lab.exercise(points=2)
def mean(data: list) -> float:
    s = 0.0
    n: int = 0
    for element in np.ravel(data):
        s = s + element
        n = (n
             + 1)
    if n == 0: raise ValueError('nothing')
    return s / n
"""


def record(student, code, status="passed", exercise="mean"):
    result = Result(exercise, status, 2, 2)
    return Record(student, "97_other", "x", results=(result,), answers={exercise: code})


def names(records):
    return [[student for student, _ in group.answers] for group in similar.groups(records)]


def test_names_comments_annotations_and_formatting_do_not_matter():
    assert similar.form(ONE) == similar.form(RENAMED) != ""
    assert names([record("ann", ONE), record("bob", RENAMED)]) == [["ann", "bob"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [("total / count", "count / total"), ("+ 1", "+ 2"), ("np.ravel", "np.sort"), ("== 0", "!= 0")],
)
def test_what_differs_in_anything_else_is_not_alike(old, new):
    assert old in ONE
    other = record("cy", ONE.replace(old, new))
    assert names([record("ann", ONE), record("bob", RENAMED), other]) == [["ann", "bob"]]


def test_what_is_short_blank_or_written_by_many_is_left_out():
    short = "def double(x):\n    return 2 * x"
    assert names([record("ann", short), record("bob", short)]) == []
    assert names([record("ann", ONE, "blank"), record("bob", ONE, "blank")]) == []
    many = [record(f"s{number}", ONE) for number in range(similar.FEW + 1)]
    assert names(many[:-1]) and not names(many)
    assert names([record("ann", "def (", "broken"), record("bob", "def (", "broken")]) == []


def test_the_reference_is_nobodys(sample_course, monkeypatch):
    monkeypatch.setattr(similar, "SHORTEST", 5)
    reference = {"mean": "def mean(y):\n    return np.mean(y)"}
    passed = (Result("mean", "passed", 2, 2),)
    alike = [Record(name, sample.LAB, "x", results=passed, answers=reference) for name in "ab"]
    assert names(alike) == []


def test_the_page_is_written_only_when_asked_for_and_accuses_nobody(grade, submissions, tmp_path):
    for student, code in (("ann", ONE), ("bob", RENAMED.removeprefix("import os\n"))):
        hand_in(submissions, student, notebook(cells(mean=code.split("\n", 1)[1])))
    grade()
    page, index = tmp_path / "report" / similar.PAGE, tmp_path / "report" / report.INDEX
    assert not page.exists() and similar.PAGE not in index.read_text("utf-8")
    grade(similar=True)
    text = page.read_text("utf-8")
    assert "mean · 2 answers" in text and "ann" in text and "bob" in text and similar.PAGE in index.read_text("utf-8")
    assert not re.search(r"copied|plagiar|cheat|fraud|suspect", text, re.IGNORECASE)
    grade()
    assert not page.exists()
