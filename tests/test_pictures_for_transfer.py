"""Textures, and chihuahua or muffin: halves without a common pixel, verified photographs or an announced stand-in."""

import dataclasses
import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labs_utils import datasets, plots
from labs_utils.datasets import catalog, textures
from labs_utils.datasets.pictures import enlarge, make_faulty_folder, square
from labs_utils.plots import transfer

NAMES, CLASSES = ("chihuahua", "muffin"), ("brick", "grass", "gravel")
REAL_DATA = os.environ.get("LABS_DATA_DIR", "")
needs_photographs = pytest.mark.skipif(
    not REAL_DATA or not (Path(REAL_DATA) / "chihuahua-muffin").is_dir(),
    reason="LABS_DATA_DIR names no folder with the photographs",
)


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.delenv("LABS_DATA_DIR", raising=False)
    monkeypatch.setenv("LABS_OFFLINE", "1")
    monkeypatch.setenv("LABS_CACHE_DIR", str(tmp_path / "cache"))


# Textures


def test_textures_have_the_counts_and_kinds_asked_for(capsys):
    (x, y), (x_test, y_test) = datasets.load_textures(32, train=5, test=7)
    assert (x.shape, x.dtype, x_test.shape) == ((15, 32, 32, 3), np.uint8, (21, 32, 32, 3))
    assert np.bincount(y).tolist() == [5] * 3 and np.bincount(y_test).tolist() == [7] * 3
    assert (x[..., 0] == x[..., 2]).all() and x.std() > 10
    assert not (np.diff(y) >= 0).all()
    assert capsys.readouterr().out == (
        "Textures: photographs of brick, grass and gravel from scikit-image (15 + 21 patches of 32x32)\n"
    )


def test_a_seed_gives_the_same_patches_and_another_seed_others():
    first, again, other = (datasets.load_textures(train=4, test=4, seed=seed)[0][0] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_no_pixel_is_in_a_training_and_in_a_test_patch(monkeypatch):
    # photographs in which every pixel says where it is: its column in the first, and so on with all three
    columns = np.broadcast_to(np.arange(512) // 2, (512, 512)).astype(np.uint8)
    monkeypatch.setattr(textures, "photographs", lambda: np.stack([columns] * 3))
    for patch in (48, 256):
        (x, _), (x_test, _) = datasets.load_textures(patch, train=60, test=60)
        assert x.max() <= 127 < 128 <= x_test.min()
        assert x.max() - x.min() > 100 and x_test.max() - x_test.min() > 100


def test_labels_name_the_photograph_the_patch_was_cut_from(monkeypatch):
    flat = np.stack([np.full((512, 512), grey, np.uint8) for grey in (10, 20, 30)])
    monkeypatch.setattr(textures, "photographs", lambda: flat)
    for x, y in datasets.load_textures(train=20, test=20):
        assert np.array_equal(x[:, 0, 0, 0], 10 * (y + 1))


@pytest.mark.parametrize("patch", [0, 257])
def test_a_patch_that_does_not_fit_is_an_error(patch):
    with pytest.raises(ValueError, match="does not fit into half a photograph: use 1 to 256"):
        datasets.load_textures(patch)


# Chihuahua or muffin


def test_the_catalogue_lists_150_photographs_by_split_and_class():
    paths = [file.path.split("/") for file in catalog.CHIHUAHUA.files]
    counts = {(split, name): sum(p[1:3] == [split, name] for p in paths) for _, split, name, _ in paths}
    assert counts == {
        ("train", "chihuahua"): 65,
        ("train", "muffin"): 55,
        ("validation", "chihuahua"): 17,
        ("validation", "muffin"): 13,
    }
    assert len({file.sha256 for file in catalog.CHIHUAHUA.files}) == 150
    for file in catalog.CHIHUAHUA.files:
        [mirror] = file.mirrors
        assert mirror.endswith("/zip/1f3b63926d70#" + file.path.removeprefix("chihuahua-muffin/"))


def test_offline_textures_stand_in_and_it_is_said(capsys):
    (x, y), (x_test, y_test), names = datasets.load_chihuahua(64)
    assert names == ("brick", "grass", "gravel")
    assert (x.shape, x_test.shape, x.dtype) == ((120, 64, 64, 3), (60, 64, 64, 3), np.uint8)
    assert np.bincount(y).tolist() == [40] * 3 and np.bincount(y_test).tolist() == [20] * 3
    assert capsys.readouterr().out.startswith("Chihuahua or muffin: not available (LABS_OFFLINE is set); using the")


@pytest.fixture
def drawn_photographs(monkeypatch, tmp_path):
    """A folder with eight one-coloured pictures, entered in the catalogue in place of the originals."""
    files = []
    for number, place in enumerate(f"{s}/{c}/{k}.jpg" for s in ("train", "validation") for c in NAMES for k in (1, 2)):
        stream = io.BytesIO()
        colour = (200, 50, 50) if "chihuahua" in place else (50, 50, 200)
        Image.new("RGB", (30 + number, 20), colour).save(stream, "JPEG")
        path = tmp_path / "local" / "chihuahua-muffin" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stream.getvalue())
        sha256 = hashlib.sha256(stream.getvalue()).hexdigest()
        files.append(catalog.RemoteFile(f"chihuahua-muffin/{place}", sha256, len(stream.getvalue()), ()))
    monkeypatch.setattr(catalog, "CHIHUAHUA", dataclasses.replace(catalog.CHIHUAHUA, files=tuple(files)))
    monkeypatch.delenv("LABS_OFFLINE")
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path / "local"))
    return tmp_path / "local"


