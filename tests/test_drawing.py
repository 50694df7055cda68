"""A drawn digit, in whatever form it comes, is brought to MNIST's form or refused in one clear sentence."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from labs_utils.errors import LabsError
from labs_utils.exercises import reference
from labs_utils.plots import drawing_pad


def to_mnist(picture):
    """What lab 04 makes of a picture, with the centring of its reference answer; bytes."""
    centre = reference.find("04_mnist_mlp", "centre_digit")
    return np.rint(255 * centre(drawing_pad.fit_box(drawing_pad.ink_of(picture)))).astype(np.uint8)


def seven(size=(120, 160), ink=30, paper=240, width=10, mode="L"):
    """A seven in the upper left part of a sheet, as a Pillow image."""
    sheet = Image.new(mode, size, paper)
    corners = [(0.15 * size[0], 0.2 * size[1]), (0.55 * size[0], 0.2 * size[1]), (0.3 * size[0], 0.65 * size[1])]
    ImageDraw.Draw(sheet).line(corners, fill=ink, width=width, joint="curve")
    return sheet


REFERENCE = to_mnist(seven())


def likeness(first, second):
    """The correlation of two pictures, one of them moved by up to a pixel: rounding may fall either way."""
    moved = (np.roll(first, (down, right), axis=(0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1))
    return max(np.corrcoef(picture.ravel(), second.ravel())[0, 1] for picture in moved)


def assert_mnist_form(digit):
    assert digit.shape == (28, 28) and digit.dtype == np.uint8 and digit.max() == 255
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    assert np.abs(np.array(ndimage.center_of_mass(digit)) - 14).max() <= 0.55


def test_a_drawing_comes_out_in_mnists_form():
    assert_mnist_form(REFERENCE)


def test_a_digit_of_mnists_form_stays_what_it_is():
    again = to_mnist(REFERENCE)
    assert_mnist_form(again)
    assert likeness(again, REFERENCE) > 0.95


def on_transparent(ink):
    image = Image.new("RGBA", (120, 160), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(18, 32), (66, 32), (36, 104)], fill=ink, width=10, joint="curve")
    return image


VARIANTS = {
    "inverted": seven(ink=250, paper=10),
    "colour": seven(ink=(20, 20, 160), paper=(250, 240, 200), mode="RGB"),
    "one bit": seven(ink=0, paper=1, mode="1"),
    "palette": seven(ink=(200, 0, 0), paper=(255, 255, 255), mode="RGB").convert("P"),
    "grey with alpha": seven().convert("LA"),
    "CMYK": seven().convert("CMYK"),
    "dark on transparent": on_transparent((0, 0, 0, 255)),
    "light on transparent": on_transparent((255, 255, 255, 255)),
    "small": seven((40, 53), width=3),
    "huge": seven((3000, 4000), width=250),
    "on a wide sheet": seven((120, 160))
    .crop((0, 0, 120, 160))
    .transform((600, 160), 0, (1, 0, -300, 0, 1, 0), fillcolor=240),
    "16 bits": Image.fromarray(np.asarray(seven(), np.uint16) * 257),
    "32 bits": Image.fromarray(np.asarray(seven(), np.int32) * 257),
    "faint pencil": seven(ink=190),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_pen_paper_size_and_file_format_do_not_matter(name, tmp_path):
    digit = to_mnist(VARIANTS[name])
    assert_mnist_form(digit)
    assert likeness(digit, REFERENCE) > 0.9
    if VARIANTS[name].mode not in ("CMYK", "I"):
        path = tmp_path / "digit.png"
        VARIANTS[name].save(path)
        assert np.array_equal(to_mnist(path), digit)
        assert np.array_equal(to_mnist(str(path)), digit)


def test_a_noisy_jpeg_photograph_with_uneven_light_is_read(tmp_path):
    rng = np.random.default_rng(0)
    sheet = np.asarray(seven((600, 800), width=50), float)
    shade = np.linspace(0.85, 1, 600) * np.linspace(1, 0.9, 800)[:, None]
    photo = Image.fromarray((sheet * shade + rng.normal(0, 3, sheet.shape)).clip(0, 255).astype(np.uint8))
    photo.save(tmp_path / "photo.jpg", quality=60)
    assert likeness(to_mnist(tmp_path / "photo.jpg"), REFERENCE) > 0.9


def test_a_turned_photograph_is_set_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    seven().rotate(90, expand=True).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert likeness(to_mnist(tmp_path / "turned.jpg"), REFERENCE) > 0.9


@pytest.mark.parametrize("width", [1, 2, 4, 10])
def test_thin_strokes_are_thickened_and_do_not_fade(width):
    digit = to_mnist(seven((400, 530), width=width))
    assert_mnist_form(digit)
    assert 1.2 < (digit > 127).sum() / 30 < 4, "about as much ink as a digit of MNIST"


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int64, np.float32, np.float64])
def test_arrays_of_any_number_type_are_read(kind):
    sheet = np.asarray(seven()).astype(kind)
    if kind is np.uint16:
        sheet *= 257
    assert likeness(to_mnist(sheet), REFERENCE) > 0.98
    if kind in (np.float32, np.float64):
        assert likeness(to_mnist(sheet / 255), REFERENCE) > 0.98
    assert likeness(to_mnist(np.dstack([sheet] * 3)), REFERENCE) > 0.98


def test_a_truth_array_and_the_thinnest_one_are_read():
    sheet = np.zeros((30, 30), bool)
    sheet[3:20, 8] = True
    digit = to_mnist(sheet)
    assert_mnist_form(digit)
    assert np.ptp(np.flatnonzero(digit.any(axis=0))) < 5


@pytest.mark.parametrize(
    "empty",
    [
        np.zeros((28, 28)),
        np.full((50, 40, 3), 255, np.uint8),
        np.full((20, 20), 7, np.int32),
        Image.new("RGBA", (30, 30), (0, 0, 0, 0)),
        Image.new("L", (300, 200), 128),
    ],
    ids=["zeros", "white", "one number", "transparent", "grey"],
)
def test_an_empty_picture_is_one_sentence(empty):
    with pytest.raises(LabsError, match="the picture is empty: no digit stands out") as caught:
        to_mnist(empty)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (np.zeros(784), r"got \(784,\)"),
        (np.zeros((10, 28, 28)), r"got \(10, 28, 28\)"),
        (np.zeros((0, 5)), r"got \(0, 5\)"),
        (np.full((9, 9), np.nan), "nan or infinite"),
        (np.array([["a"]]), "neither"),
        (None, "neither"),
        ([[1, 2], [3]], "neither"),
    ],
    ids=["flat", "a batch", "no pixels", "nan", "text", "None", "ragged"],
)
def test_what_is_no_picture_is_one_sentence(wrong, sentence):
    with pytest.raises(LabsError, match=sentence) as caught:
        to_mnist(wrong)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_damaged_or_something_else_is_one_sentence(tmp_path):
    text, cut, folder = tmp_path / "notes.png", tmp_path / "cut.png", tmp_path / "folder"
    text.write_text("this is not a picture", "utf-8")
    seven().save(cut)
    cut.write_bytes(cut.read_bytes()[:200])
    folder.mkdir()
    for path, sentence in (
        (text, "notes.png is not a picture that can be read"),
        (cut, "cut.png is not a picture that can be read"),
        (folder, "folder is a folder"),
        (tmp_path / "none.png", "there is no file none.png"),
    ):
        with pytest.raises(LabsError, match=sentence) as caught:
            to_mnist(path)
        assert "\n" not in str(caught.value)


def test_a_picture_beyond_all_measure_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(LabsError, match="more than 100 million pixels"):
        to_mnist(path)


def test_the_pad_gives_what_is_drawn_on_it(monkeypatch):
    monkeypatch.delenv("LABS_BUILDING", raising=False)
    pad = drawing_pad.show_pad()
    assert not pad.drawn
    assert pad.widget.children[3].children[6].tooltip == "row 4, column 7"  # what a screen reader says
    with pytest.raises(LabsError, match="empty"):
        to_mnist(pad.picture())
    for row in range(3, 11):
        pad.widget.children[row].children[6].value = True
    assert pad.drawn and pad.picture().shape == (16, 16) and (pad.picture() == 0).sum() == 8
    assert_mnist_form(to_mnist(pad.picture()))
    assert "labs-pad" in pad.widget._dom_classes and "mod-active { background: black" in pad.widget.children[-2].value
    pad.widget.children[-1].click()
    assert not pad.drawn


def test_without_a_front_end_there_is_a_sentence_instead_of_a_pad(monkeypatch, capsys):
    monkeypatch.setenv("LABS_BUILDING", "1")
    assert drawing_pad.show_pad() is None
    assert "JupyterLab" in capsys.readouterr().out
