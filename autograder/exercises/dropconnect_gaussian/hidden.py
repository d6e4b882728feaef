"""Hidden tests of dropconnect_moments and dropconnect_infer.

Draws are counted, and counts of independent draws have binomial laws, so `traindeep.chance` can say exactly which counts a
right sampler may have. W has many equal rows: one call then gives many draws of the same law. A function f that does
nothing and a single draw give z itself back; the average of n signs says how many of n draws were positive.

Draws that fit the moments which the student's own dropconnect_moments gives are right, too: wrong moments cost their
points in the part "variance" or "mean", not twice.
"""

import itertools

import numpy as np
from scipy import special, stats
from traindeep import chance

from autograder.exercise import part

PARTS = {"mean": 1, "variance": 2, "inference": 2}
ROWS = 2000
BINS = 8


def _layer(rng, outputs, inputs):
    return rng.normal(size=(outputs, inputs)), rng.normal(size=inputs)


def _mean(student, W, v, p_keep):
    mean, _ = student.dropconnect_moments(W, v, p_keep)
    return {"mean": mean}


def _var(student, W, v, p_keep):
    _, var = student.dropconnect_moments(W, v, p_keep)
    return {"var": var}


# ---- moments ---------------------------------------------------------------------------------------------


@part("mean")
def test_mean(compare, rng):
    """The mean of every output, for layers of several shapes."""
    for shape, p_keep in (((3, 5), 0.5), ((4, 2), 0.9), ((3, 3), 0.2), ((2, 4), 1.0)):
        compare(_mean, *_layer(rng, *shape), p_keep)


@part("variance")
def test_variance(compare, rng):
    """The variance of every output, for layers of several shapes."""
    for shape, p_keep in (((3, 5), 0.8), ((4, 2), 0.5), ((3, 3), 0.3)):
        compare(_var, *_layer(rng, *shape), p_keep)


@part("variance")
def test_variance_over_all_masks(student, rng):
    """Going through all masks of the weights of one output gives the same variance."""
    (W, v), p_keep = _layer(rng, 3, 5), float(rng.uniform(0.2, 0.8))
    masks = np.array(list(itertools.product((0, 1), repeat=5)))
    chances = np.prod(np.where(masks, p_keep, 1 - p_keep), axis=1)
    z = (masks * v) @ W.T
    expected = chances @ z**2 - (chances @ z) ** 2
    _, var = student.dropconnect_moments(W, v, p_keep)
    assert np.shape(var) == (3,), "var does not have the shape (O,)"
    assert np.allclose(np.asarray(var, dtype=float), expected, rtol=1e-6), "not the variance over all masks"


@part("variance")
def test_variance_of_other_numbers(compare, rng):
    """Whole numbers and float32 do as well; where nothing is dropped the variance is 0."""
    W, v = rng.integers(1, 5, size=(3, 4)), rng.integers(-4, 0, size=4)
    compare(_var, W, v, 0.75)
    compare(_var, W.astype(np.float32), v.astype(np.float32), 0.4)
    compare(_var, W, v, 1)


@part("variance", supporting=True)
def test_bad_p_keep(compare, rng):
    """A p_keep outside (0, 1] is refused."""
    for wrong in (0, -0.5, 1.01):
        compare.refuses("dropconnect_moments", *_layer(rng, 3, 2), wrong, naming=("p_keep",))


# ---- inference -------------------------------------------------------------------------------------------


def _moments(student, W, v, p_keep):
    """Mean and standard deviation of each row: the right ones, and the student's own where they make sense."""
    terms = W * v
    right = p_keep * terms.sum(axis=1), p_keep * (1 - p_keep) * (terms**2).sum(axis=1)
    out = [right]
    try:
        own = [np.asarray(a, dtype=float) for a in student.dropconnect_moments(W, v, p_keep)]
    except Exception:
        own = []
    if [a.shape for a in own] == [(len(W),)] * 2 and np.isfinite(own).all() and (own[1] > 0).all():
        out.append(own)
    return [(mean, np.sqrt(var)) for mean, var in out]


