"""Measures and pictures of maps: curves that follow the pixels, energy, windows, baselines, panels."""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from labs_utils import map_scores, plots
from labs_utils.experiments import cam, stored
from labs_utils.plots import maps


@pytest.fixture
def scene():
    """Three black images whose class is decided by how much of a white 4 × 4 patch shows, and maps of that patch."""
    images, maps = np.zeros((3, 12, 12, 1)), np.zeros((3, 12, 12))
    for n, (i, j) in enumerate(((0, 0), (3, 5), (8, 8))):
        images[n, i : i + 4, j : j + 4] = 1
        maps[n, i : i + 4, j : j + 4] = 5 - n
    return images, maps


def share_of_white(images):
    p = images.reshape(len(images), -1).sum(axis=1) / 16
    return np.column_stack([1 - p, p])


def test_a_perfect_map_deletes_and_inserts_the_object_at_once(scene):
    images, maps = scene
    curves = map_scores.deletion_insertion(share_of_white, images, [1, 1, 1], maps, steps=9, filling=0.0)
    assert np.allclose(curves.share, np.arange(10) / 9)
    assert np.allclose(curves.deletion, [1.0] + [0.0] * 9)
    assert np.allclose(curves.insertion, [0.0] + [1.0] * 9)
    assert np.allclose(curves.areas, (1 / 18, 17 / 18))


def test_the_opposite_map_keeps_the_object_to_the_end(scene):
    images, maps = scene
    curves = map_scores.deletion_insertion(share_of_white, images, [1, 1, 1], -maps, steps=9, filling=0.0)
    assert np.allclose(curves.deletion, [1.0] * 9 + [0.0])
    assert np.allclose(curves.insertion, [0.0] * 9 + [1.0])


def test_equal_values_are_taken_in_random_order_not_row_by_row(scene):
    images, maps = scene
    curves = map_scores.deletion_insertion(share_of_white, images, [1, 1, 1], 0 * maps, steps=4, filling=0.0)
    assert np.abs(curves.deletion - np.linspace(1, 0, 5)).max() < 0.4
    assert not np.allclose(curves.deletion[0], [1, 0, 0, 0, 0])
    again = map_scores.deletion_insertion(share_of_white, images, [1, 1, 1], 0 * maps, steps=4, filling=0.0)
    assert np.array_equal(curves.deletion, again.deletion)


def test_batches_and_the_class_asked_for(scene):
    images, maps = scene
    seen = []

    def predict(batch):
        seen.append(len(batch))
        return share_of_white(batch)

    curves = map_scores.deletion_insertion(predict, images, [0, 1, 0], maps, steps=4, filling=0.0, batch_size=7)
    assert max(seen) == 7 and sum(seen) == 30
    assert np.allclose(curves.deletion[:, -1], [1, 0, 1])


def test_by_default_missing_pixels_show_the_mean_colour(scene):
    images, maps = scene
    asked = []
    map_scores.deletion_insertion(lambda x: asked.append(x) or share_of_white(x), images, [1, 1, 1], maps, steps=1)
    everything_deleted = np.concatenate(asked)[3:6]
    assert np.allclose(everything_deleted, 16 / 144)


def test_shapes_that_do_not_belong_together_are_refused(scene):
    images, maps = scene
    with pytest.raises(ValueError, match="maps"):
        map_scores.deletion_insertion(share_of_white, images, [1, 1, 1], maps[:, :6])
    with pytest.raises(ValueError, match="classes"):
        map_scores.deletion_insertion(share_of_white, images, [1, 1], maps)


def test_energy_counts_positive_values_inside_the_box():
    maps = np.zeros((3, 6, 6))
    maps[0, 1:3, 1:3] = 1
    maps[1, :, 2] = 2
    maps[1, 0, 0] = -50
    maps[2] = -1
    boxes = [[1, 1, 3, 2], [0, 2, 3, 5], [0, 0, 6, 6]]
    assert map_scores.energy_in_box(maps, boxes) == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_windows_spread_their_values_over_their_pixels():
    values = np.array([[1.0, 3.0], [5.0, 7.0]])
    spread = map_scores.mean_over_windows(values, size=4, stride=2, height=6, width=8)
    assert spread[0, 0] == 1 and spread[5, 5] == 7
    assert spread[0, 3] == 2 and spread[3, 3] == 4
    assert (spread[:, 6:] == 0).all()


def test_the_centre_map_points_at_the_centre():
    maps = map_scores.centre_maps(2, 9, 13)
    assert maps.shape == (2, 9, 13)
    assert np.unravel_index(maps[0].argmax(), (9, 13)) == (4, 6)
    assert maps.max() == 1 and maps[0, 0, 0] == 0


def test_likeness_is_a_rank_correlation_that_passes_over_constant_maps():
    a = np.random.default_rng(0).normal(size=(3, 5, 5))
    assert map_scores.likeness(a, np.exp(a)) == pytest.approx(1)
    assert map_scores.likeness(a, -a) == pytest.approx(-1)
    assert map_scores.likeness(a, np.stack([a[0], 0 * a[1], a[2] * 2])) == pytest.approx(1)
    assert np.isnan(map_scores.likeness(a, 0 * a))


def drawn(*panels, **limits):
    figure = maps.grid(panels, columns=3, **limits)
    axes = figure.axes
    plt.close(figure)
    return axes


