"""The attack that changes one pixel, found without a gradient."""

import numpy as np

from labs_utils.robustness.evaluate import probabilities


def worst_pixel(model, image: np.ndarray, label: int, seed: int = 0) -> np.ndarray:
    """The picture with the one pixel that lowers the label's probability most, as differential evolution finds it.

    A candidate is five numbers, row, column, red, green and blue; eleven crowds of forty are tried. J. Su,
    D. V. Vargas and K. Sakurai, One pixel attack for fooling deep neural networks, IEEE Trans. Evol. Comput. 23 (2019).

    Args:
        model: a Keras model that gives logits.
        image: (height, width, 3) in [0, 1].
        label: the answer to be driven away.
        seed: of the search.
    """
    from scipy import optimize

    def painted(candidate: np.ndarray) -> np.ndarray:
        changed = image.copy()
        changed[int(candidate[0]), int(candidate[1])] = candidate[2:]
        return changed

    def probability(crowd: np.ndarray) -> np.ndarray:  # (5, candidates) → (candidates,)
        return probabilities(model, np.stack([painted(candidate) for candidate in crowd.T]))[:, label]

    height, width = image.shape[:2]
    bounds = [(0, height - 1e-3), (0, width - 1e-3), (0, 1), (0, 1), (0, 1)]
    found = optimize.differential_evolution(
        probability, bounds, maxiter=10, popsize=8, updating="deferred", vectorized=True, polish=False, seed=seed
    )
    return painted(found.x)
