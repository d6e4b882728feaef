"""Batch normalization: what does not change when the layer before it is rescaled or shifted, and how to undo it.

Sources: Ioffe & Szegedy, "Batch Normalization", arXiv:1502.03167 (sections 3, 3.2 and 3.3); van Laarhoven, "L2
Regularization versus Batch and Weight Normalization", arXiv:1706.05350 (the effective learning rate).
"""

import numpy as np

from .normalization import bn_backward, bn_forward_train

Array = np.ndarray


def bn_linear_backward(u: Array, W: Array, dy: Array, eps: float = 0.0) -> tuple[Array, Array]:
    """Gradients through a linear layer and batch normalization after it.

        z = u W^T,    y = xhat(z) = (z - mu) / sqrt(var + eps)              gamma = 1, beta = 0, no bias

        dz = (dy - mean_n dy - xhat * mean_n (dy * xhat)) / sqrt(var + eps),    du = dz W,    dW = dz^T u

    mu and var are taken over the N rows of z; var divides by N. eps is 0 by default, because the identities that
    this function is for are exact only then. For every a > 0

        y(u, a W) = y(u, W),    du(u, a W) = du(u, W),    dW(u, a W) = dW(u, W) / a,

    also with another a for each row of W, and <W_o, dW_o> = 0 for each row o. For a < 0 the output changes its sign.

    Args:
        u: (N, Din) inputs; integers and float32 are computed in float64.
        W: (Dout, Din) weights.
        dy: (N, Dout) gradient of the loss with respect to y.
        eps: Added to the variance, inside the square root.

    Returns:
        (du, dW) of shapes (N, Din) and (Dout, Din).

    Raises:
        ValueError: eps is 0 and an output of the linear layer is constant in the batch (a row of zeros in W, say).

    Source: Ioffe & Szegedy, arXiv:1502.03167, section 3.3 (the two identities); section 3 for the gradient.

    >>> u = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> du, dW = bn_linear_backward(u, np.array([[3.0, 4.0]]), np.array([[1.0], [0.0], [0.0], [0.0]]))
    >>> dW.round(6)
    array([[ 0.032, -0.024]])
    """
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    ones, zeros = np.ones(len(W)), np.zeros(len(W))
    with np.errstate(invalid="ignore"):  # 0 / 0 is refused below
        _, cache = bn_forward_train(u @ W.T, ones, zeros, eps)
    constant = cache["var"] + eps == 0
    if constant.any():
        unit = int(np.argmax(constant))
        raise ValueError(f"output {unit} of u @ W.T is the same for all rows of u: eps must be > 0 then, got {eps}")
    dz, _, _ = bn_backward(dy, cache)
    return dz @ W, dz.T @ u


def effective_lr(lr: float, w: Array) -> float:
    """The learning rate that turns a weight vector of length 1 as lr turns w, if batch normalization follows.

        effective_lr = lr / ||w||^2

    The gradient of a loss that depends on the direction of w only is 1 / ||w|| times that at w / ||w||, and the step
    lr * gradient is measured against a vector of length ||w||: one factor 1 / ||w|| each.

    Args:
        lr: Learning rate of plain gradient descent.
        w: (D,) weights of one unit, in front of batch normalization.

    Raises:
        ValueError: w is 0.

    Source: van Laarhoven, arXiv:1706.05350; Ioffe & Szegedy, arXiv:1502.03167, section 3.3.

    >>> effective_lr(0.5, np.array([3.0, 4.0]))
    0.02
    """
    w = np.asarray(w, dtype=float)
    square = float(w @ w)
    if square == 0:
        raise ValueError("w must not be 0: it has no direction")
    return lr / square


def bn_undo_params(mu: Array, var: Array, eps: float) -> tuple[Array, Array]:
    """The gamma and beta with which batch normalization gives back what it was given.

        gamma = sqrt(var + eps),    beta = mu:    gamma * (x - mu) / sqrt(var + eps) + beta = x

    gamma = sqrt(var), as some texts have it, leaves x - mu too small by sqrt(var / (var + eps)).

    Args:
        mu: (D,) mean of each feature.
        var: (D,) variance of each feature, as batch normalization uses it.
        eps: What batch normalization adds to var.

    Returns:
        (gamma, beta), (D,) each; new arrays.

    Raises:
        ValueError: an entry of var, or eps, is negative.

    Source: Ioffe & Szegedy, arXiv:1502.03167, section 3, where eps is left out.

    >>> bn_undo_params(np.array([2.0]), np.array([0.75]), 0.25)
    (array([1.]), array([2.]))
    """
    mu, var = np.array(mu, dtype=float), np.asarray(var, dtype=float)
    if np.any(var < 0):
        raise ValueError(f"var must not be negative, got {var.min():g}")
    if eps < 0:
        raise ValueError(f"eps must not be negative, got {eps:g}")
    return np.sqrt(var + eps), mu


def drop_bias(b: Array, run_mean: Array) -> Array:
    """The stored mean for a layer from which the bias b was taken away.

        BN(W u + b; run_mean, ...) = BN(W u; run_mean - b, ...)

    In training nothing has to change, because the mean of the batch contains b; what is stored does.

    Args:
        b: (D,) bias of the linear layer in front of batch normalization.
        run_mean: (D,) stored mean of the layer's outputs with the bias.

    Returns:
        (D,) stored mean of the outputs without it; a new array.

    Source: Ioffe & Szegedy, arXiv:1502.03167, section 3.2 ("the bias b can be ignored").

    >>> drop_bias(np.array([1.0, -2.0]), np.array([3.0, 3.0]))
    array([2., 5.])
    """
    return np.asarray(run_mean, dtype=float) - np.asarray(b, dtype=float)


def sigmoid_linear_r2(z: Array) -> float:
    """How well a straight line fits the sigmoid at the points z: the coefficient of determination.

        R^2 = 1 - sum_n (s_n - a - c z_n)^2 / sum_n (s_n - mean s)^2,    s_n = 1 / (1 + exp(-z_n))

    with the least-squares a and c. For one regressor and an intercept that is the squared correlation of z and s, which
    is how it is computed. Where all s_n are the same number although the z_n are not (z far out on one side) it is nan.

    Args:
        z: (N,) numbers.

    Raises:
        ValueError: z has fewer than 3 entries (a line fits two points exactly) or they are all the same.

    Source: the question is that of Ioffe & Szegedy, arXiv:1502.03167, section 3 ("the linear regime").

    >>> round(sigmoid_linear_r2(np.array([-1000.0, 0.0, 1000.0])), 6)
    1.0
    """
    z = np.asarray(z, dtype=float)
    if len(z) < 3:
        raise ValueError(f"z must have at least 3 entries, got {len(z)}")
    if np.all(z == z[0]):
        raise ValueError(f"z must not be constant, got {len(z)} times {z[0]:g}")
    positive = np.exp(-np.abs(z))  # at most 1: nothing overflows
    s = np.where(z >= 0, 1, positive) / (1 + positive)
    z, s = z - z.mean(), s - s.mean()
    with np.errstate(invalid="ignore"):
        return float((z @ s) ** 2 / ((z @ z) * (s @ s)))
