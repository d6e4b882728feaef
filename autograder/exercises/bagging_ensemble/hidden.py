"""Hidden tests of bootstrap_indices, combine and ensemble_mse: each is tested without the help of the others.

The order of the draws within a set is open (a multinomial draw gives sorted sets), so the questions about sets do not
depend on it: whether a set contains a given sample (sets are independent: a binomial law with 1 - (1 - 1/n)^n), and how
often each sample was drawn in all. Each of them wrongly says no to a right sampler with probability 1e-9 at most.
"""

import numpy as np
from traindeep import chance

from autograder.exercise import part

PARTS = {"bootstrap": 2, "combine": 2, "mse": 2}


# ---- bootstrap -------------------------------------------------------------------------------------------


def _sets(student, n, k, seed):
    return np.asarray(student.bootstrap_indices(n, k, np.random.default_rng(seed)))


def _form(student, n, k, seed):
    found = _sets(student, n, k, seed)
    whole = bool(found.dtype.kind in "iu" or np.all(found == np.floor(found)))
    return {"shape": np.array(found.shape), "whole numbers": whole, "integer dtype": found.dtype.kind in "iu"}


def _content(student, n, k, seed):
    """What the sets have in them, whatever the order of a set."""
    found = _sets(student, n, k, seed)
    if found.shape != (k, n):
        found = np.resize(found, (k, n))  # the shape is the affair of another test
    inside = 1 - (1 - 1 / n) ** n
    has = np.array([np.any(found == value, axis=1) for value in (0, 1, n - 1)])
    both = np.sum(has[0, 0::2] & has[0, 1::2])
    counts = np.array([np.sum(found == value) for value in range(n)])
    return {
        "draws outside of the samples": float(np.sum((found < 0) | (found > n - 1))) / found.size,
        "shares of the sets that contain a given sample": [chance.share(row.sum(), k, inside) for row in has],
        "share of the pairs of sets that both contain it": chance.share(both, k // 2, inside**2),
        "the samples are drawn equally often": chance.shares(counts, 1 / n) if counts.sum() == k * n else False,
    }


def _alike(student, n, k, seed):
    """Two sets of 40 are equal up to their order with a probability below 1e-16."""
    found = np.sort(_sets(student, n, k, seed), axis=-1)
    return {
        "number of different sets": len({tuple(np.atleast_1d(row).tolist()) for row in found}),
        "the first set lacks some of the samples": len(set(np.ravel(found[:1]).tolist())) < n,
    }


def _generator(student, n, k, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = (np.asarray(student.bootstrap_indices(n, k, first)) for _ in range(2))
    repeated = np.asarray(student.bootstrap_indices(n, k, again))
    after = numbers.get_state()[1:3]
    return {
        "the same seed gives the same sets": bool(np.array_equal(one, repeated)),
        "the next call gives other sets": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _seed(rng):
    return int(rng.integers(2**32))


@part("bootstrap", supporting=True)
def test_form(compare, rng):
    """The indices are whole numbers in an array of k rows and n columns, for a single set, too."""
    for n, k in ((40, 3), (7, 1), (3, 20)):
        compare(_form, n, k, _seed(rng))


@part("bootstrap", supporting=True)
def test_sets_differ(compare, rng):
    """Each of the k sets is drawn by itself."""
    compare(_alike, 40, 6, _seed(rng))


@part("bootstrap")
def test_content(compare, rng):
    """Each set contains about as many different samples as n draws with replacement do, and all samples are alike."""
    compare(_content, 4, 900, _seed(rng))
    compare(_content, 9, 600, _seed(rng))


@part("bootstrap", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal sets, the next call other ones, nothing else is touched."""
    compare(_generator, 40, 2, _seed(rng))


@part("bootstrap", supporting=True)
def test_bad_number_of_sets(compare, rng):
    """Fewer than one set is refused."""
    for k in (0, -1):
        compare.refuses("bootstrap_indices", 5, k, np.random.default_rng(1), naming=("k",))


# ---- combine ---------------------------------------------------------------------------------------------


def _probs(rng, k, N, C):
    return rng.dirichlet(np.ones(C), size=(k, N))


# Whoever writes into probs pays for it in test_arithmetic_mean, so the others hand out copies.
def _combined(student, probs, how):
    return {"p": student.combine(probs.copy(), how)}


def _votes(rng, votes, C):
    """Probabilities of members with these votes (k, N): the most likely class is clear, the others are not alike."""
    probs = _probs(rng, *votes.shape, C) * 0.4
    np.put_along_axis(probs, votes[..., None], np.take_along_axis(probs, votes[..., None], 2) + 0.6, 2)
    return probs


def _outvoted(rng):
    """Two members vote for one class without being sure, and one, who is very sure, for another: (3, 4, 3)."""
    a, b, c = rng.uniform(0.5, 0.55, 4), rng.uniform(0.5, 0.55, 4), rng.uniform(0.9, 0.95, 4)
    probs = np.array([[a, 0.3 + 0 * a, 0.7 - a], [b, 0.25 + 0 * b, 0.75 - b], [0.96 - c, c, 0.04 + 0 * c]])
    orders = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1], [1, 0, 2]])
    return np.take_along_axis(probs.transpose(0, 2, 1), orders[None], axis=2)


@part("combine")
def test_arithmetic_mean(compare, rng):
    """ "arith" is the mean over the members, for many members and for one."""
    for k, N, C in ((3, 5, 4), (1, 2, 3), (4, 4, 2)):
        compare("combine", _probs(rng, k, N, C), "arith")


@part("combine")
def test_geometric_mean(compare, rng):
    """ "geo" is the geometric mean over the members, and each row adds up to 1."""
    for k, N, C in ((3, 5, 4), (1, 2, 3), (4, 4, 2)):
        compare(_combined, _probs(rng, k, N, C), "geo")


@part("combine")
def test_geometric_mean_with_zeros(compare, rng):
    """A class to which one member gives 0 gets 0, and the others share what is left."""
    probs = _probs(rng, 3, 4, 5)
    probs[0, :, 1] = probs[2, 0, 3] = 0
    compare(_combined, probs / probs.sum(axis=2, keepdims=True), "geo")


@part("combine")
def test_vote(compare, rng):
    """ "vote" is the share of the members that find a class most likely; their other probabilities do not matter."""
    compare(_combined, _outvoted(rng), "vote")
    compare(_combined, _probs(rng, 5, 6, 3), "vote")
    votes = np.array([[0, 1, 2, 2], [1, 1, 0, 2], [0, 1, 1, 3]])
    compare(_combined, _votes(rng, votes, 4), "vote")


@part("combine")
def test_tied_votes(compare, rng):
    """Classes with the same number of votes keep the same share."""
    votes = np.array([[0, 2, 1], [1, 2, 0], [1, 0, 3], [0, 0, 2]])
    compare(_combined, _votes(rng, votes, 4), "vote")


@part("combine", supporting=True)
def test_unknown_way(compare, rng):
    """Any other way to combine is refused."""
    for how in ("mean", "Vote", ""):
        compare.refuses("combine", _probs(rng, 3, 4, 2), how, naming=("how",))


# ---- mse -------------------------------------------------------------------------------------------------


@part("mse")
def test_error_of_the_average(compare, rng):
    """The error of an average of several models with correlated errors."""
    for k in (4, 7, 2):
        var = float(rng.uniform(2, 5))
        compare("ensemble_mse", var, float(rng.uniform(0.3, 0.8)) * var, k)


@part("mse")
def test_uncorrelated_errors(compare, rng):
    """The error of an average of models whose errors have nothing to do with each other, or tend to cancel."""
    var = float(rng.uniform(2, 5))
    for k in (3, 10, 200):
        compare("ensemble_mse", var, 0.0, k)
    compare("ensemble_mse", var, -0.1 * var, 4)


@part("mse", supporting=True)
def test_equal_models(compare, rng):
    """One model alone, and models that all make the same error, have the error of one."""
    var = float(rng.uniform(2, 5))
    compare("ensemble_mse", var, 0.3 * var, 1)
    for k in (2, 9):
        compare("ensemble_mse", var, var, k)


@part("mse", supporting=True)
def test_bad_errors(compare, rng):
    """Fewer than one model, and a covariance above the variance, are refused."""
    for k in (0, -2):
        compare.refuses("ensemble_mse", 2.0, 0.5, k, naming=("k",))
    compare.refuses("ensemble_mse", 2.0, 2.5, 3, naming=("cov", "var"))
