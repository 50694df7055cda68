"""The evaluator of attacks and its pictures, and lab 09's attacks against those of a public library."""

import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labs_utils import robustness
from labs_utils.exercises import reference
from labs_utils.experiments import mnist_mlp

keras = pytest.importorskip("keras")

LAB = "09_adversarial_faces"
SHAPE = (4, 4, 3)


@pytest.fixture(scope="module")
def brightness():
    """A model that answers 1 for pictures brighter than 0.5 on average, and dropout that training mode would show."""
    layers = [keras.layers.Flatten(), keras.layers.Dropout(0.9), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input(SHAPE), *layers])
    model.set_weights([np.tile([[-1.0, 1.0]], (48, 1)), np.array([24.0, -24.0])])
    return model


def grey(*values):
    return np.stack([np.full(SHAPE, value, "float32") for value in values])


def test_accuracy_counts_the_largest_logit_in_inference_mode(brightness):
    images, labels = grey(0.2, 0.4, 0.6, 0.8), np.array([0, 0, 1, 0])
    for batch in (1, 3, 100):
        assert robustness.accuracy(brightness, images, labels, batch) == 0.75


def test_logits_do_not_depend_on_the_batch_and_probabilities_sum_to_one(brightness):
    images = np.random.default_rng(0).random((7, *SHAPE))
    assert np.allclose(robustness.logits(brightness, images, 2), robustness.logits(brightness, images, 7), atol=1e-5)
    p = robustness.probabilities(brightness, 100 * images)
    assert np.isfinite(p).all() and np.allclose(p.sum(axis=1), 1)


def test_accuracy_under_an_attack_falls_where_the_attack_crosses_the_border(brightness):
    images, labels = grey(0.6, 0.7, 0.8), np.array([1, 1, 1])

    def darken(x, y, epsilon):
        return np.clip(x - epsilon, 0, 1)

    found = robustness.accuracy_under(brightness, darken, images, labels, (0, 0.15, 0.25, 0.35), batch=2)
    assert np.allclose(found, (1, 2 / 3, 1 / 3, 0))


@pytest.mark.parametrize(
    ("attack", "says"),
    [
        (lambda x, y, e: x + 2 * e, "changed a pixel by 0.2, more than ε = 0.1"),
        (lambda x, y, e: 255 * x, r"left \[0, 1\]"),
        (lambda x, y, e: x * np.nan, "nan"),
        (lambda x, y, e: x[0], "shape"),
    ],
)
def test_an_attack_that_breaks_its_promise_is_not_counted(brightness, attack, says):
    with pytest.raises(ValueError, match=says):
        robustness.accuracy_under(brightness, attack, grey(0.5, 0.6), np.array([0, 1]), [0.1])


def test_a_perturbation_is_shown_around_mid_grey_at_full_strength():
    change = np.zeros(SHAPE)
    change[0, 0], change[1, 1] = 0.01, -0.005
    shown = robustness.magnified(change)
    assert np.allclose(shown[0, 0], 1) and np.allclose(shown[1, 1], 0.25) and np.allclose(shown[2, 2], 0.5)
    assert np.allclose(robustness.magnified(np.zeros(SHAPE)), 0.5)


def test_the_figure_tells_the_answers_before_and_after_and_how_far_the_change_is_magnified(brightness):
    images = grey(0.6, 0.9)
    figure = robustness.attack_figure(brightness, images, images - 0.25, ("dark", "bright"), tops=1)
    titles = [ax.get_title() for ax in figure.axes]
    plt.close(figure)
    assert [title.split()[0] for title in titles] == ["bright", "bright", "change", "change", "dark", "bright"]
    assert titles[2] == "change × 2"


@pytest.mark.parametrize("known", [True, False])
def test_every_test_face_is_in_one_named_group_whatever_is_known(known):
    attributes = {"skin_tone": np.array([1, 6, 3, 4]), "hair_length": np.array(["long", "covered", "short", "medium"])}
    images = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((4, *SHAPE), np.uint8)
    faces = SimpleNamespace(
        x_test=images,
        y_test=np.array([0, 1, 1, 0]),
        label_names=("a", "b"),
        attributes_test=attributes if known else {},
    )
    for groups, names in robustness.face_groups(faces):
        assert groups.shape == (4,) and groups.min() >= 0 and groups.max() < len(names) == len(set(names))
    words = [names[group] for group in groups]
    assert words == (["a, hair long", "b, hair covered", "b, hair short", "a, hair medium"] if known else list("abba"))


def test_the_ring_is_around_the_pixel_that_changed_and_only_there():
    images = grey(0.2, 0.4, 0.6)
    changed = images.copy()
    changed[0, 1, 3] = (1, 0, 0)
    changed[2, 2, 0] = (0, 0, 0)
    figure = robustness.circled(changed, images, ("a", "b", "c"), size=1)
    rings = [
        sorted({(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in ax.lines}) for ax in figure.axes
    ]
    plt.close(figure)
    assert rings[:3] == [[(3, 1)], [], [(0, 2)]]


def test_shifting_turning_and_covering_change_what_they_say():
    images = np.random.default_rng(0).random((2, 16, 16, 3))
    assert np.array_equal(robustness.shifted(images, 3)[:, :, 3:], images[:, :, :-3])
    assert np.allclose(robustness.turned(images, 180), images[:, ::-1, ::-1])
    grey_pixels = (robustness.covered(images, 6) == 0.5).all(axis=-1)
    assert grey_pixels.sum() == 2 * 36 and np.array_equal(robustness.covered(images, 0), images)


def test_a_traced_network_gives_the_same_outputs_and_gradients_in_both_modes_and_is_traced_once_or_twice():
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(5), keras.layers.BatchNormalization(momentum=1.0)]
    plain = keras.Sequential([keras.Input(SHAPE), *layers, keras.layers.Dense(2)])
    traced = robustness.traced(keras.models.clone_model(plain))
    traced.set_weights(plain.get_weights())
    for count, training in ((3, False), (3, True), (5, False), (7, False), (9, False)):
        images, found = tf.random.uniform((count, *SHAPE), seed=count), []
        for network in (plain, traced):
            with tf.GradientTape() as tape:
                tape.watch(images)
                outputs = network(images, training=training)
                second = tf.gather(outputs, 1, axis=1)
            inputs = [images, *network.trainable_variables]
            found.append([outputs, *tape.gradient(second, inputs)])
        for one, other in zip(*found, strict=True):
            assert np.allclose(one, other, atol=1e-5)
    assert traced.call.experimental_get_tracing_count() <= 4  # the size of a batch is left open after the second


