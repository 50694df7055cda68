"""Checks of lab 10: class activation maps, Grad-CAM, gradients of the input, occlusion, and how maps are measured."""

import numpy as np
from scipy import special

from labs_utils.exercises.checking import CheckFailed, Checks, drawn_once, expect, expect_close
from labs_utils.exercises.student import Student

checks = Checks("10_cam_visualisation")


# -- class activation maps --------------------------------------------------------------------------------------------


@checks.probe("class_activation_map")
def as_a_dense_layer_sees_it(class_activation_map: Student, rng: np.random.Generator) -> None:
    """The score of a dense layer, asked at every place."""
    import keras

    features, weights = rng.uniform(0, 2, (3, 5, 4, 6)), rng.normal(size=6)
    dense = keras.layers.Dense(1, use_bias=False)
    dense.build((None, 6))
    dense.set_weights([weights[:, None]])
    true = np.asarray(dense(features.astype("float32")))[..., 0]
    contributions = features * weights
    expect_close(
        class_activation_map(features, weights),
        true,
        "the maps",
        {
            "this is the mean over the channels: CAM is their weighted sum": true / 6,
            "the channels are not summed: add them up": contributions,
            "the features were averaged over the places first, which leaves no map": true.mean(axis=(1, 2)),
            "you summed over places: the channels, the last axis, are to be summed": contributions.sum(axis=(1, 2)),
            "you summed over the rows: the channels, the last axis, are to be summed": contributions.sum(axis=1),
            "negative values were set to 0: they count in CAM, or its mean is not the score": np.maximum(true, 0),
            "the maps were divided by their maximum": true / true.max(axis=(1, 2), keepdims=True),
            "the sign of the weights is lost": features @ np.abs(weights),
            "the maps were stretched to [0, 1]: they are asked for as they are": lambda: (
                (true - true.min(axis=(1, 2), keepdims=True))
                / (true.max(axis=(1, 2), keepdims=True) - true.min(axis=(1, 2), keepdims=True))
            ),
            "only the channel with the largest weight was taken: sum over all": features[..., weights.argmax()],
            "the weights are missing: CAM is the weighted sum of the channels": features.sum(axis=-1),
            "the largest weighted channel was taken: sum over all": contributions.max(axis=-1),
            "this is the absolute value: negative values speak against the class and stay": np.abs(true),
            "rows and columns are swapped: a map has the rows of its image as rows": true.transpose(0, 2, 1),
        },
    )


@checks.probe("class_activation_map")
def mean_is_the_score(class_activation_map: Student, rng: np.random.Generator) -> None:
    """The mean of the map is the score."""
    features, weights = rng.uniform(0, 2, (2, 7, 7, 12)), rng.normal(size=12)
    maps = np.asarray(class_activation_map(features, weights))
    expect(maps.shape == (2, 7, 7), f"For features (2, 7, 7, 12) the maps have shape (2, 7, 7); got {maps.shape}.")
    expect_close(maps.mean(axis=(1, 2)), features.mean(axis=(1, 2)) @ weights, "the mean over each map")


# -- the pointing game ------------------------------------------------------------------------------------------------


def _boxes(rng: np.random.Generator, n: int, height: int, width: int) -> np.ndarray:
    top, left = rng.integers(0, height - 4, n), rng.integers(0, width - 4, n)
    sizes = rng.integers(2, 5, (2, n))
    return np.stack([top, left, top + sizes[0], left + sizes[1]], axis=1)


