"""Planted answers for lab 11: the mistakes that beginners make, and right answers in other styles."""

import io

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from tests.planted import right, wrong

# -- the detector -----------------------------------------------------------------------------------------------------


def _detector(end=None, units=2, filters=(16, 32, 48), strides=2, last=None, extra=()):
    layers = [keras.Input((48, 48, 3)), keras.layers.Rescaling(4, -2)]
    layers += [keras.layers.Conv2D(f, 3, strides=strides, padding="same", activation="relu") for f in filters]
    layers += [end or keras.layers.Flatten(), *extra, keras.layers.Dense(units, activation=last)]
    return keras.Sequential(layers)


@wrong("build_detector", says="softmax in the last layer")
def detector_with_softmax():
    return _detector(last="softmax")


@wrong("build_detector", says="sigmoid in the last layer")
def detector_with_sigmoid():
    return _detector(last="sigmoid")


@wrong("build_detector", says="ReLU in the last layer")
def detector_with_relu_at_the_end():
    return _detector(last="relu")


@wrong("build_detector", says="each has its logit: Dense(2)")
def detector_with_one_unit():
    return _detector(units=1)


@wrong("build_detector", says="and the budget is 50000")
def detector_beyond_the_budget():
    return _detector(strides=1, filters=(4, 4), extra=(keras.layers.Dense(32),))


@wrong("build_detector", says="the layers at the end")
def detector_without_flatten():
    return _detector(end=keras.layers.Identity())


@wrong("build_detector", says="begin with keras.Input((48, 48, 3))")
def detector_without_input():
    return keras.Sequential([keras.layers.Conv2D(8, 3), keras.layers.Flatten(), keras.layers.Dense(2)])


@wrong("build_detector", says="Return the Keras model or layer itself")
def detector_not_returned():
    _detector()


@wrong("build_detector", says="the layer is frozen")
def detector_frozen():
    model = _detector()
    model.trainable = False
    return model


@wrong("build_detector", says="start at the same value")
def detector_of_zeros():
    model = _detector()
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    return model


@wrong("build_detector", says="tanh in the last layer")
def detector_with_tanh():
    return _detector(last="tanh")


@wrong("build_detector", says="a mean over the batch")
def detector_that_compares_pictures():
    inputs = keras.Input((48, 48, 3))
    logits = _detector()(inputs)
    return keras.Model(inputs, logits - keras.ops.mean(logits, axis=0, keepdims=True))


@right("build_detector")
def detector_with_pooling_and_normalisation():
    inputs = x = keras.Input((48, 48, 3))
    for filters in (16, 32, 32):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.MaxPooling2D()(keras.layers.ReLU()(keras.layers.BatchNormalization()(x)))
    x = keras.layers.Dropout(0.3)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, keras.layers.Dense(2)(x))


@right("build_detector")
def detector_without_convolution():
    layers = [keras.layers.AveragePooling2D(4), keras.layers.Flatten(), keras.layers.Dense(24, activation="tanh")]
    return keras.Sequential([keras.Input((48, 48, 3)), *layers, keras.layers.Dense(2)])


def _trained(images, labels, rate=0.003, epochs=10, from_logits=True, model=None):
    keras.utils.set_random_seed(0)  # the same in a notebook and in a grader's process
    model = model or _detector()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(rate), loss)
    model.optimizer.build(model.trainable_variables)  # a step is traced once, not twice
    model.fit(images, labels, batch_size=32, epochs=epochs, verbose=0)
    return model


@wrong("train_detector", says="too few epochs")
def trained_on_labels_of_a_coin(images, labels):
    return _trained(images, np.random.default_rng(1).permutation(labels), rate=0.001, epochs=4)  # as good as a coin


@wrong("train_detector", says="labels that do not belong to the pictures")
def trained_on_shuffled_labels(images, labels):
    return _trained(images, np.random.default_rng(0).permutation(labels), epochs=4)


@wrong("train_detector", says="with the labels exchanged")
def trained_on_exchanged_labels(images, labels):
    return _trained(images, 1 - labels)


@wrong("train_detector", says="History")
def trained_history_returned(images, labels):
    model = _detector()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model.fit(images, labels, epochs=1, batch_size=128, verbose=0)


