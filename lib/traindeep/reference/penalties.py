"""L1, max-norm and L2 as penalties, as projections, and as constraints.

Sources: Parikh & Boyd, "Proximal Algorithms", 2014 (sections 4.2 and 6.5); Boyd & Vandenberghe, "Convex Optimization",
2004 (section 5.5); Srivastava and others, "Dropout", JMLR 15, 2014 (section 5.1, max-norm).
"""

import numpy as np

Array = np.ndarray


def l1_penalty(w: Array, lam: float) -> tuple[float, Array]:
    """The L1 penalty and a subgradient of it.

        value = lam * sum |w|,     subgrad = lam * sign(w)

    At w = 0 every number in [-lam, lam] is a subgradient; 0 is returned, as by torch.

    Args:
        w: Array of any shape; integers and float32 are computed in float64.
        lam: Strength, >= 0.

    Returns:
        The value as a float and the subgradient in the shape of w.

    Raises:
        ValueError: lam is negative.

    Source: Parikh & Boyd, section 6.5.

    >>> l1_penalty(np.array([3.0, 0.0, -1.0]), 0.5)
    (2.0, array([ 0.5,  0. , -0.5]))
    """
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    w = np.asarray(w, dtype=float)
    return float(lam * np.sum(np.abs(w))), lam * np.sign(w)


def soft_threshold(w: Array, t: float) -> Array:
    """Move every weight towards 0 by t, and to exactly 0 if it is nearer than that.

        u = sign(w) * max(|w| - t, 0)    =    argmin_u  1/2 (u - w)^2 + t |u|

    Args:
        w: Array of any shape; integers and float32 are computed in float64.
        t: Threshold, >= 0.

    Returns:
        Array of the shape of w.

    Raises:
        ValueError: t is negative.

    Source: Parikh & Boyd, section 6.5 (proximal operator of the L1 norm).

    >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0) + 0.0
    array([ 2.,  0., -1.])
    """
    if not t >= 0:
        raise ValueError(f"t must not be negative, got {t}")
    w = np.asarray(w, dtype=float)
    return np.sign(w) * np.maximum(np.abs(w) - t, 0)


def max_norm_project(W: Array, c: float) -> Array:
    """Scale the incoming weights of every unit that are longer than c back to the length c.

        W_new[o] = W[o] * min(1, c / ||W[o]||)

    Row o of W holds the weights into unit o; the length is the Euclidean one. Shorter rows stay as they are, a row of
    zeros, too.

    Args:
        W: (O, I) array; integers and float32 are computed in float64.
        c: Largest length, > 0.

    Returns:
        (O, I) array.

    Raises:
        ValueError: W is not two-dimensional, or c is not positive.

    Source: Srivastava and others, "Dropout", JMLR 15, 2014, section 5.1.

    >>> max_norm_project(np.array([[3.0, 4.0], [0.6, 0.8]]), 2.0)
    array([[1.2, 1.6],
           [0.6, 0.8]])
    """
    W = np.asarray(W, dtype=float)
    if W.ndim != 2:
        raise ValueError(f"W must be (O, I), got shape {W.shape}")
    if not c > 0:
        raise ValueError(f"c must be positive, got {c}")
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    return W * (c / np.maximum(norms, c))  # rows shorter than c: exactly 1


def project_l2_ball(w: Array, r: float) -> Array:
    """The nearest point with ||w||^2 <= r.

        w                          if ||w||^2 <= r
        w * sqrt(r) / ||w||        otherwise

    r bounds the squared norm: the ball has the radius sqrt(r).

    Args:
        w: (D,) array; integers and float32 are computed in float64.
        r: Largest squared norm, >= 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: r is negative.

    Source: Parikh & Boyd, section 6.5.

    >>> project_l2_ball(np.array([3.0, 4.0]), 4.0)
    array([1.2, 1.6])
    """
    if not r >= 0:
        raise ValueError(f"r must not be negative, got {r}")
    w = np.asarray(w, dtype=float)
    square = w @ w
    return w.copy() if square <= r else w * np.sqrt(r / square)


def pgd_least_squares(X: Array, y: Array, r: float, lr: float, steps: int) -> Array:
    """Least squares under a hard constraint, by projected gradient descent.

        minimize (1/N) ||y - X w||^2   subject to   ||w||^2 <= r

    Starts at w = 0; every step follows the gradient and then projects with `project_l2_ball`. It converges if lr is
    below 2 / L, where L = 2 lambda_max(X^T X) / N is the largest curvature of the loss.

    Args:
        X: (N, D) array; integers and float32 are computed in float64.
        y: (N,) array.
        r: Largest squared norm, >= 0.
        lr: Learning rate.
        steps: Number of steps.

    Returns:
        (D,) array, the last w. Its squared norm is at most r, up to rounding.

    Raises:
        ValueError: r is negative.

    Source: Parikh & Boyd, section 4.2 (proximal gradient method with a projection).

    >>> pgd_least_squares(np.eye(2), np.array([3.0, 4.0]), r=1.0, lr=0.5, steps=100)
    array([0.6, 0.8])
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    w = project_l2_ball(np.zeros(X.shape[1]), r)
    for _ in range(steps):
        w = project_l2_ball(w - lr * _gradient(X, y, w), r)
    return w


def lambda_star(X: Array, y: Array, w: Array) -> float:
    """The lambda for which w also solves the problem with a soft constraint, or 0 if no penalty is needed.

        minimize (1/N) ||y - X w||^2 + lambda ||w||^2

    At its solution grad L(w) + 2 lambda w = 0, so lambda = -<grad L(w), w> / (2 ||w||^2). A hard constraint that is
    not active needs no penalty: negative values become 0.

    Args:
        X: (N, D) array; integers and float32 are computed in float64.
        y: (N,) array.
        w: (D,) array, a solution for some real lambda.

    Returns:
        lambda as a float, >= 0.

    Raises:
        ValueError: w is zero.

    Source: Boyd & Vandenberghe, section 5.5.3 (the multiplier of the constraint).

    >>> lambda_star(np.eye(2), np.array([3.0, 4.0]), np.array([0.6, 0.8]))
    2.0
    """
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    if not w.any():
        raise ValueError("w must not be zero: every large lambda leads there")
    return float(max(0.0, -(_gradient(X, y, w) @ w) / (2 * w @ w)))


def _gradient(X: Array, y: Array, w: Array) -> Array:
    """Gradient of (1/N) ||y - X w||^2."""
    return 2 / len(X) * X.T @ (X @ w - y)
