"""What wrong values tell about their cause.

A diagnosis stands here only if the values prove it: they equal what one kind of mistake makes of the right ones. It
names what they are ("this is the square of what it should be"), not what somebody may have typed. Mistakes that belong
to one exercise are its check's own and are looked at first.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from scipy import special

Array = np.ndarray
_LARGEST = 100_000  # numbers that are looked at: an answer can return many more than were asked for


def diagnose(got: Array, expected: Array, mistakes: Mapping[str, Any], rtol: float, atol: float) -> str | None:
    """The likely cause of a wrong result, or None where the values prove none.

    Args:
        got: numbers or truth values of any shape.
        expected: the right ones.
        mistakes: sentence → the value (or a function without arguments that computes it) which that mistake gives.
        rtol: relative tolerance.
        atol: absolute tolerance.
    """
    same = _Same(rtol, atol)
    fitting = [sentence for sentence, value in mistakes.items() if same(got, value() if callable(value) else value)]
    if fitting:
        return "; or ".join(fitting[:2])
    if not got.size or not expected.size or got.size > _LARGEST or "c" in (got.dtype.kind, expected.dtype.kind):
        return None
    truth_values = "b" in (got.dtype.kind, expected.dtype.kind)
    got, expected = got.astype(float), expected.astype(float)
    share = np.finfo(float).max / max(np.abs(got).max(), 1)  # a mean over n numbers divides it by n
    if 0.5 < share < 1000 and abs(share - round(share)) < 1e-6:
        return "1.8e+308 is what np.nan_to_num makes of inf: avoid the division by zero or the overflow instead"
    with np.errstate(all="ignore"):
        if got.shape != expected.shape:
            return next(_of_shapes(got, expected, same, truth_values), None)
        if not np.isfinite(got).all():
            return _of_what_is_not_finite(got, expected)
        if truth_values:
            return "True and False are exchanged" if same(got, 1 - expected) else _of_places(got, expected, same)
        tight = _Same(min(rtol, 1e-3), min(atol, 1e-6))
        return _of_values(got, expected, tight) or _of_factors(got, expected) or _of_places(got, expected, same)


class _Same:
    """Whether two arrays have the same shape and, within tolerances, the same values; nan equals nan."""

    def __init__(self, rtol: float, atol: float):
        self.rtol, self.atol = rtol, atol

    def __call__(self, one: Any, other: Any) -> bool:
        one, other = np.asarray(one), np.asarray(other)
        return one.shape == other.shape and np.allclose(one, other, self.rtol, self.atol, equal_nan=True)


def _of_what_is_not_finite(got: Array, expected: Array) -> str:
    bad = ~np.isfinite(got)
    count = "every value is" if bad.all() else f"{bad.sum()} of {bad.size} values are"
    zeros = bad.size > bad.sum() and np.array_equal(bad, expected == 0)
    where = ", exactly those that should be 0" if zeros else ""
    return (
        f"{count} nan or inf{where}: a division by zero, a logarithm of zero, a root of a negative number, an"
        " overflowing exponential, or nan was put there"
    )


# -- the same shape: what happened to each value ----------------------------------------------------------------------

# what the result is, as a function of the right one
_APPLIED: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("the sign is flipped", np.negative),
    ("the absolute value was taken; the sign matters", np.abs),
    ("negative values were set to 0 (a ReLU was applied), and they should stay", lambda e: np.maximum(e, 0)),
    ("positive values were set to 0, and they should stay", lambda e: np.minimum(e, 0)),
    ("the result was clipped to [0, 1], and it should not be", lambda e: np.clip(e, 0, 1)),
    ("this is 1 minus what is asked for", lambda e: 1 - e),
    ("this is the square of what it should be", np.square),
    ("this is the square root of what it should be", np.sqrt),
    ("the fraction is upside down: this is 1 divided by what it should be", lambda e: 1 / e),
    ("a sigmoid was applied to the result, which should stay as it is", special.expit),
    ("tanh was applied to the result, which should stay as it is", np.tanh),
    ("an exponential was applied to the result, which should stay as it is", np.exp),
    ("a logarithm was applied to the result, which should stay as it is", np.log),
    ("only the sign of each value is left", np.sign),
    ("the values were rounded to whole numbers", np.round),
    ("the fractions were cut off: an array of whole numbers was filled, or // or int was used", np.trunc),
    ("the fractions were cut off: an array of whole numbers was filled, or // or int was used", np.floor),
)
# what is still to be done with the result
_MISSING: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("the sigmoid is missing", special.expit),
    ("tanh is missing", np.tanh),
    ("the exponential is missing", np.exp),
    ("the logarithm is missing", np.log),
    ("the absolute value is missing", np.abs),
    ("negative values should become 0 (ReLU, np.maximum with 0)", lambda g: np.maximum(g, 0)),
    ("the result is not clipped to [0, 1]", lambda g: np.clip(g, 0, 1)),
    ("the values should be rounded to whole numbers", np.round),
)


def _of_values(got: Array, expected: Array, same: _Same) -> str | None:
    alike = np.ptp(got) <= 1e-9 * max(np.abs(got).max(), 1e-300)
    whole = np.array_equal(expected, np.round(expected))
    if got.size == 1 and (whole or got.item() in (-1, 0, 1)):  # too little evidence for anything but the sign
        return "the sign is flipped" if expected and same(got, -expected) else None
    if alike and got.size > 1:
        if np.ptp(expected) > 1e-3 * np.abs(expected).max() and not got.any():
            return "the result is 0 everywhere: look whether anything is written into it"
        return None
    for sentence, function in _APPLIED:
        if same(got, function(expected)) and not same(got, expected):
            return sentence
    if got.size == 1:
        return None
    for sentence, function in _MISSING:
        if same(function(got), expected):
            return sentence
    return next(_of_scales(got, expected, same), None)


def _length(array: Array, axes: tuple[int, ...] | None, keepdims: bool) -> Array:
    return np.sqrt(np.square(array).sum(axis=axes, keepdims=keepdims))


_SCALES = (("sum", np.sum), ("largest value", np.max), ("mean", np.mean), ("length", _length))


def _of_scales(got: Array, expected: Array, same: _Same) -> Iterator[str]:
    """A division by a sum, maximum, mean or length, a subtracted mean, a softmax: one too many, or one is missing."""
    for axes, where in _axes(expected.ndim):
        for name, scale in _SCALES:
            if same(got, expected / scale(expected, axes, keepdims=True)):
                yield f"the result was divided by its {name}{where}, and it should not be"
            if same(got / scale(got, axes, keepdims=True), expected):
                yield f"the division by the {name}{where} is missing"
        if same(got, expected - np.mean(expected, axes, keepdims=True)):
            yield f"the mean{where} was subtracted from the result, and it should not be"
        if same(got - np.mean(got, axes, keepdims=True), expected):
            yield f"the mean{where} should be subtracted"
        if axes is None or len(axes) == 1:
            if same(got, special.softmax(expected, axes)):
                yield f"a softmax{where} was applied to the result, which should stay as it is"
            if same(special.softmax(got, axes), expected):
                yield f"the softmax{where} is missing"


def _axes(ndim: int) -> list[tuple[tuple[int, ...] | None, str]]:
    single: list = [((axis,), f" over axis {axis}") for axis in range(ndim)] if ndim > 1 else []
    return [(None, "" if ndim < 2 else " over everything"), *single]


def _of_factors(got: Array, expected: Array) -> str | None:
    """A constant factor or term that every value has; neither where all values are alike, nor for a trifle."""
    scale = float(np.abs(expected).max())
    if expected.size < 2 or scale == 0 or np.abs(got).max() > 1e6 * max(scale, 1):
        return None
    if min(np.ptp(got), np.ptp(expected)) < 1e-3 * scale:
        return None
    large = np.abs(expected) > 1e-3 * scale
    factor = (got[large] / expected[large]).flat[0]
    if large.sum() > 1 and abs(factor) > 1e-3 and abs(factor - 1) > 0.02 and np.allclose(got, factor * expected, 2e-3):
        return f"every value is {factor:.3g} times what it should be: look for a constant factor"
    offset = (got - expected).flat[0]
    if abs(offset) > 1e-2 * scale and np.allclose(got - expected, offset, 1e-3, 1e-6):
        return f"every value is off by the same {offset:.3g}: look for a constant term"
    for axis in range(expected.ndim if expected.ndim > 1 else 0):
        others = tuple(k for k in range(expected.ndim) if k != axis)
        if expected.size == expected.shape[axis] or expected.shape[axis] < 2:
            continue
        weight = np.square(expected).sum(axis=others, keepdims=True)
        own = (got * expected).sum(axis=others, keepdims=True) / np.where(weight > 0, weight, 1)
        if np.allclose(got, own * expected, 1e-3, 1e-6 * scale) and np.ptp(own) > 0.02 and np.abs(own).min() > 1e-3:
            return (
                f"each entry of axis {axis} is right up to a factor of its own: look at what it is divided by or"
                " multiplied with"
            )
        apart = (got - expected).mean(axis=others, keepdims=True)
        if np.ptp(apart) > 0.02 * scale and np.allclose(got, expected + apart, 1e-3, 1e-6 * scale):
            return f"each entry of axis {axis} is off by a number of its own: look at what is added or subtracted"
    return None


# -- the same shape: which values are wrong ---------------------------------------------------------------------------


def _of_places(got: Array, expected: Array, same: _Same) -> str | None:
    if expected.size < 3 or np.ptp(expected) < 1e-6 * max(np.abs(expected).max(), 1e-300):
        return None
    if np.ptp(got) == 0 and got.any():
        return "every value came out the same: each should be computed for itself"
    return next(_arranged_wrongly(got, expected, same), None) or next(_partly_right(got, expected, same), None)


def _arranged_wrongly(got: Array, expected: Array, same: _Same) -> Iterator[str]:
    for one, other in itertools.combinations(range(expected.ndim), 2):
        if expected.shape[one] == expected.shape[other] and same(got, expected.swapaxes(one, other)):
            yield "the matrix is transposed" if expected.ndim == 2 else f"axes {one} and {other} are exchanged"
    if expected.ndim == 2 and same(got, expected[::-1, ::-1]):
        yield "the result is turned by 180°: rows and columns run backwards"
    for axis in range(expected.ndim):
        along = f" along axis {axis}" if expected.ndim > 1 else ""
        if same(got, np.flip(expected, axis)):
            yield f"the order{along} is reversed"
        for step, side in ((1, "late"), (-1, "early")):
            inside = [slice(None)] * expected.ndim
            inside[axis] = slice(1, None) if step > 0 else slice(None, -1)
            moved = np.roll(expected, step, axis)
            if expected.shape[axis] > 2 and same(got[tuple(inside)], moved[tuple(inside)]):
                yield f"everything stands one place too {side}{along}"
        if expected.shape[axis] > 2 and same(got, np.cumsum(expected, axis)):
            yield f"the values pile up{along}: start each from the beginning"
    if same(np.sort(got, axis=None), np.sort(expected, axis=None)):
        yield "the values are right, but they stand in another order"


def _partly_right(got: Array, expected: Array, same: _Same) -> Iterator[str]:
    wrong = ~np.isclose(got, expected, same.rtol, same.atol)
    for axis in range(expected.ndim):
        size = expected.shape[axis]
        if size < 2:
            continue
        along = f" along axis {axis}" if expected.ndim > 1 else ""
        for name, place in (("first", 0), ("last", size - 1)):
            if same(got, np.broadcast_to(expected.take([place], axis), expected.shape)):
                yield f"all entries{along} are like the {name}: each should be computed for itself"
        others = tuple(k for k in range(expected.ndim) if k != axis)
        bad = wrong.any(axis=others)
        until = size - int(np.argmax(bad[::-1]))  # behind it all are right
        if bad.all() or not bad.any() or size < 3:
            if bad.all() and size > 2 and same(got, np.broadcast_to(got.take([0], axis), got.shape)):
                yield f"all entries{along} came out the same: each should be computed for itself"
            continue
        right = int(np.argmax(bad))  # so many are right at the beginning
        rest = got.take(range(right, size), axis)
        if right and bad[right:].sum() > 1 and bad[right:].all() and not rest.any():
            yield f"only the first {right} of {size} entries{along} are filled: look at where the loop ends"
        elif wrong.compress(bad, axis).mean() < 0.5 or size < 4:
            continue  # a wrong value here and there may well lie at the border
        elif right == size - 1:
            yield f"only the last entry{along} is wrong: look at where the loop or the slice ends"
        elif right == 0 and until == 1:
            yield f"only the first entry{along} is wrong: look at where the loop or the slice begins"
    both = (expected < 0).any() and (expected > 0).any()
    for name, where in (("negative", expected < 0), ("positive", expected > 0), ("0", expected == 0)):
        if (both or name == "0") and expected.size > 7 and np.array_equal(wrong, where) and where.any():
            yield f"wrong are exactly the values that should be {name}"
    first = int(np.argmax(wrong))  # as one reads: so many are right at the beginning
    if (
        0 < first < wrong.size - 2
        and expected.ndim > 1
        and not got.ravel()[first:].any()
        and wrong.ravel()[first:].all()
    ):
        yield f"only the first {first} of {wrong.size} values are filled: look where `return` stands"


# -- another shape ----------------------------------------------------------------------------------------------------

_JOINED: tuple[tuple[str, Callable], ...] = (
    ("sum", np.sum),
    ("mean", np.mean),
    ("largest value", np.max),
    ("smallest value", np.min),
    ("place of the largest value", np.argmax),
)


def _of_shapes(got: Array, expected: Array, same: _Same, truth_values: bool) -> Iterator[str]:
    """What a wrong shape comes from."""
    for name, place in (("first", 0), ("last", -1)):
        if got.size == 1 and expected.size > 2 and got.any() and same(got.ravel(), expected.ravel()[[place]]):
            yield f"this is only the {name} of {expected.size} values: collect all; look where `return` stands"
    if got.ndim == 2 and same(got.T, expected):
        yield "rows and columns are swapped: a transpose is missing or one too many"
    if got.size == expected.size and same(got.reshape(expected.shape), expected):
        if got.ndim == expected.ndim + 1 and 1 in got.shape:
            yield "an axis of length 1 was kept, for instance by keepdims=True or by a weight of shape (d, 1)"
        if expected.ndim == got.ndim + 1 and 1 in expected.shape:
            yield "an axis of length 1 is missing: keep it, for instance with keepdims=True"
        yield "the values are right, their arrangement is not: a reshape is missing or one too many"
    if expected.ndim == got.ndim > 2 and sorted(expected.shape) == sorted(got.shape):
        for order in itertools.permutations(range(got.ndim)):
            if same(got.transpose(order), expected):
                moved = next(axis for axis, other in enumerate(order) if axis != other)
                yield f"the axes stand in another order: axis {order[moved]} of yours should be axis {moved}"
    if expected.ndim == 1 and len(expected) > 1 and got.shape == expected.shape * 2:
        yield "(n,) and (n, 1) were combined, which NumPy broadcasts to (n, n): give both the same shape"
    if expected.ndim == 2 and expected.shape[0] == expected.shape[1] and same(got, np.diag(expected)):
        yield "this is the diagonal alone: the whole matrix is asked for"
    yield from _cut(got, expected, same)
    if not truth_values:
        yield from _joined(got, expected, same)
        yield from _not_yet_joined(got, expected, same)


def _cut(got: Array, expected: Array, same: _Same) -> Iterator[str]:
    """The first or last entries along some axes are missing, or there are too many."""
    if got.ndim != expected.ndim:
        return
    missing = all(g <= e for g, e in zip(got.shape, expected.shape, strict=True))
    surplus = all(g >= e for g, e in zip(got.shape, expected.shape, strict=True))
    small, large = (got, expected) if missing else (expected, got)
    if not (missing or surplus) or small.size < 2 or np.ptp(small) == 0:
        return
    differing = [axis for axis in range(got.ndim) if got.shape[axis] != expected.shape[axis]]
    many = " and ".join(
        f"{large.shape[axis] - small.shape[axis]}" + f" along axis {axis}" * (got.ndim > 1) for axis in differing
    )
    for name, part in (
        ("last", tuple(slice(0, size) for size in small.shape)),
        ("first", tuple(slice(big - size, None) for size, big in zip(small.shape, large.shape, strict=True))),
    ):
        if same(large[part], small):
            if missing:
                yield f"the {name} entries are missing ({many}): look at where the loop or the slice begins and ends"
            else:
                yield f"there are too many entries, the {name} ones ({many}): look at where the loop begins and ends"


def _joined(got: Array, expected: Array, same: _Same) -> Iterator[str]:
    """An axis was summed, averaged or searched that should stay, or one that should go is still there."""
    fewer, more = (got, expected) if got.ndim < expected.ndim else (expected, got)
    if fewer.ndim == more.ndim or more.size < 2 or more.ndim > 5:
        return
    if expected.ndim == 0 and got.size < 4:  # the largest of two or three numbers is the right one too easily
        if np.isclose(got, expected, same.rtol, same.atol).sum() == 1:
            yield "one number is asked for, and it is among these: return it alone"
        return
    apart = more.ndim - fewer.ndim
    if fewer is got and got.ndim == expected.ndim - 1:
        for axis in range(expected.ndim):
            for name, place in (("first", 0), ("last", -1)):
                if same(expected.take(place, axis), got):
                    yield f"this is only the {name} entry along axis {axis}: collect all; look where `return` stands"
    for axes in itertools.combinations(range(more.ndim), apart):
        whole = apart == more.ndim
        where = "everything" if whole else f"ax{'i' if apart == 1 else 'e'}s {' and '.join(map(str, axes))}"
        for name, function in _JOINED:
            if function is np.argmax and not (whole or apart == 1):
                continue
            axis = None if whole else axes[0] if apart == 1 else axes
            if not same(function(more, axis), fewer):
                continue
            if more is expected:
                yield f"an axis that should stay is gone: this is the {name} over {where}"
            else:
                yield f"the last step is missing: take the {name} over {where}"


def _not_yet_joined(got: Array, expected: Array, same: _Same) -> Iterator[str]:
    """Each product stands for itself where their sum or mean over one axis, kept with length 1, is asked for."""
    if got.ndim != expected.ndim or 1 not in expected.shape or expected.size < 2 or got.size <= expected.size:
        return
    for axis in range(got.ndim):
        for name, function in _JOINED[:2]:
            joined = function(got, axis)
            if joined.size == expected.size and same(joined.reshape(expected.shape), expected):
                yield f"the last step is missing: take the {name} over axis {axis}; a matrix product does"
