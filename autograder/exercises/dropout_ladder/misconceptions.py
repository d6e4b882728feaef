"""Believable wrong answers to dropblock_expand and ladder_mask. Each docstring is what a good tutor would say."""

import numpy as np
from scipy import ndimage

from autograder.exercise import replaces

_AXES = {"unit": 4, "channel": 2, "branch": 1}


def _odd(block):
    if block % 2 == 0:
        raise ValueError("block must be odd")


def _grow(seeds, block, mode="constant"):
    return ndimage.maximum_filter(np.asarray(seeds, dtype=float), (1, 1, block, block), mode=mode)


def _fits(shape, block):
    _odd(block)
    if block > min(shape[2:]):
        raise ValueError("block does not fit")


def _gamma(shape, p_drop, block):
    H, W = shape[2:]
    return p_drop / block**2 * H * W / ((H - block + 1) * (W - block + 1))


def _seeds(shape, gamma, rng, block):
    r, (H, W) = block // 2, shape[2:]
    seeds = np.zeros(shape)
    seeds[:, :, r : H - r, r : W - r] = rng.random((*shape[:2], H - 2 * r, W - 2 * r)) < gamma
    return seeds


def _block_level(shape, p_drop, rng, block):
    _fits(shape, block)
    return 1 - _grow(_seeds(shape, _gamma(shape, p_drop, block), rng, block), block)


def _level(shape, level, p_drop, rng):
    if level not in _AXES:
        raise ValueError("level is unknown")
    k = _AXES[level]
    return (rng.random((*shape[:k], *[1] * (4 - k))) >= p_drop) * np.ones(shape)


def _mask(shape, level, p_drop, rng, block):
    return _block_level(shape, p_drop, rng, block) if level == "block" else _level(shape, level, p_drop, rng)


# ---- dropblock_expand ----------------------------------------------------------------------------------------


@replaces("dropblock_expand")
def patches_kept(seeds, block):
    """Your mask is 1 in the patches. They are what is dropped: 0 there and 1 elsewhere."""
    _odd(block)
    return _grow(seeds, block)


@replaces("dropblock_expand")
def seed_as_corner(seeds, block):
    """Your seed is the upper left corner of its patch. It is the centre: the patch reaches (block - 1) / 2 to every side."""
    _odd(block)
    r = block // 2
    return 1 - ndimage.maximum_filter(
        np.asarray(seeds, dtype=float), (1, 1, block, block), mode="constant", origin=(0, 0, r, r)
    )


@replaces("dropblock_expand")
def block_as_radius(seeds, block):
    """Your patches reach block to every side of the seed. block is their whole side: reach (block - 1) / 2."""
    _odd(block)
    return 1 - _grow(seeds, 2 * block + 1)


@replaces("dropblock_expand")
def rows_only(seeds, block):
    """Your patches are one pixel high. They reach up and down as well."""
    _odd(block)
    return 1 - ndimage.maximum_filter(np.asarray(seeds, dtype=float), (1, 1, 1, block), mode="constant")


@replaces("dropblock_expand")
def crosses(seeds, block):
    """You grow the seeds along the row and along the column, which makes crosses. A patch is a square: grow the rows that you got."""
    _odd(block)
    rows = ndimage.maximum_filter(np.asarray(seeds, dtype=float), (1, 1, 1, block), mode="constant")
    columns = ndimage.maximum_filter(np.asarray(seeds, dtype=float), (1, 1, block, 1), mode="constant")
    return 1 - np.maximum(rows, columns)


@replaces("dropblock_expand")
def overlaps_added(seeds, block):
    """Where patches overlap your mask is negative. A pixel is dropped or not, however many patches cover it."""
    _odd(block)
    kernel = np.ones((1, 1, block, block))
    return 1 - ndimage.convolve(np.asarray(seeds, dtype=float), kernel, mode="constant")


@replaces("dropblock_expand")
def wrapped_around(seeds, block):
    """Your patches leave the map on one side and come in on the other. np.roll does that: pad with zeros first."""
    _odd(block)
    return 1 - _grow(seeds, block, mode="wrap")


@replaces("dropblock_expand")
def border_seeds_ignored(seeds, block):
    """You ignore seeds whose patch does not fit. Here the patch is cut off at the border; where seeds may lie is decided in ladder_mask."""
    _odd(block)
    r, seeds = block // 2, np.array(seeds, dtype=float)
    inside = np.zeros_like(seeds)
    inside[:, :, r : seeds.shape[2] - r, r : seeds.shape[3] - r] = 1
    return 1 - _grow(seeds * inside, block)


