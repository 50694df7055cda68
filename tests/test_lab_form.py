"""The form that all labs share, on a sample and on every lab: efforts, folds, figures in words, one skeleton."""

import ast
import json
import re
from collections import Counter
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert import HTMLExporter

from labs_utils import course, lab_form, notebooks, plots
from labs_utils.commands import build
from labs_utils.errors import LabsError

LABS = course.lab_names()

SOURCE = '''\
# ---
# jupyter:
#   labs:
#     title: A sample
#     lecture: none
#     minutes: 2
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

# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=1)
def double(x):
    """Twice x."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION

# %% [markdown]
# ### Question · `why`

# %% minutes=5 difficulty=1 kind="extra"
@lab.question(points=1)
def why():
    """Why?"""
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION

# %%
plots.show(
    fig,
    "All five losses fall to one, which is what the student"
    " was asked to predict.",
)

# %% [markdown]
# **What you see.** They fall to 1.
#
# **Why.** There is no lower point.
#
# And on.
'''


def parsed(text=SOURCE):
    return notebooks._parse_source("98_sample", course.SOLUTIONS / "98_sample.py", text)


def source_text(lab):
    return (course.SOLUTIONS / f"{lab}.py").read_text("utf-8")


def markdown(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


# -- efforts ----------------------------------------------------------------------------------------------------------


def test_an_effort_stands_below_the_heading_and_in_the_card():
    for notebook in (notebooks.student_notebook(parsed()), notebooks.solution_notebook(parsed())):
        text = markdown(notebook)
        assert "### Exercise · `double`\n\n*10 minutes · difficulty 2 of 3 ●●○ · core*" in text
        assert "### Question · `why`\n\n*5 minutes · difficulty 1 of 3 ●○○ · extra*" in text
        assert (
            "10 on the exercises, 0 to read, predict and look; what is marked extra takes 5 more;"
            in notebook.cells[0].source
        )
        assert "computes for about 2 minutes" in notebook.cells[0].source


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("minutes=10 ", "", "line 20: double needs minutes (1 to 60) in the header of its cell"),
        ("minutes=10", "minutes=100", "double needs minutes"),
        ("difficulty=2", "difficulty=4", "double needs a difficulty (1 to 3)"),
        (' kind="core"', "", 'double needs kind="core" or kind="extra"'),
        ('kind="core"', 'kind="optional"', 'double needs kind="core" or kind="extra"'),
        ("### Exercise · `double`", "### Exercise", "write '### Exercise · `double`' once"),
        ("### Question · `why`", "### Exercise · `why`", "line 31: write '### Question · `why`' once"),
    ],
)
def test_a_source_without_efforts_is_refused(old, new, sentence):
    assert old in SOURCE
    with pytest.raises(LabsError, match="solutions/98_sample.py") as error:
        parsed(SOURCE.replace(old, new))
    assert sentence in str(error.value)


@pytest.mark.parametrize("lab", LABS)
def test_minutes_in_card_and_readme_are_the_sum_of_the_headers(lab):
    headers = re.findall(r'^# %% minutes=(\d+) difficulty=[123] kind="(core|extra)"', source_text(lab), re.MULTILINE)
    core, extra = (sum(int(minutes) for minutes, kind in headers if kind == one) for one in ("core", "extra"))
    student = nbformat.read(course.NOTEBOOKS / f"{lab}.ipynb", as_version=4)
    card = student.cells[0].source
    told = r"about (\d+) minutes of work: (\d+) on the exercises, (\d+) to [^;]*"
    told += r"(?:; what is marked extra takes (\d+) more)?; the whole"
    work, exercises, rest, more = (int(number or 0) for number in re.search(told, card).groups())
    assert (exercises, more, work) == (core, extra, core + rest)
    assert f"| {work} min | {extra} min | " in next(
        line
        for line in (course.ROOT / "README.md").read_text("utf-8").split("\n")
        if f"(notebooks/{lab}.ipynb)" in line
    )
    beside = re.findall(r"^\*(\d+) minutes · difficulty", markdown(student), re.MULTILINE)
    assert sorted(map(int, beside)) == sorted(int(minutes) for minutes, _ in headers)


# -- folds ------------------------------------------------------------------------------------------------------------


