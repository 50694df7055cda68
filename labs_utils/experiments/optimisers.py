"""The networks of lab 03 in NumPy, many side by side: forward pass, backpropagation, a loop that takes any method.

NumPy multiplies stacks of matrices, so each array may have one more axis in front, one entry a network; thirty small
networks then cost little more than one. Weights are a list w, b, w, b, …: w (…, units below, units), b (…, 1, units).
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit, softmax

EXPERIMENTS: dict[str, Callable[[], dict]] = {}  # none is too long for the lab

ACTIVATIONS = {  # the function, and its derivative written with the function's value
    "sigmoid": (expit, lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "ReLU": (lambda z: np.maximum(z, 0), lambda a: a > 0),
}


def network(sizes: Sequence[int], seed: int, gain: float = 2.0) -> list[np.ndarray]:
    """Weights N(0, gain / units below) and biases 0, float32; He's start with the default."""
    rng, weights = np.random.default_rng(seed), []
    for n_in, n_out in zip(sizes, sizes[1:], strict=False):
        w = rng.normal(scale=np.sqrt(gain / n_in), size=(n_in, n_out))
        weights += [w.astype(np.float32), np.zeros((1, n_out), np.float32)]
    return weights


def side_by_side(networks: Sequence[list[np.ndarray]]) -> list[np.ndarray]:
    """Networks of one architecture as one list of stacks."""
    return [np.array(arrays) for arrays in zip(*networks, strict=True)]


def forward(weights: list[np.ndarray], x: np.ndarray, kind: str) -> list[np.ndarray]:
    """The outputs of all layers, x first; the last layer is linear.

    Args:
        weights: of one network or of a stack.
        x: (…, n, d) inputs.
        kind: of the hidden layers, a key of `ACTIVATIONS`.
    """
    layers = [x]
    for k in range(0, len(weights), 2):
        z = layers[-1] @ weights[k] + weights[k + 1]
        layers.append(z if k == len(weights) - 2 else ACTIVATIONS[kind][0](z))
    return layers


