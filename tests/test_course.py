"""The thirteen notebooks as one course: the map, the coverage table, the glossary and the links agree with them."""

import importlib.util
import re
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.course import Course

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
ITEMS = [54, 72, 20, 37, 47]  # of the five source documents
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def program():
    spec = importlib.util.spec_from_file_location("course_map", ROOT / "docs/course.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


course_map = program()


@pytest.fixture(scope="module")
def notebooks():
    return course_map.read(Course.find(ROOT))


@pytest.fixture(scope="module")
def parts():
    return course_map.coverage((ROOT / "docs/coverage.txt").read_text())


# ---- coverage --------------------------------------------------------------------------------------------


def test_what_the_program_makes_is_up_to_date(capsys):
    """The map, the diagram and the coverage table are what the notebooks and coverage.txt give."""
    assert course_map.main(["--check"]) == 0, capsys.readouterr().out + "run `python docs/course.py`"


def test_coverage_has_every_item_of_the_documents(parts):
    """Each document's items are there, numbered from 1 without a gap."""
    assert [len(rows) for _, rows in parts[:-1]] == ITEMS
    for document, (_, rows) in enumerate(parts[:-1]):
        assert [item for item, _, _ in rows] == [f"S{document}-{i:02d}" for i in range(1, len(rows) + 1)]


def test_coverage_names_only_what_exists_and_all_of_it(parts, notebooks):
    """Each place is one of a notebook, and each exercise, question and experiment of the course has an item."""
    places = {place for _, rows in parts for _, _, named in rows for place in named}
    for place in places:
        assert course_map.link_to(place, notebooks)
    there = [id for n in notebooks for id in (*n.exercises, *n.questions)]
    there += [a for n in notebooks for a in n.anchors if re.fullmatch(r"E\d\d[a-z]", a)]
    assert len(there) > 170
    assert not set(there) - places


@pytest.mark.parametrize("place", ["bn_forward", "E02z", "02.99", "02.No such heading", "§1", "77.1"])
def test_an_unknown_place_is_refused(place, notebooks):
    """A place that no notebook has does not get a link."""
    with pytest.raises(course_map.NoPlace, match=re.escape(place)):
        course_map.link_to(place, notebooks)


def test_a_line_without_three_fields_is_refused():
    """A coverage line names item, topic and places."""
    with pytest.raises(course_map.NoPlace, match="line 2"):
        course_map.coverage("= 0 Title\nS0-01 | a topic\n")


def test_anchors_are_those_of_the_notebooks():
    """Each anchor of the coverage page is that of a heading of the released notebook."""
    page = (ROOT / "docs/coverage.md").read_text()
    links = set(re.findall(r"\]\(\.\./(notebooks/[^)#]+)#([^)]+)\)", page))
    assert len(links) > 150
    known = {str(path.relative_to(ROOT)): _anchors(path) for path in NOTEBOOKS}
    for path, anchor in links:
        assert anchor in known[path], f"{path} has no heading for #{anchor}"


def _anchors(path: Path) -> set[str]:
    text = "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    found: list[str] = []
    for heading in re.findall(r"^#{1,3} (.+?)\s*$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        copies = sum(re.fullmatch(re.escape(slug) + r"(-\d+)?", known) is not None for known in found)
        found.append(f"{slug}-{copies}" if copies else slug)
    return set(found)


# ---- the map ---------------------------------------------------------------------------------------------


def test_first_cells_state_points_and_hours(notebooks):
    """What a notebook says at its top about points, exercises and questions is what its cells are worth."""
    for notebook in notebooks:
        first = " ".join(notebook.intro.split())
        said = re.search(
            r"\*\*Points\*\*: (\d+) for code in (\w+) exercises, (\d+) for (?:(\w+) questions? in words|a report)",
            first,
        )
        assert said, notebook.name
        points, exercises, in_words, questions = said.groups("one")  # the report is one question
        assert int(points) == sum(notebook.exercises.values()), notebook.name
        assert WORDS.index(exercises) == len(notebook.exercises), notebook.name
        assert int(in_words) == sum(notebook.questions.values()), notebook.name
        assert WORDS.index(questions) == len(notebook.questions), notebook.name
        assert float(notebook.hours) > 0, notebook.name


def test_marked_extensions_are_explained(notebooks):
    """A notebook says what an extension is exactly when it has one."""
    for notebook in notebooks:
        first = " ".join(notebook.intro.split())
        assert ("Exercises marked *extension*" in first) == bool(notebook.extensions), notebook.name


def test_readme_table(notebooks):
    """The README lists every notebook with its exercises and points."""
    rows = re.findall(
        r"^\| \[(\w+)\]\(notebooks/(\w+)/\w+\.ipynb\) \|[^|]+\| (\d+) \| (\d+) \+ (\d+)",
        (ROOT / "README.md").read_text(),
        re.M,
    )
    assert [(a, b) for a, b, *_ in rows] == [(n.name, n.name) for n in notebooks]
    for (*_, exercises, points, words), n in zip(rows, notebooks, strict=True):
        assert int(exercises) == len(n.exercises), n.name
        assert int(points) == sum(n.exercises.values()), n.name
        assert int(words) == sum(n.questions.values()), n.name


def test_map_says_what_one_can_do_after_each_notebook(notebooks):
    """Each notebook has its goals on the map, in order."""
    headings = re.findall(r"^### (\d\d) · ", (ROOT / "docs/course.md").read_text(), re.M)
    assert headings == [n.number for n in notebooks]


def test_figures_have_one_style():
    """Every notebook sets the common style, and its own colours are those of the palette, black, white and greys."""
    for path in sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py")):
        text = path.read_text()
        assert re.search(r"^style\(\)$", text, re.M), path.name
        assert not re.search(r"rcParams|plt\.style|seaborn", text), path.name
        for color in re.findall(r"""\b(?:face|edge|e)?color=["']([^"']+)["']""", text):
            assert re.fullmatch(r"black|white|none|0\.\d+", color), f"{path.name}: color={color!r}"


# ---- glossary --------------------------------------------------------------------------------------------


def test_glossary_names_what_exists(notebooks):
    """Each place in the glossary is one of the notebook in front of it, and every table row has one."""
    by_number = {n.number: n for n in notebooks}
    rows = re.findall(r"^\| (?!---)(.+?) \|$", (ROOT / "docs/glossary.md").read_text(), re.M)
    checked = 0
    for row in rows:
        where = row.split(" | ")[-1]
        if where == "where":  # a head
            continue
        number = ""
        for place in re.split(r",? +(?!\d)|, (?=\d)", where):
            if named := re.fullmatch(r"\[(\d\d)\]", place):
                number = named[1]
                assert number in by_number, row
            else:
                assert place in by_number[number].anchors, f"{row}: notebook {number} has no {place}"
                checked += 1
    assert checked > 150


def test_glossary_links_to_every_notebook(notebooks):
    """The numbers in brackets are links."""
    found = re.findall(r"^\[(\d\d)\]: (\S+)$", (ROOT / "docs/glossary.md").read_text(), re.M)
    assert found == [(n.number, n.path) for n in notebooks]


# ---- links -----------------------------------------------------------------------------------------------


def links(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.findall(r"\]\(((?!https?:|#|data:|attachment:)[^)\s]+)\)", text)


def test_relative_links_of_notebooks_lead_to_notebooks():
    """Each relative link of a released notebook leads to a notebook, seen from the folder that students get."""
    checked = 0
    for path in NOTEBOOKS:
        for target in links(path):
            file = (path.parent / target.split("#")[0]).resolve()
            assert file in NOTEBOOKS, f"{path.name} links to {target}"
            checked += 1
    assert checked > 30


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_notebooks_link_to_their_neighbours(path):
    """The first cell links to what it needs, the last text links to the next notebook."""
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    if path != NOTEBOOKS[0]:
        assert re.search(r"\*\*You need\*\*[^\n]*(\n[^\n]+)*?\]\(\.\./", texts[0])
    if path != NOTEBOOKS[-1]:
        following = NOTEBOOKS[NOTEBOOKS.index(path) + 1].stem
        assert f"](../{following}/{following}.ipynb)" in texts[-1]
