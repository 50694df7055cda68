"""Around the person: the background, and what light and camera do to the finished picture."""

import numpy as np

from labs_utils.portraits.canvas import Canvas, ripple, soft


def draw_background(c: Canvas) -> None:
    """A wall, a gradient, lights out of focus, a room or the open air."""
    kind = c["background"]
    down = (c.v + 1) / 2
    across = (c.u * np.where(c["light"] >= 0, 1, -1) + 1) / 2
    mix = np.where(kind == 0, 0.3 * (1 - across), np.where(kind == 1, down, 0.6 * (1 - across) + 0.4 * down))
    first, second = c["scene"], c["scene2"]
    c.pixels[:] = first + mix[:, None] * (second - first)
    lights = 0
    for k in range(6):
        x = ripple(c["phase"] * (0.37 + 0.211 * k)) * 1.0
        y = ripple(c["phase"] * (0.53 + 0.173 * k)) * 0.9 - 0.1
        radius = 0.12 + 0.06 * (k % 3)
        dx, dy = c.u - x, c.v - y
        lights = np.maximum(lights, soft(np.sqrt(dx * dx + dy * dy) - radius, 0.08) * (0.35 + 0.1 * (k % 2)))
    c.paint(lights * (kind == 2), 0.45 + 0.55 * c["trim"])
    left = c["horizon"] * 1.2 - 0.4
    window = np.maximum(np.abs(c.u - left - 0.55) - 0.4, np.abs(c.v + 0.35) - 0.5)
    bars = np.minimum(np.abs(c.u - left - 0.55), np.abs(c.v + 0.35)) - 0.03
    c.paint(soft(window, 0.05) * (kind == 3), 0.5 + 0.5 * second)
    c.paint(soft(window, 0.05) * soft(bars, 0.05) * (kind == 3), 0.6 * first)
    hills = c["horizon"] + 0.12 * ripple(c.u * 0.6 + c["phase"]) + 0.05 * ripple(c.u * 1.7)
    sky = np.array([0.62, 0.78, 0.93], np.float32).reshape(1, 3, 1, 1) * (0.8 + 0.3 * down[:, None])
    green = np.array([0.36, 0.5, 0.28], np.float32).reshape(1, 3, 1, 1) * (0.7 + 0.5 * c["scene"])
    outdoors = (kind == 4) * np.ones_like(down)
    c.paint(outdoors, sky)
    c.paint(outdoors * soft(hills - c.v, 0.12), green * (1.1 - 0.4 * down)[:, None])


def finish(c: Canvas, generator: np.random.Generator) -> np.ndarray:
    """Exposure, colour of the light, a soft lens and the grain of a sensor.

    Returns:
        (n, side, side, 3) uint8.
    """
    pixels = c.pixels
    pixels *= (c["exposure"] * (1 + 0.12 * c["light"] * c.u))[:, None]
    pixels[:, 0] *= 1 + c["warmth"]
    pixels[:, 2] *= 1 - c["warmth"]
    share = c["blur"][:, None] / 2
    for axis in (2, 3):
        inner = [slice(None)] * 4
        before, after = list(inner), list(inner)
        inner[axis], before[axis], after[axis] = slice(1, -1), slice(None, -2), slice(2, None)
        mean = (pixels[tuple(before)] + pixels[tuple(after)]) / 2
        pixels[tuple(inner)] += share * (mean - pixels[tuple(inner)])
    grain = generator.standard_normal(pixels.shape, np.float32)
    pixels += grain * c["grain"][:, None]
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
