"""Checks of lab 08: features, leaks, the lecture's model, what trains, places, class means, augmentation."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage, spatial, special
from skimage import measure

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    drawn_once,
    expect,
    expect_close,
    expect_fresh,
    expect_model,
    expect_one_of,
    fill_weights,
)
from labs_utils.exercises.student import ModelView, Student, StudentError

if TYPE_CHECKING:
    import keras

checks = Checks("08_transfer_mobilenet")


# -- into the network and out of it -----------------------------------------------------------------------------------


@checks.probe("preprocess_pixels")
def pixels_of_pictures(preprocess_pixels: Student, rng: np.random.Generator) -> None:
    """Whole numbers from 0 to 255, as they come from a file."""
    _compare_preprocessing(preprocess_pixels, rng.integers(0, 256, (2, 3, 4, 3)).astype("uint8"))


@checks.probe("preprocess_pixels")
def pixels_between(preprocess_pixels: Student, rng: np.random.Generator) -> None:
    """Values between whole numbers, as resizing gives."""
    _compare_preprocessing(preprocess_pixels, rng.uniform(0, 255, (1, 2, 5, 3)).astype("float32"))


def _compare_preprocessing(preprocess_pixels: Student, pixels: np.ndarray) -> None:
    import keras

    x = pixels.astype("float64")
    true = np.asarray(keras.applications.mobilenet.preprocess_input(x.copy()))
    with np.errstate(over="ignore"):
        wrapped = 2 * pixels / 255 - 1
    expect_close(
        preprocess_pixels(pixels),
        true,
        "the result",
        {
            "this runs from 0 to 1: MobileNet was trained on -1 to 1": x / 255,
            "the - 1 is missing: this runs from 0 to 2": x / 127.5,
            "- 1 was subtracted before the division": (x - 1) / 127.5,
            "half of 255 is 127.5: with 128 white is not 1": x / 128 - 1,
            "half of 255 is 127.5: with 128 black and white are not -1 and 1": (x - 128) / 128,
            "half of 255 is 127.5, not 127": x / 127 - 1,
            "this runs from -0.5 to 0.5": x / 255 - 0.5,
            "the pixels are scaled twice: almost nothing is left of the picture": true / 127.5 - 1,
            "a uint8 overflows when it is doubled (2 × 200 gives 144): divide first": wrapped,
            "the mean is subtracted and the result divided by the spread of this picture: the scale is fixed, 127.5": (
                lambda: (x - x.mean()) / x.std()
            ),
            "black and white are exchanged: black is -1": -true,
            "the pixels are unchanged: MobileNet was trained on -1 to 1": x,
            "this runs from -128 to 127: divide by 127.5": x - 127.5,
            "half of 255 is 127.5, and 255 itself is the whole range": (x - 127.5) / 255,
            "// cuts off the fractions: divide with /": x // 127.5 - 1,
            "the picture was stretched to the range of its own values: the scale is fixed, 127.5": lambda: (
                2 * (x - x.min()) / np.ptp(x) - 1
            ),
            "the picture was scaled by its own largest value: the scale is fixed, 127.5": lambda: 2 * x / x.max() - 1,
        },
        atol=1.5e-3,  # float16 is a float; 127 or 128 for 127.5 differ by more
    )


# -- models that the checks build -------------------------------------------------------------------------------------


def _small_base(rng: np.random.Generator) -> "keras.Model":
    """Two convolutions with batch normalisation whose weights are all random: the kinds of layers of MobileNet."""
    import keras

    layers = keras.layers
    x = inputs = keras.Input((16, 12, 3))
    for filters in (5, 7):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    base = keras.Model(inputs, x)
    base.set_weights([_random_weight(weight.shape, rng) for weight in base.weights])
    return base


def _random_weight(shape: tuple, rng: np.random.Generator) -> np.ndarray:
    """Of a kernel or, for a vector, anything that gamma, beta, a mean or a variance may be."""
    return rng.normal(scale=0.4, size=shape) if len(shape) > 1 else rng.uniform(0.4, 1.6, shape)


def _maps(base: "keras.Model", inputs: np.ndarray, training: bool = False) -> np.ndarray:
    """The base's outputs, layer by layer in NumPy and TensorFlow's convolution, so that nothing in `base` changes."""
    import tensorflow as tf

    x = inputs.astype("float32")
    for layer in base.layers:
        weights = layer.get_weights()
        match type(layer).__name__:
            case "Conv2D":
                x = tf.nn.conv2d(x, weights[0], layer.strides, layer.padding.upper()).numpy()
            case "BatchNormalization":
                gamma, beta, mean, variance = weights
                if training:
                    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
                x = gamma * (x - mean) / np.sqrt(variance + layer.epsilon) + beta
            case "ReLU":
                x = np.maximum(x, 0)
    return x


@checks.probe("extract_features")
def features_of_few(extract_features: Student, rng: np.random.Generator) -> None:
    """Five pictures through a small base."""
    _compare_features(extract_features, rng, 5)


@checks.probe("extract_features")
def features_of_many(extract_features: Student, rng: np.random.Generator) -> None:
    """Seventy pictures, more than a batch."""
    _compare_features(extract_features, rng, 70)


def _compare_features(extract_features: Student, rng: np.random.Generator, count: int) -> None:
    base, images, true, mistakes = _case_of_features(rng, count)
    expect_close(extract_features(base, images), true, "the features", mistakes, rtol=1e-3, atol=1e-4)


@drawn_once
def _case_of_features(rng: np.random.Generator, count: int) -> tuple:
    """A base, pictures for it, their features, and what mistakes give in their place."""
    base = _small_base(rng)
    images = rng.integers(0, 256, (count, 16, 12, 3)).astype("uint8")
    pixels = images.astype("float64")
    x = pixels / 127.5 - 1
    maps = _maps(base, x)
    return (
        base,
        images,
        maps.mean(axis=(1, 2)),
        {
            "the preprocessing is missing: the base was trained on -1 to 1": lambda: _maps(base, pixels).mean((1, 2)),
            "the pixels are scaled twice": lambda: _maps(base, x / 127.5 - 1).mean(axis=(1, 2)),
            "the pixels run from 0 to 1; the base was trained on -1 to 1": lambda: _maps(base, pixels / 255).mean(
                axis=(1, 2)
            ),
            "the base is called with training=True: batch normalisation then uses the other pictures of the batch": (
                lambda: _maps(base, x, training=True).mean(axis=(1, 2))
            ),
            "the maps are not averaged: one number per channel is asked for": maps,
            "the maps are flattened; average each of them": maps.reshape(count, -1),
            "this is the maximum of each map; the average is asked for": maps.max(axis=(1, 2)),
            "this is the sum of each map; the average is asked for": maps.sum(axis=(1, 2)),
            "the average runs over axes 2 and 3; height and width are axes 1 and 2": maps.mean(axis=(2, 3)),
            "only the pictures are averaged; the average belongs to height and width, axes 1 and 2": maps.mean(axis=0),
            "the average runs over the channels; it belongs to height and width, axes 1 and 2": maps.mean(axis=3),
            "the average runs over the pictures too; it belongs to height and width, axes 1 and 2": maps.mean(
                (0, 1, 2)
            ),
        },
    )


# -- leaks ------------------------------------------------------------------------------------------------------------


def _origins(rng: np.random.Generator, photographs: int) -> np.ndarray:
    """Numbers with gaps, one for each picture, in any order; no two photographs have equally many pictures."""
    numbers = rng.choice(np.arange(3, 90), photographs, replace=False)
    return rng.permutation(np.repeat(numbers, rng.permutation(photographs) + 1))


@checks.probe("hold_out")
def a_third(hold_out: Student, rng: np.random.Generator) -> None:
    """A third of 24 photographs, in any order, each with another number of pictures; eight seeds."""
    origins = _origins(rng, 24)
    for seed in rng.choice(1000, 8, replace=False):  # whoever may draw a photograph twice does so with nearly each
        _expect_held(hold_out, origins, 1 / 3, int(seed))


@checks.probe("hold_out")
def each_its_own(hold_out: Student, rng: np.random.Generator) -> None:
    """Pictures that are photographs of their own, and half of four with several."""
    _expect_held(hold_out, rng.permutation(40), 0.1, 1)
    _expect_held(hold_out, _origins(rng, 4), 0.5, 2)


def _expect_held(hold_out: Student, origins: np.ndarray, share: float, seed: int) -> None:
    numbers, n = np.unique(origins), len(origins)
    count = round(share * len(numbers))
    held = _as_answers(hold_out(origins, share, seed), origins, count)
    of_each = {int(number): held[origins == number] for number in numbers}
    split = [number for number, answers in of_each.items() if 0 < answers.sum() < len(answers)]
    by_pictures = held.sum() == round(share * n)
    cause = "draw photographs, not pictures, and hold out all pictures of each"
    expect(
        not split,
        f"Pictures of photograph {split[0] if split else ''} are on both sides.\n  Likely cause: {cause}"
        + (" (the share is that of the photographs)." if by_pictures else "."),
    )
    out = sum(bool(answers.all()) for answers in of_each.values())
    if out != count:
        raise CheckFailed(
            f"Of {len(numbers)} photographs {count} should be held out (True); got {out}."
            + _why_not_so_many(held, out, len(numbers), count, share)
        )


def _as_answers(got: Any, origins: np.ndarray, count: int) -> np.ndarray:
    """`got` as booleans, one for each picture.

    Raises:
        CheckFailed: it is something else, with what it seems to be.
    """
    n = len(origins)
    if isinstance(got, (list, tuple)) and len(got) == 2 and n != 2:
        raise CheckFailed(
            f"Expected {n} booleans, one for each picture; got two things.\n  Likely cause: these are both sides of the"
            " split: return only which pictures are held out."
        )
    answers = np.asarray(got)
    if answers.shape != (n,):
        found = answers.ravel()
        cause = "return one True or False for each picture, in the order of `origins`"
        if answers.shape == (count,) and np.isin(found, origins).all():
            cause = "these are the photographs that were drawn: mark the pictures that come from them, np.isin"
        elif answers.ndim == 1 and answers.dtype.kind in "iu" and len(found) < n and found.max(initial=0) < n:
            cause = "these are the places of the pictures: return one True or False for each picture"
        elif answers.dtype.kind == "b" and answers.shape == (len(np.unique(origins)),):
            cause = "this is one answer for each photograph: give it to each of its pictures, np.isin"
        raise CheckFailed(
            f"Expected {n} booleans, one for each picture; got an array of shape {answers.shape}.\n  Likely cause:"
            f" {cause}."
        )
    if not np.isin(answers, [0, 1]).all():
        raise CheckFailed(
            f"Expected {n} booleans, one for each picture; got numbers such as {answers.ravel()[0]:.4g}.\n  Likely"
            " cause: these are numbers of photographs or of pictures: mark those that are held out, np.isin."
        )
    return answers.astype(bool)


def _why_not_so_many(held: np.ndarray, out: int, photographs: int, count: int, share: float) -> str:
    if out == photographs - count:
        return "\n  Likely cause: the answer is turned round: True stands for held out."
    if out in (0, photographs):
        return "\n  Likely cause: nothing is drawn: as many photographs as `share` says are held out."
    twice = "a photograph was drawn twice, or a number that no picture has: draw from np.unique(origins), replace=False"
    of_pictures = "this is a share of the pictures; asked is the share of the photographs"
    if out < count:
        return f"\n  Likely cause: {twice}" + (f"; or {of_pictures}." if held.mean() >= share else ".")
    if abs(held.mean() - share) < 0.1:
        return f"\n  Likely cause: {of_pictures}."
    return "\n  Likely cause: the number of pictures was multiplied by the share: take the number of photographs."


@checks.probe("hold_out")
def by_chance(hold_out: Student, rng: np.random.Generator) -> None:
    """What the seed decides."""
    origins = _origins(rng, 24)  # 6 of 24: no two draws are equal by luck
    draws = [_as_answers(hold_out(origins, 0.25, seed), origins, 6) for seed in (0, 1, 2, 0)]
    expect(
        np.array_equal(draws[0], draws[3]),
        "The same seed gave another split.\n  Likely cause: the generator is not np.random.default_rng(seed).",
    )
    expect(
        any(not np.array_equal(draws[0], draw) for draw in draws[1:3]),
        "Three seeds gave the same split.\n  Likely cause: nothing is drawn, or the seed is not used: the first"
        " photographs of a list are not chosen by chance.",
    )


# -- the lecture's model ----------------------------------------------------------------------------------------------


def _with_head(base: "keras.Model", classes: int, rng: np.random.Generator) -> "keras.Model":
    """A flat model: the base, an average over the maps, a hidden layer (of 8, to be quick) and a softmax."""
    import keras

    x = keras.layers.GlobalAveragePooling2D()(base.output)
    x = keras.layers.Dense(8, activation="tanh")(x)
    model = keras.Model(base.input, keras.layers.Dense(classes, activation="softmax")(x))
    for layer in model.layers[-2:]:
        layer.set_weights([_random_weight(weight.shape, rng) for weight in layer.weights])
    return model


@checks.probe("build_transfer_model")
def layers_in_order(build_transfer_model: Student, rng: np.random.Generator) -> None:
    """The layers and the number of outputs."""
    base = _small_base(rng)
    for classes in (3, 5):
        model = expect_model(build_transfer_model(base, classes))
        _expect_flat(model, len(base.layers))
        sizes = [shape[-1] for _, shape in model.variables()[len(base.weights) :] if len(shape) > 1]
        causes = {
            (1024,): "the layer with one output per class is missing",
            (classes,): "the hidden layer of 1024 is missing",
            (1024, 3): "the number of classes is an argument, not always 3",
            (1024, 1000): "the number of classes is an argument, not ImageNet's 1000",
        }
        cause = causes.get(tuple(sizes)) if sizes != [1024, classes] else None
        expect(
            sizes == [1024, classes],
            f"Expected dense layers of 1024 and {classes} units for {classes} classes; got {sizes}."
            + (f"\n  Likely cause: {cause}." if cause else ""),
        )
        x = rng.uniform(-1, 1, (6, 16, 12, 3)).astype("float32")
        true, mistakes = _lecture_outputs(model, base, classes, x, rng)
        expect_one_of(_answered(model, x, classes), [true, *mistakes.values()], rtol=1e-3, atol=1e-4)
        # last, and anew: its own weights are of a known size now, and `model` has those of the check
        expect_fresh(expect_model(build_transfer_model(base, classes)), given=len(base.weights), dropout=True)


def _expect_flat(model: ModelView, least: int) -> None:
    types = [row["type"] for row in model.layers]
    if len(types) < least or {"Functional", "Model"} & set(types):
        raise CheckFailed(
            f"The model has {len(types)} layers, and the base alone has {least}.\n  Likely cause: the base went in as a"
            " single layer; start at base.input and go on from base.output, so that single layers can be frozen."
        )


@checks.probe("build_transfer_model")
def computes_as_the_lecture(build_transfer_model: Student, rng: np.random.Generator) -> None:
    """Its outputs, with weights that the check has chosen."""
    base = _small_base(rng)
    model = expect_model(build_transfer_model(base, 4))
    x = rng.uniform(-1, 1, (6, 16, 12, 3)).astype("float32")
    true, mistakes = _lecture_outputs(model, base, 4, x, rng)
    expect_close(_answered(model, x, 4), true, "the output", mistakes, rtol=1e-3, atol=1e-4)


def _answered(model: ModelView, x: np.ndarray, classes: int) -> np.ndarray:
    got = np.asarray(model.predict(x))
    expect(
        got.shape == (len(x), classes),
        f"For {len(x)} pictures and {classes} classes the output should have shape {(len(x), classes)};"
        f" got {got.shape}."
        + ("\n  Likely cause: the maps are not averaged: GlobalAveragePooling2D is missing." if got.ndim == 4 else ""),
    )
    return got


def _lecture_outputs(
    model: ModelView, base: "keras.Model", classes: int, x: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, dict]:
    """What the model should answer with weights that it is given here, and what it answers with the usual mistakes."""
    _answered(model, x, classes)
    weights = fill_weights(model, rng, 200_000)
    of_base, dense = weights[: len(base.weights)], weights[len(base.weights) :]
    dense = [weight[0, 0] if weight.ndim == 4 and weight.shape[:2] == (1, 1) else weight for weight in dense]
    if [weight.shape for weight in of_base] != [tuple(weight.shape) for weight in base.weights] or [
        weight.ndim for weight in dense
    ] != [2, 1, 2, 1]:
        raise CheckFailed("After the base, two dense layers with weights and biases are expected, and nothing trained.")
    base.set_weights(of_base)
    maps = _maps(base, x)
    first, one, second, two = dense
    if len(first) == maps[0].size:
        raise CheckFailed(
            f"The first dense layer has {len(first)} inputs, and there are {maps.shape[-1]} maps.\n  Likely cause: the"
            " maps are flattened; GlobalAveragePooling2D averages each of them."
        )
    channels, hidden_units = maps.shape[-1], len(one)
    expect(
        [weight.shape for weight in dense]
        == [(channels, hidden_units), one.shape, (hidden_units, classes), (classes,)],
        "The dense layers do not fit together: their weights have the shapes"
        f" {', '.join(str(weight.shape) for weight in dense)}.",
    )

    def outputs(pooled: np.ndarray, hidden: Any = lambda z: np.maximum(z, 0), last: Any = None) -> np.ndarray:
        last = (lambda z: special.softmax(z, axis=1)) if last is None else last
        return last(hidden(pooled @ first + one) @ second + two)

    average = maps.mean(axis=(1, 2))
    mistakes = {
        "the softmax at the end is missing: the outputs are no probabilities": outputs(average, last=lambda z: z),
        "the last layer has sigmoid; probabilities of classes that exclude each other need softmax": outputs(
            average, last=special.expit
        ),
        "the last layer has ReLU; probabilities need softmax": outputs(average, last=lambda z: np.maximum(z, 0)),
        "the hidden layer has no activation: two linear layers make one": outputs(average, hidden=lambda z: z),
        "the hidden layer has softmax; the lecture has ReLU": outputs(
            average, hidden=lambda z: special.softmax(z, axis=1)
        ),
        "the hidden layer has sigmoid; the lecture has ReLU": outputs(average, hidden=special.expit),
        "the hidden layer has tanh; the lecture has ReLU": outputs(average, hidden=np.tanh),
        "the average comes after the hidden layer; it belongs directly after the base": lambda: special.softmax(
            np.maximum(maps @ first + one, 0).mean(axis=(1, 2)) @ second + two, axis=1
        ),
        "the maximum of each map is taken; the lecture averages": outputs(maps.max(axis=(1, 2))),
        "the base's batch normalisation runs in training mode: training=True should not be there": lambda: outputs(
            _maps(base, x, training=True).mean(axis=(1, 2))
        ),
    }
    return outputs(average), mistakes


# -- what trains ------------------------------------------------------------------------------------------------------

_KINDS = {"BatchNormalization": ("gamma", "beta", "running mean", "running variance"), "Dense": ("weights", "bias")}


def _owners(model: "keras.Model") -> list[tuple[int, str]]:
    """For each weight array of `model`: the number of its layer and what it is."""
    return [
        (number, _KINDS.get(type(layer).__name__, ("weights", "bias"))[k])
        for number, layer in enumerate(model.layers)
        for k, _ in enumerate(layer.weights)
    ]


@drawn_once
def _tuning_case(rng: np.random.Generator, start: int | None, rate: float | None) -> tuple:
    """A model, the first layer to train, the rate, a random batch with whole-number labels, and the weights after it.

    The base of the model is frozen. Without `start` it is not, and the head alone is to be trained; without `rate` it
    is drawn.
    """
    rate = float(rng.choice([1e-5, 3e-5, 2e-4])) if rate is None else rate
    base = _small_base(rng)
    model = _with_head(base, 3, rng)
    for layer in model.layers[: len(base.layers)]:
        layer.trainable = start is None
    start = len(model.layers) - 3 if start is None else start
    x = rng.uniform(-1, 1, (14, 16, 12, 3)).astype("float32")
    y = rng.integers(0, 3, 14)
    return model, start, rate, x, y, _after_a_step(model, x, y, start, rate)


def _train_step(
    view: ModelView, model: "keras.Model", x: np.ndarray, y: np.ndarray, by_adam: list[np.ndarray], rate: float
) -> tuple[list[bool], bool]:
    """One step on a batch, starting from the weights of `model`.

    Returns for each weight array whether it moved, and whether all are now `by_adam`, where Adam with this `rate` takes
    the layers that should train.
    """
    if view.compiled is None:
        raise CheckFailed(
            "The model that came back is not compiled.\n  Likely cause: model.compile(…) is missing; what trains is"
            " settled when a model is compiled, so it belongs after the changes."
        )
    before = model.get_weights()
    if [shape for _, shape in view.variables()] != [weight.shape for weight in before]:
        raise CheckFailed(
            "The model that came back has other weights than the one that went in: return the model itself."
        )
    expect(
        all(map(np.array_equal, view.weights(), before)),
        "The model that came back has lost the weights it came with.\n  Likely cause: it is a copy with new weights, as"
        " clone_model makes one: return the model itself.",
    )
    view.set_weights(before)
    probabilities = np.asarray(view.predict(x))
    try:
        got = view.train(x, y)
    except StudentError as error:
        if "rank" in error.text or "shape" in error.text.lower():
            raise CheckFailed(
                "A training step with whole-number labels failed.\n  Likely cause: labels such as 0, 1, 2 need"
                " loss='sparse_categorical_crossentropy'; without 'sparse_' they would have to be one-hot."
            ) from error
        raise
    loss = float(np.ravel(np.asarray(got, dtype=float))[0])
    expect(
        probabilities.shape == (14, 3),
        f"For 14 pictures the output should have shape (14, 3); got {probabilities.shape}.",
    )
    true = float(-np.log(probabilities[np.arange(14), y]).mean())
    after = view.weights()
    if [weight.shape for weight in after] != [weight.shape for weight in before]:
        raise CheckFailed("The model has other weights after a training step than before it.")
    moved = [not np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    normalises = any(flag and kind == "running mean" for flag, (_, kind) in zip(moved, _owners(model), strict=True))
    if not normalises:  # else the loss is that of another mode, and not to be foretold from predictions
        expect(
            np.isclose(loss, true, rtol=1e-2),
            f"The loss of the first step should be the cross-entropy of the model's probabilities, {true:.4g}; got"
            f" {loss:.4g}.\n  Likely cause: another loss than 'sparse_categorical_crossentropy' was compiled.",
        )
    steps = [np.abs(new - true).mean() for new, true in zip(after, by_adam, strict=True)]
    return moved, max(steps) < 0.02 * rate


def _after_a_step(model: "keras.Model", x: np.ndarray, y: np.ndarray, first: int, rate: float) -> list[np.ndarray]:
    """The weights of a copy of `model` after the step that is asked for, by Keras here."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for number, layer in enumerate(copy.layers):
        layer.trainable = number >= first and not _is_norm(layer)
    copy.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", run_eagerly=True)
    copy.train_on_batch(x, y)
    return copy.get_weights()


