"""Hidden tests of pca_color_fit, pca_color_apply and random_pca_color.

The order of the eigenvalues and the signs of the eigenvectors are open, so what they give together is compared. Each
question to traindeep.chance refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep.exercises.pca_color import _change, _draws, _fit, _generator, _random, _refused

from autograder.exercise import part

PARTS = {"fit": 2, "apply": 2, "draw": 1}


def _seed(rng):
    return int(rng.integers(2**31))


def _images(rng, N, H, W):
    """Images with correlated colours and a mean far from 0."""
    mix = rng.normal(size=(3, 3))
    base = rng.normal(size=(N, 1, 1, 3)) + 0.3 * rng.normal(size=(N, H, W, 3))
    return np.ascontiguousarray((base @ mix + rng.uniform(1, 4, 3)).transpose(0, 3, 1, 2))


def _axes(rng):
    return rng.uniform(0.2, 3, 3), np.linalg.qr(rng.normal(size=(3, 3)))[0]


@part("fit")
def test_fit(compare, rng):
    """Eigenvalues and eigenvectors together give the covariance of the colours of all pixels, about the mean colour."""
    for shape in ((5, 4, 6), (2, 7, 3), (1, 5, 5)):
        compare(_fit, _images(rng, *shape))


@part("fit")
def test_fit_of_few_pixels(compare, rng):
    """The covariance divides by the number of pixels; whole numbers and float32 are fine; the channels are axis 1."""
    compare(_fit, _images(rng, 2, 1, 2))
    compare(_fit, _images(rng, 3, 3, 3))
    compare(_fit, rng.integers(0, 256, (3, 3, 4, 5), dtype=np.uint8))
    compare(_fit, _images(rng, 4, 3, 5).astype(np.float32))


@part("fit", supporting=True)
def test_bad_images(compare, rng):
    """Images that have not three channels are refused, and nothing is written into those that have."""
    compare(_refused, ((2, 4, 3, 3), (3, 1, 3, 5), (2, 2, 3, 3)), (-0.01, -1))
    compare.refuses("pca_color_fit", rng.normal(size=(3, 4, 5, 6)), naming=("X",))
    compare.refuses("pca_color_fit", rng.normal(size=(3, 4, 5)), naming=("X",))
    compare(_change, _images(rng, 2, 4, 5))


@part("apply")
def test_apply(compare, rng):
    """To every pixel the columns of evecs are added, each with its alpha and its eigenvalue."""
    for shape in ((3, 4, 5), (3, 3, 3), (3, 6, 1)):
        compare("pca_color_apply", rng.normal(size=shape), *_axes(rng), rng.normal(size=3))


@part("apply")
def test_apply_one_component(compare, rng):
    """One component alone, to whole numbers and to float32; nothing is clipped."""
    for i in range(3):
        alpha = np.eye(3)[i] * rng.uniform(1, 2)
        compare("pca_color_apply", rng.integers(0, 2, (3, 2, 4)), *_axes(rng), alpha)
    compare("pca_color_apply", rng.normal(size=(3, 4, 5)).astype(np.float32), *_axes(rng), rng.normal(size=3))


@part("apply", supporting=True)
def test_bad_image(compare, rng):
    """An image that has not three channels is refused. With alpha = 0 nothing happens."""
    for shape in ((4, 5, 6), (1, 5, 6), (3, 5)):
        compare.refuses("pca_color_apply", rng.normal(size=shape), *_axes(rng), np.ones(3), naming=("img",))
    compare("pca_color_apply", rng.normal(size=(3, 4, 5)), *_axes(rng), np.zeros(3))


@part("draw")
def test_one_colour_for_all_pixels(compare, rng):
    """All pixels change by the same colour, the one that the returned alpha says."""
    compare(_random, rng.normal(size=(3, 4, 5)), *_axes(rng), 0.1, calls=4, seed=_seed(rng))
    compare(_random, rng.normal(size=(3, 3, 3)), *_axes(rng), 2.0, calls=4, seed=_seed(rng))


@part("draw")
def test_alpha(compare, rng):
    """The three numbers are normal, with mean 0 and standard deviation sigma, and independent of each other."""
    compare(_draws, rng.normal(size=(3, 1, 2)), 0.1, calls=300, seed=_seed(rng))
    compare(_draws, rng.normal(size=(3, 1, 2)), 3.0, calls=300, seed=_seed(rng))


@part("draw")
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal alpha, the next call another, nothing else is touched."""
    compare(_generator, rng.normal(size=(3, 2, 3)), seed=_seed(rng))


@part("draw", supporting=True)
def test_bad_sigma(compare, rng):
    """A negative sigma is refused."""
    for sigma in (-0.01, -2.0):
        compare.refuses(
            "random_pca_color",
            rng.normal(size=(3, 2, 2)),
            *_axes(rng),
            sigma,
            np.random.default_rng(1),
            naming=("sigma",),
        )