def _peaked(places: np.ndarray, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    maps = rng.normal(0, 0.1, (len(places), height, width))
    for row_wise, size in ((maps, height), (maps.swapaxes(1, 2), width)):  # broad ridges elsewhere, lower than the peak
        row_wise[np.arange(len(places)), rng.integers(0, size, len(places))] += 1
    maps[np.arange(len(places)), places[:, 0], places[:, 1]] = 3
    return maps


def _share(places: np.ndarray, boxes: np.ndarray, last: int = 0) -> float:
    top, left, bottom, right = boxes.T
    rows, columns = places.T
    return np.mean((rows >= top) & (rows < bottom + last) & (columns >= left) & (columns < right + last))


@checks.probe("pointing_game")
def hits_and_misses(pointing_game: Student, rng: np.random.Generator) -> None:
    """Peaks somewhere in 11 × 17 pixels."""
    for _ in range(50):  # until the mistakes give other numbers, as far as they can
        boxes = _boxes(rng, 40, 11, 17)
        inside = boxes[:, :2] + rng.integers(0, 2, (40, 2))
        places = np.where(rng.random((40, 1)) < 0.6, inside, rng.integers(0, (11, 17), (40, 2)))
        maps, true = _peaked(places, 11, 17, rng), _share(places, boxes)
        mistakes = _pointing_mistakes(maps, places, boxes)
        shares = [true, *(value for value in mistakes.values() if np.ndim(value) == 0)]
        if len(np.unique(np.round(shares, 3))) == len(shares):
            break
    expect_close(pointing_game(maps, boxes), true, "the share of hits", mistakes)


def _pointing_mistakes(maps: np.ndarray, places: np.ndarray, boxes: np.ndarray) -> dict[str, float | np.ndarray]:
    n, height, width = maps.shape
    true = _share(places, boxes)
    sums = np.column_stack([maps.sum(axis=2).argmax(axis=1), maps.sum(axis=1).argmax(axis=1)])
    lowest = np.column_stack(np.unravel_index(maps.reshape(n, -1).argmin(axis=1), (height, width)))
    return {
        "rows and columns are swapped: a box is top, left, bottom, right": _share(places[:, ::-1], boxes),
        "this is the number of hits, not their share": true * n,
        "this is the share of misses": 1 - true,
        "the row and the column with the largest sums were taken: take the place of the largest value": _share(
            sums, boxes
        ),
        "each map has its own answer: return their mean": np.array(
            [_share(place[None], box[None]) for place, box in zip(places, boxes, strict=True)]
        ),
        "a box is top, left, bottom, right, not top, left, height, width": np.mean(
            (places >= boxes[:, :2]).all(axis=1) & (places < boxes[:, :2] + boxes[:, 2:]).all(axis=1)
        ),
        "rows or columns that fit are not enough: both must": np.mean(
            ((places >= boxes[:, :2]) & (places < boxes[:, 2:])).any(axis=1)
        ),
        "the smallest value was looked for": _share(lowest, boxes),
        "all maps were compared with the first box: map i belongs to box i": _share(places, np.tile(boxes[0], (n, 1))),
    }


@checks.probe("pointing_game")
def along_the_border(pointing_game: Student, rng: np.random.Generator) -> None:
    """Peaks along the borders of the boxes."""
    boxes = np.tile([[3, 5, 7, 10]], (6, 1))
    places = np.array([[3, 5], [6, 9], [7, 8], [5, 10], [2, 6], [4, 4]])
    maps = _peaked(places, 12, 14, rng)
    one_by_one = np.array([float(pointing_game(maps[i : i + 1], boxes[i : i + 1])) for i in range(6)])
    expect_close(
        one_by_one,
        [1, 1, 0, 0, 0, 0],
        "hits with peaks at the first pixel, the last, just below, right of, above and left of the box",
        {
            "bottom and right are the first row and column outside: use <, not <=": [1, 1, 1, 1, 0, 0],
            "top and left belong to the box: use <=, not <": [0, 1, 0, 0, 0, 0],
            "top and left belong to the box, bottom and right do not": [0, 1, 1, 1, 0, 0],
            "the left border was not looked at": [1, 1, 0, 0, 0, 1],
            "the upper border was not looked at": [1, 1, 0, 0, 1, 0],
            "the lower border was not looked at": [1, 1, 1, 0, 0, 0],
            "the right border was not looked at": [1, 1, 0, 1, 0, 0],
        },
    )


@checks.probe("pointing_game")
def negative_maps(pointing_game: Student, rng: np.random.Generator) -> None:
    """Maps whose largest value is negative."""
    boxes = _boxes(rng, 10, 12, 12)
    maps = _peaked(boxes[:, :2], 12, 12, rng) - 9
    deepest = maps.reshape(10, -1).argmin(axis=1)
    away = np.column_stack(np.unravel_index(deepest, (12, 12)))
    expect_close(
        pointing_game(maps, boxes),
        1,
        "the share of hits",
        {"the largest value counts, not the largest absolute value": _share(away, boxes)},
    )


# -- a counter --------------------------------------------------------------------------------------------------------


@checks.probe("count_vehicles")
def through_counted_roads(count_vehicles: Student, rng: np.random.Generator) -> None:
    """Eleven roads, four of which somebody has counted, in any order."""
    features, weights = rng.uniform(0, 2, (11, 5, 4, 6)), rng.normal(size=6)
    known = rng.permutation(11)[:4]
    while np.array_equal(np.sort(known), np.arange(4)):
        known = rng.permutation(11)[:4]
    contributions = features * weights
    means = np.array([sum(road[..., c].mean() for c in range(6)) for road in contributions])
    counts = np.round(5 + 4 * (means[known] - means.mean()) / means.std() + rng.uniform(-3, 3, 4))
    counts[0] += 0.5 * (np.ptp(counts) == 0)  # a straight line needs two different numbers

    def line(x, y, at):
        slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
        return y.mean() + slope * (at - x.mean())

    def turned_round():
        slope = ((means[known] - means[known].mean()) * (counts - counts.mean())).sum()
        slope /= ((counts - counts.mean()) ** 2).sum()
        return counts.mean() + (means - means[known].mean()) / slope

    true, cut = line(means[known], counts, means), np.maximum(features @ weights, 0).mean(axis=(1, 2))
    unweighted = features.mean(axis=(1, 2, 3))
    expect_close(
        count_vehicles(features, weights, known, counts),
        true,
        "the estimates of 11 roads, 4 of them counted",
        {
            "the counted roads are those at the positions in known, not the first ones": line(means[:4], counts, means),
            "the order of known counts: counts[i] belongs to road known[i]": line(means[np.sort(known)], counts, means),
            "only the counted roads have an estimate: all roads are asked for": true[known],
            "these are the means of the maps: the line leads from them to numbers": means,
            "the line has no offset": means * (means[known] @ counts) / (means[known] @ means[known]),
            "slope and offset are exchanged": lambda: (
                (true[0] - means[0] * _slope(means, true)) * means + _slope(means, true)
            ),
            "the offset was left out after the fit": lambda: _slope(means, true) * means,
            "the line leads from the numbers to the means: fit the numbers on the means": turned_round,
            "the estimates are rounded: they are asked for as they are": np.round(true),
            "negative values of the map were set to 0: free road speaks against": line(cut[known], counts, cut),
            "the weights are missing": line(unweighted[known], counts, unweighted),
        },
    )


def _slope(means: np.ndarray, estimates: np.ndarray) -> float:
    return (estimates[1] - estimates[0]) / (means[1] - means[0])


@checks.probe("count_vehicles")
def on_a_line(count_vehicles: Student, rng: np.random.Generator) -> None:
    """Numbers that lie exactly on a line are found again, those that nobody counted as well."""
    features, weights = rng.uniform(0, 1, (8, 3, 5, 4)), rng.normal(size=4)
    true = 3 - 7 * np.array([(road @ weights).mean() for road in features])
    known = np.array([6, 1, 4])
    expect_close(
        count_vehicles(features, weights, known, true[known]), true, "the estimates of 8 roads, known = [6, 1, 4]"
    )


# -- Grad-CAM ---------------------------------------------------------------------------------------------------------


def _weighted(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, h, w) from features (n, h, w, C) and weights (n, C), one image and channel at a time."""
    return np.stack([sum(w * f[..., c] for c, w in enumerate(ws)) for f, ws in zip(features, weights, strict=True)])


@checks.probe("grad_cam")
def any_gradient(grad_cam: Student, rng: np.random.Generator) -> None:
    """Random features and gradients."""
    features = rng.uniform(0, 2, (3, 6, 5, 4))
    gradients = rng.normal([0.7, -0.6, 0.5, -0.7], 1, (3, 6, 5, 4))
    weights = np.stack([[g[..., c].mean() for c in range(4)] for g in gradients])
    signed = _weighted(features, weights)
    channels = gradients.mean(axis=-1, keepdims=True)
    expect_close(
        grad_cam(features, gradients),
        np.maximum(signed, 0),
        "the maps",
        {
            "the ReLU is missing: only places that speak for the class are kept": signed,
            "the weights are averaged over the channels: average over rows and columns, axes 1 and 2": lambda: (
                np.maximum((channels * features).sum(axis=-1), 0)
            ),
            "the weights are averaged over the channels as well: each channel has its own": np.maximum(
                gradients.mean(axis=(1, 2, 3))[:, None, None] * features.sum(axis=-1), 0
            ),
            "the weights are averaged over the images as well: each image has its own": np.maximum(
                features @ gradients.mean(axis=(0, 1, 2)), 0
            ),
            "the weights are the sums of the gradient over the places; their means are asked for": np.maximum(
                30 * signed, 0
            ),
            "gradient and features are multiplied place by place (HiResCAM): Grad-CAM averages the gradient first": (
                lambda: np.maximum((features * gradients).sum(axis=-1), 0)
            ),
            "the ReLU comes last, on the sum: you set negative weights to 0": _weighted(
                features, np.maximum(weights, 0)
            ),
            "the ReLU comes last, on the sum: you set negative products to 0": np.maximum(
                weights[:, None, None] * features, 0
            ).sum(axis=-1),
            "the weights are averaged over images and rows: average over rows and columns, axes 1 and 2": lambda: (
                np.maximum((gradients.mean(axis=(0, 1)) * features).sum(axis=-1), 0)
            ),
            "each map was divided by its maximum: it is asked for as it is": lambda: (
                np.maximum(signed, 0) / np.maximum(signed.max(axis=(1, 2), keepdims=True), 1e-8)
            ),
            "this is the mean over the channels; their sum is asked for": np.maximum(signed, 0) / 4,
            "the weights are missing: each channel counts with the mean of its gradient": features.sum(axis=-1),
            "features and gradients are exchanged: the gradients are averaged, the features are the map": lambda: (
                np.maximum((gradients * features.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)
            ),
            "the weights are the largest gradients; their means are asked for": np.maximum(
                _weighted(features, gradients.max(axis=(1, 2))), 0
            ),
            "the absolute value of the gradient was averaged; its sign counts": np.maximum(
                _weighted(features, np.abs(gradients).mean(axis=(1, 2))), 0
            ),
            "the features are missing: the map is their weighted sum": np.maximum(gradients.sum(axis=-1), 0),
            "the largest weighted channel was taken: sum over all": np.maximum(
                (weights[:, None, None] * features).max(axis=-1), 0
            ),
            "the absolute value keeps what speaks against the class: use ReLU": np.abs(signed),
        },
    )


@checks.probe("grad_cam")
def of_a_real_network(grad_cam: Student, rng: np.random.Generator) -> None:
    """On a network with global average pooling it is CAM, its negative values cut off."""
    import keras
    import tensorflow as tf

    features = tf.constant(rng.uniform(0, 1, (4, 5, 7, 6)), tf.float32)
    head = keras.Sequential([keras.Input((5, 7, 6)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
    weights = rng.normal(size=(6, 3)).astype("float32")
    head.set_weights([weights, np.zeros(3)])
    with tf.GradientTape() as tape:
        tape.watch(features)
        score = head(features)[:, 1]
    got = grad_cam(features.numpy(), tape.gradient(score, features).numpy())
    expect_close(got, np.maximum(features.numpy() @ weights[:, 1], 0) / 35, "the maps of a network that ends in GAP")


# -- gradients of the input -------------------------------------------------------------------------------------------


def _small_network(rng: np.random.Generator):
    """A network of five classes whose inputs run from -1 to 1, with a normalisation that has seen other data."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((9, 8, 3)),
            layers.Conv2D(5, 3, activation="tanh"),
            layers.BatchNormalization(),
            layers.Conv2D(6, 3, strides=2, activation="tanh"),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    scale = {"gamma": (0.5, 1.5), "moving_variance": (0.5, 1.5)}
    for variable in model.variables:
        low, high = scale.get(variable.name, (-0.5, 0.5))
        variable.assign(rng.uniform(low, high, variable.shape))
    return model


def _gradient(images: np.ndarray, score) -> np.ndarray:
    """Gradient of each image's own `score(images)`, by TensorFlow; no image's score may depend on another."""
    import tensorflow as tf

    x = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(score(x))
    return tape.gradient(value, x).numpy()


@checks.probe("score_gradient")
def against_differences(score_gradient: Student, rng: np.random.Generator) -> None:
    """The change of the score when single pixels change a little."""
    model, images, classes, pixels, slopes, true, mistakes = _case_of_differences(rng)
    got = score_gradient(model, images, classes)
    expect(
        got is not None,
        "Your function returned None. A tape's gradient is None with respect to a tensor that it did not watch before"
        " the model ran; it is None as well if the function has no return.",
    )
    got = np.asarray(got)
    expect(
        got.shape == images.shape,
        f"The gradient has the shape of the images, {images.shape}: one number for each pixel and channel;"
        f" got {got.shape}.",
    )
    expect_close(got, true, "the gradient", mistakes, rtol=1e-3, atol=1e-4)
    found = [got[pixel] for pixel in pixels]
    expect_close(found, slopes, "the slope of the score at four pixels", rtol=0.02, atol=0.005)


@drawn_once
def _case_of_differences(rng: np.random.Generator) -> tuple:
    model, images = _small_network(rng), rng.uniform(0.1, 0.9, (4, 9, 8, 3)).astype("float32")
    classes = np.array([2, 0, 2, 4])
    step, pixels, slopes = 0.01, [], []
    for _ in range(4):
        n, i, j, c = (int(rng.integers(0, size)) for size in images.shape)
        moved = np.stack([images[n], images[n]])
        moved[:, i, j, c] += (step, -step)
        up, down = np.asarray(model(2 * moved - 1, training=False))[:, classes[n]].astype(float)
        pixels.append((n, i, j, c))
        slopes.append((up - down) / (2 * step))
    return model, images, classes, pixels, slopes, *_gradients(model, images, classes)


@checks.probe("score_gradient")
def several_classes(score_gradient: Student, rng: np.random.Generator) -> None:
    """Five images, each with a class of its own that need not be the most likely."""
    model, images, classes, true, mistakes = _case_of_classes(rng)
    expect_close(score_gradient(model, images, classes), true, "the gradient", mistakes, rtol=1e-3, atol=1e-4)


@drawn_once
def _case_of_classes(rng: np.random.Generator) -> tuple:
    model, images = _small_network(rng), rng.uniform(0, 1, (5, 9, 8, 3)).astype("float32")
    classes = np.asarray(model(2 * images - 1)).argmin(axis=1)
    classes[0] = (classes[0] + 1) % 4
    return model, images, classes, *_gradients(model, images, classes)


def _gradients(model, images: np.ndarray, classes: np.ndarray) -> tuple:
    """The gradient of each image's score for its class, and what mistakes give in its place."""
    import keras
    import tensorflow as tf

    def logits(x):
        return model(2 * x - 1, training=False)

    def own(values):
        return tf.gather(values, classes, axis=1, batch_dims=1)

    def probability(x):
        return own(tf.nn.softmax(logits(x)))

    def loss(x):
        return -own(tf.nn.log_softmax(logits(x)))

    def in_training_mode():
        # in a copy: a forward pass in training mode changes the statistics of the normalisation
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        return _gradient(images, lambda x: own(copy(2 * x - 1, training=True)))

    true = _gradient(images, lambda x: own(logits(x)))
    return true, {
        "this is the gradient of the softmax output: differentiate the score (logit) itself": lambda: _gradient(
            images, probability
        ),
        "this is the gradient of the loss: differentiate the score of the class": lambda: _gradient(images, loss),
        "this is the gradient of the logarithm of the probability: differentiate the score": lambda: (
            -_gradient(images, loss)
        ),
        "the scores of all classes are summed: pick the one that is asked for": lambda: _gradient(images, logits),
        "you watch the most likely class: the one that is asked for may be another": lambda: _gradient(
            images, lambda x: tf.reduce_max(logits(x), axis=1)
        ),
        "every image is asked for the class of the first one": lambda: _gradient(
            images, lambda x: logits(x)[:, classes[0]]
        ),
        "each image is asked for the classes of all images: tf.gather needs batch_dims=1": lambda: _gradient(
            images, lambda x: tf.gather(logits(x), classes, axis=1)
        ),
        "the scores are averaged over the images: each keeps its own gradient, whatever the batch": (
            true / len(images)
        ),
        "the preprocessing is missing: the model expects 2 * images - 1": lambda: _gradient(
            images, lambda x: own(model(x))
        ),
        "the gradient is that of the prepared image: watch the image itself, so that the factor 2 counts": true / 2,
        "the model was run in training mode: its normalisation then uses this batch": in_training_mode,
        "this is the absolute value; the sign is asked for as well": np.abs(true),
        "the channels are joined already: keep them": np.abs(true).max(axis=-1),
    }


# -- integrated gradients ---------------------------------------------------------------------------------------------


@checks.probe("integrated_gradients")
def six_steps(integrated_gradients: Student, rng: np.random.Generator) -> None:
    """Six steps from a baseline that is another picture."""
    _compare_integrated(integrated_gradients, *_case_of_a_path(rng, 6, False))


@checks.probe("integrated_gradients")
def a_single_step(integrated_gradients: Student, rng: np.random.Generator) -> None:
    """One step from grey: the gradient halfway."""
    _compare_integrated(integrated_gradients, *_case_of_a_path(rng, 1, True))


def _compare_integrated(student: Student, arguments: tuple, true: np.ndarray, mistakes: dict) -> None:
    expect_close(student(*arguments), true, "the contributions", mistakes, rtol=1e-3, atol=1e-4)


@drawn_once
def _case_of_a_path(rng: np.random.Generator, steps: int, grey: bool) -> tuple:
    """The arguments, what is asked for, and what mistakes give in its place."""
    baseline = np.full((9, 8, 3), 0.5, "float32") if grey else rng.uniform(0, 1, (9, 8, 3)).astype("float32")
    model, image = _small_network(rng), rng.uniform(0, 1, (9, 8, 3)).astype("float32")
    k, difference = int(rng.integers(0, 4)), image - baseline

    def mean_gradient(shares, start=baseline, way=difference):
        path = (start + np.asarray(shares)[:, None, None, None] * way).astype("float32")
        return _gradient(path, lambda x: model(2 * x - 1)[:, k]).mean(axis=0)

    middles = (np.arange(steps) + 0.5) / steps
    mean = mean_gradient(middles)
    true = mean * difference
    mistakes = {
        "the mean gradient is not multiplied by image - baseline": mean,
        "the mean gradient is multiplied by the image: by image - baseline, or the sum is not the score's rise": (
            mean * image
        ),
        "the sign is turned round: the path leads from the baseline to the image": -true,
        "the gradients are summed over the steps; their mean is asked for": steps * true,
        "this is the absolute value; the sign is asked for as well": np.abs(true),
        "the channels are joined already: keep them": true.sum(axis=-1),
        "the places are (i + 1/2) / steps; these begin at the baseline, i / steps": lambda: (
            mean_gradient(np.arange(steps) / steps) * difference
        ),
        "the places are (i + 1/2) / steps; these end at the image, (i + 1) / steps": lambda: (
            mean_gradient((np.arange(steps) + 1) / steps) * difference
        ),
        "the places are (i + 1/2) / steps; these run from 0 to 1 with both ends": lambda: (
            mean_gradient(np.linspace(0, 1, steps)) * difference
        ),
        "the path starts at black, not at the baseline": lambda: mean_gradient(middles, 0, image) * difference,
        "this is the gradient at the image only: average along the path": lambda: mean_gradient([1]) * difference,
    }
    return (model, image, k, baseline, steps), true, mistakes


# -- where the other class is hidden ----------------------------------------------------------------------------------


@checks.probe("gain_inside")
def two_kinds_of_places(gain_inside: Student, rng: np.random.Generator) -> None:
    """Three scenes, each with a class of its own."""
    features, attacked = rng.uniform(0, 2, (2, 3, 5, 4, 6))
    weights, inside = rng.normal(size=(3, 6)), rng.uniform(0, 1, (3, 5, 4)).round(1)
    gains = np.stack(
        [sum(w[c] * (b - a)[..., c] for c in range(6)) for a, b, w in zip(features, attacked, weights, strict=True)]
    )
    true = _both(gains, inside)
    expect_close(
        _stacked(gain_inside(features, attacked, weights, inside)),
        true,
        "the rise of three scores, and the part from inside",
        {
            "the sums over the places are asked for as means: the score is the *mean* of the map": 20 * true,
            "before and after are exchanged": -true,
            "the first scene's weights were taken for all: each scene has its own row": _both(
                (attacked - features) @ weights[0], inside
            ),
            "the second result is the share: the part itself is asked for": np.stack([true[0], true[1] / true[0]]),
            "the second result is the part from outside": np.stack([true[0], true[0] - true[1]]),
            "the part from inside is divided by the places inside: divide by all places": np.stack(
                [true[0], (gains * inside).sum(axis=(1, 2)) / inside.sum(axis=(1, 2))]
            ),
            "the two results are exchanged: the whole rise comes first": true[::-1],
            "these are the scores after the attack, not their rise": _both(
                np.einsum("nhwc,nc->nhw", attacked, weights), inside
            ),
            "negative gains were set to 0: they belong to the rise": _both(np.maximum(gains, 0), inside),
            "this is the absolute value: the score may fall in places": _both(np.abs(gains), inside),
            "the weights are missing": _both((attacked - features).sum(axis=-1), inside),
            "the region is counted whole or not at all: inside holds shares": _both(gains, inside > 0),
            "the scenes are averaged: each has its own rise": np.stack([true.mean(axis=1)] * 3, axis=1),
        },
    )


def _both(gains: np.ndarray, inside: np.ndarray) -> np.ndarray:
    return np.stack([gains.mean(axis=(1, 2)), (gains * inside).mean(axis=(1, 2))])


def _stacked(results: object) -> np.ndarray:
    expect(
        isinstance(results, (tuple, list)) and len(results) == 2,
        "Return two arrays: the rise of each score, and the part of it from inside.",
    )
    one, two = (np.asarray(result) for result in results)
    expect(
        one.shape == two.shape == (3,), f"Each result has one number per scene, (3,); got {one.shape} and {two.shape}."
    )
    return np.stack([one, two])


@checks.probe("gain_inside")
def rise_of_a_dense_layer(gain_inside: Student, rng: np.random.Generator) -> None:
    """The rise is that of the score of a dense layer behind the average."""
    import keras

    features, attacked = rng.uniform(0, 1, (2, 3, 4, 6, 5)).astype("float32")
    head = keras.Sequential([keras.Input((4, 6, 5)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(7)])
    head.set_weights([rng.normal(size=(5, 7)).astype("float32"), rng.normal(size=7).astype("float32")])
    goal = rng.integers(0, 7, 3)
    rise = (np.asarray(head(attacked)) - np.asarray(head(features)))[np.arange(3), goal]
    weights = head.get_weights()[0][:, goal].T
    got = _stacked(gain_inside(features, attacked, weights, np.ones((3, 4, 6))))
    expect_close(
        got,
        np.stack([rise, rise]),
        "the rise of the score, and the part from inside if all is inside",
        rtol=1e-3,
        atol=1e-4,
    )


# -- occlusion --------------------------------------------------------------------------------------------------------


@checks.probe("occluded_copies")
def grey_window(occluded_copies: Student, rng: np.random.Generator) -> None:
    """A grey window of 5 pixels that moves by 3 over 10 × 13: one step more would stick out by one pixel."""
    _compare_copies(occluded_copies, rng.uniform(0, 1, (10, 13, 4)), 5, 3, 0.5)


@checks.probe("occluded_copies")
def coloured_window(occluded_copies: Student, rng: np.random.Generator) -> None:
    """A coloured window of 5 pixels that moves by 2 over 11 × 17: the last one ends at the border."""
    _compare_copies(occluded_copies, rng.uniform(0, 1, (11, 17, 3)), 5, 2, rng.uniform(0, 1, 3))


def _compare_copies(occluded_copies: Student, image: np.ndarray, size: int, stride: int, value: object) -> None:
    height, width = image.shape[:2]

    def copies(tops, lefts, value=value, of=image):
        rows, columns = np.arange(height), np.arange(width)
        down = np.array([(rows >= t) & (rows < t + size) for t in tops])
        right = np.array([(columns >= s) & (columns < s + size) for s in lefts])
        return np.where((down[:, None, :, None] & right[None, :, None, :])[..., None], value, of)

    tops, lefts = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    true = copies(tops, lefts)

    def smaller() -> np.ndarray:
        result = np.broadcast_to(image, true.shape).copy()
        for i, top in enumerate(tops):
            for j, left in enumerate(lefts):
                result[i, j, top : top + size - 1, left : left + size - 1] = value
        return result

    piled = np.empty_like(true)
    current = image.copy()
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            current[top : top + size, left : left + size] = value
            piled[i, j] = current
    expect_close(
        occluded_copies(image, size, stride, value),
        true,
        f"the copies of an image {image.shape} with a window of {size} that moves by {stride}",
        {
            "the windows pile up: start each copy from the untouched image": piled,
            "all copies are the same array: copy the image for each position": np.broadcast_to(current, true.shape),
            "no pixel is covered": np.broadcast_to(image, true.shape),
            "the window moves by one pixel: it should move by the stride": lambda: copies(
                range(height - size + 1), range(width - size + 1)
            ),
            "the window moves by its own size: it should move by the stride": lambda: copies(
                range(0, height - size + 1, size), range(0, width - size + 1, size)
            ),
            "the last position is missing: a window that ends at the border still fits": lambda: copies(
                range(0, height - size, stride), range(0, width - size, stride)
            ),
            "a window that sticks out by one pixel counts as well: the last one starts at h - size": lambda: copies(
                range(0, height - size + 2, stride), range(0, width - size + 2, stride)
            ),
            "rows and columns are exchanged: the first axis is the row": lambda: copies(lefts, tops).swapaxes(0, 1),
            "the window is one pixel too small: it ends at top + size, left + size": smaller,
            "the value is added; the window should get it": lambda: np.where(
                np.isclose(true, image), image, image + value
            ),
            "only the first row of positions was made": true[:1],
            "windows that stick out of the image count as well: only whole windows are asked for": lambda: copies(
                range(0, height, stride), range(0, width, stride)
            ),
            "the window moves by one pixel at a time: position i starts at i * stride": lambda: copies(
                range(len(tops)), range(len(lefts))
            ),
            "the window is black: fill it with `value`": lambda: copies(tops, lefts, value=0.0),
            "the copies stand in one row: keep an axis for the rows of positions and one for the columns": true.reshape(
                -1, *image.shape
            ),
            "the two axes of positions are swapped: the first moves down": true.swapaxes(0, 1),
            "everything but the window is covered: it is the window that hides": lambda: np.where(
                copies(tops, lefts, 1.0, np.zeros_like(image)) > 0, image, value
            ),
        },
    )


# -- what a filter wants ----------------------------------------------------------------------------------------------


@checks.probe("winner_counts")
def counted_one_by_one(winner_counts: Student, rng: np.random.Generator) -> None:
    """Seven images, four filters."""
    activations = rng.normal(size=(7, 5, 3, 4))
    true = np.zeros((5, 3, 4), int)
    weakest, images = np.zeros_like(true), np.zeros((7, 4), int)
    for place in np.ndindex(7, 5, 3):
        order = sorted(range(4), key=lambda k, place=place: activations[(*place, k)])
        true[(*place[1:], order[-1])] += 1
        weakest[(*place[1:], order[0])] += 1
        images[place[0], order[-1]] += 1
    loudest = activations.mean(axis=0).argmax(axis=-1)
    expect_close(
        winner_counts(activations),
        true,
        "the counts",
        {
            "this counts over the places, for each image: count over the images, for each place": images,
            "this is the share of the images; their number is asked for": true / 7,
            "this counts the weakest filter: the winner has the largest activation": weakest,
            "this is the most frequent winner itself: return how often each filter wins": true.argmax(axis=-1),
            "you averaged the activations first and then looked for the winner; each image has its own winner": np.eye(
                4, dtype=int
            )[loudest],
            "this counts, for each filter, which image answers most: the filters compete at each place": lambda: np.eye(
                7, dtype=int
            )[activations.argmax(axis=0)].sum(axis=2),
            "each filter's loudest place is counted: here the filters compete at each place": lambda: (
                activations == activations.max(axis=(1, 2), keepdims=True)
            ).sum(axis=0),
            "this counts positive activations: only the largest at each place wins": (activations > 0).sum(axis=0),
            "only the first image was counted": np.eye(4, dtype=int)[activations[0].argmax(axis=-1)],
            "softmax shares were added up: only the largest activation wins, and counts 1": lambda: special.softmax(
                activations, axis=-1
            ).sum(axis=0),
            "the activations were added up: count how often each filter wins": activations.sum(axis=0),
            "this lists the winners of each image; count them over the images": activations.argmax(axis=-1),
            "the counts of all places are added up: keep the places": true.sum(axis=(0, 1)),
            "the filters stand in the first axis: they belong in the last": np.moveaxis(true, -1, 0),
        },
    )


@checks.probe("winner_counts")
def quiet_filters(winner_counts: Student, rng: np.random.Generator) -> None:
    """A filter that never wins has a count of 0."""
    activations = rng.uniform(0, 1, (6, 4, 4, 5))
    activations[..., 4] = -1
    got = np.asarray(winner_counts(activations))
    if got.shape != (4, 4, 5):
        raise CheckFailed(
            f"The counts for activations (6, 4, 4, 5) have shape (4, 4, 5), also of a silent filter; got {got.shape}."
        )
    expect(np.all(got[..., 4] == 0), "The last filter never wins here; its counts should be 0.")
    expect_close(got.sum(axis=-1), np.full((4, 4), 6), "the counts of all filters together")


checks.choice(
    "which_alarm",
    answer="c",
    because={
        "a": "more data of the same kind carries the same tags: the accuracy stays as splendid as it is.",
        "b": "a validation set cut from the same collection carries the tags as well.",
    },
)
