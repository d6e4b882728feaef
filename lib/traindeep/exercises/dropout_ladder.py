"""From single values to whole branches: what is dropped together."""

import numpy as np

from traindeep import chance

SIGNATURES = {"dropblock_expand": "seeds, block -> mask", "ladder_mask": "shape, level, p_drop, rng, block -> mask"}
IMAGES = ("seeds", "mask")
HINTS = (
    "At each level, how many decisions are there for a batch of shape (N, C, H, W), and which axes does one decision cover? "
    "For patches, think of what a pixel asks: is there a seed near me?",
    "Draw the decisions in a shape with ones, (N, C, 1, 1) or (N, 1, 1, 1), and spread them over the full shape. A patch: "
    "pad the seeds with (block - 1) / 2 zeros on each side, and take the maximum over block x block shifted copies. Centres "
    "are drawn in the shape (N, C, H - block + 1, W - block + 1), where a whole patch fits.",
    "np.broadcast_to(small, shape).copy() spreads; np.pad(seeds, ((0, 0), (0, 0), (r, r), (r, r))) puts the inner places of "
    "the centres back into the full map. Then 1 - maximum. The two factors of gamma: a patch has block^2 pixels, and there "
    "are fewer places for centres than pixels.",
)


def _expand(student, seeds, block):
    return {"mask": np.asarray(student.dropblock_expand(seeds, block), dtype=float)}


def _mask(student, shape, level, p_drop, rng, **settings):
    return np.asarray(student.ladder_mask(shape, level, p_drop, rng, **settings), dtype=float)


def _structure(student, shape, level, p_drop, seed):
    mask = _mask(student, shape, level, p_drop, np.random.default_rng(seed))
    facts = {"shape": mask.shape}
    if mask.shape != shape:
        return facts
    return facts | {
        "all pixels of a map share one fate": bool((mask == mask[:, :, :1, :1]).all()),
        "all maps of an example share one fate": bool((mask == mask[:, :1]).all()),
        "all examples share one fate": bool((mask == mask[:1]).all()),
        "all values are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "less than half is dropped": bool((mask == 0).mean() < 0.5),
    }


def _shares(student, p_drop, seed):
    rng, facts = np.random.default_rng(seed), {}
    for level, shape in (("unit", (5, 4, 6, 20)), ("channel", (150, 16, 1, 2)), ("branch", (2400, 1, 2, 2))):
        mask = _mask(student, shape, level, p_drop, rng)
        if mask.shape != shape:
            return {f"{level}: shape": mask.shape}
        units = mask if level == "unit" else mask[:, :, 0, 0]
        facts[f"{level}: share kept"] = chance.share((units != 0).sum(), units.size, 1 - p_drop)
    return facts


def _blocks(student, shape, p_drop, seed, **settings):
    mask = _mask(student, shape, "block", p_drop, np.random.default_rng(seed), **settings)
    facts = {"shape": mask.shape}
    if mask.shape != shape:
        return facts
    off, block = mask == 0, settings.get("block", 3)
    (N, C, H, W), r = shape, block // 2
    places = (H - block + 1) * (W - block + 1)
    gamma = p_drop / block**2 * H * W / places
    whole = ~off.any(axis=(2, 3))
    i, j = H // 2, W // 2
    near = [range(max(m - r, r), min(m + r, side - 1 - r) + 1) for m, side in ((i, H), (j, W))]
    if off.mean() > 0.5:
        units = _mask(student, (20, 20, 1, 2), "unit", 0.2, np.random.default_rng(seed))
        facts |= {"unit: more than half is dropped": bool((units == 0).mean() > 0.5)}
    return facts | {
        "all values are 0 or 1": bool(np.isin(mask, (0, 1)).all()),
        "all maps of an example lose the same": bool((off == off[:, :1]).all()),
        "all examples lose the same": bool((off == off[:1]).all()),
        "more than half is dropped": bool(off.mean() > 0.5),
        "share of maps without loss": chance.share(whole.sum(), N * C, (1 - gamma) ** places),
        "share of maps that lose the first pixel": chance.share(off[:, :, 0, 0].sum(), N * C, gamma),
        "share of maps that lose a pixel in the middle": chance.share(
            off[:, :, i, j].sum(), N * C, 1 - (1 - gamma) ** (len(near[0]) * len(near[1]))
        ),
    }


