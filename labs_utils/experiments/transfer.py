"""The long runs of lab 08: learning curves of ways to start, on textures and on photographs, and four quadrants."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

SIZE = 96
COUNTS = (5, 10, 20, 40)  # labelled pictures per class for the cheap ways to start
TRAINED = {5: 100, 20: 50, 40: 40}  # the same for those that train a network: epochs from scratch
PROBES, TRAININGS = 10, 5  # draws of labelled pictures
BATCH = 30
SCRATCH_RATE, HEAD_RATE, TUNED_RATE = 1e-3, 1e-3, 1e-4
HEAD_EPOCHS, TUNED_EPOCHS = 60, 10
UNFROZEN = 73  # the first layer of MobileNet's last two blocks


def tasks() -> dict[str, tuple]:
    """Both tasks as pictures (n, 96, 96, 3) uint8: ``{name: ((x_train, y_train), (x_test, y_test))}``.

    Raises:
        LabsError: the photographs are not available.
    """
    from labs_utils import datasets
    from labs_utils.datasets.pictures import enlarge
    from labs_utils.errors import LabsError

    (x, y), (x_test, y_test) = datasets.load_textures(48, train=100, test=100)
    textures = (enlarge(x), y), (enlarge(x_test), y_test)
    train, test, names = datasets.load_chihuahua(SIZE)
    if len(names) != 2:
        raise LabsError("the stored run needs the photographs of chihuahuas and muffins: set LABS_DATA_DIR")
    return {"textures": textures, "chihuahua or muffin": (train, test)}


def draw(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices of `count` random pictures of each class."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.choice(np.flatnonzero(labels == k), count, False) for k in np.unique(labels)])


def features_of(base, pictures: np.ndarray) -> np.ndarray:
    """The averages of the last maps, (n, channels)."""
    return base.predict(pictures / 127.5 - 1, batch_size=100, verbose=0).mean(axis=(1, 2))


def probe(train: tuple, test: tuple) -> float:
    """Test accuracy of logistic regression on features that are centred and divided by one number.

    Args:
        train: features (n, d) and labels (n,).
        test: the same of other pictures.
    """
    from sklearn.linear_model import LogisticRegression

    mean = train[0].mean(axis=0)
    scale = (train[0] - mean).std()
    with _thread_pools().limit(limits=1):  # on matrices this small, several threads wait longer than they work
        model = LogisticRegression(max_iter=1000).fit((train[0] - mean) / scale, train[1])
        return round(model.score((test[0] - mean) / scale, test[1]), 4)


@lru_cache
def _thread_pools():
    """Looked for once: it takes longer than a small regression."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def pixels_of(pictures: np.ndarray) -> np.ndarray:
    """Every eighth pixel along both axes, (n, 432) for 96 × 96."""
    return np.asarray(pictures)[:, 4::8, 4::8].reshape(len(pictures), -1).astype("float32")


def probed(train: tuple, test: tuple, counts: Sequence[int] = COUNTS, seeds: Sequence[int] = range(PROBES)) -> list:
    """Accuracies of `probe`: one list for each draw, with one value for each count of labels per class."""
    chosen = [[draw(train[1], count, seed) for count in counts] for seed in seeds]
    return [[probe((train[0][rows], train[1][rows]), test) for rows in line] for line in chosen]


def head(classes: int) -> list:
    """The lecture's layers behind the average."""
    import keras

    return [keras.layers.Dense(1024, activation="relu"), keras.layers.Dense(classes, activation="softmax")]


class Network:
    """A base with the lecture's head, trained anew for each draw without being built and compiled again.

    Args:
        base: a MobileNet without its top; it is used itself, not copied.
        classes: how many there are.
        first: index of the first layer that is trained; batch normalisation is trained only if this is 0.
        rate: learning rate of Adam.
    """

    def __init__(self, base, classes: int, first: int, rate: float):
        import keras

        x = keras.layers.GlobalAveragePooling2D()(base.output)
        for layer in head(classes):
            x = layer(x)
        self.model = keras.Model(base.input, x)
        for number, layer in enumerate(self.model.layers):
            normalises = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = number >= first and (first == 0 or not normalises)
            if normalises:
                layer.momentum = 0.9  # with 0.99 a few hundred steps are too few for the running averages
        _compile(self.model, rate)
        self.start = self.model.get_weights()

    def accuracy(self, train: tuple, test: tuple, epochs: int, head_weights: list | None = None) -> float:
        """Test accuracy after `epochs` on `train` from the weights it was built with, or with another head."""
        start = self.start if head_weights is None else self.start[: -len(head_weights)] + head_weights
        train_anew(self.model, start, (train[0] / 127.5 - 1, train[1]), epochs)
        return round(self.model.evaluate(test[0] / 127.5 - 1, test[1], batch_size=100, verbose=0)[1], 4)


def _compile(model, rate: float) -> None:
    import keras

    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )


