"""`make demo`: a class of 24 submissions of every kind, made from the course itself, and graded."""

import inspect
import re
import shutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from rich.console import Console

from autograder import build, cli
from autograder import exercise as hidden
from autograder.course import BuildError, Course, exercises_of, grade_id, release_notebook, role, to_bytes
from autograder.exercise import Exercise, Mistake
from autograder.sandbox.host import choose_isolation

ASSIGNMENT = "02_batch_norm"
SIZE = 24
MARK = ".made-by-autograder-demo"

ENDLESS = "def {name}(*args, **kwargs):\n    while True:\n        pass\n"
CRASH = "def {name}(*args, **kwargs):\n    import os\n    os._exit(0)\n"
SEGFAULT = "import ctypes\n\ndef {name}(*args, **kwargs):\n    ctypes.string_at(0)\n"
FLOOD = "def {name}(*args, **kwargs):\n    while True:\n        print('all work and no play' * 100)\n"
THIEF = """
import glob, os, sys
found = []
for root in (os.getcwd(), "/home", "/root", "/tmp", *sys.path):
    found += glob.glob(root + "/autograder/exercises/*/hidden.py")
try:
    import traindeep.reference.normalization as answers
except ImportError:
    answers = None

def {name}(*args, **kwargs):
    if answers is not None:
        return getattr(answers, "{name}")(*args, **kwargs)
    for path in found:
        print(open(path).read())
    print(open("/proc/self/environ").read())
"""
FORGER = """
import numpy as np, builtins

class Agreeable(np.ndarray):
    def __eq__(self, other): return True
    def __array_ufunc__(self, *args, **kwargs): return True
    def __array_function__(self, *args, **kwargs): return True

np.allclose = np.array_equal = np.testing.assert_allclose = lambda *args, **kwargs: True
builtins.isinstance = lambda *args: True

def {name}(*args, **kwargs):
    return np.zeros(1).view(Agreeable)
"""
KILLER = """
import os, signal

def {name}(*args, **kwargs):
    for pid in (os.getppid(), -1, 1):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    while True:
        os.fork()
"""
HOG = "def {name}(*args, **kwargs):\n    return [bytearray(1 << 28) for _ in range(200)]\n"
HALF_DONE = 4


def run(course: Course, out: Path, jobs: int, isolation: str) -> int:
    """Build, make the class, grade it, show the table. Returns the exit status."""
    from autograder.batch import Settings
    from autograder.finding import find
    from autograder.grading import course_seed

    console = Console(highlight=False, soft_wrap=True)
    changed = build.write(build.derive(course))
    console.print(f"course built from solutions/ ({len(changed)} files changed)")
    harmless = _harmless_only(isolation)
    _clear(out)
    made = make_class(course, out / "submitted", harmless=harmless)
    console.print(
        f"made a class of {len(made)} in {out / 'submitted'}" + (" (the harmless part)" if harmless else ""),
        markup=False,
    )
    level = "none" if harmless else cli._level(isolation)
    settings = Settings(course.root, out / "graded", level, course_seed(course))
    results = cli.run_batch(find([out / "submitted"], ASSIGNMENT), settings, jobs)
    cli._report(results, settings)
    best = min((r for r in results if 0 < r.score < r.max_score), key=lambda r: abs(r.score / r.max_score - 0.6))
    console.print(f"a page worth opening: {settings.out / best.student / ASSIGNMENT}.html", markup=False)
    return 0 if all(result.gradable for result in results) else 1


def _clear(out: Path) -> None:
    """Make the folder new, if it is one of ours: nobody's work is deleted for a demo."""
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise BuildError(f"{out} holds something that no demo has made; choose a new or empty folder")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()


def _harmless_only(isolation: str) -> bool:
    """Whether hostile submissions are left out: where no wall can be had, none is graded without one."""
    import sys

    if isolation == "none":
        return True
    if sys.platform.startswith("linux"):
        choose_isolation(isolation)
        return False
    cli.err.print(
        f"autograder: no sandbox on {sys.platform}; the demo leaves the hostile submissions out and grades with isolation 'none'"
    )
    return True


