"""Believable wrong answers to zca_fit and zca_apply. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _checked(lam, eps):
    if eps < 0 or lam + eps <= 1e-12:
        raise ValueError(f"eps = {eps} is too small for X")


def _answer(X, eps, Sigma=None, scale=None, turn=None):
    """The right answer, with one of its steps replaced."""
    X = np.asarray(X, dtype=float)
    mean = X.mean(axis=0)
    Sigma = (X - mean).T @ (X - mean) / len(X) if Sigma is None else Sigma
    lam, V = np.linalg.eigh(Sigma)
    _checked(lam.min(), eps)
    factors = 1 / np.sqrt(lam + eps) if scale is None else scale(np.maximum(lam, 0))
    return {"mean": mean, "W": (V * factors) @ V.T if turn is None else turn(V, factors)}


@replaces("zca_fit")
def pca_whitening(X, eps=0.1):
    """Your W does not rotate back. The result is white, but every direction is another mixture of features: an image is no image any more."""
    return _answer(X, eps, turn=lambda V, factors: factors[:, None] * V.T)


@replaces("zca_fit")
def inverse_cholesky(X, eps=0.1):
    """You invert a Cholesky factor. Its result is white, but your W is not symmetric, so it moves the data further than it must."""
    X = np.asarray(X, dtype=float)
    Sigma = np.cov(X.T, bias=True).reshape(X.shape[1], -1)
    _checked(np.linalg.eigvalsh(Sigma).min(), eps)
    L = np.linalg.cholesky(Sigma + eps * np.eye(len(Sigma)))
    return {"mean": X.mean(axis=0), "W": np.linalg.inv(L)}


@replaces("zca_fit")
def not_scaled_back(X, eps=0.1):
    """Your W only rotates. The axes of the data still have different variances."""
    return _answer(X, eps, turn=lambda V, factors: V.T)


@replaces("zca_fit")
def wrong_side_transposed(X, eps=0.1):
    """Your eigenvectors are transposed: they are the columns of V, not its rows, so it is V diag(...) V^T."""
    return _answer(X, eps, turn=lambda V, factors: (V.T * factors) @ V)


@replaces("zca_fit")
def eps_outside_root(X, eps=0.1):
    """You add eps to the root of the eigenvalues. It is added to variances, so it belongs under the root."""
    return _answer(X, eps, scale=lambda lam: 1 / (np.sqrt(lam) + eps))


@replaces("zca_fit")
def eps_left_out(X, eps=0.1):
    """You leave eps out. Directions with hardly any variance, which are mostly noise, are blown up without limit."""
    with np.errstate(all="ignore"):
        return _answer(X, eps, scale=lambda lam: 1 / np.sqrt(lam))


@replaces("zca_fit")
def eps_fixed(X, eps=0.1):
    """You add 0.1 whatever eps is. It is an argument, and 0.1 only its default."""
    return _answer(X, eps, scale=lambda lam: 1 / np.sqrt(lam + 0.1))


@replaces("zca_fit")
def no_root(X, eps=0.1):
    """You divide by the eigenvalues, without a root. They are variances, and W has to divide by deviations."""
    return _answer(X, eps, scale=lambda lam: 1 / (lam + eps))


@replaces("zca_fit")
def multiplied(X, eps=0.1):
    """You multiply by the root instead of dividing by it. Wide directions have to become narrower."""
    return _answer(X, eps, scale=lambda lam: np.sqrt(lam + eps))


@replaces("zca_fit")
def sum_of_squares(X, eps=0.1):
    """Your Sigma is a sum over the rows. It has to be divided by N, or eps means something else for every N."""
    X = np.asarray(X, dtype=float)
    Xc = X - X.mean(axis=0)
    return _answer(X, eps, Sigma=Xc.T @ Xc)


@replaces("zca_fit")
def unbiased_covariance(X, eps=0.1):
    """Your Sigma divides by N - 1, as np.cov does by default. Here it divides by N."""
    with np.errstate(all="ignore"):
        return _answer(X, eps, Sigma=np.cov(np.asarray(X, dtype=float).T).reshape(np.shape(X)[1], -1))


@replaces("zca_fit")
def not_centred(X, eps=0.1):
    """Your Sigma is made of rows that still have a mean. The direction from 0 to the data then looks like the widest one."""
    X = np.asarray(X, dtype=float)
    return _answer(X, eps, Sigma=X.T @ X / len(X))


@replaces("zca_fit")
def one_mean_for_all(X, eps=0.1):
    """You subtract one mean of the whole table. Every feature has its own."""
    X = np.asarray(X, dtype=float)
    Xc = X - X.mean()
    return _answer(X, eps, Sigma=Xc.T @ Xc / len(X)) | {"mean": np.full(X.shape[1], X.mean())}


@replaces("zca_fit")
def only_standardized(X, eps=0.1):
    """You divide each feature by its own deviation. That is standardizing: the features stay correlated."""
    X = np.asarray(X, dtype=float)
    return _answer(X, eps) | {"W": np.diag(1 / np.sqrt(X.var(axis=0) + eps))}


@replaces("zca_fit")
def correlations_whitened(X, eps=0.1):
    """You whiten the correlation matrix. ZCA starts from the covariance, in which the scale of the features still shows."""
    X = np.asarray(X, dtype=float)
    std = X.std(axis=0)
    std = np.where(std > 0, std, 1)
    Z = (X - X.mean(axis=0)) / std
    return _answer(X, eps, Sigma=Z.T @ Z / len(X))


@replaces("zca_fit")
def economy_svd(X, eps=0.1):
    """With fewer rows than features, your economy SVD knows only as many directions as there are rows. In the others eigenvalues are 0, and W stretches there most."""
    X = np.asarray(X, dtype=float)
    mean = X.mean(axis=0)
    _, s, Vt = np.linalg.svd((X - mean) / np.sqrt(len(X)), full_matrices=False)
    _checked((s**2).min() if len(s) == X.shape[1] else 0, eps)
    return {"mean": mean, "W": (Vt.T / np.sqrt(s**2 + eps)) @ Vt}


@replaces("zca_fit")
def fit_in_place(X, eps=0.1):
    """Your zca_fit centres the caller's X. Fitting only looks; the data are needed as they were."""
    result = _answer(X, eps)
    if X.dtype.kind == "f":
        X -= result["mean"].astype(X.dtype)
    return result


