"""Every assignment of the course, graded behind the wall: what is known to be right or wrong is graded so there, too.

make test          grades a few notebooks of known answers for each assignment, spread evenly over all of them
make assignments   grades all of them (minutes for each assignment); `autograder build` proves all of them without the wall
"""

import os

import pytest
from classroom import SEED, Class

from autograder.course import Course
from autograder.grading import Grader

COURSE = Course.find(__file__)
EVERY = bool(os.environ.get("TRAINDEEP_ALL"))


@pytest.fixture(scope="module", params=COURSE.assignments)
def students(request, tmp_path_factory):
    return Class(COURSE, tmp_path_factory.mktemp("submitted"), request.param)


@pytest.fixture(scope="module")
def grader(students, isolation):
    with Grader(COURSE, isolation, SEED) as grader:
        yield grader


def some(students, kind: str) -> list[int]:
    """Which of the known answers are tried: all numbers that any exercise has, or five, the first and last among them.

    Where an exercise trains, each costs many seconds: the last alone.
    """
    last = max(len(getattr(item, kind)) for item in students.items.values()) - 1
    if EVERY:
        return list(range(last + 1))
    if any(item.visible.seconds for item in students.items.values()):
        return [last]
    return sorted({round(i * last / 4) for i in range(5)})


def lost(result) -> dict:
    """Exercise -> the tests that did not pass."""
    found = {e.id: [(t.name, t.outcome, t.message) for t in e.tests if t.outcome != "passed"] for e in result.exercises}
    return {id: tests for id, tests in found.items() if tests}


@pytest.mark.timeout(600)
def test_right_answers_earn_everything(grader, students):
    """The solution and every known right answer written otherwise get full marks, and no hidden test is broken."""
    result = grader.grade(students.right_but())
    assert lost(result) == {}
    assert result.score == result.max_score == sum(students.points.values())
    assert result.problems == ()
    for which in some(students, "variants"):
        submission, chosen = students.answering("variants", which)
        result = grader.grade(submission)
        assert lost(result) == {}, {id: answer.id for id, answer in chosen.items()}
        assert result.score == result.max_score


@pytest.mark.timeout(3000 if EVERY else 600)
def test_every_known_mistake_is_named_and_loses_points(grader, students):
    """One notebook after the other with a mistake in every exercise."""
    for which in some(students, "misconceptions"):
        submission, chosen = students.answering("misconceptions", which)
        result = grader.grade(submission)
        assert {e.id: e.misconception for e in result.exercises} == {id: each.id for id, each in chosen.items()}
        assert [e.id for e in result.exercises if e.score == e.max_score] == []


def test_an_untouched_notebook_earns_nothing(grader, students):
    """Stubs are not attempted, whatever the exercise."""
    result = grader.grade(students.submission({}))
    assert result.score == 0
    assert {e.verdict for e in result.exercises} == {"not_attempted"}
    assert result.problems == ()
