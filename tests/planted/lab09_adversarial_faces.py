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


@wrong("fgsm", says="the gradient is clipped to ± ε")
def fgsm_by_clipping(model, images, labels, epsilon):
    return images + np.clip(_gradient(model, images, labels), -epsilon, epsilon)


@wrong("fgsm", says="the length of the whole batch's")
def fgsm_by_the_batch(model, images, labels, epsilon):
    gradient = np.asarray(_gradient(model, images, labels))
    return np.clip(images + epsilon * gradient / np.linalg.norm(gradient), 0, 1)


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


@wrong("noise_of_equal_norm", says="not divided by its own")
def noise_not_divided(perturbation, seed):
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    return noise * np.sqrt((perturbation**2).sum(axis=(1, 2, 3), keepdims=True))


@wrong("noise_of_equal_norm", says="every picture's noise is about equally long")
def noise_of_one_spread(perturbation, seed):
    return np.random.default_rng(seed).normal(size=perturbation.shape) * perturbation.std()


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


# -- the ball, now a part of the step ---------------------------------------------------------------------------------


def _climbed(model, images, labels, step):
    return images + step * np.sign(_gradient(model, images, labels))


@wrong("pgd_step", says="the ball is centred at 0")
def pgd_around_zero(model, images, originals, labels, epsilon, step):
    return np.clip(np.clip(_climbed(model, images, labels, step), -epsilon, epsilon), 0, 1)


@wrong("pgd_step", says="the projection has two parts")
def pgd_without_range(model, images, originals, labels, epsilon, step):
    return np.clip(_climbed(model, images, labels, step), originals - epsilon, originals + epsilon)


@wrong("pgd_step", says="only [0, 1] is observed")
def pgd_within_the_range_only(model, images, originals, labels, epsilon, step):
    return np.clip(_climbed(model, images, labels, step), 0, 1)


@wrong("pgd_step", says="ball of the Euclidean length")
def pgd_in_a_round_ball(model, images, originals, labels, epsilon, step):
    change = _climbed(model, images, labels, step) - originals
    return np.clip(originals + change * np.minimum(1, epsilon / _length(change)), 0, 1)


@wrong("pgd_step", says="every pixel was moved to the edge")
def pgd_to_the_edge(model, images, originals, labels, epsilon, step):
    return np.clip(originals + epsilon * np.sign(_climbed(model, images, labels, step) - originals), 0, 1)


# -- patch_gradient ---------------------------------------------------------------------------------------------------


def _on(images, patch, top, left, size):
    index = np.arange(size) * len(patch) // size
    changed = np.array(images)
    for i in range(len(images)):
        changed[i, top[i] : top[i] + size, left[i] : left[i] + size] = patch[index][:, index]
    return changed, index


def _windows(gradient, top, left, size):
    return np.stack([g[t : t + size, s : s + size] for g, t, s in zip(gradient, top, left, strict=True)])


def _dots(window, index, patch):
    total = np.zeros_like(patch)
    np.add.at(total, (index[:, None], index), window)
    return total


def _of_patch(model, images, patch, target, top, left, size):
    pasted, index = _on(images, patch, top, left, size)
    return _gradient(model, pasted, _all(target, images)) / len(images), index


