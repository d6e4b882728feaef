"""Ensembles: what averaging does to bias and variance, bagging, and ways to combine predictions.

Sources: Geman, Bienenstock, Doursat, "Neural Networks and the Bias/Variance Dilemma", 1992; Breiman, "Bagging
Predictors", 1996; Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 7.11.
"""

import numpy as np

Array = np.ndarray


def bias_variance(preds: Array, f_true: Array, noise_var: float) -> dict[str, float]:
    """The expected squared error, taken apart; everything is averaged over the test points at the end.

        bias2 = mean_t (g_bar_t - f_t)^2,   variance = mean_t mean_m (g_mt - g_bar_t)^2,   total = bias2 + variance + noise

    The variance divides by M, so that bias2 + variance is the mean of (preds - f_true)^2 exactly.

    Args:
        preds: (M, T) predictions of M models at T points.
        f_true: (T,) values without noise.
        noise_var: Variance of the noise of the labels.

    Returns:
        dict of floats: bias2, variance, noise, total.

    Raises:
        ValueError: preds is not (M, T) with M >= 1, f_true is not (T,), or noise_var < 0.

    Source: Geman et al., section 3.

    >>> {key: float(v) for key, v in bias_variance(np.array([[1.0, 0.0], [3.0, 0.0]]), np.zeros(2), 0.5).items()}
    {'bias2': 2.0, 'variance': 0.5, 'noise': 0.5, 'total': 3.0}
    """
    preds, f_true = np.asarray(preds, float), np.asarray(f_true, float)
    if preds.ndim != 2 or not len(preds):
        raise ValueError(f"preds must have shape (M, T) with M at least 1, got {preds.shape}")
    if f_true.shape != preds.shape[1:]:
        raise ValueError(f"f_true must have shape {preds.shape[1:]}, got {f_true.shape}")
    if noise_var < 0:
        raise ValueError(f"noise_var must be at least 0, got {noise_var}")
    bias2 = float(np.mean((preds.mean(axis=0) - f_true) ** 2))
    variance = float(preds.var(axis=0).mean())
    noise = float(noise_var)
    return {"bias2": bias2, "variance": variance, "noise": noise, "total": bias2 + variance + noise}


def bootstrap_indices(n: int, k: int, rng: np.random.Generator) -> Array:
    """k bootstrap sets of n samples: n draws with replacement each, all of them independent.

    Args:
        n: Number of samples.
        k: Number of sets.
        rng: Source of all randomness.

    Returns:
        (k, n) integers in [0, n).

    Raises:
        ValueError: k < 1.

    Source: Breiman, section 1.

    >>> bootstrap_indices(5, 2, np.random.default_rng(0)).shape
    (2, 5)
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return rng.integers(n, size=(k, n))


def combine(probs: Array, how: str) -> Array:
    """The prediction of an ensemble.

    "arith" is the mean of the probabilities, "geo" their geometric mean, renormalized over the classes, "vote" the share
    of the members whose most likely class it is.

    Args:
        probs: (k, N, C) probabilities of k members.
        how: "arith", "geo" or "vote".

    Returns:
        (N, C) array.

    Raises:
        ValueError: how is something else.

    Source: Goodfellow et al., equations 7.52 to 7.55 for the geometric mean.

    >>> probs = np.array([[[0.5, 0.5]], [[0.9, 0.1]]])
    >>> combine(probs, "arith"), combine(probs, "geo")
    (array([[0.7, 0.3]]), array([[0.75, 0.25]]))
    """
    probs = np.asarray(probs, float)
    if how == "arith":
        return probs.mean(axis=0)
    if how == "geo":
        with np.errstate(divide="ignore"):  # log 0 is -inf, and gives the 0 that it should
            logs = np.log(probs).mean(axis=0)
        geo = np.exp(logs - logs.max(axis=1, keepdims=True))
        return geo / geo.sum(axis=1, keepdims=True)
    if how == "vote":
        return (probs.argmax(axis=2)[..., None] == np.arange(probs.shape[2])).mean(axis=0)
    raise ValueError(f"how must be arith, geo or vote, got {how!r}")


def ensemble_mse(var: float, cov: float, k: int) -> float:
    """The expected squared error of the average of k models with errors of mean 0.

        E[(mean of the errors)^2] = var / k + (k - 1) / k * cov

    It falls like 1 / k for uncorrelated errors and never below cov: "linear in the size of the ensemble" it is not.

    Args:
        var: Variance of the error of one model.
        cov: Covariance of the errors of two models.
        k: Number of models.

    Returns:
        The error, a float.

    Raises:
        ValueError: k < 1, or cov > var.

    Source: Goodfellow et al., equation 7.51.

    >>> ensemble_mse(1.0, 0.0, 10), ensemble_mse(1.0, 0.5, 10)
    (0.1, 0.55)
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if cov > var:
        raise ValueError(f"cov must be at most var, {var}, got {cov}")
    return var / k + (k - 1) / k * cov
