"""MixUp: every example with a partner, inputs and labels alike."""

import numpy as np
from scipy import special

from traindeep import chance

SIGNATURES = {"mixup": "x, y, lam, perm -> xm, ym", "sample_mixup": "N, alpha, rng -> lam, perm"}
IMAGES = ("x", "xm")
HINTS = (
    "x[perm] is the batch of partners: row n of it is the partner of example n. Does the formula need to know how many axes "
    "an example has? Which of the two gets lam, the example or its partner? Is it the same for the labels?",
    "x and y are treated alike: lam times the array plus (1 - lam) times the array in the order perm. Convert to float first. "
    "A label that is a class number (y is 1-D) cannot be mixed, so refuse it.",
    "rng.beta(alpha, alpha) wants alpha > 0, so alpha = 0 is a case of its own. rng.permutation(N) draws an order in "
    "which each index occurs once; rng.integers(N, size=N) does not.",
)


def _picture(*rows):
    return np.array([[float(mark == "#") for mark in row] for row in rows])


ARROW = _picture("........", "....#...", "....##..", ".######.", ".######.", "....##..", "....#...", "........")
CORNER = _picture("##......", "##......", "##......", "##......", "##......", "##......", "########", "########")
RAMP = np.linspace(0, 1, 8) * np.ones((8, 1))
IMAGE_BATCH = np.stack([ARROW, CORNER, RAMP])[:, None]
ONE_HOT = np.eye(4)[[2, 0, 3]]
SOFT = np.array([[0.0, 0.0, 1.0, 0.0], [0.5, 0.25, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0]])
PERM = np.array([1, 2, 0])


def _mixed(student, x, y, lam, perm):
    """xm and ym, or the word "refused"."""
    try:
        xm, ym = student.mixup(x, y, lam, perm)
    except ValueError:
        return {"xm": "refused", "ym": "refused"}
    return {"xm": xm, "ym": ym}


def _class_numbers(student, x, classes, perm):
    """Whether labels that are class numbers are refused, by an error of any kind."""
    student.mixup(x, np.eye(3), 0.7, perm)
    try:
        student.mixup(x, classes, 0.7, perm)
    except (ValueError, IndexError):
        return {"class numbers are refused": True}
    return {"class numbers are refused": False}


def _refused(student, x, y, perm, lams):
    """Whether a lam is refused, by an error of any kind."""
    student.mixup(x, y, 0.7, perm)
    facts = {}
    for lam in lams:
        try:
            student.mixup(x, y, lam, perm)
        except ValueError:
            facts[f"lam = {lam} is refused"] = True
        else:
            facts[f"lam = {lam} is refused"] = False
    return facts


def _form(student, N, alpha, seed):
    lam, perm = student.sample_mixup(N, alpha, np.random.default_rng(seed))
    return {
        "lam is one number": np.ndim(lam) == 0,
        "shape of perm": list(np.shape(perm)),
        "perm holds every index once": np.array_equal(np.sort(np.ravel(perm)), np.arange(N)),
    }


def _drawn(student, N, alpha, seed, times):
    rng = np.random.default_rng(seed)
    pairs = [student.sample_mixup(N, alpha, rng) for _ in range(times)]
    return [lam for lam, _ in pairs], [np.asarray(perm) for _, perm in pairs]


def _lam(student, alpha, seed, times=250):
    """Shares of the draws of lam. Those that are plausible are shown as what they should be."""
    lams, _ = _drawn(student, 2, alpha, seed, times)
    if any(np.ndim(lam) for lam in lams):
        return {"lam is one number": False}
    lams = np.array(lams, dtype=float)
    low = float(special.betainc(alpha, alpha, 0.1))
    return {
        "all are in [0, 1]": bool(np.all((lams >= 0) & (lams <= 1))),
        "share below 0.5": chance.share((lams < 0.5).sum(), times, 0.5),
        "share below 0.1 or above 0.9": chance.share(((lams < 0.1) | (lams > 0.9)).sum(), times, 2 * low),
    }


