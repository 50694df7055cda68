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


@wrong("sigmoid", says="np.nan_to_num made 0 of it")
def sigmoid_with_nan_made_zero(z):
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.exp(z) / (1 + np.exp(z)))


@wrong("sigmoid", says="add 1 and halve it")
def sigmoid_by_half_a_tanh(z):
    return np.tanh(np.asarray(z) / 2)


@wrong("sigmoid", says="tanh needs half of z")
def sigmoid_by_tanh_of_all_of_z(z):
    return (1 + np.tanh(z)) / 2


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


@wrong("activation_derivatives", says="see hint 3")
def derivatives_of_the_slide(z):
    s, t = expit(z), np.tanh(z)
    return s * (1 - s), t * (1 - t), np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="this is ReLU itself, not its derivative")
def derivatives_with_relu_itself(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, np.maximum(0, z)


@wrong("activation_derivatives", says="at z = 0 the docstring asks for 0")
def derivatives_with_one_at_zero(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, np.where(z >= 0, 1, 0)


@wrong("activation_derivatives", says="z stands where g(z) belongs")
def derivatives_with_z(z):
    return z * (1 - z), 1 - np.tanh(z) ** 2, np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="the sign is flipped")
def derivatives_with_the_inner_minus(z):
    return -np.exp(-z) / (1 + np.exp(-z)) ** 2, 1 - np.tanh(z) ** 2, np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="the square is missing")
def derivatives_without_the_square(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z), np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="the order is sigmoid, tanh, ReLU")
def derivatives_with_two_swapped(z):
    return 1 - np.tanh(z) ** 2, expit(z) * (1 - expit(z)), np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="Return 3 things")
def derivatives_only_two(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2


@wrong("activation_derivatives", says="`if` needs one True or False")
def derivatives_with_if(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, 1 if z > 0 else 0


@wrong("activation_derivatives", says="z was squared before tanh")
def derivatives_with_the_square_inside(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z**2), np.where(z > 0, 1, 0)


@wrong("activation_derivatives", says="got       one number")
def derivatives_with_all_in_the_if(z):
    return expit(z) * (1 - expit(z)), 1 - np.tanh(z) ** 2, 1.0 if np.all(z > 0) else 0.0


@right("activation_derivatives")
def derivatives_by_tape(z):
    z, found = tf.Variable(z), []
    for g in (tf.sigmoid, tf.tanh, tf.nn.relu):
        with tf.GradientTape() as tape:
            value = g(z)
        found.append(tape.gradient(value, z))
    return found


@right("activation_derivatives")
def derivatives_as_one_array(z):
    cosh = np.cosh(z)
    return np.stack([np.exp(-z) / (1 + np.exp(-z)) ** 2, 1 / cosh**2, (z > 0).astype("float32")])


# -- binary_cross_entropy ---------------------------------------------------------------------------------------------


def _terms(y, z):
    return y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)


@wrong("binary_cross_entropy", says="the minus sign is missing")
def cross_entropy_without_minus(y, z):
    return -np.mean(_terms(y, z))


@wrong("binary_cross_entropy", says="take the mean")
def cross_entropy_summed(y, z):
    return np.sum(_terms(y, z))


@wrong("binary_cross_entropy", says="return one number for the whole data set")
def cross_entropy_per_sample(y, z):
    return _terms(y, z)


@wrong("binary_cross_entropy", says="the term for y = 0 is missing")
def cross_entropy_of_ones_only(y, z):
    return np.mean(y * np.logaddexp(0, -z))


@wrong("binary_cross_entropy", says="the signs of z are swapped")
def cross_entropy_with_the_signs_swapped(y, z):
    return np.mean(_terms(y, -z))


@wrong("binary_cross_entropy", says="both terms have the same sign of z")
def cross_entropy_with_one_sign(y, z):
    return np.mean(y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, -z))


@wrong("binary_cross_entropy", says="simplify with a pencil")
def cross_entropy_as_it_stands(y, z):
    y_hat = expit(z)
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="simplify with a pencil")
def cross_entropy_that_overflows(y, z):
    return np.mean(y * np.log(1 + np.exp(-z)) + (1 - y) * np.log(1 + np.exp(z)))


