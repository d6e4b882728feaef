"""Hidden tests of pixmix_combine and pixmix: each is tested without the help of the other.

A result of pixmix is replayed from what it lists. Each question to traindeep.chance refuses a right answer with
probability 1e-9 at most.
"""

import numpy as np
from traindeep import chance

from autograder.exercise import part

PARTS = {"combine": 3, "pipeline": 2, "distribution": 1}


def _seed(rng):
    return int(rng.integers(2**32))


# ---- combine ---------------------------------------------------------------------------------------------


def _pictures(rng, *shape):
    """Two pictures, with black and white in all combinations."""
    x, z = rng.uniform(0.1, 0.9, size=(2, *shape))
    x[0, 0, :4], z[0, 0, :4] = (0, 0, 1, 1), (0, 1, 0, 1)
    return x, z


# Only test_add hands out the pictures themselves: who writes into them pays for it once.
def _mixed(student, x, z, op, a, b):
    return {"out": student.pixmix_combine(x.copy(), z.copy(), op, a, b)}


@part("combine")
def test_add(compare, rng):
    """ "add" works around grey and clips what leaves [0, 1]."""
    for shape in ((2, 3, 5), (1, 4, 4), (3, 5, 4)):
        compare(
            "pixmix_combine", *_pictures(rng, *shape), "add", float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.1, 0.4))
        )
        compare(
            "pixmix_combine",
            *_pictures(rng, *shape),
            "add",
            float(rng.uniform(1.2, 1.9)),
            -float(rng.uniform(0.1, 0.4)),
        )


@part("combine")
def test_mul(compare, rng):
    """ "mul" works around 1 and clips what leaves [0, 1]."""
    for shape in ((2, 3, 5), (1, 4, 4), (3, 5, 4)):
        compare(_mixed, *_pictures(rng, *shape), "mul", float(rng.uniform(0.5, 0.9)), float(rng.uniform(0.1, 0.4)))


@part("combine")
def test_mul_with_a_negative_power(compare, rng):
    """A negative b in "mul" makes dark parts of z bright; black is no reason for infinities or nan."""
    for shape in ((2, 3, 5), (1, 4, 4)):
        compare(_mixed, *_pictures(rng, *shape), "mul", float(rng.uniform(1.2, 1.9)), -float(rng.uniform(0.1, 0.9)))


@part("combine")
def test_kinds_of_pictures(compare, rng):
    """float32 pictures and black-and-white pictures of whole numbers are right, too."""
    x, z = rng.integers(0, 2, size=(2, 1, 6, 7))
    for op in ("add", "mul"):
        compare(_mixed, x, z, op, 0.7, 0.3)
        compare(_mixed, *(picture.astype(np.float32) for picture in _pictures(rng, 2, 3, 5)), op, 1.4, -0.2)


def _refused(student, x, cases):
    """What is refused, by an error of any kind."""
    student.pixmix_combine(x.copy(), x.copy(), "add", 1.0, 0.5)
    facts = {}
    for shape, op in cases:
        try:
            student.pixmix_combine(x.copy(), np.ones(shape), op, 1.0, 0.5)
        except (ValueError, KeyError):  # whether the kind is right is asked below
            facts[f"z of shape {tuple(shape)}, op {op!r} is refused"] = True
        else:
            facts[f"z of shape {tuple(shape)}, op {op!r} is refused"] = False
    return facts


@part("combine", supporting=True)
def test_bad_input(compare, rng):
    """Another op, and pictures of different shapes, even if they would broadcast, are refused by name."""
    x = rng.uniform(size=(2, 3, 4))
    compare(_refused, x, (((2, 3, 4), "sub"), ((2, 3, 1), "add"), ((3, 4), "mul"), ((2, 4, 3), "add")))
    for op in ("multiply", "Add", ""):
        compare.refuses("pixmix_combine", x, x, op, 1.0, 0.5, naming=("op",))
    for shape in ((2, 3, 1), (3, 4), (2, 4, 3)):
        compare.refuses("pixmix_combine", x, np.ones(shape), "add", 1.0, 0.5, naming=("x", "z"))


# ---- pipeline --------------------------------------------------------------------------------------------


def _combined(x, z, op, a, b):
    """What the rounds of a right answer do; combining itself is tested elsewhere."""
    with np.errstate(all="ignore"):
        if op == "add":
            return np.clip((a * (2 * x - 1) + b * (2 * z - 1) + 1) / 2, 0, 1)
        return np.clip((2 * x) ** a * np.maximum(2 * z, 1e-37) ** b / 2, 0, 1)


