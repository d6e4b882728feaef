"""Believable wrong answers to the exercise on brightness and contrast. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _checked(img, f):
    if f < 0:
        raise ValueError("f must be at least 0")
    return np.asarray(img, dtype=float)


def _clip(x):
    return np.clip(x, 0, 1)


# ---- brightness ------------------------------------------------------------------------------------------


@replaces("adjust_brightness")
def added(img, f):
    """You add f to all values. Brightness is a factor here: f = 1 must change nothing."""
    return _clip(_checked(img, f) + f)


@replaces("adjust_brightness")
def added_the_difference(img, f):
    """You add f - 1 to all values, so black becomes grey. Brightness is a factor: black stays black."""
    return _clip(_checked(img, f) + f - 1)


@replaces("adjust_brightness")
def brightness_not_clipped(img, f):
    """Your bright values are larger than 1. Clip them: there is nothing brighter than white."""
    return _checked(img, f) * f


@replaces("adjust_brightness")
def brightness_rescaled(img, f):
    """You divide by the largest value instead of clipping, so the brightness is gone again. What is larger than 1 becomes 1."""
    out = _checked(img, f) * f
    return out / max(out.max(), 1)


@replaces("adjust_brightness")
def brightness_wraps(img, f):
    """Your values start again at 0 where they exceed 1. Clip them: larger than white is white."""
    return (_checked(img, f) * f) % 1.0


@replaces("adjust_brightness")
def one_more_than_f(img, f):
    """You multiply by 1 + f. f itself is the factor: f = 1 changes nothing, f = 0 gives black."""
    return _clip(_checked(img, f) * (1 + f))


@replaces("adjust_brightness")
def power(img, f):
    """You raise the values to the power f: that is a gamma curve. Brightness multiplies by f."""
    return _checked(img, f) ** f


@replaces("adjust_brightness")
def brightness_truncated(img, f):
    """Your brightness keeps the dtype of the image, so zeros and ones stay zeros and ones. Return floats."""
    return _clip(_checked(img, f) * f).astype(np.asarray(img).dtype)


@replaces("adjust_brightness")
def brightness_in_place(img, f):
    """Your brightness is right, but you wrote it into the image. Make a new array."""
    out = _clip(_checked(img, f) * f)
    if img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("adjust_brightness")
def negative_brightness(img, f):
    """Your adjust_brightness accepts a negative factor. Refuse it with a ValueError that names f."""
    return _clip(np.asarray(img, dtype=float) * f)


# ---- contrast --------------------------------------------------------------------------------------------


def _contrast(img, f, mean, clip=_clip):
    img = _checked(img, f)
    m = mean(img)
    return clip(m + f * (img - m))


@replaces("adjust_contrast")
def mean_of_each_channel(img, f):
    """You take the mean of each channel by itself, so the colours fade as well. m is one number for the whole image."""
    return _contrast(img, f, lambda img: img.mean(axis=(1, 2), keepdims=True))


@replaces("adjust_contrast")
def mean_of_each_pixel(img, f):
    """You take the mean over the channels, pixel by pixel: that changes how colourful the image is, not its contrast. m is one number for the whole image."""
    return _contrast(img, f, lambda img: img.mean(axis=0, keepdims=True))


@replaces("adjust_contrast")
def mean_of_each_row(img, f):
    """You take the mean along the last axis, row by row. m is one number for the whole image."""
    return _contrast(img, f, lambda img: img.mean(axis=-1, keepdims=True))


@replaces("adjust_contrast")
def mean_of_luminance(img, f):
    """You weigh red, green and blue as in a grey image. Pillow does so; here m is the plain mean of all values."""
    weights = np.array([0.299, 0.587, 0.114])
    return _contrast(img, f, lambda img: (img.mean(axis=(1, 2)) * weights).sum() if len(img) == 3 else img.mean() * 1.0)


@replaces("adjust_contrast")
def around_one_half(img, f):
    """You stretch around 0.5. What stays where it is, is the mean of the image."""
    return _contrast(img, f, lambda img: 0.5)


@replaces("adjust_contrast")
def around_the_median(img, f):
    """You stretch around the median. What stays where it is, is the mean of the image."""
    return _contrast(img, f, np.median)


@replaces("adjust_contrast")
def contrast_is_a_factor(img, f):
    """You multiply by f: that is brightness. Contrast multiplies the distance from the mean."""
    return _clip(_checked(img, f) * f)


@replaces("adjust_contrast")
def mean_not_added_back(img, f):
    """You forgot to add the mean again. With f = 1 the image must come back."""
    img = _checked(img, f)
    return _clip(f * (img - img.mean()))


@replaces("adjust_contrast")
def contrast_not_clipped(img, f):
    """Your values leave the range from 0 to 1. Clip them at both ends."""
    return _contrast(img, f, np.mean, clip=lambda x: x)


@replaces("adjust_contrast")
def clipped_at_one_only(img, f):
    """You clip at 1, but not at 0. Strong contrast makes dark values negative: clip at both ends."""
    return _contrast(img, f, np.mean, clip=lambda x: np.minimum(x, 1))


@replaces("adjust_contrast")
def stretched_to_the_full_range(img, f):
    """You stretch to the whole range from 0 to 1 before f has its say. Only the distance from the mean is multiplied by f."""
    img = _checked(img, f)
    out = img.mean() + f * (img - img.mean())
    return (out - out.min()) / max(out.max() - out.min(), 1e-12)


@replaces("adjust_contrast")
def standardized(img, f):
    """You divide by the standard deviation. Contrast here is a factor on the distance from the mean, whatever the spread."""
    img = _checked(img, f)
    return _clip(img.mean() + f * (img - img.mean()) / (img.std() + 1e-12))


@replaces("adjust_contrast")
def grey_and_image_swapped(img, f):
    """You mix the wrong way round: f is the share of the image, and you give it to the grey. f = 1 must return the image."""
    img = _checked(img, f)
    return _clip(f * img.mean() + (1 - f) * img)


@replaces("adjust_contrast")
def contrast_truncated(img, f):
    """Your contrast keeps the dtype of the image, so zeros and ones stay zeros and ones. Return floats."""
    return _contrast(img, f, np.mean).astype(np.asarray(img).dtype)


@replaces("adjust_contrast")
def contrast_in_place(img, f):
    """Your contrast is right, but you wrote it into the image. Make a new array."""
    out = _contrast(img, f, np.mean)
    if img.dtype.kind == "f":
        img[...] = out
    return out


@replaces("adjust_contrast")
def negative_contrast(img, f):
    """Your adjust_contrast accepts a negative factor. Refuse it with a ValueError that names f."""
    return _contrast(img, abs(f), np.mean)


# ---- random ----------------------------------------------------------------------------------------------


def _bright(img, f):
    return _clip(np.asarray(img, dtype=float) * f)


def _stretch(img, f):
    return _contrast(img, max(f, 0), np.mean)


def _both(img, fb, fc):
    return _stretch(_bright(img, fb), fc)


def _random(img, delta, rng, *, draw=None, make=_both, tell=lambda fb, fc: (fb, fc)):
    if not 0 <= delta <= 1:
        raise ValueError("delta must be in [0, 1]")
    draw = draw or (lambda: rng.uniform(1 - delta, 1 + delta, size=2))
    fb, fc = (float(f) for f in draw())
    return make(img, fb, fc), tell(fb, fc)


@replaces("random_brightness_contrast")
def contrast_first(img, delta, rng):
    """You change the contrast first and the brightness then. The order matters, because of clipping and the mean: brightness comes first."""
    return _random(img, delta, rng, make=lambda img, fb, fc: _bright(_stretch(img, fc), fb))


@replaces("random_brightness_contrast")
def clipped_only_at_the_end(img, delta, rng):
    """You clip only at the end, so the mean for the contrast is that of values above 1. Each of the two steps clips."""
    return _random(img, delta, rng, make=lambda img, fb, fc: _stretch(np.asarray(img, dtype=float) * fb, fc))


@replaces("random_brightness_contrast")
def only_brightness(img, delta, rng):
    """Your result has the brightness changed, but not the contrast. Both changes happen, one after the other."""
    return _random(img, delta, rng, make=lambda img, fb, fc: _bright(img, fb))


@replaces("random_brightness_contrast")
def only_contrast(img, delta, rng):
    """Your result has the contrast changed, but not the brightness: the second step starts from the original image. It starts from what the first one returns."""
    return _random(img, delta, rng, make=lambda img, fb, fc: _stretch(img, fc))


@replaces("random_brightness_contrast")
def mean_of_both(img, delta, rng):
    """You average the image with another brightness and the image with another contrast. The second change is applied to the result of the first."""
    return _random(img, delta, rng, make=lambda img, fb, fc: (_bright(img, fb) + _stretch(img, fc)) / 2)


@replaces("random_brightness_contrast")
def one_factor_for_both(img, delta, rng):
    """You draw one factor and use it twice. Brightness and contrast are to be independent: draw two."""
    return _random(img, delta, rng, draw=lambda: [rng.uniform(1 - delta, 1 + delta)] * 2)


@replaces("random_brightness_contrast")
def factors_in_the_other_order(img, delta, rng):
    """You return (fc, fb). The factor of the brightness comes first."""
    return _random(img, delta, rng, tell=lambda fb, fc: (fc, fb))


@replaces("random_brightness_contrast")
def drawn_again(img, delta, rng):
    """The factors that you return are not those of the image: they were drawn a second time. Draw once, and use and return the same numbers."""
    return _random(img, delta, rng, tell=lambda fb, fc: tuple(rng.uniform(1 - delta, 1 + delta, size=2).tolist()))


@replaces("random_brightness_contrast")
def around_zero(img, delta, rng):
    """Your factors lie between -delta and delta, around 0, which is black. They lie around 1."""
    return _random(img, delta, rng, draw=lambda: rng.uniform(-delta, delta, size=2))


@replaces("random_brightness_contrast")
def only_brighter(img, delta, rng):
    """Your factors are never below 1, so images only become brighter. The range goes from 1 - delta to 1 + delta."""
    return _random(img, delta, rng, draw=lambda: rng.uniform(1, 1 + delta, size=2))


@replaces("random_brightness_contrast")
def twice_the_range(img, delta, rng):
    """Your factors are farther from 1 than delta. The range goes from 1 - delta to 1 + delta."""
    return _random(img, delta, rng, draw=lambda: np.maximum(rng.uniform(1 - 2 * delta, 1 + 2 * delta, size=2), 0))


@replaces("random_brightness_contrast")
def normal_factors(img, delta, rng):
    """Your factors are normal numbers, with delta as their standard deviation. They are to be uniform between 1 - delta and 1 + delta."""
    return _random(img, delta, rng, draw=lambda: np.maximum(rng.normal(1, delta, size=2), 0))


@replaces("random_brightness_contrast")
def two_values_only(img, delta, rng):
    """Your factors are 1 - delta or 1 + delta, and nothing between. Uniform means that all values between are as likely."""
    return _random(img, delta, rng, draw=lambda: 1 + delta * rng.choice([-1, 1], size=2))


@replaces("random_brightness_contrast")
def global_generator(img, delta, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    return _random(img, delta, rng, draw=lambda: np.random.uniform(1 - delta, 1 + delta, size=2))


@replaces("random_brightness_contrast")
def reseeded(img, delta, rng):
    """You make a generator with a fixed seed in every call, so all images are changed alike. Use the generator that you are given."""
    return _random(img, delta, np.random.default_rng(0))


@replaces("random_brightness_contrast")
def written_into_the_image(img, delta, rng):
    """Your random result is right, but you wrote it into the image. Make a new array."""
    out, factors = _random(img, delta, rng)
    if img.dtype.kind == "f":
        img[...] = out
    return out, factors


@replaces("random_brightness_contrast")
def delta_not_checked(img, delta, rng):
    """You accept a delta outside [0, 1], and factors may become negative. Refuse it with a ValueError that names delta."""
    return _random(img, min(abs(delta), 1), rng)
