"""`autograder build`: derive notebooks and recorded answers from their sources, or refuse and say why.

solutions/*.py                                   -> notebooks/*/*.ipynb, lib/traindeep/notebooks/*.ipynb, build/source/*
visible tests + reference + misconceptions       -> lib/traindeep/answers/*.json
"""

import contextlib
import functools
import inspect
import io
import json
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

import numpy as np
from traindeep import exercise as visible
from traindeep.checks import run_test, seeded, undisturbed
from traindeep.compare import Answer, Call, Compare, answer_to_json, same
from traindeep.student import LocalStudent

from autograder import exercise as hidden
from autograder import killtable
from autograder.course import (
    BuildError,
    Course,
    assert_complete,
    exercises_of,
    grade_id,
    points_of,
    release_notebook,
    role,
    solution_lines,
    to_bytes,
)
from autograder.exercise import Live, run_hidden, score
from autograder.workers import side_by_side

SHORT = 14  # characters; a solution line shorter than this (`return y`) may stand elsewhere by chance


def derive(course: Course, assignments: Iterable[str] = ()) -> dict[Path, bytes]:
    """Everything that the build writes, as path -> bytes.

    Raises:
        BuildError: anything DESIGN refuses, with file and exercise.
    """
    files, owner = {}, {}
    for assignment in assignments or course.assignments:
        source = course.source(assignment)
        release = release_notebook(source)
        for id in exercises_of(source):
            if id in owner:
                raise BuildError(f"solutions/{assignment}.py: the exercise {id!r} is already in {owner[id]}")
            owner[id] = assignment
            assert_complete(course, id)
        refuse_leaks(source, release, assignment)
        refuse_invalid(source, release, assignment)
        for id, points in points_of(source).items():
            refuse_points(id, points, assignment)
            record = recorded(id, assignment)
            files[course.root / "lib/traindeep/answers" / f"{id}.json"] = (json.dumps(record, indent=1) + "\n").encode()
        files[course.release_path(assignment)] = to_bytes(release)
        # The pristine copy that `traindeep reset` restores a cell from.
        files[course.root / "lib/traindeep/notebooks" / f"{assignment}.ipynb"] = to_bytes(release)
        files[course.root / "build/source" / assignment / f"{assignment}.ipynb"] = to_bytes(source)
    return files


def prove(
    course: Course, assignments: Iterable[str] = (), jobs: int = 1, seeds: Iterable[str] = killtable.SEEDS
) -> list[killtable.Row]:
    """Prove the tests: solutions get full marks, stubs and trivial answers none, wrong answers lose points.

    Args:
        assignments: Default: all.
        jobs: Processes that share the exercises.
        seeds: From which the hidden inputs follow.

    Returns:
        The rows of the kill table.

    Raises:
        BuildError: the first exercise for which this does not hold.
    """
    names = tuple(assignments or course.assignments)
    ids = [id for name in names for id in exercises_of(course.source(name))]
    rows = []
    with side_by_side(min(jobs, len(ids))) as run:
        # What trains takes longest: first, so that nobody waits for it at the end.
        order = sorted(ids, key=lambda id: -visible.load(id).seconds)
        proofs = run(functools.partial(killtable.row, seeds=tuple(seeds)), order)
        for _ in run(_prove_scores, [course] * len(names), names):
            pass
        found = dict(zip(order, proofs, strict=True))
        for id in ids:
            row = found[id]
            if row.faults:
                raise BuildError(
                    f"{id}: {row.faults[0]}" + (f" (and {len(row.faults) - 1} more)" if row.faults[1:] else "")
                )
            rows.append(row)
    return rows


def _prove_scores(course: Course, assignment: str) -> None:
    source = course.source(assignment)
    refuse_scores(source, assignment, full=True)
    refuse_scores(release_notebook(source), assignment, full=False)


def write(files: dict[Path, bytes]) -> list[Path]:
    """Write what changed; returns the changed paths."""
    changed = [path for path, data in files.items() if not path.is_file() or not _alike(path, data)]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[path])
    return changed


