"""A random mask: what dropout keeps."""

import numpy as np

from traindeep import chance

SIGNATURES = {"sample_keep_mask": "shape, p_drop, rng -> mask"}
HINTS = (
    "How would you let something happen in 80 of 100 cases, if all you have are random numbers between 0 and 1?",
    "Draw one such number for each entry of the mask, in the shape of the mask. A number between 0 and 1 is below 0.2 with "
    "probability 0.2. Which entries go then, those below p_drop or those above?",
    "rng.random(shape) gives numbers from 0 up to, but without, 1. Compare the whole array with p_drop in one line; with >= "
    "both ends come out right: 0 keeps all and 1 keeps none. Refuse other rates before you draw.",
)


def _mask(student, shape, p_drop, rng):
    return np.asarray(student.sample_keep_mask(shape, p_drop, rng), dtype=float)


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


def _alike(student, seed):
    mask = _mask(student, (60, 50), 0.3, np.random.default_rng(seed))
    rows, columns = (mask.ndim == 2 and bool((mask == line).all()) for line in (mask[:1], mask[:, :1]))
    return {"all rows are the same": rows, "all columns are the same": columns}


def _within(student, shape, p_drop, seed):
    """Two independent entries are alike with probability p_drop^2 + (1 - p_drop)^2."""
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
    kept, alike = mask != 0, p_drop**2 + (1 - p_drop) ** 2
    beside, below = kept[:, 0:-1:2] == kept[:, 1::2], kept[0:-1:2] == kept[1::2]
    return facts | {
        "how often neighbours in a row are alike": chance.share(beside.sum(), beside.size, alike),
        "how often neighbours in a column are alike": chance.share(below.sum(), below.size, alike),
    }


def _six_of_eight(student, calls, seed):
    """Masks of 8 with p_drop = 1/4: exactly 6 are kept with probability C(8, 2) (1/4)^2 (3/4)^6 = 0.311."""
    rng = np.random.default_rng(seed)
    kept = np.array([_mask(student, (2, 4), 0.25, rng).ravel() != 0 for _ in range(calls)])
    facts = {"all masks are the same": bool((kept == kept[0]).all())}
    if facts["all masks are the same"]:
        return facts | _generator(student, (20, 30), 0.25, seed)
    hits, law = (kept.sum(axis=1) == 6).sum(), 28 * 0.25**2 * 0.75**6
    return facts | {"how often exactly 6 of 8 are kept": chance.share(hits, calls, law)}


def _ends(student, shape, seed):
    facts = {}
    for p_drop in (0.0, 1.0):
        try:
            mask = _mask(student, shape, p_drop, np.random.default_rng(seed))
        except ValueError:
            return facts | {f"p_drop {p_drop} is accepted": False}
        facts |= {f"p_drop {p_drop} is accepted": True, f"the mask of p_drop {p_drop}": mask}
    return facts


def _generator(student, shape, p_drop, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (_mask(student, shape, p_drop, first) for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated, other = (_mask(student, shape, p_drop, each) for each in (again, np.random.default_rng(seed + 1)))
    return {
        "the same seed gives the same mask": bool(np.array_equal(one, repeated)),
        "the next call gives another mask": not np.array_equal(one, next_one),
        "another seed gives another mask": not np.array_equal(one, other),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _refused(student, rates):
    _mask(student, (2, 3), 0.4, np.random.default_rng(1))
    facts = {}
    for p_drop in rates:
        try:
            _mask(student, (2, 3), p_drop, np.random.default_rng(1))
        except ValueError:
            facts[f"{p_drop} is refused"] = True
        else:
            facts[f"{p_drop} is refused"] = False
    return facts


def test_share_kept(student, compare):
    """With p_drop = 0.2, about 80 % of 4,000 entries are 1 and the others 0; with p_drop = 0.9 about 10 % are 1."""
    compare(_frequency, (2, 2000), 0.2, seed=1)
    compare(_frequency, (2, 2000), 0.9, seed=2)


def test_entries_are_independent(student, compare):
    """Neighbours in a row, or in a column, are alike no more often than by chance."""
    compare(_within, (60, 50), 0.2, seed=3)


def test_number_kept_varies(student, compare):
    """Of 8 entries with p_drop = 1/4, 6 are kept on average, but exactly 6 in only 31 % of the masks."""
    compare(_six_of_eight, calls=30, seed=4)


def test_never_and_always(student, compare):
    """With p_drop = 0 the mask is all 1, with p_drop = 1 it is all 0."""
    compare(_ends, (2, 3), seed=5)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same mask, and the next call gives another."""
    compare(_generator, (20, 30), 0.3, seed=6)


def test_bad_input(student, compare):
    """A rate outside [0, 1] is a ValueError that names p_drop."""
    compare(_refused, (-0.1, 1.1))
    for p_drop in (-0.1, 1.1):
        compare.refuses("sample_keep_mask", (2, 3), p_drop, np.random.default_rng(0), naming=("p_drop",))
