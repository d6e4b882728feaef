"""Right answers to dropout_objective and dropout_ridge, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(p_keep):
    if p_keep <= 0 or p_keep > 1:
        raise ValueError(f"p_keep = {p_keep}")


@replaces("dropout_objective")
def row_by_row(X, y, w, p_keep):
    """Mean and variance of the error of each row."""
    _check(p_keep)
    total = 0.0
    for x, target in zip(np.asarray(X, float), y, strict=True):
        mean = target - p_keep * sum(a * b for a, b in zip(x, w, strict=True))
        total += mean**2 + sum(p_keep * (1 - p_keep) * (a * b) ** 2 for a, b in zip(x, w, strict=True))
    return total


@replaces("dropout_objective")
def second_moments(X, y, w, p_keep):
    """Written out: E[m_i m_j] is p^2, and p on the diagonal."""
    _check(p_keep)
    X = np.array(X, dtype=np.float64)
    gram = X.T @ X
    moments = p_keep**2 * gram
    np.fill_diagonal(moments, p_keep * np.diag(gram))
    return np.dot(y, y) - 2 * p_keep * (y @ X) @ w + w @ moments @ w


@replaces("dropout_objective")
def stacked(X, y, w, p_keep):
    """The squared error of a larger least-squares problem."""
    _check(p_keep)
    extra = np.sqrt(p_keep * (1 - p_keep)) * np.diag(np.linalg.norm(X, axis=0))
    residual = np.concatenate([y, np.zeros(len(extra))]) - np.vstack([p_keep * np.asarray(X), extra]) @ w
    return np.linalg.norm(residual) ** 2


@replaces("dropout_ridge")
def augmented_least_squares(X, y, p_keep):
    """Least squares with one more row for each feature."""
    _check(p_keep)
    lengths = np.sqrt(np.square(np.asarray(X, float)).sum(0))
    if not lengths.all():
        raise ValueError("X: a feature is always 0")
    rows = np.vstack([X, np.diag(np.sqrt((1 - p_keep) / p_keep) * lengths)])
    return np.linalg.lstsq(rows, np.append(y, np.zeros(len(lengths))), rcond=None)[0]


@replaces("dropout_ridge")
def minimizer_times_p_keep(X, y, p_keep):
    """Literally: the minimizer of the objective, times p_keep."""
    _check(p_keep)
    X = np.asarray(X, dtype=float)
    squares = np.einsum("nd,nd->d", X, X)
    if np.min(squares) == 0:
        raise ValueError("a column of X is zero")
    hessian = p_keep**2 * X.T @ X + np.diag(p_keep * (1 - p_keep) * squares)
    return p_keep * (np.linalg.inv(hessian) @ (p_keep * (X.T @ y)))


@replaces("dropout_ridge")
def conjugate_gradients(X, y, p_keep):
    """Conjugate gradients on columns of length 1, until the residual is tiny."""
    _check(p_keep)
    X = np.asarray(X, dtype=float)
    lengths = np.linalg.norm(X, axis=0)
    if np.any(lengths == 0):
        raise ValueError("X has an empty column")
    unit, lam = X / lengths, 1 / p_keep - 1
    u = np.zeros(X.shape[1])
    r = unit.T @ np.asarray(y, float)
    d, size = r.copy(), r @ r
    for _ in range(10 * len(u)):
        if size < 1e-26:
            break
        step = unit.T @ (unit @ d) + lam * d
        alpha = size / (d @ step)
        u, r = u + alpha * d, r - alpha * step
        d, size = r + (r @ r) / size * d, r @ r
    return u / lengths
