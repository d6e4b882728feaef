"""The documentation site: `make site` builds it from the pages of docs/, CONTRIBUTING, CHANGELOG and the notebooks.

The source folder of the site is the whole repository, so a relative link is the same on the site, on GitHub and in
JupyterLab. Nothing is fetched while the site is built or read, and no notebook is run.
"""

import os
import re
from pathlib import Path

from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[1]

project = "traindeep"
author = "the traindeep maintainers"
copyright = "MIT License (code), CC BY 4.0 (text)"
language = "en"

extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
root_doc = "docs/index"
include_patterns = ["docs/*.md", "notebooks/*/*.ipynb", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
# What is left out need not be searched either.
exclude_patterns = sorted(
    name for name in os.listdir(ROOT) if (ROOT / name).is_dir() and name not in ("docs", "notebooks")
)

nb_execution_mode = "off"
suppress_warnings = ["myst.header"]  # a heading may skip a level
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3  # as on GitHub

html_theme = "sphinx_book_theme"
html_title = "traindeep"
html_extra_path = ["site/index.html"]  # leads to docs/index.html
html_static_path = ["site/style.css"]
html_css_files = ["style.css"]
html_show_sphinx = False
html_sidebars = {"**": ["navbar-logo.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_theme_options = {
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the search stands in the side bar
    "show_navbar_depth": 1,
    "use_fullscreen_button": False,
    "use_repository_button": False,
}


def number_notebooks(app, docname: str, source: list[str]) -> None:
    """The heading of a notebook carries its number on the site: `# Dropout` of 05_dropout is `# 05 · Dropout` there."""
    if number := re.match(r"notebooks/(\d\d)_", docname):
        source[0] = re.sub(r'"# ', f'"# {number[1]} · ', source[0], count=1)


def unlink_folders(app, docname: str, source: list[str]) -> None:
    """A link to a folder of the repository becomes its text: a folder has no page. (A file is there for download.)"""
    here = (ROOT / docname).parent

    def text(link: re.Match) -> str:
        return link[1] if (here / link[2]).is_dir() else link[0]

    if (ROOT / f"{docname}.md").is_file():
        source[0] = re.sub(r"\[([^\]]+)\]\(([^)#:\s]+)\)", text, source[0])


def refuse_foreign_assets(app, exception) -> None:
    """The site can be read without network: no page loads a script, style, font, frame or picture from elsewhere."""
    if exception:
        return
    asset = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^>]*>|@import[^;]*//")
    pages = sorted(Path(app.outdir).rglob("*.html"))
    found = {f"{page}: {match[0]}" for page in pages for match in asset.finditer(page.read_text(encoding="utf-8"))}
    if found or len(pages) < 20:
        raise ExtensionError("; ".join(sorted(found)) or f"only {len(pages)} pages were written")


def setup(app) -> None:
    app.connect("source-read", number_notebooks)
    app.connect("source-read", unlink_folders)
    app.connect("build-finished", refuse_foreign_assets)
