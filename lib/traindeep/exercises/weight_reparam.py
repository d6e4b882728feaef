"""Weight normalization and weight standardization."""

import numpy as np

SIGNATURES = {
    "weight_norm": "v, g -> W",
    "weight_norm_grads": "dW, v, g -> dv, dg",
    "weight_standardize": "W, eps -> W2",
}
FORBIDDEN = ("weight_norm", "batch_norm", "layer_norm", "group_norm", "instance_norm", "backward", "=grad")
HINTS = (
    "Row o of W belongs to unit o and depends on row o of v and on g_o only. So every norm and every inner product is a "
    "sum along the row: over which axis of an (O, I) array, and how many numbers are left?",
    "Write e = v / ||v||, one unit vector per row. Then W = g e, dg is the part of dW along e, and dv is what is left of "
    "dW without that part, times g / ||v||. Why must no part along v remain? Because a longer v gives the same W.",
    "np.linalg.norm(v, axis=1, keepdims=True) is an (O, 1) column; (dW * e).sum(axis=1) are O inner products, and "
    "[:, None] makes a column of them. A filter W[o] has three axes: W.mean(axis=(1, 2, 3), keepdims=True) and W.var(...) "
    "leave one number per filter.",
)

V = np.array([[3.0, 4.0], [0.0, -2.0], [-6.0, 8.0]])


def test_lengths_by_hand(student, compare):
    """The rows [3, 4], [0, -2] and [-6, 8] are 5, 2 and 10 long; g gives them the lengths 10, 1 and 5."""
    compare("weight_norm", V, np.array([10.0, 1.0, 5.0]))


def test_any_length(student, compare):
    """g may be negative, which turns a row round, or zero; a square v is nothing special, nor are whole numbers."""
    compare("weight_norm", V[:2], np.array([-10.0, 0.0]))
    compare("weight_norm", np.array([[3, 4], [0, -2]]), np.array([-1, 2]))


def test_gradients_by_hand(student, compare):
    """Across the row [0, -2] the gradient [6, 0] is passed on, times g / 2; along it [0, 6] reaches only g."""
    compare("weight_norm_grads", np.array([[6.0, 0.0]]), np.array([[0.0, -2.0]]), np.array([3.0]))
    compare("weight_norm_grads", np.array([[0.0, 6.0]]), np.array([[0.0, -2.0]]), np.array([3.0]))
    compare("weight_norm_grads", np.array([[1.0, 2.0], [0.0, 3.0], [1.0, 1.0]]), V, np.array([10.0, -1.0, 2.0]))


def test_no_gradient_along_v(student, rng):
    """The length of v does not matter, so no part of dv points along v."""
    v, dW, g = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), np.array([1.0, -2.0, 0.5, 3.0])
    dv, _ = student.weight_norm_grads(dW, v, g)
    assert np.std(dv) > 0, "dv is the same everywhere"
    along = np.abs((v * dv).sum(axis=1)).max()
    assert along < 1e-8, f"the inner product of a row of v and its dv should be 0; the largest is {along:.2g}"


def test_filters_by_hand(student, compare):
    """Two filters with the variances 1 and 6 become standard; with eps = 3 they are divided by 2 and 3 instead."""
    W = np.array([[[[1.0, 3.0]], [[1.0, 3.0]]], [[[-2.0, 4.0]], [[4.0, 2.0]]]])
    compare("weight_standardize", W, eps=0.0)
    compare("weight_standardize", W, eps=3.0)


def test_filters_alike(student, compare):
    """Filters that differ in place and scale only come out alike, and a constant filter comes out as zeros."""
    filters = np.arange(12.0).reshape(1, 3, 2, 2) ** 2
    compare("weight_standardize", np.concatenate([filters, 5 * filters + 1, np.full((1, 3, 2, 2), 7.0)]))


def test_bad_input(student, compare):
    """A zero row, or a shape that does not fit, is a ValueError that names the argument."""
    one, zero_row = np.ones(2), np.array([[3.0, 4.0], [0.0, 0.0]])
    compare.refuses("weight_norm", zero_row, one, naming=("v",))
    compare.refuses("weight_norm", V, one, naming=("g", "v"))
    compare.refuses("weight_norm_grads", V[:2], zero_row, one, naming=("v",))
    compare.refuses("weight_norm_grads", V[:1], V[:2], one, naming=("dW", "v"))
    compare.refuses("weight_standardize", V, naming=("W",))
