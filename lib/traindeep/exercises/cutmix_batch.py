"""CutMix: a box of the partner is pasted, and labels follow the area."""

import numpy as np
from scipy import special

from traindeep import chance

SIGNATURES = {
    "cutmix_box": "H, W, lam, cy, cx -> y0, y1, x0, x1",
    "cutmix": "x, y, perm, box -> xm, ym, lam_adj",
    "sample_cutmix": "H, W, alpha, rng -> lam, box",
}
IMAGES = ("x", "xm")
HINTS = (
    "If both sides are a share s of the sides of the image, which share of the area is the box? Which s gives the share "
    "1 - lam? What happens to the area if the centre is in a corner, and which area decides about the labels?",
    "Box: h = H * sqrt(1 - lam), rows from cy - h // 2 on, and both ends clipped to 0..H; the same for columns with W. "
    "Paste: the same rows and columns of the partner. Labels: count the pixels of the clipped box.",
    "xm = x.copy(); xm[:, :, y0:y1, x0:x1] = x[perm][:, :, y0:y1, x0:x1] reads from x, not from xm, so nothing is pasted "
    "twice. A negative start in a slice counts from the end: clip before you slice.",
)


def _picture(*rows):
    return np.array([[float(mark == "#") for mark in row] for row in rows])


ARROW = _picture(
    "..........", ".....#....", ".....##...", ".#######..", ".########.", ".#######..", ".....##...", ".....#...."
)
CORNER = _picture(
    "##........", "##........", "##........", "##........", "##........", "##........", "##########", "##########"
)
RAMP = np.linspace(0.1, 0.9, 10) * np.ones((8, 1))
IMAGE_BATCH = np.stack([ARROW, CORNER, RAMP])[:, None]
ONE_HOT = np.eye(4)[[2, 0, 3]]
PERM = np.array([1, 2, 0])


def _axis(name, size, lo, hi, side, center):
    """What holds for the two edges of a box on one axis: each less than 2 pixels from where it would be exactly."""
    low, high = center - size * side / 2, center + size * side / 2
    return {
        f"the box lies within the {name}": bool(0 <= lo <= hi <= size),
        f"its first of the {name} is right": bool(lo == 0 if low <= -2 else abs(lo - max(low, 0)) < 2),
        f"its end of the {name} is right": bool(hi == size if high >= size + 2 else abs(hi - min(high, size)) < 2),
        f"its number of {name} is right": bool(hi - lo < size * side + 2 or hi == lo),
    }


def _box(student, H, W, lam, cy, cx):
    """What holds for a box; where something does not, also the box itself."""
    try:
        y0, y1, x0, x1 = box = [float(edge) for edge in student.cutmix_box(H, W, lam, cy, cx)]
    except ValueError:
        return {"lam is refused": True}
    side = np.sqrt(1 - lam)
    facts = {"lam is refused": False, "whole numbers": all(edge == int(edge) for edge in box)}
    facts |= _axis("rows", H, y0, y1, side, cy) | _axis("columns", W, x0, x1, side, cx)
    if lam == 1:
        facts |= {"the box is empty": (y1 - y0) * (x1 - x0) == 0}
    wrong = not facts["whole numbers"] or not all(list(facts.values())[2:])
    return facts | ({"the box": box} if wrong else {})


def _refused(student, lams):
    """Whether a lam is refused, by an error of any kind."""
    student.cutmix_box(20, 30, 0.5, 7, 8)
    facts = {}
    for lam in lams:
        try:
            student.cutmix_box(20, 30, lam, 7, 8)
        except ValueError:
            facts[f"lam = {lam} is refused"] = True
        else:
            facts[f"lam = {lam} is refused"] = False
    return facts


def _pasted(student, x, perm, box):
    xm, _, _ = student.cutmix(x, ONE_HOT.copy(), perm, box)
    return {"xm": xm}


def _labelled(student, x, y, perm, box):
    """lam_adj and ym; where they are wrong also xm, to tell one mistake from another."""
    xm, ym, lam_adj = student.cutmix(x, y, perm, box)
    facts = {"lam_adj": lam_adj, "ym": ym}
    lam = 1 - (box[1] - box[0]) * (box[3] - box[2]) / (x.shape[2] * x.shape[3])
    right = np.shape(ym) == ONE_HOT.shape and np.allclose(ym, lam * ONE_HOT + (1 - lam) * ONE_HOT[PERM])
    return facts if right else facts | {"the images": xm}


def _empty_batch(student, x, y, perm, box):
    student.cutmix(np.ones((1, *x.shape[1:])), np.ones((1, *y.shape[1:])), np.zeros(1, dtype=int), box)
    try:
        student.cutmix(x, y, perm, box)
    except ValueError:
        return {"an empty batch is refused": True}
    return {"an empty batch is refused": False}


def _center(size, lo, hi, side):
    """The centre that a box must have had on one axis: at most one of its two edges was cut off."""
    return lo + side / 2 if lo > 0 else hi - side / 2


