"""Hidden tests of channel_dropout: maps as a whole, then what the draws have in common.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most. Who writes into x pays for it in
one test; all others hand out copies. The structure is read off y, so that a mask of another form costs its points once.
"""

import numpy as np
from scipy import stats
from traindeep import chance

from autograder.exercise import part

PARTS = {"structure": 2, "statistics": 1, "test mode": 1}


def _seed(rng):
    return int(rng.integers(2**32))


def _x(rng, *shape):
    """Numbers of both signs, none of them near 0."""
    return rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape)


def _forward(student, x, p_drop, rng, train=True):
    y, mask = student.channel_dropout(x, p_drop, rng, train)
    return np.asarray(y, dtype=float), np.asarray(mask, dtype=float)


def _one_number(values):
    """The number that all values are equal to, or None if there is none."""
    if not values.size or not np.ptp(values) <= 1e-4 * np.abs(values).max():
        return None
    return float(np.median(values))


# ---- structure -------------------------------------------------------------------------------------------


def _facts(x, y, mask, at_test_time):
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    on = y != 0
    facts = {
        "shape of y": y.shape,
        "every map is kept or dropped as a whole": bool((on == on[:, :, :1, :1]).all()),
        "all maps of an example share one fate": bool((on == on[:, :1]).all()),
        "shape of the mask": mask.shape,
        "y / x where y is not 0": _one_number(y[on] / x[on]),
    }
    # Facts that tell one mistake from another, looked at only where something is wrong.
    if facts["y / x where y is not 0"] is None:
        facts |= {"y is whole": bool((y == np.rint(y)).all())}
    unscaled = facts["y / x where y is not 0"] == 1
    facts |= {"y / x at test time": _one_number(at_test_time() / x) if unscaled else None}
    if mask.shape != (*x.shape[:2], 1, 1):
        return facts
    return facts | {
        "all entries of the mask are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "y is 0 where the mask is 0, and only there": bool(((mask != 0) == on).all()),
    }


def _train(student, x, p_drop, seed):
    y, mask = _forward(student, x.copy(), p_drop, np.random.default_rng(seed))
    return _facts(x, y, mask, lambda: _forward(student, x.copy(), p_drop, np.random.default_rng(seed), False)[0])


@part("structure")
def test_whole_maps(compare, rng):
    """Each map is 0 everywhere or x / (1 - p_drop) everywhere, and the mask, (N, C, 1, 1), says which."""
    # So many maps that a right answer never keeps none of them, nor treats all channels alike, by chance.
    for shape, p_drop in (((9, 7, 3, 4), 0.3), ((10, 12, 2, 5), 0.7), ((20, 5, 4, 3), 0.45)):
        compare(_train, _x(rng, *shape), p_drop, seed=_seed(rng))


def _kinds(student, x, p_drop, seed):
    before = np.array(x, dtype=float)
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed))
    return _facts(before, y, mask, lambda: _forward(student, before.copy(), p_drop, np.random.default_rng(1), False)[0])


@part("structure")
def test_kinds_of_numbers(compare, rng):
    """float64, float32 and whole numbers are all right, and x is left as it was; so are maps of a single pixel."""
    x = _x(rng, 12, 8, 3, 2)
    compare(_kinds, x, 0.4, seed=_seed(rng))
    compare(_kinds, x.astype(np.float32), 0.4, seed=_seed(rng))
    compare(_kinds, rng.integers(1, 9, size=x.shape), 0.4, seed=_seed(rng))
    compare(_kinds, _x(rng, 12, 8, 1, 1), 0.4, seed=_seed(rng))


def _refused(student, x, rates):
    # First a rate that is allowed: an answer that always raises is not one that refuses.
    _forward(student, x.copy(), 0.4, np.random.default_rng(1))
    facts = {}
    for p_drop in rates:
        try:
            _forward(student, x.copy(), p_drop, np.random.default_rng(1))
        except (ValueError, ZeroDivisionError):  # whether the kind is right is asked below
            facts[f"p_drop {p_drop} is refused"] = True
        else:
            facts[f"p_drop {p_drop} is refused"] = False
    return facts


def _refused_shapes(student, x, shapes):
    _forward(student, x.copy(), 0.4, np.random.default_rng(1))
    facts = {}
    for shape in shapes:
        try:
            _forward(student, np.ones(shape), 0.4, np.random.default_rng(1))
        except (ValueError, IndexError):  # whether the kind is right is asked below
            facts[f"x of shape {shape} is refused"] = True
        else:
            facts[f"x of shape {shape} is refused"] = False
    return facts


@part("structure", supporting=True)
def test_bad_input(compare, rng):
    """An x without four axes and a rate outside [0, 1] are refused by name, the x at test time as well."""
    x, rates, shapes = _x(rng, 2, 3, 4, 5), (-0.01, 1.01, 2), ((4, 5), (3, 4, 5), (2, 3, 4, 5, 2))
    compare(_refused, x, rates)
    compare(_refused_shapes, x, shapes)
    for p_drop in rates:
        compare.refuses("channel_dropout", x, p_drop, np.random.default_rng(1), True, naming=("p_drop",))
    for shape in shapes:
        for train in (True, False):
            compare.refuses("channel_dropout", np.ones(shape), 0.4, np.random.default_rng(1), train, naming=("x",))


# ---- statistics ------------------------------------------------------------------------------------------


def _kept(y):
    """(N, C): which maps have anything left."""
    return (y != 0).any(axis=(2, 3))