def test_what_tells_is_folded_for_students_only():
    text = markdown(notebooks.student_notebook(parsed()))
    assert "<details><summary>What you see</summary>\n\nThey fall to 1.\n\n</details>" in text
    assert "<details><summary>Why</summary>\n\nThere is no lower point.\n\n</details><br>\n\nAnd on." in text
    assert "**What you see.** They fall to 1." in markdown(notebooks.solution_notebook(parsed()))


def test_a_fold_that_the_builder_would_miss_is_refused():
    for wrong in ("# **Why** is it so", "# **What you see** is", "# text\n# **Why.** There"):
        with pytest.raises(LabsError, match=r"line \d+: write \*\*Why\.\*\*"):
            parsed(SOURCE.replace("# **Why.** There", wrong))


class Page(HTMLParser):
    """Of a page: the alternative texts of its pictures, the summaries of its folds, the text outside of them."""

    def __init__(self, text):
        super().__init__()
        self.alt, self.opened, self.outside, self._depth = [], 0, [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.alt.append(dict(attributes).get("alt"))
        if tag == "details":
            self._depth += 1
            self.opened += "open" in dict(attributes)

    def handle_endtag(self, tag):
        self._depth -= tag == "details"

    def handle_data(self, data):
        if not self._depth:
            self.outside.append(data)


@pytest.mark.parametrize("lab", LABS)
def test_in_nbconvert_pages_figures_are_told_and_results_are_folded(lab):
    solution = nbformat.read(course.SOLUTIONS / f"{lab}.ipynb", as_version=4)
    told = list(notebooks.figure_descriptions(notebooks.read_source(lab)).values())
    exporter = HTMLExporter()
    for cell in solution.cells:
        cell.source = "" if cell.cell_type == "code" else cell.source  # half of the time goes into its colours
    alt = Page(exporter.from_notebook_node(solution)[0]).alt
    assert all(alt) and len(alt) > 5
    told_here = {text for text in told if any(shown.startswith(text) for shown in alt)}
    assert len(told_here) >= len(told) - 1, set(told) - told_here  # lab 04's last figure waits for a drawing

    student = nbformat.read(course.NOTEBOOKS / f"{lab}.ipynb", as_version=4)
    student = Page(exporter.from_notebook_node(student)[0])
    page = "".join(student.outside)
    assert student.opened == 0 and "What you see" not in page
    source = markdown(notebooks.solution_notebook(notebooks.read_source(lab)))
    for paragraph in re.findall(r"^\*\*(?:What you see|Why)[^*]*\.\*\* ([^$`*\[\n]{25,60})", source, re.MULTILINE):
        assert paragraph not in page


# -- figures ----------------------------------------------------------------------------------------------------------


def test_a_student_reads_no_description_before_the_figure():
    code = notebooks.student_notebook(parsed()).cells[-2].source
    assert code == 'plots.show(fig, "lab 98, figure 1")'
    assert notebooks.figure_descriptions(parsed()) == {
        "lab 98, figure 1": "All five losses fall to one, which is what the student was asked to predict."
    }


@pytest.mark.parametrize("lab", LABS)
def test_every_key_has_its_description(lab):
    text = (course.NOTEBOOKS / f"{lab}.ipynb").read_text("utf-8")
    keys = re.findall(r'\\"(lab \d\d, figure \d+)\\"', text)
    stored = json.loads((course.DESCRIPTIONS / f"{lab}.json").read_text("utf-8"))
    assert keys and sorted(keys) == sorted(stored)
    for key, description in stored.items():
        assert plots.figures._description(key) == description
        assert json.dumps(description)[1:40] not in text


def test_other_arguments_of_a_figure_stay():
    code = 'plots.explore(\n    draw,\n    "What there is.",\n    w=(0, 1, 0.5),\n)\nplots.show(f("ü"), "Ä")  # end'
    keyed, descriptions = lab_form.with_keys("98_sample", code, first=3)
    assert list(descriptions.items()) == [("lab 98, figure 3", "What there is."), ("lab 98, figure 4", "Ä")]
    assert keyed.endswith('plots.show(f("ü"), "lab 98, figure 4")  # end')
    assert ast.unparse(ast.parse(keyed).body[0]) == "plots.explore(draw, 'lab 98, figure 3', w=(0, 1, 0.5))"
    with pytest.raises(LabsError, match="needs a plain string as its description"):
        lab_form.with_keys("98_sample", 'plots.show(fig, f"{name}")', first=1)


# -- pages ------------------------------------------------------------------------------------------------------------


def test_code_that_a_page_cuts_off_is_refused():
    long = "fig = " + "1 + " * 21 + "1"
    with pytest.raises(LabsError, match="line 39: 91 characters, 88 at most: break the line"):
        parsed(SOURCE.replace("# %%\nplots", f"# %%\n{long}\nplots"))
    with pytest.raises(LabsError, match="line 39: the cell starts with an empty line"):
        parsed(SOURCE.replace("# %%\nplots", "# %%\n\nplots"))
    with pytest.raises(LabsError, match="has 33 lines, 30 at most: split it"):
        notebooks.student_notebook(parsed(SOURCE.replace("# %%\nplots", "# %%\n" + "x = 1\n" * 32 + "plots")))


@pytest.mark.parametrize("lab", LABS)
def test_no_line_of_code_is_cut_off(lab):
    student = nbformat.read(course.NOTEBOOKS / f"{lab}.ipynb", as_version=4)
    assert student.cells[1].id == "set-up"  # plumbing, folded away:
    assert student.cells[1].metadata == {"jupyter": {"source_hidden": True}, "cellView": "form"}
    assert student.cells[1].source.startswith("#@title Set-up")
    for cell in student.cells[2:]:
        assert cell.cell_type == "markdown" or max(map(len, cell.source.split("\n"))) <= 88, cell.source


# -- predictions and questions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lab", LABS)
def test_predictions_are_written_down_before_the_result_and_compared_after_it(lab):
    notebook = nbformat.read(course.NOTEBOOKS / f"{lab}.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    asked = [line for source in code for line in source.split("\n") if re.match(r"prediction\b", line)]
    assert all(re.fullmatch(r"prediction = None  # \S.{14,}", line) for line in asked), asked
    assert all(source.startswith("prediction = ") for source in code if "\nprediction = " in f"\n{source}")
    compared = [
        found.strip() for found in re.findall(r"^ *lab\.compare\(|^prediction =", "\n".join(code), re.MULTILINE)
    ]
    assert compared == ["prediction =", "lab.compare("] * len(asked)  # each once, in turn
    if asked:
        assert "Where a cell begins with `prediction = None`" in " ".join(notebook.cells[0].source.split())


def test_right_letters_are_spread():
    right, alike = Counter(), []
    for lab in LABS:
        letters = re.findall(r'^    # BEGIN SOLUTION\n    return "([a-e])"\n', source_text(lab), re.MULTILINE)
        alike += [lab] if len(letters) > 2 and len(set(letters)) == 1 else []
        right.update(letters)
    assert len(right) >= 3 and max(right.values()) <= 0.5 * right.total(), right
    assert not alike, f"one letter is always right in {alike}"


# -- the skeleton -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lab", LABS)
def test_every_lab_opens_and_ends_the_same_way(lab):
    cells = nbformat.read(course.SOLUTIONS / f"{lab}.ipynb", as_version=4).cells
    card = cells[0].source
    assert all(f"| **{row}** |" in card for row in ("Time", "Data", "Lecture", "You need"))
    assert "Running an exercise cell checks it. Until yours passes, the cells below use the reference" in card
    headings = [
        heading
        for cell in cells
        if cell.cell_type == "markdown"
        for heading in re.findall(r"^## \d+ · (.*)", cell.source, re.M)
    ]
    assert [name.split(":")[0] for name in headings if not name.startswith("Challenge")][-3:] == [
        "What you have found",
        "To discuss",
        "Further reading",
    ]
    assert cells[-1].source == "lab.progress()" and sum("lab.progress()" in cell.source for cell in cells) == 1
    notes = [
        cell.source for cell in cells if "solution" in cell.metadata.get("tags", []) and cell.cell_type == "markdown"
    ]
    assert all(note.removeprefix("> ").startswith("**For instructors.**") for note in notes)


def test_the_readme_table_is_generated():
    assert build.readme_out_of_date() == []
