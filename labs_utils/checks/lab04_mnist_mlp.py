"""Checks of lab 04: preprocessing, softmax, a network, its mistakes and confidence, HOG, ensembles, own digits."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage, special
from scipy.stats import binned_statistic

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    drawn_once,
    expect,
    expect_close,
    expect_fresh,
    expect_items,
    expect_model,
    expect_one_of,
    fill_weights,
)
from labs_utils.exercises.student import Student, StudentError

checks = Checks("04_mnist_mlp")


# -- preprocessing and loss -------------------------------------------------------------------------------------------


@checks.probe("preprocess")
def statistics_of_the_training_set(preprocess: Student, rng: np.random.Generator) -> None:
    """Two sets with different statistics."""
    from sklearn.preprocessing import StandardScaler

    # spreads on both sides of 1: nothing below it may be taken for a constant pixel
    x, other = rng.normal(3, [0.3, 2, 5], (8, 3)), rng.normal(4, [2.0, 0.5, 3], (5, 3))
    scaler = StandardScaler().fit(x)
    got = expect_items(preprocess(x, other), ("the training set", "the other set"), (x.shape, other.shape))
    mean, spread = x.mean(axis=0), x.std(axis=0)
    both = np.concatenate([x, other])
    expect_close(
        got[0],
        scaler.transform(x),
        "the training set",
        {
            "one mean over all pixels: use axis=0, a mean for each pixel": lambda: (x - x.mean()) / x.std(),
            "axis=1 averages over the pixels of one image: use axis=0": lambda: (
                (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
            ),
            "a spread below 1 was replaced by 1: only a spread of exactly 0 is": (x - mean) / np.maximum(spread, 1),
            "brackets are missing: subtract the mean first, then divide the difference": x - mean / spread,
            "subtract the mean before you divide": x / spread - mean,
            "1 was added to the spread: replace it only where it is 0": (x - mean) / (spread + 1),
            "you divided by the mean: use the standard deviation": (x - mean) / mean,
            "pixels were divided by 255: use mean and standard deviation": x / 255,
            "pixels were divided by 16: use mean and standard deviation": x / 16,
            "you divided by the variance: use the standard deviation": (x - mean) / spread**2,
            "you divided by n - 1 in the variance (ddof=1): use x.std(axis=0)": (x - mean) / x.std(axis=0, ddof=1),
            "the statistics are those of both sets together: use the training set alone": (x - both.mean(0))
            / both.std(0),
            "the mean is subtracted but the division by the standard deviation is missing": x - mean,
            "the mean was not subtracted": x / spread,
            "this scales to the range 0 to 1: use mean and standard deviation": (x - x.min(0)) / np.ptp(x, axis=0),
        },
    )
    expect_close(
        got[1],
        scaler.transform(other),
        "the other set",
        {
            "the other set was scaled with its own statistics: use those of the training set": (other - other.mean(0))
            / other.std(0),
            "its own mean was subtracted: use that of the training set": (other - other.mean(0)) / spread,
            "the statistics are those of both sets together: use the training set alone": (other - both.mean(0))
            / both.std(0),
            "the other set was left as it was": other,
        },
    )


@checks.probe("preprocess")
def constant_pixels(preprocess: Student, rng: np.random.Generator) -> None:
    """A pixel that never changes in the training set."""
    x, other = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    x[:, 1] = 2.0
    got = expect_items(preprocess(x, other), ("the training set", "the other set"), (x.shape, other.shape))
    expect(
        bool(np.isfinite(np.asarray(got[0], float)).all()),
        "There are nan or inf in the training set.\n  Likely cause: a pixel with a spread of 0 is divided by 0:"
        " replace that spread by 1.",
    )
    expect(
        np.shape(got[0]) == x.shape and np.shape(got[1]) == other.shape,
        f"The sets should keep their shapes {x.shape} and {other.shape}.\n  Likely cause: the constant pixel was left"
        " out; keep it, divided by 1.",
    )
    expect_close(np.asarray(got[0])[:, 1], np.zeros(6), "the constant pixel in the training set")
    values, right = np.asarray(got[1], float)[:, 1], other[:, 1] - 2

    def blown_up() -> np.ndarray:
        with np.errstate(over="ignore"):
            factor = values / right
        same = bool(np.isfinite(factor).all()) and factor.min() > 10 and np.ptp(factor) < 1e-3 * factor.max()
        return values if same else np.empty(0)

    expect_close(
        values,
        right,
        "that pixel in the other set",
        {
            "it was set to 0 in the other set: divide by 1, so that a change still shows": np.zeros(4),
            "a small number was added to the spread: where the spread is 0, divide by 1 instead": blown_up,
        },
    )


@checks.probe("softmax_cross_entropy")
def mean_loss(softmax_cross_entropy: Student, rng: np.random.Generator) -> None:
    """The mean over a batch."""
    from sklearn.metrics import log_loss

    z, labels = rng.normal(scale=2, size=(6, 4)), rng.permutation([0, 1, 2, 3, 0, 2])
    y, p = np.eye(4)[labels], special.softmax(z, axis=1)
    right = log_loss(labels, p, labels=range(4))
    log_p = np.log(p)
    expect_close(
        softmax_cross_entropy(z, y),
        right,
        "the loss",
        {
            "the minus sign is missing: a loss is not negative": -right,
            "you summed over the samples: take the mean": right * 6,
            "the mean runs over the classes too: sum over the classes, then average over the samples": right / 4,
            "the mean is missing: return one number for the whole batch": -np.sum(y * log_p, axis=1),
            "softmax sums over the samples: the probabilities of one sample add to 1, axis=1": -np.mean(
                np.sum(y * special.log_softmax(z, axis=0), axis=1)
            ),
            "softmax sums over everything: keep one sum for each sample, axis=1, keepdims=True": -np.mean(
                np.sum(y * special.log_softmax(z), axis=1)
            ),
            "the logarithm is missing: this is minus the probability of the right class": -np.mean(np.sum(y * p, 1)),
            "softmax was applied twice": lambda: -np.mean(np.sum(y * special.log_softmax(p, axis=1), axis=1)),
            "the term for the wrong classes, (1 - y) log(1 - p), belongs to the binary cross-entropy": -np.mean(
                np.sum(y * log_p + (1 - y) * np.log1p(-p), axis=1)
            ),
            "this is the loss of the wrong classes: multiply with y, not with 1 - y": -np.mean(
                np.sum((1 - y) * log_p, axis=1)
            ),
            "this is the logarithm to base 10: np.log is the natural one": right / np.log(10),
            "this is the logarithm to base 2: np.log is the natural one": right / np.log(2),
            "this is the squared error of the probabilities; the cross-entropy is asked for": np.mean(
                np.sum((p - y) ** 2, axis=1)
            ),
            "this is the mean squared error of the probabilities": np.mean((p - y) ** 2),
            "the sigmoid stands where softmax belongs: the classes share one sum": lambda: (
                -np.mean(np.sum(y * special.log_expit(z), axis=1))
            ),
            "the largest logit was subtracted twice: log p = (z - m) - log sum exp(z - m)": lambda: (
                -np.mean(np.sum(y * (log_p - z.max(axis=1, keepdims=True)), axis=1))
            ),
            "the largest logit was subtracted inside the sum of exponentials only": lambda: (
                -np.mean(np.sum(y * (log_p + z.max(axis=1, keepdims=True)), axis=1))
            ),
            "the logarithm of the sum is missing: log p = z - log sum exp(z)": lambda: (
                -np.mean(np.sum(y * (z - z.max(axis=1, keepdims=True)), axis=1))
            ),
            "the logarithm is of y: multiply y with the logarithm of p": lambda: (
                -np.mean(np.sum(p * np.log(np.clip(y, 1e-7, 1)), axis=1))
            ),
            "softmax is missing: the largest logit alone is not a normalisation": -np.mean(np.sum(y * z, axis=1)),
        },
    )


@checks.probe("softmax_cross_entropy")
def huge_logits(softmax_cross_entropy: Student, rng: np.random.Generator) -> None:
    """Logits as large as ±1000."""
    z = rng.uniform(0.8, 1, (3, 1)) * np.array([[1000.0, 0, -1000], [0, 500, 0], [-1000, -1000, -2000]])
    z = np.concatenate([z, rng.normal(size=(1, 3))])  # and one sample of ordinary size
    y = np.array([[0.0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]])
    columns = rng.permutation(3)
    z, y = z[:, columns], y[:, columns]
    got = softmax_cross_entropy(z, y)
    expect(
        bool(np.isfinite(np.asarray(got, float)).all()),
        "The loss is nan or inf.\n  Likely cause: exp(1000) overflows, or the logarithm of 0 was taken: subtract the"
        " largest logit of each sample first and use log p = z - log sum exp(z).",
    )
    expect_close(
        got,
        -np.mean(np.sum(y * special.log_softmax(z, axis=1), axis=1)),
        "the loss",
        {
            "a probability of 0 was clipped before the logarithm: use log p = z - log sum exp(z)": lambda: (
                np.asarray(got).item() if np.size(got) == 1 and 1 < np.asarray(got).item() < 30 else np.nan
            ),
        },
    )


@checks.probe("softmax_gradient")
def of_the_mean_loss(softmax_gradient: Student, rng: np.random.Generator) -> None:
    """The gradient of the mean loss over a batch."""
    z = rng.normal(scale=2, size=(6, 4))
    y = np.eye(4)[rng.permutation([0, 1, 2, 3, 0, 2])]
    p = special.softmax(z, axis=1)
    right, step = np.empty_like(z), 1e-5
    for place in np.ndindex(z.shape):  # central differences of the loss: nothing here knows the formula
        losses = []
        for sign in (1, -1):
            moved = z.copy()
            moved[place] += sign * step
            losses.append(-np.mean(np.sum(y * special.log_softmax(moved, axis=1), axis=1)))
        right[place] = (losses[0] - losses[1]) / (2 * step)
    expect_close(
        softmax_gradient(z, y),
        right,
        "the gradient",
        {
            "the mean over the samples is missing: divide by their number": p - y,
            "the mean runs over the classes too: divide by the number of samples only": (p - y) / z.size,
            "it is divided by the number of classes: divide by the number of samples": (p - y) / z.shape[1],
            "the sign is turned round: p - y, so that a step against it raises the right logit": (y - p) / 6,
            "this is the gradient for the probabilities, -y / p: for the logits it is p - y": -y / p / 6,
            "the derivative of the sigmoid, p (1 - p), does not belong here": (p - y) * p * (1 - p) / 6,
            "these are the probabilities: subtract y": p / 6,
            "softmax is missing: p - y, not z - y": (z - y) / 6,
            "softmax sums over the samples: the probabilities of one sample add to 1, axis=1": (
                special.softmax(z, axis=0) - y
            )
            / 6,
            "the gradient was added up over the samples: each keeps its own row": right.sum(axis=0),
            "only the logit of the right class has a gradient here: for the others it is p": y * (p - 1) / 6,
            "the logit of the right class has no gradient here: there it is p - 1": (1 - y) * p / 6,
            "softmax sums over everything: keep one sum for each sample, axis=1, keepdims=True": (
                special.softmax(z) - y
            )
            / 6,
            "the sigmoid stands where softmax belongs: the classes share one sum": (special.expit(z) - y) / 6,
            "the largest logit became 1, the others 0: softmax is soft": (np.eye(4)[z.argmax(axis=1)] - y) / 6,
            "only y is divided by the number of samples: brackets are missing": p - y / 6,
            "there is no factor of 2: the loss is no square": 2 * (p - y) / 6,
        },
        atol=1e-6,
    )


@checks.probe("softmax_gradient")
def gradient_of_huge_logits(softmax_gradient: Student, rng: np.random.Generator) -> None:
    """Logits as large as ±1000."""
    z = np.array([[1000.0, 0, -1000], [0, 500, 0], [-1000, -1000, -2000], [0, 0, 0]])
    y = np.array([[0.0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]])
    rows, columns = rng.permutation(4), rng.permutation(3)
    z, y = z[rows][:, columns] + rng.normal(size=(4, 3)), y[rows][:, columns]
    got = softmax_gradient(z, y)
    expect(
        bool(np.isfinite(np.asarray(got, float)).all()),
        "There are nan or inf in the gradient.\n  Likely cause: exp(1000) overflows: subtract the largest logit of each"
        " sample first.",
    )
    expect_close(got, (special.softmax(z, axis=1) - y) / 4, "the gradient")


# -- the network ------------------------------------------------------------------------------------------------------


def _forward(weights: list[np.ndarray], x: np.ndarray, activation, output) -> np.ndarray:
    for kernel, bias in zip(weights[0:-2:2], weights[1:-2:2], strict=True):
        x = activation(x @ kernel + bias)
    return output(x @ weights[-2] + weights[-1])


_ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": special.expit,
    "tanh": np.tanh,
}


@checks.probe("build_mlp")
def layers(build_mlp: Student, rng: np.random.Generator) -> None:
    """Sizes of the layers."""
    for inputs, hidden in ((6, [5, 3]), (4, [7])):
        model = expect_model(build_mlp(inputs, hidden, "sigmoid"))
        sizes = [inputs, *hidden, 10]
        right = [shape for a, b in zip(sizes, sizes[1:], strict=False) for shape in ((a, b), (b,))]
        got = [shape for _, shape in model.variables()]
        cause = ""
        if not got:
            cause = "the model has no weights yet: begin with keras.Input((inputs,))"
        elif got == right[:-2]:
            cause = "the output layer of ten units is missing"
        elif not any(len(shape) == 1 for shape in got):
            cause = "the biases are missing: leave use_bias as it is"
        elif got == right[: len(got)] and len(got) < len(right):
            cause = "the last layers are missing: look where `return` stands; the output comes after the loop"
        elif got == right[::-1]:
            cause = "the layers stand in the reverse order"
        elif got and got[-1] != (10,):
            cause = "the output layer needs ten units, one for each digit"
        elif got[0][0] != inputs:
            cause = f"the first layer has {got[0][0]} inputs: take their number from the argument"
        elif len(got) == len(right):
            cause = "the units of the hidden layers come from `hidden`, in that order"
        elif len(got) < len(right):
            cause = "there are too few layers: one Dense for each entry of `hidden`, then the output"
        elif len(got) > len(right):
            cause = "there are too many layers: one Dense for each entry of `hidden`, then the output"
        expect(
            got == right,
            f"build_mlp({inputs}, {hidden}, …): expected weights of shapes {right}, got {got}."
            f"\n  Likely cause: {cause}.",
        )
        expect_fresh(model)
        weights, x = fill_weights(model, rng, 2000), rng.normal(size=(8, inputs)).astype(np.float32)
        true, mistakes = _mlp_outputs(weights, x, "sigmoid")
        expect_one_of(model.predict(x), [true, *mistakes.values()], atol=1e-4)


def _softmax(z: np.ndarray) -> np.ndarray:
    return special.softmax(z, axis=1)


def _mlp_outputs(weights: list[np.ndarray], x: np.ndarray, name: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What a network with these weights answers, and what it answers with the usual mistakes."""
    activation, linear = _ACTIVATIONS[name], _ACTIVATIONS["linear"]
    mistakes = {
        "the output layer has softmax: here the loss takes logits, so it has no activation": _forward(
            weights, x, activation, _softmax
        ),
        "the output layer has sigmoid: the loss takes logits, so it has no activation": _forward(
            weights, x, activation, special.expit
        ),
        "the output layer has the activation of the hidden layers: it has none": _forward(
            weights, x, activation, activation
        ),
        "the hidden layers have no activation: pass activation=activation": _forward(weights, x, linear, linear),
        "softmax belongs to the loss, not into the hidden layers": _forward(weights, x, _softmax, linear),
        "the output is the logarithm of the probabilities: return the logits": _forward(
            weights, x, activation, lambda z: special.log_softmax(z, axis=1)
        ),
        "the output layer has ReLU: it has no activation": _forward(weights, x, activation, _ACTIVATIONS["relu"]),
        "the output layer has tanh: it has no activation": _forward(weights, x, activation, np.tanh),
    }
    for other in {"sigmoid", "relu", "tanh"} - {name}:
        sentence = f"the hidden layers use {other}, whatever `activation` says"
        mistakes[sentence] = _forward(weights, x, _ACTIVATIONS[other], linear)
    return _forward(weights, x, activation, linear), mistakes


