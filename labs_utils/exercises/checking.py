"""The check framework: probes with points, comparisons that explain, results as text.

A lab's checks stand in ``labs_utils/checks/labNN_topic.py``::

    checks = Checks("01_perceptron")

    @checks.probe("sigmoid")
    def values(sigmoid, rng):
        "Values on a random batch"
        z = rng.normal(scale=3, size=(4, 3))
        expect_close(sigmoid(z), scipy.special.expit(z), mistakes={
            "the minus sign before z is missing": scipy.special.expit(-z),
        })

Each probe of an exercise earns an equal share of its points. The first line of its docstring names it in the feedback.
"""

import functools
import importlib
import itertools
import json
import math
import re
import sys
import types
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from labs_utils import machine
from labs_utils.errors import LabsError
from labs_utils.exercises import travel
from labs_utils.exercises.diagnosis import diagnose
from labs_utils.exercises.pipe import PipeError
from labs_utils.exercises.reference import INVITATION
from labs_utils.exercises.student import ArgumentChanged, ModelView, Student, StudentError

Probe = Callable[[Student, np.random.Generator], None]

TIME_LIMIT = 30  # seconds that a grader gives an answer by default, for all the calls of its exercise together
RTOL, ATOL = 1e-4, 1e-5  # an honest float32 computation passes, a wrong formula does not


LONGEST_ERROR = 10_000  # characters of an error's text that are looked at: a student can write megabytes


class CheckFailed(Exception):
    """A probe's verdict, in one to three lines that a beginner can act on."""


class _Unexplained(CheckFailed):
    """A wrong result whose values prove no cause; `got` holds them."""

    def __init__(self, text: str, got: np.ndarray):
        super().__init__(text)
        self.got = got