def test_photographs_come_as_squares_with_the_label_of_their_folder(drawn_photographs, capsys):
    *splits, names = datasets.load_chihuahua(16)
    assert names == NAMES
    for x, y in splits:
        assert (x.shape, x.dtype, sorted(y)) == ((4, 16, 16, 3), np.uint8, [0, 0, 1, 1])
        assert np.array_equal(x[..., 2].mean(axis=(1, 2)) > 128, y == 1)
    line = "Chihuahua or muffin: photographs from LABS_DATA_DIR (4 + 4 pictures)\n"
    assert capsys.readouterr().out == line


def test_a_photograph_that_was_changed_is_named_and_textures_stand_in(drawn_photographs, capsys):
    changed = drawn_photographs / "chihuahua-muffin" / "train" / "muffin" / "1.jpg"
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    *_, names = datasets.load_chihuahua(16)
    assert names[0] == "brick"
    output = capsys.readouterr().out
    assert "note: chihuahua-muffin/train/muffin/1.jpg in LABS_DATA_DIR is damaged: wrong SHA-256" in output
    assert "not available (1.jpg could not be downloaded" in output


@pytest.mark.real_data
@needs_photographs
def test_the_photographs_are_those_of_the_catalogue(monkeypatch, capsys):
    monkeypatch.delenv("LABS_OFFLINE")
    monkeypatch.setenv("LABS_DATA_DIR", REAL_DATA)
    (x, y), (x_test, y_test), names = datasets.load_chihuahua(32)
    assert names == NAMES and (len(x), len(x_test)) == (120, 30)
    assert np.bincount(y).tolist() == [65, 55] and np.bincount(y_test).tolist() == [17, 13]
    assert capsys.readouterr().out == "Chihuahua or muffin: photographs from LABS_DATA_DIR (120 + 30 pictures)\n"


# Pictures


def test_a_square_is_the_middle_of_the_photograph_in_colour():
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 255
    middle = square(wide, 8)
    assert (middle.shape, middle.dtype) == ((8, 8, 3), np.uint8)
    assert middle[:, 1:-1].min() == 255


def test_enlarging_keeps_flat_pictures_flat_and_the_order():
    greys = np.full((3, 5, 7, 3), 1, np.uint8) * np.array([10, 20, 30], np.uint8)[:, None, None, None]
    larger = enlarge(greys, 12)
    assert larger.shape == (3, 12, 12, 3) and (larger == greys[:, :1, :1]).all()


def test_the_example_folder_has_every_fault_that_the_loader_names(capsys):
    rng = np.random.default_rng(0)
    folder = make_faulty_folder({name: rng.integers(0, 255, (7, 40, 40, 3), np.uint8) for name in ("cat", "cup")})
    own = datasets.load_image_folder(folder, 40)
    output = capsys.readouterr().out
    for path in ("cat/0.png", "cat/broken.png", "cat/tiny.png", "cup/copy.png", "cup/notes.txt"):
        assert f"  {path}: " in output
    assert "cat/grey.png" in own.paths and "cat/print.jpg" in own.paths
    assert np.bincount(own.labels).tolist() == [5, 4]


@pytest.mark.parametrize(("names", "building", "shown"), [(NAMES, "1", False), (NAMES, "", True), (CLASSES, "1", True)])
def test_photographs_without_a_licence_are_left_out_of_the_stored_notebook_only(monkeypatch, names, building, shown):
    monkeypatch.setenv(plots.BUILDING, building)
    assert transfer.may_show(names) is shown
