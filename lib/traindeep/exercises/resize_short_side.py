"""Bilinear resizing, and crops at a random scale."""

import numpy as np

from traindeep import chance

SIGNATURES = {
    "resize_bilinear": "img, h, w -> out",
    "random_short_side_crop": "img, s_min, s_max, size, rng -> crop, info",
}
IMAGES = ("img", "out", "crop")
HINTS = (
    "Draw a row of two pixels as two boxes from 0 to 2, and four boxes over the same length. Where are the centres of the "
    "four, and between which centres of the two do they lie?",
    "Do the rows first, for all columns at once, then the columns: the same few lines twice. s is clipped before you take "
    "its floor, and the second neighbour must not lie beyond the last pixel. In the random version the short side decides "
    "the factor: L / min(H, W).",
    "s = ((np.arange(h) + 0.5) * H / h - 0.5).clip(0, H - 1); y0 = s.astype(int); y1 = np.minimum(y0 + 1, H - 1); t = s - y0, "
    "and img[:, y0] * (1 - t)[:, None] + img[:, y1] * t[:, None]. rng.integers(s_min, s_max + 1) includes both ends.",
)
ARROW = np.zeros((1, 6, 8))
ARROW[0, 2:4, :5] = 1.0
ARROW[0, :, 5] = 0.8
ARROW[0, 1:5, 6] = 0.6
ARROW[0, 2:4, 7] = 0.4
RAMP = np.sqrt(np.arange(1.0, 31)).reshape(2, 3, 5)
BLOCKS = np.array([[[0, 10, 0, 10], [10, 0, 10, 0]]])
KEYS = ("L", "h", "w", "top", "left")


def _resized(student, img, sizes):
    return {"out": [student.resize_bilinear(img.copy(), h, w) for h, w in sizes]}


def _right(img, h, w):
    """The resized image, as a product with a matrix on either side."""
    img = np.asarray(img, dtype=float)

    def weights(old, new):
        at = np.clip((2 * np.arange(new) + 1) * old / (2 * new) - 0.5, 0, old - 1)
        return np.maximum(1 - abs(at[:, None] - np.arange(old)), 0)

    return weights(img.shape[1], h) @ img @ weights(img.shape[2], w).T


def _crop(student, img, s_min, s_max, size, calls, seed):
    """How the crops of several calls and what is said about them go together, for the image and with its axes swapped."""
    rng, swapped = np.random.default_rng(seed), np.ascontiguousarray(img.swapaxes(1, 2))
    facts = {"wide": _facts(student, img, s_min, s_max, size, calls, rng)}
    return facts | {"high": _facts(student, swapped, s_min, s_max, size, calls, rng)}


def _facts(student, img, s_min, s_max, size, calls, rng):
    facts = {}

    def note(name, value):
        facts[name] = facts.get(name, 0) + bool(value)

    short, long = sorted(img.shape[1:])
    for _ in range(calls):
        crop, info = student.random_short_side_crop(img.copy(), s_min, s_max, size, rng)
        crop = np.asarray(crop, dtype=float)
        L, h, w, top, left = (info[key] for key in KEYS)
        note("integers", all(isinstance(info[key], (int, np.integer)) for key in KEYS))
        L, h, w, top, left = (int(n) for n in (L, h, w, top, left))
        note("shape of the crop", crop.shape == (len(img), size, size))
        note("L between s_min and s_max", s_min <= L <= s_max)
        note("the short side is L", min(h, w) == L)
        note("the long side has the same factor", abs(max(h, w) - long * L / short) < 1)
        note("the long side stays the long one", (h <= w) == (img.shape[1] <= img.shape[2]))
        inside = 0 <= top <= h - size and 0 <= left <= w - size
        note("the place lies inside", inside)
        if not inside or crop.shape != (len(img), size, size):
            continue

        def same(resized, y=top, x=left, crop=crop):
            piece = resized[:, y : y + size, x : x + size]
            return piece.shape == crop.shape and np.ptp(crop) > 0 and np.allclose(piece, crop, rtol=1e-4, atol=1e-5)

        right = _right(img, h, w)
        fits = same(right)
        if not fits:
            own = student.resize_bilinear(img.copy(), h, w)
            fits = np.shape(own) == right.shape and same(np.asarray(own))
        note("crop is that piece of the resized image", fits)
        if not fits:  # to tell one mistake from another
            note("left and top are swapped", same(right, left, top))
            note(
                "the place is another", any(same(right, y, x) for y in range(h - size + 1) for x in range(w - size + 1))
            )
            note(
                "crop is a piece of img", any(same(img, y, x) for y in range(img.shape[1]) for x in range(img.shape[2]))
            )
            note("h and w are swapped", same(_right(img, w, h)))
            note("crop is L x L resized", same(_right(img, L, L)))
            note("one value", np.ptp(crop) == 0)
    return {name: ("always" if n == calls else "never" if n == 0 else "sometimes") for name, n in facts.items()}


def _sides(student, img, s_min, s_max, size, calls, seed):
    """Which short sides many calls have."""
    rng = np.random.default_rng(seed)
    made = [int(student.random_short_side_crop(img.copy(), s_min, s_max, size, rng)[1]["L"]) for _ in range(calls)]
    counts = np.array([made.count(L) for L in range(s_min, s_max + 1)])
    return {
        "smallest and largest L": (min(made), max(made)),
        "all L are equally likely": chance.shares(counts, 1 / len(counts)) if counts.sum() == calls else False,
    }


