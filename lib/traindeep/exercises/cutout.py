"""Cutout: a square of the image is covered."""

import numpy as np

from traindeep import chance

SIGNATURES = {"cutout": "img, size, cy, cx, fill -> out", "random_cutout": "img, size, rng -> out, center"}
IMAGES = ("img", "out")
HINTS = (
    "Take size 3 and the centre in row 5: which rows are covered? And size 4? And where does a square of size 4 start "
    "whose centre is in row 0, and what does NumPy make of a slice that starts there?",
    "top = cy - size // 2 is the first row, top + size the end. An end beyond the border is cut off by the slice itself; a "
    "negative start counts from the other end of the image, so it has to become 0. All channels are covered.",
    "out = np.array(img, dtype=float); out[:, max(top, 0) : top + size, max(left, 0) : left + size] = fill. For the draws: "
    "rng.integers(H) gives each of the rows 0 to H - 1 with the same probability, rng.integers(W) the columns.",
)


def _picture(*rows):
    return np.array([[float(mark == "#") for mark in row] for row in rows])


ARROW = _picture(
    "..........", ".....##...", ".....###..", ".########.", ".#########", ".########.", ".....###..", ".....##..."
)
IMG = np.stack([0.25 + 0.75 * ARROW, 0.25 + 0.5 * ARROW, np.linspace(0.3, 0.9, 10) * np.ones((8, 1))])
ONE = IMG[:1]


def _covered(student, img, size, cy, cx, fill):
    """The covered image, or the word "refused"."""
    try:
        return {"out": student.cutout(img, size, cy, cx, fill)}
    except ValueError:
        return {"out": "refused"}


def _default(student, img, size, cy, cx):
    return {"out": student.cutout(img, size, cy, cx)}


def _refused(student, img, cases):
    """Whether bad input is refused, by an error of any kind."""
    student.cutout(img, 3, 2, 2)
    facts = {}
    for size, cy, cx in cases:
        try:
            student.cutout(img, size, cy, cx)
        except (ValueError, IndexError):
            facts[f"size = {size}, cy = {cy}, cx = {cx} is refused"] = True
        else:
            facts[f"size = {size}, cy = {cy}, cx = {cx} is refused"] = False
    return facts


def _is_covered(img, out, size, cy, cx):
    rows, columns = (
        np.isin(np.arange(n), np.arange(size) + c - size // 2) for n, c in ((img.shape[1], cy), (img.shape[2], cx))
    )
    return np.shape(out) == img.shape and np.array_equal(out, np.where(np.outer(rows, columns), 0, img))


def _random(student, img, size, seed, times=900, looked_at=60):
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


def _generator(student, img, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = ([student.random_cutout(img, 3, first)[1] for _ in range(20)] for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated = [student.random_cutout(img, 3, again)[1] for _ in range(20)]
    return {
        "the same seed gives the same centres": bool(np.array_equal(one, repeated)),
        "the next calls give other centres": not np.array_equal(one, next_one),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def test_inside(student, compare):
    """Size 3 around row 4 and column 6 covers rows 3 to 5 and columns 5 to 7; size 4 covers rows 2 to 5, columns 4 to 7."""
    compare(_covered, ONE, 3, 4, 6, 0.5)
    compare(_covered, ONE, 4, 4, 6, 0.5)
    compare(_covered, IMG, 3, 4, 6, 0.0)


def test_clipped(student, compare):
    """What lies outside is cut off: size 4 in the upper right corner leaves 2 x 3 pixels. A square may be larger than the image."""
    compare(_covered, ONE, 4, 0, 9, 0.5)
    compare(_covered, ONE, 5, 6, 1, 0.5)
    compare(_covered, ONE, 30, 6, 1, 0.5)


def test_kinds_of_images(student, compare):
    """0 is the usual filling. An image of whole numbers may be filled with a fraction."""
    compare(_default, ONE, 3, 4, 2)
    compare(_covered, np.rint(9 * ONE).astype(int), 3, 4, 2, 2.5)


def test_draws(student, compare):
    """Every pixel is the centre equally often, also those at the border; the centre that you return is the one that you used."""
    compare(_random, IMG[:2, 2:5, 4:8], 3, seed=1)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same squares, and the next call gives another."""
    compare(_generator, ONE, seed=2)


def test_bad_input(student, compare):
    """A size below 1 and a centre outside of the image are a ValueError that names the argument."""
    compare(_refused, IMG, ((0, 2, 2), (3, 8, 2), (3, -1, 2), (3, 2, 10)))
    compare.refuses("cutout", IMG, 0, 2, 2, naming=("size",))
    compare.refuses("cutout", IMG, 3, 8, 2, naming=("cy",))
    compare.refuses("cutout", IMG, 3, 2, -1, naming=("cx",))
    compare.refuses("random_cutout", IMG, 0, np.random.default_rng(0), naming=("size",))
