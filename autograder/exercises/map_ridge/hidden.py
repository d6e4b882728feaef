"""Hidden tests of poly_design, map_linear_gaussian and equivalent_lambda.

The part "MAP" makes its own matrices, so that wrong powers cost nothing there; no number of rows is 1.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"design": 1, "MAP": 3, "lambda": 2}


def _data(rng, n=9, d=4):
    """A column of ones and d - 1 others; targets whose mean is far from 0."""
    X = np.column_stack([np.ones(n), rng.normal(size=(n, d - 1)) + 0.5])
    return X, X @ rng.uniform(1, 3, size=d) + 2 + rng.normal(size=n)


def _variances(rng):
    return rng.uniform(2, 3), rng.uniform(0.3, 0.6)


def _weights(student, X, t, noise_var, prior_var):
    return {"w": student.map_linear_gaussian(X.copy(), t.copy(), noise_var, prior_var)}


# ---- design ----------------------------------------------------------------------------------------------


@part("design")
def test_powers(compare, rng):
    """Row n holds the powers of x_n from 0 to M, in this order; x is left as it was."""
    compare("poly_design", rng.uniform(-1.5, 1.5, size=5), 3)
    compare("poly_design", rng.uniform(-1.5, 1.5, size=4), 6)
    compare("poly_design", rng.uniform(-1.5, 1.5, size=4), 3)


@part("design")
def test_powers_of_other_numbers(compare, rng):
    """Whole numbers, float32, a 0 among the x and a degree of 0 or 1 are nothing special."""
    compare("poly_design", rng.integers(-3, 4, size=6), 4)
    compare("poly_design", rng.uniform(-1, 1, size=5).astype(np.float32), 2)
    compare("poly_design", np.array([0.0, 2.0, -0.5]), 1)
    compare("poly_design", np.array([0.0, 2.0, -0.5]), 0)


@part("design", supporting=True)
def test_negative_degree(compare):
    """A negative degree is refused."""
    compare.refuses("poly_design", np.ones(3), -1, naming=("M",))
    compare.refuses("poly_design", np.ones(3), -4, naming=("M",))


# ---- the most probable weights ---------------------------------------------------------------------------


@part("MAP")
def test_weights(compare, rng):
    """The weights are the most probable ones, with fewer rows than weights, too; X and t are left as they were."""
    compare("map_linear_gaussian", *_data(rng), *_variances(rng))
    compare("map_linear_gaussian", *_data(rng, n=3, d=5), *_variances(rng))


@part("MAP")
def test_weights_of_polynomials(compare, rng):
    """Powers of x up to the sixth as columns are nothing special."""
    x = rng.uniform(-1, 1, size=12)
    X = np.vander(x, 7, increasing=True)
    compare(_weights, X, np.sin(2 * np.pi * x) + 0.5, 0.25, 1.5)


@part("MAP")
def test_prior_decides(compare, rng):
    """A very wide prior leaves least squares, a very narrow one next to nothing; only the ratio of the variances counts."""
    X, t = _data(rng, n=20, d=3)
    compare.within(1e-4, 1e-6)(_weights, X, t, 1.0, 1e8)
    compare.within(1e-4, 1e-8)(_weights, X, t, 100.0, 1e-3)
    compare(_weights, X, t, 30.0, 20.0)


@part("MAP")
def test_flat_top(student, rng):
    """At the result the slope of the logarithm of likelihood times prior is zero in every direction, that of the intercept too."""
    X, t = _data(rng)
    noise_var, prior_var = _variances(rng)
    w = np.asarray(student.map_linear_gaussian(X.copy(), t.copy(), noise_var, prior_var), dtype=float)
    assert w.shape == (4,), "w should have shape (D,)"
    slope = X.T @ (t - X @ w) / noise_var - w / prior_var
    assert np.abs(slope).max() < 1e-6, "the slope is not zero"


@part("MAP")
def test_weights_of_other_numbers(compare, rng):
    """Whole numbers and float32 are nothing special."""
    X, t = _data(rng)
    compare(_weights, rng.integers(-4, 5, size=(6, 3)), rng.integers(1, 9, size=6), 2, 1)
    compare(_weights, X.astype(np.float32), t.astype(np.float32), *_variances(rng))


@part("MAP", supporting=True)
def test_refused_variances(compare, rng):
    """A variance that is not positive is refused."""
    X, t = _data(rng)
    for wrong in (0.0, -1.0):
        compare.refuses("map_linear_gaussian", X, t, wrong, 1.0, naming=("noise_var",))
        compare.refuses("map_linear_gaussian", X, t, 1.0, wrong, naming=("prior_var",))


# ---- lambda ----------------------------------------------------------------------------------------------


@part("lambda")
def test_lambda_of_a_sum(compare, rng):
    """Without dividing by n, the penalty is the ratio of the variances."""
    compare("equivalent_lambda", *_variances(rng), 13, "sum")
    compare("equivalent_lambda", *_variances(rng)[::-1], 5, "sum")
    compare("equivalent_lambda", 3, 2, 5, "sum")


@part("lambda")
def test_lambda_of_a_mean(compare, rng):
    """For a mean, the number of data points comes in."""
    compare("equivalent_lambda", *_variances(rng), 13, "mean")
    compare("equivalent_lambda", *_variances(rng)[::-1], 5, "mean")
    compare("equivalent_lambda", 3, 2, np.int64(5), "mean")


@part("lambda")
def test_same_minimum(student, rng):
    """The loss with the penalty has its minimum at the most probable weights, for both losses."""
    X, t = _data(rng)
    noise_var, prior_var = _variances(rng)
    best = np.linalg.solve(X.T @ X / noise_var + np.eye(4) / prior_var, X.T @ t / noise_var)
    for loss, rows in (("sum", 1), ("mean", 9)):
        lam = float(student.equivalent_lambda(noise_var, prior_var, 9, loss))
        slope = 2 * X.T @ (X @ best - t) / rows + 2 * lam * best
        assert np.abs(slope).max() < 1e-6, f"for the {loss} the minimum is elsewhere"


@part("lambda", supporting=True)
def test_refusals(compare):
    """A variance that is not positive and an unknown loss are refused."""
    for loss in ("sum", "mean"):
        compare.refuses("equivalent_lambda", 0.0, 1.0, 5, loss, naming=("noise_var",))
        compare.refuses("equivalent_lambda", 1.0, -2.0, 5, loss, naming=("prior_var",))
    for loss in ("max", "Mean", ""):
        compare.refuses("equivalent_lambda", 1.0, 1.0, 5, loss, naming=("loss",))
