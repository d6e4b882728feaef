"""How far confidence and accuracy are apart."""

import numpy as np

SIGNATURES = {"calibration_error": "probs, y, n_bins -> ece, table"}
HINTS = (
    "A model that says 0.8 a hundred times should be right eighty times. So put rows with about the same confidence "
    "together, and compare two averages in each group. Which of the probabilities of a row is its confidence?",
    "For each bin: how many rows, their mean confidence, the share that is right. An empty bin has no averages, and "
    "weighs nothing. Weigh the absolute differences by the share of the rows in the bin.",
    "np.digitize(conf, edges, right=True) with the inner edges np.arange(1, B) / B gives the numbers 0..B-1 of the bins, "
    "and a value on an edge goes to the bin below. Then loop over the bins with a boolean array, and skip the empty ones.",
)


def _ece(student, probs, y, n_bins):
    return {"ece": student.calibration_error(probs, y, n_bins)[0]}


def _table(student, probs, y, n_bins):
    table = student.calibration_error(probs, y, n_bins)[1]
    return {name: table[name] for name in ("conf", "acc", "count")}


PROBS = np.array(
    [
        [0.90, 0.06, 0.04],
        [0.15, 0.80, 0.05],
        [0.05, 0.10, 0.85],
        [0.45, 0.35, 0.20],
        [0.25, 0.44, 0.31],
        [0.30, 0.10, 0.60],
    ]
)
Y = np.array([0, 1, 1, 2, 1, 2])
TWO = np.array([[0.88, 0.12], [0.11, 0.89], [0.87, 0.13], [0.40, 0.60]])
ON_EDGES = np.array([[0.5, 0.25, 0.25], [0.25, 0.0, 0.75], [0.0, 1.0, 0.0], [0.375, 0.625, 0.0], [0.1, 0.1, 0.8]])


def test_six_rows_by_hand(student, compare):
    """Six rows in three bins, of which the first is empty."""
    compare(_table, PROBS, Y, 3)
    compare(_ece, PROBS, Y, 3)


def test_too_sure(student, compare):
    """Four rows that are right half of the time: the gap of each bin counts by its share of the rows."""
    compare(_ece, TWO, np.array([0, 0, 1, 1]), 5)


def test_errors_do_not_cancel(student, compare):
    """Too sure in one bin and not sure enough in another is no calibration."""
    compare(_ece, PROBS[[0, 1, 3, 4]], np.array([1, 1, 0, 1]), 10)


def test_edges(student, compare):
    """A confidence on the edge of two bins belongs to the lower one; a confidence of 1 is in the last bin."""
    compare(_table, ON_EDGES, np.array([0, 1, 1, 0, 2]), 4)


def test_default_number_of_bins(student, compare):
    """Without n_bins there are ten bins."""
    compare("calibration_error", PROBS[:3], Y[:3])


def test_bad_input(student, compare):
    """A label that is no class, or fewer than one bin, is a ValueError that names the argument."""
    for wrong in (3, -1):
        compare.refuses("calibration_error", PROBS[:2], np.array([0, wrong]), 5, naming=("y",))
    compare.refuses("calibration_error", PROBS, Y, 0, naming=("n_bins",))
