"""One backward pass for the normalization family."""

import numpy as np

SIGNATURES = {"normalize_over_backward": "dxhat, xhat, var, axes, eps -> dx"}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "backward", "=grad")
HINTS = (
    "Within one set it is the dx of bn_backward, without gamma. What did you average over there, and what belongs to a "
    "set now?",
    "Multiply the bracket of the derivation by dxhat and sum over the set, one term at a time. The three terms are dxhat "
    "itself, a mean over the set, and xhat times another mean over the set; 1 / sqrt(var + eps) stands in front.",
    "Both means need axis=tuple(axes) and keepdims=True: then they broadcast like var, whatever the axes are. The "
    "mean in the third term is that of dxhat * xhat, value by value. Compare the shapes of dxhat and xhat first.",
)

XHAT_OF_COLUMNS = np.array([[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]])
XHAT_OF_ROWS = np.array([[-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5]])
DXHAT = np.array([[9.0, 1.0], [0.0, 0.0], [0.0, 8.0]])


def test_columns_by_hand(student, compare):
    """Over axis 0, the column [9, 0, 0] of dxhat gives [1, -1, 0], as in the text."""
    compare("normalize_over_backward", DXHAT, XHAT_OF_COLUMNS, np.full((1, 2), 6.0), (0,), eps=3.0)


def test_rows_by_hand(student, compare):
    """Over axis 1, the row [9, 1] of dxhat gives [1.5, -1.5], as in the text."""
    compare("normalize_over_backward", DXHAT, XHAT_OF_ROWS, np.full((3, 1), 1.0), (1,), eps=3.0)


def test_two_axes_of_three(student, compare):
    """Two of three axes make one set, negative axes count from the end, and dxhat may hold whole numbers."""
    x = np.array([[[0.0, 4.0], [2.0, 2.0], [7.0, -1.0]], [[2.0, 0.0], [5.0, 1.0], [3.0, 1.0]]])
    for axes in ((0, 2), (1, -1)):
        var = x.var(axis=axes, keepdims=True)
        xhat = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(var + 0.1)
        compare("normalize_over_backward", np.arange(12).reshape(2, 3, 2) ** 2 % 7, xhat, var, axes, eps=0.1)


def test_sums_over_a_set(student, rng):
    """dx adds up to 0 in every set: adding a constant to a set changes no xhat."""
    for axes, xhat, var in (((0,), XHAT_OF_COLUMNS, np.full((1, 2), 6.0)), ((1,), XHAT_OF_ROWS, np.ones((3, 1)))):
        dx = student.normalize_over_backward(rng.normal(size=(3, 2)) + 1, xhat.copy(), var, axes, eps=3.0)
        assert np.std(dx) > 0, "dx is the same everywhere, whatever dxhat is"
        total = np.sum(dx, axis=axes)
        assert np.allclose(total, 0, atol=1e-8), f"over axes {axes} dx adds up to {np.round(total, 4)}, not to 0"


def test_bad_input(student, compare):
    """A dxhat that does not have the shape of xhat is a ValueError that names one of them, even where it would broadcast."""
    compare.refuses("normalize_over_backward", DXHAT[:1], XHAT_OF_ROWS, np.ones((3, 1)), (1,), naming=("dxhat", "xhat"))
