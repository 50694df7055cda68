"""Every exercise: planted wrong answers fail with the sentence that names the mistake, unusual right ones pass."""

import ast
import importlib
import inspect
from collections import Counter

import pytest

from labs_utils import course
from labs_utils.exercises import checking
from labs_utils.exercises.student import RemoteWorker, in_this_process
from tests import planted

EXERCISE_OF_LAB = {name: lab for lab in course.lab_names() for name in checking.load(lab).probes}
MODULES = {lab: importlib.import_module(f"tests.planted.lab{lab}") for lab in course.lab_names()}


def identify(value):
    return getattr(value, "__name__", None)


def is_question(exercise):
    return all(probe.__name__ == "chosen" for probe in checking.load(EXERCISE_OF_LAB[exercise]).probes_of(exercise))


@pytest.mark.parametrize(("exercise", "says", "answer"), planted.WRONG, ids=identify)
def test_a_wrong_answer_fails_with_the_right_sentence(exercise, says, answer):
    checks = checking.load(EXERCISE_OF_LAB[exercise])
    for seed in (None, 1, 2):
        result = checks.run(exercise, in_this_process(answer, exercise), 1, seed)
        assert result.status == "failed"
        assert says in "\n".join(result.messages)


@pytest.mark.parametrize(("exercise", "answer"), planted.RIGHT, ids=identify)
def test_an_unusual_right_answer_passes(exercise, answer):
    checks = checking.load(EXERCISE_OF_LAB[exercise])
    for seed in (None, 1, 2):
        result = checks.run(exercise, in_this_process(answer, exercise), 1, seed)
        assert result.status == "passed", str(result)


@pytest.mark.parametrize("exercise", EXERCISE_OF_LAB)
def test_enough_answers_are_planted(exercise):
    wrong = Counter(name for name, _, _ in planted.WRONG)[exercise]
    right = Counter(name for name, _ in planted.RIGHT)[exercise]
    if is_question(exercise):  # every wrong letter has its sentence; see test_every_wrong_letter_is_explained
        return
    assert wrong >= 3 and right >= 2, f"{wrong} wrong, {right} right"


@pytest.mark.parametrize("exercise", [name for name in EXERCISE_OF_LAB if is_question(name)])
def test_every_wrong_letter_is_explained(exercise):
    checks = checking.load(EXERCISE_OF_LAB[exercise])
    results = {
        letter: checks.run(exercise, in_this_process(lambda letter=letter: letter, exercise), 1) for letter in "abcd"
    }
    assert [result.status for result in results.values()].count("passed") == 1
    for letter, result in results.items():
        if result.status == "failed" and "one letter" not in str(result):
            assert len(result.messages[0].split(f"{letter!r} is not it: ")[1]) > 20


@pytest.mark.parametrize("lab", MODULES)
def test_planted_answers_get_the_same_verdict_behind_a_pipe(lab):
    module, checks = MODULES[lab], checking.load(lab)
    with RemoteWorker(without_decorators(inspect.getsource(module))) as worker:
        for exercise, _, answer in planted.WRONG:
            if answer.__module__ == module.__name__:
                remote = checks.run(exercise, worker.function(answer.__name__), 1)
                local = checks.run(exercise, in_this_process(answer, answer.__name__), 1)
                assert (remote.status, remote.points) == (local.status, local.points), answer.__name__
        for exercise, answer in planted.RIGHT:
            if answer.__module__ == module.__name__:
                result = checks.run(exercise, worker.function(answer.__name__), 1)
                assert result.status == "passed", f"{answer.__name__}: {result}"


def without_decorators(source: str) -> str:
    """A planted module's source as a student's would be: no registration, no import of this project."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = [
                d
                for d in node.decorator_list
                if "wrong" not in ast.unparse(d)[:5] and "right" not in ast.unparse(d)[:5]
            ]
    tree.body = [node for node in tree.body if "tests.planted" not in ast.unparse(node)[:40]]
    return ast.unparse(tree)
