"""Believable wrong answers to ln_forward. Each docstring is what a good tutor would say."""

import numpy as np


def _checked(x, gamma, beta):
    for name, vector in (("gamma", gamma), ("beta", beta)):
        if np.shape(vector) != x.shape[-1:]:
            raise ValueError(f"{name} has the wrong shape")


def _xhat(x, axes, eps, ddof=0):
    with np.errstate(all="ignore"):
        mean, var = x.mean(axis=axes, keepdims=True), np.var(x, axis=axes, ddof=ddof, keepdims=True)
        return (x - mean) / np.sqrt(var + eps)


def batch_norm(x, gamma, beta, eps=1e-5):
    """You average each feature over the rows. That is batch norm; layer norm averages the features of each row."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, tuple(range(x.ndim - 1)), eps) + beta


def whole_sequence(x, gamma, beta, eps=1e-5):
    """You average over everything but the batch axis, so time steps leak into each other. Every position has its own mean: only the last axis counts."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, tuple(range(1, x.ndim)) or 0, eps) + beta


def axis_one(x, gamma, beta, eps=1e-5):
    """You average over axis 1. That is the last axis of (N, D), but the time axis of (N, T, D)."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, min(1, x.ndim - 1), eps) + beta


def whole_array(x, gamma, beta, eps=1e-5):
    """You use one mean and one variance for the whole array. Every row needs its own, or rows influence each other."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, None, eps) + beta


def unbiased_variance(x, gamma, beta, eps=1e-5):
    """Your variance divides by D - 1. Layer norm divides by D, as the whole family does."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, -1, eps, ddof=1) + beta


def eps_outside_root(x, gamma, beta, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    _checked(x, gamma, beta)
    mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / (np.sqrt(var) + eps) + beta


def eps_fixed(x, gamma, beta, eps=1e-5):
    """You add 1e-5 whatever eps is. It is an argument, and 1e-5 only its default."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, -1, 1e-5) + beta


def no_eps(x, gamma, beta, eps=1e-5):
    """You leave eps out. A row of equal values has variance 0, and 0 / 0 is nan."""
    _checked(x, gamma, beta)
    return gamma * _xhat(x, -1, 0.0) + beta


def divided_by_variance(x, gamma, beta, eps=1e-5):
    """You divide by the variance. Its square root has the unit of x."""
    _checked(x, gamma, beta)
    mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / (var + eps) + beta


def gamma_per_row(x, gamma, beta, eps=1e-5):
    """Your gamma and beta belong to rows. There are as many of them as features: the statistics are per row, the parameters per feature."""
    _checked(x, gamma, beta)
    return np.reshape(gamma, (-1, 1)) * _xhat(x, -1, eps) + np.reshape(beta, (-1, 1))


def running_averages(x, gamma, beta, eps=1e-5):
    """You blend the statistics with stored ones, here 0 and 1. Layer norm stores nothing: a row has its own mean and variance in training and in testing."""
    _checked(x, gamma, beta)
    mean, var = 0.1 * x.mean(axis=-1, keepdims=True), 0.9 + 0.1 * x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def rms_norm(x, gamma, beta, eps=1e-5):
    """You do not subtract the mean. Dividing by the root mean square alone is RMSNorm, a cousin that keeps the place of a row."""
    _checked(x, gamma, beta)
    return gamma * x / np.sqrt((x * 1.0 * x).mean(axis=-1, keepdims=True) + eps) + beta


def length_one(x, gamma, beta, eps=1e-5):
    """You divide by the length of the centred row. The deviation is that length divided by the root of D, so your rows are too short."""
    _checked(x, gamma, beta)
    centred = x - x.mean(axis=-1, keepdims=True)
    return gamma * centred / np.sqrt((centred**2).sum(axis=-1, keepdims=True) + eps) + beta


def shift_before_scale(x, gamma, beta, eps=1e-5):
    """You shift first and scale afterwards, so beta is multiplied by gamma. Scale first, then shift."""
    _checked(x, gamma, beta)
    return gamma * (_xhat(x, -1, eps) + beta)


def scale_and_shift_exchanged(x, gamma, beta, eps=1e-5):
    """gamma and beta have changed places: gamma scales, beta shifts."""
    _checked(x, gamma, beta)
    return beta * _xhat(x, -1, eps) + gamma


def no_scale_and_shift(x, gamma, beta, eps=1e-5):
    """You return the normalized rows. gamma and beta are still to be applied."""
    _checked(x, gamma, beta)
    return _xhat(x, -1, eps)


def one_row_refused(x, gamma, beta, eps=1e-5):
    """You refuse a single row, as batch norm must. Layer norm needs no company: the values of one row are averaged."""
    _checked(x, gamma, beta)
    if len(x) < 2:
        raise ValueError("x must have two rows")
    return gamma * _xhat(x, -1, eps) + beta


def in_place(x, gamma, beta, eps=1e-5):
    """You write into the caller's x. Whoever uses x afterwards gets the centred array instead."""
    _checked(x, gamma, beta)
    var = x.var(axis=-1, keepdims=True)
    if x.dtype.kind == "f":
        x -= x.mean(axis=-1, keepdims=True)
    else:
        x = x - x.mean(axis=-1, keepdims=True)
    return gamma * x / np.sqrt(var + eps) + beta


def whole_numbers_kept(x, gamma, beta, eps=1e-5):
    """For whole numbers your result is cut to whole numbers. An array made like x, as by np.zeros_like(x), takes over its dtype."""
    _checked(x, gamma, beta)
    return (gamma * _xhat(x, -1, eps) + beta).astype(x.dtype)
