"""Checks of lab 02: derivatives against TensorFlow's automatic differentiation, networks against SciPy's sigmoid."""

import numpy as np
from scipy.special import expit, softmax

from labs_utils.exercises.checking import (
    Checks,
    arranged,
    drawn_once,
    expect,
    expect_close,
    expect_fresh,
    expect_items,
    expect_model,
    expect_one_of,
    fill_weights,
)
from labs_utils.exercises.student import StudentError

checks = Checks("02_backprop_xor")

XOR_X = np.array([[1.0, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]])
XOR_Y = np.array([[0.0], [1], [1], [0]])


# -- 1 and 2: one layer -----------------------------------------------------------------------------------------------


@checks.probe("one_layer_gradient")
def gradient_on_xor(one_layer_gradient, rng):
    """The gradient on the four points of XOR"""
    _check_one_layer(one_layer_gradient, XOR_X, XOR_Y, rng.normal(size=(3, 1)))


@checks.probe("one_layer_gradient")
def gradient_on_other_data(one_layer_gradient, rng):
    """The gradient on seven points with five features"""
    y = rng.integers(0, 2, size=(7, 1)).astype(float)
    _check_one_layer(one_layer_gradient, rng.normal(size=(7, 5)), y, rng.normal(size=(5, 1)))


def _check_one_layer(one_layer_gradient, x, y, w):
    expected = _tape(lambda w, tf: tf.reduce_sum((tf.sigmoid(x @ w) - y) ** 2), w)[0]
    out = expit(x @ w)
    slip = 1 + np.exp(-x @ w)
    mistakes = {
        "the factor y_pred * (1 - y_pred), the derivative of the sigmoid, is missing": x.T @ (2 * (out - y)),
        "the loss is a sum over the points: do not divide by n": expected / len(x),
        "the factor 2 from the square is missing": expected / 2,
        "the sigmoid is 1 / (1 + exp(-z)); the slide's 1 + exp(-z) is a slip": x.T
        @ (2 * (slip - y) * slip * (1 - slip)),
        "the sign is flipped: the loss contains y_pred - y": -expected,
        "the derivative of the sigmoid is y_pred * (1 - y_pred), without a square": x.T
        @ (2 * (out - y) * out * (1 - out**2)),
        "the sigmoid is missing: y_pred = sigmoid(x @ w)": x.T @ (2 * (x @ w - y)),
        "the activation is ReLU here; it is the sigmoid": x.T @ (2 * (np.maximum(x @ w, 0) - y) * (x @ w > 0)),
        "this is the gradient of the cross-entropy; the loss here is the squared error": x.T @ (out - y),
        "y_pred is the sigmoid's value already: no second sigmoid in its derivative": x.T
        @ (2 * (out - y) * expit(out) * (1 - expit(out))),
        "the error was squared: the derivative of the square is twice the error": x.T
        @ ((out - y) ** 2 * out * (1 - out)),
        "the derivative of tanh stands where that of the sigmoid belongs": x.T @ (2 * (out - y) * (1 - out**2)),
        "the targets are missing in the error: it is y_pred - y": x.T @ (2 * out * out * (1 - out)),
        "the inputs are missing: the last factor is x.T": np.full_like(
            expected, np.sum(2 * (out - y) * out * (1 - out))
        ),
        "the factor (1 - y_pred) is missing: the derivative of the sigmoid is y_pred * (1 - y_pred)": x.T
        @ (2 * (out - y) * out),
        "the derivative of the sigmoid is y_pred * (1 - y_pred), with a minus": x.T @ (2 * (out - y) * out * (1 + out)),
        "the derivative of the sigmoid is y_pred * (1 - y_pred), not y_pred squared": x.T @ (2 * (out - y) * out**2),
        "the derivative of the sigmoid is y_pred * (1 - y_pred), and z stands in it here": x.T
        @ (2 * (out - y) * (x @ w) * (1 - x @ w)),
        "the error was squared: the derivative of the square is 2 times the error itself": x.T
        @ (2 * (out - y) ** 2 * out * (1 - out)),
        "this is the loss: its derivative with respect to each weight is asked for": ((out - y) ** 2).sum(),
        "return the gradient, not the weights after a step": w - expected,
    }
    expect_close(one_layer_gradient(x, y, w), expected, "the gradient", mistakes)


# -- 3: forward -------------------------------------------------------------------------------------------------------


def _network(rng, n=6, d=4, m=5):
    """Inputs, targets and weights of a two-layer network whose sizes all differ."""
    y = rng.integers(0, 2, size=(n, 1)).astype(float)
    return rng.normal(size=(n, d)), y, rng.normal(size=(d, m)), rng.normal(size=(m, 1))


@checks.probe("forward")
def hidden_activations(forward, rng):
    """The hidden activations h"""
    x, _, w1, w2 = _network(rng)
    h, _ = expect_items(forward(x, w1, w2), ("h", "y_pred"))
    expected = expit(x @ w1)
    mistakes = {
        "the hidden layer has a sigmoid: h = sigmoid(x @ w1)": x @ w1,
        "return h first, then y_pred": expected @ w2,
        "the sigmoid is 1 / (1 + exp(-z)); the slide's 1 + exp(-z) is a slip": 1 + np.exp(-x @ w1),
        "the minus sign in exp(-z) is missing": expit(-x @ w1),
        "the hidden layer has tanh here; it is the sigmoid": np.tanh(x @ w1),
        "the hidden layer has ReLU here; it is the sigmoid": np.maximum(x @ w1, 0),
        "the hidden layer is a hard threshold here; it is the sigmoid": (x @ w1 > 0).astype(float),
        "the sigmoid was applied twice": expit(expit(x @ w1)),
        "the hidden layer is softmax here; it is the sigmoid of each": softmax(x @ w1, axis=1),
    }
    expect_close(h, expected, "h", mistakes)


@checks.probe("forward")
def output(forward, rng):
    """The output y_pred"""
    x, _, w1, w2 = _network(rng)
    _, y_pred = expect_items(forward(x, w1, w2), ("h", "y_pred"))
    expected = expit(x @ w1) @ w2
    mistakes = {
        "the output is linear: no sigmoid after h @ w2": expit(expected),
        "return h first, then y_pred": expit(x @ w1),
        "the output sums the hidden activations, after their sigmoid": x @ w1 @ w2,
        "h * w2.T is only one product each: h @ w2 adds them up": expit(x @ w1) * w2.T,
    }
    expect_close(y_pred, expected, "y_pred", mistakes)


# -- 4: backpropagation -----------------------------------------------------------------------------------------------


def _tape(loss, *arrays):
    """Gradients of ``loss(*variables, tf)`` by TensorFlow's automatic differentiation, in float64."""
    import tensorflow as tf

    variables = [tf.Variable(array) for array in arrays]
    with tf.GradientTape() as tape:
        value = loss(*variables, tf)
    return [gradient.numpy() for gradient in tape.gradient(value, variables)]


def _output_case(rng):
    x, y, w1, w2 = _network(rng)
    h = expit(x @ w1)
    gradients = _tape(lambda w2, h, tf: tf.reduce_sum((h @ w2 - y) ** 2), w2, h)
    return y, h @ w2, h, w2, gradients


