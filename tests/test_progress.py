"""A long training is never silent."""

import re

import numpy as np
import pytest

from labs_utils.progress import loss_line


@pytest.mark.parametrize("together", [1, 3])
def test_a_training_tells_how_its_loss_falls_four_times_an_epoch(capsys, together):
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse", steps_per_execution=together)
    x = np.random.default_rng(0).normal(size=(120, 2))
    model.fit(x, x.sum(axis=1), batch_size=10, epochs=2, callbacks=[loss_line(parts=4)], verbose=0)
    assert re.fullmatch(r"loss so far: (\d\.\d{3} ){4}\| (\d\.\d{3} ){4}\n", capsys.readouterr().out)


def test_an_epoch_of_fewer_batches_than_parts_tells_each_of_them(capsys):
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    x = np.ones((20, 2))
    model.fit(x, x.sum(axis=1), batch_size=10, callbacks=[loss_line(parts=4)], verbose=0)
    assert len(capsys.readouterr().out.split()) == 3 + 2
