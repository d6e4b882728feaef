"""Hidden tests of sample_keep_mask: what comes out, never how it was drawn.

Each question to traindeep.chance refuses a right sampler with probability 1e-9 at most. Keep and drop exchanged is the
affair of the part "frequency": whether two entries are alike has the same probability then, so "independence" asks that.
"""

import numpy as np
from scipy import stats
from traindeep import chance
from traindeep.exercises.sample_keep_mask import _mask, _refused

from autograder.exercise import part

PARTS = {"frequency": 1, "independence": 2, "contract": 1}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- frequency -------------------------------------------------------------------------------------------


def _alike(student, seed):
    """What is alike in a large mask: asked only where something is wrong, to tell one mistake from another."""
    mask = _mask(student, (90, 40), 0.3, np.random.default_rng(seed))
    rows = mask.ndim == 2 and bool((mask == mask[:1]).all())
    columns = mask.ndim == 2 and bool((mask == mask[:, :1]).all())
    return {"all rows are the same": rows, "all columns are the same": columns}


def _frequency(student, shape, p_drop, seed):
    mask = _mask(student, shape, p_drop, np.random.default_rng(seed))
    facts = {"shape of the mask": mask.shape}
    if mask.shape != shape:
        return facts
    facts |= {"the entries of a row are all the same": bool((mask == mask[:, :1]).all())}
    if facts["the entries of a row are all the same"]:
        return facts | _alike(student, seed)
    return facts | {
        "all entries are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "share of the entries that are not 0": chance.share((mask != 0).sum(), mask.size, 1 - p_drop),
    }


# Two rows only: a mask that repeats one row has the right frequency, and is caught by another part.
@part("frequency")
def test_share_kept(compare, rng):
    """Entries are 0 and 1, and the share of ones is 1 - p_drop, for rates below and above one half."""
    for p_drop in (0.2, 0.7, 0.05):
        compare(_frequency, (2, 3000), p_drop, seed=_seed(rng))


def _shapes(student, shapes, seed):
    rng = np.random.default_rng(seed)
    masks = [_mask(student, shape, 0.3, rng) for shape in shapes]
    return {f"shape of a mask {shape}": mask.shape for shape, mask in zip(shapes, masks, strict=True)}


@part("frequency", supporting=True)
def test_shapes(compare, rng):
    """The mask has the shape that is asked for, whatever the number of axes."""
    compare(_shapes, ((7,), (4, 1), (2, 3, 5), (3, 4, 1, 2)), seed=_seed(rng))


def _ends(student, shape, seed):
    facts = {}
    for p_drop in (0, 1, 0.0, 1.0):
        try:
            mask = _mask(student, shape, p_drop, np.random.default_rng(seed))
        except ValueError:
            return facts | {f"p_drop {p_drop} is accepted": False}
        facts |= {f"p_drop {p_drop} is accepted": True, f"the mask of p_drop {p_drop}": mask}
    return facts


@part("frequency")
def test_never_and_always(compare, rng):
    """Both ends of the range are allowed: nothing is dropped at one of them, everything at the other."""
    compare(_ends, (3, 4), seed=_seed(rng))


@part("frequency", supporting=True)
def test_bad_input(compare):
    """A rate outside [0, 1] is refused by name."""
    rates = (-0.01, 1.01, 3)
    compare(_refused, rates)
    for p_drop in rates:
        compare.refuses("sample_keep_mask", (2, 3), p_drop, np.random.default_rng(1), naming=("p_drop",))


# ---- independence ----------------------------------------------------------------------------------------


