"""Checks of lab 12: rejection, errors of groups, what a test proves, poisoning, signed lists, reports, energy."""

import hashlib
import hmac
import itertools
import math
import re
from collections import Counter
from typing import Any

import numpy as np
from scipy import special, stats

from labs_utils.exercises.checking import CheckFailed, Checks, expect, expect_close, expect_items
from labs_utils.exercises.student import Student, StudentError

checks = Checks("12_trust")

Z = 1.96


# -- rejection --------------------------------------------------------------------------------------------------------


def _pairs(known: np.ndarray, unknown: np.ndarray, win: float = 1, tie: float = 0.5) -> float:
    """The mean over all pairs, one loop inside the other: 1 where the known one is higher."""
    return float(np.mean([win if a > b else tie if a == b else 0 for a in known for b in unknown]))


def _compare_auroc(student: Student, known: np.ndarray, unknown: np.ndarray) -> None:
    true, shorter = _pairs(known, unknown), min(len(known), len(unknown))
    pairs, middle = len(known) * len(unknown), np.median(np.concatenate([known, unknown]))

    def side_by_side(tie: float) -> float:
        return float(np.mean([_pairs(known[i : i + 1], unknown[i : i + 1], tie=tie) for i in range(shorter)]))

    def by_places() -> float:
        places = np.argsort(np.argsort(np.concatenate([known, unknown]))) + 1
        return (places[: len(known)].sum() - len(known) * (len(known) + 1) / 2) / pairs

    expect_close(
        student(known, unknown),
        true,
        "the area under the curve",
        {
            "the score's sign is flipped: a pair counts when the known picture's score is the higher one": 1 - true,
            "ties are not counted; a tie counts half": _pairs(known, unknown, tie=0),
            "ties are counted in full; a tie counts half": _pairs(known, unknown, tie=1),
            "ties are counted in full and then once more by half": _pairs(known, unknown, tie=1.5),
            "only the pairs that stand side by side are compared; each known picture meets each unknown one": lambda: (
                side_by_side(0.5)
            ),
            "only the pairs that stand side by side are compared, and ties do not count": lambda: side_by_side(0),
            "equal scores were given different ranks; a tie counts half": by_places,
            "this is an accuracy at one threshold; the area compares all pairs": float(
                np.mean([np.mean(known > middle), np.mean(unknown <= middle)])
            ),
            "this is in per cent; a probability goes from 0 to 1": 100 * true,
            "this is the number of pairs won; divide by the number of pairs": true * pairs,
            "the number of pairs won is divided by the known pictures only": true * len(unknown),
            "the number of pairs won is divided by the unknown pictures only": true * len(known),
            "the number of pairs won is divided by the square of all pictures": true
            * pairs
            / (len(known) + len(unknown)) ** 2,
            "this is divided by the square of the known pictures' number": true * len(unknown) / len(known),
            "this is the difference of the two means": float(known.mean() - unknown.mean()),
            "this is the share of known pictures above the mean of the unknown ones": float(
                np.mean(known > unknown.mean())
            ),
            "this is the share of known pictures above every unknown one": float(np.mean(known > unknown.max())),
        },
    )


@checks.probe("auroc")
def of_scores_with_ties(auroc: Student, rng: np.random.Generator) -> None:
    """Scores in whole tenths, so that some are equal."""
    known, unknown = rng.integers(3, 11, 13) / 10, rng.integers(0, 8, 9) / 10
    unknown[:2] = known[:2]
    _compare_auroc(auroc, known, unknown)


@checks.probe("auroc")
def of_many_scores(auroc: Student, rng: np.random.Generator) -> None:
    """More unknown pictures than known ones, negative scores."""
    _compare_auroc(auroc, rng.normal(-2, 1, 40), rng.normal(-2.6, 1.5, 55))


@checks.probe("auroc")
def at_the_ends(auroc: Student, rng: np.random.Generator) -> None:
    """Scores that separate perfectly, that separate the wrong way round, and that are all equal."""
    low, high = rng.uniform(0, 0.4, 5), rng.uniform(0.6, 1, 7)
    for known, unknown in ((high, low), (low, high), (np.full(4, 0.3), np.full(6, 0.3)), (high[:1], low[:1])):
        _compare_auroc(auroc, known, unknown)


