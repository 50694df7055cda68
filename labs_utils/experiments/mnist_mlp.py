"""Lab 04: how it trains on MNIST, and its long runs: 1000 epochs, learning curves, the larger network's seeds."""

import math
from typing import Any

import numpy as np

SCALINGS = ("raw 0..16", "divided by 16", "standardised")
SEEDS = 10
EPOCHS = 1000
BATCH = 10
RATE = 0.01
RECORDED = sorted({*range(1, 11), *range(20, 100, 10), *range(100, EPOCHS + 1, 50)})

SIZES = (100, 300, 1000, 3000, 10_000, 30_000, 60_000)
UPDATES = 3000


def scaled(x_train: np.ndarray, x_val: np.ndarray, scaling: str) -> tuple[np.ndarray, np.ndarray]:
    """Both sets (n, 64) scaled in one of the three ways; the statistics come from the training set alone."""
    if scaling == "divided by 16":
        return x_train / 16, x_val / 16
    if scaling == "standardised":
        mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
        spread = np.where(spread == 0, 1, spread)
        return (x_train - mean) / spread, (x_val - mean) / spread
    return x_train, x_val


def lecture_network():
    """The lecture's 64-32-16-10 network: sigmoid, sigmoid, softmax."""
    import keras

    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="sigmoid"),
            keras.layers.Dense(16, activation="sigmoid"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


class ManyNetworks:
    """Copies of the lecture's network side by side, each with its own weights and its own data.

    A single small network keeps a computer busy with overhead; thirty of them in one batch of matrix products take
    hardly longer. What each learns is what Keras' SGD would teach it alone (tests/test_experiments.py).

    Args:
        networks: Keras models of one architecture, from which the weights are copied.
    """

    def __init__(self, networks: list):
        import tensorflow as tf

        stacked = [np.stack(arrays) for arrays in zip(*(network.get_weights() for network in networks), strict=True)]
        self.weights = [tf.Variable(array) for array in stacked[0::2]]  # (networks, inputs, outputs)
        self.biases = [tf.Variable(array[:, None]) for array in stacked[1::2]]  # (networks, 1, outputs)
        self.epoch = tf.function(self._epoch, reduce_retracing=True)
        self.score = tf.function(self._score)

    def _logits(self, x):
        import tensorflow as tf

        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = tf.sigmoid(x @ weight + bias)
        return x @ self.weights[-1] + self.biases[-1]

    def _loss(self, x, y):
        import tensorflow as tf

        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, self._logits(x)), axis=1)

    def _epoch(self, x, y, order):
        import tensorflow as tf

        variables = [*self.weights, *self.biases]
        for start in tf.range(0, tf.shape(order)[0], BATCH):
            rows = order[start : start + BATCH]
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(self._loss(tf.gather(x, rows, axis=1), tf.gather(y, rows, axis=1)))
            for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
                variable.assign_sub(RATE * gradient)

    def _score(self, x, y):
        import tensorflow as tf

        logits = self._logits(x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits), axis=1)
        right = tf.reduce_mean(tf.cast(tf.argmax(logits, axis=-1) == y, tf.float32), axis=1)
        return loss, right


