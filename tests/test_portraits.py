"""Synthetic portraits: the same for the same seed, every attribute true to the picture, no hidden correlations."""

import numpy as np
import pytest

from labs_utils.datasets import portraits
from labs_utils.datasets.portraits import draw_portraits, recipe, studio
from labs_utils.datasets.portraits.canvas import Canvas
from labs_utils.errors import LabsError


@pytest.fixture(scope="module")
def many():
    return draw_portraits(600, 3)


@pytest.fixture(scope="module")
def crowd():
    """Labels and attributes of many more, which need not be painted for that."""
    generator = np.random.default_rng(5)
    labels = generator.permutation(np.arange(20_000) % 2)
    return labels, recipe.choose_traits(labels, 0.0, generator)[1]


def test_the_arrays(many):
    assert many.images.shape == (600, 64, 64, 3) and many.images.dtype == np.uint8
    assert many.labels.dtype == np.int64 and np.sum(many.labels) == 300
    assert many.label_names == portraits.LABEL_NAMES and len(many.label_names) == 2
    assert all(values.shape == (600,) for values in many.attributes.values())
    assert {"skin_tone", "hair_colour", "hair_length", "glasses", "hat", "beard", "make_up"} <= set(many.attributes)
    assert {"pose", "light", "expression", "background"} <= set(many.attributes)


def test_the_same_seed_draws_the_same_people_and_another_seed_others():
    one, again, other = draw_portraits(40, 1), draw_portraits(40, 1), draw_portraits(40, 2)
    assert np.array_equal(one.images, again.images) and np.array_equal(one.labels, again.labels)
    assert not np.array_equal(one.images, other.images)
    for name, values in one.attributes.items():
        assert np.array_equal(values, again.attributes[name])


def test_threads_make_no_difference(monkeypatch):
    many = draw_portraits(100, 1)
    monkeypatch.setattr(studio.os, "cpu_count", lambda: 1)
    assert np.array_equal(draw_portraits(100, 1).images, many.images)


@pytest.mark.parametrize("size", [16, 33, 128])
def test_other_sizes_show_the_same_people(size):
    small, usual = draw_portraits(12, 4, size=size), draw_portraits(12, 4)
    assert small.images.shape == (12, size, size, 3)
    assert np.array_equal(small.labels, usual.labels)
    same = np.corrcoef(small.images.mean((1, 2)).ravel(), usual.images.mean((1, 2)).ravel())[0, 1]
    assert same > 0.97


@pytest.mark.parametrize("n", [1, 31, 33])
def test_any_number_can_be_drawn(n):
    drawn = draw_portraits(n, 0, size=16)
    assert len(drawn.images) == n and np.all(drawn.images.std((1, 2, 3)) > 5)


