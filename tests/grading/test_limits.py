"""What the trusted side does with a stranger's text takes time and memory in proportion to it, and has an end.

Times are compared with one another, never with a clock: twice the text may take a few times as long, not much more.
"""

import contextlib
import io
import json
import struct
import time
import tracemalloc

import numpy as np
import pytest

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.exercises import checking, pipe
from labs_utils.exercises.student import StudentError
from labs_utils.grading import submission
from tests.grading import fatal
from tests.grading.conftest import points
from tests.grading.sample import POINTS, cells, code_cell, hand_in, notebook, text_cell


def explained(text):
    return checking._explain_error("double", StudentError("ValueError", text), ["double"])


def read(*sources):
    return submission.read(notebook([code_cell(source) for source in sources]))


def read_with_answer(lines):
    """Reads lines in cells that are short enough, and an answer that uses ``a0``."""
    cells = ["\n".join(lines[first : first + 2000]) for first in range(0, len(lines), 2000)]
    read(*cells, "@lab.exercise(points=1)\ndef f(x): return a0")


def seconds(function, argument):
    started = time.perf_counter()
    with contextlib.suppress(LabsError):
        function(argument)
    return time.perf_counter() - started


GROWING = {
    "braces in the text of an error": (explained, lambda n: "{{" * n),
    "brackets and node names in it": (explained, lambda n: "[Op:" * n + "a" * n),
    "terminal codes in it": (explained, lambda n: "\x1b[" + "1" * n),
    "decorators without a function": (read, lambda n: "@lab.exercise\n" * n + "("),
    "functions without an end": (read, lambda n: "@lab.exercise\ndef f(\n" * n + "("),
    "a function's name without an end": (read, lambda n: "@lab.exercise\ndef " + " " * n + "("),
    "lines of magic": (read, lambda n: "!ls\n" * n + "("),
    "helps": (read, lambda n: "x?\n" * n),
    "blanks after an assignment": (read, lambda n: ("x =" + " " * 50) * n + "\n("),
    "parentheses": (read, lambda n: "(" * n),
    "constants made of one another": (read_with_answer, lambda n: [f"a{i} = a{i + 1}" for i in reversed(range(n))]),
    "functions that use one another": (read_with_answer, lambda n: [f"def a{i}(): return a{i + 1}" for i in range(n)]),
    "a list that grows": (read_with_answer, lambda n: ["a0 = []", *["a0 += [1]"] * n]),
    "star imports, and names from nowhere": (
        read_with_answer,
        lambda n: [*["from os import *"] * n, "def a0():", *(f"  b{i}" for i in range(n))],
    ),
    "features of the future": (read_with_answer, lambda n: ["from __future__ import annotations", "a0 = 1"] * n),
}


@pytest.mark.parametrize("name", GROWING)
def test_time_grows_no_faster_than_the_text(name):
    function, text = GROWING[name]
    small = min(seconds(function, text(2_000)) for _ in range(3))
    for _ in range(3):  # somebody else may need the machine meanwhile
        large = seconds(function, text(16_000))
        if large < 24 * small + 0.5:
            return
    pytest.fail(f"8 times the text took {large / small:.0f} times as long ({large:.2f} s)")


@pytest.mark.parametrize(
    "data",
    [
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": [' + b"{}," * 1_000_000 + b'{}]}, "cells": []}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": [' + b"0," * 3_000_000 + b'0]}, "cells": []}',
        b"[" * 1_000_000,
    ],
    ids=["dictionaries", "numbers", "brackets"],
)
def test_a_notebook_of_too_many_parts_is_refused_before_it_is_read(data):
    tracemalloc.start()
    with pytest.raises(LabsError, match="parts"):
        submission.read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        (["x = 1\n" * 30_000] * 8, "characters of code"),
        (
            ["\n".join(f"a{i} = {i}" for i in range(6000)), f"K = [{','.join(f'a{i}' for i in range(6000))}]"]
            + ["\n".join(f"@lab.exercise(points=1)\ndef f{n}(): return K" for n in range(99))],
            "more of its other cells than anybody needs",
        ),
        (["!ls\n" * 501], "magic"),
        (["%time f()\n" * 40] * 20, "magic"),
        (["\n".join(f"@lab.exercise(points=1)\ndef f{n}(): pass" for n in range(600))], "exercises"),
    ],
    ids=["code", "what travels", "magic", "a little magic in many cells", "exercises"],
)
def test_too_much_of_a_thing_is_refused_with_a_sentence(sources, says):
    with pytest.raises(LabsError, match=says):
        read(*sources)


def test_ordinary_magic_is_read():
    assert list(read("%matplotlib inline\n!ls\n@lab.exercise(points=2)\ndef double(x):\n    return 2 * x").answers) == [
        "double"
    ]