def _orders(student, seed, times=300):
    """What many permutations of four have in common."""
    _, perms = _drawn(student, 4, 1.0, seed, times)
    if any(perm.shape != (4,) for perm in perms):
        return {"shape of perm": list(perms[0].shape)}
    perms = np.array(perms)
    steps = (perms[:, 1] - perms[:, 0]) % 4
    return {
        "each holds every index once": bool((np.sort(perms, axis=1) == np.arange(4)).all()),
        "share in which example 0 is its own partner": chance.share((perms[:, 0] == 0).sum(), times, 1 / 4),
        "share in which the partners of 0 and 1 are neighbours": chance.share((steps == 1).sum(), times, 1 / 3),
        "share in which the last is the partner of 0": chance.share((perms[:, 0] == 3).sum(), times, 1 / 4),
    }


def _nothing_mixed(student, N, seed):
    try:
        lam, _ = student.sample_mixup(N, 0, np.random.default_rng(seed))
    except (ValueError, ZeroDivisionError):
        return {"lam for alpha = 0": "an error"}
    return {"lam for alpha = 0": lam}


def _generator(student, N, alpha, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (student.sample_mixup(N, alpha, first) for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated = student.sample_mixup(N, alpha, again)
    return {
        "the same seed gives the same lam": bool(np.array_equal(one[0], repeated[0])),
        "the same seed gives the same perm": bool(np.array_equal(one[1], repeated[1])),
        "the next call gives another perm": not np.array_equal(one[1], next_one[1]),
        "the next call gives another lam": not np.array_equal(one[0], next_one[0]),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def test_images(student, compare):
    """Images are mixed pixel by pixel: an arrow with a corner, the corner with a ramp, the ramp with the arrow."""
    compare(_mixed, IMAGE_BATCH, SOFT, 0.3, PERM)
    compare(_mixed, np.rint(255 * IMAGE_BATCH).astype(np.uint8), ONE_HOT.astype(int), 0.6, PERM)


def test_rows(student, compare):
    """With lam = 0.25 row 0 is one quarter of itself and three quarters of its partner, and so is its label."""
    compare(_mixed, np.array([[0.0, 4.0], [8.0, 0.0], [4.0, 12.0]]), SOFT, 0.25, PERM)


def test_ends(student, compare):
    """lam = 1 leaves the batch as it is, lam = 0 gives the partners."""
    compare(_mixed, IMAGE_BATCH[:, :, 2:6], ONE_HOT, 1, PERM)
    compare(_mixed, IMAGE_BATCH[:, :, 2:6], ONE_HOT, 0, PERM)


def test_bad_input(student, compare):
    """A lam outside [0, 1], labels that are class numbers and an alpha below 0 are a ValueError that names the argument."""
    compare(_class_numbers, np.eye(3), np.array([3, 0, 1]), PERM)
    compare.refuses("mixup", np.eye(3), np.array([3, 0, 1]), 0.7, PERM, naming=("y",))
    compare(_refused, np.eye(3), ONE_HOT, PERM, (1.1, -0.1))
    for lam in (1.1, -0.1):
        compare.refuses("mixup", np.eye(3), ONE_HOT, lam, PERM, naming=("lam",))
    compare.refuses("sample_mixup", 4, -1.0, np.random.default_rng(0), naming=("alpha",))


def test_draws(student, compare):
    """lam is one number, and perm holds each of 0..N-1 once. With alpha = 0 lam is 1."""
    compare(_form, 30, 0.4, seed=1)
    compare(_nothing_mixed, 5, seed=2)


def test_law_of_lam(student, compare):
    """Beta(alpha, alpha) is symmetric about 1/2; with alpha = 0.3 most draws are near 0 or near 1."""
    compare(_lam, 0.3, seed=3)


def test_law_of_perm(student, compare):
    """All orders are equally likely, also those in which an example is its own partner."""
    compare(_orders, seed=4)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same, and the next call gives something else."""
    compare(_generator, 30, 1.0, seed=5)
