"""Batch normalization: forward, backward, running statistics, folding.

Sources: Ioffe & Szegedy, "Batch Normalization", arXiv:1502.03167 (Algorithms 1 and 2, section 3);
PyTorch's documentation of `BatchNorm1d` for the conventions of the running estimates.
"""

import math

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


def bn2d_forward_train(x: Array, gamma: Array, beta: Array, eps: float = 1e-5, per_pixel: bool = False) -> Array:
    """Normalize every channel of a batch of images, then scale and shift it.

        y = gamma_c * (x - mu) / sqrt(var + eps) + beta_c

    mu and var are one of each per channel, over images and pixels (N * H * W values). With per_pixel=True they are one
    of each per channel and pixel, over the images only (N values), as if every pixel were a feature of its own; gamma
    and beta stay per channel. var divides by the number of values (biased); eps is added inside the square root.

    Args:
        x: (N, C, H, W) array; integers and float32 are computed in float64.
        gamma: (C,) scale.
        beta: (C,) shift.
        eps: Added to the variance.
        per_pixel: Which values share their statistics, see above.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: x is not (N, C, H, W), has fewer than two values per mean, or gamma or beta is not (C,). One image
            alone is enough by default (if it has two pixels), but not with per_pixel=True.

    Source: Ioffe & Szegedy, arXiv:1502.03167, section 3.2 (one mean per feature map, shared by its locations).

    >>> bn2d_forward_train(np.array([[[[1.0, 3.0]]]]), np.ones(1), np.zeros(1), eps=0.0).ravel()
    array([-1.,  1.])
    """
    x = np.asarray(x, dtype=float)
    gamma, beta = np.asarray(gamma, dtype=float), np.asarray(beta, dtype=float)
    if x.ndim != 4:
        raise ValueError(f"x must be (N, C, H, W), got shape {x.shape}")
    axes = (0,) if per_pixel else (0, 2, 3)
    values = math.prod(x.shape[axis] for axis in axes)
    if values < 2:
        raise ValueError(f"x must have at least 2 values per mean, got {values} for shape {x.shape}")
    _check_feature_vectors(x.shape[1], gamma=gamma, beta=beta)
    mu, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    # (C, 1, 1): a (C,) vector would line up with W, silently where C == W.
    return gamma[:, None, None] * (x - mu) / np.sqrt(var + eps) + beta[:, None, None]


def bn_eval(x: Array, gamma: Array, beta: Array, run_mean: Array, run_var: Array, eps: float = 1e-5) -> Array:
    """Normalize with stored statistics: batch normalization at inference.

        y = gamma * (x - run_mean) / sqrt(run_var + eps) + beta

    Nothing is taken from the batch, so rows do not influence each other and one row is enough.

    Args:
        x: (N, D) array, N >= 1; integers and float32 are computed in float64.
        gamma: (D,) scale.
        beta: (D,) shift.
        run_mean: (D,) stored mean.
        run_var: (D,) stored variance, not a standard deviation.
        eps: Added to the variance, inside the square root.

    Returns:
        (N, D) array.

    Raises:
        ValueError: x is not (N, D), one of the vectors is not (D,), or an entry of run_var is negative.

    Source: Ioffe & Szegedy, arXiv:1502.03167, Algorithm 2, step 11.

    >>> bn_eval(np.array([[5.0]]), np.ones(1), np.zeros(1), np.array([1.0]), np.array([4.0]), eps=0.0)
    array([[2.]])
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 2:
        raise ValueError(f"x must be (N, D), got shape {x.shape}")
    scale, shift = _affine(x.shape[1], gamma, beta, run_mean, run_var, eps)
    return scale * x + shift


def bn_fold(
    W: Array, b: Array | None, gamma: Array, beta: Array, run_mean: Array, run_var: Array, eps: float = 1e-5
) -> tuple[Array, Array]:
    """Fold batch normalization at inference into the linear layer before it.

        W2 = s * W (row by row),  b2 = s * (b - run_mean) + beta,  s = gamma / sqrt(run_var + eps)

    Then u @ W2.T + b2 equals bn_eval(u @ W.T + b, gamma, beta, run_mean, run_var, eps) for every u.

    Args:
        W: (Dout, Din) weights.
        b: (Dout,) bias, or None, which counts as zeros: the folded layer has a bias in any case.
        gamma: (Dout,) scale.
        beta: (Dout,) shift.
        run_mean: (Dout,) stored mean.
        run_var: (Dout,) stored variance, not a standard deviation.
        eps: Added to the variance, inside the square root.

    Returns:
        W2 of shape (Dout, Din) and b2 of shape (Dout,).

    Raises:
        ValueError: W is not (Dout, Din), one of the vectors is not (Dout,), or an entry of run_var is negative.

    Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference", arXiv:1712.05877, section 3.2; the affine map is Ioffe & Szegedy, arXiv:1502.03167, Algorithm 2, step 11.

    >>> one = np.ones(1)
    >>> bn_fold(np.array([[3.0]]), None, 2 * one, one, 5 * one, 4 * one, eps=0.0)
    (array([[3.]]), array([-4.]))
    """
    W = np.asarray(W, dtype=float)
    if W.ndim != 2:
        raise ValueError(f"W must be (Dout, Din), got shape {W.shape}")
    b = np.zeros(len(W)) if b is None else np.asarray(b, dtype=float)
    _check_feature_vectors(len(W), b=b)
    scale, shift = _affine(len(W), gamma, beta, run_mean, run_var, eps)
    return scale[:, None] * W, scale * b + shift


def _affine(features: int, gamma, beta, run_mean, run_var, eps: float) -> tuple[Array, Array]:
    """scale and shift, each (features,), of the map y = scale * x + shift that stored statistics make."""
    vectors = {"gamma": gamma, "beta": beta, "run_mean": run_mean, "run_var": run_var}
    vectors = {name: np.asarray(value, dtype=float) for name, value in vectors.items()}
    _check_feature_vectors(features, **vectors)
    gamma, beta, run_mean, run_var = vectors.values()
    if (run_var < 0).any():
        raise ValueError(f"run_var must not be negative, got {run_var.min():g}: is it a variance?")
    scale = gamma / np.sqrt(run_var + eps)
    return scale, beta - scale * run_mean


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
