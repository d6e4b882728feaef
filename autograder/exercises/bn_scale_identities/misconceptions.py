"""Believable wrong answers to bn_linear_backward and effective_lr. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _parts(u, W, dy, eps):
    """xhat and s of z = u W^T, and dy minus its mean and minus its part along xhat."""
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    z = u @ W.T
    s = np.sqrt(z.var(axis=0) + eps)
    if np.any(s == 0):
        raise ValueError("W: a unit without variance")
    xhat = (z - z.mean(axis=0)) / s
    return u, W, dy, xhat, s, dy.mean(axis=0), xhat * (dy * xhat).mean(axis=0)


@replaces("bn_linear_backward")
def statistics_constant(u, W, dy, eps=0.0):
    """You treat mu and the variance as constants. Then the rows of dW are not at a right angle to those of W: both statistics depend on W."""
    u, W, dy, _, s, _, _ = _parts(u, W, dy, eps)
    return dy / s @ W, (dy / s).T @ u


@replaces("bn_linear_backward")
def variance_constant(u, W, dy, eps=0.0):
    """You follow W through mu, but not through the variance. Multiply W by a number: the variance is what takes it away again."""
    u, W, dy, _, s, mean, _ = _parts(u, W, dy, eps)
    dz = (dy - mean) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def mean_constant(u, W, dy, eps=0.0):
    """You follow u and W through the variance, but not through mu. Do the rows of your du add up to 0?"""
    u, W, dy, _, s, _, along = _parts(u, W, dy, eps)
    dz = (dy - along) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def deviation_left_out(u, W, dy, eps=0.0):
    """Your gradient is not divided by the deviation, so dW does not see how long W is. Larger weights get smaller gradients."""
    u, W, dy, _, _, mean, along = _parts(u, W, dy, eps)
    dz = dy - mean - along
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def multiplied_by_the_deviation(u, W, dy, eps=0.0):
    """Your gradient is multiplied by the deviation, and grows with the weights. It is the other way round: larger weights get smaller gradients."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) * s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def divided_by_the_variance(u, W, dy, eps=0.0):
    """Your gradient is divided by the variance. xhat is z divided by the deviation, and so is its derivative."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s**2
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def weights_gradient_transposed(u, W, dy, eps=0.0):
    """Your dW is transposed. A gradient has the shape of what it belongs to, here (Dout, Din)."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dz @ W, u.T @ dz


@replaces("bn_linear_backward")
def weights_transposed(u, W, dy, eps=0.0):
    """You multiply dz by W transposed, as on the way forward. On the way back each output hands its gradient to the inputs of its row of W."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    # Where W is not square, NumPy refuses the product, and its error says enough.
    return dz @ (W.T if W.shape[0] == W.shape[1] else W), dz.T @ u


@replaces("bn_linear_backward")
def small_eps_by_default(u, W, dy, eps=1e-5):
    """Your eps is 1e-5 unless it is given. The identities are exact without it, and far off where the weights are small: the default here is 0."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def eps_ignored(u, W, dy, eps=0.0):
    """You leave eps out. It is 0 by default only; when it is given, it is added to the variance."""
    W = W + 1e-9 * np.all(np.asarray(W) == 0, axis=1, keepdims=True) if eps else W
    u, W, dy, _, s, mean, along = _parts(u, W, dy, 0.0)
    dz = (dy - mean - along) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def eps_outside_root(u, W, dy, eps=0.0):
    """You add eps to the deviation. It belongs to the variance, inside the square root."""
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    z = u @ W.T
    s = z.std(axis=0) + eps
    if np.any(s == 0):
        raise ValueError("W: a unit without variance")
    xhat = (z - z.mean(axis=0)) / s
    dz = (dy - dy.mean(axis=0) - xhat * (dy * xhat).mean(axis=0)) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def unbiased_variance(u, W, dy, eps=0.0):
    """Your variance divides by N - 1. While it normalizes, batch normalization divides by N."""
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    z = u @ W.T
    s = np.sqrt(z.var(axis=0, ddof=1) + eps)
    if np.any(s == 0):
        raise ValueError("W: a unit without variance")
    xhat = (z - z.mean(axis=0)) / s
    dz = (dy - dy.mean(axis=0) - xhat * (dy * xhat).mean(axis=0)) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def upstream_for_the_weights(u, W, dy, eps=0.0):
    """Your dW is made of dy. Between y and z lies batch normalization, and W feels only what comes through it."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dz @ W, dy.T @ u


@replaces("bn_linear_backward")
def upstream_for_the_inputs(u, W, dy, eps=0.0):
    """Your du is made of dy. Between y and z lies batch normalization, and u feels only what comes through it."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dy @ W, dz.T @ u


