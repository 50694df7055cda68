"""Checks of lab 03: steps against Keras's optimisers, whitening and LSUV against SciPy's decompositions."""

import numpy as np
from scipy import linalg
from scipy.special import expit

from labs_utils.exercises.checking import Checks, drawn_once, expect, expect_close, expect_items

checks = Checks("03_optimisers")

STEPS = 50
SHAPE = (3, 2)


# -- 1 to 3: steps ----------------------------------------------------------------------------------------------------


def _gradients(rng, steps=STEPS):
    """Gradients of different sizes, none of them near 0, and of both signs."""
    size = np.array([[0.3, 1.0], [2.0, 0.5], [1.5, 0.8]])
    return size * rng.choice([-1, 1], size=(steps, *SHAPE)) * rng.uniform(0.5, 1.5, size=(steps, *SHAPE))


@drawn_once
def _by_keras(rng, optimiser, *rate, **settings):
    """Weights, gradients, and the weights after each step of a Keras optimiser in float64, (steps + 1, *w.shape)."""
    import keras

    w, gradients = rng.normal(size=SHAPE), _gradients(rng)
    optimiser = getattr(keras.optimizers, optimiser)(*rate, **settings)
    variable = keras.Variable(w, dtype="float64")
    path = [np.array(variable.numpy())]
    for g in gradients:
        optimiser.apply([keras.ops.convert_to_tensor(g)], [variable])
        path.append(np.array(variable.numpy()))
    return w, gradients, np.array(path)


def _follow(step, w, memories, gradients, names, shape=SHAPE):
    """The student's weights after every step; the memory goes back in each time."""
    memory, path = [np.zeros(shape)] * memories, [w]
    for t, g in enumerate(gradients, start=1):
        w, *memory = expect_items(step(w, memory, g, t), names)
        w = _array(w, shape, names[0])
        memory = [_array(item, shape, name) for item, name in zip(memory, names[1:], strict=True)]
        path.append(w)
    return np.array(path)


def _array(item, shape, name):
    """`item` as numbers; the shape of what goes back in must not change."""
    array = np.asarray(item, float)
    expect(array.shape == shape, f"{name} must keep the shape {shape}; it has {array.shape}.")
    return array


def _rest(rng):
    """Weights, memory and gradient of one step, and a second memory; all entries clearly different from 0."""
    w = rng.normal(size=SHAPE)
    m = rng.uniform(0.5, 1.5, size=SHAPE) * rng.choice([-1, 1], size=SHAPE)
    g = _gradients(rng, 1)[0]
    g[0, 1], g[2, 0] = abs(g[0, 1]), -abs(g[2, 0])  # both signs at every seed
    return w, m, rng.uniform(0.5, 2, size=SHAPE), g


@checks.probe("momentum")
def one_momentum_step(momentum, rng):
    """One step with a velocity that is not 0"""
    w, v, _, g = _rest(rng)
    got = expect_items(momentum(w, v, g, 0.1, 0.8), ("the new w", "the new v"))
    new = 0.8 * v - 0.1 * g
    mistakes_v = {
        "descent subtracts the gradient: v is rho * v MINUS rate * g": 0.8 * v + 0.1 * g,
        "rho belongs to the velocity and the rate to the gradient": 0.1 * v - 0.8 * g,
        "the old velocity is missing: rho * v": -0.1 * g,
        "rho is missing: without friction old gradients never fade": v - 0.1 * g,
        "the learning rate is missing": 0.8 * v - g,
        "this is a running mean: the gradient is not multiplied by 1 - rho": 0.8 * v - 0.2 * 0.1 * g,
        "the sign of the velocity is flipped: old steps must go on in their direction": -0.8 * v - 0.1 * g,
        "this is the lecture's velocity, uphill and without the rate; here v is rho * v - rate * g": 0.8 * v + g,
        "return the new w first, then the new v": w + new,
        "return the new velocity, not the old one": v,
    }
    expect_close(got[1], new, "the new v", mistakes_v)
    mistakes_w = {
        "the weights move by the new velocity, here they moved by the old one": w + v,
        "the velocity has its minus sign already: w + v": w - new,
        "w did not move": w,
        "the rate is in the velocity already: do not multiply by it again": w + 0.1 * new,
        "the gradient is in the velocity already: do not subtract it again": w + new - 0.1 * g,
        "return the new weights, not the change": new,
    }
    expect_close(got[0], w + new, "the new w", mistakes_w)


@checks.probe("momentum")
def momentum_as_keras(momentum, rng):
    """50 steps equal those of keras.optimizers.SGD"""
    w, gradients, theirs = _by_keras(rng, "SGD", 0.1, momentum=0.9)
    ours = _follow(lambda w, s, g, t: momentum(w, *s, g, 0.1, 0.9), w, 1, gradients, ("w", "v"))
    expect_close(ours, theirs, "the path", rtol=1e-4, atol=1e-5)


