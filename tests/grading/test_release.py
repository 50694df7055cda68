"""The zip for students: no solution in it, and notebooks and checks that work."""

import argparse
import os
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
    assert names <= {*release.FOLDERS, *release.FILES}
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
