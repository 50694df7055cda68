"""Checks of lab 05: folds by their properties, dropout by enumeration, batch normalisation by automatic derivatives."""

import numpy as np
from scipy.special import softmax
from scipy.stats import binom

from labs_utils.exercises.checking import Checks, expect, expect_close, expect_items

checks = Checks("05_regularisation")


# -- 1: cross-validation ----------------------------------------------------------------------------------------------


@checks.probe("k_folds")
def equal_folds(k_folds, rng):
    """Folds of equal size"""
    _check_folds(k_folds, 4 * int(rng.integers(8, 12)), 4, rng)


@checks.probe("k_folds")
def unequal_folds(k_folds, rng):
    """A number of samples that k does not divide"""
    _check_folds(k_folds, 33, 5, rng)
    _check_folds(k_folds, 23, 3, rng)


def _check_folds(k_folds, n, k, rng):
    # with a dozen samples one shuffle in some thousand has the same folds as 0, 1, 2 … and a right answer looks wrong
    order = rng.permutation(n)
    pairs = expect_items(k_folds(order.copy(), k), tuple(f"pair {i}" for i in range(1, k + 1)))
    held = []
    for i, pair in enumerate(pairs, 1):
        fit, held_out = (_indices(part, i) for part in expect_items(pair, ("fit", "held_out")))
        expect(
            set(fit) | set(held_out) <= set(range(n)),
            f"Pair {i} has indices outside 0 to {n - 1}.\n  Likely cause: an index that starts at 1, or `order` was"
            " changed.",
        )
        both = sorted(set(fit) & set(held_out))
        expect(
            not both,
            f"In pair {i}, sample {both[:1]} is in both parts.\n  Likely cause: the model is fitted on all samples;"
            " leave the held-out ones away.",
        )
        expect(len(set(held_out)) == len(held_out) and len(set(fit)) == len(fit), f"Pair {i} has a sample twice.")
        held.append(held_out)
        if len(fit) < len(held_out):
            expect(False, f"In pair {i} the parts are exchanged: return (fit, held_out), the larger part first.")
    counts = np.bincount(np.concatenate(held).astype(int), minlength=n)
    sizes = [len(part) for part in held]
    expect(
        counts.max() < 2,
        f"Sample {counts.argmax()} is held out {counts.max()} times.\n  Likely cause: the folds overlap: fold i begins"
        " where fold i - 1 ends.",
    )
    expect(
        counts.min() > 0,
        f"With n = {n} and k = {k}, {np.sum(counts == 0)} samples are never held out.\n  Likely cause: n // k samples a"
        " fold forget the remainder.",
    )
    expect(
        max(sizes) - min(sizes) < 2,
        f"The folds have sizes {sizes}; they may differ by 1 at most.\n  Likely cause: the whole remainder is in one"
        " fold; `np.array_split` spreads it.",
    )
    for i, pair in enumerate(pairs, 1):
        expect(
            len(_indices(pair[0], i)) == n - sizes[i - 1],
            f"Pair {i} fits on {len(_indices(pair[0], i))} samples; all {n - sizes[i - 1]} that are not held out"
            " belong there.",
        )
    plain = np.arange(n)
    unshuffled = (
        {tuple(sorted(part)) for part in cut} for cut in (np.array_split(plain, k), [plain[i::k] for i in range(k)])
    )
    expect(
        {tuple(sorted(part)) for part in held} not in unshuffled,
        "The folds are cut from 0, 1, 2 …, not from `order`.\n  Likely cause: places instead of samples: use"
        " order[places].",
    )


def _indices(part, i):
    array = np.asarray(part)
    expect(
        array.ndim == 1 and array.dtype.kind in "iu",
        f"Pair {i} should hold two one-dimensional arrays of whole numbers (indices).",
    )
    return array.tolist()


# -- 2: learning curves -----------------------------------------------------------------------------------------------

checks.choice(
    "read_curves",
    answer="b",
    because={
        "a": "a network that underfits has a high training loss; here the training loss is low.",
        "c": "more epochs move along the same curves: the gap between them only grows.",
        "d": "a loss on validation data that rises says nothing on the rate; the training loss falls smoothly.",
    },
)


# -- 3: early stopping ------------------------------------------------------------------------------------------------


def _stop(losses, patience, tie=False, reset=True, previous=False):
    """Best epoch and last epoch that was run."""
    best, wait = 0, 0
    for epoch in range(1, len(losses)):
        than = losses[epoch - 1] if previous else losses[best]
        if losses[epoch] < than or (tie and losses[epoch] == than):
            best, wait = epoch, 0 if reset else wait
        else:
            wait += 1
            if wait >= patience:
                return best, epoch
    return best, len(losses) - 1


@checks.probe("early_stopping")
def noisy_curve(early_stopping, rng):
    """Noisy curves that go up and come back down"""
    for _ in range(4):
        x = np.linspace(0, 1, 40)
        curve = (x - rng.uniform(0.3, 0.6)) ** 2 + rng.normal(scale=0.03, size=40)
        _check_stop(early_stopping, curve, int(rng.integers(3, 6)))


