"""MobileNet with the best weights there are: ImageNet's, or the small ones that this project trained itself.

Architecture: A. G. Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications,
arXiv:1704.04861 (2017), as built by `keras.applications`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labs_utils import course
from labs_utils.datasets import catalog, sources
from labs_utils.datasets.download import socket_limit
from labs_utils.errors import LabsError

if TYPE_CHECKING:
    import keras

EMBEDDED = course.DATA / "mobilenet_025.npz"
IMAGENET, OWN = "ImageNet", "CIFAR-10 and drawn textures"
_SECONDS = 15


@dataclass(frozen=True)
class Pretrained:
    """A MobileNet and what is known about its weights."""

    model: "keras.Model"
    """Inputs (n, size, size, 3) float in [-1, 1], see `keras.applications.mobilenet.preprocess_input`."""
    source: str
    """``LABS_DATA_DIR``, ``the cache``, ``a download``, ``keras.applications``, ``embedded`` or ``random``."""
    trained_on: str
    """``ImageNet``, ``CIFAR-10 and drawn textures`` or ``nothing``."""
    alpha: float
    """Width: the number of filters of each layer relative to the original network."""
    class_names: tuple[str, ...]
    """What the network was trained to tell apart; its outputs, where it has its top."""

    def decode(self, probabilities: np.ndarray, top: int = 3) -> list[list[tuple[str, float]]]:
        """The most probable classes of each picture.

        Args:
            probabilities: (n, classes), outputs of the network with its top.
            top: how many classes to name.

        Returns:
            For each picture `top` pairs (name, probability), the most probable first.

        Raises:
            LabsError: the number of columns is not the number of classes.
        """
        probabilities = np.asarray(probabilities)
        if probabilities.ndim != 2 or probabilities.shape[1] != len(self.class_names):
            raise LabsError(
                f"decode needs probabilities of shape (pictures, {len(self.class_names)}), one column for each class; "
                f"got {probabilities.shape}"
            )
        best = np.argsort(-probabilities, axis=1)[:, :top]
        return [
            [(self.class_names[k], float(row[k])) for k in order]
            for row, order in zip(probabilities, best, strict=True)
        ]


def load_mobilenet(size: int, include_top: bool = False, weights: str = "best") -> Pretrained:
    """Loads MobileNet V1 with the best weights there are; prints one line that says which.

    In order: ImageNet weights from ``LABS_DATA_DIR``, the cache or a download (without the top: verified by SHA-256;
    with the top: `keras.applications` downloads into its own cache), then the weights embedded in this project, trained
    on CIFAR-10 and textures drawn by formula. ``LABS_OFFLINE=1`` goes straight to the embedded ones.

    Args:
        size: height and width of the pictures in pixels, at least 32.
        include_top: with the classifier, whose outputs are probabilities. With ImageNet weights the network is the one
            of full width then (α = 1), else the one of a quarter of it (α = 0.25).
        weights: ``best``; ``embedded`` for this project's own; ``random`` for the embedded network untrained (call
            `keras.utils.set_random_seed` before to have the same each time).

    Raises:
        LabsError: `size` or `weights` is not one of the above, or the embedded weights are missing.
    """
    if size < 32:
        raise LabsError(f"MobileNet needs pictures of at least 32 × 32 pixels, got size={size}")
    if weights not in ("best", "embedded", "random"):
        raise LabsError(f"weights must be 'best', 'embedded' or 'random', got {weights!r}")
    why = ""
    if weights == "best":
        try:
            network = _imagenet_with_top(size) if include_top else _imagenet_without_top(size)
        except sources.NotAvailable as reason:
            network, why = _embedded(size, include_top, trained=True), f" (ImageNet weights not available: {reason})"
    else:
        network = _embedded(size, include_top, trained=weights == "embedded")
    origin = {
        "random": "random weights",
        "embedded": f"trained on {network.trained_on}, embedded in this project",
    }.get(network.source, f"trained on {network.trained_on}, from {network.source}")
    print(f"MobileNet α={network.alpha}: {origin}{why}")
    return network


def _build(size: int, alpha: float, include_top: bool, weights: str | None = None, classes: int = 1000):
    import keras

    # Without the top `classes` must be left alone; a fixed name of the network keeps stored outputs the same.
    top = {"classes": classes} if include_top else {}
    return keras.applications.MobileNet(
        input_shape=(size, size, 3), alpha=alpha, include_top=include_top, weights=weights, name="mobilenet", **top
    )


def _imagenet_without_top(size: int) -> Pretrained:
    """Raises NotAvailable if the file is nowhere."""
    weights, names = sources.locate(catalog.MOBILENET.files)
    model = _build(size, 0.25, include_top=False, weights=str(weights.path))
    return Pretrained(model, sources.name_sources([weights]), IMAGENET, 0.25, _names_in(names.path))


def _imagenet_with_top(size: int) -> Pretrained:
    """Raises NotAvailable if the weights are in no local folder and cannot be downloaded."""
    (names,) = sources.locate([catalog.IMAGENET_CLASSES])
    local = sources.local_folder()
    found = sources.look_for(catalog.MOBILENET_WITH_TOP, [(sources.LOCAL, local)] if local else [])
    if found:
        return Pretrained(_build(size, 1.0, True, str(found.path)), found.source, IMAGENET, 1.0, _names_in(names.path))
    try:
        with socket_limit(_SECONDS):  # Keras' download has no limit of its own
            model = _build(size, 1.0, True, "imagenet")
    except Exception as error:  # Keras passes on whatever goes wrong in a download: its own, urllib's, the system's
        raise sources.NotAvailable(f"keras.applications could not download them: {error}") from error
    return Pretrained(model, "keras.applications", IMAGENET, 1.0, _names_in(names.path))


def _embedded(size: int, include_top: bool, trained: bool) -> Pretrained:
    try:
        with np.load(EMBEDDED) as stored:
            names = tuple(str(name) for name in stored["classes"])
            arrays = [stored[key].astype(np.float32) for key in sorted(set(stored.files) - {"classes"})]
    except (OSError, ValueError, KeyError) as error:
        raise LabsError(
            f"data/{EMBEDDED.name} is missing or damaged ({error}); get it from the repository again"
        ) from error
    model = _build(size, 0.25, include_top, classes=len(names))
    if not trained:
        return Pretrained(model, "random", "nothing", 0.25, names)
    model.set_weights(arrays[: len(model.weights)])
    return Pretrained(model, "embedded", OWN, 0.25, names)


def _names_in(path: Path) -> tuple[str, ...]:
    index = json.loads(path.read_text("utf-8"))
    return tuple(index[str(number)][1].replace("_", " ") for number in range(len(index)))
