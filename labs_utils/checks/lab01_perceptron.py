"""Checks of lab 01: one neuron, its loss and gradient, two ways to teach it, a dense layer."""

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from scipy import special

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    arranged,
    drawn_once,
    expect,
    expect_close,
    expect_items,
    expect_model,
    expect_one_of,
    fill_weights,
)
from labs_utils.exercises.pipe import PipeError
from labs_utils.exercises.student import ModelView, Student, StudentError

checks = Checks("01_perceptron")


# -- activation functions ---------------------------------------------------------------------------------------------


@checks.probe("sigmoid")
def ordinary_values(sigmoid: Student, rng: np.random.Generator) -> None:
    """Ordinary values."""
    z = rng.normal(scale=3, size=(3, 4))
    expect_close(
        sigmoid(z),
        special.expit(z),
        "sigmoid(z)",
        {
            "the minus sign before z is missing": special.expit(-z),
            "the denominator stands alone, or its brackets are missing: write 1 / (1 + exp(-z))": 1 + np.exp(-z),
            "this is tanh, which lies between -1 and 1": np.tanh(z),
            "tanh needs half of z: the sigmoid is (1 + tanh(z / 2)) / 2": (1 + np.tanh(z)) / 2,
            "this is the derivative of the sigmoid; its value is asked for": special.expit(z) * special.expit(-z),
            "this is a hard threshold; the sigmoid rises smoothly": (z > 0).astype(float),
            "this is the softmax of each row; the sigmoid looks at each number alone": special.softmax(z, axis=-1),
            "this is the softmax of all numbers; the sigmoid looks at each number alone": special.softmax(z),
            "this is exp(-z) alone: write 1 / (1 + exp(-z))": np.exp(-z),
            "the 1 in the denominator is missing: write 1 / (1 + exp(-z))": np.exp(z),
            "this is ReLU; the sigmoid is 1 / (1 + exp(-z))": np.maximum(z, 0),
            "the tanh of z / 2 lies between -1 and 1: add 1 and halve it": np.tanh(z / 2),
            "z is kept between -5 and 5, so the ends are wrong: no such limit is needed": lambda: special.expit(
                np.clip(z, -5, 5)
            ),
            "this is log(1 + exp(z)); the sigmoid is 1 / (1 + exp(-z))": np.logaddexp(0, z),
        },
    )


@checks.probe("sigmoid")
def extreme_values(sigmoid: Student, rng: np.random.Generator) -> None:
    """Values as large as ±1000."""
    z = np.array([-rng.uniform(800, 1500), -rng.uniform(0.3, 2), rng.uniform(800, 1500)])
    middle = special.expit(z[1])
    expect_close(
        sigmoid(z),
        [0, middle, 1],
        f"sigmoid([{z[0]:.0f}, {z[1]:.2f}, {z[2]:.0f}])",
        {
            "exp(1000) overflows to inf, and inf / inf is nan: use the form with exp(-z)": [0, middle, np.nan],
            "exp(1000) overflows to inf, and inf / inf is nan: see hint 2": [np.nan, middle, 1],
            "inf / inf is nan, and np.nan_to_num made 0 of it: use the form with exp(-z)": [0, middle, 0],
        },
    )


def _derivatives(z: np.ndarray) -> list[np.ndarray]:
    import tensorflow as tf

    variable = tf.Variable(z)
    found = []
    for g in (tf.sigmoid, tf.tanh, tf.nn.relu):
        with tf.GradientTape() as tape:
            value = g(variable)
        found.append(tape.gradient(value, variable).numpy())
    return found


_THREE = ("the derivatives of sigmoid", "of tanh", "of ReLU")


@checks.probe("activation_derivatives")
def smooth_ones(activation_derivatives: Student, rng: np.random.Generator) -> None:
    """Sigmoid and tanh against automatic differentiation."""
    z = rng.normal(scale=2, size=(5, 4))
    s, t = special.expit(z), np.tanh(z)
    got = expect_items(activation_derivatives(z), _THREE)
    true = _derivatives(z)
    expect_close(
        got[0],
        true[0],
        "the derivative of sigmoid",
        {
            "this is sigmoid itself, not its derivative": s,
            "z stands where g(z) belongs: the derivative is g(z) (1 - g(z))": z * (1 - z),
            "this is the derivative of tanh: the order is sigmoid, tanh, ReLU": true[1],
            "this is 1 - g^2, which belongs to tanh": 1 - s**2,
            "the sign is flipped: the sigmoid rises everywhere": -true[0],
            "this is 1 - g: the factor g is missing": 1 - s,
            "this is g (1 + g): the factor is 1 - g": s * (1 + s),
            "the sigmoid was applied twice: g (1 - g) with g = sigmoid(z)": special.expit(s) * (1 - special.expit(s)),
            "this is g^2: the derivative is g (1 - g)": s**2,
        },
    )
    expect_close(
        got[1],
        true[1],
        "the derivative of tanh",
        {
            "g (1 - g) belongs to sigmoid (the slide has this slip): see hint 3": t * (1 - t),
            "this is tanh itself, not its derivative": t,
            "this is 1 - g: the square is missing": 1 - t,
            "this is 1 + g^2: the sign before the square is minus": 1 + t**2,
            "z stands where g(z) belongs: the derivative is 1 - g(z)^2": 1 - z**2,
            "this is the derivative of sigmoid: the order is sigmoid, tanh, ReLU": true[0],
            "this is (1 - g)^2: only g is squared": (1 - t) ** 2,
            "z was squared before tanh: square the value, np.tanh(z) ** 2": 1 - np.tanh(z**2),
        },
    )


@checks.probe("activation_derivatives")
def kinked_one(activation_derivatives: Student, rng: np.random.Generator) -> None:
    """ReLU against automatic differentiation."""
    z = rng.normal(scale=2, size=(3, 5))
    z[0] = [0, -0.5, 0.5, -0.01, 0.01]  # also at the kink and close to it
    z = rng.permuted(z, axis=None).reshape(z.shape)
    got = expect_items(activation_derivatives(z), _THREE)
    expect_close(
        got[2],
        _derivatives(z)[2],
        "the derivative of ReLU",
        {
            "this is ReLU itself, not its derivative": np.maximum(0, z),
            "the two sides are swapped: the slope is 1 where z > 0": np.where(z > 0, 0, 1),
            "at z = 0 the docstring asks for 0: compare with z > 0, not z >= 0": np.where(z >= 0, 1, 0),
            "the slope changes at z = 0, not at another place": lambda: _steps_of_one(got[2]),
            "this is the sign of z, -1 on the left: ReLU is flat there": np.sign(z),
            "these are True and False the other way round": z < 0,
        },
    )


def _steps_of_one(got: np.ndarray) -> np.ndarray:
    """`got` where it holds both ones and zeros, otherwise nothing it equals."""
    got = np.asarray(got, float)
    both = got.ndim == 2 and set(np.unique(got)) == {0.0, 1.0}
    return got if both else np.full(got.shape, np.pi * 1e9)


# -- one neuron, its loss and gradient --------------------------------------------------------------------------------


def _like(got: Any, *values: Any) -> Any:
    """The first of `values` that `got` equals, or the last: one sentence for several results of the same mistake."""
    array = np.asarray(got)
    fitting = (value for value in values if np.shape(value) == array.shape and np.allclose(array, value, rtol=1e-3))
    return next(fitting, values[-1])


def _not_finite(got: np.ndarray) -> np.ndarray:
    """`got` where it holds inf or nan, otherwise nothing it equals."""
    got = np.asarray(got, float)
    return got if not np.isfinite(got).all() else np.full(got.shape, np.pi * 1e9)


@checks.probe("binary_cross_entropy")
def mean_loss(binary_cross_entropy: Student, rng: np.random.Generator) -> None:
    """The mean over a data set."""
    from sklearn.metrics import log_loss

    y = rng.permutation([0.0, 1.0] * 4 + [1.0])
    z = rng.uniform(0.3, 2.5, size=9) * rng.choice([-1, 1], size=9)
    p = special.expit(z)
    right = log_loss(y, p)
    ones, zeros = np.logaddexp(0, -z), np.logaddexp(0, z)
    got = binary_cross_entropy(y, z)
    expect_close(
        got,
        right,
        "the empirical risk",
        {
            "the minus sign is missing: a loss is not negative": -right,
            "you summed over the samples: take the mean": right * 9,
            "you summed over the samples and the minus sign is missing": -right * 9,
            "the mean is missing: return one number for the whole data set": y * ones + (1 - y) * zeros,
            "the term for y = 0 is missing": np.mean(y * ones),
            "the term for y = 1 is missing": np.mean((1 - y) * zeros),
            "the signs of z are swapped: for y = 1 the loss is log(1 + exp(-z))": np.mean(y * zeros + (1 - y) * ones),
            "both terms have the same sign of z: 1 - sigmoid(z) is sigmoid(-z)": lambda: _like(
                got, np.mean(ones), np.mean(zeros)
            ),
            "this is the logarithm to base 10: np.log is the natural one": right / np.log(10),
            "this is the logarithm to base 2: np.log is the natural one": right / np.log(2),
            "this is the mean squared error": np.mean((y - p) ** 2),
            "this is the mean absolute error": np.mean(np.abs(y - p)),
            "the logarithm is missing": -np.mean(y * p + (1 - y) * (1 - p)),
            "divide by the number of samples, not by 2": right * 9 / 2,
            "log(1 + exp(-y z)) is for classes -1 and 1; here they are 0 and 1": np.mean(np.logaddexp(0, -y * z)),
            "the weight of the second term is 1 - y, with a minus": np.mean(y * ones + (1 + y) * zeros),
            "the sigmoid is applied twice: z is the sum, and logaddexp holds the sigmoid already": log_loss(
                y, special.expit(p)
            ),
            "the logarithm is taken of z itself: y_hat is sigmoid(z)": lambda: _log_of_sum(y, z),
        },
    )


def _log_of_sum(y: np.ndarray, z: np.ndarray) -> float:
    z = np.clip(z, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(z) + (1 - y) * np.log(1 - z))


@checks.probe("binary_cross_entropy")
def certain_neurons(binary_cross_entropy: Student, rng: np.random.Generator) -> None:
    """Sums as large as ±1000."""
    not_finite = (
        "y_hat is 0 or 1 to 16 digits there, and log(0) is -inf, or exp(1000) overflows: simplify with a pencil until"
        " only np.logaddexp is left (hint 2)"
    )
    doubt, low, high = rng.normal(), rng.uniform(600, 1000), rng.uniform(900, 1200)
    right = binary_cross_entropy(np.array([0.0, 1, 1, 1]), np.array([-high, high, low, doubt]))
    expect_close(
        right,
        np.logaddexp(0, -doubt) / 4,
        "the loss of three right and certain answers and one that is less certain",
        {not_finite: lambda: _not_finite(right)},
    )
    wrong = binary_cross_entropy(np.array([1.0, 0.0]), np.array([-high, low]))
    cost = (high + low) / 2
    if np.size(wrong) == 1 and 5 < float(np.ravel(wrong)[0]) < 100:
        raise CheckFailed(
            f"Two wrong and certain answers, z = {-high:.0f} and {low:.0f}, should cost {cost:.0f} in the mean, got"
            f" {float(wrong):.4g}.\n"
            "  Likely cause: y_hat is kept away from 0 and 1, so that the loss is flat there: start from z (hint 3)."
        )
    expect_close(wrong, cost, "the loss of two wrong and certain answers", {not_finite: lambda: _not_finite(wrong)})


