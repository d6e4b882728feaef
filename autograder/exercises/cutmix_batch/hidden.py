"""Hidden tests of cutmix_box, cutmix and sample_cutmix: each is tested without the help of the others.

How a box is rounded is open, so its edges are held to intervals. Boxes are drawn for images so large that rounding does
not matter; at most one edge of an axis is cut off, so the centre can be read off the box. Each question to
traindeep.chance refuses a right answer with probability 1e-9 at most.
"""

import numpy as np
from scipy import special
from traindeep import chance
from traindeep.exercises.cutmix_batch import _axis, _center, _empty_batch, _generator, _nothing_pasted, _refused

from autograder.exercise import part

PARTS = {"box": 2, "paste": 2, "label": 2}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- box -------------------------------------------------------------------------------------------------


def _box(student, H, W, lam, cy, cx):
    """What holds for a box; where something does not, also the box itself, to tell one mistake from another."""
    try:
        y0, y1, x0, x1 = box = [float(edge) for edge in student.cutmix_box(H, W, lam, cy, cx)]
    except ValueError:
        return {"lam is refused": True}
    side = np.sqrt(1 - lam)
    facts = {"lam is refused": False, "whole numbers": all(edge == np.floor(edge) for edge in box)}
    facts |= _axis("rows", H, y0, y1, side, cy) | _axis("columns", W, x0, x1, side, cx)
    if lam == 1:
        facts |= {"the box is empty": (y1 - y0) * (x1 - x0) == 0}
    wrong = not facts["whole numbers"] or not all(list(facts.values())[2:])
    return facts | ({"the box": box} if wrong else {})


@part("box")
def test_box_inside(compare, rng):
    """A box inside of the image has a share 1 - lam of the area, and the given centre."""
    for H, W in ((40, 64), (90, 51), (48, 48)):
        lam = float(rng.uniform(0.6, 0.8))
        cy, cx = (int(rng.integers(0.4 * n, 0.6 * n)) for n in (H, W))
        compare(_box, H, W, lam, cy, cx)


@part("box")
def test_box_at_the_border(compare, rng):
    """Of a box that reaches over a border or a corner the rest is cut off, and the other edges stay where they were."""
    H, W = 60, 44
    lam = float(rng.uniform(0.3, 0.7))
    for cy, cx in ((int(rng.integers(3)), W - 1), (H - 1, int(rng.integers(3))), (H // 2, 1), (2, W // 2), (0, 0)):
        compare(_box, H, W, lam, cy, cx)
    compare(_box, H, W, lam, H - 1, W - 1)


@part("box", supporting=True)
def test_ends_of_lam(compare, rng):
    """lam = 0 takes the whole image if the centre is in the middle, lam = 1 takes nothing."""
    compare(_box, 40, 64, 0, 20, 32)
    compare(_box, 40, 64, 1.0, int(rng.integers(40)), int(rng.integers(64)))
    compare(_box, 40, 64, 1, 0, 63)


def _boxes(student, H, W, alpha, seed, times):
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


@part("box")
def test_draws(compare, rng):
    """lam has its law, the box the size that lam says, and the centre may be any pixel, so that boxes are cut off."""
    compare(_boxes, 2000, 3000, 0.4, _seed(rng), 200)
    compare(_boxes, 3000, 2000, 1, _seed(rng), 200)


@part("box", supporting=True)
def test_alpha_0(compare, rng):
    """alpha = 0 is allowed, and pastes nothing."""
    compare(_nothing_pasted, 20, 30, _seed(rng))


@part("box", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng: equal generators give equal draws, the next call other ones, nothing else is touched."""
    compare(_generator, 400, 300, _seed(rng))


@part("box", supporting=True)
def test_bad_numbers(compare, rng):
    """A lam outside [0, 1] and an alpha below 0 are refused by name."""
    compare(_refused, (-0.01, 1.01, 2))
    for lam in (-0.01, 1.01):
        compare.refuses("cutmix_box", 20, 30, lam, 7, 8, naming=("lam",))
    for alpha in (-0.1, -2):
        compare.refuses("sample_cutmix", 20, 30, alpha, np.random.default_rng(1), naming=("alpha",))


# ---- paste -----------------------------------------------------------------------------------------------


def _order(rng, N):
    """A permutation that is not its own inverse, with one example that is its own partner."""
    while True:
        perm = rng.permutation(N)
        if not np.array_equal(perm[perm], np.arange(N)) and np.any(perm == np.arange(N)):
            return perm


def _boxed(rng, H, W):
    """A box inside of the image, away from its borders and not square."""
    return 1, H - 2, 2, W - 1


# Only test_paste hands out x itself, and only test_labels y: who writes into them pays for it once.
def _pasted(student, x, perm, box):
    xm, _, _ = student.cutmix(x, np.eye(len(x)), perm.copy(), box)
    return {"xm": xm}


def _pasted_into_a_copy(student, x, perm, box):
    return _pasted(student, x.copy(), perm, box)


@part("paste")
def test_paste(compare, rng):
    """Inside of the box, and only there, is the partner, at the same place and in all channels. x is left as it was."""
    for shape in ((5, 2, 7, 9), (6, 3, 8, 5), (5, 2, 8, 8)):
        compare(_pasted, rng.normal(size=shape), _order(rng, shape[0]), _boxed(rng, *shape[2:]))


@part("paste")
def test_paste_at_the_border(compare, rng):
    """Boxes in a corner, the whole image, and nothing at all."""
    H, W = 6, 9
    for box in ((0, 2, 0, 4), (3, H, 0, 5), (2, H, 4, W), (0, H, 0, W), (3, 3, 2, 5)):
        compare(_pasted_into_a_copy, rng.normal(size=(5, 2, H, W)), _order(rng, 5), box)


@part("paste")
def test_kinds_of_images(compare, rng):
    """float32, whole numbers and uint8 images are pasted as they are."""
    x = rng.integers(0, 256, size=(5, 3, 6, 8))
    for kind in (np.float32, np.int64, np.uint8):
        compare(_pasted_into_a_copy, x.astype(kind), _order(rng, 5), (1, 4, 2, 7))


@part("paste", supporting=True)
def test_empty_batch(compare, rng):
    """A batch without images is refused by name."""
    empty = np.zeros((0, 2, 6, 8)), np.zeros((0, 4)), np.zeros(0, dtype=int)
    compare(_empty_batch, *empty, (1, 4, 2, 7))
    compare.refuses("cutmix", *empty, (1, 4, 2, 7), naming=("x",))


# ---- label -----------------------------------------------------------------------------------------------


def _labels(student, x, y, perm, box):
    """ym and lam_adj; where they are wrong also xm, to tell one mistake from another."""
    before, (y0, y1, x0, x1) = np.array(y, dtype=float), box
    xm, ym, lam_adj = student.cutmix(x.copy(), y, perm.copy(), box)
    lam = 1 - (y1 - y0) * (x1 - x0) / (x.shape[2] * x.shape[3])
    facts = {"ym": ym, "lam_adj": lam_adj}
    right = np.shape(ym) == before.shape and np.allclose(ym, lam * before + (1 - lam) * before[perm], atol=1e-5)
    return facts if right else facts | {"xm": xm}


def _labels_of_a_copy(student, x, y, perm, box):
    return _labels(student, x, y.copy(), perm, box)


@part("label")
def test_labels(compare, rng):
    """The partner's label gets the share of the pixels that were pasted, the rest stays."""
    for (N, H, W), K in (((5, 7, 9), 4), ((6, 8, 5), 3), ((5, 8, 8), 5)):
        y = rng.dirichlet(np.ones(K), size=N)
        compare(_labels, rng.normal(size=(N, 2, H, W)), y, _order(rng, N), (1, H, 1, W))
        compare(_labels_of_a_copy, rng.normal(size=(N, 2, H, W)), y, _order(rng, N), (1, H - 3, 2, W - 2))


@part("label")
def test_labels_at_the_border(compare, rng):
    """For a box that was cut off only the pixels count that are left of it, for any kind of picture."""
    H, W = 6, 9
    y = rng.dirichlet(np.ones(4), size=5)
    for box in ((0, 2, 0, 4), (3, H, 0, 7), (2, H, 4, W), (0, H, 0, W), (3, 3, 2, 5)):
        compare(_labels_of_a_copy, rng.integers(0, 2, size=(5, 2, H, W)) * 1.0, y, _order(rng, 5), box)


@part("label")
def test_one_hot_labels(compare, rng):
    """One-hot labels of whole numbers give two fractions."""
    y = np.eye(4, dtype=int)[rng.permutation([0, 1, 2, 3, 1])]
    for box in ((0, 5, 1, 8), (1, 4, 1, 7)):
        compare(_labels_of_a_copy, rng.normal(size=(5, 3, 6, 8)), y, _order(rng, 5), box)
