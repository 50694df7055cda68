"""The pipe between a check and an answer: plain data in both directions, the same as in one process."""

import io
import struct

import numpy as np
import pytest

from labs_utils.exercises import pipe
from labs_utils.exercises.student import ArgumentChanged, ModelView, RemoteWorker, StudentError, in_this_process


def round_trip(message):
    stream = io.BytesIO()
    pipe.send(stream, message)
    stream.seek(0)
    return pipe.receive(stream)


@pytest.mark.parametrize("dtype", ["bool", "int64", "uint8", "float32", "float64", "complex128", ">f4"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 1)])
def test_arrays_survive_the_pipe(dtype, shape):
    array = np.random.default_rng(0).normal(size=shape).astype(dtype)
    got = round_trip({"value": array})["value"]
    assert got.dtype == array.dtype and got.shape == array.shape and np.array_equal(got, array)


def test_nested_plain_values_survive_the_pipe():
    value = {"a": [1, 2.5, "é", None, True, [np.arange(2)]], "nan": float("nan")}
    got = round_trip(value)
    assert got["a"][:5] == value["a"][:5] and np.isnan(got["nan"])


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">Q", 10) + b"short",
        b"\0\0\0",
        struct.pack(">Q", 2**50),
        struct.pack(">Q", 3) + b"abc",
        struct.pack(">Q", 3) + b"[1]",
        struct.pack(">Q", 50) + b'{"__array__": "AAAA", "dtype": "O", "shape": [1] }',
        struct.pack(">Q", 53) + b'{"__array__": "AAAA", "dtype": "<f8", "shape": [9] }  ',
    ],
)
def test_a_malformed_message_is_a_pipe_error(data):
    with pytest.raises(pipe.PipeError):
        pipe.receive(io.BytesIO(data))


def test_a_closed_pipe_is_the_end():
    with pytest.raises(EOFError):
        pipe.receive(io.BytesIO())


SOURCE = """
import os
import keras
import numpy as np

def double(x):
    return 2 * x

def in_place(x):
    x += 1
    return x

def fails(x):
    raise ValueError("no")

def leaves():
    os._exit(0)

def network(units):
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation="relu"), keras.layers.Dense(1)])

def halved(model, x):
    before = keras.ops.convert_to_numpy(model(x))
    model.set_weights([weight / 2 for weight in model.get_weights()])
    return before, model

def only_the_last_trains(models):
    (model,) = models
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile(keras.optimizers.SGD(0.5), loss="mse")
    return model

class Shift(keras.layers.Layer):
    def call(self, inputs):
        return inputs + 1
"""


@pytest.fixture(scope="module")
def answers():
    """Ways to get at the answers of SOURCE: behind a pipe and in this process."""
    namespace = {}
    exec(SOURCE, namespace)
    with RemoteWorker(SOURCE) as worker:
        yield [worker.function, lambda name: in_this_process(namespace[name], name)]


@pytest.fixture(params=[0, 1], ids=["remote", "local"])
def answer(request, answers):
    return answers[request.param]


def test_a_call_takes_and_gives_arrays(answer):
    x = np.arange(4.0).reshape(2, 2)
    assert np.array_equal(answer("double")(x), 2 * x)
    assert answer("double")("ab") == "abab"


def test_an_exception_keeps_its_type_and_text(answer):
    with pytest.raises(StudentError, match="no") as error:
        answer("fails")(1)
    assert error.value.type == "ValueError"


def test_a_changed_argument_is_reported_and_the_callers_array_is_safe(answer):
    x = np.zeros(2)
    with pytest.raises(ArgumentChanged):
        answer("in_place")(x)
    assert not x.any()


def test_a_model_stays_there_and_answers_questions(answer):
    model = answer("network")(3)
    assert isinstance(model, ModelView)
    assert [(row["type"], row["parameters"], row["activation"]) for row in model.layers] == [
        ("Dense", 9, "relu"),
        ("Dense", 4, "linear"),
    ]
    x = np.ones((5, 2), "float32")
    w1, b1, w2, b2 = model.weights()
    assert np.allclose(model.predict(x), np.maximum(x @ w1 + b1, 0) @ w2 + b2, atol=1e-5)


def small_model():
    keras = pytest.importorskip("keras")
    layers = [keras.layers.BatchNormalization(), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((2,)), *layers])


def test_a_model_that_a_check_passes_arrives_as_a_copy_with_its_weights(answer):
    model, x = small_model(), np.random.default_rng(0).normal(size=(4, 2))
    before = model.get_weights()
    for _ in range(2):
        outputs, changed = answer("halved")(model, x)
        assert np.allclose(outputs, model(x), atol=1e-6)
        assert all(np.allclose(2 * new, old) for new, old in zip(changed.weights(), before, strict=True))
    assert all(np.array_equal(new, old) for new, old in zip(model.get_weights(), before, strict=True))


def test_a_training_step_shows_what_trains(answer):
    model, x = small_model(), np.random.default_rng(0).normal(size=(8, 2))
    view = answer("only_the_last_trains")([model])
    assert view.compiled == {"optimizer": "SGD", "learning_rate": 0.5}
    loss = view.train(x, np.ones((8, 1)))
    assert loss == pytest.approx(float(np.mean((np.asarray(model(x)) - 1) ** 2)), rel=1e-4)
    moved = [not np.array_equal(new, old) for new, old in zip(view.weights(), model.get_weights(), strict=True)]
    assert moved == [False] * 6 + [True] * 2


def test_a_model_that_is_not_compiled_cannot_be_trained(answer):
    view = answer("network")(3)
    assert view.compiled is None
    with pytest.raises(StudentError, match="compile"):
        view.train(np.ones((1, 2)), np.ones((1, 1)))


def test_a_class_gives_a_layer(answer):
    assert np.allclose(answer("Shift")().predict(np.zeros((1, 2))), 1)


def test_a_process_that_ends_is_a_pipe_error():
    with RemoteWorker("import os\ndef leaves():\n    os._exit(0)") as worker, pytest.raises(pipe.PipeError):
        worker.function("leaves")()


def test_a_source_that_fails_is_a_student_error():
    with pytest.raises(StudentError, match="division"):
        RemoteWorker("1 / 0")


def test_the_workers_program_knows_nothing_of_this_project():
    with RemoteWorker(
        "import sys\ndef modules():\n    return [m for m in sys.modules if m.startswith('labs_utils')]"
    ) as worker:
        assert worker.function("modules")() == []
