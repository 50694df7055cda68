"""Draws portraits: chooses what to draw, then paints layer over layer, many pictures at once."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from labs_utils.datasets.portraits import features, hair, head, scene, wear
from labs_utils.datasets.portraits.canvas import Canvas
from labs_utils.datasets.portraits.recipe import LABEL_NAMES, choose_traits
from labs_utils.errors import LabsError

_AT_ONCE = 32  # portraits: their planes fit into the cache of one core


@dataclass(frozen=True)
class Portraits:
    """Faces of nobody."""

    images: np.ndarray
    """(n, size, size, 3) uint8."""
    labels: np.ndarray
    """(n,) int64, 0 or 1: which of the two recipes was drawn."""
    attributes: dict[str, np.ndarray]
    """Name of an attribute to its values, (n,)."""
    label_names: tuple[str, str] = LABEL_NAMES


def draw_portraits(n: int, seed: int, bias: float = 0.0, size: int = 64) -> Portraits:
    """Draws `n` portraits, half of each label, the same ones for the same seed.

    Args:
        n: how many.
        seed: whole number; another seed gives other people.
        bias: how far glasses give the label away, from 0 (not at all: three in ten wear them) to 1 (all portraits of
            label 1 wear glasses and none of label 0). Everything else stays as it is for the same seed.
        size: side of the pictures in pixels.

    Raises:
        LabsError: `bias` is not between 0 and 1, or `n` or `size` too small.
    """
    if not 0 <= bias <= 1:
        raise LabsError(f"bias must lie between 0 and 1, not {bias}")
    if n < 1 or size < 16:
        raise LabsError(f"at least one portrait of at least 16 pixels can be drawn, not {n} of {size}")
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(n) % 2).astype(np.int64)
    traits, attributes = choose_traits(labels, bias, generator)
    images = np.empty((n, size, size, 3), np.uint8)
    starts = range(0, n, _AT_ONCE)

    def draw(start: int, chance: np.random.Generator) -> None:
        rows = slice(start, start + _AT_ONCE)
        canvas = Canvas(size, {name: values[rows] for name, values in traits.items()})
        paint(canvas)
        images[rows] = scene.finish(canvas, chance)

    # NumPy works outside Python's lock, so that threads share the work. Each group has a generator of its own: which
    # thread draws it, and when, makes no difference.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        list(threads.map(draw, starts, generator.spawn(len(starts))))
    return Portraits(images, labels, attributes)


def paint(canvas: Canvas) -> None:
    """Paints every layer, from the background to the glasses."""
    kind, hat = canvas.traits["background"], canvas.traits["hat"]
    scene.draw_wall(canvas)
    for number, draw in ((2, scene.draw_lights), (3, scene.draw_room), (4, scene.draw_outdoors)):
        _paint_some(canvas, kind == number, draw)
    grown = hair.grow(canvas)
    hair.draw_hair_behind(canvas, grown)
    head.draw_neck(canvas.part(-0.1, 1, 0.6))
    wear.draw_clothes(canvas.part(0.4, 1))
    head.draw_ears(canvas.part(-0.45, 0.5, 0.85))
    face = canvas.part(-0.95, 0.8, 0.75)
    head.draw_face(face)
    _paint_some(face, canvas.traits["freckles"] > 0, head.draw_freckles)
    _paint_some(face, canvas.traits["age"] > 0.75, head.draw_lines)
    _paint_some(face, canvas.traits["stubble"] > 0, head.draw_beard)
    features.draw_mouth(canvas.part(0.05, 0.75, 0.6))
    features.draw_nose(canvas.part(-0.35, 0.5, 0.55))
    features.draw_eyes(canvas.part(-0.5, 0.2, 0.7))
    hair.draw_hair_in_front(canvas, grown)
    _paint_some(canvas, (hat > 0) & (hat < 5), wear.draw_hat)
    _paint_some(canvas, hat == 5, wear.draw_headscarf)
    _paint_some(canvas.part(-0.5, 0.3, 0.75), canvas.traits["glasses"] > 0, wear.draw_glasses)


def _paint_some(canvas: Canvas, chosen: np.ndarray, draw: Callable[[Canvas], None]) -> None:
    """Lets `draw` paint on the chosen pictures only."""
    if chosen.any():
        copy = canvas.some(chosen)
        draw(copy)
        canvas.pixels[chosen] = copy.pixels
