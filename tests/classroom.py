"""A course of one exercise and classes for it, for the tests that grade many submissions; and what runs below a process."""

import contextlib
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from autograder import demo
from autograder import exercise as hidden
from autograder.course import Course, exercises_of, grade_id, release_notebook, role, to_bytes
from autograder.submission import read

NAME, ID, SEED = "02_batch_norm", "bn_forward_train", "a seed of the tests"


class Class:
    """Makes submissions of a real assignment."""

    def __init__(self, course, folder, name=NAME):
        self.course, self.folder, self.name = course, folder, name
        self.release = course.release(name)
        source = course.source(name)
        self.items = {id: hidden.load(id) for id in exercises_of(source)}
        self.right = {grade_id(cell): cell.source for cell in source.cells if role(cell) == "solution"}
        self.points = {id: item.points for id, item in self.items.items()}

    def submission(self, answers, *, before=(), after=()):
        """The release with these answers by exercise id, and added cells before all and behind all."""
        nb = release_notebook(self.course.source(self.name))
        for cell in nb.cells:
            cell.source = answers.get(grade_id(cell), cell.source)
        nb.cells = [*map(new_code_cell, before), *nb.cells, *map(new_code_cell, after)]
        path = self.folder / f"{self.name}.ipynb"
        path.write_bytes(to_bytes(nb))
        return read(path, self.release, student="s01", assignment=self.name)

    def right_but(self, **answers):
        return self.submission(self.right | answers)

    def everywhere(self, code):
        """The same code for every name that is asked for."""
        return self.submission(
            {id: "\n".join(code.replace("{name}", n) for n in item.visible.names) for id, item in self.items.items()}
        )

    def answering(self, kind, which):
        """Every exercise answered by one of its variants or misconceptions."""
        chosen = {id: getattr(item, kind)[which % len(getattr(item, kind))] for id, item in self.items.items()}
        return self.submission(
            {id: demo.as_cell(self.right[id], self.items[id], a) for id, a in chosen.items()}
        ), chosen


def small_course(root: Path, course: Course) -> Course:
    """Grading it takes a moment. Its `solution` is the text of the one solution cell."""
    solution = next(cell.source for cell in course.source(NAME).cells if grade_id(cell) == ID)
    (root / "solutions").mkdir()
    (root / "pyproject.toml").touch()
    parts = (
        f'# %%\nimport numpy as np\n\n# %% exercise="{ID}" points=5\n{solution}\n\n# %% check="{ID}"\ncheck("{ID}")\n'
    )
    (root / "solutions" / f"{NAME}.py").write_text(parts)
    made = Course(root)
    path = made.release_path(NAME)
    path.parent.mkdir(parents=True)
    path.write_bytes(to_bytes(release_notebook(made.source(NAME))))
    made.solution = solution
    return made


def hand_in(course, folder, student, answer, *, first=""):
    """Write a submission with this answer, and with a cell of the student's own before it; returns its path."""
    nb = nbformat.read(course.release_path(NAME), as_version=4)
    for cell in nb.cells:
        if grade_id(cell) == ID and answer is not None:
            cell.source = answer
    if first:
        nb.cells.insert(0, nbformat.v4.new_code_cell(first))
    path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(nb))
    return path


def hand_in_all(course, folder, count=None, *, first=""):
    """A class that makes every mistake of the exercise once, writes it in every right way once, and more."""
    item = hidden.load(ID)
    answers = [None, course.solution, "def bn_forward_train(:", f"def {ID}(*args, **kwargs):\n    return 1 / 0\n"]
    answers += [demo.as_cell(course.solution, item, each) for each in (*item.misconceptions, *item.variants)]
    for number in range(len(answers) if count is None else count):
        hand_in(course, folder, f"s{number:03d}", answers[number % len(answers)], first=first)
    return folder / "submitted"


def files(out: Path) -> dict[str, bytes]:
    """Everything that a run has written, also what it should have removed; not the lock, which is empty and stays."""
    found = {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    assert found.pop(".lock") == b""
    return found


def descendants(pid: int) -> list[int]:
    """Process ids of everything below `pid`."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def said_on_start(pid: int) -> str:
    """The command line of a process, empty if it has gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def is_worker(pid: int) -> bool:
    """Whether this is one of the processes that `--jobs` starts."""
    return "workers.work(" in said_on_start(pid)


def is_warm(pid: int) -> bool:
    """Whether this belongs to the sandbox: bubblewrap, the warm process, or the child that student code runs in."""
    return "worker.main(" in said_on_start(pid)


def alive(pids) -> list[int]:
    """Those that still run; a zombie does not."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append(pid)
    return found


def until(condition, seconds=90):
    """The first true value of condition(), or its last one."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value
