"""Objects that only claim to be the model that an exercise asks for earn nothing, whatever their summary says."""

import subprocess
import sys

import numpy as np
import pytest

from labs_utils import course
from labs_utils.exercises import checking, pipe, reference
from labs_utils.exercises.pipe import PipeError
from labs_utils.exercises.student import Student, in_this_process

# exercise → its lab
MODELS = {
    "MyDense": "01_perceptron",
    "xor_network": "02_backprop_xor",
    "build_mlp": "04_mnist_mlp",
    "lenet5": "06_cnn",
    "small_cnn": "06_cnn",
    "build_transfer_model": "08_transfer_mobilenet",
    "train_from": "08_transfer_mobilenet",
}


class Forger:
    """Answers as a worker would that holds the right model, except that what it computes is `predict`'s.

    It is asked over the same line as a sandbox, so it can lie in everything: the summary, the variables, the weights.
    """

    def __init__(self, exercise, predict):
        self.right = in_this_process(reference.find(MODELS[exercise], exercise), exercise)._ask
        self.predict = predict

    def ask(self, request):
        if request["do"] != "model":
            return self.right(request)
        if request["ask"] == "set":
            return {"value": None}  # says yes and does nothing
        if request["ask"] == "predict":
            reply = self.right(request)
            return {"value": self.predict(reply["value"])} if "value" in reply else reply
        return self.right(request)


FORGERIES = {
    "the network of its own weights": lambda outputs: outputs,
    "the same number everywhere": lambda outputs: np.full_like(outputs, 1 / outputs.shape[-1]),
    "zeros": np.zeros_like,
    "ones": np.ones_like,
    "not a number": lambda outputs: np.full_like(outputs, np.nan),
    "outputs of another shape": lambda outputs: outputs[..., None],
    "no array": lambda outputs: "the outputs",
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("exercise", MODELS)
def test_a_summary_without_the_computation_earns_nothing(exercise, forgery):
    forger = Forger(exercise, FORGERIES[forgery])
    if exercise == "train_from" and forgery == "the network of its own weights":
        pytest.skip("the check gives this model the weights that it has: then it is the right model")
    result = checking.load(MODELS[exercise]).run(exercise, Student(forger.ask, exercise), 1, seed=3)
    assert result.points == 0, str(result)


@pytest.mark.parametrize("exercise", MODELS)
def test_the_forger_earns_everything_where_it_does_not_lie(exercise):
    """Else the test above proves nothing."""
    right = in_this_process(reference.find(MODELS[exercise], exercise), exercise)
    result = checking.load(MODELS[exercise]).run(exercise, right, 1, seed=3)
    assert result.points == 1, str(result)


def test_a_wrong_network_whose_last_layer_is_zero_earns_the_structure_at_most():
    import keras

    layers = keras.layers

    def small_cnn(activation="relu", normalise=True):
        body = [layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False), layers.BatchNormalization()]
        body += [layers.Activation("softsign")]
        for filters in (32, 64):
            body += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.MaxPooling2D(2)]
            body += [layers.BatchNormalization(), layers.Activation("softsign")]
        head = [layers.GlobalAveragePooling2D(), layers.Dense(10, "softmax", kernel_initializer="zeros")]
        return keras.Sequential([keras.Input((28, 28, 1)), *body, *head])

    result = checking.load("06_cnn").run("small_cnn", in_this_process(small_cnn, "small_cnn"), 3, seed=1)
    assert result.points == 0, str(result)


def test_a_model_whose_attributes_stand_in_another_order_is_right():
    import keras

    class Network(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras.layers.Dense(1, use_bias=False)
            self.first = keras.layers.Dense(3, activation="sigmoid", use_bias=False)
            self(np.zeros((1, 3)))

        def call(self, x):
            return self.last(self.first(x))

    network = in_this_process(Network, "xor_network")
    result = checking.load("02_backprop_xor").run("xor_network", network, 2, seed=1)
    assert result.points == 2, str(result)


@pytest.mark.parametrize("direction", [0, 1], ids=["nothing moves", "it moves by the right amount, but anywhere"])
def test_weights_that_move_without_training_earn_nothing(direction):
    forger = Forger("train_from", lambda outputs: outputs)
    state = {}

    def ask(request):
        if request.get("ask") == "train":
            state["trained"] = True
            x, y = request["arguments"]
            probabilities = forger.right(request | {"ask": "predict", "arguments": [x]})["value"]
            return {"value": float(-np.log(probabilities[np.arange(len(y)), y]).mean())}
        reply = forger.ask(request)
        if request.get("ask") == "weights" and state.get("trained"):
            rng = np.random.default_rng(0)
            step = direction * 1e-3
            return {"value": [weight + step * rng.choice([-1, 1], weight.shape) for weight in reply["value"]]}
        return reply

    result = checking.load("08_transfer_mobilenet").run("train_from", Student(ask, "train_from"), 1, seed=3)
    assert result.points == 0, str(result)


class Claims:
    """A worker whose model claims whatever variables it is told to."""

    def __init__(self, variables, layers=()):
        self.variables, self.layers = variables, list(layers)

    def ask(self, request):
        if request["do"] == "call":
            return {"value": {"__model__": 0, "layers": self.layers, "parameters": 61706, "compiled": None}}
        if request["ask"] == "variables":
            return {"value": self.variables}
        if request["ask"] == "predict":
            return {"value": np.full((len(request["arguments"][0]), 10), 0.1)}
        return {"value": None}


@pytest.mark.parametrize(
    "variables",
    [
        [["k", [10**9, 10**9]]],
        [["k", [200_000, 5, 5, 1]]],
        [["k", [10**12, 0]]],
        [["k", [0]]] * (pipe.REPLY_MARKS // 4),  # each has four commas and brackets: no more come through the pipe
        [["k", [1000, 1000, 1, 1]], ["b", [1]]],
    ],
    ids=["huge", "many filters", "empty with a huge axis", "many arrays", "a kernel that TensorFlow aborts over"],
)
def test_a_claimed_shape_is_judged_before_anything_is_allocated(variables):
    for exercise in ("lenet5", "small_cnn"):
        result = checking.load("06_cnn").run(exercise, Student(Claims(variables).ask, exercise), 1, seed=1)
        assert result.points == 0 and result.status == "failed"


@pytest.mark.parametrize(
    "variables", [None, 5, "ab", [["k", [-1]]], [["k", [True]]], [["k", [1.5]]], [[1, [1]]], [["k"]]]
)
def test_variables_that_are_none_end_the_exercise(variables):
    row = {"type": "Dense", "name": "d", "trainable": True, "parameters": 1, "output_shape": None, "activation": None}
    with pytest.raises(PipeError):
        checking.load("06_cnn").probes["lenet5"][1](
            Student(Claims(variables, [row]).ask, "lenet5"), np.random.default_rng(0)
        )


def test_a_kernel_of_the_wrong_shape_never_ends_the_process_of_the_checks():
    """TensorFlow aborts over a convolution whose kernel has no input channels that fit."""
    program = """
import os
from labs_utils.exercises import checking
from labs_utils.exercises.student import Student
from tests.grading.test_forged_models import Claims
shapes = [100, 100, 1, 1], [1], [5, 5, 6, 16], [16], [400, 120], [120], [120, 84], [84], [84, 10], [10]
claims = Claims([["k", list(shape)] for shape in shapes])
result = checking.load("06_cnn").run("lenet5", Student(claims.ask, "lenet5"), 1, seed=1)
assert result.points == 0, result
os._exit(0)  # Python would take TensorFlow apart for more than a second
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=course.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
