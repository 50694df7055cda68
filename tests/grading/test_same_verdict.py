"""What an answer gets in the notebook it gets from the grader: status, points and every word."""

import argparse

import pytest
from IPython.core.interactiveshell import InteractiveShell

from labs_utils.commands import grade
from labs_utils.errors import LabsError
from labs_utils.exercises import checking, reference
from labs_utils.grading import released, runner, submission
from tests.grading.sample import IMPORTS, LAB, RIGHT, code_cell, decorated, notebook


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def answer(body, name="double"):
    return decorated(name, f"def {name}(x):\n" + "\n".join(f"    {line}" for line in body.split("\n")))


def in_notebook(shell, name, cells):
    """The last verdict after running the cells in order."""
    for source in cells:
        shell.run_cell(source, store_history=True)
    return shell.user_ns["lab"]._results[name]


def from_grader(name, cells, sandbox, seconds=5):
    read = submission.read(notebook([code_cell(source) for source in cells]))
    of_lab = released.load(LAB)
    seed = 5
    job = runner.Job(of_lab, read.answers, read.broken, seed, seconds, sandbox, read.taken)
    return next(result for result in runner.grade(job) if result.exercise == name)


PASSES = {
    "a helper in another cell": ["def twice(x):\n    return 2 * x", answer("return twice(x)")],
    "a helper of a helper": [
        "K = 2",
        "def twice(x):\n    return K * x",
        "def f(x): return twice(x)",
        answer("return f(x)"),
    ],
    "an import in another cell": ["import math", answer("return math.sqrt(4) * x")],
    "the imports cell edited": ["from operator import mul as times", answer("return times(2, x)")],
    "a star import": ["from operator import *", answer("return mul(2, x)")],
    "a constant array": ["K = np.array([1, 1])\nK = K.sum()", answer("return K * x")],
    "a constant changed by hand": ["K = [1, 1]\nK[0] = 2", answer("return K[0] * x")],
    "a class in another cell": ["class Twice:\n    def of(self, x): return 2 * x", answer("return Twice().of(x)")],
    "a partial": ["from functools import partial\nf = partial(np.multiply, 2)", answer("return f(x)")],
    "a lambda": ["f = lambda x: 2 * x", answer("return f(x)")],
    "the last definition above counts": ["K = 3", "K = 2", answer("return K * x"), "K = 5"],
    "a helper further down": [answer("return twice(x)"), "def twice(x):\n    return 2 * x", answer("return twice(x)")],
    "try around an import": [
        "try:\n    import math as m\nexcept ImportError:\n    m = None",
        answer("return m.sqrt(4) * x"),
    ],
    "a statement that shares a line with the end of a text": ['"""Notes\n on K"""; K = 2', answer("return K * x")],
    "line ends of an old Mac": ["K = 3\rK = 2", answer("return K * x").replace("\n", "\r")],
    "a decorator in brackets, with a comment": [
        "import functools",
        "@(functools  # once\n .lru_cache(\n  maxsize=None))\ndef two(): return 2\n\n" + answer("return two() * x"),
    ],
    "recursion": [answer("return np.array([double(one) for one in x]) if x.ndim else 2 * x")],
    "display and print": [answer("display(x)\nprint(x)\nreturn 2 * x")],
    "annotations of the future": ["from __future__ import annotations", answer("y: Thing = 2 * x\nreturn y")],
    "future annotations of arguments": [
        "from __future__ import annotations",
        decorated("double", "def double(x: Thing) -> Thing:\n    return 2 * x"),
    ],
    "a decorator without wraps": [
        "def timed(f):\n    def wrapper(*args):\n        return f(*args)\n    return wrapper",
        decorated("double", "@timed\ndef double(x):\n    return 2 * x"),
    ],
    "a loop that calls np.sort, which changes no module": [
        "for row in [[2, 1]]:\n    print(np.sort(row))",
        answer("return np.multiply(2, x)"),
    ],
    "a table that an old loop filled, now a constant": [
        "K = []",
        "for i in [2]: K.append(i)",
        "K = [2]",
        answer("return K[0] * x"),
    ],
}
FAILS = {
    "a variable made by running code": (
        ["history = open.__doc__.count('a') and print or 2\nhistory = sum(divmod(2, 1))\nfor history in [2]: pass"],
        "return history * x",
        "it uses history, which only exists in your session",
    ),
    "a result of a call": (
        ["def train(): return 2", "model = train()"],
        "return model * x",
        "it uses model, which only exists",
    ),
    "a constant made of what cannot travel": (
        ["for n in [2]: pass", "K = n + 0"],
        "return K * x",
        "it uses K, which only exists",
    ),
    "through a helper": (
        ["for n in [2]: pass", "def f(x): return n * x"],
        "return f(x)",
        "it uses n, which only exists",
    ),
    "a table that a loop fills": (
        ["K = {}\nfor i in range(3): K[i] = 2"],
        "return K[0] * x",
        "it uses K, which only exists",
    ),
    "the course's own package": (
        ["from labs_utils import plots"],
        "return plots and 2 * x",
        "it uses plots, which only exists",
    ),
    "a file beside the notebook": (
        ["import helper_of_mine"],
        "return helper_of_mine.f(x)",
        "put the code that you need into a cell",
    ),
    "get_ipython": ([], "return get_ipython() and 2 * x", "NameError"),
    "a call of itself": ([], "return double(x)", "calls itself without end"),
    "an own NotImplementedError": (
        [],
        "raise NotImplementedError('negative')",
        "stopped with NotImplementedError: negative",
    ),
    "async": ([], decorated("double", "async def double(x):\n    return 2 * x"), "coroutine"),
    "a table that a loop above the function fills": (
        ["K = {}"],
        "for i in range(3):\n    K[i] = 2\n" + answer("return K[0] * x"),
        "it uses K, which only exists",
    ),
    "a wrong answer": ([], "return x ** 2", "this is the square"),
    "an error in a helper": (["def f(x):\n    y = 1\n    return undefined"], "return f(x)", "in line 3 of f."),
    "a default that cannot travel": (
        ["for n in [2]: pass"],
        decorated("double", "def double(x, n=n):\n    return 2 * x"),
        "Its cell stopped with NameError",
    ),
}


