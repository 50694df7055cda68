"""The head: neck, ears, the face with its light and shadow, and a beard."""

import numpy as np

from labs_utils.portraits.canvas import Canvas, ellipse, glow, ripple, soft


def face_width(c: Canvas) -> np.ndarray:
    """Half the width of the face at every height, (n, side, side)."""
    below = np.maximum(c.y, 0)
    return c["width"] * (1 - (0.30 - 0.055 * c["jaw"]) * below * below)


def face_distance(c: Canvas) -> np.ndarray:
    """Distance to the outline of the face; the chin, at y = 1, is squarer the larger the jaw."""
    square = 0.30 + 0.13 * c["jaw"]
    up = c.y * c.y / 1.21
    down = c.y * c.y
    down = down * (1 - square + square * down)
    ax = c.x / face_width(c)
    return (np.sqrt(ax * ax + np.where(c.y < 0, up, down)) - 1) * 0.8


def draw_neck(c: Canvas) -> None:
    """The neck, dark where the chin shades it."""
    width = 0.36 + 0.03 * c["neck"]
    reach = np.maximum(c.by - 1.15, 0)
    neck = c.fill(np.abs(c.bx) - width - 0.8 * reach * reach) * c.fill(0.3 - c.by)
    side = c.bx / width * c["light"]
    tone = 0.84 + 0.14 * side * c["contrast"] - 0.34 * soft(c.by - 1.16, 0.5)
    c.paint(neck, c["skin"] * tone[:, None])


def draw_ears(c: Canvas) -> None:
    """Two ears; the one that the head turns away disappears behind the face."""
    for side in (-1, 1):
        x = c.x - side * (c["width"] + 0.015) + 0.12 * c["turn"]
        ear = ellipse(x, c.y - 0.06, 0.1, 0.19)
        tone = 0.86 + 0.2 * side * c["light"] * c["contrast"]
        c.paint(c.fill(ear), c["skin"] * tone[:, None])
        c.shade(-0.25 * glow(x - 0.01 * side, c.y - 0.05, 0.06, 0.12))
        ring = c.fill(ellipse(x, c.y - 0.3, 0.045, 0.06)) * c["earring"]
        c.paint(ring, 0.5 + 0.5 * c["trim"])


def draw_face(c: Canvas) -> None:
    """The skin of the face, lit like an egg from the side that the portrait's light comes from."""
    outline = face_distance(c)
    nx = c.x / (c["width"] + 0.08)
    ny = c.y / 1.2
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0.02))
    lit = 0.62 * nz + (0.75 * c["light"] * nx - 0.22 * ny)
    tone = 1.0 - 0.48 * c["contrast"] + 0.75 * c["contrast"] * lit
    t = c["turn"]
    eye_x = 0.33
    for side in (-1, 1):
        tone -= 0.13 * glow(c.x - side * eye_x - 0.5 * t, c.y + 0.1 - c["nod"], 0.28, 0.24)
        tone += 0.06 * glow(c.x - side * 0.4 - 0.4 * t, c.y - 0.24, 0.25, 0.22)
    tone += 0.07 * glow(c.x - 0.3 * t - 0.15 * c["light"], c.y + 0.52, 0.42, 0.25)
    colour = c["skin"] * tone[:, None]
    shadow = np.maximum(0.9 - tone, 0)[:, None]
    colour[:, 0:1] += 0.10 * shadow * c["skin"][:, 0:1]  # shadows on skin are warm
    colour[:, 2:3] -= 0.10 * shadow * c["skin"][:, 2:3]
    blush = sum(glow(c.x - side * 0.42 - 0.4 * t, c.y - 0.3, 0.27, 0.2) for side in (-1, 1)) * c["blush"]
    colour[:, 1:3] *= 1 - 0.13 * blush[:, None]
    c.paint(c.fill(outline), colour)
    _draw_freckles(c)


def _draw_freckles(c: Canvas) -> None:
    spots = ripple(c.x * 7.3 + 1.7 * ripple(c.y * 4.1 + c["phase"])) * ripple(c.y * 8.7 + 1.3 * ripple(c.x * 5.3))
    place = glow(c.x - 0.4 * c["turn"], c.y - 0.2, 0.62, 0.32)
    c.shade(-0.45 * np.maximum(spots - 0.45, 0) * place * c["freckles"])


def draw_beard(c: Canvas) -> None:
    """Stubble is a shadow; a moustache, a goatee and a full beard are hair."""
    t = c["turn"]
    x = c.x - 0.35 * t
    outline = face_distance(c)
    jawline = 0.28 + 0.62 * np.maximum(0.75 - np.abs(x) * 1.25, 0)
    low = soft(jawline - c.y + 0.05, 0.35) * c.fill(outline - 0.02)
    around_mouth = glow(x, c.y - 0.57, 0.34, 0.2)
    lip = soft(ellipse(x - 0.2 * t, c.y - 0.42, 0.27, 0.07), 0.08)
    chin = soft(ellipse(x, c.y - 0.86, 0.22, 0.17), 0.1)
    shadow = np.maximum(low, lip) * (1 - around_mouth)
    hair = 0.9 * c["hair"]
    c.paint(c["stubble"] * shadow, hair)
    strands = 1 + 0.22 * ripple(c.x * 9 + c["phase"]) * ripple(c.y * 5 + 0.6 * np.abs(c.x) * 9)
    full = np.maximum(low * (1 - 1.2 * np.minimum(around_mouth, 0.8)), 0) * c["full_beard"]
    cover = np.maximum(np.maximum(full, lip * c["moustache"]), chin * c["goatee"])
    c.paint(0.92 * cover, hair[..., :, :] * strands[:, None])
