"""What travels with an answer: the imports, functions, classes and constants of the notebook that it uses.

The notebook and the grader ask the same question of the same text, the cells' source, so that they give the same
verdict. Nothing here runs a student's code. Cells count as if the notebook ran from top to bottom: an answer sees what
the cells above it (and its own) define; a name that only a cell below defines is taken from there.

A definition travels if it is an import, a function, a class or a *constant*: an assignment that computes with literals,
other constants, NumPy and the standard library's pure functions. What a call of anything else, a loop or a `with`
assigns or changes exists in one session only.
"""

import __future__

import ast
import bisect
import functools
import importlib.util
import re
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from labs_utils.exercises.reference import decorator_call

LARGEST_CELL = 100_000  # characters; nobody writes more by hand, and Python's parser is quadratic in an f-string
_SMALL_CELL = 10_000  # characters of cells whose statements are kept, so that a notebook reads each of them once
SESSION, FILE = "session", "file"  # why a name cannot travel

_BUILTINS = {"abs", "all", "any", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "filter", "float"}
_BUILTINS |= {"frozenset", "int", "len", "list", "map", "max", "min", "ord", "pow", "range", "repr", "reversed"}
_BUILTINS |= {"round", "set", "slice", "sorted", "str", "sum", "tuple", "zip"}
_MODULES = {"math", "cmath", "functools", "itertools", "operator", "collections", "fractions", "decimal", "string"}
_MODULES |= {"re", "enum", "typing", "dataclasses", "numpy"}
_FUNCTIONS = {"tensorflow.constant"}
_NOT_PURE = ("numpy.random", "numpy.load", "numpy.fromfile", "numpy.genfromtxt", "numpy.memmap")
_CHANGE = {"append", "extend", "insert", "add", "update", "setdefault", "sort", "reverse", "fill"}
_CHANGE |= {"pop", "popitem", "remove", "clear", "discard"}
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_AT_ONCE = ("listcomp", "setcomp", "dictcomp", "genexpr")  # scopes whose names are looked up where they stand


def parse(source: str) -> tuple[ast.Module, str]:
    """The syntax tree of a cell and the text it is of: without IPython magic where there is some.

    Raises:
        Exception: the cell is not Python; what the parser or IPython's transformer raises.
    """
    if len(source) > LARGEST_CELL:
        raise ValueError(f"a cell of {len(source)} characters")
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the student's escapes and comparisons
        try:
            return ast.parse(source), source
        except SyntaxError:
            from IPython.core.inputtransformer2 import TransformerManager

            plain = re.sub(r"(?m)^%%.*$", "", source)
            if "%" in plain or "!" in plain or "?" in plain:
                plain = TransformerManager().transform_cell(plain)
            return ast.parse(plain), plain


def only(source: str, nodes: list[tuple[int, int]]) -> str:
    """`source` with every line blank that is in none of the given spans (first and last line)."""
    kept = {number for first, last in nodes for number in range(first, last + 1)}
    lines = source.split("\n")
    return "\n".join(line if number in kept else "" for number, line in enumerate(lines, start=1)).rstrip()


def span(node: ast.stmt) -> tuple[int, int]:
    """First and last line of a statement, decorators included."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]), node.end_lineno


@dataclass(frozen=True)
class Taken:
    """An answer and what travels with it.

    Attributes:
        parts: (number of the cell, its text with everything else blank), in the order in which they run.
        lost: names that the answer or its helpers use and that cannot travel → `SESSION` or `FILE`.
        features: of ``from __future__`` that hold for it.
    """

    parts: tuple[tuple[int, str], ...]
    lost: dict[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()

    @classmethod
    def alone(cls, source: str) -> "Taken":
        """An answer without helpers."""
        return cls(((0, source),))

    @property
    def text(self) -> str:
        """All parts as one text."""
        return "\n".join(text for _, text in self.parts)

    def request(self, name: str, file: str) -> dict:
        """What to ask a `pipe.Worker` so that it defines the answer called `name`."""
        return {
            "do": "load",
            "answer": name,
            "parts": [list(part) for part in self.parts],
            "features": list(self.features),
            "file": file,
        }


# -- one cell ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Statement:
    """A top-level statement: what it binds, changes and uses (`now`, when it runs, or `later`, when it is called)."""

    lines: tuple[int, int]
    answer: str
    travels: bool
    whole: bool  # it gives what it binds a new value whatever that was before
    binds: frozenset[str]
    changes: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]
    calls: frozenset[str]
    imports: tuple[tuple[str, str], ...]  # (name, the dotted path it stands for; "*" for all of a module)
    features: tuple[str, ...]


def _statements(source: str) -> tuple[str, tuple[_Statement, ...]]:
    """A cell's text without magic, and its statements; none if it is not Python."""
    return _read_once(source) if len(source) <= _SMALL_CELL else _read(source)


