"""Mirror images and random crops."""

import numpy as np

from traindeep import chance

SIGNATURES = {
    "hflip": "img -> out",
    "random_hflip": "img, p, rng -> out, flipped",
    "random_crop": "img, size, pad, rng -> crop, place",
}
IMAGES = ("img", "out", "crop")
HINTS = (
    "An image is (C, H, W). Which of the three axes runs from left to right? And in how many places does a square of side 3 "
    "fit into a row of 5?",
    "Reverse the last axis, and no other. For the crop make an array of zeros of the padded size and of the dtype of img, "
    "write img into its middle, then draw two numbers: one for the rows, another for the columns.",
    "img[:, :, ::-1] is the mirror image; rng.random() < p is true with probability p. There are H + 2 * pad - size + 1 "
    "places, and rng.integers(n) draws from 0, ..., n - 1. np.pad(img, ((0, 0), (pad, pad), (pad, pad))) pads rows and "
    "columns only.",
)
ARROW = np.array(
    [
        [0, 0, 0, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 1, 1, 0],
        [0, 1, 1, 1, 1, 1, 1, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 1, 0, 0],
    ],
    dtype=np.uint8,
)
COLOURS = np.array([250, 160, 40], dtype=np.uint8)[:, None, None] * ARROW  # (3, 7, 8)
NUMBERS = np.arange(1.0, 61).reshape(3, 4, 5)


def _flip(student, img):
    out = student.hflip(img)
    return {"out": out, "dtype": str(out.dtype)}


def _what(img, out):
    """What became of an image, in a word."""
    if np.shape(out) != img.shape:
        return f"an array of shape {np.shape(out)}"
    known = {
        "the image": img,
        "its mirror image": img[:, :, ::-1],
        "the image upside down": img[:, ::-1],
        "the image with the order of the channels reversed": img[::-1],
        "the image turned by 180 degrees": img[:, ::-1, ::-1],
    }
    return next((name for name, value in known.items() if np.array_equal(out, value)), "something else")


def _maybe(student, img, p, calls, seed):
    """Many calls of random_hflip with one generator."""
    rng = np.random.default_rng(seed)
    made = [student.random_hflip(img.copy(), p, rng) for _ in range(calls)]
    flags = [flipped for _, flipped in made]
    kinds = sorted({str(out.dtype) for out, _ in made})
    seen = {flag: sorted({_what(img, out) for out, flipped in made if bool(flipped) is flag}) for flag in (False, True)}
    facts = {
        "flipped is a truth value": all(isinstance(flag, (bool, np.bool_)) for flag in flags),
        "what is returned with flipped = False": ", ".join(seen[False]) or "nothing",
        "what is returned with flipped = True": ", ".join(seen[True]) or "nothing",
        "dtype": ", ".join(kinds),
    }
    right = {"the image", "nothing"}, {"its mirror image", "nothing"}
    if 0 < p < 1:
        facts["how often flipped is True"] = often = chance.share(sum(map(bool, flags)), calls, p)
        told = often == p
    else:
        told = set(map(bool, flags)) == {p == 1}
    if not told and all(set(seen[flag]) <= right[flag] for flag in seen):  # to tell one mistake from another
        for other in (0.3, 0.9):
            flips = sum(bool(student.random_hflip(img.copy(), other, rng)[1]) for _ in range(80))
            facts[f"share with p = {other}"] = chance.share(flips, 80, other)
    return facts


