"""Make the parts of the course map that follow from the notebooks, and the coverage table.

    python docs/course.py            write docs/coverage.md, docs/course.svg and the table in docs/course.md
    python docs/course.py --check    write nothing; exit 1 and name what is not up to date

solutions/*.py give exercises, points, hours and the notebooks that each needs; docs/coverage.txt gives the items of the
source documents and the places where the course takes them up.
"""

import collections
import dataclasses
import re
import sys
import textwrap
from pathlib import Path

from autograder.course import Course, grade_id, role

DOCS = Path(__file__).parent
BEGIN, END = "<!-- made by docs/course.py -->", "<!-- end of what docs/course.py makes -->"
HEAD = """# Where each topic is

The course takes up what five public lecture documents say ([acknowledgements](acknowledgements.md)), {items} items in
all, and {more} things that they do not mention. This page goes through the documents from top to bottom and names, for
each item in our words, the cells where it is explained, built, measured or asked. Where a document is wrong or where
two of them disagree, the [glossary](glossary.md) says what the course follows.

In the last column, names in `code` are graded exercises, E is an experiment, W a question in words and § a section.
"""


class NoPlace(Exception):
    """A place that coverage.txt names and no notebook has."""


@dataclasses.dataclass
class Notebook:
    """What a source says about itself."""

    name: str  # 02_batch_norm
    title: str
    intro: str  # its first text cell
    hours: str
    needs: tuple[str, ...]  # ("00", "01")
    exercises: dict[str, float] = dataclasses.field(default_factory=dict)  # id -> points
    questions: dict[str, float] = dataclasses.field(default_factory=dict)
    extensions: set[str] = dataclasses.field(default_factory=set)
    # What can be linked to: shown text -> anchor. Headings keep their text, sections are "§5".
    anchors: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def path(self) -> str:
        """Relative to docs/."""
        return f"../notebooks/{self.name}/{self.name}.ipynb"

    def link(self, shown: str) -> str:
        return f"[{shown}]({self.path})"


def read(course: Course) -> list[Notebook]:
    """Every notebook of the course, in order."""
    return [_notebook(course, name) for name in course.assignments]


def _notebook(course: Course, name: str) -> Notebook:
    cells = course.source(name).cells
    first = cells[0].source
    needs = re.search(r"\*\*You need\*\*.*?(?=\*\*Time\*\*|\Z)", first, re.DOTALL)
    hours = re.search(r"\*\*Time\*\*:\s+about\s+([\d.]+)\s+hours", first)
    found = Notebook(
        name=name,
        intro=first,
        title=re.search(r"^# (.+)", first, re.MULTILINE).group(1),
        hours=hours.group(1) if hours else "",
        needs=tuple(sorted(re.findall(r"\]\(\.\./(\d\d)_", needs.group() if needs else ""))),
    )
    slugs, anchor, latest = collections.Counter(), "", ""
    for cell in cells:
        if role(cell) == "solution":
            found.exercises[grade_id(cell)] = 0
            found.anchors[grade_id(cell)] = anchor
            if re.search("[Aa]n extension|, extension", latest):
                found.extensions.add(grade_id(cell))
        elif role(cell) == "check":
            found.exercises[grade_id(cell).removeprefix("check_")] = cell.metadata.nbgrader.points
        elif role(cell) == "written":
            found.questions[grade_id(cell)] = cell.metadata.nbgrader.points
            found.anchors[grade_id(cell)] = anchor
        elif cell.cell_type == "markdown":
            latest = cell.source
            for heading in _headings(cell.source):
                slug = slugify(heading)
                anchor = slug + (f"-{slugs[slug]}" if slugs[slug] else "")
                slugs[slug] += 1
                found.anchors.setdefault(heading, anchor)
                if section := re.match(r"(\d+) · ", heading):
                    found.anchors[f"§{section[1]}"] = anchor
                if experiment := re.match(r"Experiment (E\d\d[a-z])", heading):
                    found.anchors.setdefault(experiment[1], anchor)
    return found


