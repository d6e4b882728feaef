"""Believable wrong answers to bn2d_forward_train. Each docstring is what a good tutor would say."""

import numpy as np


def _normalized(x, gamma, beta, eps, axes, ddof=0):
    mu, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True, ddof=ddof)
    return gamma[:, None, None] * (x - mu) / np.sqrt(var + eps) + beta[:, None, None]


def _axes(per_pixel):
    return (0,) if per_pixel else (0, 2, 3)


def images_only(x, gamma, beta, eps=1e-5, per_pixel=False):
    """By default you average over the images only. That is what per_pixel=True asks for; otherwise the pixels of a channel share their mean, or there are too few values for each."""
    return _normalized(x, gamma, beta, eps, (0,))


def each_image_alone(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You normalize each image by itself. That is instance normalization; here all images of the batch share a mean."""
    return _normalized(x, gamma, beta, eps, (0,) if per_pixel else (2, 3))


def over_channels(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You average over the channels of each image. That is layer normalization; here different channels share nothing."""
    return _normalized(x, gamma, beta, eps, (0,) if per_pixel else (1, 2, 3))


def scrambled_channels(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your reshape to rows of C values cuts through the images: C is not the last axis, so the channels are scrambled."""
    if per_pixel:
        return _normalized(x, gamma, beta, eps, (0,))
    rows = x.reshape(-1, x.shape[1])
    y = gamma * (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps) + beta
    return y.reshape(x.shape)


def gamma_along_width(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your gamma and beta act on columns of pixels. A (C,) array lines up with the last axis, and that is W."""
    # Where C differs from W, NumPy refuses the product, and its error says enough.
    if len(gamma) != x.shape[3]:
        return _normalized(x, gamma, beta, eps, _axes(per_pixel))
    ones, zeros = np.ones(len(gamma)), np.zeros(len(gamma))
    return gamma * _normalized(x, ones, zeros, eps, _axes(per_pixel)) + beta


def statistics_along_width(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You subtract the means of the channels from columns of pixels. A (C,) array lines up with the last axis, and that is W."""
    if per_pixel or len(gamma) != x.shape[3]:
        return _normalized(x, gamma, beta, eps, _axes(per_pixel))
    xhat = (x - x.mean(axis=(0, 2, 3))) / np.sqrt(x.var(axis=(0, 2, 3)) + eps)
    return gamma[:, None, None] * xhat + beta[:, None, None]


def unbiased_variance(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your variance divides by one less than the number of values. While it normalizes, batch normalization divides by all of them."""
    return _normalized(x, gamma, beta, eps, _axes(per_pixel), ddof=1)


def eps_outside_root(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    mu, std = x.mean(axis=_axes(per_pixel), keepdims=True), x.std(axis=_axes(per_pixel), keepdims=True)
    return gamma[:, None, None] * (x - mu) / (std + eps) + beta[:, None, None]


def no_eps(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You leave eps out. A channel that is the same everywhere has variance 0, and 0 / 0 is nan."""
    with np.errstate(all="ignore"):
        return _normalized(x, gamma, beta, 0.0, _axes(per_pixel))


def per_pixel_ignored(x, gamma, beta, eps=1e-5, per_pixel=False):
    """per_pixel=True makes no difference in your answer. Then the pixels of a channel no longer share a mean."""
    return _normalized(x, gamma, beta, eps, (0, 2, 3))


def per_pixel_over_channels(x, gamma, beta, eps=1e-5, per_pixel=False):
    """With per_pixel=True you average over the channels as well. A pixel has one mean for each of its channels."""
    return _normalized(x, gamma, beta, eps, (0, 1) if per_pixel else (0, 2, 3))


def one_image_refused(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You refuse a single image. What counts is the number of values behind each mean, and an image has many pixels."""
    if len(x) < 2:
        raise ValueError("x must hold two images")
    return _normalized(x, gamma, beta, eps, _axes(per_pixel))


def in_place(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You write into the caller's x. Whoever uses the images afterwards gets the centred ones instead."""
    axes = _axes(per_pixel)
    mu, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    if x.dtype.kind == "f":
        x -= mu.astype(x.dtype)
    else:
        x = x - mu
    return gamma[:, None, None] * x / np.sqrt(var + eps) + beta[:, None, None]


def channels_on_the_last_axis(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You average over axes 0, 1 and 2, as if the channels came last. Here they are on axis 1: (N, C, H, W)."""
    return _normalized(x, gamma, beta, eps, (0,) if per_pixel else (0, 1, 2))


def one_statistic_for_all(x, gamma, beta, eps=1e-5, per_pixel=False):
    """You use one mean and one variance for the whole batch. Different channels are different quantities: each has its own."""
    return _normalized(x, gamma, beta, eps, (0,) if per_pixel else (0, 1, 2, 3))


def per_pixel_over_pixels(x, gamma, beta, eps=1e-5, per_pixel=False):
    """With per_pixel=True you average over the pixels of each image. Every pixel keeps a mean of its own: average over the images."""
    return _normalized(x, gamma, beta, eps, (2, 3) if per_pixel else (0, 2, 3))


def spread_between_images_missing(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your variance is the average of the variances inside each image. The spread between the images is missing (notebook 01, merge_moments)."""
    if per_pixel:
        return _normalized(x, gamma, beta, eps, (0,))
    mu, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True).mean(axis=0, keepdims=True)
    return gamma[:, None, None] * (x - mu) / np.sqrt(var + eps) + beta[:, None, None]


def spread_between_pixels_missing(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your variance is the average of the variances of the single pixels. The spread between the pixels of a channel is missing."""
    if per_pixel:
        return _normalized(x, gamma, beta, eps, (0,))
    mu, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=0, keepdims=True).mean(axis=(2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mu) / np.sqrt(var + eps) + beta[:, None, None]


def scrambled_on_the_way_in(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your rows of C values cut through the images: before a reshape to (N * H * W, C) the channels must be the last axis."""
    if per_pixel:
        return _normalized(x, gamma, beta, eps, (0,))
    n, c, h, w = x.shape
    rows = x.reshape(-1, c)
    y = gamma * (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps) + beta
    return y.reshape(n, h, w, c).transpose(0, 3, 1, 2)


def scrambled_on_the_way_back(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Your rows are right, but they go back into the wrong places: undo the transpose, too, after the reshape to (N, H, W, C)."""
    if per_pixel:
        return _normalized(x, gamma, beta, eps, (0,))
    rows = x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
    return (gamma * (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + eps) + beta).reshape(x.shape)


def whole_numbers_kept(x, gamma, beta, eps=1e-5, per_pixel=False):
    """For images of whole numbers your result is cut to whole numbers. An array made like x, as by np.zeros_like(x), takes over its dtype."""
    return _normalized(x, gamma, beta, eps, _axes(per_pixel)).astype(x.dtype)
