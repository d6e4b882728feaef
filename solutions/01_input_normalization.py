# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Input normalization and whitening

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, claim, mean_with_spread, style

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ### Exercise: `fit_standardizer` and `apply_standardizer` (5 points)
#
# *Difficulty 1 of 4, about 15 minutes.*


# %% exercise="standardizer" points=5
def fit_standardizer(X, ddof=0):
    """Measure what standardizing needs: the mean and the standard deviation of every feature.

        mean = (1 / N) sum_n x_n        std = sqrt( sum_n (x_n - mean)^2 / (N - ddof) )

    A constant feature (the same value in every row) has deviation 0; it gets std 1 instead. There is no other limit:
    a feature whose deviation is 1e-9 keeps it.

    Args:
        X: (N, D) array of training rows, float or integer. It is not changed.
        ddof: 0 divides by N, 1 by N - 1, as in np.std.

    Returns:
        A dict with the keys "mean" and "std", both of shape (D,).

    Raises:
        ValueError: N - ddof is smaller than 1. The message names X or ddof.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    if len(X) - ddof < 1:
        raise ValueError(f"X has {len(X)} rows, ddof = {ddof} needs at least {ddof + 1}")
    std = np.std(X, axis=0, ddof=ddof)
    std[std == 0] = 1
    return {"mean": np.mean(X, axis=0), "std": std}
    ### END SOLUTION


def apply_standardizer(X, st):
    """Standardize rows, old or new, with the statistics that were measured on the training rows.

        (X - mean) / std

    Rows do not influence each other; a single row is fine.

    Args:
        X: (M, D) array, float or integer. It is not changed.
        st: What fit_standardizer returned. It is not changed. The checks pass a correct one whether or not your
            fit_standardizer works.

    Returns:
        (M, D) array.

    Raises:
        ValueError: X has another number of features than st, even where it would broadcast. The message names X or st.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    if X.shape[1] != len(st["mean"]):
        raise ValueError(f"X has {X.shape[1]} features, st was fitted to {len(st['mean'])}")
    return (X - st["mean"]) / st["std"]
    ### END SOLUTION


# %% check="standardizer"
check("standardizer")

# %% [markdown]
# ### Exercise: `minmax_scale` and `mean_normalize` (4 points)
#
# *Difficulty 1 of 4, about 10 minutes.*


# %% exercise="range_scalers" points=4
def minmax_scale(X, lo=0.0, hi=1.0):
    """Map every feature by a straight line so that its minimum becomes lo and its maximum hi.

        lo + (X - min) / (max - min) * (hi - lo)

    min and max are those of each feature (column). A constant feature becomes lo.

    Args:
        X: (N, D) array, float or integer. It is not changed.
        lo: The new minimum.
        hi: The new maximum.

    Returns:
        (N, D) array.

    Raises:
        ValueError: hi is not larger than lo. The message names lo or hi.
    """
    ### BEGIN SOLUTION
    if hi <= lo:
        raise ValueError(f"hi must be larger than lo, got lo = {lo} and hi = {hi}")
    X = np.asarray(X, dtype=float)
    low, width = X.min(axis=0), X.max(axis=0) - X.min(axis=0)
    return lo + (hi - lo) * (X - low) / np.where(width > 0, width, 1)
    ### END SOLUTION