@checks.probe("build_mlp")
def outputs(build_mlp: Student, rng: np.random.Generator) -> None:
    """What the network computes."""
    x = rng.normal(size=(8, 6)).astype(np.float32)
    for name in ("sigmoid", "relu", "tanh"):
        model = expect_model(build_mlp(6, [16, 12], name))
        right = [(6, 16), (16,), (16, 12), (12,), (12, 10), (10,)]
        expect([shape for _, shape in model.variables()] == right, "The layers have wrong sizes: repair them first.")
        true, mistakes = _mlp_outputs(fill_weights(model, rng, 2000), x, name)
        expect_close(model.predict(x), true, f"the output for activation={name!r}", mistakes, atol=1e-4)


def _trained(
    weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, rate: float, rows: list[slice], stale: bool = False
) -> tuple[list[float], list[np.ndarray]]:
    """Losses and weights of a tanh network with one hidden layer, by the chain rule in float64, one step per slice."""
    w1, b1, w2, b2 = (array.astype(float) for array in weights)
    losses, first = [], None
    for part in rows:
        inputs, target = x[part].astype(float), y[part]
        hidden = np.tanh(inputs @ w1 + b1)
        z = hidden @ w2 + b2
        losses.append(float(-np.mean(np.sum(target * special.log_softmax(z, axis=1), axis=1))))
        d_z = (special.softmax(z, axis=1) - target) / len(inputs)
        d_hidden = d_z @ w2.T * (1 - hidden**2)
        steps = [inputs.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_z, d_z.sum(axis=0)]
        first = first or steps
        for array, step in zip((w1, b1, w2, b2), first if stale else steps, strict=True):
            array -= rate * step
    return losses, [w1, b1, w2, b2]


