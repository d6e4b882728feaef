"""A student's .ipynb -> the cells that are graded.

Rebuild, do not repair: only source text is taken from the student's file, everything else comes from the release.

1. `untrusted` turns the file into cells with checked types and bounded text, whatever the file holds.
2. `_match` finds the cell of each exercise: by grade_id, else by cell id, else by the functions it defines.
3. `_sequence` and `_satisfy` put the cells in an order that works: the student's own, in which a cell that needs
   at once what only a later cell defines is preceded by that cell. A reordering never breaks a right answer.

Every deviation becomes one sentence in `Submission.problems`. Nothing here runs the student's code.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.finding import Found, find, plain, safe_name
from autograder.untrusted import RawCell, UnreadableSubmission, cells_of, load, names_of

__all__ = [
    "Cell", "Found", "Submission", "UnreadableSubmission", "content_hash", "find", "read", "rebuild", "safe_name",
]  # fmt: skip

MAX_PROBLEMS = 40

_FLAGS = ("grade", "solution", "locked", "task", "points", "schema_version")


@dataclass(frozen=True)
class Cell:
    """A code cell as it will run. Given cells without a grade_id carry their cell id; added cells carry ""."""

    grade_id: str
    kind: str  # solution, added or given; a written answer is text, in Submission.written
    source: str


@dataclass(frozen=True)
class Submission:
    """What is graded of one notebook: code `cells` in the order to run, `written` answers by grade_id."""

    student: str
    assignment: str
    path: Path
    cells: tuple[Cell, ...]
    written: dict[str, str]
    problems: tuple[str, ...]
    untouched: tuple[str, ...]
    missing: tuple[str, ...]
    stubs: dict[str, str] = field(default_factory=dict, repr=False)  # what `rebuild` writes for what is missing


def read(path: str | os.PathLike[str], release: NotebookNode, *, student: str = "", assignment: str = "") -> Submission:
    """Read a submitted notebook against the release notebook of its assignment.

    Raises:
        UnreadableSubmission: nothing can be taken from the file. No other exception, whatever the file holds.
    """
    path = Path(path)
    assignment = assignment or release.metadata.get("traindeep", {}).get("assignment", "")
    problems: list[str] = []
    given = _Release(release)
    notebook = load(path, problems)
    cells = cells_of(notebook, path, given.by_id, problems)
    chosen = _match(cells, given, problems)
    _refuse_other_assignment(notebook, cells, chosen, given, assignment, path)
    order = _satisfy(_sequence(cells, chosen, given, problems))

    written, untouched, missing = {}, [], []
    for part in given.answers:
        cell = chosen.get(part.name)
        if cell is None:
            missing.append(part.name)
            continue
        if _same_text(cell.source, part.source):
            untouched.append(part.name)
        if part.kind == "written":
            written[part.name] = cell.source
    if missing:
        problems.append(f"Not found in the notebook: {', '.join(missing)}.")
    problems = list(dict.fromkeys(problems))
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"{len(problems) - MAX_PROBLEMS} more remarks were left out."]
    return Submission(
        student=student, assignment=assignment, path=path,
        cells=tuple(Cell(step.name, step.kind, step.cell.source) for step in order),
        written=written, problems=tuple(problems), untouched=tuple(untouched), missing=tuple(missing),
        stubs={part.name: part.source for part in given.answers},
    )  # fmt: skip


def rebuild(submission: Submission, source: NotebookNode) -> NotebookNode:
    """Put the student's text into `source` (the release, or the instructor's notebook with hidden tests).

    Solutions in `source` are always replaced: by the release's stub where the student's cell is missing. Added cells
    become plain code cells behind the cell they follow in the order to run. Outputs are cleared.
    """
    notebook = copy.deepcopy(source)
    texts = {**submission.stubs, **submission.written}
    texts |= {cell.grade_id: cell.source for cell in submission.cells if cell.kind == "solution"}
    added: dict[str, list[str]] = {}
    anchor = ""
    for cell in submission.cells:
        if cell.kind == "added":
            added.setdefault(anchor, []).append(cell.source)
        else:
            anchor = cell.grade_id
    names = {_name(cell) for cell in notebook.cells}
    cells: list[NotebookNode] = []
    taken = {cell.get("id") for cell in notebook.cells}

    def place(anchor: str) -> None:
        for text in added.pop(anchor, ()):
            cell = nbformat.v4.new_code_cell(text)
            cell.pop("id", None)
            if (notebook.nbformat, notebook.nbformat_minor) >= (4, 5):
                number = next(n for n in range(1, len(taken) + 2) if f"added-{n}" not in taken)
                cell["id"] = f"added-{number}"
                taken.add(cell["id"])
            cells.append(cell)

    for cell in notebook.cells:
        if cell.cell_type == "code":
            if not any(c.cell_type == "code" for c in cells):
                # What runs before every known cell, and what follows a cell that this source does not have.
                for name in [name for name in added if name not in names]:
                    place(name)
            cell.outputs, cell.execution_count = [], None
        cells.append(cell)
        name = _name(cell)
        if cell.metadata.get("nbgrader", {}).get("solution"):
            if name in texts:
                cell.source = texts[name]
            else:  # an answer that the release does not know: never the instructor's
                cell.source = "raise NotImplementedError()" if cell.cell_type == "code" else ""
        place(name)
    notebook.cells = cells
    return notebook


def content_hash(submission: Submission) -> str:
    """A hash of all that a result can depend on: everything but the student and the path."""
    parts = [
        submission.assignment,
        [[cell.grade_id, cell.kind, cell.source] for cell in submission.cells],
        sorted(submission.written.items()),
        submission.problems, submission.untouched, submission.missing,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


# Which cell is which


@dataclass(frozen=True, eq=False)
class _Part:
    """A cell of the release. kind: solution, written, given, check (grade cells), experiment or text."""

    position: int
    kind: str
    name: str  # the grade_id, or the cell id where there is none
    source: str
    metadata: dict
    defines: frozenset[str]
    lines: frozenset[str]


class _Release:
    """What has to be known of the release notebook."""

    def __init__(self, release: NotebookNode) -> None:
        self.parts = [_part(position, cell) for position, cell in enumerate(release.cells)]
        self.by_id = {part.name: part for part in self.parts if part.name}
        self.by_text = {_tidy(part.source): part for part in reversed(self.parts) if part.kind != "text"}
        self.answers = [part for part in self.parts if part.kind in ("solution", "written")]
        self.solutions = [part for part in self.parts if part.kind == "solution"]
        self.owner = {name: part.name for part in self.solutions for name in part.defines}
        self.skipped = [part for part in self.parts if part.kind in ("check", "experiment") and len(part.lines) > 2]

    def part_of(self, cell: RawCell) -> _Part | None:
        """The release cell that this cell is a copy of, by its labels, its text, or (if it is skipped) its look."""
        part = self.by_id.get(cell.grade_id) or self.by_id.get(cell.id) or self.by_text.get(_tidy(cell.source))
        if part is not None or cell.cell_type != "code":
            return part
        lines = _lines(cell.source)
        for part in self.skipped:
            if 2 * len(lines & part.lines) > len(part.lines) and cell.names.defines <= part.defines:
                return part
        return None


def _part(position: int, cell: NotebookNode) -> _Part:
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
    return _Part(position, kind, _name(cell), cell.source, dict(metadata), defines, _lines(cell.source))


def _name(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "") or cell.get("id", "")


def _match(cells: list[RawCell], given: _Release, problems: list[str]) -> dict[str, RawCell]:
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

    def attempted(part: _Part, cells: list[RawCell], *, whole: bool = False) -> list[RawCell]:
        """The cells that differ from the stub and, if `whole`, define all that the exercise asks for."""
        fit = (cell for cell in cells if not whole or part.defines <= cell.names.defines)
        return [cell for cell in fit if not _same_text(cell.source, part.source)]

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
            fit = rule(part) if part.name not in chosen else []
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
            problems += _oddities(part, cell, labelled[part.name] or identified[part.name], lost)
    for cell in cells:
        part = given.by_id.get(cell.grade_id)
        if part is not None and any(cell.metadata.get(key) != part.metadata.get(key) for key in _FLAGS):
            problems.append(f"The grading metadata of the cell {part.name} was changed; the original was used.")
    return chosen


def _by_neighbours(
    cells: list[RawCell], chosen: dict[str, RawCell], taken: dict[RawCell, str], given: _Release
) -> dict[str, list[RawCell]]:
    """Answers in words that lost their names: the student's own text between the nearest unchanged cells around them."""
    fixed = {_tidy(part.source) for part in given.parts if part.kind != "written"}
    where = {_tidy(cell.source): cell.index for cell in reversed(cells) if _tidy(cell.source) in fixed}
    places = [where.get(_tidy(part.source), 0) if part.kind != "written" else 0 for part in given.parts]
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
        own = [cell for cell in inside if cell not in taken and cell.source.strip() and _tidy(cell.source) not in fixed]
        for name, cell in zip(names, own, strict=False):
            found[name] = [cell]
        if len(own) > len(names):  # an answer split over several cells
            found[names[-1]] += own[len(names) :]
    return found


