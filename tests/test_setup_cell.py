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
import json, os
from labs_utils import Lab
print(json.dumps({"package": labs_utils.__file__}), flush=True)
os._exit(0)  # Python would take TensorFlow apart for more than a second
"""


SHOWN = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_cell({cell!r})
raise SystemExit
"""


def run(tmp_path, code, colab=False, file=None):
    """Runs a cell's code in a new Python in `tmp_path`, isolated from this environment's labs_utils."""
    prelude = ISOLATE + (PRETEND_COLAB if colab else "")
    file = file or tmp_path / "cell.py"
    file.write_text(prelude + code + AFTER, "utf-8")  # a file, so that a traceback shows its lines
    return subprocess.run([sys.executable, file], cwd=tmp_path, capture_output=True, text=True, timeout=120)


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


@pytest.mark.parametrize("left", ["course/.git", "course/labs_utils"])
def test_in_colab_what_an_interrupted_run_left_does_not_matter(published, tmp_path, left):
    (tmp_path / left).mkdir(parents=True)
    (tmp_path / left / "__init__.py").write_text("", "utf-8")
    cell = notebooks.setup_cell(repository=published, branch="main").source
    for _ in range(2):
        done = run(tmp_path, cell, colab=True)
        assert done.returncode == 0, done.stderr
        assert str(tmp_path / "course-2" / "labs_utils") in done.stdout
    assert not (tmp_path / "course-3").exists()


@pytest.mark.parametrize(
    ("address", "branch", "why"),
    [("file:///nowhere/at/all", "main", "nowhere"), ("", "no-such-branch", "no-such-branch")],
)
def test_in_colab_a_failed_fetch_is_one_sentence_and_the_next_run_works(published, tmp_path, address, branch, why):
    cell = notebooks.setup_cell(repository=address or published, branch=branch).source
    assert run(tmp_path, cell, colab=True).returncode != 0
    shown = run(tmp_path, SHOWN.format(cell=cell), colab=True).stdout
    assert "Set-up: the course could not be fetched (" in shown and why in shown
    assert "check the connection, run this cell again" in shown and "Traceback" not in shown
    assert not (tmp_path / "course").exists()
    assert run(tmp_path, notebooks.setup_cell(repository=published, branch="main").source, colab=True).returncode == 0


def test_a_fetch_stopped_between_its_two_steps_is_begun_anew(published, tmp_path):
    cell = notebooks.setup_cell(repository=published, branch="main").source
    half = cell.replace('[f"{clone} {place}", fill]', '[f"{clone} {place}", sys.exit]')
    assert half != cell and run(tmp_path, half, colab=True).returncode != 0
    done = run(tmp_path, cell, colab=True)
    assert done.returncode == 0, done.stderr


def test_an_exercise_before_the_imports_says_what_to_run_first(tmp_path):
    cell = notebooks.setup_cell().source + "\n@lab.exercise(points=1)\ndef sigmoid(z): return z\n"
    shown = run(course.ROOT, SHOWN.format(cell=cell), file=tmp_path / "cell.py").stdout
    assert "LabsError: run the cell with the imports first" in shown and "Traceback" not in shown


def test_running_the_first_two_cells_again_keeps_the_lab_and_its_points(tmp_path):
    imports = "\nfrom labs_utils import Lab\nlab = Lab('01_perceptron')\n"
    answer = "@lab.exercise(points=1)\ndef sigmoid(z): return 1 / (1 + 2.718281828459045 ** -z)\n"
    cells = [notebooks.setup_cell().source, imports, answer, notebooks.setup_cell().source, "lab.progress()"]
    cells += [imports, "lab.progress()"]
    code = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
    code += "".join(f"shell.run_cell({cell!r})\n" for cell in cells)
    said = run(course.ROOT, code + "import labs_utils", file=tmp_path / "cell.py").stdout.splitlines()
    totals = [line for line in said if line.startswith("01_perceptron ·")]
    assert len(totals) == 2 and totals[0] == totals[1], said
    assert not totals[0].startswith("01_perceptron · 0/0"), said


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
