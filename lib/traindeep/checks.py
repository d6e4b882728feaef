"""Run the tests of an exercise against a namespace and explain the outcome.

`run_test` is the one place that turns what a test does into an outcome; the grader uses it too.
"""

import contextlib
import copy
import dataclasses
import hashlib
import inspect
import io
import linecache
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from traindeep import exercise
from traindeep.compare import Compare, Mismatch, Oracle, Recorded, is_tensor
from traindeep.student import ForbiddenCall, LocalStudent, Missing, StudentRaised

if TYPE_CHECKING:
    from traindeep.pictures import Pictures

HERE = str(Path(__file__).parent)
PRINTED = 2000  # characters of a student's own printing that are shown


class CheckFailed(AssertionError):
    """Raised by `check` only under `nbgrader validate`, which reads a check that returns as passed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]  # what IPython shows of it: the page above says the rest


@dataclasses.dataclass(frozen=True)
class TestResult:
    """What one test found. `says` is the sentence that holds when it passes."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    name: str
    says: str
    outcome: str  # passed failed error not_attempted missing; in the grader also timeout out_of_memory crashed could_not_grade
    message: str = ""
    call: str = ""
    expected: str = ""
    got: str = ""
    misconception: str = ""
    diagnosis: str = ""
    printed: str = ""
    pictures: "Pictures | None" = None


@dataclasses.dataclass(frozen=True)
class Report:
    """The visible tests of one exercise and what they found."""

    id: str
    title: str
    outcome: str  # passed failed error not_attempted missing
    tests: tuple[TestResult, ...]
    hidden: int = 0
    hints: int = 0
    elapsed_s: float = 0.0

    @property
    def first_failure(self) -> TestResult | None:
        """The failure to show: the first, but one with a recognised misconception says more."""
        failures = [test for test in self.tests if test.outcome != "passed"]
        return next((test for test in failures if test.diagnosis), failures[0] if failures else None)


