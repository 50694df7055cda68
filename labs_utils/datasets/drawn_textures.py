"""Textures drawn by formula: material on which the course's small MobileNet learns surfaces beside CIFAR-10's objects.

Each class is one way to draw a height map in [0, 1]; scale, direction, colours, light and blur vary within the class.
None of them imitates the photographs of lab 08 (brick, grass, gravel): the network must meet those for the first time.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage, spatial

SIZE = 64
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)

Drawing = Callable[[np.random.Generator], np.ndarray]


def draw(per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws `per_class` pictures of every class.

    Returns:
        pictures (n, 64, 64, 3) uint8 and labels (n,) int64, positions in `NAMES`; n = per_class · number of classes.
    """
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(_DRAWINGS)), per_class)
    drawings = list(_DRAWINGS.values())
    return np.stack([_coloured(drawings[label](rng), rng) for label in labels]), labels


# -- from a height map to a picture -----------------------------------------------------------------------------------


def _coloured(height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A height map between two random colours, sometimes lit from a side, blurred or noisy: (64, 64, 3) uint8."""
    height = _stretched(height if rng.random() < 0.5 else -height)
    if rng.random() < 0.5:  # light from one side
        angle, gy, gx = rng.uniform(0, 2 * np.pi), *np.gradient(height)
        height = _stretched(height + rng.uniform(0, 8) * (np.cos(angle) * gx + np.sin(angle) * gy))
    if rng.random() < 0.3:
        height = ndimage.gaussian_filter(height, rng.uniform(0.3, 1.2))
    channels = 1 if rng.random() < 0.4 else 3  # grey or coloured
    dark = rng.uniform(0, 0.5, channels)
    light = dark + rng.uniform(0.25, 1 - dark)
    picture = np.ones(3) * (dark + height[..., None] ** rng.uniform(0.6, 1.6) * (light - dark))
    picture += rng.normal(0, rng.uniform(0, 0.05), picture.shape)
    return (255 * picture.clip(0, 1)).astype(np.uint8)


def _stretched(height: np.ndarray) -> np.ndarray:
    low, high = np.percentile(height, (1, 99))
    return ((height - low) / max(high - low, 1e-9)).clip(0, 1)


# -- noise ------------------------------------------------------------------------------------------------------------

_FY, _FX = np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None, :]


def _filtered(response: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.fft.irfft2(np.fft.rfft2(rng.normal(size=(SIZE, SIZE))) * response, (SIZE, SIZE))


def _cloud(rng: np.random.Generator, slope: float) -> np.ndarray:
    """Noise whose amplitude falls with frequency like f^-slope."""
    return _filtered(1 / np.maximum(np.hypot(_FY, _FX), 1 / SIZE) ** slope, rng)


def _band(rng: np.random.Generator, centre: float, width: float) -> np.ndarray:
    """Noise around one frequency (cycles per pixel), in all directions."""
    return _filtered(np.exp(-(((np.hypot(_FY, _FX) - centre) / width) ** 2)), rng)


def _streaks(rng: np.random.Generator, length: float, thickness: float) -> np.ndarray:
    """Noise smeared along a random direction; both sizes in pixels."""
    angle = rng.uniform(0, np.pi)
    along = _FX * np.cos(angle) + _FY * np.sin(angle)
    across = _FY * np.cos(angle) - _FX * np.sin(angle)
    return _filtered(np.exp(-20 * ((length * along) ** 2 + (thickness * across) ** 2)), rng)


# -- lines, cells and patterns ----------------------------------------------------------------------------------------


def _turned(rng: np.random.Generator, warp: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in pixels turned by a random angle and, with `warp`, bent by that many pixels."""
    angle, x, y = rng.uniform(0, 2 * np.pi), _X, _Y
    if warp:
        bend = _stretched(_cloud(rng, 2.0))
        x, y = x + warp * bend, y + warp * bend.T
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _distances(rng: np.random.Generator, spacing: float, neighbours: int) -> np.ndarray:
    """Distance of every pixel to its nearest random points: (64, 64, neighbours)."""
    count = max(int((SIZE + 2 * spacing) ** 2 / spacing**2), neighbours + 1)
    points = rng.uniform(-spacing, SIZE + spacing, (count, 2))
    places = np.stack([_Y.ravel(), _X.ravel()], 1)
    return spatial.cKDTree(points).query(places, k=neighbours)[0].reshape(SIZE, SIZE, -1)


def _pebbles(rng: np.random.Generator) -> np.ndarray:
    near = _distances(rng, rng.uniform(5, 16), 2)
    return np.sqrt(np.maximum(near[..., 1] ** 2 - near[..., 0] ** 2, 0))


def _cells(rng: np.random.Generator) -> np.ndarray:
    near = _distances(rng, rng.uniform(7, 20), 2)
    return np.minimum(near[..., 1] - near[..., 0], rng.uniform(1.5, 4))


def _leaves(rng: np.random.Generator, square: bool) -> np.ndarray:
    """Overlapping discs or squares, each with a height of its own."""
    height = np.zeros((SIZE, SIZE))
    largest = rng.uniform(5, 14)
    for _ in range(int(9000 / largest**2) + 40):
        cy, cx = rng.uniform(0, SIZE, 2)
        dy, dx = np.abs(_Y - cy), np.abs(_X - cx)
        size = largest * rng.uniform(0.2, 1)
        height[(np.maximum(dy, dx) if square else np.hypot(dy, dx)) < size] = rng.random()
    return height


def _fibres(rng: np.random.Generator) -> np.ndarray:
    """Thin straight fibres, around one direction or in all of them."""
    height = np.zeros((SIZE, SIZE))
    mean, spread = rng.uniform(0, np.pi), rng.choice([0.1, 0.4, 3.0])
    thickness = rng.uniform(0.5, 1.2)
    for _ in range(rng.integers(40, 110)):
        angle, (cy, cx) = mean + spread * rng.normal(), rng.uniform(0, SIZE, 2)
        along = (_X - cx) * np.cos(angle) + (_Y - cy) * np.sin(angle)
        across = (_Y - cy) * np.cos(angle) - (_X - cx) * np.sin(angle)
        inside = (np.abs(across) < thickness) & (np.abs(along) < rng.uniform(6, 25))
        height[inside] = rng.uniform(0.3, 1)
    return height


def _stripes(rng: np.random.Generator, warp: float) -> np.ndarray:
    u, _ = _turned(rng, warp)
    return np.sin(2 * np.pi * u / rng.uniform(4, 18)) * rng.uniform(1, 4)


def _checks(rng: np.random.Generator) -> np.ndarray:
    u, v = _turned(rng)
    period = rng.uniform(5, 20)
    return np.sign(np.sin(2 * np.pi * u / period) * np.sin(2 * np.pi * v / (period * rng.uniform(0.7, 1.4))))


def _dots(rng: np.random.Generator) -> np.ndarray:
    u, v = _turned(rng)
    period = rng.uniform(5, 16)
    near = np.hypot((u % period) - period / 2, ((v + (u // period % 2) * period / 2) % period) - period / 2)
    return np.maximum(rng.uniform(0.25, 0.45) * period - near, 0)


def _weave(rng: np.random.Generator) -> np.ndarray:
    u, v = _turned(rng)
    period = rng.uniform(5, 14)
    over = (u // period + v // period) % 2
    return np.where(over, np.sin(np.pi * (u % period) / period), 0.8 * np.sin(np.pi * (v % period) / period))


def _scales(rng: np.random.Generator) -> np.ndarray:
    u, v = _turned(rng)
    period = rng.uniform(8, 20)
    row = v // (period / 2)
    return np.hypot(((u + row % 2 * period / 2) % period) - period / 2, v - row * period / 2)


def _rings(rng: np.random.Generator) -> np.ndarray:
    bend = rng.uniform(4, 14) * _stretched(_cloud(rng, 2.2))
    cy, cx = rng.uniform(-20, SIZE + 20, 2)
    return np.sin(2 * np.pi * (np.hypot(_Y - cy, _X - cx) + bend) / rng.uniform(3, 10))


def _net(rng: np.random.Generator) -> np.ndarray:
    u, v = _turned(rng, rng.uniform(0, 8))
    period, width = rng.uniform(6, 18), rng.uniform(0.8, 2.2)
    lines = np.minimum(np.abs((u % period) - period / 2), np.abs((v % period) - period / 2))
    return np.minimum(lines, width)


def _speckles(rng: np.random.Generator) -> np.ndarray:
    near = _distances(rng, rng.uniform(6, 16), 1)[..., 0]
    return np.maximum(rng.uniform(1.2, 3.5) - near, 0) + 0.1 * _stretched(_cloud(rng, 1.0))


_DRAWINGS: dict[str, Drawing] = {
    "sand": lambda rng: _cloud(rng, rng.uniform(0, 0.6)),
    "rough stone": lambda rng: _cloud(rng, rng.uniform(0.9, 1.4)),
    "clouds": lambda rng: _cloud(rng, rng.uniform(1.9, 2.6)),
    "goose skin": lambda rng: _band(rng, rng.uniform(0.06, 0.16), 0.02),
    "blots": lambda rng: _band(rng, rng.uniform(0.04, 0.12), 0.03).clip(-1e-3, 1e-3),
    "fur": lambda rng: _streaks(rng, rng.uniform(4, 9), rng.uniform(0.2, 0.7)),
    "brushed metal": lambda rng: _streaks(rng, rng.uniform(20, 60), rng.uniform(0, 0.3)),
    "fibres": _fibres,
    "pebbles": _pebbles,
    "cells": _cells,
    "discs": lambda rng: _leaves(rng, square=False),
    "squares": lambda rng: _leaves(rng, square=True),
    "stripes": lambda rng: _stripes(rng, 0),
    "waves": lambda rng: _stripes(rng, rng.uniform(20, 60)),
    "rings": _rings,
    "checks": _checks,
    "dots": _dots,
    "weave": _weave,
    "scales": _scales,
    "net": _net,
    "speckles": _speckles,
}
NAMES = tuple(_DRAWINGS)