@checks.probe("early_stopping")
def second_minimum(early_stopping, rng):
    """A better minimum after a bump, within patience and beyond it"""
    curve = np.array([5, 4, 3, 3.5, 3.6, 2, 2.5, 2.6, 2.7, 2.8, 1]) + rng.uniform(0, 0.05)
    for patience in (2, 3, 4, 5):
        _check_stop(early_stopping, curve, patience)


@checks.probe("early_stopping")
def borders(early_stopping, rng):
    """Patience 1, equal losses, a first epoch that is the best, and a curve that never stops"""
    shift = rng.uniform(0, 1)
    _check_stop(early_stopping, np.array([1, 2, 3, 4, 5, 0.5]) + shift, 3)
    _check_stop(early_stopping, np.array([2.0, 2, 3, 4, 1]), 3)
    _check_stop(early_stopping, np.array([3, 2, 2.5, 1, 0.5]) + shift, 1)
    _check_stop(early_stopping, np.array([3.0, 2, 2, 2, 2, 1]), 3)
    _check_stop(early_stopping, np.array([5, 4, 4.5, 3, 2.5]) + shift, 2)


def _check_stop(early_stopping, losses, patience):
    got = expect_items(early_stopping(losses.copy(), patience), ("the best epoch", "the last epoch"))
    best, last = _stop(losses, patience)
    late, early = _stop(losses, patience + 1), _stop(losses, max(patience - 1, 1))
    tie, never = _stop(losses, patience, tie=True), _stop(losses, patience, reset=False)
    previous = _stop(losses, patience, previous=True)
    mistakes = {
        "an epoch counts from 0, as in `losses[0]`": last + 1,
        "patience is off by one: stop at the epoch that is the `patience`-th in a row without a new best": late[1],
        "patience is off by one: you stop an epoch too early": early[1],
        "an equal loss is no improvement: compare with <": tie[1],
        "the counter must go back to 0 at every new best": never[1],
        "compare with the best loss so far, not with the epoch before": previous[1],
        "training goes through the whole curve: stop when patience is used up": len(losses) - 1,
    }
    text = f"the last epoch, patience {patience}"
    same = np.array_equal(np.asarray(got, object), np.array([last, best], object)) and best != last
    expect(not same, "The order of the results is wrong: return the best epoch, then the last one that was run.")
    mistakes_best = {
        "this is the last epoch: keep the weights of the best one": last,
        "an epoch counts from 0, as in `losses[0]`": best + 1,
        "you look at epochs that come after the stop": int(np.argmin(losses)),
        "an equal loss is no improvement: compare with <": tie[0],
        "compare with the best loss so far, not with the epoch before": previous[0],
        "patience is off by one": late[0],
        "you stop too early: an epoch too early, or the counter never goes back to 0": early[0],
        "the counter must go back to 0 at every new best": never[0],
        "this is the loss; return the epoch": losses[best],
        "the first epoch can be the best: begin with best = 0": 1 if best == 0 else np.nan,
    }
    expect_close(got[0], best, f"the best epoch, patience {patience}", mistakes_best, rtol=0, atol=1e-6)
    expect_close(got[1], last, text, mistakes, rtol=0, atol=1e-6)


# -- 4: dropout -------------------------------------------------------------------------------------------------------


@checks.probe("dropout")
def in_training(dropout, rng):
    """In training: what is dropped, and what is left"""
    for rate in (0.2, 0.7):
        x, u = rng.normal(size=(7, 9)), rng.uniform(size=(7, 9))
        kept = (u >= rate).astype(float)
        expected = x * kept / (1 - rate)
        mistakes = {
            "the rest is not rescaled: divide by the share that is kept, 1 - rate": x * kept,
            "the rest is divided by `rate`; the share that is kept is 1 - rate": x * kept / rate,
            "the rest is multiplied by the share that is kept; divide by it": x * kept * (1 - rate),
            "this drops where u is at least `rate`: the share 1 - rate": x * (1 - kept) / (1 - rate),
            "this keeps with probability `rate`, which is the share that is dropped": x * (1 - kept) / rate,
            "what should stay is dropped: drop where u < rate": x * (1 - kept),
            "one mask for all rows: every sample has its own, u[i]": x * (u[0] >= rate) / (1 - rate),
            "one mask for all columns: every unit has its own": x * (u[:, :1] >= rate) / (1 - rate),
            "nothing is dropped: in training the units with u < rate are 0": x,
            "nothing is dropped, only rescaled": x / (1 - rate),
            "this is the mask; multiply x by it": kept,
            "this is the scaled mask; multiply x by it": kept / (1 - rate),
            "the random numbers are themselves no mask: compare them with `rate`": x * u,
        }
        expect_close(dropout(x, u, rate, True), expected, "the activations in training", mistakes)