def _oddities(part: _Part, cell: RawCell, copies: list[RawCell], lost: bool) -> Iterator[str]:
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
        why = ", the first that answers it" if number > 1 else ""
        yield f"The cell {part.name} is there {len(copies)} times; copy number {number}{why} was graded."
    expected = "code" if part.kind == "solution" else "markdown"
    if cell.cell_type != expected:
        yield f"The cell {part.name} is now of type {cell.cell_type}, expected {expected}; its text was taken."


def _refuse_other_assignment(
    notebook: dict, cells: list[RawCell], chosen: dict, given: _Release, assignment: str, path: Path
) -> None:
    if chosen or any(cell.grade_id in given.by_id for cell in cells):
        return
    metadata = notebook.get("metadata")
    own = metadata.get("traindeep") if isinstance(metadata, dict) else None
    own = own.get("assignment") if isinstance(own, dict) else None
    own = plain(own, 60) if isinstance(own, str) and own != assignment else ""
    others = [cell.grade_id for cell in cells if cell.grade_id and cell.metadata.get("solution")]
    if own or others:
        named = f" (its exercises: {plain(', '.join(others[:3]), 100)})" if others else ""
        raise UnreadableSubmission(
            f"{plain(path)}: this notebook is {own or 'of another assignment'}{named}; "
            f"expected {plain(assignment, 60)}. Hand in the notebook of that assignment."
        )


