"""Planted answers of lab 05: folds that overlap, dropout not rescaled, terms of batch normalisation forgotten."""

import itertools

import numpy as np
import tensorflow as tf
from scipy.special import softmax
from scipy.stats import binom

from tests.planted import right, wrong

# -- k_folds ----------------------------------------------------------------------------------------------------------


@wrong("k_folds", says="the folds overlap")
def folds_that_overlap(order, k):
    size = len(order) // k
    pairs = []
    for i in range(k):
        held_out = order[i * size : (i + 1) * size + 1]
        pairs.append((np.setdiff1d(order, held_out), held_out))
    return pairs


@wrong("k_folds", says="forget the remainder")
def folds_without_the_remainder(order, k):
    size = len(order) // k
    cuts = [order[i * size : (i + 1) * size] for i in range(k)]
    return [(np.setdiff1d(order, cut), cut) for cut in cuts]


@wrong("k_folds", says="the model is fitted on all samples")
def folds_fitted_on_all(order, k):
    return [(order, cut) for cut in np.array_split(order, k)]


@wrong("k_folds", says="not from `order`")
def folds_of_places(order, k):
    places = np.arange(len(order))
    return [(np.setdiff1d(places, cut), cut) for cut in np.array_split(places, k)]


@wrong("k_folds", says="the parts are exchanged")
def folds_exchanged(order, k):
    return [(cut, np.setdiff1d(order, cut)) for cut in np.array_split(order, k)]


@wrong("k_folds", says="in one fold; `np.array_split`")
def folds_with_all_the_rest_in_the_last(order, k):
    size = len(order) // k
    cuts = [order[i * size : (i + 1) * size if i < k - 1 else None] for i in range(k)]
    return [(np.setdiff1d(order, cut), cut) for cut in cuts]


@wrong("k_folds", says="that are not held out belong there")
def folds_fitted_on_the_next_alone(order, k):
    cuts = np.array_split(order, k)
    return [(np.concatenate([cuts[i - 1], cuts[i - 2]]), cuts[i]) for i in range(k)]


@right("k_folds")
def folds_by_strides(order, k):
    return [(np.array([j for j in order if j not in order[i::k]]), order[i::k]) for i in range(k)]


@right("k_folds")
def folds_as_lists(order, k):
    order = [int(j) for j in order]
    cuts = [order[i::k] for i in range(k)]
    return [[sum(cuts[:i] + cuts[i + 1 :], []), cuts[i]] for i in range(k)]


@right("k_folds")
def folds_by_a_boolean_mask(order, k):
    places = np.arange(len(order)) * k // len(order)
    return tuple((order[places != i], order[places == i]) for i in range(k))


# -- read_curves ------------------------------------------------------------------------------------------------------


@wrong("read_curves", says="underfits")
def curves_a():
    return "a"


@wrong("read_curves", says="the same curves")
def curves_c():
    return "c"


@wrong("read_curves", says="falls smoothly")
def curves_d():
    return "d"


@right("read_curves")
def curves_capital():
    return "B"


@right("read_curves")
def curves_in_parentheses():
    return "(b)"


# -- early_stopping ---------------------------------------------------------------------------------------------------


@wrong("early_stopping", says="keep the weights of the best one")
def stop_with_the_last(losses, patience):
    last = stop_by_loop(losses, patience)[1]
    return last, last


def stop_by_loop(losses, patience):
    best, wait = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best, wait = epoch, 0
        else:
            wait += 1
        if wait == patience:
            return best, epoch
    return best, len(losses) - 1


@wrong("early_stopping", says="patience is off by one")
def stop_too_late(losses, patience):
    return stop_by_loop(losses, patience + 1)


@wrong("early_stopping", says="patience is off by one")
def stop_too_early(losses, patience):
    return stop_by_loop(losses, max(1, patience - 1))


@wrong("early_stopping", says="an epoch counts from 0")
def stop_counting_from_one(losses, patience):
    best, last = stop_by_loop(losses, patience)
    return best + 1, last + 1


@wrong("early_stopping", says="epochs that come after the stop")
def stop_at_the_minimum_of_all(losses, patience):
    return int(np.argmin(losses)), stop_by_loop(losses, patience)[1]


