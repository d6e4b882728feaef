"""Hidden tests of translate and rotate. Pixels at the border are tested apart from those that come from inside."""

import numpy as np
from traindeep.exercises.warp import _change, _moved, _refused, _turned

from autograder.exercise import part

PARTS = {"translate": 2, "right angles": 2, "other angles": 2}


def _img(rng, *shape):
    return rng.normal(1, 1, shape)


# ---- translate -------------------------------------------------------------------------------------------


@part("translate")
def test_translate(compare, rng):
    """Positive numbers move down and to the right, negative ones up and to the left; what comes in is fill."""
    for shape in ((2, 5, 7), (3, 6, 4)):
        compare(_moved, _img(rng, *shape), ((2, 3), (-1, 2), (3, -2), (-2, -3)))
        compare(_moved, _img(rng, *shape), ((2, 3), (-1, 2), (0, -1), (-2, 0)), fills=tuple(rng.normal(size=2)))
    compare("translate", _img(rng, 1, 4, 4), 1, -2)


@part("translate")
def test_translate_whole_numbers(compare, rng):
    """An image of whole numbers takes a fill with digits behind the point."""
    compare(_moved, rng.integers(0, 256, (3, 4, 5), dtype=np.uint8), ((1, -2), (-1, 1)), fills=(0.5, 9.0))
    compare(_moved, rng.integers(-9, 9, (2, 5, 3)), ((-2, 1),), fills=(-0.25, 4.5))


@part("translate", supporting=True)
def test_beyond_the_image(compare, rng):
    """After a shift by the height or the width, or more, there is nothing but fill. A shift by 0 changes nothing."""
    moves = ((1, 2), (-1, -2), (4, 0), (0, 5), (-4, 0), (0, -5), (6, 1), (1, -9), (-7, 8), (5, 2), (0, 0))
    compare(_moved, _img(rng, 2, 4, 5), moves, fills=(0.75,))


@part("translate", supporting=True)
def test_bad_images(compare, rng):
    """What has not three axes is refused."""
    shapes = ((3, 4), (7,), (2, 3, 4, 5))
    compare(_refused, shapes)
    for shape in shapes:
        compare.refuses("translate", _img(rng, *shape), 1, 0, naming=("img",))
        compare.refuses("rotate", _img(rng, *shape), 20.0, naming=("img",))


# ---- rotate ----------------------------------------------------------------------------------------------


@part("right angles")
def test_quarter_turns(compare, rng):
    """Squares of even and odd size turn by 90, 180 and 270 degrees, counter-clockwise."""
    for size in (4, 5):
        compare(_turned, _img(rng, 2, size, size), (90, 180, 270, -90, 450), fill=float(rng.normal()))


@part("right angles")
def test_half_turn_of_a_rectangle(compare, rng):
    """A rectangle turns upside down at 180 degrees, and is the same again at 360."""
    compare("rotate", _img(rng, 3, 4, 7), 180, 0.5)
    compare("rotate", _img(rng, 2, 6, 3), -180.0)
    compare("rotate", _img(rng, 2, 6, 3), 360, 0.5)


@part("right angles", supporting=True)
def test_no_turn(compare, rng):
    """0 degrees change nothing, and nothing is ever written into the image."""
    compare("rotate", _img(rng, 2, 5, 4), 0, 0.5)
    compare(_change, _img(rng, 2, 5, 4))


def _inside(student, img, deg):
    """The pixels that come from inside of the image, 0 elsewhere."""
    out = np.asarray(student.rotate(img.copy(), deg, 0.3), dtype=float)
    if out.shape != img.shape:
        return {"shape": out.shape}
    c = (np.array(img.shape[1:]) - 1) / 2
    y, x = np.indices(img.shape[1:]) - c[:, None, None]
    turned = np.exp(1j * np.deg2rad(deg)) * (x + 1j * y)
    inside = (abs(turned.real) < c[1] - 0.01) & (abs(turned.imag) < c[0] - 0.01)
    return {"pixels that come from inside": np.where(inside, out, 0)}


@part("other angles")
def test_inside(compare, rng):
    """At any angle the inside of the image is a bilinear mean, in squares and in rectangles."""
    for shape, deg in (((2, 9, 9), 30.0), ((1, 8, 11), -17.5), ((2, 10, 7), 200.0), ((1, 8, 8), 45), ((1, 7, 7), 1.0)):
        compare(_inside, _img(rng, *shape), deg)


@part("other angles")
def test_border(compare, rng):
    """At the border the pixels from outside count as fill, with their weight; whole numbers and float32 are fine."""
    for shape, deg in (((2, 9, 8), 40.0), ((1, 5, 8), -75.0), ((2, 7, 4), 200.0), ((1, 5, 5), 45), ((1, 6, 5), 90)):
        compare("rotate", _img(rng, *shape), deg, float(rng.normal()))
    compare("rotate", rng.integers(0, 256, (3, 5, 4), dtype=np.uint8), 20.0, 0.5)
    compare("rotate", _img(rng, 1, 4, 6).astype(np.float32), 110.0)
