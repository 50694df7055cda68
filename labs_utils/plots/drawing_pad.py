"""A drawn digit on its way to MNIST's form: a picture file or an array becomes ink, and the ink fits 20x20 pixels.

MNIST was made by scaling each digit, proportions kept, to fit a box of 20x20 pixels, and by moving its centre of mass
to the centre of 28x28 (Y. LeCun et al., Gradient-based learning applied to document recognition, 1998). The students
of lab 04 write this last step.
"""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage

from labs_utils.errors import LabsError

BOX = 20
_PIXELS_AT_MOST = 100_000_000
_WORKING_SIDE = 400
_FAINTEST = 0.08  # contrast between ink and paper, of the full range, below which a picture counts as empty
_STROKE = 2.0  # pixels in the 20x20 box: MNIST's strokes are two to three wide, a pencil's are often far thinner

# A toggle button has no colour of its own, and one that the browser sets is there at once, without asking Python.
_PAPER_AND_INK = (
    ".labs-pad .widget-toggle-button { background: white !important; border: 1px solid #ddd !important; }"
    ".labs-pad .widget-toggle-button.mod-active { background: black !important; }"
)

Picture = str | os.PathLike | Image.Image | np.ndarray


def ink_of(picture: Picture) -> np.ndarray:
    """How much ink each pixel holds, (h, w) from 0 to 1.

    Dark ink on light paper and light ink on dark paper both work: what the border of the picture looks like is paper.

    Args:
        picture: a file (PNG, JPEG, …), a Pillow image, or an array (h, w), (h, w, 3) or (h, w, 4) of any number type.

    Raises:
        LabsError: there is no such file, it is no picture or too large, the array has another shape, or nothing is
            drawn on it; the message says which.
    """
    name = Path(picture).name if isinstance(picture, str | os.PathLike) else "the picture"
    light = _lightness(_pixels(picture, name), name)
    border = np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]])
    ink = np.abs(light - np.median(border))
    if ink.max() < _FAINTEST:
        raise LabsError(f"{name} is empty: no digit stands out from the paper; draw one, larger and darker")
    return ((ink / ink.max() - 0.2) / 0.6).clip(0, 1)