@pytest.mark.parametrize("name", ["\u00b2", "9" * 5000, "\u0661", "", " ", "1" * 10**6, "\x00"])
def test_a_strange_name_of_a_lab_is_no_lab(name):
    with pytest.raises(LabsError):
        course.find_lab(name)


@pytest.mark.parametrize(
    "source",
    [
        "!ls\n" * 501,
        "Lab('\u00b2')",
        "Lab('" + "9" * 5000 + "')",
        "(" * 5000,
        "lambda:" * 5000,
        "x = " + "-" * 50_000 + "1",
        "x = a" + ".a" * 45_000,
        "x = " + "9" * 99_000,
        "x = 0x" + "f" * 90_000,
        "x = f'" + "{a}" * 30_000 + "'",
        "x = " + "f'{" * 50 + "1" + "}'" * 50,
        "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "x = 1",
        "x = '\ud800'",
        "x = 1 \x00",
    ],
)
def test_one_notebook_never_stops_the_class(source, submissions, grade):
    hand_in(submissions, "strange", notebook([code_cell(source), *cells()]))
    hand_in(submissions, "zoe")
    records = {record.student: record for record in grade()}
    assert records["zoe"].points == records["zoe"].maximum
    assert records["strange"].problem or points(records["strange"]) == POINTS


def test_many_answers_in_a_notebook_of_many_names_cost_little_memory():
    names = "\n".join(f"a{i} = 1" for i in range(6000))
    answers = "\n".join(f"@lab.exercise(points=1)\ndef f{n}(): return 1" for n in range(99))
    tracemalloc.start()
    read(names, answers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 22 * 2**20


def test_a_notebook_that_ends_the_process_which_reads_it_is_named_and_the_others_are_graded(
    submissions, grade, monkeypatch
):
    monkeypatch.setattr(submission, "_read", fatal.read)
    for student in ("DIES", "zoe"):
        hand_in(submissions, student.lower(), notebook([code_cell(f"# {student}"), *cells()]))
    records = {record.student: record for record in grade()}
    assert records["zoe"].points == records["zoe"].maximum
    assert records["dies"].problem.startswith("it cannot be read: the grader's process ended")


def test_a_text_of_megabytes_does_not_stop_the_pages(submissions, grade):
    hand_in(submissions, "talks", notebook([*cells(), text_cell("1. " * 300_000), text_cell("#" * 300_000)]))
    (record,) = grade()
    assert record.points == record.maximum


def message(value):
    data = json.dumps({"value": value}).encode()
    return io.BytesIO(struct.pack(">Q", len(data)) + data)


def receive(stream):
    return pipe.receive(stream, pipe.REPLY_CAP, pipe.REPLY_MARKS, pipe.REPLY_NUMBERS)


def claimed(shape, data="", dtype="|b1"):
    return {"__array__": data, "dtype": dtype, "shape": shape}


@pytest.mark.parametrize(
    "value",
    [
        [{}] * 200_000,
        [[]] * 200_000,
        [0] * 200_000,
        claimed([12_000_000, 1]),
        claimed([10**12, 0]),
        claimed([0, 10**12]),
        claimed([1] * 30),
        claimed([2**40, -1]),
        "x" * (5 * 2**20),
    ],
    ids=["dictionaries", "lists", "numbers", "column", "empty", "empty row", "axes", "negative", "text"],
)
def test_a_reply_beyond_its_budget_is_refused_before_it_is_unpacked(value):
    stream = message(value)
    tracemalloc.start()
    with pytest.raises(pipe.PipeError):
        receive(stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * 2**20


def test_a_reply_within_its_budget_arrives():
    stream = io.BytesIO()
    pipe.send(stream, {"value": np.ones((200, 300))})
    stream.seek(0)
    assert receive(stream)["value"].sum() == 60_000


@pytest.mark.parametrize("shape", [(60_000, 1), (1, 60_000), (60_000,)])
def test_a_large_array_where_a_small_one_is_asked_for_costs_little(shape):
    """rosenblatt's column of biases, which once cost 13 GB."""
    array = np.zeros(shape, bool)
    tracemalloc.start()
    checks = checking.load("01_perceptron")
    from labs_utils.exercises.student import Student

    student = Student(lambda request: {"value": [np.zeros(2), array, [3]]}, "rosenblatt")
    assert checks.run("rosenblatt", student, 2, seed=1).points == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 2**20


class Key:
    """A key that hashes as something harmless and reads as something reserved."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


class Sly(str):
    def __hash__(self):
        return hash("harmless")

    def __eq__(self, other):
        return False


@pytest.mark.parametrize("name", ["__model__", "__array__", "__keras__"])
@pytest.mark.parametrize("key", [Key, Sly, lambda name: Key(Sly(name))], ids=["object", "string", "both"])
def test_a_reserved_key_in_disguise_is_refused(key, name):
    with pytest.raises(TypeError, match="reserved"):
        pipe.to_plain({key(name): 0, "layers": [], "parameters": 0, "compiled": None}, [])
