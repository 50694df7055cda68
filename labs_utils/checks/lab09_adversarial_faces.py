"""Checks of lab 09: gradients with respect to pixels, FGSM, projection, PGD, targets, noise, pixels, patches, rates."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats

from labs_utils.exercises.checking import CheckFailed, Checks, expect, expect_close
from labs_utils.exercises.student import Student, StudentError

checks = Checks("09_adversarial_faces")

EPSILON = 0.1


# -- small networks whose gradients are known -------------------------------------------------------------------------


SHAPE = (6, 5, 2)  # of a picture


def _linear(rng: np.random.Generator, classes: int) -> Any:
    """A Keras model with one layer: the logits are linear in the pixels, and some pixels do not count."""
    import keras

    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(classes)])
    _fill(model, rng)
    return model


def _bent(rng: np.random.Generator, classes: int = 3) -> Any:
    """A Keras model with a hidden layer of tanh and much dropout, for which some pixels do not count."""
    import keras

    hidden = [keras.layers.Dense(12, activation="tanh"), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), *hidden, keras.layers.Dense(classes)])
    _fill(model, rng)
    return model


def _fill(model: Any, rng: np.random.Generator) -> None:
    # small enough that no probability is 1 in float32, where the gradient would be 0
    first, *others = (rng.normal(scale=0.5, size=weight.shape) for weight in model.get_weights())
    first[rng.choice(len(first), size=9, replace=False)] = 0  # the gradient of these pixels is exactly 0
    model.set_weights([first, *others])


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
    elif np.allclose(own * wanted, np.prod(got.shape[1:]), rtol=0.15):
        cause = "the fraction is upside down: multiply by the perturbation's length, divide by the noise's"
    elif np.allclose(own * np.sqrt(np.prod(got.shape[1:])), wanted**2, rtol=0.15):
        cause = "the square root is missing: the length is the root of the sum of squares"
    elif np.allclose(own, 1, rtol=1e-3):
        cause = "the noise has length 1: multiply it by the length of the perturbation"
    elif np.allclose(own, own[0], rtol=1e-3):
        cause = "every picture's noise has the same length: each perturbation has its own"
    elif np.allclose(own, np.sqrt(np.prod(got.shape[1:])), rtol=0.15):
        cause = "the noise was not rescaled"
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


@checks.probe("project_to_ball")
def far_outside(project_to_ball: Student, rng: np.random.Generator) -> None:
    """Pictures inside and far outside the ball."""
    originals = _pictures(rng, 3)
    images = originals + rng.normal(scale=0.2, size=originals.shape).astype("float32")
    expect_close(
        project_to_ball(images, originals, EPSILON),
        _nearest(images, originals, EPSILON),
        "the projected pictures",
        _projections(images, originals, EPSILON),
    )


@checks.probe("project_to_ball")
def what_is_allowed_stays(project_to_ball: Student, rng: np.random.Generator) -> None:
    """What is allowed already stays as it is."""
    originals = _pictures(rng, 3)
    images = np.clip(originals + rng.uniform(-0.05, 0.05, size=originals.shape), 0, 1).astype("float32")
    expect_close(
        project_to_ball(images, originals, EPSILON),
        images,
        "the projected pictures",
        _projections(images, originals, EPSILON)
        | {"the result is the original: what lies inside the ball should stay": originals},
    )


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
    try:
        got = _expect_repeatable(student, model, images, originals, labels if target is None else target, EPSILON, STEP)
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
    """Six steps reach the worst picture of a linear model."""
    model, originals, labels = _linear(rng, 2), _pictures(rng, 3), rng.integers(0, 2, size=3)
    kernel = model.get_weights()[0]
    slope = (kernel[:, 1 - labels] - kernel[:, labels]).T.reshape(originals.shape)
    images = start = _inside_ball(rng, originals)
    for _ in range(6):  # 6 × 0.04 is more than the way across the ball
        images = _as_pictures(pgd_step(model, images, originals, labels, EPSILON, STEP), originals).astype("float32")
    low, high = np.maximum(originals - EPSILON, 0), np.minimum(originals + EPSILON, 1)
    worst = np.select([slope > 0, slope < 0], [high, low], start)
    best = np.select([slope > 0, slope < 0], [low, high], start)
    _expect_within(images, originals, EPSILON)
    expect_close(
        images,
        worst,
        "the pictures after six steps",
        {"the steps go down the loss: they end at the easiest picture": best},
        atol=1e-4,
    )


@checks.probe("robust_accuracy")
def right_every_time(robust_accuracy: Student, rng: np.random.Generator) -> None:
    """Only pictures that are right under every attack count."""
    labels = rng.integers(0, 3, size=40)
    predictions = np.where(rng.random((4, 40)) < 0.75, labels, (labels + 1) % 3)
    predictions[1, :30] = labels[:30]  # neither the first attack nor the last is the weakest or the strongest
    predictions[2, 10:32] = (labels[10:32] + 1) % 3
    predictions[:, 0], predictions[:, -1] = labels[0], (labels[-1] + 1) % 3
    right = predictions == labels
    values = {
        "this is the mean over the attacks: a picture that falls to one of them is not safe": right.mean(),
        "this is the accuracy under the strongest single attack; another attack may get other pictures": right.mean(
            axis=1
        ).min(),
        "this is the accuracy under the weakest attack; a picture has to withstand all of them": right.mean(
            axis=1
        ).max(),
        "this is the fraction that falls to every attack; asked is what withstands every one": (~right)
        .all(axis=0)
        .mean(),
        "the accuracies are multiplied, as if the attacks had nothing to do with each other": np.prod(
            right.mean(axis=1)
        ),
        "this is one answer for each picture: take their mean": right.all(axis=0),
        "this is the median over the attacks: a picture that falls to one of them is not safe": np.median(
            right.mean(axis=1)
        ),
        "a picture counts only if all predictions are right, not if any is": right.any(axis=0).mean(),
        "this is the number of pictures; divide by how many there are": float(right.all(axis=0).sum()),
        "this is the fraction that some attack brings down: accuracy is the rest": 1 - right.all(axis=0).mean(),
        "this counts attacks that no picture falls to: rows are attacks, so take np.all over axis 0": right.all(
            axis=1
        ).mean(),
        "this is one answer an attack: rows are attacks, so take np.all over axis 0": right.all(axis=1),
        "the majority of the attacks does not decide; one success is enough": (right.mean(axis=0) > 0.5).mean(),
        "this is the accuracy under each attack; one number is asked for": right.mean(axis=1),
        "only the last attack counts here": right[-1].mean(),
        "only the first attack counts here": right[0].mean(),
        "predictions that agree with each other can all be wrong: compare with the labels": np.mean(
            np.ptp(predictions, axis=0) == 0
        ),
    }
    expect_close(robust_accuracy(predictions, labels), right.all(axis=0).mean(), "the robust accuracy", values)


@checks.probe("robust_accuracy")
def one_attack(robust_accuracy: Student, rng: np.random.Generator) -> None:
    """With one attack it is the ordinary accuracy."""
    labels = rng.integers(0, 2, size=30)
    predictions = np.where(rng.random((1, 30)) < 0.6, labels, 1 - labels)
    expect_close(
        robust_accuracy(predictions, labels),
        np.mean(predictions[0] == labels),
        "the robust accuracy",
        {"this is the error rate": np.mean(predictions[0] != labels)},
    )


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
    """Five small steps lower the target's loss for every picture."""
    model, originals = _convolutional(rng), _pictures(rng, 5, (8, 8, 3))
    target, images = int(rng.integers(0, 2)), originals
    for _ in range(5):
        got = targeted_step(model, images, originals, target, 0.02, 0.004)
        images = _as_pictures(got, originals).astype("float32")
    _expect_within(images, originals, 0.02)
    labels = np.full(len(originals), target)
    _expect_loss(model, originals, images, labels, "the target's loss should fall", rises=False)


