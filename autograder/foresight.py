"""What is known before a submission is graded: the requests that its tests will make, and what became of answers like its.

A hidden test makes many small calls, and waiting for each answer takes longer than the answer. The requests of a test
are the same for every student as long as they do not depend on earlier answers. The grader rehearses every test on
the course's own solution and keeps these requests; it sends them ahead (`Job.plan`, `Job.reset`) and the test then
finds its answers waiting. A test that asks for something else is run again, one request at a time: what was sent
ahead never decides anything.

What is sent ahead must give nothing away: a request that contains an earlier answer (the solution's!) is not sent
ahead, nor anything behind it. Which these are shows when the test is run again on the same answers, a little off.

An outcome follows from the answers alone. `Memory` keeps the outcome for the bytes of the answers, so a test is not run
twice on what many students answer.
"""

import contextlib
import copy
import hashlib
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from traindeep.checks import TestResult as Found
from traindeep.compare import is_tensor

from autograder.course import Course, grade_id, role, to_bytes
from autograder.sandbox import wire
from autograder.sandbox.host import RemoteError, Unforeseen
from autograder.student import RemoteStudent
from autograder.submission import Submission, read

Key = tuple[str, str]  # exercise, test
Talk = tuple[tuple[bytes, ...], list]  # what a test asked that can be sent ahead, and all answers as they came
MEMORIES = 200_000  # answers; some 100 bytes each


def solved(course: Course, assignment: str) -> Submission:
    """The course's own solution, as a student would hand it in."""
    right = {grade_id(cell): cell.source for cell in course.source(assignment).cells if role(cell) == "solution"}
    release = course.release(assignment)
    nb = copy.deepcopy(release)
    for cell in nb.cells:
        cell.source = right.get(grade_id(cell), cell.source)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{assignment}.ipynb"
        path.write_bytes(to_bytes(nb))
        return read(path, release, assignment=assignment)


class Rerun:
    """In place of a job: gives a test the answers of an earlier run, as long as it makes the same requests.

    Attributes:
        agreed: How many it has made. Another request, and any after a function of the test was called, is Unforeseen.
    """

    epoch = 0

    def __init__(self, said: tuple[bytes, ...], heard: list):
        self._talk, self._number, self._callbacks, self.agreed = list(zip(said, heard, strict=False)), 0, 0, 0

    def callback(self, function) -> wire.Callback:
        self._callbacks += 1
        return wire.Callback(self._callbacks - 1)

    def request(self, message: dict, *, outgoing, incoming, ident):
        self._number += 1  # before the arguments are encoded, which may ask for something itself
        frame = b"".join(wire.encode({**message, "seq": self._number}, outgoing, ident))
        said, (header, body) = self._talk[self.agreed] if self.agreed < len(self._talk) else (None, (b"", b""))
        if frame != said:
            raise Unforeseen
        self.agreed += 1
        reply = wire.decode(header, bytearray(body), incoming)
        if "callback" in reply:
            raise Unforeseen
        return (RemoteError.read(reply["error"]) if "error" in reply else reply.get("ok")), reply.get("written", [])


class Tilted(RemoteStudent):
    """A student whose numbers are a little off: less than a test can tell, enough to see where they go."""

    def __init__(self, *args):
        super().__init__(*args)
        ask, write_back = self._wire.ask, self._wire.write_back
        self._wire.ask = lambda message: _tilt(ask(message))
        self._wire.write_back = lambda message, written: write_back(message, _tilt(written))


def _tilt(x):
    if isinstance(x, np.ndarray | np.floating) and x.dtype.kind == "f":
        tilted = np.asarray(np.asarray(x) * (1 + _little(x)) + 1e-12, x.dtype)
        return tilted if isinstance(x, np.ndarray) else x.dtype.type(tilted)
    if is_tensor(x) and x.dtype.is_floating_point:
        x.detach().mul_(1 + _little(x)).add_(1e-12)
        return x
    if type(x) is float:
        return x * (1 + 1e-9) + 1e-12
    if type(x) in (list, tuple):
        return type(x)(map(_tilt, x))
    return {key: _tilt(value) for key, value in x.items()} if type(x) is dict else x


def _little(x) -> float:
    return 1e-9 if x.dtype.itemsize == 8 else 1e-6


class Memory:
    """Outcomes of tests by the answers they saw."""

    def __init__(self):
        self._known: dict[bytes, Found | None] = {}  # hash of the answers so far -> outcome, None if more were needed

    def recall(self, test: Key, answers: Iterator) -> Found | None:
        """The outcome of a test that sees these answers, read one by one only as long as they are familiar."""
        state = _start(test)
        for answer in answers:
            if answer is None:
                return None
            state = _after(state, answer)
            if state not in self._known:
                return None
            if self._known[state] is not None:
                return self._known[state]
        return None

    def keep(self, test: Key, answers: list, found: Found) -> None:
        """Remember what became of these answers. The test must have seen no others."""
        if len(self._known) > MEMORIES:
            self._known.clear()
        state = _start(test)
        for answer in answers:
            state = _after(state, answer)
            self._known.setdefault(state)
        if answers:
            self._known[state] = found


def _start(test: Key) -> bytes:
    return hashlib.blake2b("\0".join(test).encode(), digest_size=16).digest()


def _after(state: bytes, answer: tuple) -> bytes:
    digest = hashlib.blake2b(state, digest_size=16)
    for part in answer:
        digest.update(part)
    return digest.digest()


class TestHangs(BaseException):
    """A hidden test did not end; not an Exception, so that the test cannot swallow it."""

    __test__ = False


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raise TestHangs in the block after so many seconds. In another thread than the main one there is no such limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_):
        raise TestHangs(f"it did not end within {seconds:.0f} seconds")

    handler, (left, _) = signal.signal(signal.SIGALRM, late), signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)
