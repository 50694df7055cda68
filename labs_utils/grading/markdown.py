"""Markdown with formulae as HTML that needs no network and no script, also where a stranger wrote it.

HTML in the text is shown, not used; pictures are left out. Formulae become MathML, which every browser shows. Of what
the converter makes only the elements and attributes below are kept: it passes on any markup inside ``\\text``.
"""

import functools
import html
from xml.etree import ElementTree

import latex2mathml.converter
import markdown_it
import markupsafe
from mdit_py_plugins.dollarmath import dollarmath_plugin

LONGEST = 20_000  # characters of a text; a longer one is shown as it is
LONGEST_FORMULA = 1_000
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
_ELEMENTS = {
    "math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mprescripts",
    "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder",
    "munderover", "none",
}  # fmt: skip
_ATTRIBUTES = {
    "accent", "columnalign", "columnspacing", "depth", "display", "displaystyle", "fence", "form", "height", "largeop",
    "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "width",
}  # fmt: skip


def render(text: str, breaks: bool = False) -> markupsafe.Markup:
    """`text` as HTML; with `breaks`, the ends of its lines stay."""
    if len(text) > LONGEST:
        return markupsafe.Markup(f"<pre>{html.escape(text)}</pre>")
    return markupsafe.Markup(_parser(breaks).render(text))


@functools.cache
def _parser(breaks: bool) -> markdown_it.MarkdownIt:
    parser = markdown_it.MarkdownIt("commonmark", {"html": False, "breaks": breaks}).enable("table").disable("image")
    return parser.use(dollarmath_plugin, renderer=_formula, double_inline=True)


def _formula(source: str, options: dict) -> str:
    return formula(source, options["display_mode"])


def formula(source: str, block: bool) -> str:
    """MathML, or the source where it cannot be converted or holds anything but a formula.

    Args:
        source: LaTeX, without dollars.
        block: on a line of its own.
    """
    try:
        if len(source) > LONGEST_FORMULA:
            raise ValueError("too long")
        display = "block" if block else "inline"
        known = source.replace("{aligned}", "{align*}")  # the converter knows this name of it
        tree = ElementTree.fromstring(latex2mathml.converter.convert(known, display=display))
        for node in tree.iter():
            if node.tag.removeprefix(_NAMESPACE) not in _ELEMENTS:
                raise ValueError(f"{node.tag} is no part of a formula")
            node.attrib = {name: value for name, value in node.attrib.items() if name in _ATTRIBUTES}
        ElementTree.register_namespace("", _NAMESPACE[1:-1])
        return ElementTree.tostring(tree, "unicode")
    except Exception:  # the converter raises many kinds, and any text may stand between two dollars
        return f"<code>{html.escape(source)}</code>"
