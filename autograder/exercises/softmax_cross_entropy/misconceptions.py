"""Believable wrong answers to softmax and cross_entropy. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _log_softmax(s):
    shifted = s - s.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _rows(s, t):
    """Targets as rows of probabilities; bad ones are refused as they should be."""
    n, classes = s.shape
    if t.shape == (n,):
        if t.min() < 0 or t.max() >= classes:
            raise ValueError("t must hold labels in 0..C-1")
        return np.eye(classes)[t]
    if t.shape != s.shape:
        raise ValueError("t has the wrong shape")
    return t


def _answer(s, t, loss=None, ds=None):
    """The right loss and gradient, except for what is given."""
    s, t = np.asarray(s, dtype=float), np.asarray(t)
    t, log_p = _rows(s, t), _log_softmax(s)
    right_loss, right_ds = -np.sum(t * log_p) / len(s), (np.exp(log_p) - t) / len(s)
    return (
        float(right_loss if loss is None else loss(s, t, log_p)),
        right_ds if ds is None else ds(t, np.exp(log_p)),
    )


# ---- softmax ---------------------------------------------------------------------------------------------


@replaces("softmax")
def no_shift(s):
    """exp of a large score is infinite, and infinity divided by infinity is nan. Subtract the maximum of each row first: it changes no probability."""
    e = np.exp(np.asarray(s, dtype=float))
    return e / e.sum(axis=1, keepdims=True)


@replaces("softmax")
def one_maximum_for_all(s):
    """You subtract one maximum of the whole matrix. A row far below it becomes 0 divided by 0; every row needs its own maximum."""
    e = np.exp(s - np.max(s))
    return e / e.sum(axis=1, keepdims=True)


@replaces("softmax")
def columns_normalized(s):
    """Your columns sum to 1. The classes of one example are in a row, so the rows must."""
    e = np.exp(s - np.max(s, axis=0))
    return e / e.sum(axis=0)


@replaces("softmax")
def everything_normalized(s):
    """All your probabilities together sum to 1. Every row is an example of its own and must sum to 1."""
    e = np.exp(s - np.max(s, axis=1, keepdims=True))
    return e / e.sum()


@replaces("softmax")
def not_exponentiated(s):
    """You divide the scores themselves by their sum. Scores may be negative: take exp first."""
    return s / np.sum(s, axis=1, keepdims=True)


@replaces("softmax")
def not_normalized(s):
    """You return the exponentials. They are not probabilities before they are divided by their sum."""
    return np.exp(s - np.max(s, axis=1, keepdims=True))


@replaces("softmax")
def sum_of_scores_below(s):
    """You divide by the exponential of the sum. It is the sum of the exponentials that makes a row sum to 1."""
    shifted = s - np.max(s, axis=1, keepdims=True)
    return np.exp(shifted) / np.exp(shifted.sum(axis=1, keepdims=True))


@replaces("softmax")
def scores_overwritten(s):
    """You write into the caller's s (-= does). Whoever uses the scores afterwards gets the shifted ones."""
    if s.dtype.kind != "f":
        s = s.astype(float)
    s -= s.max(axis=1, keepdims=True)
    return np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)


# ---- cross-entropy: the loss -------------------------------------------------------------------------------


@replaces("cross_entropy")
def loss_not_shifted(s, t):
    """exp of a large score overflows in your log-sum-exp. Subtract the maximum of each row there, too, and add it back outside the logarithm."""

    def loss(s, t, log_p):
        with np.errstate(all="ignore"):
            return -np.sum(t * (s - np.log(np.exp(s).sum(axis=1, keepdims=True)))) / len(s)

    return _answer(s, t, loss)


@replaces("cross_entropy")
def loss_of_a_label_not_shifted(s, t):
    """exp of a large score overflows in your log-sum-exp: subtract the maximum of each row there, too, and add it back outside the logarithm."""

    def loss(s, t, log_p):
        with np.errstate(all="ignore"):
            log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
            return -np.sum(np.where(t > 0, t * log_p, 0)) / len(s)

    return _answer(s, t, loss)


@replaces("cross_entropy")
def logarithm_of_zero(s, t):
    """You take the logarithm of a probability that has become 0. Work out log p on paper: it is the score minus a log of a sum, and never infinite."""

    def loss(s, t, log_p):
        with np.errstate(all="ignore"):
            log = np.log(np.exp(log_p))
            return -np.sum(np.where(t > 0, t * log, 0)) / len(s)

    return _answer(s, t, loss)


@replaces("cross_entropy")
def zero_times_infinity(s, t):
    """You multiply the logarithm of 0 by a target of 0, which is nan. Work out log p on paper: it is the score minus a log of a sum, and never infinite."""

    def loss(s, t, log_p):
        with np.errstate(all="ignore"):
            return -np.sum(t * np.log(np.exp(log_p))) / len(s)

    return _answer(s, t, loss)


