"""The builder: one source gives two notebooks, typos stop it, nobody's work is lost."""

import argparse
import json
import shutil
from pathlib import Path

import nbformat
import pytest

from labs_utils import course, notebooks
from labs_utils.commands import build, start
from labs_utils.errors import LabsError
from labs_utils.exercises import checking

LAB = "98_sample"
SOURCE = '''\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: A sample
#     lecture: none
#     minutes: 1
#     data: []
# ---

# %% [markdown]
# # 98 · A sample
#
# | | |
# |:--|:--|
# | **Data** | none |
#
# ### Exercise · `double`

# %% tags=["imports"]
import sys

from labs_utils import Lab

# %%
class FakeLab:
    def exercise(self, points):
        return lambda function: function


lab = FakeLab()


# %% minutes=4 difficulty=1 kind="core"
@lab.exercise(points=1)
def double(x):
    """Twice x."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION


print(double(4))

# %% tags=["solution"]
print("for instructors only")
print("noise", file=sys.stderr)
'''


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with the sample lab's source, in place of this one."""
    for name in ("notebooks", "solutions"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(course, "MY_NOTEBOOKS", tmp_path / "notebooks" / "my")
    monkeypatch.setattr(course, "SOLUTIONS", tmp_path / "solutions")
    monkeypatch.setattr(course, "DESCRIPTIONS", tmp_path / "descriptions")
    monkeypatch.setattr(course, "lab_names", lambda: [LAB])
    monkeypatch.setattr(course, "settings", lambda: {"repository": "https://github.com/owner/name", "branch": "main"})
    (tmp_path / "solutions" / f"{LAB}.py").write_text(SOURCE, "utf-8")
    return tmp_path


def run(command, *labs, check=False):
    return command.run(argparse.Namespace(labs=list(labs), check=check))


@pytest.fixture
def built(project, tmp_path_factory):
    """The project after a build, which is run in the first test that asks for it."""
    first = tmp_path_factory.getbasetemp() / "built-once"
    if not first.exists():
        assert run(build) == 0
        shutil.copytree(project, first)
    return Path(shutil.copytree(first, project, dirs_exist_ok=True))


def rewrite(project: Path, old: str, new: str) -> None:
    path = project / "solutions" / f"{LAB}.py"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_both_notebooks_come_from_the_source(project):
    assert run(build) == 0
    student = nbformat.read(project / "notebooks" / f"{LAB}.ipynb", as_version=4)
    solution = nbformat.read(project / "solutions" / f"{LAB}.ipynb", as_version=4)
    student_text = "\n".join(cell.source for cell in student.cells)
    assert notebooks.INVITATION in student_text
    assert "2 * x" not in student_text and "instructors" not in student_text and "SOLUTION" not in student_text
    assert all(not cell.get("outputs") for cell in student.cells)
    assert "github/owner/name/blob/main/notebooks/98_sample.ipynb" in student.cells[0].source
    outputs = [output.text for cell in solution.cells for output in cell.get("outputs", [])]
    assert outputs == ["8\n", "for instructors only\n"]  # and no standard error


def test_an_unchanged_source_rebuilds_to_the_same_bytes(built):
    files = [built / "notebooks" / f"{LAB}.ipynb", built / "solutions" / f"{LAB}.ipynb"]
    before = [path.read_bytes() for path in files]
    run(build, "98")
    assert [path.read_bytes() for path in files] == before
    assert run(build, check=True) == 0


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("Twice x.", "Two times x.", ["notebooks/98_sample.ipynb", "solutions/98_sample.ipynb"]),
        ("2 * x", "x + x", ["solutions/98_sample.ipynb"]),
        ("minutes: 1", "minutes: 2", ["notebooks/98_sample.ipynb", "solutions/98_sample.ipynb"]),
    ],
)
def test_check_names_what_is_out_of_date(built, capsys, old, new, stale):
    rewrite(built, old, new)
    assert run(build, check=True) == 1
    complaints = capsys.readouterr().err
    assert [name for name in ("notebooks/98_sample.ipynb", "solutions/98_sample.ipynb") if name in complaints] == stale
    assert "edit solutions/98_sample.py" in complaints


@pytest.mark.parametrize("place", ["notebooks", "solutions"])
def test_check_sees_a_notebook_edited_by_hand(built, capsys, place):
    path = built / place / f"{LAB}.ipynb"
    path.write_text(path.read_text("utf-8").replace("A sample", "A simple"), "utf-8")
    assert run(build, check=True) == 1
    assert f"{place}/98_sample.ipynb" in capsys.readouterr().err


