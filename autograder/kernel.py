"""Score an exercise inside the notebook's own kernel, for nbgrader without our plug-in.

The source of every check cell ends in the hidden line `autograder.kernel.score("<id>")`. It gives an honest notebook
the score that the grader gives. It protects nothing: it runs in the process that ran the student's code, and all hidden
tests of an exercise share that process.
"""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

from traindeep.checks import TestResult, undisturbed
from traindeep.exercise import sentence
from traindeep.student import LocalStudent

from autograder import exercise


def score(id: str, namespace: dict | None = None) -> float:
    """The points that an exercise earns by its hidden tests, in the form that a grade cell must end with.

    nbgrader 0.9.6 (utils.determine_grade) gives full points for any last value that is not a plain number in
    [0, points], and none once anything was written to stderr: hence an exact float, and silence.

    Args:
        id: The exercise.
        namespace: Where to look for the answer; by default the globals of the caller.
    """
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    item = exercise.load(id)
    student, oracle = LocalStudent(namespace, item.visible.forbidden), Reference(item)
    results = []
    for test in item.tests:
        try:
            with silence(), undisturbed(), student.guarded():
                result = exercise.run_hidden(item, test, student, oracle, seed="kernel")
        except KeyboardInterrupt:  # nbclient's way to end a cell that takes too long
            raise
        except BaseException:  # exit() in an answer fails this test, not the cell
            result = TestResult(test.__name__, sentence(test), "error")
        results.append(result)
    return min(max(float(exercise.score(item, results)), 0.0), float(item.points))


class Reference(exercise.Live):
    """The reference alone: a score needs no diagnosis, and known mistakes stay out of the student's process."""

    def mistakes(self, test, index, call):
        return []


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Drop what is printed and warned meanwhile, also by C++: ipykernel forwards file descriptors 1 and 2."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a notebook may have set them to anything
            stream.flush()
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # closed by the notebook
                saved = os.dup(descriptor)
                stack.callback(os.close, saved)
                stack.callback(os.dup2, saved, descriptor)
                os.dup2(sink.fileno(), descriptor)
        stack.enter_context(contextlib.redirect_stdout(sink))
        stack.enter_context(contextlib.redirect_stderr(sink))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield
