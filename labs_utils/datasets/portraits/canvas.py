"""A stack of pictures that is painted at once: coordinates, soft-edged shapes, and paint.

Every shape is an approximate signed distance (negative inside), in units of half a head's height. Edges are one pixel
wide, so that nothing has to be drawn larger and reduced. Only additions, multiplications, divisions, square roots and
roundings touch a pixel: they give the same on every machine.
"""

from __future__ import annotations

import numpy as np

Traits = dict[str, np.ndarray]
_PLACES = ("u", "v", "x", "y", "bx", "by")


class Canvas:
    """n square pictures in the making.

    Attributes:
        pixels: (n, 3, side, side) float32, red, green, blue from 0 to 1, before they are rounded.
        u, v: (n, side, side) place in the frame, from -1 (left, top) to 1 (right, bottom).
        x, y: (n, side, side) place on the head: crown near y = -1.1, eyes at -0.1, chin at 1; tilted with the head.
        bx, by: (n, side, side) the same for the body, which does not tilt.
        pixel: (n, 1, 1) width of a pixel in units of the head.
    """

    def __init__(self, side: int, traits: Traits):
        self.traits = traits
        count = len(traits["scale"])
        self.pixels = np.zeros((count, 3, side, side), np.float32)
        line = ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)
        self.u = np.broadcast_to(line, (count, side, side))
        self.v = np.broadcast_to(line[:, None], (count, side, side))
        self.pixel = 2 / side / self["scale"]
        self.bx = (self.u - self["shift_x"]) / self["scale"]
        self.by = (self.v - self["shift_y"]) / self["scale"]
        self.x = self.bx * self["cosine"] + self.by * self["sine"]
        self.y = self.by * self["cosine"] - self.bx * self["sine"]

    def __getitem__(self, trait: str) -> np.ndarray:
        """A trait of every picture, (n, 1, 1), or a colour, (n, 3, 1, 1)."""
        values = self.traits[trait]
        return values.reshape(*values.shape, 1, 1)

    def part(self, top: float, bottom: float, width: float = 1) -> Canvas:
        """A window on the frame from `top` to `bottom`, `width` wide to either side; paint on it lands on this one."""
        side = self.pixels.shape[2]
        rows = slice(int((top + 1) / 2 * side), int(np.ceil((bottom + 1) / 2 * side)))
        columns = slice(int((1 - width) / 2 * side), int(np.ceil((1 + width) / 2 * side)))
        window = object.__new__(Canvas)
        window.traits, window.pixel = self.traits, self.pixel
        for name in ("pixels", *_PLACES):
            setattr(window, name, getattr(self, name)[..., rows, columns])
        return window

    def some(self, chosen: np.ndarray) -> Canvas:
        """A copy with only those pictures for which `chosen` (n,) is true."""
        copy = object.__new__(Canvas)
        copy.traits = {name: values[chosen] for name, values in self.traits.items()}
        for name in ("pixel", "pixels", *_PLACES):
            setattr(copy, name, getattr(self, name)[chosen])
        return copy

    def fill(self, distance: np.ndarray) -> np.ndarray:
        """Opacity of a shape with a crisp edge: 1 inside, 0 outside, one pixel between."""
        opacity = distance / self.pixel
        np.subtract(0.5, opacity, out=opacity)
        return np.clip(opacity, 0, 1, out=opacity)

    def paint(self, opacity: np.ndarray, colour: np.ndarray) -> None:
        """Lays `colour` (n, 3, 1, 1) or (n, 3, side, side) over the pictures."""
        layer = colour - self.pixels
        layer *= opacity[:, None]
        self.pixels += layer

    def shade(self, amount: np.ndarray) -> None:
        """Lightens (positive) or darkens (negative) by a share of what is there."""
        self.pixels *= (1 + amount)[:, None]


def rgb(red: float, green: float, blue: float) -> np.ndarray:
    """One colour for every picture, (1, 3, 1, 1) float32."""
    return np.array([red, green, blue], np.float32).reshape(1, 3, 1, 1)


def soft(distance: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """Opacity of a shape with a soft edge: smoothly from 1 to 0 over `width` around distance 0."""
    t = distance / width
    np.subtract(0.5, t, out=t)
    np.clip(t, 0, 1, out=t)
    bend = t * -2
    bend += 3
    bend *= t
    bend *= t
    return bend


def ellipse(x: np.ndarray, y: np.ndarray, rx: np.ndarray | float, ry: np.ndarray | float) -> np.ndarray:
    """Distance to an ellipse around the origin, exact for a circle."""
    distance = _squares(x / rx, y / ry)
    np.sqrt(distance, out=distance)
    distance -= 1
    distance *= np.minimum(rx, ry)
    return distance


def glow(x: np.ndarray, y: np.ndarray, rx: np.ndarray | float, ry: np.ndarray | float) -> np.ndarray:
    """A soft spot: 1 in the middle, 0 on the ellipse and beyond."""
    light = _squares(x / rx, y / ry)
    np.subtract(1, light, out=light)
    np.maximum(light, 0, out=light)
    light *= light
    return light


def wave(values: np.ndarray) -> np.ndarray:
    """A wave of period 1 between -1 and 1, close to a sine and cheaper."""
    part = values - np.rint(values)
    height = np.abs(part)
    height -= 0.5
    height *= part
    height *= -16
    return height


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum of two squares; `a` and `b` are used up."""
    a *= a
    b *= b
    return a + b
