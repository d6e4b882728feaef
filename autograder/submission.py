"""A student's .ipynb -> the cells that are graded.

Rebuild, do not repair: only source text is taken from the student's file, everything else comes from the release.

1. `untrusted` turns the file into cells with checked types and bounded text, whatever the file holds.
2. `matching` finds the cell of each exercise: by grade_id, else by cell id, else by the functions it defines.
3. `ordering` puts the cells in an order that works: the student's own, in which a cell that needs at once what only
   a later cell defines is preceded by that cell. A reordering never breaks a right answer.

Every deviation becomes one sentence in `Submission.problems`. Nothing here runs the student's code.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.finding import Found, find, plain, safe_name
from autograder.matching import Release, match, name_of
from autograder.ordering import satisfy, sequence
from autograder.untrusted import RawCell, UnreadableSubmission, cells_of, load

__all__ = [
    "Cell", "Found", "Submission", "UnreadableSubmission", "content_hash", "find", "read", "rebuild", "safe_name",
]  # fmt: skip

MAX_PROBLEMS = 40


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
    given = Release(release)
    notebook = load(path, problems)
    cells = cells_of(notebook, path, given.by_id, problems)
    chosen = match(cells, given, problems)
    _refuse_other_assignment(notebook, cells, chosen, given, assignment, path)
    order = satisfy(sequence(cells, chosen, given, problems))

    written, untouched, missing = {}, [], []
    for part in given.answers:
        cell = chosen.get(part.name)
        if cell is None:
            missing.append(part.name)
            continue
        if cell.tidy == part.tidy:
            untouched.append(part.name)
        if part.kind == "written":
            written[part.name] = cell.source
    problems = list(dict.fromkeys(problems))
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"{len(problems) - MAX_PROBLEMS} more remarks were left out."]
    if missing:  # never left out
        problems.append(f"Not found in the notebook: {', '.join(missing)}.")
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
    names = {name_of(cell) for cell in notebook.cells}
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
        name = name_of(cell)
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


def _refuse_other_assignment(
    notebook: dict, cells: list[RawCell], chosen: dict, given: Release, assignment: str, path: Path
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