def _read(source: str) -> tuple[str, tuple[_Statement, ...]]:
    try:
        tree, text = parse(source)
        lines = text.encode("utf-8").splitlines(keepends=True)  # as the parser counts its columns
        return text, tuple(_on_whole_lines([_statement(node, lines) for node in tree.body]))
    except Exception:  # IPython's transformer, too, can fail in many ways
        return source, ()


def _on_whole_lines(statements: list[_Statement]) -> list[_Statement]:
    """`statements`, those that share a line with the same lines: half a text in three quotes is no Python."""
    groups: list[list[_Statement]] = []
    for one in statements:
        if groups and one.lines[0] <= groups[-1][-1].lines[1]:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [
        replace(one, lines=(group[0].lines[0], group[-1].lines[1])) if len(group) > 1 else one
        for group in groups
        for one in group
    ]


_read_once = functools.lru_cache(maxsize=500)(_read)


def _statement(node: ast.stmt, lines: list[bytes]) -> _Statement:
    call = decorator_call(node)
    answer = node.name if call else ""
    others = [one for one in getattr(node, "decorator_list", []) if one is not call]
    plain = "".join(f"@({_text(one, lines)})\n" for one in others) + _text(node, lines)
    table = symtable.symtable(plain, "<cell>", "exec")
    now, later = set(), set()
    _uses(table, now, later, True)
    imports = tuple(_imports(node))
    features = [path.split(".")[1] for _, path in imports if path.startswith("__future__.")]
    return _Statement(
        lines=span(node),
        answer=answer,
        travels=_travels(node),
        whole=not isinstance(node, ast.If | ast.AugAssign),
        binds=frozenset(s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()),
        changes=frozenset(_changed(node)),
        now=frozenset(now),
        later=frozenset(later),
        calls=frozenset(_calls(node)),
        imports=imports,
        features=tuple(name for name in __future__.all_feature_names if name in features),
    )


def _text(node: ast.AST, lines: list[bytes]) -> str:
    """The text of a node, which `ast.get_source_segment` finds too, but in time that grows with all lines."""
    first, last = node.lineno - 1, node.end_lineno - 1
    if first == last:
        return lines[first][node.col_offset : node.end_col_offset].decode("utf-8")
    parts = [lines[first][node.col_offset :], *lines[first + 1 : last], lines[last][: node.end_col_offset]]
    return b"".join(parts).decode("utf-8")


def _uses(table: symtable.SymbolTable, now: set[str], later: set[str], at_once: bool) -> None:
    """Adds the global names that a scope reads, and the scopes in it."""
    module = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (module or symbol.is_global()):
            (now if at_once else later).add(symbol.get_name())
    for child in table.get_children():
        _uses(child, now, later, at_once and (child.get_type() == "class" or child.get_name() in _AT_ONCE))


def _imports(node: ast.stmt) -> Iterator[tuple[str, str]]:
    for one in ast.walk(node) if isinstance(node, ast.Try | ast.If) else [node]:
        if isinstance(one, ast.Import):
            for alias in one.names:
                yield alias.asname or alias.name.split(".")[0], alias.name if alias.asname else alias.name.split(".")[0]
        elif isinstance(one, ast.ImportFrom):
            for alias in one.names:
                yield alias.asname or alias.name, f"{'.' * one.level}{one.module or ''}.{alias.name}"


def _travels(node: ast.stmt) -> bool:
    """Whether a statement is a definition by its form; what it calls and uses is judged later."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Pass):
        return True
    if isinstance(node, _SIMPLE):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(_is_target(target) for target in targets)
    if isinstance(node, ast.Try):
        bodies = [*node.body, *node.orelse, *node.finalbody, *(s for handler in node.handlers for s in handler.body)]
        return all(map(_travels, bodies))
    return isinstance(node, ast.If) and all(map(_travels, [*node.body, *node.orelse]))


def _is_target(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_target, node.elts))
    if isinstance(node, ast.Starred | ast.Subscript):
        return _is_target(node.value)
    return isinstance(node, ast.Name)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that run when it runs: bodies of functions and lambdas do not."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        waiting.extend(ast.iter_child_nodes(one))


def _dotted(node: ast.expr) -> str:
    """``a.b.c`` for a name or a chain of attributes of one, else ""."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _calls(node: ast.stmt) -> Iterator[str]:
    """What an assignment calls; functions and classes may call what they like when they are defined."""
    if isinstance(node, (*_SIMPLE, ast.Try, ast.If)):
        for one in _outside_functions(node):
            if isinstance(one, ast.Call) and not (isinstance(one.func, ast.Attribute) and not _dotted(one.func)):
                yield _dotted(one.func) or "a call of a call"


