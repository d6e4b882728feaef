"""The result record, version 1: what grading one submission found, as data."""

import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

from traindeep.checks import TestResult as Visible

VERSION = 1
VERDICTS = (
    "passed",
    "partial",
    "failed",
    "not_attempted",
    "error",
    "timeout",
    "out_of_memory",
    "crashed",
    "missing",
    "could_not_grade",
)


class BadRecord(ValueError):
    """A file that should hold a result does not."""


@dataclasses.dataclass(frozen=True)
class TestResult:
    """One hidden test of one submission. `says` is the sentence that holds when it passes."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    name: str
    says: str
    hidden: bool
    part: str
    outcome: str
    message: str = ""
    misconception: str = ""
    diagnosis: str = ""

    @classmethod
    def of(cls, found: Visible, part: str) -> "TestResult":
        return cls(
            found.name, found.says, True, part, found.outcome, found.message, found.misconception, found.diagnosis
        )


@dataclasses.dataclass(frozen=True)
class Picture:
    """What an answer makes of an image of a visible test, beside what was expected; `uri` holds a PNG."""

    says: str  # the sentence of the test, which does not hold
    words: str
    uri: str


@dataclasses.dataclass(frozen=True)
class ExerciseResult:
    """One exercise of one submission."""

    id: str
    title: str
    verdict: str
    score: float
    max_score: float
    tests: tuple[TestResult, ...]
    misconception: str = ""  # the one that most failed tests recognise
    diagnosis: str = ""
    picture: Picture | None = None

    def brief(self) -> "ExerciseResult":
        # The same words in thousands of results are kept in memory once.
        words = {name: sys.intern(getattr(self, name)) for name in ("id", "title", "misconception", "diagnosis")}
        broken = tuple(test for test in self.tests if test.outcome == "could_not_grade")
        return dataclasses.replace(self, tests=broken, picture=None, **words)


@dataclasses.dataclass(frozen=True)
class Result:
    """One graded submission. `key` is the hash of everything the grade depends on; a rerun with the same key is skipped."""

    student: str
    assignment: str
    score: float
    max_score: float
    isolation: str
    seed: str  # fingerprint of the course secret, never the secret
    problems: tuple[str, ...]
    exercises: tuple[ExerciseResult, ...]
    key: str = ""
    version: int = VERSION
    # Of the run that graded it. No part of the record: the same grade is the same bytes, whenever and wherever it is made.
    elapsed_s: float = dataclasses.field(default=0.0, compare=False)

    @property
    def gradable(self) -> bool:
        """False if some exercise could not be graded, which is the grader's fault and no verdict on the student."""
        return all(exercise.verdict != "could_not_grade" for exercise in self.exercises)

    def brief(self) -> "Result":
        """What a summary of many needs: of the tests only those that could not be graded."""
        return dataclasses.replace(self, exercises=tuple(exercise.brief() for exercise in self.exercises))

    def to_json(self) -> str:
        data = dataclasses.asdict(self)
        del data["elapsed_s"]
        return json.dumps({"version": data.pop("version"), **data}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str = "the record") -> "Result":
        """Raises BadRecord, naming `where`, for text that is no record of this version."""
        try:
            data = json.loads(text)
            if data.get("version") != VERSION:
                raise BadRecord(f"{where}: expected a result record of version {VERSION}, got {data.get('version')!r}")
            exercises = tuple(
                _made(
                    ExerciseResult,
                    item
                    | {"tests": tuple(_made(TestResult, test) for test in item["tests"])}
                    | ({"picture": _made(Picture, item["picture"])} if item.get("picture") else {}),
                )
                for item in data.pop("exercises")
            )
            return _made(cls, data | {"exercises": exercises, "problems": tuple(data["problems"])})
        except BadRecord:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadRecord(f"{where} is not a result record ({error}); delete it and grade again") from None


def _made(kind: type, data: dict):
    """kind(**data), with plain values of the right types: a damaged record must not pass for a result."""
    made = kind(**data)
    for field in dataclasses.fields(kind):
        value = getattr(made, field.name)
        if field.type in (str, bool, int, float) and type(value) not in (field.type, *([int] * (field.type is float))):
            raise TypeError(f"{field.name} must be {field.type.__name__}, got {type(value).__name__}")
    if any(getattr(made, name, "passed") not in VERDICTS for name in ("verdict", "outcome")):
        raise ValueError("a verdict that does not exist")
    if not all(type(problem) is str for problem in getattr(made, "problems", ())):
        raise TypeError("problems must be texts")
    return made


def write_atomically(path: Path, text: str) -> None:
    """Write text so that a reader sees the old file or the new one, never half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno:  # a disk that is full while we write names no file, and nobody knows the draft's name
            error.filename = str(path)
        raise
