"""Checks of lab 06: the sliding window, a kernel learnt, whole layers, lines read, LeNet-5 and a small network."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import signal, special

from labs_utils.exercises.checking import (
    CheckFailed,
    Checks,
    arranged,
    expect,
    expect_close,
    expect_fresh,
    expect_items,
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
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    square = kernel.shape[0] == kernel.shape[1]
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
            "the kernel is transposed": lambda: signal.correlate2d(image, kernel.T, mode="valid") if square else np.nan,
            "the kernel is flipped from left to right": signal.correlate2d(image, kernel[:, ::-1], mode="valid"),
            "the kernel is upside down": signal.correlate2d(image, kernel[::-1], mode="valid"),
            "the windows are added up without the kernel": windows.sum(axis=(2, 3)),
            "this is the largest product of each window; their sum is asked for": (windows * kernel).max(axis=(2, 3)),
            "@ and np.dot are matrix products: multiply element by element": lambda: (
                (windows @ kernel).sum(axis=(2, 3)) if square else np.nan
            ),
            "@ and np.dot are matrix products: multiply element by element with *": (windows @ kernel.T).sum(
                axis=(2, 3)
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
    answer="b",
    because={
        "a": "which kernel sees which side is settled by training; a turned kernel is a kernel like any other.",
        "c": "the terms differ for one given kernel, but the kernel is not given: training looks for it.",
    },
)


# -- a kernel learnt --------------------------------------------------------------------------------------------------


def _half_mse(image: np.ndarray, kernel: np.ndarray, target: np.ndarray) -> float:
    return float(np.mean((signal.correlate2d(image, kernel, mode="valid") - target) ** 2) / 2)


def _slope(image: np.ndarray, kernel: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The derivative of J by central differences, which are exact for a square; nothing here knows the formula."""
    slope = np.empty_like(kernel)
    for place in np.ndindex(kernel.shape):
        step = np.zeros_like(kernel)
        step[place] = 0.5
        slope[place] = _half_mse(image, kernel + step, target) - _half_mse(image, kernel - step, target)
    return slope


def _compare_gradient(kernel_gradient: Student, rng: np.random.Generator, shape: tuple, size: tuple) -> None:
    image, kernel = rng.normal(size=shape) + 0.3, rng.normal(size=size)
    target = signal.correlate2d(image, rng.normal(size=size), mode="valid") + 0.5
    true = _slope(image, kernel, target)
    output = signal.correlate2d(image, kernel, mode="valid")
    error, m = output - target, target.size

    def of(error: np.ndarray, image: np.ndarray = image) -> np.ndarray:
        return signal.correlate2d(image, error, mode="valid") / m

    expect_close(
        kernel_gradient(image, kernel, target),
        true,
        "the gradient",
        {
            "divide by the number of places: J is a mean": m * true,
            "you divided by the number of pixels of the image; the mean is over the places of the kernel": true
            * m
            / image.size,
            "you divided by the numbers of the kernel; the mean is over the places": true * m / kernel.size,
            "a factor of 2: J is half the mean square, and the half cancels it": 2 * true,
            "half of it: the square's derivative brings a factor of 2, which cancels the half": true / 2,
            "the sign is turned round: the error is Y - T": -true,
            "this correlates the image with the target alone: the error is Y - T": -of(target),
            "this correlates the image with the output: the error is Y - T": of(output),
            "the target is added: the error is Y - T": of(output + target),
            "the error is flipped: that is a convolution, and the sum has X at (i + a, j + b)": of(error[::-1, ::-1]),
            "the image is flipped: the sum has X at (i + a, j + b)": lambda: of(error, image[::-1, ::-1]),
            "the square of the error stands in the sum: its derivative is the error itself": of(error**2),
            "the absolute error stands in the sum: the sign of an error matters": of(np.abs(error)),
            "this is the error, the derivative by the output; go on to the kernel by the chain rule": error,
            "this is the loss J: its derivative by each number of the kernel is asked for": _half_mse(
                image, kernel, target
            ),
            "the error is added up before it meets the image: each error belongs to its own window": np.full(
                size, error.mean() * image.mean()
            ),
            "divide by the number of places, rows times columns: len counts the rows alone": m / len(target) * true,
            "the kernel multiplies the sum: its number K_ab is gone in the derivative by K_ab": kernel * true,
            "it is turned by 180°: [a, b] belongs to the pixels at (i + a, j + b)": true[::-1, ::-1],
            "the same number everywhere: each (a, b) has a part of the image of its own": np.full(size, true.mean()),
        },
        atol=1e-6,
    )


@checks.probe("kernel_gradient")
def square_of_the_kernel(kernel_gradient: Student, rng: np.random.Generator) -> None:
    """A 3 × 3 kernel, compared with differences of J."""
    _compare_gradient(kernel_gradient, rng, (8, 8), (3, 3))


@checks.probe("kernel_gradient")
def oblong_of_the_kernel(kernel_gradient: Student, rng: np.random.Generator) -> None:
    """A 2 × 4 kernel on an oblong image."""
    _compare_gradient(kernel_gradient, rng, (7, 10), (2, 4))


def _descent(
    image: np.ndarray, target: np.ndarray, size: int, rate: float, steps: int, stale: bool = False
) -> tuple[np.ndarray, list[float]]:
    """The kernel after `steps` steps from zeros, and the losses before each step and after the last."""
    kernel = np.zeros((size, size))
    losses, first = [_half_mse(image, kernel, target)], _slope(image, kernel, target)
    for _ in range(steps):
        kernel = kernel - rate * (first if stale else _slope(image, kernel, target))
        losses.append(_half_mse(image, kernel, target))
    return kernel, losses


def _other_start(
    image: np.ndarray, target: np.ndarray, rate: float, steps: int, kernel: object, losses: object
) -> np.ndarray | float:
    """`kernel` if the loss noted first proves that the same descent led to it, from another start than zeros; else nan.

    A step is linear in the kernel, so the start can be computed from the end.
    """
    kernel, losses = np.asarray(kernel, float), np.asarray(losses, float)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or losses.shape != (steps,):
        return np.nan
    size = len(kernel)
    zero = _slope(image, np.zeros((size, size)), target)
    curvature = np.array(
        [(_slope(image, unit.reshape(size, size), target) - zero).ravel() for unit in np.eye(size * size)]
    )
    start = kernel
    for _ in range(steps):
        start = np.linalg.solve(np.eye(size * size) - rate * curvature, (start + rate * zero).ravel())
        start = start.reshape(size, size)
    found = np.isclose(_half_mse(image, start, target), losses[0], 1e-4) and np.abs(start).max() > 1e-6
    return kernel if found else np.nan


def _mean_errors(image: np.ndarray, target: np.ndarray, size: int, rate: float, steps: int) -> np.ndarray:
    kernels = [_descent(image, target, size, rate, n)[0] for n in range(steps)]
    return np.array([np.mean(signal.correlate2d(image, kernel, mode="valid") - target) for kernel in kernels])


def _compare_descent(learn_kernel: Student, rng: np.random.Generator, size: int, steps: int) -> None:
    image = rng.normal(size=(9, 11)) + 0.2
    target = signal.correlate2d(image, rng.normal(size=(size, size)), mode="valid") + 0.3
    rate = float(rng.uniform(0.05, 0.2))
    kernel, losses = _descent(image, target, size, rate, steps)
    shapes = (kernel.shape, (steps,))
    got = expect_items(learn_kernel(image, target, size, rate, steps), ("the kernel", "the losses"), shapes)
    once, fewer, more = (_descent(image, target, size, rate, n)[0] for n in (1, steps - 1, steps + 1))
    expect_close(
        got[0],
        kernel,
        f"the kernel after {steps} steps",
        {
            "the kernel has not moved from its zeros": np.zeros_like(kernel),
            "the step goes uphill: subtract the gradient": _descent(image, target, size, -rate, steps)[0],
            "the rate is missing: the step is rate times the gradient": lambda: _descent(
                image, target, size, 1.0, steps
            )[0],
            "there was one step only: look where `return` stands, and what the loop changes": once,
            "one step is missing": fewer,
            "one step too many": more,
            "every step used the gradient of the first: compute it anew with the kernel of the moment": lambda: (
                _descent(image, target, size, rate, steps, stale=True)[0]
            ),
            "the steps are too long, as if the gradient were a sum over the places: J is a mean": lambda: _descent(
                image, target, size, rate * target.size, steps
            )[0],
            "the steps are twice as long: J is half the mean square": lambda: _descent(
                image, target, size, 2 * rate, steps
            )[0],
            "the steps are half as long: J's derivative has no half in it": lambda: _descent(
                image, target, size, rate / 2, steps
            )[0],
            "this is the gradient of the last step, not the kernel": lambda: _slope(image, fewer, target),
            "the start is not zero: begin with np.zeros": lambda: _other_start(image, target, rate, steps, *got),
        },
        atol=1e-6,
    )
    before = np.array(losses[:-1])
    expect_close(
        got[1],
        before,
        "the losses",
        {
            "these are the losses after each step: note the loss before it": losses[1:],
            "the loss after the last step was noted as well: one loss for each step": losses,
            "the half is missing: J is half the mean square": 2 * before,
            "the errors are not squared: positive and negative ones cancel": lambda: _mean_errors(
                image, target, size, rate, steps
            ),
            "the errors are not squared, and half of them is taken": lambda: (
                _mean_errors(image, target, size, rate, steps) / 2
            ),
            "these are sums over the places: J is a mean": before * target.size,
            "these are sums, and the half is missing: J is half the mean square": 2 * before * target.size,
            "these are roots of the mean square: J is half the mean square": np.sqrt(2 * before),
            "this is the last loss only: collect one for each step": losses[-2],
            "the first loss is repeated: compute it anew in each step": np.full(steps, losses[0]),
            "these are mean absolute errors: J is half the mean square": lambda: [
                np.mean(
                    np.abs(signal.correlate2d(image, _descent(image, target, size, rate, n)[0], mode="valid") - target)
                )
                for n in range(steps)
            ],
            "the list runs backwards: the first loss is that of the zeros": before[::-1],
        },
        atol=1e-6,
    )


