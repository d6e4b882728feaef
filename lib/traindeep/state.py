"""What a learner has done, kept across kernels: progress.json in the user's state folder.

Two kernels may write at once: every change is read, applied and replaced as a whole under a file lock. While nbgrader
validates or grades, and wherever the folder cannot be written, the same calls work on memory alone.
"""

import ast
import contextlib
import datetime
import inspect
import json
import linecache
import os
import shutil
import tempfile
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import platformdirs

VERSION = 1
LOCK_S = 10
RANK = {"missing": 0, "not_attempted": 1, "error": 2, "failed": 2, "passed": 3}
COUNTS, WORDS = ("attempts", "hints", "passed", "total", "best_passed"), ("outcome", "best", "checked", "first_passed")
HONEST = ("passed", "failed", "error")  # outcomes of an answer that someone wrote

_memory: dict | None = None  # what this process knows once it cannot, or may not, write
_said: set[str] = set()


class StateProblem(Exception):
    """The stored progress cannot be used; the message says why."""


def folder() -> Path:
    """Where the state lives: TRAINDEEP_HOME, or the user's state folder."""
    home = os.environ.get("TRAINDEEP_HOME")
    return Path(home).expanduser() if home else platformdirs.user_state_path("traindeep")


def record(report, namespace: dict) -> None:
    """Note the outcome of a check; when it passed, keep the source of the answer for `use`.

    An attempt is a check of something written: a stub or an undefined name does not count.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    passed = sum(test.outcome == "passed" for test in report.tests)

    def change(data: dict) -> None:
        entry = _entry(data, report.id)
        entry["attempts"] = entry.get("attempts", 0) + (report.outcome in HONEST)
        entry.update(outcome=report.outcome, passed=passed, total=len(report.tests), checked=now)
        if (RANK.get(report.outcome, 0), passed) >= (RANK.get(entry.get("best"), -1), entry.get("best_passed", 0)):
            entry.update(best=report.outcome, best_passed=passed)
        if report.outcome == "passed":
            entry.setdefault("first_passed", now)

    source = _source_of_answer(report.id, namespace) if report.outcome == "passed" else ""
    _update(change, keep=(report.id, source) if source else None)


def hints_used(id: str) -> int:
    """How many hints of an exercise were shown."""
    return all().get(id, {}).get("hints", 0)


def count_hint(id: str) -> int:
    """Count one more hint and return the number used."""

    def change(data: dict) -> None:
        entry = _entry(data, id)
        entry["hints"] = entry.get("hints", 0) + 1

    return _update(change)["exercises"][id]["hints"]


def saw_solution(id: str) -> None:
    """Note that the worked solution was shown."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    _update(lambda data: _entry(data, id).setdefault("solution_seen", now))


def all() -> dict[str, dict]:
    """What is known of every exercise that was checked, by id."""
    if _memory is not None or _off():
        return (_memory or _empty())["exercises"]
    try:
        return _read()["exercises"]
    except StateProblem:
        return _update(lambda data: None)["exercises"]
    except OSError:
        return {}


def saved_source(id: str) -> str:
    """The source of the learner's last passing answer, or ''."""
    try:
        return _saved(id).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return ""


# ---- the file --------------------------------------------------------------------------------------------


def _off() -> bool:
    # nbgrader sets NBGRADER_EXECUTION to "autograde" or "validate"; our grader sets TRAINDEEP_GRADING.
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("TRAINDEEP_GRADING"))


def _update(change: Callable[[dict], None], keep: tuple[str, str] | None = None) -> dict:
    """Apply a change to the stored state and return the result; on memory where it cannot be stored."""
    global _memory
    if _memory is None and not _off():
        try:
            with _locked():
                data = _read_or_set_aside()
                change(data)
                replace_file(_file(), json.dumps(data, indent=1))
                if keep:
                    _saved(keep[0]).parent.mkdir(exist_ok=True)
                    replace_file(_saved(keep[0]), keep[1])
            return data
        except (OSError, StateProblem) as error:
            reason = error if isinstance(error, StateProblem) else f"{folder()}: {error.strerror or error}"
            _say(f"progress is not being saved ({reason}); checking works all the same")
    if _memory is None:
        with contextlib.suppress(OSError, StateProblem):
            _memory = _empty() if _off() else _read()
        _memory = _memory or _empty()
    change(_memory)
    return _memory


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder() / "progress.lock", timeout=LOCK_S):
        yield


