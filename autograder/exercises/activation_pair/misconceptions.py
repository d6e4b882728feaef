"""Believable wrong answers to activation. Each docstring is what a good tutor would say."""

import numpy as np


def _right(name, z):
    z = np.asarray(z, dtype=float)
    small = np.exp(-np.abs(z))
    sigmoid = np.where(z >= 0, 1.0, small) / (1 + small)
    pairs = {
        "sigmoid": (sigmoid, sigmoid * (1 - sigmoid)),
        "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2),
        "relu": (np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)),
        "leaky_relu": (np.where(z > 0, z, 0.1 * z), np.where(z > 0, 1.0, 0.1)),
    }
    if name not in pairs:
        raise ValueError(f"name: unknown activation {name!r}")
    return pairs[name]


def exp_of_a_large_number(name, z):
    """Your sigmoid takes exp of 1000, which overflows. Branch on the sign of z, so that exp only sees negative numbers."""
    if name != "sigmoid":
        return _right(name, z)
    a = 1 / (1 + np.exp(-np.asarray(z, dtype=float)))
    return a, a * (1 - a)


def sigmoid_slope_from_z(name, z):
    """The slope of the sigmoid is a (1 - a), in terms of its value. You have z in one of the places."""
    a, slope = _right(name, z)
    return a, a * (1 - z) if name == "sigmoid" else slope


def sigmoid_slope_squared(name, z):
    """a (1 - a) is not 1 - a^2: that is the slope of tanh."""
    a, slope = _right(name, z)
    return a, 1 - a**2 if name == "sigmoid" else slope


def sigmoid_mirrored(name, z):
    """Your sigmoid falls: the minus in exp(-z) is missing, or there is one too many."""
    if name != "sigmoid":
        return _right(name, z)
    a, slope = _right(name, -np.asarray(z, dtype=float))
    return a, slope


def tanh_slope_from_z(name, z):
    """The slope of tanh is 1 - a^2, in terms of its value. You have z in its place."""
    a, slope = _right(name, z)
    return a, 1 - np.asarray(z, dtype=float) ** 2 if name == "tanh" else slope


def tanh_slope_of_sigmoid(name, z):
    """a (1 - a) is the slope of the sigmoid. tanh runs from -1 to 1 and has another one; derive it."""
    a, slope = _right(name, z)
    return a, a * (1 - a) if name == "tanh" else slope


def tanh_half_as_steep(name, z):
    """tanh is a sigmoid stretched to (-1, 1) and twice as fast: 2 sigmoid(2 z) - 1. You have left out the 2 before z."""
    if name != "tanh":
        return _right(name, z)
    a, slope = _right("sigmoid", z)
    return 2 * a - 1, 2 * slope


def relu_slope_at_zero(name, z):
    """Your ReLU has slope 1 at z = 0. Both sides could be argued for; this course and torch take 0."""
    a, slope = _right(name, z)
    return a, np.where(np.asarray(z) >= 0, 1.0, 0.0) if name == "relu" else slope


def relu_slope_half_at_zero(name, z):
    """Your ReLU has slope 0.5 at z = 0. That is a valid choice in theory; this course and torch take 0."""
    a, slope = _right(name, z)
    return a, np.heaviside(np.asarray(z, dtype=float), 0.5) if name == "relu" else slope


def relu_value_as_slope(name, z):
    """You return the value of the ReLU as its slope. How much does a grow when z = 3 grows by 1?"""
    a, slope = _right(name, z)
    return a, a if name == "relu" else slope


def relu_of_the_size(name, z):
    """You keep the size of negative numbers. ReLU makes them 0."""
    a, slope = _right(name, z)
    return (np.abs(z), np.sign(np.asarray(z, dtype=float))) if name == "relu" else (a, slope)


def leak_of_torch(name, z):
    """Your leak is 0.01, torch's default. This course takes 0.1."""
    if name != "leaky_relu":
        return _right(name, z)
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, z, 0.01 * z), np.where(z > 0, 1.0, 0.01)


def leak_slope_at_zero(name, z):
    """Your leaky ReLU has slope 1 at z = 0. This course and torch take the slope of the negative side there, 0.1."""
    a, slope = _right(name, z)
    return a, np.where(np.asarray(z) >= 0, 1.0, 0.1) if name == "leaky_relu" else slope


def leak_without_slope(name, z):
    """Your leaky ReLU leaks, but its slope does not: for negative numbers a is 0.1 z, so it is not flat."""
    a, slope = _right(name, z)
    return a, np.where(np.asarray(z) > 0, 1.0, 0.0) if name == "leaky_relu" else slope


def leak_upside_down(name, z):
    """You take the smaller of z and 0.1 z. For positive numbers that is the tenth; the larger one is meant."""
    if name != "leaky_relu":
        return _right(name, z)
    z = np.asarray(z, dtype=float)
    return np.minimum(z, 0.1 * z), np.where(z > 0, 0.1, 1.0)


def leak_constant(name, z):
    """For negative numbers you return 0.1 itself, not a tenth of z."""
    if name != "leaky_relu":
        return _right(name, z)
    z = np.asarray(z, dtype=float)
    return np.where(z > 0, z, 0.1), np.where(z > 0, 1.0, 0.1)


def leak_cut_off(name, z):
    """A tenth of a whole number is cut off when you write it into an array of whole numbers. Make z floating-point first."""
    a, slope = _right(name, z)
    if name == "leaky_relu" and np.asarray(z).dtype.kind == "i":
        return a.astype(int), slope
    return a, slope


def caller_overwritten(name, z):
    """z[z < 0] = ... writes into the caller's array. Whoever uses z afterwards, the backward pass for one, gets other numbers."""
    a, slope = _right(name, z)
    if name in ("relu", "leaky_relu") and z.dtype.kind == "f":
        z[...] = a
    return a, slope


def value_alone(name, z):
    """You return the value alone. The slope belongs to the result: (a, da_dz)."""
    return _right(name, z)[0]
