"""Right answers to normalize_over_backward, written in other ways."""

import numpy as np


def _checked(dxhat, xhat, var):
    if np.shape(dxhat) != np.shape(xhat):
        raise ValueError(f"xhat has shape {np.shape(xhat)}")
    return (np.asarray(a, dtype=float) for a in (dxhat, xhat, var))


def staged(dxhat, xhat, var, axes, eps=1e-5):
    """The computational graph step by step, with the deviations restored from xhat."""
    dxhat, xhat, var = _checked(dxhat, xhat, var)
    axes, root = tuple(axes), np.sqrt(var + eps)
    centred, n = xhat * root, np.prod([xhat.shape[axis] for axis in axes])
    dvar = np.sum(dxhat * centred, axis=axes, keepdims=True) * -0.5 * (var + eps) ** -1.5
    dmean = -np.sum(dxhat, axis=axes, keepdims=True) / root + dvar * np.mean(-2 * centred, axis=axes, keepdims=True)
    return dxhat / root + dvar * 2 * centred / n + dmean / n


def compact_with_n(dxhat, xhat, var, axes, eps=1e-5):
    """n * dxhat - sum - xhat * sum, divided by n at the end."""
    dxhat, xhat, var = _checked(dxhat, xhat, var)
    n = xhat.size // var.size
    total = dxhat.sum(axis=tuple(axes), keepdims=True)
    along = (dxhat * xhat).sum(axis=tuple(axes), keepdims=True)
    return (n * dxhat - total - xhat * along) / (n * np.sqrt(var + eps))


def jacobian_of_every_set(dxhat, xhat, var, axes, eps=1e-5):
    """The sets are made rows; every row is multiplied by its n x n matrix."""
    dxhat, xhat, var = _checked(dxhat, xhat, var)
    last = list(range(-len(axes), 0))
    moved = np.moveaxis(xhat, list(axes), last)
    n = xhat.size // var.size
    u, g = moved.reshape(-1, n), np.moveaxis(dxhat, list(axes), last).reshape(-1, n)
    s = np.sqrt(np.moveaxis(var, list(axes), last).reshape(-1) + eps)
    rows = [(np.eye(n) - 1 / n - np.outer(h, h) / n) / root @ d for h, d, root in zip(u, g, s, strict=True)]
    return np.moveaxis(np.reshape(rows, moved.shape), last, list(axes))


def two_subtractions(dxhat, xhat, var, axes, eps=1e-5):
    """First the mean is subtracted, then the part along xhat: of the centred gradient it is the same."""
    dxhat, xhat, var = _checked(dxhat, xhat, var)
    g = dxhat - np.mean(dxhat, axis=axes, keepdims=True)
    g = g - xhat * np.mean(g * xhat, axis=axes, keepdims=True)
    return g * (var + eps) ** -0.5


def set_by_set(dxhat, xhat, var, axes, eps=1e-5):
    """A loop over the sets, the averaged axes as slices."""
    dxhat, xhat, var = _checked(dxhat, xhat, var)
    dx = np.empty(xhat.shape)
    for place in np.ndindex(var.shape):
        at = tuple(slice(None) if axis in {a % xhat.ndim for a in axes} else i for axis, i in enumerate(place))
        g, h = dxhat[at], xhat[at]
        dx[at] = (g - g.mean() - h * (g * h).mean()) / np.sqrt(var[place] + eps)
    return dx