@replaces("bn_linear_backward")
def averaged_over_rows(u, W, dy, eps=0.0):
    """You divide dW by N. The loss is what it is: if it is a mean over rows, dy has that 1 / N already."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dz @ W, dz.T @ u / len(u)


@replaces("bn_linear_backward")
def normalized_inputs(u, W, dy, eps=0.0):
    """You normalize u. It is the output of the linear layer, z = u W^T, that is normalized."""
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    if eps == 0 and np.any((u @ W.T).std(axis=0) == 0):
        raise ValueError("W: a unit without variance")
    s = np.sqrt(u.var(axis=0) + eps)
    uhat, d = (u - u.mean(axis=0)) / s, dy @ W
    return (d - d.mean(axis=0) - uhat * (d * uhat).mean(axis=0)) / s, dy.T @ uhat


@replaces("bn_linear_backward")
def results_exchanged(u, W, dy, eps=0.0):
    """du and dW have changed places: the gradient of u comes first."""
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dz.T @ u, dz @ W


@replaces("bn_linear_backward")
def no_spread_accepted(u, W, dy, eps=0.0):
    """You divide 0 by 0 where an output does not vary and eps is 0. Say so with a ValueError, before nan gets into the weights."""
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    z = u @ W.T
    with np.errstate(all="ignore"):
        s = np.sqrt(z.var(axis=0) + eps)
        xhat = (z - z.mean(axis=0)) / s
        dz = (dy - dy.mean(axis=0) - xhat * (dy * xhat).mean(axis=0)) / s
        return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def no_spread_refused_always(u, W, dy, eps=0.0):
    """You refuse a unit whose output does not vary although eps is positive. That is what eps is for: there is nothing to be afraid of then."""
    if np.any(np.asarray(u @ W.T).std(axis=0) == 0):
        raise ValueError("W: a unit without variance")
    u, W, dy, _, s, mean, along = _parts(u, W, dy, eps)
    dz = (dy - mean - along) / s
    return dz @ W, dz.T @ u


@replaces("bn_linear_backward")
def upstream_overwritten(u, W, dy, eps=0.0):
    """You write into the caller's dy. Whoever uses it afterwards, another layer for one, gets other numbers."""
    _, W, _, _, s, mean, along = _parts(u, W, dy, eps)
    if dy.dtype.kind == "f":
        dy -= mean + along
        dy /= s
    else:
        dy = (dy - mean - along) / s
    return dy @ W, dy.T @ u


@replaces("effective_lr")
def length_once(lr, w):
    """You divide by the length once. A longer vector is turned less by the same step, and its gradient is shorter, too: that makes two factors."""
    length = np.sqrt(np.sum(np.asarray(w, dtype=float) ** 2))
    if length == 0:
        raise ValueError("w is zero")
    return lr / length


@replaces("effective_lr")
def multiplied_by_the_square(lr, w):
    """You multiply by the squared length. Long weights make the steps count less, not more."""
    square = np.sum(np.asarray(w, dtype=float) ** 2)
    if square == 0:
        raise ValueError("w is zero")
    return lr * square


@replaces("effective_lr")
def mean_of_squares(lr, w):
    """You divide by the mean of the squares. The squared length is their sum."""
    square = np.mean(np.asarray(w, dtype=float) ** 2)
    if square == 0:
        raise ValueError("w is zero")
    return lr / square


@replaces("effective_lr")
def sum_of_absolute_values(lr, w):
    """You measure the length by the sum of absolute values. Angles go with the Euclidean length, the root of the sum of squares."""
    length = np.sum(np.abs(np.asarray(w, dtype=float)))
    if length == 0:
        raise ValueError("w is zero")
    return lr / length**2


@replaces("effective_lr")
def weights_ignored(lr, w):
    """Your effective learning rate is the learning rate. How far a step turns w depends on how long w is."""
    if not np.any(w):
        raise ValueError("w is zero")
    return lr * 1.0


@replaces("effective_lr")
def no_direction_accepted(lr, w):
    """You divide by 0 where w is 0. A vector of zeros has no direction that could be turned: say so with a ValueError."""
    with np.errstate(all="ignore"):
        return np.float64(lr) / np.sum(np.asarray(w, dtype=float) ** 2)