def mean_normalize(X):
    """Subtract the mean of every feature and divide by its range.

        (X - mean) / (max - min)

    mean, min and max are those of each feature (column). A constant feature becomes 0.

    Args:
        X: (N, D) array, float or integer. It is not changed.

    Returns:
        (N, D) array.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    width = X.max(axis=0) - X.min(axis=0)
    return (X - X.mean(axis=0)) / np.where(width > 0, width, 1)
    ### END SOLUTION


# %% check="range_scalers"
check("range_scalers")

# %% [markdown]
# ### Exercise: `image_mean_subtract` (3 points)
#
# *Difficulty 1 of 4, about 10 minutes.*


# %% exercise="image_mean_subtract" points=3
def image_mean_subtract(train, x, mode):
    """Subtract the mean of the training images from the images x.

        "mean_image":   one mean per channel and pixel, over the N training images
        "per_channel":  one mean per channel, over images and pixels of the training images

    Args:
        train: (N, C, H, W) array, float or integer, also uint8 (whole numbers from 0 to 255). It is not changed.
        x: (M, C, H, W) array of the same kinds. It is not changed.
        mode: "mean_image" or "per_channel".

    Returns:
        (M, C, H, W) array of floats. Its values keep the unit of x: nothing is divided.

    Raises:
        ValueError: the mode is unknown, or x and train differ in (C, H, W), in either mode and even where they would
            broadcast. The message names mode, or x or train.
    """
    ### BEGIN SOLUTION
    axes = {"mean_image": 0, "per_channel": (0, 2, 3)}
    if mode not in axes:
        raise ValueError(f'mode must be "mean_image" or "per_channel", got {mode!r}')
    if x.shape[1:] != train.shape[1:]:
        raise ValueError(f"x has images of shape {x.shape[1:]}, those of train have {train.shape[1:]}")
    mean = np.mean(train, axis=axes[mode], keepdims=True, dtype=float)
    return np.asarray(x, dtype=float) - mean
    ### END SOLUTION


# %% check="image_mean_subtract"
check("image_mean_subtract")

# %% [markdown]
# ### Exercise: `zca_fit` and `zca_apply` (5 points)
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="zca_whiten" points=5
def zca_fit(X, eps=0.1):
    """Measure the whitening that stays nearest to the data (ZCA).

        Sigma = (1 / N) sum_n (x_n - mean) (x_n - mean)^T = V diag(lam) V^T
        W     = V diag(1 / sqrt(lam + eps)) V^T

    The columns of V are the eigenvectors of Sigma, lam its eigenvalues. Sigma divides by N (biased). N may be smaller
    than D: all D eigenvalues count, those that are 0 too.

    Args:
        X: (N, D) array of training rows, float or integer. It is not changed.
        eps: A number >= 0, added to the eigenvalues, which are variances.

    Returns:
        A dict with the keys "mean" (D,) and "W" (D, D).

    Raises:
        ValueError: eps is negative, or the smallest eigenvalue of Sigma plus eps is at most 1e-12, so that some
            direction cannot be whitened. The message names eps or X.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    if eps < 0:
        raise ValueError(f"eps must be at least 0, got {eps}")
    mean = X.mean(axis=0)
    Sigma = np.cov(X, rowvar=False, bias=True).reshape(len(mean), len(mean))
    lam, V = np.linalg.eigh(Sigma)
    if lam.min() + eps <= 1e-12:
        raise ValueError(f"eps = {eps} is too small: X has no variance in some direction")
    return {"mean": mean, "W": V @ np.diag(1 / np.sqrt(lam + eps)) @ V.T}
    ### END SOLUTION


def zca_apply(X, st):
    """Whiten rows, old or new, with what was measured on the training rows: z = W (x - mean) for every row x.

    Args:
        X: (M, D) array, float or integer. It is not changed. A single row is fine.
        st: What zca_fit returned. It is not changed. The checks pass a correct one whether or not your zca_fit works.

    Returns:
        (M, D) array.
    """
    ### BEGIN SOLUTION
    return (np.asarray(X, dtype=float) - st["mean"]) @ st["W"].T
    ### END SOLUTION


# %% check="zca_whiten"
check("zca_whiten")

# %% [markdown]
# ### Exercise: `merge_moments` (4 points)
#
# *Difficulty 2 of 4, about 20 minutes.*


# %% exercise="merge_moments" points=4
def merge_moments(parts):
    """Number, mean and variance of all rows together, from those of parts of them.

    The result is exactly what np.mean and np.var (divided by the number of rows) would give for all rows in one array,
    in whichever order the parts come. It is accurate too where the means are large: with means near 1e6 and variances
    near 1, the variance still has six correct digits.

    Args:
        parts: List of tuples (n_k, mean_k, var_k): the number of rows of part k, an integer >= 1, their mean and their
            variance divided by n_k, arrays of shape (D,). A part may hold a single row. Nothing of it is changed.

    Returns:
        (n, mean, var): a whole number and two arrays of shape (D,).

    Raises:
        ValueError: parts is empty, or an n_k is not positive. The message names parts (or n).
    """
    ### BEGIN SOLUTION
    if len(parts) == 0:
        raise ValueError("parts is empty")
    for n_k, _, _ in parts:
        if n_k <= 0:
            raise ValueError(f"every n in parts must be positive, got {n_k}")
    sizes, means, variances = (np.asarray(column) for column in zip(*parts, strict=True))
    n = sizes.sum()
    mean = (sizes[:, None] * means).sum(axis=0) / n
    within = (sizes[:, None] * variances).sum(axis=0) / n
    between = (sizes[:, None] * (means - mean) ** 2).sum(axis=0) / n
    return int(n), mean, within + between
    ### END SOLUTION


# %% check="merge_moments"
check("merge_moments")

# %%
progress()
