"""The form that all labs share: how long an exercise takes, what is folded away, what no source may do.

Everything here works on the text of a source or of its cells; `labs_utils.notebooks` calls it while it makes the two
notebooks. A source keeps its prose plain: it is the builder that writes the minutes below a heading, adds up the card,
folds away what would tell a result before the student has predicted it, and moves the descriptions of figures out of
the student's sight.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from labs_utils.errors import LabsError
from labs_utils.exercises.reference import answers_of, decorator_call

WIDTH = 88  # characters; longer lines of code are cut off in a notebook at 1280 pixels
LONGEST_CELL = 30  # lines of code
MOST_CELLS, MOST_WORDS = 60, 4000  # of a lab; more is announced, not refused
WORDS_PER_MINUTE = 80  # to read, predict, run and look
_FOLDED = re.compile(r"\*\*((?:What you see|Why)[^*]*?)[.:]\*\*\s+")
_MISSED = re.compile(r"\*\*(?:What you see|Why)\b")
_CARD = "|:--|:--|"
_TIME = "| **Time** |"


@dataclass(frozen=True)
class Effort:
    """What an exercise asks of a student.

    Attributes:
        minutes: for somebody who meets the topic for the first time, hints included.
        difficulty: 1 to 3.
        kind: ``core``, or ``extra`` for what may be left out.
    """

    minutes: int
    difficulty: int
    kind: str

    def __str__(self) -> str:
        dots = "●" * self.difficulty + "○" * (3 - self.difficulty)
        return f"*{self.minutes} minutes · difficulty {self.difficulty} of 3 {dots} · {self.kind}*"


# -- the source -------------------------------------------------------------------------------------------------------


def check_lines(name: str, text: str) -> None:
    """Refuses lines of code that a notebook cuts off, cells that start with an empty line, and folds that do not fold.

    Raises:
        LabsError: the message names file and line.
    """
    for start, header, lines in _cells_of(text):
        if "[markdown]" in header:
            _check_folds(name, start, lines)
            continue
        if lines and not lines[0].strip() and any(line.strip() for line in lines):
            raise LabsError(f"{name}, line {start + 1}: the cell starts with an empty line; take it out")
        for number, line in enumerate(lines, start=start + 1):
            if len(line) > WIDTH:
                raise LabsError(f"{name}, line {number}: {len(line)} characters, {WIDTH} at most: break the line")


def _check_folds(name: str, start: int, lines: list[str]) -> None:
    """Refuses a paragraph that should be folded and would not be."""
    before = ""
    for number, line in enumerate(lines, start=start + 1):
        text = line.removeprefix("# ")
        if _MISSED.match(text) and (before or not _FOLDED.match(text)):
            raise LabsError(f"{name}, line {number}: write **Why.** or **What you see.** at the start of a paragraph")
        before = text.strip("# ")


def check_length(name: str, code: str) -> None:
    """Refuses a cell that is too long for a page, as students get it.

    Raises:
        LabsError: the message names the file and the cell's first line.
    """
    lines = code.split("\n")
    if len(lines) > LONGEST_CELL:
        raise LabsError(f"{name}: the cell {lines[0]!r} … has {len(lines)} lines, {LONGEST_CELL} at most: split it")


def _cells_of(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """(line of its header, header, lines) of every cell in a source."""
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start + 1, lines[start], lines[start + 1 : end]


def efforts_of(name: str, tree: ast.Module, cells: Sequence[NotebookNode]) -> dict[str, Effort]:
    """The effort of every exercise and question, from the header of its cell.

    Args:
        name: of the file, for messages.
        tree: the whole source.
        cells: its cells, with the metadata that their headers give.

    Raises:
        LabsError: something is missing, out of range or has no heading; the message names file and line.
    """
    answers = answers_of(tree)
    headings = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown").split("\n")
    efforts = {}
    for cell in cells:
        for answer in answers_in(cell):
            call = decorator_call(answers[answer])
            place = f"{name}, line {call.lineno}"
            efforts[answer] = _effort(place, answer, cell.metadata)
            heading = _heading(answer, call.func.attr)
            if headings.count(heading) != 1:
                raise LabsError(f"{place}: write {heading!r} once, as a line of Markdown above {answer}")
    return efforts


def answers_in(cell: NotebookNode) -> dict[str, ast.stmt]:
    """The exercises and questions of a cell, by name; most cells have none and need not be parsed."""
    return answers_of(ast.parse(cell.source)) if cell.cell_type == "code" and "@" in cell.source else {}


def _heading(answer: str, kind: str) -> str:
    return f"### {kind.capitalize()} · `{answer}`"


def _effort(place: str, answer: str, metadata: Mapping[str, Any]) -> Effort:
    example = '# %% minutes=10 difficulty=2 kind="core"'
    minutes, difficulty, kind = (metadata.get(key) for key in ("minutes", "difficulty", "kind"))
    if not isinstance(minutes, int) or not 1 <= minutes <= 60:
        raise LabsError(f"{place}: {answer} needs minutes (1 to 60) in the header of its cell: {example}")
    if difficulty not in (1, 2, 3):
        raise LabsError(f"{place}: {answer} needs a difficulty (1 to 3) in the header of its cell: {example}")
    if kind not in ("core", "extra"):
        raise LabsError(f'{place}: {answer} needs kind="core" or kind="extra" in the header of its cell: {example}')
    return Effort(minutes, difficulty, kind)


def advice(cells: Sequence[NotebookNode]) -> list[str]:
    """Where a lab is larger than a lab should be, one sentence each."""
    found = []
    if len(cells) > MOST_CELLS:
        found.append(f"{len(cells)} cells, better {MOST_CELLS} at most")
    if (words := _words(cells)) > MOST_WORDS:
        found.append(f"{words} words of Markdown, better {MOST_WORDS} at most")
    return found


def _words(cells: Sequence[NotebookNode]) -> int:
    """Words of the Markdown that students read."""
    text = "\n".join(
        cell.source
        for cell in cells
        if cell.cell_type == "markdown" and "solution" not in cell.metadata.get("tags", [])
    )
    return len(re.findall(r"\w\S*", re.sub(r"\$\$.*?\$\$", "formula", text, flags=re.DOTALL)))


# -- minutes ----------------------------------------------------------------------------------------------------------


def minutes_of_work(cells: Sequence[NotebookNode], efforts: Mapping[str, Effort]) -> tuple[int, int, int]:
    """Minutes on the exercises marked core, on the extra ones, and on everything else.

    Args:
        cells: of the source.
        efforts: of its exercises.
    """
    core, extra = (sum(effort.minutes for effort in efforts.values() if effort.kind == k) for k in ("core", "extra"))
    return core, extra, 5 * round(_words(cells) / WORDS_PER_MINUTE / 5)


def with_efforts(markdown: str, efforts: Mapping[str, Effort]) -> str:
    """`markdown` with the line of minutes, difficulty and kind below the heading of each exercise."""
    for answer, effort in efforts.items():
        for kind in ("exercise", "question"):
            heading = re.escape(_heading(answer, kind))
            markdown = re.sub(
                f"^{heading}$", lambda found, e=effort: f"{found[0]}\n\n{e}", markdown, flags=re.MULTILINE
            )
    return markdown


def with_time(name: str, card: str, minutes: tuple[int, int, int], computing: int) -> str:
    """A lab's first cell with the row of its card that says how long the lab takes.

    Args:
        name: of the file, for messages.
        card: the Markdown, with a table that has no such row.
        minutes: see `minutes_of_work`.
        computing: minutes that the whole notebook computes.

    Raises:
        LabsError: there is no table, or it holds a time already.
    """
    if card.count(_CARD) != 1 or _TIME in card:
        raise LabsError(
            f"{name}: the first cell needs one table, opened by {_CARD}, without a row of times: the builder writes it"
        )
    core, extra, rest = minutes
    more = f"; what is marked extra takes {extra} more" if extra else ""
    row = (
        f"{_TIME} about {core + rest} minutes of work: {core} on the exercises, {rest} to read, predict and look{more};"
        f" the whole notebook computes for about {computing} minute{'s' * (computing != 1)} on a laptop |"
    )
    return card.replace(_CARD, f"{_CARD}\n{row}")


# -- folding ----------------------------------------------------------------------------------------------------------


def folded(markdown: str) -> str:
    """`markdown` with each paragraph that opens with **What you see** or **Why** folded away."""
    blocks = []
    for block in markdown.split("\n\n"):
        opening = _FOLDED.match(block)
        if opening:
            body = block[opening.end() :]
            block = f"<details><summary>{opening[1]}</summary>\n\n{body}\n\n</details>"
        blocks.append(block)
    return with_gaps("\n\n".join(blocks))


def with_gaps(markdown: str) -> str:
    """`markdown` with a gap between a fold and the text after it, which would stick to it otherwise."""
    return re.sub(r"</details>\n\n(?!<details>|#)", "</details><br>\n\n", markdown)


# -- figures ----------------------------------------------------------------------------------------------------------


def with_keys(lab: str, code: str, first: int) -> tuple[str, dict[str, str]]:
    """`code` with the description of each figure replaced by a key that says nothing, and the descriptions by key.

    A description would tell, in the cell above a figure, what the student is about to predict.

    Args:
        lab: its name, for example ``01_perceptron``.
        code: of one cell.
        first: number of the first figure.

    Raises:
        LabsError: a description that is not a plain string.
    """
    if "plots." not in code:
        return code, {}
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and _shows(node)]
    calls.sort(key=lambda call: call.lineno)
    descriptions = {}
    for number, call in enumerate(calls, start=first):
        text = call.args[1] if len(call.args) > 1 else None
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            raise LabsError(f"solutions/{lab}.py: {ast.unparse(call)[:60]} … needs a plain string as its description")
        descriptions[f"lab {lab[:2]}, figure {number}"] = text.value
    for key, call in reversed(list(zip(descriptions, calls, strict=True))):  # from the end: earlier places stay right
        short = f'{ast.unparse(call.func)}({ast.get_source_segment(code, call.args[0])}, "{key}")'
        if len(call.args) == 2 and not call.keywords and "\n" not in short and call.col_offset + len(short) <= WIDTH:
            code = _replaced(code, call, short)
        else:
            code = _replaced(code, call.args[1], f'"{key}"')
    return code, descriptions


def _shows(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ("plots.show", "plots.explore")


def _replaced(code: str, node: ast.expr, new: str) -> str:
    lines = code.encode("utf-8").split(b"\n")  # the syntax tree counts bytes
    before = b"\n".join([*lines[: node.lineno - 1], lines[node.lineno - 1][: node.col_offset]])
    after = b"\n".join([lines[node.end_lineno - 1][node.end_col_offset :], *lines[node.end_lineno :]])
    return (before + new.encode("utf-8") + after).decode("utf-8")
