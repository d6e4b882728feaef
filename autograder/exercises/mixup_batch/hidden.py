"""Hidden tests of mixup and sample_mixup. Inputs and labels are looked at in different tests.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from scipy import special
from traindeep import chance
from traindeep.exercises.mixup_batch import _drawn, _generator

from autograder.exercise import part

PARTS = {"mix": 2, "labels": 1, "sampler": 2}


def _seed(rng):
    return int(rng.integers(2**32))


def _order(rng, N):
    """A permutation that is not its own inverse, so that a partner is not the partner of its partner."""
    while True:
        perm = rng.permutation(N)
        if not np.array_equal(perm[perm], np.arange(N)) and np.any(perm == np.arange(N)):
            return perm


def _labels(rng, N, C):
    return rng.dirichlet(np.ones(C), size=N)


# ---- mix -------------------------------------------------------------------------------------------------


# Only test_inputs hands out x itself, and only test_labels y: who writes into them pays for it once.
def _inputs(student, x, y, lam, perm):
    """xm, or the word "refused"; where it is wrong also ym, to tell one mistake from another."""
    before = np.array(x, dtype=float)
    try:
        xm, ym = student.mixup(x, y.copy(), lam, perm.copy())
    except ValueError:
        return {"xm": "refused"}
    wanted = lam * before + (1 - lam) * before[perm]
    right = np.shape(xm) == wanted.shape and np.allclose(xm, wanted, rtol=1e-4, atol=1e-5)
    return {"xm": xm} if right else {"xm": xm, "ym": ym}


def _inputs_of_a_copy(student, x, y, lam, perm):
    return _inputs(student, x.copy(), y, lam, perm)


@part("mix")
def test_inputs(compare, rng):
    """Every example is mixed with its own partner, whatever its shape, and x is left as it was."""
    for shape in ((5, 3), (6, 2, 3, 4), (4, 3, 4, 4), (7,)):
        x, N = rng.normal(size=shape), shape[0]
        compare(_inputs, x, _labels(rng, N, 3), float(rng.uniform(0.6, 0.9)), _order(rng, N))


@part("mix")
def test_mostly_the_partner(compare, rng):
    """With a small lam the partner has the larger share; with 0 and 1 there is only one of the two."""
    for lam in (float(rng.uniform(0.1, 0.3)), 0, 1):
        compare(_inputs_of_a_copy, rng.normal(size=(5, 3, 2)), _labels(rng, 5, 4), lam, _order(rng, 5))


@part("mix")
def test_kinds_of_numbers(compare, rng):
    """float32, whole numbers and uint8 images are mixed as numbers with a fraction."""
    x = rng.integers(0, 256, size=(5, 2, 3, 4))
    for kind in (np.float32, np.int64, np.uint8):
        compare(_inputs_of_a_copy, x.astype(kind), _labels(rng, 5, 3), 0.3, _order(rng, 5))


def _refused(student, x, y, perm, lams):
    student.mixup(x.copy(), y.copy(), 0.3, perm.copy())  # an answer that always raises is not one that refuses
    facts = {}
    for lam in lams:
        try:
            student.mixup(x.copy(), y.copy(), lam, perm.copy())
        except ValueError:
            facts[f"lam = {lam} is refused"] = True
        else:
            facts[f"lam = {lam} is refused"] = False
    return facts


@part("mix", supporting=True)
def test_bad_lam(compare, rng):
    """A lam outside [0, 1] is refused by name."""
    x, y, perm = rng.normal(size=(5, 3)), _labels(rng, 5, 4), _order(rng, 5)
    compare(_refused, x, y, perm, (-0.01, 1.01, 2))
    for lam in (-0.01, 1.01):
        compare.refuses("mixup", x, y, lam, perm, naming=("lam",))


# ---- labels ----------------------------------------------------------------------------------------------


def _mixed_labels(student, x, y, lam, perm):
    try:
        xm, ym = student.mixup(x.copy(), y, lam, perm.copy())
    except ValueError:
        return {"ym": "refused"}
    wanted = lam * np.array(y, float) + (1 - lam) * np.array(y, float)[perm]
    right = np.shape(ym) == wanted.shape and np.allclose(ym, wanted, rtol=1e-4, atol=1e-5)
    return {"ym": ym} if right else {"ym": ym, "xm": xm}


@part("labels")
def test_labels(compare, rng):
    """Labels are mixed like the inputs: with the same partner and the same lam. They may be soft before."""
    for N, C in ((5, 4), (6, 2), (4, 4)):
        lam = float(rng.uniform(0.1, 0.4))
        compare(_mixed_labels, rng.normal(size=(N, 3)), _labels(rng, N, C), lam, _order(rng, N))
    compare(_mixed_labels, rng.normal(size=(5, 2, 3, 2)), _labels(rng, 5, 3), 0.7, _order(rng, 5))


@part("labels")
def test_one_hot_labels(compare, rng):
    """One-hot labels of whole numbers give two fractions, lam and 1 - lam."""
    y = np.eye(4, dtype=int)[rng.permutation([0, 1, 2, 3, 1])]
    for lam in (float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.6, 0.9))):
        compare(_mixed_labels, rng.normal(size=(5, 3)), y, lam, _order(rng, 5))


def _class_numbers(student, x, y, perm):
    student.mixup(x.copy(), np.eye(len(y)), 0.3, perm.copy())
    try:
        student.mixup(x.copy(), y.copy(), 0.3, perm.copy())
    except (ValueError, IndexError):  # whether the kind is right is asked below
        return {"class numbers are refused": True}
    return {"class numbers are refused": False}


@part("labels", supporting=True)
def test_class_numbers(compare, rng):
    """Labels that are class numbers are refused by name."""
    for y in (rng.integers(5, size=5), rng.integers(5, size=5).astype(float)):
        compare(_class_numbers, rng.normal(size=(5, 3)), y, _order(rng, 5))
        compare.refuses("mixup", rng.normal(size=(5, 3)), y, 0.3, _order(rng, 5), naming=("y",))


# ---- sampler ---------------------------------------------------------------------------------------------


def _form(student, N, alpha, seed):
    lam, perm = student.sample_mixup(N, alpha, np.random.default_rng(seed))
    perm = np.asarray(perm)
    return {
        "lam is one number": np.ndim(lam) == 0,
        "lam is in [0, 1]": bool(np.all((np.asarray(lam) >= 0) & (np.asarray(lam) <= 1))),
        "shape of perm": list(perm.shape),
        "perm holds every index once": np.array_equal(np.sort(perm.ravel()), np.arange(N)),
        "perm can be an index": perm.dtype.kind in "iu",
    }


def _lam(student, alpha, seed, times):
    lams, _ = _drawn(student, 2, alpha, seed, times)
    if any(np.ndim(lam) for lam in lams):
        return {"lam is one number": False}
    lams = np.array(lams, dtype=float)
    beyond = 2 * float(special.betainc(alpha, alpha, 0.1))
    return {
        "all are in [0, 1]": bool(np.all((lams >= 0) & (lams <= 1))),
        "share below 0.5": chance.share((lams < 0.5).sum(), times, 0.5),
        "share below 0.1 or above 0.9": chance.share(((lams < 0.1) | (lams > 0.9)).sum(), times, beyond),
        "uniform": chance.uniform(special.betainc(alpha, alpha, np.clip(lams, 0, 1)), 0, 1),
    }


def _orders(student, N, seed, times):
    _, perms = _drawn(student, N, 1.0, seed, times)
    if any(perm.shape != (N,) for perm in perms):
        return {"shape of perm": list(perms[0].shape)}
    perms = np.array(perms)
    if not (np.sort(perms, axis=1) == np.arange(N)).all():
        return {"each holds every index once": False}
    first, last = (np.bincount(N * a + b, minlength=N * N) for a, b in (perms[:, :2].T, perms[:, -2:].T))
    steps = (perms[:, 1] - perms[:, 0]) % N
    other = ~np.eye(N, dtype=bool).ravel()
    return {
        "each holds every index once": True,
        "share in which example 0 is its own partner": chance.share((perms[:, 0] == 0).sum(), times, 1 / N),
        "share in which the partners of 0 and 1 are neighbours": chance.share((steps == 1).sum(), times, 1 / (N - 1)),
        "share in which the last is the partner of 0": chance.share((perms[:, 0] == N - 1).sum(), times, 1 / N),
        "all pairs of partners are equally likely": [
            chance.shares(counts[other], 1 / (N * (N - 1))) for counts in (first, last)
        ],
    }


def _nothing_mixed(student, N, seed):
    try:
        lam, perm = student.sample_mixup(N, 0, np.random.default_rng(seed))
    except (ValueError, ZeroDivisionError):
        return {"lam for alpha = 0": "an error"}
    return {"lam for alpha = 0": lam, "number of partners": len(perm)}


@part("sampler", supporting=True)
def test_form_of_the_draws(compare, rng):
    """lam is one number in [0, 1], and perm holds each index once, also for a batch of one."""
    for N, alpha in ((30, 0.4), (1, 2.0), (17, 1)):
        compare(_form, N, alpha, _seed(rng))


@part("sampler")
def test_law_of_lam(compare, rng):
    """lam has the law Beta(alpha, alpha), for a small and for a large alpha."""
    compare(_lam, 0.3, _seed(rng), 250)
    compare(_lam, 1, _seed(rng), 250)
    compare(_lam, 4.0, _seed(rng), 250)


@part("sampler")
def test_law_of_perm(compare, rng):
    """Every order of the batch is equally likely."""
    compare(_orders, 4, _seed(rng), 400)


@part("sampler", supporting=True)
def test_alpha_0(compare, rng):
    """alpha = 0 is allowed, and mixes nothing."""
    compare(_nothing_mixed, 5, _seed(rng))


@part("sampler", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal draws, the next call other ones, nothing else is touched."""
    compare(_generator, 40, 1.5, _seed(rng))


@part("sampler", supporting=True)
def test_bad_alpha(compare, rng):
    """An alpha below 0 is refused by name."""
    for alpha in (-0.1, -3):
        compare.refuses("sample_mixup", 4, alpha, np.random.default_rng(1), naming=("alpha",))
