"""Scaling features to a range."""

import numpy as np

SIGNATURES = {"minmax_scale": "X, lo, hi -> Y", "mean_normalize": "X -> Y"}
HINTS = (
    "Both functions need the smallest and the largest value of every column, and use their difference. They differ in "
    "what is subtracted: where should the smallest value end up in each?",
    "Write minmax_scale in two steps: first to [0, 1], then stretch by hi - lo and shift by lo. For a column that never "
    "changes, the range is 0: divide by something harmless there.",
    "X.min(axis=0), X.max(axis=0) and X.mean(axis=0) have shape (D,) and broadcast against (N, D). "
    "np.where(width > 0, width, 1) is a divisor that never is 0.",
)

X = np.array([[1.0, -10.0], [2.0, 30.0], [5.0, 10.0], [4.0, 10.0]])  # ranges 4 and 40, means 3 and 10


def _accepted(student, X, lo, hi):
    # The default first: an answer that raises for every input is not one that refuses bad limits.
    student.minmax_scale(X)
    return student.minmax_scale(X, lo=lo, hi=hi)


def test_zero_to_one(student, compare):
    """The column 1, 2, 5, 4 becomes 0, 0.25, 1, 0.75."""
    compare("minmax_scale", X)


def test_other_limits(student, compare):
    """With lo = -1 and hi = 1 the column 1, 2, 5, 4 becomes -1, -0.5, 1, 0.5."""
    compare(_accepted, X, lo=-1.0, hi=1.0)


def test_mean_normalize(student, compare):
    """The column 1, 2, 5, 4 has mean 3 and range 4: it becomes -0.5, -0.25, 0.5, 0.25."""
    compare("mean_normalize", X)


def test_constant_column(student, compare):
    """A column that is always 7 becomes lo, and 0 when the mean is subtracted."""
    x = np.array([[1.0, 7.0], [2.0, 7.0], [6.0, 7.0]])
    compare("minmax_scale", x, lo=2.0, hi=3.0)
    compare("mean_normalize", x)


def test_limits(student, rng):
    """Every column of minmax_scale reaches from 0 to 1, every column of mean_normalize has mean 0 and range 1."""
    x = rng.normal(size=(7, 3)) * np.array([1.0, 20.0, 0.3]) + np.array([0.0, -70.0, 4.0])
    y = np.asarray(student.minmax_scale(x.copy()))
    assert np.allclose(y.min(axis=0), 0), "the minimum of each column of minmax_scale is not 0"
    assert np.allclose(y.max(axis=0), 1), "the maximum of each column of minmax_scale is not 1"
    z = np.asarray(student.mean_normalize(x.copy()))
    assert np.allclose(z.mean(axis=0), 0, atol=1e-8), "the mean of each column of mean_normalize is not 0"
    assert np.allclose(np.ptp(z, axis=0), 1), "the range of each column of mean_normalize is not 1"


def test_bad_limits(student, compare):
    """A hi that is not larger than lo is a ValueError that names one of the two."""
    compare.refuses("minmax_scale", X, lo=1.0, hi=1.0, naming=("lo", "hi"))
    compare.refuses("minmax_scale", X, lo=1.0, hi=-1.0, naming=("lo", "hi"))
