"""Grade one submission: run its cells behind the wall, run the hidden tests against it, add up the points.

A grade is a function of the submission, the tests, the environment and the seed. Whatever the submission does to its
process costs at most the test during which it does it: the next test starts in a new one.
"""

import ast
import builtins
import contextlib
import dataclasses
import gc
import hashlib
import importlib.metadata
import math
import os
import random
import re
import secrets
import sys
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import pytest
from traindeep import exercise as visible
from traindeep.checks import TestResult as Found
from traindeep.checks import run_shown
from traindeep.compare import Recorded

from autograder import exercise as hidden
from autograder.course import BuildError, Course, exercises_of, points_of
from autograder.exercise import Exercise, Live, run_hidden, score
from autograder.finding import plain
from autograder.foresight import Key, Memory, Rerun, Talk, TestHangs, Tilted, solved, time_limit
from autograder.result import ExerciseResult, Picture, Result, TestResult
from autograder.sandbox.host import GraderFault, Limits, Sandbox, SubmissionFailed, Unforeseen, choose_isolation
from autograder.student import RemoteStudent
from autograder.submission import Cell, Submission, content_hash

# Seconds. Honest work stays far below all of them, also on a busy machine: a grade must not depend on the load.
CELL_S = 10.0  # one cell
CELLS_S = 60.0  # all cells, run once
CELLS_AGAIN_S = 120.0  # all runs of the cells; the tests that remain then share one child
CALL_S = 5.0  # one call of a hidden test; the reference needs milliseconds
EXERCISE_S = 60.0  # the tests of one exercise: what one exercise wastes is not taken from another
TEST_S = 90.0  # one hidden test with all its calls: more is a test that does not end
FORGET_S = 1.0  # for answers that a test which failed early did not ask for
CHILD_S = 30.0  # the age at which a child is replaced, so that no test meets the limits of the whole child
# An exercise that trains says how long one call may take (`SECONDS`): that comes on top, several times over, and its tests
# have children of their own, after all others.
CLOCK = 3.0  # seconds on the clock for a second of CPU time that such a call may use; more at a second attempt
CALLS = 4  # such calls that all its tests together may take
STRIKES = 2  # after so many tests of one exercise ran out of time or memory, its other tests are not tried
PATIENCE = 3.0  # times the limit of a call, where the machine gave the child hardly any time