@checks.probe("learn_kernel")
def five_steps(learn_kernel: Student, rng: np.random.Generator) -> None:
    """Five steps towards a 3 × 3 kernel."""
    _compare_descent(learn_kernel, rng, 3, 5)


@checks.probe("learn_kernel")
def another_size(learn_kernel: Student, rng: np.random.Generator) -> None:
    """Three steps towards a 2 × 2 kernel."""
    _compare_descent(learn_kernel, rng, 2, 3)


# -- sizes and channels -----------------------------------------------------------------------------------------------


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
            "the last row and column of places are missing: a window that ends at the border fits": lambda: (
                (true + bias)[:, :-1, :-1]
                if np.shape(got) == (5, rows - 1, columns - 1, 6)
                else _layer(images[:, :-1, :-1], kernels, stride, padding, padding) + bias
            ),
            "the border was repeated into the padding; it should be 0": lambda: (
                _layer(np.pad(images, [(0, 0), *2 * [(padding, padding)], (0, 0)], "edge"), kernels, stride, 0, 0)
                + bias
                if padding
                else np.nan
            ),
            "the number of places is that without padding: it grows by the zeros": lambda: (
                (true + bias)[:, : (11 - k) // stride + 1, : (9 - k) // stride + 1] if padding else np.nan
            ),
            "each kernel has a bias of its own: their sum was added": true + bias.sum(),
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


def _backward(images: np.ndarray, kernels: np.ndarray, upstream: np.ndarray, stride: int) -> list[np.ndarray]:
    """Derivatives of sum(upstream * output) by kernels, bias and images, by TensorFlow's tape."""
    import tensorflow as tf

    parts = [tf.Variable(kernels), tf.Variable(np.zeros(kernels.shape[-1])), tf.Variable(images)]
    with tf.GradientTape() as tape:
        output = tf.nn.conv2d(parts[2], parts[0], stride, "VALID") + parts[1]
        loss = tf.reduce_sum(output * upstream)
    return [gradient.numpy() for gradient in tape.gradient(loss, parts)]


def _last_window_wins(kernels: np.ndarray, upstream: np.ndarray, stride: int, shape: tuple) -> np.ndarray:
    """The gradient by the images if each window overwrites what the ones before it have left."""
    wrong, k = np.zeros(shape), len(kernels)
    for i, j in np.ndindex(upstream.shape[1:3]):
        top, left = i * stride, j * stride
        wrong[:, top : top + k, left : left + k] = np.einsum("nf,abcf->nabc", upstream[:, i, j], kernels)
    return wrong


def _compare_backward(layer_gradients: Student, rng: np.random.Generator, stride: int) -> None:
    # sizes that could be taken for each other all differ; with stride 2 the last row lies in no window
    images, kernels = rng.normal(size=(5, 10, 7, 2)), rng.normal(size=(3, 3, 2, 4))
    rows, columns = ((side - 3) // stride + 1 for side in images.shape[1:3])
    upstream = rng.normal(size=(5, rows, columns, 4)) + 0.2
    right = _backward(images, kernels, upstream, stride)
    names = ("the derivative by the kernels", "by the bias", "by the images")
    got = expect_items(layer_gradients(images, kernels, upstream, stride), names, tuple(array.shape for array in right))
    by_kernels, by_bias, by_images = right
    last, n = upstream[:, -1, -1], len(images)
    final = images[:, (rows - 1) * stride :, (columns - 1) * stride :][:, :3, :3]
    tight = images[:, : rows + 2, : columns + 2]
    expect_close(
        got[0],
        by_kernels,
        "the derivative by the kernels",
        {
            "the mean over the images was taken: their contributions add up": by_kernels / n,
            "the mean over the places was taken: their contributions add up": by_kernels / (rows * columns),
            "the mean over images and places was taken: their contributions add up": by_kernels / (n * rows * columns),
            "only the last place counts: add up over the places": lambda: np.einsum("nabc,nf->abcf", final, last),
            "only the first image counts: add up over the images": lambda: _backward(
                images[:1], kernels, upstream[:1], stride
            )[0],
            "the stride is ignored: the window of place i begins at i * stride": lambda: (
                _backward(tight, kernels, upstream, 1)[0] if stride > 1 else np.nan
            ),
            "it is turned by 180°": by_kernels[::-1, ::-1],
            "rows and columns of the kernels are exchanged": by_kernels.swapaxes(0, 1),
            "the sign is turned round": -by_kernels,
            "the channels stand in the wrong order: the shape is that of the kernels": by_kernels.swapaxes(2, 3),
        },
        atol=1e-6,
    )
    expect_close(
        got[1],
        by_bias,
        "the derivative by the bias",
        {
            "the mean was taken: a bias is added at every place of every image, so sum": upstream.mean(axis=(0, 1, 2)),
            "the mean over the images was taken: sum": by_bias / n,
            "the mean over the places was taken: sum": by_bias / (rows * columns),
            "the sum over the images is missing": upstream.sum(axis=(1, 2)),
            "the sum over the places is missing": upstream.sum(axis=0),
            "only the last place counts: sum over all of them": last.sum(axis=0),
            "each kernel has a bias of its own: do not sum over the kernels": upstream.sum(),
            "it is 1 everywhere: the derivative of J, not of the output, is asked for": np.ones(4),
        },
        atol=1e-6,
    )
    expect_close(
        got[2],
        by_images,
        "the derivative by the images",
        {
            "the last window overwrites the others: add, with +=": lambda: _last_window_wins(
                kernels, upstream, stride, images.shape
            ),
            "the kernels are turned by 180°: put them down as they are": lambda: _backward(
                images, kernels[::-1, ::-1], upstream, stride
            )[2],
            "rows and columns of the kernels are exchanged": lambda: _backward(
                images, kernels.swapaxes(0, 1), upstream, stride
            )[2],
            "the mean over the places was taken: their contributions add up": by_images / (rows * columns),
            "the mean over the images was taken: each image has its own derivative": by_images / n,
            "the images were added up: each has its own derivative": by_images.sum(axis=0),
            "the sign is turned round": -by_images,
            "the stride is ignored: the window of place i begins at i * stride": lambda: (
                np.pad(
                    _backward(tight, kernels, upstream, 1)[2],
                    ((0, 0), (0, 10 - tight.shape[1]), (0, 7 - tight.shape[2]), (0, 0)),
                )
                if stride > 1
                else np.nan
            ),
            "it is 0 everywhere: each output depends on the pixels of its window": np.zeros_like(images),
        },
        atol=1e-6,
    )


@checks.probe("layer_gradients")
def backward(layer_gradients: Student, rng: np.random.Generator) -> None:
    """Stride 1."""
    _compare_backward(layer_gradients, rng, 1)


@checks.probe("layer_gradients")
def backward_with_strides(layer_gradients: Student, rng: np.random.Generator) -> None:
    """Stride 2."""
    _compare_backward(layer_gradients, rng, 2)


# -- after the convolution --------------------------------------------------------------------------------------------


def _pooled(images: np.ndarray, size: int, mode: str, padding: str = "valid", strides: int | None = None) -> np.ndarray:
    import keras

    pooling = keras.ops.max_pool if mode == "max" else keras.ops.average_pool
    return np.asarray(pooling(images, size, strides or size, padding=padding, data_format="channels_last"))


def _pooled_rows(images: np.ndarray, size: int, mode: str) -> np.ndarray:
    blocks = np.stack([images[:, k::size][:, : images.shape[1] // size] for k in range(size)])
    return blocks.max(axis=0) if mode == "max" else blocks.mean(axis=0)


def _compare_pool(pool: Student, rng: np.random.Generator, mode: str) -> None:
    # sizes that could be taken for each other all differ, also rows and columns of the result
    for shape, size in (((2, 16, 20, 3), 4), ((3, 14, 11, 4), 2)):
        images = rng.normal(size=shape).astype("float32") - 1
        what = f"pool(images {shape}, {size}, {mode!r})"
        expect_close(pool(images, size, mode), _pooled(images, size, mode), what, _wrong_pools(images, size, mode))


def _wrong_pools(images: np.ndarray, size: int, mode: str) -> dict[str, np.ndarray]:
    """Sentence → what that mistake makes of the images."""
    other = "average" if mode == "max" else "max"
    true = _pooled(images, size, mode)
    rows, columns = true.shape[1:3]
    blocks = images[:, : rows * size, : columns * size].reshape(len(images), rows, size, columns, size, -1)
    mistakes = {
        f"this is {other} pooling": _pooled(images, size, other),
        "the maximum starts from 0, which is larger than every negative value": np.maximum(true, 0),
        "this is the sum over the block, not its mean": true * size**2,
        "the channels were pooled together: each is treated by itself": (
            true.max(axis=-1) if mode == "max" else true.mean(axis=-1)
        ),
        "incomplete blocks count as well; they are dropped here": _pooled(images, size, mode, "same"),
        "the blocks overlap: the window moves by `size`, not by 1": _pooled(images, size, mode, strides=1),
        "the result has the right size, but the window moves by 1: block i begins at i * size": _pooled(
            images, size, mode, strides=1
        )[:, :rows, :columns],
        "the blocks are 2 × 2 whatever `size` says": _pooled(images, 2, mode),
        "only rows were joined: pool over rows and columns": _pooled_rows(images, size, mode),
        "rows and columns of the result are exchanged": true.swapaxes(1, 2),
        "the minimum of each block was taken": -_pooled(-images, size, "max"),
        "the largest absolute value was taken; the sign matters": _pooled(np.abs(images), size, "max"),
        "this is the median of each block, not its mean": np.median(blocks, axis=(2, 4)),
        "this is the sum over the block's rows, or its columns, of means: divide by size twice": true * size,
        "you pooled over the whole image": (images.max if mode == "max" else images.mean)(axis=(1, 2)),
        "one number for all images and channels: each block of each channel has its own": np.full_like(
            true, images.max() if mode == "max" else images.mean()
        ),
        "this keeps the first pixel of every block instead of pooling": blocks[:, :, 0, :, 0],
    }
    if blocks.size < images.size:
        mistakes[f"this is {other} pooling, and incomplete blocks count as well"] = _pooled(images, size, other, "same")
    return mistakes


@checks.probe("pool")
def largest(pool: Student, rng: np.random.Generator) -> None:
    """The maximum of each block."""
    _compare_pool(pool, rng, "max")


@checks.probe("pool")
def mean(pool: Student, rng: np.random.Generator) -> None:
    """The mean of each block."""
    _compare_pool(pool, rng, "average")


# -- networks for lines -----------------------------------------------------------------------------------------------


_LAST = {
    "softmax": lambda z: special.softmax(z, axis=1),
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "linear": lambda z: z,
}


def _side(convolutions: list[tuple], padding: str = "same", strided: bool = True) -> int:
    """The side of the maps after these convolutions."""
    side = 28
    for _, kernel, stride in convolutions:
        step = stride if strided else 1
        side = -(-side // step) if padding == "same" else (side - kernel) // step + 1
    return side


def _line_shapes(convolutions: list[tuple], places: int, outputs: int) -> list[tuple]:
    """Shapes of kernels and biases; `places` of each map reach the dense layer."""
    shapes, channels = [], 1
    for filters, kernel, _ in convolutions:
        shapes += [(kernel, kernel, channels, filters), (filters,)]
        channels = filters
    return [*shapes, (places * channels, outputs), (outputs,)]


def _sizes(shapes: list[tuple], bias: bool = True) -> tuple[int, ...]:
    """Parameters of each layer."""
    kernels, biases = shapes[::2], shapes[1::2]
    return tuple(int(np.prod(k)) + bias * b[0] for k, b in zip(kernels, biases, strict=True))


def _line_outputs(
    images: np.ndarray,
    convolutions: list[tuple],
    places: str,
    weights: list[np.ndarray],
    last: Callable,
    g: Callable | None = None,
    padding: str = "SAME",
    strided: bool = True,
    mean: bool = False,
) -> np.ndarray:
    import tensorflow as tf

    x = tf.constant(images)
    for number, (_, _, stride) in enumerate(convolutions):
        x = tf.nn.conv2d(x, weights[2 * number], stride if strided else 1, padding) + weights[2 * number + 1]
        x = (g or tf.nn.relu)(x)
    if places == "none":
        x = tf.reduce_mean(x, axis=(1, 2)) if mean else tf.reduce_max(x, axis=(1, 2))
    elif places == "blocks":
        x = (tf.nn.avg_pool2d if mean else tf.nn.max_pool2d)(x, 4, 4, "VALID")
    return last(tf.reshape(x, (len(images), -1)).numpy() @ weights[-2] + weights[-1])


def _compare_lines(line_network: Student, rng: np.random.Generator, places: str) -> None:
    import tensorflow as tf

    few, many = rng.permutation(np.arange(3, 7))[:2], int(rng.integers(2, 6))
    plans = [
        ([(int(few[0]), 5, 1)], "softmax"),
        ([(int(few[0]), int(rng.integers(3, 6)), 2), (int(few[1]), 3, 1)], "tanh"),
        ([(int(few[1]), 4, 2)], str(rng.choice(["linear", "sigmoid"]))),
    ]
    for convolutions, activation in plans:
        call = f"line_network({convolutions}, {places!r}, {many}, {activation!r})"
        model = expect_model(line_network(convolutions, places, many, activation))
        _counts(model)

        def kept(
            how: str = places,
            block: int = 4,
            padding: str = "same",
            strided: bool = True,
            outputs: int = many,
            plan: list = convolutions,
        ) -> list[tuple]:
            side = _side(plan, padding, strided)
            return _line_shapes(plan, {"all": side**2, "blocks": (side // block) ** 2, "none": 1}[how], outputs)

        wanted = kept()
        causes = {
            _sizes(kept("all")): "all places are kept: pool before you flatten",
            _sizes(kept("blocks")): "the maxima of blocks are kept: look at `places`",
            _sizes(kept("none")): "no place is kept: look at `places`",
            _sizes(kept(block=2)): "the blocks are 2 × 2; 4 × 4 are asked for",
            _sizes(kept(padding="valid")): "the convolutions are not zero-padded: padding='same'",
            _sizes(kept(strided=False)): "the stride is ignored",
            _sizes(wanted, bias=False): "the biases are missing",
            _sizes(kept(outputs=4)): "there are four outputs whatever `outputs` says",
            _sizes(kept(plan=convolutions[:1])): "only the first convolution was built",
            _sizes(kept(plan=convolutions[-1:])): "only the last convolution was built: append each of them",
            _sizes(wanted)[:-1]: "the dense layer at the end is missing",
        }
        causes.pop(_sizes(wanted), None)
        ordinals = ("the only convolution",) if len(convolutions) == 1 else ("convolution 1", "convolution 2")
        _expect_sizes(model, list(_sizes(wanted)), (*ordinals, "the dense layer"), wanted, causes)
        expect_fresh(model)
        images = rng.normal(size=(5, 28, 28, 1)).astype("float32")
        weights = arranged(fill_weights(model, rng, 40_000), *wanted)
        if weights is None:
            raise CheckFailed(f"Expected weights of shapes {wanted} from {call}.")
        right = {"images": images, "convolutions": convolutions, "places": places, "weights": weights}

        def variant(last: str = activation, right: dict = right, **change: Any) -> Callable:
            return lambda: _line_outputs(**right, last=_LAST[last], **change)

        mistakes = {
            "ReLU is missing after the convolutions": variant(g=tf.identity),
            "the convolutions have tanh; ReLU is asked for": variant(g=tf.tanh),
            "averages were taken; the maximum is asked for": variant(mean=True),
            "the convolutions are not zero-padded: padding='same'": variant(padding="VALID")
            if places == "none"
            else np.nan,
            "the stride is ignored": variant(strided=False) if places == "none" else np.nan,
            **{
                f"the last activation is {name} whatever `activation` says": variant(name)
                for name in _LAST
                if name != activation
            },
        }
        got = np.asarray(model.predict(images))
        expect_close(got, variant()(), f"the output of {call}", mistakes, rtol=1e-3, atol=1e-4)


@checks.probe("line_network")
def every_place(line_network: Student, rng: np.random.Generator) -> None:
    """All places kept."""
    _compare_lines(line_network, rng, "all")


@checks.probe("line_network")
def maxima_of_blocks(line_network: Student, rng: np.random.Generator) -> None:
    """Maxima of blocks of 4 × 4."""
    _compare_lines(line_network, rng, "blocks")


@checks.probe("line_network")
def maxima_of_maps(line_network: Student, rng: np.random.Generator) -> None:
    """The maximum of each map."""
    _compare_lines(line_network, rng, "none")


# -- place and angle --------------------------------------------------------------------------------------------------


@checks.probe("decode_line")
def decoded(decode_line: Student, rng: np.random.Generator) -> None:
    """Lines of all angles, encoded; the last two outputs lie off the unit circle."""
    # no angle within 2 degrees of 0, 90 and 180: rounding may take a line there to the other end
    eighths = ((2, 43), (2, 43), (47, 88), (47, 88), (92, 133), (92, 133), (137, 178))  # and a line in each eighth
    angles = np.array([rng.uniform(*ends) for ends in eighths])
    angles = rng.permutation(angles)
    centres = rng.uniform(0, 27, (7, 2))
    turn, radius = np.radians(2 * angles), rng.uniform(0.5, 1.5, 7)
    scaled = centres / 13.5 - 1
    cosine, sine = radius * np.cos(turn), radius * np.sin(turn)
    outputs = np.column_stack([scaled, cosine, sine]).astype("float32")
    full = np.degrees(turn)  # 0 to 360
    signed = (full + 180) % 360 - 180

    def angle(values: np.ndarray) -> np.ndarray:
        return np.column_stack([centres, values])

    expect_close(
        decode_line(outputs),
        angle(angles),
        "row, column and angle",
        {
            "the angle is twice too large: the outputs hold cos 2θ and sin 2θ": angle(full),
            "the angle is twice too large, and some are negative: the outputs hold cos 2θ and sin 2θ": angle(signed),
            "the half turn was taken too early: halve first, then % 180": angle(full % 180 / 2),
            "the angle is not halved, and % 180 hides it: the outputs hold cos 2θ and sin 2θ": angle(full % 180),
            "the angle was doubled once more: halve it": angle(2 * full % 180),
            "some angles are negative: bring them into 0 to 180 with % 180": angle(signed / 2),
            "this brings the angles into 0 to 360: a line is the same after 180": angle(signed / 2 % 360),
            "the angle is in radians; degrees are asked for": angle(np.radians(angles)),
            "the angle is in radians, and some are negative": angle(np.radians(signed / 2)),
            "arctan does not know the signs of the two: use arctan2": angle(
                np.degrees(np.arctan(sine / cosine)) / 2 % 180
            ),
            "arctan does not know the signs of the two: use arctan2, then % 180": angle(
                np.degrees(np.arctan(sine / cosine)) / 2
            ),
            "sine and cosine are exchanged: np.arctan2(sine, cosine)": angle(
                np.degrees(np.arctan2(cosine, sine)) / 2 % 180
            ),
            "arccos of the third output: it needs a point on the circle and cannot tell θ from 180° - θ": lambda: angle(
                np.degrees(np.arccos(np.clip(cosine, -1, 1))) / 2
            ),
            "arccos cannot tell θ from 180° - θ: use arctan2 with both outputs": angle(
                np.degrees(np.arccos(cosine / radius)) / 2
            ),
            "arcsin of the fourth output: it needs a point on the circle; use arctan2 with both outputs": lambda: angle(
                np.degrees(np.arcsin(np.clip(sine, -1, 1))) / 2 % 180
            ),
            "90 degrees too many: 180 was added before halving, or 90 after; take % 180 at the end": angle(
                signed / 2 + 90
            ),
            "row and column were rounded: keep their fractions": np.column_stack([np.round(centres), angles]),
            "undo - 1 by + 1": np.column_stack([13.5 * (scaled - 1), angles]),
            "row and column are exchanged": np.column_stack([centres[:, ::-1], angles]),
            "row and column are still from -1 to 1: undo the division and the - 1": np.column_stack([scaled, angles]),
            "undo in the reverse order: add 1 first, then multiply by 13.5": np.column_stack(
                [13.5 * scaled + 1, angles]
            ),
            "the 1 is missing: add it before you multiply by 13.5": np.column_stack([13.5 * scaled, angles]),
            "the centre of 28 pixels lies at 13.5, not at 14": np.column_stack([14 * (scaled + 1), angles]),
            "one row for each line, not one column": angle(angles).T,
        },
        rtol=1e-4,
        atol=1e-3,
    )


# -- LeNet-5 ----------------------------------------------------------------------------------------------------------


def _counts(model: ModelView) -> list[int]:
    """Parameters of the layers that have some, in order."""
    if model.parameters is None:
        raise CheckFailed(
            "The model has no weights yet.\n  Likely cause: it does not start with keras.Input((28, 28, 1))."
        )
    return [layer["parameters"] for layer in model.layers if layer["parameters"]]


def _expect_sizes(
    model: ModelView, wanted: list[int], names: tuple[str, ...], shapes: list[tuple], causes: dict[tuple, str]
) -> None:
    """Fails unless the weights have these shapes, in any order and in any nesting of layers.

    Args:
        model: what the student's function returned.
        wanted: the parameters of each layer, for the message.
        names: of these layers.
        shapes: of all the weights.
        causes: parameters of the layers → what gives a network with these.
    """
    got = _counts(model)
    found = [shape[2:] if len(shape) == 4 and shape[:2] == (1, 1) else shape for _, shape in model.variables()]
    if Counter(found) == Counter(shapes):
        return
    cause = causes.get(tuple(got)) or _which_differs(wanted, names, got)
    raise CheckFailed(
        f"The parameters of the layers, in order:\n    expected  {wanted}, {sum(wanted)} in all"
        f"\n    got       {got}, {sum(got)} in all" + (f"\n  Likely cause: {cause}." if cause else "")
    )


def _which_differs(wanted: list[int], names: tuple[str, ...], got: list[int]) -> str | None:
    """Which layer is missing, one too many, or the first with other parameters; None where that does not explain it."""
    for place, name in enumerate(names):
        if got == wanted[:place] + wanted[place + 1 :]:
            return f"{name} is missing"
    for place, number in enumerate(got):
        if got[:place] + got[place + 1 :] == wanted:
            return f"there is one layer too many, with {number} parameters"
    if len(got) != len(wanted):
        return None
    first = next((place for place, (one, other) in enumerate(zip(wanted, got, strict=True)) if one != other), None)
    if first is None:
        return None
    return (
        f"the first layer that differs is {names[first]}: look at its units or kernels, their size and the biases, and"
        " at what the layers below hand on"
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


def _lenet(
    images: np.ndarray, weights: list, g: Callable, pooling: Callable, last: Callable, linear: str = ""
) -> np.ndarray:
    import tensorflow as tf

    k1, b1, k3, b3, k5, b5, w6, b6, w7, b7 = weights
    g1, g3, g5, g6 = (tf.identity if name == linear else g for name in ("C1", "C3", "C5", "F6"))
    x = g1(tf.nn.conv2d(images, k1, 1, "SAME") + b1)
    x = g3(tf.nn.conv2d(pooling(x, 2, 2, "VALID"), k3, 1, "VALID") + b3)
    x = tf.reshape(pooling(x, 2, 2, "VALID"), (len(images), -1))
    x = g6(g5(x @ np.reshape(k5, (400, 120)) + b5) @ w6 + b6)
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
        g: Callable = tf.tanh,
        pooling: Callable = tf.nn.avg_pool2d,
        last: Callable = tf.nn.softmax,
        linear: str = "",
    ) -> Callable:
        return lambda: _lenet(images, right, g, pooling, last, linear)

    return variant(), {
        "S2 and S4 are max-pooling; LeNet-5 averages": variant(pooling=tf.nn.max_pool2d),
        "the activation is ReLU; LeNet-5 uses tanh": variant(g=tf.nn.relu),
        "the activation is the sigmoid; LeNet-5 uses tanh": variant(g=tf.sigmoid),
        "the activations are missing: without tanh the layers collapse to one linear map": variant(g=tf.identity),
        "the softmax at the end is missing": variant(last=tf.identity),
        "the last layer has sigmoid; ten probabilities that sum to 1 need softmax": variant(last=tf.sigmoid),
        "the last layer has tanh; probabilities need softmax": variant(last=tf.tanh),
        **{
            f"{name} has no activation; the table has tanh there": variant(linear=name)
            for name in ("C1", "C3", "C5", "F6")
        },
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
        (156, 2416, 232440, 10164, 850): "S2 or S4 does not halve its maps: a pooling layer has a stride of 2",
        (416, 2406, 18120, 10164, 850): "the numbers of kernels are exchanged: C1 has 6, C3 has 16",
        (156, 2416, 48120, 10164): "the output layer with 10 units is missing",
        (156, 2416, 48120, 1210): "F6 with 84 units is missing",
        (156, 2416, 33684, 850): "C5 with 120 units is missing",
        (60, 880, 48120, 10164, 850): "the kernels are 3 × 3; LeNet-5 has 5 × 5",
    }
    _expect_sizes(model, wanted, ("C1", "C3", "C5", "F6", "the output layer"), shapes, causes)
    expect_fresh(model)
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _lenet_outputs(model, images, rng)
    expect_one_of(_outputs(model, images), [true, *mistakes.values()], rtol=1e-3, atol=1e-4)


@checks.probe("lenet5")
def computes_as_lenet(lenet5: Student, rng: np.random.Generator) -> None:
    """Its outputs, with weights that the check has chosen."""
    model = expect_model(lenet5())
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _lenet_outputs(model, images, rng)
    expect_close(_outputs(model, images), true(), "the output", mistakes, rtol=1e-3)


def _shapes(weights: list) -> str:
    return ", ".join(str(tuple(weight.shape)) for weight in weights)


# -- the small network ------------------------------------------------------------------------------------------------


_KERNELS = [(5, 5, 1, 16), (3, 3, 16, 32), (3, 3, 32, 64)]
_NUMBERS = ("first", "second", "third")


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
        (
            400,
            32,
            4608,
            64,
            18432,
            128,
            650,
        ): "this is another normalisation: keras.layers.BatchNormalization is asked for",
        (4, 400, 64, 4608, 128, 18432, 650): "each normalisation stands before its convolution; it comes after it",
    }
    names = [f"the {number} {part}" for number in _NUMBERS for part in ("convolution", "normalisation")]
    shapes = [*_KERNELS, (64, 10), (10,), *(4 * [(16,), (32,), (64,)])]
    _expect_sizes(model, wanted, (*names, "the dense layer"), shapes, causes)
    expect_fresh(model)
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _small_outputs(model, images, rng)
    try:
        expect_one_of(_outputs(model, images), [true, *mistakes.values()], rtol=5e-3, atol=1e-4)
    except CheckFailed:
        _expect_maps(model)  # says why, as a rule
        raise


def _expect_maps(model: ModelView) -> None:
    """Fails if a convolution has its own activation or maps of another size than in the table."""
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
        ((28, 28, 16), (28, 28, 32), (28, 28, 64)): "neither a stride nor pooling makes the maps smaller",
        ((14, 14, 16), (7, 7, 32), (4, 4, 64)): "only the first convolution has a stride; the others are pooled",
    }
    cause = causes.get(tuple(got))
    expect(
        got == wanted or len(got) < 3 or () in got,  # convolutions inside other layers are judged by what they compute
        f"The maps after each convolution:\n    expected  {wanted}\n    got       {got}"
        + (f"\n  Likely cause: {cause}." if cause else ""),
    )


@checks.probe("small_cnn")
def sizes_of_the_maps(small_cnn: Student, rng: np.random.Generator) -> None:
    """The sizes of the maps after each convolution."""
    model = expect_model(small_cnn())
    _counts(model)
    _expect_maps(model)
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _small_outputs(model, images, rng)
    expect_one_of(_outputs(model, images), [true, *mistakes.values()], rtol=5e-3, atol=1e-4)


@checks.probe("small_cnn")
def computes_as_the_table(small_cnn: Student, rng: np.random.Generator) -> None:
    """Its outputs, with weights that the check has chosen."""
    model = expect_model(small_cnn())
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    true, mistakes = _small_outputs(model, images, rng)
    expect_close(_outputs(model, images), true(), "the output", mistakes, rtol=5e-3, atol=1e-4)


@checks.probe("small_cnn")
def another_activation(small_cnn: Student, rng: np.random.Generator) -> None:
    """The switch `activation`."""
    import tensorflow as tf

    name, g = (("tanh", tf.tanh), ("sigmoid", tf.sigmoid), ("softplus", tf.math.softplus))[rng.integers(3)]
    model = expect_model(small_cnn(name))
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    variants = _small_variants(model, images, rng)
    mistakes = {
        "it is ReLU whatever `activation` says": variants(),
        "there is no activation at all": variants(g=tf.identity),
        "the activation stands before the normalisation": variants(g=g, normalised_last=True),
    }
    what = f"the output with activation={name!r}"
    expect_close(_outputs(model, images), variants(g=g)(), what, mistakes, rtol=5e-3, atol=1e-4)


@checks.probe("small_cnn")
def without_normalisation(small_cnn: Student, rng: np.random.Generator) -> None:
    """The switch `normalise`."""
    import tensorflow as tf

    model = expect_model(small_cnn("relu", False))
    causes = {
        (400, 64, 4608, 128, 18432, 256, 650): "batch normalisation is there whatever `normalise` says",
        (416, 64, 4640, 128, 18496, 256, 650): "batch normalisation is there whatever `normalise` says",
        (400, 4608, 18432, 650): "without normalisation the convolutions need their biases back",
    }
    names = (*(f"the {number} convolution" for number in _NUMBERS), "the dense layer")
    _expect_sizes(model, [416, 4640, 18496, 650], names, [*_KERNELS, (64, 10), (10,), (16,), (32,), (64,)], causes)
    images = rng.normal(size=(6, 28, 28, 1)).astype("float32")
    weights = fill_weights(model, rng, 400_000)
    found = arranged(weights, *_KERNELS, (64, 10), (16,), (32,), (64,), (10,))
    if found is None:
        raise CheckFailed(f"Expected three convolutions with biases and a dense layer; got weights {_shapes(weights)}.")
    kernels, dense, biases, last = found[:3], found[3], found[4:7], found[7]

    def forward(g: Callable) -> np.ndarray:
        x = images
        for number, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
            x = tf.nn.conv2d(x, kernel, 1 if number else 2, "SAME") + bias
            x = g(tf.nn.max_pool2d(x, 2, 2, "VALID") if number else x)
        return tf.nn.softmax(tf.reduce_mean(x, axis=(1, 2)) @ dense + last).numpy()

    mistakes = {"the activation is missing": lambda: forward(tf.identity)}
    expect_close(_outputs(model, images), forward(tf.nn.relu), "the output", mistakes, rtol=5e-3, atol=1e-4)


def _small_variants(model: ModelView, images: np.ndarray, rng: np.random.Generator) -> Callable:
    """Gives the model weights drawn here; what it should answer with them, or would with other parts.

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

    return variant


def _small_outputs(model: ModelView, images: np.ndarray, rng: np.random.Generator) -> tuple[Callable, dict]:
    """What the model should answer with weights that it is given here, and what it answers with the usual mistakes."""
    import tensorflow as tf

    variant = _small_variants(model, images, rng)
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


# -- an ablation read -------------------------------------------------------------------------------------------------


def _compare_effects(ablation_effects: Student, rng: np.random.Generator, seeds: int) -> None:
    # row 0 lies within 0.90 ± 0.02; above, overlapping at either end with the mean outside, inside, around, and below:
    # the second row and the last one in place of the first change the answer
    centres = [0.90, 0.97, 0.87, 0.93, 0.90, 0.90, 0.82]
    widths = [0.02, 0.01, 0.015, 0.015, 0.005, 0.05, 0.01]
    steps = np.sort(rng.random((7, seeds)), axis=1)
    # each row reaches both ends of its range, and its mean is not its middle
    steps = (steps - steps[:, :1]) / (steps[:, -1:] - steps[:, :1]) * 2 - 1
    table = np.array(centres)[:, None] + np.array(widths)[:, None] * rng.permuted(steps, axis=1)
    table[2:-1] = rng.permutation(table[2:-1])
    base, others = table[0].tolist(), table.tolist()
    apart = np.array([max(row) < min(base) or min(row) > max(base) for row in others])
    points = np.array([100 * (sum(base) - sum(row)) / seeds for row in others])
    got = expect_items(ablation_effects(table), ("the points lost", "apart"))
    means, medians = table.mean(axis=1), np.median(table, axis=1)
    expect_close(
        got[0],
        points,
        "the points lost",
        {
            "the sign is turned round: a network that is worse than row 0 loses, and that is positive": -points,
            "these are shares; percentage points are 100 times as many": points / 100,
            "these are shares with the sign turned round: points are 100 * (row 0 - row)": -points / 100,
            "these are the means themselves: subtract each from that of row 0": 100 * means,
            "these are relative losses; percentage points are a plain difference": points / means[0],
            "this compares the best seeds: compare the means over the seeds": 100
            * (table[0].max() - table.max(axis=1)),
            "this compares the worst seeds: compare the means over the seeds": 100
            * (table[0].min() - table.min(axis=1)),
            "this compares medians: compare the means over the seeds": 100 * (medians[0] - medians),
            "this is the loss of the first seed alone: take the mean over the seeds": 100 * (table[0, 0] - table[:, 0]),
            "the base is the mean of all networks; it is row 0": 100 * (means.mean() - means),
            "the base is the best network; it is row 0": 100 * (means.max() - means),
            "these are means over the networks: the seeds of a network stand in its row, axis=1": 100
            * (table.mean(axis=0)[0] - table.mean(axis=0)),
            "one number for each seed: take the mean over the seeds, axis=1": 100 * (table[0] - table),
            "the base is the row above; it is always row 0": 100 * (np.r_[means[0], means[:-1]] - means),
        },
        atol=1e-6,
    )
    array = np.asarray(got[1])
    expect(
        array.shape != apart.shape or bool(np.isin(array, (0, 1)).all()),
        "The second answer says of each network whether its seeds lie apart: True or False.",
    )
    low, high = table.min(axis=1), table.max(axis=1)
    expect_close(
        got[1],
        apart,
        "apart",
        {
            "the answer is turned round: True is where the ranges do not touch": ~apart,
            "only networks that are worse were looked at: all seeds above the best of row 0 lie apart, too": high
            < low[0],
            "only networks that are better were looked at: all seeds below the worst of row 0 lie apart, too": low
            > high[0],
            "one seed outside is not enough: all seeds must lie on one side": (low < low[0]) | (high > high[0]),
            "a seed below the worst of row 0 is not enough: all seeds must lie on one side": low < low[0],
            "the mean lies outside the range of row 0; all seeds must": (means < low[0]) | (means > high[0]),
            "every difference counts here: it must be larger than the spread of the seeds": means != means[0],
            "each seed was compared with the same seed of row 0: compare the ranges": (table < table[0]).all(axis=1)
            | (table > table[0]).all(axis=1),
            "both conditions can never hold at once: join them with | (or), not & (and)": np.zeros(7),
        },
    )


@checks.probe("ablation_effects")
def three_seeds(ablation_effects: Student, rng: np.random.Generator) -> None:
    """Networks that are clearly better or worse, and some whose seeds overlap."""
    _compare_effects(ablation_effects, rng, 3)


@checks.probe("ablation_effects")
def five_seeds(ablation_effects: Student, rng: np.random.Generator) -> None:
    """Five seeds each."""
    _compare_effects(ablation_effects, rng, 5)


# -- Gabor functions --------------------------------------------------------------------------------------------------


@checks.probe("best_fit")
def explained(best_fit: Student, rng: np.random.Generator) -> None:
    """Kernels that are a multiple of one function, of either sign, and a rest."""
    family = rng.normal(size=(7, 5))
    family /= np.linalg.norm(family, axis=1, keepdims=True)
    # the best function of some kernels has a negative factor, and no two functions are nearly as good
    while True:
        kernels = rng.normal(size=(6, 5)) * rng.uniform(0.3, 3, (6, 1))
        # by least squares, one function at a time; nothing here knows the formula
        answers = [[np.linalg.lstsq(g[:, None], k, rcond=None) for g in family] for k in kernels]
        factor = np.array([[solution[0][0] for solution in row] for row in answers])
        left = np.array([[solution[1][0] for solution in row] for row in answers])
        shares = 1 - left / (kernels**2).sum(axis=1)[:, None]
        first, second = np.sort(shares, axis=1)[:, ::-1][:, :2].T
        best = shares.argmax(axis=1)
        signs = factor[np.arange(6), best]
        if (
            (first - second > 0.02).all()
            and (signs < 0).any()
            and (signs > 0).any()
            and (factor.argmax(1) != best).any()
        ):
            break
    n = np.arange(6)
    got = expect_items(best_fit(kernels, family), ("the shares", "the multiples"), ((6,), (6, 5)))
    positive = factor.argmax(axis=1)
    expect_close(
        got[0],
        first,
        "the shares",
        {
            "only positive multiples were looked at: a negative one fits as well, so compare squares": shares[
                n, positive
            ],
            "this is the cosine of the angle: the share is its square": np.sqrt(first),
            "this is the cosine, with its sign: the share is its square": signs / np.linalg.norm(kernels, axis=1),
            "divide by the kernel's own sum of squares": first * (kernels**2).sum(axis=1),
            "these are the factors c: the share is c² over the kernel's sum of squares": signs,
            "divide by the kernel's sum of squares, not by its root": first * np.linalg.norm(kernels, axis=1),
            "this is the share that is left: 1 minus it is explained": 1 - first,
            "this is the mean over the family: the best function is asked for": shares.mean(axis=1),
            "this is the worst function: the largest share is asked for": shares.min(axis=1),
            "one function was taken for all kernels: each has its own, axis=1": lambda: shares[
                :, np.argmax((factor**2).max(axis=0))
            ],
            "this is the share of all kernels together: one number for each is asked for": np.full(6, first.mean()),
            "there is one share for each kernel, not for each function: argmax along axis=1": shares.max(axis=0),
            "these are the numbers of the best functions": best.astype(float),
        },
        atol=1e-6,
    )
    fitted = signs[:, None] * family[best]
    expect_close(
        got[1],
        fitted,
        "the multiples",
        {
            "the factor is missing: c times the function": family[best],
            "the factor has lost its sign: it may be negative": np.abs(fitted[:, :1] / family[best][:, :1])
            * family[best],
            "only positive multiples were looked at": factor[n, positive][:, None] * family[positive],
            "this is what is left of the kernels: return what is explained": kernels - fitted,
            "these are the kernels themselves": kernels,
            "the share stands in place of the factor c": first[:, None] * family[best],
        },
        atol=1e-6,
    )


@checks.probe("best_fit")
def exact_multiples(best_fit: Student, rng: np.random.Generator) -> None:
    """Kernels that are exact multiples: nothing is left of them."""
    family = np.linalg.qr(rng.normal(size=(9, 9)))[0][:4]
    factors = rng.uniform(0.5, 3, 5) * rng.permutation([-1, 1, -1, 1, -1])
    kernels = factors[:, None] * family[rng.permutation([0, 1, 2, 3, 0])]
    got = expect_items(best_fit(kernels, family), ("the shares", "the multiples"), ((5,), (5, 9)))
    expect_close(
        got[0],
        np.ones(5),
        "the shares",
        {
            "only positive multiples were looked at: a negative one fits as well, so compare squares": np.where(
                factors > 0, 1.0, 0.0
            ),
            "this is the cosine, with its sign: the share is its square": np.sign(factors),
            "divide by the kernel's own sum of squares": factors**2,
            "these are the factors c: the share is c² over the kernel's sum of squares": factors,
            "divide by the kernel's sum of squares, not by its root": np.abs(factors),
        },
        atol=1e-6,
    )
    expect_close(got[1], kernels, "the multiples", atol=1e-6)


# -- what a neuron sees -----------------------------------------------------------------------------------------------


def _reach(place: int, stack: list[tuple[int, int]]) -> list[int]:
    """Rows of the input below row `place` of the maps, by following every connection downwards; no padding."""
    places = {place}
    for kernel, stride in reversed(stack):
        places = {stride * place + a for place in places for a in range(kernel)}
    return sorted(places)


def _seen(layers: list[tuple[int, int]]) -> int:
    """Width of the input that one neuron sees."""
    places = _reach(0, layers)
    return places[-1] - places[0] + 1


def _compare_field(receptive_field: Student, layers: list[tuple[int, int]]) -> None:
    kernels, strides = zip(*layers, strict=True)

    def walk(
        field: int = 1,
        jump_first: bool = False,
        minus: int = 1,
        order: int = 1,
        turned: bool = False,
        half: bool = False,
    ) -> int:
        jump = 1
        for kernel, stride in [pair[::-1] if turned else pair for pair in layers[::order]]:
            jump = jump * stride if jump_first else jump
            field += (kernel // 2 if half else kernel - minus) * jump
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
            "kernel and stride are exchanged: a pair is (kernel, stride)": walk(turned=True),
            "a kernel of k adds k - 1 steps, not k // 2: the neuron looks to both sides": walk(half=True),
            "a kernel of k adds k - 1 steps, not k + 1": walk(minus=-1),
            "this is the area; the side of the square is asked for": _seen(layers) ** 2,
            "this is the field of the first layer alone: look where `return` stands": kernels[0],
            "this is the product of the strides, the jump; the field is asked for": int(np.prod(strides)),
        },
    )


@checks.probe("receptive_field")
def stacked(receptive_field: Student, rng: np.random.Generator) -> None:
    """Layers with stride 1."""
    _compare_field(receptive_field, [(5, 1)])
    for depth in (2, 3, 4):
        _compare_field(receptive_field, [(int(kernel), 1) for kernel in rng.integers(2, 8, depth)])


@checks.probe("receptive_field")
def with_strides(receptive_field: Student, rng: np.random.Generator) -> None:
    """Layers with strides and pooling."""
    _compare_field(receptive_field, [(5, 2), (3, 3), (2, 2), (4, 1)])
    _compare_field(receptive_field, [(int(rng.integers(2, 7)), int(rng.integers(1, 4))) for _ in range(4)])


def _compare_influence(influence: Student, rng: np.random.Generator, stack: list[tuple[int, int]]) -> None:
    import keras

    # sizes that could be taken for each other all differ; an even number of rows and columns of maps, so that
    # h' // 2 and (h' - 1) // 2 are not the same, and another middle in either direction
    def below(side: int) -> int:
        for kernel, stride in reversed(stack):
            side = (side - 1) * stride + kernel
        return side

    h_maps, w_maps = 4, 8
    shape = below(h_maps), below(w_maps)
    convolutions = [keras.layers.Conv2D(3, kernel, stride) for kernel, stride in stack]
    model = keras.Sequential([keras.Input((*shape, 1)), *convolutions])
    # positive weights: no two roads from a pixel to a neuron cancel
    model.set_weights([rng.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
    images = rng.normal(size=(2, *shape, 1)).astype("float32")

    def seen(row: int, column: int) -> np.ndarray:
        mask = np.zeros(shape, bool)
        mask[np.ix_(_reach(row, stack), _reach(column, stack))] = True
        return mask

    got = influence(model, images)
    expect(
        got is not None,
        "Your function returned None. It has no return; or the tape's gradient is None, because the tape did not watch"
        " the pixels before the model ran.",
    )
    _expect_truth(got, shape)
    every = np.logical_or.reduce([seen(i, j) for i, j in np.ndindex(h_maps, w_maps)])
    expect_close(
        got,
        seen(h_maps // 2, w_maps // 2),
        "the pixels that count",
        {
            "the derivative of all places was taken: pick the one in the middle": every,
            "this is the neuron in the upper left corner: take the one in the middle": seen(0, 0),
            "this is the last neuron: take the one in the middle": seen(h_maps - 1, w_maps - 1),
            "the middle is h' // 2 and w' // 2, counted from 0": seen((h_maps - 1) // 2, (w_maps - 1) // 2),
            "the middle of the columns is that of the rows: each has its own": seen(h_maps // 2, h_maps // 2),
            "all neurons of the middle row were taken: pick its middle column too": np.logical_or.reduce(
                [seen(h_maps // 2, j) for j in range(w_maps)]
            ),
            "all neurons of the middle column were taken: pick its middle row too": np.logical_or.reduce(
                [seen(i, w_maps // 2) for i in range(h_maps)]
            ),
            "the answer is turned round: True is where the derivative is not zero": ~seen(h_maps // 2, w_maps // 2),
        },
    )


def _expect_truth(got: object, shape: tuple[int, int]) -> None:
    array = np.asarray(got)
    expect(
        array.shape != (*shape, 1) and array.shape[-2:] != (1, 1),
        f"One answer for each pixel is asked for, shape {shape}; got {array.shape}: join the channels as well.",
    )
    expect(
        array.ndim < 3 or array.shape[-3:-1] != shape,
        f"One answer for all images together is asked for, shape {shape}; got {array.shape}: join images and channels.",
    )
    expect(
        array.shape != shape or bool(np.isin(array, (0, 1)).all()),
        "This is the derivative itself, or a number made of it; say where it is not zero: True or False.",
    )


@checks.probe("influence")
def of_one_layer(influence: Student, rng: np.random.Generator) -> None:
    """The middle of one convolution's maps."""
    _compare_influence(influence, rng, [(int(rng.integers(2, 5)), int(rng.integers(1, 4)))])


@checks.probe("influence")
def of_a_stack(influence: Student, rng: np.random.Generator) -> None:
    """The middle of the maps of two convolutions."""
    _compare_influence(influence, rng, [(3, 2), (int(rng.integers(2, 4)), int(rng.integers(1, 3)))])


@checks.probe("influence")
def behind_relu(influence: Student, rng: np.random.Generator) -> None:
    """Images in which different neurons are off, and slopes of either sign."""
    import keras

    # one 4 × 3 window; each of three neurons has one pixel of its own, and each image turns one neuron on: the first
    # image the second neuron, so that the first image alone and the first channel alone differ
    model = keras.Sequential([keras.Input((4, 3, 1)), keras.layers.Conv2D(3, (4, 3), activation="relu")])
    places = rng.permutation(12)
    kernel, images = np.zeros((12, 3), "float32"), np.zeros((3, 12), "float32")
    signs = rng.permutation([1, -1, 1]) * rng.uniform(0.5, 2, 3)
    for neuron, image in enumerate((1, 0, 2)):
        kernel[places[neuron], neuron] = signs[neuron]
        images[image, places[neuron]] = np.sign(signs[neuron])
    model.set_weights([kernel.reshape(4, 3, 1, 3), np.full(3, -0.1, "float32")])
    masks = np.zeros((3, 12), bool)
    masks[np.arange(3), places[:3]] = True
    got = influence(model, images.reshape(3, 4, 3, 1))
    expect(got is not None, "Your function returned None.")
    _expect_truth(got, (4, 3))
    expect_close(
        got,
        masks.any(axis=0).reshape(4, 3),
        "the pixels that count in one of the images",
        {
            "a pixel must count in one of the images, not in all: any, not all": np.zeros((4, 3)),
            "only the first image counts: join them all": masks[1].reshape(4, 3),
            "only the last image counts: join them all": masks[2].reshape(4, 3),
            "only the first channel of the maps counts: take their sum": masks[0].reshape(4, 3),
            "only positive derivatives count: a pixel that makes a neuron darker is seen too": masks[signs > 0]
            .any(axis=0)
            .reshape(4, 3),
            "only negative derivatives count: look at != 0": masks[signs < 0].any(axis=0).reshape(4, 3),
            "a bright pixel is not yet one that counts: use the derivative": (images != 0).all(axis=0).reshape(4, 3),
        },
    )


# -- what a stack of layers costs -------------------------------------------------------------------------------------


def _by_walking(side: int, channels: int, stack: list[tuple]) -> tuple[int, int]:
    """Parameters and multiplications, every place of every layer visited; no formula of sizes."""
    parameters = multiplications = 0
    for filters, kernel, stride, padding in stack:
        places = 0
        start = -padding
        while start + kernel <= side + padding:
            places, start = places + 1, start + stride
        side = places
        if filters:
            window = np.ones((kernel, kernel, channels, filters)).size
            parameters += window + filters
            multiplications += sum(window for _ in range(places * places))
            channels = filters
    return parameters, multiplications


def _costs(
    side: int,
    channels: int,
    stack: list[tuple],
    grow: bool = True,
    padded: bool = True,
    strided: bool = True,
    bias: bool = True,
    pooling: bool = True,
    before: bool = False,
    lost: bool = False,
    half: bool = False,
    plus: int = 1,
    floor: bool = True,
    square: bool = True,
) -> tuple[float, float]:
    """The same by formulae, with one thing left out or mistaken."""
    parameters = multiplications = 0
    for filters, kernel, stride, padding in stack:
        if not filters and not pooling:
            continue
        old, pad = side, (1 if half else 2) * padding if padded else 0
        steps = (side + pad - kernel) / (stride if strided else 1)
        side = (int(steps) if floor else steps) + plus
        if filters:
            weights = kernel * (kernel if square else 1) * channels * filters
            parameters += weights + bias * filters
            multiplications += weights * (old if before else side) ** 2
            channels = filters if grow else channels
        elif lost:
            channels = 0
    return parameters, multiplications


def _compare_cost(stack_cost: Student, side: int, channels: int, stack: list[tuple]) -> None:
    true = _by_walking(side, channels, stack)
    call = f"stack_cost({side}, {channels}, {stack})"
    got = expect_items(stack_cost(side, channels, stack), ("the parameters", "the multiplications"))
    changed = {
        "the channels stay as they were: a layer hands on as many as it has filters": {"grow": False},
        "the padding is left out": {"padded": False},
        "zeros are added on both sides: 2 * padding": {"half": True},
        "the stride is left out": {"strided": False},
        "the + 1 of the formula for the side is missing": {"plus": 0},
        "the side is a whole number, rounded down: divide with //": {"floor": False},
        "a window has kernel * kernel places": {"square": False},
        "pooling was skipped: it makes the maps smaller": {"pooling": False},
        "after pooling there are as many channels as before": {"lost": True},
    }
    ways = {sentence: _costs(side, channels, stack, **change) for sentence, change in changed.items()}
    last = _costs(side, channels, stack[:-1])
    no_channels = sum(f * k * k + f for f, k, _, _ in stack)
    expect_close(
        got[0],
        true[0],
        f"the parameters of {call}",
        {sentence: value[0] for sentence, value in ways.items()}
        | {
            "the biases are missing: one for each filter": _costs(side, channels, stack, bias=False)[0],
            "the channels are missing: a filter has kernel * kernel * channels weights": no_channels,
            "a pooling layer was counted; it has no parameters": true[0] + sum(k * k for f, k, _, _ in stack if not f),
            "the order is: parameters, multiplications": true[1],
            "these are the parameters of the last layer alone: add up": true[0] - last[0],
            "these are the parameters of the first layer alone: look where `return` stands": _costs(
                side, channels, stack[:1]
            )[0],
        },
    )
    expect_close(
        got[1],
        true[1],
        f"the multiplications of {call}",
        {sentence: value[1] for sentence, value in ways.items()}
        | {
            "each weight is used once for every place of the new map, not of the old one": _costs(
                side, channels, stack, before=True
            )[1],
            "the places are missing: each weight is used once for every place": _costs(
                side, channels, stack, bias=False
            )[0],
            "a bias is added, not multiplied": true[1] + _biases(side, stack),
            "places are rows times columns: side * side": lambda: _by_rows(side, channels, stack),
            "the multiplications are those of the last layer alone: add up": true[1] - last[1],
            "these are the multiplications of the first layer alone": _costs(side, channels, stack[:1])[1],
            "these are the parameters again: each weight is used once for every place": true[0],
        },
    )


def _sides(side: int, stack: list[tuple]) -> list[int]:
    """The side of the maps after each layer."""
    found = []
    for _, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        found.append(side)
    return found


def _biases(side: int, stack: list[tuple]) -> int:
    """Multiplications that a count with a bias in each of them has too many."""
    return sum(layer[0] * s * s for layer, s in zip(stack, _sides(side, stack), strict=True))


def _by_rows(side: int, channels: int, stack: list[tuple]) -> int:
    total = 0
    for (filters, kernel, _, _), s in zip(stack, _sides(side, stack), strict=True):
        if filters:
            total, channels = total + kernel * kernel * channels * filters * s, filters
    return total


@checks.probe("stack_cost")
def convolutions_alone(stack_cost: Student, rng: np.random.Generator) -> None:
    """Convolutions with padding and strides."""
    _compare_cost(stack_cost, 11, 2, [(int(rng.integers(3, 7)), 3, 1, 0)])
    filters = [int(number) for number in rng.permutation(np.arange(3, 9))[:3]]
    _compare_cost(stack_cost, 17, 3, [(filters[0], 5, 2, 2), (filters[1], 3, 1, 1), (filters[2], 4, 3, 1)])


@checks.probe("stack_cost")
def with_pooling(stack_cost: Student, rng: np.random.Generator) -> None:
    """Pooling between convolutions, and a dense layer at the end."""
    filters = [int(number) for number in rng.permutation(np.arange(3, 9))[:2]]
    _compare_cost(stack_cost, 14, 1, [(filters[0], 3, 1, 1), (0, 2, 2, 0), (filters[1], 3, 2, 1), (5, 4, 1, 0)])
    _compare_cost(stack_cost, 13, 2, [(0, 3, 2, 0), (filters[0], 3, 1, 0), (0, 4, 4, 0), (filters[1], 1, 1, 0)])


# -- larger and smaller -----------------------------------------------------------------------------------------------


def _compare_size(at_size: Student, rng: np.random.Generator, side: int) -> None:
    import tensorflow as tf

    images = tf.image.resize(rng.random((3, 7, 7, 1)), (28, 28)).numpy()  # smooth, and bright up to the border
    resized = tf.image.resize(images, (side, side), antialias=True).numpy()
    edge = abs(side - 28)
    small = side < 28

    def placed(top: int, left: int, fill: float = 0.0) -> np.ndarray:
        if not small:
            return resized[:, top : top + 28, left : left + 28]
        frame = np.full((3, 28, 28, 1), fill, "float32")
        frame[:, top : top + side, left : left + side] = resized
        return frame

    expect_close(
        at_size(images, side),
        tf.image.resize_with_crop_or_pad(resized, 28, 28),
        f"digits at side {side}",
        {
            "the pictures are unchanged": images,
            "the resized pictures have not been brought back to 28 × 28": resized,
            "the edge belongs on all four sides; here the digit stands in the upper left corner": placed(0, 0),
            "the edge belongs on all four sides; here the digit stands in the lower right corner": placed(edge, edge),
            "the edge on each side is half of what is missing or too much, not all of it": lambda: (
                np.pad(resized, ((0, 0), *2 * [(edge, edge)], (0, 0)))
                if small
                else resized[:, edge : edge + 28, edge:][:, :, :28]
            ),
            "the picture stands one pixel too far down and to the right": placed(edge // 2 + 1, edge // 2 + 1)
            if small
            else placed(edge // 2 - 1, edge // 2 - 1),
            "the picture stands one pixel too far up and to the left": placed(edge // 2 - 1, edge // 2 - 1)
            if small
            else placed(edge // 2 + 1, edge // 2 + 1),
            "the middle was cut out and framed, nothing was resized": lambda: tf.image.resize_with_crop_or_pad(
                tf.image.resize_with_crop_or_pad(images, side, side), 28, 28
            ),
            "the middle was cut out, nothing was resized": lambda: (
                tf.image.resize_with_crop_or_pad(images, side, side) if small else np.nan
            ),
            "the frame belongs to rows and columns: np.pad needs (0, 0) for the images and the channels": lambda: (
                np.pad(resized, edge // 2) if small else np.nan
            ),
            "interpolation='nearest' was used; leave it out": lambda: tf.image.resize_with_crop_or_pad(
                tf.image.resize(images, (side, side), method="nearest"), 28, 28
            ),
            "only the rows were centred": placed(edge // 2, 0),
            "only the columns were centred": placed(0, edge // 2),
            "the frame is made of ones; black is 0": placed(edge // 2, edge // 2, 1.0) if small else np.nan,
            "the border was repeated into the frame; it should be 0": lambda: (
                np.pad(resized, ((0, 0), *2 * [(edge // 2, edge // 2)], (0, 0)), mode="edge") if small else np.nan
            ),
            "resizing to 28 again undoes the change of size: pad with zeros, or cut": lambda: tf.image.resize(
                resized, (28, 28)
            ),
            "antialias=True is missing: without it a picture that shrinks loses pixels": lambda: (
                tf.image.resize_with_crop_or_pad(tf.image.resize(images, (side, side)), 28, 28)
            ),
            "the middle was cut out and then enlarged: resize first, and keep its scale": lambda: tf.image.resize(
                tf.image.central_crop(images, min(1.0, 28 / side)), (28, 28)
            ),
        },
        rtol=1e-3,
        atol=1e-4,
    )


@checks.probe("at_size")
def smaller(at_size: Student, rng: np.random.Generator) -> None:
    """Smaller digits."""
    _compare_size(at_size, rng, int(2 * rng.integers(7, 13)))


@checks.probe("at_size")
def larger(at_size: Student, rng: np.random.Generator) -> None:
    """Larger digits."""
    _compare_size(at_size, rng, int(2 * rng.integers(16, 22)))


@checks.probe("at_size")
def as_it_was(at_size: Student, rng: np.random.Generator) -> None:
    """A side of 28 changes nothing."""
    images = rng.random((2, 28, 28, 1)).astype("float32")
    mistakes = {
        "nothing is left: a slice that ends at -0 is empty; end it at edge + 28": np.empty((2, 0, 0, 1)),
    }
    expect_close(at_size(images, 28), images, "digits at side 28", mistakes, atol=1e-4)