def _compare_reject(
    student: Student, validation: np.ndarray, known: np.ndarray, unknown: np.ndarray, keep: float
) -> None:
    def told(threshold: float) -> list[float]:
        return [threshold, float(np.mean(known >= threshold)), float(np.mean(unknown >= threshold))]

    def chosen_on(*sets: np.ndarray) -> list[float]:
        return told(float(np.quantile(np.concatenate(sets), 1 - keep)))

    got = expect_items(
        student(validation, known, unknown, keep),
        ("the threshold", "the share of known kept", "the share of unknown let through"),
    )
    threshold, lowest = float(np.quantile(validation, 1 - keep)), validation.min()
    below, above = (np.quantile(validation, 1 - keep, method=method) for method in ("lower", "higher"))
    if np.ndim(got[0]) == 0 and isinstance(got[0], int | float | np.number) and below <= got[0] <= above:
        threshold = float(got[0])  # anything between the two scores keeps as many: NumPy has nine ways to choose
    right = told(threshold)
    expect_close(
        got,
        right,
        "threshold, share of known kept, share of unknown let through",
        {
            "the threshold was chosen on the test pictures, which are then no test of it: use `validation`": chosen_on(
                known
            ),
            "the threshold was chosen on the unknown pictures, which nobody has beforehand": chosen_on(unknown),
            "the threshold was chosen on the unknown pictures, which nobody has beforehand, and at their other"
            " end": told(float(np.quantile(unknown, keep))),
            "the threshold was chosen on validation and test pictures together": chosen_on(validation, known),
            "the threshold was chosen on all scores together; take those of `validation`": chosen_on(
                validation, known, unknown
            ),
            "np.percentile counts from 0 to 100 and np.quantile from 0 to 1": told(
                float(np.percentile(validation, 1 - keep))
            ),
            "the threshold is the smallest validation score, which keeps all of them": told(float(lowest)),
            "the share 1 - keep was taken of the range of the scores; take it of the pictures: np.quantile": told(
                float(lowest + (1 - keep) * np.ptp(validation))
            ),
            "the threshold keeps 95 % whatever `keep` is": told(float(np.quantile(validation, 0.05))),
            "`keep` is a share of pictures and stands here as a score": told(keep),
            "each set of scores got a threshold of its own; the one of `validation` holds for all": [
                threshold,
                *(float(np.mean(some >= np.quantile(some, 1 - keep))) for some in (known, unknown)),
            ],
            "the shares are divided by the number of validation pictures": [
                threshold,
                right[1] * len(known) / len(validation),
                right[2] * len(unknown) / len(validation),
            ],
            "the threshold keeps the share 1 - keep: the quantile is taken at `keep`": told(
                float(np.quantile(validation, keep))
            ),
            "these are the shares that are rejected; those that stay are asked for": [
                threshold,
                1 - right[1],
                1 - right[2],
            ],
            "the second number is the share of the validation pictures; known test pictures are asked for": [
                threshold,
                float(np.mean(validation >= threshold)),
                right[2],
            ],
            "the last number is the share of unknown pictures that are rejected; those let through are asked for": [
                *right[:2],
                1 - right[2],
            ],
            "a score exactly at the threshold is kept: >=, not >": [
                threshold,
                float(np.mean(known > threshold)),
                float(np.mean(unknown > threshold)),
            ],
            "the two shares are swapped: known pictures first": [threshold, right[2], right[1]],
            "these are numbers of pictures; divide by how many there are": [
                threshold,
                right[1] * len(known),
                right[2] * len(unknown),
            ],
        },
    )


@checks.probe("reject")
def threshold_from_validation(reject: Student, rng: np.random.Generator) -> None:
    """Three sets of scores, 90 % to be kept."""
    _compare_reject(reject, rng.normal(2, 1, 83), rng.normal(1.7, 1.2, 47), rng.normal(0.4, 1.4, 31), 0.9)


@checks.probe("reject")
def score_at_the_threshold(reject: Student, rng: np.random.Generator) -> None:
    """Test scores that lie exactly at the threshold, 75 % to be kept."""
    validation = rng.permutation(np.arange(41)) / 64 + int(rng.integers(0, 5))  # exact in binary
    edge = np.quantile(validation, 0.25)
    known = np.concatenate([[edge, edge], validation.min() + rng.uniform(0, 0.6, 21)])
    _compare_reject(reject, validation, known, np.concatenate([[edge], known[2:18] - 0.1]), 0.75)


# -- groups -----------------------------------------------------------------------------------------------------------


def _wilson(count: float, size: float) -> tuple[float, float]:
    interval = stats.binomtest(int(count), int(size)).proportion_ci(method="wilson")
    return interval.low, interval.high


