"""Soft labels, and augmentations that mix or cover: label smoothing, MixUp, CutMix, Cutout.

What is random comes from samplers that return what they drew; the arithmetic is a function of those draws.

Sources: Szegedy et al., "Rethinking the Inception Architecture", arXiv:1512.00567, section 7 (label smoothing); Zhang,
Cisse, Dauphin, Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", arXiv:1710.09412; Yun et al., "CutMix",
arXiv:1905.04899; DeVries, Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
arXiv:1708.04552.
"""

import numpy as np

Array = np.ndarray
Box = Array | tuple[int, int, int, int]


def smooth_labels(y: Array, C: int, eps: float, convention: str = "torch") -> Array:
    """Turn class numbers into smoothed targets.

        "torch":     1 - eps + eps / C  for the class of y,   eps / C        for each of the others
        "others":    1 - eps            for the class of y,   eps / (C - 1)  for each of the others

    Args:
        y: (N,) classes in 0..C-1.
        C: Number of classes.
        eps: In [0, 1].
        convention: "torch" spreads eps over all classes, "others" over those that are wrong.

    Returns:
        (N, C) array; rows add up to 1.

    Raises:
        ValueError: C < 2, eps is outside [0, 1], y is outside 0..C-1, or convention is something else.

    Source: Szegedy et al., section 7 ("torch").

    >>> smooth_labels(np.array([0]), 3, 0.15).round(3), smooth_labels(np.array([0]), 3, 0.1, "others")
    (array([[0.9 , 0.05, 0.05]]), array([[0.9 , 0.05, 0.05]]))
    """
    y = np.asarray(y)
    _refuse_smoothing(eps, C)
    if np.any((y < 0) | (y >= C)):
        raise ValueError(f"y must be in 0..{C - 1}, got {y.min()} to {y.max()}")
    if convention == "torch":
        off, on = eps / C, 1 - eps + eps / C
    elif convention == "others":
        off, on = eps / (C - 1), 1 - eps
    else:
        raise ValueError(f"convention must be torch or others, got {convention!r}")
    return np.where(y[:, None] == np.arange(C), on, off)


def convert_eps(eps: float, C: int) -> float:
    """The eps of "torch" that gives the targets of this eps of "others": eps * C / (C - 1).

    It is above 1 for eps > (C - 1) / C: no smoothing towards the uniform distribution makes the right class the least
    likely one.

    Args:
        eps: In [0, 1], in the convention "others".
        C: Number of classes.

    Returns:
        A float.

    Raises:
        ValueError: C < 2 or eps is outside [0, 1].

    Source: eps / (C - 1) of the one convention is eps / C of the other.

    >>> round(convert_eps(0.1, 3), 12)
    0.15
    """
    _refuse_smoothing(eps, C)
    return float(eps * C / (C - 1))


def mixup(x: Array, y: Array, lam: float, perm: Array) -> tuple[Array, Array]:
    """Mix every example with its partner, inputs and labels with the same weight.

        xm = lam * x + (1 - lam) * x[perm],     ym = lam * y + (1 - lam) * y[perm]

    The cross-entropy is linear in the target, so the loss of ym is the same mixture of two ordinary losses.

    Args:
        x: (N, ...) inputs of any shape and kind; the result is floating-point.
        y: (N, C) one-hot or soft labels.
        lam: In [0, 1].
        perm: (N,) index of the partners.

    Returns:
        xm and ym, of the shapes of x and y.

    Raises:
        ValueError: lam is outside [0, 1], or y is 1-D: 0.7 times class 3 is no class.

    Source: Zhang et al., section 2.

    >>> xm, ym = mixup(np.array([[0.0], [10.0]]), np.eye(2), 0.75, np.array([1, 0]))
    >>> xm.ravel(), ym[0]
    (array([2.5, 7.5]), array([0.75, 0.25]))
    """
    _refuse_share("lam", lam)
    x, y = _floating(x), _floating(y)
    if y.ndim < 2:
        raise ValueError(f"y must have shape (N, C), one-hot or soft, got {y.shape}")
    return lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]


def sample_mixup(N: int, alpha: float, rng: np.random.Generator) -> tuple[float, Array]:
    """One lam for the batch and a random order.

    lam ~ Beta(alpha, alpha) has the mean 1/2 and the variance 1 / (4 (2 alpha + 1)): a small alpha mixes little.

    Args:
        N: Number of examples.
        alpha: At least 0; with 0 lam is 1.
        rng: Source of all randomness.

    Returns:
        lam, a float, and perm, (N,) integers.

    Raises:
        ValueError: alpha < 0.

    Source: Zhang et al., section 2 and figure 1.

    >>> sample_mixup(1, 0.0, np.random.default_rng(0))
    (1.0, array([0]))
    """
    return _beta(alpha, rng), rng.permutation(N)


def cutmix_box(H: int, W: int, lam: float, cy: int, cx: int) -> Box:
    """A box with a share 1 - lam of the area around a centre, clipped to the image.

    Its sides are H sqrt(1 - lam) and W sqrt(1 - lam), rounded to the nearest integer.

    Args:
        H: Height of the image.
        W: Width of the image.
        lam: Share of the area that stays, in [0, 1].
        cy: Row of the centre.
        cx: Column of the centre.

    Returns:
        (y0, y1, x0, x1), an array of integers: half-open intervals inside of the image.

    Raises:
        ValueError: lam is outside [0, 1].

    Source: Yun et al., equation 2. (The published code rounds the sides down to even numbers.)

    >>> cutmix_box(8, 12, 0.75, 4, 6), cutmix_box(8, 12, 0.75, 0, 11)
    (array([2, 6, 3, 9]), array([ 0,  2,  8, 12]))
    """
    _refuse_share("lam", lam)
    side = np.sqrt(1 - lam)
    return np.array([*_span(H, round(H * float(side)), cy), *_span(W, round(W * float(side)), cx)])


