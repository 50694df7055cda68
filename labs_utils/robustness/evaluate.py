"""Predictions in batches, and accuracy under an attack over the size of the perturbation."""

from collections.abc import Callable, Sequence

import numpy as np

Attack = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

BATCH = 256
TOLERANCE = 1e-5  # float32: x + ε - x is not ε to the last digit


def logits(model, images: np.ndarray, batch: int = BATCH) -> np.ndarray:
    """Outputs of `model` in inference mode (dropout off), computed in batches.

    Args:
        model: a Keras model.
        images: (n, height, width, channels).
        batch: images computed at once.

    Returns:
        (n, classes).
    """
    parts = [model(np.asarray(images[i : i + batch], "float32"), training=False) for i in range(0, len(images), batch)]
    return np.concatenate([np.asarray(part) for part in parts])


def probabilities(model, images: np.ndarray, batch: int = BATCH) -> np.ndarray:
    """Softmax of the `logits` of a model whose last layer has none: (n, classes)."""
    from scipy import special

    return special.softmax(logits(model, images, batch), axis=1)


def predicted(model, images: np.ndarray, batch: int = BATCH) -> np.ndarray:
    """The class with the largest logit, (n,)."""
    return np.argmax(logits(model, images, batch), axis=1)


def accuracy(model, images: np.ndarray, labels: np.ndarray, batch: int = BATCH) -> float:
    """Fraction of `images` for which the largest logit is that of the label."""
    return float(np.mean(predicted(model, images, batch) == np.ravel(labels)))


def accuracy_under(
    model, attack: Attack, images: np.ndarray, labels: np.ndarray, epsilons: Sequence[float], batch: int = BATCH
) -> list[float]:
    """Accuracy of `model` on attacked images, for each size of the perturbation.

    Args:
        model: a Keras model.
        attack: ``attack(images, labels, epsilon)``.
        images: (n, height, width, channels) in [0, 1].
        labels: (n,).
        epsilons: largest change of a pixel, in the units of the images.
        batch: images attacked at once.

    Raises:
        ValueError: the attack left [0, 1] or the ε-ball, or returned something that is no such batch; what it claims
            to show would then be worth nothing.
    """
    found = []
    for epsilon in epsilons:
        right = 0.0
        for start in range(0, len(images), batch):
            part, truth = images[start : start + batch], labels[start : start + batch]
            attacked = np.asarray(attack(part, truth, epsilon))
            _insist_on_promise(part, attacked, epsilon)
            right += accuracy(model, attacked, truth, batch) * len(part)
        found.append(right / len(images))
    return found


def _insist_on_promise(images: np.ndarray, attacked: np.ndarray, epsilon: float) -> None:
    if attacked.shape != images.shape:
        raise ValueError(f"the attack returned shape {attacked.shape} for images of shape {images.shape}")
    if not np.isfinite(attacked).all():
        raise ValueError("the attack returned nan or inf")
    if attacked.min() < -TOLERANCE or attacked.max() > 1 + TOLERANCE:
        raise ValueError(f"the attack left [0, 1]: its values lie in [{attacked.min():.4g}, {attacked.max():.4g}]")
    largest = np.abs(attacked - images).max()
    if largest > epsilon + TOLERANCE:
        raise ValueError(f"the attack changed a pixel by {largest:.4g}, more than ε = {epsilon:.4g}")


def face_groups(faces) -> list[tuple[np.ndarray, list[str]]]:
    """Two ways to sort the test faces into groups: numbers from 0, and the groups' names.

    Args:
        faces: as `labs_utils.datasets.load_faces` gives them. Portraits are sorted by skin and by label and hair;
            photographs, of which nothing is known, by how bright they are and by label.
    """
    labels, names, known = faces.y_test, faces.label_names, faces.attributes_test
    if "skin_tone" in known:
        lengths = ["short", "medium", "long", "covered"]
        hair = np.array([lengths.index(length) for length in known["hair_length"]])
        by_hair = [f"{name}, hair {length}" for name in names for length in lengths]
        return [
            (known["skin_tone"] - 1, [f"skin {k}" for k in ("1, lightest", 2, 3, 4, 5, "6, darkest")]),
            (len(lengths) * labels + hair, by_hair),
        ]
    brightness = faces.x_test.mean(axis=(1, 2, 3))
    thirds = np.digitize(brightness, np.quantile(brightness, [1 / 3, 2 / 3]))
    return [(thirds, ["dark picture", "medium", "bright picture"]), (labels, list(names))]
