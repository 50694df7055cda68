"""Planted answers for lab 01: mistakes that beginners make, and right answers in other styles."""

import math

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit, softmax

from tests.planted import right, wrong

# -- sigmoid ----------------------------------------------------------------------------------------------------------


@wrong("sigmoid", says="the minus sign before z is missing")
def sigmoid_without_minus(z):
    return 1 / (1 + np.exp(z))


@wrong("sigmoid", says="the denominator stands alone")
def sigmoid_of_the_slide(z):
    return 1 + np.exp(-z)


@wrong("sigmoid", says="its brackets are missing")
def sigmoid_without_brackets(z):
    return 1 / 1 + np.exp(-z)


@wrong("sigmoid", says="inf / inf is nan")
def sigmoid_that_overflows(z):
    return np.exp(z) / (1 + np.exp(z))


@wrong("sigmoid", says="Did you forget `return`?")
def sigmoid_without_return(z):
    1 / (1 + np.exp(-z))


@wrong("sigmoid", says="this is tanh")
def sigmoid_as_tanh(z):
    return np.tanh(z)


@wrong("sigmoid", says="the denominator stands alone, or its brackets are missing")
def sigmoid_turned_round(z):
    return 1 + np.exp(-z)


@wrong("sigmoid", says="the minus sign before z is missing")
def sigmoid_of_the_negative_sign(z):
    return 1 - 1 / (1 + np.exp(-z))


@wrong("sigmoid", says="this is the derivative of the sigmoid")
def sigmoid_derivative(z):
    s = expit(z)
    return s * (1 - s)


@wrong("sigmoid", says="math.exp and float take one number")
def sigmoid_of_one_number(z):
    return 1 / (1 + math.exp(-z))


@wrong("sigmoid", says="the values were rounded to whole numbers")
def sigmoid_rounded(z):
    return (z > 0).astype(float)


@wrong("sigmoid", says="this is the softmax of each row")
def sigmoid_as_softmax(z):
    return softmax(z, axis=-1)


@right("sigmoid")
def sigmoid_the_plain_way(z):
    return 1 / (1 + np.exp(-z))


@right("sigmoid")
def sigmoid_by_tanh(z):
    return 0.5 * (1 + np.tanh(np.asarray(z) / 2))


@right("sigmoid")
def sigmoid_by_tensorflow(z):
    return tf.sigmoid(tf.cast(z, tf.float32))


@right("sigmoid")
def sigmoid_in_two_halves(z):
    z = np.asarray(z, dtype=float)
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


# -- activation_derivatives -------------------------------------------------------------------------------------------


@wrong("activation_derivatives", says="tanh has 1 - g^2")
def derivatives_of_the_slide(z, a):
    s, t = expit(z), np.tanh(z)
    return s * (1 - s), t * (1 - t), np.where(z > 0, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="this is ReLU itself, not its derivative")
def derivatives_with_relu_itself(z, a):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, np.maximum(0, z), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="the slope is a, not a z")
def derivatives_with_leaky_value(z, a):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, np.where(z > 0, 1, 0), np.where(z > 0, 1, a * z)


@wrong("activation_derivatives", says="z stands where g(z) belongs")
def derivatives_with_z(z, a):
    return z * (1 - z), 1 - np.tanh(z) ** 2, np.where(z > 0, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="not a fixed number")
def derivatives_with_fixed_slope(z, a):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, np.where(z > 0, 1, 0), np.where(z > 0, 1, 0.01)


@wrong("activation_derivatives", says="the order is sigmoid, tanh, ReLU, leaky ReLU")
def derivatives_with_two_swapped(z, a):
    return 1 - np.tanh(z) ** 2, expit(z) * (1 - expit(z)), np.where(z > 0, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="Return 4 things")
def derivatives_only_two(z, a):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2


