"""Checks of lab 07: top-k error, costs, Inception, losses, gradients, residual and dense blocks, Pareto, search."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from scipy import special

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    arranged,
    drawn_once,
    expect,
    expect_close,
    expect_fresh,
    expect_items,
    expect_model,
    fill_weights,
)
from labs_utils.exercises.student import ModelView, Student, StudentError

checks = Checks("07_architectures")


# -- top-k error ------------------------------------------------------------------------------------------------------


def _ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes score higher than the label, picture by picture."""
    return np.array([sum(value > row[label] for value in row) for row, label in zip(scores, labels, strict=True)])


def _compare_top_k(student: Student, scores: np.ndarray, labels: np.ndarray, k: int) -> None:
    scores = scores.astype("float32")  # what a network gives, and Keras' own metric asks for
    ranks, last = _ranks(scores, labels), _ranks(-scores, labels)
    wrong = float(np.mean(ranks >= k))

    def among(chosen: np.ndarray) -> float:
        return float(np.mean(~(chosen == labels[:, None]).any(axis=1)))

    expect_close(
        student(scores, labels, k),
        wrong,
        f"the top-{k} error",
        {
            "this is the share that is right; the error is the rest": 1 - wrong,
            "this is the number of errors; divide by the number of pictures": wrong * len(labels),
            "the k lowest scores are taken; np.argsort sorts upwards, so the best stand last": float(
                np.mean(last >= k)
            ),
            "this is the top-1 error whatever k is": float(np.mean(ranks >= 1)),
            "only the class in k-th place is compared; any of the first k will do": float(np.mean(ranks != k - 1)),
            "one class too many is allowed: k of them count": float(np.mean(ranks > k)),
            "one class too few is allowed: k of them count": float(np.mean(ranks >= k - 1)),
            "the error is divided by k; a picture is right or wrong once": wrong / k,
            "this is in per cent; a share goes from 0 to 1": 100 * wrong,
            "the mean runs over all k columns; one that fits makes the picture right: any(axis=1)": 1 - (1 - wrong) / k,
            "these are the pictures one by one; take the mean": ranks >= k,
            "five classes are taken whatever k is": float(np.mean(ranks >= 5)),
            "the best class itself is left out": float(np.mean((ranks >= k) | (ranks == 0))),
            "the scores are sorted over the pictures; sort each picture's classes: axis=1": lambda: among(
                np.argsort(scores, axis=0)[:, -k:]
            ),
            "each label is looked for among the best classes of all pictures; compare row by row: labels[:, None]": (
                lambda: float(np.mean(~np.isin(labels, np.argsort(scores, axis=1)[:, -k:])))
            ),
        },
    )


@checks.probe("error_at_k")
def of_some_scores(error_at_k: Student, rng: np.random.Generator) -> None:
    """Scores of 40 pictures and 9 classes, k = 3."""
    scores, labels = rng.normal(size=(40, 9)), rng.integers(0, 9, 40)
    for rank, picture in zip((0, 1, 2, 3, 4, 8), range(6), strict=True):  # a label in each of the places that matter
        labels[picture] = np.argsort(-scores[picture])[rank]
    _compare_top_k(error_at_k, scores, labels, 3)


@checks.probe("error_at_k")
def of_one_and_all(error_at_k: Student, rng: np.random.Generator) -> None:
    """k = 1, and k = all classes."""
    scores, labels = rng.normal(size=(23, 5)), rng.integers(0, 5, 23)
    labels[:2] = scores[:2].argmax(axis=1)
    labels[2] = scores[2].argmin()
    for k in (1, 4, 5):
        _compare_top_k(error_at_k, scores, labels, k)


# -- counting ---------------------------------------------------------------------------------------------------------


def _counted(network: list, size: int, channels: int, slip: str = "") -> list[list[int]]:
    """Parameters and multiplications, by going over the output places one by one; `slip` names one mistake."""
    rows = []
    for kind, *how in network:
        if kind == "dense":
            (units,) = how
            inputs = channels if slip == "flatten" else size * size * channels
            rows.append([(inputs + (slip != "bias")) * units, (inputs + (slip == "bias work")) * units])
            size, channels = 1, units
            continue
        kernel, stride = (how[0], how[1]) if kind == "pool" else (how[1], 1 if slip == "stride" else how[2])
        padding = 0 if kind == "pool" or slip == "padding" else how[3] * (1 if slip == "one side" else 2)
        places = len(range(0, size + padding - kernel + (stride if slip == "round" else 1), stride))
        if kind == "pool":
            rows.append([0, kernel**2 * channels * places**2 if slip == "pool" else 0])
        else:
            number, before = how[0], channels
            if kind == "depthwise":
                number, before = (1 if slip == "multiplier" else number) * channels, 1
                if slip == "full":
                    before = channels
            if slip == "channels":
                before = 1
            kernels = kernel * kernel * before * number
            biases = {"bias": 0, "bias per place": number * places**2, "one bias": 1}.get(slip, number)
            biases = how[0] if slip in ("bias per kernel", "maps") else biases
            where = size if slip == "input places" else 1 if slip == "once" else places
            rows.append([kernels + biases, (kernels + (number if slip == "bias work" else 0)) * where**2])
            channels = how[0] if slip == "maps" else number
        size = size if slip == "size" or (slip == "size of a convolution" and kind != "pool") else places
    return rows


_SLIPS = {
    "stride": "the stride is left out: it makes the maps smaller, and the work with them",
    "padding": "the padding is left out",
    "one side": "the padding stands on both sides, so it counts twice",
    "bias": "the biases are missing: one per filter and unit",
    "bias per place": "the bias is counted once per place; all places of a map share one",
    "one bias": "there is one bias per filter, not per layer",
    "multiplier": "the depth multiplier is ignored: every channel gets that many kernels of its own",
    "full": "a depthwise kernel sees one channel only, so the channels do not multiply again",
    "channels": "a kernel of an ordinary convolution has a slice for every channel of its input",
    "input places": "each kernel weight is used once per place of the output, not of the input",
    "once": "these multiplications are those of one place; a kernel is used at every place of the output",
    "bias work": "the bias is counted as a multiplication, once per place; it is only added",
    "bias per kernel": "a depthwise convolution has a bias for each of its maps, channels · multiplier of them",
    "maps": "a depthwise convolution hands on channels · multiplier maps",
    "pool": "pooling compares or averages; it has no kernel weights to multiply with",
    "round": "the side is rounded up; a window that does not fit any more is left out: // rounds down",
    "size": "the size is not updated: the next layer sees the maps of this one",
    "size of a convolution": "the size is not updated after a convolution: the next layer sees its maps",
    "flatten": "the dense layer sees every place of every map: size · size · channels inputs",
}