def _z_path(z: float, y: float, steps: int, slope: Callable) -> np.ndarray:
    """z before and after each step, where `slope` says what a step subtracts from y_hat, y and z."""
    path = [z]
    for _ in range(steps):
        path.append(path[-1] - slope(special.expit(path[-1]), y, path[-1]))
    return np.array(path)


def _true_z_path(z: float, y: float, loss: str, steps: int) -> np.ndarray:
    """The same by automatic differentiation."""
    import tensorflow as tf

    path = [z]
    for _ in range(steps):
        variable = tf.Variable(path[-1], dtype=tf.float64)
        with tf.GradientTape() as tape:
            value = (
                tf.nn.sigmoid_cross_entropy_with_logits(tf.constant(y, tf.float64), variable)
                if loss == "cross-entropy"
                else (tf.sigmoid(variable) - y) ** 2
            )
        path.append(path[-1] - float(tape.gradient(value, variable)))
    return np.array(path)


def _check_z_path(descend_z: Student, z: float, y: float, loss: str) -> None:
    steps = 4
    true = _true_z_path(z, y, loss, steps)
    squared = loss == "squared error"
    slopes: dict[str, Callable] = {
        "you step uphill: subtract the slope": lambda p, y, z: -(p - y) * (2 * p * (1 - p) if squared else 1),
        "the label is not used: the error is y_hat - y": lambda p, _, z: (p - 1) * (2 * p * (1 - p) if squared else 1),
        "the error was squared: its derivative is 2 (y_hat - y)": lambda p, y, z: (
            (p - y) ** 2 * (2 * p * (1 - p) if squared else 1)
        ),
        "z stands where y_hat = sigmoid(z) belongs": lambda p, y, z: (z - y) * (2 * z * (1 - z) if squared else 1),
        "the absolute value of the error loses its sign": lambda p, y, z: (
            abs(p - y) * (2 * p * (1 - p) if squared else 1)
        ),
    }
    if squared:
        slopes |= {
            "the factor y_hat (1 - y_hat), the derivative of the sigmoid, is missing": lambda p, y, z: 2 * (p - y),
            "this is the slope of the cross-entropy: look at `loss`": lambda p, y, z: p - y,
            "the factor 2 from the square is missing": lambda p, y, z: (p - y) * p * (1 - p),
            "the factor (1 - y_hat) is missing: the derivative of the sigmoid is y_hat (1 - y_hat)": (
                lambda p, y, z: 2 * (p - y) * p
            ),
            "y_hat is the sigmoid already: no second sigmoid in y_hat (1 - y_hat)": lambda p, y, z: (
                2 * (p - y) * special.expit(p) * special.expit(-p)
            ),
            "z stands where y_hat belongs in y_hat (1 - y_hat)": lambda p, y, z: 2 * (p - y) * z * (1 - z),
        }
    else:
        slopes |= {
            "y_hat (1 - y_hat) belongs to the squared error; here the slope is y_hat - y": lambda p, y, z: (
                (p - y) * p * (1 - p)
            ),
            "this is the slope of the squared error: look at `loss`": lambda p, y, z: 2 * (p - y) * p * (1 - p),
            "there is no factor of 2: the slope is y_hat - y": lambda p, y, z: 2 * (p - y),
        }
    got = descend_z(z, y, loss, steps)
    with np.errstate(all="ignore"):
        mistakes: dict[str, Any] = {
            cause: path for cause, slope in slopes.items() if not np.allclose(path := _z_path(z, y, steps, slope), true)
        }
    mistakes |= {
        "the start is missing: 1 + steps values": true[1:],
        "one step is missing: the start and one value per step": true[:-1],
        "one step too many was made": _true_z_path(z, y, loss, steps + 1),
        "this is the last z alone: return the whole path": true[-1],
        "this is y_hat: return z itself": special.expit(true),
        "these are the steps, not z after each": -np.diff(true),
        "every step starts from the first z: take the slope at the last entry, path[-1]": (
            true[0] + np.arange(steps + 1) * (true[1] - true[0])
        ),
        "every step starts from the first z and goes nowhere: continue from path[-1]": np.r_[
            true[0], np.full(steps, true[1])
        ],
    }
    expect_close(got, true, f"z from {z:.2f}, y = {y:.0f}, {loss}", mistakes)


@checks.probe("descend_z")
def z_by_cross_entropy(descend_z: Student, rng: np.random.Generator) -> None:
    """With the cross-entropy."""
    _check_z_path(descend_z, -rng.uniform(1, 2.5), 1.0, "cross-entropy")
    _check_z_path(descend_z, -rng.uniform(1, 2.5), 0.0, "cross-entropy")


@checks.probe("descend_z")
def z_by_squared_error(descend_z: Student, rng: np.random.Generator) -> None:
    """With the squared error."""
    _check_z_path(descend_z, -rng.uniform(0.5, 1.5), 1.0, "squared error")
    _check_z_path(descend_z, rng.uniform(0.5, 1.5), 0.0, "squared error")


def _risk_gradient(x: np.ndarray, y: np.ndarray, w: np.ndarray, w0: float) -> tuple[np.ndarray, float]:
    """Gradient of the mean cross-entropy by automatic differentiation."""
    import tensorflow as tf

    weights, bias = tf.Variable(np.asarray(w, float)), tf.Variable(float(w0), dtype=tf.float64)
    with tf.GradientTape() as tape:
        z = tf.linalg.matvec(tf.constant(x, tf.float64), weights) + bias
        risk = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.constant(y, tf.float64), z))
    dw, dw0 = tape.gradient(risk, [weights, bias])
    return dw.numpy(), float(dw0)


