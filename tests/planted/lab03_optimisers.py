"""Planted answers of lab 03: slips of the slides, forgotten memory, wrong powers; and right answers in other styles."""

import numpy as np
import tensorflow as tf

from tests.planted import right, wrong


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# -- momentum ---------------------------------------------------------------------------------------------------------


@wrong("momentum", says="MINUS rate * g")
def momentum_uphill(w, v, g, rate, rho):
    v = rho * v + rate * g
    return w + v, v


@wrong("momentum", says="moved by the old one")
def momentum_by_the_old_velocity(w, v, g, rate, rho):
    return w + v, rho * v - rate * g


@wrong("momentum", says="has its minus sign already")
def momentum_with_two_signs(w, v, g, rate, rho):
    v = rho * v - rate * g
    return w - v, v


@wrong("momentum", says="the sign of the velocity is flipped")
def momentum_backwards(w, v, g, rate, rho):
    v = -rho * v - rate * g
    return w + v, v


@wrong("momentum", says="rho is missing")
def momentum_without_friction(w, v, g, rate, rho):
    v = v - rate * g
    return w + v, v


@wrong("momentum", says="return the new velocity")
def momentum_not_kept(w, v, g, rate, rho):
    return w + rho * v - rate * g, v


@wrong("momentum", says="changes its second argument in place")
def momentum_in_place(w, v, g, rate, rho):
    v *= rho
    v -= rate * g
    return w + v, v


@wrong("momentum", says="uphill and without the rate")
def momentum_of_the_lecture(w, v, g, rate, rho):
    v = rho * v + g
    return w - rate * v, v


@wrong("momentum", says="Did you forget `return`?")
def momentum_printed(w, v, g, rate, rho):
    print(w + rho * v - rate * g, rho * v - rate * g)


@right("momentum")
def momentum_as_a_loop(w, v, g, rate, rho):
    new_w, new_v = w.copy(), v.copy()
    for index in np.ndindex(w.shape):
        new_v[index] = rho * v[index] - rate * g[index]
        new_w[index] = w[index] + new_v[index]
    return [new_w, new_v]


@right("momentum")
def momentum_in_tensors(w, v, g, rate, rho):
    v = rho * tf.constant(v) - rate * tf.constant(g)
    return w + v, v


# -- nesterov_path ----------------------------------------------------------------------------------------------------


def descent(w, hessian, rate, rho, steps, look):
    v, path = np.zeros(len(w)), [w]
    for _ in range(steps):
        v = rho * v - rate * hessian @ (w + look * v)
        w = w + v
        path.append(w)
    return np.array(path)


@wrong("nesterov_path", says="that is plain momentum")
def nesterov_at_w(w, hessian, rate, rho, steps):
    return descent(w, hessian, rate, rho, steps, 0)


@wrong("nesterov_path", says="you look behind")
def nesterov_behind(w, hessian, rate, rho, steps):
    return descent(w, hessian, rate, rho, steps, -rho)


@wrong("nesterov_path", says="the jump is rho * v")
def nesterov_jump_too_far(w, hessian, rate, rho, steps):
    return descent(w, hessian, rate, rho, steps, 1)


@wrong("nesterov_path", says="the slide's sign")
def nesterov_of_the_slide(w, hessian, rate, rho, steps):
    v, path = np.zeros(len(w)), [w]
    for _ in range(steps):
        v = rho * v + hessian @ (w + rho * v)
        w = w - rate * v
        path.append(w)
    return np.array(path)


@wrong("nesterov_path", says="the points looked at")
def nesterov_as_keras(w, hessian, rate, rho, steps):
    v, path = np.zeros(len(w)), [w]
    for _ in range(steps):
        g = hessian @ w
        v = rho * v - rate * g
        w = w + rho * v - rate * g
        path.append(w)
    return np.array(path)


@wrong("nesterov_path", says="the start is missing")
def nesterov_without_start(w, hessian, rate, rho, steps):
    return descent(w, hessian, rate, rho, steps, rho)[1:]


