"""What the embedded MobileNet is trained on, and that its weights survive being stored."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from labs_utils import pretrained
from labs_utils.datasets import drawn_textures
from labs_utils.errors import LabsError
from labs_utils.experiments import mobilenet


@pytest.fixture(scope="module")
def drawn():
    return drawn_textures.draw(6, seed=3)


def test_textures_are_pictures_with_something_on_them(drawn):
    pictures, labels = drawn
    assert (pictures.shape, pictures.dtype) == ((6 * len(drawn_textures.NAMES), 64, 64, 3), np.uint8)
    assert np.array_equal(np.bincount(labels), [6] * len(drawn_textures.NAMES))
    assert (pictures.std((1, 2)).max(1) > 5).all()


def test_textures_are_the_same_for_a_seed_and_new_for_another(drawn):
    assert np.array_equal(drawn_textures.draw(6, seed=3)[0], drawn[0])
    assert not np.array_equal(drawn_textures.draw(6, seed=4)[0], drawn[0])


def test_no_two_textures_of_a_class_are_alike(drawn):
    pictures, labels = drawn
    for label in range(len(drawn_textures.NAMES)):
        flat = pictures[labels == label].reshape(6, -1).astype(float)
        assert (np.corrcoef(flat)[np.triu_indices(6, 1)] < 0.9).all(), drawn_textures.NAMES[label]


def test_a_training_batch_mixes_both_kinds_in_the_range_of_the_network(drawn):
    pytest.importorskip("tensorflow")
    photographs = np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8), np.full(200, 4)
    pictures, labels = next(iter(mobilenet._batches(photographs, drawn, first_texture=10)))
    assert pictures.shape == (128, 64, 64, 3)
    assert -1 <= float(pictures.numpy().min()) < -0.5 and 0.5 < float(pictures.numpy().max()) <= 1
    assert (labels.numpy()[: mobilenet.PHOTOGRAPHS] == 4).all() and (
        labels.numpy()[mobilenet.PHOTOGRAPHS :] >= 10
    ).all()


def test_cifar10_is_read_from_its_archive(monkeypatch, tmp_path):
    (tmp_path / "cifar10").mkdir()
    with zipfile.ZipFile(tmp_path / "cifar10" / "cifar10_jpeg.zip", "w") as archive:
        for split, name, shade in (("train", "cat", 10), ("train", "airplane", 200), ("test", "cat", 90)):
            stream = io.BytesIO()
            Image.new("RGB", (32, 32), (shade, shade, shade)).save(stream, "JPEG")
            archive.writestr(f"{split}/{name}/0000.jpg", stream.getvalue())
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path))
    (x_train, y_train), (x_test, y_test), names = mobilenet.load_cifar10()
    assert names == ("airplane", "cat")
    assert x_train.shape == (2, 32, 32, 3) and x_train[:, 0, 0, 0].tolist() == [200, 10] and y_train.tolist() == [0, 1]
    assert x_test[0, 5, 5, 1] == 90 and y_test.tolist() == [1]


def test_without_cifar10_the_training_says_what_it_needs(monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path))
    with pytest.raises(LabsError, match="cifar10/cifar10_jpeg.zip"):
        mobilenet.load_cifar10()


def test_stored_weights_come_back_to_three_digits(monkeypatch, tmp_path):
    keras = pytest.importorskip("keras")
    model = keras.applications.MobileNet(input_shape=(64, 64, 3), alpha=0.25, weights=None, classes=3)
    for module, name in ((mobilenet, "WEIGHTS"), (pretrained, "EMBEDDED")):
        monkeypatch.setattr(module, name, tmp_path / "mobilenet_025.npz")
    mobilenet.save_weights(model, ("a", "b", "c"))
    loaded = pretrained.load_mobilenet(64, include_top=True, weights="embedded")
    assert loaded.class_names == ("a", "b", "c")
    for got, expected in zip(loaded.model.get_weights(), model.get_weights(), strict=True):
        assert np.allclose(got, expected, rtol=1e-3, atol=1e-6)
