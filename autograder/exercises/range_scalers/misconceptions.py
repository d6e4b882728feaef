"""Believable wrong answers to minmax_scale and mean_normalize. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _width(X):
    width = X.max(axis=0) - X.min(axis=0)
    return np.where(width > 0, width, 1)


def _minmax(X, lo, hi):
    return lo + (X - X.min(axis=0)) / _width(X) * (hi - lo)


@replaces("minmax_scale")
def mean_subtracted(X, lo=0.0, hi=1.0):
    """Your minmax_scale subtracts the mean. That is mean normalization: its minimum is somewhere below lo."""
    return lo + (X - X.mean(axis=0)) / _width(X) * (hi - lo)


@replaces("minmax_scale")
def one_range_for_all(X, lo=0.0, hi=1.0):
    """Your minmax_scale takes the minimum and maximum of the whole table. The widest feature then squeezes all others."""
    width = X.max() - X.min()
    return lo + (X - X.min()) / (width if width > 0 else 1) * (hi - lo)


@replaces("minmax_scale")
def divided_by_maximum(X, lo=0.0, hi=1.0):
    """Your minmax_scale divides by the maximum. That works only for features whose minimum is 0."""
    top = X.max(axis=0)
    return lo + X / np.where(top == 0, 1, top) * (hi - lo)


@replaces("minmax_scale")
def range_of_maximum(X, lo=0.0, hi=1.0):
    """Your minmax_scale subtracts the minimum but divides by the maximum. The distance from minimum to maximum is what must become 1."""
    top = X.max(axis=0)
    return lo + (X - X.min(axis=0)) / np.where(top == 0, 1, top) * (hi - lo)


@replaces("minmax_scale")
def constant_to_zero(X, lo=0.0, hi=1.0):
    """Your minmax_scale turns a constant feature into 0, also where lo is another number. 0 may lie outside [lo, hi]."""
    return np.where(np.ptp(X, axis=0) > 0, _minmax(X, lo, hi), 0.0)


@replaces("minmax_scale")
def limits_ignored(X, lo=0.0, hi=1.0):
    """Your minmax_scale always scales to [0, 1]. lo and hi are arguments."""
    if hi <= lo:
        raise ValueError("hi must be larger than lo")
    return (X - X.min(axis=0)) / _width(X)


@replaces("minmax_scale")
def stretched_by_hi(X, lo=0.0, hi=1.0):
    """Your minmax_scale stretches by hi and then adds lo, so the maximum becomes lo + hi. How wide is the interval from lo to hi?"""
    if hi <= lo:
        raise ValueError("hi must be larger than lo")
    return lo + (X - X.min(axis=0)) / _width(X) * hi


@replaces("minmax_scale")
def not_shifted(X, lo=0.0, hi=1.0):
    """Your minmax_scale stretches to the right width, but starts at 0 instead of at lo."""
    if hi <= lo:
        raise ValueError("hi must be larger than lo")
    return (X - X.min(axis=0)) / _width(X) * (hi - lo)


@replaces("minmax_scale")
def cut_off(X, lo=0.0, hi=1.0):
    """Your minmax_scale cuts values off at lo and hi. Scaling moves all values; cutting makes different ones equal."""
    return np.clip(np.asarray(X, dtype=float), lo, hi)


@replaces("minmax_scale")
def by_row(X, lo=0.0, hi=1.0):
    """Your minmax_scale takes minimum and maximum of each row. A row is a sample; the columns are the features."""
    return _minmax(X.T, lo, hi).T


@replaces("minmax_scale")
def constant_to_the_middle(X, lo=0.0, hi=1.0):
    """Your minmax_scale puts a constant feature in the middle of [lo, hi]. Here it becomes lo."""
    return np.where(np.ptp(X, axis=0) > 0, _minmax(X, lo, hi), (lo + hi) / 2)


@replaces("minmax_scale")
def constant_is_nan(X, lo=0.0, hi=1.0):
    """Your minmax_scale divides by a range of 0 where a feature is constant, and 0 / 0 is nan."""
    with np.errstate(all="ignore"):
        return lo + (X - X.min(axis=0)) / (1.0 * X.max(axis=0) - X.min(axis=0)) * (hi - lo)


@replaces("minmax_scale")
def minmax_in_place(X, lo=0.0, hi=1.0):
    """Your minmax_scale writes into the caller's X."""
    Y = _minmax(X, lo, hi)
    if X.dtype.kind == "f":
        X[:] = Y
        return X
    return Y


@replaces("mean_normalize")
def minimum_subtracted(X):
    """Your mean_normalize subtracts the minimum. That is min-max scaling: its mean is not 0."""
    return (X - X.min(axis=0)) / _width(X)


@replaces("mean_normalize")
def middle_subtracted(X):
    """Your mean_normalize subtracts the middle between minimum and maximum. The mean lies elsewhere when the values are not spread evenly."""
    return (X - (1.0 * X.min(axis=0) + X.max(axis=0)) / 2) / _width(X)


@replaces("mean_normalize")
def median_subtracted(X):
    """Your mean_normalize subtracts the median. The mean lies elsewhere when the values are not spread evenly."""
    return (X - np.median(X, axis=0)) / _width(X)


@replaces("mean_normalize")
def divided_by_deviation(X):
    """Your mean_normalize divides by the standard deviation. That is standardizing; here the range, maximum minus minimum, becomes 1."""
    std = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(std > 0, std, 1)


@replaces("mean_normalize")
def divided_by_largest(X):
    """Your mean_normalize divides by the largest distance from the mean. The range is the distance from minimum to maximum."""
    centred = X - X.mean(axis=0)
    largest = np.abs(centred).max(axis=0)
    return centred / np.where(largest > 0, largest, 1)


@replaces("mean_normalize")
def one_mean_for_all(X):
    """Your mean_normalize takes one mean and one range of the whole table. Every feature has its own."""
    width = X.max() - X.min()
    return (X - X.mean()) / (width if width > 0 else 1)


@replaces("mean_normalize")
def mean_only(X):
    """Your mean_normalize only subtracts the mean. The features still differ in width."""
    return X - X.mean(axis=0)


@replaces("mean_normalize")
def missing_parentheses(X):
    """Your mean_normalize divides only the mean: X - mean / range is X - (mean / range)."""
    return X - X.mean(axis=0) / _width(X)


@replaces("mean_normalize")
def mean_of_a_constant_is_nan(X):
    """Your mean_normalize divides by a range of 0 where a feature is constant, and 0 / 0 is nan."""
    with np.errstate(all="ignore"):
        return (X - X.mean(axis=0)) / (1.0 * X.max(axis=0) - X.min(axis=0))


@replaces("mean_normalize")
def mean_in_place(X):
    """Your mean_normalize writes into the caller's X."""
    Y = (X - X.mean(axis=0)) / _width(X)
    if X.dtype.kind == "f":
        X[:] = Y
        return X
    return Y
