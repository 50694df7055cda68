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


# -- one_hot ----------------------------------------------------------------------------------------------------------


@wrong("one_hot", says="the number of classes is the argument")
def as_many_classes_as_occur(labels, classes):
    return np.eye(labels.max() + 1)[labels]


@wrong("one_hot", says="these are the labels themselves")
def labels_unchanged(labels, classes):
    return labels


@wrong("one_hot", says="rows and columns are swapped")
def one_column_a_label(labels, classes):
    return np.eye(classes)[labels].T


@wrong("one_hot", says="the ones stand one place too far to the right")
def counted_from_one(labels, classes):
    return np.eye(classes)[(labels + 1) % classes]


@wrong("one_hot", says="one column too many")
def coded_from_one(labels, classes):
    return np.eye(classes + 1)[labels]


@wrong("one_hot", says="the label stands where the 1 belongs")
def label_as_entry(labels, classes):
    return np.eye(classes)[labels] * labels[:, None]


@wrong("one_hot", says="the result is 0 everywhere")
def zeros_only(labels, classes):
    codes = np.zeros((len(labels), classes))
    for i, label in enumerate(labels):
        codes[i][label] == 1  # noqa: B015
    return codes


@wrong("one_hot", says="every row got the ones of all labels")
def whole_columns(labels, classes):
    codes = np.zeros((len(labels), classes))
    codes[:, labels] = 1
    return codes


@wrong("one_hot", says="one row was filled for all labels")
def one_row_for_all(labels, classes):
    code = np.zeros(classes)
    for label in labels:
        code[label] = 1
    return code


@wrong("one_hot", says="only the first 1 of 7 entries along axis 0 are filled")
def first_only(labels, classes):
    codes = np.zeros((len(labels), classes))
    for i, label in enumerate(labels):
        codes[i, label] = 1
        return codes


@wrong("one_hot", says="zeros and ones are swapped")
def cold(labels, classes):
    return 1 - np.eye(classes)[labels]


@wrong("one_hot", says="all classes up to the label have a 1")
def ordinal(labels, classes):
    return (np.arange(classes) <= labels[:, None]).astype(float)


@wrong("one_hot", says="the order along axis 1 is reversed")
def mirrored_code(labels, classes):
    return np.eye(classes)[labels][:, ::-1]


@right("one_hot")
def one_hot_by_comparison(labels, classes):
    return labels[:, None] == np.arange(classes)


@right("one_hot")
def one_hot_as_lists(labels, classes):
    return [[1 if k == label else 0 for k in range(classes)] for label in labels]


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


# -- build_mlp --------------------------------------------------------------------------------------------------------


def _stack(inputs, hidden, activation, output):
    layers = [keras.layers.Dense(units, activation=activation) for units in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, *output])


@wrong("build_mlp", says="softmax is missing in the output layer")
def without_softmax(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10)])


@wrong("build_mlp", says="the output layer of ten units is missing")
def without_output(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [])


@wrong("build_mlp", says="the hidden layers have no activation")
def without_activation(inputs, hidden, activation):
    return _stack(inputs, hidden, None, [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="the hidden layers use sigmoid, whatever `activation` says")
def always_sigmoid(inputs, hidden, activation):
    return _stack(inputs, hidden, "sigmoid", [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="the output layer has sigmoid")
def sigmoid_at_the_end(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "sigmoid")])


@wrong("build_mlp", says="begin with keras.Input")
def without_input(inputs, hidden, activation):
    layers = [keras.layers.Dense(units, activation=activation) for units in hidden]
    return keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])


@wrong("build_mlp", says="take their number from the argument")
def always_the_lecture(inputs, hidden, activation):
    return _stack(64, hidden, activation, [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="Dropout")
def with_dropout(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dropout(0.5), keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="start at the same value")
def with_zero_kernels(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "softmax", kernel_initializer="zeros")])


@wrong("build_mlp", says="the output layer has sigmoid")
def activation_at_the_end(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, activation)])


@wrong("build_mlp", says="there are too few layers")
def only_the_first_hidden_layer(inputs, hidden, activation):
    return _stack(inputs, hidden[:1], activation, [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="there are too many layers")
def one_output_too_many(inputs, hidden, activation):
    return _stack(inputs, [*hidden, 10], activation, [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="the units of the hidden layers come from `hidden`, in that order")
def hidden_in_reverse(inputs, hidden, activation):
    return _stack(inputs, hidden[::-1], activation, [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="the biases are missing")
def without_biases(inputs, hidden, activation):
    layers = [keras.layers.Dense(units, activation=activation, use_bias=False) for units in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(10, "softmax", use_bias=False)])


@wrong("build_mlp", says="softmax is meant for the output layer, not for the hidden ones")
def softmax_everywhere(inputs, hidden, activation):
    return _stack(inputs, hidden, "softmax", [keras.layers.Dense(10, "softmax")])


@wrong("build_mlp", says="softmax is applied twice at the end")
def two_softmaxes(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "softmax"), keras.layers.Softmax()])


@wrong("build_mlp", says="Return the Keras model or layer itself")
def a_list_of_layers(inputs, hidden, activation):
    return [keras.layers.Dense(units, activation=activation) for units in hidden]


@wrong("build_mlp", says="the output is the logarithm of the probabilities")
def log_softmax_at_the_end(inputs, hidden, activation):
    return _stack(inputs, hidden, activation, [keras.layers.Dense(10, "log_softmax")])


@right("build_mlp")
def functional_style(inputs, hidden, activation):
    x = start = keras.Input((inputs,))
    for units in hidden:
        x = keras.layers.Dense(units)(x)
        x = keras.layers.Activation(activation)(x)
    return keras.Model(start, keras.layers.Softmax()(keras.layers.Dense(10)(x)))


@right("build_mlp")
def added_one_by_one(inputs, hidden, activation):
    model = keras.Sequential()
    model.add(keras.Input(shape=(inputs,)))
    for units in hidden:
        model.add(keras.layers.Dense(units, activation=activation, kernel_initializer="he_normal"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


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
