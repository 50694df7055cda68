"""What the solutions compute, remembered for the rest of a test run: the same training is never computed twice.

The student's notebook, with the reference answers in place of blanks, repeats each training of the solution. Both run
as tests. A kernel that runs a solution trains and stores what came out; one that runs a student's notebook looks first.
What is looked up is the whole question: the network, its weights, how it is compiled, what its optimiser keeps, the
numbers, the arguments and the state of every random generator it draws from. A training that differs in anything is
computed; so nothing is shortened, and what would fail still fails. A hit leaves weights, optimiser, history and random
generators as the training left them. What depends on its arguments alone is remembered, too: drawn data sets, what a
network says, Grad-CAM's maps, regressions on features.

IPython's start-up file, which the root's conftest.py has written, brings it into every kernel of the run.
"""

import functools
import hashlib
import inspect
import json
import os
import pickle
import random
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

_START = """\
def _start():
    import sys
    from pathlib import Path

    shell, kind = get_ipython(), Path.cwd().name

    def after_a_cell(*_):
        if {{"keras", "labs_utils.exercises"}} <= sys.modules.keys():
            shell.events.unregister("post_run_cell", after_a_cell)
            sys.path.insert(0, {root!r})
            from tests import remembered

            del sys.path[0]
            remembered.install(Path({folder!r}), of_solution=kind == "solutions", names=shell.user_ns)

    if kind in ("solutions", "notebooks", "my"):  # of the last, that of the browser's tests
        shell.events.register("post_run_cell", after_a_cell)


_start()
del _start
"""


class Unlike(Exception):
    """This cannot be told from other questions by its numbers, so it is always computed."""


def prepare(folder: Path, root: Path) -> dict[str, str]:
    """Writes IPython's start-up file below `folder`; returns what kernels need in their environment.

    The file leaves nothing in the notebook's names, and imports nothing before the notebook has imported Keras and
    the course.
    """
    start = folder / "ipython" / "profile_default" / "startup" / "00-remembered.py"
    start.parent.mkdir(parents=True, exist_ok=True)
    start.write_text(_START.format(root=str(root), folder=str(folder)), "utf-8")
    return {"IPYTHONDIR": str(folder / "ipython")}


def install(folder: Path, of_solution: bool, names: dict[str, Any]) -> None:
    """Has what `replaced` names store what came out (`of_solution`) or look that up.

    Args:
        folder: of what is stored.
        of_solution: whether this kernel runs a solution.
        names: those of the notebook; what it has already imported is replaced there, too.
    """
    store = _Store(folder, of_solution)
    for owner, name, remembering in replaced():
        compute = getattr(owner, name)
        instead = _with(store, compute, remembering)
        setattr(owner, name, instead)
        names |= {own: instead for own, value in names.items() if value is compute}


def replaced() -> list[tuple[Any, str, Callable]]:
    """What is remembered: its owner, its name there, and how."""
    import keras

    from labs_utils import datasets, gradcam, side_by_side
    from labs_utils.datasets import mnist_standin, portraits
    from labs_utils.experiments import cam, transfer

    return [
        (keras.Model, "fit", _fit),
        (keras.Model, "predict", _value),
        (cam, "train", _train),
        (side_by_side, "train", _train_with_pauses),
        (portraits, "draw_portraits", _value),
        (mnist_standin, "make_standin", _value),
        (datasets, "make_scenes", _value),
        (gradcam, "grad_cam", _value),
        (transfer, "probe", _value),
    ]


def _with(store: "_Store", compute: Callable, remembering: Callable) -> Callable:
    @functools.wraps(compute)
    def instead(*arguments: Any, **settings: Any) -> Any:
        return remembering(store, compute, *arguments, **settings)

    return instead


