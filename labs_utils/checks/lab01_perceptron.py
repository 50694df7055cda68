"""Checks of lab 01: one neuron, its loss and gradient, two ways to teach it, a dense layer."""

import numpy as np
from scipy import special

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    arranged,
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
        },
    )


@checks.probe("sigmoid")
def extreme_values(sigmoid: Student, rng: np.random.Generator) -> None:
    """Values as large as ±1000."""
    z = np.array([-rng.uniform(800, 1500), rng.normal(), rng.uniform(800, 1500)])
    middle = special.expit(z[1])
    expect_close(
        sigmoid(z),
        [0, middle, 1],
        f"sigmoid([{z[0]:.0f}, {z[1]:.2f}, {z[2]:.0f}])",
        {
            "exp(1000) overflows to inf, and inf / inf is nan: use the form with exp(-z)": [0, middle, np.nan],
            "exp(1000) overflows to inf, and inf / inf is nan: see hint 3": [np.nan, middle, 1],
        },
    )


def _derivatives(z: np.ndarray, a: float) -> list[np.ndarray]:
    import tensorflow as tf

    variable = tf.Variable(z)
    found = []
    for g in (tf.sigmoid, tf.tanh, tf.nn.relu, lambda z: tf.nn.leaky_relu(z, a)):
        with tf.GradientTape() as tape:
            value = g(variable)
        found.append(tape.gradient(value, variable).numpy())
    return found


_FOUR = ("the derivatives of sigmoid", "of tanh", "of ReLU", "of leaky ReLU")


@checks.probe("activation_derivatives")
def smooth_ones(activation_derivatives: Student, rng: np.random.Generator) -> None:
    """Sigmoid and tanh against automatic differentiation."""
    z, a = rng.normal(scale=2, size=(3, 4)), 0.1
    s, t = special.expit(z), np.tanh(z)
    got = expect_items(activation_derivatives(z, a), _FOUR)
    true = _derivatives(z, a)
    expect_close(
        got[0],
        true[0],
        "the derivative of sigmoid",
        {
            "this is sigmoid itself, not its derivative": s,
            "z stands where g(z) belongs: the derivative is g(z) (1 - g(z))": z * (1 - z),
            "this is the derivative of tanh: the order is sigmoid, tanh, ReLU, leaky ReLU": true[1],
            "this is 1 - g^2, which belongs to tanh": 1 - s**2,
        },
    )
    expect_close(
        got[1],
        true[1],
        "the derivative of tanh",
        {
            "g (1 - g) belongs to sigmoid (the slide has this slip): tanh has 1 - g^2": t * (1 - t),
            "this is tanh itself, not its derivative": t,
            "this is 1 - g: the square is missing": 1 - t,
        },
    )


@checks.probe("activation_derivatives")
def kinked_ones(activation_derivatives: Student, rng: np.random.Generator) -> None:
    """ReLU and leaky ReLU against automatic differentiation."""
    z, a = rng.normal(scale=2, size=(3, 4)), rng.uniform(0.05, 0.3)
    got = expect_items(activation_derivatives(z, a), _FOUR)
    true = _derivatives(z, a)
    expect_close(
        got[2],
        true[2],
        "the derivative of ReLU",
        {
            "this is ReLU itself, not its derivative": np.maximum(0, z),
            "the two sides are swapped: the slope is 1 where z > 0": np.where(z > 0, 0, 1),
        },
    )
    expect_close(
        got[3],
        true[3],
        "the derivative of leaky ReLU",
        {
            "this is leaky ReLU itself, not its derivative": np.where(z > 0, z, a * z),
            "where z <= 0 the slope is a, not a z": np.where(z > 0, 1, a * z),
            "the slope a of the negative side is missing": np.where(z > 0, 1, 0),
            "the slope of the negative side is the argument a, not a fixed number": lambda: np.where(
                z > 0, 1, got[3].min()
            ),
        },
    )


# -- one neuron, its loss and gradient --------------------------------------------------------------------------------


@checks.probe("perceptron")
def against_keras(perceptron: Student, rng: np.random.Generator) -> None:
    """A batch of inputs."""
    import keras

    x, w, w0 = rng.normal(size=(6, 4)), rng.normal(size=4), float(rng.uniform(1, 2))
    layer = keras.layers.Dense(1, "sigmoid", dtype="float64")
    layer.build(x.shape)
    layer.set_weights([w[:, None], np.array([w0])])
    expect_close(
        perceptron(x, w, w0),
        np.asarray(layer(x))[:, 0],
        "the output",
        {
            "the bias w0 is missing": special.expit(x @ w),
            "the activation is missing: this is z, not g(z)": x @ w + w0,
            "this is a hard threshold: the activation asked for is the sigmoid": (x @ w + w0 > 0).astype(float),
            "the bias was added after the activation": special.expit(x @ w) + w0,
            "the bias is subtracted": special.expit(x @ w - w0),
            "the bias multiplies the sum instead of being added": special.expit(x @ w * w0),
            "the products x w were not summed over the inputs: use x @ w": special.expit(x * w + w0),
            "the sum runs over all samples: keep one value for each row of x": special.expit(np.sum(x * w) + w0),
        },
    )


