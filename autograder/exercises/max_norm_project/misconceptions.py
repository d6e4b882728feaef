"""Believable wrong answers to max_norm_project. Each docstring is what a good tutor would say."""

import numpy as np


def _check(W, c):
    if W.ndim != 2:
        raise ValueError("W must be (O, I)")
    if c <= 0:
        raise ValueError("c must be positive")


def _norms(W):
    return np.linalg.norm(W, axis=1, keepdims=True)


def all_rows_set_to_c(W, c):
    """You give every row the length c. Only rows that are longer are shortened; the others stay as they are."""
    _check(W, c)
    norms = _norms(W)
    return W * (c / np.where(norms == 0, 1, norms))


def columns_projected(W, c):
    """You shorten columns. A column holds what one input sends to all units; what comes into a unit is its row."""
    _check(W, c)
    norms = np.linalg.norm(W, axis=0)
    return W * (c / np.maximum(norms, c))


def one_norm_for_all(W, c):
    """You shorten the matrix as a whole. Every unit has a length of its own, and most may be short enough."""
    _check(W, c)
    return W * (c / np.maximum(np.linalg.norm(W), c))


def clipped_entries(W, c):
    """You cut single weights off at c and -c. The length of a row is meant, and its direction must stay."""
    _check(W, c)
    return np.clip(W, -c, c)


def squared_length_in_the_factor(W, c):
    """You divide by the squared length. Such a row gets the length c^2 over its old one; divide by the length itself."""
    _check(W, c)
    norms = _norms(W)
    return np.where(norms > c, W * c**2 / np.where(norms == 0, 1, norms) ** 2, W)


def squared_length_compared(W, c):
    """You take the sum of squares for the length. Its square root is missing, in the comparison and in the factor."""
    _check(W, c)
    return W * (c / np.maximum((W**2).sum(axis=1, keepdims=True), c))


def c_bounds_the_square(W, c):
    """Your rows get the length sqrt(c). Here c bounds the length itself, not its square."""
    _check(W, c)
    return W * (c**0.5 / np.maximum(_norms(W), c**0.5))


def sum_of_sizes(W, c):
    """You measure a row by the sum of its sizes. The Euclidean length is meant, the root of the sum of squares."""
    _check(W, c)
    return W * (c / np.maximum(np.abs(W).sum(axis=1, keepdims=True), c))


def largest_entry(W, c):
    """You measure a row by its largest entry. The Euclidean length is meant, the root of the sum of squares."""
    _check(W, c)
    return W * (c / np.maximum(np.abs(W).max(axis=1, keepdims=True), c))


def root_mean_square(W, c):
    """You measure a row by the root of its mean square, so a unit with more inputs may be longer. The sum of squares is meant."""
    _check(W, c)
    return W * (c / np.maximum(np.sqrt((W**2).mean(axis=1, keepdims=True)), c))


def divided_by_zero(W, c):
    """Your row of zeros becomes nan: it is divided by its length, 0. It is short enough and stays as it is."""
    _check(W, c)
    with np.errstate(all="ignore"):
        norms = _norms(W)
        return W / norms * np.minimum(norms, c)


def short_rows_lengthened(W, c):
    """You lengthen the short rows and leave the long ones. It is an upper bound: the factor is at most 1."""
    _check(W, c)
    norms = _norms(W)
    return W * np.maximum(1, c / np.where(norms == 0, c, norms))


def divided_by_c(W, c):
    """You divide the long rows by c. The factor that gives the length c is c divided by the length."""
    _check(W, c)
    return np.where(_norms(W) > c, W / c, W)


def unit_length(W, c):
    """Your long rows get the length 1. They may keep the length c."""
    _check(W, c)
    norms = _norms(W)
    return np.where(norms > c, W / np.where(norms == 0, 1, norms), W)


def long_rows_dropped(W, c):
    """You set rows that are too long to zero. They are shortened, not dropped: the direction is what was learned."""
    _check(W, c)
    return np.where(_norms(W) > c, 0, W)


def mean_length_compared(W, c):
    """You shorten all rows or none, by their mean length. Each row is looked at by itself."""
    _check(W, c)
    norms = _norms(W)
    return W * (c / np.maximum(norms.mean(), c))


def weights_overwritten(W, c):
    """You write into the caller's W. Return a new array, so that the projection can be compared with what was there."""
    _check(W, c)
    new = W * (c / np.maximum(_norms(W), c))
    if W.dtype.kind == "f":
        W[:] = new
    return new
