"""The floor: a warm process forks for each submission, runs its cells and calls its functions; nothing else.

    python benchmarks/floor.py CLASS SEED    one line of JSON per submission

No wall, no limits, no comparison, no report, no score. The calls are those of the hidden tests: they are recorded once,
by running the tests against the reference, and replayed with copies of the arguments. What a test hands to `compare` is
replayed as such (a function of the exercise, or a scenario of several calls); a test that talks to the student directly
is replayed as a whole. As in every grader, the first exception ends a test.
"""

import contextlib
import copy
import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path

import nbformat
import numpy as np
from classroom import ASSIGNMENT
from traindeep.checks import seeded
from traindeep.student import LocalStudent

from autograder import exercise as hidden
from autograder.course import Course, exercises_of, role

WARM = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy, torch
layer = torch.nn.BatchNorm1d(2)
layer(torch.randn(3, 2)).sum().backward()
torch.optim.SGD(layer.parameters(), 0.1).step()
"""


class Recorder:
    """A `compare` fixture that notes calls and answers them with the reference."""

    def __init__(self, reference):
        self.reference, self.calls = reference, []

    def __call__(self, target, *args, **kwargs):
        self.calls.append((target, copy.deepcopy(args), copy.deepcopy(kwargs)))
        args, kwargs = copy.deepcopy((args, kwargs))
        return (
            target(self.reference, *args, **kwargs)
            if callable(target)
            else getattr(self.reference, target)(*args, **kwargs)
        )

    def within(self, rtol, atol):
        return self

    def refuses(self, target, *args, naming, **kwargs):
        with contextlib.suppress(Exception):
            self(target, *args, **kwargs)


def recorded(course: Course, seed: str) -> list[list[tuple]]:
    """The calls of each hidden test, in order."""
    tests = []
    for id in exercises_of(course.release(ASSIGNMENT)):
        item = hidden.load(id)
        for test in item.tests:
            fixtures = test.__code__.co_varnames[: test.__code__.co_argcount]
            rng = seeded(seed, id, test.__name__)
            if "student" in fixtures:
                keywords = {"rng": rng} if "rng" in fixtures else {}
                if "compare" in fixtures:
                    keywords["compare"] = Recorder(item.reference)
                tests.append([(test, (), keywords)])
            else:
                recorder = Recorder(item.reference)
                test(**({"compare": recorder, "rng": rng} if "rng" in fixtures else {"compare": recorder}))
                tests.append(recorder.calls)
    return tests


def replay(student: LocalStudent, tests: list[list[tuple]]) -> None:
    for calls in tests:
        with contextlib.suppress(Exception):
            for target, args, kwargs in calls:
                args, kwargs = copy.deepcopy((args, kwargs))
                if not callable(target):
                    getattr(student, target)(*args, **kwargs)
                elif target.__name__.startswith("test_"):
                    target(student=student, **kwargs)
                else:
                    target(student, *args, **kwargs)


def runnable(nb: nbformat.NotebookNode) -> list[str]:
    """The answers and the code given between them; what follows the last answer cannot change one."""
    last = max(index for index, cell in enumerate(nb.cells) if role(cell) == "solution")
    cells = [cell for cell in nb.cells[: last + 1] if cell.cell_type == "code"]
    return [cell.source for cell in cells if role(cell) in ("solution", "code")]


def submission(cells: list[str], tests: list[list[tuple]], answer: int) -> None:
    """In the child: everything that is done for one submission."""
    forked = time.process_time()
    namespace = {"__name__": "__main__"}
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for number, cell in enumerate(cells):
            with contextlib.suppress(Exception):
                exec(compile(cell, f"<cell {number}>", "exec"), namespace)
        ran = time.process_time()
        replay(LocalStudent(namespace), tests)
    os.write(answer, json.dumps([forked, ran - forked, time.process_time() - ran]).encode())


def main() -> None:
    folder, seed = Path(sys.argv[1]), sys.argv[2]
    os.environ["TRAINDEEP_GRADING"] = "1"  # a check or hint in a student's own cell has nobody to talk to
    course = Course.find(Path(__file__).parent)
    for cell in (WARM, next(cell.source for cell in course.release(ASSIGNMENT).cells if role(cell) == "code")):
        exec(cell, {})  # what every submission imports
    tests = recorded(course, seed)
    for path in sorted(folder.glob(f"*/{ASSIGNMENT}/{ASSIGNMENT}.ipynb")):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        nb = nbformat.read(path, as_version=4)
        cells = runnable(nb)
        ours, theirs = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            try:
                submission(cells, tests, theirs)
            finally:
                os._exit(0)
        os.close(theirs)
        _, _, usage = os.wait4(pid, 0)
        after = resource.getrusage(resource.RUSAGE_SELF)
        parts = json.loads(os.read(ours, 1000) or "[0, 0, 0]")
        os.close(ours)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        child = usage.ru_utime + usage.ru_stime
        line = {
            "student": path.parts[-3],
            "cpu_s": own + child,
            "wall_s": time.perf_counter() - start,
            "read_and_fork_s": own + parts[0],
            "cells_s": parts[1],
            "calls_s": parts[2],
            "exit_s": child - sum(parts),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
