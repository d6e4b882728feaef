"""Hidden tests of bn_backward."""

import copy

import numpy as np

from autograder.exercise import part

PARTS = {"dbeta": 1, "dgamma": 2, "dx through the mean": 2, "dx": 3}


def _cache(rng, n=7, d=4, eps=0.1):
    """What a right forward pass keeps, for features that differ in scale and place."""
    x = rng.normal(size=(n, d)) * np.array([1.0, 0.2, 5.0, 2.0]) + np.array([0.0, 3.0, -50.0, 1.0])
    gamma = rng.uniform(1, 2, d) * np.array([1, -1, 1, -1])
    mu, var = x.mean(axis=0), x.var(axis=0)
    return {"x": x, "xhat": (x - mu) / np.sqrt(var + eps), "mu": mu, "var": var, "gamma": gamma, "eps": eps}


def _upstream(rng, n=7, d=4):
    """A random gradient whose columns have a mean that is not 0."""
    return rng.normal(size=(n, d)) + rng.uniform(1, 2, d)


def _across(direction, a):
    """Every column of a without its component along the same column of direction."""
    return a - direction * (a * direction).sum(axis=0) / (direction**2).sum(axis=0)


def _cosine(a, b):
    return (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))


def _dx(student, dy, cache):
    return {"dx": student.bn_backward(dy, cache)[0]}


# Whoever writes into dy or the cache pays for it in test_dx, so the others hand out copies.
def _of_copies(student, dy, cache):
    return student.bn_backward(dy.copy(), copy.deepcopy(cache))


def _dx_of_copies(student, dy, cache):
    return {"dx": _of_copies(student, dy, cache)[0]}


def _dgamma(student, dy, cache):
    return {"dgamma": _of_copies(student, dy, cache)[1]}


def _dbeta(student, dy, cache):
    return {"dbeta": _of_copies(student, dy, cache)[2]}


@part("dbeta")
def test_dbeta(compare, rng):
    """dbeta, the third result, is the sum of dy over the rows, of shape (D,)."""
    compare(_dbeta, _upstream(rng), _cache(rng))


@part("dbeta", supporting=True)
def test_wrong_shapes(compare, rng):
    """A dy that does not have the shape of x is refused, also where it would broadcast."""
    cache = _cache(rng)
    for shape in ((6, 4), (7, 3), (7, 1), (1, 4), (4,)):
        compare.refuses("bn_backward", rng.normal(size=shape), cache, naming=("dy",))


@part("dgamma")
def test_dgamma(compare, rng):
    """dgamma, the second result, is the sum of dy * xhat over the rows, of shape (D,)."""
    compare(_dgamma, _upstream(rng), _cache(rng))


@part("dgamma")
def test_dgamma_sees_only_deviations(student, rng):
    """dgamma does not change when a constant is added to a column of dy, and doubles with dy."""
    cache, dy = _cache(rng), _upstream(rng)
    dgamma = np.ravel(_of_copies(student, dy, cache)[1])
    moved = np.ravel(_of_copies(student, dy + np.array([3.0, -2.0, 8.0, 1.0]), cache)[1])
    twice = np.ravel(_of_copies(student, 2 * dy, cache)[1])
    assert np.all(dgamma != 0), "dgamma is zero"
    assert np.all(np.abs(dgamma) < 1e6), "dgamma is not finite"
    assert np.allclose(dgamma, moved, atol=1e-7), "dgamma changes when a constant is added to a column of dy"
    assert np.allclose(twice, 2 * dgamma, atol=1e-7), "dgamma does not double when dy doubles"


@part("dx through the mean")
def test_gradient_across_xhat(student, rng):
    """Where dy has no component along xhat, each column of dx is a multiple of that column of dy minus its mean."""
    cache = _cache(rng)
    dy = _across(cache["xhat"], _upstream(rng))
    dx = _of_copies(student, dy, cache)[0]
    assert np.shape(dx) == dy.shape, "dx does not have the shape of dy"
    assert np.all(np.std(dx, axis=0) > 0), "dx is the same for every row"
    # Factors (gamma, eps, N) are the affair of the part "dx": any multiple will do here.
    cosine = np.abs(_cosine(dx, dy - dy.mean(axis=0)))
    assert np.allclose(cosine, 1, atol=1e-9), "for a dy across xhat, dx is no multiple of dy minus its mean"


@part("dx through the mean")
def test_rows_add_up_to_zero(student, rng):
    """The rows of dx add up to 0 for any dy, because adding a constant to x changes no y."""
    dx = student.bn_backward(_upstream(rng), _cache(rng))[0]
    assert np.shape(dx) == (7, 4), "dx does not have the shape of dy"
    assert np.all(np.abs(dx) < 1e6), "dx is not finite"
    assert np.all(np.std(dx, axis=0) > 0), "dx is the same for every row"
    total, size = np.abs(np.sum(dx, axis=0)), np.abs(dx).sum(axis=0)
    assert np.all(total <= 1e-9 * size), "the columns of dx do not add up to 0"


@part("dx")
def test_dx(compare, rng):
    """dx is right for a random dy, and dy and the cache are as before."""
    compare(_dx, _upstream(rng), _cache(rng))


@part("dx")
def test_dx_of_integers_and_float32(compare, rng):
    """dx is right for a dy of integers or float32, another batch size and a small eps."""
    compare(_dx_of_copies, rng.integers(-4, 9, size=(5, 4)), _cache(rng, n=5, eps=0.01))
    compare(_dx_of_copies, _upstream(rng, n=9).astype(np.float32), _cache(rng, n=9, eps=1e-5))


@part("dx")
def test_nothing_along_xhat(student, rng):
    """For eps = 0, dx has no component along xhat, because scaling the deviations of x changes no y."""
    cache, dy = _cache(rng, eps=0.0), _upstream(rng)
    dx = _of_copies(student, dy, cache)[0]
    # What comes through mu is the affair of another part: only deviations from the mean are looked at.
    dx, centred = dx - np.mean(dx, axis=0), dy - dy.mean(axis=0)
    assert np.shape(dx) == dy.shape, "dx does not have the shape of dy"
    assert np.all(np.std(dx, axis=0) > 0), "dx is the same for every row"
    assert np.all(np.abs(_cosine(dx, cache["xhat"])) < 1e-9), "dx has a component along xhat, although eps is 0"
    cosine = np.abs(_cosine(dx, _across(cache["xhat"], centred)))
    assert np.allclose(cosine, 1, atol=1e-9), "across xhat, the deviations of dx are no multiple of those of dy"
