"""Hidden tests of bn_forward_train."""

import numpy as np

from autograder.exercise import part

PARTS = {"y": 2, "eps and variance": 1, "cache": 1, "errors": 1}


def _batch(rng, n=7, d=4):
    """A batch whose features differ in scale and place, one nearly constant and one far from zero."""
    return rng.normal(size=(n, d)) * np.array([1.0, 0.2, 5.0, 2.0]) + np.array([0.0, 3.0, -50.0, 1.0])


def _output(student, x, gamma, beta, eps=1e-5):
    return {"y": student.bn_forward_train(x, gamma, beta, eps=eps)[0]}


def _default_eps(student, x, gamma, beta):
    return {"y": student.bn_forward_train(x, gamma, beta)[0]}


@part("y")
def test_statistics_of_y(student, rng):
    """Each feature of y has mean beta and a spread of about gamma, whatever the place and scale of x."""
    gamma, beta = np.array([1.5, -2.0, 0.5, 3.0]), rng.uniform(1, 2, 4)
    y = student.bn_forward_train(_batch(rng), gamma, beta)[0]
    assert np.allclose(np.mean(y, axis=0), beta, atol=1e-6), "the mean of each feature of y is not beta"
    # A variance that divides by N - 1 or an eps beside the root is the affair of another part: 30 % let both pass.
    assert np.allclose(np.std(y, axis=0), np.abs(gamma), rtol=0.3), "the spread of each feature of y is far from gamma"


@part("y")
def test_features_do_not_mix(student, rng):
    """A feature of y depends on the same feature of x and on no other, and not on the place of its zero."""
    x, gamma, beta = _batch(rng), rng.uniform(1, 2, 4), rng.uniform(1, 2, 4)
    y = student.bn_forward_train(x, gamma, beta)[0]
    other = x.copy()
    other[:, 0] = rng.normal(size=7)
    changed = student.bn_forward_train(other, gamma, beta)[0]
    assert not np.allclose(y[:, 0], changed[:, 0], atol=1e-3), (
        "changing a feature of x does not change that feature of y"
    )
    assert np.allclose(y[:, 1:], changed[:, 1:], atol=1e-8), "changing one feature of x changes another feature of y"
    moved = student.bn_forward_train(x + np.array([3.0, -2.0, 8.0, 1.0]), gamma, beta)[0]
    assert np.allclose(y, moved, atol=1e-6), "adding a constant to a feature of x changes y"


@part("y")
def test_scale_then_shift(student, rng):
    """y is gamma times the same normalized features, plus beta."""
    x, gamma, beta = _batch(rng), rng.uniform(1, 2, 4) * np.array([1, -1, 1, -1]), rng.uniform(1, 2, 4)
    plain = student.bn_forward_train(x, np.ones(4), np.zeros(4))[0]
    y = student.bn_forward_train(x, gamma, beta)[0]
    assert np.abs(plain).max() > 0.5, "y is (nearly) zero for gamma = 1 and beta = 0"
    assert np.allclose(y, gamma * plain + beta, atol=1e-7), "y is not gamma times the normalized features plus beta"


@part("eps and variance")
def test_eps_and_variance(compare, rng):
    """The variance divides by N and eps is added to it, inside the square root."""
    compare(_output, _batch(rng, n=4), rng.uniform(1, 2, 4), rng.uniform(1, 2, 4), eps=0.1)


@part("eps and variance")
def test_default_eps_and_float32(compare, rng):
    """eps is 1e-5 unless it is given, also for float32 input."""
    compare(_default_eps, _batch(rng) * 0.01, rng.uniform(1, 2, 4), rng.normal(size=4))
    compare(_output, _batch(rng).astype(np.float32), rng.normal(size=4), rng.normal(size=4), eps=0.1)


@part("eps and variance")
def test_constant_feature(compare, rng):
    """A constant feature comes out as beta, and the other features as usual."""
    x = _batch(rng)
    x[:, 2] = 4.0
    compare(_output, x, rng.uniform(1, 2, 4), rng.normal(size=4), eps=1e-5)


@part("cache")
def test_cache_fits_the_output(student, rng):
    """The cache holds x, xhat, mu, var, gamma and eps in the documented shapes, and they fit y."""
    x, gamma, beta = _batch(rng), rng.uniform(1, 2, 4), rng.normal(size=4)
    y, cache = student.bn_forward_train(x, gamma, beta, eps=0.01)
    missing = {"x", "xhat", "mu", "var", "gamma", "eps"} - set(cache)
    assert not missing, f"the cache lacks {', '.join(sorted(missing))}"
    assert np.allclose(cache["x"], x), "cache['x'] is not the input"
    assert np.allclose(np.ravel(cache["mu"]), x.mean(axis=0)), (
        "cache['mu'] is not the mean of each feature, of shape (D,)"
    )
    assert np.allclose(np.ravel(cache["var"]), x.var(axis=0), rtol=0.3), (
        "cache['var'] is not the variance of each feature"
    )
    assert np.shape(cache["xhat"]) == x.shape, "cache['xhat'] is not of shape (N, D)"
    assert np.allclose(gamma * cache["xhat"] + beta, y, atol=1e-7), "gamma * cache['xhat'] + beta is not y"
    assert np.allclose(np.ravel(cache["gamma"]), gamma), "cache['gamma'] is not gamma"
    assert cache["eps"] == 0.01, "cache['eps'] is not eps"


@part("cache")
def test_arguments_unchanged(student, rng):
    """x, gamma and beta are the same after the call, and an integer batch works too."""
    whole = rng.integers(-5, 9, size=(5, 3))
    for x in (whole, whole.astype(float)):
        gamma, beta = rng.uniform(1, 2, 3), rng.normal(size=3)
        before = x.copy(), gamma.copy(), beta.copy()
        y, cache = student.bn_forward_train(x, gamma, beta, eps=0.1)
        same = all(np.array_equal(a, b) for a, b in zip(before, (x, gamma, beta), strict=True))
        assert same, "bn_forward_train changes its arguments; work on copies"
        assert np.allclose(gamma * cache["xhat"] + beta, y, atol=1e-7), "gamma * cache['xhat'] + beta is not y"
        assert np.std(y[:, 0]) > 0, "y is the same for every row"


@part("errors", supporting=True)
def test_one_row(compare, rng):
    """A batch of one row is refused: its variance says nothing."""
    compare.refuses("bn_forward_train", rng.normal(size=(1, 3)), np.ones(3), np.zeros(3), naming=("x",))


@part("errors", supporting=True)
def test_wrong_shapes(compare, rng):
    """A gamma or beta that is not (D,) is refused, also where it would broadcast."""
    x = rng.normal(size=(5, 3))
    for wrong in (np.ones(2), np.ones(1), np.ones((5, 3))):
        compare.refuses("bn_forward_train", x, wrong, np.zeros(3), naming=("gamma",))
        compare.refuses("bn_forward_train", x, np.ones(3), wrong, naming=("beta",))
