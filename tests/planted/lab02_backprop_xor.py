"""Planted answers of lab 02: mistakes that beginners make with derivatives, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit as sigmoid

from tests.planted import right, wrong

# -- zero_start -------------------------------------------------------------------------------------------------------


@wrong("zero_start", says="the gradient of W2 is not zero")
def zero_a():
    return "a"


@wrong("zero_start", says="equal units receive equal gradients")
def zero_b():
    return "b"


@wrong("zero_start", says="nothing is divided by zero")
def zero_d():
    return "d"


@right("zero_start")
def zero_capital():
    return "C"


@right("zero_start")
def zero_in_parentheses():
    return "(c)"


# -- one_layer_gradient -----------------------------------------------------------------------------------------------


@wrong("one_layer_gradient", says="derivative of the sigmoid, is missing")
def one_without_slope(x, y, w):
    return x.T @ (2 * (sigmoid(x @ w) - y))


@wrong("one_layer_gradient", says="do not divide by n")
def one_mean(x, y, w):
    p = sigmoid(x @ w)
    return x.T @ (2 * (p - y) * p * (1 - p)) / len(x)


@wrong("one_layer_gradient", says="the factor 2 from the square")
def one_without_two(x, y, w):
    p = sigmoid(x @ w)
    return x.T @ ((p - y) * p * (1 - p))


@wrong("one_layer_gradient", says="the slide's 1 + exp(-z) is a slip")
def one_as_on_the_slide(x, y, w):
    p = 1 + np.exp(-x.dot(w))
    return x.T.dot(2.0 * (p - y) * p * (1 - p))


@wrong("one_layer_gradient", says="the sign is flipped")
def one_flipped(x, y, w):
    p = sigmoid(x @ w)
    return x.T @ (2 * (y - p) * p * (1 - p))


@wrong("one_layer_gradient", says="often a transpose or a reshape is missing")
def one_without_transpose(x, y, w):
    p = sigmoid(x @ w)
    return x @ (2 * (p - y) * p * (1 - p))


@wrong("one_layer_gradient", says="the activation is ReLU")
def one_layer_with_relu(x, y, w):
    z = x @ w
    return x.T @ (2 * (np.maximum(z, 0) - y) * (z > 0))


@wrong("one_layer_gradient", says="the sign is flipped")
def one_layer_with_the_factors_turned(x, y, w):
    p = 1 / (1 + np.exp(-x @ w))
    return x.T @ (2 * (p - y) * p * (p - 1))


@wrong("one_layer_gradient", says="the sigmoid is missing")
def one_layer_of_a_linear_output(x, y, w):
    return x.T @ (2 * (x @ w - y))


@wrong("one_layer_gradient", says="this is the gradient of the cross-entropy")
def one_layer_of_the_cross_entropy(x, y, w):
    return x.T @ (1 / (1 + np.exp(-x @ w)) - y)


@wrong("one_layer_gradient", says="y_pred is the sigmoid's value already")
def one_layer_with_two_sigmoids(x, y, w):
    p = 1 / (1 + np.exp(-x @ w))
    q = 1 / (1 + np.exp(-p))
    return x.T @ (2 * (p - y) * q * (1 - q))


@wrong("one_layer_gradient", says="rows and columns are swapped")
def one_layer_transposed(x, y, w):
    p = 1 / (1 + np.exp(-x @ w))
    return (x.T @ (2 * (p - y) * p * (1 - p))).T


@wrong("one_layer_gradient", says="with a minus")
def one_layer_with_a_plus(x, y, w):
    p = sigmoid(x @ w)
    return x.T @ (2 * (p - y) * p * (1 + p))


@wrong("one_layer_gradient", says="and z stands in it here")
def one_layer_with_the_derivative_of_z(x, y, w):
    z = x @ w
    return x.T @ (2 * (sigmoid(z) - y) * z * (1 - z))


@wrong("one_layer_gradient", says="take the sum over axis 0; a matrix product does")
def one_layer_point_by_point(x, y, w):
    p = sigmoid(x @ w)
    return x * (2 * (p - y) * p * (1 - p))


@wrong("one_layer_gradient", says="not the weights after a step")
def one_layer_already_stepped(x, y, w):
    p = sigmoid(x @ w)
    return w - x.T @ (2 * (p - y) * p * (1 - p))


@right("one_layer_gradient")
def one_by_tape(x, y, w):
    v = tf.Variable(w)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((tf.sigmoid(x @ v) - y) ** 2)
    return tape.gradient(loss, v)


@right("one_layer_gradient")
def one_in_loops(x, y, w):
    gradient = [[0.0] for _ in w]
    for row, target in zip(x, y, strict=True):
        p = sigmoid(sum(a * b[0] for a, b in zip(row, w, strict=True)))
        for k, value in enumerate(row):
            gradient[k][0] += 2 * (p - target[0]) * p * (1 - p) * value
    return gradient


@right("one_layer_gradient")
def one_in_float32(x, y, w):
    x, y, w = (np.asarray(a, np.float32) for a in (x, y, w))
    p = 1 / (1 + np.exp(-x @ w))
    return np.einsum("nd,nk->dk", x, 2 * (p - y) * p * (1 - p))


# -- forward ----------------------------------------------------------------------------------------------------------


@wrong("forward", says="the hidden layer has a sigmoid")
def forward_linear(x, w1, w2):
    h = x @ w1
    return h, h @ w2


@wrong("forward", says="no sigmoid after h @ w2")
def forward_sigmoid_output(x, w1, w2):
    h = sigmoid(x @ w1)
    return h, sigmoid(h @ w2)


@wrong("forward", says="return h first, then y_pred")
def forward_swapped(x, w1, w2):
    h = sigmoid(x @ w1)
    return h @ w2, h


@wrong("forward", says="Return 2 things, h, y_pred")
def forward_output_only(x, w1, w2):
    return sigmoid(x @ w1) @ w2


@wrong("forward", says="Did you forget `return`?")
def forward_without_return(x, w1, w2):
    h = sigmoid(x @ w1)
    h @ w2


@wrong("forward", says="the slide's 1 + exp(-z) is a slip")
def forward_as_on_the_slide(x, w1, w2):
    h = 1 + np.exp(-x @ w1)
    return h, h @ w2


@wrong("forward", says="the hidden layer has tanh here")
def forward_with_tanh(x, w1, w2):
    h = np.tanh(x @ w1)
    return h, h @ w2


@wrong("forward", says="the hidden layer has ReLU here")
def forward_with_relu(x, w1, w2):
    h = np.maximum(x @ w1, 0)
    return h, h @ w2


@wrong("forward", says="Return 2 things")
def forward_in_a_dictionary(x, w1, w2):
    h = 1 / (1 + np.exp(-x @ w1))
    return {"h": h, "y_pred": h @ w2}


@wrong("forward", says="an axis of length 1 is missing")
def forward_with_a_flat_output(x, w1, w2):
    h = 1 / (1 + np.exp(-x @ w1))
    return h, (h @ w2).ravel()


@wrong("forward", says="a hard threshold")
def forward_with_a_step(x, w1, w2):
    h = (x @ w1 > 0).astype(float)
    return h, h @ w2


@wrong("forward", says="is only one product each")
def forward_elementwise(x, w1, w2):
    h = sigmoid(x @ w1)
    return h, h * w2.T


@right("forward")
def forward_in_numpy(x, w1, w2):
    h = 1 / (1 + np.exp(-x.dot(w1)))
    return [h, h.dot(w2)]


@right("forward")
def forward_in_tensorflow(x, w1, w2):
    h = tf.sigmoid(tf.matmul(tf.cast(x, tf.float32), tf.cast(w1, tf.float32)))
    return h, tf.matmul(h, tf.cast(w2, tf.float32))


@right("forward")
def forward_by_einsum(x, w1, w2):
    h = sigmoid(np.einsum("nd,dm->nm", x, w1))
    return h, np.einsum("nm,mk->nk", h, w2)


# -- output_gradients -------------------------------------------------------------------------------------------------


@wrong("output_gradients", says="the factor 2 from the square")
def output_without_two(y, y_pred, h, w2):
    return h.T @ (y_pred - y), (y_pred - y) @ w2.T


@wrong("output_gradients", says="there is no factor y_pred * (1 - y_pred)")
def output_with_slope(y, y_pred, h, w2):
    g = 2 * (y_pred - y) * y_pred * (1 - y_pred)
    return h.T @ g, g @ w2.T


@wrong("output_gradients", says="the error is y_pred - y")
def output_flipped(y, y_pred, h, w2):
    g = 2 * (y - y_pred)
    return h.T @ g, g @ w2.T


@wrong("output_gradients", says="do not divide by n")
def output_mean(y, y_pred, h, w2):
    g = 2 * (y_pred - y) / len(y)
    return h.T @ g, g @ w2.T


@wrong("output_gradients", says="comes later, in hidden_gradient")
def output_too_far(y, y_pred, h, w2):
    g = 2 * (y_pred - y)
    return h.T @ g, g @ w2.T * h * (1 - h)


@wrong("output_gradients", says="return grad_w2 first, then grad_h")
def output_swapped(y, y_pred, h, w2):
    g = 2 * (y_pred - y)
    return g @ w2.T, h.T @ g


@wrong("output_gradients", says="the transpose of h is missing")
def output_transposed(y, y_pred, h, w2):
    g = 2 * (y_pred - y)
    return g.T @ h, g @ w2.T


@wrong("output_gradients", says="return grad_w2 first, then grad_h")
def output_gradients_exchanged(y, y_pred, h, w2):
    error = 2 * (y_pred - y)
    return error @ w2.T, h.T @ error


@wrong("output_gradients", says="this is the error, at the output")
def output_gradients_of_the_error(y, y_pred, h, w2):
    error = 2 * (y_pred - y)
    return h.T @ error, error


@wrong("output_gradients", says="the error was squared")
def output_gradients_squared(y, y_pred, h, w2):
    error = (y_pred - y) ** 2
    return h.T @ error, error @ w2.T


@wrong("output_gradients", says="the targets are missing in the error")
def output_gradients_with_y(y, y_pred, h, w2):
    return h.T @ (2 * y_pred), 2 * y_pred @ w2.T


@right("output_gradients")
def output_by_tape(y, y_pred, h, w2):
    vh, v2 = tf.Variable(h), tf.Variable(w2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((vh @ v2 - y) ** 2)
    return tape.gradient(loss, [v2, vh])


@right("output_gradients")
def output_by_broadcasting(y, y_pred, h, w2):
    g = 2 * (y_pred - y)
    return (h * g).sum(axis=0, keepdims=True).T, g * w2.T


@right("output_gradients")
def output_in_loops(y, y_pred, h, w2):
    g = [2 * (p[0] - t[0]) for p, t in zip(y_pred, y, strict=True)]
    grad_w2 = [[sum(g[n] * h[n][m] for n in range(len(g)))] for m in range(len(w2))]
    return grad_w2, [[g[n] * w2[m][0] for m in range(len(w2))] for n in range(len(g))]


# -- hidden_gradient --------------------------------------------------------------------------------------------------


@wrong("hidden_gradient", says="derivative of the sigmoid, is missing")
def hidden_without_slope(x, h, grad_h):
    return x.T @ grad_h


@wrong("hidden_gradient", says="without a second sigmoid")
def hidden_sigmoid_twice(x, h, grad_h):
    return x.T @ (grad_h * sigmoid(h) * (1 - sigmoid(h)))


@wrong("hidden_gradient", says="belongs to tanh")
def hidden_tanh(x, h, grad_h):
    return x.T @ (grad_h * (1 - h**2))


@wrong("hidden_gradient", says="it must have the shape of w1")
def hidden_transposed(x, h, grad_h):
    return (grad_h * h * (1 - h)).T @ x


@wrong("hidden_gradient", says="do not divide by n")
def hidden_mean(x, h, grad_h):
    return x.T @ (grad_h * h * (1 - h)) / len(x)


@wrong("hidden_gradient", says="changes its third argument in place")
def hidden_in_place(x, h, grad_h):
    grad_h *= h * (1 - h)
    return x.T @ grad_h


@wrong("hidden_gradient", says="the sign is flipped")
def hidden_with_the_factors_turned(x, h, grad_h):
    return x.T @ (grad_h * h * (h - 1))


@wrong("hidden_gradient", says="grad_h is missing")
def hidden_without_grad_h(x, h, grad_h):
    return x.T @ (h * (1 - h))


@wrong("hidden_gradient", says="the derivative of the sigmoid is h *")
def hidden_with_the_first_factor(x, h, grad_h):
    return x.T @ (grad_h * h)


@wrong("hidden_gradient", says="this is the gradient at z")
def hidden_at_the_activations(x, h, grad_h):
    return grad_h * h * (1 - h)


@wrong("hidden_gradient", says="h.T stands where x.T belongs")
def hidden_by_h(x, h, grad_h):
    return h.T @ (grad_h * h * (1 - h))


@wrong("hidden_gradient", says="multiply before x.T adds up over the points")
def hidden_with_a_late_factor(x, h, grad_h):
    return (x.T @ grad_h) * (h * (1 - h)).mean(axis=0)


@right("hidden_gradient")
def hidden_by_einsum(x, h, grad_h):
    return np.einsum("nd,nm->dm", x, grad_h * (h - h**2))


@right("hidden_gradient")
def hidden_point_by_point(x, h, grad_h):
    return sum(np.outer(a, g * b * (1 - b)) for a, b, g in zip(x, h, grad_h, strict=True))


@right("hidden_gradient")
def hidden_in_tensorflow(x, h, grad_h):
    x, h, grad_h = (tf.constant(a, tf.float32) for a in (x, h, grad_h))
    return tf.transpose(x) @ (grad_h * h * (1 - h))


# -- numerical_gradient -----------------------------------------------------------------------------------------------


def loss_of(x, y, w1, w2):
    return np.square(sigmoid(x @ w1) @ w2 - y).sum()


def differences(x, y, weights, up, down, loss=loss_of):
    """(loss at + up minus loss at - down) / (up + down) for every entry."""
    results = []
    for k, w in enumerate(weights):
        result = np.zeros_like(w)
        for index in np.ndindex(w.shape):
            high, low = [a.copy() for a in weights], [a.copy() for a in weights]
            high[k][index] += up
            low[k][index] -= down
            result[index] = (loss(x, y, *high) - loss(x, y, *low)) / (up + down)
        results.append(result)
    return results


@wrong("numerical_gradient", says="divide by 2 eps")
def numerical_factor(x, y, w1, w2, eps):
    return [2 * g for g in differences(x, y, (w1, w2), eps, eps)]


@wrong("numerical_gradient", says="this is the one-sided difference")
def numerical_forward(x, y, w1, w2, eps):
    return differences(x, y, (w1, w2), eps, 0)


@wrong("numerical_gradient", says="this is the one-sided difference")
def numerical_backward(x, y, w1, w2, eps):
    return differences(x, y, (w1, w2), 0, eps)


@wrong("numerical_gradient", says="do not divide by n")
def numerical_mean(x, y, w1, w2, eps):
    return [g / len(y) for g in differences(x, y, (w1, w2), eps, eps)]


@wrong("numerical_gradient", says="move one entry at a time")
def numerical_all_together(x, y, w1, w2, eps):
    g1 = (loss_of(x, y, w1 + eps, w2) - loss_of(x, y, w1 - eps, w2)) / (2 * eps)
    g2 = (loss_of(x, y, w1, w2 + eps) - loss_of(x, y, w1, w2 - eps)) / (2 * eps)
    return np.full_like(w1, g1), np.full_like(w2, g2)


@wrong("numerical_gradient", says="never taken back")
def numerical_drifting(x, y, w1, w2, eps):
    results = []
    for k, w in enumerate((w1, w2)):
        weights, result = [w1.copy(), w2.copy()], np.zeros_like(w)
        for index in np.ndindex(w.shape):
            weights[k][index] += eps
            up = loss_of(x, y, *weights)
            weights[k][index] -= 2 * eps
            result[index] = (up - loss_of(x, y, *weights)) / (2 * eps)
        results.append(result)
    return results


@wrong("numerical_gradient", says="changes its third argument in place")
def numerical_in_place(x, y, w1, w2, eps):
    w1 += eps
    return differences(x, y, (w1, w2), eps, eps)


@wrong("numerical_gradient", says="no eps of your own")
def numerical_own_step(x, y, w1, w2, eps):
    return differences(x, y, (w1, w2), 1e-5, 1e-5)


@wrong("numerical_gradient", says="no formula of a derivative")
def numerical_by_backpropagation(x, y, w1, w2, eps):
    return gradients(x, y, w1, w2)


@wrong("numerical_gradient", says="forward returns h first")
def numerical_of_hidden(x, y, w1, w2, eps):
    return differences(x, y, (w1, w2), eps, eps, lambda x, y, w1, w2: np.square(sigmoid(x @ w1) - y).sum())


def _differences(x, y, w1, w2, divide):
    """Right differences of the loss, divided as `divide` has it."""

    def loss(w1, w2):
        return np.square(sigmoid(x @ w1) @ w2 - y).sum()

    found = np.zeros_like(w1), np.zeros_like(w2)
    for index in np.ndindex(w1.shape):
        step = np.zeros_like(w1)
        step[index] = 1
        found[0][index] = divide(lambda eps, step=step: loss(w1 + eps * step, w2))
    for index in np.ndindex(w2.shape):
        step = np.zeros_like(w2)
        step[index] = 1
        found[1][index] = divide(lambda eps, step=step: loss(w1, w2 + eps * step))
    return found


@wrong("numerical_gradient", says="the division by 2 eps is missing")
def differences_undivided(x, y, w1, w2, eps):
    return _differences(x, y, w1, w2, lambda loss: loss(eps) - loss(-eps))


@wrong("numerical_gradient", says="the brackets are missing")
def differences_without_brackets(x, y, w1, w2, eps):
    return _differences(x, y, w1, w2, lambda loss: (loss(eps) - loss(-eps)) / 2 * eps)


@wrong("numerical_gradient", says="the lower loss was taken at w itself")
def differences_that_go_back_to_w_only(x, y, w1, w2, eps):
    return _differences(x, y, w1, w2, lambda loss: (loss(eps) - loss(0)) / (2 * eps))


@wrong("numerical_gradient", says="a loop over the entries of w2 is missing")
def differences_of_the_first_matrix_only(x, y, w1, w2, eps):
    return _differences(x, y, w1, w2, lambda loss: (loss(eps) - loss(-eps)) / (2 * eps))[0], np.zeros_like(w2)


@right("numerical_gradient")
def numerical_with_copies(x, y, w1, w2, eps):
    return tuple(differences(x, y, (w1, w2), eps, eps))


@right("numerical_gradient")
def numerical_flattened(x, y, w1, w2, eps):
    w = np.concatenate([w1.ravel(), w2.ravel()])

    def loss(w):
        return loss_of(x, y, w[: w1.size].reshape(w1.shape), w[w1.size :].reshape(w2.shape))

    g = np.array([(loss(w + eps * e) - loss(w - eps * e)) / (2 * eps) for e in np.eye(w.size)])
    return g[: w1.size].reshape(w1.shape), g[w1.size :].reshape(w2.shape)


@right("numerical_gradient")
def numerical_in_lists(x, y, w1, w2, eps):
    return [g.tolist() for g in differences(x, y, (w1, w2), eps, eps)]


# -- descend ----------------------------------------------------------------------------------------------------------


def _path(w1, w2, epochs, step):
    """The loop of a right answer around one step that may be spoilt."""
    path = [(w1, w2)]
    for _ in range(epochs):
        path.append(tuple(step(*path[-1])))
    return path


def gradients(x, y, w1, w2):
    h = sigmoid(x @ w1)
    g = 2 * (h @ w2 - y)
    return x.T @ (g @ w2.T * h * (1 - h)), h.T @ g


def train_by_hand(x, y, w1, w2, eta):
    h = 1 / (1 + np.exp(-x @ w1))
    error = 2 * (h @ w2 - y)
    return w1 - eta * x.T @ (error @ w2.T * h * (1 - h)), w2 - eta * h.T @ error


@wrong("descend", says="descent subtracts the gradient")
def step_uphill(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        g1, g2 = gradients(x, y, w1, w2)
        return w1 + eta * g1, w2 + eta * g2

    return _path(w1, w2, epochs, step)


@wrong("descend", says="grad_h needs the old w2")
def step_w2_first(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        h = sigmoid(x @ w1)
        g = 2 * (h @ w2 - y)
        w2 = w2 - eta * h.T @ g
        return w1 - eta * x.T @ (g @ w2.T * h * (1 - h)), w2

    return _path(w1, w2, epochs, step)


@wrong("descend", says="the output uses the new w1")
def step_w1_first(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        w1_new = w1 - eta * gradients(x, y, w1, w2)[0]
        return w1_new, w2 - eta * gradients(x, y, w1_new, w2)[1]

    return _path(w1, w2, epochs, step)


@wrong("descend", says="the learning rate is missing")
def step_without_rate(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        g1, g2 = gradients(x, y, w1, w2)
        return w1 - g1, w2 - g2

    return _path(w1, w2, epochs, step)


@wrong("descend", says="not the gradients")
def step_gradients(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        return gradients(x, y, w1, w2)

    return _path(w1, w2, epochs, step)


@wrong("descend", says="changes its third argument in place")
def step_in_place(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        g1, g2 = gradients(x, y, w1, w2)
        w1 -= eta * g1
        w2 -= eta * g2
        return w1, w2

    return _path(w1, w2, epochs, step)


@wrong("descend", says="or y and y_pred are swapped in the call")
def step_swapped_call(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        h = sigmoid(x @ w1)
        g = 2 * (y - h @ w2)  # output_gradients(y_pred, y, h, w2)
        return w1 - eta * x.T @ (g @ w2.T * h * (1 - h)), w2 - eta * h.T @ g

    return _path(w1, w2, epochs, step)


@wrong("descend", says="return w1 first, then w2")
def step_returned_in_reverse(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        g1, g2 = gradients(x, y, w1, w2)
        return w2 - eta * g2, w1 - eta * g1

    return _path(w1, w2, epochs, step)


@wrong("descend", says="returns grad_w2 first, then grad_h")
def step_unpacked_in_reverse(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        h = sigmoid(x @ w1)
        g = 2 * (h @ w2 - y)
        grad_h, grad_w2 = h.T @ g, g @ w2.T
        return w1 - eta * x.T @ (grad_h * h * (1 - h)), w2 - eta * grad_w2

    return _path(w1, w2, epochs, step)


@wrong("descend", says="forward returns h first, then y_pred")
def step_forward_in_reverse(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        y_pred = sigmoid(x @ w1)
        h = y_pred @ w2
        g = 2 * (y_pred - y)
        return w1 - eta * x.T @ (g @ w2.T * h * (1 - h)), w2 - eta * h.T @ g

    return _path(w1, w2, epochs, step)


@wrong("descend", says="return the new weights, not the changes")
def step_of_the_changes(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        new1, new2 = train_by_hand(x, y, w1, w2, eta)
        return new1 - w1, new2 - w2

    return _path(w1, w2, epochs, step)


@wrong("descend", says="return w1 first, then w2")
def step_exchanged(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        return train_by_hand(x, y, w1, w2, eta)[::-1]

    return _path(w1, w2, epochs, step)


@wrong("descend", says="the factor h * (1 - h) is missing")
def step_without_the_sigmoids_derivative(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        h = sigmoid(x @ w1)
        error = 2 * (h @ w2 - y)
        return w1 - eta * x.T @ (error @ w2.T), w2 - eta * h.T @ error

    return _path(w1, w2, epochs, step)


@wrong("descend", says="do not divide")
def step_divided_by_the_rate(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        h = sigmoid(x @ w1)
        error = 2 * (h @ w2 - y)
        return w1 - x.T @ (error @ w2.T * h * (1 - h)) / eta, w2 - h.T @ error / eta

    return _path(w1, w2, epochs, step)


@right("descend")
def step_by_tape(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        v1, v2 = tf.Variable(w1), tf.Variable(w2)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((tf.sigmoid(x @ v1) @ v2 - y) ** 2)
        for v, g in zip((v1, v2), tape.gradient(loss, [v1, v2]), strict=True):
            v.assign_sub(eta * g)
        return v1, v2

    return _path(w1, w2, epochs, step)


@right("descend")
def step_on_copies(x, y, w1, w2, eta, epochs):
    def step(w1, w2):
        w1, w2 = w1.copy(), w2.copy()
        g1, g2 = gradients(x, y, w1, w2)
        w1 -= eta * g1
        w2 -= eta * g2
        return [w1, w2]

    return _path(w1, w2, epochs, step)


@wrong("descend", says="the start, or the last epoch, is missing")
def path_without_its_start(x, y, w1, w2, eta, epochs):
    return _path(w1, w2, epochs, lambda w1, w2: train_by_hand(x, y, w1, w2, eta))[1:]


@wrong("descend", says="These are the last w1 and w2 alone")
def path_of_the_end_alone(x, y, w1, w2, eta, epochs):
    return _path(w1, w2, epochs, lambda w1, w2: train_by_hand(x, y, w1, w2, eta))[-1]


@wrong("descend", says="every epoch starts from the first weights")
def path_that_starts_anew(x, y, w1, w2, eta, epochs):
    return [(w1, w2), *[train_by_hand(x, y, w1, w2, eta)] * epochs]


@wrong("descend", says="w1 and w2 are appended one by one")
def path_of_single_matrices(x, y, w1, w2, eta, epochs):
    path = _path(w1, w2, epochs, lambda w1, w2: train_by_hand(x, y, w1, w2, eta))
    return [w for pair in path for w in pair]


@wrong("descend", says="one array was changed in place and appended every time")
def path_of_one_array(x, y, w1, w2, eta, epochs):
    w1, w2, path = w1.copy(), w2.copy(), []
    for _ in range(epochs + 1):
        path.append((w1, w2))
        g1, g2 = gradients(x, y, w1, w2)
        w1 -= eta * g1
        w2 -= eta * g2
    return path


@wrong("descend", says="every epoch makes the same step")
def path_with_one_gradient(x, y, w1, w2, eta, epochs):
    g1, g2 = gradients(x, y, w1, w2)
    return [(w1 - k * eta * g1, w2 - k * eta * g2) for k in range(epochs + 1)]


# -- hessian ----------------------------------------------------------------------------------------------------------


def _all_derivatives(x, y, w1, w2):
    h = sigmoid(x @ w1)
    error = 2 * (h @ w2 - y)
    return np.concatenate([(x.T @ (error @ w2.T * h * (1 - h))).ravel(), (h.T @ error).ravel()])


def _moved(x, y, w1, w2, step):
    return _all_derivatives(x, y, w1 + step[: w1.size].reshape(w1.shape), w2 + step[w1.size :].reshape(w2.shape))


def _rows(x, y, w1, w2, eps):
    steps = eps * np.eye(w1.size + w2.size)
    return np.array([_moved(x, y, w1, w2, step) - _moved(x, y, w1, w2, -step) for step in steps]) / (2 * eps)


@wrong("hessian", says="divide by 2 eps: the two gradients")
def hessian_divided_by_eps(x, y, w1, w2, eps):
    return 2 * _rows(x, y, w1, w2, eps)


@wrong("hessian", says="by eps squared or by nothing")
def hessian_not_divided(x, y, w1, w2, eps):
    return 2 * eps * _rows(x, y, w1, w2, eps)


@wrong("hessian", says="by eps squared or by nothing")
def hessian_divided_by_the_square(x, y, w1, w2, eps):
    return 2 * _rows(x, y, w1, w2, eps) / eps


@wrong("hessian", says="w1 row by row comes first")
def hessian_with_w2_first(x, y, w1, w2, eps):
    order = np.r_[w1.size : w1.size + w2.size, : w1.size]
    return _rows(x, y, w1, w2, eps)[np.ix_(order, order)]


@wrong("hessian", says="not column by column")
def hessian_by_columns(x, y, w1, w2, eps):
    order = np.r_[np.arange(w1.size).reshape(w1.shape).T.ravel(), w1.size : w1.size + w2.size]
    return _rows(x, y, w1, w2, eps)[np.ix_(order, order)]


@wrong("hessian", says="outer product of the gradient")
def hessian_as_an_outer_product(x, y, w1, w2, eps):
    gradient = _all_derivatives(x, y, w1, w2)
    return np.outer(gradient, gradient)


@wrong("hessian", says="only the diagonal is filled")
def hessian_of_the_diagonal(x, y, w1, w2, eps):
    return np.diag(np.diag(_rows(x, y, w1, w2, eps)))


@wrong("hessian", says="the block of w1 alone")
def hessian_of_w1(x, y, w1, w2, eps):
    return _rows(x, y, w1, w2, eps)[: w1.size, : w1.size]


@wrong("hessian", says="the sign is flipped")
def hessian_with_the_sign_flipped(x, y, w1, w2, eps):
    return -_rows(x, y, w1, w2, eps)


@wrong("hessian", says="the loss is a sum over the points")
def hessian_of_the_mean(x, y, w1, w2, eps):
    return hessian_by_forward_differences(x, y, w1, w2, eps) / len(y)


@right("hessian")
def hessian_by_forward_differences(x, y, w1, w2, eps):
    def gradient(v):
        one, two = v[: w1.size].reshape(w1.shape), v[w1.size :, None]
        h = sigmoid(x @ one)
        error = 2 * (h @ two - y)
        return np.r_[(x.T @ (error @ two.T * h * (1 - h))).ravel(), (h.T @ error)[:, 0]]

    v = np.r_[w1.ravel(), w2.ravel()]
    return np.column_stack([(gradient(v + step) - gradient(v)) / eps for step in eps * np.eye(len(v))])


@right("hessian")
def hessian_of_losses_alone(x, y, w1, w2, eps):
    def loss(v):
        h = sigmoid(x @ v[: w1.size].reshape(w1.shape))
        return np.square(h @ v[w1.size :].reshape(w2.shape) - y).sum()

    v, k, e = np.concatenate([w1.ravel(), w2.ravel()]), w1.size + w2.size, 1e-3
    steps, out = e * np.eye(k), np.zeros((k, k))
    for i in range(k):
        for j in range(k):
            a, b = steps[i], steps[j]
            out[i, j] = loss(v + a + b) - loss(v + a - b) - loss(v - a + b) + loss(v - a - b)
    return out / (4 * e**2)


@right("hessian")
def hessian_by_forward_differences_as_a_list(x, y, w1, w2, eps):
    steps, here = 1e-7 * np.eye(w1.size + w2.size), _all_derivatives(x, y, w1, w2)
    return [list((_moved(x, y, w1, w2, step) - here) / 1e-7) for step in steps]


@right("hessian")
def hessian_by_tape(x, y, w1, w2, eps):
    weights = tf.Variable(np.concatenate([w1.ravel(), w2.ravel()]))
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            one, two = tf.reshape(weights[: w1.size], w1.shape), weights[w1.size :, None]
            loss = tf.reduce_sum((tf.sigmoid(tf.constant(x) @ one) @ two - y) ** 2)
        gradient = inner.gradient(loss, weights)
    return outer.jacobian(gradient, weights)


# -- train_many -------------------------------------------------------------------------------------------------------


def _many(w1, w2, x, y, eta, epochs, slope=True, late=False, together=True, good=None, record=None, factor=2):
    losses, right = [], []
    for _ in range(epochs):
        h = sigmoid(x @ w1)
        out = h @ w2
        if late:
            losses.append(None)
        else:
            losses.append((record or (lambda square: square.sum(axis=(1, 2))))((out - y) ** 2))
        right.append((good or (lambda out: ((out > 0.5) == (y == 1)).all(axis=(1, 2))))(out))
        error = factor * (out - y)
        new_w2 = w2 - eta * h.mT @ error
        back = error @ (w2 if together else new_w2).mT
        w1, w2 = w1 - eta * x.T @ (back * h * (1 - h) if slope else back), new_w2
        if late:
            losses[-1] = ((sigmoid(x @ w1) @ w2 - y) ** 2).sum(axis=(1, 2))
    return w1, w2, np.array(losses), np.array(right)


@wrong("train_many", says="the derivative of the sigmoid, is missing")
def many_without_the_slope(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, slope=False)


@wrong("train_many", says="losses after each step")
def many_with_late_losses(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, late=True)


@wrong("train_many", says="before you change any weights")
def many_one_after_the_other(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, together=False)


@wrong("train_many", says="take no mean")
def many_with_the_mean(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, record=lambda square: square.mean(axis=(1, 2)))


@wrong("train_many", says="the losses of all networks were added up")
def many_with_one_loss(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, record=lambda square: np.full(len(square), square.sum()))


@wrong("train_many", says="not only some: .all, not .any")
def many_with_any(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, good=lambda out: ((out > 0.5) == (y == 1)).any(axis=(1, 2)))


@wrong("train_many", says="here right means a small loss")
def many_with_solved_for_right(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, good=lambda out: ((out - y) ** 2).sum(axis=(1, 2)) < 0.01)


@wrong("train_many", says="the factor 2 from the square is missing")
def many_without_two(w1, w2, x, y, eta, epochs):
    return _many(w1, w2, x, y, eta, epochs, factor=1)


@wrong("train_many", says="one step is missing")
def many_with_a_step_too_few(w1, w2, x, y, eta, epochs):
    early = _many(w1, w2, x, y, eta, epochs - 1)
    return (*early[:2], *_many(w1, w2, x, y, eta, epochs)[2:])


@wrong("train_many", says="the weights did not move")
def many_that_stand_still(w1, w2, x, y, eta, epochs):
    return (w1, w2, *_many(w1, w2, x, y, eta, epochs)[2:])


@right("train_many")
def many_one_by_one(w1, w2, x, y, eta, epochs):
    ends = [_many(one[None], two[None], x, y, eta, epochs) for one, two in zip(w1, w2, strict=True)]
    first, second, losses, right = zip(*ends, strict=True)
    return np.concatenate(first), np.concatenate(second), np.hstack(losses), np.hstack(right).astype(int)


@right("train_many")
def many_by_tape(w1, w2, x, y, eta, epochs):
    w1, w2, losses, right = tf.Variable(w1), tf.Variable(w2), [], []
    for _ in range(epochs):
        with tf.GradientTape() as tape:
            out = tf.sigmoid(tf.einsum("nd,kdm->knm", x, w1)) @ w2
            each = tf.reduce_sum((out - y) ** 2, axis=[1, 2])
        losses.append(each)
        right.append(tf.reduce_all((out > 0.5) == (y == 1), axis=[1, 2]))
        for variable, slope in zip((w1, w2), tape.gradient(each, [w1, w2]), strict=True):
            variable.assign_sub(eta * slope)
    return w1, w2, tf.stack(losses), tf.stack(right)


# -- bump_weights -----------------------------------------------------------------------------------------------------


@wrong("bump_weights", says="this is a valley")
def bump_downwards(left, right, steepness):
    s = steepness
    return np.array([[-s * left, -s * right], [s, s]]), np.array([[-1.0], [1.0]])


@wrong("bump_weights", says="both units are added")
def bump_of_a_sum(left, right, steepness):
    s = steepness
    return np.array([[-s * left, -s * right], [s, s]]), np.array([[1.0], [1.0]])


@wrong("bump_weights", says="with a minus sign")
def bump_at_the_mirrored_place(left, right, steepness):
    s = steepness
    return np.array([[s * left, s * right], [s, s]]), np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="not -place")
def bump_without_the_product(left, right, steepness):
    s = steepness
    return np.array([[-left, -right], [s, s]]), np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="the rows of w1 are exchanged")
def bump_with_rows_exchanged(left, right, steepness):
    s = steepness
    return np.array([[s, s], [-s * left, -s * right]]), np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="steepness is missing")
def bump_without_steepness(left, right, steepness):
    return np.array([[-left, -right], [1, 1]]), np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="a single step up")
def bump_of_one_step(left, right, steepness):
    s = steepness
    return np.array([[-s * left, 0], [s, 0]]), np.array([[1.0], [0.0]])


@wrong("bump_weights", says="w1 is transposed")
def bump_transposed(left, right, steepness):
    s = steepness
    return np.array([[-s * left, s], [-s * right, s]]), np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="w2 is a column")
def bump_with_a_flat_w2(left, right, steepness):
    s = steepness
    return np.array([[-s * left, -s * right], [s, s]]), np.array([1.0, -1.0])


@wrong("bump_weights", says="the height is off")
def bump_of_height_two(left, right, steepness):
    s = steepness
    return np.array([[-s * left, -s * right], [s, s]]), np.array([[2.0], [-2.0]])


@wrong("bump_weights", says="not to their height, in w2")
def bump_with_a_steep_height(left, right, steepness):
    return np.array([[-left, -right], [1.0, 1.0]]), steepness * np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="w2 is a column")
def bump_in_a_row(left, right, steepness):
    s = steepness
    return np.array([[-s * left, -s * right], [s, s]]), np.array([[1.0, -1.0]])


@wrong("bump_weights", says="use the argument")
def bump_with_its_own_steepness(left, right, steepness):
    return np.array([[-50 * left, -50 * right], [50, 50]]), np.array([[1.0], [-1.0]])


@wrong("bump_weights", says="the second step is at right - left")
def bump_with_a_width(left, right, steepness):
    s, width = steepness, right - left
    return np.array([[-s * left, -s * width], [s, s]]), np.array([[1.0], [-1.0]])


@right("bump_weights")
def bump_with_the_units_exchanged(left, right, steepness):
    s = steepness
    return [[-s * right, -s * left], [s, s]], [[-1], [1]]


@right("bump_weights")
def bump_from_a_step_up_and_a_step_down(left, right, steepness):
    places = tf.constant([left, right], tf.float32)
    return tf.stack([-steepness * places, steepness * tf.ones(2)]), tf.constant([[1.0], [-1.0]])


# -- xor_network ------------------------------------------------------------------------------------------------------


def network(inputs, *layers):
    return keras.Sequential([keras.Input((inputs,)), *layers])


@wrong("xor_network", says="both layers have a bias of their own")
def network_with_biases():
    return network(3, keras.layers.Dense(3, activation="sigmoid"), keras.layers.Dense(1))


@wrong("xor_network", says="the hidden layer has a bias of its own")
def network_with_hidden_bias():
    return network(3, keras.layers.Dense(3, activation="sigmoid"), keras.layers.Dense(1, use_bias=False))


@wrong("xor_network", says="the model takes 2 inputs")
def network_of_two_inputs():
    return network(2, keras.layers.Dense(3, activation="sigmoid"), keras.layers.Dense(1))


@wrong("xor_network", says="no activation in the last layer")
def network_with_sigmoid_output():
    return network(
        3,
        keras.layers.Dense(3, activation="sigmoid", use_bias=False),
        keras.layers.Dense(1, activation="sigmoid", use_bias=False),
    )


@wrong("xor_network", says='the hidden layer needs activation="sigmoid"')
def network_linear():
    return network(3, keras.layers.Dense(3, use_bias=False), keras.layers.Dense(1, use_bias=False))


@wrong("xor_network", says="the sigmoid, not ReLU")
def network_relu():
    return network(3, keras.layers.Dense(3, activation="relu", use_bias=False), keras.layers.Dense(1, use_bias=False))


@wrong("xor_network", says="keras.Input((3,)) is missing")
def network_unbuilt():
    return keras.Sequential(
        [keras.layers.Dense(3, activation="sigmoid", use_bias=False), keras.layers.Dense(1, use_bias=False)]
    )


@wrong("xor_network", says="Return the Keras model or layer itself")
def network_forgotten():
    network(3, keras.layers.Dense(3, activation="sigmoid", use_bias=False))


@wrong("xor_network", says="write keras.Input((3,))")
def network_with_a_number_as_shape():
    return keras.Sequential(
        [
            keras.Input(3),
            keras.layers.Dense(3, activation="sigmoid", use_bias=False),
            keras.layers.Dense(1, use_bias=False),
        ]
    )


@wrong("xor_network", says="Dropout")
def network_with_dropout():
    hidden = keras.layers.Dense(3, activation="sigmoid", use_bias=False)
    return network(3, hidden, keras.layers.Dropout(0.2), keras.layers.Dense(1, use_bias=False))


@wrong("xor_network", says="frozen")
def network_with_a_frozen_layer():
    hidden = keras.layers.Dense(3, activation="sigmoid", use_bias=False, trainable=False)
    return network(3, hidden, keras.layers.Dense(1, use_bias=False))


@wrong("xor_network", says="start at the same value")
def network_of_zeros():
    layers = [
        keras.layers.Dense(n, a, use_bias=False, kernel_initializer="zeros") for n, a in ((3, "sigmoid"), (1, None))
    ]
    return network(3, *layers)


@wrong("xor_network", says="it has a ReLU here")
def network_with_relu_output():
    hidden = keras.layers.Dense(3, activation="sigmoid", use_bias=False)
    return network(3, hidden, keras.layers.Dense(1, "relu", use_bias=False))


@wrong("xor_network", says="the output is linear")
def network_with_softmax_output():
    hidden = keras.layers.Dense(3, activation="sigmoid", use_bias=False)
    return network(3, hidden, keras.layers.Dense(1, "softmax", use_bias=False))


@wrong("xor_network", says="it has ELU here")
def network_with_elu_output():
    hidden = keras.layers.Dense(3, activation="sigmoid", use_bias=False)
    return network(3, hidden, keras.layers.Dense(1, "elu", use_bias=False))


@wrong("xor_network", says="the hidden layer has 4 units: take 3")
def network_with_four_units():
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="sigmoid", use_bias=False),
            keras.layers.Dense(1, use_bias=False),
        ]
    )


@wrong("xor_network", says="the model takes 4 inputs")
def four_inputs():
    layers = [keras.layers.Dense(3, "sigmoid", use_bias=False), keras.layers.Dense(1, use_bias=False)]
    return keras.Sequential([keras.Input((4,)), *layers])


@wrong("xor_network", says="there are 3 layers")
def two_hidden_layers():
    hidden = [keras.layers.Dense(3, "sigmoid", use_bias=False) for _ in range(2)]
    return keras.Sequential([keras.Input((3,)), *hidden, keras.layers.Dense(1, use_bias=False)])


@right("xor_network")
def network_functional():
    inputs = keras.Input((3,))
    h = keras.layers.Dense(3, activation=keras.activations.sigmoid, use_bias=False)(inputs)
    return keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(h))


@right("xor_network")
def network_with_activation_layer():
    model = network(3, keras.layers.Dense(3, use_bias=False), keras.layers.Activation("sigmoid"))
    model.add(keras.layers.Dense(1, activation="linear", use_bias=False))
    return model


@right("xor_network")
def network_compiled():
    model = network(
        3, keras.layers.Dense(3, activation="sigmoid", use_bias=False), keras.layers.Dense(1, use_bias=False)
    )
    model.compile(optimizer="sgd", loss="mse")
    return model


# -- fates ------------------------------------------------------------------------------------------------------------


def _fate(tail, end, still=True):
    rests = np.ptp(tail) < 0.02 or not still
    if end < 0.01:
        return "solved"
    if rests and abs(end - 2) < 0.1:
        return "rests at 2"
    return "rests at 1" if rests and abs(end - 1) < 0.1 else "other"


@wrong("fates", says="a network that swings does not rest")
def fates_by_the_last_loss(losses, window):
    return [_fate(curve, curve[-1], still=False) for curve in losses.T]


@wrong("fates", says="only the last `window` epochs count")
def fates_by_all_epochs(losses, window):
    return [_fate(curve, curve[-1]) for curve in losses.T]


@wrong("fates", says="the first `window` epochs were looked at")
def fates_by_the_first_epochs(losses, window):
    return [_fate(curve[:window], curve[-1]) for curve in losses.T]


@wrong("fates", says="solved means the last loss, not the lowest")
def fates_by_the_lowest_loss(losses, window):
    return ["solved" if curve.min() < 0.01 else _fate(curve[-window:], curve[-1]) for curve in losses.T]


@wrong("fates", says="without .T it has a row for each epoch")
def fates_of_epochs(losses, window):
    return [_fate(row, row[-1]) for row in losses[-window:]]


@wrong("fates", says="`return` stands inside the loop")
def fates_of_the_first_network(losses, window):
    for curve in losses.T:
        return [_fate(curve[-window:], curve[-1])]


@wrong("fates", says="2 and 1 are exchanged")
def fates_exchanged(losses, window):
    words = {"rests at 2": "rests at 1", "rests at 1": "rests at 2"}
    found = [_fate(curve[-window:], curve[-1]) for curve in losses.T]
    return [words.get(word, word) for word in found]


@wrong("fates", says="solved means below 0.01, not below 0.1")
def fates_with_a_generous_limit(losses, window):
    return ["solved" if curve[-1] < 0.1 else _fate(curve[-window:], curve[-1]) for curve in losses.T]


@wrong("fates", says="a level of 1.5 is neither")
def fates_by_the_nearest_number(losses, window):
    def fate(tail):
        if tail[-1] < 0.01:
            return "solved"
        if np.ptp(tail) >= 0.02:
            return "other"
        return "rests at 2" if abs(tail[-1] - 2) < 0.5 else "rests at 1" if abs(tail[-1] - 1) < 0.5 else "other"

    return [fate(curve[-window:]) for curve in losses.T]


@wrong("fates", says="The words are")
def fates_in_other_words(losses, window):
    return [_fate(curve[-window:], curve[-1]).replace("rests", "stays") for curve in losses.T]


@right("fates")
def fates_by_masks(losses, window):
    tail, end = losses[-window:], losses[-1]
    still = tail.max(axis=0) - tail.min(axis=0) < 0.02
    words = np.where(still & (abs(end - 2) < 0.1), "rests at 2", "other")
    words[still & (abs(end - 1) < 0.1)] = "rests at 1"
    words[end < 0.01] = "solved"
    return words.tolist()


@right("fates")
def fates_from_lists(losses, window):
    found = ()
    for k in range(losses.shape[1]):
        tail = sorted(losses[-window:, k].tolist())
        found += (_fate([tail[0], tail[-1]], losses[-1, k]),)
    return found


# -- staircase_weights ------------------------------------------------------------------------------------------------


def _steps_up_and_down(heights, edges, s, first=1.0, second=-1.0):
    w1, w2 = [], []
    for height, a, b in zip(heights, edges[:-1], edges[1:], strict=True):
        w1 += [[-s * a, s], [-s * b, s]]
        w2 += [[first * height], [second * height]]
    return np.array(w1).T, np.array(w2)


@wrong("staircase_weights", says="the heights are missing")
def staircase_of_equal_heights(heights, edges, steepness):
    return _steps_up_and_down(np.ones(len(heights)), edges, steepness)


@wrong("staircase_weights", says="the height belongs to w2")
def staircase_with_heights_in_w1(heights, edges, steepness):
    w1, w2 = _steps_up_and_down(np.ones(len(heights)), edges, steepness)
    return w1 * np.repeat(heights, 2), w2


@wrong("staircase_weights", says="concatenate along axis 1")
def staircase_of_stacked_rows(heights, edges, steepness):
    w1, w2 = _steps_up_and_down(heights, edges, steepness)
    return np.concatenate(np.split(w1, len(heights), axis=1)), w2


@wrong("staircase_weights", says="stand in a list of their own")
def staircase_as_a_list_of_bumps(heights, edges, steepness):
    w1, w2 = _steps_up_and_down(heights, edges, steepness)
    return np.split(w1, len(heights), axis=1), w2


@wrong("staircase_weights", says="each bump begins at the first edge")
def staircase_from_the_first_edge(heights, edges, steepness):
    w1, w2 = _steps_up_and_down(heights, edges, steepness)
    w1[0, ::2] = -steepness * edges[0]
    return w1, w2


@wrong("staircase_weights", says="both units of a bump are added")
def staircase_without_steps_down(heights, edges, steepness):
    return _steps_up_and_down(heights, edges, steepness, second=1.0)


@wrong("staircase_weights", says="every bump has the height of the last")
def staircase_of_the_last_height(heights, edges, steepness):
    return _steps_up_and_down(np.full(len(heights), heights[-1]), edges, steepness)


@wrong("staircase_weights", says="steepness is missing")
def staircase_of_gentle_steps(heights, edges, steepness):
    return _steps_up_and_down(heights, edges, 1.0)


@wrong("staircase_weights", says="in another order than the columns of w1")
def staircase_in_two_orders(heights, edges, steepness):
    w1, _ = _steps_up_and_down(heights, edges, steepness)
    return w1, np.concatenate([heights, -heights])[:, None]


@right("staircase_weights")
def staircase_in_two_halves(heights, edges, steepness):
    starts = np.concatenate([edges[:-1], edges[1:]])
    w1 = np.stack([-steepness * starts, np.full(len(starts), steepness)])
    return w1, np.concatenate([heights, -heights])[:, None]


@right("staircase_weights")
def staircase_as_lists(heights, edges, steepness):
    w1, w2 = _steps_up_and_down(heights, edges, steepness)
    return tf.constant(w1), w2.tolist()


# -- losses_along -----------------------------------------------------------------------------------------------------


def _loss(x, y, w1, w2):
    return np.square(sigmoid(x @ w1) @ w2 - y).sum()


@wrong("losses_along", says="do not divide by n")
def along_with_means(x, y, w1, w2, d1, d2, alphas):
    return [_loss(x, y, w1 + a * d1, w2 + a * d2) / len(y) for a in alphas]


@wrong("losses_along", says="w2 does not move")
def along_with_w1_alone(x, y, w1, w2, d1, d2, alphas):
    return [_loss(x, y, w1 + a * d1, w2) for a in alphas]


@wrong("losses_along", says="the weights move on from place to place")
def along_a_walk(x, y, w1, w2, d1, d2, alphas):
    losses = []
    for a in alphas:
        w1, w2 = w1 + a * d1, w2 + a * d2
        losses.append(_loss(x, y, w1, w2))
    return losses


@wrong("losses_along", says="alpha is subtracted")
def along_backwards(x, y, w1, w2, d1, d2, alphas):
    return [_loss(x, y, w1 - a * d1, w2 - a * d2) for a in alphas]


@wrong("losses_along", says="(1 - alpha) w + alpha d")
def along_between(x, y, w1, w2, d1, d2, alphas):
    return [_loss(x, y, (1 - a) * w1 + a * d1, (1 - a) * w2 + a * d2) for a in alphas]


@wrong("losses_along", says="the direction was scaled to length 1")
def along_a_unit_vector(x, y, w1, w2, d1, d2, alphas):
    d1, d2 = d1 / np.linalg.norm(d1), d2 / np.linalg.norm(d2)
    return [_loss(x, y, w1 + a * d1, w2 + a * d2) for a in alphas]


@wrong("losses_along", says="`return` stands inside the loop")
def along_one_alpha(x, y, w1, w2, d1, d2, alphas):
    for a in alphas:
        return [_loss(x, y, w1 + a * d1, w2 + a * d2)]


@wrong("losses_along", says="the squares are missing")
def along_without_squares(x, y, w1, w2, d1, d2, alphas):
    return [(sigmoid(x @ (w1 + a * d1)) @ (w2 + a * d2) - y).sum() for a in alphas]


@right("losses_along")
def along_all_at_once(x, y, w1, w2, d1, d2, alphas):
    a = np.array(alphas)[:, None, None]
    return np.square(sigmoid(x @ (w1 + a * d1)) @ (w2 + a * d2) - y).sum(axis=(1, 2))


@right("losses_along")
def along_by_tensorflow(x, y, w1, w2, d1, d2, alphas):
    found = [tf.reduce_sum((tf.sigmoid(x @ (w1 + a * d1)) @ (w2 + a * d2) - y) ** 2) for a in alphas]
    return tf.stack(found)
