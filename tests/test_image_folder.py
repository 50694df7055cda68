"""A folder of the student's own pictures: what comes out of it, and what is said about every fault."""

import sys

import numpy as np
import pytest
from PIL import Image

from labs_utils.datasets import image_folder, load_image_folder
from labs_utils.errors import LabsError

RED, GREEN, BLUE = (200, 30, 40), (30, 180, 60), (40, 60, 220)
SIZE = 32


def plain(colour, size=(40, 40)):
    return Image.new("RGB", size, colour)


def numbered(number, size=(40, 40)):
    """A picture unlike those with another number."""
    return plain((number % 256, 100, 200), size)


@pytest.fixture
def pets(tmp_path):
    """Two classes of three sound pictures each."""
    for number, name in enumerate(["cats/a.png", "cats/b.jpg", "cats/c.bmp", "dogs/a.png", "dogs/b.png", "dogs/c.gif"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        numbered(40 * number).save(path)
    return tmp_path


def reason(pets, name, **options):
    """Why the file `name` is left out while the six sound pictures stay."""
    pictures = load_image_folder(pets, SIZE, **options)
    assert len(pictures.images) == 6 and name not in pictures.paths
    [why] = [why for path, why in pictures.skipped if path == name]
    return why


def first_of(folder, name, size=SIZE):
    pictures = load_image_folder(folder, size)
    return pictures.images[pictures.paths.index(name)]


# What comes out


def test_the_subfolders_are_the_classes_in_order(pets, capsys):
    pictures = load_image_folder(pets, SIZE)
    assert pictures.class_names == ("cats", "dogs")
    assert pictures.images.shape == (6, SIZE, SIZE, 3) and pictures.images.dtype == np.uint8
    assert pictures.labels.dtype == np.int64 and pictures.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert pictures.paths == ["cats/a.png", "cats/b.jpg", "cats/c.bmp", "dogs/a.png", "dogs/b.png", "dogs/c.gif"]
    assert pictures.skipped == []
    assert capsys.readouterr().out == f"Pictures: 6 from {pets} (cats 3, dogs 3)\n"


def test_the_folder_may_be_a_string_with_a_tilde(pets, monkeypatch):
    monkeypatch.setenv("HOME", str(pets.parent))
    monkeypatch.setenv("USERPROFILE", str(pets.parent))
    assert len(load_image_folder(f"~/{pets.name}", SIZE).images) == 6


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "tif", "webp", "ppm", "tga", "jp2", "ico"])
def test_the_formats_of_pillow_are_read(pets, ending):
    plain(BLUE, (64, 64)).save(pets / "cats" / f"z.{ending}")
    assert np.abs(first_of(pets, f"cats/z.{ending}").astype(int) - BLUE).max() < 12


def test_the_ending_does_not_matter(pets):
    plain(BLUE).save(pets / "cats" / "picture", "png")
    assert np.all(first_of(pets, "cats/picture") == BLUE)


def test_the_middle_square_is_kept(pets):
    wide = plain(RED, (300, 100))
    wide.paste(BLUE, (88, 0, 212, 100))  # resampling looks a little beyond the edge
    wide.save(pets / "cats" / "wide.png")
    assert np.all(first_of(pets, "cats/wide.png") == BLUE)


def test_a_fine_pattern_becomes_grey_instead_of_aliasing(pets):
    stripes = np.zeros((330, 330, 3), np.uint8)
    stripes[::2] = 255
    Image.fromarray(stripes).save(pets / "cats" / "stripes.png")
    assert np.ptp(first_of(pets, "cats/stripes.png")[2:-2].astype(int)) < 20


def test_a_large_photograph_keeps_its_colours(pets):
    large = plain(RED, (3000, 2000))
    large.paste(BLUE, (1500, 0, 3000, 2000))
    large.save(pets / "cats" / "large.jpg")
    image = first_of(pets, "cats/large.jpg").astype(int)
    assert np.abs(image[:, :14] - RED).max() < 12 and np.abs(image[:, 18:] - BLUE).max() < 12


