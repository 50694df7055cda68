"""Reading a student's notebook: the answers in it, by exercise name, as source text.

Notebooks come as Jupyter, VS Code and Colab save them, and as students leave them: cells reordered, doubled, deleted,
with IPython magic, in other encodings. Nothing here runs any of their code.
"""

import ast
import contextlib
import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.exercises import travel
from labs_utils.exercises.reference import answers_of
from labs_utils.exercises.travel import Cells, Taken, parse
from labs_utils.grading.workers import Workers

MOST_CODE = 400_000  # characters of all code cells together; a lab has 30 000
MOST_PARTS = 2_000_000  # commas and brackets of the file: each may cost a hundred bytes of memory once it is read
MOST_FOLDERS = 300_000  # of these, brackets: each costs a thousand
MOST_MAGIC = 200_000  # lines of IPython magic × characters of their cell: what IPython's time grows with
MOST_ANSWERS = 100  # in one notebook; a lab has about a dozen
MOST_TAKEN = 5_000_000  # characters of all answers together, each with what travels with it
SECONDS = 120  # that reading one notebook may take; the worst within these limits takes ten
_MOST_LABS = 10  # times that a notebook says which lab it is
_MAGIC = re.compile(r"^\s*[%!?]|\?\s*$|=\s*[%!]")
_HELPERS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


@dataclass
class Submitted:
    """What a notebook holds.

    Attributes:
        lab: full name of the lab it says it is of, or None.
        labs_said: what its ``Lab(…)`` say, the last of them, in order.
        answers: exercise name → text of its cell: the decorated function or class with the imports, functions, classes
            and assignments beside it. Everything else is blanked out, so line numbers are those of the cell.
        broken: exercise name → why its cell cannot be read.
        unread: exercise name → text of a cell that cannot be read.
        doubled: exercises that are there more than once; the last one counts, as in a run of the notebook.
        markdown: texts of the Markdown cells.
        taken: exercise name → its answer with all that travels with it, from whatever cell.
    """

    lab: str | None = None
    answers: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    markdown: list[str] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)
    labs_said: list[str] = field(default_factory=list)


def read(data: bytes) -> Submitted:
    """Reads the bytes of a notebook file.

    Raises:
        LabsError: they are not a notebook; the message says why.
    """
    return _with_lab(_read(data))


def read_apart(data: bytes) -> Submitted:
    """`read` in a process of its own, which this one outlives whatever the text does to Python's parser.

    Raises:
        LabsError: they are not a notebook; the message says why.
        WorkerDied: the process ended or took longer than `SECONDS`, twice.
    """
    return _with_lab(_reader().submit(_read, data).result())


@functools.cache
def _reader() -> Workers:
    """The one process that reads; it starts with the first notebook and ends with this one."""
    return Workers(1, lambda data: SECONDS)


def _with_lab(submitted: Submitted) -> Submitted:
    for said in submitted.labs_said:
        with contextlib.suppress(LabsError):
            submitted.lab = course.find_lab(said)
    return submitted


def _read(data: bytes) -> Submitted:
    submitted, sources = Submitted(), []
    cells = _cells(data)
    code = sum(len(source) for kind, source in cells if kind == "code")
    if code > MOST_CODE:
        raise LabsError(f"it holds {code} characters of code, more than {MOST_CODE}")
    magic = 0
    for kind, source in cells:
        if kind == "markdown":
            submitted.markdown.append(source.replace("\r\n", "\n").replace("\r", "\n"))
        elif kind == "code":
            magic += _work_of_magic(source)
            if magic > MOST_MAGIC:
                raise LabsError("it holds too many lines of IPython magic (%, !, ?): take them out")
            _read_cell(source, submitted)
            sources.append(source)
    of_all, length = Cells(sources), 0
    for name in submitted.answers:
        submitted.taken[name] = taken = of_all.taken(name)
        length += len(taken.text) if taken else 0
        if length > MOST_TAKEN:
            raise LabsError("its answers use more of its other cells than anybody needs: take out what is not used")
    return submitted


def _work_of_magic(source: str) -> int:
    return len(source) * sum(bool(_MAGIC.search(line)) for line in source.split("\n"))


