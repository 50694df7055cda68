"""Around the person: the background, and what light and camera do to the finished picture."""

import numpy as np

from labs_utils.datasets.portraits.canvas import Canvas, rgb, soft, wave

BACKGROUNDS = ("plain", "gradient", "lights", "room", "outdoors")


def draw_wall(c: Canvas) -> None:
    """One colour that passes into another, from the lit side or from the top."""
    kind = c["background"]
    down = 0.5 + 0.5 * c.v
    away = 0.5 - 0.5 * c.u * np.where(c["light"] >= 0, np.float32(1), np.float32(-1))
    mix = down * np.where(kind == 0, np.float32(0.1), np.float32(0.6)) + away * np.float32(0.3)
    c.pixels[:] = c["scene"] + mix[:, None] * (c["scene2"] - c["scene"])


def draw_lights(c: Canvas) -> None:
    """Lights far behind, out of focus."""
    lights = np.zeros_like(c.x)
    for k in range(6):
        dx = c.u - wave(c["phase"] * (0.37 + 0.211 * k))
        dy = c.v + 0.15 - 0.9 * wave(c["phase"] * (0.53 + 0.173 * k))
        spot = soft(np.sqrt(dx * dx + dy * dy) - 0.12 - 0.06 * (k % 3), 0.07)
        lights = np.maximum(lights, spot * (0.3 + 0.12 * (k % 2)))
    c.paint(lights, 0.4 + 0.6 * c["scene"])


def draw_room(c: Canvas) -> None:
    """A window on one side and a picture or a shelf on the other."""
    side = np.where(c["horizon"] > 0.15, np.float32(1), np.float32(-1))
    x, y = c.u * side - 0.72, c.v + 0.3
    pane = np.maximum(np.abs(x) - 0.38, np.abs(y) - 0.5)
    bars = np.minimum(np.abs(x), np.abs(y + 0.05)) - 0.02
    c.paint(soft(pane - 0.06, 0.05), 0.3 + 0.6 * c["scene2"])
    c.paint(soft(pane, 0.05) * soft(-bars, 0.04), rgb(0.78, 0.88, 0.97) * (0.7 + 0.3 * c["scene"]))
    frame = np.maximum(np.abs(x + 1.42) - 0.2, np.abs(y + 0.1) - 0.24)
    c.paint(soft(frame, 0.04), 0.4 * c["scene2"])
    c.paint(soft(frame + 0.05, 0.03), 0.35 + 0.5 * c["scene"] * c["trim"])


def draw_outdoors(c: Canvas) -> None:
    """Sky over hills, trees or a town, out of focus."""
    down = 0.5 + 0.5 * c.v
    c.pixels[:] = rgb(0.55, 0.72, 0.9) * (0.75 + 0.4 * down[:, None]) + 0.08 * c["scene"]
    far = c["horizon"] - 0.15 + 0.12 * wave(c.u * 0.45 + c["phase"])
    near = c["horizon"] + 0.15 + 0.08 * wave(c.u * 0.8 - c["phase"]) + 0.04 * wave(c.u * 2.3)
    c.paint(soft(far - c.v, 0.06), 0.45 * rgb(0.5, 0.62, 0.6) + 0.4 * c["scene2"])
    c.paint(soft(near - c.v, 0.1), rgb(0.34, 0.48, 0.26) * (0.7 + 0.5 * c["scene"]) * (1.15 - 0.4 * down)[:, None])


def finish(c: Canvas, generator: np.random.Generator) -> np.ndarray:
    """Exposure, colour of the light, a soft lens and the grain of a sensor.

    Returns:
        (n, side, side, 3) uint8.
    """
    pixels = c.pixels
    pixels *= (c["exposure"] * (1 + 0.12 * c["light"] * c.u))[:, None]
    pixels[:, 0] *= 1 + c["warmth"]
    pixels[:, 2] *= 1 - c["warmth"]
    share = c["blur"][:, None] / 4
    for first, middle, last in (
        (np.s_[:, :, :-2], np.s_[:, :, 1:-1], np.s_[:, :, 2:]),
        (np.s_[..., :-2], np.s_[..., 1:-1], np.s_[..., 2:]),
    ):
        pixels[middle] += share * (pixels[first] + pixels[last] - 2 * pixels[middle])
    pixels += (c["grain"] * generator.standard_normal(c.u.shape, np.float32))[:, None]
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
