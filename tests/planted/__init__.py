"""Answers that are wrong in a planted way, and right ones in an unusual style; one module a lab.

::

    @wrong("perceptron", says="the bias w0 is missing")
    def perceptron_without_bias(x, w, w0):
        return expit(x @ w)

    @right("perceptron")
    def perceptron_as_a_loop(x, w, w0):
        ...

A module's functions use only its imports and each other, so that its source also runs behind a pipe.
"""

from collections.abc import Callable

WRONG: list[tuple[str, str, Callable]] = []
RIGHT: list[tuple[str, Callable]] = []
ENOUGH = 6  # mistakes that a student really makes in an exercise, each with a sentence of its own
FEWER: dict[str, int] = {}  # exercises in which there are not so many


def fewer(exercise: str, mistakes: int, because: str) -> None:
    """Declares that in `exercise` students make only so many different mistakes; `because` tells a reader why."""
    if not because or mistakes >= ENOUGH:
        raise ValueError(f"{exercise}: say why there are fewer than {ENOUGH} mistakes, or leave this out")
    FEWER[exercise] = mistakes


def wrong(exercise: str, says: str) -> Callable:
    """Registers an answer that must fail with feedback that contains `says`."""

    def add(answer: Callable) -> Callable:
        WRONG.append((exercise, says, answer))
        return answer

    return add


def right(exercise: str) -> Callable:
    """Registers an unusual answer that must pass."""

    def add(answer: Callable) -> Callable:
        RIGHT.append((exercise, answer))
        return answer

    return add