@wrong("early_stopping", says="the counter must go back to 0")
def stop_without_reset(losses, patience):
    best, wait = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            wait += 1
        if wait == patience:
            return best, epoch
    return best, len(losses) - 1


@wrong("early_stopping", says="an equal loss is no improvement")
def stop_with_ties(losses, patience):
    best, wait = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] <= losses[best]:
            best, wait = epoch, 0
        else:
            wait += 1
        if wait == patience:
            return best, epoch
    return best, len(losses) - 1


@wrong("early_stopping", says="begin with best = 0")
def stop_that_never_keeps_the_first(losses, patience):
    best = 1
    for last in range(1, len(losses)):
        if losses[last] < losses[best]:
            best = last
        if last - best == patience:
            break
    return best, last


@wrong("early_stopping", says="The order of the results is wrong")
def stop_in_reverse(losses, patience):
    return stop_by_loop(losses, patience)[::-1]


@wrong("early_stopping", says="this is the loss; return the epoch")
def stop_with_the_loss(losses, patience):
    best, last = stop_by_loop(losses, patience)
    return losses[best], last


@wrong("early_stopping", says="not with the epoch before")
def stop_by_the_epoch_before(losses, patience):
    best, wait = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1]:
            best, wait = epoch, 0
        else:
            wait += 1
        if wait == patience:
            return best, epoch
    return best, len(losses) - 1


@right("early_stopping")
def stop_by_argmin(losses, patience):
    for last in range(len(losses)):
        best = int(np.argmin(losses[: last + 1]))
        if last - best >= patience:
            break
    return best, last


@right("early_stopping")
def stop_as_an_array(losses, patience):
    best, smallest, epoch = 0, float("inf"), -1
    while epoch + 1 < len(losses) and epoch - best < patience:
        epoch += 1
        if losses[epoch] < smallest:
            best, smallest = epoch, losses[epoch]
    return np.array([best, epoch])


# -- dropout ----------------------------------------------------------------------------------------------------------


@wrong("dropout", says="the rest is not rescaled")
def dropout_not_rescaled(x, u, rate, training):
    return np.where(u < rate, 0, x) if training else x


@wrong("dropout", says="dropout is off at test time")
def dropout_at_test_time(x, u, rate, training):
    return np.where(u < rate, 0, x) / (1 - rate)


@wrong("dropout", says="one mask for all rows")
def dropout_with_one_mask(x, u, rate, training):
    return x * (u[0] >= rate) / (1 - rate) if training else x


@wrong("dropout", says="no factor 1 - rate at test time")
def dropout_scaled_twice(x, u, rate, training):
    return np.where(u < rate, 0, x) / (1 - rate) if training else x * (1 - rate)


@wrong("dropout", says="which is the share that is dropped")
def dropout_of_the_wrong_share(x, u, rate, training):
    return np.where(u < rate, x, 0) / rate if training else x


@wrong("dropout", says="divided by `rate`")
def dropout_divided_by_the_rate(x, u, rate, training):
    return np.where(u < max(rate, 1e-9), 0, x) / max(rate, 1e-9) if training else x


@wrong("dropout", says="not where u equals it")
def dropout_at_the_border(x, u, rate, training):
    return np.where(u <= rate, 0, x) / (1 - rate) if training else x


@wrong("dropout", says="lecture A's slip")
def dropout_as_on_the_slide(x, u, rate, training):
    return np.where(u < rate, 0, x) / (1 - rate) if training else x * rate


@wrong("dropout", says="changes its first argument in place")
def dropout_in_place(x, u, rate, training):
    if training:
        x[u < rate] = 0
        x /= 1 - rate
    return x


@right("dropout")
def dropout_in_tensorflow(x, u, rate, training):
    if not training:
        return tf.constant(x)
    return tf.where(tf.constant(u) < rate, tf.zeros_like(x), x / (1 - rate))


@right("dropout")
def dropout_in_loops(x, u, rate, training):
    rate = rate if training else 0
    pairs = zip(x, u, strict=True)
    return [[a / (1 - rate) if b >= rate else 0.0 for a, b in zip(r, s, strict=True)] for r, s in pairs]


@right("dropout")
def dropout_on_a_copy(x, u, rate, training):
    y = x.copy()
    if training:
        y[u < rate] = 0
        y *= 1 / (1 - rate)
    return y


