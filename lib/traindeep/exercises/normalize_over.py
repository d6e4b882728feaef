"""One operator for the normalization family, and which axes it averages."""

import numpy as np

SIGNATURES = {
    "normalize_over": "x, axes, eps -> xhat, mean, var",
    "norm_axes": "kind, ndim -> axes",
}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "All values that differ only in their places along `axes` form one set, with one mean and one variance. For images "
    "ask of every kind: which of N, C, H, W may change inside a set?",
    "mean and var keep an axis of length 1 where x was averaged: (N, C, H, W) over H and W gives (N, C, 1, 1). Then "
    "subtracting and dividing broadcast to the right places by themselves. For norm_axes, count the values per mean in "
    "the figure: N*H*W, C*H*W, H*W, C and N.",
    "np.mean and np.var take a tuple of axes, negative ones too, and keepdims=True. np.sqrt(var + eps) keeps eps inside "
    "the root. norm_axes is a table: a dict whose keys are the pairs (kind, ndim); a pair that is not in it is an error.",
)


def _axes(student, kind, ndim):
    # In which order and with which sign axes are named is a matter of taste.
    return {"axes": sorted({int(axis) % ndim for axis in student.norm_axes(kind, ndim)})}


X = np.array([[1.0, 3.0], [4.0, 6.0], [7.0, 9.0]])


def test_columns_by_hand(student, compare):
    """Over axis 0, the columns [1, 4, 7] and [3, 6, 9] have the variance 6 and become [-1, 0, 1] for eps = 3."""
    compare("normalize_over", X, (0,), eps=3.0)


def test_rows_by_hand(student, compare):
    """Over axis 1, the rows of the same array have the variance 1 and become [-0.5, 0.5] for eps = 3."""
    compare("normalize_over", X, (1,), eps=3.0)


def test_two_axes_of_three(student, compare):
    """Over the first and the last of three axes, mean and var have shape (1, 3, 1)."""
    compare("normalize_over", np.arange(12.0).reshape(2, 3, 2) ** 2, (0, 2), eps=0.1)


def test_negative_axes_and_whole_numbers(student, compare):
    """Negative axes count from the end, and whole numbers are normalized as real numbers are."""
    compare("normalize_over", np.array([[0, 2, 4], [5, 5, 8]]), (-1,), eps=0.1)


def test_axes_of_rows(student, compare):
    """Of (N, D), "batch" averages over the rows and "layer" over the features."""
    compare(_axes, "batch", 2)
    compare(_axes, "layer", 2)


def test_axes_of_images(student, compare):
    """Of (N, C, H, W), the five kinds average N*H*W, C*H*W, H*W, C and N values."""
    for kind in ("batch", "layer", "instance", "channel_only", "per_pixel"):
        compare(_axes, kind, 4)


def test_bad_input(student, compare):
    """An axis that x does not have, an unknown kind, a kind that needs images, and 3 axes are ValueErrors that say so."""
    compare.refuses("normalize_over", X, (2,), naming=("axes", "axis"))
    compare.refuses("norm_axes", "group", 4, naming=("kind", "ndim"))
    compare.refuses("norm_axes", "instance", 2, naming=("kind", "ndim"))
    compare.refuses("norm_axes", "batch", 3, naming=("kind", "ndim"))
