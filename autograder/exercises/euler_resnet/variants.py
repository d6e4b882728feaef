"""Right answers to euler_resnet and observed_order, written in other ways."""

from functools import reduce

import numpy as np

from autograder.exercise import replaces


@replaces("euler_resnet")
def reduced(f, x0, T, L):
    """functools.reduce over the steps."""
    if not L >= 1:
        raise ValueError(f"L = {L} steps")
    return reduce(lambda x, _: x + T * np.asarray(f(x)) / L, range(L), np.asarray(x0, dtype=float))


@replaces("euler_resnet")
def copy_and_add(f, x0, T, L):
    """A copy that is added to in place."""
    if L <= 0:
        raise ValueError("L has to be positive")
    x = np.array(x0, dtype=np.float64)
    for _ in range(L):
        x += (T / L) * f(x.copy())
    return x


@replaces("euler_resnet")
def as_a_residual_net(f, x0, T, L):
    """A list of equal blocks."""
    if L < 1:
        raise ValueError("at least one block: L >= 1")
    blocks, x = [lambda v: np.multiply(T / L, f(v))] * L, np.asarray(x0) + 0.0
    for block in blocks:
        x = np.add(x, block(x))
    return x


@replaces("euler_resnet")
def recursion(f, x0, T, L):
    """The first step, then the rest of the time."""
    if L < 1:
        raise ValueError("L")
    x = np.asarray(x0, dtype=float) + T / L * np.asarray(f(np.asarray(x0, dtype=float)))
    return x if L == 1 else recursion(f, x, T * (L - 1) / L, L - 1)


@replaces("observed_order")
def neighbours(errors, Ls):
    """The mean of the slopes between neighbours, in the order given."""
    e, n = np.log2(np.asarray(errors, dtype=float)), np.log2(np.asarray(Ls, dtype=float))
    return float(np.mean(np.diff(e) / -np.diff(n)))


@replaces("observed_order")
def ends(errors, Ls):
    """The slope from the smallest L to the largest."""
    few, many = np.argmin(Ls), np.argmax(Ls)
    return float(np.log(errors[few] / errors[many]) / np.log(Ls[many] / Ls[few]))


@replaces("observed_order")
def least_squares(errors, Ls):
    """np.linalg.lstsq with base 10; a NumPy number."""
    A = np.stack([np.log10(Ls), np.ones(len(Ls))], axis=1)
    return -np.linalg.lstsq(A, np.log10(errors), rcond=None)[0][0]


@replaces("observed_order")
def scipy_line(errors, Ls):
    """scipy.stats.linregress."""
    from scipy.stats import linregress

    return -linregress(np.log(Ls), np.log(errors)).slope