@checks.probe("train_epoch")
def steps_of_an_epoch(train_epoch: Student, rng: np.random.Generator) -> None:
    """The weights after one epoch of a small network; the last batch is smaller."""
    arguments, start, true, of_weights, losses, of_losses = _epoch_case(rng)
    view, got = expect_items(train_epoch(*arguments), ("the model", "the losses"))
    after = expect_model(view).weights()
    expect(
        [array.shape for array in after] == [array.shape for array in start],
        "The model that came back has other weights than the one that was given.",
    )
    expect_close(_flat(after), true, "the weights after the epoch", of_weights)
    expect_close(got, losses, "the losses of the batches", of_losses)


def _flat(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(array) for array in arrays])


@drawn_once
def _epoch_case(rng: np.random.Generator) -> tuple:
    """Arguments and first weights; the last ones and the losses, each with what mistakes give in their place."""
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(4)])
    start = [rng.normal(scale=0.7, size=array.shape).astype(np.float32) for array in model.get_weights()]
    model.set_weights(start)
    x = rng.normal(size=(11, 3)).astype(np.float32)
    y = np.eye(4)[rng.permutation([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2])]
    rate, size = 0.6, 4
    rows = [slice(k, k + size) for k in range(0, 11, size)]
    losses, weights = _trained(start, x, y, rate, rows)
    of_weights = {
        "the weights have not moved: w.assign_sub(rate * gradient) changes them": _flat(start),
        "the step goes uphill: subtract the gradient": _flat(_trained(start, x, y, -rate, rows)[1]),
        "all samples went into one step: take batch_size at a time": _flat(
            _trained(start, x, y, rate, [slice(0, 11)])[1]
        ),
        "every step used all samples: take x[start : start + batch_size], and the same rows of y": _flat(
            _trained(start, x, y, rate, 3 * [slice(0, 11)])[1]
        ),
        "the model returns logits, and the loss took them for probabilities: from_logits=True is missing": lambda: (
            _flat(_as_probabilities(start, x, y, rate, rows))
        ),
        "only the first batch was used: go on to the end": _flat(_trained(start, x, y, rate, rows[:1])[1]),
        "the last, smaller batch was left out": _flat(_trained(start, x, y, rate, rows[:-1])[1]),
        "each sample made a step of its own: take batch_size at a time": _flat(
            _trained(start, x, y, rate, [slice(k, k + 1) for k in range(11)])[1]
        ),
        "every step used the gradient of the first batch: compute it anew in the loop": _flat(
            _trained(start, x, y, rate, rows, stale=True)[1]
        ),
        "there are always batches of ten: take batch_size": _flat(
            _trained(start, x, y, rate, [slice(0, 10), slice(10, 11)])[1]
        ),
        "the gradient was summed over the batch: softmax_gradient has the mean in it already": _flat(
            _summed(start, x, y, rate, rows)
        ),
        "the rate is missing: the step is rate times the gradient": _flat(_trained(start, x, y, 1.0, rows)[1]),
    }
    of_losses = {
        "these are the losses after each step: measure before it": lambda: _after_each(start, x, y, rate, rows),
        "this is one number: one loss for each batch": float(np.mean(losses)),
        "these are sums over the batch: take the mean": np.multiply(losses, [4, 4, 3]),
    }
    return (model, x, y, rate, size), start, _flat(weights), of_weights, losses, of_losses


def _as_probabilities(start: list[np.ndarray], x: np.ndarray, y: np.ndarray, rate: float, rows: list[slice]) -> list:
    """The weights after steps against Keras' loss without from_logits=True."""
    import keras
    import tensorflow as tf

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(4)])
    model.set_weights(start)
    for part in rows:
        with tf.GradientTape() as tape:
            loss = keras.losses.CategoricalCrossentropy()(y[part], model(x[part]))
        for weight, slope in zip(
            model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
        ):
            weight.assign_sub(rate * slope)
    return model.get_weights()


def _summed(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, rate: float, rows: list[slice]) -> list:
    for part in rows:
        weights = _trained(weights, x[part], y[part], rate * len(x[part]), [slice(None)])[1]
    return weights


def _after_each(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, rate: float, rows: list[slice]) -> list:
    losses = []
    for part in rows:
        weights = _trained(weights, x[part], y[part], rate, [slice(None)])[1]
        losses += _trained(weights, x[part], y[part], 0.0, [slice(None)])[0]
    return losses


checks.choice(
    "sigmoid_as_logits",
    answer="a",
    because={
        "c": "a loss of 0 needs a right logit that is far larger than the others; a sigmoid ends at 1.",
        "b": "2.30 is the loss of a guess, ln 10; it can be lowered a little.",
    },
)


# -- wide or deep -----------------------------------------------------------------------------------------------------


def _most_units(
    inputs: int, layers: int, budget: int, between: int | None = None, bias: int = 1, last: int = 10
) -> int:
    """The largest root of a quadratic in the width, rounded down: nothing is counted unit by unit.

    Args:
        inputs: of the network.
        layers: number of hidden layers.
        budget: most parameters.
        between: products of two hidden layers, one less than there are layers by default.
        bias: 0 for a network without biases.
        last: outputs; 0 leaves the output layer out.
    """
    between = layers - 1 if between is None else between
    constant = bias * last - budget
    linear = inputs + bias + bias * between + last
    if not between:
        return max(int(-constant / linear + 1e-9), 0)
    roots = np.roots([between, linear, constant])
    return max(int(roots.real.max() + 1e-9), 0)


def _size(inputs: int, layers: int, units: int) -> int:
    """Parameters of a network with ten outputs, as Keras counts them layer by layer."""
    return (inputs + 1) * units + (layers - 1) * (units + 1) * units + (units + 1) * 10


def _compare_widest(widest: Student, inputs: int, layers: int, budget: int) -> None:
    true = _most_units(inputs, layers, budget)
    rates = {
        "the biases are missing: a layer of b units behind a units has (a + 1) b parameters": {"bias": 0},
        "the output layer is missing: its ten outputs count as well": {"last": 0},
        "only one hidden layer was counted, whatever `layers` says": {"between": 0},
        "one layer too many: between n hidden layers there are n - 1 products": {"between": layers},
        "one layer too few: between n hidden layers there are n - 1 products": {"between": max(layers - 2, 0)},
        "biases and output layer are missing": {"bias": 0, "last": 0},
    }
    mistakes = {sentence: _most_units(inputs, layers, budget, **change) for sentence, change in rates.items()}
    mistakes |= {
        "one unit too many: this width no longer fits, the one before does": true + 1,
        "one unit too few: a network of exactly this size is allowed (<=), and the last width that fits counts": true
        - 1,
        "these are the parameters; the width is asked for": _size(inputs, layers, true),
        "this is what is left of the budget; the width is asked for": budget - _size(inputs, layers, true),
        "the budget was divided by the inputs: the other layers cost something, too": budget // inputs,
        "there are 784 inputs whatever `inputs` says": _most_units(784, layers, budget),
    }
    expect_close(widest(inputs, layers, budget), true, f"widest({inputs}, {layers}, {budget})", mistakes)


