"""What a lab's checks say about a contest of pictures that its students hand in beside their notebooks.

A checks module that has one says ``CONTEST = Contest(…)``; `labs_utils.grading.contest` holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Contest:
    """Who changes a picture least so that the own network errs.

    Attributes:
        network: name of the exercise that builds the untrained network.
        size: side of the pictures in pixels.
        budget: how many weights the network may have.
        sure: probability that the own network must give the original's label.
        accuracy: what the own network must reach on hidden pictures.
        hidden: of a seed, pictures (n, size, size, 3) in [0, 1] and their labels (n,).
    """

    network: str
    size: int
    budget: int
    sure: float
    accuracy: float
    hidden: Callable[[int], tuple[np.ndarray, np.ndarray]]
