"""Hidden tests of dropblock_expand and ladder_mask: each is tested without the help of the other.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most; the facts that are not put to it hold
for a right answer but with probability 1e-9. At the level block every statement is one about single pixels, or whole maps,
of many independent maps: a pixel that k places of centres reach is dropped with probability 1 - (1 - gamma)^k.
"""

import numpy as np
from scipy import ndimage
from traindeep import chance
from traindeep.exercises.dropout_ladder import _mask, _refused

from autograder.exercise import part

PARTS = {"levels": 3, "expand": 2, "rate": 1}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- expand ------------------------------------------------------------------------------------------------


def _expand(student, seeds, block):
    return {"keep mask": np.asarray(student.dropblock_expand(seeds, block), dtype=float)}


def _few(rng, *shape):
    return (rng.random(shape) < 3 / np.prod(shape[2:])).astype(float)


@part("expand")
def test_patches(compare, rng):
    """Each seed makes a square of zeros around it in its own map; squares may overlap."""
    for block, shape in ((3, (2, 3, 8, 6)), (5, (3, 2, 9, 11)), (1, (2, 2, 4, 3)), (7, (1, 2, 8, 12))):
        seeds = _few(rng, *shape)
        seeds[0, 0, 3, 2] = seeds[0, 0, 2, 2] = 1
        compare(_expand, seeds, block)


@part("expand")
def test_borders(compare, rng):
    """A square that reaches over the border is cut off there, and does not come in again on the other side."""
    seeds = np.zeros((1, 4, 6, 7))
    for c, (i, j) in enumerate(((0, 0), (0, 6), (5, 0), (5, 3))):
        seeds[0, c, i, j] = 1
    for block in (3, 5):
        compare(_expand, seeds, block)
    seeds = np.zeros((3, 1, 6, 5))
    seeds[1, 0, 2, 4] = 1
    compare(_expand, seeds, 3)


@part("expand")
def test_kinds_of_seeds(compare, rng):
    """Seeds of booleans, whole numbers and float32; none, and all."""
    seeds = _few(rng, 2, 3, 5, 7)
    seeds[0, 0, 1, 1] = 1
    for dtype in (bool, int, np.uint8, np.float32):
        compare(_expand, seeds.astype(dtype), 3)
    compare(_expand, np.ones((1, 1, 4, 3)), 3)
    compare(_expand, np.zeros((1, 2, 4, 3)), 3)


@part("expand", supporting=True)
def test_even_block(compare, rng):
    """An even block is refused."""
    seeds = _few(rng, 2, 2, 6, 5)
    compare(_refused, "dropblock_expand", [(seeds, 3), (seeds, 2), (seeds, 4)])
    for block in (2, 4):
        compare.refuses("dropblock_expand", seeds, block, naming=("block",))


# ---- levels ------------------------------------------------------------------------------------------------


def _alike(mask):
    """What shares one fate."""
    return {
        "all pixels of a map share one fate": bool((mask == mask[:, :, :1, :1]).all()),
        "all pixels of a row share one fate": bool((mask == mask[:, :, :, :1]).all()),
        "all maps of an example share one fate": bool((mask == mask[:, :1]).all()),
        "all examples share one fate": bool((mask == mask[:1]).all()),
        "all values are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "something is dropped, something is kept": bool((mask == 0).any() and (mask != 0).any()),
    }


def _structure(student, shape, p_drop, seed):
    """The same for three levels: a mistake in one of them must not hide behind one in another."""
    facts = {}
    for level in ("unit", "channel", "branch"):
        mask = _mask(student, shape, level, p_drop, np.random.default_rng(seed))
        facts[f"{level}: shape"] = mask.shape
        facts |= {f"{level}: {k}": v for k, v in _alike(mask).items()} if mask.shape == shape else {}
    return facts | ({} if _right(facts) else _rates(student, seed))


def _right(facts):
    wanted = {"channel: all pixels of a map share one fate", "branch: all pixels of a map share one fate"}
    wanted |= {"channel: all pixels of a row share one fate", "branch: all pixels of a row share one fate"}
    wanted |= {"branch: all maps of an example share one fate"}
    return all(v == (k in wanted) for k, v in facts.items() if k.endswith("one fate"))


def _rates(student, seed):
    """Which share is dropped, to one digit: asked only where something is wrong, to tell one mistake from another."""
    facts = {}
    for level in ("unit", "channel", "branch"):
        mask = _mask(student, (300, 4, 1, 2), level, 0.2, np.random.default_rng(seed))
        facts[f"{level}: more than half is dropped"] = bool((mask == 0).mean() > 0.5)
        facts[f"{level}: largest value"] = float(mask.max())
    return facts


@part("levels")
def test_what_shares_a_fate(compare, rng):
    """Single values, whole maps, or whole examples are dropped, in a mask of the full shape."""
    for shape, p_drop in (((80, 5, 3, 4), 0.3), ((100, 3, 4, 2), 0.6)):
        compare(_structure, shape, p_drop, seed=_seed(rng))


