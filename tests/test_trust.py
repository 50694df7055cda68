"""What lab 12 stands on: the tag, the poison, the spectral defence, and what its stored runs support."""

import numpy as np
import pytest
from scipy import stats

from labs_utils import experiments, robustness
from labs_utils.experiments import trust


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 200, (30, 32, 32, 3)).astype(np.uint8)


def test_the_tag_covers_its_sixteen_pixels_and_leaves_the_original_alone(pictures):
    before = pictures.copy()
    changed = (trust.with_tag(pictures) != pictures).any(axis=-1)
    assert changed.sum() == 30 * 16 and changed[:, 1:5, 1:5].all()
    assert np.array_equal(pictures, before)


def test_poison_touches_k_pictures_of_label_0_and_nothing_else(pictures):
    labels = np.arange(30) % 2
    images, changed, rows = trust.poisoned(pictures, labels, 7, seed=1)
    assert len(set(rows)) == 7 and (labels[rows] == 0).all() and (changed[rows] == 1).all()
    others = np.setdiff1d(np.arange(30), rows)
    assert np.array_equal(images[others], pictures[others]) and np.array_equal(changed[others], labels[others])
    assert np.array_equal(images[rows], trust.with_tag(pictures[rows]))


def test_spectral_scores_find_what_sticks_out_along_one_direction():
    rng = np.random.default_rng(2)
    features, labels = rng.normal(size=(200, 8)), np.arange(200) % 2
    features[:10:2] += 20  # five of label 0
    scores = trust.spectral_scores(features, labels)
    assert set(np.argsort(-scores)[:5]) == set(range(0, 10, 2))
    assert np.allclose(scores, trust.spectral_scores(features + 3.0, labels))  # the mean of a label does not count


def test_the_worst_pixel_is_one_pixel_and_no_better_than_the_original():
    import keras

    model = keras.Sequential([keras.Input((6, 5, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    image = np.random.default_rng(3).random((6, 5, 3)).astype("float32")
    changed = robustness.worst_pixel(model, image, 1)
    assert (changed != image).any(axis=-1).sum() == 1
    before, after = robustness.probabilities(model, np.stack([image, changed]))[:, 1]
    assert after < before
    assert np.array_equal(changed, robustness.worst_pixel(model, image, 1))


def test_the_stored_runs_support_what_lab_12_says_about_them():
    skin = experiments.stored("trust_error_by_skin")
    rates = np.array(skin["errors"]) / skin["sizes"]
    assert np.sum(rates[:, 5] > rates[:, :5].mean(axis=1)) >= 5  # of six networks
    means = np.mean(experiments.stored("faces_bias_knob")["error_rates"], axis=1)
    assert (means[-1, 1:3] > means[0, 1:3] + 0.2).all()  # label 0 with glasses, label 1 without
    rows = experiments.stored("trust_backdoor")["rows"]
    success = {k: [row["usual"][1] for row in rows if row["k"] == k] for k in trust.POISONED}
    assert np.mean(success[60]) > 0.9 > np.mean(success[30]) > np.mean(success[10]) > 0.05
    clean = {k: [row["usual"][0] for row in rows if row["k"] == k] for k in trust.POISONED}
    assert abs(np.mean(clean[60]) - np.mean(clean[0])) < 0.01
    worst = [row for row in rows if row["k"] == 60]
    assert max(row["spectral"][1] for row in worst) > 0.5 > 0.15 > max(row["blocks"][1] for row in worst)
    scores = np.array(experiments.stored("trust_seeds")["accuracies"])
    assert len(scores) == 12 and np.ptp(scores) > 0.01
    assert stats.sem(scores) < 0.003
