"""Settings of the machine that would decide verdicts, and the course's own in their place.

An environment variable or a line in ``keras.json``, made years ago for another project, changes what a right answer
returns. What can be set is set: the variables when `labs_utils` is imported, before Keras reads them; Keras' own
settings when a `Lab` begins, and again around each check, whatever a notebook has set in between. It is told once.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from labs_utils.errors import LabsError

BACKEND = "tensorflow"
ONE_THREAD = dict.fromkeys(
    (
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
    ),
    "1",
)
"""Environment of processes of which each has a core: threads of their own would only wait for one another's."""
_KERAS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
_UNSET = ("TF_USE_LEGACY_KERAS", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED")

_overridden: list[str] = []  # settings of the environment, "NAME=value", that `take_over` has put aside
_late: list[str] = []  # those among them that Keras or TensorFlow had read before
_told: set[str] = set()


def take_over() -> None:
    """Sets the environment that Keras and TensorFlow read when they are imported."""
    found = [(name, os.environ.pop(name)) for name in _UNSET if name in os.environ]
    if os.environ.get("KERAS_BACKEND", BACKEND) not in (BACKEND, ""):
        found.append(("KERAS_BACKEND", os.environ["KERAS_BACKEND"]))
    os.environ["KERAS_BACKEND"] = BACKEND  # also where keras.json names another
    for name, value in found:
        _overridden.append(f"{name}={value}")
        if "keras" in sys.modules or "tensorflow" in sys.modules:
            _late.append(_overridden[-1])
    # TensorFlow writes a dozen lines about its build when it starts, and an error where there is no GPU; what really
    # fails reaches Python as an exception. oneDNN, which the lines tell about, stays on.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Without this the first notebook takes the whole memory of a GPU and the second one fails.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")


def remarks() -> list[str]:
    """What this machine sets and the course has set otherwise, or cannot: one sentence for each."""
    found = [f"{name} is set on this machine; the labs run without it" for name in _overridden if "BACKEND" not in name]
    found += [f"{name} is set on this machine; the labs use TensorFlow" for name in _overridden if "BACKEND" in name]
    found += [f"{keras_file()} says {what}; the labs use {course}" for what, course in _of_keras_file()]
    if sys.flags.optimize:
        found.append(
            f"Python runs with PYTHONOPTIMIZE={sys.flags.optimize} (or -O), so lines with `assert` are passed over and "
            "prove nothing; verdicts do not depend on it, but unset it and restart Jupyter to see them at work"
        )
    return found


def settle() -> None:
    """Gives Keras the course's settings for the rest of this process, and says once what was different.

    Raises:
        LabsError: Keras was imported with another back end, or TensorFlow with the old Keras, before `labs_utils`.
    """
    again = "restart the kernel and run the notebook from its first cell"
    keras = sys.modules.get("keras")
    if keras is not None and keras.config.backend() != BACKEND:
        raise LabsError(f"Keras already runs on {keras.config.backend()} here, and the labs need TensorFlow: {again}")
    if _late:
        raise LabsError(f"{_late[0]} was set when TensorFlow was imported, and the labs run without it: {again}")
    for sentence in remarks():
        if sentence not in _told:
            _told.add(sentence)
            print(f"note: {sentence}")
    if keras is not None:
        if (policy := keras.config.dtype_policy().name) not in ("float32", keras.config.floatx()):
            print(f"note: the precision of Keras was {policy}; the labs use float32")
        _set_keras(keras, **_KERAS, policy="float32")


@contextlib.contextmanager
def course_settings() -> Iterator[None]:
    """Has a check run under the course's settings of Keras, TensorFlow and NumPy; brings the notebook's own back."""
    with contextlib.ExitStack() as stack:
        keras, tensorflow, numpy = map(sys.modules.get, ("keras", "tensorflow", "numpy"))
        if keras is not None:
            before = {name: getattr(keras.config, name)() for name in _KERAS}
            stack.callback(_set_keras, keras, **before, policy=keras.config.dtype_policy())
            _set_keras(keras, **_KERAS, policy="float32")
        if tensorflow is not None:
            # Newer GPUs by default multiply float32 with ten bits, which is coarser than the checks allow.
            precision = tensorflow.config.experimental
            stack.callback(precision.enable_tensor_float_32_execution, precision.tensor_float_32_execution_enabled())
            precision.enable_tensor_float_32_execution(False)
        if numpy is not None:
            stack.enter_context(numpy.errstate(divide="warn", over="warn", under="ignore", invalid="warn"))
            stack.enter_context(
                numpy.printoptions(
                    precision=8,
                    threshold=1000,
                    edgeitems=3,
                    linewidth=75,
                    suppress=False,
                    nanstr="nan",
                    infstr="inf",
                    sign="-",
                    formatter=None,
                    floatmode="maxprec",
                    legacy=False,
                )
            )
        yield


def keras_file() -> Path:
    """The file of settings that Keras reads: ``keras.json`` in ``KERAS_HOME`` or in the home folder."""
    home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
    return Path(os.path.expanduser(home)) / "keras.json"


def keras_file_fault() -> str | None:
    """Why Keras cannot be imported with this machine's ``keras.json``, and what to do; None if it can."""
    remedy = f"rename {keras_file()} or delete it; Keras writes a new one"
    try:
        settings = json.loads(keras_file().read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return None  # Keras passes over what is not JSON
    except OSError as error:
        return f"Keras cannot read its settings ({error.strerror}): {remedy}"
    if not isinstance(settings, dict):
        return f"Keras cannot be imported with such settings (no names and values): {remedy}"
    allowed = {
        "floatx": lambda value: value in ("float16", "float32", "float64"),
        "epsilon": lambda value: isinstance(value, float),
        "image_data_format": lambda value: value in ("channels_last", "channels_first"),
    }
    for name, fits in allowed.items():
        if name in settings and not fits(settings[name]):
            return f"Keras cannot be imported with {name} = {settings[name]!r} in its settings: {remedy}"
    return None


def _of_keras_file() -> list[tuple[str, str]]:
    """What ``keras.json`` says that the course sets otherwise: pairs of its words and the course's."""
    try:
        settings = json.loads(keras_file().read_text("utf-8"))
    except (OSError, ValueError):
        return []
    if not isinstance(settings, dict):
        return []
    wanted = _KERAS | {"backend": BACKEND}
    return [
        (f"{name} = {settings[name]}", str(value))
        for name, value in wanted.items()
        if settings.get(name, value) != value
    ]


def _set_keras(keras, floatx: str, epsilon: float, image_data_format: str, policy) -> None:
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_image_data_format(image_data_format)
    keras.config.set_dtype_policy(policy)
