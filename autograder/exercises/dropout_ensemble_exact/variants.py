"""Right answers to dropout_ensemble_exact, written in other ways."""

import itertools

import numpy as np


def _softmax(s):
    e = np.exp(s - np.max(s, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _refuse(h, p_keep):
    if len(h) > 14:
        raise ValueError("W has too many columns, H is at most 14")
    if p_keep <= 0 or p_keep > 1:
        raise ValueError("p_keep: a probability")


def product_of_powers(h, W, b, p_keep):
    """A loop over the masks that multiplies powers, and divides by the sum at the end."""
    _refuse(h, p_keep)
    arith, geo = 0.0, 1.0
    for mask in itertools.product([True, False], repeat=len(h)):
        kept = sum(mask)
        weight = p_keep**kept * (1 - p_keep) ** (len(h) - kept)
        probs = _softmax(W @ (np.array(mask) * h) + b)
        arith, geo = arith + weight * probs, geo * probs**weight
    return {"arith": arith, "geo": geo / geo.sum(), "mean_net": _softmax(np.dot(W, p_keep * h) + b)}


def mean_logits(h, W, b, p_keep):
    """Averages logits for geo: what they are apart from log-probabilities is the same for all classes."""
    _refuse(h, p_keep)
    size = len(h)
    masks = np.array([[int(bit) for bit in np.binary_repr(k, size)] for k in range(2**size)])
    p = np.prod(masks * p_keep + (1 - masks) * (1 - p_keep), axis=-1)
    logits = np.einsum("mh,ch->mc", masks * h, W) + b
    return {
        "arith": (p[:, None] * _softmax(logits)).sum(0),
        "geo": _softmax((p[:, None] * logits).sum(0)),
        "mean_net": _softmax((W * p_keep) @ h + b),
    }


def unit_by_unit(h, W, b, p_keep):
    """Grows the list of logits by one unit at a time: without it, with it."""
    _refuse(h, p_keep)
    logits, weights = np.asarray(b, float)[None], np.ones(1)
    for x, column in zip(h, np.transpose(W), strict=True):
        logits = np.concatenate([logits, logits + x * column])
        weights = np.concatenate([(1 - p_keep) * weights, p_keep * weights])
    probs = _softmax(logits)
    geo = np.exp(weights @ np.log(probs))
    return {
        "mean_net": _softmax(p_keep * np.matmul(W, h) + b),
        "arith": np.average(probs, axis=0, weights=weights),
        "geo": geo / np.sum(geo),
        "masks": len(weights),
    }


def torch_and_a_short_cut(h, W, b, p_keep):
    """In torch, with the theorem used for geo."""
    import torch

    _refuse(h, p_keep)
    h, W, b = (torch.as_tensor(np.array(a, dtype=np.float64)) for a in (h, W, b))
    masks = torch.tensor(list(itertools.product((0.0, 1.0), repeat=len(h))), dtype=torch.float64).reshape(-1, len(h))
    p = (masks * p_keep + (1 - masks) * (1 - p_keep)).prod(1)
    mean_net = torch.softmax(p_keep * W @ h + b, 0).numpy()
    arith = p @ torch.softmax((masks * h) @ W.T + b, 1)
    return {"arith": arith.numpy(), "geo": mean_net.copy(), "mean_net": mean_net}
