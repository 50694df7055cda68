"""Checks of lab 11: a detector trained on hidden portraits, files read, a change learnt, stored and passed on."""

import functools
import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import optimize, special

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    ModelView,
    drawn_once,
    expect,
    expect_close,
    expect_fresh,
    expect_items,
    expect_model,
    fill_weights,
)
from labs_utils.exercises.contest import Contest
from labs_utils.exercises.student import Student, StudentError

checks = Checks("11_mini_project")

SIZE, BUDGET = 48, 50_000
TRAIN, TEST, ENOUGH = 700, 300, 0.75
SHAPE = (6, 5, 2)  # of a picture for the small networks


# -- the detector -----------------------------------------------------------------------------------------------------


def _expect_detector(got: Any) -> ModelView:
    """`got` if it is a network from 48 × 48 pictures to two numbers, within the budget."""
    model = expect_model(got)
    weights = sum(int(np.prod(shape)) for _, shape in model.variables())
    expect(
        weights > 0,
        "The network has no weights yet.\n  Likely cause: it does not know the size of its pictures; begin with"
        " keras.Input((48, 48, 3)), or call a network of your own class once.",
    )
    expect(
        weights <= BUDGET,
        f"The network has {weights} weights, and the budget is {BUDGET}.\n  Likely cause: a dense layer behind maps"
        " that are still large, or many filters; strides=2 makes the maps small.",
    )
    shape = np.shape(model.predict(np.full((3, SIZE, SIZE, 3), 0.5, "float32")))
    cause = {
        (3, 1): "one unit at the end; there are two labels, and each has its logit: Dense(2)",
    }.get(shape, "the layers at the end: Flatten or GlobalAveragePooling2D, then Dense(2)")
    expect(shape == (3, 2), f"For 3 pictures expected shape (3, 2), got {shape}.\n  Likely cause: {cause}.")
    return model


def _expect_logits(outputs: np.ndarray) -> None:
    """Refuses outputs of several draws of weights that softmax, sigmoid or ReLU has made."""
    if outputs.min() >= 0 and outputs.max() <= 1 + 1e-6:
        if np.allclose(outputs.sum(axis=-1), 1, atol=1e-4):
            cause = "softmax in the last layer; the loss does it with from_logits=True"
        else:
            cause = "sigmoid in the last layer: leave the activation out"
        raise CheckFailed(f"Your network ends in probabilities; logits are asked for.\n  Likely cause: {cause}.")
    expect(
        np.abs(outputs).max() > 1 + 1e-6 or np.abs(outputs).max() < 0.99,
        "With whatever weights, no output is larger than 1; logits have no bounds.\n  Likely cause: tanh in the last"
        " layer: leave the activation out.",
    )
    expect(
        outputs.min() < 0,
        "No output is ever negative; logits are numbers of either sign.\n  Likely cause: ReLU in the last layer.",
    )


@checks.probe("build_detector")
def ends_in_logits(build_detector: Student, rng: np.random.Generator) -> None:
    """Two logits that depend on the picture, at most 50 000 weights, all of which learn"""
    model = _expect_detector(build_detector())
    expect_fresh(model, dropout=True)
    pictures = rng.uniform(size=(12, SIZE, SIZE, 3)).astype("float32")
    outputs = []
    for _ in range(6):
        fill_weights(model, rng, 2 * BUDGET)
        outputs.append(model.predict(pictures))
    outputs = np.array(outputs)
    _expect_logits(outputs)
    alone = model.predict(pictures[:1])
    expect(
        np.allclose(alone, outputs[-1][:1], 1e-3, 1e-3 * np.abs(outputs[-1]).max()),
        "One picture alone gets other logits than among eleven others.\n  Likely cause: a mean over the batch, axis 0.",
    )
    expect(
        np.ptp(outputs, axis=1).max() > 1e-6,
        "With random weights the network gives all pictures the same logits.\n  Likely cause: the picture does not"
        " reach the last layer.",
    )


@functools.lru_cache(maxsize=2)
def _portraits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    from labs_utils.datasets.portraits import draw_portraits

    drawn = draw_portraits(TRAIN + TEST, seed, size=SIZE)
    return drawn.images.astype("float32") / 255, drawn.labels