@replaces("cross_entropy")
def logarithm_clipped(s, t):
    """You add a small number to p before the logarithm. The loss then has a ceiling (about 27.6 for 1e-12) and is wrong below it, too; log p can be had exactly."""
    return _answer(s, t, lambda s, t, log_p: -np.sum(t * np.log(np.exp(log_p) + 1e-12)) / len(s))


@replaces("cross_entropy")
def gradient_without_the_mean(s, t):
    """Your gradient lacks the 1/N. The loss is a mean, and the factor is part of its derivative."""
    return _answer(s, t, ds=lambda t, p: p - t)


@replaces("cross_entropy")
def sum_for_mean(s, t):
    """You sum over the rows. The loss is their mean, so that it does not grow with the batch."""
    return _answer(s, t, lambda s, t, log_p: -np.sum(t * log_p), lambda t, p: p - t)


@replaces("cross_entropy")
def mean_over_classes_too(s, t):
    """You take the mean of all N C numbers. The sum over classes stays a sum; only the rows are averaged."""
    return _answer(s, t, lambda s, t, log_p: -np.mean(t * log_p), lambda t, p: (p - t) / t.size)


@replaces("cross_entropy")
def sign_missing(s, t):
    """Your loss is negative. The logarithm of a probability is negative, so a minus makes the loss a cost."""
    return _answer(s, t, lambda s, t, log_p: np.sum(t * log_p) / len(s))


@replaces("cross_entropy")
def bits(s, t):
    """Your loss is in bits. Here and in torch the logarithm is the natural one."""
    return _answer(s, t, lambda s, t, log_p: -np.sum(t * log_p) / len(s) / np.log(2))


@replaces("cross_entropy")
def targets_rounded_to_labels(s, t):
    """You turn soft targets into labels with argmax. Then 0.6 and 0.4 cost as much as certainty: keep the weights."""
    if np.ndim(t) == 2 and np.shape(t) == np.shape(s):
        t = np.argmax(t, axis=1)
    return _answer(s, t)


@replaces("cross_entropy")
def probability_itself(s, t):
    """Your loss is one minus the probability of the target. Cross-entropy takes its logarithm, which is what makes sure mistakes expensive."""
    return _answer(s, t, lambda s, t, log_p: 1 - np.sum(t * np.exp(log_p)) / len(s))


@replaces("cross_entropy")
def binary_terms_added(s, t):
    """You also charge (1 - t) log(1 - p), as if every class were a yes-or-no question of its own. With softmax the classes share one probability, and t log p is all."""

    def loss(s, t, log_p):
        p = np.exp(log_p)
        with np.errstate(all="ignore"):
            return -np.sum(t * log_p + np.where(t < 1, (1 - t) * np.log1p(-p), 0)) / len(s)

    return _answer(s, t, loss)


@replaces("cross_entropy")
def negative_labels_wrap(s, t):
    """A label of -1 silently becomes the last class: for NumPy it is a valid index. Look for labels below 0, too."""
    s, t = np.asarray(s), np.asarray(t)
    if t.shape == (len(s),):
        if np.any(t >= s.shape[1]):
            raise ValueError("t must hold labels below C")
        t = t % s.shape[1]
    return _answer(s, t)


# ---- cross-entropy: the gradient ---------------------------------------------------------------------------


@replaces("cross_entropy")
def slope_of_a_sigmoid(s, t):
    """p (1 - p) is the slope of a sigmoid. With the logarithm after the softmax almost everything cancels; do the algebra for the pair."""
    return _answer(s, t, ds=lambda t, p: (p - t) * p * (1 - p) / len(p))


@replaces("cross_entropy")
def slope_alone(s, t):
    """p (1 - p) is the slope of one probability with respect to its own score. The target has to appear in the gradient of the loss."""
    return _answer(s, t, ds=lambda t, p: p * (1 - p) / len(p))


@replaces("cross_entropy")
def gradient_uphill(s, t):
    """Your gradient has the wrong sign: raising the score of the true class must lower the loss."""
    return _answer(s, t, ds=lambda t, p: (t - p) / len(p))


@replaces("cross_entropy")
def gradient_with_respect_to_p(s, t):
    """You differentiate with respect to the probabilities. ds asks for the scores: the softmax is still between them."""

    def ds(t, p):
        with np.errstate(all="ignore"):
            return np.where(t > 0, -t / p, 0) / len(p)

    return _answer(s, t, ds=ds)


@replaces("cross_entropy")
def probability_as_gradient(s, t):
    """Your gradient is p alone. The target's share is still to be subtracted."""
    return _answer(s, t, ds=lambda t, p: p / len(p))


@replaces("cross_entropy")
def only_the_true_class(s, t):
    """You move only the score of the target. The other classes share the probability, so their scores have a gradient, too."""
    return _answer(s, t, ds=lambda t, p: np.where(t > 0, p - t, 0) / len(p))


@replaces("cross_entropy")
def loss_alone(s, t):
    """You return the loss alone. The gradient belongs to the result: (loss, ds)."""
    return _answer(s, t)[0]
