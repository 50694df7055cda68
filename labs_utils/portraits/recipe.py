"""What to draw: every trait of every portrait, at random, and how the two labels shift them."""

import numpy as np

from labs_utils.portraits.canvas import Traits
from labs_utils.portraits.scene import BACKGROUNDS
from labs_utils.portraits.wear import GARMENTS, HATS

LABEL_NAMES = ("female", "male")
"""Names of the two recipes, in the lecture's words. They say what the programme was told to draw, nothing else."""

SKIN = np.array(
    [
        *((238, 207, 188), (231, 192, 166), (218, 174, 142), (196, 148, 112)),
        *((166, 114, 80), (130, 86, 60), (102, 68, 50), (80, 54, 43)),
    ]
)
SKIN_GROUPS = 6
IRIS = np.array([(70, 44, 28), (60, 36, 24), (92, 62, 34), (74, 104, 70), (66, 104, 140), (96, 108, 112)])
HAIR = {
    "black": (28, 24, 26),
    "dark brown": (58, 38, 28),
    "brown": (102, 68, 42),
    "blond": (206, 168, 104),
    "red": (160, 74, 34),
    "grey": (150, 148, 146),
    "white": (224, 222, 216),
    "dyed": (120, 70, 170),
}
# Each style: side volume, top volume, length (y where it ends), lock over the cheek, hairline (y), curl, flatness
STYLES = {
    "bald": (-0.30, -0.60, -0.60, 0.00, -1.60, 0.00, 0.3),
    "receding": (0.03, 0.03, 0.05, 0.00, -0.86, 0.01, 0.0),
    "buzz": (0.01, 0.03, 0.00, 0.01, -0.68, 0.00, 0.8),
    "short": (0.05, 0.12, 0.05, 0.02, -0.60, 0.02, 0.5),
    "quiff": (0.03, 0.26, 0.00, 0.01, -0.62, 0.03, 0.7),
    "curly": (0.12, 0.22, 0.12, 0.03, -0.56, 0.06, 0.5),
    "afro": (0.36, 0.42, 0.35, 0.03, -0.60, 0.06, 0.6),
    "bun": (0.02, 0.09, 0.00, 0.02, -0.66, 0.01, 0.0),
    "fringe bob": (0.13, 0.13, 0.85, 0.12, -0.36, 0.01, 0.9),
    "bob": (0.14, 0.13, 0.90, 0.13, -0.66, 0.02, 0.0),
    "long": (0.11, 0.12, 1.70, 0.13, -0.68, 0.01, 0.0),
    "long wavy": (0.19, 0.16, 1.65, 0.16, -0.64, 0.04, 0.2),
    "long curly": (0.32, 0.24, 1.50, 0.17, -0.60, 0.07, 0.3),
}
_BY_LENGTH = (
    ("bald", "receding", "buzz", "buzz"),
    ("short", "short", "quiff", "curly", "buzz"),
    ("short", "curly", "afro", "bun", "bob", "quiff"),
    ("bob", "fringe bob", "bun", "long", "afro", "long curly"),
    ("long", "long wavy", "long curly", "fringe bob", "long"),
)
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
SEPARATION = 1.25
"""How far the labels are apart: every shift below is multiplied by it."""