def _expect_moved(moved: list[bool], wanted: list[bool], model: "keras.Model", causes: dict[str, list[bool]]) -> None:
    if moved == wanted:
        return
    owners = _owners(model)
    wrong = next(k for k, (is_, should) in enumerate(zip(moved, wanted, strict=True)) if is_ != should)
    number, kind = owners[wrong]
    name = type(model.layers[number]).__name__
    cause = next((sentence for sentence, pattern in causes.items() if pattern == moved), None)
    raise CheckFailed(
        f"After one training step the {kind} of layer {number} ({name}) {'moved' if moved[wrong] else 'did not move'},"
        f" and {'should not have' if moved[wrong] else 'should have'}."
        + (f"\n  Likely cause: {cause}." if cause else "")
    )


def _pattern(model: "keras.Model", trainable: Any) -> list[bool]:
    """What moves in a step if the layers for which `trainable(number, layer)` holds are trainable."""
    return [trainable(number, model.layers[number]) for number, _ in _owners(model)]


def _is_norm(layer: object) -> bool:
    return type(layer).__name__ == "BatchNormalization"


def _compare_compilation(view: ModelView, rate: float) -> None:
    optimizer = view.compiled["optimizer"]
    expect(optimizer == "Adam", f"Adam is asked for as the optimiser; got {optimizer}.")
    expect_close(
        view.compiled["learning_rate"],
        rate,
        "the learning rate",
        {"this is Adam's own default: pass the rate, keras.optimizers.Adam(rate)": 0.001} if rate != 0.001 else {},
        rtol=1e-3,
        atol=0,
    )