@checks.probe("dropout")
def at_test_time(dropout, rng):
    """At test time, and with nothing to drop"""
    x, u, rate = rng.normal(size=(6, 8)), rng.uniform(size=(6, 8)), 0.4
    mistakes = {
        "dropout is off at test time: return x as it is": x * (u >= rate) / (1 - rate),
        "dropout is off at test time; here units are dropped (and not rescaled)": x * (u >= rate),
        "inverted dropout has rescaled in training already: no factor 1 - rate at test time": x * (1 - rate),
        "no rescaling at test time: return x as it is": x / (1 - rate),
        "lecture A's slip: the factor p with p the dropped share": x * rate,
    }
    expect_close(dropout(x, u, rate, False), x, "the activations at test time", mistakes)
    u[0, 0] = 0  # random numbers in [0, 1) can be 0
    mistakes = {"a unit is dropped only where u < rate, not where u equals it": np.where(u == 0, 0, x)}
    expect_close(dropout(x, u, 0.0, True), x, "the activations with rate 0", mistakes)


@checks.probe("mean_over_masks")
def even_masks(mean_over_masks, rng):
    """Half of the units kept: all networks weigh the same"""
    _check_masks(mean_over_masks, rng, 0.5)


@checks.probe("mean_over_masks")
def uneven_masks(mean_over_masks, rng):
    """Another share kept: a network weighs as often as it is drawn"""
    _check_masks(mean_over_masks, rng, float(rng.uniform(0.65, 0.85)))


def _check_masks(mean_over_masks, rng, keep):
    h, w, b = rng.normal(size=(3, 5)), 2 * rng.normal(size=(5, 4)), rng.normal(size=4)
    masks = (np.arange(32)[:, None] >> np.arange(5)) & 1
    weights = keep ** masks.sum(axis=1) * (1 - keep) ** (5 - masks.sum(axis=1))
    logits = (h * masks[:, None]) @ w + b

    def mean(values, weights=weights):
        return np.tensordot(weights, values, 1)

    expected = mean(softmax(logits, axis=2))
    mistakes = {
        "this is one network with scaled weights: average the outputs of all masked networks": softmax(
            h @ w * keep + b, axis=1
        ),
        "this is the mean of the logits: softmax comes before the mean": mean(logits),
        "softmax comes before the mean: each network votes with its probabilities": softmax(mean(logits), axis=1),
        "the bias is missing": mean(softmax(logits - b, axis=2)),
        "the kept units are rescaled here; the masked networks use them as they are": mean(
            softmax((h * masks[:, None]) @ w / keep + b, axis=2)
        ),
        "the sum must be weighted by how often each mask is drawn: divide by the number of masks at least": softmax(
            logits, axis=2
        ).sum(axis=0),
        "the softmax runs over the wrong axis: over the classes of each sample": mean(softmax(logits, axis=1)),
        "the softmax runs over all numbers together: over the classes of each sample, axis=1": mean(
            softmax(logits, axis=(1, 2))
        ),
        "the whole network, with no unit dropped, is only one of the masks": softmax(h @ w + b, axis=1),
    }
    if keep != 0.5:
        mistakes["a mask with s of d units has the probability keep**s * (1 - keep)**(d - s)"] = softmax(
            logits, axis=2
        ).mean(axis=0)
        mistakes["keep and 1 - keep are exchanged"] = mean(
            softmax(logits, axis=2), (1 - keep) ** masks.sum(axis=1) * keep ** (5 - masks.sum(axis=1))
        )
        mistakes["the probability of the dropped units, (1 - keep)**(d - s), is missing"] = mean(
            softmax(logits, axis=2), keep ** masks.sum(axis=1)
        )
    expect_close(mean_over_masks(h, w, b, keep), expected, "the mean output", mistakes)


# -- 5: weight decay --------------------------------------------------------------------------------------------------


@checks.probe("decay_step")
def decayed_weights(decay_step, rng):
    """The new weights"""
    w, b, gw, gb, rate, decay, got = _step_case(decay_step, rng)
    mistakes = {
        "the penalty is missing: it adds decay * w to the gradient": w - rate * gw,
        "the factor: the derivative of decay / 2 * w**2 is decay * w": w - rate * (gw + 2 * decay * w),
        "half too much: the derivative of decay / 2 * w**2 is decay * w": w - rate * (gw + decay / 2 * w),
        "the learning rate also multiplies the decay": w - rate * gw - decay * w,
        "the weights grow: the decay is subtracted": w - rate * (gw - decay * w),
        "descent subtracts the gradient": w + rate * (gw + decay * w),
        "the penalty is that of L1: decay * sign(w)": w - rate * (gw + decay * np.sign(w)),
        "the penalty itself was added, not its derivative": w - rate * (gw + decay / 2 * w**2),
        "the decay uses the weights after the step: both belong to the old ones": (1 - rate * decay) * (w - rate * gw),
        "return the new weights first, then the new biases": b - rate * gb,
        "only the decay is here: the gradient is missing": w - rate * decay * w,
        "return the new weights, not the gradient": gw + decay * w,
    }
    expect_close(got[0], w - rate * (gw + decay * w), "the new weights", mistakes, atol=1e-7)


