"""Grade an attack between two honest submissions and say what came of it."""

import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import multiprocessing.util
import os
import sys
import tempfile
import time
from pathlib import Path

import frame
import harm
import torch._dynamo  # noqa: F401 - some known mistakes import it, which changes the process: before the first look
from frame import ASSIGNMENT, Attack, HandIn

from autograder import batch
from autograder.course import Course
from autograder.finding import find
from autograder.grading import Grader
from autograder.result import Result
from autograder.sandbox.host import GraderFault, SubmissionFailed, choose_isolation

BEFORE, AFTER = "s00-honest", "s99-honest"


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    number: int
    name: str
    section: str
    says: str
    score: float | None  # None: no result was written
    max_score: float
    verdicts: dict[str, str]  # exercise -> verdict
    problems: tuple[str, ...]
    objections: tuple[str, ...]  # to the result
    harm: tuple[str, ...]
    seconds: float  # of the attack's own submission
    isolation: str
    limit: str = ""  # of the grader, known: see frame.Attack

    @property
    def good(self) -> bool:
        return not self.objections and not self.harm


class Run:
    """One world and one grader, whose warm process all attacks share. A context manager."""

    def __init__(self, course: Course, isolation: str):
        self.course, self.world = course, harm.World(course.root)
        self.grader = Grader(course, isolation, seed="a seed of the hostile corpus")
        self._honest: batch.Done | None = None  # the neighbour before the attack, graded once

    def __enter__(self) -> "Run":
        for student in (BEFORE, AFTER):
            hand_in = HandIn(self.course, self.world.submitted / student, self.world)
            secret = f"# {self.world.token}\n" if student == BEFORE else ""
            hand_in(**{id: secret + source for id, source in hand_in.right.items()})
        try:
            done = self._grade(self.world.out)[0]
            self._honest = done[BEFORE]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc) -> None:
        self.grader.__exit__(*exc)
        self.world.close()

    def judge(self, attack: Attack) -> Row:
        """Grade one attack, and an honest submission after it."""
        folder = self.world.submitted / attack.student
        self.world.out = self.world.base / "out" / attack.name
        try:
            attack.build(HandIn(self.course, folder, self.world))
            # The neighbour before this attack is the one after the last; what was written for it is a target.
            batch.folder.write(self.world.out, self._honest.result, self._honest.page)
            before = self._written_before()
            self.world.remember(self.grader)
            done, seconds, said, trouble = self._grade(self.world.out, but=BEFORE)
            found = list(trouble)
            if self._written_before() != before:
                found.append("the record or the page of another student was changed")
            found += neighbour_lost(done.get(AFTER))
            found += self.world.harm(self.grader, said)
            result = done[attack.student].result if attack.student in done else None
            if attack.harm and (sentence := attack.harm(self.world, result)):
                found.append(sentence)
        finally:
            harm.remove(folder)
            harm.remove(self.world.out)
        return Row(
            number=attack.number,
            name=attack.name,
            section=attack.section,
            says=attack.says,
            score=result.score if result else None,
            max_score=self._honest.result.max_score,
            verdicts={item.id: item.verdict for item in result.exercises} if result else {},
            problems=result.problems if result else (),
            objections=tuple(attack.expect.objections(result)),
            harm=tuple(found),
            seconds=round(seconds.get(attack.student, 0.0), 2),
            isolation=self.grader.isolation,
            limit=attack.limit,
        )

    def _grade(self, out: Path, but: str = ""):
        """Find the class and grade it, the honest neighbour last, as `autograder grade` does.

        Returns:
            Student -> what was graded, student -> seconds, what the grader printed, what stopped it.
        """
        settings = batch.Settings(self.course.root, out, self.grader.isolation, self.grader.seed, again=True)
        done, seconds, trouble = {}, {}, []
        with output_of_grader() as said:
            try:
                found = [item for item in find([self.world.submitted], ASSIGNMENT) if item.student != but]
                with batch.output(out):
                    for item in sorted(found, key=lambda item: item.student == AFTER):
                        start = time.monotonic()
                        graded = batch.grade_found(self.grader, item, settings)
                        batch.folder.write(out, graded.result, graded.page)
                        done[item.student], seconds[item.student] = graded, time.monotonic() - start
            except (Exception, GraderFault, SubmissionFailed) as error:
                trouble.append(f"the batch stopped: {type(error).__name__}: {error}"[:300])
        return done, seconds, said[0], trouble

    def _written_before(self) -> list[bytes]:
        paths = batch.paths(self.world.out, BEFORE, ASSIGNMENT)
        return [path.read_bytes() if path.is_file() else b"" for path in paths]


def judge_all(course: Course, isolation: str, attacks: list[Attack], jobs: int = 1):
    """Yield the row of each attack. Several jobs are processes with a world and a grader each; the rows then come in
    the order in which they are ready."""
    choose_isolation(isolation)  # says here what it would say in a job
    if jobs == 1:
        with Run(course, isolation) as run:
            yield from map(run.judge, attacks)
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, context, _begin_job, (course, isolation)) as pool:
        try:
            for row in concurrent.futures.as_completed([pool.submit(_job, a.section, a.name) for a in attacks]):
                yield row.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _begin_job(course: Course, isolation: str) -> None:
    global _run
    _run = Run(course, isolation).__enter__()
    multiprocessing.util.Finalize(None, _run.__exit__, exitpriority=1)


def _job(section: str, name: str) -> Row:
    return _run.judge(next(a for a in frame.corpus([section]) if a.name == name))


def neighbour_lost(done: batch.Done | None) -> list[str]:
    """What the honest submission after an attack has lost."""
    if done is None:
        return ["the honest neighbour was not graded"]
    result: Result = done.result
    if not result.gradable:
        return [f"the honest neighbour could not be graded: {'; '.join(result.problems)}"[:300]]
    if result.score != result.max_score or result.problems:
        lost = [item.id for item in result.exercises if item.score != item.max_score]
        return [f"the honest neighbour got {result.score:g} of {result.max_score:g}: {lost} {result.problems}"[:300]]
    return []


@contextlib.contextmanager
def output_of_grader():
    """Collects what this process writes to its standard streams, also past sys.stdout; the first item is the text."""
    said = [""]
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        saved = [os.dup(fd) for fd in (1, 2)]
        for fd in (1, 2):
            os.dup2(file.fileno(), fd)
        try:
            yield said
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for fd, old in zip((1, 2), saved, strict=True):
                os.dup2(old, fd)
                os.close(old)
            file.seek(0)
            said[0] = file.read(1 << 20).decode(errors="replace")