@dataclass(frozen=True)
class Result:
    """The outcome of one exercise.

    Attributes:
        exercise: its name.
        status: ``passed``, ``failed`` or ``blank`` (not attempted); of a submission also ``missing`` (no such cell),
            ``broken`` (a cell that is not Python) or ``stopped`` (its process ended, hung or talked nonsense).
        points: earned, out of `maximum`.
        messages: what each failing probe has to say, first things first.
    """

    exercise: str
    status: str
    points: float
    maximum: float
    messages: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The sign before the name: ✔, ✘ or ○."""
        return {"passed": "✔", "blank": "○", "missing": "○"}.get(self.status, "✘")

    def __str__(self) -> str:
        if self.status == "blank":
            return f"○ {self.exercise} · not attempted yet"
        return "\n".join([f"{self.mark} {self.exercise} · {self.points:g}/{self.maximum:g} points", *self.messages[:1]])


class Checks:
    """The probes of one lab, by exercise name, in teaching order."""

    def __init__(self, lab: str):
        self.lab = lab
        self.probes: dict[str, list[Probe]] = {}

    def probe(self, exercise: str) -> Callable[[Probe], Probe]:
        """Adds the decorated function to the probes of `exercise`."""

        def add(function: Probe) -> Probe:
            if not function.__doc__ and sys.flags.optimize < 2:  # `python -OO` takes docstrings away
                raise TypeError(f"the probe {function.__name__} of {exercise} has no docstring to be named by")
            self.probes.setdefault(exercise, []).append(function)
            return function

        return add

    def choice(self, question: str, answer: str, because: Mapping[str, str]) -> None:
        """Adds a question answered by one letter.

        Args:
            question: its name.
            answer: the right letter.
            because: for every wrong letter, one sentence on what is wrong with it.
        """
        letters = sorted({answer, *because})

        @self.probe(question)
        def chosen(student: Student, rng: np.random.Generator) -> None:
            """Your answer"""
            got = student()
            given = got.strip().strip("().").lower() if isinstance(got, str) else got
            if given not in letters:
                raise CheckFailed(f"Return one letter as a string: {', '.join(map(repr, letters))}; got {_show(got)}.")
            if given != answer:
                raise CheckFailed(f"{given!r} is not it: {because[given]}")

    @machine.course_settings()
    def run(self, exercise: str, student: Student, points: float, seed: int | None = None) -> Result:
        """Runs every probe of `exercise` on `student`.

        Args:
            exercise: its name.
            student: the answer, in this process or remote.
            points: what full marks are worth.
            seed: of the random inputs; by default one that depends on the name only, so that a student who runs the
                cell again sees the same numbers. A grader uses its own.
        """
        probes = self.probes_of(exercise)
        messages = []
        for number, probe in enumerate(probes):
            rng = np.random.default_rng([zlib.crc32(exercise.encode()) if seed is None else seed, number])
            try:
                probe(student, rng)
            except StudentError as error:
                if _is_invitation(error):
                    return Result(exercise, "blank", 0, points)
                messages.append(_titled(probe, _explain_error(exercise, error, self.probes, student.lost)))
            except ArgumentChanged as change:
                messages.append(_titled(probe, _explain_change(change)))
            except _Unexplained as failure:
                again = np.random.default_rng([zlib.crc32(exercise.encode()) if seed is None else seed, number])
                messages.append(_titled(probe, str(failure) + _by_chance(probe, student, again, failure.got)))
            except CheckFailed as failure:
                messages.append(_titled(probe, str(failure)))
            except (PipeError, LabsError):
                raise
            except Exception as error:  # a check that stumbles over an unexpected kind of value is a verdict too
                reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                messages.append(
                    _titled(probe, f"The check could not work with what your function returned ({reason}).")
                )
        if not messages:
            return Result(exercise, "passed", points, points)
        earned = round(points * (len(probes) - len(messages)) / len(probes), 2)
        return Result(exercise, "failed", earned, points, tuple(messages))

    def probes_of(self, exercise: str) -> list[Probe]:
        """The probes of one exercise.

        Raises:
            LabsError: this lab has no such exercise; the message says which lab has, or names the closest.
        """
        if exercise in self.probes:
            return self.probes[exercise]
        from labs_utils.course import lab_names

        for other in lab_names():
            if other != self.lab and exercise in load(other).probes:
                raise LabsError(f"{exercise} is an exercise of lab {other}, but this notebook says Lab({self.lab!r})")
        raise LabsError(f"lab {self.lab} has no exercise {exercise!r}; it has {', '.join(self.probes)}")


@functools.cache
def load(lab: str) -> Checks:
    """The checks of one lab (full name, as `course.find_lab` gives it)."""
    return importlib.import_module(f"labs_utils.checks.lab{lab}").checks


# -- cases that are drawn once ----------------------------------------------------------------------------------------

_KEPT = 16  # cases of one function: those of an exercise, for a class that is graded with one seed


def drawn_once(case: Callable) -> Callable:
    """Keeps what `case(rng, *arguments, **settings)` returns, for whoever is checked with the same random numbers.

    That is each student of a class that is graded with one seed, and who runs a cell again. What is kept must depend
    on the arguments alone, never on an answer. Its arrays are read-only, and its functions without arguments, the
    values of rare mistakes, run once. The generator is left where drawing leaves it.
    """

    @functools.lru_cache(maxsize=_KEPT)
    def of(state: str, *arguments: Any, **settings: Any) -> tuple[Any, dict]:
        rng = np.random.default_rng(0)
        rng.bit_generator.state = json.loads(state)
        return _lasting(case(rng, *arguments, **settings)), rng.bit_generator.state

    @functools.wraps(case)
    def drawn(rng: np.random.Generator, *arguments: Any, **settings: Any) -> Any:
        value, rng.bit_generator.state = of(json.dumps(rng.bit_generator.state), *arguments, **settings)
        return value

    return drawn


def _lasting(value: Any) -> Any:
    """`value` as it can be kept: arrays that nobody changes, functions that compute once."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    if isinstance(value, tuple | list):
        return type(value)(map(_lasting, value))
    if isinstance(value, dict):
        return {key: _lasting(item) for key, item in value.items()}
    if isinstance(value, types.FunctionType | functools.partial):
        return functools.cache(lambda: _lasting(value()))
    return value


# -- comparisons that explain -----------------------------------------------------------------------------------------


def expect(condition: bool, sentence: str) -> None:
    """Fails with `sentence` unless `condition` holds.

    Raises:
        CheckFailed: with the sentence as its text.
    """
    if not condition:
        raise CheckFailed(sentence)


def expect_model(got: Any) -> ModelView:
    """`got` if it is a Keras layer or model.

    Raises:
        CheckFailed: it is something else.
    """
    if not isinstance(got, ModelView):
        raise CheckFailed(f"Return the Keras model or layer itself; got {_show(got)}.{_forgotten_return(got)}")
    return got


