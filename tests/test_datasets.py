"""The loaders: the same arrays from every source, one line that says which, and no fault that ends a lab."""

import dataclasses
import gzip
import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from labs_utils import datasets
from labs_utils.datasets import catalog, idx, mnist, mnist_standin, sources
from labs_utils.errors import LabsError
from tests import local_server
from tests.local_server import CONTENT, closed_port_url, remote_file

REAL_DATA = os.environ.get("LABS_DATA_DIR", "")
needs_real_mnist = pytest.mark.skipif(
    not (Path(REAL_DATA) / "mnist").is_dir() or not REAL_DATA,
    reason="LABS_DATA_DIR names no folder with the original MNIST files",
)

SMALL_SHAPES = ((30, 28, 28), (30,), (20, 28, 28), (20,))


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """Settings of a fresh machine: no local data, an empty cache."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("LABS_DATA_DIR", raising=False)
    monkeypatch.delenv("LABS_OFFLINE", raising=False)
    monkeypatch.setenv("LABS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to open a socket fails the test."""

    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(sources, "download", refuse)


def idx_bytes(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


@pytest.fixture
def small_mnist(monkeypatch, tmp_path):
    """A folder with four small files in MNIST's format, entered in the catalogue in place of the originals."""
    folder = tmp_path / "local"
    generator = np.random.default_rng(1)
    arrays = [generator.integers(0, 10, shape).astype(np.uint8) for shape in SMALL_SHAPES]
    files = []
    for original, array in zip(catalog.MNIST.files, arrays, strict=True):
        content = gzip.compress(idx_bytes(array))
        path = folder / original.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        files.append(
            catalog.RemoteFile(original.path, hashlib.sha256(content).hexdigest(), len(content), (closed_port_url(),))
        )
    monkeypatch.setattr(catalog, "MNIST", dataclasses.replace(catalog.MNIST, files=tuple(files)))
    monkeypatch.setattr(mnist, "_SHAPES", SMALL_SHAPES)
    return folder, arrays


def put(folder, file, content=CONTENT):
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# Importing


def test_importing_the_loaders_loads_nothing_heavy():
    heavy = ("tensorflow", "keras", "sklearn", "scipy", "requests", "pooch", "tqdm", "rich", "matplotlib")
    code = f"import sys, labs_utils.datasets; print([name for name in {heavy} if name in sys.modules])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


# Digits


def test_digits_are_scikit_learns_and_named_in_one_line(capsys):
    images, labels = datasets.load_digits()
    original = sklearn.datasets.load_digits()
    assert (images.shape, images.dtype) == ((1797, 8, 8), np.float32)
    assert (labels.shape, labels.dtype) == ((1797,), np.int64)
    np.testing.assert_array_equal(images, original.images)
    np.testing.assert_array_equal(labels, original.target)
    assert (images.min(), images.max()) == (0, 16)
    assert capsys.readouterr().out == "Digits 8x8: scikit-learn's copy of the UCI digits (1797 images)\n"


# The order of the sources


def test_offline_goes_straight_to_the_stand_in(monkeypatch, small_mnist, no_network, capsys):
    monkeypatch.setenv("LABS_OFFLINE", "1")
    monkeypatch.setenv("LABS_DATA_DIR", str(small_mnist[0]))
    (x_train, y_train), (x_test, y_test) = datasets.load_mnist()
    assert (x_train.shape, x_train.dtype) == ((12_000, 28, 28), np.uint8)
    assert (x_test.shape, x_test.dtype) == ((2_000, 28, 28), np.uint8)
    assert (y_train.shape, y_train.dtype) == ((12_000,), np.uint8)
    assert (y_test.shape, y_test.dtype) == ((2_000,), np.uint8)
    assert capsys.readouterr().out == (
        "MNIST: not available (LABS_OFFLINE is set); using the stand-in: "
        "scikit-learn's digits brought to 28x28 and augmented (12 000 + 2 000 images)\n"
    )


def test_the_local_folder_comes_first_and_needs_no_network(monkeypatch, small_mnist, no_network, tmp_path, capsys):
    folder, arrays = small_mnist
    monkeypatch.setenv("LABS_DATA_DIR", str(folder))
    (x_train, y_train), (x_test, y_test) = datasets.load_mnist()
    for loaded, original in zip((x_train, y_train, x_test, y_test), arrays, strict=True):
        np.testing.assert_array_equal(loaded, original)
        assert loaded.dtype == np.uint8 and loaded.flags.writeable
    output = capsys.readouterr().out
    assert output == "MNIST: original files from LABS_DATA_DIR (30 + 20 images)\n"
    assert not (tmp_path / "cache").exists()


def test_the_cache_serves_what_the_local_folder_lacks(monkeypatch, small_mnist, no_network, tmp_path, capsys):
    folder, arrays = small_mnist
    monkeypatch.setenv("LABS_DATA_DIR", str(folder))
    name = catalog.MNIST.files[1].path
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    (folder / name).rename(tmp_path / "cache" / name)
    (_, y_train), _ = datasets.load_mnist()
    np.testing.assert_array_equal(y_train, arrays[1])
    assert capsys.readouterr().out == "MNIST: original files from LABS_DATA_DIR and the cache (30 + 20 images)\n"


def test_what_no_source_has_is_replaced_by_the_stand_in_and_said_without_a_path(small_mnist, tmp_path, capsys):
    (x_train, _), _ = datasets.load_mnist()
    assert len(x_train) == 12_000
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(
        "MNIST: not available (train-images-idx3-ubyte.gz could not be downloaded: 127.0.0.1: no con"
    )
    assert "using the stand-in" in line
    assert str(tmp_path) not in line and str(Path.home()) not in line


def test_a_download_is_kept_in_the_cache_for_the_next_time(tmp_path):
    with local_server.running() as server:
        file = remote_file(server.url("good"))
        [first] = sources.locate([file])
        [second] = sources.locate([file])
        assert len(server.requested) == 1
    assert (first.source, second.source) == (sources.DOWNLOAD, sources.CACHE)
    assert first.path == second.path == tmp_path / "cache" / file.path
    assert second.path.read_bytes() == CONTENT


@pytest.mark.parametrize("value", ["0", "", "false", "No"])
def test_offline_can_be_switched_off_by_its_value(monkeypatch, value):
    monkeypatch.setenv("LABS_OFFLINE", value)
    assert not sources.is_offline()


def test_a_local_folder_that_does_not_exist_is_named_and_the_next_source_serves(monkeypatch, tmp_path, capsys):
    file = remote_file(closed_port_url())
    put(tmp_path / "cache", file)
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path / "no such folder"))
    [found] = sources.locate([file])
    assert found.source == sources.CACHE
    [sentence] = capsys.readouterr().out.splitlines()
    assert "LABS_DATA_DIR" in sentence and "no such folder" in sentence and "not a folder" in sentence


