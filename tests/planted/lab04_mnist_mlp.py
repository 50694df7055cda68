"""Lab 04: what beginners write, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage, special

from tests.planted import right, wrong

# -- preprocess -------------------------------------------------------------------------------------------------------


def _scaled(x, x_train):
    spread = x_train.std(axis=0)
    return (x - x_train.mean(axis=0)) / np.where(spread == 0, 1, spread)


@wrong("preprocess", says="the other set was scaled with its own statistics")
def each_with_its_own_statistics(x_train, x_other):
    spread = x_train.std(axis=0)
    spread = np.where(spread == 0, 1, spread)
    return (x_train - x_train.mean(axis=0)) / spread, (x_other - x_other.mean(axis=0)) / x_other.std(axis=0)


@wrong("preprocess", says="the statistics are those of both sets together")
def statistics_of_both(x_train, x_other):
    both = np.concatenate([x_train, x_other])
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    spread = np.where(spread == 0, 1, spread)
    return (x_train - mean) / spread, (x_other - both.mean(axis=0)) / both.std(axis=0)


@wrong("preprocess", says="the statistics are those of both sets together")
def both_sets_by_both(x_train, x_other):
    both = np.concatenate([x_train, x_other])
    mean, spread = both.mean(axis=0), both.std(axis=0)
    return (x_train - mean) / spread, (x_other - mean) / spread


@wrong("preprocess", says="a small number was added to the spread: where the spread is 0, divide by 1 instead")
def spread_plus_epsilon(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0) + 1e-8
    return (x_train - mean) / spread, (x_other - mean) / spread


@wrong("preprocess", says="you divided by n - 1 in the variance (ddof=1)")
def unbiased_spread(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0, ddof=1)
    spread = np.where(spread == 0, 1, spread)
    return (x_train - mean) / spread, (x_other - mean) / spread


@wrong("preprocess", says="a pixel with a spread of 0 is divided by 0")
def slide_without_guard(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    return (x_train - mean) / spread, (x_other - mean) / spread


@wrong("preprocess", says="one mean over all pixels: use axis=0")
def one_mean_for_all(x_train, x_other):
    mean, spread = x_train.mean(), x_train.std()
    return (x_train - mean) / spread, (x_other - mean) / spread


@wrong("preprocess", says="axis=1 averages over the pixels of one image")
def over_the_pixels(x_train, x_other):
    return tuple((x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) for x in (x_train, x_other))


@wrong("preprocess", says="changes its first argument in place")
def in_place_like_the_slide(x_train, x_other):
    spread = x_train.std(axis=0) + 1e-12
    mean = x_train.mean(axis=0)
    x_train -= mean
    x_train /= spread
    return x_train, (x_other - mean) / spread


@wrong("preprocess", says="a spread below 1 was replaced by 1")
def spread_of_at_least_one(x_train, x_other):
    mean, spread = x_train.mean(axis=0), np.maximum(x_train.std(axis=0), 1)
    return (x_train - mean) / spread, (x_other - mean) / spread


@wrong("preprocess", says="you divided by the variance")
def divided_by_the_variance(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.var(axis=0)
    return (x_train - mean) / np.where(spread, spread, 1), (x_other - mean) / np.where(spread, spread, 1)


@wrong("preprocess", says="the mean is subtracted but the division by the standard deviation is m")
def only_centred(x_train, x_other):
    return x_train - x_train.mean(axis=0), x_other - x_train.mean(axis=0)


@wrong("preprocess", says="Return 2 things")
def only_one_returned(x_train, x_other):
    return _scaled(x_train, x_train)


@wrong("preprocess", says="The order of the results is wrong")
def other_set_first(x_train, x_other):
    return _scaled(x_other, x_train), _scaled(x_train, x_train)


@wrong("preprocess", says="this scales to the range 0 to 1")
def scaled_to_the_range(x_train, x_other):
    low, high = x_train.min(axis=0), x_train.max(axis=0)
    return (x_train - low) / np.where(high > low, high - low, 1), (x_other - low) / np.where(high > low, high - low, 1)


@wrong("preprocess", says="the other set was left as it was")
def other_set_untouched(x_train, x_other):
    return _scaled(x_train, x_train), x_other


@wrong("preprocess", says="it was set to 0 in the other set")
def constant_pixel_set_to_zero(x_train, x_other):
    with np.errstate(all="ignore"):
        return tuple(
            np.nan_to_num((x - x_train.mean(0)) / x_train.std(0), nan=0, posinf=0, neginf=0) for x in (x_train, x_other)
        )


@wrong("preprocess", says="brackets are missing")
def brackets_forgotten(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    spread = np.where(spread == 0, 1, spread)
    return x_train - mean / spread, x_other - mean / spread


@wrong("preprocess", says="1.8e+308 is what np.nan_to_num makes of inf")
def without_nan(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    with np.errstate(all="ignore"):
        return np.nan_to_num((x_train - mean) / spread), np.nan_to_num((x_other - mean) / spread)


@wrong("preprocess", says="subtract the mean before you divide")
def divided_first(x_train, x_other):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    spread = np.where(spread == 0, 1, spread)
    return x_train / spread - mean, x_other / spread - mean


@wrong("preprocess", says="the constant pixel was left out")
def without_constant_pixels(x_train, x_other):
    kept = x_train.std(axis=0) > 0
    return _scaled(x_train[:, kept], x_train[:, kept]), _scaled(x_other[:, kept], x_train[:, kept])


@right("preprocess")
def preprocess_with_tensorflow(x_train, x_other):
    x_train, x_other = tf.constant(x_train, tf.float32), tf.constant(x_other, tf.float32)
    mean, variance = tf.nn.moments(x_train, axes=[0])
    spread = tf.where(variance > 1e-9, tf.sqrt(variance), 1.0)
    return (x_train - mean) / spread, (x_other - mean) / spread


@right("preprocess")
def preprocess_column_by_column(x_train, x_other):
    a, b = np.empty_like(x_train), np.empty_like(x_other)
    for j in range(x_train.shape[1]):
        spread = x_train[:, j].std() or 1.0
        a[:, j] = (x_train[:, j] - x_train[:, j].mean()) / spread
        b[:, j] = (x_other[:, j] - x_train[:, j].mean()) / spread
    return [a, b]


# -- softmax_cross_entropy --------------------------------------------------------------------------------------------


@wrong("softmax_cross_entropy", says="exp(1000) overflows")
def one_after_the_other(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.sum(y * np.log(p), axis=1))


@wrong("softmax_cross_entropy", says="softmax sums over the samples")
def softmax_down_the_columns(z, y):
    return -np.mean(np.sum(y * special.log_softmax(z, axis=0), axis=1))


@wrong("softmax_cross_entropy", says="softmax sums over everything")
def softmax_without_axis(z, y):
    z = z - z.max()
    return -np.mean(np.sum(y * (z - np.log(np.exp(z).sum())), axis=1))


@wrong("softmax_cross_entropy", says="the mean runs over the classes too")
def mean_of_everything(z, y):
    return -np.mean(y * special.log_softmax(z, axis=1))


@wrong("softmax_cross_entropy", says="the minus sign is missing")
def without_minus(z, y):
    return np.mean(np.sum(y * special.log_softmax(z, axis=1), axis=1))


@wrong("softmax_cross_entropy", says="a probability of 0 was clipped")
def clipped(z, y):
    p = special.softmax(z, axis=1)
    return -np.mean(np.sum(y * np.log(np.clip(p, 1e-7, 1)), axis=1))


@wrong("softmax_cross_entropy", says="softmax was applied twice")
def softmax_twice(z, y):
    return -np.mean(np.sum(y * special.log_softmax(special.softmax(z, axis=1), axis=1), axis=1))


@wrong("softmax_cross_entropy", says="the mean is missing: return one number for the whole batch")
def one_loss_for_each_sample(z, y):
    return -np.sum(y * special.log_softmax(z, axis=1), axis=1)


@wrong("softmax_cross_entropy", says="this is the loss of the wrong classes")
def loss_of_wrong_classes(z, y):
    return -np.mean(np.sum((1 - y) * special.log_softmax(z, axis=1), axis=1))


@wrong("softmax_cross_entropy", says="you summed over the samples")
def sum_over_the_batch(z, y):
    return -np.sum(y * special.log_softmax(z, axis=1))


@wrong("softmax_cross_entropy", says="the logarithm is missing")
def loss_without_logarithm(z, y):
    return -np.mean(np.sum(y * special.softmax(z, axis=1), axis=1))


@wrong("softmax_cross_entropy", says="softmax is missing")
def loss_of_logits(z, y):
    return -np.mean(np.sum(y * z, axis=1))


@wrong("softmax_cross_entropy", says="the term for the wrong classes,")
def both_terms(z, y):
    p = np.clip(special.softmax(z, axis=1), 1e-15, 1 - 1e-15)
    return -np.mean(np.sum(y * np.log(p) + (1 - y) * np.log(1 - p), axis=1))


@wrong("softmax_cross_entropy", says="this is the logarithm to base 10")
def base_ten(z, y):
    return -np.mean(np.sum(y * special.log_softmax(z, axis=1), axis=1)) / np.log(10)


@wrong("softmax_cross_entropy", says="this is the logarithm to base 2")
def base_two(z, y):
    return -np.mean(np.sum(y * special.log_softmax(z, axis=1), axis=1)) / np.log(2)


@wrong("softmax_cross_entropy", says="this is the squared error of the probabilities")
def mean_squared(z, y):
    return np.mean(np.sum((special.softmax(z, axis=1) - y) ** 2, axis=1))


@wrong("softmax_cross_entropy", says="the sigmoid stands where softmax belongs")
def sigmoid_instead(z, y):
    return -np.mean(np.sum(y * np.log(special.expit(z) + 1e-300), axis=1))


@wrong("softmax_cross_entropy", says="exp")
def one_maximum_for_all(z, y):
    z = z - z.max()
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(np.sum(y * log_p, axis=1))


@wrong("softmax_cross_entropy", says="the largest logit was subtracted twice")
def maximum_subtracted_twice(z, y):
    m = z.max(axis=1, keepdims=True)
    log_p = z - m - np.log(np.sum(np.exp(z - m), axis=1, keepdims=True)) - m
    return -np.mean(np.sum(y * log_p, axis=1))


@wrong("softmax_cross_entropy", says="a probability of 0 was clipped before the logarithm")
def a_little_added(z, y):
    return -np.mean(np.sum(y * np.log(special.softmax(z, axis=1) + 1e-9), axis=1))


@wrong("softmax_cross_entropy", says="print the shapes of both operands")
def without_keepdims(z, y):
    z = z - z.max(axis=1)
    return -np.mean(np.sum(y * (z - np.log(np.exp(z).sum(axis=1))), axis=1))


@wrong("softmax_cross_entropy", says="np.nan_to_num makes of inf")
def infinite_losses_made_numbers(z, y):
    with np.errstate(all="ignore"):
        return -np.mean(np.sum(np.nan_to_num(y * np.log(special.softmax(z, axis=1))), axis=1))


@right("softmax_cross_entropy")
def loss_with_tensorflow(z, y):
    z, y = tf.constant(z, tf.float32), tf.constant(y, tf.float32)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, z))


@right("softmax_cross_entropy")
def loss_in_a_loop(z, y):
    total = 0.0
    for row, target in zip(z, y, strict=True):
        k = int(np.argmax(target))
        total += special.logsumexp(row) - row[k]
    return total / len(z)


# -- softmax_gradient -------------------------------------------------------------------------------------------------


@wrong("softmax_gradient", says="the mean over the samples is missing")
def gradient_of_the_sum(z, y):
    return special.softmax(z, axis=1) - y


@wrong("softmax_gradient", says="the mean runs over the classes too")
def gradient_over_all_numbers(z, y):
    return (special.softmax(z, axis=1) - y) / z.size


@wrong("softmax_gradient", says="the sign is turned round")
def gradient_turned_round(z, y):
    return (y - special.softmax(z, axis=1)) / len(z)


@wrong("softmax_gradient", says="this is the gradient for the probabilities")
def gradient_for_the_probabilities(z, y):
    return -y / special.softmax(z, axis=1) / len(z)


@wrong("softmax_gradient", says="the derivative of the sigmoid")
def gradient_with_a_sigmoid(z, y):
    p = special.softmax(z, axis=1)
    return (p - y) * p * (1 - p) / len(z)


@wrong("softmax_gradient", says="these are the probabilities: subtract y")
def gradient_without_targets(z, y):
    return special.softmax(z, axis=1) / len(z)


@wrong("softmax_gradient", says="softmax is missing")
def gradient_of_the_logits(z, y):
    return (z - y) / len(z)


@wrong("softmax_gradient", says="softmax sums over the samples")
def gradient_down_the_columns(z, y):
    return (special.softmax(z, axis=0) - y) / len(z)


@wrong("softmax_gradient", says="exp(1000) overflows")
def gradient_that_overflows(z, y):
    return (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) - y) / len(z)


@wrong("softmax_gradient", says="the gradient was added up over the samples")
def gradient_of_the_bias(z, y):
    return ((special.softmax(z, axis=1) - y) / len(z)).sum(axis=0)


@wrong("softmax_gradient", says="only the logit of the right class has a gradient")
def gradient_of_the_right_class(z, y):
    return y * (special.softmax(z, axis=1) - 1) / len(z)


@wrong("softmax_gradient", says="brackets are missing")
def gradient_with_half_a_mean(z, y):
    return special.softmax(z, axis=1) - y / len(z)


@wrong("softmax_gradient", says="softmax is soft")
def gradient_of_a_hard_choice(z, y):
    return (np.eye(z.shape[1])[z.argmax(axis=1)] - y) / len(z)


@right("softmax_gradient")
def gradient_row_by_row(z, y):
    rows = []
    for row, target in zip(z, y, strict=True):
        e = [np.exp(value - max(row)) for value in row]
        rows.append([(a / sum(e) - b) / len(z) for a, b in zip(e, target, strict=True)])
    return rows


@right("softmax_gradient")
def gradient_by_a_tape(z, y):
    z = tf.constant(z, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, z))
    return tape.gradient(loss, z)


# -- build_mlp --------------------------------------------------------------------------------------------------------


def _stack(inputs, hidden, activation, output):
    layers = [keras.layers.Dense(units, activation=activation) for units in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, *output])


@wrong("build_mlp", says="the output layer has softmax: here the loss takes logits")
def with_softmax(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="the output layer has the activation of the hidden layers")
def activation_everywhere(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, activation)])


@wrong("build_mlp", says="the output layer of ten units is missing")
def without_output(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [])


@wrong("build_mlp", says="the hidden layers have no activation")
def without_activation(inputs, hidden, activation):
    return _stack(inputs, hidden, None, [keras.layers.Dense(10)])


@wrong("build_mlp", says="the hidden layers use sigmoid, whatever `activation` says")
def always_sigmoid(inputs, hidden, activation):
    return _stack(inputs, hidden, "sigmoid", [keras.layers.Dense(10)])


@wrong("build_mlp", says="the output layer has sigmoid")
def sigmoid_at_the_end(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "sigmoid")])


@wrong("build_mlp", says="begin with keras.Input")
def without_input(inputs, hidden, activation):
    layers = [keras.layers.Dense(units, activation=activation) for units in hidden]
    return keras.Sequential([*layers, keras.layers.Dense(10)])


@wrong("build_mlp", says="take their number from the argument")
def always_the_lecture(inputs, hidden, activation):
    return _stack(64, hidden, activation, [keras.layers.Dense(10)])


@wrong("build_mlp", says="Dropout")
def with_dropout(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dropout(0.5), keras.layers.Dense(10)])


@wrong("build_mlp", says="start at the same value")
def with_zero_kernels(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, kernel_initializer="zeros")])


@wrong("build_mlp", says="there are too few layers")
def only_the_first_hidden_layer(inputs, hidden, activation):
    return _stack(inputs, hidden[:1], activation, [keras.layers.Dense(10)])


@wrong("build_mlp", says="there are too many layers")
def one_output_too_many(inputs, hidden, activation):
    return _stack(inputs, [*hidden, 10], activation, [keras.layers.Dense(10)])


@wrong("build_mlp", says="the units of the hidden layers come from `hidden`, in that order")
def hidden_in_reverse(inputs, hidden, activation):
    return _stack(inputs, hidden[::-1], activation, [keras.layers.Dense(10)])


@wrong("build_mlp", says="the biases are missing")
def without_biases(inputs, hidden, activation):
    layers = [keras.layers.Dense(units, activation=activation, use_bias=False) for units in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(10, use_bias=False)])


@wrong("build_mlp", says="softmax belongs to the loss, not into the hidden layers")
def softmax_everywhere(inputs, hidden, activation):
    return _stack(inputs, hidden, "softmax", [keras.layers.Dense(10)])


@wrong("build_mlp", says="Return the Keras model or layer itself")
def a_list_of_layers(inputs, hidden, activation):
    return [keras.layers.Dense(units, activation=activation) for units in hidden]


@wrong("build_mlp", says="the output is the logarithm of the probabilities: return the logits")
def log_softmax_at_the_end(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "log_softmax")])


@wrong("build_mlp", says="the output comes after the loop")
def returned_in_the_loop(inputs, hidden, activation):
    model = keras.Sequential([keras.Input((inputs,))])
    for units in hidden:
        model.add(keras.layers.Dense(units, activation))
        return model


@right("build_mlp")
def functional_style(inputs, hidden, activation):
    x = start = keras.Input((inputs,))
    for units in hidden:
        x = keras.layers.Dense(units)(x)
        x = keras.layers.Activation(activation)(x)
    return keras.Model(start, keras.layers.Dense(10)(x))


@right("build_mlp")
def added_one_by_one(inputs, hidden, activation):
    model = keras.Sequential()
    model.add(keras.Input(shape=(inputs,)))
    for units in hidden:
        model.add(keras.layers.Dense(units, activation=activation, kernel_initializer="he_normal"))
    model.add(keras.layers.Dense(10, activation="linear"))
    return model


# -- train_epoch ------------------------------------------------------------------------------------------------------


def _epoch(model, x, y, rate, batches, scale=1.0, after=False):
    losses = []
    for part in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(tf.cast(y[part], tf.float32), model(x[part])))
        gradients = tape.gradient(loss, model.trainable_variables)
        for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
            weight.assign_sub(rate * scale * gradient)
        if after:
            z = model(x[part])
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(tf.cast(y[part], tf.float32), z))
        losses.append(float(loss))
    return model, losses


def _parts(n, size):
    return [slice(k, k + size) for k in range(0, n, size)]


@wrong("train_epoch", says="the weights have not moved")
def epoch_that_only_measures(model, x, y, rate, batch_size):
    return _epoch(model, x, y, 0.0, _parts(len(x), batch_size))


@wrong("train_epoch", says="the step goes uphill")
def epoch_uphill(model, x, y, rate, batch_size):
    return _epoch(model, x, y, -rate, _parts(len(x), batch_size))


@wrong("train_epoch", says="all samples went into one step")
def epoch_in_one_step(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, [slice(None)])


@wrong("train_epoch", says="the last, smaller batch was left out")
def epoch_of_whole_batches(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, _parts(len(x) - len(x) % batch_size, batch_size))


@wrong("train_epoch", says="only the first batch was used")
def epoch_that_returns_inside_the_loop(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, _parts(len(x), batch_size)[:1])


@wrong("train_epoch", says="each sample made a step of its own")
def epoch_sample_by_sample(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, _parts(len(x), 1))


@wrong("train_epoch", says="the gradient was summed over the batch")
def epoch_of_sums(model, x, y, rate, batch_size):
    losses = []
    for part in _parts(len(x), batch_size):
        losses += _epoch(model, x, y, rate, [part], scale=len(x[part]))[1]
    return model, losses


@wrong("train_epoch", says="the rate is missing")
def epoch_without_rate(model, x, y, rate, batch_size):
    return _epoch(model, x, y, 1.0, _parts(len(x), batch_size))


@wrong("train_epoch", says="these are the losses after each step")
def epoch_that_measures_afterwards(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, _parts(len(x), batch_size), after=True)


@wrong("train_epoch", says="this is one number: one loss for each batch")
def epoch_with_one_loss(model, x, y, rate, batch_size):
    model, losses = _epoch(model, x, y, rate, _parts(len(x), batch_size))
    return model, np.mean(losses)


@wrong("train_epoch", says="Return 2 things, the model, the losses")
def epoch_without_losses(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, _parts(len(x), batch_size))[0]


@wrong("train_epoch", says="every step used all samples")
def epoch_of_whole_sets(model, x, y, rate, batch_size):
    return _epoch(model, x, y, rate, [slice(0, len(x))] * -(-len(x) // batch_size))


@wrong("train_epoch", says="from_logits=True is missing")
def epoch_without_from_logits(model, x, y, rate, batch_size):
    losses = []
    for part in _parts(len(x), batch_size):
        with tf.GradientTape() as tape:
            loss = keras.losses.CategoricalCrossentropy()(y[part], model(x[part]))
        gradients = tape.gradient(loss, model.trainable_variables)
        for weight, gradient in zip(model.trainable_variables, gradients, strict=True):
            weight.assign_sub(rate * gradient)
        losses.append(float(loss))
    return model, losses


@right("train_epoch")
def epoch_by_keras(model, x, y, rate, batch_size):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss)
    return model, [model.train_on_batch(x[part], y[part]) for part in _parts(len(x), batch_size)]


@right("train_epoch")
def epoch_by_apply_gradients(model, x, y, rate, batch_size):
    optimizer, losses = keras.optimizers.SGD(learning_rate=rate), []
    for rows in np.split(np.arange(len(x)), range(batch_size, len(x), batch_size)):
        with tf.GradientTape() as tape:
            value = keras.losses.categorical_crossentropy(y[rows], model(x[rows]), from_logits=True)
            value = keras.ops.mean(value)
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        losses.append(value)
    return [model, losses]


@right("train_epoch")
def epoch_with_the_gradient_at_the_logits(model, x, y, rate, batch_size):
    losses = np.zeros(-(-len(x) // batch_size))
    for k in range(len(losses)):
        x_batch, y_batch = x[k * batch_size :][:batch_size], y[k * batch_size :][:batch_size]
        with tf.GradientTape() as tape:
            z = model(x_batch, training=True)
        losses[k] = -np.mean(np.sum(y_batch * special.log_softmax(z.numpy(), axis=1), axis=1))
        at_z = tf.constant((special.softmax(z.numpy(), axis=1) - y_batch) / len(x_batch), z.dtype)
        for weight, step in zip(model.weights, tape.gradient(z, model.weights, output_gradients=at_z), strict=True):
            weight.assign(weight - rate * step)
    return model, losses


# -- widest -----------------------------------------------------------------------------------------------------------


def _parameters(inputs, layers, units, bias=1, last=10):
    sizes = [inputs, *[units] * layers, *([last] if last else [])]
    return sum((a + bias) * b for a, b in zip(sizes, sizes[1:], strict=False))


def _first_too_large(inputs, layers, budget, **change):
    units = 1
    while _parameters(inputs, layers, units, **change) <= budget:
        units += 1
    return units


@wrong("widest", says="the biases are missing")
def widest_without_biases(inputs, layers, budget):
    return _first_too_large(inputs, layers, budget, bias=0) - 1


@wrong("widest", says="the output layer is missing")
def widest_without_outputs(inputs, layers, budget):
    return _first_too_large(inputs, layers, budget, last=0) - 1


@wrong("widest", says="one unit too many")
def widest_that_no_longer_fits(inputs, layers, budget):
    return _first_too_large(inputs, layers, budget)


@wrong("widest", says="(<=)")
def widest_below_the_budget(inputs, layers, budget):
    units = 0
    while _parameters(inputs, layers, units + 1) < budget:
        units += 1
    return units


@wrong("widest", says="between n hidden layers there are n - 1 products")
def widest_with_a_layer_too_many(inputs, layers, budget):
    return _first_too_large(inputs, layers + 1, budget) - 1


@wrong("widest", says="only one hidden layer was counted")
def widest_of_one_layer(inputs, layers, budget):
    return (budget - 10) // (inputs + 11)


@wrong("widest", says="these are the parameters")
def widest_as_parameters(inputs, layers, budget):
    units = _first_too_large(inputs, layers, budget) - 1
    return _parameters(inputs, layers, units)


@wrong("widest", says="the budget was divided by the inputs")
def widest_by_division(inputs, layers, budget):
    return budget // inputs


@wrong("widest", says="there are 784 inputs")
def widest_for_mnist(inputs, layers, budget):
    return max((budget - 10) // 795, 0) if layers == 1 else _first_too_large(784, layers, budget) - 1


@right("widest")
def widest_by_bisection(inputs, layers, budget):
    low, high = 0, budget
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _parameters(inputs, layers, middle) <= budget else (low, middle)
    return low


@right("widest")
def widest_with_numpy(inputs, layers, budget):
    units = np.arange(1, budget)
    sizes = (inputs + 1) * units + (layers - 1) * (units + 1) * units + 10 * (units + 1)
    return np.sum(sizes <= budget)


@right("widest")
def widest_layer_by_layer(inputs, layers, budget):
    for units in range(1, budget + 2):
        total, before = 0, inputs
        for size in [units] * layers + [10]:
            total += before * size + size
            before = size
        if total > budget:
            return float(units - 1)


# -- confusion --------------------------------------------------------------------------------------------------------


@wrong("confusion", says="rows and columns are swapped: rows are the truth")
def prediction_in_the_rows(y, y_hat, classes):
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (y_hat, y), 1)
    return matrix


@wrong("confusion", says="a repeated pair was counted once")
def fancy_increment(y, y_hat, classes):
    matrix = np.zeros((classes, classes), int)
    matrix[y, y_hat] += 1
    return matrix


@wrong("confusion", says="a row and a column are missing")
def classes_that_occur(y, y_hat, classes):
    classes = max(y.max(), y_hat.max()) + 1
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (y, y_hat), 1)
    return matrix


@wrong("confusion", says="these are shares")
def shares_of_each_row(y, y_hat, classes):
    matrix = np.zeros((classes, classes))
    np.add.at(matrix, (y, y_hat), 1)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


@wrong("confusion", says="a repeated pair was counted once")
def last_pair_only(y, y_hat, classes):
    matrix = np.zeros((classes, classes), int)
    for a, b in zip(y, y_hat, strict=True):
        matrix[a, b] = 1
    return matrix


@wrong("confusion", says="only the correct predictions were counted")
def right_ones_only(y, y_hat, classes):
    return np.diag([np.sum((y == k) & (y_hat == k)) for k in range(classes)])


@wrong("confusion", says="the correct predictions are missing")
def wrong_ones_only(y, y_hat, classes):
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (y[y != y_hat], y_hat[y != y_hat]), 1)
    return matrix


@wrong("confusion", says="these are shares of all images")
def shares_of_all(y, y_hat, classes):
    matrix = np.zeros((classes, classes))
    np.add.at(matrix, (y, y_hat), 1)
    return matrix / len(y)


@wrong("confusion", says="these are shares of each column")
def shares_of_each_column(y, y_hat, classes):
    matrix = np.zeros((classes, classes))
    np.add.at(matrix, (y, y_hat), 1)
    return matrix / np.maximum(matrix.sum(axis=0), 1)


@wrong("confusion", says="only the first image was counted")
def early_return(y, y_hat, classes):
    matrix = np.zeros((classes, classes), int)
    for a, b in zip(y, y_hat, strict=True):
        matrix[a, b] += 1
        return matrix


@wrong("confusion", says="these are the correct predictions of each class")
def hits_of_each_class(y, y_hat, classes):
    return np.array([np.sum((y == k) & (y_hat == k)) for k in range(classes)])


@wrong("confusion", says="this is the accuracy")
def accuracy_only(y, y_hat, classes):
    return np.mean(y == y_hat)


@wrong("confusion", says="each pair was counted both ways")
def both_ways(y, y_hat, classes):
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (y, y_hat), 1)
    return matrix + matrix.T


@right("confusion")
def confusion_by_loops(y, y_hat, classes):
    return [[sum(1 for a, b in zip(y, y_hat, strict=True) if (a, b) == (i, j)) for j in range(classes)]
            for i in range(classes)]  # fmt: skip


@right("confusion")
def confusion_as_a_product(y, y_hat, classes):
    return np.eye(classes)[y].T @ np.eye(classes)[y_hat]


# -- most_confused ----------------------------------------------------------------------------------------------------


def _ranked(table, pairs):
    worst = np.argsort(table, axis=None)[::-1][:pairs]
    one, other = np.unravel_index(worst, table.shape)
    return np.column_stack([one, other, table[one, other]])


@wrong("most_confused", says="only one direction was counted")
def confused_one_way(matrix, pairs):
    return _ranked(matrix - np.diag(np.diag(matrix)), pairs)


@wrong("most_confused", says="only the upper half was read")
def confused_above_the_diagonal(matrix, pairs):
    return _ranked(np.triu(matrix, 1), pairs)


@wrong("most_confused", says="the diagonal is still there")
def confused_with_the_diagonal(matrix, pairs):
    return _ranked(np.triu(matrix + matrix.T), pairs)


@wrong("most_confused", says="each pair stands there twice")
def confused_twice(matrix, pairs):
    both = matrix + matrix.T
    table = _ranked(both - np.diag(np.diag(both)), pairs)
    return np.column_stack([np.sort(table[:, :2], axis=1), table[:, 2]])


@wrong("most_confused", says="the worst pair stands last")
def confused_in_rising_order(matrix, pairs):
    return _ranked(np.triu(matrix + matrix.T, 1), pairs)[::-1]


@wrong("most_confused", says="the numbers are missing")
def confused_without_numbers(matrix, pairs):
    return _ranked(np.triu(matrix + matrix.T, 1), pairs)[:, :2]


@wrong("most_confused", says="smaller class, larger class, number")
def confused_below_the_diagonal(matrix, pairs):
    return _ranked(np.tril(matrix + matrix.T, -1), pairs)


@wrong("most_confused", says="np.column_stack")
def confused_in_columns(matrix, pairs):
    return _ranked(np.triu(matrix + matrix.T, 1), pairs).T


@wrong("most_confused", says="all pairs were returned")
def confused_all(matrix, pairs):
    k = len(matrix)
    return _ranked(np.triu(matrix + matrix.T, 1), k * (k - 1) // 2)


@right("most_confused")
def confused_by_sorting(matrix, pairs):
    found = []
    for j in range(len(matrix)):
        for i in range(j):
            found.append((int(matrix[i][j] + matrix[j][i]), i, j))
    return [[i, j, n] for n, i, j in sorted(found, reverse=True)[:pairs]]


@right("most_confused")
def confused_one_after_the_other(matrix, pairs):
    both, found = np.triu(matrix + matrix.T, 1).astype(float), []
    for _ in range(pairs):
        i, j = np.unravel_index(both.argmax(), both.shape)
        found.append((i, j, both[i, j]))
        both[i, j] = -1
    return np.array(found)


@right("most_confused")
def confused_by_tensorflow(matrix, pairs):
    one, other = np.triu_indices(len(matrix), 1)
    values, places = tf.math.top_k(tf.constant(matrix[one, other] + matrix[other, one]), pairs)
    return tf.stack([tf.gather(one, places), tf.gather(other, places), tf.cast(values, tf.int64)], axis=1)


# -- roc --------------------------------------------------------------------------------------------------------------


def _rates(scores, positive, thresholds):
    called = scores >= np.asarray(thresholds)[:, None]
    return (called & ~positive).sum(axis=1) / (~positive).sum(), (called & positive).sum(axis=1) / positive.sum()


def _area(fpr, tpr):
    return np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2)


@wrong("roc", says="false and true positive rates are swapped")
def roc_swapped(scores, positive):
    fpr, tpr = _rates(scores, positive, [np.inf, *np.unique(scores)[::-1]])
    return tpr, fpr, _area(fpr, tpr)


@wrong("roc", says="samples with equal scores fall together")
def roc_sample_by_sample(scores, positive):
    hit = positive[np.argsort(-scores, kind="stable")]
    fpr, tpr = (np.concatenate([[0], np.cumsum(one) / one.sum()]) for one in (~hit, hit))
    return fpr, tpr, _area(fpr, tpr)


@wrong("roc", says="put the point (0, 0) first")
def roc_without_origin(scores, positive):
    fpr, tpr = _rates(scores, positive, np.unique(scores)[::-1])
    return fpr, tpr, _area(fpr, tpr)


@wrong("roc", says="the thresholds rise")
def roc_of_small_scores(scores, positive):
    fpr, tpr = _rates(-scores, positive, [np.inf, *np.unique(-scores)[::-1]])
    return fpr, tpr, _area(fpr, tpr)


@wrong("roc", says="the curve runs from (1, 1) to (0, 0)")
def roc_backwards(scores, positive):
    fpr, tpr = _rates(scores, positive, [*np.unique(scores), np.inf])
    return fpr, tpr, -_area(fpr, tpr)


@wrong("roc", says="you divided by the number of all samples")
def roc_of_all_samples(scores, positive):
    fpr, tpr = _rates(scores, positive, [np.inf, *np.unique(scores)[::-1]])
    return fpr * np.mean(~positive), tpr * np.mean(positive), _area(fpr, tpr)


@wrong("roc", says="these are counts")
def roc_of_counts(scores, positive):
    fpr, tpr = _rates(scores, positive, [np.inf, *np.unique(scores)[::-1]])
    return fpr * np.sum(~positive), tpr * np.sum(positive), _area(fpr, tpr)


@wrong("roc", says="steps of the larger height")
def roc_area_in_steps(scores, positive):
    fpr, tpr = _rates(scores, positive, [np.inf, *np.unique(scores)[::-1]])
    return fpr, tpr, np.sum(np.diff(fpr) * tpr[1:])


@wrong("roc", says="this is the area above the curve")
def roc_area_above(scores, positive):
    fpr, tpr = _rates(scores, positive, [np.inf, *np.unique(scores)[::-1]])
    return fpr, tpr, 1 - _area(fpr, tpr)


@wrong("roc", says="np.unique, not np.sort")
def roc_with_repeated_thresholds(scores, positive):
    fpr, tpr = _rates(scores, positive, np.sort(scores)[::-1])
    return np.r_[0, fpr], np.r_[0, tpr], _area(np.r_[0, fpr], np.r_[0, tpr])


@wrong("roc", says="divide their sum by 2")
def roc_with_twice_the_area(scores, positive):
    fpr, tpr = _rates(scores, positive, np.unique(scores)[::-1])
    fpr, tpr = np.r_[0, fpr], np.r_[0, tpr]
    return fpr, tpr, 2 * _area(fpr, tpr)


@right("roc")
def roc_by_thresholds(scores, positive):
    fpr, tpr = _rates(scores, positive, [2.0, *sorted(set(scores), reverse=True)])
    return list(fpr), list(tpr), float(_area(fpr, tpr))


@right("roc")
def roc_by_scikit_learn(scores, positive):
    from sklearn import metrics

    fpr, tpr, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
    return fpr, tpr, metrics.auc(fpr, tpr)


@right("roc")
def roc_by_counting_pairs(scores, positive):
    fpr, tpr = [0.0], [0.0]
    for level in sorted(set(scores), reverse=True):
        fpr.append(sum(s >= level and not p for s, p in zip(scores, positive, strict=True)) / sum(~positive))
        tpr.append(sum(s >= level and p for s, p in zip(scores, positive, strict=True)) / sum(positive))
    above = scores[positive][:, None] - scores[~positive]
    return fpr, tpr, np.mean((above > 0) + 0.5 * (above == 0))


# -- reliability ------------------------------------------------------------------------------------------------------


def _reliability(score, correct, bins, empty=0.0):
    which = np.minimum((score * bins).astype(int), bins - 1)
    confidence, accuracy, share = np.full(bins, empty), np.full(bins, empty), np.zeros(bins)
    for b in np.unique(which):
        inside = which == b
        confidence[b], accuracy[b], share[b] = score[inside].mean(), correct[inside].mean(), inside.mean()
    return confidence, accuracy, share


@wrong("reliability", says="every bin counts the same")
def unweighted(p, y, bins):
    confidence, accuracy, _ = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.mean(np.abs(accuracy - confidence))


@wrong("reliability", says="the absolute value is missing")
def signed(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.sum(share * (accuracy - confidence))


@wrong("reliability", says="fell out of the last bin")
def last_edge_excluded(p, y, bins):
    score, correct = p.max(axis=1), p.argmax(axis=1) == y
    confidence, accuracy, ece = np.zeros(bins), np.zeros(bins), 0.0
    for b in range(bins):
        inside = (score >= b / bins) & (score < (b + 1) / bins)
        if inside.any():
            confidence[b], accuracy[b] = score[inside].mean(), correct[inside].mean()
            ece += inside.mean() * abs(accuracy[b] - confidence[b])
    return confidence, accuracy, ece


@wrong("reliability", says="this is the probability of the true class")
def probability_of_the_truth(p, y, bins):
    confidence, accuracy, share = _reliability(p[np.arange(len(y)), y], p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="a bin without images gives nan")
def nan_in_empty_bins(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins, empty=np.nan)
    return confidence, accuracy, np.nansum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="accuracy and confidence are swapped")
def accuracy_first(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return accuracy, confidence, np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="this is the middle of each bin")
def middle_of_the_bins(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return (np.arange(bins) + 0.5) / bins, accuracy, np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="these are sums")
def sums_in_bins(p, y, bins):
    score = p.max(axis=1)
    confidence, accuracy, share = _reliability(score, p.argmax(axis=1) == y, bins)
    return confidence * share * len(y), accuracy * share * len(y), np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="there are always ten bins")
def ten_bins(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, 10)
    return confidence, accuracy, np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="this is the largest gap")
def largest_gap(p, y, bins):
    confidence, accuracy, _ = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.max(np.abs(accuracy - confidence))


@wrong("reliability", says="the gaps were squared")
def squared_gap(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.sum(share * (accuracy - confidence) ** 2)


@wrong("reliability", says="the bins hold equally many images")
def equal_numbers_in_bins(p, y, bins):
    score, correct = p.max(axis=1), p.argmax(axis=1) == y
    order = np.array_split(np.argsort(score), bins)
    confidence = np.array([score[part].mean() if len(part) else 0 for part in order])
    accuracy = np.array([correct[part].mean() if len(part) else 0 for part in order])
    return confidence, accuracy, np.mean(np.abs(confidence - accuracy))


@wrong("reliability", says="this is the share of wrong answers")
def error_rate_in_bins(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) != y, bins)
    return confidence, accuracy, np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="empty bins were left out")
def empty_bins_left_out(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return confidence[share > 0], accuracy[share > 0], np.sum(share * np.abs(accuracy - confidence))


@wrong("reliability", says="the gaps were weighted with counts")
def ece_of_counts(p, y, bins):
    confidence, accuracy, share = _reliability(p.max(axis=1), p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.sum(share * len(y) * np.abs(accuracy - confidence))


@wrong("reliability", says="rounded down, not to the nearest")
def reliability_rounded(p, y, bins):
    score, correct = p.max(axis=1), p.argmax(axis=1) == y
    which = np.minimum(np.round(score * bins).astype(int), bins - 1)
    count = np.maximum(np.bincount(which, minlength=bins), 1)
    confidence, accuracy = (np.bincount(which, values, bins) / count for values in (score, correct))
    return confidence, accuracy, np.sum(np.bincount(which, minlength=bins) * abs(accuracy - confidence)) / len(y)


@wrong("reliability", says="not the first")
def reliability_of_the_first_class(p, y, bins):
    confidence, accuracy, share = _reliability(p[:, 0], p.argmax(axis=1) == y, bins)
    return confidence, accuracy, np.sum(share * np.abs(accuracy - confidence))


@right("reliability")
def reliability_by_histograms(p, y, bins):
    score, correct = np.max(p, axis=1), np.argmax(p, axis=1) == y
    count, total, hits = (
        np.histogram(score, bins, (0, 1), weights=w)[0] for w in (np.ones(len(y)), score, correct.astype(float))
    )
    at_least_one = np.maximum(count, 1)
    return total / at_least_one, hits / at_least_one, np.abs(total - hits).sum() / len(y)


@right("reliability")
def reliability_with_lists(p, y, bins):
    groups = [[] for _ in range(bins)]
    for row, label in zip(p, y, strict=True):
        groups[min(int(max(row) * bins), bins - 1)].append((float(max(row)), float(np.argmax(row) == label)))
    confidence = [sum(c for c, _ in group) / len(group) if group else 0 for group in groups]
    accuracy = [sum(a for _, a in group) / len(group) if group else 0 for group in groups]
    ece = sum(len(g) / len(y) * abs(a - c) for g, a, c in zip(groups, accuracy, confidence, strict=True))
    return confidence, accuracy, ece


# -- best_temperature -------------------------------------------------------------------------------------------------


def _loss_at(temperature, z, y):
    return -np.mean(special.log_softmax(z / temperature, axis=1)[np.arange(len(y)), y])


@wrong("best_temperature", says="this is 1 / T")
def temperature_as_a_factor(z, y):
    grid = np.geomspace(0.05, 20, 1200)
    return 1 / grid[np.argmin([_loss_at(t, z, y) for t in grid])]


@wrong("best_temperature", says="this is the logarithm of T")
def temperature_in_logarithms(z, y):
    grid = np.linspace(-3, 3, 1200)
    return grid[np.argmin([_loss_at(np.exp(t), z, y) for t in grid])]


@wrong("best_temperature", says="T = 1 changes nothing")
def temperature_by_accuracy(z, y):
    grid = [1.0, *np.geomspace(0.05, 20, 100)]  # no temperature changes the accuracy: the first one stays
    return grid[np.argmax([np.mean(np.argmax(z / t, axis=1) == y) for t in grid])]


@wrong("best_temperature", says="this is the loss that is reached")
def temperature_as_its_loss(z, y):
    return min(_loss_at(t, z, y) for t in np.geomspace(0.05, 20, 600))


@wrong("best_temperature", says="T may be smaller than 1 as well")
def temperature_above_one_only(z, y):
    grid = np.linspace(1, 10, 1000)
    return grid[np.argmin([_loss_at(t, z, y) for t in grid])]


@wrong("best_temperature", says="The temperature for logits that are too large")
def temperature_on_a_coarse_grid(z, y):
    grid = [0.1, 0.25, 0.5, 1, 2, 4, 8]
    return grid[np.argmin([_loss_at(t, z, y) for t in grid])] * 1.1


@wrong("best_temperature", says="this is an end of the range")
def temperature_with_the_largest_loss(z, y):
    temperatures = np.geomspace(0.05, 20, 300)
    return temperatures[np.argmax([_loss_at(t, z, y) for t in temperatures])]


@wrong("best_temperature", says="this is a place in the list")
def temperature_as_a_place(z, y):
    return int(np.argmin([_loss_at(t, z, y) for t in np.geomspace(0.05, 20, 300)]))


@wrong("best_temperature", says="not the logits divided by it")
def temperature_applied(z, y):
    temperatures = np.geomspace(0.05, 20, 300)
    return z / temperatures[np.argmin([_loss_at(t, z, y) for t in temperatures])]


@wrong("best_temperature", says="here softmax came first")
def temperature_of_probabilities(z, y):
    temperatures = np.geomspace(0.01, 20, 2000)
    p = special.softmax(z, axis=1)
    return temperatures[np.argmin([_loss_at(t, p, y) for t in temperatures])]


@right("best_temperature")
def temperature_by_scipy(z, y):
    from scipy.optimize import minimize_scalar

    return minimize_scalar(_loss_at, bounds=(0.05, 20), args=(z, y), method="bounded").x


@right("best_temperature")
def temperature_by_three_sections(z, y):
    low, high = 0.02, 30.0
    while high / low > 1.001:
        a, b = low ** (2 / 3) * high ** (1 / 3), low ** (1 / 3) * high ** (2 / 3)
        if _loss_at(a, z, y) < _loss_at(b, z, y):
            high = b
        else:
            low = a
    return low


@right("best_temperature")
def temperature_on_a_fine_grid(z, y):
    grid = tf.exp(tf.linspace(-3.5, 3.5, 1500))
    return grid[tf.argmin([_loss_at(t, z, y) for t in grid.numpy()])]


# -- hog_cell ---------------------------------------------------------------------------------------------------------


def _gradients(patch):
    return patch[2:, 1:-1] - patch[:-2, 1:-1], patch[1:-1, 2:] - patch[1:-1, :-2]


def _histogram(direction, magnitude, orientations):
    return np.histogram(direction, orientations, (0, 180), weights=magnitude)[0]


@wrong("hog_cell", says="every pixel counts 1")
def unweighted_votes(patch, orientations):
    g_r, g_c = _gradients(patch)
    return np.histogram(np.rad2deg(np.arctan2(g_r, g_c)) % 180, orientations, (0, 180))[0]


@wrong("hog_cell", says="negative directions were lost or clipped")
def without_modulo(patch, orientations):
    g_r, g_c = _gradients(patch)
    direction = np.rad2deg(np.arctan2(g_r, g_c))
    return np.histogram(direction, orientations, (0, 180), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="the direction was taken modulo 360")
def full_circle(patch, orientations):
    g_r, g_c = _gradients(patch)
    direction = np.rad2deg(np.arctan2(g_r, g_c)) % 360
    return np.histogram(direction, orientations, (0, 360), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="the directions are in radians")
def radians(patch, orientations):
    g_r, g_c = _gradients(patch)
    direction = np.arctan2(g_r, g_c) % 180
    return np.histogram(direction, orientations, (0, 180), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="g_r and g_c are swapped")
def axes_swapped(patch, orientations):
    g_r, g_c = _gradients(patch)
    direction = np.rad2deg(np.arctan2(g_c, g_r)) % 180
    return np.histogram(direction, orientations, (0, 180), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="np.gradient halves the differences")
def half_differences(patch, orientations):
    g_r, g_c = (g[1:-1, 1:-1] for g in np.gradient(patch))
    direction = np.rad2deg(np.arctan2(g_r, g_c)) % 180
    return np.histogram(direction, orientations, (0, 180), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="the margin votes as well")
def margin_votes(patch, orientations):
    g_r, g_c = np.gradient(patch)
    direction = np.rad2deg(np.arctan2(g_r, g_c)) % 180
    return np.histogram(direction, orientations, (0, 180), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="the border of a bin is at another angle")
def cell_modulo_181(patch, orientations):
    g_r, g_c = _gradients(patch)
    return _histogram(np.rad2deg(np.arctan2(g_r, g_c)) % 181, np.hypot(g_r, g_c), orientations)


@wrong("hog_cell", says="the border of a bin is at another angle")
def cell_with_wide_range(patch, orientations):
    g_r, g_c = _gradients(patch)
    direction = np.rad2deg(np.arctan2(g_r, g_c)) % 180
    return np.histogram(direction, orientations, (0, 181), weights=np.hypot(g_r, g_c))[0]


@wrong("hog_cell", says="the vote goes to the nearest border of a bin")
def cell_with_nearest_bin(patch, orientations):
    g_r, g_c = _gradients(patch)
    direction = np.rad2deg(np.arctan2(g_r, g_c)) % 180
    which = np.round(direction / (180 / orientations)).astype(int) % orientations
    return np.bincount(which.ravel(), np.hypot(g_r, g_c).ravel(), orientations)


@wrong("hog_cell", says="the histogram was scaled to length 1")
def cell_normalised(patch, orientations):
    g_r, g_c = _gradients(patch)
    h = _histogram(np.rad2deg(np.arctan2(g_r, g_c)) % 180, np.hypot(g_r, g_c), orientations)
    return h / (np.linalg.norm(h) + 1e-12)


@wrong("hog_cell", says="one-sided differences")
def cell_with_forward_gradients(patch, orientations):
    g_r, g_c = patch[2:, 1:-1] - patch[1:-1, 1:-1], patch[1:-1, 2:] - patch[1:-1, 1:-1]
    return _histogram(np.rad2deg(np.arctan2(g_r, g_c)) % 180, np.hypot(g_r, g_c), orientations)


@wrong("hog_cell", says="the votes carry the squared magnitude")
def cell_squared(patch, orientations):
    g_r, g_c = _gradients(patch)
    return _histogram(np.rad2deg(np.arctan2(g_r, g_c)) % 180, g_r**2 + g_c**2, orientations)


@wrong("hog_cell", says="np.arctan of a quotient knows only half of the circle")
def cell_with_arctan(patch, orientations):
    g_r, g_c = _gradients(patch)
    with np.errstate(all="ignore"):
        return _histogram(np.abs(np.nan_to_num(np.rad2deg(np.arctan(g_r / g_c)))), np.hypot(g_r, g_c), orientations)


@wrong("hog_cell", says="the negative ones were lost")
def hog_by_arctan(patch, orientations):
    g_r, g_c = _gradients(patch)
    with np.errstate(divide="ignore", invalid="ignore"):
        direction = np.nan_to_num(np.rad2deg(np.arctan(g_r / g_c)))
    return _histogram(direction, np.hypot(g_r, g_c), orientations)


@wrong("hog_cell", says="one difference has the wrong sign")
def hog_turned(patch, orientations):
    g_r, g_c = _gradients(patch)
    return _histogram(np.rad2deg(np.arctan2(-g_r, g_c)) % 180, np.hypot(g_r, g_c), orientations)


@right("hog_cell")
def hog_cell_pixel_by_pixel(patch, orientations):
    histogram = [0.0] * orientations
    for r in range(1, patch.shape[0] - 1):
        for c in range(1, patch.shape[1] - 1):
            g_r, g_c = patch[r + 1, c] - patch[r - 1, c], patch[r, c + 1] - patch[r, c - 1]
            angle = np.degrees(np.arctan2(g_r, g_c)) % 180
            histogram[int(angle * orientations / 180) % orientations] += (g_r**2 + g_c**2) ** 0.5
    return histogram


@right("hog_cell")
def hog_cell_with_bincount(patch, orientations):
    g_r, g_c = (2 * g[1:-1, 1:-1] for g in np.gradient(patch))
    angle = np.arctan2(g_r, g_c) % np.pi
    bins = np.floor(angle / np.pi * orientations).astype(int) % orientations
    return np.bincount(bins.ravel(), np.sqrt(g_r**2 + g_c**2).ravel(), orientations).astype(np.float32)


# -- hog_blocks -------------------------------------------------------------------------------------------------------


def _hog_blocks(votes, first=np.linalg.norm, second=np.linalg.norm, cut=0.2):
    rows, columns, orientations = votes.shape
    blocks = np.zeros((rows - 1, columns - 1, 2, 2, orientations))
    for i, j in np.ndindex(rows - 1, columns - 1):
        block = votes[i : i + 2, j : j + 2]
        if block.any():
            block = np.minimum(block / first(block), cut)
            blocks[i, j] = block / second(block)
    return blocks


@wrong("hog_blocks", says="a block of zeros gives nan")
def blocks_with_nan(votes):
    blocks = _hog_blocks(votes)
    with np.errstate(all="ignore"):
        return blocks / blocks.any(axis=(2, 3, 4), keepdims=True)


@wrong("hog_blocks", says="have not been cut")
def blocks_not_cut(votes):
    return _hog_blocks(votes, cut=np.inf)


@wrong("hog_blocks", says="again after the cut")
def blocks_scaled_once(votes):
    return _hog_blocks(votes, second=lambda block: 1)


@wrong("hog_blocks", says="scale before you cut")
def blocks_cut_first(votes):
    return _hog_blocks(np.minimum(votes, 0.2), cut=np.inf)


@wrong("hog_blocks", says="each cell was scaled by itself")
def blocks_of_scaled_cells(votes):
    def length(block):
        lengths = np.linalg.norm(block, axis=2, keepdims=True)
        return np.where(lengths == 0, 1, lengths)

    return _hog_blocks(votes, first=length, second=length)


@wrong("hog_blocks", says="divided by their sum")
def blocks_by_the_sum(votes):
    return _hog_blocks(votes, first=np.sum, second=np.sum)


@wrong("hog_blocks", says="The blocks overlap")
def blocks_side_by_side(votes):
    rows, columns = votes.shape[0] // 2, votes.shape[1] // 2
    return _hog_blocks(votes)[::2, ::2][:rows, :columns]


@wrong("hog_blocks", says="the whole image was scaled at once")
def blocks_of_a_scaled_image(votes):
    whole = np.minimum(votes / np.linalg.norm(votes), 0.2)
    return _hog_blocks(whole / np.linalg.norm(whole), lambda block: 1, lambda block: 1, np.inf)


@right("hog_blocks")
def blocks_as_lists(votes):
    rows, columns, _ = votes.shape
    result = []
    for i in range(rows - 1):
        result.append([])
        for j in range(columns - 1):
            block = votes[i : i + 2, j : j + 2].tolist()
            for top in (0.2, 1):
                length = sum(value**2 for row in block for cell in row for value in cell) ** 0.5 or 1
                block = [[[min(value / length, top) for value in cell] for cell in row] for row in block]
            result[-1].append(block)
    return result


@right("hog_blocks")
def blocks_by_windows(votes):
    blocks = np.lib.stride_tricks.sliding_window_view(votes, (2, 2), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    for top in (0.2, 1):
        blocks = np.minimum(blocks / np.sqrt((blocks**2).sum(axis=(2, 3, 4), keepdims=True) + 1e-20), top)
    return blocks


@right("hog_blocks")
def blocks_by_tensorflow(votes):
    votes = tf.cast(votes, tf.float32)
    rows = tf.stack([votes[:-1], votes[1:]], axis=2)  # (rows - 1, columns, 2, orientations)
    blocks = tf.stack([rows[:, :-1], rows[:, 1:]], axis=3)
    blocks = tf.minimum(blocks * tf.math.rsqrt(tf.reduce_sum(blocks**2, [2, 3, 4], keepdims=True) + 1e-12), 0.2)
    return tf.math.l2_normalize(blocks, axis=[2, 3, 4])


# -- ambiguity_decomposition ------------------------------------------------------------------------------------------


def _terms(members, y):
    mean = members.mean(axis=0)
    return [np.mean(np.sum(q**2, axis=-1)) for q in (mean - y, members - y, members - mean)]


@wrong("ambiguity_decomposition", says="the mean runs over the classes too")
def mean_over_classes(members, y):
    mean = members.mean(axis=0)
    return np.mean((mean - y) ** 2), np.mean((members - y) ** 2), np.mean((members - mean) ** 2)


@wrong("ambiguity_decomposition", says="with the probabilities averaged before squaring")
def errors_averaged_first(members, y):
    average = np.mean(np.sum((members - y) ** 2, axis=-1))
    ambiguity = np.mean(np.sum((members - members.mean(axis=0)) ** 2, axis=-1))
    return average, average, ambiguity


@wrong("ambiguity_decomposition", says="the order is: ensemble, members, ambiguity")
def other_order(members, y):
    mean = members.mean(axis=0)
    e, a, d = (np.mean(np.sum(q**2, axis=-1)) for q in (mean - y, members - y, members - mean))
    return d, a, e


@wrong("ambiguity_decomposition", says="the ambiguity divides by the number of members, not by one less")
def unbiased_variance(members, y):
    mean = members.mean(axis=0)
    e, a = (np.mean(np.sum(q**2, axis=-1)) for q in (mean - y, members - y))
    return e, a, members.var(axis=0, ddof=1).sum(axis=1).mean()


@wrong("ambiguity_decomposition", says="you summed over the images: take the mean")
def sums(members, y):
    mean = members.mean(axis=0)
    return np.sum((mean - y) ** 2), np.sum((members - y) ** 2), np.sum((members - mean) ** 2)


@wrong("ambiguity_decomposition", says="this is the mean error of the members")
def members_first(members, y):
    e, a, v = _terms(members, y)
    return a, e, v


@wrong("ambiguity_decomposition", says="the order is")
def ambiguity_first(members, y):
    e, a, v = _terms(members, y)
    return v, e, a


@wrong("ambiguity_decomposition", says="the sign is turned round")
def negative_ambiguity(members, y):
    e, a, v = _terms(members, y)
    return e, a, e - a


@wrong("ambiguity_decomposition", says="you summed over the images")
def everything_summed(members, y):
    mean = members.mean(0)
    return ((mean - y) ** 2).sum(), ((members - y) ** 2).sum(), ((members - mean) ** 2).sum()


@wrong("ambiguity_decomposition", says="the square root was taken")
def roots(members, y):
    return tuple(np.sqrt(part) for part in _terms(members, y))


@wrong("ambiguity_decomposition", says="Return 3 things")
def only_two(members, y):
    return _terms(members, y)[:2]


@wrong("ambiguity_decomposition", says="the last step is missing")
def one_for_each_image(members, y):
    mean = members.mean(0)
    return ((mean - y) ** 2).sum(-1), ((members - y) ** 2).sum(-1).mean(0), ((members - mean) ** 2).sum(-1).mean(0)


@wrong("ambiguity_decomposition", says="the mean is taken over the members only, image by image and class by c")
def ambiguity_around_the_grand_mean(members, y):
    e, a, _ = _terms(members, y)
    return e, a, np.mean(np.sum((members - members.mean()) ** 2, axis=-1))


@wrong("ambiguity_decomposition", says="the members vote here")
def majority(members, y):
    votes = np.eye(y.shape[1])[members.argmax(-1)].mean(0)
    _, a, v = _terms(members, y)
    return np.mean(np.sum((votes - y) ** 2, axis=-1)), a, v


@wrong("ambiguity_decomposition", says="no square root")
def terms_of_the_norm(members, y):
    mean = members.mean(axis=0)
    return [np.mean(np.linalg.norm(q, axis=-1)) for q in (mean - y, members - y, members - mean)]


@wrong("ambiguity_decomposition", says="these are standard deviations")
def terms_with_deviations(members, y):
    return *_terms(members, y)[:2], np.mean(np.sum(members.std(axis=0), axis=-1))


@right("ambiguity_decomposition")
def decomposition_by_the_identity(members, y):
    e, a = (np.linalg.norm(q, axis=-1) ** 2 for q in (members.mean(axis=0) - y, members - y))
    return e.mean(), a.mean(), a.mean() - e.mean()


@right("ambiguity_decomposition")
def decomposition_with_tensorflow(members, y):
    members, y = tf.constant(members, tf.float32), tf.constant(y, tf.float32)
    mean = tf.reduce_mean(members, axis=0)
    return [
        float(tf.reduce_mean(tf.reduce_sum(tf.square(q), axis=-1))) for q in (mean - y, members - y, members - mean)
    ]


# -- centre_digit -----------------------------------------------------------------------------------------------------


def _at(digit, top, left):
    field = np.zeros((28, 28))
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field


@wrong("centre_digit", says="the box was centred, not its centre of mass")
def box_centred(digit):
    return _at(digit, (28 - digit.shape[0]) // 2, (28 - digit.shape[1]) // 2)


@wrong("centre_digit", says="rows and columns are swapped")
def coordinates_swapped(digit):
    row, column = ndimage.center_of_mass(digit)
    return _at(digit, round(14 - column), round(14 - row))


@wrong("centre_digit", says="the digit was put into the corner")
def in_the_corner(digit):
    return _at(digit, 0, 0)


@wrong("centre_digit", says="int() cuts off")
def cut_off(digit):
    row, column = ndimage.center_of_mass(digit)
    return _at(digit, int(14 - row), int(14 - column))


@wrong("centre_digit", says="the ink was altered")
def as_bytes(digit):
    row, column = ndimage.center_of_mass(digit)
    return _at(digit * 255, round(14 - row), round(14 - column))


@wrong("centre_digit", says="the target is 14, the middle of the field, not 10")
def middle_of_the_box(digit):
    row, column = ndimage.center_of_mass(digit)
    return _at(digit, max(round(10 - row), 0), max(round(10 - column), 0))


@wrong("centre_digit", says="the digit would stick out of the field")
def not_kept_inside(digit):
    row, column = ndimage.center_of_mass(digit)
    return _at(digit, round(14 - row), round(14 - column))


@wrong("centre_digit", says="comes in again on the other side")
def rolled_out_of_the_field(digit):
    row, column = ndimage.center_of_mass(digit)
    return np.roll(_at(digit, 0, 0), (round(14 - row), round(14 - column)), axis=(0, 1))


@wrong("centre_digit", says="the ink that sticks out of the field was cut off")
def cut_at_the_border(digit):
    row, column = ndimage.center_of_mass(digit)
    return ndimage.shift(_at(digit, 0, 0), (round(14 - row), round(14 - column)), order=0)


@wrong("centre_digit", says="the values are right, but they stand in another order")
def centred_the_wrong_way(digit):
    row, column = ndimage.center_of_mass(digit)
    return _at(digit, *np.clip([round(row), round(column)], 0, [28 - s for s in digit.shape]))


@wrong("centre_digit", says="the ink was shared between pixels")
def stretched(digit):
    row, column = ndimage.center_of_mass(digit)
    return ndimage.shift(np.pad(digit, [(0, 28 - s) for s in digit.shape]), (14 - row, 14 - column), order=1)


@wrong("centre_digit", says="the digit is not in the field")
def not_moved_at_all(digit):
    return digit


@wrong("centre_digit", says="this is the centre of mass")
def centre_of_mass_returned(digit):
    return ndimage.center_of_mass(digit)


@wrong("centre_digit", says="the values were rounded to whole numbers")
def centred_in_binary(digit):
    row, column = ndimage.center_of_mass(digit)
    top, left = np.clip([round(14 - row), round(14 - column)], 0, [28 - s for s in digit.shape])
    return _at((digit > 0.5).astype(float), top, left)


@wrong("centre_digit", says="the ink is the weight of each pixel in the centre of mass, not whether")
def centred_without_weights(digit):
    row, column = np.argwhere(digit > 0).mean(axis=0)
    return _at(digit, *np.clip([round(14 - row), round(14 - column)], 0, [28 - s for s in digit.shape]))


@right("centre_digit")
def rolled_into_place(digit):
    field = np.zeros((28, 28), np.float32)
    field[: digit.shape[0], : digit.shape[1]] = digit
    row, column = ndimage.center_of_mass(field)
    down, across = np.clip((round(14 - row), round(14 - column)), 0, np.subtract(28, digit.shape))
    return np.roll(np.roll(field, down, axis=0), across, axis=1)


@right("centre_digit")
def padded(digit):
    total = sum(value for row in digit for value in row)
    row = sum(r * value for r, line in enumerate(digit) for value in line) / total
    column = sum(c * value for line in digit for c, value in enumerate(line)) / total
    h, w = digit.shape
    top, left = np.clip(round(14 - row), 0, 28 - h), np.clip(round(14 - column), 0, 28 - w)
    return np.pad(digit, ((top, 28 - h - top), (left, 28 - w - left))).tolist()
