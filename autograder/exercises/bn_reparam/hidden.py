"""Hidden tests of bn_undo_params and drop_bias."""

import numpy as np

from autograder.exercise import part

PARTS = {"undo": 2, "drop_bias": 2}


def _statistics(rng, d=5):
    """Means, and variances that reach from far below a usual eps to far above."""
    return rng.uniform(1, 3, d) * np.resize([1, -1], d), np.resize([1e-6, 0.01, 0.3, 2.5, 40.0], d) * rng.uniform(
        0.8, 1.2, d
    )


def _undo(student, mu, var, eps):
    """gamma and beta, for copies: whoever writes into an argument pays for it in one test only."""
    gamma, beta = student.bn_undo_params(mu.copy(), var.copy(), eps)
    return {"gamma": gamma, "beta": beta}


def _refused(student, mu, var, eps):
    student.bn_undo_params(mu.copy(), np.abs(var), abs(eps))
    try:
        student.bn_undo_params(mu, var, eps)
    except ValueError:
        return {"what is negative is refused": True}
    return {"what is negative is refused": False}


def _drop(student, b, run_mean):
    return {"run_mean": student.drop_bias(b.copy(), run_mean.copy())}


@part("undo")
def test_layer_is_the_identity(student, rng):
    """Batch normalization with these gamma and beta is the identity to 1e-10, also for a deviation of 0.001."""
    for eps in (1e-5, 0.1):
        mu, var = _statistics(rng)
        x = mu + np.sqrt(var) * rng.normal(size=(6, 5))
        gamma, beta = student.bn_undo_params(mu.copy(), var.copy(), eps)
        assert np.shape(gamma) == np.shape(beta) == (5,), "gamma and beta should have shape (5,)"
        y = gamma * (x - mu) / np.sqrt(var + eps) + beta
        assert np.allclose(y, x, rtol=0, atol=1e-10), "what comes out of the layer is not what went in"


@part("undo")
def test_undo_values(compare, rng):
    """gamma and beta are right for a large eps, for eps = 0 and for a variance of 0; mu and var are not changed."""
    compare("bn_undo_params", *_statistics(rng), 0.1)
    compare(_undo, *_statistics(rng, d=3), 0.0)
    mu, var = _statistics(rng)
    var[2] = 0
    compare(_undo, mu, var, 1e-3)


@part("undo")
def test_undo_of_other_numbers(compare, rng):
    """Whole numbers, float32 and arrays that are not contiguous work."""
    compare(_undo, np.array([3, -1, 0]), np.array([4, 0, 7]), 1)
    mu, var = _statistics(rng)
    compare(_undo, mu.astype(np.float32), var.astype(np.float32), 0.1)
    compare(_undo, np.repeat(mu, 2)[::2], np.repeat(var, 3)[::3], 0.1)


@part("undo", supporting=True)
def test_undo_refusals(compare, rng):
    """A negative variance and a negative eps are refused."""
    mu, var = _statistics(rng)
    negative = var.copy()
    negative[3] = -1e-3
    for arguments, name in (((mu, negative, 0.1), "var"), ((mu, var, -1e-3), "eps")):
        compare(_refused, *arguments)
        compare.refuses("bn_undo_params", *arguments, naming=(name,))


@part("drop_bias")
def test_same_output_in_evaluation(student, rng):
    """In evaluation a layer without b gives what the layer with b gave, whatever gamma, beta and the stored variance are."""
    u, W, b, run_mean = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)), rng.uniform(1, 2, 4), rng.normal(size=4)
    gamma, beta, run_var = rng.uniform(1, 2, 4), rng.normal(size=4), rng.uniform(0.1, 4, 4)
    new = student.drop_bias(b.copy(), run_mean.copy())
    assert np.shape(new) == (4,), "the new stored mean should have shape (4,)"
    before = gamma * (u @ W.T + b - run_mean) / np.sqrt(run_var + 0.1) + beta
    after = gamma * (u @ W.T - new) / np.sqrt(run_var + 0.1) + beta
    assert np.allclose(after, before, atol=1e-8), "the output is another one without b and with the new stored mean"


@part("drop_bias")
def test_mean_that_was_measured(student, rng):
    """For a mean that was measured with b in it, what is left is the mean of the outputs without b."""
    u, W, b = rng.normal(size=(50, 3)) + 1, rng.normal(size=(4, 3)), rng.uniform(1, 2, 4) * [1, -1, 10, -10]
    new = student.drop_bias(b.copy(), (u @ W.T + b).mean(axis=0))
    assert np.shape(new) == (4,), "the new stored mean should have shape (4,)"
    assert np.allclose(new, (u @ W.T).mean(axis=0), atol=1e-8), (
        "the new stored mean is not the mean of the outputs without b"
    )


@part("drop_bias")
def test_drop_bias_values(compare, rng):
    """The new mean is right for whole numbers and float32, too, and b and run_mean are as before."""
    compare("drop_bias", rng.uniform(1, 2, 5), rng.normal(size=5))
    compare("drop_bias", np.array([0.5, -2.25, 3.0]), np.array([4, 0, -1]))
    compare(_drop, rng.uniform(1, 2, 4).astype(np.float32), rng.normal(size=4).astype(np.float32))
    compare(_drop, np.array([3, -1]), np.array([4, 5]))
