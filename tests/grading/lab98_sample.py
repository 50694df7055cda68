"""Checks of a small lab that exists only in these tests; five exercises, nine points."""

import numpy as np

from labs_utils.exercises.checking import Checks, expect, expect_close

checks = Checks("98_sample")


@checks.probe("double")
def positive(double, rng):
    "Positive numbers"
    x = rng.uniform(1, 2, size=(3, 2))
    expect_close(double(x), 2 * x, mistakes={"this is the square": x**2})


@checks.probe("double")
def negative(double, rng):
    "Negative numbers"
    x = -rng.uniform(1, 2, size=4)
    expect_close(double(x), 2 * x)


@checks.probe("quadruple")
def fourfold(quadruple, rng):
    "Four times"
    x = rng.normal(size=5)
    expect_close(quadruple(x), 4 * x)


@checks.probe("shift")
def by_one(shift, rng):
    "Four times, and one more"
    x = rng.normal(size=(2, 2))
    expect_close(shift(x), 4 * x + 1)


checks.choice("pick", answer="b", because={"a": "the first letter is not it"})


@checks.probe("mean")
def mean_of_all(mean, rng):
    "The mean"
    x = rng.normal(size=7)
    got = mean(x)
    expect_close(got, np.mean(x))
    expect(got != np.median(x), "This is the median.")