def digits_1000_epochs() -> dict:
    """The lecture's network on the 8x8 digits, 1000 epochs, ten seeds, three ways of scaling the pixels.

    A seed chooses the 1347/450 split, the first weights and the order of the samples.
    """
    import keras
    import tensorflow as tf
    from sklearn.model_selection import train_test_split

    from labs_utils.datasets import load_digits

    images, labels = load_digits()
    networks, parts = [], []
    for scaling in SCALINGS:
        for seed in range(SEEDS):
            x, x_val, y, y_val = train_test_split(images.reshape(-1, 64), labels, test_size=0.25, random_state=seed)
            keras.utils.set_random_seed(seed)
            networks.append(lecture_network())
            x, x_val = scaled(x, x_val, scaling)
            parts.append((x.astype(np.float32), y, x_val.astype(np.float32), y_val))
    x, y, x_val, y_val = (tf.constant(np.stack(arrays)) for arrays in zip(*parts, strict=True))
    many, rng, curves = ManyNetworks(networks), np.random.default_rng(0), []
    for epoch in range(1, EPOCHS + 1):
        many.epoch(x, y, tf.constant(rng.permutation(x.shape[1])))
        if epoch in RECORDED:
            curves.append([*many.score(x, y), *many.score(x_val, y_val)])
    # (measures, scalings, seeds, recorded epochs)
    table = np.moveaxis(np.array(curves), 0, -1).reshape(4, len(SCALINGS), SEEDS, len(RECORDED)).round(4)
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return {
        "about": "64-32-16-10 sigmoid network, SGD(0.01), batch 10, 1347 training and 450 validation images",
        "seeds": SEEDS,
        "epochs": RECORDED,
        "curves": {
            scaling: {name: table[m, s].tolist() for m, name in enumerate(names)} for s, scaling in enumerate(SCALINGS)
        },
    }


LECTURE = ["lecture", "not stated", "> 0.95", "> 0.97", 0.9993, 0.0261, "0.9667", 0.1426]  # A, digits with Keras


def long_run_table(run: dict) -> tuple[list, list]:
    """Header and rows of the table of `digits_1000_epochs`: the lecture's figures, then a scaling a row, means."""
    header = ["", "pixels", "at 100", "at 300", "training", "loss", "validation", "its loss"]
    rows, epochs = [LECTURE], np.array(run["epochs"])
    for scaling, measures in run["curves"].items():
        mean = {name: np.mean(values, axis=0) for name, values in measures.items()}
        early = [f"{mean['accuracy'][epochs == k][0]:.3f}" for k in (100, 300)]
        final = np.array(measures["val_accuracy"])[:, -1]
        last = [f"{mean[name][-1]:.4f}" for name in ("accuracy", "loss", "val_loss")]
        rows.append(["stored run", scaling, *early, *last[:2], f"{final.mean():.4f} ± {final.std():.4f}", last[2]])
    return header, rows


def train(model: Any, x: np.ndarray, y: np.ndarray, epochs: int, validation: tuple | None = None) -> dict:
    """Trains a network that returns logits: Adam, batches of 256, the rate from 0.003 to 0 along a cosine.

    Args:
        model: a Keras model; it is compiled here, so that it starts with a fresh optimiser.
        x: inputs (n, ...).
        y: (n,) integer labels.
        epochs: how many times it sees all of them.
        validation: inputs and labels to be measured after every epoch; the loss is printed, too.

    Returns:
        Keras' history: loss, and with `validation` accuracy, val_loss and val_accuracy, a number per epoch.
    """
    import keras

    from labs_utils.progress import loss_line

    steps = math.ceil(len(y) / 256)
    rate = keras.optimizers.schedules.CosineDecay(0.003, epochs * steps)
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"] if validation else None,
        steps_per_execution=min(steps, 50),
    )
    # Variables made in the first step, the optimiser's or a metric's, have it traced twice.
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(x[:1], y[:1], model(x[:1]))
    model.reset_metrics()
    line = [loss_line(parts=2)] if validation else None  # a sign of life, for long runs
    fit = {"batch_size": 256, "epochs": epochs, "validation_data": validation}
    return model.fit(x, y, **fit, callbacks=line, verbose=0).history


def hog_features(images: np.ndarray) -> np.ndarray:
    """HOG features (n, 324) of images (n, 28, 28): cells of 7x7 pixels, nine orientations, blocks of 2x2 cells."""
    from skimage.feature import hog

    return np.array(
        [hog(image, orientations=9, pixels_per_cell=(7, 7), cells_per_block=(2, 2)) for image in images], np.float32
    )


