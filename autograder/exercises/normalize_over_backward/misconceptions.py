"""Believable wrong answers to normalize_over_backward. Each docstring is what a good tutor would say."""

import math

import numpy as np


def _parts(dxhat, xhat, var, axes, eps):
    """The two means over the set and 1 / sqrt(var + eps)."""
    if np.shape(dxhat) != np.shape(xhat):
        raise ValueError("dxhat has another shape than xhat")
    axes = tuple(axes)
    along = (dxhat * xhat).mean(axis=axes, keepdims=True)
    return dxhat.mean(axis=axes, keepdims=True), along, 1 / np.sqrt(var + eps)


def _count(x, axes):
    return math.prod(x.shape[axis] for axis in axes)


def statistics_as_constants(dxhat, xhat, var, axes, eps=1e-5):
    """You treat mean and var as constants. Both are computed from x, so two more paths lead from x to xhat."""
    return dxhat * _parts(dxhat, xhat, var, axes, eps)[2]


def mean_path_only(dxhat, xhat, var, axes, eps=1e-5):
    """The path through the mean is there, the one through var is missing: moving one x also changes the scale of its whole set."""
    mean, _, s = _parts(dxhat, xhat, var, axes, eps)
    return s * (dxhat - mean)


def variance_path_only(dxhat, xhat, var, axes, eps=1e-5):
    """The path through var is there, the one through the mean is missing. Does your dx add up to 0 in every set?"""
    _, along, s = _parts(dxhat, xhat, var, axes, eps)
    return s * (dxhat - xhat * along)


def no_direct_path(dxhat, xhat, var, axes, eps=1e-5):
    """You have the paths through mean and var, but x also reaches xhat directly, without them."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return -s * (mean + xhat * along)


def first_axis_only(dxhat, xhat, var, axes, eps=1e-5):
    """Your means run over the first of the given axes only. All of them together make one set."""
    return _over(dxhat, xhat, var, axes, eps, axes[:1])


def always_the_rows(dxhat, xhat, var, axes, eps=1e-5):
    """Your means run over axis 0 whatever axes are given. That is right for batch norm of (N, D) only."""
    return _over(dxhat, xhat, var, axes, eps, (0,))


def always_all_but_channels(dxhat, xhat, var, axes, eps=1e-5):
    """Your means run over all axes but axis 1, whatever axes are given. That is right for batch norm only."""
    return _over(dxhat, xhat, var, axes, eps, tuple(axis for axis in range(dxhat.ndim) if axis != 1))


def always_the_last_axis(dxhat, xhat, var, axes, eps=1e-5):
    """Your means run over the last axis whatever axes are given. That is right for layer norm of (N, D) only."""
    return _over(dxhat, xhat, var, axes, eps, (-1,))


def whole_array(dxhat, xhat, var, axes, eps=1e-5):
    """Your means run over the whole array. Every set has its own: average over the given axes only."""
    return _over(dxhat, xhat, var, axes, eps, tuple(range(dxhat.ndim)))


def _over(dxhat, xhat, var, axes, eps, others):
    _parts(dxhat, xhat, var, axes, eps)
    mean, along, s = _parts(dxhat, xhat, var, others, eps)
    return s * (dxhat - mean - xhat * along)


def sums_for_means(dxhat, xhat, var, axes, eps=1e-5):
    """You subtract sums over the set where its means belong: every x has only the share 1 / n in mean and var."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    n = _count(xhat, axes)
    return s * (dxhat - n * mean - xhat * n * along)


def not_divided_by_n(dxhat, xhat, var, axes, eps=1e-5):
    """Your dx is n times too large: the form n * dxhat - sum - xhat * sum needs a 1 / n in front, with n the number of values of a set."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return _count(xhat, axes) * s * (dxhat - mean - xhat * along)


def divided_by_the_batch_size(dxhat, xhat, var, axes, eps=1e-5):
    """Your sums are divided by the length of axis 0. What counts is how many values a set has: the product of the lengths of the averaged axes."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    share = _count(xhat, axes) / len(xhat)
    return s * (dxhat - share * mean - xhat * share * along)


def variance_path_over_n_minus_1(dxhat, xhat, var, axes, eps=1e-5):
    """The path through var divides by n - 1. The forward pass uses the biased variance, so its derivative has 1 / n."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    n = _count(xhat, axes)
    return s * (dxhat - mean - xhat * along * n / (n - 1))


def variance_path_sign(dxhat, xhat, var, axes, eps=1e-5):
    """The path through var has the wrong sign. A larger deviation makes xhat smaller: the derivative of 1 / s is negative."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return s * (dxhat - mean + xhat * along)


def variance_path_doubled(dxhat, xhat, var, axes, eps=1e-5):
    """The path through var counts twice. The square brings a factor 2, and the root in 1 / sqrt(var + eps) a factor 1/2."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return s * (dxhat - mean - 2 * xhat * along)


def centred_for_normalized(dxhat, xhat, var, axes, eps=1e-5):
    """The path through var uses x minus its mean where the normalized xhat belongs: compare the last term of the bracket."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return s * (dxhat - mean - xhat / s * along / s)


def mean_without_xhat(dxhat, xhat, var, axes, eps=1e-5):
    """Your last term is xhat times the mean of dxhat. What belongs there is the mean of the products dxhat * xhat."""
    mean, _, s = _parts(dxhat, xhat, var, axes, eps)
    return s * (dxhat - mean - xhat * mean)


def no_root(dxhat, xhat, var, axes, eps=1e-5):
    """You divide by var + eps. The forward pass divides by its square root, and so does the gradient."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return s**2 * (dxhat - mean - xhat * along)


def no_eps(dxhat, xhat, var, axes, eps=1e-5):
    """eps is missing. The forward pass divided by sqrt(var + eps), and the given var is without eps."""
    mean, along, _ = _parts(dxhat, xhat, var, axes, eps)
    return (dxhat - mean - xhat * along) / np.sqrt(var)


def eps_outside_root(dxhat, xhat, var, axes, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    mean, along, _ = _parts(dxhat, xhat, var, axes, eps)
    return (dxhat - mean - xhat * along) / (np.sqrt(var) + eps)


def forward_again(dxhat, xhat, var, axes, eps=1e-5):
    """You normalize dxhat with its own mean. That is a forward pass of the gradient; the backward pass also has to remove what lies along xhat."""
    _parts(dxhat, xhat, var, axes, eps)
    mean, spread = dxhat.mean(axis=tuple(axes), keepdims=True), dxhat.var(axis=tuple(axes), keepdims=True)
    return (dxhat - mean) / np.sqrt(spread + eps)


def in_place(dxhat, xhat, var, axes, eps=1e-5):
    """You write into the caller's dxhat. Whoever uses it afterwards gets something else."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    if dxhat.dtype.kind == "f":
        dxhat -= mean
    else:
        dxhat = dxhat - mean
    return s * (dxhat - xhat * along)


def whole_numbers_kept(dxhat, xhat, var, axes, eps=1e-5):
    """For a dxhat of whole numbers your result is cut to whole numbers. An array made like it, as by np.zeros_like, takes over its dtype."""
    mean, along, s = _parts(dxhat, xhat, var, axes, eps)
    return (s * (dxhat - mean - xhat * along)).astype(dxhat.dtype)