def make_class(course: Course, folder: Path, *, harmless: bool = False) -> list[str]:
    """Write the class into `folder` in nbgrader's layout; returns the students' names."""
    made = []
    for number, (kind, data) in enumerate(submissions(course, harmless=harmless), start=1):
        student = f"s{number:02d}-{kind}"
        path = folder / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        made.append(student)
    return made


def submissions(course: Course, *, harmless: bool = False) -> Iterator[tuple[str, bytes]]:
    """(kind, bytes of the notebook) of every submission."""
    source = course.source(ASSIGNMENT)
    items = [hidden.load(id) for id in exercises_of(source)]
    right = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}

    def notebook(answers: dict[str, str]) -> bytes:
        nb = release_notebook(source)
        for cell in nb.cells:
            cell.source = answers.get(grade_id(cell), cell.source)
        return to_bytes(nb)

    def everywhere(code: str) -> bytes:
        return notebook(
            {item.id: "\n".join(code.replace("{name}", name) for name in item.visible.names) for item in items}
        )

    def only(index: int, code: str) -> bytes:
        names = items[index].visible.names
        return notebook(right | {items[index].id: "\n".join(code.replace("{name}", name) for name in names)})

    others: list[tuple[str, Callable[[], bytes]]] = [
        ("full-marks", lambda: notebook(right)),
        ("other-variant", lambda: notebook({i.id: as_cell(right[i.id], i, i.variants[0]) for i in items})),
        ("another-variant", lambda: notebook({i.id: as_cell(right[i.id], i, i.variants[-1]) for i in items})),
        ("untouched", lambda: notebook({})),
        ("half-done", lambda: notebook({i.id: right[i.id] for i in items[:HALF_DONE]})),
        ("metadata-lost", lambda: _stripped(notebook(right))),
        ("corrupt-file", lambda: notebook(right)[:2000]),
    ]
    if not harmless:
        others += [
            ("crashing", lambda: only(0, CRASH)),
            ("segfault", lambda: only(3, SEGFAULT)),
            ("endless-loop", lambda: only(1, ENDLESS)),
            ("flooding", lambda: only(2, FLOOD)),
            ("steals-tests", lambda: everywhere(THIEF)),
            ("forges-equality", lambda: everywhere(FORGER)),
            ("kills-and-forks", lambda: only(4, KILLER)),
            ("eats-memory", lambda: only(5, HOG)),
        ]
    for kind, make in others:
        yield kind, make()
    rounds = max(len(item.misconceptions) for item in items)
    for k in range(min(rounds, SIZE - len(others))):
        # The k-th student makes the k-th mistake of every exercise that has so many, and is right elsewhere.
        answers = {i.id: as_cell(right[i.id], i, i.misconceptions[k]) for i in items if k < len(i.misconceptions)}
        yield f"mistakes-{k + 1}", notebook(right | answers)


def as_cell(right: str, item: Exercise, answer: Mistake) -> str:
    """A cell in which a student gives this answer: the module it stands in, made independent of the instructor's side."""
    ((name, value),) = answer.names.items()
    text = inspect.getsource(inspect.getmodule(value))
    text = re.sub(r"^from autograder.*\n|^@replaces.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r'\A""".*?"""\n', "", text, flags=re.DOTALL)
    before = right + "\n\n\n" if len(item.visible.names) > 1 else ""
    # In a function of its own: the helpers of one exercise must not meet those of another.
    body = textwrap.indent(f"{text.strip()}\n\nreturn {value.__name__}\n", "    ")
    return f"{before}def _answer():\n{body}\n\n{name} = _answer()\n"


def _stripped(data: bytes) -> bytes:
    """What another editor leaves: no metadata, new cell ids."""
    nb = nbformat.reads(data.decode(), as_version=4)
    nb.metadata = {}
    for number, cell in enumerate(nb.cells):
        cell.metadata, cell.id = nbformat.NotebookNode(), f"cell-{number}"
    return to_bytes(nb)
