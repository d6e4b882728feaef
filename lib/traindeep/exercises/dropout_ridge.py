"""What input dropout does to a linear model, computed instead of sampled."""

import numpy as np

SIGNATURES = {"dropout_objective": "X, y, w, p_keep -> value", "dropout_ridge": "X, y, p_keep -> u"}
HINTS = (
    "The expected square of a random number is the square of its mean plus its variance. Take one row: its error is "
    "y_n - sum_j m_nj X_nj w_j. What is its mean, and what is its variance if the masks are independent?",
    "The objective is quadratic in w: set its gradient to zero. Both terms have a factor p_keep; what is left has a "
    "diagonal matrix beside X^T X, with the squared lengths of the columns. Then multiply w by p_keep, and see how the "
    "factor moves to the other side.",
    "Objective: np.sum((y - p_keep * X @ w)**2) + p_keep * (1 - p_keep) * np.sum(X**2, axis=0) @ w**2. Solution: G = X.T "
    "@ X, then np.linalg.solve(G + lam * np.diag(np.diag(G)), X.T @ y) with lam = (1 - p_keep) / p_keep; that is p_keep * "
    "w already.",
)
X = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]])
Y = np.array([2.0, -1.0, 4.0])
W = np.array([1.5, -0.5])
ORTHOGONAL = np.array([[1.0, 0.0, 0.0], [0.0, 10.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.1]])


def test_one_entry(student, compare):
    """One input 2, target 3, weight 1: kept half of the time, the error is (3 - 2)^2 or 3^2."""
    compare("dropout_objective", np.array([[2.0]]), np.array([3.0]), np.array([1.0]), 0.5)


def test_objective(student, compare):
    """The expected sum of squared errors, over the masks of all entries."""
    compare("dropout_objective", X[:2], Y[:2], W, 0.3)
    compare("dropout_objective", X, Y, W, 0.8)


def test_nothing_dropped(student, compare):
    """With p_keep = 1 the objective is the sum of squared errors, and the solution is least squares."""
    compare("dropout_objective", X, Y, W, 1.0)
    compare("dropout_ridge", X, Y, 1.0)


def test_orthogonal_columns(student, compare):
    """Columns that are orthogonal have their coefficients shrunk to p_keep times least squares, large or small."""
    compare("dropout_ridge", ORTHOGONAL, np.array([2.0, 10.0, 4.0, 0.2]), 0.8)


def test_solution(student, compare):
    """The weights for the test: p_keep times those that minimize the objective."""
    compare("dropout_ridge", X, Y, 0.8)
    compare("dropout_ridge", X[:2], Y[:2], 0.3)


def test_bad_input(student, compare):
    """A p_keep outside (0, 1], or a column of zeros in dropout_ridge, is a ValueError that names the argument."""
    for wrong in (0.0, 1.1):
        compare.refuses("dropout_objective", X, Y, W, wrong, naming=("p_keep",))
        compare.refuses("dropout_ridge", X, Y, wrong, naming=("p_keep",))
    compare.refuses("dropout_ridge", X * [1.0, 0.0], Y, 0.5, naming=("X",))