def _alike(student, seed):
    """What is alike in many maps: asked only where something is wrong, to tell one mistake from another."""
    x = np.ones((30, 20, 2, 2))
    y, mask = _forward(student, x, 0.3, np.random.default_rng(seed))
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    return {
        "shape of a mask": mask.shape,
        "all examples lose the same": bool(((y != 0) == (y[:1] != 0)).all()),
        "all maps of an example share one fate": bool(((y != 0) == (y[:, :1] != 0)).all()),
        "all rows of a map share one fate": bool(((y != 0) == (y[:, :, :1] != 0)).all()),
        "all columns of a map share one fate": bool(((y != 0) == (y[:, :, :, :1] != 0)).all()),
        "values where y is not 0": np.unique(y[y != 0]),
    }


def _frequency(student, x, p_drop, seed):
    """(1 - p_drop) y / x, on average over all maps: the share of maps that are kept, if they are scaled rightly."""
    y, _ = _forward(student, x.copy(), p_drop, np.random.default_rng(seed))
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    maps = x.shape[0] * x.shape[1]
    hits = np.nan_to_num(np.rint((y / x).mean(axis=(2, 3)).sum() * (1 - p_drop)), nan=-1, posinf=-1, neginf=-1)
    facts = {
        "share of the maps with anything left": chance.share(_kept(y).sum(), maps, 1 - p_drop),
        "mean of y / x, times 1 - p_drop": chance.share(hits, maps, 1 - p_drop),
    }
    return facts | ({} if set(facts.values()) == {1 - p_drop} else _alike(student, seed))


@part("statistics")
def test_share_of_maps(compare, rng):
    """A share of 1 - p_drop of the maps is kept, and the mean of y over many masks is x."""
    for p_drop in (0.2, 0.7):
        compare(_frequency, _x(rng, 2, 1200, 1, 2), p_drop, seed=_seed(rng))


def _independent(student, x, p_drop, seed):
    """Facts about which maps are dropped. Two are alike with probability p_drop^2 + (1 - p_drop)^2."""
    rng = np.random.default_rng(seed)
    ys = [_forward(student, x.copy(), p_drop, rng)[0] for _ in range(2)]
    if any(y.shape != x.shape for y in ys):
        return {"shape of y": ys[0].shape}
    kept, later = map(_kept, ys)
    facts = {
        "all examples lose the same maps": bool((kept == kept[:1]).all()),
        "all maps of an example share one fate": bool((kept == kept[:, :1]).all()),
        "two calls lose the same": bool((kept == later).all()),
    }
    if any(facts.values()):
        return facts | _alike(student, seed) | _generator(student, x, p_drop, seed)
    beside, below, alike = kept[:, 0:-1:2] == kept[:, 1::2], kept[0:-1:2] == kept[1::2], p_drop**2 + (1 - p_drop) ** 2
    usual = round(x.shape[1] * (1 - p_drop))
    as_usual = (kept.sum(axis=1) == usual).sum()
    return facts | {
        "how often neighbouring channels are alike": chance.share(beside.sum(), beside.size, alike),
        "how often neighbouring examples are alike": chance.share(below.sum(), below.size, alike),
        "how often the next call does the same": chance.share((kept == later).sum(), kept.size, alike),
        "how often just the usual number of maps is kept": chance.share(
            as_usual, len(kept), stats.binom.pmf(usual, x.shape[1], 1 - p_drop)
        ),
    }


@part("statistics")
def test_maps_are_independent(compare, rng):
    """Each map is dropped by itself: examples differ, channels differ, calls differ, and so does the number of maps."""
    compare(_independent, _x(rng, 300, 8, 1, 2), 0.25, seed=_seed(rng))


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


@part("statistics")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal results, the next call another, nothing else is touched."""
    compare(_generator, _x(rng, 20, 15, 1, 2), 0.3, seed=_seed(rng))


def _ends(student, x, seed):
    y, mask = _forward(student, x.copy(), 0.0, np.random.default_rng(seed))
    facts = {"y of p_drop 0": y, "sum of the mask of p_drop 0 is its size": bool(mask.sum() == mask.size)}
    try:
        y, mask = _forward(student, x.copy(), 1.0, np.random.default_rng(seed))
    except ZeroDivisionError:
        return facts | {"p_drop 1 gives": "a division by zero"}
    except ValueError:
        return facts | {"p_drop 1 gives": "a ValueError"}
    return facts | {"p_drop 1 gives": "a result", "y of p_drop 1": y + 0.0, "the mask is all 0": not mask.any()}


@part("statistics", supporting=True)
def test_never_and_always(compare, rng):
    """With p_drop = 0 y is x; with p_drop = 1 it is all 0, and nothing is nan."""
    compare(_ends, _x(rng, 4, 3, 2, 5), seed=_seed(rng))


# ---- test mode -------------------------------------------------------------------------------------------


def _test_time(student, x, p_drop, seed):
    before = x.astype(float)
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed), False)
    facts = {"y at test time": y, "the mask at test time": mask}
    if y.shape != x.shape or not np.allclose(y, before):  # what happens in training tells one mistake from another
        facts |= _alike(student, seed)
    return facts


# Whoever returns x always passes.
@part("test mode", supporting=True)
def test_nothing_happens_at_test_time(compare, rng):
    """At test time y is x, whatever p_drop, and the mask is all 1, of shape (N, C, 1, 1)."""
    for p_drop in (0.3, 0.8, 1.0):
        compare(_test_time, _x(rng, 4, 3, 2, 5), p_drop, seed=_seed(rng))


@part("test mode", supporting=True)
def test_kinds_of_numbers_at_test_time(compare, rng):
    """That holds for whole numbers and float32 as well."""
    compare(_test_time, rng.integers(-3, 4, size=(3, 5, 2, 4)), 0.4, seed=_seed(rng))
    compare(_test_time, _x(rng, 2, 3, 4, 5).astype(np.float32), 0.4, seed=_seed(rng))
