"""Believable wrong answers to dropout_backward. Each docstring is what a good tutor would say."""

import numpy as np


def _check(dy, mask):
    if np.shape(dy) != np.shape(mask):
        raise ValueError("mask must have the shape of dy")
    return np.asarray(dy), np.asarray(mask, dtype=float)


def _scale(p_drop):
    return 1 / (1 - p_drop) if p_drop < 1 else 0.0


def no_scaling(dy, mask, p_drop):
    """You let the gradient pass unscaled. Forward multiplied what it kept by 1 / (1 - p_drop), so backward must as well."""
    dy, mask = _check(dy, mask)
    return dy * mask


def new_mask(dy, mask, p_drop):
    """You draw a new mask. The gradient belongs to the pass that was made: use the mask that you are given."""
    dy, mask = _check(dy, mask)
    return dy * (np.random.default_rng(3).random(dy.shape) >= p_drop) * _scale(p_drop)


def mask_left_out(dy, mask, p_drop):
    """You scale the gradient and do not mask it. A value that was dropped had no influence on y, so its gradient is 0."""
    dy, mask = _check(dy, mask)
    return dy * _scale(p_drop)


def mask_without_dy(dy, mask, p_drop):
    """You return the slope of y alone. The chain rule multiplies it with dy, what comes from the layer above."""
    dy, mask = _check(dy, mask)
    return mask * _scale(p_drop)


def divided_by_p_drop(dy, mask, p_drop):
    """You divide by p_drop. Forward divided by 1 - p_drop, the probability to keep, and the gradient has the same factor."""
    dy, mask = _check(dy, mask)
    return dy * mask / p_drop if p_drop else dy * mask


def multiplied_by_keep(dy, mask, p_drop):
    """You multiply by 1 - p_drop. A factor in the forward pass is the same factor in the backward pass, not its inverse: divide."""
    dy, mask = _check(dy, mask)
    return dy * mask * (1 - p_drop)


def scaled_twice(dy, mask, p_drop):
    """You divide by 1 - p_drop twice. The mask holds 0 and 1, and the scale of the forward pass comes in once."""
    dy, mask = _check(dy, mask)
    return dy * mask * _scale(p_drop) ** 2


def as_in_relu(dy, mask, p_drop):
    """You let the gradient pass where it is positive. That is no layer at all: ReLU looks at its input, dropout at its mask, and a gradient may have any sign."""
    dy, mask = _check(dy, mask)
    return np.where(dy > 0, dy, 0) * _scale(p_drop)


def mask_reversed(dy, mask, p_drop):
    """You let the gradient pass where the mask is 0. 1 means kept: there it passes."""
    dy, mask = _check(dy, mask)
    return dy * (1 - mask) * _scale(p_drop)


def nan_at_one(dy, mask, p_drop):
    """With p_drop = 1 you get 0 / 0, which is nan. Nothing was kept then, so the gradient is 0."""
    dy, mask = _check(dy, mask)
    with np.errstate(all="ignore"):
        return dy * mask / (1 - np.float64(p_drop))


def division_by_zero_at_one(dy, mask, p_drop):
    """With p_drop = 1 your scale 1 / (1 - p_drop) is a division by zero. Nothing was kept then: return zeros without dividing."""
    dy, mask = _check(dy, mask)
    return dy * mask * (1 / (1 - p_drop))


def in_place(dy, mask, p_drop):
    """Your dx is right, but you wrote it into dy. Whoever called still needs that array: make a new one."""
    _, float_mask = _check(dy, mask)
    if dy.dtype.kind != "f":
        return dy * float_mask * _scale(p_drop)
    dy *= float_mask
    dy *= _scale(p_drop)
    return dy


def mask_in_place(dy, mask, p_drop):
    """Your dx is right, but you wrote the scale into the mask. The mask belongs to the caller and must still hold 0 and 1 afterwards."""
    _check(dy, mask)
    if mask.dtype.kind != "f":
        return dy * mask * _scale(p_drop)
    mask *= _scale(p_drop)
    return dy * mask


def shapes_not_compared(dy, mask, p_drop):
    """You accept a mask of another shape if NumPy can broadcast it. A mask of one row would then drop the same values in all of them: compare the shapes and refuse with a ValueError."""
    return np.asarray(dy) * np.asarray(mask, dtype=float) * _scale(p_drop)
