"""Right answers to dropout_backward, written in other ways."""

import numpy as np


def _refuse(dy, mask):
    if np.shape(dy) != np.shape(mask):
        raise ValueError(f"dy {np.shape(dy)} and mask {np.shape(mask)}")


def where(dy, mask, p_drop):
    """np.where, with a scale that is never infinite."""
    _refuse(dy, mask)
    return np.where(np.asarray(mask) == 1, np.asarray(dy) / (1 - p_drop or 1), 0)


def scaled_mask(dy, mask, p_drop):
    """The slope of y first, as an array, then the product."""
    _refuse(dy, mask)
    slope = np.array(mask, dtype=float)
    slope[slope > 0] = 1 / (1 - p_drop) if p_drop < 1 else 0
    return np.multiply(slope, dy)


def assigned(dy, mask, p_drop):
    """Zeros, filled where something was kept; with p_drop = 1 there is nothing to fill."""
    _refuse(dy, mask)
    dx, kept = np.zeros(np.shape(dy)), np.asarray(mask, dtype=bool)
    dx[kept] = np.asarray(dy)[kept] / (1 - p_drop) if kept.any() else 0
    return dx


def nan_removed(dy, mask, p_drop):
    """0 / 0 turned into 0 afterwards."""
    _refuse(dy, mask)
    with np.errstate(all="ignore"):
        return np.nan_to_num(dy * np.asarray(mask, dtype=float) / np.float64(1 - p_drop), nan=0.0)


def by_einsum(dy, mask, p_drop):
    """An elementwise einsum of flat arrays, in a loop over blocks."""
    _refuse(dy, mask)
    flat, kept = np.asarray(dy, dtype=float).reshape(-1), np.asarray(mask, dtype=float).reshape(-1)
    product = np.einsum("i,i->i", flat, kept) * (0.0 if p_drop == 1 else (1 - p_drop) ** -1)
    return product.reshape(np.shape(dy))


def torch_product(dy, mask, p_drop):
    """Tensors, without autograd."""
    import torch

    _refuse(dy, mask)
    gradient = torch.from_numpy(np.array(dy, dtype=float)).masked_fill(torch.tensor(np.asarray(mask) == 0), 0)
    return (gradient / (1 - p_drop)).numpy() if p_drop != 1 else torch.zeros_like(gradient).numpy()