@checks.probe("nesterov_path")
def nesterov_on_a_valley(nesterov_path, rng):
    """A path on a valley whose axes are turned"""
    turn = linalg.qr(rng.normal(size=(3, 3)))[0]
    hessian = turn @ np.diag([1.0, 4.0, 9.0]) @ turn.T
    start, rate, rho, steps = rng.uniform(1, 2, size=3), 0.08, 0.8, 12

    def path(look, keep=1.0, sign=1.0, leave=0.0):
        w, v, found = start, np.zeros(3), [start]
        for _ in range(steps):
            place = w + look * v
            v = keep * rho * v - sign * rate * hessian @ place
            w = w + leave * (place - w) + v
            found.append(w)
        return np.array(found)

    keras_form = _recentred(start, hessian, rate, rho, steps)
    velocity = np.diff(path(rho), axis=0, prepend=start[None])
    expected = keras_form - rho * velocity  # U = W + rho V, and V = W - the W before
    mistakes = {
        "the gradient is measured at w: that is plain momentum; measure it at w + rho * v": path(0.0),
        "you look behind: with a velocity that points downhill the place is w + rho * v": path(-rho),
        "the jump is rho * v, not v": path(1.0),
        "v must be rho * v MINUS rate times the gradient": path(rho, sign=-1.0),
        "the old velocity is lost: v is rho * v - rate * gradient": path(rho, keep=0.0),
        "the old velocity counts twice: w moves by the new v from w, not from the place looked at": path(
            rho, leave=1.0
        ),
        "rho is missing before the old velocity": path(rho, keep=1 / rho),
        "this is the path of the points looked at, w + rho * v; return w": keras_form,
        "the slide's sign: the look-ahead is w minus rate * rho * v where v points uphill": _slide(
            start, hessian, rate, rho, steps
        ),
        "the start is missing, or a step is: return steps + 1 places, the start first": path(rho)[1:],
        "the start comes first and there are steps + 1 places: one is missing at the end": path(rho)[:-1],
    }
    expect_close(nesterov_path(start, hessian, rate, rho, steps), expected, "the path", mistakes)


def _recentred(start, hessian, rate, rho, steps):
    """Nesterov's method as Keras has it: the places where the gradient is measured."""
    u, v, found = start, np.zeros(len(start)), [start]
    for _ in range(steps):
        g = hessian @ u
        v = rho * v - rate * g
        u = u + rho * v - rate * g
        found.append(u)
    return np.array(found)


def _slide(start, hessian, rate, rho, steps):
    w, v, found = start, np.zeros(len(start)), [start]
    for _ in range(steps):
        v = rho * v + hessian @ (w + rho * v)
        w = w - rate * v
        found.append(w)
    return np.array(found)


def _check_accumulated(got, new_s, w, s, g, rate, eps, mistakes):
    """Memory first, then weights, of Adagrad and RMSProp."""
    wrong_s = mistakes | {
        "return the new w first, then the new s": w - rate * g / np.sqrt(new_s + eps),
        "the accumulator was not kept: return the new s": s,
    }
    expect_close(got[1], new_s, "the new s", wrong_s)
    wrong_w = {
        "the root is missing: divide by the square root of s + eps": w - rate * g / (new_s + eps),
        "the step uses the old s: first the new s, then w": w - rate * g / np.sqrt(s + eps),
        "eps stands inside the root here: sqrt(s + eps)": w - rate * g / (np.sqrt(new_s) + eps),
        "descent subtracts": w + rate * g / np.sqrt(new_s + eps),
        "the learning rate is missing": w - g / np.sqrt(new_s + eps),
        "eps is missing, or it is not the argument eps": w - rate * g / np.sqrt(new_s),
        "|g| stands above, so every weight falls; the gradient has a sign": w - rate * np.abs(g) / np.sqrt(new_s + eps),
        "nothing is divided: this is plain gradient descent": w - rate * g,
        "multiply by g and divide by the root; here the root multiplies": w - rate * g * np.sqrt(new_s + eps),
        "the gradient itself is missing: g over the root": w - rate / np.sqrt(new_s + eps),
        "the accumulator was not kept: this step knows only its own gradient": w - rate * g / np.sqrt(g**2 + eps),
        "w did not move": w,
        "return the new weights, not the change": -rate * g / np.sqrt(new_s + eps),
    }
    expect_close(got[0], w - rate * g / np.sqrt(new_s + eps), "the new w", wrong_w)


@checks.probe("adagrad")
def one_adagrad_step(adagrad, rng):
    """One step with a large eps, which shows where it stands"""
    w, _, s, g = _rest(rng)
    got = expect_items(adagrad(w, s, g, 0.1, 0.5), ("the new w", "the new s"))
    mistakes = {
        "the gradient is squared before it is added": s + g,
        "the accumulator was not kept: add to the old s": g**2,
        "Adagrad adds up; this is RMSProp's running mean": 0.9 * s + 0.1 * g**2,
        "eps belongs to the root, not to s": s + g**2 + 0.5,
        "s is the sum of squares; the root comes later": np.sqrt(s + g**2),
        "s holds squares, not absolute values": s + np.abs(g),
        "every weight has a sum of its own: add g**2, not the sum over all of them": s + (g**2).sum(),
        "every weight has a sum of its own: add g**2, not its mean over all of them": s + (g**2).mean(),
    }
    _check_accumulated(got, s + g**2, w, s, g, 0.1, 0.5, mistakes)