def backward(
    weights: list[np.ndarray], layers: list[np.ndarray], error: np.ndarray, kind: str
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Gradients of all weights, and the errors at the weighted sums of all layers, from the error of the last."""
    gradients: list[np.ndarray] = []
    errors = [error]
    for k in reversed(range(0, len(weights), 2)):
        below = layers[k // 2]
        gradients[:0] = [below.swapaxes(-1, -2) @ errors[0], errors[0].sum(axis=-2, keepdims=True)]
        if k:
            errors.insert(0, errors[0] @ weights[k].swapaxes(-1, -2) * ACTIVATIONS[kind][1](below))
    return gradients, errors


def gradients_of(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, kind: str = "ReLU") -> list[np.ndarray]:
    """Gradients of the mean cross-entropy with softmax; y: (…, n, classes), one-hot."""
    layers = forward(weights, x, kind)
    return backward(weights, layers, (softmax(layers[-1], axis=-1) - y) / y.shape[-2], kind)[0]


def loss_of(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, kind: str = "ReLU") -> np.ndarray:
    """Mean cross-entropy, one number a network."""
    chances = softmax(forward(weights, x, kind)[-1], axis=-1)
    return -np.log((chances * y).sum(axis=-1) + 1e-9).mean(axis=-1)


def accuracy(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray, kind: str = "ReLU") -> np.ndarray:
    """Share of right answers, one number a network."""
    return (forward(weights, x, kind)[-1].argmax(axis=-1) == y.argmax(axis=-1)).mean(axis=-1)


def fit(
    weights: list[np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    method: tuple[int, Callable],
    rate_of: Callable[[int], np.ndarray | float],
    steps: int,
    batch: int,
    kind: str = "ReLU",
    seed: int = 0,
    watch: Callable[[list[np.ndarray]], np.ndarray] | None = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Trains on mini-batches drawn with replacement; too large a rate gives nan, without a warning.

    Args:
        weights: the start; it is not changed.
        x: (…, n, d) inputs.
        y: (…, n, classes) one-hot.
        method: number of arrays that it remembers, and ``step(w, *memory, g, t, rate) -> w, *memory``.
        rate_of: step number from 0 → rate, for a stack an array (networks, 1, 1).
        steps: how many.
        batch: examples in a batch.
        kind: of activation.
        seed: of the batches.
        watch: weights → what to record, before every fifth step.

    Returns:
        The weights, and what `watch` saw.
    """
    weights, seen = list(weights), []
    update = _updater(method, weights)
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        for t in range(1, steps + 1):
            if watch and (t - 1) % 5 == 0:
                seen.append(watch(weights))
            some = rng.integers(x.shape[-2], size=batch)
            rate = np.asarray(rate_of(t - 1), np.float32)
            update(gradients_of(weights, x[..., some, :], y[..., some, :], kind), t, rate)
    return weights, np.array(seen)


def _updater(method: tuple[int, Callable], weights: list[np.ndarray]) -> Callable:
    """``update(gradients, t, rate)``, which changes the list `weights` and remembers what the method needs."""
    size, step = method
    memory = [[np.zeros_like(w)] * size for w in weights]

    def update(gradients: list[np.ndarray], t: int, rate: np.ndarray | float) -> None:
        for k, g in enumerate(gradients):
            weights[k], *memory[k] = step(weights[k], *memory[k], g, t, rate)

    return update


def fit_autoencoder(
    data: np.ndarray, hidden: int, method: tuple[int, Callable], rate: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases of the encoder: sigmoids that rebuild `data`, (n, d), through a hidden layer.

    The loss is the cross-entropy of the pixels, on batches of 50.
    """
    weights = network((data.shape[1], hidden, data.shape[1]), 0, gain=1.0)
    update, rng = _updater(method, weights), np.random.default_rng(0)
    for t in range(1, steps + 1):
        x = data[rng.integers(len(data), size=50)]
        layers = forward(weights, x, "sigmoid")
        update(backward(weights, layers, (expit(layers[-1]) - x) / 50, "sigmoid")[0], t, rate)
    return weights[0], weights[1]


def two_layers(train_layer: Callable, data: np.ndarray, copies: int) -> list[np.ndarray]:
    """Two layers of 100 units, learnt one after the other without labels, for `copies` equal networks.

    Args:
        train_layer: (n, d) data in [0, 1] → weights (d, 100) and biases of one layer of sigmoids.
        data: (n, d).
        copies: networks in the stacks that are returned.
    """
    w1, b1 = train_layer(data)
    w2, b2 = train_layer(expit(data @ w1 + b1))
    arrays = (np.float32(array).reshape(-1, 100) for array in (w1, b1, w2, b2))
    return [np.array([array] * copies) for array in arrays]


def descend(
    method: tuple[int, Callable], start: np.ndarray, gradient: Callable, rate: np.ndarray | float, steps: int
) -> np.ndarray:
    """The way of a method, as in `fit`, down from `start` along `gradient`; (steps + 1, *start.shape)."""
    size, step = method
    w, memory, path = start, [np.zeros_like(start)] * size, [start]
    for t in range(1, steps + 1):
        w, *memory = step(w, *memory, gradient(w), t, rate)
        path.append(w)
    return np.array(path)


def nesterov_step(w: np.ndarray, v: np.ndarray, g: np.ndarray, rate: float, rho: float) -> tuple:
    """Nesterov's step in Keras's variables: w is the place that is looked at, and g the gradient there."""
    v = rho * v - rate * g
    return w + rho * v - rate * g, v


def keras_optimisers(rate: float) -> dict:
    """The seven methods of the lab from Keras; momentum 0.9, and an accumulator that starts at 0."""
    import keras

    return {
        "SGD": keras.optimizers.SGD(rate),
        "momentum": keras.optimizers.SGD(rate, momentum=0.9),
        "Nesterov": keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "Adagrad": keras.optimizers.Adagrad(rate, initial_accumulator_value=0),
        "Adadelta": keras.optimizers.Adadelta(rate),
        "RMSProp": keras.optimizers.RMSprop(rate),
        "Adam": keras.optimizers.Adam(rate),
    }