@pytest.mark.parametrize(
    "train",
    [
        lambda network, x, y: robustness.fit(network, x, y, epochs=2, peak=0.01),
        lambda network, x, y: mnist_mlp.train(network, x, y, epochs=2),
        lambda network, x, y: mnist_mlp.train(network, x, y, epochs=2, validation=(x, y)),
    ],
    ids=["fit", "train", "train with a metric"],
)
def test_a_training_traces_its_step_once(train):
    """Keras traces the first step twice where it makes the optimiser's or a metric's variables."""
    traces = []

    class Counted(keras.Sequential):
        def train_step(self, data):
            traces.append(data)
            return super().train_step(data)

    rng = np.random.default_rng(0)
    network = Counted([keras.Input((4,)), keras.layers.Dense(2)])
    train(network, rng.normal(size=(100, 4)).astype("float32"), rng.integers(0, 2, 100))
    assert len(traces) == 1


def test_a_grid_of_targets_has_a_row_for_each_label_and_a_column_for_each_target():
    figure = robustness.target_figure(np.eye(4)[:3])
    (drawn,) = figure.axes[0].images
    plt.close(figure)
    assert np.array_equal(drawn.get_array(), np.eye(4)[:3]) and drawn.get_clim() == (0, 1)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["0", "1", "2"]


# -- against the adversarial-robustness-toolbox -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    """A small network trained on portraits, and 200 portraits it has not seen."""
    from labs_utils.datasets.portraits import draw_portraits

    drawn = draw_portraits(900, seed=33, size=32)
    images = drawn.images.astype("float32") / 255
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Rescaling(4, -2)]
    layers += [keras.layers.Conv2D(f, 3, strides=2, padding="same", activation="relu") for f in (16, 32)]
    layers += [keras.layers.Flatten(), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((32, 32, 3)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss, steps_per_execution=4)
    model.fit(images[:700], drawn.labels[:700], batch_size=50, epochs=8, verbose=0)
    assert robustness.accuracy(model, images[700:], drawn.labels[700:]) > 0.7
    return model, images[700:], drawn.labels[700:]


@pytest.fixture(scope="module")
def classifier(trained):
    """The same network as the toolbox sees it."""
    pytest.importorskip("art", reason="needs the extra `attacks` (adversarial-robustness-toolbox)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it regrets that PyTorch is not there
        from art.estimators.classification import TensorFlowV2Classifier
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return TensorFlowV2Classifier(
        model=trained[0], nb_classes=2, input_shape=(32, 32, 3), loss_object=loss, clip_values=(0, 1)
    )


def compare(trained, ours, theirs, epsilon):
    model, images, labels = trained
    for attacked in (ours, theirs):
        assert np.abs(attacked - images).max() == pytest.approx(epsilon, abs=1e-5)
        assert attacked.min() >= 0 and attacked.max() <= 1
    mine, other = (robustness.accuracy(model, attacked, labels) for attacked in (ours, theirs))
    assert abs(mine - other) <= 0.02, (mine, other)
    return mine


@pytest.mark.parametrize("epsilon", [1 / 255, 4 / 255, 8 / 255])
def test_fgsm_agrees_with_the_toolbox(trained, classifier, epsilon):
    from art.attacks.evasion import FastGradientMethod

    model, images, labels = trained
    ours = np.asarray(reference.find(LAB, "fgsm")(model, images, labels, epsilon))
    theirs = FastGradientMethod(classifier, norm=np.inf, eps=epsilon, batch_size=200).generate(images, labels)
    compare(trained, ours, theirs, epsilon)
    assert np.mean(np.abs(ours - theirs) < 1e-5) > 0.99


@pytest.mark.parametrize("epsilon", [1 / 255, 4 / 255])
def test_pgd_agrees_with_the_toolbox_and_is_at_least_as_strong_as_fgsm(trained, classifier, epsilon):
    from art.attacks.evasion import ProjectedGradientDescent

    model, images, labels = trained
    steps, step = 10, epsilon / 4
    ours, pgd_step = images, reference.find(LAB, "pgd_step")
    for _ in range(steps):
        ours = np.asarray(pgd_step(model, ours, images, labels, epsilon, step))
    attack = ProjectedGradientDescent(
        classifier, norm=np.inf, eps=epsilon, eps_step=step, max_iter=steps, batch_size=200, verbose=False
    )
    accuracy = compare(trained, ours, attack.generate(images, labels), epsilon)
    single = np.asarray(reference.find(LAB, "fgsm")(model, images, labels, epsilon))
    assert accuracy <= robustness.accuracy(model, single, labels)
