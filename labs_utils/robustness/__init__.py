"""How a classifier of pictures holds out under attack: the evaluator and its pictures.

The attacks themselves stand in lab 09, in full view. Here an *attack* is any function
``attack(images, labels, epsilon)`` that returns pictures within ``epsilon`` of `images` in every pixel and channel.
"""

from labs_utils.robustness.evaluate import accuracy, accuracy_under, face_groups, logits, predicted, probabilities
from labs_utils.robustness.pictures import (
    accuracy_figure,
    attack_figure,
    circled,
    curves_and_pictures,
    magnified,
    target_figure,
)
from labs_utils.robustness.pixel import worst_pixel
from labs_utils.robustness.training import fit, traced
from labs_utils.robustness.transformations import covered, shifted, turned

__all__ = [
    "accuracy",
    "accuracy_figure",
    "accuracy_under",
    "attack_figure",
    "circled",
    "covered",
    "curves_and_pictures",
    "face_groups",
    "fit",
    "logits",
    "magnified",
    "predicted",
    "probabilities",
    "shifted",
    "target_figure",
    "traced",
    "turned",
    "worst_pixel",
]
