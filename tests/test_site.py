"""The pages of the site agree with each other and with what they are made of. `make site` builds it."""

import collections
import fnmatch
import functools
import importlib.util
import json
import re
from pathlib import Path

import pytest

from autograder import exercise as hidden
from autograder.course import Course

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")] + sorted((ROOT / "docs").glob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")


def script(name: str):
    """The program docs/<name>.py as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def text(path: Path) -> str:
    """The Markdown of a page or notebook, without its fenced code."""
    found = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(found)["cells"]
        found = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"^```.*?^```", "", found, flags=re.MULTILINE | re.DOTALL)


@functools.cache
def anchors(path: Path) -> set[str]:
    """What `#...` may follow the name of this page, on GitHub and on the site."""
    seen, found = collections.Counter(), set()
    for heading in re.findall(r"^#{1,3} (.+?)\s*$", text(path), re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


@pytest.mark.parametrize("page", PAGES + NOTEBOOKS, ids=lambda path: path.name)
def test_links_lead_somewhere(page):
    """Every relative link names a file that exists and, after a #, one of its headings."""
    for target in LINK.findall(text(page)):
        if not target.startswith(("http:", "https:", "mailto:")):
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            assert path.exists(), target
            assert not anchor or anchor in anchors(path), target


def test_links_are_found():
    """The pattern above sees the links that there are, in pages and in notebooks."""
    assert sum(len(LINK.findall(text(page))) for page in PAGES) > 50
    assert sum(len(LINK.findall(text(page))) for page in NOTEBOOKS) > 10


def test_the_contents_name_every_page_and_notebook():
    """Whoever reads the site finds every page of docs/, the README, both guides and every notebook in its contents."""
    index = ROOT / "docs/index.md"
    blocks = re.findall(r"^```{toctree}\n(.*?)^```", index.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
    entries = [re.sub(r".*<(.*)>", r"\1", line) for line in lines]
    patterns = [str((index.parent / entry).resolve()) for entry in entries]
    pages = [path for path in PAGES + NOTEBOOKS if path != index]
    for path in pages:
        assert any(fnmatch.fnmatch(str(path.with_suffix("")), pattern) for pattern in patterns), path
    for pattern in patterns:
        assert any(fnmatch.fnmatch(str(path.with_suffix("")), pattern) for path in pages), pattern
    assert len(NOTEBOOKS) >= 12


def test_the_kill_table_is_that_of_this_course():
    """The page has every exercise, with as many mistakes, variants and points as there are now, and none that failed."""
    killtable, course = script("killtable"), Course.find(ROOT)
    page = killtable.PAGE.read_text(encoding="utf-8")
    rows = killtable.recorded(page)
    ids = [id for assignment in course.assignments for id in course.exercises(assignment)]
    assert list(rows) == ids, "run python docs/killtable.py"
    for id in ids:
        item = hidden.load(id)
        caught, mistakes, named, also, accepted, variants, idle, score = killtable.numbers(rows[id])
        assert (mistakes, variants) == (len(item.misconceptions), len(item.variants)), f"python docs/killtable.py {id}"
        assert (caught, named, also, accepted, score) == (mistakes, mistakes, mistakes, variants, 0)
        assert idle > 0
        assert f"| {item.points:g} |" in rows[id]
    assert page == killtable.page(course, rows), "run python docs/killtable.py"


def test_the_benchmark_page_is_made_of_the_results():
    """docs/benchmarks.md says what benchmarks/results.json says."""
    benchmarks = script("benchmarks")
    made = benchmarks.page(json.loads(benchmarks.RESULTS.read_text(encoding="utf-8")))
    assert benchmarks.PAGE.read_text(encoding="utf-8") == made, "run python docs/benchmarks.py"
