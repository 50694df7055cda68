"""Grad-CAM of any model: the same maps however the layers are nested, and as a reference of twenty lines gives them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from labs_utils.gradcam import find_layer, grad_cam, last_feature_maps, leaf_layers

SIZE, CLASSES = 32, 4


def randomise(model, seed=0):
    """Weights with which classes differ, statistics of batch normalisation included."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        low, high = (0.5, 1.5) if "variance" in variable.name or "gamma" in variable.name else (-0.3, 0.3)
        variable.assign(rng.uniform(low, high, variable.shape))
    return model


def backbone(name="backbone"):
    """A functional network that keeps 8 × 8 places, its last layers normalised and activated, with a side branch."""
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="first")(inputs)
    side = layers.Conv2D(5, 3, strides=2, padding="same", name="side")(x)
    x = layers.Conv2D(5, 3, strides=2, padding="same", name="second")(x)
    x = layers.Add()([x, side])
    x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.ReLU(name="last")(x), name=name)


def head(activation=None):
    return [layers.GlobalAveragePooling2D(), layers.Dense(8, activation="tanh"), layers.Dense(CLASSES, activation)]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).uniform(-1, 1, (5, SIZE, SIZE, 3)).astype("float32")


def reference(model, images, classes, layer):
    """Grad-CAM in a few lines: a second model by name, one image at a time; only for a layer that is not nested."""
    both = keras.Model(model.inputs[0], [model.get_layer(layer).output, model.outputs[0]])
    maps = []
    for image, k in zip(images, classes, strict=True):
        with tf.GradientTape() as tape:
            features, scores = both(image[None], training=False)
            score = scores[0, int(k)]
        gradient = tape.gradient(score, features)[0].numpy()
        channels = [gradient[..., c].mean() * features[0, ..., c].numpy() for c in range(gradient.shape[-1])]
        small = np.maximum(np.sum(channels, axis=0), 0)
        maps.append(keras.ops.image.resize(small[..., None], image.shape[:2])[..., 0])
    return np.stack(maps)


def flat_twin(model, activation=None):
    """A network without nesting that has the weights of `model`."""
    base = backbone()
    x = base.outputs[0]
    for layer in head(activation):
        x = layer(x)
    twin = keras.Model(base.inputs, x)
    twin.set_weights(model.get_weights())
    return twin


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.pool, self.hidden, self.out = backbone(), *head()

    def call(self, inputs, training=False):
        return self.out(self.hidden(self.pool(self.inner(inputs, training=training))))


def sequential():
    return keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone(), *head()])


def functional():
    inputs = keras.Input((SIZE, SIZE, 3))
    x = backbone()(inputs)
    for layer in head():
        x = layer(x)
    return keras.Model(inputs, x)


def functional_on_scaled_inputs():
    inputs = keras.Input((SIZE, SIZE, 3))
    x = sequential()(layers.Rescaling(1.0)(inputs))
    return keras.Model(inputs, x)


def deep():
    model = sequential()
    for _ in range(3):
        model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), model])
    return keras.Sequential([functional_wrapper(model)])


def functional_wrapper(model):
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, model(inputs))


def extended():
    """The way of the lecture: the head is built on the base model's own output, so nothing is nested."""
    base = backbone()
    x = base.output
    for layer in head():
        x = layer(x)
    return keras.Model(base.input, x)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, SIZE, SIZE, 3), "float32"))
    return model


def two_bodies_in_one_sequential():
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone()], name="body")
    return keras.Sequential([inner, keras.Sequential([keras.Input((8, 8, 5)), *head()], name="top")])


NESTINGS = [
    sequential,
    functional,
    functional_on_scaled_inputs,
    deep,
    extended,
    subclassed,
    two_bodies_in_one_sequential,
]


