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
from tests.grading.conftest import points
from tests.grading.sample import POINTS, cells, code_cell, hand_in, notebook, text_cell


def explained(text):
    return checking._explain_error("double", StudentError("ValueError", text), ["double"])


def read(*sources):
    return submission.read(notebook([code_cell(source) for source in sources]))


def seconds(function, argument):
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        with contextlib.suppress(LabsError):
            function(argument)
        best = min(best, time.perf_counter() - started)
    return best


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
}


@pytest.mark.parametrize("name", GROWING)
def test_time_grows_no_faster_than_the_text(name):
    function, text = GROWING[name]
    small, large = (seconds(function, text(n)) for n in (2_000, 16_000))
    assert large < 24 * small + 0.5, f"8 times the text took {large / small:.0f} times as long ({large:.2f} s)"


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
        (["!ls\n" * 501], "magic"),
        (["%time f()\n" * 40] * 20, "magic"),
        (["\n".join(f"@lab.exercise(points=1)\ndef f{n}(): pass" for n in range(600))], "exercises"),
    ],
    ids=["code", "magic", "a little magic in many cells", "exercises"],
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
    "source", ["!ls\n" * 501, "Lab('\u00b2')", "Lab('" + "9" * 5000 + "')", "(" * 5000, "lambda:" * 5000]
)
def test_one_notebook_never_stops_the_class(source, submissions, grade):
    hand_in(submissions, "strange", notebook([code_cell(source), *cells()]))
    hand_in(submissions, "zoe")
    records = {record.student: record for record in grade()}
    assert records["zoe"].points == records["zoe"].maximum
    assert records["strange"].problem or points(records["strange"]) == POINTS


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
    """rosenblatt_epoch's column of biases, which once cost 13 GB."""
    array = np.zeros(shape, bool)
    tracemalloc.start()
    checks = checking.load("01_perceptron")
    from labs_utils.exercises.student import Student

    student = Student(lambda request: {"value": [np.zeros(2), array, 3]}, "rosenblatt_epoch")
    assert checks.run("rosenblatt_epoch", student, 2, seed=1).points == 0
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