# -- mean_over_masks --------------------------------------------------------------------------------------------------


@wrong("mean_over_masks", says="this is one network with scaled weights")
def masks_scaled(h, w, b, keep):
    return softmax(h @ w * keep + b, axis=1)


@wrong("mean_over_masks", says="has the probability keep**s")
def masks_all_equal(h, w, b, keep):
    masks = list(itertools.product([0, 1], repeat=h.shape[1]))
    return sum(softmax((h * mask) @ w + b, axis=1) for mask in masks) / len(masks)


@wrong("mean_over_masks", says="this is the mean of the logits")
def masks_of_logits(h, w, b, keep):
    return keep * h @ w + b


@wrong("mean_over_masks", says="the kept units are rescaled here")
def masks_inverted(h, w, b, keep):
    return masks_weighted(h / keep, w, b, keep)


def masks_weighted(h, w, b, keep):
    mean = 0
    for mask in itertools.product([0, 1], repeat=h.shape[1]):
        chance = keep ** sum(mask) * (1 - keep) ** (len(mask) - sum(mask))
        mean = mean + chance * softmax((h * mask) @ w + b, axis=1)
    return mean


@wrong("mean_over_masks", says="the bias is missing")
def masks_without_bias(h, w, b, keep):
    return masks_weighted(h, w, 0, keep)


@wrong("mean_over_masks", says="keep and 1 - keep are exchanged")
def masks_exchanged(h, w, b, keep):
    return masks_weighted(h, w, b, 1 - keep)


@wrong("mean_over_masks", says="over all numbers together")
def masks_with_one_softmax(h, w, b, keep):
    mean = 0
    for mask in itertools.product([0, 1], repeat=h.shape[1]):
        chance = keep ** sum(mask) * (1 - keep) ** (len(mask) - sum(mask))
        mean = mean + chance * softmax((h * mask) @ w + b)
    return mean


@wrong("mean_over_masks", says="must be weighted")
def masks_summed(h, w, b, keep):
    return sum(softmax((h * mask) @ w + b, axis=1) for mask in itertools.product([0, 1], repeat=h.shape[1]))


@wrong("mean_over_masks", says="is only one of the masks")
def masks_of_one(h, w, b, keep):
    return softmax(h @ w + b, axis=1)


@right("mean_over_masks")
def masks_by_recursion(h, w, b, keep):
    def mean(h, unit):
        if unit < 0:
            return softmax(h @ w + b, axis=1)
        off = h.copy()
        off[:, unit] = 0
        return keep * mean(h, unit - 1) + (1 - keep) * mean(off, unit - 1)

    return mean(h, h.shape[1] - 1)


@right("mean_over_masks")
def masks_in_tensorflow(h, w, b, keep):
    d = h.shape[1]
    masks = np.array([[(k >> j) % 2 for j in range(d)] for k in range(2**d)], np.float32)
    chance = np.prod(np.where(masks, keep, 1 - keep), axis=1)
    outputs = tf.nn.softmax(tf.einsum("nd,md,dk->mnk", h.astype("float32"), masks, w.astype("float32")) + b)
    return tf.einsum("m,mnk->nk", chance.astype("float32"), tf.cast(outputs, tf.float32))


# -- decay_step -------------------------------------------------------------------------------------------------------


@wrong("decay_step", says="the bias decays here")
def decay_of_the_bias(w, b, grad_w, grad_b, rate, decay):
    return w - rate * (grad_w + decay * w), b - rate * (grad_b + decay * b)


@wrong("decay_step", says="the penalty is missing")
def decay_forgotten(w, b, grad_w, grad_b, rate, decay):
    return w - rate * grad_w, b - rate * grad_b


@wrong("decay_step", says="the derivative of decay / 2 * w**2")
def decay_doubled(w, b, grad_w, grad_b, rate, decay):
    return w - rate * (grad_w + 2 * decay * w), b - rate * grad_b


@wrong("decay_step", says="the learning rate also multiplies the decay")
def decay_without_rate(w, b, grad_w, grad_b, rate, decay):
    return w - rate * grad_w - decay * w, b - rate * grad_b


@wrong("decay_step", says="the weights grow")
def decay_upwards(w, b, grad_w, grad_b, rate, decay):
    return w - rate * grad_w + rate * decay * w, b - rate * grad_b


