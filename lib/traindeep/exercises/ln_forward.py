"""Layer normalization, forward pass."""

import numpy as np

SIGNATURES = {"ln_forward": "x, gamma, beta, eps -> y"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Every position (a row of (N, D), a time step of (N, T, D)) gets its own mean and its own variance. Over which axis "
    "do you average, if the number of axes before it is not known?",
    "There are two different axes in play: statistics are one per position, so they run over the last axis; gamma and "
    "beta are one per feature, so they lie along the last axis. Normalize first, then y = gamma * xhat + beta.",
    "normalize_over(x, (-1,), eps) gives xhat (or x.mean(axis=-1, keepdims=True) and x.var in the same way). A (D,) "
    "vector broadcasts along the last axis by itself. Compare the shapes of gamma and beta with x.shape[-1:] first.",
)


def test_rows_by_hand(student, compare):
    """The rows [1, 3], [4, 6] and [7, 9] have the variance 1: for eps = 3 each becomes [-0.5, 0.5], before gamma and beta."""
    x = np.array([[1.0, 3.0], [4.0, 6.0], [7.0, 9.0]])
    compare("ln_forward", x, np.array([2.0, 4.0]), np.array([1.0, -1.0]), eps=3.0)


def test_gamma_and_beta_belong_to_features(student, compare):
    """As many rows as features: gamma and beta still lie along the features."""
    x = np.array([[0.0, 1.0, 5.0], [2.0, 2.5, 0.0], [-1.0, 3.0, 1.0]])
    compare("ln_forward", x, np.array([1.5, -2.0, 0.5]), np.array([0.1, 2.0, -1.0]), eps=0.1)


def test_time_steps(student, compare):
    """In an array (N, T, D) every time step has its own mean and variance."""
    x = np.array([[[0, 1, 5, 2], [2, 2, 0, 7], [-1, 3, 1, 1]], [[4, 1, 0, 0], [9, 3, 6, 2], [1, 2, 3, 5]]])
    compare("ln_forward", x, np.array([1.0, 2.0, -1.0, 0.5]), np.array([0.0, 1.0, 0.0, 3.0]), eps=0.1)


def test_one_row_and_constant_row(student, compare):
    """One row alone is enough, and a row of equal values comes out as beta, without nan."""
    compare("ln_forward", np.array([[7.0, 7.0, 7.0]]), np.array([2.0, 3.0, 1.0]), np.array([0.5, -1.0, 4.0]))


def test_rows_do_not_see_each_other(student, rng):
    """A row of y is the same whatever the other rows of x are."""
    x, gamma, beta = rng.normal(size=(4, 3)), np.array([1.0, 2.0, -1.0]), np.array([0.0, 1.0, 2.0])
    other = np.concatenate([x[:1], rng.normal(size=(5, 3)) * 10])
    y, changed = (student.ln_forward(a, gamma, beta) for a in (x, other))
    assert np.std(y) > 0, "y is the same everywhere, whatever x is"
    assert np.allclose(y[0], changed[0], atol=1e-8), "the first row of y changes when other rows of x do"


def test_bad_input(student, compare):
    """A gamma or beta that is not (D,) is a ValueError that names it, even where it would broadcast."""
    x, ones = np.arange(6.0).reshape(2, 3), np.ones(3)
    compare.refuses("ln_forward", x, np.ones(2), ones, naming=("gamma",))
    compare.refuses("ln_forward", x, ones, np.ones(1), naming=("beta",))
