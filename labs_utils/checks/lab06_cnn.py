"""Checks of lab 06: the sliding window, its sizes and channels, pooling, softmax, LeNet-5 and a small network."""

from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy import signal, special

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    arranged,
    expect,
    expect_close,
    expect_fresh,
    expect_model,
    expect_one_of,
    fill_weights,
)
from labs_utils.exercises.student import ModelView, Student

checks = Checks("06_cnn")


# -- the sliding window -----------------------------------------------------------------------------------------------


def _compare_correlation(got: object, image: np.ndarray, kernel: np.ndarray) -> None:
    true = signal.correlate2d(image, kernel, mode="valid")
    unfinished = true.copy()
    unfinished[-1], unfinished[:, -1] = 0, 0
    expect_close(
        got,
        true,
        "the result",
        {
            "the kernel is flipped: that is a convolution, and a correlation is asked for": signal.convolve2d(
                image, kernel, mode="valid"
            ),
            "the last row and column are missing: there are h - kh + 1 places, not h - kh": true[:-1, :-1],
            "the last row and column stay 0: the loops end one place too early": unfinished,
            "the image was padded: only places where the whole window fits count ('valid')": lambda: signal.correlate2d(
                image, kernel, mode="full" if np.size(got) > image.size else "same"
            ),
            "this is the mean over the window; the sum is asked for": true / kernel.size,
            "the kernel is transposed": lambda: (
                signal.correlate2d(image, kernel.T, mode="valid") if kernel.shape[0] == kernel.shape[1] else np.nan
            ),
        },
    )


@checks.probe("correlate")
def square_kernel(correlate: Student, rng: np.random.Generator) -> None:
    """A 3 × 3 kernel on a 6 × 6 image."""
    image, kernel = rng.normal(size=(6, 6)), rng.normal(size=(3, 3))
    _compare_correlation(correlate(image, kernel), image, kernel)


@checks.probe("correlate")
def oblong_kernel(correlate: Student, rng: np.random.Generator) -> None:
    """A 2 × 4 kernel on a 5 × 9 image."""
    image, kernel = rng.normal(size=(5, 9)), rng.normal(size=(2, 4))
    _compare_correlation(correlate(image, kernel), image, kernel)


checks.choice(
    "flipped_kernel",
    answer="c",
    because={
        "a": "which kernel sees which side is settled by training; a turned kernel is a kernel like any other.",
        "b": "the terms differ for one given kernel, but the kernel is not given: training looks for it.",
    },
)


# -- sizes and channels -----------------------------------------------------------------------------------------------


