"""Brightness and contrast."""

import numpy as np

from traindeep import chance

SIGNATURES = {
    "adjust_brightness": "img, f -> out",
    "adjust_contrast": "img, f -> out",
    "random_brightness_contrast": "img, delta, rng -> out, factors",
}
IMAGES = ("img", "out")
HINTS = (
    "What does f = 0 give in either case, and what f = 1? For the contrast: which value is left where it is, whatever f?",
    "Brightness is a product; contrast is the mean plus a product. np.clip(values, 0, 1) comes last, and in the random "
    "version both functions clip, one after the other.",
    "m = img.mean() is one number for the whole image. rng.uniform(1 - delta, 1 + delta) draws a factor; draw two, and "
    "return both of them.",
)
CIRCLE = np.clip(5.2 - np.hypot(*np.indices((10, 10)) - 4.5), 0.1, 0.9)[None] * np.linspace(0.5, 1, 10)
COLOURS = np.array([0.9, 0.5, 0.2])[:, None, None] * np.array([[0.2, 0.4, 0.6, 0.8, 1.0], [1.0, 0.5, 0.3, 0.9, 0.1]])
PLAIN = "one value everywhere"
STRIPES = np.array([[[0, 1, 1, 0], [1, 0, 0, 0]]])


def _adjusted(student, img, factors, name):
    """The image with each of several factors."""
    return {"out": [getattr(student, name)(img.copy(), f) for f in factors]}


def _random(student, img, delta, calls, seed):
    """What the result has to do with the factors that are returned, in several calls."""
    rng, found = np.random.default_rng(seed), set()
    for _ in range(calls):
        out, (fb, fc) = student.random_brightness_contrast(img.copy(), delta, rng)
        found.add(_what(student, img, np.asarray(out, dtype=float), float(fb), float(fc)))
    # A strong change may well leave one value; only if all calls do, something is wrong.
    return {"out is": ", ".join(sorted(found - {PLAIN}) or [PLAIN])}


def _change(student, img):
    """The image is handed over as it is."""
    student.random_brightness_contrast(img, 0.5, np.random.default_rng(1))
    return {}


def _what(student, img, out, fb, fc):
    """How the result came about, in words: by what the docstrings say, or by the student's own two functions."""
    if np.shape(out) != img.shape:
        return f"an array of shape {np.shape(out)}"
    if np.ptp(out) == 0:
        return PLAIN

    def bright(x, f=fb):
        return np.minimum(np.maximum(f, 0) * x, 1)

    def contrast(x, f=fc):
        return np.minimum(np.maximum(np.mean(x) * (1 - f) + f * x, 0), 1)

    known = {
        "img with brightness fb, then contrast fc": lambda: contrast(bright(img)),
        "the same without clipping in between": lambda: contrast(fb * img),
        "img with contrast fc, then brightness fb": lambda: bright(contrast(img)),
        "img with brightness fb": lambda: bright(img),
        "img with contrast fc": lambda: contrast(img),
        "img with brightness fc, then contrast fb": lambda: contrast(bright(img, fc), fb),
        "the mean of both changes": lambda: (bright(img) + contrast(img)) / 2,
        "img": lambda: img,
    }
    found = next((name for name, f in known.items() if np.allclose(out, f(), rtol=1e-4, atol=1e-5)), "something else")
    if found != "img with brightness fb, then contrast fc":
        own = student.adjust_contrast(np.array(student.adjust_brightness(img.copy(), max(fb, 0))), max(fc, 0))
        if np.shape(own) == img.shape and np.allclose(out, own, rtol=1e-4, atol=1e-5):
            return "img with brightness fb, then contrast fc"  # by functions that other tests complain about
    return found


