"""Which cell of a student's notebook is which cell of the release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.finding import plain
from autograder.untrusted import RawCell, names_of, tidied

_FLAGS = ("grade", "solution", "locked", "task", "points", "schema_version")


@dataclass(frozen=True, eq=False)
class Part:
    """A cell of the release. kind: solution, written, given, check (grade cells), experiment or text."""

    position: int
    kind: str
    name: str  # the grade_id, or the cell id where there is none
    source: str
    tidy: str
    metadata: dict
    defines: frozenset[str]
    lines: frozenset[str]


class Release:
    """What has to be known of the release notebook."""

    def __init__(self, release: NotebookNode) -> None:
        self.parts = [_part(position, cell) for position, cell in enumerate(release.cells)]
        self.by_id = {part.name: part for part in self.parts if part.name}
        self.by_text = {part.tidy: part for part in reversed(self.parts) if part.kind != "text"}
        self.answers = [part for part in self.parts if part.kind in ("solution", "written")]
        self.solutions = [part for part in self.parts if part.kind == "solution"]
        self.owner = {name: part.name for part in self.solutions for name in part.defines}
        checks = [part for part in self.parts if part.kind == "check"]
        self.checks = {
            part.name: next((check for check in checks if check.position > part.position), None)
            for part in self.solutions
        }
        self.skipped = [part for part in self.parts if part.kind in ("check", "experiment") and len(part.lines) > 2]

    def checked_at(self, parts: dict[RawCell, Part | None]) -> dict[str, int]:
        """Exercise -> number of the student's cell that is its check, the first of several."""
        first = {part: cell.index for cell, part in reversed(parts.items()) if part is not None}
        return {name: first[check] for name, check in self.checks.items() if check in first}

    def part_of(self, cell: RawCell) -> Part | None:
        """The release cell that this cell is a copy of, by its labels, its text, or (if it is skipped) its look."""
        part = self.by_id.get(cell.grade_id) or self.by_id.get(cell.id) or self.by_text.get(cell.tidy)
        if part is not None or cell.cell_type != "code":
            return part
        lines = _lines(cell.source)
        for part in self.skipped:
            if 2 * len(lines & part.lines) > len(part.lines) and cell.names.defines <= part.defines:
                return part
        return None


def _part(position: int, cell: NotebookNode) -> Part:
    metadata = cell.metadata.get("nbgrader", {})
    grade, code = metadata.get("grade"), cell.cell_type == "code"
    if metadata.get("solution"):
        kind = "solution" if code and not grade else "written"
    elif not code:
        kind = "text"
    elif grade:
        kind = "check"
    else:
        kind = "experiment" if "experiment" in cell.metadata.get("tags", ()) else "given"
    defines = names_of(cell.source).defines if code else frozenset()
    return Part(
        position, kind, name_of(cell), cell.source, tidied(cell.source), dict(metadata), defines, _lines(cell.source)
    )


def name_of(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "") or cell.get("id", "")


