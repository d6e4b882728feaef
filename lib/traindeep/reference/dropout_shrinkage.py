"""What dropout shrinks: its exact penalty in a linear model, filters of singular values, rescaling, and variances.

Sources: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014),
section 9.1; Wager, Wang, Liang, "Dropout Training as Adaptive Regularization", arXiv:1307.1493; Hastie, Tibshirani,
Friedman, "The Elements of Statistical Learning", section 3.4.1; Helmbold & Long, "Surprising properties of dropout in
deep networks", arXiv:1602.04484; Li et al., "Understanding the Disharmony between Dropout and Batch Normalization by
Variance Shift", arXiv:1801.05134.
"""

import numpy as np

Array = np.ndarray
RANK_TOLERANCE = 1e-6  # of the largest singular value; X^T X squares it, so this is what an eigendecomposition can tell


def dropout_objective(X: Array, y: Array, w: Array, p_keep: float) -> float:
    """The squared error of a linear model under input dropout, averaged over all masks exactly.

    Every entry of X has a mask entry of its own, 1 with probability p_keep and else 0; kept entries are not rescaled.

        E_m ||y - (m * X) w||^2 = ||y - p_keep X w||^2 + p_keep (1 - p_keep) sum_j ||X_j||^2 w_j^2

    with X_j the columns of X. It is a sum over the N rows, without 1 / N.

    Args:
        X: (N, D) inputs.
        y: (N,) targets.
        w: (D,) weights as used in training, before any scaling for the test.
        p_keep: Probability that an entry is kept, in (0, 1].

    Returns:
        A float.

    Raises:
        ValueError: p_keep is outside (0, 1].

    Source: Srivastava et al. 2014, section 9.1.

    >>> dropout_objective(np.array([[2.0]]), np.array([3.0]), np.array([1.0]), 0.5)
    5.0
    """
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    _check_keep(p_keep)
    residual = y - p_keep * (X @ w)
    return float(residual @ residual + p_keep * (1 - p_keep) * ((X**2).sum(axis=0) @ w**2))


def dropout_ridge(X: Array, y: Array, p_keep: float) -> Array:
    """The weights that input dropout gives a linear model at test time.

        p_keep * argmin_w E_m ||y - (m * X) w||^2
            = the solution u of (X^T X + (1 - p_keep) / p_keep * diag(X^T X)) u = X^T y

    diag(X^T X) holds the squared lengths of the columns, so the penalty of a weight goes with the size of its feature:
    unlike ridge regression, measuring a feature in other units changes nothing.

    Args:
        X: (N, D) inputs, no column of zeros. With p_keep = 1 the columns have to be independent.
        y: (N,) targets.
        p_keep: Probability that an entry of X is kept in training, in (0, 1].

    Returns:
        (D,) weights for use without dropout and without further scaling.

    Raises:
        ValueError: p_keep is outside (0, 1], or a column of X is all zeros.

    Source: Srivastava et al. 2014, section 9.1; Wager et al., arXiv:1307.1493.

    >>> dropout_ridge(np.array([[2.0, 0.0], [0.0, 5.0]]), np.array([2.0, 5.0]), 0.8)
    array([0.8, 0.8])
    """
    X, y = (np.asarray(a, dtype=float) for a in (X, y))
    _check_keep(p_keep)
    gram = X.T @ X
    lengths = np.diag(gram)
    if np.any(lengths == 0):
        column = int(np.argmin(lengths))
        raise ValueError(f"X must have no column of zeros, got one at {column}: its weight could be anything")
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(lengths), X.T @ y)


def singular_response(X: Array, y: Array, w: Array) -> tuple[Array, Array]:
    """How much of the least-squares solution the weights w have, along each right singular vector of X.

    With X = sum_i s_i u_i v_i^T and the least-squares solution w_LS,

        c_i = (v_i^T w) / (v_i^T w_LS),        v_i^T w_LS = (u_i^T y) / s_i

    c_i = 1 means that w answers to this direction as least squares does, c_i = 0 not at all. Directions whose singular
    value is zero up to rounding (below 1e-6 times the largest) are left out.

    Args:
        X: (N, D) inputs.
        y: (N,) targets, not orthogonal to any u_i.
        w: (D,) weights of any method.

    Returns:
        (s, c), both of shape (r,) with r the rank of X: singular values from large to small, and the ratios.

    Source: Hastie et al., section 3.4.1, equation 3.47.

    >>> X, y = np.array([[0.0, 3.0], [4.0, 0.0]]), np.array([3.0, 4.0])
    >>> singular_response(X, y, np.array([0.5, 0.25]))
    (array([4., 3.]), array([0.5 , 0.25]))
    """
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    present = s > RANK_TOLERANCE * s.max()
    U, s, Vt = U[:, present], s[present], Vt[present]
    return s, (Vt @ w) / ((U.T @ y) / s)


