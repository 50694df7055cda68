"""Small coloured scenes whose objects stand in boxes that are known, so that a map of "where" can be measured.

Each scene shows one or more shapes of random colour, size, angle and place on a coloured ground among thin strokes.
Colour and place say nothing about the class: only the shape does, unless a *source tag* is asked for, a line of small
letters in the lower left corner, as in the horse photographs of S. Lapuschkin et al., "Unmasking Clever Hans
predictors and assessing what machines really learn", Nature Communications 10 (2019).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SIDE = 48
SHAPES = ("disc", "square", "triangle", "cross", "ring")
RADII = (6.0, 11.0)
TAG_BOX = (41, 2, 46, 31)
STROKES = 6
_CHUNK = 250  # scenes drawn at once: small arrays stay in the processor's cache
_MARGIN = 13  # what a shape reaches around its centre, and the canvas around the picture
# The five rows of the source tag's letters, "(C)SHAPE".
_TAG_ROWS = (
    ".# ### #. ### #.# ### ### ###",
    "#. #.. .# #.. #.# #.# #.# #..",
    "#. #.. .# ### ### ### ### ###",
    "#. #.. .# ..# #.# #.# #.. #..",
    ".# ### #. ### #.# #.# #.. ###",
)


class Scenes(NamedTuple):
    """What `make_scenes` returns.

    Attributes:
        images: (n, 48, 48, 3) float32 from 0 to 1.
        labels: (n,) int64, index into `SHAPES`; (n, k) for k objects a scene.
        boxes: (n, 4) int64, rows and columns ``top, left, bottom, right`` of the object: its pixels are
            ``image[top:bottom, left:right]``; (n, k, 4) for k objects.
    """

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray


def make_scenes(
    n: int,
    seed: int,
    *,
    objects: int = 1,
    tagged: Sequence[str] = (),
    tag_rate: float = 1.0,
    centred: bool = False,
) -> Scenes:
    """Draws `n` scenes, the same for the same arguments.

    The tag is drawn last, from random numbers of its own: with and without it the scenes are otherwise equal.

    Args:
        n: number of scenes.
        seed: of all random choices.
        objects: shapes in each scene, of different classes and in boxes that do not overlap; 1 or 2.
        tagged: names of the classes whose scenes carry the source tag; with two objects the first one counts.
        tag_rate: probability that a scene of these classes carries it.
        centred: put a single large object, almost upright, into the middle and leave the strokes out.

    Returns:
        Images, labels and boxes.

    Raises:
        ValueError: an argument is out of range or names an unknown shape.
    """
    if objects not in (1, 2):
        raise ValueError(f"objects={objects}: a scene has room for 1 or 2")
    if centred and objects != 1:
        raise ValueError("centred scenes hold a single object: use objects=1")
    unknown = sorted(set(tagged) - set(SHAPES))
    if unknown:
        raise ValueError(f"tagged={list(tagged)}: the shapes are {', '.join(SHAPES)}")
    if not 0 <= tag_rate <= 1:
        raise ValueError(f"tag_rate={tag_rate}: a probability lies between 0 and 1")
    sizes = [min(_CHUNK, n - start) for start in range(0, n, _CHUNK)]
    parts = [_draw(size, np.random.default_rng([seed, k]), objects, centred) for k, size in enumerate(sizes)]
    images = np.concatenate([part.images for part in parts]) if parts else np.empty((0, SIDE, SIDE, 3), np.float32)
    labels = np.concatenate([part.labels for part in parts]) if parts else np.empty((0, objects), np.int64)
    boxes = np.concatenate([part.boxes for part in parts]) if parts else np.empty((0, objects, 4), np.int64)
    carries = np.isin(labels[:, 0], [SHAPES.index(name) for name in tagged])
    carries &= np.random.default_rng([seed, 10_000]).random(n) < tag_rate
    images[carries] = add_tag(images[carries])
    return Scenes(images, labels[:, 0], boxes[:, 0]) if objects == 1 else Scenes(images, labels, boxes)


def add_tag(images: np.ndarray) -> np.ndarray:
    """Copies of `images` (n, 48, 48, 3) that carry the source tag in `TAG_BOX`: white letters on black."""
    top, left, bottom, right = TAG_BOX
    letters = np.array([[mark == "#" for mark in row] for row in _TAG_ROWS])
    copies = images.copy()
    copies[:, top - 1 : bottom + 1, left - 1 : right + 1] = 0.05
    copies[:, top:bottom, left:right] = np.where(letters, 0.95, 0.05)[..., None]
    return copies


def _draw(n: int, rng: np.random.Generator, objects: int, centred: bool) -> Scenes:
    labels = np.argsort(rng.random((n, len(SHAPES))), axis=1)[:, :objects]
    ground = rng.uniform(0, 0.45, (n, 1, 1, 3)).astype(np.float32)
    slopes = rng.normal(0, 0.12, (2, n, 1, 1, 3)).astype(np.float32)
    ramp = np.linspace(-0.5, 0.5, SIDE, dtype=np.float32)[:, None]
    canvas = np.zeros((n, SIDE + 2 * _MARGIN, SIDE + 2 * _MARGIN, 3), np.float32)
    images = canvas[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    images[:] = ground + ramp[:, None] * slopes[0] + ramp * slopes[1]
    for _ in range(0 if centred else STROKES):
        _draw_stroke(canvas, rng)
    boxes = np.empty((n, objects, 4), np.int64)
    centres, radii = _places(n, objects, centred, rng)
    angles = rng.uniform(-0.35, 0.35, (n, objects)) * (0.5 if centred else 1)
    for k in range(objects):
        boxes[:, k] = _draw_shape(canvas, labels[:, k], centres[:, k], radii[:, k], angles[:, k], rng)
    images += 0.03 * rng.standard_normal(images.shape, np.float32)
    return Scenes(images.clip(0, 1), labels, boxes)


def _places(n: int, objects: int, centred: bool, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n, objects, 2) and radii (n, objects); two objects keep clear of each other."""
    if centred:
        return np.full((n, 1, 2), (SIDE - 1) / 2), rng.uniform(0.8, 1, (n, 1)) * RADII[1]
    low, high = RADII if objects == 1 else (RADII[0], 0.8 * RADII[1])
    radii = rng.uniform(low, high, (n, objects))
    edge = 1.15 * radii[..., None]
    centres = edge + rng.random((n, objects, 2)) * (SIDE - 1 - 2 * edge)
    while objects == 2:
        gap = np.abs(centres[:, 0] - centres[:, 1]).max(axis=1)
        near = np.flatnonzero(gap < 1.15 * radii.sum(axis=1) + 1)
        if not len(near):
            break
        centres[near] = edge[near] + rng.random((len(near), 2, 2)) * (SIDE - 1 - 2 * edge[near])
    return centres, radii