@checks.probe("widest")
def widths(widest: Student, rng: np.random.Generator) -> None:
    """Several layers, and budgets that are just reached or just missed."""
    for layers in (2, 1, 3, 4):
        inputs, units = int(rng.integers(20, 60)), int(rng.integers(30, 60))
        size = _size(inputs, layers, units)
        for budget in (size + int(rng.integers(2, 20)), size, size - 1):
            _compare_widest(widest, inputs, layers, budget)


@checks.probe("widest")
def too_little(widest: Student, rng: np.random.Generator) -> None:
    """A budget without room for a single unit."""
    inputs, layers = int(rng.integers(20, 90)), int(rng.integers(1, 4))
    _compare_widest(widest, inputs, layers, _size(inputs, layers, 1) - 1)


# -- mistakes and confidence ------------------------------------------------------------------------------------------


def _first_of(y: np.ndarray, y_hat: np.ndarray) -> np.ndarray:
    matrix = np.zeros((5, 5), int)
    matrix[y[0], y_hat[0]] = 1
    return matrix


@checks.probe("confusion")
def counts(confusion: Student, rng: np.random.Generator) -> None:
    """Counts of all pairs, with a class that never occurs."""
    from sklearn import metrics

    y = np.concatenate([[0, 0, 0, 1], rng.integers(0, 4, 40)])
    y_hat = np.concatenate([[2, 2, 2, 2], np.where(rng.random(40) < 0.6, y[4:], rng.integers(0, 4, 40))])
    right = metrics.confusion_matrix(y, y_hat, labels=range(5))
    once = (right > 0).astype(int)
    with np.errstate(invalid="ignore"):
        by_row = np.nan_to_num(right / right.sum(axis=1, keepdims=True))
    expect_close(
        confusion(y, y_hat, 5),
        right,
        "the matrix",
        {
            "rows and columns are swapped: rows are the truth": right.T,
            "a repeated pair was counted once: matrix[y, y_hat] += 1 does that; use np.add.at or a loop": once,
            "these are shares: count the images": by_row,
            "these are shares of all images: count them": right / right.sum(),
            "these are shares of each column: count the images": lambda: right / np.maximum(right.sum(axis=0), 1),
            "only the first image was counted: look where `return` stands": _first_of(y, y_hat),
            "each pair was counted both ways: rows are the truth, columns the prediction": right + right.T,
            "these are the correct predictions of each class: the matrix counts all pairs": np.diag(right),
            "these are the images of each class: the matrix counts all pairs": right.sum(axis=1),
            "this is the accuracy: the matrix counts all pairs": np.mean(y == y_hat),
            "a row and a column are missing: the number of classes is the argument": right[:4, :4],
            "only the correct predictions were counted": np.diag(np.diag(right)),
            "the correct predictions are missing: they belong on the diagonal": right - np.diag(np.diag(right)),
        },
    )


def _distinct_pairs(rng: np.random.Generator, classes: int) -> np.ndarray:
    """A confusion matrix in which no two pairs, and no two cells off the diagonal, have as many mistakes."""
    while True:
        matrix = rng.permutation(np.arange(1, 4 * classes**2))[: classes**2].reshape(classes, classes)
        np.fill_diagonal(matrix, 1000 + rng.permutation(classes))
        one, other = np.triu_indices(classes, 1)
        if len(set(matrix[one, other] + matrix[other, one])) == len(one):
            return matrix


@checks.probe("most_confused")
def worst_pairs(most_confused: Student, rng: np.random.Generator) -> None:
    """The worst pairs of six classes."""
    matrix, pairs = _distinct_pairs(rng, 6), 4
    ranked = sorted(((int(matrix[i, j] + matrix[j, i]), i, j) for j in range(6) for i in range(j)), reverse=True)

    def rows(found: list[tuple[int, int, int]]) -> np.ndarray:
        return np.array([(i, j, n) for n, i, j in found])

    cells = sorted(((int(matrix[i, j]), i, j) for i in range(6) for j in range(6) if i != j), reverse=True)
    upper = [cell for cell in cells if cell[1] < cell[2]]
    doubled = sorted(((int(matrix[i, j] + matrix[j, i]), i, j) for j in range(6) for i in range(j + 1)), reverse=True)
    true = rows(ranked[:pairs])
    expect_close(
        most_confused(matrix, pairs),
        true,
        "the worst pairs",
        {
            "the pairs run from the best to the worst: the worst comes first": rows(ranked[::-1][:pairs]),
            "the worst pair stands last: it comes first": true[::-1],
            "only one direction was counted: add i read as j and j read as i": rows(cells[:pairs]),
            "only the upper half was read: add what lies below the diagonal": rows(upper[:pairs]),
            "the pairs are right, but their number is that of one direction": np.column_stack(
                [true[:, :2], matrix[true[:, 0], true[:, 1]]]
            ),
            "the diagonal is still there: a correct reading is no mistake": rows(doubled[:pairs]),
            "each pair stands there twice: keep i < j": np.repeat(true, 2, axis=0)[:pairs],
            "the numbers are missing: three columns are asked for": true[:, :2],
            "the order is: smaller class, larger class, number": true[:, [1, 0, 2]],
            "the number belongs into the last column": true[:, [2, 0, 1]],
            "the number of each pair is a mean of both directions: add them": true * [1, 1, 0.5],
            "these are three rows, one for each kind of number: np.column_stack, or .T": true.T,
            "all pairs were returned: take as many as `pairs` says": rows(ranked),
            "three pairs were returned whatever `pairs` says": rows(ranked[:3]),
            "this is the worst pair alone": rows(ranked[:1]),
        },
    )


@checks.probe("most_confused")
def one_of_three(most_confused: Student, rng: np.random.Generator) -> None:
    """The worst pair of three classes, one of which is never taken for another."""
    matrix = np.diag(rng.integers(5, 9, 3))
    i, j = np.sort(rng.permutation(3)[:2])
    matrix[j, i], matrix[i, j] = rng.permutation([0, int(rng.integers(2, 9))])
    before = matrix.copy()
    expect_close(
        most_confused(matrix, 1),
        [[i, j, before[i, j] + before[j, i]]],
        "the worst pair",
        {
            "the pair is turned round: the smaller class comes first": [[j, i, before[i, j] + before[j, i]]],
            "only one direction was counted: add i read as j and j read as i": [[i, j, before[i, j]]],
            "this is the diagonal: a correct reading is no mistake": lambda: [
                [before.diagonal().argmax(), before.diagonal().argmax(), 2 * before.diagonal().max()]
            ],
        },
    )


_RATES = ("the false positive rates", "the true positive rates", "the area")


@checks.probe("roc")
def the_curve(roc: Student, rng: np.random.Generator) -> None:
    """Rates at every threshold, with ties among the scores."""
    from sklearn import metrics

    scores = rng.permutation(np.repeat(rng.random(9), [3, 1, 2, 1, 4, 1, 2, 1, 2]))
    positive = rng.random(17) < 0.2 + 0.6 * scores
    positive[:2], positive[2:4] = True, False
    fpr, tpr, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
    got = expect_items(roc(scores, positive), _RATES)
    by_order = np.argsort(-scores, kind="stable")
    repeated = [np.r_[0, (scores >= np.sort(scores)[::-1, None])[:, hit].mean(axis=1)] for hit in (~positive, positive)]
    single = [np.concatenate([[0], np.cumsum(hit[by_order]) / hit.sum()]) for hit in (~positive, positive)]
    turned = metrics.roc_curve(positive, -scores, drop_intermediate=False)
    counts = positive.sum(), (~positive).sum()
    for value, true, other, name, number, index in (
        (got[0], fpr, tpr, "the false positive rates", counts[1], 0),
        (got[1], tpr, fpr, "the true positive rates", counts[0], 1),
    ):
        expect_close(
            value,
            true,
            name,
            {
                "false and true positive rates are swapped: the false ones come first": other,
                "samples with equal scores fall together: one point for each different score": single[index],
                "equal scores are one threshold: np.unique, not np.sort": repeated[index],
                "the curve begins with nobody called positive: put the point (0, 0) first": true[1:],
                "the point (0, 0) is missing, and equal scores make one point": single[index][1:],
                "the thresholds rise: begin with the largest score": turned[index],
                "the curve runs from (1, 1) to (0, 0): begin with the largest threshold": true[::-1],
                "this is the precision, the share of positives among those called; take the share of positives that are"
                " called": np.r_[0, [positive[scores >= one].mean() for one in np.unique(scores)[::-1]]]
                if index
                else np.nan,
                "these are counts: divide by the number of all positives (or negatives)": true * number,
                "you divided by the number of all samples: positives and negatives have their own": true * number / 17,
            },
        )


