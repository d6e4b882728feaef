"""What is done to inputs before training: standardizing, scaling to a range, mean images, whitening, merging moments.

Sources: LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.3, for centring and scaling;
Krizhevsky, "Learning multiple layers of features from tiny images" (2009), appendix A, for ZCA;
Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
"""

import numpy as np

Array = np.ndarray
Part = tuple[int, Array, Array]


def fit_standardizer(X: Array, ddof: int = 0) -> dict[str, Array]:
    """Measure the mean and the standard deviation of every feature.

        mean = (1 / N) sum_n x_n,    std = sqrt(sum_n (x_n - mean)^2 / (N - ddof))

    A constant feature gets std 1, as in scikit-learn: it comes out as 0 instead of 0 / 0. There is no threshold: a
    feature whose deviation is 1e-9 is not constant.

    Args:
        X: (N, D) array; integers and float32 are computed in float64.
        ddof: 0 divides by N, 1 by N - 1.

    Returns:
        dict with "mean" and "std", both (D,).

    Raises:
        ValueError: X is not (N, D) or N - ddof < 1.

    Source: LeCun et al., "Efficient BackProp", section 4.3; scikit-learn's StandardScaler for the constant feature.

    >>> fit_standardizer(np.array([[1.0, 7.0], [5.0, 7.0]]))
    {'mean': array([3., 7.]), 'std': array([2., 1.])}
    """
    X = _rows(X)
    if len(X) - ddof < 1:
        raise ValueError(f"X must have more rows than ddof, got {len(X)} rows and ddof {ddof}")
    std = X.std(axis=0, ddof=ddof)
    return {"mean": X.mean(axis=0), "std": np.where(std == 0, 1.0, std)}


def apply_standardizer(X: Array, st: dict[str, Array]) -> Array:
    """Standardize rows with statistics that were measured before.

        (X - mean) / std

    Args:
        X: (M, D) array; its own statistics play no part.
        st: What fit_standardizer returned.

    Returns:
        (M, D) array.

    Raises:
        ValueError: X does not have as many features as st.

    >>> apply_standardizer(np.array([[7.0, 9.0]]), {"mean": np.array([3.0, 7.0]), "std": np.array([2.0, 1.0])})
    array([[2., 2.]])
    """
    X = _rows(X)
    _same_features(X, st["mean"])
    return (X - st["mean"]) / st["std"]


def minmax_scale(X: Array, lo: float = 0.0, hi: float = 1.0) -> Array:
    """Map every feature linearly so that its minimum is lo and its maximum is hi.

        lo + (X - min) / (max - min) * (hi - lo)

    A constant feature becomes lo, as in scikit-learn.

    Args:
        X: (N, D) array; integers and float32 are computed in float64.
        lo: New minimum.
        hi: New maximum.

    Returns:
        (N, D) array.

    Raises:
        ValueError: hi is not larger than lo.

    Source: scikit-learn's minmax_scale.

    >>> minmax_scale(np.array([[1.0], [2.0], [5.0]]), -1.0, 1.0).ravel()
    array([-1. , -0.5,  1. ])
    """
    if not hi > lo:
        raise ValueError(f"hi must be larger than lo, got lo {lo} and hi {hi}")
    X = _rows(X)
    return lo + (X - X.min(axis=0)) / _width(X) * (hi - lo)


def mean_normalize(X: Array) -> Array:
    """Subtract the mean of every feature and divide by its range.

        (X - mean) / (max - min)

    The result has mean 0 and range 1 and lies inside (-1, 1); it is not in [0, 1]. A constant feature becomes 0.

    Args:
        X: (N, D) array; integers and float32 are computed in float64.

    Returns:
        (N, D) array.

    >>> mean_normalize(np.array([[1.0], [3.0], [5.0]])).ravel()
    array([-0.5,  0. ,  0.5])
    """
    X = _rows(X)
    # A constant feature is its own minimum exactly, its mean is rounded: subtracted first, nothing is left of it.
    X = X - X.min(axis=0)
    return (X - X.mean(axis=0)) / _width(X)


def image_mean_subtract(train: Array, x: Array, mode: str) -> Array:
    """Subtract the mean of the training images from other images.

        "mean_image":   x - mean over n of train                one mean per channel and pixel (AlexNet)
        "per_channel":  x - mean over n, h, w of train          one mean per channel (VGG)

    Args:
        train: (N, C, H, W) array; uint8 and other integers are computed in float64.
        x: (M, C, H, W) array.
        mode: "mean_image" or "per_channel".

    Returns:
        (M, C, H, W) array of floats.

    Raises:
        ValueError: the mode is unknown, or x and train differ in (C, H, W).

    Source: Krizhevsky et al., "ImageNet classification with deep CNNs" (2012), section 2; Simonyan & Zisserman,
    arXiv:1409.1556, section 2.1.

    >>> image_mean_subtract(np.array([[[[1, 3]]]]), np.array([[[[5, 5]]]], dtype=np.uint8), "per_channel").ravel()
    array([3., 3.])
    """
    axes = {"mean_image": (0,), "per_channel": (0, 2, 3)}
    if mode not in axes:
        raise ValueError(f"mode must be 'mean_image' or 'per_channel', got {mode!r}")
    train, x = np.asarray(train, dtype=float), np.asarray(x, dtype=float)
    if train.shape[1:] != x.shape[1:]:
        raise ValueError(f"x must have images of shape {train.shape[1:]} as train, got {x.shape[1:]}")
    return x - train.mean(axis=axes[mode], keepdims=True)


