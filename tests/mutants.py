"""Small faults in the references, one at a time: does a check notice, and does its message say what is wrong?

    python -m tests.mutants 04              every mutant of lab 04
    python -m tests.mutants 04 hog_cell     of one exercise
    python -m tests.mutants 04 --every 10   a sample

How to read the report stands in ``labs_utils/README.md``. Mutation tools such as mutmut and cosmic-ray change a package
on disk and run its test suite once for each mutant. Here the mutated code is an exercise's answer, cut out of a lab's
source, and its test is a check that takes milliseconds, so the mutants are made in memory, with `ast`.
"""

import argparse
import ast
import contextlib
import copy
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from labs_utils import course
from labs_utils.exercises import checking, reference
from labs_utils.exercises.student import in_this_process

_SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "any": "all", "all": "any"}
SECONDS = 10  # a mutant may loop for ever


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: its line before and after, the status, and the first message."""

    exercise: str
    before: str
    after: str
    status: str
    message: str

    @property
    def diagnosed(self) -> bool:
        """Whether the message names a cause or says what to do, beyond what was expected and what came."""
        return names_a_cause(self.message)


# A message that says no more than this gives no cause: what came instead, or the words of Python, Keras or the check.
_BARE = re.compile(
    r"^    got |\bgot\b|they are|; it has| stopped with |could not work with|does not compute|ran out of", re.M
)


def names_a_cause(message: str) -> bool:
    """Whether the message names a cause or says what to do, beyond what was expected and what came."""
    told = ("Likely cause:", "Return ", ": return ", "Did you forget", "Write ", "repair ")
    return any(part in message for part in told) or not _BARE.search(message)


def mutants(function: ast.stmt) -> Iterator[tuple[ast.stmt, str, str]]:
    """Copies of a function with one small fault each, and the faulty expression before and after."""
    for number, node in enumerate(ast.walk(function)):
        for kind in range(len(_changes(node))):
            changed = copy.deepcopy(function)
            twin = next(other for place, other in enumerate(ast.walk(changed)) if place == number)
            before = ast.unparse(twin)
            _changes(twin)[kind]()
            yield ast.fix_missing_locations(changed), before, ast.unparse(twin)


def _changes(node: ast.AST) -> list:
    """Functions that each change `node` in one way."""
    found = []
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in _SWAPPED:
            found.append(lambda: setattr(node, "op", _SWAPPED[type(op)]()))
        case ast.Compare(ops=[op, *others]) if type(op) in _SWAPPED:
            found.append(lambda: setattr(node, "ops", [_SWAPPED[type(op)](), *others]))
        case ast.UnaryOp(op=ast.USub()):
            found.append(lambda: setattr(node, "op", ast.UAdd()))
        case ast.Attribute(attr=name) if name in _NAMES:
            found.append(lambda: setattr(node, "attr", _NAMES[name]))
        case ast.Name(id=name) if name in _NAMES:
            found.append(lambda: setattr(node, "id", _NAMES[name]))
        case ast.Constant(value=bool(value)):
            found.append(lambda: setattr(node, "value", not value))
        case ast.Constant(value=int(value) | float(value)):
            found += [lambda step=step: setattr(node, "value", value + step) for step in (1, -1)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv):
        found.append(lambda: node.__dict__.update(left=node.right, right=node.left))
    if isinstance(node, ast.Call) and node.keywords:
        found += [lambda place=place: node.keywords.pop(place) for place in range(len(node.keywords))]
    if isinstance(node, ast.Call) and len(node.args) > 1:
        found.append(lambda: node.args.reverse())
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        found.append(lambda: node.value.elts.reverse())
    return found


def outcomes(lab: str, only: str | None = None, every: int = 1) -> Iterator[Outcome]:
    """Runs the mutants of a lab's references, or each so many-th of them, under the default seed.

    Args:
        lab: its full name.
        only: an exercise, by name.
        every: 1 for all mutants.
    """
    tree = ast.parse(reference.source_of(lab).read_text("utf-8"))
    namespace: dict = {"__name__": lab}
    with contextlib.redirect_stdout(None):
        exec(compile(reference.answers_module(ast.parse(ast.unparse(tree))), lab, "exec"), namespace)
    checks, count = checking.load(lab), 0
    for name, function in reference.answers_of(tree).items():
        if only not in (None, name) or all(probe.__name__ == "chosen" for probe in checks.probes_of(name)):
            continue
        function.decorator_list = []
        for changed, before, after in mutants(function):
            count += 1
            if count % every == 0:
                yield Outcome(name, before, after, *_verdict(checks, name, changed, dict(namespace)))


def _verdict(checks: checking.Checks, name: str, function: ast.stmt, namespace: dict) -> tuple[str, str]:
    exec(compile(ast.Module([function], type_ignores=[]), name, "exec"), namespace)
    with _limited(SECONDS):
        try:
            result = checks.run(name, in_this_process(namespace[name], name), 1)
        except TimeoutError:
            return "failed", "It ran out of time."
    return result.status, result.messages[0] if result.messages else ""


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def report(lab: str, found: list[Outcome], verbose: bool = False) -> str:
    """A table of one lab, exercise by exercise, then the survivors, and the messages without a cause if asked for."""
    lines = [f"{lab:<32}{'mutants':>8}{'killed':>8}{'survived':>9}{'diagnosed':>10}"]
    for name in [*dict.fromkeys(one.exercise for one in found), None]:
        some = [one for one in found if name in (None, one.exercise)]
        killed = [one for one in some if one.status != "passed"]
        share = sum(one.diagnosed for one in killed) / max(len(killed), 1)
        numbers = f"{len(some):>8}{len(killed):>8}{len(some) - len(killed):>9}{share:>10.0%}"
        lines.append(f"{name or 'all':<32}{numbers}")
    for title, some in (
        ("survived", [one for one in found if one.status == "passed"]),
        ("killed without a cause", [one for one in found if verbose and one.status != "passed" and not one.diagnosed]),
    ):
        lines += [f"\n{title}:"] if some else []
        for one in some:
            lines.append(f"  {one.exercise}: {one.before}  →  {one.after}")
            lines += [f"      {line}" for line in one.message.splitlines()]
    return "\n".join(lines)


def main() -> None:
    """The command line; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("lab", help="its number, 04")
    parser.add_argument("exercise", nargs="?", help="only this one")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th mutant")
    parser.add_argument("--messages", action="store_true", help="also what a student reads who gets no cause")
    given = parser.parse_args()
    lab = course.find_lab(given.lab)
    print(report(lab, list(outcomes(lab, given.exercise, given.every)), given.messages))


if __name__ == "__main__":
    main()
