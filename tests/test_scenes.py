"""Scenes with known boxes: the same for a seed, their objects inside their boxes, the tag nowhere but where asked."""

import numpy as np
import pytest
from scipy import ndimage

from labs_utils import datasets
from labs_utils.datasets import scenes


@pytest.fixture(scope="module")
def drawn():
    return scenes.make_scenes(300, 7)


def test_the_same_seed_gives_the_same_scenes_and_another_one_others(drawn):
    again, other = scenes.make_scenes(300, 7), scenes.make_scenes(300, 8)
    assert all(np.array_equal(a, b) for a, b in zip(drawn, again, strict=True))
    assert not np.array_equal(drawn.images, other.images)


def test_more_scenes_start_with_the_same_ones():
    few, many = scenes.make_scenes(scenes._CHUNK, 3), scenes.make_scenes(scenes._CHUNK + 5, 3)
    assert np.array_equal(few.images, many.images[: len(few.images)])


def test_shapes_types_and_ranges(drawn):
    assert drawn.images.shape == (300, 48, 48, 3) and drawn.images.dtype == np.float32
    assert drawn.images.min() >= 0 and drawn.images.max() <= 1
    assert np.bincount(drawn.labels, minlength=5).min() > 30
    top, left, bottom, right = drawn.boxes.T
    assert min(top.min(), left.min()) >= 0 and max(bottom.max(), right.max()) <= 48
    assert ((bottom - top) >= 9).all() and ((right - left) <= 26).all()


def test_nothing_is_drawn_for_no_scene():
    assert [part.shape for part in scenes.make_scenes(0, 0)] == [(0, 48, 48, 3), (0,), (0, 4)]


@pytest.mark.parametrize("shape", scenes.SHAPES)
def test_the_box_is_the_extent_of_the_object(shape):
    """Without strokes, what differs from the even ground is the object: its extent is the box, to within one pixel."""
    some = scenes.make_scenes(200, 1, centred=True)
    k = scenes.SHAPES.index(shape)
    for image, box in zip(some.images[some.labels == k], some.boxes[some.labels == k], strict=True):
        smooth = ndimage.gaussian_filter(image.max(axis=-1), 0.7)
        corners = np.median(np.concatenate([smooth[:6].ravel(), smooth[-6:].ravel()]))
        rows, columns = np.nonzero(smooth > corners + 0.5 * (smooth.max() - corners))
        found = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        assert np.abs(np.subtract(found, box)).max() <= 2


def test_objects_are_bright_and_neither_colour_nor_place_tells_the_class(drawn):
    def middle(image, box):
        top, left, bottom, right = box
        return image[top:bottom, left:right].reshape(-1, 3).max(axis=0)

    colours = np.array([middle(image, box) for image, box in zip(drawn.images, drawn.boxes, strict=True)])
    assert np.quantile(colours.max(axis=1), 0.05) > 0.85
    centres = (drawn.boxes[:, :2] + drawn.boxes[:, 2:]) / 2
    for values in (colours, centres):
        means = np.array([values[drawn.labels == k].mean(axis=0) for k in range(5)])
        spread = values.std(axis=0) / np.sqrt(60)
        assert (np.abs(means - values.mean(axis=0)) < 4 * spread).all()


def test_two_objects_differ_in_class_and_do_not_overlap():
    pairs = scenes.make_scenes(200, 2, objects=2)
    assert pairs.labels.shape == (200, 2) and pairs.boxes.shape == (200, 2, 4)
    assert (pairs.labels[:, 0] != pairs.labels[:, 1]).all()
    first, second = pairs.boxes[:, 0], pairs.boxes[:, 1]
    apart = (first[:, 2:] <= second[:, :2]) | (second[:, 2:] <= first[:, :2])
    assert apart.any(axis=1).all()


def test_the_tag_is_on_the_named_classes_only_and_changes_nothing_else():
    plain, tagged = scenes.make_scenes(200, 4), scenes.make_scenes(200, 4, tagged=("ring", "cross"))
    differs = (plain.images != tagged.images).any(axis=(1, 2, 3))
    assert np.array_equal(differs, np.isin(plain.labels, [3, 4]))
    assert np.array_equal(tagged.images[differs], scenes.add_tag(plain.images[differs]))
    rows, columns = np.nonzero((plain.images != tagged.images).any(axis=(0, 3)))
    top, left, bottom, right = scenes.TAG_BOX
    assert (rows.min(), columns.min(), rows.max(), columns.max()) == (top - 1, left - 1, bottom, right)


def test_add_tag_leaves_its_argument_alone_and_puts_letters_on_black(drawn):
    before = drawn.images[:3].copy()
    copies = scenes.add_tag(drawn.images[:3])
    assert np.array_equal(before, drawn.images[:3])
    top, left, bottom, right = scenes.TAG_BOX
    letters = copies[:, top:bottom, left:right]
    assert set(np.unique(letters).round(2)) == {np.float32(0.05), np.float32(0.95)}
    assert (letters == letters[0]).all()


def test_a_rate_tags_about_that_share():
    tagged = scenes.make_scenes(1500, 5, tagged=("disc",), tag_rate=0.25)
    top, left, bottom, right = scenes.TAG_BOX
    letters = scenes.add_tag(np.zeros((1, 48, 48, 3), np.float32))[:, top:bottom, left:right]
    carries = np.isclose(tagged.images[:, top:bottom, left:right], letters, atol=1e-6).all(axis=(1, 2, 3))
    assert not carries[tagged.labels != 0].any()
    assert 0.15 < carries[tagged.labels == 0].mean() < 0.35


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"objects": 3}, "1 or 2"),
        ({"objects": 2, "centred": True}, "single object"),
        ({"tagged": ("horse",)}, "the shapes are disc"),
        ({"tag_rate": 1.5}, "between 0 and 1"),
    ],
)
def test_an_argument_out_of_range_is_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        scenes.make_scenes(2, 0, **arguments)


def test_the_photographs_are_square_and_in_colour():
    photographs = datasets.load_photographs(64)
    assert photographs.shape == (4, 64, 64, 3) and photographs.dtype == np.float32
    assert photographs.min() >= 0 and photographs.max() <= 1
    assert all(photograph.std() > 0.1 and np.ptp(photograph.mean(axis=(0, 1))) > 0.01 for photograph in photographs)
