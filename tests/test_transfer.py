"""Lab 08: what the architecture is that its text counts on, and that the stored runs support its sentences."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labs_utils.experiments import stored, transfer
from labs_utils.plots.transfer import training_and_confusion

OWN = ["raw pixels", "random", "ImageNet"]


def test_mobilenet_without_its_top_has_the_layers_that_the_lab_counts():
    import keras

    base = keras.applications.MobileNet(alpha=0.25, include_top=False, weights=None, input_shape=(96, 96, 3))
    assert len(base.layers) == 86
    assert base.layers[transfer.UNFROZEN].name.startswith("conv_pad_12")
    assert not base.layers[-1].weights


def test_a_model_set_trainable_that_is_so_already_does_not_free_its_layers():
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.layers[0].trainable = False
    model.trainable = True
    assert not model.layers[0].trainable


def test_a_probe_tells_separable_classes_at_any_scale():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = np.eye(3)[y] + 0.1 * rng.normal(size=(60, 3))
    for scale in (1e-17, 1, 1e6):
        assert transfer.probe((scale * x[:30], y[:30]), (scale * x[30:], y[30:])) == 1


def test_a_draw_has_the_count_asked_for_of_each_class_and_no_picture_twice():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], 20))
    rows = transfer.draw(labels, 7, seed=1)
    assert len(set(rows)) == 21 and np.bincount(labels[rows]).tolist() == [7] * 3
    assert not np.array_equal(rows, transfer.draw(labels, 7, seed=2))


@pytest.mark.parametrize("first", [0, 2])
def test_a_network_starts_each_draw_anew_and_trains_what_it_should(first):
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, padding="same")(inputs))
    network = transfer.Network(keras.Model(inputs, keras.layers.Conv2D(4, 1)(x)), 2, first, 0.01)
    rng = np.random.default_rng(0)
    data = rng.uniform(0, 255, (8, 4, 4, 3)), np.arange(8) % 2
    scores = [network.accuracy(data, data, epochs=3) for _ in range(2)]
    moved = [not np.array_equal(a, b) for a, b in zip(network.start, network.model.get_weights(), strict=True)]
    assert moved == ([True] * 12 if first == 0 else [False] * 6 + [True] * 6)
    assert scores[0] == scores[1]


def test_the_stored_curves_support_what_lab_08_says_about_them():
    study = stored("transfer_curves")
    textures, photographs = (
        {name: np.array(runs) for name, runs in study["accuracy"][task].items()}
        for task in ("textures", "chihuahua or muffin")
    )
    for task in (textures, photographs):
        assert {len(task[name]) for name in OWN} == {10}
        assert {len(task[name]) for name in ("ImageNet, fine-tuned", "from scratch")} == {5}
    assert study["counts"][0] == study["trained_counts"][0] == 5
    assert (textures["ImageNet"].mean(axis=0) > 0.98).all()
    assert (textures["ImageNet, fine-tuned"].mean(axis=0) > 0.98).all()
    assert textures["from scratch"][:, -1].mean() < textures["ImageNet"][:, 0].mean()
    assert textures["raw pixels"].mean() < textures["random"].mean() < textures["ImageNet"].mean()
    assert np.ptp(textures["random"][:, 0]) > 0.3
    assert photographs["ImageNet"][:, -1].mean() > 0.95


def test_the_stored_quadrants_support_what_lab_08_says_about_them():
    accuracy = stored("transfer_quadrants")["accuracy"]
    assert np.mean(accuracy["textures"]["5 a class"]) < 0.95 < 0.99 < np.mean(accuracy["textures"]["100 a class"])
    assert np.mean(accuracy["digits"]["100 a class"]) > 0.93


def test_the_figure_of_a_training_has_both_losses_and_counts_each_answer():
    history, truth, answers = (
        {"loss": [2, 1, 0.5], "val_loss": [3, 2, 1.5]},
        np.array([0, 1, 1, 2]),
        np.array([0, 1, 2, 2]),
    )
    figure = training_and_confusion(history, truth, answers)
    left, right = figure.axes
    plt.close(figure)
    assert {line.get_label(): list(line.get_ydata()) for line in left.lines} == {
        "training": [2, 1, 0.5],
        "validation": [3, 2, 1.5],
    }
    assert np.array_equal(right.images[0].get_array(), [[1, 0, 0], [0, 1, 1], [0, 0, 1]])