@checks.probe("adagrad")
def adagrad_as_keras(adagrad, rng):
    """50 steps equal those of keras.optimizers.Adagrad from an accumulator of 0"""
    w, gradients, theirs = _by_keras(rng, "Adagrad", 0.1, initial_accumulator_value=0.0, epsilon=1e-7)
    ours = _follow(lambda w, s, g, t: adagrad(w, *s, g, 0.1, 1e-7), w, 1, gradients, ("w", "s"))
    expect_close(ours, theirs, "the path", rtol=1e-4, atol=1e-5)


@checks.probe("rmsprop")
def one_rmsprop_step(rmsprop, rng):
    """One step with a large eps, which shows where it stands"""
    w, _, s, g = _rest(rng)
    got = expect_items(rmsprop(w, s, g, 0.1, 0.8, 0.5), ("the new w", "the new s"))
    mistakes = {
        "the weights are exchanged: rho for the old s, 1 - rho for the new square": 0.2 * s + 0.8 * g**2,
        "the gradient is squared: its mean would not tell its size": 0.8 * s + 0.2 * g,
        "this is Adagrad's sum; RMSProp forgets: rho * s + (1 - rho) * g**2": s + g**2,
        "the new square has the factor 1 - rho": 0.8 * s + g**2,
        "the old s has the factor rho": s + 0.2 * g**2,
        "the accumulator was not kept: rho * s is missing": 0.2 * g**2,
        "the factor 1 - rho stands outside the square": 0.8 * s + (0.2 * g) ** 2,
        "every weight has a mean of its own: no mean over the weights": 0.8 * s + 0.2 * (g**2).mean(),
    }
    _check_accumulated(got, 0.8 * s + 0.2 * g**2, w, s, g, 0.1, 0.5, mistakes)


@checks.probe("rmsprop")
def rmsprop_as_keras(rmsprop, rng):
    """50 steps equal those of keras.optimizers.RMSprop"""
    w, gradients, theirs = _by_keras(rng, "RMSprop", 0.1, rho=0.9, epsilon=1e-7)
    ours = _follow(lambda w, s, g, t: rmsprop(w, *s, g, 0.1, 0.9, 1e-7), w, 1, gradients, ("w", "s"))
    expect_close(ours, theirs, "the path", rtol=1e-4, atol=1e-5)


@checks.probe("adadelta")
def one_adadelta_step(adadelta, rng):
    """One step with a large eps, which shows where it stands"""
    w, _, s, g = _rest(rng)
    d, rate, rho, eps = rng.uniform(0.1, 0.4, size=SHAPE), 0.5, 0.8, 0.3
    got = expect_items(adadelta(w, s, d, g, rate, rho, eps), ("the new w", "the new s", "the new d"))
    new_s = rho * s + (1 - rho) * g**2
    step = -np.sqrt(d + eps) / np.sqrt(new_s + eps) * g
    new_d = rho * d + (1 - rho) * step**2
    expect_close(
        got[1],
        new_s,
        "the new s",
        {
            "the weights are exchanged: rho for the old s, 1 - rho for the new square": (1 - rho) * s + rho * g**2,
            "the gradient is squared": rho * s + (1 - rho) * g,
            "this is Adagrad's sum: Adadelta has a running mean": s + g**2,
            "return w, s and d, in this order": new_d,
            "the accumulator was not kept: return the new s": s,
        },
    )
    late = -np.sqrt(rho * d + (1 - rho) * g**2 + eps) / np.sqrt(new_s + eps) * g
    old_s = -np.sqrt(d + eps) / np.sqrt(s + eps) * g
    outside = -(np.sqrt(d) + eps) / (np.sqrt(new_s) + eps) * g
    upside = -np.sqrt(new_s + eps) / np.sqrt(d + eps) * g
    no_root = -(d + eps) / (new_s + eps) * g
    causes = {
        "eps stands inside both roots": outside,
        "the step uses the new s": old_s,
        "the fraction is upside down: the root of d stands above": upside,
        "the roots are missing": no_root,
        "d collects the squared steps, not the squared gradients": late,
        "the root above, of d + eps, is missing": -(d + eps) / np.sqrt(new_s + eps) * g,
        "the root below, of s + eps, is missing": -np.sqrt(d + eps) / (new_s + eps) * g,
        "the whole root of d is missing above: this is RMSProp's step": -g / np.sqrt(new_s + eps),
        "the gradient is missing in the step": -np.sqrt(d + eps) / np.sqrt(new_s + eps),
        "eps is missing": -np.sqrt(d) / np.sqrt(new_s) * g,
    }
    wrong_d = {cause: rho * d + (1 - rho) * other**2 for cause, other in causes.items()}
    wrong_d |= {
        "d collects the squared steps, not the squared gradients": rho * d + (1 - rho) * g**2,
        "d collects the squares of the steps, here the steps": rho * d + (1 - rho) * step,
        "d is updated with the step before the rate multiplies it": rho * d + (1 - rho) * (rate * step) ** 2,
        "the accumulator was not kept: return the new d": d,
    }
    expect_close(got[2], new_d, "the new d", wrong_d)
    wrong_w = {cause: w + rate * other for cause, other in causes.items()}
    wrong_w |= {
        "the step has its minus sign already": w - rate * step,
        "the learning rate is missing": w + step,
        "the step uses the old d: first the step, then the new d": w
        - rate * np.sqrt(new_d + eps) / np.sqrt(new_s + eps) * g,
    }
    expect_close(got[0], w + rate * step, "the new w", wrong_w)


