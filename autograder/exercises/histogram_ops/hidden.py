"""Hidden tests of solarize, autocontrast and equalize: images of bytes with channels of different range."""

import numpy as np
from traindeep.exercises.histogram_ops import _change, _done, _levels, _refused, _solarized

from autograder.exercise import part

PARTS = {"solarize": 2, "autocontrast": 2, "equalize": 3}


def _img(rng, C, H, W, spread=True):
    """Channels with a smallest and a largest value of their own, and a lopsided histogram."""
    low, high = rng.integers(5, 90, (C, 1, 1)), rng.integers(150, 250, (C, 1, 1))
    if not spread:
        low, high = rng.integers(20, 60, (C, 1, 1)), rng.integers(90, 120, (C, 1, 1))
    img = low + (high - low) * rng.uniform(0, 1, (C, H, W)) ** rng.uniform(1.5, 3)
    img[:, 0, 0], img[:, -1, -1] = low[:, 0, 0], high[:, 0, 0]
    return np.rint(img).astype(np.uint8)


def _all(rng):
    """All 256 values, in two channels."""
    return np.stack([rng.permutation(256) for _ in range(2)]).astype(np.uint8).reshape(2, 8, 32)


# ---- solarize --------------------------------------------------------------------------------------------


@part("solarize")
def test_solarize(compare, rng):
    """Values from the threshold on are inverted, the others stay; bytes come back."""
    compare(_solarized, _all(rng), (int(rng.integers(30, 100)), int(rng.integers(150, 230)), 128))


@part("solarize")
def test_ends_of_solarize(compare, rng):
    """0 inverts everything, 256 nothing, 1 all but black, 255 only white."""
    compare(_solarized, _all(rng), (1, 255, 0, 256))
    compare(_change, "solarize", _all(rng), 90)


@part("solarize", supporting=True)
def test_bad_input(compare, rng):
    """Only bytes are taken, and thresholds from 0 to 256."""
    compare(_refused, ("float64", "float32", "int64", "int16"), (-1, 257, 1000))
    for dtype in (float, np.int64, np.int8):
        for name, args in (("solarize", (128,)), ("autocontrast", ()), ("equalize", ())):
            compare.refuses(name, np.ones((1, 2, 3), dtype=dtype), *args, naming=("img",))
    for threshold in (-1, 257):
        compare.refuses("solarize", _img(rng, 1, 2, 3), threshold, naming=("threshold",))


# ---- autocontrast ----------------------------------------------------------------------------------------


@part("autocontrast")
def test_autocontrast(compare, rng):
    """Each channel is stretched to 0..255 by its own smallest and largest value; one level of rounding is fine."""
    for shape in ((3, 7, 9), (1, 5, 12), (2, 16, 20)):
        compare.within(0, 1)(_done, "autocontrast", _img(rng, *shape))


@part("autocontrast")
def test_autocontrast_of_dark_images(compare, rng):
    """A channel with few levels is stretched a lot; another of the same image, with all 256 of them, stays."""
    dark = _img(rng, 2, 8, 32, spread=False)
    compare.within(0, 1)(_done, "autocontrast", np.concatenate([dark, _all(rng)[:1]]))


@part("autocontrast", supporting=True)
def test_flat_autocontrast(compare, rng):
    """A channel with one value stays as it is, whatever the others do."""
    img = _img(rng, 3, 6, 5)
    img[1] = rng.integers(30, 200)
    compare.within(0, 1)(_done, "autocontrast", img)
    for value in (0, 255, int(rng.integers(30, 200))):
        compare(_done, "autocontrast", np.full((2, 3, 4), value, dtype=np.uint8))


@part("autocontrast", supporting=True)
def test_image_is_left_alone(compare, rng):
    """Nothing is written into the image."""
    compare(_change, "autocontrast", _img(rng, 2, 20, 30))
    compare(_change, "equalize", _img(rng, 2, 20, 30))


# ---- equalize --------------------------------------------------------------------------------------------


@part("equalize")
def test_equalize(compare, rng):
    """Every channel is equalized by the formula, exactly."""
    low, high = (int(n) for n in rng.integers(10, 50, 2))
    lopsided = _levels(
        (low, low, 100), (low + 1, 89, 62), (90, 90, 300), (91, 150 + high, 80), (160 + high, 160 + high, 2)
    )
    compare(_done, "equalize", rng.permuted(lopsided.ravel()).reshape(1, 16, 34))
    for shape in ((2, 24, 36), (1, 43, 50), (3, 20, 32)):
        compare(_done, "equalize", _img(rng, *shape))


@part("equalize")
def test_many_pixels_of_the_highest_level(compare, rng):
    """Where the highest level that occurs has many pixels, it counts as the formula says."""
    top = int(rng.integers(150, 200))
    # White is the highest level of one channel, and does not occur in the other.
    compare(
        _done, "equalize", np.stack([_levels((top, 255, 484), (255, 255, 60)), _levels((20, top, 484), (top, top, 60))])
    )
    img = np.minimum(_img(rng, 2, 30, 40), rng.integers(90, 120, (2, 1, 1), dtype=np.uint8))
    compare(_done, "equalize", img)
    compare(_done, "equalize", 255 - img)


@part("equalize", supporting=True)
def test_equalize_of_small_images(compare, rng):
    """Where step is 0 a channel stays as it is: flat ones, small ones, and those with almost nothing but one high level."""
    compare(_done, "equalize", _img(rng, 3, 7, 9))
    compare(_done, "equalize", np.full((2, 20, 30), 130, dtype=np.uint8))
    img = _img(rng, 2, 20, 30)
    img[1] = 200
    img[1, :4, :30] = 100
    compare(_done, "equalize", img)