@replaces("dropblock_expand")
def all_channels(seeds, block):
    """A seed of one map drops its patch in all maps of the example. Each map has its own."""
    _odd(block)
    seeds = np.asarray(seeds, dtype=float)
    return 1 - _grow(np.broadcast_to(seeds.max(axis=1, keepdims=True), seeds.shape), block)


@replaces("dropblock_expand")
def neighbouring_channels(seeds, block):
    """Your patches reach into the neighbouring maps: the filter runs along the channels as well. It is block x block in height and width, 1 along the others."""
    _odd(block)
    return 1 - ndimage.maximum_filter(np.asarray(seeds, dtype=float), (1, block, block, block), mode="constant")


@replaces("dropblock_expand")
def seeds_only(seeds, block):
    """You drop the seeds alone. Each of them stands for a whole patch around it."""
    _odd(block)
    return 1 - np.asarray(seeds, dtype=float)


@replaces("dropblock_expand")
def seeds_changed(seeds, block):
    """You write into the seeds. They belong to the caller: work on a copy."""
    _odd(block)
    mask = 1 - _grow(seeds, block)
    seeds[...] = 1 - mask
    return mask


@replaces("dropblock_expand")
def even_block_accepted(seeds, block):
    """You accept an even block, which has no centre. Refuse it with a ValueError that names block."""
    return 1 - _grow(seeds, block)


# ---- ladder_mask ---------------------------------------------------------------------------------------------


@replaces("ladder_mask")
def keep_and_drop_swapped(shape, level, p_drop, rng, block=3):
    """You keep with probability p_drop. It is the share that is dropped."""
    if level == "block":
        return _block_level(shape, p_drop, rng, block)
    return 1 - _level(shape, level, p_drop, rng)


@replaces("ladder_mask")
def ones_are_dropped(shape, level, p_drop, rng, block=3):
    """Your mask is 1 where something is dropped, at all levels. A keep mask is 1 where it is kept."""
    return 1 - _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def scaled(shape, level, p_drop, rng, block=3):
    """Your mask holds 1 / (1 - p_drop). It only says what is kept, with 0 and 1; scaling is another step."""
    return _mask(shape, level, p_drop, rng, block) / (1 - p_drop if p_drop < 1 else 1)


@replaces("ladder_mask")
def shape_to_broadcast(shape, level, p_drop, rng, block=3):
    """You return a small mask that would broadcast, (N, C, 1, 1) or (N, 1, 1, 1). Asked for is the full shape."""
    if level == "block":
        return _block_level(shape, p_drop, rng, block)
    _level(shape, level, p_drop, np.random.default_rng(0))
    k = _AXES[level]
    return (rng.random((*shape[:k], *[1] * (4 - k))) >= p_drop).astype(float)


@replaces("ladder_mask")
def branch_per_batch(shape, level, p_drop, rng, block=3):
    """You drop the branch for the whole batch at once. At this level every example has its own fate."""
    if level == "branch":
        return (rng.random((1, 1, 1, 1)) >= p_drop) * np.ones(shape)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def branch_per_channel(shape, level, p_drop, rng, block=3):
    """At the level branch you drop maps. A branch is all that belongs to an example: (N, 1, 1, 1)."""
    return _mask(shape, "channel" if level == "branch" else level, p_drop, rng, block)


@replaces("ladder_mask")
def channels_for_all_examples(shape, level, p_drop, rng, block=3):
    """You drop the same maps in all examples. Each example draws its own: (N, C, 1, 1)."""
    if level == "channel":
        return (rng.random((1, shape[1], 1, 1)) >= p_drop) * np.ones(shape)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def channel_as_pixel(shape, level, p_drop, rng, block=3):
    """At the level channel you drop the same pixels in all maps. There a map is kept or dropped as a whole: (N, C, 1, 1), not (N, 1, H, W)."""
    if level == "channel":
        N, _, H, W = shape
        return (rng.random((N, 1, H, W)) >= p_drop) * np.ones(shape)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def unit_as_channel(shape, level, p_drop, rng, block=3):
    """At the level unit you drop whole maps. There every single value has its own fate."""
    return _mask(shape, "channel" if level == "unit" else level, p_drop, rng, block)


