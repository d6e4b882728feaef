"""Right answers to project_l2_ball, pgd_least_squares and lambda_star, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(r):
    if r < 0:
        raise ValueError("r: no length has a negative square")


@replaces("project_l2_ball")
def factor(w, r):
    """A factor that is 1 inside; 0 is looked after first."""
    _check(r)
    length = np.linalg.norm(w)
    return np.asarray(w, dtype=float) * (min(1.0, r**0.5 / length) if length > 0 else 1.0)


@replaces("project_l2_ball")
def bisected_multiplier(w, r):
    """w / (1 + mu) with the smallest mu >= 0 that fits, found by bisection."""
    _check(r)
    w = np.asarray(w, dtype=float)
    if w @ w <= r:
        return w
    low, high = 0.0, 1.0
    for _ in range(200):  # share of w that is kept
        middle = (low + high) / 2
        low, high = (middle, high) if middle**2 * (w @ w) <= r else (low, middle)
    return low * w


@replaces("project_l2_ball")
def unit_vector(w, r):
    """Direction times radius, on a copy."""
    _check(r)
    new = np.array(w, dtype=float)
    if np.sum(new**2) > r:
        new /= np.sqrt(np.sum(new**2))
        new *= np.sqrt(r)
    return new


@replaces("pgd_least_squares")
def normal_equations(X, y, r, lr, steps):
    """X^T X and X^T y once, half the gradient (a smaller step ends at the same place), a start at 0."""
    _check(r)
    A, b = np.transpose(X) @ X / len(y), np.transpose(X) @ y / len(y)
    w = np.zeros(len(b))
    for _ in range(steps):
        w = w - lr * (A @ w - b)
        if w @ w > r:
            w = w * (r / (w @ w)) ** 0.5
    return w


@replaces("pgd_least_squares")
def accelerated(X, y, r, lr, steps):
    """Nesterov's momentum between projections."""
    _check(r)
    w = before = np.zeros(np.shape(X)[1])
    for k in range(steps):
        ahead = w + 0.4 * (w - before) * (k > 0)
        new = ahead - lr * 2 * np.transpose(X) @ (X @ ahead - y) / len(y)
        before, w = w, new / max(1.0, np.linalg.norm(new) / np.sqrt(r))
    return w


@replaces("pgd_least_squares")
def bisection_on_lambda(X, y, r, lr, steps):
    """The ridge solution whose squared length is r, by bisection on lambda; no descent at all."""
    _check(r)
    A, b = np.transpose(X) @ X / len(y), np.transpose(X) @ y / len(y)

    def solution(lam):
        return np.linalg.solve(A + lam * np.eye(len(b)), b)

    if solution(0.0) @ solution(0.0) <= r:
        return solution(0.0)
    low, high = 0.0, np.linalg.norm(b) / np.sqrt(r)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.sum(solution(middle) ** 2) > r else (low, middle)
    return solution(high)


@replaces("pgd_least_squares")
def own_step_size(X, y, r, lr, steps):
    """A step of 1 / K whatever lr says; the loss as a function of residuals."""
    _check(r)
    step = len(y) / (2 * np.linalg.norm(X, 2) ** 2)
    w = np.zeros(np.shape(X)[1])
    for _ in range(steps):
        w = w - step * np.mean(2 * (X @ w - y)[:, None] * X, axis=0)
        w = w * min(1.0, np.sqrt(r) / max(np.linalg.norm(w), 1e-300))
    return w


def _nonzero(w):
    if np.count_nonzero(w) == 0:
        raise ValueError("w is zero")


@replaces("lambda_star")
def least_squares_fit(X, y, w):
    """The number that fits 2 lambda w to minus the gradient best."""
    _nonzero(w)
    gradient = 2 * np.mean((X @ w - y)[:, None] * X, axis=0)
    found = np.linalg.lstsq(2 * np.asarray(w, dtype=float)[:, None], -gradient)[0]
    return float(np.clip(found[0], 0, None))


@replaces("lambda_star")
def from_residuals(X, y, w):
    """<y - X w, X w> / (N ||w||^2)."""
    _nonzero(w)
    fitted = X @ w
    found = np.dot(y - fitted, fitted) / (len(y) * np.dot(w, w))
    return found if found > 0 else 0.0


@replaces("lambda_star")
def coordinate_with_the_largest_weight(X, y, w):
    """One line of the vector equation is enough if w is a solution: the one with the largest weight."""
    _nonzero(w)
    j = np.argmax(np.abs(w))
    return max(float(np.mean((y - X @ w) * X[:, j]) / w[j]), 0.0)
