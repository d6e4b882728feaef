"""Hidden tests of calibration_error. Only the part "edges" has confidences on the edge of a bin."""

import numpy as np

from autograder.exercise import part

PARTS = {"value": 3, "table": 1, "edges": 1}


def _rows(rng, n, classes, n_bins, empty=()):
    """Probabilities whose largest one keeps clear of the edges of the bins and of the other classes."""
    room = [k for k in range(n_bins) if (k + 0.1) / n_bins > 1.6 / (classes + 0.6) and k not in empty]
    top = (rng.choice(room, size=n) + rng.uniform(0.15, 0.85, size=n)) / n_bins
    rest = rng.uniform(0.9, 1.1, size=(n, classes - 1))
    rest *= (1 - top[:, None]) / rest.sum(axis=1, keepdims=True)
    rows = np.concatenate([top[:, None], rest], axis=1)
    return rng.permuted(rows, axis=1)


def _labels(rng, probs, right):
    """Labels that the model gets right for this share of the rows."""
    n, classes = probs.shape
    wrong = rng.permutation(n) < round((1 - right) * n)
    return (probs.argmax(axis=1) + np.where(wrong, rng.integers(1, classes, size=n), 0)) % classes


def _ece(student, probs, y, n_bins):
    return {"ece": student.calibration_error(probs, y, n_bins)[0]}


def _table(student, probs, y, n_bins):
    table = student.calibration_error(probs, y, n_bins)[1]
    return {name: table[name] for name in ("conf", "acc", "count")}


# ---- value ---------------------------------------------------------------------------------------------


@part("value")
def test_random_rows(compare, rng):
    """Models that are right more or less often than they say, with few bins and with many."""
    for n, classes, n_bins, right in ((40, 3, 7, 0.5), (60, 5, 10, 0.9), (33, 4, 15, 0.3), (20, 20, 3, 0.6)):
        probs = _rows(rng, n, classes, n_bins)
        compare(_ece, probs, _labels(rng, probs, right), n_bins)


@part("value")
def test_one_confidence(compare, rng):
    """A model that is always equally sure misses by the difference of that and its accuracy."""
    top, n = 0.66, 25
    probs = np.full((n, 3), (1 - top) / 2)
    probs[np.arange(n), rng.integers(3, size=n)] = top
    y = probs.argmax(axis=1)
    y[:3] = (y[:3] + 1) % 3
    order = rng.permutation(n)
    compare(_ece, probs[order], y[order], 10)


@part("value", supporting=True)
def test_calibrated(compare, rng):
    """A model that is as often right as it says has the error 0."""
    probs = np.repeat([[0.75, 0.25], [0.375, 0.625]], 8, axis=0)
    y = np.repeat([0, 1, 1, 0], [6, 2, 5, 3])
    order = rng.permutation(16)
    compare(_ece, probs[order], y[order], 10)


@part("value")
def test_errors_on_both_sides(compare, rng):
    """A model that is too sure where it is very sure, and not sure enough elsewhere, is not calibrated."""
    probs = np.repeat([[0.75, 0.0, 0.25], [0.0625, 0.875, 0.0625]], 8, axis=0)
    y = np.repeat([0, 1, 2], [8, 5, 3])
    order = rng.permutation(16)
    compare(_ece, probs[order], y[order], int(rng.integers(9, 12)))


@part("value")
def test_order_and_other_numbers(compare, rng):
    """The order of the rows is of no account; float32 does as well; the default is ten bins."""
    probs = _rows(rng, 30, 4, 10)
    y = _labels(rng, probs, 0.6)
    order = rng.permutation(30)
    compare(_ece, probs[order], y[order], 10)
    compare(_ece, probs.astype(np.float32), y.astype(np.int32), 10)
    compare("calibration_error", probs, y)


@part("value", supporting=True)
def test_bad_input(compare, rng):
    """Labels that are no classes and fewer than one bin are refused."""
    probs = _rows(rng, 6, 4, 5)
    y = _labels(rng, probs, 0.5)
    for wrong in (4, -1, 100):
        compare.refuses("calibration_error", probs, np.append(y[:-1], wrong), 5, naming=("y",))
    for wrong in (0, -2):
        compare.refuses("calibration_error", probs, y, wrong, naming=("n_bins",))


# ---- table ---------------------------------------------------------------------------------------------


@part("table")
def test_table(compare, rng):
    """Mean confidence, accuracy and number of rows of every bin; nan and 0 for the empty ones."""
    for n, classes, n_bins, right in ((50, 3, 8, 0.7), (30, 6, 10, 0.4)):
        probs = _rows(rng, n, classes, n_bins, empty=(n_bins - 2,))
        compare(_table, probs, _labels(rng, probs, right), n_bins)


@part("table")
def test_one_bin(compare, rng):
    """With one bin the table has one row, of all."""
    probs = _rows(rng, 12, 3, 5)
    compare(_table, probs, _labels(rng, probs, 0.6), 1)


# ---- edges ---------------------------------------------------------------------------------------------


@part("edges")
def test_upper_edge(compare, rng):
    """A confidence on an edge is in the bin below it, and 1 in the last bin."""
    probs = np.array([[0.5, 0.25, 0.25], [0.0, 0.25, 0.75], [0.625, 0.25, 0.125], [0.125, 0.0, 0.875], [0.0, 1.0, 0.0]])
    probs = probs[[0, 0, 1, 1, 1, 2, 2, 3, 4]]
    y = np.array([0, 0, 2, 2, 2, 0, 2, 2, 2])
    order = rng.permutation(9)
    compare(_ece, probs[order], y[order], 4)


@part("edges")
def test_certain_rows(compare, rng):
    """A confidence of 1 is in the last bin."""
    probs = np.concatenate([np.eye(3), _rows(rng, 9, 3, 10)])
    y = _labels(rng, probs, 0.5)
    compare(_ece, probs, np.concatenate([[0, 1, 0], y[3:]]), 10)
    compare(_ece, np.eye(4, dtype=int), np.array([0, 2, 2, 3]), 5)