@wrong("activation_derivatives", says="at z = 0 the slope is 0")
def derivatives_one_at_zero(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 - t**2, np.where(z >= 0, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="at z = 0 the slope is a")
def derivatives_leaky_one_at_zero(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 - t**2, np.where(z > 0, 1, 0), np.where(z >= 0, 1, a)


@wrong("activation_derivatives", says="the slope changes at z = 0, not at another place")
def derivatives_from_minus_one(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 - t**2, np.where(z > -1, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="the slope of the negative side is a, without a minus sign")
def derivatives_with_minus_a(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 - t**2, np.where(z > 0, 1, 0), np.where(z > 0, 1, -a)


@wrong("activation_derivatives", says="this is 1 + g^2")
def derivatives_with_a_plus(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 + t**2, np.where(z > 0, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="this is g")
def derivatives_with_the_factors_turned(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (s - 1), 1 - t**2, np.where(z > 0, 1, 0), np.where(z > 0, 1, a)


@wrong("activation_derivatives", says="the slope a of the negative side is missing")
def derivatives_without_slope(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 - t**2, np.where(z > 0, 1, 0), np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="`if` needs one True or False")
def derivatives_with_if(z, a):
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    return s * (1 - s), 1 - t**2, 1 if z > 0 else 0, np.where(z > 0, 1, a)


@right("activation_derivatives")
def derivatives_by_tape(z, a):
    z, found = tf.Variable(z), []
    for g in (tf.sigmoid, tf.tanh, tf.nn.relu, lambda v: tf.nn.leaky_relu(v, a)):
        with tf.GradientTape() as tape:
            value = g(z)
        found.append(tape.gradient(value, z))
    return found


@right("activation_derivatives")
def derivatives_as_one_array(z, a):
    positive = (z > 0).astype("float32")
    cosh = np.cosh(z)
    return np.stack([np.exp(-z) / (1 + np.exp(-z)) ** 2, 1 / cosh**2, positive, positive + a * (1 - positive)])


# -- perceptron -------------------------------------------------------------------------------------------------------


@wrong("perceptron", says="the bias w0 is missing")
def perceptron_without_bias(x, w, w0):
    return expit(x @ w)


@wrong("perceptron", says="the activation is missing")
def perceptron_without_activation(x, w, w0):
    return x @ w + w0


@wrong("perceptron", says="this is a hard threshold")
def perceptron_with_a_threshold(x, w, w0):
    return np.where(x @ w + w0 > 0, 1, 0)


@wrong("perceptron", says="the bias was added after the activation")
def perceptron_with_late_bias(x, w, w0):
    return expit(x @ w) + w0


@wrong("perceptron", says="not summed over the inputs")
def perceptron_elementwise(x, w, w0):
    return expit(x * w + w0)


@wrong("perceptron", says="one value for each row")
def perceptron_summed_over_everything(x, w, w0):
    return expit(np.sum(x * w) + w0)


@wrong("perceptron", says="an axis of length 1 was kept")
def perceptron_with_a_column(x, w, w0):
    return expit(x @ w.reshape(-1, 1) + w0)


@wrong("perceptron", says="the bias is subtracted")
def perceptron_minus_bias(x, w, w0):
    return expit(x @ w - w0)


@wrong("perceptron", says="the bias multiplies the sum instead of being added")
def perceptron_times_bias(x, w, w0):
    return expit(x @ w * w0)


@wrong("perceptron", says="the activation is tanh")
def perceptron_with_tanh(x, w, w0):
    return np.tanh(x @ w + w0)


@wrong("perceptron", says="the activation is ReLU")
def perceptron_with_relu(x, w, w0):
    return np.maximum(0, x @ w + w0)


@wrong("perceptron", says="the mean over the inputs was taken")
def perceptron_with_a_mean(x, w, w0):
    return expit((x * w).mean(axis=1) + w0)


@wrong("perceptron", says="the sum runs over the samples")
def perceptron_summed_over_samples(x, w, w0):
    return expit((x * w).sum(axis=0) + w0)


@wrong("perceptron", says="the bias was added for every input")
def perceptron_with_bias_on_every_input(x, w, w0):
    return expit((x * w + w0).sum(axis=1))


@wrong("perceptron", says="this is the first sample's output alone")
def perceptron_of_the_first_sample(x, w, w0):
    for row in x:
        return expit(row @ w + w0)


@wrong("perceptron", says="print the shapes of both operands")
def perceptron_turned_round(x, w, w0):
    return expit(w @ x + w0)


@right("perceptron")
def perceptron_as_a_loop(x, w, w0):
    out = []
    for row in x:
        z = w0
        for xi, wi in zip(row, w, strict=True):
            z += xi * wi
        out.append(1 / (1 + np.exp(-z)))
    return out


@right("perceptron")
def perceptron_by_einsum_in_float32(x, w, w0):
    return expit(np.einsum("nd,d->n", x.astype("float32"), w.astype("float32")) + np.float32(w0))


@right("perceptron")
def perceptron_by_tensorflow(x, w, w0):
    return tf.sigmoid(tf.linalg.matvec(tf.constant(x), tf.constant(w)) + w0)


# -- binary_cross_entropy ---------------------------------------------------------------------------------------------


def _terms(y, y_hat):
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    return y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)


@wrong("binary_cross_entropy", says="the minus sign is missing")
def cross_entropy_without_minus(y, y_hat):
    return np.mean(_terms(y, y_hat))


@wrong("binary_cross_entropy", says="take the mean")
def cross_entropy_summed(y, y_hat):
    return -np.sum(_terms(y, y_hat))


@wrong("binary_cross_entropy", says="return one number for the whole data set")
def cross_entropy_per_sample(y, y_hat):
    return -_terms(y, y_hat)


@wrong("binary_cross_entropy", says="(1 - y) log(1 - y_hat), is missing")
def cross_entropy_of_ones_only(y, y_hat):
    return -np.mean(y * np.log(np.clip(y_hat, 1e-7, 1)))


@wrong("binary_cross_entropy", says="log(0) is -inf")
def cross_entropy_without_clipping(y, y_hat):
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="logarithm to base 10")
def cross_entropy_base_10(y, y_hat):
    return np.mean(-_terms(y, y_hat)) / np.log(10)


@wrong("binary_cross_entropy", says="the mean squared error")
def cross_entropy_squared(y, y_hat):
    return np.mean((y - y_hat) ** 2)


@wrong("binary_cross_entropy", says="the logarithm is of y_hat")
def cross_entropy_swapped(y, y_hat):
    return -np.mean(_terms(y_hat, y))


@wrong("binary_cross_entropy", says="the term for y = 1, y log")
def cross_entropy_of_zeros_only(y, y_hat):
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    return -np.mean((1 - y) * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="brackets are missing")
def cross_entropy_with_a_minus_between(y, y_hat):
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(y_hat) - (1 - y) * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="this is the logarithm to base 2")
def cross_entropy_base_2(y, y_hat):
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log2(y_hat) + (1 - y) * np.log2(1 - y_hat))


@wrong("binary_cross_entropy", says="y_hat is clipped too coarsely")
def cross_entropy_coarse(y, y_hat):
    y_hat = np.clip(y_hat, 1e-3, 1 - 1e-3)
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="this is the mean absolute error")
def cross_entropy_absolute(y, y_hat):
    return np.mean(np.abs(y - y_hat))


@wrong("binary_cross_entropy", says="the sum is halved")
def cross_entropy_halved(y, y_hat):
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)) / 2