@checks.probe("output_gradients")
def output_weights(output_gradients, rng):
    """The gradient of the output weights, grad_w2"""
    y, y_pred, h, w2, (expected, expected_h) = _output_case(rng)
    got, _ = expect_items(output_gradients(y, y_pred, h, w2), ("grad_w2", "grad_h"))
    error = 2 * (y_pred - y)
    mistakes = {
        "the factor 2 from the square is missing": expected / 2,
        "the loss is a sum over the points: do not divide by n": expected / len(y),
        "the error is y_pred - y, not y - y_pred": -expected,
        "the output is linear, so there is no factor y_pred * (1 - y_pred)": h.T @ (error * y_pred * (1 - y_pred)),
        "return grad_w2 first, then grad_h": expected_h,
        "the transpose of h is missing: grad_w2 has the shape of w2": expected.T,
        "the error was squared: the derivative of the square is twice the error": h.T @ (y_pred - y) ** 2,
        "the targets are missing in the error: it is y_pred - y": h.T @ (2 * y_pred),
        "the absolute value of the error loses its sign": h.T @ np.abs(error),
        "the factor h * (1 - h) comes later, in hidden_gradient": (h * h * (1 - h)).T @ error,
        "this is the error, at the output: multiply by h.T": error,
    }
    expect_close(got, expected, "grad_w2", mistakes)


@checks.probe("output_gradients")
def hidden_units(output_gradients, rng):
    """The gradient at the hidden units, grad_h"""
    y, y_pred, h, w2, (expected_w2, expected) = _output_case(rng)
    _, got = expect_items(output_gradients(y, y_pred, h, w2), ("grad_w2", "grad_h"))
    error = 2 * (y_pred - y)
    mistakes = {
        "the factor 2 from the square is missing": expected / 2,
        "the loss is a sum over the points: do not divide by n": expected / len(y),
        "the error is y_pred - y, not y - y_pred": -expected,
        "the output is linear, so there is no factor y_pred * (1 - y_pred)": (error * y_pred * (1 - y_pred)) @ w2.T,
        "the factor h * (1 - h) comes later, in hidden_gradient": expected * h * (1 - h),
        "return grad_w2 first, then grad_h": expected_w2,
        "this is the error, at the output: multiply by w2.T": error,
        "the error was squared: the derivative of the square is twice the error": (y_pred - y) ** 2 @ w2.T,
        "the targets are missing in the error: it is y_pred - y": 2 * y_pred @ w2.T,
        "the absolute value of the error loses its sign": np.abs(error) @ w2.T,
        "this is the gradient with respect to z: the factor h * (1 - h) comes later": expected * (1 - h),
        "multiply by w2: that is how the error reaches each hidden unit": np.broadcast_to(error, h.shape),
    }
    expect_close(got, expected, "grad_h", mistakes)


@checks.probe("hidden_gradient")
def hidden_weights(hidden_gradient, rng):
    """The gradient of the hidden weights, grad_w1"""
    x, _, w1, _ = _network(rng)
    _check_hidden(hidden_gradient, x, w1, rng)


@checks.probe("hidden_gradient")
def hidden_weights_of_xor(hidden_gradient, rng):
    """The same on XOR, where every matrix but x is square"""
    _check_hidden(hidden_gradient, XOR_X, rng.normal(size=(3, 3)), rng)


def _check_hidden(hidden_gradient, x, w1, rng):
    h = expit(x @ w1)
    grad_h = rng.normal(size=h.shape)
    (expected,) = _tape(lambda w1, tf: tf.reduce_sum(grad_h * tf.sigmoid(x @ w1)), w1)
    mistakes = {
        "the factor h * (1 - h), the derivative of the sigmoid, is missing": x.T @ grad_h,
        "h is the sigmoid's value already: use h * (1 - h), without a second sigmoid": x.T
        @ (grad_h * expit(h) * (1 - expit(h))),
        "the derivative of the sigmoid is h * (1 - h): a factor is missing": x.T @ (grad_h * (1 - h)),
        "the derivative of the sigmoid is h * (1 - h); 1 - h**2 belongs to tanh": x.T @ (grad_h * (1 - h**2)),
        "the loss is a sum over the points: do not divide by n": expected / len(x),
        "grad_h is missing: the gradient at the hidden units comes in as a factor": x.T @ (h * (1 - h)),
        "the derivative of the sigmoid is h * (1 - h): the factor 1 - h is missing": x.T @ (grad_h * h),
        "this is the gradient at z: multiply by x.T": grad_h * h * (1 - h),
        "h is squared: the derivative of the sigmoid is h * (1 - h)": x.T @ (grad_h * h**2 * (1 - h)),
        "the inputs are missing: multiply by x.T": np.tile((grad_h * h * (1 - h)).sum(axis=0), (x.shape[1], 1)),
        "the result is the transpose of the gradient: it must have the shape of w1": expected.T,
        "the derivative of the sigmoid is h * (1 - h), with a minus": x.T @ (grad_h * h * (1 + h)),
        "the derivative of the sigmoid is h * (1 - h), not h squared": x.T @ (grad_h * h * h),
        "h.T stands where x.T belongs: the weights multiply the inputs": h.T @ (grad_h * h * (1 - h)),
        "h * (1 - h) belongs to each point: multiply before x.T adds up over the points": (x.T @ grad_h)
        * (h * (1 - h)).mean(axis=0),
    }
    expect_close(hidden_gradient(x, h, grad_h), expected, "grad_w1", mistakes)


# -- 5: the gradient check --------------------------------------------------------------------------------------------


def _difference(x, y, w1, w2, up, down):
    """``(L(w + up) - L(w + down)) / (up - down)`` for every entry of w1 and w2, all entries of a matrix at once."""

    def loss(w1, w2):
        return np.square(expit(x @ w1) @ w2 - y).sum(axis=(-2, -1))

    one1 = np.eye(w1.size).reshape(w1.size, *w1.shape)
    one2 = np.eye(w2.size).reshape(w2.size, *w2.shape)
    d1 = (loss(w1 + up * one1, w2) - loss(w1 + down * one1, w2)) / (up - down)
    d2 = (loss(w1, w2 + up * one2) - loss(w1, w2 + down * one2)) / (up - down)
    return d1.reshape(w1.shape), d2.reshape(w2.shape)


@checks.probe("numerical_gradient")
def small_step(numerical_gradient, rng):
    """With a small step it is the gradient"""
    x, y, w1, w2 = _network(rng, n=5, d=3, m=2)
    expected = _tape(lambda w1, w2, tf: tf.reduce_sum((tf.sigmoid(x @ w1) @ w2 - y) ** 2), w1, w2)
    _compare_differences(numerical_gradient, x, y, w1, w2, 1e-4, expected)


@checks.probe("numerical_gradient")
def large_step(numerical_gradient, rng):
    """With a large step it is still the central difference"""
    x, y, w1, w2 = _network(rng, n=5, d=3, m=2)
    _compare_differences(numerical_gradient, x, y, w1, w2, 0.3, _difference(x, y, w1, w2, 0.3, -0.3))


