"""Augmentation while training, and augmentation in advance.

A random number that depends on nothing but (seed, epoch, index) cannot depend on the order of the visits, on the number of
workers or on what else draws random numbers.

Source: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 4.1
("do not need to be stored on disk").
"""

from collections.abc import Callable

import numpy as np
from torch.utils.data import Dataset

Array = np.ndarray
Transform = Callable[[Array, np.random.Generator], Array]


class AugmentedDataset(Dataset):
    """Images that are transformed anew whenever they are looked at.

        ds[i] = (transform(copy of X[i], rng), y[i]),    rng made from (seed, epoch, i)

    One seed, epoch and index always give the same image, whatever was looked at before; other ones give other random
    numbers. The epoch is 0 until set_epoch says otherwise. Global random state is neither used nor changed. X is never
    changed, even if transform works in place.

    Args:
        X: (N, ...) array of images.
        y: (N,) labels.
        transform: transform(img, rng) gives the augmented image; rng is a NumPy generator.
        seed: A whole number, 0 or more.

    >>> ds = AugmentedDataset(np.zeros((2, 1, 1, 1)), np.array([5, 7]), lambda img, rng: img + rng.integers(9), seed=1)
    >>> ds[1][1], len(ds), bool(ds[0][0] == ds[0][0])
    (np.int64(7), 2, True)
    """

    def __init__(self, X: Array, y: Array, transform: Transform, seed: int):
        self.X, self.y, self.transform, self.seed, self.epoch = X, y, transform, seed, 0

    def set_epoch(self, e: int) -> None:
        """Say which epoch it is: a whole number, 0 or more."""
        self.epoch = e

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, i: int) -> tuple[Array, np.integer]:
        image = np.array(self.X[i])
        return self.transform(image, np.random.default_rng([self.seed, self.epoch, i])), self.y[i]


def precompute(X: Array, y: Array, transform: Transform, k: int, seed: int) -> tuple[Array, Array]:
    """k transformed copies of every image, all made in advance: one copy of the whole data set after the other.

    Every copy of every image has random numbers of its own; one seed always gives the same result.

    Args:
        X: (N, ...) array of images; it is not changed.
        y: (N,) labels.
        transform: As for AugmentedDataset.
        k: Number of copies.
        seed: A whole number, 0 or more.

    Returns:
        (images, labels): (kN, ...) and (kN,). Images c N to (c + 1) N - 1 are copy c of X, in the order of X.

    Raises:
        ValueError: k < 1.

    >>> precompute(np.zeros((2, 1)), np.array([5, 7]), lambda img, rng: img, 2, seed=0)[1]
    array([5, 7, 5, 7])
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    copies = AugmentedDataset(X, y, transform, seed)
    images = []
    for c in range(k):
        copies.set_epoch(c)
        images += [copies[i][0] for i in range(len(copies))]
    return np.stack(images), np.tile(y, k)


def stored_bytes(X: Array, k: int) -> int:
    """How many bytes the images of k precomputed copies take, if the transform keeps shape and dtype.

    Raises:
        ValueError: k < 1.

    >>> stored_bytes(np.zeros((10, 3, 8, 8), dtype=np.uint8), 5)
    9600
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return k * X.nbytes
