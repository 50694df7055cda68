"""Hair: one shape whose volume, length, hairline and curls make every style."""

from typing import NamedTuple

import numpy as np

from labs_utils.datasets.portraits.canvas import Canvas, ellipse, glow, soft, wave


class Style(NamedTuple):
    """The shape of a haircut, in units of half a head's height."""

    side: float
    """Volume beside the head."""
    top: float
    """Volume above the head."""
    end: float
    """Height at which the hair ends: 0 at the eyes, 1 at the chin, more below."""
    lock: float
    """Width of the hair that falls over the cheeks."""
    hairline: float
    """Height at which the forehead begins."""
    curl: float
    flat: float
    """0 for a hairline like an arch, 1 for one cut straight."""


STYLES = {
    "bald": Style(-0.30, -0.60, -0.60, 0.00, -1.60, 0.00, 0.3),
    "receding": Style(0.03, 0.03, 0.05, 0.00, -0.86, 0.01, 0.0),
    "buzz": Style(0.01, 0.03, 0.00, 0.01, -0.68, 0.00, 0.8),
    "short": Style(0.05, 0.12, 0.05, 0.02, -0.60, 0.02, 0.5),
    "quiff": Style(0.03, 0.26, 0.00, 0.01, -0.62, 0.03, 0.7),
    "curly": Style(0.12, 0.22, 0.12, 0.03, -0.56, 0.06, 0.5),
    "afro": Style(0.36, 0.42, 0.35, 0.03, -0.60, 0.06, 0.6),
    "bun": Style(0.02, 0.09, 0.00, 0.02, -0.66, 0.01, 0.0),
    "fringe bob": Style(0.13, 0.13, 0.85, 0.12, -0.36, 0.01, 0.9),
    "bob": Style(0.14, 0.13, 0.90, 0.13, -0.66, 0.02, 0.0),
    "long": Style(0.11, 0.12, 1.70, 0.13, -0.68, 0.01, 0.0),
    "long wavy": Style(0.19, 0.16, 1.65, 0.16, -0.64, 0.04, 0.2),
    "long curly": Style(0.32, 0.24, 1.50, 0.17, -0.60, 0.07, 0.3),
}


class Hair(NamedTuple):
    """What both layers of hair share, (n, side, side) each."""

    outline: np.ndarray
    """Distance to the outline of all the hair, seen as if the face were not there."""
    opacity: np.ndarray
    """From the outline: crisp where the hair is straight, loose where it curls."""
    strands: np.ndarray
    """Light and shadow along the strands; around 1."""


def grow(c: Canvas) -> Hair:
    """Works out the hair once for both layers."""
    outline = _outline(c)
    return Hair(outline, soft(outline, c.pixel * 1.5 + 0.8 * c["curl"]), _strands(c))


def draw_hair_behind(c: Canvas, hair: Hair) -> None:
    """What hangs behind neck and shoulders, and a bun."""
    behind = hair.opacity
    if c.traits["bun"].any():
        behind = np.maximum(behind, c.fill(ellipse(c.x - 0.1 * c["part"], c.y + 1.24, 0.3, 0.26)) * c["bun"])
    c.paint(behind, c["hair"] * (0.8 * hair.strands)[:, None])


def draw_hair_in_front(c: Canvas, hair: Hair) -> None:
    """What frames the forehead and falls over the cheeks."""
    above = np.maximum(0.3 - c.y, 0) / (0.3 - c["hairline"])
    side = (0.08 * c["turn"] + 0.14 * c["part"] * (1 - c["flat"])) * (c.y < 0.3) * np.minimum(above, 1)
    across = (c.x - side) / (c["width"] - c["hair_lock"] + 0.02)
    across = across * across
    across = across * (1 - c["flat"] + c["flat"] * across)
    wisps = 0.025 * wave(c.x * 1.7 + c["phase"]) + 0.016 * wave(c.x * 4.3 + 0.3) * (1 - c["buzz"])
    wisps += 0.8 * c["curl"] * wave(c.x * 3.3 + 1.1)
    opening = (np.sqrt(across + above * above) - 1) * 0.6 + wisps * soft(c.y + 0.15, 0.3)
    c.shade(-0.25 * soft(opening + 0.05, 0.2) * soft(-opening - 0.1, 0.1) * c.fill(hair.outline) * soft(c.y + 0.1, 0.4))
    front = hair.opacity * soft(-opening, c.pixel * 1.5 + 0.14 * c["buzz"]) * (1 - 0.25 * c["buzz"])
    sideburns = np.where(c["hair_end"] < 0.2, soft(c.y - 0.14, 0.25), np.float32(1))
    c.paint(front * sideburns, c["hair"] * hair.strands[:, None])


def _outline(c: Canvas) -> np.ndarray:
    """Distance to the outline of all the hair, seen as if the face were not there."""
    rx = c["width"] + 0.03 + c["hair_side"]
    y = c.y + 0.25
    up = ellipse(c.x - 0.06 * c["turn"], y, rx, 0.87 + c["hair_top"])
    sides = np.abs(c.x) - rx * (1 - 0.06 * y)
    ends = c.y - c["hair_end"] + 0.3 * c.x * c.x + 0.03 * wave(c.x * 2.7 + c["phase"])
    curls = wave(c.x * 1.9 + c["phase"]) * wave(c.y * 1.7 + 0.2) + 0.7 * wave((c.x + c.y) * 2.3) * wave(
        (c.x - c.y) * 2.7
    )
    return np.where(y < 0, up, np.maximum(sides, ends)) - c["curl"] * curls


def _strands(c: Canvas) -> np.ndarray:
    """Light and shadow along the strands, and the sheen of the light on top; around 1."""
    bent = c.x * (1.2 - 0.3 * np.minimum(c.y, 0.3)) + 0.15 * c["part"]
    fine = 0.07 * wave(bent * 2.3 + c["phase"]) + 0.06 * wave(bent * 4.7 + 0.3 * c.y) + 0.04 * wave(bent * 8.9)
    warp = 0.45 * wave(c.y * 1.9 + c["phase"])
    curls = 0.2 * wave(c.x * 2.7 + warp) * wave(c.y * 2.9 + 0.45 * wave(c.x * 2.1))
    curly = np.minimum(c["curl"] * 12, 1)
    sheen = 0.4 * glow(c.x - 0.35 * c["light"], c.y + 0.82 - 0.3 * c.x * c.x, 0.55, 0.25)
    return 0.9 + fine * (1 - curly) + curls * curly + sheen + (0.25 * c["light"] * c["contrast"]) * c.x