@wrong("binary_cross_entropy", says="the loss is flat there")
def cross_entropy_that_clips(y, z):
    y_hat = np.clip(expit(z), 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


@wrong("binary_cross_entropy", says="the mean squared error")
def cross_entropy_squared(y, z):
    return np.mean((y - expit(z)) ** 2)


@wrong("binary_cross_entropy", says="the sigmoid is applied twice")
def cross_entropy_of_a_second_sigmoid(y, z):
    return np.mean(_terms(y, expit(z)))


@wrong("binary_cross_entropy", says="for classes -1 and 1")
def cross_entropy_of_signs(y, z):
    return np.mean(np.logaddexp(0, -y * z))


@wrong("binary_cross_entropy", says="the logarithm is missing")
def cross_entropy_without_logarithm(y, z):
    return -np.mean(y * expit(z) + (1 - y) * (1 - expit(z)))


@right("binary_cross_entropy")
def cross_entropy_by_keras(y, z):
    return keras.losses.binary_crossentropy(y, z, from_logits=True)


@right("binary_cross_entropy")
def cross_entropy_as_a_loop(y, z):
    total = 0.0
    for truth, u in zip(y, z, strict=True):
        u = -u if truth == 1 else u
        total += max(u, 0) + np.log1p(np.exp(-abs(u)))
    return total / len(y)


@right("binary_cross_entropy")
def cross_entropy_by_where(y, z):
    return np.mean(np.logaddexp(0, np.where(y == 1, -z, z)))[None]


@right("binary_cross_entropy")
def cross_entropy_in_short(y, z):
    return np.mean(np.logaddexp(0, z) - y * z)


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


@wrong("gradient", says="not the weights after a step")
def gradient_already_stepped(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return w - x.T @ error / len(y), w0 - error.mean()


@wrong("gradient", says="The gradient with respect to w0:\n    expected  ")
def gradient_with_the_right_weights_and_a_hard_bias(x, y, w, w0):
    z = x @ w + w0
    return x.T @ (expit(z) - y) / len(y), np.mean((z > 0) - y)


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


@wrong("gradient_descent", says="made w a tensor that the tape does not watch")
def descent_that_rebinds_and_looks_at_the_norm(x, y, learning_rate, tolerance, max_steps):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(max_steps):
        with tf.GradientTape() as tape:
            loss = _loss(x, y, w, w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        if tf.linalg.global_norm([dw, dw0]) < tolerance:  # the norm of [None, None] is 0
            break
        losses.append(float(loss))
        w = w - learning_rate * dw
        w0 = w0 - learning_rate * dw0
    return w.numpy(), float(w0), losses


def _by_keras(x, y, rate, tolerance, most, loss_of):
    x, y, w, w0 = _prepared(x, y)
    losses = []
    for _ in range(most):
        with tf.GradientTape() as tape:
            loss = loss_of(y, tf.linalg.matvec(x, w) + w0)
        dw, dw0 = tape.gradient(loss, [w, w0])
        if tf.linalg.global_norm([dw, dw0]) < tolerance:
            break
        losses.append(float(loss))
        w.assign_sub(rate * dw)
        w0.assign_sub(rate * dw0)
    return w.numpy(), float(w0), losses


@wrong("gradient_descent", says="from_logits=True is missing")
def descent_without_from_logits(x, y, learning_rate, tolerance, max_steps):
    return _by_keras(x, y, learning_rate, tolerance, max_steps, keras.losses.binary_crossentropy)


@wrong("gradient_descent", says="the sigmoid is applied twice")
def descent_with_a_second_sigmoid(x, y, learning_rate, tolerance, max_steps):
    def loss(y, z):
        return keras.losses.binary_crossentropy(y, tf.sigmoid(z), from_logits=True)

    return _by_keras(x, y, learning_rate, tolerance, max_steps, loss)


@wrong("gradient_descent", says="this is the squared error's gradient")
def descent_on_the_squared_error(x, y, learning_rate, tolerance, max_steps):
    def loss(y, z):
        return tf.reduce_mean((tf.sigmoid(z) - y) ** 2)

    return _by_keras(x, y, learning_rate, tolerance, max_steps, loss)


@wrong("gradient_descent", says="this is the loss after the update")
def descent_that_notes_the_loss_afterwards(x, y, learning_rate, tolerance, max_steps):
    w, w0, losses = np.zeros(x.shape[1]), 0.0, []
    for _ in range(max_steps):
        error = expit(x @ w + w0) - y
        dw, dw0 = x.T @ error / len(y), error.mean()
        if np.hypot(np.linalg.norm(dw), dw0) < tolerance:
            break
        w, w0 = w - learning_rate * dw, w0 - learning_rate * dw0
        z = x @ w + w0
        losses.append(float(np.mean(np.logaddexp(0, z) - y * z)))
    return w, w0, losses


@right("gradient_descent")
def descent_that_looks_after_the_update(x, y, learning_rate, tolerance, max_steps):
    w, w0, losses, norm = np.zeros(x.shape[1]), 0.0, [], np.inf
    while norm >= tolerance and len(losses) < max_steps:  # one update later than the reference, at a smaller norm
        z = x @ w + w0
        error = expit(z) - y
        dw, dw0 = x.T @ error / len(y), error.mean()
        norm = np.hypot(np.linalg.norm(dw), dw0)
        losses.append(np.mean(np.logaddexp(0, z) - y * z))
        w, w0 = w - learning_rate * dw, w0 - learning_rate * dw0
    return w, w0, losses


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


# -- train ------------------------------------------------------------------------------------------------------------


def _mean_gradient(x, y, w, w0):
    error = expit(x @ w + w0) - y
    return x.T @ error / len(y), error.mean()


def _trained(x, y, rate, epochs, batch, seed, cut, step=_mean_gradient):
    """The loop of a right answer with two places to spoil: how an epoch is cut, and what one step subtracts."""
    rng = np.random.default_rng(seed)
    w, w0, path = np.zeros(x.shape[1]), 0.0, [np.zeros(1 + x.shape[1])]
    for rows in cut(rng, len(y), epochs, batch):
        dw, dw0 = step(x[rows], y[rows], w, w0)
        w, w0 = w - rate * dw, w0 - rate * dw0
        path.append(np.array([w0, *w]))
    return np.array(path)


def _cut(rng, n, epochs, batch):
    for _ in range(epochs):
        order = rng.permutation(n)
        yield from (order[start : start + batch] for start in range(0, n, batch))


@wrong("train", says="rng.permutation(len(y)) is missing")
def train_in_the_order_of_the_file(x, y, learning_rate, epochs, batch, seed=0):
    def cut(rng, n, epochs, batch):
        return [np.arange(start, min(start + batch, n)) for _ in range(epochs) for start in range(0, n, batch)]

    return _trained(x, y, learning_rate, epochs, batch, seed, cut)


@wrong("train", says="the permutation is drawn once")
def train_with_one_permutation(x, y, learning_rate, epochs, batch, seed=0):
    def cut(rng, n, epochs, batch):
        order = rng.permutation(n)
        return [order[start : start + batch] for _ in range(epochs) for start in range(0, n, batch)]

    return _trained(x, y, learning_rate, epochs, batch, seed, cut)


@wrong("train", says="rows are drawn for each batch anew")
def train_with_rows_drawn_anew(x, y, learning_rate, epochs, batch, seed=0):
    def cut(rng, n, epochs, batch):
        sizes = [min(batch, n - start) for _ in range(epochs) for start in range(0, n, batch)]
        return [rng.choice(n, size, replace=False) for size in sizes]

    return _trained(x, y, learning_rate, epochs, batch, seed, cut)


@wrong("train", says="also for the smaller one at the end")
def train_without_the_last_batch(x, y, learning_rate, epochs, batch, seed=0):
    def cut(rng, n, epochs, batch):
        return [rows for rows in _cut(rng, n, epochs, batch) if len(rows) == batch]

    return _trained(x, y, learning_rate, epochs, batch, seed, cut)


@wrong("train", says="append once for each batch")
def train_appending_once_an_epoch(x, y, learning_rate, epochs, batch, seed=0):
    path = _trained(x, y, learning_rate, epochs, batch, seed, _cut)
    return path[:: -(-len(y) // batch)]


@wrong("train", says="you step uphill")
def train_uphill(x, y, learning_rate, epochs, batch, seed=0):
    return _trained(x, y, -learning_rate, epochs, batch, seed, _cut)


@wrong("train", says="summed over the batch")
def train_with_summed_gradients(x, y, learning_rate, epochs, batch, seed=0):
    def step(x, y, w, w0):
        return tuple(len(y) * part for part in _mean_gradient(x, y, w, w0))

    return _trained(x, y, learning_rate, epochs, batch, seed, _cut, step)


@wrong("train", says="divided by the size of the batch once more")
def train_divided_twice(x, y, learning_rate, epochs, batch, seed=0):
    def step(x, y, w, w0):
        return tuple(part / len(y) for part in _mean_gradient(x, y, w, w0))

    return _trained(x, y, learning_rate, epochs, batch, seed, _cut, step)


@wrong("train", says="the sum is divided by `batch`")
def train_divided_by_batch(x, y, learning_rate, epochs, batch, seed=0):
    def step(x, y, w, w0):
        return tuple(part * len(y) / batch for part in _mean_gradient(x, y, w, w0))

    return _trained(x, y, learning_rate, epochs, batch, seed, _cut, step)


@wrong("train", says="w0 never moves")
def train_without_bias(x, y, learning_rate, epochs, batch, seed=0):
    def step(x, y, w, w0):
        return _mean_gradient(x, y, w, w0)[0], 0.0

    return _trained(x, y, learning_rate, epochs, batch, seed, _cut, step)


@wrong("train", says="gradient is taken at older weights")
def train_with_rows_of_x_only(x, y, learning_rate, epochs, batch, seed=0):
    rng = np.random.default_rng(seed)
    w, w0, path = np.zeros(x.shape[1]), 0.0, [np.zeros(1 + x.shape[1])]
    for _ in range(epochs):
        order = rng.permutation(len(y))
        for start in range(0, len(y), batch):
            rows = order[start : start + batch]
            dw, dw0 = _mean_gradient(x[rows], y[start : start + batch], w, w0)
            w, w0 = w - learning_rate * dw, w0 - learning_rate * dw0
            path.append(np.array([w0, *w]))
    return np.array(path)


@wrong("train", says="All rows of the path are equal")
def train_that_appends_one_array(x, y, learning_rate, epochs, batch, seed=0):
    rng = np.random.default_rng(seed)
    v = np.zeros(1 + x.shape[1])
    path = [v]
    for rows in _cut(rng, len(y), epochs, batch):
        dw, dw0 = _mean_gradient(x[rows], y[rows], v[1:], v[0])
        v -= learning_rate * np.array([dw0, *dw])
        path.append(v)
    return np.array(path)


@wrong("train", says="`return` stands inside a loop")
def train_that_returns_in_the_loop(x, y, learning_rate, epochs, batch, seed=0):
    return _trained(x, y, learning_rate, epochs, batch, seed, _cut)[:2]


@wrong("train", says="shuffle with rng, not with np.random")
def train_without_the_seed(x, y, learning_rate, epochs, batch, seed=0):
    return _trained(x, y, learning_rate, epochs, batch, None, _cut)


@wrong("train", says="begin with np.zeros")
def train_from_ones(x, y, learning_rate, epochs, batch, seed=0):
    rng = np.random.default_rng(seed)
    w, path = np.ones(1 + x.shape[1]), [np.ones(1 + x.shape[1])]
    inputs = np.column_stack([np.ones(len(y)), x])
    for rows in _cut(rng, len(y), epochs, batch):
        w = w - learning_rate * inputs[rows].T @ (expit(inputs[rows] @ w) - y[rows]) / len(rows)
        path.append(w)
    return np.array(path)


@wrong("train", says="every sample makes a step of its own")
def train_sample_by_sample(x, y, learning_rate, epochs, batch, seed=0):
    return _trained(x, y, learning_rate, epochs, 1, seed, _cut)


@wrong("train", says="these are the last weights alone")
def train_without_its_path(x, y, learning_rate, epochs, batch, seed=0):
    return _trained(x, y, learning_rate, epochs, batch, seed, _cut)[-1]


@wrong("train", says="w0 is missing in the rows")
def train_without_w0_in_the_path(x, y, learning_rate, epochs, batch, seed=0):
    return _trained(x, y, learning_rate, epochs, batch, seed, _cut)[:, 1:]


@wrong("train", says="compute both gradients before you change either")
def train_with_w_moved_before_w0(x, y, learning_rate, epochs, batch, seed=0):
    rng = np.random.default_rng(seed)
    w, w0, path = np.zeros(x.shape[1]), 0.0, [np.zeros(1 + x.shape[1])]
    for rows in _cut(rng, len(y), epochs, batch):
        w = w - learning_rate * _mean_gradient(x[rows], y[rows], w, w0)[0]
        w0 = w0 - learning_rate * _mean_gradient(x[rows], y[rows], w, w0)[1]
        path.append(np.array([w0, *w]))
    return np.array(path)


@wrong("train", says="the weights start from zero in every epoch")
def train_that_starts_anew(x, y, learning_rate, epochs, batch, seed=0):
    rng, path = np.random.default_rng(seed), [np.zeros(1 + x.shape[1])]
    for _ in range(epochs):
        path += list(_trained(x, y, learning_rate, 1, batch, rng.integers(100), _cut)[1:])
    return np.array(path)


@wrong("train", says="divided by the number of all samples")
def train_divided_by_all(x, y, learning_rate, epochs, batch, seed=0):
    n = len(y)

    def step(x, y, w, w0):
        return tuple(part * len(y) / n for part in _mean_gradient(x, y, w, w0))

    return _trained(x, y, learning_rate, epochs, batch, seed, _cut, step)


@right("train")
def train_by_array_split(x, y, learning_rate, epochs, batch, seed=0):
    def cut(rng, n, epochs, batch):
        for _ in range(epochs):
            yield from np.split(rng.permutation(n), range(batch, n, batch))

    return list(_trained(x, y, learning_rate, epochs, batch, seed, cut))


@right("train")
def train_on_shuffled_copies_in_one_vector(x, y, learning_rate, epochs, batch, seed=0):
    import random

    table, shuffle = [([1.0, *xi], yi) for xi, yi in zip(x, y, strict=True)], random.Random(seed).shuffle
    v = [0.0] * (1 + x.shape[1])
    path = [v]
    for _ in range(epochs):
        shuffle(table)
        for start in range(0, len(table), batch):
            some = table[start : start + batch]
            slope = [0.0] * len(v)
            for xi, yi in some:
                error = expit(np.dot(xi, v)) - yi
                slope = [old + error * value / len(some) for old, value in zip(slope, xi, strict=True)]
            v = [old - learning_rate * part for old, part in zip(v, slope, strict=True)]
            path.append(v)
    return path


@right("train")
def train_by_tensorflow(x, y, learning_rate, epochs, batch, seed=0):
    rng = np.random.default_rng(seed)
    w, w0 = tf.Variable(tf.zeros(x.shape[1])), tf.Variable(0.0)
    path = [tf.concat([[w0], w], 0)]
    for rows in _cut(rng, len(y), epochs, batch):
        some = tf.constant(x[rows], tf.float32)
        with tf.GradientTape() as tape:
            z = tf.linalg.matvec(some, w) + w0
            loss = keras.losses.binary_crossentropy(tf.constant(y[rows], tf.float32), z, from_logits=True)
        for variable, part in zip((w, w0), tape.gradient(loss, [w, w0]), strict=True):
            variable.assign_sub(learning_rate * part)
        path.append(tf.concat([[w0], w], 0))
    return tf.stack(path)


# -- descend_z --------------------------------------------------------------------------------------------------------


def _slid(z, steps, slope):
    path = [z]
    for _ in range(steps):
        path.append(path[-1] - slope(path[-1]))
    return np.array(path)


def _slope(z, y, loss):
    p = expit(z)
    return p - y if loss == "cross-entropy" else 2 * (p - y) * p * (1 - p)


@wrong("descend_z", says="y_hat (1 - y_hat), the derivative of the sigmoid, is missing")
def z_without_the_slope_of_the_sigmoid(z, y, loss, steps):
    return _slid(z, steps, lambda z: (expit(z) - y) * (2 if loss == "squared error" else 1))


@wrong("descend_z", says="the factor 2 from the square is missing")
def z_without_two(z, y, loss, steps):
    return _slid(z, steps, lambda z: _slope(z, y, loss) / (2 if loss == "squared error" else 1))


@wrong("descend_z", says="you step uphill")
def z_uphill(z, y, loss, steps):
    return _slid(z, steps, lambda z: -_slope(z, y, loss))


@wrong("descend_z", says="the label is not used")
def z_for_class_one_only(z, y, loss, steps):
    return _slid(z, steps, lambda z: _slope(z, 1, loss))


@wrong("descend_z", says="this is the slope of the cross-entropy: look at `loss`")
def z_by_one_loss_only(z, y, loss, steps):
    return _slid(z, steps, lambda z: expit(z) - y)


@wrong("descend_z", says="y_hat (1 - y_hat) belongs to the squared error")
def z_with_the_slope_of_the_sigmoid_everywhere(z, y, loss, steps):
    return _slid(z, steps, lambda z: (expit(z) - y) * expit(z) * expit(-z) * (2 if loss == "squared error" else 1))


@wrong("descend_z", says="the start is missing")
def z_without_its_start(z, y, loss, steps):
    return _slid(z, steps, lambda z: _slope(z, y, loss))[1:]


@wrong("descend_z", says="this is the last z alone")
def z_without_its_path(z, y, loss, steps):
    return _slid(z, steps, lambda z: _slope(z, y, loss))[-1]


@wrong("descend_z", says="this is y_hat")
def z_as_outputs(z, y, loss, steps):
    return expit(_slid(z, steps, lambda z: _slope(z, y, loss)))


@wrong("descend_z", says="every step starts from the first z")
def z_by_the_first_slope(z, y, loss, steps):
    return z - np.arange(steps + 1) * _slope(z, y, loss)


@wrong("descend_z", says="no second sigmoid")
def z_with_a_second_sigmoid(z, y, loss, steps):
    def slope(z):
        p = expit(z)
        return p - y if loss == "cross-entropy" else 2 * (p - y) * expit(p) * (1 - expit(p))

    return _slid(z, steps, slope)


@right("descend_z")
def z_as_a_list_that_grows(z, y, loss, steps):
    found = [z]
    while len(found) <= steps:
        p = 1 / (1 + math.exp(-found[-1]))
        error = p - y
        found += [found[-1] - (error if loss[0] == "c" else error * p * (1 - p) * 2)]
    return found


@right("descend_z")
def z_by_tape(z, y, loss, steps):
    path = tf.TensorArray(tf.float64, steps + 1).write(0, z)
    variable = tf.Variable(z, dtype=tf.float64)
    for step in range(steps):
        with tf.GradientTape() as tape:
            p = tf.sigmoid(variable)
            value = -y * tf.math.log(p) - (1 - y) * tf.math.log(1 - p) if "cross" in loss else (p - y) ** 2
        variable.assign_sub(tape.gradient(value, variable))
        path = path.write(step + 1, variable)
    return path.stack()


# -- step_gain --------------------------------------------------------------------------------------------------------


def _mean_loss(x, y, w, w0):
    z = x @ w + w0
    return np.mean(np.logaddexp(0, z) - y * z)


def _gained(x, y, w, w0, rate):
    dw, dw0 = _mean_gradient(x, y, w, w0)
    return _mean_loss(x, y, w, w0) - _mean_loss(x, y, w - rate * dw, w0 - rate * dw0)


def _promised(x, y, w, w0, rate):
    dw, dw0 = _mean_gradient(x, y, w, w0)
    return rate * (dw @ dw + dw0**2)


@wrong("step_gain", says="the part of w0 is missing")
def gain_promised_by_w_alone(x, y, w, w0, learning_rate):
    dw, _ = _mean_gradient(x, y, w, w0)
    return learning_rate * dw @ dw, _gained(x, y, w, w0, learning_rate)


@wrong("step_gain", says="the square is missing")
def gain_promised_without_the_square(x, y, w, w0, learning_rate):
    length = np.sqrt(_promised(x, y, w, w0, 1))
    return learning_rate * length, _gained(x, y, w, w0, learning_rate)


@wrong("step_gain", says="the learning rate is missing")
def gain_promised_without_the_rate(x, y, w, w0, learning_rate):
    return _promised(x, y, w, w0, 1), _gained(x, y, w, w0, learning_rate)


@wrong("step_gain", says="the sign is flipped: the loss before the step")
def gain_with_the_wrong_sign(x, y, w, w0, learning_rate):
    return _promised(x, y, w, w0, learning_rate), -_gained(x, y, w, w0, learning_rate)


@wrong("step_gain", says="w0 did not move")
def gain_without_the_step_of_w0(x, y, w, w0, learning_rate):
    dw, _ = _mean_gradient(x, y, w, w0)
    real = _mean_loss(x, y, w, w0) - _mean_loss(x, y, w - learning_rate * dw, w0)
    return _promised(x, y, w, w0, learning_rate), real


@wrong("step_gain", says="the step goes uphill")
def gain_uphill(x, y, w, w0, learning_rate):
    return _promised(x, y, w, w0, learning_rate), _gained(x, y, w, w0, -learning_rate)


@wrong("step_gain", says="this is the loss after the step")
def gain_as_the_new_loss(x, y, w, w0, learning_rate):
    real = _mean_loss(x, y, w, w0) - _gained(x, y, w, w0, learning_rate)
    return _promised(x, y, w, w0, learning_rate), real


@wrong("step_gain", says="this is 0")
def gain_at_the_old_weights(x, y, w, w0, learning_rate):
    return _promised(x, y, w, w0, learning_rate), 0.0


@wrong("step_gain", says="return the promised decrease first")
def gain_the_other_way_round(x, y, w, w0, learning_rate):
    return _gained(x, y, w, w0, learning_rate), _promised(x, y, w, w0, learning_rate)


@right("step_gain")
def gain_in_one_vector(x, y, w, w0, learning_rate):
    ones = np.column_stack([np.ones(len(y)), x])
    v = np.array([w0, *w])
    slope = np.einsum("nd,n->d", ones, expit(ones @ v) - y) / len(y)

    def loss(v):
        return sum(math.log1p(math.exp(-z if yi else z)) for z, yi in zip(ones @ v, y, strict=True)) / len(y)

    return learning_rate * np.linalg.norm(slope) ** 2, loss(v) - loss(v - learning_rate * slope)


@right("step_gain")
def gain_by_tensorflow(x, y, w, w0, learning_rate):
    w, w0 = tf.Variable(w), tf.Variable(w0, dtype=tf.float64)

    def loss():
        return keras.losses.binary_crossentropy(y, tf.linalg.matvec(x, w) + w0, from_logits=True)

    with tf.GradientTape() as tape:
        before = loss()
    parts = tape.gradient(before, [w, w0])
    for variable, part in zip((w, w0), parts, strict=True):
        variable.assign_sub(learning_rate * part)
    return [learning_rate * tf.linalg.global_norm(parts) ** 2, before - loss()]


# -- regression -------------------------------------------------------------------------------------------------------


def _fitted(x, y, rate, steps, error):
    w, w0 = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        e = error(x @ w + w0)
        w, w0 = w - rate * x.T @ e / len(y), w0 - rate * np.mean(e)
    return w, w0


@wrong("regression", says="you step uphill")
def regression_uphill(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (y - z))


@wrong("regression", says="the factor 2 is missing")
def regression_without_two(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: z - y)


@wrong("regression", says="divide by n")
def regression_summed(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (z - y) * len(y))


@wrong("regression", says="there is no sigmoid here")
def regression_with_a_sigmoid(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (expit(z) - y))


@wrong("regression", says="does not belong here")
def regression_with_the_slope_of_the_sigmoid(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (expit(z) - y) * expit(z) * expit(-z))


@wrong("regression", says="the slope of the sigmoid does not belong here")
def regression_with_the_slope_of_a_sigmoid(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (z - y) * expit(z) * expit(-z))


@wrong("regression", says="the error was squared")
def regression_with_a_squared_error(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (z - y) ** 2)


@wrong("regression", says="the learning rate is missing")
def regression_without_the_rate(x, y, learning_rate, steps):
    return _fitted(x, y, 1.0, steps, lambda z: 2 * (z - y))


@wrong("regression", says="w0 never moves")
def regression_without_bias(x, y, learning_rate, steps):
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        w = w - learning_rate * 2 * x.T @ (x @ w - y) / len(y)
    return w, 0.0


@wrong("regression", says="only one step was made")
def regression_of_one_step(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, 1, lambda z: 2 * (z - y))


@wrong("regression", says="The order of the results is wrong")
def regression_the_other_way_round(x, y, learning_rate, steps):
    return _fitted(x, y, learning_rate, steps, lambda z: 2 * (z - y))[::-1]


@wrong("regression", says="best w by linear algebra")
def regression_solved(x, y, learning_rate, steps):
    best = np.linalg.lstsq(np.column_stack([np.ones(len(y)), x]), y, rcond=None)[0]
    return best[1:], best[0]


@wrong("regression", says="w0 moves by an error at the new w")
def regression_in_turn(x, y, learning_rate, steps):
    w, w0 = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        w = w - learning_rate * 2 * x.T @ (x @ w + w0 - y) / len(y)
        w0 = w0 - learning_rate * 2 * np.mean(x @ w + w0 - y)
    return w, w0


@right("regression")
def regression_by_einsum(x, y, learning_rate, steps):
    v, ones = np.zeros(1 + x.shape[1]), np.c_[np.ones(len(y)), x]
    for _ in range(steps):
        v -= learning_rate * 2 / len(y) * np.einsum("nd,n->d", ones, np.einsum("nd,d->n", ones, v) - y)
    return v[1:], [v[0]]


@right("regression")
def regression_by_tape(x, y, learning_rate, steps):
    w, w0 = tf.Variable(tf.zeros(x.shape[1], tf.float64)), tf.Variable(0.0, dtype=tf.float64)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            risk = keras.losses.mean_squared_error(y, tf.linalg.matvec(tf.constant(x), w) + w0)
        for variable, part in zip((w, w0), tape.gradient(risk, [w, w0]), strict=True):
            variable.assign_sub(learning_rate * part)
    return w, w0


# -- rosenblatt -------------------------------------------------------------------------------------------------------


def _epochs(x, y, max_epochs, epoch):
    """The loop of a right answer around one epoch that may be spoilt."""
    w, w0, mistakes = np.zeros(x.shape[1]), 0.0, []
    while 0 not in mistakes and len(mistakes) < max_epochs:
        w, w0, count = epoch(x, y, w, w0)
        mistakes.append(count)
    return w, w0, mistakes


@wrong("rosenblatt", says="judge each with what the previous one has left")
def rosenblatt_at_once(x, y, max_epochs):
    def epoch(x, y, w, w0):
        error = y - (x @ w + w0 > 0)
        return w + error @ x, w0 + error.sum(), int(np.sum(error != 0))

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="the correction goes the wrong way")
def rosenblatt_the_wrong_way(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = (xi @ w + w0 > 0) - yi
            w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(error != 0)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="w0 was not corrected")
def rosenblatt_without_bias_update(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            w, mistakes = w + error * xi, mistakes + int(error != 0)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="the sigmoid was used")
def rosenblatt_soft(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - expit(xi @ w + w0)
            w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(abs(error) > 0.5)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="+1 and -1 were added up")
def rosenblatt_with_cancelling_count(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            w, w0, mistakes = w + error * xi, w0 + error, mistakes + error
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="you counted after the correction")
def rosenblatt_that_counts_late(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            w, w0 = w + error * xi, w0 + error
            mistakes += int(yi != (xi @ w + w0 > 0))
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="at z = 0 the prediction is 0")
def rosenblatt_with_ties_as_one(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 >= 0)
            w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(error != 0)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="the bias w0 is missing in z")
def rosenblatt_without_bias(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w > 0)
            w, w0, mistakes = w + error * xi, w0 + error, mistakes + abs(error)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="you counted the right answers")
def rosenblatt_counting_the_right_ones(x, y, max_epochs):
    def epoch(x, y, w, w0):
        right_ones = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            w, w0, right_ones = w + error * xi, w0 + error, right_ones + (error == 0)
        return w, w0, right_ones

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="only the first sample was looked at")
def rosenblatt_of_one_sample(x, y, max_epochs):
    def epoch(x, y, w, w0):
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            return w + error * xi, w0 + error, abs(error)

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="only half of each correction was made")
def rosenblatt_at_half_the_rate(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            w, w0, mistakes = w + 0.5 * error * xi, w0 + 0.5 * error, mistakes + abs(error)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="np.sign gives -1, 0 and 1")
def rosenblatt_with_signs(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            error = yi - np.sign(xi @ w + w0)
            w, w0, mistakes = w + error * xi, w0 + error, mistakes + (error != 0)
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="x is always added")
def rosenblatt_that_adds_only(x, y, max_epochs):
    def epoch(x, y, w, w0):
        mistakes = 0
        for xi, yi in zip(x, y, strict=True):
            if (xi @ w + w0 > 0) != yi:
                w, w0, mistakes = w + xi, w0 + 1, mistakes + 1
        return w, w0, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="every sample changes the weights")
