"""Drawn roads: the numbers of vehicles, their pixels, and what must not tell the density."""

import numpy as np

from labs_utils.datasets import make_roads
from labs_utils.datasets.roads import RANGES


def test_the_same_arguments_draw_the_same_roads_and_other_seeds_others():
    one, again, other = make_roads(40, 7), make_roads(40, 7), make_roads(40, 8)
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one.images, other.images)
    assert one.images.shape == (40, 48, 48, 3) and one.images.dtype == np.float32
    assert one.images.min() >= 0 and one.images.max() <= 1


def test_each_road_holds_as_many_vehicles_as_its_count_and_its_label_say():
    roads = make_roads(200, 1)
    assert np.array_equal(roads.vehicles.sum(axis=(1, 2)), 24 * roads.counts)  # 6 × 4 pixels each, none overlap
    low, high = np.array(RANGES)[roads.labels].T
    assert np.all((low <= roads.counts) & (roads.counts <= high))
    assert set(roads.labels) == {0, 1, 2} and set(roads.counts) == {0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14}


def test_bushes_look_like_vehicles_and_do_not_tell_the_density():
    roads = make_roads(300, 2)
    beside = np.concatenate([roads.images[:, :, :8], roads.images[:, :, 40:]], axis=2)
    assert not roads.vehicles[:, :, :8].any() and not roads.vehicles[:, :, 40:].any()
    bright = (beside.max(axis=-1) > 0.8).mean(axis=(1, 2))
    assert bright.mean() > 0.05
    assert abs(np.corrcoef(bright, roads.counts)[0, 1]) < 0.2
