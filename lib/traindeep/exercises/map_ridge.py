"""Polynomial features, the most probable weights under a Gaussian prior, and the penalty they amount to."""

import numpy as np

SIGNATURES = {
    "poly_design": "x, M -> X",
    "map_linear_gaussian": "X, t, noise_var, prior_var -> w",
    "equivalent_lambda": "noise_var, prior_var, n, loss -> lambda",
}
HINTS = (
    "Write minus the logarithm of likelihood times prior, without what does not depend on w: two sums of squares, each "
    "divided by twice its variance. Multiply by the number that makes the first one the plain sum of squared errors.",
    "What then stands before ||w||^2 is lambda for the sum. A mean is the sum divided by n, and a minimum stays where it is "
    "if the whole is divided by n. For the weights, set the gradient to 0.",
    "The equations are (X^T X + lambda I) w = X^T t with lambda = noise_var / prior_var: np.linalg.solve. For the powers, "
    "x[:, None] ** np.arange(M + 1) has the shape (N, M + 1).",
)

X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])
T = np.array([2.0, 3.0, 5.0, 7.0])


def test_powers(student, compare):
    """x = 2 and M = 3 give the row [1, 2, 4, 8]; a degree of 0 gives a column of ones."""
    compare("poly_design", np.array([2.0, 0.5, -1.0]), 3)
    compare("poly_design", np.array([2, 0, -1]), 0)


def test_most_probable_weights(student, compare):
    """With noise_var = 3 and prior_var = 0.6, X^T X has 5 more on its diagonal; X and t are left as they were."""
    compare("map_linear_gaussian", X, T, 3.0, 0.6)


def test_one_weight(student, compare):
    """Two observations 2 and 4 of one weight: least squares says 3; a prior four times as narrow as the noise says 1."""
    compare("map_linear_gaussian", np.ones((2, 1)), np.array([2.0, 4.0]), 1.0, 0.25)


def test_wide_prior(student, compare):
    """A prior that is a million times as wide as the noise leaves least squares."""
    compare.within(1e-4, 1e-6)("map_linear_gaussian", X, T, 1.0, 1e6)


def test_lambda_of_a_sum(student, compare):
    """For the sum of squared errors, noise_var = 3 and prior_var = 0.6 make lambda = 5, whatever n is."""
    compare("equivalent_lambda", 3.0, 0.6, 10, "sum")


def test_lambda_of_a_mean(student, compare):
    """For the mean of 10 squared errors it is a tenth of that."""
    compare("equivalent_lambda", 3.0, 0.6, 10, "mean")


def test_bad_input(student, compare):
    """A variance that is not positive, a negative degree and an unknown loss are ValueErrors that name the argument."""
    compare.refuses("poly_design", np.ones(3), -1, naming=("M",))
    compare.refuses("map_linear_gaussian", X, T, 0.0, 1.0, naming=("noise_var",))
    compare.refuses("map_linear_gaussian", X, T, 1.0, -1.0, naming=("prior_var",))
    compare.refuses("equivalent_lambda", -1.0, 1.0, 10, "sum", naming=("noise_var",))
    compare.refuses("equivalent_lambda", 1.0, 0.0, 10, "mean", naming=("prior_var",))
    compare.refuses("equivalent_lambda", 1.0, 1.0, 10, "max", naming=("loss",))
