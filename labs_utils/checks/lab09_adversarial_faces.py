"""Checks of lab 09: gradients with respect to pixels, attacks, adversarial training, patches, interval bounds."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats

from labs_utils.exercises.checking import CheckFailed, Checks, drawn_once, expect, expect_close, expect_items
from labs_utils.exercises.student import Student, StudentError

checks = Checks("09_adversarial_faces")

EPSILON = 0.1


# -- small networks whose gradients are known -------------------------------------------------------------------------


SHAPE = (6, 5, 2)  # of a picture


@drawn_once
def _linear(rng: np.random.Generator, classes: int, shape: tuple = SHAPE) -> Any:
    """A Keras model with one layer: the logits are linear in the pixels, and some pixels do not count."""
    import keras

    model = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(classes)])
    _fill(model, rng)
    return model


@drawn_once
def _bent(rng: np.random.Generator, classes: int = 3, shape: tuple = SHAPE) -> Any:
    """A Keras model with a hidden layer of tanh and much dropout, for which some pixels do not count."""
    import keras

    hidden = [keras.layers.Dense(12, activation="tanh"), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *hidden, keras.layers.Dense(classes)])
    _fill(model, rng)
    return model


def _fill(model: Any, rng: np.random.Generator) -> None:
    # small enough that no probability is 1 in float32, where the gradient would be 0
    first, *others = (rng.normal(scale=0.5, size=weight.shape) for weight in model.get_weights())
    first[rng.choice(len(first), size=9, replace=False)] = 0  # the gradient of these pixels is exactly 0
    model.set_weights([first, *others])


@drawn_once
def _convolutional(rng: np.random.Generator) -> Any:
    """A smooth Keras model with a convolution: 8 × 8 pictures, two classes."""
    import keras

    body = [keras.layers.Conv2D(4, 3, activation="tanh"), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *body])
    model.set_weights([0.3 * rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def _pictures(rng: np.random.Generator, n: int, shape: tuple = SHAPE) -> np.ndarray:
    """Random pictures in [0, 1], with some pixels exactly black and some exactly white."""
    return np.clip(rng.uniform(-0.2, 1.2, size=(n, *shape)), 0, 1).astype("float32")


def _forward(model: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Logits of `_linear` or `_bent` in inference mode, and the hidden layer."""
    weights = model.get_weights()
    x, hidden = images.reshape(len(images), -1).astype(float), None
    if len(weights) == 4:
        x = hidden = np.tanh(x @ weights[0] + weights[1])
    return x @ weights[-2] + weights[-1], hidden


def _back(model: Any, images: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """The chain rule by hand: from derivatives with respect to the logits to derivatives with respect to the pixels."""
    weights, hidden = model.get_weights(), _forward(model, images)[1]
    deltas = deltas @ weights[-2].T
    if hidden is not None:
        deltas = (deltas * (1 - hidden**2)) @ weights[0].T
    return deltas.reshape(images.shape)


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes)[labels]