def _cells(data: bytes) -> list[tuple[str, str]]:
    """Type and text of each cell of a notebook."""
    if not data.strip():
        raise LabsError("the file is empty")
    brackets = data.count(b"[") + data.count(b"{")
    if brackets > MOST_FOLDERS or brackets + data.count(b",") > MOST_PARTS:
        raise LabsError(
            "it has too many parts to be a notebook that somebody wrote: clear its outputs and save it again"
        )
    try:
        # without validation: missing or doubled cell ids and odd kernels harm nobody here
        found = json.loads(data.decode(json.detect_encoding(data)))
        if found.get("nbformat") != 4:
            found = _converted(found)
        return [_cell(cell["cell_type"], cell["source"]) for cell in found["cells"]]
    except Exception as error:  # a file from anybody: decoding it can fail in a dozen ways
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise LabsError(f"it is damaged and cannot be read as a notebook ({reason})") from error


def _converted(old: dict) -> dict:
    import nbformat  # slow to import, and none of today's notebooks needs it
    import nbformat.reader

    return nbformat.convert(nbformat.reader.reads(json.dumps(old)), 4)


def _cell(kind: object, source: object) -> tuple[str, str]:
    text = "".join(source) if isinstance(source, list) else source
    if not isinstance(kind, str) or not isinstance(text, str):
        raise ValueError("a cell without text")
    return kind, text


def _read_cell(source: str, submitted: Submitted) -> None:
    try:
        tree, source = parse(source)
    except Exception as error:  # IPython's transformer, too, can fail in many ways
        for name in _named_in(source[: travel.LARGEST_CELL]):
            place = f" in line {error.lineno} of its cell" if isinstance(error, SyntaxError) and error.lineno else ""
            submitted.unread[name] = source[: travel.LARGEST_CELL]
            submitted.broken[name] = f"it is not valid Python: {getattr(error, 'msg', error)}{place}"
        return
    submitted.labs_said = [*submitted.labs_said, *_labs_said(tree)][-_MOST_LABS:]
    answers = answers_of(tree)
    if len(answers) + len(submitted.answers) > MOST_ANSWERS:
        raise LabsError(f"it holds more than {MOST_ANSWERS} exercises")
    for name in answers:
        if name in submitted.answers and name not in submitted.doubled:
            submitted.doubled.append(name)
        helpers = [node for node in tree.body if isinstance(node, _HELPERS) and node not in answers.values()]
        submitted.answers[name] = travel.only(source, [travel.span(node) for node in (*helpers, answers[name])])


def _named_in(source: str) -> Iterator[str]:
    """The exercises in a cell that is not Python: the first function or class after each decorator, line by line."""
    decorated = False
    for line in source.split("\n"):
        if re.match(r"@lab\.(?:exercise|question)\b", line):
            decorated = True
        elif decorated and (found := re.match(r"(?:def|class)\s+(\w+)", line[:300])):
            yield found[1]
            decorated = False


def _labs_said(tree: ast.Module) -> list[str]:
    """The names in the ``Lab(…)`` of a cell."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    first = [node.args[0] for node in calls if node.func.id == "Lab" and node.args]
    said = [one.value for one in first[-_MOST_LABS:] if isinstance(one, ast.Constant)]
    return [name[:100] for name in said if isinstance(name, str)]


def read_answers(path: Path, lab: str) -> dict[str, str]:
    """The answers in a submitted notebook.

    Args:
        path: the notebook.
        lab: the lab it should be of, by number or name.

    Returns:
        Exercise name → source of the decorated function or class.

    Raises:
        LabsError: the file is missing, damaged, or a submission of another lab.
    """
    wanted = course.find_lab(lab)
    if not path.exists():
        raise LabsError(f"{path.name} does not exist: check the path")
    try:
        submitted = read(path.read_bytes())
    except LabsError as error:
        raise LabsError(f"{path.name} {str(error).removeprefix('it ')}") from error
    if submitted.lab != wanted:
        what = (
            f"a submission of lab {submitted.lab}"
            if submitted.lab
            else "not a notebook of this course: it has no Lab(…)"
        )
        raise LabsError(f"{path.name} is {what}; expected lab {wanted}")
    return {name: ast.unparse(answers_of(ast.parse(text))[name]) for name, text in submitted.answers.items()}
