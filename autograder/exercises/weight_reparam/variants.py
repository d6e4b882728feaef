"""Right answers to weight_norm, weight_norm_grads and weight_standardize, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _checked(v, g):
    v, g = np.array(v, dtype=float), np.array(g, dtype=float)
    if g.shape != v.shape[:1]:
        raise ValueError("g: wrong shape")
    if np.any(np.all(v == 0, axis=1)):
        raise ValueError("v: a row is zero")
    return v, g


@replaces("weight_norm")
def diagonal_matrix(v, g):
    """A diagonal matrix of g / ||v|| from the left."""
    v, g = _checked(v, g)
    return np.diag(g / np.linalg.norm(v, axis=1)) @ v


@replaces("weight_norm")
def row_by_row(v, g):
    """One row at a time, the norm by a dot product."""
    v, g = _checked(v, g)
    return np.stack([length * row / np.dot(row, row) ** 0.5 for row, length in zip(v, g, strict=True)])


@replaces("weight_norm_grads")
def projection_matrices(dW, v, g):
    """dv through the matrix I - e e^T of each row, the paper's M_w."""
    v, g = _checked(v, g)
    if np.shape(dW) != v.shape:
        raise ValueError("dW: wrong shape")
    length = np.linalg.norm(v, axis=1)
    e = v / length[:, None]
    M = np.eye(v.shape[1]) - np.einsum("oi,oj->oij", e, e)
    return np.einsum("o,oij,oj->oi", g / length, M, dW), np.einsum("oi,oi->o", e, dW)


@replaces("weight_norm_grads")
def as_the_paper_prints_it(dW, v, g):
    """dv = g / ||v|| dW - g dg / ||v||^2 v, in a list."""
    v, g = _checked(v, g)
    if np.shape(dW) != v.shape:
        raise ValueError("dW: wrong shape")
    square = (v * v).sum(1)
    dg = (dW * v).sum(1) / np.sqrt(square)
    return [(g / np.sqrt(square))[:, None] * dW - (g * dg / square)[:, None] * v, dg]


@replaces("weight_norm_grads")
def float32_throughout(dW, v, g):
    """The same in float32 where everything comes in float32."""
    kind = np.result_type(dW, v, g)
    dv, dg = as_the_paper_prints_it(dW, v, g)
    return (dv.astype(kind), dg.astype(kind)) if kind == np.float32 else (dv, dg)


@replaces("weight_standardize")
def flattened(W, eps=1e-5):
    """Filters as rows; the variance as mean of squares minus square of the mean."""
    W = np.asarray(W, dtype=float)
    if W.ndim != 4:
        raise ValueError("W needs four axes")
    rows = W.reshape(len(W), -1)
    mean = rows.mean(1, keepdims=True)
    return ((rows - mean) / np.sqrt((rows**2).mean(1, keepdims=True) - mean**2 + eps)).reshape(W.shape)


@replaces("weight_standardize")
def filter_by_filter(W, eps=1e-5):
    """A loop over the filters; the mean is subtracted first, the rest is a mean square."""
    if len(np.shape(W)) != 4:
        raise ValueError(f"expected W with 4 axes, got {len(np.shape(W))}")
    out = []
    for w in W:
        centred = w - np.mean(w)
        out.append(centred * (np.mean(centred**2) + eps) ** -0.5)
    return np.stack(out)