@pytest.mark.parametrize("build", NESTINGS)
def test_every_nesting_gives_the_map_of_the_flat_network(build, images):
    model = build()
    model(images)
    randomise(model)
    classes = np.array([0, 1, 2, 3, 1])
    expected = reference(flat_twin(model), images, classes, "last")
    assert expected.max() > 1e-4
    assert last_feature_maps(model, images).name == "last"
    for layer in (None, "last", find_layer(model, "last")):
        assert np.allclose(grad_cam(model, images, classes, layer), expected, atol=1e-4 * expected.max())


def test_any_layer_can_be_looked_at(images):
    model = randomise(sequential())
    twin = flat_twin(model)
    for name in ("first", "second", "side"):
        expected = reference(twin, images, [2] * 5, name)
        assert np.allclose(grad_cam(model, images, 2, name), expected, atol=1e-4 * expected.max()), name


@pytest.mark.parametrize(
    "build",
    [
        lambda: keras.applications.MobileNet((96, 96, 3), alpha=0.25, weights=None, classes=7),
        lambda: keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=7),
        lambda: keras.applications.MobileNet((96, 96, 3), 0.25, weights=None, classes=7, classifier_activation=None),
    ],
    ids=["MobileNet", "MobileNetV2", "MobileNet without softmax"],
)
def test_networks_of_keras_applications_nested_and_not(build):
    keras.utils.set_random_seed(0)  # for some drawn kernels every map is zero, and nothing is compared
    model = randomise_lightly(build())
    images = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype("float32")
    expected_layer = {"mobilenet": "conv_pw_13_relu", "mobilenetv2": "out_relu"}[model.name.split("_")[0]]
    assert last_feature_maps(model, images).name == expected_layer
    nested = keras.Sequential([keras.Input((96, 96, 3)), functional_wrapper_of(model)])
    with_scores = keras.Model(model.inputs[0], scores_before_softmax(model))
    expected = reference(with_scores, images, [3, 5], expected_layer)
    assert expected.max() > 1e-4
    for candidate in (model, nested):
        assert np.allclose(grad_cam(candidate, images, [3, 5]), expected, atol=1e-4 * expected.max())


def randomise_lightly(model):
    """Leaves the freshly drawn kernels, which keep activations in range, and gives the normalisation statistics."""
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.name in ("beta", "moving_mean"):
            variable.assign(rng.normal(0, 0.1, variable.shape))
        elif variable.name == "moving_variance":
            variable.assign(rng.uniform(0.02, 0.1, variable.shape))  # else nothing is left after 27 layers
    return model


def functional_wrapper_of(model):
    inputs = keras.Input(model.input_shape[1:])
    return keras.Model(inputs, model(inputs))


def scores_before_softmax(model):
    """The tensor before a closing softmax, whether that is a layer or the activation of a dense layer."""
    last = model.layers[-1]
    if not isinstance(last, layers.Dense):
        return last.input if last.name == "predictions" else last.output
    scores = layers.Dense(last.units)
    tensor = scores(last.input)
    scores.set_weights(last.get_weights())
    return tensor


def test_no_state_is_left_behind(images):
    model = randomise(sequential())
    before, weights = model(images).numpy(), model.get_weights()
    settings = [(layer, dict(vars(layer))) for layer in leaf_layers(model).values()]
    grad_cam(model, images, 1)
    with pytest.raises(ValueError):
        grad_cam(model, images, 99)
    assert np.array_equal(model(images).numpy(), before)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights, strict=True))
    for layer, attributes in settings:
        assert vars(layer).keys() == attributes.keys()


def test_the_model_still_saves_and_trains_afterwards(images, tmp_path):
    model = randomise(keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone(), *head("softmax")]))
    grad_cam(model, images)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(images, np.zeros(5, int), verbose=0)
    model.save(tmp_path / "model.keras")
    assert np.allclose(keras.models.load_model(tmp_path / "model.keras")(images), model(images), atol=1e-6)


# -- scores -----------------------------------------------------------------------------------------------------------

