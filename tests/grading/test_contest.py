"""Pictures and weights beside a notebook: what is read of them, whose they are, and the contest that they make."""

import csv
import importlib
import io
import struct
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from labs_utils.grading import attempts, beside, class_run, contest, intake, released, report, runner
from labs_utils.grading.beside import Unfit
from tests.grading.sample import code_cell, notebook

LAB, SIZE = "11_mini_project", 48
LINEAR = "keras.Sequential([keras.Input((48, 48, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])"
ANSWER = f"@lab.exercise(points=2)\ndef build_detector():\n    return {LINEAR}"
NOTEBOOK = notebook([code_cell(f'lab = Lab("{LAB}")'), code_cell(ANSWER)])


def png(pixels, kind="PNG", mode=None, **settings):
    file = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(file, kind, **settings)
    return file.getvalue()


def npz(*arrays):
    file = io.BytesIO()
    np.savez(file, *arrays)
    return file.getvalue()


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


FACE = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
GOOD = png(FACE)


# -- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adv_ann_lee_ori.png", "ori"),
        ("adv_ann_mod.png", "mod"),
        ("ADV_Zoë_AMP.PNG", "amp"),
        ("leeann_12_3456_adv_ann_ori-1.png", "ori"),
        ("detector.npz", "npz"),
        ("leeann_12_3457_detector.npz", "npz"),
        ("adv_ann_ori.jpg", None),
        ("adv_ann.png", None),
        ("mydetector.npz", None),
        ("detector.keras", None),
        (f"adv_{'a' * 500}_ori.png", None),
    ],
)
def test_a_name_tells_what_a_file_is(name, kind):
    assert beside.kind(name) == kind


def test_a_picture_is_read_as_it_was_written():
    assert np.array_equal(beside.read_picture(GOOD, SIZE), FACE)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a PNG"),
        (b"GIF89a" + bytes(100), "not a PNG"),
        (png(FACE, "JPEG"), "not a PNG"),
        (png(FACE[:40]), "48 × 40 pixels instead of"),
        (png(FACE, mode="L"), "not stored as red, green and blue"),
        (png(FACE, mode="RGBA"), "not stored as red, green and blue"),
        (png(FACE, mode="P"), "not stored as red, green and blue"),
        (GOOD[:-40], "damaged"),
        (GOOD[:60] + b"\xff" * 200 + GOOD[260:], "damaged"),
        (GOOD[:33], "damaged"),
        (GOOD + bytes(2**17), "more than a picture"),
        # a picture of 3.6 billion pixels, in 57 bytes
        (
            GOOD[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""),
            "60000",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_such_picture_is_refused_with_a_sentence(data, says):
    with pytest.raises(Unfit, match=says):
        beside.read_picture(data, SIZE)


def test_texts_and_profiles_in_a_picture_never_reach_pillow():
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(40 * 2**20), 9))
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(10 * 2**20), 9))
    data = GOOD[:33] + profile + bomb + GOOD[33:]
    assert len(data) < beside._LARGEST_PICTURE
    assert beside._without_extras(data) == GOOD
    assert np.array_equal(beside.read_picture(data, SIZE), FACE)


def test_more_rows_than_a_picture_has_are_not_unpacked():
    rows = zlib.compress(bytes(30 * 2**20), 9)
    data = GOOD[:33] + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    started = time.process_time()
    assert beside.read_picture(data, SIZE).max() == 0
    assert time.process_time() - started < 1


def test_weights_are_read_as_they_were_written():
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=shape).astype("float32") for shape in ((3, 4), (4,), (), (2, 0))]
    by_columns = np.asfortranarray(arrays[0])
    for one, other in zip(beside.read_weights(npz(by_columns, *arrays[1:]), 100), arrays, strict=True):
        assert one.shape == other.shape and np.array_equal(one, other)