def _boxes(student, H, W, alpha, seed, times=150):
    """What many draws have in common, for images so large that rounding does not matter."""
    rng = np.random.default_rng(seed)
    draws = [student.sample_cutmix(H, W, alpha, rng) for _ in range(times)]
    if any(np.ndim(lam) or np.shape(box) != (4,) for lam, box in draws):
        return {"each draw is one number lam and a box of four": False}
    lams, (y0, y1, x0, x1) = np.array([lam for lam, _ in draws]), np.array([box for _, box in draws], dtype=float).T
    side = np.sqrt(1 - lams.clip(0, 1))
    cy = np.array([_center(H, *edges) for edges in zip(y0, y1, H * side, strict=True)])
    cx = np.array([_center(W, *edges) for edges in zip(x0, x1, W * side, strict=True)])
    fits = abs(y1 - np.minimum(cy + H * side / 2, H)) + abs(x1 - np.minimum(cx + W * side / 2, W)) < 8
    beyond = 2 * float(special.betainc(alpha, alpha, 0.1))
    return {
        "share of lam below 0.5": chance.share((lams < 0.5).sum(), times, 0.5),
        "share of lam near 0 or 1": chance.share(((lams < 0.1) | (lams > 0.9)).sum(), times, beyond),
        "lam has the law of Beta": chance.uniform(special.betainc(alpha, alpha, lams.clip(0, 1)), 0, 1),
        "the boxes have the size that lam says": bool(fits.all()),
        "some boxes are cut off at the top, some at the bottom": [bool(np.any(y0 == 0)), bool(np.any(y1 == H))],
        "boxes are cut off as often as they should": bool(np.mean((y0 > 0) & (y1 < H)) < 0.75),
        "the centres differ": bool(np.ptp(cy) > H / 100),
        "rows of the centres are uniform": chance.uniform(cy, -2, H + 1),
        "columns of the centres are uniform": chance.uniform(cx, -2, W + 1),
        "rows and columns are drawn separately": bool(np.sum(abs(cy / H - cx / W) < 0.05) < times / 2),
    }


def _nothing_pasted(student, H, W, seed):
    try:
        lam, (y0, y1, x0, x1) = student.sample_cutmix(H, W, 0, np.random.default_rng(seed))
    except (ValueError, ZeroDivisionError):
        return {"lam for alpha = 0": "an error"}
    return {"lam for alpha = 0": lam, "area of the box": float((y1 - y0) * (x1 - x0))}


def _generator(student, H, W, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (student.sample_cutmix(H, W, 1.0, first) for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated = student.sample_cutmix(H, W, 1.0, again)
    return {
        "the same seed gives the same lam": bool(one[0] == repeated[0]),
        "the same seed gives the same box": bool(np.array_equal(one[1], repeated[1])),
        "the next call gives something else": bool(one[0] != next_one[0]),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def test_box(student, compare):
    """With lam = 0.75 a quarter of the area is replaced: of a 40 x 60 image about 20 rows and 30 columns."""
    compare(_box, 40, 60, 0.75, 21, 28)
    compare(_box, 63, 45, 0.5, 30, 20)


def test_box_at_the_border(student, compare):
    """What lies outside is cut off: with the centre in a corner a quarter of the box is left."""
    compare(_box, 40, 60, 0.75, 0, 59)
    compare(_box, 40, 60, 0.75, 39, 0)
    compare(_box, 40, 60, 0.36, 3, 50)


def test_ends_of_lam(student, compare):
    """lam = 0 replaces the whole image if the centre is in the middle, lam = 1 nothing."""
    compare(_box, 40, 60, 0, 20, 30)
    compare(_box, 40, 60, 1, 20, 30)


def test_paste(student, compare):
    """Rows 2 to 5 and columns 4 to 8 come from the partner, from the same place. Around them nothing changes."""
    compare(_pasted, IMAGE_BATCH, PERM, (2, 6, 4, 9))
    compare(_pasted, np.concatenate([IMAGE_BATCH, 1 - IMAGE_BATCH], axis=1), PERM, (0, 3, 5, 10))


def test_labels(student, compare):
    """A box of 7 x 6 pixels is 42 of the 80 of an image of 8 x 10, so the partner's label gets 42/80; for 4 x 5 it is 1/4."""
    compare(_labelled, IMAGE_BATCH, ONE_HOT, PERM, (0, 7, 2, 8))
    compare(_labelled, IMAGE_BATCH, ONE_HOT.astype(int), PERM, (2, 6, 4, 9))


def test_draws(student, compare):
    """lam is Beta(alpha, alpha), the centre is any pixel, boxes at the border are cut off. With alpha = 0 lam is 1."""
    compare(_boxes, 2000, 3000, 0.3, seed=1)
    compare(_nothing_pasted, 20, 30, seed=2)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same, and the next call gives something else."""
    compare(_generator, 400, 300, seed=3)


def test_bad_input(student, compare):
    """A lam outside [0, 1], an alpha below 0 and a batch without images are a ValueError that names the argument."""
    compare(_refused, (1.2, -0.1))
    compare.refuses("cutmix_box", 20, 30, 1.2, 7, 8, naming=("lam",))
    compare.refuses("cutmix_box", 20, 30, -0.1, 7, 8, naming=("lam",))
    compare.refuses("sample_cutmix", 20, 30, -1.0, np.random.default_rng(0), naming=("alpha",))
    empty = np.zeros((0, 1, 8, 10)), np.zeros((0, 4)), np.zeros(0, dtype=int)
    compare(_empty_batch, *empty, (2, 6, 4, 9))
    compare.refuses("cutmix", *empty, (2, 6, 4, 9), naming=("x",))