def _hidden(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Portraits for the contest, which no notebook has shown."""
    from labs_utils.datasets.portraits import draw_portraits

    drawn = draw_portraits(TEST, seed, size=SIZE)
    return drawn.images.astype("float32") / 255, drawn.labels


CONTEST = Contest("build_detector", SIZE, BUDGET, sure=0.9, accuracy=ENOUGH, hidden=_hidden)


@checks.probe("train_detector")
def trained_on_hidden_portraits(train_detector: Student, rng: np.random.Generator) -> None:
    """Trained on 700 hidden portraits, asked about 300 others

    One training shows all that is asked for: each costs a student, and a grader, seconds.
    """
    images, labels = _portraits(int(rng.integers(2**31)))
    labels = labels ^ int(rng.integers(2))  # which of the two is called 1 is nobody's to know
    model = _expect_detector(train_detector(images[:TRAIN].copy(), labels[:TRAIN].copy()))
    outputs = model.predict(images[TRAIN:])
    expect(
        bool(np.isfinite(outputs).all()),
        "The trained network gives nan or inf.\n  Likely cause: the learning rate is far too large.",
    )
    answers = np.argmax(outputs, axis=1)
    share = float(np.mean(answers == labels[TRAIN:]))
    if share >= ENOUGH:
        return
    if np.ptp(answers) == 0:
        cause = (
            "the learning rate is too large or far too small, or the loss takes logits for probabilities"
            " (from_logits=True)"
        )
        raise CheckFailed(f"After training, all portraits get the same label.\n  Likely cause: {cause}.")
    if share <= 1 - ENOUGH:
        raise CheckFailed(
            f"Its accuracy on the hidden portraits is {share:.2f}.\n  Likely cause: it has learnt well, with the"
            " labels exchanged."
        )
    raise CheckFailed(
        f"Its accuracy on the hidden portraits is {share:.2f}; {ENOUGH:.2f} is asked for.\n  Likely cause: too few"
        " epochs, a learning rate that is too small, or labels that do not belong to the pictures."
    )


# -- reading a file ---------------------------------------------------------------------------------------------------


def _file(picture: Any, kind: str = "PNG", **settings: Any) -> np.ndarray:
    """The bytes of `picture` as a file, an array of uint8."""
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return np.frombuffer(file.getvalue(), np.uint8).copy()


def _read(student: Student, file: np.ndarray) -> Any:
    try:
        return student(file)
    except StudentError as error:
        if "attribute 'read'" not in str(error) and "embedded null" not in str(error):
            raise
        raise CheckFailed(
            f"read_face stopped with {error.type}: {error}.\n  Likely cause: Image.open takes a file or its name, and"
            " `data` is what the file holds: io.BytesIO(bytes(data)) makes a file of it."
        ) from None


def _compare_face(
    got: Any, levels: np.ndarray, what: str, atol: float = 1e-3, other: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """`levels` are the right numbers, from 0 to 255; `other` has more mistakes."""
    from PIL import Image

    true = levels / 255
    grey = np.asarray(Image.fromarray(np.round(levels).astype(np.uint8)).convert("L"), float) / 255
    expect_close(
        got,
        true,
        what,
        {
            "the numbers still go from 0 to 255: divide by 255": levels,
            "divided by 255 twice": true / 255,
            "the numbers go from -1 to 1; the network was trained on 0 to 1": 2 * true - 1,
            "divided by 256: white would not be 1": levels / 256,
            "red and blue are exchanged": true[..., ::-1],
            "rows and columns are exchanged": true.transpose(1, 0, 2),
            "the picture stands on its head": true[::-1],
            "left and right are exchanged": true[:, ::-1],
            "the channels stand first; Keras has them last": true.transpose(2, 0, 1),
            "the batch axis is there already; it is label_of that adds it": true[None],
            "the colours are gone: convert to RGB, not to grey": np.stack([grey] * 3, axis=-1),
            "the colours and the axis of the channels are gone: convert to RGB, not to grey": grey
            if np.ptp(levels, axis=-1).any()
            else np.empty(0),
            "there are four channels, the last is alpha: convert to RGB, not to RGBA": np.concatenate(
                [true, np.ones_like(true[..., :1])], axis=2
            ),
            "each picture was standardised; in training the numbers were only divided by 255": lambda: (
                (true - true.mean()) / true.std()
            ),
            "the picture is grey and has one channel, the network wants three: convert it to RGB": true[..., 0],
            "the picture has one channel, the network wants three: convert it to RGB": true[..., :1],
            "each picture was stretched to fill 0 to 1; in training none was": lambda: (
                (true - true.min()) / np.ptp(true)
            ),
            **other,
        },
        rtol=0,
        atol=atol,
    )


def _levels(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(0, 256, size=shape).astype(np.uint8)


@checks.probe("read_face")
def reads_a_colour_picture(read_face: Student, rng: np.random.Generator) -> None:
    """A PNG file in colour, 48 × 48"""
    from PIL import Image

    levels = _levels(rng, SIZE, SIZE, 3)
    got = _read(read_face, _file(Image.fromarray(levels)))
    _compare_face(got, levels.astype(float), "a colour picture")
    kind = np.asarray(got).dtype
    expect(
        kind == np.float32 or isinstance(got, list),
        f"The numbers are right, but of the type {kind}; float32 is asked for.\n  Likely cause: whole numbers were"
        ' divided by 255: np.asarray(picture, "float32") first.',
    )


@checks.probe("read_face")
def reads_other_kinds(read_face: Student, rng: np.random.Generator) -> None:
    """Grey, with an alpha channel, with a palette"""
    from PIL import Image

    grey = _levels(rng, SIZE, SIZE)
    _compare_face(
        read_face(_file(Image.fromarray(grey))), np.stack([grey.astype(float)] * 3, axis=-1), "a grey picture"
    )
    with_alpha = _levels(rng, SIZE, SIZE, 4)
    got = read_face(_file(Image.fromarray(with_alpha)))
    expect(
        np.shape(got) != (SIZE, SIZE, 4),
        "A picture with an alpha channel comes back with four channels.\n  Likely cause: it was not converted to RGB.",
    )
    laid = "the picture is laid over {} by its alpha channel, which is only dropped: convert to RGB alone"
    grounds = {laid.format(name): Image.new("RGBA", (SIZE, SIZE), name) for name in ("white", "black")}
    _compare_face(
        got,
        with_alpha[..., :3].astype(float),
        "a picture with an alpha channel",
        other={
            sentence: np.asarray(Image.alpha_composite(ground, Image.fromarray(with_alpha)))[..., :3] / 255
            for sentence, ground in grounds.items()
        },
    )
    palette, numbers = _levels(rng, 16, 3), _levels(rng, SIZE, SIZE) % 16
    picture = Image.frombytes("P", (SIZE, SIZE), numbers.tobytes())
    picture.putpalette(palette.ravel().tolist())
    got = read_face(_file(picture))
    if np.shape(got)[:2] == (SIZE, SIZE) and np.allclose(np.asarray(got, float).reshape(SIZE, SIZE, -1)[..., 0] * 255,
                                                         numbers, atol=0.5):  # fmt: skip
        raise CheckFailed(
            "Of a picture with a palette the numbers of the colours came back, not the colours.\n  Likely cause: it was"
            " not converted to RGB."
        )
    _compare_face(got, palette[numbers].astype(float), "a picture with a palette")


@checks.probe("read_face")
def reads_other_sizes(read_face: Student, rng: np.random.Generator) -> None:
    """100 × 80 pixels, and a JPEG file"""
    from PIL import Image

    low, high = rng.uniform(10, 60, 3), rng.uniform(180, 240, 3)

    def ramp(width: int, height: int) -> np.ndarray:
        """Colours that change slowly, so that no way of resizing matters."""
        x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
        share = np.stack(np.broadcast_arrays(x[None, :], y[:, None], (x[None, :] + y[:, None]) / 2), axis=-1)
        return low + (high - low) * share

    true = ramp(SIZE, SIZE)
    large = Image.fromarray(np.round(ramp(100, 80)).astype(np.uint8))
    got = _read(read_face, _file(large))
    expect(
        np.shape(got) not in ((80, 100, 3), (100, 80, 3)),
        "A picture of 100 × 80 pixels comes back in that size.\n  Likely cause: resize((48, 48)) is missing.",
    )
    whole = ramp(100, 80) / 255
    bars = np.zeros((SIZE, SIZE, 3))
    bars[5:43] = ramp(SIZE, 38) / 255
    others = {
        "the upper left corner was cut out; stretch the whole picture: resize": whole[:SIZE, :SIZE],
        "the middle was cut out; stretch the whole picture: resize((48, 48))": whole[16:64, 26:74],
        "a square was cut out and made small; stretch the whole picture": np.asarray(
            large.crop((10, 0, 90, 80)).resize((SIZE, SIZE)), float
        )
        / 255,
        "thumbnail keeps the shape of the picture; resize((48, 48)) stretches it": ramp(SIZE, 38) / 255,
        "the picture has black bars; stretch it: resize((48, 48))": bars,
        "np.resize puts the numbers into another shape; let Pillow resize the picture": lambda: np.resize(
            whole, (SIZE, SIZE, 3)
        ),
    }
    _compare_face(got, true, "a picture of 100 × 80 pixels", 0.03, others)
    _compare_face(read_face(_file(large, "JPEG", quality=95)), true, "a JPEG file", 0.03)


# -- small networks whose gradients are known -------------------------------------------------------------------------


def _network(
    rng: np.random.Generator, hidden: int = 0, shape: tuple = SHAPE, scale: float = 0.5, dropout: bool = False
) -> Any:
    """A Keras model with two logits: linear in the pixels, or with a hidden layer of tanh and much dropout."""
    model = _built(hidden, shape, dropout)
    model.set_weights([rng.normal(scale=scale, size=weight.shape) for weight in model.get_weights()])
    return model


def _built(hidden: int, shape: tuple = SHAPE, dropout: bool = False) -> Any:
    import keras

    layers: list = [keras.Input(shape), keras.layers.Flatten()]
    if dropout:
        layers.append(keras.layers.Dropout(0.5))
    if hidden:
        layers += [keras.layers.Dense(hidden, activation="tanh"), keras.layers.Dropout(0.5)]
    return keras.Sequential([*layers, keras.layers.Dense(2)])


def _forward(weights: list[np.ndarray], images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Logits in inference mode, and the hidden layer, of `_network`."""
    x, hidden = images.reshape(len(images), -1).astype(float), None
    if len(weights) == 4:
        x = hidden = np.tanh(x @ weights[0] + weights[1])
    return x @ weights[-2] + weights[-1], hidden


def _entropies(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return special.logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]


def _expect_repeatable(student: Student, *arguments: Any) -> Any:
    """What the student's function returns, if a second call returns the same."""
    got, again = student(*arguments), student(*arguments)
    if repr(got) != repr(again) and not _alike(got, again):
        raise CheckFailed(
            "Two calls with the same arguments gave different results.\n  Likely cause: dropout is active, or DX begins"
            " at random; the network is used as it is used afterwards: model(images, training=False)."
        )
    return got


def _alike(one: Any, other: Any) -> bool:
    try:
        return np.allclose(np.asarray(one, float), np.asarray(other, float), atol=1e-5, equal_nan=True)
    except (TypeError, ValueError):
        return True  # it is no number, and another sentence says so


# -- the label of a face ----------------------------------------------------------------------------------------------


def _compare_label(got: Any, weights: list[np.ndarray], face: np.ndarray) -> None:
    logits, dark = (_forward(weights, one[None])[0][0] for one in (face, face / 255))
    of_a_dark_face = special.softmax(dark).max()
    label, probability = expect_items(got, ("the number of the label", "its probability"))
    true = int(logits.argmax())
    if isinstance(label, float) and 0 < label < 1:
        raise CheckFailed("The order of the results is wrong: first the number of the label, then its probability.")
    expect_close(
        label,
        true,
        "the label",
        {
            "this is the label with the smaller logit: take argmax": 1 - true,
            "the row of the batch is missing: take [0]": [true],
            "the largest was looked for over the batch, which holds one face: axis=1, or [0] first": [0, 0],
        },
    )
    powers = special.softmax(logits)
    expect_close(
        probability,
        powers[true],
        "the probability",
        {
            "this is the logit, no probability: softmax is missing": logits[true],
            "this is the probability of the other label": powers[1 - true],
            "these are the probabilities of both labels: return that of the label": powers,
            "softmax was applied twice": special.softmax(powers)[true],
            "softmax ran over the wrong axis, on which there is one number": 1.0,
            "this is a sigmoid of one logit; two logits need softmax": special.expit(logits[true]),
            "this is in per cent; return it from 0 to 1": 100 * powers[true],
            "this is the logarithm of the probability": np.log(powers[true]),
            "the face was divided by 255; it goes from 0 to 1 already": of_a_dark_face,
            "the probability is rounded to one decimal": np.round(powers[true], 1),
            "the probability is rounded to two decimals": np.round(powers[true], 2),
        },
    )


@checks.probe("label_of")
def label_and_probability(label_of: Student, rng: np.random.Generator) -> None:
    """One face of each label, a network with dropout"""
    for model, weights, face in _case_of_labels(rng):
        _compare_label(_expect_repeatable(label_of, model, face), weights, face)


@drawn_once
def _case_of_labels(rng: np.random.Generator) -> list[tuple]:
    """Two networks with their weights and a face; the first calls its face 0, the second 1."""
    weights = _network(rng, 6, (SIZE, SIZE, 3), 0.02).get_weights()
    weights[2] *= 20
    faces = rng.uniform(size=(2, SIZE, SIZE, 3)).astype("float32")
    logits, _ = _forward(weights, faces[:1])
    weights[3] += np.array([0.4, -0.4]) - (logits[0] - logits[0].mean())  # the first face gets label 0, by a bit
    other = weights[:3] + [weights[3] + 2 * np.array([-0.4, 0.4])]
    cases = [(_built(6, (SIZE, SIZE, 3)), own, faces[0]) for own in (weights, other)]
    for model, own, _ in cases:
        model.set_weights(own)
    return cases


@checks.probe("label_of")
def very_sure(label_of: Student, rng: np.random.Generator) -> None:
    """Logits of many hundreds"""
    model, weights, face = _sure_case(rng)
    got = expect_items(label_of(model, face), ("the number of the label", "its probability"))
    if not np.all(np.isfinite(np.asarray(got[1], float))):
        raise CheckFailed(
            "With a logit of 900 the probability is not a number.\n  Likely cause: np.exp(900) is inf; take the largest"
            " logit away from both first."
        )
    _compare_label(got, weights, face)


@drawn_once
def _sure_case(rng: np.random.Generator) -> tuple:
    model = _network(rng, 0, (SIZE, SIZE, 3), 0.01)
    weights = model.get_weights()
    weights[1] = np.array([0.0, 900.0])
    model.set_weights(weights)
    return model, weights, rng.uniform(size=(SIZE, SIZE, 3)).astype("float32")


# -- the loss of DX ---------------------------------------------------------------------------------------------------


@drawn_once
def _loss_case(rng: np.random.Generator) -> tuple:
    model = _network(rng, 8)
    dx = rng.normal(scale=0.4, size=(4, *SHAPE)).astype("float32")
    images = rng.uniform(size=dx.shape).astype("float32")
    return model, images, dx, np.array([0, 1, 1, 0])


def _compare_loss(got: Any, model: Any, images: np.ndarray, dx: np.ndarray, wrong: np.ndarray, penalty: float) -> None:
    weights = model.get_weights()
    inside = np.clip(images + dx, 0, 1)
    logits, _ = _forward(weights, inside)
    entropies, squares = _entropies(logits, wrong), (dx.astype(float) ** 2).sum(axis=(1, 2, 3))
    true = entropies.sum() + penalty * squares.sum()

    def with_logits(values: np.ndarray) -> float:
        return _entropies(values, wrong).sum() + penalty * squares.sum()

    powers = special.softmax(logits, axis=1)[np.arange(len(wrong)), wrong]
    shares = np.clip(logits, 1e-7, 1 - 1e-7)  # what Keras makes of logits that it takes for probabilities
    shares = (shares / shares.sum(axis=1, keepdims=True))[np.arange(len(wrong)), wrong]
    mistakes = {
        "this is the loss of the labels to leave: `wrong` are the labels to be reached": (
            _entropies(logits, 1 - wrong).sum() + penalty * squares.sum()
        ),
        "the cross-entropy has the wrong sign: it is made small": -entropies.sum() + penalty * squares.sum(),
        "clip(X + DX) is missing: the network sees pixels outside [0, 1]": with_logits(
            _forward(weights, images + dx)[0]
        ),
        "only DX was clipped, not the sum X + DX": with_logits(_forward(weights, images + np.clip(dx, 0, 1))[0]),
        "DX is subtracted; X + DX is asked for": with_logits(_forward(weights, np.clip(images - dx, 0, 1))[0]),
        "clipped to 0 … 255; the colours go from 0 to 1": with_logits(_forward(weights, np.maximum(images + dx, 0))[0]),
        "what is below 0 is not clipped, or at -1 only": with_logits(_forward(weights, np.minimum(images + dx, 1))[0]),
        "the network sees X alone, without DX": with_logits(_forward(weights, images)[0]),
        "the network sees DX alone, without X": with_logits(_forward(weights, np.clip(dx, 0, 1))[0]),
        "the cross-entropy is averaged over the pictures: sum it": entropies.mean() + penalty * squares.sum(),
        "everything is averaged over the pictures: sum it": true / len(wrong),
        "each picture's loss came back; return their sum": entropies + penalty * squares,
        "the loss takes logits for probabilities: from_logits=True is missing": (
            -np.log(shares).sum() + penalty * squares.sum()
        ),
        "softmax is applied twice: the loss does it already with from_logits=True": with_logits(
            special.softmax(logits, axis=1)
        ),
        "this is the probability, not the cross-entropy": powers.sum() + penalty * squares.sum(),
    }
    if penalty:
        norms = np.sqrt(squares)
        mistakes |= {
            "the penalty is missing": entropies.sum(),
            "the penalty has the wrong sign: it would make DX large": entropies.sum() - penalty * squares.sum(),
            "the norm is not squared": entropies.sum() + penalty * norms.sum(),
            "the norm is one of all pictures together, and not squared": (
                entropies.sum() + penalty * np.sqrt(squares.sum())
            ),
            "the squares of DX are averaged over its numbers: sum them": (
                entropies.sum() + penalty * np.mean(dx.astype(float) ** 2)
            ),
            "the squares are averaged over the pictures: sum them": entropies.sum() + penalty * squares.mean(),
            "λ is missing": entropies.sum() + squares.sum(),
            "λ is squared": entropies.sum() + penalty**2 * squares.sum(),
            "λ multiplies the cross-entropy instead of the penalty": penalty * entropies.sum() + squares.sum(),
            "λ multiplies both terms": penalty * (entropies.sum() + squares.sum()),
            "this is the sum of the absolute values of DX; squares are asked for": (
                entropies.sum() + penalty * np.abs(dx).sum()
            ),
            "the penalty is on the picture, not on DX": entropies.sum() + penalty * (inside**2).sum(),
            "the penalty is on what clipping has left of DX; take DX itself": (
                entropies.sum() + penalty * ((inside - images) ** 2).sum()
            ),
        }
    expect_close(got, true, "J(DX)", mistakes, rtol=3e-4)


@checks.probe("dx_loss")
def without_penalty(dx_loss: Student, rng: np.random.Generator) -> None:
    """The cross-entropy, λ = 0"""
    model, images, dx, wrong = _loss_case(rng)
    _compare_loss(_expect_repeatable(dx_loss, model, images, dx, wrong, 0.0), model, images, dx, wrong, 0.0)


@checks.probe("dx_loss")
def with_penalty(dx_loss: Student, rng: np.random.Generator) -> None:
    """With the penalty, λ = 0.3"""
    model, images, dx, wrong = _loss_case(rng)
    _compare_loss(_expect_repeatable(dx_loss, model, images, dx, wrong, 0.3), model, images, dx, wrong, 0.3)


# -- only DX learns ---------------------------------------------------------------------------------------------------


def _learnt(
    weights: list[np.ndarray],
    images: np.ndarray,
    wrong: np.ndarray,
    penalty: float,
    steps: int,
    rate: float,
    *,
    up: bool = False,
    squared: bool = True,
    clipped: bool = True,
    averaged: bool = False,
    momentum: bool = True,
    with_weights: bool = False,
    epsilon: float = 1e-7,
) -> np.ndarray:
    """DX by gradients written out by hand and Adam (Kingma and Ba, 2015) in NumPy; the options are mistakes."""
    dx = np.zeros(images.shape)
    weights = [np.array(weight, float) for weight in weights]
    learning = [dx, *weights] if with_weights else [dx]
    first, second = ([np.zeros_like(one) for one in learning] for _ in range(2))
    for step in range(1, steps + 1):
        total = images + dx
        seen = np.clip(total, 0, 1) if clipped else total
        logits, hidden = _forward(weights, seen)
        deltas = special.softmax(logits, axis=1) - np.eye(2)[wrong]
        deltas = deltas / len(images) if averaged else deltas
        flat = seen.reshape(len(seen), -1)
        back = deltas @ weights[-2].T
        of_weights = [(hidden if hidden is not None else flat).T @ deltas, deltas.sum(axis=0)]
        if hidden is not None:
            back = back * (1 - hidden**2)
            of_weights = [flat.T @ back, back.sum(axis=0), *of_weights]
            back = back @ weights[0].T
        slope = back.reshape(images.shape)
        slope = slope * ((total >= 0) & (total <= 1)) if clipped else slope
        norms = np.sqrt((dx**2).sum(axis=(1, 2, 3), keepdims=True))
        pull = 2 * dx if squared else dx / np.maximum(norms, 1e-12)
        slope = (-slope if up else slope) + penalty * pull
        for k, (one, gradient) in enumerate(zip(learning, [slope, *of_weights], strict=False)):
            first[k] = 0.9 * first[k] + 0.1 * gradient
            second[k] = 0.999 * second[k] + 0.001 * gradient**2
            move = first[k] / (1 - 0.9**step) / (np.sqrt(second[k] / (1 - 0.999**step)) + epsilon)
            one -= rate * (move if momentum else gradient)
    return dx


def _mistakes_of_training(weights: list, images: np.ndarray, wrong: np.ndarray, *settings: Any) -> dict[str, Callable]:
    """What usual mistakes make of DX; `settings` are penalty, steps and rate."""
    penalty, steps, rate = settings
    learnt = functools.partial(_learnt, weights, images)
    return {
        "DX goes towards the label that the picture has: `wrong` are the labels to be reached": lambda: learnt(
            1 - wrong, *settings
        ),
        "DX goes away from `wrong`: the loss is made small, not large": lambda: learnt(wrong, *settings, up=True),
        "the weights of the network learn as well: give the tape and the optimiser [dx] only": lambda: learnt(
            wrong, *settings, with_weights=True
        ),
        "the penalty is missing": lambda: learnt(wrong, 0.0, steps, rate),
        "the norm in the penalty is not squared": lambda: learnt(wrong, *settings, squared=False),
        "the loss is averaged over the pictures, but the penalty is not": lambda: learnt(
            wrong, *settings, averaged=True
        ),
        "the loss and the squares are averaged; both are sums": lambda: learnt(
            wrong, penalty / images.size, steps, rate, averaged=True
        ),
        "the whole loss is made large, not small": lambda: learnt(wrong, -penalty, steps, rate, up=True),
        "this is plain gradient descent; Adam is asked for": lambda: learnt(wrong, *settings, momentum=False),
        "the learning rate is not `rate` but Keras' own, 0.001": lambda: learnt(wrong, penalty, steps, 0.001),
        "one step was made; the loop does not go on": lambda: learnt(wrong, penalty, 1, rate),
        "one step is missing": lambda: learnt(wrong, penalty, steps - 1, rate),
        "one step too many": lambda: learnt(wrong, penalty, steps + 1, rate),
        "clip(X + DX) is missing in the loss": lambda: learnt(wrong, *settings, clipped=False),
        "these are the changed pictures; return DX alone": lambda: images + learnt(wrong, *settings),
        "these are the changed pictures, clipped; return DX alone": lambda: np.clip(
            images + learnt(wrong, *settings), 0, 1
        ),
        "DX is still zero: no step has changed it": np.zeros(images.shape),
    }


@checks.probe("train_dx")
def minimum_of_a_linear_network(train_dx: Student, rng: np.random.Generator) -> None:
    """A linear network, for which the best DX is known"""
    arguments, true, mistakes = _linear_change(rng)
    got = _expect_change(train_dx(*arguments), arguments[1])
    expect_close(got, true, "DX", mistakes, rtol=0.02, atol=4e-3)


@drawn_once
def _linear_change(rng: np.random.Generator) -> tuple:
    """The arguments, the best DX for a linear network, and what mistakes give in its place."""
    model = _network(rng, 0, scale=0.3)
    images, wrong = rng.uniform(0.45, 0.55, size=(2, *SHAPE)).astype("float32"), np.array([1, 0])
    weights, penalty = model.get_weights(), 2.0
    logits, _ = _forward(weights, images)
    rows = np.arange(2)
    towards = (weights[0][:, wrong] - weights[0][:, 1 - wrong]).T  # d of each picture: DX is t d, with one t
    leads = logits[rows, wrong] - logits[rows, 1 - wrong]
    squares = (towards**2).sum(axis=1)
    roots = [
        optimize.brentq(lambda t, lead=lead, square=square: 2 * penalty * t - special.expit(-(lead + t * square)), 0, 1)
        for lead, square in zip(leads, squares, strict=True)
    ]
    true = (np.array(roots)[:, None] * towards).reshape(images.shape)
    settings = penalty, 90, 0.01  # ends at a tenth of the tolerance from the minimum
    return (model, images, wrong, *settings), true, _mistakes_of_training(weights, images, wrong, *settings)


@checks.probe("train_dx")
def twelve_steps(train_dx: Student, rng: np.random.Generator) -> None:
    """Twelve steps with dropout in the network, pixels near black and white"""
    arguments, true, mistakes = _change_of_twelve_steps(rng)
    got = _expect_change(_expect_repeatable(train_dx, *arguments), arguments[1])
    expect_close(got, true, "DX", mistakes, rtol=0.01, atol=4e-3)


@drawn_once
def _change_of_twelve_steps(rng: np.random.Generator) -> tuple:
    """As `_linear_change`, of a network with dropout."""
    settings, far = (0.5, 12, 0.03), 1.0
    while far > 1e-3:  # a slope near 0 would meet Adam's epsilon, which Keras and the paper have at two places
        model, images = _network(rng, 8), rng.uniform(size=(3, *SHAPE)).astype("float32")
        wrong, weights = rng.integers(0, 2, size=3), model.get_weights()
        true = _learnt(weights, images, wrong, *settings)
        far = np.abs(_learnt(weights, images, wrong, *settings, epsilon=4e-6) - true).max()
    return (model, images, wrong, *settings), true, _mistakes_of_training(weights, images, wrong, *settings)


def _expect_change(got: Any, images: np.ndarray) -> Any:
    if got is None:
        raise CheckFailed("Expected DX, got None.\n  Likely cause: `return` is missing.")
    if np.shape(got) == images.shape[1:]:
        raise CheckFailed(
            f"Expected shape {images.shape}, got {np.shape(got)}.\n  Likely cause: one DX for all pictures; each has"
            " its own."
        )
    return got


# -- what a file holds ------------------------------------------------------------------------------------------------


_PARTS = ("the original", "the modified picture", "the amplified change")


@checks.probe("three_pictures")
def as_a_file_holds_them(three_pictures: Student, rng: np.random.Generator) -> None:
    """Whole numbers from 0 to 255, rounded"""
    image = rng.uniform(0.1, 0.9, size=(7, 6, 3)).astype("float32")
    _compare_three(three_pictures, image, rng.normal(scale=0.006, size=image.shape).astype("float32"))


@checks.probe("three_pictures")
def too_dark_and_too_bright(three_pictures: Student, rng: np.random.Generator) -> None:
    """A change that leads out of [0, 1]"""
    image = rng.uniform(size=(5, 8, 3)).astype("float32")
    _compare_three(three_pictures, image, rng.normal(scale=0.3, size=image.shape).astype("float32"))


def _compare_three(three_pictures: Student, image: np.ndarray, dx: np.ndarray) -> None:
    # nothing lies so close to half a level that float32 and float64 would round it to different numbers
    parts = [image.astype(float), image.astype(float) + dx, 50 * np.abs(dx.astype(float))]
    got = expect_items(three_pictures(image, dx), _PARTS)
    for part, item, name in zip(parts, got, _PARTS, strict=True):
        levels = 255 * np.clip(part, 0, 1)
        true = np.round(levels)
        array = np.asarray(item)
        halves = np.abs(levels - np.floor(levels) - 0.5) < 1e-3
        same = array.shape == true.shape and array.dtype.kind in "biuf"
        if same and np.all((array == true) | (halves & (np.abs(array - true) <= 1))):
            continue
        signed = 50 * dx.astype(float) if name == _PARTS[2] else part
        start, end = (np.round(255 * np.clip(item, 0, 1)) for item in parts[:2])
        with np.errstate(invalid="ignore"):
            wrapped = np.round(255 * part).astype(np.int64).astype(np.uint8)
            cut_and_wrapped = np.trunc(255 * part).astype(np.int64).astype(np.uint8)
        expect_close(
            item,
            true,
            name,
            {
                "the numbers are cut off, not rounded: np.round before astype": np.floor(levels),
                "the numbers are rounded up": np.ceil(levels),
                "numbers outside 0 to 255 went round: clip before astype": wrapped,
                "the numbers are cut off, and those outside 0 to 255 went round: clip and round before astype": (
                    cut_and_wrapped
                ),
                "clipping to 0 to 255 is missing": np.round(255 * part),
                "the numbers go from 0 to 1: multiply by 255": np.clip(part, 0, 1),
                "255 is missing: all was rounded to 0 or 1": np.round(np.clip(part, 0, 1)),
                "multiplied by 256": np.clip(np.round(256 * part), 0, 255),
                "the size of DX is asked for, without its sign: np.abs": np.round(255 * np.clip(signed, 0, 1)),
                "DX is not amplified: 50 times": np.round(255 * np.clip(np.abs(dx.astype(float)), 0, 1)),
                "this is DX alone; add it to the picture": np.round(255 * np.clip(dx.astype(float), 0, 1)),
                "this is the original; DX is missing": np.round(255 * image.astype(float)),
                "this is the modified picture": np.round(255 * np.clip(parts[1], 0, 1)),
                "DX is taken from the picture; add it": np.round(255 * np.clip(image.astype(float) - dx, 0, 1)),
                "the picture and DX are rounded one by one; round their sum": np.clip(
                    start + np.round(255 * dx.astype(float)), 0, 255
                ),
                "DX is rounded before it is multiplied by 50; round at the end": np.clip(
                    50 * np.round(255 * np.abs(dx.astype(float))), 0, 255
                ),
                "this is 50 times the difference of the two files; DX itself is asked for": np.clip(
                    50 * np.abs(end - start), 0, 255
                ),
                "the difference of two arrays of uint8 went round": (50 * (end - start)) % 256,
                "this is 50 times what clipping leaves of DX; DX itself is asked for": np.round(
                    255 * np.clip(50 * np.abs(np.clip(parts[1], 0, 1) - parts[0]), 0, 1)
                ),
                "50 times DX is added to the picture; its size alone is asked for": np.round(
                    255 * np.clip(parts[0] + 50 * dx, 0, 1)
                ),
                "grey stands for no change; it is black: 50 times the size of DX": np.round(
                    255 * np.clip(50 * dx + 0.5, 0, 1)
                ),
                "DX is multiplied by 5; by 50 is asked for": np.round(255 * np.clip(5 * np.abs(dx), 0, 1)),
                "this is 50 times |DX| in levels that were divided by its largest": lambda: np.round(
                    255 * np.abs(dx) / np.abs(dx).max()
                ),
            },
            rtol=0,
            atol=1e-3,
        )
    for item, name in zip(got, _PARTS, strict=True):
        kind = np.asarray(item).dtype
        expect(
            kind == np.uint8 or isinstance(item, list),
            f"{name}: the numbers are right, but of the type {kind}; a file holds uint8.\n  Likely cause:"
            ' .astype("uint8") is missing.',
        )


checks.choice(
    "why_rounding",
    "b",
    {
        "a": "PNG compresses without loss: reading gives exactly the numbers that were written, rounded before.",
        "c": "model.save keeps the weights as float32, as they were: the cell above has compared the answers.",
    },
)


def _answers(weights: list[np.ndarray], pictures: np.ndarray) -> np.ndarray:
    return _forward(weights, pictures)[0].argmax(axis=1)


FACTORS = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0]


