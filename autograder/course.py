"""A course on disk: solutions/*.py is the one source; every notebook is derived from it.

The *source* notebook of an assignment holds the solutions and the hidden line of each check cell (for nbgrader);
the *release* is what students open. nbgrader's own preprocessors make the one from the other.
"""

import hashlib
import re
import sys
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traindeep import exercise as visible

from autograder import exercise as hidden

HIDDEN_LINE = """
### BEGIN HIDDEN TESTS
import autograder.kernel
autograder.kernel.score("{id}")
### END HIDDEN TESTS"""
KEYS = {"exercise", "points", "check", "question", "tags"}


class BuildError(Exception):
    """The build refuses; the message names the file and the exercise."""


class Course:
    """A folder with solutions/ and notebooks/. Assignments are the names of the files in solutions/."""

    def __init__(self, root: Path):
        self.root = Path(root).resolve()

    @classmethod
    def find(cls, start: Path | str = ".") -> "Course":
        """The course that `start` lies in. Raises BuildError if no folder above it holds solutions/ and notebooks/."""
        here = Path(start).resolve()
        for folder in (here, *here.parents):
            if (folder / "solutions").is_dir() and (folder / "pyproject.toml").is_file():
                return cls(folder)
        raise BuildError(f"{here} is not inside a course: expected a folder with solutions/ and pyproject.toml")

    @cached_property
    def assignments(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.root / "solutions").glob("[0-9][0-9]_*.py")))

    def solution_path(self, assignment: str) -> Path:
        """solutions/<assignment>.py. Raises BuildError naming the assignments that exist."""
        if assignment not in self.assignments:
            known = ", ".join(self.assignments) or "none"
            raise BuildError(f"there is no assignment {assignment!r} in {self.root / 'solutions'}; there are: {known}")
        return self.root / "solutions" / f"{assignment}.py"

    def release_path(self, assignment: str) -> Path:
        return self.root / "notebooks" / assignment / f"{assignment}.ipynb"

    def release(self, assignment: str) -> NotebookNode:
        """The released notebook as the build wrote it."""
        self.solution_path(assignment)
        path = self.release_path(assignment)
        if not path.is_file():
            raise BuildError(f"{path} does not exist; run `autograder build`")
        return nbformat.read(path, as_version=4)

    def source(self, assignment: str) -> NotebookNode:
        """The instructor's notebook: solutions in place, hidden line in every check cell, nbgrader metadata."""
        path = self.solution_path(assignment)
        return source_notebook(path.read_text(encoding="utf-8"), assignment, f"solutions/{path.name}")

    def exercises(self, assignment: str) -> tuple[str, ...]:
        """Ids of an assignment's exercises, in order."""
        return exercises_of(self.source(assignment))


def exercises_of(nb: NotebookNode) -> tuple[str, ...]:
    """Ids of the exercises of a source or released notebook, in order."""
    return tuple(grade_id(cell) for cell in nb.cells if role(cell) == "solution")


