"""Batch normalization, forward pass in training."""

import numpy as np

SIGNATURES = {"bn_forward_train": "x, gamma, beta, eps -> y, cache"}
CACHE = ("x", "xhat", "mu", "var", "gamma", "eps")
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Every feature (column) gets its own mean and its own variance. Over which axis of a (N, D) array do you average "
    "to be left with D numbers?",
    "There are four steps: the mean of each column, the biased variance of each column (divide by N), "
    "xhat = (x - mu) / sqrt(var + eps), and only then y = gamma * xhat + beta. Check x, gamma and beta before them.",
    "x.mean(axis=0) and x.var(axis=0) are the two statistics; np.sqrt(var + eps) keeps eps inside the root. Broadcasting "
    "(N, D) with (D,) does the rest. The cache is an ordinary dict: {'x': x, 'xhat': xhat, ...} with all six keys.",
)


def _output(student, x, gamma, beta, eps):
    result = student.bn_forward_train(x, gamma, beta, eps=eps)
    # y alone is judged as y: that the cache is missing is said by its own test.
    return {"y": result[0] if isinstance(result, (tuple, list)) else result}


def _cache(student, x, gamma, beta, eps):
    result = student.bn_forward_train(x, gamma, beta, eps=eps)
    if not isinstance(result, (tuple, list)):
        return {"(y, cache) is returned": False}
    cache = result[1]
    # (1, D) statistics are as good as (D,) ones.
    found = {key: np.ravel(cache[key]) if key in ("mu", "var", "gamma") else cache[key] for key in CACHE}
    return {"(y, cache) is returned": True} | found


def test_two_rows_by_hand(student, compare):
    """Two rows [1, 2] and [3, 6] become [-1, -1] and [1, 1] when eps is 0."""
    compare(_output, np.array([[1.0, 2.0], [3.0, 6.0]]), np.ones(2), np.zeros(2), eps=0.0)


def test_scale_and_shift(student, compare):
    """gamma scales and beta shifts each normalized feature."""
    x = np.array([[0.0, 1.0, 4.0], [1.0, 1.5, -2.0], [2.0, 0.5, 1.0], [5.0, 1.0, 3.0]])
    compare(_output, x, np.array([1.5, -2.0, 0.5]), np.array([0.1, 2.0, -1.0]), eps=0.1)


def test_constant_feature(student, compare):
    """A feature that never changes comes out as beta, without nan."""
    x = np.array([[1.0, 7.0], [2.0, 7.0], [6.0, 7.0]])
    compare(_output, x, np.array([2.0, 3.0]), np.array([0.5, -1.0]), eps=1e-5)


def test_whole_numbers(student, compare):
    """A batch of whole numbers is normalized as real numbers are."""
    compare(_output, np.array([[1, 7], [2, 4], [6, 5]]), np.array([2.0, 3.0]), np.array([0.5, -1.0]), eps=0.1)


def test_shift_of_the_input(student, rng):
    """y does not change when a constant is added to a feature."""
    x, gamma, beta = rng.normal(size=(5, 3)), np.array([1.0, 2.0, -1.0]), np.array([0.0, 1.0, 2.0])
    y, shifted = (_output(student, a, gamma, beta, 1e-5)["y"] for a in (x, x + np.array([10.0, -3.0, 0.5])))
    assert np.std(y) > 0, "y is the same everywhere, whatever x is"
    assert np.allclose(y, shifted, atol=1e-6), "y changes when 10, -3 and 0.5 are added to the three columns of x"


def test_cache(student, compare):
    """The cache holds x, xhat, mu, var, gamma and eps: what the backward pass will need."""
    x = np.array([[0.0, 1.0], [1.0, 1.5], [5.0, 0.5]])
    compare(_cache, x, np.array([1.5, -2.0]), np.array([0.1, 2.0]), eps=0.1)


def test_bad_input(student, compare):
    """One row only, or a gamma or beta that is not (D,), is a ValueError that names the argument."""
    x, ones = np.arange(6.0).reshape(3, 2), np.ones(2)
    compare.refuses("bn_forward_train", x[:1], ones, ones, naming=("x",))
    compare.refuses("bn_forward_train", x, np.ones(3), ones, naming=("gamma",))
    compare.refuses("bn_forward_train", x, ones, np.ones(1), naming=("beta",))