@wrong("decay_step", says="that of L1")
def decay_of_l1(w, b, grad_w, grad_b, rate, decay):
    return w - rate * (grad_w + decay * np.sign(w)), b - rate * grad_b


@wrong("decay_step", says="the weights after the step")
def decay_after_the_step(w, b, grad_w, grad_b, rate, decay):
    w = w - rate * grad_w
    return w - rate * decay * w, b - rate * grad_b


@wrong("decay_step", says="changes its first argument in place")
def decay_in_place(w, b, grad_w, grad_b, rate, decay):
    w -= rate * (grad_w + decay * w)
    return w, b - rate * grad_b


@right("decay_step")
def decay_as_a_factor(w, b, grad_w, grad_b, rate, decay):
    return [(1 - rate * decay) * w - rate * grad_w, b - rate * grad_b]


@right("decay_step")
def decay_by_tape(w, b, grad_w, grad_b, rate, decay):
    w, b = tf.Variable(w), tf.Variable(b)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * grad_w) + tf.reduce_sum(b * grad_b) + decay / 2 * tf.reduce_sum(w**2)
    at_w, at_b = tape.gradient(loss, [w, b])
    return w - rate * at_w, b - rate * at_b


# -- moved ----------------------------------------------------------------------------------------------------------


@wrong("moved", says="comes back at the other")
def shift_by_roll(images, down, right):
    return np.roll(images, (down, right), axis=(1, 2))


def shift_by_pixels(images, down, right):
    result = np.zeros_like(images)
    height, width = images.shape[1:]
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                result[:, i, j] = images[:, i - down, j - right]
    return result


@wrong("moved", says="rows and columns are exchanged")
def shift_exchanged(images, down, right):
    return shift_by_pixels(images, right, down)


@wrong("moved", says="up and down, left and right are exchanged")
def shift_turned(images, down, right):
    return shift_by_pixels(images, -down, -right)


@wrong("moved", says="`right` is not used")
def shift_of_rows(images, down, right):
    return shift_by_pixels(images, down, 0)


@wrong("moved", says="the border is repeated")
def shift_with_edges(images, down, right):
    height, width = images.shape[1:]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return images[:, rows][:, :, columns]


@wrong("moved", says="changes its first argument in place")
def shift_in_place(images, down, right):
    images[:] = shift_by_pixels(images, down, right)
    return images


@right("moved")
def shift_pixel_by_pixel(images, down, right):
    return shift_by_pixels(images, down, right).tolist()


@right("moved")
def shift_by_padding_in_tensorflow(images, down, right):
    height, width = images.shape[1:]
    padded = tf.pad(tf.cast(images, tf.float32), [[0, 0], [height, height], [width, width]])
    return padded[:, height - down : 2 * height - down, width - right : 2 * width - right]


@right("moved")
def shift_by_roll_and_erase(images, down, right):
    result = np.roll(images, (down, right), axis=(1, 2))
    if down:
        result[:, slice(0, down) if down > 0 else slice(down, None)] = 0
    if right:
        result[:, :, slice(0, right) if right > 0 else slice(right, None)] = 0
    return result


# -- recoloured -------------------------------------------------------------------------------------------------------

GREY = np.array([0.299, 0.587, 0.114])


def colours(pictures, brightness, contrast, saturation, axis=(1, 2)):
    """Right, with the axes of the mean as an option, and not clipped."""
    grey = (pictures @ GREY)[..., None]
    mixed = saturation * pictures + (1 - saturation) * grey
    mean = mixed.mean(axis=axis, keepdims=True)
    return mean + contrast * (mixed - mean) + brightness


@wrong("recoloured", says="are not clipped")
def colours_not_clipped(pictures, brightness, contrast, saturation):
    return colours(pictures, brightness, contrast, saturation)


@wrong("recoloured", says="clip once, at the end")
def colours_clipped_on_the_way(pictures, brightness, contrast, saturation):
    return np.clip(np.clip(colours(pictures, 0, contrast, saturation), 0, 1) + brightness, 0, 1)


@wrong("recoloured", says="the mean is that of all pictures")
def colours_by_the_mean_of_all_pictures(pictures, brightness, contrast, saturation):
    return np.clip(colours(pictures, brightness, contrast, saturation, axis=(0, 1, 2)), 0, 1)


