"""How a classifier of pictures holds out under attack: the evaluator and its pictures.

The attacks themselves stand in lab 09, in full view. Here an *attack* is any function
``attack(images, labels, epsilon)`` that returns pictures within ``epsilon`` of `images` in every pixel and channel.
"""

from labs_utils.robustness.evaluate import accuracy, accuracy_under, logits, probabilities
from labs_utils.robustness.pictures import attack_figure, magnified

__all__ = ["accuracy", "accuracy_under", "attack_figure", "logits", "magnified", "probabilities"]
