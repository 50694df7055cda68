"""Planted answers for lab 08: the mistakes that beginners make, and right answers in other styles."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.neighbors import NearestNeighbors

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


# -- shares_pixels ----------------------------------------------------------------------------------------------------


def _distances(train, test):
    return np.abs(test[:, None] - train[None])


@wrong("shares_pixels", says="patches that only touch share no pixel")
def shares_when_touching(train, test, size):
    return (_distances(train, test) <= size).all(axis=2).any(axis=1)


@wrong("shares_pixels", says="both must, at once")
def shares_rows_or_columns(train, test, size):
    return (_distances(train, test) < size).any(axis=2).any(axis=1)


@wrong("shares_pixels", says="the straight-line distance")
def shares_by_distance(train, test, size):
    return (np.linalg.norm(test[:, None] - train[None], axis=2) < size).any(axis=1)


@wrong("shares_pixels", says="the two distances are added")
def shares_by_the_sum(train, test, size):
    return (_distances(train, test).sum(axis=2) < size).any(axis=1)


@wrong("shares_pixels", says="True or False for each test patch")
def shares_as_places(train, test, size):
    return np.flatnonzero((_distances(train, test) < size).all(axis=2).any(axis=1))


@wrong("shares_pixels", says="expected")
def shares_never(train, test, size):
    return np.zeros(len(test), bool)


@wrong("shares_pixels", says="only patches at the very same place")
def shares_the_corner(train, test, size):
    return np.array([any((t == c).all() for c in train) for t in test])


@wrong("shares_pixels", says="asked are the test patches")
def shares_for_training(train, test, size):
    return (_distances(train, test) < size).all(axis=2).any(axis=0)


@wrong("shares_pixels", says="one answer for each pair")
def shares_pairwise(train, test, size):
    return (_distances(train, test) < size).all(axis=2)


@wrong("shares_pixels", says="this is the number of training patches")
def leaks_counted(train, test, size):
    return (_distances(train, test) < size).all(axis=2).sum(axis=1)


@wrong("shares_pixels", says="this is one answer for all test patches together")
def leaks_at_all(train, test, size):
    return (_distances(train, test) < size).all(axis=2).any()


@wrong("shares_pixels", says="only the first training patch was looked at")
def leaks_of_the_first(train, test, size):
    return (_distances(train[:1], test) < size).all(axis=2).any(axis=1)


@wrong("shares_pixels", says="only the rows were compared")
def leaks_by_rows(train, test, size):
    return (_distances(train, test)[..., 0] < size).any(axis=1)


@wrong("shares_pixels", says="the answer is turned round")
def leaks_turned_round(train, test, size):
    return ~(_distances(train, test) < size).all(axis=2).any(axis=1)


@wrong("shares_pixels", says="the size is one pixel too small")
def leaks_of_smaller_patches(train, test, size):
    return (_distances(train, test) < size - 1).all(axis=2).any(axis=1)


@right("shares_pixels")
def shares_by_sets_of_pixels(train, test, size):
    def pixels(corner):
        return {(corner[0] + i, corner[1] + j) for i in range(size) for j in range(size)}

    seen = set().union(*(pixels(corner) for corner in train))
    return [bool(seen & pixels(corner)) for corner in test]


@right("shares_pixels")
def shares_by_loops(train, test, size):
    return [
        any(r0 < r1 + size and r1 < r0 + size and c0 < c1 + size and c1 < c0 + size for r1, c1 in train)
        for r0, c0 in test
    ]


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


# -- nearest ----------------------------------------------------------------------------------------------------------


def _cosine(features, query):
    return features @ query / np.linalg.norm(features, axis=1) / np.linalg.norm(query)


@wrong("nearest", says="these are the least similar")
def nearest_farthest(features, query, k):
    return np.argsort(_cosine(features, query))[:k]


@wrong("nearest", says="this is the Euclidean distance")
def nearest_euclidean(features, query, k):
    return np.argsort(np.linalg.norm(features - query, axis=1))[:k]


@wrong("nearest", says="prefers long vectors")
def nearest_by_product(features, query, k):
    return np.argsort(-(features @ query))[:k]


@wrong("nearest", says="the root is missing")
def nearest_by_squared_lengths(features, query, k):
    return np.argsort(-(features @ query) / (features**2).sum(axis=1))[:k]


@wrong("nearest", says="the order is reversed")
def nearest_ascending(features, query, k):
    return np.argsort(_cosine(features, query))[-k:]


@wrong("nearest", says="their places are asked for")
def nearest_similarities(features, query, k):
    return np.sort(_cosine(features, query))[::-1][:k]


@wrong("nearest", says="all pictures are listed")
def nearest_of_all(features, query, k):
    return np.argsort(-_cosine(features, query))


@wrong("nearest", says="the order is reversed")
def nearest_last_first(features, query, k):
    return np.argsort(_cosine(features, query))[-k:]


@wrong("nearest", says="the first is left out")
def nearest_without_itself(features, query, k):
    return np.argsort(-_cosine(features, query))[1 : k + 1]


@wrong("nearest", says="the absolute value counts opposite")
def nearest_in_size(features, query, k):
    return np.argsort(-np.abs(_cosine(features, query)))[:k]


@wrong("nearest", says="this is only the first entry along axis 0")
def nearest_one(features, query, k):
    return np.argmax(_cosine(features, query))


@right("nearest")
def nearest_by_scikit_learn(features, query, k):
    search = NearestNeighbors(n_neighbors=k, metric="cosine").fit(features)
    return search.kneighbors(query[None], return_distance=False)[0]


@right("nearest")
def nearest_by_tensorflow(features, query, k):
    rows = tf.math.l2_normalize(features, axis=1)
    return tf.math.top_k(tf.linalg.matvec(rows, tf.math.l2_normalize(query)), k).indices


@right("nearest")
def nearest_by_selection(features, query, k):
    similarity = list(_cosine(features, query))
    return sorted(range(len(features)), key=lambda i: -similarity[i])[:k]
