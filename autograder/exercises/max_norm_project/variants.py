"""Right answers to max_norm_project, written in other ways."""

import numpy as np


def _check(W, c):
    if np.ndim(W) != 2:
        raise ValueError("W: a matrix is needed")
    if c <= 0:
        raise ValueError("c: a length above 0 is needed")


def minimum_of_factors(W, c):
    """min(1, c / length), with 0 / 0 put right afterwards."""
    _check(W, c)
    with np.errstate(all="ignore"):
        factor = np.minimum(1.0, c / np.sqrt(np.sum(np.square(np.asarray(W, dtype=float)), axis=1)))
    return W * factor[:, None]


def chosen_rows(W, c):
    """Only the rows that are too long are touched, on a copy."""
    _check(W, c)
    new = np.array(W, dtype=float)
    lengths = np.linalg.norm(new, axis=1)
    long = lengths > c
    new[long] *= c / lengths[long, None]
    return new


def row_by_row(W, c):
    """A loop over the units."""
    _check(W, c)
    rows = []
    for row in np.asarray(W, dtype=float):
        length = np.hypot.reduce(row) if len(row) > 1 else abs(row[0])
        rows.append(row if length <= c else row / length * c)
    return np.stack(rows)


def like_renorm(W, c):
    """torch.renorm's own formula, with its 1e-7 in the denominator."""
    _check(W, c)
    lengths = np.linalg.norm(np.asarray(W, dtype=float), axis=1, keepdims=True)
    return np.where(lengths > c, W * (c / (lengths + 1e-7)), W)


def diagonal_matrix(W, c):
    """A diagonal matrix of factors from einsum lengths."""
    _check(W, c)
    W = np.asarray(W, dtype=float)
    lengths = np.einsum("oi,oi->o", W, W) ** 0.5
    return np.diag(np.where(lengths > c, c / np.maximum(lengths, c), 1.0)) @ W