@checks.probe("train_from")
def from_the_normalisation(train_from: Student, rng: np.random.Generator) -> None:
    """One training step when the first layer released is a batch normalisation."""
    _compare_tuning(train_from, *_tuning_case(rng, 2, 1e-3))


@checks.probe("train_from")
def from_a_convolution(train_from: Student, rng: np.random.Generator) -> None:
    """One training step when the first layer released is a convolution."""
    _compare_tuning(train_from, *_tuning_case(rng, 1, 1e-3))


@checks.probe("train_from")
def only_the_head(train_from: Student, rng: np.random.Generator) -> None:
    """One training step with the whole base frozen; everything came trainable."""
    _compare_tuning(train_from, *_tuning_case(rng, None, 1e-3))


@checks.probe("train_from")
def low_rate(train_from: Student, rng: np.random.Generator) -> None:
    """The learning rate."""
    model, start, rate, x, y, by_adam = _tuning_case(rng, 4, None)
    view = expect_model(train_from(model, start, rate))
    expect(
        view.compiled is not None,
        "The model that came back is not compiled.\n  Likely cause: what trains, and how fast, is settled by"
        " model.compile(…): call it again after the changes.",
    )
    _compare_compilation(view, rate)
    expect(
        _train_step(view, model, x, y, by_adam, rate)[1],
        "After one training step the weights are not where Adam with this rate takes them.\n  Likely cause: other"
        " layers train than asked for, or the model was compiled before the rate was set.",
    )


