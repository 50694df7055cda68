"""The stored long runs: found by name, and what trains thirty networks at once is what Keras does with one."""

import json
import re

import numpy as np
import pytest

from labs_utils import course, experiments
from labs_utils.errors import LabsError


def test_every_stored_result_has_an_experiment_that_makes_it():
    known = experiments.all_experiments()
    # what a script of tests/benchmarks measures is named after it
    stored = {path.stem for path in course.DATA.glob("*.json") if not path.stem.endswith("_benchmark")}
    assert {"digits_1000_epochs", "mnist_learning_curves"} <= stored <= set(known)
    for name in stored:
        assert experiments.stored(name)["seconds"] > 0


def test_a_missing_or_damaged_result_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "DATA", tmp_path)
    with pytest.raises(LabsError, match="python -m labs_utils.experiments digits_1000_epochs"):
        experiments.stored("digits_1000_epochs")
    (tmp_path / "digits_1000_epochs.json").write_text("{", "utf-8")
    with pytest.raises(LabsError, match="is damaged"):
        experiments.stored("digits_1000_epochs")


def test_the_stored_runs_support_what_lab_04_says_about_them():
    long_run = experiments.stored("digits_1000_epochs")
    assert long_run["seeds"] == 10 and long_run["epochs"][-1] == 1000
    finals = {scaling: np.array(c["val_accuracy"])[:, -1] for scaling, c in long_run["curves"].items()}
    for scaling, final in finals.items():
        assert 0.962 <= final.mean() <= 0.9635 and 0.006 < final.std() < 0.009, scaling
        assert final.min() < 0.9667 < final.max()
    curves = experiments.stored("mnist_learning_curves")
    accuracy = {name: np.mean(runs, axis=1) for name, runs in curves["accuracy"].items()}
    assert accuracy["HOG"][0] - accuracy["raw pixels"][0] > 0.08
    assert abs(accuracy["HOG"][-1] - accuracy["raw pixels"][-1]) < 0.002
    seeds = np.array(experiments.stored("mnist_mlp_seeds")["accuracy"])
    assert len(seeds) == 10 and seeds.min() >= 0.982 and seeds.std() < 0.001
    printed = re.search(r"54000 training images, test accuracy (0\.\d+)", _printed("04_mnist_mlp"))
    assert printed is None or seeds.min() <= float(printed[1]) <= seeds.max()  # None: built with the stand-in


def _printed(lab: str) -> str:
    """What the cells of a stored solution notebook have printed."""
    cells = json.loads((course.SOLUTIONS / f"{lab}.ipynb").read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs)


def test_test_lines_lie_as_far_from_the_centre_as_their_key_says():
    from labs_utils.experiments import cnn

    lines, kinds, test = cnn.line_problem()
    assert lines.shape == (2000, 28, 28, 1) and list(test) == list(range(14)) and set(kinds) == {0, 1, 2, 3}
    rows, columns = np.mgrid[:28, :28] - 14
    for distance, (images, there) in test.items():
        ink = np.clip(images[..., 0] - 0.6, 0, None)  # well above the noise
        centres = np.array([[(ink * axis).sum((1, 2)) / ink.sum((1, 2))] for axis in (rows, columns)]).reshape(2, -1)
        if distance <= 10:  # beyond it the border cuts some
            assert np.median(np.abs(np.abs(centres).max(axis=0) - distance)) < 0.5
        flat = np.abs(ink.sum(axis=2).max(axis=1) / ink.sum(axis=(1, 2)))  # all in one row?
        assert flat[there == 0].mean() > 0.8 > flat[there == 2].mean()


def test_many_networks_at_once_learn_what_each_would_learn_alone():
    import keras
    import tensorflow as tf

    from labs_utils.experiments import mnist_mlp

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 43, 64)).astype(np.float32), rng.integers(0, 10, (2, 43))
    keras.utils.set_random_seed(0)
    networks = [mnist_mlp.lecture_network() for _ in range(2)]
    many = mnist_mlp.ManyNetworks(networks)
    for _ in range(2):
        many.epoch(tf.constant(x), tf.constant(y), tf.range(43, dtype=tf.int64))
    for k, network in enumerate(networks):
        network.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
        network.fit(x[k], y[k], batch_size=10, epochs=2, shuffle=False, verbose=0)
        for layer, (kernel, bias) in enumerate(zip(many.weights, many.biases, strict=True)):
            expected = network.layers[layer].get_weights()
            np.testing.assert_allclose(kernel[k], expected[0], atol=1e-5)
            np.testing.assert_allclose(bias[k, 0], expected[1], atol=1e-5)


def test_the_command_lists_what_there_is(capsys):
    from labs_utils.experiments.__main__ import main

    assert main([]) == 0 and "digits_1000_epochs" in capsys.readouterr().out
    assert main(["no_such"]) == 1 and "no experiment 'no_such'" in capsys.readouterr().err
    json.dumps(sorted(experiments.all_experiments()))


def test_the_stored_runs_support_what_lab_07_says_about_them():
    from labs_utils.experiments import architectures

    runs = experiments.stored("architectures_depth")["runs"]
    trained = {
        name: [np.mean([run["train_accuracy"] for run in runs[f"{name} · {depth}"]]) for depth in (4, 8, 16, 32)]
        for name in architectures.REMEDIES
    }
    assert max(trained["sigmoid"]) < 0.11  # guessing, at every depth
    assert trained["ReLU, He"][1] > 0.2 > trained["ReLU, He"][3]
    assert trained["ReLU, He, normalised"] == sorted(trained["ReLU, He, normalised"], reverse=True)
    assert trained["residual"][3] > trained["residual"][0] > trained["ReLU, He, normalised"][1]
    scaling = experiments.stored("architectures_scaling")["runs"]
    means = {name: np.mean(run["accuracy"]) for name, run in scaling.items()}
    assert means["deeper"] - means["small"] < 0.01
    assert min(means[name] for name in ("wider", "larger pictures", "all three")) - means["small"] > 0.15
    works = [run["multiplications"] / scaling["small"]["multiplications"] for run in scaling.values()]
    assert works[0] == 1 and min(works[1:]) > 3.8 and max(works) < 5.1
    searches = experiments.stored("architectures_search")["searches"]
    best = {name: max(row["right"].count("1") for row in run["trials"]) / 1000 for name, run in searches.items()}
    assert best["random"] > best["grid"] > 0.93  # on the validation scenes
    slow = [row["right"].count("1") for row in searches["grid"]["trials"] if row["plan"][4] == 0.001]
    assert len(slow) == 4 and max(slow) < 600
    assert searches["grid"]["test"] > searches["random"]["test"]
