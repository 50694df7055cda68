"""Planted answers for lab 10: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage

from tests.planted import right, wrong

# -- class_activation_map ---------------------------------------------------------------------------------------------


@wrong("class_activation_map", says="this is the mean over the channels")
def cam_mean(features, weights):
    return np.mean(features * weights, axis=-1)


@wrong("class_activation_map", says="the channels are not summed")
def cam_not_summed(features, weights):
    return features * weights


@wrong("class_activation_map", says="the features were averaged over the places first")
def cam_pooled(features, weights):
    return features.mean(axis=(1, 2)) @ weights


@wrong("class_activation_map", says="you summed over places")
def cam_summed_over_places(features, weights):
    return (features * weights).sum(axis=(1, 2))


@wrong("class_activation_map", says="negative values were set to 0")
def cam_with_relu(features, weights):
    return np.maximum(features @ weights, 0)


@wrong("class_activation_map", says="rows and columns are swapped")
def cam_transposed(features, weights):
    return (features @ weights).transpose(0, 2, 1)


@wrong("class_activation_map", says="the maps were divided by their maximum")
def cam_normalised(features, weights):
    maps = features @ weights
    return maps / maps.max(axis=(1, 2), keepdims=True)


@wrong("class_activation_map", says="this is the mean over the channels")
def cam_of_the_mean(features, weights):
    return (features * weights).mean(axis=-1)


@wrong("class_activation_map", says="the maps were stretched to [0, 1]")
def cam_scaled(features, weights):
    maps = features @ weights
    low, high = maps.min(axis=(1, 2), keepdims=True), maps.max(axis=(1, 2), keepdims=True)
    return (maps - low) / (high - low)


@wrong("class_activation_map", says="this is only the first entry along axis 0")
def cam_of_the_first_picture(features, weights):
    return features[0] @ weights


@wrong("class_activation_map", says="only the channel with the largest weight was taken")
def cam_of_the_strongest_channel(features, weights):
    return features[..., weights.argmax()]


@wrong("class_activation_map", says="the weights are missing")
def cam_unweighted(features, weights):
    return features.sum(axis=-1)


@right("class_activation_map")
def cam_by_einsum(features, weights):
    return tf.einsum("nijc,c->nij", tf.cast(features, tf.float32), tf.cast(weights, tf.float32))


@right("class_activation_map")
def cam_channel_by_channel(features, weights):
    total = np.zeros(features.shape[:3])
    for c, weight in enumerate(weights):
        total += weight * features[:, :, :, c]
    return total.tolist()


# -- pointing_game ----------------------------------------------------------------------------------------------------


def _peaks(maps):
    return np.array([np.unravel_index(m.argmax(), m.shape) for m in maps])


@wrong("pointing_game", says="rows and columns are swapped")
def pointing_swapped(maps, boxes):
    columns, rows = _peaks(maps).T
    top, left, bottom, right = boxes.T
    return np.mean((top <= rows) & (rows < bottom) & (left <= columns) & (columns < right))


@wrong("pointing_game", says="this is the number of hits")
def pointing_counted(maps, boxes):
    return sum(t <= i < b and s <= j < r for (i, j), (t, s, b, r) in zip(_peaks(maps), boxes, strict=True))


@wrong("pointing_game", says="bottom and right are the first row and column outside")
def pointing_inclusive(maps, boxes):
    return np.mean([t <= i <= b and s <= j <= r for (i, j), (t, s, b, r) in zip(_peaks(maps), boxes, strict=True)])


@wrong("pointing_game", says="top and left belong to the box")
def pointing_exclusive(maps, boxes):
    return np.mean([t < i < b and s < j < r for (i, j), (t, s, b, r) in zip(_peaks(maps), boxes, strict=True)])


@wrong("pointing_game", says="not the largest absolute value")
def pointing_absolute(maps, boxes):
    return pointing_by_masks(np.abs(maps), boxes)


@wrong("pointing_game", says="the row and the column with the largest sums")
def pointing_at_sums(maps, boxes):
    rows, columns = maps.sum(axis=2).argmax(axis=1), maps.sum(axis=1).argmax(axis=1)
    top, left, bottom, right = boxes.T
    return np.mean((top <= rows) & (rows < bottom) & (left <= columns) & (columns < right))


@wrong("pointing_game", says="the left border was not looked at")
def pointing_without_the_left_border(maps, boxes):
    return np.mean([t <= i < b and j < r for (i, j), (t, s, b, r) in zip(_peaks(maps), boxes, strict=True)])


@wrong("pointing_game", says="this is the share of misses")
def pointing_misses(maps, boxes):
    return 1 - pointing_by_masks(maps, boxes)


@wrong("pointing_game", says="a box is top, left, bottom, right, not top, left, height, width")
def pointing_with_sizes(maps, boxes):
    return np.mean(
        [t <= i < t + h and s <= j < s + w for (i, j), (t, s, h, w) in zip(_peaks(maps), boxes, strict=True)]
    )


@wrong("pointing_game", says="each map has its own answer")
def pointing_one_by_one(maps, boxes):
    return [t <= i < b and s <= j < r for (i, j), (t, s, b, r) in zip(_peaks(maps), boxes, strict=True)]


@wrong("pointing_game", says="rows or columns that fit are not enough")
def pointing_in_rows_or_columns(maps, boxes):
    return np.mean([t <= i < b or s <= j < r for (i, j), (t, s, b, r) in zip(_peaks(maps), boxes, strict=True)])


@wrong("pointing_game", says="the smallest value was looked for")
def pointing_at_the_smallest(maps, boxes):
    return pointing_by_masks(-maps, boxes)


@right("pointing_game")
def pointing_by_masks(maps, boxes):
    hits = 0
    for m, (t, s, b, r) in zip(maps, boxes, strict=True):
        hits += m[t:b, s:r].max() == m.max()
    return hits / len(maps)


@right("pointing_game")
def pointing_by_scipy(maps, boxes):
    hits = []
    for m, (t, s, b, r) in zip(maps, boxes, strict=True):
        i, j = ndimage.maximum_position(m)
        hits.append(i in range(t, b) and j in range(s, r))
    return tf.reduce_mean(tf.cast(hits, tf.float32))


# -- count_vehicles ---------------------------------------------------------------------------------------------------


def _map_means(features, weights):
    return (features @ weights).mean(axis=(1, 2))


@wrong("count_vehicles", says="not the first ones")
def count_with_the_first_roads(features, weights, known, counts):
    means = _map_means(features, weights)
    return np.polyval(np.polyfit(means[: len(known)], counts, 1), means)


@wrong("count_vehicles", says="the order of known counts")
def count_with_a_mask(features, weights, known, counts):
    means = _map_means(features, weights)
    return np.polyval(np.polyfit(means[np.isin(np.arange(len(means)), known)], counts, 1), means)


@wrong("count_vehicles", says="all roads are asked for")
def count_only_the_known(features, weights, known, counts):
    means = _map_means(features, weights)[known]
    return np.polyval(np.polyfit(means, counts, 1), means)


@wrong("count_vehicles", says="the line has no offset")
def count_by_a_factor(features, weights, known, counts):
    means = _map_means(features, weights)
    return means * (means[known] @ counts) / (means[known] @ means[known])


@wrong("count_vehicles", says="slope and offset are exchanged")
def count_exchanged(features, weights, known, counts):
    means = _map_means(features, weights)
    offset, slope = np.polyfit(means[known], counts, 1)
    return slope * means + offset


@wrong("count_vehicles", says="fit the numbers on the means")
def count_the_other_way_round(features, weights, known, counts):
    means = _map_means(features, weights)
    slope, offset = np.polyfit(counts, means[known], 1)
    return (means - offset) / slope


@wrong("count_vehicles", says="the estimates are rounded")
def count_whole_vehicles(features, weights, known, counts):
    return np.round(count_by_least_squares(features, weights, known, counts))


@wrong("count_vehicles", says="negative values of the map were set to 0")
def count_with_relu(features, weights, known, counts):
    means = np.maximum(features @ weights, 0).mean(axis=(1, 2))
    return np.polyval(np.polyfit(means[known], counts, 1), means)


@right("count_vehicles")
def count_by_least_squares(features, weights, known, counts):
    means = np.einsum("nijc,c->n", features, weights)  # sums: the line takes up the factor
    table = np.column_stack([means, np.ones(len(means))])
    return table @ np.linalg.lstsq(table[known], counts, rcond=None)[0]


@right("count_vehicles")
def count_by_hand(features, weights, known, counts):
    means = [float(np.mean(np.sum(road * weights, axis=-1))) for road in features]
    x, y = [means[i] for i in known], list(counts)
    a, b = sum(x) / len(x), sum(y) / len(y)
    slope = sum((p - a) * (q - b) for p, q in zip(x, y, strict=True)) / sum((p - a) ** 2 for p in x)
    return [b + slope * (mean - a) for mean in means]


@right("count_vehicles")
def count_by_tensorflow(features, weights, known, counts):
    means = tf.reduce_mean(tf.tensordot(features, weights, 1), axis=(1, 2))
    return tf.constant(np.polynomial.Polynomial.fit(means.numpy()[known], counts, 1)(means.numpy()))


# -- grad_cam ---------------------------------------------------------------------------------------------------------


@wrong("grad_cam", says="the ReLU is missing")
def grad_without_relu(features, gradients):
    return (gradients.mean(axis=(1, 2), keepdims=True) * features).sum(axis=-1)


@wrong("grad_cam", says="the weights are averaged over the channels:")
def grad_pools_channels(features, gradients):
    return np.maximum((gradients.mean(axis=-1, keepdims=True) * features).sum(axis=-1), 0)


@wrong("grad_cam", says="the weights are averaged over the images as well")
def grad_pools_images(features, gradients):
    return np.maximum(features @ gradients.mean(axis=(0, 1, 2)), 0)


@wrong("grad_cam", says="the weights are the sums of the gradient")
def grad_sums(features, gradients):
    return np.maximum((gradients.sum(axis=(1, 2), keepdims=True) * features).sum(axis=-1), 0)


@wrong("grad_cam", says="HiResCAM")
def grad_place_by_place(features, gradients):
    return np.maximum((gradients * features).sum(axis=-1), 0)


@wrong("grad_cam", says="you set negative weights to 0")
def grad_relu_on_weights(features, gradients):
    return (np.maximum(gradients.mean(axis=(1, 2), keepdims=True), 0) * features).sum(axis=-1)


@wrong("grad_cam", says="this is the mean over the channels")
def grad_mean_of_channels(features, gradients):
    return np.maximum((gradients.mean(axis=(1, 2), keepdims=True) * features).mean(axis=-1), 0)


@wrong("grad_cam", says="the weights are missing")
def grad_cam_unweighted(features, gradients):
    return np.maximum(features.sum(axis=-1), 0)


@wrong("grad_cam", says="features and gradients are exchanged")
def grad_cam_of_the_gradient(features, gradients):
    return np.maximum((gradients * features.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)


@wrong("grad_cam", says="the weights are the largest gradients")
def grad_cam_by_maxima(features, gradients):
    return np.maximum((gradients.max(axis=(1, 2), keepdims=True) * features).sum(axis=-1), 0)


@right("grad_cam")
def grad_by_tensorflow(features, gradients):
    alpha = tf.reduce_mean(tf.cast(gradients, tf.float32), axis=(1, 2))
    return tf.nn.relu(tf.einsum("nc,nijc->nij", alpha, tf.cast(features, tf.float32)))


@right("grad_cam")
def grad_with_loops(features, gradients):
    maps = []
    for f, g in zip(features, gradients, strict=True):
        total = np.zeros(f.shape[:2])
        for c in range(f.shape[-1]):
            total += g[:, :, c].mean() * f[:, :, c]
        maps.append(np.where(total > 0, total, 0))
    return maps


@wrong("grad_cam", says="the weights are averaged over images and rows")
def grad_cam_axes_0_and_1(features, gradients):
    return np.maximum((gradients.mean(axis=(0, 1)) * features).sum(axis=-1), 0)


@wrong("grad_cam", says="each map was divided by its maximum")
def grad_cam_to_one(features, gradients):
    maps = np.maximum((gradients.mean(axis=(1, 2), keepdims=True) * features).sum(axis=-1), 0)
    return maps / maps.max(axis=(1, 2), keepdims=True)


# -- score_gradient ---------------------------------------------------------------------------------------------------


def _gradient(score, images):
    x = tf.convert_to_tensor(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = score(x)
    return tape.gradient(value, x).numpy()


def _picked(scores, classes):
    return tf.gather(scores, classes, axis=1, batch_dims=1)


@wrong("score_gradient", says="this is the gradient of the softmax output")
def gradient_of_probability(model, images, classes):
    return _gradient(lambda x: _picked(tf.nn.softmax(model(2 * x - 1)), classes), images)


@wrong("score_gradient", says="this is the gradient of the loss")
def gradient_of_loss(model, images, classes):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    return _gradient(lambda x: loss(classes, model(2 * x - 1)), images)


@wrong("score_gradient", says="the scores of all classes are summed")
def gradient_of_all(model, images, classes):
    return _gradient(lambda x: model(2 * x - 1), images)


@wrong("score_gradient", says="you watch the most likely class")
def gradient_of_the_winner(model, images, classes):
    return _gradient(lambda x: tf.reduce_max(model(2 * x - 1), axis=1), images)


@wrong("score_gradient", says="the preprocessing is missing")
def gradient_unprepared(model, images, classes):
    return _gradient(lambda x: _picked(model(x), classes), images)


@wrong("score_gradient", says="the gradient is that of the prepared image")
def gradient_of_the_prepared(model, images, classes):
    return _gradient(lambda x: _picked(model(x), classes), 2 * images - 1)


@wrong("score_gradient", says="the model was run in training mode")
def gradient_in_training(model, images, classes):
    return _gradient(lambda x: _picked(model(2 * x - 1, training=True), classes), images)


@wrong("score_gradient", says="this is the absolute value")
def gradient_absolute(model, images, classes):
    return np.abs(_gradient(lambda x: _picked(model(2 * x - 1), classes), images))


@wrong("score_gradient", says="The gradient has the shape of the images")
def gradient_as_map(model, images, classes):
    return gradient_absolute(model, images, classes).max(axis=-1)


@right("score_gradient")
def gradient_one_by_one(model, images, classes):
    found = []
    for image, k in zip(images, classes, strict=True):
        x = tf.Variable(image[None], dtype=tf.float32)
        with tf.GradientTape() as tape:
            score = model(2 * x - 1, training=False)[0, int(k)]
        found.append(tape.gradient(score, x)[0])
    return tf.stack(found)


@right("score_gradient")
def gradient_by_one_hot(model, images, classes):
    x = tf.constant(2 * images - 1, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = tf.reduce_sum(model(x) * tf.one_hot(classes, model.output_shape[1]))
    return 2 * tape.gradient(score, x)


@wrong("score_gradient", says="did not watch before")
def gradient_unwatched(model, images, classes):
    x = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        scores = _picked(model(2 * x - 1), classes)
    return tape.gradient(scores, x)


@wrong("score_gradient", says="the scores are averaged over the images")
def gradient_of_the_mean(model, images, classes):
    return _gradient(lambda x: tf.reduce_mean(_picked(model(2 * x - 1), classes)), images)


@wrong("score_gradient", says="tf.gather needs batch_dims=1")
def gradient_gathered_without_batch(model, images, classes):
    return _gradient(lambda x: tf.gather(model(2 * x - 1), classes, axis=1), images)


# -- integrated_gradients ---------------------------------------------------------------------------------------------


def _class_gradient(model, images, k):
    return _gradient(lambda x: model(2 * x - 1)[:, k], images)


def _on_the_path(model, image, k, baseline, shares):
    path = baseline + np.reshape(shares, (-1, 1, 1, 1)) * (image - baseline)
    return np.asarray(_class_gradient(model, path.astype("float32"), k))


def _middles(steps):
    return (np.arange(steps) + 0.5) / steps


@wrong("integrated_gradients", says="not multiplied by image - baseline")
def integrated_without_the_difference(model, image, k, baseline, steps):
    return _on_the_path(model, image, k, baseline, _middles(steps)).mean(axis=0)


@wrong("integrated_gradients", says="multiplied by the image")
def integrated_times_the_image(model, image, k, baseline, steps):
    return _on_the_path(model, image, k, baseline, _middles(steps)).mean(axis=0) * image


@wrong("integrated_gradients", says="their mean is asked for")
def integrated_summed(model, image, k, baseline, steps):
    return _on_the_path(model, image, k, baseline, _middles(steps)).sum(axis=0) * (image - baseline)


@wrong("integrated_gradients", says="the sign is turned round")
def integrated_backwards(model, image, k, baseline, steps):
    return _on_the_path(model, image, k, baseline, _middles(steps)).mean(axis=0) * (baseline - image)


@wrong("integrated_gradients", says="these begin at the baseline")
def integrated_from_the_left(model, image, k, baseline, steps):
    return _on_the_path(model, image, k, baseline, np.arange(steps) / steps).mean(axis=0) * (image - baseline)


@wrong("integrated_gradients", says="the gradient at the image only")
def integrated_at_the_image(model, image, k, baseline, steps):
    return _on_the_path(model, image, k, baseline, [1.0])[0] * (image - baseline)


@wrong("integrated_gradients", says="the channels are joined already")
def integrated_in_grey(model, image, k, baseline, steps):
    mean = _on_the_path(model, image, k, baseline, _middles(steps)).mean(axis=0)
    return (mean * (image - baseline)).sum(axis=-1)


@right("integrated_gradients")
def integrated_one_by_one(model, image, k, baseline, steps):
    total = np.zeros_like(image)
    for i in range(steps):
        x = image * (i + 0.5) / steps + baseline * (1 - (i + 0.5) / steps)
        total += np.asarray(_class_gradient(model, x[None].astype("float32"), k))[0] / steps
    return total * (image - baseline)


@right("integrated_gradients")
def integrated_by_tensorflow(model, image, k, baseline, steps):
    start, way = tf.constant(baseline, tf.float32), tf.constant(image - baseline, tf.float32)
    shares = tf.constant(_middles(steps), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(shares := shares[:, None, None, None] * tf.ones_like(start)[None])
        score = model(2 * (start + shares * way) - 1, training=False)[:, k]
    return tf.reduce_mean(tape.gradient(score, shares), axis=0)  # by the chain rule the way is a factor already


# -- gain_inside ------------------------------------------------------------------------------------------------------


def _gains(features, attacked, weights):
    return np.einsum("nhwc,nc->nhw", attacked - features, weights)


@wrong("gain_inside", says="the score is the *mean* of the map")
def gain_summed(features, attacked, weights, inside):
    gain = _gains(features, attacked, weights)
    return gain.sum(axis=(1, 2)), (gain * inside).sum(axis=(1, 2))


@wrong("gain_inside", says="before and after are exchanged")
def gain_lost(features, attacked, weights, inside):
    return gain_in_loops(attacked, features, weights, inside)


@wrong("gain_inside", says="each scene has its own row")
def gain_of_the_first_class(features, attacked, weights, inside):
    gain = (attacked - features) @ weights[0]
    return gain.mean(axis=(1, 2)), (gain * inside).mean(axis=(1, 2))


@wrong("gain_inside", says="the part itself is asked for")
def gain_as_share(features, attacked, weights, inside):
    gain = _gains(features, attacked, weights)
    return gain.mean(axis=(1, 2)), (gain * inside).sum(axis=(1, 2)) / gain.sum(axis=(1, 2))


@wrong("gain_inside", says="divide by all places")
def gain_per_place_inside(features, attacked, weights, inside):
    gain = _gains(features, attacked, weights)
    return gain.mean(axis=(1, 2)), (gain * inside).sum(axis=(1, 2)) / inside.sum(axis=(1, 2))


@wrong("gain_inside", says="the scores after the attack")
def gain_after(features, attacked, weights, inside):
    return gain_in_loops(0 * features, attacked, weights, inside)


@wrong("gain_inside", says="negative gains were set to 0")
def gain_with_relu(features, attacked, weights, inside):
    gain = np.maximum(_gains(features, attacked, weights), 0)
    return gain.mean(axis=(1, 2)), (gain * inside).mean(axis=(1, 2))


@wrong("gain_inside", says="the two results are exchanged")
def gain_exchanged(features, attacked, weights, inside):
    return gain_in_loops(features, attacked, weights, inside)[::-1]


@wrong("gain_inside", says="inside holds shares")
def gain_in_whole_places(features, attacked, weights, inside):
    return gain_in_loops(features, attacked, weights, inside > 0)


@wrong("gain_inside", says="Return two arrays")
def gain_alone(features, attacked, weights, inside):
    return _gains(features, attacked, weights).mean(axis=(1, 2))


@right("gain_inside")
def gain_in_loops(features, attacked, weights, inside):
    rise, part = [], []
    for before, after, row, region in zip(features, attacked, weights, inside, strict=True):
        gain = after @ row - before @ row
        rise.append(gain.mean())
        part.append(np.sum(gain * region) / gain.size)
    return rise, part


@right("gain_inside")
def gain_by_pooling(features, attacked, weights, inside):
    change = attacked - features
    pooled = [(change * region[..., None]).mean(axis=(1, 2)) for region in (np.ones(inside.shape), inside)]
    return tuple((one * weights).sum(axis=1) for one in pooled)


@right("gain_inside")
def gain_by_tensorflow(features, attacked, weights, inside):
    gain = tf.einsum("nhwc,nc->nhw", *(tf.cast(a, tf.float32) for a in (attacked - features, weights)))
    return [tf.reduce_mean(gain * tf.cast(part, tf.float32), axis=(1, 2)) for part in (np.ones(inside.shape), inside)]


# -- occluded_copies --------------------------------------------------------------------------------------------------


def _starts(side, size, stride):
    return range(0, side - size + 1, stride)


def _copies(image, size, value, tops, lefts):
    copies = np.tile(image, (len(tops), len(lefts), 1, 1, 1))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            copies[i, j, top : top + size, left : left + size] = value
    return copies


@wrong("occluded_copies", says="the windows pile up")
def copies_pile_up(image, size, stride, value):
    image, rows = image.copy(), []
    for top in _starts(image.shape[0], size, stride):
        rows.append([])
        for left in _starts(image.shape[1], size, stride):
            image[top : top + size, left : left + size] = value
            rows[-1].append(image.copy())
    return np.array(rows)


@wrong("occluded_copies", says="changes its first argument in place")
def copies_in_place(image, size, stride, value):
    image[:size, :size] = value
    return copies_as_lists(image, size, stride, value)


@wrong("occluded_copies", says="the last position is missing")
def copies_without_the_last(image, size, stride, value):
    h, w = image.shape[:2]
    return _copies(image, size, value, range(0, h - size, stride), range(0, w - size, stride))


@wrong("occluded_copies", says="windows that stick out")
def copies_that_stick_out(image, size, stride, value):
    h, w = image.shape[:2]
    return _copies(image, size, value, range(0, h, stride), range(0, w, stride))


@wrong("occluded_copies", says="the window moves by one pixel")
def copies_by_one(image, size, stride, value):
    h, w = image.shape[:2]
    return _copies(image, size, value, _starts(h, size, 1), _starts(w, size, 1))


@wrong("occluded_copies", says="the window is black")
def copies_black(image, size, stride, value):
    return copies_as_lists(image, size, stride, 0)


@wrong("occluded_copies", says="the copies stand in one row")
def copies_in_a_row(image, size, stride, value):
    return np.concatenate(copies_as_lists(image, size, stride, value))


@wrong("occluded_copies", says="sticks out by one pixel")
def copies_one_too_many(image, size, stride, value):
    h, w = image.shape[:2]
    return _copies(image, size, value, range(0, h - size + 2, stride), range(0, w - size + 2, stride))


@wrong("occluded_copies", says="the copies stand in one row")
def copies_in_one_row(image, size, stride, value):
    return np.array(copies_as_lists(image, size, stride, value)).reshape(-1, *image.shape)


@wrong("occluded_copies", says="the window is one pixel too small")
def copies_with_a_small_window(image, size, stride, value):
    h, w = _starts(image.shape[0], size, stride), _starts(image.shape[1], size, stride)
    return _copies(image, size - 1, value, h, w)


@wrong("occluded_copies", says="the window is black")
def copies_blackened(image, size, stride, value):
    return copies_as_lists(image, size, stride, 0)


@wrong("occluded_copies", says="the two axes of positions are swapped")
def copies_with_axes_exchanged(image, size, stride, value):
    return np.array(copies_as_lists(image, size, stride, value)).swapaxes(0, 1)


@wrong("occluded_copies", says="no pixel is covered")
def copies_untouched(image, size, stride, value):
    return np.tile(
        image, (len(_starts(image.shape[0], size, stride)), len(_starts(image.shape[1], size, stride)), 1, 1, 1)
    )


@right("occluded_copies")
def copies_as_lists(image, size, stride, value):
    rows = []
    for top in _starts(image.shape[0], size, stride):
        row = []
        for left in _starts(image.shape[1], size, stride):
            copy = image.copy()
            copy[top : top + size, left : left + size] = value
            row.append(copy)
        rows.append(row)
    return rows


@right("occluded_copies")
def copies_by_masks(image, size, stride, value):
    h, w = image.shape[:2]
    tops, lefts = (np.array(_starts(side, size, stride))[:, None] for side in (h, w))
    down = (np.arange(h) >= tops) & (np.arange(h) < tops + size)
    right_ = (np.arange(w) >= lefts) & (np.arange(w) < lefts + size)
    hidden = np.einsum("ah,bw->abhw", down, right_)[..., None]
    return tf.where(hidden, tf.cast(value, tf.float64), tf.cast(image, tf.float64))


@wrong("occluded_copies", says="the window moves by one pixel at a time")
def copies_without_the_stride(image, size, stride, value):
    rows, columns = (1 + (side - size) // stride for side in image.shape[:2])
    copies = np.tile(image, (rows, columns, 1, 1, 1))
    for i, j in np.ndindex(rows, columns):
        copies[i, j, i : i + size, j : j + size] = value
    return copies


# -- winner_counts ----------------------------------------------------------------------------------------------------


@wrong("winner_counts", says="each filter's loudest place is counted")
def counts_of_loudest_places(activations):
    return (activations == activations.max(axis=(1, 2), keepdims=True)).sum(axis=0)


@wrong("winner_counts", says="this counts over the places, for each image")
def winners_of_images(activations):
    winners = activations.argmax(axis=-1)
    return np.stack([(winners == k).sum(axis=(1, 2)) for k in range(activations.shape[-1])], axis=-1)


@wrong("winner_counts", says="you averaged the activations first")
def winners_of_the_mean(activations):
    return np.eye(activations.shape[-1], dtype=int)[activations.mean(axis=0).argmax(axis=-1)]


@wrong("winner_counts", says="this is the share of the images")
def winners_as_share(activations):
    return winners_by_one_hot(activations) / len(activations)


@wrong("winner_counts", says="this counts the weakest filter")
def winners_weakest(activations):
    return winners_by_one_hot(-activations)


@wrong("winner_counts", says="this is the most frequent winner itself")
def winners_most_frequent(activations):
    return winners_by_one_hot(activations).argmax(axis=-1)


@wrong("winner_counts", says="this lists the winners of each image")
def winners_listed(activations):
    return activations.argmax(axis=-1)


@wrong("winner_counts", says="also of a silent filter")
def winners_only_those_that_win(activations):
    winners = activations.argmax(axis=-1)
    return np.stack([(winners == k).sum(axis=0) for k in np.unique(winners)], axis=-1)


@wrong("winner_counts", says="softmax shares were added up")
def winners_by_softmax(activations):
    powers = np.exp(activations - activations.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).sum(axis=0)


@wrong("winner_counts", says="only the first image was counted")
def winners_of_the_first_picture(activations):
    return (activations[0].argmax(-1)[..., None] == np.arange(activations.shape[-1])).astype(int)


@wrong("winner_counts", says="this is the share of the images")
def winners_shared(activations):
    return (activations.argmax(-1)[..., None] == np.arange(activations.shape[-1])).mean(axis=0)


@wrong("winner_counts", says="the counts of all places are added up")
def winners_of_all_places(activations):
    return np.bincount(activations.argmax(-1).ravel(), minlength=activations.shape[-1])


@right("winner_counts")
def winners_by_one_hot(activations):
    return np.eye(activations.shape[-1], dtype=int)[activations.argmax(axis=-1)].sum(axis=0)


@right("winner_counts")
def winners_with_loops(activations):
    n, h, w, channels = activations.shape
    counts = np.zeros((h, w, channels))
    for i in range(h):
        for j in range(w):
            counts[i, j] = np.bincount(activations[:, i, j].argmax(axis=-1), minlength=channels)
    return counts.tolist()


@right("winner_counts")
def winners_by_tensorflow(activations):
    return tf.reduce_sum(tf.one_hot(tf.argmax(activations, axis=-1), activations.shape[-1]), axis=0)
