"""Believable wrong answers to normalize_over and norm_axes. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces

_AXES = {
    ("batch", 2): (0,),
    ("layer", 2): (1,),
    ("batch", 4): (0, 2, 3),
    ("layer", 4): (1, 2, 3),
    ("instance", 4): (2, 3),
    ("channel_only", 4): (1,),
    ("per_pixel", 4): (0,),
}


def _statistics(x, axes):
    return x.mean(axis=tuple(axes), keepdims=True), x.var(axis=tuple(axes), keepdims=True)


def _kept(x, axes):
    _statistics(x, axes)  # refuses axes out of range
    return tuple(axis for axis in range(x.ndim) if axis not in {a % x.ndim for a in axes})


def _checked(kind, ndim):
    if (kind, ndim) not in _AXES:
        raise ValueError(f"no such kind {kind} for ndim {ndim}")
    return _AXES[kind, ndim]


# ---- normalize_over --------------------------------------------------------------------------------------


@replaces("normalize_over")
def unbiased_variance(x, axes, eps=1e-5):
    """Your variance divides by one less than the number of values. While normalizing, the whole family divides by the number itself."""
    mean, _ = _statistics(x, axes)
    with np.errstate(all="ignore"):
        var = np.var(x, axis=tuple(axes), ddof=1, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def eps_outside_root(x, axes, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    mean, var = _statistics(x, axes)
    return (x - mean) / (np.sqrt(var) + eps), mean, var


@replaces("normalize_over")
def eps_fixed(x, axes, eps=1e-5):
    """You add 1e-5 whatever eps is. It is an argument, and 1e-5 only its default."""
    mean, var = _statistics(x, axes)
    return (x - mean) / np.sqrt(var + 1e-5), mean, var


@replaces("normalize_over")
def no_eps(x, axes, eps=1e-5):
    """You leave eps out. A set of equal values has variance 0, and 0 / 0 is nan."""
    mean, var = _statistics(x, axes)
    with np.errstate(all="ignore"):
        return (x - mean) / np.sqrt(var), mean, var


@replaces("normalize_over")
def divided_by_variance(x, axes, eps=1e-5):
    """You divide by the variance. Its square root has the unit of x."""
    mean, var = _statistics(x, axes)
    return (x - mean) / (var + eps), mean, var


@replaces("normalize_over")
def without_keepdims(x, axes, eps=1e-5):
    """Your mean and var lose the averaged axes, so they cannot broadcast back to where they came from (or do so in the wrong place)."""
    mean, var = x.mean(axis=tuple(axes)), x.var(axis=tuple(axes))
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def returned_without_keepdims(x, axes, eps=1e-5):
    """xhat is right, but the mean and var you return have lost the averaged axes: whoever uses them next has to guess where these were."""
    mean, var = _statistics(x, axes)
    return (x - mean) / np.sqrt(var + eps), mean.squeeze(tuple(axes)), var.squeeze(tuple(axes))


@replaces("normalize_over")
def the_other_axes(x, axes, eps=1e-5):
    """You average over all axes but those that are given. `axes` are the ones that disappear into the mean, as in np.mean."""
    kept = _kept(x, axes)
    mean, var = x.mean(axis=kept, keepdims=True), x.var(axis=kept, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def first_axis_only(x, axes, eps=1e-5):
    """You average over the first of the given axes only. All of them together make one set."""
    _statistics(x, axes)
    mean, var = _statistics(x, axes[:1])
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def whole_array(x, axes, eps=1e-5):
    """You use one mean and one variance for the whole array. Every place along the axes that are not averaged has its own."""
    _statistics(x, axes)
    mean, var = x.mean(keepdims=True), x.var(keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def one_axis_after_the_other(x, axes, eps=1e-5):
    """You normalize along one axis, then the result along the next. The axes span one set that is normalized once."""
    xhat = x
    for axis in axes:
        mean, var = _statistics(xhat, (axis,))
        xhat = (xhat - mean) / np.sqrt(var + eps)
    mean, var = _statistics(x, axes)
    return xhat, mean, var


@replaces("normalize_over")
def variances_averaged(x, axes, eps=1e-5):
    """You average variances that were taken along one axis. The spread between their means is missing: take one variance over all axes together."""
    mean, _ = _statistics(x, axes)
    var = x.var(axis=axes[0], keepdims=True).mean(axis=tuple(axes), keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def negative_axes_not_understood(x, axes, eps=1e-5):
    """Negative axes are ignored. Axis -1 is the last one: `axis % x.ndim` makes a negative axis positive."""
    _statistics(x, axes)
    axes = tuple(axis for axis in range(x.ndim) if axis in axes)
    mean, var = _statistics(x, axes)
    return (x - mean) / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def deviation_returned(x, axes, eps=1e-5):
    """You return the standard deviation under the name var. The variance is its square, and without eps."""
    mean, var = _statistics(x, axes)
    return (x - mean) / np.sqrt(var + eps), mean, np.sqrt(var + eps)


@replaces("normalize_over")
def eps_in_the_returned_variance(x, axes, eps=1e-5):
    """The var you return contains eps. The backward pass adds eps itself, and adding it twice would be wrong."""
    mean, var = _statistics(x, axes)
    return (x - mean) / np.sqrt(var + eps), mean, var + eps


@replaces("normalize_over")
def in_place(x, axes, eps=1e-5):
    """You write into the caller's x. Whoever uses x afterwards gets the centred array instead."""
    mean, var = _statistics(x, axes)
    if x.dtype.kind == "f":
        x -= mean
    else:
        x = x - mean
    return x / np.sqrt(var + eps), mean, var


