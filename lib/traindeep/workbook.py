"""A notebook as a file: find it, run its cells, restore one of them."""

import builtins
import contextlib
import datetime
import json
import linecache
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from traindeep import exercise, state
from traindeep.checks import CheckFailed

ROOT = Path(__file__).parent
PRISTINE = ROOT / "notebooks"  # the released notebooks; `autograder build` writes them


class WorkbookProblem(Exception):
    """Something about a notebook or solution file is not as expected; the message is one line."""


# ---- the course ------------------------------------------------------------------------------------------


def course() -> dict[str, list[dict]]:
    """Exercises by assignment, in the order of the notebooks: [{"id": ..., "points": ...}, ...]."""
    found: dict[str, list[dict]] = {}
    for id in exercise.ids():
        with contextlib.suppress(OSError, ValueError, KeyError):  # without its record an exercise cannot be checked
            record = _record(id)
            found.setdefault(record["assignment"], []).append({"id": id, "points": record["points"]})
    for assignment, items in found.items():
        order = _order(assignment)
        items.sort(key=lambda item: order.index(item["id"]) if item["id"] in order else len(order))
    return dict(sorted(found.items()))


def assignment_of(id: str) -> str:
    """The assignment of an exercise. Raises UnknownExercise."""
    exercise.load(id)
    try:
        return _record(id)["assignment"]
    except (OSError, ValueError, KeyError):
        raise WorkbookProblem(f"{id} has no recorded answers; run `autograder build`") from None


@cache
def _record(id: str) -> dict:
    from traindeep.compare import load_record

    return load_record(ROOT / "answers" / f"{id}.json")


@cache
def _order(assignment: str) -> tuple[str, ...]:
    try:
        return exercises_in(read(PRISTINE / f"{assignment}.ipynb"))
    except WorkbookProblem:
        return ()


# ---- finding ---------------------------------------------------------------------------------------------


def find(what: str, start: Path | None = None) -> Path:
    """The notebook that `what` means: a path, an assignment ("02", "02_batch_norm") or an exercise id.

    Assignments are looked for in `start` (the current folder) and the folders above it, as
    notebooks/<assignment>/*.ipynb, <assignment>/*.ipynb or <assignment>.ipynb; then in the repository of this package.

    Raises:
        WorkbookProblem: no notebook, or several, fit.
    """
    path = Path(what).expanduser()
    if path.suffix == ".ipynb":
        if not path.is_file():
            raise WorkbookProblem(f"there is no notebook {path}")
        return path.resolve()
    if what and path.is_dir() and (inside := _notebooks(path, ["*.ipynb"])):
        return _only(inside, what)
    if what in exercise.ids():
        what = assignment_of(what)
    if not re.fullmatch(r"\d+(_\w*)?", what):
        exercise.load(what)  # raises with near ids
    start = (start or Path.cwd()).resolve()
    stem = f"{what.zfill(2)}_*" if what.isdigit() else f"{what}*"
    for folder in (start, *start.parents, ROOT.parents[1]):
        patterns = [f"notebooks/{stem}/*.ipynb", f"{stem}/*.ipynb", f"{stem}.ipynb"]
        if found := _notebooks(folder, patterns):
            return _only(found, what)
    raise WorkbookProblem(
        f"no notebook {what} in {start} or the folders above it; give its path, or start in the course's folder"
    )


def _notebooks(folder: Path, patterns: list[str]) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(
            {p for pattern in patterns for p in folder.glob(pattern) if p.is_file() and not p.name.startswith(".")}
        )
    return []


def _only(found: list[Path], what: str) -> Path:
    if len(found) > 1:
        raise WorkbookProblem(f"{what} fits {len(found)} notebooks, give the path of one: {', '.join(map(str, found))}")
    return found[0]