def rosenblatt_that_always_adds(x, y, max_epochs):
    def epoch(x, y, w, w0):
        return w + x.sum(axis=0), w0 + len(y), len(y)

    return _epochs(x, y, max_epochs, epoch)


def _rosenblatt(x, y, w, w0, correction):
    mistakes = 0
    for xi, yi in zip(x, y, strict=True):
        error = correction(xi @ w + w0, yi)
        w, w0, mistakes = w + error * xi, w0 + error, mistakes + int(error != 0)
    return w, w0, mistakes


@wrong("rosenblatt", says="the threshold is z > 0, not z > 0.5")
def rosenblatt_with_the_threshold_of_a_probability(x, y, max_epochs):
    def epoch(x, y, w, w0):
        return _rosenblatt(x, y, w, w0, lambda z, yi: yi - (z > 0.5))

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="only samples of class 1 correct the weights here")
def rosenblatt_that_corrects_upwards_only(x, y, max_epochs):
    def epoch(x, y, w, w0):
        return _rosenblatt(x, y, w, w0, lambda z, yi: max(yi - (z > 0), 0))

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="only samples of class 0 correct the weights here")
def rosenblatt_that_corrects_downwards_only(x, y, max_epochs):
    def epoch(x, y, w, w0):
        return _rosenblatt(x, y, w, w0, lambda z, yi: min(yi - (z > 0), 0))

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="the correction of w0 is y - y_hat")
def rosenblatt_whose_bias_grows_in_the_end(x, y, max_epochs):
    def epoch(x, y, w, w0):
        new_w, _, mistakes = _rosenblatt(x, y, w, w0, lambda z, yi: yi - (z > 0))
        return new_w, w0 + mistakes, mistakes

    return _epochs(x, y, max_epochs, epoch)