def match(cells: list[RawCell], given: Release, problems: list[str]) -> dict[str, RawCell]:
    """The student's cell of each solution and written answer, by grade_id."""
    labelled: dict[str, list[RawCell]] = {part.name: [] for part in given.answers}
    identified: dict[str, list[RawCell]] = {part.name: [] for part in given.answers}
    defining: dict[str, list[RawCell]] = {part.name: [] for part in given.answers}
    for cell in sorted(cells, key=lambda cell: (cell.cell_type != "code", cell.index)):
        for name in {given.owner[name] for name in cell.names.defines & given.owner.keys()}:
            defining[name].append(cell)
    for cell in cells:
        if cell.grade_id in labelled:
            labelled[cell.grade_id].append(cell)
        if cell.id in identified:
            identified[cell.id].append(cell)

    ends = given.checked_at({cell: given.part_of(cell) for cell in cells})

    def first_choice(part: Part, fit: list[RawCell]) -> list[RawCell]:
        """The answer that the student's check saw, which is the last before it, then the others in their order."""
        end = ends.get(part.name, 0)
        seen = [cell for cell in reversed(fit) if cell.index < end]
        kind = "code" if part.kind == "solution" else "markdown"
        return sorted([*seen, *(cell for cell in fit if cell.index >= end)], key=lambda cell: cell.cell_type != kind)

    def attempted(part: Part, cells: list[RawCell], *, whole: bool = False) -> list[RawCell]:
        """The cells that differ from the stub and, if `whole`, define all that the exercise asks for."""
        fit = (cell for cell in cells if not whole or part.defines <= cell.names.defines)
        return [cell for cell in fit if cell.tidy != part.tidy]

    # From the surest to the least sure; a cell that one rule has taken is not there for the next.
    rules = (
        lambda part: attempted(part, labelled[part.name], whole=True),
        lambda part: attempted(part, identified[part.name], whole=True),
        lambda part: attempted(part, defining[part.name], whole=True),
        lambda part: attempted(part, labelled[part.name]),
        lambda part: attempted(part, identified[part.name]),
        lambda part: attempted(part, defining[part.name]),
        lambda part: [*labelled[part.name], *identified[part.name], *defining[part.name]],
    )
    chosen: dict[str, RawCell] = {}
    taken: dict[RawCell, str] = {}
    for rule in rules:
        for part in given.answers:
            fit = first_choice(part, rule(part)) if part.name not in chosen else []
            if part.defines and fit and fit[0] in taken and part.defines <= fit[0].names.defines:
                # Two answers in one cell: it runs once, for its first exercise.
                host = taken[fit[0]]
                text = f"# {part.name} is defined in the cell {host}."
                chosen[part.name] = RawCell(fit[0].index, "code", text, part.name, part.name)
                problems.append(f"{part.name} is defined in the cell of {host}; it was graded from there.")
                continue
            cell = next((cell for cell in fit if cell not in taken), None)
            if cell is not None:
                chosen[part.name] = cell
                taken[cell] = part.name

    lost = bool(cells) and not any(cell.metadata for cell in cells)
    if lost:
        problems.append(
            "The notebook has lost its nbgrader metadata (another editor?); "
            "its cells were recognised by their cell ids and by the functions they define."
        )
    # Only in a notebook that has shown to be one of this assignment.
    neighbours = _by_neighbours(cells, chosen, taken, given) if chosen else {}
    for name, around in neighbours.items():
        text = "\n\n".join(cell.source for cell in around)
        chosen[name] = RawCell(around[0].index, "markdown", text, name, name)
        problems.append(f"The answer to {name} has lost its name; it was recognised by its neighbours.")
    for part in given.answers:
        cell = chosen.get(part.name)
        if cell in taken:
            copies = labelled[part.name] or identified[part.name]
            problems += _oddities(part, cell, copies, lost, checked=cell.index < ends.get(part.name, 0))
    for cell in cells:
        part = given.by_id.get(cell.grade_id)
        if part is not None and any(cell.metadata.get(key) != part.metadata.get(key) for key in _FLAGS):
            problems.append(f"The grading metadata of the cell {part.name} was changed; the original was used.")
    return chosen


def _by_neighbours(
    cells: list[RawCell], chosen: dict[str, RawCell], taken: dict[RawCell, str], given: Release
) -> dict[str, list[RawCell]]:
    """Answers in words that lost their names: the student's own text between the nearest unchanged cells around them."""
    fixed = {part.tidy for part in given.parts if part.kind != "written"}
    where = {cell.tidy: cell.index for cell in reversed(cells) if cell.tidy in fixed}
    places = [where.get(part.tidy, 0) if part.kind != "written" else 0 for part in given.parts]
    gaps: dict[tuple[int, float], list[str]] = {}
    for part in given.answers:
        if part.kind == "written" and part.name not in chosen:
            start = next(filter(None, reversed(places[: part.position])), 0)
            end = next(filter(None, places[part.position + 1 :]), float("inf"))
            if start:
                gaps.setdefault((start, end), []).append(part.name)
    found: dict[str, list[RawCell]] = {}
    for (start, end), names in gaps.items():
        inside = (cell for cell in cells if start < cell.index < end and cell.cell_type == "markdown")
        own = [cell for cell in inside if cell not in taken and cell.source.strip() and cell.tidy not in fixed]
        for name, cell in zip(names, own, strict=False):
            found[name] = [cell]
        if len(own) > len(names):  # an answer split over several cells
            found[names[-1]] += own[len(names) :]
    return found


def _oddities(part: Part, cell: RawCell, copies: list[RawCell], lost: bool, checked: bool) -> Iterator[str]:
    """What is unusual about the cell that was chosen for an exercise."""
    number = copies.index(cell) + 1 if cell in copies else 0
    if copies and not number:
        yield f"The answer to {part.name} was found in cell number {cell.index}, not in its own cell."
    elif cell.grade_id != part.name and not lost:
        got = cell.metadata.get("grade_id")
        label = "no grade_id" if got is None else f"grade_id {plain(repr(got), 40)}"
        how = "its cell id" if cell.id == part.name else "what it defines"
        yield f"Cell number {cell.index} has {label}, expected {part.name}; it was recognised by {how}."
    elif len(copies) > 1:
        why = ", the last answer before its check," if checked else ", the first answer," if number > 1 else ""
        yield f"The cell {part.name} is there {len(copies)} times; copy number {number}{why} was graded."
    expected = "code" if part.kind == "solution" else "markdown"
    if cell.cell_type != expected:
        yield f"The cell {part.name} is now of type {cell.cell_type}, expected {expected}; its text was taken."


def _lines(source: str) -> frozenset[str]:
    return frozenset(line.strip() for line in source.splitlines() if line.strip())
