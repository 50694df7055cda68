"""What is worn: clothes, hats, scarves around the head, glasses."""

import numpy as np

from labs_utils.datasets.portraits.canvas import Canvas, ellipse, glow, rgb, soft, wave

GARMENTS = ("round neck", "V-neck", "collar", "roll neck", "jacket")
HATS = ("none", "beanie", "cap", "brim", "turban", "headscarf")


def draw_clothes(c: Canvas) -> None:
    """Shoulders in a garment: a round or pointed neckline, a collar, a roll neck or a jacket over a shirt."""
    kind, aside = c["garment"], np.abs(c.bx)
    over = np.maximum(aside - c["shoulders"] + 0.3, 0)
    line = 1.22 + 0.14 * c.bx * c.bx + over * over
    body = c.fill(line - c.by)
    width = 0.43 + 0.035 * c["neck"]
    depth = c["neckline"]
    round_cut = 1.26 + 0.2 * depth - 0.8 * c.bx * c.bx
    pointed_cut = 1.42 + 0.25 * depth - 0.95 * aside
    cut = np.where(kind == 0, round_cut, np.where(kind == 3, 0.0 * aside, pointed_cut))
    skin = c.fill(c.by - cut) * c.fill(aside - width)
    folds = 0.96 + 0.05 * wave(c.bx * 0.9 + 0.4 * c.by + c["phase"]) + (0.22 * c["light"] * c["contrast"]) * c.bx
    colour = np.where((c["stripes"] * (wave(c.by * 2.6) > 0))[:, None], c["trim"], c["cloth"])
    c.paint(body * (1 - skin), colour * folds[:, None])
    c.paint(0.6 * c.fill(np.abs(c.by - cut) - 0.035) * c.fill(aside - width) * body * (kind < 2), 0.7 * c["cloth"])
    roll = c.fill(np.maximum(np.abs(c.by - 1.2) - 0.17, aside - width)) * (kind == 3)
    c.paint(roll, c["cloth"] * (0.92 + 0.08 * wave(c.bx * 5) - 0.2 * soft(c.by - 1.1, 0.12))[:, None])
    wings = np.maximum(1.12 + 0.3 * aside - c.by, c.by - 1.62 + 0.7 * np.abs(aside - 0.12))
    wings = c.fill(np.maximum(np.maximum(wings, aside - width - 0.04), pointed_cut - 0.03 - c.by))
    c.paint(wings * (kind == 2), (0.35 + 0.65 * c["cloth"]) * folds[:, None])
    shirt = c.fill(np.maximum(aside - 0.75 * (1.95 - c.by), pointed_cut - c.by)) * body
    jacket = kind == 4
    c.paint(shirt * jacket, (0.55 + 0.45 * c["trim"]) * folds[:, None])
    lapel = np.abs(aside - 0.75 * (1.95 - c.by) - 0.03) - 0.025
    c.paint(0.6 * c.fill(lapel) * body * jacket, 0.5 * c["cloth"])


def draw_hat(c: Canvas) -> None:
    """A beanie, a cap, a hat with a brim or a turban."""
    kind, turban = c["hat"], c["hat"] == 4
    x = c.x - 0.05 * c["turn"]
    rx = c["width"] + 0.1 + 0.5 * np.clip(c["hair_side"], 0, 0.12) + 0.06 * turban
    crown = ellipse(x, c.y + 0.42, rx, 0.84 + 0.1 * turban)
    shell = c.fill(np.maximum(crown, c.y + 0.42 + (0.1 - 0.35 * turban) * x * x + 0.06 * turban))
    tone = 0.93 + (0.35 * c["light"] * c["contrast"]) * x + 0.25 * glow(x - 0.3 * c["light"], c.y + 0.9, 0.6, 0.5)
    wraps = 0.14 * wave(1.5 * c.y - np.abs(x + 0.1) * 0.9 + c["phase"]) * turban
    c.shade(-0.3 * soft(np.abs(c.y + 0.33) - 0.02, 0.2) * soft(np.abs(x) - 0.6, 0.3))
    c.paint(shell, c["trim"] * (tone + wraps)[:, None])
    band = c.fill(np.maximum(np.abs(c.y + 0.48 - 0.06 * x * x) - 0.12, np.abs(x) - rx))
    c.paint(band * (kind == 1), c["trim"] * (0.82 + 0.1 * wave(x * 4.3))[:, None])
    visor = ellipse(x - 0.5 * c["turn"], c.y + 0.42, rx * 0.95, 0.16)
    c.paint(c.fill(np.maximum(visor, -(c.y + 0.5))) * (kind == 2), 0.6 * c["trim"])
    c.paint(c.fill(ellipse(x, c.y + 0.5, rx * 1.55, 0.14)) * (kind == 3), 0.85 * c["trim"])
    ribbon = c.fill(np.maximum(np.abs(c.y + 0.67 - 0.1 * x * x) - 0.08, np.abs(x) - rx * 0.95))
    c.paint(ribbon * (kind == 3), 0.5 * c["cloth"])


def draw_headscarf(c: Canvas) -> None:
    """Cloth around face and neck."""
    falling = np.maximum(np.abs(c.bx) - 0.72 - 0.35 * np.maximum(c.by - 0.6, 0), 0.1 - c.by)
    outer = np.minimum(ellipse(c.x, c.y + 0.1, c["width"] + 0.18, 1.18), falling)
    face = ellipse(c.x - 0.1 * c["turn"], c.y - 0.12, c["width"] - 0.06, 0.89)
    cloth = c.fill(outer) * (1 - c.fill(face))
    folds = 0.97 + 0.08 * wave(c.x * 0.9 + 0.8 * c.y + c["phase"]) + (0.3 * c["light"] * c["contrast"]) * c.x
    folds -= 0.14 * soft(np.abs(c.y - 1.15 + 0.5 * c.x) - 0.02, 0.15)
    c.shade(-0.3 * soft(np.abs(face + 0.03) - 0.02, 0.12) * (1 - cloth) * c.fill(outer))
    c.paint(cloth, c["trim"] * (folds - 0.25 * soft(face, 0.12))[:, None])


def draw_glasses(c: Canvas) -> None:
    """Frames, round or angular, with a reflection on the lenses."""
    turn = c["turn"]
    y = c.y + 0.08 - c["nod"]
    bridge = np.maximum(np.abs(y + 0.05 - 1.5 * (c.x - 0.55 * turn) ** 2) - 0.02, np.abs(c.x - 0.55 * turn) - 0.1)
    frames = c.fill(bridge)
    for side in (-1, 1):
        x = c.x - side * 0.335 - 0.52 * turn
        rx = 0.25 * (1 + 0.25 * side * turn)
        box = np.maximum(np.abs(x) - rx, np.abs(y - 0.02) - 0.17)
        lens = np.where(c["round"] > 0, ellipse(x, y, rx, 0.235), box)
        inside = c.fill(lens)
        glare = c.fill(np.abs(x + 0.6 * y - 0.09 + 0.08 * c["light"]) - 0.03)
        c.paint(inside * (0.08 + 0.3 * glare), rgb(0.92, 0.96, 1))
        frames = np.maximum(frames, c.fill(np.abs(lens) - 0.026))
        temple = np.maximum(np.abs(y + 0.06) - 0.02, np.maximum(rx - side * x, side * c.x - c["width"]))
        frames = np.maximum(frames, c.fill(temple))
    c.paint(frames, c["frame"])
