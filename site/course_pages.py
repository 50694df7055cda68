"""A Sphinx extension that makes the pages of the site out of the course's own files.

Before Sphinx looks for pages, everything it reads is written into its source folder: the pages of ``site/``, one page a
lab from the lab's source and its stored outputs, the cards of the start page and the picture of what needs what. So
each fact keeps its one place: titles, minutes and data in the lab's header, questions and prerequisites in its card,
figures in ``solutions/``, texts for instructors in the README files.

With ``-D labs_solutions=no`` a lab's page is the student notebook: no answers and no outputs.
"""

import base64
import html
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lab_order
import nbformat
from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util import logging

from labs_utils import course, notebooks
from labs_utils.errors import LabsError
from labs_utils.grading import markdown

#: Files of the repository that pages include; a link to any other file leads to the repository.
PAGES = {
    "README.md": "index",
    "labs_utils/grading/SECURITY.md": "instructors/security",
    "data/README.md": "instructors/data",
    "labs_utils/README.md": "contributors",
    "CHANGELOG.md": "changelog",
}
LOGGER = logging.getLogger(__name__)
_LONG = 24  # characters of a formula within a line that may be wider than a phone
_PICTURE = re.compile(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)"')
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s]+)(?=\))")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Lab:
    """What the site shows of one lab.

    Attributes:
        source: the lab's source, read and checked.
        stored: its solution notebook, with the stored outputs.
    """

    source: notebooks.Source
    stored: NotebookNode

    @property
    def name(self) -> str:
        """For example ``01_perceptron``."""
        return self.source.lab

    @property
    def card(self) -> str:
        """The Markdown at its top: title, questions, data, lecture, what it needs."""
        return self.stored.cells[0].source

    @property
    def needs(self) -> str:
        """The row of the card that says what to know before."""
        return re.search(r"^\| \*\*You need\*\* \| (.*) \|$", self.card, re.MULTILINE)[1]

    def question(self, number: int) -> str:
        """One of the questions that the card says the lab answers, counted from 1."""
        text = re.search(rf"^{number}\. (.*(?:\n   .*)*)", self.card, re.MULTILINE)
        if not text:
            raise LabsError(f"site/labs.toml: {self.name} has no question {number}")
        return " ".join(text[1].split())

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """The stored figures: alternative text and PNG."""
        for cell in self.stored.cells:
            for output in cell.get("outputs", []):
                for alt, data in _PICTURE.findall(output.get("data", {}).get("text/html", "")):
                    yield html.unescape(alt), base64.b64decode(data)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connects the parts of this module to Sphinx."""
    app.add_config_value("labs_solutions", "yes", "env")
    app.connect("config-inited", write_pages)
    app.connect("doctree-read", _without_empty_heads)
    app.connect("autodoc-process-docstring", _formulae_in_docstrings)
    app.add_html_math_renderer("mathml", (_inline_formula, None), (_block_formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(app: Sphinx, config: Config) -> None:
    """Fills Sphinx's source folder.

    Raises:
        ConfigError: the switch is neither yes nor no, the source folder is not one that may be filled, or
            ``site/labs.toml`` asks for what a lab does not have.
    """
    if config.labs_solutions not in ("yes", "no"):
        raise ConfigError(f"SOLUTIONS={config.labs_solutions} means nothing: write SOLUTIONS=yes or SOLUTIONS=no")
    here, target = Path(app.confdir), Path(app.srcdir)
    if here == target:
        raise ConfigError("the pages are made in a folder of their own: run make site")
    shutil.copytree(here, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__", "static"))
    try:
        _fill(target, config, tomllib.loads((here / "labs.toml").read_text("utf-8")))
    except LabsError as error:
        raise ConfigError(str(error)) from error


def _fill(target: Path, config: Config, choices: Mapping[str, Mapping[str, Any]]) -> None:
    extra = target / "extra"  # copied as it is
    for folder in ("labs", "figures", "extra/notebooks", "extra/figures"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    labs = [_read(name) for name in course.lab_names()]
    for lab in labs:
        page = _page(lab, extra / "figures", with_answers=config.labs_solutions == "yes")
        (target / "labs" / f"{lab.name}.ipynb").write_text(nbformat.v4.writes(page), "utf-8")
        shutil.copy(course.NOTEBOOKS / f"{lab.name}.ipynb", extra / "notebooks")
    config.html_extra_path = [str(extra)]
    for name in PAGES:
        text = target / "_course" / name
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text(_for_the_site(name), "utf-8")
    (target / "_cards.md").write_text(_cards(labs, choices, target / "figures"), "utf-8")
    (target / "_order.md").write_text(lab_order.draw(labs, extra / "figures"), "utf-8")
    (target / "_table.md").write_text(_table(labs), "utf-8")
    (target / "_links.md").write_text(_classroom_links(labs), "utf-8")


def _read(name: str) -> Lab:
    return Lab(notebooks.read_source(name), notebooks.read_notebook(course.SOLUTIONS / f"{name}.ipynb"))


# -- the page of a lab ------------------------------------------------------------------------------------------------


def _page(lab: Lab, figures: Path, with_answers: bool) -> NotebookNode:
    """The notebook that Sphinx shows: the student's, and on request its outputs and, folded away, its answers."""
    page = notebooks.student_notebook(lab.source)
    student = {cell.id: cell for cell in page.cells if cell.id != "set-up"}
    page.cells[0].source = _with_links(lab, page.cells[0].source)
    if with_answers:
        page.cells = [shown for cell in deepcopy(lab.stored.cells) for shown in _shown(cell, student)]
        _pictures_as_files(page, lab, figures)
    else:
        page.cells = list(student.values())
    return page