def _stored(picture: np.ndarray) -> np.ndarray:
    return np.round(255 * np.clip(picture, 0, 1)) / 255


# what a student may ask the network about instead
_OTHERWISE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the picture is not rounded: it is another one in the file": lambda picture: np.clip(picture, 0, 1),
    "the colours are cut off, not rounded (astype alone)": lambda picture: (
        np.floor(255 * np.clip(picture, 0, 1) + 1e-9) / 255
    ),
    "clip(image + factor · dx) is missing: no file is darker than black": lambda picture: np.round(255 * picture) / 255,
    "the picture is neither clipped nor rounded": lambda picture: picture,
}


# and what is rarer: a case for each of these gives another factor
_RARER: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "the colours are rounded up": lambda image, change: np.ceil(255 * np.clip(image + change, 0, 1) - 1e-9) / 255,
    "multiplied by 256; a file has 255 levels above black": lambda image, change: (
        np.round(256 * np.clip(image + change, 0, 1)) / 256
    ),
    "DX is rounded alone; the whole picture is what a file holds": lambda image, change: np.clip(
        image + np.round(255 * change) / 255, 0, 1
    ),
}


@drawn_once
def _factor_case(rng: np.random.Generator, hard: bool, rarer: Callable | None = None) -> tuple:
    """A network, a picture, a change and the label aimed at, for which usual mistakes give other factors.

    A third of the pixels is black or white, and the change leads out of [0, 1] there.
    """
    model = _network(rng, 0, dropout=True)
    for _ in range(1000):
        weights = [rng.normal(scale=0.5, size=weight.shape).astype("float32") for weight in model.get_weights()]
        image = rng.uniform(size=SHAPE)
        wrong = int(rng.integers(2))
        towards = (weights[0][:, wrong] - weights[0][:, 1 - wrong]).reshape(SHAPE)
        dx = towards * rng.uniform(0.2, 1, size=SHAPE) * 0.9 / 255
        image = np.where(rng.random(SHAPE) < 1 / 3, dx > 0, image)
        image, dx = image.astype("float32"), dx.astype("float32")
        aim = rng.uniform(1.05, 1.45) if not hard else 9.0
        logits, _ = _forward(weights, _stored(image + aim * dx)[None])
        lead = float(logits[0, wrong] - logits[0, 1 - wrong])
        weights[1][wrong] -= lead + 1e-4  # the border is crossed at about this factor
        seen = [one(image + _changes(dx)) for one in (_stored, *_OTHERWISE.values())]
        if rarer is not None:
            seen.append(rarer(image, _changes(dx)))
        scores = _forward(weights, np.concatenate(seen))[0]
        if np.abs(np.diff(scores, axis=1)).min() < 3e-5:
            continue  # too close for float32
        true, *others = (_first_of(weights, pictures, wrong) for pictures in seen)
        if FACTORS[0] in others:
            continue
        if hard:
            fits = true is None
        else:  # each of the others gives another factor
            fits = true not in (None, FACTORS[0], FACTORS[-1]) and len({true, *others[:4]}) == 5 and true not in others
        if fits:
            model.set_weights(weights)
            return model, image, dx, wrong
    raise AssertionError("no picture was found for this check")


