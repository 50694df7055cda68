"""The course's site: whole, without answers where none are wanted, from this host only, and good to look at.

One module, so that one process builds the site once with answers and once without.
"""

import contextlib
import functools
import http.server
import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from labs_utils import course, notebooks

for package in ("sphinx", "myst_nb", "pydata_sphinx_theme", "sphinx_design"):
    pytest.importorskip(package, reason="the site is not tested: pip install --editable '.[site]'")
from bs4 import BeautifulSoup

SITE = course.ROOT / "site"
LABS = course.lab_names()


#: Runs command lines of `python -m` one after the other: only the first waits for imports, TensorFlow's among them.
IN_ONE_PROCESS = """
import contextlib, io, json, runpy, sys
for command in json.loads(sys.argv[1]):
    sys.argv, code, said = command, 0, io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        except SystemExit as stop:
            code = stop.code or 0
    print(json.dumps([code, said.getvalue()]), flush=True)
"""


def command(folder, solutions):
    """What `make site` runs in a Python, into `folder`."""
    shown = subprocess.run(
        ["make", "-n", "site", f"SITE={folder}", f"SOLUTIONS={solutions}"],
        cwd=course.ROOT,
        capture_output=True,
        text=True,
    )
    line = re.search(r"^\S*python -m (sphinx .*)$", shown.stdout, re.MULTILINE)
    assert line, shown.stdout + shown.stderr
    (folder / "pages").mkdir()
    return shlex.split(line[1])


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """What SOLUTIONS says → the folder it was built into, the exit status, and all that was printed."""
    folders = {solutions: tmp_path_factory.mktemp(solutions) for solutions in ("yes", "no", "maybe")}
    commands = json.dumps([command(folder, solutions) for solutions, folder in folders.items()])
    done = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS, commands],
        cwd=course.ROOT,
        env=os.environ | {"PYTHONPATH": str(course.ROOT), "LABS_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(folders), done.stdout + done.stderr
    return {name: (folder, *one) for (name, folder), one in zip(folders.items(), said, strict=True)}


def built(builds, solutions):
    folder, status, said = builds[solutions]
    assert (status, said) == (0, ""), said  # a warning is an error
    return folder / "html"


@pytest.fixture(scope="module")
def site(builds):
    """The folder of the site with answers."""
    return built(builds, "yes")


@pytest.fixture(scope="module")
def bare(builds):
    """The folder of the site without answers."""
    return built(builds, "no")


@functools.cache
def soup(path):
    """The page, for those that only read."""
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def text_outside(node, *tags):
    """The text of a page that stands in none of these elements."""
    inside = {id(text) for part in node.find_all(tags) for text in part.strings}
    return "".join(text for text in node.strings if id(text) not in inside)


def pages(folder):
    return sorted(path for path in folder.rglob("*.html") if "_static" not in path.parts)


def name_of(path, folder):
    return path.relative_to(folder).as_posix()


# -- what is there ----------------------------------------------------------------------------------------------------


def test_every_lab_has_a_card_that_says_what_it_is(site):
    cards = {card.find("a")["href"]: card for card in soup(site / "index.html").select(".sd-card:has(img)")}
    assert list(cards) == [f"labs/{lab}.html" for lab in LABS]
    for lab, card in zip(LABS, cards.values(), strict=True):
        source, text = notebooks.read_source(lab), " ".join(card.get_text().replace("’", "'").split())
        core, extra, rest = source.minutes_of_work
        assert f"{lab[:2]} · {source.card['title']}" in text and f"{core + rest} minutes" in text
        assert f"data: {', '.join(source.card['data']) or 'none'}" in text and source.card["lecture"] in text
        questions = re.findall(r"^\d\. (.*)", source.cells[0].source, re.MULTILINE)
        assert any(question.replace("*", "") in text for question in questions)
        descriptions = notebooks.figure_descriptions(source).values()
        assert any(" ".join(known.split()) in card.find("img")["alt"] for known in descriptions)


def test_every_lab_has_a_page_with_ways_to_open_it_and_neighbours(site):
    for number, lab in enumerate(LABS):
        page = soup(site / "labs" / f"{lab}.html")
        assert page.h1.get_text().startswith(lab[:2])
        ways = [link["href"] for link in page.select(".ways a")]
        assert notebooks.colab_address(lab) in ways
        notebook = next(site / "labs" / way for way in ways if way.endswith(".ipynb") and "://" not in way)
        assert notebook.resolve().read_bytes() == (course.NOTEBOOKS / f"{lab}.ipynb").read_bytes()
        neighbours = [link["href"] for link in page.select(".prev-next-footer a")]
        for other in LABS[max(number - 1, 0) : number] + LABS[number + 1 : number + 2]:
            assert f"{other}.html" in neighbours


def test_the_pages_show_all_stored_figures_with_their_descriptions(site):
    for lab in LABS:
        text = (course.SOLUTIONS / f"{lab}.ipynb").read_text("utf-8")
        shown = soup(site / "labs" / f"{lab}.html").select(".cell_output img")
        assert len(shown) == text.count("data:image/png") > 0
        assert all(image["src"].startswith("../figures/") for image in shown)


def test_formulae_are_mathml(site):
    for lab in LABS:
        page = soup(site / "labs" / f"{lab}.html")
        assert len(page.find_all("math")) >= 3
        assert not re.search(r"\\frac|\\sum|\$[^$\s]+\$", text_outside(page, "pre", "code"))


def test_stored_tables_are_tables(site):
    for lab in LABS:
        page = soup(site / "labs" / f"{lab}.html")
        stored = notebooks.read_notebook(course.SOLUTIONS / f"{lab}.ipynb")
        texts = [
            output.data["text/markdown"]
            for cell in stored.cells
            for output in cell.get("outputs", [])
            if "text/markdown" in output.get("data", {})
        ]
        wanted = sum("|---" in text or "|:--" in text for text in texts)
        assert len(page.select(".cell_output table")) == wanted


@pytest.mark.parametrize("module", ["gradcam", "robustness", "plots", "datasets"])
def test_public_functions_are_described(site, module):
    public = importlib.import_module(f"labs_utils.{module}")
    names = {
        name
        for name in getattr(public, "__all__", dir(public))
        if inspect.isfunction(found := getattr(public, name)) and name[0] != "_" and "labs_utils" in found.__module__
    }
    described = {node["id"].split(".")[-1] for node in soup(site / "reference" / f"{module}.html").select("dt[id]")}
    assert names and names <= described


# -- answers ----------------------------------------------------------------------------------------------------------


@functools.cache
def answer_lines(lab):
    """Lines that stand in an answer of the lab and nowhere in its student notebook, hints included."""
    student = plain("\n".join(cell.source for cell in notebooks.student_notebook(notebooks.read_source(lab)).cells))
    inside, lines = False, set()
    for line in (course.SOLUTIONS / f"{lab}.py").read_text("utf-8").split("\n"):
        if line.strip() in (notebooks.BEGIN, notebooks.END):
            inside = line.strip() == notebooks.BEGIN
        elif inside and len(line.strip()) >= 20 and plain(line) not in student:
            lines.add(plain(line))
    assert len(lines) > 20
    return lines


def plain(text):
    return " ".join(text.replace("`", "").split())


def test_answers_are_folded_away(site):
    for lab in LABS:
        page, lines = soup(site / "labs" / f"{lab}.html"), answer_lines(lab)
        text = plain(page.get_text())
        assert not [line for line in lines if line not in text]
        assert not page.select("details[open]")
        text = plain(text_outside(page, "details"))
        assert not [line for line in lines if line in text]


def test_without_solutions_no_answer_no_output_and_no_note_is_anywhere(bare):
    assert not [path for path in bare.rglob("*.*") if path.suffix in (".py", ".md") or "_sources" in path.parts]
    assert {path.stem for path in (bare / "figures").iterdir()} == {"order-light", "order-dark"}
    for lab in LABS:
        page = soup(bare / "labs" / f"{lab}.html")
        text = plain(page.get_text())
        assert not page.select(".cell_output")
        assert not [
            summary for summary in page.select("summary") if summary.get_text() in ("Answer", "For instructors")
        ]
        assert not [line for line in answer_lines(lab) if line in text]
        assert len(page.select(".cell_input")) > 20
        shipped = (bare / "notebooks" / f"{lab}.ipynb").read_text("utf-8")
        assert shipped == (course.NOTEBOOKS / f"{lab}.ipynb").read_text("utf-8")


def test_a_switch_that_means_nothing_is_one_sentence(builds):
    _, status, said = builds["maybe"]
    assert status and "SOLUTIONS=maybe means nothing: write SOLUTIONS=yes or SOLUTIONS=no" in said


# -- what needs what --------------------------------------------------------------------------------------------------


@pytest.fixture
def lab_order(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    import lab_order

    return lab_order


@pytest.mark.parametrize(
    ("card", "needed", "helpful"),
    [
        ("labs 04 and 06; lab 09 helps", {"04", "06"}, {"09"}),
        ("lab 01: sigmoid, squared error; matrix products", {"01"}, set()),
        ("labs 01, 02 and 04", {"01", "02", "04"}, set()),
        ("convolutional networks (lab 06); the MobileNet of lab 08 appears in section 5", {"06"}, {"08"}),
        ("NumPy arrays", set(), set()),
    ],
)
def test_what_a_card_says_is_needed(lab_order, card, needed, helpful):
    assert lab_order.needs(card) == (needed, helpful)


def test_the_order_puts_every_lab_below_what_it_needs(site, lab_order):
    pictures = soup(site / "index.html").select("img[src*=order-]")
    assert len(pictures) == 2 and pictures[0]["alt"] == pictures[1]["alt"]
    said = dict(
        re.findall(
            r"lab (\d\d) needs ((?:no other lab|[\d, and]+?))(?=;|\.|, and [\d, and]+ helps)", pictures[0]["alt"]
        )
    )
    assert list(said) == [lab[:2] for lab in LABS]
    graph = {lab: (set(re.findall(r"\d\d", text)), set()) for lab, text in said.items()}
    assert graph["12"][0] == {"04", "06"} and graph["01"][0] == set()
    at = lab_order.places(graph)
    assert all(at[other][1] < at[lab][1] for lab, (needed, _) in graph.items() for other in needed)
    assert len(set(at.values())) == len(at)


# -- links and hosts --------------------------------------------------------------------------------------------------


def test_every_link_inside_the_site_leads_somewhere(site):
    ids = {}
    for page in pages(site):
        ids[page] = {node["id"] for node in soup(page).select("[id]")}
    dead = []
    for page in pages(site):
        for node in soup(page).select("[href], [src]"):
            address = node.get("href") or node.get("src")
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (parts.fragment and parts.fragment not in ids.get(target, {parts.fragment})):
                dead.append(f"{name_of(page, site)}: {address}")
    assert not dead


def test_nothing_that_a_page_loads_comes_from_another_host(site):
    for page in pages(site):
        for node in soup(page).select("[src], link[href], object[data], video[poster], [srcset]"):
            address = node.get("src") or node.get("href") or node.get("data") or node.get("poster") or node["srcset"]
            foreign = urlsplit(address).netloc or urlsplit(address).scheme not in ("", "data")
            assert not foreign, f"{name_of(page, site)}: {address}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:@import\s+|url\()[\"']?(?:https?:)?//", sheet.read_text("utf-8")), sheet


def test_links_for_a_class_follow_the_one_setting(monkeypatch):
    settings = {"repository": "https://github.com/owner/name", "branch": "autumn"}
    monkeypatch.setattr(course, "settings", lambda: settings)
    lab = LABS[0]
    assert notebooks.binder_address(lab).startswith(
        "https://mybinder.org/v2/gh/owner/name/autumn?urlpath=lab%2Ftree%2F"
    )
    path = notebooks.pull_path(lab)
    assert path.startswith("/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fowner%2Fname&branch=autumn&")
    assert f"urlpath=lab%2Ftree%2Fname%2Fnotebooks%2F{lab}.ipynb" in path
    assert notebooks.hub_address(lab) is None
    settings["hub"] = "https://hub.example.org/"
    assert notebooks.hub_address(lab) == f"https://hub.example.org{path}"


def test_the_page_for_instructors_lists_all_links(site):
    text = str(soup(site / "instructors" / "classroom.html")).replace("&amp;", "&")
    for lab in LABS:
        assert notebooks.binder_address(lab) in text and notebooks.pull_path(lab) in text


# -- for everybody ----------------------------------------------------------------------------------------------------


def test_every_picture_has_a_description(site):
    for page in pages(site):
        for image in soup(page).find_all("img"):
            assert len(image.get("alt", "")) >= 20, f"{name_of(page, site)}: {image}"


def test_headings_go_down_one_step_at_a_time(site):
    for page in pages(site):
        levels = [int(heading.name[1]) for heading in soup(page).select("main :is(h1, h2, h3, h4, h5, h6)")]
        assert levels[:1] == [1] and levels.count(1) == 1, name_of(page, site)
        steps = [(one, two) for one, two in zip(levels, levels[1:], strict=False) if two > one + 1]
        assert not steps, f"{name_of(page, site)}: {steps}"


# -- in a browser -----------------------------------------------------------------------------------------------------

SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def address(site):
    """The site on a web server of this machine."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def opened(browser, size, theme):
    """A window of one size and theme that notes foreign requests and errors."""
    colours = "light" if theme == "auto" else theme
    context = browser.new_context(viewport=SIZES[size], color_scheme=colours)
    context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{colours}')")
    page = context.new_page()
    page.strangers, page.faults = [], []
    page.on("request", lambda request: page.strangers.append(request.url) if _foreign(request.url) else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("response", lambda response: page.faults.append(response.url) if response.status >= 400 else None)
    yield page
    context.close()


@pytest.fixture
def window(browser, request):
    """A window of its own for one test."""
    with opened(browser, *getattr(request, "param", ("desktop", "light"))) as page:
        yield page


def _foreign(url):
    return not url.startswith(("http://127.0.0.1:", "data:", "blob:"))


#: What reaches over the right edge of the window, except inside a part that the reader can move by itself; the theme
#: lets the article as a whole be moved, which should not be needed.
TOO_WIDE = """() => {
  const moves = node => {
    for (; node && !node.matches("main, .bd-article-container"); node = node.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(node).overflowX)) return true;
    return false;
  };
  return [...document.querySelectorAll("main *")]
    .filter(node => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth + 1 && !moves(node))
    .map(node => node.outerHTML.slice(0, 120));
}"""


#: Each pair of colours of text and background, with its WCAG contrast ratio, where the ratio is too small.
CONTRAST = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(node).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = {}, walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility({visibilityProperty: true})) continue;
    const style = getComputedStyle(node);
    const pair = [light(numbers(style.color)), light(behind(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    texts += 1;
    if (ratio < (large ? 3 : 4.5)) found[`${style.color} on ${behind(node)}`] = [ratio, node.outerHTML.slice(0, 120)];
  }
  return [texts, found];
}"""