ENDINGS = {
    "activation of the dense layer": lambda: [layers.Dense(CLASSES, activation="softmax")],
    "softmax layer": lambda: [layers.Dense(CLASSES), layers.Softmax()],
    "activation layer": lambda: [layers.Dense(CLASSES), layers.Activation("softmax")],
    "sigmoid": lambda: [layers.Dense(CLASSES, activation="sigmoid")],
    "nested": lambda: [keras.Sequential([keras.Input((5,)), layers.Dense(CLASSES, activation="softmax")])],
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_score_before_a_closing_softmax_is_differentiated(ending, images):
    body = [keras.Input((SIZE, SIZE, 3)), backbone(), layers.GlobalAveragePooling2D()]
    ended = randomise(keras.Sequential([*body, *ENDINGS[ending]()]))
    plain = keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone(), layers.GlobalAveragePooling2D()])
    plain = keras.Sequential([plain, layers.Dense(CLASSES)])
    plain(images)
    plain.set_weights(ended.get_weights())
    of_scores = grad_cam(plain, images, 1, relu=False)
    assert np.allclose(grad_cam(ended, images, 1, relu=False), of_scores, atol=1e-5)
    of_outputs = grad_cam(ended, images, 1, relu=False, score="output")
    assert not np.allclose(of_outputs, of_scores, atol=1e-3)


def test_with_score_output_it_is_the_gradient_of_the_probability(images):
    model = randomise(keras.Sequential([keras.Input((SIZE, SIZE, 3)), backbone(), *head("softmax")]))
    expected = reference(flat_twin(model, "softmax"), images, [0] * 5, "last")
    assert np.allclose(grad_cam(model, images, 0, score="output"), expected, atol=1e-4 * expected.max())


def test_probabilities_without_a_softmax_to_be_found_are_refused(images):
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(backbone()(inputs))
    model = randomise(keras.Model(inputs, keras.ops.softmax(layers.Dense(CLASSES)(x))))
    with pytest.raises(ValueError, match="score='output'"):
        grad_cam(model, images)
    assert grad_cam(model, images, score="output").shape == (5, SIZE, SIZE)


def test_without_target_it_is_the_most_likely_class(images):
    model = randomise(sequential())
    classes = model(images).numpy().argmax(axis=1)
    assert np.array_equal(grad_cam(model, images), grad_cam(model, images, classes))


def test_a_function_of_the_outputs_can_be_the_score(images):
    model = randomise(sequential())
    difference = grad_cam(model, images, lambda scores: scores[:, 2] - scores[:, 1], relu=False)
    parts = [grad_cam(model, images, k, relu=False) for k in (2, 1)]
    assert np.allclose(difference, parts[0] - parts[1], atol=1e-5)


def test_batches_do_not_change_the_maps(images):
    model = randomise(sequential())
    together = grad_cam(model, images, [0, 1, 2, 3, 0])
    assert np.allclose(together, grad_cam(model, images, [0, 1, 2, 3, 0], batch_size=2), atol=1e-5)


def test_without_upsampling_the_map_has_the_size_of_the_layer_and_without_relu_it_has_both_signs(images):
    model = randomise(sequential())
    small = grad_cam(model, images, 1, relu=False, upsample=False)
    assert small.shape == (5, 8, 8) and small.min() < 0 < small.max()
    assert np.array_equal(np.maximum(small, 0), grad_cam(model, images, 1, upsample=False))


def test_on_a_network_with_average_pooling_it_is_cam_up_to_the_number_of_places(images):
    model = randomise(
        keras.Sequential(
            [keras.Input((SIZE, SIZE, 3)), backbone(), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES)]
        )
    )
    weights = model.layers[-1].get_weights()[0]
    cam = model.layers[0](images).numpy() @ weights[:, 3]
    assert np.allclose(64 * grad_cam(model, images, 3, relu=False, upsample=False), cam, atol=1e-4)


