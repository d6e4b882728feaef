"""Grade many submissions: worker processes, a rerun that skips what is done, nothing lost when something is killed.

Workers compute and hand back results; the process that called `grade_all` is the only one that writes. A worker can
therefore be killed at any moment, by Ctrl-C or by the kernel, and leaves no half-written file.
"""

import collections
import contextlib
import dataclasses
import errno
import fcntl
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder import export, report
from autograder.course import BuildError, Course
from autograder.exercise import BadExercise
from autograder.finding import Found, safe_name
from autograder.grading import Grader
from autograder.result import BadRecord, Result, write_atomically
from autograder.sandbox.host import GraderFault, SandboxUnavailable
from autograder.submission import UnreadableSubmission, read

# The disk, the course or the machine: nothing that goes on after one of these would end better.
FATAL = (OSError, BuildError, BadExercise, SandboxUnavailable)
DEATHS = 2  # after so many workers died of one submission it is given up


class CannotWrite(Exception):
    """The output folder cannot be used; one line that says why and what to do."""


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
    skipped: bool = False  # an earlier run had already graded exactly this


def paths(out: Path, student: str, assignment: str) -> tuple[Path, Path]:
    """Where the record and the feedback page of a submission go."""
    folder = out / safe_name(student)
    return folder / f"{assignment}.json", folder / f"{assignment}.html"


@contextlib.contextmanager
def output(out: Path) -> Iterator[None]:
    """Hold the output folder: made if need be, writable, and ours alone until the end.

    On leaving, also by an exception, grades.csv says what the records in the folder say.

    Raises:
        CannotWrite: before anything was graded.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(b"probe")
        handle = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise CannotWrite(
            f"{out}: expected a folder that can be written to: {error.strerror}; choose another --out"
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise CannotWrite(
                    f"{out} is in use by another run of autograder grade; wait for it or choose another --out"
                ) from None
            # A file system without locks: nothing is lost but this check.
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):  # the first trouble is the one to tell
                _write_table(out)
            raise
        _write_table(out)
    finally:
        os.close(handle)


def _write_table(out: Path) -> None:
    if results := records(out):
        export.write(out / "grades.csv", results)


def records(out: Path) -> list[Result]:
    """Every result in the output folder, of this run and of earlier ones, by assignment and student."""
    found = (_earlier(path) for path in out.glob("*/*.json"))
    return sorted(filter(None, found), key=lambda result: (result.assignment, result.student))


def _earlier(record: Path) -> Result | None:
    try:
        return Result.from_json(record.read_text(encoding="utf-8"), str(record))
    except (OSError, BadRecord, UnicodeDecodeError):
        return None


def grade_all(found: list[Found], settings: Settings, jobs: int = 1) -> Iterator[Done]:
    """Grade submissions and write their records and pages, `jobs` at a time, as they finish.

    With more than one job each has a process with its own warm sandbox. A worker that dies takes nothing with it: its
    submission is graded again, and one of which DEATHS workers died is `could_not_grade`. When the consumer stops
    early, the workers are killed.
    """
    for done in _in_processes(found, settings, jobs) if jobs > 1 else _here(found, settings):
        _write(done, settings)
        yield done


def _write(done: Done, settings: Settings) -> None:
    record, page = paths(settings.out, done.result.student, done.result.assignment)
    html = report.feedback_html(done.result)
    if not (done.skipped and page.is_file() and page.read_bytes() == html.encode()):
        write_atomically(page, html)
    if not done.skipped:
        write_atomically(record, done.result.to_json())  # the last: where it stands, the page stands too


def _here(found: list[Found], settings: Settings) -> Iterator[Done]:
    with Grader(Course(settings.root), settings.isolation, settings.seed) as grader:
        for item in found:
            yield grade_found(grader, item, settings)


def grade_found(grader: Grader, found: Found, settings: Settings) -> Done:
    """Grade one submission, unless its record is there. A bug of ours costs one submission its grade for now."""
    try:
        return _grade(grader, found, settings)
    except FATAL:
        raise
    except (Exception, GraderFault) as error:
        problem = f"the grader failed ({type(error).__name__}: {error}); this is not the student's fault"
        return _ungraded(grader, found, problem)


def _grade(grader: Grader, found: Found, settings: Settings) -> Done:
    if found.path is None:
        problems = found.problems or ("No notebook was handed in.",)
        return Done(grader.nothing(found.student, found.assignment, problems))
    try:
        release = grader.assignment(found.assignment).release
        submission = read(found.path, release, student=found.student, assignment=found.assignment)
    except UnreadableSubmission as error:
        # Students read it: the name of their file, not where the instructor keeps it.
        problem = str(error).replace(f"{found.path.parent}{os.sep}", "")
        return Done(grader.nothing(found.student, found.assignment, (*found.problems, problem)))
    submission = dataclasses.replace(submission, problems=(*found.problems, *submission.problems))
    record, _ = paths(settings.out, found.student, found.assignment)
    if not settings.again and (old := _earlier(record)) and old.key == grader.key(submission) and old.gradable:
        return Done(old, skipped=True)
    return Done(grader.grade(submission))


def _ungraded(grader: Grader, found: Found, problem: str) -> Done:
    problems = (*found.problems, problem)
    return Done(grader.nothing(found.student, found.assignment, problems, verdict="could_not_grade"))


# Worker processes


class _Worker:
    """A process that grades one submission after another."""

    def __init__(self, settings: Settings):
        context = multiprocessing.get_context("spawn")
        self.item: Found | None = None
        self.ready = False
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, settings), daemon=True)
        # Ctrl-C reaches every process of the terminal; it is the coordinator's to handle, so workers start deaf to it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            self.process.start()
        finally:
            theirs.close()  # so that the death of the process is the end of the pipe
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def give(self, item: Found) -> None:
        self.item = item
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died: receive() will say so
            self.pipe.send(item)

    def receive(self):
        """What it answers: a Done, an exception, "ready", or None if it has died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            return None

    def stop(self, *, kill: bool = False) -> None:
        self.pipe.close()  # a worker that waits for work ends by itself
        if kill:
            self.process.kill()
        self.process.join()


