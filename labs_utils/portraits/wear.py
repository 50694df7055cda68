"""What is worn: clothes, hats, a headscarf, glasses."""

import numpy as np

from labs_utils.portraits.canvas import Canvas, ellipse, glow, ripple, soft


def draw_clothes(c: Canvas) -> None:
    """Shoulders in a garment with a neckline: round, pointed, a collar or a roll."""
    over = np.maximum(np.abs(c.bx) - c["shoulders"] + 0.3, 0)
    line = 1.24 + 0.13 * c.bx * c.bx + over * over
    body = c.fill(line - c.by)
    kind = c["neckline"]
    depth = np.where(kind < 0.3, 0.28, np.where(kind < 0.6, 0.16, -0.1))
    pointed = 1.34 + depth - np.abs(c.bx) * 0.9
    rounded = 1.3 + depth - 0.9 * c.bx * c.bx
    cut = np.where(kind < 0.3, pointed, rounded)
    width = 0.42 + 0.03 * c["neck"]
    garment = body * (1 - c.fill(c.by - cut) * c.fill(np.abs(c.bx) - width))
    folds = 0.06 * ripple(c.bx * 1.3 + 0.4 * c.by + c["phase"]) + 0.2 * c["light"] * c.bx * c["contrast"]
    stripes = np.where(kind * 7 % 1 < 0.2, (ripple(c.by * 4) > 0) * 1.0, 0.0)
    colour = c["cloth"] + stripes[:, None].astype(np.float32) * (c["trim"] - c["cloth"])
    c.paint(garment, colour * (0.95 + folds - 0.25 * soft(line + 0.1 - c.by, 0.3) * 0)[:, None])
    seam = c.fill(np.abs(c.by - cut) - 0.03) * c.fill(np.abs(c.bx) - width) * body
    c.paint(0.7 * seam, 0.7 * c["cloth"])
    collar = (kind > 0.85) * c.fill(np.abs(c.by - 1.34 - 0.5 * np.abs(np.abs(c.bx) - 0.2)) - 0.12)
    c.paint(collar * c.fill(np.abs(c.bx) - 0.5), c["trim"])


def draw_hat(c: Canvas) -> None:
    """A beanie, a cap or a hat with a brim; 0 in the trait ``hat`` means none."""
    kind = c["hat"]
    x = c.x - 0.05 * c["turn"]
    rx = c["width"] + 0.1 + 0.5 * np.clip(c["hair_side"], 0, 0.12)
    crown = ellipse(x, c.y + 0.42, rx, 0.85)
    shell = c.fill(np.maximum(crown, c.y + 0.42 + 0.1 * x * x))
    tone = 0.95 + 0.3 * c["light"] * x * c["contrast"] + 0.25 * glow(x - 0.3 * c["light"], c.y + 0.9, 0.6, 0.5)
    worn = (kind > 0) & (kind < 4)
    c.paint(shell * worn, c["trim"] * tone[:, None])
    knit = ripple(x * 5) * 0.12 + 0.85
    band = c.fill(np.maximum(np.abs(c.y + 0.48 - 0.06 * x * x) - 0.12, np.abs(x) - rx))
    c.paint(band * (kind == 1), c["trim"] * knit[:, None])
    visor = ellipse(x - 0.5 * c["turn"], c.y + 0.42, rx * 0.95, 0.16)
    c.paint(c.fill(np.maximum(visor, -(c.y + 0.5))) * (kind == 2), 0.6 * c["trim"])
    brim = ellipse(x, c.y + 0.5, rx * 1.6, 0.15)
    c.paint(c.fill(brim) * (kind == 3), 0.85 * c["trim"])
    ribbon = c.fill(np.maximum(np.abs(c.y + 0.68 - 0.1 * x * x) - 0.08, np.abs(x) - rx * 0.96))
    c.paint(ribbon * (kind == 3), 0.4 * c["cloth"])
    c.shade(-0.25 * worn * soft(np.abs(c.y + 0.3) - 0.02, 0.25) * soft(np.abs(x) - 0.6, 0.3))


def draw_headscarf(c: Canvas) -> None:
    """Cloth around face and neck."""
    worn = c["hat"] == 4
    outer = np.minimum(
        ellipse(c.x, c.y + 0.1, c["width"] + 0.2, 1.2),
        np.maximum(np.abs(c.bx) - 0.75 - 0.35 * np.maximum(c.by - 0.6, 0), 0.1 - c.by),
    )
    face = ellipse(c.x - 0.1 * c["turn"], c.y - 0.12, c["width"] - 0.07, 0.87)
    cloth = c.fill(outer) * (1 - c.fill(face)) * worn
    folds = ripple(c.x * 1.1 + 0.9 * c.y + c["phase"]) * 0.08 + 0.25 * c["light"] * c.x * c["contrast"]
    c.paint(cloth, c["trim"] * (0.97 + folds - 0.3 * soft(face, 0.12))[:, None])
    c.shade(-0.25 * soft(np.abs(face + 0.03) - 0.02, 0.12) * (1 - cloth) * worn)


def draw_glasses(c: Canvas) -> None:
    """Frames, round or angular, with a reflection on the lenses."""
    worn = c["glasses"]
    turn = c["turn"]
    frames = np.zeros_like(c.x)
    y = c.y + 0.07 - c["nod"]
    for side in (-1, 1):
        x = c.x - side * 0.34 - 0.52 * turn
        rx = 0.255 * (1 + 0.25 * side * turn)
        circle = ellipse(x, y, rx, 0.235)
        box = np.maximum(np.abs(x) - rx, np.abs(y) - 0.17)
        lens = circle + (1 - c["round"]) * (box - circle)
        frames = np.maximum(frames, c.fill(np.abs(lens) - 0.022))
        inside = c.fill(lens)
        c.paint(inside * 0.1 * worn, np.array([0.8, 0.9, 1.0], np.float32).reshape(1, 3, 1, 1))
        glare = c.fill(np.abs(x + 0.6 * y - 0.08 + 0.1 * c["light"]) - 0.03) * inside
        c.paint(0.35 * glare * worn, np.ones((1, 3, 1, 1), np.float32))
        temple = np.abs(y + 0.06) - 0.02
        outside = (side * x > rx) & (side * c.x < c["width"])
        frames = np.maximum(frames, c.fill(temple) * outside)
    bridge = c.fill(np.maximum(np.abs(y + 0.05) - 0.02, np.abs(c.x - 0.55 * turn) - 0.1))
    c.paint(np.maximum(frames, bridge) * worn, c["frame"])
