"""Hair: one shape whose volume, length, hairline and curls make every style."""

import numpy as np

from labs_utils.portraits.canvas import Canvas, ellipse, glow, ripple, soft


def _outer(c: Canvas) -> np.ndarray:
    """Distance to the outline of all the hair, seen as if the face were not there."""
    rx = c["width"] + 0.03 + c["hair_side"]
    y = c.y + 0.25
    up = ellipse(c.x - 0.06 * c["turn"], y, rx, 0.87 + c["hair_top"])
    taper = rx * (1 - 0.05 * np.maximum(y, 0)) - np.abs(c.x)
    down = np.maximum(-taper, c.y - c["hair_end"] + 0.25 * c.x * c.x)
    curls = ripple(c.x * 3.1 + c["phase"]) * ripple(c.y * 2.9) + ripple((c.x + c.y) * 3.7) * ripple((c.x - c.y) * 4.3)
    return np.where(y < 0, up, down) - 0.6 * c["curl"] * curls


def _strands(c: Canvas) -> np.ndarray:
    """Light and shadow along the strands, and the sheen of the light on top; around 1."""
    bent = c.x * (1 + 0.5 * (c.y + 1)) + 0.15 * c["part"]
    fine = ripple(bent * 6.1 + c["phase"]) + 0.7 * ripple(bent * 13.7 + 0.9 * c.y)
    curls = ripple(c.x * 5.3 + 0.8 * ripple(c.y * 3.9)) * ripple(c.y * 5.7 + 0.8 * ripple(c.x * 4.3 + c["phase"]))
    curly = np.minimum(c["curl"] * 12, 1)
    texture = 0.07 * fine * (1 - curly) + 0.22 * curls * curly
    sheen = 0.35 * glow(c.x - 0.35 * c["light"], c.y + 0.85, 0.5, 0.4)
    return 0.92 + texture + sheen + 0.18 * c["light"] * c.x * c["contrast"]


def draw_hair_behind(c: Canvas) -> None:
    """What hangs behind neck and shoulders, and a bun."""
    bun = c.fill(ellipse(c.x - 0.1 * c["part"], c.y + 1.27, 0.3, 0.26)) * c["bun"]
    behind = np.maximum(c.fill(_outer(c)), bun)
    c.paint(behind, c["hair"] * (0.82 * _strands(c))[:, None])


def draw_hair_in_front(c: Canvas) -> None:
    """What frames the forehead and falls over the cheeks."""
    outer = c.fill(_outer(c))
    open_x = c["width"] - c["hair_lock"] + 0.02
    above = np.maximum(0.3 - c.y, 0) / (0.3 - c["hairline"])
    ax = (c.x - 0.08 * c["turn"] - 0.12 * c["part"] * (1 - c["flat"]) * (c.y < 0)) / open_x
    square = ax * ax
    square = square * (1 - c["flat"] + c["flat"] * square)
    wisps = 0.03 * ripple(c.x * 6.1 + c["phase"]) + c["curl"] * 0.5 * ripple(c.x * 4.3 + 1.1)
    opening = (np.sqrt(square + above * above) - 1) * 0.6 + wisps * soft(c.y + 0.2, 0.3)
    edge = c.pixel * 1.2 + 0.12 * c["buzz"]
    front = outer * (1 - soft(opening, edge)) * np.where(c["buzz"] > 0, 0.72, 1)
    short = soft(c.y - 0.12, 0.2) * (c["hair_end"] < 0.2) + (c["hair_end"] >= 0.2)
    c.shade(-0.22 * soft(opening + 0.06, 0.16) * soft(-opening, 0.14) * outer * soft(c.y + 0.2, 0.3))
    c.paint(front * short, c["hair"] * _strands(c)[:, None])
