"""Several networks that learn side by side in one Keras model: an experiment with its spread for the price of one.

Every array has an axis of networks behind that of the samples. A network sees its own column only: its kernels are a
slice of their own, and the losses of the networks are added, so that none has an influence on another's gradient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

BATCH = 50  # samples of each network in a step
FAST = {"steps_per_execution": 10, "jit_compile": False}


def pixels(images: np.ndarray) -> np.ndarray:
    """Images (…, 28, 28) from 0 to 255 as (…, 196) from 0 to 1: 2 × 2 pixels averaged."""
    blocks = images.reshape(*images.shape[:-2], 14, 2, 14, 2).mean(axis=(-3, -1))
    return blocks.reshape(*images.shape[:-2], 196).astype("float32") / 255


def patches(x: np.ndarray) -> np.ndarray:
    """Images (n, networks, 196) as (n, networks, 36, 9): 3 × 3 pixels at every second place of 14 × 14."""
    pictures = x.reshape(*x.shape[:2], 14, 14)
    view = np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), axis=(2, 3))
    return view[:, :, ::2, ::2].reshape(*x.shape[:2], 36, 9)


def dense(inputs: int, units: int, networks: int = 4, **options: Any) -> Any:
    """A dense layer for each network: (n, networks, inputs) to (n, networks, units), with the start of He et al."""
    import keras

    he = keras.initializers.RandomNormal(stddev=(2 / inputs) ** 0.5, seed=inputs)
    options = {"kernel_initializer": he, **options}
    return keras.layers.EinsumDense("bnd,ndm->bnm", (networks, units), bias_axes="nm", **options)


def convolution(maps: int, networks: int = 4) -> Any:
    """A convolution with ReLU on `patches`, a dense layer that all places share: (n, networks, 36, maps)."""
    import keras

    he = keras.initializers.RandomNormal(stddev=(2 / 9) ** 0.5, seed=9)
    options = {"bias_axes": "nm", "activation": "relu", "kernel_initializer": he}
    return keras.layers.EinsumDense("bnpd,ndm->bnpm", (networks, 36, maps), **options)


def normalisation(units: int, networks: int, **options: Any) -> list:
    """The layers of batch normalisation for every unit of every network by itself."""
    import keras

    normalise = keras.layers.BatchNormalization(momentum=0.9, **options)
    return [keras.layers.Reshape((networks * units,)), normalise, keras.layers.Reshape((networks, units))]


def learn(
    x: np.ndarray,
    y: np.ndarray,
    parts: Sequence,
    check: tuple[np.ndarray, np.ndarray],
    smoothing: float = 0,
    steps: int = 600,
    look: int = 100,
) -> tuple[Any, np.ndarray]:
    """Trains with Adam at a rate of 0.003 for about `steps` steps, however many samples there are.

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

    def watch(epoch, logs):
        curve.append(cross_entropy(model, *check))

    keras.utils.set_random_seed(5)  # the order of the samples
    model = keras.Sequential([keras.Input(x.shape[1:]), *parts])
    model.compile(keras.optimizers.Adam(0.003), loss, **FAST)
    curve, callback = [], keras.callbacks.LambdaCallback(on_epoch_end=watch)
    again = -(-BATCH * look // len(x))  # a small set is repeated within an epoch: fewer epochs, less overhead
    x, y = np.concatenate([x] * again), np.concatenate([y] * again)
    model.fit(x, y, batch_size=BATCH, epochs=round(BATCH * steps / len(x)), verbose=0, callbacks=[callback])
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

    def loss(y, logits):
        return ops.sum(factors * keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True), axis=-1)

    factors = np.broadcast_to(np.float32(rates), networks)
    keras.utils.set_random_seed(0)
    parts = [keras.Input((networks, 196))]
    for inputs in (196, 40, 40, 40, 40, 40):
        norm = normalisation(40, networks, **options) if where else []
        act = [keras.layers.Activation(activation)]
        parts.append(dense(inputs, 40, networks, kernel_initializer=start))
        parts += act + norm if where == "after" else norm + act
    model = keras.Sequential([*parts, dense(40, 10, networks, kernel_initializer=start)])
    model.compile(keras.optimizers.SGD(1.0), loss, **FAST)
    model.fit(*data, batch_size=BATCH, epochs=3, verbose=0)
    return accuracy(model, *test)


def accuracy(model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each network, (networks,)."""
    return np.mean(np.argmax(model(x), axis=-1) == y, axis=0)


def cross_entropy(model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean loss of each network, (networks,)."""
    import keras

    return np.mean(keras.losses.sparse_categorical_crossentropy(y, model(x), from_logits=True), axis=0)


def neuron_inputs(data: tuple, probe: np.ndarray, normalise: bool) -> tuple[np.ndarray, Any]:
    """Percentiles of what arrives at the last 40 of three layers of sigmoids, while one network learns.

    Args:
        data: inputs (n, 196) and labels (n,).
        probe: inputs (k, 196) on which the percentiles are taken.
        normalise: with batch normalisation before the sigmoids.

    Returns:
        The 15th, 50th and 85th percentile every ten steps, (looks, 3, 40), and the model.
    """
    import keras

    def look(step, logs):
        if step % 10 == 0:
            seen.append(np.percentile(inputs(probe, training=normalise), (15, 50, 85), axis=0))

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((196,))])
    for _ in range(3):
        model.add(keras.layers.Dense(40))
        if normalise:
            model.add(keras.layers.BatchNormalization(momentum=0.9))
        model.add(keras.layers.Activation("sigmoid"))
    inputs = keras.Model(model.inputs[0], model.layers[-2].output)
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy", jit_compile=False)
    seen, callback = [], keras.callbacks.LambdaCallback(on_train_batch_end=look)
    model.fit(*data, batch_size=BATCH, epochs=8, verbose=0, callbacks=[callback])
    return np.array(seen), model
