"""Hidden tests of adjust_brightness, adjust_contrast and random_brightness_contrast.

The random version is compared with the student's own two functions, or with right ones, so a mistake in them costs its
points once. Each question to traindeep.chance refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep.exercises.brightness_contrast import _adjusted, _change, _factors, _generator, _random, _refused

from autograder.exercise import part

PARTS = {"brightness": 1, "contrast": 1, "random": 1, "distribution": 1}


def _seed(rng):
    return int(rng.integers(2**31))


def _img(rng, *shape):
    """Values from 0 to 1; the channels have different means."""
    return rng.uniform(0, 1, shape) * np.linspace(1, 0.4, shape[0])[:, None, None]


# ---- brightness and contrast -----------------------------------------------------------------------------


@part("brightness")
def test_brightness(compare, rng):
    """Values are multiplied by f, and what is larger than 1 becomes 1."""
    for shape in ((3, 4, 5), (1, 6, 2)):
        compare(_adjusted, _img(rng, *shape), (0.3, 1.7, 5.0), "adjust_brightness")


@part("brightness")
def test_brightness_of_kinds(compare, rng):
    """Images of zeros and ones and of float32 are fine, and the image is left as it was."""
    compare(_adjusted, rng.integers(0, 2, (2, 3, 4)), (0.5, 0.8), "adjust_brightness")
    compare(_adjusted, _img(rng, 2, 3, 4).astype(np.float32), (0.5, 1.8), "adjust_brightness")
    compare("adjust_brightness", _img(rng, 3, 4, 5), 1.4)


@part("brightness", supporting=True)
def test_brightness_of_0_and_1(compare, rng):
    """f = 0 is black, and f = 1 changes nothing. A negative f is refused."""
    compare(_adjusted, _img(rng, 3, 4, 5), (0, 1), "adjust_brightness")
    compare.refuses("adjust_brightness", _img(rng, 3, 4, 5), -0.01, naming=("f",))


@part("contrast")
def test_contrast(compare, rng):
    """Distances from the mean of the whole image are multiplied by f, then values are clipped."""
    for shape in ((3, 4, 5), (1, 6, 2)):
        compare(_adjusted, _img(rng, *shape), (0.3, 1.7, 5.0), "adjust_contrast")


@part("contrast")
def test_contrast_of_kinds(compare, rng):
    """Images of zeros and ones and of float32 are fine, and the image is left as it was."""
    compare(_adjusted, rng.integers(0, 2, (2, 3, 4), dtype=np.uint8), (0.5, 0.8), "adjust_contrast")
    compare(_adjusted, _img(rng, 2, 3, 4).astype(np.float32), (0.5, 1.8), "adjust_contrast")
    compare("adjust_contrast", _img(rng, 3, 4, 5), 1.4)


@part("contrast", supporting=True)
def test_contrast_of_0_and_1(compare, rng):
    """f = 0 is grey, and f = 1 changes nothing. A negative f is refused."""
    compare(_adjusted, _img(rng, 3, 4, 5), (0, 1), "adjust_contrast")
    compare.refuses("adjust_contrast", _img(rng, 3, 4, 5), -0.01, naming=("f",))


# ---- random ----------------------------------------------------------------------------------------------


@part("random")
def test_random_values(compare, rng):
    """The result is the image with brightness fb, and then contrast fc, with the factors that are returned."""
    compare(_random, _img(rng, 3, 4, 5), 0.45, calls=16, seed=_seed(rng))
    compare(_random, _img(rng, 2, 6, 3), 0.3, calls=6, seed=_seed(rng))


@part("random", supporting=True)
def test_image_is_left_alone(compare, rng):
    """Nothing is written into the image."""
    compare(_change, _img(rng, 2, 3, 4))


@part("random", supporting=True)
def test_bad_delta(compare, rng):
    """A delta below 0 or above 1 is refused, as is a negative factor."""
    compare(_refused, (-0.01, -1), (-0.01, 1.01))
    for delta in (-0.01, 1.01):
        compare.refuses(
            "random_brightness_contrast", _img(rng, 2, 3, 4), delta, np.random.default_rng(1), naming=("delta",)
        )


# ---- distribution ----------------------------------------------------------------------------------------


@part("distribution")
def test_factors(compare, rng):
    """Both factors are uniform between 1 - delta and 1 + delta, and one says nothing about the other."""
    compare(_factors, _img(rng, 1, 2, 3), 0.5, calls=300, seed=_seed(rng))
    compare(_factors, _img(rng, 1, 2, 2), 1.0, calls=200, seed=_seed(rng))


@part("distribution")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal factors, later calls others, nothing else is touched."""
    compare(_generator, _img(rng, 1, 2, 3), 0.4, seed=_seed(rng))
