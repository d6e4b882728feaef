"""What is dropped together: single values, maps, patches, or the branch of a whole example.

Sources: Srivastava et al., JMLR 15, 2014 (values); Tompson et al., arXiv:1411.4280 (maps); Ghiasi, Lin, Le, "DropBlock: A
Regularization Method for Convolutional Networks", arXiv:1810.12890 (patches); Huang, Sun, Liu, Sedra, Weinberger, "Deep
Networks with Stochastic Depth", arXiv:1603.09382 (branches).
"""

import numpy as np

from traindeep.reference.dropout import sample_keep_mask

Array = np.ndarray


def dropblock_expand(seeds: Array, block: int) -> Array:
    """Zeros in a block x block square around each seed, ones elsewhere; squares are cut off at the border.

    Args:
        seeds: (N, C, H, W) array of 0 and 1.
        block: Side of a square, odd.

    Returns:
        (N, C, H, W) keep mask.

    Raises:
        ValueError: block is even.

    Source: Ghiasi, Lin, Le, arXiv:1810.12890, algorithm 1.

    >>> dropblock_expand(np.array([0, 0, 0, 1, 0]).reshape(1, 1, 1, 5), 3).ravel()
    array([1., 1., 0., 0., 0.])
    """
    if block % 2 == 0:
        raise ValueError(f"block must be odd, got {block}")
    keep = np.ones(np.shape(seeds))
    r = block // 2
    for n, c, i, j in np.argwhere(seeds):
        keep[n, c, max(i - r, 0) : i + r + 1, max(j - r, 0) : j + r + 1] = 0
    return keep


def ladder_mask(
    shape: tuple[int, int, int, int], level: str, p_drop: float, rng: np.random.Generator, block: int = 3
) -> Array:
    """A keep mask in which values of one unit, channel, block or branch share their fate.

    Unit: each value. Channel: each map (n, c). Branch: each example n. Each is dropped with probability p_drop. Block:
    every map draws centres, where a whole patch fits, each with probability

        gamma = p_drop / block^2 * H W / ((H - block + 1) (W - block + 1))

    and loses the patches around them. Overlaps make the expected loss a little smaller than p_drop.

    Args:
        shape: (N, C, H, W).
        level: "unit", "channel", "block" or "branch".
        p_drop: Rate, in [0, 1].
        rng: The only source of randomness.
        block: Side of a patch, for the level block.

    Returns:
        (N, C, H, W) array of 0 and 1.

    Raises:
        ValueError: Unknown level; an even block, or one that does not fit (level block).

    >>> ladder_mask((2, 3, 4, 5), "branch", 0.0, np.random.default_rng(1)).shape
    (2, 3, 4, 5)
    """
    N, C, H, W = shape
    if level == "block":
        if block > min(H, W):
            raise ValueError(f"block must be at most {min(H, W)}, got {block}")
        fits = (N, C, H - block + 1, W - block + 1)
        gamma = p_drop / block**2 * (H * W) / (fits[2] * fits[3])
        seeds = 1 - sample_keep_mask(fits, gamma, rng)
        r = block // 2
        return dropblock_expand(np.pad(seeds, ((0, 0), (0, 0), (r, r), (r, r))), block)
    shared = {"unit": (N, C, H, W), "channel": (N, C, 1, 1), "branch": (N, 1, 1, 1)}
    if level not in shared:
        raise ValueError(f"level must be one of unit, channel, block, branch, got {level!r}")
    return sample_keep_mask(shared[level], p_drop, rng) * np.ones(shape)