def _places(student, img, L, size, calls, seed):
    """Which places many crops at one scale have, (rows, columns) in all."""
    rng = np.random.default_rng(seed)
    infos = [student.random_short_side_crop(img.copy(), L, L, size, rng)[1] for _ in range(calls)]
    rows, columns = int(infos[0]["h"]) - size + 1, int(infos[0]["w"]) - size + 1
    tops, lefts = (np.array([int(info[key]) for info in infos]) for key in ("top", "left"))
    inside = (tops >= 0) & (tops < rows) & (lefts >= 0) & (lefts < columns)
    if not inside.all() or not 1 < rows < 9 or not 1 < columns < 9:
        return {"rows and columns": (rows, columns), "all places lie inside": bool(inside.all())}
    table = np.zeros((rows, columns), dtype=int)
    np.add.at(table, (tops, lefts), 1)
    return {
        "first row and rows that are never reached": (int(tops.min()), rows - 1 - int(tops.max())),
        "first column and columns that are never reached": (int(lefts.min()), columns - 1 - int(lefts.max())),
        "all places are equally likely": chance.shares(table.ravel(), 1 / table.size),
    }


def _generator(student, img, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)

    def infos(rng):
        made = [student.random_short_side_crop(img.copy(), 5, 9, 3, rng)[1] for _ in range(20)]
        return [[int(info[key]) for key in KEYS] for info in made]

    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, more = infos(first), infos(first)
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    return {
        "the same seed gives the same crops": one == infos(again),
        "the next calls give other crops": one != more,
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _whole(student, img):
    """A square image, one scale, and a crop of the whole of it: nothing is left to chance."""
    crop, info = student.random_short_side_crop(img, 9, 9, 9, np.random.default_rng(1))
    return {"crop": crop, "info": {key: int(info[key]) for key in KEYS}}


def _refused(student, sizes, ranges):
    """First what is allowed, then what is not."""
    img, facts = np.ones((1, 4, 5)), {}
    for h, w in ((1, 1), *sizes):
        facts[f"h = {h}, w = {w}"] = _outcome(lambda h=h, w=w: student.resize_bilinear(img.copy(), h, w))
    for s_min, s_max, size in ((4, 4, 4), *ranges):
        facts[f"s_min {s_min}, s_max {s_max}, size {size}"] = _outcome(
            lambda a=(s_min, s_max, size): student.random_short_side_crop(img.copy(), *a, np.random.default_rng(0))
        )
    return facts


def _outcome(call):
    try:
        call()
    except (ValueError, IndexError, ZeroDivisionError):  # whether the kind is right is asked below
        return "refused"
    return "accepted"


def test_arrow(student, compare):
    """An arrow becomes larger and smaller."""
    compare(_resized, ARROW, ((12, 12), (3, 4)))


def test_two_pixels(student, compare):
    """(0, 4) becomes (0, 1, 3, 4) with four columns, (0, 2, 4) with three, and 2 with one."""
    compare(_resized, np.array([[[0.0, 4.0]]]), ((1, 4), (1, 3), (1, 1), (2, 5)))


def test_rows_and_columns(student, compare):
    """Rows and columns have factors of their own, up and down; the same size changes nothing."""
    compare(_resized, RAMP, ((7, 4), (2, 9), (3, 5), (3, 6)))


def test_whole_numbers(student, compare):
    """Whole numbers give values with digits behind the point."""
    compare(_resized, BLOCKS, ((3, 5), (4, 8)))


def test_whole_square(student, compare):
    """With s_min = s_max = size the crop of a square image is the resized image."""
    compare(_whole, ARROW[:, :, 2:])


def test_crops(student, compare):
    """Short side L, long side in proportion, and a crop from the place that is said, for images of either format."""
    compare(_crop, RAMP, 5, 9, 4, calls=12, seed=1)


def test_short_sides(student, compare):
    """With s_min = 4 and s_max = 6 the short side is 4, 5 or 6, each in one third of the calls."""
    compare(_sides, RAMP[:1], 4, 6, 3, calls=150, seed=3)


def test_places(student, compare):
    """At one scale all places are equally likely."""
    compare(_places, RAMP[:1], 4, 3, calls=250, seed=4)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same crops, and later calls give others."""
    compare(_generator, RAMP, seed=5)


def test_bad_input(student, compare):
    """No rows or columns, an empty range, and a crop larger than the short side are a ValueError that names an argument."""
    compare(_refused, ((0, 3), (3, 0)), ((6, 5, 4), (5, 7, 6)))
    rng = np.random.default_rng(0)
    compare.refuses("resize_bilinear", RAMP, 0, 3, naming=("h",))
    compare.refuses("resize_bilinear", RAMP, 3, -1, naming=("w",))
    compare.refuses("random_short_side_crop", RAMP, 6, 5, 4, rng, naming=("s_min", "s_max"))
    compare.refuses("random_short_side_crop", RAMP, 5, 7, 6, rng, naming=("size", "s_min"))
