"""Dropout of whole feature maps."""

import numpy as np

from traindeep import chance

SIGNATURES = {"channel_dropout": "x, p_drop, rng, train -> y, mask"}
FORBIDDEN = ("dropout",)
HINTS = (
    "How many decisions are there for a batch of N images with C maps each? What shape must a mask have, so that NumPy "
    "spreads one decision over the H * W values of its map?",
    "Everything is as in dropout_forward, with one difference: the mask is drawn in the shape (N, C, 1, 1). Broadcasting "
    "does the rest. At test time the mask is all 1, in that shape.",
    "mask = sample_keep_mask((N, C, 1, 1), p_drop, rng), then y = x * mask / (1 - p_drop). Look at x.ndim first, and let "
    "p_drop = 1 not divide by 0.",
)


def _forward(student, x, p_drop, rng, train=True):
    y, mask = student.channel_dropout(x, p_drop, rng, train)
    return np.asarray(y, dtype=float), np.asarray(mask, dtype=float)


def _one_number(values):
    """The number that all values are equal to, or None if there is none."""
    if not values.size or not np.ptp(values) <= 1e-4 * np.abs(values).max():
        return None
    return float(np.median(values))


def _train(student, x, p_drop, seed):
    before = x.astype(float)
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed))
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    on = y != 0
    facts = {
        "shape of y": y.shape,
        "every map is kept or dropped as a whole": bool((on == on[:, :, :1, :1]).all()),
        "shape of the mask": mask.shape,
        "y / x where y is not 0": _one_number(y[on] / before[on]),
    }
    # Facts that tell one mistake from another, looked at only where something is wrong.
    if facts["y / x where y is not 0"] is None:
        facts |= {"y is whole": bool((y == np.rint(y)).all())}
    unscaled = facts["y / x where y is not 0"] == 1
    at_test_time = _forward(student, before, p_drop, np.random.default_rng(seed), False)[0] if unscaled else None
    facts |= {"y / x at test time": _one_number(at_test_time / before) if unscaled else None}
    if mask.shape != (*x.shape[:2], 1, 1):
        return facts
    return facts | {
        "all entries of the mask are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "y is 0 where the mask is 0, and only there": bool(((mask != 0) == on).all()),
    }


def _maps(student, x, p_drop, seed):
    """Facts about many maps. Two are alike with probability p_drop^2 + (1 - p_drop)^2."""
    y, mask = _forward(student, x.copy(), p_drop, np.random.default_rng(seed))
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    kept = (y != 0).any(axis=(2, 3))
    facts = {
        "all examples lose the same maps": bool((kept == kept[:1]).all()),
        "all maps of an example share one fate": bool((kept == kept[:, :1]).all()),
    }
    if any(facts.values()):
        return facts | {"shape of the mask": mask.shape}
    beside, below, alike = kept[:, 0:-1:2] == kept[:, 1::2], kept[0:-1:2] == kept[1::2], p_drop**2 + (1 - p_drop) ** 2
    law = 4 * 0.75**3 * 0.25  # three of four maps, for p_drop = 1/4
    facts |= {
        "share of the maps with anything left": chance.share(kept.sum(), kept.size, 1 - p_drop),
        "how often neighbouring channels are alike": chance.share(beside.sum(), beside.size, alike),
        "how often neighbouring examples are alike": chance.share(below.sum(), below.size, alike),
        "how often an example keeps exactly 3 of 4 maps": chance.share((kept.sum(axis=1) == 3).sum(), len(kept), law),
    }
    return facts


def _generator(student, x, p_drop, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (_forward(student, x.copy(), p_drop, first)[0] for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated = _forward(student, x.copy(), p_drop, again)[0]
    return {
        "the same seed gives the same y": bool(np.array_equal(one, repeated)),
        "the next call gives another y": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
        "something is dropped": bool((one == 0).any()),
    }


def _test_time(student, x, p_drop, seed):
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed), False)
    facts = {"y at test time": y, "the mask at test time": mask}
    if y.shape != x.shape or not np.allclose(y, x):  # what happens in training tells one mistake from another
        ones = np.ones((30, 20, 2, 2))
        facts |= {"y of ones in training": np.unique(_forward(student, ones, 0.3, np.random.default_rng(1))[0])}
    return facts


def _all_dropped(student, x, seed):
    try:
        y, _ = _forward(student, x, 1.0, np.random.default_rng(seed))
    except ZeroDivisionError:
        return {"p_drop 1 gives": "a division by zero"}
    return {"p_drop 1 gives": "a result", "y": y + 0.0}


def _refused(student, cases):
    _forward(student, np.ones((2, 3, 4, 5)), 0.4, np.random.default_rng(1))
    facts = {}
    for shape, p_drop in cases:
        try:
            _forward(student, np.ones(shape), p_drop, np.random.default_rng(1))
        except (ValueError, IndexError):
            facts[f"shape {shape}, p_drop {p_drop} is refused"] = True
        else:
            facts[f"shape {shape}, p_drop {p_drop} is refused"] = False
    return facts


X = np.arange(1.0, 121).reshape(5, 4, 3, 2)


def test_whole_maps(student, compare):
    """With p_drop = 0.2 each map is 0 everywhere or 1.25 times x everywhere, and the mask, (N, C, 1, 1), says which."""
    compare(_train, X, 0.2, seed=1)
    compare(_train, X.astype(int), 0.2, seed=2)


def test_maps_are_independent(student, compare):
    """With p_drop = 1/4 three of four maps are kept on average, and no two examples or channels share a decision."""
    compare(_maps, np.ones((500, 4, 1, 2)), 0.25, seed=3)


def test_test_time(student, compare):
    """At test time y is x, and the mask is all 1, of shape (N, C, 1, 1)."""
    compare(_test_time, X, 0.2, seed=4)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same y, and the next call gives another."""
    compare(_generator, np.ones((20, 15, 1, 2)), 0.3, seed=5)


def test_all_dropped(student, compare):
    """With p_drop = 1 y is all 0, not nan."""
    compare(_all_dropped, X[:2], seed=6)


def test_bad_input(student, compare):
    """An x without four axes and a rate outside [0, 1] are a ValueError that names the argument."""
    compare(_refused, (((4, 5), 0.4), ((3, 4, 5), 0.4), ((2, 3, 4, 5), 1.1), ((2, 3, 4, 5), -0.1)))
    rng = np.random.default_rng(0)
    compare.refuses("channel_dropout", np.ones((3, 4, 5)), 0.4, rng, True, naming=("x",))
    compare.refuses("channel_dropout", X, 1.1, rng, True, naming=("p_drop",))
