"""Hidden tests of bn_population_stats."""

import numpy as np

from autograder.exercise import part

PARTS = {"eq4": 2, "alg2": 2, "pooled": 2}


def _batches(rng, sizes=(5, 5, 3), d=4):
    """Batches that differ in size, mean and spread, of features that differ in scale and place."""
    scale, place = np.array([1.0, 0.2, 5.0, 2.0]), np.array([0.0, 3.0, -50.0, 1.0])
    return [(rng.normal(size=(n, d)) * rng.uniform(1, 3) + rng.uniform(-3, 3, d)) * scale + place for n in sizes]


def _population_stats(student, batches, method):
    mean, std = student.bn_population_stats(batches, method)
    return {"mean": mean, "std": std}


# Whoever writes into a batch pays for it in test_eq4, so the others hand out copies.
def _of_copies(student, batches, method):
    return _population_stats(student, [np.array(batch) for batch in batches], method)


def _with_a_single_row(student, batches, method):
    # Without it first: an answer that raises for every input is not one that refuses a single row.
    _of_copies(student, [batch for batch in batches if len(batch) > 1], method)
    try:
        return {"a batch of one row is accepted": True} | _of_copies(student, batches, method)
    except ValueError:
        return {"a batch of one row is accepted": False}


def _pairs(rng):
    """100 pairs of rows with 60 features each, all normal with mean 10 and deviation 3: 6000 pairs of values."""
    return [rng.normal(10, 3, size=(2, 60)) for _ in range(100)]


@part("eq4")
def test_eq4(compare, rng):
    """Method "eq4" gives the plain averages of the batch means and of the biased batch deviations; the batches stay as they were."""
    compare(_population_stats, _batches(rng), "eq4")


@part("eq4")
def test_eq4_of_single_rows(compare, rng):
    """Method "eq4" takes integers, and a batch of one row, whose deviation is 0."""
    compare(_with_a_single_row, [rng.integers(-9, 9, size=(n, 3)) for n in (4, 2, 1)], "eq4")


@part("eq4")
def test_eq4_of_pairs(student, rng):
    """Batches of two normal values have a mean deviation of 0.564 sigma: "eq4" is far too small there."""
    mean, std = student.bn_population_stats(_pairs(rng), "eq4")
    # Over all features: standard error 1 % of the deviation and 0.027 of the mean. Seven of them or more are allowed.
    assert abs(np.mean(std) / 3 - 0.5642) < 0.07 * 0.5642, "the deviation of batches of two is not near 0.564 sigma"
    assert abs(np.mean(mean) - 10) < 0.2, "the mean is not near the mean of the population"


@part("eq4", supporting=True)
def test_no_batches(compare):
    """An empty list is refused, whatever the method."""
    for method in ("eq4", "alg2", "pooled"):
        compare.refuses("bn_population_stats", [], method, naming=("batches",))


@part("alg2")
def test_alg2(compare, rng):
    """Method "alg2" gives the plain average of the batch means and the root of that of the unbiased batch variances."""
    compare(_of_copies, _batches(rng), "alg2")
    compare(_of_copies, [batch.astype(np.float32) for batch in _batches(rng, sizes=(2, 4))], "alg2")


@part("alg2")
def test_alg2_of_pairs(student, rng):
    """Even for batches of two normal values, "alg2" comes close to the deviation sigma of the population."""
    mean, std = student.bn_population_stats(_pairs(rng), "alg2")
    # A feature has 100 pairs, so the root of its variance is 0.4 % too small on average; standard error over all 0.9 %.
    assert abs(np.mean(std) / 3 - 1) < 0.07, "the deviation is not near sigma"
    assert abs(np.mean(mean) - 10) < 0.2, "the mean is not near the mean of the population"


@part("alg2", supporting=True)
def test_alg2_of_a_single_row(compare, rng):
    """Method "alg2" refuses a batch of one row: it has no unbiased variance."""
    compare.refuses("bn_population_stats", _batches(rng, sizes=(5, 5, 1)), "alg2", naming=("batches", "method"))


@part("pooled")
def test_pooled(compare, rng):
    """Method "pooled" gives the mean and the biased standard deviation of all rows."""
    compare(_of_copies, _batches(rng), "pooled")
    compare(_with_a_single_row, _batches(rng, sizes=(2, 1, 6)), "pooled")


@part("pooled")
def test_pooled_forgets_the_batches(student, rng):
    """Method "pooled" does not depend on how the rows are cut into batches, and follows their scale and place."""
    rows = np.sort(np.concatenate(_batches(rng)), axis=0)
    mean, std = student.bn_population_stats([rows[:5].copy(), rows[5:7].copy(), rows[7:].copy()], "pooled")
    again = student.bn_population_stats([rows[::2].copy(), rows[1::2].copy()], "pooled")
    scaled = student.bn_population_stats([3 * rows[::2] + 7, 3 * rows[1::2] + 7], "pooled")
    assert np.shape(mean) == np.shape(std) == (4,), "mean and std should each have shape (D,)"
    assert np.all(std > 0), "the standard deviation is 0, although the rows differ"
    assert np.all(std < 1e6), "std is not finite"
    assert np.all(np.abs(mean) < 1e6), "mean is not finite"
    assert np.allclose(again[0], mean, atol=1e-8), "the mean depends on how the rows are cut into batches"
    assert np.allclose(again[1], std, atol=1e-8), "the standard deviation depends on how the rows are cut into batches"
    assert np.allclose(scaled[0], 3 * mean + 7, atol=1e-7), "the mean of 3 * x + 7 is not 3 * mean + 7"
    assert np.allclose(scaled[1], 3 * std, atol=1e-7), "the standard deviation of 3 * x + 7 is not 3 * std"


@part("pooled", supporting=True)
def test_unknown_method(compare, rng):
    """Any other method is refused."""
    for method in ("eq5", "Alg2", ""):
        compare.refuses("bn_population_stats", _batches(rng), method, naming=("method",))