@pytest.mark.parametrize("cells", PASSES.values(), ids=PASSES)
def test_what_is_right_in_the_notebook_is_right_for_the_grader(sample_course, shell, bwrap, cells):
    cells = [IMPORTS, *cells]
    assert str(in_notebook(shell, "double", cells)) == "✔ double · 2/2 points"
    assert from_grader("double", cells, bwrap).status == "passed"


@pytest.mark.parametrize(("cells", "body", "says"), FAILS.values(), ids=FAILS)
def test_what_fails_fails_with_the_same_words(sample_course, shell, bwrap, cells, body, says, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(checking.zlib, "crc32", lambda name: 5)  # the grader's seed in the notebook as well
    last = body if "@lab" in body else answer(body)
    cells = [IMPORTS, *cells, last]
    here, there = in_notebook(shell, "double", cells), from_grader("double", cells, bwrap)
    assert here.status == "failed" and says in "\n".join(here.messages)
    assert (there.status, there.points, there.messages) == (here.status, here.points, here.messages)


def test_after_a_blank_run_a_call_of_itself_earns_nothing(sample_course, shell):
    blank = answer(f"raise NotImplementedError({reference.INVITATION!r})")
    assert in_notebook(shell, "double", [IMPORTS, blank]).status == "blank"
    assert shell.user_ns["double"](3) == 6, "the reference stands in"
    for _ in range(3):
        assert in_notebook(shell, "double", [answer("return double(x)")]).points == 0


@pytest.mark.parametrize(
    "source",
    [
        RIGHT["double"] + "\ndouble = lab.exercise(points=2)(double)",
        "L = lab\n@L.exercise(points=2)\n" + RIGHT["double"],
        "lab.exercise(points=2)(lambda x: 2 * x)",
        "from functools import partial\nlab.exercise(points=2)(partial(np.multiply, 2))",
    ],
)
def test_a_line_that_the_grader_cannot_find_is_one_sentence_in_the_notebook(sample_course, shell, source):
    shell.run_cell(IMPORTS, store_history=True)
    error = shell.run_cell(source, store_history=True).error_in_exec
    assert isinstance(error, LabsError) and "in the line above `def`" in str(error)


def test_an_earlier_exercise_is_the_notebooks_own(sample_course, shell, bwrap):
    cells = [IMPORTS, decorated("double", RIGHT["double"]), decorated("quadruple", RIGHT["quadruple"])]
    assert in_notebook(shell, "quadruple", cells).status == "passed"
    assert from_grader("quadruple", cells, bwrap).status == "passed"


@pytest.mark.parametrize("name", ["/tmp/ipykernel_17/3911.py", "<ipython-input-3-1f2e>", "<string>"])
def test_where_an_error_arose_is_told_by_name_whatever_cells_are_called(sample_course, shell, bwrap, monkeypatch, name):
    monkeypatch.setattr(shell.compile, "get_code_name", lambda *of_the_cell: name)  # Jupyter's, Colab's, anybody's
    cells = [IMPORTS, "def halve(x):\n    y = x\n    return y / undefined", answer("z = x\nreturn halve(z)")]
    for result in (in_notebook(shell, "double", cells), from_grader("double", cells, bwrap)):
        assert "in line 3 of halve.\n  return y / undefined" in result.messages[0]


def test_what_a_grader_would_stop_is_told_in_the_notebook_and_not_called_endless(
    sample_course, shell, bwrap, monkeypatch, capsys
):
    cells = [IMPORTS, answer("import time\ntime.sleep(0.4)\nreturn 2 * x")]
    monkeypatch.setattr(checking, "TIME_LIMIT", 0.5)
    assert in_notebook(shell, "double", cells).status == "passed"
    assert "double took 1 s here; a grader allows 0.5 s." in capsys.readouterr().out
    slow = from_grader("double", cells, bwrap, seconds=0.5)
    assert slow.status == "stopped" and "or it is right but slow" in slow.messages[0]


def test_the_notebook_knows_the_graders_own_limit():
    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    assert parser.parse_args(["class", "--out", "report"]).time_limit == checking.TIME_LIMIT