def _compare_counts(student: Student, network: list, size: int, channels: int) -> None:
    right = _counted(network, size, channels)
    flat = np.array(right)
    expect_close(
        student(network, size, channels),
        right,
        "(parameters, multiplications) of each layer",
        {sentence: _counted(network, size, channels, slip) for slip, sentence in _SLIPS.items()}
        | {
            "parameters first, then multiplications": flat[:, ::-1],
            "these are the sums; one pair per layer is asked for": flat.sum(axis=0),
            "a pooling layer is a layer too: its pair is (0, 0)": flat[flat[:, 0] > 0]
            if not flat[:, 0].all()
            else np.empty(0),
            "additions are counted as well; multiplications are asked for": np.stack(
                [flat[:, 0], 2 * flat[:, 1]], axis=1
            ),
            "the bias is counted as a multiplication": np.stack(
                [flat[:, 0], flat[:, 1] + flat[:, 0] - np.array(_counted(network, size, channels, "bias"))[:, 0]],
                axis=1,
            ),
        },
        rtol=1e-9,
        atol=1e-6,
    )


@checks.probe("count_network")
def one_convolution(count_network: Student, rng: np.random.Generator) -> None:
    """One convolution, with padding and stride."""
    for kernel, stride, padding in ((3, 2, 1), (5, 1, 2)):
        network = [["conv", int(rng.integers(5, 9)), kernel, stride, padding]]
        _compare_counts(count_network, network, int(rng.integers(10, 15)), int(rng.integers(2, 5)))


@checks.probe("count_network")
def convolution_pooling_dense(count_network: Student, rng: np.random.Generator) -> None:
    """Two convolutions, pooling that leaves a rest, two dense layers."""
    network = [["conv", 5, 3, 1, 1], ["pool", 3, 2], ["conv", int(rng.integers(6, 10)), 3, 1, 0]]
    network += [["dense", int(rng.integers(11, 20))], ["dense", 4]]
    size = 2 * int(rng.integers(7, 10))  # even, so that pooling leaves a rest
    _compare_counts(count_network, network, size, 3)


@checks.probe("count_network")
def depthwise_and_pointwise(count_network: Student, rng: np.random.Generator) -> None:
    """A depthwise convolution with a multiplier, then a 1×1 convolution."""
    network = [["depthwise", int(rng.integers(2, 5)), 3, 2, 1], ["conv", int(rng.integers(5, 9)), 1, 1, 0]]
    _compare_counts(count_network, network, int(rng.integers(9, 14)), int(rng.integers(3, 6)))