@checks.probe("binary_cross_entropy")
def mean_loss(binary_cross_entropy: Student, rng: np.random.Generator) -> None:
    """The mean over a data set."""
    from sklearn.metrics import log_loss

    y = rng.permutation([0.0, 1.0] * 4 + [1.0])
    p = rng.uniform(0.05, 0.95, size=9)
    right = log_loss(y, p)
    expect_close(
        binary_cross_entropy(y, p),
        right,
        "the empirical risk",
        {
            "the minus sign is missing: a loss is not negative": -right,
            "you summed over the samples: take the mean": right * 9,
            "you summed over the samples and the minus sign is missing": -right * 9,
            "the mean is missing: return one number for the whole data set": -(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "the term for y = 0, (1 - y) log(1 - y_hat), is missing": -np.mean(y * np.log(p)),
            "the term for y = 1, y log(y_hat), is missing": -np.mean((1 - y) * np.log(1 - p)),
            "this is the logarithm to base 10: np.log is the natural one": right / np.log(10),
            "this is the logarithm to base 2: np.log is the natural one": right / np.log(2),
            "this is the mean squared error": np.mean((y - p) ** 2),
            "y and y_hat are swapped: the logarithm is of y_hat": _swapped_loss(y, p),
            "brackets are missing: the minus sign and the mean concern both terms": -np.mean(y * np.log(p))
            + np.mean((1 - y) * np.log(1 - p)),
        },
    )


def _swapped_loss(y: np.ndarray, p: np.ndarray) -> float:
    y = np.clip(y, 1e-7, 1 - 1e-7)
    return -np.mean(p * np.log(y) + (1 - p) * np.log(1 - y))


@checks.probe("binary_cross_entropy")
def certain_predictions(binary_cross_entropy: Student, rng: np.random.Generator) -> None:
    """Predictions of exactly 0 and 1."""
    y = rng.permutation([0.0, 1, *rng.integers(0, 2, rng.integers(1, 4))])
    doubt = rng.uniform(0.2, 0.8)  # one more sample, of label 1, so that the loss is not 0
    right = binary_cross_entropy(np.append(y, 1.0), np.append(y, doubt))
    log_of_zero = "log(0) is -inf, and 0 times -inf is nan: clip y_hat to [1e-7, 1 - 1e-7] before the logarithm"
    expect_close(
        right,
        -np.log(doubt) / (len(y) + 1),
        f"the loss of {len(y)} right and certain answers and one that is less certain",
        {log_of_zero: np.nan},
        atol=1e-3,
    )
    wrong = binary_cross_entropy(y, 1 - y)
    expect(bool(np.all(np.isfinite(wrong))), f"Wrong and certain answers cost {wrong}.\n  Likely cause: {log_of_zero}.")
    expect(
        10 < np.mean(wrong) < 40,
        f"Wrong and certain answers should cost about 16, got {np.mean(wrong):.4g}."
        "\n  Likely cause: clip to 1e-7; a coarser bound makes the worst mistakes cheap.",
    )


checks.choice(
    "why_cross_entropy",
    answer="b",
    because={
        "a": "the size of a loss says nothing about its slope. Look at the formula: which factor is tiny here?",
        "c": "the neuron is far from the minimum; the slope is small there for another reason.",
    },
)


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
    dw, _ = expect_items(gradient(x, y, w, w0), ("dw", "dw0"))
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
            "the mean runs over the inputs: sum over the samples with x.T @ error": lambda: (p - y).mean() * x.mean(0),
        },
    )