# Damage


DAMAGED = {"wrong SHA-256": local_server.WRONG_CONTENT, "1000 bytes long instead of 200000": CONTENT[:1000]}


@pytest.mark.parametrize("fault", DAMAGED)
def test_a_damaged_file_in_the_cache_is_named_set_aside_and_fetched_again(tmp_path, capsys, fault):
    with local_server.running() as server:
        file = remote_file(server.url("good"))
        damaged = put(tmp_path / "cache", file, DAMAGED[fault])
        [found] = sources.locate([file])
    assert found.source == sources.DOWNLOAD
    assert found.path.read_bytes() == CONTENT
    assert damaged.with_name("file.bin.damaged").read_bytes() == DAMAGED[fault]
    assert capsys.readouterr().out == (
        f"note: things/file.bin in the cache is damaged: {fault}; set aside as file.bin.damaged\n"
    )


@pytest.mark.parametrize("fault", DAMAGED)
def test_a_damaged_file_in_the_local_folder_is_named_and_left_alone(monkeypatch, tmp_path, capsys, fault):
    local = tmp_path / "local"
    monkeypatch.setenv("LABS_DATA_DIR", str(local))
    file = remote_file(closed_port_url())
    put(local, file, DAMAGED[fault])
    put(tmp_path / "cache", file)
    [found] = sources.locate([file])
    assert found.source == sources.CACHE
    assert [path.name for path in (local / "things").iterdir()] == ["file.bin"]
    assert capsys.readouterr().out == f"note: things/file.bin in LABS_DATA_DIR is damaged: {fault}\n"


