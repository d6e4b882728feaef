"""Believable wrong answers to adain and spade. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _statistics(x, axes, ddof=0):
    with np.errstate(all="ignore"):
        return x.mean(axis=axes, keepdims=True), np.var(x, axis=axes, ddof=ddof, keepdims=True)


def _pair(content, style):
    if content.shape[:2] != style.shape[:2]:
        raise ValueError("style and content must have the same N and C")


def _maps(x, gamma_map, beta_map):
    for name, value in (("gamma_map", gamma_map), ("beta_map", beta_map)):
        if value.shape != x.shape:
            raise ValueError(f"{name} must have the shape of x")


# ---- adain -----------------------------------------------------------------------------------------------


@replaces("adain")
def style_of_the_whole_batch(content, style, eps=1e-5):
    """Your style statistics run over the batch, too: all images get the same style. Every image has its own partner."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (0, 2, 3))
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def batch_statistics(content, style, eps=1e-5):
    """Your statistics, of content and of style, run over the batch. Instance normalization looks at one image: only H and W are averaged."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (0, 2, 3)), _statistics(style, (0, 2, 3))
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def channels_together(content, style, eps=1e-5):
    """Your statistics run over the channels, too. Style sits in how the channels differ: each has its own mean and deviation."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (1, 2, 3)), _statistics(style, (1, 2, 3))
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def roles_exchanged(content, style, eps=1e-5):
    """Content and style have changed places: the content keeps its pixels and takes over the statistics of the style."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(style, (2, 3)), _statistics(content, (2, 3))
    return np.sqrt(spread + eps) * (style - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def statistics_exchanged(content, style, eps=1e-5):
    """You normalize the content with the statistics of the style and scale it with its own. It is the other way round: first remove its own, then give it those of the style."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(style, (2, 3)), _statistics(content, (2, 3))
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def variance_as_deviation(content, style, eps=1e-5):
    """You scale with the variance of the style. Its square root has the unit of the pixels."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    return (spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def divided_by_variance(content, style, eps=1e-5):
    """You divide the content by its variance. Its square root has the unit of the pixels."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    return np.sqrt(spread + eps) * (content - mean) / (var + eps) + target


@replaces("adain")
def unbiased_variances(content, style, eps=1e-5):
    """Your variances divide by one less than the number of pixels. The normalizations of this family divide by the number itself."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3), 1), _statistics(style, (2, 3), 1)
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def eps_in_the_divisor_only(content, style, eps=1e-5):
    """eps is missing in the deviation of the style. It is added to both variances, so that content in its own style stays as it is."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    return np.sqrt(spread) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def eps_outside_root(content, style, eps=1e-5):
    """You add eps to the standard deviations. It belongs to the variances, inside the square roots."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    return (np.sqrt(spread) + eps) * (content - mean) / (np.sqrt(var) + eps) + target


@replaces("adain")
def own_mean_kept(content, style, eps=1e-5):
    """You give the content the deviation of the style and leave it its own mean. Both statistics are taken over."""
    _pair(content, style)
    (mean, var), (_, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + mean


@replaces("adain")
def mean_only(content, style, eps=1e-5):
    """You exchange the means and leave the deviations. The content is to be divided by its own and multiplied by that of the style."""
    _pair(content, style)
    return content - _statistics(content, (2, 3))[0] + _statistics(style, (2, 3))[0]


@replaces("adain")
def same_size_demanded(content, style, eps=1e-5):
    """You refuse a style of another height or width. Only its statistics are used, and every size has some."""
    if content.shape != style.shape:
        raise ValueError("style must have the shape of content")
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    return np.sqrt(spread + eps) * (content - mean) / np.sqrt(var + eps) + target


@replaces("adain")
def content_in_place(content, style, eps=1e-5):
    """You write into the caller's content. Whoever uses it afterwards gets the normalized one."""
    _pair(content, style)
    (mean, var), (target, spread) = _statistics(content, (2, 3)), _statistics(style, (2, 3))
    if content.dtype.kind == "f":
        content -= mean
    else:
        content = content - mean
    return np.sqrt(spread + eps) * content / np.sqrt(var + eps) + target


