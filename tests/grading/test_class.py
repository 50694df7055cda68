"""A class of thirty with known scores; partial credit, dependencies, attempts, resuming, exit status."""

import csv
import io
import json
import os

import pytest
from rich.console import Console

from labs_utils import course
from labs_utils.commands import grade as grade_command
from labs_utils.errors import LabsError
from labs_utils.exercises.checking import Result
from labs_utils.grading import class_run, gradebook, released
from tests.grading import sample
from tests.grading.conftest import points
from tests.grading.sample import BLANK, RIGHT, cells, code_cell, decorated, hand_in, notebook

FULL = 9
SQUARE = "def double(x):\n    return x ** 2"
PARTLY = "def double(x):\n    return 2 * np.abs(x)"
WITHOUT_DOUBLE = {"quadruple": "def quadruple(x):\n    return 4 * x", "shift": "def shift(x):\n    return 4 * x + 1"}


def colab(parts):
    return notebook(parts, nbformat_minor=0, metadata={"colab": {"provenance": []}, "kernelspec": {"name": "conda-x"}})


def crlf(parts):
    return notebook([part | {"source": part["source"].replace("\n", "\r\n").splitlines(True)} for part in parts])


def with_ids(parts):
    return notebook([part | {"id": "the-same"} for part in parts])


EXTRA = [
    code_cell("%matplotlib inline\n!pip install x\nx = !ls\n?print"),
    code_cell("1 / 0"),
    code_cell("import os; os._exit(1)"),
]
MAGIC = code_cell("%%time\n" + decorated("double", RIGHT["double"]) + "\n%timeit double(3)\nprint(double(2) / 0)")
HELPER = code_cell(
    "from math import fsum\nhalf = 1\ndef add(x):\n    return fsum(x) * half\n"
    + decorated("mean", "def mean(x):\n    return add(x) / len(x)")
)

# student → (data or changed answers, points by exercise where they are not full)
CLASS = {
    "all right": ({}, {}),
    "all blank": (BLANK, dict.fromkeys(RIGHT, 0)),
    "handed back the released notebook": ("released", dict.fromkeys(RIGHT, 0)),
    "partly right": ({"double": PARTLY}, {"double": 1}),
    "wrong once costs once": ({"double": SQUARE}, {"double": 0}),
    "blank once costs once": ({"double": BLANK["double"]}, {"double": 0}),
    "missing once costs once": ({"double": None}, {"double": 0}),
    "two wrong": ({"double": SQUARE, "shift": "def shift(x):\n    return quadruple(x) - 1"}, {"double": 0, "shift": 0}),
    "middle wrong": ({"quadruple": "def quadruple(x):\n    return double(x)"}, {"quadruple": 0}),
    "wrong but consistent": (
        {"double": SQUARE, "quadruple": "def quadruple(x):\n    return 2 * double(x)"},
        {"double": 0},
    ),
    "works around": ({"double": SQUARE, **WITHOUT_DOUBLE}, {"double": 0}),
    "wrong letter": ({"pick": "def pick():\n    return 'a'"}, {"pick": 0}),
    "median": ({"mean": "def mean(x):\n    return np.median(x)"}, {"mean": 0}),
    "no return": ({"mean": "def mean(x):\n    np.mean(x)"}, {"mean": 0}),
    "in place": ({"double": "def double(x):\n    x *= 2\n    return x"}, {"double": 0}),
    "stops": ({"shift": "def shift(x):\n    return undefined + x"}, {"shift": 0}),
    "a list instead of an array": ({"double": "def double(x):\n    return (2 * x).tolist()"}, {}),
    "float32": ({"double": "def double(x):\n    return np.float32(2) * x.astype('float32')"}, {}),
    "syntax error in one cell": ({"mean": "def mean(x):\n    return np.mean(x"}, {"mean": 0}),
    "reordered": (notebook([cells()[0], *cells()[:0:-1]]), {}),
    "twice, the last counts": (notebook([*cells(), code_cell(decorated("double", SQUARE))]), {"double": 0}),
    "extra cells and magic": (notebook([*EXTRA, *cells(double=None), MAGIC]), {}),
    "helpers in the same cell": (notebook([*cells(mean=None), HELPER]), {}),
    "Colab without ids": (colab(cells()), {}),
    "Windows line ends": (crlf(cells()), {}),
    "equal cell ids": (with_ids(cells()), {}),
    "byte order mark": (b"\xef\xbb\xbf" + notebook(cells()), {}),
    "UTF-16": (notebook(cells()).decode().encode("utf-16"), {}),
    'José O\'Brien "Pepe" — 学生': ({"pick": "def pick():\n    return 'é'"}, {"pick": 0}),
    "damaged": (b'{"cells": [', None),
    "empty": (b"", None),
    "not a notebook": (b"\x89PNG\r\n\x1a\n", None),
}


