"""Planted answers for lab 06: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy import signal

from tests.planted import right, wrong

# -- correlate --------------------------------------------------------------------------------------------------------


@wrong("correlate", says="the kernel is flipped")
def correlate_convolves(image, kernel):
    return signal.convolve2d(image, kernel, mode="valid")


@wrong("correlate", says="the last row and column are missing")
def correlate_off_by_one(image, kernel):
    kh, kw = kernel.shape
    h, w = image.shape[0] - kh, image.shape[1] - kw
    return np.array([[np.sum(image[i : i + kh, j : j + kw] * kernel) for j in range(w)] for i in range(h)])


@wrong("correlate", says="the loops end one place too early")
def correlate_leaves_zeros(image, kernel):
    kh, kw = kernel.shape
    out = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(image.shape[0] - kh):
        for j in range(image.shape[1] - kw):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return out


@wrong("correlate", says="the image was padded")
def correlate_same(image, kernel):
    return signal.correlate2d(image, kernel, mode="same")


@wrong("correlate", says="this is the mean over the window")
def correlate_mean(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid") / kernel.size


@wrong("correlate", says="the kernel is transposed")
def correlate_transposed(image, kernel):
    return signal.correlate2d(image, kernel.T, mode="valid")


@wrong("correlate", says="this is only the first of 16 values")
def correlate_one_place(image, kernel):
    kh, kw = kernel.shape
    return np.sum(image[:kh, :kw] * kernel)


@wrong("correlate", says="multiply element by element")
def correlate_by_matrix_products(image, kernel):
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    return np.array([[np.sum(image[i : i + kh, j : j + kw] @ kernel.T) for j in range(columns)] for i in range(rows)])


@wrong("correlate", says="look where `return` stands")
def correlate_returns_in_its_loop(image, kernel):
    kh, kw = kernel.shape
    out = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for i in range(len(out)):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
            return out


@right("correlate")
def correlate_with_four_loops(image, kernel):
    kh, kw = kernel.shape
    out = [[0.0] * (image.shape[1] - kw + 1) for _ in range(image.shape[0] - kh + 1)]
    for i in range(len(out)):
        for j in range(len(out[0])):
            for a in range(kh):
                for b in range(kw):
                    out[i][j] += kernel[a, b] * image[i + a, j + b]
    return out


@right("correlate")
def correlate_by_tensorflow(image, kernel):
    image, kernel = tf.cast(image, tf.float32), tf.cast(kernel, tf.float32)
    return tf.nn.conv2d(image[None, ..., None], kernel[..., None, None], 1, "VALID")[0, ..., 0]


@right("correlate")
def correlate_by_shifted_images(image, kernel):
    kh, kw = kernel.shape
    h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    return sum(kernel[a, b] * image[a : a + h, b : b + w] for a in range(kh) for b in range(kw))


# -- kernel_gradient --------------------------------------------------------------------------------------------------


def _correlate(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid")


@wrong("kernel_gradient", says="divide by the number of places")
def gradient_summed(image, kernel, target):
    return _correlate(image, _correlate(image, kernel) - target)


@wrong("kernel_gradient", says="a factor of 2")
def gradient_of_the_whole_mean_square(image, kernel, target):
    error = _correlate(image, kernel) - target
    return 2 * _correlate(image, error) / error.size


@wrong("kernel_gradient", says="the sign is turned round")
def gradient_of_target_minus_output(image, kernel, target):
    error = target - _correlate(image, kernel)
    return _correlate(image, error) / error.size


@wrong("kernel_gradient", says="that is a convolution")
def gradient_convolved(image, kernel, target):
    error = _correlate(image, kernel) - target
    return signal.convolve2d(image, error, mode="valid") / error.size


@wrong("kernel_gradient", says="correlates the image with the output")
def gradient_without_target(image, kernel, target):
    output = _correlate(image, kernel)
    return _correlate(image, output) / output.size


@wrong("kernel_gradient", says="the target is added")
def gradient_of_the_sum(image, kernel, target):
    return _correlate(image, _correlate(image, kernel) + target) / target.size


@wrong("kernel_gradient", says="number of pixels of the image")
def gradient_over_pixels(image, kernel, target):
    return _correlate(image, _correlate(image, kernel) - target) / image.size


@wrong("kernel_gradient", says="go on to the kernel by the chain rule")
def gradient_by_the_output(image, kernel, target):
    return _correlate(image, kernel) - target


@wrong("kernel_gradient", says="this is the loss J")
def gradient_is_the_loss(image, kernel, target):
    return np.mean((_correlate(image, kernel) - target) ** 2) / 2


@right("kernel_gradient")
def gradient_with_loops(image, kernel, target):
    error = _correlate(image, kernel) - target
    h, w = error.shape
    return [
        [np.mean(error * image[a : a + h, b : b + w]) for b in range(kernel.shape[1])] for a in range(kernel.shape[0])
    ]


@right("kernel_gradient")
def gradient_by_tensorflow(image, kernel, target):
    image, kernel, target = (tf.constant(array, tf.float64) for array in (image, kernel, target))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        output = tf.nn.conv2d(image[None, ..., None], kernel[..., None, None], 1, "VALID")[0, ..., 0]
        loss = tf.reduce_mean((output - target) ** 2) / 2
    return tape.gradient(loss, kernel)


@right("kernel_gradient")
def gradient_by_windows(image, kernel, target):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    error = np.einsum("ijab,ab->ij", windows, kernel) - target
    return np.einsum("ij,ijab->ab", error, windows) / error.size


# -- learn_kernel -----------------------------------------------------------------------------------------------------


def _learn(image, target, size, rate, steps, before=True, half=2.0, start=0.0, sign=-1.0):
    kernel, losses = np.full((size, size), start), []
    for _ in range(steps):
        error = _correlate(image, kernel) - target
        if before:
            losses.append(np.mean(error**2) / half)
        kernel = kernel + sign * rate * _correlate(image, error) / error.size
        if not before:
            losses.append(np.mean((_correlate(image, kernel) - target) ** 2) / half)
    return kernel, losses


@wrong("learn_kernel", says="the step goes uphill")
def learn_uphill(image, target, size, rate, steps):
    return _learn(image, target, size, rate, steps, sign=1.0)


@wrong("learn_kernel", says="these are the losses after each step")
def learn_and_note_afterwards(image, target, size, rate, steps):
    return _learn(image, target, size, rate, steps, before=False)


@wrong("learn_kernel", says="the half is missing")
def learn_with_the_whole_mean_square(image, target, size, rate, steps):
    return _learn(image, target, size, rate, steps, half=1.0)


@wrong("learn_kernel", says="the errors are not squared")
def learn_with_plain_errors(image, target, size, rate, steps):
    kernels = [_learn(image, target, size, rate, n)[0] for n in range(steps + 1)]
    return kernels[-1], [np.mean(_correlate(image, kernel) - target) / 2 for kernel in kernels[:-1]]


@wrong("learn_kernel", says="the start is not zero")
def learn_from_ones(image, target, size, rate, steps):
    return _learn(image, target, size, rate, steps, start=1.0)


@wrong("learn_kernel", says="one step too many")
def learn_one_step_more(image, target, size, rate, steps):
    kernel, losses = _learn(image, target, size, rate, steps + 1)
    return kernel, losses[:-1]


@wrong("learn_kernel", says="there was one step only")
def learn_and_return_too_early(image, target, size, rate, steps):
    return _learn(image, target, size, rate, 1)


@wrong("learn_kernel", says="the rate is missing")
def learn_without_rate(image, target, size, rate, steps):
    return _learn(image, target, size, 1.0, steps)


@wrong("learn_kernel", says="compute it anew")
def learn_from_one_gradient(image, target, size, rate, steps):
    step = _learn(image, target, size, rate, 1)[0]
    return steps * step, [np.mean((_correlate(image, k * step) - target) ** 2) / 2 for k in range(steps)]


@wrong("learn_kernel", says="order of the results is wrong")
def learn_the_other_way_round(image, target, size, rate, steps):
    return _learn(image, target, size, rate, steps)[::-1]


@wrong("learn_kernel", says="Return 2 things")
def learn_without_losses(image, target, size, rate, steps):
    return _learn(image, target, size, rate, steps)[0]


@wrong("learn_kernel", says="the start is not zero")
def learn_from_random_numbers(image, target, size, rate, steps):
    kernel = np.random.default_rng(1).normal(scale=0.1, size=(size, size))
    losses = []
    for _ in range(steps):
        error = _correlate(image, kernel) - target
        losses.append(np.mean(error**2) / 2)
        kernel = kernel - rate * _correlate(image, error) / error.size
    return kernel, losses


@right("learn_kernel")
def learn_in_place(image, target, size, rate, steps):
    kernel, losses = np.zeros((size, size)), np.zeros(steps)
    for step in range(steps):
        error = _correlate(image, kernel) - target
        losses[step] = (error**2).mean() / 2
        kernel -= rate * _correlate(image, error) / error.size
    return [kernel, losses]


@right("learn_kernel")
def learn_by_tensorflow(image, target, size, rate, steps):
    pixels, target = tf.constant(image[None, ..., None]), tf.constant(target)
    kernel, losses = tf.Variable(tf.zeros((size, size), tf.float64)), []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            output = tf.nn.conv2d(pixels, kernel[..., None, None], 1, "VALID")[0, ..., 0]
            loss = tf.reduce_mean((output - target) ** 2) / 2
        losses.append(loss)
        kernel.assign_sub(rate * tape.gradient(loss, kernel))
    return kernel, losses


@right("learn_kernel")
def learn_on_windows(image, target, size, rate, steps):
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size)).reshape(target.size, -1)
    weights, losses = np.zeros(size * size), ()
    for _ in range(steps):
        error = windows @ weights - target.ravel()
        losses += (float(error @ error) / (2 * len(error)),)
        weights = weights - rate * windows.T @ error / len(error)
    return weights.reshape(size, size), losses


# -- conv_layer -------------------------------------------------------------------------------------------------------


def _pad(images, padding):
    return np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def _conv(images, kernels, stride):
    return tf.nn.conv2d(images, kernels, stride, "VALID").numpy()


@wrong("conv_layer", says="the bias is missing")
def layer_without_bias(images, kernels, bias, stride, padding):
    return _conv(_pad(images, padding), kernels, stride)


@wrong("conv_layer", says="the kernels are flipped")
def layer_flipped(images, kernels, bias, stride, padding):
    return _conv(_pad(images, padding), kernels[::-1, ::-1], stride) + bias


@wrong("conv_layer", says="only the first channel is used")
def layer_of_one_channel(images, kernels, bias, stride, padding):
    return _conv(_pad(images, padding)[..., :1], kernels[:, :, :1], stride) + bias


@wrong("conv_layer", says="the channel axis is still there")
def layer_that_keeps_channels(images, kernels, bias, stride, padding):
    windows = np.lib.stride_tricks.sliding_window_view(_pad(images, padding), kernels.shape[:2], axis=(1, 2))
    return np.einsum("nijcab,abcf->nijcf", windows[:, ::stride, ::stride], kernels) + bias


@wrong("conv_layer", says="the stride is ignored")
def layer_without_stride(images, kernels, bias, stride, padding):
    return _conv(_pad(images, padding), kernels, 1) + bias


@wrong("conv_layer", says="the padding is ignored")
def layer_without_padding(images, kernels, bias, stride, padding):
    return _conv(images, kernels, stride) + bias


@wrong("conv_layer", says="expected")
def layer_of_a_fixed_window(images, kernels, bias, stride, padding):
    images, k = _pad(images, padding), 3
    rows, columns = ((side - k) // stride + 1 for side in images.shape[1:3])
    out = np.zeros((len(images), rows, columns, kernels.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            window = images[:, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, i, j] = np.einsum("nabc,abcf->nf", window, kernels[:k, :k]) + bias
    return out


@wrong("conv_layer", says="stopped with ValueError")
def layer_with_the_channels_as_window(images, kernels, bias, stride, padding):
    images, k = _pad(images, padding), images.shape[3]
    rows, columns = ((side - k) // stride + 1 for side in images.shape[1:3])
    out = np.zeros((len(images), rows, columns, kernels.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            window = images[:, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, i, j] = np.tensordot(window, kernels, axes=3) + bias
    return out


@wrong("conv_layer", says="the bias was added for each channel")
def layer_with_many_biases(images, kernels, bias, stride, padding):
    return _conv(_pad(images, padding), kernels, stride) + images.shape[-1] * bias


@wrong("conv_layer", says="the last row and column of places are missing")
def layer_off_by_one(images, kernels, bias, stride, padding):
    return _conv(_pad(images, padding)[:, :-1, :-1], kernels, stride) + bias


@wrong("conv_layer", says="negative values were set to 0")
def layer_with_relu(images, kernels, bias, stride, padding):
    return np.maximum(_conv(_pad(images, padding), kernels, stride) + bias, 0)


@wrong("conv_layer", says="the window moves by 1 although the result has the right size")
def layer_with_places_side_by_side(images, kernels, bias, stride, padding):
    images, k = _pad(images, padding), len(kernels)
    rows, columns = ((side - k) // stride + 1 for side in images.shape[1:3])
    return _conv(images, kernels, 1)[:, :rows, :columns] + bias


@wrong("conv_layer", says="the border was repeated")
def layer_with_a_repeated_border(images, kernels, bias, stride, padding):
    sides = (padding, padding)
    return _conv(np.pad(images, ((0, 0), sides, sides, (0, 0)), mode="edge"), kernels, stride) + bias


@right("conv_layer")
def layer_with_loops(images, kernels, bias, stride, padding):
    images, k = _pad(images, padding), len(kernels)
    rows, columns = ((side - k) // stride + 1 for side in images.shape[1:3])
    out = np.zeros((len(images), rows, columns, kernels.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            window = images[:, i * stride : i * stride + k, j * stride : j * stride + k]
            out[:, i, j] = np.tensordot(window, kernels, axes=3) + bias
    return out


@right("conv_layer")
def layer_by_keras(images, kernels, bias, stride, padding):
    layer = keras.layers.Conv2D(kernels.shape[-1], kernels.shape[0], strides=stride)
    layer.build((None, None, None, kernels.shape[2]))
    layer.set_weights([kernels, bias])
    return layer(_pad(images, padding).astype("float32"))


# -- layer_gradients --------------------------------------------------------------------------------------------------


def _backward(images, kernels, upstream, stride):
    parts = [tf.Variable(kernels), tf.Variable(np.zeros(kernels.shape[-1])), tf.Variable(images)]
    with tf.GradientTape() as tape:
        output = tf.nn.conv2d(parts[2], parts[0], stride, "VALID") + parts[1]
        loss = tf.reduce_sum(output * upstream)
    return tape.gradient(loss, parts)


@wrong("layer_gradients", says="the mean over the images was taken")
def backward_with_the_mean(images, kernels, upstream, stride):
    by_kernels, by_bias, by_images = _backward(images, kernels, upstream, stride)
    return by_kernels / len(images), by_bias / len(images), by_images


@wrong("layer_gradients", says="the last window overwrites the others")
def backward_that_overwrites(images, kernels, upstream, stride):
    by_images, k = np.zeros(images.shape), len(kernels)
    for i, j in np.ndindex(upstream.shape[1:3]):
        rows, columns = slice(i * stride, i * stride + k), slice(j * stride, j * stride + k)
        by_images[:, rows, columns] = np.einsum("nf,abcf->nabc", upstream[:, i, j], kernels)
    return *_backward(images, kernels, upstream, stride)[:2], by_images


@wrong("layer_gradients", says="turned by 180")
def backward_with_turned_kernels(images, kernels, upstream, stride):
    by_images = _backward(images, kernels[::-1, ::-1], upstream, stride)[2]
    return *_backward(images, kernels, upstream, stride)[:2], by_images


@wrong("layer_gradients", says="the stride is ignored")
def backward_without_stride(images, kernels, upstream, stride):
    rows, columns = (side + len(kernels) - 1 for side in upstream.shape[1:3])
    by_kernels, by_bias, tight = _backward(images[:, :rows, :columns], kernels, upstream, 1)
    by_images = np.zeros(images.shape)
    by_images[:, :rows, :columns] = tight
    return by_kernels, by_bias, by_images


@wrong("layer_gradients", says="only the last place counts")
def backward_of_the_last_place(images, kernels, upstream, stride):
    by_bias, by_images = _backward(images, kernels, upstream, stride)[1:]
    k = len(kernels)
    for i, j in np.ndindex(upstream.shape[1:3]):
        window = images[:, i * stride : i * stride + k, j * stride : j * stride + k]
        by_kernels = np.einsum("nabc,nf->abcf", window, upstream[:, i, j])
    return by_kernels, by_bias, by_images


@wrong("layer_gradients", says="the sum over the images is missing")
def backward_with_a_bias_for_each_image(images, kernels, upstream, stride):
    by_kernels, _, by_images = _backward(images, kernels, upstream, stride)
    return by_kernels, upstream.sum(axis=(1, 2)), by_images


@wrong("layer_gradients", says="order of the results is wrong")
def backward_in_another_order(images, kernels, upstream, stride):
    return _backward(images, kernels, upstream, stride)[::-1]


@right("layer_gradients")
def backward_by_the_tape(images, kernels, upstream, stride):
    return _backward(images, kernels, upstream, stride)


@right("layer_gradients")
def backward_kernel_by_kernel(images, kernels, upstream, stride):
    k, (rows, columns) = len(kernels), upstream.shape[1:3]
    by_kernels, by_images = np.zeros_like(kernels), np.zeros_like(images)
    for a in range(k):
        for b in range(k):
            part = np.s_[:, a : a + stride * rows : stride, b : b + stride * columns : stride]
            pixels = images[part][:, :rows, :columns]
            by_kernels[a, b] = np.einsum("nijc,nijf->cf", pixels, upstream)
            by_images[part][:, :rows, :columns] += np.einsum("nijf,cf->nijc", upstream, kernels[a, b])
    return [by_kernels, np.einsum("nijf->f", upstream), by_images]


@right("layer_gradients")
def backward_by_windows(images, kernels, upstream, stride):
    windows = np.lib.stride_tricks.sliding_window_view(images, kernels.shape[:2], axis=(1, 2))
    by_kernels = np.einsum("nijcab,nijf->abcf", windows[:, ::stride, ::stride], upstream)
    spread = np.zeros((*windows.shape[:3], upstream.shape[-1]))
    spread[:, ::stride, ::stride] = upstream
    edge = len(kernels) - 1
    padded = np.pad(spread, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    back = np.lib.stride_tricks.sliding_window_view(padded, kernels.shape[:2], axis=(1, 2))
    by_images = np.einsum("nijfab,abcf->nijc", back, kernels[::-1, ::-1])
    return by_kernels, upstream.sum((0, 1, 2)), by_images


# -- pool -------------------------------------------------------------------------------------------------------------


@wrong("pool", says="this is max pooling")
def pool_ignores_mode(images, size, mode):
    return tf.nn.max_pool2d(images, size, size, "VALID")


@wrong("pool", says="the channels were pooled together")
def pool_over_channels(images, size, mode):
    if mode == "max":
        return tf.reduce_max(tf.nn.max_pool2d(images, size, size, "VALID"), axis=-1)
    return tf.reduce_mean(tf.nn.avg_pool2d(images, size, size, "VALID"), axis=-1)


@wrong("pool", says="the maximum starts from 0")
def pool_from_zero(images, size, mode):
    if mode == "average":
        return tf.nn.avg_pool2d(images, size, size, "VALID")
    return np.maximum(0, tf.nn.max_pool2d(images, size, size, "VALID"))


@wrong("pool", says="this is the sum over the block")
def pool_sums(images, size, mode):
    if mode == "max":
        return tf.nn.max_pool2d(images, size, size, "VALID")
    return tf.nn.avg_pool2d(images, size, size, "VALID") * size**2


@wrong("pool", says="incomplete blocks count as well")
def pool_keeps_the_rest(images, size, mode):
    return tf.nn.pool(images, [size, size], "MAX" if mode == "max" else "AVG", [size, size], "SAME")


@wrong("pool", says="an array of shape")
def pool_with_a_short_loop(images, size, mode):
    n, h, w, channels = images.shape
    out = []
    for i in range(h // size):
        blocks = [images[:, i * size : (i + 1) * size, j * size : (j + 1) * size] for j in range(size)]
        out.append([b.max(axis=(1, 2)) if mode == "max" else b.mean(axis=(1, 2)) for b in blocks])
    return np.moveaxis(np.array(out), 2, 0)


@wrong("pool", says="look at where the loop")
def pool_over_as_many_rows_as_channels(images, size, mode):
    n, h, w, channels = images.shape
    out = np.zeros((n, h // size, w // size, channels))
    for i in range(channels):
        for j in range(w // size):
            block = images[:, i * size : (i + 1) * size, j * size : (j + 1) * size]
            out[:, i, j] = block.max(axis=(1, 2)) if mode == "max" else block.mean(axis=(1, 2))
    return out


@wrong("pool", says="pool(images")
def pool_by_a_mixed_up_reshape(images, size, mode):
    n, h, w, channels = images.shape
    rows, columns = h // size, w // size
    blocks = images[:, : rows * size, : columns * size].reshape(n, rows, columns, size, size, channels)
    return blocks.max(axis=(2, 4)) if mode == "max" else blocks.mean(axis=(2, 4))


@wrong("pool", says="an array of shape")
def pool_with_size_and_columns_exchanged(images, size, mode):
    size = images.shape[2] // (images.shape[2] // size)
    return pool_with_loops(images, size, mode)[:, :, :size]


@wrong("pool", says="this keeps the first pixel of every block")
def pool_by_skipping(images, size, mode):
    rows, columns = images.shape[1] // size, images.shape[2] // size
    return images[:, ::size, ::size][:, :rows, :columns]


@wrong("pool", says="the blocks overlap")
def pool_by_single_steps(images, size, mode):
    return tf.nn.pool(images, [size, size], "MAX" if mode == "max" else "AVG", [1, 1], "VALID")


@wrong("pool", says="you pooled over the whole image")
def pool_globally(images, size, mode):
    return images.max(axis=(1, 2)) if mode == "max" else images.mean(axis=(1, 2))


@wrong("pool", says="block i begins at i * size")
def pool_with_overlapping_blocks(images, size, mode):
    n, h, w, channels = images.shape
    out = np.zeros((n, h // size, w // size, channels))
    for i in range(h // size):
        for j in range(w // size):
            block = images[:, i : i + size, j : j + size]
            out[:, i, j] = block.max(axis=(1, 2)) if mode == "max" else block.mean(axis=(1, 2))
    return out


@wrong("pool", says="whatever `size` says")
def pool_by_two(images, size, mode):
    kind = keras.layers.MaxPooling2D if mode == "max" else keras.layers.AveragePooling2D
    return np.asarray(kind(2)(images))


@right("pool")
def pool_with_loops(images, size, mode):
    n, h, w, channels = images.shape
    out = np.zeros((n, h // size, w // size, channels))
    for i in range(h // size):
        for j in range(w // size):
            block = images[:, i * size : (i + 1) * size, j * size : (j + 1) * size]
            out[:, i, j] = block.max(axis=(1, 2)) if mode == "max" else block.mean(axis=(1, 2))
    return out


@right("pool")
def pool_by_keras_layers(images, size, mode):
    return {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}[mode](size)(images)


# -- line_network -----------------------------------------------------------------------------------------------------


def _lines(convolutions, places, outputs, activation, g="relu", padding="same", block=4, mean=False):
    layers = keras.layers
    body = [keras.Input((28, 28, 1))]
    for filters, side, stride in convolutions:
        body.append(layers.Conv2D(filters, side, stride, padding, activation=g))
    if places == "none":
        body.append(layers.GlobalAveragePooling2D() if mean else layers.GlobalMaxPooling2D())
    if places == "blocks":
        body.append(layers.AveragePooling2D(block) if mean else layers.MaxPooling2D(block))
    body += [] if places == "none" else [layers.Flatten()]
    return keras.Sequential([*body, layers.Dense(outputs, activation=activation)])


@wrong("line_network", says="all places are kept")
def lines_without_pooling(convolutions, places, outputs, activation):
    return _lines(convolutions, "all", outputs, activation)


@wrong("line_network", says="the blocks are 2 × 2")
def lines_in_small_blocks(convolutions, places, outputs, activation):
    return _lines(convolutions, places, outputs, activation, block=2)


@wrong("line_network", says="averages were taken")
def lines_with_averages(convolutions, places, outputs, activation):
    return _lines(convolutions, places, outputs, activation, mean=True)


@wrong("line_network", says="the convolutions are not zero-padded")
def lines_not_padded(convolutions, places, outputs, activation):
    return _lines(convolutions, places, outputs, activation, padding="valid")


@wrong("line_network", says="the stride is ignored")
def lines_without_stride(convolutions, places, outputs, activation):
    return _lines([(filters, side, 1) for filters, side, _ in convolutions], places, outputs, activation)


@wrong("line_network", says="ReLU is missing")
def lines_without_relu(convolutions, places, outputs, activation):
    return _lines(convolutions, places, outputs, activation, g=None)


@wrong("line_network", says="whatever `activation` says")
def lines_always_softmax(convolutions, places, outputs, activation):
    return _lines(convolutions, places, outputs, "softmax")


@wrong("line_network", says="only the first convolution was built")
def lines_of_one_convolution(convolutions, places, outputs, activation):
    return _lines(convolutions[:1], places, outputs, activation)


@wrong("line_network", says="only the last convolution was built")
def lines_of_the_last_convolution(convolutions, places, outputs, activation):
    return _lines(convolutions[-1:], places, outputs, activation)


@wrong("line_network", says="there are four outputs whatever")
def lines_with_four_outputs(convolutions, places, outputs, activation):
    return _lines(convolutions, places, 4, activation)


@right("line_network")
def lines_functional(convolutions, places, outputs, activation):
    layers = keras.layers
    inputs = x = keras.Input((28, 28, 1))
    for filters, side, stride in convolutions:
        x = layers.ReLU()(layers.Conv2D(filters, side, strides=stride, padding="same")(x))
    x = layers.MaxPool2D(4)(x) if places == "blocks" else x
    x = layers.GlobalMaxPool2D()(x) if places == "none" else layers.Flatten()(x)
    return keras.Model(inputs, layers.Activation(activation)(layers.Dense(outputs)(x)))


@right("line_network")
def lines_by_adding(convolutions, places, outputs, activation):
    model = keras.Sequential()
    model.add(keras.Input((28, 28, 1)))
    for filters, side, stride in convolutions:
        model.add(keras.layers.Conv2D(filters, (side, side), (stride, stride), "same"))
        model.add(keras.layers.Activation("relu"))
    ends = {"all": [], "blocks": [keras.layers.MaxPooling2D((4, 4))], "none": [keras.layers.GlobalMaxPooling2D()]}
    for layer in [*ends[places], keras.layers.Flatten()]:
        model.add(layer)
    model.add(keras.layers.Dense(outputs, activation))
    return model


@right("line_network")
def lines_with_relu_after_pooling(convolutions, places, outputs, activation):
    layers = keras.layers
    body = [layers.Conv2D(f, k, s, padding="same", activation="relu") for f, k, s in convolutions]
    filters, side, stride = convolutions[-1]
    body[-1] = layers.Conv2D(filters, side, stride, padding="same")
    body += {"all": [], "blocks": [layers.MaxPooling2D(4)], "none": [layers.GlobalMaxPooling2D()]}[places]
    head = [layers.ReLU(), layers.Flatten(), layers.Dense(outputs, activation=activation)]
    return keras.Sequential([keras.Input((28, 28, 1)), *body, *head])


# -- decode_line ------------------------------------------------------------------------------------------------------


def _decode(outputs, angles):
    return np.column_stack([13.5 * (outputs[:, :2] + 1), angles])


@wrong("decode_line", says="the angle is twice too large")
def decode_without_halving(outputs):
    return _decode(outputs, np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) % 360)


@wrong("decode_line", says="the angle is not halved, and % 180 hides it")
def decode_half_turn_without_halving(outputs):
    return _decode(outputs, np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) % 180)


@wrong("decode_line", says="halve first")
def decode_half_turn_first(outputs):
    return _decode(outputs, np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) % 180 / 2)


@wrong("decode_line", says="some angles are negative")
def decode_negative(outputs):
    return _decode(outputs, np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) / 2)


@wrong("decode_line", says="arctan does not know the signs")
def decode_by_arctan(outputs):
    return _decode(outputs, np.degrees(np.arctan(outputs[:, 3] / outputs[:, 2])) / 2 % 180)


@wrong("decode_line", says="sine and cosine are exchanged")
def decode_exchanged(outputs):
    return _decode(outputs, np.degrees(np.arctan2(outputs[:, 2], outputs[:, 3])) / 2 % 180)


@wrong("decode_line", says="the angle is in radians")
def decode_in_radians(outputs):
    return _decode(outputs, np.arctan2(outputs[:, 3], outputs[:, 2]) / 2 % np.pi)


@wrong("decode_line", says="arccos")
def decode_by_arccos(outputs):
    return _decode(outputs, np.degrees(np.arccos(np.clip(outputs[:, 2], -1, 1))) / 2)


@wrong("decode_line", says="row and column are exchanged")
def decode_x_before_y(outputs):
    angles = np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) / 2 % 180
    return _decode(outputs[:, [1, 0]], angles)


@wrong("decode_line", says="add 1 first")
def decode_scaled_first(outputs):
    angles = np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) / 2 % 180
    return np.column_stack([13.5 * outputs[:, :2] + 1, angles])


@wrong("decode_line", says="90 degrees too many")
def decode_shifted(outputs):
    return _decode(outputs, (np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) + 180) / 2)


@wrong("decode_line", says="keep their fractions")
def decode_rounded(outputs):
    angles = np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) / 2 % 180
    return np.column_stack([np.round((outputs[:, :2] + 1) * 13.5), angles])


@right("decode_line")
def decode_by_complex_numbers(outputs):
    direction = np.sqrt(outputs[:, 2] + 1j * outputs[:, 3])
    return _decode(outputs, np.angle(direction, deg=True) % 180)


@right("decode_line")
def decode_line_by_line(outputs):
    lines = []
    for row, column, cosine, sine in outputs.tolist():
        angle = np.rad2deg(np.arctan2(sine, cosine)) / 2
        lines.append([(row + 1) * 13.5, (column + 1) * 13.5, angle if angle >= 0 else angle + 180])
    return lines


@right("decode_line")
def decode_by_tensorflow(outputs):
    outputs = tf.constant(outputs)
    angles = tf.math.floormod(tf.atan2(outputs[:, 3], outputs[:, 2]) / 2, np.pi) * 180 / np.pi
    return tf.concat([13.5 * outputs[:, :2] + 13.5, angles[:, None]], axis=1)


# -- lenet5 -----------------------------------------------------------------------------------------------------------


def _lenet(first="same", second="valid", activation="tanh", pooling="average", last="softmax"):
    layers = keras.layers
    pool = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}[pooling]
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding=first, activation=activation),
            pool(2),
            layers.Conv2D(16, 5, padding=second, activation=activation),
            pool(2),
            layers.Flatten(),
            layers.Dense(120, activation=activation),
            layers.Dense(84, activation=activation),
            layers.Dense(10, activation=last),
        ]
    )


@wrong("lenet5", says="C1 is not padded")
def lenet_not_padded():
    return _lenet(first="valid")


@wrong("lenet5", says="C3 is padded")
def lenet_padded_twice():
    return _lenet(second="same")


@wrong("lenet5", says="the paddings are swapped")
def lenet_padded_the_other_way():
    return _lenet(first="valid", second="same")


@wrong("lenet5", says="the softmax at the end is missing")
def lenet_without_softmax():
    return _lenet(last=None)


@wrong("lenet5", says="S2 and S4 are max-pooling")
def lenet_with_maxima():
    return _lenet(pooling="max")


@wrong("lenet5", says="the activation is ReLU")
def lenet_with_relu():
    return _lenet(activation="relu")


@wrong("lenet5", says="the activations are missing")
def lenet_without_activations():
    return _lenet(activation=None)


@wrong("lenet5", says="Did you forget `return`?")
def lenet_without_return():
    _lenet()


@wrong("lenet5", says="does not start with keras.Input")
def lenet_without_input():
    return keras.Sequential([keras.layers.Conv2D(6, 5), keras.layers.Flatten(), keras.layers.Dense(10)])


@wrong("lenet5", says="Dropout")
def lenet_with_dropout():
    model = _lenet()
    return keras.Sequential([keras.Input((28, 28, 1)), *model.layers[:-1], keras.layers.Dropout(0.5), model.layers[-1]])


@wrong("lenet5", says="frozen")
def lenet_frozen():
    model = _lenet()
    model.trainable = False
    return model


@wrong("lenet5", says="start at the same value")
def lenet_from_zeros():
    model = _lenet()
    model.set_weights([np.zeros(weight.shape) for weight in model.get_weights()])
    return model


@wrong("lenet5", says="the numbers of kernels are exchanged")
def lenet_with_exchanged_kernels():
    model = _lenet()
    layers = [type(layer).from_config(layer.get_config()) for layer in model.layers]
    layers[0], layers[2] = (
        keras.layers.Conv2D(n, 5, padding=p, activation="tanh") for n, p in ((16, "same"), (6, "valid"))
    )
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


@wrong("lenet5", says="F6 has no activation")
def lenet_with_a_linear_layer():
    layers = [type(layer).from_config(layer.get_config()) for layer in _lenet().layers]
    layers[6] = keras.layers.Dense(84)
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


@wrong("lenet5", says="the first layer that differs is C5")
def lenet_with_a_narrow_layer():
    layers = [type(layer).from_config(layer.get_config()) for layer in _lenet().layers]
    layers[5] = keras.layers.Dense(100, activation="tanh")
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


@right("lenet5")
def lenet_with_c5_as_a_convolution():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(120, 5, activation="tanh"),
            layers.Flatten(),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )


@right("lenet5")
def lenet_functional():
    layers = keras.layers
    inputs = keras.Input((28, 28, 1))
    x = layers.ZeroPadding2D(2)(inputs)
    for filters in (6, 16):
        x = layers.Activation("tanh")(layers.Conv2D(filters, 5)(x))
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    for units in (120, 84):
        x = keras.ops.tanh(layers.Dense(units)(x))
    return keras.Model(inputs, layers.Softmax()(layers.Dense(10)(x)))


@right("lenet5")
def lenet_in_blocks():
    layers = _lenet().layers
    body = [keras.Sequential(layers[:2]), keras.Sequential(layers[2:4]), keras.Sequential(layers[4:])]
    return keras.Sequential([keras.Input((28, 28, 1)), *body])


@right("lenet5")
def lenet_all_convolutions():
    layers = keras.layers
    body = [*_lenet().layers[:4], layers.Conv2D(120, 5, activation="tanh"), layers.Conv2D(84, 1, activation="tanh")]
    return keras.Sequential(
        [keras.Input((28, 28, 1)), *body, layers.Conv2D(10, 1, activation="softmax"), layers.Flatten()]
    )


# -- small_cnn --------------------------------------------------------------------------------------------------------


def _small(
    use_bias=False,
    normalise=True,
    activation="relu",
    head="average",
    stride=2,
    padding="same",
    last="softmax",
    pool_last=False,
):
    layers = keras.layers
    body = []
    for number, (filters, kernel) in enumerate(((16, 5), (32, 3), (64, 3))):
        block = [layers.BatchNormalization()] if normalise else []
        block += [layers.Activation(activation)] if activation else []
        pooling = [layers.MaxPooling2D(2)] if number else []
        body.append(layers.Conv2D(filters, kernel, strides=1 if number else stride, padding=padding, use_bias=use_bias))
        body += block + pooling if pool_last else pooling + block
    top = layers.Flatten() if head == "flatten" else layers.GlobalAveragePooling2D()
    return keras.Sequential([keras.Input((28, 28, 1)), *body, top, layers.Dense(10, activation=last)])


@wrong("small_cnn", says="use_bias=False")
def small_with_biases(activation="relu", normalise=True):
    return _small(use_bias=True)


@wrong("small_cnn", says="batch normalisation is missing")
def small_without_normalisation(activation="relu", normalise=True):
    return _small(normalise=False)


@wrong("small_cnn", says="the maps are flattened")
def small_flattened(activation="relu", normalise=True):
    return _small(head="flatten")


@wrong("small_cnn", says="the first convolution has no stride of 2")
def small_without_stride(activation="relu", normalise=True):
    return _small(stride=1)


@wrong("small_cnn", says="the padding is not 'same'")
def small_unpadded(activation="relu", normalise=True):
    return _small(padding="valid")


@wrong("small_cnn", says="ReLU is missing")
def small_without_relu(activation="relu", normalise=True):
    return _small(activation=None)


@wrong("small_cnn", says="the softmax at the end is missing")
def small_without_softmax(activation="relu", normalise=True):
    return _small(last=None)


@wrong("small_cnn", says="A convolution has its own activation")
def small_with_activation_inside(activation="relu", normalise=True):
    layers = keras.layers
    body = [keras.Input((28, 28, 1))]
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        body.append(layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, activation="relu"))
        body += ([] if stride == 2 else [layers.MaxPooling2D(2)]) + [layers.BatchNormalization()]
    return keras.Sequential([*body, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])


@wrong("small_cnn", says="ReLU stands before the normalisation")
def small_with_relu_first(activation="relu", normalise=True):
    layers = keras.layers
    body = [keras.Input((28, 28, 1))]
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        body.append(layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False))
        body += ([] if stride == 2 else [layers.MaxPooling2D(2)]) + [layers.ReLU(), layers.BatchNormalization()]
    return keras.Sequential([*body, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])


@wrong("small_cnn", says="frozen")
def small_with_frozen_normalisation(activation="relu", normalise=True):
    model = _small()
    for layer in model.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return model


@wrong("small_cnn", says="Dropout")
def small_with_dropout(activation="relu", normalise=True):
    model = _small()
    return keras.Sequential([keras.Input((28, 28, 1)), *model.layers[:-1], keras.layers.Dropout(0.2), model.layers[-1]])


@wrong("small_cnn", says="start at the same value")
def small_from_zeros(activation="relu", normalise=True):
    model = _small()
    model.layers[-1].set_weights([np.zeros((64, 10)), np.zeros(10)])
    return model


@wrong("small_cnn", says="ReLU6")
def small_with_a_capped_relu(activation="relu", normalise=True):
    model = _small()
    body = [keras.layers.ReLU(6) if layer.name.startswith("activation") else layer for layer in model.layers]
    return keras.Sequential([keras.Input((28, 28, 1)), *body])


@wrong("small_cnn", says="average pooling between the convolutions")
def small_with_averages(activation="relu", normalise=True):
    model = _small()
    kinds = keras.layers.MaxPooling2D, keras.layers.AveragePooling2D
    body = [kinds[1](2) if isinstance(layer, kinds[0]) else layer for layer in model.layers]
    return keras.Sequential([keras.Input((28, 28, 1)), *body])


@wrong("small_cnn", says="there is one layer too many")
def small_with_a_hidden_layer(activation="relu", normalise=True):
    layers = [type(layer).from_config(layer.get_config()) for layer in _small(activation=activation).layers]
    layers.insert(-1, keras.layers.Dense(64, "relu"))
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


@right("small_cnn")
def small_with_pooling_last(activation="relu", normalise=True):
    return _small(not normalise, normalise, activation, pool_last=True)


@right("small_cnn")
def small_functional(activation="relu", normalise=True):
    layers = keras.layers
    inputs = x = keras.Input((28, 28, 1))
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=not normalise)(x)
        x = layers.Activation(activation)(layers.BatchNormalization()(x) if normalise else x)
        x = x if stride == 2 else layers.MaxPool2D(2)(x)
    return keras.Model(inputs, layers.Softmax()(layers.Dense(10)(layers.GlobalAveragePooling2D()(x))))


@right("small_cnn")
class SmallByAttributes(keras.Model):
    """Convolutions in one list, normalisations in another."""

    def __init__(self, activation="relu", normalise=True):
        super().__init__()
        layers = keras.layers
        self.last = layers.Dense(10, activation="softmax")
        self.norms = [layers.BatchNormalization() for _ in range(3)] if normalise else []
        self.activate = keras.activations.get(activation)
        shapes = ((64, 3, 1), (32, 3, 1), (16, 5, 2))
        self.convolutions = [layers.Conv2D(f, k, s, padding="same", use_bias=not normalise) for f, k, s in shapes]
        self(np.zeros((1, 28, 28, 1), "float32"))

    def call(self, x):
        for number, convolve in enumerate(self.convolutions[::-1]):
            x = convolve(x)
            x = keras.ops.max_pool(x, 2) if number else x
            x = self.activate(self.norms[number](x) if self.norms else x)
        return self.last(keras.ops.mean(x, axis=(1, 2)))


@right("small_cnn")
def small_in_blocks(activation="relu", normalise=True):
    layers = _small(not normalise, normalise, activation).layers
    return keras.Sequential([keras.Input((28, 28, 1)), keras.Sequential(layers[:-2]), *layers[-2:]])


@right("small_cnn")
def small_with_a_convolution_at_the_end(activation="relu", normalise=True):
    layers = _small(not normalise, normalise, activation).layers
    head = [keras.layers.Conv2D(10, 1), keras.layers.GlobalAveragePooling2D(), keras.layers.Softmax()]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers[:-2], *head])


@wrong("small_cnn", says="it is ReLU whatever `activation` says")
def small_deaf_to_the_activation(activation="relu", normalise=True):
    return _small(not normalise, normalise)


@wrong("small_cnn", says="batch normalisation is there whatever")
def small_always_normalised(activation="relu", normalise=True):
    return _small(activation=activation)


@wrong("small_cnn", says="need their biases back")
def small_without_biases_for_good(activation="relu", normalise=True):
    return _small(False, normalise, activation)


# -- ablation_effects -------------------------------------------------------------------------------------------------


def _points(accuracies):
    means = np.mean(accuracies, axis=1)
    return 100 * (means[0] - means)


def _apart(accuracies):
    low, high = np.min(accuracies, axis=1), np.max(accuracies, axis=1)
    return (high < low[0]) | (low > high[0])


@wrong("ablation_effects", says="the sign is turned round")
def effects_gained(accuracies):
    return -_points(accuracies), _apart(accuracies)


@wrong("ablation_effects", says="these are shares")
def effects_as_shares(accuracies):
    return _points(accuracies) / 100, _apart(accuracies)


@wrong("ablation_effects", says="relative losses")
def effects_in_per_cent_of_the_first(accuracies):
    return _points(accuracies) / np.mean(accuracies[0]), _apart(accuracies)


@wrong("ablation_effects", says="this compares the best seeds")
def effects_of_the_best_seed(accuracies):
    best = np.max(accuracies, axis=1)
    return 100 * (best[0] - best), _apart(accuracies)


@wrong("ablation_effects", says="the base is the best network")
def effects_against_the_best(accuracies):
    means = np.mean(accuracies, axis=1)
    return 100 * (means.max() - means), _apart(accuracies)


@wrong("ablation_effects", says="only networks that are worse were looked at")
def effects_apart_below(accuracies):
    return _points(accuracies), np.max(accuracies, axis=1) < np.min(accuracies[0])


@wrong("ablation_effects", says="one seed outside is not enough")
def effects_apart_by_one_seed(accuracies):
    base = accuracies[0]
    outside = (accuracies < base.min()) | (accuracies > base.max())
    return _points(accuracies), outside.any(axis=1)


@wrong("ablation_effects", says="the mean lies outside the range")
def effects_apart_by_the_mean(accuracies):
    means, base = np.mean(accuracies, axis=1), accuracies[0]
    return _points(accuracies), (means < base.min()) | (means > base.max())


@wrong("ablation_effects", says="the answer is turned round")
def effects_that_overlap(accuracies):
    return _points(accuracies), ~_apart(accuracies)


@wrong("ablation_effects", says="not & (and)")
def effects_with_and(accuracies):
    low, high = np.min(accuracies, axis=1), np.max(accuracies, axis=1)
    return _points(accuracies), (high < low[0]) & (low > high[0])


@right("ablation_effects")
def effects_by_loops(accuracies):
    base, points, apart = list(accuracies[0]), [], []
    for row in accuracies:
        points.append(100 * (sum(base) / len(base) - sum(row) / len(row)))
        apart.append(all(a < b for a in row for b in base) or all(a > b for a in row for b in base))
    return points, apart


@right("ablation_effects")
def effects_by_tensorflow(accuracies):
    table = tf.constant(accuracies)
    means = tf.reduce_mean(table, axis=1)
    below = tf.reduce_max(table, axis=1) < tf.reduce_min(table[0])
    above = tf.reduce_min(table, axis=1) > tf.reduce_max(table[0])
    return 100 * (means[0] - means), tf.logical_or(below, above)


@right("ablation_effects")
def effects_by_sorting(accuracies):
    ranks = np.sort(accuracies, axis=1)
    overlap = (ranks[:, 0] <= ranks[0, -1]) & (ranks[0, 0] <= ranks[:, -1])
    return 100 * np.mean(accuracies[0] - accuracies, axis=1), 1 - overlap


# -- best_fit ---------------------------------------------------------------------------------------------------------


def _fit(kernels, family, size=np.abs):
    products = kernels @ family.T
    best = np.argmax(size(products), axis=1)
    factors = products[np.arange(len(kernels)), best]
    return factors**2 / np.sum(kernels**2, axis=1), factors, family[best]


@wrong("best_fit", says="only positive multiples were looked at")
def fit_positive(kernels, family):
    shares, factors, functions = _fit(kernels, family, size=np.array)
    return shares, factors[:, None] * functions


@wrong("best_fit", says="the share is its square")
def fit_cosine(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return np.sqrt(shares), factors[:, None] * functions


@wrong("best_fit", says="divide by the kernel's own sum of squares")
def fit_not_divided(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return factors**2, factors[:, None] * functions


@wrong("best_fit", says="not by its root")
def fit_divided_by_the_length(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return factors**2 / np.linalg.norm(kernels, axis=1), factors[:, None] * functions


@wrong("best_fit", says="this is the share that is left")
def fit_the_rest(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return 1 - shares, factors[:, None] * functions


@wrong("best_fit", says="the factor is missing")
def fit_without_factor(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return shares, functions


@wrong("best_fit", says="the factor has lost its sign")
def fit_without_sign(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return shares, np.abs(factors)[:, None] * functions


@wrong("best_fit", says="this is what is left of the kernels")
def fit_what_is_left(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return shares, kernels - factors[:, None] * functions


@wrong("best_fit", says="the mean over the family")
def fit_mean(kernels, family):
    shares, factors, functions = _fit(kernels, family)
    return np.mean((kernels @ family.T) ** 2, axis=1) / np.sum(kernels**2, axis=1), factors[:, None] * functions


@wrong("best_fit", says="one share for each kernel, not for each function")
def fit_along_the_other_axis(kernels, family):
    products = (kernels @ family.T) ** 2 / np.sum(kernels**2, axis=1, keepdims=True)
    return products.max(axis=0), _fit(kernels, family)[1][:, None] * _fit(kernels, family)[2]


@right("best_fit")
def fit_with_loops(kernels, family):
    shares, fitted = [], []
    for k in kernels:
        share, multiple = max(
            ((1 - np.sum((k - (k @ g) * g) ** 2) / np.sum(k**2), (k @ g) * g) for g in family), key=lambda pair: pair[0]
        )
        shares.append(share)
        fitted.append(multiple)
    return shares, fitted


@right("best_fit")
def fit_by_tensorflow(kernels, family):
    products = tf.linalg.matmul(kernels, family, transpose_b=True)
    best = tf.argmax(tf.abs(products), axis=1)
    factors = tf.gather(products, best, axis=1, batch_dims=1)
    shares = (factors / tf.norm(kernels, axis=1)) ** 2
    return shares, factors[:, None] * tf.gather(family, best)


@right("best_fit")
def fit_by_the_rest(kernels, family):
    multiples = np.einsum("nd,md->nm", kernels, family)[..., None] * family
    left = np.sum((kernels[:, None] - multiples) ** 2, axis=2)
    best = left.argmin(axis=1)
    n = np.arange(len(kernels))
    return [1 - left[n, best] / np.sum(kernels**2, axis=1), multiples[n, best]]


# -- receptive_field --------------------------------------------------------------------------------------------------


@wrong("receptive_field", says="the strides are ignored")
def field_without_strides(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


@wrong("receptive_field", says="update the field first, then the jump")
def field_jumps_first(layers):
    field = jump = 1
    for kernel, stride in layers:
        jump *= stride
        field += (kernel - 1) * jump
    return field


@wrong("receptive_field", says="adds k - 1 steps, not k")
def field_of_whole_kernels(layers):
    field = jump = 1
    for kernel, stride in layers:
        field += kernel * jump
        jump *= stride
    return field


@wrong("receptive_field", says="start from 1")
def field_from_zero(layers):
    field, jump = 0, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


@wrong("receptive_field", says="the kernels are multiplied")
def field_multiplied(layers):
    return int(np.prod([kernel for kernel, _ in layers]))


@wrong("receptive_field", says="this is the sum of the kernels")
def field_summed(layers):
    return sum(kernel for kernel, _ in layers)


@wrong("receptive_field", says="return it alone")
def field_and_jump(layers):
    field = jump = 1
    for kernel, stride in layers:
        field, jump = field + (kernel - 1) * jump, jump * stride
    return field, jump


@wrong("receptive_field", says="not k // 2")
def field_of_half_kernels(layers):
    field = jump = 1
    for kernel, stride in layers:
        field, jump = field + kernel // 2 * jump, jump * stride
    return field


@right("receptive_field")
def field_from_the_top(layers):
    size = 1
    for kernel, stride in reversed(layers):
        size = (size - 1) * stride + kernel
    return size


@right("receptive_field")
def field_with_numpy(layers):
    kernels, strides = np.array(layers).T
    jumps = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return 1 + np.sum((kernels - 1) * jumps)


# -- influence --------------------------------------------------------------------------------------------------------


def _slopes(model, images, neurons):
    pixels = tf.Variable(images)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(neurons(model(pixels)))
    return tape.gradient(value, pixels).numpy()


def _middle(maps):
    return maps[:, maps.shape[1] // 2, maps.shape[2] // 2]


@wrong("influence", says="the derivative of all places was taken")
def influence_on_all(model, images):
    return (_slopes(model, images, lambda maps: maps) != 0).any(axis=(0, 3))


@wrong("influence", says="the upper left corner")
def influence_on_the_corner(model, images):
    return (_slopes(model, images, lambda maps: maps[:, 0, 0]) != 0).any(axis=(0, 3))


@wrong("influence", says="the middle is h' // 2")
def influence_one_place_early(model, images):
    slopes = _slopes(model, images, lambda maps: maps[:, (maps.shape[1] - 1) // 2, (maps.shape[2] - 1) // 2])
    return (slopes != 0).any(axis=(0, 3))


@wrong("influence", says="only positive derivatives count")
def influence_upwards(model, images):
    return (_slopes(model, images, _middle) > 0).any(axis=(0, 3))


@wrong("influence", says="not in all")
def influence_in_all_images(model, images):
    return (_slopes(model, images, _middle) != 0).all(axis=(0, 3))


@wrong("influence", says="only the first image counts")
def influence_in_one_image(model, images):
    return _slopes(model, images, _middle)[0, ..., 0] != 0


@wrong("influence", says="only the first channel")
def influence_on_one_channel(model, images):
    return (_slopes(model, images, lambda maps: _middle(maps)[:, 0]) != 0).any(axis=(0, 3))


@wrong("influence", says="This is the derivative itself")
def influence_as_a_number(model, images):
    return np.abs(_slopes(model, images, _middle)).max(axis=(0, 3))


@wrong("influence", says="join images and channels")
def influence_of_each(model, images):
    return _slopes(model, images, _middle) != 0


@wrong("influence", says="did not watch")
def influence_unwatched(model, images):
    pixels = tf.constant(images)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(_middle(model(pixels)))
    return tape.gradient(value, pixels)


@wrong("influence", says="the answer is turned round")
def influence_turned_round(model, images):
    return (_slopes(model, images, _middle) == 0).all(axis=(0, 3))


@right("influence")
def influence_image_by_image(model, images):
    seen = np.zeros(images.shape[1:3])
    for image in images:
        seen = np.maximum(seen, _slopes(model, image[None], _middle)[0, ..., 0] != 0)
    return seen.astype(int)


@right("influence")
def influence_by_a_watched_constant(model, images):
    pixels = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        middle = _middle(model(pixels))
    return tf.reduce_max(tf.abs(tape.gradient(middle, pixels)), axis=(0, 3)) > 0


@right("influence")
def influence_pixel_by_pixel(model, images):
    h, w = images.shape[1:3]
    nudges = 0.01 * np.eye(h * w, dtype="float32").reshape(h * w, h, w, 1)
    seen = np.zeros((h, w), bool)
    for image in images:
        change = _middle(np.asarray(model(image + nudges))) - _middle(np.asarray(model(image[None])))
        seen |= (np.abs(change) > 1e-5).any(axis=1).reshape(h, w)
    return seen


# -- stack_cost -------------------------------------------------------------------------------------------------------


def _layers(side, channels, stack):
    """Weights, filters and new side of each layer that has some."""
    found = []
    for filters, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        if filters:
            found.append((kernel**2 * channels * filters, filters, side))
            channels = filters
    return found


@wrong("stack_cost", says="the biases are missing")
def cost_without_biases(side, channels, stack):
    layers = _layers(side, channels, stack)
    return sum(w for w, _, _ in layers), sum(w * s * s for w, _, s in layers)


@wrong("stack_cost", says="the channels stay as they were")
def cost_of_the_first_channels(side, channels, stack):
    parameters = work = 0
    for filters, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        parameters += kernel * kernel * channels * filters + filters
        work += kernel * kernel * channels * filters * side * side
    return parameters, work


@wrong("stack_cost", says="the channels are missing")
def cost_without_channels(side, channels, stack):
    parameters = work = 0
    for filters, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        parameters += kernel * kernel * filters + filters
        work += kernel * kernel * filters * side * side
    return parameters, work


@wrong("stack_cost", says="not of the old one")
def cost_at_the_old_places(side, channels, stack):
    parameters = work = 0
    for filters, kernel, stride, padding in stack:
        parameters += (kernel * kernel * channels + 1) * filters
        work += kernel * kernel * channels * filters * side * side
        side = (side + 2 * padding - kernel) // stride + 1
        channels = filters or channels
    return parameters, work


@wrong("stack_cost", says="a bias is added, not multiplied")
def cost_with_biases_at_every_place(side, channels, stack):
    layers = _layers(side, channels, stack)
    return sum(w + f for w, f, _ in layers), sum((w + f) * s * s for w, f, s in layers)


@wrong("stack_cost", says="the places are missing")
def cost_without_places(side, channels, stack):
    layers = _layers(side, channels, stack)
    return sum(w + f for w, f, _ in layers), sum(w for w, _, _ in layers)


@wrong("stack_cost", says="side * side")
def cost_of_one_row(side, channels, stack):
    layers = _layers(side, channels, stack)
    return sum(w + f for w, f, _ in layers), sum(w * s for w, _, s in layers)


@wrong("stack_cost", says="the padding is left out")
def cost_without_padding(side, channels, stack):
    unpadded = [(filters, kernel, stride, 0) for filters, kernel, stride, _ in stack]
    layers = _layers(side, channels, unpadded)
    return sum(w + f for w, f, _ in layers), sum(w * s * s for w, _, s in layers)


@wrong("stack_cost", says="zeros are added on both sides")
def cost_with_half_the_padding(side, channels, stack):
    parameters = work = 0
    for filters, kernel, stride, padding in stack:
        side = (side + padding - kernel) // stride + 1
        if filters:
            parameters += kernel * kernel * channels * filters + filters
            work += kernel * kernel * channels * filters * side * side
            channels = filters
    return parameters, work


@wrong("stack_cost", says="pooling was skipped")
def cost_without_pooling(side, channels, stack):
    layers = _layers(side, channels, [layer for layer in stack if layer[0]])
    return sum(w + f for w, f, _ in layers), sum(w * s * s for w, _, s in layers)


@wrong("stack_cost", says="look where `return` stands")
def cost_of_the_first_layer(side, channels, stack):
    for filters, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        weights = kernel * kernel * channels * filters
        return weights + filters, weights * side * side


@wrong("stack_cost", says="as many channels as before")
def cost_with_no_channels_after_pooling(side, channels, stack):
    parameters = work = 0
    for filters, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        parameters += kernel * kernel * channels * filters + filters
        work += kernel * kernel * channels * filters * side * side
        channels = filters
    return parameters, work


@right("stack_cost")
def cost_by_numpy(side, channels, stack):
    layers = np.array(_layers(side, channels, stack))
    return layers[:, :2].sum(), layers[:, 0] @ layers[:, 2] ** 2


@right("stack_cost")
def cost_by_keras(side, channels, stack):
    model = [keras.Input((side, side, channels))]
    for filters, kernel, stride, padding in stack:
        model.append(keras.layers.ZeroPadding2D(padding))
        if filters:
            model.append(keras.layers.Conv2D(filters, kernel, stride))
        else:
            model.append(keras.layers.MaxPooling2D(kernel, stride))
    model = keras.Sequential(model)
    work = sum(
        np.prod(layer.kernel.shape) * layer.output.shape[1] ** 2 for layer in model.layers if hasattr(layer, "kernel")
    )
    return [model.count_params(), work]


@right("stack_cost")
def cost_recursively(side, channels, stack):
    if not stack:
        return 0, 0
    (filters, kernel, stride, padding), *rest = stack
    side = 1 + (side + 2 * padding - kernel) // stride
    parameters, work = cost_recursively(side, filters or channels, rest)
    weights = kernel * kernel * channels * filters
    return parameters + weights + filters, work + weights * side**2


# -- at_size ----------------------------------------------------------------------------------------------------------


def _resized(images, side):
    return tf.image.resize(images, (side, side), antialias=True).numpy()


def _framed(images, side, before):
    """The resized images with `before` pixels of the edge above and to the left."""
    resized = _resized(images, side)
    if side >= 28:
        return resized[:, before : before + 28, before : before + 28]
    after = 28 - side - before
    return np.pad(resized, ((0, 0), (before, after), (before, after), (0, 0)))


@wrong("at_size", says="have not been brought back to 28")
def size_only_resized(images, side):
    return _resized(images, side)


@wrong("at_size", says="upper left corner")
def size_in_the_corner(images, side):
    return _framed(images, side, 0)


@wrong("at_size", says="lower right corner")
def size_in_the_other_corner(images, side):
    return _framed(images, side, abs(28 - side))


@wrong("at_size", says="undoes the change")
def size_there_and_back(images, side):
    return tf.image.resize(_resized(images, side), (28, 28))


@wrong("at_size", says="antialias=True is missing")
def size_without_antialias(images, side):
    return tf.image.resize_with_crop_or_pad(tf.image.resize(images, (side, side)), 28, 28)


@wrong("at_size", says="the frame is made of ones")
def size_in_a_white_frame(images, side):
    resized, edge = _resized(images, side), abs(28 - side) // 2
    if side >= 28:
        return resized[:, edge : edge + 28, edge : edge + 28]
    return np.pad(resized, ((0, 0), (edge, edge), (edge, edge), (0, 0)), constant_values=1)


@wrong("at_size", says="the pictures are unchanged")
def size_of_the_old(images, side):
    return images


@wrong("at_size", says="Larger digits")
def size_smaller_only(images, side):
    edge = (28 - side) // 2
    return np.pad(_resized(images, side), ((0, 0), (edge, edge), (edge, edge), (0, 0)))


@wrong("at_size", says="half of what is missing")
def size_with_a_double_edge(images, side):
    if side >= 28:
        return _resized(images, side)[:, side - 28 :, side - 28 :]
    return np.pad(_resized(images, side), ((0, 0), *2 * [(28 - side, 28 - side)], (0, 0)))


@wrong("at_size", says="nothing was resized")
def size_cut_out_and_framed(images, side):
    if side >= 28:
        return _framed(images, side, (side - 28) // 2)
    edge = (28 - side) // 2
    inside = images[:, edge : 28 - edge, edge : 28 - edge]
    return np.pad(inside, ((0, 0), (edge, edge), (edge, edge), (0, 0)))


@right("at_size")
def size_by_tensorflow(images, side):
    return tf.image.resize_with_crop_or_pad(tf.image.resize(images, (side, side), antialias=True), 28, 28)


@right("at_size")
def size_by_keras_layers(images, side):
    resized = keras.ops.image.resize(images, (side, side), antialias=True)
    edge = abs(side - 28) // 2
    if side > 28:
        return keras.layers.Cropping2D(edge)(resized)
    return keras.layers.ZeroPadding2D(edge)(resized)


@right("at_size")
def size_into_a_canvas(images, side):
    canvas = np.zeros((len(images), 60, 60, 1))
    low = 30 - side // 2
    canvas[:, low : low + side, low : low + side] = _resized(images, side)
    return canvas[:, 16:44, 16:44]
