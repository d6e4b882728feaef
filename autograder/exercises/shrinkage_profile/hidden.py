"""Hidden tests of singular_response, gd_filter and ridge_filter.

The problems are made from their singular values, so that these are clear of each other and of 0, and u_i^T y is never near
0. lr * s2 = 2 is not tested, nor are singular values between 1e-10 and 1e-3 times the largest.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"filters": 2, "response": 3}


def _problem(rng, n, d, s):
    """X (N, D) with these singular values, and targets with a part along each direction and some outside."""
    r = len(s)
    U, V = np.linalg.qr(rng.normal(size=(n, r)))[0], np.linalg.qr(rng.normal(size=(d, r)))[0]
    y = U @ (rng.uniform(1, 3, size=r) * rng.choice([-1, 1], size=r))
    other = rng.normal(size=n)
    return (U * s) @ V.T, y + other - U @ (U.T @ other)


# ---- filters ---------------------------------------------------------------------------------------------


@part("filters")
def test_gd_filter(compare, rng):
    """The share of least squares that gradient descent has after some steps, with small and with large learning rates."""
    for lr, steps in ((0.05, 7), (0.3, 3), (0.18, 40), (0.25, 2)):
        compare("gd_filter", np.sort(rng.uniform(0.01, 5, size=4))[::-1], lr, steps)


@part("filters", supporting=True)
def test_gd_filter_at_the_start(compare, rng):
    """No step gives nothing; whole numbers do as well."""
    compare("gd_filter", rng.uniform(1, 5, size=3), 0.2, 0)
    compare("gd_filter", rng.integers(1, 9, size=3), 0.1, 3)


@part("filters")
def test_ridge_filter(compare, rng):
    """The share of least squares that ridge regression keeps, for weak and for strong penalties."""
    for lam in (0.0, 0.4, 30.0, 2):
        compare("ridge_filter", rng.uniform(0.1, 6, size=5), lam)
    compare("ridge_filter", rng.integers(1, 9, size=4), 3)


@part("filters", supporting=True)
def test_divergence(compare, rng):
    """A learning rate with which the largest direction diverges is refused, and one just below is not."""
    s2 = np.append(rng.uniform(0.1, 3, size=3), 4.0)
    for lr in (0.505, 3.0):
        compare.refuses("gd_filter", s2, lr, 5, naming=("lr",))
        compare.refuses("gd_filter", s2, lr, 0, naming=("lr",))
    compare("gd_filter", s2, 0.495, 5)


# ---- response --------------------------------------------------------------------------------------------


@part("response")
def test_response(compare, rng):
    """Singular values and ratios, for tall, wide and square X and any weights."""
    for n, d, s in ((7, 3, [5.0, 2.0, 0.4]), (3, 5, [4.0, 2.5, 1.0]), (4, 4, [9.0, 3.0, 1.0, 0.2])):
        X, y = _problem(rng, n, d, s)
        compare("singular_response", X, y, rng.normal(size=d))


@part("response")
def test_low_rank(compare, rng):
    """Directions in which X does not extend are left out, whatever the weights do there."""
    for n, d, s in ((7, 4, [5.0, 2.0]), (4, 6, [3.0, 1.0, 0.5]), (5, 5, [6.0, 2.0, 0.7])):
        X, y = _problem(rng, n, d, s)
        compare("singular_response", X, y, rng.normal(size=d))


@part("response", supporting=True)
def test_least_squares(compare, rng):
    """Least squares itself answers to every direction with 1."""
    X, y = _problem(rng, 6, 3, [4.0, 1.5, 0.3])
    compare("singular_response", X, y, np.linalg.lstsq(X, y, rcond=None)[0])


@part("response")
def test_gradient_descent(student, rng):
    """What gradient descent has found after some steps has the ratios that the formula says."""
    s = np.array([4.0, 2.0, 0.5])
    (X, y), lr, steps = _problem(rng, 6, 3, s), 0.09, 12
    w = np.zeros(3)
    for _ in range(steps):
        w = w - lr * X.T @ (X @ w - y)
    found, c = student.singular_response(X, y, w)
    assert np.shape(found) == np.shape(c) == (3,), "s and c do not have the shape (r,)"
    assert np.allclose(found, s, rtol=1e-5), "s are not the singular values, from large to small"
    assert np.allclose(c, 1 - (1 - lr * s**2) ** steps, rtol=1e-4), "gradient descent has other ratios"


@part("response")
def test_ridge_regression(student, rng):
    """What ridge regression finds has the ratios that the formula says."""
    s, lam = np.array([5.0, 1.5, 0.6, 0.3]), 0.8
    X, y = _problem(rng, 5, 7, s)
    w = np.linalg.solve(X.T @ X + lam * np.eye(7), X.T @ y)
    found, c = student.singular_response(X, y, w)
    assert np.shape(found) == np.shape(c) == (4,), "s and c do not have the shape (r,)"
    assert np.allclose(c, s**2 / (s**2 + lam), rtol=1e-4), "ridge regression has other ratios"


@part("response")
def test_response_of_other_numbers(compare, rng):
    """Whole numbers and float32 do as well."""
    X = np.array([[3, 1, 0], [0, 2, -1], [1, 0, 9], [-2, 5, 1]])
    y, w = np.array([4, -7, 5, 9]), rng.integers(1, 5, size=3)
    compare("singular_response", X, y, w)
    compare("singular_response", X.astype(np.float32), y.astype(np.float32), w.astype(np.float32))
