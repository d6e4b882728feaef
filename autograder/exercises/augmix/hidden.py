"""Hidden tests of augmix_combine, augmix and jsd: each is tested without the help of the others.

Operations that count show how many of them were applied, and how often each. Each question to traindeep.chance refuses a
right answer with probability 1e-9 at most.
"""

import numpy as np
from traindeep import chance

from autograder.exercise import part

PARTS = {"combine": 2, "sampler": 2, "jsd": 2}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- combine ---------------------------------------------------------------------------------------------


# Only test_combine hands out the arguments themselves: who writes into them pays for it once.
def _combined(student, img, chains, weights, m):
    return {"out": student.augmix_combine(img.copy(), chains.copy(), weights.copy(), m)}


@part("combine")
def test_combine(compare, rng):
    """The image gets m, the chains share 1 - m by their weights, and nothing is clipped."""
    for k, shape in ((3, (2, 4, 5)), (2, (3, 3, 4)), (4, (4, 4, 4))):
        img, chains = rng.normal(size=shape), rng.normal(size=(k, *shape))
        compare("augmix_combine", img, chains, rng.dirichlet(np.ones(k)), float(rng.uniform(0.2, 0.4)))


@part("combine")
def test_combine_at_the_ends(compare, rng):
    """m = 0 and m = 1, a single chain, and much weight on the image."""
    img, chains, weights = rng.normal(size=(2, 4, 5)), rng.normal(size=(3, 2, 4, 5)), rng.dirichlet(np.ones(3))
    for m in (0, 1, float(rng.uniform(0.7, 0.9))):
        compare(_combined, img, chains, weights, m)
    compare(_combined, img, chains[:1], np.ones(1), float(rng.uniform(0.2, 0.4)))


@part("combine")
def test_combine_kinds_of_images(compare, rng):
    """float32 images and images of whole numbers are mixed as numbers with a fraction."""
    img, chains = rng.integers(0, 256, size=(2, 3, 4)), rng.integers(0, 256, size=(3, 2, 3, 4))
    for kind in (np.float32, np.int64, np.uint8):
        compare(_combined, img.astype(kind), chains.astype(kind), rng.dirichlet(np.ones(3)), 0.35)


# ---- sampler ---------------------------------------------------------------------------------------------


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
    numbers.seed(seed)  # a state that no answer can have left behind
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


def _refused(student, img):
    """What is refused, by an error of any kind."""
    op = student.imported("numpy").real_if_close
    student.augmix(img.copy(), [op], np.random.default_rng(1), 2)
    facts = {}
    for what, ops, k in (("k = 0", [op], 0), ("an empty list of operations", [], 3)):
        try:
            student.augmix(img.copy(), ops, np.random.default_rng(1), k)
        except (ValueError, IndexError, ZeroDivisionError):  # whether the kind is right is asked below
            facts[f"{what} is refused"] = True
        else:
            facts[f"{what} is refused"] = False
    return facts


def _no_chain(student, img, k=0):
    student.augmix(img.copy(), [student.imported("numpy").real_if_close], np.random.default_rng(1), k)


def _image_afterwards(student, img, k, seed):
    student.augmix(img, _count_ops(len(img)), np.random.default_rng(seed), k)


@part("sampler")
def test_chains(compare, rng):
    """Every chain starts from the image, and the result is what weights, m and depths say; the image is left as it was."""
    for n, k in ((3, 3), (4, 1), (2, 5)):
        compare(_consistent, rng.normal(size=(n, 2, 3)), n, k, _seed(rng))
    compare(_image_afterwards, rng.normal(size=(3, 2, 2)), 3, _seed(rng))


@part("sampler")
def test_draws(compare, rng):
    """Depths, operations and m have their laws."""
    compare(_draws, 3, _seed(rng), 200)


@part("sampler", supporting=True)
def test_weights(compare, rng):
    """The weights have their law."""
    compare(_weights, 4400, _seed(rng))


@part("sampler", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng, that of the operations as well: equal generators give equal images."""
    compare(_generator, rng.normal(size=(2, 3, 4)), 3, _seed(rng))


@part("sampler", supporting=True)
def test_bad_input(compare, rng):
    """An empty list of operations and fewer than one chain are refused by name."""
    img = rng.normal(size=(2, 3, 4))
    compare(_refused, img)
    compare.refuses("augmix", img, [], np.random.default_rng(1), 3, naming=("ops",))
    for k in (0, -1):
        compare.refuses(_no_chain, img, k, naming=("k",))


# ---- jsd -------------------------------------------------------------------------------------------------


# Only test_jsd hands out ps itself: who writes into it pays for it once.
def _divergence(student, ps):
    return {"divergence": float(student.jsd([p.copy() for p in ps]))}


def _one_prediction(student, p):
    student.jsd([p, p[::-1]])
    try:
        student.jsd([p])
    except ValueError:
        return {"a single prediction is refused": True}
    return {"a single prediction is refused": False}


@part("jsd")
def test_jsd(compare, rng):
    """The mean over predictions and examples of the divergence from each prediction to their mean, in nats."""
    for k, N, K in ((3, 5, 4), (2, 4, 7), (4, 3, 3)):
        compare.within(1e-6, 1e-6)("jsd", list(rng.dirichlet(np.ones(K), size=(k, N))))


@part("jsd")
def test_jsd_with_zeros(compare, rng):
    """Classes with probability 0 in some or in all predictions give a number all the same."""
    ps = rng.dirichlet(np.ones(5), size=(3, 4))
    ps[0, :, 1] = ps[:, 2, 3] = ps[1, 0, 2] = 0
    compare.within(1e-6, 1e-6)(_divergence, list(ps / ps.sum(axis=2, keepdims=True)))
    compare.within(1e-6, 1e-6)(_divergence, [np.eye(4)[rng.permutation(4)] for _ in range(3)] + [np.eye(4)])


@part("jsd", supporting=True)
def test_jsd_of_equal_predictions(compare, rng):
    """Predictions that agree have divergence 0, and no order of the predictions matters."""
    p, q = rng.dirichlet(np.ones(4), size=(2, 5))
    for ps in ([p, p, p], [p, q, q], [q, p, q]):
        compare.within(1e-6, 1e-6)(_divergence, ps)


@part("jsd", supporting=True)
def test_single_prediction(compare, rng):
    """Fewer than two predictions are refused by name."""
    p = rng.dirichlet(np.ones(4), size=5)
    compare(_one_prediction, p)
    for ps in ([p], []):
        compare.refuses("jsd", ps, naming=("ps",))
