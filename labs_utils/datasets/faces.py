"""Faces with one of two labels: portraits of nobody by default, photographs on request, the same arrays from each.

The labels are those of a data set, not truths about a person. For the portraits they name the recipe that the drawing
programme followed. For photographs from Labeled Faces in the Wild they stand in `lfw_names.csv` beside this module: 64
public figures with eleven or more pictures in that collection, under the word by which press and encyclopaedias speak
of them. (Annotations of the whole collection: M. Afifi and A. Abdelhamed, AFIF4: Deep gender classification based on
AdaBoost-based fusion of isolated facial features and foggy faces, J. Vis. Commun. Image Represent. 62, 2019.) To have
a name removed, open an issue at the repository of this course, or delete the line: the loader works with those that
remain.
"""

import csv
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from labs_utils.datasets import sources
from labs_utils.datasets.download import socket_limit
from labs_utils.datasets.image_folder import load_image_folder
from labs_utils.errors import LabsError
from labs_utils.litter import is_litter

TRAIN_COUNT = 3000
TEST_COUNT = 1000
TEST_SHARE = 0.25
"""Share of the photographs kept for testing."""
NAMES = Path(__file__).with_name("lfw_names.csv")
_MOST = 20  # pictures of one person: nobody fills the data set alone
_BOX = (50, 45, 200, 195)  # left, upper, right, lower: head and hair in a picture of 250x250 pixels
_PATIENCE = 30.0  # seconds without a byte, after which a server is given up


@dataclass(frozen=True)
class Faces:
    """Faces for training and testing, whatever their source."""

    x_train: np.ndarray
    """(n, size, size, 3) uint8."""
    y_train: np.ndarray
    """(n,) int64, 0 or 1."""
    x_test: np.ndarray
    """(m, size, size, 3) uint8."""
    y_test: np.ndarray
    """(m,) int64, 0 or 1."""
    label_names: tuple[str, str]
    """What the data set calls label 0 and label 1."""
    attributes_train: dict[str, np.ndarray]
    """What is known about each training picture, name to (n,): of portraits everything, of photographs the ``person``
    (LFW) or the ``path`` (a folder)."""
    attributes_test: dict[str, np.ndarray]
    """The same about each test picture, name to (m,)."""
    source: str
    """``portraits``, ``lfw`` or ``folder``: what the pictures really are."""


def load_faces(size: int = 64, *, seed: int = 0, source: str | os.PathLike = "portraits") -> Faces:
    """Loads faces with one of two labels and says in one line which.

    Args:
        size: side of the pictures in pixels.
        seed: chooses the portraits drawn, or which photographs are for testing.
        source: ``"portraits"``: synthetic ones, drawn by `labs_utils.datasets.portraits` (3000 + 1000). ``"lfw"``:
            photographs from Labeled Faces in the Wild, up to 20 of each of 64 public figures, as many of either label;
            nobody is in both training and test. They are read from ``lfw_home`` in the folder ``LABS_DATA_DIR``, in
            scikit-learn's data folder or in the cache, or else downloaded once (233 MB); where that fails or
            ``LABS_OFFLINE`` is set, a note says so and portraits come instead. Anything else: a folder with two
            subfolders of pictures, one in four of each for testing.

    Raises:
        LabsError: `source` is a folder that does not serve; the message says what to do.
    """
    if source == "portraits":
        faces = _draw(size, seed)
        return _announce(faces, "synthetic portraits, drawn by labs_utils (load_faces explains how to get photographs)")
    if source == "lfw":
        try:
            faces = _load_lfw(size, seed)
        except sources.NotAvailable as reason:
            faces = _draw(size, seed)
            return _announce(faces, f"LFW is not available ({reason}); using synthetic portraits, drawn by labs_utils")
        people = len(np.unique(np.concatenate([faces.attributes_train["person"], faces.attributes_test["person"]])))
        return _announce(faces, f"photographs of {people} people from Labeled Faces in the Wild")
    return _announce(_load_folder(source, size, seed), f"pictures from {source}")


def _announce(faces: Faces, what: str) -> Faces:
    print(f"Faces: {what} ({len(faces.y_train)} + {len(faces.y_test)} images)")
    return faces


def _draw(size: int, seed: int) -> Faces:
    from labs_utils.datasets.portraits import draw_portraits

    train, test = draw_portraits(TRAIN_COUNT, 2 * seed, size=size), draw_portraits(TEST_COUNT, 2 * seed + 1, size=size)
    return Faces(
        *(train.images, train.labels, test.images, test.labels),
        train.label_names,
        train.attributes,
        test.attributes,
        "portraits",
    )