@checks.probe("output_size")
def counted_places(output_size: Student, rng: np.random.Generator) -> None:
    """Places of the window, counted one by one."""
    cases = [(28, 5, 1, 0), (28, 5, 1, 2), (10, 3, 2, 0), (11, 4, 3, 1)]
    cases += [tuple(map(int, (rng.integers(12, 40), rng.integers(2, 8), rng.integers(1, 4), rng.integers(0, 3))))]
    for n, k, s, p in cases:
        places = len(range(-p, n + p - k + 1, s))
        room = n + 2 * p - k
        expect_close(
            output_size(n, k, s, p),
            places,
            f"output_size({n}, kernel={k}, stride={s}, padding={p})",
            {
                "+ 1 comes after the division by the stride": (room + 1) // s,
                "the + 1 is missing: a window as large as the image fits once, not zero times": room // s,
                "padding adds p zeros on each side, 2p in all": (n + p - k) // s + 1,
                "the padding is missing": (n - k) // s + 1,
                "the stride is missing": room + 1,
                "/ gives a fraction of a place: // rounds down": room / s + 1,
                "rounded up: a place that does not fit entirely does not count": -(-room // s) + 1,
                "the padding is subtracted": (n - 2 * p - k) // s + 1,
            },
        )


def _layer(images: np.ndarray, kernels: np.ndarray, stride: int, before: int, after: int) -> np.ndarray:
    """A convolutional layer without bias by SciPy, one image, channel and kernel at a time."""
    padded = np.pad(images, ((0, 0), (before, after), (before, after), (0, 0)))
    return np.stack(
        [
            np.stack(
                [
                    sum(
                        signal.correlate2d(image[..., c], kernels[..., c, f], mode="valid")[::stride, ::stride]
                        for c in range(images.shape[-1])
                    )
                    for f in range(kernels.shape[-1])
                ],
                axis=-1,
            )
            for image in padded
        ]
    )


def _compare_layer(conv_layer: Student, rng: np.random.Generator, stride: int, padding: int) -> None:
    k, channels = (4, 3) if padding else (2, 3)  # sizes that could be taken for each other all differ
    images, kernels = rng.normal(size=(5, 11, 9, channels)), rng.normal(size=(k, k, channels, 6))
    bias = rng.uniform(1, 2, size=6)
    got = conv_layer(images, kernels, bias, stride, padding)
    true = _layer(images, kernels, stride, padding, padding)
    all_sides = np.pad(images, padding)
    rows, columns = true.shape[1:3]
    expect_close(
        got,
        true + bias,
        "the output",
        {
            "the bias is missing": true,
            "the kernels are flipped: Keras computes a correlation": _layer(
                images, kernels[::-1, ::-1], stride, padding, padding
            )
            + bias,
            "only the first channel is used: a kernel adds up over all channels": _layer(
                images[..., :1], kernels[:, :, :1], stride, padding, padding
            )
            + bias,
            "the channels are averaged: a kernel adds them up": true / channels + bias,
            "the channel axis is still there: sum over it as well": lambda: (
                np.stack(
                    [_layer(images[..., [c]], kernels[:, :, [c]], stride, padding, padding) for c in range(channels)],
                    axis=3,
                )
                + bias
            ),
            "the channels are missing in the output: each kernel gives a feature map of its own": (true + bias).sum(-1),
            "the stride is ignored": lambda: _layer(images, kernels, 1, padding, padding) + bias,
            "the padding is ignored": lambda: _layer(images, kernels, stride, 0, 0) + bias,
            "zeros were added on one side only: both sides get them": lambda: (
                _layer(images, kernels, stride, 0, padding) + bias
            ),
            "half of the padding: `padding` zeros are added on each side": lambda: (
                _layer(images, kernels, stride, padding - padding // 2, padding // 2) + bias
            ),
            "the bias was added for each channel: each kernel has one": true + channels * bias,
            "the bias is subtracted": true - bias,
            "the bias multiplies the sum instead of being added": true * bias,
            "the window moves by 1 although the result has the right size: place i starts at i * stride": lambda: (
                _layer(images, kernels, 1, padding, padding)[:, :rows, :columns] + bias
            ),
            "the kernels are transposed: rows of a kernel belong to rows of the image": lambda: (
                _layer(images, kernels.swapaxes(0, 1), stride, padding, padding) + bias
            ),
            "the last row and column of places are missing: a window that ends at the border fits": (true + bias)[
                :, :-1, :-1
            ],
            "the last row and column of places are missing: a window that ends at the border still fits": lambda: (
                _layer(images[:, :-1, :-1], kernels, stride, padding, padding) + bias
            ),
            "batch and channels were padded as well: np.pad needs (0, 0) for those two axes": lambda: (
                _layer(all_sides[..., padding : padding + channels], kernels, stride, 0, 0) + bias
            ),
        },
    )


@checks.probe("conv_layer")
def several_channels(conv_layer: Student, rng: np.random.Generator) -> None:
    """Three channels, six kernels, stride 1, no padding."""
    _compare_layer(conv_layer, rng, 1, 0)


@checks.probe("conv_layer")
def strides(conv_layer: Student, rng: np.random.Generator) -> None:
    """Stride 2."""
    _compare_layer(conv_layer, rng, 2, 0)


@checks.probe("conv_layer")
def padded(conv_layer: Student, rng: np.random.Generator) -> None:
    """Stride 3 with two zeros on each side."""
    _compare_layer(conv_layer, rng, 3, 2)


# -- after the convolution --------------------------------------------------------------------------------------------


def _pooled(images: np.ndarray, size: int, mode: str, padding: str = "valid", strides: int | None = None) -> np.ndarray:
    import keras

    pooling = keras.ops.max_pool if mode == "max" else keras.ops.average_pool
    return np.asarray(pooling(images, size, strides or size, padding=padding, data_format="channels_last"))


def _pooled_rows(images: np.ndarray, size: int, mode: str) -> np.ndarray:
    blocks = np.stack([images[:, k::size][:, : images.shape[1] // size] for k in range(size)])
    return blocks.max(axis=0) if mode == "max" else blocks.mean(axis=0)


def _compare_pool(pool: Student, rng: np.random.Generator, mode: str) -> None:
    other = "average" if mode == "max" else "max"
    # sizes that could be taken for each other all differ, also rows and columns of the result
    for shape, size in (((2, 16, 20, 3), 4), ((3, 14, 11, 4), 2)):
        images = rng.normal(size=shape).astype("float32") - 1
        true = _pooled(images, size, mode)
        expect_close(
            pool(images, size, mode),
            true,
            f"pool(images {shape}, {size}, {mode!r})",
            {
                f"this is {other} pooling": _pooled(images, size, other),
                "the maximum starts from 0, which is larger than every negative value": np.maximum(true, 0),
                "this is the sum over the block, not its mean": true * size**2,
                "the channels were pooled together: each is treated by itself": lambda t=true: (
                    t.max(axis=-1) if mode == "max" else t.mean(axis=-1)
                ),
                "incomplete blocks count as well; they are dropped here": _pooled(images, size, mode, "same"),
                "the blocks overlap: the window moves by `size`, not by 1": _pooled(images, size, mode, strides=1),
                "only rows were joined: pool over rows and columns": _pooled_rows(images, size, mode),
                "rows and columns of the result are exchanged": true.swapaxes(1, 2),
                f"this is {other} pooling, and incomplete blocks count as well": _pooled(images, size, other, "same"),
                "the minimum of each block was taken": -_pooled(-images, size, "max"),
                "this is the sum over the block's rows, or its columns, of means: divide by size twice": true * size,
                "you pooled over the whole image": (images.max if mode == "max" else images.mean)(axis=(1, 2)),
                "this keeps the first pixel of every block instead of pooling": images[:, ::size, ::size][
                    :, : true.shape[1], : true.shape[2]
                ],
            },
        )


@checks.probe("pool")
def largest(pool: Student, rng: np.random.Generator) -> None:
    """The maximum of each block."""
    _compare_pool(pool, rng, "max")


@checks.probe("pool")
def mean(pool: Student, rng: np.random.Generator) -> None:
    """The mean of each block."""
    _compare_pool(pool, rng, "average")


@checks.probe("softmax")
def ordinary_scores(softmax: Student, rng: np.random.Generator) -> None:
    """Ordinary scores."""
    z = rng.normal(scale=2, size=(4, 5))
    powers = np.exp(z)
    expect_close(
        softmax(z),
        special.softmax(z, axis=1),
        "softmax(z)",
        {
            "you divide by the sum over all rows: each row has its own": powers / powers.sum(),
            "the sum runs over the samples (axis 0): it belongs to the classes, axis 1": powers / powers.sum(axis=0),
            "the powers are not divided by their sum": powers,
            "only the largest score was subtracted; the division by the sum is missing": np.exp(
                z - z.max(axis=1, keepdims=True)
            ),
            "this is the logarithm of softmax": special.log_softmax(z, axis=1),
            "this is the sigmoid of each score; softmax compares them with each other": special.expit(z),
            "the exponential is missing": z / z.sum(axis=1, keepdims=True),
        },
    )


@checks.probe("softmax")
def large_scores(softmax: Student, rng: np.random.Generator) -> None:
    """Scores as large as ±10000."""
    z = rng.integers(-4, 5, size=(4, 3)) / 2 + np.array([[0.0], [1000.0], [-10000.0], [10000.0]])
    z = np.vstack([z, [[-10000.0, 0.0, 10000.0]]])
    with np.errstate(all="ignore"):
        naive = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        together = np.exp(z - z.max())
        together = together / together.sum(axis=1, keepdims=True)
        clipped = np.exp(np.clip(z, -500, 500))
        guarded = np.nan_to_num(naive)
        above_min, above_mean = (
            powers / powers.sum(axis=1, keepdims=True)
            for powers in (np.exp(z - m) for m in (z.min(axis=1, keepdims=True), z.mean(axis=1, keepdims=True)))
        )
    expect_close(
        softmax(z),
        special.softmax(z, axis=1),
        "softmax(z)",
        {
            "exp overflows to inf, and inf / inf is nan: subtract the largest score of each row first": naive,
            "one maximum was subtracted from all rows: a row far below it underflows to 0 / 0": together,
            "the smallest score was subtracted: exp still overflows for the largest; subtract the largest": above_min,
            "the mean score was subtracted: exp still overflows for the largest; subtract the largest": above_mean,
            "clipping makes all large scores equal: subtract the largest score instead": clipped
            / clipped.sum(axis=1, keepdims=True),
            "replacing nan afterwards gives no probabilities: subtract the largest score first": guarded,
        },
    )


checks.choice(
    "where_is_it",
    answer="a",
    because={
        "b": "no kernel knows which half it is in: its weights are the same everywhere, the maximum forgets places.",
        "c": "the feature map keeps the place, but the global maximum of the map does not.",
    },
)


# -- LeNet-5 ----------------------------------------------------------------------------------------------------------


@checks.probe("conv_parameters")
def counted_by_keras(conv_parameters: Student, rng: np.random.Generator) -> None:
    """The layers of LeNet-5 and one more, counted by Keras."""
    import keras

    cases = [(5, 6, 16), (5, 1, 6), (5, 16, 120), tuple(map(int, rng.integers(2, 9, size=3)))]
    for k, channels, filters in cases:
        layer = keras.layers.Conv2D(filters, k)
        layer.build((None, 28, 28, channels))
        expect_close(
            conv_parameters(k, channels, filters),
            layer.count_params(),
            f"conv_parameters({k}, {channels}, {filters})",
            {
                "the biases are missing, one for each kernel": k * k * channels * filters,
                "the channel axis is forgotten: a kernel has k × k weights for each input channel": (k * k + 1)
                * filters,
                "there is one bias for each kernel, not one in all": k * k * channels * filters + 1,
                "there is one bias for each kernel, not for each input channel": (k * k * filters + 1) * channels,
                "a bias was counted for each channel of each kernel: a kernel has one": (k * k + 1)
                * channels
                * filters,
                "the window is square: kernel × kernel pixels": (k * channels + 1) * filters,
            },
        )


def _counts(model: ModelView) -> list[int]:
    """Parameters of the layers that have some, in order."""
    if model.parameters is None:
        raise CheckFailed(
            "The model has no weights yet.\n  Likely cause: it does not start with keras.Input((28, 28, 1))."
        )
    return [layer["parameters"] for layer in model.layers if layer["parameters"]]


def _expect_sizes(model: ModelView, wanted: list[int], shapes: list[tuple], causes: dict[tuple, str]) -> None:
    """Fails unless the weights have these shapes, in any order and in any nesting of layers.

    Args:
        model: what the student's function returned.
        wanted: the parameters of each layer, for the message.
        shapes: of all the weights.
        causes: parameters of the layers → what gives a network with these.
    """
    got = _counts(model)
    found = [shape[2:] if len(shape) == 4 and shape[:2] == (1, 1) else shape for _, shape in model.variables()]
    if Counter(found) == Counter(shapes):
        return
    cause = causes.get(tuple(got))
    raise CheckFailed(
        f"The parameters of the layers, in order:\n    expected  {wanted}, {sum(wanted)} in all"
        f"\n    got       {got}, {sum(got)} in all" + (f"\n  Likely cause: {cause}." if cause else "")
    )


def _outputs(model: ModelView, images: np.ndarray) -> np.ndarray:
    got = np.asarray(model.predict(images))
    expect(
        got.shape == (len(images), 10),
        f"For images {images.shape} the output should have shape {(len(images), 10)}; got {got.shape}.",
    )
    return got


_C1, _C3 = [(5, 5, 1, 6), (6,)], [(5, 5, 6, 16), (16,)]
_ENDS = [(120,), (120, 84), (84,), (84, 10), (10,)]


def _lenet(images: np.ndarray, weights: list, g: Callable, pooling: Callable, last: Callable) -> np.ndarray:
    import tensorflow as tf

    k1, b1, k3, b3, k5, b5, w6, b6, w7, b7 = weights
    x = g(tf.nn.conv2d(images, k1, 1, "SAME") + b1)
    x = g(tf.nn.conv2d(pooling(x, 2, 2, "VALID"), k3, 1, "VALID") + b3)
    x = tf.reshape(pooling(x, 2, 2, "VALID"), (len(images), -1))
    x = g(g(x @ np.reshape(k5, (400, 120)) + b5) @ w6 + b6)
    return last(x @ w7 + b7).numpy()


def _lenet_outputs(model: ModelView, images: np.ndarray, rng: np.random.Generator) -> tuple[Callable, dict]:
    """What the model should answer with weights that it is given here, and what it answers with the usual mistakes.

    Only weights of exactly LeNet-5's shapes, drawn here, ever reach TensorFlow, which ends this process over others.
    """
    import tensorflow as tf

    weights = fill_weights(model, rng, 400_000)
    # S4 flattened, or not
    found = [arranged(weights, *_C1, *_C3, c5, *_ENDS) for c5 in ((400, 120), (5, 5, 16, 120))]
    right = next((one for one in found if one is not None), None)
    if right is None:
        raise CheckFailed(
            "Expected the weights and biases of five layers, with the sizes in the table; got weights of shapes"
            f" {_shapes(weights)}."
        )

    def variant(
        g: Callable = tf.tanh, pooling: Callable = tf.nn.avg_pool2d, last: Callable = tf.nn.softmax
    ) -> Callable:
        return lambda: _lenet(images, right, g, pooling, last)

    return variant(), {
        "S2 and S4 are max-pooling; LeNet-5 averages": variant(pooling=tf.nn.max_pool2d),
        "the activation is ReLU; LeNet-5 uses tanh": variant(g=tf.nn.relu),
        "the activation is the sigmoid; LeNet-5 uses tanh": variant(g=tf.sigmoid),
        "the activations are missing: without tanh the layers collapse to one linear map": variant(g=tf.identity),
        "the softmax at the end is missing": variant(last=tf.identity),
        "the last layer has sigmoid; ten probabilities that sum to 1 need softmax": variant(last=tf.sigmoid),
        "the last layer has tanh; probabilities need softmax": variant(last=tf.tanh),
        "ReLU and max-pooling: that is the modern fashion; LeNet-5 has tanh and averages": variant(
            g=tf.nn.relu, pooling=tf.nn.max_pool2d
        ),
    }


@checks.probe("lenet5")
def layer_by_layer(lenet5: Student, rng: np.random.Generator) -> None:
    """The parameters of each layer."""
    model = expect_model(lenet5())
    wanted = [156, 2416, 48120, 10164, 850]
    shapes = [*_C1, *_C3, (5, 5, 16, 120), *_ENDS]
    if (400, 120) in [shape for _, shape in model.variables()]:  # S4 flattened, as most do
        shapes[4] = (400, 120)
    causes = {
        (156, 2416, 30840, 10164, 850): "C1 is not padded: its output should stay 28 × 28",
        (156, 2416, 94200, 10164, 850): "C3 is padded: its output should shrink from 14 × 14 to 10 × 10",
        (156, 2416, 69240, 10164, 850): "the paddings are swapped: C1 is padded, C3 is not",
        (156, 2416, 2040, 10164, 850): "global average pooling stands where S4 is to be flattened",
        (156, 2416, 192120, 10164, 850): "a pooling layer is missing: S4 should give 5 × 5",
        (150, 2400, 48000, 10080, 840): "the biases are missing",
        (156, 2416, 48120, 10164): "the output layer with 10 units is missing",
        (156, 2416, 48120, 1210): "F6 with 84 units is missing",
        (156, 2416, 33684, 850): "C5 with 120 units is missing",
        (60, 880, 48120, 10164, 850): "the kernels are 3 × 3; LeNet-5 has 5 × 5",
    }
    _expect_sizes(model, wanted, shapes, causes)
    expect_fresh(model)
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _lenet_outputs(model, images, rng)
    expect_one_of(_outputs(model, images), [true, *mistakes.values()], rtol=1e-3, atol=1e-4)


@checks.probe("lenet5")
def computes_as_lenet(lenet5: Student, rng: np.random.Generator) -> None:
    """Its outputs, with weights that the check has chosen."""
    model = expect_model(lenet5())
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    _outputs(model, images)
    true, mistakes = _lenet_outputs(model, images, rng)
    expect_close(_outputs(model, images), true(), "the output", mistakes, rtol=1e-3)


def _shapes(weights: list) -> str:
    return ", ".join(str(tuple(weight.shape)) for weight in weights)


# -- the small network ------------------------------------------------------------------------------------------------


_KERNELS = [(5, 5, 1, 16), (3, 3, 16, 32), (3, 3, 32, 64)]


@checks.probe("small_cnn")
def parameters_of_each(small_cnn: Student, rng: np.random.Generator) -> None:
    """The parameters of each layer."""
    model = expect_model(small_cnn())
    wanted = [400, 64, 4608, 128, 18432, 256, 650]
    causes = {
        (416, 64, 4640, 128, 18496, 256, 650): "the convolutions have biases, which the normalisation cancels:"
        " use_bias=False",
        (416, 4640, 18496, 650): "batch normalisation is missing",
        (400, 4608, 18432, 650): "batch normalisation is missing",
        (400, 64, 4608, 128, 18432, 256, 5770): "the maps are flattened; average each of the 64 maps instead",
        (400, 64, 4608, 128, 18432, 256, 31370): "the maps are flattened, and pooling is missing",
        (400, 64, 4608, 128, 18432, 256): "the dense layer with 10 units is missing",
        (144, 64, 4608, 128, 18432, 256, 650): "the first kernels are 5 × 5",
    }
    _expect_sizes(model, wanted, [*_KERNELS, (64, 10), (10,), *(4 * [(16,), (32,), (64,)])], causes)
    expect_fresh(model)
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _small_outputs(model, images, rng)
    expect_one_of(_outputs(model, images), [true, *mistakes.values()], rtol=5e-3, atol=1e-4)


@checks.probe("small_cnn")
def sizes_of_the_maps(small_cnn: Student, rng: np.random.Generator) -> None:
    """The sizes of the maps after each convolution."""
    model = expect_model(small_cnn())
    _counts(model)
    expect(
        not any(row["type"] == "Conv2D" and row["activation"] not in (None, "linear") for row in model.layers[:-2]),
        "A convolution has its own activation; the table has ReLU after the normalisation, as a layer of its own.",
    )
    got = [tuple((layer["output_shape"] or [])[1:]) for layer in model.layers if layer["type"] == "Conv2D"][:3]
    wanted = [(14, 14, 16), (14, 14, 32), (7, 7, 64)]
    causes = {
        ((12, 12, 16), (10, 10, 32), (3, 3, 64)): "the padding is not 'same'",
        ((28, 28, 16), (28, 28, 32), (14, 14, 64)): "the first convolution has no stride of 2",
        ((14, 14, 16), (7, 7, 32), (3, 3, 64)): "a pooling layer too many: the first convolution has a stride instead",
        ((28, 28, 16), (14, 14, 32), (7, 7, 64)): "the first convolution is pooled; it should have a stride of 2",
        ((14, 14, 16), (14, 14, 32), (14, 14, 64)): "max-pooling is missing after the second convolution",
        ((14, 14, 16), (7, 7, 32), (4, 4, 64)): "only the first convolution has a stride; the others are pooled",
    }
    cause = causes.get(tuple(got))
    expect(
        got == wanted or len(got) < 3 or () in got,  # convolutions inside other layers are judged by what they compute
        f"The maps after each convolution:\n    expected  {wanted}\n    got       {got}"
        + (f"\n  Likely cause: {cause}." if cause else ""),
    )
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _small_outputs(model, images, rng)
    expect_one_of(_outputs(model, images), [true, *mistakes.values()], rtol=5e-3, atol=1e-4)


@checks.probe("small_cnn")
def computes_as_the_table(small_cnn: Student, rng: np.random.Generator) -> None:
    """Its outputs, with weights that the check has chosen."""
    model = expect_model(small_cnn())
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    _outputs(model, images)
    true, mistakes = _small_outputs(model, images, rng)
    expect_close(_outputs(model, images), true(), "the output", mistakes, rtol=5e-3, atol=1e-4)


def _small_outputs(model: ModelView, images: np.ndarray, rng: np.random.Generator) -> tuple[Callable, dict]:
    """What the model should answer with weights that it is given here, and what it answers with the usual mistakes.

    Only weights of exactly the table's shapes, drawn here, ever reach TensorFlow, which ends this process over others.
    """
    import tensorflow as tf

    weights = fill_weights(model, rng, 400_000)
    matrices = arranged([weight for weight in weights if weight.ndim > 1], *_KERNELS, (64, 10))
    norms = {}
    for (path, shape), weight in zip(model.variables(), weights, strict=True):
        norms.setdefault((path.rsplit("/", 1)[-1], shape), weight)
    parts = ("gamma", "beta", "moving_mean", "moving_variance")
    names = [(part, (channels,)) for channels in (16, 32, 64) for part in parts]
    if matrices is None or len(weights) != 17 or not {*names, ("bias", (10,))} <= norms.keys():
        raise CheckFailed(
            "Expected three convolutions without biases, each with its batch normalisation, and a dense layer from 64"
            f" averages to 10 classes; the weights have the shapes {_shapes(weights)}."
        )
    *kernels, dense = matrices

    def forward(g: Callable, pooling: Callable, last: Callable, normalised_last: bool, head: Callable) -> np.ndarray:
        x = images
        for number, kernel in enumerate(kernels):
            x = tf.nn.conv2d(x, kernel, 1 if number else 2, "SAME")
            gamma, beta, mean, variance = (norms[part, kernel.shape[-1:]] for part in parts)
            x = pooling(x, 2, 2, "VALID") if number else x
            x = g(x) if normalised_last else x
            x = gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta
            x = x if normalised_last else g(x)
        return last(head(x, axis=(1, 2)) @ dense + norms["bias", (10,)]).numpy()

    def variant(
        g: Callable = tf.nn.relu,
        pooling: Callable = tf.nn.max_pool2d,
        last: Callable = tf.nn.softmax,
        normalised_last: bool = False,
        head: Callable = tf.reduce_mean,
    ) -> Callable:
        return lambda: forward(g, pooling, last, normalised_last, head)

    return variant(), {
        "ReLU is missing": variant(g=tf.identity),
        "ReLU stands before the normalisation; it comes after it": variant(normalised_last=True),
        "the activation is tanh; the table has ReLU": variant(g=tf.tanh),
        "the activation is the sigmoid; the table has ReLU": variant(g=tf.sigmoid),
        "the activation is ReLU6 (a ReLU that stops at 6); the table has ReLU": variant(g=tf.nn.relu6),
        "the activation is leaky ReLU; the table has ReLU": variant(g=lambda x: tf.nn.leaky_relu(x, 0.3)),
        "average pooling between the convolutions; the table has max-pooling": variant(pooling=tf.nn.avg_pool2d),
        "the maps are joined by their maximum; average each map": variant(head=tf.reduce_max),
        "the softmax at the end is missing": variant(last=tf.identity),
        "the last layer has sigmoid; ten probabilities that sum to 1 need softmax": variant(last=tf.sigmoid),
    }


# -- what a neuron sees -----------------------------------------------------------------------------------------------


def _seen(layers: list[tuple[int, int]]) -> int:
    """Width of the input that one neuron sees, by following every connection downwards."""
    places = {0}
    for kernel, stride in reversed(layers):
        places = {stride * place + a for place in places for a in range(kernel)}
    return max(places) - min(places) + 1


def _compare_field(receptive_field: Student, layers: list[tuple[int, int]]) -> None:
    kernels, strides = zip(*layers, strict=True)

    def walk(field: int = 1, jump_first: bool = False, minus: int = 1, order: int = 1) -> int:
        jump = 1
        for kernel, stride in layers[::order]:
            jump = jump * stride if jump_first else jump
            field += (kernel - minus) * jump
            jump = jump if jump_first else jump * stride
        return field

    expect_close(
        receptive_field(layers),
        _seen(layers),
        f"receptive_field({layers})",
        {
            "the strides are ignored: above a stride of 2 every step counts double": 1 + sum(k - 1 for k in kernels),
            "the layer's own stride acts on the layers above it: update the field first, then the jump": walk(
                jump_first=True
            ),
            "a kernel of k adds k - 1 steps, not k": walk(minus=0),
            "a neuron without any layer sees 1 pixel: start from 1": walk(field=0),
            "this is the sum of the kernels: start from 1 and add (k - 1) jumps for each layer": sum(kernels),
            "the kernels are multiplied; each adds (k - 1) jumps": int(np.prod(kernels)),
            "the layers are taken from the top: start next to the input": walk(order=-1),
            "the jump is the product of all strides so far, not the layer's stride alone": 1
            + sum((k - 1) * s for k, s in layers),
            "the jump is the product of the strides below, not the stride of the one layer below": 1
            + sum((k - 1) * s for k, s in zip(kernels, (1, *strides), strict=False)),
            "this is the product of the strides, the jump; the field is asked for": int(np.prod(strides)),
        },
    )


@checks.probe("receptive_field")
def stacked(receptive_field: Student, rng: np.random.Generator) -> None:
    """Layers with stride 1."""
    _compare_field(receptive_field, [(3, 1)])
    for depth in (2, 3, 4):
        _compare_field(receptive_field, [(int(kernel), 1) for kernel in rng.integers(2, 8, depth)])


@checks.probe("receptive_field")
def with_strides(receptive_field: Student, rng: np.random.Generator) -> None:
    """Layers with strides and pooling."""
    _compare_field(receptive_field, [(5, 2), (3, 3), (2, 2), (4, 1)])
    _compare_field(receptive_field, [(int(rng.integers(2, 7)), int(rng.integers(1, 4))) for _ in range(4)])


checks.choice(
    "why_three_by_three",
    answer="c",
    because={
        "a": "two 3 × 3 see 5 × 5, no more, and their 18 C² weights are fewer than 25 C².",
        "b": "with a ReLU in between it is another function, and even without one 18 numbers do not make every 25.",
    },
)
