"""Believable wrong answers to init_weights. Each docstring is what a good tutor would say."""

import numpy as np


def _check(fan_in, fan_out, kind):
    for name, fan in (("fan_in", fan_in), ("fan_out", fan_out)):
        if fan <= 0:
            raise ValueError(f"{name} must be positive")
    if kind not in ("xavier", "kaiming", "glorot"):
        raise ValueError("kind is unknown")


def _variance(fan_in, fan_out, kind):
    _check(fan_in, fan_out, kind)
    return {"xavier": 1 / fan_in, "kaiming": 2 / fan_in, "glorot": 2 / (fan_in + fan_out)}[kind]


def variance_as_deviation(fan_in, fan_out, kind, rng):
    """You set the standard deviation to the number that the rule gives for the variance. A generator's normal method takes the standard deviation."""
    return rng.normal(0, _variance(fan_in, fan_out, kind), size=(fan_out, fan_in))


def uniform_up_to_the_deviation(fan_in, fan_out, kind, rng):
    """You draw evenly between minus and plus the standard deviation. That law has a third of the variance you want; for "xavier" it is torch's default Linear."""
    c = np.sqrt(_variance(fan_in, fan_out, kind))
    return rng.uniform(-c, c, size=(fan_out, fan_in))


def fan_out_instead(fan_in, fan_out, kind, rng):
    """You divide by fan_out. What adds up in a unit are its inputs, so "xavier" and "kaiming" go by fan_in."""
    return rng.normal(0, np.sqrt(_variance(fan_out, fan_in, kind)), size=(fan_out, fan_in))


def inputs_first(fan_in, fan_out, kind, rng):
    """Your weights have the shape (fan_in, fan_out). In this course a row of W belongs to an output: (fan_out, fan_in)."""
    return rng.normal(0, np.sqrt(_variance(fan_in, fan_out, kind)), size=(fan_in, fan_out))


def all_positive(fan_in, fan_out, kind, rng):
    """Your weights are all positive: rng.random() lies between 0 and 1, whose mean is 0.5. Weights have the mean 0."""
    return rng.random((fan_out, fan_in)) * np.sqrt(12 * _variance(fan_in, fan_out, kind))


def global_generator(fan_in, fan_out, kind, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return np.random.randn(fan_out, fan_in) * np.sqrt(_variance(fan_in, fan_out, kind))


def global_seed(fan_in, fan_out, kind, rng):
    """You seed NumPy's global generator, so every layer starts with the same weights and every other draw of the program is changed. Use the generator that you are given."""
    np.random.seed(0)
    return np.random.randn(fan_out, fan_in) * np.sqrt(_variance(fan_in, fan_out, kind))


def own_generator(fan_in, fan_out, kind, rng):
    """You make a generator of your own with a fixed seed, so two layers of one shape get the same weights. Use the one that you are given."""
    scale = np.sqrt(_variance(fan_in, fan_out, kind))
    return np.random.default_rng(0).normal(0, scale, size=(fan_out, fan_in))


def fresh_generator(fan_in, fan_out, kind, rng):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return np.random.default_rng().normal(0, np.sqrt(_variance(fan_in, fan_out, kind)), size=(fan_out, fan_in))


def kaiming_halved(fan_in, fan_out, kind, rng):
    """Your "kaiming" weights are smaller than "xavier" ones. A ReLU loses half of the signal, so the weights have to make up for it."""
    variance = 0.5 / fan_in if kind == "kaiming" and fan_in > 0 else _variance(fan_in, fan_out, kind)
    _check(fan_in, fan_out, kind)
    return rng.normal(0, np.sqrt(variance), size=(fan_out, fan_in))


def factor_outside_the_root(fan_in, fan_out, kind, rng):
    """The 2 of "kaiming" stands beside your square root, so it is squared in the variance. It belongs inside."""
    factor = 2 / np.sqrt(2) if kind == "kaiming" else 1
    return factor * rng.normal(0, np.sqrt(_variance(fan_in, fan_out, kind)), size=(fan_out, fan_in))


def glorot_without_the_2(fan_in, fan_out, kind, rng):
    """Your "glorot" variance is 1 / (fan_in + fan_out). The two fans are averaged, and the 2 of the average is missing."""
    variance = _variance(fan_in, fan_out, kind) / (2 if kind == "glorot" else 1)
    return rng.normal(0, np.sqrt(variance), size=(fan_out, fan_in))


def glorot_like_xavier(fan_in, fan_out, kind, rng):
    """Your "glorot" is the same as "xavier". Both carry the name of one person, but "glorot" takes both fans into account."""
    variance = _variance(fan_in, fan_out, "xavier" if kind == "glorot" else kind)
    return rng.normal(0, np.sqrt(variance), size=(fan_out, fan_in))


def glorot_of_a_uniform_law(fan_in, fan_out, kind, rng):
    """sqrt(6 / (fan_in + fan_out)) is the limit of a uniform law. As the deviation of a normal one it makes the variance three times too large."""
    factor = 3 if kind == "glorot" else 1
    return rng.normal(0, np.sqrt(factor * _variance(fan_in, fan_out, kind)), size=(fan_out, fan_in))


def a_small_number(fan_in, fan_out, kind, rng):
    """You scale by 0.01 whatever the layer. A fixed size is too small for narrow layers and too large for very wide ones; the rules tie it to the fans."""
    _check(fan_in, fan_out, kind)
    return rng.normal(0, 0.01, size=(fan_out, fan_in))


def not_scaled(fan_in, fan_out, kind, rng):
    """Your weights have the variance 1. The sum over many inputs then grows with their number: scale the weights down."""
    _check(fan_in, fan_out, kind)
    return rng.normal(size=(fan_out, fan_in))
