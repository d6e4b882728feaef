"""Believable wrong answers to bn_forward_train. Each docstring is what a good tutor would say."""

import numpy as np


def _answer(x, gamma, beta, eps, mu, var, xhat, y):
    return y, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}


def unbiased_variance(x, gamma, beta, eps=1e-5):
    """Your variance divides by N - 1. While it normalizes, batch normalization divides by N (Ioffe & Szegedy, Algorithm 1)."""
    mu, var = x.mean(axis=0), x.var(axis=0, ddof=1)
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def eps_outside_root(x, gamma, beta, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / (np.sqrt(var) + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def divided_by_variance(x, gamma, beta, eps=1e-5):
    """You divide by the variance. Dividing by its square root is what gives every feature the same unit."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / (var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def over_features(x, gamma, beta, eps=1e-5):
    """You average over the features of each row. That is layer normalization; batch normalization averages over the rows."""
    mu, var = x.mean(axis=1), x.var(axis=1)
    xhat = (x - mu[:, None]) / np.sqrt(var[:, None] + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def global_statistics(x, gamma, beta, eps=1e-5):
    """You use one mean and one variance for the whole array. Every feature needs its own."""
    mu, var = x.mean(), x.var()
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def shift_before_scale(x, gamma, beta, eps=1e-5):
    """You shift first and scale afterwards, so beta is multiplied by gamma. Scale first, then shift."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * (xhat + beta))


def no_eps(x, gamma, beta, eps=1e-5):
    """You leave eps out. A feature that is constant in the batch has variance 0, and 0 / 0 is nan."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    with np.errstate(all="ignore"):
        xhat = (x - mu) / np.sqrt(var)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def no_scale_and_shift(x, gamma, beta, eps=1e-5):
    """You return the normalized features. gamma and beta are still to be applied, or the layer could not undo itself."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, xhat)


def in_place(x, gamma, beta, eps=1e-5):
    """You write into the caller's x. Whoever uses x afterwards gets the centred batch instead."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    if x.dtype.kind == "f":
        x -= mu.astype(x.dtype)
    else:
        x = x - mu
    xhat = x / np.sqrt(var + eps)
    return _answer(x + mu, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def missing_parentheses(x, gamma, beta, eps=1e-5):
    """You divide only mu: without parentheses x - mu / s is x - (mu / s). Subtract first, then divide."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = x - mu / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def squared_mean(x, gamma, beta, eps=1e-5):
    """You average the deviations and square the average, which is always 0. Square every deviation, then average."""
    mu, var = x.mean(axis=0), np.zeros(x.shape[1])
    with np.errstate(all="ignore"):
        xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def eps_beside_the_fraction(x, gamma, beta, eps=1e-5):
    """You add eps after the division, where it only shifts xhat. It belongs to the variance, inside the square root."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    with np.errstate(all="ignore"):
        xhat = (x - mu) / np.sqrt(var) + eps
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def eps_fixed(x, gamma, beta, eps=1e-5):
    """You add 1e-5 whatever eps is. It is an argument, and 1e-5 only its default."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)


def scale_and_shift_exchanged(x, gamma, beta, eps=1e-5):
    """gamma and beta have changed places: gamma scales, beta shifts."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var, xhat, beta * xhat + gamma)


def cache_left_out(x, gamma, beta, eps=1e-5):
    """You return y alone. Two things are asked for: y and the cache, as in `return y, cache`."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


def y_cached_as_xhat(x, gamma, beta, eps=1e-5):
    """Your cache holds y under "xhat". The backward pass needs the normalized features before gamma and beta."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    y = gamma * (x - mu) / np.sqrt(var + eps) + beta
    return _answer(x, gamma, beta, eps, mu, var, y, y)


def eps_in_the_cached_variance(x, gamma, beta, eps=1e-5):
    """The variance in your cache contains eps. eps is in the cache by itself, and adding it twice would be wrong."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, var + eps, xhat, gamma * xhat + beta)


def deviation_in_the_cache(x, gamma, beta, eps=1e-5):
    """Your cache holds the standard deviation under "var". The variance is its square."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return _answer(x, gamma, beta, eps, mu, np.sqrt(var), xhat, gamma * xhat + beta)


def whole_numbers_kept(x, gamma, beta, eps=1e-5):
    """For a batch of whole numbers your result is cut to whole numbers. An array made like x, as by np.zeros_like(x), takes over its dtype."""
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = ((x - mu) / np.sqrt(var + eps)).astype(x.dtype)
    return _answer(x, gamma, beta, eps, mu, var, xhat, gamma * xhat + beta)