@wrong("binary_cross_entropy", says="y and 1 - y are exchanged")
def cross_entropy_of_labels_exchanged(y, y_hat):
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    return -np.mean((1 - y) * np.log(y_hat) + y * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="y_hat went through a sigmoid again")
def cross_entropy_with_a_sigmoid(y, y_hat):
    y_hat = np.clip(expit(y_hat), 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


@right("binary_cross_entropy")
def cross_entropy_by_keras(y, y_hat):
    return keras.losses.binary_crossentropy(y, y_hat)


@right("binary_cross_entropy")
def cross_entropy_as_a_loop(y, y_hat):
    total = 0.0
    for truth, guess in zip(y, y_hat, strict=True):
        guess = min(max(guess, 1e-12), 1 - 1e-12)
        total -= np.log(guess if truth == 1 else 1 - guess)
    return total / len(y)


@right("binary_cross_entropy")
def cross_entropy_by_where(y, y_hat):
    return np.mean(-np.log(np.clip(np.where(y == 1, y_hat, 1 - y_hat), 1e-7, 1)))[None]


# -- gradient ---------------------------------------------------------------------------------------------------------


@wrong("gradient", says="the sign is flipped")
def gradient_uphill(x, y, w, w0):
    error = y - expit(x @ w + w0)
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="divide by n")
def gradient_summed(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x.T @ error, error.sum()


@wrong("gradient", says="you divided by n twice")
def gradient_divided_twice(x, y, w, w0):
    error = (expit(x @ w + w0) - y) / len(y)
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="the sigmoid is missing")
def gradient_without_sigmoid(x, y, w, w0):
    error = x @ w + w0 - y
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="cancels for cross-entropy")
def gradient_with_the_slope_of_sigmoid(x, y, w, w0):
    y_hat = expit(x @ w + w0)
    error = (y_hat - y) * y_hat * (1 - y_hat)
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="gradient of the squared error")
def gradient_of_the_squared_error(x, y, w, w0):
    y_hat = expit(x @ w + w0)
    error = 2 * (y_hat - y) * y_hat * (1 - y_hat)
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="you summed over the samples: take the mean")
def gradient_with_summed_bias(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x.T @ error / len(y), error.sum()


@wrong("gradient", says="you divided by the number of inputs d")
def gradient_by_inputs(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x.T @ error / x.shape[1], error.mean()


@wrong("gradient", says="the bias is missing in y_hat")
def gradient_without_bias(x, y, w, w0):
    error = expit(x @ w) - y
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="The order of the results is wrong")
def gradient_bias_first(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return error.mean(), x.T @ error / len(y)


@wrong("gradient", says="the prediction is a hard threshold")
def gradient_of_the_threshold(x, y, w, w0):
    error = (x @ w + w0 > 0) - y
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="the absolute value of the error loses its sign")
def gradient_in_absolute_values(x, y, w, w0):
    error = np.abs(expit(x @ w + w0) - y)
    return x.T @ error / len(y), error.mean()


@wrong("gradient", says="Return 2 things")
def gradient_of_weights_only(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x.T @ error / len(y)


@wrong("gradient", says="the products of input and error were not summed over the samples")
def gradient_elementwise(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x * error[:, None] / len(y), error.mean()


@wrong("gradient", says="the mean is missing")
def gradient_with_bias_per_sample(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x.T @ error / len(y), error


@wrong("gradient", says="the error is multiplied by y_hat")
def gradient_with_product(x, y, w, w0):
    p = expit(x @ w + w0)
    return x.T @ ((p - y) * p) / len(y), ((p - y) * p).mean()


@right("gradient")
def gradient_by_tape(x, y, w, w0):
    w, w0 = tf.Variable(w), tf.Variable(w0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        z = tf.linalg.matvec(tf.constant(x), w) + w0
        risk = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))
    return tape.gradient(risk, [w, w0])


@right("gradient")
def gradient_as_a_loop(x, y, w, w0):
    dw, dw0 = [0.0] * len(w), 0.0
    for xi, yi in zip(x, y, strict=True):
        error = expit(xi @ w + w0) - yi
        dw = [old + error * value / len(y) for old, value in zip(dw, xi, strict=True)]
        dw0 += error / len(y)
    return dw, np.array([dw0])


@right("gradient")
def gradient_with_a_column_of_ones(x, y, w, w0):
    ones = np.column_stack([np.ones(len(y)), x]).astype("float32")
    error = expit(ones @ np.r_[w0, w]) - y
    both = np.einsum("nd,n->d", ones, error) / len(y)
    return both[1:], both[0]


# -- gradient_descent -------------------------------------------------------------------------------------------------


def _prepared(x, y):
    return tf.constant(x, tf.float32), tf.constant(y, tf.float32), tf.Variable(tf.zeros(x.shape[1])), tf.Variable(0.0)


def _loss(x, y, w, w0):
    z = tf.linalg.matvec(x, w) + w0
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))


def _descend(x, y, rate, most, stop):
    x, y = np.asarray(x, float), np.asarray(y, float)
    w, w0, losses = np.zeros(x.shape[1]), 0.0, []
    for _ in range(most):
        error = expit(x @ w + w0) - y
        dw, dw0 = x.T @ error / len(y), error.mean()
        if stop(dw, dw0, losses):
            break
        losses.append(float(np.mean(np.logaddexp(0, x @ w + w0) - y * (x @ w + w0))))
        w, w0 = w - rate * dw, w0 - rate * dw0
    return w, w0, losses


@wrong("gradient_descent", says="rebinds the name")
def descent_of_the_slide(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w = w - learning_rate * dw
        w0 = w0 - learning_rate * dw0
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="NumPy computed the loss")
def descent_with_numpy_in_the_tape(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            z = x.numpy() @ w.numpy() + w0.numpy()
            loss = tf.constant(np.mean(np.logaddexp(0, z) - y.numpy() * z))
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


def _numpy_perceptron(x, w, w0):
    return np.exp(-np.logaddexp(0, -(x @ w + w0)))


@wrong("gradient_descent", says="TensorFlow's @ needs two matrices")
def descent_with_a_matrix_product(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, x @ w + w0))
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="the tape would not see it")
def descent_with_the_numpy_perceptron(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = keras.losses.binary_crossentropy(y, _numpy_perceptron(x, w, w0))
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="NumPy computed the loss, so the tape saw nothing")
def descent_with_a_numpy_loss(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            y_hat = np.clip(tf.sigmoid(tf.linalg.matvec(x, w) + w0), 1e-7, 1 - 1e-7)
            loss = -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="only at dw: the norm covers w and w0 together")
