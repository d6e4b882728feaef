"""Undoing batch normalization, and taking the bias before it away."""

import numpy as np

SIGNATURES = {"bn_undo_params": "mu, var, eps -> gamma, beta", "drop_bias": "b, run_mean -> run_mean"}
HINTS = (
    "Write y = gamma * xhat + beta and put x = mu + (something) * xhat beside it. What is the something, exactly?",
    "For drop_bias write both sides out: on the left, W u + b minus the stored mean is divided by the stored deviation; "
    "on the right W u minus another number is. For which number are the two numerators the same for every u?",
    "gamma is the whole denominator of batch normalization, with eps in it, and beta is what it subtracts. The stored mean "
    "without b is smaller than the one with b by all of b; neither gamma nor the momentum plays a part.",
)


def _undone(student, x, mu, var, eps):
    """Batch normalization of x with the student's gamma and beta."""
    gamma, beta = student.bn_undo_params(mu, var, eps)
    return {"gamma * (x - mu) / sqrt(var + eps) + beta": gamma * (x - mu) / np.sqrt(var + eps) + beta}


def _refused(student, mu, var, eps):
    try:
        student.bn_undo_params(mu, var, eps)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


def test_undo_by_hand(student, compare):
    """With var + eps = 4 and 9, gamma is 2 and 3."""
    compare("bn_undo_params", np.array([5.0, -1.0]), np.array([3.75, 8.75]), 0.25)


def test_layer_is_the_identity(student, compare):
    """Batch normalization with these gamma and beta gives back what it is given, also where var is much smaller than eps."""
    x = np.array([[1.0, 2.0, 0.0], [3.0, 2.002, 4.0], [8.0, 1.999, 1.0]])
    compare(_undone, x, np.array([4.0, 2.0, 1.5]), np.array([9.0, 1e-6, 2.5]), 1e-5)


def test_variance_of_zero(student, compare):
    """A variance may be 0, and whole numbers are as good as others."""
    compare("bn_undo_params", np.array([1, 2]), np.array([0, 3]), 1)


def test_drop_bias_by_hand(student, compare):
    """Without the bias (1, -2) a stored mean of (3, 3) becomes (2, 5)."""
    compare("drop_bias", np.array([1.0, -2.0]), np.array([3.0, 3.0]))
    compare("drop_bias", np.array([0.5, 2.0, -0.25]), np.array([3, 0, 1]))


def test_same_output(student, rng):
    """In evaluation the layer without bias gives what the layer with bias gave."""
    u, W, b, run_mean = (rng.normal(size=shape) for shape in ((5, 3), (4, 3), (4,), (4,)))
    run_var = rng.uniform(0.5, 2, 4)
    before = (u @ W.T + b - run_mean) / np.sqrt(run_var + 1e-5)
    after = (u @ W.T - student.drop_bias(b, run_mean)) / np.sqrt(run_var + 1e-5)
    assert np.allclose(after, before, atol=1e-9), "the output changes when b is dropped and the new mean is subtracted"


def test_bad_input(student, compare):
    """A negative variance or eps is a ValueError that names the argument."""
    mu = np.array([1.0, 2.0])
    for var, eps, name in ((np.array([1.0, -0.5]), 0.1, "var"), (np.array([1.0, 0.5]), -0.1, "eps")):
        compare(_refused, mu, var, eps)
        compare.refuses("bn_undo_params", mu, var, eps, naming=(name,))
