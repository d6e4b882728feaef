"""Right answers to ln_forward, written in other ways."""

import numpy as np


def _checked(x, gamma, beta):
    for name, vector in (("gamma", gamma), ("beta", beta)):
        if np.shape(vector) != np.shape(x)[-1:]:
            raise ValueError(f"{name}: {np.shape(vector)}")
    return (np.asarray(a, dtype=float) for a in (x, gamma, beta))


def folded(x, gamma, beta, eps=1e-5):
    """y = x * s + (beta - mean * s) with s = gamma / sqrt(var + eps): s has a value for every value of x."""
    x, gamma, beta = _checked(x, gamma, beta)
    s = gamma / np.sqrt(x.var(-1, keepdims=True) + eps)
    return x * s + (beta - x.mean(-1, keepdims=True) * s)


def centring_matrix(x, gamma, beta, eps=1e-5):
    """Rows times I - 1 1^T / D, then divided by their root mean square."""
    x, gamma, beta = _checked(x, gamma, beta)
    d = x.shape[-1]
    centred = x @ (np.eye(d) - np.ones((d, d)) / d)
    return centred * ((centred**2).mean(-1)[..., None] + eps) ** -0.5 * gamma + beta


def row_by_row(x, gamma, beta, eps=1e-5):
    """One position at a time."""
    x, gamma, beta = _checked(x, gamma, beta)
    rows = [
        [
            g * (v - sum(row) / len(row)) / (np.var(row) + eps) ** 0.5 + b
            for v, g, b in zip(row, gamma, beta, strict=True)
        ]
        for row in x.reshape(-1, x.shape[-1])
    ]
    return np.array(rows).reshape(x.shape)


def as_batch_norm_of_the_transpose(x, gamma, beta, eps=1e-5):
    """The features are moved to the front and normalized over axis 0."""
    x, gamma, beta = _checked(x, gamma, beta)
    a = np.moveaxis(x, -1, 0)
    xhat = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + eps)
    return gamma * np.moveaxis(xhat, 0, -1) + beta


def sphere(x, gamma, beta, eps=1e-5):
    """The centred row, divided by its length, times the root of D; eps as D * eps under the root of the length."""
    x, gamma, beta = _checked(x, gamma, beta)
    c = x - x.mean(-1, keepdims=True)
    d = x.shape[-1]
    return np.sqrt(d) * c / np.sqrt(np.einsum("...d,...d->...", c, c)[..., None] + d * eps) * gamma + beta