def test_a_panel_shows_the_image_the_map_over_its_grey_version_or_the_map_alone():
    image = np.random.default_rng(0).random((8, 6, 3))
    alone, covered, map_only = (
        ax.images[0].get_array() for ax in drawn((image,), (image, image[..., 0]), (image[..., 0],))
    )
    assert np.abs(alone - image).max() <= 1 / 32  # colours are rounded to sixteenths, so that notebooks stay small
    viridis = plt.get_cmap("viridis")
    own = (image[..., 0] - image[..., 0].min()) / np.ptp(image[..., 0])
    assert np.abs(map_only - viridis(own)[..., :3]).max() < 0.1
    grey = image.mean(axis=-1, keepdims=True)
    assert np.abs(covered - 0.35 * grey - 0.65 * viridis(own)[..., :3]).max() < 0.1


def test_limits_hold_for_all_maps_and_a_constant_map_has_one_colour():
    half, full = (
        ax.images[0].get_array() for ax in drawn((np.full((4, 4), 0.5),), (np.full((4, 4), 1.0),), vmin=0, vmax=1)
    )
    viridis = plt.get_cmap("viridis")
    assert np.abs(half - viridis(0.5)[:3]).max() < 0.05 and np.abs(full - viridis(1.0)[:3]).max() < 0.05
    (constant,) = drawn((np.full((4, 4), 7.0),))
    assert len(np.unique(constant.images[0].get_array().reshape(-1, 3), axis=0)) == 1


def test_maps_of_both_signs_are_dark_at_zero_and_blue_and_orange_beside_it():
    below, zero, above = (
        np.asarray(ax.images[0].get_array())[0, 0]
        for ax in drawn(*[(np.full((4, 4), value),) for value in (-3.0, 0.0, 3.0)], signed=6)
    )
    assert zero.max() < 0.1
    assert below[2] > below[0] + 0.3 and above[0] > above[2] + 0.3  # blue, orange
    for side in (-1, 1):  # the further from 0, the lighter
        light = maps.SIGNED(0.5 + side * np.linspace(0, 0.5, 9))[:, :3] @ [0.3, 0.6, 0.1]
        assert (np.diff(light) > 0).all()


def test_a_bar_tells_what_the_colours_mean():
    bar = drawn((np.eye(4),), signed=30, bar="score per place")[-1]
    assert bar.get_xlabel() == "score per place"
    assert list(bar.get_xticks()) == [-30, 0, 30]
    bar = drawn((np.eye(4),), bar="each map by itself")[-1]
    assert [tick.get_text() for tick in bar.get_xticklabels()] == ["smallest", "largest"]
    assert bar.get_position().y0 > 0 and bar.get_position().x1 < 1
    assert not plots.faults(bar.figure, "A map and below it a bar that tells what its colours mean.")
    assert len(drawn((np.eye(4),))) == 1


def test_panels_have_frames_titles_and_whole_pixels():
    image = np.zeros((8, 6, 3))
    figure = maps.grid([(image, None, (1, 2, 4, 5), "a box"), (image,), (np.zeros((4, 4)),)], columns=2, size=60)
    first, _, third = figure.axes
    (box,) = first.patches
    assert box.get_bbox().bounds == (1.5, 0.5, 3, 3) and first.get_title() == "a box"
    assert not any(ax.axison for ax in figure.axes)
    extents = [ax.get_window_extent() for ax in (first, third)]
    assert np.allclose([(e.width, e.height) for e in extents], [(60, 80), (60, 60)])
    plt.close(figure)


def test_the_stored_runs_support_what_lab_10_says_about_them():
    study = stored("cam_methods")
    assert min(study["accuracy"]) > 0.95 and len(study["accuracy"]) == cam.SEEDS
    one, two, energy = (
        {name: np.array(runs)[:, k] for name, runs in study["runs"].items()} for k in range(len(study["measures"]))
    )
    for name in ("CAM", "Grad-CAM", "occlusion"):
        assert one[name].min() > 0.85 and two[name].min() > 0.85, name
        assert two[name].min() > max(two["saliency"].max(), two["SmoothGrad"].max()) + 0.1
    assert one["saliency"].min() > 0.85 and two["saliency"].max() < 0.8
    assert energy["CAM"].mean() > 0.4
    hans = {name: np.array(runs) for name, runs in stored("cam_clever_hans")["runs"].items()}
    accuracy, tagged, untagged, others, near = hans["tags on squares"].T
    assert accuracy.mean() > 0.95 and tagged.min() > 0.95 and untagged.max() < 0.2
    assert others.mean() > 0.4 and near.mean() > 0.5
    accuracy, _, untagged, others, near = hans["repaired"].T
    assert accuracy.mean() > 0.95 and untagged.min() > 0.8 and others.max() < 0.1 and near.mean() < 0.25


def test_the_measures_of_the_study_agree_with_those_of_the_package():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(20, 10, 14))
    boxes = np.column_stack([rng.integers(0, 5, (20, 2)), rng.integers(5, 10, (20, 2))])
    inside = [m[t:b, s:r].max() == m.max() for m, (t, s, b, r) in zip(maps, boxes, strict=True)]
    assert cam.pointing(maps, boxes) == np.mean(inside)


def test_the_training_loop_of_lab_10_reads_off_every_example_and_moves_one_network_only():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(70, 4)).astype("float32")  # two whole batches and six examples
    labels = (inputs[:, 0] > 0).astype(int)
    trained, other = (
        keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)])
        for _ in range(2)
    )
    before = other.get_weights()
    cam.train(trained, inputs, labels, epochs=30, peak=0.1)
    assert np.mean(np.argmax(trained(inputs), axis=1) == labels) > 0.95
    assert not np.allclose(trained.layers[0].moving_variance, 1), "the running averages stood still"
    assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))