# The order


@dataclass(frozen=True, eq=False)
class _Step:
    cell: RawCell
    kind: str
    name: str = ""


def _sequence(cells: list[RawCell], chosen: dict[str, RawCell], given: _Release, problems: list[str]) -> list[_Step]:
    """The code to run in the student's order, with the given cells of the release where they belong."""
    answers = {cell: given.by_id[name] for name, cell in chosen.items()}
    own = set(cells)
    elsewhere = [cell for cell in answers if cell not in own]  # stands in the cell of another answer
    standing = sorted([*elsewhere, *cells], key=lambda cell: cell.index)
    parts = {cell: answers.get(cell) or given.part_of(cell) for cell in standing}
    before = _redefinitions(parts, chosen, answers, given, problems)
    moved = {cell for cells in before.values() for cell in cells}
    waiting = [part for part in given.parts if part.kind == "given"]
    steps: list[_Step] = []

    def give(position: float) -> None:
        while waiting and waiting[0].position <= position:
            part = waiting.pop(0)
            steps.append(_Step(RawCell(0, "code", part.source), "given", part.name))

    for cell, part in parts.items():
        if cell in answers:
            if part.kind == "solution":
                give(part.position)
                steps += [_Step(other, "added") for other in before.get(cell, ())]
                steps.append(_Step(cell, "solution", part.name))
            continue
        if cell in moved or cell.cell_type != "code" or not cell.source.strip():
            continue
        if part is not None:
            changed = not _same_text(cell.source, part.source)
            if part.kind == "given":
                give(part.position)
            if changed and part.kind in ("check", "given"):
                then = "the original was used" if part.kind == "check" else "the original ran, then yours"
                problems.append(f"The cell {plain(part.name, 40)} was changed; {then}.")
            if part.kind in ("check", "experiment") or not changed:
                continue
        steps.append(_Step(cell, "added"))
    give(float("inf"))

    here = {part.name for part in parts.values() if part is not None}
    gone = [part.name for part in given.parts if part.kind in ("check", "given") and part.name not in here]
    if gone and cells:
        problems.append(f"Missing in the notebook, taken from the original: {plain(', '.join(gone), 200)}.")
    positions = [part.position for part in parts.values() if part is not None and part.kind != "text"]
    if positions != sorted(positions):
        problems.append("The cells stand in another order than in the assignment; this costs no points.")
    return steps


