"""Answers that are the same once variables are renamed and formatting is left out, for a person to look at.

It says that two texts are alike, never why. What is short, or what many wrote, is alike by nature and left out, and so
is what equals the reference.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labs_utils import course
from labs_utils.grading import released, rendering
from labs_utils.grading.gradebook import Record, labs_of

PAGE = "similar.html"
SHORTEST = 60  # nodes of the syntax tree; a formula of one line has 20 to 50
MOST = 0.2  # of a class may share a form; what more wrote, and at least `FEW`, is the natural way to write it
FEW = 5


@dataclass(frozen=True)
class Group:
    """Students whose answers to one exercise have the same form, with the code of each."""

    lab: str
    exercise: str
    answers: list[tuple[str, str]]


def groups(records: Iterable[Record]) -> list[Group]:
    """All groups of two and more, by lab and exercise."""
    records = [record for record in records if record.results]
    found = []
    for lab in labs_of(records):
        ours = [record for record in records if record.lab == lab]
        given = set(map(form, released.load(lab).references.values())) if lab in course.lab_names() else set()
        for exercise in dict.fromkeys(result.exercise for record in ours for result in record.results):
            by_form: dict[str, list[tuple[str, str]]] = {}
            for record in ours:
                status = {result.exercise: result.status for result in record.results}.get(exercise)
                code = record.answers.get(exercise, "")
                if status != "blank" and (its_form := form(code)) and its_form not in given:
                    by_form.setdefault(its_form, []).append((record.student, code))
            few = max(FEW, MOST * len(ours))
            found += [Group(lab, exercise, alike) for alike in by_form.values() if 2 <= len(alike) <= few]
    return found


def form(code: str) -> str:
    """What stays of an answer without names of its own, comments, annotations, imports and formatting.

    "" if it is too short to tell anything, or is not Python.
    """
    try:
        tree = ast.parse(code)
        tree.body = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        if sum(1 for _ in ast.walk(tree)) < SHORTEST:
            return ""
        return ast.dump(_Plain(tree).visit(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


class _Plain(ast.NodeTransformer):
    """Numbers the names that an answer itself gives, in the order in which they come."""

    def __init__(self, tree: ast.AST):
        self._own = {name for node in ast.walk(tree) for name in _given(node)}
        self._numbers: dict[str, str] = {}

    def _name(self, name: str) -> str:
        return self._numbers.setdefault(name, f"_{len(self._numbers)}") if name in self._own else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._name(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._name(node.arg))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return self.visit(ast.Assign([node.target], node.value)) if node.value else None

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = node.name and self._name(node.name)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns, node.decorator_list = None, []
        return self._definition(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = []
        return self._definition(node)

    def _definition(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._name(node.name)
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return self.generic_visit(node)


def _given(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and node.name:
        yield node.name


def write(path: Path, records: Iterable[Record]) -> None:
    """Writes the page."""
    rendering.write(path, "similar.html", groups=groups(records), few=FEW, most=MOST)