@checks.probe("roc")
def the_area(roc: Student, rng: np.random.Generator) -> None:
    """The area under the curve: chance, perfection, and ties."""
    from sklearn import metrics

    scores = rng.permutation(np.repeat(rng.random(6), [4, 1, 3, 1, 2, 2]))
    positive = rng.random(13) < 0.2 + 0.6 * scores
    positive[:2], positive[2:5] = True, False
    right = metrics.roc_auc_score(positive, scores)
    fpr, tpr, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
    expect_close(
        expect_items(roc(scores, positive), _RATES)[2],
        right,
        "the area",
        {
            "steps of the larger height were added up: ties make slanted pieces, use trapezia": lambda: float(
                np.sum(np.diff(fpr) * tpr[1:])
            ),
            "steps of the smaller height were added up: ties make slanted pieces, use trapezia": lambda: float(
                np.sum(np.diff(fpr) * tpr[:-1])
            ),
            "this is the area above the curve": 1 - right,
            "a trapezium has the mean of two heights: divide their sum by 2": 2 * right,
            "this is the mean of the true positive rates: weight them with the steps of the false ones": float(
                tpr.mean()
            ),
        },
    )
    perfect = np.array([False, True, False, True, True])
    expect_close(roc(np.where(perfect, 0.8, 0.3), perfect)[2], 1.0, "the area of a perfect score")
    expect_close(roc(np.full(5, 0.4), perfect)[2], 0.5, "the area if all scores are equal")


def _predictions(rng: np.random.Generator, n: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    p = special.softmax(rng.normal(scale=2, size=(n, classes)), axis=1)
    y = np.where(rng.random(n) < 0.7, p.argmax(axis=1), rng.integers(0, classes, n))
    return p, y


def _by_bins(score: np.ndarray, right: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean score, mean of `right` and ECE, with SciPy's binned statistics."""
    count, mean_score, mean_right = (
        np.nan_to_num(binned_statistic(score, values, statistic, bins, (0, 1)).statistic)
        for values, statistic in ((score, "count"), (score, "mean"), (right.astype(float), "mean"))
    )
    return mean_score, mean_right, float(np.sum(count / len(score) * np.abs(mean_right - mean_score)))


def _by_number(values: np.ndarray, number: np.ndarray, bins: int) -> np.ndarray:
    """The mean of the values in each numbered bin, 0 where there are none."""
    return np.bincount(number, values, bins) / np.maximum(np.bincount(number, minlength=bins), 1)


_THREE = ("mean confidence", "accuracy", "the ECE")


@checks.probe("reliability")
def both_in_each_bin(reliability: Student, rng: np.random.Generator) -> None:
    """Confidence and accuracy in each bin."""
    p, y = _predictions(rng, 200, 4)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    truth = _by_bins(confidence, right, 8)
    got = expect_items(reliability(p, y, 8), _THREE)
    of_truth = _by_bins(p[np.arange(200), y], right, 8)
    expect_close(
        got[0],
        truth[0],
        "the mean confidence",
        {
            "accuracy and confidence are swapped: the confidence comes first": truth[1],
            "this is the middle of each bin: take the mean confidence of the images in it": np.arange(8) / 8 + 1 / 16,
            "this is the middle of each filled bin: take the mean confidence of its images": np.where(
                truth[0] > 0, np.arange(8) / 8 + 1 / 16, 0
            ),
            "this is the probability of the true class: the confidence is the largest one": of_truth[0],
            "a bin without images gives nan: leave it at 0": np.where(truth[0] > 0, truth[0], np.nan),
            "these are sums: divide by the number of images in the bin": np.histogram(
                confidence, 8, (0, 1), weights=confidence
            )[0],
            "the bins hold equally many images: they should be equally wide, from 0 to 1": np.array(
                [part.mean() for part in np.array_split(np.sort(confidence), 8)]
            ),
            "the bins reach from the smallest to the largest confidence: they divide the range 0 to 1": lambda: (
                np.nan_to_num(binned_statistic(confidence, confidence, "mean", 8).statistic)
            ),
            "empty bins were left out: their entry is 0": truth[0][truth[0] > 0],
            "the number of the bin is rounded down, not to the nearest": lambda: _by_number(
                confidence, np.minimum(np.round(confidence * 8).astype(int), 7), 8
            ),
            "the confidence is the largest probability of each row, not the first": lambda: _by_number(
                p[:, 0], np.minimum((p[:, 0] * 8).astype(int), 7), 8
            ),
            "the confidence is the largest probability of each row, not their mean": lambda: _by_number(
                p.mean(axis=1), np.minimum((p.mean(axis=1) * 8).astype(int), 7), 8
            ),
            "this is the mean over all probabilities in p: take the largest of each row first": lambda: _by_bins(
                p.ravel(), np.eye(4)[y].ravel(), 8
            )[0],
            "there are always ten bins: take their number from the argument": lambda: _by_bins(confidence, right, 10)[
                0
            ],
        },
    )
    expect_close(
        got[1],
        truth[1],
        "the accuracy",
        {
            "these are counts: divide by the number of images in the bin": np.histogram(
                confidence, 8, (0, 1), weights=right
            )[0],
            "this is the share of wrong answers": np.where(truth[0] > 0, 1 - truth[1], 0),
            "a bin without images gives nan: leave it at 0": np.where(truth[0] > 0, truth[1], np.nan),
        },
    )


@checks.probe("reliability")
def weighted_gap(reliability: Student, rng: np.random.Generator) -> None:
    """The expected calibration error."""
    p, y = _predictions(rng, 200, 4)
    right = p.argmax(axis=1) == y
    confidence, correct, ece = _by_bins(p.max(axis=1), right, 8)
    filled = confidence > 0
    gap = np.abs(correct - confidence)
    got = expect_items(reliability(p, y, 8), _THREE)
    expect_close(
        got[2],
        ece,
        "the ECE",
        {
            "every bin counts the same: weight the gaps with the share of images in the bin": gap.mean(),
            "every filled bin counts the same: weight the gaps with the share of images in the bin": gap[filled].mean(),
            "the gaps were added without weights: multiply each with the share of images": gap.sum(),
            "the gaps were weighted with counts: divide by the number of all images": ece * 200,
            "the absolute value is missing in each bin, so gaps of different sign cancel": lambda: (
                got[2] if np.isclose(np.abs(got[2]), abs(right.mean() - p.max(axis=1).mean())) else np.nan
            ),
            "the bins were averaged before their gaps were taken: one gap for each bin": abs(
                correct.mean() - confidence.mean()
            ),
            "this is the largest gap: take their mean, weighted with the share of images": gap.max(),
            "the gaps were squared: take their absolute value": np.sum(
                np.histogram(p.max(axis=1), 8, (0, 1))[0] / 200 * gap**2
            ),
        },
    )


@checks.probe("reliability")
def certain_answers(reliability: Student, rng: np.random.Generator) -> None:
    """Confidences of exactly 1."""
    y = rng.permutation([0, 1, 2, 2])
    p = np.eye(3)[np.where(np.arange(4) == 0, (y + 1) % 3, y)]
    got = expect_items(reliability(p, y, 5), _THREE)
    expect_close(
        got[1],
        [0, 0, 0, 0, 0.75],
        "the accuracy of four certain answers, one of them wrong",
        {"a confidence of exactly 1 fell out of the last bin: include its upper edge": np.zeros(5)},
    )
    expect_close(got[2], 0.25, "their ECE")


def _best_temperature(z: np.ndarray, y: np.ndarray, criterion: Callable | None = None) -> float:
    """By SciPy, over a wide range; `criterion` takes probabilities and labels where it is not the cross-entropy."""
    from scipy.optimize import minimize_scalar

    def loss(log_t: float) -> float:
        log_p = special.log_softmax(z / np.exp(log_t), axis=1)
        return criterion(np.exp(log_p), y) if criterion else -np.mean(log_p[np.arange(len(y)), y])

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-7}).x))