def hand_in_the_class(folder):
    for number, (student, (work, _)) in enumerate(CLASS.items()):
        if work == "released":
            path = hand_in(folder, student, (course.NOTEBOOKS / f"{sample.LAB}.ipynb").read_bytes())
        elif isinstance(work, bytes):
            path = hand_in(folder, student, work)
        else:
            path = hand_in(folder, student, **work)
        os.utime(path, (1e9 + number, 1e9 + number))


def test_a_class_is_graded_exactly_twice_identically(grade, submissions, tmp_path):
    hand_in_the_class(submissions)
    assert len(CLASS) >= 30
    first = {record.student: record for record in grade(out=tmp_path / "first")}
    for student, (_, lost) in CLASS.items():
        if lost is None:
            assert first[student].problem and not first[student].results
        else:
            assert points(first[student]) == sample.POINTS | lost, student
    again = {record.student: record for record in grade(out=tmp_path / "again")}
    assert again == first
    books = [(tmp_path / name / gradebook.GRADEBOOK).read_bytes() for name in ("first", "again")]
    assert books[0] == books[1]
    pages = [
        sorted((path.name, path.read_bytes()) for path in (tmp_path / name / "feedback").iterdir())
        for name in ("first", "again")
    ]
    assert pages[0] == pages[1]


def test_the_gradebook_has_a_row_for_each_exercise_and_each_problem(grade, submissions, tmp_path):
    hand_in(submissions, "Zoë O'Neil")
    hand_in(submissions, "=1+cmd|' C'!A0", mean=None)
    hand_in(submissions, "broken", b"{")
    records = grade()
    with (tmp_path / "report" / gradebook.GRADEBOOK).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == gradebook.COLUMNS
    assert len(rows) == 11
    by_student = {
        student: [row for row in rows if row["student"] == student] for student in {r["student"] for r in rows}
    }
    assert [row["status"] for row in by_student["Zoë O'Neil"]] == ["passed"] * 5
    formula = by_student["'=1+cmd|' C'!A0"]
    assert (formula[-1]["exercise"], formula[-1]["points"], formula[-1]["status"]) == ("mean", "0", "missing")
    (problem,) = by_student["broken"]
    assert "damaged" in problem["status"] and problem["points"] == "0"
    assert sum(record.points for record in records) == sum(float(row["points"]) for row in rows)


def test_a_second_run_grades_only_what_is_new(grade, submissions, tmp_path, monkeypatch):
    hand_in(submissions, "ann")
    hand_in(submissions, "bob", double=SQUARE)
    before = grade()
    results = tmp_path / "report" / gradebook.RESULTS
    lines = results.read_text("utf-8").splitlines()
    assert len(lines) == 2
    hand_in(submissions, "bob")
    hand_in(submissions, "cy", b"nothing")
    after = {record.student: record for record in grade(seed=None)}
    assert results.read_text("utf-8").splitlines()[:2] == lines
    new = [json.loads(line) for line in results.read_text("utf-8").splitlines()[2:]]
    assert [(row["student"], row["seed"]) for row in new] == [("bob", 5), ("cy", 5)], (
        "only what changed, with the same seed"
    )
    assert after["ann"] in before and after["bob"].points == FULL
    monkeypatch.setattr(class_run.runner, "grade", lambda job: pytest.fail("graded again"))
    assert {record.student: record for record in grade()} == after
    monkeypatch.undo()