@checks.probe("adadelta")
def adadelta_as_keras(adadelta, rng):
    """50 steps equal those of keras.optimizers.Adadelta"""
    w, gradients, theirs = _by_keras(rng, "Adadelta", 1.0, rho=0.95, epsilon=1e-5)
    ours = _follow(lambda w, s, g, t: adadelta(w, *s, g, 1.0, 0.95, 1e-5), w, 2, gradients, ("w", "s", "d"))
    expect_close(ours, theirs, "the path", rtol=1e-4, atol=1e-5)


@checks.probe("adam")
def one_adam_step(adam, rng):
    """The third step, with a large eps, which shows where it stands"""
    w, m, s, g = _rest(rng)
    rate, one, two, eps, t = 0.1, 0.8, 0.9, 0.3, 3
    names = ("the new w", "the new m", "the new s")
    got = expect_items(adam(w, m, s, g, t, rate, one, two, eps), names, (SHAPE,) * 3)
    new_m, new_s = one * m + (1 - one) * g, two * s + (1 - two) * g**2
    hat = new_m / (1 - one**t), new_s / (1 - two**t)
    expect_close(
        got[1],
        new_m,
        "the new m",
        {
            "the running mean goes back uncorrected: m_hat serves this step only": hat[0],
            "the weights are exchanged: beta1 for the old m, 1 - beta1 for g": (1 - one) * m + one * g,
            "m is the mean of the gradients, not of their squares": one * m + (1 - one) * g**2,
            "the gradient has the factor 1 - beta1": one * m + g,
            "m belongs to beta1, s to beta2": two * m + (1 - two) * g,
            "return w, m and s, in this order": new_s,
            "the running mean was not kept: return the new m": m,
        },
    )
    expect_close(
        got[2],
        new_s,
        "the new s",
        {
            "the running mean goes back uncorrected: s_hat serves this step only": hat[1],
            "the weights are exchanged: beta2 for the old s, 1 - beta2 for the square": (1 - two) * s + two * g**2,
            "the gradient is squared": two * s + (1 - two) * g,
            "the square has the factor 1 - beta2": two * s + g**2,
            "s is the mean of the squared gradients, not of the squared m": two * s + (1 - two) * new_m**2,
            "m belongs to beta1, s to beta2": one * s + (1 - one) * g**2,
            "the accumulator was not kept: return the new s": s,
        },
    )

    def step(m_hat, s_hat):
        return w - rate * m_hat / (np.sqrt(s_hat) + eps)

    mistakes = {
        "the bias correction is missing: divide m by 1 - beta1**t and s by 1 - beta2**t": step(new_m, new_s),
        "the power of the bias correction is wrong: beta**t, with t as it comes in, from 1": step(
            new_m / (1 - one ** (t + 1)), new_s / (1 - two ** (t + 1))
        ),
        "the power of the bias correction is wrong: t counts from 1, do not subtract 1": step(
            new_m / (1 - one ** (t - 1)), new_s / (1 - two ** (t - 1))
        ),
        "the power is missing in the bias correction: 1 - beta**t": step(new_m / (1 - one), new_s / (1 - two)),
        "only m is corrected; s has a bias too": step(hat[0], new_s),
        "only s is corrected; m has a bias too": step(new_m, hat[1]),
        "eps stands outside the root: sqrt(s_hat) + eps": w - rate * hat[0] / np.sqrt(hat[1] + eps),
        "eps stands outside the root: sqrt(s_hat) + eps, not its square inside": w
        - rate * hat[0] / np.sqrt(hat[1] + eps**2),
        "the root is missing": w - rate * hat[0] / (hat[1] + eps),
        "eps is missing, or it is not the argument eps": w - rate * hat[0] / np.sqrt(hat[1]),
        "the step uses m_hat, not the gradient": step(g, hat[1]),
        "descent subtracts": 2 * w - step(*hat),
        "the learning rate is missing": w - hat[0] / (np.sqrt(hat[1]) + eps),
        "the corrections are exchanged: m has beta1, s has beta2": step(new_m / (1 - two**t), new_s / (1 - one**t)),
        "the correction divides; here it multiplies": step(new_m * (1 - one**t), new_s * (1 - two**t)),
        "return the new weights, not the change": step(*hat) - w,
    }
    expect_close(got[0], step(*hat), "the new w", mistakes)


@checks.probe("adam")
def adam_as_keras(adam, rng):
    """50 steps equal those of keras.optimizers.Adam"""
    w, gradients, theirs = _by_keras(rng, "Adam", 0.1, epsilon=1e-7)
    ours = _follow(lambda w, s, g, t: adam(w, *s, g, t, 0.1, 0.9, 0.999, 1e-7), w, 2, gradients, ("w", "m", "s"))
    expect_close(ours, theirs, "the path", rtol=1e-4, atol=1e-4)


