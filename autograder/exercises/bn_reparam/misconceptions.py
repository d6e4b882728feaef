"""Believable wrong answers to bn_undo_params and drop_bias. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _checked(mu, var, eps):
    if np.any(np.asarray(var) < 0):
        raise ValueError("var is negative")
    if eps < 0:
        raise ValueError("eps is negative")
    return np.array(mu, dtype=float), np.array(var, dtype=float)


@replaces("bn_undo_params")
def deviation_without_eps(mu, var, eps):
    """Your gamma is the deviation without eps. It is 5 % too small for a deviation of 0.01 and 70 % for 0.001 (eps = 1e-5): the layer divides by more than that."""
    mu, var = _checked(mu, var, eps)
    return np.sqrt(var), mu


@replaces("bn_undo_params")
def variance_with_eps(mu, var, eps):
    """Your gamma is the whole expression under the root. The layer divides by its square root."""
    mu, var = _checked(mu, var, eps)
    return var + eps, mu


@replaces("bn_undo_params")
def minus_the_mean(mu, var, eps):
    """Your beta subtracts the mean a second time. The layer has taken it away; it has to come back."""
    mu, var = _checked(mu, var, eps)
    return np.sqrt(var + eps), -mu


@replaces("bn_undo_params")
def divides_again(mu, var, eps):
    """Your gamma divides by the deviation a second time. The layer has divided by it; it has to be multiplied back."""
    mu, var = _checked(mu, var, eps)
    with np.errstate(all="ignore"):
        return 1 / np.sqrt(var + eps), mu


@replaces("bn_undo_params")
def eps_outside_root(mu, var, eps):
    """You add eps to the deviation. The layer has it under the root, beside the variance."""
    mu, var = _checked(mu, var, eps)
    return np.sqrt(var) + eps, mu


@replaces("bn_undo_params")
def eps_fixed(mu, var, eps):
    """Your eps is 1e-5 whatever is given. Libraries differ in it, and it has to be that of the layer."""
    mu, var = _checked(mu, var, eps)
    return np.sqrt(var + 1e-5), mu


@replaces("bn_undo_params")
def parameters_exchanged(mu, var, eps):
    """gamma and beta have changed places: gamma, the scale, comes first."""
    mu, var = _checked(mu, var, eps)
    return mu, np.sqrt(var + eps)


@replaces("bn_undo_params")
def shift_before_scale(mu, var, eps):
    """Your beta is the mean in units of the deviation, as if gamma came after it. Scale first, then shift: beta has the unit of x."""
    mu, var = _checked(mu, var, eps)
    with np.errstate(all="ignore"):
        return np.sqrt(var + eps), mu / np.sqrt(var + eps)


@replaces("bn_undo_params")
def as_at_the_start(mu, var, eps):
    """gamma = 1 and beta = 0 are what the layer starts with: they leave x normalized."""
    mu, _ = _checked(mu, var, eps)
    return np.ones_like(mu), np.zeros_like(mu)


@replaces("bn_undo_params")
def variance_overwritten(mu, var, eps):
    """You write into the caller's var. The layer that it belongs to goes on with other numbers."""
    mu, copied = _checked(mu, var, eps)
    if var.dtype.kind != "f":
        var = copied
    var += eps
    return np.sqrt(var), mu


@replaces("bn_undo_params")
def negative_variance_accepted(mu, var, eps):
    """You accept a negative variance. No variance is one, so somebody has handed in something else: refuse it with a ValueError."""
    mu, _ = _checked(mu, np.abs(var), eps)
    with np.errstate(all="ignore"):
        return np.sqrt(var + eps), mu


@replaces("bn_undo_params")
def negative_eps_accepted(mu, var, eps):
    """You accept a negative eps. It is there to keep the root away from 0, and a negative one does the opposite: refuse it with a ValueError."""
    mu, var = _checked(mu, var, abs(eps))
    with np.errstate(all="ignore"):
        return np.sqrt(var + eps), mu


@replaces("drop_bias")
def bias_added(b, run_mean):
    """You add b to the stored mean. It was measured with b in it: when b goes, the mean gets smaller by b."""
    return np.asarray(run_mean, dtype=float) + b


@replaces("drop_bias")
def mean_as_it_was(b, run_mean):
    """You leave the stored mean as it is. b is in it, and would be subtracted from outputs that no longer have it."""
    return np.array(run_mean, dtype=float)


@replaces("drop_bias")
def sign_exchanged(b, run_mean):
    """You subtract the stored mean from b. It is the other way round: what is left is the mean without b."""
    return np.asarray(b, dtype=float) - run_mean


@replaces("drop_bias")
def only_a_tenth(b, run_mean):
    """You take away a tenth of b, as one step of the running average would. All of b is in the stored mean, however it came about."""
    return np.asarray(run_mean, dtype=float) - 0.1 * np.asarray(b)


@replaces("drop_bias")
def bias_alone(b, run_mean):
    """You store -b, as if the outputs without b had mean 0. They have a mean of their own, and it is in run_mean."""
    return -np.asarray(b, dtype=float)


@replaces("drop_bias")
def nothing_stored(b, run_mean):
    """You set the stored mean to 0. Without b the outputs of the layer still have a mean, which has to be subtracted."""
    return np.zeros(len(run_mean))


@replaces("drop_bias")
def mean_overwritten(b, run_mean):
    """You write into the caller's run_mean. Whoever calls twice takes b away twice."""
    if np.asarray(run_mean).dtype.kind == "f":
        run_mean -= b
        return run_mean
    return run_mean - np.asarray(b, dtype=float)


@replaces("drop_bias")
def whole_numbers_stay(b, run_mean):
    """You store the result in the type of run_mean, and a stored mean of whole numbers loses what comes after the point."""
    return (run_mean - np.asarray(b)).astype(np.asarray(run_mean).dtype)
