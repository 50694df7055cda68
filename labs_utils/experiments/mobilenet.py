"""Trains the small MobileNet that comes with the course: CIFAR-10's objects and textures drawn by formula, together.

Run once by the project: ``python -m labs_utils.experiments mobilenet_training``, with CIFAR-10 as JPEG files in
``LABS_DATA_DIR/cifar10/cifar10_jpeg.zip`` (``{train,test}/<class>/NNNN.jpg``). It writes the weights to `WEIGHTS` and
what was measured to ``data/mobilenet_training.json``.

Data: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical report, Toronto (2009).
"""

import io
import zipfile

import numpy as np

from labs_utils import course
from labs_utils.datasets import drawn_textures, sources
from labs_utils.errors import LabsError

WEIGHTS = course.DATA / "mobilenet_025.npz"
SIZE = 64
ALPHA = 0.25
EPOCHS = 24
PHOTOGRAPHS, DRAWN = 96, 32  # pictures of either kind in a batch
PEAK = 3e-3
TEXTURES_PER_CLASS = 1000


def load_cifar10() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray], tuple[str, ...]]:
    """CIFAR-10: (pictures (50 000, 32, 32, 3) uint8, labels), the same of the 10 000 test pictures, the class names.

    Raises:
        LabsError: the archive is not in ``LABS_DATA_DIR``.
    """
    from PIL import Image

    path = (sources.local_folder() or course.ROOT) / "cifar10" / "cifar10_jpeg.zip"
    if not path.is_file():
        raise LabsError(
            "training needs CIFAR-10 as JPEG files: put cifar10/cifar10_jpeg.zip, with {train,test}/<class>/NNNN.jpg "
            "in it, into a folder and set LABS_DATA_DIR to that folder"
        )
    pictures: dict[str, list] = {"train": [], "test": []}
    labels: dict[str, list] = {"train": [], "test": []}
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[-2] for name in names})
        for name in names:
            split, label = name.split("/")[-3:-1]
            pictures[split].append(np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")))
            labels[split].append(classes.index(label))
    train, test = ((np.stack(pictures[split]), np.array(labels[split])) for split in ("train", "test"))
    return train, test, tuple(classes)


# -- batches ----------------------------------------------------------------------------------------------------------


def _batches(photographs, drawn, first_texture: int):
    """An endless stream of mixed, augmented batches: (128, 64, 64, 3) float32 in [-1, 1] and labels."""
    import tensorflow as tf

    def stream(pictures, labels, size):
        return tf.data.Dataset.from_tensor_slices((pictures, labels)).shuffle(60_000).repeat().batch(size)

    def mixed(photograph, drawing):
        (objects, object_labels), (textures, texture_labels) = photograph, drawing
        turns = tf.random.uniform((), 0, 4, tf.int32)
        textures = tf.image.random_flip_up_down(tf.image.rot90(_zoomed(textures, SIZE, 80), turns))
        pictures = tf.concat([_zoomed(objects, SIZE, 84), textures], 0)
        labels = tf.concat([object_labels, texture_labels + first_texture], 0)
        return _recoloured(tf.image.random_flip_left_right(pictures)), labels

    pair = tf.data.Dataset.zip(stream(*photographs, PHOTOGRAPHS), stream(*drawn, DRAWN))
    return pair.map(mixed, num_parallel_calls=2).prefetch(4)


def _zoomed(pictures, smallest: int, largest: int):
    """A batch enlarged to a random size and cut to 64 × 64 at a random place, the same for the whole batch."""
    import tensorflow as tf

    height, width = (tf.random.uniform((), smallest, largest + 1, tf.int32) for _ in range(2))
    large = tf.image.resize(tf.cast(pictures, tf.float32), (height, width), antialias=True)
    return tf.image.random_crop(large, (tf.shape(large)[0], SIZE, SIZE, 3))


def _recoloured(pictures):
    """Brightness, contrast and saturation changed for each picture by its own amount; scaled to [-1, 1]."""
    import tensorflow as tf

    def amounts(low, high):
        return tf.random.uniform((tf.shape(pictures)[0], 1, 1, 1), low, high)

    grey = tf.reduce_mean(pictures, -1, keepdims=True)
    saturation = tf.where(amounts(0, 1) < 0.25, 0.0, amounts(0.5, 1.3))
    pictures = grey + saturation * (pictures - grey)
    mean = tf.reduce_mean(pictures, (1, 2, 3), keepdims=True)
    pictures = mean * amounts(0.7, 1.3) + (pictures - mean) * amounts(0.6, 1.4)
    return tf.clip_by_value(pictures, 0, 255) / 127.5 - 1


# -- training and measuring -------------------------------------------------------------------------------------------


def train() -> dict:
    """Lab 08: trains the embedded MobileNet (an hour on two cores) and measures it."""
    import keras

    keras.utils.set_random_seed(8)
    photographs, test, classes = load_cifar10()
    drawn = drawn_textures.draw(TEXTURES_PER_CLASS, seed=0)
    names = classes + drawn_textures.NAMES
    model = keras.applications.MobileNet(
        input_shape=(SIZE, SIZE, 3), alpha=ALPHA, weights=None, classes=len(names), dropout=0.1
    )
    steps = len(photographs[0]) // PHOTOGRAPHS
    total = EPOCHS * steps
    rate = keras.optimizers.schedules.CosineDecay(
        PEAK / 20, total - steps, alpha=0.002, warmup_target=PEAK, warmup_steps=steps
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-3),
        _smoothed_cross_entropy(len(names)),
        metrics=["accuracy"],
        steps_per_execution=20,
    )
    history = model.fit(
        _batches(photographs, drawn, len(classes)), epochs=EPOCHS, steps_per_epoch=steps, verbose=2
    ).history
    save_weights(model, names)
    return _measured(model, test, len(classes)) | {
        "classes": names,
        "epochs": EPOCHS,
        "loss": [round(value, 4) for value in history["loss"]],
    }


def _smoothed_cross_entropy(classes: int):
    import keras

    def loss(labels, probabilities):
        targets = keras.ops.one_hot(keras.ops.cast(labels, "int32"), classes)
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=0.1)

    return loss


def save_weights(model, names: tuple[str, ...]) -> None:
    """Writes the weights, rounded to 16 bits, and the class names to `WEIGHTS`."""
    arrays = {f"{number:03}": weight.astype(np.float16) for number, weight in enumerate(model.get_weights())}
    np.savez_compressed(WEIGHTS, classes=np.array(names), **arrays)


def _measured(model, test: tuple[np.ndarray, np.ndarray], objects: int) -> dict:
    """Accuracy on CIFAR-10's test pictures, among its classes, and on textures drawn anew, among theirs."""
    import keras

    photographs = keras.ops.image.resize(test[0].astype(np.float32), (SIZE, SIZE), interpolation="bilinear")
    drawings, families = drawn_textures.draw(50, seed=1)
    found = {}
    for name, pictures, labels, columns in (
        ("cifar10_test_accuracy", photographs, test[1], slice(0, objects)),
        ("drawn_textures_accuracy", drawings.astype(np.float32), families, slice(objects, None)),
    ):
        inputs = keras.ops.convert_to_numpy(pictures) / 127.5 - 1
        probabilities = model.predict(inputs, batch_size=500, verbose=0)[:, columns]
        found[name] = round(float(np.mean(probabilities.argmax(1) == labels)), 4)
    return found


EXPERIMENTS = {"mobilenet_training": train}
