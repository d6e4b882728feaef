"""Right answers to bn_linear_backward and effective_lr, written in other ways."""

import numpy as np

from autograder.exercise import replaces


@replaces("bn_linear_backward")
def chain(u, W, dy, eps=0.0):
    """A backward pass of batch norm with a cache, and one of a linear layer, one after the other."""

    def linear_backward(dz, u, W):
        return dz @ W, dz.T @ u, dz.sum(axis=0)

    def bn_backward(dy, cache):
        n, xhat = len(dy), cache["xhat"]
        dgamma, dbeta = (dy * xhat).sum(axis=0), dy.sum(axis=0)
        return cache["gamma"] / np.sqrt(cache["var"] + cache["eps"]) * (dy - dbeta / n - xhat * dgamma / n)

    u, W, dy = np.array(u, dtype=float), np.array(W, dtype=float), np.array(dy, dtype=float)
    z = np.einsum("ni,oi->no", u, W)
    mu, var = z.mean(axis=0), z.var(axis=0)
    if eps == 0 and (var == 0).any():
        raise ValueError("u @ W.T does not vary in some column")
    cache = {"xhat": (z - mu) / np.sqrt(var + eps), "var": var, "gamma": np.ones(len(W)), "eps": eps}
    return linear_backward(bn_backward(dy, cache), u, W)[:2]


@replaces("bn_linear_backward")
def jacobian(u, W, dy, eps=0.0):
    """The (N, N) Jacobian of each unit, row by row of W."""
    u, W, dy = (np.asarray(a, dtype=np.float64) for a in (u, W, dy))
    n = len(u)
    du, dW = np.zeros(u.shape), np.zeros(W.shape)
    for o, w in enumerate(W):
        z = u @ w
        s = (z.var() + eps) ** 0.5
        if not s > 0:
            raise ValueError(f"eps must be positive: unit {o} is constant")
        h = (z - z.mean()) / s
        J = (np.eye(n) - np.ones((n, n)) / n - np.outer(h, h) / n) / s
        du += np.outer(J @ dy[:, o], w)
        dW[o] = u.T @ (J @ dy[:, o])
    return [du, dW]


@replaces("bn_linear_backward")
def autograd(u, W, dy, eps=0.0):
    """Autograd through the formula, in double precision."""
    import torch

    leaves = [torch.tensor(np.asarray(a), dtype=torch.float64, requires_grad=True) for a in (u, W)]
    with torch.enable_grad():
        z = leaves[0] @ leaves[1].T
        variance = ((z - z.mean(0)) ** 2).mean(0)
        if (variance + eps <= 0).any():
            raise ValueError("W and u: an output without variance")
        y = (z - z.mean(0)) / torch.sqrt(variance + eps)
        loss = (y * torch.tensor(np.asarray(dy, dtype=float))).sum()
    return tuple(g.numpy() for g in torch.autograd.grad(loss, leaves))


@replaces("bn_linear_backward")
def in_single_precision(u, W, dy, eps=0.0):
    """float32 where all arguments are float32, float64 otherwise."""
    kind = np.float32 if {np.asarray(a).dtype for a in (u, W)} == {np.dtype(np.float32)} else np.float64
    u, W, dy = (np.asarray(a, dtype=kind) for a in (u, W, dy))
    z = u @ W.T
    z = z - z.mean(axis=0)
    variance = (z * z).mean(axis=0)
    if not eps and not variance.all():
        raise ValueError("W has a unit without variance")
    s = np.sqrt(variance + kind(eps))
    z = z / s
    dz = (dy - dy.mean(axis=0) - z * (dy * z).mean(axis=0)) / s
    return dz @ W, dz.T @ u


@replaces("effective_lr")
def norm(lr, w):
    """Through the norm."""
    length = np.linalg.norm(w)
    if length == 0:
        raise ValueError("w = 0")
    return lr / length**2


@replaces("effective_lr")
def twice(lr, w):
    """One factor for the gradient, one for the angle, entry by entry."""
    length = sum(float(v) ** 2 for v in w) ** 0.5
    if not length:
        raise ValueError("w must have a direction")
    return lr / length / length
