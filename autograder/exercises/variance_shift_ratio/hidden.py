"""Hidden tests of variance_shift_ratio."""

import numpy as np

from autograder.exercise import part

PARTS = {"mean 0": 1, "any mean": 2, "errors": 1}


def _is_refused(student, mean, var, p_drop):
    try:
        student.variance_shift_ratio(mean, var, p_drop)
    except ValueError:
        return {"refused": True}
    return {"refused": False}


@part("mean 0")
def test_mean_zero(compare, rng):
    """Activations whose mean is 0, with variances of all sizes."""
    for p_drop in (0.3, 0.8, 0.05):
        compare("variance_shift_ratio", np.zeros(5), rng.uniform(0.1, 9, size=5), p_drop)


@part("any mean")
def test_any_mean(compare, rng):
    """Activations with positive and negative means, small and large beside their deviation."""
    for p_drop in (0.2, 0.5, 0.9):
        compare("variance_shift_ratio", rng.normal(size=6) * 3, rng.uniform(0.1, 9, size=6), p_drop)


@part("any mean")
def test_sample(student, rng):
    """The ratio is that of the variances of a large sample of dropped and of whole activations."""
    # Both means and variances are taken from the sample, so that only the masks are left to chance. The sample has 8 * 10^4
    # masks for each feature; the estimated ratio is then off by less than 8 % with probability 1 - 1e-9, and the seed is fixed.
    x = rng.normal([0.5, -2.0, 3.0], [1.0, 2.0, 1.5], size=(80_000, 3))
    kept = rng.random(x.shape) >= 0.4
    seen = (kept * x / 0.6).var(axis=0) / x.var(axis=0)
    found = np.asarray(student.variance_shift_ratio(x.mean(axis=0), x.var(axis=0), 0.4), dtype=float)
    assert found.shape == (3,), "the ratio does not have the shape (D,)"
    assert np.all(np.abs(found / seen - 1) < 0.08), "a large sample of dropped activations has another ratio"


@part("any mean")
def test_whole_numbers_and_float32(compare, rng):
    """Whole numbers and float32 do as well."""
    compare("variance_shift_ratio", rng.integers(-3, 4, size=5), rng.integers(1, 5, size=5), 0.25)
    mean, var = rng.normal(size=4), rng.uniform(1, 2, size=4)
    compare("variance_shift_ratio", mean.astype(np.float32), var.astype(np.float32), 0.6)


@part("any mean", supporting=True)
def test_nothing_dropped(compare, rng):
    """Where nothing is dropped there is no shift."""
    compare("variance_shift_ratio", rng.normal(size=3), rng.uniform(1, 2, size=3), 0.0)
    compare("variance_shift_ratio", rng.normal(size=3), rng.uniform(1, 2, size=3), 0)


@part("errors", supporting=True)
def test_bad_variance(compare, rng):
    """A variance of 0 and a negative one are refused."""
    mean, var = rng.normal(size=4), rng.uniform(1, 2, size=4)
    for wrong in (0.0, -0.3):
        bad = np.append(var[:-1], wrong)
        compare(_is_refused, mean, bad, 0.3)
        compare.refuses("variance_shift_ratio", mean, bad, 0.3, naming=("var",))


@part("errors", supporting=True)
def test_bad_p_drop(compare, rng):
    """A p_drop of 1 and more, and a negative one, are refused."""
    mean, var = rng.normal(size=4), rng.uniform(1, 2, size=4)
    for wrong in (1.0, 1.5, -0.2):
        compare(_is_refused, mean, var, wrong)
        compare.refuses("variance_shift_ratio", mean, var, wrong, naming=("p_drop",))
