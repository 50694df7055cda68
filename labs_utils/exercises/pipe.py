"""The seam between a check and a student's code: one request, one reply, in this process or through a pipe.

A notebook asks a `Worker` directly. A grader starts this very file as a program (``python pipe.py READ WRITE``) inside
a sandbox and asks it over two inherited file descriptors. It therefore imports nothing of this project: only the
standard library and NumPy, and no check, reference or expected value can be reached from where it runs.

Requests and replies are dictionaries of *plain* values: None, booleans, numbers, strings, lists, dictionaries with
string keys, and NumPy arrays of booleans or numbers. A Keras model that a check passes as an argument travels as its
configuration and weights (`packed`), so each call gets a fresh copy of its own. One that an answer returns stays where
it was made; the reply carries its summary and a key with which to give it weights and to ask it for predictions,
weights or a training step.
"""

import __future__

import ast
import base64
import json
import linecache
import math
import os
import random
import re
import struct
import sys
import traceback
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any, BinaryIO

import numpy as np

BYTE_CAP = 64 * 2**20  # of a request, which the trusted side writes
# Of a reply, which anybody may write; the largest honest one of the course has 80 kB, 150 marks and 15 000 numbers.
REPLY_CAP = 4 * 2**20  # bytes
REPLY_MARKS = 100_000  # commas and brackets: each may cost a hundred bytes of memory once it is read
REPLY_NUMBERS = 2**16  # in one array
_MOST_AXES = 8
ANSWERS, REFERENCE = "<answers>", "<reference>"  # file names that tracebacks show for code sent over the pipe
_NUMERIC = re.compile(r"[<>|=]?[biufc]\d{1,2}|\|b1")
_RESERVED = {"__model__", "__array__", "__keras__"}


class PipeError(Exception):
    """The other side of the pipe broke off or sent something that is not a reply."""


# -- plain values -----------------------------------------------------------------------------------------------------


def to_plain(value: Any, models: list, depth: int = 0) -> Any:
    """`value` as plain data: tensors become arrays, tuples lists; a Keras layer or model is kept and summarised.

    Args:
        value: what a student's function returned.
        models: receives every Keras layer or model met on the way; its index is the key in the summary.
        depth: nesting so far; more than 20 levels are refused.

    Raises:
        TypeError: something that is none of the above; the text says what.
    """
    if depth > 20:
        raise TypeError("a list nested more than 20 levels deep")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return to_plain(value.item(), models, depth)
    if isinstance(value, list | tuple):
        return [to_plain(item, models, depth + 1) for item in value]
    if isinstance(value, dict):
        plain = {str.__str__(str(key)): to_plain(item, models, depth + 1) for key, item in value.items()}
        if _RESERVED & plain.keys():  # as they will be read, not as they hash before
            raise TypeError("a dictionary with a reserved key")
        return plain
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(value, keras.layers.Layer):
        models.append(value)
        return {
            "__model__": len(models) - 1,
            "layers": summarise(value),
            "parameters": _parameters(value),
            "compiled": _how_compiled(value),
        }
    if hasattr(value, "__array__"):
        array = np.array(value, subok=False)
        if array.dtype.kind in "biufc":
            return array
        if array.dtype.kind == "U":
            return array.tolist()
        # bfloat16 and other extension types of TensorFlow compare as ordinary floats
        if array.dtype.kind == "V" and array.dtype.names is None:
            return array.astype(np.float32)
    raise TypeError(f"a value of type {type(value).__name__}")


def summarise(model: Any) -> list[dict]:
    """One dictionary a layer: type, name, whether it trains, parameter count, output shape and activation if known."""
    rows = []
    for layer in getattr(model, "layers", [model]):
        config = layer.get_config() if hasattr(layer, "get_config") else {}
        activation = config.get("activation")
        try:
            shape = list(layer.output.shape)
        except (AttributeError, ValueError):
            shape = None
        rows.append(
            {
                "type": type(layer).__name__,
                "name": layer.name,
                "trainable": bool(layer.trainable),
                "parameters": _parameters(layer),
                "output_shape": shape,
                "activation": activation if isinstance(activation, str) else None,
            }
        )
    return rows


def _parameters(layer: Any) -> int | None:
    return int(layer.count_params()) if layer.built else None