def _compare_tuning(
    train_from: Student,
    model: "keras.Model",
    start: int,
    rate: float,
    x: np.ndarray,
    y: np.ndarray,
    by_adam: list[np.ndarray],
) -> None:
    moved, as_adam = _train_step(expect_model(train_from(model, start, rate)), model, x, y, by_adam, rate)
    head = len(model.layers) - 2

    def released(number: int, layer: object) -> bool:
        return number >= start and not _is_norm(layer)

    _expect_moved(
        moved,
        _pattern(model, released),
        model,
        {
            "batch normalisation was released too: keep those layers frozen, so that they stay in inference mode": (
                _pattern(model, lambda number, _: number >= start)
            ),
            "everything was released, batch normalisation included: set the flag of each layer": _pattern(
                model, lambda *_: True
            ),
            "layer number first itself stays frozen: layers from first on are number >= first": _pattern(
                model, lambda number, layer: number > start and not _is_norm(layer)
            ),
            "layers before first were released too": _pattern(model, lambda _, layer: not _is_norm(layer)),
            "nothing new was released: count layers from the input, and set layer.trainable one by one;"
            " model.trainable = True does nothing where the model's own flag is True already, as it is here": _pattern(
                model, lambda number, _: number >= head
            ),
            "the dense layers at the end were frozen": _pattern(
                model, lambda number, layer: released(number, layer) and number < head
            ),
            "nothing trains": _pattern(model, lambda *_: False),
            "the layers before first were released instead": _pattern(model, lambda number, _: number < start),
        },
    )
    expect(
        as_adam,
        "The right layers move in a training step, but not to where Adam with the rate 0.001 takes them.\n  Likely"
        " cause: the optimiser has more settings than its rate (weight decay, clipping), or another loss was compiled.",
    )


