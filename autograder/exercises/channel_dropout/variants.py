"""Right answers to channel_dropout, written in other ways."""

import numpy as np


def _keep(x, p_drop):
    if p_drop < 0 or p_drop > 1:
        raise ValueError(f"p_drop is {p_drop}")
    if len(np.shape(x)) != 4:
        raise ValueError(f"x has shape {np.shape(x)}")
    return 1 - p_drop


def reshaped(x, p_drop, rng, train):
    """A flat mask from rng.random, reshaped; bool; np.where."""
    keep, (n, c, _, _) = _keep(x, p_drop), np.shape(x)
    if not train:
        return x, np.ones((n, c, 1, 1), dtype=bool)
    mask = (rng.random(n * c) < keep).reshape(n, c, 1, 1)
    return np.where(mask, np.asarray(x) / (keep or 1), 0), mask


def rows_of_pixels(x, p_drop, rng, train):
    """x as rows of pixels, (N C, H W); rng.binomial; whole numbers."""
    keep, x = _keep(x, p_drop), np.asarray(x, dtype=float)
    n, c = x.shape[:2]
    mask = rng.binomial(1, keep, n * c) if train else np.ones(n * c, dtype=int)
    y = x.reshape(n * c, -1) * mask[:, None]
    if train and keep:
        y /= keep
    return y.reshape(x.shape), mask.reshape(n, c, 1, 1)


def repeated(x, p_drop, rng, train):
    """The mask is repeated over the pixels before it is used; rng.uniform."""
    keep, x = _keep(x, p_drop), np.asarray(x)
    n, c, h, w = x.shape
    mask = np.ones((n, c, 1, 1), dtype=np.float32)
    if not train:
        return x.copy(), mask
    mask -= rng.uniform(0, 10, size=mask.shape) < 10 * p_drop
    full = np.repeat(np.repeat(mask, h, axis=2), w, axis=3)
    return x * full / max(keep, 1e-9), mask


def map_by_map(x, p_drop, rng, train):
    """A loop over channels, then examples; rng.choice; unsigned bytes."""
    keep, y = _keep(x, p_drop), np.array(x, dtype=float)
    mask = np.ones((*y.shape[:2], 1, 1), dtype=np.uint8)
    if train:
        for j in range(y.shape[1]):
            for i in range(y.shape[0]):
                mask[i, j] = rng.choice([0, 1], p=[p_drop, 1 - p_drop])
                y[i, j] = y[i, j] / keep if mask[i, j, 0, 0] else 0.0
    return y, mask


def dropped_by_index(x, p_drop, rng, train):
    """Whole numbers below 10^6; the dropped maps are found by index and set to 0."""
    keep, y = _keep(x, p_drop), np.array(x, dtype=float)
    mask = np.ones((*y.shape[:2], 1, 1))
    if train:
        i, j = np.nonzero(rng.integers(10**6, size=y.shape[:2]) < round(10**6 * p_drop))
        mask[i, j] = 0
        y[i, j] = 0
        y *= 1 / keep if keep else 0
    return y, mask


def by_einsum(x, p_drop, rng, train):
    """Scale and mask as one (N, C) array, in an einsum."""
    keep, x = _keep(x, p_drop), np.asarray(x, dtype=float)
    kept = rng.random(x.shape[:2]) >= p_drop if train else np.ones(x.shape[:2], dtype=bool)
    factor = kept / keep if train and keep else kept * 1.0
    return np.einsum("nchw,nc->nchw", x, factor), kept[..., None, None]


def torch_bernoulli(x, p_drop, rng, train):
    """A torch generator with a seed from rng; broadcasting of tensors."""
    import torch

    keep, x = _keep(x, p_drop), torch.tensor(np.asarray(x, dtype=float))
    kept = torch.ones(*x.shape[:2], 1, 1, dtype=x.dtype)
    if not train:
        return x.numpy(), kept.numpy()
    kept = torch.bernoulli(kept * keep, generator=torch.Generator().manual_seed(int(rng.integers(2**62))))
    return (x * kept / (keep or 1.0)).numpy(), kept.numpy()
