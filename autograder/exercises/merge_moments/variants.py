"""Right answers to merge_moments, written in other ways."""

import functools

import numpy as np


def _check(parts):
    if not parts or any(n < 1 for n, _, _ in parts):
        raise ValueError("parts must be a list of parts that hold rows")


def chan(parts):
    """Chan's formula, part by part."""
    _check(parts)

    def merge(a, b):
        n, delta = a[0] + b[0], b[1] - a[1]
        squares = a[0] * a[2] + b[0] * b[2] + delta**2 * a[0] * b[0] / n
        return n, a[1] + delta * b[0] / n, squares / n

    return functools.reduce(merge, [(n, np.asarray(m, float), np.asarray(v, float)) for n, m, v in parts])


def averages(parts):
    """np.average with weights."""
    _check(parts)
    n, mean, var = map(list, zip(*parts, strict=True))
    mu = np.average(mean, axis=0, weights=n)
    return [sum(n), mu, np.average(np.array(var) + np.square(mean - mu), axis=0, weights=n)]


def rebuilt_rows(parts):
    """Rows with these moments: half of a part at mean + std, half at mean - std."""
    _check(parts)
    rows = np.concatenate(
        [
            np.repeat([mean + np.sqrt(var), mean - np.sqrt(var)], n, axis=0)  # twice as many: every n is even then
            for n, mean, var in ((n, np.asarray(mean, float), np.asarray(var, float)) for n, mean, var in parts)
        ]
    )
    return len(rows) // 2, rows.mean(axis=0), rows.var(axis=0)


def shifted_squares(parts):
    """Mean squares minus squared mean, after the mean of the first part is subtracted from all."""
    _check(parts)
    start = np.asarray(parts[0][1], dtype=float)
    n = sum(part[0] for part in parts)
    first = sum(k * (mean - start) for k, mean, _ in parts) / n
    second = sum(k * (var + (mean - start) ** 2) for k, mean, var in parts) / n
    return n, start + first, second - first**2


def tree(parts):
    """Halves, merged recursively; the n are floats."""
    _check(parts)
    if len(parts) == 1:
        n, mean, var = parts[0]
        return float(n), np.array(mean, dtype=float), np.array(var, dtype=float)
    (a, m, v), (b, w, u) = tree(parts[: len(parts) // 2]), tree(parts[len(parts) // 2 :])
    share = b / (a + b)
    return a + b, (1 - share) * m + share * w, (1 - share) * v + share * u + share * (1 - share) * (m - w) ** 2
