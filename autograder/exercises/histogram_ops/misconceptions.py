"""Believable wrong answers to solarize, autocontrast and equalize. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _bytes(img):
    if img.dtype != np.uint8:
        raise ValueError("img must be of dtype uint8")
    return img


# ---- solarize --------------------------------------------------------------------------------------------


def _threshold(img, threshold):
    if not 0 <= threshold <= 256:
        raise ValueError("threshold must be in 0..256")
    return _bytes(img)


@replaces("solarize")
def threshold_stays(img, threshold):
    """You leave the threshold itself as it is. Values from the threshold on are inverted: v stays only where v < threshold."""
    return np.where(_threshold(img, threshold).astype(int) <= threshold, img, 255 - img).astype(np.uint8)


@replaces("solarize")
def all_inverted(img, threshold):
    """You invert all values. Those below the threshold stay."""
    return 255 - _threshold(img, threshold)


@replaces("solarize")
def dark_inverted(img, threshold):
    """You invert the dark values. The bright ones, from the threshold on, are inverted."""
    return np.where(_threshold(img, threshold).astype(int) < threshold, 255 - img, img).astype(np.uint8)


@replaces("solarize")
def inverted_from_256(img, threshold):
    """You compute 256 - v, which makes 0 out of 256 again. The counterpart of v is 255 - v: 0 and 255 belong together."""
    return np.where(_threshold(img, threshold).astype(int) < threshold, img, (256 - img.astype(int)) % 256).astype(
        np.uint8
    )


@replaces("solarize")
def blackened(img, threshold):
    """You make the values from the threshold on black. They are inverted: 255 - v."""
    return np.where(_threshold(img, threshold).astype(int) < threshold, img, 0).astype(np.uint8)


@replaces("solarize")
def posterized(img, threshold):
    """Your image has two values only, black and white. Values below the threshold stay, the others become 255 - v."""
    return np.where(_threshold(img, threshold).astype(int) < threshold, 0, 255).astype(np.uint8)


@replaces("solarize")
def mirrored_at_the_threshold(img, threshold):
    """You mirror the bright values at the threshold. They are mirrored in the whole range: 255 - v."""
    img = _threshold(img, threshold).astype(int)
    return np.where(img < threshold, img, np.clip(2 * threshold - img, 0, 255)).astype(np.uint8)


@replaces("solarize")
def solarize_as_float(img, threshold):
    """Your solarize returns floats. Bytes come in, bytes go out: dtype uint8."""
    img = _threshold(img, threshold).astype(float)
    return np.where(img < threshold, img, 255 - img)


@replaces("solarize")
def solarize_as_int(img, threshold):
    """Your solarize returns integers of another width. Bytes come in, bytes go out: dtype uint8."""
    img = _threshold(img, threshold).astype(int)
    return np.where(img < threshold, img, 255 - img)


@replaces("solarize")
def solarize_in_place(img, threshold):
    """Your solarize is right, but you wrote it into the image. Work on a copy."""
    chosen = _threshold(img, threshold).astype(int) >= threshold
    img[chosen] = 255 - img[chosen]
    return img


@replaces("solarize")
def threshold_not_checked(img, threshold):
    """You accept a threshold outside 0..256. Refuse it with a ValueError that names threshold."""
    return np.where(_bytes(img).astype(int) < threshold, img, 255 - img).astype(np.uint8)


@replaces("solarize")
def solarize_of_any_dtype(img, threshold):
    """Your solarize accepts images that are not bytes. What is the counterpart of 0.3 in 0..255? Refuse them with a ValueError that names img."""
    return np.where(_threshold(img.astype(np.uint8), threshold).astype(int) < threshold, img, 255 - img).astype(
        np.uint8
    )


# ---- autocontrast ----------------------------------------------------------------------------------------


def _stretch(img, *, axis=(1, 2), scale=255.0, flat=None, low=np.min, high=np.max):
    img = _bytes(img)
    lo, hi = (f(img.astype(float), axis=axis, keepdims=True) for f in (low, high))
    with np.errstate(all="ignore"):
        out = np.where(hi > lo, (img - lo) * scale / np.where(hi > lo, hi - lo, 1), img if flat is None else flat)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


@replaces("autocontrast")
def one_range_for_all_channels(img):
    """You take the smallest and the largest value of the whole image. Each channel has its own."""
    return _stretch(img, axis=(0, 1, 2))


@replaces("autocontrast")
def range_of_each_row(img):
    """You stretch each row by itself. Smallest and largest value are those of a channel: axes 1 and 2."""
    return _stretch(img, axis=2)


@replaces("autocontrast")
def range_of_each_pixel(img):
    """You take the smallest and the largest value over the channels, pixel by pixel. They are those of each channel: axes 1 and 2."""
    return _stretch(img, axis=0)


@replaces("autocontrast")
def low_not_subtracted(img):
    """You multiply so that the brightest value becomes 255, and the darkest is not 0. Subtract lo first, and divide by hi - lo."""
    return _stretch(img, low=lambda img, **how: np.min(img, **how) * 0)


@replaces("autocontrast")
def divided_by_high(img):
    """You divide by hi. After lo is subtracted, the largest value is hi - lo: divide by that."""
    img = _bytes(img)
    lo, hi = (f(img.astype(float), axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    return np.where(hi > lo, np.rint((img - lo) * 255 / np.maximum(hi, 1)), img).astype(np.uint8)


@replaces("autocontrast")
def bytes_wrap_around(img):
    """You multiply bytes by 255, and a byte starts again at 0 after 255. Compute with floats or wider integers, and return to bytes at the end."""
    out = _bytes(img).copy()
    for channel in out:
        lo, hi = channel.min(), channel.max()
        if hi > lo:
            channel[...] = ((channel - lo) * np.uint8(255)) // (hi - lo)
    return out


@replaces("autocontrast")
def scale_is_a_whole_number(img):
    """You divide 255 by hi - lo without the remainder, so the brightest value is far from 255. Multiply first and divide then, or use floats."""
    out = _bytes(img).copy()
    for channel in out:
        lo, hi = int(channel.min()), int(channel.max())
        if hi > lo:
            channel[...] = (channel.astype(int) - lo) * (255 // (hi - lo))
    return out


@replaces("autocontrast")
def range_from_0_to_1(img):
    """You stretch to the range from 0 to 1, and bytes know nothing between. The range is 0 to 255."""
    return _stretch(img, scale=1.0)


@replaces("autocontrast")
def flat_becomes_black(img):
    """A channel with one value becomes black: you divide 0 by 0, or set it to 0. It stays as it is."""
    return _stretch(img, flat=0)


@replaces("autocontrast")
def percentiles(img):
    """You leave out the darkest and the brightest pixels before you measure the range. Here the range is from the smallest to the largest value."""
    return _stretch(
        img,
        low=lambda img, **how: np.percentile(img, 5, **how),
        high=lambda img, **how: np.percentile(img, 95, **how),
    )


@replaces("autocontrast")
def autocontrast_unchanged(img):
    """Your autocontrast returns the image as it was. The darkest value of each channel is to become 0, the brightest 255."""
    return _bytes(img).copy()


@replaces("autocontrast")
def autocontrast_as_float(img):
    """Your autocontrast returns floats. Bytes come in, bytes go out: dtype uint8."""
    return _stretch(img).astype(float)


@replaces("autocontrast")
def autocontrast_in_place(img):
    """Your autocontrast is right, but you wrote it into the image. Work on a copy."""
    img[...] = _stretch(img)
    return img


@replaces("autocontrast")
def autocontrast_of_any_dtype(img):
    """Your autocontrast accepts images that are not bytes. Refuse them with a ValueError that names img."""
    return _stretch(img.astype(np.uint8))


# ---- equalize --------------------------------------------------------------------------------------------


def _equalized(img, lut):
    """lut(count, N) of each channel, or None for no change."""
    out = _bytes(img).copy()
    for channel in out:
        count = np.bincount(channel.ravel(), minlength=256)
        table = lut(count, channel.size)
        if table is not None:
            channel[...] = np.asarray(table).astype(np.uint8)[channel]
    return out


def _table(count, step, start=None, inclusive=False, most=255):
    if not step:
        return None
    below = np.cumsum(count) - (0 if inclusive else count)
    return np.minimum(((step // 2 if start is None else start) + below) // step, most)


def _step(count, N):
    return (N - count[np.nonzero(count)[0][-1]]) // 255


@replaces("equalize")
def cumulative_with_itself(img):
    """You count the pixels up to v, with v itself. The sum goes over the values below v only."""
    return _equalized(img, lambda count, N: _table(count, _step(count, N), inclusive=True))


@replaces("equalize")
def opencv(img):
    """You use another formula, (cdf - cdf_min) / (N - cdf_min) * 255, as OpenCV does. It is a good one, but the levels come out shifted: here it is Pillow's."""

    def lut(count, N):
        cdf = np.cumsum(count)
        least = cdf[np.nonzero(count)[0][0]]
        return None if least == N else np.rint((cdf - least).clip(0) * 255 / (N - least))

    return _equalized(img, lut)


