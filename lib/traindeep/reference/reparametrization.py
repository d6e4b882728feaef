"""Other ways to see weights: length and direction, standardized filters, and what a layer cannot tell apart.

Weight normalization and weight standardization work on the weights and never look at the data. `is_invariant` asks of
any layer which changes of its weights and inputs leave the output as it is.

Sources: Salimans & Kingma, "Weight Normalization", arXiv:1602.07868; Qiao et al., "Micro-Batch Training with
Batch-Channel Normalization and Weight Standardization", arXiv:1903.10520; Ba, Kiros, Hinton, "Layer Normalization",
arXiv:1607.06450.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def weight_norm(v: Array, g: Array) -> Array:
    """Weights from lengths and directions.

        W_o = g_o * v_o / ||v_o||          for each row o, with the Euclidean norm of the row

    So ||W_o|| = |g_o| whatever the length of v_o is. g is any real vector: a negative g_o turns the row round, g_o = 0
    makes it zero. Nothing is added to the norm.

    Args:
        v: (O, I) directions; integers and float32 are computed in float64.
        g: (O,) lengths.

    Returns:
        (O, I) weights.

    Raises:
        ValueError: v is not (O, I), a row of v is zero, or g is not (O,).

    Source: Salimans & Kingma, arXiv:1602.07868, equation 2.

    >>> weight_norm(np.array([[3.0, 4.0]]), np.array([10.0]))
    array([[6., 8.]])
    """
    unit, g, _ = _polar(v, g)
    return g[:, None] * unit


def weight_norm_grads(dW: Array, v: Array, g: Array) -> tuple[Array, Array]:
    """Gradients of weight normalization.

        dg_o = <dW_o, v_o> / ||v_o||
        dv_o = g_o / ||v_o|| * (dW_o - <dW_o, v_o> / ||v_o||^2 * v_o)

    <v_o, dv_o> = 0: the length of v_o has no influence, so the gradient has no part along v_o.

    Args:
        dW: (O, I) gradient of the loss with respect to W = weight_norm(v, g).
        v: (O, I) directions.
        g: (O,) lengths.

    Returns:
        dv of shape (O, I) and dg of shape (O,).

    Raises:
        ValueError: as weight_norm, or dW is not of the shape of v.

    Source: Salimans & Kingma, arXiv:1602.07868, equation 3.

    >>> dv, dg = weight_norm_grads(np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]), np.array([6.0]))
    >>> dv, dg
    (array([[3., 0.]]), array([0.]))
    """
    unit, g, length = _polar(v, g)
    dW = np.asarray(dW, dtype=float)
    if dW.shape != unit.shape:
        raise ValueError(f"dW must have the shape of v, {unit.shape}, got {dW.shape}")
    dg = (dW * unit).sum(axis=1)
    dv = (g / length)[:, None] * (dW - dg[:, None] * unit)
    return dv, dg


def weight_standardize(W: Array, eps: float = 1e-5) -> Array:
    """Give every filter of a convolution mean 0 and variance 1.

        W_o <- (W_o - mean_o) / sqrt(var_o + eps)          mean and var over the I * kh * kw weights of filter o

    var divides by n = I * kh * kw (biased); eps is inside the square root. The authors' PyTorch code divides by
    std + 1e-5 with n - 1 instead: smaller by sqrt((n - 1) / n), 1.4 % for n = 4 * 3 * 3.

    Args:
        W: (O, I, kh, kw) filters; integers and float32 are computed in float64.
        eps: Added to the variance.

    Returns:
        (O, I, kh, kw) array.

    Raises:
        ValueError: W does not have four axes.

    Source: Qiao et al., arXiv:1903.10520.

    >>> weight_standardize(np.array([[[[1.0, 3.0]]], [[[5.0, 5.0]]]]), eps=3.0).ravel()
    array([-0.5,  0.5,  0. ,  0. ])
    """
    W = np.asarray(W, dtype=float)
    if W.ndim != 4:
        raise ValueError(f"W must be (O, I, kh, kw), got shape {W.shape}")
    each = (1, 2, 3)
    return (W - W.mean(axis=each, keepdims=True)) / np.sqrt(W.var(axis=each, keepdims=True) + eps)


def _polar(v: Array, g: Array) -> tuple[Array, Array, Array]:
    """Rows of v at length 1, g, and the lengths of the rows, checked."""
    v, g = np.asarray(v, dtype=float), np.asarray(g, dtype=float)
    if v.ndim != 2:
        raise ValueError(f"v must be (O, I), got shape {v.shape}")
    if g.shape != (len(v),):
        raise ValueError(f"g must have shape ({len(v)},), got {g.shape}")
    length = np.sqrt((v**2).sum(axis=1))
    if not length.all():
        raise ValueError(f"v must have a direction in every row; row {int(np.argmin(length))} is zero")
    return v / length[:, None], g, length


# ---- invariances ---------------------------------------------------------------------------------------

ROUNDING = 1e-7  # of the largest output: far above the rounding of a layer, far below a real change


def is_invariant(
    f: Callable[[Array, Array], Array], X: Array, W: Array, transform: str, rng: np.random.Generator
) -> bool:
    """Whether a layer gives the same output after a change of its weights or its inputs.

        "W_scale"         W times one factor > 0
        "W_shift"         one row vector (D,), added to every row of W
        "row_scale"       one row of W times a factor > 0: the weights of one unit
        "X_scale"         X times one factor > 0
        "X_shift"         one row vector (D,), added to every row of X
        "one_case_scale"  one row of X times a factor > 0: one training case

    The change is drawn with rng, and it is a change: the factors lie in (1.5, 5), the shifts are normal. The answer is
    experimental: True means that three draws changed no output by more than rounding. Scaling every row of W by a
    factor of its own answers "row_scale" as well, and one number added to all entries of X answers "X_shift".

    Args:
        f: Layer f(X, W) of shape (N, H), without parameters of its own.
        X: (N, D) inputs.
        W: (H, D) weights, one row for each unit.
        transform: One of the six names.
        rng: Where the change is drawn.

    Returns:
        Whether f(X', W') equals f(X, W) up to rounding.

    Raises:
        ValueError: transform is not one of the six.

    Source: Ba, Kiros, Hinton, arXiv:1607.06450, section 5.1 and table 1.

    >>> def cosine(X, W):
    ...     return X @ W.T / np.linalg.norm(X, axis=1)[:, None] / np.linalg.norm(W, axis=1)
    >>> rng = np.random.default_rng(0)
    >>> X, W = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    >>> [is_invariant(cosine, X, W, name, rng) for name in TRANSFORMS]
    [True, False, True, True, False, True]
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"transform must be one of {', '.join(TRANSFORMS)}, got {transform!r}")
    X, W = np.asarray(X, dtype=float), np.asarray(W, dtype=float)
    y = np.asarray(f(X, W))
    for _ in range(3):
        change = np.asarray(f(*TRANSFORMS[transform](X, W, rng))) - y
        if not np.abs(change).max() <= ROUNDING * np.abs(y).max():
            return False
    return True


def _factor(rng: np.random.Generator) -> float:
    return rng.uniform(1.5, 5)


def _one_row_scaled(a: Array, rng: np.random.Generator) -> Array:
    factors = np.ones((len(a), 1))
    factors[rng.integers(len(a))] = _factor(rng)
    return factors * a


TRANSFORMS = {
    "W_scale": lambda X, W, rng: (X, _factor(rng) * W),
    "W_shift": lambda X, W, rng: (X, W + rng.normal(size=W.shape[1])),
    "row_scale": lambda X, W, rng: (X, _one_row_scaled(W, rng)),
    "X_scale": lambda X, W, rng: (_factor(rng) * X, W),
    "X_shift": lambda X, W, rng: (X + rng.normal(size=X.shape[1]), W),
    "one_case_scale": lambda X, W, rng: (_one_row_scaled(X, rng), W),
}