def _gradient(model: Any, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Gradient of each picture's own cross-entropy with respect to its pixels."""
    scores, _ = _forward(model, images)
    return _back(model, images, special.softmax(scores, axis=1) - _one_hot(labels, scores.shape[1]))


def _losses(model: Any, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each picture's cross-entropy, for any model that gives logits."""
    scores = np.asarray(model(np.asarray(images, "float32"), training=False), float)
    return special.logsumexp(scores, axis=1) - scores[np.arange(len(labels)), labels]


def _by_tape(model: Any, images: np.ndarray, loss: Callable) -> np.ndarray:
    import tensorflow as tf

    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.reduce_sum(loss(model(images, training=False)))
    return tape.gradient(value, images).numpy()


def _expect_no_weights(got: Any, model: Any) -> None:
    """Refuses a gradient with respect to the weights, which is what training needs and no attack."""
    shapes = [weight.shape for weight in model.get_weights()]
    given = [np.shape(item) for item in got] if isinstance(got, list) else [np.shape(got)]
    if any(shape in shapes and len(shape) == 2 for shape in given):
        raise CheckFailed(
            f"Expected one number for each pixel; got an array of shape {given[0]}.\n  Likely cause: this is the"
            " gradient with respect to the weights; the attack leaves them alone and asks for the pixels."
        )
    if got is None:
        raise CheckFailed(
            "Expected the gradient, got None.\n  Likely cause: `return` is missing, or the tape did not watch the"
            " images (turn them into a tensor and call tape.watch(images) before the model sees them), or NumPy or"
            " model.predict broke the chain: inside the tape call model(images, training=False)."
        )


def _expect_repeatable(student: Student, *arguments: Any) -> Any:
    """What the student's function returns, if a second call returns the same."""
    got, again = student(*arguments), student(*arguments)
    if np.shape(got) == np.shape(again) and not np.allclose(got, again, atol=1e-6):
        raise CheckFailed(
            "Two calls with the same arguments gave different results.\n  Likely cause: dropout is active; an attack"
            " uses the network as it is used afterwards: model(images, training=False)."
        )
    return got


# -- the gradient with respect to the pixels --------------------------------------------------------------------------


def _compare_gradient(got: Any, model: Any, images: np.ndarray, labels: np.ndarray) -> None:
    import keras
    import tensorflow as tf

    _expect_no_weights(got, model)
    scores, _ = _forward(model, images)
    classes = scores.shape[1]
    truth, powers = _one_hot(labels, classes), special.softmax(scores, axis=1)
    true = _gradient(model, images, labels)
    of_label = (powers * truth).sum(axis=1, keepdims=True)
    entropy = keras.losses.sparse_categorical_crossentropy
    expect_close(
        got,
        true,
        "the gradient",
        {
            "the loss is averaged over the batch, so each picture's gradient depends on how many others there are: sum"
            " the losses instead": true / len(images),
            "this is the gradient of the label's logit, not of the loss": _back(model, images, truth),
            "this is the gradient of the label's probability, not of the loss": _back(
                model, images, of_label * (truth - powers)
            ),
            "this is the sign of the gradient; the gradient itself is asked for": np.sign(true),
            "the loss takes the logits for probabilities: from_logits=True is missing": lambda: _by_tape(
                model, images, lambda z: entropy(labels, z)
            ),
            "softmax is applied twice: the loss does it already with from_logits=True": lambda: _by_tape(
                model, images, lambda z: tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.nn.softmax(z))
            ),
            "this is the gradient of the largest logit, not of the loss": _back(
                model, images, _one_hot(scores.argmax(axis=1), classes)
            ),
            "this is the loss of the answer that the model finds likeliest: take the labels": _gradient(
                model, images, scores.argmax(axis=1)
            ),
            "this is the gradient of the squared error; the cross-entropy is asked for": lambda: _by_tape(
                model, images, lambda z: tf.reduce_sum((tf.nn.softmax(z) - truth.astype("float32")) ** 2, axis=1)
            ),
            "this is the gradient of all logits together: the loss is that of the label": _back(
                model, images, np.ones_like(truth)
            ),
            "each picture's gradient was divided by its length: it is asked for as it is": (
                true / _lengths(true)[:, None, None, None]
            ),
            "the absolute value loses which way to go": np.abs(true),
            "the gradients of all pictures are added up; each picture keeps its own": true.sum(axis=0),
        },
        rtol=1e-3,
    )


@checks.probe("pixel_gradient")
def of_a_linear_model(pixel_gradient: Student, rng: np.random.Generator) -> None:
    """A linear model, whose gradient is (p − y) times the weights."""
    model, images, labels = _linear(rng, 3), _pictures(rng, 5), rng.integers(0, 3, size=5)
    _compare_gradient(pixel_gradient(model, images, labels), model, images, labels)


@checks.probe("pixel_gradient")
def of_a_network_with_dropout(pixel_gradient: Student, rng: np.random.Generator) -> None:
    """A network with a hidden layer and dropout."""
    model, images, labels = _bent(rng), _pictures(rng, 4), rng.integers(0, 3, size=4)
    _compare_gradient(_expect_repeatable(pixel_gradient, model, images, labels), model, images, labels)


# -- FGSM -------------------------------------------------------------------------------------------------------------


def _compare_fgsm(got: Any, images: np.ndarray, true: np.ndarray, gradient: np.ndarray) -> None:
    direction = np.sign(true - images)  # where clipping stops nothing; see `full`
    full = images + EPSILON * np.sign(gradient)
    norm = np.sqrt((gradient**2).sum(axis=(1, 2, 3), keepdims=True))
    away = images - EPSILON * np.sign(gradient)
    largest = np.abs(gradient).max(axis=(1, 2, 3), keepdims=True)
    expect_close(
        got,
        true,
        "the attacked pictures",
        {
            "the sign is missing: ε times the raw gradient moves every pixel by another amount": np.clip(
                images + EPSILON * gradient, 0, 1
            ),
            "the sign is missing, and pixels leave [0, 1]": images + EPSILON * gradient,
            "this goes down the loss: the picture becomes easier; add, do not subtract": np.clip(away, 0, 1),
            "this goes down the loss, and pixels leave [0, 1]": away,
            "pixels leave [0, 1]: clip the result, a picture has no colour darker than black": full,
            "pixels leave [0, 1]: clipping to [0, 255] is for pictures of whole numbers, these lie in [0, 1]": np.clip(
                full, 0, 255
            ),
            "pixels leave [0, 1]: the range is not [-1, 1]": np.clip(full, -1, 1),
            "this is the perturbation alone: add the picture": EPSILON * np.sign(gradient),
            "the gradient is divided by its length; FGSM takes its sign": np.clip(
                images + EPSILON * gradient / norm, 0, 1
            ),
            "the gradient is divided by the length of the whole batch's; FGSM takes its sign": np.clip(
                images + EPSILON * gradient / np.sqrt((gradient**2).sum()), 0, 1
            ),
            "the gradient is clipped to ± ε; FGSM takes its sign, so that every pixel moves by ε": np.clip(
                images + np.clip(gradient, -EPSILON, EPSILON), 0, 1
            ),
            "the gradient is clipped to ± ε, and pixels leave [0, 1]: FGSM takes its sign, and clips the sum": images
            + np.clip(gradient, -EPSILON, EPSILON),
            "the gradient is divided by its largest entry, so only one pixel moves by ε; FGSM takes its sign": np.clip(
                images + EPSILON * gradient / largest, 0, 1
            ),
            "the gradient is divided by the largest entry of the whole batch; FGSM takes its sign": np.clip(
                images + EPSILON * gradient / largest.max(), 0, 1
            ),
            "ε is in the units of the picture already: do not divide it by 255": np.clip(
                images + EPSILON / 255 * np.sign(gradient), 0, 1
            ),
            "a pixel whose gradient is 0 stays as it is: np.sign gives 0 there": np.clip(
                images + EPSILON * np.where(gradient > 0, 1, -1), 0, 1
            ),
            "a pixel whose gradient is 0 stays as it is, np.sign gives 0 there": np.clip(
                images + EPSILON * np.where(gradient < 0, -1, 1), 0, 1
            ),
            "ε is missing: the sign alone moves every pixel to black or white": np.clip(
                images + np.sign(gradient), 0, 1
            ),
            "nothing changed: return images + ε times the sign, clipped": images,
            "this is the gradient: add ε times its sign to the pictures": gradient,
            "this is the sign of the gradient: multiply it by ε and add it to the pictures": np.sign(gradient),
            "the perturbation was clipped to [0, 1], so no pixel gets darker: clip the sum": images
            + EPSILON * (gradient > 0),
            "the perturbation was clipped to [0, 1], so no pixel gets darker: clip the sum of both": np.clip(
                images + EPSILON * (gradient > 0), 0, 1
            ),
            "the result was stretched to fill [0, 1]: clip it, so that no pixel moves by more than ε": lambda: (
                (full - full.min()) / np.ptp(full)
            ),
            "the step is half of ε": np.clip(images + EPSILON / 2 * np.sign(gradient), 0, 1),
            "the step is twice ε": np.clip(images + 2 * EPSILON * np.sign(gradient), 0, 1),
            "ε is divided by the sign, which may be 0: multiply": lambda: np.clip(
                images + EPSILON / np.where(gradient == 0, 1e-300, np.sign(gradient)), 0, 1
            ),
            "ε multiplies the picture as well": np.clip(EPSILON * (images + np.sign(gradient)), 0, 1),
            "the sign of the whole sum was taken: only the gradient's sign is": np.sign(images + EPSILON * gradient),
            "one sign was taken for each picture: every pixel has its own": np.clip(
                images + EPSILON * np.sign(gradient.mean(axis=(1, 2, 3), keepdims=True)), 0, 1
            ),
            "the picture became its own perturbation: clip the sum, not the sign": images + EPSILON * direction.clip(0),
        },
        atol=1e-4,
    )


@checks.probe("fgsm")
def worst_picture_of_a_linear_model(fgsm: Student, rng: np.random.Generator) -> None:
    """A linear model of two classes, where the worst picture is known."""
    model, images, labels = _linear(rng, 2), _pictures(rng, 5), rng.integers(0, 2, size=5)
    kernel = model.get_weights()[0]
    # the loss grows with (other logit - own logit), which is linear: every pixel goes to one end of its interval
    slope = (kernel[:, 1 - labels] - kernel[:, labels]).T.reshape(images.shape)
    low, high = np.maximum(images - EPSILON, 0), np.minimum(images + EPSILON, 1)
    got = fgsm(model, images, labels, EPSILON)
    _expect_no_weights(got, model)
    worst = np.select([slope > 0, slope < 0], [high, low], images)
    _compare_fgsm(got, images, worst, _gradient(model, images, labels))


@checks.probe("fgsm")
def three_classes_and_dropout(fgsm: Student, rng: np.random.Generator) -> None:
    """Three classes, a hidden layer and dropout."""
    model, images, labels = _bent(rng), _pictures(rng, 4), rng.integers(0, 3, size=4)
    gradient = _gradient(model, images, labels)
    got = _expect_repeatable(fgsm, model, images, labels, EPSILON)
    _compare_fgsm(got, images, np.clip(images + EPSILON * np.sign(gradient), 0, 1), gradient)


@checks.probe("fgsm")
def promises_of_the_attack(fgsm: Student, rng: np.random.Generator) -> None:
    """What every attack promises: at most ε, within [0, 1], and the loss does not fall."""
    model, images, labels = _convolutional(rng), _pictures(rng, 6, (8, 8, 3)), rng.integers(0, 2, size=6)
    for epsilon in (0.002, 0.3):
        got = _as_pictures(fgsm(model, images, labels, epsilon), images)
        _expect_within(got, images, epsilon)
        if epsilon < 0.01:
            _expect_loss(model, images, got, labels, "the label's loss should not fall", rises=True)


def _as_pictures(got: Any, images: np.ndarray) -> np.ndarray:
    array = np.asarray(got, float) if not isinstance(got, str | dict) and got is not None else np.empty(0)
    expect(
        array.shape == images.shape,
        f"Expected pictures of shape {images.shape}; got {array.shape if array.size else repr(got)[:40]}.",
    )
    return array


def _expect_within(got: np.ndarray, images: np.ndarray, epsilon: float) -> None:
    largest = np.abs(got - images).max()
    expect(largest <= epsilon + 1e-5, f"A pixel changed by {largest:.4g}, more than ε = {epsilon}.")
    expect(
        got.min() >= -1e-6 and got.max() <= 1 + 1e-6,
        f"The pixels lie in [{got.min():.4g}, {got.max():.4g}], not in [0, 1].\n  Likely cause: the result is not"
        " clipped to [0, 1].",
    )


def _expect_loss(
    model: Any, images: np.ndarray, got: np.ndarray, labels: np.ndarray, sentence: str, rises: bool
) -> None:
    before, after = _losses(model, images, labels), _losses(model, got, labels)
    worst = int(np.argmin(after - before if rises else before - after))
    good = after[worst] >= before[worst] - 1e-5 if rises else after[worst] < before[worst]
    expect(
        good,
        f"For picture {worst} {sentence}; it went from {before[worst]:.5g} to {after[worst]:.5g}.\n  Likely cause:"
        f" the step goes {'down' if rises else 'up'} the loss.",
    )


checks.choice(
    "why_the_sign",
    answer="a",
    because={
        "b": "the sign is computed from the gradient, which costs the whole backward pass either way.",
        "c": "the sign says nothing about which pixels matter: it moves the unimportant ones as far as the others.",
    },
)


# -- noise ------------------------------------------------------------------------------------------------------------


def _lengths(arrays: np.ndarray) -> np.ndarray:
    return np.sqrt((np.asarray(arrays, float) ** 2).sum(axis=(1, 2, 3)))


@checks.probe("noise_of_equal_norm")
def same_length(noise_of_equal_norm: Student, rng: np.random.Generator) -> None:
    """The length of each picture's noise."""
    sizes = rng.uniform(0.1, 2, size=(5, 1, 1, 1))
    perturbation = (sizes * rng.choice([-1, 1], size=(5, 12, 10, 3))).astype("float32")
    got = _as_pictures(noise_of_equal_norm(perturbation, 3), perturbation)
    own, wanted = _lengths(got), _lengths(perturbation)
    cause = ""
    if np.allclose(np.sort(np.abs(got), axis=None), np.sort(np.abs(perturbation), axis=None), rtol=1e-3):
        cause = "the perturbation's own values were mixed across the pictures: each picture keeps its own length"
    elif np.isclose(np.sqrt((own**2).sum()), np.sqrt((wanted**2).sum()), rtol=1e-3):
        cause = "the length was taken over the whole batch: each picture has its own"
    elif np.allclose(own**2, wanted, rtol=1e-3) or np.allclose(own, wanted**2, rtol=1e-3):
        cause = "the square root of the sum of squares is the length"
    elif np.allclose(np.abs(got).max(axis=(1, 2, 3)), np.abs(perturbation).max(axis=(1, 2, 3)), rtol=1e-3):
        cause = "the largest values are equal, but the lengths (square root of the sum of squares) should be"
    elif np.allclose(_lengths(got - perturbation), wanted, rtol=1e-3):
        cause = "this is the perturbation with noise added: return the noise alone"
    elif np.allclose(own * wanted, np.prod(got.shape[1:]), rtol=0.35):
        cause = "the fraction is upside down: multiply by the perturbation's length, divide by the noise's"
    elif np.allclose(own * np.sqrt(np.prod(got.shape[1:])), wanted**2, rtol=0.15):
        cause = "the square root is missing: the length is the root of the sum of squares"
    elif np.allclose(own, 1, rtol=1e-3):
        cause = "the noise has length 1: multiply it by the length of the perturbation"
    elif np.allclose(own, own[0], rtol=1e-3):
        cause = "every picture's noise has the same length: each perturbation has its own"
    elif np.allclose(own, np.sqrt(np.prod(got.shape[1:])), rtol=0.15):
        cause = "the noise was not rescaled"
    elif np.allclose(own, wanted * np.sqrt(np.prod(got.shape[1:])), rtol=0.2):
        cause = "the noise was multiplied by the perturbation's length, but not divided by its own"
    elif np.allclose(own, own.mean(), rtol=0.2):
        cause = "every picture's noise is about equally long: one size was taken for all, each perturbation has its own"
    elif np.allclose(own, wanted, rtol=0.15):
        cause = "the lengths are right on average only: divide each picture's noise by the length that it has"
    if not np.allclose(own, wanted, rtol=1e-3):
        raise CheckFailed(
            f"The noise of picture 0 has length {own[0]:.4g}, its perturbation {wanted[0]:.4g}."
            + (f"\n  Likely cause: {cause}." if cause else "")
        )


@checks.probe("noise_of_equal_norm")
def random_direction(noise_of_equal_norm: Student, rng: np.random.Generator) -> None:
    """The direction: Gaussian, drawn anew for each picture, and repeatable."""
    perturbation = rng.choice([-0.1, 0.1], size=(4, 24, 30, 3)).astype("float32")
    got = _as_pictures(noise_of_equal_norm(perturbation, 1), perturbation)
    expect(
        not np.allclose(got, perturbation),
        "The noise is the perturbation itself: its direction should be drawn at random.",
    )
    expect(
        np.allclose(got, noise_of_equal_norm(perturbation, 1), atol=1e-6),
        "The same seed should give the same noise: use np.random.default_rng(seed).",
    )
    expect(
        not np.allclose(got, noise_of_equal_norm(perturbation, 2)),
        "Two seeds gave the same noise.\n  Likely cause: the seed is not used.",
    )
    for axes, part in (((2, 3), "row"), ((1, 3), "column"), ((1, 2), "channel"), ((3,), "pixel")):
        lengths = [np.sqrt(np.square(array).sum(axis=axes)) for array in (got.astype(float), perturbation)]
        expect(
            not np.allclose(*lengths, rtol=1e-3),
            f"Each {part} of the noise is as long as that of the perturbation; only the whole picture should be."
            f"\n  Likely cause: the lengths were taken for each {part}, sum over axes 1, 2 and 3; or the perturbation's"
            " own values were used.",
        )
    _expect_gaussian(got / _lengths(got)[:, None, None, None], perturbation / _lengths(perturbation)[0])


def _expect_gaussian(noise: np.ndarray, perturbation: np.ndarray) -> None:
    """Bounds are five standard deviations and more from what Gaussian noise gives; both have pictures of length 1."""
    flat, n = noise.reshape(len(noise), -1), len(noise)
    together = np.abs(flat @ flat.T - np.eye(n)).max()
    expect(
        together < 0.5,
        f"The noise of two pictures points the same way (cosine {together:.2f}).\n  Likely cause: one noise is used"
        " for all pictures, or it has no values below 0, which brightens instead of disturbing.",
    )
    cosine = float((noise * perturbation).sum() / n)
    expect(
        abs(cosine) < 0.05,
        f"The noise points along the perturbation or against it (cosine {cosine:.2f}); its direction should"
        " not depend on the perturbation.",
    )
    for axis, part in ((3, "channels"), (2, "neighbours in a row"), (1, "neighbours in a column")):
        one, other = (noise.take(place, axis) for place in (range(noise.shape[axis] - 1), range(1, noise.shape[axis])))
        alike = float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
        expect(
            abs(alike) < 0.1,
            f"The noise is the same, or much alike, in {part} (correlation {alike:.2f}).\n  Likely cause: it was drawn"
            " for one of them and repeated; draw one number for each value: size=perturbation.shape.",
        )
    kurtosis, skewness = stats.kurtosis(flat, axis=None, fisher=False), stats.skew(flat, axis=None)
    causes = {1: "all values have the same size: these are random signs", 1.8: "it is uniform"}
    cause = next(
        (text for value, text in causes.items() if abs(kurtosis - value) < 0.15), "it has another distribution"
    )
    expect(
        abs(kurtosis - 3) < 0.3 and abs(skewness) < 0.15,
        f"The noise is not Gaussian (kurtosis {kurtosis:.2f} instead of 3, skewness {skewness:.2f} instead of 0)."
        f"\n  Likely cause: {cause}; use np.random.default_rng(seed).normal(size=perturbation.shape).",
    )


# -- the ε-ball -------------------------------------------------------------------------------------------------------


def _projections(images: np.ndarray, originals: np.ndarray, epsilon: float) -> dict[str, np.ndarray]:
    """What the usual mistakes make of a projection: around the wrong centre, to the wrong range, or half of it."""
    difference = images - originals
    largest = np.abs(difference).max(axis=(1, 2, 3), keepdims=True)
    length = _lengths(difference)[:, None, None, None]
    inside = np.clip(difference, -epsilon, epsilon)
    return {
        "the ball is centred at 0: its centre is the original picture": np.clip(
            np.clip(images, -epsilon, epsilon), 0, 1
        ),
        "the ball is centred at 0, and [0, 1] is missing": np.clip(images, -epsilon, epsilon),
        "pixels leave [0, 1]: the projection has two parts, the ball and the range of colours": originals + inside,
        "pixels leave [0, 1]: clipping to [0, 255] is for pictures of whole numbers, these lie in [0, 1]": np.clip(
            originals + inside, 0, 255
        ),
        "only [0, 1] is observed: the ball around the original is missing": np.clip(images, 0, 1),
        "this is the clipped perturbation: add the original picture": inside,
        "the originals are projected around the attacked pictures: the two are swapped": np.clip(
            np.clip(originals, images - epsilon, images + epsilon), 0, 1
        ),
        "only the upper bound is observed: pixels may also be too dark": np.clip(
            np.minimum(images, originals + epsilon), 0, 1
        ),
        "only the lower bound is observed: pixels may also be too bright": np.clip(
            np.maximum(images, originals - epsilon), 0, 1
        ),
        "pixels that went too far were put back to the original: they belong on the edge of the ball": np.clip(
            np.where(np.abs(difference) > epsilon, originals, images), 0, 1
        ),
        "nothing was projected": images,
        "the radius is half of ε: the ball reaches ε to both sides": np.clip(
            originals + np.clip(difference, -epsilon / 2, epsilon / 2), 0, 1
        ),
        "these are the originals: what lies inside the ball stays, what is outside goes to its edge": originals,
        "the ball is a share of each pixel's brightness; it is as wide everywhere, ± ε": np.clip(
            np.clip(images, originals * (1 - epsilon), originals * (1 + epsilon)), 0, 1
        ),
        "the whole perturbation is scaled down; in this ball each pixel is clipped for itself": np.clip(
            originals + difference * np.minimum(1, epsilon / np.maximum(largest, 1e-12)), 0, 1
        ),
        "this projects onto a ball of the Euclidean length; here the largest change of a pixel counts": np.clip(
            originals + difference * np.minimum(1, epsilon / np.maximum(length, 1e-12)), 0, 1
        ),
        "every pixel was moved to the edge of the ball: those inside stay where they are": np.clip(
            originals + epsilon * np.sign(difference), 0, 1
        ),
        "ε is in the units of the picture already: do not divide it by 255": np.clip(
            originals + np.clip(difference, -epsilon / 255, epsilon / 255), 0, 1
        ),
    }


def _nearest(images: np.ndarray, originals: np.ndarray, epsilon: float) -> np.ndarray:
    """The nearest allowed picture: of lowest value, highest value and own value, the middle one."""
    low, high = np.maximum(originals - epsilon, 0), np.minimum(originals + epsilon, 1)
    return np.sort(np.stack([low, high, images]), axis=0)[1]


# -- steps ------------------------------------------------------------------------------------------------------------

STEP = 0.04
# what TensorFlow and Keras say of a bare target
LABELS_MISSING = r"'(int|list)' object has no attribute 'shape'|must have rank|labels\.shape|same shape up until"


def _step_mistakes(
    images: np.ndarray, originals: np.ndarray, gradient: np.ndarray, at_originals: np.ndarray, up: int
) -> dict[str, np.ndarray]:
    """Wrong steps; `gradient` is that of the loss to be raised (`up` = 1) or lowered (-1)."""
    right = images + up * STEP * np.sign(gradient)
    around_itself = np.clip(np.clip(right, images - EPSILON, images + EPSILON), 0, 1)
    where = "up" if up < 0 else "down"
    fault = (
        "this climbs the loss of the target: a targeted attack makes it smaller, so subtract"
        if up < 0
        else "this goes down the loss: add the step, do not subtract it"
    )
    return {
        fault: _nearest(images - up * STEP * np.sign(gradient), originals, EPSILON),
        "the projection is around the current pictures: its centre is the originals": around_itself,
        f"the step goes {where}, and the projection is around the current pictures": np.clip(
            images - up * STEP * np.sign(gradient), 0, 1
        ),
        "a pixel whose gradient is 0 stays as it is: np.sign gives 0 there": _nearest(
            images + up * STEP * np.where(gradient > 0, 1, -1), originals, EPSILON
        ),
        "the step is missing: the sign alone is as long as the whole range": _nearest(
            images + up * np.sign(gradient), originals, EPSILON
        ),
        "the range [0, 1] is missing in the projection": originals + np.clip(right - originals, -EPSILON, EPSILON),
        "the ball is missing in the projection: only [0, 1] is observed": np.clip(right, 0, 1),
        "this is the change alone: add it to the originals": np.clip(right - originals, -EPSILON, EPSILON),
        "the pictures came back as they went in": images,
        "the pictures are projected first and moved afterwards: move, then project": (
            _nearest(images, originals, EPSILON) + up * STEP * np.sign(gradient)
        ),
        "the sign is missing: the step is in the raw gradient": _nearest(
            images + up * STEP * gradient, originals, EPSILON
        ),
        "the gradient is divided by its length; the step takes its sign": _nearest(
            images + up * STEP * gradient / _lengths(gradient)[:, None, None, None], originals, EPSILON
        ),
        "the step was multiplied by ε": _nearest(images + up * STEP * EPSILON * np.sign(gradient), originals, EPSILON),
        "the absolute value of the gradient loses which way to go": _nearest(
            images + up * STEP * np.abs(gradient), originals, EPSILON
        ),
        "`step` and `epsilon` are exchanged": _nearest(images + up * EPSILON * np.sign(gradient), originals, STEP),
        "the step is as long as ε: use `step`": _nearest(images + up * EPSILON * np.sign(gradient), originals, EPSILON),
        "the result is not projected": right,
        "the ball has the radius `step`; its radius is epsilon": _nearest(right, originals, STEP),
        "the step starts from the originals: start from where the attack is now": _nearest(
            originals + up * STEP * np.sign(gradient), originals, EPSILON
        ),
        "the step starts from the originals, with their gradient: start from where the attack is now": _nearest(
            originals + up * STEP * np.sign(at_originals), originals, EPSILON
        ),
        "the gradient is taken at the originals: take it where the attack is now": _nearest(
            images + up * STEP * np.sign(at_originals), originals, EPSILON
        ),
    }


def _inside_ball(rng: np.random.Generator, originals: np.ndarray) -> np.ndarray:
    moved = originals + rng.uniform(-EPSILON, EPSILON, size=originals.shape)
    return np.clip(moved, 0, 1).astype("float32")


def _compare_step(
    student: Student, model: Any, images: np.ndarray, originals: np.ndarray, labels: np.ndarray, target: int | None
) -> None:
    up = 1 if target is None else -1
    asked = labels if target is None else np.full(len(images), target)
    gradient, at_originals = _gradient(model, images, asked), _gradient(model, originals, asked)
    arguments = model, images, originals, labels if target is None else target, EPSILON, STEP
    drops = len(model.get_weights()) == 4  # dropout, of which `_linear` has none: each call takes its time
    try:
        got = _expect_repeatable(student, *arguments) if drops else student(*arguments)
    except StudentError as error:
        if target is None or not re.search(LABELS_MISSING, f"{error.type}: {error.text}"):
            raise
        raise CheckFailed(
            f"The step stopped with {error.type}: {error.text.splitlines()[0][:120]}\n  Likely cause: one number stands"
            " where the gradient needs one label for each picture: np.full(len(images), target)."
        ) from None
    _expect_no_weights(got, model)

    def towards(label: np.ndarray | int, way: int) -> np.ndarray:
        direction = np.sign(_gradient(model, images, np.broadcast_to(label, len(images))))
        return _nearest(images + way * STEP * direction, originals, EPSILON)

    likeliest = _forward(model, images)[0].argmax(axis=1)
    of_others = {"this goes away from the answer that the model finds likeliest": towards(likeliest, 1)}
    if target is None:
        of_others = {
            "this is the loss of the answer that the model finds likeliest: take the labels": towards(likeliest, 1)
        }
        twice = _nearest(images + STEP * np.sign(gradient), originals, EPSILON)
        again = np.sign(_gradient(model, twice, asked))
        of_others["two steps were made: make one"] = _nearest(twice + STEP * again, originals, EPSILON)
    elif target != 0:
        of_others["this goes towards class 0, whatever `target` says"] = towards(0, -1)
    expect_close(
        got,
        _nearest(images + up * STEP * np.sign(gradient), originals, EPSILON),
        "the pictures after the step",
        _step_mistakes(images, originals, gradient, at_originals, up)
        | _projections(images + up * STEP * np.sign(gradient), originals, EPSILON)
        | of_others,
        atol=1e-4,
    )


@checks.probe("pgd_step")
def step_on_a_linear_model(pgd_step: Student, rng: np.random.Generator) -> None:
    """One step on a linear model."""
    originals = _pictures(rng, 4)
    images = _inside_ball(rng, originals)
    _compare_step(pgd_step, _linear(rng, 3), images, originals, rng.integers(0, 3, size=4), None)


@checks.probe("pgd_step")
def step_on_a_bent_model(pgd_step: Student, rng: np.random.Generator) -> None:
    """One step on a network with a hidden layer and dropout."""
    originals = _pictures(rng, 4)
    images = _inside_ball(rng, originals)
    _compare_step(pgd_step, _bent(rng), images, originals, rng.integers(0, 3, size=4), None)


@checks.probe("pgd_step")
def steps_reach_the_optimum(pgd_step: Student, rng: np.random.Generator) -> None:
    """Three steps reach the worst picture of a linear model."""
    model, originals, labels = _linear(rng, 2), _pictures(rng, 3), rng.integers(0, 2, size=3)
    kernel = model.get_weights()[0]
    slope = (kernel[:, 1 - labels] - kernel[:, labels]).T.reshape(originals.shape)
    images = start = _inside_ball(rng, originals)
    for _ in range(3):  # 3 × 0.07 is more than the way across the ball
        images = _as_pictures(pgd_step(model, images, originals, labels, EPSILON, 0.07), originals).astype("float32")
    low, high = np.maximum(originals - EPSILON, 0), np.minimum(originals + EPSILON, 1)
    worst = np.select([slope > 0, slope < 0], [high, low], start)
    best = np.select([slope > 0, slope < 0], [low, high], start)
    _expect_within(images, originals, EPSILON)
    expect_close(
        images,
        worst,
        "the pictures after three steps",
        {"the steps go down the loss: they end at the easiest picture": best},
        atol=1e-4,
    )


# -- adversarial training ---------------------------------------------------------------------------------------------


def _weight_gradients(model: Any, images: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """The mean loss's gradients with respect to the weights of `_linear`, by the chain rule, in float64."""
    scores, _ = _forward(model, images)
    delta = (special.softmax(scores, axis=1) - _one_hot(labels, scores.shape[1])) / len(labels)
    return [images.reshape(len(images), -1).astype(float).T @ delta, delta.sum(axis=0)]


def _without_from_logits(model: Any, images: np.ndarray, labels: np.ndarray) -> list:
    """The weights' gradients of the loss that Keras computes if it is not told that these are logits."""
    import keras
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = model(np.asarray(images, "float32"), training=False)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, outputs))
    return tape.gradient(loss, model.trainable_variables)