def _redefinitions(
    parts: dict[RawCell, _Part | None], chosen: dict, answers: dict, given: _Release, problems: list[str]
) -> dict[RawCell, list[RawCell]]:
    """Cells that would replace a graded answer, by the cell of that answer: they run before it, so that it holds.

    These are other copies of an exercise's cell, and cells behind its check, which the student's check never saw.
    """
    at = {part.position: cell.index for cell, part in reversed(parts.items()) if part and part.kind == "check"}
    check = {}  # where the student's check of an exercise stands
    for part in given.solutions:
        behind = (other.position for other in given.parts if other.kind == "check" and other.position > part.position)
        check[part.name] = at.get(next(behind, -1))
    found: dict[RawCell, list[RawCell]] = {}
    for cell, part in parts.items():
        if cell in answers or cell.cell_type != "code" or (part and _same_text(cell.source, part.source)):
            continue
        overruled = []
        for name in sorted({given.owner[name] for name in cell.names.defines & given.owner.keys()} & chosen.keys()):
            answer, copied, end = chosen[name], name in (cell.grade_id, cell.id), check[name]
            late = end is not None and answer.index < end < cell.index
            if answer.index < cell.index and (copied or late):
                overruled.append(answer)
                if not copied:
                    problems.append(
                        f"Cell number {cell.index} defines {name} again after its check; {name} was graded."
                    )
        if overruled:
            found.setdefault(min(overruled, key=lambda cell: cell.index), []).append(cell)
    return found


def _satisfy(steps: list[_Step]) -> list[_Step]:
    """The same steps; before one that needs a name at once comes the one that binds it, if none has so far.

    What stands before an answer and defines the same name stays before it.
    """
    binder: dict[str, _Step] = {}
    for step in sorted(steps, key=lambda step: step.kind != "solution"):
        for name in step.cell.names.binds:
            binder.setdefault(name, step)
    position = {step: at for at, step in enumerate(steps)}
    rivals: dict[_Step, list[_Step]] = {}
    for step in steps:
        for owner in dict.fromkeys(binder[name] for name in sorted(step.cell.names.defines)):
            if position[owner] > position[step]:
                rivals.setdefault(owner, []).append(step)
    order: list[_Step] = []
    have: set[str] = set()
    entered: set[_Step] = set()

    def first(step: _Step) -> Iterator[_Step]:
        yield from rivals.get(step, ())
        yield from (binder[name] for name in step.cell.names.needs if name in binder and name not in have)

    for start in steps:
        stack = [] if start in entered else [(start, first(start))]
        entered.add(start)
        while stack:
            step, wanted = stack[-1]
            other = next((other for other in wanted if other not in entered), None)
            if other is None:
                stack.pop()
                order.append(step)
                have |= step.cell.names.binds
            else:
                entered.add(other)
                stack.append((other, first(other)))
    return order


def _tidy(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.splitlines() if line.strip())


def _lines(source: str) -> frozenset[str]:
    return frozenset(line.strip() for line in source.splitlines() if line.strip())


def _same_text(a: str, b: str) -> bool:
    return _tidy(a) == _tidy(b)
