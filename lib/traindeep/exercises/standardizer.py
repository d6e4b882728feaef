"""Standardizing features, with the statistics of the training data."""

import numpy as np

SIGNATURES = {"fit_standardizer": "X, ddof -> st", "apply_standardizer": "X, st -> Z"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Two jobs, two functions: fit looks at the training data and remembers, apply looks at new data and only uses what "
    "was remembered. Over which axis of a (N, D) array do you average to be left with D numbers?",
    "Deviations from the mean are squared, added over the rows, divided by N - ddof, and the root is taken. What would "
    "a feature that never changes be divided by? Give it another divisor, and leave every other feature alone.",
    "X.mean(axis=0) and X.std(axis=0, ddof=ddof) are the two statistics; np.where(std == 0, 1.0, std) helps those that "
    "never change. In apply, subtract first and divide afterwards, with parentheses, into a new array.",
)

X = np.array([[1.0, 10.0], [3.0, 40.0], [5.0, 10.0]])  # means 3 and 20; squared deviations add up to 8 and 600


def _constant(student, X, new):
    st = student.fit_standardizer(X)
    return {"std": st["std"], "new rows": student.apply_standardizer(new, st)}


def test_two_features_by_hand(student, compare):
    """Rows 1, 5, 5, 1 have mean 3 and deviation 2; rows 7, 1, 9, 7 have mean 6 and deviation 3."""
    compare("fit_standardizer", np.array([[1.0, 7.0], [5.0, 1.0], [5.0, 9.0], [1.0, 7.0]]))


def test_ddof(student, compare):
    """With ddof=1 the squares 4, 0 and 4 around the mean 3 are divided by 2: the deviation is 2."""
    compare("fit_standardizer", X, ddof=1)


def test_new_rows(student, compare):
    """With mean 3 and deviation 2 a new 7 becomes 2, whatever stands beside it."""
    st = {"mean": np.array([3.0, 6.0]), "std": np.array([2.0, 3.0])}
    compare("apply_standardizer", np.array([[7.0, 0.0], [4.0, 3.0]]), st)
    compare("apply_standardizer", np.array([[7.0, 0.0]]), st)


def test_constant_feature(student, compare):
    """A feature that is always 7 gets std 1: old rows become 0 there, and a new 9 becomes 2."""
    compare(_constant, np.array([[1.0, 7.0], [5.0, 7.0]]), np.array([[5.0, 7.0], [1.0, 9.0]]))


def test_training_rows_afterwards(student, rng):
    """After standardizing, the training rows have mean 0 and deviation 1 in every feature."""
    rows = rng.normal(size=(6, 3)) * np.array([1.0, 20.0, 0.3]) + np.array([0.0, -7.0, 4.0])
    Z = np.asarray(student.apply_standardizer(rows.copy(), student.fit_standardizer(rows.copy())))
    assert np.allclose(Z.mean(axis=0), 0, atol=1e-8), "the mean of each feature is not 0"
    assert np.allclose(Z.std(axis=0), 1, atol=1e-8), "the deviation of each feature is not 1"


def test_bad_input(student, compare):
    """No row more than ddof, or other features than in training: a ValueError that names the argument."""
    compare.refuses("fit_standardizer", X[:1], ddof=1, naming=("X", "ddof"))
    st = {"mean": np.array([3.0, 6.0]), "std": np.array([2.0, 3.0])}
    compare.refuses("apply_standardizer", np.ones((4, 3)), st, naming=("X", "st"))