@pytest.fixture(scope="module")
def seen(browser, site, address):
    """What is seen on every page: each is opened once, and made small and dark and so on while it is there.

    What is too wide for a window by its name; texts and faint ones by theme; and addresses elsewhere, and errors.
    """
    found = {"desktop": {}, "phone": {}, "light": {}, "dark": {}}
    with opened(browser, "desktop", "auto") as window:
        for path in pages(site):
            name = name_of(path, site)
            window.emulate_media(color_scheme="light")
            window.goto(f"{address}/{name}")
            found["desktop"][name] = window.evaluate(TOO_WIDE)
            window.emulate_media(color_scheme="dark")
            window.set_viewport_size(SIZES["phone"])
            found["phone"][name] = window.evaluate(TOO_WIDE)
            window.set_viewport_size(SIZES["desktop"])
            window.evaluate("document.querySelectorAll('article details').forEach(fold => fold.open = true)")
            for theme in ("dark", "light"):
                window.emulate_media(color_scheme=theme)
                window.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
                window.evaluate("document.getAnimations().forEach(one => one.finish())")  # colours may fade
                found[theme][name] = window.evaluate(CONTRAST)
        return found | {"strangers": window.strangers, "faults": window.faults}


def test_every_page_opens_without_a_fault_and_asks_no_other_host(seen):
    assert (seen["strangers"], seen["faults"]) == ([], [])