def fill_weights(model: ModelView, rng: np.random.Generator, most: int) -> list[np.ndarray]:
    """Gives `model` random weights of the check's choosing, on which every one of its outputs depends.

    Args:
        model: what the student's function returned.
        rng: draws the weights.
        most: how many numbers a right answer, or a wrong one that has a sentence of its own, can have.

    Returns:
        The weights, float32, in the order and of the shapes that the model names; none if it is not built.

    Raises:
        CheckFailed: it has more than `most` numbers. Nothing has been drawn then.
    """
    variables = model.variables()
    size = sum(math.prod(shape) for _, shape in variables)
    if size > most or len(variables) > most:
        raise CheckFailed(f"The model has {size} weights, many more than it should have.")
    weights = [_drawn(path.rsplit("/", 1)[-1], shape, rng).astype("float32") for path, shape in variables]
    model.set_weights(weights)
    return weights


def _drawn(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Anything that a weight of this name may be; kernels keep a signal at about its size."""
    if name in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) > 1:
        return rng.normal(scale=1.5 / math.sqrt(max(math.prod(shape[:-1]), 1)), size=shape)
    return rng.normal(scale=0.4, size=shape)


def expect_fresh(model: ModelView, given: int = 0, dropout: bool = False) -> None:
    """Fails if an untrained network is not one to be trained: with layers frozen or random, or with equal weights.

    What a network computes with given weights does not show this.

    Args:
        model: what the student's function returned.
        given: so many weight arrays at its beginning came with the exercise and are not looked at.
        dropout: whether it may have layers that are random in training.

    Raises:
        CheckFailed: a layer is frozen, drops inputs or adds noise, or a kernel starts with one value everywhere.
    """
    for layer in model.layers:
        kind = layer["type"]
        expect(
            dropout or ("Dropout" not in kind and not kind.endswith("Noise")),
            f"The model has a layer of type {kind}, which was not asked for.",
        )
    rows = zip(model.variables(), model.trainable(), model.weights(), strict=True)
    for (path, shape), learns, weight in itertools.islice(rows, given, None):
        expect(
            learns or path.rsplit("/", 1)[-1].startswith(("moving_", "seed_generator")),
            f"The weights {path} would not learn.\n  Likely cause: the layer is frozen: trainable is False.",
        )
        expect(
            len(shape) < 2 or weight.size < 2 or float(np.ptp(weight)) > 0,
            f"All weights of {path} start at the same value, so all units would stay equal for ever.\n  Likely cause:"
            " an initializer of zeros or ones; leave it out, and Keras draws random values.",
        )


def arranged(weights: list[np.ndarray], *shapes: tuple[int, ...]) -> list[np.ndarray] | None:
    """`weights` in the order of `shapes`, whatever order a model names them in; None if they are not of these shapes.

    Arrays of the same shape keep their order. The kernel of a 1 × 1 convolution is taken for that of a dense layer.
    """
    rest = [weight[0, 0] if weight.ndim == 4 and weight.shape[:2] == (1, 1) else weight for weight in weights]
    found = []
    for shape in shapes:
        place = next((place for place, array in enumerate(rest) if array.shape == shape), None)
        if place is None:
            return None
        found.append(rest.pop(place))
    return None if rest else found


def expect_one_of(got: Any, candidates: Iterable[Any], rtol: float = RTOL, atol: float = ATOL) -> None:
    """Fails unless `got` is what one of several known networks computes with the weights that it was given.

    For a probe of a model's structure: the structure is earned by computing with it, though with a wrong activation. A
    candidate that is the same everywhere earns nothing: who computes nothing can return it.

    Raises:
        CheckFailed: it is none of them.
    """
    array = np.asarray(got) if isinstance(got, np.ndarray) else np.empty(0)
    for candidate in candidates:
        value = np.asarray(candidate() if callable(candidate) else candidate)
        if value.size > 1 and np.ptp(value) == 0:
            continue
        if array.shape == value.shape and array.dtype.kind in "biuf" and np.allclose(array, value, rtol, atol):
            return
    raise CheckFailed("With weights that the check gives it, the model does not compute what such layers would.")


def expect_items(got: Any, names: tuple[str, ...], shapes: tuple[tuple, ...] = ()) -> list:
    """`got` as a list with one item for each of `names`, for a function that returns several things.

    Args:
        got: what the student's function returned.
        names: of the things, in order.
        shapes: what each should have; when the shapes fit in another order only, the order is the diagnosis.

    Raises:
        CheckFailed: it is not a tuple or list of that length, or its items stand in another order.
    """
    if isinstance(got, np.ndarray) and got.ndim and len(got) == len(names):
        alone = got.shape in shapes and Counter(item.shape for item in got) != Counter(shapes)  # one has as many rows
        got = got if alone else list(got)
    if not isinstance(got, list) or len(got) != len(names):
        raise CheckFailed(
            f"Return {len(names)} things, {', '.join(names)}, in this order; got {_show(got)}.{_forgotten_return(got)}"
        )
    found = [_shape(item) for item in got]
    if shapes and found != list(shapes) and Counter(found) == Counter(shapes):
        raise CheckFailed(f"The order of the results is wrong: return {', '.join(names)}, in this order.")
    return got


def _shape(item: Any) -> tuple | None:
    try:
        return np.shape(item)
    except ValueError:
        return None


def expect_close(
    got: Any,
    expected: Any,
    what: str = "the result",
    mistakes: Mapping[str, Any] | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Fails unless `got` has the shape and the values of `expected`.

    Args:
        got: what the student's function returned.
        expected: from an independent oracle.
        what: names the quantity in the feedback, for example "the gradient".
        mistakes: sentence → the value (or a function without arguments that computes it) which that mistake gives.
            When `got` equals one of them, the sentence is the diagnosis; when it equals two, both are named.
        rtol: relative tolerance.
        atol: absolute tolerance.

    Raises:
        CheckFailed: with what was expected, what came, and the likely cause.
    """
    expected = np.asarray(expected)
    array = _as_array(got, expected, what)
    if array.shape == expected.shape and np.allclose(array, expected, rtol, atol):
        return
    cause = diagnose(array, expected, mistakes or {}, rtol, atol)
    if array.shape != expected.shape:
        facts = _facing(f"{what}:", _kind(expected), _kind(array))
    else:
        facts = _facing(f"{what}:", *_show_both(expected, array)) + _where(array, expected, rtol, atol)
    if cause is None:
        raise _Unexplained(_sentence(facts), array)
    raise CheckFailed(f"{_sentence(facts)}\n  Likely cause: {cause}.")


def _by_chance(probe: Probe, student: Student, rng: np.random.Generator, before: np.ndarray) -> str:
    """The cause of a wrong result that is another one when the same probe runs again, else ""."""
    try:
        probe(student, rng)
    except _Unexplained as failure:
        if failure.got.shape == before.shape and not np.allclose(failure.got, before, 1e-3, 1e-5, equal_nan=True):
            return (
                "\n  Likely cause: the same arguments give another result each time: your function draws random numbers"
                " of its own, or keeps something from call to call."
            )
    except (PipeError, LabsError):
        raise
    except Exception:  # the first run has the word
        pass
    return ""


def _as_array(got: Any, expected: np.ndarray, what: str) -> np.ndarray:
    try:
        array = np.asarray(None if isinstance(got, str | dict | ModelView) else got)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "biufc":
        facts = _facing(f"{what}: return {_kind(expected)}.", _kind(expected), _show(got) + "." * (got is None))
        raise CheckFailed(_sentence(facts) + _forgotten_return(got))
    if expected.ndim == 0 and array.size == 1:
        array = array.reshape(())
    return array


# -- words ------------------------------------------------------------------------------------------------------------


def _facing(title: str, expected: str, got: str) -> str:
    """Expected and got on lines of their own, one below the other."""
    return f"{title}\n    expected  {expected}\n    got       {got}"


def _kind(array: np.ndarray) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "one number"


def _show(value: Any) -> str:
    if isinstance(value, ModelView):
        return "a Keras model"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if isinstance(value, np.ndarray):
        return _kind(value) if value.size > 6 else _numbers(value, 4)
    if isinstance(value, dict):
        return f"a dictionary with the keys {', '.join(map(repr, value))}"[:120]
    if isinstance(value, list):
        kinds = sorted({_plain_kind(item) for item in value})
        inside = kinds[0] if len(kinds) == 1 else "different kinds: " + ", ".join(kinds)
        if value and all(isinstance(item, list) for item in value) and len({len(item) for item in value}) > 1:
            inside = "lists whose lengths differ"
        return f"a list or tuple of {len(value)} item{'s' * (len(value) != 1)}" + (f" ({inside})" if value else "")
    if isinstance(value, float):
        return f"{value:.4g}"
    return "None" if value is None else f"{value!r}"


def _plain_kind(item: Any) -> str:
    for kind, name in ((str, "strings"), (list, "lists"), (dict, "dictionaries"), (ModelView, "Keras models")):
        if isinstance(item, kind):
            return name
    return "None" if item is None else "arrays" if np.ndim(item) else "numbers"


def _numbers(array: np.ndarray, digits: int) -> str:
    if array.ndim == 0:
        return f"{array.item():.{digits}g}"
    if array.size > 6:
        return f"[{', '.join(f'{number:.{digits}g}' for number in array.flat[:4])}, …] of shape {array.shape}"
    shown = np.array2string(array, separator=", ", formatter={"all": lambda number: f"{number:.{digits}g}"})
    return re.sub(r"\n\s*", " ", shown)


def _show_both(expected: np.ndarray, got: np.ndarray) -> tuple[str, str]:
    """Both values with as many digits, from four on, as it takes to tell them apart."""
    if expected.size > 6 and np.allclose(got.flat[:4], expected.flat[:4]):
        return _numbers(expected, 4), _numbers(got, 4)  # the difference lies further on; see `_where`
    for digits in range(4, 18):
        both = _numbers(expected, digits), _numbers(got, digits)
        if both[0] != both[1]:
            break
    return both


def _where(got: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> str:
    wrong = ~np.isclose(got, expected, rtol, atol)
    if expected.size <= 6 or wrong.all():
        return ""
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return "\n  " + _facing(
        f"{wrong.sum()} of {wrong.size} values differ, the first at index {index}:",
        *_show_both(expected[index], got[index]),
    )


def _forgotten_return(got: Any) -> str:
    return " Did you forget `return`?" if got is None else ""


def title_of(probe: Probe) -> str:
    """What a check is called in feedback."""
    title = probe.__doc__ or probe.__name__.replace("_", " ").capitalize()
    return title.strip().splitlines()[0].rstrip(".")


def _titled(probe: Probe, message: str) -> str:
    return f"  {title_of(probe)}. {message}"


def _sentence(text: str) -> str:
    """`text` with a capital letter, unless it starts with a symbol: w and W are different things."""
    return text[:1].upper() + text[1:] if text.startswith(("the ", "a ", "an ")) else text


# Words in the text of an error → what usually lies behind it. The first that fits is shown.
_CAUSES = (
    (r"NameError: name '[a-e]' is", "if you mean the letter, put it in quotes; else define the variable first"),
    (r"^NameError", "use only the arguments, the imports above and earlier exercises"),
    (r"^UnboundLocalError", "give the variable a value before it is used"),
    (r"^RecursionError", "the function calls itself without end"),
    (
        r"only (length-1|size-1|0-dimensional) arrays",
        "math.exp and float take one number; np.exp works on whole arrays",
    ),
    (r"truth value of an array", "`if` needs one True or False; np.where chooses element by element"),
    (
        r"has no attribute '_id'",
        "NumPy computed the loss, so the tape saw nothing: use TensorFlow's functions inside it",
    ),
    (
        r"ndims must be >= 2|has different ndims",
        "TensorFlow's @ needs two matrices; tf.linalg.matvec multiplies a matrix by a vector",
    ),
    (r"NoneType", "a value is None: look for a missing return, or for a gradient that the tape could not find"),
    (r"Invalid input shape for input", "a network takes a batch of pictures, also of one: picture[None]"),
    (r"index .* out of bounds|index out of range", "a loop or an index runs too far: take its end from the shape"),
    (r"only integers, slices", "an index is a whole number: use int(…)"),
    (
        r"only integer scalar arrays",
        "a slice begins and ends with one number each, and an array stands there: use a loop",
    ),
    (r"^ZeroDivisionError", "a number is divided by 0: look when the denominator is 0"),
    (r"object is not callable", "round brackets stand behind something that is no function"),
    (r"object is not subscriptable", "square brackets stand behind something that is no array or list"),
    (r"(not enough|too many) values to unpack|cannot unpack", "the names on the left are not as many as the values"),
    (
        r"positional argument|unexpected keyword|multiple values for argument|Unrecognized keyword",
        "look at the names and the number of the arguments of the function that is called in this line",
    ),
    (r"item assignment", "a tensor or tuple cannot be changed in place: fill a NumPy array, or build a new one"),
    (r"Cannot cast ufunc", "an array of whole numbers takes no fractions in place: make it float, or write a = a + b"),
    (r"can only concatenate|unsupported operand", "two kinds do not fit together: np.array(…) makes a list an array"),
    (r"has no attribute", "the name behind the dot is misspelt, or the value is of another kind than you think"),
    (
        r"cannot reshape array of size",
        "the numbers do not fill the new shape: look whether its sizes multiply to as many, and drop a rest first",
    ),
    (r"index can't contain negative values", "np.pad takes no negative width: what is too large is cut, not padded"),
    (r"a value of type (function|method|type)", "a function or class came back: a pair of brackets () is missing"),
    (r"a value of type", "return numbers, arrays, texts, lists or Keras models, nothing else"),
    (
        r"is incompatible with the layer|Invalid input shape|expected shape=",
        "the model was built for inputs of another shape: look at keras.Input, and at what each layer hands on",
    ),
    (
        r"matmul|shapes|broadcast|shape-mismatch",
        "print the shapes of both operands; often a transpose or a reshape is missing, or a variable of the notebook"
        " stands where an argument of the function belongs",
    ),
)


def too_slow(seconds: float) -> str:
    """What a student reads whose answer took longer than a grader allows for one exercise."""
    return f"It took longer than the {seconds:g} s of an exercise: either a loop never ends, or it is right but slow."


def undefined(exercise: str, error: StudentError, points: float) -> Result:
    """The result of an answer whose definition stopped with `error`."""
    return Result(exercise, "failed", 0, points, (f"  Its cell stopped with {error.type}: {error}",))


def _is_invitation(error: StudentError) -> bool:
    """Whether the untouched invitation of the stub was reached, and not some other NotImplementedError."""
    return error.type == "NotImplementedError" and INVITATION in error.text


_LOST = {
    travel.SESSION: "it uses {name}, which only exists in your session: imports, functions, classes and constants"
    " travel with an answer; hand everything else over as an argument or compute it inside the function",
    travel.FILE: "it uses {name}, which comes from a file beside your notebook or from a package that is not part of"
    " the course: put the code that you need into a cell",
}


def _explain_error(
    name: str, error: StudentError, exercises: Collection[str], lost: Mapping[str, str] = MappingProxyType({})
) -> str:
    # Keras puts its news on later lines and in bold, TensorFlow behind the name of an inner node
    text = error.text[:LONGEST_ERROR]
    text = re.sub(r"\x1b\[\d{0,3}m|\{\{[^{}]{0,300}\}\} ?|\[Op:\w{1,100}\]( name:)?", "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = " ".join(lines[:2])[:240]
    elsewhere = error.function.isidentifier() and error.function != name
    place = f" in line {error.line}" + f" of {error.function}" * elsewhere if error.line else ""
    code = f"\n  {error.code}" if error.code else ""
    full = f"{error.type}: {text}"
    cause = next((cause for pattern, cause in _CAUSES if re.search(pattern, full)), None)
    missing = re.search(r"NameError: name '(\w+)' is not defined", full)
    if missing and missing[1] in exercises:
        cause = f"run the cell of the exercise {missing[1]} first"
    elif missing and missing[1] in lost:
        cause = _LOST[lost[missing[1]]].format(name=missing[1])
    if error.type == "NotImplementedError" and not text.strip():
        cause = "delete the line `raise NotImplementedError`"
    stopped = f"{name} stopped with {error.type}" + (f": {said}" if said else "") + f"{place}.{code}"
    return stopped + (f"\n  Likely cause: {cause}." if cause else "")


def _explain_change(change: ArgumentChanged) -> str:
    number = ("first", "second", "third", "fourth", "fifth", "sixth")[change.position]
    return (
        f"Your function changes its {number} argument in place (`+=` on an array does, and undoing it leaves rounding"
        " errors), so the caller's data is altered.\n  Likely cause: write `a = a + b`, or work on a copy."
    )
