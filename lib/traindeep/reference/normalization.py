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


def bn_backward(dy: Array, cache: dict) -> tuple[Array, Array, Array]:
    """Gradients of `bn_forward_train`; mu and var are functions of x and pass gradient on.

        dbeta = sum_n dy,    dgamma = sum_n dy * xhat
        dx = gamma / sqrt(var + eps) * (dy - mean_n dy - xhat * mean_n(dy * xhat))

    The second term comes through mu, the third through var. That var depends on mu adds nothing: sum_n (x - mu) = 0.

    Args:
        dy: (N, D) gradient of the loss with respect to y; integers and float32 are computed in float64.
        cache: What `bn_forward_train` returned: "x", "xhat" (N, D), "mu", "var", "gamma" (D,) and "eps".

    Returns:
        dx of shape (N, D), dgamma and dbeta of shape (D,).

    Raises:
        ValueError: dy is not of the shape of x.

    Source: Ioffe & Szegedy, arXiv:1502.03167, section 3 (there in unsimplified steps).

    >>> x = np.array([[1.0], [3.0], [3.0], [1.0]])
    >>> _, cache = bn_forward_train(x, np.ones(1), np.zeros(1), eps=0.0)
    >>> bn_backward(np.array([[4.0], [0.0], [0.0], [0.0]]), cache)[0].ravel()
    array([ 2.,  0.,  0., -2.])
    """
    dy, xhat = np.asarray(dy, dtype=float), cache["xhat"]
    if dy.shape != cache["x"].shape:
        raise ValueError(f"dy must have the shape of x, {cache['x'].shape}, got {dy.shape}")
    dbeta, dgamma = dy.sum(axis=0), (dy * xhat).sum(axis=0)
    scale = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
    return scale * (dy - dbeta / len(dy) - xhat * dgamma / len(dy)), dgamma, dbeta


def bn_running_update(
    run_mean: Array, run_var: Array, x: Array, momentum: float = 0.1, convention: str = "torch"
) -> tuple[Array, Array]:
    """Move the running mean and variance towards those of a batch.

        "torch":    new = (1 - momentum) * old + momentum * batch
        "lecture":  new = momentum * old + (1 - momentum) * batch

    The batch variance that is stored divides by N - 1 (unbiased), unlike the one that normalizes. No correction for
    the start is made. PyTorch's momentum 0.1 is the 0.9 of "lecture" (and of Keras and Flax).

    Args:
        run_mean: (D,) stored mean.
        run_var: (D,) stored variance.
        x: (N, D) batch, N >= 2; integers and float32 are computed in float64.
        momentum: In [0, 1].
        convention: "torch" or "lecture".

    Returns:
        The new mean and variance, each (D,).

    Raises:
        ValueError: momentum is outside [0, 1], x has fewer than two rows, or the convention is unknown.

    Source: PyTorch's documentation of `BatchNorm1d`; the factor N / (N - 1) is that of Ioffe & Szegedy,
    arXiv:1502.03167, Algorithm 2.

    >>> bn_running_update(np.array([10.0]), np.array([1.0]), np.array([[1.0], [3.0]]), momentum=0.5)
    (array([6.]), array([1.5]))
    """
    _check_momentum(momentum)
    if convention not in ("torch", "lecture"):
        raise ValueError(f'convention must be "torch" or "lecture", got {convention!r}')
    run_mean, run_var, x = (np.asarray(a, dtype=float) for a in (run_mean, run_var, x))
    if len(x) < 2:
        raise ValueError(f"x must have at least two rows, got {len(x)}")
    new = momentum if convention == "torch" else 1 - momentum
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0, ddof=1)


def ema_weights(T: int, momentum: float) -> Array:
    """Weights inside a running average after T updates in the "torch" convention.

        w_0 = (1 - momentum)^T,    w_t = momentum * (1 - momentum)^(T - t)  for batch t = 1, ..., T

    Args:
        T: Number of updates, T >= 0.
        momentum: Weight of the new batch, in [0, 1].

    Returns:
        (T + 1,) array: the weight of the initial value, then of batch 1 to T in order of time. They add up to 1.

    Raises:
        ValueError: momentum is outside [0, 1].

    Source: `bn_running_update` applied T times.

    >>> ema_weights(2, 0.5)
    array([0.25, 0.25, 0.5 ])
    """
    _check_momentum(momentum)
    ages = np.arange(T)[::-1]
    return np.concatenate([[(1.0 - momentum) ** T], momentum * (1.0 - momentum) ** ages])


def bn_population_stats(batches: list[Array], method: str) -> tuple[Array, Array]:
    """Mean and standard deviation for inference from the batches of one pass over the data.

    With mean mu_k and biased variance var_k = sigma_k^2 of batch k, which has n_k rows:

        "eq4":     mean_k mu_k  and  mean_k sigma_k
        "alg2":    mean_k mu_k  and  sqrt(mean_k n_k / (n_k - 1) * var_k)
        "pooled":  mean and biased standard deviation of all rows together

    mean_k is the plain average over the batches: a short last batch counts like the others, as in
    `BatchNorm1d(momentum=None)`. No eps is added.

    Args:
        batches: (n_k, D) arrays; integers and float32 are computed in float64.
        method: "eq4", "alg2" or "pooled".

    Returns:
        The mean and the standard deviation, each (D,).

    Raises:
        ValueError: batches is empty, the method is unknown, or a batch has one row and the method is "alg2".

    Source: "alg2": Ioffe & Szegedy, arXiv:1502.03167, Algorithm 2. "eq4" averages standard deviations, as lecture notes
    do; "pooled" is the definition.

    >>> bn_population_stats([np.array([[0.0], [2.0]]), np.array([[4.0], [10.0]])], "eq4")
    (array([4.]), array([2.]))
    """
    if method not in ("eq4", "alg2", "pooled"):
        raise ValueError(f'method must be "eq4", "alg2" or "pooled", got {method!r}')
    batches = [np.asarray(batch, dtype=float) for batch in batches]
    if not batches:
        raise ValueError("batches must hold at least one batch, got none")
    if method == "pooled":
        rows = np.concatenate(batches)
        return rows.mean(axis=0), rows.std(axis=0)
    mean = np.mean([batch.mean(axis=0) for batch in batches], axis=0)
    if method == "eq4":
        return mean, np.mean([batch.std(axis=0) for batch in batches], axis=0)
    if min(len(batch) for batch in batches) < 2:
        raise ValueError('batches must have at least two rows each for method "alg2", got one with a single row')
    return mean, np.sqrt(np.mean([batch.var(axis=0, ddof=1) for batch in batches], axis=0))


def _check_momentum(momentum: float) -> None:
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1], got {momentum}")
