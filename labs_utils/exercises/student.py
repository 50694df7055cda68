"""What a check sees of a student's work: a callable and, where it returns a Keras model, a view of the model.

Both put their questions through an ``ask`` function, so the same check runs on a function of this notebook
(`in_this_process`) and on one behind a pipe (`RemoteWorker`).
"""

import contextlib
import io
import itertools
import math
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labs_utils.exercises import pipe
from labs_utils.exercises.travel import Taken

Ask = Callable[[dict], dict]


class StudentError(Exception):
    """The student's code raised an exception: its type and text, and the line, code and function it came from."""

    def __init__(self, type: str, text: str, line: int | None = None, code: str = "", function: str = ""):
        super().__init__(text)
        self.type, self.text, self.line, self.code, self.function = type, text, line, code, function


class ArgumentChanged(Exception):
    """The student's function modified the argument at `position` in place."""

    def __init__(self, position: int):
        super().__init__(position)
        self.position = position


class TimeLimit(pipe.PipeError):
    """The student's code took longer than it may."""


def value_of(ask: Ask, request: dict) -> Any:
    """The value that a request is answered with.

    Raises:
        StudentError: the student's code raised an exception.
        ArgumentChanged: it modified one of its arguments.
        pipe.PipeError: the reply is none.
    """
    match ask(request):
        case {
            "error": {
                "type": str(type),
                "text": str(text),
                "line": int() | None as line,
                "code": str(code),
                "function": str(function),
            }
        }:
            raise StudentError(type, text, line, code, function)
        case {"changed": int(position)} if 0 <= position < len(request.get("arguments", [])):
            raise ArgumentChanged(position)
        case {"value": value}:
            try:
                return _with_models(value, ask)
            except RecursionError as error:
                raise pipe.PipeError("a reply nested too deep") from error
    raise pipe.PipeError("a reply that is none")


def _with_models(value: Any, ask: Ask) -> Any:
    if isinstance(value, dict) and "__model__" in value:
        if not _is_summary(value):
            raise pipe.PipeError("a summary of a model that is none")
        return ModelView(ask, value)
    if isinstance(value, list):
        return [_with_models(item, ask) for item in value]
    if isinstance(value, dict):
        return {key: _with_models(item, ask) for key, item in value.items()}
    return value


_LAYER = {
    "type": str,
    "name": str,
    "trainable": bool,
    "parameters": int | None,
    "output_shape": list | None,
    "activation": str | None,
}


def _is_summary(value: dict) -> bool:
    layers = value.get("layers")
    return (
        isinstance(value["__model__"], int)
        and "compiled" in value
        and _is_compilation(value["compiled"])
        and isinstance(value.get("parameters"), int | None)
        and isinstance(layers, list)
        and all(isinstance(row, dict) and row.keys() == _LAYER.keys() for row in layers)
        and all(isinstance(row[key], kind) for row in layers for key, kind in _LAYER.items())
    )


def _is_compilation(value: object) -> bool:
    match value:
        case None | {"optimizer": str(), "learning_rate": float()}:
            return True
    return False


class Student:
    """A student's function or class, called with plain values, NumPy arrays and Keras models; returns the same kinds.

    A Keras model travels as its configuration and weights: the function gets a copy, made anew for each call.
    `lost` says which names it uses that cannot travel; see `labs_utils.exercises.travel`.

    Raises (when called):
        StudentError: the function raised an exception.
        ArgumentChanged: the function modified one of its arguments.
    """

    def __init__(self, ask: Ask, name: str, lost: Mapping[str, str] | None = None):
        self._ask, self.name, self.lost = ask, name, lost or {}

    def __call__(self, *arguments: Any) -> Any:
        """The answer's return value as plain data; see the class for what it raises."""
        return value_of(self._ask, {"do": "call", "name": self.name, "arguments": pipe.packed(arguments)})


class ModelView:
    """A Keras model or layer that a student's function returned.

    Its summary is a claim of the student's side and worth nothing alone: a check gives it weights
    (`checking.fill_weights`), asks for predictions and compares with an oracle that knows those weights.

    Attributes:
        layers: one dictionary a layer: ``type``, ``name``, ``trainable``, ``parameters``, ``output_shape``,
            ``activation``.
        parameters: number of parameters, or None while it is not built.
        compiled: ``optimizer`` (class name) and ``learning_rate``, or None if it is not compiled.
    """

    def __init__(self, ask: Ask, summary: dict):
        self._ask, self._key = ask, summary["__model__"]
        self.layers, self.parameters, self.compiled = summary["layers"], summary["parameters"], summary["compiled"]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Outputs for a batch of `inputs`, in inference mode."""
        return self._answer("predict", inputs)

    def variables(self) -> list[tuple[str, tuple[int, ...]]]:
        """Path and shape of each weight array, in Keras' order: what the student's side says, no more.

        Raises:
            pipe.PipeError: the reply is no such list.
        """
        match self._answer("variables"):
            case list(rows) if all(map(_is_variable, rows)):
                return [(path, tuple(shape)) for path, shape in rows]
        raise pipe.PipeError("a list of variables that is none")

    def trainable(self) -> list[bool]:
        """Whether training changes each weight array, in the order of `variables`: what the student's side says.

        Raises:
            pipe.PipeError: the reply is no such list.
        """
        match self._answer("trainable"):
            case list(flags) if all(type(flag) is bool for flag in flags):
                return flags
        raise pipe.PipeError("a list of flags that is none")

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Gives the model these weights, in the order of `variables`."""
        self._answer("set", *weights)

    def weights(self) -> list[np.ndarray]:
        """All weights, in Keras' order: what the student's side says they are.

        Raises:
            pipe.PipeError: the reply is no list of arrays.
        """
        got = self._answer("weights")
        if not isinstance(got, list) or not all(isinstance(array, np.ndarray) for array in got):
            raise pipe.PipeError("a list of weights that is none")
        return got

    def rebuilt(self) -> Any:
        """A new model or layer, made from the configuration of this one, as a saved network is when it is loaded."""
        return self._answer("rebuilt")

    def train(self, inputs: np.ndarray, targets: np.ndarray) -> Any:
        """One training step on a batch, as the model was compiled; returns the loss, or a list of loss and metrics."""
        return self._answer("train", inputs, targets)

    def _answer(self, ask: str, *arguments: np.ndarray) -> Any:
        return value_of(self._ask, {"do": "model", "key": self._key, "ask": ask, "arguments": list(arguments)})


