"""Planted answers for lab 06: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy import signal, special

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


@wrong("correlate", says="an array of shape")
def correlate_one_place(image, kernel):
    kh, kw = kernel.shape
    return np.sum(image[:kh, :kw] * kernel)


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


# -- output_size ------------------------------------------------------------------------------------------------------


@wrong("output_size", says="the + 1 is missing")
def size_off_by_one(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) // stride


@wrong("output_size", says="padding adds p zeros on each side")
def size_padded_once(n, kernel, stride, padding):
    return (n + padding - kernel) // stride + 1


@wrong("output_size", says="+ 1 comes after the division")
def size_one_inside(n, kernel, stride, padding):
    return (n + 2 * padding - kernel + 1) // stride


@wrong("output_size", says="// rounds down")
def size_fraction(n, kernel, stride, padding):
    return (n + 2 * padding - kernel) / stride + 1


@wrong("output_size", says="the padding is missing")
def size_unpadded(n, kernel, stride, padding):
    return (n - kernel) // stride + 1


@right("output_size")
def size_by_counting(n, kernel, stride, padding):
    left, places = -padding, 0
    while left + kernel <= n + padding:
        left, places = left + stride, places + 1
    return places


@right("output_size")
def size_as_numpy_number(n, kernel, stride, padding):
    return np.floor((n + 2 * padding - kernel) / stride) + 1


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


@wrong("pool", says="the loop ends too early")
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


# -- softmax ----------------------------------------------------------------------------------------------------------


@wrong("softmax", says="subtract the largest score of each row first")
def softmax_overflows(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@wrong("softmax", says="a row far below it underflows")
def softmax_one_maximum(z):
    powers = np.exp(z - z.max())
    return powers / powers.sum(axis=1, keepdims=True)


@wrong("softmax", says="each row has its own")
def softmax_over_everything(z):
    powers = np.exp(z - z.max())
    return powers / powers.sum()


@wrong("softmax", says="it belongs to the classes, axis 1")
def softmax_wrong_axis(z):
    powers = np.exp(z - z.max(axis=0))
    return powers / powers.sum(axis=0)


@wrong("softmax", says="clipping makes all large scores equal")
def softmax_clips(z):
    powers = np.exp(np.clip(z, -500, 500))
    return powers / powers.sum(axis=1, keepdims=True)


@wrong("softmax", says="the smallest score was subtracted")
def softmax_above_the_smallest(z):
    powers = np.exp(z - z.min(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@wrong("softmax", says="the mean score was subtracted")
def softmax_above_the_mean(z):
    powers = np.exp(z - z.mean(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@right("softmax")
def softmax_by_logarithms(z):
    return np.exp(z - special.logsumexp(z, axis=1, keepdims=True))


@right("softmax")
def softmax_row_by_row(z):
    rows = []
    for row in z.astype("float32"):
        powers = [np.exp(value - max(row)) for value in row]
        rows.append([power / sum(powers) for power in powers])
    return rows


# -- conv_parameters --------------------------------------------------------------------------------------------------


@wrong("conv_parameters", says="the biases are missing")
def parameters_without_bias(kernel, channels, filters):
    return kernel**2 * channels * filters


@wrong("conv_parameters", says="the channel axis is forgotten")
def parameters_without_channels(kernel, channels, filters):
    return (kernel**2 + 1) * filters


@wrong("conv_parameters", says="one bias for each kernel, not one in all")
def parameters_with_one_bias(kernel, channels, filters):
    return kernel**2 * channels * filters + 1


@wrong("conv_parameters", says="the window is square")
def parameters_of_a_row(kernel, channels, filters):
    return (kernel * channels + 1) * filters


@right("conv_parameters")
def parameters_by_keras(kernel, channels, filters):
    layer = keras.layers.Conv2D(filters, kernel)
    layer.build((None, None, None, channels))
    return layer.count_params()


@right("conv_parameters")
def parameters_by_arrays(kernel, channels, filters):
    return np.zeros((kernel, kernel, channels, filters)).size + np.zeros(filters).size


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
    use_bias=False, normalise=True, relu=True, head="average", stride=2, padding="same", last="softmax", pool_last=False
):
    layers = keras.layers
    body = []
    for number, (filters, kernel) in enumerate(((16, 5), (32, 3), (64, 3))):
        block = [layers.BatchNormalization()] if normalise else []
        block += [layers.ReLU()] if relu else []
        pooling = [layers.MaxPooling2D(2)] if number else []
        body.append(layers.Conv2D(filters, kernel, strides=1 if number else stride, padding=padding, use_bias=use_bias))
        body += block + pooling if pool_last else pooling + block
    top = layers.Flatten() if head == "flatten" else layers.GlobalAveragePooling2D()
    return keras.Sequential([keras.Input((28, 28, 1)), *body, top, layers.Dense(10, activation=last)])


@wrong("small_cnn", says="use_bias=False")
def small_with_biases():
    return _small(use_bias=True)


@wrong("small_cnn", says="batch normalisation is missing")
def small_without_normalisation():
    return _small(normalise=False)


@wrong("small_cnn", says="the maps are flattened")
def small_flattened():
    return _small(head="flatten")


@wrong("small_cnn", says="the first convolution has no stride of 2")
def small_without_stride():
    return _small(stride=1)


@wrong("small_cnn", says="the padding is not 'same'")
def small_unpadded():
    return _small(padding="valid")


@wrong("small_cnn", says="ReLU is missing")
def small_without_relu():
    return _small(relu=False)


@wrong("small_cnn", says="the softmax at the end is missing")
def small_without_softmax():
    return _small(last=None)


@wrong("small_cnn", says="A convolution has its own activation")
def small_with_activation_inside():
    layers = keras.layers
    body = [keras.Input((28, 28, 1))]
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        body.append(layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, activation="relu"))
        body += ([] if stride == 2 else [layers.MaxPooling2D(2)]) + [layers.BatchNormalization()]
    return keras.Sequential([*body, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])


@wrong("small_cnn", says="ReLU stands before the normalisation")
def small_with_relu_first():
    layers = keras.layers
    body = [keras.Input((28, 28, 1))]
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        body.append(layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False))
        body += ([] if stride == 2 else [layers.MaxPooling2D(2)]) + [layers.ReLU(), layers.BatchNormalization()]
    return keras.Sequential([*body, layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])


@wrong("small_cnn", says="frozen")
def small_with_frozen_normalisation():
    model = _small()
    for layer in model.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return model


@wrong("small_cnn", says="Dropout")
def small_with_dropout():
    model = _small()
    return keras.Sequential([keras.Input((28, 28, 1)), *model.layers[:-1], keras.layers.Dropout(0.2), model.layers[-1]])


@wrong("small_cnn", says="start at the same value")
def small_from_zeros():
    model = _small()
    model.layers[-1].set_weights([np.zeros((64, 10)), np.zeros(10)])
    return model


@wrong("small_cnn", says="ReLU6")
def small_with_a_capped_relu():
    model = _small()
    body = [keras.layers.ReLU(6) if isinstance(layer, keras.layers.ReLU) else layer for layer in model.layers]
    return keras.Sequential([keras.Input((28, 28, 1)), *body])


@wrong("small_cnn", says="average pooling between the convolutions")
def small_with_averages():
    model = _small()
    kinds = keras.layers.MaxPooling2D, keras.layers.AveragePooling2D
    body = [kinds[1](2) if isinstance(layer, kinds[0]) else layer for layer in model.layers]
    return keras.Sequential([keras.Input((28, 28, 1)), *body])


@right("small_cnn")
def small_with_pooling_last():
    return _small(pool_last=True)


@right("small_cnn")
def small_functional():
    layers = keras.layers
    inputs = x = keras.Input((28, 28, 1))
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = x if stride == 2 else layers.MaxPool2D(2)(x)
    return keras.Model(inputs, layers.Softmax()(layers.Dense(10)(layers.GlobalAveragePooling2D()(x))))


@right("small_cnn")
class SmallByAttributes(keras.Model):
    """Convolutions in one list, normalisations in another."""

    def __init__(self):
        super().__init__()
        layers = keras.layers
        self.last = layers.Dense(10, activation="softmax")
        self.norms = [layers.BatchNormalization() for _ in range(3)]
        shapes = ((64, 3, 1), (32, 3, 1), (16, 5, 2))
        self.convolutions = [layers.Conv2D(f, k, s, padding="same", use_bias=False) for f, k, s in shapes]
        self(np.zeros((1, 28, 28, 1), "float32"))

    def call(self, x):
        for number, convolve in enumerate(self.convolutions[::-1]):
            x = convolve(x)
            x = keras.ops.max_pool(x, 2) if number else x
            x = keras.ops.relu(self.norms[number](x))
        return self.last(keras.ops.mean(x, axis=(1, 2)))


@right("small_cnn")
def small_in_blocks():
    layers = _small().layers
    body = [keras.Sequential(layers[:3]), keras.Sequential(layers[3:7]), keras.Sequential(layers[7:11])]
    return keras.Sequential([keras.Input((28, 28, 1)), *body, *layers[11:]])


@right("small_cnn")
def small_with_a_convolution_at_the_end():
    layers = _small().layers
    head = [keras.layers.Conv2D(10, 1), keras.layers.GlobalAveragePooling2D(), keras.layers.Softmax()]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers[:11], *head])


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
