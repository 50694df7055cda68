"""Lab 04: what beginners write, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage, special

from tests.planted import right, wrong

# -- preprocess -------------------------------------------------------------------------------------------------------


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
