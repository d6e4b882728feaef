"""Right answers to image_mean_subtract, written in other ways."""

import numpy as np


def _check(train, x, mode):
    if mode not in ("mean_image", "per_channel"):
        raise ValueError(f"{mode} is no mode")
    if np.shape(train)[1:] != np.shape(x)[1:]:
        raise ValueError("train and x show images of different shapes")


def keepdims(train, x, mode):
    """Axes kept with length 1."""
    _check(train, x, mode)
    return x - np.mean(train, axis=0 if mode == "mean_image" else (0, 2, 3), keepdims=True)


def new_axes(train, x, mode):
    """Means of shape (C,) with two new axes."""
    _check(train, x, mode)
    mean = train.mean(axis=0, dtype=float)
    if mode == "per_channel":
        mean = mean.mean(axis=(1, 2))[:, None, None]
    return x.astype(float) - mean


def einsum(train, x, mode):
    """Means by einsum."""
    _check(train, x, mode)
    train = np.asarray(train, dtype=float)
    n, _, h, w = train.shape
    if mode == "mean_image":
        return x - np.einsum("nchw->chw", train) / n
    return x - (np.einsum("nchw->c", train) / (n * h * w)).reshape(-1, 1, 1)


def loops(train, x, mode):
    """One channel and pixel at a time, on a float copy."""
    _check(train, x, mode)
    y = np.array(x, dtype=np.float64)
    for c in range(y.shape[1]):
        if mode == "per_channel":
            y[:, c] -= np.mean(train[:, c])
        else:
            for i, j in np.ndindex(y.shape[2:]):
                y[:, c, i, j] -= np.mean(train[:, c, i, j])
    return y


def flat(train, x, mode):
    """Images as rows; the channel axis to the front."""
    _check(train, x, mode)
    if mode == "mean_image":
        return (x.reshape(len(x), -1) - train.reshape(len(train), -1).mean(axis=0)).reshape(x.shape)
    means = np.moveaxis(train, 1, 0).reshape(train.shape[1], -1).mean(axis=1)
    return np.moveaxis(np.moveaxis(x, 1, -1) - means, -1, 1)