def on_sheets(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Digits (n, 28, 28) of bytes, twice as large, dark grey somewhere on light sheets of 120 × 90 pixels.

    Returns:
        (n, 120, 90) of bytes.
    """
    sheets = np.full((len(images), 120, 90), 230, np.uint8)
    for image, sheet in zip(images, sheets, strict=True):
        top, left = rng.integers(0, (120 - 56, 90 - 56), endpoint=True)
        ink = np.kron(image, np.ones((2, 2), np.uint8)) * 0.7
        sheet[top : top + 56, left : left + 56] -= ink.astype(np.uint8)
    return sheets


def fit_box(ink: np.ndarray) -> np.ndarray:
    """The inked part of (h, w), scaled, with its proportions, until its longer side is 20 pixels; (h', w') from 0 to 1.

    Strokes much thinner than MNIST's are thickened first: averaging would make them fade away.
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if max(ink.shape) > _WORKING_SIDE:
        ink = _resize(ndimage.maximum_filter(ink, max(ink.shape) // (2 * _WORKING_SIDE) + 1), _WORKING_SIDE)
    wanted = _STROKE * max(ink.shape) / BOX
    width = 2 * ndimage.distance_transform_edt(np.pad(ink > 0.5, 1)).max() - 1
    if width < wanted - 1:
        grow = round((wanted - width) / 2)
        disc = np.hypot(*np.mgrid[-grow : grow + 1, -grow : grow + 1]) <= grow
        ink = ndimage.grey_dilation(np.pad(ink, grow), footprint=disc)
    small = _resize(ink, BOX)
    return small / small.max()


class Pad:
    """A pad to draw a digit on, one click a square; needs a live front end such as JupyterLab.

    Args:
        side: squares along each side.
    """

    def __init__(self, side: int = 14):
        import ipywidgets

        square = {"width": "22px", "height": "22px", "margin": "0", "padding": "0"}
        self._squares = [
            ipywidgets.ToggleButton(layout=square, tooltip=f"row {row}, column {column}")
            for row in range(1, side + 1)
            for column in range(1, side + 1)
        ]
        style = ipywidgets.HTML(f"<style>{_PAPER_AND_INK}</style>", layout={"display": "none"})
        clear = ipywidgets.Button(description="clear")
        clear.on_click(lambda _: self.clear())
        rows = [ipywidgets.HBox(self._squares[start : start + side]) for start in range(0, side * side, side)]
        self.widget = ipywidgets.VBox([*rows, style, clear])
        self.widget.add_class("labs-pad")
        self._side = side

    @property
    def drawn(self) -> bool:
        """Whether any square is inked."""
        return any(button.value for button in self._squares)

    def clear(self) -> None:
        """Wipes the pad."""
        for button in self._squares:
            button.value = False

    def picture(self) -> np.ndarray:
        """What is drawn: (side + 2, side + 2) uint8, black ink (0) on white paper (255), with a margin of paper."""
        ink = np.reshape([button.value for button in self._squares], (self._side, self._side))
        return np.where(np.pad(ink, 1), 0, 255).astype(np.uint8)


def show_pad() -> Pad | None:
    """Displays a fresh pad and returns it, or says why there is none and returns None."""
    if os.environ.get("LABS_BUILDING"):
        print("Open this notebook in JupyterLab or Colab: here you get a pad to draw on.")
        return None
    try:
        pad = Pad()
    except ImportError:
        print("The pad needs ipywidgets (pip install ipywidgets); a picture file works without.")
        return None
    from IPython.display import display

    display(pad.widget)
    return pad


# -- reading ----------------------------------------------------------------------------------------------------------


def _pixels(picture: Picture, name: str) -> np.ndarray:
    """The pixels of a file, image or array: (h, w) or (h, w, channels)."""
    if isinstance(picture, Image.Image):
        return _of_image(picture, name)
    if not isinstance(picture, str | os.PathLike):
        return _of_array(picture)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(picture) as image:
                return _of_image(image, name)
    except FileNotFoundError as error:
        raise LabsError(f"there is no file {name}; put it into the notebook's folder or give the whole path") from error
    except IsADirectoryError as error:
        raise LabsError(f"{name} is a folder; name a picture file in it") from error
    except Image.DecompressionBombError as error:
        raise LabsError(_too_large(name)) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise LabsError(f"{name} is not a picture that can be read; save the drawing as PNG or JPEG") from error


def _of_image(image: Image.Image, name: str) -> np.ndarray:
    if image.width * image.height > _PIXELS_AT_MOST:
        raise LabsError(_too_large(name))
    image = ImageOps.exif_transpose(image)  # a telephone turns the picture by a note, not by moving pixels
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.asarray(image)
    return np.asarray(image.convert("RGBA"))


def _too_large(name: str) -> str:
    return f"{name} has more than {_PIXELS_AT_MOST // 10**6} million pixels; scale it down first"


def _of_array(picture: np.ndarray) -> np.ndarray:
    try:
        pixels = np.asarray(picture)
    except ValueError:
        pixels = np.empty(0, object)
    if pixels.dtype.kind not in "buif":
        raise LabsError("a picture is a file name or an array of numbers; this is neither")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))) or min(pixels.shape[:2]) < 3:
        raise LabsError(f"a picture has the shape (h, w), (h, w, 3) or (h, w, 4), 3 x 3 or more; got {pixels.shape}")
    return pixels


def _lightness(pixels: np.ndarray, name: str) -> np.ndarray:
    """(h, w) from 0, black, to 1, white; transparent pixels take the colour that contrasts with the ink."""
    values = pixels.astype(np.float32)
    if not np.isfinite(values).all():
        raise LabsError(f"{name} holds nan or infinite values; replace them first")
    if pixels.dtype.kind == "u":
        values /= np.iinfo(pixels.dtype).max
    elif pixels.dtype.kind != "b" and (values.min() < 0 or values.max() > 1):
        # signed integers and floats carry no full scale of their own: take the one that fits
        fitting = [top for top in (255, 65535) if values.min() >= 0 and values.max() <= top]
        values = values / fitting[0] if fitting else (values - values.min()) / np.ptp(values).clip(1e-9)
    if values.ndim == 2:
        return values
    light = values[:, :, :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    if values.shape[2] == 3 or values[:, :, 3].min() == 1:
        return light
    alpha = values[:, :, 3]
    ink_is_light = np.sum(light * alpha) > 0.5 * alpha.sum()
    return light * alpha + (0.0 if ink_is_light else 1.0) * (1 - alpha)


def _resize(ink: np.ndarray, longer: int) -> np.ndarray:
    height, width = (max(1, round(side * longer / max(ink.shape))) for side in ink.shape)
    image = Image.fromarray(ink.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).clip(0, 1)
