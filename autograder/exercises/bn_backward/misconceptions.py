"""Believable wrong answers to bn_backward. Each docstring is what a good tutor would say."""

import numpy as np


def _parts(dy, cache):
    """dgamma, dbeta, xhat, gamma / sqrt(var + eps) and N."""
    xhat = cache["xhat"]
    scale = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
    return (dy * xhat).sum(axis=0), dy.sum(axis=0), xhat, scale, len(dy)


def _right(dy, cache):
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - xhat * dgamma / n), dgamma, dbeta


def statistics_as_constants(dy, cache):
    """You treat mu and var as constants. Both are computed from x, so two more paths lead from x to y."""
    dgamma, dbeta, _, scale, _ = _parts(dy, cache)
    return scale * dy, dgamma, dbeta


def mean_path_only(dy, cache):
    """The path through mu is there, the one through var is missing: moving one x also changes the scale of all rows."""
    dgamma, dbeta, _, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n), dgamma, dbeta


def variance_path_only(dy, cache):
    """The path through var is there, the one through mu is missing. Do the rows of your dx add up to 0?"""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - xhat * dgamma / n), dgamma, dbeta


def no_direct_path(dy, cache):
    """You have the paths through mu and var, but x also reaches y directly, without them."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return -scale * (dbeta / n + xhat * dgamma / n), dgamma, dbeta


def gamma_forgotten(dy, cache):
    """gamma is missing in dx. y = gamma * xhat + beta, so on its way to xhat the gradient passes gamma."""
    dgamma, dbeta, xhat, _, n = _parts(dy, cache)
    return (dy - dbeta / n - xhat * dgamma / n) / np.sqrt(cache["var"] + cache["eps"]), dgamma, dbeta


def batch_size_not_divided(dy, cache):
    """Your dx is N times too large: the form N * dy - sum - xhat * sum needs a 1 / N in front."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (n * dy - dbeta - xhat * dgamma), dgamma, dbeta


def sums_for_means(dy, cache):
    """You subtract sums over the batch where its means belong: every x has only the share 1 / N in mu and in var."""
    dgamma, dbeta, xhat, scale, _ = _parts(dy, cache)
    return scale * (dy - dbeta - xhat * dgamma), dgamma, dbeta


def variance_path_sign(dy, cache):
    """The path through var has the wrong sign. A larger deviation makes xhat smaller: the derivative of 1 / s is negative."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n + xhat * dgamma / n), dgamma, dbeta


def variance_path_over_n_minus_1(dy, cache):
    """The path through var divides by N - 1. The forward pass uses the biased variance, so its derivative has 1 / N."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - xhat * dgamma / (n - 1)), dgamma, dbeta


def x_for_xhat_in_dx(dy, cache):
    """The path through var uses x where the normalized xhat belongs: compare what the last step of the derivation holds."""
    dgamma, dbeta, _, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - cache["x"] * dgamma / n), dgamma, dbeta


def dgamma_with_x(dy, cache):
    """dgamma multiplies dy by x. gamma multiplies xhat in the forward pass, so its gradient contains xhat."""
    dx, _, dbeta = _right(dy, cache)
    return dx, (dy * cache["x"]).sum(axis=0), dbeta


def means_over_features(dy, cache):
    """The means in your dx run over the features of a row. mu and var belong to one feature: average over the rows."""
    dgamma, dbeta, xhat, scale, _ = _parts(dy, cache)
    along = (dy * xhat).mean(axis=1, keepdims=True)
    return scale * (dy - dy.mean(axis=1, keepdims=True) - xhat * along), dgamma, dbeta


def parameters_per_row(dy, cache):
    """dgamma and dbeta are summed over the features of a row. There is one gamma for each feature, used by all rows."""
    return _right(dy, cache)[0], (dy * cache["xhat"]).sum(axis=1), dy.sum(axis=1)


def parameters_averaged(dy, cache):
    """dgamma and dbeta are averages over the rows. Every row adds its share of the loss, so they are sums."""
    dx, dgamma, dbeta = _right(dy, cache)
    return dx, dgamma / len(dy), dbeta / len(dy)


def kept_axes(dy, cache):
    """dgamma and dbeta have shape (1, D). A gradient has the shape of its parameter, and gamma has shape (D,)."""
    dx, dgamma, dbeta = _right(dy, cache)
    return dx, dgamma[None, :], dbeta[None, :]


def swapped_results(dy, cache):
    """dgamma and dbeta are exchanged: the order is dx, dgamma, dbeta."""
    dx, dgamma, dbeta = _right(dy, cache)
    return dx, dbeta, dgamma


def no_eps(dy, cache):
    """eps is missing in dx. The forward pass divided by sqrt(var + eps), and the cached var is without eps."""
    dgamma, dbeta, xhat, _, n = _parts(dy, cache)
    return cache["gamma"] / np.sqrt(cache["var"]) * (dy - dbeta / n - xhat * dgamma / n), dgamma, dbeta


def divided_by_variance(dy, cache):
    """dx divides by the variance. The forward pass divided by its square root, and so does the gradient."""
    dgamma, dbeta, xhat, _, n = _parts(dy, cache)
    return cache["gamma"] / (cache["var"] + cache["eps"]) * (dy - dbeta / n - xhat * dgamma / n), dgamma, dbeta


def in_place(dy, cache):
    """You write into the caller's dy. Whoever uses dy afterwards gets something else."""
    results = _right(dy, cache)
    if dy.dtype.kind == "f":
        dy *= cache["gamma"].astype(dy.dtype)
    return results


def means_over_everything(dy, cache):
    """The means in your dx run over the whole array. mu and var belong to one feature: average over the rows, feature by feature."""
    dgamma, dbeta, xhat, scale, _ = _parts(dy, cache)
    return scale * (dy - dy.mean() - xhat * (dy * xhat).mean()), dgamma, dbeta


def mean_path_without_n(dy, cache):
    """The path through mu is N times too large: every x has only the share 1 / N in mu."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta - xhat * dgamma / n), dgamma, dbeta


def variance_path_without_n(dy, cache):
    """The path through var is N times too large: every x has only the share 1 / N in var."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - xhat * dgamma), dgamma, dbeta


def variance_path_doubled(dy, cache):
    """The path through var counts twice. The square brings a factor 2, and the root in 1 / sqrt(var + eps) a factor 1/2."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - 2 * xhat * dgamma / n), dgamma, dbeta


def variance_path_halved(dy, cache):
    """The path through var counts only half. The root in 1 / sqrt(var + eps) brings a factor 1/2, and the square a factor 2."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - xhat * dgamma / n / 2), dgamma, dbeta


def variance_path_power(dy, cache):
    """The path through var has the wrong power of var + eps: the derivative of its power -1/2 has the power -3/2."""
    dgamma, dbeta, xhat, scale, n = _parts(dy, cache)
    return scale * (dy - dbeta / n - xhat * dgamma / n * (cache["var"] + cache["eps"])), dgamma, dbeta


def gamma_in_dgamma(dy, cache):
    """dgamma contains gamma. y = gamma * xhat + beta is linear in gamma, so its derivative is xhat alone."""
    dx, dgamma, dbeta = _right(dy, cache)
    return dx, cache["gamma"] * dgamma, dbeta


def dx_last(dy, cache):
    """Your results come in another order: dx is first, then dgamma, then dbeta."""
    dx, dgamma, dbeta = _right(dy, cache)
    return dgamma, dbeta, dx


def cache_overwritten(dy, cache):
    """You write into the cache (-= and *= do). Whoever asks for the gradient a second time gets another one."""
    results = _right(dy, cache)
    cache["x"] -= cache["mu"]
    return results