@wrong("nesterov_path", says="the old velocity counts twice")
def nesterov_from_the_place_looked_at(w, hessian, rate, rho, steps):
    v, path = 0 * w, [w]
    for _ in range(steps):
        ahead = w + rho * v
        v = rho * v - rate * hessian @ ahead
        w = ahead + v
        path.append(w)
    return np.array(path)


@right("nesterov_path")
def nesterov_as_lists(w, hessian, rate, rho, steps):
    return descent(w, hessian, rate, rho, steps, rho).tolist()


@right("nesterov_path")
def nesterov_by_einsum(w, hessian, rate, rho, steps):
    path, velocity = np.zeros((steps + 1, len(w))), np.zeros_like(w)
    path[0] = w
    for k in range(steps):
        ahead = path[k] + rho * velocity
        path[k + 1] = ahead - rate * np.einsum("ij,j->i", hessian, ahead)
        velocity = path[k + 1] - path[k]
    return path


# -- adagrad ----------------------------------------------------------------------------------------------------------


@wrong("adagrad", says="the accumulator was not kept: return the new s")
def adagrad_forgets(w, s, g, rate, eps):
    return w - rate * g / np.sqrt(s + g**2 + eps), s


@wrong("adagrad", says="the accumulator was not kept: add to the old s")
def adagrad_starts_again(w, s, g, rate, eps):
    return w - rate * g / np.sqrt(g**2 + eps), g**2


@wrong("adagrad", says="the root is missing")
def adagrad_without_root(w, s, g, rate, eps):
    s = s + g**2
    return w - rate * g / (s + eps), s


@wrong("adagrad", says="eps stands inside the root")
def adagrad_eps_outside(w, s, g, rate, eps):
    s = s + g**2
    return w - rate * g / (np.sqrt(s) + eps), s


@wrong("adagrad", says="the gradient is squared")
def adagrad_without_square(w, s, g, rate, eps):
    s = s + g
    return w - rate * g / np.sqrt(np.abs(s) + eps), s


@wrong("adagrad", says="the step uses the old s")
def adagrad_too_early(w, s, g, rate, eps):
    return w - rate * g / np.sqrt(s + eps), s + g**2


@wrong("adagrad", says="every weight has a sum of its own")
def adagrad_with_one_sum(w, s, g, rate, eps):
    s = s + np.sum(g**2)
    return w - rate * g / np.sqrt(s + eps), s


@wrong("adagrad", says="it is not the argument eps")
def adagrad_with_its_own_eps(w, s, g, rate, eps=1e-7):
    s = s + g**2
    return w - rate * g / np.sqrt(s + 1e-7), s


@wrong("adagrad", says="the gradient has a sign")
def adagrad_by_absolute_values(w, s, g, rate, eps):
    s = s + g**2
    return w - rate * np.abs(g) / np.sqrt(s + eps), s


@right("adagrad")
def adagrad_by_power(w, s, g, rate, eps):
    s = s + np.square(g)
    return w - rate * g * (s + eps) ** -0.5, s


@right("adagrad")
def adagrad_in_tensors(w, s, g, rate, eps):
    s = tf.constant(s) + tf.square(g)
    return w - rate * g * tf.math.rsqrt(s + eps), s


# -- rmsprop ----------------------------------------------------------------------------------------------------------


@wrong("rmsprop", says="the weights are exchanged")
def rmsprop_exchanged(w, s, g, rate, rho, eps):
    s = (1 - rho) * s + rho * g**2
    return w - rate * g / np.sqrt(s + eps), s


@wrong("rmsprop", says="this is Adagrad's sum")
def rmsprop_as_adagrad(w, s, g, rate, rho, eps):
    s = s + g**2
    return w - rate * g / np.sqrt(s + eps), s


@wrong("rmsprop", says="the accumulator was not kept")
def rmsprop_not_kept(w, s, g, rate, rho, eps):
    s = (1 - rho) * g**2
    return w - rate * g / np.sqrt(s + eps), s


