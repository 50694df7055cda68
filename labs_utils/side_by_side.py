"""Several networks that learn side by side in one Keras model: an experiment with its spread for the price of one.

Every array has an axis of networks behind that of the samples. A network sees its own column only: its kernels are a
slice of their own, and the losses of the networks are added, so that none has an influence on another's gradient.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

BATCH = 50  # samples of each network in a step


def pixels(images: np.ndarray) -> np.ndarray:
    """Images (…, 28, 28) from 0 to 255 as (…, 196) from 0 to 1: 2 × 2 pixels averaged."""
    blocks = images.reshape(*images.shape[:-2], 14, 2, 14, 2).mean(axis=(-3, -1))
    return blocks.reshape(*images.shape[:-2], 196).astype("float32") / 255


def dense(inputs: int, units: int, networks: int = 4, **options: Any) -> Any:
    """A dense layer for each network: (n, networks, inputs) to (n, networks, units), with the start of He et al."""
    import keras

    he = keras.initializers.RandomNormal(stddev=(2 / inputs) ** 0.5, seed=inputs)
    options = {"kernel_initializer": he, **options}
    return keras.layers.EinsumDense("bnd,ndm->bnm", (networks, units), bias_axes="nm", **options)


def convolution(maps: int, networks: int = 4) -> list:
    """The layers of a convolution with ReLU: (n, networks, 196) to (n, networks, 36, maps).

    A dense layer that all places share: it sees 3 × 3 pixels at every second place of 14 × 14.
    """
    import keras
    from keras import ops

    corners = np.arange(196).reshape(14, 14)[:-2:2, :-2:2].reshape(36, 1)
    places = corners + (14 * np.arange(3)[:, None] + np.arange(3)).ravel()
    he = keras.initializers.RandomNormal(stddev=(2 / 9) ** 0.5, seed=9)
    options = {"bias_axes": "nm", "activation": "relu", "kernel_initializer": he}
    patches = keras.layers.Lambda(lambda x: ops.take(x, places, axis=2))
    return [patches, keras.layers.EinsumDense("bnpd,ndm->bnpm", (networks, 36, maps), **options)]


def convolutional(
    maps: int = 8, units: int = 64, behind_maps: float = 0.0, behind_dense: float = 0.0, networks: int = 4
) -> list:
    """The layers of a small convolutional network, with dropout of whole maps or behind the dense layer."""
    import keras

    whole_maps = keras.layers.Dropout(behind_maps, (None, networks, 1, maps), seed=1)
    flat = keras.layers.Reshape((networks, 36 * maps))
    hidden = dense(36 * maps, units, networks, activation="relu")
    dropped = keras.layers.Dropout(behind_dense, seed=1)
    return [*convolution(maps, networks), whole_maps, flat, hidden, dropped, dense(units, 10, networks)]


def normalisation(units: int, networks: int = 4, **options: Any) -> list:
    """The layers of batch normalisation for every unit of every network by itself."""
    import keras

    normalise = keras.layers.BatchNormalization(momentum=0.9, **options)
    return [keras.layers.Reshape((networks * units,)), normalise, keras.layers.Reshape((networks, units))]


def train(
    model: Any, optimiser: Any, loss: Callable, x: np.ndarray, y: np.ndarray, steps: int, look: int
) -> Iterator[None]:
    """Trains a model on batches of `BATCH` samples and pauses after every `look` steps.

    `Model.fit` traces its step twice and spends a millisecond around it: more than half of the time of thirty trainings
    of small networks.

    Args:
        model: a Keras model.
        optimiser: of Keras.
        loss: of labels and outputs, one value for each sample.
        x: inputs.
        y: labels.
        steps: a multiple of `look`.
        look: steps between two pauses.
    """
    import tensorflow as tf

    optimiser.build(model.trainable_variables)
    inputs, labels = tf.constant(x), tf.constant(y)

    @tf.function(input_signature=[tf.TensorSpec((look, BATCH), tf.int64)])
    def run(batches):
        for rows in batches:
            with tf.GradientTape() as tape:
                losses = loss(tf.gather(labels, rows), model(tf.gather(inputs, rows), training=True))
                total = tf.reduce_mean(losses) + sum(model.losses)
            optimiser.apply(tape.gradient(total, model.trainable_variables))

    step = run.get_concrete_function()  # called by itself: TensorFlow would warn of many functions of one name
    rng = np.random.default_rng(5)
    epochs = -(-BATCH * steps // len(x))
    order = np.concatenate([rng.permutation(len(x)) for _ in range(epochs)])[: BATCH * steps]
    for batches in np.split(order.reshape(steps, BATCH), steps // look):
        step(tf.constant(batches, tf.int64))
        yield


def learn(
    x: np.ndarray,
    y: np.ndarray,
    parts: Sequence,
    check: tuple[np.ndarray, np.ndarray],
    smoothing: float = 0,
    steps: int = 600,
    look: int = 100,
) -> tuple[Any, np.ndarray]:
    """Trains with Adam at a rate of 0.003 for `steps` steps, however many samples there are.

    Args:
        x: (n, networks, …) inputs.
        y: (n, networks) labels from 0 to 9.
        parts: the layers.
        check: validation inputs and labels.
        smoothing: of the labels.
        steps: of 50 samples.
        look: steps between two looks at the validation loss.

    Returns:
        The model and the validation losses, (looks, networks).
    """
    import keras
    from keras import ops

    def loss(y, logits):
        targets = ops.one_hot(ops.cast(y, "int32"), 10)
        targets = (1 - smoothing) * targets + smoothing / 10
        return ops.sum(keras.losses.categorical_crossentropy(targets, logits, from_logits=True), axis=-1)

    model = keras.Sequential([keras.Input(x.shape[1:]), *parts])
    adam = keras.optimizers.Adam(0.003)
    curve = [cross_entropy(model, *check) for _ in train(model, adam, loss, x, y, steps, look)]
    return model, np.array(curve)


def deep(
    data: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    where: str | None,
    activation: str = "relu",
    starts: Sequence | None = None,
    rates: float | Sequence[float] = 0.05,
    **options: Any,
) -> np.ndarray:
    """Test accuracies of several deep networks, six hidden layers of 40 units, after three epochs of SGD.

    A factor before a network's loss acts like a learning rate of its own.

    Args:
        data: inputs (n, networks, 196) and labels (n, networks).
        test: the same, not learnt.
        where: batch normalisation "before" or "after" the activation, or None.
        activation: of the hidden layers.
        starts: for each network a function that makes its starting weights of those of He et al.
        rates: learning rates, one or one for each network.
        **options: of the batch normalisation.
    """
    import keras
    from keras import ops

    networks = data[0].shape[1]

    def start(shape, dtype=None):
        he = np.random.default_rng(shape[1]).normal(size=shape) * (2 / shape[1]) ** 0.5
        changed = he if starts is None else [change(w) for change, w in zip(starts, he, strict=True)]
        return ops.convert_to_tensor(np.array(changed), dtype)

    factors = np.broadcast_to(np.float32(rates), networks)
    parts = [keras.Input((networks, 196))]
    for inputs in (196, 40, 40, 40, 40, 40):
        norm = normalisation(40, networks, **options) if where else []
        act = [keras.layers.Activation(activation)]
        parts.append(dense(inputs, 40, networks, kernel_initializer=start))
        parts += act + norm if where == "after" else norm + act
    model = keras.Sequential([*parts, dense(40, 10, networks, kernel_initializer=start)])
    steps = 3 * len(data[0]) // BATCH
    for _ in train(model, keras.optimizers.SGD(1.0), _added_losses(factors), *data, steps, steps):
        pass
    return accuracy(model, *test)


def _added_losses(factors: np.ndarray | float = 1.0) -> Callable:
    """Cross-entropy of labels and logits, times `factors`, added up over the networks of each sample."""
    import keras
    from keras import ops

    def loss(y, logits):
        return ops.sum(factors * keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True), axis=-1)

    return loss


def accuracy(model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each network, (networks,)."""
    return np.mean(np.argmax(model(x), axis=-1) == y, axis=0)


