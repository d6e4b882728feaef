"""Right answers to activation, written in other ways."""

import numpy as np


def with_where(name, z):
    """np.where everywhere."""
    z = np.asarray(z, dtype=float)
    if name == "sigmoid":
        e = np.exp(np.where(z > 0, -z, z))
        a = np.where(z > 0, 1 / (1 + e), e / (1 + e))
        return a, a - a * a
    if name == "tanh":
        a = np.tanh(z)
        return a, (1 + a) * (1 - a)
    if name == "relu":
        return np.where(z > 0, z, 0.0), np.where(z > 0, 1.0, 0.0)
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.1 * z), np.where(z > 0, 1.0, 0.1)
    raise ValueError("unknown name")


def sigmoid_from_tanh(name, z):
    """The sigmoid as 0.5 (1 + tanh(z / 2)); slopes of the kinked ones as booleans turned into numbers; a list."""
    if name == "sigmoid":
        half = np.tanh(np.asarray(z) / 2)
        return [0.5 * (1 + half), 0.25 * (1 - half**2)]
    if name == "tanh":
        return [np.tanh(z), np.cosh(np.clip(z, -300, 300)) ** -2.0]
    if name == "relu":
        return [np.maximum(0, z), (z > 0).astype(float)]
    if name == "leaky_relu":
        return [np.maximum(0.1 * z, z), 0.1 + 0.9 * (z > 0)]
    raise ValueError(f"{name} is no name that I know")


def masked(name, z):
    """Boolean masks on float64 copies; in-place only on what is its own."""
    if name not in ("sigmoid", "tanh", "relu", "leaky_relu"):
        raise ValueError("name")
    a, slope = np.array(z, dtype=np.float64), np.ones(np.shape(z))
    low = a <= 0
    if name == "sigmoid":
        a[~low] = 1 / (1 + np.exp(-a[~low]))
        e = np.exp(a[low])
        a[low] = e / (1 + e)
        slope = a * (1 - a)
    elif name == "tanh":
        a = np.tanh(a)
        slope -= a**2
    else:
        leak = 0.1 if name == "leaky_relu" else 0.0
        a[low] *= leak
        slope[low] = leak
    return a, slope


def overflow_silenced(name, z):
    """The textbook sigmoid in a context that ignores its overflow: 1 / (1 + inf) is the right 0."""
    if name == "sigmoid":
        with np.errstate(over="ignore"):
            a = 1 / (1 + np.exp(-np.asarray(z, dtype=float)))
        return a, a * (1 - a)
    return with_where(name, z)


def element_by_element(name, z):
    """A function of one number, vectorized."""

    def one(v):
        if name == "sigmoid":
            a = 1 / (1 + np.exp(-v)) if v > 0 else 1 - 1 / (1 + np.exp(v))
            return a, a * (1 - a)
        if name == "tanh":
            return np.tanh(v), 1 - np.tanh(v) ** 2
        leak = {"relu": 0.0, "leaky_relu": 0.1}[name]
        return (v, 1.0) if v > 0 else (leak * v, leak)

    if name not in ("sigmoid", "tanh", "relu", "leaky_relu"):
        raise ValueError("name must be one of four")
    return np.vectorize(one, otypes=[float, float])(np.asarray(z, dtype=float))
