"""Right answers to the exercise on colours, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


def _flat(X):
    if np.ndim(X) != 4 or np.shape(X)[1] != 3:
        raise ValueError(f"X: {np.shape(X)}")
    return np.moveaxis(np.asarray(X, dtype=float), 1, 0).reshape(3, -1)


@replaces("pca_color_fit")
def by_cov(X):
    """np.cov(bias=True), the largest first, with other signs."""
    evals, evecs = np.linalg.eigh(np.cov(_flat(X), bias=True))
    return evals[::-1], -evecs[:, ::-1]


@replaces("pca_color_fit")
def svd_of_pixels(X):
    """The SVD of the centred pixels."""
    flat = _flat(X)
    flat = flat - flat.mean(axis=1, keepdims=True)
    U, s, _ = np.linalg.svd(np.pad(flat, ((0, 0), (0, 3))), full_matrices=False)
    return s**2 / flat.shape[1], U


@replaces("pca_color_fit")
def mean_of_products(X):
    """E[c c^T] - mean mean^T, in torch; a list for the eigenvalues in a mixed order."""
    flat = torch.from_numpy(_flat(X))
    mean = flat.mean(1)
    evals, evecs = torch.linalg.eigh(flat @ flat.T / flat.shape[1] - torch.outer(mean, mean))
    order = [1, 2, 0]
    return evals[order].numpy(), evecs[:, order].numpy()


@replaces("pca_color_fit")
def general_eig(X):
    """np.linalg.eig of an einsum."""
    X = np.array(X, dtype=float)
    if X.ndim != 4 or X.shape[1] != 3:
        raise ValueError("X must be (N, 3, H, W)")
    X -= X.mean(axis=(0, 2, 3), keepdims=True)
    cov = np.einsum("nchw,ndhw->cd", X, X) / (X.size / 3)
    evals, evecs = np.linalg.eig((cov + cov.T) / 2)
    evecs = np.linalg.qr(evecs)[0] if not np.allclose(evecs.T @ evecs, np.eye(3)) else evecs
    return evals, evecs


def _ok(img):
    img = np.asarray(img, dtype=float)
    if img.shape[:1] != (3,) or img.ndim != 3:
        raise ValueError(f"img has shape {img.shape}")
    return img


@replaces("pca_color_apply")
def by_einsum(img, evals, evecs, alpha):
    """einsum and broadcasting from the other side."""
    return (_ok(img).transpose(1, 2, 0) + np.einsum("i,i,ci->c", alpha, evals, evecs)).transpose(2, 0, 1)


@replaces("pca_color_apply")
def diagonal_matrix(img, evals, evecs, alpha):
    """evecs diag(evals) alpha, added to rows of pixels."""
    img = _ok(img)
    colour = evecs.dot(np.diag(evals)).dot(np.reshape(alpha, (3, 1)))
    return (img.reshape(3, -1) + colour).reshape(img.shape)


@replaces("pca_color_apply")
def channel_by_channel(img, evals, evecs, alpha):
    """Loops over channels and components."""
    out = _ok(img).copy()
    for c in range(3):
        for i in range(3):
            out[c] += evecs[c, i] * evals[i] * alpha[i]
    return out


def _done(img, evals, evecs, alpha):
    return _ok(img) + np.einsum("ci,i->c", evecs, np.asarray(alpha) * evals)[:, None, None]


def _sigma(sigma):
    if not sigma >= 0:
        raise ValueError(f"sigma = {sigma}")


@replaces("random_pca_color")
def standard_normal(img, evals, evecs, sigma, rng):
    """rng.standard_normal, from the last to the first; a list."""
    _sigma(sigma)
    alpha = [float(sigma * rng.standard_normal()) for _ in range(3)][::-1]
    return _done(img, evals, evecs, alpha), np.array(alpha)


@replaces("random_pca_color")
def multivariate(img, evals, evecs, sigma, rng):
    """rng.multivariate_normal."""
    _sigma(sigma)
    alpha = rng.multivariate_normal(np.zeros(3), sigma**2 * np.eye(3))
    return _done(img, evals, evecs, alpha), alpha


@replaces("random_pca_color")
def torch_generator(img, evals, evecs, sigma, rng):
    """A torch generator with a seed from rng."""
    _sigma(sigma)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    alpha = (torch.randn(3, generator=generator, dtype=torch.float64) * sigma).numpy()
    return _done(img, evals, evecs, alpha), alpha


@replaces("random_pca_color")
def box_muller(img, evals, evecs, sigma, rng):
    """Normal numbers from uniform ones."""
    _sigma(sigma)
    radius, angle = np.sqrt(-2 * np.log1p(-rng.random(3))), 2 * np.pi * rng.random(3)
    alpha = sigma * radius * np.cos(angle)
    return _done(img, evals, evecs, alpha), alpha
