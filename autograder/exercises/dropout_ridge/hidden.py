"""Hidden tests of dropout_objective and dropout_ridge."""

import itertools

import numpy as np

from autograder.exercise import part

PARTS = {"objective": 3, "solution": 3}


def _problem(rng, n, d):
    """Features of different sizes, and a target that depends on them."""
    X = rng.normal(size=(n, d)) * rng.uniform(0.3, 4, size=d) + rng.normal(size=d)
    return X, X @ rng.normal(size=d) + rng.normal(size=n)


# ---- objective -------------------------------------------------------------------------------------------


@part("objective")
def test_objective(compare, rng):
    """The expected sum of squared errors, for tall, wide and square X."""
    for (n, d), p_keep in (((4, 4), 0.9), ((6, 3), 0.7), ((2, 5), 0.3), ((4, 4), 0.5)):
        compare("dropout_objective", *_problem(rng, n, d), rng.normal(size=d), p_keep)


@part("objective")
def test_objective_without_dropout(compare, rng):
    """Where nothing is dropped it is the sum of squared errors, and where w = 0 that of the targets."""
    X, y = _problem(rng, 7, 3)
    compare("dropout_objective", X, y, rng.normal(size=3), 1.0)
    compare("dropout_objective", X, y, np.zeros(3), 0.6)


@part("objective")
def test_objective_is_the_mean_over_all_masks(student, rng):
    """Going through every mask of a small X gives the same number."""
    (X, y), w = _problem(rng, 2, 3), rng.normal(size=3)
    p_keep, total = float(rng.uniform(0.2, 0.8)), 0.0
    for bits in itertools.product((0, 1), repeat=6):
        mask = np.reshape(bits, (2, 3))
        total += p_keep ** sum(bits) * (1 - p_keep) ** (6 - sum(bits)) * np.sum((y - (mask * X) @ w) ** 2)
    assert np.isclose(float(student.dropout_objective(X, y, w, p_keep)), total, rtol=1e-6), (
        "not the mean over all masks"
    )


@part("objective")
def test_objective_of_other_numbers(compare, rng):
    """Whole numbers and float32 do as well; a column of zeros is fine here."""
    X, y, w = rng.integers(-3, 4, size=(4, 3)), rng.integers(-3, 4, size=4), rng.integers(1, 4, size=3)
    compare("dropout_objective", X, y, w, 0.4)
    compare("dropout_objective", X * np.array([1, 0, 1]), y, w, 0.8)
    compare("dropout_objective", *(a.astype(np.float32) for a in (X, y, w)), 0.6)


@part("objective", supporting=True)
def test_bad_p_keep_of_the_objective(compare, rng):
    """A p_keep outside (0, 1] is refused."""
    for wrong in (0, -0.2, 1.3):
        compare.refuses("dropout_objective", *_problem(rng, 5, 2), rng.normal(size=2), wrong, naming=("p_keep",))


# ---- solution --------------------------------------------------------------------------------------------


@part("solution")
def test_solution(compare, rng):
    """The weights for the test, for tall, wide and square X."""
    for (n, d), p_keep in (((8, 3), 0.8), ((3, 5), 0.4), ((4, 4), 0.5), ((4, 4), 0.9)):
        compare("dropout_ridge", *_problem(rng, n, d), p_keep)


@part("solution")
def test_units_do_not_matter(student, rng):
    """Measured in other units, a feature gets another weight, and the predictions stay what they were."""
    X, y = _problem(rng, 9, 4)
    units = np.array([1.0, 100.0, 0.02, -3.0])
    first, second = (np.asarray(student.dropout_ridge(A, y, 0.6), dtype=float) for A in (X, X * units))
    assert first.shape == second.shape == (4,), "the weights do not have the shape (D,)"
    assert np.allclose(X @ first, (X * units) @ second, rtol=1e-5, atol=1e-6), "the predictions depend on the units"
    assert np.linalg.norm(X @ first) > 0.05 * np.linalg.norm(y), "the predictions are about 0"


@part("solution")
def test_orthogonal_columns(compare, rng):
    """With orthogonal columns, and without dropout."""
    Q = np.linalg.qr(rng.normal(size=(7, 3)))[0] * rng.uniform(0.1, 9, size=3)
    compare("dropout_ridge", Q, rng.normal(size=7), 0.3)
    compare("dropout_ridge", *_problem(rng, 7, 3), 1.0)


@part("solution")
def test_it_minimizes_the_objective(student, rng):
    """Divided by p_keep, the weights are where the expected error has its minimum."""
    (X, y), p_keep = _problem(rng, 6, 3), 0.7
    w = np.asarray(student.dropout_ridge(X, y, p_keep), dtype=float) / p_keep
    gradient = 2 * p_keep * (X.T @ (p_keep * X @ w - y)) + 2 * p_keep * (1 - p_keep) * (X**2).sum(axis=0) * w
    assert np.abs(gradient).max() < 1e-5 * np.abs(X.T @ y).max(), "the objective still has a slope there"


@part("solution")
def test_solution_of_other_numbers(compare, rng):
    """Whole numbers and float32 do as well."""
    X, y = rng.integers(1, 5, size=(5, 3)) + 3 * np.eye(5, 3, dtype=int), rng.integers(-3, 4, size=5)
    compare("dropout_ridge", X, y, 0.6)
    compare("dropout_ridge", X.astype(np.float32), y.astype(np.float32), 0.6)


@part("solution", supporting=True)
def test_bad_input_of_the_solution(compare, rng):
    """A p_keep outside (0, 1] and a column of zeros are refused."""
    X, y = _problem(rng, 5, 3)
    for wrong in (0, -0.2, 1.3):
        compare.refuses("dropout_ridge", X, y, wrong, naming=("p_keep",))
    for p_keep in (0.5, 1.0):
        compare.refuses("dropout_ridge", X * np.array([1.0, 0.0, 1.0]), y, p_keep, naming=("X",))
