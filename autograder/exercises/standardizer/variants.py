"""Right answers to fit_standardizer and apply_standardizer, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(X, ddof):
    if len(X) <= ddof:
        raise ValueError("ddof: too few rows")


@replaces("fit_standardizer")
def two_passes(X, ddof=0):
    """Sums written out; constant features are found by their range."""
    _check(X, ddof)
    mean = np.sum(X, axis=0) / len(X)
    std = np.sqrt(np.sum((X - mean) ** 2, axis=0) / (len(X) - ddof))
    std[np.ptp(X, axis=0) == 0] = 1
    return {"mean": mean, "std": std}


@replaces("fit_standardizer")
def column_by_column(X, ddof=0):
    """One feature at a time, more keys than asked for."""
    _check(X, ddof)
    columns = [np.asarray(column, dtype=float) for column in X.T]
    std = [np.sqrt(np.var(column) * len(X) / (len(X) - ddof)) or 1.0 for column in columns]
    return {"mean": np.array([column.mean() for column in columns]), "std": np.array(std), "rows": len(X)}


@replaces("fit_standardizer")
def covariance_diagonal(X, ddof=0):
    """The variances are the diagonal of the covariance matrix."""
    _check(X, ddof)
    var = (
        np.diag(np.atleast_2d(np.cov(np.asarray(X, dtype=float), rowvar=False, ddof=0))).copy()
        * len(X)
        / (len(X) - ddof)
    )
    if len(X) == 1:
        var = np.zeros(X.shape[1])
    return {"mean": np.average(X, axis=0), "std": np.where(var > 0, np.sqrt(var), 1)}


@replaces("fit_standardizer")
def narrow(X, ddof=0):
    """float32 stays float32."""
    _check(X, ddof)
    std = np.std(X, axis=0, ddof=ddof)
    return dict(mean=np.mean(X, axis=0), std=std + (std == 0))


@replaces("apply_standardizer")
def einsum(X, st):
    """A product with 1 / std."""
    if np.shape(X)[1] != len(st["mean"]):
        raise ValueError("X: wrong number of features")
    return np.einsum("nd,d->nd", X - st["mean"], 1 / st["std"])


@replaces("apply_standardizer")
def straight_line(X, st):
    """Slope and intercept of every feature."""
    if st["mean"].shape != X.shape[1:]:
        raise ValueError("st was fitted to other features")
    return X / st["std"] - st["mean"] / st["std"]


@replaces("apply_standardizer")
def in_place_on_a_copy(X, st):
    """-= and /= on a float copy, row by row."""
    if len(st["std"]) != X.shape[1]:
        raise ValueError("st: another number of features")
    Z = np.array(X, dtype=float)
    for row in Z:
        row -= st["mean"]
        row /= st["std"]
    return Z