@wrong("recoloured", says="the mean is taken over the colours too")
def colours_by_one_mean_a_picture(pictures, brightness, contrast, saturation):
    return np.clip(colours(pictures, brightness, contrast, saturation, axis=(1, 2, 3)), 0, 1)


@wrong("recoloured", says="their distance from the mean")
def colours_multiplied(pictures, brightness, contrast, saturation):
    return np.clip(contrast * colours(pictures, 0, 1, saturation) + brightness, 0, 1)


@wrong("recoloured", says="brightness multiplies here")
def colours_in_multiplied_light(pictures, brightness, contrast, saturation):
    return np.clip(colours(pictures, 0, contrast, saturation) * (1 + brightness), 0, 1)


@wrong("recoloured", says="1 - saturation that of the grey")
def colours_turned(pictures, brightness, contrast, saturation):
    return np.clip(colours(pictures, brightness, contrast, 1 - saturation), 0, 1)


@wrong("recoloured", says="the eye sees green")
def colours_with_plain_grey(pictures, brightness, contrast, saturation):
    grey = pictures.mean(axis=3, keepdims=True)
    return np.clip(colours(grey + saturation * (pictures - grey), brightness, contrast, 1), 0, 1)


@wrong("recoloured", says="red, green and blue in this order")
def colours_read_backwards(pictures, brightness, contrast, saturation):
    return np.clip(colours(pictures[..., ::-1], brightness, contrast, saturation)[..., ::-1], 0, 1)


@wrong("recoloured", says="changes its first argument in place")
def colours_in_place(pictures, brightness, contrast, saturation):
    pictures[:] = np.clip(colours(pictures, brightness, contrast, saturation), 0, 1)
    return pictures


@right("recoloured")
def colours_in_tensorflow(pictures, brightness, contrast, saturation):
    pictures = tf.image.adjust_contrast(tf.constant(pictures) + brightness, contrast)
    grey = tf.image.rgb_to_grayscale(pictures)
    return tf.clip_by_value(saturation * pictures + (1 - saturation) * grey, 0, 1)


@right("recoloured")
def colours_picture_by_picture(pictures, brightness, contrast, saturation):
    changed = []
    for picture in pictures:
        r, g, b = (picture[..., k] for k in range(3))
        grey = 0.299 * r + 0.587 * g + 0.114 * b
        channels = [saturation * c + (1 - saturation) * grey for c in (r, g, b)]
        channels = [c.mean() + contrast * (c - c.mean()) + brightness for c in channels]
        changed.append(np.minimum(1, np.maximum(0, np.stack(channels, axis=-1))))
    return changed


# -- batch_norm -------------------------------------------------------------------------------------------------------


def normal(x, gamma, beta, mean, var, training, momentum, eps, now):
    """Batch normalisation with the batch's statistics given."""
    if training:
        y = gamma * (x - now[0]) / np.sqrt(now[1] + eps) + beta
        return y, momentum * mean + (1 - momentum) * now[0], momentum * var + (1 - momentum) * now[1]
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, mean, var


@wrong("batch_norm", says="divides by n, not by n - 1")
def norm_unbiased(x, gamma, beta, mean, var, training, momentum, eps):
    now = x.mean(axis=0), x.var(axis=0, ddof=1) if training else 1
    return normal(x, gamma, beta, mean, var, training, momentum, eps, now)


@wrong("batch_norm", says="the wrong axis")
def norm_over_features(x, gamma, beta, mean, var, training, momentum, eps):
    if not training:
        return gamma * (x - mean) / np.sqrt(var + eps) + beta, mean, var
    m, v = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, mean, var


@wrong("batch_norm", says="gamma and beta are exchanged")
def norm_exchanged(x, gamma, beta, mean, var, training, momentum, eps):
    return normal(x, beta, gamma, mean, var, training, momentum, eps, (x.mean(axis=0), x.var(axis=0)))


@wrong("batch_norm", says="updated in inference")
def norm_learning_in_inference(x, gamma, beta, mean, var, training, momentum, eps):
    now = x.mean(axis=0), x.var(axis=0)
    y, *_ = normal(x, gamma, beta, mean, var, training, momentum, eps, now)
    return y, momentum * mean + (1 - momentum) * now[0], momentum * var + (1 - momentum) * now[1]


