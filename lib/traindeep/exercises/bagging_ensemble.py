"""Bagging: sets for the members, their common prediction, and its error."""

import numpy as np

from traindeep import chance

SIGNATURES = {
    "bootstrap_indices": "n, k, rng -> indices",
    "combine": "probs, how -> p",
    "ensemble_mse": "var, cov, k -> mse",
}
HINTS = (
    "Bootstrap: with replacement means that a sample may be drawn again; how many different ones do you expect among n "
    "draws? Combining: which axis has the members? Error: write the square of a mean of k errors as a double sum.",
    "Every entry of the (k, n) array is drawn by itself. A geometric mean does not add up to 1: divide by its sum over the "
    "classes. A vote looks for the most likely class of each member first. Of the k^2 products of errors, k are squares "
    "(var each) and k(k - 1) are products of different errors (cov each); all are divided by k^2.",
    "rng.integers(n, size=(k, n)) draws from 0 to n - 1. probs.prod(axis=0) ** (1 / k), then divided by its sum(axis=1, "
    "keepdims=True), is fine with zeros. np.eye(C)[probs.argmax(axis=2)] turns votes into rows with a single 1.",
)
PROBS = np.array([[[0.5, 0.25, 0.25]], [[0.1, 0.3, 0.6]], [[0.15, 0.55, 0.3]], [[0.4, 0.35, 0.25]]])
MORE = np.array(
    [[[0.7, 0.2, 0.1], [0.1, 0.5, 0.4]], [[0.3, 0.6, 0.1], [0.2, 0.1, 0.7]], [[0.2, 0.45, 0.35], [0, 0.8, 0.2]]]
)


def _shape(student, n, k, seed):
    found = np.asarray(student.bootstrap_indices(n, k, np.random.default_rng(seed)))
    return {"shape": list(found.shape), "whole numbers": found.dtype.kind in "iu"}


def _statistics(student, n, k, seed):
    """What the sets have in them, whatever the order of a set. Shares that are plausible are shown as what they should be."""
    found = np.asarray(student.bootstrap_indices(n, k, np.random.default_rng(seed)))
    if found.shape != (k, n):
        return {"shape": list(found.shape)}
    inside = 1 - (1 - 1 / n) ** n
    has = [np.any(found == value, axis=1) for value in (0, n - 1)]
    counts = np.array([np.sum(found == value) for value in range(n)])
    return {
        "the smallest and the largest index": [float(found.min()), float(found.max())],
        "share of the sets that contain sample 0": chance.share(has[0].sum(), k, inside),
        "share of the sets that contain the last sample": chance.share(has[1].sum(), k, inside),
        "all samples are drawn equally often": chance.shares(counts, 1 / n) if counts.sum() == k * n else False,
    }


def _two_sets_alike(student, n, k, seed):
    found = np.sort(np.asarray(student.bootstrap_indices(n, k, np.random.default_rng(seed))), axis=-1)
    return {
        "number of different sets": len({tuple(row) for row in found.tolist()}),
        "the first set lacks some of the samples": len(set(found[0].tolist())) < n,
    }


def _generator(student, n, k, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (student.bootstrap_indices(n, k, first) for _ in range(2))
    repeated = student.bootstrap_indices(n, k, again)
    after = numbers.get_state()[1:3]
    return {
        "the same seed gives the same sets": bool(np.array_equal(one, repeated)),
        "the next call gives other sets": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def test_sets(student, compare):
    """k rows of n indices: whole numbers from 0 to n - 1."""
    compare(_shape, 40, 3, seed=1)


def test_with_replacement(student, compare):
    """Of 500 sets of 8 draws, a share of 1 - (7/8)^8 = 0.656 contain a given sample, and all samples are alike."""
    compare(_statistics, 8, 500, seed=2)


def test_sets_differ(student, compare):
    """Every set is drawn by itself."""
    compare(_two_sets_alike, 50, 3, seed=3)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same sets, and the next call gives others."""
    compare(_generator, 40, 2, seed=4)


def test_arithmetic_mean(student, compare):
    """The plain mean of the members' probabilities, for each sample."""
    compare("combine", PROBS, "arith")
    compare("combine", MORE, "arith")


def test_geometric_mean(student, compare):
    """(0.5, 0.5) and (0.9, 0.1) have the geometric mean (0.671, 0.224), renormalized (0.75, 0.25). A 0 stays a 0."""
    compare("combine", np.array([[[0.5, 0.5]], [[0.9, 0.1]]]), "geo")
    compare("combine", MORE, "geo")


def test_vote(student, compare):
    """Of four members two vote for class 0, one for class 1, one for class 2: 0.5, 0.25, 0.25. Ties keep their shares."""
    compare("combine", PROBS, "vote")
    compare("combine", MORE, "vote")
    compare("combine", MORE[:2], "vote")


def test_error_of_the_average(student, compare):
    """With var = 1, cov = 0.5: 1 for one model, 0.75 for two, 0.6 for five; with cov = 0 it is 1 / k."""
    for k in (5, 2, 1):
        compare("ensemble_mse", 1.0, 0.5, k)
    compare("ensemble_mse", 4.0, 0.0, 10)


def test_bad_input(student, compare):
    """k below 1, an unknown way to combine, and a covariance above the variance are a ValueError that names the argument."""
    compare.refuses("bootstrap_indices", 5, 0, np.random.default_rng(0), naming=("k",))
    compare.refuses("combine", PROBS, "median", naming=("how",))
    compare.refuses("ensemble_mse", 1.0, 0.5, 0, naming=("k",))
    compare.refuses("ensemble_mse", 1.0, 1.5, 3, naming=("cov", "var"))
