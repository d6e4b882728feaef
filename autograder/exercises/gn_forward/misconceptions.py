"""Believable wrong answers to gn_forward. Each docstring is what a good tutor would say."""

import numpy as np


def _checked(x, G):
    if G < 1 or x.shape[1] % G:
        raise ValueError(f"G = {G} does not fit {x.shape[1]} channels")


def _xhat(a, axes, eps, ddof=0):
    with np.errstate(all="ignore"):
        mean, var = a.mean(axis=axes, keepdims=True), np.var(a, axis=axes, ddof=ddof, keepdims=True)
        return (a - mean) / np.sqrt(var + eps)


def _grouped(x, G):
    n, c, h, w = x.shape
    return x.reshape(n, G, c // G, h, w)


def _affine(xhat, gamma, beta):
    return gamma[:, None, None] * xhat + beta[:, None, None]


def interleaved_groups(x, G, gamma, beta, eps=1e-5):
    """Your groups are interleaved: with 6 channels and 2 groups, channel 0 is with 2 and 4. Groups are neighbours: 0 is with 1 and 2."""
    _checked(x, G)
    n, c, h, w = x.shape
    xhat = _xhat(x.reshape(n, c // G, G, h, w), (1, 3, 4), eps).reshape(x.shape)
    return _affine(xhat, gamma, beta)


def group_size(x, G, gamma, beta, eps=1e-5):
    """You take G for the size of a group. It is the number of groups, each with C / G channels."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, x.shape[1] // G), (2, 3, 4), eps).reshape(x.shape), gamma, beta)


def over_the_batch(x, G, gamma, beta, eps=1e-5):
    """Your means run over the images, too. Then the result depends on the batch size again, which group norm was made to avoid."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (0, 2, 3, 4), eps).reshape(x.shape), gamma, beta)


def per_pixel(x, G, gamma, beta, eps=1e-5):
    """Every pixel has its own mean in your answer. H and W belong to the set: all pixels of the group share a mean."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (2,), eps).reshape(x.shape), gamma, beta)


def instance_norm(x, G, gamma, beta, eps=1e-5):
    """Every channel has its own mean in your answer. That is instance norm; the channels of a group share theirs."""
    _checked(x, G)
    return _affine(_xhat(x, (2, 3), eps), gamma, beta)


def layer_norm(x, G, gamma, beta, eps=1e-5):
    """All channels share one mean in your answer, whatever G is. That is layer norm; every group has its own."""
    _checked(x, G)
    return _affine(_xhat(x, (1, 2, 3), eps), gamma, beta)


def over_groups(x, G, gamma, beta, eps=1e-5):
    """You average over the axis of the groups and keep the one inside them. It is the other way round: a group keeps its own mean."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (1, 3, 4), eps).reshape(x.shape), gamma, beta)


def gamma_per_group(x, G, gamma, beta, eps=1e-5):
    """Your gamma and beta belong to groups. There are C of each: statistics are per group, parameters per channel."""
    _checked(x, G)
    xhat, one = _xhat(_grouped(x, G), (2, 3, 4), eps), (slice(0, G), None, None, None)
    return (gamma[one] * xhat + beta[one]).reshape(x.shape)


def gamma_along_the_width(x, G, gamma, beta, eps=1e-5):
    """Your gamma and beta line up with W, the last axis, where they fit by accident. They belong to the channels: give them the shape (C, 1, 1)."""
    _checked(x, G)
    return gamma * _xhat(_grouped(x, G), (2, 3, 4), eps).reshape(x.shape) + beta


def uneven_groups(x, G, gamma, beta, eps=1e-5):
    """You accept a G that does not divide C and make groups of different sizes. Say that it does not fit: nobody meant that."""
    if G < 1:
        raise ValueError("G must be at least 1")
    parts = [_xhat(part, (1, 2, 3), eps) if part.size else part for part in np.array_split(x, G, axis=1)]
    return _affine(np.concatenate(parts, axis=1), gamma, beta)


def channels_left_over(x, G, gamma, beta, eps=1e-5):
    """Where G does not divide C, the last channels are left as they are. Say that G does not fit."""
    if not 1 <= G <= x.shape[1]:
        raise ValueError("G must be at least 1")
    size = x.shape[1] // G
    parts = [_xhat(x[:, g * size : (g + 1) * size], (1, 2, 3), eps) for g in range(G)]
    return _affine(np.concatenate([*parts, x[:, G * size :]], axis=1), gamma, beta)


def negative_groups(x, G, gamma, beta, eps=1e-5):
    """You accept a negative number of groups, because its remainder is 0. C % G alone is not enough of a check."""
    if G == 0 or x.shape[1] % G:
        raise ValueError("G does not fit")
    return _affine(_xhat(_grouped(x, abs(G)), (2, 3, 4), eps).reshape(x.shape), gamma, beta)


def unbiased_variance(x, G, gamma, beta, eps=1e-5):
    """Your variance divides by one less than the number of values. Group norm divides by the number itself, as the whole family does."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (2, 3, 4), eps, ddof=1).reshape(x.shape), gamma, beta)


def eps_outside_root(x, G, gamma, beta, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    _checked(x, G)
    a = _grouped(x, G)
    mean, var = a.mean(axis=(2, 3, 4), keepdims=True), a.var(axis=(2, 3, 4), keepdims=True)
    return _affine(((a - mean) / (np.sqrt(var) + eps)).reshape(x.shape), gamma, beta)


def no_eps(x, G, gamma, beta, eps=1e-5):
    """You leave eps out. A group of equal values has variance 0, and 0 / 0 is nan."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (2, 3, 4), 0.0).reshape(x.shape), gamma, beta)


def eps_fixed(x, G, gamma, beta, eps=1e-5):
    """You add 1e-5 whatever eps is. It is an argument, and 1e-5 only its default."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (2, 3, 4), 1e-5).reshape(x.shape), gamma, beta)


def variances_averaged(x, G, gamma, beta, eps=1e-5):
    """You average the variances of the channels of a group. The spread between their means is missing: take one variance of all values of the group."""
    _checked(x, G)
    a = _grouped(x, G)
    mean = a.mean(axis=(2, 3, 4), keepdims=True)
    var = a.var(axis=(3, 4), keepdims=True).mean(axis=2, keepdims=True)
    with np.errstate(all="ignore"):
        return _affine(((a - mean) / np.sqrt(var + eps)).reshape(x.shape), gamma, beta)


def no_scale_and_shift(x, G, gamma, beta, eps=1e-5):
    """You return the normalized groups. gamma and beta are still to be applied, channel by channel."""
    _checked(x, G)
    return _xhat(_grouped(x, G), (2, 3, 4), eps).reshape(x.shape)


def in_place(x, G, gamma, beta, eps=1e-5):
    """You write into the caller's x: reshape gives a view of the same numbers, and -= changes them."""
    _checked(x, G)
    a = _grouped(x, G)
    var, mean = a.var(axis=(2, 3, 4), keepdims=True), a.mean(axis=(2, 3, 4), keepdims=True)
    if x.dtype.kind == "f":
        a -= mean.astype(x.dtype)
    else:
        a = a - mean
    return _affine((a / np.sqrt(var + eps)).reshape(x.shape), gamma, beta)


def whole_numbers_kept(x, G, gamma, beta, eps=1e-5):
    """For whole numbers your result is cut to whole numbers. An array made like x, as by np.zeros_like(x), takes over its dtype."""
    _checked(x, G)
    return _affine(_xhat(_grouped(x, G), (2, 3, 4), eps).reshape(x.shape), gamma, beta).astype(x.dtype)
