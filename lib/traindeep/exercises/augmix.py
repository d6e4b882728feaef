"""AugMix: chains of operations, their mixture with the image, and the divergence of the predictions."""

import numpy as np

from traindeep import chance

SIGNATURES = {
    "augmix_combine": "img, chains, weights, m -> out",
    "augmix": "img, ops, rng, k -> out, info",
    "jsd": "ps -> divergence",
}
IMAGES = ("img", "out")
HINTS = (
    "Where does the second chain start: from the image, or from what the first one made of it? Who gets m, who gets 1 - m? And "
    "jsd: what is M for two predictions (1, 0) and (0, 1), and what is KL from each of them to M?",
    "rng.dirichlet(np.ones(k)) gives weights that add up to 1; rng.integers(1, 4) gives 1, 2 or 3. jsd: M is the mean over "
    "the predictions; sum p * log(p / M) over the classes only, then take the mean over predictions and examples.",
    "0 * log 0 is nan for NumPy. np.log(np.where(p > 0, p, 1)) is 0 where p is 0, so that its product with p is, too. "
    "np.log(np.maximum(M, 1e-7)) is never infinite. jsd of (1, 0) and (0, 1) is log 2 = 0.693.",
)


def _picture(*rows):
    return np.array([[float(mark == "#") for mark in row] for row in rows])


ARROW = _picture(
    "..........", ".....##...", ".....###..", ".########.", ".#########", ".########.", ".....###..", ".....##..."
)
IMG = 0.9 * ARROW[None]
CHAINS = np.stack([IMG[:, ::-1, ::-1], np.roll(IMG, 3, axis=1), 1 - IMG])
P = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
Q = np.array([[0.5, 0.25, 0.25], [0.3, 0.3, 0.4]])
R = np.array([[0.2, 0.3, 0.5], [0.2, 0.7, 0.1]])


def _count_ops(n):
    """n operations on an image of n channels; operation j adds 1 to channel j, so that the image counts them."""

    def op(j):
        return lambda img, rng: np.asarray(img) + np.eye(n)[j][:, None, None]

    return [op(j) for j in range(n)]


def _info(info, k):
    weights, m, depths = np.asarray(info["weights"], dtype=float), info["m"], info["depths"]
    return {
        "shape of the weights": list(weights.shape),
        "the weights add up to 1": bool(np.isclose(weights.sum(), 1)),
        "no weight is negative": bool(np.all(weights >= 0)),
        "m is one number in [0, 1]": bool(np.ndim(m) == 0 and 0 <= m <= 1),
        "a list of k depths": len(depths) == k,
        "depths other than 1, 2 and 3": sorted({float(depth) for depth in depths} - {1.0, 2.0, 3.0}),
    }


def _consistent(student, img, n, k, seed, times=3):
    """Whether the image is what weights, m and depths say. n operations that count are at hand."""
    rng, facts = np.random.default_rng(seed), {}
    for _ in range(times):
        out, info = student.augmix(img.copy(), _count_ops(n), rng, k)
        facts = _info(info, k)
        if facts != _info({"weights": np.ones(k) / k, "m": 0.5, "depths": [1] * k}, k):
            return facts
        w, m, d = np.asarray(info["weights"], dtype=float), float(info["m"]), np.asarray(info["depths"], dtype=float)
        facts["shape of the image"] = list(np.shape(out))
        if np.shape(out) != img.shape:
            return facts
        added = np.asarray(out, dtype=float) - img
        even = np.ptp(added, axis=(1, 2)).max() < 1e-9
        total = added.mean(axis=(1, 2)).sum()
        stories = {
            "right": (1 - m) * (w @ d),
            "m is the weight of the chains": m * (w @ d),
            "each chain goes on where the last one ended": (1 - m) * (w @ np.cumsum(d)),
            "one operation in each chain": 1 - m,
            "one operation more than the depth": (1 - m) * (w @ (d + 1)),
            "one operation less than the depth": (1 - m) * (w @ (d - 1)),
            "chains without their weights": (1 - m) * d.mean(),
            "the image unchanged": 0.0,
            "no image at all": w @ d,
        }
        story = next((name for name, value in stories.items() if np.isclose(total, value)), "none")
        facts["what the image is"] = story if even else "none"
        if story != "right":
            return facts
    return facts


def _draws(student, n, seed, times):
    """Chains one by one: depth, m and the number of times that each operation was used."""
    rng, img = np.random.default_rng(seed), np.zeros((n, 1, 1))
    depths, ms, counts, fits = [], [], [], []
    for _ in range(times):
        out, info = student.augmix(img.copy(), _count_ops(n), rng, 1)
        m = float(info["m"])
        depths.append(info["depths"][0])
        ms.append(m)
        added = np.ravel(out)[:n]
        fits.append(np.isclose(added.sum(), (1 - m) * depths[-1]))
        if added.sum() > 1e-6:  # the scale, 1 - m, is the affair of another test
            counts.append(np.rint(depths[-1] * added / added.sum()))
    counts, depths = np.array(counts, dtype=int).reshape(-1, n), np.array(depths, dtype=int)
    words = f"no, and chains are{'' if all(fits) else ' not'} as long as they should be"
    seen = np.bincount(depths.clip(0, 4), minlength=5)
    return {
        "depths that occur": np.unique(depths).tolist(),
        "depths are equally likely": chance.shares(seen[1:4], 1 / 3) and seen[1:4].sum() == times,
        "m differs from call to call": bool(np.ptp(ms) > 0.01),
        "m is uniform": chance.uniform(ms, 0, 1),
        "operations that occur": np.flatnonzero(counts.sum(axis=0)).tolist(),
        "an operation may occur twice in a chain": bool(np.any(counts >= 2)),
        "different operations may occur in a chain": "yes" if np.any((counts > 0).sum(axis=1) >= 2) else words,
        "operations are equally likely": chance.shares(counts.sum(axis=0), 1 / n),
    }


