"""Believable wrong answers to is_invariant. Each docstring is what a good tutor would say."""

import numpy as np

TRANSFORMS = ("W_scale", "W_shift", "row_scale", "X_scale", "X_shift", "one_case_scale")


def _change(X, W, transform, rng):
    """The right changes."""
    if transform not in TRANSFORMS:
        raise ValueError(f"transform {transform!r} is unknown")
    X, W, factor = np.array(X, dtype=float), np.array(W, dtype=float), rng.uniform(1.5, 5)
    if transform == "W_scale":
        W *= factor
    elif transform == "W_shift":
        W += rng.normal(size=W.shape[1])
    elif transform == "row_scale":
        W[0] *= factor
    elif transform == "X_scale":
        X *= factor
    elif transform == "X_shift":
        X += rng.normal(size=X.shape[1])
    else:
        X[0] *= factor
    return X, W


def _same(a, b):
    return bool(np.allclose(a, b, rtol=1e-6, atol=1e-9))


def means_compared(f, X, W, transform, rng):
    """You compare the means of the outputs. A normalization keeps its mean whatever happens; every single output has to stay."""
    return _same(np.mean(f(*_change(X, W, transform, rng))), np.mean(f(X, W)))


def tolerance_too_wide(f, X, W, transform, rng):
    """You let outputs differ by 0.1. Invariant means equal up to rounding, and a layer with small outputs never moves by more than 0.1."""
    return bool(np.allclose(f(*_change(X, W, transform, rng)), f(X, W), rtol=1e-6, atol=0.1))


def nothing_changed(f, X, W, transform, rng):
    """Nothing was changed: with a factor of 1 or a shift of 0, or the same arrays in both calls, every function is invariant."""
    _change(X, W, transform, rng)
    return _same(f(X, W), f(X, W))


def negative_factor(f, X, W, transform, rng):
    """Your factor is negative. Batch and layer norm change their sign with it, but that is another question: the factors are positive."""
    X2, W2 = _change(X, W, transform, rng)
    if transform in ("W_scale", "X_scale"):
        X2, W2 = (X2, -W2) if transform == "W_scale" else (-X2, W2)
    elif transform == "row_scale":
        W2[0] *= -1
    elif transform == "one_case_scale":
        X2[0] *= -1
    return _same(f(X2, W2), f(X, W))


def all_rows_scaled(f, X, W, transform, rng):
    """In row_scale you multiply all rows of W by the same factor, which is W_scale again. Only one row changes here."""
    return _same(f(*_change(X, W, "W_scale" if transform == "row_scale" else transform, rng)), f(X, W))


def all_cases_scaled(f, X, W, transform, rng):
    """In one_case_scale you multiply all rows of X by the same factor, which is X_scale again. Only one case changes here."""
    return _same(f(*_change(X, W, "X_scale" if transform == "one_case_scale" else transform, rng)), f(X, W))


def column_of_weights_scaled(f, X, W, transform, rng):
    """In row_scale you multiply a column of W. A column belongs to an input; the weights of a unit are a row."""
    X2, W2 = _change(X, W, transform, rng)
    if transform == "row_scale":
        W2 = np.array(W, dtype=float)
        W2[:, 0] *= 3.0
    return _same(f(X2, W2), f(X, W))


def feature_scaled(f, X, W, transform, rng):
    """In one_case_scale you multiply a column of X, one feature of all cases. A case is a row."""
    X2, W2 = _change(X, W, transform, rng)
    if transform == "one_case_scale":
        X2 = np.array(X, dtype=float)
        X2[:, 0] *= 3.0
    return _same(f(X2, W2), f(X, W))


def another_shift_for_every_unit(f, X, W, transform, rng):
    """In W_shift you add noise, another vector to every row. One vector is drawn and added to all rows alike."""
    X2, W2 = _change(X, W, transform, rng)
    if transform == "W_shift":
        W2 = W + rng.normal(size=np.shape(W))
    return _same(f(X2, W2), f(X, W))


def another_shift_for_every_case(f, X, W, transform, rng):
    """In X_shift you add noise, another vector to every case. One vector is drawn and added to all cases alike."""
    X2, W2 = _change(X, W, transform, rng)
    if transform == "X_shift":
        X2 = X + rng.normal(size=np.shape(X))
    return _same(f(X2, W2), f(X, W))


def new_data(f, X, W, transform, rng):
    """You compare with new random inputs instead of the changed X. Of course the outputs differ; the question is about the same data, changed."""
    X2, W2 = _change(X, W, transform, rng)
    if transform in ("X_scale", "X_shift", "one_case_scale"):
        X2 = rng.normal(size=np.shape(X))
    return _same(f(X2, W2), f(X, W))


def exactly_equal(f, X, W, transform, rng):
    """You ask for equality in every bit. A factor that cancels on paper leaves rounding errors behind; allow for them."""
    return bool(np.array_equal(f(*_change(X, W, transform, rng)), f(X, W)))


def first_output_only(f, X, W, transform, rng):
    """You compare one output only. The change may show in another unit or another case: look at all of them."""
    X2, W2 = _change(X, W, transform, rng)
    return _same(np.asarray(f(X2, W2))[-1, -1], np.asarray(f(X, W))[-1, -1])


def difference_returned(f, X, W, transform, rng):
    """You return how much the outputs differ. Asked for is a decision: True or False."""
    return float(np.abs(np.asarray(f(*_change(X, W, transform, rng))) - f(X, W)).max())


def arguments_overwritten(f, X, W, transform, rng):
    """You change the caller's X or W. Whoever tests the next transform starts from something else; change copies."""
    before = f(X, W)
    X2, W2 = _change(X, W, transform, rng)
    for given, changed in ((X, X2), (W, W2)):
        if given.dtype.kind == "f":
            given[...] = changed
    return _same(f(X2, W2), before)
