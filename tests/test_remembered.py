"""What is remembered is told from all else, and leaves what computing it leaves: tests/remembered.py."""

import functools
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from labs_utils import datasets, gradcam, side_by_side
from labs_utils.datasets import mnist_standin, portraits
from labs_utils.experiments import cam, transfer
from tests import remembered

IMAGES = np.random.default_rng(0).normal(size=(16, 5)).astype("float32")
LABELS = np.arange(16) % 3
ARGUMENTS = {"batch_size": 8, "epochs": 2, "verbose": 0}


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Begins a kernel of a solution or of a student's notebook; returns the list of what is computed there."""
    real = [(owner, name, getattr(owner, name)) for owner, name, _ in remembered.replaced()]

    def begin(of_solution):
        computed = []
        for owner, name, function in real:
            monkeypatch.setattr(owner, name, counted(function, computed))
        remembered.install(tmp_path, of_solution, {})
        return computed

    return begin


def counted(function, computed):
    @functools.wraps(function)
    def count(*arguments, **settings):
        computed.append(function.__name__)
        return function(*arguments, **settings)

    return count


@pytest.fixture
def trained(kernel):
    """Trains a network as a solution (which always computes) or as a student's notebook; counts real trainings."""

    def run(of_solution, images=IMAGES, labels=LABELS, rate=0.01, loss=None, seed=1, extra=(), drawn=0, **changed):
        past, in_a_graph = changed.pop("past", None), changed.pop("in_a_graph", False)
        computed = kernel(of_solution)
        keras.utils.set_random_seed(seed)
        np.random.random(drawn)
        layers = [keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.3), *extra]
        model = keras.Sequential([keras.Input((5,)), *layers, keras.layers.Dense(3)])
        loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss, run_eagerly=not in_a_graph)
        if past is not None:
            model.optimizer.build(model.trainable_variables)
            model.optimizer.variables[-1].assign_add(np.full(3, past))
        history = model.fit(images, labels, **(ARGUMENTS | changed))
        return model, history, len(computed)

    return run


def test_what_a_training_left_is_there_again(trained):
    model, history, computed = trained(of_solution=True, in_a_graph=True)
    drawn = random.random(), np.random.random(), float(tf.random.uniform(())), keras.random.uniform((2,)).numpy()
    again, remembered_history, computed_again = trained(of_solution=False, in_a_graph=True)
    drawn_again = random.random(), np.random.random(), float(tf.random.uniform(())), keras.random.uniform((2,)).numpy()
    assert (computed, computed_again) == (1, 0)
    assert model.layers[0].name != again.layers[0].name  # the process's numbers are no part of the question
    pairs = [net.variables + net.optimizer.variables for net in (model, again)]
    for one, other in zip(*pairs, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert again.optimizer.iterations.numpy() == 4
    assert remembered_history.history == history.history and again.history is remembered_history
    assert str(drawn) == str(drawn_again)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), again.predict(IMAGES, verbose=0))


def test_a_second_training_goes_on_from_there(trained):
    models = [trained(of_solution)[0] for of_solution in (True, False)]
    ends = []
    for model in models:
        keras.utils.set_random_seed(2)
        model.fit(IMAGES, LABELS, shuffle=False, batch_size=5, verbose=0)
        ends.append(model.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_training_that_differs_is_computed(trained):
    trained(of_solution=True)
    assert trained(of_solution=False)[2] == 0
    for changed in (
        {"images": IMAGES + np.eye(16, 5, dtype="float32") * 1e-6},
        {"labels": LABELS[::-1]},
        {"rate": 0.011},
        {"loss": keras.losses.SparseCategoricalCrossentropy()},
        {"seed": 2},
        {"drawn": 1},
        {"extra": [keras.layers.ReLU()]},
        {"epochs": 3},
        {"batch_size": 9},
        {"validation_data": (IMAGES, LABELS)},
        {"sample_weight": np.ones(16)},
    ):
        assert trained(of_solution=False, **changed)[2] == 1, changed


def test_the_same_network_in_another_precision_is_computed(trained):
    trained(of_solution=True)
    keras.config.set_dtype_policy("mixed_bfloat16")  # weights are float32 there, too
    try:
        assert trained(of_solution=False)[2] == 1
    finally:
        keras.config.set_dtype_policy("float32")


def test_the_same_network_is_computed_where_its_optimiser_has_another_past(trained):
    trained(of_solution=True, past=0.0)
    assert [trained(of_solution=False, past=past)[2] for past in (0.0, 0.1)] == [0, 1]


@pytest.mark.parametrize(
    "own",
    [
        {"extra": [Doubled()]},
        {"extra": [keras.layers.Activation(lambda x: x)]},
        {"loss": lambda true, given: keras.ops.mean(given**2)},
        {"callbacks": [keras.callbacks.ModelCheckpoint("never.keras", save_freq=1000)]},
        {"images": tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8), "labels": None, "batch_size": None},
    ],
    ids=["layer", "activation", "loss", "callback", "pipeline"],
)
def test_what_has_code_of_its_own_is_always_computed(trained, own):
    for of_solution in (True, False):
        assert trained(of_solution, **own)[2] == 1


def test_a_solution_is_always_computed(trained):
    assert [trained(of_solution=True)[2] for _ in range(2)] == [1, 1]


def test_a_training_that_was_stopped_early_is_there_again(trained):
    ends = []
    for of_solution in (True, False):
        stopping = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10, restore_best_weights=True)
        model, history, computed = trained(of_solution, epochs=5, callbacks=[stopping])
        assert computed == of_solution and history.epoch == [0, 1]
        ends.append([stopping.stopped_epoch, stopping.best, *stopping.best_weights, *model.get_weights()])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)
    patient = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=10, restore_best_weights=True)
    assert trained(of_solution=False, epochs=5, callbacks=patient)[2] == 1


