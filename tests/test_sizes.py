"""Sizes with different names differ: with n = d a transpose, a wrong axis or a swapped mean would pass by luck."""

import ast
import contextlib
import itertools
import re

import numpy as np
import pytest

from labs_utils import course
from labs_utils.exercises import checking, reference
from labs_utils.exercises.pipe import PipeError
from labs_utils.exercises.student import Student, in_this_process

# "x, y: (n, d)" in a docstring, with at most three words before the bracket
_SHAPES = re.compile(r"((?:\w+, )*\w+(?: and \w+)?): (?:\w+ ){0,3}\((\w+(?:, ?\w+)*,?)\)")


class Enough(PipeError):
    """All sizes have been seen in one call, and no two were always equal: no later call can change that."""


class Watched(Student):
    """A student's answer that notes which sizes its arguments had, by their names in the docstring.

    Raises (when called):
        Enough: there is nothing left to be noted.
    """

    def __init__(self, function: ast.FunctionDef, inner: Student):
        self._inner, self.name, self.lost = inner, inner.name, inner.lost
        self.calls: list[dict[str, int]] = []
        parameters = [parameter.arg for parameter in function.args.args]
        self.shapes = {
            parameters.index(name): [size.strip() for size in sizes.strip(", ").split(",")]
            for names, sizes in _SHAPES.findall(" ".join((ast.get_docstring(function) or "").split()))
            for name in re.split(", | and ", names)
            if name in parameters
        }

    def __call__(self, *arguments):
        sizes: dict[str, int] = {}
        for place, names in self.shapes.items():
            shape = getattr(arguments[place], "shape", ()) if place < len(arguments) else ()
            if len(shape) == len(names):
                sizes |= {name: size for name, size in zip(names, shape, strict=True) if name.isidentifier()}
        self.calls.append(sizes)
        if self.names() <= sizes.keys() and not any(self.always_equal()):
            raise Enough
        return self._inner(*arguments)

    def names(self):
        """Of all sizes that the docstring names."""
        return {name for names in self.shapes.values() for name in names if name.isidentifier()}

    def always_equal(self):
        """Pairs of names that had the same size in every call that had both."""
        for pair in itertools.combinations(sorted({name for call in self.calls for name in call}), 2):
            both = [call for call in self.calls if set(pair) <= call.keys()]
            if both and all(call[pair[0]] == call[pair[1]] for call in both):
                yield pair


@pytest.mark.parametrize("lab", course.lab_names())
def test_in_some_call_of_each_exercise_they_differ(lab):
    answers = reference.answers_of(ast.parse(reference.source_of(lab).read_text("utf-8")))
    checks, alike, seen = checking.load(lab), {}, 0
    for name, node in answers.items():
        if not isinstance(node, ast.FunctionDef):
            continue
        watched = Watched(node, in_this_process(reference.find(lab, name), name))
        if watched.shapes:
            with contextlib.suppress(Enough):
                assert checks.run(name, watched, 1, seed=1).status == "passed"
            seen += any(watched.calls)
            alike[name] = list(watched.always_equal())
    assert seen >= 2 and not any(alike.values()), alike


def test_a_probe_with_square_matrices_only_is_found():
    node = ast.parse("def f(a, b):\n    'a: (n, d); b: (d, k) numbers.'").body[0]
    watched = Watched(node, in_this_process(lambda a, b: a @ b, "f"))
    watched(np.ones((2, 2)), np.ones((2, 3)))
    assert list(watched.always_equal()) == [("d", "n")]
    with pytest.raises(Enough):
        watched(np.ones((4, 2)), np.ones((2, 3)))
    assert list(watched.always_equal()) == []
