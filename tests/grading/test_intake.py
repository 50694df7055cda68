"""Finding submissions in folders and zips as instructors have them, and as adversaries make them."""

import io
import os
import stat
import struct
import zipfile

import pytest

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.grading import intake
from tests.grading.sample import LAB, cells, hand_in, notebook

GOOD = notebook(cells())


@pytest.fixture(autouse=True)
def labs(monkeypatch):
    monkeypatch.setattr(course, "lab_names", lambda: ["01_perceptron", LAB])


def make_zip(path, entries):
    """entries: (name or ZipInfo, bytes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def found(source):
    return {submission.student: submission for submission in intake.collect(source)}


def test_a_folder_for_each_student(submissions):
    hand_in(submissions, 'José O\'Neil "x"')
    path = submissions / "学生" / "deep" / "work.IPYNB"
    path.parent.mkdir(parents=True)
    path.write_bytes(GOOD)
    (submissions / "学生" / ".ipynb_checkpoints").mkdir()
    (submissions / "学生" / ".ipynb_checkpoints" / "work-checkpoint.ipynb").write_bytes(GOOD)
    (submissions / ".DS_Store").write_bytes(b"x")
    got = intake.collect(submissions)
    assert [(one.student, one.data, one.problem) for one in got] == [('José O\'Neil "x"', GOOD, ""), ("学生", GOOD, "")]


@pytest.mark.parametrize(
    ("file", "student", "lab"),
    [
        ("ann_98_sample.ipynb", "ann", LAB),
        ("Ann Lee_01_perceptron (1).ipynb", "Ann Lee", "01_perceptron"),
        ("ann_lee_lab98.ipynb", "ann_lee", LAB),
        ("bob-01.ipynb", "bob", "01_perceptron"),
        ("leeann_123_4567_98_sample-2.ipynb", "leeann_123_4567", LAB),
        ("Zoë Ünal_998_assignsubmission_file_98_sample.ipynb", "Zoë Ünal_998", LAB),
        ("homework.ipynb", "homework", None),
    ],
)
def test_flat_files(submissions, file, student, lab):
    (submissions / file).write_bytes(GOOD)
    (one,) = intake.collect(submissions)
    assert (one.student, intake.lab_in_name(one.file)) == (student, lab)


def test_what_is_not_a_notebook_is_a_row_with_the_reason(submissions):
    (submissions / "ann_98.pdf").write_bytes(b"%PDF")
    (submissions / "bob").mkdir()
    (submissions / "bob" / "essay.docx").write_bytes(b"x")
    (submissions / "cy").mkdir()
    got = found(submissions)
    assert got["ann"].problem == "it is not a notebook (.ipynb)"
    assert got["bob"].problem == "there is no notebook in the folder, only essay.docx"
    assert got["cy"].problem == "there is no notebook in the folder"


def test_links_fifos_and_devices_are_never_opened(submissions, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(GOOD)
    for student in ("file link", "folder link", "fifo", "loop"):
        (submissions / student).mkdir()
    (submissions / "file link" / f"{LAB}.ipynb").symlink_to(secret)
    (submissions / "folder link" / "x.ipynb").symlink_to(tmp_path, target_is_directory=True)
    (submissions / "loop" / "loop.ipynb").symlink_to("loop.ipynb")
    (submissions / "flat_98_sample.ipynb").symlink_to(secret)
    (submissions / "whole folder").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(submissions / "fifo" / f"{LAB}.ipynb")
    got = found(submissions)
    assert got["fifo"].problem == "it is not a plain file"
    for student in ("file link", "folder link", "loop", "flat", "whole folder"):
        assert got[student].problem == "it is a symbolic link, which is not followed", student
    assert all(one.data is None for one in got.values())


def test_a_file_that_is_too_large(submissions, monkeypatch):
    monkeypatch.setattr(intake, "LARGEST_FILE", 1000)
    hand_in(submissions, "ann", b" " * 1001)
    (one,) = intake.collect(submissions)
    assert "larger than" in one.problem and one.data is None


def test_the_zip_of_a_learning_platform(tmp_path):
    path = make_zip(
        tmp_path / "moodle.zip",
        [
            ("Ann Lee_123_assignsubmission_file_/98_sample.ipynb", GOOD),
            ("Ann Lee_124_assignsubmission_file_/98_sample.ipynb", GOOD),
            ("Bob_125_assignsubmission_onlinetext_/onlinetext.html", b"no"),
            ("__MACOSX/._98_sample.ipynb", b"x"),
        ],
    )
    got = found(path)
    assert sorted(got) == ["Ann Lee_123", "Ann Lee_124", "Bob_125_assignsubmission_onlinetext_"]
    assert got["Ann Lee_124"].data == GOOD
    assert "no notebook in the folder, only onlinetext.html" in got["Bob_125_assignsubmission_onlinetext_"].problem


def test_a_zip_of_one_folder_with_everybody_in_it(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("class/ann/a.ipynb", GOOD), ("class/bob/b.ipynb", GOOD)])
    assert sorted(found(path)) == ["ann", "bob"]


def test_paths_that_leave_the_archive_and_links_in_it_are_refused(tmp_path, monkeypatch):
    link = zipfile.ZipInfo("link/98_sample.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    monkeypatch.chdir(tmp_path)
    path = make_zip(
        tmp_path / "inner" / "evil.zip" if (tmp_path / "inner").mkdir() else tmp_path / "inner" / "evil.zip",
        [
            ("../outside_98_sample.ipynb", GOOD),
            ("ann/../../outside.ipynb", GOOD),
            ("/etc/outside.ipynb", GOOD),
            ("..\\windows\\outside.ipynb", GOOD),
            ("C:\\windows\\outside.ipynb", GOOD),
            (link, b"/etc/passwd"),
            ("good/98_sample.ipynb", GOOD),
        ],
    )
    before = sorted(tmp_path.rglob("*"))
    got = intake.collect(path)
    assert sum(one.problem == "its path leads out of the archive" for one in got) == 5
    assert sum("symbolic link" in one.problem for one in got) == 1
    assert [one.student for one in got if one.data] == ["good"]
    assert sorted(tmp_path.rglob("*")) == before, "nothing was unpacked"


def test_a_zip_bomb_is_read_no_further_than_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "LARGEST_FILE", 10**6)
    monkeypatch.setattr(intake, "LARGEST_ZIP", 3 * 10**6)
    bomb = bytes(10**8)
    path = make_zip(
        tmp_path / "bomb.zip", [("ann/a.ipynb", bomb), *((f"s{n}/a.ipynb", bomb[: 10**6]) for n in range(6))]
    )
    assert path.stat().st_size < 200_000
    got = found(path)
    assert "larger than" in got["ann"].problem
    assert sum(one.data is not None for one in got.values()) <= 3
    assert any("holds too much" in one.problem for one in got.values())


def test_a_zip_that_lies_about_sizes_or_is_damaged(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("ann/a.ipynb", GOOD * 50), ("bob/a.ipynb", GOOD)])
    data = bytearray(path.read_bytes())
    at = data.index(b"ann/a.ipynb") + 20
    data[at : at + 30] = bytes(30)
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    got = found(path)
    assert "cannot be unpacked" in got["ann"].problem and got["bob"].data == GOOD


def test_an_encrypted_entry_and_an_inner_zip(tmp_path):
    inner = io.BytesIO()
    make_zip(inner, [("a.ipynb", GOOD)])
    path = make_zip(tmp_path / "x.zip", [("ann/a.ipynb", GOOD), ("bob.zip", inner.getvalue())])
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    got = found(path)
    assert "cannot be unpacked" in got["ann"].problem and "encrypted" in got["ann"].problem
    assert got["bob"].problem == "it is not a notebook (.ipynb)"


def test_names_cannot_drive_the_terminal(submissions):
    hand_in(submissions, "ann\x1b[2J\x07\n")
    (one,) = intake.collect(submissions)
    assert one.student.isprintable() and "ann" in one.student


def test_nothing_to_grade_is_one_sentence(tmp_path, submissions):
    (tmp_path / "file.txt").write_text("x")
    for source, sentence in (
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / "file.txt", "neither a folder nor a zip"),
        (submissions, "holds no submissions"),
    ):
        with pytest.raises(LabsError, match=sentence):
            intake.collect(source)
