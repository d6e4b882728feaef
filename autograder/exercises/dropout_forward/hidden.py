"""Hidden tests of dropout_forward: y against the mask that the answer returned, then what the draws have in common.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most. Who writes into x pays for it in
the test of kinds of numbers; all other tests hand out copies.
"""

import numpy as np
from traindeep import chance
from traindeep.exercises.dropout_forward import _ends, _forward, _one_number

from autograder.exercise import part

PARTS = {"consistency": 2, "expectation": 1, "test mode": 1, "p=0 and 1": 1}


def _seed(rng):
    return int(rng.integers(2**32))


def _x(rng, *shape):
    """Numbers of both signs, none of them near 0."""
    return rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape)


# ---- consistency -----------------------------------------------------------------------------------------


def _facts(x, y, mask, at_test_time):
    """y in the terms of the mask that came with it."""
    facts = {"shape of y": y.shape, "shape of the mask": mask.shape}
    if y.shape != x.shape or mask.shape != x.shape:
        return facts
    facts |= {
        "all entries of the mask are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "y is 0 where the mask is 0": bool((y[mask == 0] == 0).all()),
        "y / x where the mask is not 0": _one_number(y[mask != 0] / x[mask != 0]),
    }
    # Two mistakes are alike in training: the grader looks further only where nothing was scaled.
    unscaled = facts["y / x where the mask is not 0"] == 1
    return facts | {"y / x at test time": _one_number(at_test_time() / x) if unscaled else None}


def _train(student, x, p_drop, seed):
    y, mask = _forward(student, x.copy(), p_drop, np.random.default_rng(seed))
    return _facts(x, y, mask, lambda: _forward(student, x.copy(), p_drop, np.random.default_rng(seed), False)[0])


@part("consistency")
def test_y_follows_from_the_mask(compare, rng):
    """In training y is x * mask / (1 - p_drop) with the mask that is returned, which has the shape of x and holds 0 and 1."""
    for shape, p_drop in (((40, 30), 0.2), ((300,), 0.7), ((5, 4, 6, 3), 0.35)):
        compare(_train, _x(rng, *shape), p_drop, seed=_seed(rng))


def _kinds(student, x, p_drop, seed):
    before = np.array(x, dtype=float)
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed))
    return _facts(before, y, mask, lambda: _forward(student, before.copy(), p_drop, np.random.default_rng(1), False)[0])


@part("consistency")
def test_kinds_of_numbers(compare, rng):
    """float64, float32 and whole numbers are all right, and x is left as it was."""
    x = _x(rng, 12, 9)
    compare(_kinds, x, 0.3, seed=_seed(rng))
    compare(_kinds, x.astype(np.float32), 0.3, seed=_seed(rng))
    compare(_kinds, rng.integers(1, 9, size=(12, 9)), 0.3, seed=_seed(rng))


def _zeros(student, x, seed):
    """The mask where x is 0. With p_drop = 1/2 keep and drop exchanged is the affair of another test."""
    _, mask = _forward(student, x.copy(), 0.5, np.random.default_rng(seed))
    if mask.shape != x.shape:
        return {"shape of the mask": mask.shape}
    ones = (mask[x == 0] != 0).sum()
    return {
        "shape of the mask": mask.shape,
        "share of the zeros in x whose mask is not 0": chance.share(ones, (x == 0).sum(), 0.5),
    }


@part("consistency")
def test_zeros_in_x(compare, rng):
    """Values that are 0 already, as after a ReLU, are kept and dropped like all others, and the mask says which."""
    compare(_zeros, np.maximum(_x(rng, 30, 40), 0), seed=_seed(rng))


# ---- expectation -----------------------------------------------------------------------------------------


def _mean(student, x, p_drop, seed):
    """y / x is 0 or 1 / (1 - p_drop): the mean of (1 - p_drop) y / x is a share, and 1 - p_drop is what it should be."""
    y, mask = _forward(student, x.copy(), p_drop, np.random.default_rng(seed))
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    hits = np.nan_to_num(np.rint((y / x).sum() * (1 - p_drop)), nan=-1, posinf=-1, neginf=-1)
    facts = {"shape of y": y.shape, "mean of y / x, times 1 - p_drop": chance.share(hits, x.size, 1 - p_drop)}
    if facts["mean of y / x, times 1 - p_drop"] != 1 - p_drop:  # to tell one mistake from another
        at_test_time = _forward(student, x.copy(), p_drop, np.random.default_rng(seed), False)[0]
        facts |= {"y / x at test time": _one_number(at_test_time / x), "shape of the mask": mask.shape}
    return facts


# Whoever returns x in training, too, passes.
@part("expectation", supporting=True)
def test_mean_is_x(compare, rng):
    """The mean of y over many masks is x: training and test agree on average."""
    for p_drop in (0.2, 0.7):
        compare(_mean, _x(rng, 2, 2500), p_drop, seed=_seed(rng))