def train_anew(model, start: list, train: tuple, epochs: int) -> None:
    """Trains from the weights `start` with an optimiser that has forgotten the last training.

    Batch by batch: Keras' `fit` spends 45 ms on each epoch beside the work, and there are epochs of one batch here.
    """
    model.set_weights(start)
    for variable in model.optimizer.variables:
        if not variable.path.endswith("learning_rate"):
            variable.assign(np.zeros(variable.shape, variable.dtype))
    x, y = train
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for rows in np.split(order, range(BATCH, len(order), BATCH)):
            model.train_on_batch(x[rows], y[rows])


def transfer_curves() -> dict:
    """Lab 08: accuracy against labels per class from scratch, random, frozen and fine-tuned ImageNet; two tasks."""
    import keras

    from labs_utils.errors import LabsError
    from labs_utils.pretrained import load_mobilenet

    imagenet = load_mobilenet(SIZE)
    if imagenet.trained_on != "ImageNet":
        raise LabsError("the stored run needs ImageNet's weights: set LABS_DATA_DIR")
    untrained = []
    for seed in range(PROBES):
        keras.utils.set_random_seed(seed)
        untrained.append(load_mobilenet(SIZE, weights="random").model)
    results = {}
    for task, (train, test) in tasks().items():
        results[task] = {
            "raw pixels": probed(*((pixels_of(x), y) for x, y in (train, test))),
            "random": [
                probed((features_of(base, train[0]), train[1]), (features_of(base, test[0]), test[1]), seeds=[seed])[0]
                for seed, base in enumerate(untrained)
            ],
            "ImageNet": probed(*((features_of(imagenet.model, x), y) for x, y in (train, test))),
            "ImageNet, fine-tuned": _fine_tuned(imagenet.model, train, test),
            "from scratch": _from_scratch(untrained[0], train, test),
        }
        print(task, {name: np.mean(runs, axis=0).round(3).tolist() for name, runs in results[task].items()}, flush=True)
    return {"size": SIZE, "counts": list(COUNTS), "trained_counts": list(TRAINED), "accuracy": results}


def copy_of(base):
    """The same layers with the same weights, and nothing shared: training the copy leaves `base` as it is."""
    import keras

    copy = keras.models.clone_model(base)
    copy.set_weights(base.get_weights())
    return copy


def _from_scratch(base, train: tuple, test: tuple) -> list:
    network = Network(copy_of(base), len(np.unique(train[1])), 0, SCRATCH_RATE)
    runs = []
    for seed in range(TRAININGS):
        chosen = {count: draw(train[1], count, seed) for count in TRAINED}
        runs.append(
            [network.accuracy((train[0][rows], train[1][rows]), test, TRAINED[count]) for count, rows in chosen.items()]
        )
    return runs


def _fine_tuned(base, train: tuple, test: tuple) -> list:
    """First the head, on features of the frozen base; then the last two blocks too, at a tenth of the rate."""
    import keras

    classes = len(np.unique(train[1]))
    features = features_of(base, train[0])
    tuned = Network(copy_of(base), classes, UNFROZEN, TUNED_RATE)
    top = keras.Sequential([keras.Input(features.shape[1:]), *head(classes)])
    _compile(top, HEAD_RATE)
    start = top.get_weights()
    runs = []
    for seed in range(TRAININGS):
        line = []
        for count in TRAINED:
            rows = draw(train[1], count, seed)
            train_anew(top, start, (features[rows], train[1][rows]), HEAD_EPOCHS)
            line.append(tuned.accuracy((train[0][rows], train[1][rows]), test, TUNED_EPOCHS, top.get_weights()))
        runs.append(line)
    return runs


def transfer_quadrants() -> dict:
    """Lab 08: little or much data, a similar or another kind of picture; a small network from scratch, five draws."""
    from labs_utils import datasets

    (x, y), (x_test, y_test) = datasets.load_textures(48, train=100, test=100)
    digits, labels = datasets.load_digits()
    pictures = np.repeat(digits[..., None] / 16 * 255, 3, axis=-1)
    similar = (x[:, ::2, ::2], y), (x_test[:, ::2, ::2], y_test)
    other = (pictures[:1200], labels[:1200]), (pictures[1200:], labels[1200:])
    accuracy = {
        task: {
            f"{count} a class": [_small_network(train, test, count, seed) for seed in range(TRAININGS)]
            for count in (5, 100)
        }
        for task, (train, test) in {"textures": similar, "digits": other}.items()
    }
    return {"accuracy": accuracy}


def _small_network(train: tuple, test: tuple, count: int, seed: int) -> float:
    """Test accuracy of a network of three convolutions trained on `count` pictures of each class."""
    import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    body = []
    for filters in (16, 32, 64):
        body += [
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(2),
        ]
    classes = len(np.unique(train[1]))
    head = [layers.GlobalAveragePooling2D(), layers.Dense(classes, activation="softmax")]
    model = keras.Sequential([keras.Input(train[0].shape[1:]), *body, *head])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    rows = draw(train[1], count, seed)
    model.fit(train[0][rows] / 127.5 - 1, train[1][rows], batch_size=BATCH, epochs=60 if count < 50 else 20, verbose=0)
    return round(model.evaluate(test[0] / 127.5 - 1, test[1], verbose=0)[1], 4)


EXPERIMENTS = {"transfer_curves": transfer_curves, "transfer_quadrants": transfer_quadrants}
