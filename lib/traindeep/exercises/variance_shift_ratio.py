"""Dropout makes the variance in training larger, and batch norm remembers it."""

import numpy as np

SIGNATURES = {"variance_shift_ratio": "mean, var, p_drop -> ratio"}
HINTS = (
    "Var(z) is E[z^2] - E[z]^2. Inverted dropout keeps one of the two expectations of x as it is, and makes the other one "
    "larger. Which?",
    "E[m x / q] = mu with q = 1 - p_drop. And m^2 = m, so E[(m x / q)^2] = E[x^2] / q, where E[x^2] is v + mu^2.",
    "((var + mean**2) / (1 - p_drop) - mean**2) / var. Try mean 0, 1 and 2 with var 1 and p_drop 0.5: 2, 3 and 6.",
)


def _is_refused(student, mean, var, p_drop):
    try:
        student.variance_shift_ratio(mean, var, p_drop)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


def test_mean_zero(student, compare):
    """Where the mean is 0 the ratio is 1 / (1 - p_drop), whatever the variance."""
    compare("variance_shift_ratio", np.zeros(3), np.array([1.0, 4.0, 0.25]), 0.2)


def test_by_hand(student, compare):
    """Means 0, 1 and 2, variance 1, half of the units dropped."""
    compare("variance_shift_ratio", np.array([0.0, 1.0, 2.0]), np.ones(3), 0.5)


def test_other_variances(student, compare):
    """Activations that are all about 3 suffer most if they hardly vary; the sign of the mean is of no account."""
    compare("variance_shift_ratio", np.array([3.0, -3.0, 3.0]), np.array([4.0, 1.0, 0.1]), 0.2)
    compare("variance_shift_ratio", np.array([1, 2]), np.array([3, 1]), 0.3)


def test_nothing_dropped(student, compare):
    """Without dropout the ratio is 1."""
    compare("variance_shift_ratio", np.array([3.0, -1.0]), np.array([4.0, 0.5]), 0.0)


def test_bad_input(student, compare):
    """A variance that is not positive, or a p_drop outside [0, 1), is a ValueError that names the argument."""
    mean = np.array([1.0, 2.0])
    for wrong in (0.0, -1.0):
        compare(_is_refused, mean, np.array([1.0, wrong]), 0.5)
        compare.refuses("variance_shift_ratio", mean, np.array([1.0, wrong]), 0.5, naming=("var",))
    for wrong in (1.0, -0.1):
        compare(_is_refused, mean, np.ones(2), wrong)
        compare.refuses("variance_shift_ratio", mean, np.ones(2), wrong, naming=("p_drop",))
