"""The head: neck, ears, the face with its light and shadow, and a beard."""

import numpy as np

from labs_utils.datasets.portraits.canvas import Canvas, ellipse, glow, soft, wave


def face_distance(c: Canvas) -> np.ndarray:
    """Distance to the outline of the face; the chin, at y = 1, is broader and squarer the larger the jaw."""
    down = c.y * c.y
    low = c.y > 0
    square = 0.30 + 0.15 * c["jaw"]
    below = down * (1 - square + square * down)
    taper = np.maximum(1 - (0.30 - 0.07 * c["jaw"]) * down * low, 0.2)
    ax = c.x / (c["width"] * taper)
    return (np.sqrt(ax * ax + np.where(low, below, down / 1.21)) - 1) * 0.8


def draw_neck(c: Canvas) -> None:
    """The neck, dark where the chin shades it."""
    width = 0.35 + 0.035 * c["neck"]
    flare = np.maximum(c.by - 1.1, 0)
    neck = c.fill(np.abs(c.bx) - width - 0.8 * flare * flare) * c.fill(0.3 - c.by)
    tone = 0.86 + (0.2 * c["light"] * c["contrast"]) * c.bx - 0.34 * soft(c.by - 1.18, 0.5)
    c.paint(neck, c["skin"] * tone[:, None])


def draw_ears(c: Canvas) -> None:
    """Two ears; the one that the head turns away disappears behind the face."""
    for side in (-1, 1):
        x = c.x - side * (c["width"] + 0.01) + 0.12 * c["turn"]
        tone = 0.84 + (0.2 * side) * c["light"] * c["contrast"] - 0.3 * glow(x - 0.01 * side, c.y - 0.05, 0.07, 0.13)
        c.paint(c.fill(ellipse(x, c.y - 0.06, 0.1, 0.2)), c["skin"] * tone[:, None])
        ring = c.fill(ellipse(x, c.y - 0.32, 0.05, 0.075)) * c["earring"]
        c.paint(ring, 0.55 + 0.45 * c["trim"])


def draw_face(c: Canvas) -> None:
    """The skin of the face, lit like an egg from the side that the portrait's light comes from."""
    turn = c["turn"]
    nx, ny = c.x / (c["width"] + 0.08), c.y / 1.2
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0.02))
    tone = (0.66 * nz + 0.75 * c["light"] * nx - 0.2 * ny) * (0.78 * c["contrast"]) + (1 - 0.48 * c["contrast"])
    tone += 0.07 * glow(c.x - 0.3 * turn - 0.15 * c["light"], c.y + 0.52, 0.42, 0.25)
    tone += 0.06 * glow(c.x - 0.5 * turn, c.y - 0.87, 0.2, 0.13)
    blush = 0
    for side in (-1, 1):
        tone -= 0.15 * glow(c.x - side * 0.33 - 0.5 * turn, c.y + 0.12 - c["nod"], 0.29, 0.25)
        cheek = glow(c.x - side * 0.41 - 0.4 * turn, c.y - 0.27, 0.27, 0.22)
        tone += 0.06 * cheek
        blush += cheek
    tone -= 0.55 * np.maximum(tone - 0.98, 0)  # skin does not burn out
    shadow = np.maximum(0.95 - tone, 0)
    colour = c["skin"] * tone[:, None]
    colour[:, 0] *= 1 + 0.12 * shadow  # shadows on skin are warm
    colour[:, 1:] *= (1 - 0.14 * blush * c["blush"])[:, None]
    colour[:, 2] *= 1 - 0.12 * shadow
    c.paint(c.fill(face_distance(c)), colour)


def draw_freckles(c: Canvas) -> None:
    """Small spots over nose and cheeks."""
    spots = wave(c.x * 7.3 + 0.8 * wave(c.y * 4.1 + c["phase"])) * wave(c.y * 8.7 + 0.7 * wave(c.x * 5.3))
    place = glow(c.x - 0.4 * c["turn"], c.y - 0.2, 0.62, 0.34)
    c.shade(-0.5 * np.maximum(spots - 0.3, 0) * place)


def draw_lines(c: Canvas) -> None:
    """Lines on the forehead and below the eyes."""
    turn = c["turn"]
    for height in (0.5, 0.62):
        bow = c.y + height - 0.12 * c.x * c.x - c["nod"]
        c.shade(-0.16 * soft(np.abs(bow) - 0.008, 0.05) * soft(np.abs(c.x - 0.3 * turn) - 0.3, 0.25))
    for side in (-1, 1):
        x = c.x - side * 0.31 - 0.5 * turn
        c.shade(-0.2 * soft(np.abs(c.y - 0.06 + 0.8 * x * x) - 0.006, 0.05) * soft(np.abs(x) - 0.12, 0.1))


def draw_beard(c: Canvas) -> None:
    """Stubble is a shadow; a moustache, a goatee and a full beard are hair."""
    x = c.x - 0.35 * c["turn"]
    aside = np.abs(x)
    jawline = 0.28 + 0.6 * np.maximum(0.74 - 1.25 * aside, 0)
    cheeks = soft(jawline - c.y + 0.05, 0.3) * c.fill(face_distance(c) - 0.03)
    around_mouth = glow(x - 0.2 * c["turn"], c.y - 0.59, 0.36, 0.2)
    lip = soft(ellipse(x - 0.2 * c["turn"], c.y - 0.425 - 0.5 * x * x, 0.28, 0.07), 0.08)
    chin = soft(ellipse(x - 0.1 * c["turn"], c.y - 0.87, 0.23, 0.17), 0.1)
    c.paint(c["stubble"] * np.maximum(cheeks * (1 - around_mouth), lip), 0.9 * c["hair"])
    texture = 1 + 0.16 * wave(c.x * 5.1 + c["phase"]) * wave(c.y * 3.7 + aside) + 0.1 * wave(c.x * 11)
    full = cheeks * np.maximum(1 - 1.3 * around_mouth, 0) * c["full_beard"]
    cover = np.maximum(full, np.maximum(lip * c["moustache"], chin * c["goatee"]))
    c.paint(0.94 * cover, c["hair"] * (0.9 * texture + 0.15 * c["light"] * c.x)[:, None])
