"""Inverted dropout, forward."""

import numpy as np

from traindeep import chance

SIGNATURES = {"dropout_forward": "x, p_drop, rng, train -> y, mask"}
FORBIDDEN = ("dropout",)
HINTS = (
    "Of many copies of a value a share of 1 - p_drop is left, the rest is 0. Their mean is then too small. By which factor, "
    "and what do you have to do to what is left?",
    "Test time first: y is x, and a mask of ones in the shape of x goes with it. In training draw a mask of the same shape "
    "(you have a function for that), multiply, and divide by the probability to keep. One value of p_drop needs care.",
    "y = x * mask / (1 - p_drop) is 0 / 0 for p_drop = 1: there the scale may be any finite number, because the mask is all "
    "0. Return the mask of 0 and 1 itself, not the mask times the scale and not what can be read off y.",
)


def _forward(student, x, p_drop, rng, train=True):
    y, mask = student.dropout_forward(x, p_drop, rng, train)
    return np.asarray(y, dtype=float), np.asarray(mask, dtype=float)


def _one_number(values):
    """The number that all values are equal to, or None if there is none."""
    if not values.size or not np.ptp(values) <= 1e-4 * np.abs(values).max():
        return None
    return float(np.median(values))


def _train(student, x, p_drop, seed):
    before = x.astype(float)
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed))
    facts = {"shape of y": y.shape, "shape of the mask": mask.shape}
    if y.shape != x.shape or mask.shape != x.shape:
        return facts
    facts |= {
        "all entries of the mask are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "y is 0 where the mask is 0": bool((y[mask == 0] == 0).all()),
        "y / x where the mask is not 0": _one_number(y[mask != 0] / before[mask != 0]),
    }
    # Two mistakes are alike in training: test time is looked at only where nothing was scaled.
    unscaled = facts["y / x where the mask is not 0"] == 1
    at_test_time = _forward(student, before, p_drop, np.random.default_rng(seed), False)[0] if unscaled else None
    return facts | {"y / x at test time": _one_number(at_test_time / before) if unscaled else None}


def _zeros(student, x, seed):
    _, mask = _forward(student, x, 0.5, np.random.default_rng(seed))
    ones = (mask[x == 0] != 0).sum() if mask.shape == x.shape else -1
    return {"share of the zeros in x whose mask is not 0": chance.share(ones, (x == 0).sum(), 0.5)}


def _mean(student, x, p_drop, seed):
    """y / x is 0 or 1 / (1 - p_drop): the mean of (1 - p_drop) y / x is a share, and 1 - p_drop is what it should be."""
    y, mask = _forward(student, x.copy(), p_drop, np.random.default_rng(seed))
    if y.shape != x.shape:
        return {"shape of y": y.shape}
    hits = np.nan_to_num(np.rint((y / x).sum() * (1 - p_drop)), nan=-1, posinf=-1, neginf=-1)
    facts = {
        "shape of y": y.shape,
        "mean of y / x, times 1 - p_drop": chance.share(hits, x.size, 1 - p_drop),
        "all rows lose the same": bool(((y != 0) == (y[:1] != 0)).all()),
    }
    # What else is wrong tells one mistake from another.
    return facts | ({"shape of the mask": mask.shape} if facts["all rows lose the same"] else {})


def _generator(student, x, p_drop, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (_forward(student, x.copy(), p_drop, first)[0] for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated, other = (
        _forward(student, x.copy(), p_drop, each)[0] for each in (again, np.random.default_rng(seed + 1))
    )
    return {
        "the same seed gives the same y": bool(np.array_equal(one, repeated)),
        "the next call gives another y": not np.array_equal(one, next_one),
        "another seed gives another y": not np.array_equal(one, other),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _test_time(student, x, p_drop, seed):
    y, mask = _forward(student, x, p_drop, np.random.default_rng(seed), False)
    facts = {"y at test time": y, "the mask at test time": mask}
    if y.shape != x.shape or not np.allclose(y, x):  # what happens in training tells one mistake from another
        facts |= {
            "y of ones in training": np.unique(_forward(student, np.ones((9, 5)), 0.3, np.random.default_rng(1))[0])
        }
    return facts


def _ends(student, x, seed):
    y, mask = _forward(student, x.copy(), 0.0, np.random.default_rng(seed))
    facts = {"y of p_drop 0": y, "the mask of p_drop 0": mask}
    try:
        y, mask = _forward(student, x.copy(), 1.0, np.random.default_rng(seed))
    except ZeroDivisionError:
        return facts | {"p_drop 1 gives": "a division by zero"}
    except ValueError:
        return facts | {"p_drop 1 gives": "a ValueError"}
    return facts | {"p_drop 1 gives": "a result", "y of p_drop 1": y + 0.0, "the mask of p_drop 1": mask}


def _refused(student, x, rates):
    _forward(student, x, 0.4, np.random.default_rng(1))
    facts = {}
    for p_drop in rates:
        try:
            _forward(student, x, p_drop, np.random.default_rng(1))
        except (ValueError, ZeroDivisionError):
            facts[f"{p_drop} is refused"] = True
        else:
            facts[f"{p_drop} is refused"] = False
    return facts


FIVE = np.array([[1.0, 2, 3, 4, 5]] * 5)


def test_one_to_five(student, compare):
    """Of 1, 2, 3, 4, 5 with p_drop = 0.2, each is 0 or 1.25 times what it was, as the mask of 0 and 1 says."""
    compare(_train, FIVE, 0.2, seed=1)
    compare(_train, FIVE.astype(int), 0.2, seed=2)


def test_zeros_in_x(student, compare):
    """Values that are 0 already are kept and dropped like all others, and the mask says which."""
    compare(_zeros, np.maximum(np.arange(-100.0, 60).reshape(8, 20), 0), seed=3)


def test_mean_is_x(student, compare):
    """The mean of y over many masks is x, and every row has a mask of its own."""
    compare(_mean, np.tile(np.arange(1.0, 21), (10, 15)), 0.2, seed=4)


def test_test_time(student, compare):
    """At test time y is x, and the mask is all 1, of the shape of x."""
    compare(_test_time, FIVE, 0.2, seed=5)


def test_never_and_always(student, compare):
    """With p_drop = 0 nothing changes; with p_drop = 1 y and mask are all 0, and nothing is nan."""
    compare(_ends, FIVE[:2], seed=6)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same y, and the next call gives another."""
    compare(_generator, np.tile(FIVE, (1, 10)), 0.3, seed=7)


def test_bad_input(student, compare):
    """A rate outside [0, 1] is a ValueError that names p_drop."""
    compare(_refused, FIVE, (-0.1, 1.1))
    for p_drop in (-0.1, 1.1):
        compare.refuses("dropout_forward", FIVE, p_drop, np.random.default_rng(0), True, naming=("p_drop",))
