"""Hidden tests of es_weights, l2_weights and matching_alpha: each is tested without the help of the others."""

import numpy as np

from autograder.exercise import part

PARTS = {"early stopping": 2, "l2": 2, "alpha": 1}


def _hessian(rng, eigenvalues):
    """A symmetric matrix with these eigenvalues and random eigenvectors."""
    Q, _ = np.linalg.qr(rng.normal(size=(len(eigenvalues),) * 2))
    Hess = (Q * eigenvalues) @ Q.T
    return (Hess + Hess.T) / 2


def _spread(rng, D=4):
    """Eigenvalues from 0.2 to 5, and a minimum whose weights are not small."""
    return np.geomspace(0.2, 5, D) * rng.uniform(0.8, 1.0, D), rng.uniform(1, 3, D) * rng.choice([-1, 1], D)


# ---- early stopping --------------------------------------------------------------------------------------


# Whoever writes into an argument pays for it in test_stopped, so the others hand out copies.
def _stopped(student, Hess, w_star, lr, steps):
    return {"w": student.es_weights(Hess.copy(), w_star.copy(), lr, steps)}


def _accepted(student, Hess, w_star, lr, steps):
    # A small rate first: an answer that raises for every input is not one that refuses this rate.
    _stopped(student, Hess, w_star, lr / 100, steps)
    try:
        return {"this learning rate is accepted": True} | _stopped(student, Hess, w_star, lr, steps)
    except ValueError:
        return {"this learning rate is accepted": False}


@part("early stopping")
def test_stopped(compare, rng):
    """The weights after many, two, one and no steps of gradient descent from 0, for a matrix that is not diagonal."""
    lam, w_star = _spread(rng)
    Hess = _hessian(rng, lam)
    for steps in (11, 2, 1, 0):
        compare("es_weights", Hess, w_star, 0.1, steps)


@part("early stopping")
def test_one_direction_and_many_steps(compare, rng):
    """A single weight, and as many steps as it takes to get to the minimum."""
    compare(_stopped, np.array([[rng.uniform(1, 2)]]), rng.uniform(1, 2, 1), 0.3, 4)
    lam, w_star = _spread(rng, 5)
    compare(_stopped, _hessian(rng, lam), w_star, 0.15, 3000)


@part("early stopping")
def test_equal_and_zero_eigenvalues(compare, rng):
    """Directions with the same eigenvalue, flat directions, and whole numbers, are no special cases."""
    u, w_star = rng.uniform(1, 2, 4) * rng.choice([-1, 1], 4), rng.uniform(1, 3, 4)
    twins = np.eye(4) + np.outer(u, u)  # eigenvalues 1, 1, 1 and another one
    compare(_stopped, twins, w_star, 0.05, 3)
    compare(_stopped, np.outer(u, u), w_star, 0.05, 5)
    v = rng.integers(1, 4, size=3)
    compare(_stopped, np.eye(3, dtype=int) + np.outer(v, v), rng.integers(2, 9, size=3), 0.03, 4)


@part("early stopping")
def test_large_learning_rates(compare, rng):
    """Learning rates between 1 / lambda_max and 2 / lambda_max overshoot in some direction and still converge."""
    lam, w_star = _spread(rng)
    for factor in (1.9, 1.2):
        compare(_accepted, _hessian(rng, lam), w_star, factor / lam[-1], 5)


@part("early stopping", supporting=True)
def test_bad_input(compare, rng):
    """Learning rates with which gradient descent diverges, and negative numbers of steps, are refused."""
    lam, w_star = _spread(rng)
    Hess = _hessian(rng, lam)
    for factor in (2.1, 10):
        compare.refuses("es_weights", Hess, w_star, factor / lam[-1], 3, naming=("lr",))
    for steps in (-1, -5):
        compare.refuses("es_weights", Hess, w_star, 0.1, steps, naming=("steps",))


# ---- l2 --------------------------------------------------------------------------------------------------


def _penalized(student, Hess, w_star, alpha):
    return {"w": student.l2_weights(Hess.copy(), w_star.copy(), alpha)}


@part("l2")
def test_penalized(compare, rng):
    """The minimum with a small, a middling and a large penalty, for a matrix that is not diagonal."""
    lam, w_star = _spread(rng)
    Hess = _hessian(rng, lam)
    for alpha in (0.7, 0.01, 40.0):
        compare("l2_weights", Hess, w_star, alpha)


@part("l2")
def test_minimum(student, rng):
    """The gradient of the loss and that of the penalty cancel at the weights that are returned."""
    lam, w_star = _spread(rng, 5)
    Hess = _hessian(rng, lam)
    for alpha in (0.3, 3.0):
        w = student.l2_weights(Hess.copy(), w_star.copy(), alpha)
        assert np.shape(w) == (5,), "the weights should have shape (D,)"
        assert np.allclose(Hess @ (w - w_star) + alpha * w, 0, atol=1e-7), "the gradient of loss plus penalty is not 0"


@part("l2")
def test_singular(compare, rng):
    """Flat directions are no special case: the penalty decides there. Whole numbers are fine."""
    u, w_star = rng.uniform(1, 2, 4) * rng.choice([-1, 1], 4), rng.uniform(1, 3, 4)
    compare(_penalized, np.outer(u, u), w_star, 0.5)
    v = rng.integers(1, 4, size=3)
    compare(_penalized, np.outer(v, v), rng.integers(2, 9, size=3), 3)
    compare(_penalized, np.array([[rng.uniform(1, 2)]]), rng.uniform(1, 2, 1), 0.5)


# ---- alpha -----------------------------------------------------------------------------------------------


@part("alpha")
def test_matching_penalty(compare, rng):
    """The penalty that matches a number of steps to first order, for several rates and numbers of steps."""
    for steps in (7, 1, int(rng.integers(20, 200))):
        compare("matching_alpha", float(rng.uniform(0.01, 0.4)), steps)


@part("alpha")
def test_more_steps_less_penalty(student, rng):
    """Twice as many steps, or steps of twice the size, are half the penalty."""
    lr, steps = float(rng.uniform(0.01, 0.4)), int(rng.integers(3, 50))
    alpha = float(student.matching_alpha(lr, steps))
    assert 0 < alpha < 1e6, "alpha should be a positive number"
    assert abs(student.matching_alpha(lr, 2 * steps) - alpha / 2) < 1e-8, "twice the steps do not halve alpha"
    assert abs(student.matching_alpha(2 * lr, steps) - alpha / 2) < 1e-8, "twice the learning rate does not halve alpha"
