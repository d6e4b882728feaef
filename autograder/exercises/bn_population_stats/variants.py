"""Right answers to bn_population_stats, written in other ways."""

import numpy as np


def _check(batches, method):
    if len(batches) == 0:
        raise ValueError("batches: the list is empty")
    if method not in {"eq4", "alg2", "pooled"}:
        raise ValueError(f"no such method: {method}")
    if method == "alg2" and any(len(batch) == 1 for batch in batches):
        raise ValueError("method alg2 needs two rows in every batch")


def loops(batches, method):
    """Sums in loops; a list as the pair."""
    _check(batches, method)
    k, d = len(batches), batches[0].shape[1]
    mean, square, spread, rows = np.zeros(d), np.zeros(d), np.zeros(d), 0
    if method == "pooled":
        for batch in batches:
            for row in batch:
                mean = mean + row
                rows += 1
        mean = mean / rows
        for batch in batches:
            for row in batch:
                square = square + (row - mean) ** 2
        return [mean, np.sqrt(square / rows)]
    for batch in batches:
        n, mu = len(batch), batch.mean(axis=0)
        mean = mean + mu / k
        if method == "eq4":
            spread = spread + np.sqrt(((batch - mu) ** 2).sum(axis=0) / n) / k
        else:
            square = square + ((batch - mu) ** 2).sum(axis=0) / (n - 1) / k
    return [mean, spread if method == "eq4" else np.sqrt(square)]


def merged_moments(batches, method):
    """Moments of every batch first; "pooled" merges them: spread within plus spread between."""
    _check(batches, method)
    n = np.array([len(b) for b in batches], dtype=float)[:, None]
    mu, var = np.array([b.mean(0) for b in batches]), np.array([b.var(0) for b in batches])
    if method == "pooled":
        mean = (n * mu).sum(0) / n.sum()
        return mean, np.sqrt((n * (var + (mu - mean) ** 2)).sum(0) / n.sum())
    if method == "eq4":
        return mu.mean(0), np.sqrt(var).mean(0)
    return mu.mean(0), np.sqrt((n / (n - 1) * var).mean(0))


def padded_stack(batches, method):
    """One (K, n, D) array, short batches filled with nan."""
    _check(batches, method)
    longest, d = max(map(len, batches)), batches[0].shape[1]
    stacked = np.full((len(batches), longest, d), np.nan)
    for k, batch in enumerate(batches):
        stacked[k, : len(batch)] = batch
    if method == "pooled":
        return np.nanmean(stacked, axis=(0, 1)), np.nanstd(stacked, axis=(0, 1))
    mean = np.nanmean(stacked, axis=1).mean(axis=0)
    if method == "eq4":
        return mean, np.nanstd(stacked, axis=1).mean(axis=0)
    return mean, np.nanvar(stacked, axis=1, ddof=1).mean(axis=0) ** 0.5


def cumulative(batches, method):
    """Running plain averages, as momentum=None keeps them."""
    _check(batches, method)
    if method == "pooled":
        rows = np.vstack(batches).astype(float)
        mean = np.mean(rows, axis=0)
        return mean, np.sqrt(np.mean((rows - mean) ** 2, axis=0))
    mean = spread = 0.0
    for count, batch in enumerate(batches, start=1):
        new = np.var(batch, axis=0, ddof=1) if method == "alg2" else np.std(batch, axis=0)
        mean = mean + (np.mean(batch, axis=0) - mean) / count
        spread = spread + (new - spread) / count
    return mean, np.sqrt(spread) if method == "alg2" else spread
