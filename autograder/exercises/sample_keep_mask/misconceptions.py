"""Believable wrong answers to sample_keep_mask. Each docstring is what a good tutor would say."""

import numpy as np


def _check(p_drop):
    if not 0 <= p_drop <= 1:
        raise ValueError("p_drop must be in [0, 1]")


def keep_and_drop_swapped(shape, p_drop, rng):
    """Your mask keeps with probability p_drop. p_drop is the share that goes: which side of it must a kept entry's random number lie on?"""
    _check(p_drop)
    return rng.random(shape) < p_drop


def exact_number(shape, p_drop, rng):
    """Every mask of yours drops the same number of entries, in another order. Independent entries do not know how many others were dropped, so their number varies."""
    _check(p_drop)
    size = int(np.prod(shape))
    mask = np.ones(size)
    mask[: round(size * p_drop)] = 0
    return rng.permutation(mask).reshape(shape)


def exact_number_in_each_row(shape, p_drop, rng):
    """Every row of your mask drops the same number of entries. Each entry is decided by itself, so rows differ in how many they keep."""
    _check(p_drop)
    mask = np.ones(shape)
    mask[..., : round(shape[-1] * p_drop)] = 0
    return rng.permuted(mask, axis=-1)


def one_row_for_all(shape, p_drop, rng):
    """You draw one row and use it for the whole batch. Every example needs a thinned network of its own: draw the full shape."""
    _check(p_drop)
    row = shape[1:] if len(shape) > 1 else shape
    return np.broadcast_to(rng.random(row) >= p_drop, shape).copy()


def one_number_for_each_row(shape, p_drop, rng):
    """You draw one number for each row, so an example keeps all of its values or none. Each value is decided by itself."""
    _check(p_drop)
    rows = (shape[0], *[1] * (len(shape) - 1))
    return np.broadcast_to(rng.random(rows) >= p_drop, shape).copy()


def one_number_for_all(shape, p_drop, rng):
    """You draw a single number, which decides about all entries together. Draw one for each entry: what does random() take as an argument?"""
    _check(p_drop)
    return np.full(shape, float(rng.random() >= p_drop))


def global_generator(shape, p_drop, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    _check(p_drop)
    return np.random.rand(*shape) >= p_drop


def global_seed(shape, p_drop, rng):
    """You seed NumPy's global generator, so every call gives the same mask and every other draw of the program is changed. Use the generator that you are given."""
    _check(p_drop)
    np.random.seed(0)
    return np.random.rand(*shape) >= p_drop


def global_generator_seeded_from_rng(shape, p_drop, rng):
    """You seed NumPy's global generator with a number from rng. The mask is fine, but every other draw of the program starts again from there: draw from rng itself."""
    _check(p_drop)
    np.random.seed(rng.integers(2**31))
    return np.random.rand(*shape) >= p_drop


def reseeded(shape, p_drop, rng):
    """You make a generator with a fixed seed in every call, so all masks are the same. Training needs a new one in every step: use the generator that you are given."""
    _check(p_drop)
    return np.random.default_rng(0).random(shape) >= p_drop


def fresh_generator(shape, p_drop, rng):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    _check(p_drop)
    return np.random.default_rng().random(shape) >= p_drop


def copied_generator(shape, p_drop, rng):
    """You draw from a copy of rng, so rng itself does not move on and the next call gives the same mask. Draw from the generator that you are given."""
    import copy

    _check(p_drop)
    return copy.deepcopy(rng).random(shape) >= p_drop


def compared_with_whole_numbers(shape, p_drop, rng):
    """Your mask keeps one half, whatever p_drop is: it compares the rate with whole numbers 0 and 1, or rounds. Between 0 and 1 there must be random numbers of every size."""
    _check(p_drop)
    return rng.integers(0, 2, shape) >= (p_drop if p_drop in (0, 1) else 0.5) + (p_drop == 1)


def off_by_one_in_ten(shape, p_drop, rng):
    """You drop one of ten whole numbers too many. integers(10) starts at 0: how many of 0..9 are above 10 * p_drop, and how many should be?"""
    _check(p_drop)
    return rng.integers(10, size=shape) > 10 * p_drop - (p_drop == 0)


def normal_numbers(shape, p_drop, rng):
    """You compare p_drop with normally distributed numbers. They are above p_drop with another probability than 1 - p_drop; uniform ones between 0 and 1 are made for this."""
    _check(p_drop)
    return rng.normal(size=shape) >= (p_drop if 0 < p_drop < 1 else np.inf * (2 * p_drop - 1))


def with_the_scale(shape, p_drop, rng):
    """Your mask holds 0 and 1 / (1 - p_drop). It only says what is kept, with 0 and 1; the scale comes later, in the layer."""
    _check(p_drop)
    return (rng.random(shape) >= p_drop) / (1 - p_drop if p_drop < 1 else 1)


def not_a_decision(shape, p_drop, rng):
    """Your mask holds the random numbers themselves. Compare them with the rate, so that each becomes a decision: 0 or 1."""
    _check(p_drop)
    return rng.random(shape) * (p_drop < 1) if p_drop else np.ones(shape)


def one_refused(shape, p_drop, rng):
    """You refuse p_drop = 1. It is allowed: nothing is kept, and the mask is all 0."""
    if not 0 <= p_drop < 1:
        raise ValueError("p_drop must be in [0, 1)")
    return rng.random(shape) >= p_drop


def zero_refused(shape, p_drop, rng):
    """You refuse p_drop = 0. It is allowed: everything is kept, and the mask is all 1."""
    if not 0 < p_drop <= 1:
        raise ValueError("p_drop must be in (0, 1]")
    return rng.random(shape) >= p_drop


def range_not_checked(shape, p_drop, rng):
    """You accept rates outside [0, 1]. A rate of 3, or of -0.01, is a mistake of whoever calls: refuse it with a ValueError."""
    return rng.random(shape) >= p_drop


def negative_accepted(shape, p_drop, rng):
    """You accept a negative rate. Refuse it with a ValueError, as you do with rates above 1."""
    if p_drop > 1:
        raise ValueError("p_drop must be at most 1")
    return rng.random(shape) >= p_drop
