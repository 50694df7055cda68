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
lab = Lab({lab!r})
{after}
for name in {exercises!r}:
    lab.exercise(points=1)(reference.find({lab!r}, name))
print("state", keras.config.backend(), keras.config.floatx(), np.get_printoptions()["precision"])
"""
CNN = ("06_cnn", ["pool", "lenet5"])
GRADIENT = ("10_cam_visualisation", ["grad_cam", "score_gradient"])
TRANSFER = ("08_transfer_mobilenet", ["train_from"])


def python(code, environment=None, options=()):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KERAS_", "TF_", "PYTHONOPT"))}
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        env=clean | {"LABS_OFFLINE": "1"} | (environment or {}),
        cwd=course.ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def verdicts(lab, exercises, before="", after="", **how):
    done = python(RUN.format(lab=lab, exercises=exercises, before=before, after=after), **how)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("✔") == len(exercises) and "✘" not in done.stdout, done.stdout
    return done.stdout


def keras_home(tmp_path, **settings):
    (tmp_path / "keras.json").write_text(json.dumps(settings), "utf-8")
    return {"KERAS_HOME": str(tmp_path)}


@pytest.mark.parametrize("backend", ["torch", "jax", "theano"])
def test_another_backend_in_the_environment_is_put_aside_and_told_once(backend):
    said = verdicts(*GRADIENT, environment={"KERAS_BACKEND": backend}, after="lab = Lab(lab.name)")
    assert "state tensorflow" in said
    assert said.count(f"note: KERAS_BACKEND={backend} is set on this machine; the labs use TensorFlow") == 1


@pytest.mark.parametrize("labs", [CNN, GRADIENT], ids=lambda labs: labs[0])
def test_everything_in_keras_json_is_put_aside_and_told(tmp_path, labs):
    home = keras_home(tmp_path, backend="theano", image_data_format="channels_first", floatx="float64", epsilon=0.1)
    said = verdicts(*labs, environment=home)
    assert "state tensorflow float32" in said
    for line in ("backend = theano; the labs use tensorflow", "image_data_format = channels_first; the labs use"):
        assert said.count(f"keras.json says {line}") == 1


def test_limits_on_training_and_the_old_keras_are_put_aside():
    environment = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1", "TF_USE_LEGACY_KERAS": "1"}
    after = "import tensorflow as tf; assert tf.keras.Sequential is keras.Sequential; print(keras.config.max_epochs())"
    said = verdicts(*CNN, environment=environment, after=after)
    assert "None\n" in said and "TF_USE_LEGACY_KERAS=1 is set on this machine; the labs run without it" in said


@pytest.mark.parametrize("labs", [CNN, TRANSFER], ids=lambda labs: labs[0])
def test_what_a_notebook_sets_afterwards_does_not_reach_the_check(labs):
    lab, exercises = labs
    settings = (
        ("keras.config.set_image_data_format", "channels_first", "channels_last"),
        ("keras.config.set_floatx", "float64", "float32"),
        ("keras.mixed_precision.set_global_policy", "mixed_float16", "float32"),
    )
    after = [f"answers = [reference.find({lab!r}, name) for name in {exercises!r}]"]
    for function, strange, usual in settings:
        after += [f"{function}({strange!r})", "for answer in answers: lab.exercise(points=1)(answer)"]
        after += [f"{function}({usual!r})"]
    done = python(RUN.format(lab=lab, exercises=[], before="", after="\n".join(after)))
    assert done.stdout.count("✔") == len(settings) * len(exercises) and "✘" not in done.stdout, (
        done.stdout + done.stderr
    )


def test_the_notebook_gets_its_own_settings_back_after_a_check():
    after = "keras.config.set_floatx('float64'); np.set_printoptions(precision=2); np.seterr(all='raise')"
    said = verdicts("01_perceptron", ["sigmoid"], after=after)
    assert "state tensorflow float64 2" in said


def test_keras_on_another_backend_before_the_course_is_one_sentence():
    before = "import types; keras = types.ModuleType('keras'); keras.config = types.SimpleNamespace("
    before += "backend=lambda: 'torch'); sys.modules['keras'] = keras\nfrom labs_utils import machine; machine.settle()"
    done = python(RUN.format(lab=CNN[0], exercises=[], before=before, after=""))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "Keras already runs on torch here, and the labs need TensorFlow: restart the kernel" in last


def test_a_setting_that_tensorflow_has_read_already_is_one_sentence():
    done = python(
        RUN.format(lab=CNN[0], exercises=[], before="import tensorflow", after=""),
        environment={"TF_USE_LEGACY_KERAS": "1"},
    )
    assert done.returncode == 1
    assert "TF_USE_LEGACY_KERAS=1 was set when TensorFlow was imported" in done.stderr.strip().splitlines()[-1]


def test_an_optimised_python_gives_the_same_verdicts_and_says_what_it_passes_over():
    level = "2"  # all that 1 leaves out, and docstrings
    code = RUN.format(lab="01_perceptron", exercises=["sigmoid"], before="", after="")
    code += "\nprint('then a wrong one')\n@lab.exercise(points=1)\ndef sigmoid(z): return 1 / (1 + np.exp(z))"
    done = python(code, environment={"PYTHONOPTIMIZE": level})
    assert done.returncode == 0, done.stderr
    right, wrong = done.stdout.split("then a wrong one")
    assert right.count("lines with `assert` are passed over") == 1 and "✔ sigmoid" in right and "✘" not in right, right
    assert "✘ sigmoid" in wrong and "the minus sign before z is missing" in wrong, wrong


def test_an_ordinary_machine_is_told_nothing():
    assert "note" not in verdicts("01_perceptron", ["sigmoid"])


def test_a_matplotlib_that_wants_latex_draws_the_labs_without_it(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\nimage.cmap: jet\n", "utf-8")
    code = (
        "import matplotlib as m; m.use('agg'); from labs_utils import plots; plots.use_style()\n"
        "print(m.rcParams['text.usetex'], m.rcParams['font.size'] < 20, m.rcParams['image.cmap'] != 'jet')"
    )
    done = python(code, environment={"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")})
    assert done.stdout.split() == ["False", "True", "True"], done.stderr