def _some_data(rng: np.random.Generator, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels that no line separates: every input comes with both labels."""
    x = rng.normal(size=(n, d))
    x += 0.5 * rng.normal(size=d)
    chance = special.expit(x @ rng.uniform(0.8, 1.6, size=d) + 0.4)
    y = (rng.random(n) < chance).astype(float)
    return np.concatenate([x, x[: n // 4]]), np.concatenate([y, 1 - y[: n // 4]])


@checks.probe("gradient")
def weights_part(gradient: Student, rng: np.random.Generator) -> None:
    """The gradient with respect to w, against automatic differentiation."""
    x, y = _some_data(rng, 12, 3)
    w, w0 = rng.normal(size=3), rng.normal()
    dw, _ = expect_items(gradient(x, y, w, w0), ("dw", "dw0"), ((3,), ()))
    true, _ = _risk_gradient(x, y, w, w0)
    p, n = special.expit(x @ w + w0), len(y)
    expect_close(
        dw,
        true,
        "the gradient with respect to w",
        {
            "the sign is flipped: the error is y_hat - y": -true,
            "you summed over the samples: divide by n": true * n,
            "you summed over the samples, and the error is y_hat - y": -true * n,
            "you divided by n twice": true / n,
            "you divided by the number of inputs d: divide by the number of samples n": true * n / 3,
            "the sigmoid is missing: y_hat is g(z), not z": x.T @ (x @ w + w0 - y) / n,
            "the bias is missing in y_hat": x.T @ (special.expit(x @ w) - y) / n,
            "this is the gradient of the squared error; for cross-entropy the factor y_hat (1 - y_hat) cancels": 2
            * x.T
            @ ((p - y) * p * (1 - p))
            / n,
            "the factor y_hat (1 - y_hat) cancels for cross-entropy: leave it out": x.T @ ((p - y) * p * (1 - p)) / n,
            "the prediction is a hard threshold: y_hat is g(z), a number between 0 and 1": x.T
            @ ((x @ w + w0 > 0) - y)
            / n,
            "the absolute value of the error loses its sign": x.T @ np.abs(p - y) / n,
            "the error is multiplied by y_hat: for cross-entropy it stands alone": x.T @ ((p - y) * p) / n,
            "the error was squared: for cross-entropy it stands alone": x.T @ (p - y) ** 2 / n,
            "this is the error of each sample: multiply by the inputs, x.T @ error": p - y,
            "the inputs are missing: this is the mean error, dw0": np.full(3, np.mean(p - y)),
            "the products of input and error were not summed over the samples": x * (p - y)[:, None] / n,
            "the products of input and error were not summed over the samples: take their mean": x * (p - y)[:, None],
            "the labels are missing in the error: it is y_hat - y": x.T @ p / n,
            "return the gradient, not the weights after a step": w - true,
            "there is no factor of 2: that is the squared error's": 2 * true,
            "the mean runs over the inputs: sum over the samples with x.T @ error": lambda: (p - y).mean() * x.mean(0),
        },
    )


@checks.probe("gradient")
def bias_part(gradient: Student, rng: np.random.Generator) -> None:
    """The gradient with respect to w0, against automatic differentiation."""
    while True:
        x, y = _some_data(rng, 12, 3)
        w, w0 = rng.normal(size=3), rng.normal()
        z = x @ w + w0
        if np.sum(z > 0) != np.sum(y):  # otherwise the mean error of a hard threshold is 0, as if w0 had no gradient
            break
    _, dw0 = expect_items(gradient(x, y, w, w0), ("dw", "dw0"), ((3,), ()))
    _, true = _risk_gradient(x, y, w, w0)
    error = special.expit(z) - y
    expect_close(
        dw0,
        true,
        "the gradient with respect to w0",
        {
            "you summed over the samples: take the mean": true * len(y),
            "the sign is flipped: the error is y_hat - y": -true,
            "the mean is missing: return one number for w0": error,
            "this is the gradient multiplied by w0": true * w0,
            "you divided by n twice": true / len(y),
            "the labels are missing in the error: it is y_hat - y": np.mean(error + y),
            "the absolute value of the error loses its sign": np.mean(np.abs(error)),
            "the prediction is a hard threshold: y_hat is g(z), a number between 0 and 1": np.mean((z > 0) - y),
            "the sigmoid is missing: y_hat is g(z), not z": np.mean(z - y),
            "the bias is missing in y_hat": np.mean(special.expit(z - w0) - y),
            "the factor y_hat (1 - y_hat) cancels for cross-entropy: leave it out": lambda: _like(
                dw0, *(k * np.mean(error * special.expit(z) * special.expit(-z)) for k in (1, 2))
            ),
            "this is 0: w0 is a weight like the others": 0.0,
            "this is 1, the derivative of z: multiply by the error of each sample": 1.0,
        },
    )


# -- gradient descent -------------------------------------------------------------------------------------------------


def _descend(student: Student, x: np.ndarray, y: np.ndarray, *settings: float) -> tuple[np.ndarray, float, list]:
    try:
        got = student(x, y, *settings)
    except StudentError as error:
        where = error.code or "your code"
        if "ndims" in error.text or "matrix multiply" in error.text.lower():
            raise CheckFailed(
                f"{error.type} in: {where}\n  Likely cause: TensorFlow's @ needs two matrices, and w is a vector; write"
                " tf.linalg.matvec(x, w). (`perceptron` is NumPy: the tape would not see it.)"
            ) from error
        if "_id" in error.text and "numpy" in error.text:
            raise CheckFailed(
                f"The tape cannot differentiate a NumPy number: {error.type} in: {where}"
                "\n  Likely cause: NumPy computed the loss, so the tape saw nothing; use tf functions inside it."
            ) from error
        if "None" in error.text:
            raise CheckFailed(
                f"The tape gave None instead of a gradient, and {error.type} followed in: {where}"
                "\n  Likely cause: `w = w - …` rebinds the name to a tensor that the tape does not watch"
                " (use w.assign_sub), or NumPy computed the loss, so the tape saw nothing."
            ) from error
        raise
    w, w0, losses = expect_items(got, ("w", "w0", "losses"))
    if np.ndim(w) == 0 and np.shape(w0) == x.shape[1:]:
        raise CheckFailed("The order of the results is wrong: return w, w0, losses, in this order.")
    losses = np.ravel(losses)
    moved = bool(np.any(np.asarray(w))) or bool(np.any(np.asarray(w0)))
    expect(
        len(losses) > 0,
        "The list of losses is empty"
        + (
            ": append float(loss) in every round."
            if moved
            else " and the weights are still zero.\n  Likely cause: the loop ends before its first update: its"
            " criterion is met at once (a sum of signed numbers is no norm, and < is not >), or the gradient is 0"
            " because from_logits=True is missing."
        ),
    )
    return w, w0, losses


@checks.probe("gradient_descent")
def one_update(gradient_descent: Student, rng: np.random.Generator) -> None:
    """A single update."""
    x, y = _some_data(rng, 24, 2)
    y[:12] = 1.0  # more ones than zeros, so that w0 has somewhere to go
    rate = 0.3
    dw, dw0 = _risk_gradient(x, y, np.zeros(2), 0.0)
    w, w0, losses = _descend(gradient_descent, x, y, rate, 1e-6, 1)
    expect_close(
        w,
        -rate * dw,
        "w after one update",
        {
            "you step uphill: subtract the gradient": rate * dw,
            "the learning rate is missing": -dw,
            "nothing was updated: change the variables with assign_sub": np.zeros(2),
            "the loss is summed over the samples: take its mean": -rate * dw * len(y),
            "two updates were made where max_steps is 1": lambda: _after(x, y, rate, 2),
            "the weights do not start from zero": lambda: _like(
                w,
                1 - rate * _risk_gradient(x, y, np.ones(2), 1.0)[0],
                1 - rate * _risk_gradient(x, y, np.ones(2), 0.0)[0],
            ),
            "max_steps is ignored, and a hundred updates were made where it is 1": lambda: _after(x, y, rate, 100),
            "the step is half as long: this is the squared error's gradient, or it was divided by 2": -rate * dw / 2,
            "the sigmoid is applied twice: with from_logits=True the loss wants z, not y_hat": (
                -rate * x.T @ (special.expit(0.5) - y) / len(y) / 4
            ),
        },
    )
    expect_close(
        w0,
        -rate * dw0,
        "w0 after one update",
        {
            "w0 was not updated: it is a weight like the others": 0.0,
            "you step uphill: subtract the gradient": rate * dw0,
        },
    )
    z = -rate * (x @ dw + dw0)
    mistakes = {"this is the loss after the update: note it before": np.mean(np.logaddexp(0, z) - y * z)}
    expect_close(losses[0], np.log(2), "the first loss (all weights zero)", mistakes, rtol=1e-3)


def _after(x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """The weights of the inputs after so many updates from zero."""
    gradients, _ = _path(x, y, steps, rate)
    return -rate * gradients[:, :-1].sum(axis=0)


@drawn_once
def _data_for_descent(rng: np.random.Generator, offset: float, tolerance: float, most: int) -> tuple:
    """Data on which descent with learning rate 1 meets its criterion well within `most` steps, the loss always falling.

    For about one draw in a hundred, far from the origin, that rate overshoots, and a right answer would not converge.
    """
    while True:
        x, y = _some_data(rng, 60, 2)
        x += offset
        ones, v, losses = np.column_stack([x, np.ones(len(x))]), np.zeros(3), []
        for _ in range(3 * most // 4):
            z = ones @ v
            losses.append(np.mean(np.logaddexp(0, z) - y * z))
            step = ones.T @ (special.expit(z) - y) / len(y)
            if np.linalg.norm(step) < 0.9 * tolerance:
                break
            v = v - step
        else:
            continue
        slope = special.expit(z) * special.expit(-z)
        curved = np.linalg.eigvalsh(ones.T @ (slope[:, None] * ones) / len(y))[0]  # how well the minimum is determined
        if len(losses) > 5 and np.all(np.diff(losses) < 0) and curved > 0.025:
            return x, y


@checks.probe("gradient_descent")
def reaches_the_minimum(gradient_descent: Student, rng: np.random.Generator) -> None:
    """Convergence to the minimum."""
    tolerance, most = 5e-3, 120
    # away from the origin, w0 converges last: a criterion that looks only at dw stops too early
    x, y, best, best0 = _minimum_of_descent(rng, tolerance, most)
    w, w0, losses = _descend(gradient_descent, x, y, 1.0, tolerance, most)
    _expect_stop(x, y, tolerance, most, len(losses), "w0 converges last here")
    expect_close(w, best, "w at the minimum", rtol=0, atol=0.3)
    expect_close(w0, best0, "w0 at the minimum", rtol=0, atol=0.5)


@drawn_once
def _minimum_of_descent(rng: np.random.Generator, tolerance: float, most: int) -> tuple:
    from sklearn.linear_model import LogisticRegression

    x, y = _data_for_descent(rng, 1.0, tolerance, most)
    best = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(x, y)
    return x, y, best.coef_[0], best.intercept_[0]


def _path(x: np.ndarray, y: np.ndarray, steps: int, rate: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Gradients (dw and dw0 in one row) and losses before each of so many updates from zero."""
    v, ones, gradients, losses = np.zeros(x.shape[1] + 1), np.column_stack([x, np.ones(len(x))]), [], []
    for _ in range(steps):
        z = ones @ v
        losses.append(np.mean(np.logaddexp(0, z) - y * z))
        gradients.append(ones.T @ (special.expit(z) - y) / len(y))
        v = v - rate * gradients[-1]
    return np.array(gradients), np.array(losses)


def _expect_stop(x: np.ndarray, y: np.ndarray, tolerance: float, most: int, got: int, about: str) -> None:
    """Fails unless the loop ended where the norm of the gradient fell below tolerance, neither earlier nor later.

    One loss more than updates is no mistake: some append it before they look at the criterion.
    """
    gradients, losses = _path(x, y, most)
    norms = np.linalg.norm(gradients, axis=1)

    def first(met: np.ndarray) -> int:
        return int(np.argmax(met)) if met.any() else most

    earliest, latest = first(norms < 1.02 * tolerance), first(norms < 0.98 * tolerance)
    if earliest <= got <= latest + 1:
        return
    weights, bias = np.linalg.norm(gradients[:, :-1], axis=1), np.abs(gradients[:, -1])
    change = np.append(np.inf, np.abs(np.diff(losses)))
    criteria = {
        "the square of the norm is compared with tolerance: take the root": norms**2 < tolerance,
        "`break` or `return` stands outside its `if`, so the loop ends in its first round; or `w = w - ...` made w a"
        " tensor that the tape does not watch, so its next gradient is None (use w.assign_sub)": norms > 0,
        "the criterion looks only at dw: the norm covers w and w0 together": weights < tolerance,
        "the criterion looks only at dw0: the norm covers w and w0 together": bias < tolerance,
        "the criterion is the largest entry of the gradient: take its norm": np.abs(gradients).max(1) < tolerance,
        "the criterion looks at the change of the loss: take the norm of the gradient": change < tolerance,
        "the criterion looks at the loss: take the norm of the gradient": losses < tolerance,
        "the norm is compared with the square of tolerance": norms < tolerance**2,
        "the criterion looks at the sum of the gradient, in which signs cancel: take its norm": (
            np.abs(gradients.sum(axis=1)) < tolerance
        ),
        "the criterion looks at the sum of the gradient, which may be negative: take its norm": (
            gradients.sum(axis=1) < tolerance
        ),
        "the sum of absolute values is compared with tolerance: take the norm": np.abs(gradients).sum(1) < tolerance,
        "the norms of dw and dw0 are added: take the norm of both together": weights + bias < tolerance,
        "both parts are below tolerance one by one: take the norm of both together": (
            (weights < tolerance) & (bias < tolerance)
        ),
        "tolerance is multiplied by the first norm: compare the norm itself with it": norms < tolerance * norms[0],
        "the step, learning rate times gradient, is compared with tolerance: take the norm of the gradient": (
            norms < 2 * tolerance
        ),
        "nothing looks at tolerance: leave the loop when the norm of the gradient is below it": norms < 0,
    }
    fitting = [cause for cause, met in criteria.items() if got in (first(met), first(met) + 1)]
    if got >= most:
        fitting = [
            "nothing looks at tolerance, or the criterion is never met, like the loss or the square of tolerance: leave"
            " the loop when the norm of the gradient is below tolerance"
        ]
    cause = "; or ".join(fitting[:2]) or "the criterion is the norm of the whole gradient, compared with tolerance"
    early = got < earliest
    norm = norms[min(got, most - 1)]
    raise CheckFailed(
        f"The loop made {got} steps; it should stop as soon as the norm of the gradient is below tolerance"
        f" ({tolerance:g}), after {earliest} ({about}). "
        + (f"It stopped too early, where the norm is {norm:.2g}." if early else "It stopped too late.")
        + f"\n  Likely cause: {cause}."
    )


@checks.probe("gradient_descent")
def stops_in_time(gradient_descent: Student, rng: np.random.Generator) -> None:
    """The criterion of convergence."""
    x, y = _data_for_descent(rng, 0.0, 3e-2, 60)
    *_, few = _descend(gradient_descent, x, y, 0.02, 1e-2, 5)
    expect(
        len(few) in (5, 6),
        f"With max_steps = 5 the loop made {len(few)} rounds.\n  Likely cause: "
        + (
            "nothing looks at max_steps."
            if len(few) > 6
            else "`w = w - ...` rebinds the name, and the tape gives None from then on: use w.assign_sub; or the loop"
            " leaves at once."
            if len(few) == 1
            else "range ends one step too early, or the loop leaves before max_steps."
        ),
    )
    *_, losses = _descend(gradient_descent, x, y, 1.0, 3e-2, 60)
    _expect_stop(x, y, 3e-2, 60, len(losses), "of 60 at most")
    expect(
        len(losses) > 2 and bool(np.all(np.diff(losses) < 1e-4)),
        "The losses should fall from step to step, one entry for each."
        "\n  Likely cause: something else than the loss before each update is appended.",
    )


@checks.probe("step_gain")
def the_promise(step_gain: Student, rng: np.random.Generator) -> None:
    """What the step promises."""
    x, y, w, w0, rate = _before_a_step(rng)
    got, real = expect_items(step_gain(x, y, w, w0, rate), ("the promised decrease", "the real one"))
    dw, dw0 = _risk_gradient(x, y, w, w0)
    length = np.sqrt(dw @ dw + dw0**2)
    expect_close(
        got,
        rate * length**2,
        "the promised decrease",
        {
            "the part of w0 is missing: the gradient has all derivatives": rate * dw @ dw,
            "the square is missing: the promise is the rate times the squared length of the gradient": rate * length,
            "the learning rate is missing": length**2,
            "the learning rate is squared: one factor only": rate**2 * length**2,
            "the squares of dw are missing: the length squared is dw @ dw + dw0**2": rate * (dw.sum() + dw0),
            "only the part of w0 is there: add dw @ dw": rate * dw0**2,
            "the sum was squared: square each part, then add": rate * (dw.sum() + dw0) ** 2,
            "the parts were squared and averaged: add them": rate * length**2 / 4,
            "dw0 is added without its square": rate * (dw @ dw + dw0),
            "the sign is flipped: a decrease is positive": -rate * length**2,
            "return the promised decrease first, then the real one": _real_gain(x, y, w, w0, rate),
        },
    )


@checks.probe("step_gain")
def the_real_gain(step_gain: Student, rng: np.random.Generator) -> None:
    """What it gains."""
    x, y, w, w0, rate = _before_a_step(rng)
    _, got = expect_items(step_gain(x, y, w, w0, rate), ("the promised decrease", "the real one"))
    dw, dw0 = _risk_gradient(x, y, w, w0)
    true = _real_gain(x, y, w, w0, rate)
    before = _cross_entropy(x, y, np.r_[w0, w])
    expect_close(
        got,
        true,
        "the real decrease",
        {
            "the sign is flipped: the loss before the step minus that after it": -true,
            "w0 did not move: the step changes w and w0": before - _cross_entropy(x, y, np.r_[w0, w - rate * dw]),
            "w did not move: the step changes w and w0": before - _cross_entropy(x, y, np.r_[w0 - rate * dw0, w]),
            "the step goes uphill: subtract the learning rate times the gradient": _real_gain(x, y, w, w0, -rate),
            "the step lacks the learning rate": _real_gain(x, y, w, w0, 1.0),
            "this is the loss after the step: subtract it from the loss before": before - true,
            "this is the promise once more: compute the loss before and after the step": rate * (dw @ dw + dw0**2),
            "this is the mean squared error's decrease: take binary_cross_entropy": lambda: (
                np.mean((special.expit(x @ w + w0) - y) ** 2)
                - np.mean((special.expit(x @ (w - rate * dw) + w0 - rate * dw0) - y) ** 2)
            ),
            "this is a share: return the decrease itself": true / before,
            "this is 0: the loss after the step was computed with the old weights": 0.0,
        },
    )


def _before_a_step(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """Data, weights and a rate with which the parts of the gradient and their sums are all different."""
    x, y = _some_data(rng, 12, 3)
    return x, y, rng.normal(size=3), rng.uniform(1, 2), rng.uniform(1.5, 2.5)


def _real_gain(x: np.ndarray, y: np.ndarray, w: np.ndarray, w0: float, rate: float) -> float:
    dw, dw0 = _risk_gradient(x, y, w, w0)
    return _cross_entropy(x, y, np.r_[w0, w]) - _cross_entropy(x, y, np.r_[w0 - rate * dw0, w - rate * dw])


# -- mini-batches, and a linear neuron --------------------------------------------------------------------------------


@checks.probe("train")
def full_batches(train: Student, rng: np.random.Generator) -> None:
    """Batches as large as the data: no order matters."""
    x, y = _some_data(rng, 12, 3)
    rate = 0.7
    path = _steps_of(train(x, y, rate, 4, len(y), 1), 4, 4, "4 epochs with one batch each", 4 * len(y))
    w, w0 = np.zeros(3), 0.0
    for step, row in enumerate(path[1:], start=1):
        dw, dw0 = _risk_gradient(x, y, w, w0)
        before, right = np.r_[w0, w], np.r_[w0 - rate * dw0, w - rate * dw]
        late_w0 = w0 - rate * _risk_gradient(x, y, right[1:], w0)[1]
        late_w = w - rate * _risk_gradient(x, y, w, right[0])[0]
        expect_close(
            row,
            right,
            f"the weights after step {step} of full batches",
            {
                "you step uphill: subtract the gradient": before + rate * np.r_[dw0, dw],
                "the learning rate is missing": before - np.r_[dw0, dw],
                "the gradient is summed over the batch: it is the mean": before - rate * len(y) * np.r_[dw0, dw],
                "the gradient is divided by the size of the batch once more": before - rate / len(y) * np.r_[dw0, dw],
                "w0 never moves: it is a weight like the others": np.r_[0, right[1:]],
                "each row is w0 first, then w1, w2, ...": np.r_[right[1:], right[0]],
                "w0 moves by a gradient at the new w: compute both gradients before you change either": np.r_[
                    late_w0, right[1:]
                ],
                "w moves by a gradient at the new w0: compute both gradients before you change either": np.r_[
                    right[0], late_w
                ],
                "the weights start from zero in every epoch: set them once, before the loops": (
                    path[1] if step > 1 else np.full(4, np.inf)
                ),
            },
        )
        w, w0 = w - rate * dw, w0 - rate * dw0


@checks.probe("train")
def every_sample_once(train: Student, rng: np.random.Generator) -> None:
    """Batches of 3 from 10 samples: each sample once per epoch, the last batch smaller."""
    x, y = rng.normal(size=(10, 4)), rng.permutation([0.0, 1.0] * 5)
    rate, epochs = 0.5, 3
    what = f"{epochs} epochs of 4 batches (3, 3, 3 and 1)"
    path = _steps_of(train(x, y, rate, epochs, 3, 0), 5, 4 * epochs, what, 10 * epochs)
    orders = []
    for epoch in range(epochs):
        used: list[int] = []
        for step in range(4 * epoch, 4 * epoch + 4):
            rows = _rows_of(path[step], path[step + 1], x, y, rate, size=1 if step % 4 == 3 else 3)
            repeated = set(rows) & set(used)
            expect(
                not repeated,
                f"In epoch {epoch + 1} the sample in row {min(repeated, default=0)} is used twice, so another is not"
                " used.\n  Likely cause: rows are drawn for each batch anew; draw one permutation for each epoch and"
                " cut it into pieces.",
            )
            used += rows
        orders.append(used)
    expect(
        any(rows != sorted(rows) for rows in (order[k : k + 3] for order in orders for k in (0, 3)))
        or orders[0] != list(range(10)),
        "The samples are taken in the order of the file.\n  Likely cause: rng.permutation(len(y)) is missing.",
    )
    expect(
        len({tuple(order) for order in orders}) > 1,
        "Every epoch uses the same batches.\n  Likely cause: the permutation is drawn once, before the loop over the"
        " epochs; draw a new one in every epoch.",
    )


@checks.probe("train")
def seeds_matter(train: Student, rng: np.random.Generator) -> None:
    """The same seed gives the same path, another seed another."""
    x, y = rng.normal(size=(9, 2)), rng.permutation([0.0, 1.0, 1.0] * 3)
    first, again, other = (
        _steps_of(train(x, y, 0.5, 2, 1, seed), 3, 18, "2 epochs of 9 batches", 18) for seed in (3, 3, 4)
    )
    expect(
        np.allclose(first, again),
        "Two calls with the same seed give different paths.\n  Likely cause: shuffle with rng, not with np.random.",
    )
    expect(
        not np.allclose(first, other),
        "Another seed gives the same path.\n  Likely cause: shuffle with rng.permutation; the given rng has the seed.",
    )


def _steps_of(got: object, columns: int, steps: int, what: str, samples: int) -> np.ndarray:
    """`got` as an array of 1 + steps rows, with what is wrong about its shape in one sentence.

    Args:
        got: what the student's function returned.
        columns: of each row, w0 first.
        steps: that it should have made.
        what: the epochs and batches in words.
        samples: that it would use one by one in all its epochs.
    """
    path = np.asarray(got if isinstance(got, np.ndarray | list) else np.empty(0))
    if path.dtype.kind not in "biuf" or path.ndim != 2 or path.shape[1] != columns:
        mistakes = {
            "these are the last weights alone: append them after each step": path
            if path.shape == (columns,)
            else np.nan,
            "rows and columns are exchanged: one row for each step": path if path.shape[:1] == (columns,) else np.nan,
            "w0 is missing in the rows: [w0, w1, ..., wd]": path if path.shape[1:] == (columns - 1,) else np.nan,
        }
        expect_close(got, np.zeros((steps + 1, columns)), "the path", mistakes)
    rows = len(path)
    causes = {
        samples + 1: "every sample makes a step of its own: a step uses `batch` of them",
        1: "`return` stands inside a loop, or nothing is appended",
        2: "`return` stands inside a loop",
        steps: "the start, or the last step, is missing",
        2 * steps: "every step is appended twice",
    }
    causes = {rows: cause for rows, cause in causes.items() if rows != steps + 1}
    cause = causes.get(rows, "append once for each batch, also for the smaller one at the end")
    expect(
        rows == steps + 1,
        f"{what} should give {steps + 1} rows, the start among them; got {rows}.\n  Likely cause: {cause}.",
    )
    expect(bool(np.isfinite(path).all()), "The path holds values that are not finite.")
    expect(
        float(np.ptp(path, axis=0).max()) > 0,
        "All rows of the path are equal.\n  Likely cause: `w -= ...` changes the array that was appended before, or"
        " nothing is updated; write w = w - ... (hint 3).",
    )
    cause = (
        "the weights start from other numbers; begin with np.zeros"
        if np.ptp(path[:2], axis=0).max() > 0 and np.ptp(path[0]) == 0
        else "one array was appended every time and changed later; append a new array each time (hint 3)"
    )
    expect(
        not path[0].any(),
        f"The first row of the path should be the start, all zeros.\n  Likely cause: {cause}.",
    )
    return path


def _rows_of(before: np.ndarray, after: np.ndarray, x: np.ndarray, y: np.ndarray, rate: float, size: int) -> list[int]:
    """The rows whose mean gradient at the weights `before` leads to `after`.

    Raises:
        CheckFailed: there are none; the message says what the step looks like instead.
    """
    ones = np.column_stack([np.ones(len(x)), x])
    each = (special.expit(ones @ before) - y)[:, None] * ones
    for number in (size, *{1, 3, 10} - {size}):
        for rows in combinations(range(len(x)), number):
            step = each[list(rows)].mean(axis=0)
            if np.allclose(before - rate * step, after, rtol=1e-4, atol=1e-6):
                expect(
                    number == size,
                    f"A step used {number} samples where the batch has {size}."
                    "\n  Likely cause: x[rows] and y[rows] with rows = order[start : start + batch].",
                )
                return list(rows)
            if number > 1 and np.allclose(before - rate * number * step, after, rtol=1e-4, atol=1e-6):
                raise CheckFailed(
                    "A step is too long.\n  Likely cause: the gradient of a batch is the mean, not the sum."
                )
            if np.allclose(before - rate * number / len(x) * step, after, rtol=1e-4, atol=1e-6):
                raise CheckFailed(
                    "A step is too short.\n  Likely cause: the sum over the batch is divided by the number of all"
                    " samples; divide by the number in this batch, or let `gradient` do it."
                )
            if number == 1 and size == 1 and np.allclose(before - rate * step / 3, after, rtol=1e-4, atol=1e-6):
                raise CheckFailed(
                    "The step of the last, smaller batch is too short.\n  Likely cause: the sum is divided by `batch`;"
                    " divide by the number of samples in this batch, or let `gradient` do it."
                )
    raise CheckFailed(
        "A step is not the learning rate times the mean gradient of any batch at the weights just before it."
        "\n  Likely cause: x and y are cut by different rows, or the gradient is taken at older weights."
    )


@checks.probe("regression")
def first_step(regression: Student, rng: np.random.Generator) -> None:
    """The first step, against automatic differentiation."""
    _check_regression(regression, rng, 1)


@checks.probe("regression")
def several_steps(regression: Student, rng: np.random.Generator) -> None:
    """Several steps."""
    _check_regression(regression, rng, 4)


@checks.probe("regression")
def where_it_ends(regression: Student, rng: np.random.Generator) -> None:
    """After many steps, against linear algebra."""
    x = rng.normal(size=(30, 2))
    y = 5 + x @ rng.normal(size=2) + rng.normal(size=30)
    got = expect_items(regression(x, y, 0.2, 150), _WEIGHTS, ((2,), ()))
    best = np.linalg.lstsq(np.column_stack([np.ones(30), x]), y, rcond=None)[0]
    expect_close(got[0], best[1:], "w after 150 steps", rtol=1e-3)
    expect_close(got[1], best[0], "w0 after 150 steps", rtol=1e-3)


_WEIGHTS = ("w", "w0")


def _check_regression(regression: Student, rng: np.random.Generator, steps: int) -> None:
    import tensorflow as tf

    x, y, rate = rng.normal(size=(11, 3)) + 0.4, rng.normal(3, 2, size=11), 0.05
    variables = tf.Variable(np.zeros(3)), tf.Variable(0.0, dtype=tf.float64)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            risk = tf.reduce_mean((tf.linalg.matvec(tf.constant(x), variables[0]) + variables[1] - y) ** 2)
        for variable, part in zip(variables, tape.gradient(risk, variables), strict=True):
            variable.assign_sub(rate * part)
    true = [variable.numpy() for variable in variables]
    got = expect_items(regression(x, y, rate, steps), _WEIGHTS, ((3,), ()))
    best = np.linalg.lstsq(np.column_stack([np.ones(11), x]), y, rcond=None)[0]
    ways: dict[str, tuple[np.ndarray, float]] = {
        cause: _descended(x, y, steps, rate, error)
        for cause, error in {
            "you step uphill: the error is y_hat - y, and a step subtracts the gradient": lambda z, y: 2 * (y - z),
            "the factor 2 is missing: the loss is the mean square, not half of it": lambda z, y: z - y,
            "you summed over the samples: divide by n": lambda z, y: 2 * (z - y) * len(y),
            "there is no sigmoid here: y_hat = z": lambda z, y: 2 * (special.expit(z) - y),
            "there is no activation, so the factor y_hat (1 - y_hat) does not belong here": lambda z, y: (
                2 * (special.expit(z) - y) * special.expit(z) * special.expit(-z)
            ),
            "the slope of the sigmoid does not belong here: there is no activation, y_hat = z": lambda z, y: (
                2 * (z - y) * special.expit(z) * special.expit(-z)
            ),
            "the error was squared: the derivative of the square is 2 times the error": lambda z, y: 2 * (z - y) ** 2,
            "the absolute value of the error loses its sign": lambda z, y: 2 * np.abs(z - y),
            "only the sign of the error is left: that is the mean absolute error's gradient": lambda z, y: np.sign(
                z - y
            ),
            "the learning rate is missing": lambda z, y: 2 * (z - y) / rate,
            "divide by the number of samples n, not by the number of inputs d": lambda z, y: 2 * (z - y) * len(y) / 3,
        }.items()
    }
    ways |= {
        "w0 never moves: it is a weight like the others": _descended(x, y, steps, rate, lambda z, y: 2 * (z - y), 0.0),
        "nothing moves: w = w - ... in every step": (np.zeros(3), 0.0),
        "one step too many was made": _descended(x, y, steps + 1, rate, lambda z, y: 2 * (z - y)),
        "this is the best w by linear algebra; its descent after so many steps is asked for": (best[1:], best[0]),
    }
    if steps > 1:
        ways |= {
            "only one step was made: look where `return` stands": _descended(x, y, 1, rate, lambda z, y: 2 * (z - y)),
            "one step is missing": _descended(x, y, steps - 1, rate, lambda z, y: 2 * (z - y)),
            "the error is computed once: compute it anew in every step": tuple(
                steps * part for part in _descended(x, y, 1, rate, lambda z, y: 2 * (z - y))
            ),
            "w0 moves by an error at the new w: compute the error once per step": _descended_in_turn(x, y, steps, rate),
        }
    mistakes: tuple[dict, dict] = {}, {}
    for cause, values in ways.items():
        for k in (0, 1):
            mistakes[k][cause] = values[k]
    expect_close(got[0], true[0], f"w after {steps} step{'s' * (steps > 1)}", mistakes[0])
    expect_close(got[1], true[1], f"w0 after {steps} step{'s' * (steps > 1)}", mistakes[1])


def _descended(
    x: np.ndarray, y: np.ndarray, steps: int, rate: float, error: Callable, moves: float = 1.0
) -> tuple[np.ndarray, float]:
    """w and w0 after descent with an `error` of z and y; `moves` 0 leaves w0 where it is."""
    w, w0 = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        e = error(x @ w + w0, y)
        w, w0 = w - rate * x.T @ e / len(y), w0 - moves * rate * np.mean(e)
    return w, w0


def _descended_in_turn(x: np.ndarray, y: np.ndarray, steps: int, rate: float) -> tuple[np.ndarray, float]:
    w, w0 = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        w = w - rate * 2 * x.T @ (x @ w + w0 - y) / len(y)
        w0 = w0 - rate * 2 * np.mean(x @ w + w0 - y)
    return w, w0


# -- Rosenblatt's rule ------------------------------------------------------------------------------------------------


def _rosenblatt(x: np.ndarray, y: np.ndarray, w: np.ndarray, w0: float) -> tuple[np.ndarray, float, int]:
    """One epoch by scikit-learn, one sample at a time so that the corrections can be counted."""
    from sklearn.linear_model import Perceptron

    model = Perceptron(shuffle=False, penalty=None, eta0=1.0).partial_fit(x[:1], y[:1], classes=[0.0, 1.0])
    model.coef_, model.intercept_ = w[None].copy(), np.array([w0])
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        before = model.intercept_[0]
        model.partial_fit(xi[None], [yi])
        mistakes += int(model.intercept_[0] != before)
    return model.coef_[0], float(model.intercept_[0]), mistakes


_RIGHT = "the number of mistakes"


def _error(z: float, y: float) -> float:
    """What Rosenblatt's rule corrects by."""
    return y - (z > 0)


def _epoch(x: np.ndarray, y: np.ndarray, w: np.ndarray, w0: float, error: Callable, learns: float = 1) -> np.ndarray:
    """w after one epoch in which `error` says what to correct from z and y; `learns` 0 leaves w0 as it is."""
    for xi, yi in zip(x, y, strict=True):
        step = error(xi @ w + w0, yi)
        w, w0 = w + step * xi, w0 + learns * step
    return w


def _epochs_gone_wrong(x: np.ndarray, y: np.ndarray, w: np.ndarray, w0: float) -> dict[str, np.ndarray]:
    """Mistake → w after an epoch with it."""
    errors = {
        "np.sign gives -1, 0 and 1: the prediction is 1 if z > 0, else 0": lambda z, yi: yi - np.sign(z),
        "x is always added: a sample of class 0 that was called 1 is subtracted": lambda z, yi: float((z > 0) != yi),
        "only half of each correction was made: there is no learning rate in this rule": lambda z, yi: (
            (yi - (z > 0)) / 2
        ),
        "the sigmoid was used: Rosenblatt's prediction is 1 if z > 0, else 0": lambda z, yi: yi - special.expit(z),
        "the correction goes the wrong way: it is (y - y_hat) x": lambda z, yi: (z > 0) - yi,
        "the threshold is z > 0, not z > 0.5: 0.5 is for y_hat after a sigmoid": lambda z, yi: yi - (z > 0.5),
        "y_hat is 1 if z > 0, else 0; here it is z itself": lambda z, yi: yi - z,
        "only samples of class 1 correct the weights here; those of class 0 subtract": lambda z, yi: max(
            yi - (z > 0), 0
        ),
        "nothing was corrected, or only samples of class 0 correct the weights here; those of class 1 add": (
            lambda z, yi: min(yi - (z > 0), 0)
        ),
        "every sample changes the weights here: only a wrong answer corrects them": lambda z, yi: 1,
    }
    bare, bare_w0 = w, w0
    for xi, yi in zip(x, y, strict=True):
        step = _error(xi @ bare + bare_w0, yi)
        bare, bare_w0 = bare + step, bare_w0 + step
    return {cause: _epoch(x, y, w, w0, error) for cause, error in errors.items()} | {
        "only the first sample was looked at: look where `return` stands": _epoch(x[:1], y[:1], w, w0, _error),
        "all samples were judged with the first weights: judge each with what the previous one has left": (
            w + (y - (x @ w + w0 > 0)) @ x
        ),
        "w0 was not corrected along the way, or the bias w0 is missing in z: it is a weight like the others": _epoch(
            x, y, w, w0, _error, learns=0
        ),
        "the input is missing in the correction of w: add (y - y_hat) x": bare,
    }


def _counts_gone_wrong(x: np.ndarray, y: np.ndarray, w: np.ndarray, w0: float) -> dict[str, float]:
    """Slip → the number of mistakes that it counts, and under `_RIGHT` the right one."""
    mistakes, late, signed, at_once = 0, 0, 0, int(np.sum((x @ w + w0 > 0) != y))
    for xi, yi in zip(x, y, strict=True):
        error = _error(xi @ w + w0, yi)
        w, w0, signed, mistakes = w + error * xi, w0 + error, signed + error, mistakes + int(error != 0)
        late += int((xi @ w + w0 > 0) != yi)
    return {
        _RIGHT: mistakes,
        "errors of +1 and -1 were added up and cancel: count the samples whose error is not 0": signed,
        "you counted after the correction: compare the prediction that was made before it": late,
        "you counted the right answers": len(y) - mistakes,
        "you counted the samples": len(y),
        "only one mistake was counted: the loop ends early, or the count begins anew for each sample": 1,
        "the count begins anew for each sample: set it to 0 before the loop": 0,
        "this is the share of mistakes: count them": mistakes / len(y),
        "these are mistakes with the first weights: count along the way": at_once,
        "these are the mistakes of the final weights: count along the way": int(np.sum((x @ w + w0 > 0) != y)),
    }


_ROSENBLATT = ("w", "w0", "the list of mistakes")


@checks.probe("rosenblatt")
def one_epoch(rosenblatt: Student, rng: np.random.Generator) -> None:
    """One epoch on 20 samples."""
    w, w0 = np.zeros(3), 0.0
    while True:  # until no mistake leads to the right weights or the right count by luck
        x, y = _some_data(rng, 16, 3)
        y[0] = 1.0  # z = 0 counts as 0: the first sample is wrong, so that something is corrected at once
        weights, counts = _epochs_gone_wrong(x, y, w, w0), _counts_gone_wrong(x, y, w, w0)
        results = [_epoch(x, y, w, w0, _error), *weights.values()]
        apart = min(np.abs(one - other).max() for one, other in combinations(results, 2))
        if apart > 0.01 and counts[_RIGHT] not in [count for cause, count in counts.items() if cause != _RIGHT]:
            break
    true_w, true_w0, true_mistakes = _rosenblatt(x, y, w, w0)
    del counts[_RIGHT]
    got = expect_items(rosenblatt(x, y, 1), _ROSENBLATT)
    if np.shape(got[0]) == () and np.shape(got[1]) == (3,):
        raise CheckFailed("The order of the results is wrong: return w, w0, mistakes, in this order.")
    got_w, got_w0, mistakes = got
    expect_close(got_w, true_w, "w after one epoch", weights)
    expect_close(
        got_w0,
        true_w0,
        "w0 after one epoch",
        {
            "w0 was not corrected": w0,
            "w0 always grows: the correction of w0 is y - y_hat, which may be -1": w0 + true_mistakes,
        },
    )
    expect(
        np.shape(mistakes) == (1,),
        "With max_epochs = 1 the list of mistakes should have one entry.\n  Likely cause: "
        + (
            "one number was returned: append the count of each epoch to a list."
            if np.shape(mistakes) == ()
            else "the count is appended for every sample: once for each epoch is enough."
            if np.shape(mistakes) == (len(y),)
            else "nothing looks at max_epochs, or the loop ends before its first epoch."
        ),
    )
    expect_close(mistakes[0], true_mistakes, "the number of mistakes", counts)


@checks.probe("rosenblatt")
def converges(rosenblatt: Student, rng: np.random.Generator) -> None:
    """Separable data, until an epoch without mistakes."""
    x, y, true, gone_wrong = _separable(rng)
    first = int(y[0] == 0)  # z = 0 counts as 0: the very first sample is then right if its class is 0
    *_, mistakes = expect_items(rosenblatt(x[:1], y[:1], 1), _ROSENBLATT)
    expect_close(
        mistakes,
        [1 - first],
        "mistakes on one sample from zero weights",
        {"at z = 0 the prediction is 0: compare with z > 0, not z >= 0": [first]},
    )
    w, w0, got = expect_items(rosenblatt(x, y, 30), _ROSENBLATT)
    counts = np.atleast_1d(np.asarray(got, float)) if np.ndim(got) < 2 else np.empty(0)
    if len(counts) != len(true):
        cause = (
            "the loop goes on after an epoch without mistakes: stop there"
            if len(counts) == 30 and np.array_equal(counts[: len(true)], true)
            else "the epoch without mistakes belongs to the list: append its count, too"
            if np.array_equal(counts, true[:-1])
            else "one epoch is enough of a proof: the rule has converged after the first without mistakes"
            if np.array_equal(counts, [*true, 0])
            else "every epoch starts from zero weights: set them once, before the loop"
            if len(counts) == 30 and np.ptp(counts) == 0
            else "the loop ends after its first epoch: look where `return` or `break` stands"
            if len(counts) == 1
            else "stop after the first epoch whose count of mistakes is 0"
        )
        raise CheckFailed(
            f"The list of mistakes should have {len(true)} entries, the last of them 0; yours has {len(counts)}."
            f"\n  Likely cause: {cause}."
        )
    running = np.cumsum(true)
    expect_close(
        got,
        true,
        "the mistakes, epoch by epoch",
        gone_wrong | {"the count is not set back to 0 at the start of an epoch": running if true[-1] == 0 else np.nan},
    )
    wrong = int(np.sum((x @ np.asarray(w, float) + w0 > 0) != y))
    expect(wrong == 0, f"The last epoch reports no mistakes, but its weights get {wrong} of {len(y)} samples wrong.")


@checks.probe("rosenblatt")
def gives_up(rosenblatt: Student, rng: np.random.Generator) -> None:
    """XOR, where only max_epochs ends the loop."""
    most = int(rng.integers(6, 12))
    order = rng.permutation(4)
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])[order]
    y = np.array([0.0, 1.0, 1.0, 0.0])[order]
    *_, got = expect_items(rosenblatt(x, y, most), _ROSENBLATT)
    count = np.size(got)
    expect(
        count == most,
        f"No line separates XOR, so the loop should make max_epochs = {most} epochs; it made {count}.\n  Likely cause: "
        + (
            "it runs one epoch too many: compare with < max_epochs."
            if count == most + 1
            else "it stops one epoch too early."
            if count == most - 1
            else "it stops although the last epoch had mistakes."
            if count < most
            else "nothing looks at max_epochs."
        ),
    )