def _compare_differences(numerical_gradient, x, y, w1, w2, eps, expected):
    names = ("the differences for w1", "those for w2")
    got = expect_items(numerical_gradient(x, y, w1, w2, eps), names, (w1.shape, w2.shape))
    forward_difference = _difference(x, y, w1, w2, eps, 0.0)
    backward_difference = _difference(x, y, w1, w2, 0.0, -eps)
    for k, name in enumerate(("w1", "w2")):
        mistakes = {
            "divide by 2 eps: the two points are that far apart": 2 * expected[k],
            "this is the one-sided difference; take the loss on both sides, at w + eps and at w - eps": (
                forward_difference[k]
            ),
            "this is the one-sided difference; take the loss on both sides, w + eps and w - eps": (
                backward_difference[k]
            ),
            "the division by 2 eps is missing": 2 * eps * expected[k],
            "the brackets are missing: divide by (2 * eps)": eps**2 * expected[k],
            "the lower loss was taken at w itself: after w + eps go down to w - eps": forward_difference[k] / 2,
            "this is the second derivative: L(w + eps) - L(w - eps), without the loss in the middle": (
                (forward_difference[k] - backward_difference[k]) / eps
            ),
            "the sign is flipped: subtract the loss at w - eps from that at w + eps": -expected[k],
            "the loss is a sum over the points: do not divide by n": expected[k] / len(y),
            "move one entry at a time; here all entries moved together": lambda k=k: _all_at_once(x, y, w1, w2, eps, k),
            "the step is added for every entry and never taken back": lambda k=k: _never_reset(x, y, w1, w2, eps, k),
            "forward returns h first: the loss needs its second result, y_pred": lambda k=k: _of_hidden(
                x, y, w1, w2, eps, k
            ),
            "nothing was written into it: a loop over the entries of w2 is missing": np.zeros_like(w2) if k else np.nan,
        }
        if eps > 0.01:
            cause = "use the eps you are given, and the loss only: no eps of your own, no formula of a derivative"
            mistakes[cause] = _difference(x, y, w1, w2, 1e-5, -1e-5)[k]
        expect_close(got[k], expected[k], f"the differences for {name}", mistakes, rtol=1e-3, atol=1e-4)


def _all_at_once(x, y, w1, w2, eps, k):
    def loss(step):
        return np.square(expit(x @ (w1 + step * (k == 0))) @ (w2 + step * (k == 1)) - y).sum()

    return np.full((w1, w2)[k].shape, (loss(eps) - loss(-eps)) / (2 * eps))


def _of_hidden(x, y, w1, w2, eps, k):
    def loss(w1):
        return np.square(expit(x @ w1) - y).sum(axis=(-2, -1))

    one = eps * np.eye(w1.size).reshape(w1.size, *w1.shape)
    return np.zeros_like(w2) if k else ((loss(w1 + one) - loss(w1 - one)) / (2 * eps)).reshape(w1.shape)


def _never_reset(x, y, w1, w2, eps, k):
    weights = [w1.copy(), w2.copy()]
    result = np.empty_like(weights[k])

    def loss():
        return np.square(expit(x @ weights[0]) @ weights[1] - y).sum()

    for index in np.ndindex(result.shape):
        weights[k][index] += eps
        up = loss()
        weights[k][index] -= 2 * eps
        result[index] = (up - loss()) / (2 * eps)
    return result


# -- 6: training ------------------------------------------------------------------------------------------------------


@checks.probe("descend")
def smallest_step(descend, rng):
    """One point and one hidden unit, where no shape gives a slip away"""
    x, y, w1, w2 = _network(rng, n=1, d=3, m=1)
    _check_step(descend, x, 1 - 0.5 * y, w1, w2)


@checks.probe("descend")
def one_step(descend, rng):
    """The weights after one step"""
    _check_step(descend, *_network(rng))


@checks.probe("descend")
def whole_path(descend, rng):
    """The path of four epochs"""
    x, y, w1, w2 = _network(rng, n=5, d=3, m=2)
    eta, epochs = 0.2, 4
    path = _steps_of_path(descend(x, y, w1, w2, eta, epochs), w1, w2, epochs)
    true = [(w1, w2)]
    for _ in range(epochs):
        gradients = _tape(lambda a, b, tf: tf.reduce_sum((tf.sigmoid(x @ a) @ b - y) ** 2), *true[-1])
        true.append(tuple(w - eta * g for w, g in zip(true[-1], gradients, strict=True)))
    for epoch in range(1, epochs + 1):
        for k, name in enumerate(("w1", "w2")):
            first = true[1][k] - true[0][k]
            mistakes = {
                "every epoch makes the same step: compute the gradients anew in each": true[0][k] + epoch * first,
                "every epoch starts from the first weights: continue from the last ones": (
                    true[1][k] if epoch > 1 else np.nan
                ),
                "the path ends one step behind: append after the update": true[epoch - 1][k],
                "the path runs one step ahead: the start belongs to it": true[min(epoch + 1, epochs)][k],
            }
            expect_close(path[epoch][k], true[epoch][k], f"{name} after epoch {epoch}", mistakes, atol=1e-6)


def _steps_of_path(got, w1, w2, epochs):
    """`got` as a list of 1 + epochs pairs of arrays that begins with w1 and w2."""
    both = ("w1", "w2")
    alone = (
        isinstance(got, list) and len(got) == 2 and all(isinstance(one, np.ndarray) and one.ndim == 2 for one in got)
    )
    expect(
        not alone,
        "These are the last w1 and w2 alone; return the path.\n  Likely cause: nothing is appended to a list.",
    )
    expect(
        isinstance(got, list) and len(got) > 0,
        "Return a list of pairs, w1 and w2 at the start and after each epoch."
        + (" Did you forget `return`?" if got is None else ""),
    )
    causes = {
        epochs: "the start, or the last epoch, is missing",
        1: "`return` stands inside the loop, or nothing is appended",
        2: "`return` stands inside the loop",
        2 * epochs: "w1 and w2 are appended one by one: append the pair (w1, w2)",
        2 + 2 * epochs: "w1 and w2 are appended one by one: append the pair (w1, w2)",
        epochs + 2: "one epoch too many was made",
    }
    cause = causes.get(len(got), "append once per epoch") if len(got) != epochs + 1 else ""
    expect(
        not cause,
        f"{epochs} epoch{'s' * (epochs > 1)} should give {epochs + 1} pairs, the start among them; got {len(got)}."
        f"\n  Likely cause: {cause}.",
    )
    path = [expect_items(pair, both) for pair in got]
    start = [np.array_equal(np.asarray(w), true) for w, true in zip(path[0], (w1, w2), strict=True)]
    if not all(start) and np.shape(path[0][0]) == w2.shape and np.shape(path[0][1]) == w1.shape != w2.shape:
        expect(False, "The order of the results is wrong: return w1, w2, in this order.")
    equal = np.shape(path[0][0]) == np.shape(path[-1][0]) and np.allclose(path[0][0], path[-1][0])
    expect(
        all(start),
        "The path should begin with the weights that came in.\n  Likely cause: "
        + (
            "one array was changed in place and appended every time; write w1 = w1 - ... (hint 2)."
            if equal
            else "the list begins after the first step."
        ),
    )
    return path