def descent_that_forgets_the_bias_in_the_norm(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        if tf.norm(dw) < tolerance:
            break
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="nothing looks at tolerance")
def descent_that_never_looks(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="you step uphill")
def descent_uphill(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_add(learning_rate * dw)
        w0.assign_add(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="change of the loss")
def descent_that_watches_the_loss(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        if len(losses) > 1 and losses[-2] - losses[-1] < tolerance:
            break
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="w0 was not updated")
def descent_without_bias(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw = tape.gradient(loss, w)
        if tf.norm(dw) < tolerance:
            break
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="ends in its first round")
def descent_with_return_in_the_loop(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        w.assign_sub(learning_rate * dw)
        w0.assign_sub(learning_rate * dw0)
        return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="the learning rate is missing")
def descent_without_rate(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        if tf.norm([*dw, dw0]) < tolerance:
            break
        losses.append(float(loss))
        w.assign_sub(dw)
        w0.assign_sub(dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="the criterion is the norm of the whole gradient, compared with toleran")
def descent_with_a_tolerance_of_its_own(x, y, learning_rate, tolerance, max_steps):
    return _descend(x, y, learning_rate, max_steps, lambda dw, dw0, _: np.hypot(np.linalg.norm(dw), dw0) < 1e-3)


@wrong("gradient_descent", says="tolerance is multiplied by the first norm")
def descent_relative_to_the_first_norm(x, y, learning_rate, tolerance, max_steps):
    first = []

    def stop(dw, dw0, losses):
        first.append(np.hypot(np.linalg.norm(dw), dw0))
        return first[-1] < tolerance * first[0]

    return _descend(x, y, learning_rate, max_steps, stop)


@wrong("gradient_descent", says="the criterion is the norm of the whole gradient, compared with toleran")
def descent_with_a_fifth_of_the_tolerance(x, y, learning_rate, tolerance, max_steps):
    return _descend(
        x, y, learning_rate, max_steps, lambda dw, dw0, _: np.hypot(np.linalg.norm(dw), dw0) < tolerance / 5
    )


@wrong("gradient_descent", says="the square of the norm is compared")
def descent_by_the_squared_norm(x, y, learning_rate, tolerance, max_steps):
    return _descend(x, y, learning_rate, max_steps, lambda dw, dw0, _: dw @ dw + dw0**2 < tolerance)


@wrong("gradient_descent", says="the loop ends before its first update")
def descent_by_the_sum(x, y, learning_rate, tolerance, max_steps):
    return _descend(x, y, learning_rate, max_steps, lambda dw, dw0, _: dw.sum() + dw0 < tolerance)


@wrong("gradient_descent", says="the criterion is the largest entry of the gradient")
def descent_by_the_largest_entry(x, y, learning_rate, tolerance, max_steps):
    return _descend(x, y, learning_rate, max_steps, lambda dw, dw0, _: max(np.abs(dw).max(), abs(dw0)) < tolerance)


@wrong("gradient_descent", says="the criterion is the norm of the whole gradient, compared with toleran")
def descent_of_fifty_steps(x, y, learning_rate, tolerance, max_steps):
    return _descend(x, y, learning_rate, min(50, max_steps), lambda dw, dw0, _: False)


@wrong("gradient_descent", says="append float(loss) in every round")
def descent_without_losses(x, y, learning_rate, tolerance, max_steps):
    w, w0, _ = _descend(
        x, y, learning_rate, max_steps, lambda dw, dw0, _: np.hypot(np.linalg.norm(dw), dw0) < tolerance
    )
    return w, w0, []


@right("gradient_descent")
def descent_in_numpy(x, y, learning_rate, tolerance, max_steps):
    w, w0, losses = np.zeros(x.shape[1]), 0.0, []
    while len(losses) < max_steps:
        z = x @ w + w0
        losses.append(np.mean(np.logaddexp(0, z) - y * z))
        dw, dw0 = x.T @ (expit(z) - y) / len(y), np.mean(expit(z) - y)
        if np.sqrt(dw @ dw + dw0**2) < tolerance:
            break
        w, w0 = w - learning_rate * dw, w0 - learning_rate * dw0
    return w, w0, np.array(losses)


@right("gradient_descent")
def descent_with_an_optimizer(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    optimizer, losses = keras.optimizers.SGD(learning_rate), []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            y_hat = tf.sigmoid(tf.linalg.matvec(x, w) + w0)
            loss = keras.losses.binary_crossentropy(y, y_hat)
        gradients = tape.gradient(loss, [w, w0])
        losses.append(float(loss))
        if tf.linalg.global_norm(gradients) < tolerance:
            break
        optimizer.apply_gradients(zip(gradients, [w, w0], strict=True))
    return w, w0, losses


# -- rosenblatt_epoch -------------------------------------------------------------------------------------------------


@wrong("rosenblatt_epoch", says="judge each with what the previous one has left")
def rosenblatt_at_once(x, y, w, w0):
    error = y - (x @ w + w0 > 0)
    return w + error @ x, w0 + error.sum(), int(np.sum(error != 0))


@wrong("rosenblatt_epoch", says="the correction goes the wrong way")
def rosenblatt_the_wrong_way(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = (xi @ w + w0 > 0) - yi
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(error != 0)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="w0 was not corrected")
def rosenblatt_without_bias_update(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        w, mistakes = w + error * xi, mistakes + int(error != 0)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="the sigmoid was used")
def rosenblatt_soft(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - expit(xi @ w + w0)
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(abs(error) > 0.5)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="+1 and -1 were added up")
def rosenblatt_with_cancelling_count(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + error
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="you counted after the correction")
def rosenblatt_that_counts_late(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        w, w0 = w + error * xi, w0 + error
        mistakes += int(yi != (xi @ w + w0 > 0))
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="in place")
def rosenblatt_in_place(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        w += error * xi
        w0, mistakes = w0 + error, mistakes + int(error != 0)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="at z = 0 the prediction is 0")
def rosenblatt_with_ties_as_one(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 >= 0)
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(error != 0)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="the bias w0 is missing in z")
def rosenblatt_without_bias(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w > 0)
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + abs(error)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="you counted the right answers")
def rosenblatt_counting_the_right_ones(x, y, w, w0):
    right_ones = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        w, w0, right_ones = w + error * xi, w0 + error, right_ones + (error == 0)
    return w, w0, right_ones


@wrong("rosenblatt_epoch", says="only the first sample was looked at")
def rosenblatt_of_one_sample(x, y, w, w0):
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        return w + error * xi, w0 + error, abs(error)


@wrong("rosenblatt_epoch", says="only half of each correction was made")
def rosenblatt_at_half_the_rate(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - (xi @ w + w0 > 0)
        w, w0, mistakes = w + 0.5 * error * xi, w0 + 0.5 * error, mistakes + abs(error)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="np.sign gives -1, 0 and 1")
def rosenblatt_with_signs(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = yi - np.sign(xi @ w + w0)
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + (error != 0)
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="x is always added")
def rosenblatt_that_adds_only(x, y, w, w0):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        if (xi @ w + w0 > 0) != yi:
            w, w0, mistakes = w + xi, w0 + 1, mistakes + 1
    return w, w0, mistakes


@wrong("rosenblatt_epoch", says="Return 3 things")
def rosenblatt_without_count(x, y, w, w0):
    return rosenblatt_by_cases(x, y, w, w0)[:2]


@right("rosenblatt_epoch")
def rosenblatt_by_cases(x, y, w, w0):
    w, mistakes = list(w), 0
    for i in range(len(y)):
        z = sum(wj * xj for wj, xj in zip(w, x[i], strict=True)) + w0
        predicted = 1 if z > 0 else 0
        if predicted == y[i]:
            continue
        sign = 1 if y[i] == 1 else -1
        w = [wj + sign * xj for wj, xj in zip(w, x[i], strict=True)]
        w0, mistakes = w0 + sign, mistakes + 1
    return w, w0, mistakes


@right("rosenblatt_epoch")
def rosenblatt_with_one_vector(x, y, w, w0):
    ones, v, count = np.column_stack([x, np.ones(len(y))]), np.r_[w, w0], 0
    for xi, yi in zip(ones, y, strict=True):
        error = yi - np.heaviside(xi @ v, 0)
        v, count = v + error * xi, count + abs(error)
    return v[:-1], v[-1:], np.float32(count)


# -- MyDense ----------------------------------------------------------------------------------------------------------


class _Given(keras.layers.Layer):
    def __init__(self, units, activation="sigmoid", bias_initializer="zeros"):
        super().__init__()
        self.units = units
        self.activation = keras.activations.get(activation)
        self.bias_initializer = bias_initializer

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer=self.bias_initializer, name="bias")

    def call(self, inputs):
        return self.activation(inputs @ self.kernel + self.bias)


