"""The MobileNet of labs 08 and 10: the best weights there are, announced; the project's own ones are worth having."""

import dataclasses
import os
import socket

import numpy as np
import pytest
import skimage.data
from PIL import Image

from labs_utils import pretrained
from labs_utils.datasets import catalog
from labs_utils.errors import LabsError
from labs_utils.pretrained import load_mobilenet
from tests.local_server import closed_port_url

keras = pytest.importorskip("keras")


def pictures(*arrays, size):
    """Photographs as the network wants them: (n, size, size, 3) in [-1, 1]."""
    resized = [Image.fromarray(array).convert("RGB").resize((size, size), Image.BICUBIC) for array in arrays]
    return keras.applications.mobilenet.preprocess_input(np.stack(resized).astype("float32"))


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("LABS_OFFLINE", "1")


@pytest.fixture
def unreachable(monkeypatch, tmp_path):
    """Nothing in a cache, and mirrors that do not answer."""
    monkeypatch.delenv("LABS_OFFLINE", raising=False)
    monkeypatch.setenv("LABS_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("LABS_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "local" / "mobilenet").mkdir(parents=True)
    away = tuple(dataclasses.replace(file, mirrors=(closed_port_url(),)) for file in catalog.MOBILENET.files)
    monkeypatch.setattr(catalog, "MOBILENET", dataclasses.replace(catalog.MOBILENET, files=away))
    monkeypatch.setattr(catalog, "IMAGENET_CLASSES", away[1])
    return tmp_path / "local" / "mobilenet"


def test_offline_the_embedded_weights_are_used_and_said(offline, capsys):
    network = load_mobilenet(64)
    assert (network.source, network.alpha) == ("embedded", 0.25)
    assert network.model.output_shape == (None, 2, 2, 256)
    output = capsys.readouterr().out
    assert output == (
        "MobileNet α=0.25: trained on CIFAR-10 and drawn textures, embedded in this project "
        "(ImageNet weights not available: LABS_OFFLINE is set)\n"
    )


def test_with_its_top_the_network_names_what_it_sees(offline):
    network = load_mobilenet(96, include_top=True)
    assert network.model.output_shape == (None, len(network.class_names))
    assert {"airplane", "truck", "weave"} <= set(network.class_names)
    probabilities = network.model.predict(pictures(skimage.data.chelsea(), size=96), verbose=0)
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)
    ((best, *_),) = network.decode(probabilities, top=2)
    assert best == (network.class_names[probabilities.argmax()], pytest.approx(float(probabilities.max())))


def test_both_forms_share_their_features(offline):
    x = pictures(skimage.data.astronaut(), size=64)
    full, base = load_mobilenet(64, include_top=True).model, load_mobilenet(64).model
    inner = keras.Model(full.input, full.get_layer("conv_pw_13_relu").output)
    assert np.allclose(inner.predict(x, verbose=0), base.predict(x, verbose=0), atol=1e-4)


def test_random_weights_follow_the_seed_and_are_not_the_trained_ones(offline, capsys):
    def kernel(weights):
        keras.utils.set_random_seed(5)
        return load_mobilenet(64, weights=weights).model.get_weights()[0]

    assert np.array_equal(kernel("random"), kernel("random"))
    assert not np.allclose(kernel("random"), kernel("embedded"), atol=0.01)
    assert "random weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"), [({"size": 16}, "at least 32"), ({"size": 64, "weights": "imagenet"}, "'best', 'embedded'")]
)
def test_a_wrong_argument_is_named(arguments, says):
    with pytest.raises(LabsError, match=says):
        load_mobilenet(**arguments)


def test_decode_wants_one_column_for_each_class(offline):
    with pytest.raises(LabsError, match="one column for each class"):
        load_mobilenet(64).decode(np.ones((1, 7)))


def test_a_damaged_file_is_named_and_the_embedded_weights_take_over(unreachable, capsys):
    (unreachable / "mobilenet_2_5_224_tf_no_top.h5").write_bytes(b"half a file")
    assert load_mobilenet(64).source == "embedded"
    output = capsys.readouterr().out
    assert "mobilenet_2_5_224_tf_no_top.h5 in LABS_DATA_DIR is damaged" in output
    assert "could not be downloaded" in output


def test_where_keras_cannot_download_the_embedded_network_serves_with_its_top(unreachable, monkeypatch, capsys):
    build, seen = keras.applications.MobileNet, []

    def without_network(**arguments):
        if arguments["weights"] == "imagenet":
            seen.append(socket.getdefaulttimeout())
            raise Exception("URL fetch failure")
        return build(**arguments)

    monkeypatch.setattr(keras.applications, "MobileNet", without_network)
    monkeypatch.setattr(pretrained.sources, "locate", lambda files: [None])
    assert load_mobilenet(64, include_top=True).source == "embedded"
    assert "URL fetch failure" in capsys.readouterr().out
    assert seen == [15] and socket.getdefaulttimeout() is None


def test_missing_embedded_weights_are_an_error_that_names_the_file(offline, monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "EMBEDDED", tmp_path / "mobilenet_025.npz")
    with pytest.raises(LabsError, match=r"data/mobilenet_025.npz is missing"):
        load_mobilenet(64)


@pytest.mark.real_data
@pytest.mark.skipif(not os.environ.get("LABS_DATA_DIR"), reason="needs ImageNet weights in LABS_DATA_DIR")
def test_imagenet_weights_come_from_the_local_folder(capsys):
    network = load_mobilenet(96)
    assert (network.source, network.trained_on, network.alpha) == ("LABS_DATA_DIR", "ImageNet", 0.25)
    assert "trained on ImageNet, from LABS_DATA_DIR" in capsys.readouterr().out
    with_top = load_mobilenet(224, include_top=True)
    names = [name for name, _ in with_top.decode(with_top.model.predict(pictures(skimage.data.chelsea(), size=224)))[0]]
    assert with_top.alpha == 1.0 and names[0] == "Egyptian cat"
