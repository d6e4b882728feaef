"""The graders that are compared: how each is set up for a class, run, and asked for the scores."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from classroom import ASSIGNMENT, Class, cut

from autograder import exercise as hidden
from autograder.course import exercises_of, to_bytes

HERE = Path(__file__).parent
TOOL = Path(sys.executable).parent
OTTER = "7.0.0"
STOCK_CONFIG = """\
c = get_config()
c.ExecutePreprocessor.timeout = 600
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"(?s)."  # a warning is no mistake
"""
OTTER_TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = "{id}"
passed = {{}}


def outcomes(env):
    '''The hidden tests of {id}, run as in the notebook's own kernel, once.'''
    if not passed:
        from autograder import exercise, kernel
        from traindeep.checks import undisturbed
        from traindeep.student import LocalStudent

        item = exercise.load(name)
        student, oracle = LocalStudent(env, item.visible.forbidden), kernel.Reference(item)
        for test in item.tests:
            try:
                with kernel.silence(), undisturbed(), student.guarded():
                    found = exercise.run_hidden(item, test, student, oracle, seed="kernel").outcome == "passed"
            except BaseException:
                found = False
            passed[test.__name__] = found
        passed["any"] = any(passed[test.__name__] for test in item.tests if not test.supporting)
    return passed
"""
OTTER_CASE = """

@test_case(name="{name}", points={points!r}, hidden=True)
def {name}(env):
    assert outcomes(env)["{name}"]{also}
"""


class CannotSetUp(Exception):
    """A grader cannot be had on this machine; one line that says why."""


def environment(scratch: Path) -> dict[str, str]:
    """What all graders see: one thread, no window, and nobody's progress file but a scratch one."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    # nbgrader starts alembic by name
    path = f"{TOOL}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "MPLBACKEND": "Agg", "TRAINDEEP_SEED": "benchmark", "TRAINDEEP_HOME": str(scratch / "home")}
    return os.environ | threads | own


class Ours:
    """`autograder grade`, as a teacher runs it; the class is whole: our grader passes over experiments itself."""

    def __init__(self, group: Class, folder: Path, jobs: int, isolation: str = "auto"):
        self.folder, self.jobs, self.isolation = folder, jobs, isolation
        group.write(folder / "submitted")

    def command(self) -> list[str]:
        shutil.rmtree(self.folder / "graded", ignore_errors=True)
        paths = [str(self.folder / "submitted"), "--out", str(self.folder / "graded"), "--assignment", ASSIGNMENT]
        options = ["--jobs", str(self.jobs), "--isolation", self.isolation]
        return [str(TOOL / "autograder"), "--course", str(HERE.parent), "grade", *paths, *options]

    def warm(self) -> list[str]:
        shutil.rmtree(self.folder / "graded-warm", ignore_errors=True)
        (self.folder / "graded-warm").mkdir()
        paths = [str(self.folder / "submitted"), str(self.folder / "graded-warm")]
        return [sys.executable, str(HERE / "warm.py"), *paths, self.isolation, str(self.jobs)]

    def scores(self) -> dict[str, float]:
        return {record["student"]: record["score"] for record in self.records()}

    def records(self) -> list[dict]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob(f"graded/*/{ASSIGNMENT}.json"))]


class Nbgrader:
    """Stock `nbgrader autograde`: the same source notebook with its hidden lines, and no plug-in of ours."""

    def __init__(self, group: Class, folder: Path, env: dict, *, experiments: bool, students: list[str] | None = None):
        self.folder = folder
        source = folder / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_bytes(to_bytes(cut(group.source, experiments)))
        (folder / "nbgrader_config.py").write_text(STOCK_CONFIG)
        group.write(folder / "submitted", experiments=experiments, students=students)
        made = subprocess.run(
            [str(TOOL / "nbgrader"), "generate_assignment", ASSIGNMENT],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise CannotSetUp(f"nbgrader generate_assignment failed: {made.stderr.strip()[-300:]}")

    def command(self) -> list[str]:
        return [str(TOOL / "nbgrader"), "autograde", ASSIGNMENT, "--force"]

    def scores(self) -> dict[str, float]:
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as gradebook:
            return {
                submission.student_id: round(
                    sum(grade.auto_score or 0 for notebook in submission.notebooks for grade in notebook.grades), 2
                )
                for submission in gradebook.assignment_submissions(ASSIGNMENT)
            }


class Otter:
    """otter-grader without Docker: its documented API grades one submission after the other in one process."""

    def __init__(self, group: Class, folder: Path, *, experiments: bool, students: list[str] | None = None):
        self.folder = folder
        self.python = otter_python()
        group.write(folder / "submitted", experiments=experiments, students=students)
        with zipfile.ZipFile(folder / "autograder.zip", "w") as archive:
            for id, text in otter_tests(exercises_of(group.source)):
                archive.writestr(f"tests/{id}.py", text)
            archive.writestr("otter_config.json", json.dumps({"print_summary": False, "print_score": False}))

    def command(self) -> list[str]:
        (self.folder / "scores.json").unlink(missing_ok=True)
        return [str(self.python), str(HERE / "otter_class.py"), str(self.folder), ASSIGNMENT]

    def scores(self) -> dict[str, float]:
        return {
            student: round(score, 2) for student, score in json.loads((self.folder / "scores.json").read_text()).items()
        }


class Floor:
    """A warm process that forks and calls; see floor.py. It gives no scores."""

    def __init__(self, group: Class, folder: Path):
        self.folder = folder
        group.write(folder / "submitted")

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "floor.py"), str(self.folder / "submitted"), "benchmark"]

    def scores(self) -> dict[str, float]:
        return {}


def otter_tests(ids: Iterable[str]) -> Iterable[tuple[str, str]]:
    """(id, test file) of each exercise: a case for each hidden test, with its share of the points of its part."""
    for id in ids:
        item = hidden.load(id)
        text = OTTER_TEST.format(id=id)
        for test in item.tests:
            points = item.parts[test.part] / sum(other.part == test.part for other in item.tests)
            # A supporting test earns nothing alone; exercise.score says the same.
            also = ' and passed["any"]' if test.supporting else ""
            text += OTTER_CASE.format(name=test.__name__, points=points, also=also)
        yield id, text


def otter_python() -> Path:
    """The interpreter of an environment with otter-grader beside the packages of ours, made when it is missing."""
    folder = HERE.parent / "build" / "bench-venv"
    python, mark = folder / "bin" / "python", folder / f".otter-{OTTER}"
    if mark.is_file():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    steps = [
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", str(HERE.parent / "constraints.txt"),
         f"otter-grader=={OTTER}", "ipykernel"],
    ]  # fmt: skip
    for step in steps:
        made = subprocess.run(step, capture_output=True, text=True)
        if made.returncode:
            last = (made.stderr.strip() or made.stdout.strip() or "no message").splitlines()[-1]
            raise CannotSetUp(f"otter-grader {OTTER} could not be installed in {folder}: {last}")
    # Its own packages come first; ours (torch, the course) behind them, editable installs too.
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    theirs = next((folder / "lib").glob("python*/site-packages"))
    (theirs / "beside.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    mark.touch()
    return python