def stale(course: Course, files: dict[Path, bytes]) -> list[str]:
    """What `build --check` complains about: derived files that differ, and files that nothing derives any more."""
    out = []
    for path, data in files.items():
        name = path.relative_to(course.root)
        if name.parts[0] == "build":
            continue
        if not path.is_file():
            out.append(f"{name} is missing")
        elif not _alike(path, data):
            out.append(f"{name} differs from what its source gives")
    for pattern in ("notebooks/*/*.ipynb", "lib/traindeep/answers/*.json", "lib/traindeep/notebooks/*.ipynb"):
        for path in course.root.glob(pattern):
            if path not in files:
                out.append(f"{path.relative_to(course.root)} has no source any more")
    return sorted(out)


def _alike(path: Path, data: bytes) -> bool:
    """Whether a file says this already. The last digits of recorded answers depend on the processor and its threads."""
    old = path.read_bytes()
    if old == data or path.suffix != ".json":
        return old == data
    with contextlib.suppress(ValueError):
        return _near(json.loads(old), json.loads(data))
    return False


def _near(a, b) -> bool:
    if type(a) is float and type(b) is float:
        return a == b or abs(a - b) <= 1e-9 * max(1.0, abs(a)) or (math.isnan(a) and math.isnan(b))
    if type(a) is not type(b):
        return False
    if type(a) is dict:
        return list(a) == list(b) and all(_near(a[key], b[key]) for key in a)
    if type(a) is list:
        return len(a) == len(b) and all(map(_near, a, b))
    return a == b


# ---- recorded answers ----------------------------------------------------------------------------------


class _Recorder:
    """An oracle that writes down every answer it gives."""

    def __init__(self, live: Live):
        self.live = live
        self.calls: dict[str, list[dict]] = {}
        self.used: dict[str, str] = {}

    def expected(self, test: str, index: int, call: Call) -> Answer:
        expected = self.live.expected(test, index, call)
        mistakes = {}
        for name, says, answer in self.live.mistakes(test, index, call):
            if not same(answer, expected, (1e-6, 1e-8)):
                mistakes[name] = answer_to_json(answer)
                self.used[name] = says
        self.calls.setdefault(test, []).append({"expected": answer_to_json(expected), "mistakes": mistakes})
        return expected

    def mistakes(self, test: str, index: int, call: Call) -> list:
        return []


def recorded(id: str, assignment: str) -> dict:
    """answers/<id>.json: what every call of every visible test should give, and what each misconception gives."""
    item = hidden.load(id)
    recorder = _Recorder(Live(item))
    for test in item.visible.tests:
        compare = Compare(item.reference, recorder, test.__name__, item.visible.signatures)
        with np.errstate(all="ignore"), undisturbed():
            # Known mistakes may draw from the global generators: the same record in whatever order it is made.
            killtable.seed_all(0)
            result = run_test(test, student=item.reference, compare=compare, rng=seeded("visible", id, test.__name__))
        if result.outcome != "passed":
            raise BuildError(
                f"lib/traindeep/exercises/{id}.py, {test.__name__}: the reference {result.outcome}: {result.message}"
            )
    if len(item.visible.hints) != 3:
        raise BuildError(f"lib/traindeep/exercises/{id}.py: expected 3 hints, got {len(item.visible.hints)}")
    return {
        "id": id,
        "title": item.visible.title,
        "assignment": assignment,
        "points": item.points,
        "hidden_tests": len(item.tests),
        "misconceptions": recorder.used,
        "tests": recorder.calls,
    }


# ---- refusals ------------------------------------------------------------------------------------------


def refuse_points(id: str, points: float, assignment: str) -> None:
    """Points of the cell and of the parts in hidden.py must agree."""
    try:
        item = hidden.load(id)
    except hidden.BadExercise as error:
        raise BuildError(str(error)) from None
    if item.points != points:
        parts = " + ".join(f"{value:g} ({name})" for name, value in item.parts.items())
        raise BuildError(
            f"solutions/{assignment}.py, {id}: the cell says {points:g} points, hidden.py has {parts} = {item.points:g}"
        )