def test_a_folder_in_the_place_of_a_file_does_not_end_the_lab(tmp_path):
    with local_server.running() as server:
        file = remote_file(server.url("good"))
        (tmp_path / "cache" / file.path).mkdir(parents=True)
        [found] = sources.locate([file])
    assert found.path.read_bytes() == CONTENT


# What the doctor reads


def test_describe_tells_the_source_without_network_or_change(monkeypatch, small_mnist, no_network, tmp_path):
    folder, _ = small_mnist
    assert sources.describe(catalog.DIGITS).source == "comes with scikit-learn"
    assert "a download of" in sources.describe(catalog.MNIST).source
    monkeypatch.setenv("LABS_DATA_DIR", str(folder))
    assert sources.describe(catalog.MNIST) == sources.Plan("LABS_DATA_DIR")
    damaged = folder / catalog.MNIST.files[0].path
    damaged.write_bytes(b"not gzip")
    plan = sources.describe(catalog.MNIST)
    assert "a download of" in plan.source
    assert "train-images-idx3-ubyte.gz in LABS_DATA_DIR is damaged" in plan.warnings[0]
    assert damaged.read_bytes() == b"not gzip"
    monkeypatch.setenv("LABS_OFFLINE", "1")
    assert sources.describe(catalog.MNIST).source.startswith("stand-in (LABS_OFFLINE is set)")
    assert not (tmp_path / "cache").exists()


def test_an_unknown_data_set_is_an_error_that_lists_those_that_exist():
    with pytest.raises(LabsError, match="no data set 'mnits'; the data sets are digits, mnist"):
        catalog.find_dataset("mnits")


# The idx format


GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))


def compressed(content):
    """Gzip without the time of day, which would give two workers of one test run two different tests."""
    return gzip.compress(content, mtime=0)


def test_idx_is_read_with_its_shape(tmp_path):
    path = tmp_path / "x-idx2-ubyte.gz"
    path.write_bytes(compressed(GOOD))
    np.testing.assert_array_equal(idx.read_idx(path, (2, 3)), [[0, 1, 2], [3, 4, 5]])


FAULTY = {
    "not gzip": (GOOD, "not a whole gzip file"),
    "cut short": (compressed(GOOD)[:-12], "not a whole gzip file"),
    "wrong first byte": (compressed(b"\1" + GOOD[1:]), "does not start like an idx file"),
    "header cut short": (compressed(GOOD[:7]), "does not start like an idx file"),
    "floating point": (compressed(GOOD[:2] + b"\x0d" + GOOD[3:]), "type 0x0d instead of unsigned bytes"),
    "three axes": (compressed(GOOD[:3] + b"\3" + GOOD[4:]), r"declares the shape 3 axes instead of \(2, 3\)"),
    "one row": (compressed(GOOD[:7] + b"\1" + GOOD[8:]), r"declares the shape \(1, 3\) instead of \(2, 3\)"),
    "a value missing": (compressed(GOOD[:-1]), "holds 5 values instead of 6"),
    "a value too many": (compressed(GOOD + b"\0"), "holds 7 values instead of 6"),
}