def _generator(student, seed):
    numbers, facts = student.imported("numpy.random"), {}
    for level in ("unit", "channel", "block", "branch"):
        shape = (80, 4, 5, 3)
        first, again = np.random.default_rng(seed), np.random.default_rng(seed)
        numbers.seed(seed)  # check puts the global generator back
        before = numbers.get_state()[1:3]
        one, next_one = (_mask(student, shape, level, 0.3, first) for _ in range(2))
        after = numbers.get_state()[1:3]
        repeated = _mask(student, shape, level, 0.3, again)
        facts |= {
            f"{level}: the same seed gives the same mask": bool(np.array_equal(one, repeated)),
            f"{level}: the next call gives another mask": not np.array_equal(one, next_one),
            f"{level}: NumPy's global generator is left alone": bool(
                np.array_equal(before[0], after[0]) and before[1] == after[1]
            ),
        }
    return facts


def _refused(student, name, calls):
    facts = []
    for args in calls:
        try:
            getattr(student, name)(*args)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
        except NotImplementedError:
            raise
        except Exception:
            facts.append("another error")
    return {"what happens": facts}


def _letter():
    """Seeds in the form of an L, in the first of two maps; one in the corner of the second."""
    seeds = np.zeros((1, 2, 9, 8))
    seeds[0, 0, [2, 6, 6], [2, 2, 5]] = 1
    seeds[0, 1, 0, 7] = seeds[0, 1, 5, 4] = seeds[0, 1, 5, 3] = 1
    return seeds


def test_one_patch(student, compare):
    """A seed in the middle of 5 x 5 pixels makes 3 x 3 zeros around it, one in the corner 2 x 2."""
    seeds = np.zeros((1, 1, 5, 5))
    seeds[0, 0, 2, 2] = 1
    compare(_expand, seeds, 3)
    seeds = np.zeros((1, 1, 5, 5))
    seeds[0, 0, 0, 4] = 1
    compare(_expand, seeds, 3)


def test_patches(student, compare):
    """Every map has its own patches; they may overlap, and are cut off at the border."""
    compare(_expand, _letter(), 3)
    compare(_expand, _letter(), 5)
    compare(_expand, _letter().astype(int), 1)


def test_levels(student, compare):
    """Single values, whole maps, whole examples: who shares a fate at each level, in a mask of the full shape."""
    for level in ("unit", "channel", "branch"):
        compare(_structure, (400, 4, 3, 2), level, 0.3, seed=1)


def test_share_kept(student, compare):
    """With p_drop = 0.2 four of five units, maps and examples are kept."""
    compare(_shares, 0.2, seed=2)


def test_blocks(student, compare):
    """On 7 x 6 pixels with p_drop = 0.3, gamma is 0.3 / 9 * 42 / 20 = 0.07: so often a corner is lost."""
    compare(_blocks, (40, 12, 7, 6), 0.3, seed=3)
    compare(_blocks, (50, 10, 5, 9), 0.4, seed=4, block=5)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same mask, and the next call gives another."""
    compare(_generator, seed=5)


def test_bad_input(student, compare):
    """An unknown level, an even block and one that does not fit are a ValueError that names the argument."""
    rng, shape = np.random.default_rng(0), (2, 3, 6, 8)
    compare(_refused, "dropblock_expand", [(_letter(), 2)])
    compare(_refused, "ladder_mask", [(shape, "pixel", 0.3, rng)])
    compare(_refused, "ladder_mask", [(shape, "block", 0.3, rng, 4), (shape, "block", 0.3, rng, 7)])
    compare(_refused, "ladder_mask", [(shape, "unit", 0.3, rng, 4)])
    compare.refuses("dropblock_expand", _letter(), 2, naming=("block",))
    compare.refuses("ladder_mask", shape, "pixel", 0.3, rng, naming=("level",))
    compare.refuses("ladder_mask", shape, "block", 0.3, rng, 7, naming=("block", "shape", "H", "W"))
