"""Right answers to bn_undo_params and drop_bias, written in other ways."""

import numpy as np

from autograder.exercise import replaces


@replaces("bn_undo_params")
def hypotenuse(mu, var, eps):
    """The root of a sum of squares is a hypotenuse."""
    if min(var) < 0 or eps < 0:
        raise ValueError("var and eps must not be negative")
    return np.hypot(np.sqrt(var), np.sqrt(eps)), np.array(mu) * 1.0


@replaces("bn_undo_params")
def two_points(mu, var, eps):
    """Read off from two points: where xhat is 0, and where it is 1."""
    mu, var = np.asarray(mu, dtype=float), np.asarray(var, dtype=float)
    if (var < 0).any():
        raise ValueError("var: no variance is negative")
    if not eps >= 0:
        raise ValueError("eps: must be at least 0")
    one = mu + (var + eps) ** 0.5
    return [one - mu, mu + 0]


@replaces("bn_undo_params")
def number_by_number(mu, var, eps):
    """One feature at a time."""
    if eps < 0:
        raise ValueError(f"eps is {eps}")
    if any(v < 0 for v in var):
        raise ValueError(f"var is {var}")
    return np.array([(float(v) + eps) ** 0.5 for v in var]), np.array([float(m) for m in mu])


@replaces("drop_bias")
def minus_and_plus(b, run_mean):
    """-(b - run_mean)."""
    return -(np.array(b, dtype=float) - run_mean)


@replaces("drop_bias")
def plain_difference(b, run_mean):
    """The difference as NumPy makes it: of whole numbers, a whole number."""
    return np.subtract(run_mean, b)


@replaces("drop_bias")
def on_a_copy(b, run_mean):
    """In place, on a copy."""
    new = np.array(run_mean, dtype=np.float64)
    new -= b
    return new