# -- 6: schedules -----------------------------------------------------------------------------------------------------


@checks.probe("rates")
def inverse_rates(rates, rng):
    """The schedule 1/t"""
    peak, t = rng.uniform(0.3, 0.9), np.arange(40)
    mistakes = {
        "t begins at 0, so the first rate is the peak: divide by 1 + t": peak / np.maximum(t, 1),
        "one too many: divide by 1 + t, with t from 0": peak / (2 + t),
        "the root is not in 1/t": peak / np.sqrt(1 + t),
        "the peak is missing": 1 / (1 + t),
        "this falls as 1/t squared": peak / (1 + t) ** 2,
    }
    expect_close(rates("1/t", 40, peak), peak / (1 + t), "the rates", mistakes)


@checks.probe("rates")
def step_rates(rates, rng):
    """The schedule of steps"""
    peak = rng.uniform(0.3, 0.9)
    expected = peak * np.repeat([1.0, 0.1, 0.01], [20, 10, 10])
    mistakes = {
        "the second step is at 3T/4 and leads to a hundredth of the peak": peak * np.repeat([1.0, 0.1], [20, 20]),
        "from 3T/4 on it is a hundredth of the peak, not a tenth again": peak
        * np.repeat([1.0, 0.1, 0.1], [20, 10, 10]),
        "the rate falls one step too late: from T/2 on": peak * np.repeat([1.0, 0.1, 0.01], [21, 10, 9]),
        "a tenth, not a half": peak * np.repeat([1.0, 0.5, 0.25], [20, 10, 10]),
        "from 3T/4 on it is a hundredth of the peak, not a half of the tenth": peak
        * np.repeat([1.0, 0.1, 0.05], [20, 10, 10]),
        "the peak is missing": expected / peak,
        "the steps are at T/2 and 3T/4, not at thirds": peak * np.repeat([1.0, 0.1, 0.01], [13, 13, 14]),
    }
    expect_close(rates("step", 40, peak), expected, "the rates", mistakes)


@checks.probe("rates")
def cosine_rates(rates, rng):
    """The cosine with warm-up"""
    peak, total, warm = rng.uniform(0.3, 0.9), 60, 6

    def curve(warm_up, phase, half=0.5):
        return np.array([warm_up(t) if t < warm else half * (1 + np.cos(np.pi * phase(t))) for t in range(total)])

    def up(t):
        return (t + 1) / warm

    def share(t):
        return (t - warm) / (total - warm)

    mistakes = {
        "the warm-up is missing": peak * (1 + np.cos(np.pi * np.arange(total) / total)) / 2,
        "the cosine begins where the warm-up ends: (t - U) / (T - U)": peak * curve(up, lambda t: t / total),
        "the cosine ends at T: divide by T - U": peak * curve(up, lambda t: (t - warm) / total),
        "the warm-up begins at 1/U of the peak, not at 0: (t + 1) / U": peak * curve(lambda t: t / warm, share),
        "half a turn, pi; here it is a whole one": peak * curve(up, lambda t: 2 * share(t)),
        "the factor one half is missing in the cosine": peak * curve(up, share, 1.0),
        "the peak is missing": curve(up, share),
        "np.cos takes radians: half a turn is pi, not 180": peak * curve(up, lambda t: 180 / np.pi * share(t)),
    }
    expect_close(rates("cosine", total, peak), peak * curve(up, share), "the rates", mistakes)


@checks.probe("rates")
def one_cycle_rates(rates, rng):
    """The one cycle"""
    peak, total = rng.uniform(0.3, 0.9), 40
    distance = np.abs(np.arange(total) - total / 2) / (total / 2)
    expected = peak * (1 - 0.9 * distance)
    mistakes = {
        "it starts at a tenth of the peak, not at 0": peak * (1 - distance),
        "it comes down again after T/2": peak * np.minimum(0.1 + 0.9 * np.arange(total) / (total / 2), 1),
        "the cycle is upside down: lowest at both ends": peak * (0.1 + 0.9 * distance),
        "the peak is missing": expected / peak,
        "the last point of the line lies at T, and T - 1 is the last step": np.interp(
            np.arange(total), [0, total / 2, total - 1], [peak / 10, peak, peak / 10]
        ),
        "the rate at the ends is a tenth of the peak": np.interp(
            np.arange(total), [0, total / 2, total], [0.1, peak, 0.1]
        ),
    }
    expect_close(rates("one-cycle", total, peak), expected, "the rates", mistakes)


# -- 8: initialisation ------------------------------------------------------------------------------------------------


@checks.probe("weight_scale")
def normal_scales(weight_scale, rng):
    """Deviations of normal weights"""
    for rule in ("standard", "glorot", "he"):
        _check_scale(weight_scale, rule, *rng.choice(np.arange(3, 60), 2, replace=False), False)


@checks.probe("weight_scale")
def uniform_scales(weight_scale, rng):
    """Bounds of uniform weights"""
    for rule in ("standard", "glorot", "he"):
        _check_scale(weight_scale, rule, *rng.choice(np.arange(3, 60), 2, replace=False), True)