@checks.probe("decay_step")
def biases(decay_step, rng):
    """The new biases"""
    _, b, _, gb, rate, decay, got = _step_case(decay_step, rng)
    mistakes = {
        "the bias decays here; only weights are penalised": b - rate * (gb + decay * b),
        "the bias decays here, and without the rate; only weights are penalised": b - rate * gb - decay * b,
        "descent subtracts the gradient": b + rate * gb,
        "the biases did not move: they have a gradient too": b,
    }
    expect_close(got[1], b - rate * gb, "the new biases", mistakes, atol=1e-7)


def _step_case(decay_step, rng):
    w, gw = rng.normal(scale=3, size=(2, 4, 3))
    b, gb = rng.normal(scale=3, size=(2, 3))
    rate, decay = 0.3, 0.2
    got = decay_step(w.copy(), b.copy(), gw.copy(), gb.copy(), rate, decay)
    names = ("the new weights", "the new biases")
    return w, b, gw, gb, rate, decay, expect_items(got, names, (w.shape, b.shape))


# -- 6: augmentation --------------------------------------------------------------------------------------------------


@checks.probe("moved")
def down_and_right(moved, rng):
    """Down and to the right"""
    _check_shift(moved, rng, int(rng.integers(1, 3)), int(rng.integers(3, 5)))


@checks.probe("moved")
def other_directions(moved, rng):
    """Up, to the left, and not at all"""
    _check_shift(moved, rng, -2, -1)
    _check_shift(moved, rng, 3, -2)
    _check_shift(moved, rng, -1, 2)
    _check_shift(moved, rng, 0, 0)
    _check_shift(moved, rng, 0, -3)


def _moved(images, down, right):
    """By padding on all sides and cutting a window."""
    pad = np.pad(images, ((0, 0), (5, 5), (5, 5)))
    _, height, width = images.shape
    return pad[:, 5 - down : 5 - down + height, 5 - right : 5 - right + width]


def _check_shift(moved, rng, down, right):
    images = rng.uniform(0.1, 1, size=(3, 8, 7))
    mistakes = {
        "what leaves at one side comes back at the other: np.roll turns the image; fill with 0": np.roll(
            images, (down, right), axis=(1, 2)
        ),
        "up and down, left and right are exchanged": _moved(images, -down, -right),
        "rows and columns are exchanged: `down` moves along axis 1, `right` along axis 2": _moved(images, right, down),
        "`down` goes the wrong way": _moved(images, -down, right),
        "`right` goes the wrong way": _moved(images, down, -right),
        "only the rows moved: `right` is not used": _moved(images, down, 0),
        "only the columns moved: `down` is not used": _moved(images, 0, right),
        "the border is repeated; fill with 0": lambda: _edged(images, down, right),
        "the axis of the images moved: axis 0 counts them": np.roll(images, down, axis=0),
        "nothing moved": images,
    }
    text = f"the images, down = {down}, right = {right}"
    expect_close(moved(images.copy(), down, right), _moved(images, down, right), text, mistakes)


def _edged(images, down, right):
    pad = np.pad(images, ((0, 0), (5, 5), (5, 5)), mode="edge")
    _, height, width = images.shape
    return pad[:, 5 - down : 5 - down + height, 5 - right : 5 - right + width]


GREY = np.array([0.299, 0.587, 0.114])


def _recoloured(pictures, brightness, contrast, saturation):
    """By TensorFlow's contrast; the light and the grey picture by definition."""
    import tensorflow as tf

    grey = np.einsum("nhwc,c->nhw", pictures, GREY)[..., None]
    mixed = grey + saturation * (pictures - grey)
    return np.clip(tf.image.adjust_contrast(mixed, contrast).numpy() + brightness, 0, 1)


@checks.probe("recoloured")
def saturation_alone(recoloured, rng):
    """Other saturation"""
    _check_colours(recoloured, rng, 0.0, 1.0, float(rng.uniform(0.2, 0.6)))


@checks.probe("recoloured")
def contrast_alone(recoloured, rng):
    """Other contrast"""
    _check_colours(recoloured, rng, 0.0, float(rng.uniform(0.3, 0.6)), 1.0)
    _check_colours(recoloured, rng, 0.0, float(rng.uniform(1.6, 2.0)), 1.0)


@checks.probe("recoloured")
def brightness_and_all(recoloured, rng):
    """Brighter, darker, and all three together"""
    _check_colours(recoloured, rng, float(rng.uniform(0.3, 0.5)), 1.0, 1.0)
    _check_colours(recoloured, rng, float(rng.uniform(-0.5, -0.3)), 1.0, 1.0)
    _check_colours(recoloured, rng, float(rng.uniform(-0.4, -0.3)), float(rng.uniform(2.0, 2.5)), 0.7)