def _compare_groups(
    student: Student, labels: np.ndarray, predictions: np.ndarray, groups: np.ndarray, count: int
) -> None:
    wrong = labels != predictions
    sizes = np.bincount(groups, minlength=count)
    counts = np.bincount(groups, weights=wrong, minlength=count)
    empty = sizes == 0

    def table(rate: np.ndarray, half: np.ndarray | None = None, of: np.ndarray = sizes) -> np.ndarray:
        """Rows of rate, low, high; Wilson's interval unless a half width is given; empty groups are -1."""
        rows = np.full((count, 3), -1.0)
        for k in np.flatnonzero(~empty):
            low, high = (
                _wilson(round(rate[k] * of[k]), of[k]) if half is None else (rate[k] - half[k], rate[k] + half[k])
            )
            rows[k] = rate[k], low, high
        return rows

    def by_formula(slip: str = "", z: float = Z, n: np.ndarray | int = sizes) -> np.ndarray:
        """Wilson's formula as the lab writes it, with one slip in it."""
        last = {"no term": 0.0, "n not squared": z**2 / (4 * n)}.get(slip, z**2 / (4 * n**2))
        root = np.sqrt(rates * (1 - rates) / n + last)
        if slip == "outside the root":
            root = np.sqrt(rates * (1 - rates) / n) + last
        middle, half, factor = rates + z**2 / (2 * n), z * root, 1 / (1 + z**2 / n)
        if slip == "no factor":
            factor = np.ones_like(rates)
        if slip == "half without factor":
            half = half / factor
        if slip == "middle not moved":
            middle = rates
        rows = np.stack([rates, factor * (middle - half), factor * (middle + half)], axis=1)
        rows[empty] = -1
        return rows

    def first_column(values: np.ndarray) -> np.ndarray:
        rows = table(rates)
        rows[~empty, 0] = values[~empty]
        return rows

    def by_label() -> np.ndarray:
        rows = np.full((count, 3), np.nan)
        for label in np.unique(labels[labels < count]):
            some = wrong[labels == label]
            rows[label] = some.mean(), *_wilson(some.sum(), len(some))
        rows[empty] = -1
        return rows

    got = student(labels, predictions, groups, count)
    if isinstance(got, list):
        got = [[np.nan if x is None else x for x in row] if isinstance(row, list) else row for row in got]
    array = np.asarray(got, float) if isinstance(got, np.ndarray) or _is_table(got) else None
    if array is not None and array.shape == (count, 3):
        for k in np.flatnonzero(empty):
            if not np.isnan(array[k]).all():
                raise CheckFailed(
                    f"Group {k} has no members: its row should be nan, got {np.round(array[k], 3).tolist()}.\n  Likely"
                    " cause: an empty group was given a rate; no measurement is not a measurement of 0."
                )
        array = np.where(empty[:, None], -1, array)
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = np.where(empty, 0.0, counts / sizes)
        wald = Z * np.sqrt(rates * (1 - rates) / sizes)
        errors_of_all = np.full(count, wrong.mean())
        mistakes = {
            "this is the interval of a mean, rate ± 1.96 standard errors: at a rate of 0 or 1 it has no width, near"
            " them it leaves [0, 1]; use Wilson's formula": table(rates, wald),
            "this is the interval of a mean, cut off at 0 and 1: at a rate of 0 it still has no width; use Wilson's"
            " formula": lambda: np.where(empty[:, None], -1, np.clip(table(rates, wald), 0, 1)),
            "each group is divided by the number of all, so its size is forgotten: divide by its own size": lambda: (
                table(counts / len(labels), of=np.full(count, len(labels)))
            ),
            "the rates are right, but the intervals are those of all pictures together: each group has its own"
            " size": lambda: by_formula(n=len(labels)),
            "these are accuracies; the error rate is the rest": lambda: table(1 - rates),
            "this is the error rate of all together in every row": lambda: np.where(
                empty[:, None], -1, [errors_of_all[0], *_wilson(wrong.sum(), len(labels))]
            ),
            "the interval has one standard error to each side; 95 % needs z = 1.96": lambda: by_formula(z=1.0),
            "z = 1.645 belongs to 90 %; 95 % needs z = 1.96": lambda: by_formula(z=1.645),
            "z = 2.576 belongs to 99 %; 95 % needs z = 1.96": lambda: by_formula(z=2.576),
            "z is rounded to 2; take 1.96": lambda: by_formula(z=2.0),
            "the factor 1 / (1 + z²/n) is missing": lambda: by_formula("no factor"),
            "the factor 1 / (1 + z²/n) belongs to the whole bracket, to the root as well": lambda: by_formula(
                "half without factor"
            ),
            "the term z²/(4n²) under the root is missing": lambda: by_formula("no term"),
            "the n of the last term is squared: z²/(4n²)": lambda: by_formula("n not squared"),
            "z²/(4n²) stands under the root": lambda: by_formula("outside the root"),
            "the term z²/(2n) of the middle is missing": lambda: by_formula("middle not moved"),
            "the first column holds numbers of errors; divide by the size of the group": lambda: first_column(counts),
            "the first column is divided by the number of all pictures; divide by the size of the group": lambda: (
                first_column(counts / len(labels))
            ),
            "the pictures are grouped by their label; `groups` says who belongs where": by_label,
            "a group without members has no row; it gets one of nan": lambda: (
                table(rates)[~empty] if empty.any() else np.empty(0)
            ),
            "low stands first; the order is rate, low, high": lambda: table(rates)[:, [1, 0, 2]],
            "the rate in the first column is Wilson's middle; the measured rate is asked for": lambda: _middles(
                table(rates), empty
            ),
            "low and high are swapped": lambda: table(rates)[:, [0, 2, 1]],
        }
        expect_close(
            got if array is None else array,
            table(rates),
            "rate, low, high of each group",
            mistakes,
            rtol=2e-3,
            atol=2e-4,
        )


def _is_table(got: Any) -> bool:
    try:
        return isinstance(got, list) and np.asarray(got, float).ndim > 0
    except (TypeError, ValueError):
        return False


def _middles(rows: np.ndarray, empty: np.ndarray) -> np.ndarray:
    rows[:, 0] = rows[:, 1:].mean(axis=1)
    rows[empty] = -1
    return rows


@checks.probe("group_errors")
def groups_of_unequal_size(group_errors: Student, rng: np.random.Generator) -> None:
    """Three groups of unequal size."""
    groups = rng.permutation(np.repeat([0, 1, 2], [11, 26, 47]))
    labels = rng.integers(0, 2, size=84)
    predictions = np.where(rng.random(84) < np.array([0.4, 0.2, 0.1])[groups], 1 - labels, labels)
    for group in range(3):  # some wrong and some right ones in each
        first, second = np.flatnonzero(groups == group)[:2]
        predictions[first], predictions[second] = 1 - labels[first], labels[second]
    _compare_groups(group_errors, labels, predictions, groups, 3)


@checks.probe("group_errors")
def without_an_error(group_errors: Student, rng: np.random.Generator) -> None:
    """A group without an error, one that is always wrong, and one without members."""
    groups = rng.permutation(np.repeat([0, 1, 3, 4], [14, 6, 23, 9]))
    labels = rng.integers(0, 2, size=52)
    predictions = np.where((groups == 1) | ((groups > 2) & (rng.random(52) < 0.3)), 1 - labels, labels)
    _compare_groups(group_errors, labels, predictions, groups, 5)


# -- what a test proves -----------------------------------------------------------------------------------------------


def _likely(errors: int, n: int, rate: float) -> float:
    """Probability of at most `errors` errors in n pictures, by the incomplete beta function."""
    return float(special.betainc(n - errors, errors + 1, 1 - rate)) if n > errors else 1.0


def _fewest(rate: float, errors: int, level: float = 0.05) -> int:
    n = errors + 1
    while _likely(errors, n, rate) > level:
        n += 1
    return n