def _headings(text: str) -> list[str]:
    """The headings of a text cell, down to the third level, outside of code fences."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#{1,3} (.+?)\s*$", outside, re.MULTILINE)


def slugify(heading: str) -> str:
    """The anchor of a heading on GitHub and on the site."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# ---- coverage --------------------------------------------------------------------------------------------


def coverage(text: str) -> list[tuple[str, list[tuple[str, str, list[str]]]]]:
    """The lines of coverage.txt: (document, [(item, topic, places), ...]) for each document."""
    parts: list[tuple[str, list]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("= "):
            parts.append((line[2:].split(" ", 1)[1], []))
        elif line and not line.startswith("#"):
            fields = [field.strip() for field in line.split(" | ")]
            if len(fields) != 3 or not all(fields):
                raise NoPlace(f"docs/coverage.txt, line {number}: expected `item | topic | places`, got {line!r}")
            parts[-1][1].append((fields[0], fields[1], [place.strip() for place in fields[2].split(";")]))
    return parts


def link_to(place: str, notebooks: list[Notebook]) -> str:
    """The link of a place. Raises NoPlace when no notebook has it."""
    if numbered := re.fullmatch(r"(\d\d)\.(.*)", place):
        for notebook in notebooks:
            if notebook.number == numbered[1]:
                return _section(notebook, numbered[2], place)
    for notebook in notebooks:
        if place in notebook.anchors and not place.startswith("§"):
            shown = f"`{place}`" if place in notebook.exercises else place
            return f"[{shown}]({notebook.path}#{notebook.anchors[place]})"
    raise NoPlace(f"docs/coverage.txt: no notebook has {place!r}")


def _section(notebook: Notebook, wanted: str, place: str) -> str:
    if not wanted:
        return notebook.link(notebook.number)
    if wanted.isdigit() and f"§{wanted}" in notebook.anchors:
        return f"[{notebook.number} §{wanted}]({notebook.path}#{notebook.anchors[f'§{wanted}']})"
    for heading, anchor in notebook.anchors.items():
        if heading.startswith(wanted) and heading not in notebook.exercises | notebook.questions:
            shown = heading.replace('"', "").replace("`", "")
            return f"[{notebook.number}: {shown}]({notebook.path}#{anchor})"
    raise NoPlace(f"docs/coverage.txt: {notebook.name} has no heading for {place!r}")


def coverage_page(notebooks: list[Notebook], text: str) -> str:
    parts = coverage(text)
    counted = [len(rows) for _, rows in parts]
    lines = [HEAD.format(items=sum(counted[:-1]), more=counted[-1])]
    for document, rows in parts:
        lines += [f"## {document}", "", "| item | topic | where |", "| --- | --- | --- |"]
        for item, topic, places in rows:
            shown = item.replace("-", "\N{NON-BREAKING HYPHEN}")
            lines.append(f"| {shown} | {topic} | {', '.join(link_to(place, notebooks) for place in places)} |")
        lines.append("")
    return "\n".join(lines)


# ---- the map ---------------------------------------------------------------------------------------------


def table(notebooks: list[Notebook]) -> str:
    """One row a notebook, and the sums."""
    lines = [
        "| notebook | needs | hours | exercises | extensions | points | in words |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for n in notebooks:
        lines.append(
            f"| {n.link(f'{n.number} · {n.title}')} | {', '.join(n.needs) or 'nothing'} | {n.hours} "
            f"| {len(n.exercises)} | {len(n.extensions) or ''} "
            f"| {_number(sum(n.exercises.values()))} | {_number(sum(n.questions.values()))} |"
        )
    hours = sum(float(n.hours or 0) for n in notebooks)
    exercises = sum(len(n.exercises) for n in notebooks)
    extensions = sum(len(n.extensions) for n in notebooks)
    points = sum(sum(n.exercises.values()) for n in notebooks)
    words = sum(sum(n.questions.values()) for n in notebooks)
    lines.append(f"| all | | {_number(hours)} | {exercises} | {extensions} | {_number(points)} | {_number(words)} |")
    return "\n".join(lines)


def _number(x: float) -> str:
    return f"{x:g}"


# ---- the diagram -----------------------------------------------------------------------------------------

# Where the boxes stand: column, row. An edge leaves along the row of its box and turns before the column that it leads to.
PLACES = {
    "00": (0, 1.5), "01": (1, 1), "02": (2, 1), "03": (3, 1), "04": (3, 0), "05": (1, 2), "06": (3, 3), "07": (4, 2),
    "08": (5, 2), "09": (2, 4), "10": (4, 4), "11": (4, 1), "12": (6, 2),
}  # fmt: skip
BOX, STEP, EDGE = (132, 44), (168, 70), 8  # width and height of a box, from box to box, margin


def diagram(notebooks: list[Notebook]) -> str:
    """Which notebook needs which, as SVG; what follows from other needs is not drawn."""
    needs = {n.number: set(n.needs) for n in notebooks}
    width, height = (int(2 * EDGE + max(p[i] for p in PLACES.values()) * STEP[i] + BOX[i]) for i in (0, 1))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12" text-anchor="middle">',
        "<title>Which notebook needs which</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, direct in _direct(needs).items():
        lines += [_arrow(PLACES[before], PLACES[number]) for before in direct]
    lines += [line for n in notebooks for line in _box(n, *_corner(PLACES[n.number]))]
    return "\n".join([*lines, "</svg>", ""])


def _direct(needs: dict[str, set[str]]) -> dict[str, list[str]]:
    """The needs of each notebook without those that another of its needs has already."""

    def behind(number: str) -> set[str]:
        return needs[number].union(*(behind(before) for before in needs[number]))

    return {
        number: sorted(one for one in before if not any(one in behind(other) for other in before))
        for number, before in needs.items()
    }


def _corner(place: tuple[float, float]) -> tuple[float, float]:
    return EDGE + place[0] * STEP[0], EDGE + place[1] * STEP[1]


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = _corner(start), _corner(end)
    x0, y0, y1 = x0 + BOX[0], y0 + BOX[1] / 2, y1 + BOX[1] / 2
    turn, middle, tip = x1 - STEP[0] + BOX[0], x1 - (STEP[0] - BOX[0]) / 2, x1 - 6
    return (
        f'<path d="M{x0:g} {y0:g}H{turn:g}C{middle:g} {y0:g} {middle:g} {y1:g} {tip:g} {y1:g}" fill="none" '
        f'stroke="#666"/><path d="M{x1:g} {y1:g}l-7 -4v8z" fill="#666"/>'
    )


def _box(notebook: Notebook, x: float, y: float) -> list[str]:
    words = textwrap.wrap(notebook.name[3:].replace("_", " "), 18)
    words[0] = f"{notebook.number} · {words[0]}"
    top = y + BOX[1] / 2 + 4 - 7.5 * (len(words) - 1)
    rows = [f'<text x="{x + BOX[0] / 2:g}" y="{top + 15 * i:g}">{row}</text>' for i, row in enumerate(words)]
    return [
        f'<rect x="{x:g}" y="{y:g}" width="{BOX[0]}" height="{BOX[1]}" rx="4" fill="#eef4fa" stroke="#0072b2"/>',
        *rows,
    ]


def made(course: Course) -> dict[Path, str]:
    """Everything this program writes: path -> text."""
    notebooks = read(course)
    page = DOCS / "course.md"
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    return {
        DOCS / "coverage.md": coverage_page(notebooks, (DOCS / "coverage.txt").read_text(encoding="utf-8")),
        DOCS / "course.svg": diagram(notebooks),
        page: pattern.sub(lambda _: table(notebooks) + "\n\n", text),
    }


def main(argv: list[str]) -> int:
    stale = [
        (path, text)
        for path, text in made(Course.find(DOCS)).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(path.relative_to(DOCS.parent), "is not up to date" if "--check" in argv else "written")
        if "--check" not in argv:
            path.write_text(text, encoding="utf-8")
    return int(bool(stale) and "--check" in argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