# -- Inception --------------------------------------------------------------------------------------------------------


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0, stride: int = 1) -> np.ndarray:
    """Keras' same padding, as a sum over the kernel's places; a matrix is a 1×1 kernel."""
    kernel = kernel[None, None] if kernel.ndim == 2 else kernel
    k, side = len(kernel), x.shape[1]
    out = -(-side // stride)
    missing = max((out - 1) * stride + k - side, 0)
    before = missing // 2
    padded = np.pad(x, ((0, 0), (before, missing - before), (before, missing - before), (0, 0)))
    total = np.zeros((len(x), out, out, kernel.shape[-1]))
    last = (out - 1) * stride + 1
    for i in range(k):
        for j in range(k):
            total += padded[:, i : i + last : stride, j : j + last : stride] @ kernel[i, j]
    return total + bias


def _pooled(x: np.ndarray) -> np.ndarray:
    """3 × 3 max-pooling with stride 1 and same padding."""
    side = x.shape[1]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    return np.max([padded[:, i : i + side, j : j + side] for i in range(3) for j in range(3)], axis=0)


def _sizes(model: ModelView) -> list[tuple[int, ...]]:
    return sorted(shape for _, shape in model.variables())


def _expect_kernels(model: ModelView, shapes: list[tuple], causes: Mapping[str, Callable[[list], bool]]) -> None:
    """Fails unless the model's weights have these shapes; `causes` says which other ones are which mistake."""
    got = _sizes(model)
    if got == sorted(shapes):
        return
    cause = next((sentence for sentence, applies in causes.items() if applies(got)), None)
    kernels = [shape for shape in got if len(shape) > 1]
    raise CheckFailed(
        f"The kernels should have the shapes\n    expected  {sorted(s for s in shapes if len(s) > 1)}\n    got       "
        f"{kernels or 'none'}"
        + ("" if kernels != sorted(s for s in shapes if len(s) > 1) else ", but the biases differ")
        + (f".\n  Likely cause: {cause}." if cause else ".")
    )


def _inception_shapes(channels: int, a: int, b: int, c: int, d: int, e: int, f: int) -> list[tuple]:
    kernels = [(1, 1, channels, a), (1, 1, channels, b), (3, 3, b, c), (1, 1, channels, d), (5, 5, d, e)]
    kernels.append((1, 1, channels, f))
    return kernels + [(shape[-1],) for shape in kernels]


def _said(error: StudentError) -> str:
    """The beginning of an error without the numbers that Keras gives to its layers, which differ in each process."""
    return re.sub(r"(?<=[a-z0-9])_\d+\b", "", str(error))[:160]


def _module(student: Student, size: int, channels: int, plan: tuple[int, ...]) -> ModelView:
    """The student's module; what Keras says of branches that do not fit together, in the words of this lab."""
    try:
        return expect_model(student(size, channels, *plan))
    except StudentError as error:
        text = str(error)
        if "KerasTensor is symbolic" in text:
            cause = "return keras.Model(inputs, output), and inside use Keras' layers only"
        elif "incompatible shapes" in text:
            cause = "the branches are added; concatenate them: layers.Concatenate()"
        elif "matching shapes" in text:
            sides = {tuple(found) for found in re.findall(r"\(None, (\d+), (\d+), \d+\)", text)}
            cause = (
                "the maps have different sizes: padding='same' everywhere, and stride 1 in the pooling too"
                if len(sides) > 1
                else "the maps are stacked along the wrong axis; channels are the last one"
            )
        else:
            raise
        raise CheckFailed(f"inception stopped with {error.type}: {_said(error)}\n  Likely cause: {cause}.") from None


def _inception_model(student: Student, size: int, channels: int, plan: tuple[int, ...]) -> ModelView:
    a, b, c, d, e, f = plan
    model = _module(student, size, channels, plan)
    _expect_kernels(
        model,
        _inception_shapes(channels, *plan),
        {
            "the branches stand in a row: each takes the module's input": lambda got: (1, 1, a, b) in got,
            "the 1×1 convolutions stand after the large kernels, which then see all channels: put them before": (
                lambda got: (3, 3, channels, b) in got or (1, 1, c, b) in got
            ),
            "this is the naive module: the 3×3 and 5×5 see all channels; put a 1×1 before each": lambda got: (
                (3, 3, channels, c) in got and (1, 1, channels, b) not in got
            ),
            "the 1×1 after the pooling is missing": lambda got: (1, 1, channels, f) not in got,
            "the two reductions are exchanged: reduce3 belongs before the 3×3": lambda got: (3, 3, d, c) in got,
            "the 3×3 and the 5×5 are exchanged": lambda got: (5, 5, b, c) in got,
            "the convolution of 5×5 is missing": lambda got: all(shape[:2] != (5, 5) for shape in got),
            "the convolutions have no biases": lambda got: all(len(shape) > 1 for shape in got),
        },
    )
    return model


def _plan(rng: np.random.Generator) -> tuple[int, ...]:
    """Six different numbers of filters."""
    return tuple(int(n) for n in rng.permutation(np.arange(2, 8)))


@checks.probe("inception")
def kernels_of_the_module(inception: Student, rng: np.random.Generator) -> None:
    """Six convolutions and their sizes."""
    plan, size, channels = _plan(rng), int(rng.integers(5, 8)), 9
    model = _inception_model(inception, size, channels, plan)
    expect_fresh(model)
    _compare_inception(model, size, channels, plan, rng, loose=True)


@checks.probe("inception")
def what_the_module_computes(inception: Student, rng: np.random.Generator) -> None:
    """The maps, with weights that the check has chosen."""
    plan, size, channels = _plan(rng), int(rng.integers(5, 8)), 8
    _compare_inception(_inception_model(inception, size, channels, plan), size, channels, plan, rng)


def _compare_inception(
    model: ModelView, size: int, channels: int, plan: tuple, rng: np.random.Generator, loose: bool = False
) -> None:
    a, b, c, d, e, f = plan
    x = rng.normal(size=(2, size, size, channels)).astype("float32")
    weights = fill_weights(model, rng, 5000)
    kernels = [(channels, a), (channels, b), (3, 3, b, c), (channels, d), (5, 5, d, e), (channels, f)]
    found = arranged(weights, *kernels, *[(n,) for n in plan])
    if found is None:
        raise CheckFailed("The model's weights changed their shapes while it was checked.")
    k, bias = found[:6], found[6:]

    def branches(g: Callable = _relu, first: Callable = _relu, pool: Callable = _pooled, late: bool = False) -> list:
        three = _convolved(first(_convolved(x, k[1], bias[1])), k[2], bias[2])
        five = _convolved(first(_convolved(x, k[3], bias[3])), k[4], bias[4])
        last = pool(g(_convolved(x, k[5], bias[5]))) if late else g(_convolved(pool(x), k[5], bias[5]))
        return [g(_convolved(x, k[0], bias[0])), g(three), g(five), last]

    def same(maps: np.ndarray) -> np.ndarray:
        return maps

    def means(maps: np.ndarray) -> np.ndarray:
        ones = _convolved(np.ones_like(maps[..., :1]), np.ones((3, 3, 1, 1)))
        return np.concatenate(
            [_convolved(maps[..., i : i + 1], np.ones((3, 3, 1, 1))) / ones for i in range(channels)], -1
        )

    right = branches()
    wanted = np.concatenate(right, axis=-1)
    mistakes = {
        "the activations are missing: ReLU after every convolution": np.concatenate(branches(same, same), -1),
        "the 1×1 before the 3×3 and 5×5 have no ReLU": np.concatenate(branches(first=same), -1),
        "there is no ReLU after the large kernels": np.concatenate(branches(same, _relu), -1),
        "the 1×1 of the last branch stands before the pooling; pool first": np.concatenate(branches(late=True), -1),
        "the pooling is missing": np.concatenate(branches(pool=same), -1),
        "the pooling takes the mean; take the maximum": lambda: np.concatenate(branches(pool=means), -1),
        "the maps stand in another order: 1×1, 3×3, 5×5, pooled": np.concatenate(right[::-1], -1),
        "the pooled maps come last": np.concatenate([right[3], *right[:3]], -1),
        "the 5×5 maps stand before the 3×3 maps": np.concatenate([right[0], right[2], right[1], right[3]], -1),
    }
    got = model.predict(x)
    if loose and any(np.shape(got) == np.shape(v) and np.allclose(got, v, 1e-3, 1e-3) for v in _all(wanted, mistakes)):
        return
    expect_close(got, wanted, "the module's maps", mistakes, rtol=1e-3, atol=1e-3)


def _all(wanted: np.ndarray, mistakes: Mapping) -> list[np.ndarray]:
    return [wanted, *(value() if callable(value) else value for value in mistakes.values())]


@checks.probe("inception")
def equal_numbers_of_maps(inception: Student, rng: np.random.Generator) -> None:
    """Branches of equal width: the shape of the output."""
    n, size = int(rng.integers(2, 5)), int(rng.integers(5, 8))
    got = _module(inception, size, 3, (n,) * 6).predict(np.zeros((1, size, size, 3), "float32"))
    expect_close(
        np.array(np.shape(got)),
        np.array([1, size, size, 4 * n]),
        "the shape of the output",
        {
            "the maps are stacked along the wrong axis; channels are the last one": np.array([1, 4 * size, size, n]),
            "the maps are stacked along the wrong axis; the last one holds the channels": np.array(
                [1, size, 4 * size, n]
            ),
            "the pictures of the batch are multiplied; concatenate channels": np.array([4, size, size, n]),
            "the branches are added; concatenate them": np.array([1, size, size, n]),
        },
    )


# -- the total loss ---------------------------------------------------------------------------------------------------


@checks.probe("total_loss")
def with_two_auxiliary_outputs(total_loss: Student, rng: np.random.Generator) -> None:
    """Three outputs, and one alone."""
    labels = rng.integers(0, 4, 7)
    outputs, rows = [rng.dirichlet(np.ones(4), 7) for _ in range(3)], np.arange(7)
    for weight, used in ((0.3, outputs), (0.15, outputs[:2]), (0.3, outputs[:1])):
        each = [-sum(np.log(row[label]) for row, label in zip(p, labels, strict=True)) / 7 for p in used]
        real, extra = each[0], sum(each[1:])
        factors = np.array([1.0, weight, weight])[: len(used)]
        expect_close(
            total_loss(labels, used, weight),
            real + weight * extra,
            f"the total loss of {len(used)} outputs",
            {
                "the auxiliary losses have no weight": real + extra,
                "the real loss is weighted as well; its weight is 1": weight * (real + extra),
                "the weight stands at the real loss; it belongs to the auxiliary ones": weight * real + extra,
                "the auxiliary losses are averaged; each counts with its weight": real + weight * extra / 2,
                "only the first auxiliary loss is added": real + weight * each[min(1, len(each) - 1)],
                "the auxiliary losses are missing": real,
                "the last output is taken for the real one; it is the first": each[-1] + weight * sum(each[:-1]),
                "the losses are sums over the batch; take the mean over the pictures": 7 * (real + weight * extra),
                "the minus sign of the cross-entropy is missing": -(real + weight * extra),
                "the real loss gets the weight 1 - weight; it keeps 1": (1 - weight) * real + weight * extra,
                "the sum is divided by the number of outputs": (real + weight * extra) / len(used),
                "the logarithm is one to the base 10; take np.log": (real + weight * extra) / np.log(10),
                "the logarithm is one to the base 2; take np.log": (real + weight * extra) / np.log(2),
                "all probabilities are in the mean; only that of the true class counts": factors
                @ [-np.log(q).mean() for q in used],
                "p[:, labels] takes every label's column for every picture; p[rows, labels] pairs them": factors
                @ [-np.log(q[:, labels]).mean() for q in used],
                "the mean is taken before the logarithm": factors @ [-np.log(q[rows, labels].mean()) for q in used],
                "a softmax is applied to probabilities": factors
                @ [-np.log(special.softmax(q, axis=1)[rows, labels]).mean() for q in used],
                "the weight of the second auxiliary loss is squared; each has the same": sum(
                    weight**k * loss for k, loss in enumerate(each)
                ),
                "the weight is 0.3 whatever is asked for": real + 0.3 * extra,
                "these are the losses of each output; return their weighted sum": each if len(each) > 1 else np.nan,
                "the mean runs over the classes as well: take p of the true class only": (real + weight * extra) / 4,
            },
        )


@checks.probe("total_loss")
def with_an_output_per_place(total_loss: Student, rng: np.random.Generator) -> None:
    """An auxiliary head without pooling, which answers once per place."""
    labels = rng.integers(0, 4, 7)
    fine, places = rng.dirichlet(np.ones(4), 7), rng.dirichlet(np.ones(4), (7, 5, 5))
    for outputs in ([fine, places], [fine, fine, places], [places, fine]):
        try:
            got = total_loss(labels, outputs, 0.3)
        except StudentError as error:
            if error.type in ("ValueError", "InvalidArgumentError"):  # TensorFlow has a name of its own for it
                continue
            raise CheckFailed(
                f"An output of shape (7, 5, 5, 4) should raise a ValueError; your function raised {error.type}:"
                f" {str(error)[:100]}"
            ) from None
        raise CheckFailed(
            f"An output of shape (7, 5, 5, 4) answers once per place, not once per picture; your function should raise"
            f" a ValueError and returned {'an array' if np.ndim(got) else got}.\n  Likely cause: p[rows, labels] picks"
            " places of such an output and says nothing: look at the shape of every output first, of the real one and"
            " of each auxiliary one."
        )


# -- gradients --------------------------------------------------------------------------------------------------------


@drawn_once
def _dense_network(rng: np.random.Generator, sizes: tuple[int, ...], frozen: int | None = None) -> tuple:
    import keras

    inputs = keras.Input((sizes[0],))
    x = inputs
    for number, units in enumerate(sizes[1:]):
        last = number == len(sizes) - 2
        x = keras.layers.Dense(units, "softmax" if last else "tanh", trainable=number != frozen)(x)
    model = keras.Model(inputs, x)
    weights = [rng.normal(scale=0.6, size=w.shape).astype("float32") for w in model.get_weights()]
    model.set_weights(weights)
    return model, weights


def _backward(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Gradients of the mean cross-entropy for kernels and biases, by hand."""
    a, layers = [x], len(weights) // 2
    for k in range(layers):
        z = a[-1] @ weights[2 * k] + weights[2 * k + 1]
        a.append(np.tanh(z) if k < layers - 1 else np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))
    delta = (a[-1] - np.eye(a[-1].shape[1])[y]) / len(x)
    found: list[np.ndarray] = []
    for k in reversed(range(layers)):
        found = [a[k].T @ delta, delta.sum(axis=0), *found]
        delta = (delta @ weights[2 * k].T) * (1 - a[k] ** 2)
    return found


def _compare_norms(
    student: Student, rng: np.random.Generator, sizes: tuple[int, ...], frozen: int | None = None
) -> None:
    model, weights = _dense_network(rng, sizes, frozen)
    x, y = rng.normal(size=(6, sizes[0])).astype("float32"), rng.integers(0, sizes[-1], 6)
    gradients = everything = _backward([w.astype(float) for w in weights], x.astype(float), y)
    if frozen is not None:
        gradients = [g for k, g in enumerate(gradients) if k // 2 != frozen]
    kernels = gradients[::2]
    norms = np.array([np.sqrt((g**2).sum()) for g in kernels])
    held = [w for k, w in enumerate(weights[::2]) if k != frozen]
    expect_close(
        student(model, x, y),
        norms,
        "the norms",
        {
            "biases are in the list; only variables with more than one axis count": [
                np.sqrt((g**2).sum()) for g in gradients
            ],
            "the loss is the sum over the batch; take the mean": 6 * norms,
            "these are squared norms; take the root": norms**2,
            "these are means of absolute values; the norm is the root of the sum of squares": [
                np.abs(g).mean() for g in kernels
            ],
            "these are largest absolute values; the norm is the root of the sum of squares": [
                np.abs(g).max() for g in kernels
            ],
            "these are root mean squares; the norm takes the sum of the squares": [
                np.sqrt((g**2).mean()) for g in kernels
            ],
            "these are sums of absolute values; the norm is the root of the sum of squares": [
                np.abs(g).sum() for g in kernels
            ],
            "these are the norms of the weights; those of their gradients are asked for": [
                np.linalg.norm(w) for w in held
            ],
            "the list runs from the output down; start at the input": norms[::-1],
            "this is one norm over all kernels; one per kernel is asked for": np.sqrt((norms**2).sum()),
            "the frozen layer is in the list; take model.trainable_variables": (
                [np.linalg.norm(g) for g in everything[::2]] if frozen is not None else np.empty((0, 0))
            ),
            "no kernel was found: those of dense layers have two axes, those of convolutions four": np.empty(0),
            "the gradients are 0: the mean of all outputs never changes; take that of the loss": 0 * norms,
            "np.linalg.norm(…, 2) of a matrix is its largest singular value; take the root of the sum of squares": [
                np.linalg.norm(g, 2) for g in kernels
            ],
        },
        rtol=1e-3,
    )


@checks.probe("gradient_norms")
def of_three_layers(gradient_norms: Student, rng: np.random.Generator) -> None:
    """A network of three dense layers, against backpropagation by hand."""
    _compare_norms(gradient_norms, rng, (4, 6, 5, 3))


@checks.probe("gradient_norms")
def of_a_frozen_layer(gradient_norms: Student, rng: np.random.Generator) -> None:
    """A network whose second layer is frozen."""
    _compare_norms(gradient_norms, rng, (3, 5, 4, 4), frozen=1)


@checks.probe("gradient_norms")
def of_a_normalised_layer(gradient_norms: Student, rng: np.random.Generator) -> None:
    """A network with batch normalisation and a layer without bias, in training mode."""
    arguments, true, mistakes = _normalised_case(rng)
    expect_close(gradient_norms(*arguments), true, "the norms", mistakes, rtol=1e-3)


@drawn_once
def _normalised_case(rng: np.random.Generator) -> tuple:
    """The arguments, the norms, and what mistakes give in their place."""
    import keras

    layers = [keras.Input((3,)), keras.layers.Dense(5, use_bias=False), keras.layers.BatchNormalization()]
    model = keras.Sequential([*layers, keras.layers.Activation("tanh"), keras.layers.Dense(4, activation="softmax")])
    # kernel, γ, β, kernel, bias; the moving averages come last and do not learn
    sizes = [(3, 5), (5,), (5,), (5, 4), (4,)]
    learnt = [rng.normal(scale=0.8, size=size) for size in sizes]
    averages = [rng.normal(size=5), rng.uniform(2, 4, 5)]
    model.set_weights([*learnt[:3], *averages, *learnt[3:]])
    x, y = rng.normal(size=(7, 3)).astype("float32"), rng.integers(0, 4, 7)

    def loss(weights: list[np.ndarray], training: bool = True) -> float:
        z = x @ weights[0]
        mean, variance = (z.mean(axis=0), z.var(axis=0)) if training else averages
        hidden = np.tanh((z - mean) / np.sqrt(variance + 1e-3) * weights[1] + weights[2])
        p = special.softmax(hidden @ weights[3] + weights[4], axis=1)
        return float(-np.log(p[np.arange(7), y]).mean())

    def norms(**mode: bool) -> np.ndarray:
        """By small steps up and down in each number."""
        found = []
        for place, weight in enumerate(learnt):
            slopes = []
            for index in np.ndindex(weight.shape):
                ends = []
                for step in (1e-5, -1e-5):
                    moved = [one.copy() for one in learnt]
                    moved[place][index] += step
                    ends.append(loss(moved, **mode))
                slopes.append((ends[0] - ends[1]) / 2e-5)
            found.append(np.linalg.norm(slopes))
        return np.array(found)

    right = norms()
    mistakes = {
        "the network runs in inference mode; training=True makes it normalise with the batch": norms(training=False)[
            [0, 3]
        ],
        "every second variable is taken; a layer without bias breaks that: ask for more than one axis": right[::2],
        "biases and other vectors are in the list; only variables with more than one axis count": right,
        "the list runs from the output down; start at the input": right[[3, 0]],
    }
    return (model, x, y), right[[0, 3]], mistakes


# -- residual blocks --------------------------------------------------------------------------------------------------


def _used(student: Student, x: np.ndarray, *settings: int, cause: str) -> tuple[ModelView, np.ndarray]:
    """A layer after its first call, and what it returned; `cause` is what is behind shapes that do not fit."""
    layer = expect_model(student(*settings))
    try:
        return layer, layer.predict(x)
    except StudentError as error:
        if not re.search("ncompatible shapes|broadcast|dimensions|Dimension|expected axis -1", str(error)):
            raise
        raise CheckFailed(
            f"Called with {len(x[0])} × {len(x[0])} pixels and {x.shape[-1]} channels, {student.name}"
            f"{settings} raised {error.type}: {_said(error)}\n  Likely cause: {cause}."
        ) from None


def _unlike_paths(channels: int, filters: int, stride: int) -> str:
    """What makes the two paths of a residual block end in different shapes."""
    if stride != 1:
        return (
            "the two paths have different shapes: the stride belongs to the first convolution and to the shortcut, once"
            " each"
        )
    if channels != filters:
        return "the two paths have different shapes: where the channels change, the shortcut is a 1×1 convolution"
    return "the two paths have different shapes: padding='same' in both 3×3 convolutions keeps the size"


def _residual_shapes(channels: int, filters: int, stride: int) -> list[tuple]:
    shapes = [(3, 3, channels, filters), (filters,), (3, 3, filters, filters), (filters,)]
    return shapes if stride == 1 and channels == filters else [*shapes, (1, 1, channels, filters)]


def _fits(got: np.ndarray, wanted: np.ndarray) -> bool:
    return np.shape(got) == wanted.shape and np.allclose(got, wanted, 1e-3, 1e-3)


def _residual(student: Student, rng: np.random.Generator, channels: int, filters: int, stride: int) -> None:
    side = 6 if stride == 1 else 7
    x = rng.normal(size=(2, side, side, channels)).astype("float32")
    layer, _ = _used(student, x, filters, stride, cause=_unlike_paths(channels, filters, stride))
    plain = stride == 1 and channels == filters
    _expect_kernels(
        layer,
        _residual_shapes(channels, filters, stride),
        {
            "the layer has no weights: make the convolutions in build and keep them in self": lambda got: not got,
            "the shortcut has a 1×1 convolution where nothing changes; there it is x itself": lambda got: (
                plain and (1, 1, channels, filters) in got
            ),
            "the shortcut has a bias; use_bias=False": lambda got: got.count((filters,)) == 3,
            "the shortcut is not a 1×1 convolution where size or channels change": lambda got: (
                not plain and (1, 1, channels, filters) not in got
            ),
            "the same convolution is used twice; there are two, each with weights of its own": lambda got: (
                plain and got.count((3, 3, filters, filters)) == 1
            ),
            "there is a normalisation, which this block does not have": lambda got: got.count((filters,)) > 3,
            "the kernels are not 3×3": lambda got: any(len(s) > 1 and s[:2] not in ((1, 1), (3, 3)) for s in got),
            "a convolution is missing: there are two of 3×3": lambda got: (3, 3, filters, filters) not in got,
            "the convolutions have no biases": lambda got: (filters,) not in got,
        },
    )
    expect(
        all(layer.trainable()),
        "Some weights of the layer would not learn.\n  Likely cause: trainable=False keeps a weight as it starts.",
    )
    weights = fill_weights(layer, rng, 3000)
    shapes = [(3, 3, channels, filters), (3, 3, filters, filters), (filters,), (filters,)]
    found = arranged(weights, *shapes, *([] if plain else [(channels, filters)]))
    if found is None:
        raise CheckFailed("The layer's weights changed their shapes while it was checked.")
    path = x if plain else _convolved(x, found[4], 0.0, stride)
    got = layer.predict(x)
    # in whatever order the two convolutions were made
    for order in ((0, 1, 2, 3), (1, 0, 3, 2), (0, 1, 3, 2), (1, 0, 2, 3)):
        k1, k2, b1, b2 = (found[place] for place in order)
        if k1.shape == shapes[0] and _fits(got, _relu(_convolved(_relu(_convolved(x, k1, b1, stride)), k2, b2) + path)):
            return
    k1, k2, b1, b2 = found[:4]

    def body(g: Callable = _relu, last: Callable = lambda v: v) -> np.ndarray:
        return last(_convolved(g(_convolved(x, k1, b1, stride)), k2, b2))

    f = body()
    expect_close(
        got,
        _relu(f + path),
        f"the output, {channels} channels to {filters}, stride {stride}",
        {
            "the shortcut is not added": _relu(f),
            "the ReLU at the end is missing: it comes after the addition": f + path,
            "the last ReLU stands before the addition; it comes after it": _relu(f) + path,
            "there is a ReLU before the addition as well": _relu(_relu(f) + path),
            "the ReLU between the two convolutions is missing": _relu(body(lambda v: v) + path),
            "the shortcut goes through a ReLU of its own before the addition": _relu(f + _relu(path)),
            "the shortcut is subtracted": _relu(f - path),
            "the two paths are multiplied; add them": _relu(f * path),
            "only the shortcut comes out": _relu(path),
            "the shortcut is added twice": _relu(f + 2 * path),
            "the two paths are concatenated; add them": _relu(np.concatenate([f, path], -1)),
            "the two paths are concatenated, the shortcut first; add them": _relu(np.concatenate([path, f], -1)),
            "the stride is in the second convolution; it belongs to the first": lambda: _relu(
                _convolved(_relu(_convolved(x, k1, b1)), k2, b2, stride) + path
            ),
        },
        rtol=1e-3,
        atol=1e-3,
    )


@checks.probe("Residual")
def nothing_changes(residual: Student, rng: np.random.Generator) -> None:
    """As many channels as before, stride 1: the shortcut is the input."""
    n = int(rng.integers(3, 6))
    _residual(residual, rng, n, n, 1)


@checks.probe("Residual")
def other_channels(residual: Student, rng: np.random.Generator) -> None:
    """Another number of channels."""
    _residual(residual, rng, 3, int(rng.integers(4, 7)), 1)


@checks.probe("Residual")
def with_a_stride(residual: Student, rng: np.random.Generator) -> None:
    """Stride 2, with other and with equal numbers of channels."""
    _residual(residual, rng, 3, int(rng.integers(4, 7)), 2)
    n = int(rng.integers(3, 6))
    _residual(residual, rng, n, n, 2)


def _rebuilt(student: Student, x: np.ndarray, settings: tuple[int, int], names: tuple[str, str]) -> None:
    """The layer made anew from its own configuration has the same weights and the same output shape."""
    layer, output = _used(student, x, *settings, cause="the layer works at some sizes only")
    try:
        copy = expect_model(layer.rebuilt())
        again = copy.predict(x)
    except StudentError as error:
        raise CheckFailed(
            f"{student.name}.from_config(layer.get_config()) failed with {error.type}.\n  Likely"
            f" cause: get_config returns super().get_config() together with {names[0]!r} and {names[1]!r}, and"
            " __init__ hands **kwargs on."
        ) from None
    if again.shape != output.shape or _sizes(copy) != _sizes(layer):
        raise CheckFailed(
            f"{student.name}{settings}, made anew from its configuration, is another layer: output {output.shape},"
            f" then {again.shape}.\n  Likely cause: get_config loses {names[0]!r} or {names[1]!r}, or exchanges them."
        )


@checks.probe("Residual")
def can_be_saved(residual: Student, rng: np.random.Generator) -> None:
    """Rebuilt from its configuration it is the same layer."""
    x = rng.normal(size=(1, 6, 6, 3)).astype("float32")
    _rebuilt(residual, x, (int(rng.integers(4, 7)), 2), ("filters", "stride"))


# -- highway ----------------------------------------------------------------------------------------------------------


def _highway(z_h: np.ndarray, z_t: np.ndarray, x: np.ndarray) -> np.ndarray:
    gate = special.expit(z_t)
    return _relu(z_h) * gate + x * (1 - gate)


@checks.probe("highway")
def both_gates(highway: Student, rng: np.random.Generator) -> None:
    """Random weights; a gate that is shut, and one that is open."""
    x = rng.normal(size=(5, 4))
    w_h, w_t = rng.normal(size=(2, 4, 4))
    b_h, b_t = rng.normal(size=(2, 4))
    for b in (b_t, np.full(4, -60.0), np.full(4, 60.0)):
        z_h, z_t = np.einsum("ni,ij->nj", x, w_h) + b_h, np.einsum("ni,ij->nj", x, w_t) + b
        h, t = _relu(z_h), 0.5 * (1 + np.tanh(z_t / 2))
        swapped = 0.5 * (1 + np.tanh((x @ w_h + b_h) / 2))
        expect_close(
            highway(x, w_h, b_h, w_t, b),
            h * t + x * (1 - t),
            "the output",
            {
                "the gates are exchanged: T belongs to H(x), 1 - T to x": h * (1 - t) + x * t,
                "the input is carried whole: it is multiplied by 1 - T": h * t + x,
                "the input is multiplied by T; the carry gate is 1 - T": h * t + x * t,
                "the carried input is missing": h * t,
                "the transform gate is missing at H": h + x * (1 - t),
                "H has no ReLU": z_h * t + x * (1 - t),
                "the gate is not squashed: T is a sigmoid": h * z_t + x * (1 - z_t),
                "the gate has a ReLU; T is a sigmoid": h * _relu(z_t) + x * (1 - _relu(z_t)),
                "the gate has a tanh; T is a sigmoid": h * np.tanh(z_t) + x * (1 - np.tanh(z_t)),
                "H has a sigmoid; its activation is a ReLU": 0.5 * (1 + np.tanh(z_h / 2)) * t + x * (1 - t),
                "the weights of H and T are exchanged": _relu(z_t) * swapped + x * (1 - swapped),
                "the two matrices are transposed: x @ w": lambda b=b: _highway(x @ w_h.T + b_h, x @ w_t.T + b, x),
                "both biases are missing": _highway(x @ w_h, x @ w_t, x),
                "the bias of the gate is missing": _highway(z_h, x @ w_t, x),
                "the bias of H is missing": _highway(x @ w_h, z_t, x),
                "there is no gate: this is H(x) + x, a residual block": h + x,
                "a ReLU is applied to the sum; only H has one": _relu(h * t + x * (1 - t)),
                "the ReLU is applied to the sum; it belongs to H": _relu(z_h * t + x * (1 - t)),
                "the gate has a softmax over the units; T is a sigmoid, one for each unit": (
                    h * special.softmax(z_t, axis=1) + x * (1 - special.softmax(z_t, axis=1))
                ),
                "the gate is averaged over the units; each unit has its own": (
                    h * t.mean(axis=1, keepdims=True) + x * (1 - t.mean(axis=1, keepdims=True))
                ),
            },
        )


checks.choice(
    "clean_path",
    answer="c",
    because={
        "a": "the addition hands the whole gradient to both paths; it is the factor 0.5, once per block, that counts.",
        "b": "larger weights change F; the shortcut alone has no weights with which to make up for a fixed factor.",
    },
)


# -- dense blocks -----------------------------------------------------------------------------------------------------


def _block(student: Student, rng: np.random.Generator, channels: int, depth: int, growth: int) -> None:
    x = rng.normal(size=(2, 5, 5, channels)).astype("float32")
    layer, first = _used(
        student,
        x,
        depth,
        growth,
        cause="the maps do not fit together: padding='same' keeps their size, they are joined along the last axis, and"
        " each layer has a convolution of its own, which sees more maps than the one before",
    )
    shapes = [(3, 3, channels + k * growth, growth) for k in range(depth)]
    _expect_kernels(
        layer,
        [*shapes, *depth * [(growth,)]],
        {
            "the layer has no weights: make the convolutions in build and keep them in self": lambda got: not got,
            "each layer sees only the layer before it; concatenate all maps so far": lambda got: (
                got.count((3, 3, growth, growth)) == depth - 1
            ),
            "every layer sees the input only; concatenate what was made since": lambda got: (
                got.count((3, 3, channels, growth)) == depth
            ),
            "each layer sees all new maps but not the block's input": lambda got: (
                [s for s in got if len(s) > 1]
                == sorted([(3, 3, channels, growth), *[(3, 3, k * growth, growth) for k in range(1, depth)]])
            ),
            "the growth rate is taken as the total: each layer adds `growth` maps": lambda got: all(
                s[-1] != growth for s in got
            ),
            "depth and growth are exchanged": lambda got: sum(len(s) > 1 for s in got) == growth,
            "the kernels are not 3×3": lambda got: any(len(s) > 1 and s[:2] != (3, 3) for s in got),
            "there is a normalisation, which this block does not have": lambda got: (
                sum(len(s) == 1 for s in got) > sum(len(s) > 1 for s in got)
            ),
            "each layer adds `growth` maps, the later ones no more than the first": lambda got: any(
                len(s) > 1 and s[-1] > growth for s in got
            ),
            "the block's input is joined on more than once": lambda got: any(
                len(s) > 1 and s[2] not in [channels + k * growth for k in range(depth)] and s[-1] == growth
                for s in got
            ),
            "there is one convolution too few: `depth` of them": lambda got: sum(len(s) > 1 for s in got) == depth - 1,
            "there is one convolution too many: `depth` of them": lambda got: sum(len(s) > 1 for s in got) == depth + 1,
            "the convolutions have no biases": lambda got: (growth,) not in got,
        },
    )
    expect(
        all(layer.trainable()),
        "Some weights of the layer would not learn.\n  Likely cause: trainable=False keeps a weight as it starts.",
    )
    weights = fill_weights(layer, rng, 5000)
    found = arranged(weights, *shapes, *depth * [(growth,)])
    if found is None:
        raise CheckFailed("The layer's weights changed their shapes while it was checked.")

    def grown(g: Callable = _relu, front: bool = False) -> list[np.ndarray]:
        maps = [x]
        for kernel, bias in zip(found[:depth], found[depth:], strict=True):
            seen = np.concatenate(maps[::-1] if front else maps, -1)
            maps.append(g(_convolved(seen, kernel, bias)))
        return maps

    got, kernels, biases = layer.predict(x), found[:depth], found[depth:]
    for order in itertools.permutations(biases):  # in whatever order the convolutions were made
        found = [*kernels, *order]
        if _fits(got, np.concatenate(grown(), -1)):
            return
    found = [*kernels, *biases]
    maps = grown()
    before = grown(lambda v: v)
    turned = grown(front=True)
    expect_close(
        got,
        np.concatenate(maps, -1),
        "the block's maps",
        {
            "the block's input is missing in its output": np.concatenate(maps[1:], -1),
            "only the last layer's maps come out; return all": maps[-1],
            "the last layer's maps are missing in the output": np.concatenate(maps[:-1], -1),
            "the ReLU is missing": np.concatenate(before, -1),
            "new maps stand before the old ones: the input's maps come first": np.concatenate(turned[::-1], -1),
            "the ReLU is applied to the input's maps as well": np.concatenate([_relu(x), *maps[1:]], -1),
        },
        rtol=1e-3,
        atol=1e-3,
    )
    expect(first.shape[-1] == channels + depth * growth, "The number of maps changes between two calls.")


@checks.probe("DenseBlock")
def two_layers(dense_block: Student, rng: np.random.Generator) -> None:
    """A block of two layers."""
    _block(dense_block, rng, 3, 2, int(rng.integers(4, 7)))


@checks.probe("DenseBlock")
def four_layers(dense_block: Student, rng: np.random.Generator) -> None:
    """A block of four layers with a small growth rate."""
    _block(dense_block, rng, 5, 4, int(rng.integers(2, 4)))


@checks.probe("DenseBlock")
def block_can_be_saved(dense_block: Student, rng: np.random.Generator) -> None:
    """Rebuilt from its configuration it is the same layer."""
    x = rng.normal(size=(1, 5, 5, 3)).astype("float32")
    _rebuilt(dense_block, x, (3, int(rng.integers(4, 7))), ("depth", "growth"))


# -- the Pareto front -------------------------------------------------------------------------------------------------


def _front(costs: np.ndarray, gains: np.ndarray) -> list[int]:
    """By sweeping once over the candidates in order of cost."""
    order = sorted(range(len(costs)), key=lambda i: (costs[i], -gains[i], i))
    front: list[int] = []
    for i in order:
        best = max((gains[j] for j in front), default=-np.inf)
        twin = front and costs[i] == costs[front[-1]] and gains[i] == gains[front[-1]]
        if gains[i] > best or twin:
            front.append(i)
    return front


def _compare_front(student: Student, costs: np.ndarray, gains: np.ndarray) -> None:
    n = range(len(costs))
    right = _front(costs, gains)
    by_cost = {"key": lambda i: costs[i]}

    def undominated(dominates: Callable) -> list[int]:
        return sorted((i for i in n if not any(j != i and dominates(j, i) for j in n)), **by_cost)

    def swept(order: list[int], enough: Callable = np.greater) -> list[int]:
        """Once over the candidates, with nothing but the best gain so far in mind."""
        front: list[int] = []
        for i in order:
            if not front or enough(gains[i], max(gains[j] for j in front)):
                front.append(i)
        return front

    as_they_come = sorted(n, **by_cost)
    expect_close(
        student(costs, gains),
        right,
        "the front, by index",
        {
            "the front is right, but it is not in order of cost": sorted(right),
            "the dearest stands first; begin with the cheapest": right[::-1],
            "two that are equal in both are each taken to dominate the other": undominated(
                lambda j, i: costs[j] <= costs[i] and gains[j] >= gains[i]
            ),
            "who is equal in one and worse in the other is dominated too: one strict inequality is enough": undominated(
                lambda j, i: costs[j] < costs[i] and gains[j] > gains[i]
            ),
            "who costs the same and gains less is dominated too: the strict inequality may be in the gain": undominated(
                lambda j, i: costs[j] < costs[i] and gains[j] >= gains[i]
            ),
            "who gains the same and costs more is dominated too: the strict inequality may be in the cost": undominated(
                lambda j, i: costs[j] <= costs[i] and gains[j] > gains[i]
            ),
            "nobody is left: each is compared with itself too, and <= and >= hold there": [],
            "nobody is left: being better in one of the two is not enough; in the other it is no worse": [],
            "of equal costs the one that comes first was taken before the better one": swept(as_they_come),
            "of two that are equal in both only one is left; neither dominates the other": swept(
                sorted(n, key=lambda i: (costs[i], -gains[i], i))
            ),
            "of two that are equal in both the lower index comes first": sorted(right, key=lambda i: (costs[i], -i)),
            "cost and gain are exchanged": _front(gains, costs),
            "a low gain is taken for the better one": _front(costs, -gains),
            "a high cost is taken for the better one": sorted(_front(-costs, gains), **by_cost),
            "these are those that are dominated": sorted(set(n) - set(right), **by_cost),
            "this is the single best one": [int(np.argmax(gains))],
            "this is the one with the most gain per cost; the front has all who are not dominated": [
                int(np.argmax(gains / costs))
            ],
            "these are truth values; return the indices where they are True": np.isin(np.arange(len(costs)), right),
            "these are pairs of cost and gain; return the indices": np.stack([costs, gains], axis=1)[right],
            "these are costs; return the indices": costs[right],
            "these are gains; return the indices": gains[right],
        },
        rtol=0,
        atol=1e-9,
    )


@checks.probe("pareto")
def of_random_candidates(pareto: Student, rng: np.random.Generator) -> None:
    """Fifteen candidates."""
    costs = rng.uniform(1, 100, 15)
    _compare_front(pareto, costs, 70 + 4 * np.log(costs) + rng.normal(0, 4, 15))


@checks.probe("pareto")
def of_ties(pareto: Student, rng: np.random.Generator) -> None:
    """Candidates with equal costs, with equal gains and with both."""
    order = rng.permutation(7)
    costs = np.array([2.0, 2.0, 3.0, 5.0, 5.0, 8.0, 9.0])[order]
    gains = np.array([70.0, 68.0, 70.0, 75.0, 75.0, 74.0, 80.0])[order]
    _compare_front(pareto, costs, gains)


# -- the winner's curse -----------------------------------------------------------------------------------------------


def _first_best(scores: list[float]) -> int:
    return max(range(len(scores)), key=lambda i: (round(scores[i], 9), -i))


def _means(correct: np.ndarray, picks: np.ndarray, seen_by: str = "there") -> list[float]:
    """The two means, one picture after the other; `seen_by` says what the winner is chosen on."""
    there, elsewhere = [], []
    for pick in picks:
        inside = [i in set(pick.tolist()) for i in range(correct.shape[1])]
        on = [[float(c) for c, i in zip(row, inside, strict=True) if i] for row in correct]
        off = [[float(c) for c, i in zip(row, inside, strict=True) if not i] for row in correct]
        judged = {"there": on, "elsewhere": off, "everywhere": correct.astype(float).tolist()}[seen_by]
        scores = [sum(row) / len(row) for row in judged]
        winner = _first_best(scores)
        there.append(sum(on[winner]) / len(on[winner]))
        elsewhere.append(sum(off[winner]) / len(off[winner]))
    return [float(np.mean(there)), float(np.mean(elsewhere))]


def _curse_mistakes(correct: np.ndarray, picks: np.ndarray) -> dict[str, list]:
    """What usual mistakes make of the two means."""
    right = _means(correct, picks)
    scores = np.stack([correct[:, pick].mean(axis=1) for pick in picks])
    rest = np.stack([np.delete(correct, pick, axis=1).mean(axis=1) for pick in picks])
    winners, worst = scores.argmax(axis=1), scores.argmin(axis=1)
    last = scores.shape[1] - 1 - scores[:, ::-1].argmax(axis=1)
    draws, m, n = np.arange(len(picks)), picks.shape[1], correct.shape[1]
    fixed = int(scores.mean(axis=0).argmax())
    first = int(correct[:, :m].mean(axis=1).argmax())
    mistakes = {
        "the winner was chosen on the other pictures, which then test nothing": _means(correct, picks, "elsewhere"),
        "the winner was chosen on all pictures, those that should test it among them": _means(
            correct, picks, "everywhere"
        ),
        "the second number is the best of all networks elsewhere; that of the winner is asked for": [
            right[0],
            rest.max(axis=1).mean(),
        ],
        "the second number is over all pictures; those that chose the winner are no test": [
            right[0],
            correct.mean(axis=1)[winners].mean(),
        ],
        "the second number is the mean of all networks elsewhere; that of the winner is asked for": [
            right[0],
            rest.mean(),
        ],
        "the first number is the mean of all networks; that of the winner is asked for": [scores.mean(), right[1]],
        "these are the means of all networks; those of the winners are asked for": [scores.mean(), rest.mean()],
        "np.delete without an axis takes numbers out of the whole table; take them out of the winner's row": [
            right[0],
            np.mean([np.delete(correct, pick).mean() for pick in picks]),
        ],
        "the first m pictures were taken; `picks` holds their numbers": [
            correct[first, :m].mean(),
            correct[first, m:].mean(),
        ],
        "of equal scores the last one was taken; the first one wins": [right[0], rest[draws, last].mean()],
        "the two numbers are swapped: first there, then elsewhere": right[::-1],
        "the second number is the difference; the score elsewhere is asked for": [right[0], right[0] - right[1]],
        "the winner is the network with the worst score": [scores.min(axis=1).mean(), rest[draws, worst].mean()],
        "these are numbers of right answers; divide by the number of pictures": [right[0] * m, right[1] * (n - m)],
    }
    wrong_axis = [int(correct[:, pick].mean(axis=0).argmax()) for pick in picks]
    if max(wrong_axis) < len(correct):
        mistakes["the mean runs over the networks; the score of each is its mean over the pictures, axis=1"] = [
            scores[draws, wrong_axis].mean(),
            rest[draws, wrong_axis].mean(),
        ]
    both = np.stack([scores[draws, winners], rest[draws, winners]])
    mistakes["these are the numbers of each draw; take the mean of both over the draws"] = both
    if len(picks) > 1:
        never = np.setdiff1d(np.arange(n), picks)
        mistakes |= {
            "one network wins all draws; each draw has a winner of its own": [
                scores[:, fixed].mean(),
                rest[:, fixed].mean(),
            ],
            "these are those of the first draw; take the mean over all of them": both[:, 0],
            "these are those of the last draw; take the mean over all of them": both[:, -1],
            "these are the largest over the draws; take the mean": both.max(axis=1),
            "these are sums over the draws; take the mean": both.sum(axis=1),
            "the other pictures of a draw are all that it did not pick, those of other draws among them": [
                right[0],
                correct[winners][:, never].mean() if len(never) else np.nan,
            ],
        }
    return mistakes


def _apart(values: Iterable[np.ndarray]) -> bool:
    """Whether no two of them are equal, so that each mistake has a sentence of its own."""
    return not any(
        np.shape(one) == np.shape(other) and np.allclose(one, other) for one, other in itertools.combinations(values, 2)
    )


def _compare_curse(student: Student, correct: np.ndarray, picks: np.ndarray) -> None:
    expect_close(
        expect_items(student(correct, picks), ("the mean there", "the mean elsewhere")),
        _means(correct, picks),
        "mean score there, and elsewhere",
        _curse_mistakes(correct, picks),
        rtol=1e-6,
        atol=1e-9,
    )


def _answers(rng: np.random.Generator, networks: int, pictures: int) -> np.ndarray:
    return (rng.random((networks, pictures)) < rng.uniform(0.4, 0.7, (networks, 1))).astype(float)


@checks.probe("winners_curse")
def one_draw(winners_curse: Student, rng: np.random.Generator) -> None:
    """One validation set; the winner there is not the best elsewhere, and two networks share the best score."""
    # right answers of 7 there and of 17 elsewhere: two share the best score, others are best elsewhere and on all
    counts = np.array([(6, 6), (6, 8), (4, 14), (2, 15), (1, 4)])
    while True:
        pick, correct = rng.permutation(24)[:7], np.zeros((5, 24))
        rest = np.setdiff1d(np.arange(24), pick)
        for row, (there, elsewhere) in zip(correct, rng.permutation(counts), strict=True):
            row[rng.permutation(pick)[:there]] = 1
            row[rng.permutation(rest)[:elsewhere]] = 1
        if _apart([_means(correct, pick[None]), *_curse_mistakes(correct, pick[None]).values()]):
            break
    _compare_curse(winners_curse, correct, pick[None])


@checks.probe("winners_curse")
def many_draws(winners_curse: Student, rng: np.random.Generator) -> None:
    """Twelve validation sets."""
    correct = _answers(rng, 6, 40)
    _compare_curse(winners_curse, correct, np.array([rng.permutation(40)[:11] for _ in range(12)]))
