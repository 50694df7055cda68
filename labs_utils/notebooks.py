"""From the one text source of a lab to its two notebooks.

A source in ``solutions/NN_topic.py`` (jupytext percent format) gives the *solution* notebook, the same cells with
outputs, and the *student* notebook, in which every region between ``# BEGIN SOLUTION`` and ``# END SOLUTION`` is an
invitation to write code, cells tagged ``solution`` are gone, and what tells a result too early is folded away.
Everything here is a function of the source text, so an unchanged source gives byte-identical notebooks; running cells
is the business of `labs_utils.commands.build`, what a page of a lab must look like that of `labs_utils.lab_form`.
"""

import ast
import difflib
import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from labs_utils import course, lab_form
from labs_utils.errors import LabsError
from labs_utils.exercises import reference
from labs_utils.exercises.reference import answers_of, decorator_call

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
INVITATION = f'raise NotImplementedError("{reference.INVITATION}")'
CHECK_OUTPUT = "nbval-check-output"
_LOOKS_LIKE_MARKER = re.compile(r"#+\W*(begin|start|end|stop|finish)[\W_]*(solution|soln|answer)s?\W*", re.IGNORECASE)
_LOCAL_PATH = re.compile(r"(/home/|/Users/|/root/|/tmp/|/work/|[A-Z]:\\\\?Users)")


@dataclass(frozen=True)
class Source:
    """A lab's source, read and checked.

    Attributes:
        lab: full name, for example ``01_perceptron``.
        path: the file.
        cells: its cells with ids and tags, solutions included.
        card: the ``labs`` entry of its header: title, lecture, minutes (of computing), data.
        efforts: minutes, difficulty and kind of each exercise, by name.
    """

    lab: str
    path: Path
    cells: tuple[NotebookNode, ...]
    card: dict[str, Any]
    efforts: dict[str, lab_form.Effort]

    @property
    def minutes_of_work(self) -> tuple[int, int, int]:
        """Minutes on core exercises, on extra ones and on the rest."""
        return lab_form.minutes_of_work(self.cells, self.efforts)


def read_source(lab: str) -> Source:
    """Reads and checks the source of one lab.

    Raises:
        LabsError: the file is missing, is not valid Python, lacks its header, has an unbalanced, misspelt or misplaced
            marker, an exercise without a solution region or without minutes, or a cell that a page cannot hold; the
            message names file and line.
    """
    path = course.SOLUTIONS / f"{lab}.py"
    name = f"solutions/{path.name}"
    if not path.exists():
        raise LabsError(f"{name} is missing: it is the source that both notebooks of the lab are built from")
    return _parse_source(lab, path, path.read_text("utf-8"))


@functools.cache
def _parse_source(lab: str, path: Path, text: str) -> Source:
    name = f"solutions/{path.name}"
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise LabsError(f"{name}, line {error.lineno}: not valid Python ({error.msg})") from error
    _check_markers(name, text, tree)
    lab_form.check_lines(name, text)
    notebook = jupytext.reads(text, fmt="py:percent")
    card = notebook.metadata.get("labs", {})
    missing = {"title", "lecture", "minutes", "data"} - card.keys()
    if missing:
        raise LabsError(f"{name}: the header's `labs:` entry lacks {', '.join(sorted(missing))}")
    efforts = lab_form.efforts_of(name, tree, notebook.cells)
    return Source(lab, path, tuple(_with_ids(notebook.cells)), dict(card), efforts)


def student_notebook(source: Source) -> NotebookNode:
    """The notebook that students get: no solutions, no outputs, a badge and a set-up cell on top.

    Raises:
        LabsError: something that looks like a solution marker would be left in it.
    """
    cells, figures = [], 0
    for cell, text in _with_form(source):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            text = lab_form.folded(text)
        else:
            text, descriptions = lab_form.with_keys(source.lab, without_solution(text), first=figures + 1)
            figures += len(descriptions)
            lab_form.check_length(f"solutions/{source.path.name}", text)
        if "solution" not in tags:
            cells.append(_cell(cell.cell_type, text, cell.id, [tag for tag in tags if tag != CHECK_OUTPUT]))
    cells[0].source = f"{badge(source.lab)}\n\n{cells[0].source}"
    cells.insert(1, setup_cell())
    for cell in cells:
        for line in _marker_lines(cell.source):
            raise LabsError(f"{source.path.name}: {line!r} looks like a solution marker and would reach the students")
    return _notebook(cells, source.card | {"lab": source.lab, "digest": digest(cells)})


def solution_notebook(source: Source) -> NotebookNode:
    """The notebook with all solutions, not yet executed."""
    cells = [
        _cell(
            cell.cell_type,
            lab_form.with_gaps(text) if cell.cell_type == "markdown" else text,
            cell.id,
            cell.metadata.get("tags", []),
        )
        for cell, text in _with_form(source)
    ]
    cells.insert(1, setup_cell())
    return _notebook(cells, source.card | {"lab": source.lab})


