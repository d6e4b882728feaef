"""What `nbgrader autograde` loads by dotted name: it hands over a file, we hand back scores and comments.

nbgrader_config.py names these classes. They translate between nbgrader's files and gradebook and our Submission and
Result, and decide nothing. Facts about nbgrader 0.9.6 are noted where they shape the code.
"""

import atexit
import contextlib
import functools
import glob
import itertools
import json
import os
import re
import stat
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook, SubmittedNotebook
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from autograder import report
from autograder.course import Course, grade_id, role
from autograder.finding import find
from autograder.grading import Grader
from autograder.result import ExerciseResult, Result
from autograder.sandbox.host import GraderFault, SandboxUnavailable, SubmissionFailed, choose_isolation
from autograder.submission import Submission, UnreadableSubmission, read, rebuild

LARGEST = 10 * 2**20  # bytes of a file handed in beside the notebook
MOST = 200  # files handed in beside the notebook

_until_exit = contextlib.ExitStack()
atexit.register(_until_exit.close)


class CouldNotGrade(Exception):
    """The grader itself failed on an exercise. nbgrader reports the submission and takes it up again in the next run."""


@functools.cache
def warm_grader(root: str, isolation: str) -> Grader:
    """The grader of this process: the sandbox starts once for a whole batch, and once for formgrader."""
    return _until_exit.enter_context(Grader(Course.find(root), isolation))


# ---- nbgrader autograde: from the submitted file to the notebook that is graded --------------------------


class SubmissionExporter(NotebookExporter):
    """Hands on, in place of the student's notebook, the course's own notebook with the student's answers put in.

    nbgrader makes one exporter for a run and reads each notebook with it twice: first the submission (to sanitize it),
    then what that gave (to grade it). A preprocessor sees a notebook only after nbformat has parsed it and raised on a
    damaged one, so this is the one configurable place where a damaged submission can still become a graded one.
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
        _prepare(self.parent)

    def from_filename(self, filename, resources=None, **kwargs):
        if not self.parent._sanitizing:
            return super().from_filename(filename, resources=resources, **kwargs)
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


def _prepare(autograde: Autograde) -> None:
    """Before the run begins, see to it that no submission can stop it or drop out of it unseen."""
    settings = {name: getattr(autograde.coursedir, name) for name in CourseDirectory.class_traits(config=True)}
    folders = SubmittedFolders(parent=autograde.coursedir.parent, log=autograde.log, **settings)
    autograde.coursedir = folders
    own_hook, ignored = autograde.pre_convert_hook, folders.ignore

    def before_each(notebooks, **kwargs):
        folders.ignore = ignored + folders.unfit(Path(notebooks[0]).parent)
        if own_hook:
            own_hook(notebooks=notebooks, **kwargs)

    autograde.pre_convert_hook = before_each
    # nbgrader passes over a folder without a notebook (an old score stays), fails on a notebook of another name, and
    # gives up the whole run on a folder whose name holds a line break.
    pattern = autograde._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
    for folder in glob.glob(autograde._format_source(folders.assignment_id, folders.student_id)):
        match = re.fullmatch(pattern, folder)
        if match is None or not match["student"].isprintable():
            autograde.log.error("%r was not graded: this cannot be the id of a student, rename the folder", folder)
            autograde.assignments.pop(folder, None)
        elif os.path.isdir(folder) and fnmatch(match["assignment"], folders.notebook_id):
            autograde.assignments[folder] = [os.path.join(folder, f"{match['assignment']}.ipynb")]


class SubmittedFolders(CourseDirectory):
    """The course's folders during one run of autograde, read so that nothing a student put there stops the run."""

    def get_existing_timestamp(self, dest_path):
        """The time of submission; None, with a warning, where timestamp.txt does not hold one."""
        path = Path(dest_path, "timestamp.txt")
        try:
            # nbgrader opens whatever is there, and calls a method that does not exist if it makes no sense.
            if not path.is_symlink() and not path.exists():
                return None
            if not _plain_file(path, at_most=200):
                raise ValueError("it is not a small plain file")
            return super().get_existing_timestamp(dest_path)
        except Exception as error:
            self.log.warning("%s does not hold the time of submission: %s", path, error)
            return None

    def unfit(self, folder: Path) -> list[str]:
        """Patterns of what nbgrader must not copy from a submission: it would copy a link's target or an endless device."""
        paths = list(itertools.islice(folder.iterdir(), MOST + 1))
        bad = [path for path in paths if path.suffix != ".ipynb" and not _fit(path)] if len(paths) <= MOST else [folder]
        for path in bad[:5]:
            limits = f"at most {MOST} plain files of {LARGEST // 2**20} MB"
            self.log.warning("%s is not copied beside the graded notebook: expected %s", path, limits)
        return [glob.escape(str(path)) for path in bad]


