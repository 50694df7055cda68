"""Networks side by side: each is what it would be alone."""

import keras
import numpy as np

from labs_utils import side_by_side
from labs_utils.side_by_side import accuracy, convolution, dense, learn, patches, pixels


def small_set(rng, networks):
    x = rng.uniform(size=(60, networks, 196)).astype("float32")
    return x, rng.integers(0, 10, size=(60, networks))


def test_a_network_does_not_see_the_data_of_another():
    rng = np.random.default_rng(0)
    x, y = small_set(rng, 2)
    other, others = x.copy(), y.copy()
    other[:, 1], others[:, 1] = rng.uniform(size=(60, 196)), 3
    curves = []
    for inputs, labels in ((x, y), (other, others)):
        parts = [dense(196, 8, 2, activation="relu"), dense(8, 10, 2)]
        curves.append(learn(inputs, labels, parts, (x, y), steps=20, look=10)[1])
    assert np.allclose(curves[0][:, 0], curves[1][:, 0], rtol=1e-5)
    assert not np.allclose(curves[0][:, 1], curves[1][:, 1], rtol=1e-2)


def test_the_convolution_is_that_of_keras():
    x = np.random.default_rng(1).uniform(size=(5, 4, 196)).astype("float32")
    ours = convolution(6)
    outputs = ours(patches(x))
    theirs = keras.layers.Conv2D(6, 3, strides=2, activation="relu")
    theirs.build((None, 14, 14, 1))
    for k in range(4):
        theirs.set_weights([np.reshape(ours.kernel[k], (3, 3, 1, 6)), np.ravel(ours.bias[k])])
        expected = np.reshape(theirs(x[:, k].reshape(-1, 14, 14, 1)), (5, 36, 6))
        assert np.allclose(outputs[:, k], expected, atol=1e-5)


def test_normalisation_keeps_the_networks_apart():
    x = np.random.default_rng(2).normal(size=(40, 2, 3)) * np.array([1, 100])[:, None] + np.array([0, 50])[:, None]
    outputs = keras.Sequential(side_by_side.normalisation(3, 2))(x.astype("float32"), training=True)
    assert np.allclose(np.mean(outputs, axis=0), 0, atol=1e-3)
    assert np.allclose(np.std(outputs, axis=0), 1, atol=1e-2)


def test_pixels_are_means_of_four():
    images = np.zeros((2, 28, 28), "uint8")
    images[0, 2, 3] = 255
    small = pixels(images).reshape(2, 14, 14)
    assert small[0, 1, 1] == 0.25 and small.sum() == 0.25


def test_accuracy_is_that_of_each_network():
    logits = np.eye(10)[[[1, 2], [3, 4]]]
    assert accuracy(lambda x: x, logits, np.array([[1, 0], [3, 4]])).tolist() == [1, 0.5]
