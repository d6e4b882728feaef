"""Right answers to is_invariant, written in other ways."""

import numpy as np


def fixed_numbers(f, X, W, transform, rng):
    """No random numbers: the factor 2.5, the shift (1, -2, 3, ...), the last row."""
    X, W = np.asarray(X, dtype=float), np.asarray(W, dtype=float)
    shift = (-1.0) ** np.arange(X.shape[1]) * np.arange(1, X.shape[1] + 1)
    last_unit, last_case = np.ones((len(W), 1)), np.ones((len(X), 1))
    last_unit[-1] = last_case[-1] = 2.5
    changed = {
        "W_scale": (X, 2.5 * W),
        "W_shift": (X, W + shift),
        "row_scale": (X, W * last_unit),
        "X_scale": (2.5 * X, W),
        "X_shift": (X + shift, W),
        "one_case_scale": (X * last_case, W),
    }
    if transform not in changed:
        raise ValueError(f"unknown transform: {transform}")
    return np.allclose(f(X, W), f(*changed[transform]))


def many_trials(f, X, W, transform, rng):
    """Twenty random changes; every unit has a factor of its own in row_scale, one number is added in the shifts."""
    if transform not in ("W_scale", "W_shift", "row_scale", "X_scale", "X_shift", "one_case_scale"):
        raise ValueError(f"transform should be one of the six, not {transform}")
    before = f(X, W)
    for _ in range(20):
        X2, W2 = X, W
        if transform == "W_shift":
            W2 = W + rng.standard_normal()
        elif transform == "X_shift":
            X2 = X + rng.standard_normal()
        elif transform == "W_scale":
            W2 = W * rng.integers(2, 6)
        elif transform == "X_scale":
            X2 = X * rng.random() + X
        elif transform == "row_scale":
            W2 = W * rng.uniform(1.5, 5, size=(len(W), 1))
        else:
            X2 = X * np.where(np.arange(len(X)) == rng.integers(len(X)), 3.7, 1.0)[:, None]
        if np.max(np.abs(f(X2, W2) - before)) > 1e-8:
            return False
    return True


class _Change:
    def __init__(self, X, W, rng):
        self.X, self.W, self.rng = np.array(X, float), np.array(W, float), rng

    def W_scale(self):
        self.W = self.W * self.factor()

    def W_shift(self):
        self.W = self.W + 2 * self.rng.normal(size=(1, self.W.shape[1]))

    def row_scale(self):
        self.W[self.rng.choice(len(self.W))] *= self.factor()

    def X_scale(self):
        self.X = self.X * self.factor()

    def X_shift(self):
        self.X = self.X + np.ones(self.X.shape[1])

    def one_case_scale(self):
        self.X[self.rng.choice(len(self.X))] *= self.factor()

    def factor(self):
        return np.exp(self.rng.uniform(0.5, 1.5))


def methods(f, X, W, transform, rng):
    """One method for each transform; the largest difference is compared with the largest output."""
    change = _Change(X, W, rng)
    if transform.startswith("_") or transform == "factor" or not callable(getattr(change, transform, None)):
        raise ValueError(f"transform {transform!r}?")
    getattr(change, transform)()
    y = np.asarray(f(X, W))
    return np.abs(f(change.X, change.W) - y).max() < 1e-6 * np.abs(y).max()