class _Store:
    """Files with what came out, each named by a hash of the question."""

    def __init__(self, folder: Path, of_solution: bool):
        self._folder, self.of_solution = folder, of_solution

    def find(self, question: str) -> Any:
        """What came out; None for a solution, and where nobody has asked."""
        file = self._folder / question
        return pickle.loads(file.read_bytes()) if not self.of_solution and file.exists() else None

    def keep(self, question: str, left: Any) -> None:
        """Stores it, if this is a solution."""
        if self.of_solution:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as part:
                pickle.dump(left, part)
            os.replace(part.name, self._folder / question)


def _fit(store: _Store, compute: Callable, model: Any, x: Any = None, y: Any = None, *arguments: Any, **settings: Any):
    asked = {name: value for name, value in settings.items() if name not in ("callbacks", "verbose")}
    try:
        callbacks = _that_matter(settings.get("callbacks") or [])
        if not model.built or not model.compiled:
            raise Unlike
        past = [_plain(callback) for callback in callbacks]
        question = _hash("fit", model, model.optimizer, x, y, arguments, asked, past, _generators())
    except Unlike:
        return compute(model, x, y, *arguments, **settings)
    left = store.find(question)
    if left is None:
        history = compute(model, x, y, *arguments, **settings)
        told = history.history, history.epoch, history.params
        past = [_plain(callback) for callback in callbacks]
        store.keep(question, (told, past, _variables(model, model.optimizer), _generators()))
        return history
    told, past, variables, generators = left
    for callback, values in zip(callbacks, past, strict=True):
        callback.set_model(model)
        vars(callback).update(values)
    _put_back(variables, model, model.optimizer)
    _set_generators(generators)
    return _history(model, told)


def _train(store: _Store, compute: Callable, model: Any, *arguments: Any, **settings: Any) -> None:
    """Of a function that trains with an optimiser of its own and returns nothing."""
    try:
        question = _hash(compute.__module__, model, arguments, settings, _generators())
    except Unlike:
        return compute(model, *arguments, **settings)
    left = store.find(question)
    if left is None:
        compute(model, *arguments, **settings)
        store.keep(question, (_variables(model), _generators()))
    else:
        variables, generators = left
        _put_back(variables, model)
        _set_generators(generators)


def _train_with_pauses(store: _Store, compute: Callable, model: Any, optimiser: Any, *arguments: Any) -> Iterator[None]:
    """Of a function that lets others look at the network between its steps and draws from no generator of others."""
    try:
        question = _hash(compute.__module__, model, optimiser, arguments)
    except Unlike:
        yield from compute(model, optimiser, *arguments)
        return
    left = store.find(question)
    if left is not None:
        for variables in left:
            _put_back(variables, model, optimiser)
            yield
        return
    left = []
    for _ in compute(model, optimiser, *arguments):
        left.append(_variables(model, optimiser))
        yield
    store.keep(question, left)


def _value(store: _Store, compute: Callable, *arguments: Any, **settings: Any) -> Any:
    """Of a function that gives the same for the same arguments and changes nothing."""
    try:
        question = _hash(compute.__qualname__, arguments, settings)
    except Unlike:
        return compute(*arguments, **settings)
    value = store.find(question)
    if value is None:
        value = compute(*arguments, **settings)
        store.keep(question, value)
    return value


def _that_matter(callbacks: Any) -> list:
    """Callbacks without those that in the labs only print."""
    import keras

    callbacks = callbacks if isinstance(callbacks, list) else [callbacks]
    rest = [one for one in callbacks if type(one) is not keras.callbacks.LambdaCallback]
    if not all(type(one) is keras.callbacks.EarlyStopping for one in rest):
        raise Unlike
    return rest


def _plain(callback: Any) -> dict:
    """What a callback was told and keeps, without its network."""
    kept = vars(callback).items()
    return {name: value for name, value in kept if value is None or isinstance(value, bool | int | float | str | list)}