SIZES = {"unit": (5, 4, 6, 20), "channel": (150, 16, 1, 2), "branch": (2400, 1, 2, 2)}


def _shares(student, p_drop, seed):
    """How often a unit, a map, an example is kept."""
    facts, rng = {}, np.random.default_rng(seed)
    for level, shape in SIZES.items():
        mask = _mask(student, shape, level, p_drop, rng)
        if mask.shape != shape:
            return {f"{level}: shape": mask.shape}
        units = mask if level == "unit" else mask[:, :, 0, 0]
        facts[f"{level}: share kept"] = chance.share((units != 0).sum(), units.size, 1 - p_drop)
    if any(value != 1 - p_drop for value in facts.values()):
        facts |= {f"{k}": v for k, v in _structure(student, (80, 5, 3, 4), 0.3, seed).items()}
    return facts


@part("levels")
def test_share_kept(compare, rng):
    """On all three levels a share of 1 - p_drop is kept."""
    for p_drop in (0.2, 0.7):
        compare(_shares, p_drop, seed=_seed(rng))


def _pairs(units, axis, alike):
    units = units.swapaxes(0, axis)
    same = units[0 : len(units) // 2 * 2 : 2] == units[1::2]
    return chance.share(same.sum(), same.size, alike)


def _independent(student, p_drop, seed):
    """Neighbours along each axis, and the next call: two are alike with probability p_drop^2 + (1 - p_drop)^2."""
    facts, rng, alike = {}, np.random.default_rng(seed), p_drop**2 + (1 - p_drop) ** 2
    for level, shape in (("unit", (6, 4, 10, 10)), ("channel", (120, 20, 1, 2)), ("branch", (1200, 1, 2, 2))):
        masks = [_mask(student, shape, level, p_drop, rng) for _ in range(2)]
        if any(mask.shape != shape for mask in masks):
            return {f"{level}: shape": masks[0].shape}
        one, two = ((mask if level == "unit" else mask[:, :, 0, 0]) != 0 for mask in masks)
        for axis in range(one.ndim):
            if one.shape[axis] > 1:
                facts[f"{level}: neighbours along axis {axis} alike"] = _pairs(one, axis, alike)
        facts[f"{level}: the next call is alike"] = chance.share((one == two).sum(), one.size, alike)
    if any(value != alike for value in facts.values()):
        facts |= _structure(student, (80, 5, 3, 4), 0.3, seed) | _generator(student, seed)
    return facts


@part("levels")
def test_independence(compare, rng):
    """Units, maps and examples are dropped independently of each other, anew in each call."""
    compare(_independent, 0.3, seed=_seed(rng))


def _blocks(student, shape, p_drop, seed, settings):
    """Facts about the patches of a mask."""
    block = settings.get("block", 3)
    mask = _mask(student, shape, "block", p_drop, np.random.default_rng(seed), **settings)
    facts = {"shape": mask.shape}
    if mask.shape != shape:
        return facts
    off = mask == 0
    patches = ndimage.binary_opening(off, np.ones((1, 1, block, block), dtype=bool))
    if off.mean() > 0.5:
        facts |= _rates(student, seed)
    return facts | {
        "all values are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "what is dropped consists of whole patches": bool((patches == off).all()),
        "something is dropped, something is kept": bool(off.any() and not off.all()),
        "all maps of an example lose the same": bool((off == off[:, :1]).all()),
        "all examples lose the same": bool((off == off[:1]).all()),
        "more than half is dropped": bool(off.mean() > 0.5),
        "all maps lose equally many": bool((off.sum(axis=(2, 3)) == off[0, 0].sum()).all()),
        "a corner is dropped somewhere": bool(off[:, :, 0, 0].any()),
    }


@part("levels")
def test_blocks(compare, rng):
    """At the level block patches of block x block are dropped, which fit into their map; each map draws its own."""
    for shape, p_drop, settings in (((30, 20, 7, 6), 0.3, {}), ((40, 12, 5, 9), 0.4, {"block": 5})):
        compare(_blocks, shape, p_drop, seed=_seed(rng), settings=settings)


def _generator(student, seed):
    numbers, facts = student.imported("numpy.random"), {}
    for level in ("unit", "channel", "block", "branch"):
        shape = (80, 4, 5, 3)
        first, again = np.random.default_rng(seed), np.random.default_rng(seed)
        numbers.seed(seed)  # a state that no answer can have left behind
        before = numbers.get_state()[1:3]
        one, next_one = (_mask(student, shape, level, 0.3, first) for _ in range(2))
        after = numbers.get_state()[1:3]
        numbers.seed(seed // 2)
        repeated = _mask(student, shape, level, 0.3, again)
        facts |= {
            f"{level}: the same seed gives the same mask": bool(np.array_equal(one, repeated)),
            f"{level}: the next call gives another mask": not np.array_equal(one, next_one),
            f"{level}: NumPy's global generator is left alone": bool(
                np.array_equal(before[0], after[0]) and before[1] == after[1]
            ),
        }
    return facts


@part("levels")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal masks, the next call another, nothing else is touched."""
    compare(_generator, seed=_seed(rng))


def _ends(student, shape):
    """Nothing is dropped at rate 0, all at rate 1; block matters at its level only."""
    facts = {}
    for level in ("unit", "channel", "branch"):
        for p_drop in (0.0, 1.0):
            mask = _mask(student, shape, level, p_drop, np.random.default_rng(3), block=4)
            facts[f"{level}, p_drop {p_drop}"] = mask + np.zeros(shape)
    facts["block, p_drop 0"] = _mask(student, shape, "block", 0.0, np.random.default_rng(3)) + np.zeros(shape)
    return facts


def _block_ignored(student, shape):
    facts = {}
    for level in ("unit", "channel", "branch"):
        for block in (4, 99):
            try:
                _mask(student, shape, level, 0.3, np.random.default_rng(3), block=block)
                facts[f"{level}, block {block}"] = True
            except ValueError:
                facts[f"{level}, block {block}"] = False
    return facts


@part("levels", supporting=True)
def test_block_is_ignored_elsewhere(compare):
    """At the other levels any block is accepted."""
    compare(_block_ignored, (4, 3, 5, 6))


@part("levels", supporting=True)
def test_never_and_always(compare):
    """With p_drop = 0 the mask is all 1; with p_drop = 1 it is all 0, except at the level block."""
    compare(_ends, (3, 2, 4, 5))


@part("levels", supporting=True)
def test_bad_input(compare):
    """An unknown level, an even block and one that does not fit are refused."""
    rng = np.random.default_rng(1)
    good, shape = ((2, 3, 6, 8), "unit", 0.3, rng), (2, 3, 6, 8)
    compare(
        _refused,
        "ladder_mask",
        [good, (shape, "pixel", 0.3, rng), (shape, "block", 0.3, rng, 4), (shape, "block", 0.3, rng, 7)],
    )
    for level in ("pixel", "Unit", ""):
        compare.refuses("ladder_mask", shape, level, 0.3, rng, naming=("level",))
    for wrong, block in ((shape, 4), (shape, 7), ((2, 3, 8, 6), 7), (shape, 2)):
        compare.refuses("ladder_mask", wrong, "block", 0.3, rng, block, naming=("block", "shape", "H", "W"))


# ---- rate --------------------------------------------------------------------------------------------------


def _law(student, shape, p_drop, block, pixels, seed):
    """Shares of maps without loss, and of those that lose a certain pixel (reached by k centres)."""
    N, C, H, W = shape
    places = (H - block + 1) * (W - block + 1)
    gamma = p_drop / block**2 * H * W / places
    mask = _mask(student, shape, "block", p_drop, np.random.default_rng(seed), block=block)
    if mask.shape != shape:
        return {"shape": mask.shape}
    off = mask == 0
    facts, r = {}, block // 2
    whole = ~off.any(axis=(2, 3))
    facts["share of maps without loss"] = chance.share(whole.sum(), N * C, (1 - gamma) ** places)
    for i, j in pixels:
        rows = len(range(max(i - r, r), min(i + r, H - 1 - r) + 1))
        columns = len(range(max(j - r, r), min(j + r, W - 1 - r) + 1))
        lost = off[:, :, i, j]
        law = 1 - (1 - gamma) ** (rows * columns)
        facts[f"share of maps that lose pixel {(i, j)}"] = chance.share(lost.sum(), N * C, law)
    later = whole[:, 0 : C // 2 * 2 : 2] == whole[:, 1::2]
    q = (1 - gamma) ** places
    facts["neighbouring maps alike"] = chance.share(later.sum(), later.size, q**2 + (1 - q) ** 2)
    return facts | _blocks(student, shape, p_drop, seed, {"block": block})


@part("rate")
def test_rate(compare, rng):
    """Centres have the probability gamma, so that a pixel in the middle is dropped in the share of maps that follows from it."""
    compare(_law, (40, 12, 7, 6), 0.3, 3, [(3, 2), (0, 0), (6, 3)], seed=_seed(rng))


@part("rate")
def test_rate_of_large_patches(compare, rng):
    """The same for patches as high as the map, where few places are left for a centre."""
    compare(_law, (50, 10, 5, 9), 0.4, 5, [(2, 4), (0, 0), (4, 8)], seed=_seed(rng))


@part("rate")
def test_patches_of_one_pixel(compare, rng):
    """With block = 1 single values are dropped, with probability p_drop."""
    compare(_law, (50, 20, 3, 4), 0.2, 1, [(0, 0), (2, 1)], seed=_seed(rng))
