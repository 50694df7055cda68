"""What a lab cached before is reproduced after: its guard can fail, and it is asked when all training is over.

An earlier lab 08 trained a model that shared its layers with the base, and measured the ruin in three later sections.
"""

import ast

import numpy as np
import pytest

from labs_utils import course, robustness

GUARDS = {"08_transfer_mobilenet": "base_is_intact", "09_adversarial_faces": "model_is_intact"}
TRAINING = {"set_weights", "train_anew", "tune", "harden", "train_on_bounds"}


def parsed(lab):
    return ast.parse((course.SOLUTIONS / f"{lab}.py").read_text("utf-8"))


def guard_of(lab, known):
    """The lab's own guard, on other pictures and another network."""
    (function,) = (node for node in parsed(lab).body if getattr(node, "name", "") == GUARDS[lab])
    exec(compile(ast.Module([function], []), lab, "exec"), known)
    return known[GUARDS[lab]]


def called(node):
    return [
        getattr(call.func, "attr", getattr(call.func, "id", "")) for call in ast.walk(node) if type(call) is ast.Call
    ]


def trains(node):
    """Whether Keras trains here: its `fit` is told to be quiet, scikit-learn's has no such argument."""
    fits = (call for call in ast.walk(node) if type(call) is ast.Call and getattr(call.func, "attr", "") == "fit")
    quiet = any(keyword.arg == "verbose" for call in fits for keyword in call.keywords)
    return quiet or bool(TRAINING & set(called(node)))


@pytest.fixture
def network():
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers])


def flat(model):
    import keras

    return keras.Sequential([keras.Input((8, 8, 3)), model, keras.layers.Flatten(), keras.layers.Dense(2)])


@pytest.mark.parametrize("lab", GUARDS)
@pytest.mark.parametrize("weight", range(6))
def test_a_guard_sees_each_weight_that_moved(lab, weight, network):
    x = np.random.default_rng(0).random((120, 8, 8, 3), "float32")
    if lab.startswith("08"):
        watched = network

        def features(model, images):
            return np.asarray(model(images, training=False)).mean(axis=(1, 2))

        known = {"base": watched, "x_test": x, "f_test": features(watched, x), "extract_features": features}
    else:
        watched = flat(network)
        known = {"model": watched, "x_test": x, "p_test": robustness.probabilities(watched, x)}
    intact = guard_of(lab, {"np": np, "robustness": robustness} | known)
    assert intact()
    weights = network.get_weights()
    network.set_weights([array + 0.5 * (k == weight) for k, array in enumerate(weights)])
    assert not intact()
    network.set_weights(weights)
    assert intact()


@pytest.mark.parametrize("lab", GUARDS)
def test_a_guard_is_asked_when_the_last_training_is_over(lab):
    body = parsed(lab).body
    asked = [k for k, node in enumerate(body) if type(node) is ast.Assert and GUARDS[lab] in called(node)]
    trained = [k for k, node in enumerate(body) if type(node) not in (ast.FunctionDef, ast.Import) and trains(node)]
    assert len(asked) >= 2
    assert trained
    assert asked[-1] > trained[-1]
