"""Hidden tests of hflip, random_hflip and random_crop.

A crop is compared with the place that was returned with it; then the places are counted. Each question to traindeep.chance
refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep.exercises.random_flip_crop import (
    _crop,
    _crop_generator,
    _flip,
    _flip_generator,
    _maybe,
    _places,
    _refused,
    _whole,
)

from autograder.exercise import part

PARTS = {"flip": 2, "crop values": 2, "distribution": 2}


def _seed(rng):
    return int(rng.integers(2**31))


def _img(rng, *shape):
    return rng.uniform(1, 2, shape)


def _bytes(rng, *shape):
    return rng.permutation(np.arange(1, 251, dtype=np.uint8))[: np.prod(shape)].reshape(shape)


# ---- flip ------------------------------------------------------------------------------------------------


@part("flip")
def test_mirror_image(compare, rng):
    """Left and right are swapped; channels, rows and the dtype stay, and so does the image that was given."""
    compare(_flip, _img(rng, 3, 4, 5))
    compare(_flip, _img(rng, 2, 6, 3).astype(np.float32))
    compare(_flip, _bytes(rng, 3, 5, 7))
    compare(_flip, _img(rng, 4, 4, 4))
    compare(_flip, _bytes(rng, 1, 2, 9) > 125)


@part("flip", supporting=True)
def test_flipped_says_what_was_done(compare, rng):
    """With flipped = True comes the mirror image, with False the image, in the dtype of the image."""
    for p in (0.0, 1.0):
        compare(_maybe, _img(rng, 3, 4, 5), p, calls=12, seed=_seed(rng))
    compare(_maybe, _bytes(rng, 2, 3, 4), 1.0, calls=3, seed=_seed(rng))


@part("flip", supporting=True)
def test_bad_probability(compare, rng):
    """A probability below 0 or above 1 is refused."""
    compare(_refused, _img(rng, 2, 3, 4), (-0.01, 1.01, 3), ())
    for p in (-0.01, 1.01, 3):
        compare.refuses("random_hflip", _img(rng, 2, 3, 4), p, np.random.default_rng(1), naming=("p",))


# ---- crop values -----------------------------------------------------------------------------------------


@part("crop values")
def test_crop_is_from_its_place(compare, rng):
    """The crop is what the padded image has at the place that is returned, for all kinds of sizes."""
    for shape, size, pad in (((3, 7, 5), 4, 0), ((2, 5, 9), 3, 2), ((1, 6, 6), 6, 1), ((4, 3, 4), 8, 3)):
        compare(_crop, _img(rng, *shape), size, pad, seed=_seed(rng))
        compare(_crop, _img(rng, *shape), size, pad, seed=_seed(rng))


@part("crop values")
def test_frame_of_zeros(compare, rng):
    """The frame is of zeros and lies around rows and columns, not around channels."""
    compare(_whole, _img(rng, 3, 4, 4), 2)
    compare(_whole, _bytes(rng, 2, 5, 5), 1)
    compare(_whole, _img(rng, 1, 3, 3), 0)


@part("crop values")
def test_kinds_of_numbers(compare, rng):
    """Bytes stay bytes, float32 stays float32, truth values stay truth values."""
    compare(_crop, _bytes(rng, 3, 6, 4), 3, 1, seed=_seed(rng))
    compare(_crop, _img(rng, 3, 4, 6).astype(np.float32), 4, 1, seed=_seed(rng))
    compare(_crop, _bytes(rng, 2, 4, 5) > 125, 2, 0, seed=_seed(rng))


@part("crop values", supporting=True)
def test_bad_crops(compare, rng):
    """A negative frame is refused, and a square that is too large for rows or for columns."""
    compare(_refused, _img(rng, 2, 5, 6), (), ((5, 0), (9, 2), (3, -1), (6, 0), (8, 1)))
    for shape, size, pad, name in (
        ((2, 5, 6), 3, -1, "pad"),
        ((2, 5, 6), 6, 0, "size"),
        ((2, 6, 5), 6, 0, "size"),
        ((2, 5, 6), 8, 1, "size"),
    ):
        compare.refuses("random_crop", _img(rng, *shape), size, pad, np.random.default_rng(1), naming=(name,))


# ---- distribution ----------------------------------------------------------------------------------------


# An answer that crops nothing may still draw places rightly.
@part("distribution", supporting=True)
def test_places(compare, rng):
    """Every place occurs equally often, the last row and the last column included; the axes are independent."""
    compare(_places, _img(rng, 1, 5, 4), 3, 0, calls=300, seed=_seed(rng))
    compare(_places, _img(rng, 1, 2, 3), 2, 1, calls=420, seed=_seed(rng))


@part("distribution", supporting=True)
def test_places_at_the_ends(compare, rng):
    """The first and the last place are as likely as those between them."""
    compare(_places, _img(rng, 1, 4, 4), 2, 0, calls=800, seed=_seed(rng))


@part("distribution", supporting=True)
def test_how_often_flipped(compare, rng):
    """An image is mirrored with probability p."""
    for p in (0.2, 0.65):
        compare(_maybe, _img(rng, 1, 2, 3), p, calls=300, seed=_seed(rng))


@part("distribution", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal draws, later calls give others, nothing else is touched."""
    compare(_flip_generator, _img(rng, 1, 2, 3), calls=60, seed=_seed(rng))
    compare(_crop_generator, _img(rng, 1, 6, 5), 2, 2, calls=20, seed=_seed(rng))