@pytest.mark.parametrize("wrong", [{"bias": 1.5}, {"bias": -0.1}, {"n": 0}, {"size": 8}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(LabsError, match=r"bias must lie between 0 and 1|at least one portrait"):
        draw_portraits(**({"n": 2, "seed": 0} | wrong))


# What is seen


def test_no_portrait_is_blank_or_like_another(many):
    assert many.images.std((1, 2)).mean(1).min() > 12
    assert many.images.mean((1, 2, 3)).min() > 20 and many.images.mean((1, 2, 3)).max() < 245
    small = many.images[:200, ::4, ::4].reshape(200, -1).astype(float)
    distances = np.sqrt(((small[:, None] - small[None]) ** 2).mean(2)) + 1e9 * np.eye(200)
    assert distances.min() > 8


def test_the_middle_of_the_picture_is_skin(many):
    """Cheeks beside the nose have the colour of the tone: lighter for a smaller group, red above blue for all."""
    cheeks = many.images[:, 34:38, 26:38].astype(float).mean((1, 2))
    plain = ~many.attributes["glasses"]
    assert np.mean(cheeks[plain, 0] > cheeks[plain, 2]) > 0.97
    brightness = [cheeks[plain & (many.attributes["skin_tone"] == group)].mean() for group in range(1, 7)]
    assert np.all(np.diff(brightness) < -5)


def rows_that_differ(trait, value, other):
    """For each row of the picture, whether 32 people look different there with another value of a trait."""
    traits, _ = recipe.choose_traits(np.arange(32) % 2, 0.0, np.random.default_rng(0))
    pictures = []
    for setting in (value, other):
        canvas = Canvas(64, traits | {trait: np.full(32, setting, np.float32)})
        studio.paint(canvas)
        pictures.append(canvas.pixels)
    return np.abs(pictures[0] - pictures[1]).max((0, 1, 3)) > 0.02


@pytest.mark.parametrize(
    ("trait", "value", "other", "top", "bottom"),
    [
        ("glasses", 1, 0, 14, 44),
        ("hat", 1, 0, 0, 34),
        ("hat", 5, 0, 0, 64),
        ("smile", 0.9, -0.2, 16, 56),
        ("full_beard", 1, 0, 22, 62),
        ("lips", 2, -2, 30, 58),
        ("brow", 2, -2, 8, 36),
        ("hair_end", 1.7, 0, 20, 64),
    ],
)
def test_a_trait_changes_the_picture_where_it_belongs(trait, value, other, top, bottom):
    differ = np.flatnonzero(rows_that_differ(trait, value, other))
    assert len(differ) > 5 and differ.min() >= top and differ.max() < bottom


def test_windows_do_not_cut_features_off(monkeypatch):
    """Painting inside windows gives what painting the whole frame gives."""
    windowed = draw_portraits(96, 6).images.astype(int)
    monkeypatch.setattr(Canvas, "part", lambda canvas, *_: canvas)
    whole = draw_portraits(96, 6).images.astype(int)
    assert np.abs(windowed - whole).max() <= 6


# The labels and what goes with them


def test_the_labels_overlap_in_every_attribute_that_can_be_seen(crowd):
    labels, attributes = crowd
    for name in ("hair_length", "hair_style", "earring", "make_up", "glasses", "expression"):
        for value in np.unique(attributes[name]):
            share = labels[attributes[name] == value].mean()
            assert 0.01 < share < 0.99, f"{name} {value}: {share:.3f} of label 1"
    for value in ("stubble", "moustache", "full"):
        assert np.sum(labels[attributes["beard"] == value] == 0) > 5


@pytest.mark.parametrize(
    "name", ["skin_tone", "glasses", "hair_colour", "background", "pose", "light", "expression", "hat"]
)
def test_what_says_nothing_about_a_person_says_nothing_about_the_label(crowd, name):
    labels, attributes = crowd
    seen = ~np.isin(attributes[name], ["headscarf", "covered"])
    for value in np.unique(attributes[name][seen]):
        chosen = labels[seen & (attributes[name] == value)]
        assert abs(chosen.mean() - labels[seen].mean()) < 3 * 0.5 / np.sqrt(len(chosen)) + 0.005, value


def test_skin_tones_cover_the_whole_range_evenly(crowd):
    groups, counts = np.unique(crowd[1]["skin_tone"], return_counts=True)
    assert groups.tolist() == [1, 2, 3, 4, 5, 6]
    assert counts.min() > 0.9 * counts.max()


@pytest.mark.parametrize(("bias", "shares"), [(0.0, (0.3, 0.3)), (0.5, (0.15, 0.65)), (1.0, (0.0, 1.0))])
def test_the_bias_ties_glasses_to_the_label_and_nothing_else(bias, shares):
    labels = np.arange(4000) % 2
    plain = recipe.choose_traits(labels, 0.0, np.random.default_rng(1))
    biased = recipe.choose_traits(labels, bias, np.random.default_rng(1))
    for label, share in enumerate(shares):
        assert abs(biased[1]["glasses"][labels == label].mean() - share) < 0.03
    for before, after in zip(plain, biased, strict=True):
        assert [name for name in before if not np.array_equal(before[name], after[name])] in ([], ["glasses"])