def refuse_leaks(source, release, assignment: str) -> None:
    """No line of a solution, of a hidden test or of the reference may stand in the release."""
    public = "\n".join(cell.source for cell in release.cells)
    # What the lecture itself says and shows is public on both sides.
    shown = {
        line.strip()
        for cell in source.cells
        if role(cell) not in ("solution", "written", "check")
        for line in cell.source.split("\n")
    }
    released = {line.strip() for line in public.split("\n")} - shown
    for id, lines in solution_lines(source).items():
        stub = _outside(next(cell.source for cell in source.cells if grade_id(cell) == id))
        for line in lines:
            if len(line) >= SHORT and line in released and line not in stub:
                raise BuildError(
                    f"solutions/{assignment}.py, {id}: the solution line {line!r} would reach the released notebook"
                )
    for cell in release.cells:
        if "HIDDEN TESTS" in cell.source or "autograder" in cell.source or "BEGIN SOLUTION" in cell.source:
            raise BuildError(
                f"solutions/{assignment}.py, {grade_id(cell) or cell.id}: a hidden line would reach the released notebook"
            )
    for id in exercises_of(source):
        item = hidden.load(id)
        secret = [inspect.getsource(test) for test in item.tests]
        secret += [_body(inspect.getsource(value)) for value in vars(item.reference)["_names"].values()]
        for line in "\n".join(secret).split("\n"):
            line = line.strip()
            if len(line) >= 30 and line in released:
                raise BuildError(
                    f"solutions/{assignment}.py, {id}: the line {line!r} of the hidden side would reach the released notebook"
                )


def _outside(source: str) -> set[str]:
    kept = re.sub(r"[^\n]*BEGIN SOLUTION.*?END SOLUTION[^\n]*", "", source, flags=re.DOTALL)
    return {line.strip() for line in kept.split("\n")}


def _body(source: str) -> str:
    """A function's source without its signature and docstring: a stub shows those on purpose."""
    return re.sub(r'^.*?""".*?"""', "", source, count=1, flags=re.DOTALL)


def refuse_invalid(source, release, assignment: str) -> None:
    """nbgrader's validator and nbformat's schema must accept both notebooks; every stub must raise NotImplementedError."""
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator

    for nb in (source, release):
        try:
            nbformat.validate(nb)
            MetadataValidator().validate_nb(nb)
        except Exception as error:
            raise BuildError(
                f"solutions/{assignment}.py: nbgrader refuses the notebook: {str(error).splitlines()[0]}"
            ) from None
    for cell in release.cells:
        if role(cell) == "solution":
            if "raise NotImplementedError()" not in cell.source:
                raise BuildError(
                    f"solutions/{assignment}.py, {grade_id(cell)}: the stub lacks `raise NotImplementedError()`"
                )
            for name in visible.load(grade_id(cell)).names:
                if not re.search(rf"^(def|class) {name}\b", cell.source, re.MULTILINE):
                    raise BuildError(f"solutions/{assignment}.py, {grade_id(cell)}: the cell does not define {name}")


def refuse_scores(nb, assignment: str, *, full: bool, seed: str = "build") -> None:
    """The solution notebook must get every point, the released one none."""
    namespace = run_cells(nb)
    for id in exercises_of(nb):
        item = hidden.load(id)
        student, oracle = LocalStudent(namespace, item.visible.forbidden), Live(item)
        with student.guarded():
            results = [run_hidden(item, test, student, oracle, seed) for test in item.tests]
        points = score(item, results)
        if full and points != item.points:
            worst = next(result for result in results if result.outcome != "passed")
            raise BuildError(
                f"solutions/{assignment}.py, {id}: the solution gets {points:g} of {item.points:g} points; "
                f"{worst.name} {worst.outcome}: {worst.message or worst.says}"
            )
        if not full and points:
            raise BuildError(f"solutions/{assignment}.py, {id}: the untouched stub gets {points:g} points")


def run_cells(nb) -> dict:
    """Execute the code of our own notebook, experiments and checks left out; returns its globals."""
    import matplotlib

    matplotlib.use("Agg")
    namespace = {"__name__": "__main__"}
    for number, cell in enumerate(nb.cells, start=1):
        if cell.cell_type == "code" and role(cell) in ("solution", "code"):
            try:
                # What the lecture prints is no news here, and `use` must not give what whoever builds has solved.
                with contextlib.redirect_stdout(io.StringIO()), patch.dict(os.environ, TRAINDEEP_GRADING="1"):
                    exec(compile(cell.source, f"<cell {number}>", "exec"), namespace)
            except Exception as error:
                raise BuildError(
                    f"{nb.metadata.traindeep.generated_from}, cell {number} ({grade_id(cell) or 'code'}): {error!r}"
                ) from None
    return namespace