def _check_colours(recoloured, rng, brightness, contrast, saturation):
    offsets = rng.uniform(0, 0.3, size=(3, 1, 1, 3))
    pictures = np.clip(rng.uniform(0, 0.75, size=(3, 6, 5, 3)) + offsets, 0, 1)
    grey = (pictures @ GREY)[..., None]
    mixed = grey + saturation * (pictures - grey)

    def answer(mean, mixed=mixed, brightness=brightness):
        return np.clip(mean + contrast * (mixed - mean) + brightness, 0, 1)

    own = mixed.mean(axis=(1, 2), keepdims=True)
    plain, bgr = pictures.mean(axis=3, keepdims=True), (pictures @ GREY[::-1])[..., None]
    first = np.clip(mixed, 0, 1)
    steps = np.clip(own + contrast * (first - own), 0, 1)
    mistakes = {
        "values beyond 0 and 1 are not clipped": own + contrast * (mixed - own) + brightness,
        "values are clipped on the way: clip once, at the end": np.clip(steps + brightness, 0, 1),
        "values are divided by the largest instead of clipped": lambda: _stretched(own, contrast, mixed, brightness),
        "the mean is that of all pictures; each picture has its own: axis=(1, 2)": answer(
            mixed.mean(axis=(0, 1, 2), keepdims=True)
        ),
        "the mean is taken over the colours too; each colour has its own: axis=(1, 2)": answer(
            mixed.mean(axis=(1, 2, 3), keepdims=True)
        ),
        "one mean for all pictures and colours; each has its own: axis=(1, 2)": answer(mixed.mean()),
        "contrast multiplies the values themselves; it should multiply their distance from the mean": answer(0),
        "contrast is the distance from 0.5 here; it should be that from the picture's mean": answer(0.5),
        "the mean is not added back after the multiplication": np.clip(contrast * (mixed - own) + brightness, 0, 1),
        "brightness multiplies here; add it": np.clip((own + contrast * (mixed - own)) * (1 + brightness), 0, 1),
        "brightness is subtracted; add it": answer(own, brightness=-brightness),
        "brightness is missing": answer(own, brightness=0),
        "contrast is missing": np.clip(mixed + brightness, 0, 1),
        "saturation is missing": np.clip(
            pictures.mean(axis=(1, 2), keepdims=True) * (1 - contrast) + contrast * pictures + brightness, 0, 1
        ),
        "saturation is the share of the colour, 1 - saturation that of the grey": _mixed(
            answer, grey + (1 - saturation) * (pictures - grey)
        ),
        "the eye sees green as brighter than blue: grey is 0.299 red + 0.587 green + 0.114 blue": _mixed(
            answer, plain + saturation * (pictures - plain)
        ),
        "the weights of grey belong to red, green and blue in this order": _mixed(
            answer, bgr + saturation * (pictures - bgr)
        ),
        "the sign of the distance is turned: the mean is subtracted from the picture": np.clip(
            own - contrast * (mixed - own) + brightness, 0, 1
        ),
        "saturation multiplies the colours; the grey is missing": _mixed(answer, saturation * pictures),
        "nothing changed": pictures,
    }
    text = f"the pictures, brightness {brightness:.2f}, contrast {contrast:.2f}, saturation {saturation:.2f}"
    got = recoloured(pictures.copy(), brightness, contrast, saturation)
    expected = _recoloured(pictures, brightness, contrast, saturation)
    # libraries round the weights of grey at the third or fourth digit
    expect_close(got, expected, text, mistakes, rtol=0, atol=1e-3)


def _stretched(mean, contrast, mixed, brightness):
    values = mean + contrast * (mixed - mean) + brightness
    return values / values.max()


def _mixed(answer, mixed):
    return answer(mixed.mean(axis=(1, 2), keepdims=True), mixed)


# -- 8: batch normalisation forward -----------------------------------------------------------------------------------


def _batch(rng, n=7, d=4):
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 3, size=d) + rng.normal(scale=2, size=d)
    return x, rng.uniform(0.5, 2, size=d), rng.normal(size=d), rng.normal(size=d), rng.uniform(0.5, 2, size=d)


