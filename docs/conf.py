"""The documentation site: `make site` builds it from the pages of docs/, CONTRIBUTING, CHANGELOG and the notebooks.

The source folder of the site is the whole repository, so a relative link is the same on the site, on GitHub and in
JupyterLab. Nothing is fetched while the site is built or read, and no notebook is run.
"""

import json
import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

project = "traindeep"
author = "the traindeep maintainers"
copyright = "MIT License (code), CC BY 4.0 (text)"
language = "en"

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
root_doc = "docs/index"
include_patterns = ["docs/*.md", "notebooks/*/*.ipynb", "CONTRIBUTING.md", "CHANGELOG.md"]
# What is left out need not be searched either.
exclude_patterns = sorted(
    name
    for name in os.listdir(ROOT)
    if (ROOT / name).is_dir() and name not in ("docs", "notebooks")
)

nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {}

html_theme = "sphinx_book_theme"
html_title = "traindeep"
html_extra_path = ["site"]  # index.html leads to docs/index.html
html_show_sphinx = False
html_theme_options = {
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "use_fullscreen_button": False,
    "use_repository_button": False,
}
suppress_warnings = []


def number_notebooks(app, docname: str, source: list[str]) -> None:
    """The heading of a notebook carries its number on the site: `# Dropout` of 05_dropout is `# 05 · Dropout` there."""
    if number := re.match(r"notebooks/(\d\d)_", docname):
        source[0] = re.sub(r'"# ', f'"# {number[1]} · ', source[0], count=1)


def setup(app) -> None:
    app.connect("source-read", number_notebooks)
