"""Solarize, autocontrast, equalize."""

import numpy as np

SIGNATURES = {"solarize": "img, threshold -> out", "autocontrast": "img -> out", "equalize": "img -> out"}
IMAGES = ("img", "out")
HINTS = (
    "All three give every value v a new value lut[v] that does not depend on where the pixel is. What is 200 * 3 in an array "
    "of bytes?",
    "Compute with whole numbers or floats that are large enough, and go back to np.uint8 at the end. autocontrast and "
    "equalize treat each channel by itself. For equalize count the pixels of each value first.",
    "np.bincount(channel.ravel(), minlength=256) counts; np.cumsum(counts) - counts is the number of pixels below v. "
    "lut.astype(np.uint8)[channel] gives every pixel its new value. np.minimum(lut, 255) comes before astype.",
)
RAMP = np.arange(0, 256, 5, dtype=np.uint8)[:48].reshape(1, 6, 8)
BALL = np.rint(60 + 90 * np.clip(1 - np.hypot(*np.indices((12, 12)) - 5.5) / 6, 0, 1)).astype(np.uint8)[None]
THREE = np.concatenate([BALL[:, :, 3:9], 255 - BALL[:, :, 3:9] // 2, 20 + BALL[:, :, 3:9] // 3])  # three ranges
FLAT = np.full((1, 3, 4), 77, dtype=np.uint8)


def _levels(*steps):
    """A channel of 16 x 34 pixels, column by column: how many pixels have which level, and ramps between them."""
    values = np.concatenate([np.linspace(low, high, count) for low, high, count in steps])
    return np.rint(values).astype(np.uint8).reshape(34, 16).T


# 544 pixels each. The highest level has 2 of them, then 60.
DARK = np.stack(
    [
        _levels((40, 40, 100), (41, 79, 62), (80, 80, 300), (81, 198, 80), (200, 200, 2)),
        _levels((60, 178, 484), (180, 180, 60)),
    ]
)


def _solarized(student, img, thresholds):
    outs = [student.solarize(img.copy(), threshold) for threshold in thresholds]
    return {"out": outs, "dtype": str(outs[0].dtype)}


def _done(student, name, img):
    out = getattr(student, name)(img.copy())
    return {"out": out, "dtype": str(out.dtype)}


def _change(student, name, img, *args):
    """The image is handed over as it is."""
    getattr(student, name)(img, *args)
    return {}


def _refused(student, dtypes, thresholds):
    """First what is allowed, then what is not."""
    facts = {}
    for name, args in (("solarize", (100,)), ("autocontrast", ()), ("equalize", ())):
        for dtype in ("uint8", *dtypes):
            img = np.arange(12).reshape(1, 3, 4).astype(dtype)
            facts[f"{name} of {dtype}"] = _outcome(
                lambda name=name, img=img, args=args: getattr(student, name)(img, *args)
            )
    for threshold in (0, 256, *thresholds):
        img = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
        facts[f"threshold {threshold}"] = _outcome(lambda img=img, t=threshold: student.solarize(img, t))
    return facts


def _outcome(call):
    try:
        call()
    except (ValueError, OverflowError, TypeError, IndexError):  # whether the kind is right is asked below
        return "refused"
    return "accepted"


def test_solarize(student, compare):
    """With threshold 100 values from 100 on are inverted: 95 stays, 100 becomes 155. 0 inverts all, 256 none."""
    compare(_solarized, RAMP, (100, 130, 0, 256))


def test_autocontrast(student, compare):
    """Each channel is stretched from 0 to 255, by itself; one level more or less is fine."""
    compare.within(0, 1)(_done, "autocontrast", THREE)
    compare.within(0, 1)(_done, "autocontrast", BALL)


def test_equalize(student, compare):
    """Each channel is equalized by its own histogram; where the highest level has many pixels, too."""
    compare(_done, "equalize", DARK)


def test_flat(student, compare):
    """A channel with one value stays, and so does one that is too small for equalize."""
    for name in ("autocontrast", "equalize"):
        compare(_done, name, FLAT)
    compare(_done, "equalize", RAMP)


def test_image_is_left_alone(student, compare):
    """Nothing is written into the image."""
    compare(_change, "solarize", BALL, 100)
    for name in ("autocontrast", "equalize"):
        compare(_change, name, DARK)


def test_bad_input(student, compare):
    """An img of another dtype, and a threshold outside 0..256, are a ValueError that names the argument."""
    compare(_refused, ("float64", "int64"), (-1, 257))
    for dtype in (float, int):
        for name, args in (("solarize", (128,)), ("autocontrast", ()), ("equalize", ())):
            compare.refuses(name, RAMP.astype(dtype), *args, naming=("img",))
    for threshold in (-1, 257):
        compare.refuses("solarize", RAMP, threshold, naming=("threshold",))
