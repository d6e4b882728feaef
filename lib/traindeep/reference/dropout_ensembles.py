"""Dropout as a committee of thinned networks: exact averages, how sure a committee is, and DropConnect's Gaussian.

Sources: Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", arXiv:1207.0580;
Baldi & Sadowski, "Understanding Dropout", NeurIPS 2013; Wan et al., "Regularization of Neural Networks using
DropConnect", ICML 2013; Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599.
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
MOST_UNITS = 14  # 2^14 = 16,384 masks


def dropout_ensemble_exact(h: Array, W: Array, b: Array, p_keep: float) -> dict[str, Array]:
    """What all 2^H thinned networks predict together, without sampling: two averages, and the mean network.

    A mask m in {0, 1}^H keeps or drops each hidden unit, P(m) = p_keep^k (1 - p_keep)^(H - k) for k units kept, and
    its network predicts softmax(W (m * h) + b). Kept units are not rescaled (the classic convention).

        arith    = sum_m P(m) softmax(W (m * h) + b)
        geo      = prod_m softmax(W (m * h) + b)^P(m), divided by its sum over the classes
        mean_net = softmax(p_keep W h + b)

    geo equals mean_net, for any p_keep: the logarithm of a softmax is a logit minus a number that is the same for all
    classes, and the mean of the logits is p_keep W h + b. arith is something else, and so is geo as soon as there is
    a second hidden layer.

    Args:
        h: (H,) activations of the hidden layer, H at most 14.
        W: (C, H) weights of the output layer.
        b: (C,) its bias. It is never dropped and never scaled.
        p_keep: Probability that a unit is kept, in (0, 1].

    Returns:
        A dict of three arrays of shape (C,): "arith", "geo" and "mean_net". Each adds up to 1.

    Raises:
        ValueError: H is larger than 14, or p_keep is outside (0, 1].

    Source: Hinton et al., arXiv:1207.0580; Baldi & Sadowski 2013 ("normalized weighted geometric mean").

    >>> out = dropout_ensemble_exact(np.array([2.0]), np.array([[1.0], [0.0]]), np.zeros(2), 0.5)
    >>> out["arith"].round(3), out["geo"].round(3), out["mean_net"].round(3)
    (array([0.69, 0.31]), array([0.731, 0.269]), array([0.731, 0.269]))
    """
    h, W, b = (np.asarray(a, dtype=float) for a in (h, W, b))
    _check_keep(p_keep)
    units = h.size
    if units > MOST_UNITS:
        raise ValueError(f"h must have at most {MOST_UNITS} units, got {units}: there would be 2^{units} masks")
    masks = (np.arange(2**units)[:, None] >> np.arange(units)) & 1  # (2^H, H), every mask once
    kept = masks.sum(axis=1)
    weight = p_keep**kept * (1.0 - p_keep) ** (units - kept)
    log_p = _log_softmax((masks * h) @ W.T + b)
    return {
        "arith": weight @ np.exp(log_p),
        "geo": np.exp(_log_softmax(weight @ log_p)),
        "mean_net": np.exp(_log_softmax(p_keep * (W @ h) + b)),
    }


def calibration_error(probs: Array, y: Array, n_bins: int = 10) -> tuple[float, dict[str, Array]]:
    """Expected calibration error: how far confidence and accuracy are apart, bin by bin.

    The confidence of a row is its largest probability, and the row is right if that is the probability of its label.
    Bin b = 1..B holds the rows with a confidence in ((b - 1) / B, b / B]: the upper edge belongs to the bin, so 1.0 is
    in the last one, and 0 would be in the first.

        ECE = sum_b (n_b / N) |acc_b - conf_b|

    Args:
        probs: (N, C) probabilities, rows that add up to 1.
        y: (N,) integer labels in 0..C-1.
        n_bins: B, the number of bins of equal width.

    Returns:
        (ece, table). table is a dict of arrays of shape (B,): "conf", the mean confidence in each bin, "acc", the
        share of right rows in it, "count", its number of rows. An empty bin has conf and acc nan, count 0, and adds
        nothing to ece.

    Raises:
        ValueError: a label of y is outside 0..C-1, or n_bins is less than 1.

    Source: Guo et al., arXiv:1706.04599, section 2, equation 3.

    >>> ece, table = calibration_error(np.array([[0.9, 0.1], [0.3, 0.7], [0.4, 0.6]]), np.array([0, 1, 0]), 2)
    >>> round(ece, 4), table["count"]
    (0.0667, array([0, 3]))
    """
    probs, y = np.asarray(probs, dtype=float), np.asarray(y)
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    classes = probs.shape[1]
    if np.any((y < 0) | (y >= classes)):
        raise ValueError(f"y must have labels in 0..{classes - 1}, got {y.min()}..{y.max()}")
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == y
    # The number of edges b / B below a value is its bin, counted from 0, if a value on an edge stays below it.
    edges = np.arange(1, n_bins) / n_bins
    bins = np.searchsorted(edges, confidence, side="left")
    count = np.bincount(bins, minlength=n_bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 is the documented nan of an empty bin
        conf = np.bincount(bins, weights=confidence, minlength=n_bins) / count
        acc = np.bincount(bins, weights=right, minlength=n_bins) / count
    ece = np.nansum(count * np.abs(acc - conf)) / len(y)
    return float(ece), {"conf": conf, "acc": acc, "count": count}


def dropconnect_moments(W: Array, v: Array, p_keep: float) -> tuple[Array, Array]:
    """Mean and variance of a linear layer whose single weights are dropped.

    DropConnect multiplies every entry of W by its own mask entry, 1 with probability p_keep and else 0, so that
    z_o = sum_i m_oi W_oi v_i is a sum of independent terms:

        mean_o = p_keep * sum_i W_oi v_i
        var_o  = p_keep * (1 - p_keep) * sum_i W_oi^2 v_i^2

    Dropping units of v instead gives every z_o the same mean and variance, but then all z_o share their masks and are
    correlated; here they are independent.

    Args:
        W: (O, I) weights.
        v: (I,) inputs of the layer.
        p_keep: Probability that a weight is kept, in (0, 1].

    Returns:
        (mean, var), each of shape (O,).

    Raises:
        ValueError: p_keep is outside (0, 1].

    Source: Wan et al. 2013 (inference).

    >>> dropconnect_moments(np.array([[1.0, -2.0]]), np.array([3.0, 1.0]), 0.5)
    (array([0.5]), array([3.25]))
    """
    _check_keep(p_keep)
    terms = np.asarray(W, dtype=float) * np.asarray(v, dtype=float)  # (O, I)
    return p_keep * terms.sum(axis=1), p_keep * (1 - p_keep) * (terms**2).sum(axis=1)


def dropconnect_infer(
    W: Array, v: Array, p_keep: float, f: Callable[[Array], Array], n: int, rng: np.random.Generator
) -> Array:
    """DropConnect at test time: average the activation over draws of the pre-activation.

    A sum of many independent terms is nearly normal, so each z_o is drawn from a normal distribution with the moments
    of `dropconnect_moments`, independently for each output o and each of n draws:

        result_o = (1 / n) sum_k f(z_ko),        z_ko ~ N(mean_o, var_o)

    Args:
        W: (O, I) weights.
        v: (I,) inputs of the layer.
        p_keep: Probability that a weight is kept, in (0, 1].
        f: The activation, an elementwise function of arrays of any shape, such as np.tanh.
        n: Number of draws, at least 1.
        rng: Where all randomness comes from.

    Returns:
        (O,) array.

    Raises:
        ValueError: p_keep is outside (0, 1], or n is less than 1.

    Source: Wan et al. 2013, algorithm 2.

    >>> dropconnect_infer(np.array([[1.0, -2.0]]), np.array([3.0, 1.0]), 1.0, np.square, 5, np.random.default_rng(0))
    array([1.])
    """
    mean, var = dropconnect_moments(W, v, p_keep)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    z = rng.normal(mean, np.sqrt(var), size=(int(n), mean.size))  # normal() wants the deviation, not the variance
    return np.asarray(f(z), dtype=float).mean(axis=0)


def _log_softmax(s: Array) -> Array:
    s = s - s.max(axis=-1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))


def _check_keep(p_keep: float) -> None:
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
