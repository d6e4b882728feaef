"""Right answers to init_weights, written in other ways: other laws and other methods of the generator."""

import numpy as np


def _variance(fan_in, fan_out, kind):
    if fan_in < 1 or fan_out < 1:
        raise ValueError("fan_in and fan_out count something")
    if kind == "xavier":
        return 1 / fan_in
    if kind == "kaiming":
        return 2 / fan_in
    if kind == "glorot":
        return 2 / (fan_in + fan_out)
    raise ValueError("no such kind")


def standard_normal(fan_in, fan_out, kind, rng):
    """Standard normal numbers, scaled."""
    return np.sqrt(_variance(fan_in, fan_out, kind)) * rng.standard_normal((fan_out, fan_in))


def uniform(fan_in, fan_out, kind, rng):
    """Uniform between -c and c, whose variance is c^2 / 3."""
    c = (3 * _variance(fan_in, fan_out, kind)) ** 0.5
    return rng.uniform(-c, c, (fan_out, fan_in))


def random_shifted(fan_in, fan_out, kind, rng):
    """rng.random, moved to mean 0 and scaled to variance 1 first."""
    scale = np.sqrt(12 * _variance(fan_in, fan_out, kind))
    return scale * (rng.random((fan_out, fan_in)) - 0.5)


def laplace(fan_in, fan_out, kind, rng):
    """A law with heavy tails: the variance of Laplace is 2 scale^2."""
    return rng.laplace(0, np.sqrt(_variance(fan_in, fan_out, kind) / 2), size=(fan_out, fan_in))


def signs(fan_in, fan_out, kind, rng):
    """Plus or minus the deviation, nothing between."""
    deviation = np.sqrt(_variance(fan_in, fan_out, kind))
    return rng.choice([-deviation, deviation], size=(fan_out, fan_in))


def transposed_draw(fan_in, fan_out, kind, rng):
    """Drawn for each input and transposed; float32."""
    W = rng.normal(0, np.sqrt(_variance(fan_in, fan_out, kind)), (fan_in, fan_out))
    return W.T.astype(np.float32)
