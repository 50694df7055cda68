"""What a student sees: three verdicts, the reference that keeps the lab going, and one sentence where there is none."""

from types import SimpleNamespace

import numpy as np
import pytest

from labs_utils import Lab, NotAttempted, course
from labs_utils.errors import LabsError
from labs_utils.exercises import checking, pending, reference, session


def sigmoid(z):
    """Right, in a style of its own."""
    return 0.5 * (1 + np.tanh(np.asarray(z) / 2))


def blank():
    def sigmoid(z):
        raise NotImplementedError(checking.INVITATION)

    return sigmoid


def wrong():
    def sigmoid(z):
        return 1 / (1 + np.exp(z))

    return sigmoid


@pytest.fixture
def lab():
    return Lab("01_perceptron")


def test_a_right_answer_is_kept(lab, capsys):
    assert lab.exercise(points=2)(sigmoid) is sigmoid
    assert capsys.readouterr().out == "✔ sigmoid · 2/2 points\n"


def test_a_blank_answer_gives_the_reference(lab, capsys):
    stand_in = lab.exercise(points=2)(blank())
    assert np.isclose(stand_in(0.0), 0.5)
    assert capsys.readouterr().out == (
        "○ sigmoid · not attempted yet\n  The cells below use the reference solution until yours passes.\n"
    )


def test_a_wrong_answer_is_explained_and_gives_the_reference(lab, capsys):
    stand_in = lab.exercise(points=2)(wrong())
    assert np.isclose(stand_in(100.0), 1)
    text = capsys.readouterr().out
    assert text.startswith("✘ sigmoid · 0/2 points\n") and "minus sign" in text