def cutmix(x: Array, y: Array, perm: Array, box: Box) -> tuple[Array, Array, float]:
    """Paste a box of the partner into every image; the labels follow the area that was pasted.

        lam_adj = 1 - area / (H W),     ym = lam_adj * y + (1 - lam_adj) * y[perm]

    The area is that of the clipped box. For lam ~ U(0, 1) and centres on all pixels the mean of lam_adj is 0.68, not 0.5
    (0.70 for the published code on 32 x 32 pixels, which rounds sides down to even numbers).

    Args:
        x: (N, C, H, W) images.
        y: (N, K) one-hot or soft labels.
        perm: (N,) index of the partners.
        box: (y0, y1, x0, x1) inside of the image.

    Returns:
        xm and ym, of the shapes of x and y, and lam_adj.

    Raises:
        ValueError: N = 0.

    Source: Yun et al., section 3.1.

    >>> x = np.arange(2.0).reshape(2, 1, 1, 1) + np.zeros((2, 1, 2, 2))
    >>> xm, ym, lam_adj = cutmix(x, np.eye(2), np.array([1, 0]), (0, 1, 0, 1))
    >>> xm[0, 0], ym[0], lam_adj
    (array([[1., 0.],
           [0., 0.]]), array([0.75, 0.25]), 0.75)
    """
    x, y = np.asarray(x), _floating(y)
    if not len(x):
        raise ValueError(f"x must hold at least one image, got shape {x.shape}")
    y0, y1, x0, x1 = box
    xm = x.copy()
    xm[:, :, y0:y1, x0:x1] = x[perm, :, y0:y1, x0:x1]
    lam_adj = 1 - (y1 - y0) * (x1 - x0) / (x.shape[2] * x.shape[3])
    return xm, lam_adj * y + (1 - lam_adj) * y[perm], float(lam_adj)


def sample_cutmix(H: int, W: int, alpha: float, rng: np.random.Generator) -> tuple[float, Box]:
    """lam ~ Beta(alpha, alpha), a centre on any of the pixels, and the box that follows.

    Args:
        H: Height of the images.
        W: Width of the images.
        alpha: At least 0; with 0 lam is 1, and the box is empty.
        rng: Source of all randomness.

    Returns:
        lam as it was drawn, and the box.

    Raises:
        ValueError: alpha < 0.

    Source: Yun et al., equation 2.

    >>> lam, (y0, y1, x0, x1) = sample_cutmix(8, 12, 0.0, np.random.default_rng(0))
    >>> lam, int(y1 - y0), int(x1 - x0)
    (1.0, 0, 0)
    """
    lam = _beta(alpha, rng)
    return lam, cutmix_box(H, W, lam, int(rng.integers(H)), int(rng.integers(W)))


def cutout(img: Array, size: int, cy: int, cx: int, fill: float = 0.0) -> Array:
    """Cover a square of all channels: rows from cy - size // 2 on, columns from cx - size // 2 on, clipped.

    Args:
        img: (C, H, W) image; an integer one gives floats, so that fill is not truncated.
        size: Side of the square.
        cy: Row of the centre, in 0..H-1.
        cx: Column of the centre, in 0..W-1.
        fill: Value inside. 0 is the mean only of normalized images.

    Returns:
        (C, H, W) image.

    Raises:
        ValueError: size < 1, or the centre is outside of the image.

    Source: DeVries and Taylor, section 3.2: the square may reach over the border.

    >>> cutout(np.ones((1, 3, 4)), 2, 0, 2)[0]
    array([[1., 0., 0., 1.],
           [1., 1., 1., 1.],
           [1., 1., 1., 1.]])
    """
    img = _floating(img)
    _, H, W = img.shape
    _refuse_size(size)
    for name, c, n in (("cy", cy, H), ("cx", cx, W)):
        if not 0 <= c < n:
            raise ValueError(f"{name} must be in 0..{n - 1}, got {c}")
    (y0, y1), (x0, x1) = _span(H, size, cy), _span(W, size, cx)
    out = img.copy()
    out[:, y0:y1, x0:x1] = fill
    return out


def random_cutout(img: Array, size: int, rng: np.random.Generator) -> tuple[Array, tuple[int, int]]:
    """cutout with fill 0 at a centre that is uniform on the pixels.

    Args:
        img: (C, H, W) image.
        size: Side of the square.
        rng: Source of all randomness.

    Returns:
        The image and the centre (cy, cx).

    Raises:
        ValueError: size < 1.

    Source: DeVries and Taylor, section 3.2.

    >>> random_cutout(np.ones((1, 1, 1)), 3, np.random.default_rng(0))
    (array([[[0.]]]), (0, 0))
    """
    _refuse_size(size)
    _, H, W = np.shape(img)
    cy, cx = int(rng.integers(H)), int(rng.integers(W))
    return cutout(img, size, cy, cx), (cy, cx)


def _span(size: int, length: int, center: int) -> tuple[int, int]:
    start = center - length // 2
    return max(start, 0), min(start + length, size)


def _beta(alpha: float, rng: np.random.Generator) -> float:
    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha}")
    return float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0


def _floating(x: Array) -> Array:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def _refuse_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")


def _refuse_smoothing(eps: float, C: int) -> None:
    if C < 2:
        raise ValueError(f"C must be at least 2, got {C}")
    _refuse_share("eps", eps)


def _refuse_size(size: int) -> None:
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