def _how_compiled(model: Any) -> dict | None:
    """Optimizer and learning rate of a compiled model; None for one that is not compiled, or a layer."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    return {"optimizer": type(optimizer).__name__, "learning_rate": float(optimizer.learning_rate)}


def packed(value: Any) -> Any:
    """`value` with every Keras model in it, also inside lists, as a dictionary that can be sent."""
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(value, keras.Model):
        return {"__keras__": value.to_json(), "weights": value.get_weights()}
    return [packed(item) for item in value] if isinstance(value, list | tuple) else value


def _unpacked_model(package: dict) -> Any:
    import keras  # on the side of the answers, which have imported it already

    config = json.loads(package["__keras__"])
    if config["class_name"] == "Sequential" and not config.get("compile_config"):
        # as Keras reads it, which builds the network anew with each layer that it adds
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["config"]["layers"]]
        model = keras.Sequential(layers, name=config["config"]["name"])
    else:
        model = keras.models.model_from_json(package["__keras__"])
    model.set_weights(package["weights"])
    return model


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value)
        return {
            "__array__": base64.b64encode(data.tobytes()).decode("ascii"),
            "dtype": data.dtype.str,
            "shape": list(value.shape),
        }
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _decode(value: dict, most: float = math.inf) -> Any:
    if "__array__" not in value:
        return value
    if not _NUMERIC.fullmatch(value["dtype"]):
        raise ValueError("an array of something else than numbers")
    shape = [int(n) for n in value["shape"]]
    if len(shape) > _MOST_AXES or math.prod(max(abs(n), 1) for n in shape) > most:
        raise ValueError(f"an array of shape {str(tuple(shape))[:100]}, far larger than any that is asked for")
    data = base64.b64decode(value["__array__"], validate=True)
    return np.frombuffer(data, np.dtype(value["dtype"])).reshape(shape).copy()


def send(stream: BinaryIO, message: dict) -> None:
    """Writes one plain message as a length and JSON text."""
    data = json.dumps(_encode(message)).encode("utf-8")
    stream.write(struct.pack(">Q", len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO, cap: int = BYTE_CAP, marks: float = math.inf, numbers: float = math.inf) -> dict:
    """Reads one message.

    Args:
        stream: where it comes from.
        cap: how many bytes it may have.
        marks: how many commas and opening brackets.
        numbers: how many numbers there may be in one array of it; an axis of length 0 counts as 1.

    Raises:
        EOFError: the other side has closed the pipe between two messages.
        PipeError: the message is longer than `cap` bytes, cut short, or not a plain message.
    """
    header = stream.read(8)
    if not header:
        raise EOFError("the pipe is closed")
    if len(header) < 8:
        raise PipeError("a message was cut short")
    (length,) = struct.unpack(">Q", header)
    if length > cap:
        raise PipeError(f"a message of {length} bytes, where {cap} are allowed")
    data = stream.read(length)
    if len(data) < length:
        raise PipeError("a message was cut short")
    if sum(map(data.count, (b",", b"[", b"{"))) > marks:
        raise PipeError(f"a message of more than {marks} parts")
    try:
        message = json.loads(data, object_hook=lambda value: _decode(value, numbers))
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise PipeError(f"a message that is not plain data ({error})") from error
    if not isinstance(message, dict):
        raise PipeError("a message that is not a dictionary")
    return message


# -- the side of the student's code -----------------------------------------------------------------------------------


class Worker:
    """Answers requests about the functions in one namespace.

    Requests: ``{"do": "load", "source": …}`` or ``"parts": [[cell, source], …]``,
    ``{"do": "call", "name": …, "arguments": […]}``,
    ``{"do": "model", "key": …, "ask": "predict" | "variables" | "trainable" | "set" | "weights" | "rebuilt" | "train",
    "arguments": […]}`` and
    ``{"do": "seed", "seed": …}``.
    Replies: ``{"value": …}``, ``{"changed": position}`` if a call modified one of its arguments, or
    ``{"error": {type, text, line, code, function}}``. A ``load`` of parts names the one ``"answer"`` in them: other
    statements are helpers, and one that fails is passed over; ``"features"`` are those of ``from __future__`` that
    hold, ``"file"`` is `ANSWERS` or `REFERENCE`.
    """

    def __init__(self, namespace: dict[str, Any] | None = None):
        self.namespace = {"__name__": "answers"} if namespace is None else namespace
        self.models: list = []
        self._ways = {"load": self._load, "call": self._call, "model": self._ask_model, "seed": self._seed}

    def handle(self, request: dict) -> dict:
        """The reply to one request; an exception of the student's code becomes an ``error`` reply."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self._ways[request["do"]](request)
        except (Exception, SystemExit) as error:  # whatever the student's code raises is an answer, not a fault of ours
            return {"error": describe_error(error)}

    def _load(self, request: dict) -> dict:
        answer, file = request.get("answer"), request.get("file", ANSWERS)
        if answer is None:
            source = request["source"]
            self._run(compile(source, file, "exec"), file, source)
            return {"value": None}
        self.namespace.setdefault("lab", _Undecorated())
        self.namespace.setdefault("display", _display)
        self.namespace.setdefault("get_ipython", _get_ipython)
        known = [name for name in request["features"] if name in __future__.all_feature_names]
        flags = sum(getattr(__future__, name).compiler_flag for name in set(known))
        for cell, source in request["parts"]:
            title = f"{file} {answer}, cell {cell}"
            for node in ast.parse(source).body:
                try:
                    code = compile(ast.Module([node], type_ignores=[]), title, "exec", flags, dont_inherit=True)
                    self._run(code, title, source)
                except Exception:
                    if getattr(node, "name", None) == answer:
                        raise
        return {"value": None}

    def _run(self, code: CodeType, file: str, source: str) -> None:
        if file.startswith(ANSWERS):
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(code, self.namespace)

    def _seed(self, request: dict) -> dict:
        random.seed(request["seed"])
        np.random.seed(request["seed"])
        if "keras" in sys.modules:
            sys.modules["keras"].utils.set_random_seed(request["seed"])
        return {"value": None}

    def _call(self, request: dict) -> dict:
        given = request["arguments"]
        used = _copy(given)
        value = to_plain(self.namespace[request["name"]](*used), self.models)
        for position, (before, after) in enumerate(zip(given, used, strict=True)):
            if not _same(before, after):
                return {"changed": position}
        return {"value": value}

    def _ask_model(self, request: dict) -> dict:
        model = self.models[request["key"]]
        if request["ask"] == "variables":
            return {"value": [[weight.path, list(weight.shape)] for weight in model.weights]}
        if request["ask"] == "trainable":
            return {"value": [bool(weight.trainable) for weight in model.weights]}
        if request["ask"] == "set":
            model.set_weights(request["arguments"])
            return {"value": None}
        if request["ask"] == "weights":
            return {"value": [np.array(weight) for weight in model.get_weights()]}
        if request["ask"] == "rebuilt":
            return {"value": to_plain(type(model).from_config(model.get_config()), self.models)}
        if request["ask"] == "train":
            model.run_eagerly = True  # a graph costs half a second to trace, and this is one step
            return {"value": to_plain(model.train_on_batch(*request["arguments"]), self.models)}
        (inputs,) = request["arguments"]
        keras = sys.modules["keras"]
        outputs = model(inputs, training=False) if isinstance(model, keras.Model) else model(inputs)
        return {"value": to_plain(outputs, self.models)}