@checks.probe("batch_norm")
def normalised_by_the_batch(batch_norm, rng):
    """In training: the outputs"""
    x, gamma, beta, mean, var = _batch(rng)
    eps = 0.01
    y, _, _ = _outputs(batch_norm(x, gamma, beta, mean, var, True, 0.9, eps), x)
    m, v = x.mean(axis=0), x.var(axis=0)
    hat = (x - m) / np.sqrt(v + eps)
    mistakes = {
        "the variance of the batch divides by n, not by n - 1": gamma * (x - m) / np.sqrt(x.var(axis=0, ddof=1) + eps)
        + beta,
        "mean and variance run over the wrong axis: over the samples, axis 0": gamma
        * (x - x.mean(axis=1, keepdims=True))
        / np.sqrt(x.var(axis=1, keepdims=True) + eps)
        + beta,
        "there is one mean and one variance for each feature, not one for the whole batch": gamma
        * (x - x.mean())
        / np.sqrt(x.var() + eps)
        + beta,
        "the variance is that of the whole batch; every feature has its own: axis=0": gamma
        * (x - m)
        / np.sqrt(x.var() + eps)
        + beta,
        "the sign is turned: the mean is subtracted from x": beta - gamma * hat,
        "divide by the standard deviation, do not multiply": gamma * (x - m) * np.sqrt(v + eps) + beta,
        "gamma and beta are exchanged": beta * hat + gamma,
        "gamma and beta are missing": hat,
        "beta is missing": gamma * hat,
        "gamma is missing": hat + beta,
        "in training the batch's own mean and variance count, not the running ones": gamma
        * (x - mean)
        / np.sqrt(var + eps)
        + beta,
        "divide by the standard deviation, the root of the variance": gamma * (x - m) / (v + eps) + beta,
        "eps is missing, or far too small": gamma * (x - m) / np.sqrt(v) + beta,
        "eps belongs under the root": gamma * (x - m) / (np.sqrt(v) + eps) + beta,
        "the mean is not subtracted": gamma * x / np.sqrt(v + eps) + beta,
        "only the mean is subtracted: divide by the standard deviation": gamma * (x - m) + beta,
        "beta is scaled by gamma as well": gamma * (hat + beta),
        "the new running averages come first here: update them, but normalise by the batch": gamma
        * (x - (0.9 * mean + 0.1 * m))
        / np.sqrt(0.9 * var + 0.1 * v + eps)
        + beta,
    }
    expect_close(y, gamma * hat + beta, "y", mistakes)


@checks.probe("batch_norm")
def running_averages(batch_norm, rng):
    """In training: the running averages"""
    x, gamma, beta, mean, var = _batch(rng)
    momentum = 0.8
    _, new_mean, new_var = _outputs(batch_norm(x, gamma, beta, mean, var, True, momentum, 1e-3), x)
    for name, old, now, got in (("mean", mean, x.mean(axis=0), new_mean), ("var", var, x.var(axis=0), new_var)):
        mistakes = {
            "momentum is the share of the old average that stays": momentum * now + (1 - momentum) * old,
            "the running average is not updated in training": old,
            "this is the batch's own value: keep the share momentum of the old average": now,
            "the two shares are added, not subtracted": momentum * old - (1 - momentum) * now,
            "the share 1 - momentum of the batch's value is missing": momentum * old + now,
            "only the old average is scaled": momentum * old,
        }
        if name == "var":
            unbiased = x.var(axis=0, ddof=1)
            mistakes |= {
                "the variance divides by n here, as in Keras, not by n - 1": momentum * old + (1 - momentum) * unbiased,
                "this averages standard deviations; keep the variance": momentum * old + (1 - momentum) * now**0.5,
                "eps does not belong into the running variance": momentum * old + (1 - momentum) * (now + 1e-3),
            }
        expected = momentum * old + (1 - momentum) * now
        expect_close(got, expected, f"the new running {name}", mistakes, rtol=1e-5)


@checks.probe("batch_norm")
def at_inference(batch_norm, rng):
    """In inference mode, and for a batch of one"""
    for n in (6, 1):
        x, gamma, beta, mean, var = _batch(rng, n=n)
        y, new_mean, new_var = _outputs(batch_norm(x, gamma, beta, mean, var, False, 0.9, 0.02), x)
        m, v = x.mean(axis=0), x.var(axis=0)
        mistakes = {
            "in inference the running averages count, not the batch's own": gamma * (x - m) / np.sqrt(v + 0.02) + beta,
            "gamma and beta are exchanged": beta * (x - mean) / np.sqrt(var + 0.02) + gamma,
            "the running averages were updated before they were used: inference does not learn": gamma
            * (x - 0.9 * mean - 0.1 * m)
            / np.sqrt(0.9 * var + 0.1 * v + 0.02)
            + beta,
            "eps belongs under the root in inference too": gamma * (x - mean) / np.sqrt(var) + beta,
            "the sign is turned: the mean is subtracted from x": beta - gamma * (x - mean) / np.sqrt(var + 0.02),
            "divide by the standard deviation, do not multiply": gamma * (x - mean) * np.sqrt(var + 0.02) + beta,
            "divide by the standard deviation, the root of the variance": gamma * (x - mean) / (var + 0.02) + beta,
        }
        expect_close(y, gamma * (x - mean) / np.sqrt(var + 0.02) + beta, "y in inference", mistakes)
        changed = "the running averages were updated in inference: they only learn in training"
        expect_close(new_mean, mean, "the running mean after inference", {changed: 0.9 * mean + 0.1 * m}, rtol=1e-6)
        expect_close(new_var, var, "the running variance after inference", {changed: 0.9 * var + 0.1 * v}, rtol=1e-6)


def _outputs(got, x):
    names = ("y", "the running mean", "the running variance")
    return expect_items(got, names, (x.shape, x.shape[1:], x.shape[1:]))


# -- 9: batch normalisation backward ----------------------------------------------------------------------------------


