"""Right answers to bn_backward, written in other ways."""

import numpy as np


def _checked(dy, cache):
    if np.shape(dy) != np.shape(cache["x"]):
        raise ValueError("dy has another shape than x")
    return np.asarray(dy, dtype=float)


def staged(dy, cache):
    """The computational graph step by step, with the term of dvar that flows on to dmu."""
    dy = _checked(dy, cache)
    n, centred, var = len(dy), cache["x"] - cache["mu"], cache["var"] + cache["eps"]
    dxhat = dy * cache["gamma"]
    dvar = np.sum(dxhat * centred, axis=0) * -0.5 * var**-1.5
    dmu = -np.sum(dxhat, axis=0) / np.sqrt(var) + dvar * np.mean(-2 * centred, axis=0)
    dx = dxhat / np.sqrt(var) + dvar * 2 * centred / n + dmu / n
    return dx, np.sum(dy * cache["xhat"], axis=0), np.sum(dy, axis=0)


def staged_short(dy, cache):
    """The same without the way from dvar to dmu, which is zero because the deviations add up to 0."""
    dy = _checked(dy, cache)
    n, centred, s = len(dy), cache["x"] - cache["mu"], np.sqrt(cache["var"] + cache["eps"])
    dxhat = dy * cache["gamma"]
    dvar = -(dxhat * centred).sum(0) / (2 * s**3)
    dx = dxhat / s + dvar * 2 * centred / n - dxhat.sum(0) / s / n
    return dx, (dy * centred / s).sum(0), dy.sum(0)


def compact_with_n(dy, cache):
    """N * dy - sum - xhat * sum, divided by N at the end; a list of results."""
    dy = _checked(dy, cache)
    n, xhat = len(dy), cache["xhat"]
    dbeta, dgamma = dy.sum(0), (dy * xhat).sum(0)
    dx = cache["gamma"] * (n * dy - dbeta - xhat * dgamma) / (n * np.sqrt(cache["var"] + cache["eps"]))
    return [dx, dgamma, dbeta]


def full_jacobian(dy, cache):
    """The (N, N) Jacobian of every feature, contracted with einsum."""
    dy = _checked(dy, cache)
    n, xhat, s = len(dy), cache["xhat"], np.sqrt(cache["var"] + cache["eps"])
    jacobian = np.eye(n)[:, :, None] - 1 / n - np.einsum("id,jd->ijd", xhat, xhat) / n
    dx = np.einsum("id,d,ijd->jd", dy, cache["gamma"] / s, jacobian)
    return dx, np.einsum("nd,nd->d", dy, xhat), np.einsum("nd->d", dy)


def from_x_by_feature(dy, cache):
    """One feature at a time, everything computed again from x."""
    dy = _checked(dy, cache)
    x, dx, dgamma, dbeta = cache["x"], np.zeros(dy.shape), np.zeros(dy.shape[1]), np.zeros(dy.shape[1])
    for j in range(dy.shape[1]):
        s = (np.var(x[:, j]) + cache["eps"]) ** 0.5
        xhat = (x[:, j] - np.mean(x[:, j])) / s
        dgamma[j], dbeta[j] = dy[:, j] @ xhat, sum(dy[:, j])
        dx[:, j] = cache["gamma"][j] / s * (dy[:, j] - dy[:, j].mean() - xhat * np.mean(dy[:, j] * xhat))
    return dx, dgamma, dbeta


def least_squares(dy, cache):
    """Subtract the mean, then the part along xhat, by matrix products."""
    dy = _checked(dy, cache)
    n, xhat = len(dy), cache["xhat"]
    centring = np.eye(n) - np.ones((n, n)) / n
    dgamma = np.diag(dy.T @ xhat)
    dx = (centring @ dy - xhat @ np.diag(dgamma / n)) * cache["gamma"] * (cache["var"] + cache["eps"]) ** -0.5
    return dx, dgamma, np.ones(n) @ dy