def _flip_generator(student, img, calls, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, more = ([bool(student.random_hflip(img.copy(), 0.4, first)[1]) for _ in range(calls)] for _ in range(2))
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    repeated = [bool(student.random_hflip(img.copy(), 0.4, again)[1]) for _ in range(calls)]
    return {
        "the same seed gives the same flips": one == repeated,
        "the next calls give other flips": one != more,
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _crop(student, img, size, pad, seed):
    """One crop, against the place that it is said to be from."""
    crop, (top, left) = student.random_crop(img.copy(), size, pad, np.random.default_rng(seed))
    padded = np.pad(img, ((0, 0), (pad, pad), (pad, pad)))
    rows, columns = (side - size + 1 for side in padded.shape[1:])
    whole = all(isinstance(n, (int, np.integer)) for n in (top, left))
    facts = {"shape": tuple(crop.shape), "dtype": str(crop.dtype), "top and left are integers": whole}
    inside = bool(0 <= top < rows and 0 <= left < columns)
    facts["the place is one of those that there are"] = inside
    told = padded[:, int(top) :, int(left) :][:, :size, :size] if inside else None
    same = told is not None and crop.shape == told.shape and bool(np.array_equal(crop, told))
    facts["crop is padded[:, top : top + size, left : left + size]"] = same
    if not same and crop.shape == (len(img), size, size):  # to tell one mistake from another
        found = _found(crop, padded)
        framed = {mode: np.pad(img, ((0, 0), (pad, pad), (pad, pad)), mode) for mode in ("edge", "wrap", "reflect")}
        framed["ones"] = np.pad(img, ((0, 0), (pad, pad), (pad, pad)), constant_values=1)
        places = {"as left, top": (left, top), "as if there were no frame": (top + pad, left + pad)}
        facts |= {
            "the crop is all 0": not crop.any(),
            "the place of the crop": next((name for name, place in places.items() if place in found), "another one")
            if found
            else "there is none",
            "the frame": next(
                (name for name, other in framed.items() if (top, left) in _found(crop, other)), "of zeros"
            ),
        }
    return facts


def _found(crop, padded):
    """All places at which the padded image has this crop."""
    size = crop.shape[-1]
    rows, columns = (side - size + 1 for side in padded.shape[1:])
    places = ((y, x) for y in range(rows) for x in range(columns))
    return [(y, x) for y, x in places if np.array_equal(crop, padded[:, y : y + size, x : x + size])]


def _whole(student, img, pad):
    """With size = H + 2 pad = W + 2 pad there is one place only."""
    crop, place = student.random_crop(img, img.shape[1] + 2 * pad, pad, np.random.default_rng(1))
    return {"crop": crop, "place": tuple(int(n) for n in place)}


def _places(student, img, size, pad, calls, seed):
    """The places of many crops of one generator."""
    rng = np.random.default_rng(seed)
    made = [student.random_crop(img.copy(), size, pad, rng)[1] for _ in range(calls)]
    tops, lefts = (np.array([int(place[axis]) for place in made]) for axis in (0, 1))
    rows, columns = (side + 2 * pad - size + 1 for side in img.shape[1:])
    table = np.zeros((rows, columns), dtype=int)
    inside = (tops >= 0) & (tops < rows) & (lefts >= 0) & (lefts < columns)
    np.add.at(table, (tops[inside], lefts[inside]), 1)
    facts = {
        "smallest and largest top": (int(tops.min()), int(tops.max())),
        "smallest and largest left": (int(lefts.min()), int(lefts.max())),
        "top and left are always equal": bool(np.array_equal(tops, lefts)),
        "all rows are equally likely": chance.shares(table.sum(axis=1), 1 / rows) if inside.all() else False,
        "all columns are equally likely": chance.shares(table.sum(axis=0), 1 / columns) if inside.all() else False,
        "all places are equally likely": chance.shares(table.ravel(), 1 / table.size) if inside.all() else False,
    }
    if rows == columns:  # both axes together
        ends = np.isin([tops, lefts], (0, rows - 1)).sum()
        facts["share of rows and columns that are the first or the last one"] = chance.share(ends, 2 * calls, 2 / rows)
    return facts


def _crop_generator(student, img, size, pad, calls, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)

    def places(rng):
        return [tuple(int(n) for n in student.random_crop(img.copy(), size, pad, rng)[1]) for _ in range(calls)]

    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, more = places(first), places(first)
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    return {
        "the same seed gives the same places": one == places(again),
        "the next calls give other places": one != more,
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _refused(student, img, probabilities, crops):
    """First what is allowed, then what is not."""
    rng, facts = np.random.default_rng(0), {}
    for p in (0.4, *probabilities):
        facts[f"p = {p}"] = _outcome(lambda p=p: student.random_hflip(img.copy(), p, rng))
    for size, pad in crops:
        facts[f"size {size}, pad {pad}"] = _outcome(
            lambda s=size, pad=pad: student.random_crop(img.copy(), s, pad, rng)
        )
    return facts


def _outcome(call):
    try:
        call()
    except (ValueError, IndexError):
        return "refused"
    return "accepted"


def test_mirror_image(student, compare):
    """An arrow to the left becomes an arrow to the right; rows, channels and the dtype stay."""
    compare(_flip, COLOURS)
    compare(_flip, NUMBERS)


def test_how_often(student, compare):
    """With p = 0.3 about 30 % of the images are mirrored, and flipped says which."""
    compare(_maybe, NUMBERS, 0.3, calls=300, seed=3)


def test_always_and_never(student, compare):
    """With p = 1 the result is always the mirror image, with p = 0 never."""
    compare(_maybe, COLOURS, 1.0, calls=20, seed=1)
    compare(_maybe, COLOURS, 0.0, calls=20, seed=2)


def test_frame(student, compare):
    """A crop as large as the padded image is the image with its frame of zeros."""
    compare(_whole, COLOURS[:, :, 1:], 2)
    compare(_whole, NUMBERS[:, :, :4], 1)


def test_crop(student, compare):
    """A crop is what the padded image has at (top, left), in the dtype of the image."""
    for seed in range(3):
        compare(_crop, NUMBERS, 3, 1, seed=seed)
    compare(_crop, COLOURS, 4, 0, seed=4)


def test_places(student, compare):
    """A square of 3 fits into 4 x 5 pixels in 2 x 3 places, with a frame of 1 in 4 x 5; all of them occur equally often."""
    compare(_places, NUMBERS[:1], 3, 0, calls=300, seed=5)
    compare(_places, NUMBERS[:1], 3, 1, calls=600, seed=6)


def test_places_at_the_ends(student, compare):
    """A square of 2 fits into 4 x 4 pixels in 3 x 3 places: the first and the last one are as likely as the middle."""
    compare(_places, NUMBERS[:1, :, :4], 2, 0, calls=800, seed=9)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same draws, and later calls give others."""
    compare(_flip_generator, NUMBERS, calls=60, seed=7)
    compare(_crop_generator, NUMBERS, 2, 3, calls=20, seed=8)


def test_bad_input(student, compare):
    """A p outside [0, 1], a negative frame and a square that does not fit are a ValueError that names the argument."""
    compare(_refused, NUMBERS, (-0.1, 1.1), ((4, 0), (6, 1), (2, -1), (5, 0), (7, 1)))
    rng = np.random.default_rng(0)
    for p in (-0.1, 1.1):
        compare.refuses("random_hflip", NUMBERS, p, rng, naming=("p",))
    compare.refuses("random_crop", NUMBERS, 2, -1, rng, naming=("pad",))
    compare.refuses("random_crop", NUMBERS, 5, 0, rng, naming=("size",))
    compare.refuses("random_crop", NUMBERS, 7, 1, rng, naming=("size",))
