"""Eyes, brows, nose and mouth."""

import numpy as np

from labs_utils.datasets.portraits.canvas import Canvas, ellipse, glow, rgb, soft


def draw_eyes(c: Canvas) -> None:
    """Eyes with lids, iris, pupil, highlight and lashes, and the brows above them."""
    turn, skin = c["turn"], c["skin"]
    size = 1 + 0.06 * c["eye"]
    squint = 1 - 0.2 * np.maximum(c["smile"], 0)
    lashes = np.clip(0.35 + 0.4 * c["lash"], 0, 1.2)
    line = (0.3 - 0.2 * np.minimum(lashes, 1))[:, None] * skin
    white = 0.66 + 0.26 * skin
    brow_colour = 0.7 * c["hair"] * (1 - 0.4 * c["hair"]) + 0.1 * skin
    brow_height = 0.33 + 0.03 * c["brow_raise"] + 0.02 * np.maximum(c["smile"], 0) - c["nod"]
    thickness = np.clip(0.036 + 0.02 * c["brow"], 0.012, 0.1)
    for side in (-1, 1):
        near = 1 + 0.3 * side * turn
        x = c.x - side * (0.325 + 0.012 * c["eye_gap"]) - 0.5 * turn
        y = c.y + 0.1 - c["nod"] + (0.06 * side) * x
        rx, ry = 0.18 * size * near, 0.1 * size * squint
        outer = side * x / rx
        lid = ellipse(x, y, rx, ry)
        c.paint((0.4 * lashes) * soft(ellipse(x, y + 0.09, rx * 1.2, ry * 1.5), 0.14), 0.5 * skin)
        c.shade(-0.2 * soft(np.abs(ellipse(x, y + 0.015, rx * 1.12, ry * 1.7)) - 0.006, 0.05) * soft(y + 0.08, 0.08))
        opening = c.fill(lid)
        c.paint(opening, white * (1 - 0.25 * soft(y + 0.03, 0.1))[:, None])
        gaze = x - 0.06 * turn
        iris = ellipse(gaze, y + 0.01, 0.09 * size, 0.09 * size)
        c.paint(opening * c.fill(iris), c["iris"] * (0.85 + 3 * (y + 0.01))[:, None])
        c.paint(opening * c.fill(iris + 0.046), 0.12 * c["iris"])
        c.paint(0.95 * opening * c.fill(ellipse(gaze + 0.035, y + 0.045, 0.032, 0.032)), rgb(1, 1, 1))
        upper = np.abs(lid + 0.004) - 0.014 - 0.026 * lashes
        c.paint(0.9 * c.fill(upper) * soft(y + 0.01, 0.06), line)
        c.shade(-0.15 * soft(np.abs(lid - 0.015) - 0.01, 0.05) * soft(-y, 0.06))
        flick = np.abs(y + 0.05 + 0.3 * (side * x - rx)) - 0.014 - 0.014 * lashes
        flick = c.fill(flick) * c.fill(np.abs(outer - 1.1) * rx - 0.06)
        c.paint(flick * np.clip(c["lash"] - 0.2, 0, 1), 0.5 * line)
        along = outer * (0.72 / near)
        arch = c.y + brow_height - (0.05 - 0.01 * c["brow"]) * (along - 0.2) * (along - 0.2) - 0.015 * along
        brow = soft(np.abs(arch) - thickness * np.clip(1.2 - 0.4 * along, 0.3, 1.4), 0.05)
        c.paint(0.9 * brow * soft(np.abs(along) - 0.92, 0.25), brow_colour)


def draw_nose(c: Canvas) -> None:
    """The nose: a lit ridge, a shaded side, two nostrils."""
    width = 0.13 + 0.016 * c["nose"]
    light = c["light"]
    x = c.x - 0.78 * c["turn"]
    ridge = c.x - (0.5 + 0.56 * np.clip(c.y + 0.2, 0, 0.5)) * c["turn"]
    reach = soft(np.abs(c.y - 0.04) - 0.24, 0.2)
    away = np.where(light >= 0, np.float32(1), np.float32(-1))
    lit, shaded = (ridge - 0.02 * light) / 0.08, (ridge + (0.11 + 0.04 * np.abs(light)) * away) / 0.09
    tone = reach * (0.15 * np.maximum(1 - lit * lit, 0) - 0.24 * np.maximum(1 - shaded * shaded, 0))
    tone += 0.15 * glow(x - 0.03 * light, c.y - 0.25, 0.1, 0.1)
    tone -= 0.34 * glow(x, c.y - 0.385, width * 1.5, 0.085)
    for side in (-1, 1):
        nostril = x - side * width * 0.6
        tone -= 0.45 * glow(nostril, c.y - 0.345, 0.065, 0.045)
        wing = soft(np.abs(ellipse(x - side * width, c.y - 0.285, 0.075, 0.09)) - 0.004, 0.04)
        tone -= 0.25 * wing * soft(-side * (x - side * width), 0.05)
    c.shade(tone)


def draw_mouth(c: Canvas) -> None:
    """Lips that curve with the smile, teeth where they part."""
    x = c.x - 0.55 * c["turn"]
    smile, part, skin = c["smile"], c["open"], c["skin"]
    half = 0.25 + 0.06 * np.maximum(smile, 0)
    along = x / half
    bend = along * along
    line = c.y - 0.585 - c["nod"] + 0.09 * smile * bend - 0.035 * smile
    within = np.maximum(1 - bend, 0)
    full = np.clip(1 + 0.2 * c["lips"], 0.4, 1.7) * within
    ajar = part * within
    lower = 0.09 * full + 0.17 * ajar
    inside = c.fill(np.abs(x) - half)
    lips = np.minimum(c.fill(-line - (0.055 + 0.02 * np.abs(along)) * full), c.fill(line - lower)) * inside
    colour = skin * rgb(0.9, 0.58, 0.57)
    painted = np.clip(0.28 * c["lips"] + 0.08, 0, 0.85)[:, None]
    colour = colour + painted * (rgb(0.74, 0.13, 0.2) * (0.6 + 0.4 * skin) - colour)
    closed = 1 - np.minimum(part * 8, 1)
    c.shade(-0.18 * glow(x, c.y - 0.75 - 0.16 * part, 0.2, 0.08))
    c.paint(
        0.93 * lips, colour * (1 - 0.18 * soft(line, 0.05) + 0.16 * glow(x, line - 0.6 * lower, 0.14, 0.05))[:, None]
    )
    mouth = np.minimum(c.fill(-line - 0.012), c.fill(line - 0.15 * ajar)) * inside * (1 - closed)
    c.paint(mouth, rgb(0.3, 0.07, 0.09))
    c.paint(mouth * c.fill(line - 0.11 * ajar) * c.fill(np.abs(x) - 0.88 * half), rgb(0.95, 0.93, 0.89))
    c.shade(-0.5 * soft(np.abs(line) - 0.01, 0.05) * inside * closed)
    beside = np.abs(x)
    c.shade(-0.22 * glow(beside - half, line, 0.07, 0.07))
    fold = beside - 0.26 - 0.07 * smile - 0.25 * (c.y - 0.32)
    depth = (0.05 + 0.14 * c["age"]) * np.maximum(smile + 0.3, 0)
    c.shade(-depth * soft(np.abs(fold) - 0.012, 0.07) * soft(np.abs(c.y - 0.45) - 0.12, 0.12))