def test_results_cut_short_by_a_power_failure_are_graded_again(grade, submissions, tmp_path):
    hand_in(submissions, "ann")
    hand_in(submissions, "bob")
    before = grade()
    results = tmp_path / "report" / gradebook.RESULTS
    results.write_bytes(results.read_bytes()[:-40])
    assert grade() == before
    assert len([line for line in results.read_text("utf-8").splitlines() if line]) == 3
    results.write_text("damaged\n" + results.read_text("utf-8"), "utf-8")
    with pytest.raises(LabsError, match="line 1, is damaged"):
        grade()


def test_another_seed_or_other_checks_grade_everything_anew(grade, submissions, tmp_path, monkeypatch, sample_course):
    hand_in(submissions, "ann")
    grade()
    grade(seed=6)
    source = sample_course / "solutions" / f"{sample.LAB}.py"
    source.write_text(source.read_text("utf-8").replace(sample.SECRET, "renamed"), "utf-8")
    released.load.cache_clear()
    grade()
    assert len((tmp_path / "report" / gradebook.RESULTS).read_text("utf-8").splitlines()) == 3


def test_a_hidden_seed_is_drawn_when_none_is_given(grade, submissions, tmp_path):
    hand_in(submissions, "ann")
    seeds = {grade(seed=None, out=tmp_path / str(number))[0].seed for number in range(3)}
    assert len(seeds) == 3


def test_the_latest_attempt_counts_and_it_is_said(grade, submissions):
    for hour, name in enumerate(["first try.ipynb", "98_sample.ipynb", "old.ipynb"]):
        path = submissions / "ann" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(notebook(cells(**({} if name == "98_sample.ipynb" else BLANK))))
        os.utime(path, (1e9 + 3600 * (hour % 2), 1e9 + 3600 * (hour % 2)))
    (record,) = grade()
    assert record.points == FULL and record.file == "ann/98_sample.ipynb"
    assert sum("latest of 3 attempts" in note for note in record.notes) == 2


def test_a_reference_that_fails_stops_everything(grade, submissions, tmp_path, sample_course):
    hand_in(submissions, "ann")
    source = sample_course / "solutions" / f"{sample.LAB}.py"
    source.write_text(source.read_text("utf-8").replace("np.mean(x)", "np.max(x)"), "utf-8")
    released.load.cache_clear()
    with pytest.raises(LabsError, match="reference solution of 98_sample earns only 0 of 2 points for mean"):
        grade()
    assert not (tmp_path / "report" / gradebook.GRADEBOOK).exists()


def test_the_command_reports_and_its_status_tells_whether_all_were_graded(
    sample_course, submissions, tmp_path, bwrap, capsys, monkeypatch
):
    import argparse
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(class_run, "Workers", lambda jobs, seconds: ThreadPoolExecutor(jobs))
    parser = argparse.ArgumentParser()
    grade_command.add_arguments(parser)
    hand_in(submissions, "ann [bold]x", double=SQUARE)
    arguments = parser.parse_args([str(submissions), "--out", str(tmp_path / "out"), "--seed", "3", "--lab", "98"])
    assert grade_command.run(arguments) == 0
    said = capsys.readouterr().out
    assert "ann [bold]x" in said and "which exercise did the class fail" in said and "1 of 1 submissions graded" in said
    hand_in(submissions, "bob", b"{")
    assert grade_command.run(arguments) == 3
    assert "not graded bob" in capsys.readouterr().out
    (submissions / "ann [bold]x" / f"{sample.LAB}.ipynb").write_bytes(b"{")
    assert grade_command.run(arguments) == 1, "nothing graded"


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_second_folder_adds_to_the_report_and_old_pages_go(grade, submissions, tmp_path):
    hand_in(submissions, "ann", double=SQUARE)
    hand_in(submissions, "bob")
    hand_in(submissions, "cy", b"{")
    grade()
    late = tmp_path / "late"
    hand_in(late, "ann")
    (late / "ann" / f"{sample.LAB}.ipynb").rename(late / "ann" / "better_98.ipynb")
    grade(late)
    out = tmp_path / "report"
    points = {row["student"]: (row[sample.LAB], row["remarks"]) for row in rows(out / gradebook.STUDENTS)}
    assert points["ann"] == ("9", "") and points["bob"] == ("9", "")
    assert points["cy"][0] == "" and "damaged" in points["cy"][1]
    assert {row["student"] for row in rows(out / gradebook.GRADEBOOK)} == {"ann", "bob", "cy"}
    pages = [path.name for path in (out / "feedback").iterdir() if "question" not in path.name]
    assert len(pages) == 3 and sum(name.startswith("ann") for name in pages) == 1