def _display(*values: Any, **options: Any) -> None:
    """Stands for IPython's ``display``: harmless, and nobody looks at it here."""


def _get_ipython() -> None:
    """What IPython would put among the builtins of a notebook exists nowhere else, so no answer may count on it."""
    raise NameError("name 'get_ipython' is not defined")


class _Undecorated:
    """Stands for a notebook's ``lab``: its decorators leave a function as it is."""

    def exercise(self, points: float = 1) -> Callable:
        return lambda function: function

    question = exercise


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict) and "__keras__" in value:
        return _unpacked_model(value)
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return before.shape == after.shape and np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(_same(b, a) for b, a in zip(before, after, strict=True))
    return True


def describe_error(error: BaseException) -> dict:
    """Type, text and the deepest line of the student's own code that raised `error`."""
    line, code, function = None, "", ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        # the cells of a notebook run as __main__, whatever Jupyter, VS Code or Colab call their files
        of_a_cell = frame.f_globals.get("__name__") == "__main__" and os.path.abspath(file) != os.path.abspath(__file__)
        if file.startswith(ANSWERS) or of_a_cell:
            line, code, function = number, linecache.getline(file, number).strip(), frame.f_code.co_name
    return {"type": type(error).__name__, "text": str(error), "line": line, "code": code, "function": function}


def serve(reading: BinaryIO, writing: BinaryIO, namespace: dict[str, Any] | None = None) -> None:
    """Answers requests about the functions in `namespace` until the pipe closes, each with its request's ticket."""
    worker = Worker(namespace)
    while True:
        try:
            request = receive(reading)
        except EOFError:
            return
        send(writing, worker.handle(request) | {"ticket": request.get("ticket")})


if __name__ == "__main__":
    with open(int(sys.argv[1]), "rb") as request_stream, open(int(sys.argv[2]), "wb") as reply_stream:
        serve(request_stream, reply_stream)