def _hash(*question: Any) -> str:
    digest = hashlib.sha256()
    _feed(digest, question)
    return digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Adds all of `value` that a training can depend on."""
    import keras

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
    elif isinstance(value, keras.Model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Keras, about a lambda: that is no configuration to store
            compiled = value.get_compile_config() if value.compiled else None
            digest.update(_text([value.get_config(), compiled]).encode())
        _feed(digest, [_own_functions(value), _variables(value)])
    elif isinstance(value, keras.optimizers.Optimizer):
        digest.update(_text(keras.optimizers.serialize(value)).encode())
        _feed(digest, _variables(value))  # a second training has moments
    elif inspect.isfunction(value) and value.__module__.startswith("labs_utils."):
        closure = [cell.cell_contents for cell in value.__closure__ or ()]
        line = value.__code__.co_firstlineno  # of one lambda among several
        _feed(digest, [value.__module__, value.__qualname__, line, value.__defaults__, value.__kwdefaults__, closure])
    elif inspect.ismodule(value):
        _feed(digest, value.__name__)
    else:
        raise Unlike  # code of the notebook's own, a generator, a tf.data pipeline


def _own_functions(model: Any) -> list:
    """Functions in a network's layers that are not Keras' own, but for those that gave it its first weights."""
    return [
        one
        for layer in model._flatten_layers()
        for name, one in sorted(vars(layer).items())
        if inspect.isfunction(one) and one.__module__.split(".")[0] != "keras" and not name.endswith("_initializer")
    ]


def _text(config: Any) -> str:
    """A configuration in which names, which Keras numbers per process (dense_7), are those of their order."""
    try:
        text = json.dumps(_essential(config), sort_keys=True)
    except TypeError as error:
        raise Unlike from error
    modules = set(re.findall(r'"module": "([^"]*)"', text))
    if '"function"' in text or "__lambda__" in text or not all(one.split(".")[0] == "keras" for one in modules):
        raise Unlike  # code of the notebook's own
    names = re.findall(r'(?<!"DTypePolicy", "config": \{)"name": ("[^"]*")', text)  # that one is the precision
    for number, name in enumerate(dict.fromkeys(names)):
        text = text.replace(name, f'"#{number}"')
    return text


def _essential(config: Any) -> Any:
    """A configuration without what `_own_functions` tells, and without the start of weights that are there."""
    if isinstance(config, list | tuple):
        return [_essential(one) for one in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "Lambda":
        config = config | {"config": {name: value for name, value in config["config"].items() if name != "function"}}
    return {name: _essential(value) for name, value in config.items() if not name.endswith("_initializer")}


def _generators() -> list:
    """The states of all generators that a training may draw from."""
    import keras
    from tensorflow.python.eager import context

    own = keras.src.backend.common.global_state.get_global_attribute("global_seed_generator")
    of_tensorflow = context.context()
    drawing = getattr(of_tensorflow, "_rng", None)  # there is none before the first seed or the first draw
    return [
        random.getstate(),
        np.random.get_state(),
        of_tensorflow._seed,
        None if drawing is None else drawing.getstate(),
        None if own is None else own.state.numpy(),
    ]


def _set_generators(states: list) -> None:
    import keras
    from tensorflow.python.eager import context

    of_python, of_numpy, _, of_tensorflow, of_keras = states
    random.setstate(of_python)
    np.random.set_state(of_numpy)
    if of_tensorflow is not None:
        context.context()._rng.setstate(of_tensorflow)
    if of_keras is not None:
        keras.src.random.seed_generator.global_seed_generator().state.assign(of_keras)


def _variables(*owners: Any) -> list[np.ndarray]:
    return [variable.numpy() for owner in owners for variable in owner.variables]


def _put_back(values: list[np.ndarray], model: Any, *optimisers: Any) -> None:
    for optimiser in optimisers:
        optimiser.build(model.trainable_variables)
    variables = [variable for owner in (model, *optimisers) for variable in owner.variables]
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _history(model: Any, told: tuple) -> Any:
    import keras

    history = keras.callbacks.History()
    history.set_model(model)
    history.history, history.epoch, history.params = told
    model.history = history
    return history