@wrong("patch_gradient", says="paste it first")
def patch_not_pasted(model, images, patch, target, top, left, size):
    gradient = _gradient(model, images, _all(target, images)) / len(images)
    window = _windows(gradient, top, left, size).sum(axis=0)
    return _dots(window, np.arange(size) * len(patch) // size, patch)


@wrong("patch_gradient", says="not divided by the number of pictures")
def patch_summed(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    return len(images) * _dots(_windows(gradient, top, left, size).sum(axis=0), index, patch)


@wrong("patch_gradient", says="a[index] += b adds once")
def patch_added_once(model, images, patch, target, top, left, size):
    pasted, index = _on(images, patch, top, left, size)
    gradient = _gradient(model, pasted, _all(target, images)) / len(images)
    total = np.zeros_like(patch)
    total[index[:, None], index] += _windows(gradient, top, left, size).sum(axis=0)
    return total


@wrong("patch_gradient", says="has more weight, so add them")
def patch_averaged_over_a_dot(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    total = _dots(_windows(gradient, top, left, size).sum(axis=0), index, patch)
    return total / _dots(np.ones((size, size, 3)), index, patch)


@wrong("patch_gradient", says="top and left are swapped")
def patch_with_places_swapped(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    total = np.zeros_like(patch)
    for g, t, s in zip(gradient, left, top, strict=True):
        for a in range(size):
            for b in range(size):
                if t + a < g.shape[0] and s + b < g.shape[1]:
                    total[index[a], index[b]] += g[t + a, s + b]
    return total


@wrong("patch_gradient", says="at the first picture's place")
def patch_at_one_place(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    window = gradient[:, top[0] : top[0] + size, left[0] : left[0] + size].sum(axis=0)
    return _dots(window, index, patch)


@wrong("patch_gradient", says="pasted at the first picture's place")
def patch_pasted_at_one_place(model, images, patch, target, top, left, size):
    n = len(images)
    top, left = np.full(n, top[0]), np.full(n, left[0])
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    return _dots(_windows(gradient, top, left, size).sum(axis=0), index, patch)


@wrong("patch_gradient", says="the patch is shown at its own size")
def patch_at_its_own_size(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, len(patch))
    return _dots(_windows(gradient, top, left, len(patch)).sum(axis=0), index, patch)


@wrong("patch_gradient", says="the window is not folded")
def patch_unfolded(model, images, patch, target, top, left, size):
    gradient, _ = _of_patch(model, images, patch, target, top, left, size)
    return _windows(gradient, top, left, size).sum(axis=0)


@wrong("patch_gradient", says="the window is cut off")
def patch_cut_off(model, images, patch, target, top, left, size):
    gradient, _ = _of_patch(model, images, patch, target, top, left, size)
    return _windows(gradient, top, left, size).sum(axis=0)[: len(patch), : len(patch)]


@wrong("patch_gradient", says="wrong sign")
def patch_climbing(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    return -_dots(_windows(gradient, top, left, size).sum(axis=0), index, patch)


@wrong("patch_gradient", says="gradient with respect to the weights")
def patch_by_the_weights(model, images, patch, target, top, left, size):
    pasted, _ = _on(images, patch, top, left, size)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(_entropy(_all(target, images), model(pasted, training=False)))
    return tape.gradient(loss, model.trainable_variables)


@right("patch_gradient")
def patch_by_loops(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    total = np.zeros(patch.shape)
    for g, t, s in zip(gradient, top, left, strict=True):
        for a in range(size):
            for b in range(size):
                total[index[a], index[b]] += g[t + a, s + b]
    return total.tolist()


@right("patch_gradient")
def patch_by_a_tape(model, images, patch, target, top, left, size):
    dots = tf.Variable(patch)
    index = np.arange(size) * len(patch) // size
    with tf.GradientTape() as tape:
        shown = tf.gather(tf.gather(dots, index, axis=0), index, axis=1)
        rows = []
        for image, t, s in zip(images, top, left, strict=True):
            height, width = image.shape[:2]
            frame = [[t, height - t - size], [s, width - s - size], [0, 0]]
            hole = tf.pad(tf.ones((size, size, 3)), frame)
            rows.append(image * (1 - hole) + tf.pad(shown, frame))
        loss = tf.reduce_mean(_entropy(_all(target, images), model(tf.stack(rows), training=False)))
    return tf.convert_to_tensor(tape.gradient(loss, dots))


@right("patch_gradient")
def patch_by_matrices(model, images, patch, target, top, left, size):
    gradient, index = _of_patch(model, images, patch, target, top, left, size)
    belongs = np.eye(len(patch))[index]  # (pixels, dots)
    return np.einsum("abc,ai,bj->ijc", _windows(gradient, top, left, size).sum(axis=0), belongs, belongs)


# -- adversarial_gradients --------------------------------------------------------------------------------------------


def _harden(model, images, labels, epsilon, noise, *, factor=1.25, project=True, sign=True, training=True, mean=True):
    start = tf.convert_to_tensor(images + np.float32(epsilon) * noise)
    with tf.GradientTape() as tape:
        tape.watch(start)
        loss = tf.reduce_mean(_entropy(labels, model(start, training=False)))
    gradient = tape.gradient(loss, start)
    step = tf.sign(gradient) if sign else gradient * len(images)
    worse = start + factor * epsilon * step
    if project:
        worse = tf.clip_by_value(tf.clip_by_value(worse, images - epsilon, images + epsilon), 0.0, 1.0)
    with tf.GradientTape() as tape:
        losses = _entropy(labels, model(worse, training=training))
        loss = tf.reduce_mean(losses) if mean else tf.reduce_sum(losses)
    return tape.gradient(loss, model.trainable_variables)


@wrong("adversarial_gradients", says="this is ordinary training")
def hardening_on_clean_pictures(model, images, labels, epsilon, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(_entropy(labels, model(images, training=True)))
    return tape.gradient(loss, model.trainable_variables)


@wrong("adversarial_gradients", says="the step up the loss is missing")
def hardening_on_noise(model, images, labels, epsilon, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(_entropy(labels, model(images + np.float32(epsilon) * noise, training=True)))
    return tape.gradient(loss, model.trainable_variables)


@wrong("adversarial_gradients", says="the random start is missing")
def hardening_without_a_start(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, 0 * noise)


@wrong("adversarial_gradients", says="goes down the loss")
def hardening_downhill(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, noise, factor=-1.25)


@wrong("adversarial_gradients", says="not projected back")
def hardening_unprojected(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, noise, project=False)


@wrong("adversarial_gradients", says="the sign is missing")
def hardening_without_sign(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, noise, sign=False)


@wrong("adversarial_gradients", says="summed over the batch")
def hardening_with_a_sum(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, noise, mean=False)


@wrong("adversarial_gradients", says="the attack sees the network in training mode")
def hardening_in_training_mode(model, images, labels, epsilon, noise):
    start = tf.convert_to_tensor(images + np.float32(epsilon) * noise)
    with tf.GradientTape() as tape:
        tape.watch(start)
        loss = tf.reduce_sum(_entropy(labels, model(start, training=True)))
    worse = start + 1.25 * epsilon * tf.sign(tape.gradient(loss, start))
    worse = tf.clip_by_value(tf.clip_by_value(worse, images - epsilon, images + epsilon), 0.0, 1.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(_entropy(labels, model(worse, training=True)))
    return tape.gradient(loss, model.trainable_variables)


def _hardened_at(model, worse, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(_entropy(labels, model(tf.cast(worse, tf.float32), training=True)))
    return tape.gradient(loss, model.trainable_variables)


@wrong("adversarial_gradients", says="the ball around the clean pictures is missing")
def hardening_without_ball(model, images, labels, epsilon, noise):
    start = images + np.float32(epsilon) * noise
    worse = start + 1.25 * epsilon * np.sign(_gradient(model, start, labels))
    return _hardened_at(model, np.clip(worse, 0, 1), labels)


@wrong("adversarial_gradients", says="the range [0, 1] is missing in the projection")
def hardening_without_range(model, images, labels, epsilon, noise):
    start = images + np.float32(epsilon) * noise
    worse = start + 1.25 * epsilon * np.sign(_gradient(model, start, labels))
    return _hardened_at(model, np.clip(worse, images - epsilon, images + epsilon), labels)


@wrong("adversarial_gradients", says="the start is clipped")
def hardening_from_a_clipped_start(model, images, labels, epsilon, noise):
    start = np.clip(images + np.float32(epsilon) * noise, 0, 1)
    worse = start + 1.25 * epsilon * np.sign(_gradient(model, start, labels))
    return _hardened_at(model, np.clip(np.clip(worse, images - epsilon, images + epsilon), 0, 1), labels)


@wrong("adversarial_gradients", says="the loss on the clean pictures is added")
def hardening_on_both(model, images, labels, epsilon, noise):
    worse = _harden(model, images, labels, epsilon, noise)
    return [a + b for a, b in zip(worse, _hardened_at(model, images, labels), strict=True)]


@wrong("adversarial_gradients", says="the last loss is computed with training=False")
def hardening_at_rest(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, noise, training=False)


@wrong("adversarial_gradients", says="these are the worse pictures")
def hardening_gives_pictures(model, images, labels, epsilon, noise):
    return images + epsilon * np.sign(_gradient(model, images, labels))


@wrong("adversarial_gradients", says="the second loss takes the logits for probabilities")
def hardening_without_from_logits(model, images, labels, epsilon, noise):
    start = images + np.float32(epsilon) * noise
    worse = start + 1.25 * epsilon * np.sign(_gradient(model, start, labels))
    worse = np.clip(np.clip(worse, images - epsilon, images + epsilon), 0, 1).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, model(worse, training=True)))
    return tape.gradient(loss, model.trainable_variables)


@wrong("adversarial_gradients", says="the noise is not multiplied by ε")
def hardening_from_far_away(model, images, labels, epsilon, noise):
    return _harden(model, images, labels, epsilon, noise / np.float32(epsilon))


@right("adversarial_gradients")
def hardening_in_numpy_first(model, images, labels, epsilon, noise):
    start = images + epsilon * noise
    worse = start + 1.25 * epsilon * np.sign(_gradient(model, start, labels))
    worse = np.clip(np.clip(worse, images - epsilon, images + epsilon), 0, 1).astype("float32")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(labels, model(worse, training=True))
    return tuple(gradient.numpy() for gradient in tape.gradient(value, model.trainable_weights))


@right("adversarial_gradients")
def hardening_with_one_tape(model, images, labels, epsilon, noise):
    start = tf.constant(images + epsilon * noise, tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(start)
        first = tf.reduce_sum(_entropy(labels, model(start, training=False)))
        change = start + 1.25 * epsilon * tf.sign(tape.gradient(first, start)) - images
        worse = tf.clip_by_value(images + tf.clip_by_value(change, -epsilon, epsilon), 0.0, 1.0)
        second = tf.reduce_mean(_entropy(labels, model(tf.stop_gradient(worse), training=True)))
    return tape.gradient(second, model.trainable_variables)


# -- interval_layer ---------------------------------------------------------------------------------------------------


@wrong("interval_layer", says="as if all weights were positive")
def ends_straight_through(lower, upper, weights, bias):
    return lower @ weights + bias, upper @ weights + bias


@wrong("interval_layer", says="the smaller of the two ends is no bound")
def smaller_of_two_ends(lower, upper, weights, bias):
    one, other = lower @ weights + bias, upper @ weights + bias
    return np.minimum(one, other), np.maximum(one, other)


@wrong("interval_layer", says="the bias is missing")
def interval_without_bias(lower, upper, weights, bias):
    positive, negative = np.maximum(weights, 0), np.minimum(weights, 0)
    return lower @ positive + upper @ negative, upper @ positive + lower @ negative


@wrong("interval_layer", says="the bias counts in the width as well")
def bias_in_the_width(lower, upper, weights, bias):
    middle, half = (lower + upper) / 2 @ weights + bias, (upper - lower) / 2 @ np.abs(weights) + bias
    return middle - half, middle + half


@wrong("interval_layer", says="the width is taken twice")
def whole_width_each_way(lower, upper, weights, bias):
    middle, width = (lower + upper) / 2 @ weights + bias, (upper - lower) @ np.abs(weights)
    return middle - width, middle + width


@wrong("interval_layer", says="absolute value of the weights is missing")
def width_without_absolute_value(lower, upper, weights, bias):
    middle, half = (lower + upper) / 2 @ weights + bias, (upper - lower) / 2 @ weights
    return middle - half, middle + half


@wrong("interval_layer", says="ReLU does not belong")
def interval_with_relu(lower, upper, weights, bias):
    return [np.maximum(end, 0) for end in interval_by_signs(lower, upper, weights, bias)]


@wrong("interval_layer", says="lower and upper are swapped")
def interval_swapped(lower, upper, weights, bias):
    return interval_by_signs(lower, upper, weights, bias)[::-1]


@right("interval_layer")
def interval_by_signs(lower, upper, weights, bias):
    positive, negative = np.maximum(weights, 0), np.minimum(weights, 0)
    return lower @ positive + upper @ negative + bias, upper @ positive + lower @ negative + bias


@right("interval_layer")
def interval_by_loops(lower, upper, weights, bias):
    low, high = [], []
    for a, b in zip(lower, upper, strict=True):
        ends = [[sorted((a[i] * w[i], b[i] * w[i])) for i in range(len(a))] for w in weights.T]
        low.append([sum(pair[0] for pair in column) + c for column, c in zip(ends, bias, strict=True)])
        high.append([sum(pair[1] for pair in column) + c for column, c in zip(ends, bias, strict=True)])
    return low, high


@right("interval_layer")
def interval_in_tensorflow(lower, upper, weights, bias):
    middle = tf.linalg.matmul((lower + upper) / 2, weights) + bias
    half = tf.linalg.matmul((upper - lower) / 2, tf.abs(weights))
    return tf.stack([middle - half, middle + half])


# -- smallest_margin --------------------------------------------------------------------------------------------------


def _rivals(values, labels, of_label):
    own = np.arange(values.shape[1]) == labels[:, None]
    return np.where(own, of_label, values)


@wrong("smallest_margin", says="bounded one by one")
def margin_of_two_bounds(lower, upper, weights, bias, labels):
    low, high = interval_by_signs(lower, upper, weights, bias)
    return low[np.arange(len(labels)), labels] - _rivals(high, labels, -np.inf).max(axis=1)


@wrong("smallest_margin", says="the margin in the middle of the box")
def margin_in_the_middle(lower, upper, weights, bias, labels):
    logits = (lower + upper) / 2 @ weights + bias
    return logits[np.arange(len(labels)), labels] - _rivals(logits, labels, -np.inf).max(axis=1)


@wrong("smallest_margin", says="lower end of the box")
def margin_at_the_lower_end(lower, upper, weights, bias, labels):
    logits = lower @ weights + bias
    return logits[np.arange(len(labels)), labels] - _rivals(logits, labels, -np.inf).max(axis=1)


def _margins(lower, upper, weights, bias, labels):
    difference = weights.T[labels][:, :, None] - weights[None]  # (n, hidden, labels)
    low = np.einsum("nh,nhk->nk", lower, np.maximum(difference, 0))
    low += np.einsum("nh,nhk->nk", upper, np.minimum(difference, 0))
    return low + bias[labels][:, None] - bias


@wrong("smallest_margin", says="the label is compared with itself")
def margin_with_itself(lower, upper, weights, bias, labels):
    return _margins(lower, upper, weights, bias, labels).min(axis=1)


@wrong("smallest_margin", says="not the largest")
def margin_of_the_weakest_rival(lower, upper, weights, bias, labels):
    return _rivals(_margins(lower, upper, weights, bias, labels), labels, -np.inf).max(axis=1)


@wrong("smallest_margin", says="the bias is left out")
def margin_without_bias(lower, upper, weights, bias, labels):
    return _rivals(_margins(lower, upper, weights, 0 * bias, labels), labels, np.inf).min(axis=1)


@wrong("smallest_margin", says="the sign is turned round")
def margin_the_other_way(lower, upper, weights, bias, labels):
    return -_rivals(_margins(lower, upper, weights, bias, labels), labels, np.inf).min(axis=1)


@wrong("smallest_margin", says="the difference is turned round")
def margin_of_the_turned_difference(lower, upper, weights, bias, labels):
    return _rivals(_margins(lower, upper, -weights, -bias, labels), labels, np.inf).min(axis=1)


@wrong("smallest_margin", says="this is the average over the rivals")
def margin_on_average(lower, upper, weights, bias, labels):
    return _rivals(_margins(lower, upper, weights, bias, labels), labels, 0).sum(axis=1) / (len(bias) - 1)


@wrong("smallest_margin", says="nearest in the middle of the box")
def margin_of_the_nearest_in_the_middle(lower, upper, weights, bias, labels):
    centre = (lower + upper) / 2 @ weights + bias
    rival = _rivals(centre, labels, -np.inf).argmax(axis=1)
    return _margins(lower, upper, weights, bias, labels)[np.arange(len(labels)), rival]


@wrong("smallest_margin", says="True and False are not asked for")
def margin_as_a_verdict(lower, upper, weights, bias, labels):
    return _rivals(_margins(lower, upper, weights, bias, labels), labels, np.inf).min(axis=1) > 0


@wrong("smallest_margin", says="the difference of the weights is turned round")
def margin_of_turned_weights(lower, upper, weights, bias, labels):
    rows = []
    for k in range(len(bias)):
        w = weights[:, k] - weights[:, labels].T
        low = np.sum(lower * np.maximum(w, 0) + upper * np.minimum(w, 0), axis=1) + bias[labels] - bias[k]
        rows.append(np.where(labels == k, np.inf, low))
    return np.min(rows, axis=0)


@wrong("smallest_margin", says="the ends are exchanged")
def margin_of_exchanged_ends(lower, upper, weights, bias, labels):
    rows = []
    for k in range(len(bias)):
        w = weights[:, labels].T - weights[:, k]
        low = np.sum(upper * np.maximum(w, 0) + lower * np.minimum(w, 0), axis=1) + bias[labels] - bias[k]
        rows.append(np.where(labels == k, np.inf, low))
    return np.min(rows, axis=0)


@right("smallest_margin")
def margin_by_einsum(lower, upper, weights, bias, labels):
    return _rivals(_margins(lower, upper, weights, bias, labels), labels, np.inf).min(axis=1)


@right("smallest_margin")
def margin_by_loops(lower, upper, weights, bias, labels):
    found = []
    for low, high, y in zip(lower, upper, labels, strict=True):
        each = []
        for k in range(weights.shape[1]):
            if k != y:
                w = weights[:, y] - weights[:, k]
                each.append(sum(min(a * v, b * v) for a, b, v in zip(low, high, w, strict=True)) + bias[y] - bias[k])
        found.append(min(each))
    return found


@right("smallest_margin")
def margin_in_tensorflow(lower, upper, weights, bias, labels):
    own, others = tf.gather(weights, labels, axis=1), tf.constant(weights)
    difference = tf.transpose(own)[:, None] - tf.transpose(others)[None]
    low = tf.reduce_sum(tf.minimum(difference * lower[:, None], difference * upper[:, None]), axis=-1)
    low += tf.gather(bias, labels)[:, None] - bias
    return tf.reduce_min(tf.where(tf.one_hot(labels, len(bias)) > 0, np.inf, low), axis=1)