@wrong("train_detector", says="all portraits get the same label")
def trained_far_too_fast(images, labels):
    model = _trained(images, labels, rate=0.1, epochs=1)
    kernel, bias = model.layers[-1].get_weights()  # where a rate of 3 ends on most machines, and here on all
    model.layers[-1].set_weights([0 * kernel, np.array([9, 0], bias.dtype)])
    return model


@wrong("train_detector", says="nan or inf")
def trained_to_nan(images, labels):
    model = _detector()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    return model


@right("train_detector")
def trained_with_sgd_and_one_hot(images, labels):
    model = _detector()
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), loss)
    model.optimizer.build(model.trainable_variables)
    model.fit(images, keras.ops.one_hot(labels, 2), batch_size=16, epochs=10, verbose=0)
    return model


@right("train_detector")
def trained_in_a_loop(images, labels):
    model, optimiser, rng = _detector(), keras.optimizers.Adam(0.003), np.random.default_rng(0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimiser.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        optimiser.apply(tape.gradient(value, model.trainable_variables))

    for _ in range(10 * len(images) // 32):
        rows = rng.choice(len(images), 32)
        step(tf.constant(images[rows]), tf.constant(labels[rows]))
    return model


# -- reading a file ---------------------------------------------------------------------------------------------------


def _opened(data):
    return Image.open(io.BytesIO(bytes(data)))


@wrong("read_face", says="divide by 255")
def face_in_levels(data):
    return np.asarray(_opened(data).convert("RGB").resize((48, 48)), "float32")


@wrong("read_face", says="the numbers go from -1 to 1")
def face_from_minus_one(data):
    return np.asarray(_opened(data).convert("RGB").resize((48, 48)), "float32") / 127.5 - 1


@wrong("read_face", says="red and blue are exchanged")
def face_in_bgr(data):
    return np.asarray(_opened(data).convert("RGB").resize((48, 48)), "float32")[..., ::-1] / 255


@wrong("read_face", says="has one channel")
def face_without_convert(data):
    return np.asarray(_opened(data).resize((48, 48)), "float32") / 255


@wrong("read_face", says="comes back with four channels")
def face_with_alpha(data):
    picture = _opened(data)
    picture = picture if picture.mode == "RGBA" else picture.convert("RGB")
    return np.asarray(picture.resize((48, 48)), "float32") / 255


@wrong("read_face", says="resize((48, 48)) is missing")
def face_without_resize(data):
    return np.asarray(_opened(data).convert("RGB"), "float32") / 255


@wrong("read_face", says="the batch axis is there already")
def face_with_a_batch_axis(data):
    return np.asarray(_opened(data).convert("RGB").resize((48, 48)), "float32")[None] / 255


@wrong("read_face", says="convert to RGB, not to grey")
def face_in_grey(data):
    return np.asarray(_opened(data).convert("L").convert("RGB").resize((48, 48)), "float32") / 255


@wrong("read_face", says="rows and columns are exchanged")
def face_transposed(data):
    return np.asarray(_opened(data).convert("RGB").resize((48, 48)), "float32").transpose(1, 0, 2) / 255


@wrong("read_face", says="of the type float64")
def face_in_double_precision(data):
    return np.asarray(_opened(data).convert("RGB").resize((48, 48))) / 255


@wrong("read_face", says="a square was cut out")
def face_cropped(data):
    picture = _opened(data).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return np.asarray(picture.crop((left, top, left + side, top + side)).resize((48, 48)), "float32") / 255


@wrong("read_face", says="thumbnail keeps the shape")
def face_as_a_thumbnail(data):
    picture = _opened(data).convert("RGB")
    picture.thumbnail((48, 48))
    return np.asarray(picture, "float32") / 255


@wrong("read_face", says="laid over white")
def face_over_white(data):
    picture = _opened(data).convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB").resize((48, 48)), "float32") / 255


@wrong("read_face", says="Image.open takes a file or its name")
def face_opened_without_a_file(data):
    return np.asarray(Image.open(data).convert("RGB").resize((48, 48)), "float32") / 255


@right("read_face")
def face_by_keras(data):
    picture = keras.utils.load_img(io.BytesIO(np.asarray(data, np.uint8).tobytes()), target_size=(48, 48))
    return keras.utils.img_to_array(picture) / 255.0


@right("read_face")
def face_by_tensorflow(data):
    file = io.BytesIO()
    _opened(data).convert("RGB").save(file, "PNG")
    pixels = tf.io.decode_png(file.getvalue(), channels=3)
    return tf.image.resize(tf.cast(pixels, tf.float32) / 255, (48, 48))


@right("read_face")
def face_as_nested_lists(data):
    return (np.asarray(_opened(data).convert("RGB").resize((48, 48), Image.Resampling.BOX)) / 255).tolist()


# -- the label of a face ----------------------------------------------------------------------------------------------


def _logits(model, face):
    return np.asarray(model(np.asarray(face, "float32")[None], training=False))[0].astype(float)


def _softmax(z):
    powers = np.exp(z - z.max())
    return powers / powers.sum()


@wrong("label_of", says="softmax is missing")
def label_with_its_logit(model, face):
    z = _logits(model, face)
    return int(z.argmax()), float(z.max())


@wrong("label_of", says="the smaller logit")
def label_of_the_smaller(model, face):
    z = _logits(model, face)
    return int(z.argmin()), float(_softmax(z).max())


@wrong("label_of", says="The order of the results is wrong")
def label_after_probability(model, face):
    z = _logits(model, face)
    return float(_softmax(z).max()), int(z.argmax())


@wrong("label_of", says="probabilities of both labels")
def label_with_both_probabilities(model, face):
    z = _logits(model, face)
    return int(z.argmax()), _softmax(z)


@wrong("label_of", says="np.exp(900) is inf")
def label_by_a_plain_exponential(model, face):
    z = _logits(model, face)
    with np.errstate(all="ignore"):
        return int(z.argmax()), float((np.exp(z) / np.exp(z).sum()).max())


@wrong("label_of", says="dropout is active")
def label_in_training_mode(model, face):
    z = np.asarray(model(face[None], training=True))[0].astype(float)
    return int(z.argmax()), float(_softmax(z).max())


@wrong("label_of", says="label_of stopped with")
def label_without_a_batch_axis(model, face):
    z = np.asarray(model(face, training=False))[0]
    return int(z.argmax()), float(_softmax(z).max())


@wrong("label_of", says="a sigmoid of one logit")
def label_by_sigmoid(model, face):
    z = _logits(model, face)
    return int(z.argmax()), float(1 / (1 + np.exp(-z.max())))


@wrong("label_of", says="over the batch, which holds one face")
def label_of_the_batch(model, face):
    p = np.exp(_logits(model, face))[None]
    p = p / p.sum(axis=1, keepdims=True)
    return np.argmax(p, axis=0), np.max(p, axis=0)


@wrong("label_of", says="in per cent")
def label_in_per_cent(model, face):
    p = _softmax(_logits(model, face))
    return int(p.argmax()), 100 * float(p.max())


@right("label_of")
def label_by_tensorflow(model, face):
    powers = tf.nn.softmax(model(face[None], training=False))[0]
    return tf.argmax(powers), tf.reduce_max(powers)


@right("label_of")
def label_by_predict_as_a_list(model, face):
    powers = keras.ops.softmax(model.predict(face[None], verbose=0))
    return [np.argmax(powers), np.max(powers)]


# -- the loss of DX ---------------------------------------------------------------------------------------------------


def _loss(model, images, dx, wrong, penalty, training=False, clip=True, from_logits=True, total=tf.reduce_sum):
    images, dx = tf.cast(images, tf.float32), tf.convert_to_tensor(dx)
    seen = tf.clip_by_value(images + dx, 0.0, 1.0) if clip else images + dx
    logits = model(seen, training=training)
    losses = keras.losses.sparse_categorical_crossentropy(wrong, logits, from_logits=from_logits)
    return total(losses) + penalty * tf.reduce_sum(tf.square(dx))


@wrong("dx_loss", says="the labels to be reached")
def loss_of_the_labels_to_leave(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, 1 - wrong, penalty)


@wrong("dx_loss", says="clip(X + DX) is missing")
def loss_without_clip(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, penalty, clip=False)


@wrong("dx_loss", says="averaged over the pictures: sum it")
def loss_of_the_mean(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, penalty, total=tf.reduce_mean)


@wrong("dx_loss", says="from_logits=True is missing")
def loss_without_from_logits(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, penalty, from_logits=False)


@wrong("dx_loss", says="the norm is one of all pictures together, and not squared")
def loss_with_the_norm(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, 0.0) + penalty * tf.norm(dx)


@wrong("dx_loss", says="the penalty is missing")
def loss_without_penalty(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, 0.0)


@wrong("dx_loss", says="it would make DX large")
def loss_with_a_reward(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, -penalty)


@wrong("dx_loss", says="averaged over its numbers")
def loss_with_the_mean_square(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, 0.0) + penalty * tf.reduce_mean(tf.square(dx))


@wrong("dx_loss", says="the absolute values of DX")
def loss_with_absolute_values(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, 0.0) + penalty * tf.reduce_sum(tf.abs(dx))


@wrong("dx_loss", says="dropout is active")
def loss_in_training_mode(model, images, dx, wrong, penalty):
    return _loss(model, images, dx, wrong, penalty, training=True)


@wrong("dx_loss", says="the penalty is on the picture")
def loss_with_the_picture_in_the_penalty(model, images, dx, wrong, penalty):
    seen = tf.clip_by_value(images + dx, 0.0, 1.0)
    return _loss(model, images, dx, wrong, 0.0) + penalty * tf.reduce_sum(seen**2)


@wrong("dx_loss", says="DX is subtracted")
def loss_with_dx_subtracted(model, images, dx, wrong, penalty):
    return _loss(model, images, -dx, wrong, penalty)


@wrong("dx_loss", says="clipped to 0 … 255")
def loss_clipped_to_levels(model, images, dx, wrong, penalty):
    logits = model(tf.clip_by_value(images + dx, 0.0, 255.0), training=False)
    entropy = keras.losses.sparse_categorical_crossentropy(wrong, logits, from_logits=True)
    return tf.reduce_sum(entropy) + penalty * tf.reduce_sum(tf.square(dx))


@right("dx_loss")
def loss_by_hand(model, images, dx, wrong, penalty):
    z = np.asarray(model(np.clip(images + dx, 0, 1), training=False)).astype(float)
    own = z[np.arange(len(z)), wrong]
    return float(np.sum(np.log(np.exp(z).sum(axis=1)) - own) + penalty * np.sum(np.asarray(dx, float) ** 2))


@right("dx_loss")
def loss_as_a_loop(model, images, dx, wrong, penalty):
    total = 0.0
    for image, change, label in zip(images, dx, wrong, strict=True):
        logits = model(tf.clip_by_value(image + change, 0.0, 1.0)[None], training=False)
        total += tf.nn.sparse_softmax_cross_entropy_with_logits([label], logits)[0] + penalty * tf.norm(change) ** 2
    return total


# -- only DX learns ---------------------------------------------------------------------------------------------------


def _learnt(model, images, wrong, penalty, steps, rate, loss=_loss, up=False, optimiser=None, with_weights=False):
    dx = tf.Variable(tf.zeros_like(images))
    learning = [dx, *model.trainable_variables] if with_weights else [dx]
    optimiser = optimiser or keras.optimizers.Adam(rate)
    optimiser.build(learning)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(model, images, dx, wrong, penalty)
            value = -value if up else value
        optimiser.apply(tape.gradient(value, learning), learning)

    for _ in range(steps):
        step()
    return dx.numpy()


@wrong("train_dx", says="`wrong` are the labels to be reached")
def dx_towards_the_true_label(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, 1 - wrong, penalty, steps, rate)


@wrong("train_dx", says="the weights of the network learn as well")
def dx_with_the_weights(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, wrong, penalty, steps, rate, with_weights=True)


@wrong("train_dx", says="these are the changed pictures")
def dx_added_to_the_pictures(model, images, wrong, penalty, steps, rate):
    return images + _learnt(model, images, wrong, penalty, steps, rate)


@wrong("train_dx", says="the penalty is missing")
def dx_without_penalty(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, wrong, 0.0, steps, rate)


@wrong("train_dx", says="Keras' own, 0.001")
def dx_with_the_usual_rate(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, wrong, penalty, steps, rate, optimiser=keras.optimizers.Adam())


@wrong("train_dx", says="plain gradient descent")
def dx_by_gradient_descent(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, wrong, penalty, steps, rate, optimiser=keras.optimizers.SGD(rate))


@wrong("train_dx", says="one step was made")
def dx_after_one_step(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, wrong, penalty, 1, rate)


@wrong("train_dx", says="DX is still zero")
def dx_still_zero(model, images, wrong, penalty, steps, rate):
    return np.zeros_like(images)


@wrong("train_dx", says="the pictures, but the penalty is not")
def dx_of_the_mean_loss(model, images, wrong, penalty, steps, rate):
    def mean(*arguments):
        return _loss(*arguments, total=tf.reduce_mean)

    return _learnt(model, images, wrong, penalty, steps, rate, loss=mean)


@wrong("train_dx", says="dropout is active")
def dx_in_training_mode(model, images, wrong, penalty, steps, rate):
    def training(*arguments):
        return _loss(*arguments, training=True)

    return _learnt(model, images, wrong, penalty, steps, rate, loss=training)


@wrong("train_dx", says="`return` is missing")
def dx_not_returned(model, images, wrong, penalty, steps, rate):
    _learnt(model, images, wrong, penalty, steps, rate)


@wrong("train_dx", says="one DX for all pictures")
def dx_for_all_pictures(model, images, wrong, penalty, steps, rate):
    return _learnt(model, images, wrong, penalty, steps, rate).mean(axis=0)


@wrong("train_dx", says="both are sums")
def dx_of_an_averaged_loss(model, images, wrong, penalty, steps, rate):
    dx = tf.Variable(tf.zeros_like(images))
    optimiser = keras.optimizers.Adam(rate)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            logits = model(tf.clip_by_value(images + dx, 0.0, 1.0), training=False)
            entropy = keras.losses.sparse_categorical_crossentropy(wrong, logits, from_logits=True)
            loss = tf.reduce_mean(entropy) + penalty * tf.reduce_mean(tf.square(dx))
        optimiser.apply(tape.gradient(loss, [dx]), [dx])
    return dx.numpy()


@right("train_dx")
def dx_in_an_eager_loop(model, images, wrong, penalty, steps, rate):
    dx, optimiser = keras.Variable(np.zeros(images.shape), dtype="float32"), keras.optimizers.Adam(rate)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = _loss(model, images, dx.value, wrong, penalty)
        optimiser.apply([tape.gradient(loss, dx.value)], [dx])
    return dx.numpy()


@right("train_dx")
def dx_with_adam_by_hand(model, images, wrong, penalty, steps, rate):
    dx, m, v = (np.zeros(images.shape, "float32") for _ in range(3))
    for step in range(1, steps + 1):
        at = tf.constant(dx)
        with tf.GradientTape() as tape:
            tape.watch(at)
            loss = _loss(model, images, at, wrong, penalty)
        g = tape.gradient(loss, at).numpy()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        dx = dx - rate * m / (1 - 0.9**step) / (np.sqrt(v / (1 - 0.999**step)) + 1e-7)
    return tf.constant(dx)


# -- what a file holds ------------------------------------------------------------------------------------------------


def _levels(part):
    return np.round(255 * np.clip(part, 0, 1)).astype("uint8")


@wrong("three_pictures", says="cut off, not rounded")
def pictures_cut_off(image, dx):
    return [(255 * np.clip(part, 0, 1)).astype("uint8") for part in (image, image + dx, 50 * np.abs(dx))]


@wrong("three_pictures", says="went round: clip before astype")
def pictures_that_wrap(image, dx):
    parts = (image, image + dx, 50 * np.abs(dx))
    return [np.round(255 * part).astype(np.int64).astype("uint8") for part in parts]


@wrong("three_pictures", says="without its sign: np.abs")
def pictures_with_a_signed_change(image, dx):
    return [_levels(image), _levels(image + dx), _levels(50 * dx)]


@wrong("three_pictures", says="not amplified: 50 times")
def pictures_not_amplified(image, dx):
    return [_levels(image), _levels(image + dx), _levels(np.abs(dx))]


@wrong("three_pictures", says="a file holds uint8")
def pictures_as_floats(image, dx):
    return [_levels(part).astype("float32") for part in (image, image + dx, 50 * np.abs(dx))]


@wrong("three_pictures", says="this is DX alone")
def pictures_of_the_change_alone(image, dx):
    return [_levels(image), _levels(dx), _levels(50 * np.abs(dx))]


@wrong("three_pictures", says="clipping to 0 to 255 is missing")
def pictures_not_clipped(image, dx):
    return [np.round(255 * part) for part in (image, image + dx, 50 * np.abs(dx))]


@wrong("three_pictures", says="Return 3 things")
def pictures_two_of_three(image, dx):
    return [_levels(image), _levels(image + dx)]


@wrong("three_pictures", says="round their sum")
def pictures_rounded_one_by_one(image, dx):
    start = np.round(255 * np.clip(image, 0, 1))
    return [_levels(image), np.clip(start + np.round(255 * dx), 0, 255).astype("uint8"), _levels(50 * np.abs(dx))]


@wrong("three_pictures", says="the difference of the two files")
def pictures_compared_as_files(image, dx):
    start, end = _levels(image), _levels(image + dx)
    return start, end, np.clip(50 * np.abs(end.astype(int) - start), 0, 255).astype("uint8")


@wrong("three_pictures", says="two arrays of uint8 went round")
def pictures_subtracted_as_levels(image, dx):
    start, end = _levels(image), _levels(image + dx)
    return start, end, 50 * (end - start)


@wrong("three_pictures", says="its size alone is asked for")
def pictures_with_the_face_amplified(image, dx):
    return _levels(image), _levels(image + dx), _levels(image + 50 * dx)


@right("three_pictures")
def pictures_with_rint_and_a_stack(image, dx):
    parts = np.stack([image, image + dx, 50 * abs(dx)])
    return np.rint(np.clip(255 * parts, 0, 255)).astype(np.uint8)


@right("three_pictures")
def pictures_with_a_half_added(image, dx):
    amplified = tf.clip_by_value(tf.abs(dx) * 50, 0, 1)
    parts = (image, np.minimum(np.maximum(image + dx, 0), 1), amplified.numpy())
    return tuple((255 * part.astype(float) + 0.5).astype("uint8") for part in parts)


def _says(model, picture):
    return int(np.argmax(model(np.asarray(picture, "float32")[None], training=False)))


def _stored(picture):
    return np.round(255 * np.clip(picture, 0, 1)) / 255


@wrong("smallest_factor", says="the picture is not rounded")
def factor_in_memory(model, image, dx, wrong, factors):
    return next((f for f in factors if _says(model, np.clip(image + f * dx, 0, 1)) == wrong), None)


@wrong("smallest_factor", says="the colours are cut off")
def factor_with_cut_colours(model, image, dx, wrong, factors):
    def cut(picture):
        return (255 * np.clip(picture, 0, 1)).astype("uint8") / 255

    return next((f for f in factors if _says(model, cut(image.astype(float) + f * dx)) == wrong), None)


@wrong("smallest_factor", says="this is the last factor that misleads")
def factor_that_is_largest(model, image, dx, wrong, factors):
    return max((f for f in factors if _says(model, _stored(image + f * dx)) == wrong), default=None)


@wrong("smallest_factor", says="which does not mislead yet")
def factor_compared_the_other_way(model, image, dx, wrong, factors):
    return next((f for f in factors if _says(model, _stored(image + f * dx)) != wrong), None)


@wrong("smallest_factor", says="after the loop the last factor is returned")
def factor_even_if_none(model, image, dx, wrong, factors):
    for factor in factors:
        if _says(model, _stored(image + factor * dx)) == wrong:
            break
    return factor


@wrong("smallest_factor", says="this is the place in the list")
def factor_as_a_place(model, image, dx, wrong, factors):
    return next((k for k, f in enumerate(factors) if _says(model, _stored(image + f * dx)) == wrong), None)


@wrong("smallest_factor", says="at `return factor` in the loop")
def factor_not_returned(model, image, dx, wrong, factors):
    for factor in factors:
        if _says(model, _stored(image + factor * dx)) == wrong:
            break


@wrong("smallest_factor", says="clip(image + factor · dx) is missing")
def factor_without_clip(model, image, dx, wrong, factors):
    return next((f for f in factors if _says(model, np.round(255 * (image + f * dx)) / 255) == wrong), None)


@wrong("smallest_factor", says="DX is rounded alone")
def factor_with_a_rounded_change(model, image, dx, wrong, factors):
    def changed(factor):
        return np.clip(image + np.round(255 * factor * dx) / 255, 0, 1)

    return next((f for f in factors if _says(model, changed(f)) == wrong), None)


@wrong("smallest_factor", says="multiplied by 256")
def factor_with_256(model, image, dx, wrong, factors):
    def kept(picture):
        return np.round(256 * np.clip(picture, 0, 1)) / 256

    return next((f for f in factors if _says(model, kept(image + f * dx)) == wrong), None)


@wrong("smallest_factor", says="belongs behind the loop")
def factor_of_the_first_only(model, image, dx, wrong, factors):
    for factor in factors:
        return factor if _says(model, _stored(image + factor * dx)) == wrong else None


@wrong("smallest_factor", says="also of one: picture[None]")
def factor_without_a_batch(model, image, dx, wrong, factors):
    return next((f for f in factors if np.argmax(model(_stored(image + f * dx))) == wrong), None)


@right("smallest_factor")
def factor_of_one_batch(model, image, dx, wrong, factors):
    batch = np.stack([_stored(image + f * dx) for f in factors]).astype("float32")
    hits = np.flatnonzero(np.asarray(model(batch, training=False)).argmax(axis=1) == wrong)
    return np.float32(factors[hits[0]]) if len(hits) else None


@right("smallest_factor")
def factor_in_tensorflow(model, image, dx, wrong, factors):
    for factor in factors:
        levels = tf.round(tf.clip_by_value(image + factor * dx, 0.0, 1.0) * 255.0)
        if tf.argmax(model(levels[None] / 255.0, training=False), axis=1)[0] == wrong:
            return tf.constant(factor)
    return None


# -- a neighbour's network --------------------------------------------------------------------------------------------


def _hits(model, batch, aims):
    return np.asarray(model(batch, training=False)).argmax(axis=1) == aims


def _matrix(models, pictures, wrong, of=np.mean):
    return np.array([[of(_hits(m, p, w)) for p, w in zip(pictures, wrong, strict=True)] for m in models], float)


@wrong("transfer_matrix", says="rows and columns are exchanged")
def transfer_transposed(models, pictures, wrong):
    return _matrix(models, pictures, wrong).T


@wrong("transfer_matrix", says="the shares that are not misled")
def transfer_of_what_holds(models, pictures, wrong):
    return 1 - _matrix(models, pictures, wrong)


@wrong("transfer_matrix", says="divide by how many there are")
def transfer_in_numbers(models, pictures, wrong):
    return _matrix(models, pictures, wrong, np.sum)


@wrong("transfer_matrix", says="only the diagonal is filled")
def transfer_on_the_diagonal(models, pictures, wrong):
    return np.diag(np.diag(_matrix(models, pictures, wrong)))


@wrong("transfer_matrix", says="dropout is active")
def transfer_in_training_mode(models, pictures, wrong):
    def share(model, batch, aims):
        return np.mean(np.asarray(model(batch, training=True)).argmax(axis=1) == aims)

    return np.array([[share(m, p, w) for p, w in zip(pictures, wrong, strict=True)] for m in models])


@wrong("transfer_matrix", says="`wrong` belongs to the pictures")
def transfer_to_the_labels_of_the_network(models, pictures, wrong):
    rows = [[_hits(m, p, w[: len(p)]).mean() for p in pictures] for m, w in zip(models, wrong, strict=True)]
    return np.array(rows)


@wrong("transfer_matrix", says="mean probabilities")
def transfer_in_probabilities(models, pictures, wrong):
    def mean(model, batch, aims):
        return np.mean(tf.nn.softmax(model(batch, training=False)).numpy()[np.arange(len(aims)), aims])

    return [[mean(m, p, w) for p, w in zip(pictures, wrong, strict=True)] for m in models]


@wrong("transfer_matrix", says="in per cent")
def transfer_in_per_cent(models, pictures, wrong):
    return 100 * _matrix(models, pictures, wrong)


@wrong("transfer_matrix", says="answers as the one that the pictures were made for")
def transfer_of_agreement(models, pictures, wrong):
    own = [np.asarray(m(p, training=False)).argmax(axis=1) for m, p in zip(models, pictures, strict=True)]
    return _matrix(models, pictures, own)


@right("transfer_matrix")
def transfer_as_lists(models, pictures, wrong):
    return [[float(_hits(m, p, w).mean()) for p, w in zip(pictures, wrong, strict=True)] for m in models]


@right("transfer_matrix")
def transfer_column_by_column(models, pictures, wrong):
    columns = []
    for batch, aims in zip(pictures, wrong, strict=True):
        answers = tf.stack([tf.argmax(model(batch, training=False), axis=1) for model in models])
        columns.append(tf.reduce_mean(tf.cast(answers == aims, tf.float32), axis=1))
    return tf.stack(columns, axis=1)