def figure_descriptions(source: Source) -> dict[str, str]:
    """What each figure shows, by the key that stands in the student notebook in place of its description."""
    descriptions: dict[str, str] = {}
    for cell in source.cells:
        if cell.cell_type == "code":
            descriptions |= lab_form.with_keys(source.lab, cell.source, first=len(descriptions) + 1)[1]
    return descriptions


def _with_form(source: Source) -> Iterator[tuple[NotebookNode, str]]:
    """The cells of a source, each with its text for both notebooks: with the efforts and the card's time."""
    for number, cell in enumerate(source.cells):
        text = cell.source
        if cell.cell_type == "markdown":
            text = lab_form.with_efforts(text, source.efforts)
        if number == 0:
            name = f"solutions/{source.path.name}"
            text = lab_form.with_time(name, text, source.minutes_of_work, source.card["minutes"])
        yield cell, text


def with_outputs_of(notebook: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """`notebook` with the stored outputs of `executed`, cell by cell, without what changes from run to run.

    Standard error is dropped, consecutive text of one stream is joined, and execution counts are numbered from 1.
    """
    outputs = {cell.id: cell.get("outputs", []) for cell in executed.cells if cell.cell_type == "code"}
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = _tidy(outputs.get(cell.id, []), count)
    return notebook


def serialise(notebook: NotebookNode) -> str:
    """The text of a notebook file, the same for the same notebook.

    Raises:
        LabsError: an output holds a path of the machine that it was built on.
    """
    nbformat.validate(notebook)
    text = nbformat.v4.writes(notebook)  # nbformat.writes would validate again
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            if _LOCAL_PATH.search(shown):
                raise LabsError(f"cell {cell.id} prints a path of this machine: {shown.strip()[:120]!r}")
    return text + "\n"


def read_notebook(path: Path) -> NotebookNode:
    """A notebook file.

    Raises:
        LabsError: it is missing or damaged.
    """
    if not path.exists():
        raise LabsError(f"{path.name} does not exist: check the path")
    try:
        return nbformat.reads(path.read_text("utf-8-sig"), as_version=4)
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise LabsError(f"{path.name} is damaged and cannot be read as a notebook ({reason})") from error


def digest(cells: list[NotebookNode]) -> str:
    """A fingerprint of what the cells say."""
    text = "\0".join(f"{cell.cell_type}\0{cell.source}" for cell in cells)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def is_worked_on(notebook: NotebookNode) -> bool:
    """Whether a person changed or ran this student notebook since it was built."""
    built = notebook.metadata.get("labs", {}).get("digest")
    return built != digest(notebook.cells) or any(cell.get("outputs") for cell in notebook.cells)


# -- parts ------------------------------------------------------------------------------------------------------------


def badge(lab: str) -> str:
    """The Markdown link that opens a lab's student notebook in Colab."""
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab_address(lab)})"


def colab_address(lab: str) -> str:
    """Where Colab opens a lab's student notebook."""
    return f"https://colab.research.google.com/github/{_owner_and_name()}/blob/{_branch()}/notebooks/{lab}.ipynb"


def binder_address(lab: str) -> str:
    """Where Binder opens a lab's student notebook."""
    path = quote(f"lab/tree/notebooks/{lab}.ipynb", safe="")
    return f"https://mybinder.org/v2/gh/{_owner_and_name()}/{quote(_branch(), safe='')}?urlpath={path}"


def pull_path(lab: str) -> str:
    """What follows a JupyterHub's address in the link with which nbgitpuller copies the course and opens a lab.

    A later click brings what is new and leaves alone what the student has changed.
    """
    name = _owner_and_name().split("/")[-1]
    arguments = {
        "repo": course.settings()["repository"],
        "branch": _branch(),
        "urlpath": f"lab/tree/{name}/notebooks/{lab}.ipynb",
    }
    return f"/hub/user-redirect/git-pull?{urlencode(arguments)}"


def hub_address(lab: str) -> str | None:
    """Where the JupyterHub that the settings name opens a lab's student notebook; None where they name none."""
    hub = course.settings().get("hub")
    return hub.rstrip("/") + pull_path(lab) if hub else None


def repository_address(inside: str) -> str:
    """Where a file or folder of the course is read in its repository; `inside` is its path with forward slashes."""
    kind = "tree" if (course.ROOT / inside).is_dir() else "blob"
    return f"{course.settings()['repository']}/{kind}/{_branch()}/{inside}"


def _owner_and_name() -> str:
    return course.settings()["repository"].removeprefix("https://github.com/")


def _branch() -> str:
    return course.settings()["branch"]