def _check_step(descend, x, y, w1, w2):
    eta = 0.5
    got = _steps_of_path(descend(x, y, w1, w2, eta, 1), w1, w2, 1)[1]
    g1, g2 = _tape(lambda w1, w2, tf: tf.reduce_sum((tf.sigmoid(x @ w1) @ w2 - y) ** 2), w1, w2)
    late1 = _tape(
        lambda w1, tf: tf.reduce_sum(2 * (expit(x @ w1.numpy()) @ w2 - y) @ (w2 - eta * g2).T * tf.sigmoid(x @ w1)), w1
    )[0]
    late2 = _tape(lambda w2, tf: tf.reduce_sum((expit(x @ (w1 - eta * g1)) @ w2 - y) ** 2), w2)[0]
    h = expit(x @ w1)
    out = h @ w2
    grad_h = 2 * (out - y) @ w2.T
    uphill = "descent subtracts the gradient; you added it, or y and y_pred are swapped in the call of output_gradients"
    mistakes1 = {
        uphill: w1 + eta * g1,
        "the learning rate is missing": w1 - g1,
        "return the new weights, not the gradients": g1,
        "return the new weights, not the changes": -eta * g1,
        "return the new weights, not the learning rate times the gradients": eta * g1,
        "the gradient was divided by the number of points": w1 - eta * g1 / len(x),
        "w1 did not move": w1,
        "return w1 first, then w2": w2 - eta * g2,
        "grad_h needs the old w2: compute both gradients before you change any weights": w1 - eta * late1,
        "the factor h * (1 - h) is missing: hidden_gradient has it": w1 - eta * x.T @ grad_h,
        "the factor 2 of the square is missing": w1 - eta * g1 / 2,
        "multiply the gradient by the learning rate, do not divide": w1 - g1 / eta,
        "this is the result of two steps": lambda: _two_steps(x, y, w1, w2, eta),
    }
    if h.shape == out.shape:  # one hidden unit: here swapped results fit everywhere
        error = 2 * (h - y)
        mistakes1 |= {
            "output_gradients returns grad_w2 first, then grad_h": w1 - eta * x.T @ (g2 * h * (1 - h)),
            "forward returns h first, then y_pred": w1 - eta * x.T @ (error @ w2.T * out * (1 - out)),
            "hidden_gradient takes x, h and grad_h, in this order": w1 - eta * x.T @ (h * grad_h * (1 - grad_h)),
        }
    mistakes2 = {
        uphill: w2 + eta * g2,
        "the learning rate is missing": w2 - g2,
        "w2 did not move": w2,
        "the output uses the new w1: compute both gradients before you change any weights": w2 - eta * late2,
    }
    expect_close(got[0], w1 - eta * g1, "the new w1", mistakes1, atol=1e-6)
    expect_close(got[1], w2 - eta * g2, "the new w2", mistakes2, atol=1e-6)


def _two_steps(x, y, w1, w2, eta):
    one, two = w1, w2
    for _ in range(2):
        g1, g2 = _difference(x, y, one, two, 1e-5, -1e-5)
        one, two = one - eta * g1, two - eta * g2
    return one


# -- 6: the Hessian ---------------------------------------------------------------------------------------------------


def _second_derivatives(x, y, w1, w2):
    """The Hessian by automatic differentiation, in the order of w1 row by row, then w2."""
    import tensorflow as tf

    weights = tf.Variable(np.concatenate([w1.ravel(), w2.ravel()]))
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            one, two = tf.reshape(weights[: w1.size], w1.shape), tf.reshape(weights[w1.size :], w2.shape)
            loss = tf.reduce_sum((tf.sigmoid(tf.constant(x) @ one) @ two - y) ** 2)
        gradient = inner.gradient(loss, weights)
    # row by row: a vectorised Jacobian is traced anew for every shape, which takes five times as long here
    return outer.jacobian(gradient, weights, experimental_use_pfor=False).numpy()


@checks.probe("hessian")
def second_derivatives(hessian, rng):
    """Against automatic differentiation"""
    _compare_hessian(hessian, *_hessian_case(rng, 6, 4, 3))


@checks.probe("hessian")
def second_derivatives_of_one_unit(hessian, rng):
    """One hidden unit, and the lecture's network on XOR"""
    _compare_hessian(hessian, *_hessian_case(rng, 5, 2, 1))
    _compare_hessian(hessian, *_hessian_case(rng))


@drawn_once
def _hessian_case(rng, *sizes):
    """Inputs, targets and weights, of XOR without `sizes` (n, d and m); the Hessian and the gradient."""
    xor = XOR_X, XOR_Y, rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    x, y, w1, w2 = _network(rng, *sizes) if sizes else xor
    gradients = _tape(lambda w1, w2, tf: tf.reduce_sum((tf.sigmoid(x @ w1) @ w2 - y) ** 2), w1, w2)
    return x, y, w1, w2, _second_derivatives(x, y, w1, w2), np.concatenate([np.ravel(one) for one in gradients])


def _compare_hessian(hessian, x, y, w1, w2, expected, gradient):
    k, size = w1.size, len(expected)
    w2_first = np.r_[k:size, :k]
    by_columns = np.r_[np.arange(k).reshape(w1.shape).T.ravel(), k:size]
    mistakes = {
        "divide by 2 eps: the two gradients belong to weights that far apart": 2 * expected,
        "divide by 2 eps, not by eps squared or by nothing": lambda: _times(got, expected),
        "the loss is a sum over the points: do not divide by n": expected / len(y),
        "the order of the weights: w1 row by row comes first, then w2": expected[np.ix_(w2_first, w2_first)],
        "ravel w1 row by row (the usual order), not column by column": expected[np.ix_(by_columns, by_columns)],
        "rows and columns stand in different orders: w1 first, then w2, for both": expected[w2_first],
        "this is the outer product of the gradient with itself, not its derivative": np.outer(gradient, gradient),
        "only the diagonal is filled: row i is the change of the whole gradient": np.diag(np.diag(expected)),
        "the sign is flipped: subtract the gradient at w - eps from that at w + eps": -expected,
        "this is the block of w1 alone: w2 belongs to it as well": expected[:k, :k],
        "this is the block of w2 alone: w1 belongs to it as well": expected[k:, k:],
        "this is the gradient; its derivative is asked for": gradient,
        "return the matrix itself, not its eigenvalues": lambda: np.linalg.eigvalsh(expected),
    }
    got = hessian(x, y, w1, w2, 1e-5)
    expect_close(got, expected, "the Hessian", mistakes, atol=1e-4)


def _times(got, expected):
    """`expected` times a power of eps where `got` is that, for a wrong divisor."""
    for factor in (2e-5, 1e-5, 1e5, 2e5, 5e4):
        if np.shape(got) == expected.shape and np.allclose(got, factor * expected, rtol=1e-2, atol=factor * 1e-4):
            return np.asarray(got)
    return np.nan


