"""Right answers to l1_penalty and soft_threshold, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(name, value):
    if value < 0:
        raise ValueError(f"{name} is negative")


@replaces("l1_penalty")
def by_cases(w, lam):
    """np.where twice; the value as the product of weights and signs."""
    _check("lam", lam)
    sign = np.where(w > 0, 1.0, np.where(w < 0, -1.0, 0.0))
    return lam * np.vdot(sign, w), lam * sign


@replaces("l1_penalty")
def norm_of_all(w, lam):
    """np.linalg.norm with ord=1 of the flat array; comparisons as signs; a list."""
    _check("lam", lam)
    flat = np.asarray(w, dtype=float).ravel()
    return [lam * np.linalg.norm(flat, ord=1), lam * (1.0 * (w > 0) - (w < 0))]


@replaces("l1_penalty")
def one_by_one(w, lam):
    """A loop over the entries."""
    _check("lam", lam)
    value, subgrad = 0.0, np.zeros(w.shape)
    for index, x in np.ndenumerate(w):
        value += abs(float(x))
        subgrad[index] = lam * ((x > 0) - float(x < 0))
    return lam * value, subgrad


@replaces("soft_threshold")
def where(w, t):
    """Three cases."""
    _check("t", t)
    return np.where(w > t, w - t, np.where(w < -t, w + t, 0.0))


@replaces("soft_threshold")
def two_halves(w, t):
    """What is above t, plus what is below -t."""
    _check("t", t)
    return np.maximum(w - t, 0) + np.minimum(w + t, 0)


@replaces("soft_threshold")
def without_the_clipped_part(w, t):
    """w minus its part between -t and t."""
    _check("t", t)
    return w - np.clip(w, -t, t)


@replaces("soft_threshold")
def shrinking_factor(w, t):
    """A factor between 0 and 1 for each weight."""
    _check("t", t)
    size = np.abs(np.asarray(w, dtype=float))
    with np.errstate(all="ignore"):
        return w * np.where(size > t, 1 - t / size, 0.0)
