"""Geometric augmentation of one image: mirror, crop, resize, shift, rotate.

Images are (C, H, W); y = row, x = column. All randomness comes from `rng`, and what was drawn is returned.

Sources: Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section
4.1 (mirror images and crops); He, Zhang, Ren, Sun, "Deep Residual Learning", arXiv:1512.03385, sections 3.4 and 4.2 (random
short side; zero padding and crops).
"""

import numpy as np

Array = np.ndarray


def hflip(img: Array) -> Array:
    """The mirror image: left and right are swapped, channels and rows stay.

        out[c, y, x] = img[c, y, W - 1 - x]

    Args:
        img: (C, H, W) array of any dtype.

    Returns:
        (C, H, W) array of the same dtype.

    Source: Krizhevsky et al., section 4.1.

    >>> hflip(np.array([[[1, 2, 3]]]))
    array([[[3, 2, 1]]])
    """
    return np.asarray(img)[:, :, ::-1]


def random_hflip(img: Array, p: float, rng: np.random.Generator) -> tuple[Array, bool]:
    """hflip(img) with probability p, else img.

    Args:
        img: (C, H, W) array of any dtype.
        p: Probability of the mirror image, in [0, 1].
        rng: Source of all randomness.

    Returns:
        (out, flipped): an image of the same shape and dtype, and whether it was mirrored.

    Raises:
        ValueError: p is outside [0, 1].

    >>> random_hflip(np.array([[[1, 2, 3]]]), 1.0, np.random.default_rng(0))
    (array([[[3, 2, 1]]]), True)
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    flipped = bool(rng.random() < p)  # random() is in [0, 1): p = 0 is never, p = 1 always
    return (hflip(img) if flipped else img), flipped


def random_crop(img: Array, size: int, pad: int, rng: np.random.Generator) -> tuple[Array, tuple[int, int]]:
    """A square piece at a random place of the image, after a frame of zeros was put around it.

        padded = img with `pad` zeros on all four sides,    crop = padded[:, top : top + size, left : left + size]

    top is uniform on 0, ..., H + 2 pad - size (both ends included), left on 0, ..., W + 2 pad - size; the two are
    independent.

    Args:
        img: (C, H, W) array of any dtype.
        size: Side of the crop, at most H + 2 pad and W + 2 pad.
        pad: Width of the frame, 0 or more.
        rng: Source of all randomness.

    Returns:
        (crop, (top, left)): (C, size, size) of the dtype of img; the place counts from the corner of the padded image.

    Raises:
        ValueError: pad < 0, or size is larger than a side of the padded image.

    Source: He et al., section 4.2 (pad 4, crop 32 of CIFAR-10).

    >>> random_crop(np.array([[[7]]]), 3, 1, np.random.default_rng(0))
    (array([[[0, 0, 0],
            [0, 7, 0],
            [0, 0, 0]]]), (0, 0))
    """
    if pad < 0:
        raise ValueError(f"pad must be at least 0, got {pad}")
    padded = np.pad(img, ((0, 0), (pad, pad), (pad, pad)))
    if size > min(padded.shape[1:]):
        raise ValueError(f"size must be at most {min(padded.shape[1:])}, the padded image's shorter side, got {size}")
    top, left = (int(rng.integers(side - size, endpoint=True)) for side in padded.shape[1:])
    return padded[:, top : top + size, left : left + size], (top, left)


def _between(old: int, new: int) -> tuple[Array, Array, Array]:
    """For each of `new` pixels the two old ones it lies between, and the weight of the second."""
    at = ((np.arange(new) + 0.5) * (old / new) - 0.5).clip(0, old - 1)
    first = at.astype(int)
    return first, np.minimum(first + 1, old - 1), at - first


def resize_bilinear(img: Array, h: int, w: int) -> Array:
    """Bilinear interpolation to h rows and w columns, without antialiasing.

    The centre of pixel i is at i + 1/2, in old and new image alike, so the new pixel i lies at

        s = (i + 1/2) * H / h - 1/2,    clipped to [0, H - 1],

    in the old rows, between floor(s) and floor(s) + 1 with weights 1 - t and t, t = s - floor(s); columns alike.

    Args:
        img: (C, H, W) array.
        h, w: Rows and columns of the result, at least 1.

    Returns:
        (C, h, w) float array.

    Raises:
        ValueError: h < 1 or w < 1.

    Source: the convention of torch's F.interpolate(mode="bilinear", align_corners=False, antialias=False).

    >>> resize_bilinear(np.array([[[0.0, 4.0]]]), 1, 4)
    array([[[0., 1., 3., 4.]]])
    """
    for name, value in (("h", h), ("w", w)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    img = np.asarray(img, dtype=float)
    a, b, t = _between(img.shape[1], h)
    rows = img[:, a] * (1 - t[:, None]) + img[:, b] * t[:, None]  # (C, h, W)
    a, b, t = _between(img.shape[2], w)
    return rows[:, :, a] * (1 - t) + rows[:, :, b] * t


def random_short_side_crop(
    img: Array, s_min: int, s_max: int, size: int, rng: np.random.Generator
) -> tuple[Array, dict[str, int]]:
    """Resize to a random short side L, keep the aspect ratio, then cut out a square at a random place.

    L is uniform on s_min, ..., s_max (both included); the long side becomes floor(long * L / short). The place of the crop
    is uniform over all places and independent on the two axes.

    Args:
        img: (C, H, W) array.
        s_min, s_max: Range of the short side.
        size: Side of the crop, at most s_min.
        rng: Source of all randomness.

    Returns:
        (crop, info): (C, size, size) float array, which is resize_bilinear(img, h, w)[:, top : top + size, left : left +
        size], and dict(L, h, w, top, left) of integers.

    Raises:
        ValueError: s_min > s_max, or size > s_min.

    Source: He et al., section 3.4 (L in [256, 480], size 224).

    >>> random_short_side_crop(np.ones((1, 2, 4)), 3, 3, 3, np.random.default_rng(0))[1]["w"]
    6
    """
    if s_min > s_max:
        raise ValueError(f"s_min must be at most s_max = {s_max}, got {s_min}")
    if size > s_min:
        raise ValueError(f"size must be at most s_min = {s_min}, got {size}")
    short = min(img.shape[1:])
    L = int(rng.integers(s_min, s_max, endpoint=True))
    h, w = (side * L // short for side in img.shape[1:])
    crop, (top, left) = random_crop(resize_bilinear(img, h, w), size, 0, rng)
    return crop, {"L": L, "h": h, "w": w, "top": top, "left": left}


def _filled(img: Array, y: Array, x: Array, fill: float) -> Array:
    """img[:, y, x], with fill where y or x lies outside."""
    H, W = img.shape[1:]
    inside = (y >= 0) & (y < H) & (x >= 0) & (x < W)
    return np.where(inside, img[:, y.clip(0, H - 1), x.clip(0, W - 1)], fill)


def _image(img: Array) -> Array:
    img = np.asarray(img, dtype=float)
    if img.ndim != 3:
        raise ValueError(f"img must have shape (C, H, W), got {img.shape}")
    return img


def translate(img: Array, dy: int, dx: int, fill: float = 0.0) -> Array:
    """Shift by dy rows down and dx columns to the right; what comes in from outside is fill.

        out[c, y, x] = img[c, y - dy, x - dx]  where that exists, else fill

    Args:
        img: (C, H, W) array.
        dy, dx: Whole numbers of either sign; a shift beyond the image leaves nothing but fill.
        fill: Value of pixels from outside.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: img has not three axes.

    >>> translate(np.array([[[1, 2, 3]]]), 0, 1, fill=9.0)
    array([[[9., 1., 2.]]])
    """
    img = _image(img)
    y, x = np.indices(img.shape[1:])
    return _filled(img, y - dy, x - dx, fill)


def rotate(img: Array, deg: float, fill: float = 0.0) -> Array:
    """Rotate counter-clockwise about the centre ((H - 1) / 2, (W - 1) / 2); the shape stays.

    Inverse mapping: the pixel (y, x) of the result looks up the place (sy, sx) where it came from,

        sx = cx + (x - cx) cos(deg) - (y - cy) sin(deg),    sy = cy + (x - cx) sin(deg) + (y - cy) cos(deg),

    and takes the bilinear mean of the four pixels around it. Those of the four that lie outside of the image count as
    fill, with their weight.

    Args:
        img: (C, H, W) array.
        deg: Angle in degrees; positive is counter-clockwise as one sees it, with row 0 on top.
        fill: Value of pixels from outside.

    Returns:
        (C, H, W) float array.

    Raises:
        ValueError: img has not three axes.

    Source: the sense of rotation is Pillow's; borders are those of torch's F.grid_sample(align_corners=True).

    >>> rotate(np.array([[[1, 2], [3, 4]]]), 90).round(6)
    array([[[2., 4.],
            [1., 3.]]])
    """
    img = _image(img)
    H, W = img.shape[1:]
    cy, cx = (H - 1) / 2, (W - 1) / 2
    dy, dx = np.indices((H, W)) - np.array([cy, cx])[:, None, None]
    cos, sin = np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))
    sy, sx = cy + dx * sin + dy * cos, cx + dx * cos - dy * sin
    y, x = np.floor(sy).astype(int), np.floor(sx).astype(int)
    ty, tx = sy - y, sx - x
    top = _filled(img, y, x, fill) * (1 - tx) + _filled(img, y, x + 1, fill) * tx
    bottom = _filled(img, y + 1, x, fill) * (1 - tx) + _filled(img, y + 1, x + 1, fill) * tx
    return top * (1 - ty) + bottom * ty
