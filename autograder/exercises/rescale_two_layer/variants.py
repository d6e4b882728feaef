"""Right answers to rescale_two_layer and l2_ratio, written in other ways."""

import numpy as np

from autograder.exercise import replaces


@replaces("rescale_two_layer")
def copies(W1, b1, W2, c):
    """Copies that are changed in place."""
    if c <= 0:
        raise ValueError(f"got c = {c}")
    out = [np.array(a, dtype=np.float64) for a in (W1, b1, W2)]
    out[0] *= c
    out[1] *= c
    out[2] /= c
    return out


@replaces("rescale_two_layer")
def diagonal_matrices(W1, b1, W2, c):
    """A diagonal matrix on the left of the first layer, its inverse on the right of the second."""
    if not c > 0.0:
        raise ValueError("the factor c has to be larger than 0")
    scale = np.full(len(b1), float(c))
    return np.diag(scale) @ W1, scale * b1, W2 @ np.diag(1 / scale)


@replaces("rescale_two_layer")
def bias_as_a_column(W1, b1, W2, c):
    """The bias as one more column of W1."""
    if c <= 0:
        raise ValueError("c")
    first = c * np.column_stack([W1, b1])
    return first[:, :-1], first[:, -1], np.asarray(W2) * (1 / c)


@replaces("l2_ratio")
def flattened(W1, W2, c):
    """All weights in one vector, before and after."""
    before = np.concatenate([np.ravel(W1), np.ravel(W2)]).astype(float)
    after = before * np.where(np.arange(before.size) < np.size(W1), c, 1 / c)
    return after @ after / (before @ before)


@replaces("l2_ratio")
def frobenius(W1, W2, c):
    """Frobenius norms, as shares of the whole."""
    first, second = np.linalg.norm(W1) ** 2, np.linalg.norm(W2) ** 2
    share = first / (first + second)
    return np.float64(c**2 * share + (1 - share) / c**2)


@replaces("l2_ratio")
def loops(W1, W2, c):
    """Python loops."""
    total = [sum(float(w) ** 2 for row in W for w in row) for W in (W1, W2)]
    return (c * c * total[0] + total[1] / (c * c)) / sum(total)
