"""Every committed notebook: valid, small, clean, readable without eyes or network, and in the course's form."""

import ast
import base64
import html
import io
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from labs_utils import course, notebooks
from labs_utils.commands import build
from labs_utils.exercises import checking

LABS = course.lab_names()
PAIRS = [(lab, folder) for lab in LABS for folder in ("notebooks", "solutions")]


def read(lab, folder):
    return nbformat.read(course.ROOT / folder / f"{lab}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def exercise_cells(notebook):
    return [cell for cell in code_cells(notebook) if cell.id.startswith("exercise-")]


def pictures(notebook):
    """(number of the cell, description, picture) for each figure."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            assert not any(kind.startswith("image/") for kind in output.get("data", {})), "a picture without a text"
            found = re.match(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)"', _html(output))
            if found:
                png = io.BytesIO(base64.b64decode(found[2]))
                yield number, html.unescape(found[1]), np.asarray(Image.open(png).convert("L"), float)


def _html(output):
    return "".join(output.get("data", {}).get("text/html", ""))


@pytest.mark.parametrize("lab", LABS)
def test_committed_notebooks_are_what_their_source_gives(lab):
    assert build.out_of_date(lab) == []


@pytest.mark.parametrize(("lab", "folder"), PAIRS)
def test_a_notebook_is_valid_and_its_ids_are_unique(lab, folder):
    notebook = read(lab, folder)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(("lab", "folder"), PAIRS)
def test_a_notebook_is_small_and_names_no_path_of_a_machine(lab, folder):
    text = (course.ROOT / folder / f"{lab}.ipynb").read_text("utf-8")
    assert len(text) < 1.5e6
    assert not re.search(r"/home/|/Users/|/root/|/tmp/|/work/|C:\\\\", text)


@pytest.mark.parametrize(("lab", "folder"), PAIRS)
def test_code_cells_parse_and_are_short(lab, folder):
    lengths = {}
    for cell in code_cells(read(lab, folder)):
        ast.parse(cell.source)
        assert cell.source.strip(), "an empty cell"
        lengths[cell.id] = len(cell.source.splitlines())
    # an instructor's copy has the descriptions of the figures in the cell, a student's their keys
    assert max(lengths.values()) <= (30 if folder == "notebooks" else 38), lengths
    course_code = sorted(length for cell, length in lengths.items() if cell != "set-up")  # that one is plumbing
    assert course_code[int(0.8 * len(course_code))] <= (26 if folder == "notebooks" else 30), lengths


@pytest.mark.parametrize("lab", LABS)
def test_a_student_notebook_has_no_outputs_and_its_badge_opens_itself(lab):
    notebook = read(lab, "notebooks")
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    first = notebook.cells[0].source
    assert f"/blob/{course.settings()['branch']}/notebooks/{lab}.ipynb)" in first
    assert course.settings()["repository"].removeprefix("https://").split("/", 1)[1] in first
    assert not notebooks.is_worked_on(notebook)


@pytest.mark.parametrize("lab", LABS)
def test_a_student_notebook_gives_no_solution_away(lab):
    student = read(lab, "notebooks")
    answers = "\n".join(cell.source for cell in exercise_cells(student))
    assert answers.count("raise NotImplementedError") >= len(checking.load(lab).probes)
    source = (course.SOLUTIONS / f"{lab}.py").read_text("utf-8")
    for region in re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", source, re.DOTALL):
        longest = max((line.strip() for line in region.splitlines()), key=len)
        if len(longest) > 30:
            assert longest not in answers


@pytest.mark.parametrize("lab", LABS)
def test_a_solution_notebook_ran_without_error_or_noise(lab):
    notebook = read(lab, "solutions")
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            assert "Warning" not in output.get("text", "")
    for cell in exercise_cells(notebook):
        text = "".join(output.get("text", "") for output in cell.outputs)
        assert text.startswith("✔"), text
        assert notebooks.CHECK_OUTPUT in cell.metadata.tags


@pytest.mark.parametrize("lab", LABS)
def test_figures_are_not_blank_and_are_described(lab):
    notebook = read(lab, "solutions")
    found = list(pictures(notebook))
    assert len(found) >= 5
    for number, description, picture in found:
        assert len(description) >= 40, f"cell {number}: no description"
        assert picture.std() > 8, f"cell {number}: a blank picture"
        assert 100 < picture.shape[1] < 1100, f"cell {number}: {picture.shape[1]} pixels wide"
        following = next(
            cell for cell in notebook.cells[number + 1 :] if not re.search(r"plots\.(show|table)\(", cell.source)
        )
        assert following.cell_type == "markdown", f"cell {number}: no text after the figure"
    descriptions = [description for _, description, _ in found]
    assert len(set(descriptions)) == len(descriptions)


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_the_form_of_a_lab(lab):
    notebook = read(lab, "solutions")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    outside_details = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert len(re.findall(r"^# ", outside_details, re.MULTILINE)) == 1
    numbers = [int(number) for number in re.findall(r"^## (\d+) · ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 5
    assert "**Predict" in text and "**What you see" in text
    assert "Margin note" in text or lab == "12_trust"  # the lectures have no formula there, and so no slip
    assert not re.search(r"(?<!\[)!\[|<img|<script", text.replace(notebooks.badge(lab), "")), "an image from elsewhere"
    assert not re.search(r"(?<![=!<>\w])!(?![=\[\w])", re.sub(r"`[^`]*`|\$[^$]*\$", "", text)), "an exclamation mark"
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>")


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_five_or_more_exercises_each_with_hints(lab):
    notebook = read(lab, "notebooks")
    cells = notebook.cells
    core = 0
    for number, cell in enumerate(cells):
        if cell.id.startswith("exercise-") and "@lab.exercise" in cell.source:
            core += " · core" in cells[number - 1].source.rsplit("### Exercise", 1)[1]
            assert "<details>" in cells[number - 1].source, f"no hints before {cell.id}"
            assert '"""' in cell.source, f"no docstring in {cell.id}"
    assert 5 <= core <= 12  # those marked extra may be left out


def test_every_page_of_the_course_is_utf_8_without_tabs_or_trailing_space():
    for path in [*course.SOLUTIONS.glob("*.py"), course.ROOT / "README.md", course.DATA / "README.md"]:
        for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
            assert line == line.rstrip() and "\t" not in line, f"{path.name}, line {number}"


def test_a_students_own_notebooks_are_never_collected(monkeypatch):
    import conftest

    class Config:
        args = ()

    for name in ("my/01_perceptron", "Untitled", "01_perceptron-Copy1", "01_perceptron_solved"):
        assert conftest.pytest_ignore_collect(course.NOTEBOOKS / f"{name}.ipynb", Config) is True
    for path in (
        course.NOTEBOOKS / "01_perceptron.ipynb",
        course.SOLUTIONS / "01_perceptron.ipynb",
        course.ROOT / "tests",
    ):
        assert conftest.pytest_ignore_collect(path, Config) is None
