"""Hidden tests of ten_crop. Each crop is looked for in the image, so the order does not matter."""

from collections import Counter

import numpy as np
from traindeep.exercises.ten_crop import _change, _crops, _known, _refused

from autograder.exercise import part

PARTS = {"corners": 2, "centre": 1, "flips": 1}


def _img(rng, *shape):
    return rng.uniform(1, 2, shape)


def _words(img, size, crops):
    """How many of the ten are what: corners by name, the centre, or another place."""
    H, W = img.shape[1:]
    rows, columns = {0: "top", H - size: "bottom"}, {0: "left", W - size: "right"}
    words = []
    for crop in crops:
        kind, top, left = _known(img, size, crop)
        where = f"row {top}, column {left}"
        if top in rows and left in columns:
            where = f"{rows[top]} {columns[left]}"
        elif abs(2 * top - H + size) < 2 and abs(2 * left - W + size) < 2:  # rounded in either direction
            where = "centre"
        words.append(f"{kind}, {where}")
    return Counter(words)


def _corners(student, img, size):
    crops = _crops(student, img, size)
    if isinstance(crops, str):
        return {"what comes back": crops}
    words = _words(img, size, crops)
    corners = [f"{y} {x}" for y in ("top", "bottom") for x in ("left", "right")]
    facts = {corner: words[f"crop, {corner}"] for corner in corners}
    # Mirror images count in another test; here they only tell one mistake from another.
    return facts if set(facts.values()) == {1} else facts | {"all": dict(sorted(words.items()))}


def _centre(student, img, size):
    crops = _crops(student, img, size)
    if isinstance(crops, str):
        return {"what comes back": crops}
    words = _words(img, size, crops)
    facts = {"centre": words["crop, centre"]}
    return facts if facts["centre"] == 1 else facts | {"all": dict(sorted(words.items()))}


def _mirrors(student, img, size):
    """How many of the ten have their mirror image among the ten."""
    crops = _crops(student, img, size)
    if isinstance(crops, str):
        return {"what comes back": crops}
    there, mirrored = (
        Counter(np.ascontiguousarray(crop).tobytes() for crop in all) for all in (crops, crops[..., ::-1])
    )
    facts = {"different crops": len(there), "crops with their mirror image": sum((there & mirrored).values())}
    right = {"different crops": 10, "crops with their mirror image": 10}
    return facts if facts == right else facts | {"all": dict(sorted(_words(img, size, crops).items()))}


def _whole(student, img):
    """All ten as large as the image."""
    crops = _crops(student, img, img.shape[1])
    if isinstance(crops, str):
        return {"what comes back": crops}
    words = dict(sorted(_words(img, img.shape[1], crops).items()))
    return {"dtype": str(crops.dtype), "all": words}


@part("corners")
def test_corners(compare, rng):
    """All four corners are there, each once, up to the last row and the last column."""
    for shape, size in (((2, 9, 7), 3), ((3, 6, 11), 4), ((1, 8, 6), 5)):
        compare(_corners, _img(rng, *shape), size)


@part("corners")
def test_corners_of_bytes(compare, rng):
    """The same for images of bytes; they stay bytes, also where the crop is the whole image."""
    compare(_corners, rng.permutation(240).astype(np.uint8).reshape(3, 8, 10), 4)
    compare(_whole, rng.permutation(48).astype(np.uint8).reshape(3, 4, 4))


@part("corners", supporting=True)
def test_image_is_left_alone(compare, rng):
    """Nothing is written into the image."""
    compare(_change, _img(rng, 2, 6, 5), 3)


@part("corners", supporting=True)
def test_bad_sizes(compare, rng):
    """A square that is larger than the image in either direction is refused; one that just fits is not."""
    compare(_refused, ((2, 5, 7), (2, 4, 7), (2, 7, 4), (1, 2, 3)), 5)
    for shape, size in (((2, 4, 6), 5), ((2, 6, 4), 5), ((2, 6, 4), 7)):
        compare.refuses("ten_crop", _img(rng, *shape), size, naming=("size",))


@part("centre")
def test_centre(compare, rng):
    """The centre is there, once."""
    for shape, size in (((2, 9, 7), 3), ((3, 6, 12), 4), ((1, 15, 6), 4)):
        compare(_centre, _img(rng, *shape), size)


@part("centre")
def test_centre_between_pixels(compare, rng):
    """Where the margin is odd, the centre is half a pixel off at most, in either direction."""
    for shape, size in (((2, 9, 7), 4), ((1, 8, 13), 5), ((3, 9, 10), 3)):
        compare(_centre, _img(rng, *shape), size)


@part("flips", supporting=True)
def test_mirror_images(compare, rng):
    """The ten are all different, and each has its mirror image among them: left and right swapped."""
    for shape, size in (((2, 9, 7), 3), ((3, 6, 12), 4)):
        compare(_mirrors, _img(rng, *shape), size)


@part("flips")
def test_mirror_images_of_the_whole(compare, rng):
    """Where all crops are the whole image, five of the ten are its mirror image."""
    compare(_whole, _img(rng, 2, 5, 5))
    compare(_whole, _img(rng, 3, 4, 4))
