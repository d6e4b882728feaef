"""How strongly gradient descent and ridge regression answer to each singular direction."""

import numpy as np

SIGNATURES = {
    "singular_response": "X, y, w -> s, c",
    "gd_filter": "s2, lr, steps -> c",
    "ridge_filter": "s2, lam -> c",
}
HINTS = (
    "Along a right singular vector v_i the problem has one dimension: X^T X v_i = s_i^2 v_i. Follow one step of gradient "
    "descent there. How far is it still from the solution after one step, and after many?",
    "np.linalg.svd(X, full_matrices=False) gives U, s, Vt, and the rows of Vt are the v_i. So Vt @ w has all v_i^T w. "
    "Least squares has (u_i^T y) / s_i there. Keep the directions with a singular value above 1e-6 times the largest.",
    "c = (Vt @ w) / (U.T @ y / s). gd_filter is 1 - (1 - lr * s2) ** steps, ridge_filter s2 / (s2 + lam). s2 is the square "
    "of s already, and gradient descent diverges when lr * s2.max() >= 2.",
)
# Singular values 4, 3 and, in LOW, 0: right singular vectors are unit vectors in SIMPLE.
SIMPLE = np.array([[0.0, 3.0], [4.0, 0.0], [0.0, 0.0]])
Y = np.array([3.0, 8.0, 1.0])
SKEW = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, -1.0], [1.0, 0.0, 3.0], [1.0, 1.0, 1.0]])
LOW = np.column_stack([SKEW[:, 0], SKEW[:, 2], SKEW[:, 0] + SKEW[:, 2]])
TARGET = np.array([1.0, -2.0, 3.0, 0.5])


def test_response_by_hand(student, compare):
    """Two features that are orthogonal: least squares is (2, 1), and the larger singular value comes first."""
    compare("singular_response", SIMPLE, Y, np.array([1.0, 0.25]))


def test_response(student, compare):
    """Directions that are no unit vectors; a ratio may be negative or above 1."""
    compare("singular_response", SKEW, TARGET, np.array([0.3, -1.0, 0.8]))
    compare("singular_response", SKEW[:3], TARGET[:3], np.array([0.5, 0.5, -0.5]))


def test_low_rank(student, compare):
    """A direction in which X does not extend is left out."""
    compare("singular_response", LOW, TARGET, np.array([0.2, 0.4, -0.3]))
    compare("singular_response", SKEW.T, TARGET[:3], np.array([0.1, 0.2, 0.3, -0.5]))


def test_gd_filter(student, compare):
    """After some steps, directions with a large singular value are nearly finished, others have hardly begun."""
    compare("gd_filter", np.array([4.0, 1.0, 0.01]), 0.2, 3)
    compare("gd_filter", np.array([4.0, 1.0]), 0.45, 2)


def test_gd_filter_at_the_start(student, compare):
    """Before the first step nothing has been answered."""
    compare("gd_filter", np.array([4.0, 1.0]), 0.2, 0)
    compare("gd_filter", np.array([4, 1]), 0.2, 1)


def test_ridge_filter(student, compare):
    """A direction whose squared singular value is lam gets half of least squares."""
    compare("ridge_filter", np.array([9.0, 2.0, 0.5]), 2.0)
    compare("ridge_filter", np.array([4, 1]), 0.5)


def test_bad_input(student, compare):
    """A learning rate with which gradient descent diverges is a ValueError that names lr."""
    compare.refuses("gd_filter", np.array([4.0, 1.0]), 0.51, 3, naming=("lr",))