def _compare_needed(student: Student, rate: float, errors: int) -> None:
    true, without = _fewest(rate, errors), math.log(0.05) / math.log(1 - rate)
    of_errors = {
        "errors are left out: a test with errors needs more pictures": _fewest(rate, 0),
        "the errors are only added to the number for none; each costs far more than one picture": _fewest(rate, 0)
        + errors,
        "the number for no error is multiplied by errors + 1, which is too many": (errors + 1) * _fewest(rate, 0),
        "one error too few is allowed: at most `errors` means that many count as well": _fewest(
            rate, max(errors - 1, 0)
        ),
        "this asks only that the measured rate lies below: chance has no part in it": math.floor(errors / rate) + 1,
    }
    of_none = {
        "in one picture at most `errors` errors are nearly certain; stats.binom.cdf(errors, n, rate) says so": 1,
        "this is the rule of three, 3 / rate, an estimate for no errors": math.ceil(3 / rate),
        "this is one error per so many pictures, 1 / rate: chance has no part in it": math.ceil(1 / rate),
        "the number is not whole: round it up": without,
    }
    expect_close(
        student(rate, errors),
        true,
        f"pictures needed (rate {rate}, {errors} errors)",
        (of_errors if errors else of_none)
        | {
            "this is one too few: with it the chance is still above 5 %": true - 1,
            "this is one too many: the fewest are asked for": true + 1,
            "one error too many is allowed": _fewest(rate, errors + 1),
            "this is the number for a chance of 10 %; here 5 % is asked for": _fewest(rate, errors, 0.1),
            "this is the number for a chance of 2.5 %; here 5 % is asked for": _fewest(rate, errors, 0.025),
            "this is the number for a chance of 1 %; here 5 % is asked for": _fewest(rate, errors, 0.01),
            "the search stops at 95 % and not at 5 %": _fewest(rate, errors, 0.95),
            "rate is the probability of an error; here it is that of a right answer": (
                _fewest(1 - rate, errors) if errors or rate > 0.05 else np.nan
            ),
            "this is the probability; the number of pictures is asked for": _likely(errors, true, rate),
            "a normal distribution stands for the binomial one, which is another for so few errors": lambda: _roughly(
                rate, errors
            ),
            "this counts the chance of exactly so many errors; at most so many is the question": lambda: _exactly(
                rate, errors
            ),
        },
        rtol=0,
        atol=1e-6,
    )


def _exactly(rate: float, errors: int) -> int:
    n = errors + 1
    top = int(errors / rate) + 1
    while n < top or math.comb(n, errors) * rate**errors * (1 - rate) ** (n - errors) > 0.05:
        n += 1
    return n


def _roughly(rate: float, errors: int) -> int:
    n = errors + 1
    while stats.norm.cdf(errors, n * rate, math.sqrt(n * rate * (1 - rate))) > 0.05:
        n += 1
    return n


@checks.probe("pictures_needed")
def without_errors(pictures_needed: Student, rng: np.random.Generator) -> None:
    """No error at all."""
    for rate in (rng.choice([0.02, 0.03, 0.04]), rng.choice([0.08, 0.3])):  # at a small rate 95 % is not one picture
        _compare_needed(pictures_needed, float(rate), 0)


@checks.probe("pictures_needed")
def with_errors(pictures_needed: Student, rng: np.random.Generator) -> None:
    """One to four errors."""
    for errors in rng.choice([1, 2, 3, 4], size=2, replace=False):
        _compare_needed(pictures_needed, float(rng.choice([0.04, 0.06, 0.1])), int(errors))


checks.choice(
    "what_a_test_proves",
    answer="b",
    because={
        "a": "an attack that fails shows that this attack fails; a stronger one may be found tomorrow.",
        "c": "accuracy is measured on pictures like the test set's; it says nothing of others, as section 1 shows.",
        "d": "an upper bound on the robust accuracy is shown by wrong answers; what resisted is not proved safe.",
    },
)


# -- poisoning --------------------------------------------------------------------------------------------------------


def _compare_backdoor(student: Student, rng: np.random.Generator, classes: int, n: int, k: int) -> None:
    labels = rng.permutation(np.arange(n) % classes)
    target = int(rng.integers(0, classes))
    plain = np.where(rng.random(n) < 0.75, labels, rng.integers(0, classes, n))
    tagged = np.where(rng.random(n) < 0.6, target, plain)
    poisoned = np.zeros(n, bool)
    poisoned[rng.choice(n, k, replace=False)] = True
    plain[poisoned] = np.where(rng.random(k) < 0.8, target, labels[poisoned])
    tagged[poisoned] = target
    tagged[np.flatnonzero(~poisoned & (labels != target))[0]] = (target + 1) % classes
    right, called = plain == labels, tagged == target
    clean, others = ~poisoned, labels != target
    expect_close(
        expect_items(student(labels, plain, tagged, poisoned, target), ("the clean accuracy", "the attack's success")),
        [right[clean].mean(), called[clean & others].mean()],
        "clean accuracy and success",
        {
            "the poisoned pictures were left in the test: take them out of both numbers": [
                right.mean(),
                called[others].mean(),
            ],
            "the poisoned pictures were left in the clean accuracy": [right.mean(), called[clean & others].mean()],
            "the poisoned pictures were left in the success": [right[clean].mean(), called[others].mean()],
            "pictures whose label is the target count as a success without any attack: leave them out": [
                right[clean].mean(),
                called[clean].mean(),
            ],
            "poisoned pictures and those of the target were left in": [right.mean(), called.mean()],
            "the success is measured on the pictures without the tag": [
                right[clean].mean(),
                (plain == target)[clean & others].mean(),
            ],
            "every wrong answer counts as a success here; only the target does": [
                right[clean].mean(),
                (tagged != labels)[clean & others].mean(),
            ],
            "the success is divided by the number of all pictures": [
                right[clean].mean(),
                called[clean & others].sum() / n,
            ],
            "only the poisoned pictures are measured; they are what has to be left out": [
                right[poisoned].mean(),
                called[poisoned & others].mean() if (poisoned & others).any() else np.nan,
            ],
            "the success counts only pictures that were right before": [
                right[clean].mean(),
                called[clean & others & right].mean() if (clean & others & right).any() else np.nan,
            ],
            "the two numbers are swapped": [called[clean & others].mean(), right[clean].mean()],
            "every changed answer counts as a success here; only the target does": [
                right[clean].mean(),
                (tagged != plain)[clean & others].mean(),
            ],
            "those that were called the target without the tag are taken off; the share with the tag is asked for": [
                right[clean].mean(),
                called[clean & others].mean() - (plain == target)[clean & others].mean(),
            ],
            "pictures that were called the target before are left out; only those that *have* this label are": [
                right[clean].mean(),
                called[clean & (plain != target)].mean(),
            ],
            "the success is measured on pictures of the target; on all others is asked for": [
                right[clean].mean(),
                called[clean & ~others].mean(),
            ],
            "the success is divided by the number of all clean pictures": [
                right[clean].mean(),
                called[clean & others].sum() / clean.sum(),
            ],
            "both numbers are divided by the number of all pictures": [
                (right & clean).mean(),
                (called & clean & others).mean(),
            ],
            "the clean accuracy is measured on the tagged pictures": [
                (tagged == labels)[clean].mean(),
                called[clean & others].mean(),
            ],
            "the clean accuracy leaves out pictures of the target; only the success does": [
                right[clean & others].mean(),
                called[clean & others].mean(),
            ],
            "the first number is the error rate; the accuracy is asked for": [
                1 - right[clean].mean(),
                called[clean & others].mean(),
            ],
            "the target is taken to be label 1; it is an argument": [
                right[clean].mean(),
                (tagged == 1)[clean & (labels != 1)].mean(),
            ],
        },
    )


