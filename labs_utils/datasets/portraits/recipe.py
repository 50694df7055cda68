"""What to draw: every trait of every portrait, at random, and how the two labels shift them."""

from collections.abc import Sequence

import numpy as np

from labs_utils.datasets.portraits.canvas import Traits
from labs_utils.datasets.portraits.hair import STYLES, Style
from labs_utils.datasets.portraits.scene import BACKGROUNDS
from labs_utils.datasets.portraits.wear import GARMENTS, HATS

LABEL_NAMES = ("female", "male")
"""Names of the two recipes, in the lecture's words. They say what the programme was told to draw, nothing else."""
SEPARATION = 1.4
"""How far the labels are apart: every shift of a normal trait below is multiplied by it."""

SKIN = np.array(
    [
        *((238, 207, 188), (231, 192, 166), (218, 174, 142), (196, 148, 112)),
        *((166, 114, 80), (130, 86, 60), (102, 68, 50), (80, 54, 43)),
    ]
)
SKIN_GROUPS = 6
IRIS = np.array([(70, 44, 28), (60, 36, 24), (92, 62, 34), (74, 104, 70), (66, 104, 140), (96, 108, 112)])
FRAMES = np.array([(25, 22, 24), (60, 40, 30), (150, 120, 70), (120, 30, 40), (160, 165, 170)])
DYES = np.array([(190, 60, 120), (60, 110, 190), (60, 150, 130), (130, 70, 170)])
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
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
_STYLES_BY_LENGTH = (
    ("bald", "receding", "buzz", "buzz"),
    ("short", "short", "quiff", "curly", "buzz"),
    ("short", "curly", "afro", "bun", "bob", "quiff"),
    ("bob", "fringe bob", "bun", "long", "afro", "long curly"),
    ("long", "long wavy", "long curly", "fringe bob", "long"),
)


