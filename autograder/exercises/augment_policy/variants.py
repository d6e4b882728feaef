"""Right answers to trivial_augment and rand_augment, written in other ways."""

import functools

import numpy as np
import torch

from autograder.exercise import replaces


def _some(ops):
    if len(ops) == 0:
        raise ValueError("ops has no entries")


@replaces("trivial_augment")
def one_of_all_pairs(img, ops, rng, levels=31):
    """One number for all pairs."""
    _some(ops)
    op, m = divmod(int(rng.integers(len(ops) * levels)), levels)
    return ops[op](img, m), (op, m)


@replaces("trivial_augment")
def choice(img, ops, rng, levels=31):
    """rng.choice, the strength first; NumPy integers."""
    _some(ops)
    m = rng.choice(np.arange(levels))
    op = rng.choice(len(ops))
    return ops[op](img.copy(), m), (op, m)


@replaces("trivial_augment")
def floor_of_random(img, ops, rng, levels=31):
    """Uniform numbers, stretched and rounded down; a list."""
    _some(ops)
    u, v = rng.random(2)
    drawn = [int(u * len(ops)), int(np.floor(v * levels))]
    return ops[drawn[0]](img, drawn[1]), drawn


@replaces("trivial_augment")
def torch_generator(img, ops, rng, levels=31):
    """A torch generator with a seed from rng."""
    _some(ops)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    op, m = (int(torch.randint(size, (1,), generator=generator)) for size in (len(ops), levels))
    return ops[op](img, m), (op, m)


def _refuse(ops, n, m):
    _some(ops)
    if n < 0:
        raise ValueError(f"n is {n}")
    if m not in range(31):
        raise ValueError(f"m is {m}")


@replaces("rand_augment")
def one_by_one(img, ops, n, m, rng):
    """Drawn and applied one by one."""
    _refuse(ops, n, m)
    chosen = []
    while len(chosen) < n:
        chosen.append(int(rng.integers(0, len(ops) - 1, endpoint=True)))
        img = ops[chosen[-1]](img, m)
    return img, chosen


@replaces("rand_augment")
def reduced(img, ops, n, m, rng):
    """rng.choice with replacement, and reduce."""
    _refuse(ops, n, m)
    chosen = rng.choice(len(ops), n, replace=True).tolist()
    return functools.reduce(lambda out, i: ops[i](out, m), chosen, img), chosen


@replaces("rand_augment")
def recursion(img, ops, n, m, rng):
    """Through all orders: the first of a random permutation, each time; in a loop over a generator."""
    _refuse(ops, n, m)
    chosen, out = [], np.array(img)
    for i in (rng.permutation(len(ops))[0] for _ in range(n)):
        out = ops[i](out, m)
        chosen += [int(i)]
    return out, chosen
