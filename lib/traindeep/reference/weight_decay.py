"""Weight decay in four conventions: as a penalty, decoupled, and two shrinking rules of thumb; in SGD and in Adam.

Sources: Loshchilov & Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101 (Algorithms 1 and 2); Kingma &
Ba, "Adam", arXiv:1412.6980 (Algorithm 1); PyTorch's documentation of `SGD`, `Adam` and `AdamW` for the conventions.
"""

import numpy as np

Array = np.ndarray


def sgd_step(
    w: Array, g: Array, lr: float, wd: float, mode: str, momentum: float = 0.0, buf: Array | None = None
) -> tuple[Array, Array]:
    """One step of gradient descent with momentum, and with weight decay in one of four conventions.

        buf_new = momentum * buf + d,     d = g, except under "l2":  d = g + wd * w

        "l2":         w_new = w - lr * buf_new                      the penalty wd/2 ||w||^2, as torch.optim.SGD
        "decoupled":  w_new = (1 - lr * wd) * w - lr * buf_new      the decay of AdamW
        "lecture":    w_new = (1 - wd) * w - lr * buf_new           wd is not multiplied by lr
        "engineer":   w_new = (1 - wd) * (w - lr * buf_new)         the fresh step shrinks, too

    Without a previous buffer, buf_new = d: it is neither zero nor weighed by 1 - momentum. The first two modes agree
    for a momentum of 0, and from the second step on for no other.

    Args:
        w: (D,) weights.
        g: (D,) gradient of the loss without a penalty.
        lr: Learning rate, > 0.
        wd: Strength of the decay, >= 0.
        mode: "l2", "decoupled", "lecture" or "engineer".
        momentum: Weight of the previous buffer.
        buf: (D,) previous buffer, or None before the first step.

    Returns:
        w_new and buf_new, both (D,) and new arrays.

    Raises:
        ValueError: mode is unknown, lr is not positive, or wd is negative.

    Source: Loshchilov & Hutter, arXiv:1711.05101, Algorithm 1; the momentum is that of `torch.optim.SGD`.

    >>> sgd_step(np.array([10.0]), np.array([2.0]), lr=0.1, wd=0.5, mode="l2")
    (array([9.3]), array([7.]))
    >>> sgd_step(np.array([10.0]), np.array([2.0]), lr=0.1, wd=0.5, mode="engineer")
    (array([4.9]), array([2.]))
    """
    if mode not in ("l2", "decoupled", "lecture", "engineer"):
        raise ValueError(f"mode must be 'l2', 'decoupled', 'lecture' or 'engineer', got {mode!r}")
    if not lr > 0:
        raise ValueError(f"lr must be positive, got {lr}")
    if not wd >= 0:
        raise ValueError(f"wd must not be negative, got {wd}")
    w, g = np.asarray(w, dtype=float), np.asarray(g, dtype=float)
    d = g + wd * w if mode == "l2" else g
    buf_new = d.copy() if buf is None else momentum * np.asarray(buf, dtype=float) + d
    if mode == "engineer":
        return (1 - wd) * (w - lr * buf_new), buf_new
    kept = {"l2": 1.0, "decoupled": 1 - lr * wd, "lecture": 1 - wd}[mode]
    return kept * w - lr * buf_new, buf_new


def adam_step(
    w: Array,
    g: Array,
    state: dict,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    wd: float = 0.0,
    decoupled: bool = False,
) -> tuple[Array, dict]:
    """One step of Adam, with weight decay as a penalty (torch's Adam) or decoupled from the gradient (AdamW).

        decoupled=False:  g <- g + wd * w          the penalty wd/2 ||w||^2 goes through m and v like the loss
        decoupled=True:   w <- (1 - lr * wd) * w   and neither m nor v sees the decay

        t <- t + 1,    m <- beta1 m + (1 - beta1) g,    v <- beta2 v + (1 - beta2) g^2
        w_new = w - lr * mhat / (sqrt(vhat) + eps),     mhat = m / (1 - beta1^t),    vhat = v / (1 - beta2^t)

    Args:
        w: (D,) weights.
        g: (D,) gradient of the loss without a penalty.
        state: "m" and "v", both (D,), and the number "t" of steps so far; zeros, zeros and 0 before the first.
        lr: Learning rate, >= 0. It multiplies the decoupled decay as well.
        betas: (beta1, beta2), both in [0, 1).
        eps: Added to the square root, outside of it.
        wd: Strength of the decay, >= 0.
        decoupled: Which of the two.

    Returns:
        w_new of shape (D,) and the new state; the old one is left as it is.

    Raises:
        ValueError: lr or wd is negative, or one of betas is outside [0, 1).

    Source: Loshchilov & Hutter, arXiv:1711.05101, Algorithm 2, with torch's product lr * wd; Kingma & Ba, Algorithm 1.

    >>> start = dict(m=np.zeros(2), v=np.zeros(2), t=0)
    >>> w, state = adam_step(np.array([1.0, 1.0]), np.array([0.3, -40.0]), start, lr=0.1)
    >>> w.round(6), state["t"]
    (array([0.9, 1.1]), 1)
    """
    for name, value in (("lr", lr), ("wd", wd)):
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")
    beta1, beta2 = betas
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
        raise ValueError(f"betas must be in [0, 1), got {betas}")
    w, g = np.asarray(w, dtype=float), np.asarray(g, dtype=float)
    if decoupled:
        w = (1 - lr * wd) * w
    else:
        g = g + wd * w
    t = state["t"] + 1
    m = beta1 * state["m"] + (1 - beta1) * g
    v = beta2 * state["v"] + (1 - beta2) * g**2
    mhat, vhat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * mhat / (np.sqrt(vhat) + eps), dict(m=m, v=v, t=t)
