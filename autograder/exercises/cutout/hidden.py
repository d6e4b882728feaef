"""Hidden tests of cutout and random_cutout: each is tested without the help of the other.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep import chance

from autograder.exercise import part

PARTS = {"inside": 1, "clipped": 2, "draws": 1}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- the square ------------------------------------------------------------------------------------------


# Only test_inside hands out img itself: who writes into it pays for it once.
def _covered(student, img, size, cy, cx, fill):
    try:
        return {"out": student.cutout(img, size, cy, cx, fill)}
    except ValueError:
        return {"out": "refused"}


def _covered_copy(student, img, size, cy, cx, fill):
    return _covered(student, img.copy(), size, cy, cx, fill)


def _default(student, img, size, cy, cx):
    return {"out": student.cutout(img.copy(), size, cy, cx)}


@part("inside")
def test_inside(compare, rng):
    """A square inside of the image has the right size and place, for odd and even sizes, in all channels."""
    for (C, H, W), size in (((3, 9, 12), 3), ((2, 11, 8), 4), ((1, 10, 10), 5), ((4, 7, 9), 1), ((2, 9, 8), 2)):
        cy, cx = (int(rng.integers(3, n - 2)) for n in (H, W))
        compare(_covered, rng.normal(size=(C, H, W)), size, cy, cx, float(rng.uniform(1, 2)))


@part("inside")
def test_filling(compare, rng):
    """The filling is 0 by default, and any number otherwise, also in an image of whole numbers."""
    img = rng.integers(1, 256, size=(3, 7, 9))
    for kind in (float, np.float32, np.int64, np.uint8):
        compare(_covered_copy, img.astype(kind), 3, 3, 5, -1.75)
        compare(_default, img.astype(kind), 4, 3, 5)


@part("clipped")
def test_sides(compare, rng):
    """Of a square that reaches over one side of the image the rest is cut off."""
    H, W = 8, 11
    for size in (4, 5):
        for cy, cx in ((0, 5), (H - 1, 5), (4, 1), (4, W - 1)):
            compare(_covered_copy, rng.normal(size=(2, H, W)), size, cy, cx, 0.5)


@part("clipped")
def test_corners(compare, rng):
    """Of a square in a corner a part is left, and of one that is larger than the image what lies inside."""
    H, W = 8, 11
    for size in (5, 4):
        for cy, cx in ((0, W - 1), (H - 1, 0), (1, 1), (H - 1, W - 2)):
            compare(_covered_copy, rng.normal(size=(2, H, W)), size, cy, cx, 0.5)
    for size in (2 * W + 1, 12):
        compare(_covered_copy, rng.normal(size=(2, H, W)), size, int(rng.integers(H)), int(rng.integers(W)), 0.5)


def _refused(student, img, cases):
    student.cutout(img.copy(), 3, 2, 2)  # an answer that always raises is not one that refuses
    facts = {}
    for size, cy, cx in cases:
        try:
            student.cutout(img.copy(), size, cy, cx)
        except (ValueError, IndexError):  # whether the kind is right is asked below
            facts[f"size = {size}, cy = {cy}, cx = {cx} is refused"] = True
        else:
            facts[f"size = {size}, cy = {cy}, cx = {cx} is refused"] = False
    return facts


@part("clipped", supporting=True)
def test_bad_input(compare, rng):
    """A size below 1 and a centre outside of the image are refused by name."""
    img, cases = rng.normal(size=(2, 6, 9)), ((0, 2, 2), (-3, 2, 2), (3, 6, 2), (3, -1, 2), (3, 2, 9), (3, 2, -1))
    compare(_refused, img, cases)
    for size, cy, cx in cases:
        name = "size" if size < 1 else "cy" if cy != 2 else "cx"
        compare.refuses("cutout", img, size, cy, cx, naming=(name,))


# ---- draws -----------------------------------------------------------------------------------------------


def _is_covered(img, out, size, cy, cx):
    sides = ((img.shape[1], cy), (img.shape[2], cx))
    rows, columns = (np.isin(np.arange(n), np.arange(size) + c - size // 2) for n, c in sides)
    return np.shape(out) == img.shape and np.array_equal(out, np.where(np.outer(rows, columns), 0, img))


def _random(student, img, size, seed, times, looked_at=60):
    """What many random squares have in common; only some of the images are looked at."""
    rng, before = np.random.default_rng(seed), img.copy()
    outs, centers = zip(*(student.random_cutout(img, size, rng) for _ in range(times)), strict=True)
    outs, (cy, cx) = outs[:looked_at], np.array([[int(row), int(column)] for row, column in centers]).T
    _, H, W = img.shape
    right = [_is_covered(before, out, size, *center) for out, center in zip(outs, centers, strict=False)]
    corner = (cy % (H - 1) == 0) & (cx % (W - 1) == 0)
    counts = np.bincount(cy.clip(0, H - 1) * W + cx.clip(0, W - 1), minlength=H * W)
    facts = {
        "the square is where the centre says": all(right),
        "the centres are inside of the image": bool(np.all((cy >= 0) & (cy < H) & (cx >= 0) & (cx < W))),
        "rows that are centres": np.unique(cy).tolist(),
        "columns that are centres": np.unique(cx).tolist(),
        "share of the centres in a corner": chance.share(corner.sum(), times, 4 / (H * W)),
        "all pixels are centres equally often": chance.shares(counts, 1 / (H * W)),
    }
    if all(right):
        return facts
    # To tell one mistake from another: what is covered on the whole.
    shares = [np.mean(np.asarray(out) == 0) for out in outs]
    alike = [np.array_equal(np.asarray(out)[0] == 0, np.asarray(out)[-1] == 0) for out in outs]
    return facts | {
        "all channels have the same square": all(alike),
        "least and largest share covered": [float(min(shares)), float(max(shares))],
        "squares that are where the centre says": "some" if any(right) else "none",
    }


@part("draws")
def test_draws(compare, rng):
    """Every pixel is the centre equally often, and the square is where the centre says."""
    compare(_random, rng.uniform(1, 2, size=(2, 3, 4)), 3, _seed(rng), 900)
    compare(_random, rng.uniform(1, 2, size=(3, 5, 3)), 2, _seed(rng), 100)


def _generator(student, img, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = ([student.random_cutout(img.copy(), 3, first)[1] for _ in range(20)] for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated = [student.random_cutout(img.copy(), 3, again)[1] for _ in range(20)]
    return {
        "the same seed gives the same centres": bool(np.array_equal(one, repeated)),
        "the next calls give other centres": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


@part("draws", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal squares, the next calls other ones, nothing else is touched."""
    compare(_generator, rng.normal(size=(2, 30, 40)), _seed(rng))


@part("draws", supporting=True)
def test_bad_size(compare, rng):
    """random_cutout refuses a size below 1 by name."""
    for size in (0, -2):
        compare.refuses("random_cutout", rng.normal(size=(2, 6, 9)), size, np.random.default_rng(1), naming=("size",))
