"""Stand-ins for 01_input_normalization, put together from scikit-learn, scipy and torch."""

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("01")
def fit_standardizer(X: Array, ddof: int = 0) -> dict[str, Array]:
    """Mean and standard deviation of every feature; 1 for a constant one."""
    from sklearn.preprocessing import StandardScaler

    if len(X) - ddof < 1:
        raise ValueError(f"X must have more rows than ddof, got {len(X)} rows and ddof {ddof}")
    scaler = StandardScaler().fit(np.asarray(X, float))
    factor = np.where(scaler.var_ > 0, np.sqrt(len(X) / (len(X) - ddof)), 1.0)
    return {"mean": scaler.mean_, "std": scaler.scale_ * factor}


@of("01")
def apply_standardizer(X: Array, st: dict[str, Array]) -> Array:
    """Rows standardized with stored statistics."""
    import torch
    import torch.nn.functional as F

    if np.shape(X)[1:] != np.shape(st["mean"]):
        raise ValueError(f"X must have {np.size(st['mean'])} features as st, got shape {np.shape(X)}")
    X, mean, std = (torch.tensor(np.asarray(a, float)) for a in (X, st["mean"], st["std"]))
    return F.batch_norm(X, mean, std**2, eps=0.0).numpy()


@of("01")
def minmax_scale(X: Array, lo: float = 0.0, hi: float = 1.0) -> Array:
    """Every feature from lo to hi."""
    import sklearn.preprocessing

    if not lo < hi:
        raise ValueError(f"hi must be larger than lo, got lo {lo} and hi {hi}")
    return sklearn.preprocessing.minmax_scale(np.asarray(X, float), feature_range=(lo, hi))


@of("01")
def mean_normalize(X: Array) -> Array:
    """Every feature with mean 0 and range 1."""
    import scipy.signal

    return scipy.signal.detrend(minmax_scale(X), axis=0, type="constant")


@of("01")
def image_mean_subtract(train: Array, x: Array, mode: str) -> Array:
    """Images without the mean of the training images."""
    import torch

    if mode not in ("mean_image", "per_channel"):
        raise ValueError(f"mode must be 'mean_image' or 'per_channel', got {mode!r}")
    if np.shape(train)[1:] != np.shape(x)[1:]:
        raise ValueError(f"x must show images of shape {np.shape(train)[1:]} as train, got {np.shape(x)[1:]}")
    layer = torch.nn.BatchNorm1d if mode == "mean_image" else torch.nn.BatchNorm2d
    features = np.shape(x)[1] if mode == "per_channel" else x[0].size
    layer = layer(features, momentum=None, affine=False, dtype=torch.float64)
    images = [torch.tensor(np.asarray(a, float)) for a in (train, x)]
    if mode == "mean_image":
        images = [a.flatten(1) for a in images]
    with torch.no_grad():
        # In training the layer stores the mean. Told that the variance is 1, it then subtracts it and no more.
        layer(torch.cat([images[0], images[0]]) if len(train) == 1 else images[0])
        layer.running_var.fill_(1)
        layer.eps = 0.0
        return layer.eval()(images[1]).reshape(np.shape(x)).numpy()


@of("01")
def zca_fit(X: Array, eps: float = 0.1) -> dict[str, Array]:
    """Mean and symmetric whitening matrix."""
    import scipy.linalg
    from sklearn.covariance import EmpiricalCovariance

    if eps < 0:
        raise ValueError(f"eps must not be negative, got {eps}")
    fitted = EmpiricalCovariance().fit(np.asarray(X, float))
    shifted = fitted.covariance_ + eps * np.eye(len(fitted.location_))
    if np.linalg.eigvalsh(shifted)[0] <= 1e-12:
        raise ValueError(f"X does not vary in some direction, and eps is only {eps}")
    return {"mean": fitted.location_, "W": np.real(scipy.linalg.fractional_matrix_power(shifted, -0.5))}


@of("01")
def zca_apply(X: Array, st: dict[str, Array]) -> Array:
    """Rows whitened with a stored mean and matrix."""
    import torch

    X, mean, W = (torch.tensor(np.asarray(a, float)) for a in (X, st["mean"], st["W"]))
    return torch.nn.functional.linear(X, W, -torch.mv(W, mean)).numpy()


@of("01")
def merge_moments(parts: list[tuple[int, Array, Array]]) -> tuple[int, Array, Array]:
    """Number, mean and variance of all rows from those of parts."""
    if not len(parts) or min(n for n, _, _ in parts) <= 0:
        raise ValueError("parts must hold at least one part, and every part rows")
    from sklearn.preprocessing import StandardScaler

    # Two rows stand for a part: one deviation to each side of its mean, each with half of its weight.
    rows = np.concatenate([np.add.outer([-1.0, 1.0], np.zeros(len(m))) * np.sqrt(v) + m for _, m, v in parts])
    scaler = StandardScaler().fit(rows, sample_weight=np.repeat([n / 2 for n, _, _ in parts], 2))
    return int(sum(n for n, _, _ in parts)), scaler.mean_, scaler.var_
