"""Normalization where a batch is awkward: split over several devices, and in a recurrent net.

Sources: Ioffe & Szegedy, "Batch Normalization", arXiv:1502.03167; Peng et al., "MegDet", arXiv:1711.07240 and Zhang et
al., "Context Encoding for Semantic Segmentation", arXiv:1803.08904 (synchronized batch normalization, 2018); Ba, Kiros,
Hinton, "Layer Normalization", arXiv:1607.06450.
"""

import math
from collections.abc import Sequence

import numpy as np

Array = np.ndarray


def sync_bn_forward(shards: Sequence[Array], gamma: Array, beta: Array, eps: float = 1e-5) -> list[Array]:
    """Batch normalization in training of one batch that is split over several devices.

        y_k = gamma_c * (x_k - mean_c) / sqrt(var_c + eps) + beta_c          for each channel c and shard k

    mean and var are those of the union of the shards. Shard k sends only the number of its values per channel
    m_k = n_k * H * W, its mean_k and its var_k; from these

        mean = sum_k m_k mean_k / m,   var = sum_k m_k (var_k + (mean_k - mean)^2) / m,   m = sum_k m_k

    var divides by m (biased), as in nn.SyncBatchNorm, which sends the same three things.

    Args:
        shards: K >= 1 arrays (n_k, C, H, W) with n_k >= 1; n_k may differ, C, H and W are common.
        gamma: (C,) scale.
        beta: (C,) shift.
        eps: Added to the variance, inside the square root.

    Returns:
        One array (n_k, C, H, W) for each shard, in their order.

    Raises:
        ValueError: there is no shard, shards differ in (C, H, W), or gamma or beta is not (C,).

    Source: Ioffe & Szegedy, arXiv:1502.03167, Algorithm 1; Zhang et al., arXiv:1803.08904.

    >>> y = sync_bn_forward([np.full((1, 1, 1, 1), 1.0), np.full((1, 1, 1, 1), 3.0)], np.ones(1), np.zeros(1), eps=0.0)
    >>> [shard.item() for shard in y]
    [-1.0, 1.0]
    """
    shards = [np.asarray(shard, dtype=float) for shard in shards]
    gamma, beta = np.asarray(gamma, dtype=float), np.asarray(beta, dtype=float)
    if not shards:
        raise ValueError("shards must hold at least one shard, got none")
    for k, shard in enumerate(shards):
        if shard.ndim != 4 or shard.shape[1:] != shards[0].shape[1:]:
            raise ValueError(f"shards must agree in (C, H, W): shard 0 has {shards[0].shape}, shard {k} {shard.shape}")
    for name, value in (("gamma", gamma), ("beta", beta)):
        if value.shape != shards[0].shape[1:2]:
            raise ValueError(f"{name} must have shape {shards[0].shape[1:2]}, got {value.shape}")
    counts = np.array([len(shard) * math.prod(shard.shape[2:]) for shard in shards])
    means, variances = (np.array([f(shard, axis=(0, 2, 3)) for shard in shards]) for f in (np.mean, np.var))  # (K, C)
    mean = np.average(means, axis=0, weights=counts)
    var = np.average(variances + (means - mean) ** 2, axis=0, weights=counts)
    scale = gamma / np.sqrt(var + eps)
    return [scale[:, None, None] * (shard - mean[:, None, None]) + beta[:, None, None] for shard in shards]


def ln_rnn_step(x: Array, h: Array, Wx: Array, Wh: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """One step of a recurrent net whose sums are layer-normalized.

        a = x Wx^T + h Wh^T,   h' = tanh(gamma * (a - mean) / sqrt(var + eps) + beta)

    mean and var run over the H units of each case separately; var divides by H (biased). gamma and beta are the same
    at every step, so a sequence may be longer than those in training. The two parts are added first and normalized
    together; layer-normalized LSTMs normalize them one by one.

    Args:
        x: (N, D) inputs of this step.
        h: (N, H) state before it; it is not changed.
        Wx: (H, D) weights of the inputs.
        Wh: (H, H) weights of the state.
        gamma: (H,) scale.
        beta: (H,) shift.
        eps: Added to the variance, inside the square root.

    Returns:
        (N, H) state after the step.

    Raises:
        ValueError: x or h does not have two axes, they differ in N, or Wx, Wh, gamma or beta does not fit them.

    Source: Ba, Kiros, Hinton, arXiv:1607.06450, equation 4.

    >>> ln_rnn_step(np.array([[2.0]]), np.zeros((1, 2)), np.array([[1.0], [2.0]]), np.eye(2), np.ones(2), np.zeros(2), 0.0)
    array([[-0.76159416,  0.76159416]])
    """
    x, h, Wx, Wh, gamma, beta = (np.asarray(a, dtype=float) for a in (x, h, Wx, Wh, gamma, beta))
    if x.ndim != 2:
        raise ValueError(f"x must be (N, D), got shape {x.shape}")
    if h.ndim != 2 or len(h) != len(x):
        raise ValueError(f"h must be (N, H) with N = {len(x)} as in x, got shape {h.shape}")
    (_, inputs), (_, units) = x.shape, h.shape
    expected = {"Wx": (units, inputs), "Wh": (units, units), "gamma": (units,), "beta": (units,)}
    for (name, shape), value in zip(expected.items(), (Wx, Wh, gamma, beta), strict=True):
        if value.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {value.shape}")
    a = x @ Wx.T + h @ Wh.T
    mean, var = a.mean(axis=1, keepdims=True), a.var(axis=1, keepdims=True)
    return np.tanh(gamma * (a - mean) / np.sqrt(var + eps) + beta)
