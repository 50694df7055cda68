"""Every exercise: planted wrong answers fail with the sentence that names the mistake, unusual right ones pass.

`tests/grading/test_planted_both_ways.py` runs them once more, in a notebook and by the grader.
"""

import importlib
import re
from collections import Counter

import pytest

from labs_utils import course
from labs_utils.exercises import checking
from labs_utils.exercises.student import in_this_process
from tests import planted

SEED = 2  # another one than that of the test both ways, which asks for the same
EXERCISE_OF_LAB = {name: lab for lab in course.lab_names() for name in checking.load(lab).probes}
NO_CAUSE = re.compile("expected$|got|an array of shape|.*stopped with")  # says what came, not why
for _lab in course.lab_names():
    importlib.import_module(f"tests.planted.lab{_lab}")  # they register themselves


def test_no_two_labs_have_an_exercise_of_the_same_name():
    names = Counter(name for lab in course.lab_names() for name in checking.load(lab).probes)
    assert names.most_common(1)[0][1] == 1, names.most_common(3)


def identify(value):
    return getattr(value, "__name__", None)


def is_question(exercise):
    return all(probe.__name__ == "chosen" for probe in checking.load(EXERCISE_OF_LAB[exercise]).probes_of(exercise))


@pytest.mark.parametrize(("exercise", "says", "answer"), planted.WRONG, ids=identify)
def test_a_wrong_answer_fails_with_the_right_sentence(exercise, says, answer):
    checks = checking.load(EXERCISE_OF_LAB[exercise])
    result = checks.run(exercise, in_this_process(answer, exercise), 1, SEED)
    assert result.status == "failed"
    assert says in "\n".join(result.messages)


@pytest.mark.parametrize(("exercise", "answer"), planted.RIGHT, ids=identify)
def test_an_unusual_right_answer_passes(exercise, answer):
    checks = checking.load(EXERCISE_OF_LAB[exercise])
    result = checks.run(exercise, in_this_process(answer, exercise), 1, SEED)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize("exercise", EXERCISE_OF_LAB)
def test_enough_answers_are_planted(exercise):
    """Six mistakes with six sentences, or as many as the lab's module declares with a reason."""
    sentences = {says for name, says, _ in planted.WRONG if name == exercise and not NO_CAUSE.match(says)}
    right = Counter(name for name, _ in planted.RIGHT)[exercise]
    if is_question(exercise):  # every wrong letter has its sentence; see test_every_wrong_letter_is_explained
        return
    wanted = planted.FEWER.get(exercise, planted.ENOUGH)
    assert len(sentences) >= wanted and right >= 2, f"{len(sentences)} mistakes with a sentence, {right} right answers"


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


def test_fewer_mistakes_need_a_reason():
    for mistakes, because in ((4, ""), (planted.ENOUGH, "there are enough")):
        with pytest.raises(ValueError, match="say why"):
            planted.fewer("sigmoid", mistakes, because)
    assert not planted.FEWER.get("sigmoid")