def read(path: Path) -> dict:
    """Read a notebook as plain data (nbformat takes a second to import). Raises WorkbookProblem."""
    try:
        nb = json.loads(path.read_bytes())
        sound = nb["nbformat"] == 4 and all(
            isinstance(_source(cell), str) and isinstance(cell["metadata"], dict) and isinstance(cell["cell_type"], str)
            for cell in nb["cells"]
        )
    except OSError as error:
        raise WorkbookProblem(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        sound = False
    if not sound:
        raise WorkbookProblem(f"{path} is not a valid notebook (expected JSON in Jupyter's format 4)")
    return nb


def _source(cell: dict) -> str:
    source = cell["source"]  # the format allows one text or its lines
    return "".join(source) if isinstance(source, list) else source


def exercises_in(nb) -> tuple[str, ...]:
    """Ids of the exercises that a notebook checks, in order."""
    ids = [_checked(cell) for cell in nb["cells"]]
    return tuple(dict.fromkeys(id for id in ids if id in exercise.ids()))


def _grade_id(cell) -> str:
    meta = cell["metadata"].get("nbgrader")
    return str(meta.get("grade_id", "")) if isinstance(meta, dict) else ""


def _checked(cell) -> str:
    """The id that a check cell checks, '' for any other cell."""
    if cell["cell_type"] != "code":
        return ""
    if _grade_id(cell).startswith("check_"):
        return _grade_id(cell).removeprefix("check_")
    # An editor may have dropped the metadata: a cell that is nothing but a check is one all the same.
    alone = re.fullmatch(r"""\s*check\(\s*["'](\w+)["']\s*\)\s*""", _source(cell))
    return alone[1] if alone else ""


# ---- running ---------------------------------------------------------------------------------------------


def run(path: Path) -> tuple[dict, list[str]]:
    """Run the code cells of a notebook, without its checks and experiments, in a fresh namespace.

    An exception ends its cell, not the notebook. What cells print is dropped; line magics do nothing.

    Returns:
        (namespace, one line for each cell that raised).
    """
    os.environ.setdefault("MPLBACKEND", "Agg")  # figures are for notebooks
    namespace = {"__name__": "__main__", "__builtins__": builtins, "get_ipython": lambda: _NoShell()}
    problems = []
    nb = read(path)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(path.parent))
        stack.enter_context(_importing_from(path.parent))
        stack.enter_context(contextlib.redirect_stdout(stack.enter_context(open(os.devnull, "w", encoding="utf-8"))))
        for number, cell in enumerate(nb["cells"], start=1):
            tags = cell["metadata"].get("tags") or []
            if cell["cell_type"] != "code" or _checked(cell) or "experiment" in tags:
                continue
            if problem := _run_cell(_source(cell), f"<{path.stem}, cell {number}>", namespace):
                problems.append(f"cell {number}: {problem}")
    return namespace, problems


def _run_cell(source: str, name: str, namespace: dict) -> str:
    """Run one cell; returns '' or what it raised, in one line."""
    source = _without_magics(source)
    # So that tracebacks, and the source kept of a passing answer, find the lines.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        exec(compile(source, name, "exec"), namespace)
    except CheckFailed:
        return ""
    except (Exception, SystemExit) as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<")]
        where = f" (line {frames[0].lineno}: {(frames[0].line or '').strip()})" if frames else ""
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}{where}"
    return ""


def _without_magics(source: str) -> str:
    """The cell as Python, with %magics and !commands turned into calls of get_ipython()."""
    if not re.search(r"^\s*[%!?]|[?]\s*$|=\s*[%!]", source, re.MULTILINE):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


class _NoShell:
    """Stands for IPython's shell; whatever is asked of it does nothing."""

    def __getattr__(self, name: str):
        return lambda *args, **kwargs: None


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))


# ---- restoring -------------------------------------------------------------------------------------------


def reset(id: str, path: Path) -> Path:
    """Put the released stub back into the cell of an exercise; returns the backup of the notebook before.

    Raises:
        WorkbookProblem: the notebook or its released copy lacks the cell, or the file cannot be written.
    """
    pristine_path = PRISTINE / f"{assignment_of(id)}.ipynb"
    stub = _cell_of(id, read(pristine_path))
    if stub is None:
        raise WorkbookProblem(f"{pristine_path} has no cell {id}; run `autograder build`")
    path = path.resolve()  # a link stays a link
    nb = read(path)
    cell = _cell_of(id, nb)
    if cell is None:
        raise WorkbookProblem(f"{path} has no cell for {id}: it was deleted or renamed; copy it from {pristine_path}")
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    backup = path.with_name(f"{path.name}.{stamp}.bak")
    cell |= {"source": stub["source"], "metadata": stub["metadata"], "outputs": [], "execution_count": None}
    try:
        shutil.copy2(path, backup)
        state.replace_file(path, json.dumps(nb, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise WorkbookProblem(f"{path} cannot be written: {error.strerror or error}") from None
    return backup


def _cell_of(id: str, nb):
    """The solution cell of an exercise: by its grade_id, else the cell that defines its names."""
    code = [cell for cell in nb["cells"] if cell["cell_type"] == "code" and not _checked(cell)]
    for cell in code:
        if _grade_id(cell) == id:
            return cell
    names = exercise.load(id).names
    for cell in code:
        if all(re.search(rf"^(def|class) {re.escape(name)}\b", _source(cell), re.MULTILINE) for name in names):
            return cell
    return None


# ---- worked solutions ------------------------------------------------------------------------------------


def solution(id: str, start: Path | None = None) -> str:
    """The worked solution of an exercise, where solutions/ is part of this copy.

    Raises:
        WorkbookProblem: it is not, or it lacks the exercise.
    """
    start, name = (start or Path.cwd()).resolve(), f"solutions/{assignment_of(id)}.py"
    path = next((f / name for f in (start, *start.parents, ROOT.parents[1]) if (f / name).is_file()), None)
    if path is None:
        raise WorkbookProblem(f"worked solutions are not part of this copy of the course ({name} is not here)")
    found = re.search(
        rf'^# %% exercise="{re.escape(id)}".*\n((?:(?!# %%).*\n?)*)', path.read_text("utf-8"), re.MULTILINE
    )
    if not found:
        raise WorkbookProblem(f"{path} has no cell exercise={id!r}")
    lines = found[1].rstrip().splitlines()
    return "\n".join(line for line in lines if not re.match(r"\s*### (BEGIN|END) SOLUTION\s*$", line))