def _within(student, shape, p_drop, seed):
    """Facts about one mask. Two independent entries are alike with probability p_drop^2 + (1 - p_drop)^2."""
    mask = _mask(student, shape, p_drop, np.random.default_rng(seed))
    facts = {"shape of the mask": mask.shape}
    if mask.shape != shape:
        return facts
    facts |= {
        "all rows are the same": bool((mask == mask[:1]).all()),
        "all columns are the same": bool((mask == mask[:, :1]).all()),
    }
    if facts["all rows are the same"] or facts["all columns are the same"]:
        return facts
    kept = mask != 0
    alike = p_drop**2 + (1 - p_drop) ** 2
    beside, below = kept[:, 0:-1:2] == kept[:, 1::2], kept[0:-1:2] == kept[1::2]
    usual = round(shape[1] * (1 - p_drop))
    as_usual = (kept.sum(axis=1) == usual) | (kept.sum(axis=1) == shape[1] - usual)
    return facts | {
        "how often neighbours in a row are alike": chance.share(beside.sum(), beside.size, alike),
        "how often neighbours in a column are alike": chance.share(below.sum(), below.size, alike),
        "how often a row keeps, or drops, just the usual number": chance.share(
            as_usual.sum(), shape[0], stats.binom.pmf([usual, shape[1] - usual], shape[1], 1 - p_drop).sum()
        ),
    }


@part("independence")
def test_entries_of_a_mask(compare, rng):
    """Entries of a mask have nothing to do with each other: neither in a row, nor in a column, nor in their sum."""
    for p_drop in (0.2, 0.7):
        compare(_within, (90, 40), p_drop, seed=_seed(rng))


def _four_axes(student, shape, p_drop, seed):
    """Neighbours along each axis of a mask for images."""
    mask = _mask(student, shape, p_drop, np.random.default_rng(seed))
    if mask.shape != shape:
        return {"shape of the mask": mask.shape}
    same = bool((mask == mask[:1]).all() or (mask == mask[:, :1, :1, :1]).all())
    facts = {"shape of the mask": mask.shape, "all examples are the same, or all entries of each": same}
    if same:
        return facts | _alike(student, seed)
    kept, alike = mask != 0, p_drop**2 + (1 - p_drop) ** 2
    for axis in range(kept.ndim):
        first, second = np.moveaxis(kept, axis, 0)[0:-1:2], np.moveaxis(kept, axis, 0)[1::2]
        share = chance.share((first == second).sum(), first.size, alike)
        facts[f"how often neighbours along axis {axis} are alike"] = share
    return facts


@part("independence")
def test_entries_of_a_mask_for_images(compare, rng):
    """That holds along every axis, in masks for images, too."""
    compare(_four_axes, (8, 4, 10, 6), 0.25, seed=_seed(rng))


def _calls(student, shape, p_drop, calls, seed):
    """Facts about many small masks of one generator."""
    rng = np.random.default_rng(seed)
    kept = np.array([_mask(student, shape, p_drop, rng).ravel() != 0 for _ in range(calls)])
    counts, n = kept.sum(axis=1), kept.shape[1]
    facts = {"all masks are the same": bool((kept == kept[0]).all())}
    if facts["all masks are the same"]:
        return facts | _generator(student, (20, 30), p_drop, seed)
    usual = round(n * (1 - p_drop))
    as_usual, law = (counts == usual) | (counts == n - usual), stats.binom.pmf([usual, n - usual], n, 1 - p_drop)
    repeated = kept[0::2] == kept[1::2]
    alike = p_drop**2 + (1 - p_drop) ** 2
    return facts | {
        "how often a mask keeps, or drops, just the usual number": chance.share(as_usual.sum(), calls, law.sum()),
        "how often a mask has what the one before has": chance.share(repeated.sum(), repeated.size, alike),
    }


@part("independence")
def test_number_kept_varies(compare, rng):
    """The number of ones varies from mask to mask, and a mask tells nothing about the next one."""
    compare(_calls, (4, 3), 0.25, calls=24, seed=_seed(rng))


# ---- contract --------------------------------------------------------------------------------------------


def _generator(student, shape, p_drop, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = (_mask(student, shape, p_drop, first) for _ in range(2))
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    repeated, other = (_mask(student, shape, p_drop, each) for each in (again, np.random.default_rng(seed + 1)))
    return {
        "the same seed gives the same mask": bool(np.array_equal(one, repeated)),
        "the next call gives another mask": not np.array_equal(one, next_one),
        "another seed gives another mask": not np.array_equal(one, other),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


@part("contract")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal masks, the next call another, nothing else is touched."""
    compare(_generator, (20, 30), 0.3, seed=_seed(rng))