@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, (0, 0)), (2, (0, -1)), (3, (-1, -1)), (4, (-1, 0)), (6, (0, -1)), (8, (-1, 0))]
)
def test_a_telephone_held_sideways_gives_an_upright_picture(pets, orientation, corner):
    picture = plain(BLUE)
    picture.paste(RED, (0, 0, 12, 12))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(pets / "cats" / "turned.png", exif=exif)
    image = first_of(pets, "cats/turned.png")
    red = [place for place in [(0, 0), (0, -1), (-1, 0), (-1, -1)] if image[place][0] > 150]
    assert red == [corner]


# Modes


def saved(pets, picture, name="z.png", **options):
    picture.save(pets / "cats" / name, **options)
    return first_of(pets, f"cats/{name}").astype(int)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_becomes_three_equal_channels(pets, mode):
    image = saved(pets, Image.new(mode, (40, 40), 255))
    assert image.shape == (SIZE, SIZE, 3) and np.all(image == 255)


def test_a_palette_gives_its_colours(pets):
    assert np.all(saved(pets, plain(GREEN).quantize(4)) == GREEN)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_places_become_white(pets, mode):
    assert np.all(saved(pets, Image.new(mode, (40, 40), 0)) == 255)


def test_half_transparent_black_becomes_grey(pets):
    assert np.abs(saved(pets, Image.new("RGBA", (40, 40), (0, 0, 0, 128))) - 127).max() <= 1


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_a_transparent_palette_entry_becomes_white(pets, ending):
    picture = plain(BLUE).quantize(4)
    assert np.all(saved(pets, picture, f"z.{ending}", transparency=picture.getpixel((0, 0))) == 255)


def test_a_print_shops_cmyk_becomes_rgb(pets):
    image = saved(pets, Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "z.jpg")
    assert np.abs(image - (255, 0, 0)).max() < 12


@pytest.mark.parametrize("name", ["z.png", "z.tif"])
def test_sixteen_bits_are_scaled_to_eight(pets, name):
    ramp = np.tile(np.linspace(0, 65535, SIZE).astype(np.uint16), (SIZE, 1))
    image = saved(pets, Image.fromarray(ramp), name)
    assert np.abs(image[5, :, 0] - np.linspace(0, 255, SIZE)).max() <= 1


@pytest.mark.parametrize("top", [1, 255, 9e6])
def test_floats_of_any_range_are_scaled(pets, top):
    ramp = np.tile(np.linspace(0, top, SIZE, dtype=np.float32), (SIZE, 1))
    ramp[0, 0] = np.nan
    assert np.abs(saved(pets, Image.fromarray(ramp), "z.tif")[5, :, 0] - np.linspace(0, 255, SIZE)).max() <= 1


# Faults in single pictures


def test_of_an_animation_the_first_frame_is_used_and_it_is_said(pets, capsys):
    frames = [plain(RED), plain(BLUE), plain(GREEN)]
    frames[0].save(pets / "cats" / "z.gif", save_all=True, append_images=frames[1:])
    assert np.all(first_of(pets, "cats/z.gif") == RED)
    assert "note: 1 file used with a remark\n  cats/z.gif: has 3 frames; the first is used\n" in capsys.readouterr().out


def test_a_telephones_photograph_of_two_frames_is_no_animation(pets, capsys):
    plain(RED).save(pets / "cats" / "z.jpg", "mpo", save_all=True, append_images=[plain(BLUE)])
    assert np.abs(first_of(pets, "cats/z.jpg").astype(int) - RED).max() < 12
    assert "frames" not in capsys.readouterr().out


def test_an_empty_file_is_named(pets):
    (pets / "cats" / "z.jpg").touch()
    (pets / "dogs" / "z.jpg").touch()  # two empty files are no picture with two labels
    assert reason(pets, "cats/z.jpg") == "is empty (0 bytes)"


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "bmp"])
def test_a_truncated_picture_is_named(pets, ending):
    path = pets / "cats" / f"z.{ending}"
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    why = reason(pets, f"cats/z.{ending}")
    assert why.startswith(("is truncated", "is corrupt"))
    assert why.endswith("get it again") and "\n" not in why