# Three operations that draw nothing: inverted, mirrored, moved.
OPS = (
    lambda img, rng: 1 - np.asarray(img),
    lambda img, rng: np.asarray(img)[:, :, ::-1].copy(),
    lambda img, rng: np.roll(np.asarray(img), 1, axis=1),
)


def _which(picture, pictures):
    """The index of the picture in a list, or -1."""
    found = [n for n, other in enumerate(pictures) if np.shape(picture) == other.shape and np.allclose(picture, other)]
    return found[0] if found else -1


def _instead(img, mix_img, start, steps, bad):
    """What the wrong z of a step seems to be, to tell one mistake from another."""
    so_far = [op(img, None) for op in OPS] if start else [img]
    for step in steps[:bad]:
        so_far = [_combined(x, step["z"], step["op"], float(step["a"]), float(step["b"])) for x in so_far]
    every = img
    for op in OPS:
        every = op(every, None)
    stories = {
        "an augmented copy of the picture so far": [op(x, None) for op in OPS for x in so_far],
        "the image itself": [img],
        "mix_img": [mix_img],
        "an augmented copy of mix_img": [op(mix_img, None) for op in OPS],
        "all operations in turn": [every],
    }
    z = steps[bad]["z"]
    return next((story for story, pictures in stories.items() if _which(z, pictures) >= 0), "something else")


def _replayed(student, img, mix_img, k, seed, times):
    """Whether the image is what info says, call by call."""
    rng, copies = np.random.default_rng(seed), [op(img, None) for op in OPS]
    used, facts = set(), {}
    for _ in range(times):
        result = student.pixmix(img.copy(), mix_img.copy(), list(OPS), rng, k, 3.0)
        if isinstance(result, tuple) and len(result) != 2:
            return {"number of results": len(result)}
        out, info = result
        steps = [{key: step[key] for key in ("z", "source", "op", "a", "b")} for step in info["steps"]]
        start = bool(info["start_augmented"])
        facts = {
            "number of results": 2,
            "rounds is the number of steps": int(info["rounds"]) == len(steps),
            "source is aug or mix": all(step["source"] in ("aug", "mix") for step in steps),
            "op is add or mul": all(step["op"] in ("add", "mul") for step in steps),
            "shape of the image": list(np.shape(out)),
            "values are in [0, 1]": bool(np.min(out) >= 0 and np.max(out) <= 1),
        }
        if facts["shape of the image"] != list(img.shape) or not all(facts.values()):
            return facts
        places = [_which(step["z"], [mix_img, *copies, img]) for step in steps]
        good = [
            place == 0 if step["source"] == "mix" else 1 <= place <= 3
            for place, step in zip(places, steps, strict=True)
        ]
        facts |= {"z is mix_img, or an augmented copy of the original, as source says": all(good)}
        if not all(good):
            return facts | {"what z is instead": _instead(img, mix_img, start, steps, good.index(False))}
        used |= {place for place in places if place}
        ends = []
        for first in (*copies, img):
            for step in steps:
                first = _combined(first, step["z"], step["op"], float(step["a"]), float(step["b"]))
            ends.append(first)
        place = _which(out, ends[:3]) if start else _which(out, ends[3:])
        facts |= {"the image is what info says": place >= 0}
        if place < 0:  # to tell one mistake from another
            other = _which(out, ends[3:]) if start else _which(out, ends[:3])
            last = steps[-1] if steps else None
            alone = last and [_combined(img, last["z"], last["op"], float(last["a"]), float(last["b"]))]
            facts |= {
                "it is so with the other start": other >= 0,
                "it is the last round alone": bool(alone and _which(out, alone) == 0),
            }
            return facts
    return facts | {"operations that occur in the rounds": sorted(used)}


def _steps(student, k, beta, seed, times):
    op = student.imported("numpy").real_if_close  # gives back what it gets
    rng, img = np.random.default_rng(seed), np.full((1, 1, 1), 0.25)
    return [student.pixmix(img.copy(), 2 * img, [op], rng, k, beta)[1] for _ in range(times)]