def _flat(arrays: Any) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(array, float)) for array in arrays])


@checks.probe("adversarial_gradients")
def on_a_linear_model(adversarial_gradients: Student, rng: np.random.Generator) -> None:
    """A linear model, whose gradients are known."""
    n, shape = 5, (4, 3, 2)
    model, images, labels = _linear(rng, 3, shape), _pictures(rng, n, shape), rng.integers(0, 3, n)
    noise = rng.uniform(-1, 1, images.shape).astype("float32")
    start = images + np.float32(EPSILON) * noise

    moved = start + 1.25 * EPSILON * np.sign(_gradient(model, start, labels))

    def at(step: float, begin: np.ndarray = start, project: bool = True, sign: bool = True) -> list[np.ndarray]:
        direction = _gradient(model, begin, labels)
        worse = begin + step * EPSILON * (np.sign(direction) if sign else direction)
        return _weight_gradients(model, _nearest(worse, images, EPSILON) if project else worse, labels)

    names = tuple(f"gradient of {variable.path.split('/', 1)[-1]}" for variable in model.trainable_variables)
    got = adversarial_gradients(model, images, labels, EPSILON, noise)
    if isinstance(got, np.ndarray) and got.shape == images.shape:
        raise CheckFailed(
            f"Expected {len(names)} gradients, one for each array of weights; got pictures of shape {got.shape}.\n"
            "  Likely cause: these are the worse pictures, or the gradient with respect to them: go on, and take the"
            " gradient of their loss with respect to model.trainable_variables."
        )
    if isinstance(got, list) and any(item is None for item in got):
        raise CheckFailed(
            "A gradient is None.\n  Likely cause: the second loss is computed outside its tape, or NumPy broke the"
            " chain between the weights and the loss."
        )
    got = expect_items(got, names)
    true = at(1.25)
    expect(
        [np.shape(item) for item in got] == [item.shape for item in true],
        f"The gradients should have the shapes of the weights, {[item.shape for item in true]}; got"
        f" {[np.shape(item) for item in got]}.",
    )
    expect_close(
        _flat(got),
        _flat(true),
        "the gradients, one after the other,",
        {
            "the gradient is taken at the clean pictures: this is ordinary training": lambda: _flat(
                _weight_gradients(model, images, labels)
            ),
            "the gradient is taken at the random start: the step up the loss is missing": lambda: _flat(
                _weight_gradients(model, start, labels)
            ),
            "the step starts from the clean pictures: the random start is missing": lambda: _flat(at(1.25, images)),
            "the step goes down the loss: training on easier pictures hardens nothing": lambda: _flat(at(-1.25)),
            "the step is ε and not 1.25 ε": lambda: _flat(at(1)),
            "the step is 1.25 and not 1.25 ε": lambda: _flat(at(1.25 / EPSILON)),
            "the noise is not multiplied by ε: the start lies outside the ball": lambda: _flat(
                at(1.25, images + noise)
            ),
            "the second loss takes the logits for probabilities: from_logits=True is missing": lambda: _flat(
                _without_from_logits(model, _nearest(moved, images, EPSILON), labels)
            ),
            "the worse pictures are not projected back into the ball and [0, 1]": lambda: _flat(
                at(1.25, project=False)
            ),
            "the ball around the clean pictures is missing: only [0, 1] is observed": lambda: _flat(
                _weight_gradients(model, np.clip(moved, 0, 1), labels)
            ),
            "the range [0, 1] is missing in the projection": lambda: _flat(
                _weight_gradients(model, images + np.clip(moved - images, -EPSILON, EPSILON), labels)
            ),
            "the gradient is taken at the random start, clipped: the step up the loss is missing": lambda: _flat(at(0)),
            "the start is clipped to [0, 1] before the step; only the end is": lambda: _flat(
                at(1.25, np.clip(start, 0, 1))
            ),
            "the loss on the clean pictures is added; only the worse ones are asked for": lambda: (
                _flat(true) + _flat(_weight_gradients(model, images, labels))
            ),
            "the sign is missing in the step": lambda: _flat(at(1.25, sign=False)),
            "the loss is summed over the batch; the mean is asked for": n * _flat(true),
            "the gradients have the wrong sign": -_flat(true),
        },
        rtol=2e-3,
        atol=2e-5,
    )


