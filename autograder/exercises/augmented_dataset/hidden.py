"""Hidden tests of AugmentedDataset, precompute and stored_bytes.

The transform of the tests adds one random number to an image, so it can be read off what was drawn for it.
"""

import numpy as np
from traindeep.exercises.augmented_dataset import (
    _bytes,
    _different,
    _in_place,
    _in_place_in_advance,
    _labels,
    _order,
    _precomputed,
    _precomputed_again,
    _refused,
)

from autograder.exercise import part

PARTS = {"determinism": 2, "variety": 1, "precompute": 2}


def _seed(rng):
    return int(rng.integers(10, 2**31))


def _data(rng, N, C, H, W):
    """Image i begins with 10 i; labels do not follow from their place."""
    X = 10.0 * np.arange(N)[:, None, None, None] + rng.uniform(0, 1, (1, C, H, W))
    X[:, 0, 0, 0] = 10.0 * np.arange(N)
    return X, rng.permutation(50)[:N]


@part("determinism")
def test_items(compare, rng):
    """An image is a function of seed, epoch and index alone: order, other data sets and global states do not matter."""
    compare(_order, *_data(rng, 6, 2, 3, 4), _seed(rng))
    compare(_order, *_data(rng, 9, 1, 2, 2), _seed(rng))


@part("determinism")
def test_labels(compare, rng):
    """The labels go with their images, and nothing happens to them."""
    compare(_labels, *_data(rng, 6, 2, 3, 4))


@part("determinism")
def test_in_place(compare, rng):
    """The data stay as they are even where transform works in place: the next visit gives the same image."""
    compare(_in_place, *_data(rng, 5, 2, 3, 4))


@part("variety")
def test_other_numbers(compare, rng):
    """Every triple of seed, epoch and index has numbers of its own."""
    seed = int(rng.integers(100))
    compare(_different, *_data(rng, 6, 1, 2, 3), (seed, seed + 1, seed + 2), (0, 1, 2), (0, 1, 2, 5))


@part("variety")
def test_large_numbers(compare, rng):
    """That holds for many images and epochs, too."""
    many = np.zeros((1025, 1, 1, 1))
    labels = np.arange(1025)
    compare(_different, many, labels, (0, 1, 10), (0, 1, 10, 100), (0, 1, 10, 100, 1000))
    compare(_different, many, labels, (0, 1, 32), (0, 1, 32, 1024), (0, 1, 32, 256, 1024))


@part("precompute")
def test_precompute(compare, rng):
    """k copies, one after the other, with different random numbers, and labels that go with them."""
    compare(_precomputed, *_data(rng, 5, 2, 3, 4), 3, _seed(rng))
    compare(_precomputed, *_data(rng, 3, 1, 2, 5), 6, _seed(rng))
    compare(_precomputed, *_data(rng, 4, 1, 3, 2), 1, _seed(rng))


@part("precompute")
def test_precompute_again(compare, rng):
    """The same seed gives the same copies, another one others, and global states are left alone."""
    compare(_precomputed_again, *_data(rng, 5, 1, 2, 3), 2, _seed(rng))


@part("precompute")
def test_in_place_in_advance(compare, rng):
    """precompute does not change X either, even where transform works in place."""
    compare(_in_place_in_advance, *_data(rng, 5, 2, 3, 4))


@part("precompute", supporting=True)
def test_bytes(compare, rng):
    """The bytes of k copies of the images, for all kinds of numbers."""
    n = int(rng.integers(3, 9))
    compare(_bytes, (((n, 3, 5, 4), "uint8", 1), ((n, 3, 5, 4), "uint8", 7), ((4, 1, n, 2), "float32", 3)))
    compare(_bytes, (((n, 2, 3, 5), "float64", 2), ((n, 2, 3, 5), "int16", 4), ((1, 1, 1, 1), "uint8", 1)))


@part("precompute", supporting=True)
def test_bad_number_of_copies(compare, rng):
    """Fewer than one copy are refused, by precompute and by stored_bytes."""
    compare(_refused, (0, -1, -3))
    X, y = _data(rng, 3, 1, 2, 2)
    for k in (0, -2):
        compare.refuses("precompute", X, y, _nothing, k, 1, naming=("k",))
        compare.refuses("stored_bytes", X, k, naming=("k",))


def _nothing(img, rng):
    return img