@wrong("rosenblatt", says="the mistakes of the final weights")
def rosenblatt_counting_at_the_end(x, y, max_epochs):
    def epoch(x, y, w, w0):
        w, w0, _ = _rosenblatt(x, y, w, w0, lambda z, yi: yi - (z > 0))
        return w, w0, int(np.sum((x @ w + w0 > 0) != y))

    return _epochs(x, y, max_epochs, epoch)


@right("rosenblatt")
def rosenblatt_by_cases(x, y, max_epochs):
    def epoch(x, y, w, w0):
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

    return _epochs(x, y, max_epochs, epoch)


@right("rosenblatt")
def rosenblatt_with_one_vector(x, y, max_epochs):
    def epoch(x, y, w, w0):
        ones, v, count = np.column_stack([x, np.ones(len(y))]), np.r_[w, w0], 0
        for xi, yi in zip(ones, y, strict=True):
            error = yi - np.heaviside(xi @ v, 0)
            v, count = v + error * xi, count + abs(error)
        return v[:-1], v[-1:], np.float32(count)

    return _epochs(x, y, max_epochs, epoch)


def _right_epoch(x, y, w, w0):
    return _rosenblatt(x, y, w, w0, lambda z, yi: yi - (z > 0))


@wrong("rosenblatt", says="Return 3 things")
def rosenblatt_without_count(x, y, max_epochs):
    return _epochs(x, y, max_epochs, _right_epoch)[:2]