@checks.probe("normalised")
def inference_mode(normalised: Student, rng: np.random.Generator) -> None:
    """Inference: the stored averages."""
    _compare_normalised(normalised, rng, training=False)


@checks.probe("normalised")
def training_mode(normalised: Student, rng: np.random.Generator) -> None:
    """Training: the batch's own averages."""
    _compare_normalised(normalised, rng, training=True)


def _compare_normalised(normalised: Student, rng: np.random.Generator, training: bool) -> None:
    import keras

    x = rng.normal(loc=rng.normal(size=4), scale=0.1, size=(9, 4))
    gamma, beta, mean = rng.uniform(0.5, 2, 4), rng.normal(size=4), rng.normal(size=4)
    variance = rng.uniform(0.002, 0.05, 4)
    layer = keras.layers.BatchNormalization()
    layer.build(x.shape)
    layer.set_weights([gamma, beta, mean, variance])
    true = np.asarray(layer(x.astype("float32"), training=training))

    def by(m: np.ndarray, v: np.ndarray, eps: float = 1e-3, scale: Any = gamma, shift: Any = beta) -> np.ndarray:
        return scale * (x - m) / np.sqrt(v + eps) + shift

    batch, stored = (x.mean(axis=0), x.var(axis=0)), (mean, variance)
    used, other = (batch, stored) if training else (stored, batch)
    expect_close(
        normalised(x, gamma, beta, mean, variance, training),
        true,
        f"normalised(…, training={training})",
        {
            (
                "the stored averages are used; in training the batch has its own"
                if training
                else "the batch's own averages are used; in inference the stored ones are, so that a picture does not"
                " depend on its neighbours"
            ): by(*other),
            "ε = 0.001 is missing under the root": by(*used, eps=0),
            "ε is added to the root; it belongs under it": gamma * (x - used[0]) / (np.sqrt(used[1]) + 1e-3) + beta,
            "the root is missing: divide by the standard deviation, not by the variance": gamma
            * (x - used[0])
            / (used[1] + 1e-3)
            + beta,
            "γ and β are missing": by(*used, scale=1, shift=0),
            "β is missing": by(*used, shift=0),
            "γ is missing": by(*used, scale=1),
            "γ and β are exchanged": by(*used, scale=beta, shift=gamma),
            "the average runs over channels, or over everything; each channel has its own, over axis 0": lambda: by(
                x.mean(), x.var()
            ),
            "the average runs over the channels of a row; each channel has its own, over axis 0": lambda: by(
                x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
            ),
            "the variance runs over all channels together; each channel has its own, over axis 0": lambda: by(
                batch[0], x.var()
            ),
            "the mean is subtracted the wrong way round: x - mean": by(*used, scale=-gamma),
            "the mean is not subtracted": gamma * x / np.sqrt(used[1] + 1e-3) + beta,
            "γ multiplies β as well: β is added last": gamma * ((x - used[0]) / np.sqrt(used[1] + 1e-3) + beta),
            "β is subtracted": by(*used, shift=-beta),
            "the mean of the batch goes with the stored variance: both come from the same place": by(
                batch[0], stored[1]
            ),
            "the stored mean goes with the variance of the batch: both come from the same place": by(
                stored[0], batch[1]
            ),
            "the standard deviation stands where the variance belongs, under the root": by(used[0], np.sqrt(used[1])),
            "the variance was divided by n - 1; batch normalisation divides by n": lambda: by(
                batch[0], x.var(axis=0, ddof=1)
            ),
        },
        rtol=1e-3,
        atol=1e-3,
    )


