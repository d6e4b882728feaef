"""The instructor side of an exercise: hidden tests with their points, the reference, misconceptions and variants.

Everything is found by name in autograder/exercises/<id>/ and traindeep.reference; nothing is registered.
"""

import contextlib
import dataclasses
import importlib
import inspect
import pkgutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from types import SimpleNamespace

import numpy as np
import traindeep.reference
from traindeep import exercise as visible
from traindeep.checks import TestResult, run_test, seeded
from traindeep.compare import Answer, Call, Compare


class BadExercise(Exception):
    """An exercise's files contradict each other or its card; the message names the file."""


def part(name: str, *, supporting: bool = False) -> Callable:
    """Mark a hidden test as belonging to a part of the exercise's points.

    A part earns its points in the share of its tests that pass. A supporting test (refusing bad input, say) is one
    that an answer which does no work could pass: it counts only when a test that is not supporting passes.
    """

    def mark(test):
        test.part, test.supporting = name, supporting
        return test

    return mark


def replaces(name: str) -> Callable:
    """Mark a misconception or variant as standing in for one of several names of its exercise."""

    def mark(answer):
        answer.replaces = name
        return answer

    return mark


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A known wrong answer: the names it replaces in the student's namespace, and the tutor's line."""

    id: str
    says: str
    names: dict


@dataclasses.dataclass(frozen=True)
class Exercise:
    """Hidden side of one exercise."""

    id: str
    visible: visible.Exercise
    parts: dict[str, float]
    tests: tuple[Callable, ...]

    @property
    def points(self) -> float:
        return sum(self.parts.values())

    @cached_property
    def reference(self) -> SimpleNamespace:
        """A student who answers as the reference does."""
        return Answering({name: find_reference(name) for name in self.visible.names})

    @cached_property
    def misconceptions(self) -> tuple[Mistake, ...]:
        return tuple(self._answers("misconceptions"))

    @cached_property
    def variants(self) -> tuple[Mistake, ...]:
        return tuple(self._answers("variants"))

    def answering(self, answer: Mistake) -> "Answering":
        """A student who makes this mistake, and answers like the reference otherwise."""
        return Answering(vars(self.reference)["_names"] | answer.names)

    def _answers(self, module: str) -> Iterable[Mistake]:
        found = importlib.import_module(f"autograder.exercises.{self.id}.{module}")
        for name, value in vars(found).items():
            own = getattr(value, "__module__", "") == found.__name__
            if name.startswith("_") or not own or not callable(value):
                continue
            if len(self.visible.names) > 1 and not hasattr(value, "replaces"):
                raise BadExercise(f"{self.id}/{module}.py, {name}: say which function it replaces with @replaces(...)")
            target = getattr(value, "replaces", self.visible.names[0])
            if target not in self.visible.names:
                raise BadExercise(
                    f"{self.id}/{module}.py, {name}: replaces {target!r}, expected one of {self.visible.names}"
                )
            yield Mistake(name, visible.sentence(value) if inspect.getdoc(value) else "", {target: value})


class Answering:
    """A `student` fixture over a plain dict of answers, for references, misconceptions and variants."""

    def __init__(self, names: dict):
        self._names, self.remembered = names, {}

    def __getattr__(self, name: str):
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(name) from None

    def imported(self, module: str):
        return importlib.import_module(module)


@cache
def load(id: str) -> Exercise:
    """Load the hidden side of an exercise and hold it to the rules that a reader of hidden.py expects."""
    shown = visible.load(id)
    hidden = importlib.import_module(f"autograder.exercises.{id}.hidden")
    tests = visible.tests_of(hidden)
    where = f"autograder/exercises/{id}/hidden.py"
    for test in tests:
        if getattr(test, "part", None) not in hidden.PARTS:
            raise BadExercise(
                f"{where}, {test.__name__}: expected @part of {list(hidden.PARTS)}, got {getattr(test, 'part', None)!r}"
            )
        if not visible.sentence(test):
            raise BadExercise(f"{where}, {test.__name__}: its docstring is what a student reads; it has none")
    for name in hidden.PARTS:
        if not any(test.part == name for test in tests):
            raise BadExercise(f"{where}: no test earns the points of the part {name!r}")
    return Exercise(id, shown, dict(hidden.PARTS), tests)


@cache
def find_reference(name: str):
    """The function or class `name` of traindeep.reference, whichever module holds it."""
    for info in pkgutil.iter_modules(traindeep.reference.__path__):
        module = importlib.import_module(f"traindeep.reference.{info.name}")
        if getattr(getattr(module, name, None), "__module__", "") == module.__name__:
            return getattr(module, name)
    raise BadExercise(f"lib/traindeep/reference: no module defines {name}")


def score(exercise: Exercise, results: Iterable[TestResult], void: Iterable[str] = ()) -> float:
    """Points earned by the results of the hidden tests: every part in the share of its tests that pass.

    Args:
        exercise: Whose parts and tests.
        results: One per test.
        void: Names of tests that are broken themselves; they count for nobody. A part that has no other test
            is earned in the share of the rest.
    """
    counted = [test for test in exercise.tests if test.__name__ not in set(void)]
    passed = {result.name for result in results if result.outcome == "passed"}
    if not any(test.__name__ in passed for test in counted if not test.supporting):
        return 0.0
    earned = lost = 0.0
    for name, points in exercise.parts.items():
        tests = [test.__name__ for test in counted if test.part == name]
        if tests:
            earned += points * sum(test in passed for test in tests) / len(tests)
        else:
            lost += points
    return round(earned * exercise.points / (exercise.points - lost), 2)


def run_hidden(exercise: Exercise, test: Callable, student, oracle: "Live", seed: str) -> TestResult:
    """Run one hidden test on a student. Expected numbers are never revealed; inputs follow from seed, exercise and test."""
    compare = Compare(student, oracle, test.__name__, exercise.visible.signatures, reveal=False)
    with _quiet():
        return run_test(test, student=student, compare=compare, rng=seeded(seed, exercise.id, test.__name__))


def diagnosis(results: Iterable[TestResult]) -> tuple[str, str]:
    """(id, tutor's line) of the misconception that most of the failed tests recognise, ("", "") if none does."""
    found = Counter((r.misconception, r.diagnosis) for r in results if r.misconception)
    return found.most_common(1)[0][0] if found else ("", "")


class Live:
    """The oracle of the grader and of the build: runs reference and misconceptions, each once per call and run."""

    def __init__(self, exercise: Exercise):
        self.exercise = exercise
        self._expected: dict[tuple, Answer] = {}
        self._mistakes: dict[tuple, list] = {}  # the answers of the first few, as far as anybody has asked
        self._known = [(mistake, exercise.answering(mistake)) for mistake in exercise.misconceptions]

    def expected(self, test: str, index: int, call: Call) -> Answer:
        key = (test, index)
        if call.documented is not None:
            return call.documented
        if key not in self._expected:
            with _quiet():
                self._expected[key] = call.on(self.exercise.reference)
        return self._expected[key]

    def mistakes(self, test: str, index: int, call: Call) -> Iterator[tuple[str, str, Answer]]:
        known = self._mistakes.setdefault((test, index), [])
        yield from known
        for mistake, student in self._known[len(known) :]:
            with _quiet():
                known.append((mistake.id, mistake.says, call.on(student)))
            yield known[-1]


@contextlib.contextmanager
def _quiet():
    # Known wrong answers divide by zero on purpose; that is no news to anybody.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