@replaces("zca_apply")
def mean_of_the_new_data(X, st):
    """You subtract the mean of the new data. What was measured in training is part of the model, and is used as it is."""
    return (X - X.mean(axis=0)) @ st["W"].T


@replaces("zca_apply")
def apply_not_centred(X, st):
    """You multiply by W without subtracting the mean."""
    return X @ st["W"].T


@replaces("zca_apply")
def mean_subtracted_last(X, st):
    """You multiply by W first, and then subtract a mean that belongs before it."""
    return X @ st["W"].T - st["mean"]


@replaces("zca_apply")
def elementwise(X, st):
    """You multiply by the diagonal of W only. A matrix product mixes the features: that is how correlations go away."""
    return (X - st["mean"]) * np.diag(st["W"])


@replaces("zca_apply")
def inverse_applied(X, st):
    """You apply the inverse of W. That turns white data into coloured ones."""
    return (X - st["mean"]) @ np.linalg.inv(st["W"]).T


@replaces("zca_apply")
def apply_in_place(X, st):
    """Your zca_apply writes into the caller's X. A second call then whitens what is already centred."""
    if X.dtype.kind == "f":
        X -= st["mean"].astype(X.dtype)
        return X @ st["W"].T
    return (X - st["mean"]) @ st["W"].T


@replaces("zca_apply")
def columns_as_samples(X, st):
    """You return z as columns. Samples are rows, before and after."""
    return st["W"] @ (X - st["mean"]).T
