"""Planted wrong answers fail with the sentence that names the mistake, unusual right ones pass; in the notebook and,
with the same status, points and words, from the grader.

The notebook is a real shell in which the answer's cell runs; the grader reads the same cells from a notebook file and
runs them in a process of its own.

One sandbox with the imports of all labs serves all: an answer that used one that its
own lab does not have would stop in the notebook, and the two would differ.
"""

import ast
import importlib
import inspect
import re
import zlib
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from labs_utils import course
from labs_utils.grading import released, runner, submission
from tests import planted
from tests.grading.sample import code_cell, every_lab, notebook

SEED = 1
DRAWS_AT_RANDOM = {
    "DenseWithRandomBias",  # in the notebook from the same source as the check's own layers
    "trained_on_labels_of_a_coin",  # first weights
    "trained_on_shuffled_labels",
    "trained_on_exchanged_labels",
}
MODULES = {lab: importlib.import_module(f"tests.planted.lab{lab}") for lab in course.lab_names()}
LAB_OF = {module.__name__: lab for lab, module in MODULES.items()}
ANSWERS = [(exercise, says, answer) for exercise, says, answer in planted.WRONG]
ANSWERS += [(exercise, None, answer) for exercise, answer in planted.RIGHT]
ANSWERS.sort(key=lambda planted_answer: planted_answer[2].__module__)  # one lab after the other


@pytest.fixture(scope="module")
def notebook_of():
    """Gives the shell in which a lab's set-up cells have run, and those cells; the last lab's is used again."""
    shell, cells, at = None, [], None

    def opened(lab):
        nonlocal shell, cells, at
        if lab != at:
            InteractiveShell.clear_instance()
            shell, at = InteractiveShell.instance(), lab
            cells = [f"from labs_utils import Lab\nlab = Lab({lab!r})", helpers(MODULES[lab])]
            assert all(shell.run_cell(cell, store_history=True).success for cell in cells)
        return shell, cells

    yield opened
    runner.close()
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(("exercise", "says", "answer"), ANSWERS, ids=lambda value: getattr(value, "__name__", None))
def test_the_right_sentence_in_the_notebook_and_the_same_from_the_grader(
    exercise, says, answer, notebook_of, monkeypatch
):
    crc32 = zlib.crc32  # of a name alone it is the seed of a notebook's inputs; of more, what a PNG file needs
    monkeypatch.setattr(zlib, "crc32", lambda data, *start: crc32(data, *start) if start else SEED)
    lab = LAB_OF[answer.__module__]
    shell, cells = notebook_of(lab)
    cell = cell_of(answer, exercise, released.load(lab).points[exercise])
    np.random.seed(SEED)  # as the grader does in its session: an answer may draw numbers of its own
    shell.run_cell(cell, store_history=True)
    here = shell.user_ns["lab"]._results[exercise]
    there = from_grader(lab, exercise, [*cells, cell])
    assert here.status == ("passed" if says is None else "failed"), str(here)
    assert (says or "") in "\n".join(here.messages)
    assert (there.status, there.points) == (here.status, here.points)
    assert words(there, answer) == words(here, answer)


def words(result, answer: Callable) -> str:
    text = re.sub(r"(?<=[a-z0-9])_[0-9]+(?=/)", "", "\n".join(result.messages))  # Keras counts layers per process
    return re.sub(r"-?\d+\.\d+", "0", text) if answer.__name__ in DRAWS_AT_RANDOM else text


def from_grader(lab: str, exercise: str, cells: list[str]):
    read = submission.read(notebook([code_cell(source) for source in cells]))
    job = runner.Job(every_lab()[lab], read.answers, read.broken, SEED, 300, "none", read.taken)
    return next(result for result in runner.grade(job) if result.exercise == exercise)


def helpers(module) -> str:
    """What planted answers share, as a student's cell: no registration, no import of this project."""
    nodes = ast.parse(inspect.getsource(module)).body
    nodes = [node for node in nodes if "tests.planted" not in ast.unparse(node)[:40]]
    used = Counter(name for node in nodes for name in names_in(node) - {getattr(node, "name", None)})
    shared = [node for node in nodes if not is_registered(node) or used[node.name]]
    return "\n".join(ast.unparse(unregistered(node)) for node in shared)


def names_in(node: ast.stmt) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def is_registered(node: ast.stmt) -> bool:
    return any(ast.unparse(one).startswith(("wrong(", "right(")) for one in getattr(node, "decorator_list", []))


def cell_of(answer: Callable, exercise: str, points: float) -> str:
    """The cell in which a student would have written a planted answer."""
    tree = ast.parse(inspect.getsource(answer))
    for node in ast.walk(unregistered(tree.body[0])):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == answer.__name__:
            node.name = exercise
        if isinstance(node, ast.Name) and node.id == answer.__name__:
            node.id = exercise
    return f"@lab.exercise(points={points:g})\n{ast.unparse(tree)}"


def unregistered(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        node.decorator_list = [
            one for one in node.decorator_list if not ast.unparse(one).startswith(("wrong(", "right("))
        ]
    return node
