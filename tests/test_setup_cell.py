"""The set-up cell: in Colab a sparse clone and nothing installed, elsewhere the package of the folder around it."""

import shutil
import subprocess
import sys

import pytest

from labs_utils import course, notebooks

ISOLATE = """
import sys, types
sys.path[:] = [folder for folder in sys.path if "labs" not in folder]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
"""
PRETEND_COLAB = """
import google
sys.modules["google.colab"] = google.colab = types.ModuleType("google.colab")
"""
AFTER = """
import json
from labs_utils import Lab
print(json.dumps({"package": labs_utils.__file__}))
"""


def run(tmp_path, code, colab=False):
    """Runs a cell's code in a new Python in `tmp_path`, isolated from this environment's labs_utils."""
    prelude = ISOLATE + (PRETEND_COLAB if colab else "")
    (tmp_path / "cell.py").write_text(prelude + code + AFTER, "utf-8")  # a file, so that a traceback shows its lines
    return subprocess.run([sys.executable, "cell.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A repository on this machine with the working tree's files, as the course is published."""
    folder = tmp_path_factory.mktemp("published") / "course-labs"
    shutil.copytree(
        course.ROOT,
        folder,
        ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.egg-info", "my", ".*_cache"),
    )
    commands = [
        "git init --quiet --initial-branch main",
        "git add --all",
        "git -c user.name=t -c user.email=t@example.org commit --quiet -m published",
        "git config uploadpack.allowFilter true",
    ]
    for command in commands:
        subprocess.run(command.split(), cwd=folder, check=True)
    return folder.as_uri()


def test_in_colab_the_package_is_cloned_sparsely_and_nothing_is_installed(published, tmp_path):
    cell = notebooks.setup_cell(repository=published, branch="main").source
    done = run(tmp_path, cell, colab=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "course" / "labs_utils") in done.stdout
    folders = {path.name for path in (tmp_path / "course").iterdir() if path.is_dir()} - {".git"}
    assert folders == {"labs_utils", "data", "solutions"}
    assert "pip" not in cell and "tensorflow" not in cell
    again = run(tmp_path, cell.replace(published, "file:///nowhere"), colab=True)
    assert again.returncode == 0, "a second run of the cell clones again"


def test_the_clone_holds_the_reference_that_the_exercises_use(published, tmp_path):
    cell = notebooks.setup_cell(repository=published, branch="main").source
    use = (
        "\nfrom labs_utils.exercises import reference\nassert reference.find('01_perceptron', 'sigmoid')(0.0) == 0.5\n"
    )
    done = run(tmp_path, cell + use, colab=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("where", ["", "notebooks", "notebooks/my"])
def test_elsewhere_the_folder_around_the_notebook_is_found(tmp_path, where):
    root = tmp_path / "the course"
    shutil.copytree(course.ROOT / "labs_utils", root / "labs_utils", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(course.ROOT / "pyproject.toml", root)
    (root / where).mkdir(parents=True, exist_ok=True)
    done = run(root / where, notebooks.setup_cell().source)
    assert done.returncode == 0, done.stderr
    assert "the course/labs_utils" in done.stdout


def test_outside_the_course_the_error_says_what_to_do(tmp_path):
    done = run(tmp_path, notebooks.setup_cell().source)
    assert done.returncode != 0
    assert "open the notebook from inside the course's folder" in done.stderr
