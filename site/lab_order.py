"""The order of the labs and what needs what, as a picture for either theme and its alternative text.

What a lab needs is read from the row *You need* of its card: ``lab 06`` and ``labs 04 and 06`` are needed; where the
same clause says *helps* or *appears*, they only help.
"""

import html
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

_NUMBERS = re.compile(r"\blabs? (\d\d(?:(?:, | and )\d\d)*)")
_THEMES = {  # box, its edge, text, arrows
    "light": ("#EAF3FA", "#0072B2", "#111111", "#555555"),
    "dark": ("#12324A", "#56B4E9", "#F2F2F2", "#BBBBBB"),
}
_WIDTH, _HEIGHT = 1.3, 0.76  # of a box, in inches
_STEP_X, _STEP_Y = 1.4, 1.16
_LETTERS = 17  # in a line of a box


def needs(text: str) -> tuple[set[str], set[str]]:
    """The numbers of the labs that are needed, and of those that only help."""
    needed, helpful = set(), set()
    for clause in text.split(";"):
        found = {number for numbers in _NUMBERS.findall(clause) for number in re.findall(r"\d\d", numbers)}
        (helpful if re.search(r"\b(helps?|appears?)\b", clause) else needed).update(found)
    return needed, helpful - needed


def draw(labs: Sequence[Any], folder: Path) -> str:
    """Writes ``order-light.svg`` and ``order-dark.svg``; returns the HTML that shows them.

    Args:
        labs: in teaching order, each with ``name``, ``needs`` (a text) and ``source.card``.
        folder: where to write.
    """
    graph = {lab.name[:2]: needs(lab.needs) for lab in labs}
    titles = {lab.name[:2]: lab.source.card["title"] for lab in labs}
    alt = describe(graph)
    shown = []
    for theme, colours in _THEMES.items():
        name = f"order-{theme}.svg"
        with matplotlib.rc_context({"svg.hashsalt": "labs", "font.family": "DejaVu Sans"}):
            _figure(graph, titles, colours).savefig(folder / name, transparent=True, metadata={"Date": None})
        picture = f'<img class="only-{theme} order" src="figures/{name}" alt="{html.escape(alt)}">'
        shown.append(f'<a class="only-{theme}" href="figures/{name}" title="the picture alone">{picture}</a>')
    return "\n".join(shown)


def describe(graph: Mapping[str, tuple[set[str], set[str]]]) -> str:
    """The picture in words."""
    said = []
    for lab, (needed, helpful) in graph.items():
        text = f"lab {lab} needs {_listed(needed) if needed else 'no other lab'}"
        said.append(text + (f", and {_listed(helpful)} helps" if helpful else ""))
    return f"Boxes joined by arrows, from top to bottom: {'; '.join(said)}."


def _listed(numbers: set[str]) -> str:
    *first, last = sorted(numbers)
    return f"{', '.join(first)} and {last}" if first else last


def places(graph: Mapping[str, tuple[set[str], set[str]]]) -> dict[str, tuple[float, int]]:
    """Column and row of each lab: a lab stands below all that it needs."""
    rows: dict[str, int] = {}
    for lab, (needed, _) in graph.items():  # in teaching order, so what it needs has its row already
        rows[lab] = max((rows[other] + 1 for other in needed), default=0)
    most = max(list(rows.values()).count(row) for row in rows.values())
    columns = {}
    for row in set(rows.values()):
        inside = [lab for lab in rows if rows[lab] == row]
        columns |= {lab: (most - len(inside)) / 2 + number for number, lab in enumerate(inside)}
    return {lab: (columns[lab], rows[lab]) for lab in graph}


def _figure(
    graph: Mapping[str, tuple[set[str], set[str]]], titles: Mapping[str, str], colours: tuple[str, str, str, str]
) -> Figure:
    box, edge, text, arrows = colours
    at = {lab: (column * _STEP_X, -row * _STEP_Y) for lab, (column, row) in places(graph).items()}
    right, bottom = max(x for x, _ in at.values()) + _WIDTH / 2, min(y for _, y in at.values()) - _HEIGHT / 2
    figure = Figure(figsize=(right + _WIDTH / 2 + 0.1, _HEIGHT / 2 - bottom + 0.1))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-_WIDTH / 2 - 0.05, right + 0.05), ylim=(bottom - 0.05, _HEIGHT / 2 + 0.05))
    axes.set_axis_off()
    for lab, (needed, helpful) in graph.items():
        for other in sorted(_direct(graph, needed) | helpful):
            (x, y), (end_x, end_y) = at[other], at[lab]
            if y == end_y:  # beside each other: below the boxes between them
                ends, bend = ((x, y - _HEIGHT / 2), (end_x, end_y - _HEIGHT / 2)), "arc3,rad=0.14"
            else:
                ends, bend = ((x, y - _HEIGHT / 2), (end_x, end_y + _HEIGHT / 2)), "arc3"
            style = "dashed" if other in helpful else "solid"
            look = {"arrowstyle": "-|>", "mutation_scale": 9, "shrinkA": 0, "shrinkB": 0, "color": arrows}
            axes.add_patch(FancyArrowPatch(*ends, connectionstyle=bend, linestyle=style, **look))
    for lab, (x, y) in at.items():
        corner, inner = (x - _WIDTH / 2 + 0.05, y - _HEIGHT / 2 + 0.05), (_WIDTH - 0.1, _HEIGHT - 0.1)
        axes.add_patch(FancyBboxPatch(corner, *inner, boxstyle="round,pad=0.05", facecolor=box, edgecolor=edge))
        lines = textwrap.wrap(f"{lab} · {titles[lab]}", _LETTERS)
        axes.text(x, y, "\n".join(lines), color=text, ha="center", va="center", fontsize=8)
    return figure


def _direct(graph: Mapping[str, tuple[set[str], set[str]]], needed: set[str]) -> set[str]:
    """Those of `needed` that no other of them needs anyway: fewer arrows say the same."""
    return {lab for lab in needed if not any(lab in _all_needed(graph, other) for other in needed)}


def _all_needed(graph: Mapping[str, tuple[set[str], set[str]]], lab: str) -> set[str]:
    needed = graph[lab][0]
    return needed.union(*(_all_needed(graph, other) for other in needed))
