"""Lateness costs what a rule says, and nothing without one; what was earned stays to be seen."""

import csv
import os

import pytest

from labs_utils.commands import grade as grade_command
from labs_utils.errors import LabsError
from labs_utils.grading import gradebook
from labs_utils.grading.lateness import Rule
from tests.grading import sample
from tests.grading.sample import hand_in

DUE, HOUR, DAY = 1e9, 3600, 86400


@pytest.mark.parametrize(
    ("rule", "late", "less"),
    [
        ("10% a day", 1, 0.1),
        ("10% a day", DAY, 0.1),
        ("10% a day", DAY + 1, 0.2),
        ("10% a day", 30 * DAY, 1),
        ("10 % per day, at most 50 %", 30 * DAY, 0.5),
        ("2,5% an hour, at most 40%", 3 * HOUR, 0.075),
        ("20% each week, after 2 days", 2 * DAY, 0),
        ("20% each week, after 2 days", 2 * DAY + 1, 0.2),
        ("10% A DAY, at most 50%, after 15 minutes", 15 * 60, 0),
    ],
)
def test_a_rule_in_words(rule, late, less):
    assert Rule.read(rule).less(late) == pytest.approx(less)


@pytest.mark.parametrize(
    "text", ["", "10", "10%", "a lot", "10 a day", "110% a day", "0% a day", "10% a day at most 5"]
)
def test_what_is_no_rule_is_one_sentence(text):
    with pytest.raises(LabsError, match="write it like '10% a day, at most 50%, after 15 minutes'"):
        Rule.read(text)


def test_the_command_wants_a_deadline_with_a_rule(submissions, tmp_path, bwrap):
    import argparse

    parser = argparse.ArgumentParser()
    grade_command.add_arguments(parser)
    parser.format_help()
    with pytest.raises(LabsError, match="--late needs --deadline"):
        grade_command.run(parser.parse_args([str(submissions), "--out", str(tmp_path / "r"), "--late", "10% a day"]))


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_and_the_page_show_what_was_earned_and_what_counts(grade, submissions, tmp_path):
    for student, late in (("ann", 1.5 * DAY), ("bob", -60)):
        os.utime(hand_in(submissions, student), (DUE + late, DUE + late))
    rule = Rule.read("10% a day, at most 50%")
    ann, bob = grade(deadlines={"": DUE}, late=rule)
    assert (ann.points, ann.counted, bob.counted) == (9, 7.2, 9)
    out = tmp_path / "report"
    book = [row for row in rows(out / gradebook.GRADEBOOK) if row["student"] == "ann"]
    assert sum(float(row["points"]) for row in book[:-1]) == 9
    assert (book[-1]["exercise"], book[-1]["points"], book[-1]["status"]) == ("late", "-1.8", "20% less")
    totals = {row["student"]: row for row in rows(out / gradebook.STUDENTS)}
    assert totals["ann"][sample.LAB] == "7.2" and totals["bob"][sample.LAB] == "9"
    assert "20% less (10% a day, at most 50%)" in totals["ann"]["remarks"]
    (page,) = (out / "feedback").glob("ann-*.html")
    page = page.read_text("utf-8")
    assert "7.2 of 9 points" in page and "9 earned, 7.2 counted" in page and "20% less (10% a day" in page
    again, _ = grade(deadlines={"": DUE})
    assert again.counted == 9, "without the rule nothing is lost"
    late_folder = tmp_path / "more"
    hand_in(late_folder, "cy")
    grade(deadlines={"": DUE}, late=rule)
    grade(late_folder)
    assert {row["student"]: row["total"] for row in rows(out / gradebook.STUDENTS)}["ann"] == "7.2", "it stays"
