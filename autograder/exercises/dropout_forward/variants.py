"""Right answers to dropout_forward, written in other ways."""

import numpy as np


def _keep(p_drop):
    if p_drop < 0 or p_drop > 1:
        raise ValueError(f"p_drop is {p_drop}")
    return 1 - p_drop


def where(x, p_drop, rng, train):
    """np.where on a mask of bool from rng.random; nothing is multiplied."""
    keep, x = _keep(p_drop), np.asarray(x)
    mask = rng.random(x.shape) < keep if train else np.ones(x.shape, dtype=bool)
    return np.where(mask, x / (keep if train and keep else 1), 0), mask


def scale_first(x, p_drop, rng, train):
    """x is scaled, then masked with whole numbers from rng.binomial; at test time x itself is returned."""
    keep = _keep(p_drop)
    if not train:
        return x, np.ones_like(x)
    mask = rng.binomial(1, keep, size=np.shape(x))
    return np.divide(x, keep if keep > 0 else 1.0) * mask, mask


def assigned(x, p_drop, rng, train):
    """A copy in which what is dropped is set to 0; rng.uniform; float32 mask."""
    keep = _keep(p_drop)
    y = np.array(x, dtype=float)
    if not train or p_drop == 0:
        return y, np.ones(y.shape, dtype=np.float32)
    dropped = rng.uniform(0, 100, size=y.shape) < 100 * p_drop
    y[dropped] = 0
    y[~dropped] /= keep
    return y, 1 - dropped.astype(np.float32)


def scaled_mask_inside(x, p_drop, rng, train):
    """The scale is multiplied into the mask, and taken out again for the caller; rng.choice."""
    keep, x = _keep(p_drop), np.asarray(x, dtype=float)
    if keep == 0 and train:
        return np.zeros_like(x), np.zeros_like(x)
    mask = rng.choice([0.0, 1 / keep], size=x.shape, p=[1 - keep, keep]) if train else np.ones(x.shape)
    return x * mask, (mask > 0).astype(int)


def chosen_indices(x, p_drop, rng, train):
    """Whole numbers below 10^6; the kept places are found by index and filled in."""
    keep, x = _keep(p_drop), np.asarray(x)
    mask = np.ones(x.shape)
    if not train:
        return x.copy(), mask
    mask.flat[np.flatnonzero(rng.integers(10**6, size=x.size) < round(10**6 * p_drop))] = 0
    y, kept = np.zeros(x.shape), np.nonzero(mask)
    y[kept] = x[kept] / keep
    return y, mask


def loop(x, p_drop, rng, train):
    """Value by value, last one first."""
    keep, x = _keep(p_drop), np.asarray(x)
    y, mask = x.astype(float), np.ones(x.shape, dtype=np.uint8)
    if train:
        for index in reversed(list(np.ndindex(*x.shape))):
            mask[index] = rng.random() < keep
            y[index] = x[index] / keep if mask[index] else 0.0
    return y, mask


def float32(x, p_drop, rng, train):
    """All in float32, as a GPU would."""
    keep, x = np.float32(_keep(p_drop)), np.asarray(x, dtype=np.float32)
    if not train:
        return np.asarray(x), np.ones(x.shape, dtype=np.float32)
    mask = (rng.random(x.shape, dtype=np.float32) >= np.float32(p_drop)).astype(np.float32)
    return x * mask / np.maximum(keep, np.float32(1e-6)), mask


def torch_bernoulli(x, p_drop, rng, train):
    """A torch generator with a seed from rng; masked_fill."""
    import torch

    keep, x = _keep(p_drop), torch.tensor(np.asarray(x, dtype=float))
    if not train:
        return x.numpy(), torch.ones_like(x).numpy()
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    mask = torch.bernoulli(torch.full_like(x, keep), generator=generator)
    return (x / max(keep, 1e-12)).masked_fill(mask == 0, 0).numpy(), mask.bool().numpy()