def test_without_solutions_a_stub_names_the_exercise(lab, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(course, "SOLUTIONS", tmp_path)
    stub = lab.exercise(points=2)(blank())
    assert "will wait until yours passes" in capsys.readouterr().out
    with pytest.raises(NotAttempted, match="finish the exercise sigmoid first") as error:
        stub(0.0)
    assert error.value._render_traceback_() == ["NotAttempted: finish the exercise sigmoid first: this cell needs it."]


def test_progress_adds_up_and_names_what_is_to_come(lab, capsys):
    lab.exercise(points=2)(sigmoid)
    capsys.readouterr()
    lab.progress()
    text = capsys.readouterr().out
    assert text.startswith("01_perceptron · 2/2 points · 1 of ")
    assert "✔ sigmoid" in text and "cell not run yet" in text and "still to come" in text


def test_an_unknown_lab_is_one_sentence():
    with pytest.raises(LabsError, match="no lab '99_dreams'; the labs are 01_perceptron, 02_backprop_xor"):
        Lab("99_dreams")


def test_an_exercise_of_another_lab_is_recognised(lab):
    other = next(iter(checking.load("02_backprop_xor").probes))

    def function():
        """Stands for an answer to the other lab."""

    function.__name__ = other
    with pytest.raises(LabsError, match=f"{other} is an exercise of lab 02_backprop_xor"):
        lab.exercise(points=1)(function)


def test_an_unknown_exercise_is_one_sentence(lab):
    def sigmoind(z):
        """A name with a typing error."""

    with pytest.raises(LabsError, match="has no exercise 'sigmoind'; it has sigmoid"):
        lab.exercise(points=1)(sigmoind)


def test_the_decorator_without_parentheses_says_how_to_write_it(lab):
    with pytest.raises(TypeError, match="with parentheses and points"):
        lab.exercise(sigmoid)


def test_every_exercise_has_a_reference():
    for lab in course.lab_names():
        for name in checking.load(lab).probes:
            assert callable(reference.find(lab, name)), f"{lab}: {name}"


@pytest.mark.parametrize(
    "use",
    [
        lambda value: value + 1,
        lambda value: 1 - value,
        lambda value: value @ np.eye(2),
        lambda value: np.mean(value),
        lambda value: f"{value:.2f}",
        lambda value: str(value),
        lambda value: len(value),
        lambda value: list(value),
        lambda value: value[0],
        lambda value: value.shape,
        lambda value: value(3),
        lambda value: bool(value),
        lambda value: float(value),
        lambda value: value > 2,
        lambda value: value == 2,
    ],
)
def test_any_use_of_a_pending_value_names_the_exercise(use):
    with pytest.raises(NotAttempted, match="finish the exercise perceptron first"):
        use(pending.Pending("perceptron"))


def test_names_bound_by_a_cell():
    source = """
import numpy as np
from a.b import c as d
x, (y, *z) = 1, (2, 3)
w += 1
for i in range(3):
    inner = i
with open("f") as handle:
    pass
def f(parameter):
    hidden = 1
squares = [n * n for n in range(3)]
if (walrus := 3):
    pass
"""
    bound = pending.names_bound_by(source)
    assert bound == {"np", "d", "x", "y", "z", "w", "i", "inner", "handle", "f", "squares", "walrus"}
    assert pending.names_bound_by("%matplotlib inline") == set()


def test_what_a_stopped_cell_assigns_is_pending_even_if_it_had_a_value():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        pending.watch_this_notebook()
        shell.user_ns["needs"] = lambda: (_ for _ in ()).throw(NotAttempted("perceptron"))
        shell.run_cell("import math\nresults = [1]\ndef helper(): return 2", silent=False)
        shell.run_cell("def helper(): return 3\nresults = []\nresults.append(needs())\nlast = results[-1]")
        assert isinstance(shell.user_ns["results"], pending.Pending)
        assert isinstance(shell.user_ns["last"], pending.Pending)
        assert shell.user_ns["helper"]() == 3 and shell.user_ns["math"].pi > 3
        after = shell.run_cell("len(results)")
        assert isinstance(after.error_in_exec, NotAttempted) and after.error_in_exec.exercise == "perceptron"
        shell.run_cell("results = [5]")
        assert shell.run_cell("len(results)").result == 1
    finally:
        InteractiveShell.clear_instance()


def test_a_question_speaks_of_no_reference(capsys):
    lab = Lab("02_backprop_xor")

    def zero_start():
        return "a"

    lab.question(points=1)(zero_start)
    text = capsys.readouterr().out
    assert text.startswith("✘ zero_start · 0/1 points\n  Your answer. 'a' is not it: ")
    assert "reference" not in text and "cells below" not in text

    def zero_start():
        raise NotImplementedError(checking.INVITATION)

    lab.question(points=1)(zero_start)
    assert capsys.readouterr().out == "○ zero_start · not attempted yet\n"


def test_a_print_in_an_answer_is_shown_once(lab, capsys):
    def activation_derivatives(z):
        print("here is z")
        return z, z, z

    lab.exercise(points=2)(activation_derivatives)
    text = capsys.readouterr().out
    assert text.startswith("here is z\n✘ activation_derivatives") and text.count("here is z") == 1


def test_stopping_an_endless_answer_is_one_sentence(lab, capsys):
    def sigmoid(z):
        raise KeyboardInterrupt

    stand_in = lab.exercise(points=2)(sigmoid)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["✘ sigmoid · 0/2 points", "  You stopped it after 0 s."] and len(lines) == 3
    assert np.isclose(stand_in(0.0), 0.5)
    assert lab._results["sigmoid"].status == "stopped"


def test_verdicts_have_colours_where_a_page_shows_them(lab, capsys, monkeypatch):
    monkeypatch.delenv(course.BUILDING, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(session, "_shell", lambda: SimpleNamespace(kernel="a kernel"))
    monkeypatch.setattr(session, "cells", list)
    heads = []
    for answer in (sigmoid, wrong(), blank()):
        lab.exercise(points=2)(answer)
        heads.append(capsys.readouterr().out.split("\n")[0])
        lab.progress()
        assert heads[-1].split("m")[0] in capsys.readouterr().out
    assert heads == [
        "\033[1;32m✔ sigmoid · 2/2 points\033[0m",
        "\033[1;31m✘ sigmoid · 0/2 points\033[0m",
        "\033[1;34m○ sigmoid · not attempted yet\033[0m",
    ]
    monkeypatch.setenv("NO_COLOR", "1")
    assert session.coloured("✔", "✔ sigmoid") == "✔ sigmoid"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr(session, "_shell", lambda: None)  # a file, a pipe, nbconvert's plain text
    assert session.coloured("✔", "✔ sigmoid") == "✔ sigmoid"


@pytest.mark.parametrize(
    ("prediction", "measured", "shown"),
    [
        (None, np.float64(0.684), ["–", "0.684"]),
        (0.9, np.float32(0.68449), ["0.9", "0.684"]),
        (1200, 61706, ["1200", "61706"]),
        ("HOG", ("HOG", 0.25), ["HOG", "HOG, 0.25"]),
    ],
)
def test_a_prediction_stands_beside_the_result(lab, capsys, prediction, measured, shown):
    lab.compare("test accuracy", prediction, measured)
    assert capsys.readouterr().out == f"test accuracy\n  you predicted  {shown[0]}\n  this run       {shown[1]}\n"
    assert not lab._results  # nothing is graded