@checks.probe("gradient")
def bias_part(gradient: Student, rng: np.random.Generator) -> None:
    """The gradient with respect to w0, against automatic differentiation."""
    x, y = _some_data(rng, 12, 3)
    w, w0 = rng.normal(size=3), rng.normal()
    _, dw0 = expect_items(gradient(x, y, w, w0), ("dw", "dw0"))
    _, true = _risk_gradient(x, y, w, w0)
    error = special.expit(x @ w + w0) - y
    expect_close(
        dw0,
        true,
        "the gradient with respect to w0",
        {
            "you summed over the samples: take the mean": true * len(y),
            "the sign is flipped: the error is y_hat - y": -true,
            "the mean is missing: return one number for w0": error,
            "this is the gradient multiplied by w0": true * w0,
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
                " tf.linalg.matvec(x, w). (Your `perceptron` is NumPy: the tape would not see it.)"
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
    losses = np.ravel(losses)
    expect(len(losses) > 0, "The list of losses is empty: append float(loss) in every round.")
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
            "two updates were made where max_steps is 1": lambda: _after(x, y, rate, 2)[0],
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
    expect_close(losses[0], np.log(2), "the first loss (all weights zero)", rtol=1e-3)


def _after(x: np.ndarray, y: np.ndarray, rate: float, steps: int) -> tuple[np.ndarray, float]:
    w, w0 = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        dw, dw0 = _risk_gradient(x, y, w, w0)
        w, w0 = w - rate * dw, w0 - rate * dw0
    return w, w0


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
    from sklearn.linear_model import LogisticRegression

    tolerance, most = 5e-3, 120
    # away from the origin, w0 converges last: a criterion that looks only at dw stops too early
    x, y = _data_for_descent(rng, 1.0, tolerance, most)
    w, w0, losses = _descend(gradient_descent, x, y, 1.0, tolerance, most)
    dw, dw0 = _risk_gradient(x, y, w, w0)
    norm = float(np.hypot(np.linalg.norm(dw), dw0))
    expect(
        norm < 1.02 * tolerance,
        f"The loop stopped after {len(losses)} steps where the norm of the gradient is still {norm:.2g}; tolerance was"
        f" {tolerance:g}.\n  Likely cause: {_why_early(losses, tolerance, most, dw)}.",
    )
    best = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(x, y)
    expect_close(w, best.coef_[0], "w at the minimum", rtol=0, atol=0.3)
    expect_close(w0, best.intercept_[0], "w0 at the minimum", rtol=0, atol=0.5)


def _why_early(losses: np.ndarray, tolerance: float, most: int, dw: np.ndarray) -> str:
    if len(losses) <= 2:
        return "`break` or `return` stands outside its `if`, so the loop ends in its first round"
    if len(losses) >= most:
        return "the steps do not lead to the minimum; see the check of a single update"
    if np.linalg.norm(dw) < 1.02 * tolerance:
        return "the criterion looks only at dw: the norm covers w and w0 together"
    if abs(losses[-1] - losses[-2]) < tolerance:
        return "the criterion looks at the change of the loss, or only at dw: the norm covers w and w0 together"
    return "the criterion is the norm of the whole gradient, w and w0 together, compared with tolerance"


@checks.probe("gradient_descent")
def stops_in_time(gradient_descent: Student, rng: np.random.Generator) -> None:
    """The criterion of convergence."""
    x, y = _data_for_descent(rng, 0.0, 3e-2, 60)
    *_, few = _descend(gradient_descent, x, y, 0.02, 1e-2, 5)
    expect(
        len(few) <= 6,
        f"With max_steps = 5 the loop made {len(few)} rounds.\n  Likely cause: nothing looks at max_steps.",
    )
    *_, losses = _descend(gradient_descent, x, y, 1.0, 3e-2, 60)
    expect(
        len(losses) < 60,
        "The loop ran all 60 steps, although the gradient was below tolerance long before."
        "\n  Likely cause: nothing looks at tolerance; leave the loop when the norm of the gradient is below it.",
    )
    expect(
        len(losses) > 2 and bool(np.all(np.diff(losses) < 1e-4)),
        "The losses should fall from step to step, one entry for each."
        "\n  Likely cause: something else than the loss before each update is appended.",
    )


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


@checks.probe("rosenblatt_epoch")
def one_epoch(rosenblatt_epoch: Student, rng: np.random.Generator) -> None:
    """One epoch on 20 samples."""
    x, y = _some_data(rng, 16, 3)
    w, w0 = rng.normal(size=3), float(rng.normal())
    true_w, true_w0, true_mistakes = _rosenblatt(x, y, w, w0)
    got_w, got_w0, mistakes = expect_items(rosenblatt_epoch(x, y, w, w0), ("w", "w0", "mistakes"))

    at_once = y - (x @ w + w0 > 0)
    soft_w, soft_w0 = w, w0
    for xi, yi in zip(x, y, strict=True):
        error = yi - special.expit(xi @ soft_w + soft_w0)
        soft_w, soft_w0 = soft_w + error * xi, soft_w0 + error
    fixed_w = w
    for xi, yi in zip(x, y, strict=True):
        fixed_w = fixed_w + (yi - (xi @ fixed_w + w0 > 0)) * xi
    no_bias_w, no_bias = w, w0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ no_bias_w > 0)
        no_bias_w, no_bias = no_bias_w + error * xi, no_bias + error
    late_w, late_w0, late = w, w0, 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ late_w + late_w0 > 0)
        late_w, late_w0 = late_w + error * xi, late_w0 + error
        late += int((xi @ late_w + late_w0 > 0) != yi)
    away_w, away_w0 = w, w0
    for xi, yi in zip(x, y, strict=True):
        error = (xi @ away_w + away_w0 > 0) - yi
        away_w, away_w0 = away_w + error * xi, away_w0 + error
    expect_close(
        got_w,
        true_w,
        "w after one epoch",
        {
            "nothing was corrected": w,
            "all samples were judged with the first weights: judge each with what the previous one has left": w
            + at_once @ x,
            "the sigmoid was used: Rosenblatt's prediction is 1 if z > 0, else 0": soft_w,
            "w0 was not corrected along the way: it is a weight like the others": fixed_w,
            "the bias w0 is missing in z": no_bias_w,
            "the correction goes the wrong way: it is (y - y_hat) x": away_w,
        },
    )
    expect_close(got_w0, true_w0, "w0 after one epoch", {"w0 was not corrected": w0})
    expect_close(
        mistakes,
        true_mistakes,
        "the number of mistakes",
        {
            "errors of +1 and -1 were added up and cancel: count the samples whose error is not 0": true_w0 - w0,
            "you counted after the correction: compare the prediction that was made before it": late,
            "you counted the right answers": len(y) - true_mistakes,
            "you counted the samples": len(y),
        },
    )


