"""What `nbgrader autograde` loads by dotted name: it hands over a file, we hand back scores and comments.

nbgrader_config.py names these classes. They translate between nbgrader's files and gradebook and our Submission and
Result, and decide nothing. Facts about nbgrader 0.9.6 are noted where they shape the code.
"""

import atexit
import contextlib
import functools
import importlib
import json
import os
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import SubmittedNotebook
from nbgrader.converters import NbGraderException
from nbgrader.preprocessors import AssignLatePenalties
from traindeep import exercise as visible
from traitlets import Unicode

from autograder import exercise as hidden
from autograder import report
from autograder.batch import FATAL
from autograder.course import Course, grade_id, role
from autograder.finding import find
from autograder.grading import Grader
from autograder.nbgrader_gradebook import RERUN, Trouble, submitted, transaction
from autograder.nbgrader_run import Run
from autograder.result import ExerciseResult, Result
from autograder.sandbox.host import GraderFault, SandboxUnavailable, SubmissionFailed, choose_isolation
from autograder.submission import Submission, UnreadableSubmission, read, rebuild

_until_exit = contextlib.ExitStack()
atexit.register(_until_exit.close)
_warm: dict[tuple[str, str], tuple[tuple, Grader]] = {}


def warm_grader(root: str, isolation: str) -> Grader:
    """The grader of this process: the sandbox starts once for a whole batch, and once for formgrader.

    formgrader's process lives for weeks: after a change of tests, references or notebooks the grader is a new one.
    """
    course = Course.find(root)
    stamp = _stamp(course)
    if (root, isolation) in _warm:
        before, grader = _warm[root, isolation]
        if before == stamp:
            return grader
        forget()
    grader = Grader(course, isolation)
    _warm[root, isolation] = stamp, _until_exit.enter_context(grader)
    return grader


def forget() -> None:
    """End every grader of this process, and read tests and references from their files when they are next needed."""
    _warm.clear()
    _until_exit.close()
    for name in list(sys.modules):
        if name.startswith(("autograder.exercises.", "traindeep.exercises.", "traindeep.reference.")):
            del sys.modules[name]
    for cached in (visible.load, visible.ids, hidden.load, hidden.find_reference):
        cached.cache_clear()
    importlib.invalidate_caches()


def _stamp(course: Course) -> tuple:
    """Changes when a file does from which an assignment is loaded."""
    own = Path(hidden.__file__).parent / "exercises"
    files = [
        *own.glob("*/*.py"),
        *(visible.ROOT / "exercises").glob("*.py"),
        *(visible.ROOT / "reference").glob("*.py"),
    ]
    files += (course.root / "notebooks").glob("*/*.ipynb")
    return tuple((path, (found := path.stat()).st_mtime_ns, found.st_size) for path in sorted(files))


# ---- from the submitted file to the notebook that is graded ----------------------------------------------


class SubmissionExporter(NotebookExporter):
    """Hands on, in place of the student's notebook, the course's own notebook with the student's answers put in.

    A preprocessor sees a notebook only after nbformat has parsed it and raised on a damaged one, so this is the one
    configurable place where a damaged submission can still become a graded one. It is also the one that nbgrader makes
    before a run begins.
    """

    isolation = Unicode("auto", help="auto, bubblewrap, confined, or none for trusted notebooks").tag(config=True)
    submission: Submission  # the one that is being graded, for Grade
    readable: bool

    def __init__(self, config=None, **kwargs):
        super().__init__(config=config, **kwargs)
        self._course = functools.cache(_course_notebooks)
        try:
            choose_isolation(self.isolation)
        except (SandboxUnavailable, ValueError) as error:
            self.log.error("nothing was graded: %s", error)
            raise NbGraderException(str(error)) from None
        Run.take_over(self.parent)

    @functools.cached_property
    def grader(self) -> Grader:
        return warm_grader(self.parent.coursedir.root, self.isolation)

    def from_filename(self, filename, resources=None, **kwargs):
        path, names = Path(filename), resources["nbgrader"]
        student, assignment = names["student"], names["assignment"]
        release, source = self._course(self.parent.coursedir.root, assignment)
        self.submission, self.readable = _read(path.parent, release, student, assignment)
        for problem in self.submission.problems:
            self.log.warning("%s, %s: %s", student, assignment, problem)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        return self.from_notebook_node(rebuild(self.submission, source), resources=resources, **kwargs)