def _draw_stroke(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Draws one thin stroke into each scene of the canvas."""
    n = len(canvas)
    window, y, x = _windows(rng.uniform(0, SIDE, (n, 2)), 9)
    angle, half = rng.uniform(0, np.pi, (n, 1, 1)), rng.uniform(2, 7, (n, 1, 1))
    along = np.abs(y * np.sin(angle) + x * np.cos(angle))
    across = np.abs(x * np.sin(angle) - y * np.cos(angle))
    _paint(canvas, window, (1.3 - np.maximum(across, along - half)).clip(0, 1), rng)


def _draw_shape(
    canvas: np.ndarray,
    labels: np.ndarray,
    centres: np.ndarray,
    radii: np.ndarray,
    angles: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws one shape into each scene by its signed distance function; returns the boxes (n, 4)."""
    column = (len(labels), 1, 1)
    window, y, x = _windows(centres, _MARGIN)
    cosine, sine, radius = (values.reshape(column) for values in (np.cos(angles), np.sin(angles), radii))
    u, v = (cosine * x + sine * y) / radius, (cosine * y - sine * x) / radius
    length, wide, high = np.hypot(u, v), np.abs(u), np.abs(v)
    distances = {
        "disc": length - 1,
        "square": np.maximum(wide, high) - 0.88,
        "triangle": np.maximum(v - 0.8, (1.8 * wide - 0.95 * (v + 1)) / np.hypot(1.8, 0.95)),
        "cross": np.minimum(np.maximum(wide - 0.34, high - 1), np.maximum(high - 0.34, wide - 1)),
        "ring": np.abs(length - 0.74) - 0.26,
    }
    distance = np.choose(labels.reshape(column), [distances[name] for name in SHAPES])
    cover = (0.5 - distance * radius).clip(0, 1)
    _paint(canvas, window, cover, rng)
    corner = np.floor(centres).astype(np.int64) - _MARGIN
    return _boxes(cover > 0.5) + np.tile(corner, 2)


def _windows(centres: np.ndarray, reach: int) -> tuple[tuple, np.ndarray, np.ndarray]:
    """Square windows of the canvas around each centre (n, 2), and each pixel's distance to the centre, down and right.

    Returns:
        An index into the canvas, and two arrays (n, 2 reach + 1, 2 reach + 1).
    """
    corner = np.floor(centres).astype(np.int64)
    steps = np.arange(-reach, reach + 1)
    rows, columns = corner[:, 0, None, None] + steps[:, None], corner[:, 1, None, None] + steps
    window = np.arange(len(centres))[:, None, None], rows + _MARGIN, columns + _MARGIN
    y, x = np.broadcast_arrays(rows - centres[:, 0, None, None], columns - centres[:, 1, None, None])
    return window, y, x


def _paint(canvas: np.ndarray, window: tuple, cover: np.ndarray, rng: np.random.Generator) -> None:
    """Covers a window of each scene with a bright colour: one channel is full and the others at least 0.35 of it."""
    colours = rng.uniform(0.35, 1, (len(canvas), 1, 1, 3))
    colours /= colours.max(axis=-1, keepdims=True)
    below = canvas[window]
    canvas[window] = below + cover[..., None] * (colours - below)


def _boxes(masks: np.ndarray) -> np.ndarray:
    """(n, 4): top, left, bottom, right of each mask (n, h, w)."""
    limits = []
    for along in (masks.any(axis=2), masks.any(axis=1)):
        limits.append((along.argmax(axis=1), along.shape[1] - along[:, ::-1].argmax(axis=1)))
    (top, bottom), (left, right) = limits
    return np.stack([top, left, bottom, right], axis=1)
