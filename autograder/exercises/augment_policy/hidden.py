"""Hidden tests of trivial_augment and rand_augment: each is tested without the help of the other.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most; that 900 calls miss the smallest or
the largest of 31 strengths has probability 3e-13.
"""

import numpy as np
from traindeep.exercises.augment_policy import (
    _asked,
    _chosen,
    _generator,
    _image_afterwards,
    _rand,
    _rand_with,
    _refused,
    _trivial,
)

from autograder.exercise import part

PARTS = {"trivial": 3, "rand": 2}


def _seed(rng):
    return int(rng.integers(2**32))


def _img(rng):
    return rng.uniform(1.1, 1.9, size=(1, 2, 3))


NAMES = ("add", "subtract", "multiply")  # NumPy's own, as operations: op(img, m)


@part("trivial")
def test_trivial(compare, rng):
    """One operation and one strength, both uniform and independent; the image is what they make of it."""
    compare(_trivial, _img(rng), _seed(rng), 900)


@part("trivial")
def test_levels(compare, rng):
    """The number of strengths is an argument."""
    compare(_trivial, _img(rng), _seed(rng), 300, 5)
    compare(_trivial, _img(rng), _seed(rng), 100, 1)


@part("trivial")
def test_trivial_calls(compare, rng):
    """One operation is called, once, with the image and the strength."""
    compare(_asked, _img(rng), _seed(rng), "trivial")
    compare(_image_afterwards, _img(rng), _seed(rng), "trivial")


@part("trivial", supporting=True)
def test_trivial_generator(compare, rng):
    """All randomness of trivial_augment comes from rng."""
    compare(_generator, _img(rng), _seed(rng), "trivial")


@part("trivial", supporting=True)
def test_trivial_bad_input(compare, rng):
    """trivial_augment refuses an empty list of operations by name."""
    compare(_refused, _img(rng), "trivial", (2, 0))
    compare.refuses("trivial_augment", _img(rng), [], np.random.default_rng(1), naming=("ops",))


@part("rand")
def test_rand(compare, rng):
    """n operations, one after the other in the order of the list, all with strength m."""
    for n, m in ((3, 7), (6, 2), (1, 30), (0, 9), (2, 0)):
        compare(_rand, _img(rng), n, m, _seed(rng), 12 if n > 1 else 3)


@part("rand")
def test_rand_calls(compare, rng):
    """n operations are called, each with an image and the strength."""
    compare(_asked, _img(rng), _seed(rng), "rand")
    compare(_image_afterwards, _img(rng), _seed(rng), "rand")


@part("rand", supporting=True)
def test_rand_draws(compare, rng):
    """The operations are drawn uniformly, with replacement, and anew in each call."""
    compare(_chosen, _img(rng), 600, _seed(rng))


@part("rand", supporting=True)
def test_rand_generator(compare, rng):
    """All randomness of rand_augment comes from rng."""
    compare(_generator, _img(rng), _seed(rng), "rand")


@part("rand", supporting=True)
def test_rand_bad_input(compare, rng):
    """rand_augment refuses an empty list of operations, an n below 0 and an m outside 0..30, all by name."""
    img = _img(rng)
    compare(_refused, img, "rand", ((2, 2, 5), (0, 2, 5), (2, -1, 5), (2, 2, 31), (2, 2, -1)))
    compare.refuses("rand_augment", img, [], 2, 5, np.random.default_rng(1), naming=("ops",))
    compare.refuses(_rand_with, img, -1, 5, naming=("n",))
    for m in (31, -1):
        compare.refuses(_rand_with, img, 2, m, naming=("m",))