def _counts_by_epoch(
    x: np.ndarray,
    y: np.ndarray,
    epochs: int,
    error: Callable,
    learns: float = 1,
    after: bool = False,
    sign: bool = False,
) -> list[float]:
    """Mistakes of so many epochs from zero weights; the options count them wrongly."""
    w, w0, counts = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        counts.append(0)
        for xi, yi in zip(x, y, strict=True):
            step = error(xi @ w + w0, yi)
            w, w0 = w + step * xi, w0 + learns * step
            counts[-1] += step if sign else int((xi @ w + w0 > 0) != yi) if after else int(abs(step) > 0.5)
    return counts


def _separable(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[float], dict[str, list[float]]]:
    """Inputs and labels with a gap between them, the mistakes of each epoch, and those that slips would report."""

    while True:
        direction = rng.normal(size=2)
        x = rng.normal(size=(40, 2))
        z = x @ direction / np.linalg.norm(direction) + 0.3
        x, y = x[np.abs(z) > 0.3], (z[np.abs(z) > 0.3] > 0).astype(float)
        true = _counts_by_epoch(x, y, 30, _error)
        if 0 not in true[2:] or 0 in true[:2]:
            continue
        true = true[: true.index(0) + 1]
        slips = {
            "the sigmoid was used: Rosenblatt's prediction is 1 if z > 0, else 0": {
                "error": lambda z, yi: yi - special.expit(z)
            },
            "the bias w0 is missing in z, or is not corrected": {"error": _error, "learns": 0},
            "you counted after the correction: compare the prediction that was made before it": {
                "error": _error,
                "after": True,
            },
            "errors of +1 and -1 were added up and cancel: count the samples whose error is not 0": {
                "error": _error,
                "sign": True,
            },
        }
        wrong = {cause: _counts_by_epoch(x, y, len(true), **slip) for cause, slip in slips.items()}
        if all(counts[1:] != true[1:] for counts in wrong.values()):  # none looks right by luck
            return x, y, true, wrong