@wrong("MyDense", says="the bias is not added")
class DenseThatForgetsItsBias(_Given):
    def call(self, inputs):
        return self.activation(inputs @ self.kernel)


@wrong("MyDense", says="the activation is not applied")
class DenseWithoutActivation(_Given):
    def call(self, inputs):
        return inputs @ self.kernel + self.bias


@wrong("MyDense", says="the sigmoid is fixed")
class DenseThatIsAlwaysSigmoid(_Given):
    def call(self, inputs):
        return tf.sigmoid(inputs @ self.kernel + self.bias)


@wrong("MyDense", says="the bias has one axis too many")
class DenseOfTheSlide(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight([input_shape[-1], self.units])
        self.bias = self.add_weight([1, self.units])


@wrong("MyDense", says="yours: (3, 4), (3,)")
class DenseWithItsKernelTransposed(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(self.units, input_shape[-1]), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer=self.bias_initializer, name="bias")


@wrong("MyDense", says="the kernel is transposed: inputs first")
class DenseWithItsKernelTransposedTwice(DenseWithItsKernelTransposed):
    def call(self, inputs):
        return self.activation(inputs @ keras.ops.transpose(self.kernel) + self.bias)


@wrong("MyDense", says="the bias takes Keras' random default")
class DenseWithRandomBias(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), name="bias")