def _factors(student, img, delta, calls, seed):
    """Facts about the factors of many calls."""
    rng = np.random.default_rng(seed)
    made = [student.random_brightness_contrast(img.copy(), delta, rng)[1] for _ in range(calls)]
    fb, fc = np.array([[float(f) for f in factors] for factors in made]).T
    facts = {
        "fb and fc are always equal": bool(np.allclose(fb, fc)),
        "all calls have the same factors": bool(np.ptp(fb) == 0 and np.ptp(fc) == 0),
        "smallest factor, in tenths": _tenths(min(fb.min(), fc.min()), 1 - delta),
        "largest factor, in tenths": _tenths(max(fb.max(), fc.max()), 1 + delta),
    }
    for name, values in (("fb", fb), ("fc", fc)):
        facts[f"{name} is uniform between 1 - delta and 1 + delta"] = chance.uniform(values, 1 - delta, 1 + delta)
    if not facts["fb is uniform between 1 - delta and 1 + delta"]:
        facts["fb is uniform between 1 - 2 delta and 1 + 2 delta"] = chance.uniform(fb, 1 - 2 * delta, 1 + 2 * delta)
    both = ((fb > 1) & (fc > 1)).sum()
    return facts | {"how often both are above 1": chance.share(both, calls, 0.25)}


def _tenths(value, bound):
    """The bound if the value is within 0.1 of it, else the value, rounded."""
    return float(bound) if abs(value - bound) <= 0.1 else round(float(value), 0)


def _generator(student, img, delta, seed):
    numbers = student.imported("numpy.random")
    first, again = np.random.default_rng(seed), np.random.default_rng(seed)

    def factors(rng):
        return [
            tuple(float(f) for f in student.random_brightness_contrast(img.copy(), delta, rng)[1]) for _ in range(3)
        ]

    numbers.seed(seed)  # check puts the global generator back
    before = numbers.get_state()[1:3]
    one, more = factors(first), factors(first)
    after = numbers.get_state()[1:3]
    numbers.seed(seed // 2)
    return {
        "the same seed gives the same factors": one == factors(again),
        "the next calls give other factors": one != more,
        "NumPy's global generator is left alone": bool(np.array_equal(before[0], after[0]) and before[1] == after[1]),
    }


def _refused(student, factors, deltas):
    """First what is allowed, then what is not."""
    img, facts = np.full((1, 2, 2), 0.5), {}
    for name in ("adjust_brightness", "adjust_contrast"):
        for f in (0.5, *factors):
            facts[f"{name}, f = {f}"] = _outcome(lambda name=name, f=f: getattr(student, name)(img.copy(), f))
    for delta in (0.5, *deltas):
        facts[f"delta = {delta}"] = _outcome(
            lambda delta=delta: student.random_brightness_contrast(img.copy(), delta, np.random.default_rng(0))
        )
    return facts


def _outcome(call):
    try:
        call()
    except ValueError:
        return "refused"
    return "accepted"


def test_brightness(student, compare):
    """f = 0.5 halves all values; f = 2 doubles them and clips at 1; f = 0 is black, f = 1 changes nothing."""
    compare("adjust_brightness", CIRCLE, 0.5)
    compare(_adjusted, COLOURS, (2, 0, 1, 0.25), "adjust_brightness")


def test_contrast(student, compare):
    """Values come closer to the mean of the whole image or go away from it; f = 0 is grey, f = 1 changes nothing."""
    compare("adjust_contrast", CIRCLE, 0.4)
    compare(_adjusted, COLOURS, (2.5, 0, 1, 0.5), "adjust_contrast")


def test_whole_numbers(student, compare):
    """An image of zeros and ones has values between them afterwards."""
    for name in ("adjust_brightness", "adjust_contrast"):
        compare(_adjusted, STRIPES, (0.5, 0.3), name)


def test_random_values(student, compare):
    """The result is the image with brightness fb, and then contrast fc, with the factors that are returned."""
    compare(_random, COLOURS, 0.45, calls=12, seed=1)
    compare(_change, COLOURS)


def test_factors(student, compare):
    """With delta = 0.4 both factors are uniform between 0.6 and 1.4, and independent of each other."""
    compare(_factors, COLOURS, 0.4, calls=300, seed=2)


def test_generator(student, compare):
    """All randomness comes from rng: the same seed gives the same factors, and later calls give others."""
    compare(_generator, COLOURS, 0.4, seed=3)


def test_bad_input(student, compare):
    """A negative f and a delta outside [0, 1] are a ValueError that names the argument."""
    compare(_refused, (-0.1,), (-0.1, 1.1))
    for name in ("adjust_brightness", "adjust_contrast"):
        compare.refuses(name, COLOURS, -0.1, naming=("f",))
    for delta in (-0.1, 1.1):
        compare.refuses("random_brightness_contrast", COLOURS, delta, np.random.default_rng(0), naming=("delta",))
