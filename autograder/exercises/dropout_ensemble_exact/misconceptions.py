"""Believable wrong answers to dropout_ensemble_exact. Each docstring is what a good tutor would say."""

import numpy as np


def _log_softmax(s):
    s = s - s.max(axis=-1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))


def _softmax(s):
    return np.exp(_log_softmax(s))


def _masks(h, p_keep):
    h = np.asarray(h)
    if h.size > 14:
        raise ValueError(f"h has {h.size} units")
    if not 0 < p_keep <= 1:
        raise ValueError("p_keep must be in (0, 1]")
    masks = (np.arange(2**h.size)[:, None] >> np.arange(h.size)) & 1
    return masks, np.where(masks == 1, p_keep, 1 - p_keep).prod(axis=1)


def _parts(h, W, b, p_keep, masks=None, weight=None, scale=1.0, mean_scale=None):
    """The right answer, with one thing or other put in its place."""
    every, right = _masks(h, p_keep)
    masks = every if masks is None else masks
    weight = right if weight is None else weight
    h, W, b = (np.asarray(a, dtype=float) for a in (h, W, b))
    log_p = _log_softmax((masks * h * scale) @ W.T + b)
    return {
        "arith": weight @ np.exp(log_p),
        "geo": _softmax(weight @ log_p),
        "mean_net": _softmax((p_keep if mean_scale is None else mean_scale) * (W @ h) + b),
    }


def not_renormalized(h, W, b, p_keep):
    """Your geo does not add up to 1: a geometric mean of probabilities is no probability. Divide it by its sum over the classes."""
    masks, weight = _masks(h, p_keep)
    log_p = _log_softmax((masks * np.asarray(h, float)) @ np.asarray(W, float).T + np.asarray(b, float))
    return _parts(h, W, b, p_keep) | {"geo": np.exp(weight @ log_p)}


def softmax_of_the_mean(h, W, b, p_keep):
    """You put the geometric mean through another softmax to make it add up to 1. That changes the ratios between the classes; divide by the sum."""
    return _parts(h, W, b, p_keep) | {"geo": _softmax(not_renormalized(h, W, b, p_keep)["geo"])}


def equal_weights(h, W, b, p_keep):
    """All your masks weigh the same, 1 / 2^H. That is right for p_keep = 0.5 only: with p_keep = 0.8, masks that keep much are more likely."""
    masks, weight = _masks(h, p_keep)
    return _parts(h, W, b, p_keep, weight=np.full(len(masks), 1 / len(masks)))


def kept_units_only(h, W, b, p_keep):
    """Your probability of a mask has a factor p_keep for every kept unit and nothing for the dropped ones. Each of those contributes 1 - p_keep."""
    masks, _ = _masks(h, p_keep)
    return _parts(h, W, b, p_keep, weight=p_keep ** masks.sum(axis=1))


def geometric_mean_over_classes(h, W, b, p_keep):
    """You take the geometric mean over the classes, so you have one number for each mask. The mean runs over the masks, and one number for each class is left."""
    masks, _ = _masks(h, p_keep)
    log_p = _log_softmax((masks * np.asarray(h, float)) @ np.asarray(W, float).T + np.asarray(b, float))
    return _parts(h, W, b, p_keep) | {"geo": np.exp(log_p.mean(axis=1))}


def empty_mask_missing(h, W, b, p_keep):
    """You count the masks from 1, so the one that drops every unit is missing. It is rare but possible: its network predicts from b alone."""
    masks, weight = _masks(h, p_keep)
    return _parts(h, W, b, p_keep, masks=masks[1:], weight=weight[1:])


def full_mask_missing(h, W, b, p_keep):
    """You stop one mask too early: the one that keeps every unit is missing. There are 2^H masks, numbered from 0 to 2^H - 1."""
    masks, weight = _masks(h, p_keep)
    return _parts(h, W, b, p_keep, masks=masks[:-1], weight=weight[:-1])


def bias_scaled(h, W, b, p_keep):
    """You multiply the bias by p_keep, too. Dropout never drops it, so its mean is b itself."""
    h, W, b = (np.asarray(a, dtype=float) for a in (h, W, b))
    return _parts(h, W, b, p_keep) | {"mean_net": _softmax(p_keep * (W @ h + b))}


def mean_net_not_scaled(h, W, b, p_keep):
    """Your mean network sees every unit at full size. The thinned networks see p_keep of it on average, so it has to be scaled."""
    return _parts(h, W, b, p_keep, mean_scale=1.0)


def mean_net_divided(h, W, b, p_keep):
    """You divide by p_keep in the mean network. All units together give more than the thinned networks see, so they have to become smaller."""
    return _parts(h, W, b, p_keep, mean_scale=1 / p_keep)


def inverted(h, W, b, p_keep):
    """You divide kept units by p_keep and leave the mean network as it is. That is the inverted convention; here kept units keep their size."""
    return _parts(h, W, b, p_keep, scale=1 / p_keep, mean_scale=1.0)


def dropping_probability(h, W, b, p_keep):
    """You read p_keep as the probability of dropping. With p_keep = 0.8 most units stay."""
    masks, _ = _masks(h, p_keep)
    weight = np.where(masks == 1, 1 - p_keep, p_keep).prod(axis=1)
    return _parts(h, W, b, p_keep, weight=weight, mean_scale=1 - p_keep)


def logits_averaged(h, W, b, p_keep):
    """You average the logits for arith and take the softmax at the end. arith is the mean of probabilities: the softmax comes first, for every network."""
    out = _parts(h, W, b, p_keep)
    return out | {"arith": out["geo"]}


def sampled(h, W, b, p_keep):
    """You draw masks at random and average over those. 2^H masks are few enough to go through all of them, and then nothing is left to chance."""
    _masks(h, p_keep)
    masks = np.random.default_rng(0).random((1000, np.size(h))) < p_keep
    return _parts(h, W, b, p_keep, masks=masks, weight=np.full(1000, 1e-3))


def each_mask_once(h, W, b, p_keep):
    """You add the predictions up and divide by the sum at the end, without any weights in geo. Each logarithm has to be weighed by the probability of its mask."""
    masks, _ = _masks(h, p_keep)
    log_p = _log_softmax((masks * np.asarray(h, float)) @ np.asarray(W, float).T + np.asarray(b, float))
    return _parts(h, W, b, p_keep) | {"geo": _softmax(log_p.sum(axis=0))}
