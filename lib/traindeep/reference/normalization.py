"""Batch normalization: forward, backward, running statistics, folding.

Sources: Ioffe & Szegedy, "Batch Normalization", arXiv:1502.03167 (Algorithms 1 and 2, section 3);
PyTorch's documentation of `BatchNorm1d` for the conventions of the running estimates.
"""

import numpy as np

Array = np.ndarray


def bn_forward_train(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> tuple[Array, dict]:
    """Normalize every feature over the batch, then scale and shift.

        mu = mean_n x,  var = mean_n (x - mu)^2,  xhat = (x - mu) / sqrt(var + eps),  y = gamma * xhat + beta

    var divides by N (biased); eps is added inside the square root, so a constant feature gives xhat = 0.

    Args:
        x: (N, D) array, N >= 2; integers and float32 are computed in float64.
        gamma: (D,) scale.
        beta: (D,) shift.
        eps: Added to the variance.

    Returns:
        y of shape (N, D) and a cache with the keys "x", "xhat" (N, D), "mu", "var", "gamma" (D,) and "eps".

    Raises:
        ValueError: x is not (N, D) with N >= 2, or gamma or beta is not (D,).

    Source: Ioffe & Szegedy, arXiv:1502.03167, Algorithm 1.

    >>> bn_forward_train(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=0.0)[0].ravel()
    array([-1.,  1.])
    """
    x = np.asarray(x, dtype=float)
    gamma, beta = np.asarray(gamma, dtype=float), np.asarray(beta, dtype=float)
    if x.ndim != 2 or x.shape[0] < 2:
        raise ValueError(f"x must be (N, D) with N >= 2, got shape {x.shape}")
    _check_feature_vectors(x.shape[1], gamma=gamma, beta=beta)
    mu, var = x.mean(axis=0), x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    cache = {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}
    return gamma * xhat + beta, cache


def _check_feature_vectors(features: int, **vectors: Array) -> None:
    for name, vector in vectors.items():
        if vector.shape != (features,):
            raise ValueError(f"{name} must have shape ({features},), got {vector.shape}")