def _with_links(lab: Lab, text: str) -> str:
    """The first cell with the ways to open the lab below its title, in place of the badge of the notebook."""
    title, rest = text.removeprefix(f"{notebooks.badge(lab.name)}\n\n").split("\n", 1)
    ways = {"Open in Colab": notebooks.colab_address(lab.name)}
    if hub := notebooks.hub_address(lab.name):
        ways["Open on our JupyterHub"] = hub
    links = [f'<a href="{html.escape(address)}">{name}</a>' for name, address in ways.items()]
    links.append(f'<a href="../notebooks/{lab.name}.ipynb" download>Download the notebook</a>')
    return f"{title}\n\n<p class='ways'>{' '.join(links)}</p>\n{rest}"


def _shown(cell: NotebookNode, student: Mapping[str, NotebookNode]) -> Iterator[NotebookNode]:
    """What stands on the page for one cell of the solution notebook."""
    for_students = student.get(cell.id)
    if for_students is None:
        if "solution" in cell.metadata.get("tags", []):
            yield _for_instructors(cell)
    elif cell.source != for_students.source and notebooks.BEGIN in cell.source:
        yield for_students
        yield _answer(cell)
    else:
        if cell.cell_type == "code":
            for_students.outputs = cell.outputs
        yield for_students


def _answer(cell: NotebookNode) -> NotebookNode:
    lines = [line for line in cell.source.split("\n") if line.strip() not in (notebooks.BEGIN, notebooks.END)]
    folded = nbformat.from_dict(cell | {"source": "\n".join(lines), "id": f"answer{cell.id.removeprefix('exercise')}"})
    return _folded(folded, "Answer")


def _for_instructors(cell: NotebookNode) -> NotebookNode:
    if cell.cell_type == "code":
        return _folded(nbformat.from_dict(cell), "For instructors")
    text = cell.source.removeprefix("**For instructors.**")
    return nbformat.from_dict(
        cell | {"source": f"<details><summary>For instructors</summary>\n\n{text}\n\n</details>", "metadata": {}}
    )


def _folded(cell: NotebookNode, title: str) -> NotebookNode:
    prompts = {"code_prompt_show": title, "code_prompt_hide": title}
    cell.metadata = nbformat.from_dict({"tags": ["hide-cell"], "mystnb": prompts})
    return cell


def _pictures_as_files(page: NotebookNode, lab: Lab, figures: Path) -> None:
    """Takes the pictures out of the page: a browser then keeps them, and the text of the page stays small."""
    number = 0

    def as_file(picture: re.Match) -> str:
        nonlocal number
        number += 1
        data = base64.b64decode(picture[2])
        name = f"{lab.name}-{number}.png"
        (figures / name).write_bytes(data)
        width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))  # of the PNG's header
        return f'<img alt="{picture[1]}" src="../figures/{name}" width="{width}" height="{height}"'

    for cell in page.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = _PICTURE.sub(as_file, output.data["text/html"])


# -- parts of other pages ---------------------------------------------------------------------------------------------