def _read() -> dict:
    """The stored state. Raises StateProblem when it is not ours to read."""
    try:
        text = _file().read_bytes()
    except FileNotFoundError:
        return _empty()
    try:
        data = json.loads(text)
        assert isinstance(data["exercises"], dict)
        assert {type(entry) for entry in data["exercises"].values()} <= {dict}
        version = int(data["version"])
    except (ValueError, TypeError, KeyError, AssertionError, RecursionError):
        raise StateProblem(f"{_file()} is not valid") from None
    if version > VERSION:
        raise _Newer(f"{_file()} was written by a newer traindeep")
    return data | {"exercises": {id: _sound(entry) for id, entry in data["exercises"].items()}}


def _sound(entry: dict) -> dict:
    """An entry without values of the wrong kind, which only someone's editor can have put there."""

    def ok(key: str, value) -> bool:
        if key in COUNTS:
            return type(value) is int and value >= 0
        return key not in WORDS or isinstance(value, str)

    return {key: value for key, value in entry.items() if ok(key, value)}


class _Newer(StateProblem):
    """Written by a later version: to be left alone."""


def _read_or_set_aside() -> dict:
    try:
        return _read()
    except _Newer:
        raise
    except StateProblem:
        n = 1
        while (aside := _file().with_name(f"{_file().name}.corrupt-{n}")).exists():
            n += 1
        os.replace(_file(), aside)
        _say(f"the saved progress could not be read; it was kept as {aside} and a new one begun")
        return _empty()


def replace_file(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _file() -> Path:
    return folder() / "progress.json"


def _saved(id: str) -> Path:
    return folder() / "passed" / f"{id}.py"


def _empty() -> dict:
    return {"version": VERSION, "exercises": {}}


def _entry(data: dict, id: str) -> dict:
    return data["exercises"].setdefault(id, {})


def _say(text: str) -> None:
    """Say something once per process."""
    from traindeep import display

    if text not in _said:
        _said.add(text)
        display.line(f"traindeep: {text}")


# ---- the source of an answer -----------------------------------------------------------------------------


def _source_of_answer(id: str, namespace: dict) -> str:
    """Source that defines the answer by itself: its imports, constants and helpers first. '' if it cannot be had."""
    from traindeep import exercise

    try:
        names = exercise.load(id).names
        pieces: dict[str, str] = {}
        for name in names:
            _collect(name, namespace, pieces)
    except Exception:  # student objects may do anything when looked at; a saved copy is only a convenience
        return ""
    return "\n\n".join(pieces.values()) + "\n" if set(names) <= set(pieces) else ""


def _collect(name: str, namespace: dict, pieces: dict[str, str]) -> None:
    """Add the source of a global name, after that of every global it mentions."""
    if name in pieces or name not in namespace:
        return
    value, pieces[name] = namespace[name], ""
    source = ""
    if isinstance(value, types.ModuleType):
        source = f"import {value.__name__} as {name}"
    elif getattr(value, "__module__", None) not in (None, "__main__", namespace.get("__name__", "builtins")):
        source = f"from {value.__module__} import {value.__name__} as {name}"
    elif isinstance(value, (types.FunctionType, type)):
        source = _definition(value)
        for code in _codes(compile(source, name, "exec")):
            for used in code.co_names:
                _collect(used, namespace, pieces)
    elif isinstance(value, (bool, int, float, str, tuple, type(None))):
        source = f"{name} = {value!r}"
    del pieces[name]  # what it uses comes first
    if source:
        pieces[name] = source


def _definition(value) -> str:
    """The text of a function or class. inspect.getsource does not find classes of a notebook; the cell's text has both."""
    functions = [value, *vars(value).values()] if isinstance(value, type) else [inspect.unwrap(value)]
    code = next(f.__code__ for f in functions if isinstance(f, types.FunctionType))
    text = "".join(linecache.getlines(code.co_filename))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == value.__name__:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= code.co_firstlineno <= node.end_lineno:
                return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise OSError(f"no source of {value.__name__}")


def _codes(code) -> Iterator:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
