"""Believable wrong answers to channel_dropout. Each docstring is what a good tutor would say."""

import numpy as np


def _check(x, p_drop):
    if not 0 <= p_drop <= 1:
        raise ValueError("p_drop must be in [0, 1]")
    if np.ndim(x) != 4:
        raise ValueError("x must have 4 axes")


def _dropout(x, p_drop, rng, train, *, shape=lambda x: (*x.shape[:2], 1, 1), scale=None, draw=None):
    _check(x, p_drop)
    x = np.asarray(x)
    if not train:
        return x, np.ones((*x.shape[:2], 1, 1))
    draw = draw or (lambda size: (rng.random(size) >= p_drop).astype(float))
    scale = scale or (lambda p: 1 / (1 - p) if p < 1 else 0.0)
    mask = draw(shape(x))
    return x * mask * scale(p_drop), mask


def single_pixels(x, p_drop, rng, train):
    """You drop single pixels. Their neighbours tell what they were; here the H * W values of a map are kept or dropped together."""
    return _dropout(x, p_drop, rng, train, shape=np.shape)


def same_channels_for_all(x, p_drop, rng, train):
    """Your mask (1, C, 1, 1) drops the same channels in the whole batch. Every example needs a mask of its own."""
    return _dropout(x, p_drop, rng, train, shape=lambda x: (1, x.shape[1], 1, 1))


def same_channels_repeated(x, p_drop, rng, train):
    """Your mask has the right shape, but all of its rows are equal. Every example needs a mask of its own: draw N * C decisions."""
    return _dropout(x, p_drop, rng, train, draw=lambda s: np.zeros(s) + (rng.random((1, s[1], 1, 1)) >= p_drop))


def positions(x, p_drop, rng, train):
    """Your mask (N, 1, H, W) drops positions, through all channels. Dropped together are the values of one map, not those of one place."""
    return _dropout(x, p_drop, rng, train, shape=lambda x: (x.shape[0], 1, *x.shape[2:]))


def whole_examples(x, p_drop, rng, train):
    """Your mask (N, 1, 1, 1) drops all maps of an example together. Each map is decided by itself: N * C decisions."""
    return _dropout(x, p_drop, rng, train, shape=lambda x: (x.shape[0], 1, 1, 1))


def channels_last(x, p_drop, rng, train):
    """Your mask lies along the last axis, as if the channels came last. Images here are (N, C, H, W): the channel is axis 1."""
    return _dropout(x, p_drop, rng, train, shape=lambda x: (x.shape[0], 1, 1, x.shape[3]))


def surviving_fraction(x, p_drop, rng, train):
    """You divide by the share of maps that happened to survive in each example. The scale is fixed, 1 / (1 - p_drop): only then do all examples share one network whose mean is right."""
    _check(x, p_drop)
    x = np.asarray(x)
    shape = (*x.shape[:2], 1, 1)
    if not train:
        return x, np.ones(shape)
    mask = (rng.random(shape) >= p_drop).astype(float)
    return x * mask / np.maximum(mask.mean(axis=1, keepdims=True), 1e-12), mask


def scaled_in_test(x, p_drop, rng, train):
    """You scale in training and again at test time. One of them is enough: here test time is left alone."""
    y, mask = _dropout(x, p_drop, rng, train)
    return (y if train else y * (1 - p_drop)), mask


def dropped_in_test(x, p_drop, rng, train):
    """You drop maps at test time, too: train does not matter in your function. A prediction must not depend on luck."""
    return _dropout(x, p_drop, rng, True)


def mode_reversed(x, p_drop, rng, train):
    """You drop at test time and leave training alone: train is the other way round."""
    return _dropout(x, p_drop, rng, not train)


def no_scaling(x, p_drop, rng, train):
    """You do not scale the maps that are kept. The next layer would receive more at test time than it ever did in training: divide by 1 - p_drop."""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1.0)