@wrong("rosenblatt", says="The order of the results is wrong")
def rosenblatt_with_the_bias_first(x, y, max_epochs):
    w, w0, mistakes = _epochs(x, y, max_epochs, _right_epoch)
    return w0, w, mistakes


@wrong("rosenblatt", says="nothing looks at max_epochs")
def rosenblatt_for_a_fixed_time(x, y, max_epochs):
    return _epochs(x, y, 40, _right_epoch)


@wrong("rosenblatt", says="stop there")
def rosenblatt_that_never_stops_early(x, y, max_epochs):
    w, w0, mistakes = np.zeros(x.shape[1]), 0.0, []
    for _ in range(max_epochs):
        w, w0, count = _right_epoch(x, y, w, w0)
        mistakes.append(count)
    return w, w0, mistakes


@wrong("rosenblatt", says="the epoch without mistakes belongs to the list")
def rosenblatt_without_its_last_count(x, y, max_epochs):
    w, w0, mistakes = _epochs(x, y, max_epochs, _right_epoch)
    return w, w0, [count for count in mistakes if count]


@wrong("rosenblatt", says="every epoch starts from zero weights")
def rosenblatt_that_starts_anew(x, y, max_epochs):
    return _epochs(x, y, max_epochs, lambda x, y, w, w0: _right_epoch(x, y, 0 * w, 0.0))