# -- layers -----------------------------------------------------------------------------------------------------------


def _built(my_dense: Student, x: np.ndarray, *settings: object) -> ModelView:
    """A layer after its first call, with weights of the right shapes, in any order."""
    units = settings[0]
    layer: ModelView = expect_model(my_dense(*settings))
    wanted = [(x.shape[1], units), (units,)]
    try:
        layer.predict(x)
        failed = None
    except StudentError as error:
        failed = error
    shapes = [shape for _, shape in layer.variables()]
    if failed and (failed.type == "NotImplementedError" or not shapes or sorted(shapes) == sorted(wanted)):
        raise failed
    if sorted(shapes) != sorted(wanted):
        raise CheckFailed(
            f"For {x.shape[1]} inputs and {units} units the weights should have the shapes {wanted[0]} and {wanted[1]};"
            f" yours: {', '.join(map(str, shapes)) or 'none'}.\n  Likely cause: {_which_weight(shapes, wanted)}."
        )
    return layer


def _kernel_and_bias(weights: list[np.ndarray], kernel: tuple[int, int]) -> list[np.ndarray]:
    found = arranged(weights, kernel, kernel[1:])
    if found is None:
        raise PipeError("weights of other shapes than it said before")
    return found


def _outputs_of_dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, activation: str) -> dict[str, np.ndarray]:
    """What a layer with these weights answers: "" → the right outputs, a mistake → those of that mistake."""
    import keras

    dense = keras.layers.Dense(len(bias), activation)
    dense.build(x.shape)
    dense.set_weights([kernel, bias])
    return {
        "": np.asarray(dense(x)),
        "the bias is not added": keras.ops.convert_to_numpy(dense.activation(x @ kernel)),
        "the activation is not applied": x @ kernel + bias,
        "the sigmoid is fixed: apply self.activation": special.expit(x @ kernel + bias),
        "the bias is subtracted": np.asarray(dense.activation(keras.ops.convert_to_tensor(x @ kernel - bias))),
        "the activation is applied twice": np.asarray(dense.activation(dense(x))),
        "the bias is multiplied with the sum instead of being added": np.asarray(
            dense.activation(keras.ops.convert_to_tensor(x @ kernel * bias))
        ),
        "the bias is added after the activation": np.asarray(dense.activation(x @ kernel)) + bias,
    }