def _derivatives(grad_y, x, gamma, eps):
    """Gradients at x, gamma and beta by automatic differentiation of the forward pass, in float64."""
    import tensorflow as tf

    variables = [tf.Variable(x), tf.Variable(gamma), tf.Variable(np.zeros_like(gamma))]
    with tf.GradientTape() as tape:
        mean, var = tf.nn.moments(variables[0], axes=[0])
        y = tf.nn.batch_normalization(variables[0], mean, var, variables[2], variables[1], eps)
        loss = tf.reduce_sum(y * grad_y)
    return [gradient.numpy() for gradient in tape.gradient(loss, variables)]


def _wrong_inputs(grad_y, x, gamma, eps, expected):
    """Mistakes in the gradient at x: those of the six derivatives and of the simplified form."""
    n = len(x)
    spread = np.sqrt(x.var(axis=0) + eps)
    centred = x - x.mean(axis=0)
    hat, g = centred / spread, grad_y * gamma
    along = hat * (g * hat).mean(axis=0)
    return {
        "the way through the variance is forgotten": (g - g.mean(axis=0)) / spread,
        "the way through the mean is forgotten": (g - along) / spread,
        "both ways through the statistics are forgotten: mean and variance depend on x": g / spread,
        "gamma is missing: the gradient at x_hat is grad_y * gamma": expected / gamma,
        "the sign of the way through the variance is turned: the factor is -1/2": (g - g.mean(axis=0) + along) / spread,
        "the sign of the way through the mean is turned": (g + g.mean(axis=0) - along) / spread,
        "sums over the samples lack the factor 1 / m": (g - g.sum(axis=0) - hat * (g * hat).sum(axis=0)) / spread,
        "the way through the mean lacks the factor 1 / m": (g - g.sum(axis=0) - along) / spread,
        "the way through the variance lacks the factor 1 / m": (g - g.mean(axis=0) - n * along) / spread,
        "the derivative of the variance has the factor 2: 2 (x - mean) / m": (g - g.mean(axis=0) - along / 2) / spread,
        "the factor -1/2 is missing in the derivative with respect to the variance": (g - g.mean(axis=0) + 2 * along)
        / spread,
        "the power of (var + eps) in the derivative at the variance is -3/2": (g - g.mean(axis=0) - along * spread**2)
        / spread,
        "divide by the standard deviation, once": expected / spread,
        "the division by the standard deviation is missing": expected * spread,
        "means over the wrong axis: over the samples, axis 0": (
            g - g.mean(axis=1, keepdims=True) - hat * (g * hat).mean(axis=1, keepdims=True)
        )
        / spread,
        "the signs are all turned": -expected,
        "x_hat is missing outside the mean: each sample moves in proportion to its x_hat": (
            g - g.mean(axis=0) - (g * hat).mean(axis=0)
        )
        / spread,
        "the means are taken of grad_y without gamma": (g - grad_y.mean(axis=0) - hat * (grad_y * hat).mean(axis=0))
        / spread,
    }


def _backward_case(rng, n, d):
    x, gamma, *_ = _batch(rng, n, d)
    return rng.normal(size=(n, d)) + 0.5, x, gamma, 0.05


@checks.probe("batch_norm_backward")
def inputs(batch_norm_backward, rng):
    """The gradient at the inputs"""
    for n, d in ((6, 3), (2, 5)):
        grad_y, x, gamma, eps = _backward_case(rng, n, d)
        got = _gradients(batch_norm_backward(grad_y.copy(), x.copy(), gamma.copy(), eps), x)[0]
        expected = _derivatives(grad_y, x, gamma, eps)[0]
        mistakes = _wrong_inputs(grad_y, x, gamma, eps, expected)
        mistakes["the variance divides by m, not by m - 1"] = _with_unbiased(grad_y, x, gamma, eps)
        expect_close(got, expected, "grad_x", mistakes)


def _with_unbiased(grad_y, x, gamma, eps):
    """The six derivatives with the unbiased variance in them."""
    var, centred, g = x.var(axis=0, ddof=1) + eps, x - x.mean(axis=0), grad_y * gamma
    grad_var = (g * centred).sum(axis=0) * -0.5 * var**-1.5
    return g / np.sqrt(var) + grad_var * 2 * centred / len(x) - g.sum(axis=0) / np.sqrt(var) / len(x)


