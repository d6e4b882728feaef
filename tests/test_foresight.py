"""What is sent ahead gives nothing away, and what is remembered is what the test would say; see autograder/foresight.py."""

import contextlib
import time

import numpy as np
import pytest
import torch

from autograder import demo, foresight, grading
from autograder.foresight import Memory, Rerun, TestHangs, time_limit
from autograder.grading import Grader
from autograder.sandbox import wire
from autograder.sandbox.host import Unforeseen, choose_isolation, why_not
from autograder.student import RemoteStudent

FOUND = grading.Found("t", "It holds.", "passed")


@pytest.fixture(scope="module")
def grader(course):
    if all(map(why_not, ("bubblewrap", "confined"))):
        pytest.skip("no sandbox on this machine")
    with Grader(course, choose_isolation("auto"), "a seed of the tests") as grader:
        yield grader


def numbers_in(header, body=None) -> set[float]:
    """All numbers in a frame that are not as round as one that a test writes down."""
    if body is None:
        size = wire.PREFIX.unpack_from(header)[0]
        header, body = header[8 : 8 + size], header[8 + size :]
    found, waiting = set(), [wire.decode(bytearray(header), bytearray(body), generators=lambda code, state: None)]
    while waiting:
        x = waiting.pop()
        if isinstance(x, wire.Lent):
            x = x.value
        if isinstance(x, torch.Tensor):
            x = x.detach().double().numpy()
        if isinstance(x, (np.ndarray, np.generic, float)):
            found |= set(np.asarray(x).astype(float).ravel().tolist())
        elif isinstance(x, (list, tuple, dict)):
            waiting.extend(x.values() if isinstance(x, dict) else x)
    return {x for x in found if np.isfinite(x) and x != round(x, 3)}


def test_nothing_that_is_sent_ahead_contains_an_answer(grader):
    """No number of the solution's answers is in a later request of the same test that is sent ahead."""
    assignment = grader._rehearsed(demo.ASSIGNMENT)
    submission = foresight.solved(grader.course, demo.ASSIGNMENT)
    looked = 0
    with grading._Session(grader, submission, assignment) as session:
        for item, test in assignment.order:
            key = (item.id, test.__name__)
            ahead, assignment.ahead[key] = assignment.ahead[key], ()
            answers = set()
            session._ready()
            job = session._job
            student = RemoteStudent(job, item.visible.forbidden, item.visible.names)
            assert grading._run(assignment, item, test, student).outcome == "passed"
            for index, request in enumerate(ahead):
                assert request == job.said[index], "the solution makes the requests that are sent ahead"
                given = numbers_in(request)
                assert not answers & given, (key, index)
                asked = {x for earlier in ahead[: index + 1] for x in numbers_in(earlier)}
                answers |= numbers_in(*job.heard[index]) - asked
                looked += bool(answers)
            assignment.ahead[key] = ahead
    assert looked > 200


def test_what_depends_on_an_answer_is_found(grader):
    """Tests that hand an answer back have requests that are not sent ahead; most requests are."""
    assignment = grader._rehearsed(demo.ASSIGNMENT)
    assert not assignment.void
    with grading._Session(grader, foresight.solved(grader.course, demo.ASSIGNMENT), assignment) as session:
        for item, test in assignment.order:
            session.once(item, test)
    ahead = sum(map(len, assignment.ahead.values()))
    asked = sum(len(said) for said, _ in session.talk.values())
    assert 0.75 * asked < ahead < asked


@pytest.mark.parametrize("value", [
    1.5, np.float64(0.25), np.float32(0.5), np.ones((2, 3)), np.zeros(2, np.float32), np.array(0.5), torch.ones(2), torch.zeros(2).double(),
    torch.nn.Parameter(torch.ones(2)), [1.0, (2.0, {"a": np.ones(2)})],
], ids=str)  # fmt: skip
def test_tilting_changes_every_float_and_nothing_else(value):
    """A tilted value has the same type and shape, and other numbers, too close for a test to tell."""
    from traindeep.compare import difference

    before = np.copy(value) if isinstance(value, np.ndarray) else value
    before = value.detach().clone() if isinstance(value, torch.Tensor) else before
    tilted = foresight._tilt(value)
    assert type(tilted) is type(value)
    assert difference(before, tilted, 1e-4, 1e-5) is None
    assert difference(before, tilted, 0, 0) is not None
    for same in (3, True, "text", None, np.arange(3), torch.arange(3)):
        assert difference(same, foresight._tilt(same), 0, 0) is None


