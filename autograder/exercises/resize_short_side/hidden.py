"""Hidden tests of resize_bilinear and random_short_side_crop.

A crop is compared with a piece of the student's own resized image, or of the right one, so a mistake in the resizing costs
its points once. Each question to traindeep.chance refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep.exercises.resize_short_side import _crop, _generator, _places, _refused, _resized, _sides

from autograder.exercise import part

PARTS = {"resize": 3, "geometry": 2, "distribution": 1}


def _seed(rng):
    return int(rng.integers(2**31))


def _img(rng, *shape):
    return rng.uniform(0, 1, shape)


# ---- resize ----------------------------------------------------------------------------------------------


@part("resize")
def test_larger(compare, rng):
    """Larger images: whole factors and others, rows and columns by themselves."""
    compare(_resized, _img(rng, 3, 4, 5), ((8, 15), (7, 6), (4, 9), (11, 5)))
    compare(_resized, _img(rng, 1, 7, 3), ((9, 10), (21, 4)))


@part("resize")
def test_smaller(compare, rng):
    """Smaller images, without antialiasing: two pixels on either side are all that counts."""
    compare(_resized, _img(rng, 2, 9, 13), ((3, 4), (4, 13), (9, 5), (1, 2)))
    compare("resize_bilinear", _img(rng, 3, 12, 6), 4, 5)


@part("resize")
def test_mixed(compare, rng):
    """Larger in one direction, smaller in the other; from a single row; to squares."""
    compare(_resized, _img(rng, 2, 8, 3), ((5, 7), (6, 6), (3, 8)))
    compare(_resized, _img(rng, 2, 1, 5), ((3, 4), (2, 1)))
    compare(_resized, _img(rng, 2, 6, 6), ((4, 4), (6, 6), (9, 9)))


@part("resize")
def test_kinds_of_numbers(compare, rng):
    """Bytes, whole numbers and float32 give floats."""
    compare(_resized, rng.integers(0, 256, (3, 4, 5), dtype=np.uint8), ((6, 7), (3, 3)))
    compare(_resized, rng.integers(-9, 9, (1, 5, 3)), ((7, 2),))
    compare(_resized, _img(rng, 2, 4, 5).astype(np.float32), ((6, 7),))


@part("resize", supporting=True)
def test_bad_input(compare, rng):
    """Fewer than one row or column are refused, an empty range, and a crop that is larger than the short side."""
    compare(_refused, ((0, 3), (3, 0), (-1, 2)), ((6, 5, 4), (5, 7, 6)))
    img = _img(rng, 2, 4, 5)
    for h, w, name in ((0, 3, "h"), (3, 0, "w"), (-2, 3, "h"), (3, -2, "w")):
        compare.refuses("resize_bilinear", img, h, w, naming=(name,))
    for s_min, s_max, size, names in ((7, 6, 4, ("s_min", "s_max")), (5, 9, 6, ("size", "s_min"))):
        compare.refuses("random_short_side_crop", img, s_min, s_max, size, np.random.default_rng(1), naming=names)


# ---- geometry --------------------------------------------------------------------------------------------


@part("geometry")
def test_larger_crops(compare, rng):
    """The short side is L, the long side in proportion, and the crop is from the place that is said, wide or high."""
    compare(_crop, _img(rng, 2, 4, 7), 5, 9, 4, calls=10, seed=_seed(rng))
    compare(_crop, _img(rng, 1, 5, 11), 5, 5, 5, calls=3, seed=_seed(rng))


@part("geometry")
def test_smaller_crops(compare, rng):
    """The same where L makes the image smaller."""
    compare(_crop, _img(rng, 3, 9, 13), 4, 7, 4, calls=8, seed=_seed(rng))


@part("geometry")
def test_squares(compare, rng):
    """A square stays a square."""
    compare(_crop, _img(rng, 2, 6, 6), 4, 9, 3, calls=8, seed=_seed(rng))


# ---- distribution ----------------------------------------------------------------------------------------


# The draws may be right in an answer that crops nothing.
@part("distribution", supporting=True)
def test_short_sides(compare, rng):
    """All short sides from s_min to s_max are equally likely, both ends included."""
    compare(_sides, _img(rng, 1, 2, 3), 4, 6, 2, calls=120, seed=_seed(rng))
    compare(_sides, _img(rng, 1, 3, 2), 3, 8, 2, calls=160, seed=_seed(rng))


@part("distribution", supporting=True)
def test_places(compare, rng):
    """At one scale all places are equally likely, those at the end included; the axes are independent."""
    compare(_places, _img(rng, 1, 2, 3), 4, 3, calls=220, seed=_seed(rng))
    compare(_places, _img(rng, 1, 3, 2), 3, 2, calls=180, seed=_seed(rng))


@part("distribution", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal crops, later calls others, nothing else is touched."""
    compare(_generator, _img(rng, 1, 3, 4), seed=_seed(rng))