def test_a_name_and_a_lab_that_disagree_are_noted(grade, submissions, monkeypatch):
    monkeypatch.setattr(course, "lab_names", lambda: ["01_perceptron", sample.LAB])
    (submissions / "ann_01_perceptron.ipynb").write_bytes(notebook(cells()))
    (record,) = grade()
    assert record.lab == sample.LAB and "named after 01_perceptron" in record.notes[-1]


def test_lateness_is_noted_and_costs_nothing_by_itself(grade, submissions, tmp_path):
    path = hand_in(submissions, "ann")
    os.utime(path, (1e9, 1e9))
    hand_in(submissions, "bob")
    os.utime(submissions / "bob" / path.name, (1e9 - 7200, 1e9 - 7200))
    ann, bob = grade(deadlines={"": 1e9 - 3600})
    assert ann.points == FULL and "late by 1.0 hours" in ann.notes[0] and not bob.notes
    remarks = {row["student"]: row["remarks"] for row in rows(tmp_path / "report" / gradebook.STUDENTS)}
    assert "late by" in remarks["ann"] and not remarks["bob"]


def test_an_unusable_report_folder_is_one_sentence_before_the_work(grade, submissions, tmp_path, monkeypatch):
    hand_in(submissions, "ann")
    monkeypatch.setattr(class_run.runner, "grade", lambda job: pytest.fail("graded"))
    (tmp_path / "file").write_text("x")
    (tmp_path / "taken" / gradebook.GRADEBOOK).mkdir(parents=True)
    for out, sentence in (
        (tmp_path / "file", "cannot be written"),
        (tmp_path / "file" / "below", "cannot be written"),
        (tmp_path / "taken", "is a folder"),
        (submissions, "holds the submissions"),
    ):
        with pytest.raises(LabsError, match=sentence):
            grade(out=out)
    monkeypatch.setattr(class_run, "ROOM", 2**60)
    with pytest.raises(LabsError, match="is full"):
        grade(out=tmp_path / "report")
    with pytest.raises(LabsError, match="does not exist"):
        grade(tmp_path / "misspelt", out=tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_what_was_graded_before_a_stop_is_kept(grade, submissions, tmp_path, monkeypatch):
    hand_in(submissions, "ann")
    hand_in(submissions, "bob")
    real, graded = class_run._finished, []

    def stop(record, future, exercise):
        if graded:
            raise KeyboardInterrupt
        graded.append(record.student)
        return real(record, future, exercise)

    monkeypatch.setattr(class_run, "_finished", stop)
    with pytest.raises(KeyboardInterrupt):
        grade()
    monkeypatch.undo()
    results = tmp_path / "report" / gradebook.RESULTS
    kept = results.read_text("utf-8")
    assert kept.count("\n") == 1


def test_a_terminal_without_unicode_gets_plain_marks():
    text = io.TextIOWrapper(io.BytesIO(), "ascii", errors="replace")
    results = tuple(Result(name, status, 0, 1) for name, status in (("a", "passed"), ("b", "failed"), ("c", "blank")))
    gradebook.show([gradebook.Record("ann", sample.LAB, "x", results=results)], Console(file=text))
    text.flush()
    assert "+x-" in text.buffer.getvalue().decode("ascii")


@pytest.mark.parametrize("seed", ["-1", "4294967296", "202611271200", "x"])
def test_a_seed_out_of_range_is_refused_with_the_range(seed, capsys):
    import argparse

    parser = argparse.ArgumentParser()
    grade_command.add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["in", "--out", "out", f"--seed={seed}"])
    assert "from 0 to 4294967295" in capsys.readouterr().err