@pytest.mark.parametrize(("content", "fault"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_idx_file_is_named_with_its_fault(tmp_path, content, fault):
    path = tmp_path / "x-idx2-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(LabsError, match=f"^x-idx2-ubyte.gz .*{fault}.*; remove it and run"):
        idx.read_idx(path, (2, 3))


# The stand-in


@pytest.fixture(scope="module")
def standin():
    return mnist_standin.make_standin()


def test_the_stand_in_is_the_same_every_time(standin):
    for first, second in zip(standin, mnist_standin.make_standin(), strict=True):
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


def test_the_originals_of_train_and_test_are_disjoint_and_complete():
    (x_train, y_train), (x_test, y_test) = mnist_standin.split_originals()
    train = {image.tobytes() for image in x_train}
    test = {image.tobytes() for image in x_test}
    assert len(train) + len(test) == 1797
    assert not train & test
    assert np.bincount(y_train).min() > 130 and np.bincount(y_test).min() > 30


def test_train_images_are_drawn_from_train_originals_and_test_images_from_test_originals(monkeypatch):
    originals, labels = sklearn.datasets.load_digits(return_X_y=True)
    images = originals.reshape(-1, 8, 8) / 16
    zeros, ones = ((images[labels == digit], labels[labels == digit]) for digit in (0, 1))
    monkeypatch.setattr(mnist_standin, "split_originals", lambda: (zeros, ones))
    (x_train, y_train), (x_test, y_test) = mnist_standin.make_standin()
    assert set(y_train) == {0} and set(y_test) == {1}
    # A zero is hollow: little ink in the middle, where a one has most of it.
    assert x_train[:, 12:16, 13:15].mean() < 60 < 150 < x_test[:, 12:16, 13:15].mean()


def test_the_classes_of_the_stand_in_are_balanced(standin):
    for _, labels in standin:
        counts = np.bincount(labels, minlength=10)
        assert counts.min() > 0.9 * len(labels) / 10 and counts.max() < 1.1 * len(labels) / 10


def test_the_order_of_the_stand_in_is_random(standin):
    (_, labels), _ = standin
    assert np.bincount(labels[:500], minlength=10).min() > 20


def test_stand_in_digits_are_centred_and_keep_clear_of_the_border_like_mnist(standin):
    (images, _), _ = standin
    places = np.arange(28)
    mass = images.sum((1, 2), dtype=np.int64)
    assert mass.min() > 0
    for sums in (images.sum(1, dtype=np.int64), images.sum(2, dtype=np.int64)):
        assert abs((sums @ places / mass).mean() - 13.5) < 0.3
        assert np.abs(sums @ places / mass - 13.5).max() < 4
    border = np.ones((28, 28), bool)
    border[1:-1, 1:-1] = False
    assert images[:, border].mean() < 2
    assert images.max() == 255


def test_labels_fit_the_images_of_the_stand_in(standin):
    (x_train, y_train), (x_test, y_test) = standin
    means = np.stack([x_train[y_train == digit].mean(0).ravel() for digit in range(10)])
    distances = ((x_test.reshape(len(x_test), 1, -1).astype(np.float32) - means.astype(np.float32)) ** 2).sum(2)
    assert (distances.argmin(1) == y_test).mean() > 0.7


# The original


@pytest.mark.real_data
@needs_real_mnist
def test_the_original_mnist_has_its_known_counts(monkeypatch, no_network, capsys):
    monkeypatch.setenv("LABS_DATA_DIR", REAL_DATA)
    (x_train, y_train), (x_test, y_test) = datasets.load_mnist()
    assert (x_train.shape, x_train.dtype) == ((60_000, 28, 28), np.uint8)
    assert (x_test.shape, x_test.dtype) == ((10_000, 28, 28), np.uint8)
    # Counts of each digit, as in the description of MNIST.
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert capsys.readouterr().out == "MNIST: original files from LABS_DATA_DIR (60 000 + 10 000 images)\n"


@pytest.mark.real_data
@needs_real_mnist
def test_the_catalogue_has_the_checksums_of_the_originals():
    known_md5 = (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    )
    for file, md5 in zip(catalog.MNIST.files, known_md5, strict=True):
        content = (Path(REAL_DATA) / file.path).read_bytes()
        assert hashlib.md5(content).hexdigest() == md5
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert len(content) == file.size