def _normalising(rng: np.random.Generator, classes: int, shape: tuple) -> Any:
    """A network with batch normalisation, in which rest and training differ, and chance has no part."""
    import keras

    hidden = [keras.layers.Dense(5), keras.layers.BatchNormalization(), keras.layers.Activation("tanh")]
    model = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *hidden, keras.layers.Dense(classes)])
    scales = [(0.5, 0), (0.5, 0), (1, 0), (0.5, 0), (1, 0), (0.3, 1), (0.8, 0), (0.5, 0)]  # (spread, middle) of each
    drawn = [m + s * rng.normal(size=w.shape) for (s, m), w in zip(scales, model.get_weights(), strict=True)]
    drawn[5] = np.abs(drawn[5]) + 0.2  # a variance
    model.set_weights(drawn)
    return model


def _loss_of_normalising(weights: list[np.ndarray], images: np.ndarray, labels: np.ndarray, training: bool) -> float:
    """The summed loss of `_normalising` in float64, by the batch's own averages or by the stored ones."""
    w1, b1, gamma, beta, mean, variance, w2, b2 = weights
    x = images.reshape(len(images), -1).astype(float) @ w1 + b1
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
    x = np.tanh(gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta) @ w2 + b2
    return float((special.logsumexp(x, axis=1) - x[np.arange(len(labels)), labels]).sum())


