"""Seeds at which a right answer once lost a point cost none any more."""

import pytest

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