def _rounds(student, k, seed, times):
    infos = _steps(student, k, 3.0, seed, times)
    rounds = np.array([int(info["rounds"]) for info in infos])
    starts = sum(bool(info["start_augmented"]) for info in infos)
    return {
        "rounds that occur": np.unique(rounds).tolist(),
        "rounds are equally likely": chance.shares(np.bincount(rounds, minlength=k + 1)[: k + 1], 1 / (k + 1)),
        "share of augmented starts": chance.share(starts, times, 0.5),
    }


def _laws(student, k, beta, seed, times):
    """Laws of what is drawn in the rounds. Shares that are plausible are shown as what they should be."""
    calls = [info["steps"] for info in _steps(student, k, beta, seed, times)]
    steps = [step for call in calls for step in call]
    a, b = (np.array([float(step[name]) for step in steps]) for name in "ab")
    second = (b < 0) | (a > 1)
    facts = {
        f"{name} changes within a call": any(len({str(step[name]) for step in call}) > 1 for call in calls)
        for name in ("source", "op", "a")
    }
    facts |= {
        "share of mix": chance.share(sum(step["source"] == "mix" for step in steps), len(steps), 0.5),
        "share of add": chance.share(sum(step["op"] == "add" for step in steps), len(steps), 0.5),
        "share of the second law": chance.share(second.sum(), len(steps), 0.5),
        "a of the first law": second.all() or chance.uniform(a[~second].clip(0, 1) ** beta, 0, 1),
        "b of the first law": second.all() or chance.uniform((1 - b[~second].clip(0, 1)) ** beta, 0, 1),
        "a of the second law": not second.any() or chance.uniform((2 - a[second].clip(1, 2)) ** beta, 0, 1),
        "b of the second law": not second.any() or chance.uniform((1 + b[second].clip(-1, 0)) ** beta, 0, 1),
        "b of the second law is negative": not second.any() or bool(np.all(b[second] <= 0)),
    }
    return {name: bool(fact) if isinstance(fact, np.bool_) else fact for name, fact in facts.items()}


def _generator(student, img, seed):
    """The operations draw numbers of their own, from the generator that they get."""

    def op(img, rng):
        return np.asarray(img) * float(rng.random())

    def run(rng):
        calls = [student.pixmix(img.copy(), 1 - img, [op], rng, 4, 3.0) for _ in range(6)]
        images, infos = [np.asarray(image) for image, _ in calls], [info for _, info in calls]
        return images, [[int(info["rounds"]), *[float(step["a"]) for step in info["steps"]]] for info in infos]

    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)
    numbers.seed(seed)  # a state that no answer can have left behind
    before = numbers.get_state()[1:3]
    one, next_one = run(first), run(first)
    after = numbers.get_state()[1:3]
    repeated = run(again)
    return {
        "the same seed gives the same rounds": one[1] == repeated[1],
        "the same seed gives the same images": bool(np.array_equal(one[0], repeated[0])),
        "the next calls give other images": not np.array_equal(one[0], next_one[0]),
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _images_afterwards(student, img, mix_img, seed):
    student.pixmix(img, mix_img, [student.imported("numpy").real_if_close], np.random.default_rng(seed), 4, 3.0)


@part("pipeline")
def test_replayed(compare, rng):
    """The image is what the rounds make of the start, each with an augmented copy of the original or with mix_img."""
    img, mix_img = rng.uniform(0.1, 0.9, size=(2, 2, 3, 4))
    compare(_replayed, img, mix_img, 4, _seed(rng), 60)
    compare(_images_afterwards, img, mix_img, _seed(rng))


@part("pipeline")
def test_start(compare, rng):
    """Without rounds the image is the original, or an augmented copy of it."""
    img, mix_img = rng.uniform(0.1, 0.9, size=(2, 2, 3, 4))
    compare(_replayed, img, mix_img, 0, _seed(rng), 40)


@part("pipeline", supporting=True)
def test_generator(compare, rng):
    """All randomness comes from rng, that of the operations as well: equal generators give equal images."""
    compare(_generator, rng.uniform(0.1, 0.9, size=(2, 3, 4)), _seed(rng))


# ---- distribution ----------------------------------------------------------------------------------------


@part("distribution", supporting=True)
def test_number_of_rounds(compare, rng):
    """The number of rounds and the kind of start have their laws."""
    compare(_rounds, 4, _seed(rng), 200)


@part("distribution")
def test_laws(compare, rng):
    """What is drawn in each round has its law, for two values of beta."""
    compare(_laws, 40, 3.0, _seed(rng), 25)
    compare(_laws, 40, 1.5, _seed(rng), 25)