# -- 6: many networks at once -----------------------------------------------------------------------------------------


def _paths(w1, w2, x, y, eta, epochs):
    """What `train_many` is to return, with the gradients of automatic differentiation.

    Those of the sum over the networks: each network's weights are in its own loss only.
    """
    losses, right = [], []
    for _ in range(epochs):
        outputs = [expit(x @ one) @ two for one, two in zip(w1, w2, strict=True)]
        losses.append([np.sum((out - y) ** 2) for out in outputs])
        right.append([bool(np.all((out > 0.5) == (y == 1))) for out in outputs])
        g1, g2 = _tape(lambda a, b, tf: tf.reduce_sum((tf.sigmoid(x @ a) @ b - y) ** 2), w1, w2)
        w1, w2 = w1 - eta * g1, w2 - eta * g2
    return w1, w2, np.array(losses), np.array(right)


def _networks(rng, k, d, m):
    return rng.normal(size=(k, d, m)), rng.normal(size=(k, m, 1))


@checks.probe("train_many")
def weights_of_many(train_many, rng):
    """The weights after some epochs"""
    arguments, true, mistakes = _case_of_many(rng)
    got = expect_items(train_many(*arguments), ("w1", "w2", "losses", "right"))
    for k, name in enumerate(("the last w1", "the last w2")):
        expect_close(got[k], true[k], name, mistakes[k], rtol=1e-4, atol=1e-6)


@drawn_once
def _case_of_many(rng):
    """The arguments, the weights after three epochs, and for w1 and w2 what mistakes give in their place."""
    x, y = rng.normal(size=(6, 3)), rng.permutation([[0.0], [1.0]] * 3)
    w1, w2 = _networks(rng, 5, 3, 2)
    eta = 0.2
    ways = {
        "one step is missing": _paths(w1, w2, x, y, eta, 2),
        "one step too many was made": _paths(w1, w2, x, y, eta, 4),
        "descent subtracts the gradient": _paths(w1, w2, x, y, -eta, 3),
        "the loss is a sum over the points: do not divide by n": _paths(w1, w2, x, y, eta / 6, 3),
        "the factor 2 from the square is missing": _paths(w1, w2, x, y, eta / 2, 3),
        "the learning rate is missing": _paths(w1, w2, x, y, 1.0, 3),
        "the weights did not move": (w1, w2),
        "compute both gradients before you change any weights": _one_after_the_other(w1, w2, x, y, eta, 3),
    }
    of_w1, of_w2 = ({cause: found[k] for cause, found in ways.items()} for k in range(2))
    of_w1["the factor h * (1 - h), the derivative of the sigmoid, is missing"] = _without_slope(w1, w2, x, y, eta, 3)
    return (w1, w2, x, y, eta, 3), _paths(w1, w2, x, y, eta, 3)[:2], (of_w1, of_w2)


def _one_after_the_other(w1, w2, x, y, eta, epochs):
    """Weights when w2 moves first and w1 by a gradient at the new w2."""
    for _ in range(epochs):
        h = expit(x @ w1)
        error = 2 * (h @ w2 - y)
        w2 = w2 - eta * np.swapaxes(h, 1, 2) @ error
        w1 = w1 - eta * x.T @ (error @ np.swapaxes(w2, 1, 2) * h * (1 - h))
    return w1, w2


def _without_slope(w1, w2, x, y, eta, epochs):
    for _ in range(epochs):
        h = expit(x @ w1)
        error = 2 * (h @ w2 - y)
        w1, w2 = (
            w1 - eta * x.T @ (error @ np.swapaxes(w2, 1, 2)),
            w2 - eta * np.swapaxes(h, 1, 2) @ error,
        )
    return w1


@checks.probe("train_many")
def losses_of_many(train_many, rng):
    """The loss of every network before every step"""
    arguments, true = _case_of_losses(rng)
    *_, losses, _ = expect_items(train_many(*arguments, 6), ("w1", "w2", "losses", "right"))
    expect_close(
        losses,
        true[:6],
        "the losses",
        {
            "these are the losses after each step: record them before it": true[1:],
            "the loss is a sum over the points: take no mean": true[:6] / 5,
            "the losses of all networks were added up: sum over points and outputs only, axes 1 and 2": np.repeat(
                true[:6].sum(axis=1, keepdims=True), 4, axis=1
            ),
            "this is the first loss in every row: the weights must move between the epochs": np.repeat(true[:1], 6, 0),
            "epochs stand along axis 0, networks along axis 1": true[:6].T,
        },
        rtol=1e-4,
        atol=1e-6,
    )


@drawn_once
def _case_of_losses(rng):
    """The arguments but for the number of epochs, and the losses of seven epochs."""
    x, y = rng.normal(size=(5, 3)), rng.permutation([[0.0], [1.0], [0.0], [1.0], [1.0]])
    w1, w2 = _networks(rng, 4, 3, 2)
    return (w1, w2, x, y, 0.1), _paths(w1, w2, x, y, 0.1, 7)[2]


@drawn_once
def _case_of_xor(rng, epochs):
    """Networks, and which of them have every point right before each epoch."""
    # hidden units that are steep: some networks solve XOR from the start, some learn it, some do not
    w1 = np.array([[-10.0, -30, 0], [20, 20, 0], [20, 20, 0]]) + rng.normal(scale=0.5, size=(6, 3, 3))
    w2 = np.array([[1.0], [-1], [0]]) + rng.normal(scale=0.05, size=(6, 3, 1))
    w2[1] *= 0.45  # all below 0.5
    w2[2] = w2[2] * [[1.0], [0.3], [1]]  # (1, 1) above 0.5
    w2[3] *= -1
    w2[4] = w2[4] * [[0.5], [1], [1]]
    order = rng.permutation(6)
    return w1[order], w2[order], _paths(w1[order], w2[order], XOR_X, XOR_Y, 0.1, epochs)[3]


@checks.probe("train_many")
def right_of_many(train_many, rng):
    """Which networks have every point right"""
    epochs = 8
    w1, w2, true = _case_of_xor(rng, epochs)
    *_, right = expect_items(train_many(w1, w2, XOR_X, XOR_Y, 0.1, epochs), ("w1", "w2", "losses", "right"))
    outputs = expit(XOR_X @ w1) @ w2
    first = (outputs > 0.5) == (XOR_Y == 1)
    array = np.asarray(right)
    if array.shape == true.shape and array.dtype.kind in "biuf" and not np.array_equal(array.astype(bool), true):
        seen = array.astype(bool)[0]
        causes = {
            "every point must be right, not only some: .all, not .any": first.any(axis=(1, 2)),
            "the truth is left out: compare y_pred > 0.5 with y == 1": (outputs > 0.5).all(axis=(1, 2)),
            "right and wrong are exchanged": ~first.all(axis=(1, 2)),
            "here right means a small loss; it means every output on the right side of 0.5": (
                np.square(outputs - XOR_Y).sum(axis=(1, 2)) < 0.01
            ),
        }
        cause = next((cause for cause, value in causes.items() if np.array_equal(seen, value)), None)
        expect(
            False,
            f"At the start {true[0].sum()} of 6 networks have every point right, and after {epochs - 1} steps"
            f" {true[-1].sum()}; yours: {int(array[0].sum())} and {int(array[-1].sum())}."
            + (f"\n  Likely cause: {cause}." if cause else ""),
        )
    expect_close(array, true, "right")


