"""The reference answers of a lab, read from its source in ``solutions/``."""

import ast
import functools
from pathlib import Path
from typing import Any

from labs_utils import course

INVITATION = "replace this line with your code"  # the text of the NotImplementedError that stands in every stub


def decorator_call(node: ast.AST) -> ast.Call | None:
    """The ``@lab.exercise(…)`` or ``@lab.question(…)`` over a function or class, or None if it has none."""
    for decorator in getattr(node, "decorator_list", []):
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in ("exercise", "question")
            and isinstance(decorator.func.value, ast.Name)
            and decorator.func.value.id == "lab"
        ):
            return decorator
    return None


def answers_of(tree: ast.Module) -> dict[str, ast.stmt]:
    """The decorated functions and classes of a module, by name, in order."""
    return {node.name: node for node in tree.body if decorator_call(node)}


def source_of(lab: str) -> Path:
    """The file that a lab is written in; it may be absent where an instructor withheld the solutions."""
    return course.SOLUTIONS / f"{lab}.py"


def answers_module(tree: ast.Module) -> ast.Module:
    """The imports and the undecorated answers of `tree`: all that an answer may use besides its arguments."""
    body = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and "labs_utils" not in ast.unparse(node):
            body.append(node)
        elif decorator_call(node):
            node.decorator_list = []
            body.append(node)
    return ast.Module(body, type_ignores=[])


@functools.cache
def _namespace(path: Path) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": path.stem}
    exec(compile(answers_module(ast.parse(path.read_text("utf-8"))), str(path), "exec"), namespace)
    return namespace


def find(lab: str, name: str) -> Any | None:
    """The reference function or class called `name`, or None where ``solutions/`` does not hold it."""
    path = source_of(lab)
    return _namespace(path).get(name) if path.exists() else None