@pytest.mark.parametrize("size", SIZES)
def test_every_page_fits_the_window(seen, size):
    wide = {name: nodes[:3] for name, nodes in seen[size].items() if nodes}
    assert seen[size] and not wide, f"too wide for a {size}: {wide}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_background(seen, theme):
    for name, (texts, faint) in seen[theme].items():
        assert texts > 10 and not faint, f"{name}: {faint}"
    assert seen[theme]


@pytest.mark.parametrize("window", [("desktop", "light"), ("phone", "dark")], indirect=True, ids=lambda p: "-".join(p))
def test_axe_finds_no_fault(address, window):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install --editable '.[browser]'")
    kinds = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "rules": {"color-contrast": {"enabled": False}}}
    for page in ("index", f"labs/{LABS[-1]}", "instructors/classroom", "reference/robustness"):
        window.goto(f"{address}/{page}.html")
        assert not window.evaluate(TOO_WIDE), f"{page} is too wide where it is opened"
        assert (window.strangers, window.faults) == ([], []), page
        found = axe.Axe().run(window, options=kinds).response
        said = [f"{fault['id']}: {node['html'][:200]}" for fault in found["violations"] for node in fault["nodes"]]
        assert not said, f"{page}: {len(said)} faults, the first: " + "\n".join(said[:5])
        assert len(found["passes"]) > 10
        window.faults.clear()  # axe looks for style sheets once more, and not always where they are