checks.choice(
    "frozen_statistics",
    answer="b",
    because={
        "a": "that was so in early versions of Keras; a frozen batch normalisation stays in inference mode, also"
        " during fit, since TensorFlow 2.",
        "c": "the running averages are no trainable weights, but they stand still as well while the layer is frozen.",
    },
)


# -- places, class means, augmentation --------------------------------------------------------------------------------


@checks.probe("keep_places")
def nine_places(keep_places: Student, rng: np.random.Generator) -> None:
    """Maps of 6 × 9 over 3 × 3 places."""
    _compare_places(keep_places, rng.gamma(1, size=(4, 6, 9, 5)), 3)


@checks.probe("keep_places")
def one_or_four_places(keep_places: Student, rng: np.random.Generator) -> None:
    """The whole map as one place, and four."""
    for grid in (1, 2):
        _compare_places(keep_places, rng.gamma(1, size=(3, 8, 4, 2)), grid)


def _compare_places(keep_places: Student, maps: np.ndarray, grid: int) -> None:
    n, h, w, _ = maps.shape
    size = (1, h // grid, w // grid, 1)
    blocks = measure.block_reduce(maps, size, np.mean)  # (n, grid, grid, C)

    def flat(places: np.ndarray) -> np.ndarray:
        return places.reshape(n, -1)

    expect_close(
        keep_places(maps, grid),
        flat(blocks),
        f"keep_places of {h} × {w} maps with grid = {grid}",
        {
            "these are every few pixels averaged, not neighbours: a place is a block of rows and columns that touch": (
                lambda: flat(
                    np.stack(
                        [maps[:, i::grid, j::grid].mean(axis=(1, 2)) for i in range(grid) for j in range(grid)], axis=1
                    )
                )
            ),
            "this is one pixel of each place, not the average over the place": lambda: flat(
                maps[:, :: h // grid, :: w // grid]
            ),
            "this is the maximum of each place; the average is asked for": lambda: flat(
                measure.block_reduce(maps, size, np.max)
            ),
            "this is the sum over each place; divide by the number of its pixels": lambda: flat(
                measure.block_reduce(maps, size, np.sum)
            ),
            "the places are not flattened: one row of grid · grid · C numbers for each picture": blocks,
            "the channels come first here: keep the order row, column, channel": lambda: flat(
                blocks.transpose(0, 3, 1, 2)
            ),
            "rows and columns of the places are exchanged": lambda: flat(blocks.transpose(0, 2, 1, 3)),
            "the whole map is averaged: the place is lost": lambda: maps.mean(axis=(1, 2)),
            "every place has the average of the whole map: average its own rows and columns": lambda: np.tile(
                maps.mean(axis=(1, 2)), grid * grid
            ),
            "a place has h // grid rows, and w // grid columns: here both are h // grid": lambda: _squares(
                maps, grid, h // grid
            ),
            "a place has w // grid columns, and h // grid rows: here both are w // grid": lambda: _squares(
                maps, grid, w // grid
            ),
            "the channels are averaged away; only rows and columns belong together": lambda: flat(
                blocks.mean(axis=3, keepdims=True)
            ),
            "the coarse axes are averaged away, those of length grid; keep them, and average the two others": lambda: (
                flat(maps.reshape(n, grid, h // grid, grid, w // grid, -1).mean(axis=(1, 3)))
            ),
            "a place has h // grid rows, not grid rows": lambda: flat(
                measure.block_reduce(maps, (1, grid, grid, 1), np.mean)
            ),
        },
    )


def _squares(maps: np.ndarray, grid: int, side: int) -> np.ndarray:
    """Averages over squares where rectangles are asked for; NaN where a square lies outside."""
    corners = [(row * side, column * side) for row in range(grid) for column in range(grid)]
    parts = [maps[:, row : row + side, column : column + side] for row, column in corners]
    empty = np.full((len(maps), maps.shape[-1]), np.nan)
    return np.concatenate([part.mean(axis=(1, 2)) if part.size else empty for part in parts], axis=1)


@checks.probe("mean_scores")
def long_and_short(mean_scores: Student, rng: np.random.Generator) -> None:
    """Features of very different lengths, labels in any order."""
    features = rng.normal(size=(12, 5)) * np.exp(rng.normal(size=(12, 1)))
    _compare_mean_scores(mean_scores, features, rng.permutation(np.arange(12) % 3), rng.normal(size=(7, 5)))


@checks.probe("mean_scores")
def one_shot(mean_scores: Student, rng: np.random.Generator) -> None:
    """One labelled picture per class: its class's mean is the picture itself."""
    features = rng.gamma(0.6, size=(4, 6)) * np.exp(rng.normal(size=(4, 1)))
    _compare_mean_scores(mean_scores, features, rng.permutation(4), rng.gamma(0.6, size=(9, 6)))


@checks.probe("mean_scores")
def uneven(mean_scores: Student, rng: np.random.Generator) -> None:
    """A class with more pictures than the other."""
    features = rng.normal(size=(9, 4)) * np.exp(rng.normal(size=(9, 1)))
    _compare_mean_scores(mean_scores, features, np.array([1, 0, 1, 1, 0, 1, 1, 1, 1]), rng.normal(size=(6, 4)))


def _compare_mean_scores(mean_scores: Student, features: np.ndarray, labels: np.ndarray, queries: np.ndarray) -> None:
    classes = range(labels.max() + 1)

    def divided(rows: np.ndarray, axis: int | None) -> np.ndarray:
        return rows / np.sqrt((rows**2).sum(axis=axis, keepdims=True))

    def unit(rows: np.ndarray) -> np.ndarray:
        return divided(rows, 1)

    def means(rows: np.ndarray) -> np.ndarray:
        return np.stack([rows[labels == k].mean(axis=0) for k in classes])

    def cosines(to: np.ndarray) -> np.ndarray:
        return 1 - spatial.distance.cdist(queries, to, "cosine")

    true = cosines(means(unit(features)))
    expect_close(
        mean_scores(features, labels, queries),
        true,
        "the cosines",
        {
            "the features are averaged before they have length 1: long ones count for more": lambda: cosines(
                means(features)
            ),
            "the mean of vectors of length 1 is shorter than 1: divide by its length too": lambda: (
                unit(queries) @ means(unit(features)).T
            ),
            "the queries are not divided by their lengths": lambda: queries @ unit(means(unit(features))).T,
            "these are scalar products: nothing is divided by a length": lambda: queries @ means(features).T,
            "each column was divided by its length; a row is a picture, and its length is taken over axis 1": lambda: (
                divided(queries, 0) @ divided(means(divided(features, 0)), 0).T
            ),
            "all rows were divided by one length, that of the whole array; each row has its own, over axis 1": lambda: (
                divided(queries, None) @ divided(means(divided(features, None)), None).T
            ),
            "these are distances; the cosine is large where the angle is small": lambda: 1 - true,
            "these are Euclidean distances; the cosine is asked for": lambda: spatial.distance.cdist(
                queries, means(features)
            ),
            "these are Euclidean distances with a minus; the cosine is asked for": lambda: (
                -spatial.distance.cdist(queries, means(features))
            ),
            "each row was divided by its sum; its length is the root of the sum of squares": lambda: (
                _by_sums(queries) @ _by_sums(means(_by_sums(features))).T
            ),
            "one row for each query is asked for, one column for each class: this is transposed": true.T,
            "these are the classes; their scores are asked for": true.argmax(axis=1),
            "this is the nearest picture of each class; the mean of the class is asked for": lambda: np.stack(
                [cosines(features[labels == k]).max(axis=1) for k in classes], axis=1
            ),
            "these are the cosines with every picture; average each class first": lambda: cosines(features),
            "the cosines are averaged; average the pictures of a class, then take the cosine": lambda: np.stack(
                [cosines(features[labels == k]).mean(axis=1) for k in classes], axis=1
            ),
            "column k belongs to class k, whatever class appears first among the labels": lambda: true[
                :, _in_order_of_appearance(labels)
            ],
        },
    )


def _by_sums(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=1, keepdims=True)


def _in_order_of_appearance(labels: np.ndarray) -> list[int]:
    return list(dict.fromkeys(labels.tolist()))


@checks.probe("top_k_error")
def best_three(top_k_error: Student, rng: np.random.Generator) -> None:
    """Twenty pictures, seven classes, the best three."""
    _compare_top_k(top_k_error, rng.normal(size=(20, 7)), rng.integers(0, 7, 20), 3)


@checks.probe("top_k_error")
def best_one(top_k_error: Student, rng: np.random.Generator) -> None:
    """The best name only: one minus the accuracy."""
    scores = special.softmax(rng.normal(size=(30, 4)), axis=1)
    labels = np.where(rng.random(30) < 0.6, scores.argmax(axis=1), rng.integers(0, 4, 30))
    _compare_top_k(top_k_error, scores, labels, 1)


@checks.probe("top_k_error")
def every_name(top_k_error: Student, rng: np.random.Generator) -> None:
    """As many names as there are classes: no mistake is left."""
    _compare_top_k(top_k_error, rng.normal(size=(8, 5)), rng.integers(0, 5, 8), 5)


def _compare_top_k(top_k_error: Student, scores: np.ndarray, labels: np.ndarray, k: int) -> None:
    n, classes = scores.shape
    right = scores[np.arange(n), labels]
    better = (scores > right[:, None]).sum(axis=1)  # how many classes come before the right one
    error = float(np.mean(better >= k))
    expect_close(
        top_k_error(scores, labels, k),
        error,
        f"top_k_error with k = {k}",
        {
            "this is the accuracy; the error is what is missing to 1": 1 - error,
            "argsort puts the smallest first: these are the k lowest scores": float(
                np.mean((scores < right[:, None]).sum(axis=1) >= k)
            ),
            "only the k-th name is compared; one of the first k is enough": float(np.mean(better != k - 1)),
            "only the best name is compared": float(np.mean(better > 0)),
            "one name too few": float(np.mean(better >= k - 1)),
            "one name too many": float(np.mean(better >= k + 1)),
            "this is the number of mistakes; their share is asked for": float(np.sum(better >= k)),
            "this is the number that is right; the share that is wrong is asked for": float(np.sum(better < k)),
            "this is the answer for each picture; their share is asked for": (better >= k).astype(float),
            "these are per cent; a share runs from 0 to 1": 100 * error,
            "these are five names, whatever k is": float(np.mean(better >= 5)),
            "the mistakes are shared out over all k names; a picture counts once": (1 - float(np.mean(better < k)) / k),
        },
    )


@checks.probe("shifted")
def several_ways(shifted: Student, rng: np.random.Generator) -> None:
    """Each picture by its own shift, up, down, left and right."""
    images = rng.integers(0, 256, (4, 7, 9, 3)).astype("uint8")
    down, right = rng.permutation([-3, 2, -1, 3]), rng.permutation([4, -2, 1, -4])
    _compare_shifts(shifted, images, down, right)


@checks.probe("shifted")
def by_nothing(shifted: Student, rng: np.random.Generator) -> None:
    """A picture that stays, and one that moves along one axis only."""
    images = rng.integers(0, 256, (3, 6, 5, 3)).astype("uint8")
    _compare_shifts(shifted, images, np.array([0, 2, 0]), np.array([0, 0, -3]))


def _compare_shifts(shifted: Student, images: np.ndarray, down: np.ndarray, right: np.ndarray) -> None:
    h, w = images.shape[1:3]

    def moved(rows: np.ndarray, columns: np.ndarray, mode: str = "nearest") -> np.ndarray:
        return np.stack(
            [
                ndimage.shift(image, (r, c, 0), order=0, mode=mode, cval=0)
                for image, r, c in zip(images, rows, columns, strict=True)
            ]
        )

    expect_close(
        shifted(images, down, right),
        moved(down, right),
        "the shifted pictures",
        {
            "the pictures move up and to the left: positive numbers are down and right": lambda: moved(-down, -right),
            "the rows move the wrong way: positive is down": lambda: moved(-down, right),
            "the columns move the wrong way: positive is to the right": lambda: moved(down, -right),
            "rows and columns are exchanged": lambda: moved(right, down),
            "np.roll: what leaves on one side comes in on the other; repeat the edge instead": lambda: moved(
                down, right, "grid-wrap"
            ),
            "what comes in is black; repeat the edge instead": lambda: moved(down, right, "constant"),
            "what comes in is mirrored; repeat the edge instead": lambda: moved(down, right, "reflect"),
            "all pictures move as the first does": lambda: moved(
                np.full(len(down), down[0]), np.full(len(right), right[0])
            ),
            "only the rows move": lambda: moved(down, 0 * right),
            "only the columns move": lambda: moved(0 * down, right),
            "nothing moves": images,
            "the last row and column are h - 1 and w - 1: clip to these": lambda: _clipped(
                images, down, right, (h, h - 2), (w, w - 2)
            ),
            "h counts the rows and w the columns: here h stands for both": lambda: _clipped(
                images, down, right, (h, h - 1), (h, h - 1)
            ),
        },
    )


def _clipped(images: np.ndarray, down: np.ndarray, right: np.ndarray, rows: tuple, columns: tuple) -> np.ndarray:
    """Moved, with a number of rows and of columns, each with the last one that is used."""
    (h, bottom), (w, last) = rows, columns
    last = min(last, images.shape[2] - 1)
    return np.stack(
        [
            image[np.clip(np.arange(h) - d, 0, bottom)][:, np.clip(np.arange(w) - r, 0, last)]
            for image, d, r in zip(images, down, right, strict=True)
        ]
    )