# -- 6: what became of them -------------------------------------------------------------------------------------------

_WORDS = ("solved", "rests at 2", "rests at 1", "other")


def _curves(rng, epochs, window):
    """Losses of networks with every fate and with what is mistaken for one, (epochs, k), and the right words."""
    t, late = np.arange(epochs), slice(-window, None)

    def level(height, wobble=0.004):
        return height + rng.uniform(-wobble, wobble, size=epochs)

    def swinging(height):
        return height + 0.3 * (-1.0) ** t

    def falling(end):
        return end * np.exp((epochs - 1 - t) / epochs * 4)

    early = level(2)  # rests at 2, but solved in the last epochs
    early[late] = np.linspace(1.9, 0.002, window)
    noisy_before = swinging(2.0)
    noisy_before[late] = level(2)[late]
    visits = swinging(1.5)  # in the last epoch just at 2
    visits[-1] = 2.0
    ends = swinging(1.0)
    ends[-1] = 1.0
    once = level(1)
    once[epochs // 3] = 0.001  # below 0.01 once, long ago
    curves = {
        "solved": [falling(0.004), falling(0.0001), early],
        "rests at 2": [level(2), level(2.05), noisy_before, level(1.96)],
        "rests at 1": [level(1), level(0.95), once],
        "other": [swinging(2.0), swinging(1.0), level(1.5), falling(0.03), visits, ends, level(1.08, 0.03), level(0.3)],
    }
    columns = [(word, curve) for word, found in curves.items() for curve in found]
    order = rng.permutation(len(columns))
    return np.column_stack([columns[k][1] for k in order]), [columns[k][0] for k in order]


def _sorted_wrongly(losses, window):
    """Mistake → the words that it gives."""

    def words(last=0.01, at=-1, still=True, near=0.1, first=False, part=None, low=None):
        found = []
        for curve in losses.T:
            tail = (part or (lambda c: c[-window:]))(curve)
            rests, end = not still or np.ptp(tail) < 0.02, curve[at]
            solved = (curve.min() if first else end) < last
            twos, ones = abs(end - 2) < near, abs(end - 1) < near
            found.append(
                "solved" if solved else "rests at 2" if rests and twos else "rests at 1" if rests and ones else "other"
            )
        return found

    exchanged = {"rests at 2": "rests at 1", "rests at 1": "rests at 2"}
    return {
        "a network that swings does not rest: its loss must vary by less than 0.02": words(still=False),
        "only the last `window` epochs count, not all": words(part=lambda c: c),
        "solved means the last loss, not the lowest": words(first=True),
        "the first `window` epochs were looked at: losses[-window:]": words(part=lambda c: c[:window]),
        "solved means below 0.01, not below 0.1": words(last=0.1),
        "within 0.1 of 2 or 1: the loss need not be that number to two digits": words(near=0.01),
        "the first loss was looked at, not the last": words(at=0),
        "whoever does not rest at 2 or 1 is of another fate, also at rest: a level of 1.5 is neither": words(near=0.5),
        'no network is "solved": look at the last loss before all else': words(last=-1),
        "2 and 1 are exchanged": [exchanged.get(word, word) for word in words()],
    }


@checks.probe("fates")
def words_of_all(fates, rng):
    """A word for each network"""
    window = 30
    losses, true = _curves(rng, 120, window)
    _compare_fates(fates, losses, window, true)


@checks.probe("fates")
def another_window(fates, rng):
    """Another window, other lengths"""
    window = 45
    losses, true = _curves(rng, 90, window)
    _compare_fates(fates, losses, window, true)


def _compare_fates(fates, losses, window, true):
    got = fates(losses, window)
    if isinstance(got, np.ndarray):
        got = got.tolist()
    expect(
        isinstance(got, list),
        "Return a list with a word for each network." + (" Did you forget `return`?" if got is None else ""),
    )
    causes = {
        len(losses): "losses.T has a row for each network; losses has a row for each epoch",
        window: "losses[-window:].T has a row for each network; without .T it has a row for each epoch",
        1: "`return` stands inside the loop",
    }
    cause = causes.get(len(got))
    expect(
        len(got) == len(true),
        f"There are {len(true)} networks, and you return {len(got)} words."
        + (f"\n  Likely cause: {cause}." if cause else ""),
    )
    strange = [word for word in got if word not in _WORDS]
    expect(
        not strange,
        f"The words are {', '.join(map(repr, _WORDS))}; yours has {strange[0] if strange else ''!r}.",
    )
    if got == true:
        return
    fitting = [cause for cause, words in _sorted_wrongly(losses, window).items() if words == got]
    place = next(k for k, (one, other) in enumerate(zip(got, true, strict=True)) if one != other)
    tail = losses[-window:, place]
    expect(
        False,
        f"A network whose loss lies between {tail.min():.3g} and {tail.max():.3g} in the last {window} epochs and ends"
        f" at {tail[-1]:.3g} is {true[place]!r}; yours: {got[place]!r}."
        + (f"\n  Likely cause: {fitting[0]}." if fitting else ""),
    )


# -- 7: a bump --------------------------------------------------------------------------------------------------------


@checks.probe("bump_weights")
def steep_bump(bump_weights, rng):
    """A steep bump at several places"""
    for _ in range(3):
        _compare_bump(bump_weights, *np.sort(rng.uniform(-3, 3, size=2)) + [0, 1.5], rng.uniform(20, 40))


@checks.probe("bump_weights")
def gentle_bump(bump_weights, rng):
    """A gentle bump, and one that begins at 0"""
    _compare_bump(bump_weights, -rng.uniform(1, 2), rng.uniform(1.2, 2.4), rng.uniform(2, 4))
    _compare_bump(bump_weights, 0.0, rng.uniform(0.5, 2), rng.uniform(5, 9))


def _compare_bump(bump_weights, left, right, s):
    w1, w2 = expect_items(bump_weights(left, right, s), ("w1", "w2"), ((2, 2), (2, 1)))
    w1, w2 = np.asarray(w1, float), np.asarray(w2, float)
    one = {"one hidden unit is one step: a bump needs two, a column of w1 for each": (2, 1)}
    expect_close(np.shape(w1), (2, 2), "the shape of w1", one)
    expect_close(
        np.shape(w2),
        (2, 1),
        "the shape of w2",
        {"w2 is a column, (2, 1): [[1], [-1]]": (2,) if np.ndim(w2) == 1 else (1, 2)},
    )
    t = np.linspace(min(left, 0) - 1, right + 1, 60)
    got = (expit(np.column_stack([np.ones(60), t]) @ w1) @ w2)[:, 0]

    def step(place, steepness=s):
        return expit(steepness * (t - place))

    mistakes = {
        "this is a valley: the unit that rises at `left` has the weight +1": step(right) - step(left),
        "both units are added: the second must be subtracted": step(left) + step(right),
        "the bump is at the wrong place: s (t - a) = -s a + s t, with a minus sign": step(-left) - step(-right),
        "the first row of w1 is -s * place, not -place": expit(s * t - left) - expit(s * t - right),
        "the rows of w1 are exchanged: the first meets the constant 1, the second meets t": (
            expit(s - s * left * t) - expit(s - s * right * t)
        ),
        "steepness is missing: the factor of t is steepness": step(left, 1) - step(right, 1),
        "the second step is at right - left: it belongs at `right`": step(left) - step(right - left),
        "steepness belongs to the steps, in w1, not to their height, in w2": s * (step(left, 1) - step(right, 1)),
        "up at `left` plus down at `right` is 1 outside and 2 inside, and a half does not mend it": (
            (step(left) + 1 - step(right)) / 2
        ),
        "the steepness is a number of your own: use the argument": lambda: _own_steepness(got, step, left, right),
        "divide by nothing: the first row of w1 is -steepness * place": expit(s * t - left / s)
        - expit(s * t - right / s),
        "this is a single step up, at `left`: the second unit must take it back at `right`": step(left),
        "w1 is transposed: one column for each hidden unit": expit(-s * left + s * t) * 0
        + expit(-s * left - s * right * t) * w2[0, 0]
        + expit(s + s * t) * w2[1, 0],
        "the height is off: the output weights are +1 and -1": lambda: _scaled_bump(got, step(left) - step(right)),
    }
    expect_close(got, step(left) - step(right), f"the output for left = {left:.2f}, right = {right:.2f}", mistakes)


def _own_steepness(got, step, left, right):
    """`got` if it is the bump with another steepness, a round number; else nan."""
    for other in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000):
        if np.allclose(got, step(left, other) - step(right, other), atol=1e-4):
            return got
    return np.nan


