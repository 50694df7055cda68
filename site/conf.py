"""Settings of the site for Sphinx; `make site` builds it, `course_pages` makes the pages that nobody writes."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from labs_utils import course

_project = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]

project = "Deep-learning labs"
author = copyright = "the authors of the deep-learning labs, MIT licence"
version = release = _project["version"]
language = "en_GB"

extensions = ["myst_nb", "sphinx_design", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "course_pages"]
exclude_patterns = ["_*", "extra"]  # files that other pages include

# The notebooks are shown as they were stored. Nothing is run, so a site is the same on every machine.
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # stored tables
myst_enable_extensions = ["dollarmath", "colon_fence", "substitution"]
myst_substitutions = {"repository": f"[repository]({course.settings()['repository']})"}
myst_heading_anchors = 3

# Docstrings are Google's style; a single backtick in them is a name.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

# Formulae are MathML: every browser shows it, and no script or font is fetched.
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False  # the source of a page holds the answers
html_show_sphinx = False
html_domain_indices = html_use_index = False
html_sidebars = {"index": [], "students": [], "contributors": []}
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["theme-switcher", "navbar-icon-links"],
    "icon_links": [{"name": "Repository", "url": course.settings()["repository"], "icon": "fa-brands fa-github"}],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "show_toc_level": 1,
}
