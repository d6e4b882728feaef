"""Softmax, cross-entropy and its gradient, for any score."""

import numpy as np

SIGNATURES = {"softmax": "s -> p", "cross_entropy": "s, t -> loss, ds"}
FORBIDDEN = ("softmax", "cross_entropy", "nll_loss", "logsumexp")
HINTS = (
    "What happens to p if the same number is added to all scores of a row? Choose that number so that exp never sees "
    "anything positive. And what is log p, if you take the logarithm of the fraction on paper before you program it?",
    "log p = s - log(sum of exp(s)), row by row, and it can be computed from the shifted scores without ever dividing. The "
    "loss picks or weighs these numbers. For labels, build rows that are 1 at the label and 0 elsewhere; then both kinds of "
    "target take the same path.",
    "s - s.max(axis=1, keepdims=True) shifts every row by its own maximum; np.eye(C)[t] makes rows of labels. The gradient "
    "is (p - t) / N. Look at t before you use it: a label of -1 is a valid index for NumPy.",
)

LN2, LN3 = np.log(2), np.log(3)


# Whoever writes into s is told so by test_scores_are_unchanged, so the others hand out copies.
def _softmax(student, s):
    return {"p": student.softmax(s.copy())}


def _loss(student, s, t):
    result = student.cross_entropy(s.copy(), t.copy())
    return {"loss": result[0] if isinstance(result, (tuple, list)) else result}


def _loss_and_whether_finite(student, s, t):
    found = _loss(student, s, t)
    return {"the loss is a finite number": bool(np.isfinite(found["loss"]))} | found


def _gradient(student, s, t):
    result = student.cross_entropy(s.copy(), t.copy())
    if not isinstance(result, (tuple, list)):
        return {"(loss, ds) is returned": False}
    return {"(loss, ds) is returned": True, "ds": result[1]}


def _of_label_minus_one(student, s, t):
    student.cross_entropy(s.copy(), np.abs(t))  # an answer that raises for every input does not refuse -1
    try:
        student.cross_entropy(s.copy(), t.copy())
    except ValueError:
        return {"a label of -1 is refused": True}
    return {"a label of -1 is refused": False}


def _softmax_itself(student, s):
    return student.softmax(s)


def test_softmax_by_hand(student, compare):
    """Scores 0, log 2 and log 3 become 1/6, 2/6 and 3/6; equal scores become equal probabilities."""
    compare(_softmax, np.array([[0.0, LN2, LN3], [5.0, 5.0, 5.0]]))


def test_large_scores(student, compare):
    """Scores of 1000 and of -1000 are nothing special: only differences within a row count."""
    compare(_softmax, np.array([[1000.0, 1000.0 + LN2], [-1000.0, -1000.0 + LN3]]))


def test_loss_of_labels(student, compare):
    """Two rows whose labels have probability 2/6 and 1/3 have the mean loss log 3."""
    compare(_loss, np.array([[0.0, LN2, LN3], [5.0, 5.0, 5.0]]), np.array([1, 2]))


def test_loss_of_soft_targets(student, compare):
    """A target of half and half takes the mean of the two losses: (log 6 + log 2) / 2 here, for a batch of one."""
    compare(_loss, np.array([[0.0, LN2, LN3]]), np.array([[0.5, 0.0, 0.5]]))


def test_hopeless_row(student, compare):
    """If the true class has a score 1000 below the other one, the loss is 1000, not infinity."""
    compare(_loss_and_whether_finite, np.array([[0.0, -1000.0]]), np.array([1]))
    compare(_loss_and_whether_finite, np.array([[1000.0, 0.0]]), np.array([1]))


def test_gradient(student, compare):
    """The gradient is the difference of probability and target, divided by the number of rows."""
    s = np.array([[0.0, LN2, LN3], [5.0, 5.0, 5.0]])
    compare(_gradient, s, np.array([1, 2]))
    compare(_gradient, s, np.array([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]))


def test_whole_numbers(student, compare):
    """Scores that are whole numbers work as real ones do."""
    compare(_gradient, np.array([[1, 3, 0], [2, 2, -1]]), np.array([0, 2]))


def test_scores_are_unchanged(student, compare):
    """s is the same after the call."""
    compare(_softmax_itself, np.array([[0.0, LN2, LN3], [5.0, 6.0, 5.0]]))


def test_bad_input(student, compare):
    """A label outside 0..C-1, or targets of another shape, is a ValueError that names t."""
    s = np.zeros((2, 3))
    compare(_of_label_minus_one, s, np.array([0, -1]))
    for t in (np.array([0, 3]), np.array([0, -1]), np.array([0, 1, 2]), np.ones((2, 1)), np.ones((2, 4)) / 4):
        compare.refuses("cross_entropy", s, t, naming=("t",))