@checks.probe("batch_norm_backward")
def scale_and_shift(batch_norm_backward, rng):
    """The gradients of gamma and beta"""
    grad_y, x, gamma, eps = _backward_case(rng, 6, 3)
    _, at_gamma, at_beta = _gradients(batch_norm_backward(grad_y.copy(), x.copy(), gamma.copy(), eps), x)
    _, expected_gamma, expected_beta = _derivatives(grad_y, x, gamma, eps)
    centred = x - x.mean(axis=0)
    hat = centred / np.sqrt(x.var(axis=0) + eps)
    exchanged = "gamma and beta are exchanged: return grad_x, grad_gamma, grad_beta"
    mistakes_gamma = {
        exchanged: expected_beta,
        "the gradient of gamma sums grad_y * x_hat, not grad_y * x": (grad_y * x).sum(axis=0),
        "x_hat divides by the standard deviation as well": (grad_y * centred).sum(axis=0),
        "x_hat divides by the standard deviation, not by the variance": expected_gamma / np.sqrt(x.var(axis=0) + eps),
        "the gradient of gamma does not contain gamma": expected_gamma * gamma,
        "sum over the samples, do not average": expected_gamma / len(x),
        "sum over the samples: there is one gamma for each feature": grad_y * hat,
        "the sum runs over the wrong axis: over the samples, axis 0": (grad_y * hat).sum(axis=1),
        "eps is missing under the root in x_hat": (grad_y * centred / x.std(axis=0)).sum(axis=0),
    }
    mistakes_beta = {
        exchanged: expected_gamma,
        "the gradient of beta does not contain gamma": expected_beta * gamma,
        "sum over the samples, do not average": expected_beta / len(x),
        "sum over the samples: there is one beta for each feature": grad_y,
        "the sum runs over the wrong axis: over the samples, axis 0": grad_y.sum(axis=1),
    }
    expect_close(at_gamma, expected_gamma, "grad_gamma", mistakes_gamma)
    expect_close(at_beta, expected_beta, "grad_beta", mistakes_beta)


def _gradients(got, x):
    return expect_items(got, ("grad_x", "grad_gamma", "grad_beta"), (x.shape, x.shape[1:], x.shape[1:]))


@checks.probe("batch_norm_gradient")
def simplified(batch_norm_gradient, rng):
    """The same gradient at the inputs, from x_hat"""
    _check_simplified(batch_norm_gradient, *_backward_case(rng, 6, 3))


@checks.probe("batch_norm_gradient")
def simplified_for_two(batch_norm_gradient, rng):
    """Batches of two and of nine samples"""
    _check_simplified(batch_norm_gradient, *_backward_case(rng, 2, 4))
    _check_simplified(batch_norm_gradient, *_backward_case(rng, 9, 2))


def _check_simplified(batch_norm_gradient, grad_y, x, gamma, eps):
    var = x.var(axis=0)
    hat = (x - x.mean(axis=0)) / np.sqrt(var + eps)
    expected = _derivatives(grad_y, x, gamma, eps)[0]
    got = batch_norm_gradient(grad_y.copy(), hat, var, gamma.copy(), eps)
    mistakes = _wrong_inputs(grad_y, x, gamma, eps, expected)
    mistakes["eps is missing under the root"] = expected * np.sqrt(1 + eps / var)
    expect_close(got, expected, "grad_x", mistakes)


# -- 11: the best of many ---------------------------------------------------------------------------------------------


@checks.probe("best_of")
def best_of_many(best_of, rng):
    """The best of several, by enumeration"""
    for m, n in ((3, 10), (40, 25), (1, 12)):
        _check_best(best_of, m, n, float(rng.uniform(0.2, 0.8)))


@checks.probe("best_of")
def two_coins(best_of, rng):
    """One image: the best of m is right unless all are wrong"""
    p, m = float(rng.uniform(0.2, 0.6)), 3
    mistakes = {
        "this is the mean of one network, p: the best of m is higher": p,
        "this is the chance that all m are right: the best is right if at least one is": p**m,
        "this is the chance that all m are wrong": (1 - p) ** m,
        "this is the optimism: add p": 1 - (1 - p) ** m - p,
    }
    expect_close(best_of(m, 1, p), 1 - (1 - p) ** m, "the expected best accuracy", mistakes)


def _check_best(best_of, m, n, p):
    pmf = binom.pmf(np.arange(n + 1), n, p)
    below = np.concatenate([[0], np.cumsum(pmf)])
    chance = below[1:] ** m - below[:-1] ** m  # that the best has exactly k right
    expected = float(chance @ np.arange(n + 1)) / n
    normal = p + np.sqrt(2 * np.log(m) * p * (1 - p) / n)
    mistakes = {
        "this is a number of images; an accuracy divides by n": expected * n,
        "this is the mean of one network, p: the best of m is higher": p if m > 1 else np.nan,
        "this is the optimism: add p": expected - p if m > 1 else np.nan,
        "this is the smallest of the m; the best is the largest": float(np.sum((1 - below[1:]) ** m)) / n,
        "this is the rule of thumb for many images; sum over the binomial distribution": normal if m > 1 else np.nan,
        "the sum runs over k = 0 to n - 1: one term too many or too few": float(np.sum(1 - below[1:-2] ** m)) / n,
        "F(k) is the chance of at most k right: binom.cdf, not binom.pmf": float(np.sum(1 - pmf[:-1] ** m)) / n,
        "the power m is missing, or stands outside 1 - F(k)": float(np.sum((1 - below[1:-1]) ** m)) / n,
        "1 - F**m, not F**m: the chance that the best has more than k": float(np.sum(below[1:-1] ** m)) / n,
        "the term k = 0 is missing": float(np.sum(1 - below[2:-1] ** m)) / n,
    }
    expect_close(best_of(m, n, p), expected, f"the expected best of {m} on {n} images", mistakes)
