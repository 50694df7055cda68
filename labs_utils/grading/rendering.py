"""Web pages from the templates in ``pages/``. Every text is escaped, and the pages allow no scripts."""

import functools
from pathlib import Path
from typing import Any

import jinja2

from labs_utils import files
from labs_utils.grading import markdown


def write(path: Path, template: str, **values: Any) -> None:
    """Writes the page that `template` makes of `values`."""
    text = _templates().get_template(template).render(**values)
    with files.whole(path) as beside:
        beside.write_text(text, "utf-8", errors="replace")


@functools.cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("labs_utils.grading", "pages"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    templates.filters["markdown"] = markdown.render
    templates.globals["points"] = "{:g}".format
    return templates
