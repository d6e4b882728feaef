"""Batch normalization, backward pass."""

import numpy as np

SIGNATURES = {"bn_backward": "dy, cache -> dx, dgamma, dbeta"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "backward", "=grad")
HINTS = (
    "gamma and beta serve every row, so their gradients are sums over the rows. x reaches y on three paths: directly, "
    "through mu, and through var. Which of them does your dx contain?",
    "Put step 4 of the derivation into step 5 and sum over i, one term at a time. The three terms are dy itself, a mean "
    "over the batch, and xhat times another mean over the batch; gamma / sqrt(var + eps) stands in front of all of them.",
    "The sums of dgamma and dbeta, divided by N, are exactly the two means that dx needs. dy.sum(axis=0) has shape (D,); "
    "broadcasting (N, D) with (D,) does the rest. Compare dy.shape with cache['x'].shape before anything else.",
)

X = np.array([[1.0, 7.0], [5.0, 1.0], [5.0, 9.0], [1.0, 7.0]])
DY = np.array([[1.0, 3.0], [2.0, 0.0], [3.0, 3.0], [6.0, 6.0]])


def _cache(eps):
    """The columns of X have the means 3 and 6 and the variances 4 and 9."""
    mu, var = np.array([3.0, 6.0]), np.array([4.0, 9.0])
    gamma = np.array([4.0, -3.0])
    return {"x": X, "xhat": (X - mu) / np.sqrt(var + eps), "mu": mu, "var": var, "gamma": gamma, "eps": eps}


def _dx(student, dy, cache):
    return {"dx": student.bn_backward(dy, cache)[0]}


def _dgamma(student, dy, cache):
    return {"dgamma": student.bn_backward(dy, cache)[1]}


def _dbeta(student, dy, cache):
    return {"dbeta": student.bn_backward(dy, cache)[2]}


def test_dbeta(student, compare):
    """dbeta, the third result, is 12 for each of the columns [1, 2, 3, 6] and [3, 0, 3, 6] of dy."""
    compare(_dbeta, DY, _cache(eps=0.0))


def test_dgamma(student, compare):
    """dgamma, the second result, is -2 for dy = [1, 2, 3, 6] and xhat = [-1, 1, 1, -1]."""
    compare(_dgamma, DY, _cache(eps=0.0))


def test_dx(student, compare):
    """dx by hand: [1, 2, 3, 6] minus its mean 3 minus xhat times -0.5, all times gamma / sigma = 2."""
    compare(_dx, DY, _cache(eps=0.0))


def test_eps(student, compare):
    """eps is added to the variance, inside the square root, here as in the forward pass."""
    compare(_dx, DY, _cache(eps=0.1))


def test_dx_adds_up_to_zero(student, rng):
    """The rows of dx add up to 0 in every feature: adding a constant to x changes no output."""
    dx = student.bn_backward(rng.normal(size=(4, 2)) + 1, _cache(eps=0.1))[0]
    assert np.all(np.std(dx, axis=0) > 0), "dx is the same for every row, whatever dy is"
    total = np.sum(dx, axis=0)
    assert np.allclose(total, 0, atol=1e-8), f"the columns of dx add up to {total.round(4)}, not to 0"


def test_bad_input(student, compare):
    """A dy that does not have the shape of x is a ValueError that names dy, even where it would broadcast."""
    compare.refuses("bn_backward", DY[:3], _cache(eps=0.1), naming=("dy",))
    compare.refuses("bn_backward", DY[0], _cache(eps=0.1), naming=("dy",))
