"""A lab as it was released: what a submission is graded against."""

import ast
import functools
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.exercises import checking, pipe, pipe_server, reference, student, travel


@dataclass(frozen=True)
class Released:
    """One lab.

    Attributes:
        lab: its full name.
        imports: the import statements of the released notebook, as source.
        points: exercise name → points, in teaching order.
        references: exercise name → source of its reference.
        questions: the text of the section for discussion, "" if it has none.
        version: a fingerprint of all this and of the checks.
    """

    lab: str
    imports: str
    points: dict[str, float]
    references: dict[str, str]
    questions: str
    version: str

    @property
    def maximum(self) -> float:
        """Points of the whole lab."""
        return sum(self.points.values())

    def needs(self, name: str, source: str) -> list[str]:
        """The earlier exercises that an answer uses, with those that their references use, in teaching order."""
        earlier = list(self.points)[: list(self.points).index(name)]
        found: set[str] = set()
        waiting = [source]
        while waiting:
            tree = ast.parse(waiting.pop())
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & set(earlier) - found
            found |= used
            waiting += [self.references[other] for other in used]
        return [other for other in earlier if other in found]


@functools.cache
def load(lab: str) -> Released:
    """The lab called `lab` (full name).

    Raises:
        LabsError: its notebook or its source is missing or damaged, or they do not fit together.
    """
    from labs_utils import notebooks  # slow to import, and the processes that grade never need them
    from labs_utils.grading import submission

    path = reference.source_of(lab)
    if not path.exists():
        raise LabsError(f"solutions/{path.name} is missing: grading needs the references of the lab; copy it there")
    cells = notebooks.read_notebook(course.NOTEBOOKS / f"{lab}.ipynb").cells
    code = ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    points = {name: _points(node) for name, node in reference.answers_of(code).items()}
    imports = [
        ast.unparse(node)
        for node in code.body
        if isinstance(node, ast.Import | ast.ImportFrom) and "labs_utils" not in ast.unparse(node)
    ]
    source = path.read_text("utf-8")
    references = {name: _source(source, node) for name, node in reference.answers_of(ast.parse(source)).items()}
    if list(points) != list(references) or list(points) != list(checking.load(lab).probes):
        raise LabsError(f"notebook, source and checks of {lab} name different exercises: run the build, then the tests")
    checks = sys.modules[f"labs_utils.checks.lab{lab}"]
    graded_by = (
        checks,
        checking,
        pipe,
        pipe_server,
        student,
        submission,
        travel,
    )  # a change in these changes the grades
    files = [Path(module.__file__) for module in graded_by]
    said = [*imports, repr(points), *references.values(), *(file.read_text("utf-8") for file in files)]
    version = hashlib.sha256("\0".join(said).encode("utf-8")).hexdigest()[:16]
    return Released(lab, "\n".join(imports), points, references, _discussion(cells), version)


def _points(node: ast.stmt) -> float:
    call = reference.decorator_call(node)
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "points")]
    return ast.literal_eval(given[0]) if given else 1


def _source(text: str, node: ast.stmt) -> str:
    lines = text.split("\n")[node.decorator_list[0].lineno - 1 : node.end_lineno]
    return "\n".join(lines)


def _discussion(cells: list) -> str:
    """The Markdown from a heading such as "To discuss" to the next heading."""
    for cell in cells:
        found = re.search(r"^#+ [^\n]*discuss[^\n]*\n(.*?)(?=^#+ |\Z)", cell.source, re.I | re.M | re.S)
        if cell.cell_type == "markdown" and found:
            return found.group(1).strip()
    return ""