def grade_id(cell: NotebookNode) -> str:
    """The nbgrader id of a cell, "" where it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def role(cell: NotebookNode) -> str:
    """solution, check, written, experiment, code or text."""
    meta = cell.metadata.get("nbgrader", {})
    if meta.get("solution"):
        return "written" if meta.get("grade") else "solution"
    if meta.get("grade"):
        return "check"
    if "experiment" in cell.metadata.get("tags", []):
        return "experiment"
    return "code" if cell.cell_type == "code" else "text"


def source_notebook(text: str, assignment: str, where: str) -> NotebookNode:
    """Turn a py:percent source into the instructor's notebook.

    Raises:
        BuildError: unknown cell keys, an exercise without check, solution markers that do not pair, an id used twice.
    """
    parsed = _jupytext().reads(text, fmt="py:percent")
    nb = nbformat.v4.new_notebook()
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "traindeep": {"assignment": assignment, "generated_from": where},
        }
    )
    pending, seen = None, set()
    for number, cell in enumerate(parsed.cells, start=1):
        keys = dict(cell.metadata)
        keys.pop("lines_to_next_cell", None)
        place = f"{where}, cell {number}"
        if unknown := set(keys) - KEYS:
            raise BuildError(
                f"{place}: unknown key {sorted(unknown)[0]!r} in the cell's first line; expected {sorted(KEYS)}"
            )
        made = _cell(cell, keys, place)
        id = grade_id(made)
        if id and id in seen:
            raise BuildError(f"{place}: the id {id!r} is used twice")
        seen.add(id)
        if role(made) == "solution":
            if pending:
                raise BuildError(f"{place}: exercise {pending!r} has no check cell before the exercise {id!r}")
            pending = id
        elif role(made) == "check":
            if id != f"check_{pending}":
                raise BuildError(f"{place}: {id!r} does not follow its exercise; the open exercise is {pending!r}")
            made.metadata.nbgrader.points = _points_of(nb.cells, pending)
            pending = None
        nb.cells.append(made)
    if pending:
        raise BuildError(f"{where}: exercise {pending!r} has no check cell")
    for cell in nb.cells:
        cell.metadata.pop("points", None)
    _name_cells(nb)
    return nb


def _jupytext():
    """jupytext without what it offers a Jupyter server: that takes half a second to import, and it goes on without."""
    absent = {f"jupytext.{name}_contentsmanager" for name in ("sync", "async")} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(absent))
    try:
        import jupytext
    finally:
        for name in absent:
            del sys.modules[name]
    return jupytext


def _cell(cell, keys: dict, place: str) -> NotebookNode:
    if cell.cell_type == "markdown":
        made = nbformat.v4.new_markdown_cell(cell.source)
    else:
        made = nbformat.v4.new_code_cell(cell.source)
    if "tags" in keys:
        made.metadata.tags = list(keys["tags"])
    if "exercise" in keys:
        _require_pairs(cell.source, place, keys["exercise"])
        made.metadata.points = keys.get("points")
        if not isinstance(made.metadata.points, (int, float)) or made.metadata.points <= 0:
            raise BuildError(
                f"{place}, {keys['exercise']}: expected points=<positive number>, got {keys.get('points')!r}"
            )
        made.metadata.nbgrader = _nbgrader(keys["exercise"], solution=True)
    elif "check" in keys:
        id = keys["check"]
        if f'check("{id}")' not in cell.source:
            raise BuildError(f'{place}, {id}: a check cell holds check("{id}"), got {cell.source[:60]!r}')
        made.source = cell.source.rstrip() + HIDDEN_LINE.format(id=id)
        made.metadata.nbgrader = _nbgrader(f"check_{id}", grade=True, locked=True)
    elif "question" in keys:
        _require_pairs(cell.source, place, keys["question"])
        made.metadata.nbgrader = _nbgrader(keys["question"], solution=True, grade=True) | {"points": keys.get("points")}
    elif "BEGIN SOLUTION" in cell.source:
        raise BuildError(f"{place}: BEGIN SOLUTION in a cell that is neither an exercise nor a question")
    return made


def _nbgrader(id: str, *, solution: bool = False, grade: bool = False, locked: bool = False) -> NotebookNode:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", id):
        raise BuildError(f"the id {id!r} holds something other than letters, digits, - and _")
    return NotebookNode(schema_version=3, grade_id=id, solution=solution, grade=grade, locked=locked, task=False)


def _points_of(cells, id: str) -> float:
    return next(cell.metadata.points for cell in cells if grade_id(cell) == id)


def _require_pairs(source: str, place: str, id: str) -> None:
    inside = False
    found = 0
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            if inside:
                raise BuildError(f"{place}, {id}: BEGIN SOLUTION inside BEGIN SOLUTION")
            inside, found = True, found + 1
        elif "END SOLUTION" in line:
            if not inside:
                raise BuildError(f"{place}, {id}: END SOLUTION without BEGIN SOLUTION")
            inside = False
    if inside:
        raise BuildError(f"{place}, {id}: BEGIN SOLUTION without END SOLUTION")
    if not found:
        raise BuildError(
            f"{place}, {id}: expected ### BEGIN SOLUTION and ### END SOLUTION around the answer, found none"
        )


def _name_cells(nb: NotebookNode) -> None:
    """Cell ids that follow from the content, so that two builds write the same bytes."""
    used = set()
    for cell in nb.cells:
        base = grade_id(cell) or f"{role(cell)}-{hashlib.sha256(cell.source.encode()).hexdigest()[:8]}"
        id, copy = base, 1
        while id in used:
            copy += 1
            id = f"{base}-{copy}"
        used.add(id)
        cell.id = id[:64]


def release_notebook(source: NotebookNode) -> NotebookNode:
    """What students open: solutions replaced by stubs, hidden lines gone, cells locked, checksums set.

    nbgrader's own preprocessors do it, so `nbgrader generate_assignment` gives the same notebook.
    """
    from nbgrader.preprocessors import CheckCellMetadata, ClearHiddenTests, ClearSolutions, ComputeChecksums, LockCells

    nb, resources = nbformat.from_dict(source), {}
    for step in (LockCells, ClearSolutions, ClearHiddenTests, ComputeChecksums, CheckCellMetadata):
        nb, resources = step().preprocess(nb, resources)
    return nb


def to_bytes(nb: NotebookNode) -> bytes:
    """The notebook as the bytes of its file."""
    return (nbformat.writes(nb, version=4) + "\n").encode()


def solution_lines(source: NotebookNode) -> dict[str, list[str]]:
    """grade_id -> the lines between BEGIN SOLUTION and END SOLUTION."""
    found = {}
    for cell in source.cells:
        if role(cell) in ("solution", "written"):
            regions = re.findall(r"BEGIN SOLUTION[^\n]*\n(.*?)\n[^\n]*END SOLUTION", cell.source, re.DOTALL)
            found[grade_id(cell)] = [line.strip() for region in regions for line in region.split("\n")]
    return found


def points_of(nb: NotebookNode) -> dict[str, float]:
    """Exercise id -> points, from the check cells of a notebook."""
    return {
        grade_id(cell).removeprefix("check_"): cell.metadata.nbgrader.points
        for cell in nb.cells
        if role(cell) == "check"
    }


def assert_complete(course: Course, id: str) -> None:
    """Raise BuildError, naming the file, when a piece of an exercise is missing."""
    root = Path(visible.__file__).parent.parent.parent
    wanted = [visible.ROOT / "exercises" / f"{id}.py"]
    wanted += [
        Path(hidden.__file__).parent / "exercises" / id / name
        for name in ("hidden.py", "misconceptions.py", "variants.py")
    ]
    for path in wanted:
        if not path.is_file():
            shown = path.relative_to(root) if path.is_relative_to(root) else path
            raise BuildError(
                f"{id}: {shown} does not exist; an exercise needs visible tests, hidden tests, misconceptions, variants"
            )
