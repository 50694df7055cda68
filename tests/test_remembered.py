"""A remembered training is told from all others, and leaves what the training left: tests/remembered.py."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import remembered

IMAGES = np.random.default_rng(0).normal(size=(60, 5)).astype("float32")
LABELS = np.arange(60) % 3
ARGUMENTS = {"batch_size": 8, "epochs": 2, "verbose": 0}


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Trains a network as a solution (which always computes) or as a student's notebook; counts real trainings."""
    real, count = keras.Model.fit, 0

    def counted(self, *arguments, **settings):
        nonlocal count
        count += 1
        return real(self, *arguments, **settings)

    def run(of_solution, images=IMAGES, labels=LABELS, rate=0.01, loss=None, seed=1, extra=(), drawn=0, **changed):
        nonlocal count
        past = changed.pop("past", None)
        monkeypatch.setattr(keras.Model, "fit", counted)
        remembered.install(tmp_path, of_solution)
        keras.utils.set_random_seed(seed)
        np.random.random(drawn)
        layers = [keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.3), *extra]
        model = keras.Sequential([keras.Input((5,)), *layers, keras.layers.Dense(3)])
        loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(rate), loss)
        if past is not None:
            model.optimizer.build(model.trainable_variables)
            model.optimizer.variables[-1].assign_add(np.full(3, past))
        count = 0
        history = model.fit(images, labels, **(ARGUMENTS | changed))
        return model, history, count

    return run


def test_what_a_training_left_is_there_again(trained):
    model, history, computed = trained(of_solution=True)
    drawn = random.random(), np.random.random(), float(tf.random.uniform(())), keras.random.uniform((2,)).numpy()
    again, remembered_history, computed_again = trained(of_solution=False)
    drawn_again = random.random(), np.random.random(), float(tf.random.uniform(())), keras.random.uniform((2,)).numpy()
    assert (computed, computed_again) == (1, 0)
    assert model.layers[0].name != again.layers[0].name  # the process's numbers are no part of the question
    pairs = [net.variables + net.optimizer.variables for net in (model, again)]
    for one, other in zip(*pairs, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert again.optimizer.iterations.numpy() == 16
    assert remembered_history.history == history.history and again.history is remembered_history
    assert str(drawn) == str(drawn_again)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), again.predict(IMAGES, verbose=0))


def test_a_second_training_goes_on_from_there(trained):
    models = [trained(of_solution)[0] for of_solution in (True, False)]
    ends = []
    for model in models:
        keras.utils.set_random_seed(2)
        model.fit(IMAGES, LABELS, shuffle=False, batch_size=20, verbose=0)
        ends.append(model.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    "changed",
    [
        {"images": IMAGES + np.eye(60, 5, dtype="float32") * 1e-6},
        {"labels": LABELS[::-1]},
        {"rate": 0.011},
        {"loss": keras.losses.SparseCategoricalCrossentropy()},
        {"seed": 2},
        {"drawn": 1},
        {"extra": [keras.layers.ReLU()]},
        {"epochs": 3},
        {"batch_size": 9},
        {"validation_data": (IMAGES, LABELS)},
        {"sample_weight": np.ones(60)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_training_that_differs_is_computed(trained, changed):
    trained(of_solution=True)
    assert trained(of_solution=False)[2] == 0
    assert trained(of_solution=False, **changed)[2] == 1


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
        {"callbacks": [keras.callbacks.EarlyStopping("loss")]},
        {"images": tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8), "labels": None, "batch_size": None},
    ],
    ids=["layer", "activation", "loss", "callback", "pipeline"],
)
def test_what_has_code_of_its_own_is_always_computed(trained, own):
    for of_solution in (True, False):
        assert trained(of_solution, **own)[2] == 1


def test_a_solution_is_always_computed(trained):
    assert [trained(of_solution=True)[2] for _ in range(2)] == [1, 1]