def _which_weight(shapes: list[tuple], wanted: list[tuple]) -> str:
    kernel, bias = wanted
    if not shapes:
        return "weights come from self.add_weight(shape=..., name=...), not from NumPy arrays"
    if (1, *bias) in shapes:
        return "the bias has one axis too many: shape=(self.units,)"
    if () in shapes or (1,) in shapes:
        return "each unit has a bias of its own: shape=(self.units,)"
    if kernel[::-1] in shapes:
        return "the kernel is transposed: inputs first, shape=(input_shape[-1], self.units)"
    if shapes == [kernel]:
        return "the bias is missing"
    return "the kernel is (input_shape[-1], self.units), the bias (self.units,)"


@checks.probe("MyDense")
def equals_dense(my_dense: Student, rng: np.random.Generator) -> None:
    """The outputs of keras.layers.Dense with the same weights."""
    x = rng.normal(size=(6, 4)).astype("float32")
    for activation in ("sigmoid", "tanh"):
        layer = _built(my_dense, x, 3, activation, "random_normal")
        kernel, bias = _kernel_and_bias(fill_weights(layer, rng, 15), (4, 3))
        outputs = _outputs_of_dense(x, kernel, bias, activation)
        true = outputs.pop("")
        expect_close(layer.predict(x), true, f"the output with activation {activation}", outputs, atol=1e-4)