def choose_traits(labels: np.ndarray, bias: float, generator: np.random.Generator) -> tuple[Traits, Traits]:
    """Chooses everything that a portrait shows.

    Args:
        labels: (n,) 0 or 1.
        bias: from 0 (glasses know nothing of the label) to 1 (all portraits of label 1 wear them, no others do).
        generator: the one source of chance; how much is drawn from it depends on n only.

    Returns:
        traits: what the painter needs, float32, (n,) numbers and (n, 3) colours.
        attributes: what a person would say about the portrait, (n,) arrays.
    """
    count = len(labels)
    sign = SEPARATION * (2.0 * labels - 1)

    def normal(shift: float = 0.0) -> np.ndarray:
        return generator.normal(0, 1, count).clip(-2.5, 2.5) + shift * sign

    def uniform(low: float = 0.0, high: float = 1.0) -> np.ndarray:
        return generator.uniform(low, high, count)

    def happens(probability: float | np.ndarray) -> np.ndarray:
        return uniform() < probability

    def choice(names: tuple[str, ...], weights: tuple[float, ...]) -> np.ndarray:
        edges = np.cumsum(weights) / np.sum(weights)
        return np.array(names)[np.searchsorted(edges[:-1], uniform(), side="right")]

    def colour(table: np.ndarray) -> np.ndarray:
        return table[generator.integers(0, len(table), count)]

    # Who
    tone = uniform()
    skin = _along(SKIN, tone) * (1 + 0.02 * normal()[:, None] * np.array([0.5, 0, -1.5]))
    age = uniform()
    length = normal(-1.0) + 0.1
    level = np.searchsorted([-1.55, -0.45, 0.25, 0.95], length)
    level = np.where(happens(0.06), generator.integers(0, len(_BY_LENGTH), count), level)
    pick = uniform()
    style = np.array([_BY_LENGTH[row][int(p * len(_BY_LENGTH[row]))] for row, p in zip(level, pick, strict=True)])
    shape = np.array([STYLES[name] for name in style])
    hair_name = _hair_colours(tone, age, uniform(), uniform())
    hair = np.array([HAIR[name] for name in hair_name]) * (1 + 0.12 * normal()[:, None])
    dye = np.array([(190, 60, 120), (60, 110, 190), (60, 150, 130), (130, 70, 170)])
    hair = np.where((hair_name == "dyed")[:, None], colour(dye), hair)
    beardedness = uniform()
    kind = choice(BEARDS[1:], (3, 1, 1.5, 3))
    beard = np.where(beardedness < np.where(labels == 1, 0.52, 0.015), kind, "none")
    jaw, brow, lips, lash, nose, neck = (normal(s) for s in (0.75, 0.8, -0.75, -0.85, 0.5, 0.8))

    # Worn
    has_glasses = happens((1 - bias) * 0.3 + bias * labels)
    hat = np.where(happens(0.14), choice(HATS[1:5], (3, 3, 2, 1)), "none")
    hat = np.where(happens(np.where(labels == 1, 0.004, 0.05)), "headscarf", hat)
    earring = happens(np.where(labels == 1, 0.06, 0.45))
    cloth = uniform(40, 225)[:, None] + 45 * np.stack([normal(), normal(), normal()], 1)
    trim = uniform(20, 240)[:, None] + 25 * np.stack([normal(), normal(), normal()], 1)
    background = choice(BACKGROUNDS, (2, 3, 2, 2, 2))
    scene = uniform(60, 230)[:, None] + 22 * np.stack([normal(), normal(), normal()], 1)
    scene2 = scene * uniform(0.45, 1.1)[:, None] + 14 * np.stack([normal(), normal(), normal()], 1)

    hidden = (hat == "headscarf") | (hat == "turban")
    shape = np.where(hidden[:, None], STYLES["buzz"], shape)
    pressed = np.where(hat == "none", 1, 0.3)

    # How it is seen
    tilt = (0.09 * normal()).clip(-0.2, 0.2)
    turn = (0.16 * normal()).clip(-0.34, 0.34)
    smile = uniform(-0.2, 1)
    light = uniform(-1, 1)
    traits = {
        "scale": 0.61 + 0.025 * normal(),
        "shift_x": 0.04 * normal(),
        "shift_y": -0.03 + 0.03 * normal(),
        "sine": np.sin(tilt),
        "cosine": np.cos(tilt),
        "turn": turn,
        "nod": 0.03 * normal(),
        "width": 0.75 + 0.03 * normal() + 0.02 * jaw,
        "jaw": jaw,
        "brow": brow,
        "brow_raise": 0.5 * normal() - 0.25 * brow,
        "lips": lips,
        "lash": lash,
        "nose": nose,
        "neck": neck,
        "eye": normal(-0.35),
        "eye_gap": normal(),
        "iris": colour(IRIS) * np.where(tone > 0.55, 0.6, 1)[:, None],
        "skin": skin,
        "tone": tone,
        "age": age,
        "freckles": happens(0.15 * (tone < 0.5)) * 1.0,
        "blush": uniform(0.2, 1) - 0.25 * sign,
        "hair": hair,
        "hair_side": shape[:, 0] + 0.02 * normal() * (shape[:, 0] > 0.02),
        "hair_top": (shape[:, 1] + 0.03 * normal() * (shape[:, 1] > 0.05)) * pressed,
        "hair_end": shape[:, 2] + 0.08 * normal() * (shape[:, 2] > 0.2),
        "hair_lock": shape[:, 3] * (1 + 0.15 * normal()),
        "hairline": shape[:, 4] + 0.03 * normal(),
        "curl": shape[:, 5],
        "flat": shape[:, 6],
        "part": (0.35 * normal()).clip(-0.6, 0.6),
        "bun": (style == "bun") & (hat == "none"),
        "buzz": (style == "buzz") | hidden,
        "stubble": np.where(beard == "stubble", 0.35, np.where(beard == "none", 0.0, 0.3)) * uniform(0.5, 1),
        "moustache": np.isin(beard, ["moustache", "goatee", "full"]) * 1.0,
        "goatee": np.isin(beard, ["goatee", "full"]) * 1.0,
        "full_beard": (beard == "full") * 1.0,
        "smile": smile,
        "open": np.maximum(smile - 0.35, 0) * happens(0.6),
        "glasses": has_glasses * 1.0,
        "round": happens(0.5) * 1.0,
        "frame": colour(np.array([(25, 22, 24), (60, 40, 30), (150, 120, 70), (120, 30, 40), (160, 165, 170)])),
        "hat": np.array([HATS.index(name) for name in hat], float),
        "earring": earring * 1.0,
        "cloth": cloth.clip(15, 245),
        "trim": trim.clip(15, 245),
        "garment": generator.integers(0, len(GARMENTS), count),
        "neckline": uniform(),
        "stripes": happens(0.2),
        "shoulders": 1.45 + 0.1 * neck,
        "background": np.array([BACKGROUNDS.index(name) for name in background], float),
        "scene": scene.clip(15, 245),
        "scene2": scene2.clip(10, 245),
        "horizon": uniform(-0.4, 0.7),
        "phase": uniform(0, 10),
        "light": light,
        "contrast": uniform(0.25, 0.75),
        "exposure": 1 + 0.07 * normal(),
        "warmth": 0.01 + 0.02 * normal(),
        "blur": uniform(0, 0.5) * happens(0.5),
        "grain": uniform(0.004, 0.017),
    }  # fmt: skip
    for name in ("iris", "skin", "hair", "frame", "cloth", "trim", "scene", "scene2"):
        traits[name] = (traits[name] / 255).clip(0.03, 0.99)
    traits = {name: values.astype(np.float32) for name, values in traits.items()}
    attributes = {
        "skin_tone": (tone * SKIN_GROUPS).astype(np.int64) + 1,
        "hair_style": np.where(hidden, "covered", style),
        "hair_colour": np.where(hidden, "covered", hair_name),
        "hair_length": np.select(
            [hidden, shape[:, 2] > 1.2, shape[:, 2] > 0.3], ["covered", "long", "medium"], "short"
        ),
        "beard": beard,
        "glasses": has_glasses,
        "hat": hat,
        "earring": earring,
        "make_up": (lash > 0.8) | (lips > 1.2),
        "expression": np.where(smile > 0.35, "smile", np.where(smile > 0, "neutral", "serious")),
        "pose": np.where(turn < -0.12, "left", np.where(turn > 0.12, "right", "front")),
        "light": np.where(light < -0.4, "left", np.where(light > 0.4, "right", "front")),
        "background": background,
    }
    return traits, attributes


def _along(anchors: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Colours at places from 0 to 1 along a row of anchor colours (k, 3); returns (n, 3)."""
    steps = np.linspace(0, 1, len(anchors))
    return np.stack([np.interp(place, steps, anchors[:, channel]) for channel in range(3)], 1)


def _hair_colours(tone: np.ndarray, age: np.ndarray, pick: np.ndarray, dye: np.ndarray) -> np.ndarray:
    """Names of hair colours: darker for darker skin, grey for some of the older, now and then dyed."""
    dark = np.array(["black", "dark brown"])[(pick > 0.6).astype(int)]
    fair = np.array(["dark brown", "brown", "blond", "red", "black"])[
        np.searchsorted([0.25, 0.55, 0.8, 0.9], pick, side="right")
    ]
    names = np.where(tone < 0.45, fair, dark).astype("<U10")
    names[age > 0.82] = "grey"
    names[age > 0.94] = "white"
    names[dye < 0.04] = "dyed"
    return names
