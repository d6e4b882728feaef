"""Believable wrong answers to sync_bn_forward. Each docstring is what a good tutor would say."""

import numpy as np

EACH = (0, 2, 3)


def _statistics(shards):
    """Counts (K, 1), means and variances (K, C) of the shards."""
    counts = np.array([[len(x) * x.shape[2] * x.shape[3]] for x in shards])
    return counts, np.array([x.mean(EACH) for x in shards]), np.array([x.var(EACH) for x in shards])


def _merged(shards):
    m, means, variances = _statistics(shards)
    mean = (m * means).sum(0) / m.sum()
    return mean, (m * (variances + (means - mean) ** 2)).sum(0) / m.sum()


def _column(v):
    return np.asarray(v)[:, None, None]


def _normalized(shards, gamma, beta, mean, deviation):
    return [_column(gamma) * (x - _column(mean)) / _column(deviation) + _column(beta) for x in shards]


def own_statistics(shards, gamma, beta, eps=1e-5):
    """Every shard is normalized with its own statistics. That is plain data parallel batch norm: what it makes of an image depends on the device."""
    return [
        _column(gamma) * (x - _column(x.mean(EACH))) / np.sqrt(_column(x.var(EACH)) + eps) + _column(beta)
        for x in shards
    ]


def mean_of_variances(shards, gamma, beta, eps=1e-5):
    """Your variance is the mean of the variances of the shards. The spread between shards is missing: their means differ, too."""
    m, means, variances = _statistics(shards)
    mean, var = (m * means).sum(0) / m.sum(), (m * variances).sum(0) / m.sum()
    return _normalized(shards, gamma, beta, mean, np.sqrt(var + eps))


def own_means(shards, gamma, beta, eps=1e-5):
    """You subtract from every shard its own mean. The variance is that of the union, and the mean has to be, too."""
    _, var = _merged(shards)
    return [_normalized([x], gamma, beta, x.mean(EACH), np.sqrt(var + eps))[0] for x in shards]


def deviations_averaged(shards, gamma, beta, eps=1e-5):
    """You average the standard deviations of the shards. Variances (with the spread of the means) may be averaged, deviations may not."""
    m, means, variances = _statistics(shards)
    mean = (m * means).sum(0) / m.sum()
    deviation = (m * np.sqrt(variances + (means - mean) ** 2 + eps)).sum(0) / m.sum()
    return _normalized(shards, gamma, beta, mean, deviation)


def within_deviations_averaged(shards, gamma, beta, eps=1e-5):
    """You divide by the mean of the shards' own deviations. Deviations do not average, and the spread between the shards is missing."""
    m, means, variances = _statistics(shards)
    deviation = (m * np.sqrt(variances + eps)).sum(0) / m.sum()
    return _normalized(shards, gamma, beta, (m * means).sum(0) / m.sum(), deviation)


def equal_weights(shards, gamma, beta, eps=1e-5):
    """All your shards weigh the same. A shard with twice as many images holds twice as many values and counts twice as much."""
    _, means, variances = _statistics(shards)
    mean = means.mean(0)
    return _normalized(shards, gamma, beta, mean, np.sqrt((variances + (means - mean) ** 2).mean(0) + eps))


def pixels_not_counted(shards, gamma, beta, eps=1e-5):
    """You divide sums over images and pixels by the number of images. Every sum has n_k * H * W terms."""
    n = sum(len(x) for x in shards)
    mean = sum(np.sum(x, EACH) for x in shards) / n
    var = sum(np.sum((x - _column(mean)) ** 2, EACH) for x in shards) / n
    return _normalized(shards, gamma, beta, mean, np.sqrt(var + eps))


def pixels_not_counted_in_squares(shards, gamma, beta, eps=1e-5):
    """You divide sums of x and x^2 over images and pixels by the number of images; even a variance below 0 can come of it. Count n_k * H * W."""
    n = sum(len(x) for x in shards)
    mean = sum(np.sum(x, EACH) for x in shards) / n
    var = sum(np.sum(np.square(x, dtype=float), EACH) for x in shards) / n - mean**2
    with np.errstate(all="ignore"):
        return _normalized(shards, gamma, beta, mean, np.sqrt(var + eps))


def concatenated(shards, gamma, beta, eps=1e-5):
    """You return one array. Every device needs its own shard back: keep the shards, as a list in the same order."""
    mean, var = _merged(shards)
    return np.concatenate(_normalized(shards, gamma, beta, mean, np.sqrt(var + eps)))


def unbiased_variance(shards, gamma, beta, eps=1e-5):
    """Your variance divides by one less than the number of values. While it normalizes, batch normalization divides by their number."""
    mean, var = _merged(shards)
    m = sum(x[:, 0].size for x in shards)
    return _normalized(shards, gamma, beta, mean, np.sqrt(var * m / (m - 1) + eps))


def eps_outside_root(shards, gamma, beta, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    mean, var = _merged(shards)
    return _normalized(shards, gamma, beta, mean, np.sqrt(var) + eps)


def gamma_along_the_width(shards, gamma, beta, eps=1e-5):
    """gamma and beta run along the width of your images. Where W = C NumPy accepts that; they belong to axis 1, the channels."""
    mean, var = _merged(shards)
    if shards[0].shape[1] != shards[0].shape[3]:  # NumPy refuses the product, and its error says enough
        return _normalized(shards, gamma, beta, mean, np.sqrt(var + eps))
    return [gamma * ((x - _column(mean)) / np.sqrt(_column(var) + eps)) + beta for x in shards]


def one_mean_for_all_channels(shards, gamma, beta, eps=1e-5):
    """You use one mean and one variance for all channels. Every channel needs its own."""
    values = np.concatenate([x.ravel() for x in shards])
    mean, deviation = np.full(len(gamma), values.mean()), np.full(len(gamma), np.sqrt(values.var() + eps))
    return _normalized(shards, gamma, beta, mean, deviation)


def no_scale_and_shift(shards, gamma, beta, eps=1e-5):
    """You return the normalized shards. gamma and beta are still to be applied."""
    mean, var = _merged(shards)
    return _normalized(shards, np.ones(len(mean)), np.zeros(len(mean)), mean, np.sqrt(var + eps))


def shards_overwritten(shards, gamma, beta, eps=1e-5):
    """You write into the caller's shards. The backward pass needs them as they were; work on copies."""
    mean, var = _merged(shards)
    result = _normalized(shards, gamma, beta, mean, np.sqrt(var + eps))
    for x, y in zip(shards, result, strict=True):
        if x.dtype.kind == "f":
            x[...] = y
    return result