@checks.probe("rosenblatt_epoch")
def converges(rosenblatt_epoch: Student, rng: np.random.Generator) -> None:
    """Separable data, epoch after epoch from zero weights."""
    direction = rng.normal(size=2)
    x = rng.normal(size=(40, 2))
    z = x @ direction / np.linalg.norm(direction) + 0.3
    x, y = x[np.abs(z) > 0.3], (z[np.abs(z) > 0.3] > 0).astype(float)
    first = int(y[0] == 0)  # z = 0 counts as 0: the very first sample is then right if its class is 0
    w, w0, mistakes = expect_items(rosenblatt_epoch(x[:1], y[:1], np.zeros(2), 0.0), ("w", "w0", "mistakes"))
    expect_close(
        mistakes,
        1 - first,
        "mistakes on one sample from zero weights",
        {"at z = 0 the prediction is 0: compare with z > 0, not z >= 0": first},
    )
    w, w0 = np.zeros(2), 0.0
    for _ in range(200):
        w, w0, mistakes = expect_items(rosenblatt_epoch(x, y, w, w0), ("w", "w0", "mistakes"))
        if mistakes == 0:
            break
    expect(mistakes == 0, "Separable data still give mistakes after 200 epochs, where the theorem promises an end.")
    wrong = int(np.sum((x @ np.asarray(w) + w0 > 0) != y))
    expect(
        wrong == 0,
        f"Your epoch reports no mistakes, but its weights get {wrong} of {len(y)} samples wrong."
        "\n  Likely cause: the count is reset inside the loop, or counts something else.",
    )


checks.choice(
    "xor_forever",
    answer="b",
    because={
        "a": "the theorem holds for data that a line separates, and no line separates XOR.",
        "c": "that is what gradient descent does. Rosenblatt's corrections keep their size: each is a whole x.",
    },
)


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
    kernel, bias = _kernel_and_bias(layer.weights(), (5, 7))
    expect_close(bias, np.zeros(7), "the bias at the start (bias_initializer is 'zeros')", {
        "the bias takes Keras' random default: pass initializer=self.bias_initializer": bias,
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


def _two_layers(rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Weights of two layers without activation, and what Keras answers to the unit vectors and to zero."""
    import keras

    d = h = k = 4  # all alike, so that a mistake in W or b is judged by its values, each on its own
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
    (w1, b1, w2, b2), true, _ = _two_layers(rng)
    w, _ = expect_items(collapse(w1, b1, w2, b2), ("W", "b"))
    expect_close(
        w,
        true,
        "W",
        {
            "the order is reversed: the data meet w1 first": w2 @ w1,
        },
    )


@checks.probe("collapse")
def one_bias(collapse: Student, rng: np.random.Generator) -> None:
    """The bias b."""
    (w1, b1, w2, b2), _, true = _two_layers(rng)
    _, b = expect_items(collapse(w1, b1, w2, b2), ("W", "b"))
    expect_close(
        b,
        true,
        "b",
        {
            "the first bias is missing: it also passes through the second layer, b1 @ w2": b2,
            "the second bias is missing": b1 @ w2,
            "b1 was only added: it also passes through the second layer, b1 @ w2": b1 + b2,
            "the order is reversed: a row vector stands left of the matrix, b1 @ w2": w2 @ b1 + b2,
        },
    )


# -- data -----------------------------------------------------------------------------------------------------------

checks.choice(
    "which_set",
    answer="c",
    because={
        "a": "the best of 50 scores is partly luck; then the test set no longer tells what new data will give.",
        "b": "the training accuracy rewards learning by heart, whatever happens on other data.",
    },
)