@wrong("batch_norm", says="momentum is the share of the old average")
def norm_with_momentum_turned(x, gamma, beta, mean, var, training, momentum, eps):
    return normal(x, gamma, beta, mean, var, training, 1 - momentum, eps, (x.mean(axis=0), x.var(axis=0)))


@wrong("batch_norm", says="not the batch's own")
def norm_by_the_batch_always(x, gamma, beta, mean, var, training, momentum, eps):
    now = x.mean(axis=0), x.var(axis=0)
    y = gamma * (x - now[0]) / np.sqrt(now[1] + eps) + beta
    return y, *normal(x, gamma, beta, mean, var, training, momentum, eps, now)[1:]


@wrong("batch_norm", says="not the running ones")
def norm_by_running_always(x, gamma, beta, mean, var, training, momentum, eps):
    now = x.mean(axis=0), x.var(axis=0)
    y = gamma * (x - mean) / np.sqrt(var + eps) + beta
    return y, *normal(x, gamma, beta, mean, var, training, momentum, eps, now)[1:]


@wrong("batch_norm", says="that of the whole batch")
def norm_by_one_variance(x, gamma, beta, mean, var, training, momentum, eps):
    return normal(x, gamma, beta, mean, var, training, momentum, eps, (x.mean(axis=0), x.var()))


@wrong("batch_norm", says="The order of the results is wrong")
def norm_in_another_order(x, gamma, beta, mean, var, training, momentum, eps):
    y, mean, var = norm_by_moments(x, gamma, beta, mean, var, training, momentum, eps)
    return mean, var, y


@wrong("batch_norm", says="the root of the variance")
def norm_divided_by_the_variance(x, gamma, beta, mean, var, training, momentum, eps):
    m, v = (x.mean(axis=0), x.var(axis=0)) if training else (mean, var)
    y = gamma * (x - m) / (v + eps) + beta
    if not training:
        return y, mean, var
    return y, momentum * mean + (1 - momentum) * m, momentum * var + (1 - momentum) * v


@right("batch_norm")
def norm_by_moments(x, gamma, beta, mean, var, training, momentum, eps):
    if not training:
        return tf.nn.batch_normalization(x, mean, var, beta, gamma, eps), mean, var
    m, v = tf.nn.moments(tf.constant(x), axes=[0])
    y = tf.nn.batch_normalization(x, m, v, beta, gamma, eps)
    return y, mean + (1 - momentum) * (m - mean), var + (1 - momentum) * (v - var)


@right("batch_norm")
def norm_column_by_column(x, gamma, beta, mean, var, training, momentum, eps):
    columns, means, variances = [], list(mean), list(var)
    for j, column in enumerate(x.T):
        m, v = mean[j], var[j]
        if training:
            m = sum(column) / len(column)
            v = sum((a - m) ** 2 for a in column) / len(column)
            means[j] = momentum * mean[j] + (1 - momentum) * m
            variances[j] = momentum * var[j] + (1 - momentum) * v
        columns.append([gamma[j] * (a - m) / (v + eps) ** 0.5 + beta[j] for a in column])
    return np.transpose(columns), means, variances


# -- batch_norm_backward ----------------------------------------------------------------------------------------------


def three(grad_y, x, gamma, eps, at_inputs):
    """`at_inputs` with the right gradients of gamma and beta."""
    hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return at_inputs, (grad_y * hat).sum(axis=0), grad_y.sum(axis=0)


def parts(grad_y, x, gamma, eps):
    """x_hat, the standard deviation and the gradient at x_hat."""
    spread = np.sqrt(x.var(axis=0) + eps)
    return (x - x.mean(axis=0)) / spread, spread, grad_y * gamma


@wrong("batch_norm_backward", says="the way through the variance is forgotten")
def backward_without_variance(grad_y, x, gamma, eps):
    _, spread, g = parts(grad_y, x, gamma, eps)
    return three(grad_y, x, gamma, eps, (g - g.mean(axis=0)) / spread)