def test_check_sees_a_solution_that_was_never_run(built):
    source = notebooks.read_source(LAB)
    bare = notebooks.serialise(notebooks.solution_notebook(source))
    (built / "solutions" / f"{LAB}.ipynb").write_text(bare, "utf-8")
    assert len(build.out_of_date(LAB)) == 1


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("    # END SOLUTION\n", "", "line 41: '# BEGIN SOLUTION' without an '# END SOLUTION' after it"),
        ("    # BEGIN SOLUTION\n", "", "line 42: '# END SOLUTION' without a '# BEGIN SOLUTION' before it"),
        ("# BEGIN SOLUTION", "# BEGIN SOLUTON", "looks like a misspelt marker"),
        ("# BEGIN SOLUTION", "#BEGIN SOLUTION", "looks like a misspelt marker"),
        ("# BEGIN SOLUTION", "# Begin solution", "looks like a misspelt marker"),
        ("# BEGIN SOLUTION", "### BEGIN SOLUTIONS ###", "looks like a misspelt marker"),
        ("# END SOLUTION", "# BEGIN SOLUTION", "before the region of line 41 has ended"),
        ("lab = FakeLab()", "# BEGIN SOLUTION\nlab = FakeLab()\n# END SOLUTION", "outside an exercise"),
        ("@lab.exercise(points=1)\n", "", "outside an exercise"),
        ("return 2 * x", "return 2 * * x", "line 42: not valid Python"),
        ("#     data: []\n", "", "lacks data"),
    ],
)
def test_a_typo_in_a_source_stops_the_build_and_writes_nothing(project, old, new, sentence):
    rewrite(project, old, new)
    with pytest.raises(LabsError, match="solutions/98_sample.py") as error:
        run(build)
    assert sentence in str(error.value)
    assert not list(project.glob("*/*.ipynb"))


def test_an_exercise_without_a_region_is_reported(project):
    rewrite(project, "    # BEGIN SOLUTION\n    return 2 * x\n    # END SOLUTION\n", "    return 2 * x\n")
    with pytest.raises(LabsError, match="double has no solution region"):
        notebooks.read_source(LAB)


def test_check_sees_a_solution_that_was_run_on_stand_ins(project, capsys):
    rewrite(project, "print(double(4))", 'print("MNIST: not available (LABS_OFFLINE is set); using the stand-in")')
    run(build)
    assert run(build, check=True) == 1
    assert (
        "holds results of stand-ins: run python -m labs_utils build 98 without LABS_OFFLINE" in capsys.readouterr().err
    )


def test_a_failing_cell_is_reported_and_nothing_is_written(project):
    rewrite(project, "print(double(4))", "print(double(4) / 0)")
    with pytest.raises(LabsError, match="ZeroDivisionError"):
        run(build)
    assert not list(project.glob("*/*.ipynb"))


def test_an_output_with_a_path_of_this_machine_is_refused(project):
    rewrite(project, "print(double(4))", 'print("/home/somebody/data")')
    with pytest.raises(LabsError, match="prints a path of this machine"):
        run(build)


def test_building_keeps_a_student_notebook_that_was_worked_in(built):
    path = built / "notebooks" / f"{LAB}.ipynb"
    worked = json.loads(path.read_text("utf-8"))
    worked["cells"][-1]["source"] = ["my precious answer"]
    path.write_text(json.dumps(worked), "utf-8")
    run(build, "98")
    run(build, "98")
    kept = list((built / "notebooks" / "my").iterdir())
    assert [file.name for file in kept] == ["98_sample-kept-1.ipynb"]
    assert "my precious answer" in kept[0].read_text("utf-8")
    assert "my precious answer" not in path.read_text("utf-8")


def test_building_keeps_a_damaged_student_notebook(built):
    path = built / "notebooks" / f"{LAB}.ipynb"
    path.write_text('{"cells": [precious', "utf-8")
    run(build, "98")
    assert (built / "notebooks" / "my" / "98_sample-kept-1.ipynb").read_text("utf-8") == '{"cells": [precious'


def test_start_copies_once_and_never_overwrites(built, capsys):
    run(start)
    copy = built / "notebooks" / "my" / f"{LAB}.ipynb"
    copy.write_text(copy.read_text("utf-8").replace("A sample", "My sample"), "utf-8")
    mine = copy.read_bytes()
    run(start)
    assert copy.read_bytes() == mine
    assert "newer version" not in capsys.readouterr().out
    rewrite(built, "Twice x.", "Two times x.")
    run(build)
    run(start)
    assert copy.read_bytes() == mine
    assert "newer version" in capsys.readouterr().out


def test_an_unknown_lab_is_one_sentence():
    with pytest.raises(LabsError, match="there is no lab '77'; the labs are 01_perceptron"):
        course.find_lab("77")
    assert course.find_lab("1") == course.find_lab("01") == course.find_lab("01_perceptron") == "01_perceptron"


def test_lab_names_and_check_modules_agree():
    for lab in course.lab_names():
        assert checking.load(lab).lab == lab
