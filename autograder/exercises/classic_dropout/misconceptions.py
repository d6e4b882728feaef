"""Believable wrong answers to classic_dropout. Each docstring is what a good tutor would say."""

import itertools

import numpy as np

from autograder.exercise import replaces


def _rate(p_keep):
    if not 0 <= p_keep <= 1:
        raise ValueError("p_keep must be in [0, 1]")


def _few(theta):
    if len(theta) > 20:
        raise ValueError("theta has more than 20 entries")


def _sum(theta, x, p_keep, *, probability, scale=1.0, masks=None):
    _rate(p_keep)
    _few(theta)
    total = 0.0
    for mask in masks or itertools.product((0, 1), repeat=len(theta)):
        k, n = sum(mask), len(mask)
        total += probability(p_keep, k, n) * scale * float(np.sum(np.multiply(theta, x) * mask))
    return total


def _right(p, k, n):
    return p**k * (1 - p) ** (n - k)


# ---- classic_train -----------------------------------------------------------------------------------------


@replaces("classic_train")
def scaled_in_training(x, mask):
    """You scale what is kept. That is inverted dropout; the classic form leaves training alone and makes up for it at test time."""
    mask = np.asarray(mask, dtype=float)
    return x * mask / max(mask.mean(), 1e-12)


@replaces("classic_train")
def mask_reversed(x, mask):
    """You keep where the mask is 0. A mask is 1 where a value is kept."""
    return x * (1 - np.asarray(mask, dtype=float))


@replaces("classic_train")
def in_place(x, mask):
    """Your y is right, but you wrote it into x. The caller still needs x: make a new array."""
    if x.dtype.kind != "f":
        return x * np.asarray(mask)
    x *= mask
    return x


@replaces("classic_train")
def only_what_is_kept(x, mask):
    """You return only the values that are kept, so the shape is lost. What is dropped stays in its place, as a 0."""
    return np.asarray(x)[np.asarray(mask) == 1]


# ---- classic_test_weights --------------------------------------------------------------------------------


@replaces("classic_test_weights")
def divided(W, p_keep):
    """You divide by p_keep. At test time more units are on than in training, so weights must shrink: with 1/2 your layer receives 4 times the mean of training."""
    _rate(p_keep)
    with np.errstate(all="ignore"):
        return np.asarray(W) / np.float64(p_keep)


@replaces("classic_test_weights")
def times_drop(W, p_keep):
    """You multiply by 1 - p_keep, the share that was dropped. In training the layer received the share that was kept; at 1/2 one does not see the difference."""
    _rate(p_keep)
    return (1 - p_keep) * np.asarray(W)


@replaces("classic_test_weights")
def halved(W, p_keep):
    """You halve the weights whatever p_keep is. Halving is the special case of keeping one half."""
    _rate(p_keep)
    return 0.5 * np.asarray(W)


@replaces("classic_test_weights")
def not_scaled(W, p_keep):
    """You leave the weights alone. In training a share of 1 - p_keep of the inputs was missing and now all are there, so the sum is too large."""
    _rate(p_keep)
    return np.array(W, dtype=float)


@replaces("classic_test_weights")
def last_column_spared(W, p_keep):
    """You leave the last column alone, as if it were a bias. It is true that a bias is not scaled, but W holds none: its columns are all units that were dropped at times."""
    _rate(p_keep)
    scaled = p_keep * np.asarray(W, dtype=float)
    scaled[:, -1] = np.asarray(W)[:, -1]
    return scaled


@replaces("classic_test_weights")
def random_weights_dropped(W, p_keep):
    """You draw a mask for the weights. At test time nothing is random: all units are on, and every weight is scaled by the same number."""
    _rate(p_keep)
    return np.asarray(W) * (np.random.default_rng(0).random(np.shape(W)) < p_keep)


@replaces("classic_test_weights")
def weights_in_place(W, p_keep):
    """Your result is right, but you scaled W itself. The next call would scale it again, and training could not go on: make a new array."""
    _rate(p_keep)
    if W.dtype.kind != "f":
        return p_keep * W
    W *= p_keep
    return W


@replaces("classic_test_weights")
def rate_of_the_weights_not_checked(W, p_keep):
    """classic_test_weights accepts a p_keep outside [0, 1]. Refuse it with a ValueError that names p_keep."""
    return p_keep * np.asarray(W)


# ---- expected_preactivation ------------------------------------------------------------------------------