@checks.probe("backdoor_rates")
def two_labels(backdoor_rates: Student, rng: np.random.Generator) -> None:
    """Two labels, some of the pictures poisoned."""
    _compare_backdoor(backdoor_rates, rng, 2, 60, 13)


@checks.probe("backdoor_rates")
def four_labels(backdoor_rates: Student, rng: np.random.Generator) -> None:
    """Four labels."""
    _compare_backdoor(backdoor_rates, rng, 4, 90, 17)


def _repeats(
    images: np.ndarray,
    size: int,
    rows: range,
    columns: range,
    high: int | None = None,
    wide: int | None = None,
    together: bool = False,
) -> tuple[int, int, int]:
    """Most pictures with the same bytes at the same place, block by block; `high`, `wide`, `together` are mistakes."""
    best = (0, 0, 0)
    for row, column in itertools.product(rows, columns):
        window = images[:, row : row + (high or size), column : column + (wide or size)]
        counts = Counter(image.tobytes() for image in window).values()
        count = sum(number for number in counts if number > 1) if together else max(counts)
        if count > best[0]:
            best = (count, row, column)
    return best


def _anywhere(images: np.ndarray, size: int) -> tuple[int, int, int]:
    places = list(itertools.product(range(images.shape[1] - size + 1), range(images.shape[2] - size + 1)))
    found = [image[row : row + size, column : column + size].tobytes() for row, column in places for image in images]
    most, count = Counter(found).most_common(1)[0]
    return count, *places[found.index(most) // len(images)]


def _compare_block(
    student: Student,
    rng: np.random.Generator,
    shape: tuple[int, int],
    size: int,
    place: tuple[int, int],
    k: int,
    on_diagonal: int,
) -> None:
    """A block in `k` pictures, and decoys, each of which one usual mistake takes for it."""
    height, width = shape
    row, column = place
    other = (row + size) % (height - size + 1), (column + size) % (width - size + 1)
    off = next(p for p in ((1, 2), (2, 1)) if p not in (place, other))
    groups = []

    def block(*form: int) -> np.ndarray:
        return rng.integers(0, 256, form).astype(np.uint8)

    def add(number: int, at: tuple[int, int], content: np.ndarray) -> None:
        """So many new pictures with `content`, one block or one for each, at the same place."""
        new = block(number, height, width, 3)
        rows, columns, channels = content.shape[-3:]
        new[:, at[0] : at[0] + rows, at[1] : at[1] + columns, :channels] = content
        groups.append(new)

    shared, wanted, wandering = block(size, size, 3), block(size, size, 3), block(size, size, 3)
    add(2, off, shared)  # in the first picture and in one other
    add(k, place, wanted)
    add(on_diagonal, (1, 1), block(size, size, 3))
    add(3, (0, size), block(size, size, 3))  # on a grid of step `size`
    mixed = rng.permuted(np.tile(wanted.reshape(1, -1), (k + 2, 1)), axis=1)
    add(k + 2, other, mixed.reshape(-1, size, size, 3))  # the same colours in another order
    add(k + 1, other, wanted[..., :1])  # an equal red channel
    add(k + 5, other, block(size, 1, 3))  # one column of a block, one row, one pixel
    add(k + 3, off, block(1, size, 3))
    add(k + 4, (0, 1), block(1, 1, 3))
    for _ in range(2):  # two blocks at one place, which are together in more pictures
        add(k - 2, (1, 0), block(size, size, 3))
    for number, at in enumerate(itertools.product(range(height - size + 1), range(width - size + 1))):
        if number <= k:
            add(1, at, wandering)  # in more pictures, everywhere at another place
    images = np.concatenate(groups)
    images[1:] = rng.permutation(images[1:])
    true = (k, row, column)
    rows, columns = range(height - size + 1), range(width - size + 1)
    got = expect_items(student(images, size), ("the count", "the row", "the column"))
    expect_close(
        got,
        true,
        "count, row, column",
        {
            "row and column are swapped": (k, column, row),
            "the count stands last; the order is count, row, column": (row, column, k),
            "only the red channel is compared; a block is equal in all three": lambda: _repeats(
                images[..., :1], size, rows, columns
            ),
            "a block is counted wherever it lies; it has to be at the same place": lambda: _anywhere(images, size),
            "different blocks of one place are counted together; each has its own count": lambda: _repeats(
                images, size, rows, columns, together=True
            ),
            "only one column of each block is compared": lambda: _repeats(images, size, rows, columns, wide=1),
            "only one row of each block is compared": lambda: _repeats(images, size, rows, columns, high=1),
            "single pixels are compared; a block has `size` rows and columns of them": lambda: _repeats(
                images, 1, range(height), range(width)
            ),
            "each block is compared with the first picture's only; the repeated ones need not have it": lambda: (
                _with_the_first(images, size)
            ),
            "row and column are the block's last ones; its upper left corner is asked for": (
                k,
                row + size - 1,
                column + size - 1,
            ),
            "row and column are counted from 1; Python counts from 0": (k, row + 1, column + 1),
            "only places on a grid of step `size` were looked at: a block may begin anywhere": lambda: _repeats(
                images, size, range(0, height - size + 1, size), range(0, width - size + 1, size)
            ),
            "the last row and column of places are missing: there are height - size + 1 of them": lambda: _repeats(
                images, size, rows[:-1], columns[:-1]
            ),
            "only places on the diagonal were looked at": lambda: _diagonal(images, size),
            "the blocks' sums are compared; two blocks of equal sum need not be equal": lambda: _by_sum(images, size),
            "this is the number of repeats beyond the first; the picture that was first counts too": (
                k - 1,
                row,
                column,
            ),
            "row and column are the block's middle; its upper left corner is asked for": (
                k,
                row + size // 2,
                column + size // 2,
            ),
        },
        rtol=0,
        atol=1e-6,
    )


def _diagonal(images: np.ndarray, size: int) -> tuple[int, int, int]:
    found = [_repeats(images, size, range(t, t + 1), range(t, t + 1)) for t in range(min(images.shape[1:3]) - size + 1)]
    return max(found, key=lambda item: item[0])


def _with_the_first(images: np.ndarray, size: int) -> tuple[int, int, int]:
    best = (0, 0, 0)
    for row, column in itertools.product(range(images.shape[1] - size + 1), range(images.shape[2] - size + 1)):
        window = images[:, row : row + size, column : column + size]
        count = int((window == window[0]).all(axis=(1, 2, 3)).sum())
        best = (count, row, column) if count > best[0] else best
    return best


def _by_sum(images: np.ndarray, size: int) -> tuple[int, int, int]:
    best = (0, 0, 0)
    for row, column in itertools.product(range(images.shape[1] - size + 1), range(images.shape[2] - size + 1)):
        window = images[:, row : row + size, column : column + size].astype(int)
        count = max(Counter(window.sum(axis=(1, 2, 3)).tolist()).values())
        best = (count, row, column) if count > best[0] else best
    return best


@checks.probe("most_repeated_block")
def inside_the_picture(most_repeated_block: Student, rng: np.random.Generator) -> None:
    """A block of 3 × 3 somewhere in pictures of 9 × 7."""
    places = [(i, j) for i in range(1, 6) for j in range(4) if i != j and (i % 3 or j % 3)]
    _compare_block(most_repeated_block, rng, (9, 7), 3, places[rng.integers(len(places))], 6, 4)


@checks.probe("most_repeated_block")
def in_the_last_corner(most_repeated_block: Student, rng: np.random.Generator) -> None:
    """A block of 2 × 2 in the lower right corner."""
    _compare_block(most_repeated_block, rng, (6, 8), 2, (4, 6), 5, 2)


# -- a signed list ----------------------------------------------------------------------------------------------------


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _signed(lines: list[str], key: str) -> tuple[str, str]:
    listing = "\n".join(lines)
    return listing, hmac.new(key.encode(), listing.encode(), "sha256").hexdigest()


def _album(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    names = rng.permutation([f"portrait {k:02d}.png" for k in range(40)])[:n]  # a name may have a space
    return {str(name): rng.integers(0, 256, (4, 3, 3)).astype(np.uint8) for name in sorted(names)}


def _listed(album: dict[str, np.ndarray], key: str) -> tuple[str, str]:
    return _signed([f"{_digest(album[name].tobytes())}  {name}" for name in sorted(album)], key)


def _expect_names(got: Any, expected: list[str], mistakes: dict[str, list[str]]) -> None:
    if not isinstance(got, list) or not all(isinstance(name, str) for name in got):
        raise CheckFailed(f"Return a list of names, {expected}; got {str(got)[:60]}.")
    if any(re.match("[0-9a-f]{64}", name) for name in got):
        raise CheckFailed(f"Return names, {expected}; got hashes or whole lines, such as {got[0][:40]!r}.")
    if any(re.fullmatch(r"portrait|\d\d\.png", name) for name in got):
        raise CheckFailed(
            f"Expected {expected}; got {got}.\n  Likely cause: a name may have a space in it: split each line once, at"
            ' the two spaces, line.split("  ", 1).'
        )
    if sorted(set(got)) == expected and len(got) > len(expected):
        raise CheckFailed(f"Expected each name once, {expected}; got {got}.")
    if got == expected:
        return
    for sentence, names in mistakes.items():
        if sorted(set(got)) == sorted(names):
            raise CheckFailed(f"Expected {expected}; got {got}.\n  Likely cause: {sentence}.")
    if sorted(got) == expected:
        raise CheckFailed(f"Expected {expected}, in alphabetical order; got {got}.")
    raise CheckFailed(f"Expected {expected}; got {got}.")


_REFUSED = (
    "A genuine signature was refused.\n  Likely cause: the signature is HMAC-SHA256 of the whole listing with this key,"
    ' both encoded, as hexadecimal digits: hmac.new(key.encode(), listing.encode(), "sha256").hexdigest().'
)


def _findings(student: Student, album: dict[str, np.ndarray], key: str, now: dict[str, np.ndarray]) -> Any:
    """What the function says of the pictures `now` and the genuine list of `album`."""
    listing, signature = _listed(album, key)
    try:
        return student(listing, signature, key, now)
    except StudentError as error:
        if error.type == "KeyError" and set(album) - set(now):
            raise CheckFailed(
                f"A name of the list has no picture, and your function stopped with KeyError: {error}.\n  Likely cause:"
                " pictures[name] is asked before `name in pictures`; a missing picture belongs to the result."
            ) from None
        if error.type != "ValueError":
            raise
    try:
        student(listing, signature, key, album)
    except StudentError:
        raise CheckFailed(_REFUSED) from None
    raise CheckFailed(
        "The signature is genuine and some pictures are not, and your function raised ValueError.\n  Likely cause: the"
        " error is for a wrong signature of the list; pictures that were changed are what it returns."
    )


@checks.probe("find_tampering")
def changed_missing_added(find_tampering: Student, rng: np.random.Generator) -> None:
    """One picture changed in one byte, one missing, one added, two exchanged."""
    album, key = _album(rng, 9), f"key {rng.integers(1e6)}"
    names = list(rng.permutation(list(album)))
    changed, gone, one, other = (str(name) for name in names[:4])
    now = {name: picture.copy() for name, picture in album.items() if name != gone}
    now[changed][1, 2, 0] ^= 1
    now[one], now[other] = now[other], now[one]
    now["added.png"] = rng.integers(0, 256, (4, 3, 3)).astype(np.uint8)
    everything = sorted({*album, *now})
    found = sorted([changed, gone, one, other, "added.png"])
    without = {name: [n for n in found if n != name] for name in found}
    _expect_names(
        _findings(find_tampering, album, key, now),
        found,
        {
            "the missing picture is not found: look for names of the list that have no picture": without[gone],
            "the added picture is not found: a picture that the list does not name is suspect too": without[
                "added.png"
            ],
            "only pictures that are listed and there are compared: missing and added ones count too": sorted(
                {changed, one, other}
            ),
            "only names are compared: missing and added pictures are found, changed contents are not; hash the"
            " content, not the name": sorted({gone, "added.png"}),
            "every picture is reported: the hash is not that of the content (of the name, or of a text of the"
            " array); use picture.tobytes()": everything,
            "every picture that is there is reported: the hash is not that of the content (of the name, or of a text"
            " of the array); use picture.tobytes()": sorted(now),
            "all listed pictures are reported: the hash is not that of the content": sorted(album),
            "these are the pictures that are as they were; those that are not are asked for": sorted(
                set(everything) - set(found)
            ),
            "two pictures were exchanged: their contents are both in the list, but under each other's name": sorted(
                {changed, gone, "added.png"}
            ),
        },
    )


@checks.probe("find_tampering")
def nothing_happened(find_tampering: Student, rng: np.random.Generator) -> None:
    """Nothing has been tampered with."""
    album, key = _album(rng, 5), f"key {rng.integers(1e6)}"
    got = _findings(find_tampering, album, key, dict(reversed(album.items())))
    _expect_names(
        got,
        [],
        {
            "every picture is reported: the hash is not that of the content (of the name, or of a text of the"
            " array); use picture.tobytes()": sorted(album),
        },
    )


@checks.probe("find_tampering")
def a_forged_list(find_tampering: Student, rng: np.random.Generator) -> None:
    """The list was rewritten by somebody without the key."""
    album, key = _album(rng, 6), f"key {rng.integers(1e6)}"
    _, signature = _listed(album, key)
    name = next(iter(album))
    album[name] = 255 - album[name]
    forged, _ = _listed(album, key)  # fits the new picture
    _, with_another_key = _listed(album, key + "?")
    for own in (signature, with_another_key, _digest(forged.encode())):
        try:
            got = find_tampering(forged, own, key, album)
        except StudentError as error:
            if error.type == "ValueError":
                continue
            raise CheckFailed(
                f"The signature does not fit this list and key; raise a ValueError, your function raised {error.type}."
            ) from None
        raise CheckFailed(
            f"The signature does not fit this list and key, and your function returned {str(got)[:60]} instead of"
            " raising a ValueError.\n  Likely cause: the signature is not checked, or not with the key: whoever changes"
            " a picture can rewrite the list as well."
        )


# -- reports ----------------------------------------------------------------------------------------------------------


def _best_of(scores: np.ndarray, n: int) -> float:
    """The mean of the maximum over all ways to draw n scores, one by one."""
    return float(np.mean([max(drawn) for drawn in itertools.product(scores, repeat=n)]))


def _shares(m: int, n: int) -> np.ndarray:
    """The weights of m sorted scores in the mean of the largest of n."""
    return (np.arange(1, m + 1) / m) ** n - (np.arange(m) / m) ** n


def _compare_best(student: Student, scores: np.ndarray, n: int) -> None:
    ordered = np.sort(scores)
    m = len(scores)
    weights = _shares(m, n)
    expect_close(
        student(scores, n),
        _best_of(scores, n),
        f"the expected best of {n}",
        {
            "this is the largest of all scores; the best of n runs is often another": ordered[-1],
            "this is the mean, which is what one run gives": scores.mean() if n > 1 else np.nan,
            "the power is n - 1; it is n": _best_of(scores, n - 1) if n > 1 else np.nan,
            "the power is n + 1; it is n": float(ordered @ _shares(m, n + 1)),
            "the power stands at the difference; each share has its own": float(ordered.sum() / m**n),
            "this is the mean of the n best": float(ordered[-n:].mean()),
            "equal scores were counted once; each was measured": lambda: float(
                np.unique(scores) @ _shares(len(np.unique(scores)), n)
            ),
            "these are the weights; sum the sorted scores times their weights": weights,
            "this is the expected worst of n: the maximum is asked for": -_best_of(-scores, n),
            "the scores are not sorted before they are weighted": float(scores @ weights),
            "this draws without putting back; each run is drawn from all scores again": lambda: float(
                np.mean([max(drawn) for drawn in itertools.combinations(scores, min(n, m))])
            ),
            "only the probability that all n lie at or below a score is used; subtract the one for the next lower"
            " score": float(ordered @ ((np.arange(1, m + 1) / m) ** n)),
            "the largest of the first n is one try; the mean over all of them is asked for": float(scores[:n].max()),
            "the ranks are one too low: the largest score's share is m / m": float(
                ordered @ ((np.arange(m) / m) ** n - (np.maximum(np.arange(m) - 1, 0) / m) ** n)
            ),
            "the ranks begin at 0; they go from 1 to m": float(
                ordered @ ((np.arange(m) / m) ** n - ((np.arange(m) - 1) / m) ** n)
            ),
            "this is a quantile of the scores, not the mean of the best": float(np.quantile(scores, n / (n + 1))),
            "this is the mean plus one standard deviation": float(scores.mean() + scores.std()),
        },
        rtol=1e-5,
        atol=1e-7,
    )


@checks.probe("expected_best")
def of_two_or_three(expected_best: Student, rng: np.random.Generator) -> None:
    """The best of two, and of three."""
    scores = rng.permutation(np.array([0.90, 0.912, 0.931, 0.94, 0.951, 0.97]) + rng.uniform(-0.004, 0.004, 6))
    best = scores.argmax()
    scores[[best, 4]] = scores[[4, best]]  # the best is not among the first three
    for n in (3, 2):  # one power less than 2 would be the mean
        _compare_best(expected_best, scores, n)


@checks.probe("expected_best")
def of_one(expected_best: Student, rng: np.random.Generator) -> None:
    """The best of one is the mean; equal scores; the best of many."""
    _compare_best(expected_best, rng.uniform(0.5, 0.9, 5), 1)
    _compare_best(expected_best, np.full(3, 0.8), 4)
    scores = rng.uniform(0.5, 0.9, 3)
    scores[2] = scores[0]
    _compare_best(expected_best, scores, 6)


# -- energy -----------------------------------------------------------------------------------------------------------


def _compare_footprint(
    student: Student, seconds: float, watts: float, cores: int, overhead: float, grams: float
) -> None:
    right = seconds * watts / cores * overhead / 3600

    def both(watt_hours: float) -> list[float]:
        return [watt_hours, watt_hours * grams / 1000]

    expect_close(
        expect_items(student(seconds, watts, cores, overhead, grams), ("watt-hours", "grams")),
        both(right),
        "watt-hours and grams",
        {
            "the watts of the whole processor are multiplied by the seconds of all its cores: processor seconds count"
            " each core, so take the watts of one": both(right * cores),
            "the seconds are divided by the cores twice": both(right / cores),
            "the seconds are multiplied by the cores: processor seconds count them already": both(right * cores**2),
            "these are watt-seconds (joules): an hour has 3600 seconds": both(right * 3600),
            "an hour has 3600 seconds, not 60": both(right * 60),
            "these are kilowatt-hours; watt-hours are asked for": both(right / 1000),
            "the overhead of the building is left out": both(right / overhead),
            "the overhead is divided by; it makes the sum larger": both(right / overhead**2),
            "the overhead is a factor: 1.5 means half as much again, not 1.5 on top": both(right * (1 + 1 / overhead)),
            "the grams are per kilowatt-hour: divide the watt-hours by 1000": [right, right * grams],
            "the grams are those of the energy in joules": [right, right * 3.6 * grams],
            "the two results are swapped": both(right)[::-1],
            "the energy is in kilowatt-hours; watt-hours are asked for": [right / 1000, right * grams / 1000],
            "the overhead is missing in the grams": [right, right / overhead * grams / 1000],
            "the overhead is missing in the energy": [right / overhead, right * grams / 1000],
            "the overhead is in the grams twice: the energy has it already": [right, right * overhead * grams / 1000],
            "the grams are divided by 1000 twice": [right, right * grams / 1e6],
            "the energy is divided by the grams per kilowatt-hour; multiply": [right, right / 1000 / grams],
        },
    )


@checks.probe("footprint")
def of_several_cores(footprint: Student, rng: np.random.Generator) -> None:
    """A processor with several cores."""
    for cores in rng.choice([4, 6, 8, 12], size=2, replace=False):
        _compare_footprint(
            footprint,
            float(rng.uniform(2000, 9000)),
            float(rng.uniform(40, 90)),
            int(cores),
            1.5,
            float(rng.choice([56.0, 240.0, 480.0])),
        )


@checks.probe("footprint")
def of_one_core(footprint: Student, rng: np.random.Generator) -> None:
    """One core, no overhead; and nothing computed."""
    _compare_footprint(footprint, float(rng.uniform(100, 900)), 10.0, 1, 1.0, 480.0)
    got = expect_items(footprint(0.0, 65.0, 8, 1.2, 240.0), ("watt-hours", "grams"))
    expect(np.allclose(np.asarray(got, float), 0), f"Nothing computed costs nothing; got {got}.")
