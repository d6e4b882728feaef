"""Believable wrong answers to bn_population_stats. Each docstring is what a good tutor would say."""

import numpy as np


def _stack(statistic, batches, **settings):
    """(K, D): one statistic of every batch."""
    return np.array([statistic(batch, axis=0, **settings) for batch in batches])


def _right(batches, method):
    if method == "pooled":
        rows = np.concatenate(batches)
        return rows.mean(axis=0), rows.std(axis=0)
    mean = _stack(np.mean, batches).mean(axis=0)
    if method == "eq4":
        return mean, _stack(np.std, batches).mean(axis=0)
    return mean, np.sqrt(_stack(np.var, batches, ddof=1).mean(axis=0))


def _sizes(batches):
    return np.array([len(batch) for batch in batches], dtype=float)


def eq4_averages_variances(batches, method):
    """In "eq4" you average variances and take the root at the end. This method averages the standard deviations."""
    mean, std = _right(batches, method)
    return mean, np.sqrt(_stack(np.var, batches).mean(axis=0)) if method == "eq4" else std


def eq4_unbiased(batches, method):
    """Your deviations in "eq4" divide by n_k - 1. It takes the deviation with which the batch was normalized: the biased one."""
    mean, std = _right(batches, method)
    return mean, _stack(np.std, batches, ddof=1).mean(axis=0) if method == "eq4" else std


def alg2_without_factor(batches, method):
    """In "alg2" the factor n_k / (n_k - 1) is missing. Without it, small batches make the variance too small."""
    mean, std = _right(batches, method)
    return mean, np.sqrt(_stack(np.var, batches).mean(axis=0)) if method == "alg2" else std


def alg2_factor_on_deviation(batches, method):
    """In "alg2" your factor n_k / (n_k - 1) multiplies the standard deviation. It belongs to the variance, under the root."""
    mean, std = _right(batches, method)
    if method == "alg2":
        factor = (_sizes(batches) / (_sizes(batches) - 1))[:, None]
        std = np.sqrt(np.mean(factor**2 * _stack(np.var, batches), axis=0))
    return mean, std


def alg2_factor_after_root(batches, method):
    """In "alg2" you multiply by n / (n - 1) after the root. The factor corrects variances: apply it before."""
    mean, std = _right(batches, method)
    if method == "alg2":
        factor = np.mean(_sizes(batches) / (_sizes(batches) - 1))
        std = factor * np.sqrt(_stack(np.var, batches).mean(axis=0))
    return mean, std


def alg2_factor_of_the_total(batches, method):
    """In "alg2" your factor is N / (N - 1) of all rows. Each variance comes from n_k rows and is corrected for those."""
    mean, std = _right(batches, method)
    if method == "alg2":
        total = _sizes(batches).sum()
        std = np.sqrt(total / (total - 1) * _stack(np.var, batches).mean(axis=0))
    return mean, std


def alg2_averages_deviations(batches, method):
    """In "alg2" you take the roots first and average them. Average the variances; one root comes at the end."""
    mean, std = _right(batches, method)
    return mean, _stack(np.std, batches, ddof=1).mean(axis=0) if method == "alg2" else std


def alg2_without_root(batches, method):
    """In "alg2" you return the variance. What is asked for is the standard deviation, its root."""
    mean, std = _right(batches, method)
    return mean, std**2 if method == "alg2" else std


def pooled_from_batch_variances(batches, method):
    """Your "pooled" variance is an average of batch variances. The spread between the batches is missing: think of sorted data."""
    mean, std = _right(batches, method)
    if method == "pooled":
        std = np.sqrt(np.average(_stack(np.var, batches), axis=0, weights=_sizes(batches)))
    return mean, std


def pooled_from_plain_averages(batches, method):
    """In "pooled" you average batch means and batch variances, all batches alike. Every row should count the same, wherever it is."""
    if method == "pooled":
        return _stack(np.mean, batches).mean(axis=0), np.sqrt(_stack(np.var, batches).mean(axis=0))
    return _right(batches, method)


def pooled_unweighted_merge(batches, method):
    """Your "pooled" formula has the spread within and between batches, but counts a short batch as much as a full one."""
    if method == "pooled":
        means = _stack(np.mean, batches)
        return means.mean(axis=0), np.sqrt(_stack(np.var, batches).mean(axis=0) + means.var(axis=0))
    return _right(batches, method)


def pooled_unbiased(batches, method):
    """Your "pooled" deviation divides by N - 1. The convention card asks for the biased one: divide by the number of all rows."""
    mean, std = _right(batches, method)
    return mean, np.concatenate(batches).std(axis=0, ddof=1) if method == "pooled" else std


def last_batch_dropped(batches, method):
    """The last batch is missing. It may be shorter than the others, but it counts."""
    return _right(batches[:-1], method)


def weighted_by_size(batches, method):
    """In "eq4" and "alg2" you weigh each batch by its size. Sensible, but these two are plain averages over the batches."""
    if method == "pooled":
        return _right(batches, method)
    weights = _sizes(batches)
    mean = np.average(_stack(np.mean, batches), axis=0, weights=weights)
    if method == "eq4":
        return mean, np.average(_stack(np.std, batches), axis=0, weights=weights)
    return mean, np.sqrt(np.average(_stack(np.var, batches, ddof=1), axis=0, weights=weights))


def features_mixed(batches, method):
    """You return one number for all features. Each feature has its own mean and its own deviation: keep the axis of the features."""
    mean, std = _right([np.ravel(batch)[:, None] for batch in batches], method)
    return mean[0], std[0]


def in_place(batches, method):
    """You center the caller's batches in place (-= does). Whoever uses them afterwards gets other data."""
    results = _right(batches, method)
    for batch in batches:
        if batch.dtype.kind == "f":
            batch -= batch.mean(axis=0)
    return results


def single_rows_refused(batches, method):
    """You refuse a batch of one row for every method. Only "alg2" divides by n_k - 1; elsewhere the deviation of one row is 0."""
    if min(_sizes(batches)) < 2:
        raise ValueError("batches must have two rows each")
    return _right(batches, method)


def eq4_spread_of_the_means(batches, method):
    """In "eq4" you return the deviation of the batch means. Asked for is the mean of the batch deviations."""
    mean, std = _right(batches, method)
    return mean, _stack(np.mean, batches).std(axis=0) if method == "eq4" else std


def alg2_weighted_variances(batches, method):
    """In "alg2" your variances are weighted by their degrees of freedom, as in a t-test. Algorithm 2 takes a plain average over the batches."""
    mean, std = _right(batches, method)
    if method == "alg2":
        std = np.sqrt(np.average(_stack(np.var, batches, ddof=1), axis=0, weights=_sizes(batches) - 1))
    return mean, std


def alg2_factor_of_the_first_batch(batches, method):
    """In "alg2" you use the factor n / (n - 1) of the first batch for all. The last batch may be shorter: each has its own n_k."""
    mean, std = _right(batches, method)
    if method == "alg2":
        first = len(batches[0])
        std = np.sqrt(first / (first - 1) * _stack(np.var, batches).mean(axis=0))
    return mean, std


def pooled_without_root(batches, method):
    """In "pooled" you return the variance. What is asked for is the standard deviation, its root."""
    mean, std = _right(batches, method)
    return mean, std**2 if method == "pooled" else std


def pooled_mean_of_means(batches, method):
    """Your "pooled" mean is the plain average of the batch means. All rows together means that a short batch counts less."""
    mean, std = _right(batches, method)
    return _stack(np.mean, batches).mean(axis=0) if method == "pooled" else mean, std