# -- one pixel, one patch ---------------------------------------------------------------------------------------------


def _compare_pixel(change_one_pixel: Student, image: np.ndarray, candidate: np.ndarray) -> None:
    def changed(row: float, column: float, colour: Any) -> np.ndarray:
        picture = image.copy()
        if row < image.shape[0] and column < image.shape[1]:
            picture[int(row), int(column)] = colour
        return picture

    row, column, colour = candidate[0], candidate[1], candidate[2:]
    nearest = [min(int(np.round(part)), size - 1) for part, size in zip(candidate[:2], image.shape, strict=False)]
    one_channel, whole_row, whole_column = image.copy(), image.copy(), image.copy()
    one_channel[int(row), int(column), 0] = colour[0]
    whole_row[int(row)] = colour
    alone = np.zeros_like(image)
    alone[int(row), int(column)] = colour
    whole_column[:, int(column)] = colour
    expect_close(
        change_one_pixel(image, candidate),
        changed(row, column, colour),
        "the picture",
        {
            "row and column are swapped: the row comes first": changed(column, row, colour),
            "the place is rounded: 4.7 lies in row 4, so take int(…), which cuts off": changed(*nearest, colour),
            "the colour is added; the pixel should get it": changed(row, column, image[int(row), int(column)] + colour),
            "the colour is added and clipped; the pixel should get it": changed(
                row, column, np.clip(image[int(row), int(column)] + colour, 0, 1)
            ),
            "only the red channel changes": one_channel,
            "a whole row changes": whole_row,
            "a whole column changes": whole_column,
            "nothing changed": image,
            "the place is rounded up: 4.2 lies in row 4, so take int(…), which cuts off": changed(
                *(min(int(np.ceil(part)), size - 1) for part, size in zip(candidate[:2], image.shape, strict=False)),
                colour,
            ),
            "the colour stands in reverse order: red, green, blue": changed(row, column, colour[::-1]),
            "the pixel became grey: it gets the three numbers of the colour": changed(row, column, colour.mean()),
            "the colour was mixed with the pixel; the pixel should get it": changed(
                row, column, (image[int(row), int(column)] + colour) / 2
            ),
            "all other pixels became black: start from a copy of the image": alone,
            "the colour was multiplied by 255; it is in [0, 1]": changed(row, column, colour * 255),
            "the whole candidate was taken for the colour: it starts at its third number": changed(
                row, column, candidate[:3]
            ),
            "the colour is in [0, 1] already: do not divide it by 255": changed(row, column, colour / 255),
            "rows are counted from the bottom here; row 0 is at the top": changed(
                image.shape[0] - 1 - int(row), column, colour
            ),
        },
    )


