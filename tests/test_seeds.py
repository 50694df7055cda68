"""Seeds at which a right answer once lost a point cost none any more; and every check depends on the seed."""

import contextlib
import io
import zlib

import numpy as np
import pytest

from labs_utils import course
from labs_utils.exercises import checking, pipe, reference
from labs_utils.exercises.student import Student
from tests import seeds


@pytest.mark.parametrize(
    ("lab", "exercise", "seed"),
    [
        ("01_perceptron", "gradient_descent", 526),
        ("01_perceptron", "gradient_descent", 950366226),
        ("01_perceptron", "gradient_descent", 1330022775),
        ("01_perceptron", "gradient_descent", 1873300938),
        ("04_mnist_mlp", "centre_digit", 1147796781),
    ],
)
def test_a_seed_that_was_bad_costs_no_right_answer_a_point(lab, exercise, seed):
    for name, answer in seeds.right_answers(lab, exercise):
        assert list(seeds.verdicts(lab, exercise, answer, range(seed, seed + 1))) == [(seed, "")], name


def test_the_command_finds_the_seeds_that_cost_points(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["seeds", "01", "sigmoid", "--references", "--seeds", "3"])
    assert seeds.main() == 0
    assert "sigmoid · reference: 0 of 3 seeds cost points" in capsys.readouterr().out
    monkeypatch.setattr(seeds.reference, "find", lambda lab, exercise: lambda z: 0.5)
    assert seeds.main() == 1
    said = capsys.readouterr().out
    assert "sigmoid · reference: 3 of 3 seeds cost points" in said and "seed 2: ✘ sigmoid" in said


def asked(lab, exercise, number, seed, most):
    """The first things, `most` at most, that a probe asks the reference, as fingerprints."""
    worker, prints = pipe.Worker({exercise: reference.find(lab, exercise)}), []

    def ask(request):
        stream = io.BytesIO()
        pipe.send(stream, request)
        prints.append(zlib.crc32(stream.getvalue()))
        if len(prints) == most:
            raise pipe.PipeError("that is enough")
        return worker.handle(request)

    with contextlib.suppress(pipe.PipeError):
        checking.load(lab).probes[exercise][number](Student(ask, exercise), np.random.default_rng([seed, number]))
    return prints


def asks_the_same(lab, exercise, number):
    """Whether two seeds ask the same to the end: mostly the first question tells, before it is answered."""
    most = 1
    while (first := asked(lab, exercise, number, 1, most)) == asked(lab, exercise, number, 2, most):
        if len(first) < most:
            return True
        most *= 2
    return False


@pytest.mark.parametrize("lab", course.lab_names())
def test_no_check_asks_the_same_in_every_run_so_none_can_be_answered_by_heart(lab):
    for exercise, probes in checking.load(lab).probes.items():
        for number, probe in enumerate(probes):
            if probe.__name__ != "chosen":  # a question by letter
                assert not asks_the_same(lab, exercise, number), f"{probe.__name__} of {exercise}"
