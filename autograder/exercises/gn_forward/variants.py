"""Right answers to gn_forward, written in other ways."""

import numpy as np


def _checked(x, G):
    x = np.asarray(x, dtype=float)
    if G < 1:
        raise ValueError("G must be 1 or more")
    if x.shape[1] % G:
        raise ValueError("C must be a multiple of G")
    return x


def flat_groups(x, G, gamma, beta, eps=1e-5):
    """(N, G, -1): all values of a group in one axis."""
    x = _checked(x, G)
    a = x.reshape(len(x), G, -1)
    a = (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + eps)
    return a.reshape(x.shape) * np.reshape(gamma, (1, -1, 1, 1)) + np.reshape(beta, (1, -1, 1, 1))


def loop(x, G, gamma, beta, eps=1e-5):
    """Image by image, group by group; slices of the channel axis."""
    x = _checked(x, G)
    y, size = np.zeros(x.shape), x.shape[1] // G
    for n in range(len(x)):
        for start in range(0, x.shape[1], size):
            part = x[n, start : start + size]
            y[n, start : start + size] = (part - part.mean()) / (part.var() + eps) ** 0.5
            for c in range(start, start + size):
                y[n, c] = gamma[c] * y[n, c] + beta[c]
    return y


def membership_matrix(x, G, gamma, beta, eps=1e-5):
    """A (C, C) matrix that averages over the channels of the same group; second moment minus squared mean."""
    x = _checked(x, G)
    c = x.shape[1]
    same = np.kron(np.eye(G), np.ones((c // G, c // G))) * G / c
    mean = np.einsum("cd,nd->nc", same, x.mean(axis=(2, 3)))[:, :, None, None]
    var = np.einsum("cd,nd->nc", same, ((x - mean) ** 2).mean(axis=(2, 3)))[:, :, None, None]
    xhat = (x - mean) / np.sqrt(var + eps)
    return np.einsum("c,nchw->nchw", gamma, xhat) + np.asarray(beta)[:, None, None]


def split(x, G, gamma, beta, eps=1e-5):
    """np.split along the channels; NumPy complains where the groups do not fit, and so does the answer."""
    x = np.asarray(x, dtype=float)
    if G < 1:
        raise ValueError(f"G = {G}")
    try:
        parts = np.split(x, G, axis=1)
    except ValueError:
        raise ValueError(f"G = {G} does not divide C") from None
    axes = (1, 2, 3)
    parts = [(p - p.mean(axes, keepdims=True)) / np.sqrt(p.var(axes, keepdims=True) + eps) for p in parts]
    return np.moveaxis(np.moveaxis(np.concatenate(parts, axis=1), 1, -1) * gamma + beta, -1, 1)