def talk(*answers) -> tuple[tuple[bytes, ...], list]:
    """What `f(n)` with n = 0, 1, ... asks, and the frames of these answers."""
    said = [wire.encode(call(n) | {"seq": n + 1}) for n in range(len(answers))]
    heard = [wire.encode({"seq": n + 1, **answer}) for n, answer in enumerate(answers)]
    return (
        tuple(map(b"".join, said)),
        [(parts[0][wire.PREFIX.size :], b"".join(parts[1:])) for parts in heard],
    )


def call(n: int) -> dict:
    return {"op": "call", "target": "f", "args": [n], "kwargs": {}}


def ask(job: Rerun, message: dict):
    return job.request(message, outgoing=wire._refuse, incoming=lambda x: x, ident=lambda x: None)


def test_a_rerun_answers_the_same_requests_and_ends_at_the_first_other_one():
    """What is sent ahead stops where two runs part, or where the first of them ended."""
    for last, agreed in ((call(7), 2), (call(2), 3)):
        job = Rerun(*talk({"ok": 0.5}, {"ok": np.ones(2)}, {"ok": 2}))
        assert ask(job, call(0)) == (0.5, [])
        ask(job, call(1))[0][:] = 7  # writes into its own copy
        with pytest.raises(Unforeseen):  # noqa: PT012 - at the first of them, or at the one after the end
            ask(job, last)
            ask(job, call(3))
        assert job.agreed == agreed
    assert ask(Rerun(*talk({"ok": np.ones(2)})), call(0))[0].tolist() == [1, 1]


def test_a_rerun_repeats_exceptions_and_stops_at_a_function_of_the_test():
    """An exception is an answer like others; behind a call of the test's own function nothing is foreseen."""
    error = {"kinds": ["ValueError"], "text": "no", "where": [], "reason": ""}
    job = Rerun(*talk({"error": error}, {"callback": 0, "args": [], "kwargs": {}}))
    assert ask(job, call(0))[0].kind == "ValueError"
    assert job.callback(print) == wire.Callback(0)
    with pytest.raises(Unforeseen):
        ask(job, call(1))
    assert job.agreed == 2


def test_a_rerun_numbers_requests_as_a_job_does():
    """Encoding an argument may ask for something itself: its request comes first and has the higher number."""
    frames = [wire.encode(call(0) | {"seq": 2}), wire.encode(call(1) | {"seq": 1})]
    _, heard = talk({"ok": 1}, {"ok": 2})
    job = Rerun(tuple(map(b"".join, frames)), heard)

    def outgoing(x):
        ask(job, call(0))
        return wire.Callback(0)

    message = call(1) | {"args": [object()]}
    with pytest.raises(Unforeseen):  # the object became a callback, which the first run had not
        job.request(message, outgoing=outgoing, incoming=lambda x: x, ident=lambda x: None)
    assert job.agreed == 1


def test_memory_knows_what_it_was_told_and_reads_no_further():
    """An outcome is recalled for the same test and the same answers; unfamiliar answers stop the reading."""
    memory, read = Memory(), []
    memory.keep(("e", "t"), [(b"1", b""), (b"2", b"x")], FOUND)

    def answers(*given):
        for answer in given:
            read.append(answer)
            yield answer

    assert memory.recall(("e", "t"), answers((b"1", b""), (b"2", b"x"), (b"3", b""))) is FOUND
    assert len(read) == 2
    assert memory.recall(("e", "t"), answers((b"0", b""), (b"2", b"x"))) is None
    assert len(read) == 3
    assert memory.recall(("e", "other"), answers((b"1", b""), (b"2", b"x"))) is None
    assert memory.recall(("e", "t"), answers((b"1", b""), None)) is None
    assert memory.recall(("e", "t"), answers((b"1", b""), (b"2", b"y"))) is None


def test_memory_is_bounded(monkeypatch):
    """Too many outcomes are forgotten, not kept."""
    monkeypatch.setattr(foresight, "MEMORIES", 10)
    memory = Memory()
    for n in range(100):
        memory.keep(("e", "t"), [(bytes([n]), b"")], FOUND)
    assert len(memory._known) <= 12


def test_a_time_limit_ends_what_does_not_end_and_restores_the_timer():
    """The limit raises through every `except Exception`."""

    def hangs():
        while True:
            with contextlib.suppress(Exception):
                time.sleep(5)

    with pytest.raises(TestHangs, match="within 0 seconds"), time_limit(0.2):
        hangs()
    with time_limit(60):
        pass