def seeded(*parts: str) -> np.random.Generator:
    """A generator whose seed is a hash of the parts: the same on every machine and in every run."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))


def run_test(test: Callable, *, student, compare: Compare, rng: np.random.Generator) -> TestResult:
    """Run one test with the fixtures it names and turn its end into an outcome.

    A failed assertion is `failed`, an exception of the student's code `error`, NotImplementedError `not_attempted`,
    an absent name `missing`. Any other exception means that the test choked on the answer: `failed`, with that said.
    """
    fixtures = {"student": student, "compare": compare, "rng": rng}
    wanted = {name: fixtures[name] for name in inspect.signature(test).parameters}
    result = TestResult(test.__name__, exercise.sentence(test), "passed")
    # Student code may write into what a test hands it: the next test, and the next check, need the constants as they were.
    constants = {name: copy.deepcopy(value) for name, value in test.__globals__.items() if _is_constant(name, value)}
    try:
        test(**wanted)
    except Mismatch as error:
        return dataclasses.replace(
            result,
            outcome="failed",
            message=str(error),
            call=error.call,
            expected=error.expected,
            got=error.got,
            misconception=error.misconception,
            diagnosis=error.diagnosis,
            pictures=error.pictures,
        )
    except Exception as error:
        outcome, message = _explain(error, test)
        return dataclasses.replace(
            result,
            outcome=outcome,
            message=message,
            call=getattr(error, "call", ""),
            misconception=getattr(error, "misconception", ""),
            diagnosis=getattr(error, "diagnosis", ""),
        )
    finally:
        test.__globals__.update(constants)
    return result


def _is_constant(name: str, value) -> bool:
    return not name.startswith("__") and (isinstance(value, (np.ndarray, list, tuple, dict)) or is_tensor(value))


def _explain(error: Exception, test: Callable) -> tuple[str, str]:
    """(outcome, message) for an exception that is no Mismatch."""
    remote = isinstance(error, StudentRaised)
    kind, text = (error.kind, error.text) if remote else (type(error).__name__, str(error))
    if isinstance(error, Missing):
        return "missing", f"{text} in this notebook"
    if isinstance(error, ForbiddenCall):
        return "failed", f"{text}; this exercise asks for your own code."
    where = "" if remote else _student_line(error, test)
    if kind == "NotImplementedError" and (remote or where):
        return "not_attempted", ""
    if remote or where:
        return "error", f"Your code raised {kind}: {text[:500]}{where}"
    if isinstance(error, AssertionError):
        return "failed", text or "This does not hold for your answer."
    return "failed", f"The result does not have the documented form ({kind}: {text[:200]})"


def _student_line(error: Exception, test: Callable) -> str:
    """', in f, line 3: `code`' for the innermost frame of student code, '' if the error arose in a test of ours.

    Frames before the student's are ours; frames after it belong to a library that the student called.
    """
    ours = (HERE, sys.prefix, sys.base_prefix, test.__code__.co_filename)
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    if not theirs:
        return ""
    last = theirs[-1]
    line = (last.line or linecache.getline(last.filename, last.lineno)).strip()
    return f" (in {last.name}, line {last.lineno}: {line})" if line else f" (in {last.name}, line {last.lineno})"


def run_shown(item: exercise.Exercise, test: Callable, student, oracle: Oracle) -> TestResult:
    """Run one visible test: all that it compares is shown."""
    compare = Compare(student, oracle, test.__name__, item.signatures, images=item.images)
    return run_test(test, student=student, compare=compare, rng=seeded("visible", item.id, test.__name__))


def run_visible(id: str, namespace: dict) -> Report:
    """Run the visible tests of an exercise against a namespace (usually a notebook's globals)."""
    start = time.perf_counter()
    item = exercise.load(id)
    record = item.record
    student, oracle = LocalStudent(namespace, item.forbidden), Recorded(record)
    results = []
    for test in item.tests:
        printed = io.StringIO()
        with undisturbed(), contextlib.redirect_stdout(printed), student.guarded():
            result = run_shown(item, test, student, oracle)
        results.append(dataclasses.replace(result, printed=printed.getvalue()[:PRINTED]))
    return Report(
        id=id,
        title=item.title,
        outcome=overall([result.outcome for result in results]),
        tests=tuple(results),
        hidden=record["hidden_tests"],
        hints=len(item.hints),
        elapsed_s=time.perf_counter() - start,
    )


@contextlib.contextmanager
def undisturbed():
    """Leave the student's random streams as they were, and see the default settings while tests run."""
    state = np.random.get_state()
    torch = sys.modules.get("torch")
    with contextlib.ExitStack() as stack:
        stack.callback(np.random.set_state, state)
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        if torch is not None:
            stack.callback(torch.set_rng_state, torch.get_rng_state())
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
            stack.enter_context(torch.enable_grad())
        yield


def overall(outcomes: list[str]) -> str:
    """The outcome of an exercise from those of its tests."""
    for outcome in ("missing", "not_attempted"):
        if all(o == outcome for o in outcomes):
            return outcome
    if all(o == "passed" for o in outcomes):
        return "passed"
    return "error" if any(o == "error" for o in outcomes) else "failed"


def check(id: str, namespace: dict | None = None) -> None:
    """Run the visible tests of exercise `id` on what this notebook defines, show the outcome and note it.

    Args:
        id: The exercise, as in its cell: check("bn_forward_train").
        namespace: Where to look for the answer; by default the globals of the caller.
    """
    from traindeep import display, state

    if os.environ.get("TRAINDEEP_GRADING"):  # a check in a cell of the student's own: nobody is there to read it
        return
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    try:
        report = run_visible(id, namespace)
    except FileNotFoundError as error:
        display.line(f"check: {error.filename} is missing; run `autograder build`, or install the course again")
        return
    except exercise.UnknownExercise as error:
        display.line(f"check: {error}")
        return
    state.record(report, namespace)
    display.show(display.CheckPage(report, state.hints_used(id)))
    if os.environ.get("NBGRADER_EXECUTION") == "validate" and report.outcome != "passed":
        raise CheckFailed(f"{id}: {report.outcome}")
