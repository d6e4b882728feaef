"""Early stopping as a penalty, on a quadratic loss."""

import numpy as np

SIGNATURES = {
    "es_weights": "Hess, w_star, lr, steps -> w",
    "l2_weights": "Hess, w_star, alpha -> w",
    "matching_alpha": "lr, steps -> alpha",
}
HINTS = (
    "Take a single number first: Hess = lambda. By which factor does the distance to w_star shrink in one step? So what is "
    "left of it after all steps, and how much of w_star has been learned?",
    "In the eigenvectors of Hess every direction is such a single number. Stopping multiplies the component of w_star in "
    "direction i by 1 - (1 - lr * lambda_i)^steps, the penalty by lambda_i / (lambda_i + alpha). Then turn back.",
    "lam, Q = np.linalg.eigh(Hess) has the eigenvectors in the columns of Q: Q.T @ w_star are the components, Q @ (...) "
    "turns back. (A loop of steps, or np.linalg.matrix_power, is just as right; ** is element by element.) "
    "np.linalg.solve(Hess + alpha * np.eye(D), ...) gives the second one; what has to stand on the right?",
)
DIAGONAL = np.array([[2.0, 0.0], [0.0, 0.5]])
TILTED = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 1.5]])
WHOLE = np.array([[1, 0, 0], [0, 4, 0], [0, 0, 1]])
SECOND = np.array([0.0, -2.0, 0.0])


# The signs of eigenvectors differ from one machine to the next, and with them the answers of some mistakes. The sizes of
# the weights do not, if w_star has one weight that is not 0.
def _sizes_stopped(student, Hess, w_star, lr, steps):
    return {"sizes of the weights": np.abs(student.es_weights(Hess, w_star, lr, steps))}


def _sizes_penalized(student, Hess, w_star, alpha):
    return {"sizes of the weights": np.abs(student.l2_weights(Hess, w_star, alpha))}


def _accepted(student, Hess, w_star, lr, steps):
    # A small rate first: an answer that raises for every input is not one that refuses this rate.
    student.es_weights(Hess, w_star, lr / 100, steps)
    try:
        student.es_weights(Hess, w_star, lr, steps)
    except ValueError:
        return {"a learning rate below 2 / lambda_max is accepted": False}
    return {"a learning rate below 2 / lambda_max is accepted": True}


def test_stopped_by_hand(student, compare):
    """With lambda = 2 and 0.5, lr 0.25 and 2 steps: 1 - 0.5^2 = 0.75 of the first weight is there, 1 - 0.875^2 of the second."""
    compare("es_weights", DIAGONAL, np.array([4.0, -1.0]), 0.25, 2)


def test_stopped(student, compare):
    """For a matrix that is not diagonal, after seven steps, one step and no step."""
    for steps in (7, 1, 0):
        compare(_sizes_stopped, TILTED, SECOND, 0.2, steps)


def test_stopped_with_equal_eigenvalues(student, compare):
    """Equal eigenvalues are no special case, and neither are whole numbers."""
    compare("es_weights", WHOLE, np.array([4, 8, -2]), 0.2, 3)


def test_penalty_by_hand(student, compare):
    """With lambda = 2 and 0.5 and alpha = 0.5, 2 / 2.5 of the first weight is left and 0.5 / 1 of the second."""
    compare("l2_weights", DIAGONAL, np.array([4.0, -1.0]), 0.5)


def test_penalty(student, compare):
    """For a matrix that is not diagonal, and for whole numbers."""
    compare(_sizes_penalized, TILTED, SECOND, 0.3)
    compare("l2_weights", WHOLE, np.array([4, 8, -2]), 2)


def test_matching_penalty(student, compare):
    """20 steps with lr 0.1 are about a penalty of 0.5."""
    compare("matching_alpha", 0.1, 20)
    compare("matching_alpha", 0.5, 3)


def test_large_learning_rates(student, compare):
    """Learning rates up to 2 / lambda_max are fine; above it gradient descent diverges: a ValueError that names lr."""
    compare(_accepted, WHOLE, SECOND, 0.45, 3)
    compare.refuses("es_weights", WHOLE, SECOND, 0.55, 3, naming=("lr",))


def test_bad_input(student, compare):
    """A negative number of steps is a ValueError that names steps."""
    compare.refuses("es_weights", DIAGONAL, np.ones(2), 0.1, -1, naming=("steps",))
