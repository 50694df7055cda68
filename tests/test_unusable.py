"""A place that cannot be used is one sentence from every command, and nothing half done stays behind."""

import errno
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from labs_utils import course
from labs_utils.__main__ import main
from labs_utils.commands import build, doctor


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A course without sources, as students have it, with one notebook."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(course.NOTEBOOKS / "01_perceptron.ipynb", folder)
    monkeypatch.setattr(course, "NOTEBOOKS", folder)
    monkeypatch.setattr(course, "MY_NOTEBOOKS", folder / "my")
    monkeypatch.setattr(course, "SOLUTIONS", tmp_path / "solutions")
    monkeypatch.setattr(course, "lab_names", lambda: ["01_perceptron"])
    return folder


def one_sentence(capsys, *words):
    """What a command says that fails."""
    assert main(list(words)) == 1
    out, err = capsys.readouterr()
    assert err.startswith("error: ") and len(err.splitlines()) == 1 and "Traceback" not in out + err
    return err


def full(*arguments, **more):
    raise OSError(errno.ENOSPC, "No space left on device", "here")


@pytest.mark.parametrize(("code", "said"), [(errno.ENOSPC, "No space left"), (errno.EACCES, "Permission denied")])
def test_start_on_a_full_disk_or_in_a_folder_of_somebody_else(notebooks, monkeypatch, capsys, code, said):
    def refuse(*arguments):
        raise OSError(code, f"{said} there", "my")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    assert said in (text := one_sentence(capsys, "start")) and "make room or correct the permissions" in text


@pytest.mark.parametrize("content", [b"", b"{", None], ids=["empty", "half", "a folder"])
def test_a_copy_that_cannot_be_opened_stays_and_the_remedy_is_told(notebooks, capsys, content):
    copy = notebooks / "my" / "01_perceptron.ipynb"
    copy.parent.mkdir()
    copy.mkdir() if content is None else copy.write_bytes(content)
    assert main(["start"]) == 0
    said = capsys.readouterr().out
    assert "rename it, and `start` brings a fresh copy" in said and len(said.splitlines()) == 1
    assert copy.is_dir() if content is None else copy.read_bytes() == content
    copy.rename(copy.with_suffix(".old"))
    assert main(["start"]) == 0 and copy.is_file()


def test_release_on_a_full_disk_leaves_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build, "out_of_date", lambda lab: [])
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    assert "cannot be written (No space left on device)" in one_sentence(capsys, "release", str(tmp_path / "x.zip"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", [".", "nowhere/x.zip"])
def test_release_to_a_folder_or_to_nowhere(monkeypatch, tmp_path, capsys, target):
    monkeypatch.setattr(build, "out_of_date", lambda lab: [])
    assert "zip" in one_sentence(capsys, "release", str(tmp_path / target))


def test_grade_with_a_file_for_a_report(tmp_path, capsys):
    (tmp_path / "class").mkdir()
    shutil.copy(course.NOTEBOOKS / "01_perceptron.ipynb", tmp_path / "class" / "ann_01.ipynb")
    (tmp_path / "report").write_text("mine")
    trusted = ["--sandbox", "none", "--trust-submissions"]
    said = one_sentence(capsys, "grade", str(tmp_path / "class"), "--out", str(tmp_path / "report"), *trusted)
    assert "give --out another folder" in said and (tmp_path / "report").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["start"], "notebooks"),
        (["build", "01"], "solutions"),
        (["release", "{}/course.zip"], "name a zip file in a folder that you may write to"),
        (["grade", "{}/class", "--out", "{}/report"], "give --out another folder"),
    ],
    ids=["start", "build", "release", "grade"],
)
def test_where_nobody_may_write_a_command_says_so_before_it_works(tmp_path, words, said):
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed, so there is no disk that root itself cannot write to")
    (tmp_path / "class").mkdir()
    shutil.copy(course.NOTEBOOKS / "01_perceptron.ipynb", tmp_path / "class" / "ann_01.ipynb")
    read_only = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--chdir", str(course.ROOT)]
    command = [sys.executable, "-m", "labs_utils", *(word.format(tmp_path) for word in words)]
    environment = os.environ | {"TMPDIR": "/dev/shm", "PYTHONPATH": str(course.ROOT)}
    done = subprocess.run([*read_only, *command], env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    assert "Read-only file system" in done.stderr and said in done.stderr


@pytest.mark.parametrize("closed", [1, 2], ids=["output", "errors"])
@pytest.mark.parametrize("words", [["start", "--help"], ["build", "--check", "01"], ["grade", "nowhere", "--out", "x"]])
def test_a_closed_or_full_stream_is_no_traceback(tmp_path, words, closed):
    command = [sys.executable, "-m", "labs_utils", *words]
    for shell in (f'exec "$@" {closed}>&-', f'exec "$@" {closed}>/dev/full'):
        done = subprocess.run(["sh", "-c", shell, "sh", *command], cwd=course.ROOT, capture_output=True, text=True)
        assert "Traceback" not in done.stdout + done.stderr, shell


def test_doctor_sends_nobody_to_build_who_cannot(notebooks):
    (notebooks / "01_perceptron.ipynb").write_text("{}")
    [fault] = doctor.check_labs().faults
    assert "unpack or clone the course once more" in fault and "build" not in fault
    (notebooks / "01_perceptron.ipynb").unlink()
    [fault] = doctor.check_labs().faults
    assert "there are no notebooks" in fault and "build" not in fault
    course.SOLUTIONS.mkdir()
    (course.SOLUTIONS / "01_perceptron.py").write_text("")
    assert "python -m labs_utils build" in doctor.check_labs().advice[0]
