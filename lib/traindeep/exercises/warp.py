"""Shift and rotate an image."""

import numpy as np

SIGNATURES = {"translate": "img, dy, dx, fill -> out", "rotate": "img, deg, fill -> out"}
IMAGES = ("img", "out")
HINTS = (
    "Stand on a pixel of the result and ask where its value comes from, not the other way round. Which row of the image does "
    "row y of the result show after a shift by dy?",
    "Translate: make an array full of fill, then copy the part that stays inside. Rotate: compute sy and sx for all pixels "
    "at once, take the floor of each, and mix four neighbours with the weights ty, tx = sy - y0, sx - x0. A neighbour "
    "outside of the image has the value fill.",
    "np.meshgrid(..., indexing='ij') makes y and x; np.deg2rad(deg) the angle. For neighbours outside: np.where(inside, "
    "img[:, y.clip(0, H - 1), x.clip(0, W - 1)], fill), or put a frame of fill around the image first.",
)
ARROW = np.zeros((1, 9, 9))
ARROW[0, 1:8, 4] = 1.0
ARROW[0, 2, 3:6] = ARROW[0, 3, 2:7] = 0.8
ARROW[0, 7, 5] = 0.5
COLOURS = np.array([1.0, 0.6, 0.2])[:, None, None] * ARROW[:, 1:8, 1:8]  # the arrow in orange
SMALL = np.array([[[1.0, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])
EVEN = np.arange(1.0, 17).reshape(1, 4, 4) ** 1.5
WIDE = np.sqrt(np.arange(1.0, 41)).reshape(1, 5, 8)


def _moved(student, img, moves, fills=(0.0,)):
    """The image after each of several shifts, with each of several fills."""
    return {"out": [student.translate(img.copy(), dy, dx, fill) for dy, dx in moves for fill in fills]}


def _turned(student, img, angles, fill=0.0):
    """The image after a rotation by each of several angles, also without its first row and its first column."""
    return {"out": [student.rotate(each.copy(), deg, fill) for deg in angles for each in (img, img[:, 1:, 1:])]}


def _change(student, img):
    """Images are handed over as they are."""
    student.translate(img, 1, 0)
    student.rotate(img, 30.0)
    return {}


def _refused(student, shapes):
    """What is not an image of three axes, after one that is."""
    student.translate(np.ones((1, 2, 3)), 1, 0)
    student.rotate(np.ones((1, 2, 3)), 10.0)
    facts = {}
    for shape in shapes:
        for name, args in (("translate", (1, 0)), ("rotate", (10.0,))):
            try:
                getattr(student, name)(np.ones(shape), *args)
            except (ValueError, IndexError):  # whether the kind is right is asked below
                facts[f"{name} of shape {shape}"] = "refused"
            else:
                facts[f"{name} of shape {shape}"] = "accepted"
    return facts


def test_translate(student, compare):
    """dy moves the arrow down, dx to the right, negative numbers the other way, and zeros come in."""
    compare(_moved, COLOURS, ((2, 1), (-1, 0)))
    compare(_moved, SMALL, ((1, 0), (0, 1), (0, -1)))


def test_fill(student, compare):
    """What comes in has the value fill: (1, 2, 3) moved to the right by 1 is (0.5, 1, 2) with fill = 0.5."""
    compare(_moved, np.array([[[1, 2, 3]]]), ((0, 1),), fills=(0.5, 7.0))
    compare(_moved, SMALL, ((1, -2),), fills=(-1.5, 0.5))


def test_translate_beyond_the_image(student, compare):
    """A shift by the height or more leaves nothing but fill."""
    compare(_moved, SMALL, ((1, 1), (-1, -1), (2, 0), (0, -3), (3, 1), (-5, 7)), fills=(0.25,))


def test_right_angles(student, compare):
    """An arrow that points up points to the left after 90 degrees, and down after 180. 0 and 360 change nothing."""
    compare(_turned, ARROW, (90,))
    compare(_turned, EVEN, (180, -90, 0, 360), fill=7.0)


def test_rectangle(student, compare):
    """The shape stays, also where the image is no square."""
    compare(_turned, WIDE, (180, 30.0), fill=0.25)


def test_any_angle(student, compare):
    """30 degrees counter-clockwise: each pixel is a mean of four, with fill for those outside."""
    compare("rotate", ARROW, 30)
    compare("rotate", WIDE, -20.0, 1.5)


def test_whole_numbers(student, compare):
    """Whole numbers give means with digits behind the point, and the image stays as it is."""
    compare("rotate", (EVEN * 10).astype(int), 45, 0.5)
    compare(_change, EVEN)


def test_bad_input(student, compare):
    """An img without three axes is a ValueError that names img."""
    compare(_refused, ((4, 5), (2, 3, 4, 5)))
    for shape in ((4, 5), (2, 3, 4, 5)):
        compare.refuses("translate", np.ones(shape), 1, 0, naming=("img",))
        compare.refuses("rotate", np.ones(shape), 10.0, naming=("img",))