@wrong("MyDense", says="bias_initializer is ignored")
class DenseWithZeroBias(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")


@wrong("MyDense", says="all units would stay equal for ever")
class DenseOfZeros(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="zeros", name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer=self.bias_initializer, name="bias")


@wrong("MyDense", says="trainable=False keeps a weight as it starts")
class DenseWithAFrozenBias(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(
            shape=(self.units,), initializer=self.bias_initializer, name="bias", trainable=False
        )


@wrong("MyDense", says="trainable=False keeps a weight as it starts")
class DenseWithAFrozenKernel(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel", trainable=False)
        self.bias = self.add_weight(shape=(self.units,), initializer=self.bias_initializer, name="bias")


@wrong("MyDense", says="the bias is added after the activation")
class DenseWithALateBias(_Given):
    def call(self, inputs):
        return self.activation(inputs @ self.kernel) + self.bias


@wrong("MyDense", says="the bias is subtracted")
class DenseThatSubtractsItsBias(_Given):
    def call(self, inputs):
        return self.activation(inputs @ self.kernel - self.bias)


@wrong("MyDense", says="each unit has a bias of its own")
class DenseWithOneBias(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(), initializer=self.bias_initializer, name="bias")


@wrong("MyDense", says="the bias is missing")
class DenseWithoutBias(_Given):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs):
        return self.activation(inputs @ self.kernel)


@wrong("MyDense", says="Did you forget `return`?")
class DenseWithoutReturn(_Given):
    def call(self, inputs):
        self.activation(inputs @ self.kernel + self.bias)


@right("MyDense")
class DenseWithItsBiasFirst(_Given):
    def build(self, input_shape):
        self.b = self.add_weight((self.units,), self.bias_initializer)
        self.W = self.add_weight(shape=[int(input_shape[1]), self.units], initializer="random_normal", name="W")

    def call(self, x):
        return self.activation(tf.matmul(x, self.W) + self.b)


@right("MyDense")
class DenseByOps(_Given):
    def call(self, inputs):
        z = keras.ops.einsum("nd,du->nu", inputs, self.kernel)
        return self.activation(keras.ops.add(z, self.bias))


# -- collapse ---------------------------------------------------------------------------------------------------------


@wrong("collapse", says="the first bias is missing")
def collapse_without_first_bias(w1, b1, w2, b2):
    return w1 @ w2, b2


@wrong("collapse", says="an array of shape")
def collapse_with_added_biases(w1, b1, w2, b2):
    return w1 @ w2, np.concatenate([b1, b2])


@wrong("collapse", says="b1 was only added")
def collapse_with_biases_added(w1, b1, w2, b2):
    return w1 @ w2, b1 + b2


@wrong("collapse", says="the matrix is transposed")
def collapse_transposed(w1, b1, w2, b2):
    return w2.T @ w1.T, b1 @ w2 + b2


@wrong("collapse", says="the order is reversed")
def collapse_in_reverse(w1, b1, w2, b2):
    return w2 @ w1, b1 @ w2 + b2


@wrong("collapse", says="the second bias is missing")
def collapse_without_second_bias(w1, b1, w2, b2):
    return w1 @ w2, b1 @ w2


@wrong("collapse", says="the product is elementwise")
def collapse_elementwise(w1, b1, w2, b2):
    return w1 * w2, b1 * b2


@wrong("collapse", says="the matrices were added")
def collapse_summed(w1, b1, w2, b2):
    return w1 + w2, b1 + b2


@wrong("collapse", says="the order is reversed")
def collapse_with_the_wrong_bias(w1, b1, w2, b2):
    return w1 @ w2, w2 @ b1 + b2


@wrong("collapse", says="The order of the results is wrong")
def collapse_bias_first(w1, b1, w2, b2):
    return b1 @ w2 + b2, w1 @ w2


@wrong("collapse", says="the second bias is missing")
def collapse_without_the_second_bias(w1, b1, w2, b2):
    return w1 @ w2, b1 @ w2


@wrong("collapse", says="b2 went through the second layer as well")
def collapse_with_the_second_bias_multiplied(w1, b1, w2, b2):
    return w1 @ w2, (b1 + b2) @ w2


@right("collapse")
def collapse_by_einsum(w1, b1, w2, b2):
    return np.einsum("dh,hk->dk", w1, w2), np.einsum("h,hk->k", b1, w2) + b2


@right("collapse")
def collapse_by_probing(w1, b1, w2, b2):
    def forward(x):
        return (tf.cast(x, tf.float64) @ w1 + b1) @ w2 + b2

    bias = forward(np.zeros((1, w1.shape[0])))
    return forward(np.eye(w1.shape[0])) - bias, tf.squeeze(bias)


# -- questions --------------------------------------------------------------------------------------------------------


@wrong("why_cross_entropy", says="which factor is tiny here?")
def small_loss_small_gradient():
    return "a"


@wrong("why_cross_entropy", says="far from the minimum")
def close_to_the_minimum():
    return "c"


@wrong("why_cross_entropy", says="Return one letter as a string")
def why_in_words():
    return "because of the gradient"


@right("why_cross_entropy")
def why_with_bracket():
    return "b)"


@right("why_cross_entropy")
def why_in_capitals():
    return " B "


@wrong("xor_forever", says="no line separates XOR")
def xor_at_last():
    return "a"


@wrong("xor_forever", says="that is what gradient descent does")
def xor_shrinks():
    return "c"


@wrong("xor_forever", says="Return one letter as a string")
def xor_as_a_number():
    return 2


@right("xor_forever")
def xor_in_brackets():
    return "(b)"


@right("xor_forever")
def xor_in_capitals():
    return "B"


@wrong("which_set", says="the best of 50 scores is partly luck")
def on_the_test_set():
    return "a"


@wrong("which_set", says="learning by heart")
def on_the_training_set():
    return "b"


@wrong("which_set", says="Return one letter as a string")
def on_the_validation_set_in_words():
    return "validation"


@right("which_set")
def which_set_in_capitals():
    return "C"


@right("which_set")
def which_set_with_bracket():
    return "c)"