def _slope(loss: Callable, array: np.ndarray) -> np.ndarray:
    """Central differences of `loss`, number by number; `array` is as it was afterwards."""
    found = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        kept, ends = array[place], []
        for shift in (1e-5, -1e-5):
            array[place] = kept + shift
            ends.append(loss())
        array[place] = kept
        found[place] = (ends[0] - ends[1]) / 2e-5
    return found


@checks.probe("adversarial_gradients")
def rest_and_training(adversarial_gradients: Student, rng: np.random.Generator) -> None:
    """A network with batch normalisation: at rest in the attack, in training mode in the training step."""
    arguments, names, true, mistakes = _case_of_modes(rng)
    got = expect_items(adversarial_gradients(*arguments), names)
    expect_close(_flat(got), true, "the gradients, one after the other,", mistakes, rtol=5e-3, atol=1e-4)


@drawn_once
def _case_of_modes(rng: np.random.Generator) -> tuple:
    """The arguments, names of the gradients, the gradients, and what a network in another mode gives."""
    model, images, labels = _normalising(rng, 3, (3, 2, 1)), _pictures(rng, 6, (3, 2, 1)), rng.integers(0, 3, 6)
    noise = rng.uniform(-1, 1, images.shape).astype("float32")
    weights = [weight.astype(float) for weight in model.get_weights()]
    trained = weights[:4] + weights[6:]  # not the running averages

    def after(attack: bool, step: bool) -> np.ndarray:
        """The gradients if the network is in training mode in the attack, and in the training step."""
        x = images.astype(float) + EPSILON * noise
        direction = np.sign(_slope(lambda: _loss_of_normalising(weights, x, labels, attack), x))
        worse = _nearest(x + 1.25 * EPSILON * direction, images, EPSILON)
        slopes = [_slope(lambda: _loss_of_normalising(weights, worse, labels, step), weight) for weight in trained]
        return _flat(slopes) / len(labels)

    names = tuple(f"gradient of {variable.path.split('/', 1)[-1]}" for variable in model.trainable_variables)
    mistakes = {
        "the attack sees the network in training mode; it attacks the network as it is used, training=False": (
            lambda: after(attack=True, step=True)
        ),
        "the last loss is computed with training=False; it is a training step: model(worse, training=True)": (
            lambda: after(attack=False, step=False)
        ),
        "the two modes are exchanged: training=False in the attack, training=True in the training step": (
            lambda: after(attack=True, step=False)
        ),
    }
    return (model, images, labels, EPSILON, noise), names, after(attack=False, step=True), mistakes