@replaces("ladder_mask")
def units_for_all_examples(shape, level, p_drop, rng, block=3):
    """At the level unit all examples lose the same values. Each example draws its own."""
    if level == "unit":
        return (rng.random((1, *shape[1:])) >= p_drop) * np.ones(shape)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def gamma_is_p_drop(shape, level, p_drop, rng, block=3):
    """You draw centres with probability p_drop. Each takes block^2 pixels with it, 9 times too much for block 3: divide, as in gamma."""
    if level == "block":
        _fits(shape, block)
        return 1 - _grow(_seeds(shape, p_drop, rng, block), block)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def gamma_without_the_border(shape, level, p_drop, rng, block=3):
    """Your gamma is p_drop / block^2. Centres lie only where a patch fits, which are fewer places than pixels: the factor H W / ((H - block + 1) (W - block + 1)) makes up for it."""
    if level == "block":
        _fits(shape, block)
        return 1 - _grow(_seeds(shape, p_drop / block**2, rng, block), block)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def gamma_divided_by_block(shape, level, p_drop, rng, block=3):
    """Your gamma divides by block where block^2 is due: a patch has block x block pixels."""
    if level == "block":
        _fits(shape, block)
        return 1 - _grow(_seeds(shape, _gamma(shape, p_drop, block) * block, rng, block), block)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def centres_at_the_border(shape, level, p_drop, rng, block=3):
    """You draw centres everywhere, so that patches at the border are cut off. A centre lies only where its whole patch fits."""
    if level == "block":
        _fits(shape, block)
        return 1 - _grow(rng.random(shape) < _gamma(shape, p_drop, block), block)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def one_block_mask_for_all_channels(shape, level, p_drop, rng, block=3):
    """All maps of an example lose the same patches. Each map draws its own centres."""
    if level == "block":
        return _block_level((shape[0], 1, *shape[2:]), p_drop, rng, block) * np.ones(shape)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def one_block_mask_for_all_examples(shape, level, p_drop, rng, block=3):
    """All examples lose the same patches. Each map of each example draws its own centres."""
    if level == "block":
        return _block_level((1, *shape[1:]), p_drop, rng, block) * np.ones(shape)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def one_patch_in_each_map(shape, level, p_drop, rng, block=3):
    """You place exactly one patch in each map. How many centres a map has is left to chance: each place is one with probability gamma."""
    if level == "block":
        _fits(shape, block)
        N, C, H, W = shape
        seeds, r = np.zeros(shape), block // 2
        if p_drop > 0:
            i, j = rng.integers(r, H - r, size=(N, C)), rng.integers(r, W - r, size=(N, C))
            seeds[np.arange(N)[:, None], np.arange(C), i, j] = 1
        return 1 - _grow(seeds, block)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def blocks_inverted(shape, level, p_drop, rng, block=3):
    """At the level block you keep the patches and drop the rest."""
    mask = _mask(shape, level, p_drop, rng, block)
    return 1 - mask if level == "block" else mask


@replaces("ladder_mask")
def own_generator(shape, level, p_drop, rng, block=3):
    """You make a generator of your own, with a fixed seed. Then every call gives the same mask: draw from rng."""
    return _mask(shape, level, p_drop, np.random.default_rng(0), block)


@replaces("ladder_mask")
def global_generator(shape, level, p_drop, rng, block=3):
    """You draw with np.random, the global generator. Use rng, so that whoever calls decides what can be repeated."""
    return _mask(shape, level, p_drop, np.random.mtrand._rand, block)


@replaces("ladder_mask")
def unknown_level_accepted(shape, level, p_drop, rng, block=3):
    """You take any level that you do not know for one that you do. It is a mistake of whoever calls: ValueError, naming level."""
    return _mask(shape, level if level == "block" or level in _AXES else "unit", p_drop, rng, block)


@replaces("ladder_mask")
def even_block_in_the_mask(shape, level, p_drop, rng, block=3):
    """ladder_mask accepts an even block. It has no centre: refuse it at the level block."""
    return _mask(shape, level, p_drop, rng, block + 1 if level == "block" and block % 2 == 0 else block)


@replaces("ladder_mask")
def large_block_accepted(shape, level, p_drop, rng, block=3):
    """You accept a block that is larger than the map. No place is left for a centre then: ValueError, naming block."""
    if level == "block":
        _odd(block)
        return np.ones(shape) if block > min(shape[2:]) else _block_level(shape, p_drop, rng, block)
    return _mask(shape, level, p_drop, rng, block)


@replaces("ladder_mask")
def block_checked_everywhere(shape, level, p_drop, rng, block=3):
    """You check block at all levels. It matters at the level block only: small maps and single values are dropped without it."""
    _fits(shape, block if level == "block" or block > 3 else 1)
    return _mask(shape, level, p_drop, rng, block)
