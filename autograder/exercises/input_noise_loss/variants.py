"""Right answers to noisy_input_loss and noisy_input_optimum, written in other ways."""

import itertools

import numpy as np

from autograder.exercise import replaces


def _check(lam):
    if lam < 0:
        raise ValueError(f"lam is a variance, and {lam} is none")


def _augmented(X, y, lam):
    """D more rows, sqrt(N lam) I, with targets 0."""
    n, d = np.shape(X)
    return np.vstack([X, np.sqrt(n * lam) * np.eye(d)]), np.append(y, np.zeros(d))


@replaces("noisy_input_loss")
def quadratic_form(w, X, y, lam):
    """Expanded: w^T (X^T X / N + lam I) w - 2 w^T X^T y / N + y^T y / N."""
    _check(lam)
    w, X, y = (np.asarray(a, dtype=float) for a in (w, X, y))
    n = len(y)
    return w @ (X.T @ X / n + lam * np.eye(len(w))) @ w - 2 * w @ (X.T @ y) / n + y @ y / n


@replaces("noisy_input_loss")
def loss_of_more_rows(w, X, y, lam):
    """Squared errors of the augmented data, divided by N."""
    _check(lam)
    rows, targets = _augmented(X, y, lam)
    return np.sum((rows @ w - targets) ** 2) / len(X)


@replaces("noisy_input_loss")
def all_signs(w, X, y, lam):
    """Average over noise of two values, all combinations."""
    _check(lam)
    noise = np.sqrt(lam) * np.array(list(itertools.product((-1, 1), repeat=len(w))))
    return np.mean([np.mean((np.dot(X + eps, w) - y) ** 2) for eps in noise])


@replaces("noisy_input_loss")
def bias_and_variance(w, X, y, lam):
    """Each row's squared error plus the variance of its output; a NumPy number."""
    _check(lam)
    variance = sum(lam * float(weight) ** 2 for weight in w)
    return np.average([(np.dot(x, w) - target) ** 2 + variance for x, target in zip(X, y, strict=True)])


@replaces("noisy_input_optimum")
def fit_of_more_rows(X, y, lam):
    """Least squares on the augmented data."""
    _check(lam)
    return np.linalg.lstsq(*_augmented(X, y, lam))[0]


@replaces("noisy_input_optimum")
def sums(X, y, lam):
    """(X^T X + N lam I)^-1 X^T y."""
    _check(lam)
    X = np.asarray(X, dtype=float)
    return np.linalg.inv(X.T @ X + len(X) * lam * np.eye(X.shape[1])) @ X.T @ np.asarray(y, dtype=float)


@replaces("noisy_input_optimum")
def singular_values(X, y, lam):
    """Each singular direction shrunk by s^2 / (s^2 + N lam)."""
    _check(lam)
    u, s, vt = np.linalg.svd(np.asarray(X, dtype=float), full_matrices=False)
    return (s / (s**2 + len(X) * lam) * (y @ u)) @ vt