# -- towards a class --------------------------------------------------------------------------------------------------


@checks.probe("targeted_step")
def towards_one_of_three(targeted_step: Student, rng: np.random.Generator) -> None:
    """One step towards one of three classes, linear model."""
    originals = _pictures(rng, 4)
    images = _inside_ball(rng, originals)
    _compare_step(targeted_step, _linear(rng, 3), images, originals, None, int(rng.integers(1, 3)))


@checks.probe("targeted_step")
def towards_a_class_of_a_bent_model(targeted_step: Student, rng: np.random.Generator) -> None:
    """One step on a network with a hidden layer and dropout."""
    originals = _pictures(rng, 4)
    images = _inside_ball(rng, originals)
    _compare_step(targeted_step, _bent(rng), images, originals, None, int(rng.integers(0, 3)))


@checks.probe("targeted_step")
def the_targets_loss_falls(targeted_step: Student, rng: np.random.Generator) -> None:
    """Three small steps lower the target's loss for every picture."""
    model, originals = _convolutional(rng), _pictures(rng, 5, (8, 8, 3))
    target, images = int(rng.integers(0, 2)), originals
    for _ in range(3):
        got = targeted_step(model, images, originals, target, 0.02, 0.004)
        images = _as_pictures(got, originals).astype("float32")
    _expect_within(images, originals, 0.02)
    labels = np.full(len(originals), target)
    _expect_loss(model, originals, images, labels, "the target's loss should fall", rises=False)