def test_damaged_bytes_never_end_the_loading(pets):
    generator = np.random.default_rng(0)
    for number, ending in enumerate(["jpg", "png", "gif", "tif", "webp", "bmp", "jp2", "tga"] * 4):
        path = pets / "cats" / f"z{number}.{ending}"
        Image.fromarray(generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path)
        content = np.frombuffer(path.read_bytes(), np.uint8).copy()
        content[generator.integers(0, len(content), 60)] = generator.integers(0, 256, 60)
        path.write_bytes(content.tobytes())
    pictures = load_image_folder(pets, SIZE)
    assert len(pictures.paths) + len(pictures.skipped) == 6 + 32
    assert all("\n" not in why for _, why in pictures.skipped)


def test_a_web_page_saved_as_a_picture_is_named(pets):
    (pets / "cats" / "z.jpg").write_text("<html>403</html>")
    assert reason(pets, "cats/z.jpg").startswith("is a web page or other text, no picture in spite of its name")


def test_a_telephones_heic_under_another_name_is_called_heic(pets):
    (pets / "cats" / "z.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert reason(pets, "cats/z.jpg") == "is HEIC, whatever its name says. Pillow cannot read HEIC; save it as JPEG"


@pytest.mark.parametrize("name", ["z.jpg", "z.png"])
def test_a_picture_with_broken_exif_is_used(pets, name):
    Image.new("RGB", (50, 50), "red").save(pets / "cats" / name, exif=b"Exif\0\0garbage!", dpi=(72, 72))
    assert f"cats/{name}" in load_image_folder(pets, 16).paths


def test_what_windows_writes_beside_a_download_and_the_same_note_in_two_classes_are_no_copies(pets, capsys):
    for name in ("cats", "dogs"):
        (pets / name / "README.txt").write_text("pictures of pets", "utf-8")
        for picture in list((pets / name).glob("*.png")):
            picture.with_name(f"{picture.name}:Zone.Identifier").write_text("[ZoneTransfer]", "utf-8")
    said = dict(load_image_folder(pets, 16).skipped)
    assert set(said) == {"cats/README.txt", "dogs/README.txt"}
    assert set(said.values()) == {"is not a picture"}


def test_what_is_no_picture_is_named(pets):
    (pets / "cats" / "notes.txt").write_text("feed them")
    assert reason(pets, "cats/notes.txt") == "is not a picture"


@pytest.mark.parametrize("name", ["z.heic", "z.HEIC", "z.svg", "z.pdf"])
def test_formats_that_need_another_programme_say_what_to_do(pets, name):
    (pets / "cats" / name).write_text("not read anyway")
    assert reason(pets, f"cats/{name}").endswith(("save it as JPEG", "export it as PNG", "export the picture as PNG"))


def test_a_tiny_picture_is_left_out_and_the_smallest_allowed_is_not(pets):
    numbered(1, (7, 300)).save(pets / "cats" / "tiny.png")
    numbered(2, (8, 8)).save(pets / "dogs" / "small.png")
    pictures = load_image_folder(pets, SIZE)
    assert "dogs/small.png" in pictures.paths
    assert pictures.skipped == [("cats/tiny.png", "is tiny: 7x300 pixels, and the shorter side must have 8")]


@pytest.mark.parametrize("pixels", [3000, 5000])  # more than twice the limit is an error of Pillow's, more a warning
def test_a_decompression_bomb_is_not_opened(pets, monkeypatch, pixels):
    numbered(1, (90, 90)).save(pets / "cats" / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
    assert "too many to open safely" in reason(pets, "cats/bomb.png")


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_file_that_cannot_be_read_is_named(pets):
    (pets / "cats" / "z.png").symlink_to(pets / "gone.png")
    assert reason(pets, "cats/z.png") == "cannot be read: No such file or directory"


def test_hidden_files_are_passed_over_in_silence(pets, capsys):
    for name in [".DS_Store", "cats/.DS_Store", "cats/._a.png", "cats/Thumbs.db", "dogs/desktop.ini"]:
        (pets / name).write_bytes(b"x")
    (pets / ".ipynb_checkpoints").mkdir()
    (pets / "__MACOSX").mkdir()
    pictures = load_image_folder(pets, SIZE)
    assert pictures.class_names == ("cats", "dogs") and pictures.skipped == []
    assert "note" not in capsys.readouterr().out


# Mislabelled pictures


def test_a_picture_beside_the_subfolders_has_no_class(pets):
    numbered(1).save(pets / "stray.png")
    assert "its class is unknown; move it into cats/ or dogs/" in reason(pets, "stray.png")


def test_a_folder_inside_a_class_is_named(pets):
    (pets / "cats" / "kittens").mkdir()
    numbered(1).save(pets / "cats" / "kittens" / "a.png")
    assert "move its pictures up into cats/" in reason(pets, "cats/kittens/")


def test_the_same_picture_in_two_classes_is_left_out_of_both(pets):
    for name in ["cats/tom.png", "dogs/rex.png", "cats/tom2.png"]:
        plain(GREEN).save(pets / name)
    pictures = load_image_folder(pets, SIZE)
    assert len(pictures.paths) == 6
    reasons = dict(pictures.skipped)
    assert reasons["dogs/rex.png"].startswith("is the same picture as cats/tom.png: one of the two labels is wrong")
    assert reasons["cats/tom.png"].startswith("is the same picture as dogs/rex.png")
    assert reasons["cats/tom2.png"].startswith("is the same picture as dogs/rex.png")


def test_a_copy_inside_a_class_counts_once(pets):
    (pets / "cats" / "z.png").write_bytes((pets / "cats" / "a.png").read_bytes())
    assert reason(pets, "cats/z.png") == "is a copy of cats/a.png"


# The note and the bar


def test_a_long_note_is_cut_and_skipped_has_everything(pets, capsys):
    for number in range(30):
        (pets / "cats" / f"z{number}.txt").write_text(f"{number}")
    pictures = load_image_folder(pets, SIZE)
    output = capsys.readouterr().out
    assert len(pictures.skipped) == 30
    assert "note: 30 files left out" in output and "and 18 more" in output and len(output.splitlines()) == 15


@pytest.mark.parametrize(("many", "shown"), [(5, True), (6, False)])
def test_a_bar_shows_the_progress_of_a_large_folder(pets, monkeypatch, capsys, many, shown):
    monkeypatch.setattr(image_folder, "_MANY", many)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    load_image_folder(pets, SIZE)
    assert ("reading pictures" in capsys.readouterr().err) == shown


# Faults of the whole folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no folder .* correct the path"),
        (lambda path: path.write_bytes(b"PK"), "is a file, not a folder; unpack it"),
        (lambda path: path.mkdir(), "has no subfolders; make one subfolder a class"),
        (lambda path: (path / "cats").mkdir(parents=True), "only one subfolder, 'cats'; make one subfolder a class"),
    ],
)
def test_a_fault_of_the_whole_folder_says_what_to_do(tmp_path, make, message):
    make(tmp_path / "pets")
    with pytest.raises(LabsError, match=message):
        load_image_folder(tmp_path / "pets", SIZE)


def test_a_class_with_too_few_pictures_is_named_with_its_faults(pets, capsys):
    (pets / "dogs" / "a.png").write_bytes(b"")
    with pytest.raises(LabsError, match=r"class 'dogs' has 2 usable pictures and needs at least 3; add pictures to .*"):
        load_image_folder(pets, SIZE, at_least=3)
    assert "dogs/a.png: is empty" in capsys.readouterr().out
    assert len(load_image_folder(pets, SIZE, at_least=2).images) == 5


def test_an_empty_class_is_too_few(pets):
    (pets / "birds").mkdir()
    with pytest.raises(LabsError, match="class 'birds' has 0 usable pictures and needs at least 1"):
        load_image_folder(pets, SIZE, at_least=1)


@pytest.mark.parametrize("options", [{"size": 0}, {"size": 8, "at_least": 0}])
def test_sizes_below_one_are_refused(pets, options):
    with pytest.raises(LabsError, match="must be 1 or more"):
        load_image_folder(pets, **options)
