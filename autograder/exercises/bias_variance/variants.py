"""Right answers to bias_variance, written in other ways."""

import numpy as np


def _check(preds, f_true, noise_var):
    if np.ndim(preds) != 2:
        raise ValueError("preds needs two axes")
    if np.shape(preds)[0] < 1:
        raise ValueError("preds needs a model")
    if np.shape(f_true) != (np.shape(preds)[1],):
        raise ValueError("preds and f_true have different numbers of points")
    if noise_var < 0:
        raise ValueError("noise_var < 0")


def variance_from_squares(preds, f_true, noise_var):
    """E[g^2] - g_bar^2, and the total from the direct error."""
    _check(preds, f_true, noise_var)
    g = np.array(preds, dtype=float)
    g_bar = g.sum(0) / len(g)
    variance = ((g**2).mean(0) - g_bar**2).mean()
    bias2 = np.square(g_bar - f_true).mean()
    return dict(bias2=bias2, variance=variance, noise=noise_var, total=((g - f_true) ** 2).mean() + noise_var)


def bias_as_the_rest(preds, f_true, noise_var):
    """The bias is what the direct error leaves."""
    _check(preds, f_true, noise_var)
    mse = np.mean((np.asarray(preds) - np.asarray(f_true)[None]) ** 2)
    variance = np.var(preds, axis=0).mean()
    return {
        "total": mse + noise_var,
        "noise": noise_var,
        "variance": variance,
        "bias2": mse - variance,
        "M": len(preds),
    }


def loops(preds, f_true, noise_var):
    """Point by point, in plain Python."""
    _check(preds, f_true, noise_var)
    bias2 = variance = 0.0
    for column, f in zip(np.transpose(preds).tolist(), list(f_true), strict=True):
        mean = sum(column) / len(column)
        bias2 += (mean - f) ** 2 / len(f_true)
        variance += sum((g - mean) ** 2 for g in column) / len(column) / len(f_true)
    return {"bias2": bias2, "variance": variance, "noise": noise_var, "total": sum((bias2, variance, noise_var))}


def pairs_of_models(preds, f_true, noise_var):
    """The variance as half the mean squared distance of two models, all pairs; NumPy scalars."""
    _check(preds, f_true, noise_var)
    g = np.asarray(preds, dtype=np.float64)
    variance = 0.5 * np.mean((g[:, None] - g[None]) ** 2)
    bias2 = np.dot(g.mean(0) - f_true, g.mean(0) - f_true) / g.shape[1]
    noise = np.float64(noise_var)
    return {"bias2": bias2, "variance": variance, "noise": noise, "total": bias2 + variance + noise}