def cross_entropy(model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean loss of each network, (networks,)."""
    import keras

    return np.mean(keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True), axis=0)


def neuron_inputs(x: np.ndarray, y: np.ndarray, between: Callable[[], list]) -> tuple[np.ndarray, Any]:
    """Percentiles of what arrives at the last of three layers of 40 sigmoids, while several networks learn.

    Args:
        x: inputs (n, networks, 196); the percentiles are taken on the first 500.
        y: labels (n, networks).
        between: makes the layers that stand between each dense layer and its sigmoids.

    Returns:
        The 15th, 50th and 85th percentile every ten steps, (looks, 3, networks, 40), and the model.
    """
    import keras

    networks, parts = x.shape[1], [keras.Input(x.shape[1:])]
    for inputs in (196, 40, 40):
        glorot = keras.initializers.RandomNormal(stddev=inputs**-0.5, seed=inputs)
        parts += [
            dense(inputs, 40, networks, kernel_initializer=glorot),
            *between(),
            keras.layers.Activation("sigmoid"),
        ]
    model = keras.Sequential([*parts, dense(40, 10, networks)])
    arriving = keras.Model(model.inputs[0], model.layers[-3].output)
    steps = train(model, keras.optimizers.SGD(0.5), _added_losses(), x, y, 8 * len(x) // BATCH, 10)
    seen = [np.percentile(arriving(x[:500], training=True), (15, 50, 85), axis=0) for _ in steps]
    return np.array(seen), model