def _weights(student, k, seed):
    """Shares w[0] / (w[0] + w[1]) of pairs of weights: uniform and independent, if the weights are Dirichlet(1, ..., 1)."""
    op = student.imported("numpy").real_if_close  # gives back what it gets
    _, info = student.augmix(np.ones((1, 1, 1)), [op], np.random.default_rng(seed), k)
    weights = np.asarray(info["weights"], dtype=float)
    if weights.shape != (k,) or weights.min() < 0 or not np.isclose(weights.sum(), 1):
        return {"k weights that add up to 1": False}
    first, second = weights[0::2], weights[1::2]
    shares = first / np.maximum(first + second, 1e-300)
    uneven = chance.share((abs(shares - 0.5) > 0.4).sum(), k // 2, 0.2)
    return {"k weights that add up to 1": True, "uneven pairs": uneven, "uniform": chance.uniform(shares, 0, 1)}


def _generator(student, img, k, seed):
    """The operations draw numbers of their own, from the generator that they get."""

    def op(img, rng):
        return np.asarray(img) * float(rng.random())

    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, next_one = (student.augmix(img.copy(), [op], first, k) for _ in range(2))
    after = numbers.get_state()[1:3]
    repeated = student.augmix(img.copy(), [op], again, k)
    return {
        "the same seed gives the same m": bool(one[1]["m"] == repeated[1]["m"]),
        "the same seed gives the same weights": bool(np.array_equal(one[1]["weights"], repeated[1]["weights"])),
        "the same seed gives the same image": bool(np.array_equal(one[0], repeated[0])),
        "the next call gives another image": not np.array_equal(one[0], next_one[0]),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _image_afterwards(student, img, k, seed):
    student.augmix(img, _count_ops(len(img)), np.random.default_rng(seed), k)


def _refused(student, img):
    """What is refused, by an error of any kind."""
    op = student.imported("numpy").real_if_close
    student.augmix(img.copy(), [op], np.random.default_rng(1), 2)
    facts = {}
    for what, ops, k in (("k = 0", [op], 0), ("an empty list of operations", [], 3)):
        try:
            student.augmix(img.copy(), ops, np.random.default_rng(1), k)
        except (ValueError, IndexError, ZeroDivisionError):
            facts[f"{what} is refused"] = True
        else:
            facts[f"{what} is refused"] = False
    return facts


def _one_prediction(student, p):
    student.jsd([p, p[::-1]])
    try:
        student.jsd([p])
    except ValueError:
        return {"a single prediction is refused": True}
    return {"a single prediction is refused": False}


def _no_chain(student, img, k=0):
    student.augmix(img.copy(), [student.imported("numpy").real_if_close], np.random.default_rng(1), k)


def test_combine(student, compare):
    """0.4 of the arrow and 0.6 of the mixture: half of it mirrored, three tenths moved, two tenths inverted."""
    compare("augmix_combine", IMG, CHAINS, np.array([0.5, 0.3, 0.2]), 0.4)


def test_combine_at_the_ends(student, compare):
    """m = 1 is the image, m = 0 the mixture of the chains. Nothing is clipped."""
    compare("augmix_combine", IMG, CHAINS, np.array([0.2, 0.3, 0.5]), 1)
    compare("augmix_combine", IMG, CHAINS, np.array([0.2, 0.3, 0.5]), 0)
    compare("augmix_combine", np.rint(9 * IMG).astype(int), 9 * CHAINS, np.array([0.2, 0.3, 0.5]), 0.25)
    compare("augmix_combine", 3 * IMG, 2 * CHAINS[:2], np.array([0.75, 0.25]), 0.5)


def test_chains(student, compare):
    """Every chain starts from the image and has as many operations as info says; the result is what info says."""
    compare(_consistent, np.zeros((3, 2, 2)), 3, 3, seed=1)
    compare(_image_afterwards, IMG, 3, seed=1)


def test_draws(student, compare):
    """Depths 1, 2, 3 are equally likely, and so are the operations, each time anew; m is uniform."""
    compare(_draws, 3, seed=2, times=200)


def test_weights(student, compare):
    """The weights follow Dirichlet(1, ..., 1): then w[0] / (w[0] + w[1]) is uniform."""
    compare(_weights, 4400, seed=3)


def test_generator(student, compare):
    """All randomness comes from rng, also that of the operations: the same seed gives the same image."""
    compare(_generator, IMG, 3, seed=4)


def test_jsd(student, compare):
    """For equal predictions 0, for (1, 0) and (0, 1) it is log 2; otherwise the mean over predictions and examples."""
    compare.within(1e-6, 1e-6)("jsd", [P, Q, R])
    compare.within(1e-6, 1e-6)("jsd", [P, P])
    compare.within(1e-6, 1e-6)("jsd", [P, R])


def test_jsd_with_zeros(student, compare):
    """A probability of 0 adds nothing; a class that nobody believes in, neither."""
    compare.within(1e-6, 1e-6)("jsd", [np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])])
    compare.within(1e-6, 1e-6)("jsd", [np.array([[0.5, 0.5, 0.0]]), np.array([[1.0, 0.0, 0.0]])])


def test_bad_input(student, compare):
    """No chain, no operation and a single prediction are a ValueError that names the argument."""
    compare(_refused, IMG)
    compare(_one_prediction, P)
    rng = np.random.default_rng(0)
    compare.refuses("augmix", IMG, [], rng, 3, naming=("ops",))
    compare.refuses(_no_chain, IMG, naming=("k",))
    compare.refuses("jsd", [P], naming=("ps",))