def _for_the_site(name: str) -> str:
    """A text of the repository whose links lead to pages or to the repository."""
    file = course.ROOT / name

    def resolved(link: re.Match) -> str:
        target = (file.parent / link[1]).resolve()
        if not target.exists():
            return link[1]  # Sphinx complains
        inside = target.relative_to(course.ROOT).as_posix()
        if inside.startswith("site/"):
            return inside.removeprefix("site")
        return f"/{PAGES[inside]}.md" if inside in PAGES else notebooks.repository_address(inside)

    return _LINK.sub(resolved, _COMMENT.sub("", file.read_text("utf-8")))


def _table(labs: Sequence[Lab]) -> str:
    """What the plan of a class needs, as a table."""
    rows = ["| lab | core work | extra | computing | data | you need |", "|---|--:|--:|--:|---|---|"]
    for lab in labs:
        core, extra, rest = lab.source.minutes_of_work
        card = lab.source.card
        rows.append(
            f"| [{lab.name[:2]} · {card['title']}](/labs/{lab.name}.ipynb) | {core + rest} min | {extra} min"
            f" | {card['minutes']} min | {', '.join(card['data']) or 'none'} | {lab.needs} |"
        )
    return "\n".join(rows)


def _cards(labs: Sequence[Lab], choices: Mapping[str, Mapping[str, Any]], figures: Path) -> str:
    """The cards of the start page, as Markdown."""
    return "\n".join(["::::{grid} 1 2 2 3", ":gutter: 3", "", *(_card(lab, choices, figures) for lab in labs), "::::"])


def _card(lab: Lab, choices: Mapping[str, Mapping[str, Any]], figures: Path) -> str:
    choice = choices.get(lab.name)
    if not choice:
        raise LabsError(f"site/labs.toml says nothing of {lab.name}: name one of its figures and of its questions")
    found = [(alt, data) for alt, data in lab.pictures() if choice["picture"] in alt]
    if not found:
        raise LabsError(f"site/labs.toml: no figure of {lab.name} is described with {choice['picture']!r}")
    alt, data = found[0]
    (figures / f"{lab.name}.png").write_bytes(data)
    core, extra, rest = lab.source.minutes_of_work
    card = lab.source.card
    minutes = f"{core + rest} minutes" + (f", and {extra} of extra exercises" if extra else "")
    return f"""\
:::{{grid-item-card}} {lab.name[:2]} · {card["title"]}
:link: labs/{lab.name}
:link-type: doc
:link-alt: {lab.name[:2]} · {card["title"]}
:img-top: /figures/{lab.name}.png
:img-alt: {" ".join(alt.split())}
:footer: {minutes} · data: {", ".join(card["data"]) or "none"} · lecture {card["lecture"]}

{lab.question(choice["question"])}
:::
"""


def _classroom_links(labs: Sequence[Lab]) -> str:
    """Where each lab opens, as a table."""
    rows = ["| lab | Colab | Binder | nbgitpuller: write your hub's address before it |", "|---|---|---|---|"]
    for lab in labs:
        title = f"{lab.name[:2]} · {lab.source.card['title']}"
        rows.append(
            f"| {title} | [Colab]({notebooks.colab_address(lab.name)}) | [Binder]({notebooks.binder_address(lab.name)})"
            f" | `{notebooks.pull_path(lab.name)}` |"
        )
    return "\n".join(rows)


# -- what Sphinx does not do by itself --------------------------------------------------------------------------------


def _without_empty_heads(app: Sphinx, document: nodes.document) -> None:
    """A table whose head is empty has none: its first column says what the row is."""
    for head in list(document.findall(nodes.thead)):
        if not head.astext().strip():
            group = head.parent
            group.remove(head)
            for column in list(group.findall(nodes.colspec))[:1]:
                column["stub"] = 1


def _formulae_in_docstrings(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = [re.sub(r"\$([^$]+)\$", r":math:`\1`", line) for line in lines]


def _inline_formula(translator: Any, node: nodes.math) -> None:
    _formula(translator, node, block=False)


def _block_formula(translator: Any, node: nodes.math_block) -> None:
    _formula(translator, node, block=True)


def _formula(translator: Any, node: nodes.Element, block: bool) -> None:
    text = markdown.formula(node.astext(), block)
    if not text.startswith("<math"):
        LOGGER.warning("this formula cannot be shown: %s", node.astext(), location=node)
    if block:
        text = f'<div class="formula">{text}</div>'
    elif len(node.astext()) > _LONG:
        text = f'<span class="formula">{text}</span>'
    translator.body.append(text)
    raise nodes.SkipNode
