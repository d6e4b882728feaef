"""The student side of an exercise: its visible tests and hints, loaded by name from exercises/<id>.py."""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path

from traindeep.compare import Signature, load_record

ROOT = Path(__file__).parent


class UnknownExercise(ValueError):
    """No exercise has this id."""


@dataclasses.dataclass(frozen=True)
class Exercise:
    """Visible tests in their order, hints, and what messages call arguments and results."""

    id: str
    title: str
    hints: tuple[str, ...]
    tests: tuple[Callable, ...]
    signatures: dict[str, Signature]
    forbidden: tuple[str, ...]  # parts of names ("=name": whole names) of torch operations that the answer must not run
    images: tuple[str, ...] = ()  # names of arguments and results that a failed check shows as pictures
    seconds: float = 0.0  # CPU time that one call may take, for an answer that trains; 0: the grader's usual limit

    @property
    def names(self) -> tuple[str, ...]:
        """The functions and classes that the student writes."""
        return tuple(self.signatures)

    @property
    def record(self) -> dict:
        """Recorded answers of the visible tests, with assignment, points and the number of hidden tests."""
        return load_record(ROOT / "answers" / f"{self.id}.json")


@cache
def load(id: str) -> Exercise:
    """Load an exercise by id. Raises UnknownExercise with the nearest ids."""
    if id not in ids():
        import difflib

        near = difflib.get_close_matches(str(id), ids(), n=3, cutoff=0.4)
        raise UnknownExercise(f"there is no exercise {id!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    module = importlib.import_module(f"traindeep.exercises.{id}")
    return Exercise(
        id=id,
        title=sentence(module),
        hints=tuple(module.HINTS),
        tests=tests_of(module),
        signatures={name: Signature.parse(text) for name, text in module.SIGNATURES.items()},
        forbidden=tuple(getattr(module, "FORBIDDEN", ())),
        images=tuple(getattr(module, "IMAGES", ())),
        seconds=float(getattr(module, "SECONDS", 0.0)),
    )


@cache
def ids() -> tuple[str, ...]:
    """The ids of all exercises, by name."""
    return tuple(sorted(path.stem for path in (ROOT / "exercises").glob("[A-Za-z]*.py")))


def tests_of(module) -> tuple[Callable, ...]:
    """The test functions that a module itself defines, in order of definition."""
    return tuple(f for name, f in vars(module).items() if name.startswith("test_") and f.__module__ == module.__name__)


def sentence(thing) -> str:
    """The first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