# -- a patch ----------------------------------------------------------------------------------------------------------


def _pasted(images: np.ndarray, patch: np.ndarray, top: np.ndarray, left: np.ndarray, size: int) -> np.ndarray:
    """Pictures with the patch, shown at `size` pixels, pasted pixel by pixel."""
    result, k = images.astype(float), len(patch)
    for picture, t, s in zip(result, top, left, strict=True):
        for row in range(size):
            for column in range(size):
                picture[t + row, s + column] = patch[row * k // size, column * k // size]
    return result


def _patch_gradient(case: tuple, loss: Callable) -> np.ndarray:
    """Central differences of `loss` (of the pasted pictures), dot by dot, in float64."""
    images, patch, top, left, size = case
    found = np.zeros(patch.shape)
    for place in np.ndindex(patch.shape):
        ends = []
        for shift in (1e-4, -1e-4):
            moved = patch.astype(float)
            moved[place] += shift
            ends.append(loss(_pasted(images, moved, top, left, size)))
        found[place] = (ends[0] - ends[1]) / 2e-4
    return found


def _mean_loss(model: Any, images: np.ndarray, labels: np.ndarray) -> float:
    scores = _forward(model, images)[0]
    return float(np.mean(special.logsumexp(scores, axis=1) - scores[np.arange(len(labels)), labels]))


def _compare_patch_gradient(student: Student, model: Any, arguments: tuple, true: np.ndarray, mistakes: dict) -> None:
    got = student(model, *arguments)
    _expect_no_weights(got, model)
    expect_close(got, true, "the gradient of the patch", mistakes, rtol=2e-3, atol=2e-5)


@drawn_once
def _patch_gradient_case(
    rng: np.random.Generator, bent: bool, n: int, k: int, size: int, room: tuple[int, int]
) -> tuple:
    """A network, the other arguments, the gradient, and what mistakes give in its place."""
    height, width = room
    model = _bent(rng, 2, (*room, 3)) if bent else _linear(rng, 3, (*room, 3))
    images, patch = _pictures(rng, n, (height, width, 3)), rng.random((k, k, 3)).astype("float32")
    top, left = rng.integers(0, height - size + 1, n), rng.integers(0, width - size + 1, n)
    top[0], left[0] = height - size, 0
    case = images, patch, top, left, size
    target = int(rng.integers(0, model.output_shape[-1]))
    labels = np.full(n, target)
    true = _patch_gradient(case, lambda pictures: _mean_loss(model, pictures, labels))
    at_pasted = _gradient(model, _pasted(*case).astype("float32"), labels) / n
    at_plain = _gradient(model, images, labels) / n
    index = np.arange(size) * k // size

    def gathered(gradient: np.ndarray, rows: np.ndarray, columns: np.ndarray, total: Callable = np.sum) -> np.ndarray:
        cells = [[[] for _ in range(k)] for _ in range(k)]
        for g, t, s in zip(gradient, rows, columns, strict=True):
            for a, b in np.ndindex(size, size):
                if t + a < height and s + b < width:
                    cells[index[a]][index[b]].append(g[t + a, s + b])
        return np.array([[total(cell, axis=0) if cell else np.zeros(3) for cell in row] for row in cells])

    def only_one(last: bool) -> np.ndarray:
        """What `total[index] += …` leaves: of the pixels that show a dot, one."""
        picked = [np.flatnonzero(index == dot)[-1 if last else 0] for dot in range(k)]
        return window()[np.ix_(picked, picked)]

    def window() -> np.ndarray:
        return sum(g[t : t + size, s : s + size] for g, t, s in zip(at_pasted, top, left, strict=True))

    away = np.asarray([int(np.argmax(row)) for row in _forward(model, images)[0]])
    mistakes = {
        "the gradient is taken at the pictures without the patch: paste it first": lambda: gathered(
            at_plain, top, left
        ),
        "the sum over the batch is not divided by the number of pictures: the loss is a mean": true * n,
        "of the pixels that show a dot only one counts: a[index] += b adds once for each dot; np.add.at(a, index, b)"
        " adds every time": lambda: only_one(last=True),
        "of the pixels that show a dot only the first counts: add them all": lambda: only_one(last=False),
        "the gradients of the pixels that show a dot are averaged: a dot that is shown larger has more weight, so"
        " add them": lambda: gathered(at_pasted, top, left, np.mean) * n,
        "top and left are swapped": lambda: gathered(at_pasted, left, top),
        "every window is cut out at the first picture's place": lambda: gathered(
            at_pasted, np.full(n, top[0]), np.full(n, left[0])
        ),
        "the patch was pasted at the first picture's place in all pictures: each has its own": lambda: _patch_gradient(
            (images, patch, np.full(n, top[0]), np.full(n, left[0]), size),
            lambda pictures: _mean_loss(model, pictures, labels),
        ),
        "the patch is shown at its own size, not at `size` pixels": lambda: _patch_gradient(
            (images, patch, top, left, k), lambda pictures: _mean_loss(model, pictures, labels)
        ),
        "the window is not folded: the pixels that show the same dot add up to one number": window,
        "the window is cut off, not folded: the pixels that show the same dot add up to one number": lambda: window()[
            :k, :k
        ],
        "this is the gradient of the first picture only": lambda: gathered(at_pasted[:1], top[:1], left[:1]),
        "this is the sign of the gradient; the gradient itself is asked for": np.sign(true),
        "this climbs: it is the gradient with the wrong sign": -true,
        "the loss is that of the answer the network gives now, not that of the target": lambda: _patch_gradient(
            case, lambda pictures: _mean_loss(model, pictures, away)
        ),
    }
    return model, (images, patch, target, top, left, size), true, mistakes


@checks.probe("patch_gradient")
def each_dot_shown_several_times(patch_gradient: Student, rng: np.random.Generator) -> None:
    """Dots shown two or three pixels wide, linear model."""
    _compare_patch_gradient(patch_gradient, *_patch_gradient_case(rng, False, 5, 2, 5, (7, 8)))


@checks.probe("patch_gradient")
def each_dot_shown_once(patch_gradient: Student, rng: np.random.Generator) -> None:
    """A network with dropout; the patch at its own size."""
    _compare_patch_gradient(patch_gradient, *_patch_gradient_case(rng, True, 4, 3, 3, (6, 5)))


# -- accounts ---------------------------------------------------------------------------------------------------------

checks.choice(
    "what_the_rounding_did",
    answer="c",
    because={
        "a": "the attack through the rounding brings the accuracy down again: such pictures were there all the time.",
        "b": "the attack did converge; it was handed a gradient of zero, which says nothing about the pictures.",
    },
)


# -- interval bounds --------------------------------------------------------------------------------------------------


def _corners(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """All corners of each box: (2**d, n, d)."""
    choices = np.array(np.meshgrid(*[[0, 1]] * lower.shape[1], indexing="ij")).reshape(lower.shape[1], -1).T
    return np.where(choices[:, None, :] == 1, upper[None], lower[None])


def _box(rng: np.random.Generator, n: int, d: int, sizes: tuple[float, float] = (0, 1)) -> tuple:
    middle, half = rng.normal(size=(n, d)), rng.uniform(*sizes, size=(n, d))
    return middle - half, middle + half


def _compare_layer(
    student: Student, lower: np.ndarray, upper: np.ndarray, weights: np.ndarray, bias: np.ndarray
) -> None:
    values = _corners(lower, upper) @ weights + bias
    true = values.min(axis=0), values.max(axis=0)
    got = expect_items(student(lower, upper, weights, bias), ("the lower bounds", "the upper bounds"))
    one, other = lower @ weights + bias, upper @ weights + bias
    positive, size = np.maximum(weights, 0), np.abs(weights)
    middle, half = (lower + upper) / 2, (upper - lower) / 2
    free = np.zeros_like(bias)
    expect_close(
        got,
        np.stack(true),
        "lower and upper bounds",
        {
            "the ends are sent through the layer as if all weights were positive: a negative weight turns them round": [
                one,
                other,
            ],
            "the smaller of the two ends is no bound: each input may be at either end": [
                np.minimum(one, other),
                np.maximum(one, other),
            ],
            "the negative weights are left out": [lower @ positive + bias, upper @ positive + bias],
            "the bias is missing": [true[0] - bias, true[1] - bias],
            "the bias counts in the width as well; it shifts both ends alike": lambda: [
                middle @ weights + bias - (half @ size + bias),
                middle @ weights + bias + (half @ size + bias),
            ],
            "the width is taken twice: from the middle it is half of the width to each end": lambda: [
                middle @ weights + bias - 2 * half @ size,
                middle @ weights + bias + 2 * half @ size,
            ],
            "the absolute value of the weights is missing in the width": [
                middle @ weights + bias - half @ weights,
                middle @ weights + bias + half @ weights,
            ],
            "the absolute value of the weights belongs to the width only, not to the middle": [
                middle @ size + bias - half @ size,
                middle @ size + bias + half @ size,
            ],
            "lower and upper are swapped": [true[1], true[0]],
            "these are middle and half width; lower and upper are asked for": [
                middle @ weights + bias,
                half @ size + free,
            ],
            "ReLU does not belong to this function": [np.maximum(true[0], 0), np.maximum(true[1], 0)],
        },
        rtol=1e-3,
    )


@checks.probe("interval_layer")
def every_corner_of_the_box(interval_layer: Student, rng: np.random.Generator) -> None:
    """Boxes whose corners are all tried."""
    _compare_layer(interval_layer, *_box(rng, 4, 5), rng.normal(size=(5, 3)), rng.normal(size=3))


@checks.probe("interval_layer")
def boxes_without_width(interval_layer: Student, rng: np.random.Generator) -> None:
    """Boxes of which some sides, or all, have no width."""
    lower, upper = _box(rng, 5, 3)
    upper[:2], upper[2:, 1] = lower[:2], lower[2:, 1]
    _compare_layer(interval_layer, lower, upper, rng.normal(size=(3, 4)), rng.normal(size=4))


def _compare_margin(student: Student, rng: np.random.Generator, n: int, d: int, classes: int) -> None:
    lower, upper = _box(rng, n, d)
    lower, upper = np.maximum(lower, 0), np.maximum(upper, 0)
    weights, bias, labels = rng.normal(size=(d, classes)), rng.normal(size=classes), rng.integers(0, classes, n)
    logits = _corners(lower, upper) @ weights + bias  # (corners, n, classes)
    own = np.take_along_axis(logits, labels[None, :, None], axis=2)
    margins = np.where(np.arange(classes) == labels[:, None], np.inf, own - logits)
    true = margins.min(axis=(0, 2))
    low, high = logits.min(axis=0), logits.max(axis=0)
    rows = np.arange(n)
    rivals = np.where(np.arange(classes) == labels[:, None], -np.inf, high)
    centre = (lower + upper) / 2 @ weights + bias
    others = np.where(np.arange(classes) == labels[:, None], -np.inf, centre)
    gap = lower @ weights + bias
    gap = gap[rows, labels] - np.where(np.arange(classes) == labels[:, None], -np.inf, gap).max(axis=1)
    got = student(lower, upper, weights, bias, labels)
    expect_close(
        got,
        true,
        "the smallest margins",
        {
            "the two logits are bounded one by one, as if the hidden layer could be in two states at once: bound"
            " their difference, whose weights are w_y - w_k": low[rows, labels] - rivals.max(axis=1),
            "this is the margin in the middle of the box, not the smallest one in it": centre[rows, labels]
            - others.max(axis=1),
            "this is the margin at the lower end of the box; the smallest may be elsewhere": gap,
            "this is the largest margin in the box": np.where(np.isinf(margins), -np.inf, margins).max(axis=(0, 2)),
            "the ends are exchanged: where a weight of the difference is positive, the hidden unit's lower bound makes"
            " the margin smallest": margins.max(axis=0).min(axis=1),
            "the difference of the weights is turned round: the label's minus the rival's, w_y - w_k": lambda: (
                _turned_margin(lower, upper, weights, bias, labels)
            ),
            "the rival must be the one that comes nearest: the smallest margin over all other labels, not the"
            " largest": np.where(np.isinf(margins[0]), -np.inf, margins.min(axis=0)).max(axis=1),
            "the label is compared with itself too, which gives 0": np.minimum(true, 0),
            "the bias is left out": lambda: _margin_without(lower, upper, weights, labels),
            "the sign is turned round: the label's logit minus the rival's": -true,
            "the difference is turned round: it is the label's logit minus the rival's, bias and all": (
                -np.where(np.isinf(margins), -np.inf, margins).max(axis=(0, 2))
            ),
            "this is the average over the rivals; the smallest counts": lambda: _average_margin(margins),
            "every picture is taken for one of the first picture's label": lambda: np.delete(
                logits[..., [labels[0]]] - logits, labels[0], axis=2
            ).min(axis=(0, 2)),
            "only the rival that is nearest in the middle of the box is looked at; elsewhere another may come nearer": (
                lambda: margins.min(axis=0)[rows, others.argmax(axis=1)]
            ),
            "one number per picture is asked for, the smallest over the rivals": margins.min(axis=0),
            "True and False are not asked for, but the margin itself": true > 0,
            "this is the smallest margin of all pictures; each has its own": float(true.min()),
        },
        rtol=1e-3,
    )


def _average_margin(margins: np.ndarray) -> np.ndarray:
    smallest = margins.min(axis=0)
    return np.where(np.isinf(smallest), 0, smallest).sum(axis=1) / (smallest.shape[1] - 1)


def _margin_without(lower: np.ndarray, upper: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> np.ndarray:
    logits = _corners(lower, upper) @ weights
    own = np.take_along_axis(logits, labels[None, :, None], axis=2)
    return np.where(np.arange(weights.shape[1]) == labels[:, None], np.inf, own - logits).min(axis=(0, 2))


def _turned_margin(
    lower: np.ndarray, upper: np.ndarray, weights: np.ndarray, bias: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """With w_k - w_y for the weights, and the bias as it should be."""
    logits = _corners(lower, upper) @ weights
    own = np.take_along_axis(logits, labels[None, :, None], axis=2)
    turned = (logits - own).min(axis=0) + bias[labels][:, None] - bias
    return np.where(np.arange(weights.shape[1]) == labels[:, None], np.inf, turned).min(axis=1)


@checks.probe("smallest_margin")
def of_four_labels(smallest_margin: Student, rng: np.random.Generator) -> None:
    """Four labels, boxes whose corners are all tried: many, as the nearest rival in the middle may be the right one."""
    _compare_margin(smallest_margin, rng, 60, 5, 4)


@checks.probe("smallest_margin")
def of_two_labels(smallest_margin: Student, rng: np.random.Generator) -> None:
    """Two labels, so that there is one rival."""
    _compare_margin(smallest_margin, rng, 3, 6, 2)
