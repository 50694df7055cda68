"""How lab 09 runs and trains its networks, the same in the lab and in its stored experiments."""

import time

import numpy as np


def traced(network):
    """`network`, which from now on computes its outputs as a graph that is traced once, not layer by layer in Python.

    An attack asks for outputs and gradients hundreds of times; of small networks Python takes the larger part.

    Args:
        network: a Keras model.
    """
    import tensorflow as tf

    network.call = tf.function(network.call, reduce_retracing=True)
    return network


def fit(network, images: np.ndarray, labels: np.ndarray, epochs: int, peak: float, batch: int = 64) -> float:
    """Trains with Adam, the learning rate rising to `peak` during 20 updates and falling along a cosine.

    Args:
        network: a Keras model that gives logits.
        images: (n, …) in [0, 1].
        labels: (n,) whole numbers.
        epochs: passes through the images.
        peak: highest learning rate.
        batch: images an update.

    Returns:
        The seconds on the clock that it took.
    """
    import keras

    start = time.perf_counter()
    updates = epochs * -(-len(images) // batch)
    rate = keras.optimizers.schedules.CosineDecay(peak / 10, max(updates - 20, 1), warmup_target=peak, warmup_steps=20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(rate), loss, steps_per_execution=8)
    network.optimizer.build(network.trainable_variables)  # made in the first step they have it traced twice: 0.8 s
    network.fit(images, labels, batch_size=batch, epochs=epochs, verbose=0)
    return time.perf_counter() - start