def _work(pipe, settings: Settings) -> None:
    """In a worker process, from its main thread: one grader for its whole life."""
    # Not SIG_IGN and not blocked: student code inherits both, and would behave otherwise than with one job.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    ended = contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError)  # the coordinator is done, or gone
    with ended, Grader(Course(settings.root), settings.isolation, settings.seed) as grader:
        pipe.send("ready")
        while True:
            item = pipe.recv()
            try:
                answer = grade_found(grader, item, settings)
            except FATAL as error:
                answer = error  # raised again by the coordinator
            pipe.send(answer)


def _in_processes(found: list[Found], settings: Settings, jobs: int) -> Iterator[Done]:
    waiting = collections.deque(found)
    deaths: collections.Counter[Found] = collections.Counter()
    workers: list[_Worker] = []
    finished = False
    try:
        while True:
            while waiting and len(workers) < jobs:
                workers.append(_Worker(settings))
                workers[-1].give(waiting.popleft())
            busy = {worker.pipe: worker for worker in workers if worker.item is not None}
            if not busy:
                break
            for pipe in multiprocessing.connection.wait(list(busy)):
                worker = busy[pipe]
                answer = worker.receive()
                if answer == "ready":
                    worker.ready = True
                    continue
                item, worker.item = worker.item, None
                if answer is None:
                    worker.stop(kill=True)
                    workers.remove(worker)
                    if not worker.ready:
                        raise SandboxUnavailable("a grading process could not start; try --jobs 1, which says why")
                    deaths[item] += 1
                    if deaths[item] < DEATHS:
                        waiting.appendleft(item)
                    else:
                        yield _lost(item, settings)
                elif isinstance(answer, Exception):
                    raise answer
                else:
                    if waiting:
                        worker.give(waiting.popleft())
                    yield answer
        finished = True
    finally:
        for worker in workers:
            worker.stop(kill=not finished)


def _lost(item: Found, settings: Settings) -> Done:
    with Grader(Course(settings.root), settings.isolation, settings.seed) as grader:
        return _ungraded(grader, item, f"{DEATHS} grader processes died during this submission; it is not graded yet")
