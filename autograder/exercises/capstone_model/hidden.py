"""Hidden tests of train_capstone: one exam of two trainings, on data of the course's secret, for all tests together.

Each training has 500 images of its own and another numbering of the classes; 600 new images are asked for each, and their
labels stay on this side. What a test then asks of the predictions is in traindeep/exercises/capstone_model.py: facts in
words, so that a mistake is recognised by its pattern whatever the accuracy is. How sure the bounds on accuracy and
calibration are for right models: docs/capstone.md.
"""

import functools

from traindeep.exercises.capstone_model import (
    GOOD,
    ONE_BY_ONE,
    PROBABILITIES,
    REFUSED,
    at_least,
    calibrated,
    exam,
    refusals,
    symptoms,
)
from traindeep.student import once

from autograder.exercise import Answering, part

PARTS = {
    "accuracy of 0.80": 4,
    "accuracy of 0.85": 2,
    "accuracy of 0.88": 2,
    "probabilities": 1,
    "one image at a time": 1,
}
TRAININGS, IMAGES = 2, 600


def _papers(student, seed):
    if isinstance(student, Answering):
        return _known(student.train_capstone, seed)
    return once(student, "exam", lambda: exam(student, seed, TRAININGS, IMAGES))


@functools.lru_cache(maxsize=128)
def _known(train_capstone, seed):
    """The exam of an answer that we know: each test asks for those of all mistakes."""
    return exam(Answering({"train_capstone": train_capstone}), seed, TRAININGS, IMAGES)


def _exam_seed(student, rng) -> int:
    """The seed of the test that came first, for all tests: known answers then train once, too."""
    return once(student, "seed", lambda: int(rng.integers(2**62)))


def _calibration(student, seed):
    return calibrated(_papers(student, seed))


def _one_by_one(student, seed):
    return symptoms(_papers(student, seed))


def _refusals(student, seed):
    return refusals(_papers(student, seed))


@part("accuracy of 0.80")
def test_accuracy_80(student, rng):
    """The mean accuracy of two trainings, each on 500 images with a tenth of wrong labels, is 0.80 or more."""
    at_least(_papers(student, _exam_seed(student, rng)), 0.8)


@part("accuracy of 0.85")
def test_accuracy_85(student, rng):
    """The mean accuracy of the two trainings is 0.85 or more."""
    at_least(_papers(student, _exam_seed(student, rng)), 0.85)


@part("accuracy of 0.88")
def test_accuracy_88(student, rng):
    """The mean accuracy of the two trainings is 0.88 or more."""
    at_least(_papers(student, _exam_seed(student, rng)), 0.88)


@part("probabilities")
def test_probabilities(student, compare, rng):
    """Better than guessing, predict gives probabilities, and its confidence is not farther than 0.30 from its accuracy."""
    compare.expect(GOOD | PROBABILITIES, _calibration, _exam_seed(student, rng))


@part("one image at a time")
def test_one_by_one(student, compare, rng):
    """Better than guessing, a prediction depends neither on the other images of the batch nor on chance."""
    compare.expect(GOOD | ONE_BY_ONE, _one_by_one, _exam_seed(student, rng))


@part("one image at a time", supporting=True)
def test_channels(student, compare, rng):
    """Images that do not have three channels are refused, in training and in predict."""
    compare.expect(REFUSED, _refusals, _exam_seed(student, rng))