@wrong("rosenblatt", says="the loop ends after its first epoch")
def rosenblatt_of_one_epoch(x, y, max_epochs):
    return _epochs(x, y, 1, _right_epoch)


@wrong("rosenblatt", says="one epoch too many")
def rosenblatt_with_one_epoch_too_many(x, y, max_epochs):
    return _epochs(x, y, max_epochs + (max_epochs > 1), _right_epoch)


@wrong("rosenblatt", says="append the count of each epoch to a list")
def rosenblatt_with_the_last_count_alone(x, y, max_epochs):
    w, w0, mistakes = _epochs(x, y, max_epochs, _right_epoch)
    return w, w0, mistakes[-1]


@right("rosenblatt")
def rosenblatt_in_place(x, y, max_epochs):
    w, w0, mistakes = np.zeros(x.shape[1]), 0.0, []
    for _ in range(max_epochs):
        mistakes.append(0)
        for xi, yi in zip(x, y, strict=True):
            error = yi - (xi @ w + w0 > 0)
            w += error * xi
            w0 += error
            mistakes[-1] += int(error != 0)
        if mistakes[-1] == 0:
            break
    return w, w0, np.array(mistakes)


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


def _in_turn(layers, two):
    w, b = layers[0]
    for next_w, next_b in layers[1:]:
        w, b = two(w, b, next_w, next_b)
    return w, b