def small_mlp_accuracy(train: tuple, test: tuple, seed: int) -> float:
    """Test accuracy of one hidden layer of 64 ReLU units after `UPDATES` steps of Adam with batches of up to 128."""
    import keras

    (x, y), batch = train, min(128, len(train[0]))
    per_epoch = -(-len(x) // batch)
    epochs = -(-UPDATES // per_epoch)
    keras.utils.set_random_seed(seed)
    layers = [keras.Input(x.shape[1:]), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential(layers)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * per_epoch)
    model.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=min(50, per_epoch),
        jit_compile=False,
    )
    repeat = max(1, 50 // per_epoch)  # a small set is repeated within an epoch: fewer epochs, less overhead
    x, y = np.concatenate([x] * repeat), np.concatenate([y] * repeat)
    model.fit(x, y, batch_size=batch, epochs=max(1, epochs // repeat), verbose=0)
    return float(model.evaluate(*test, batch_size=1000, verbose=0)[1])


def mnist_learning_curves() -> dict:
    """Raw pixels against HOG on real MNIST, one small network, 100 to 60 000 images, three seeds.

    A seed chooses the images (stratified only by chance) and the first weights; test set: all 10 000 images.
    """
    (x_train, y_train), (x_test, y_test) = _real_mnist()
    inputs = {
        "raw pixels": [(x / 255).astype(np.float32).reshape(len(x), -1) for x in (x_train, x_test)],
        "HOG": [hog_features(x) for x in (x_train, x_test)],
    }
    accuracy: dict[str, list] = {name: [] for name in inputs}
    for size in SIZES:
        for name, (train, test) in inputs.items():
            runs = []
            for seed in range(3):
                rows = np.random.default_rng(seed).permutation(len(train))[:size]
                runs.append(round(small_mlp_accuracy((train[rows], y_train[rows]), (test, y_test), seed), 4))
            accuracy[name].append(runs)
            print(size, name, runs, flush=True)
    return {
        "about": f"one hidden layer of 64 ReLU units, {UPDATES} updates of Adam, tested on 10 000 images of MNIST",
        "sizes": SIZES,
        "accuracy": accuracy,
    }


def mnist_mlp_seeds() -> dict:
    """Lab 04's larger network, 784-512-128-10, trained exactly as in the lab on real MNIST, with ten seeds.

    A seed chooses the first weights and the order; the split is the lab's, so that seed 4 is the lab's own run. Test
    set: all 10 000 images.
    """
    import keras
    from sklearn.model_selection import train_test_split

    (x, y), (x_test, y_test) = _real_mnist()
    x, x_test = ((images / 255).astype(np.float32).reshape(len(images), -1) for images in (x, x_test))
    x_fit, _, y_fit, _ = train_test_split(x, y, test_size=0.1, stratify=y, random_state=0)
    accuracy = []
    for seed in range(10):
        keras.utils.set_random_seed(seed)
        hidden = [keras.layers.Dense(units, "relu") for units in (512, 128)]
        model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10)])
        train(model, x_fit, y_fit, epochs=8)
        right = np.argmax(model(x_test), axis=1) == y_test
        accuracy.append(round(float(right.mean()), 4))
        print(f"seed {seed}: {accuracy[-1]}", flush=True)
    return {
        "about": "784-512-128-10 ReLU, 54 000 images of MNIST, 8 epochs, batches of 256, Adam, cosine from 0.003",
        "accuracy": accuracy,
    }


def _real_mnist():
    from labs_utils.datasets import load_mnist
    from labs_utils.errors import LabsError

    train, test = load_mnist()
    if len(train[0]) != 60_000:
        raise LabsError("this experiment needs the real MNIST: set LABS_DATA_DIR or run `python -m labs_utils fetch`")
    return train, test


EXPERIMENTS = {
    "digits_1000_epochs": digits_1000_epochs,
    "mnist_learning_curves": mnist_learning_curves,
    "mnist_mlp_seeds": mnist_mlp_seeds,
}
