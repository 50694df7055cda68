"""Reading a notebook: only answers come out, with the helpers beside them; anything else is a sentence."""

import pytest

from labs_utils.errors import LabsError
from labs_utils.exercises import travel
from labs_utils.grading import submission
from tests.grading.sample import IMPORTS, RIGHT, cells, code_cell, decorated, notebook


def read(*sources, **more):
    return submission.read(notebook([code_cell(source) for source in sources], **more))


@pytest.fixture(autouse=True)
def _course(sample_course):
    pass


def test_only_the_answer_and_the_definitions_beside_it_are_taken():
    got = read(
        IMPORTS,
        "import os\nprint('started')\nhalf = 0.5\n\n@np.vectorize\ndef helper(x):\n    return x\n"
        + decorated("mean", RIGHT["mean"])
        + "\nos.remove('x')\nfor _ in range(3): mean([1])",
        "def undecorated(x):\n    pass",
        "@other.exercise(points=2)\ndef shift(x):\n    pass",
    )
    assert list(got.answers) == ["mean"] and got.lab == "98_sample"
    lines = got.answers["mean"].split("\n")
    assert "os.remove" not in got.answers["mean"] and "print" not in got.answers["mean"]
    assert lines[0] == "import os" and lines[2] == "half = 0.5" and lines[4] == "@np.vectorize"
    assert lines[9] == "    return np.mean(x)", "lines keep their numbers"


def test_two_answers_in_one_cell_are_kept_apart():
    both = decorated("double", RIGHT["double"]) + "\n\n" + decorated("mean", RIGHT["mean"])
    got = read(IMPORTS, both)
    assert "def mean" not in got.answers["double"] and "def double" not in got.answers["mean"]


@pytest.mark.parametrize(
    "source",
    [
        "%%time\n{}",
        "%%capture out\n%matplotlib inline\n{}",
        "{}\n!ls -l\n%timeit double(1)",
        "files = !ls\n{}\n?double\ndouble?",
        "{}\nx = %time double(3)",
    ],
)
def test_magic_and_shell_lines_are_passed_over(source):
    got = read(IMPORTS, source.format(decorated("double", "def double(x):\n    return (7\n        % x)")))
    assert "% x" in got.answers["double"], "a line that begins with % may also be arithmetic"
    assert not got.broken


def test_a_cell_that_is_not_python_is_told_with_its_exercise_and_line():
    got = read(IMPORTS, decorated("double", "def double(x):\n    return (2 * x"), "also not Python (")
    assert not got.answers and "not valid Python" in got.broken["double"] and "line 3" in got.broken["double"]


def test_the_last_of_two_counts_and_both_are_told():
    got = read(IMPORTS, *(decorated("pick", f"def pick():\n    return '{letter}'") for letter in "abc"))
    assert "'c'" in got.answers["pick"] and got.doubled == ["pick"]


@pytest.mark.parametrize("size", [100, 5000, 199_000])
@pytest.mark.parametrize("piece", ["(", "-", "[", "1+", "x.", "not ", "lambda:", "f'{", "{1:"])
def test_deeply_nested_code_is_a_broken_cell_and_never_a_crash(piece, size):
    got = read(IMPORTS, *[decorated("double", f"def double(x):\n    return {piece * (size // len(piece))}1")])
    assert "double" in got.broken or "double" in got.answers


def test_a_giant_cell_is_not_parsed():
    got = read(IMPORTS, decorated("double", "def double(x):\n    return 1" + "0" * travel.LARGEST_CELL))
    assert "characters" in got.broken["double"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"\xff\xfe",
        b"\x00\x01\x02",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"cells": 5, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [5], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [{}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"cells": [{"cell_type": "code", "source": 5}], "nbformat": 4, "nbformat_minor": 5}',
        b'{"cells": [], "nbformat": 99, "nbformat_minor": 5, "metadata": {}}',
        b'{"worksheets": 3, "nbformat": 3, "nbformat_minor": 0, "metadata": {}}',
        b"[" * 100_000,
        b'{"nbformat": 4, "cells": ' + b"9" * 10_000 + b"}",
    ],
)
def test_whatever_is_not_a_notebook_is_one_sentence(data):
    try:
        got = submission.read(data)
    except LabsError as error:
        assert "\n" not in str(error)
    else:
        assert got.answers == {} and got.lab is None


def test_an_old_notebook_and_lists_of_lines_are_read():
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": IMPORTS, "outputs": [], "language": "python"}]}]}
    import json

    assert submission.read(json.dumps(old | {"nbformat": 3, "nbformat_minor": 0, "metadata": {}}).encode()).lab
    lines = [cell | {"source": cell["source"].splitlines(True)} for cell in cells()]
    assert list(submission.read(notebook(lines)).answers) == list(RIGHT)
