"""A clone on Windows, where git may turn every line end into two characters, is the same course."""

import os
import shutil
import subprocess
import sys

import pytest

from labs_utils import course


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone with ``core.autocrlf`` of the working tree's files."""
    folder = tmp_path_factory.mktemp("windows")
    left = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.egg-info", "my", ".*_cache")
    shutil.copytree(course.ROOT, folder / "origin", ignore=left)
    for command in (
        "git init --quiet --initial-branch main",
        "git add --all",
        "git -c user.name=t -c user.email=t@example.org commit --quiet -m published",
    ):
        subprocess.run(command.split(), cwd=folder / "origin", check=True)
    command = "git clone --quiet -c core.autocrlf=true origin clone"
    subprocess.run(command.split(), cwd=folder, check=True)
    return folder / "clone"


def python(clone, *arguments):
    environment = os.environ | {"PYTHONPATH": str(clone)}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=clone, env=environment, capture_output=True, text=True, timeout=120
    )


def test_build_and_release_find_nothing_to_complain_about(clone):
    checked = python(clone, "labs_utils", "build", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    released = python(clone, "labs_utils", "release", "students.zip")
    assert released.returncode == 0 and (clone / "students.zip").exists(), released.stderr


def test_scripts_keep_the_line_ends_that_a_shell_needs(clone):
    assert subprocess.run(["bash", "-n", ".ci/run"], cwd=clone).returncode == 0
    for name in (".ci/run", "Makefile", "notebooks/01_perceptron.ipynb"):
        assert b"\r" not in (clone / name).read_bytes(), name


def test_pictures_and_arrays_are_not_touched(clone):
    for name in ("data/mobilenet_025.npz", ".github/lab.png"):
        assert (clone / name).read_bytes() == (course.ROOT / name).read_bytes()


def test_what_an_editor_on_windows_saved_is_compared_as_text(clone):
    lab = "01_perceptron"
    for name in (f"notebooks/{lab}.ipynb", f"solutions/{lab}.ipynb", f"solutions/{lab}.py", "README.md"):
        path = clone / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    checked = python(clone, "labs_utils", "build", "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
