"""Right answers to classic_dropout, written in other ways."""

import itertools
import math

import numpy as np

from autograder.exercise import replaces


def _refuse(theta, p_keep):
    if p_keep < 0 or p_keep > 1:
        raise ValueError(f"p_keep is {p_keep}")
    if len(theta) > 20:
        raise ValueError(f"n is {len(theta)}")


@replaces("classic_train")
def where(x, mask):
    """np.where."""
    return np.where(mask, x, 0.0)


@replaces("classic_train")
def assigned(x, mask):
    """A copy in which zeros are written."""
    y = np.array(x)
    y[np.asarray(mask) == 0] = 0
    return y


@replaces("classic_test_weights")
def a_weight_at_a_time(W, p_keep):
    """A list comprehension."""
    if not (0 <= p_keep <= 1):
        raise ValueError("p_keep")
    return np.array([[w * p_keep for w in row] for row in np.asarray(W).tolist()])


@replaces("classic_test_weights")
def subtracted(W, p_keep):
    """What is lost is subtracted."""
    if min(p_keep, 1 - p_keep) < 0:
        raise ValueError("p_keep lies outside [0, 1]")
    W = np.asarray(W, dtype=float)
    return W - (1 - p_keep) * W


@replaces("expected_preactivation")
def product(theta, x, p_keep):
    """itertools.product with a probability for each entry."""
    _refuse(theta, p_keep)
    total = 0.0
    for mask in itertools.product((False, True), repeat=len(theta)):
        probability = math.prod(p_keep if kept else 1 - p_keep for kept in mask)
        total += probability * sum(t * v for t, v, kept in zip(theta, x, mask, strict=True) if kept)
    return total


@replaces("expected_preactivation")
def bit_arithmetic(theta, x, p_keep):
    """Whole numbers whose binary digits are the masks."""
    _refuse(theta, p_keep)
    n, total = len(theta), 0.0
    for number in range(1 << n):
        k = number.bit_count()
        z = sum(float(theta[i]) * float(x[i]) for i in range(n) if number >> i & 1)
        total += p_keep**k * (1 - p_keep) ** (n - k) * z
    return total


@replaces("expected_preactivation")
def all_at_once(theta, x, p_keep):
    """All masks as one array, by np.indices."""
    _refuse(theta, p_keep)
    n = len(theta)
    masks = np.indices((2,) * n).reshape(n, -1)
    probabilities = np.where(masks == 1, p_keep, 1 - p_keep).prod(axis=0)
    return np.sum(probabilities * (np.asarray(theta, float) * np.asarray(x, float) @ masks))


@replaces("expected_preactivation")
def recursion(theta, x, p_keep):
    """With and without the first input, then the rest."""
    _refuse(theta, p_keep)

    def mean(i, so_far):
        if i == len(theta):
            return so_far
        return p_keep * mean(i + 1, so_far + theta[i] * x[i]) + (1 - p_keep) * mean(i + 1, so_far)

    return float(mean(0, 0.0))


@replaces("expected_preactivation")
def subsets(theta, x, p_keep):
    """All subsets of the inputs, by their size."""
    _refuse(theta, p_keep)
    n, terms = len(theta), np.multiply(theta, x)
    return sum(
        p_keep**k
        * (1 - p_keep) ** (n - k)
        * sum(terms[list(kept)].sum() for kept in itertools.combinations(range(n), k))
        for k in range(n + 1)
    )


@replaces("expected_preactivation")
def closed_form(theta, x, p_keep):
    """What the sum over all masks comes to."""
    _refuse(theta, p_keep)
    return p_keep * np.dot(theta, x)
