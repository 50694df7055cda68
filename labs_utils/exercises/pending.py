"""One sentence instead of a cascade: what an unfinished exercise means for the cells below it.

Where the reference solutions are withheld, a cell that calls an unfinished exercise stops with `NotAttempted`. The
variables it would have made do not exist then, or hold what they held before, and later cells would fail with a
baffling NameError or go on with stale values. So each variable that the cell assigns is bound to a `Pending`, which
raises `NotAttempted` for the same exercise as soon as it is used.
"""

import ast
from types import FunctionType, ModuleType
from typing import Any, NoReturn

from labs_utils.errors import LabsError


class NotAttempted(LabsError):
    """A cell needs an exercise that is not finished yet.

    Attributes:
        exercise: its name.
    """

    def __init__(self, exercise: str):
        super().__init__(f"finish the exercise {exercise} first: this cell needs it.")
        self.exercise = exercise


class Pending:
    """Stands for a value that could not be computed because `exercise` is unfinished; any use of it says so."""

    def __init__(self, exercise: str):
        object.__setattr__(self, "_exercise", exercise)

    def __repr__(self) -> str:
        return f"<waits for the exercise {object.__getattribute__(self, '_exercise')}>"


class NoLabYet:
    """Stands for a notebook's ``lab`` until the cell with the imports makes it: an exercise says what to run first."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise LabsError(
            "run the cell with the imports first (it starts with `import keras` and makes `lab`), then this cell"
        )


def _raise_not_attempted(self: Pending, *arguments: Any, **keywords: Any) -> NoReturn:
    raise NotAttempted(object.__getattribute__(self, "_exercise"))


_BINARY = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow")
_OTHERS = (
    *("getattr", "setattr", "call", "iter", "next", "len", "getitem", "setitem", "contains", "array", "bool", "float"),
    *("int", "index", "str", "format", "neg", "abs", "round", "eq", "ne", "lt", "le", "gt", "ge", "enter", "exit"),
)
_USES = [*(f"__{name}__" for name in _BINARY + _OTHERS), *(f"__r{name}__" for name in _BINARY)]
for _name in _USES:
    setattr(Pending, _name, _raise_not_attempted)


def names_bound_by(source: str) -> set[str]:
    """Names that a cell's source binds at its top level: assignments, loops, with, functions, classes, imports."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            waiting.extend(ast.iter_child_nodes(node))
    return names


def kept_in_this_notebook(lab: str) -> dict[str, Any]:
    """The results of a lab in the running IPython shell: running the imports again loses none; elsewhere a new {}."""
    shell = _running_shell()
    return {} if shell is None else vars(shell).setdefault("_labs_results", {}).setdefault(lab, {})


def _running_shell() -> Any | None:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


def watch_this_notebook() -> None:
    """Has the running IPython shell bind pending variables after a cell that an unfinished exercise stopped."""
    shell = _running_shell()
    if shell is None or getattr(shell, "_labs_watch", False):
        return

    def bind_pending(result: Any) -> None:
        error = result.error_in_exec
        if isinstance(error, NotAttempted):
            for name in names_bound_by(result.info.raw_cell):
                if not isinstance(shell.user_ns.get(name), FunctionType | ModuleType | type):
                    shell.user_ns[name] = Pending(error.exercise)

    shell.events.register("post_run_cell", bind_pending)
    shell._labs_watch = True