def _changes(dx: np.ndarray) -> np.ndarray:
    """DX times each factor, one below the other."""
    return np.reshape(FACTORS, (-1, 1, 1, 1)) * dx


def _first_of(weights: list, pictures: np.ndarray, wrong: int) -> float | None:
    """The first factor whose picture misleads; one picture for each."""
    answers = _answers(weights, pictures)
    return FACTORS[int(np.argmax(answers == wrong))] if (answers == wrong).any() else None


@checks.probe("smallest_factor")
def the_first_that_survives(smallest_factor: Student, rng: np.random.Generator) -> None:
    """The first factor that survives rounding, for three pictures"""
    cases = [_factor_case(rng, hard=False, rarer=rarer) for rarer in _RARER.values()]

    def firsts(pictures: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> list[float]:
        """The factors of somebody who asks about these pictures; -1 for none."""
        return [
            _first_of(model.get_weights(), pictures(image, _changes(dx)), wrong) or -1.0
            for model, image, dx, wrong in cases
        ]

    true, found = firsts(lambda image, changes: _stored(image + changes)), []
    for case, factor in zip(cases, true, strict=True):
        found.append(_factor_found(smallest_factor, case, factor))
    fooling = [
        [f for f, answer in zip(FACTORS, _answers(model.get_weights(), _stored(image + _changes(dx))), strict=True)
         if answer == wrong]
        for model, image, dx, wrong in cases
    ]  # fmt: skip
    other_pictures = {
        **{
            sentence: firsts(lambda image, changes, kept=kept: kept(image + changes))
            for sentence, kept in _OTHERWISE.items()
        },
        **{sentence: firsts(rarer) for sentence, rarer in _RARER.items()},
        "the picture is multiplied by the factor too; only DX is": [
            _first_of(model.get_weights(), _stored(_changes(image + dx)), wrong) or -1.0
            for model, image, dx, wrong in cases
        ],
        "each factor begins with the picture of the one before; begin with the original": firsts(
            lambda image, changes: _stored(image + np.cumsum(changes, axis=0))
        ),
        "only DX was clipped, not the picture": firsts(lambda image, changes: _stored(image + np.clip(changes, 0, 1))),
    }
    one = any(np.ndim(factor) or isinstance(factor, ModelView | dict) for factor in found)  # no factor came back
    if not one and -1.0 in found and (set(found) == {-1.0} or found not in other_pictures.values()):
        place = found.index(-1.0)
        raise CheckFailed(
            f"Expected the factor {true[place]}, got None. With this factor the network answers `wrong` for the stored"
            " picture: look at the picture that your code asks about, and at `return factor` in the loop."
        )
    expect_close(
        found[0] if one else found,
        true[0] if one else true,
        "the factor" if one else "the factors of three pictures (-1 for None)",
        other_pictures
        | {
            "this is the last factor that misleads; the first is asked for": [some[-1] for some in fooling],
            "this is the first factor of the list, which does not mislead yet: is the answer compared with `wrong`, and"
            " does the network get numbers from 0 to 1?": [FACTORS[0]] * 3,
            "this is the place in the list; return the factor": [FACTORS.index(factor) for factor in true],
            "the changed picture came back; return the factor": _stored(cases[0][1] + true[0] * cases[0][2]),
            "these are all factors that mislead; return the first": fooling[0],
        },
    )


def _factor_found(smallest_factor: Student, case: tuple, true: float) -> Any:
    got = smallest_factor(*case, FACTORS)
    if not _alike(got, true) and not _alike(got, smallest_factor(*case, FACTORS)):
        raise CheckFailed(
            "Two calls with the same arguments gave different results.\n  Likely cause: dropout is active: call"
            " model(…, training=False)."
        )
    if got is None:
        if smallest_factor(*case, [true]) == true and smallest_factor(*case, [FACTORS[0], true]) is None:
            raise CheckFailed(
                f"Expected the factor {true}, got None.\n  Likely cause: only the first factor is tried; `return None`"
                " belongs behind the loop, not into it."
            )
        return -1.0
    return got


@checks.probe("smallest_factor")
def none_does(smallest_factor: Student, rng: np.random.Generator) -> None:
    """No factor of the list is large enough"""
    model, image, dx, wrong = _factor_case(rng, hard=True)
    got = smallest_factor(model, image, dx, wrong, FACTORS)
    if got is not None:
        what = f"{got:g}" if isinstance(got, int | float) else "something else"
        raise CheckFailed(
            f"No factor of the list misleads this network; expected None, got {what}.\n  Likely cause: after the loop"
            " the last factor is returned, or the answer is not compared with `wrong`."
        )


# -- a neighbour's network --------------------------------------------------------------------------------------------


@checks.probe("transfer_matrix")
def who_misleads_whom(transfer_matrix: Student, rng: np.random.Generator) -> None:
    """Three networks, pictures of each"""
    _compare_transfer(transfer_matrix, *_transfer_case(rng, 5, 5, 5))


@checks.probe("transfer_matrix")
def of_unlike_numbers(transfer_matrix: Student, rng: np.random.Generator) -> None:
    """Two networks with dropout, a different number of pictures for each"""
    _compare_transfer(transfer_matrix, *_transfer_case(rng, 4, 7))


def _compare_transfer(transfer_matrix: Student, arguments: tuple, true: np.ndarray, mistakes: dict) -> None:
    expect_close(_expect_repeatable(transfer_matrix, *arguments), true, "the shares", mistakes)


@drawn_once
def _transfer_case(rng: np.random.Generator, *sizes: int) -> tuple:
    """Networks with so many pictures for each, the shares, and what mistakes give in their place."""
    n = len(sizes)
    for _ in range(100):
        models = [_network(rng, 6) for _ in range(n)]
        pictures = [rng.uniform(size=(size, *SHAPE)).astype("float32") for size in sizes]
        wrong = [rng.integers(0, 2, size=size) for size in sizes]
        logits = [[_forward(model.get_weights(), batch)[0] for batch in pictures] for model in models]
        margins = [np.abs(np.diff(one, axis=1)).min() for row in logits for one in row]
        answers = [[one.argmax(axis=1) for one in row] for row in logits]
        hits = np.array([[np.sum(a == w) for a, w in zip(row, wrong, strict=True)] for row in answers], float)
        true = hits / np.array(sizes)
        if min(margins) > 1e-3 and not np.allclose(true, true.T) and np.ptp(true) > 0.3:
            break
    called = [[one.mean() for one in row] for row in answers]
    own = np.array([[np.mean(a == answers[j][j]) for j, a in enumerate(row)] for row in answers])
    chances = [
        [special.softmax(one, axis=1)[np.arange(len(w)), w].mean() for one, w in zip(row, wrong, strict=True)]
        for row in logits
    ]
    first = [[float(a[0] == w[0]) for a, w in zip(row, wrong, strict=True)] for row in answers]
    return (
        (models, pictures, wrong),
        true,
        {
            "rows and columns are exchanged: the row is the network that is asked": true.T,
            "these are the shares that are not misled": 1 - true,
            "these are the shares that are not misled, with rows and columns exchanged": 1 - true.T,
            "these are numbers of pictures; divide by how many there are": hits,
            "only the diagonal is filled: each network with its own pictures": np.diag(np.diag(true)),
            "the diagonal alone came back; all pairs are asked for": np.diag(true),
            "the diagonal is left out": true - np.diag(np.diag(true)),
            "this is the mean over the networks; one number for each pair is asked for": true.mean(axis=0),
            "divided by the number of networks": hits / n,
            "divided by the number of all pictures": hits / sum(sizes),
            "these are in per cent; return shares from 0 to 1": 100 * true,
            "a cell is 1 only where all pictures mislead; the share is asked for": np.floor(true),
            "these are mean probabilities; count the pictures that get the label aimed at": chances,
            "only the first picture of each is counted": first,
            "this is how often a network answers as the one that the pictures were made for; the label aimed at is"
            " `wrong`": own,
            "this is the share that gets label 1; the label aimed at is `wrong`": called,
            "the diagonal is set to 1; it is measured like the rest": np.where(np.eye(n), 1, true),
            **(
                {
                    "`wrong` belongs to the pictures (column), not to the network (row)": lambda: np.array(
                        [[np.mean(a == wrong[i]) for a in row] for i, row in enumerate(answers)]
                    )
                }
                if len(set(sizes)) == 1
                else {}
            ),
        },
    )


checks.choice(
    "why_a_neighbour",
    "c",
    {
        "a": "The change does reach the other network, and rounding changes little at that length. It goes in a"
        " direction that belongs to your own border.",
        "b": "Closer to your own border is further from being safe on another: the borders of two networks differ by"
        " more than that.",
    },
)
