"""A bound on the weights, projected gradient descent, and the penalty that does the same."""

import numpy as np

SIGNATURES = {
    "project_l2_ball": "w, r -> w_new",
    "pgd_least_squares": "X, y, r, lr, steps -> w",
    "lambda_star": "X, y, w -> lambda",
}
HINTS = (
    "Draw the ball and a point outside of it: where is the nearest point of the ball? For lambda_star, write down that the "
    "gradient of the loss with the penalty is 0 at w, and look at what points in which direction.",
    "The bound r is on the squared length: a point outside comes to the length sqrt(r), one inside stays. One step of the "
    "descent is w - lr * gradient, projected; the gradient of (1/N) ||y - X w||^2 has a factor 2 / N.",
    "At the solution, gradient + 2 lambda w = 0. The inner product with w turns this vector equation into one for the "
    "number lambda. A negative number means that the bound does not press: max(0.0, ...).",
)

# X^T X / N is diagonal with 1 and 4, and least squares gives w = [2, 1], whose squared length is 5.
X = np.array([[1.0, 2.0], [1.0, -2.0], [-1.0, 2.0], [-1.0, -2.0]])
Y = X @ np.array([2.0, 1.0]) + np.array([0.5, -0.5, -0.5, 0.5])


def _ridge(lam):
    return np.array([2.0 / (1 + lam), 4.0 / (4 + lam)])


def test_projection(student, compare):
    """[3, 4] has the squared length 25; r = 9 shortens it to the length 3: [1.8, 2.4]."""
    compare("project_l2_ball", np.array([3.0, 4.0]), 9.0)


def test_points_inside_stay(student, compare):
    """[0.6, 0.8] has the squared length 1 and stays for r = 4; so do [0.3, 0.4] for r = 0.36, 0, and [3, 4] for r = 25."""
    compare("project_l2_ball", np.array([0.6, 0.8]), 4.0)
    compare("project_l2_ball", np.array([0.3, 0.4]), 0.36)
    compare("project_l2_ball", np.zeros(3), 4.0)
    compare("project_l2_ball", np.array([3.0, 4.0]), 25.0)


def test_descent_without_pressure(student, compare):
    """With r = 9 the bound does not press, and the end of the descent is least squares: [2, 1]."""
    compare("pgd_least_squares", X, Y, 9.0, 0.1, 300)


def test_descent_onto_the_bound(student, compare):
    """With r = 1.64 the descent ends at [1, 0.8]: this is also where the penalty with lambda = 1 leads."""
    compare("pgd_least_squares", X, Y, 1.64, 0.1, 300)


def test_descent_with_a_bound_of_one(student, compare):
    """With r = 1 the descent ends at a point of length 1 that is not least squares scaled down."""
    compare("pgd_least_squares", X, Y, 1.0, 0.1, 300)


def test_lambda(student, compare):
    """w = [1, 0.8] solves the problem with lambda = 1; w = [0.5, 4/7] with lambda = 3."""
    compare("lambda_star", X, Y, _ridge(1.0))
    compare("lambda_star", X, Y, _ridge(3.0))


def test_lambda_without_pressure(student, compare):
    """Least squares itself needs no penalty; nor does a w that is longer."""
    compare("lambda_star", X, Y, _ridge(0.0))
    compare("lambda_star", X, Y, _ridge(-0.5))


def test_bad_input(student, compare):
    """A negative r, and w = 0 in lambda_star, are ValueErrors that name the argument."""
    compare.refuses("project_l2_ball", np.ones(2), -1.0, naming=("r",))
    compare.refuses("pgd_least_squares", X, Y, -1.0, 0.1, 5, naming=("r",))
    compare.refuses("lambda_star", X, Y, np.zeros(2), naming=("w",))
