"""Right answers to dropblock_expand and ladder_mask: other filters, other methods of the generator, other dtypes."""

import numpy as np
from scipy import ndimage, signal

from autograder.exercise import replaces


def _odd(block):
    if block % 2 != 1:
        raise ValueError(f"block = {block} is even")


@replaces("dropblock_expand")
def maximum_filter(seeds, block):
    """scipy's maximum filter."""
    _odd(block)
    return 1 - ndimage.maximum_filter(np.asarray(seeds).astype(float), size=(1, 1, block, block), mode="constant")


@replaces("dropblock_expand")
def loops(seeds, block):
    """Four loops; whole numbers."""
    _odd(block)
    r, (N, C, H, W) = block // 2, np.shape(seeds)
    keep = np.ones((N, C, H, W), dtype=int)
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    if np.any(seeds[n, c, max(0, i - r) : i + r + 1, max(0, j - r) : j + r + 1]):
                        keep[n, c, i, j] = 0
    return keep


@replaces("dropblock_expand")
def torch_max_pool(seeds, block):
    """torch's max pooling with stride 1 and padding."""
    import torch
    import torch.nn.functional as F

    _odd(block)
    seeds = torch.as_tensor(np.asarray(seeds, dtype=np.float32))
    return (1 - F.max_pool2d(seeds, block, stride=1, padding=block // 2)).numpy()


@replaces("dropblock_expand")
def convolution(seeds, block):
    """How many seeds are near, counted with convolve2d; bool."""
    _odd(block)
    maps = np.reshape(seeds, (-1, *np.shape(seeds)[2:])).astype(float)
    near = [signal.convolve2d(m, np.ones((block, block)), mode="same") for m in maps]
    return (np.array(near) < 0.5).reshape(np.shape(seeds))


@replaces("dropblock_expand")
def windows(seeds, block):
    """Sliding windows of the padded seeds."""
    _odd(block)
    r = block // 2
    padded = np.pad(np.asarray(seeds, dtype=bool), [(0, 0), (0, 0), (r, r), (r, r)])
    return ~np.lib.stride_tricks.sliding_window_view(padded, (block, block), axis=(2, 3)).any(axis=(-2, -1))


def _places(shape, block):
    if block % 2 == 0:
        raise ValueError("block: odd numbers only")
    H, W = shape[2:]
    if block > H or block > W:
        raise ValueError(f"block {block} is larger than the map")
    return H - block + 1, W - block + 1


def _gamma(shape, p_drop, block):
    h, w = _places(shape, block)
    return p_drop * shape[2] * shape[3] / (block * block * h * w)


def _grown(inner, shape, block):
    """Patches from the places where they begin."""
    dropped = np.zeros(shape, dtype=bool)
    h, w = inner.shape[2:]
    for i in range(block):
        for j in range(block):
            dropped[:, :, i : i + h, j : j + w] |= inner.astype(bool)
    return ~dropped


@replaces("ladder_mask")
def binomial(shape, level, p_drop, rng, block=3):
    """rng.binomial for all levels; np.tile and repeat."""
    N, C, H, W = shape
    if level == "unit":
        return rng.binomial(1, 1 - p_drop, size=shape)
    if level == "channel":
        return np.repeat(rng.binomial(1, 1 - p_drop, size=(N, C)), H * W).reshape(shape)
    if level == "branch":
        return np.tile(rng.binomial(1, 1 - p_drop, size=(N, 1, 1, 1)), (1, C, H, W))
    if level == "block":
        inner = rng.binomial(1, _gamma(shape, p_drop, block), size=(N, C, *_places(shape, block)))
        return _grown(inner, shape, block).astype(int)
    raise ValueError("level")


@replaces("ladder_mask")
def uniform_bool(shape, level, p_drop, rng, block=3):
    """rng.uniform, copies of broadcast booleans; patches first."""
    if level == "block":
        gamma = _gamma(shape, p_drop, block)
        return _grown(rng.uniform(size=(*shape[:2], *_places(shape, block))) < gamma, shape, block)
    ones = {"unit": (), "channel": (2, 3), "branch": (1, 2, 3)}.get(level)
    if ones is None:
        raise ValueError(f"no level {level!r}")
    drawn = rng.uniform(size=[1 if axis in ones else n for axis, n in enumerate(shape)]) < 1 - p_drop
    return np.broadcast_to(drawn, shape).copy()


@replaces("ladder_mask")
def choice_one_example_at_a_time(shape, level, p_drop, rng, block=3):
    """rng.choice, example by example; float32."""
    N, C, H, W = shape
    if level not in ("unit", "channel", "block", "branch"):
        raise ValueError("unknown level")
    mask = np.ones(shape, dtype=np.float32)
    rate = _gamma(shape, p_drop, block) if level == "block" else p_drop
    for n in range(N):
        if level == "branch":
            mask[n] = rng.choice([0, 1], p=[rate, 1 - rate])
        elif level == "channel":
            mask[n] = rng.choice([0, 1], size=C, p=[rate, 1 - rate])[:, None, None]
        elif level == "unit":
            mask[n] = rng.choice([0, 1], size=(C, H, W), p=[rate, 1 - rate])
        else:
            inner = rng.choice([0, 1], size=(1, C, *_places(shape, block)), p=[1 - rate, rate])
            mask[n] = _grown(inner, (1, C, H, W), block)[0]
    return mask


@replaces("ladder_mask")
def torch_generator(shape, level, p_drop, rng, block=3):
    """A torch generator with a seed from rng; bernoulli and max pooling."""
    import torch
    import torch.nn.functional as F

    generator, (N, C, H, W) = torch.Generator().manual_seed(int(rng.integers(2**62))), shape
    if level == "block":
        rates = torch.full((N, C, *_places(shape, block)), _gamma(shape, p_drop, block), dtype=torch.float64)
        r = block // 2
        seeds = F.pad(torch.bernoulli(rates, generator=generator), (r, r, r, r))
        return (1 - F.max_pool2d(seeds, block, 1, r)).numpy()
    sizes = {"unit": (N, C, H, W), "channel": (N, C, 1, 1), "branch": (N, 1, 1, 1)}
    if level not in sizes:
        raise ValueError("level not in unit, channel, block, branch")
    drawn = torch.bernoulli(torch.full(sizes[level], 1 - p_drop, dtype=torch.float64), generator=generator)
    return drawn.expand(shape).numpy()


@replaces("ladder_mask")
def integers_and_permutations(shape, level, p_drop, rng, block=3):
    """Whole numbers below 10^7 at the levels with a plain rate; at the level block numbers for all pixels, of which the inner ones count."""
    if level == "block":
        gamma = _gamma(shape, p_drop, block)
        h, w = _places(shape, block)
        return _grown((rng.random(shape) < gamma)[:, :, :h, :w], shape, block).astype(np.uint8)
    if level == "unit":
        units = np.arange(np.prod(shape)).reshape(shape)
    elif level == "channel":
        units = np.arange(shape[0] * shape[1]).reshape(*shape[:2], 1, 1)
    elif level == "branch":
        units = np.arange(shape[0]).reshape(-1, 1, 1, 1)
    else:
        raise ValueError(f"level is {level}")
    keep = rng.integers(10**7, size=units.size) >= round(10**7 * p_drop)
    return np.broadcast_to(keep[units], shape).astype(float)
