"""One operator for batch, layer, instance and group normalization: which axes share a mean is the whole difference.

Sources: Ba, Kiros, Hinton, "Layer Normalization", arXiv:1607.06450; Wu & He, "Group Normalization", arXiv:1803.08494
(section 3: the sets S_i); Huang & Belongie, "Arbitrary Style Transfer in Real-Time with Adaptive Instance
Normalization", arXiv:1703.06868; Park et al., "Semantic Image Synthesis with Spatially-Adaptive Normalization",
arXiv:1903.07291.
"""

import numpy as np

Array = np.ndarray

AXES = {
    ("batch", 2): (0,),
    ("layer", 2): (1,),
    ("batch", 4): (0, 2, 3),
    ("layer", 4): (1, 2, 3),
    ("instance", 4): (2, 3),
    ("channel_only", 4): (1,),
    ("per_pixel", 4): (0,),
}


def normalize_over(x: Array, axes: tuple[int, ...], eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """Normalize all values that differ only in their places along `axes` with one mean and one variance.

        xhat = (x - mean) / sqrt(var + eps),    mean, var over axes

    var divides by the number of values (biased); eps is added inside the square root. There is no scale and shift.

    Args:
        x: Array of any number of axes; integers and float32 are computed in float64.
        axes: The axes that are averaged over; negative ones count from the end.
        eps: Added to the variance.

    Returns:
        xhat of the shape of x; mean and var of the shape of x with 1 in the place of every averaged axis.

    Raises:
        ValueError: an axis is out of range.

    Source: Wu & He, arXiv:1803.08494, equations 1 and 2.

    >>> [a.ravel() for a in normalize_over(np.array([[1.0, 3.0], [3.0, 5.0]]), axes=(-1,), eps=3.0)]
    [array([-0.5,  0.5, -0.5,  0.5]), array([2., 4.]), array([1., 1.])]
    """
    x = np.asarray(x, dtype=float)
    _check_axes(axes, x.ndim)
    mean, var = x.mean(axis=tuple(axes), keepdims=True), x.var(axis=tuple(axes), keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


def norm_axes(kind: str, ndim: int) -> tuple[int, ...]:
    """The axes that a normalization averages over.

        (N, D):        "batch" (0,), "layer" (1,)
        (N, C, H, W):  "batch" (0, 2, 3), "layer" (1, 2, 3), "instance" (2, 3), "channel_only" (1,), "per_pixel" (0,)

    "layer" of images averages a whole image (Ba et al.); "channel_only" is the layer norm of ConvNeXt and, with places
    in a text instead of pixels, of transformers.

    Args:
        kind: "batch", "layer", "instance", "channel_only" or "per_pixel".
        ndim: 2 for feature rows, 4 for images.

    Returns:
        The axes in increasing order.

    Raises:
        ValueError: kind is unknown, ndim is neither 2 nor 4, or a kind that needs images is asked for rows.

    Source: Wu & He, arXiv:1803.08494, figure 2.

    >>> norm_axes("instance", 4)
    (2, 3)
    """
    kinds = {known for known, _ in AXES}
    if kind not in kinds:
        raise ValueError(f"kind must be one of {', '.join(sorted(kinds))}, got {kind!r}")
    if (kind, ndim) not in AXES:
        raise ValueError(f"ndim must be {'2 or 4' if (kind, 2) in AXES else 4} for kind {kind!r}, got {ndim}")
    return AXES[kind, ndim]


def normalize_over_backward(dxhat: Array, xhat: Array, var: Array, axes: tuple[int, ...], eps: float = 1e-5) -> Array:
    """Gradient of `normalize_over`: one formula for batch, layer and instance normalization.

        dx = (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat)) / sqrt(var + eps),    means over axes

    For the n values of one set, d xhat_i / d x_j = (delta_ij - 1/n - xhat_i xhat_j / n) / sqrt(var + eps): the second
    term comes through the mean, the third through the variance. The matrix is symmetric.

    Args:
        dxhat: Gradient of the loss with respect to xhat; integers and float32 are computed in float64.
        xhat: What `normalize_over` returned, of the same shape.
        var: What `normalize_over` returned, with 1 in the place of every averaged axis.
        axes: The axes that were averaged over.
        eps: As in `normalize_over`.

    Returns:
        dx of the shape of xhat.

    Raises:
        ValueError: dxhat is not of the shape of xhat.

    Source: Ioffe & Szegedy, arXiv:1502.03167, section 3 (batch norm, in unsimplified steps), for any set of values.

    >>> xhat, _, var = normalize_over(np.array([[1.0], [4.0], [7.0]]), (0,), eps=3.0)
    >>> normalize_over_backward(np.array([[9.0], [0.0], [0.0]]), xhat, var, (0,), eps=3.0).ravel()
    array([ 1., -1.,  0.])
    """
    dxhat, xhat, var = (np.asarray(a, dtype=float) for a in (dxhat, xhat, var))
    if dxhat.shape != xhat.shape:
        raise ValueError(f"dxhat must have the shape of xhat, {xhat.shape}, got {dxhat.shape}")
    _check_axes(axes, xhat.ndim)

    def mean(a: Array) -> Array:
        return a.mean(axis=tuple(axes), keepdims=True)

    return (dxhat - mean(dxhat) - xhat * mean(dxhat * xhat)) / np.sqrt(var + eps)


def ln_forward(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Normalize the last axis at every position, then scale and shift every feature.

        y = gamma * (x - mean) / sqrt(var + eps) + beta,    mean, var over the last axis

    The statistics belong to a position (a row, or a time step of a sequence), gamma and beta to a feature. Nothing is
    stored: training and test are the same, and one row alone is enough. var is biased, eps inside the root.

    Args:
        x: (..., D) array; integers and float32 are computed in float64.
        gamma: (D,) scale.
        beta: (D,) shift.
        eps: Added to the variance.

    Returns:
        Array of the shape of x.

    Raises:
        ValueError: gamma or beta is not (D,).

    Source: Ba, Kiros, Hinton, arXiv:1607.06450, equations 3 and 4; gain and bias per unit in section 5.

    >>> ln_forward(np.array([1.0, 3.0]), np.array([2.0, 2.0]), np.array([0.0, 1.0]), eps=3.0)
    array([-1.,  2.])
    """
    x = np.asarray(x, dtype=float)
    gamma, beta = _vectors(x.shape[-1], gamma=gamma, beta=beta)
    return gamma * normalize_over(x, (-1,), eps)[0] + beta


def gn_forward(x: Array, G: int, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Normalize every group of neighbouring channels of every image, then scale and shift every channel.

        y = gamma_c * (x - mean) / sqrt(var + eps) + beta_c,    mean, var over the C/G channels of a group and H, W

    Group g holds the channels g*C/G, ..., (g+1)*C/G - 1. G = C is instance normalization; G = 1 is layer normalization
    over (C, H, W) with a gamma and beta per channel (torch's LayerNorm has one per value). var is biased.

    Args:
        x: (N, C, H, W) array; integers and float32 are computed in float64.
        G: Number of groups; divides C.
        gamma: (C,) scale.
        beta: (C,) shift.
        eps: Added to the variance, inside the square root.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: G < 1, G does not divide C, or gamma or beta is not (C,).

    Source: Wu & He, arXiv:1803.08494, section 3.1.

    >>> gn_forward(np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 4, 1, 1), 2, np.ones(4), np.zeros(4), eps=3.0).ravel()
    array([-0.5,  0.5, -0.5,  0.5])
    """
    x = np.asarray(x, dtype=float)
    n, c, h, w = x.shape
    if G < 1 or c % G:
        raise ValueError(f"G must be at least 1 and divide the {c} channels, got {G}")
    gamma, beta = (a[:, None, None] for a in _vectors(c, gamma=gamma, beta=beta))
    xhat = normalize_over(x.reshape(n, G, c // G, h, w), (2, 3, 4), eps)[0].reshape(x.shape)
    return gamma * xhat + beta


def adain(content: Array, style: Array, eps: float = 1e-5) -> Array:
    """Adaptive instance normalization: give every channel of content the mean and deviation it has in style.

        y = sqrt(var_s + eps) * (content - mean_c) / sqrt(var_c + eps) + mean_s

    All statistics are per image and channel, over H and W; variances are biased.

    Args:
        content: (N, C, H, W) array; integers and float32 are computed in float64.
        style: (N, C, H2, W2) array: only its statistics are used.
        eps: Added to both variances, inside the square roots.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: content and style differ in N or C.

    Source: Huang & Belongie, arXiv:1703.06868, equation 8.

    >>> adain(np.array([[[[1.0, 3.0]]]]), np.array([[[[10.0], [30.0]]]]), eps=0.0).ravel()
    array([10., 30.])
    """
    content, style = np.asarray(content, dtype=float), np.asarray(style, dtype=float)
    if content.shape[:2] != style.shape[:2]:
        raise ValueError(f"style must have the N and C of content, {content.shape[:2]}, got {style.shape[:2]}")
    _, mean, var = normalize_over(style, (2, 3))
    return np.sqrt(var + eps) * normalize_over(content, (2, 3), eps)[0] + mean


def spade(x: Array, gamma_map: Array, beta_map: Array, eps: float = 1e-5) -> Array:
    """Spatially-adaptive normalization: batch normalization whose scale and shift have a value for every pixel.

        y = gamma_map * (x - mean) / sqrt(var + eps) + beta_map,    mean, var per channel, over N, H, W

    var is biased. The authors' code multiplies by 1 + gamma_map; this is the equation of the paper.

    Args:
        x: (N, C, H, W) array; integers and float32 are computed in float64.
        gamma_map: (N, C, H, W) scale; made from a segmentation map by a small network in the paper.
        beta_map: (N, C, H, W) shift.
        eps: Added to the variance, inside the square root.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: gamma_map or beta_map is not of the shape of x.

    Source: Park et al., arXiv:1903.07291, equations 1 to 3.

    >>> spade(np.array([[[[1.0, 3.0]]]]), np.array([[[[5.0, 7.0]]]]), np.ones((1, 1, 1, 2)), eps=0.0).ravel()
    array([-4.,  8.])
    """
    x, gamma_map, beta_map = (np.asarray(a, dtype=float) for a in (x, gamma_map, beta_map))
    for name, value in (("gamma_map", gamma_map), ("beta_map", beta_map)):
        if value.shape != x.shape:
            raise ValueError(f"{name} must have the shape of x, {x.shape}, got {value.shape}")
    return gamma_map * normalize_over(x, (0, 2, 3), eps)[0] + beta_map


def _check_axes(axes: tuple[int, ...], ndim: int) -> None:
    for axis in axes:
        if not -ndim <= axis < ndim:
            raise ValueError(f"axes must be between {-ndim} and {ndim - 1} for an array of {ndim} axes, got {axis}")


def _vectors(size: int, **vectors: Array) -> list[Array]:
    """The vectors as float arrays, each (size,)."""
    arrays = {name: np.asarray(value, dtype=float) for name, value in vectors.items()}
    for name, array in arrays.items():
        if array.shape != (size,):
            raise ValueError(f"{name} must have shape ({size},), got {array.shape}")
    return list(arrays.values())
