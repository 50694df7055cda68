"""Planted answers for lab 07: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.planted import right, wrong

# -- error_at_k ------------------------------------------------------------------------------------------------------


@wrong("error_at_k", says="the error is the rest")
def top_k_accuracy(scores, labels, k):
    return np.mean(np.any(np.argsort(scores, axis=1)[:, -k:] == labels[:, None], axis=1))


@wrong("error_at_k", says="the k lowest scores are taken")
def lowest_k(scores, labels, k):
    return np.mean(~np.any(np.argsort(scores, axis=1)[:, :k] == labels[:, None], axis=1))


@wrong("error_at_k", says="top-1 error whatever k is")
def always_top_1(scores, labels, k):
    return np.mean(scores.argmax(axis=1) != labels)


@wrong("error_at_k", says="only the class in k-th place")
def only_the_kth(scores, labels, k):
    return np.mean(np.argsort(scores, axis=1)[:, -k] != labels)


@wrong("error_at_k", says="number of errors")
def errors_counted(scores, labels, k):
    return np.sum(~np.any(np.argsort(scores, axis=1)[:, -k:] == labels[:, None], axis=1))


@wrong("error_at_k", says="one class too many")
def one_too_many(scores, labels, k):
    own = scores[np.arange(len(labels)), labels]
    return np.mean((scores > own[:, None]).sum(axis=1) > k)


@wrong("error_at_k", says="any(axis=1)")
def mean_over_all_places(scores, labels, k):
    return np.mean(np.argsort(scores, axis=1)[:, -k:] != labels[:, None])


@wrong("error_at_k", says="in per cent")
def top_k_in_per_cent(scores, labels, k):
    return 100 * top_k_by_loops(scores, labels, k)


@wrong("error_at_k", says="five classes are taken")
def always_top_5(scores, labels, k):
    return np.mean(~np.any(np.argsort(scores, axis=1)[:, -5:] == labels[:, None], axis=1))


@wrong("error_at_k", says="the best classes of all pictures")
def top_k_of_anybody(scores, labels, k):
    return 1 - np.mean(np.isin(labels, np.argsort(scores, axis=1)[:, -k:]))


@right("error_at_k")
def top_k_by_keras(scores, labels, k):
    return 1 - np.mean(keras.metrics.sparse_top_k_categorical_accuracy(labels, scores, k=k))


@right("error_at_k")
def top_k_by_loops(scores, labels, k):
    missed = 0
    for row, label in zip(scores, labels, strict=True):
        best = sorted(range(len(row)), key=lambda c: -row[c])[:k]
        missed += label not in best
    return missed / len(labels)


@right("error_at_k")
def top_k_in_tensorflow(scores, labels, k):
    return 1 - tf.reduce_mean(tf.cast(tf.math.in_top_k(labels, tf.cast(scores, tf.float32), k), tf.float32))


# -- count_network ----------------------------------------------------------------------------------------------------


def _count(network, size, channels, slip=""):
    rows = []
    for kind, *how in network:
        if kind == "dense":
            inputs = channels if slip == "flatten" else size**2 * channels
            rows.append((inputs * how[0] + how[0] * (slip != "no bias"), (inputs + (slip == "bias work")) * how[0]))
            size, channels = 1, how[0]
        elif kind == "pool":
            size = (size - how[0] + (slip == "round") * (how[1] - 1)) // how[1] + 1
            rows.append((0, how[0] ** 2 * channels * size**2 if slip == "pool" else 0))
        else:
            n, kernel, stride, padding = how
            before = size
            size += (1 if slip == "one side" else 2) * padding - kernel + (slip == "round") * (stride - 1)
            size = size // (1 if slip == "stride" else stride) + 1
            filters = (1 if slip == "multiplier" else n) * channels if kind == "depthwise" else n
            weights = kernel**2 * filters
            if kind == "conv" and slip != "channels" or kind == "depthwise" and slip == "full":
                weights *= channels
            bias = {"no bias": 0, "per place": filters * size**2}.get(slip, filters)
            used = weights + (slip == "bias work") * filters
            rows.append((weights + bias, used * {"once": 1, "before": before**2}.get(slip, size**2)))
            channels = filters
    return rows


@wrong("count_network", says="the bias is counted once per place")
def bias_per_place(network, size, channels):
    return _count(network, size, channels, "per place")


@wrong("count_network", says="the biases are missing")
def without_biases(network, size, channels):
    return _count(network, size, channels, "no bias")


@wrong("count_network", says="the depth multiplier is ignored")
def without_multiplier(network, size, channels):
    return _count(network, size, channels, "multiplier")


@wrong("count_network", says="a depthwise kernel sees one channel only")
def depthwise_as_full(network, size, channels):
    return _count(network, size, channels, "full")


@wrong("count_network", says="a slice for every channel")
def without_channels(network, size, channels):
    return _count(network, size, channels, "channels")


@wrong("count_network", says="once per place of the output")
def places_of_the_input(network, size, channels):
    return _count(network, size, channels, "before")


@wrong("count_network", says="those of one place")
def one_place_only(network, size, channels):
    return _count(network, size, channels, "once")


@wrong("count_network", says="every place of every map")
def dense_without_flatten(network, size, channels):
    return _count(network, size, channels, "flatten")


@wrong("count_network", says="padding stands on both sides")
def padding_on_one_side(network, size, channels):
    return _count(network, size, channels, "one side")


@wrong("count_network", says="the stride is left out")
def without_stride(network, size, channels):
    return _count(network, size, channels, "stride")


@wrong("count_network", says="parameters first")
def counts_swapped(network, size, channels):
    return [pair[::-1] for pair in _count(network, size, channels)]


@wrong("count_network", says="it is only added")
def bias_multiplied(network, size, channels):
    return _count(network, size, channels, "bias work")


@wrong("count_network", says="no kernel weights to multiply with")
def pooling_counted(network, size, channels):
    return _count(network, size, channels, "pool")


@wrong("count_network", says="the side is rounded up")
def side_rounded_up(network, size, channels):
    return _count(network, size, channels, "round")


@wrong("count_network", says="the size is not updated")
def size_not_updated(network, size, channels):
    rows = []
    for layer in network:
        rows += _count([layer], size, channels)
        kind, number = layer[:2]
        size = 1 if kind == "dense" else size
        channels = {"pool": channels, "depthwise": number * channels}.get(kind, number)
    return rows


@right("count_network")
def counted_by_keras(network, size, channels):
    x = inputs = keras.Input((size, size, channels))
    rows = []
    for kind, *how in network:
        if kind == "pool":
            x = layers.MaxPooling2D(how[0], how[1])(x)
            rows.append([0, 0])
            continue
        if kind == "dense":
            layer = layers.Dense(how[0])
            x = layer(layers.Flatten()(x))
            rows.append([layer.count_params(), int(np.prod(layer.kernel.shape))])
            continue
        n, kernel, stride, padding = how
        x = layers.ZeroPadding2D(padding)(x)
        if kind == "conv":
            layer = layers.Conv2D(n, kernel, stride)
        else:
            layer = layers.DepthwiseConv2D(kernel, stride, depth_multiplier=n)
        x = layer(x)
        rows.append([layer.count_params(), int(np.prod(layer.kernel.shape)) * x.shape[1] * x.shape[2]])
    assert inputs is not None
    return np.array(rows)


@right("count_network")
def counted_as_floats(network, size, channels):
    return tf.constant(np.array(_count(network, size, channels)), tf.float64)


# -- inception --------------------------------------------------------------------------------------------------------


def _conv(x, filters, kernel, activation="relu"):
    return layers.Conv2D(filters, kernel, padding="same", activation=activation)(x)


def _module(size, channels, a, b, c, d, e, f, activation="relu", axis=-1, order=(0, 1, 2, 3), late=False, pool=True):
    inputs = keras.Input((size, size, channels))
    pooling = layers.MaxPooling2D(3, strides=1, padding="same") if pool else layers.Activation("linear")
    branches = [
        _conv(inputs, a, 1, activation),
        _conv(_conv(inputs, b, 1, activation), c, 3, activation),
        _conv(_conv(inputs, d, 1, activation), e, 5, activation),
        pooling(_conv(inputs, f, 1, activation)) if late else _conv(pooling(inputs), f, 1, activation),
    ]
    return keras.Model(inputs, layers.Concatenate(axis)([branches[k] for k in order]))


@wrong("inception", says="wrong axis")
def concatenated_along_rows(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    if len({ones, threes, fives, pooled}) > 1:
        return _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled)
    return _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled, axis=1)


@wrong("inception", says="stand after the large kernels")
def reduced_afterwards(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    x = keras.Input((size, size, channels))
    pool = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branches = [_conv(x, ones, 1), _conv(_conv(x, reduce3, 3), threes, 1), _conv(_conv(x, reduce5, 5), fives, 1)]
    return keras.Model(x, layers.Concatenate()([*branches, _conv(pool, pooled, 1)]))


@wrong("inception", says="this is the naive module")
def naive_module(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    x = keras.Input((size, size, channels))
    pool = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    return keras.Model(
        x, layers.Concatenate()([_conv(x, ones, 1), _conv(x, threes, 3), _conv(x, fives, 5), _conv(pool, pooled, 1)])
    )


@wrong("inception", says="the 1×1 after the pooling is missing")
def pooling_without_projection(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    x = keras.Input((size, size, channels))
    pool = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    three, five = _conv(_conv(x, reduce3, 1), threes, 3), _conv(_conv(x, reduce5, 1), fives, 5)
    return keras.Model(x, layers.Concatenate()([_conv(x, ones, 1), three, five, pool]))


@wrong("inception", says="the activations are missing")
def inception_without_relu(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    return _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled, activation=None)


@wrong("inception", says="stands before the pooling")
def pooled_last(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    return _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled, late=True)


@wrong("inception", says="the pooling is missing")
def inception_without_pooling(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    return _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled, pool=False)


@wrong("inception", says="the pooled maps come last")
def pooled_maps_first(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    return _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled, order=(3, 0, 1, 2))


@wrong("inception", says="padding='same' everywhere")
def pooling_with_its_own_stride(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    inputs = keras.Input((size, size, channels))
    branches = [
        _conv(inputs, ones, 1),
        _conv(_conv(inputs, reduce3, 1), threes, 3),
        _conv(_conv(inputs, reduce5, 1), fives, 5),
        _conv(layers.MaxPooling2D(3, padding="same")(inputs), pooled, 1),
    ]
    return keras.Model(inputs, layers.Concatenate()(branches))


@wrong("inception", says="stand in a row")
def branches_in_a_row(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    inputs = keras.Input((size, size, channels))
    first = _conv(inputs, ones, 1)
    second = _conv(_conv(first, reduce3, 1), threes, 3)
    third = _conv(_conv(second, reduce5, 1), fives, 5)
    last = _conv(layers.MaxPooling2D(3, 1, padding="same")(third), pooled, 1)
    return keras.Model(inputs, layers.Concatenate()([first, second, third, last]))


@wrong("inception", says="the branches are added")
def branches_added(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    model = _module(size, channels, ones, reduce3, threes, reduce5, fives, pooled)
    return keras.Model(model.input, layers.Add()(model.layers[-1].input))


@right("inception")
def inception_from_the_end(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    x = keras.Input((size, size, channels))
    last = _conv(layers.MaxPool2D(3, 1, "same")(x), pooled, 1)
    five = _conv(_conv(x, reduce5, 1), fives, 5)
    three = _conv(_conv(x, reduce3, 1), threes, 3)
    return keras.Model(x, keras.ops.concatenate([_conv(x, ones, 1), three, five, last], axis=-1))


@right("inception")
def inception_with_relu_layers(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    x = keras.Input((size, size, channels))

    def conv(y, filters, kernel):
        return layers.ReLU()(layers.Conv2D(filters, (kernel, kernel), padding="SAME")(y))

    maps = [conv(x, ones, 1), conv(conv(x, reduce3, 1), threes, 3), conv(conv(x, reduce5, 1), fives, 5)]
    maps.append(conv(layers.MaxPooling2D((3, 3), (1, 1), "same")(x), pooled, 1))
    out = maps[0]
    for more in maps[1:]:
        out = layers.Concatenate(axis=3)([out, more])
    return keras.Model(inputs=x, outputs=out)


# -- total_loss -------------------------------------------------------------------------------------------------------


def _losses(labels, outputs):
    return [-np.mean(np.log(p[np.arange(len(labels)), labels])) for p in outputs]


@wrong("total_loss", says="auxiliary losses have no weight")
def losses_unweighted(labels, outputs, weight):
    return sum(_losses(labels, outputs))


@wrong("total_loss", says="the real loss is weighted as well")
def all_weighted(labels, outputs, weight):
    return weight * sum(_losses(labels, outputs))


@wrong("total_loss", says="the auxiliary losses are averaged")
def auxiliaries_averaged(labels, outputs, weight):
    real, *extra = _losses(labels, outputs)
    return real + weight * (np.mean(extra) if extra else 0)


@wrong("total_loss", says="the last output is taken for the real one")
def last_is_real(labels, outputs, weight):
    *extra, real = _losses(labels, outputs)
    return real + weight * sum(extra)


@wrong("total_loss", says="sums over the batch")
def summed_over_the_batch(labels, outputs, weight):
    real, *extra = _losses(labels, outputs)
    return len(labels) * (real + weight * sum(extra))


@wrong("total_loss", says="only that of the true class counts")
def all_probabilities(labels, outputs, weight):
    real, *extra = [-np.mean(np.log(p)) for p in outputs]
    return real + weight * sum(extra)


@wrong("total_loss", says="take np.log")
def logarithm_to_the_base_10(labels, outputs, weight):
    return total_loss_as_a_product(labels, outputs, weight) / np.log(10)


@wrong("total_loss", says="p[rows, labels] pairs them")
def every_column(labels, outputs, weight):
    real, *extra = [-np.mean(np.log(p[:, labels])) for p in outputs]
    return real + weight * sum(extra)


@wrong("total_loss", says="the weight is 0.3 whatever")
def weight_as_in_the_text(labels, outputs, weight):
    return total_loss_as_a_product(labels, outputs, 0.3)


@wrong("total_loss", says="answers once per place")
def output_per_place_taken(labels, outputs, weight):
    real, *extra = [-np.mean(np.log(p[np.arange(len(labels)), labels])) for p in outputs]
    return real + weight * sum(extra)


@wrong("total_loss", says="answers once per place")
def only_the_real_output_looked_at(labels, outputs, weight):
    if outputs[0].ndim != 2:
        raise ValueError("one answer per picture is needed")
    return output_per_place_taken(labels, outputs, weight)


@right("total_loss")
def total_loss_by_keras(labels, outputs, weight):
    total = 0.0
    for number, p in enumerate(outputs):
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, p))
        total += loss if number == 0 else weight * loss
    return total


@right("total_loss")
def total_loss_as_a_product(labels, outputs, weight):
    if any(np.shape(p) != (len(labels), outputs[0].shape[-1]) for p in outputs):
        raise ValueError("a head without pooling")
    return np.array(_losses(labels, outputs)) @ np.array([1.0] + [weight] * (len(outputs) - 1))


# -- gradient_norms ---------------------------------------------------------------------------------------------------


def _gradients(model, x, y, variables, reduce=tf.reduce_mean):
    with tf.GradientTape() as tape:
        loss = reduce(keras.losses.sparse_categorical_crossentropy(y, model(x, training=True)))
    return tape.gradient(loss, variables)


def _kernels(model):
    return [v for v in model.trainable_variables if len(v.shape) > 1]


@wrong("gradient_norms", says="biases are in the list")
def norms_of_all(model, x, y):
    return [float(tf.norm(g)) for g in _gradients(model, x, y, model.trainable_variables)]


@wrong("gradient_norms", says="the loss is the sum over the batch")
def norms_of_the_sum(model, x, y):
    return [float(tf.norm(g)) for g in _gradients(model, x, y, _kernels(model), tf.reduce_sum)]


@wrong("gradient_norms", says="squared norms")
def squared_norms(model, x, y):
    return [float(tf.reduce_sum(g**2)) for g in _gradients(model, x, y, _kernels(model))]


@wrong("gradient_norms", says="means of absolute values")
def mean_gradients(model, x, y):
    return [float(tf.reduce_mean(tf.abs(g))) for g in _gradients(model, x, y, _kernels(model))]


@wrong("gradient_norms", says="norms of the weights")
def norms_of_weights(model, x, y):
    return [float(tf.norm(v)) for v in _kernels(model)]


@wrong("gradient_norms", says="from the output down")
def norms_reversed(model, x, y):
    return [float(tf.norm(g)) for g in _gradients(model, x, y, _kernels(model))][::-1]


@wrong("gradient_norms", says="inference mode")
def norms_in_inference_mode(model, x, y):
    kernels = [v for v in model.trainable_variables if len(v.shape) > 1]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x, training=False)))
    return [float(tf.norm(g)) for g in tape.gradient(loss, kernels)]


@wrong("gradient_norms", says="every second variable")
def norms_of_every_second_variable(model, x, y):
    return [float(tf.norm(g)) for g in _gradients(model, x, y, model.trainable_variables)[::2]]


@wrong("gradient_norms", says="largest singular value")
def norms_by_singular_values(model, x, y):
    kernels = [v for v in model.trainable_variables if len(v.shape) > 1]
    return [np.linalg.norm(np.reshape(g, (g.shape[0], -1)), 2) for g in _gradients(model, x, y, kernels)]


@right("gradient_norms")
def norms_with_numpy(model, x, y):
    gradients = _gradients(model, tf.constant(x), tf.constant(y), model.trainable_variables)
    return np.array([np.linalg.norm(g.numpy().ravel()) for g in gradients if g.shape.rank > 1])


@right("gradient_norms")
def norms_from_logits_by_hand(model, x, y):
    found = []
    for kernel in _kernels(model):
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = -tf.reduce_mean(tf.math.log(tf.gather(p, y, batch_dims=1)))
        found.append(tf.sqrt(tf.reduce_sum(tape.gradient(loss, kernel) ** 2)))
    return found


# -- Residual ---------------------------------------------------------------------------------------------------------


class _Residual(layers.Layer):
    def __init__(self, filters, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.stride = filters, stride

    def second_stride(self):
        return 1

    def shortcut_stride(self):
        return self.stride

    def always(self):
        return False

    def between(self):
        return "relu"

    def build(self, input_shape):
        f = self.filters
        self.first = layers.Conv2D(f, 3, self.stride, padding="same", activation=self.between())
        self.second = layers.Conv2D(f, 3, self.second_stride(), padding="same")
        self.shortcut = None
        if self.always() or self.stride != 1 or input_shape[-1] != f:
            self.shortcut = layers.Conv2D(f, 1, self.shortcut_stride(), use_bias=False)

    def paths(self, x):
        return self.second(self.first(x)), x if self.shortcut is None else self.shortcut(x)

    def call(self, x):
        f, shortcut = self.paths(x)
        return keras.ops.relu(f + shortcut)

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "stride": self.stride}


@wrong("Residual", says="the stride belongs to the first convolution and to the shortcut")
class StrideOnOnePath(_Residual):
    def shortcut_stride(self):
        return 1


@wrong("Residual", says="the stride belongs to the first convolution and to the shortcut")
class LectureStride(_Residual):
    def second_stride(self):
        return self.stride


@wrong("Residual", says="where nothing changes; there it is x itself")
class AlwaysAConvolution(_Residual):
    def always(self):
        return True


@wrong("Residual", says="the last ReLU stands before the addition")
class ActivationBeforeAddition(_Residual):
    def call(self, x):
        f, shortcut = self.paths(x)
        return keras.ops.relu(f) + shortcut


@wrong("Residual", says="the ReLU at the end is missing")
class NoLastActivation(_Residual):
    def call(self, x):
        f, shortcut = self.paths(x)
        return f + shortcut


@wrong("Residual", says="the shortcut is not added")
class NoShortcut(_Residual):
    def call(self, x):
        f, shortcut = self.paths(x)
        return keras.ops.relu(f + 0 * shortcut)


@wrong("Residual", says="the ReLU between the two convolutions is missing")
class NoActivationBetween(_Residual):
    def between(self):
        return None


@wrong("Residual", says="get_config loses 'filters' or 'stride'")
class ConfigurationWithoutStride(_Residual):
    def get_config(self):
        config = super().get_config()
        return {key: value for key, value in config.items() if key != "stride"}


@wrong("Residual", says="get_config returns super().get_config() together with")
class ConfigurationWithoutFilters(_Residual):
    def get_config(self):
        config = super().get_config()
        return {key: value for key, value in config.items() if key != "filters"}


@wrong("Residual", says="the two paths are concatenated")
class PathsConcatenated(_Residual):
    def call(self, x):
        return keras.ops.relu(keras.ops.concatenate(self.paths(x), axis=-1))


@wrong("Residual", says="padding='same' in both")
class WithoutPadding(_Residual):
    def build(self, input_shape):
        super().build(input_shape)
        self.first = layers.Conv2D(self.filters, 3, self.stride, activation="relu")


@wrong("Residual", says="the stride is in the second convolution")
class StrideInTheSecond(_Residual):
    def build(self, input_shape):
        super().build(input_shape)
        self.first = layers.Conv2D(self.filters, 3, padding="same", activation="relu")
        self.second = layers.Conv2D(self.filters, 3, self.stride, padding="same")


@wrong("Residual", says="the same convolution is used twice")
class OneConvolutionTwice(_Residual):
    def build(self, input_shape):
        super().build(input_shape)
        if input_shape[-1] == self.filters and self.stride == 1:
            self.first = self.second


@right("Residual")
class MadeInAnotherOrder(layers.Layer):
    def __init__(self, filters, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.stride = filters, stride

    def build(self, input_shape):
        f, c = self.filters, input_shape[-1]
        self.b2, self.b1 = (self.add_weight(shape=(f,), initializer="zeros", name=f"b{k}") for k in (2, 1))
        self.k2 = self.add_weight(shape=(3, 3, f, f), name="k2")
        self.k1 = self.add_weight(shape=(3, 3, c, f), name="k1")
        self.k3 = None if c == f and self.stride == 1 else self.add_weight(shape=(1, 1, c, f), name="k3")

    def call(self, x):
        y = tf.nn.relu(tf.nn.conv2d(x, self.k1, self.stride, "SAME") + self.b1)
        y = tf.nn.conv2d(y, self.k2, 1, "SAME") + self.b2
        return tf.nn.relu(y + (x if self.k3 is None else tf.nn.conv2d(x, self.k3, self.stride, "SAME")))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "stride": self.stride}


@right("Residual")
class ResidualWithAddLayers(layers.Layer):
    def __init__(self, filters, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.stride = stride
        self.convolutions = [
            layers.Conv2D(filters, (3, 3), strides=(stride, stride), padding="same"),
            layers.Conv2D(filters, (3, 3), padding="same"),
        ]
        self.add, self.relu = layers.Add(), layers.ReLU()
        self.projection = layers.Conv2D(filters, 1, strides=stride, padding="same", use_bias=False)

    def call(self, x):
        y = self.convolutions[1](self.relu(self.convolutions[0](x)))
        if x.shape[-1] != self.filters or self.stride > 1:
            x = self.projection(x)
        return self.relu(self.add([x, y]))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "stride": self.stride}


@right("Residual")
class ResidualWithOwnWeights(layers.Layer):
    def __init__(self, filters, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.stride = filters, stride

    def build(self, input_shape):
        c, f = input_shape[-1], self.filters
        self.w1 = self.add_weight(shape=(3, 3, c, f), name="w1")
        self.c1 = self.add_weight(shape=(f,), initializer="zeros", name="c1")
        self.w2 = self.add_weight(shape=(3, 3, f, f), name="w2")
        self.c2 = self.add_weight(shape=(f,), initializer="zeros", name="c2")
        self.changes = c != f or self.stride != 1
        if self.changes:
            self.w3 = self.add_weight(shape=(1, 1, c, f), name="w3")

    def call(self, x):
        y = tf.nn.relu(tf.nn.conv2d(x, self.w1, self.stride, "SAME") + self.c1)
        y = tf.nn.conv2d(y, self.w2, 1, "SAME") + self.c2
        return tf.nn.relu(y + (tf.nn.conv2d(x, self.w3, self.stride, "SAME") if self.changes else x))

    def get_config(self):
        config = super().get_config()
        config.update(filters=self.filters, stride=self.stride)
        return config


# -- highway ----------------------------------------------------------------------------------------------------------


def _gates(x, w_h, b_h, w_t, b_t):
    return np.maximum(x @ w_h + b_h, 0), 1 / (1 + np.exp(-(x @ w_t + b_t)))


@wrong("highway", says="the gates are exchanged")
def gates_exchanged(x, w_h, b_h, w_t, b_t):
    h, t = _gates(x, w_h, b_h, w_t, b_t)
    return h * (1 - t) + x * t


@wrong("highway", says="the input is carried whole")
def input_carried_whole(x, w_h, b_h, w_t, b_t):
    h, t = _gates(x, w_h, b_h, w_t, b_t)
    return h * t + x


@wrong("highway", says="H has no ReLU")
def highway_without_relu(x, w_h, b_h, w_t, b_t):
    _, t = _gates(x, w_h, b_h, w_t, b_t)
    return (x @ w_h + b_h) * t + x * (1 - t)


@wrong("highway", says="the carried input is missing")
def highway_without_carry(x, w_h, b_h, w_t, b_t):
    h, t = _gates(x, w_h, b_h, w_t, b_t)
    return h * t


@wrong("highway", says="transposed")
def highway_transposed(x, w_h, b_h, w_t, b_t):
    gate = 1 / (1 + np.exp(-(x @ w_t.T + b_t)))
    return np.maximum(x @ w_h.T + b_h, 0) * gate + x * (1 - gate)


@wrong("highway", says="both biases are missing")
def highway_without_biases(x, w_h, b_h, w_t, b_t):
    gate = 1 / (1 + np.exp(-(x @ w_t)))
    return np.maximum(x @ w_h, 0) * gate + x * (1 - gate)


@wrong("highway", says="a residual block")
def highway_without_a_gate(x, w_h, b_h, w_t, b_t):
    return np.maximum(x @ w_h + b_h, 0) + x


@wrong("highway", says="a softmax over the units")
def highway_with_softmax(x, w_h, b_h, w_t, b_t):
    gate = tf.nn.softmax(x @ w_t + b_t)
    return np.maximum(x @ w_h + b_h, 0) * gate + x * (1 - gate)


@right("highway")
def highway_in_tensorflow(x, w_h, b_h, w_t, b_t):
    h, t = tf.nn.relu(x @ w_h + b_h), tf.sigmoid(x @ w_t + b_t)
    return x + t * (h - x)


@right("highway")
def highway_unit_by_unit(x, w_h, b_h, w_t, b_t):
    rows = []
    for row in x:
        h = [max(row @ w_h[:, j] + b_h[j], 0) for j in range(len(row))]
        t = [1 / (1 + np.exp(-(row @ w_t[:, j] + b_t[j]))) for j in range(len(row))]
        rows.append([a * b + c * (1 - b) for a, b, c in zip(h, t, row, strict=True)])
    return rows


# -- DenseBlock -------------------------------------------------------------------------------------------------------


class _Block(layers.Layer):
    def __init__(self, depth, growth, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.growth = depth, growth

    def number(self):
        return self.growth

    def activation(self):
        return "relu"

    def build(self, input_shape):
        self.convolutions = [
            layers.Conv2D(self.number(), 3, padding="same", activation=self.activation()) for _ in range(self.depth)
        ]

    def call(self, x):
        for convolution in self.convolutions:
            x = keras.ops.concatenate([x, convolution(x)], axis=-1)
        return x

    def get_config(self):
        return super().get_config() | {"depth": self.depth, "growth": self.growth}


@wrong("DenseBlock", says="the growth rate is taken as the total")
class GrowthAsTotal(_Block):
    def number(self):
        return max(self.growth // self.depth, 1)


@wrong("DenseBlock", says="sees only the layer before it")
class OnlyTheLayerBefore(_Block):
    def call(self, x):
        maps = [x]
        for convolution in self.convolutions:
            maps.append(convolution(maps[-1]))
        return keras.ops.concatenate(maps, axis=-1)


@wrong("DenseBlock", says="every layer sees the input only")
class OnlyTheInput(_Block):
    def call(self, x):
        return keras.ops.concatenate([x, *(convolution(x) for convolution in self.convolutions)], axis=-1)


@wrong("DenseBlock", says="the block's input is missing in its output")
class WithoutItsInput(_Block):
    def call(self, x):
        return super().call(x)[..., x.shape[-1] :]


@wrong("DenseBlock", says="only the last layer's maps come out")
class OnlyTheLastMaps(_Block):
    def call(self, x):
        return super().call(x)[..., -self.growth :]


@wrong("DenseBlock", says="the ReLU is missing")
class BlockWithoutActivation(_Block):
    def activation(self):
        return None


@wrong("DenseBlock", says="get_config loses 'depth' or 'growth'")
class ConfigurationExchanged(_Block):
    def get_config(self):
        return super().get_config() | {"depth": self.growth, "growth": self.depth}


@wrong("DenseBlock", says="a convolution of its own")
class OneConvolutionForAll(_Block):
    def build(self, input_shape):
        self.convolutions = [layers.Conv2D(self.growth, 3, padding="same", activation="relu")] * self.depth


@wrong("DenseBlock", says="joined along the last axis")
class JoinedAlongRows(_Block):
    def call(self, x):
        for convolution in self.convolutions:
            x = keras.ops.concatenate([x, convolution(x)], axis=1)
        return x


@wrong("DenseBlock", says="joined on more than once")
class InputJoinedEachTime(_Block):
    def call(self, x):
        maps = x
        for convolution in self.convolutions:
            maps = keras.ops.concatenate([x, maps, convolution(maps)], axis=-1)
        return maps


@right("DenseBlock")
class MadeFromTheLast(layers.Layer):
    def __init__(self, depth, growth, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.growth = depth, growth

    def build(self, input_shape):
        self.kernels, self.biases = {}, {}
        for k in reversed(range(self.depth)):
            shape = (3, 3, input_shape[-1] + k * self.growth, self.growth)
            self.kernels[str(k)] = self.add_weight(shape=shape, name=f"kernel{k}")
            self.biases[str(k)] = self.add_weight(shape=(self.growth,), initializer="zeros", name=f"bias{k}")

    def call(self, x):
        for k in map(str, range(self.depth)):
            new = tf.nn.relu(tf.nn.conv2d(x, self.kernels[k], 1, "SAME") + self.biases[k])
            x = tf.concat([x, new], axis=-1)
        return x

    def get_config(self):
        return {**super().get_config(), "depth": self.depth, "growth": self.growth}


@right("DenseBlock")
class BlockWithAList(layers.Layer):
    def __init__(self, depth, growth, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.growth = depth, growth
        self.inner = [layers.Conv2D(growth, (3, 3), padding="same") for _ in range(depth)]
        self.join = layers.Concatenate()

    def call(self, x):
        maps = [x]
        for layer in self.inner:
            seen = self.join(maps) if len(maps) > 1 else maps[0]
            maps.append(tf.nn.relu(layer(seen)))
        return self.join(maps)

    def get_config(self):
        return {**super().get_config(), "depth": self.depth, "growth": self.growth}


@right("DenseBlock")
class BlockWithOwnWeights(layers.Layer):
    def __init__(self, depth, growth, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.growth = depth, growth

    def build(self, input_shape):
        self.kernels, self.biases = [], []
        for k in range(self.depth):
            channels = input_shape[-1] + k * self.growth
            self.kernels.append(self.add_weight(shape=(3, 3, channels, self.growth), name=f"kernel_{k}"))
            self.biases.append(self.add_weight(shape=(self.growth,), initializer="zeros", name=f"bias_{k}"))

    def call(self, x):
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            x = tf.concat([x, tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)], axis=3)
        return x

    def get_config(self):
        config = super().get_config()
        config["depth"], config["growth"] = self.depth, self.growth
        return config


# -- pareto -----------------------------------------------------------------------------------------------------------


def _front(costs, gains, dominates):
    n = range(len(costs))
    front = [i for i in n if not any(dominates(costs[j], gains[j], costs[i], gains[i]) for j in n if j != i)]
    return sorted(front, key=lambda i: costs[i])


def _better(c, g, cost, gain):
    return c <= cost and g >= gain and (c < cost or g > gain)


@wrong("pareto", says="one strict inequality is enough")
def strict_in_both(costs, gains):
    return _front(costs, gains, lambda c, g, cost, gain: c < cost and g > gain)


@wrong("pareto", says="dominate the other")
def twins_removed(costs, gains):
    return _front(costs, gains, lambda c, g, cost, gain: c <= cost and g >= gain)


@wrong("pareto", says="not in order of cost")
def front_unsorted(costs, gains):
    return sorted(_front(costs, gains, _better))


@wrong("pareto", says="the dearest stands first")
def dearest_first(costs, gains):
    front = _front(costs, gains, _better)
    return front[::-1] if len(costs) > 8 else front


@wrong("pareto", says="these are those that are dominated")
def the_dominated(costs, gains):
    front = _front(costs, gains, _better)
    return sorted((i for i in range(len(costs)) if i not in front), key=lambda i: costs[i])


@wrong("pareto", says="a low gain is taken for the better one")
def low_gains(costs, gains):
    return _front(costs, -gains, _better)


@wrong("pareto", says="the strict inequality may be in the gain")
def strict_in_cost(costs, gains):
    n = range(len(costs))
    keep = [i for i in n if not any(costs[j] < costs[i] and gains[j] >= gains[i] for j in n)]
    return sorted(keep, key=lambda i: costs[i])


@wrong("pareto", says="the strict inequality may be in the cost")
def strict_in_gain(costs, gains):
    n = range(len(costs))
    keep = [i for i in n if not any(costs[j] <= costs[i] and gains[j] > gains[i] for j in n)]
    return sorted(keep, key=lambda i: costs[i])


@wrong("pareto", says="compared with itself")
def dominated_by_itself(costs, gains):
    return [i for i in range(len(costs)) if not np.any((costs <= costs[i]) & (gains >= gains[i]))]


@wrong("pareto", says="was taken before the better one")
def swept_as_they_come(costs, gains):
    front, best = [], -np.inf
    for i in np.argsort(costs, kind="stable"):
        if gains[i] > best:
            front.append(int(i))
            best = gains[i]
    return front


@wrong("pareto", says="these are truth values")
def front_as_a_mask(costs, gains):
    return [
        not np.any((costs <= c) & (gains >= g) & ((costs < c) | (gains > g))) for c, g in zip(costs, gains, strict=True)
    ]


@right("pareto")
def pareto_by_sweeping(costs, gains):
    order = np.lexsort((np.arange(len(costs)), -gains, costs))
    front, best = [], -np.inf
    for i in order:
        if gains[i] > best or (front and costs[i] == costs[front[-1]] and gains[i] == gains[front[-1]]):
            front.append(i)
            best = gains[i]
    return front


@right("pareto")
def pareto_by_matrices(costs, gains):
    c, g = np.asarray(costs), np.asarray(gains)
    as_good = (c[None] <= c[:, None]) & (g[None] >= g[:, None])
    better = (c[None] < c[:, None]) | (g[None] > g[:, None])
    free = np.flatnonzero(~(as_good & better).any(axis=1))
    return free[np.argsort(c[free], kind="stable")]


# -- winners_curse ----------------------------------------------------------------------------------------------------


def _curse(correct, picks, judge, second=None):
    there, elsewhere = [], []
    for pick in picks:
        rest = np.delete(correct, pick, axis=1)
        winner = int(np.argmax(judge(correct, pick)))
        there.append(correct[winner, pick].mean())
        elsewhere.append(rest[winner].mean() if second is None else second(correct, rest, winner))
    return np.mean(there), np.mean(elsewhere)


def _picked(correct, pick):
    return correct[:, pick].mean(axis=1)


@wrong("winners_curse", says="the winner was chosen on the other pictures")
def chosen_elsewhere(correct, picks):
    return _curse(correct, picks, lambda c, pick: np.delete(c, pick, axis=1).mean(axis=1))


@wrong("winners_curse", says="the winner was chosen on all pictures")
def chosen_on_everything(correct, picks):
    return _curse(correct, picks, lambda c, pick: c.mean(axis=1))


@wrong("winners_curse", says="the best of all networks elsewhere")
def best_elsewhere(correct, picks):
    return _curse(correct, picks, _picked, lambda c, rest, winner: rest.mean(axis=1).max())


@wrong("winners_curse", says="the second number is over all pictures")
def over_all_pictures(correct, picks):
    return _curse(correct, picks, _picked, lambda c, rest, winner: c[winner].mean())


@wrong("winners_curse", says="means of all networks")
def means_of_all(correct, picks):
    there = np.mean([correct[:, pick].mean() for pick in picks])
    return there, np.mean([np.delete(correct, pick, axis=1).mean() for pick in picks])


@wrong("winners_curse", says="the two numbers are swapped")
def curse_swapped(correct, picks):
    return _curse(correct, picks, _picked)[::-1]


@wrong("winners_curse", says="the worst score")
def curse_of_the_loser(correct, picks):
    there, elsewhere = [], []
    for pick in picks:
        loser = correct[:, pick].mean(axis=1).argmin()
        there.append(correct[loser, pick].mean())
        elsewhere.append(np.delete(correct[loser], pick).mean())
    return np.mean(there), np.mean(elsewhere)


@wrong("winners_curse", says="np.delete without an axis")
def curse_with_a_flat_table(correct, picks):
    there = [correct[:, pick].mean(axis=1).max() for pick in picks]
    return np.mean(there), np.mean([np.delete(correct, pick).mean() for pick in picks])


@wrong("winners_curse", says="`picks` holds their numbers")
def curse_of_the_first_pictures(correct, picks):
    m = picks.shape[1]
    winner = correct[:, :m].mean(axis=1).argmax()
    return correct[winner, :m].mean(), correct[winner, m:].mean()


@wrong("winners_curse", says="the numbers of each draw")
def curse_without_a_mean(correct, picks):
    winners = [correct[:, pick].mean(axis=1).argmax() for pick in picks]
    there = [correct[w, pick].mean() for w, pick in zip(winners, picks, strict=True)]
    return there, [np.delete(correct[w], pick).mean() for w, pick in zip(winners, picks, strict=True)]


@right("winners_curse")
def curse_by_masks(correct, picks):
    inside = np.zeros((len(picks), correct.shape[1]))
    inside[np.arange(len(picks))[:, None], picks] = 1
    on = np.einsum("np,dp->dn", correct, inside) / inside.sum(axis=1, keepdims=True)
    off = np.einsum("np,dp->dn", correct, 1 - inside) / (1 - inside).sum(axis=1, keepdims=True)
    winners = np.round(on, 9).argmax(axis=1)
    return [on[np.arange(len(picks)), winners].mean(), off[np.arange(len(picks)), winners].mean()]


@right("winners_curse")
def curse_with_sets(correct, picks):
    total = np.zeros(2)
    for pick in picks.tolist():
        best = max(range(len(correct)), key=lambda k: (sum(correct[k][i] for i in pick), -k))
        others = [correct[best][i] for i in range(correct.shape[1]) if i not in pick]
        total += [sum(correct[best][i] for i in pick) / len(pick), sum(others) / len(others)]
    return total / len(picks)


# -- clean_path -------------------------------------------------------------------------------------------------------


@wrong("clean_path", says="it is the factor 0.5, once per block, that counts")
def half_of_the_gradient():
    return "a"


@wrong("clean_path", says="no weights with which to make up")
def larger_weights():
    return "b"
