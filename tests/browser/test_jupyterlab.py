"""What a student meets in JupyterLab, in a real browser: the folder, the notebook, verdicts, hints, formulae, pictures.

The tests go on from one another in one window, in this order, as a student does.
"""

import re

import pytest

RIGHT = "    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))"
WRONG = "    return 1 / (1 + np.exp(z))"
BLANK = '    raise NotImplementedError("replace this line with your code")'
TRAINED = 600_000  # milliseconds until the last cell of the lab has run on a busy machine


def cell_with(page, text):
    return page.locator(".jp-CodeCell", has=page.locator(".jp-InputArea-editor", has_text=text)).first


def answer(page, body):
    """Types an answer into the exercise `sigmoid`, as a student does, runs the cell and returns its verdict."""
    cell = cell_with(page, "def sigmoid(z):")
    source = f'@lab.exercise(points=1)\ndef sigmoid(z):\n    """My answer."""\n{body}'
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(source)
    before = cell.locator(".jp-InputPrompt").inner_text()
    page.keyboard.press("Control+Enter")
    done = re.compile(r"^\[\d+\]:$")
    page.wait_for_function(
        "([cell, before]) => { const now = cell.querySelector('.jp-InputPrompt').innerText;"
        " return now !== before && /^\\[\\d+\\]:$/.test(now) }",
        arg=[cell.element_handle(), before],
    )
    assert done.match(cell.locator(".jp-InputPrompt").inner_text())
    return cell.locator(".jp-OutputArea").inner_text()


def test_it_opens_on_the_students_own_folder(jupyterlab, page):
    page.goto(jupyterlab)
    page.locator(".jp-DirListing-item", has_text="01_perceptron.ipynb").wait_for()
    assert page.url.endswith("/lab/tree/my")
    assert page.locator(".jp-DirListing-item", has_text="my").count() == 0, "not the folder above"


def test_a_lab_runs_to_its_end(jupyterlab, page):
    page.locator(".jp-DirListing-item", has_text="01_perceptron.ipynb").dblclick()
    cell_with(page, "def sigmoid(z):").wait_for()
    page.locator(".jp-NotebookPanel .jp-Toolbar", has_text="Python 3").first.wait_for()
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
    last = cell_with(page, "lab.progress()")
    last.locator(".jp-OutputArea-output").wait_for(timeout=TRAINED)
    assert "0/" in last.locator(".jp-OutputArea-output").inner_text()
    assert page.locator(".jp-mod-error, [data-mime-type='application/vnd.jupyter.error']").count() == 0


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (WRONG, r"✘ sigmoid · 0/1 points[\s\S]*Likely cause: the minus sign"),
        (RIGHT, r"✔ sigmoid · 1/1 points"),
        (BLANK, r"○ sigmoid · not attempted yet"),
    ],
    ids=["wrong", "right", "blank"],
)
def test_the_verdict_on_what_was_typed_stands_in_the_page(page, body, verdict):
    assert re.search(verdict, answer(page, body))


def test_hints_open_with_the_keyboard(page):
    hint = page.locator("details", has=page.locator("summary", has_text="Hint 1")).first
    assert hint.get_attribute("open") is None
    hint.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert hint.get_attribute("open") is not None
    page.keyboard.press("Enter")
    assert hint.get_attribute("open") is None


def test_what_is_to_be_seen_is_folded(page):
    folded = page.locator("details", has=page.locator("summary", has_text="What you see"))
    assert folded.count() >= 5
    assert all(one.get_attribute("open") is None for one in folded.all())


def test_formulae_are_set_without_a_network(page, strangers):
    assert page.locator("mjx-container").count() > 50
    assert page.locator("mjx-merror").count() == 0
    assert not [address for address in strangers if "mathjax" in address.lower()]
    assert all("colab-badge" in address for address in strangers), strangers


def test_every_picture_tells_what_it_shows(page):
    pictures = page.locator(".jp-OutputArea-output img").all()
    assert len(pictures) >= 8
    for picture in pictures:
        text = picture.get_attribute("alt") or ""
        assert len(text) >= 40 and not re.fullmatch(r"lab \d\d, figure \d+", text), text


def test_a_slider_moves_the_picture_and_its_words(page):
    cell = cell_with(page, "plots.explore(")
    picture, handle = cell.locator("img").first, cell.locator(".noUi-handle").first
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([cell, before]) => cell.querySelector('img').src !== before", arg=[cell.element_handle(), before[0]]
    )
    assert cell.locator("img").first.get_attribute("alt") != before[1]