def _independent(student, x, p_drop, seed):
    """Facts about where y is 0. Two independent entries are alike with probability p_drop^2 + (1 - p_drop)^2."""
    rng = np.random.default_rng(seed)
    ys, masks = zip(*(_forward(student, x.copy(), p_drop, rng) for _ in range(2)), strict=True)
    if any(y.shape != x.shape for y in ys):
        return {"shape of y": ys[0].shape}
    kept, later = ys[0] != 0, ys[1] != 0
    facts = {
        "all rows lose the same": bool((kept == kept[:1]).all()),
        "two calls lose the same": bool((kept == later).all()),
    }
    if any(facts.values()):  # what else is wrong tells one mistake from another
        return facts | {"shape of the mask": masks[0].shape} | _generator(student, x, p_drop, seed)
    beside, below, alike = kept[:, 0:-1:2] == kept[:, 1::2], kept[0:-1:2] == kept[1::2], p_drop**2 + (1 - p_drop) ** 2
    return facts | {
        "how often neighbours in a row are alike": chance.share(beside.sum(), beside.size, alike),
        "how often neighbours in a column are alike": chance.share(below.sum(), below.size, alike),
        "how often the next call does the same": chance.share((kept == later).sum(), x.size, alike),
    }


@part("expectation")
def test_values_are_independent(compare, rng):
    """Each value is dropped by itself: rows differ, calls differ, and neighbours have nothing to do with each other."""
    compare(_independent, _x(rng, 60, 50), 0.3, seed=_seed(rng))


def _generator(student, x, p_drop, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = (_forward(student, x.copy(), p_drop, first)[0] for _ in range(2))
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    repeated, other = (
        _forward(student, x.copy(), p_drop, each)[0] for each in (again, np.random.default_rng(seed + 1))
    )
    return {
        "the same seed gives the same y": bool(np.array_equal(one, repeated)),
        "the next call gives another y": not np.array_equal(one, next_one),
        "another seed gives another y": not np.array_equal(one, other),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


@part("expectation")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal results, the next call another, nothing else is touched."""
    compare(_generator, _x(rng, 20, 30), 0.3, seed=_seed(rng))


# ---- test mode -------------------------------------------------------------------------------------------


def _test_time(student, x, p_drop, seed):
    before = x.astype(float)
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed), False)
    facts = {"y at test time": y, "the mask at test time": mask}
    if y.shape != x.shape or not np.allclose(y, before):  # to tell one mistake from another
        ones = np.ones((9, 5))
        facts |= {"y of ones in training": np.unique(_forward(student, ones, 0.3, np.random.default_rng(seed))[0])}
    return facts


# Whoever returns x always passes.
@part("test mode", supporting=True)
def test_nothing_happens_at_test_time(compare, rng):
    """At test time y is x, whatever p_drop, and the mask is all 1, of the shape of x."""
    for p_drop in (0.3, 0.8, 1.0):
        compare(_test_time, _x(rng, 4, 3, 2), p_drop, seed=_seed(rng))


@part("test mode", supporting=True)
def test_kinds_of_numbers_at_test_time(compare, rng):
    """That holds for whole numbers and float32, for a single row and for zeros."""
    compare(_test_time, rng.integers(-3, 4, size=(3, 5)), 0.4, seed=_seed(rng))
    compare(_test_time, np.maximum(_x(rng, 7), 0).astype(np.float32), 0.4, seed=_seed(rng))


# ---- p=0 and 1 -------------------------------------------------------------------------------------------


@part("p=0 and 1", supporting=True)
def test_never_and_always(compare, rng):
    """With p_drop = 0 y is x and the mask all 1; with p_drop = 1 both are all 0, and nothing is nan."""
    compare(_ends, _x(rng, 5, 3), seed=_seed(rng))
    compare(_ends, rng.integers(-9, 9, size=(2, 3, 4)), seed=_seed(rng))


def _refused(student, x, rates):
    # First a rate that is allowed: an answer that always raises is not one that refuses.
    _forward(student, x.copy(), 0.4, np.random.default_rng(1))
    facts = {}
    for p_drop in rates:
        try:
            _forward(student, x.copy(), p_drop, np.random.default_rng(1))
        except (ValueError, ZeroDivisionError):  # whether the kind is right is asked below
            facts[f"{p_drop} is refused"] = True
        else:
            facts[f"{p_drop} is refused"] = False
    return facts


@part("p=0 and 1", supporting=True)
def test_bad_input(compare, rng):
    """A rate outside [0, 1] is refused by name."""
    x, rates = _x(rng, 2, 3), (-0.01, 1.01, 2)
    compare(_refused, x, rates)
    for p_drop in rates:
        compare.refuses("dropout_forward", x, p_drop, np.random.default_rng(1), True, naming=("p_drop",))
