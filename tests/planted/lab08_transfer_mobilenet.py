"""Planted answers for lab 08: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from scipy import ndimage
from sklearn.model_selection import GroupShuffleSplit

from tests.planted import right, wrong

# -- preprocess_pixels ------------------------------------------------------------------------------------------------


@wrong("preprocess_pixels", says="this runs from 0 to 1")
def preprocess_to_one(images):
    return images / 255


@wrong("preprocess_pixels", says="the - 1 is missing")
def preprocess_without_shift(images):
    return images / 127.5


@wrong("preprocess_pixels", says="the pixels are scaled twice")
def preprocess_twice(images):
    return (images / 127.5 - 1) / 127.5 - 1


@wrong("preprocess_pixels", says="a uint8 overflows")
def preprocess_overflows(images):
    return 2 * images / 255 - 1


@wrong("preprocess_pixels", says="half of 255 is 127.5")
def preprocess_by_128(images):
    return (images.astype("float32") - 128) / 128


@wrong("preprocess_pixels", says="black and white are exchanged")
def pixels_inverted(images):
    return 1 - images / 127.5


@wrong("preprocess_pixels", says="the pixels are unchanged")
def pixels_unchanged(images):
    return images


@wrong("preprocess_pixels", says="// cuts off the fractions")
def pixels_by_whole_division(images):
    return images // 127.5 - 1


@wrong("preprocess_pixels", says="this runs from -128 to 127")
def pixels_only_centred(images):
    return images - 127.5


@wrong("preprocess_pixels", says="half of 255 is 127.5, not 127")
def pixels_by_127(images):
    return images / 127 - 1


@wrong("preprocess_pixels", says="the picture was stretched to the range of its own values")
def pixels_by_their_own_range(images):
    images = np.asarray(images, float)
    return 2 * (images - images.min()) / (images.max() - images.min()) - 1


@right("preprocess_pixels")
def pixels_in_half_precision(images):
    return (np.asarray(images, "float32") / 127.5 - 1).astype("float16")


@right("preprocess_pixels")
def preprocess_by_keras(images):
    return keras.applications.mobilenet.preprocess_input(images.astype("float32"))


@right("preprocess_pixels")
def preprocess_by_tensorflow(images):
    return tf.cast(images, tf.float32) / 255 * 2 - 1


# -- extract_features -------------------------------------------------------------------------------------------------


def _scaled(images):
    return images.astype("float32") / 127.5 - 1


@wrong("extract_features", says="the preprocessing is missing")
def features_of_raw_pixels(model, images):
    return model.predict(images.astype("float32"), verbose=0).mean(axis=(1, 2))


@wrong("extract_features", says="the pixels are scaled twice")
def features_scaled_twice(model, images):
    return model.predict(_scaled(_scaled(images)), verbose=0).mean(axis=(1, 2))


@wrong("extract_features", says="called with training=True")
def features_in_training_mode(model, images):
    return tf.reduce_mean(model(_scaled(images), training=True), axis=(1, 2))


@wrong("extract_features", says="the maps are not averaged")
def features_with_places(model, images):
    return model(_scaled(images))


@wrong("extract_features", says="the maps are flattened")
def features_flattened(model, images):
    return model.predict(_scaled(images), verbose=0).reshape(len(images), -1)


@wrong("extract_features", says="height and width are axes 1 and 2")
def features_over_other_axes(model, images):
    return model.predict(_scaled(images), verbose=0).mean(axis=(2, 3))


@wrong("extract_features", says="this is the maximum of each map")
def features_largest(model, images):
    return model.predict(_scaled(images), verbose=0).max(axis=(1, 2))


@right("extract_features")
def features_one_by_one(model, images):
    return [np.mean(model(_scaled(image)[None], training=False)[0], axis=(0, 1)) for image in images]


@right("extract_features")
def features_by_a_new_model(model, images):
    pooled = keras.layers.GlobalAveragePooling2D()(model.output)
    return keras.Model(model.input, pooled).predict(_scaled(images), batch_size=16, verbose=0)


# -- hold_out ---------------------------------------------------------------------------------------------------------


def _drawn(origins, share, seed):
    numbers = np.unique(origins)
    return np.random.default_rng(seed).choice(numbers, round(share * len(numbers)), replace=False)


@wrong("hold_out", says="draw photographs, not pictures")
def hold_out_pictures(origins, share, seed):
    n = len(origins)
    return np.isin(np.arange(n), np.random.default_rng(seed).permutation(n)[: round(share * n)])


@wrong("hold_out", says="the answer is turned round")
def hold_out_the_rest(origins, share, seed):
    return ~np.isin(origins, _drawn(origins, share, seed))


@wrong("hold_out", says="these are the photographs that were drawn")
def hold_out_numbers(origins, share, seed):
    return _drawn(origins, share, seed)


@wrong("hold_out", says="these are the places of the pictures")
def hold_out_places(origins, share, seed):
    return np.flatnonzero(np.isin(origins, _drawn(origins, share, seed)))


@wrong("hold_out", says="these are both sides of the split")
def hold_out_both_sides(origins, share, seed):
    held = np.isin(origins, _drawn(origins, share, seed))
    return ~held, held


@wrong("hold_out", says="this is one answer for each photograph")
def hold_out_by_photograph(origins, share, seed):
    return np.isin(np.unique(origins), _drawn(origins, share, seed))


@wrong("hold_out", says="a photograph was drawn twice")
def hold_out_some_twice(origins, share, seed):
    numbers = np.unique(origins)
    return np.isin(origins, np.random.default_rng(seed).choice(numbers, round(share * len(numbers))))


@wrong("hold_out", says="draw from np.unique(origins)")
def hold_out_photographs_of_drawn_pictures(origins, share, seed):
    count = round(share * len(np.unique(origins)))
    return np.isin(origins, np.random.default_rng(seed).choice(origins, count, replace=False))


@wrong("hold_out", says="or a number that no picture has")
def hold_out_from_counted_numbers(origins, share, seed):
    count = len(np.unique(origins))
    return np.isin(origins, np.random.default_rng(seed).choice(count, round(share * count), replace=False))


@wrong("hold_out", says="this is a share of the pictures")
def hold_out_until_there_are_enough(origins, share, seed):
    held = np.zeros(len(origins), bool)
    for number in np.random.default_rng(seed).permutation(np.unique(origins)):
        if held.mean() < share:
            held |= origins == number
    return held


@wrong("hold_out", says="take the number of photographs")
def hold_out_too_many(origins, share, seed):
    numbers = np.unique(origins)
    count = min(round(share * len(origins)), len(numbers) - 1)
    return np.isin(origins, np.random.default_rng(seed).choice(numbers, count, replace=False))


@wrong("hold_out", says="nothing is drawn: as many photographs as")
def hold_out_nothing(origins, share, seed):
    return np.zeros(len(origins), bool)


@wrong("hold_out", says="the first photographs of a list are not chosen by chance")
def hold_out_the_first(origins, share, seed):
    numbers = np.unique(origins)
    return np.isin(origins, numbers[: round(share * len(numbers))])


@wrong("hold_out", says="the generator is not np.random.default_rng(seed)")
def hold_out_without_seed(origins, share, seed):
    return np.isin(origins, _drawn(origins, share, None))


@right("hold_out")
def hold_out_by_shuffling(origins, share, seed):
    numbers = sorted(set(np.asarray(origins).tolist()))
    np.random.default_rng(seed).shuffle(numbers)
    drawn = set(numbers[: round(share * len(numbers))])
    return [int(origin) in drawn for origin in origins]


@right("hold_out")
def hold_out_by_scikit_learn(origins, share, seed):
    held = np.zeros(len(origins), bool)
    count = round(share * len(np.unique(origins)))
    split = GroupShuffleSplit(1, test_size=count, random_state=seed)
    _, places = next(split.split(origins, groups=origins))
    held[places] = True
    return held


@right("hold_out")
def hold_out_in_tensorflow(origins, share, seed):
    drawn = _drawn(origins, share, seed)
    return tf.reduce_any(tf.convert_to_tensor(origins)[:, None] == tf.convert_to_tensor(drawn)[None], axis=1)


# -- build_transfer_model ---------------------------------------------------------------------------------------------


def _model(base, classes, pool=None, hidden="relu", last="softmax", units=1024):
    pool = keras.layers.GlobalAveragePooling2D() if pool is None else pool
    x = pool(base.output)
    if units:
        x = keras.layers.Dense(units, activation=hidden)(x)
    return keras.Model(base.input, keras.layers.Dense(classes, activation=last)(x))


@wrong("build_transfer_model", says="the softmax at the end is missing")
def build_with_logits(base, classes):
    return _model(base, classes, last=None)


@wrong("build_transfer_model", says="the last layer has sigmoid")
def build_with_sigmoid(base, classes):
    return _model(base, classes, last="sigmoid")


@wrong("build_transfer_model", says="the maps are flattened")
def build_with_flatten(base, classes):
    return _model(base, classes, pool=keras.layers.Flatten())


@wrong("build_transfer_model", says="the hidden layer has no activation")
def build_linear(base, classes):
    return _model(base, classes, hidden=None)


@wrong("build_transfer_model", says="the hidden layer of 1024 is missing")
def build_without_hidden(base, classes):
    return _model(base, classes, units=0)


@wrong("build_transfer_model", says="the number of classes is an argument")
def build_for_three(base, classes):
    return _model(base, 3)


@wrong("build_transfer_model", says="the base went in as a single layer")
def build_nested(base, classes):
    inputs = keras.Input(base.input_shape[1:])
    x = keras.layers.GlobalAveragePooling2D()(base(inputs))
    x = keras.layers.Dense(1024, activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


@wrong("build_transfer_model", says="GlobalAveragePooling2D is missing")
def build_without_average(base, classes):
    return _model(base, classes, pool=keras.layers.Identity())


@wrong("build_transfer_model", says="it belongs directly after the base")
def build_with_late_average(base, classes):
    x = keras.layers.Dense(1024, activation="relu")(base.output)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(base.input, keras.layers.Dense(classes, activation="softmax")(x))


@wrong("build_transfer_model", says="the maximum of each map is taken")
def build_with_maximum(base, classes):
    return _model(base, classes, pool=keras.layers.GlobalMaxPooling2D())


@wrong("build_transfer_model", says="start at the same value")
def transfer_from_zeros(base, classes):
    model = _model(base, classes)
    model.layers[-2].set_weights([np.zeros(w.shape) for w in model.layers[-2].get_weights()])
    return model


@wrong("build_transfer_model", says="frozen")
def transfer_with_a_frozen_head(base, classes):
    model = _model(base, classes)
    model.layers[-2].trainable = False
    return model


@right("build_transfer_model")
def build_with_activations_as_layers(base, classes):
    x = keras.layers.GlobalAveragePooling2D()(base.outputs[0])
    x = keras.layers.ReLU()(keras.layers.Dense(1024)(x))
    return keras.Model(base.inputs, keras.layers.Softmax()(keras.layers.Dense(classes)(x)))


@right("build_transfer_model")
def build_with_dropout(base, classes):
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    x = keras.layers.Dropout(0.3)(keras.layers.Dense(1024, activation="relu")(x))
    return keras.Model(base.input, keras.layers.Dense(classes, activation="softmax")(x))


# -- normalised -------------------------------------------------------------------------------------------------------


def _normalise(x, gamma, beta, mean, variance, eps=1e-3):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


@wrong("normalised", says="the stored averages are used")
def normalised_always_stored(x, gamma, beta, mean, variance, training):
    return _normalise(x, gamma, beta, mean, variance)


@wrong("normalised", says="the batch's own averages are used")
def normalised_always_batch(x, gamma, beta, mean, variance, training):
    return _normalise(x, gamma, beta, x.mean(axis=0), x.var(axis=0))


@wrong("normalised", says="ε = 0.001 is missing")
def normalised_without_epsilon(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
    return _normalise(x, gamma, beta, mean, variance, 0)


@wrong("normalised", says="the root is missing")
def normalised_by_variance(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mean) / (variance + 1e-3) + beta


@wrong("normalised", says="γ and β are missing")
def normalised_only(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
    return _normalise(x, 1, 0, mean, variance)


@wrong("normalised", says="each channel has its own")
def normalised_over_everything(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = x.mean(), x.var()
    return _normalise(x, gamma, beta, mean, variance)


@wrong("normalised", says="γ and β are exchanged")
def normalised_with_beta_first(x, gamma, beta, mean, variance, training):
    return _normalise(x, beta, gamma, *((x.mean(0), x.var(0)) if training else (mean, variance)))


@wrong("normalised", says="γ and β are missing")
def normalised_without_gamma_and_beta(x, gamma, beta, mean, variance, training):
    return _normalise(x, 1, 0, *((x.mean(0), x.var(0)) if training else (mean, variance)))


@wrong("normalised", says="the batch's own averages are used")
def normalised_the_other_way_round(x, gamma, beta, mean, variance, training):
    return _normalise(x, gamma, beta, *((mean, variance) if training else (x.mean(0), x.var(0))))


@wrong("normalised", says="the root is missing")
def normalised_by_the_variance(x, gamma, beta, mean, variance, training):
    mean, variance = (x.mean(0), x.var(0)) if training else (mean, variance)
    return gamma * (x - mean) / (variance + 1e-3) + beta


@wrong("normalised", says="the wrong way round")
def normalised_with_a_minus(x, gamma, beta, mean, variance, training):
    mean, variance = (x.mean(0), x.var(0)) if training else (mean, variance)
    return gamma * (mean - x) / np.sqrt(variance + 1e-3) + beta


@wrong("normalised", says="the standard deviation stands where the variance belongs")
def normalised_by_the_deviation(x, gamma, beta, mean, variance, training):
    deviation = x.std(axis=0) if training else np.sqrt(variance)
    mean = x.mean(axis=0) if training else mean
    return gamma * (x - mean) / np.sqrt(deviation + 0.001) + beta


@wrong("normalised", says="the variance runs over all channels together")
def normalised_with_one_variance(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = x.mean(axis=0), x.var()
    return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta


@right("normalised")
def normalised_by_keras(x, gamma, beta, mean, variance, training):
    layer = keras.layers.BatchNormalization()
    layer.build(x.shape)
    layer.set_weights([gamma, beta, mean, variance])
    return layer(x, training=training)


@right("normalised")
def normalised_by_tensorflow(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = tf.nn.moments(tf.constant(x), axes=[0])
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 0.001)


# -- train_from --------------------------------------------------------------------------------------------------------


CROSS_ENTROPY = "sparse_categorical_crossentropy"


def _frozen(model, frozen, loss=CROSS_ENTROPY, optimizer=None):
    for number, layer in enumerate(model.layers):
        layer.trainable = not frozen(number, layer)
    model.compile(optimizer or keras.optimizers.Adam(0.001), loss)
    return model


def _tuned(model, released, rate):
    return _frozen(model, lambda number, layer: not released(number, layer), optimizer=keras.optimizers.Adam(rate))


def _norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


@wrong("train_from", says="settled by model.compile")
def tune_without_compiling(model, first, rate):
    for layer in model.layers[first:]:
        layer.trainable = not _norm(layer)
    return model


@wrong("train_from", says="batch normalisation was released too")
def tune_normalisation_too(model, first, rate):
    return _tuned(model, lambda number, _: number >= first, rate)


@wrong("train_from", says="everything was released")
def tune_everything(model, first, rate):
    return _tuned(model, lambda *_: True, rate)


@wrong("train_from", says="model.trainable = True does nothing")
def tune_by_the_models_own_flag(model, first, rate):
    model.trainable = True  # is True already, and Keras skips an assignment that changes nothing
    for layer in model.layers[:first]:
        layer.trainable = False
    model.compile(keras.optimizers.Adam(rate), CROSS_ENTROPY)
    return model


@wrong("train_from", says="nothing new was released")
def tune_only_recompiles(model, first, rate):
    model.compile(keras.optimizers.Adam(rate), CROSS_ENTROPY)
    return model


@wrong("train_from", says="this is Adam's own default")
def tune_at_the_usual_rate(model, first, rate):
    return _tuned(model, lambda number, layer: number >= first and not _norm(layer), 0.001)


@wrong("train_from", says="layers before first were released too")
def tune_all_convolutions(model, first, rate):
    return _tuned(model, lambda _, layer: not _norm(layer), rate)


@wrong("train_from", says="itself stays frozen")
def tune_one_layer_later(model, first, rate):
    return _tuned(model, lambda number, layer: number > first and not _norm(layer), rate)


@wrong("train_from", says="The learning rate")
def tune_by_a_tenth_of_the_rate(model, first, rate):
    return _tuned(model, lambda number, layer: number >= first and not _norm(layer), rate / 10)


@wrong("train_from", says="lost the weights it came with")
def tune_a_clone(model, first, rate):
    return _tuned(keras.models.clone_model(model), lambda number, layer: number >= first and not _norm(layer), rate)


@wrong("train_from", says="the optimiser has more settings")
def tune_with_decay(model, first, rate):
    optimizer = keras.optimizers.Adam(rate, weight_decay=0.1)
    return _frozen(model, lambda number, layer: number < first or _norm(layer), optimizer=optimizer)


@wrong("train_from", says="the optimiser has more settings")
def tune_with_clipped_gradients(model, first, rate):
    optimizer = keras.optimizers.Adam(rate, clipnorm=1e-9)
    return _frozen(model, lambda number, layer: number < first or _norm(layer), optimizer=optimizer)


@wrong("train_from", says="everything was released, batch normalisation included")
def tune_never_freezing(model, first, rate):
    for layer in model.layers[first:]:
        layer.trainable = not _norm(layer)
    model.compile(keras.optimizers.Adam(rate), CROSS_ENTROPY)
    return model


@wrong("train_from", says="nothing new was released")
def tune_the_last_ones(model, first, rate):
    return _tuned(model, lambda number, layer: number >= len(model.layers) - first and not _norm(layer), rate)


@right("train_from")
def tune_in_two_loops(model, first, rate):
    for layer in model.layers:
        layer.trainable = True
    for layer in model.layers[:first]:
        layer.trainable = False
    for layer in model.layers:
        if _norm(layer):
            layer.trainable = False
    model.compile(keras.optimizers.Adam(learning_rate=rate), CROSS_ENTROPY, metrics=["accuracy"])
    return model


@right("train_from")
def tune_by_type_name(model, first, rate):
    for number, layer in enumerate(model.layers):
        layer.trainable = number >= first and type(layer).__name__ != "BatchNormalization"
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=keras.losses.SparseCategoricalCrossentropy())
    return model


# -- keep_places ------------------------------------------------------------------------------------------------------


def _blocks(maps, grid):
    n, h, w, channels = maps.shape
    return maps.reshape(n, grid, h // grid, grid, w // grid, channels)


@wrong("keep_places", says="every few pixels averaged")
def places_interleaved(maps, grid):
    n, h, w, channels = maps.shape
    return maps.reshape(n, h // grid, grid, w // grid, grid, channels).mean(axis=(1, 3)).reshape(n, -1)


@wrong("keep_places", says="one pixel of each place")
def places_sampled(maps, grid):
    n, h, w, _ = maps.shape
    return maps[:, :: h // grid, :: w // grid].reshape(n, -1)


@wrong("keep_places", says="the maximum of each place")
def places_by_maximum(maps, grid):
    return _blocks(maps, grid).max(axis=(2, 4)).reshape(len(maps), -1)


@wrong("keep_places", says="not flattened")
def places_not_flattened(maps, grid):
    return _blocks(maps, grid).mean(axis=(2, 4))


@wrong("keep_places", says="the place is lost")
def places_lost(maps, grid):
    return maps.mean(axis=(1, 2))


@wrong("keep_places", says="here both are h // grid")
def places_as_squares(maps, grid):
    side, n = maps.shape[1] // grid, len(maps)
    parts = [
        maps[:, i * side : (i + 1) * side, j * side : (j + 1) * side].mean(axis=(1, 2))
        for i in range(grid)
        for j in range(grid)
    ]
    return np.stack(parts, axis=1).reshape(n, -1)


@wrong("keep_places", says="every place has the average of the whole map")
def places_all_alike(maps, grid):
    return np.tile(maps.mean(axis=(1, 2)), grid * grid)


@wrong("keep_places", says="the channels come first")
def places_channels_first(maps, grid):
    return _blocks(maps, grid).mean(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(len(maps), -1)


@wrong("keep_places", says="the channels are averaged away")
def places_without_channels(maps, grid):
    return _blocks(maps, grid).mean(axis=(2, 4, 5)).reshape(len(maps), -1)


@wrong("keep_places", says="the coarse axes are averaged away")
def places_averaged_away(maps, grid):
    n, h, w, channels = maps.shape
    parts = maps.reshape(n, grid, h // grid, grid, w // grid, channels)
    return parts.mean(axis=(1, 3)).reshape(n, -1)


@right("keep_places")
def places_by_keras(maps, grid):
    _, h, w, _ = maps.shape
    pooled = keras.layers.AveragePooling2D((h // grid, w // grid))(maps)
    return np.asarray(keras.layers.Flatten()(pooled))


@right("keep_places")
def places_by_loops(maps, grid):
    _, h, w, _ = maps.shape
    down, across = h // grid, w // grid
    found = []
    for i in range(grid):
        for j in range(grid):
            found.append(maps[:, i * down : (i + 1) * down, j * across : (j + 1) * across].mean(axis=(1, 2)))
    return np.concatenate(found, axis=1)


@right("keep_places")
def places_by_tensorflow(maps, grid):
    _, h, w, _ = maps.shape
    size = [h // grid, w // grid]
    return tf.reshape(tf.nn.avg_pool2d(maps, size, size, "VALID"), (len(maps), -1))


# -- mean_scores ------------------------------------------------------------------------------------------------------


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _class_means(rows, labels):
    return np.stack([rows[labels == k].mean(axis=0) for k in range(max(labels) + 1)])


@wrong("mean_scores", says="averaged before they have length 1")
def scores_of_long_features(features, labels, queries):
    return _unit(queries) @ _unit(_class_means(features, labels)).T


@wrong("mean_scores", says="divide by its length too")
def scores_of_short_means(features, labels, queries):
    return _unit(queries) @ _class_means(_unit(features), labels).T


@wrong("mean_scores", says="the queries are not divided")
def scores_of_long_queries(features, labels, queries):
    return queries @ _unit(_class_means(_unit(features), labels)).T


@wrong("mean_scores", says="this is transposed")
def scores_transposed(features, labels, queries):
    return _unit(_class_means(_unit(features), labels)) @ _unit(queries).T


@wrong("mean_scores", says="their scores are asked for")
def scores_as_names(features, labels, queries):
    return np.argmax(_unit(queries) @ _unit(_class_means(_unit(features), labels)).T, axis=1)


@wrong("mean_scores", says="these are Euclidean distances")
def scores_as_distances(features, labels, queries):
    return np.linalg.norm(queries[:, None] - _class_means(features, labels), axis=-1)


@wrong("mean_scores", says="these are Euclidean distances with a minus")
def scores_as_negative_distances(features, labels, queries):
    means = np.stack([features[labels == k].mean(axis=0) for k in np.unique(labels)])
    return -np.linalg.norm(queries[:, None] - means[None], axis=2)


@wrong("mean_scores", says="each row was divided by its sum")
def scores_by_divided_sums(features, labels, queries):
    def short(rows):
        return rows / rows.sum(axis=1, keepdims=True)

    rows = short(features)
    return short(queries) @ short(np.stack([rows[labels == k].mean(axis=0) for k in np.unique(labels)])).T


@wrong("mean_scores", says="the cosines are averaged")
def scores_averaged(features, labels, queries):
    cosines = _unit(queries) @ _unit(features).T
    return np.stack([cosines[:, labels == k].mean(axis=1) for k in range(max(labels) + 1)], axis=1)


@wrong("mean_scores", says="each column was divided by its length")
def scores_of_scaled_columns(features, labels, queries):
    def short(rows):
        return rows / np.linalg.norm(rows, axis=0)

    means = np.stack([short(features)[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    return short(queries) @ short(means).T


@wrong("mean_scores", says="all rows were divided by one length")
def scores_of_one_length(features, labels, queries):
    def short(rows):
        return rows / np.linalg.norm(rows)

    means = np.stack([short(features)[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    return short(queries) @ short(means).T


@right("mean_scores")
def scores_by_sums(features, labels, queries):
    sums = np.eye(max(labels) + 1)[labels].T @ _unit(features)  # a sum points where the mean does
    return _unit(queries) @ _unit(sums).T


@right("mean_scores")
def scores_by_keras(features, labels, queries):
    short = keras.ops.normalize(features, axis=1)
    means = [keras.ops.mean(short[labels == k], axis=0) for k in np.unique(labels)]
    return keras.ops.normalize(queries, axis=1) @ keras.ops.transpose(keras.ops.normalize(keras.ops.stack(means)))


@right("mean_scores")
def scores_one_by_one(features, labels, queries):
    table = []
    for query in queries:
        row = []
        for k in sorted(set(labels.tolist())):
            mean = sum(f / np.sqrt(f @ f) for f in features[labels == k])
            row.append(query @ mean / np.sqrt((query @ query) * (mean @ mean)))
        table.append(row)
    return table


# -- top_k_error ------------------------------------------------------------------------------------------------------


@wrong("top_k_error", says="this is the accuracy")
def top_k_accuracy(scores, labels, k):
    return np.mean([label in np.argsort(-row)[:k] for row, label in zip(scores, labels, strict=True)])


@wrong("top_k_error", says="the k lowest scores")
def top_k_of_the_lowest(scores, labels, k):
    return 1 - np.mean([label in np.argsort(row)[:k] for row, label in zip(scores, labels, strict=True)])


@wrong("top_k_error", says="only the k-th name")
def top_k_only_the_last(scores, labels, k):
    return np.mean(np.argsort(-scores, axis=1)[:, k - 1] != labels)


@wrong("top_k_error", says="only the best name")
def top_k_only_the_first(scores, labels, k):
    return np.mean(np.argmax(scores, axis=1) != labels)


@wrong("top_k_error", says="these are per cent")
def top_k_in_per_cent(scores, labels, k):
    best = np.argsort(-scores, axis=1)[:, :k]
    return 100 * (1 - np.mean((best == labels[:, None]).any(axis=1)))


@wrong("top_k_error", says="these are five names")
def top_k_always_five(scores, labels, k):
    best = np.argsort(-scores, axis=1)[:, :5]
    return 1 - np.mean((best == labels[:, None]).any(axis=1))


@wrong("top_k_error", says="the number of mistakes")
def top_k_counted(scores, labels, k):
    return sum(label not in np.argsort(-row)[:k] for row, label in zip(scores, labels, strict=True))


@wrong("top_k_error", says="one name too many")
def top_k_one_more(scores, labels, k):
    return np.mean([label not in np.argsort(-row)[: k + 1] for row, label in zip(scores, labels, strict=True)])


@right("top_k_error")
def top_k_by_keras(scores, labels, k):
    return 1 - np.mean(keras.metrics.sparse_top_k_categorical_accuracy(labels, scores.astype("float32"), k=k))


@right("top_k_error")
def top_k_by_counting(scores, labels, k):
    of_the_right = np.take_along_axis(scores, labels[:, None], axis=1)
    return ((scores > of_the_right).sum(axis=1) >= k).mean()


@right("top_k_error")
def top_k_by_tensorflow(scores, labels, k):
    return 1 - tf.reduce_mean(tf.cast(tf.math.in_top_k(labels, tf.cast(scores, tf.float32), k), tf.float32))


# -- shifted ----------------------------------------------------------------------------------------------------------


@wrong("shifted", says="up and to the left")
def shifted_the_other_way(images, down, right):
    return np.stack([_moved(image, -r, -c) for image, r, c in zip(images, down, right, strict=True)])


@wrong("shifted", says="np.roll")
def shifted_by_rolling(images, down, right):
    return np.stack([np.roll(image, (r, c), axis=(0, 1)) for image, r, c in zip(images, down, right, strict=True)])


@wrong("shifted", says="what comes in is black")
def shifted_into_black(images, down, right):
    h, w = images.shape[1:3]
    moved = np.zeros_like(images)
    for n, (r, c) in enumerate(zip(down, right, strict=True)):
        for i in range(h):
            for j in range(w):
                if 0 <= i - r < h and 0 <= j - c < w:
                    moved[n, i, j] = images[n, i - r, j - c]
    return moved


@wrong("shifted", says="rows and columns are exchanged")
def shifted_exchanged(images, down, right):
    return np.stack([_moved(image, c, r) for image, r, c in zip(images, down, right, strict=True)])


@wrong("shifted", says="the last row and column are h - 1 and w - 1")
def shifted_with_an_early_edge(images, down, right):
    h, w = images.shape[1:3]
    return np.stack(
        [
            image[np.clip(np.arange(h) - d, 0, h - 2)][:, np.clip(np.arange(w) - r, 0, w - 2)]
            for image, d, r in zip(images, down, right, strict=True)
        ]
    )


@wrong("shifted", says="here h stands for both")
def shifted_as_if_square(images, down, right):
    h = images.shape[1]
    return np.stack(
        [
            image[np.clip(np.arange(h) - d, 0, h - 1)][:, np.clip(np.arange(h) - r, 0, h - 1)]
            for image, d, r in zip(images, down, right, strict=True)
        ]
    )


@wrong("shifted", says="as the first does")
def shifted_all_alike(images, down, right):
    return np.stack([_moved(image, down[0], right[0]) for image in images])


@wrong("shifted", says="only the rows move")
def shifted_down_only(images, down, right):
    return np.stack([_moved(image, r, 0) for image, r in zip(images, down, strict=True)])


def _moved(image, r, c):
    h, w = image.shape[:2]
    return image[np.clip(np.arange(h) - r, 0, h - 1)][:, np.clip(np.arange(w) - c, 0, w - 1)]


@right("shifted")
def shifted_from_a_frame(images, down, right):
    most = max(np.abs(down).max(), np.abs(right).max())
    h, w = images.shape[1:3]
    framed = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    return [f[most - r : most - r + h, most - c : most - c + w] for f, r, c in zip(framed, down, right, strict=True)]


@right("shifted")
def shifted_by_scipy(images, down, right):
    return np.stack(
        [ndimage.shift(i, (r, c, 0), order=0, mode="nearest") for i, r, c in zip(images, down, right, strict=True)]
    )


@right("shifted")
def shifted_all_at_once(images, down, right):
    n, h, w = images.shape[:3]
    rows = np.clip(np.arange(h) - np.reshape(down, (n, 1)), 0, h - 1)
    columns = np.clip(np.arange(w) - np.reshape(right, (n, 1)), 0, w - 1)
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
