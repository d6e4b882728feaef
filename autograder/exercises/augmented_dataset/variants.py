"""Right answers to the exercise on data sets, written in other ways."""

import hashlib

import numpy as np
import torch
from torch.utils.data import Dataset

from autograder.exercise import replaces


@replaces("AugmentedDataset")
class spawned(Dataset):
    """A SeedSequence with a spawn key; the image is copied by arithmetic."""

    def __init__(self, X, y, transform, seed):
        self.data, self.targets, self.f, self.entropy = X, y, transform, seed
        self.set_epoch(0)

    def set_epoch(self, e):
        self.current = int(e)

    def __len__(self):
        return self.data.shape[0]

    def __getitem__(self, i):
        sequence = np.random.SeedSequence(self.entropy, spawn_key=(self.current, int(i)))
        return self.f(self.data[i] + 0, np.random.default_rng(sequence)), self.targets[i]


@replaces("AugmentedDataset")
class hashed:
    """A hash of the three numbers as text; no base class; a list for the item; its own copy of the data."""

    epoch = 0

    def __init__(self, X, y, transform, seed):
        self.items = list(zip(X.copy(), y.tolist(), strict=True))
        self.transform, self.seed = transform, seed

    def set_epoch(self, e):
        self.epoch = e

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        digest = hashlib.sha256(f"{self.seed}/{self.epoch}/{i}".encode()).digest()
        image, label = self.items[i]
        return [self.transform(image.copy(), np.random.default_rng(int.from_bytes(digest[:16], "big"))), label]


@replaces("AugmentedDataset")
class many_bits(Dataset):
    """One large number, 64 bits for each of the three; labels as tensors; another bit generator."""

    def __init__(self, X, y, transform, seed):
        super().__init__()
        self.X, self.y = X, torch.as_tensor(y)
        self.transform, self.key = transform, [seed, 0]

    def set_epoch(self, e):
        self.key[1] = e

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        seed, epoch = self.key
        bits = np.random.Philox((seed << 128) + (epoch << 64) + i + 1)
        return self.transform(np.copy(self.X[i]), np.random.Generator(bits)), self.y[i]


@replaces("AugmentedDataset")
class jumped(Dataset):
    """A generator for seed and epoch, of which each image uses a stretch of its own."""

    def __init__(self, X, y, transform, seed):
        self.X, self.y, self.transform, self.seed, self.e = X, y, transform, seed, 0

    def set_epoch(self, e):
        self.e = e

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        bits = np.random.PCG64(np.random.SeedSequence([self.seed, self.e]))
        bits.advance(i << 64)
        return self.transform(self.X[i].copy(), np.random.Generator(bits)), self.y[i]


def _k(k):
    if k <= 0:
        raise ValueError(f"k = {k}")
    return k


@replaces("precompute")
def one_generator_for_all(X, y, transform, k, seed):
    """One generator for everything: here the order is fixed."""
    rng = np.random.default_rng(seed)
    images = [transform(img.copy(), rng) for _ in range(_k(k)) for img in X]
    return np.array(images), np.concatenate([np.array(y) for _ in range(k)])


@replaces("precompute")
def spawned_generators(X, y, transform, k, seed):
    """A spawned generator for each image; the result is filled in."""
    out = np.empty((_k(k), *X.shape))
    for copy, one in zip(out, np.random.default_rng(seed).spawn(k), strict=True):
        for i, rng in enumerate(one.spawn(len(X))):
            copy[i] = transform(np.array(X[i]), rng)
    return out.reshape(-1, *X.shape[1:]), np.array([label for _ in range(k) for label in y])


@replaces("precompute")
def by_index(X, y, transform, k, seed):
    """One index for all k N images."""
    index = np.arange(_k(k) * len(X)) % len(X)
    images = [transform(X[i].copy(), np.random.default_rng([seed, j])) for j, i in enumerate(index)]
    return np.stack(images), y[index]


@replaces("stored_bytes")
def product(X, k):
    """A product of the shape, itemsize and k."""
    return int(np.prod([_k(k), *X.shape]) * X.itemsize)


@replaces("stored_bytes")
def of_raw_bytes(X, k):
    """The length of the bytes themselves."""
    return len(X.tobytes()) * _k(k)
