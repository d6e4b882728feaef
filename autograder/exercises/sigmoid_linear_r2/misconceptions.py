"""Believable wrong answers to sigmoid_linear_r2. Each docstring is what a good tutor would say."""

import numpy as np


def _sigmoids(z):
    """z and its sigmoids, and errors where they belong."""
    z = np.asarray(z, dtype=float)
    if len(z) < 3:
        raise ValueError("z is too short")
    if np.ptp(z) == 0:
        raise ValueError("z is constant")
    return z, 0.5 * (1 + np.tanh(z / 2))


def _share(s, errors):
    return 1 - (errors**2).sum() / ((s - s.mean()) ** 2).sum()


def _fit(z, s, degree=1):
    scale = np.abs(z).max()
    return s - np.polyval(np.polyfit(z / scale, s, degree), z / scale)


def correlation_not_squared(z):
    """That is the correlation. R^2, the share of the variance that the line explains, is its square."""
    z, s = _sigmoids(z)
    return np.corrcoef(z, s)[0, 1]


def tangent_at_zero(z):
    """Your line is the tangent at 0, 1/2 + z/4. The best line for these points is flatter: fit it."""
    z, s = _sigmoids(z)
    return _share(s, s - 0.5 - z / 4)


def no_intercept(z):
    """Your line goes through the origin. The sigmoid is 1/2 at 0: the line needs an intercept."""
    z, s = _sigmoids(z)
    return _share(s, s - z * (z @ s) / (z @ z))


def intercept_fixed(z):
    """You fix the intercept at 1/2, the sigmoid of 0. For points that are not symmetric another intercept is better: fit it, too."""
    z, s = _sigmoids(z)
    return _share(s, s - 0.5 - z * (z @ (s - 0.5)) / (z @ z))


def not_around_the_mean(z):
    """You compare the errors with the sum of s^2. R^2 compares them with the spread around the mean of s; otherwise nearly every line looks good."""
    z, s = _sigmoids(z)
    return 1 - (_fit(z, s) ** 2).sum() / (s**2).sum()


def exp_of_z(z):
    """Your sigmoid is exp(z) / (1 + exp(z)), which is inf / inf for a large z. Let the exponent be negative."""
    z, _ = _sigmoids(z)
    with np.errstate(all="ignore"):
        s = np.exp(z) / (1 + np.exp(z))
        return float(np.corrcoef(z, s)[0, 1] ** 2)


def absolute_errors(z):
    """You compare absolute values of the errors. R^2 is about variances, so errors and deviations are squared."""
    z, s = _sigmoids(z)
    return 1 - np.abs(_fit(z, s)).sum() / np.abs(s - s.mean()).sum()


def two_divisors(z):
    """You divide the squared errors by N and the spread by N - 1. Both have the same divisor, which cancels."""
    z, s = _sigmoids(z)
    return 1 - (_fit(z, s) ** 2).mean() / s.var(ddof=1)


def adjusted(z):
    """That is the adjusted R^2, which also corrects for the number of points. Plain R^2 is asked for."""
    z, s = _sigmoids(z)
    n = len(z)
    with np.errstate(all="ignore"):
        return 1 - (1 - _share(s, _fit(z, s))) * (n - 1) / (n - 2)


def unexplained_share(z):
    """That is the share of the variance that the line does not explain. R^2 is the rest."""
    z, s = _sigmoids(z)
    return 1 - _share(s, _fit(z, s))


def parabola(z):
    """You fit a parabola. The question is how well a straight line does."""
    z, s = _sigmoids(z)
    return _share(s, _fit(z, s, degree=2))


def hyperbolic_tangent(z):
    """You fit a line to tanh(z). The sigmoid is tanh(z / 2), shifted and scaled: twice as wide, so it stays straight longer."""
    z, _ = _sigmoids(z)
    return np.corrcoef(z, np.tanh(z))[0, 1] ** 2


def rank_correlation(z):
    """You correlate ranks. The sigmoid keeps the order, so their correlation is always 1 and says nothing about a line."""
    z, s = _sigmoids(z)
    ranks = [np.argsort(np.argsort(a, kind="stable"), kind="stable") for a in (z, s)]
    return np.corrcoef(*ranks)[0, 1] ** 2


def clipped(z):
    """You clip z before you do anything else. The sigmoid may be computed that way, but the line has to answer for the z that were given."""
    z, s = _sigmoids(z)
    return np.corrcoef(np.clip(z, -10, 10), s)[0, 1] ** 2


def written_into_z(z):
    """You write the sigmoids into the caller's z. Whoever uses z afterwards gets other numbers."""
    values, s = _sigmoids(z)
    values = values.copy()
    if z.dtype.kind == "f":
        z[...] = s
    return np.corrcoef(values, s)[0, 1] ** 2


def two_points_accepted(z):
    """You accept two points. A line fits any two points exactly, and R^2 says nothing about the sigmoid then."""
    z = np.asarray(z, dtype=float)
    if np.ptp(z) == 0 and len(z) > 1:
        raise ValueError("z is constant")
    with np.errstate(all="ignore"):
        return np.corrcoef(z, np.tanh(z / 2))[0, 1] ** 2 if len(z) > 1 else 1.0


def constant_accepted(z):
    """You accept a constant z. There is no slope to fit then, and 0 / 0 in the result."""
    z = np.asarray(z, dtype=float)
    if len(z) < 3:
        raise ValueError("z is too short")
    with np.errstate(all="ignore"):
        return np.corrcoef(z, np.tanh(z / 2))[0, 1] ** 2
