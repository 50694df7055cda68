"""Settings of a student's machine never decide a verdict: each machine is set up so, and right answers still pass."""

import json
import os
import subprocess
import sys

import pytest

from labs_utils import course

RUN = """
import os, sys
{before}
from labs_utils import Lab
from labs_utils.exercises import reference
import keras, numpy as np
lab = Lab({labs[0][0]!r})
{after}
for of_lab, exercises in {labs!r}:
    if lab.name != of_lab:
        lab = Lab(of_lab)
    for name in exercises:
        lab.exercise(points=1)(reference.find(of_lab, name))
print("state", keras.config.backend(), keras.config.floatx(), np.get_printoptions()["precision"])
"""
# Python would take TensorFlow apart for more than a second.
QUICK_END = "\nimport os, sys; sys.stdout.flush(); os._exit(0)"
CNN = ("06_cnn", ["pool", "lenet5"])
GRADIENT = ("10_cam_visualisation", ["grad_cam", "score_gradient"])
SIGMOID = ("01_perceptron", ["sigmoid"])
TRANSFER = ("08_transfer_mobilenet", ["train_from"])


def python(code, environment=None):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KERAS_", "TF_", "PYTHONOPT"))}
    return subprocess.run(
        [sys.executable, "-c", code + QUICK_END],
        env=clean | {"LABS_OFFLINE": "1"} | (environment or {}),
        cwd=course.ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def verdicts(*labs, before="", after="", **how):
    """What is printed in a new process while the references for the exercises of the labs earn their points."""
    done = python(RUN.format(labs=labs, before=before, after=after), **how)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("✔") == sum(len(exercises) for _, exercises in labs) and "✘" not in done.stdout, (
        done.stdout
    )
    return done.stdout


def keras_home(tmp_path, **settings):
    (tmp_path / "keras.json").write_text(json.dumps(settings), "utf-8")
    return {"KERAS_HOME": str(tmp_path)}


@pytest.fixture(scope="module")
def strange_environment():
    """What two labs say where the environment is another project's."""
    environment = {"KERAS_BACKEND": "jax", "KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1"}
    after = "import tensorflow as tf; assert tf.keras.Sequential is keras.Sequential\n"
    after += f"print('epochs', keras.config.max_epochs()); lab = Lab({GRADIENT[0]!r})"
    return verdicts(CNN, GRADIENT, environment=environment | {"TF_USE_LEGACY_KERAS": "1"}, after=after)


def test_another_backend_in_the_environment_is_put_aside_and_told_once(strange_environment):
    assert "state tensorflow" in strange_environment
    told = "note: KERAS_BACKEND=jax is set on this machine; the labs use TensorFlow"
    assert strange_environment.count(told) == 1


@pytest.mark.parametrize("backend", ["torch", "theano"])
def test_whatever_backend_it_is_keras_will_read_tensorflow(backend):
    code = "import os, sys\nfrom labs_utils import machine\nmachine.settle(); machine.settle()\n"
    code += "print('state', os.environ['KERAS_BACKEND'], 'keras' in sys.modules)"
    said = python(code, environment={"KERAS_BACKEND": backend}).stdout
    assert "state tensorflow False" in said
    assert said.count(f"note: KERAS_BACKEND={backend} is set on this machine; the labs use TensorFlow") == 1


def test_limits_on_training_and_the_old_keras_are_put_aside(strange_environment):
    assert "epochs None\n" in strange_environment
    assert "TF_USE_LEGACY_KERAS=1 is set on this machine; the labs run without it" in strange_environment


def test_everything_in_keras_json_is_put_aside_and_told(tmp_path):
    home = keras_home(tmp_path, backend="theano", image_data_format="channels_first", floatx="float64", epsilon=0.1)
    said = verdicts(CNN, GRADIENT, environment=home)
    assert "state tensorflow float32" in said
    for line in ("backend = theano; the labs use tensorflow", "image_data_format = channels_first; the labs use"):
        assert said.count(f"keras.json says {line}") == 1


def test_what_a_notebook_sets_afterwards_does_not_reach_the_check():
    settings = (
        ("keras.config.set_image_data_format", "channels_first", "channels_last"),
        ("keras.config.set_floatx", "float64", "float32"),
        ("keras.mixed_precision.set_global_policy", "mixed_float16", "float32"),
    )
    after = []
    for lab, exercises in (CNN, TRANSFER):
        after += [f"lab = Lab({lab!r}); answers = [reference.find({lab!r}, name) for name in {exercises!r}]"]
        for function, strange, usual in settings:
            after += [f"{function}({strange!r})", "for answer in answers: lab.exercise(points=1)(answer)"]
            after += [f"{function}({usual!r})"]
    done = python(RUN.format(labs=[(CNN[0], [])], before="", after="\n".join(after)))
    right = len(settings) * len(CNN[1] + TRANSFER[1])
    assert done.stdout.count("✔") == right and "✘" not in done.stdout, done.stdout + done.stderr


@pytest.fixture(scope="module")
def ordinary_machine():
    """What a lab says where nothing is set; and then, after "then", where the notebook sets something itself."""
    after = "lab.exercise(points=1)(reference.find('01_perceptron', 'sigmoid')); print('then')\n"
    after += "keras.config.set_floatx('float64'); np.set_printoptions(precision=2); np.seterr(all='raise')"
    done = python(RUN.format(labs=[SIGMOID], before="", after=after))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("✔") == 2 and "✘" not in done.stdout, done.stdout
    return done.stdout.split("then\n")


def test_an_ordinary_machine_is_told_nothing(ordinary_machine):
    assert "✔" in ordinary_machine[0] and "note" not in ordinary_machine[0]


def test_the_notebook_gets_its_own_settings_back_after_a_check(ordinary_machine):
    assert "state tensorflow float64 2" in ordinary_machine[1]


#: A module of this name is imported already, and the course meets it.
MET = "import types; {module} = sys.modules['{module}'] = types.ModuleType('{module}')\n{more}\n"
MET += "from labs_utils import machine; machine.settle()"


def test_keras_on_another_backend_before_the_course_is_one_sentence():
    more = "keras.config = types.SimpleNamespace(backend=lambda: 'torch')"
    done = python(RUN.format(labs=[CNN], before=MET.format(module="keras", more=more), after=""))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "Keras already runs on torch here, and the labs need TensorFlow: restart the kernel" in last


def test_a_setting_that_tensorflow_has_read_already_is_one_sentence():
    before = MET.format(module="tensorflow", more="")
    done = python(RUN.format(labs=[CNN], before=before, after=""), environment={"TF_USE_LEGACY_KERAS": "1"})
    assert done.returncode == 1
    assert "TF_USE_LEGACY_KERAS=1 was set when TensorFlow was imported" in done.stderr.strip().splitlines()[-1]


def test_an_optimised_python_gives_the_same_verdicts_and_says_what_it_passes_over():
    level = "2"  # all that 1 leaves out, and docstrings
    code = RUN.format(labs=[SIGMOID], before="", after="")
    code += "\nprint('then a wrong one')\n@lab.exercise(points=1)\ndef sigmoid(z): return 1 / (1 + np.exp(z))"
    done = python(code, environment={"PYTHONOPTIMIZE": level})
    assert done.returncode == 0, done.stderr
    right, wrong = done.stdout.split("then a wrong one")
    assert right.count("lines with `assert` are passed over") == 1 and "✔ sigmoid" in right and "✘" not in right, right
    assert "✘ sigmoid" in wrong and "the minus sign before z is missing" in wrong, wrong


def test_a_matplotlib_that_wants_latex_draws_the_labs_without_it(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\nimage.cmap: jet\n", "utf-8")
    code = (
        "import matplotlib as m; m.use('agg'); from labs_utils import plots; plots.use_style()\n"
        "print(m.rcParams['text.usetex'], m.rcParams['font.size'] < 20, m.rcParams['image.cmap'] != 'jet')"
    )
    done = python(code, environment={"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")})
    assert done.stdout.split() == ["False", "True", "True"], done.stderr