def _scaled_bump(got, expected):
    height = got[np.argmax(expected)] / expected.max()
    return got if height > 0 and np.allclose(got, height * expected, atol=1e-3) else np.nan


@checks.probe("staircase_weights")
def one_bump_of_some_height(staircase_weights, rng):
    """One bump of some height"""
    _compare_staircase(staircase_weights, rng, 1)


@checks.probe("staircase_weights")
def several_bumps(staircase_weights, rng):
    """Four bumps of different heights and widths"""
    _compare_staircase(staircase_weights, rng, 4)


def _compare_staircase(staircase_weights, rng, k):
    edges = -1 + np.cumsum(np.r_[rng.uniform(-0.4, 0.4), rng.uniform(0.8, 1.6, size=k)])
    heights = rng.uniform(0.6, 2.2, size=k) * rng.choice([-1, 1], size=k)
    s = rng.uniform(8, 14)
    w1, w2 = expect_items(staircase_weights(heights, edges, s), ("w1", "w2"))
    expect_close(
        np.shape(w1),
        (2, 2 * k),
        "the shape of w1",
        {
            "one column for each hidden unit, and two units for each bump: concatenate along axis 1": (
                (2 * k, 2) if k > 1 else np.nan
            ),
            "one unit for each bump is one step: a bump needs two": (2, k),
            "the matrices of the bumps stand in a list of their own: join them with np.concatenate": (k, 2, 2),
        },
    )
    expect_close(
        np.shape(w2),
        (2 * k, 1),
        "the shape of w2",
        {
            "w2 has one row for each hidden unit: concatenate along axis 0": (2, k),
            "w2 is a column, (2 k, 1)": (2 * k,) if np.ndim(w2) == 1 else (1, 2 * k),
            "the columns of the bumps stand in a list of their own: join them with np.concatenate": (k, 2, 1),
        },
    )
    t = np.linspace(edges[0] - 1, edges[-1] + 1, 80)
    got = (expit(np.column_stack([np.ones(80), t]) @ np.asarray(w1, float)) @ np.asarray(w2, float))[:, 0]

    def drawn(heights, left=edges[:-1], right=edges[1:], s=s):
        return sum(h * (expit(s * (t - a)) - expit(s * (t - b))) for h, a, b in zip(heights, left, right, strict=True))

    def in_w1():
        return sum(
            expit(h * s * (t - a)) - expit(h * s * (t - b))
            for h, a, b in zip(heights, edges[:-1], edges[1:], strict=True)
        )

    mistakes = {
        "the heights are missing: they are the weights in w2": drawn(np.ones(k)),
        "the height belongs to w2; in w1 it only makes the steps steeper": in_w1,
        "the heights belong to both rows of a bump in w2, +height and -height": sum(
            h * expit(s * (t - a)) - expit(s * (t - b)) for h, a, b in zip(heights, edges[:-1], edges[1:], strict=True)
        ),
        "each bump begins at the first edge: take its own left edge": drawn(heights, left=np.full(k, edges[0])),
        "each bump ends at the last edge: take its own right edge": drawn(heights, right=np.full(k, edges[-1])),
        "the heights are squared": drawn(heights**2),
        "the heights are taken in reverse": drawn(heights[::-1]),
        "the heights lose their sign": drawn(np.abs(heights)),
        "both units of a bump are added: the second must be subtracted": sum(
            h * (expit(s * (t - a)) + expit(s * (t - b)))
            for h, a, b in zip(heights, edges[:-1], edges[1:], strict=True)
        ),
        "every bump has the height of the first": drawn(np.full(k, heights[0])),
        "every bump has the height of the last": drawn(np.full(k, heights[-1])),
        "steepness is missing: the factor of t is steepness": drawn(heights, s=1.0),
        "the heights are divided by their number: the bumps stand side by side, so nothing is averaged": (
            drawn(heights) / k if k > 1 else np.nan
        ),
        "the parts of w2 stand in another order than the columns of w1": _other_order(t, edges, heights, s)
        if k > 1
        else np.nan,
    }
    expect_close(got, drawn(heights), f"the output of {k} bump{'s' * (k > 1)}", mistakes)


def _other_order(t, edges, heights, s):
    """The output when w2 is [heights, -heights] but the columns of w1 alternate."""
    steps = [expit(s * (t - edge)) for pair in zip(edges[:-1], edges[1:], strict=True) for edge in pair]
    return sum(h * step for h, step in zip([*heights, *-heights], steps, strict=True))


# -- 8: symmetry -----------------------------------------------------------------------------------------------------

checks.choice(
    "zero_start",
    answer="c",
    because={
        "a": "the hidden activations are 0.5, not 0, so the gradient of W2 is not zero; W2 moves in the first step.",
        "b": "XOR needs hidden units that differ, and equal units receive equal gradients.",
        "d": "sigmoid(0) is 1 / (1 + 1) = 0.5; nothing is divided by zero.",
    },
)


# -- 10: a line through weight space ----------------------------------------------------------------------------------


