"""A stack of pictures that is painted at once: coordinates, soft-edged shapes, and paint.

Every shape is an approximate signed distance (negative inside), in units of half a head's height. Edges are one pixel
wide, so that nothing has to be drawn larger and reduced. Only additions, multiplications, divisions and square roots
touch a pixel: they are rounded alike on every machine.
"""

from __future__ import annotations

import numpy as np

Traits = dict[str, np.ndarray]


class Canvas:
    """n square pictures in the making.

    Attributes:
        pixels: (n, 3, side, side) float32, red, green, blue from 0 to 1, before it is rounded.
        u, v: (1, side, side) place in the frame, from -1 (left, top) to 1 (right, bottom).
        x, y: (n, side, side) place on the head: eyes near y = -0.1, chin at y = 1, upright and shifted with the head.
        bx, by: (n, side, side) the same for the body, which does not tilt with the head.
        pixel: (n, 1, 1) width of a pixel in units of the head.
    """

    def __init__(self, side: int, traits: Traits):
        count = len(traits["scale"])
        self.traits = traits
        self.pixels = np.zeros((count, 3, side, side), np.float32)
        line = ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)
        self.u, self.v = np.broadcast_to(line, (1, side, side)), np.broadcast_to(line[:, None], (1, side, side))
        self.pixel = 2 / side / self["scale"]
        self.bx = (self.u - self["shift_x"]) / self["scale"]
        self.by = (self.v - self["shift_y"]) / self["scale"]
        self.x = self.bx * self["cosine"] + self.by * self["sine"]
        self.y = self.by * self["cosine"] - self.bx * self["sine"]

    def __getitem__(self, trait: str) -> np.ndarray:
        """A trait of every picture, (n, 1, 1), or a colour, (n, 3, 1, 1)."""
        values = self.traits[trait]
        return values.reshape(*values.shape, 1, 1)

    def band(self, top: float, bottom: float) -> Canvas:
        """The same pictures between two heights of the frame; painting on it paints on this one."""
        side = self.v.shape[1]
        rows = slice(int((top + 1) / 2 * side), int(np.ceil((bottom + 1) / 2 * side)))
        part = object.__new__(Canvas)
        part.traits, part.pixel, part.pixels = self.traits, self.pixel, self.pixels[:, :, rows]
        for name in ("u", "v", "x", "y", "bx", "by"):
            setattr(part, name, getattr(self, name)[:, rows])
        return part

    def some(self, chosen: np.ndarray) -> Canvas:
        """A copy that holds the chosen pictures only; `put_back` brings them home."""
        part = object.__new__(Canvas)
        part.traits = {name: values[chosen] for name, values in self.traits.items()}
        part.u, part.v = self.u, self.v
        for name in ("pixel", "pixels", "x", "y", "bx", "by"):
            setattr(part, name, getattr(self, name)[chosen])
        return part

    def fill(self, distance: np.ndarray) -> np.ndarray:
        """Opacity of a shape with a crisp edge: 1 inside, 0 outside, one pixel between."""
        return np.clip(0.5 - distance / self.pixel, 0, 1)

    def paint(self, opacity: np.ndarray, colour: np.ndarray) -> None:
        """Lays `colour` (n, 3, 1, 1) or (n, 3, side, side) over the pictures."""
        self.pixels += opacity[:, None] * (colour - self.pixels)

    def shade(self, amount: np.ndarray) -> None:
        """Lightens (positive) or darkens (negative) by a share of what is there."""
        self.pixels *= 1 + amount[:, None]


def soft(distance: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """Opacity of a shape with a soft edge: smoothly from 1 to 0 over `width` around distance 0."""
    t = np.clip(0.5 - distance / width, 0, 1)
    return t * t * (3 - 2 * t)


def ellipse(x: np.ndarray, y: np.ndarray, rx: np.ndarray | float, ry: np.ndarray | float) -> np.ndarray:
    """Distance to an ellipse around the origin, exact for a circle."""
    ax, ay = x / rx, y / ry
    return (np.sqrt(ax * ax + ay * ay) - 1) * np.minimum(rx, ry)


def glow(x: np.ndarray, y: np.ndarray, rx: np.ndarray | float, ry: np.ndarray | float) -> np.ndarray:
    """A soft spot: 1 in the middle, 0 on the ellipse and beyond."""
    ax, ay = x / rx, y / ry
    t = np.maximum(1 - ax * ax - ay * ay, 0)
    return t * t


def ripple(values: np.ndarray) -> np.ndarray:
    """A triangle wave of period 1 between -1 and 1."""
    return 4 * np.abs(values - np.rint(values)) - 1