def test_the_theme_can_be_switched_by_hand(address, window):
    window.goto(f"{address}/index.html")
    seen = []
    for theme in ("light", "dark"):
        window.locator(".theme-switch-button:visible").click()
        window.locator(f".theme-change-button[data-mode={theme}]:visible").click()
        seen.append(window.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert seen[0] == "rgb(255, 255, 255)" != seen[1]


def test_search_finds_a_lab_by_a_word_of_its_text(address, window):
    window.goto(f"{address}/search.html?q=backpropagation")
    link = window.locator("#search-results a[href*='labs/02_backprop_xor']").first
    link.wait_for(timeout=30_000)
    assert window.strangers == []


def test_nothing_is_cut_off_on_paper(address, window):
    window.emulate_media(media="print")
    window.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins, at 96 dots an inch
    for lab in (LABS[0], LABS[4], LABS[-1]):
        window.goto(f"{address}/labs/{lab}.html")
        window.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        cut = window.evaluate(
            "[...document.querySelectorAll('main pre, main img, main table, main .formula, main p')].filter(e =>"
            " e.offsetParent && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 ||"
            " e.getBoundingClientRect().right > window.innerWidth)).map(e => e.outerHTML.slice(0, 200))"
        )
        assert not cut, f"{lab}: {len(cut)} cut, {cut[:3]}"
        assert not window.locator(".bd-sidebar-primary, .bd-header, .prev-next-footer").locator("visible=true").count()


# -- releases ---------------------------------------------------------------------------------------------------------


def test_version_citation_and_changelog_agree():
    version = tomllib.loads((course.ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = yaml.safe_load((course.ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == version and citation["repository-code"] == course.settings()["repository"]
    first = re.search(r"^## (\S+) · (\S+)$", (course.ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first.groups() == (version, str(citation["date-released"]))


def test_pushing_publishes_what_make_site_makes():
    workflow = yaml.safe_load((course.ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert any(step.get("run", "").startswith("make site") for step in steps)
    upload = next(step for step in steps if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] == "build/site/html"
    assert "push" in workflow[True]  # YAML reads the key `on` so