def test_what_a_network_says_is_there_again(kernel):
    said = []
    for of_solution in (True, False):
        computed = kernel(of_solution)
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
        model.add(keras.layers.Dense(3))
        images = np.random.default_rng(3).normal(size=(8, 6, 6, 1)).astype("float32")
        said.append([model.predict(images, verbose=0), *gradcam.grad_cam(model, images, np.arange(8) % 3)])
        assert len(computed) == 2 * of_solution
        model.predict(images + of_solution + 1, verbose=0)
        gradcam.grad_cam(model, images, np.arange(8) % (1 + of_solution))
        model.layers[-1].bias.assign_add(np.full(3, of_solution + 1))
        model.predict(images, verbose=0)
        keras.Sequential([model, Doubled()]).predict(images, verbose=0)
    for one, other in zip(*said, strict=True):
        np.testing.assert_array_equal(one, other)
    assert computed == ["predict", "grad_cam", "predict", "predict"]


def test_a_regression_is_there_again(kernel):
    scores = []
    for of_solution in (True, False):
        computed = kernel(of_solution)
        scores.append(transfer.probe((IMAGES, LABELS), (IMAGES, LABELS)))
        assert len(computed) == of_solution
        transfer.probe((IMAGES, (LABELS + 1 + of_solution) % 3), (IMAGES, LABELS))
    assert scores[0] == scores[1] and computed == ["probe"]


def test_a_loop_of_its_own_is_there_again(kernel):
    ends = []
    for of_solution in (True, False):
        computed = kernel(of_solution)
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(8), keras.layers.Dropout(0.3)])
        start = model.get_weights()
        for drawn, epochs in ((0, 2), (1 + of_solution, 2), (0, 3 + of_solution)):
            for variable, value in zip(model.weights, start, strict=True):
                variable.assign(value)
            keras.utils.set_random_seed(1)
            np.random.random(drawn)
            cam.train(model, IMAGES, LABELS, epochs=epochs)
            ends.append([*model.get_weights(), np.random.random(), random.random()])
        assert computed == ["train"] * (3 if of_solution else 2)
    for one, other in zip(ends[0], ends[3], strict=True):
        np.testing.assert_array_equal(one, other)


def learnt(kernel, of_solution, extra=(), rate=0.01, smoothing=0.1, start=0.1):
    """What two pauses show of four small networks, and what was computed."""
    computed = kernel(of_solution)
    x = np.random.default_rng(1).uniform(size=(50, 4, 196)).astype("float32")
    y = np.random.default_rng(2).integers(0, 10, (50, 4))
    layers = [*side_by_side.convolutional(2, 3, behind_dense=0.3), *extra, *side_by_side.normalisation(10)]
    layers.append(side_by_side.dense(10, 10, kernel_initializer=lambda shape, dtype: start * np.ones(shape)))
    model = keras.Sequential([keras.Input((4, 196)), *layers])
    adam = keras.optimizers.Adam(rate)
    loss = side_by_side._added_losses(1 - smoothing)
    seen = [
        np.concatenate([np.ravel(variable) for variable in model.variables + adam.variables])
        for _ in side_by_side.train(model, adam, loss, x, y, 4, 2)
    ]
    return np.array(seen), len(computed)


def test_the_pauses_of_a_training_show_the_same_networks(kernel):
    expected, computed = learnt(kernel, of_solution=True)
    state = np.random.get_state()[1].copy()
    found, computed_again = learnt(kernel, of_solution=False)
    assert (computed, computed_again) == (1, 0)
    assert len(found) == 2 and not np.array_equal(*found)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    "changed",
    [{"rate": 0.011}, {"smoothing": 0.2}, {"start": 0.2}, {"extra": [keras.layers.ReLU()]}, {"extra": [Doubled()]}],
    ids=["optimiser", "loss", "weights", "layer", "own layer"],
)
def test_another_training_with_pauses_is_computed(kernel, changed):
    own = {name: value for name, value in changed.items() if name == "extra" and isinstance(value[0], Doubled)}
    learnt(kernel, of_solution=True, **own)
    assert learnt(kernel, of_solution=False, **changed)[1] == 1


def test_drawn_data_is_there_again(kernel):
    drawn = []
    for of_solution in (True, False):
        computed = kernel(of_solution)
        faces, (digits, _) = portraits.draw_portraits(20, seed=5, size=16), mnist_standin.make_standin()
        scenes = datasets.make_scenes(20, seed=3, objects=2)
        drawn.append([faces.images, faces.labels, faces.attributes["hat"], *digits, scenes.images, scenes.boxes])
        assert len(computed) == 3 * of_solution
        datasets.make_scenes(20, seed=3, objects=1 + of_solution, centred=not of_solution)
    for one, other in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, other)
    assert computed == ["make_scenes"]


def test_what_a_notebook_has_imported_is_replaced_there(kernel, tmp_path):
    kernel(of_solution=True)
    names = {"fit": cam.train, "seed": 1}
    remembered.install(tmp_path, True, names)
    assert names == {"fit": cam.train, "seed": 1}


def test_a_process_in_which_nothing_was_seeded_trains(kernel, monkeypatch):
    monkeypatch.delattr(context.context(), "_rng", raising=False)  # as before its first seed
    computed = kernel(of_solution=True)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(IMAGES, IMAGES[:, :3], **ARGUMENTS)
    assert computed == ["fit"]
