"""PixMix: a picture is mixed in, several times."""

import numpy as np

from traindeep import chance

SIGNATURES = {"pixmix_combine": "x, z, op, a, b -> out", "pixmix": "img, mix_img, ops, rng, k, beta -> out, info"}
IMAGES = ("x", "out")
HINTS = (
    "What shall two grey pictures (0.5) give when they are added? And multiplied? In each round: which picture becomes x, and "
    "which one is z? Is what is augmented the original, or what the rounds have made of it?",
    '"add" takes both pictures to [-1, 1], adds there, and goes back; "mul" takes both to [0, 2], so that grey is 1. Clip at '
    "the end of each round. rng.random() < 0.5 is a coin; rng.integers(k + 1) is a number from 0 to k.",
    "b may be negative, and 0 to a negative power is infinite: np.maximum(2 * z, 1e-37) ** b is not. Record each round as you "
    "go: {'z': z, 'source': 'aug' or 'mix', 'op': op, 'a': a, 'b': b}, with the z that you mixed in.",
)


def _picture(*rows):
    return np.array([[float(mark == "#") for mark in row] for row in rows])


ARROW = _picture(
    "..........", ".....##...", ".....###..", ".########.", ".#########", ".########.", ".....###..", ".....##..."
)
IMG = 0.2 + 0.6 * ARROW[None]
WAVES = (0.5 + 0.5 * np.sin(np.arange(8)[:, None] + 0.8 * np.arange(10)))[None]


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
    numbers.seed(seed)  # check puts the global generator back
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


def _refused(student, x, cases):
    """What is refused, by an error of any kind."""
    student.pixmix_combine(x.copy(), x.copy(), "add", 1.0, 0.5)
    facts = {}
    for shape, op in cases:
        try:
            student.pixmix_combine(x.copy(), np.ones(shape), op, 1.0, 0.5)
        except (ValueError, KeyError):
            facts[f"z of shape {tuple(shape)}, op {op!r} is refused"] = True
        else:
            facts[f"z of shape {tuple(shape)}, op {op!r} is refused"] = False
    return facts


def test_add(student, compare):
    """ "add" is done around grey: grey and grey give grey. What leaves [0, 1] is clipped."""
    compare("pixmix_combine", IMG, WAVES, "add", 0.8, 0.4)
    compare("pixmix_combine", IMG, WAVES, "add", 1.3, -0.5)
    compare("pixmix_combine", np.full((1, 1, 2), 0.5), np.full((1, 1, 2), 0.5), "add", 0.7, 0.2)


def test_mul(student, compare):
    """ "mul" is done around 1: grey leaves a picture as it is, with a = 1. A black z with a negative b is no reason for nan."""
    compare("pixmix_combine", IMG, WAVES, "mul", 0.8, 0.4)
    compare("pixmix_combine", ARROW[None], 1 - ARROW[None], "mul", 1.3, -0.5)
    compare("pixmix_combine", ARROW[None], ARROW[None], "mul", 1.3, -0.5)


def test_rounds_replayed(student, compare):
    """What you return is what the rounds that you list make of the start, with an augmented copy of the original or mix_img."""
    compare(_replayed, IMG, WAVES, 4, seed=1, times=30)
    compare(_replayed, IMG, WAVES, 0, seed=2, times=10)
    compare(_images_afterwards, IMG, WAVES, seed=3)


def test_number_of_rounds(student, compare):
    """With k = 4 there are 0, 1, 2, 3 or 4 rounds, all equally likely, and half of the starts are augmented."""
    compare(_rounds, 4, seed=4, times=150)


def test_laws(student, compare):
    """In each round source, op and the law of (a, b) are drawn anew, by the toss of a coin; b is negative in the second law."""
    compare(_laws, 40, 3.0, seed=5, times=25)


def test_generator(student, compare):
    """All randomness comes from rng, also that of the operations: the same seed gives the same image."""
    compare(_generator, IMG, seed=6)


def test_bad_input(student, compare):
    """An unknown op and pictures of different shapes are a ValueError that names the argument."""
    compare(_refused, IMG, (((1, 8, 10), "sub"), ((1, 8, 1), "add"), ((8, 10), "mul")))
    compare.refuses("pixmix_combine", IMG, WAVES, "multiply", 1.0, 0.5, naming=("op",))
    compare.refuses("pixmix_combine", IMG, WAVES[:, :, :1], "add", 1.0, 0.5, naming=("x", "z"))
