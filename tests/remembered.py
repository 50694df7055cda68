"""Trainings of the solutions, remembered for the rest of a test run: the same training is never computed twice.

The student's notebook, with the reference answers in place of blanks, repeats each training of the solution. Both run
as tests. A kernel that runs a solution trains and stores what came out; one that runs a student's notebook looks first.
What is looked up is the whole question: the network, its weights, how it is compiled, what its optimiser keeps, the
numbers, the arguments and the state of every random generator. A training that differs in anything is computed; so
nothing is shortened, and what would fail still fails. A hit leaves weights, optimiser, history and random generators as
the training left them.

IPython's start-up file, which the root's conftest.py has written, brings it into every kernel of the run.
"""

import hashlib
import inspect
import json
import os
import pickle
import random
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

_START = """\
def _start():
    import sys
    from pathlib import Path

    shell, kind = get_ipython(), Path.cwd().name

    def after_a_cell(*_):
        if "keras" in sys.modules:
            shell.events.unregister("post_run_cell", after_a_cell)
            sys.path.insert(0, {root!r})
            from tests import remembered

            del sys.path[0]
            remembered.install(Path({folder!r}), of_solution=kind == "solutions")

    if kind in ("solutions", "notebooks", "my"):  # of the last, that of the browser's tests
        shell.events.register("post_run_cell", after_a_cell)


_start()
del _start
"""


class Unlike(Exception):
    """Such a training cannot be told from others by its numbers, so it is always computed."""


def prepare(folder: Path, root: Path) -> dict[str, str]:
    """Writes IPython's start-up file below `folder`; returns what kernels need in their environment.

    The file leaves nothing in the notebook's names, and imports nothing before the notebook has imported Keras.
    """
    start = folder / "ipython" / "profile_default" / "startup" / "00-remembered.py"
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_text(_START.format(root=str(root), folder=str(folder)), "utf-8")
    return {"IPYTHONDIR": str(folder / "ipython")}


def install(folder: Path, of_solution: bool) -> None:
    """Replaces `keras.Model.fit`: it stores what came out (`of_solution`) or looks that up."""
    import keras

    train = keras.Model.fit

    def fit(self, x=None, y=None, *arguments, **settings):
        try:
            file = folder / _key(self, (x, y, *arguments), settings)
        except Unlike:
            return train(self, x, y, *arguments, **settings)
        if not of_solution and file.exists():
            return _put_back(self, pickle.loads(file.read_bytes()))
        history = train(self, x, y, *arguments, **settings)
        if of_solution:
            _store(file, _left(self))
        return history

    keras.Model.fit = fit


def _key(model: Any, data: tuple, settings: dict) -> str:
    """A hash of all that the end of a training depends on."""
    import keras

    callbacks = settings.get("callbacks") or []
    callbacks = callbacks if isinstance(callbacks, list) else [callbacks]
    if not all(type(one) is keras.callbacks.LambdaCallback for one in callbacks):  # that only prints in the labs
        raise Unlike
    if not model.built or not model.compiled or _has_functions_of_its_own(model):
        raise Unlike
    settings = {name: value for name, value in settings.items() if name not in ("callbacks", "verbose")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about a lambda: that is no configuration to store
        configurations = _text(model.get_config()) + _text(model.get_compile_config())
    digest = hashlib.sha256(configurations.encode())
    variables = [v.numpy() for v in (*model.variables, *model.optimizer.variables)]  # a second training has moments
    for value in (data, settings, variables, _generators()):
        _feed(digest, value)
    return digest.hexdigest()


def _has_functions_of_its_own(model: Any) -> bool:
    functions = [one for layer in model._flatten_layers() for one in vars(layer).values() if inspect.isfunction(one)]
    return any(one.__module__.split(".")[0] != "keras" for one in functions)


def _text(config: dict) -> str:
    """A configuration in which names, which Keras numbers per process (dense_7), are those of their order."""
    try:
        text = json.dumps(config, sort_keys=True)
    except TypeError as error:
        raise Unlike from error
    modules = set(re.findall(r'"module": "([^"]*)"', text))
    if '"function"' in text or "__lambda__" in text or not all(one.split(".")[0] == "keras" for one in modules):
        raise Unlike  # code of the notebook's own
    names = re.findall(r'(?<!"DTypePolicy", "config": \{)"name": ("[^"]*")', text)  # that one is the precision
    for number, name in enumerate(dict.fromkeys(names)):
        text = text.replace(name, f'"#{number}"')
    return text


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, list | tuple):
        digest.update(f"{type(value).__name__} {len(value)}".encode())
        for one in value:
            _feed(digest, one)
    elif isinstance(value, dict):
        _feed(digest, sorted(value.items()))
    elif isinstance(value, np.ndarray) or type(value).__name__ == "EagerTensor":
        array = np.asarray(value)
        if array.dtype == object:
            raise Unlike
        digest.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    elif value is None or isinstance(value, bool | int | float | str | bytes | np.generic):
        digest.update(f"{type(value).__name__} {value!r}".encode())
    else:
        raise Unlike  # a generator, a tf.data pipeline


def _generators() -> list:
    """The states of all generators that a training may draw from."""
    import keras
    from tensorflow.python.eager import context

    own = keras.src.backend.common.global_state.get_global_attribute("global_seed_generator")
    of_tensorflow = context.context()
    state = of_tensorflow._rng.getstate() if of_tensorflow._rng is not None else None
    return [
        random.getstate(),
        np.random.get_state(),
        of_tensorflow._seed,
        state,
        None if own is None else own.state.numpy(),
    ]


def _left(model: Any) -> dict:
    return {
        "weights": [variable.numpy() for variable in model.variables],
        "optimizer": [variable.numpy() for variable in model.optimizer.variables],
        "history": (model.history.history, model.history.epoch, model.history.params),
        "generators": _generators(),
    }


def _store(file: Path, left: dict) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
        pickle.dump(left, part)
    os.replace(part.name, file)


def _put_back(model: Any, left: dict) -> Any:
    import keras
    from tensorflow.python.eager import context

    model.optimizer.build(model.trainable_variables)
    for variable, value in zip(model.variables, left["weights"], strict=True):
        variable.assign(value)
    for variable, value in zip(model.optimizer.variables, left["optimizer"], strict=True):
        variable.assign(value)
    history = keras.callbacks.History()
    history.set_model(model)
    history.history, history.epoch, history.params = left["history"]
    model.history = history
    of_python, of_numpy, _, of_tensorflow, of_keras = left["generators"]
    random.setstate(of_python)
    np.random.set_state(of_numpy)
    if of_tensorflow is not None:
        context.context()._rng.setstate(of_tensorflow)
    if of_keras is not None:
        keras.src.random.seed_generator.global_seed_generator().state.assign(of_keras)
    return history