@checks.probe("best_temperature")
def lowest_loss(best_temperature: Student, rng: np.random.Generator) -> None:
    """Logits that are too large, and logits that are too small."""
    for factor in (rng.uniform(3, 6), rng.uniform(0.2, 0.4)):
        honest = rng.normal(scale=2, size=(400, 5))
        y = np.argmax(honest + rng.gumbel(size=honest.shape), axis=1)  # drawn from softmax(honest)
        z = factor * honest
        right = _best_temperature(z, y)
        kind = "too large" if factor > 1 else "too small"
        got = best_temperature(z, y)
        expect(np.shape(got) != z.shape, "Return the temperature T, one number, not the logits divided by it.")
        value = np.asarray(got, float).item() if np.size(got) == 1 and not isinstance(got, str | dict) else np.nan
        expect_close(
            got,
            right,
            f"the temperature for logits that are {kind}",
            {
                "this is 1 / T: the logits are divided by T, not multiplied": 1 / right,
                "this is the logarithm of T": np.log(right),
                "this is an end of the range, where nothing is lowest: take the T with the smallest loss, np.argmin": (
                    value if np.isclose(value, [0.05, 20], 1e-3).any() else np.nan
                ),
                "this is a place in the list of temperatures: return the temperature there": (
                    value if value > 20.5 and value == round(value) else np.nan
                ),
                "T is not exact enough: try it in steps of less than one per cent": (
                    value
                    if 0.02 < abs(np.log(max(value, 1e-9) / right)) < 0.25 and round(value, 1) == value
                    else np.nan
                ),
                "this T has the smallest squared error; the cross-entropy is asked for": lambda z=z, y=y: (
                    _best_temperature(z, y, lambda p, y: np.mean(np.sum((p - np.eye(5)[y]) ** 2, axis=1)))
                ),
                "this T makes the mean confidence equal to the accuracy; the lowest cross-entropy is asked for": (
                    lambda z=z, y=y: _best_temperature(
                        z, y, lambda p, y: abs(p.max(axis=1).mean() - np.mean(p.argmax(axis=1) == y))
                    )
                ),
                "divide the logits by T before softmax; here softmax came first": lambda z=z, y=y: _best_temperature(
                    special.softmax(z, axis=1), y
                ),
                "this is the deviation of the logits": z.std(),
                "T = 1 changes nothing: look for the T with the lowest loss"
                if factor > 1
                else "T may be smaller than 1 as well: look there too": 1.0,
                "this is the loss that is reached: return T": -np.mean(
                    special.log_softmax(z / right, axis=1)[np.arange(400), y]
                ),
            },
            rtol=0.02,
        )


# -- HOG --------------------------------------------------------------------------------------------------------------


