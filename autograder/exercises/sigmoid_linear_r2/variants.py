"""Right answers to sigmoid_linear_r2, written in other ways."""

import numpy as np


def _checked(z):
    z = np.asarray(z, dtype=np.float64)
    if z.size < 3 or z.max() == z.min():
        raise ValueError("z: at least three points are needed, and they must differ")
    return z


def correlation(z):
    """The squared correlation, with the usual formula of the sigmoid."""
    z = _checked(z)
    with np.errstate(over="ignore"):
        s = 1 / (1 + np.exp(-z))
    return np.corrcoef(s, z)[1, 0] ** 2


def least_squares(z):
    """lstsq with a column of ones, and what is left over."""
    z = _checked(z)
    s = np.where(z < 0, np.exp(np.minimum(z, 0)), 1) / (1 + np.exp(-np.abs(z)))
    columns = np.stack([z, np.ones_like(z)], axis=1)
    errors = s - columns @ np.linalg.lstsq(columns, s, rcond=None)[0]
    return float(1 - np.sum(errors**2) / np.sum((s - np.mean(s)) ** 2))


def polynomial(z):
    """polyfit and polyval."""
    z = _checked(z)
    s = np.exp(-np.logaddexp(0, -z))
    errors = s - np.polyval(np.polyfit(z, s, deg=1), z)
    return 1 - errors.var() / s.var()


def the_other_way_round(z):
    """The line of z on the sigmoids: the same R^2."""
    z = _checked(z)
    s = 1 / (1 + np.exp(-np.clip(z, -700, 700)))
    slope, intercept = np.polyfit(s, z, 1)
    return np.float64(1 - ((z - intercept - slope * s) ** 2).sum() / ((z - z.mean()) ** 2).sum())


def explained_variance(z):
    """Covariance squared over both variances."""
    z = _checked(z)
    s = (1 + np.tanh(z / 2)) / 2
    (a, c), (_, b) = np.cov(z, s)
    return c**2 / (a * b)


def in_single_precision(z):
    """float32 stays float32."""
    z = np.asarray(z)
    z = z if z.dtype == np.float32 else z.astype(float)
    if len(z) < 3:
        raise ValueError("z has fewer than 3 entries")
    if (z == z[0]).all():
        raise ValueError("z is constant")
    s = 0.5 + 0.5 * np.tanh(0.5 * z)
    a, b = z - z.mean(), s - s.mean()
    return (a * b).sum() ** 2 / ((a * a).sum() * (b * b).sum())
