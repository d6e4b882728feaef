"""Right answers to es_weights, l2_weights and matching_alpha, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(Hess, lr, steps):
    if steps < 0:
        raise ValueError(f"steps = {steps} is negative")
    if lr * max(np.linalg.eigvalsh(np.asarray(Hess, float))) >= 2:
        raise ValueError(f"lr = {lr} is too large")


@replaces("es_weights")
def loop(Hess, w_star, lr, steps):
    """Gradient descent itself."""
    _check(Hess, lr, steps)
    w = np.zeros(len(w_star))
    for _ in range(steps):
        w -= lr * (Hess @ (w - w_star))
    return w


@replaces("es_weights")
def matrix_power(Hess, w_star, lr, steps):
    """A power of the matrix of one step."""
    _check(Hess, lr, steps)
    left = np.linalg.matrix_power(np.identity(len(Hess)) - lr * np.asarray(Hess), steps)
    return w_star - left @ w_star


@replaces("es_weights")
def singular_values(Hess, w_star, lr, steps):
    """svd: of a symmetric matrix without negative eigenvalues it is the eigendecomposition."""
    if steps < 0:
        raise ValueError("steps")
    Q, s, _ = np.linalg.svd(np.asarray(Hess, dtype=np.float64), hermitian=True)
    if s[0] * lr > 2:
        raise ValueError("lr")
    return np.einsum("ij,j,kj,k->i", Q, 1 - np.power(1 - lr * s, steps), Q, w_star)


@replaces("es_weights")
def geometric_series(Hess, w_star, lr, steps):
    """The sum of the gradients of all steps: lr H (I + A + A^2 + ...) w_star, up to where nothing is added any more."""
    _check(Hess, lr, steps)
    H = np.asarray(Hess, dtype=float)
    term = lr * H @ w_star
    total = np.zeros(len(H))
    for _ in range(steps):
        total = total + term
        term = term - lr * H @ term
    return total


@replaces("l2_weights")
def eigenvectors(Hess, w_star, alpha):
    """In the eigenvectors."""
    lam, Q = np.linalg.eigh(Hess)
    return Q @ np.diag(lam / (lam + alpha)) @ Q.T @ w_star


@replaces("l2_weights")
def inverse(Hess, w_star, alpha):
    """An inverse, and w_star minus what the penalty takes."""
    return w_star - alpha * np.linalg.inv(Hess + alpha * np.eye(len(Hess))) @ w_star


@replaces("l2_weights")
def column(Hess, w_star, alpha):
    """lstsq with a column."""
    H = np.array(Hess, dtype=float)
    right = H @ np.reshape(w_star, (-1, 1))
    H.flat[:: len(H) + 1] += alpha
    return np.linalg.lstsq(H, right, rcond=None)[0].ravel()


@replaces("matching_alpha")
def divided_twice(lr, steps):
    """Divided twice, as a NumPy number."""
    return np.float64(1.0) / lr / steps