def _course_notebooks(root: str, assignment: str) -> tuple[NotebookNode, NotebookNode]:
    course = Course.find(root)
    return course.release(assignment), course.source(assignment)


def _read(folder: Path, release: NotebookNode, student: str, assignment: str) -> tuple[Submission, bool]:
    """The submission in a folder, and whether it could be read; if not, it holds no answers and the reason."""
    found = find([folder], assignment)[0]
    problems = found.problems
    if found.path is not None:
        try:
            # Relative to the course, where nbgrader has gone: students read the messages.
            submission = read(os.path.relpath(found.path), release, student=student, assignment=assignment)
            return replace(submission, problems=(*problems, *submission.problems)), True
        except UnreadableSubmission as error:
            problems = (*problems, str(error))
    stubs = {grade_id(cell): cell.source for cell in release.cells if role(cell) in ("solution", "written")}
    return Submission(student, assignment, folder, (), {}, problems, (), tuple(stubs), stubs), False


# ---- from the notebook to the gradebook --------------------------------------------------------------------


class Grade(AssignLatePenalties):
    """Grades the submission, enters scores, comments and penalty in the gradebook, and leaves the result in the notebook.

    It takes nbgrader's place for late penalties, settings and plug-in included: that opens a second gradebook, after
    the scores are entered and by the name of another course.
    """

    def preprocess(self, nb, resources):
        run, names = self.parent.parent, resources["nbgrader"]
        result, known = self._result()
        transaction(run.gradebook, lambda: self._enter(run, names, result, known))
        if not result.gradable:
            run.failed.append(f"{result.student}, {result.assignment}: {'; '.join(reasons(result))}")
        # A notebook is written as UTF-8, which half a surrogate pair in a student's exception does not survive.
        record = json.dumps(json.loads(result.to_json()), ensure_ascii=False).encode("utf-8", "replace")
        nb.metadata.setdefault("traindeep", {})["result"] = json.loads(record)
        for cell in nb.cells:
            if role(cell) == "check":
                cell.outputs = _shown(exercise_of(grade_id(cell), result))
        return nb, resources

    def _enter(self, run: Run, names: dict, result: Result, known: Collection[str]) -> None:
        student, assignment = names["student"], names["assignment"]
        handed_in = run.coursedir.get_existing_timestamp(run._format_source(assignment, student))
        notebook = submitted(run.gradebook, names, handed_in)
        enter(notebook, self.parent.submission, result, self.log, known)
        run.gradebook.db.flush()
        run.gradebook.db.refresh(notebook, ["score"])  # nbgrader's sums are columns
        self._penalize(notebook, notebook.assignment.total_seconds_late, student)

    def _penalize(self, notebook: SubmittedNotebook, seconds: float, student: str) -> None:
        notebook.late_submission_penalty = None
        if seconds > 0:
            self.init_plugin()
            penalty = self.plugin_inst.late_submission_penalty(student, notebook.score, seconds)
            self.log.warning("%s is %s seconds late; penalty: %s", student, seconds, penalty)
            if penalty is not None:
                notebook.late_submission_penalty = self._check_late_penalty(notebook, penalty)

    def _result(self) -> tuple[Result, set[str]]:
        """The result, and the exercises whose score is known: those that only broken tests keep from being graded, too."""
        submission = self.parent.submission
        student, assignment = submission.student, submission.assignment
        try:
            grader = self.parent.grader
            grader.assignment(assignment)
        except (Exception, GraderFault) as error:
            raise Trouble(f"{assignment} cannot be graded: {type(error).__name__}: {error}; {RERUN}") from None
        try:
            if not self.parent.readable:
                result = grader.nothing(student, assignment, submission.problems)
            else:
                result = grader.grade(submission)
        except FATAL as error:
            raise Trouble(f"{student}, {assignment}: {type(error).__name__}: {error}; {RERUN}") from None
        except (Exception, GraderFault, SubmissionFailed) as error:
            problems = (*submission.problems, f"the grader failed ({type(error).__name__}: {error})")
            return grader.nothing(student, assignment, problems, verdict="could_not_grade"), set()
        void = grader.assignment(assignment).void
        return result, {exercise.id for exercise in result.exercises if score_is_known(exercise, void)}