@wrong("collapse", says="the first bias is missing")
def collapse_without_first_bias(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, b2))


@wrong("collapse", says="an array of shape")
def collapse_with_added_biases(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, np.concatenate([b1, b2])))


@wrong("collapse", says="b1 was only added")
def collapse_with_biases_added(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, b1 + b2))


@wrong("collapse", says="the matrix is transposed")
def collapse_transposed(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w2.T @ w1.T, b1 @ w2 + b2))


@wrong("collapse", says="the order is reversed")
def collapse_in_reverse(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w2 @ w1, b1 @ w2 + b2))


@wrong("collapse", says="the second bias is missing")
def collapse_without_second_bias(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2))


@wrong("collapse", says="the product is elementwise")
def collapse_elementwise(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 * w2, b1 * b2))


@wrong("collapse", says="the matrices were added")
def collapse_summed(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 + w2, b1 + b2))


@wrong("collapse", says="the order is reversed")
def collapse_with_the_wrong_bias(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, w2 @ b1 + b2))


@wrong("collapse", says="The order of the results is wrong")
def collapse_bias_first(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (b1 @ w2 + b2, w1 @ w2))


@wrong("collapse", says="the second bias is missing")
def collapse_without_the_second_bias(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2))


@wrong("collapse", says="b2 went through the second layer as well")
def collapse_with_the_second_bias_multiplied(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, (b1 + b2) @ w2))


@wrong("collapse", says="b2 is added, not subtracted")
def collapse_with_a_minus(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2 - b2))


@wrong("collapse", says="there is no activation between")
def collapse_with_a_sigmoid(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (expit(w1) @ w2, b1 @ w2 + b2))


@right("collapse")
def collapse_by_einsum(layers):
    return _in_turn(layers, lambda w1, b1, w2, b2: (np.einsum("dh,hk->dk", w1, w2), np.einsum("h,hk->k", b1, w2) + b2))


@right("collapse")
def collapse_by_probing(layers):
    def forward(x):
        x = tf.cast(x, tf.float64)
        for w, b in layers:
            x = x @ w + b
        return x

    inputs = len(layers[0][0])
    bias = forward(np.zeros((1, inputs)))
    return forward(np.eye(inputs)) - bias, tf.squeeze(bias)


@right("collapse")
def collapse_by_recursion(layers):
    if len(layers) == 1:
        return layers[0]
    (w1, b1), (w2, b2), *rest = layers
    return collapse_by_recursion([(w1 @ w2, b1 @ w2 + b2), *rest])


@wrong("collapse", says="only the first two layers were joined")
def collapse_of_two_layers(layers):
    return _in_turn(layers[:2], lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2 + b2))


@wrong("collapse", says="the biases of the layers between are missing")
def collapse_with_the_first_bias_only(layers):
    w, b = layers[0]
    for place, (next_w, next_b) in enumerate(layers[1:]):
        w, b = w @ next_w, b @ next_w + (next_b if len(layers) == 2 and place == 0 else 0)
    return w, b


# -- three_sets -------------------------------------------------------------------------------------------------------


