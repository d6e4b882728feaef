"""Hidden tests of trivial_augment and rand_augment: each is tested without the help of the other.

Each question to traindeep.chance refuses a right answer with probability 1e-9 at most; that 900 calls miss the smallest or
the largest of 31 strengths has probability 3e-13.
"""

import itertools

import numpy as np
from traindeep import chance

from autograder.exercise import part

PARTS = {"trivial": 3, "rand": 2}


def _seed(rng):
    return int(rng.integers(2**32))


def _img(rng):
    return rng.uniform(1.1, 1.9, size=(1, 2, 3))


NAMES = ("add", "subtract", "multiply")  # NumPy's own, as operations: op(img, m)


def _ops(student):
    return [getattr(student.imported("numpy"), name) for name in NAMES]


def _apply(img, chosen, m):
    for op in chosen:
        img = getattr(np, NAMES[op])(img, m)
    return img


def _whole(*numbers):
    return all(np.ndim(number) == 0 and float(number) == np.floor(float(number)) for number in numbers)


def _first(out, stories):
    """The first story of which one of the images is `out`."""
    for story, images in stories.items():
        if any(np.shape(out) == image.shape and np.allclose(out, image) for image in images):
            return story
    return "something else"


def _trivial(student, img, seed, times, levels=None):
    """What many calls have in common: draws, and whether images are what the draws say."""
    rng, draws, found = np.random.default_rng(seed), [], set()
    more = () if levels is None else (levels,)
    ops = _ops(student)
    for call in range(times):
        out, (op, m) = student.trivial_augment(img.copy(), ops, rng, *more)
        if not _whole(op, m):
            return {"index and strength are whole numbers": False}
        draws.append((int(op), int(m)))
        if call < 60:
            op, m = min(max(int(op), 0), 2), int(m)
            stories = {
                "made by the operation that was drawn": [_apply(img, [op], m)],
                "made by this operation twice": [_apply(img, [op, op], m)],
                "made by all operations": [_apply(img, range(3), m)],
                "the image unchanged": [img],
                "made with a strength between 0 and 1": [_apply(img, [op], m / (levels or 31))],
            }
            found.add(_first(out, stories))
    (op, m), levels = np.array(draws).T, levels or 31
    counts = np.bincount(m.clip(0, levels - 1), minlength=levels)
    return {
        "index and strength are whole numbers": True,
        "the image is": sorted(found),
        "smallest and largest strength": [int(m.min()), int(m.max())],
        "operations that occur": np.unique(op).tolist(),
        "strengths are equally likely": chance.shares(counts, 1 / levels),
        "operations are equally likely": chance.shares(np.bincount(op.clip(0, 2), minlength=3), 1 / 3),
        "operation and strength have nothing to do with each other": [
            chance.share((op == m % 3).sum(), times, 1 / 3),
            chance.share((op == 3 * m // levels).sum(), times, 1 / 3),
        ],
    }


def _asked(student, img, seed, policy):
    """What the operations are called with, and how often, in one call of a policy."""
    calls = []

    def op(*args):
        calls.append((len(args), [float(arg) for arg in args[1:2]]))
        return np.asarray(args[0]) + 1

    rng = np.random.default_rng(seed)
    if policy == "trivial":
        out, (_, m) = student.trivial_augment(img.copy(), [op, op, op, op], rng)
    else:
        out, _ = student.rand_augment(img.copy(), [op, op], 5, 7, rng)
        m = 7
    return {
        "calls of operations": len(calls),
        "arguments of an operation": sorted({number for number, _ in calls}),
        "the strength that operations get is m": all(arguments == [float(m)] for _, arguments in calls),
        "the image": np.asarray(out),
    }


def _rand(student, img, n, m, seed, times):
    """Whether images are what the list of operations says."""
    rng, ops, numbers, found = np.random.default_rng(seed), _ops(student), set(), set()
    for _ in range(times):
        try:
            out, chosen = student.rand_augment(img.copy(), ops, n, m, rng)
        except (ValueError, IndexError):
            return {"the image is": ["an error"], "numbers of operations": []}
        numbers.add(len(chosen))
        if not _whole(*chosen) or not all(0 <= op < 3 for op in chosen):
            found.add("made by an operation that does not exist")
            continue
        chosen = [int(op) for op in chosen]
        stories = {
            "made by all operations in this order": [_apply(img, chosen, m)],
            "made by them in the opposite order": [_apply(img, chosen[::-1], m)],
            "made by them in another order": [_apply(img, order, m) for order in itertools.permutations(chosen[:5])],
            "made by the last one alone": [_apply(img, chosen[-1:], m)],
            "made with m / 30": [_apply(img, chosen, m / 30)],
            "made with another strength": [_apply(img, chosen, other) for other in range(31)],
        }
        found.add(_first(out, stories))
    return {"the image is": sorted(found), "numbers of operations": sorted(numbers)}


def _chosen(student, img, n, seed):
    """Laws of many operations of one call, and whether the next call has others."""
    rng, op = np.random.default_rng(seed), student.imported("numpy").add
    try:
        first, second = (student.rand_augment(img.copy(), [op, op, op], n, 3, rng)[1] for _ in range(2))
    except (ValueError, IndexError):
        return {"more operations than there are": "an error"}
    first, second = np.asarray(first).ravel(), np.asarray(second).ravel()
    pairs = first[0 : n - 1 : 2] == first[1:n:2]
    return {
        "more operations than there are": "a list",
        "operations that occur": np.unique(first).tolist(),
        "operations are equally likely": chance.shares(np.bincount(first.astype(int).clip(0, 2), minlength=3), 1 / 3),
        "share of neighbours that are alike": chance.share(pairs.sum(), n // 2, 1 / 3),
        "the next call has others": not np.array_equal(first, second),
    }


def _generator(student, img, seed, policy):
    ops, numbers = _ops(student), student.imported("numpy.random")

    def run(rng):
        if policy == "trivial":
            return [[int(drawn) for drawn in student.trivial_augment(img.copy(), ops, rng)[1]] for _ in range(10)]
        return [int(op) for op in student.rand_augment(img.copy(), ops, 40, 1, rng)[1]]

    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = run(first), run(first)
    after = numbers.get_state()[1:3]
    repeated = run(again)
    return {
        "the same seed gives the same draws": one == repeated,
        "the next call gives other draws": one != next_one,
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _image_afterwards(student, img, seed, policy):
    ops, rng = _ops(student), np.random.default_rng(seed)
    if policy == "trivial":
        student.trivial_augment(img, ops, rng)
    else:
        student.rand_augment(img, ops, 3, 9, rng)


def _refused(student, img, policy, cases):
    """What is refused, by an error of any kind. A case of RandAugment is (how many operations are at hand, n, m)."""
    ops, facts = _ops(student), {}
    for case in cases:
        try:
            if policy == "trivial":
                student.trivial_augment(img.copy(), ops[:case], np.random.default_rng(1))
            else:
                student.rand_augment(img.copy(), ops[: case[0]], *case[1:], np.random.default_rng(1))
        except (ValueError, IndexError):  # whether the kind is right is asked below
            facts[f"{case} is refused"] = True
        else:
            facts[f"{case} is refused"] = False
    return facts


def _rand_with(student, img, n, m):
    student.rand_augment(img, _ops(student), n, m, np.random.default_rng(1))


@part("trivial")
def test_trivial(compare, rng):
    """One operation and one strength, both uniform and independent; the image is what they make of it."""
    compare(_trivial, _img(rng), _seed(rng), 900)


@part("trivial")
def test_levels(compare, rng):
    """The number of strengths is an argument."""
    compare(_trivial, _img(rng), _seed(rng), 300, 5)
    compare(_trivial, _img(rng), _seed(rng), 100, 1)


@part("trivial")
def test_trivial_calls(compare, rng):
    """One operation is called, once, with the image and the strength."""
    compare(_asked, _img(rng), _seed(rng), "trivial")
    compare(_image_afterwards, _img(rng), _seed(rng), "trivial")


@part("trivial", supporting=True)
def test_trivial_generator(compare, rng):
    """All randomness of trivial_augment comes from rng."""
    compare(_generator, _img(rng), _seed(rng), "trivial")


@part("trivial", supporting=True)
def test_trivial_bad_input(compare, rng):
    """trivial_augment refuses an empty list of operations by name."""
    compare(_refused, _img(rng), "trivial", (2, 0))
    compare.refuses("trivial_augment", _img(rng), [], np.random.default_rng(1), naming=("ops",))


@part("rand")
def test_rand(compare, rng):
    """n operations, one after the other in the order of the list, all with strength m."""
    for n, m in ((3, 7), (6, 2), (1, 30), (0, 9), (2, 0)):
        compare(_rand, _img(rng), n, m, _seed(rng), 12 if n > 1 else 3)


@part("rand")
def test_rand_calls(compare, rng):
    """n operations are called, each with an image and the strength."""
    compare(_asked, _img(rng), _seed(rng), "rand")
    compare(_image_afterwards, _img(rng), _seed(rng), "rand")


@part("rand", supporting=True)
def test_rand_draws(compare, rng):
    """The operations are drawn uniformly, with replacement, and anew in each call."""
    compare(_chosen, _img(rng), 600, _seed(rng))


@part("rand", supporting=True)
def test_rand_generator(compare, rng):
    """All randomness of rand_augment comes from rng."""
    compare(_generator, _img(rng), _seed(rng), "rand")


@part("rand", supporting=True)
def test_rand_bad_input(compare, rng):
    """rand_augment refuses an empty list of operations, an n below 0 and an m outside 0..30, all by name."""
    img = _img(rng)
    compare(_refused, img, "rand", ((2, 2, 5), (0, 2, 5), (2, -1, 5), (2, 2, 31), (2, 2, -1)))
    compare.refuses("rand_augment", img, [], 2, 5, np.random.default_rng(1), naming=("ops",))
    compare.refuses(_rand_with, img, -1, 5, naming=("n",))
    for m in (31, -1):
        compare.refuses(_rand_with, img, 2, m, naming=("m",))