def _is_variable(row: object) -> bool:
    match row:
        case [str(), list(shape)]:
            return len(shape) <= 8 and all(type(size) is int and size >= 0 for size in shape)
    return False


def in_this_process(function: Callable, name: str) -> Student:
    """`function` as a check sees it, called right here."""
    return Student(_heard_once(pipe.Worker({name: function}).handle), name)


def from_cells(taken: Taken, name: str, earlier: dict[str, Any]) -> Student:
    """The answer called `name`, defined anew in this process from the text of its cells, as a grader defines it.

    Args:
        taken: the answer and what travels with it.
        name: of the exercise.
        earlier: the exercises before it, by name.

    Raises:
        StudentError: its definition failed.
    """
    ask = _heard_once(pipe.Worker({"__name__": "answers", **earlier}).handle)
    value_of(ask, taken.request(name, pipe.ANSWERS))
    return Student(ask, name, taken.lost)


def _heard_once(ask: Ask) -> Ask:
    """`ask`, but of what the answer prints only that of its first call reaches the page: a check calls it often."""
    calls = itertools.count()

    def quiet(request: dict) -> dict:
        if request["do"] == "call" and next(calls) == 0:
            return ask(request)
        with contextlib.redirect_stdout(io.StringIO()):
            return ask(request)

    return quiet


class Line:
    """Requests and replies over two file descriptors, with a limit on the time that the far end may take.

    Args:
        writing: where requests go.
        reading: where replies come from.

    Attributes:
        seconds: what is left of the time to wait for the far end; set it anew before each exercise.
    """

    def __init__(self, writing: int, reading: int):
        self._writing, self._reading, self.seconds = writing, reading, math.inf
        os.set_blocking(writing, False)

    def ask(self, request: dict) -> dict:
        """The reply to one request.

        Raises:
            pipe.PipeError: the far end has ended, replied unasked or with something that is not a reply.
            TimeLimit: it took longer than `seconds`.
        """
        if _ready(self._reading, select.POLLIN, 0):
            raise pipe.PipeError("a reply came before the question, or the process that ran the answers has ended")
        ticket = secrets.token_hex(8)  # no reply that was written before the question can hold it
        try:
            pipe.send(self, request | {"ticket": ticket})
            reply = pipe.receive(self, pipe.REPLY_CAP, pipe.REPLY_MARKS, pipe.REPLY_NUMBERS)
        except (EOFError, BrokenPipeError) as error:
            raise pipe.PipeError("the process that ran the answers has ended") from error
        if reply.pop("ticket", None) != ticket:
            raise pipe.PipeError("a reply that belongs to no question")
        return reply

    def read(self, size: int) -> bytes:
        """`size` bytes, or fewer if the far end has closed."""
        data = bytearray()
        while len(data) < size:
            self._wait(self._reading, select.POLLIN)
            chunk = os.read(self._reading, min(size - len(data), 2**20))
            if not chunk:
                break
            data += chunk
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Writes all of `data`."""
        rest = memoryview(data)
        while rest:
            self._wait(self._writing, select.POLLOUT)
            rest = rest[os.write(self._writing, rest) :]

    def flush(self) -> None:
        """Nothing is held back."""

    def _wait(self, descriptor: int, event: int) -> None:
        started = time.monotonic()
        ready = _ready(descriptor, event, self.seconds)
        self.seconds -= time.monotonic() - started
        if not ready:
            raise TimeLimit("the time limit is used up")

    def close(self) -> None:
        """Closes both descriptors."""
        os.close(self._writing)
        os.close(self._reading)


def _ready(descriptor: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(None if seconds == math.inf else max(seconds, 0) * 1000))


class RemoteWorker:
    """A subprocess that holds answers and is asked over a pipe; use as a context manager.

    Args:
        source: Python source of the answers, with their imports.

    Raises:
        StudentError: the source itself failed.
        pipe.PipeError: the process ended or replied with something that is not a reply.
    """

    def __init__(self, source: str):
        self._line, (requests, replies) = open_line()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(pipe.__file__)), str(requests), str(replies)],
            pass_fds=(requests, replies),
            stdin=subprocess.DEVNULL,
        )
        os.close(requests)
        os.close(replies)
        try:
            value_of(self._line.ask, {"do": "load", "source": source})
        except BaseException:
            self.close()
            raise

    def function(self, name: str) -> Student:
        """The answer called `name`."""
        return Student(self._line.ask, name)

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._line.close()

    def __enter__(self) -> "RemoteWorker":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def open_line() -> tuple[Line, tuple[int, int]]:
    """A line, and the two descriptors (requests to read, replies to write) for whoever is at its far end."""
    requests_out, requests_in = os.pipe()
    replies_out, replies_in = os.pipe()
    return Line(requests_in, replies_out), (requests_out, replies_in)