def _fit(path: Path) -> bool:
    if not path.is_dir() or path.is_symlink():
        return _plain_file(path)
    seen = 0
    for where, folders, files in os.walk(path):
        seen += len(folders) + len(files)
        if seen > MOST or not all(_plain_file(Path(where, name)) for name in files):
            return False
    return True


def _plain_file(path: Path, at_most: int = LARGEST) -> bool:
    found = os.lstat(path)
    return stat.S_ISREG(found.st_mode) and found.st_size <= at_most and os.access(path, os.R_OK)


# ---- nbgrader autograde: from the notebook to the gradebook -----------------------------------------------


class Grade(NbGraderPreprocessor):
    """Grades the submission, enters every score and comment in the gradebook, and leaves the result in the notebook."""

    def preprocess(self, nb, resources):
        try:
            result = self._result(self.parent.submission, self.parent.readable)
            self._enter(result, resources["nbgrader"])
            if not result.gradable:
                raise CouldNotGrade(f"{result.student}, {result.assignment}: {'; '.join(result.problems[-3:])}")
        except BaseException:
            # nbgrader leaves this set when a preprocessor raises, and every kernel that formgrader starts inherits it.
            os.environ.pop("NBGRADER_EXECUTION", None)
            raise
        # A notebook is written as UTF-8, which half a surrogate pair in a student's exception does not survive.
        record = json.dumps(json.loads(result.to_json()), ensure_ascii=False).encode("utf-8", "replace")
        nb.metadata.setdefault("traindeep", {})["result"] = json.loads(record)
        for cell in nb.cells:
            if role(cell) == "check":
                cell.outputs = _shown(exercise_of(grade_id(cell), result))
        return nb, resources

    def _enter(self, result: Result, names: dict) -> None:
        folders = self.parent.parent.coursedir
        with Gradebook(folders.db_url, folders.course_id) as gradebook:
            notebook = gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])
            enter(notebook, self.parent.submission, result, self.log)
            gradebook.db.commit()

    def _result(self, submission: Submission, readable: bool) -> Result:
        grader = warm_grader(self.parent.parent.coursedir.root, self.parent.isolation)
        if not readable:
            return grader.nothing(submission.student, submission.assignment, submission.problems)
        try:
            return grader.grade(submission)
        except (Exception, GraderFault, SubmissionFailed) as error:
            problems = (*submission.problems, f"the grader failed ({type(error).__name__}: {error})")
            return grader.nothing(submission.student, submission.assignment, problems, verdict="could_not_grade")


def enter(notebook: SubmittedNotebook, submission: Submission, result: Result, log) -> None:
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
            grade.auto_score = None if exercise.verdict == "could_not_grade" else exercise.score
        elif grade.name in submission.stubs:
            grade.auto_score = None if grade.name in answered else 0.0
        else:
            log.error("%s is in the gradebook, not in the course; run nbgrader generate_assignment", grade.name)
            grade.auto_score = None
        # As nbgrader does: a score that a person changed is looked at again after a new submission.
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
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