def zca_fit(X: Array, eps: float = 0.1) -> dict[str, Array]:
    """Measure the whitening that changes the data least (ZCA, "zero-phase component analysis").

        Sigma = (1 / N) sum_n (x_n - mean)(x_n - mean)^T = V diag(lam) V^T,    W = V diag((lam + eps)^(-1/2)) V^T

    W is symmetric. The covariance of W (x - mean) has eigenvalues lam / (lam + eps): the identity only for eps = 0.

    Args:
        X: (N, D) array; fewer rows than features are fine if eps > 0. Integers and float32 are computed in float64.
        eps: Added to the eigenvalues, that is to variances.

    Returns:
        dict with "mean" (D,) and "W" (D, D).

    Raises:
        ValueError: eps < 0, or the smallest eigenvalue plus eps is at most 1e-12.

    Source: Bell & Sejnowski, "The 'independent components' of natural scenes are edge filters" (1997); Krizhevsky (2009),
    appendix A; Kessy, Lewin, Strimmer, arXiv:1512.00809, for "changes the data least".

    >>> zca_fit(np.array([[1.0, 0.0], [-1.0, 0.0]]), eps=0.25)["W"].round(3) + 0.0
    array([[0.894, 0.   ],
           [0.   , 2.   ]])
    """
    if eps < 0:
        raise ValueError(f"eps must not be negative, got {eps}")
    X = _rows(X)
    mean = X.mean(axis=0)
    lam, V = np.linalg.eigh((X - mean).T @ (X - mean) / len(X))
    if lam[0] + eps <= 1e-12:
        raise ValueError(f"X does not vary in some direction (eigenvalue {lam[0]:.1g}); eps must be larger than {eps}")
    return {"mean": mean, "W": (V / np.sqrt(lam + eps)) @ V.T}


def zca_apply(X: Array, st: dict[str, Array]) -> Array:
    """Whiten rows with a mean and a matrix that were measured before: z = W (x - mean) for every row x.

    Args:
        X: (M, D) array; its own statistics play no part.
        st: What zca_fit returned.

    Returns:
        (M, D) array.

    >>> zca_apply(np.array([[3.0, 5.0]]), {"mean": np.array([1.0, 5.0]), "W": np.diag([0.5, 2.0])})
    array([[1., 0.]])
    """
    return (_rows(X) - st["mean"]) @ st["W"].T


def merge_moments(parts: list[Part]) -> Part:
    """Number, mean and variance of all rows, from those of parts of them.

        n = sum_k n_k,    mean = sum_k n_k mean_k / n,    var = sum_k n_k (var_k + (mean_k - mean)^2) / n

    All variances are biased (divided by the number of rows). Exact, in any order, and stable: no difference of two
    large numbers is taken.

    Args:
        parts: List of (n_k, mean_k, var_k) with an integer n_k >= 1 and arrays of shape (D,).

    Returns:
        (n, mean, var).

    Raises:
        ValueError: parts is empty or an n_k is not positive.

    Source: Chan, Golub, LeVeque (1979), equation 2.1, for any number of parts.

    >>> merge_moments([(1, np.array([0.0]), np.array([0.0])), (3, np.array([4.0]), np.array([0.0]))])
    (4, array([3.]), array([3.]))
    """
    if not parts:
        raise ValueError("parts must hold at least one part, got none")
    if min(n for n, _, _ in parts) <= 0:
        raise ValueError(f"every n in parts must be positive, got {[n for n, _, _ in parts]}")
    weights = np.array([n for n, _, _ in parts], dtype=float)
    means, variances = (np.array([part[i] for part in parts], dtype=float) for i in (1, 2))
    mean = weights @ means / weights.sum()
    return sum(n for n, _, _ in parts), mean, weights @ (variances + (means - mean) ** 2) / weights.sum()


def _rows(X: Array) -> Array:
    X = np.asarray(X, dtype=float)
    if X.ndim != 2:
        raise ValueError(f"X must be (N, D), got shape {X.shape}")
    return X


def _same_features(X: Array, mean: Array) -> None:
    if X.shape[1:] != np.shape(mean):
        raise ValueError(f"X must have {np.size(mean)} features as st, got shape {X.shape}")


def _width(X: Array) -> Array:
    width = np.ptp(X, axis=0)
    return np.where(width == 0, 1.0, width)
