"""Small pictures of a road from above whose vehicles are counted, for a network that is told three words only.

The idea is the traffic density of the course's lecture on visualisation tools: low, medium or high.
"""

from typing import NamedTuple

import numpy as np

SIDE = 48
DENSITIES = ("low", "medium", "high")
RANGES = ((0, 3), (5, 8), (10, 14))
"""Smallest and largest number of vehicles of each density; 4 and 9 belong to none."""
_ROAD = (8, 40)  # first column of the road, and the first one beside it
_LANES, _ROWS, _SLOT = 4, 6, 8  # a grid of 24 slots of 8 x 8 pixels, at most one vehicle in each


class Roads(NamedTuple):
    """What `make_roads` returns.

    Attributes:
        images: (n, 48, 48, 3) float32 from 0 to 1.
        labels: (n,) int64, index into `DENSITIES`.
        counts: (n,) int64, vehicles on the road.
        vehicles: (n, 48, 48) bool, their pixels.
    """

    images: np.ndarray
    labels: np.ndarray
    counts: np.ndarray
    vehicles: np.ndarray


def make_roads(n: int, seed: int) -> Roads:
    """Draws `n` roads, the same for the same arguments: each density is equally likely, and each number within it.

    Bushes beside the road have the sizes and colours of vehicles, so that colour alone tells nothing.
    """
    rng = np.random.default_rng([seed, 4])
    labels = rng.integers(0, len(RANGES), n)
    low, high = np.array(RANGES)[labels].T
    counts = rng.integers(low, high + 1)
    grey = rng.uniform(0.25, 0.4, (n, 1, 1, 1))
    images = np.broadcast_to(grey * rng.uniform(0.7, 1.1, (n, 1, 1, 3)), (n, SIDE, SIDE, 3)).copy()
    images[:, :, _ROAD[0] : _ROAD[1]] = grey
    for border in range(_ROAD[0], _ROAD[1] + 1, _SLOT):
        images[:, ::4, border] = 0.7  # dotted lines between the lanes
    vehicles = np.zeros((n, SIDE, SIDE), bool)
    for image, vehicle, count in zip(images, vehicles, counts, strict=True):
        for slot in rng.choice(_LANES * _ROWS, count, replace=False):
            row, lane = divmod(int(slot), _LANES)
            top = row * _SLOT + int(rng.integers(0, 3))
            left = _ROAD[0] + lane * _SLOT + int(rng.integers(2, 4))
            vehicle[top : top + 6, left : left + 4] = True
            image[top : top + 6, left : left + 4] = _bright(rng)
        for _ in range(int(rng.integers(0, 7))):
            top, left = int(rng.integers(0, SIDE - 6)), int(rng.choice([1, 2, 3, 42, 43, 44]))
            image[top : top + 6, left : left + 4] = _bright(rng)
    images += 0.03 * rng.standard_normal(images.shape)
    return Roads(images.clip(0, 1).astype(np.float32), labels, counts, vehicles)


def _bright(rng: np.random.Generator) -> np.ndarray:
    colour = rng.uniform(0.35, 1, 3)
    return colour / colour.max()