# -- what cannot be done ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layer": "third"}, "'third' is not in the model; its last layers are"),
        ({"layer": "dense"}, "feature maps"),
        ({"layer": layers.Conv2D(2, 3)}, "of another model"),
        ({"target": CLASSES}, "class indices go from 0 to 3"),
        ({"target": -1}, "class indices go from 0 to 3"),
        ({"target": [0, 1]}, "a class index, 5 of them"),
        ({"target": 0.5}, "a class index"),
        ({"target": lambda scores: scores}, "one score a picture"),
        ({"target": lambda scores: tf.zeros(len(scores))}, "does not depend"),
        ({"score": "softmax"}, "'logit' or 'output'"),
        ({"images": np.zeros((SIZE, SIZE, 3))}, "a batch"),
        ({"images": np.zeros((0, SIZE, SIZE, 3))}, "empty"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(change, says, images):
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            backbone(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES, name="dense"),
        ]
    )
    with pytest.raises(ValueError, match=says):
        grad_cam(**({"model": model, "images": images, "target": 0} | change))


def test_a_name_that_several_inner_models_have_needs_a_path(images):
    inputs = keras.Input((SIZE, SIZE, 3))
    pooled = [layers.GlobalAveragePooling2D()(backbone(name)(inputs)) for name in ("left", "right")]
    model = randomise(keras.Model(inputs, layers.Dense(CLASSES)(layers.Concatenate()(pooled))))
    with pytest.raises(ValueError, match="not unique: name one of 'left/last', 'right/last'"):
        grad_cam(model, images, 0, "last")
    left, right = (grad_cam(model, images, 0, f"{name}/last") for name in ("left", "right"))
    assert not np.allclose(left, right, atol=1e-3)


def test_a_layer_that_runs_twice_is_refused(images):
    inputs, shared = keras.Input((SIZE, SIZE, 3)), backbone()
    pooled = [layers.GlobalAveragePooling2D()(shared(x)) for x in (inputs, layers.Rescaling(-1.0)(inputs))]
    model = randomise(keras.Model(inputs, layers.Dense(CLASSES)(layers.Subtract()(pooled))))
    with pytest.raises(ValueError, match="runs 2 times"):
        grad_cam(model, images, 0)


def test_a_model_without_convolution_or_with_another_output_is_refused(images):
    inputs = keras.Input((SIZE, SIZE, 3))
    dense = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(inputs)))
    with pytest.raises(ValueError, match="no convolution"):
        grad_cam(dense, images, 0)
    with pytest.raises(ValueError, match=r"one vector a picture"):
        grad_cam(backbone(), images, 0)
    more = keras.Input((2,))
    two = keras.Model([inputs, more], layers.Dense(3)(layers.Concatenate()([layers.Flatten()(inputs), more])))
    with pytest.raises(ValueError, match="one input"):
        grad_cam(two, images, 0)


def test_images_of_any_size_where_the_network_takes_them(images):
    inputs = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="only")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert grad_cam(model, images[:, :20, :28], 0).shape == (5, 20, 28)


def test_tf_keras_vis_gives_the_same_maps(images):
    """An independent implementation (pip install ".[vis]"), on a network without nesting, which is what it takes."""
    gradcam = pytest.importorskip("tf_keras_vis.gradcam")
    scores = pytest.importorskip("tf_keras_vis.utils.scores")
    model = flat_twin(randomise(sequential()))
    classes = [0, 1, 2, 3, 1]
    settings = {"seek_penultimate_conv_layer": False, "normalize_cam": False, "expand_cam": False}
    ask = gradcam.Gradcam(model, clone=False)
    theirs = ask(scores.CategoricalScore(classes), images, penultimate_layer="last", **settings)
    ours = grad_cam(model, images, classes, "last", upsample=False)
    assert np.allclose(ours, theirs, atol=1e-4 * ours.max())
