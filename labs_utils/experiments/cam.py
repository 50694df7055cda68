"""The long runs of lab 10: how far its measured maps, and its Clever Hans, depend on the network that was trained."""

import numpy as np

from labs_utils.datasets import SHAPES, TAG_BOX, add_tag, make_scenes
from labs_utils.experiments.cnn import warmup_cosine
from labs_utils.map_scores import energy_in_box, mean_over_windows

SEEDS = 5
BATCH = 32
TAGGED = SHAPES.index("square")
NEAR_TAG = (TAG_BOX[0] - 8, 0, 48, TAG_BOX[3] + 8)
"""The tag and what lies within 8 pixels of it, as a box."""


def network():
    """The lab's network: four convolutions, global average pooling, scores of five classes."""
    import keras
    from keras import layers

    body = []
    for filters, size, stride in ((16, 5, 2), (24, 3, 2), (32, 3, 1), (32, 3, 1)):
        body.append(layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False))
        body += [layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([keras.Input((48, 48, 3)), *body, layers.GlobalAveragePooling2D(), layers.Dense(5)])


def train(model, inputs: np.ndarray, labels: np.ndarray, epochs: int, peak: float = 0.01) -> None:
    """Trains a model that gives scores: Adam, batches of 32, a rate that warms up to `peak` and falls to zero.

    All updates are one compiled loop. For a network with batch normalisation `model.fit` spends as long on building its
    own loop as on two epochs of 2400 scenes.

    Args:
        model: gives scores (n, K); all its trainable weights move.
        inputs: (n, …) what the model expects.
        labels: (n,) whole numbers.
        epochs: passes through the inputs, each in a new order, drawn with NumPy's global generator.
        peak: the highest rate.
    """
    import keras
    import tensorflow as tf

    updates = -(-len(inputs) // BATCH)  # of an epoch
    optimiser = keras.optimizers.Adam(warmup_cosine(epochs * updates, peak))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimiser.build(model.trainable_variables)

    def update(step, x, y, orders):
        start = step % updates * BATCH
        rows = orders[step // updates, start : start + BATCH]
        with tf.GradientTape() as tape:
            value = loss(tf.gather(y, rows), model(tf.gather(x, rows), training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimiser.apply(gradients, model.trainable_variables)
        return step + 1, x, y, orders

    def run(x, y, orders):
        tf.while_loop(lambda step, *_: step < epochs * updates, update, (0, x, y, orders), parallel_iterations=1)

    orders = np.stack([np.random.permutation(len(inputs)) for _ in range(epochs)])
    given = tf.constant(inputs, tf.float32), tf.constant(labels), tf.constant(orders)
    tf.function(run, autograph=False).get_concrete_function(*given)(*given)


def scores(model, images: np.ndarray) -> np.ndarray:
    """Scores (n, 5) of scenes with pixels from 0 to 1."""
    return model.predict(2 * images - 1, batch_size=500, verbose=0)


def gradients(model, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Gradient of the score of each image's class by its pixels."""
    import tensorflow as tf

    x = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        wanted = tf.gather(model(2 * x - 1, training=False), classes, axis=1, batch_dims=1)
    return tape.gradient(wanted, x).numpy()


def occlusion(model, images: np.ndarray, classes: np.ndarray, size: int = 8, stride: int = 5) -> np.ndarray:
    """How far the score falls when a window shows the image's mean colour, averaged over the windows of a pixel."""
    n, side = images.shape[:2]
    starts = range(0, side - size + 1, stride)
    rows, means = np.arange(n), images.mean(axis=(1, 2), keepdims=True)
    drops = np.empty((n, len(starts), len(starts)))
    untouched = scores(model, images)[rows, classes]
    for i, top in enumerate(starts):
        for j, left in enumerate(starts):
            copies = images.copy()
            copies[:, top : top + size, left : left + size] = means
            drops[:, i, j] = untouched - scores(model, copies)[rows, classes]
    return np.stack([mean_over_windows(drop, size, stride, side, side) for drop in drops])


def pointing(maps: np.ndarray, boxes: np.ndarray) -> float:
    """Share of the maps whose largest value lies in the box."""
    peaks = [np.unravel_index(m.argmax(), m.shape) for m in maps]
    hits = [box[0] <= i < box[2] and box[1] <= j < box[3] for (i, j), box in zip(peaks, boxes, strict=True)]
    return float(np.mean(hits))


def cam_methods() -> dict:
    """Lab 10: pointing game and energy of five methods on scenes with one and with two objects, five networks."""
    import keras

    from labs_utils.gradcam import grad_cam

    training, test, pairs = make_scenes(2400, 1), make_scenes(500, 2), make_scenes(100, 3, objects=2)
    sets = (
        (test.images[:100], test.labels[:100], test.boxes[:100]),
        (pairs.images, pairs.labels[:, 0], pairs.boxes[:, 0]),
    )
    noise = np.random.default_rng(5).normal(0, 0.15, (10, 48, 48, 3)).astype("float32")
    methods = {
        "CAM": lambda model, x, k: grad_cam(model, 2 * x - 1, k, relu=False),  # equal to CAM here, up to a factor
        "Grad-CAM": lambda model, x, k: grad_cam(model, 2 * x - 1, k),
        "saliency": lambda model, x, k: np.abs(gradients(model, x, k)).max(axis=-1),
        "SmoothGrad": lambda model, x, k: np.abs(
            np.mean([gradients(model, x + some, k) for some in noise], axis=0)
        ).max(axis=-1),
        "occlusion": occlusion,
    }
    accuracies: list = []
    runs: dict[str, list] = {name: [] for name in methods}
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        model = network()
        train(model, 2 * training.images - 1, training.labels, epochs=5)
        accuracies.append(round(float(np.mean(scores(model, test.images).argmax(axis=1) == test.labels)), 4))
        for name, method in methods.items():
            maps = [method(model, images, classes) for images, classes, _ in sets]
            found = [pointing(m, boxes) for m, (_, _, boxes) in zip(maps, sets, strict=True)]
            runs[name].append([round(value, 3) for value in (*found, energy_in_box(maps[1], sets[1][2]))])
            print(f"seed {seed}, accuracy {accuracies[-1]}, {name}: {runs[name][-1]}", flush=True)
    return {
        "accuracy": accuracies,
        "measures": ["pointing, one object", "pointing, two objects", "energy in the box, two objects"],
        "runs": runs,
    }


def cam_clever_hans() -> dict:
    """Lab 10: what a source tag on one class does to a network, and what retraining repairs; five networks."""
    import keras

    training, test = make_scenes(2400, 1), make_scenes(500, 2)
    runs: dict[str, list] = {"tags on squares": [], "repaired": []}
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        model = network()
        train(model, 2 * tagged(training.images, training.labels == TAGGED) - 1, training.labels, epochs=4)
        runs["tags on squares"].append(tag_report(model, test))
        coin = np.random.default_rng(8).random(len(training.images)) < 0.5
        train(model, 2 * tagged(training.images, coin) - 1, training.labels, epochs=3, peak=0.005)
        runs["repaired"].append(tag_report(model, test))
        print(f"seed {seed}: {[run[-1] for run in runs.values()]}", flush=True)
    measures = [
        "accuracy, same source",
        "tagged squares",
        "untagged squares",
        "other shapes, tagged",
        "energy near the tag",
    ]
    return {"measures": measures, "runs": runs}


def tagged(images: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Copies of the scenes; those at `where` carry the source tag."""
    return np.where(where[:, None, None, None], add_tag(images), images)


def tag_report(model, test) -> list[float]:
    """The five measures: accuracy on the same source, three shares called "square", energy of Grad-CAM near the tag."""
    from labs_utils.gradcam import grad_cam

    is_square = test.labels == TAGGED
    squares, rest = test.images[is_square], test.images[~is_square]
    source = tagged(test.images, is_square)
    values = [np.mean(scores(model, source).argmax(axis=1) == test.labels)]
    for images in (add_tag(squares), squares, add_tag(rest)):
        values.append(np.mean(scores(model, images).argmax(axis=1) == TAGGED))
    maps = grad_cam(model, 2 * add_tag(squares) - 1, TAGGED)
    values.append(energy_in_box(maps, np.tile(NEAR_TAG, (len(squares), 1))))
    return [round(float(value), 3) for value in values]


EXPERIMENTS = {"cam_methods": cam_methods, "cam_clever_hans": cam_clever_hans}