def _differences(patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central differences inside the margin, by correlation."""
    g_r = ndimage.correlate1d(patch, [-1, 0, 1], axis=0)[1:-1, 1:-1]
    g_c = ndimage.correlate1d(patch, [-1, 0, 1], axis=1)[1:-1, 1:-1]
    return g_r, g_c


def _polar(g_r: np.ndarray, g_c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.rad2deg(np.arctan2(g_r, g_c)), np.hypot(g_r, g_c)


def _votes(direction: np.ndarray, weights: np.ndarray | None, orientations: int, full: float = 180) -> np.ndarray:
    bins = np.floor(direction % full / (full / orientations)).astype(int) % orientations
    return np.bincount(bins.ravel(), None if weights is None else weights.ravel(), orientations).astype(float)


@checks.probe("hog_cell")
def random_patch(hog_cell: Student, rng: np.random.Generator) -> None:
    """A random cell."""
    patch = rng.random((7, 9))
    g_r, g_c = _differences(patch)
    magnitude, direction = np.hypot(g_r, g_c), np.rad2deg(np.arctan2(g_r, g_c))
    right = _votes(direction, magnitude, 6)
    inner_r, inner_c = (np.gradient(patch[1:-1, 1:-1], axis=axis) for axis in (0, 1))
    whole_r, whole_c = (np.gradient(patch, axis=axis) for axis in (0, 1))
    swapped = np.rad2deg(np.arctan2(g_c, g_r))
    expect_close(
        hog_cell(patch, 6),
        right,
        "the histogram",
        {
            "every pixel counts 1: it votes with its magnitude (weights=magnitude)": _votes(direction, None, 6),
            "the direction was taken modulo 360°: opposite directions belong together, modulo 180°": _votes(
                direction, magnitude, 6, 360
            ),
            "the directions are in radians: convert them with np.rad2deg": _votes(np.deg2rad(direction), magnitude, 6),
            "the directions are in radians, modulo pi: convert them with np.rad2deg first": _votes(
                np.deg2rad(direction) % np.pi, magnitude, 6
            ),
            "g_r and g_c are swapped in the direction: np.arctan2(g_r, g_c)": _votes(swapped, magnitude, 6),
            "negative directions were lost or clipped: take them modulo 180°": lambda: np.histogram(
                direction, 6, (0, 180), weights=magnitude
            )[0],
            "negative directions were mirrored by an absolute value: take them modulo 180°": _votes(
                np.abs(direction), magnitude, 6
            ),
            "np.gradient halves the differences: here they are I(r+1) - I(r-1)": right / 2,
            "the margin was cut off first and its pixels are missing in the differences": _votes(
                np.rad2deg(np.arctan2(inner_r, inner_c)), np.hypot(inner_r, inner_c), 6
            ),
            "the margin votes as well: only the pixels of the cell do": _votes(
                np.rad2deg(np.arctan2(whole_r, whole_c)), np.hypot(whole_r, whole_c), 6
            ),
            "the votes carry the squared magnitude: take the square root": _votes(direction, magnitude**2, 6),
            "the magnitude is |g_r| + |g_c|: it is the square root of the sum of squares": _votes(
                direction, np.abs(g_r) + np.abs(g_c), 6
            ),
            "the histogram was scaled to the sum 1: return the sums of magnitudes": right / right.sum(),
            "the histogram was scaled to length 1: return the sums of magnitudes": right / np.linalg.norm(right),
            "the histogram was divided by the number of pixels: return the sums": right / g_r.size,
            "the vote goes to the nearest border of a bin: bin b reaches from b to b + 1 times its width": _votes(
                direction + 15, magnitude, 6
            ),
            "one-sided differences: take I(r+1) - I(r-1), over both neighbours": lambda: _votes(
                *_polar(patch[2:, 1:-1] - patch[1:-1, 1:-1], patch[1:-1, 2:] - patch[1:-1, 1:-1]), 6
            ),
            "one-sided differences: take I(r+1) - I(r-1), over both neighbours on either side": lambda: _votes(
                *_polar(patch[1:-1, 1:-1] - patch[:-2, 1:-1], patch[1:-1, 1:-1] - patch[1:-1, :-2]), 6
            ),
            "np.arctan of a quotient knows only half of the circle, and its sign was lost: use np.arctan2(g_r, g_c)": (
                lambda: _votes(np.abs(np.rad2deg(np.arctan(g_r / g_c))), magnitude, 6)
            ),
            "the differences are added: subtract the two neighbours": lambda: _votes(
                *_polar(patch[2:, 1:-1] + patch[:-2, 1:-1], patch[1:-1, 2:] + patch[1:-1, :-2]), 6
            ),
            "one difference has the wrong sign: g_r is I(r+1) - I(r-1), g_c is I(c+1) - I(c-1)": _votes(
                np.rad2deg(np.arctan2(-g_r, g_c)), magnitude, 6
            ),
            "np.arctan gives -90° to 90°: the negative ones were lost; use np.arctan2, then % 180": lambda: (
                np.histogram(np.rad2deg(np.arctan(g_r / g_c)), 6, (0, 180), weights=magnitude)[0]
            ),
            "the bins reach from the smallest to the largest direction: they divide 0° to 180° (range=(0, 180))": (
                lambda: np.histogram(direction % 180, 6, weights=magnitude)[0]
            ),
            "the root was taken twice: the magnitude is the square root of g_r² + g_c²": _votes(
                direction, np.sqrt(magnitude), 6
            ),
            "the larger difference votes alone: the magnitude is the square root of g_r² + g_c²": _votes(
                direction, np.maximum(np.abs(g_r), np.abs(g_c)), 6
            ),
            "only g_c votes: the magnitude is the square root of g_r² + g_c²": _votes(direction, np.abs(g_c), 6),
            "only g_r votes: the magnitude is the square root of g_r² + g_c²": _votes(direction, np.abs(g_r), 6),
            "there are always nine bins: take their number from the argument": lambda: _votes(direction, magnitude, 9),
        },
    )


@checks.probe("hog_cell")
def straight_edge(hog_cell: Student, rng: np.random.Generator) -> None:
    """A plain cell, and edges in known directions."""
    level, height = rng.uniform(0.1, 0.9), rng.uniform(0.5, 2)
    expect_close(hog_cell(np.full((6, 6), level), 9), np.zeros(9), "the histogram of a cell without edges")
    # close to the borders of the bins, on both sides, and once round; 359.6° is -0.4°
    for degrees in (30, 75, 110, 150, 0.4, 19.6, 20.4, 99.6, 160.4, 179.6, 199.6, 280.4, 359.6):
        angle = np.deg2rad(degrees)
        rows, columns = np.mgrid[:6, :6]
        ramp = level + height * (columns * np.cos(angle) + rows * np.sin(angle))
        right, wrong = np.zeros((2, 9))
        right[int(degrees % 180 // 20)] = 16 * 2 * height
        wrong[int(degrees % 180 // 20 + (1 if degrees % 20 > 10 else -1)) % 9] = 16 * 2 * height
        expect_close(
            hog_cell(ramp, 9),
            right,
            f"the histogram of a ramp that rises in the direction {degrees}° (0° is right, 90° is down)",
            {
                "np.gradient halves the differences: here they are I(r+1) - I(r-1)": right / 2,
                "the border of a bin is at another angle: bin b reaches from 20° b to 20° (b + 1), and 180° is 0°": (
                    wrong
                ),
                "the direction fell out of the range 0° to 180°: take it modulo 180": np.zeros(9),
            },
        )


def _blocks(votes: np.ndarray, treat: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`treat` for each block of 2 x 2 neighbouring cells; a block of zeros stays 0."""
    windows = np.lib.stride_tricks.sliding_window_view(
        votes, (2, 2), axis=(0, 1)
    )  # (rows, columns, orientations, 2, 2)
    result = np.zeros_like(np.moveaxis(windows, 2, 4))
    for place in np.ndindex(windows.shape[:2]):
        if windows[place].any():
            result[place] = np.moveaxis(treat(windows[place]), 0, 2)
    return result


def _unit(block: np.ndarray) -> np.ndarray:
    return block / np.sqrt(np.sum(np.square(block)))


def _compare_blocks(hog_blocks: Student, votes: np.ndarray) -> None:
    def right(block: np.ndarray) -> np.ndarray:
        return _unit(np.clip(_unit(block), None, 0.2))

    def of_cells(block: np.ndarray) -> np.ndarray:
        lengths = np.sqrt(np.sum(np.square(block), axis=0, keepdims=True))
        return block / np.where(lengths == 0, 1, lengths)

    true = _blocks(votes, right)
    got = hog_blocks(votes)
    expect(
        np.shape(got) != (votes.shape[0] // 2, votes.shape[1] // 2, *true.shape[2:]),
        f"The blocks overlap: the next one begins one cell further, so there are {true.shape[:2]} of them;"
        f" got an array of shape {np.shape(got)}.",
    )
    whole = _unit(votes)
    expect_close(
        got,
        true,
        "the blocks",
        {
            "a block of zeros gives nan: leave it at 0": lambda: np.where(
                true.any(axis=(2, 3, 4), keepdims=True), true, np.nan
            ),
            "the values have not been cut at 0.2": _blocks(votes, _unit),
            "scale to length 1 again after the cut": _blocks(votes, lambda block: np.minimum(_unit(block), 0.2)),
            "scale before you cut: 0.2 is meant for a block of length 1": _blocks(
                votes, lambda block: _unit(np.minimum(block, 0.2))
            ),
            "the second scaling divides by the length from before the cut": _blocks(
                votes, lambda block: np.minimum(_unit(block), 0.2) / np.sqrt(np.sum(np.square(block)))
            ),
            "each cell was scaled by itself: the length is that of the whole block": _blocks(
                votes, lambda block: of_cells(np.minimum(of_cells(block), 0.2))
            ),
            "each cell was scaled by itself and not cut: the length is that of the whole block": _blocks(
                votes, of_cells
            ),
            "the blocks were divided by their sum: the length is the root of the sum of the squares": _blocks(
                votes, lambda block: np.minimum(block / block.sum(), 0.2) / np.minimum(block / block.sum(), 0.2).sum()
            ),
            "the blocks were divided by the sum of their squares: take the root": lambda: _blocks(
                votes, lambda block: _squared(np.minimum(_squared(block), 0.2))
            ),
            "the blocks were divided by their largest value: the length is the root of the sum of the squares": _blocks(
                votes, lambda block: np.minimum(block / block.max(), 0.2) / 0.2
            ),
            "the whole image was scaled at once: each block by itself": lambda: _blocks(
                _unit(np.minimum(whole, 0.2)), lambda block: block
            ),
            "np.maximum raises the small values: np.minimum cuts the large ones": _blocks(
                votes, lambda block: _unit(np.maximum(_unit(block), 0.2))
            ),
            "values above 0.2 were set to 0: cut them to 0.2": _blocks(
                votes, lambda block: _zero_safe(np.where(_unit(block) > 0.2, 0, _unit(block)))
            ),
            "the blocks have not been scaled": _blocks(votes, lambda block: block),
            "rows and columns of the cells in a block are exchanged": true.swapaxes(2, 3),
        },
        atol=1e-6,
    )


def _squared(block: np.ndarray) -> np.ndarray:
    return block / np.sum(np.square(block))


def _zero_safe(block: np.ndarray) -> np.ndarray:
    return _unit(block) if block.any() else block


@checks.probe("hog_blocks")
def scaled_and_cut(hog_blocks: Student, rng: np.random.Generator) -> None:
    """Histograms with large and small votes."""
    _compare_blocks(hog_blocks, rng.exponential(size=(4, 6, 5)) ** 2 + 0.01)


@checks.probe("hog_blocks")
def empty_blocks(hog_blocks: Student, rng: np.random.Generator) -> None:
    """An image with an empty corner."""
    votes = rng.exponential(size=(5, 4, 3)) ** 2 + 0.01
    votes[:3, :2] = 0
    votes[4, 3] = 0
    _compare_blocks(hog_blocks, votes)


# -- ensembles --------------------------------------------------------------------------------------------------------


@checks.probe("ambiguity_decomposition")
def three_terms(ambiguity_decomposition: Student, rng: np.random.Generator) -> None:
    """Random members."""
    members = special.softmax(rng.normal(size=(5, 7, 4)), axis=2)
    y = np.eye(4)[rng.integers(0, 4, 7)]
    got = expect_items(
        ambiguity_decomposition(members, y), ("the ensemble's error", "the members' mean error", "the ambiguity")
    )
    variance = members.var(axis=0).sum() / 7  # of the members' answers, summed over the classes
    ensemble = np.mean(np.linalg.norm(members.mean(axis=0) - y, axis=1) ** 2)
    average = np.mean([np.linalg.norm(p - y, axis=1) ** 2 for p in members])
    grand = members - members.mean()
    votes = np.eye(4)[members.argmax(axis=2)].mean(axis=0)
    by_class = "the mean runs over the classes too: the squared norm sums over them"
    expect_close(
        got[0],
        ensemble,
        "the error of the ensemble",
        {
            by_class: ensemble / 4,
            "this is the mean error of the members: the ensemble's error comes first, with the probabilities averaged"
            " before squaring": average,
            "you averaged over the images: the mean of the members runs over axis 0": lambda: np.mean(
                np.sum((members.mean(axis=1) - y.mean(axis=0)) ** 2, axis=-1)
            ),
            "you summed over the images: take the mean": ensemble * 7,
            "the square root was taken: the error is the squared norm": np.sqrt(ensemble),
            "the members vote here: their probabilities are averaged": np.mean(np.sum((votes - y) ** 2, axis=1)),
            "the norm is squared in the error: no square root": np.mean(
                np.linalg.norm(members.mean(axis=0) - y, axis=1)
            ),
            "this is the share of wrong answers; the squared error is asked for": np.mean(
                members.mean(axis=0).argmax(axis=1) != y.argmax(axis=1)
            ),
            "the mean was rounded to one class: keep its probabilities": np.mean(
                np.sum((np.eye(4)[members.mean(axis=0).argmax(axis=1)] - y) ** 2, axis=1)
            ),
            "one number for each image: take the mean over the images": np.sum((members.mean(axis=0) - y) ** 2, axis=1),
            "the square is missing": np.mean(np.sum(np.abs(members.mean(axis=0) - y), axis=1)),
            "the order is: ensemble, members, ambiguity": variance,
        },
    )
    expect_close(
        got[1],
        average,
        "the mean error of the members",
        {
            by_class: average / 4,
            "you summed over the members: take the mean": average * 5,
            "this is the error of the ensemble: square first, then average over the members": ensemble,
            "this is the ambiguity: compare with the truth here": variance,
            "this is the error of the first member alone: take the mean over all of them": np.mean(
                np.linalg.norm(members[0] - y, axis=1) ** 2
            ),
            "the norm is squared in the error: no square root": np.mean(np.linalg.norm(members - y, axis=2)),
            "one number for each member: take the mean over the members too": np.mean(
                np.sum((members - y) ** 2, axis=2), axis=1
            ),
        },
    )
    expect_close(
        got[2],
        variance,
        "the ambiguity",
        {
            by_class: variance / 4,
            "you summed over the members: take the mean": variance * 5,
            "the ambiguity divides by the number of members, not by one less": variance * 5 / 4,
            "the sign is turned round, or the two errors are exchanged: the ambiguity is positive": -variance,
            "these are standard deviations: the ambiguity is the mean of squares": members.std(axis=0).sum() / 7,
            "the norm is squared in the ambiguity: no square root": np.mean(
                np.linalg.norm(members - members.mean(axis=0), axis=2)
            ),
            "the mean is taken over the members only, image by image and class by class: not over everything": np.mean(
                np.sum(grand**2, axis=-1)
            ),
            "members are compared with the truth: the ambiguity compares them with their mean": average,
        },
    )


@checks.probe("ambiguity_decomposition")
def the_identity(ambiguity_decomposition: Student, rng: np.random.Generator) -> None:
    """Five identical members."""
    one = special.softmax(rng.normal(size=(6, 3)), axis=1)
    y = np.eye(3)[rng.integers(0, 3, 6)]
    got = expect_items(
        ambiguity_decomposition(np.array([one] * 5), y),
        ("the ensemble's error", "the members' mean error", "the ambiguity"),
    )
    expect_close(got[2], 0.0, "the ambiguity of identical members")
    expect_close(got[0], got[1], "ensemble and members, which are all the same here")


# -- centring a digit -------------------------------------------------------------------------------------------------


def _drawn(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Random ink that can be centred inside the field; its centre of mass is not near half-way between two pixels."""
    while True:
        digit = ndimage.uniform_filter(rng.random((height, width)), 3) ** 4
        digit *= 1 + 4 * np.add.outer(np.linspace(0, 1, height), np.linspace(1, 0, width))
        digit /= digit.max()
        mass = np.array(ndimage.center_of_mass(digit))
        place = np.round(14 - mass)
        inside = (place >= 0).all() and (place + digit.shape <= 28).all()
        if inside and (np.abs(mass % 1 - 0.5) > 0.1).all():
            return digit


def _placed(digit: np.ndarray, top: float, left: float) -> np.ndarray:
    field = np.zeros((28, 28))
    field[: digit.shape[0], : digit.shape[1]] = digit
    return np.roll(field, (int(top), int(left)), axis=(0, 1))


@checks.probe("centre_digit")
def centre_of_mass(centre_digit: Student, rng: np.random.Generator) -> None:
    """Digits of different shapes."""
    for height, width in ((14, 14), (20, 12), (13, 20)):
        digit = _drawn(rng, height, width)
        row, column = ndimage.center_of_mass(digit)
        right = _placed(digit, round(14 - row), round(14 - column))
        wrong = {
            "the box was centred, not its centre of mass": _placed(digit, (28 - height) // 2, (28 - width) // 2),
            "the digit was put into the corner: shift it by 14 minus its centre of mass": _placed(digit, 0, 0),
            "rows and columns are swapped": _placed(digit, round(14 - column), round(14 - row)),
            "int() cuts off: round to the nearest whole pixel (13.5 instead of 14 does the same)": _placed(
                digit, np.floor(14 - row), np.floor(14 - column)
            ),
            "the centre of mass was taken as the place of the corner: shift by 14 minus the centre": _cut(
                digit, round(row), round(column)
            ),
            "the ink was shared between pixels: move by whole pixels": ndimage.shift(
                np.pad(digit, ((0, 28 - height), (0, 28 - width))), (14 - row, 14 - column), order=1
            ),
            "the digit is not in the field: return 28 x 28": digit,
            "this is the centre of mass: return the field with the digit moved": np.array([row, column]),
            "the ink is the weight of each pixel in the centre of mass, not whether there is any": _cut(
                digit, *np.round(14 - np.argwhere(digit > 0).mean(axis=0)).astype(int)
            ),
            "the ink was made black and white: return the digit's own values": (right > 0.5).astype(float),
            "the digit is one pixel off: its centre of mass belongs near (14, 14), not (13, 13)": np.roll(
                right, (-1, -1), axis=(0, 1)
            ),
            "the ink was altered: return the digit's own values": right * 255,
            "the largest ink was centred, not the centre of mass": _placed(
                digit, *(14 - np.array(np.unravel_index(digit.argmax(), digit.shape)))
            ),
            "the target is 14, the middle of the field, not 10, the middle of the 20 x 20 box": _placed(
                digit, round(10 - row), round(10 - column)
            ),
        }
        mistakes = {sentence: value for sentence, value in wrong.items() if not np.array_equal(value, right)}
        expect_close(centre_digit(digit), right, f"a digit of {height} x {width} pixels", mistakes)


def _cut(digit: np.ndarray, top: int, left: int) -> np.ndarray:
    """The digit at (top, left), without the ink that falls outside the field."""
    wide = np.zeros((84, 84))
    wide[28 + top : 28 + top + digit.shape[0], 28 + left : 28 + left + digit.shape[1]] = digit
    return wide[28:56, 28:56]


def _heavy_below(rng: np.random.Generator) -> np.ndarray:
    """A stem on a heavy foot; its centre of mass is not near half-way between two pixels, where roundings differ."""
    while True:
        digit = np.zeros((20, 12))
        digit[:, 5:7] = 0.1 * rng.random((20, 2))
        digit[17:, 2:10] = 0.5 + 0.5 * rng.random((3, 8))
        mass = np.array(ndimage.center_of_mass(digit))
        if (np.abs(mass % 1 - 0.5) > 0.02).all():
            return digit


@checks.probe("centre_digit")
def heavy_on_one_side(centre_digit: Student, rng: np.random.Generator) -> None:
    """Digits so heavy on one side that the field is too small to centre them."""
    for side, turns in (("at the bottom", 0), ("on the right", 1), ("at the top", 2), ("on the left", 3)):
        digit = np.rot90(_heavy_below(rng), turns)
        height, width = digit.shape
        places = [_placed(digit, top, left) for top in range(29 - height) for left in range(29 - width)]
        right = min(places, key=lambda field: np.hypot(*(np.array(ndimage.center_of_mass(field)) - 14)))
        row, column = ndimage.center_of_mass(digit)
        top, left = round(14 - row), round(14 - column)
        what = f"a digit of {height} x {width} pixels with most of its ink {side}"
        inside = "keep it inside with np.clip(top, 0, 28 - h) and np.clip(left, 0, 28 - w)"
        try:
            got = centre_digit(digit)
        except StudentError as error:
            if error.type != "ValueError":
                raise
            raise CheckFailed(
                f"{what[0].upper()}{what[1:]}: your function stops with {error.type}: {error.text}"
                f"\n  Likely cause: the digit would stick out of the field: {inside}."
            ) from error
        expect_close(
            got,
            right,
            what,
            {
                f"the ink that sticks out of the field was cut off: {inside}": _cut(digit, top, left),
                f"the ink that leaves the field comes in again on the other side: {inside}": _placed(digit, top, left),
            },
        )
