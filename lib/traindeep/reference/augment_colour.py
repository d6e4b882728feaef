"""Augmentation of colours: brightness, contrast, operations on the histogram, and noise along principal components.

Sources: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section
4.1 (principal components); Cubuk et al., "AutoAugment", arXiv:1805.09501 (the operations); Pillow's ImageOps and
ImageEnhance (their definitions).
"""

import numpy as np

Array = np.ndarray


def adjust_brightness(img: Array, f: float) -> Array:
    """Multiply by f and clip: clip(f * img, 0, 1). f = 0 is black, f = 1 changes nothing.

    Args:
        img: (C, H, W) array with values in [0, 1].
        f: Factor, 0 or more.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: f < 0.

    Source: Pillow, ImageEnhance.Brightness.

    >>> adjust_brightness(np.array([[[0.1, 0.5, 0.9]]]), 1.5)
    array([[[0.15, 0.75, 1.  ]]])
    """
    if f < 0:
        raise ValueError(f"f must be at least 0, got {f}")
    return np.clip(f * np.asarray(img, dtype=float), 0, 1)


def adjust_contrast(img: Array, f: float) -> Array:
    """Stretch the distances from the mean m by f and clip: clip(m + f * (img - m), 0, 1).

    m is one number, the mean of all channels and pixels. f = 0 is a plain grey image, f = 1 changes nothing.

    Args:
        img: (C, H, W) array with values in [0, 1].
        f: Factor, 0 or more.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: f < 0.

    Source: Pillow, ImageEnhance.Contrast, which takes the mean of the grey image: the same for one channel.

    >>> adjust_contrast(np.array([[[0.25, 0.5, 0.75]]]), 0.5)
    array([[[0.375, 0.5  , 0.625]]])
    """
    if f < 0:
        raise ValueError(f"f must be at least 0, got {f}")
    img = np.asarray(img, dtype=float)
    m = img.mean()
    return np.clip(m + f * (img - m), 0, 1)


def random_brightness_contrast(img: Array, delta: float, rng: np.random.Generator) -> tuple[Array, tuple[float, float]]:
    """A random brightness, then a random contrast: adjust_contrast(adjust_brightness(img, fb), fc).

    fb and fc are independent and uniform on [1 - delta, 1 + delta].

    Args:
        img: (C, H, W) array with values in [0, 1].
        delta: Half of the width of the range, in [0, 1].
        rng: Source of all randomness.

    Returns:
        (out, (fb, fc)): (C, H, W) float array, and the factors.

    Raises:
        ValueError: delta is outside [0, 1].

    >>> random_brightness_contrast(np.array([[[0.25, 0.75]]]), 0.0, np.random.default_rng(0))
    (array([[[0.25, 0.75]]]), (1.0, 1.0))
    """
    if not 0 <= delta <= 1:
        raise ValueError(f"delta must be in [0, 1], got {delta}")
    fb, fc = (float(f) for f in rng.uniform(1 - delta, 1 + delta, size=2))
    return adjust_contrast(adjust_brightness(img, fb), fc), (fb, fc)


def _bytes(img: Array) -> Array:
    if not isinstance(img, np.ndarray) or img.dtype != np.uint8:
        raise ValueError(f"img must be an array of dtype uint8, got {getattr(img, 'dtype', type(img).__name__)}")
    return img


def solarize(img: Array, threshold: int) -> Array:
    """Invert all values from the threshold on: v if v < threshold, else 255 - v.

    Args:
        img: (C, H, W) array of dtype uint8.
        threshold: 0 (invert everything) to 256 (change nothing).

    Returns:
        (C, H, W) array of dtype uint8.

    Raises:
        ValueError: img is not of dtype uint8, or threshold is outside 0..256.

    Source: Pillow, ImageOps.solarize.

    >>> solarize(np.array([[[0, 127, 128, 255]]], dtype=np.uint8), 128)
    array([[[  0, 127, 127,   0]]], dtype=uint8)
    """
    if not 0 <= threshold <= 256:
        raise ValueError(f"threshold must be in 0..256, got {threshold}")
    return np.where(_bytes(img) < threshold, img, 255 - img)


def autocontrast(img: Array) -> Array:
    """Stretch each channel to the whole range: (v - lo) * 255 / (hi - lo), with the channel's smallest and largest value.

    The result is rounded to the nearest whole number (Pillow truncates; both are right). A channel with hi = lo stays.

    Args:
        img: (C, H, W) array of dtype uint8.

    Returns:
        (C, H, W) array of dtype uint8.

    Raises:
        ValueError: img is not of dtype uint8.

    Source: Pillow, ImageOps.autocontrast with cutoff 0.

    >>> autocontrast(np.array([[[50, 60, 100]]], dtype=np.uint8))
    array([[[  0,  51, 255]]], dtype=uint8)
    """
    lo, hi = (f(_bytes(img), axis=(1, 2), keepdims=True).astype(float) for f in (np.min, np.max))
    stretched = (img - lo) * 255 / np.where(hi > lo, hi - lo, 1)
    return np.where(hi > lo, np.rint(stretched), img).astype(np.uint8)


