"""The zip for students: no solution in it, and notebooks and checks that work."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbclient import NotebookClient

from labs_utils import course
from labs_utils.commands import release
from labs_utils.errors import LabsError

LAB = "01_perceptron"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("release") / "labs.zip"
    assert release.run(argparse.Namespace(zip=path)) == 0
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent)
    return path.parent / "labs"


def test_nothing_that_gives_a_solution_away_is_in_it(bundle):
    names = {path.relative_to(bundle).parts[0] for path in bundle.rglob("*") if path.is_file()}
    assert names <= {"notebooks", *release.FOLDERS, *release.FILES}
    assert {"notebooks", "labs_utils", "requirements.txt"} <= names
    for path in bundle.rglob("*"):
        assert path.suffix != ".pyc" and not {"solutions", "tests", "my"} & set(path.relative_to(bundle).parts)
    for lab in course.lab_names():
        assert "BEGIN SOLUTION" not in (bundle / "notebooks" / f"{lab}.ipynb").read_text("utf-8")


def test_the_commands_for_students_work_there(bundle):
    environment = os.environ | {"PYTHONPATH": str(bundle)}
    done = subprocess.run(
        [sys.executable, "-m", "labs_utils", "start"], cwd=bundle, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and (bundle / "notebooks" / "my" / f"{LAB}.ipynb").exists(), done.stderr


def test_a_notebook_checks_a_right_and_a_blank_answer_there(bundle):
    notebook = nbformat.read(bundle / "notebooks" / f"{LAB}.ipynb", as_version=4)
    first = [cell for cell in notebook.cells if cell.id.startswith("exercise-")][:2]
    start = next(n for n, cell in enumerate(notebook.cells) if "imports" in cell.metadata.get("tags", []))
    head = [cell for cell in notebook.cells[: start + 1] if cell.cell_type == "code"]
    right = "from scipy.special import expit\n@lab.exercise(points=1)\ndef sigmoid(z):\n    return expit(z)"
    notebook.cells = [*head, nbformat.v4.new_code_cell(right), first[1]]
    NotebookClient(notebook, resources={"metadata": {"path": str(bundle / "notebooks")}}).execute(
        env=os.environ | {"PYTHONPATH": str(bundle)}
    )
    said = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells[-2:]]
    assert said[0].startswith("✔ sigmoid")
    assert "not attempted yet" in said[1] and "The cells below that need it will wait" in said[1]


def test_a_stale_notebook_is_not_released(tmp_path, monkeypatch):
    monkeypatch.setattr(release.build, "out_of_date", lambda lab: ["notebooks/x.ipynb is not what the source gives"])
    with pytest.raises(LabsError, match="is not what the source gives"):
        release.run(argparse.Namespace(zip=tmp_path / "x.zip"))
    assert not (tmp_path / "x.zip").exists()


@pytest.fixture
def littered(tmp_path, monkeypatch):
    """The course with what people and systems leave in it."""
    root = tmp_path / "course"
    for folder in ("labs_utils", "notebooks", "data", "solutions"):
        shutil.copytree(course.ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "my"))
    for name in release.FILES:
        shutil.copy(course.ROOT / name, root)
    solved = (course.ROOT / "solutions" / f"{LAB}.ipynb").read_bytes()
    for name in ("01_perceptron_solved", f"{LAB}-Copy1", "Untitled", "my/01_perceptron"):
        path = root / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(solved)
    for name in (".DS_Store", "._01_perceptron.ipynb", "Thumbs.db", "01_perceptron.ipynb:Zone.Identifier"):
        (root / "notebooks" / name).write_bytes(b"x")
    (root / "labs_utils" / "course-labs.zip").write_bytes(b"x")
    (root / "data" / "marks.xlsx").write_bytes(b"x")
    monkeypatch.setattr(course, "ROOT", root)
    monkeypatch.setattr(course, "NOTEBOOKS", root / "notebooks")
    monkeypatch.setattr(course, "MY_NOTEBOOKS", root / "notebooks" / "my")
    monkeypatch.setattr(release.build, "out_of_date", lambda lab: [])  # `bundle` has asked
    return root


def test_only_what_belongs_is_packed_and_the_rest_is_named(littered, tmp_path, capsys):
    assert release.run(argparse.Namespace(zip=tmp_path / "labs.zip")) == 0
    said = capsys.readouterr().out
    for name in ("01_perceptron_solved.ipynb", f"{LAB}-Copy1.ipynb", "Untitled.ipynb", "my/"):
        assert f"notebooks/{name}" in said
    assert "labs_utils/course-labs.zip" in said and "data/marks.xlsx" in said and "Zone" not in said
    with zipfile.ZipFile(tmp_path / "labs.zip") as archive:
        names = {name.removeprefix("labs/") for name in archive.namelist()}
    assert {name for name in names if name.startswith("notebooks/")} == {
        f"notebooks/{lab}.ipynb" for lab in course.lab_names()
    }
    assert not [name for name in names if name.endswith((".zip", ".xlsx", ".DS_Store"))]


def test_a_second_zip_in_a_folder_of_the_course_does_not_hold_the_first(littered, capsys):
    target = littered / "notebooks" / "course-labs.zip"
    sizes = []
    for _ in range(2):
        assert release.run(argparse.Namespace(zip=target)) == 0
        sizes.append(target.stat().st_size)
    assert sizes[0] == sizes[1]


def test_a_file_that_the_history_does_not_have_is_left_out(littered, tmp_path, capsys):
    for command in ("git init --quiet", "git add labs_utils data"):
        subprocess.run(command.split(), cwd=littered, check=True)
    (littered / "labs_utils" / "my_solutions.py").write_text("# all of them\n", "utf-8")
    assert release.run(argparse.Namespace(zip=tmp_path / "labs.zip")) == 0
    assert "labs_utils/my_solutions.py" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "labs.zip") as archive:
        assert "labs/labs_utils/my_solutions.py" not in archive.namelist()


def test_every_file_of_the_course_that_students_need_is_packed():
    listed = subprocess.run(
        ["git", "ls-files", "-z", *release.FOLDERS], cwd=course.ROOT, capture_output=True, text=True
    )
    tracked = set(filter(None, listed.stdout.split("\0")))
    if not tracked:
        pytest.skip("not a git checkout")
    assert {name for name in tracked if (course.ROOT / name).exists()} <= set(release.what_belongs())


def test_a_folder_as_the_target_and_a_place_that_is_none_are_one_sentence(tmp_path):
    with pytest.raises(LabsError, match="is a folder: name the zip file"):
        release.run(argparse.Namespace(zip=tmp_path))
    (tmp_path / "file").write_text("x")
    with pytest.raises(LabsError, match="cannot be written"):
        release.run(argparse.Namespace(zip=tmp_path / "file" / "labs.zip"))


def test_the_readme_and_makefile_of_the_bundle_promise_only_what_it_can_do(bundle):
    readme, makefile = ((bundle / name).read_text("utf-8") for name in ("README.md", "Makefile"))
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (bundle / target).exists(), target
    for text in (
        "make test",
        "pytest",
        "whole course",
        "make site",
        "instructors",
        "labs_utils build",
        "labs_utils grade",
    ):
        assert text not in readme + makefile, text
    for word in ("make lab", "labs_utils doctor", "labs_utils fetch"):
        assert word in readme
    assert (
        "test"
        not in subprocess.run(
            ["make", "--no-print-directory", "help"], cwd=bundle, capture_output=True, text=True
        ).stdout
    )
