"""Believable wrong answers to merge_moments. Each docstring is what a good tutor would say."""

import numpy as np


def _columns(parts):
    if not parts or min(n for n, _, _ in parts) <= 0:
        raise ValueError("parts: every part needs rows")
    sizes, means, variances = zip(*parts, strict=True)
    return np.array(sizes)[:, None], np.array(means), np.array(variances)


def _merged(parts, sizes=None, mean=None, within=None, between=None):
    """The right answer, with one of its terms replaced."""
    n, means, variances = _columns(parts)
    total = int(n.sum())
    mean = (n * means).sum(axis=0) / total if mean is None else mean
    within = (n * variances).sum(axis=0) / total if within is None else within
    between = (n * (means - mean) ** 2).sum(axis=0) / total if between is None else between
    return total if sizes is None else sizes, mean, within + between


def mean_of_means(parts):
    """You average the means of the parts as if all parts were equally large. A part with more rows counts more: weigh by n_k."""
    _, means, _ = _columns(parts)
    return _merged(parts, mean=means.mean(axis=0))


def spread_between_missing(parts):
    """The spread between the parts is missing. If every part were constant, at another value each, you would find a variance of 0."""
    return _merged(parts, between=0.0)


def mean_of_variances(parts):
    """Your variance is the plain average of the variances. Parts with more rows count more, and the spread between the parts is missing."""
    _, _, variances = _columns(parts)
    return _merged(parts, within=variances.mean(axis=0), between=0.0)


def within_not_weighted(parts):
    """The spread inside the parts is a plain average. A part with more rows counts more there, too."""
    _, _, variances = _columns(parts)
    return _merged(parts, within=variances.mean(axis=0))


def between_not_weighted(parts):
    """The spread between the parts is a plain average over parts. A part with more rows counts more there, too."""
    n, means, _ = _columns(parts)
    mean = (n * means).sum(axis=0) / n.sum()
    return _merged(parts, between=((means - mean) ** 2).mean(axis=0))


def variance_of_means(parts):
    """Your spread between the parts is the plain variance of their means, around their plain average. Both need the weights n_k."""
    _, means, _ = _columns(parts)
    return _merged(parts, between=means.var(axis=0))


def deviations_averaged(parts):
    """You average standard deviations and square the result. Squares add up, their roots do not."""
    n, _, variances = _columns(parts)
    return _merged(parts, within=((n * np.sqrt(variances)).sum(axis=0) / n.sum()) ** 2)


def only_deviations_averaged(parts):
    """You average standard deviations. Squares add up, their roots do not; and the spread between the parts is missing."""
    n, _, variances = _columns(parts)
    return _merged(parts, within=((n * np.sqrt(variances)).sum(axis=0) / n.sum()) ** 2, between=0.0)


def degrees_of_freedom(parts):
    """Your weights are n_k - 1. The variances here are divided by n_k, so n_k is what gives the sum of squares back."""
    n, means, variances = _columns(parts)
    weights = n - 1
    total = weights.sum()
    with np.errstate(all="ignore"):
        mean = (n * means).sum(axis=0) / n.sum()
        return _merged(parts, within=(weights * variances).sum(axis=0) / total,
                       between=(weights * (means - mean) ** 2).sum(axis=0) / total)  # fmt: skip


def divided_by_n_minus_1(parts):
    """You divide by n - 1 at the end. The variance is to be that of all rows divided by their number n."""
    n, mean, var = _merged(parts)
    with np.errstate(all="ignore"):
        return n, mean, var * n / (np.float64(n) - 1)


def distance_not_squared(parts):
    """You add the distance between the means without squaring it. A variance has squared units."""
    n, means, _ = _columns(parts)
    mean = (n * means).sum(axis=0) / n.sum()
    return _merged(parts, between=(n * np.abs(means - mean)).sum(axis=0) / n.sum())


def new_mean_too_early(parts):
    """You merge part by part, and use the new mean where the old one belongs. Keep the old mean until the variance is done."""
    _columns(parts)
    n, mean, var = parts[0][0], np.array(parts[0][1], dtype=float), np.array(parts[0][2], dtype=float)
    for n_k, mean_k, var_k in parts[1:]:
        total = n + n_k
        mean = mean + n_k / total * (mean_k - mean)
        var = (n * var + n_k * var_k + n * n_k / total * (mean_k - mean) ** 2) / total
        n = total
    return n, mean, var


def half_the_spread(parts):
    """You merge part by part, and add n_k (mean_k - mean)^2 for the new part only. The old rows, too, are further from the new mean."""
    _columns(parts)
    n, mean, var = parts[0][0], np.array(parts[0][1], dtype=float), np.array(parts[0][2], dtype=float)
    for n_k, mean_k, var_k in parts[1:]:
        total = n + n_k
        new = mean + n_k / total * (mean_k - mean)
        var = (n * var + n_k * var_k + n_k * (mean_k - new) ** 2) / total
        n, mean = total, new
    return n, mean, var


def squares_minus_square(parts):
    """You subtract the squared mean from the mean square. Near 1e6 both are about 1e12, and the small difference between them has lost its digits."""
    n, means, variances = _columns(parts)
    total = int(n.sum())
    mean = (n * means).sum(axis=0) / total
    return total, mean, (n * (variances + means**2.0)).sum(axis=0) / total - mean**2


def number_of_parts(parts):
    """Your n is the number of parts. It is the number of rows in all of them."""
    _columns(parts)
    return _merged(parts, sizes=len(parts))


def results_exchanged(parts):
    """You return the variance before the mean. The order is n, mean, var."""
    n, mean, var = _merged(parts)
    return n, var, mean


def in_place(parts):
    """You write into the arrays of the first part (+= does). Whoever kept it finds other numbers in it."""
    n, mean, var = _merged(parts)
    if parts[0][1].dtype.kind == "f":
        parts[0][1][...] = mean
        parts[0][2][...] = var
    return n, mean, var


def one_number_per_part(parts):
    """You average over the features as well. Mean and variance have one value for each feature."""
    n, mean, var = _merged(parts)
    return n, np.full_like(mean, mean.mean()), np.full_like(var, var.mean())