def equalize(img: Array) -> Array:
    """Spread the values of each channel so that all levels are used about equally often, by Pillow's formula.

    With count_v pixels of level v in a channel of N pixels, and `last` the number of pixels of its highest level,

        step = (N - last) // 255,    lut[v] = min(255, (step // 2 + sum of count_j over j < v) // step),

    and each value v becomes lut[v]. A channel with step = 0 stays: it is flat, or small.

    Args:
        img: (C, H, W) array of dtype uint8.

    Returns:
        (C, H, W) array of dtype uint8.

    Raises:
        ValueError: img is not of dtype uint8.

    Source: Pillow, ImageOps.equalize.

    >>> equalize(np.repeat(np.uint8([[[100, 110, 120]]]), 255, axis=1))[0, 0]
    array([  0, 128, 255], dtype=uint8)
    """
    out = _bytes(img).copy()
    for channel in out:
        count = np.bincount(channel.ravel(), minlength=256)
        step = (channel.size - count[channel.max()]) // 255
        if step:
            below = np.cumsum(count) - count
            channel[...] = np.minimum((step // 2 + below) // step, 255)[channel]
    return out


def pca_color_fit(X: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of the 3 x 3 covariance of the colours of all pixels of all images.

        cov = mean over pixels of (c - mean)(c - mean)^T,    cov = evecs @ diag(evals) @ evecs^T

    cov divides by the number of pixels (biased).

    Args:
        X: (N, 3, H, W) images.

    Returns:
        (evals, evecs): (3,) and (3, 3); column i of evecs belongs to evals[i]. The order of the pairs, and the sign of
        each column, are open.

    Raises:
        ValueError: X has not three channels.

    Source: Krizhevsky et al., section 4.1.

    >>> pca_color_fit(np.array([[0.0, 0, 0], [2, 0, 0]]).reshape(2, 3, 1, 1))[0]
    array([0., 0., 1.])
    """
    X = np.asarray(X, dtype=float)
    if X.ndim != 4 or X.shape[1] != 3:
        raise ValueError(f"X must have shape (N, 3, H, W), got {X.shape}")
    pixels = np.moveaxis(X, 1, 0).reshape(3, -1)
    pixels = pixels - pixels.mean(axis=1, keepdims=True)
    return tuple(np.linalg.eigh(pixels @ pixels.T / pixels.shape[1]))


def pca_color_apply(img: Array, evals: Array, evecs: Array, alpha: Array) -> Array:
    """Add the same colour to every pixel: sum over i of alpha[i] * evals[i] * evecs[:, i]. Nothing is clipped.

    Args:
        img: (3, H, W) array.
        evals: (3,) eigenvalues.
        evecs: (3, 3), eigenvectors in the columns.
        alpha: (3,) how much of each.

    Returns:
        (3, H, W) float array.

    Raises:
        ValueError: img has not three channels.

    Source: Krizhevsky et al., section 4.1.

    >>> pca_color_apply(np.zeros((3, 1, 1)), np.array([4.0, 2, 1]), np.eye(3), np.array([0.5, 0, -1])).ravel()
    array([ 2.,  0., -1.])
    """
    img = np.asarray(img, dtype=float)
    if img.ndim != 3 or len(img) != 3:
        raise ValueError(f"img must have shape (3, H, W), got {img.shape}")
    return img + (np.asarray(evecs) @ (np.asarray(alpha) * evals))[:, None, None]


def random_pca_color(
    img: Array, evals: Array, evecs: Array, sigma: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """pca_color_apply with one random alpha for the whole image: three independent normal numbers.

    Args:
        img: (3, H, W) array.
        evals, evecs: As pca_color_fit gives them.
        sigma: Standard deviation of each alpha, 0 or more; the mean is 0.
        rng: Source of all randomness.

    Returns:
        (out, alpha): (3, H, W) float array and the (3,) numbers that were drawn.

    Raises:
        ValueError: sigma < 0, or img has not three channels.

    Source: Krizhevsky et al., section 4.1 (sigma 0.1).

    >>> random_pca_color(np.ones((3, 1, 1)), np.ones(3), np.eye(3), 0.0, np.random.default_rng(0))[0].ravel()
    array([1., 1., 1.])
    """
    if sigma < 0:
        raise ValueError(f"sigma must be at least 0, got {sigma}")
    alpha = sigma * rng.standard_normal(3)
    return pca_color_apply(img, evals, evecs, alpha), alpha
