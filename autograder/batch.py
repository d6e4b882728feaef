"""Grade many submissions: worker processes, a rerun that skips what is done, nothing lost when something is killed.

Workers compute and hand back results; the process that called `grade_all` is the only one that writes. A worker can
therefore be killed at any moment, by Ctrl-C or by the kernel, and leaves no half-written file.
"""

import collections
import contextlib
import dataclasses
import multiprocessing.connection
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder import cluster, folder, report
from autograder.cluster import ClusterTrouble
from autograder.course import BuildError, Course
from autograder.exercise import BadExercise
from autograder.finding import Found
from autograder.folder import CannotWrite, output, paths, records  # noqa: F401 - also known by this name
from autograder.grading import Grader
from autograder.result import Result
from autograder.sandbox.host import GraderFault, SandboxUnavailable
from autograder.submission import UnreadableSubmission, read
from autograder.workers import Worker

DEATHS = 2  # after so many workers died of one submission it is given up


# The disk, the course or the machine: nothing that goes on after one of these would end better.
FATAL = (OSError, BuildError, BadExercise, SandboxUnavailable, ClusterTrouble)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a worker process needs to make its own grader."""

    root: Path
    out: Path
    isolation: str
    seed: str
    again: bool = False  # grade although the result is there
    expect: dict[str, str] = dataclasses.field(
        default_factory=dict
    )  # `cluster.about` of the machine that began the run


@dataclasses.dataclass(frozen=True)
class Done:
    """One submission that was dealt with, and its feedback page."""

    result: Result
    page: str
    skipped: bool = False  # an earlier run had already graded exactly this


def grade_all(found: list[Found], settings: Settings, jobs: int = 1) -> Iterator[Done]:
    """Grade submissions and write their records and pages, `jobs` at a time, as they finish.

    With more than one job each has a process with its own warm sandbox. A worker that dies takes nothing with it: its
    submission is graded again, and one of which DEATHS workers died is `could_not_grade`. When the consumer stops
    early, the workers are killed.
    """
    return written(_in_processes(found, settings, jobs) if jobs > 1 else _here(found, settings), settings)


def written(finished: Iterable[Done], settings: Settings) -> Iterator[Done]:
    """Write what is finished, one at a time."""
    with contextlib.closing(finished):
        for done in finished:
            folder.write(settings.out, done.result, done.page, skipped=done.skipped)
            yield done


def grader_for(settings: Settings) -> Grader:
    """Raises ClusterTrouble if this machine would grade otherwise than the one that began the run."""
    grader = Grader(Course(settings.root), settings.isolation, settings.seed)
    cluster.agree(grader, settings.expect)
    return grader


def _here(found: list[Found], settings: Settings) -> Iterator[Done]:
    with grader_for(settings) as grader:
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
        return _done(grader.nothing(found.student, found.assignment, problems))
    try:
        release = grader.assignment(found.assignment).release
        submission = read(found.path, release, student=found.student, assignment=found.assignment)
    except UnreadableSubmission as error:
        # Students read it: the name of their file, not where the instructor keeps it.
        problem = str(error).replace(f"{found.path.parent}{os.sep}", "")
        return _done(grader.nothing(found.student, found.assignment, (*found.problems, problem)))
    submission = dataclasses.replace(submission, problems=(*found.problems, *submission.problems))
    record, _ = paths(settings.out, found.student, found.assignment)
    old = None if settings.again else folder.earlier(record)
    if old and old.key == grader.key(submission) and old.gradable:
        return _done(old, skipped=True)
    return _done(grader.grade(submission))


def _ungraded(grader: Grader, found: Found, problem: str) -> Done:
    problems = (*found.problems, problem)
    return _done(grader.nothing(found.student, found.assignment, problems, verdict="could_not_grade"))


def _done(result: Result, *, skipped: bool = False) -> Done:
    """The page is made where the grading was done: the coordinator only writes."""
    return Done(result, report.feedback_html(result), skipped)


# Worker processes


def _in_processes(found: list[Found], settings: Settings, jobs: int) -> Iterator[Done]:
    workers: list[Worker] = []
    finished = False
    try:
        yield from hand_out(found, settings, jobs, workers)
        finished = True
    finally:
        for worker in workers:
            worker.stop(kill=not finished)


def hand_out(found: Iterable[Found], settings: Settings, jobs: int, workers: list[Worker]) -> Iterator[Done]:
    """Give the submissions to `workers`, which grows to `jobs` of them as there is work and is left to the caller."""
    waiting = collections.deque(found)
    deaths: collections.Counter[Found] = collections.Counter()
    unborn = 0  # workers that died before they were ready, one after the other
    for worker in workers[: len(waiting)]:
        worker.give(waiting.popleft())
    while True:
        while waiting and len(workers) < jobs:
            workers.append(Worker(settings))
            workers[-1].give(waiting.popleft())
        busy = {worker.pipe: worker for worker in workers if worker.item is not None}
        if not busy:
            return
        for pipe in multiprocessing.connection.wait(list(busy)):
            worker = busy[pipe]
            answer = worker.receive()
            if isinstance(answer, str):
                worker.ready, unborn = True, 0
                continue
            item, worker.item = worker.item, None
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                if waiting:  # before anything is written: it works while we write
                    worker.give(waiting.popleft())
                yield answer
                continue
            worker.stop(kill=True)
            workers.remove(worker)
            if worker.ready:
                deaths[item] += 1
            elif (unborn := unborn + 1) > jobs:
                raise SandboxUnavailable("grading processes die while they start; try --jobs 1, which says why")
            if deaths[item] < DEATHS:
                waiting.appendleft(item)
            else:
                yield lost(item, settings, f"{DEATHS} grader processes died during this submission")


def lost(item: Found, settings: Settings, why: str) -> Done:
    """The result of a submission that those who should grade it do not survive."""
    with grader_for(settings) as grader:
        return _ungraded(grader, item, f"{why}; it is not graded yet")
