"""The networks and landscapes of lab 03: gradients against differences, stacks against single networks."""

import numpy as np
import pytest

from labs_utils.experiments import optimisers as nets
from labs_utils.plots import descent

SGD = (0, lambda w, g, t, rate: (w - rate * g,))


def some_data(rng, n=12):
    return rng.normal(size=(n, 5)), np.eye(3)[rng.integers(0, 3, size=n)]


@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "ReLU"])
def test_gradients_are_those_of_the_loss(kind):
    rng = np.random.default_rng(0)
    x, y = some_data(rng)
    weights = [w.astype(float) + 0.01 for w in nets.network((5, 4, 6, 3), 1)]
    gradients = nets.gradients_of(weights, x, y, kind)
    for k, w in enumerate(weights):
        for index in np.ndindex(w.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [array.copy() for array in weights]
                moved[k][index] += step
                ends.append(nets.loss_of(moved, x, y, kind))
            assert gradients[k][index] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_networks_side_by_side_learn_what_each_learns_alone():
    x, y = some_data(np.random.default_rng(0), 40)
    alone = [nets.network((5, 8, 3), seed) for seed in (0, 1)]
    rates = np.array([0.1, 0.3]).reshape(2, 1, 1)
    together, seen = nets.fit(
        nets.side_by_side(alone), x, y, SGD, lambda t: rates, 20, 8, watch=lambda w: nets.loss_of(w, x, y)
    )
    assert seen.shape == (4, 2)
    for k, (weights, rate) in enumerate(zip(alone, (0.1, 0.3), strict=True)):
        end, _ = nets.fit(weights, x, y, SGD, lambda t, r=rate: r, 20, 8)
        for one, stack in zip(end, together, strict=True):
            np.testing.assert_allclose(stack[k], one, rtol=1e-4, atol=1e-5)


def test_fitting_leaves_the_start_as_it_was():
    x, y = some_data(np.random.default_rng(0))
    start = nets.network((5, 8, 3), 0)
    before = [w.copy() for w in start]
    nets.fit(start, x, y, SGD, lambda t: 0.1, 5, 4)
    assert all(np.array_equal(a, b) for a, b in zip(start, before, strict=True))


@pytest.mark.parametrize("name", descent.LANDSCAPES)
def test_a_landscapes_gradient_is_that_of_its_height_and_its_goal_a_minimum(name):
    height, gradient, window, _, goal = descent.LANDSCAPES[name]
    w = np.random.default_rng(0).uniform(-1, 1, size=(9, 2))
    step = 1e-6 * np.eye(2)
    for k in (0, 1):
        up, down = height(*(w + step[k]).T), height(*(w - step[k]).T)
        np.testing.assert_allclose(gradient(w)[:, k], (up - down) / 2e-6, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient(np.array(goal, float)), 0, atol=1e-12)
    x0, x1, y0, y1 = window
    assert x0 < goal[0] < x1 and y0 < goal[1] < y1