def _check_scale(weight_scale, rule, n_in, n_out, uniform):
    """The oracle is the definition: scale over the fan, as in Keras's VarianceScaling."""
    variance = {"standard": 1 / n_in, "glorot": 1 / ((n_in + n_out) / 2), "he": 2 / n_in}[rule]
    expected = np.sqrt(3 * variance) if uniform else np.sqrt(variance)
    turned = {"standard": 1 / n_out, "glorot": variance, "he": 2 / n_out}[rule]
    other_rules = {
        "standard": {"this is he's rule: standard has 1 above": 2 / n_in},
        "glorot": {
            "glorot has a 2 above: 2 / (n_in + n_out)": 1 / (n_in + n_out),
            "this is the standard rule; glorot is 2 / (n_in + n_out)": 1 / n_in,
            "the bracket is missing: 2 / (n_in + n_out)": 2 / n_in + n_out,
        },
        "he": {"this is the standard rule: he has a 2 above": 1 / n_in},
    }[rule]
    mistakes = {
        "the root is missing: this is a variance": 3 * variance if uniform else variance,
        "n_out stands where n_in belongs": np.sqrt((3 if uniform else 1) * turned),
        "the variance of a uniform distribution on [-b, b] is b**2 / 3: b = sqrt(3) times the deviation": np.sqrt(
            variance
        ),
        "the factor 3 belongs to the uniform distribution only": np.sqrt(3 * variance),
        "b is sqrt(3) times the deviation, not 3 times": 3 * np.sqrt(variance),
        "the variance of a uniform distribution on [-b, b] is b**2 / 3; 12 is for the whole width, 2 b": np.sqrt(
            12 * variance
        ),
        "divide by the number of units, do not multiply": np.sqrt((3 if uniform else 1) / variance),
        "only half of the rule: b is sqrt(3) times the deviation": np.sqrt(variance / 3),
        "multiply the deviation by sqrt(3), not the variance": np.sqrt(3) * variance,
        "// cuts the fraction off: write 1 / n_in": 0.0,
    }
    mistakes |= {cause: np.sqrt(3 * value if uniform else value) for cause, value in other_rules.items()}
    what = f"{rule}, n_in = {n_in}, n_out = {n_out}, {'uniform' if uniform else 'normal'}"
    got = weight_scale(rule, int(n_in), int(n_out), uniform)
    expect(np.shape(got) != (n_in, n_out), "Return the scale, one number, and not the weights themselves.")
    expect_close(got, expected, what, mistakes)


@checks.probe("lsuv")
def unit_variance(lsuv, rng):
    """Three layers of different widths"""
    x = rng.normal(size=(40, 7)) + 0.5
    weights = [rng.normal(size=pair) for pair in ((7, 6), (6, 8), (8, 5))]
    expected = _lsuv(x, weights)
    got = expect_items(lsuv(x, weights), ("the new first matrix", "the second", "the third"))
    if _is_lsuv(x, got, weights):  # not the nearest orthonormal matrices, but by a QR decomposition, for instance
        return
    relu = _lsuv(x, weights, measure_after=True)
    ways = {
        "the matrices are not orthonormal: replace w by u @ vt of its singular value decomposition": _lsuv(
            x, weights, orthonormal=False
        ),
        "divide by the standard deviation, not by the variance": _lsuv(x, weights, power=2),
        "measure the deviation before ReLU, of the weighted sums": relu,
        "the next layer's inputs pass through ReLU": _lsuv(x, weights, rectify=False),
        "every layer was measured with data that had passed the unscaled layers: scale first, then go on": _lsuv(
            x, weights, late=True
        ),
        "the matrices are orthonormal, but not scaled: divide by the deviation that comes out": _lsuv(
            x, weights, power=0
        ),
        "one deviation over all examples and units, not one for each unit": _lsuv(x, weights, axis=0),
        "this is the root of the mean square; the deviation is taken from the mean": _lsuv(x, weights, centre=False),
        "the scale multiplies; divide by the deviation": _lsuv(x, weights, power=-1),
        "divide by n, not by n - 1: ddof stays at 0": _lsuv(x, weights, ddof=1),
        "one deviation over all examples and units, not the mean of those of the examples": _lsuv(
            x, weights, axis=1, joined=True
        ),
        "one deviation over all examples and units, not the mean of those of the units": _lsuv(
            x, weights, axis=0, joined=True
        ),
    }
    for k, name in enumerate(("the first matrix", "the second matrix", "the third matrix")):
        expect_close(got[k], expected[k], name, {cause: found[k] for cause, found in ways.items()}, atol=1e-5)


def _is_lsuv(x, got, weights):
    """Whether each matrix is orthonormal up to a factor and made from the random one, with sums of deviation 1."""
    for w, given in zip(got, weights, strict=True):
        if np.shape(w) != given.shape or not np.isfinite(np.asarray(w, float)).all():
            return False
        w = np.asarray(w, float)
        singular, sums = linalg.svdvals(w), x @ w
        both = np.concatenate([w, given], axis=int(given.shape[0] > given.shape[1]))  # together they span no more
        made_from_it = np.linalg.matrix_rank(both, tol=1e-4) == min(given.shape)
        if not (made_from_it and np.allclose(singular, singular[0], 1e-4) and np.isclose(sums.std(), 1, atol=1e-4)):
            return False
        x = np.maximum(sums, 0)
    return True