@replaces("equalize")
def plain_cdf(img):
    """You multiply the cumulative distribution by 255. That is the idea, but the formula asked for has steps of whole numbers: see the docstring."""
    return _equalized(img, lambda count, N: np.cumsum(count) * 255 // N)


@replaces("equalize")
def all_pixels_in_the_step(img):
    """Your step is N // 255. The pixels of the highest level are left out first: (N - last) // 255."""
    return _equalized(img, lambda count, N: _table(count, N // 255))


@replaces("equalize")
def last_is_level_255(img):
    """You take last from level 255, where often there are no pixels. last is the count of the highest level that occurs in the channel."""
    return _equalized(img, lambda count, N: _table(count, (N - count[255]) // 255))


@replaces("equalize")
def last_is_the_largest_count(img):
    """You leave out the most frequent level. last is the count of the highest level that occurs in the channel."""
    return _equalized(img, lambda count, N: _table(count, (N - count.max()) // 255))


@replaces("equalize")
def first_level_left_out(img):
    """You leave out the pixels of the lowest level. last is the count of the highest level that occurs in the channel."""
    return _equalized(img, lambda count, N: _table(count, (N - count[np.nonzero(count)[0][0]]) // 255))


@replaces("equalize")
def no_half_step(img):
    """You begin the sum at 0. It begins at step // 2, so that values are rounded rather than cut off."""
    return _equalized(img, lambda count, N: _table(count, _step(count, N), start=0))


@replaces("equalize")
def step_with_a_remainder(img):
    """Your step is no whole number. All divisions of the formula are without a remainder: //."""

    def lut(count, N):
        step = (N - count[np.nonzero(count)[0][-1]]) / 255
        return None if step < 1 else np.minimum((step / 2 + np.cumsum(count) - count) / step, 255)

    return _equalized(img, lut)


@replaces("equalize")
def not_clipped(img):
    """Your table has values above 255, and as bytes they start again at 0: bright pixels turn black. Clip the table at 255."""
    return _equalized(img, lambda count, N: _wrapped(_table(count, _step(count, N), most=10**9)))


def _wrapped(table):
    return None if table is None else table % 256


@replaces("equalize")
def one_histogram_for_all(img):
    """You count all channels together. Each channel has a histogram and a table of its own."""
    count = np.bincount(_bytes(img).ravel(), minlength=256)
    table = _table(count, _step(count, img.size))
    return img.copy() if table is None else table.astype(np.uint8)[img]


@replaces("equalize")
def small_becomes_black(img):
    """Where step is 0 your channel becomes black: you divide by 0, or by what you put in its place. It stays as it is."""
    return _equalized(img, lambda count, N: _table(count, _step(count, N)) if _step(count, N) else np.zeros(256))


@replaces("equalize")
def step_at_least_1(img):
    """Where step is 0 you take 1 and go on. The channel stays as it is."""
    return _equalized(img, lambda count, N: _table(count, max(_step(count, N), 1)))


@replaces("equalize")
def equalize_is_autocontrast(img):
    """Your equalize stretches the range, as autocontrast does. It is to spread the pixels: how many there are of each value decides."""
    return _stretch(img)


@replaces("equalize")
def equalize_as_float(img):
    """Your equalize returns floats. Bytes come in, bytes go out: dtype uint8."""
    return _equalized(img, lambda count, N: _table(count, _step(count, N))).astype(float)


@replaces("equalize")
def equalize_in_place(img):
    """Your equalize is right, but you wrote it into the image. Work on a copy."""
    img[...] = _equalized(img, lambda count, N: _table(count, _step(count, N)))
    return img


@replaces("equalize")
def equalize_of_any_dtype(img):
    """Your equalize accepts images that are not bytes. Refuse them with a ValueError that names img."""
    return _equalized(img.astype(np.uint8), lambda count, N: _table(count, _step(count, N)))
