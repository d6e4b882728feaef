"""Score an exercise inside the notebook's own kernel, for nbgrader without our plug-in.

The source of every check cell ends in the hidden line `__import__("autograder.kernel").kernel.score("<id>")`. It gives
an honest notebook the score that the grader gives; it protects nothing, because it runs in the process that ran the
student's code. What the grader does with a fresh process for every test is missing here too.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

from autograder import exercise
from traindeep.checks import TestResult, _undisturbed, run_test, seeded
from traindeep.compare import Compare
from traindeep.exercise import sentence
from traindeep.student import LocalStudent


def score(id: str, namespace: dict | None = None) -> float:
    """The points that an exercise earns by its hidden tests, as the value a grade cell must end with.

    nbgrader 0.9.6 (utils.determine_grade) gives full points for every last value that is not a plain number in
    [0, points], and none as soon as anything is written to stderr: hence an exact float, and silence.

    Args:
        id: The exercise.
        namespace: Where to look for the answer; by default the globals of the caller.
    """
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    item = exercise.load(id)
    student = LocalStudent(namespace, item.visible.forbidden)
    oracle = Reference(item)
    results = []
    with silence():
        for test in item.tests:
            compare = Compare(student, oracle, test.__name__, item.visible.signatures, reveal=False)
            try:
                with _undisturbed(), student.guarded():
                    result = run_test(test, student=student, compare=compare, rng=seeded("kernel", id, test.__name__))
            except KeyboardInterrupt:  # nbclient's way to stop a cell that takes too long
                raise
            except BaseException:  # exit() in the answer fails this test, not the cell
                result = TestResult(test.__name__, sentence(test), "error")
            results.append(result)
    return min(max(float(exercise.score(item, results)), 0.0), float(item.points))


class Reference(exercise.Live):
    """The reference alone: a score needs no diagnosis, and the bank of mistakes stays out of the student's process."""

    def mistakes(self, test, index, call):
        return []


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what is printed and warned meanwhile, also by C++ code: ipykernel forwards file descriptors 1 and 2."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # a notebook may have closed it
                saved = os.dup(descriptor)
                stack.callback(os.close, saved)
                stack.callback(os.dup2, saved, descriptor)
                os.dup2(sink.fileno(), descriptor)
        stack.enter_context(contextlib.redirect_stdout(sink))
        stack.enter_context(contextlib.redirect_stderr(sink))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield
