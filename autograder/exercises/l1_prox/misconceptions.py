"""Believable wrong answers to l1_penalty and soft_threshold. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _lam(lam):
    if lam < 0:
        raise ValueError("lam must not be negative")


def _t(t):
    if t < 0:
        raise ValueError("t must not be negative")


@replaces("l1_penalty")
def slope_one_at_zero(w, lam):
    """Your subgradient is lam at w = 0. At the kink, 0 is asked for (as in torch): a weight that has reached 0 is not pushed away."""
    _lam(lam)
    return lam * np.abs(w).sum(), lam * np.where(w >= 0, 1.0, -1.0)


@replaces("l1_penalty")
def slope_minus_one_at_zero(w, lam):
    """Your subgradient is -lam at w = 0. At the kink, 0 is asked for (as in torch): a weight that has reached 0 is not pushed away."""
    _lam(lam)
    return lam * np.abs(w).sum(), lam * np.where(w > 0, 1.0, -1.0)


@replaces("l1_penalty")
def divided_by_its_size(w, lam):
    """Your subgradient divides w by |w|, which is nan where a weight is 0. NumPy has a function for the sign."""
    _lam(lam)
    with np.errstate(all="ignore"):
        return lam * np.abs(w).sum(), lam * w / np.abs(w)


@replaces("l1_penalty")
def value_without_lam(w, lam):
    """Your value does not depend on lam. It multiplies the penalty and its slope alike."""
    _lam(lam)
    return np.abs(w).sum() * 1.0, lam * np.sign(w)


@replaces("l1_penalty")
def slope_without_lam(w, lam):
    """Your subgradient does not depend on lam. It multiplies the penalty and its slope alike."""
    _lam(lam)
    return lam * np.abs(w).sum(), np.sign(w) * 1.0


@replaces("l1_penalty")
def slope_of_l2(w, lam):
    """Your subgradient grows with w. That is the slope of an L2 penalty; the one of |w| only knows the sign."""
    _lam(lam)
    return lam * np.abs(w).sum(), lam * w


@replaces("l1_penalty")
def slope_of_the_square(w, lam):
    """Your subgradient is 2 lam w, the slope of a sum of squares. The slope of |w| only knows the sign."""
    _lam(lam)
    return lam * np.abs(w).sum(), 2 * lam * w


@replaces("l1_penalty")
def squares_summed(w, lam):
    """Your value sums squares, which is the L2 penalty. L1 sums sizes."""
    _lam(lam)
    return lam * np.square(w).sum(), lam * np.sign(w)


@replaces("l1_penalty")
def mean_size(w, lam):
    """Your value is a mean over the weights. The penalty is the sum: every weight has its price, however many there are."""
    _lam(lam)
    return lam * np.abs(w).mean(), lam * np.sign(w)


@replaces("l1_penalty")
def signed_sum(w, lam):
    """Your value adds the weights with their signs, so that they cancel. The sizes are to be added."""
    _lam(lam)
    return lam * np.sum(w), lam * np.sign(w)


@replaces("l1_penalty")
def value_by_row(w, lam):
    """Your value is a number for each row of w. It should be one number for all weights."""
    _lam(lam)
    return lam * np.abs(w).sum(axis=-1), lam * np.sign(w)


@replaces("l1_penalty")
def slope_only_of_positive(w, lam):
    """Your subgradient is 0 for negative weights. The penalty falls there with slope -lam."""
    _lam(lam)
    return lam * np.abs(w).sum(), lam * (w > 0)


@replaces("l1_penalty")
def penalty_overwrites(w, lam):
    """You write the sizes into the caller's w. The weights lose their signs for good."""
    _lam(lam)
    sign = np.sign(w)
    np.abs(w, out=w)
    return lam * w.sum(), lam * sign


@replaces("soft_threshold")
def hard_threshold(w, t):
    """You keep the weights beyond t as they are. That is the hard threshold: survivors must shrink, too."""
    _t(t)
    return w * (np.abs(w) > t)


@replaces("soft_threshold")
def negatives_lost(w, t):
    """All your negative weights become 0. Work with sizes, and put the sign back afterwards."""
    _t(t)
    return np.maximum(w - t, 0)


@replaces("soft_threshold")
def sign_lost(w, t):
    """Your result is never negative. The size shrinks, and the sign has to come back."""
    _t(t)
    return np.maximum(np.abs(w) - t, 0)


@replaces("soft_threshold")
def crosses_zero(w, t):
    """You subtract t sign(w) from every weight, so small ones cross 0 and come out on the other side. They stop at 0."""
    _t(t)
    return w - t * np.sign(w)


@replaces("soft_threshold")
def clipped(w, t):
    """You cut everything down to the range from -t to t. That is the part to be taken away; the rest is the answer."""
    _t(t)
    return np.clip(w, -t, t)


@replaces("soft_threshold")
def shrunk_by_a_factor(w, t):
    """You divide by 1 + t, as an L2 penalty would. That never gives a zero; L1 takes the same amount from every weight."""
    _t(t)
    return w / (1 + t)


@replaces("soft_threshold")
def small_ones_kept(w, t):
    """Your small weights stay as they are. Whatever is nearer to 0 than t ends at 0."""
    _t(t)
    return np.where(np.abs(w) > t, w - t * np.sign(w), w)


@replaces("soft_threshold")
def twice_the_threshold(w, t):
    """You subtract 2 t. With the 1/2 in front of the square, the price t moves a weight by t."""
    _t(t)
    return np.sign(w) * np.maximum(np.abs(w) - 2 * t, 0)


@replaces("soft_threshold")
def half_the_threshold(w, t):
    """You subtract t / 2. With the 1/2 in front of the square, the price t moves a weight by t."""
    _t(t)
    return np.sign(w) * np.maximum(np.abs(w) - t / 2, 0)


@replaces("soft_threshold")
def threshold_overwrites(w, t):
    """You write into the caller's w. Return a new array; an optimizer that wants to compare needs the old one."""
    _t(t)
    u = np.sign(w) * np.maximum(np.abs(w) - t, 0)
    if w.dtype.kind == "f":
        w[...] = u
    return u