def _load_folder(folder: str | os.PathLike, size: int, seed: int) -> Faces:
    """Pictures from a folder with two subfolders, split at random within each.

    Raises:
        LabsError: the folder has not exactly two subfolders with four pictures each.
    """
    from sklearn.model_selection import train_test_split

    pictures = load_image_folder(folder, size, at_least=4)
    if len(pictures.class_names) != 2:
        raise LabsError(
            f"{str(folder)!r} has {len(pictures.class_names)} subfolders ({', '.join(pictures.class_names)}); "
            "faces need exactly two, one for each label"
        )
    places = np.arange(len(pictures.labels))
    train, test = train_test_split(places, test_size=TEST_SHARE, stratify=pictures.labels, random_state=seed)
    return _split(pictures.images, pictures.labels, train, test, pictures.class_names, "path", pictures.paths, "folder")


def _load_lfw(size: int, seed: int) -> Faces:
    """Photographs of the people in the table of names, as many of either label, nobody in both parts.

    Raises:
        NotAvailable: the photographs are nowhere and cannot be downloaded, or too few of the people are there.
    """
    if sources.is_offline():
        raise sources.NotAvailable("LABS_OFFLINE is set")
    folder = _find_lfw()
    label_names = ("female", "male")
    images, labels, people, damaged = [], [], [], []
    with NAMES.open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            for path in _photographs(folder / row["name"]):
                try:
                    images.append(_read_photograph(path, size))
                except (OSError, ValueError) as error:
                    damaged.append(f"{path.name} ({error})")
                    continue
                labels.append(label_names.index(row["label"]))
                people.append(row["name"].replace("_", " "))
    if damaged:
        print(f"note: {len(damaged)} damaged photographs of LFW are left out, the first is {damaged[0]}")
    labels, people = np.array(labels, np.int64), np.array(people)
    if any(len(np.unique(people[labels == label])) < 2 for label in (0, 1)):
        raise sources.NotAvailable(f"{folder} holds fewer than two people of a label in {NAMES.name}")
    train, test = _split_by_person(labels, people, np.random.default_rng(seed))
    return _split(np.stack(images), labels, train, test, label_names, "person", people, "lfw")


def _find_lfw() -> Path:
    """The folder with one subfolder a person; downloads it into the cache if it is nowhere.

    Raises:
        NotAvailable: the download failed.
    """
    homes = [sources.local_folder(), Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser()]
    for home in [*homes, sources.cache_folder()]:
        if home is not None and (folder := home / "lfw_home" / "lfw_funneled").is_dir():
            return folder
    from sklearn.datasets import fetch_lfw_people

    home = sources.cache_folder()
    print("Faces: downloading Labeled Faces in the Wild, 233 MB, once; this takes some minutes")
    try:
        with socket_limit(_PATIENCE):
            # It checks and unpacks the archive. The arrays it returns would hold everybody at once, and to make them it
            # writes beside the pictures: the course reads what it needs itself, from shared folders as well.
            fetch_lfw_people(data_home=str(home), color=True, resize=0.5, min_faces_per_person=500)
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise sources.NotAvailable(f"it could not be downloaded: {error}") from error
    return home / "lfw_home" / "lfw_funneled"


def _photographs(folder: Path) -> list[Path]:
    """The pictures of one person that the data set may take."""
    return [path for path in sorted(folder.glob("*.jpg")) if not is_litter(path.name)][:_MOST]


def _read_photograph(path: Path, size: int) -> np.ndarray:
    """The head in one picture of LFW, (size, size, 3) uint8.

    Raises:
        OSError, ValueError: the file is damaged.
    """
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.LANCZOS, box=_BOX))


def _split_by_person(
    labels: np.ndarray, people: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Places for training and for testing: no person in both, as many pictures of either label in each, shuffled."""
    parts: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for label in (0, 1):
        names = generator.permutation(np.unique(people[labels == label]))
        ends = np.cumsum([np.sum(people == name) for name in names])
        tested = names[: np.clip(np.searchsorted(ends, TEST_SHARE * ends[-1]) + 1, 1, len(names) - 1)]
        in_test = np.isin(people, tested)
        parts[0].append(np.flatnonzero((labels == label) & ~in_test))
        parts[1].append(np.flatnonzero((labels == label) & in_test))
    balanced = []
    for part in parts:
        fewest = min(len(places) for places in part)
        chosen = np.concatenate([generator.permutation(places)[:fewest] for places in part])
        balanced.append(generator.permutation(chosen))
    return balanced[0], balanced[1]


def _split(images, labels, train, test, label_names, known, values, source) -> Faces:
    """Faces with `train` and `test` taken from `images`, and one attribute, `known`, with its `values`."""
    values = np.array(values)
    return Faces(
        *(images[train], labels[train], images[test], labels[test]),
        label_names,
        {known: values[train]},
        {known: values[test]},
        source,
    )
