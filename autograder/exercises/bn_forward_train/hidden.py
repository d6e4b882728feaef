"""Hidden tests of bn_forward_train.

gamma and beta are 1 and 0 except where they are tested, and the exact divisor of the variance counts in one part only:
a mistake costs its points once.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"y": 2, "eps and variance": 1, "cache": 1, "errors": 1}


def _batch(rng, n=7, d=4):
    """A batch whose features differ in scale and place, one nearly constant and one far from zero."""
    return rng.normal(size=(n, d)) * np.array([1.0, 0.2, 5.0, 2.0]) + np.array([0.0, 3.0, -50.0, 1.0])


def _y(student, x, gamma, beta, **settings):
    """y, also of an answer that returns nothing else: what the cache lacks is the affair of its own part."""
    result = student.bn_forward_train(x, gamma, beta, **settings)
    return result[0] if isinstance(result, (tuple, list)) else result


def _normalized(student, x, **settings):
    """y for gamma = 1 and beta = 0, of a copy: whoever writes into x pays for it in test_arguments_unchanged."""
    features = x.shape[1]
    return {"y": _y(student, x.copy(), np.ones(features), np.zeros(features), **settings)}


def _scale_and_shift(student, x, gamma, beta):
    xhat = _normalized(student, x)["y"]
    return {"y - (gamma * xhat + beta)": _y(student, x.copy(), gamma, beta) - (gamma * xhat + beta)}


def _cache(student, x, gamma, beta, eps):
    """The cache, each entry as its distance from what it should be."""
    result = student.bn_forward_train(x.copy(), gamma, beta, eps=eps)
    if not isinstance(result, (tuple, list)):
        return {"(y, cache) is returned": False}
    cache = result[1]
    xhat = _normalized(student, x, eps=eps)["y"]
    # (1, D) statistics are as good as (D,) ones, and the divisor of the variance is the affair of another part.
    variances = [np.ravel(cache["var"]) - x.var(axis=0, ddof=ddof) for ddof in (0, 1)]
    return {
        "(y, cache) is returned": True,
        "x": cache["x"] - x,
        "xhat": cache["xhat"] - xhat,
        "mu": np.ravel(cache["mu"]) - x.mean(axis=0),
        "var": min(variances, key=lambda distance: np.abs(distance).max()),
        "gamma": np.ravel(cache["gamma"]) - gamma,
        "eps": cache["eps"],
    }


def _call(student, x, gamma, beta):
    """Nothing but whether the arguments are as before is compared."""
    student.bn_forward_train(x, gamma, beta)
    return {}


def _whole_numbers(student, whole):
    """What is made of whole numbers minus what is made of the same real numbers."""
    return {
        "y of whole numbers minus y": _normalized(student, whole)["y"] - _normalized(student, whole.astype(float))["y"]
    }


@part("y")
def test_statistics_of_y(student, rng):
    """Each feature of y has mean beta and a spread of about gamma, whatever the place and scale of x."""
    gamma, beta = np.array([1.5, -2.0, 0.5, 3.0]), rng.uniform(1, 2, 4)
    y = _y(student, _batch(rng), gamma.copy(), beta.copy())
    assert np.allclose(np.mean(y, axis=0), beta, atol=1e-6), "the mean of each feature of y is not beta"
    # A variance that divides by N - 1 or an eps beside the root is the affair of another part: 30 % let both pass.
    assert np.allclose(np.std(y, axis=0), np.abs(gamma), rtol=0.3), "the spread of each feature of y is far from gamma"


@part("y")
def test_features_do_not_mix(student, rng):
    """A feature of y depends on the same feature of x and on no other, and not on the place of its zero."""
    x, gamma, beta = _batch(rng), rng.uniform(1, 2, 4), rng.uniform(1, 2, 4)
    y = _y(student, x.copy(), gamma, beta)
    other = x.copy()
    other[:, 0] = rng.normal(size=7)
    changed = _y(student, other, gamma, beta)
    assert not np.allclose(y[:, 0], changed[:, 0], atol=1e-3), (
        "changing a feature of x does not change that feature of y"
    )
    assert np.allclose(y[:, 1:], changed[:, 1:], atol=1e-8), "changing one feature of x changes another feature of y"
    moved = _y(student, x + np.array([3.0, -2.0, 8.0, 1.0]), gamma, beta)
    assert np.allclose(y, moved, atol=1e-6), "adding a constant to a feature of x changes y"


@part("y")
def test_scale_then_shift(compare, rng):
    """y is gamma times the normalized features, plus beta."""
    gamma = rng.uniform(1.5, 2.5, 4) * np.array([1, -1, 1, -1])
    compare(_scale_and_shift, _batch(rng), gamma, rng.uniform(1, 2, 4))


@part("eps and variance")
def test_eps_and_variance(compare, rng):
    """The variance divides by N and eps is added to it, inside the square root."""
    compare(_normalized, _batch(rng, n=4), eps=0.1)


@part("eps and variance")
def test_default_eps_and_float32(compare, rng):
    """eps is 1e-5 unless it is given, also for float32 input."""
    compare(_normalized, _batch(rng) * 0.01)
    compare(_normalized, _batch(rng).astype(np.float32), eps=0.1)


@part("eps and variance")
def test_constant_feature(compare, rng):
    """A constant feature comes out as beta, here 0, and the other features as usual."""
    x = _batch(rng)
    x[:, 2] = 4.0
    compare(_normalized, x, eps=1e-5)


@part("cache")
def test_cache_fits_the_output(compare, rng):
    """The cache holds x, xhat, mu, var (without eps), gamma and eps in the documented shapes, and they fit y."""
    compare(_cache, _batch(rng), rng.uniform(1.5, 2.5, 4), rng.uniform(1, 2, 4), eps=0.01)


@part("cache", supporting=True)
def test_arguments_unchanged(compare, rng):
    """x, gamma and beta are the same after the call, and whole numbers are normalized as real numbers are."""
    compare(_call, _batch(rng), rng.uniform(1, 2, 4), rng.normal(size=4))
    compare(_whole_numbers, rng.integers(-5, 9, size=(5, 3)))


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