@replaces("normalize_over")
def whole_numbers_kept(x, axes, eps=1e-5):
    """For whole numbers your result is cut to whole numbers. An array made like x, as by np.zeros_like(x), takes over its dtype."""
    mean, var = _statistics(x, axes)
    return ((x - mean) / np.sqrt(var + eps)).astype(x.dtype), mean, var


# ---- norm_axes -------------------------------------------------------------------------------------------


@replaces("norm_axes")
def batch_and_layer_exchanged(kind, ndim):
    """ "batch" and "layer" have changed places. The name says what is averaged over: batch norm averages over the batch."""
    return _checked({"batch": "layer", "layer": "batch"}.get(kind, kind), ndim)


@replaces("norm_axes")
def layer_with_the_batch(kind, ndim):
    """Your layer norm averages over the batch axis too. Then images influence each other, which is what it was made to avoid."""
    axes = _checked(kind, ndim)
    return tuple(range(ndim)) if kind == "layer" else axes


@replaces("norm_axes")
def layer_over_channels_only(kind, ndim):
    """Your "layer" averages over the channels of one pixel. Some networks do that, and here it is "channel_only"; "layer" averages a whole image."""
    axes = _checked(kind, ndim)
    return (1,) if kind == "layer" else axes


@replaces("norm_axes")
def batch_without_pixels(kind, ndim):
    """Your "batch" averages over the images only. That is "per_pixel"; batch norm of images lets all pixels of a channel share a mean."""
    axes = _checked(kind, ndim)
    return (0,) if kind == "batch" else axes


@replaces("norm_axes")
def instance_with_channels(kind, ndim):
    """Your "instance" averages over the channels too. That is "layer"; in instance norm every channel of every image is on its own."""
    axes = _checked(kind, ndim)
    return (1, 2, 3) if kind == "instance" else axes


@replaces("norm_axes")
def single_axes_exchanged(kind, ndim):
    """ "channel_only" and "per_pixel" have changed places: the first averages the C values at one pixel of one image, the second N values of one pixel and channel."""
    return _checked({"channel_only": "per_pixel", "per_pixel": "channel_only"}.get(kind, kind), ndim)


@replaces("norm_axes")
def kept_axes(kind, ndim):
    """You name the axes that keep a mean of their own. What is asked for are the axes that are averaged over."""
    axes = _checked(kind, ndim)
    return tuple(axis for axis in range(ndim) if axis not in axes)


@replaces("norm_axes")
def images_for_rows(kind, ndim):
    """You answer for images where rows (N, D) were asked about: they have no pixels, so "instance", "channel_only" and "per_pixel" are to be refused there."""
    if kind not in {known for known, _ in _AXES} or ndim not in (2, 4):
        raise ValueError(f"no such kind {kind} for ndim {ndim}")
    return _AXES.get((kind, ndim), _AXES[kind, 4])


@replaces("norm_axes")
def any_number_of_axes(kind, ndim):
    """You answer for arrays of 3 or 5 axes. Only 2 and 4 are agreed on here; say so instead of guessing."""
    if kind not in {known for known, _ in _AXES} or (ndim == 2 and (kind, 2) not in _AXES):
        raise ValueError(f"no such kind {kind} for ndim {ndim}")
    return _AXES[kind, 2 if ndim == 2 else 4]