def _lsuv(
    x,
    weights,
    orthonormal=True,
    measure_after=False,
    rectify=True,
    late=False,
    power=1,
    axis=None,
    centre=True,
    ddof=0,
    joined=False,
):
    """Layer-sequential unit variance by the polar decomposition; the options are mistakes."""
    scaled = []
    for w in weights:
        w = linalg.polar(w)[0] if orthonormal else w
        z = x @ w
        measured = np.maximum(z, 0) if measure_after else z
        size = measured.std(axis=axis, ddof=ddof) if centre else np.sqrt(np.mean(measured**2))
        size = size.mean() if joined else size
        scaled.append(w / size**power)
        x = z if late else x @ scaled[-1]
        x = np.maximum(x, 0) if rectify else x
    return scaled


# -- 9: whitening -----------------------------------------------------------------------------------------------------


def _correlated(rng):
    """Two sets of correlated features with different means and spreads; the eigenvalues lie well apart."""
    turn = linalg.qr(rng.normal(size=(4, 4)))[0]
    spread = np.array([4.0, 2.0, 1.0, 0.5])
    train = linalg.orth(rng.normal(size=(60, 4))) * np.sqrt(60) * spread @ turn + [1.0, -2, 3, 0.5]
    other = rng.normal(size=(25, 4)) * spread[::-1] @ turn - 1
    return train, other


def _turning(data, eps, kind, divisor=None, power=0.5, mean=None, outside=0.0, exchanged=False):
    """Mean and matrix by a singular value decomposition, with options for mistakes."""
    mean = data.mean(axis=0) if mean is None else mean
    _, singular, vt = linalg.svd(data - mean, full_matrices=False)
    values = singular**2 / (divisor or len(data))
    turn = vt.T / ((values[::-1] if exchanged else values) + eps) ** power
    turn = vt.T / (np.sqrt(values) + outside) if outside else turn
    return mean, turn @ vt if kind == "zca" else turn


@checks.probe("whiten")
def zca(whiten, rng):
    """ZCA, which has one answer"""
    train, other = _correlated(rng)
    _check_whitening(whiten, train, other, "zca", 0.1)


@checks.probe("whiten")
def pca(whiten, rng):
    """PCA, whose columns may have either sign"""
    train, other = _correlated(rng)
    _check_whitening(whiten, train, other, "pca", 0.1)


def _check_whitening(whiten, train, other, kind, eps):
    got = expect_items(whiten(train, other, kind, eps), ("the first set", "the other set"))
    mean, turn = _turning(train, eps, kind)
    expected = (train - mean) @ turn, (other - mean) @ turn
    variants = {
        "the root is missing: divide by the square root of the eigenvalues + eps": _turning(train, eps, kind, power=1),
        "the covariance is a mean: divide by n": _turning(train, eps, kind, divisor=1),
        "the covariance divides by n here, not by n - 1": _turning(train, eps, kind, divisor=len(train) - 1),
        "eps is missing": _turning(train, 0, kind),
        "the mean is not subtracted before the covariance": _turning(train, eps, kind, mean=np.zeros(train.shape[1])),
        "one mean for each column, not one for all numbers": _turning(train, eps, kind, mean=train.mean()),
        "eps is added to the eigenvalues, before the root": _turning(train, 0, kind, outside=eps),
        "divide by the roots of the eigenvalues, do not multiply": _turning(train, eps, kind, power=-0.5),
        "eigenvalues and eigenvectors stand in opposite orders: turn both round, or none": _turning(
            train, eps, kind, exchanged=True
        ),
        "the other kind: ZCA turns back by the transpose, PCA does not": _turning(
            train, eps, "pca" if kind == "zca" else "zca"
        ),
    }
    own, centred = _turning(other, eps, kind), train - mean
    variants["np.corrcoef gives correlations; the covariance has the features' own spreads"] = (
        mean,
        _turning(centred / centred.std(axis=0), eps, kind)[1],
    )
    mistakes = [{}, {}]
    for cause, (centre, matrix) in variants.items():
        for k, data in enumerate((train, other)):
            mistakes[k][cause] = (data - centre) @ matrix
    both = np.concatenate([train, other])
    pooled = _turning(both, eps, kind)
    mistakes[0]["the statistics come from both sets: use the first alone"] = (train - pooled[0]) @ pooled[1]
    mistakes[1]["the other set is whitened with its own statistics; use those of the first"] = (other - own[0]) @ own[1]
    mistakes[1]["the mean of the other set is its own; subtract that of the first"] = (other - own[0]) @ turn
    mistakes[1]["the mean is not subtracted from the other set"] = other @ turn
    mistakes[1]["the other set is unchanged: whiten it too"] = other
    mistakes[0]["this is only standardised: the features are still correlated"] = centred / train.std(axis=0)
    mistakes[0]["this is only standardised, with eps: the features are still correlated"] = centred / np.sqrt(
        train.var(axis=0) + eps
    )
    turned = turn / np.linalg.norm(turn, axis=0)
    mistakes[0]["the data are turned but not divided: use the eigenvalues too"] = centred @ turned
    mistakes[0]["nothing is divided: the data are only centred, or turned and turned back"] = centred
    if kind == "pca":
        mistakes[0]["the columns begin with the smallest eigenvalue; turn them round"] = expected[0][:, ::-1]
    for k, name in enumerate(("the first set", "the other set")):
        result, options = got[k], mistakes[k]
        if np.shape(result) == expected[k].shape:  # the columns of PCA may have either sign
            result = np.asarray(result, float)
            if kind == "pca" and np.shape(got[0]) == expected[0].shape:
                result = result * _signs(np.asarray(got[0], float), expected[0])
            turned_kind = "the other kind: ZCA turns back by the transpose, PCA does not"
            signed = options if kind == "pca" else {turned_kind}
            options = {
                cause: value * _signs(value, result) if cause in signed else value for cause, value in options.items()
            }
        expect_close(result, expected[k], name, options, atol=1e-5)


