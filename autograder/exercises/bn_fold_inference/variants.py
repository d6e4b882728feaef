"""Right answers to bn_eval and bn_fold, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _checked(features, **vectors):
    for name, vector in vectors.items():
        if np.shape(vector) != (features,):
            raise ValueError(f"{name}: wrong shape")
    if min(vectors["run_var"]) < 0:
        raise ValueError("run_var: a variance cannot be negative")
    return [np.asarray(vector, dtype=float) for vector in vectors.values()]


@replaces("bn_eval")
def direct(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Normalize, then scale and shift."""
    given = _checked(np.shape(x)[1], gamma=gamma, beta=beta, run_mean=run_mean, run_var=run_var)
    gamma, beta, run_mean, run_var = given
    xhat = (x - run_mean) / np.sqrt(run_var + eps)
    return gamma * xhat + beta


@replaces("bn_eval")
def matrix(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """A column of ones beside x, times one matrix: the slopes on its diagonal, the intercepts in its last row."""
    given = _checked(np.shape(x)[1], gamma=gamma, beta=beta, run_mean=run_mean, run_var=run_var)
    gamma, beta, run_mean, run_var = given
    s = gamma * (run_var + eps) ** -0.5
    return np.hstack([x, np.ones((len(x), 1))]) @ np.vstack([np.diag(s), beta - s * run_mean])


@replaces("bn_eval")
def row_by_row(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """One number at a time."""
    given = _checked(np.shape(x)[1], gamma=gamma, beta=beta, run_mean=run_mean, run_var=run_var)
    return np.array(
        [[g * (v - m) / (s + eps) ** 0.5 + b for v, g, b, m, s in zip(row, *given, strict=True)] for row in x]
    )


@replaces("bn_fold")
def homogeneous_column(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """The bias is one more column of W, whose input is always 1."""
    b = np.zeros(len(W)) if b is None else b
    given = _checked(len(W), b=b, gamma=gamma, beta=beta, run_mean=run_mean, run_var=run_var)
    b, gamma, beta, run_mean, run_var = given
    rows = np.diag(gamma / np.sqrt(run_var + eps)) @ np.column_stack([W, b - run_mean])
    return rows[:, :-1], rows[:, -1] + beta


@replaces("bn_fold")
def read_off(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Run layer and normalization on the zero vector and on unit vectors, and read the affine map off."""
    b = np.zeros(len(W)) if b is None else b
    given = _checked(len(W), b=b, gamma=gamma, beta=beta, run_mean=run_mean, run_var=run_var)
    b, gamma, beta, run_mean, run_var = given
    u = np.vstack([np.zeros(np.shape(W)[1]), np.eye(np.shape(W)[1])])
    y = gamma * (u @ np.transpose(W) + b - run_mean) / np.sqrt(run_var + eps) + beta
    return (y[1:] - y[0]).T, y[0]


@replaces("bn_fold")
def einsum_in_a_list(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Rows scaled by einsum; the two results in a list."""
    given = _checked(len(W), gamma=gamma, beta=beta, run_mean=run_mean, run_var=run_var)
    if b is not None and np.shape(b) != (len(W),):
        raise ValueError("b: wrong shape")
    gamma, beta, run_mean, run_var = given
    s = gamma / np.sqrt(run_var + eps)
    return [np.einsum("o,oi->oi", s, W), s * ((0 if b is None else b) - run_mean) + beta]