@wrong("batch_norm_backward", says="the way through the mean is forgotten")
def backward_without_mean(grad_y, x, gamma, eps):
    hat, spread, g = parts(grad_y, x, gamma, eps)
    return three(grad_y, x, gamma, eps, (g - hat * (g * hat).mean(axis=0)) / spread)


@wrong("batch_norm_backward", says="both ways through the statistics")
def backward_with_constant_statistics(grad_y, x, gamma, eps):
    _, spread, g = parts(grad_y, x, gamma, eps)
    return three(grad_y, x, gamma, eps, g / spread)


@wrong("batch_norm_backward", says="gamma is missing")
def backward_without_gamma(grad_y, x, gamma, eps):
    hat, spread, _ = parts(grad_y, x, gamma, eps)
    at_inputs = (grad_y - grad_y.mean(axis=0) - hat * (grad_y * hat).mean(axis=0)) / spread
    return three(grad_y, x, gamma, eps, at_inputs)


@wrong("batch_norm_backward", says="gamma and beta are exchanged")
def backward_exchanged(grad_y, x, gamma, eps):
    at_inputs, at_gamma, at_beta = backward_by_tape(grad_y, x, gamma, eps)
    return at_inputs, at_beta, at_gamma


@wrong("batch_norm_backward", says="not by m - 1")
def backward_unbiased(grad_y, x, gamma, eps):
    m, centred, var = len(x), x - x.mean(axis=0), x.var(axis=0, ddof=1) + eps
    g = grad_y * gamma
    at_var = (g * centred).sum(axis=0) * -0.5 * var**-1.5
    at_mean = -g.sum(axis=0) / np.sqrt(var)
    return three(grad_y, x, gamma, eps, g / np.sqrt(var) + at_var * 2 * centred / m + at_mean / m)


@wrong("batch_norm_backward", says="not grad_y * x")
def backward_with_x_for_gamma(grad_y, x, gamma, eps):
    at_inputs, _, at_beta = backward_by_tape(grad_y, x, gamma, eps)
    return at_inputs, (grad_y * x).sum(axis=0), at_beta


@wrong("batch_norm_backward", says="The order of the results is wrong")
def backward_in_another_order(grad_y, x, gamma, eps):
    at_inputs, at_gamma, at_beta = backward_by_tape(grad_y, x, gamma, eps)
    return at_gamma, at_beta, at_inputs


@wrong("batch_norm_backward", says="do not average")
def backward_averaged(grad_y, x, gamma, eps):
    at_inputs, at_gamma, at_beta = backward_by_tape(grad_y, x, gamma, eps)
    return at_inputs, at_gamma / len(x), at_beta / len(x)


@right("batch_norm_backward")
def backward_by_tape(grad_y, x, gamma, eps):
    x, gamma = tf.Variable(x), tf.Variable(gamma)
    with tf.GradientTape() as tape:
        centred = x - tf.reduce_mean(x, axis=0)
        hat = centred / tf.sqrt(tf.reduce_mean(centred**2, axis=0) + eps)
        loss = tf.reduce_sum(gamma * hat * grad_y)
    return *tape.gradient(loss, [x, gamma]), tf.reduce_sum(grad_y, axis=0)


@right("batch_norm_backward")
def backward_with_the_whole_mean_term(grad_y, x, gamma, eps):
    m, centred, var = len(x), x - x.mean(axis=0), x.var(axis=0) + eps
    g = np.einsum("nd,d->nd", grad_y, gamma)
    at_var = -np.einsum("nd,nd->d", g, centred) / 2 * var**-1.5
    at_mean = -g.sum(axis=0) / np.sqrt(var) + at_var * np.mean(-2 * centred, axis=0)
    at_inputs = g / np.sqrt(var) + at_var * 2 * centred / m + at_mean / m
    return [at_inputs, np.einsum("nd,nd->d", grad_y, centred) / np.sqrt(var), grad_y.sum(axis=0)]


# -- batch_norm_gradient ----------------------------------------------------------------------------------------------


@wrong("batch_norm_gradient", says="the way through the variance is forgotten")
def short_without_variance(grad_y, x_hat, var, gamma, eps):
    return gamma / np.sqrt(var + eps) * (grad_y - grad_y.mean(axis=0))


@wrong("batch_norm_gradient", says="the way through the mean is forgotten")
def short_without_mean(grad_y, x_hat, var, gamma, eps):
    return gamma / np.sqrt(var + eps) * (grad_y - x_hat * (grad_y * x_hat).mean(axis=0))


