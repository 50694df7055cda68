"""A sample of mutants of the references that need no TensorFlow; all of them: ``python -m tests.mutants NN``."""

import ast

import pytest

from labs_utils import course
from tests import mutants


@pytest.mark.parametrize(("lab", "exercise", "every"), [("02", "one_layer_gradient", 3), ("04", "hog_cell", 5),
                                                         ("06", "receptive_field", 1), ("10", "winner_counts", 2),
                                                         ("10", "occluded_copies", 4)])  # fmt: skip
def test_most_mutants_are_killed_and_explained(lab, exercise, every):
    found = list(mutants.outcomes(course.find_lab(lab), exercise, every))
    killed = [one for one in found if one.status == "failed"]
    assert len(found) >= 3 and len(killed) >= 0.8 * len(found), mutants.report(lab, found)
    assert sum(one.diagnosed for one in killed) >= 0.4 * len(killed), mutants.report(lab, found, verbose=True)


def test_each_mutant_differs_in_one_place():
    function = ast.parse("def f(x, y):\n    return x.sum(axis=1) - 2 * y, x < y").body[0]
    made = [ast.unparse(changed) for changed, _, _ in mutants.mutants(function)]
    assert len(set(made)) == len(made) and ast.unparse(function) not in made
    assert any("x.mean(axis=1)" in text for text in made) and any("x <= y" in text for text in made)


def test_a_report_counts_and_lists_survivors():
    found = [mutants.Outcome("f", "a + b", "a - b", "passed", ""),
             mutants.Outcome("f", "1", "2", "failed", "Likely cause: one too many.")]  # fmt: skip
    text = mutants.report("09_lab", found)
    assert "a + b  →  a - b" in text and "100%" in text.splitlines()[1]