@checks.probe("MyDense")
def starting_values(my_dense: Student, rng: np.random.Generator) -> None:
    """Shapes and starting values of the weights."""
    x = rng.normal(size=(2, 5)).astype("float32")
    layer = _built(my_dense, x, 7, "linear", "zeros")
    expect(
        all(layer.trainable()),
        "Some weights of the layer would not learn.\n  Likely cause: trainable=False keeps a weight as it starts.",
    )
    kernel, bias = _kernel_and_bias(layer.weights(), (5, 7))
    expect_close(bias, np.zeros(7), "the bias at the start (bias_initializer is 'zeros')", {
        "bias_initializer is ignored, and all biases are 1: pass initializer=self.bias_initializer": np.ones(7),
        "the bias takes Keras' random default: pass initializer=self.bias_initializer": (
            bias if np.ptp(bias) > 0 else np.nan
        ),
    })  # fmt: skip
    expect(
        float(np.std(kernel)) > 1e-6,
        "All weights of the kernel start at the same value, so all units would stay equal for ever."
        "\n  Likely cause: an initializer of zeros or ones; leave it out, and Keras draws random values.",
    )
    layer = _built(my_dense, x, 4, "tanh", "ones")
    _, bias = _kernel_and_bias(layer.weights(), (5, 4))
    expect_close(bias, np.ones(4), "the bias at the start (bias_initializer is 'ones')", {
        "bias_initializer is ignored: pass initializer=self.bias_initializer": bias,
    })  # fmt: skip
    kernel, bias = _kernel_and_bias(fill_weights(layer, rng, 24), (5, 4))
    expect_one_of(layer.predict(x), _outputs_of_dense(x, kernel, bias, "tanh").values(), atol=1e-4)


ALIKE = 4, 4, 4  # sizes with which a mistake in W or b is judged by its values, each on its own
DIFFERENT = 2, 5, 3


def _two_layers(rng: np.random.Generator, d: int, h: int, k: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Weights of two layers without activation, and what Keras answers to the unit vectors and to zero."""
    import keras

    network = keras.Sequential(
        [keras.Input((d,)), keras.layers.Dense(h, dtype="float64"), keras.layers.Dense(k, dtype="float64")]
    )
    weights = [rng.normal(size=shape) for shape in ((d, h), (h,), (h, k), (k,))]
    network.set_weights(weights)
    constant = np.asarray(network(np.zeros((1, d))))[0]
    return weights, np.asarray(network(np.eye(d))) - constant, constant


@checks.probe("collapse")
def one_matrix(collapse: Student, rng: np.random.Generator) -> None:
    """The matrix W."""
    (w1, b1, w2, b2), true, bias = _two_layers(rng, *ALIKE)
    w, b = expect_items(collapse([(w1, b1), (w2, b2)]), ("W", "b"), ((4, 4), (4,)))
    expect_close(
        w,
        true,
        "W",
        {
            "the order is reversed: the data meet w1 first": w2 @ w1,
            "the product is elementwise: w1 @ w2 is the matrix product": w1 * w2,
            "the matrices were added: one layer after the other is a product": w1 + w2,
            "a transpose is too many: w1 @ w2": w1 @ w2.T,
            "a transpose is too many, w1 @ w2": w1.T @ w2,
            "this is the first layer's matrix alone": w1,
            "there is no activation between the two layers": lambda: _like(
                w, special.expit(w1) @ w2, np.maximum(w1, 0) @ w2, np.tanh(w1) @ w2
            ),
            "the biases do not belong into W": lambda: _like(w, true + b1, true + b2, true + b1 @ w2 + b2),
            "this is the second layer's matrix alone": w2,
        },
    )
    if np.shape(b) != bias.shape or not np.allclose(b, bias):
        return  # with unlike sizes it may well stop, and the check of the bias says why
    weights, true, _ = _two_layers(rng, *DIFFERENT)
    expect_close(
        expect_items(collapse([weights[:2], weights[2:]]), ("W", "b"), ((2, 3), (3,)))[0],
        true,
        "W of layers of unlike sizes",
    )


@checks.probe("collapse")
def one_bias(collapse: Student, rng: np.random.Generator) -> None:
    """The bias b."""
    (w1, b1, w2, b2), _, true = _two_layers(rng, *ALIKE)
    _, b = expect_items(collapse([(w1, b1), (w2, b2)]), ("W", "b"), ((4, 4), (4,)))
    expect_close(
        b,
        true,
        "b",
        {
            "the first bias is missing: it also passes through the second layer, b1 @ w2": b2,
            "the second bias is missing": b1 @ w2,
            "b2 went through the second layer as well: it is added behind it": (b1 + b2) @ w2,
            "b1 went through the first layer: it is added behind it, and passes through the second": b1 @ w1 + b2,
            "the product is elementwise: b1 @ w2": b1 * b2,
            "both biases passed through both layers": b1 @ w1 @ w2 + b2 @ w2,
            "b2 is added, not subtracted": b1 @ w2 - b2,
            "b2 is added, it does not multiply": (b1 @ w2) * b2,
            "b1 meets w2, not the matrix W": (w1 @ w2).sum(axis=0) + b2,
            "each unit has a bias of its own: do not add up b1": b1.sum() + b2,
            "b2 is added once": b1 @ w2 + 2 * b2,
            "b1 and b2 stand one after the other; one bias for each unit of the second layer is asked for": np.r_[
                b1, b2
            ],
            "b1 was only added: it also passes through the second layer, b1 @ w2": b1 + b2,
            "the order is reversed: a row vector stands left of the matrix, b1 @ w2": w2 @ b1 + b2,
        },
    )
    weights, _, true = _two_layers(rng, *DIFFERENT)
    expect_close(
        expect_items(collapse([weights[:2], weights[2:]]), ("W", "b"), ((2, 3), (3,)))[1],
        true,
        "b of layers of unlike sizes",
    )


@drawn_once
def _stack(rng: np.random.Generator) -> tuple:
    """The matrices and biases of four layers, and what one layer in their place has, as Keras computes."""
    import keras

    sizes = (3, 4, 2, 5, 3)
    layers = [(rng.normal(size=pair), rng.normal(size=pair[1])) for pair in pairwise(sizes)]
    network = keras.Sequential(
        [keras.Input((3,)), *(keras.layers.Dense(units, dtype="float64") for units in sizes[1:])]
    )
    network.set_weights([array for layer in layers for array in layer])
    constant = np.asarray(network(np.zeros((1, 3))))[0]
    return layers, (np.asarray(network(np.eye(3))) - constant, constant)


@checks.probe("collapse")
def whole_stack(collapse: Student, rng: np.random.Generator) -> None:
    """A stack of four layers, and of one."""
    layers, true = _stack(rng)
    got = expect_items(collapse(layers), ("W", "b"))
    two, last = _product(layers[:2]), _product(layers[-2:])
    for k, name in enumerate(("W", "b")):
        mistakes = {
            "only the first two layers were joined: go on through the list": two[k],
            "only the last two layers were joined: begin with the first": last[k],
            "this is the first layer alone": layers[0][k],
            "this is the last layer alone": layers[-1][k],
            "the last layer is missing": _product(layers[:-1])[k],
            "the first layer is missing": _product(layers[1:])[k],
        }
        if k:
            mistakes["the biases of the layers between are missing: every one passes through the rest"] = _product(
                [layers[0], *((w, 0 * b) for w, b in layers[1:])]
            )[1]
            mistakes["each bias passes through all later layers, not only through the next one"] = sum(
                (b @ w for (_, b), (w, _) in pairwise(layers) if (b @ w).shape == true[1].shape), layers[-1][1]
            )
        expect_close(got[k], true[k], f"{name} of four layers", mistakes)
    alone = expect_items(collapse(layers[:1]), ("W", "b"))
    for k, name in enumerate(("W", "b")):
        expect_close(alone[k], layers[0][k], f"{name} of a stack of one layer")


def _product(layers: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    w, b = layers[0]
    for next_w, next_b in layers[1:]:
        w, b = w @ next_w, b @ next_w + next_b
    return w, b


# -- data -----------------------------------------------------------------------------------------------------------


def _trained(x: np.ndarray, y: np.ndarray, rate: float, seed: int, epochs: int = 30, batch: int = 32) -> np.ndarray:
    """[w0, w1, ...] of a neuron after mini-batch descent, in the order of samples that the lab's `train` draws."""
    rng, ones = np.random.default_rng(seed), np.column_stack([np.ones(len(x)), x])
    v = np.zeros(ones.shape[1])
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for start in range(0, len(y), batch):
            rows = order[start : start + batch]
            v = v - rate * ones[rows].T @ (special.expit(ones[rows] @ v) - y[rows]) / len(rows)
    return v


def _cross_entropy(x: np.ndarray, y: np.ndarray, v: np.ndarray) -> float:
    z = x @ v[1:] + v[0]
    return float(np.mean(np.logaddexp(0, z) - y * z))


def _rates_to_choose(rng: np.random.Generator) -> tuple[tuple, tuple, list[float], np.ndarray]:
    """Two sets, rates, and the weights for each rate: validation loss, training loss and accuracies favour others."""
    while True:
        direction = rng.normal(size=16) / 2
        x = rng.normal(size=(220, 16))
        y = (rng.random(220) < special.expit(x @ direction)).astype(float)
        training, validation = (x[:60], y[:60]), (x[60:], y[60:])
        rates = [float(rate) for rate in rng.permutation([0.002, 0.06, 1.0, 12.0]) * rng.uniform(0.8, 1.25)]
        weights = np.array([_trained(*training, rate, 0) for rate in rates])
        held = np.array([_cross_entropy(*validation, v) for v in weights])
        learnt = [_cross_entropy(*training, v) for v in weights]
        hits = [np.mean((validation[0] @ v[1:] + v[0] > 0) == validation[1]) for v in weights]
        best, second = np.sort(held)[:2]
        clear = second > 1.1 * best and len({int(np.argmin(held)), int(np.argmin(learnt)), int(np.argmax(hits))}) == 3
        if clear and np.argmin(held) != np.argmax(held):
            return training, validation, rates, weights


_SETS = ("training", "validation", "test")


def _three(three_sets: Student, x: np.ndarray, y: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The student's three sets as pairs of arrays."""
    got = three_sets(x, y, seed)
    if isinstance(got, list) and len(got) == 6:
        raise CheckFailed("Return three pairs, (x, y), (x, y), (x, y); these are six arrays without inner brackets.")
    pairs = []
    for name, pair in zip(_SETS, expect_items(got, _SETS), strict=True):
        first, second = expect_items(pair, (f"x of the {name} set", "its y"))
        first, second = np.asarray(first), np.asarray(second)
        expect(
            first.ndim == 2 and first.shape[1] == x.shape[1] and second.shape == first.shape[:1],
            f"The {name} set should be a pair x (k, {x.shape[1]}), y (k,); got {first.shape} and {second.shape}."
            + (
                "\n  Likely cause: train_test_split returns both parts of x first, then both parts of y."
                if second.ndim == 2 or first.ndim == 1
                else ""
            ),
        )
        pairs.append((first, second))
    return pairs


def _digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """100 samples, 60 of class 0 first, then 40 of class 1, each with a number that tells it in its first column."""
    x = np.column_stack([np.arange(100.0), rng.normal(size=(100, 3))])
    return x, np.repeat([0.0, 1.0], [60, 40]), np.arange(100)


@checks.probe("three_sets")
def sizes_and_members(three_sets: Student, rng: np.random.Generator) -> None:
    """60, 20 and 20 of 100 samples, each in one set, each with its own label."""
    x, y, _ = _digits(rng)
    sets = _three(three_sets, x, y, int(rng.integers(100)))
    sizes = [len(labels) for _, labels in sets]
    causes = {
        (60, 8, 32): "the rest is split 20 : 80: it is divided into equal halves",
        (60, 32, 8): "the rest is split 80 : 20: it is divided into equal halves",
        (60, 24, 16): "the rest is split 60 : 40: it is divided into equal halves",
        (60, 16, 24): "the rest is split 40 : 60: it is divided into equal halves",
        (60, 30, 10): "the rest, 40 samples, is divided into equal halves",
        (60, 10, 30): "the rest, 40 samples, is divided into equal halves",
        (60, 40, 40): "the rest itself was returned twice: split it once more",
        (20, 20, 60): "the order of the sets: training, validation, test",
        (40, 30, 30): "60 % are for training: train_size=0.6",
        (75, 12, 13): "train_test_split takes 75 % unless train_size says otherwise",
        (60, 30, 30): "train_test_split takes 75 % unless train_size says otherwise",
        (80, 10, 10): "60 % are for training: train_size=0.6",
        (64, 16, 20): "20 % of 80 % is 16 %: split off 25 % of the second part, or begin with 60 : 40",
        (60, 20, 40): "the validation images are still in the test set: take them out",
        (60, 40, 20): "the test images are still in the validation set: take them out",
        (100, 20, 20): "the validation and test images are still in the training set",
    }
    close = np.abs(np.array(sizes) - (60, 20, 20)).max() <= 2
    cause = causes.get(tuple(sizes))
    expect(
        close,
        f"Of 100 samples 60, 20 and 20 should be in the sets; yours have {sizes[0]}, {sizes[1]} and {sizes[2]}."
        + (f"\n  Likely cause: {cause}." if cause else ""),
    )
    numbers = [features[:, 0].round().astype(int).tolist() for features, _ in sets]
    for one, other in combinations(range(3), 2):
        both = set(numbers[one]) & set(numbers[other])
        expect(
            not both,
            f"{len(both)} samples stand in the {_SETS[one]} set and in the {_SETS[other]} set."
            "\n  Likely cause: each set is drawn from all samples; cut the rest of the first split instead.",
        )
    for name, (features, labels) in zip(_SETS, sets, strict=True):
        rows = features[:, 0].round().astype(int)
        expect(len(set(rows)) == len(rows), f"A sample stands twice in the {name} set.")
        expect(
            np.array_equal(rows, features[:, 0]) and np.allclose(features, x[rows]),
            f"The {name} set holds pictures that are not among the given ones.",
        )
        expect(
            np.array_equal(labels, y[rows]),
            f"Some labels of the {name} set belong to other samples.\n  Likely cause: x and y are shuffled or cut"
            " differently; split both in one call, or use the same row numbers for both.",
        )


@checks.probe("three_sets")
def equal_shares(three_sets: Student, rng: np.random.Generator) -> None:
    """The same share of both classes in all three sets, for several seeds."""
    x, y, _ = _digits(rng)
    for seed in rng.integers(1000, size=5).tolist():
        shares = [labels.mean() for _, labels in _three(three_sets, x, y, seed)]
        expect(
            bool(np.allclose(shares, 0.4, atol=0.03)),
            f"40 % of the samples are of class 1; in your sets {', '.join(f'{share:.0%}' for share in shares)}."
            "\n  Likely cause: "
            + (
                "the samples are cut in the order of the file: shuffle first."
                if max(shares) == 1 or min(shares) == 0
                else "the second split is not stratified: stratify=y_rest."
                if abs(shares[0] - 0.4) < 0.01
                else "nothing keeps the shares equal: stratify=y in the first split, stratify=y_rest in the second."
            ),
        )


@checks.probe("three_sets")
def by_the_seed(three_sets: Student, rng: np.random.Generator) -> None:
    """The same seed gives the same sets, another seed others."""
    x, y, _ = _digits(rng)
    seed = int(rng.integers(1000))
    first, again, other = (_three(three_sets, x, y, k) for k in (seed, seed, seed + 1))
    members = [[np.sort(features[:, 0]) for features, _ in sets] for sets in (first, again, other)]
    expect(
        all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True)),
        "Two calls with the same seed give different sets.\n  Likely cause: random_state=seed is missing.",
    )
    fixed = "the seed is not used, or a fixed number stands in its place"
    expect(
        not np.array_equal(members[0][0], members[2][0]),
        f"Another seed gives the same training set.\n  Likely cause: {fixed}.",
    )