def _changed(node: ast.stmt) -> Iterator[str]:
    """Names of objects that a statement changes: parts assigned, items added, ``+=``."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    for one in _outside_functions(node):
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            yield one.target.id
        if isinstance(one, ast.Subscript | ast.Attribute) and isinstance(one.ctx, ast.Store | ast.Del):
            base = one.value
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                yield base.id
        method = one.func if isinstance(one, ast.Call) else None
        if isinstance(method, ast.Attribute) and method.attr in _CHANGE and isinstance(method.value, ast.Name):
            yield method.value.id


# -- a notebook -------------------------------------------------------------------------------------------------------

_LOST: tuple[int, ...] = (-1,)


class Cells:
    """The code cells of a notebook, in order.

    Args:
        sources: their texts.
    """

    def __init__(self, sources: list[str]):
        self._texts, self._flat = [], []
        for cell, source in enumerate(sources):
            text, statements = _statements(source)
            self._texts.append(text)
            self._flat += [(cell, statement) for statement in statements]
        self._needs: dict[int, tuple[int, ...]] = {}
        self._why: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._stars: list[int] = []
        self._bound: dict[str, list[tuple[int, tuple[int, ...]]]] = {}  # name → (statement, what its value needs)
        self._answers: dict[str, tuple[int, tuple[str, ...]]] = {}  # name → (statement, features of the future)
        self._run()

    def taken(self, name: str) -> Taken | None:
        """The last answer called `name` with all that it uses, or None if no cell answers that exercise."""
        if name not in self._answers:
            return None
        place, features = self._answers[name]
        kept, lost, seen, stars = {place}, {}, {name}, self._stars
        waiting = [*self._flat[place][1].now, *self._flat[place][1].later]
        while waiting:
            used = waiting.pop()
            if used in seen:
                continue
            seen.add(used)
            found = self._value(used, place)
            if found == _LOST:
                lost[used] = self._why.get(used, SESSION)
                continue
            if found is None:  # a builtin, or it comes from a star import
                found, stars = stars, []
            more = list(found)
            while more:
                index = more.pop()
                if index not in kept:
                    kept.add(index)
                    more += self._needs[index]
                    waiting += [*self._flat[index][1].now, *self._flat[index][1].later]
        cells: dict[int, list[tuple[int, int]]] = {}
        for index in sorted(kept):
            cells.setdefault(self._flat[index][0], []).append(self._flat[index][1].lines)
        return Taken(tuple((cell + 1, only(self._texts[cell], lines)) for cell, lines in cells.items()), lost, features)

    def _value(self, name: str, place: int) -> tuple[int, ...] | None:
        """The statements that a name's value needs after statement `place`, or at the end if nothing above binds it."""
        bound = self._bound.get(name)
        if bound is None:
            return None
        above = bisect.bisect_right(bound, place, key=lambda one: one[0])
        return bound[above - 1 if above else -1][1]

    def _run(self) -> None:
        """Goes through all statements in order and notes what the value of each name needs: statements, or `_LOST`."""
        features: tuple[str, ...] = ()
        values: dict[str, tuple[int, ...]] = {}
        for index, (_, statement) in enumerate(self._flat):
            features += tuple(name for name in statement.features if name not in features)
            if statement.answer:
                values[statement.answer] = ()
                self._bound.setdefault(statement.answer, []).append((index, ()))
                self._answers[statement.answer] = (index, features)
                self._needs[index] = ()
                continue
            self._paths.update((name, path) for name, path in statement.imports if name != "*")
            why = self._why_not(statement, values)
            if why is None and any(name == "*" for name, _ in statement.imports):
                self._stars.append(index)
            needs = [at for name in statement.now for at in values.get(name, ()) if at >= 0]
            # np.sort(x) changes no module, though x.sort() changes x
            changes = {name for name in statement.changes if "." in self._paths.get(name, ".")}
            for name in statement.binds | changes:
                before = values.get(name, ())
                whole = statement.whole and name not in changes
                if why is not None or (not whole and before == _LOST):
                    values[name] = _LOST
                    self._why[name] = why or self._why.get(name, SESSION)
                else:
                    needs += before if not whole else ()
                    values[name] = (index,)
                self._bound.setdefault(name, []).append((index, values[name]))
            self._needs[index] = tuple(needs)

    def _why_not(self, statement: _Statement, values: dict[str, tuple[int, ...]]) -> str | None:
        """Why a statement cannot travel, or None if it can."""
        for _, path in statement.imports:
            if path.split(".")[0] == "labs_utils":
                return SESSION
            if not _installed(path.split(".")[0]):
                return FILE
        if not statement.travels or any(values.get(name) == _LOST for name in statement.now):
            return SESSION
        return None if all(self._is_pure(call) for call in statement.calls) else SESSION

    def _is_pure(self, call: str) -> bool:
        root, *rest = call.split(".")
        if root in self._paths:
            path = ".".join([self._paths[root], *rest])
            return path in _FUNCTIONS or (path.split(".")[0] in _MODULES and not path.startswith(_NOT_PURE))
        return bool(rest) or root in _BUILTINS  # a method of a constant is as pure as the constant


@functools.cache
def _installed(module: str) -> bool:
    """Whether a top-level module is installed; a file beside the notebook is not."""
    if module == "__future__":
        return True
    try:
        spec = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    here = Path.cwd()
    return not spec.origin or here not in (Path(spec.origin).parent, Path(spec.origin).parent.parent)
