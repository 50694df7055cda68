"""Eyes, brows, nose and mouth."""

import numpy as np

from labs_utils.portraits.canvas import Canvas, ellipse, glow, soft


def draw_eyes(c: Canvas) -> None:
    """Eyes with lids, iris, pupil, highlight and lashes, and the brows above them."""
    turn = c["turn"]
    size = 1 + 0.07 * c["eye"]
    dark = 0.25 * c["skin"]
    brow_colour = 0.75 * c["hair"] * (1 - 0.35 * c["hair"]) + 0.12 * c["skin"]
    squint = 1 - 0.22 * np.maximum(c["smile"], 0)
    made_up = np.clip(c["lash"] * 0.4 + 0.35, 0, 1)
    for side in (-1, 1):
        near = 1 + 0.3 * side * turn
        x = c.x - side * (0.325 + 0.012 * c["eye_gap"]) - 0.5 * turn
        y = c.y + 0.1 - c["nod"] + 0.03 * side * x
        rx, ry = 0.185 * size * near, 0.098 * size * squint
        lid = ellipse(x, y, rx, ry + 0.0 * x)
        c.paint(0.35 * made_up * soft(ellipse(x, y + 0.08, rx * 1.15, ry * 1.5), 0.12), 0.55 * c["skin"])
        opening = c.fill(lid)
        c.paint(opening, np.full((1, 3, 1, 1), 0.93, np.float32) - 0.1 * (1 - c["skin"]))
        gaze = x - 0.05 * turn
        iris = ellipse(gaze, y + 0.008, 0.088 * size, 0.088 * size)
        c.paint(opening * c.fill(iris), c["iris"])
        c.paint(opening * c.fill(ellipse(gaze, y + 0.008, 0.045, 0.045)), 0.15 * c["iris"])
        c.paint(opening * 0.9 * c.fill(ellipse(gaze + 0.035, y + 0.045, 0.03, 0.03)), np.ones((1, 3, 1, 1), np.float32))
        upper = np.abs(lid + 0.005) - 0.012 - 0.022 * made_up
        c.paint(0.85 * c.fill(upper) * soft(y + 0.01, 0.06), dark * (1 - 0.6 * made_up[:, None]))
        wing = c.fill(np.abs(y + 0.035 + 0.35 * (side * x - rx)) - 0.012 - 0.012 * made_up)
        wing = wing * c.fill(np.abs(side * x - rx * 1.08) - 0.055)
        c.paint(0.9 * wing * np.clip(c["lash"] - 0.4, 0, 1), dark * 0.5)
        c.shade(-0.16 * soft(np.abs(lid - 0.02) - 0.01, 0.05) * soft(-y, 0.06))
        c.shade(-0.2 * soft(np.abs(ellipse(x, y + 0.02, rx * 1.1, ry * 1.6)) - 0.006, 0.04) * soft(y + 0.08, 0.08))
        along = side * x / (0.25 * near)
        arch = 0.05 * along * along - 0.03 * along
        centre = c.y + 0.305 + 0.035 * c["brow_raise"] + 0.02 * np.maximum(c["smile"], 0) - c["nod"] - arch
        thick = (0.032 + 0.0125 * np.clip(c["brow"], -2, 3)) * np.clip(1.25 - 0.45 * along, 0.25, 1.3)
        brow = soft(np.abs(centre) - thick, 0.045) * soft(np.abs(along) - 1, 0.3)
        c.paint(0.88 * brow, brow_colour)


def draw_nose(c: Canvas) -> None:
    """The nose: a lit ridge, a shaded side, two nostrils."""
    width = 0.13 + 0.014 * c["nose"]
    x = c.x - 0.78 * c["turn"]
    ridge = c.x - (0.5 + 0.28 * np.clip((c.y + 0.2) / 0.5, 0, 1)) * c["turn"]
    reach = soft(np.abs(c.y - 0.04) - 0.24, 0.2)
    c.shade(0.13 * reach * glow(ridge - 0.02 * c["light"], 0 * ridge, 0.075, 1.0))
    shaded = ridge + (0.11 + 0.05 * np.abs(c["light"])) * np.where(c["light"] >= 0, 1, -1)
    c.shade(-0.2 * reach * glow(shaded, 0 * ridge, 0.085, 1.0))
    c.shade(0.12 * glow(x - 0.03 * c["light"], c.y - 0.25, 0.1, 0.1))
    c.shade(-0.27 * glow(x, c.y - 0.375, width * 1.5, 0.085))
    for side in (-1, 1):
        c.shade(-0.5 * glow(x - side * width * 0.55, c.y - 0.335, 0.06, 0.045))
        wing = np.abs(ellipse(x - side * width, c.y - 0.28, 0.07, 0.085)) - 0.004
        c.shade(-0.2 * soft(wing, 0.035) * soft(-side * (x - side * width), 0.05))


def draw_mouth(c: Canvas) -> None:
    """Lips that curve with the smile, teeth where they part."""
    x = c.x - 0.55 * c["turn"]
    smile, part = c["smile"], c["open"]
    half = 0.225 + 0.05 * np.maximum(smile, 0)
    along = x / half
    bend = along * along
    line = c.y - 0.575 - c["nod"] + 0.075 * smile * bend - 0.03 * smile
    within = np.maximum(1 - bend, 0)
    full = np.clip(1 + 0.17 * c["lips"], 0.4, 1.7)
    upper = 0.055 * full * within * (1 + 0.35 * np.abs(along) - 0.0 * along)
    lower = 0.085 * full * within + 0.16 * part * within
    colour = c["skin"] * np.array([0.92, 0.62, 0.6], np.float32).reshape(1, 3, 1, 1)
    painted = np.clip(0.22 * c["lips"] + 0.1, 0, 0.8)[:, None]
    colour = colour + painted * (np.array([0.70, 0.14, 0.2], np.float32).reshape(1, 3, 1, 1) - colour)
    inside = c.fill(np.abs(along) * half - half)
    lips = np.minimum(c.fill(-line - upper), c.fill(line - lower)) * inside
    c.shade(-0.16 * glow(x, c.y - 0.735 - 0.16 * part, 0.2, 0.07))
    tone = 1 - 0.18 * soft(line, 0.05) + 0.14 * glow(x, line - 0.5 * lower, 0.14, 0.05)
    c.paint(0.9 * lips, colour * tone[:, None])
    gap = 0.14 * part * within
    mouth = np.minimum(c.fill(-line - 0.2 * upper), c.fill(line - gap)) * inside * np.minimum(part * 6, 1)
    c.paint(mouth, np.array([0.28, 0.07, 0.08], np.float32).reshape(1, 3, 1, 1))
    teeth = mouth * c.fill(line - 0.65 * gap) * c.fill(np.abs(along) * half - 0.85 * half)
    c.paint(teeth, np.array([0.96, 0.94, 0.9], np.float32).reshape(1, 3, 1, 1))
    c.shade(-0.45 * soft(np.abs(line) - 0.008, 0.04) * inside * (1 - np.minimum(part * 6, 1)))
    for side in (-1, 1):
        fold = x - side * (0.26 + 0.05 * smile + 0.22 * (c.y - 0.3))
        depth = (0.05 + 0.12 * c["age"]) * np.maximum(smile + 0.3, 0)
        c.shade(-depth * soft(np.abs(fold) - 0.01, 0.07) * soft(np.abs(c.y - 0.45) - 0.13, 0.12))