@checks.probe("choose_rate")
def losses_on_validation(choose_rate: Student, rng: np.random.Generator) -> None:
    """The cross-entropies on the validation set."""
    training, validation, rates, weights = _rates_to_choose(rng)
    _, losses = expect_items(choose_rate(training, validation, rates), ("the rate", "the cross-entropies"))
    right = np.array([_cross_entropy(*validation, v) for v in weights])
    got = np.asarray(losses, float) if np.shape(losses) == (4,) else np.full(4, np.nan)
    orders = [[_cross_entropy(*validation, _trained(*training, rate, k)) for rate in rates] for k in range(1, 7)]
    spread = np.ptp(np.array([right, *orders]), axis=0)
    if np.all(np.abs(got - right) <= 2 * spread + 1e-3 * right):  # another shuffling is as good
        return
    x, y = validation

    def of(**settings: Any) -> list[float]:
        return [_cross_entropy(x, y, _trained(*training, rate, 0, **settings)) for rate in rates]

    expect_close(
        losses,
        right,
        "the cross-entropies",
        {
            "these are those on the training set: a neuron is judged on data it has not seen": [
                _cross_entropy(*training, v) for v in weights
            ],
            "these are accuracies: return the cross-entropies": [np.mean((x @ v[1:] + v[0] > 0) == y) for v in weights],
            "these are shares of mistakes: return the cross-entropies": [
                np.mean((x @ v[1:] + v[0] > 0) != y) for v in weights
            ],
            "the neurons were trained on the validation set": [
                _cross_entropy(x, y, _trained(x, y, rate, 0)) for rate in rates
            ],
            "w0 is missing in z": [_cross_entropy(x, y, np.r_[0, v[1:]]) for v in weights],
            "the first entry of each row is w0: z is x @ weights[1:] + weights[0]": [
                _cross_entropy(x, y, np.r_[v[-1], v[:-1]]) for v in weights
            ],
            "the sigmoid is applied twice: binary_cross_entropy takes the sums z": [
                float(np.mean(np.logaddexp(0, p) - y * p)) for p in (special.expit(x @ v[1:] + v[0]) for v in weights)
            ],
            "these are the losses at the start, all log 2: take the last row of the path": np.full(4, np.log(2)),
            "30 epochs are asked for, not one": of(epochs=1),
            "batches of 32 are asked for, not whole batches": of(batch=60),
            "batches of 32 are asked for, not single samples": of(batch=1),
            "every loss is that of one rate: train a neuron anew for each": lambda: _like(
                got, *(np.full(4, loss) for loss in right)
            ),
            "they stand in another order than the rates": lambda: got if _same_numbers(got, right) else np.nan,
        },
        rtol=1e-3,
    )


def _same_numbers(got: np.ndarray, right: np.ndarray) -> bool:
    return got.shape == right.shape and np.allclose(np.sort(got), np.sort(right), rtol=1e-3)


@checks.probe("choose_rate")
def the_best_rate(choose_rate: Student, rng: np.random.Generator) -> None:
    """The rate that is kept."""
    training, validation, rates, weights = _rates_to_choose(rng)
    rate, _ = expect_items(choose_rate(training, validation, rates), ("the rate", "the cross-entropies"))
    held = np.array([_cross_entropy(*validation, v) for v in weights])
    x, y = validation
    expect_close(
        rate,
        rates[np.argmin(held)],
        "the rate",
        {
            "this is the place of the rate in the list: return the rate itself": np.argmin(held),
            "this is the lowest cross-entropy: return the rate that has it": held.min(),
            "this rate has the lowest loss on the training set: choose by the validation set": rates[
                int(np.argmin([_cross_entropy(*training, v) for v in weights]))
            ],
            "this rate has the highest accuracy: choose by the cross-entropy": rates[
                int(np.argmax([np.mean((x @ v[1:] + v[0] > 0) == y) for v in weights]))
            ],
            "this rate has the highest loss: choose the lowest": rates[np.argmax(held)],
            "this is always the last rate": rates[-1],
            "this is always the first rate": rates[0],
        },
    )


@checks.probe("shift_right")
def moved_pixels(shift_right: Student, rng: np.random.Generator) -> None:
    """Random pictures."""
    x = rng.uniform(0.1, 1, size=(5, 64))
    pictures = x.reshape(5, 8, 8)
    empty = np.zeros((5, 8, 1))
    right = np.concatenate([empty, pictures[..., :-1]], axis=2)
    rows_empty = np.zeros((5, 1, 8))
    ways = {
        "the last column comes in again on the left: np.roll does that; set the first column to 0": np.roll(
            pictures, 1, axis=2
        ),
        "the pixels were moved along the row of 64, so each row's last pixel enters the next row: reshape to 8 x 8": (
            np.concatenate([np.zeros((5, 1)), x[:, :-1]], axis=1)
        ),
        "the pixels were moved along the row of 64, and the last came in again: reshape to 8 x 8": np.roll(
            x, 1, axis=1
        ),
        "the pictures were moved to the left": np.concatenate([pictures[..., 1:], empty], axis=2),
        "the pictures were moved down: the columns are the last axis": np.concatenate(
            [rows_empty, pictures[:, :-1]], axis=1
        ),
        "the pictures were moved up: the columns are the last axis": np.concatenate(
            [pictures[:, 1:], rows_empty], axis=1
        ),
        "the pictures themselves were exchanged: the columns are the last axis": np.roll(pictures, 1, axis=0),
        "the pictures were moved down, and the last row came in again: the columns are the last axis": np.roll(
            pictures, 1, axis=1
        ),
        "the pictures were moved by two pixels": np.concatenate([empty, empty, pictures[..., :-2]], axis=2),
        "the first column keeps its old pixels: it becomes 0": np.concatenate(
            [pictures[..., :1], pictures[..., :-1]], axis=2
        ),
        "the columns are reversed: this is a mirror image": pictures[..., ::-1],
        "nothing moved": pictures,
        "every column became the first one: an array was changed while it was read; copy it first": np.repeat(
            pictures[..., :1], 8, axis=2
        ),
    }
    mistakes = {cause: value.reshape(5, 64) for cause, value in ways.items()}
    mistakes["return (n, 64) again: reshape(-1, 64)"] = right
    mistakes["the last column was kept in a ninth one: cut the pictures back to 8 columns"] = np.concatenate(
        [empty, pictures], axis=2
    ).reshape(5, 72)
    expect_close(shift_right(x), right.reshape(5, 64), "the pictures", mistakes)


@checks.probe("shift_right")
def one_bright_pixel(shift_right: Student, rng: np.random.Generator) -> None:
    """A single bright pixel, also in the last column."""
    row, column = (int(n) for n in rng.integers(1, 7, size=2))
    x = np.zeros((2, 8, 8))
    x[0, row, column] = x[1, row, 7] = 1
    right = np.zeros((2, 8, 8))
    right[0, row, column + 1] = 1
    expect_close(
        shift_right(x.reshape(2, 64)),
        right.reshape(2, 64),
        "pixels in the middle and in the last column",
        {"what leaves on the right comes in again on the left: it should be lost": np.roll(x, 1, 2).reshape(2, 64)},
    )