def gd_filter(s2: Array, lr: float, steps: int) -> Array:
    """The ratios c_i after some steps of gradient descent from w = 0 on the loss (1/2) ||y - X w||^2.

        c_i = 1 - (1 - lr * s_i^2)^steps

    Args:
        s2: (r,) squared singular values of X, which are the eigenvalues of X^T X.
        lr: Learning rate > 0.
        steps: Number of steps, 0 or more.

    Returns:
        (r,) array.

    Raises:
        ValueError: gradient descent diverges, lr * s2 >= 2 for one of them. The message names lr.

    Source: Goodfellow et al., "Deep Learning", section 7.8.

    >>> gd_filter(np.array([4.0, 1.0]), 0.25, 2)
    array([1.    , 0.4375])
    """
    s2 = np.asarray(s2, dtype=float)
    if np.any(lr * s2 >= 2):
        raise ValueError(f"lr must be below 2 / {s2.max():g}, got {lr}: gradient descent diverges")
    return 1 - (1 - lr * s2) ** steps


def ridge_filter(s2: Array, lam: float) -> Array:
    """The ratios c_i of ridge regression, which minimizes ||y - X w||^2 + lam ||w||^2.

        c_i = s_i^2 / (s_i^2 + lam)

    Args:
        s2: (r,) squared singular values of X, all positive.
        lam: Strength of the penalty, 0 or more.

    Returns:
        (r,) array.

    Source: Hastie et al., section 3.4.1, equation 3.47.

    >>> ridge_filter(np.array([4.0, 1.0]), 1.0)
    array([0.8, 0.5])
    """
    s2 = np.asarray(s2, dtype=float)
    return s2 / (s2 + lam)


def rescale_two_layer(W1: Array, b1: Array, W2: Array, c: float) -> tuple[Array, Array, Array]:
    """Move a factor c > 0 from the second layer of a ReLU network into the first.

    W2 (m * relu(W1 x + b1)) + b2 is the same function for (c W1, c b1, W2 / c), whatever the mask m, because
    relu(c z) = c relu(z) for c > 0. b2 does not change and is not asked for.

    Args:
        W1: (H, D) weights of the hidden layer.
        b1: (H,) its bias.
        W2: (C, H) weights of the output layer.
        c: The factor, > 0.

    Returns:
        (W1c, b1c, W2c), new arrays of the shapes of W1, b1 and W2.

    Raises:
        ValueError: c is not positive.

    Source: Helmbold & Long, arXiv:1602.04484.

    >>> rescale_two_layer(np.array([[1.0]]), np.array([3.0]), np.array([[4.0]]), 2.0)
    (array([[2.]]), array([6.]), array([[2.]]))
    """
    if not c > 0:
        raise ValueError(f"c must be positive, got {c}: relu(c z) = c relu(z) needs that")
    W1, b1, W2 = (np.asarray(a, dtype=float) for a in (W1, b1, W2))
    return c * W1, c * b1, W2 / c


def l2_ratio(W1: Array, W2: Array, c: float) -> float:
    """By which factor `rescale_two_layer` changes the L2 penalty of the weights.

        (c^2 ||W1||^2 + ||W2||^2 / c^2) / (||W1||^2 + ||W2||^2)

    with ||W||^2 the sum of the squares of all entries. Biases are not penalized.

    Args:
        W1: (H, D) weights of the hidden layer.
        W2: (C, H) weights of the output layer.
        c: The factor, > 0.

    Returns:
        A float.

    Source: Helmbold & Long, arXiv:1602.04484.

    >>> l2_ratio(np.array([[1.0]]), np.array([[4.0]]), 2.0)
    0.47058823529411764
    """
    first, second = (np.sum(np.asarray(W, dtype=float) ** 2) for W in (W1, W2))
    return float((c**2 * first + second / c**2) / (first + second))


def variance_shift_ratio(mean: Array, var: Array, p_drop: float) -> Array:
    """By which factor dropout makes the variance in training larger than at test time.

    x has mean mu and variance v over the data. Inverted dropout gives m x / (1 - p_drop) in training, with m = 0 with
    probability p_drop and else 1, and x itself at test time:

        Var(train) / Var(test) = ((v + mu^2) / (1 - p_drop) - mu^2) / v

    Args:
        mean: (D,) means mu.
        var: (D,) variances v, all positive.
        p_drop: Probability that a unit is dropped, in [0, 1).

    Returns:
        (D,) array, 1 or more.

    Raises:
        ValueError: an entry of var is not positive, or p_drop is outside [0, 1).

    Source: Li et al., arXiv:1801.05134.

    >>> variance_shift_ratio(np.array([0.0, 1.0, 2.0]), np.ones(3), 0.5)
    array([2., 3., 6.])
    """
    mean, var = (np.asarray(a, dtype=float) for a in (mean, var))
    if np.any(var <= 0):
        raise ValueError(f"var must be positive, got {var.min()}")
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop must be in [0, 1), got {p_drop}")
    return ((var + mean**2) / (1 - p_drop) - mean**2) / var


def _check_keep(p_keep: float) -> None:
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
