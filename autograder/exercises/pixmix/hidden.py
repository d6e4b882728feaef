"""Hidden tests of pixmix_combine and pixmix: each is tested without the help of the other.

A result of pixmix is replayed from what it lists. Each question to traindeep.chance refuses a right answer with
probability 1e-9 at most.
"""

import numpy as np
from traindeep.exercises.pixmix import (
    _generator,
    _images_afterwards,
    _laws,
    _refused,
    _replayed,
    _rounds,
)

from autograder.exercise import part

PARTS = {"combine": 3, "pipeline": 2, "distribution": 1}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- combine ---------------------------------------------------------------------------------------------


def _pictures(rng, *shape):
    """Two pictures, with black and white in all combinations."""
    x, z = rng.uniform(0.1, 0.9, size=(2, *shape))
    x[0, 0, :4], z[0, 0, :4] = (0, 0, 1, 1), (0, 1, 0, 1)
    return x, z


# Only test_add hands out the pictures themselves: who writes into them pays for it once.
def _mixed(student, x, z, op, a, b):
    return {"out": student.pixmix_combine(x.copy(), z.copy(), op, a, b)}


@part("combine")
def test_add(compare, rng):
    """ "add" works around grey and clips what leaves [0, 1]."""
    for shape in ((2, 3, 5), (1, 4, 4), (3, 5, 4)):
        compare(
            "pixmix_combine", *_pictures(rng, *shape), "add", float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.1, 0.4))
        )
        compare(
            "pixmix_combine",
            *_pictures(rng, *shape),
            "add",
            float(rng.uniform(1.2, 1.9)),
            -float(rng.uniform(0.1, 0.4)),
        )


@part("combine")
def test_mul(compare, rng):
    """ "mul" works around 1 and clips what leaves [0, 1]."""
    for shape in ((2, 3, 5), (1, 4, 4), (3, 5, 4)):
        compare(_mixed, *_pictures(rng, *shape), "mul", float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.1, 0.4)))


@part("combine")
def test_mul_with_a_negative_power(compare, rng):
    """A negative b in "mul" makes dark parts of z bright; black is no reason for infinities or nan."""
    for shape in ((2, 3, 5), (1, 4, 4)):
        compare(_mixed, *_pictures(rng, *shape), "mul", float(rng.uniform(1.2, 1.9)), -float(rng.uniform(0.1, 0.9)))


@part("combine")
def test_kinds_of_pictures(compare, rng):
    """float32 pictures and black-and-white pictures of whole numbers are right, too."""
    x, z = rng.integers(0, 2, size=(2, 1, 6, 7))
    for op in ("add", "mul"):
        compare(_mixed, x, z, op, 0.7, 0.3)
        compare(_mixed, *(picture.astype(np.float32) for picture in _pictures(rng, 2, 3, 5)), op, 1.4, -0.2)


@part("combine", supporting=True)
def test_bad_input(compare, rng):
    """Another op, and pictures of different shapes, even if they would broadcast, are refused by name."""
    x = rng.uniform(size=(2, 3, 4))
    compare(_refused, x, (((2, 3, 4), "sub"), ((2, 3, 1), "add"), ((3, 4), "mul"), ((2, 4, 3), "add")))
    for op in ("multiply", "Add", ""):
        compare.refuses("pixmix_combine", x, x, op, 1.0, 0.5, naming=("op",))
    for shape in ((2, 3, 1), (3, 4), (2, 4, 3)):
        compare.refuses("pixmix_combine", x, np.ones(shape), "add", 1.0, 0.5, naming=("x", "z"))


# ---- pipeline --------------------------------------------------------------------------------------------


# Three operations that draw nothing: inverted, mirrored, moved.
OPS = (
    lambda img, rng: 1 - np.asarray(img),
    lambda img, rng: np.asarray(img)[:, :, ::-1].copy(),
    lambda img, rng: np.roll(np.asarray(img), 1, axis=1),
)


@part("pipeline")
def test_replayed(compare, rng):
    """The image is what the rounds make of the start, each with an augmented copy of the original or with mix_img."""
    img, mix_img = rng.uniform(0.1, 0.9, size=(2, 2, 3, 4))
    compare(_replayed, img, mix_img, 4, _seed(rng), 60)
    compare(_images_afterwards, img, mix_img, _seed(rng))


@part("pipeline")
def test_start(compare, rng):
    """Without rounds the image is the original, or an augmented copy of it."""
    img, mix_img = rng.uniform(0.1, 0.9, size=(2, 2, 3, 4))
    compare(_replayed, img, mix_img, 0, _seed(rng), 40)


@part("pipeline", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng, that of the operations as well: equal generators give equal images."""
    compare(_generator, rng.uniform(0.1, 0.9, size=(2, 3, 4)), _seed(rng))


# ---- distribution ----------------------------------------------------------------------------------------


@part("distribution", supporting=True)
def test_number_of_rounds(compare, rng):
    """The number of rounds and the kind of start have their laws."""
    compare(_rounds, 4, _seed(rng), 200)


@part("distribution")
def test_laws(compare, rng):
    """What is drawn in each round has its law, for two values of beta."""
    compare(_laws, 40, 3.0, _seed(rng), 25)
    compare(_laws, 40, 1.5, _seed(rng), 25)
