"""Believable wrong answers to numerical_gradient. Each docstring is what a good tutor would say."""

import numpy as np


def _differences(f, x, h, points, divisor):
    """The difference of f at two shifts of each coordinate, in a float64 copy."""
    x = np.array(x, dtype=float)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        values = []
        for shift in points:
            moved = x.copy()
            moved[index] += shift
            values.append(f(moved))
        gradient[index] = (values[0] - values[1]) / divisor
    return gradient


def forward_difference(f, x, h=1e-5):
    """You compare f(x + h) with f(x). One side only leaves an error proportional to h; with both sides it shrinks like h squared."""
    return _differences(f, x, h, (h, 0.0), h)


def backward_difference(f, x, h=1e-5):
    """You compare f(x) with f(x - h). One side only leaves an error proportional to h; with both sides it shrinks like h squared."""
    return _differences(f, x, h, (0.0, -h), h)


def divided_by_h(f, x, h=1e-5):
    """Your slope is twice too large. How far apart are the two points at which you evaluate f?"""
    return _differences(f, x, h, (h, -h), h)


def missing_parentheses(f, x, h=1e-5):
    """You divide by 2 and multiply by h: / 2 * h is (... / 2) * h. Put 2 * h in parentheses."""
    return _differences(f, x, h, (h, -h), 2 / h)


def wrong_sign(f, x, h=1e-5):
    """Your gradient points downhill: it is f(x + h) minus f(x - h), in this order."""
    return _differences(f, x, h, (-h, h), 2 * h)


def half_steps(f, x, h=1e-5):
    """You step by h / 2 to each side and divide by 2 h, which halves the slope. The step to each side is h."""
    return _differences(f, x, h, (h / 2, -h / 2), 2 * h)


def step_ignored(f, x, h=1e-5):
    """You step by 1e-5 whatever h is. It is an argument, and 1e-5 only its default."""
    return _differences(f, x, 1e-5, (1e-5, -1e-5), 2e-5)


def all_coordinates_together(f, x, h=1e-5):
    """You shift all coordinates at once, x + h. That gives one directional derivative, not the partial ones; shift one coordinate at a time."""
    x = np.array(x, dtype=float)
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


def left_shifted(f, x, h=1e-5):
    """You do not put a coordinate back before you go on to the next. All later differences are taken somewhere else, and the caller's x has moved."""
    y = x if x.dtype == np.float64 else np.array(x, dtype=float)
    gradient = np.zeros(y.shape)
    for index in np.ndindex(y.shape):
        y[index] += h
        above = f(y)
        y[index] -= 2 * h
        gradient[index] = (above - f(y)) / (2 * h)
    return gradient


def restored_by_arithmetic(f, x, h=1e-5):
    """You move the caller's x by + h, - 2 h and + h. In floating point that does not always end where it began: keep the old number and write it back, or work on a copy."""
    y = x if x.dtype == np.float64 else np.array(x, dtype=float)
    gradient = np.zeros(y.shape)
    for index in np.ndindex(y.shape):
        y[index] += h
        above = f(y)
        y[index] -= 2 * h
        gradient[index] = (above - f(y)) / (2 * h)
        y[index] += h
    return gradient


def step_in_float32(f, x, h=1e-5):
    """You shift float32 numbers, which near 1 are themselves 1e-7 apart: of a step of 1e-5 only two digits are left. Convert x to float64 first."""
    if x.dtype != np.float32:
        return _differences(f, x, h, (h, -h), 2 * h)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += np.float32(h)
        below[index] -= np.float32(h)
        gradient[index] = (f(above) - f(below)) / (2 * h)
    return gradient


def shifts_in_an_int_array(f, x, h=1e-5):
    """You write x[i] + h into an array of whole numbers, which cuts the step off: nothing moves and the gradient is 0. Make x floating-point first."""
    x = x.copy()
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        above = f(x)
        x[index] = old - h
        gradient[index] = (above - f(x)) / (2 * h)
        x[index] = old
    return gradient


def gradient_in_an_int_array(f, x, h=1e-5):
    """Your gradient is rounded to whole numbers where x is whole: np.zeros_like(x) has the dtype of x, too."""
    found = _differences(f, x, h, (h, -h), 2 * h)
    return found.astype(int) if np.asarray(x).dtype.kind == "i" else found


def flat_result(f, x, h=1e-5):
    """Your result is flat. The gradient has the shape of x, one number for each number of x."""
    return _differences(f, x, h, (h, -h), 2 * h).ravel()


def view_that_is_a_copy(f, x, h=1e-5):
    """You shift x.reshape(-1) and evaluate f(x). For a transpose and its like, reshape has to copy, so f sees an x that never moves."""
    x = np.array(x, dtype=float, order="K")
    flat, gradient = x.reshape(-1), np.zeros(x.size)
    for i in range(x.size):
        old = flat[i]
        flat[i] = old + h
        above = f(x)
        flat[i] = old - h
        gradient[i] = (above - f(x)) / (2 * h)
        flat[i] = old
    return gradient.reshape(x.shape)


def rows_shifted(f, x, h=1e-5):
    """You loop over the first axis only and shift whole rows. Every number of x needs a difference of its own."""
    x = np.array(x, dtype=float)
    if x.ndim == 0:
        return _differences(f, x, h, (h, -h), 2 * h)
    gradient = np.zeros(x.shape)
    for i in range(len(x)):
        above, below = x.copy(), x.copy()
        above[i] += h
        below[i] -= h
        gradient[i] = (f(above) - f(below)) / (2 * h)
    return gradient