@checks.probe("losses_along")
def along_a_line(losses_along, rng):
    """Losses along a random direction"""
    x, y, w1, w2 = _network(rng, n=5, d=3, m=2)
    d1, d2 = rng.normal(size=w1.shape), rng.normal(size=w2.shape)
    alphas = np.sort(rng.uniform(-1.5, 1.5, size=6))

    def losses(one=w1, two=w2, d1=d1, d2=d2, alphas=alphas):
        return np.array([np.square(expit(x @ (one + a * d1)) @ (two + a * d2) - y).sum() for a in alphas])

    def wandering():
        found, one, two = [], w1, w2
        for a in alphas:
            one, two = one + a * d1, two + a * d2
            found.append(np.square(expit(x @ one) @ two - y).sum())
        return np.array(found)

    true = losses()
    unit = losses(d1=d1 / np.linalg.norm(d1), d2=d2 / np.linalg.norm(d2))
    mistakes = {
        "the loss is a sum over the points: do not divide by n": true / len(y),
        "w2 does not move: add alpha d2 to it": losses(d2=0 * d2),
        "w1 does not move: add alpha d1 to it": losses(d1=0 * d1),
        "the weights move on from place to place: always start from w1 and w2": wandering(),
        "alpha is subtracted: w + alpha d": losses(alphas=-alphas),
        "alpha is missing: w + alpha d": np.full(6, losses(alphas=np.ones(1))[0]),
        "this is the loss at w1 and w2, at every alpha": np.full(6, losses(alphas=np.zeros(1))[0]),
        "the weights are not w + alpha d but alpha d alone": losses(one=0 * w1, two=0 * w2),
        "these are steps between, (1 - alpha) w + alpha d; here it is w + alpha d": np.array(
            [np.square(expit(x @ ((1 - a) * w1 + a * d1)) @ ((1 - a) * w2 + a * d2) - y).sum() for a in alphas]
        ),
        "the direction was scaled to length 1: take it as it is": unit,
        "forward returns h first, then y_pred": np.array(
            [np.square(expit(x @ (w1 + a * d1)) - y).sum() for a in alphas]
        ),
        "the squares are missing: square before you add up": np.array(
            [(expit(x @ (w1 + a * d1)) @ (w2 + a * d2) - y).sum() for a in alphas]
        ),
        "the square of the sum is not the sum of the squares": np.array(
            [(expit(x @ (w1 + a * d1)) @ (w2 + a * d2) - y).sum() ** 2 for a in alphas]
        ),
        "only the last alpha is left: append the loss in each round": true[-1],
        "only the first alpha is there: `return` stands inside the loop": true[:1],
    }
    expect_close(losses_along(x, y, w1, w2, d1, d2, alphas.tolist()), true, "the losses", mistakes)


# -- 11: Keras --------------------------------------------------------------------------------------------------------


def _build(xor_network):
    try:
        return xor_network()
    except StudentError as error:
        if "to a shape" in error.text:
            expect(
                False,
                "Keras cannot read the input shape.\n  Likely cause: a shape is a tuple: write keras.Input((3,)).",
            )
        raise


@checks.probe("xor_network")
def parameters(xor_network, rng):
    """The number of parameters"""
    model = expect_model(_build(xor_network))
    expect(
        model.parameters is not None,
        "The model does not know its input size yet.\n  Likely cause: keras.Input((3,)) is missing as its first entry.",
    )
    causes = {
        16: "both layers have a bias of their own: say use_bias=False",
        15: "the hidden layer has a bias of its own: say use_bias=False",
        13: "the output has a bias of its own (use_bias=False), or the inputs lack the bias column: they are 3",
        9: "the output layer is missing, or there are only 2 inputs: X has 3 columns",
        8: "there are 2 hidden units or 2 inputs: take 3 of each",
    }
    kernels = [shape for _, shape in model.variables() if len(shape) == 2]
    if len(kernels) > 2:
        causes = {model.parameters: f"there are {len(kernels)} layers: one hidden layer and the output are enough"}
    elif kernels and kernels[0][0] != 3:
        causes = {model.parameters: f"the model takes {kernels[0][0]} inputs: X has 3 columns"}
    elif kernels and kernels[0][1] != 3:
        causes = {model.parameters: f"the hidden layer has {kernels[0][1]} units: take 3"}
    cause = causes.get(model.parameters)
    expect(
        model.parameters == 12,
        f"Expected 12 parameters (3 x 3 and 3 x 1), got {model.parameters}."
        + (f"\n  Likely cause: {cause}." if cause else ""),
    )
    expect_fresh(model)
    x, expected, mistakes = _xor_outputs(model, rng)
    expect_one_of(model.predict(x), [expected, *mistakes.values()])


@checks.probe("xor_network")
def predictions(xor_network, rng):
    """The outputs, given weights that the check has chosen"""
    model = expect_model(_build(xor_network))
    x, expected, mistakes = _xor_outputs(model, rng)
    expect_close(model.predict(x), expected, "the outputs", mistakes)


def _xor_outputs(model, rng):
    """Inputs, the outputs with weights that the model is given here, and those of the usual mistakes."""
    weights = fill_weights(model, rng, 200)
    expect(
        sorted(w.shape for w in weights if w.ndim == 2) == [(3, 1), (3, 3)],
        "The weight matrices should be (3, 3) and (3, 1); they are "
        + (" and ".join(str(w.shape) for w in weights if w.ndim == 2) or "not built: begin with keras.Input((3,))")
        + ".",
    )
    w1, w2 = arranged([w for w in weights if w.ndim == 2], (3, 3), (3, 1))
    w1[:] = w1 / 2 + 2 * np.eye(3)  # outputs on both sides of 0, so that a ReLU there shows
    w2[:] = rng.uniform(0.8, 1.2, size=(3, 1)) * [[1], [-1.5], [0.7]]
    model.set_weights(weights)
    b1 = next((w for w in weights if w.shape == (3,)), 0)
    b2 = next((w for w in weights if w.shape == (1,)), 0)
    for _ in range(1000):
        x = rng.normal(scale=3, size=(8, 3))
        expected = expit(x @ w1 + b1) @ w2 + b2
        if expected.min() < -0.05 and expected.max() > 0.05:
            break
    mistakes = {
        "the output is linear: no activation in the last layer": expit(expected),
        'the hidden layer needs activation="sigmoid"': (x @ w1 + b1) @ w2 + b2,
        "the hidden layer needs the sigmoid, not tanh": np.tanh(x @ w1 + b1) @ w2 + b2,
        "the hidden layer needs the sigmoid, not ReLU": np.maximum(x @ w1 + b1, 0) @ w2 + b2,
        "the output is linear: it has a ReLU here": np.maximum(expected, 0),
        "the output is linear: it has tanh here": np.tanh(expected),
        "the output is linear: it has softmax here, which is 1 for a single output": np.ones_like(expected),
        "the output is linear: it has ELU here": np.where(expected > 0, expected, np.expm1(np.minimum(expected, 0))),
        "the output is linear: it has leaky ReLU here": np.where(expected > 0, expected, 0.2 * expected),
        "the hidden layer needs the sigmoid, not softmax": softmax(x @ w1 + b1, axis=1) @ w2 + b2,
        "the sigmoid belongs into the hidden layer, not at the output": expit((x @ w1 + b1) @ w2 + b2),
    }
    return x, expected, mistakes