def classic_convention(x, p_drop, rng, train):
    """You leave training unscaled and multiply at test time. That is dropout as first published; here training is scaled and test time left alone."""
    y, mask = _dropout(x, p_drop, rng, train, scale=lambda p: 1.0)
    return (y if train else y * (1 - p_drop)), mask


def divided_by_p_drop(x, p_drop, rng, train):
    """You divide by p_drop. Divide by the probability to keep, 1 - p_drop; at 0.5 one does not see the difference."""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1 / p if 0 < p < 1 else float(p == 0))


def keep_and_drop_swapped(x, p_drop, rng, train):
    """You keep a map with probability p_drop. p_drop is the share that goes."""
    return _dropout(x, p_drop, rng, train, draw=lambda size: (rng.random(size) < p_drop).astype(float))


def fixed_number_of_maps(x, p_drop, rng, train):
    """Every example of yours loses the same number of maps. Each map is decided by itself, so their number varies."""

    def draw(size):
        mask = np.ones(size)
        mask[:, : round(size[1] * p_drop)] = 0
        return rng.permuted(mask, axis=1)

    return _dropout(x, p_drop, rng, train, draw=draw)


def mask_of_full_size(x, p_drop, rng, train):
    """You return the mask in the full size of x. One entry for each map is all there is to say: (N, C, 1, 1)."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y, np.broadcast_to(mask, np.shape(x)).copy()


def mask_without_the_ones(x, p_drop, rng, train):
    """Your mask has the shape (N, C). Its shape is to be (N, C, 1, 1), so that it meets x by broadcasting."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y, mask[:, :, 0, 0]


def mask_with_the_scale(x, p_drop, rng, train):
    """The mask that you return holds 1 / (1 - p_drop) in the place of 1. It says only what is kept; the scale is the affair of whoever uses it."""
    y, mask = _dropout(x, p_drop, rng, train)
    return y, mask / (1 - p_drop) if train and p_drop < 1 else mask


def nan_at_one(x, p_drop, rng, train):
    """With p_drop = 1 you get 0 / 0, which is nan. Nothing is kept then: return zeros."""
    with np.errstate(all="ignore"):
        return _dropout(x, p_drop, rng, train, scale=lambda p: np.float64(1) / (1 - p))


def division_by_zero_at_one(x, p_drop, rng, train):
    """With p_drop = 1 your scale 1 / (1 - p_drop) is a division by zero. Nothing is kept then: return zeros without dividing."""
    return _dropout(x, p_drop, rng, train, scale=lambda p: 1 / (1 - p))


def in_place(x, p_drop, rng, train):
    """Your y is right, but you wrote it into x. The layer before needs its output for the backward pass: make a new array."""
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
    return _dropout(x, p_drop, rng, train, draw=lambda size: (np.random.rand(*size) >= p_drop).astype(float))


def reseeded(x, p_drop, rng, train):
    """You make a generator with a fixed seed in every call, so the same maps are dropped in every step. Use the generator that you are given."""
    return _dropout(x, p_drop, np.random.default_rng(0), train)


def shape_not_checked(x, p_drop, rng, train):
    """You accept an x without four axes. Which of its axes are a map? Refuse it with a ValueError that names x."""
    x = np.asarray(x)
    if x.ndim == 4:
        return _dropout(x, p_drop, rng, train)
    _check(np.zeros((1, 1, 1, 1)), p_drop)
    mask = np.ones((*x.shape[:2], *[1] * (x.ndim - 2)))
    if not train:
        return x, mask
    mask = (rng.random(mask.shape) >= p_drop).astype(float)
    return x * mask, mask


def range_not_checked(x, p_drop, rng, train):
    """You accept rates outside [0, 1]. Refuse them with a ValueError that names p_drop."""
    if 0 <= p_drop <= 1 or np.ndim(x) != 4:
        return _dropout(x, p_drop, rng, train)
    mask = (rng.random((*np.shape(x)[:2], 1, 1)) >= p_drop).astype(float)
    return x * mask / (1 - p_drop), mask
