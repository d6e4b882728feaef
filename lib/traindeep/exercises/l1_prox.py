"""The L1 penalty, and the step that makes weights exactly zero."""

import numpy as np

SIGNATURES = {"l1_penalty": "w, lam -> value, subgrad", "soft_threshold": "w, t -> u"}
FORBIDDEN = ("softshrink",)
HINTS = (
    "The slope of |w| is 1 on the right and -1 on the left of 0. For soft_threshold draw u over w: which part of the axis "
    "goes to 0, and where do the others end up?",
    "NumPy has a function that gives 1, -1 and 0 for positive, negative and zero entries: with it, both functions need no "
    "case by case. In soft_threshold, |w| - t is what is left of a weight, unless it is negative.",
    "np.sign(w) is the slope of |w|, lam multiplies the value and the slope alike, and the value is one sum. For the "
    "threshold: np.maximum(np.abs(w) - t, 0) is the new size, np.sign(w) the direction.",
)

W = np.array([[3.0, 0.0, -1.0], [-0.5, 2.0, 0.25]])


def _value(student, w, lam):
    return {"value": student.l1_penalty(w.copy(), lam)[0]}


def _subgradient(student, w, lam):
    return {"subgrad": student.l1_penalty(w.copy(), lam)[1]}


def test_value(student, compare):
    """The sizes 3, 0, 1, 0.5, 2 and 0.25 add up to 6.75; lam = 2 makes 13.5 of it."""
    compare(_value, W, 2.0)


def test_subgradient(student, compare):
    """With lam = 2 the subgradient is 2 for positive weights, -2 for negative ones and 0 at 0."""
    compare(_subgradient, W, 2.0)


def test_penalty_of_whole_numbers(student, compare):
    """Whole numbers work, and w is left as it was."""
    compare("l1_penalty", np.array([2, -3, 0]), 0.5)
    compare("l1_penalty", np.array([2.0, -3.0, 0.0]), 0.5)


def test_soft_threshold(student, compare):
    """t = 1 moves 3 to 2, -2 to -1, and everything from -1 to 1 to exactly 0."""
    compare("soft_threshold", np.array([3.0, -2.0, 0.5, -0.5, 1.0, -1.0, 0.0]), 1.0)


def test_zero_threshold(student, compare):
    """t = 0 changes nothing."""
    compare("soft_threshold", W, 0.0)


def test_exact_zeros(student):
    """What is nearer to 0 than t becomes 0, not something small; the signs of the others stay."""
    w = np.linspace(-2, 2, 17)
    u = student.soft_threshold(w.copy(), 0.6)
    near = np.abs(w) < 0.6
    assert np.all(u[near] == 0), "weights nearer to 0 than t should be exactly 0"
    assert np.all(np.sign(u[~near]) == np.sign(w[~near])), "the other weights should keep their sign"


def test_bad_input(student, compare):
    """A negative lam or t is a ValueError that names the argument."""
    compare.refuses("l1_penalty", W, -0.1, naming=("lam",))
    compare.refuses("soft_threshold", W, -0.1, naming=("t",))