def setup_cell(repository: str | None = None, branch: str | None = None) -> NotebookNode:
    """The first code cell: finds the course's package, which in Colab it fetches by a sparse clone.

    Args:
        repository: address to clone from; the course's own by default.
        branch: its branch.
    """
    settings = course.settings()
    address, branch = repository or settings["repository"], branch or settings["branch"]
    source = f"""\
#@title Set-up: finds the course's package; Colab fetches it first (some seconds), nothing is installed
import shutil
import subprocess
import sys
from pathlib import Path

class SetUpError(Exception):
    _render_traceback_ = lambda self: [f"Set-up: {{self}}"]  # one sentence

places = [Path.cwd(), *Path.cwd().parents]
if "google.colab" in sys.modules:
    names = ["course", *(f"course-{{n}}" for n in range(2, 99))]  # one that is not whole is passed over
    place = next(p for p in map(Path, names) if (p / ".git/whole").exists() or not p.exists())
    places.insert(0, place.absolute())
    clone = "git clone --quiet --depth 1 --filter=blob:none --sparse --branch {branch} {address}"
    fill = f"git -C {{place}} sparse-checkout set labs_utils data solutions"
    for command in [] if place.exists() else [f"{{clone}} {{place}}", fill]:
        done = subprocess.run(command.split(), stderr=subprocess.PIPE, text=True)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            why = next((line for line in done.stderr.splitlines() if "fatal" in line), "git was stopped")
            raise SetUpError(f"the course could not be fetched ({{why}}): check the connection, run this cell again")
    (place / ".git/whole").touch()
sys.path[:0] = [str(place) for place in places if (place / "labs_utils").is_dir()][:1]
try:
    import labs_utils
except ModuleNotFoundError:
    raise SetUpError("labs_utils is not here: open the notebook from inside the course's folder") from None
from labs_utils.exercises.pending import NoLabYet
lab = globals().get("lab") or NoLabYet()  # says which cell to run first"""
    cell = _cell("code", source, "set-up", [])
    cell.metadata = nbformat.from_dict({"jupyter": {"source_hidden": True}, "cellView": "form"})  # Jupyter; Colab
    return cell


def without_solution(source: str) -> str:
    """`source` with every solution region replaced by an invitation."""
    lines, inside = [], False
    for line in source.split("\n"):
        if line.strip() == BEGIN:
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + INVITATION)
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def _cell(kind: str, source: str, id: str, tags: list[str]) -> NotebookNode:
    # not nbformat's new_code_cell, which validates each cell: `serialise` does so once for all of them
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    metadata = {"tags": list(tags)} if tags else {}
    return nbformat.from_dict({"id": id, "cell_type": kind, "source": source, "metadata": metadata, **code})


def _notebook(cells: list[NotebookNode], card: dict[str, Any]) -> NotebookNode:
    notebook = new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "labs": card,
        }
    )
    return notebook


def _with_ids(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    seen: dict[str, int] = {}
    for cell in cells:
        tags = list(cell.metadata.get("tags", []))
        answers = lab_form.answers_in(cell)
        if answers:
            id = "exercise-" + "-".join(answers)
        else:
            id = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:12]
        seen[id] = seen.get(id, 0) + 1
        if seen[id] > 1:
            id = f"{id}-{seen[id]}"
        if (answers or "lab.progress()" in cell.source) and CHECK_OUTPUT not in tags and cell.cell_type == "code":
            tags.append(CHECK_OUTPUT)
        yield _cell(cell.cell_type, cell.source, id, tags)


def _tidy(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    tidied: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if tidied and tidied[-1].output_type == "stream":
                tidied[-1].text += output.text
                continue
        if "execution_count" in output:
            output.execution_count = count
        tidied.append(output)
    return tidied


# -- the typo guard ---------------------------------------------------------------------------------------------------


def _marker_lines(text: str) -> Iterator[str]:
    """Comment lines of `text` that are, or look like, a solution marker."""
    for line in text.split("\n"):
        comment = line.strip()
        if not comment.startswith("#") or comment.startswith("# %%"):
            continue
        if _LOOKS_LIKE_MARKER.fullmatch(comment) or any(_is_like(comment.upper(), mark) for mark in (BEGIN, END)):
            yield comment


def _is_like(text: str, marker: str) -> bool:
    # texts of such different lengths cannot be that similar, and comparing them takes time
    return 0.6 < len(text) / len(marker) < 1.6 and difflib.SequenceMatcher(None, text, marker).ratio() > 0.8


def _check_markers(name: str, text: str, tree: ast.Module) -> None:
    answers = answers_of(tree)
    regions: dict[str, int] = dict.fromkeys(answers, 0)
    opened: int | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        place = f"{name}, line {number}"
        marker = line.strip()
        if marker not in (BEGIN, END):
            for found in _marker_lines(line):
                raise LabsError(f"{place}: {found!r} looks like a misspelt marker; write {BEGIN!r} or {END!r}")
            continue
        owner = next((key for key, node in answers.items() if node.lineno <= number <= node.end_lineno + 1), None)
        if marker == BEGIN and opened is not None:
            raise LabsError(f"{place}: {BEGIN!r} again, before the region of line {opened} has ended")
        if marker == END and opened is None:
            raise LabsError(f"{place}: {END!r} without a {BEGIN!r} before it")
        if owner is None:
            raise LabsError(f"{place}: a solution region outside an exercise; move it into a decorated function")
        regions[owner] += marker == BEGIN
        opened = number if marker == BEGIN else None
    if opened is not None:
        raise LabsError(f"{name}, line {opened}: {BEGIN!r} without an {END!r} after it")
    for exercise, count in regions.items():
        if not count:
            line = decorator_call(answers[exercise]).lineno
            raise LabsError(f"{name}, line {line}: the exercise {exercise} has no solution region to take out")
