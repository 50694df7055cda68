"""The two-way gate: a lab's solution scores everything, its untouched student notebook nothing, and nobody is stuck."""

import ast
import builtins
import dis
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from labs_utils import course, notebooks
from labs_utils.exercises import checking, reference
from labs_utils.exercises.pending import names_bound_by
from labs_utils.exercises.student import in_this_process
from labs_utils.grading.submission import read_answers

LABS = course.lab_names()


def imports_of(lab):
    tree = ast.parse(reference.source_of(lab).read_text("utf-8"))
    tree.body = [node for node in reference.answers_module(tree).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.unparse(tree)


def answers_source(lab, path):
    """Imports and answers of a notebook, as a runner gets them."""
    tree = ast.parse("\n".join([imports_of(lab), *read_answers(path, lab).values()]))
    return ast.unparse(reference.answers_module(tree))


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_answers_every_exercise(lab):
    """That it scores everything show its own cells, and with other numbers tests/grading/test_executors.py."""
    assert list(read_answers(course.SOLUTIONS / f"{lab}.ipynb", lab)) == list(checking.load(lab).probes)


@pytest.mark.parametrize("lab", LABS)
def test_the_untouched_notebook_scores_nothing(lab):
    checks = checking.load(lab)
    path = course.NOTEBOOKS / f"{lab}.ipynb"
    namespace = {"__name__": "answers"}
    exec(compile(answers_source(lab, path), str(path), "exec"), namespace)
    for name in read_answers(path, lab):
        result = checks.run(name, in_this_process(namespace[name], name), 1)
        assert (result.status, result.points) == ("blank", 0), str(result)


@pytest.mark.parametrize("lab", LABS)
def test_an_answer_uses_only_its_arguments_the_imports_and_earlier_exercises(lab):
    tree = ast.parse(reference.source_of(lab).read_text("utf-8"))
    known = set(dir(builtins))
    for node in reference.answers_module(tree).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            continue
        code = compile(ast.Module([node], []), lab, "exec")
        unknown = globals_used(code) - known - {node.name}
        assert not unknown, f"{node.name} uses {unknown}"
        known.add(node.name)


def globals_used(code):
    used = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            used |= globals_used(constant)
    return used - {"__module__", "__qualname__", "__firstlineno__", "__static_attributes__", "__class__", "super"}


@pytest.mark.parametrize("lab", LABS)
def test_without_solutions_only_cells_that_need_an_unfinished_exercise_stop(lab, tmp_path):
    for folder in ("labs_utils", "data"):
        shutil.copytree(course.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(course.ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "notebooks").mkdir()
    notebook = nbformat.read(course.NOTEBOOKS / f"{lab}.ipynb", as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
    ).execute(env={**os.environ, "PYTHONPATH": str(tmp_path)})
    exercises = set(checking.load(lab).probes)
    waiting = set()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        needed = names_read(cell.source) & (exercises | waiting)
        if cell.id.startswith("exercise-"):
            assert not errors, f"the exercise cell {cell.id} stopped"
        elif errors:
            assert needed, f"a cell that needs no exercise stopped: {cell.source}\n{errors[0].evalue}"
            assert errors[0].ename == "NotAttempted", f"{errors[0].ename}: {errors[0].evalue}\n{cell.source}"
            assert any(f"finish the exercise {name} first" in errors[0].evalue for name in exercises)
            assert len(errors[0].traceback) == 1, "one sentence, not a traceback"
            waiting |= names_bound_by(cell.source)
    assert waiting, "no cell of this lab needs an exercise"


def names_read(source):
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def test_a_submission_of_the_wrong_lab_is_one_sentence():
    with pytest.raises(Exception, match="01_perceptron.ipynb is a submission of lab 01_perceptron; expected lab 02"):
        read_answers(course.NOTEBOOKS / "01_perceptron.ipynb", "02")


def test_a_submission_that_is_damaged_missing_or_something_else_is_one_sentence(tmp_path):
    damaged, other = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    damaged.write_text("{not json", "utf-8")
    other.write_text(nbformat.writes(nbformat.v4.new_notebook()), "utf-8")
    for path, sentence in (
        (damaged, "a.ipynb is damaged"),
        (other, "not a notebook of this course"),
        (tmp_path / "c.ipynb", "c.ipynb does not exist"),
    ):
        with pytest.raises(notebooks.LabsError, match=sentence):
            read_answers(path, "01")


def test_magics_and_broken_cells_of_a_submission_are_passed_over(tmp_path):
    notebook = nbformat.read(course.SOLUTIONS / "01_perceptron.ipynb", as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%matplotlib inline\n!ls"))
    notebook.cells.insert(0, nbformat.v4.new_code_cell("this is not Python"))
    path = tmp_path / "submitted.ipynb"
    path.write_text("\ufeff" + nbformat.writes(notebook), "utf-8")
    assert list(read_answers(path, "01")) == list(checking.load("01_perceptron").probes)


def test_the_command_line_tells_a_fault_in_one_sentence():
    done = subprocess.run([sys.executable, "-m", "labs_utils", "build", "77"], capture_output=True, text=True)
    assert (
        done.returncode == 1
        and done.stderr.startswith("error: there is no lab '77'")
        and "Traceback" not in done.stderr
    )
