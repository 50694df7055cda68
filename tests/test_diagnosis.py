"""Diagnoses by values: each sentence comes for its own evidence, and none where the values prove nothing."""

import numpy as np
import pytest
from scipy import special

from labs_utils.exercises.diagnosis import diagnose

RNG = np.random.default_rng(7)
E = RNG.normal(scale=1.5, size=(5, 4))
P = RNG.uniform(0.1, 0.9, size=(5, 4))
V = RNG.normal(size=7)


def filled(array, count):
    result = np.zeros_like(array)
    result[:count] = array[:count]
    return result


def said(got, expected):
    return diagnose(np.asarray(got), np.asarray(expected), {}, 1e-4, 1e-5)


@pytest.mark.parametrize(
    ("got", "expected", "sentence"),
    [
        (-E, E, "the sign is flipped"),
        (np.abs(E), E, "the absolute value was taken"),
        (np.maximum(E, 0), E, "negative values were set to 0"),
        (E, np.maximum(E, 0), "negative values should become 0"),
        (np.clip(E, 0, 1), E, "clipped to [0, 1], and it should not be"),
        (E, np.clip(E, 0, 1), "not clipped to [0, 1]"),
        (1 - P, P, "this is 1 minus what is asked for"),
        (E**2, E, "this is the square of"),
        (np.sqrt(P), P, "this is the square root of"),
        (1 / E, E, "the fraction is upside down"),
        (special.expit(E), E, "a sigmoid was applied"),
        (E, special.expit(E), "the sigmoid is missing"),
        (np.log(P), P, "a logarithm was applied"),
        (special.softmax(E, 1), E, "a softmax over axis 1 was applied"),
        (E, special.softmax(E, 0), "the softmax over axis 0 is missing"),
        (np.sign(E), E, "only the sign of each value is left"),
        ((10 * E).astype(int), 10 * E, "the fractions were cut off"),
        (P / P.sum(), P, "divided by its sum over everything"),
        (P, P / P.sum(1, keepdims=True), "the division by the sum over axis 1 is missing"),
        (E - E.mean(0), E, "the mean over axis 0 was subtracted"),
        (3 * E, E, "every value is 3 times"),
        (E + 2, E, "off by the same 2"),
        (E * np.arange(1, 6)[:, None], E, "each entry of axis 0 is right up to a factor of its own"),
        (E + np.arange(1, 5), E, "each entry of axis 1 is off by a number of its own"),
        (E[:4, :4].T, E[:4, :4], "the matrix is transposed"),
        (V[::-1], V, "the order is reversed"),
        (np.roll(V, 1), V, "everything stands one place too late"),
        (np.cumsum(V), V, "the values pile up"),
        (V[[1, 0, 2, 5, 4, 3, 6]], V, "they stand in another order"),
        (np.zeros(7), V, "the result is 0 everywhere"),
        (filled(E, 2), E, "only the first 2 of 5 entries along axis 0 are filled"),
        (np.r_[V[:-1], 9], V, "only the last entry is wrong"),
        (np.r_[9, V[1:]], V, "only the first entry is wrong"),
        (np.tile(E[0], (5, 1)), E, "all entries along axis 0 are like the first"),
        (np.where(E < 0, 5, E), E, "wrong are exactly the values that should be negative"),
        (np.where(E > 0, E, -1.7e308), E, "wrong are exactly the values that should be negative"),
        (np.where(E > 1, np.nan, E), E, "values are nan or inf"),
        (E > 0, ~(E > 0), "True and False are exchanged"),
        (E.T, E, "rows and columns are swapped"),
        (E[..., None], E, "an axis of length 1 was kept"),
        (E.ravel(), E, "their arrangement is not"),
        (E[:, :-1], E, "the last entries are missing (1 along axis 1)"),
        (E[1:], E, "the first entries are missing (1 along axis 0)"),
        (E, E[:-2], "too many entries, the last ones (2 along axis 0)"),
        (E.sum(0), E, "this is the sum over axis 0"),
        (E, E.mean(1), "take the mean over axis 1"),
        (V, V.mean(), "take the mean over everything"),
        (E, E.argmax(1), "take the place of the largest value over axis 1"),
        (E[0], E, "only the first entry along axis 0"),
        (V[:, None] - V, V, "give both the same shape"),
        (-0.7, 0.7, "the sign is flipped"),
        (E[::-1, ::-1], E, "turned by 180°"),
        (np.where(np.arange(20).reshape(5, 4) < 6, E, 0), E, "only the first 6 of 20 values are filled"),
        (np.full(7, 2.5), V, "every value came out the same"),
        (E * V[:4], (E * V[:4]).sum(1, keepdims=True), "take the sum over axis 1; a matrix product does"),
        (np.array([51, 12]), 51, "it is among these: return it alone"),
        (np.moveaxis(np.arange(24.0).reshape(2, 3, 4), -1, 1), np.arange(24.0).reshape(2, 3, 4), "axis 2 of yours"),
        (np.where(E > 1, np.finfo(float).max / 4, E), E, "np.nan_to_num makes of inf"),
        (0.3, 0.7, "this is 1 minus"),
    ],
)
def test_evidence_gives_its_sentence(got, expected, sentence):
    assert sentence in (said(got, expected) or "")


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (RNG.normal(size=(5, 4)), E),
        (E + 0.01 * RNG.normal(size=(5, 4)), E),  # rounding is no factor of 1
        (1.002 * E, E),
        (2, 1),
        (0, 1),
        (6.5, 2.6),
        (np.ones(3), np.zeros(3)),
        (np.zeros(3), np.zeros(4)),
        (np.empty(0), V),
        (np.empty((0, 4)), E),
        (RNG.normal(size=3), E),
        (RNG.normal(size=(5, 4)) > 0, E > 0),
        (1.0, E),
        (0.0, 0.136),  # 0 is what many a mistake gives
        (np.array([0, 0.3, 0]), np.array([0, 0.3, 1])),  # one wrong entry at the end is no loop that ends too early
        (
            np.array([-0.07, 0.3, 0.2, 0.1]),
            np.array([-0.07, 0.1, 0.3, 0.4]),
        ),  # few values: chance picks the positive ones
    ],
)
def test_no_evidence_gives_no_sentence(got, expected):
    assert said(got, expected) is None


def test_the_mistakes_of_the_exercise_come_first():
    got = diagnose(-E, E, {"y - y_hat is the wrong way round": lambda: -E, "another": E}, 1e-4, 1e-5)
    assert got == "y - y_hat is the wrong way round"