@wrong("rmsprop", says="the gradient is squared")
def rmsprop_without_square(w, s, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g
    return w - rate * g / np.sqrt(np.abs(s) + eps), s


@wrong("rmsprop", says="eps stands inside the root")
def rmsprop_eps_outside(w, s, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    return w - rate * g / (np.sqrt(s) + eps), s


@wrong("rmsprop", says="the factor 1 - rho stands outside the square")
def rmsprop_squared_with_its_factor(w, s, g, rate, rho, eps):
    s = rho * s + ((1 - rho) * g) ** 2
    return w - rate * g / np.sqrt(s + eps), s


@wrong("rmsprop", says="the new square has the factor 1 - rho")
def rmsprop_without_one_minus_rho(w, s, g, rate, rho, eps):
    s = rho * s + g**2
    return w - rate * g / np.sqrt(s + eps), s


@right("rmsprop")
def rmsprop_as_a_correction(w, s, g, rate, rho, eps):
    s = s + (1 - rho) * (g * g - s)
    return [w - rate * np.divide(g, np.sqrt(s + eps)), s]


@right("rmsprop")
def rmsprop_in_tensors(w, s, g, rate, rho, eps):
    s = rho * tf.constant(s) + (1 - rho) * tf.square(g)
    return w - rate * g / tf.sqrt(s + eps), s


# -- adadelta ---------------------------------------------------------------------------------------------------------


@wrong("adadelta", says="collects the squared steps")
def adadelta_of_gradients(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -np.sqrt(d + eps) / np.sqrt(s + eps) * g
    return w + rate * step, s, rho * d + (1 - rho) * g**2


@wrong("adadelta", says="before the rate multiplies it")
def adadelta_with_the_rate_inside(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -rate * np.sqrt(d + eps) / np.sqrt(s + eps) * g
    return w + step, s, rho * d + (1 - rho) * step**2


@wrong("adadelta", says="the fraction is upside down")
def adadelta_upside_down(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -np.sqrt(s + eps) / np.sqrt(d + eps) * g
    return w + rate * step, s, rho * d + (1 - rho) * step**2


@wrong("adadelta", says="eps stands inside both roots")
def adadelta_eps_outside(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -(np.sqrt(d) + eps) / (np.sqrt(s) + eps) * g
    return w + rate * step, s, rho * d + (1 - rho) * step**2


@wrong("adadelta", says="the step has its minus sign already")
def adadelta_uphill(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -np.sqrt(d + eps) / np.sqrt(s + eps) * g
    return w - rate * step, s, rho * d + (1 - rho) * step**2


@wrong("adadelta", says="the root above, of d + eps, is missing")
def adadelta_without_the_upper_root(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -(d + eps) / np.sqrt(s + eps) * g
    return w + rate * step, s, rho * d + (1 - rho) * step**2


@wrong("adadelta", says="the gradient is missing in the step")
def adadelta_without_gradient(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g**2
    step = -np.sqrt(d + eps) / np.sqrt(s + eps)
    return w + rate * step, s, rho * d + (1 - rho) * step**2


@right("adadelta")
def adadelta_with_one_root(w, s, d, g, rate, rho, eps):
    s = rho * s + (1 - rho) * g * g
    step = g * np.sqrt((d + eps) / (s + eps))
    return [w - rate * step, s, rho * d + (1 - rho) * step * step]


@right("adadelta")
def adadelta_in_tensors(w, s, d, g, rate, rho, eps):
    s = rho * tf.constant(s) + (1 - rho) * tf.square(g)
    step = -tf.sqrt(tf.constant(d) + eps) / tf.sqrt(s + eps) * g
    return w + rate * step, s, rho * d + (1 - rho) * tf.square(step)


# -- adam -------------------------------------------------------------------------------------------------------------


def adam_step(w, m, s, g, rate, beta1, beta2, eps, first, second):
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g**2
    return w - rate * (m / first) / (np.sqrt(s / second) + eps), m, s


@wrong("adam", says="the bias correction is missing")
def adam_without_correction(w, m, s, g, t, rate, beta1, beta2, eps):
    return adam_step(w, m, s, g, rate, beta1, beta2, eps, 1, 1)


@wrong("adam", says="the power of the bias correction is wrong")
def adam_with_the_next_power(w, m, s, g, t, rate, beta1, beta2, eps):
    return adam_step(w, m, s, g, rate, beta1, beta2, eps, 1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1))


@wrong("adam", says="the power is missing")
def adam_without_power(w, m, s, g, t, rate, beta1, beta2, eps):
    return adam_step(w, m, s, g, rate, beta1, beta2, eps, 1 - beta1, 1 - beta2)


@wrong("adam", says="eps stands outside the root")
def adam_eps_inside(w, m, s, g, t, rate, beta1, beta2, eps):
    m, s = beta1 * m + (1 - beta1) * g, beta2 * s + (1 - beta2) * g**2
    return w - rate * m / (1 - beta1**t) / np.sqrt(s / (1 - beta2**t) + eps), m, s


@wrong("adam", says="goes back uncorrected")
def adam_corrected_twice(w, m, s, g, t, rate, beta1, beta2, eps):
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    s = (beta2 * s + (1 - beta2) * g**2) / (1 - beta2**t)
    return w - rate * m / (np.sqrt(s) + eps), m, s


@wrong("adam", says="the running mean was not kept")
def adam_not_kept(w, m, s, g, t, rate, beta1, beta2, eps):
    return adam_step(w, m, s, g, rate, beta1, beta2, eps, 1 - beta1**t, 1 - beta2**t)[0], m, s


@wrong("adam", says="only m is corrected")
def adam_half_corrected(w, m, s, g, t, rate, beta1, beta2, eps):
    return adam_step(w, m, s, g, rate, beta1, beta2, eps, 1 - beta1**t, 1)


@wrong("adam", says="not of the squared m")
def adam_squares_its_mean(w, m, s, g, t, rate, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * m**2
    return w - rate * m / (1 - beta1**t) / (np.sqrt(s / (1 - beta2**t)) + eps), m, s


@wrong("adam", says="Return 3 things")
def adam_returns_the_weights_alone(w, m, s, g, t, rate, beta1, beta2, eps):
    return adam_step(w, m, s, g, rate, beta1, beta2, eps, 1 - beta1**t, 1 - beta2**t)[0]


@right("adam")
def adam_in_one_rate(w, m, s, g, t, rate, beta1, beta2, eps):
    m, s = m + (1 - beta1) * (g - m), s + (1 - beta2) * (g * g - s)
    root = np.sqrt(1 - beta2**t)
    return [w - rate * root / (1 - beta1**t) * m / (np.sqrt(s) + eps * root), m, s]


@right("adam")
def adam_in_tensors(w, m, s, g, t, rate, beta1, beta2, eps):
    m = beta1 * tf.constant(m) + (1 - beta1) * g
    s = beta2 * tf.constant(s) + (1 - beta2) * tf.square(g)
    return w - rate * (m / (1 - beta1**t)) / (tf.sqrt(s / (1 - beta2**t)) + eps), m, s


# -- rates ------------------------------------------------------------------------------------------------------------


def schedule(name, t, total, peak):
    if name == "1/t":
        return peak / (1 + t)
    if name == "step":
        return peak if t < total / 2 else peak / 10 if t < 3 * total / 4 else peak / 100
    warm = total // 10
    if name == "cosine":
        return peak * (t + 1) / warm if t < warm else peak / 2 * (1 + np.cos(np.pi * (t - warm) / (total - warm)))
    return peak * (1 - 0.9 * abs(2 * t / total - 1))


@wrong("rates", says="t begins at 0")
def rates_divided_by_t(name, total, peak):
    t = np.arange(total)
    return peak / np.maximum(t, 1) if name == "1/t" else [schedule(name, k, total, peak) for k in t]


@wrong("rates", says="the second step is at 3T/4")
def rates_with_one_step(name, total, peak):
    t = np.arange(total)
    return np.where(t < total / 2, peak, peak / 10) if name == "step" else [schedule(name, k, total, peak) for k in t]


@wrong("rates", says="the warm-up is missing")
def rates_without_warm_up(name, total, peak):
    t = np.arange(total)
    cosine = peak / 2 * (1 + np.cos(np.pi * t / total))
    return cosine if name == "cosine" else [schedule(name, k, total, peak) for k in t]


@wrong("rates", says="the cosine begins where the warm-up ends")
def rates_with_a_gap(name, total, peak):
    t = np.arange(total)
    cosine = peak / 2 * (1 + np.cos(np.pi * t / total))
    cosine[: total // 10] = peak * (t[: total // 10] + 1) / (total // 10)
    return cosine if name == "cosine" else [schedule(name, k, total, peak) for k in t]


@wrong("rates", says="at a tenth of the peak")
def rates_from_zero(name, total, peak):
    t = np.arange(total)
    cycle = peak * (1 - abs(2 * t / total - 1))
    return cycle if name == "one-cycle" else [schedule(name, k, total, peak) for k in t]


@wrong("rates", says="np.cos takes radians")
def rates_in_degrees(name, total, peak):
    t, warm = np.arange(total), total // 10
    if name != "cosine":
        return [schedule(name, step, total, peak) for step in t]
    return np.where(t < warm, peak * (t + 1) / warm, peak / 2 * (1 + np.cos(180 * (t - warm) / (total - warm))))


@wrong("rates", says="not a half of the tenth")
def rates_halved_at_the_end(name, total, peak):
    t = np.arange(total)
    if name != "step":
        return [schedule(name, step, total, peak) for step in t]
    return np.where(t < total / 2, peak, np.where(t < 3 * total / 4, peak / 10, peak / 20))


@right("rates")
def rates_as_a_list(name, total, peak):
    return [schedule(name, t, total, peak) for t in range(total)]


@right("rates")
def rates_as_a_tensor(name, total, peak):
    return tf.constant([schedule(name, t, total, peak) for t in range(total)], tf.float64)


# -- weight_scale -----------------------------------------------------------------------------------------------------


def variance(rule, n_in, n_out):
    return {"standard": 1 / n_in, "glorot": 2 / (n_in + n_out), "he": 2 / n_in}[rule]


@wrong("weight_scale", says="n_out stands where n_in belongs")
def scale_by_fan_out(rule, n_in, n_out, uniform):
    return np.sqrt((3 if uniform else 1) * variance(rule, n_out, n_in))


@wrong("weight_scale", says="the root is missing")
def scale_as_variance(rule, n_in, n_out, uniform):
    return (3 if uniform else 1) * variance(rule, n_in, n_out)


@wrong("weight_scale", says="sqrt(3) times the deviation")
def scale_without_three(rule, n_in, n_out, uniform):
    return np.sqrt(variance(rule, n_in, n_out))


@wrong("weight_scale", says="12 is for the whole width")
def scale_with_twelve(rule, n_in, n_out, uniform):
    return np.sqrt((12 if uniform else 1) * variance(rule, n_in, n_out))


@wrong("weight_scale", says="glorot has a 2 above")
def scale_glorot_with_one(rule, n_in, n_out, uniform):
    half = 0.5 if rule == "glorot" else 1
    return np.sqrt((3 if uniform else 1) * half * variance(rule, n_in, n_out))


@wrong("weight_scale", says="the bracket is missing")
def scale_without_bracket(rule, n_in, n_out, uniform):
    value = {"standard": 1 / n_in, "glorot": 2 / n_in + n_out, "he": 2 / n_in}[rule]
    return np.sqrt(3 * value) if uniform else np.sqrt(value)


@wrong("weight_scale", says="this is the standard rule: he has a 2 above")
def scale_he_with_one(rule, n_in, n_out, uniform):
    value = {"standard": 1 / n_in, "glorot": 2 / (n_in + n_out), "he": 1 / n_in}[rule]
    return np.sqrt(3 * value) if uniform else np.sqrt(value)


@wrong("weight_scale", says="multiply the deviation by sqrt(3), not the variance")
def scale_root_three_of_the_variance(rule, n_in, n_out, uniform):
    value = variance(rule, n_in, n_out)
    return np.sqrt(3) * value if uniform else np.sqrt(value)


@wrong("weight_scale", says="and not the weights themselves")
def scale_already_drawn(rule, n_in, n_out, uniform):
    return np.random.default_rng(0).normal(size=(n_in, n_out)) * np.sqrt(variance(rule, n_in, n_out))


@right("weight_scale")
def scale_by_branches(rule, n_in, n_out, uniform):
    top, bottom = (2 if rule != "standard" else 1), (n_in + n_out if rule == "glorot" else n_in)
    return (3 * top / bottom) ** 0.5 if uniform else (top / bottom) ** 0.5


@right("weight_scale")
def scale_as_a_tensor(rule, n_in, n_out, uniform):
    return tf.sqrt((3.0 if uniform else 1.0) * variance(rule, n_in, n_out))


# -- lsuv -------------------------------------------------------------------------------------------------------------


def layers(x, weights, orthonormal=True, rectify=True, scale=np.std, after=False):
    scaled = []
    for w in weights:
        if orthonormal:
            u, _, vt = np.linalg.svd(w, full_matrices=False)
            w = u @ vt
        z = x @ w
        w = w / scale(np.maximum(z, 0) if after else z)
        scaled.append(w)
        x = np.maximum(x @ w, 0) if rectify else x @ w
    return scaled


@wrong("lsuv", says="the matrices are not orthonormal")
def lsuv_of_random_matrices(x, weights):
    return layers(x, weights, orthonormal=False)


@wrong("lsuv", says="not by the variance")
def lsuv_by_variance(x, weights):
    return layers(x, weights, scale=np.var)


@wrong("lsuv", says="the next layer's inputs pass through ReLU")
def lsuv_without_relu(x, weights):
    return layers(x, weights, rectify=False)


@wrong("lsuv", says="measure the deviation before ReLU")
def lsuv_measured_after_relu(x, weights):
    return layers(x, weights, after=True)


@wrong("lsuv", says="not one for each unit")
def lsuv_unit_by_unit(x, weights):
    return layers(x, weights, scale=lambda z: z.std(axis=0))


@wrong("lsuv", says="but not scaled")
def lsuv_not_scaled(x, weights):
    return layers(x, weights, scale=lambda z: 1)


@wrong("lsuv", says="ddof stays at 0")
def lsuv_with_ddof(x, weights):
    return layers(x, weights, scale=lambda z: np.std(z, ddof=1))


@wrong("lsuv", says="not the mean of those of the examples")
def lsuv_example_by_example(x, weights):
    return layers(x, weights, scale=lambda z: z.std(axis=1).mean())


@wrong("lsuv", says="The first matrix")
def lsuv_of_unit_matrices(x, weights):  # orthonormal and scaled, but not made from the random ones
    return layers(x, [np.eye(*w.shape) for w in weights])


@right("lsuv")
def lsuv_by_qr(x, weights):
    found = []
    for w in weights:
        w = np.linalg.qr(w)[0] if w.shape[0] >= w.shape[1] else np.linalg.qr(w.T)[0].T
        found.append(w / np.std(x @ w))
        x = np.maximum(x @ found[-1], 0)
    return found


@right("lsuv")
def lsuv_by_eigenvalues(x, weights):
    scaled = []
    for w in weights:
        tall = w.shape[0] >= w.shape[1]
        values, vectors = np.linalg.eigh(w.T @ w if tall else w @ w.T)
        root = vectors / np.sqrt(values) @ vectors.T
        w = w @ root if tall else root @ w
        w = w / (x @ w).std()
        scaled.append(w)
        x = (x @ w).clip(0)
    return tuple(scaled)


@right("lsuv")
def lsuv_in_tensors(x, weights):
    scaled, x = [], tf.constant(x)
    for w in weights:
        _, u, v = tf.linalg.svd(tf.constant(w))
        w = tf.matmul(u, v, transpose_b=True)
        w = w / tf.math.reduce_std(x @ w)
        scaled.append(w)
        x = tf.nn.relu(x @ w)
    return scaled


# -- whiten -----------------------------------------------------------------------------------------------------------


def turning(data, kind, eps, power=0.5):
    values, vectors = np.linalg.eigh(np.cov(data.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    turn = vectors / (values + eps) ** power
    return data.mean(axis=0), turn @ vectors.T if kind == "zca" else turn


@wrong("whiten", says="with its own statistics")
def whiten_each_by_itself(train, other, kind, eps):
    mean, turn = turning(train, kind, eps)
    own_mean, own_turn = turning(other, kind, eps)
    return (train - mean) @ turn, (other - own_mean) @ own_turn


@wrong("whiten", says="the mean of the other set is its own")
def whiten_with_the_other_mean(train, other, kind, eps):
    mean, turn = turning(train, kind, eps)
    return (train - mean) @ turn, (other - other.mean(axis=0)) @ turn


@wrong("whiten", says="the statistics come from both sets")
def whiten_pooled(train, other, kind, eps):
    mean, turn = turning(np.concatenate([train, other]), kind, eps)
    return (train - mean) @ turn, (other - mean) @ turn


@wrong("whiten", says="the root is missing")
def whiten_without_root(train, other, kind, eps):
    mean, turn = turning(train, kind, eps, power=1)
    return (train - mean) @ turn, (other - mean) @ turn


@wrong("whiten", says="the other kind")
def whiten_always_pca(train, other, kind, eps):
    mean, turn = turning(train, "pca", eps)
    return (train - mean) @ turn, (other - mean) @ turn


@wrong("whiten", says="begin with the smallest eigenvalue")
def whiten_in_ascending_order(train, other, kind, eps):
    mean, turn = turning(train, kind, eps)
    turn = turn[:, ::-1] if kind == "pca" else turn
    return (train - mean) @ turn, (other - mean) @ turn


@wrong("whiten", says="this is only standardised")
def whiten_standardised(train, other, kind, eps):
    mean, size = train.mean(axis=0), np.sqrt(train.var(axis=0) + eps)
    return (train - mean) / size, (other - mean) / size


@wrong("whiten", says="one mean for each column")
def whiten_with_one_mean(train, other, kind, eps):
    values, vectors = np.linalg.eigh((train - train.mean()).T @ (train - train.mean()) / len(train))
    matrix = vectors[:, ::-1] / np.sqrt(values[::-1] + eps)
    matrix = matrix if kind == "pca" else matrix @ vectors[:, ::-1].T
    return (train - train.mean()) @ matrix, (other - train.mean()) @ matrix


@wrong("whiten", says="eps is added to the eigenvalues, before the root")
def whiten_eps_outside(train, other, kind, eps):
    mean = train.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(train.T, bias=True))
    matrix = vectors[:, ::-1] / (np.sqrt(values[::-1]) + eps)
    matrix = matrix if kind == "pca" else matrix @ vectors[:, ::-1].T
    return (train - mean) @ matrix, (other - mean) @ matrix


@wrong("whiten", says="in opposite orders")
def whiten_with_half_turned_round(train, other, kind, eps):
    mean = train.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(train.T, bias=True))
    matrix = vectors[:, ::-1] / np.sqrt(values + eps)
    matrix = matrix if kind == "pca" else matrix @ vectors[:, ::-1].T
    return (train - mean) @ matrix, (other - mean) @ matrix


@wrong("whiten", says="np.corrcoef gives correlations")
def whiten_by_correlations(train, other, kind, eps):
    mean = train.mean(axis=0)
    values, vectors = np.linalg.eigh(np.corrcoef(train.T))
    matrix = vectors[:, ::-1] / np.sqrt(values[::-1] + eps)
    matrix = matrix if kind == "pca" else matrix @ vectors[:, ::-1].T
    return (train - mean) @ matrix, (other - mean) @ matrix


@right("whiten")
def whiten_by_svd(train, other, kind, eps):
    mean = train.mean(axis=0)
    _, s, vt = np.linalg.svd(train - mean, full_matrices=False)
    turn = vt.T / np.sqrt(s**2 / len(train) + eps)
    turn = turn @ vt if kind == "zca" else -turn
    return [(train - mean) @ turn, (other - mean) @ turn]


@right("whiten")
def whiten_in_tensors(train, other, kind, eps):
    mean, turn = turning(train, kind, eps)
    return tf.constant(train - mean) @ turn, tf.constant(other - mean) @ turn


# -- contrastive_divergence -------------------------------------------------------------------------------------------


def phases(v0, w, a, b, u, sampled=True):
    p0 = sigmoid(v0 @ w + b)
    h0 = (u < p0) * 1.0 if sampled else p0
    v1 = sigmoid(h0 @ w.T + a)
    return p0, h0, v1, sigmoid(v1 @ w + b)


def update(v0, w, a, b, rate, p0, v1, p1):
    n = len(v0)
    return (
        w + rate * (v0.T @ p0 - v1.T @ p1) / n,
        a + rate * (v0 - v1).mean(axis=0),
        b + rate * (p0 - p1).mean(axis=0),
    )


@wrong("contrastive_divergence", says="positive and negative phase are swapped")
def cd_swapped(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, u)
    return update(v0, w, a, b, -rate, p0, v1, p1)


@wrong("contrastive_divergence", says="from the sample h0")
def cd_without_sample(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, u, sampled=False)
    return update(v0, w, a, b, rate, p0, v1, p1)


@wrong("contrastive_divergence", says="not the sample h0")
def cd_of_the_sample(v0, w, a, b, u, rate):
    _, h0, v1, p1 = phases(v0, w, a, b, u)
    return update(v0, w, a, b, rate, h0, v1, p1)


@wrong("contrastive_divergence", says="divide by n")
def cd_summed(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, u)
    return update(v0, w, a, b, rate * len(v0), p0, v1, p1)


@wrong("contrastive_divergence", says="where u is BELOW p0")
def cd_sampled_the_wrong_way(v0, w, a, b, u, rate):
    p0 = sigmoid(v0 @ w + b)
    v1 = sigmoid((u >= p0) @ w.T + a)
    return update(v0, w, a, b, rate, p0, v1, sigmoid(v1 @ w + b))


@wrong("contrastive_divergence", says="The order of the results is wrong")
def cd_returned_in_another_order(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, u)
    w, a, b = update(v0, w, a, b, rate, p0, v1, p1)
    return w, b, a


@wrong("contrastive_divergence", says="the second time")
def cd_without_the_second_bias(v0, w, a, b, u, rate):
    p0, _, v1, _ = phases(v0, w, a, b, u)
    return update(v0, w, a, b, rate, p0, v1, sigmoid(v1 @ w))


@wrong("contrastive_divergence", says="they are not sampled")
def cd_sampled_twice(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, u)
    return update(v0, w, a, b, rate, p0, v1, (u < p1).astype(float))


@wrong("contrastive_divergence", says="draws random numbers of its own")
def cd_with_its_own_random_numbers(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, np.random.random_sample(u.shape))
    return update(v0, w, a, b, rate, p0, v1, p1)


@right("contrastive_divergence")
def cd_by_einsum(v0, w, a, b, u, rate):
    p0, _, v1, p1 = phases(v0, w, a, b, u)
    slope = np.einsum("ni,nj->ij", v0, p0) - np.einsum("ni,nj->ij", v1, p1)
    return [w + rate / len(v0) * slope, a + rate * (v0 - v1).mean(0), b + rate * (p0 - p1).mean(0)]


@right("contrastive_divergence")
def cd_in_tensors(v0, w, a, b, u, rate):
    v0, w = tf.constant(v0), tf.constant(w)
    p0 = tf.sigmoid(v0 @ w + b)
    h0 = tf.where(u < p0, tf.ones_like(p0), tf.zeros_like(p0))
    v1 = tf.sigmoid(tf.matmul(h0, w, transpose_b=True) + a)
    p1 = tf.sigmoid(v1 @ w + b)
    slope = tf.matmul(v0, p0, transpose_a=True) - tf.matmul(v1, p1, transpose_a=True)
    return w + rate * slope / len(v0), a + rate * tf.reduce_mean(v0 - v1, 0), b + rate * tf.reduce_mean(p0 - p1, 0)