def _parts(y, seed, shares, stratify=True):
    """Row numbers of three sets."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in (0, 1)] if stratify else [np.arange(len(y))]
    sets = [[], [], []]
    for group in groups:
        order = rng.permutation(group)
        cuts = np.round(np.cumsum(shares)[:2] * len(order)).astype(int)
        for some, part in zip(sets, np.split(order, cuts), strict=True):
            some.extend(part)
    return [np.array(some) for some in sets]


def _pairs(x, y, parts):
    return tuple((x[part], y[part]) for part in parts)


SHARES = (0.6, 0.2, 0.2)


@wrong("three_sets", says="the rest is split 80 : 20")
def sets_with_an_uneven_rest(x, y, seed):
    return _pairs(x, y, _parts(y, seed, (0.6, 0.32, 0.08)))


@wrong("three_sets", says="20 % of 80 % is 16 %")
def sets_of_a_fifth_of_a_fifth(x, y, seed):
    return _pairs(x, y, _parts(y, seed, (0.64, 0.16, 0.2)))


@wrong("three_sets", says="the order of the sets: training, validation, test")
def sets_with_training_last(x, y, seed):
    return _pairs(x, y, _parts(y, seed, SHARES)[::-1])


@wrong("three_sets", says="each set is drawn from all samples")
def sets_that_overlap(x, y, seed):
    first, *_ = _parts(y, seed, SHARES)
    _, *others = _parts(y, seed + 1, SHARES)
    return _pairs(x, y, [first, *others])


@wrong("three_sets", says="x and y are shuffled or cut differently")
def sets_with_labels_of_others(x, y, seed):
    return tuple((x[part], y[part[::-1]]) for part in _parts(y, seed, SHARES))


@wrong("three_sets", says="shuffle first")
def sets_in_the_order_of_the_file(x, y, seed):
    return _pairs(x, y, np.split(np.arange(len(y)), [int(0.6 * len(y)), int(0.8 * len(y))]))


@wrong("three_sets", says="nothing keeps the shares equal")
def sets_without_strata(x, y, seed):
    return _pairs(x, y, _parts(y, seed, SHARES, stratify=False))


@wrong("three_sets", says="the second split is not stratified")
def sets_with_one_stratified_split(x, y, seed):
    first, *_ = _parts(y, seed, SHARES)
    rest = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(len(y)), first))
    return _pairs(x, y, [first, *np.split(rest, 2)])


@wrong("three_sets", says="random_state=seed is missing")
def sets_without_the_seed(x, y, seed):
    return _pairs(x, y, _parts(y, None, SHARES))


@wrong("three_sets", says="a fixed number stands in its place")
def sets_of_one_seed(x, y, seed):
    return _pairs(x, y, _parts(y, 0, SHARES))


@wrong("three_sets", says="these are six arrays without inner brackets")
def sets_as_six_arrays(x, y, seed):
    return tuple(array for pair in _pairs(x, y, _parts(y, seed, SHARES)) for array in pair)


@wrong("three_sets", says="both parts of x first")
def sets_with_two_parts_of_x(x, y, seed):
    (a, b), (c, d), (e, f) = _pairs(x, y, _parts(y, seed, SHARES))
    return (a, c), (b, d), (e, f)


@right("three_sets")
def sets_class_by_class(x, y, seed):
    return _pairs(x, y, _parts(y, seed, SHARES))


@right("three_sets")
def sets_by_sorting_random_numbers(x, y, seed):
    luck, sets = np.random.default_rng(seed).random(len(y)), ([], [], [])
    for label in set(y.tolist()):
        rows = sorted((row for row in range(len(y)) if y[row] == label), key=luck.__getitem__)
        for place, row in enumerate(rows):
            part = place / len(rows)
            sets[0 if part < 0.6 else 1 if part < 0.8 else 2].append(row)
    return [[tf.gather(x, rows), y[rows].tolist()] for rows in sets]


# -- choose_rate ------------------------------------------------------------------------------------------------------


def _losses(training, judged, rates, epochs=30, batch=32, row=-1, loss=_terms):
    found = []
    for rate in rates:
        v = _trained(*training, rate, epochs, batch, 0, _cut)[row]
        found.append(np.mean(loss(judged[1], judged[0] @ v[1:] + v[0])))
    return found


@wrong("choose_rate", says="on the training set")
def rate_by_the_training_set(training, validation, rates):
    losses = _losses(training, training, rates)
    return rates[np.argmin(losses)], losses


@wrong("choose_rate", says="choose by the cross-entropy")
def rate_by_accuracy(training, validation, rates):
    right_answers = _losses(training, validation, rates, loss=lambda y, z: (z > 0) == y)
    return rates[np.argmax(right_answers)], _losses(training, validation, rates)


@wrong("choose_rate", says="these are accuracies")
def rate_with_accuracies(training, validation, rates):
    right_answers = _losses(training, validation, rates, loss=lambda y, z: (z > 0) == y)
    return rates[np.argmin(_losses(training, validation, rates))], right_answers


@wrong("choose_rate", says="return the rate itself")
def rate_as_its_place(training, validation, rates):
    losses = _losses(training, validation, rates)
    return np.argmin(losses), losses


@wrong("choose_rate", says="choose the lowest")
def rate_with_the_largest_loss(training, validation, rates):
    losses = _losses(training, validation, rates)
    return rates[np.argmax(losses)], losses


@wrong("choose_rate", says="30 epochs are asked for")
def rate_after_one_epoch(training, validation, rates):
    losses = _losses(training, validation, rates, epochs=1)
    return rates[np.argmin(losses)], losses


@wrong("choose_rate", says="take the last row of the path")
def rate_at_the_start(training, validation, rates):
    losses = _losses(training, validation, rates, row=0)
    return rates[np.argmin(losses)], losses


@wrong("choose_rate", says="takes the sums z")
def rate_with_a_second_sigmoid(training, validation, rates):
    losses = _losses(training, validation, rates, loss=lambda y, z: _terms(y, expit(z)))
    return rates[np.argmin(losses)], losses


@wrong("choose_rate", says="the neurons were trained on the validation set")
def rate_trained_on_the_validation_set(training, validation, rates):
    losses = _losses(validation, validation, rates)
    return rates[np.argmin(losses)], losses


@wrong("choose_rate", says="Return 2 things")
def rate_alone(training, validation, rates):
    return rates[np.argmin(_losses(training, validation, rates))]


@right("choose_rate")
def rate_by_a_dictionary(training, validation, rates):
    losses = dict(zip(rates, _losses(training, validation, rates), strict=True))
    return min(losses, key=losses.get), list(losses.values())


@right("choose_rate")
def rate_by_keras_and_another_order(training, validation, rates):
    losses = []
    for rate in rates:
        v = _trained(*training, rate, 30, 32, 17, _cut)[-1]
        losses.append(keras.losses.binary_crossentropy(validation[1], validation[0] @ v[1:] + v[0], from_logits=True))
    return rates[int(np.argmin(losses))], tf.stack(losses)


# -- shift_right ------------------------------------------------------------------------------------------------------


@wrong("shift_right", says="np.roll does that")
def shift_by_rolling(x):
    return np.roll(x.reshape(-1, 8, 8), 1, axis=2).reshape(-1, 64)


@wrong("shift_right", says="each row's last pixel enters the next row")
def shift_along_the_row(x):
    return np.pad(x, ((0, 0), (1, 0)))[:, :64]


@wrong("shift_right", says="the pictures were moved to the left")
def shift_to_the_left(x):
    return np.pad(x.reshape(-1, 8, 8), ((0, 0), (0, 0), (0, 1)))[..., 1:].reshape(-1, 64)


@wrong("shift_right", says="the pictures were moved down")
def shift_down(x):
    return np.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 0), (0, 0)))[:, :8].reshape(-1, 64)


@wrong("shift_right", says="reshape(-1, 64)")
def shift_without_the_last_reshape(x):
    return np.pad(x.reshape(-1, 8, 8), ((0, 0), (0, 0), (1, 0)))[..., :8]


@wrong("shift_right", says="the first column keeps its old pixels")
def shift_that_keeps_the_first_column(x):
    moved = x.reshape(-1, 8, 8).copy()
    moved[..., 1:] = moved[..., :-1].copy()
    return moved.reshape(-1, 64)


@wrong("shift_right", says="kept in a ninth one")
def shift_into_a_ninth_column(x):
    return np.pad(x.reshape(-1, 8, 8), ((0, 0), (0, 0), (1, 0))).reshape(len(x), -1)


@wrong("shift_right", says="moved along the row of 64, and the last came in again")
def shift_by_rolling_the_row(x):
    return np.roll(x, 1, axis=1)


@right("shift_right")
def shift_by_padding(x):
    return np.pad(x.reshape(-1, 8, 8), ((0, 0), (0, 0), (1, 0)))[..., :8].reshape(-1, 64)


@right("shift_right")
def shift_pixel_by_pixel(x):
    return [[0.0 if k % 8 == 0 else row[k - 1] for k in range(64)] for row in x]


@right("shift_right")
def shift_by_tensorflow(x):
    return tf.reshape(tf.pad(tf.reshape(x, (-1, 8, 8))[..., :-1], [[0, 0], [0, 0], [1, 0]]), (-1, 64))
