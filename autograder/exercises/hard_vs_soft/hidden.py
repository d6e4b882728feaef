"""Hidden tests of project_l2_ball, pgd_least_squares and lambda_star.

Descents are compared where they end. Most of them have r = 1, where a bound on the length and one on its square are the
same: whoever mixes them up pays in "projection".
"""

import numpy as np

from autograder.exercise import part

PARTS = {"projection": 2, "descent": 3, "lambda": 2}
STEPS = 400


def _problem(rng, n=12, d=4):
    """X, y, least squares and a safe learning rate. X^T X / N has eigenvalues from 1 to 4: 400 steps are plenty."""
    q, _ = np.linalg.qr(rng.normal(size=(n, d)))
    v, _ = np.linalg.qr(rng.normal(size=(d, d)))
    eigenvalues = np.linspace(1, 4, d)
    X = q * np.sqrt(n * eigenvalues) @ v.T
    w = v @ (rng.choice([-1, 1], size=d) * rng.uniform(1, 2, size=d))  # every direction matters
    y = X @ w + rng.normal(size=n)
    return X, y, np.linalg.lstsq(X, y)[0], 0.8 / (2 * 4)


def _ridge(X, y, lam):
    return np.linalg.solve(X.T @ X / len(y) + lam * np.eye(X.shape[1]), X.T @ y / len(y))


def _projected(student, w, r):
    return {"w_new": student.project_l2_ball(w.copy(), r)}


def _end(student, X, y, r, lr):
    return {"w": student.pgd_least_squares(X.copy(), y.copy(), r, lr, STEPS)}


def _vector(rng, square, d=5):
    v = rng.normal(size=d)
    return v * np.sqrt(square / (v @ v))


# ---- projection ------------------------------------------------------------------------------------------


@part("projection")
def test_outside(compare, rng):
    """A point outside comes to the squared length r and keeps its direction."""
    compare(_projected, _vector(rng, 9.0), rng.uniform(3.2, 4.5))
    compare(_projected, _vector(rng, 0.8), rng.uniform(0.1, 0.5))
    compare(_projected, _vector(rng, 5.0, d=1), 0.0)


@part("projection")
def test_inside(compare, rng):
    """A point inside stays where it is, and the argument, too."""
    compare("project_l2_ball", _vector(rng, 2.0), rng.uniform(3, 6))
    compare("project_l2_ball", _vector(rng, 0.2), rng.uniform(0.3, 0.4))  # the length is above r
    compare("project_l2_ball", np.zeros(3), 0.7)
    compare("project_l2_ball", _vector(rng, 7.0), 3.0)


@part("projection")
def test_projection_of_other_numbers(compare, rng):
    """Whole numbers and float32 are nothing special."""
    compare(_projected, np.array([1, 0, -1]), 4)
    compare(_projected, _vector(rng, 0.2).astype(np.float32), 0.35)
    compare(_projected, np.array([2, -3, 6]), 9)
    compare(_projected, _vector(rng, 9.0).astype(np.float32), 2.5)


@part("projection", supporting=True)
def test_nearest_point(student, rng):
    """No other point of the ball is nearer."""
    w, r = _vector(rng, 8.0, d=3), 2.5
    new = np.asarray(student.project_l2_ball(w.copy(), r), dtype=float)
    assert new @ new <= r + 1e-9, "the result is outside of the ball"
    others = rng.normal(size=(500, 3))
    others *= np.sqrt(r / (others**2).sum(axis=1, keepdims=True)) * rng.uniform(0.5, 1, size=(500, 1))
    others[0] = new * 0.99
    assert ((new - w) ** 2).sum() <= ((others - w) ** 2).sum(axis=1).min() + 1e-9, "a point of the ball is nearer"


@part("projection", supporting=True)
def test_negative_bound(compare, rng):
    """A negative r is refused, by the descent as well."""
    X, y, _, lr = _problem(rng)
    compare.refuses("project_l2_ball", _vector(rng, 2.0), -0.1, naming=("r",))
    compare.refuses("pgd_least_squares", X, y, -0.1, lr, 3, naming=("r",))


# ---- descent ---------------------------------------------------------------------------------------------


@part("descent")
def test_end_on_the_bound(compare, rng):
    """Where the bound presses, the descent ends at the best point of the ball."""
    X, y, _, lr = _problem(rng)
    compare(_end, X, y, 1.0, lr)
    X, y, _, lr = _problem(rng, n=7, d=3)
    compare(_end, X, y, 1.0, lr / 2)


@part("descent")
def test_end_without_pressure(compare, rng):
    """Where the bound does not press, the descent ends at least squares."""
    X, y, least, lr = _problem(rng)
    compare(_end, X, y, (1.3 * least @ least) ** 2, lr)


@part("descent")
def test_any_bound(compare, rng):
    """The squared length of the end is r, for a large r and for a small one; X and y are left as they were."""
    X, y, least, lr = _problem(rng)
    compare("pgd_least_squares", X, y, 0.3, lr, STEPS)
    compare("pgd_least_squares", X, y, 0.6 * least @ least, lr, STEPS)


@part("descent")
def test_no_better_point(student, rng):
    """The end is in the ball, and no other point of the ball has a smaller loss."""
    X, y, _, lr = _problem(rng)
    w = np.asarray(student.pgd_least_squares(X.copy(), y.copy(), 1.0, lr, STEPS), dtype=float)
    assert w.shape == (4,), "w should have shape (D,)"
    assert w @ w <= 1 + 1e-6, "the end is outside of the ball"
    others = w + rng.normal(size=(300, 4)) * 10.0 ** rng.uniform(-3, 0, size=(300, 1))
    others /= np.maximum(1, np.linalg.norm(others, axis=1, keepdims=True))
    loss = ((X @ w - y) ** 2).mean()
    assert np.all(((others @ X.T - y) ** 2).mean(axis=1) >= loss - 1e-7), "another point of the ball has a smaller loss"


# ---- lambda ----------------------------------------------------------------------------------------------


@part("lambda")
def test_lambda(compare, rng):
    """For a w that solves the problem with a penalty, its strength comes back."""
    X, y, _, _ = _problem(rng)
    compare("lambda_star", X, y, _ridge(X, y, rng.uniform(0.2, 0.8)))
    X, y, _, _ = _problem(rng, n=5, d=3)
    compare("lambda_star", X, y, _ridge(X, y, rng.uniform(2, 8)))


@part("lambda")
def test_no_penalty_needed(compare, rng):
    """A w that is longer than least squares needs no penalty, and least squares itself needs none."""
    X, y, least, _ = _problem(rng)
    compare("lambda_star", X, y, _ridge(X, y, 1.5))
    compare("lambda_star", X, y, _ridge(X, y, -rng.uniform(0.2, 0.6)))
    compare("lambda_star", X, y, least)


@part("lambda")
def test_lambda_of_other_numbers(compare, rng):
    """Whole numbers are nothing special, nor is a single weight."""
    compare("lambda_star", np.array([[2], [1], [-1]]), np.array([5, 2, -3]), np.array([1]))
    X, y, _, _ = _problem(rng, n=6, d=1)
    compare("lambda_star", X, y, _ridge(X, y, 0.7))


@part("lambda", supporting=True)
def test_zero_weights(compare, rng):
    """w = 0 is refused."""
    X, y, _, _ = _problem(rng)
    compare.refuses("lambda_star", X, y, np.zeros(4), naming=("w",))
