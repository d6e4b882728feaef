"""Right answers to zca_fit and zca_apply, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(smallest, eps):
    if eps < 0:
        raise ValueError("eps is negative")
    if smallest + eps <= 1e-12:
        raise ValueError("X is flat in some direction: give a larger eps")


@replaces("zca_fit")
def full_svd(X, eps=0.1):
    """SVD of the centred rows with all right singular vectors; missing singular values are 0."""
    X = np.asarray(X, dtype=float)
    mean = X.mean(axis=0)
    _, s, Vt = np.linalg.svd((X - mean) / np.sqrt(len(X)), full_matrices=True)
    lam = np.zeros(X.shape[1])
    lam[: len(s)] = s**2
    _check(lam.min(), eps)
    return {"mean": mean, "W": Vt.T @ np.diag((lam + eps) ** -0.5) @ Vt}


@replaces("zca_fit")
def scipy_root(X, eps=0.1):
    """inv(sqrtm(Sigma + eps I))."""
    import scipy.linalg

    X = np.asarray(X, dtype=float)
    Sigma = np.cov(X, rowvar=False, bias=True)
    _check(np.linalg.eigvalsh(Sigma)[0], eps)
    return {"mean": X.mean(0), "W": scipy.linalg.inv(np.real(scipy.linalg.sqrtm(Sigma + eps * np.eye(len(Sigma)))))}


@replaces("zca_fit")
def sum_over_axes(X, eps=0.1):
    """Eigenvalues of Sigma + eps I, descending; W as a sum of outer products."""
    mean = np.mean(X, axis=0, dtype=float)
    Xc = X - mean
    if eps < 0:
        raise ValueError("eps: a variance is not negative")
    U, shifted, _ = np.linalg.svd(np.einsum("ni,nj->ij", Xc, Xc) / len(X) + eps * np.eye(len(mean)))
    _check(shifted[-1], 0.0)
    return dict(mean=mean, W=sum(np.outer(u, u) / np.sqrt(value) for u, value in zip(U.T, shifted, strict=True)))


@replaces("zca_fit")
def narrow(X, eps=0.1):
    """float32 stays float32."""
    mean = X.mean(axis=0)
    lam, V = np.linalg.eigh((X - mean).T @ (X - mean) / X.shape[0])
    _check(lam[0], eps)
    return {"mean": mean, "W": V / np.sqrt(lam + eps) @ V.T}


@replaces("zca_apply")
def not_transposed(X, st):
    """W is symmetric: X @ W is X @ W.T."""
    return (X - st["mean"]) @ st["W"]


@replaces("zca_apply")
def row_by_row(X, st):
    """W (x - mean) for one row after the other."""
    return np.array([st["W"] @ (x - st["mean"]) for x in X])


@replaces("zca_apply")
def straight_map(X, st):
    """Matrix and offset."""
    return np.einsum("ij,nj->ni", st["W"], X) - st["W"] @ st["mean"]