@wrong("batch_norm_gradient", says="gamma is missing")
def short_without_gamma(grad_y, x_hat, var, gamma, eps):
    return (grad_y - grad_y.mean(axis=0) - x_hat * (grad_y * x_hat).mean(axis=0)) / np.sqrt(var + eps)


@wrong("batch_norm_gradient", says="lack the factor 1 / m")
def short_with_sums(grad_y, x_hat, var, gamma, eps):
    return gamma / np.sqrt(var + eps) * (grad_y - grad_y.sum(axis=0) - x_hat * (grad_y * x_hat).sum(axis=0))


@wrong("batch_norm_gradient", says="means over the wrong axis")
def short_over_features(grad_y, x_hat, var, gamma, eps):
    g = grad_y * gamma
    along = x_hat * (g * x_hat).mean(axis=1, keepdims=True)
    return (g - g.mean(axis=1, keepdims=True) - along) / np.sqrt(var + eps)


@wrong("batch_norm_gradient", says="x_hat is missing outside the mean")
def short_without_x_hat(grad_y, x_hat, var, gamma, eps):
    return gamma / np.sqrt(var + eps) * (grad_y - grad_y.mean(axis=0) - (grad_y * x_hat).mean(axis=0))


@wrong("batch_norm_gradient", says="eps is missing under the root")
def short_without_eps(grad_y, x_hat, var, gamma, eps):
    return gamma / np.sqrt(var) * (grad_y - grad_y.mean(axis=0) - x_hat * (grad_y * x_hat).mean(axis=0))


@right("batch_norm_gradient")
def short_by_projection(grad_y, x_hat, var, gamma, eps):
    m, columns = len(x_hat), []
    for g, hat, v, c in zip(grad_y.T, x_hat.T, var, gamma, strict=True):
        jacobian = np.eye(m) - np.ones((m, m)) / m - np.outer(hat, hat) / m
        columns.append(c / (v + eps) ** 0.5 * jacobian @ g)
    return np.transpose(columns)


@right("batch_norm_gradient")
def short_in_float32_tensors(grad_y, x_hat, var, gamma, eps):
    g, hat = (tf.cast(a, tf.float32) for a in (grad_y * gamma, x_hat))
    slope = g - tf.reduce_mean(g, axis=0) - hat * tf.reduce_mean(g * hat, axis=0)
    return slope / tf.sqrt(tf.cast(var, tf.float32) + eps)


# -- best_of ----------------------------------------------------------------------------------------------------


@wrong("best_of", says="an accuracy divides by n")
def best_in_images(m, n, p):
    return np.sum(1 - binom.cdf(np.arange(n), n, p) ** m)


@wrong("best_of", says="this is the mean of one network")
def best_of_one(m, n, p):
    return p


@wrong("best_of", says="this is the optimism: add p")
def best_minus_p(m, n, p):
    return np.sum(1 - binom.cdf(np.arange(n), n, p) ** m) / n - p


@wrong("best_of", says="this is the smallest of the m")
def best_as_the_worst(m, n, p):
    return np.sum((1 - binom.cdf(np.arange(n), n, p)) ** m) / n


@wrong("best_of", says="rule of thumb")
def best_by_the_rule_of_thumb(m, n, p):
    return p + np.sqrt(2 * np.log(m) * p * (1 - p) / n)


@wrong("best_of", says="the chance that the best has more than k")
def best_without_one_minus(m, n, p):
    return np.sum(binom.cdf(np.arange(n), n, p) ** m) / n


@wrong("best_of", says="the term k = 0 is missing")
def best_from_one(m, n, p):
    return np.sum(1 - binom.cdf(np.arange(1, n), n, p) ** m) / n


@right("best_of")
def best_by_differences(m, n, p):
    whole = np.concatenate([[0.0], binom.cdf(np.arange(n + 1), n, p) ** m])
    return float(np.sum(np.diff(whole) * np.arange(n + 1)) / n)


@right("best_of")
def best_by_survival(m, n, p):
    total = 0.0
    for k in range(n):
        total += 1 - (1 - binom.sf(k, n, p)) ** m
    return tf.constant(total / n)
