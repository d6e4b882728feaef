"""The gradebook of a run of `nbgrader autograde`: opened once, written in one short transaction for each submission.

nbgrader's methods that write commit at once and log a traceback when that fails; here a submission's rows change
together or not at all, and what can go wrong with a database is one line.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import parse_utc
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import joinedload, selectinload, undefer
from sqlalchemy.orm.exc import StaleDataError

LOCK_S = 10  # another grader needs milliseconds; whoever holds rows for longer has forgotten them
ATTEMPTS = 3
RERUN = "what was graded before is kept; run the same command again"


class Trouble(SystemExit):
    """Ends the run with one line and exit status 1. nbgrader answers any exception with a traceback, but not this."""

    def __init__(self, line: str):
        super().__init__(1)
        self.line = line

    def __str__(self) -> str:
        return self.line


@contextlib.contextmanager
def opened(url: str, course_id: str) -> Iterator[Gradebook]:
    """The gradebook at `url`; Trouble where it cannot be opened."""
    try:
        gradebook = Gradebook(url, course_id)
    except (SQLAlchemyError, InvalidEntry, ImportError) as error:
        raise Trouble(_line(url, error)) from None
    try:
        yield gradebook
    finally:
        gradebook.close()


def transaction(gradebook: Gradebook, work: Callable):
    """work() and a commit: all or nothing. Again where another grader came first or the connection was lost.

    Raises:
        Trouble: the database is locked, full, gone, or otherwise refuses; nothing of work() is in it.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if gradebook.engine.dialect.name == "postgresql":
                gradebook.db.execute(text(f"SET LOCAL lock_timeout = '{LOCK_S}s'"))
            value = work()
            gradebook.db.commit()
            return value
        except SQLAlchemyError as error:
            _undo(gradebook)
            if attempt == ATTEMPTS or not _passing(error):
                raise Trouble(_line(gradebook.engine.url, error)) from None
        except BaseException:
            _undo(gradebook)
            raise
    raise AssertionError("unreachable")


def _undo(gradebook: Gradebook) -> None:
    with contextlib.suppress(SQLAlchemyError):
        gradebook.db.rollback()


def _passing(error: SQLAlchemyError) -> bool:
    """Whether the same work can succeed at once: a row that another grader made, a deadlock, a server that restarted."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, IntegrityError | StaleDataError) or _code(error) in ("40001", "40P01")


def _code(error: Exception) -> str:
    """PostgreSQL's name of an error."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _line(url, error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    try:
        where = make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        where = "c.CourseDirectory.db_url"  # not repeated: it may hold a password
        said = "expected a URL such as sqlite:////path/gradebook.db or postgresql+psycopg://user@host/database"
    if isinstance(error, ImportError):
        advice = "install the driver; for postgresql+psycopg: pip install 'traindeep[postgresql]'"
    elif _code(error) == "55P03" or "is locked" in said:
        advice = f"another program holds a lock on it: close it or wait until it ends; {RERUN}"
    elif "disk is full" in said or "No space left" in said or _code(error) == "53100":
        advice = f"make space on the disk that holds it; {RERUN}"
    else:
        advice = f"see to it that it can be read and written; {RERUN}"
    return f"gradebook {where}: {said}; {advice}"


def submitted(gradebook: Gradebook, names: dict, timestamp: datetime | str | None) -> SubmittedNotebook:
    """The rows of a submission, made where they are missing, and kept from other graders until the transaction ends."""
    student, assignment, notebook = names["student"], names["assignment"], names["notebook"]
    student_row = gradebook.db.get(Student, student)
    if student_row is None:
        student_row = Student(id=student)
        gradebook.db.add(student_row)
        gradebook.db.flush()
    try:
        submission = gradebook.find_submission(assignment, student)
    except MissingEntry:
        submission = _new(gradebook, assignment, student_row)
    # Two graders of one submission write it one after the other. SQLite has one writer anyway, and ignores this.
    gradebook.db.execute(select(SubmittedAssignment.id).filter_by(id=submission.id).with_for_update())
    if timestamp:
        submission.timestamp = parse_utc(timestamp)
    gradebook.db.flush()
    # Grades and comments with their cells at once; one at a time they are forty queries.
    grades = selectinload(SubmittedNotebook.grades).options(joinedload(Grade.cell), undefer(Grade.max_score))
    comments = selectinload(SubmittedNotebook.comments).joinedload(Comment.cell)
    rows = select(SubmittedNotebook).filter_by(assignment_id=submission.id).options(grades, comments)
    found = gradebook.db.scalars(rows.execution_options(populate_existing=True)).all()
    return next(row for row in found if row.name == notebook)


def _new(gradebook: Gradebook, assignment: str, student: Student) -> SubmittedAssignment:
    """As Gradebook.add_submission makes it, but for the commit."""
    submission = SubmittedAssignment(assignment=gradebook.find_assignment(assignment), student=student)
    for notebook in submission.assignment.notebooks:
        row = SubmittedNotebook(notebook=notebook, assignment=submission)
        for cell in (*notebook.grade_cells, *notebook.task_cells):
            Grade(cell_id=cell.id, notebook=row)
        for cell in (*notebook.solution_cells, *notebook.task_cells):
            Comment(cell_id=cell.id, notebook=row)
    gradebook.db.add(submission)
    gradebook.db.flush()
    return submission