def _law(student, rows, v, p_keep, seed):
    """Facts about single draws z of many outputs of a few kinds."""
    W, kinds = np.repeat(rows, ROWS, axis=0), len(rows)
    f = student.imported("numpy").positive
    z = student.dropconnect_infer(W, v, p_keep, f, 1, np.random.default_rng(seed))
    facts = {"shape of the result": np.array(np.shape(z))}
    if np.shape(z) != (len(W),):
        return facts
    z = np.asarray(z, dtype=float)
    normal, both = [], []
    for mean, sd in _moments(student, W, v, p_keep):
        u = special.ndtr((z - mean) / sd).reshape(kinds, ROWS)
        counts = [np.histogram(part, np.linspace(0, 1, BINS + 1))[0] for part in u]
        normal.append([chance.shares(count, 1 / BINS) for count in counts])
        above = u > 0.5
        both.append(chance.share(np.sum(above[:, ::2] & above[:, 1::2]), kinds * ROWS // 2, 0.25))
        best = len(both) - 1
        if all(normal[best]):
            break
    facts |= {f"draws of kind {k + 1} have the documented law": fits for k, fits in enumerate(normal[best])}
    return facts | {
        "share of neighbours that are both above their mean": both[best],
        "no draw is anything but the mean": bool(np.abs(z - mean).max() < 1e-9),
    }


def _signs(student, row, v, p_keep, n, seed):
    """Facts about averages of n signs."""
    W = np.repeat(row[None], ROWS, axis=0)
    f = student.imported("numpy").sign
    result = student.dropconnect_infer(W, v, p_keep, f, n, np.random.default_rng(seed))
    facts = {"shape of the result": np.array(np.shape(result))}
    if np.shape(result) != (ROWS,):
        return facts
    positive = (np.asarray(result, dtype=float) + 1) / 2 * n
    if not np.isfinite(positive).all():
        return facts | {"the results are numbers": False}
    hits = np.rint(positive).astype(int)
    averages = bool(np.all(np.abs(positive - hits) < 1e-6) and hits.min() >= 0 and hits.max() <= n)
    hits = np.clip(hits, 0, n)
    fits = []
    for mean, sd in _moments(student, W, v, p_keep):
        share = special.ndtr(mean[0] / sd[0])
        fits.append(chance.shares(np.bincount(hits, minlength=n + 1), stats.binom.pmf(np.arange(n + 1), n, share)))
    return facts | {
        "the results are numbers": True,
        "every result is an average of n signs": averages,
        "as many of n draws are positive as should be": any(fits),
        "share of positive draws, in tenths": round(10 * hits.mean() / n) if not any(fits) else "as it should be",
        "share of outputs whose draws are all positive, in tenths": round(10 * np.mean(hits == n))
        if not any(fits)
        else "as it should be",
    }


def _without_variance(student, W, v, n, seed):
    f = student.imported("numpy").tanh
    return {"result": student.dropconnect_infer(W, v, 1.0, f, n, np.random.default_rng(seed))}


def _generator(student, W, v, seed):
    numbers, f = student.imported("numpy.random"), student.imported("numpy").tanh
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    one, next_one = (student.dropconnect_infer(W, v, 0.6, f, 3, first) for _ in range(2))
    repeated = student.dropconnect_infer(W, v, 0.6, f, 3, again)
    after = numbers.get_state()[1:3]
    return {
        "the same seed gives the same result": bool(np.array_equal(one, repeated)),
        "the next call gives another result": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _refused(student, W, v, p_keep, n):
    f = student.imported("numpy").tanh
    return student.dropconnect_infer(W, v, p_keep, f, n, np.random.default_rng(0))


def _seed(rng):
    return int(rng.integers(2**32))


@part("inference")
def test_draws(compare, rng):
    """Every output is drawn by itself from a normal distribution with its mean and its variance."""
    rows, v = np.array([[3.0, 1.0], [-1.0, 2.0], [0.2, -0.1]]), np.array([2.0, 4.0])
    for p_keep in (0.8, 0.3):
        compare(_law, rows * rng.uniform(0.8, 1.2), v, p_keep, seed=_seed(rng))


@part("inference")
def test_averages(compare, rng):
    """f is applied to every draw, every draw is a new one, and the results are averaged."""
    row, v = np.array([3.0, 1.0]) * rng.uniform(0.8, 1.2), np.array([2.0, -4.0])
    for p_keep, n in ((0.8, 2), (0.4, 5)):
        compare(_signs, row, v, p_keep, n, seed=_seed(rng))


@part("inference")
def test_without_variance(compare, rng):
    """Where nothing is dropped the result is f of the usual pre-activation, for any number of draws."""
    for shape, n in (((3, 4), 1), ((5, 2), 6), ((3, 3), np.int64(3))):
        compare(_without_variance, *_layer(rng, *shape), n, seed=_seed(rng))


@part("inference", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal results, the next call others, nothing else is touched."""
    compare(_generator, *_layer(rng, 3, 4), seed=_seed(rng))


@part("inference", supporting=True)
def test_bad_input(compare, rng):
    """A p_keep outside (0, 1] and an n below 1 are refused."""
    W, v = _layer(rng, 3, 4)
    for wrong in (0, 1.5):
        compare.refuses(_refused, W, v, wrong, 5, naming=("p_keep",))
    for wrong in (0, -2):
        compare.refuses(_refused, W, v, 0.5, wrong, naming=("n",))
