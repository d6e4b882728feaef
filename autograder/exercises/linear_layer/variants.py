"""Right answers to linear_forward and linear_backward, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(x, W):
    if np.shape(x)[-1] != np.shape(W)[-1]:
        raise ValueError("x and W do not fit")


@replaces("linear_forward")
def by_einsum(x, W, b):
    """einsum, whose letters are the axes."""
    _check(x, W)
    z = np.einsum("ni,oi->no", x, W)
    return z if b is None else z + b


@replaces("linear_forward")
def column_of_ones(x, W, b):
    """The bias is one more column of W, whose input is always 1."""
    _check(x, W)
    b = np.zeros(len(W)) if b is None else b
    return np.column_stack([x, np.ones(len(x))]) @ np.column_stack([W, b]).T


@replaces("linear_forward")
def row_by_row(x, W, b):
    """One example at a time."""
    _check(x, W)
    return np.stack([W @ row + (0 if b is None else b) for row in x])


@replaces("linear_backward")
def gradients_by_einsum(dz, x, W):
    """einsum for all three; a list."""
    _check(x, W)
    return [np.einsum("no,oi->ni", dz, W), np.einsum("no,ni->oi", dz, x), np.einsum("no->o", dz)]


@replaces("linear_backward")
def by_tensordot(dz, x, W):
    """tensordot, and a product with ones for the sum."""
    _check(x, W)
    return np.tensordot(dz, W, axes=(1, 0)), np.tensordot(dz, x, axes=(0, 0)), np.ones(len(dz)) @ dz


@replaces("linear_backward")
def summed_over_examples(dz, x, W):
    """Outer products, added up example by example."""
    _check(x, W)
    dW, db = np.zeros(np.shape(W)), np.zeros(len(W))
    dx = np.zeros(np.shape(x))
    for n in range(len(x)):
        dW += np.outer(dz[n], x[n])
        db += dz[n]
        dx[n] = W.T @ dz[n]
    return dx, dW, db