def claim(shape):
    """The header of an array of this shape, and three numbers."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(12)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "damaged"),
        (b"PK\3\4" + bytes(50), "damaged"),
        (zipped({}), "does not hold"),
        (zipped({"../arr_0.npy": npy(np.zeros(3, "float32"))}), "does not hold"),
        (zipped({f"arr_{k}.npy": npy(np.zeros(1, "float32")) for k in range(101)}), "does not hold"),
        (npz(np.zeros(3)), "float32"),
        (npz(np.array([1, "x", None], object)), "type object"),
        (npz(np.zeros(200, "float32")), "more weights than"),
        (npz(*[np.zeros(60, "float32")] * 2), "more weights than"),
        (npz(np.array([1, np.nan], "float32")), "nan or inf"),
        (zipped({"arr_0.npy": claim((999_999_999,))}), "more weights than"),
        (zipped({"arr_0.npy": claim((-1, -3))}), "damaged"),
        (zipped({"arr_0.npy": claim((1,) * 40)}), "more weights than"),
        (zipped({"arr_0.npy": npy(np.zeros(9, "float32"))[:-4]}), "not as long"),
        (zipped({"arr_0.npy": npy(np.zeros(9, "float32")) + b"x"}), "not as long"),
        (zipped({"arr_0.npy": b"\x93NUMPY\x02\x00" + bytes(20)}), "unusual format"),
        (zipped({"arr_0.npy": npy(np.zeros(3, "float32"))}, zipfile.ZIP_LZMA), "unusual way"),
        (zipped({"arr_0.npy": bytes(200 * 2**20)}), "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_are_no_such_weights_is_refused_with_a_sentence(data, says):
    started = time.process_time()
    with pytest.raises(Unfit, match=says):
        beside.read_weights(data, 100)
    assert time.process_time() - started < 1


def test_a_bad_file_costs_only_itself():
    read = beside.read({"ori": GOOD, "mod": b"nothing", "npz": npz(np.ones(2, "float32"))}, SIZE, 10)
    assert read.pictures.keys() == {"ori"} and len(read.weights) == 1
    assert read.faults == ("the picture mod: it is not a PNG file",)


# -- whose they are ---------------------------------------------------------------------------------------------------


def kinds(handed_in):
    return {one.student: sorted(one.beside) for one in handed_in if not one.problem}


def write(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


FILES = {
    "Ann/11_mini_project.ipynb": NOTEBOOK,
    "Ann/adv_ann_ori.png": GOOD,
    "Ann/detector.npz": npz(np.ones(2, "float32")),
    "Bob/11_mini_project.ipynb": NOTEBOOK,
    "Bob/mini_project/adv_bob_ori.png": GOOD,
    "Bob/mini_project/adv_bob_mod.png": GOOD,
    "Bob/mini_project/report.md": b"text",
    "Eve/11_mini_project.ipynb": NOTEBOOK,
}
WANTED = {"Ann": ["npz", "ori"], "Bob": ["mod", "ori"], "Eve": []}


def test_files_belong_to_the_notebook_in_whose_folder_they_lie(submissions):
    write(submissions, FILES)
    handed_in = intake.collect(submissions)
    assert kinds(handed_in) == WANTED and len(handed_in) == 3


def test_the_same_from_a_zip(tmp_path):
    (tmp_path / "class.zip").write_bytes(zipped(FILES))
    handed_in = intake.collect(tmp_path / "class.zip")
    assert kinds(handed_in) == WANTED and len(handed_in) == 3


def test_the_same_as_moodle_names_folders_and_canvas_files(submissions, tmp_path):
    moodle = "Ann Lee_4711_assignsubmission_file_/"
    write(submissions, {moodle + "11_mini_project.ipynb": NOTEBOOK, moodle + "adv_ann_ori.png": GOOD})
    write(submissions, {"Bob Roy_4712_assignsubmission_file_/11_mini_project.ipynb": NOTEBOOK})
    assert kinds(intake.collect(submissions)) == {"Ann Lee": ["ori"], "Bob Roy": []}
    canvas = tmp_path / "canvas"
    write(canvas, {"leeann_4711_90001_11_mini_project.ipynb": NOTEBOOK, "leeann_4711_90002_adv_ann_ori.png": GOOD})
    write(canvas, {"roybob_4712_90003_11_mini_project.ipynb": NOTEBOOK})
    assert [sorted(one.beside) for one in intake.collect(canvas)] == [["ori"], []]


def test_a_picture_without_a_notebook_is_told_and_nobody_elses(submissions):
    write(submissions, {"ann_11_mini_project.ipynb": NOTEBOOK, "adv_bob_ori.png": GOOD})
    ann, bob = sorted(intake.collect(submissions), key=lambda one: bool(one.problem))
    assert not ann.beside and "beside no notebook" in bob.problem


def test_of_a_large_file_only_so_much_is_read(submissions):
    write(submissions, {"Ann/11_mini_project.ipynb": NOTEBOOK, "Ann/adv_ann_ori.png": bytes(5 * 2**20)})
    (ann,) = intake.collect(submissions)
    assert len(ann.beside["ori"]) == beside.LARGEST + 1


def test_a_link_among_them_is_not_followed(submissions, tmp_path):
    (tmp_path / "secret.png").write_bytes(GOOD)
    write(submissions, {"Ann/11_mini_project.ipynb": NOTEBOOK})
    (submissions / "Ann" / "adv_ann_ori.png").symlink_to(tmp_path / "secret.png")
    assert all(not one.beside for one in intake.collect(submissions))


# -- the contest ------------------------------------------------------------------------------------------------------


def linear(seed, levels, margin=2.5):
    """Weights of a linear network, a grey picture that it is sure of by `margin`, and one that it labels otherwise."""
    slope = np.random.default_rng(seed).normal(scale=0.05, size=SIZE * SIZE * 3)
    original = np.full((SIZE, SIZE, 3), 128, np.uint8)
    bias = margin - slope @ (original.ravel() / 255)
    modified = (original - levels * np.sign(slope).reshape(original.shape)).astype(np.uint8)
    weights = [np.stack([slope, 0 * slope], axis=1).astype("float32"), np.array([bias, 0], "float32")]
    return {"ori": png(original), "mod": png(modified), "npz": npz(*weights)}


def hidden(seed):
    return np.zeros((4, SIZE, SIZE, 3), "float32"), np.zeros(4, int)


@pytest.fixture
def rules(monkeypatch):
    """The lab's contest, in which no network needs to know portraits."""
    checks = importlib.import_module(f"labs_utils.checks.lab{LAB}")
    changed = replace(checks.CONTEST, accuracy=0.0, hidden=hidden)
    monkeypatch.setattr(checks, "CONTEST", changed)
    return changed