@replaces("expected_preactivation")
def equal_probabilities(theta, x, p_keep):
    """All of your masks count the same, 1 / 2^n. They are equally likely only for p_keep = 1/2; in general a mask with k ones has the probability p_keep^k (1 - p_keep)^(n - k)."""
    return _sum(theta, x, p_keep, probability=lambda p, k, n: 0.5**n)


@replaces("expected_preactivation")
def empty_mask_left_out(theta, x, p_keep):
    """You leave out the mask that drops everything and share its probability among the others. It adds 0 to the sum, but its probability is not to be given away."""
    return _sum(
        theta, x, p_keep,
        probability=lambda p, k, n: _right(p, k, n) / (1 - (1 - p) ** n) if p else 0.0,
    )  # fmt: skip


@replaces("expected_preactivation")
def dropped_inputs_not_counted(theta, x, p_keep):
    """Your probability of a mask is p_keep^k alone. The n - k inputs that it drops have to be dropped, too: each contributes a factor 1 - p_keep."""
    return _sum(theta, x, p_keep, probability=lambda p, k, n: p**k)


@replaces("expected_preactivation")
def keep_and_drop_swapped(theta, x, p_keep):
    """A mask with k ones has k factors 1 - p_keep in your sum. A one is a kept input, and that has the probability p_keep."""
    return _sum(theta, x, p_keep, probability=lambda p, k, n: _right(1 - p, k, n))


@replaces("expected_preactivation")
def masks_are_scaled(theta, x, p_keep):
    """You divide what is kept by p_keep. That is inverted dropout; here training is not scaled, and the mean shows by how much it is too small."""
    return _sum(theta, x, p_keep, probability=_right, scale=1 / p_keep if p_keep else 0.0)


@replaces("expected_preactivation")
def numbers_kept_instead_of_masks(theta, x, p_keep):
    """You add one term for each number of kept inputs and keep the first k. There are many masks with k ones, and they keep different inputs: go through all 2^n."""
    n = len(theta)
    masks = [(1,) * k + (0,) * (n - k) for k in range(n + 1)]
    return _sum(theta, x, p_keep, probability=lambda p, k, n: _right(p, k, n), masks=masks)


@replaces("expected_preactivation")
def full_mask_left_out(theta, x, p_keep):
    """Your masks stop one short: range(2**n - 1) leaves out the mask that keeps everything. Count from 0 to 2**n - 1."""
    masks = list(itertools.product((0, 1), repeat=len(theta)))[:-1] if len(theta) <= 20 else None
    return _sum(theta, x, p_keep, probability=_right, masks=masks or [(0,) * len(theta)])


@replaces("expected_preactivation")
def mean_of_the_largest(theta, x, p_keep):
    """You take the likeliest mask in the place of the mean. A mean is a sum over all masks, each with its probability."""
    _rate(p_keep)
    _few(theta)
    return float(np.dot(theta, x)) * (p_keep > 0.5)


@replaces("expected_preactivation")
def drawn_at_random(theta, x, p_keep):
    """You draw masks at random and average. That comes near the mean but does not reach it; with n inputs there are only 2^n masks, so add them all up."""
    _rate(p_keep)
    _few(theta)
    masks = np.random.default_rng(0).random((1000, len(theta))) < p_keep
    return float((masks @ np.multiply(theta, x)).mean())


@replaces("expected_preactivation")
def nonlinear(theta, x, p_keep):
    """You apply a ReLU before you average. The question is about the sum that enters the unit; after a nonlinearity the weight scaling rule is no longer exact."""
    _rate(p_keep)
    _few(theta)
    return sum(
        _right(p_keep, sum(mask), len(mask)) * max(0.0, float(np.sum(np.multiply(theta, x) * mask)))
        for mask in itertools.product((0, 1), repeat=len(theta))
    )


@replaces("expected_preactivation")
def too_many_accepted(theta, x, p_keep):
    """You accept any number of inputs. With 64 there are 2^64 masks, and nobody lives that long: refuse more than 20 with a ValueError."""
    _rate(p_keep)
    return float(np.dot(theta, x)) * p_keep


@replaces("expected_preactivation")
def rate_of_the_mean_not_checked(theta, x, p_keep):
    """expected_preactivation accepts a p_keep outside [0, 1]. Refuse it with a ValueError that names p_keep."""
    _few(theta)
    return float(np.dot(theta, x)) * p_keep