@checks.probe("change_one_pixel")
def one_place(change_one_pixel: Student, rng: np.random.Generator) -> None:
    """A place given in whole numbers."""
    image = rng.random((7, 6, 3))
    place = [float(rng.integers(0, 3)), float(rng.integers(3, 6))]
    _compare_pixel(change_one_pixel, image, np.array(place + list(rng.random(3))))


@checks.probe("change_one_pixel")
def fractions_of_a_place(change_one_pixel: Student, rng: np.random.Generator) -> None:
    """Places with a fraction, up to the last pixel."""
    image = rng.random((7, 6, 3))
    for place in ([2.7, 4.6], [6.9, 0.2], [1.1, 5.8]):
        _compare_pixel(change_one_pixel, image, np.array(place + list(rng.random(3))))


def _compare_patch(paste_patch: Student, rng: np.random.Generator, shape: tuple[int, int, int], size: int) -> None:
    n, h, w = shape
    images, patch = rng.random((n, h, w, 3)), rng.random((size, size, 3))
    down, across = h - size, min(h, w) - size  # where h < w, places lie inside with rows and columns exchanged as well
    top, left = rng.integers(0, down + 1, size=n), rng.integers(0, across + 1, size=n)
    top[:2], left[:2] = (0, down), (across, 1)

    def pasted(top: np.ndarray, left: np.ndarray, paint: Callable = lambda old: patch) -> np.ndarray:
        result = images.copy()
        for picture, t, s in zip(result, top, left, strict=True):
            window = picture[t : t + size, s : s + size]
            window[:] = paint(window)[: window.shape[0], : window.shape[1]]
        return result

    def pasted_part(part: int) -> np.ndarray:
        result = images.copy()
        for picture, t, s in zip(result, top, left, strict=True):
            picture[t : t + part, s : s + part] = patch[:part, :part]
        return result

    first = np.full(n, top[0]), np.full(n, left[0])
    everywhere = images.copy()
    for t, s in zip(top, left, strict=True):
        everywhere[:, t : t + size, s : s + size] = patch
    expect_close(
        paste_patch(images, patch, top, left),
        pasted(top, left),
        "the pictures",
        {
            "top and left are swapped: rows come first": pasted(left, top),
            "all pictures got the patch at the first one's place: each has its own": pasted(*first),
            "every picture got all patches: picture i gets one, at top[i], left[i]": everywhere,
            "the patch is added; it should cover what is below": pasted(top, left, lambda old: old + patch),
            "the patch is added and clipped; it should cover what is below": pasted(
                top, left, lambda old: np.clip(old + patch, 0, 1)
            ),
            "the patch is mixed with the picture; it should cover what is below": pasted(
                top, left, lambda old: (old + patch) / 2
            ),
            "top and left are the patch's corner, not its middle": lambda: pasted(
                np.maximum(top - size // 2, 0), np.maximum(left - size // 2, 0)
            ),
            "all else became black: start from a copy of the pictures": pasted(top, left)
            * np.isclose(pasted(top, left), pasted(top, left, lambda old: patch))
            * ~np.isclose(pasted(top, left), images),
            "only the last picture got its patch": lambda: np.concatenate([images[:-1], pasted(top, left)[-1:]]),
            "only the first picture got its patch": lambda: np.concatenate([pasted(top, left)[:1], images[1:]]),
            "the window is one pixel too small: it ends at top + k, left + k": lambda: pasted_part(size - 1),
            "only the patch's first colour was used": pasted(top, left, lambda old: patch[..., :1] + 0 * old),
            "the patch stands upside down": pasted(top, left, lambda old: patch[::-1]),
            "the patch is mirrored": pasted(top, left, lambda old: patch[:, ::-1]),
            "the patch is transposed": pasted(top, left, lambda old: patch.transpose(1, 0, 2)),
            "nothing changed": images,
        },
    )


@checks.probe("paste_patch")
def small_patch(paste_patch: Student, rng: np.random.Generator) -> None:
    """A patch of 4 × 4 on five pictures."""
    _compare_patch(paste_patch, rng, (5, 9, 11), 4)


@checks.probe("paste_patch")
def another_patch(paste_patch: Student, rng: np.random.Generator) -> None:
    """A patch of 5 × 5 on two pictures."""
    _compare_patch(paste_patch, rng, (2, 10, 8), 5)


# -- accounts ---------------------------------------------------------------------------------------------------------

checks.choice(
    "what_the_rounding_did",
    answer="c",
    because={
        "a": "the attack through the rounding brings the accuracy down again: such pictures were there all the time.",
        "b": "the attack did converge; it was handed a gradient of zero, which says nothing about the pictures.",
    },
)


def _compare_rates(got: Any, labels: np.ndarray, predictions: np.ndarray, groups: np.ndarray, count: int) -> None:
    wrong = labels != predictions
    sizes = np.bincount(groups, minlength=count)
    counts = np.bincount(groups, weights=wrong, minlength=count)
    with np.errstate(invalid="ignore"):
        true = counts / sizes
    got = [np.nan if item is None else item for item in got] if isinstance(got, list) else got
    array = np.asarray(got, float) if got is not None and not isinstance(got, str | dict) else np.asarray(np.nan)
    empty = sizes == 0
    if array.shape == true.shape and empty.any() and not np.isnan(array[empty]).all():
        raise CheckFailed(
            f"Group {int(np.argmax(empty))} has no members: its rate should be nan, got {array[empty][0]:.4g}.\n"
            "  Likely cause: an empty group was given a rate; no measurement is not a measurement of 0."
        )
    unmeasured = np.isnan(array) & ~empty if array.shape == true.shape else np.zeros(count, bool)
    if unmeasured.any():
        group = int(np.argmax(unmeasured))
        members = f"{sizes[group]} member" + "s" * bool(sizes[group] > 1)
        raise CheckFailed(
            f"Group {group} has {members}, but its rate is nan.\n  Likely cause:"
            " nan is for a group without any member; look at the condition, and whether all groups are asked."
        )
    filled = np.where(empty, -1, true)
    if array.shape == true.shape:
        array = np.where(empty, -1, array)
    expect_close(
        array if np.ndim(array) else got,
        filled,
        "the error rates",
        {
            "each group is divided by the number of all; divide by its own size": np.where(
                empty, -1, counts / len(labels)
            ),
            "these are accuracies: the error rate is the rest": np.where(empty, -1, 1 - true),
            "these are the groups' shares of all errors; divide by the group's size": np.where(
                empty, -1, counts / max(counts.sum(), 1)
            ),
            "these are numbers of errors; divide by the group's size": np.where(empty, -1, counts),
            "this is the error rate of all together": np.where(empty, -1, wrong.mean()),
            "these are the groups' sizes as a share of all": np.where(empty, -1, sizes / len(labels)),
            "the groups are those of the labels, not of `groups`": _rates_of(labels, wrong, count, empty),
            "the groups are those of the predictions, not of `groups`": _rates_of(predictions, wrong, count, empty),
            "groups that nobody is in were left out: their rate is nan": filled[~empty] if empty.any() else np.empty(0),
            "this is the first group's rate alone: look where `return` stands": filled[0],
            "these are percentages: the rate is a share, from 0 to 1": np.where(empty, -1, 100 * true),
            "the groups are counted from 1 here: they run from 0 to count - 1": np.append(filled[1:], np.nan),
            "this counts from the last group to the first": filled[::-1],
            "the last group is missing: there are `count` of them": np.where(empty, -1, true)[:-1],
        },
    )


def _rates_of(groups: np.ndarray, wrong: np.ndarray, count: int, empty: np.ndarray) -> np.ndarray:
    return np.array([-1 if empty[k] or not (groups == k).any() else wrong[groups == k].mean() for k in range(count)])


@checks.probe("error_rates")
def groups_of_unequal_size(error_rates: Student, rng: np.random.Generator) -> None:
    """Groups of unequal size."""
    groups = rng.permutation(np.repeat([0, 1, 2], [10, 25, 45]))
    labels = rng.integers(0, 2, size=80)
    predictions = np.where(rng.random(80) < np.array([0.4, 0.2, 0.1])[groups], 1 - labels, labels)
    for group in range(3):
        predictions[np.argmax(groups == group)] = 1 - labels[np.argmax(groups == group)]
    _compare_rates(error_rates(labels, predictions, groups, 3), labels, predictions, groups, 3)


@checks.probe("error_rates")
def an_empty_group(error_rates: Student, rng: np.random.Generator) -> None:
    """Groups without members, and with one."""
    groups = rng.permutation(np.repeat([0, 2, 3, 4], [12, 20, 8, 1]))
    labels = rng.integers(0, 2, size=41)
    predictions = np.where(rng.random(41) < 0.3, 1 - labels, labels)
    predictions[groups == 4] = 1 - labels[groups == 4]
    _compare_rates(error_rates(labels, predictions, groups, 6), labels, predictions, groups, 6)


checks.choice(
    "what_a_test_proves",
    answer="a",
    because={
        "b": "an attack that fails shows that this attack fails; a stronger one may be found tomorrow.",
        "c": "accuracy is measured on pictures like the test set's; it says nothing of others, as section 9 shows.",
    },
)