def course_seed(course: Course) -> str:
    """The secret from which all hidden inputs follow: TRAINDEEP_SEED, else a random one kept in .course_secret."""
    if seed := os.environ.get("TRAINDEEP_SEED"):
        return seed
    path = course.root / ".course_secret"
    if not path.is_file():
        # Created whole or not at all: two graders that start together must end up with the same secret.
        with contextlib.suppress(FileExistsError):
            draft = path.with_name(f".course_secret.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(16) + "\n")
            try:
                os.link(draft, path)
            finally:
                draft.unlink()
    return path.read_text().strip()


def fingerprint(seed: str) -> str:
    """Says which seed was used without giving it away."""
    return hashlib.sha256(f"fingerprint\0{seed}".encode()).hexdigest()[:12]


class Assignment:
    """The hidden side of one assignment, loaded and proved once per run."""

    def __init__(self, course: Course, name: str, seed: str):
        self.course, self.name, self.seed = course, name, seed
        self.release = course.release(name)
        self.exercises = tuple(hidden.load(id) for id in exercises_of(self.release))
        for id, points in points_of(self.release).items():
            if hidden.load(id).points != points:
                raise BuildError(
                    f"{course.release_path(name)}, {id}: {points:g} points, hidden.py says {hidden.load(id).points:g}"
                )
        self.oracles = {item.id: Live(item) for item in self.exercises}
        # What `use` gives a graded notebook: the stand-ins of earlier notebooks, never its own answers.
        modules = sorted((visible.ROOT / "standins").glob("nb[0-9][0-9].py"))
        self.stand_ins = tuple(path.stem for path in modules if path.stem < f"nb{name[:2]}")
        self.refused = {word for item in self.exercises for word in item.visible.forbidden}
        order = [(item, test) for item in self.exercises for test in item.tests]
        # Interleaved over exercises and drawn from the secret: what one test leaves behind meets no test in particular.
        random.Random(f"{seed} {name}").shuffle(order)
        self.order = tuple(sorted(order, key=lambda one: one[0].id if one[0].visible.seconds else ""))
        self.void: dict[Key, str] = {}  # hidden tests that are broken themselves, and how
        self.ahead: dict[Key, tuple[bytes, ...]] = {}  # the requests of a test that depend on no answer
        self.whole: set[Key] = set()  # tests that have no other requests
        self.memory = Memory()
        self.rehearsed = False

    @cached_property
    def solution(self) -> Submission:
        """The course's own solution, as a student would hand it in."""
        return solved(self.course, self.name)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """What the warm process imports for the notebook."""
        return imported_by(cell.source for cell in self.solution.cells)

    def foresee(self, talk: dict[Key, Talk]) -> None:
        """Find out which of the requests that the tests have made of the solution depend on no answer: see foresight.py.

        Tests that train are left out: nothing is sent ahead for them.
        """
        remembered: dict[str, dict] = {}
        for item, test in self.order:
            said, heard = talk.get((item.id, test.__name__), ((), []))  # its child may not have got so far
            again = Rerun(said, heard)
            student = Tilted(again, item.visible.forbidden, item.visible.names, remembered.setdefault(item.id, {}))
            if not item.visible.seconds:
                with contextlib.suppress(Unforeseen):
                    _run(self, item, test, student, Unhelpful(self.oracles[item.id]))
            self.ahead[item.id, test.__name__] = said[: again.agreed]
            if said and len(said) == again.agreed:
                self.whole.add((item.id, test.__name__))

    def idle_tests(self) -> dict[Key, str]:
        """(exercise, test) -> what is wrong with it, for hidden tests of substance that an answer of None passes."""
        found = {}
        for item, test in self.order:
            idle = None if test.supporting else _run(self, item, test, Idle(), Unhelpful(self.oracles[item.id]))
            if idle and idle.outcome == "passed":
                found[item.id, test.__name__] = "it passes for an answer that returns None"
        return found

    @cached_property
    def digest(self) -> str:
        """Hash of the tests, the reference and the environment: the part of the cache key that students share."""
        state = hashlib.sha256(f"{self.seed}\0{self.name}\0{sys.version}".encode())
        for package in ("numpy", "torch"):
            state.update(importlib.metadata.version(package).encode())
        roots = [Path(hidden.__file__).parent / "exercises" / item.id for item in self.exercises]
        roots += [Path(hidden.__file__).parent / "sandbox", visible.ROOT / "reference"]
        files = [path for root in roots for path in sorted(root.glob("*.py"))]
        files += [visible.ROOT / name for name in ("compare.py", "checks.py", "student.py")]
        files += [visible.ROOT / "exercises" / f"{item.id}.py" for item in self.exercises]
        files += [visible.ROOT / "standins" / f"{name}.py" for name in self.stand_ins]
        files += [
            Path(hidden.__file__).parent / f"{name}.py" for name in ("exercise", "foresight", "grading", "student")
        ]
        for path in files:
            state.update(path.name.encode() + b"\0" + path.read_bytes())
        state.update("\0".join(cell.source for cell in self.release.cells).encode())
        return state.hexdigest()


def _run(assignment: Assignment, item: Exercise, test, student, oracle=None) -> Found:
    blank = Found(test.__name__, visible.sentence(test), "failed")
    try:
        with time_limit(TEST_S + CALLS * CLOCK * item.visible.seconds):
            return run_hidden(item, test, student, oracle or assignment.oracles[item.id], assignment.seed)
    except pytest.fail.Exception as error:  # of pytest.raises too; not an Exception, so run_test lets it through
        return dataclasses.replace(blank, message=str(error))
    except TestHangs as error:
        return dataclasses.replace(blank, outcome="could_not_grade", message=f"the test itself is broken ({error})")


class Unhelpful:
    """An oracle that knows no mistakes: nobody asks which one doing nothing is."""

    def __init__(self, oracle: Live):
        self.expected = oracle.expected

    def mistakes(self, test, index, call):
        return ()


@contextlib.contextmanager
def _uncollected():
    """Without looking for garbage: what a start-up makes is kept."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Idle:
    """A student who does nothing: whatever is called returns None."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


_FIRST_USE = {
    r"\boptim\b": "torch._dynamo",  # a second
    r"\.backward\((?!\))|\bautograd\.grad\(": "torch.fx.experimental.symbolic_shapes",  # half a second
}


def imported_by(sources: Iterable[str]) -> tuple[str, ...]:
    """The modules that cells import, also inside functions, and those that torch imports when it is first used so."""
    found, text = {}, ""
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    found |= dict.fromkeys(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found[node.module] = None
        text += source
    found |= {module: None for pattern, module in _FIRST_USE.items() if re.search(pattern, text)}
    return tuple(found)


class Grader:
    """Holds the warm process. Use as a context manager, from a thread that lives as long as the grader."""

    def __init__(self, course: Course, isolation: str = "auto", seed: str | None = None, limits: Limits | None = None):
        # Our own arrays are small: threads cost time on a busy machine, and the last bits of the expected values.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)
        self.course = course
        self.isolation = choose_isolation(isolation)
        self.seed = seed if seed is not None else course_seed(course)
        self.limits = limits or Limits(call_s=CALL_S, cpu_s=120, wall_s=180.0)
        self._assignments: dict[str, Assignment] = {}
        self._sandbox: Sandbox | None = None
        self._stand_ins: tuple[str, ...] = ()
        self._modules: tuple[str, ...] = ()

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *exc) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    @property
    def sandbox(self) -> Sandbox:
        """The warm process, with the stand-ins of the assignment that was graded last."""
        if self._sandbox is None:
            self._sandbox = Sandbox(self.isolation, self._stand_ins, self._modules)
        return self._sandbox

    def _open_for(self, assignment: Assignment) -> None:
        """Another assignment may need another warm process: one that has its stand-ins, and no others."""
        if self._sandbox is not None and self._sandbox.stand_ins != assignment.stand_ins:
            self.__exit__()
        self._stand_ins, self._modules = assignment.stand_ins, assignment.modules

    def assignment(self, name: str) -> Assignment:
        if name not in self._assignments:
            with _uncollected():
                self._assignments[name] = Assignment(self.course, name, self.seed)
        return self._assignments[name]

    def _rehearsed(self, name: str) -> Assignment:
        """The assignment, after all its tests were run on the course's own solution, in this sandbox.

        What the solution does not pass here, and what an idle answer passes, is broken and counts for nobody.
        """
        assignment = self.assignment(name)
        self._open_for(assignment)
        if assignment.rehearsed:
            return assignment
        with _uncollected():
            try:
                found, talk = self._rehearse(assignment)
            except GraderFault:
                self.sandbox.restart()
                found, talk = self._rehearse(assignment)
            assignment.foresee(talk)
            failed = {key: one for key, one in found.items() if one.outcome != "passed"}
            assignment.void = {
                key: f"the course's own solution {one.outcome}: {one.message}" for key, one in failed.items()
            } | assignment.idle_tests()
        assignment.rehearsed = True
        return assignment

    def _rehearse(self, assignment: Assignment) -> tuple[dict[Key, Found], dict[Key, Talk]]:
        with _Session(self, assignment.solution, assignment) as session:
            found = {
                (item.id, test.__name__): session.once(item, test, PATIENCE if item.visible.seconds else 1.0)
                for item, test in assignment.order
            }
        return found, session.talk

    def key(self, submission: Submission) -> str:
        """Hash of everything the grade depends on."""
        parts = (
            content_hash(submission),
            self.assignment(submission.assignment).digest,
            self.isolation,
            submission.student,
        )
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def grade(self, submission: Submission) -> Result:
        """Grade one submission. Never raises for anything that student code does."""
        start = time.perf_counter()
        assignment = self._rehearsed(submission.assignment)
        with _Session(self, submission, assignment) as session:
            found = session.run_all()
            exercises = tuple(
                _exercise_result(item, [found[item.id, test.__name__] for test in item.tests], assignment)
                for item in assignment.exercises
            )
            exercises = tuple(
                dataclasses.replace(one, picture=session.picture(item))
                if item.visible.images and one.verdict in ("failed", "partial")
                else one
                for item, one in zip(assignment.exercises, exercises, strict=True)
            )
        return Result(
            student=submission.student,
            assignment=submission.assignment,
            score=round(sum(e.score for e in exercises), 2),
            max_score=sum(e.max_score for e in exercises),
            isolation=self.isolation,
            seed=fingerprint(self.seed),
            elapsed_s=round(time.perf_counter() - start, 3),
            problems=(*submission.problems, *session.problems),
            exercises=exercises,
            key=self.key(submission),
        )

    def nothing(self, student: str, assignment: str, problems: tuple[str, ...], verdict: str = "missing") -> Result:
        """The result of a submission that holds nothing to grade, or (could_not_grade) that we failed to grade."""
        exercises = tuple(
            ExerciseResult(item.id, item.visible.title, verdict, 0.0, item.points, ())
            for item in self.assignment(assignment).exercises
        )
        return Result(
            student=student,
            assignment=assignment,
            score=0.0,
            max_score=sum(e.max_score for e in exercises),
            isolation=self.isolation,
            seed=fingerprint(self.seed),
            elapsed_s=0.0,
            problems=problems,
            exercises=exercises,
        )


def _exercise_result(item: Exercise, found: list[Found], assignment: Assignment) -> ExerciseResult:
    void = {test for exercise, test in assignment.void if exercise == item.id}
    void |= {result.name for result in found if result.outcome == "could_not_grade"}
    points = score(item, found, void)
    outcomes = [result.outcome for result in found if result.name not in void]
    if void:
        verdict = "could_not_grade"
    elif all(outcome == "passed" for outcome in outcomes):
        verdict = "passed"
    elif points:
        verdict = "partial"
    else:
        verdict = next((v for v in _WORST if v in outcomes), "failed")
        if verdict in ("missing", "not_attempted") and set(outcomes) - {verdict}:
            verdict = next((v for v in _WORST if v in outcomes and v not in ("missing", "not_attempted")), "failed")
    misconception, says = hidden.diagnosis(found)
    return ExerciseResult(
        id=item.id,
        title=item.visible.title,
        verdict=verdict,
        score=points,
        max_score=item.points,
        tests=tuple(TestResult.of(r, test.part) for r, test in zip(found, item.tests, strict=True)),
        misconception=misconception,
        diagnosis=says,
    )


def withhold(found: Found) -> Found:
    """The result of a hidden test without text that student code made: it could spell out the hidden inputs."""
    if found.outcome == "passed":  # and says nothing
        return found
    message = found.message
    for pattern, instead in _STUDENT_TEXT:
        message = re.sub(pattern, instead, message, flags=re.DOTALL)
    if found.outcome == "missing":
        message = "a name that this exercise asks for is not defined in the notebook"
    return dataclasses.replace(found, message=message, call="", expected="", got="", printed="")


def _sizes(match: re.Match) -> str:
    """A shape could spell anything: of its sizes only those are shown that stand in what was expected, and 1."""
    known = {int(n) for n in re.findall(r"\d+", match[1])} | {0, 1}
    sizes = [n if int(n) in known else "..." for n in re.findall(r"\d+", match[3])]
    return f"{match[1]}{match[2]}({', '.join(map(str, sizes[:6]))}{',' if len(sizes) == 1 else ''})"


def _count(match: re.Match) -> str:
    return f"{match[1]}{match[2] if int(match[2]) < 10 else 'many'}"


def _builtin(match: re.Match) -> str:
    """The name of an exception is the student's choice too, unless it is Python's own."""
    own = isinstance(kind := getattr(builtins, match[2], None), type) and issubclass(kind, BaseException)
    return f"{match[1]}{match[2] if own else 'an exception'}"


# The places where checks.py and compare.py quote what student code returned or raised.
_STUDENT_TEXT = (
    (r"^(Your code raised )(\w*).*$", _builtin),
    (r"(, got )(\w+): .*$", _builtin),
    (r"; its message is .*$", "; its message does not"),
    (r"^Regex pattern did not match.*$", "the message of the exception does not say what is wrong"),
    (r"(lacks the key .*?); it has .*$", r"\1"),
    (r"; got a dict with keys .*$", "; got another dict."),
    (r"; got the number .*$", "; got a number."),
    (r"; got a value of type .*$", "; got something else."),
    (r"^.*(; this exercise asks for your own code)", r"a library routine does the exercise for you\1"),
    (r"^(The result does not have the documented form).*$", r"\1."),
    (r"^bad frame.*$", "the reply cannot be read"),
    (r"^(.*)(; got .* of shape )\(([\d, ]*)\)", _sizes),
    (r"(; got a (?:tuple|list) of )(\d+)", _count),
)

REPEATED = ("failed", "error", "missing")  # outcomes of a child that lives; its end is repeated at once
_WORST = ("crashed", "timeout", "out_of_memory", "error", "missing", "not_attempted", "failed")


class _Session:
    """The children that one submission runs in, one at a time."""

    def __init__(self, grader: Grader, submission: Submission, assignment: Assignment):
        self.grader, self.submission, self.assignment = grader, submission, assignment
        self.problems: list[str] = []
        self.talk: dict[Key, Talk] = {}
        self._job = None
        self._owner = ""  # the exercise that this child is for, if it trains
        self._remembered: dict[str, dict] = {}  # exercise -> for `traindeep.student.once`
        self._born = 0.0  # when this child had run the cells
        self._fresh = ""  # what the student's state looked like then
        self._ended_early = False  # whether a child is gone that earlier tests had left something in, for all we know
        self._used = False  # whether a hidden test has run in this child
        self._used_before = False  # ... before the one that is running
        self._starved = False  # whether the child that ran out of time had hardly been given any
        self._cells_s = 0.0  # spent on running the cells, in all children
        self._tests_s: dict[str, float] = {}  # exercise -> spent on its tests
        self._skip: dict[int, SubmissionFailed] = {}  # cells that killed their process
        self._noted: set[int] = set()  # cells that are remarked upon
        self._faults: dict[str, tuple[str, str]] = {}  # exercise -> (outcome, message) of its broken cell
        self._strikes: dict[str, list[str]] = {}  # exercise -> verdicts of its tests that hit a limit
        self._broke: set[Key] = set()  # tests whose requests, sent ahead, ended the child
        self._confirmed: set[tuple[str, str]] = set()  # (exercise, way to end a child) that a new child has shown too

    @cached_property
    def _seed(self) -> int:
        """Every child draws the same numbers; asked for before each test, hashed once."""
        return int.from_bytes(hashlib.sha256(content_hash(self.submission).encode()).digest()[:4], "little")

    def __enter__(self) -> "_Session":
        return self

    def __exit__(self, *exc) -> None:
        self._end()

    def _end(self) -> None:
        if self._job is not None:
            self._ended_early = True
            job, self._job, self._used = self._job, None, False
            with contextlib.suppress(GraderFault):
                job.close()

    def run_all(self) -> dict[Key, Found]:
        """Run all hidden tests, and again those whose failure an earlier call could have caused, each in a new child."""
        found, doubtful = self._foreseen_tests(), []
        quick = [(item, test) for item, test in self.assignment.order if not item.visible.seconds]
        for item, test in quick:
            key, before = (item.id, test.__name__), True
            if key not in found:
                found[key] = self.run(item, test)
                before = self._used_before
            if before and found[key].outcome in REPEATED:
                doubtful.append((item, test))
        if doubtful and self._something_left():
            for item, test in doubtful:
                if self._cells_s <= CELLS_AGAIN_S and _kind(item, found[item.id, test.__name__]) not in self._confirmed:
                    self._end()
                    found[item.id, test.__name__] = one = self.run(item, test)
                    self._confirmed.add(_kind(item, one))
        for item, test in self.assignment.order[len(quick) :]:
            found[item.id, test.__name__] = self.run(item, test)
        return {
            key: self._charged(key[0], withhold(one)) if one.outcome != "could_not_grade" else one
            for key, one in found.items()
        }

    def picture(self, item: Exercise) -> Picture | None:
        """An image of a visible test that the answer gets wrong. In a child that no hidden test has run in: what a
        student reads here must not be what their code has kept of hidden inputs.
        """
        oracle = Recorded(item.visible.record)
        try:
            self._end()
            for test in item.visible.tests:
                student = RemoteStudent(self._ready(), item.visible.forbidden, item.visible.names)
                with time_limit(TEST_S):
                    found = run_shown(item.visible, test, student, oracle)
                if found.pictures is not None:
                    return Picture(found.says, found.pictures.words(), found.pictures.uri())
        except (SubmissionFailed, TestHangs, pytest.fail.Exception):  # then words have to do
            pass
        except GraderFault:
            self._job = None
            self.grader.sandbox.restart()
        finally:
            self._end()
        return None

    def _foreseen_tests(self) -> dict[Key, Found]:
        """Run the tests whose requests are all foreseen, sent in one go. Whatever goes otherwise is left to `run`."""
        found, ahead = {}, self.assignment.ahead
        tests = {(item.id, test.__name__): (item, test) for item, test in self.assignment.order}
        keys = [key for key in tests if key in self.assignment.whole and key not in self.assignment.void]
        if not keys:
            return found
        key = None
        try:
            job = self._ready()
            job.plan(self._seed, [ahead[key] for key in keys])
            for key in keys:
                if time.monotonic() - self._born > CHILD_S or not job.reset(self._seed, ahead[key]):
                    break
                with contextlib.suppress(Unforeseen):
                    found[key] = self._answered(key, job, len(ahead[key])) or self._tried(*tests[key], job)
                if not job.forget(FORGET_S):
                    break
        except SubmissionFailed:  # `run` finds out whether it happens again
            self._broke.add(key)
        except GraderFault:
            self._job = None
            self.grader.sandbox.restart()
        if self._job is not None and (self._job.planned or self._job.failure):
            self._end()
        return found

    def _something_left(self) -> bool:
        """Whether calls have left something behind that later ones could have met: in a child that is gone, or in this."""
        try:
            return self._ended_early or self._job is None or not self._fresh or self._job.leftovers() != self._fresh
        except SubmissionFailed:
            return True

    def run(self, item: Exercise, test) -> Found:
        """Run one hidden test within the limits of its exercise."""
        blank = Found(test.__name__, visible.sentence(test), "could_not_grade")
        if fault := self.assignment.void.get((item.id, test.__name__)):
            return dataclasses.replace(blank, message=f"the test itself is broken ({fault})")
        strikes = self._strikes.setdefault(item.id, [])
        if len(strikes) >= (most := 1 if item.visible.seconds else STRIKES):  # these share what takes long
            message = f"not run: {most} of the tests of this exercise had already run out of time or memory"
            return dataclasses.replace(blank, outcome=strikes[-1], message=message)
        seconds = EXERCISE_S + CALLS * CLOCK * item.visible.seconds
        if self._tests_s.get(item.id, 0.0) > seconds:
            message = f"not run: the tests of this exercise had already used their {seconds:.0f} seconds"
            return dataclasses.replace(blank, outcome="timeout", message=message)
        start = time.monotonic() - self._cells_s
        try:
            found = self._confirm(item, test, blank)
        finally:
            spent = time.monotonic() - self._cells_s - start
            self._tests_s[item.id] = self._tests_s.get(item.id, 0.0) + spent
        if found.outcome in ("timeout", "out_of_memory"):
            strikes.append(found.outcome)
        return found

    def _confirm(self, item: Exercise, test, blank: Found) -> Found:
        """Run a test, once more in a new child if the end of its child is in doubt, and again if the sandbox broke."""
        for attempt in (1, 2):
            try:
                found = self.once(item, test)
                if self._doubtful(item, found):
                    patience = PATIENCE if self._starved else 1.0
                    self._end()
                    first, found = found, self.once(item, test, patience)
                    if first.outcome == found.outcome:
                        self._confirmed.add(_kind(item, found))
                return found
            except GraderFault as error:
                self._job = None
                if attempt == 2:
                    return dataclasses.replace(blank, message=f"the sandbox broke: {error}")
                self.grader.sandbox.restart()
        raise AssertionError("unreachable")

    def once(self, item: Exercise, test, patience: float = 1.0) -> Found:
        """Run a test as often as its requests have to be sent anew; a child that ends is an outcome."""
        key = (item.id, test.__name__)
        ahead = () if key in self._broke else self.assignment.ahead.get(key, ())
        self._starved = False
        try:
            for requests in (ahead, ()):
                job = None
                job = self._ready(patience, requests, item)
                try:
                    return self._answered(key, job, len(requests)) or self._tried(item, test, job)
                except Unforeseen:
                    pass
                except SubmissionFailed:
                    if not requests:
                        raise
                    # Answers are sent together: what ended the child took some with it that the test may not have
                    # needed. One request at a time shows what the test sees.
                    self._broke.add(key)
                    self._end()
                finally:
                    self.talk[key] = job.said, job.heard
                    if not job.forget(FORGET_S):
                        self._end()
        except SubmissionFailed as error:
            job = job or self._job  # it may have been ended above, and has its report then
            self._end()
            if error.verdict == "timeout" and job is not None and job.report is not None:
                self._starved = job.report.cpu_s < 0.8 * (item.visible.seconds or job.limits.call_s)
            return Found(test.__name__, visible.sentence(test), error.verdict, str(error))
        finally:
            if patience > 1:
                self._end()
        raise AssertionError("unreachable")

    def _answered(self, key: Key, job, count: int) -> Found | None:
        """The outcome, if the answers to what was sent ahead are known ones."""
        return self.assignment.memory.recall(key, map(job.peek, range(count)))

    def _tried(self, item: Exercise, test, job) -> Found:
        remembered = self._remembered.setdefault(item.id, {})
        student = RemoteStudent(job, item.visible.forbidden, item.visible.names, remembered)
        found = _run(self.assignment, item, test, student)
        if job.foreseen and found.outcome != "could_not_grade":
            self.assignment.memory.keep((item.id, test.__name__), job.heard, found)
        return found

    def _doubtful(self, item: Exercise, found: Found) -> bool:
        """Whether something else than the answer may have ended the child: an earlier test, a busy machine."""
        if found.outcome not in ("timeout", "out_of_memory", "crashed") or self._cells_s > CELLS_AGAIN_S:
            return False
        return _kind(item, found) not in self._confirmed and (self._used_before or self._starved)

    def _charged(self, id: str, found: Found) -> Found:
        """An absent name is explained by what became of the cell that should define it."""
        if found.outcome == "missing" and id in self._faults:
            outcome, message = self._faults[id]
            return dataclasses.replace(found, outcome=outcome, message=message)
        return found

    def _ready(self, patience: float = 1.0, ahead: tuple[bytes, ...] = (), item: Exercise | None = None):
        """A child in which the cells have run and whose disturbing global state is reset, for one test."""
        self._used_before = self._used
        seconds = item.visible.seconds if item else 0.0
        owner = item.id if seconds else ""
        if self._job is not None and (owner != self._owner or not self._sound(ahead)):
            self._end()
            self._used_before = False
        self._owner = owner
        while self._job is None:
            if self._cells_s > CELLS_AGAIN_S:
                raise SubmissionFailed("timeout", f"the cells of the notebook had used {CELLS_AGAIN_S:.0f} seconds")
            usual = self.grader.limits
            limits = dataclasses.replace(
                usual,
                call_s=max(usual.call_s, CLOCK * seconds) * patience,
                cpu_s=usual.cpu_s + math.ceil(CALLS * seconds),
                wall_s=usual.wall_s + CALLS * CLOCK * seconds,
            )
            start = time.monotonic()
            self._job = self.grader.sandbox.job(limits, seed=self._seed, refused=self.assignment.refused)
            if not self._run_cells():
                self._end()
            else:
                if not self._ended_early:  # the first
                    self._fresh = self._job.leftovers(libraries=False)
                self._job.reset(self._seed, ahead)  # if that fails, it fails in every child
            self._born = time.monotonic()
            self._cells_s += self._born - start
        self._used = True
        return self._job

    def _sound(self, ahead: tuple[bytes, ...]) -> bool:
        """Whether the child can take another test. Whatever ended it since the last one is not the next one's fault."""
        try:
            young = self._owner or time.monotonic() - self._born < CHILD_S
            return bool(young) and self._job.reset(self._seed, ahead)
        except SubmissionFailed:
            return False

    def _run_cells(self) -> bool:
        """Run the cells in order; False if one of them killed the process (it is skipped next time)."""
        deadline = time.monotonic() + CELLS_S
        for index, cell in enumerate(self.submission.cells):
            if index in self._skip:
                continue
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise SubmissionFailed("timeout", f"the cells before it took {CELLS_S:.0f} s")
                error = self._job.run_cell(cell.source, f"<cell {index + 1}>", timeout=min(CELL_S, left))
            except SubmissionFailed as failure:
                self._skip[index] = failure
                self._note(cell, index, failure.verdict, str(failure))
                return False
            if error is not None:
                self._note(cell, index, "error", f"the cell raised {error.kind}: {error.text}")
        return True

    def _note(self, cell: Cell, index: int, outcome: str, message: str) -> None:
        if index in self._noted:  # by an earlier child
            return
        self._noted.add(index)
        what = f"{'an added' if cell.kind == 'added' else 'a given'} cell (cell {index + 1})"
        if cell.kind == "solution":
            self._faults[cell.grade_id] = (outcome, message)
            what = f"cell {cell.grade_id}"
        if cell.grade_id not in self.submission.untouched:
            # An object's address differs from run to run; a result may not.
            self.problems.append(plain(re.sub(r"\b0x[0-9a-f]{6,}", "0x...", f"{what}: {message}"), 400))


def _kind(item: Exercise, found: Found) -> tuple[str, str]:
    """What is confirmed only once: a recognised mistake or the end of a child is plain, and waiting is dear."""
    if found.outcome == "timeout":
        return "", "timeout"
    ended = found.outcome if found.outcome in ("crashed", "out_of_memory") else ""
    return item.id, found.misconception or ended or found.name
