"""Ten crops of an image."""

import numpy as np

SIGNATURES = {"ten_crop": "img, size -> crops"}
IMAGES = ("img", "crops, from the darkest to the brightest")
HINTS = (
    "Draw the image as a rectangle and the five squares in it. At which row does a square of this size start if it is to end "
    "with the last row?",
    "The last possible row is H - size, the last possible column W - size, and the centre is half of each. So there are "
    "five pairs (top, left), and of each square the mirror image as well.",
    "Collect img[:, top : top + size, left : left + size] and the same with its last axis reversed in a list, for five pairs, "
    "and np.stack the list. (H - size) // 2 is the row of the centre.",
)
NUMBERS = np.arange(1.0, 241).reshape(3, 10, 8)
COLOURS = np.arange(180, dtype=np.uint8).reshape(3, 6, 10)
LETTER = np.zeros((1, 9, 9), dtype=np.uint8)
LETTER[0, 1:8, 2:4] = 200
LETTER[0, 1:3, 4:8] = 160
LETTER[0, 4:5, 4:7] = 120
LETTER += np.add.outer(np.arange(0, 27, 3), np.arange(0, 18, 2)).astype(np.uint8)


def _known(img, size, crop):
    """(what it is, top, left) of a crop: where in the image it is, and how it was turned."""
    turns = {
        "crop": crop,
        "mirror image": crop[:, :, ::-1],
        "upside down": crop[:, ::-1],
        "turned by 180 degrees": crop[:, ::-1, ::-1],
        "channels reversed": crop[::-1],
    }
    rows, columns = (side - size + 1 for side in img.shape[1:])
    for name, turned in turns.items():
        for top in range(rows):
            for left in range(columns):
                if np.array_equal(turned, img[:, top : top + size, left : left + size]):
                    return name, top, left
    return "unknown", 0, 0


def _crops(student, img, size):
    """The crops as an array, or what is wrong with it as a whole."""
    crops, again = (np.asarray(student.ten_crop(img.copy(), size)) for _ in range(2))
    if not np.array_equal(crops, again):
        return "two calls give different crops"
    return crops if crops.shape == (10, len(img), size, size) else f"an array of shape {crops.shape}"


def _places(student, img, size):
    """Which crops there are, in words, in alphabetical order."""
    crops = _crops(student, img, size)
    if isinstance(crops, str):
        return {"what comes back": crops}
    words = sorted("{} of row {}, column {}".format(*_known(img, size, crop)) for crop in crops)
    return {"dtype": str(crops.dtype)} | {f"crop {i} in alphabetical order": word for i, word in enumerate(words)}


def _pictures(student, img, size):
    crops = _crops(student, img, size)
    if isinstance(crops, str):
        return {"what comes back": crops}
    order = np.lexsort([*crops.reshape(10, -1).T[::-1], crops.mean(axis=(1, 2, 3)).round(6)])
    return {"crops, from the darkest to the brightest": crops[order]}


def _change(student, img, size):
    """The image is handed over as it is."""
    student.ten_crop(img, size)
    return {}


def _refused(student, shapes, size):
    facts = {}
    for shape in shapes:
        try:
            student.ten_crop(np.ones(shape), size)
        except ValueError:
            facts[f"size {size}, image of shape {shape}"] = "refused"
        else:
            facts[f"size {size}, image of shape {shape}"] = "accepted"
    return facts


def test_places(student, compare):
    """Squares of 4 in 10 x 8 pixels start at rows 0 and 6, columns 0 and 4; the centre at row 3, column 2."""
    compare(_places, NUMBERS, 4)


def test_letter(student, compare):
    """Ten crops of a letter F: five as one reads it, five in the mirror."""
    compare(_pictures, LETTER, 5)


def test_whole_image(student, compare):
    """If the size is that of the image, the ten are five times the image and five times its mirror image."""
    compare(_places, NUMBERS[:, :8], 8)


def test_bytes(student, compare):
    """Bytes stay bytes, and the image stays as it is."""
    compare(_places, COLOURS, 4)
    compare(_change, NUMBERS, 4)


def test_bad_size(student, compare):
    """A size larger than the rows or the columns is a ValueError that names size."""
    compare(_refused, ((3, 5, 5), (3, 4, 6), (3, 6, 4)), 5)
    compare.refuses("ten_crop", NUMBERS, 9, naming=("size",))
    compare.refuses("ten_crop", COLOURS, 7, naming=("size",))
