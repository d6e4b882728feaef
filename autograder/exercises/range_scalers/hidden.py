"""Hidden tests of minmax_scale and mean_normalize."""

import numpy as np

from autograder.exercise import part

PARTS = {"minmax": 2, "mean": 1, "constant": 1}
SCALE, PLACE = np.array([1.0, 0.2, 5.0, 2.0]), np.array([0.5, 3.0, -50.0, 1.0])


def _rows(rng, n=6):
    """Skewed rows (mean and middle differ) of four features that differ in scale and place."""
    return rng.exponential(size=(n, 4)) * SCALE + PLACE


# Whoever writes into X pays for it in the first test of each function, so the others hand out copies.
def _minmax(student, X, **limits):
    return {"Y": student.minmax_scale(X.copy(), **limits)}


def _mean(student, X):
    return {"Y": student.mean_normalize(X.copy())}


def _constants(student, X, **limits):
    """Only the constant columns 1 and 3, as they come out of both functions."""
    scaled, normalized = student.minmax_scale(X.copy(), **limits), student.mean_normalize(X.copy())
    return {"minmax": np.asarray(scaled)[:, [1, 3]], "mean": np.asarray(normalized)[:, [1, 3]]}


@part("minmax")
def test_minmax(compare, rng):
    """minmax_scale maps every feature to [0, 1] unless told otherwise, and leaves X as it was."""
    compare("minmax_scale", _rows(rng))


@part("minmax")
def test_other_limits(compare, rng):
    """lo and hi are the new minimum and maximum, given by name or by place."""
    compare(_minmax, _rows(rng), lo=-1.0, hi=1.0)
    compare(_minmax, _rows(rng), lo=2, hi=7)
    compare(_minmax, _rows(rng), hi=-2.0, lo=-2.5)
    compare("minmax_scale", _rows(rng), -3.0, 5.0)


@part("minmax")
def test_minmax_other_numbers(compare, rng):
    """Whole numbers, float32 and every second row are scaled as any others, also with as many rows as features."""
    compare(_minmax, rng.integers(-9, 9, size=(5, 3)) * 7, lo=-1.0, hi=1.0)
    compare(_minmax, _rows(rng).astype(np.float32), lo=-1.0, hi=1.0)
    compare(_minmax, _rows(rng, n=10)[::2], lo=0.0, hi=2.0)
    compare(_minmax, _rows(rng, n=4))


@part("minmax")
def test_minmax_forgets_the_units(student, rng):
    """In other units and with another zero, the features are scaled to the same values; a negative factor turns them round."""
    X, a, b = _rows(rng), np.array([3.0, 20.0, 0.1, 1.0]), np.array([5.0, 0.0, -2.0, 40.0])
    Y = np.asarray(student.minmax_scale(X.copy(), lo=2.0, hi=5.0))
    assert np.allclose(Y.min(axis=0), 2) and np.allclose(Y.max(axis=0), 5), "minima are not lo, or maxima not hi"  # noqa: PT018
    again = np.asarray(student.minmax_scale(a * X + b, lo=2.0, hi=5.0))
    assert np.allclose(again, Y, atol=1e-7), "in other units the features are scaled to other values"
    mirrored = np.asarray(student.minmax_scale(-a * X + b, lo=2.0, hi=5.0))
    assert np.allclose(mirrored, 7 - Y, atol=1e-7), "features turned round are not scaled to lo + hi - Y"


@part("minmax", supporting=True)
def test_bad_limits(compare, rng):
    """A hi that is equal to lo or smaller is refused."""
    for lo, hi in ((1.0, 1.0), (0.5, -0.5), (2.0, 1.0)):
        compare.refuses("minmax_scale", _rows(rng), lo=lo, hi=hi, naming=("lo", "hi"))


@part("mean")
def test_mean_normalize(compare, rng):
    """mean_normalize subtracts the mean of each feature and divides by its range; X is as it was."""
    compare("mean_normalize", _rows(rng))


@part("mean")
def test_mean_normalize_other_numbers(compare, rng):
    """Whole numbers, float32 and as many rows as features are normalized as any others."""
    compare(_mean, rng.integers(-9, 9, size=(5, 3)) * 7)
    compare(_mean, _rows(rng).astype(np.float32))
    compare(_mean, _rows(rng, n=4))


@part("mean")
def test_mean_normalize_laws(student, rng):
    """Every feature has mean 0 and range 1 afterwards, in any units, and lies strictly between -1 and 1."""
    X = _rows(rng, n=9)
    Y = np.asarray(student.mean_normalize(X.copy()))
    assert np.allclose(Y.mean(axis=0), 0, atol=1e-7), "the mean of each feature is not 0"
    assert np.allclose(np.ptp(Y, axis=0), 1, atol=1e-7), "the range of each feature is not 1"
    again = np.asarray(student.mean_normalize(X[::-1] * 30 - 7))
    assert np.allclose(again, Y[::-1], atol=1e-7), "other units or another order of the rows change the values"


@part("constant")
def test_constant_columns(compare, rng):
    """A constant feature becomes lo, and 0 in mean_normalize."""
    X = _rows(rng)
    X[:, 1], X[:, 3] = 7.0, 0.0
    compare(_constants, X, lo=2.0, hi=3.0)
    compare(_constants, X, lo=-1.0, hi=1.0)
    compare(_constants, X.astype(int), lo=-1.0, hi=1.0)


@part("constant")
def test_one_row(compare, rng):
    """In a single row every feature is constant."""
    compare(_constants, _rows(rng, n=1), lo=-3.0, hi=1.0)