# ---- spade -----------------------------------------------------------------------------------------------


@replaces("spade")
def one_plus_gamma(x, gamma_map, beta_map, eps=1e-5):
    """You multiply by 1 + gamma_map. The authors' code does, so that a map of zeros leaves the scale alone; here gamma_map is the scale itself, as in the paper."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3))
    return (1 + gamma_map) * (x - mean) / np.sqrt(var + eps) + beta_map


@replaces("spade")
def instance_statistics(x, gamma_map, beta_map, eps=1e-5):
    """Your statistics are those of every image alone. SPADE normalizes as batch norm does: a channel shares its mean over the batch."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (2, 3))
    return gamma_map * (x - mean) / np.sqrt(var + eps) + beta_map


@replaces("spade")
def layer_statistics(x, gamma_map, beta_map, eps=1e-5):
    """Your statistics run over the channels of an image. SPADE normalizes as batch norm does: every channel has a mean, shared over the batch."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (1, 2, 3))
    return gamma_map * (x - mean) / np.sqrt(var + eps) + beta_map


@replaces("spade")
def pixel_statistics(x, gamma_map, beta_map, eps=1e-5):
    """Every pixel has its own statistics in your answer. Scale and shift are per pixel, mean and variance per channel."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0,))
    return gamma_map * (x - mean) / np.sqrt(var + eps) + beta_map


@replaces("spade")
def not_normalized(x, gamma_map, beta_map, eps=1e-5):
    """You scale and shift x as it is. It is normalized first."""
    _maps(x, gamma_map, beta_map)
    return gamma_map * x + beta_map


@replaces("spade")
def normalized_last(x, gamma_map, beta_map, eps=1e-5):
    """You scale and shift first and normalize afterwards, which removes a part of what the maps did. Normalize first."""
    _maps(x, gamma_map, beta_map)
    y = gamma_map * x + beta_map
    mean, var = _statistics(y, (0, 2, 3))
    return (y - mean) / np.sqrt(var + eps)


@replaces("spade")
def maps_exchanged(x, gamma_map, beta_map, eps=1e-5):
    """gamma_map and beta_map have changed places: gamma scales, beta shifts."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3))
    return beta_map * (x - mean) / np.sqrt(var + eps) + gamma_map


@replaces("spade")
def maps_averaged(x, gamma_map, beta_map, eps=1e-5):
    """You average the maps over the pixels, which makes them a scale and a shift per channel. A value for every pixel is the point of SPADE."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3))
    scale, shift = gamma_map.mean(axis=(2, 3), keepdims=True), beta_map.mean(axis=(2, 3), keepdims=True)
    return scale * (x - mean) / np.sqrt(var + eps) + shift


@replaces("spade")
def unbiased_variance(x, gamma_map, beta_map, eps=1e-5):
    """The variance in your spade divides by one less than the number of values. The normalizations of this family divide by the number itself."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3), 1)
    return gamma_map * (x - mean) / np.sqrt(var + eps) + beta_map


@replaces("spade")
def eps_beside_the_root(x, gamma_map, beta_map, eps=1e-5):
    """In spade you add eps to the standard deviation. It belongs to the variance, inside the square root."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3))
    return gamma_map * (x - mean) / (np.sqrt(var) + eps) + beta_map


@replaces("spade")
def variance_for_deviation(x, gamma_map, beta_map, eps=1e-5):
    """In spade you divide by the variance. Its square root has the unit of x."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3))
    return gamma_map * (x - mean) / (var + eps) + beta_map


@replaces("spade")
def x_in_place(x, gamma_map, beta_map, eps=1e-5):
    """You write into the caller's x. Whoever uses it afterwards gets the centred one."""
    _maps(x, gamma_map, beta_map)
    mean, var = _statistics(x, (0, 2, 3))
    if x.dtype.kind == "f":
        x -= mean
    else:
        x = x - mean
    return gamma_map * x / np.sqrt(var + eps) + beta_map