class Chance:
    """Draws one value for each portrait; how many random numbers it uses depends on their count only."""

    def __init__(self, labels: np.ndarray, generator: np.random.Generator):
        self.labels, self.count, self.generator = labels, len(labels), generator
        self.sign = SEPARATION * (2.0 * labels - 1)

    def normal(self, shift: float = 0.0) -> np.ndarray:
        """Standard normal values within 2.5, moved down by `shift` for label 0 and up for label 1."""
        return self.generator.normal(0, 1, self.count).clip(-2.5, 2.5) + shift * self.sign

    def uniform(self, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Values between two bounds."""
        return self.generator.uniform(low, high, self.count)

    def happens(self, probability: float | np.ndarray) -> np.ndarray:
        """True with the given probability."""
        return self.uniform() < probability

    def happens_by_label(self, first: float, second: float) -> np.ndarray:
        """True with one probability for label 0 and another for label 1."""
        return self.happens(np.where(self.labels == 1, second, first))

    def choice(self, names: Sequence[str], weights: Sequence[float]) -> np.ndarray:
        """Names, as often as their weights say."""
        edges = np.cumsum(weights) / np.sum(weights)
        return np.array(names)[np.searchsorted(edges[:-1], self.uniform(), side="right")]

    def one_of(self, colours: np.ndarray) -> np.ndarray:
        """Colours of a table (k, 3), all as often; (n, 3)."""
        return colours[self.generator.integers(0, len(colours), self.count)]

    def colour(self, darkest: float, lightest: float, saturation: float) -> np.ndarray:
        """Any colour, (n, 3)."""
        grey = self.uniform(darkest, lightest)[:, None]
        return (grey + saturation * np.stack([self.normal() for _ in range(3)], 1)).clip(12, 245)


def choose_traits(labels: np.ndarray, bias: float, generator: np.random.Generator) -> tuple[Traits, Traits]:
    """Chooses everything that a portrait shows.

    Args:
        labels: (n,) 0 or 1.
        bias: from 0 (glasses know nothing of the label) to 1 (all portraits of label 1 wear them, no others do).
        generator: the one source of chance.

    Returns:
        traits: what the painter needs, float32, (n,) numbers and (n, 3) colours.
        attributes: what a person would say about the portrait, (n,) arrays.
    """
    chance = Chance(labels, generator)
    traits, attributes = _choose_face(chance)
    for choose in (_choose_worn, _choose_hair, _choose_beard, _choose_scene):
        more_traits, more_attributes = choose(chance, traits, attributes)
        traits |= more_traits
        attributes |= more_attributes
    has_glasses = chance.happens((1 - bias) * 0.3 + bias * labels)
    traits["glasses"] = attributes["glasses"] = has_glasses
    for name, values in traits.items():
        if values.ndim == 2:
            values = (values / 255).clip(0.03, 0.99)
        traits[name] = values.astype(np.float32)
    return traits, attributes


def _choose_face(chance: Chance) -> tuple[Traits, Traits]:
    """Skin, the shape of head and features, expression and pose."""
    tone = chance.uniform()
    undertone = 0.02 * chance.normal()[:, None] * np.array([0.5, 0, -1.5])
    jaw, brow = chance.normal(0.75), chance.normal(0.8)
    lips, lash = chance.normal(-0.75), chance.normal(-0.85)
    smile = chance.uniform(-0.2, 1)
    tilt = (0.09 * chance.normal()).clip(-0.2, 0.2)
    turn = (0.16 * chance.normal()).clip(-0.34, 0.34)
    traits = {
        "skin": _along(SKIN, tone) * (1 + undertone),
        "tone": tone,
        "age": chance.uniform(),
        "freckles": chance.happens(0.15 * (tone < 0.5)),
        "blush": chance.uniform(0.2, 1) - 0.25 * chance.sign,
        "width": 0.75 + 0.03 * chance.normal() + 0.02 * jaw,
        "jaw": jaw,
        "brow": brow,
        "brow_raise": 0.5 * chance.normal() - 0.25 * brow,
        "lips": lips,
        "lash": lash,
        "nose": chance.normal(0.5),
        "neck": chance.normal(0.8),
        "eye": chance.normal(-0.35),
        "eye_gap": chance.normal(),
        "iris": chance.one_of(IRIS) * np.where(tone > 0.55, 0.6, 1)[:, None],
        "smile": smile,
        "open": np.maximum(smile - 0.35, 0) * chance.happens(0.6),
        "scale": 0.61 + 0.025 * chance.normal(),
        "shift_x": 0.04 * chance.normal(),
        "shift_y": -0.03 + 0.03 * chance.normal(),
        "sine": np.sin(tilt),
        "cosine": np.cos(tilt),
        "turn": turn,
        "nod": 0.03 * chance.normal(),
    }
    attributes = {
        "skin_tone": (tone * SKIN_GROUPS).astype(np.int64) + 1,
        "make_up": (lash > 0.8) | (lips > 1.2),
        "expression": np.select([smile > 0.35, smile > 0], ["smile", "neutral"], "serious"),
        "pose": np.select([turn < -0.12, turn > 0.12], ["left", "right"], "front"),
    }
    return traits, attributes


def _choose_worn(chance: Chance, traits: Traits, attributes: Traits) -> tuple[Traits, Traits]:
    """Hats, earrings, clothes and the frames of glasses."""
    hat = np.where(chance.happens(0.14), chance.choice(HATS[1:5], (3, 3, 2, 1)), "none")
    hat = np.where(chance.happens_by_label(0.05, 0.004), "headscarf", hat)
    earring = chance.happens_by_label(0.45, 0.06)
    worn = {
        "hat": _numbers(hat, HATS),
        "earring": earring,
        "round": chance.happens(0.5),
        "frame": chance.one_of(FRAMES),
        "cloth": chance.colour(40, 225, 45),
        "trim": chance.colour(20, 240, 25),
        "garment": chance.generator.integers(0, len(GARMENTS), chance.count),
        "neckline": chance.uniform(),
        "stripes": chance.happens(0.2),
        "shoulders": 1.45 + 0.1 * traits["neck"],
    }
    return worn, {"hat": hat, "earring": earring}


def _choose_hair(chance: Chance, traits: Traits, attributes: Traits) -> tuple[Traits, Traits]:
    """The cut and the colour; a headscarf and a turban cover both."""
    level = np.searchsorted([-1.55, -0.45, 0.25, 0.95], chance.normal(-1.0) + 0.1)
    level = np.where(chance.happens(0.06), chance.generator.integers(0, len(_STYLES_BY_LENGTH), chance.count), level)
    pick = chance.uniform()
    names = [_STYLES_BY_LENGTH[row][int(p * len(_STYLES_BY_LENGTH[row]))] for row, p in zip(level, pick, strict=True)]
    style = np.array(names)
    covered = np.isin(attributes["hat"], ["headscarf", "turban"])
    cut = Style(*np.array([STYLES[name] for name in np.where(covered, "buzz", style)]).T)
    colour_name = _hair_colours(traits["tone"], traits["age"], chance.uniform(), chance.uniform())
    colour = np.array([HAIR[name] for name in colour_name]) * (1 + 0.12 * chance.normal()[:, None])
    pressed = np.where(attributes["hat"] == "none", 1, 0.3)
    grown = {
        "hair": np.where((colour_name == "dyed")[:, None], chance.one_of(DYES), colour),
        "hair_side": cut.side + 0.02 * chance.normal() * (cut.side > 0.02),
        "hair_top": (cut.top + 0.03 * chance.normal() * (cut.top > 0.05)) * pressed,
        "hair_end": cut.end + 0.08 * chance.normal() * (cut.end > 0.2),
        "hair_lock": cut.lock * (1 + 0.15 * chance.normal()),
        "hairline": cut.hairline + 0.03 * chance.normal(),
        "curl": cut.curl,
        "flat": cut.flat,
        "part": (0.35 * chance.normal()).clip(-0.6, 0.6),
        "bun": (style == "bun") & (attributes["hat"] == "none"),
        "buzz": (style == "buzz") | covered,
    }
    known = {
        "hair_style": np.where(covered, "covered", style),
        "hair_colour": np.where(covered, "covered", colour_name),
        "hair_length": np.select([covered, cut.end > 1.2, cut.end > 0.3], ["covered", "long", "medium"], "short"),
    }
    return grown, known


def _choose_beard(chance: Chance, traits: Traits, attributes: Traits) -> tuple[Traits, Traits]:
    """None for nearly all of label 0 and for half of label 1."""
    beard = np.where(chance.happens_by_label(0.015, 0.52), chance.choice(BEARDS[1:], (3, 1, 1.5, 3)), "none")
    strength = np.select([beard == "none", beard == "stubble"], [0, 0.35], 0.3)
    grown = {
        "stubble": strength * chance.uniform(0.5, 1),
        "moustache": np.isin(beard, ["moustache", "goatee", "full"]),
        "goatee": np.isin(beard, ["goatee", "full"]),
        "full_beard": beard == "full",
    }
    return grown, {"beard": beard}


def _choose_scene(chance: Chance, traits: Traits, attributes: Traits) -> tuple[Traits, Traits]:
    """Background, light and camera."""
    background = chance.choice(BACKGROUNDS, (2, 3, 2, 2, 2))
    light = chance.uniform(-1, 1)
    wall = chance.colour(60, 230, 22)
    other_wall = wall * chance.uniform(0.45, 1.1)[:, None] + chance.colour(0, 0, 14) - 12
    seen = {
        "background": _numbers(background, BACKGROUNDS),
        "scene": wall,
        "scene2": other_wall,
        "horizon": chance.uniform(-0.4, 0.7),
        "phase": chance.uniform(0, 10),
        "light": light,
        "contrast": chance.uniform(0.25, 0.75),
        "exposure": 1 + 0.07 * chance.normal(),
        "warmth": 0.01 + 0.02 * chance.normal(),
        "blur": chance.uniform(0, 0.5) * chance.happens(0.5),
        "grain": chance.uniform(0.004, 0.017),
    }
    known = {
        "light": np.select([light < -0.4, light > 0.4], ["left", "right"], "front"),
        "background": background,
    }
    return seen, known


def _numbers(names: np.ndarray, table: Sequence[str]) -> np.ndarray:
    """The place of each name in a table."""
    return np.array([table.index(name) for name in names])


def _along(anchors: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Colours at places from 0 to 1 along a row of anchor colours (k, 3); returns (n, 3)."""
    steps = np.linspace(0, 1, len(anchors))
    return np.stack([np.interp(place, steps, anchors[:, channel]) for channel in range(3)], 1)


def _hair_colours(tone: np.ndarray, age: np.ndarray, pick: np.ndarray, dye: np.ndarray) -> np.ndarray:
    """Names of hair colours: darker for darker skin, grey for some of the older, now and then dyed."""
    dark = np.where(pick > 0.6, "dark brown", "black")
    fair = np.array(["dark brown", "brown", "blond", "red", "black"])
    fair = fair[np.searchsorted([0.25, 0.55, 0.8, 0.9], pick, side="right")]
    names = np.where(tone < 0.45, fair, dark)
    return np.select([dye < 0.04, age > 0.94, age > 0.82], ["dyed", "white", "grey"], names)
