"""Right answers to numerical_gradient, written in other ways."""

import numpy as np


def _check(h):
    if h <= 0:
        raise ValueError("the step h must be > 0")


def iterator_with_restore(f, x, h=1e-5):
    """np.nditer over a copy, every number put back bit for bit."""
    _check(h)
    x = np.array(x, dtype=np.float64)
    gradient = np.empty_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        i = it.multi_index
        old = x[i]
        x[i] = old + h
        above = f(x)
        x[i] = old - h
        gradient[i] = (above - f(x)) / (2 * h)
        x[i] = old
        it.iternext()
    return gradient


def rows_of_the_identity(f, x, h=1e-5):
    """Shifts are rows of h times the identity, reshaped."""
    _check(h)
    x = np.asarray(x, dtype=float)
    steps = (h * np.eye(x.size)).reshape(-1, *x.shape)
    return np.array([(f(x + step) - f(x - step)) / (2 * h) for step in steps]).reshape(x.shape)


def copy_per_coordinate(f, x, h=1e-5):
    """Flat index, a fresh copy for each point."""
    _check(h)
    x = np.asarray(x, dtype=float)
    gradient = np.zeros(x.size)
    for i in range(x.size):
        up, down = x.flatten(), x.flatten()
        up[i] += h
        down[i] -= h
        gradient[i] = 0.5 * (f(up.reshape(x.shape)) - f(down.reshape(x.shape))) / h
    return gradient.reshape(x.shape)


def caller_restored(f, x, h=1e-5):
    """Shifts the caller's own array where it is float64, and writes every number back."""
    _check(h)
    y = x if x.dtype == np.float64 else x.astype(np.float64)
    gradient = np.zeros(y.shape)
    for index in np.ndindex(y.shape):
        old = y[index]
        y[index] = old + h
        above = f(y)
        y[index] = old - h
        below = f(y)
        y[index] = old
        gradient[index] = (above - below) / (2 * h)
    return gradient


def divided_by_the_true_distance(f, x, h=1e-5):
    """Divides by the distance of the two points as they came out in floating point."""
    _check(h)
    x = np.asarray(x, dtype=float)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index], down[index] = x[index] + h, x[index] - h
        gradient[index] = (f(up) - f(down)) / (up[index] - down[index])
    return gradient
