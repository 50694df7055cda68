"""Networks side by side: each is what it would be alone."""

import keras
import numpy as np

from labs_utils import side_by_side
from labs_utils.side_by_side import accuracy, convolution, dense, learn, normalisation, pixels


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
    layers = convolution(6)
    outputs, ours = keras.Sequential(layers)(x), layers[-1]
    theirs = keras.layers.Conv2D(6, 3, strides=2, activation="relu")
    theirs.build((None, 14, 14, 1))
    for k in range(4):
        theirs.set_weights([np.reshape(ours.kernel[k], (3, 3, 1, 6)), np.ravel(ours.bias[k])])
        expected = np.reshape(theirs(x[:, k].reshape(-1, 14, 14, 1)), (5, 36, 6))
        assert np.allclose(outputs[:, k], expected, atol=1e-5)


def test_normalisation_keeps_the_networks_apart():
    x = np.random.default_rng(2).normal(size=(40, 2, 3)) * np.array([1, 100])[:, None] + np.array([0, 50])[:, None]
    outputs = keras.Sequential(normalisation(3, 2))(x.astype("float32"), training=True)
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


def test_a_training_takes_every_sample_once_in_an_epoch():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    x = np.arange(1, 101, dtype="float32")[:, None]  # with this loss each sample pulls the weight by itself / 50
    steps = side_by_side.train(model, keras.optimizers.SGD(1.0), lambda y, out: y * out[:, 0], x, x[:, 0] * 0 - 1, 4, 2)
    weights = [float(model.layers[0].kernel[0, 0]) for _ in steps]
    assert np.allclose(weights, [x.sum() / 50, 2 * x.sum() / 50])


def test_a_training_counts_penalties_and_drops_by_dropout():
    def trained(rate, x, loss, step):
        penalty = keras.regularizers.L2(0.5)
        ones = {"use_bias": False, "kernel_initializer": "ones", "kernel_regularizer": penalty}
        layers = [keras.layers.Dropout(rate, seed=1), keras.layers.Dense(1, **ones)]
        model = keras.Sequential([keras.Input((8,)), *layers])
        x = np.full((50, 8), x, "float32")
        list(side_by_side.train(model, keras.optimizers.SGD(step), loss, x, x[:, 0], 1, 1))
        return keras.ops.convert_to_numpy(model.layers[-1].kernel)[:, 0]

    assert np.allclose(trained(0, 0, lambda y, out: 0 * out[:, 0], 0.1), 0.9)  # the derivative of 0.5 w² is w
    for rate, alike in ((0, True), (0.5, False)):
        assert (np.ptp(trained(rate, 1, lambda y, out: out[:, 0], 1.0)) < 1e-6) == alike
