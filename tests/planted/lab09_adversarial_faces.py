"""Planted answers for lab 09: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf

from tests.planted import right, wrong

# -- pixel_gradient ---------------------------------------------------------------------------------------------------


def _entropy(labels, logits):
    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def _gradient(model, images, labels, training=False, loss=_entropy, total=tf.reduce_sum):
    images = tf.convert_to_tensor(np.asarray(images, "float32"))
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = total(loss(labels, model(images, training=training)))
    return tape.gradient(value, images).numpy()


@wrong("pixel_gradient", says="gradient with respect to the weights")
def gradient_of_the_weights(model, images, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(_entropy(labels, model(images)))
    return tape.gradient(loss, model.trainable_variables)


@wrong("pixel_gradient", says="gradient with respect to the weights")
def gradient_of_the_first_weights(model, images, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(_entropy(labels, model(images)))
    return tape.gradient(loss, model.trainable_variables)[0]


@wrong("pixel_gradient", says="the tape did not watch the images")
def gradient_unwatched(model, images, labels):
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(_entropy(labels, model(images)))
    return tape.gradient(loss, images)


@wrong("pixel_gradient", says="averaged over the batch")
def gradient_of_the_mean(model, images, labels):
    return _gradient(model, images, labels, total=tf.reduce_mean)


@wrong("pixel_gradient", says="dropout is active")
def gradient_in_training_mode(model, images, labels):
    return _gradient(model, images, labels, training=True)


@wrong("pixel_gradient", says="from_logits=True is missing")
def gradient_without_from_logits(model, images, labels):
    return _gradient(model, images, labels, loss=keras.losses.sparse_categorical_crossentropy)


def _entropy_of_softmax(labels, logits):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.nn.softmax(logits))


@wrong("pixel_gradient", says="softmax is applied twice")
def gradient_with_two_softmaxes(model, images, labels):
    return _gradient(model, images, labels, loss=_entropy_of_softmax)


@wrong("pixel_gradient", says="label's logit")
def gradient_of_the_logit(model, images, labels):
    return _gradient(model, images, labels, loss=lambda y, z: tf.gather(z, y, batch_dims=1))


@wrong("pixel_gradient", says="label's probability")
def gradient_of_the_probability(model, images, labels):
    return _gradient(model, images, labels, loss=lambda y, z: tf.gather(tf.nn.softmax(z), y, batch_dims=1))


@wrong("pixel_gradient", says="this is the sign of the gradient")
def gradient_sign_only(model, images, labels):
    return np.sign(_gradient(model, images, labels))


@wrong("pixel_gradient", says="the tape saw nothing")
def gradient_through_numpy(model, images, labels):
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        z = np.asarray(model(images))
        loss = np.sum(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels])
    return tape.gradient(loss, images)


@wrong("pixel_gradient", says="model.predict broke the chain")
def gradient_through_predict(model, images, labels):
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.reduce_sum(_entropy(labels, tf.constant(model.predict(images, verbose=0))))
    return tape.gradient(loss, images)


@wrong("pixel_gradient", says="this is the gradient of the largest logit, not of the loss")
def gradient_of_the_largest_logit(model, images, labels):
    return _gradient(model, images, labels, loss=lambda y, z: tf.reduce_max(z, axis=1))


@wrong("pixel_gradient", says="the sign is flipped")
def gradient_negated(model, images, labels):
    return -_gradient(model, images, labels)


@wrong("pixel_gradient", says="the absolute value loses which way to go")
def gradient_in_size_only(model, images, labels):
    return np.abs(_gradient(model, images, labels))


@wrong("pixel_gradient", says="the gradients of all pictures are added up")
def gradient_summed_over_pictures(model, images, labels):
    return _gradient(model, images, labels).sum(axis=0)


@wrong("pixel_gradient", says="this is the loss of the answer that the model finds likeliest")
def gradient_of_the_likeliest(model, images, labels):
    return _gradient(model, images, np.asarray(model(images)).argmax(axis=1))


@wrong("pixel_gradient", says="an axis that should stay is gone")
def gradient_grey(model, images, labels):
    return _gradient(model, images, labels).mean(axis=-1)


@wrong("pixel_gradient", says="each picture's gradient was divided by its length")
def gradient_of_unit_length(model, images, labels):
    g = _gradient(model, images, labels)
    return g / np.sqrt((g**2).sum(axis=(1, 2, 3), keepdims=True))


@wrong("pixel_gradient", says="a list or tuple of 2 items")
def gradient_and_loss(model, images, labels):
    return np.float32(1.0), _gradient(model, images, labels)


@wrong("pixel_gradient", says="this is the gradient of the squared error")
def gradient_of_the_squared_error(model, images, labels):
    return _gradient(
        model, images, labels, loss=lambda y, z: tf.reduce_sum((tf.nn.softmax(z) - tf.one_hot(y, z.shape[1])) ** 2, 1)
    )


@right("pixel_gradient")
def gradient_with_a_variable(model, images, labels):
    pixels = tf.Variable(images)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(pixels, training=False)))
    return tape.gradient(loss, pixels)


@right("pixel_gradient")
def gradient_picture_by_picture(model, images, labels):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rows = []
    for image, label in zip(images, labels, strict=True):
        image = tf.constant(image[None])
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = loss(np.array([label]), model(image, training=False))
        rows.append(tape.gradient(value, image)[0].numpy().tolist())
    return rows


@right("pixel_gradient")
def gradient_without_a_sum(model, images, labels):
    images = tf.cast(images, tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        losses = -tf.gather(tf.nn.log_softmax(model(images)), labels, batch_dims=1)
    return tape.gradient(losses, images)


# -- fgsm -------------------------------------------------------------------------------------------------------------


@wrong("fgsm", says="the sign is missing")
def fgsm_without_sign(model, images, labels, epsilon):
    return np.clip(images + epsilon * _gradient(model, images, labels), 0, 1)


@wrong("fgsm", says="this goes down the loss")
def fgsm_downhill(model, images, labels, epsilon):
    return np.clip(images - epsilon * np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("fgsm", says="a picture has no colour darker than black")
def fgsm_unclipped(model, images, labels, epsilon):
    return images + epsilon * np.sign(_gradient(model, images, labels))


@wrong("fgsm", says="clipping to [0, 255]")
def fgsm_clipped_to_bytes(model, images, labels, epsilon):
    return np.clip(images + epsilon * np.sign(_gradient(model, images, labels)), 0, 255)


@wrong("fgsm", says="the range is not [-1, 1]")
def fgsm_clipped_to_minus_one(model, images, labels, epsilon):
    return np.clip(images + epsilon * np.sign(_gradient(model, images, labels)), -1, 1)


@wrong("fgsm", says="this is the perturbation alone")
def fgsm_perturbation_only(model, images, labels, epsilon):
    return epsilon * np.sign(_gradient(model, images, labels))


@wrong("fgsm", says="dropout is active")
def fgsm_with_dropout(model, images, labels, epsilon):
    return np.clip(images + epsilon * np.sign(_gradient(model, images, labels, training=True)), 0, 1)


@wrong("fgsm", says="divided by its length")
def fgsm_normalised(model, images, labels, epsilon):
    g = _gradient(model, images, labels)
    return np.clip(images + epsilon * g / np.sqrt((g**2).sum(axis=(1, 2, 3), keepdims=True)), 0, 1)


@wrong("fgsm", says="divided by its largest entry")
def fgsm_by_the_largest_entry(model, images, labels, epsilon):
    g = _gradient(model, images, labels)
    return np.clip(images + epsilon * g / np.abs(g).max(axis=(1, 2, 3), keepdims=True), 0, 1)


@wrong("fgsm", says="do not divide it by 255")
def fgsm_with_small_epsilon(model, images, labels, epsilon):
    return np.clip(images + epsilon / 255 * np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("fgsm", says="a pixel whose gradient is 0 stays as it is")
def fgsm_with_everything_moved(model, images, labels, epsilon):
    return np.clip(images + np.where(_gradient(model, images, labels) > 0, epsilon, -epsilon), 0, 1)


@wrong("fgsm", says="ε is missing")
def fgsm_without_epsilon(model, images, labels, epsilon):
    return np.clip(images + np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("fgsm", says="ε is divided by the sign")
def fgsm_divided(model, images, labels, epsilon):
    with np.errstate(all="ignore"):
        return np.clip(images + epsilon / np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("fgsm", says="the perturbation was clipped to [0, 1], so no pixel gets darker")
def fgsm_of_brightening_only(model, images, labels, epsilon):
    return np.clip(images + epsilon * (_gradient(model, images, labels) > 0), 0, 1)


@wrong("fgsm", says="this is the gradient")
def fgsm_of_the_gradient_itself(model, images, labels, epsilon):
    return _gradient(model, images, labels)


@wrong("fgsm", says="the perturbation was clipped to [0, 1], so no pixel gets darker")
def fgsm_clipped_perturbation(model, images, labels, epsilon):
    return images + np.clip(epsilon * np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("fgsm", says="the result was stretched to fill [0, 1]")
def fgsm_rescaled(model, images, labels, epsilon):
    moved = images + epsilon * np.sign(_gradient(model, images, labels))
    return (moved - moved.min()) / (moved.max() - moved.min())


@wrong("fgsm", says="the step is half of ε")
def fgsm_in_half_steps(model, images, labels, epsilon):
    return np.clip(images + epsilon / 2 * np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("fgsm", says="nothing changed")
def fgsm_unchanged(model, images, labels, epsilon):
    return images


@right("fgsm")
def fgsm_in_tensorflow(model, images, labels, epsilon):
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        loss = tf.reduce_mean(_entropy(labels, model(images, training=False)))
    return tf.clip_by_value(images + epsilon * tf.sign(tape.gradient(loss, images)), 0.0, 1.0)


@right("fgsm")
def fgsm_by_cases(model, images, labels, epsilon):
    g = _gradient(model, images, labels)
    up, down = np.minimum(images + epsilon, 1), np.maximum(images - epsilon, 0)
    return np.where(g > 0, up, np.where(g < 0, down, images)).astype("float64")


# -- noise_of_equal_norm ----------------------------------------------------------------------------------------------


def _length(x, axis=(1, 2, 3)):
    return np.sqrt((x**2).sum(axis=axis, keepdims=True))


@wrong("noise_of_equal_norm", says="the length was taken over the whole batch")
def noise_of_the_batch(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * np.linalg.norm(perturbation) / np.linalg.norm(noise)


@wrong("noise_of_equal_norm", says="the noise was not rescaled")
def noise_not_rescaled(perturbation, seed):
    return np.random.default_rng(seed).normal(size=perturbation.shape)


@wrong("noise_of_equal_norm", says="the noise has length 1")
def noise_of_length_one(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise / _length(noise)


@wrong("noise_of_equal_norm", says="the largest values are equal")
def noise_of_equal_maximum(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    axes = (1, 2, 3)
    return noise * np.abs(perturbation).max(axis=axes, keepdims=True) / np.abs(noise).max(axis=axes, keepdims=True)


@wrong("noise_of_equal_norm", says="right on average only")
def noise_of_equal_spread(perturbation, seed):
    spread = np.sqrt((perturbation**2).mean(axis=(1, 2, 3), keepdims=True))
    return np.random.default_rng(seed).normal(scale=spread, size=perturbation.shape)


@wrong("noise_of_equal_norm", says="mixed across the pictures")
def noise_by_permutation(perturbation, seed):
    return np.random.default_rng(seed).permuted(perturbation, axis=None)


@wrong("noise_of_equal_norm", says="each perturbation has its own")
def noise_of_signs(perturbation, seed):
    return np.random.default_rng(seed).choice([-1, 1], size=perturbation.shape) * np.abs(perturbation).mean()


@wrong("noise_of_equal_norm", says="no values below 0")
def noise_that_brightens(perturbation, seed):
    noise = np.random.default_rng(seed).random(size=perturbation.shape)
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="one noise is used")
def noise_the_same_for_all(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation[:1].shape)
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="the seed is not used")
def noise_without_seed(perturbation, seed):
    noise = np.random.default_rng(0).normal(size=perturbation.shape)
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="The same seed should give the same noise")
def noise_never_the_same(perturbation, seed):
    noise = np.random.default_rng().normal(size=perturbation.shape)
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="it is uniform")
def noise_uniform(perturbation, seed):
    noise = np.random.default_rng(seed).uniform(-1, 1, size=perturbation.shape)
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="the lengths were taken for each row, sum over axes 1, 2 and 3")
def noise_of_random_signs(perturbation, seed):
    return perturbation * np.random.default_rng(seed).choice([-1, 1], size=perturbation.shape)


@wrong("noise_of_equal_norm", says="the lengths were taken for each row, sum over axes 1, 2 and 3")
def noise_shuffled(perturbation, seed):
    rng = np.random.default_rng(seed)
    return np.stack([rng.permutation(p.ravel()).reshape(p.shape) for p in perturbation])


@wrong("noise_of_equal_norm", says="the lengths were taken for each channel, sum over axes 1, 2 and 3")
def noise_grey(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=(*perturbation.shape[:3], 1)) + 0 * perturbation
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="the lengths were taken for each channel, sum over axes 1, 2 and 3")
def noise_channel_by_channel(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * _length(perturbation, (1, 2)) / _length(noise, (1, 2))


@wrong("noise_of_equal_norm", says="the lengths were taken for each row, sum over axes 1, 2 and 3")
def noise_row_by_row(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * _length(perturbation, (2, 3)) / _length(noise, (2, 3))


@wrong("noise_of_equal_norm", says="the lengths were taken for each column, sum over axes 1, 2 and 3")
def noise_along_the_columns(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * _length(perturbation, 1) / _length(noise, 1)


@wrong("noise_of_equal_norm", says="points along the perturbation")
def noise_on_top(perturbation, seed):
    noise = perturbation + np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="one noise is used for all pictures, or it has no values below 0")
def noise_in_one_pixel(perturbation, seed):
    noise = np.zeros_like(perturbation)
    noise[:, 0, 0, :1] = np.random.default_rng(seed).normal(size=(len(noise), 1))
    return noise * _length(perturbation) / _length(noise)


@wrong("noise_of_equal_norm", says="the lengths were taken for each row, sum over axes 1, 2 and 3")
def noise_with_the_size_of_each_value(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * np.abs(perturbation) / np.abs(noise)


@wrong("noise_of_equal_norm", says="the lengths are right on average only")
def noise_by_standard_deviation(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * perturbation.std(axis=(1, 2, 3), keepdims=True)


@wrong("noise_of_equal_norm", says="The noise of picture 0 has length")
def noise_upside_down(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * _length(noise) / _length(perturbation)


@wrong("noise_of_equal_norm", says="the square root is missing")
def noise_without_the_root(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * _length(perturbation) ** 2 / _length(noise) ** 2


@wrong("noise_of_equal_norm", says="this is the perturbation with noise added")
def noise_added_to_the_change(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return perturbation + noise * _length(perturbation) / _length(noise)


@right("noise_of_equal_norm")
def noise_by_a_loop(perturbation, seed):
    rng, rows = np.random.default_rng(seed), []
    for change in perturbation:
        noise = rng.normal(size=change.shape)
        rows.append(noise / np.linalg.norm(noise) * np.linalg.norm(change))
    return rows


@right("noise_of_equal_norm")
def noise_in_tensorflow(perturbation, seed):
    noise = tf.random.stateless_normal(perturbation.shape, [seed, 0])
    return noise * tf.reshape(
        tf.norm(tf.reshape(perturbation, (len(perturbation), -1)), axis=1)
        / tf.norm(tf.reshape(noise, (len(perturbation), -1)), axis=1),
        (-1, 1, 1, 1),
    )


# -- project_to_ball --------------------------------------------------------------------------------------------------


@wrong("project_to_ball", says="the ball is centred at 0")
def project_around_zero(images, originals, epsilon):
    return np.clip(np.clip(images, -epsilon, epsilon), 0, 1)


@wrong("project_to_ball", says="the two are swapped")
def project_the_originals(images, originals, epsilon):
    return np.clip(np.clip(originals, images - epsilon, images + epsilon), 0, 1)


@wrong("project_to_ball", says="the projection has two parts")
def project_without_range(images, originals, epsilon):
    return np.clip(images, originals - epsilon, originals + epsilon)


@wrong("project_to_ball", says="clipping to [0, 255]")
def project_to_bytes(images, originals, epsilon):
    return np.clip(np.clip(images, originals - epsilon, originals + epsilon), 0, 255)


@wrong("project_to_ball", says="only [0, 1] is observed")
def project_to_range_only(images, originals, epsilon):
    return np.clip(images, 0, 1)


@wrong("project_to_ball", says="the whole perturbation is scaled down")
def project_by_scaling(images, originals, epsilon):
    change = images - originals
    largest = np.abs(change).max(axis=(1, 2, 3), keepdims=True)
    return np.clip(originals + change * np.minimum(1, epsilon / largest), 0, 1)


@wrong("project_to_ball", says="ball of the Euclidean length")
def project_to_a_round_ball(images, originals, epsilon):
    change = images - originals
    return np.clip(originals + change * np.minimum(1, epsilon / _length(change)), 0, 1)


@wrong("project_to_ball", says="add the original picture")
def project_the_change_only(images, originals, epsilon):
    return np.clip(images - originals, -epsilon, epsilon)


@wrong("project_to_ball", says="those inside stay where they are")
def project_to_the_edge(images, originals, epsilon):
    return np.clip(originals + epsilon * np.sign(images - originals), 0, 1)


@wrong("project_to_ball", says="only the upper bound is observed")
def project_upwards_only(images, originals, epsilon):
    return np.clip(np.minimum(images, originals + epsilon), 0, 1)


@wrong("project_to_ball", says="only the lower bound is observed")
def project_downwards_only(images, originals, epsilon):
    return np.clip(np.maximum(images, originals - epsilon), 0, 1)


@wrong("project_to_ball", says="pixels that went too far were put back to the original")
def project_back_to_the_originals(images, originals, epsilon):
    return np.where(np.abs(images - originals) > epsilon, originals, images).clip(0, 1)


@wrong("project_to_ball", says="nothing was projected")
def project_nothing(images, originals, epsilon):
    return images


@wrong("project_to_ball", says="the radius is half of ε")
def project_half(images, originals, epsilon):
    return np.clip(images, originals - epsilon / 2, originals + epsilon / 2).clip(0, 1)


@wrong("project_to_ball", says="these are the originals")
def project_to_the_original(images, originals, epsilon):
    return originals


@wrong("project_to_ball", says="the ball is a share of each pixel's brightness")
def project_in_fractions(images, originals, epsilon):
    return np.clip(np.clip(images, originals * (1 - epsilon), originals * (1 + epsilon)), 0, 1)


@right("project_to_ball")
def project_in_tensorflow(images, originals, epsilon):
    change = tf.clip_by_value(tf.subtract(images, originals), -epsilon, epsilon)
    return tf.clip_by_value(originals + change, 0.0, 1.0)


@right("project_to_ball")
def project_by_median(images, originals, epsilon):
    return np.median([images, np.maximum(originals - epsilon, 0), np.minimum(originals + epsilon, 1)], axis=0)


# -- pgd_step ---------------------------------------------------------------------------------------------------------


def _project(images, originals, epsilon):
    return np.clip(np.clip(images, originals - epsilon, originals + epsilon), 0, 1)


@wrong("pgd_step", says="the projection is around the current pictures")
def pgd_around_itself(model, images, originals, labels, epsilon, step):
    return _project(images + step * np.sign(_gradient(model, images, labels)), images, epsilon)


@wrong("pgd_step", says="this goes down the loss")
def pgd_downhill(model, images, originals, labels, epsilon, step):
    return _project(images - step * np.sign(_gradient(model, images, labels)), originals, epsilon)


@wrong("pgd_step", says="the sign is missing")
def pgd_without_sign(model, images, originals, labels, epsilon, step):
    return _project(images + step * _gradient(model, images, labels), originals, epsilon)


@wrong("pgd_step", says="the step is as long as ε")
def pgd_with_long_steps(model, images, originals, labels, epsilon, step):
    return _project(images + epsilon * np.sign(_gradient(model, images, labels)), originals, epsilon)


@wrong("pgd_step", says="the result is not projected")
def pgd_unprojected(model, images, originals, labels, epsilon, step):
    return images + step * np.sign(_gradient(model, images, labels))


@wrong("pgd_step", says="the step starts from the originals")
def pgd_from_the_originals(model, images, originals, labels, epsilon, step):
    return _project(originals + step * np.sign(_gradient(model, images, labels)), originals, epsilon)


@wrong("pgd_step", says="the gradient is taken at the originals")
def pgd_with_an_old_gradient(model, images, originals, labels, epsilon, step):
    return _project(images + step * np.sign(_gradient(model, originals, labels)), originals, epsilon)


@wrong("pgd_step", says="its radius is epsilon")
def pgd_in_the_wrong_ball(model, images, originals, labels, epsilon, step):
    return _project(images + step * np.sign(_gradient(model, images, labels)), originals, step)


@wrong("pgd_step", says="dropout is active")
def pgd_with_dropout(model, images, originals, labels, epsilon, step):
    g = _gradient(model, images, labels, training=True)
    return _project(images + step * np.sign(g), originals, epsilon)


@wrong("pgd_step", says="a pixel whose gradient is 0 stays as it is")
def pgd_moving_all_pixels(model, images, originals, labels, epsilon, step):
    return _project(images + np.where(_gradient(model, images, labels) > 0, step, -step), originals, epsilon)


@wrong("pgd_step", says="the pictures are projected first and moved afterwards")
def pgd_projected_first(model, images, originals, labels, epsilon, step):
    return _project(images, originals, epsilon) + step * np.sign(_gradient(model, images, labels))


@wrong("pgd_step", says="the range [0, 1] is missing in the projection")
def pgd_without_colours(model, images, originals, labels, epsilon, step):
    moved = images + step * np.sign(_gradient(model, images, labels))
    return np.clip(moved, originals - epsilon, originals + epsilon)


@wrong("pgd_step", says="the projection is around the current pictures")
def pgd_without_ball(model, images, originals, labels, epsilon, step):
    return np.clip(images + step * np.sign(_gradient(model, images, labels)), 0, 1)


@wrong("pgd_step", says="this is the change alone")
def pgd_change_only(model, images, originals, labels, epsilon, step):
    return np.clip(images + step * np.sign(_gradient(model, images, labels)) - originals, -epsilon, epsilon)


@wrong("pgd_step", says="the gradient is divided by its length")
def pgd_by_length(model, images, originals, labels, epsilon, step):
    g = _gradient(model, images, labels)
    return _project(images + step * g / _length(g), originals, epsilon)


@wrong("pgd_step", says="two steps were made")
def pgd_of_two_steps(model, images, originals, labels, epsilon, step):
    for _ in range(2):
        images = _project(images + step * np.sign(_gradient(model, images, labels)), originals, epsilon)
    return images


@wrong("pgd_step", says="the step was multiplied by ε")
def pgd_step_times_epsilon(model, images, originals, labels, epsilon, step):
    return _project(images + step * epsilon * np.sign(_gradient(model, images, labels)), originals, epsilon)


@wrong("pgd_step", says="`step` and `epsilon` are exchanged")
def pgd_with_both_exchanged(model, images, originals, labels, epsilon, step):
    return _project(images + epsilon * np.sign(_gradient(model, images, labels)), originals, step)


@right("pgd_step")
def pgd_by_the_change(model, images, originals, labels, epsilon, step):
    change = images - originals + step * np.sign(_gradient(model, images, labels, total=tf.reduce_mean))
    return np.clip(originals + np.clip(change, -epsilon, epsilon), 0, 1)


@right("pgd_step")
def pgd_in_tensorflow(model, images, originals, labels, epsilon, step):
    pixels = tf.Variable(images)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(pixels, training=False)))
    moved = pixels + step * tf.sign(tape.gradient(loss, pixels))
    low, high = tf.maximum(originals - epsilon, 0.0), tf.minimum(originals + epsilon, 1.0)
    return tf.clip_by_value(moved, low, high)


# -- targeted_step ----------------------------------------------------------------------------------------------------


def _all(target, images):
    return np.full(len(images), target)


@wrong("targeted_step", says="this climbs the loss of the target")
def target_climbed(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, _all(target, images))
    return _project(images + step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="the sign is missing")
def target_without_sign(model, images, originals, target, epsilon, step):
    return _project(images - step * _gradient(model, images, _all(target, images)), originals, epsilon)


@wrong("targeted_step", says="the result is not projected")
def target_unprojected(model, images, originals, target, epsilon, step):
    return images - step * np.sign(_gradient(model, images, _all(target, images)))


@wrong("targeted_step", says="the projection is around the current pictures")
def target_around_itself(model, images, originals, target, epsilon, step):
    return _project(images - step * np.sign(_gradient(model, images, _all(target, images))), images, epsilon)


@wrong("targeted_step", says="one label for each picture")
def target_as_a_bare_number(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, target)
    return _project(images - step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="one label for each picture")
def target_in_a_list_of_one(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, np.array([target]))
    return _project(images - step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="dropout is active")
def target_with_dropout(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, _all(target, images), training=True)
    return _project(images - step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="the absolute value of the gradient loses which way to go")
def target_unsigned(model, images, originals, target, epsilon, step):
    return _project(images - step * np.abs(_gradient(model, images, _all(target, images))), originals, epsilon)


@wrong("targeted_step", says="the step is as long as ε")
def target_with_epsilon_as_step(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, _all(target, images))
    return _project(images - epsilon * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="the step starts from the originals, with their gradient")
def target_from_the_originals(model, images, originals, target, epsilon, step):
    g = _gradient(model, originals, _all(target, images))
    return _project(originals - step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="the gradient is taken at the originals")
def target_with_an_old_gradient(model, images, originals, target, epsilon, step):
    g = _gradient(model, originals, _all(target, images))
    return _project(images - step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="this goes towards class 0, whatever `target` says")
def target_zero(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, _all(0, images))
    return _project(images - step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="this goes away from the answer that the model finds likeliest")
def target_away_from_the_answer(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, np.asarray(model(images)).argmax(axis=1))
    return _project(images + step * np.sign(g), originals, epsilon)


@wrong("targeted_step", says="a pixel whose gradient is 0 stays as it is")
def target_everything_moved(model, images, originals, target, epsilon, step):
    g = _gradient(model, images, _all(target, images))
    return _project(images - step * np.where(g > 0, 1, -1), originals, epsilon)


@right("targeted_step")
def target_by_a_negative_step(model, images, originals, target, epsilon, step):
    return pgd_by_the_change(model, images, originals, _all(target, images), epsilon, -step)


@right("targeted_step")
def target_by_its_log_probability(model, images, originals, target, epsilon, step):
    pixels = tf.Variable(images)
    with tf.GradientTape() as tape:
        score = tf.nn.log_softmax(model(pixels, training=False))[:, target]
    return _project(images + step * np.sign(tape.gradient(score, pixels)), originals, epsilon)


# -- change_one_pixel -------------------------------------------------------------------------------------------------


@wrong("change_one_pixel", says="changes its first argument in place")
def pixel_in_place(image, candidate):
    image[int(candidate[0]), int(candidate[1])] = candidate[2:]
    return image


@wrong("change_one_pixel", says="row and column are swapped")
def pixel_swapped(image, candidate):
    picture = image.copy()
    row, column = int(candidate[1]) % image.shape[0], int(candidate[0]) % image.shape[1]
    picture[row, column] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="the place is rounded")
def pixel_rounded(image, candidate):
    picture = image.copy()
    row = min(round(candidate[0]), image.shape[0] - 1)
    column = min(round(candidate[1]), image.shape[1] - 1)
    picture[row, column] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="the colour is added")
def pixel_added(image, candidate):
    picture = image.copy()
    picture[int(candidate[0]), int(candidate[1])] += candidate[2:]
    return picture


@wrong("change_one_pixel", says="only the red channel changes")
def pixel_red(image, candidate):
    picture = image.copy()
    picture[int(candidate[0]), int(candidate[1]), 0] = candidate[2]
    return picture


@wrong("change_one_pixel", says="a whole row changes")
def pixel_row(image, candidate):
    picture = image.copy()
    picture[int(candidate[0])] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="a whole column changes")
def pixel_column_wise(image, candidate):
    picture = image.copy()
    picture[:, int(candidate[1])] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="nothing changed")
def pixel_nothing(image, candidate):
    return image


@wrong("change_one_pixel", says="the colour stands in reverse order")
def pixel_colour_backwards(image, candidate):
    picture = image.copy()
    picture[int(candidate[0]), int(candidate[1])] = candidate[:1:-1]
    return picture


@wrong("change_one_pixel", says="the pixel became grey")
def pixel_grey(image, candidate):
    picture = image.copy()
    picture[int(candidate[0]), int(candidate[1])] = np.mean(candidate[2:])
    return picture


@wrong("change_one_pixel", says="the colour was mixed with the pixel")
def pixel_mixed(image, candidate):
    picture = image.copy()
    picture[int(candidate[0]), int(candidate[1])] = (picture[int(candidate[0]), int(candidate[1])] + candidate[2:]) / 2
    return picture


@wrong("change_one_pixel", says="the place is rounded")
def pixel_rounded_up(image, candidate):
    picture = image.copy()
    row, column = int(np.ceil(candidate[0])), int(np.ceil(candidate[1]))
    picture[min(row, len(image) - 1), min(column, image.shape[1] - 1)] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="all other pixels became black")
def pixel_alone(image, candidate):
    picture = np.zeros_like(image)
    picture[int(candidate[0]), int(candidate[1])] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="an index is a whole number")
def pixel_with_float_index(image, candidate):
    picture = image.copy()
    picture[candidate[0], candidate[1]] = candidate[2:]
    return picture


@wrong("change_one_pixel", says="the colour was multiplied by 255")
def pixel_in_bytes(image, candidate):
    picture = image.copy()
    picture[int(candidate[0]), int(candidate[1])] = candidate[2:] * 255
    return picture


@right("change_one_pixel")
def pixel_by_a_mask(image, candidate):
    row, column, *colour = candidate
    h, w, _ = image.shape
    mask = (np.arange(h)[:, None] == np.floor(row)) & (np.arange(w) == np.floor(column))
    return np.where(mask[..., None], colour, image)


@right("change_one_pixel")
def pixel_as_lists(image, candidate):
    rows = image.tolist()
    rows[int(candidate[0])][int(candidate[1])] = [float(part) for part in candidate[2:]]
    return rows


# -- paste_patch ------------------------------------------------------------------------------------------------------


@wrong("paste_patch", says="changes its first argument in place")
def patch_in_place(images, patch, top, left):
    k = len(patch)
    for i in range(len(images)):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch
    return images


@wrong("paste_patch", says="top and left are swapped")
def patch_swapped(images, patch, top, left):
    return patch_in_place(images.copy(), patch, left, top)


@wrong("paste_patch", says="the first one's place")
def patch_at_one_place(images, patch, top, left):
    return patch_in_place(images.copy(), patch, np.full(len(images), top[0]), np.full(len(images), left[0]))


@wrong("paste_patch", says="every picture got all patches")
def patch_everywhere(images, patch, top, left):
    images, k = images.copy(), len(patch)
    for t, s in zip(top, left, strict=True):
        images[:, t : t + k, s : s + k] = patch
    return images


@wrong("paste_patch", says="the patch is added")
def patch_added(images, patch, top, left):
    images, k = images.copy(), len(patch)
    for i in range(len(images)):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] += patch
    return images


@wrong("paste_patch", says="nothing changed")
def patch_lost(images, patch, top, left):
    k = len(patch)
    for image, t, s in zip(images, top, left, strict=True):
        image = image.copy()
        image[t : t + k, s : s + k] = patch
    return images


@wrong("paste_patch", says="runs too far")
def patch_for_five(images, patch, top, left):
    images, k = images.copy(), len(patch)
    for i in range(5):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch
    return images


@wrong("paste_patch", says="the window is one pixel too small")
def patch_of_three(images, patch, top, left):
    images, k = images.copy(), patch.shape[-1]
    for i in range(len(images)):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch[:k, :k]
    return images


@wrong("paste_patch", says="top and left are the patch's corner, not its middle")
def patch_by_its_middle(images, patch, top, left):
    images, k = images.copy(), len(patch)
    for i in range(len(images)):
        t, s = max(top[i] - k // 2, 0), max(left[i] - k // 2, 0)
        images[i, t : t + k, s : s + k] = patch
    return images


@wrong("paste_patch", says="the window is one pixel too small")
def patch_off_by_one(images, patch, top, left):
    images, k = images.copy(), len(patch) - 1
    for i in range(len(images)):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch[:k, :k]
    return images


@wrong("paste_patch", says="the patch is mixed with the picture")
def patch_mixed(images, patch, top, left):
    images, k = images.copy(), len(patch)
    for i in range(len(images)):
        window = images[i, top[i] : top[i] + k, left[i] : left[i] + k]
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = (window + patch) / 2
    return images


@wrong("paste_patch", says="only the first picture got its patch")
def patch_first_only(images, patch, top, left):
    images, k = images.copy(), len(patch)
    for i in range(len(images)):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch
        return images


@wrong("paste_patch", says="all else became black")
def patch_on_black(images, patch, top, left):
    images, k = np.zeros_like(images), len(patch)
    for i in range(len(images)):
        images[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch
    return images


@wrong("paste_patch", says="a slice begins and ends with one number")
def patch_all_at_once(images, patch, top, left):
    images, k = images.copy(), len(patch)
    images[:, top : top + k, left : left + k] = patch
    return images


@right("paste_patch")
def patch_by_indices(images, patch, top, left):
    images, steps = images.copy(), np.arange(len(patch))
    rows, columns = top[:, None, None] + steps[:, None], left[:, None, None] + steps
    images[np.arange(len(images))[:, None, None], rows, columns] = patch
    return images


@right("paste_patch")
def patch_by_tensorflow(images, patch, top, left):
    h, w, k = images.shape[1], images.shape[2], len(patch)
    results = []
    for image, t, s in zip(images, top.tolist(), left.tolist(), strict=True):
        margins = [[t, h - t - k], [s, w - s - k], [0, 0]]
        mask = tf.pad(tf.ones_like(patch), margins)
        results.append(image * (1 - mask) + tf.pad(patch, margins))
    return tf.stack(results)


# -- robust_accuracy --------------------------------------------------------------------------------------------------


@wrong("robust_accuracy", says="this is the mean over the attacks")
def robust_mean(predictions, labels):
    return np.mean(predictions == labels)


@wrong("robust_accuracy", says="the strongest single attack")
def robust_minimum(predictions, labels):
    return (predictions == labels).mean(axis=1).min()


@wrong("robust_accuracy", says="not if any is")
def robust_any(predictions, labels):
    return (predictions == labels).any(axis=0).mean()


@wrong("robust_accuracy", says="np.all over axis 0")
def robust_over_the_wrong_axis(predictions, labels):
    return np.mean(np.all(predictions == labels, axis=1))


@wrong("robust_accuracy", says="np.all over axis 0")
def robust_without_the_mean(predictions, labels):
    return np.all(predictions == labels, axis=1)


@wrong("robust_accuracy", says="this is the number of pictures")
def robust_count(predictions, labels):
    return (predictions == labels).all(axis=0).sum()


@wrong("robust_accuracy", says="compare with the labels")
def robust_agreement(predictions, labels):
    return np.mean(predictions.min(axis=0) == predictions.max(axis=0))


@wrong("robust_accuracy", says="only the last attack counts here")
def robust_last_attack(predictions, labels):
    return np.mean(predictions[-1] == labels)


@wrong("robust_accuracy", says="only the first attack counts here")
def robust_first_attack(predictions, labels):
    return np.mean(predictions[0] == labels)


@wrong("robust_accuracy", says="this is the fraction that some attack brings down")
def robust_fallen(predictions, labels):
    return 1 - np.mean(np.all(predictions == labels, axis=0))


@wrong("robust_accuracy", says="this is the fraction that falls to every attack")
def robust_fallen_everywhere(predictions, labels):
    return np.mean(np.all(predictions != labels, axis=0))


@wrong("robust_accuracy", says="this is the accuracy under the weakest attack")
def robust_best_attack(predictions, labels):
    return (predictions == labels).mean(axis=1).max()


@wrong("robust_accuracy", says="the majority of the attacks does not decide")
def robust_majority(predictions, labels):
    return np.mean((predictions == labels).mean(axis=0) > 0.5)


@wrong("robust_accuracy", says="this is the accuracy under each attack")
def robust_of_each_attack(predictions, labels):
    return (predictions == labels).mean(axis=1)


@wrong("robust_accuracy", says="this is one answer for each picture")
def robust_of_each_picture(predictions, labels):
    return np.all(predictions == labels, axis=0)


@wrong("robust_accuracy", says="the accuracies are multiplied, as if the attacks had nothing to do wit")
def robust_product(predictions, labels):
    return np.prod((predictions == labels).mean(axis=1))


@right("robust_accuracy")
def robust_by_a_loop(predictions, labels):
    safe = [all(row[i] == label for row in predictions) for i, label in enumerate(labels)]
    return sum(safe) / len(safe)


@right("robust_accuracy")
def robust_by_products(predictions, labels):
    return tf.reduce_mean(tf.reduce_prod(tf.cast(predictions == labels[None], tf.float64), axis=0))


# -- error_rates ------------------------------------------------------------------------------------------------------


@wrong("error_rates", says="divide by its own size")
def rates_of_all(labels, predictions, groups, count):
    wrong_ones = labels != predictions
    return [np.sum(wrong_ones[groups == k]) / len(labels) if (groups == k).any() else np.nan for k in range(count)]


@wrong("error_rates", says="these are accuracies")
def rates_of_success(labels, predictions, groups, count):
    return [(labels == predictions)[groups == k].mean() if (groups == k).any() else np.nan for k in range(count)]


@wrong("error_rates", says="shares of all errors")
def rates_as_shares(labels, predictions, groups, count):
    counts = np.bincount(groups[labels != predictions], minlength=count)
    return np.where(np.bincount(groups, minlength=count) > 0, counts / counts.sum(), np.nan)


@wrong("error_rates", says="no measurement is not a measurement of 0")
def rates_with_zero(labels, predictions, groups, count):
    counts = np.bincount(groups[labels != predictions], minlength=count)
    return counts / np.maximum(np.bincount(groups, minlength=count), 1)


@wrong("error_rates", says="number")
def rates_as_counts(labels, predictions, groups, count):
    counts = np.bincount(groups[labels != predictions], minlength=count).astype(float)
    return np.where(np.bincount(groups, minlength=count) > 0, counts, np.nan)


@wrong("error_rates", says="1 member, but its rate is nan")
def rates_of_ones_are_nan(labels, predictions, groups, count):
    wrong_ones = labels != predictions
    return [wrong_ones[groups == k].mean() if np.sum(groups == k) > 1 else np.nan for k in range(count)]


@wrong("error_rates", says="nan is for a group without any member")
def rates_by_label(labels, predictions, groups, count):
    wrong_ones = labels != predictions
    return [wrong_ones[labels == k].mean() if np.any(labels == k) else np.nan for k in range(count)]


@wrong("error_rates", says="nan is for a group without any member")
def rates_from_one(labels, predictions, groups, count):
    wrong_ones = labels != predictions
    return [wrong_ones[groups == k].mean() if np.any(groups == k) else np.nan for k in range(1, count + 1)]


@wrong("error_rates", says="this is the error rate of all together")
def rates_of_everybody(labels, predictions, groups, count):
    return np.where(np.bincount(groups, minlength=count) > 0, np.mean(labels != predictions), np.nan)


@wrong("error_rates", says="groups that nobody is in were left out")
def rates_of_groups_that_occur(labels, predictions, groups, count):
    return [np.mean((labels != predictions)[groups == k]) for k in np.unique(groups)]


@wrong("error_rates", says="this counts from the last group to the first")
def rates_backwards(labels, predictions, groups, count):
    return rates_by_a_loop(labels, predictions, groups, count)[::-1]


@wrong("error_rates", says="these are percentages")
def rates_in_percent(labels, predictions, groups, count):
    return [100 * rate for rate in rates_by_a_loop(labels, predictions, groups, count)]


@wrong("error_rates", says="this is the first group's rate alone")
def rates_of_the_first_group(labels, predictions, groups, count):
    for k in range(count):
        return np.mean((labels != predictions)[groups == k])


@wrong("error_rates", says="these are the groups' sizes as a share of all")
def rates_shares_of_sizes(labels, predictions, groups, count):
    return np.bincount(groups, minlength=count) / len(groups)


@right("error_rates")
def rates_by_a_loop(labels, predictions, groups, count):
    rates = []
    for k in range(count):
        pairs = [(y, p) for y, p, g in zip(labels, predictions, groups, strict=True) if g == k]
        rates.append(sum(y != p for y, p in pairs) / len(pairs) if pairs else float("nan"))
    return rates


@right("error_rates")
def rates_by_weights(labels, predictions, groups, count):
    with np.errstate(invalid="ignore"):
        wrong_ones = np.bincount(groups, weights=labels != predictions, minlength=count)
        return wrong_ones / np.bincount(groups, minlength=count)