def score_is_known(exercise: ExerciseResult, void: Collection[tuple[str, str]]) -> bool:
    """Whether the score is what the tests that work say; a test that did not run here might have earned points."""
    if exercise.verdict != "could_not_grade":
        return True
    broken = {test.name for test in exercise.tests if test.outcome == "could_not_grade"}
    return bool(broken) and len(broken) < len(exercise.tests) and all((exercise.id, name) in void for name in broken)


def reasons(result: Result) -> list[str]:
    """Why a submission could not be graded: the tests and what is wrong with them, for the log."""
    tests = [(item.id, test) for item in result.exercises for test in item.tests if test.outcome == "could_not_grade"]
    return [f"{id}, {test.name}: {test.message}" for id, test in tests] or list(result.problems[-3:])


def enter(notebook: SubmittedNotebook, submission: Submission, result: Result, log, known: Collection[str]) -> None:
    """Write every score and automatic comment of a submitted notebook; what a person entered stays.

    The rows are those of the gradebook, not the cells at hand: the row of a cell that is gone is written too.
    """
    answered = submission.written.keys() - {*submission.untouched, *submission.missing}
    answered = {name for name in answered if submission.written[name].strip()}
    exercises = {exercise.id: exercise for exercise in result.exercises}
    for grade in notebook.grades:
        exercise = exercise_of(grade.name, result)
        if exercise is not None:
            exercises.pop(exercise.id, None)
            if exercise.max_score != grade.max_score:
                log.error("%s: %g points in the gradebook, %g in the course; run nbgrader generate_assignment",
                          grade.name, grade.max_score, exercise.max_score)  # fmt: skip
            grade.auto_score = exercise.score if exercise.id in known else None
        elif grade.name in submission.stubs:
            grade.auto_score = None if grade.name in answered else 0.0
        else:
            log.error("%s is in the gradebook, not in the course; run nbgrader generate_assignment", grade.name)
            grade.auto_score = None
        # As nbgrader does: a score that a person changed is looked at again after a new submission.
        doubtful = exercise is not None and exercise.verdict == "could_not_grade"
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None or doubtful
    for comment in notebook.comments:
        exercise = exercise_of(comment.name, result)
        if exercise is not None:
            comment.auto_comment = report.comment(exercise)
        else:
            comment.auto_comment = None if comment.name in answered else "No response."
    if exercises:
        log.error("not in the gradebook: %s; run nbgrader generate_assignment", ", ".join(exercises))


def exercise_of(grade_id: str, result: Result) -> ExerciseResult | None:
    """The result that belongs to the cell `<id>` or `check_<id>`."""
    ids = (grade_id, grade_id.removeprefix("check_"))
    return next((exercise for exercise in result.exercises if exercise.id in ids), None)


def _shown(exercise: ExerciseResult | None) -> list[NotebookNode]:
    """What formgrader shows below a check cell, for the person who grades: the outcome of every hidden test."""
    if exercise is None:
        return []
    lines = [report.comment(exercise), ""]
    for test in exercise.tests:
        lines.append(f"{test.outcome:14}{test.part + ': ' if test.part else ''}{test.says}")
        lines += [" " * 14 + line for line in report.text(test.message).splitlines() if test.outcome != "passed"]
    return [nbformat.v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")]
