"""Faces from three sources: the same arrays, an honest line, nobody in both parts, and no fault that ends a lab."""

import csv
import shutil
import socket

import numpy as np
import pytest
import sklearn.datasets
from PIL import Image

from labs_utils.datasets import faces, load_faces, portraits
from labs_utils.errors import LabsError

PICTURES = {"Serena_Williams": 24, "Laura_Bush": 9, "Halle_Berry": 8, "Norah_Jones": 7}
PICTURES |= {"Tony_Blair": 22, "Kofi_Annan": 9, "Tiger_Woods": 6, "Roger_Federer": 5, "Somebody_Unknown": 6}


def table():
    with faces.NAMES.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """Settings of a fresh machine, few portraits, and no way out into the network."""

    def refuse(*_, **__):
        raise OSError("no network in a test")

    for name in ("LABS_DATA_DIR", "LABS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LABS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "sklearn"))
    monkeypatch.setattr(faces, "TRAIN_COUNT", 30)
    monkeypatch.setattr(faces, "TEST_COUNT", 10)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(sklearn.datasets, "fetch_lfw_people", refuse)


def make_lfw(home):
    """A small collection in its form on disk; each picture is grey on the left and coloured on the right."""
    generator = np.random.default_rng(0)
    for name, count in PICTURES.items():
        folder = home / "lfw_home" / "lfw_funneled" / name
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            picture = np.full((250, 250, 3), 90, np.uint8)
            picture[:, 125:] = generator.integers(0, 256, 3)
            Image.fromarray(picture).save(folder / f"{name}_{number:04}.jpg", quality=95)
    return home


def assert_faces(loaded, size):
    """The arrays that every source gives."""
    for images, labels, attributes in [
        (loaded.x_train, loaded.y_train, loaded.attributes_train),
        (loaded.x_test, loaded.y_test, loaded.attributes_test),
    ]:
        assert images.dtype == np.uint8 and images.shape == (len(labels), size, size, 3)
        assert labels.dtype == np.int64 and set(labels) == {0, 1}
        assert all(len(values) == len(labels) for values in attributes.values())
    assert len(loaded.label_names) == 2


# Portraits


def test_portraits_come_by_default_without_network(capsys):
    loaded = load_faces(32)
    assert_faces(loaded, 32)
    assert loaded.source == "portraits" and loaded.label_names == portraits.LABEL_NAMES
    assert {"glasses", "skin_tone", "hat"} <= set(loaded.attributes_test)
    output = capsys.readouterr().out
    assert output.startswith("Faces: synthetic portraits") and output.endswith("(30 + 10 images)\n")


def test_the_seed_decides_and_training_and_test_portraits_differ():
    one, again, other = load_faces(16), load_faces(16), load_faces(16, seed=1)
    assert np.array_equal(one.x_train, again.x_train)
    assert not np.array_equal(one.x_train, other.x_train)
    everything = np.concatenate([one.x_train, one.x_test, other.x_train, other.x_test])
    assert len(np.unique(everything.reshape(len(everything), -1), axis=0)) == len(everything)


def test_the_local_folder_alone_never_brings_photographs_of_people(monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_DATA_DIR", str(make_lfw(tmp_path / "local")))
    assert load_faces(16).source == "portraits"


# Labeled Faces in the Wild


@pytest.mark.parametrize("place", ["LABS_DATA_DIR", "SCIKIT_LEARN_DATA", "LABS_CACHE_DIR"])
def test_lfw_is_read_from_its_form_on_disk(monkeypatch, tmp_path, capsys, place):
    monkeypatch.setenv(place, str(make_lfw(tmp_path / "somewhere")))
    loaded = load_faces(64, source="lfw")
    assert_faces(loaded, 64)
    assert loaded.source == "lfw" and loaded.label_names == ("female", "male")
    assert "photographs of 8 people from Labeled Faces in the Wild" in capsys.readouterr().out


@pytest.fixture
def lfw(monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_DATA_DIR", str(make_lfw(tmp_path / "local")))
    return tmp_path / "local" / "lfw_home" / "lfw_funneled"


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_in_both_parts_and_the_labels_are_balanced(lfw, seed):
    loaded = load_faces(16, source="lfw", seed=seed)
    train, test = (set(part["person"]) for part in (loaded.attributes_train, loaded.attributes_test))
    assert train and test and not train & test
    assert np.mean(loaded.y_train) == np.mean(loaded.y_test) == 0.5
    assert len(loaded.y_test) <= len(loaded.y_train)


def test_the_label_of_a_picture_is_that_of_its_person(lfw):
    loaded = load_faces(16, source="lfw")
    known = {row["name"].replace("_", " "): row["label"] for row in table()}
    for person, label in zip(loaded.attributes_train["person"], loaded.y_train, strict=True):
        assert known[person] == loaded.label_names[label]


def test_only_people_of_the_table_are_used_and_nobody_more_than_twenty_times(lfw):
    loaded = load_faces(16, source="lfw")
    people, counts = np.unique(
        np.concatenate([loaded.attributes_train["person"], loaded.attributes_test["person"]]), return_counts=True
    )
    assert "Somebody Unknown" not in people and counts.max() <= 20


def test_the_pixels_are_those_that_scikit_learn_reads(lfw, monkeypatch):
    monkeypatch.undo()  # the real fetch_lfw_people
    for name in ("pairsDevTrain.txt", "pairsDevTest.txt", "pairs.txt"):
        (lfw.parent / name).touch()
    theirs = sklearn.datasets.fetch_lfw_people(
        data_home=str(lfw.parents[1]),
        color=True,
        resize=0.5,
        slice_=(slice(45, 195), slice(50, 200)),
        download_if_missing=False,
    )
    means = np.round(theirs.images[theirs.target == list(theirs.target_names).index("Halle Berry")].mean((1, 2)) * 255)
    ours = [faces._read_photograph(path, 75).mean((0, 1)) for path in sorted((lfw / "Halle_Berry").glob("*.jpg"))]
    assert np.allclose(sorted(means.tolist()), sorted(np.round(ours).tolist()), atol=1.01)


def test_a_shared_folder_stays_as_it_is(lfw):
    before = sorted(lfw.parents[1].rglob("*"))
    load_faces(16, source="lfw")
    assert sorted(lfw.parents[1].rglob("*")) == before


def test_what_is_nowhere_is_downloaded_into_the_cache(monkeypatch, tmp_path, capsys):
    def fetch(*, data_home, color, **_):
        assert color
        make_lfw(tmp_path / "cache")
        assert data_home == str(tmp_path / "cache")

    monkeypatch.setattr(sklearn.datasets, "fetch_lfw_people", fetch)
    assert load_faces(16, source="lfw").source == "lfw"
    assert "downloading Labeled Faces in the Wild, 233 MB, once" in capsys.readouterr().out
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("error", [OSError("no route"), EOFError("cut off"), ValueError("what")])
def test_a_failed_download_ends_in_portraits_and_says_so(monkeypatch, capsys, error):
    def fail(**_):
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_lfw_people", fail)
    loaded = load_faces(16, source="lfw")
    assert loaded.source == "portraits"
    assert f"LFW is not available (it could not be downloaded: {error}); using synthetic" in capsys.readouterr().out


def test_offline_means_portraits_and_says_so(lfw, monkeypatch, capsys):
    monkeypatch.setenv("LABS_OFFLINE", "1")
    assert load_faces(16, source="lfw").source == "portraits"
    assert "LFW is not available (LABS_OFFLINE is set); using synthetic portraits" in capsys.readouterr().out


def test_a_damaged_photograph_is_named_and_the_others_are_used(lfw, capsys):
    before = load_faces(16, source="lfw")
    (lfw / "Halle_Berry" / "._Halle_Berry_0001.jpg").write_bytes(b"what macOS scatters")
    (lfw / "Halle_Berry" / "Halle_Berry_0001.jpg").write_bytes(b"x")
    capsys.readouterr()
    after = load_faces(16, source="lfw")
    assert (before.source, after.source) == ("lfw", "lfw")
    said = capsys.readouterr().out
    assert "note: 1 damaged photographs of LFW are left out, the first is Halle_Berry_0001.jpg" in said


def test_too_few_people_are_no_data_set(lfw, capsys):
    for name in ("Serena_Williams", "Laura_Bush", "Halle_Berry"):
        shutil.rmtree(lfw / name)
    assert load_faces(16, source="lfw").source == "portraits"
    assert "fewer than two people of a label" in capsys.readouterr().out


def test_the_table_of_names_is_balanced_and_names_nobody_twice():
    names = [row["name"] for row in table()]
    labels = [row["label"] for row in table()]
    assert len(names) == len(set(names)) and names == sorted(names)
    assert labels.count("female") == labels.count("male") == len(labels) / 2
    assert all("_" in name and name.isascii() and " " not in name for name in names)


# A folder of one's own


def make_folder(folder, counts):
    drawn = portraits.draw_portraits(sum(counts.values()), 0, size=20).images
    number = 0
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for _ in range(count):
            Image.fromarray(drawn[number]).save(folder / name / f"{number}.png")
            number += 1
    return folder


def test_a_folder_with_two_subfolders_gives_the_same_arrays(tmp_path):
    loaded = load_faces(20, source=make_folder(tmp_path / "mine", {"left": 20, "right": 12}))
    assert_faces(loaded, 20)
    assert loaded.source == "folder" and loaded.label_names == ("left", "right")
    assert [np.sum(loaded.y_test == label) for label in (0, 1)] == [5, 3]
    train, test = (set(part["path"]) for part in (loaded.attributes_train, loaded.attributes_test))
    assert len(train | test) == 32 and not train & test
    for path, label in zip(loaded.attributes_test["path"], loaded.y_test, strict=True):
        assert path.startswith(f"{loaded.label_names[label]}/")


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"a": 5, "b": 5, "c": 5}, r"has 3 subfolders \(a, b, c\); faces need exactly two"),
        ({"a": 5, "b": 3}, "class 'b' has 3 usable pictures and needs at least 4"),
        ({"a": 5}, "only one subfolder"),
    ],
)
def test_a_folder_that_does_not_serve_says_what_to_do(tmp_path, counts, message):
    with pytest.raises(LabsError, match=message):
        load_faces(16, source=make_folder(tmp_path / "mine", counts))


def test_a_misspelt_source_is_taken_for_a_folder_that_is_not_there():
    with pytest.raises(LabsError, match="there is no folder 'lwf'"):
        load_faces(16, source="lwf")
