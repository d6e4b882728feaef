"""Believable wrong answers to variance_shift_ratio. Each docstring is what a good tutor would say."""

import numpy as np


def _read(mean, var, p_drop):
    mean, var = np.asarray(mean, dtype=float), np.asarray(var, dtype=float)
    if np.any(var <= 0):
        raise ValueError("var must be positive")
    if not 0 <= p_drop < 1:
        raise ValueError("p_drop must be in [0, 1)")
    return mean, var


def mean_left_out(mean, var, p_drop):
    """You have 1 / (1 - p_drop) for all activations. That is right for mean 0 only: a unit that is always about 3 turns into one that jumps between 0 and more."""
    _, var = _read(mean, var, p_drop)
    return np.ones_like(var) / (1 - p_drop)


def upside_down(mean, var, p_drop):
    """You divide the variance at test time by that in training. The ratio is the other one: 1 or more."""
    mean, var = _read(mean, var, p_drop)
    return var / ((var + mean**2) / (1 - p_drop) - mean**2)


def keeping_probability(mean, var, p_drop):
    """You take p_drop for the probability of keeping. Kept units are divided by 1 - p_drop."""
    mean, var = _read(mean, var, p_drop)
    if p_drop == 0:
        return np.full_like(var, np.inf)
    return ((var + mean**2) / p_drop - mean**2) / var


def deviations(mean, var, p_drop):
    """You treat var as a standard deviation and square it. It is a variance already."""
    mean, var = _read(mean, var, p_drop)
    return ((var**2 + mean**2) / (1 - p_drop) - mean**2) / var**2


def ratio_of_deviations(mean, var, p_drop):
    """You return the ratio of the standard deviations. It is the variances that are compared: no root."""
    mean, var = _read(mean, var, p_drop)
    return np.sqrt(((var + mean**2) / (1 - p_drop) - mean**2) / var)


def not_rescaled(mean, var, p_drop):
    """Your kept units are not divided by 1 - p_drop. Inverted dropout does that in training, and it makes their squares larger."""
    mean, var = _read(mean, var, p_drop)
    keep = 1 - p_drop
    return (keep * (var + mean**2) - (keep * mean) ** 2) / var


def mean_square_not_taken_off(mean, var, p_drop):
    """You divide second moments, E[z^2]. A variance is the second moment minus the squared mean, in training as well."""
    mean, var = _read(mean, var, p_drop)
    return (var + mean**2) / (1 - p_drop) / var


def mean_square_added(mean, var, p_drop):
    """You add the squared mean to the variance where it would have to be divided by 1 - p_drop and then taken off again. Start from E[z^2] - E[z]^2."""
    mean, var = _read(mean, var, p_drop)
    return (var / (1 - p_drop) + mean**2) / var


def mean_of_the_mask_scaled(mean, var, p_drop):
    """You take off the squared mean of units that are not rescaled. Inverted dropout leaves the mean as it is, mu."""
    mean, var = _read(mean, var, p_drop)
    return ((var + mean**2) / (1 - p_drop) - ((1 - p_drop) * mean) ** 2) / var


def mean_not_squared(mean, var, p_drop):
    """You forgot to square the mean. E[x^2] is v + mu^2."""
    mean, var = _read(mean, var, p_drop)
    return ((var + mean) / (1 - p_drop) - mean) / var


def squared_factor(mean, var, p_drop):
    """You divide E[x^2] by (1 - p_drop)^2. The square of the factor is that, but the unit is kept only with probability 1 - p_drop, and one factor cancels."""
    mean, var = _read(mean, var, p_drop)
    return ((var + mean**2) / (1 - p_drop) ** 2 - mean**2) / var


def variance_in_training(mean, var, p_drop):
    """You return the variance in training itself. Divide it by the variance at test time."""
    mean, var = _read(mean, var, p_drop)
    return (var + mean**2) / (1 - p_drop) - mean**2


def everything_dropped(mean, var, p_drop):
    """You accept p_drop = 1. Then nothing is left to be divided by 1 - p_drop = 0: refuse it."""
    if not 0 <= p_drop <= 1:
        raise ValueError("p_drop must be in [0, 1]")
    mean, var = _read(mean, var, 0)
    with np.errstate(all="ignore"):
        return (np.divide(var + mean**2, 1 - p_drop) - mean**2) / var


def zero_variance(mean, var, p_drop):
    """You accept a variance of 0. A constant has no variance at test time to compare with: refuse it."""
    mean, var = np.asarray(mean, dtype=float), np.asarray(var, dtype=float)
    if np.any(var < 0):
        raise ValueError("var must not be negative")
    _read(mean, np.ones(1), p_drop)
    with np.errstate(all="ignore"):
        return ((var + mean**2) / (1 - p_drop) - mean**2) / var
