"""Grade many submissions: worker processes, a rerun that skips what is done, nothing lost when something is killed."""

import concurrent.futures
import dataclasses
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from autograder import report
from autograder.course import BuildError, Course
from autograder.finding import Found, safe_name
from autograder.grading import Grader
from autograder.result import BadRecord, Result, write_atomically
from autograder.sandbox.host import GraderFault, SandboxUnavailable
from autograder.submission import UnreadableSubmission, read


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a worker process needs to make its own grader."""

    root: Path
    out: Path
    isolation: str
    seed: str
    again: bool = False  # grade although the result is there


@dataclasses.dataclass(frozen=True)
class Done:
    """One submission that was dealt with."""

    result: Result
    path: Path
    skipped: bool  # an earlier run had already graded exactly this


def paths(out: Path, found: Found) -> tuple[Path, Path]:
    """Where the record and the feedback page of a submission go."""
    base = out / safe_name(found.student) / found.assignment
    return base.with_name(f"{base.name}.json"), base.with_name(f"{base.name}.html")


def grade_found(grader: Grader, found: Found, settings: Settings) -> Done:
    """Grade one submission and write its record and its feedback page."""
    record, page = paths(settings.out, found)
    try:
        if found.path is None:
            raise UnreadableSubmission("no notebook was handed in")
        submission = read(
            found.path,
            grader.assignment(found.assignment).release,
            student=found.student,
            assignment=found.assignment,
        )
    except UnreadableSubmission as error:
        result = grader.nothing(found.student, found.assignment, (*found.problems, str(error)))
    else:
        key = grader.key(submission)
        if not settings.again and (old := _earlier(record)) and old.key == key and old.gradable and page.is_file():
            return Done(old, record, skipped=True)
        result = grader.grade(submission)
        result = dataclasses.replace(result, problems=(*found.problems, *result.problems))
    write_atomically(page, report.feedback_html(result))
    # The record last: where it stands, the page stands too.
    write_atomically(record, result.to_json())
    return Done(result, record, skipped=False)


def _earlier(record: Path) -> Result | None:
    try:
        return Result.from_json(record.read_text(encoding="utf-8"), str(record))
    except (OSError, BadRecord, UnicodeDecodeError):
        return None


def grade_all(found: list[Found], settings: Settings, jobs: int = 1) -> Iterator[Done]:
    """Grade submissions as they finish, `jobs` at a time, each job in a process with its own warm sandbox.

    A worker process that dies takes nothing with it: what it had not finished is graded again, and a submission
    during which workers die twice is `could_not_grade`.
    """
    if jobs == 1:
        with Grader(Course(settings.root), settings.isolation, settings.seed) as grader:
            for item in found:
                yield _guarded(grader, item, settings)
        return
    deaths: dict[int, int] = {}
    waiting = dict(enumerate(found))
    while waiting:
        context = multiprocessing.get_context("spawn")
        size = min(jobs, len(waiting))
        pool = concurrent.futures.ProcessPoolExecutor(
            size, mp_context=context, initializer=_start, initargs=(settings,)
        )
        try:
            futures = {pool.submit(_work, item): index for index, item in waiting.items()}
            for future in concurrent.futures.as_completed(futures):
                index = futures[future]
                done = future.result()
                del waiting[index]
                yield done
        except BrokenProcessPool:
            # Nobody can say which of the unfinished ones it was: each that had started gets one more chance, alone.
            for index in [i for i in waiting if _started(settings, waiting[i])]:
                deaths[index] = deaths.get(index, 0) + 1
                if deaths[index] > 1:
                    yield _lost(waiting.pop(index), settings)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_grader: Grader | None = None
_settings: Settings | None = None


def _start(settings: Settings) -> None:
    """In a worker process: one grader for its whole life, started from its main thread."""
    import atexit
    import signal

    global _grader, _settings
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    _settings = settings
    _grader = Grader(Course(settings.root), settings.isolation, settings.seed)
    atexit.register(_grader.__exit__)


def _work(item: Found) -> Done:
    mark = _mark(_settings, item)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    try:
        return _guarded(_grader, item, _settings)
    finally:
        mark.unlink(missing_ok=True)


def _mark(settings: Settings, item: Found) -> Path:
    record, _ = paths(settings.out, item)
    return record.with_name(f".{record.name}.started")


def _started(settings: Settings, item: Found) -> bool:
    mark = _mark(settings, item)
    if mark.is_file():
        mark.unlink()
        return True
    return False


def _guarded(grader: Grader, item: Found, settings: Settings) -> Done:
    """A bug of ours costs one submission its grade for now, not the class."""
    try:
        return grade_found(grader, item, settings)
    except (OSError, BuildError, SandboxUnavailable):
        raise  # the disk, the course or the machine: nothing that goes on would end better
    except (Exception, GraderFault) as error:
        problem = f"the grader failed ({type(error).__name__}: {error}); this is not the student's fault"
        return _ungraded(grader, item, settings, problem)


def _ungraded(grader: Grader, item: Found, settings: Settings, problem: str) -> Done:
    record, page = paths(settings.out, item)
    result = grader.nothing(item.student, item.assignment, (*item.problems, problem), verdict="could_not_grade")
    write_atomically(page, report.feedback_html(result))
    write_atomically(record, result.to_json())
    return Done(result, record, skipped=False)


def _lost(item: Found, settings: Settings) -> Done:
    with Grader(Course(settings.root), settings.isolation, settings.seed) as grader:
        return _ungraded(
            grader, item, settings, f"two grader processes died during this submission (last pid {os.getpid()})"
        )
