"""What students wrote, as a web page shows it: formulae as formulae, and nobody's markup but ours."""

import re

import pytest

from labs_utils import course
from labs_utils.grading import feedback, markdown


def test_formulae_are_mathml_and_text_is_text():
    html = markdown.render("Because $x^2 < 1$ *grows*, and\n\n$$\\nabla L = \\frac{1}{n}\\sum_i x_i$$")
    assert html.count("<math") == 2 and "<msup>" in html and "<mfrac>" in html and 'display="block"' in html
    assert "<em>grows</em>" in html and "$" not in html


def test_aligned_equations_stand_in_rows():
    html = markdown.formula("\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}", block=True)
    assert html.count("<mtr>") == 2 and "&amp;" not in html and "<code>" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "$\\text{<script>alert(1)</script>}$",
        "$\\text{<b style='position:fixed'>You passed</b>}$",
        "$\\text{<mi onclick='x' style='y'>a</mi>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "[a](javascript:alert(1))",
        "![a](http://example.com/x.png)",
        "$\\text{</math><h1>x}$",
        "$\\text{<!-- --><![CDATA[<h1>]]>}$",
    ],
)
def test_no_markup_of_a_strangers_passes(text):
    html = str(markdown.render(text))
    inner = re.findall(r"<(\w+)([^>]*)>", html)
    ours = {"p", "span", "div", "math", "mrow", "mi", "mn", "mo", "mtext", "code", "a", "mstyle"}
    assert {name for name, _ in inner} <= ours, html
    assert not any(re.search(r"\b(?:on\w+|style|src)\s*=|javascript", attributes) for _, attributes in inner), html


@pytest.mark.parametrize("source", ["\\frac{1", "{" * 3000, "\\begin{x}", "\\undefined", "a" * 2000, "\\left(" * 300])
def test_what_is_no_formula_stays_readable(source):
    html = str(markdown.render(f"before ${source}$ after"))
    assert html.startswith("<p>before ") and html.rstrip().endswith("after</p>")


@pytest.mark.parametrize("lab", course.lab_names())
def test_every_lab_has_open_questions_and_their_formulae_are_rendered(lab):
    texts = feedback.questions_of(lab).values()
    assert len(texts) >= 2
    for text in texts:
        html = markdown.render(text)
        assert "<code>\\" not in html and not re.search(r"\$[^$]+\$", html), text