@pytest.fixture(scope="module")
def pool():
    """One thread, so that the sandbox which it keeps warm is started once for these tests."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(runner.close).result()


def held(pool, rules, files, answers=None, seconds=30):
    """The contest among students with these files, whose networks run in processes without walls.

    `seconds` is what the networks in `answers` may take, which are not everybody's.
    """
    of_lab, answers = replace(released.load(LAB), imports="import keras"), answers or {}
    entries = []
    for student, theirs in files.items():
        answer, limit = (answers[student], seconds) if student in answers else (ANSWER, 30)
        entries.append((student, theirs, runner.Job(of_lab, {"build_detector": answer}, {}, 5, limit, "none")))
    return contest.hold(LAB, rules, entries, pool, 5)


def test_the_shortest_change_wins_and_the_matrix_says_who_misleads_whom(pool, rules):
    files = {
        "Ann": linear(1, 4),
        "Bob": linear(2, 3),
        "Cyd": {**linear(3, 5), "npz": b"bomb"},
        "Dan": linear(4, 3, margin=0.5),
        "Fay": linear(5, 1),
        "Gil": linear(6, 3),
        "Hal": {"npz": linear(7, 3)["npz"]},
    }
    answers = {"Gil": "@lab.exercise(points=2)\ndef build_detector():\n    return keras.layers.Dense(3)"}
    outcome = held(pool, rules, files, answers)
    places = {one.student: one.place for one in outcome.entrants}
    assert places == {"Bob": 1, "Ann": 2, "Cyd": None, "Dan": None, "Fay": None, "Gil": None, "Hal": None}
    assert [one.student for one in outcome.entrants[:2]] == ["Bob", "Ann"]
    remarks = {one.student: " ".join(one.remarks) for one in outcome.entrants}
    assert remarks["Ann"] == remarks["Bob"] == ""
    assert "detector.npz: it is damaged" in remarks["Cyd"] and "no detector.npz" in remarks["Cyd"]
    assert "not sure of the original" in remarks["Dan"]
    assert "the same label" in remarks["Fay"]
    assert "do not fit" in remarks["Gil"]
    assert "no picture adv_…_ori.png" in remarks["Hal"]
    norms = {one.student: one.norm for one in outcome.entrants}
    assert norms["Bob"] == pytest.approx(3 / 255 * np.sqrt(SIZE * SIZE * 3), rel=1e-6)
    assert outcome.authors == ["Ann", "Bob", "Cyd", "Dan", "Fay", "Gil"]
    assert outcome.judges == ["Ann", "Bob", "Dan", "Fay", "Hal"]
    # a random direction leaves the other networks where they are, but for Dan's, which is never sure
    assert outcome.matrix[0].tolist() == [True, False, False, False, False, False]
    assert outcome.passed_on("Ann").endswith("of 4") and outcome.passed_on("Hal") == ""


def test_a_network_that_never_answers_costs_only_its_own_place(pool, rules):
    forever = "@lab.exercise(points=2)\ndef build_detector():\n    while True: pass"
    crash = "@lab.exercise(points=2)\ndef build_detector():\n    import os; os._exit(1)"
    answers = {"Bob": forever, "Cyd": crash}
    outcome = held(pool, rules, {"Ann": linear(1, 3), "Bob": linear(2, 3), "Cyd": linear(3, 3)}, answers, seconds=1)
    assert [one.place for one in outcome.entrants] == [1, None, None]
    assert all("could not be asked" in " ".join(one.remarks) for one in outcome.entrants[1:])


def test_names_in_the_tables_are_text_and_nothing_else(pool, rules, tmp_path):
    outcome = held(pool, rules, {"=1+1": linear(1, 3), "<b>Bob": linear(2, 3)})
    contest.write(tmp_path, outcome)
    page = (tmp_path / contest.PAGE).read_text("utf-8")
    assert "&lt;b&gt;Bob" in page and "<b>Bob" not in page
    with (tmp_path / contest.LEADERBOARD).open(encoding="utf-8-sig", newline="") as file:
        assert {row["student"] for row in csv.DictReader(file)} == {"'=1+1", "<b>Bob"}
    with (tmp_path / contest.TRANSFER).open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == ["network of", "'=1+1", "<b>Bob"]


def test_a_class_is_graded_with_its_contest_in_the_sandbox(pool, rules, submissions, tmp_path, bwrap, monkeypatch):
    whole, one = released.load(LAB), "build_detector"  # the lab's trainings are graded in test_executors.py
    short = replace(whole, points={one: whole.points[one]}, references={one: whole.references[one]})
    monkeypatch.setattr(released, "load", lambda lab: short)
    names = {"ori": "adv_x_ori.png", "mod": "adv_x_mod.png", "npz": "detector.npz"}
    for student, files in (("Ann", linear(1, 4)), ("Bob", linear(2, 3)), ("Eve", {})):
        write(submissions, {f"{student}/{LAB}.ipynb": NOTEBOOK})
        write(submissions, {f"{student}/{names[kind]}": data for kind, data in files.items()})
    settings = class_run.Settings(out=tmp_path / "report", sandbox=bwrap, seed=5, seconds=30)
    records = class_run.grade_class(submissions, settings, executor=pool)
    assert [record.problem for record in records] == [""] * 3
    assert {record.points for record in records} == {2}  # whoever hands in no pictures loses no points
    with (tmp_path / "report" / contest.LEADERBOARD).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["place"], row["student"]) for row in rows] == [("1", "Bob"), ("2", "Ann")]
    assert contest.PAGE in (tmp_path / "report" / report.INDEX).read_text("utf-8")
    page = tmp_path / "report" / contest.PAGE
    before = page.read_text("utf-8")
    only = replace(settings, which=attempts.Rules(student="Ann"))
    class_run.grade_class(submissions, only, executor=pool)
    assert page.read_text("utf-8") == before  # a part of the class says nothing about all
