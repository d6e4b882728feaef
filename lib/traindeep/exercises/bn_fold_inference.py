"""Batch normalization at inference, and folding it into the layer before."""

import numpy as np

SIGNATURES = {
    "bn_eval": "x, gamma, beta, run_mean, run_var, eps -> y",
    "bn_fold": "W, b, gamma, beta, run_mean, run_var, eps -> W2, b2",
}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "At inference nothing is computed from the batch: mean and variance are given. So each feature of y is a straight "
    "line in the same feature of x. What are its slope and its intercept?",
    "The slope is s = gamma / sqrt(run_var + eps); the intercept is beta - s * run_mean. To fold, put z = W u + b in the "
    "place of x and sort the terms: which of them multiply u, and which are constant?",
    "Output number i of the layer comes from row i of W, so s multiplies rows: s[:, None] * W. The constant terms are "
    "s * (b - run_mean) + beta; without a bias, b counts as zeros. Check the shapes and run_var before you compute.",
)


def _one_row(student, x, gamma, beta, run_mean, run_var, eps):
    student.bn_eval(x, gamma, beta, run_mean, run_var, eps=eps)
    try:
        y = student.bn_eval(x[:1], gamma, beta, run_mean, run_var, eps=eps)
    except ValueError:
        return {"one row alone is accepted": False, "y": None}
    return {"one row alone is accepted": True, "y": y}


def _without_bias(student, W, gamma, beta, run_mean, run_var, eps):
    student.bn_fold(W, np.zeros(len(W)), gamma, beta, run_mean, run_var, eps=eps)
    try:
        W2, b2 = student.bn_fold(W, None, gamma, beta, run_mean, run_var, eps=eps)
    except (TypeError, ValueError, AttributeError):
        return {"b=None is accepted": False, "W2": None, "b2": None}
    return {"b=None is accepted": True, "W2": W2, "b2": b2}


def test_stored_statistics_by_hand(student, compare):
    """With variances 3.75, 8.75 and 0 and eps = 0.25, the three features are divided by 2, 3 and 0.5."""
    compare(
        "bn_eval",
        np.array([[3.0, 8.0, 1.0], [1.0, -1.0, 0.5]]),
        gamma=np.array([1.0, 2.0, -1.0]),
        beta=np.array([0.0, 1.0, 5.0]),
        run_mean=np.array([1.0, 2.0, 0.0]),
        run_var=np.array([3.75, 8.75, 0.0]),
        eps=0.25,
    )


def test_one_row(student, compare):
    """One row alone gives what it gives in the company of others."""
    compare(
        _one_row,
        np.array([[3.0, 8.0], [5.0, -1.0], [0.0, 2.0]]),
        gamma=np.array([1.0, 2.0]),
        beta=np.array([0.5, 1.0]),
        run_mean=np.array([1.0, 2.0]),
        run_var=np.array([3.75, 8.75]),
        eps=0.25,
    )


def test_fold_by_hand(student, compare):
    """With variances 3.75 and 0.75, eps = 0.25 and gamma = [4, -3], the outputs of the layer are scaled by 2 and -3."""
    compare(
        "bn_fold",
        np.array([[1.0, 0.0, 2.0], [3.0, -1.0, 0.0]]),
        np.array([1.0, 2.0]),
        gamma=np.array([4.0, -3.0]),
        beta=np.array([0.5, 1.0]),
        run_mean=np.array([3.0, -1.0]),
        run_var=np.array([3.75, 0.75]),
        eps=0.25,
    )


def test_square_weights_without_bias(student, compare):
    """A layer without a bias folds as one whose bias is zero, and a square W is nothing special."""
    compare(
        _without_bias,
        np.array([[1.0, 2.0], [3.0, -1.0]]),
        gamma=np.array([4.0, -3.0]),
        beta=np.array([0.5, 1.0]),
        run_mean=np.array([3.0, -1.0]),
        run_var=np.array([3.75, 0.75]),
        eps=0.25,
    )


def test_folded_layer(student, rng):
    """The folded layer gives what your bn_eval gives after the layer."""
    u, W, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)
    stored = rng.uniform(1, 2, 4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.1, 3, 4)
    W2, b2 = student.bn_fold(W, b, *stored)
    after = student.bn_eval(u @ W.T + b, *stored)
    assert np.std(after) > 0, "bn_eval gives the same number everywhere"
    assert np.allclose(u @ W2.T + b2, after, atol=1e-8), "u @ W2.T + b2 differs from bn_eval(u @ W.T + b, ...)"


def test_bad_input(student, compare):
    """A negative variance, or a vector of another length, is a ValueError that names the argument."""
    x, W, one, long = np.arange(6.0).reshape(3, 2), np.arange(6.0).reshape(2, 3), np.ones(2), np.ones(3)
    compare.refuses("bn_eval", x, one, one, one, np.array([1.0, -0.5]), naming=("run_var",))
    compare.refuses("bn_eval", x, one, one, long, one, naming=("run_mean",))
    compare.refuses("bn_fold", W, one, one, one, one, np.array([1.0, -0.5]), naming=("run_var",))
    compare.refuses("bn_fold", W, long, one, one, one, one, naming=("b",))
    compare.refuses("bn_fold", W, None, long, one, one, one, naming=("gamma",))
