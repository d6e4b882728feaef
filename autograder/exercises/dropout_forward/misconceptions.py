"""Believable wrong answers to dropout_forward. Each docstring is what a good tutor would say."""

import copy

import numpy as np


def _check(p_drop):
    if not 0 <= p_drop <= 1:
        raise ValueError("p_drop must be in [0, 1]")


def _mask(x, p_drop, rng):
    return (rng.random(np.shape(x)) >= p_drop).astype(float)


def _dropout(x, p_drop, rng, train, *, mask=_mask, scale=lambda p: 1 / (1 - p) if p < 1 else 0.0):
    _check(p_drop)
    x = np.asarray(x)
    if not train:
        return x, np.ones(x.shape)
    kept = mask(x, p_drop, rng)
    return x * kept * scale(p_drop), kept


def no_scaling(x, p_drop, rng, train):
    """You do not scale what is kept, so activations at test time are 1 / (1 - p_drop) times those of training. What has to be done in training to make the means agree?"""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1)


def classic_convention(x, p_drop, rng, train):
    """You built dropout as first published: nothing is scaled in training, everything is multiplied by 1 - p_drop at test time. Inverted dropout scales in training and leaves test time alone."""
    y, mask = _dropout(x, p_drop, rng, train, scale=lambda p: 1)
    return (y if train else y * (1 - p_drop)), mask


def divided_by_p_drop(x, p_drop, rng, train):
    """You divide by p_drop. The mean shrinks to the share that is kept, so that share, 1 - p_drop, is what you divide by; at 0.5 one does not see the difference."""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1 / p if 0 < p < 1 else float(p == 0))


def multiplied_by_keep(x, p_drop, rng, train):
    """You multiply by 1 - p_drop in training. Dropping has made the mean smaller already: divide."""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1 - p)


def scaled_in_test(x, p_drop, rng, train):
    """You scale in training and again at test time. One of them is enough: here test time is left alone."""
    y, mask = _dropout(x, p_drop, rng, train)
    return (y if train else y * (1 - p_drop)), mask


def scaled_up_in_test(x, p_drop, rng, train):
    """You divide by 1 - p_drop at test time, too. Nothing was dropped there, so there is nothing to make up for."""
    y, mask = _dropout(x, p_drop, rng, train)
    return (y if train or p_drop == 1 else y / (1 - p_drop)), mask


def dropped_in_test(x, p_drop, rng, train):
    """You drop at test time, too: train does not matter in your function. A prediction must not depend on luck."""
    return _dropout(x, p_drop, rng, True)


def mode_reversed(x, p_drop, rng, train):
    """You drop at test time and leave training alone: train is the other way round."""
    return _dropout(x, p_drop, rng, not train)


def nan_at_one(x, p_drop, rng, train):
    """With p_drop = 1 you get 0 / 0, which is nan, and nan spreads through the whole network. Nothing is kept then: return zeros."""
    with np.errstate(all="ignore"):
        return _dropout(x, p_drop, rng, train, scale=lambda p: np.float64(1) / (1 - p))


def division_by_zero_at_one(x, p_drop, rng, train):
    """With p_drop = 1 your scale 1 / (1 - p_drop) is a division by zero. Nothing is kept then: return zeros without dividing."""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1 / (1 - p))


def one_refused(x, p_drop, rng, train):
    """You refuse p_drop = 1. It is allowed: nothing is kept, and y is all 0."""
    if not 0 <= p_drop < 1:
        raise ValueError("p_drop must be in [0, 1)")
    return _dropout(x, p_drop, rng, train)


def mask_of_one_row(x, p_drop, rng, train):
    """Your mask is drawn for one row and meets all of them by broadcasting. Every example needs a mask of its own: draw it in the shape of x."""
    return _dropout(x, p_drop, rng, train, mask=lambda x, p, rng: _mask(x[0], p, rng))


def one_row_repeated(x, p_drop, rng, train):
    """All rows of your mask are the same. Every example of a batch trains a thinned network of its own: draw the mask in the shape of x."""
    return _dropout(x, p_drop, rng, train, mask=lambda x, p, rng: np.zeros(x.shape) + _mask(x[0], p, rng))


def keep_and_drop_swapped(x, p_drop, rng, train):
    """You keep with probability p_drop and drop with 1 - p_drop, while the scale is right for the opposite. p_drop is the share that goes."""
    return _dropout(x, p_drop, rng, train, mask=lambda x, p, rng: 1 - _mask(x, p, rng))


def mask_of_the_dropped(x, p_drop, rng, train):
    """The mask that you return is 1 where a value was dropped. It is 1 where the value was kept, so that x * mask drops the others."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y, 1 - mask if train else mask


def mask_with_the_scale(x, p_drop, rng, train):
    """The mask that you return holds 1 / (1 - p_drop) in the place of 1. It says only what is kept; whoever uses it, such as dropout_backward, scales by itself."""
    _check(p_drop)
    y, mask = _dropout(x, p_drop, rng, train)
    return y, mask / (1 - p_drop) if train and p_drop < 1 else mask


def mask_from_the_output(x, p_drop, rng, train):
    """You read the mask off y. A value that was 0 already, as half of them are after a ReLU, then counts as dropped although it was kept: return the mask that you drew."""
    y, _ = _dropout(x, p_drop, rng, train)
    return y, (y != 0).astype(float) if train and p_drop else np.ones(np.shape(x))


def no_mask_in_test(x, p_drop, rng, train):
    """You return no mask at test time. Nothing is dropped there, so the mask is all 1, of the shape of x."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y, mask if train else None


def zero_mask_in_test(x, p_drop, rng, train):
    """Your mask at test time is all 0. It says what is kept, and at test time that is everything."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y, mask if train else 0 * mask


def in_place(x, p_drop, rng, train):
    """Your y is right, but you wrote it into x. The caller's array has changed, and the backward pass of the layer before needs it: make a new array."""
    y, mask = _dropout(x, p_drop, rng, train)
    if train and x.dtype.kind == "f":
        x[...] = y
        y = x
    return y, mask


def whole_numbers_truncated(x, p_drop, rng, train):
    """You write the scaled values into an array of the kind of x, so whole numbers lose what is behind the point. Make y a floating-point array."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y.astype(np.asarray(x).dtype), mask


def global_generator(x, p_drop, rng, train):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _dropout(x, p_drop, np.random, train, mask=lambda x, p, _: (np.random.rand(*x.shape) >= p).astype(float))


def reseeded(x, p_drop, rng, train):
    """You make a generator with a fixed seed in every call, so the same values are dropped in every step. Use the generator that you are given."""
    return _dropout(x, p_drop, np.random.default_rng(0), train)


def fresh_generator(x, p_drop, rng, train):
    """You make a generator of your own without a seed, so nobody can repeat the experiment. Use the one that you are given."""
    return _dropout(x, p_drop, np.random.default_rng(), train)


def copied_generator(x, p_drop, rng, train):
    """You draw from a copy of rng, so rng does not move on and the next call drops the same values. Draw from the generator that you are given."""
    state = rng.bit_generator.state
    result = _dropout(x, p_drop, rng, train)
    rng.bit_generator.state = copy.deepcopy(state)
    return result


def range_not_checked(x, p_drop, rng, train):
    """You accept rates outside [0, 1]. Refuse them with a ValueError that names p_drop."""
    x = np.asarray(x)
    if not train:
        return x, np.ones(x.shape)
    mask = _mask(x, p_drop, rng)
    return x * mask * (1 / (1 - p_drop) if p_drop != 1 else 0.0), mask