def _signs(data, like):
    """The sign, column by column, that brings `data` to the side of `like`."""
    return np.where((data * like).sum(axis=0) < 0, -1.0, 1.0)


# -- 10: the restricted Boltzmann machine ------------------------------------------------------------------------------


@checks.probe("contrastive_divergence")
def one_cd_step(contrastive_divergence, rng):
    """One step on nine examples"""
    v0, u = (rng.random((9, 5)) < 0.5) * rng.uniform(0.5, 1, size=(9, 5)), rng.random((9, 4))
    w, a, b = rng.normal(size=(5, 4)), rng.normal(size=5), rng.normal(size=4)
    rate = 0.5
    got = expect_items(
        contrastive_divergence(v0, w, a, b, u, rate), ("the new w", "the new a", "the new b"), ((5, 4), (5,), (4,))
    )
    expected = _cd(v0, w, a, b, u, rate)
    ways = {
        "positive and negative phase are swapped: data minus fantasy": _cd(v0, w, a, b, u, -rate),
        "divide by n: the update is a mean over the examples": _cd(v0, w, a, b, u, rate * len(v0)),
        "the learning rate is missing": _cd(v0, w, a, b, u, 1.0),
        "the fantasy is made from the sample h0, not from the probabilities p0": _cd(v0, w, a, b, u, rate, mean=True),
        "h0 is 1 where u is BELOW p0": _cd(v0, w, a, b, u, rate, turned=True),
        "the update has the probabilities p0, not the sample h0": _cd(v0, w, a, b, u, rate, sampled=True),
        "the visible bias a is missing in the fantasy": _cd(v0, w, a, b, u, rate, visible=0),
        "the hidden bias b is missing": _cd(v0, w, a, b, u, rate, hidden=0),
        "the hidden bias b is missing in p1, the second time": _cd(v0, w, a, b, u, rate, again=0),
        "p1 are probabilities: they are not sampled": _cd(v0, w, a, b, u, rate, sampled_again=True),
        "the sigmoid is missing in the fantasy": _cd(v0, w, a, b, u, rate, linear=True),
        "the sample is made at the threshold 0.5; use the random numbers u": _cd(
            v0, w, a, b, np.full_like(u, 0.5), rate
        ),
    }
    ways["return the new weights, not the changes"] = tuple(
        new - old for new, old in zip(expected, (w, a, b), strict=True)
    )
    ways["take the mean over the examples only: each weight and bias has a change of its own"] = tuple(
        old + (new - old).mean() for new, old in zip(expected, (w, a, b), strict=True)
    )
    ways["the negative phase is missing"] = (
        w + rate * v0.T @ expit(v0 @ w + b) / 9,
        a + rate * v0.mean(axis=0),
        b + rate * expit(v0 @ w + b).mean(axis=0),
    )
    for k, (name, old) in enumerate((("the new w", w), ("the new a", a), ("the new b", b))):
        causes = {cause: found[k] for cause, found in ways.items()} | {f"{name[-1]} did not move": old}
        expect_close(got[k], expected[k], name, causes)


def _cd(
    v0,
    w,
    a,
    b,
    u,
    rate,
    mean=False,
    turned=False,
    sampled=False,
    visible=1,
    hidden=1,
    linear=False,
    again=None,
    sampled_again=False,
):
    """CD-1 example by example, as outer products; the options are mistakes."""
    change = [np.zeros_like(w), np.zeros_like(a), np.zeros_like(b)]
    for v, chance in zip(v0, u, strict=True):
        p0 = expit(v @ w + hidden * b)
        h0 = p0 if mean else ((chance >= p0) if turned else (chance < p0)).astype(float)
        v1 = h0 @ w.T + visible * a
        v1 = v1 if linear else expit(v1)
        p1 = expit(v1 @ w + (hidden if again is None else again) * b)
        p1 = (chance < p1).astype(float) if sampled_again else p1
        first = h0 if sampled else p0
        for k, part in enumerate((np.outer(v, first) - np.outer(v1, p1), v - v1, first - p1)):
            change[k] += part / len(v0)
    return tuple(old + rate * part for old, part in zip((w, a, b), change, strict=True))
