"""A linear layer, forward and backward."""

import numpy as np

SIGNATURES = {"linear_forward": "x, W, b -> z", "linear_backward": "dz, x, W -> dx, dW, db"}
FORBIDDEN = ("linear", "=addmm")
HINTS = (
    "Write the shapes under the letters. Rows of x are examples and rows of W are outputs, both of length Din: which of the "
    "two has to be transposed so that their product is (N, Dout)? The shapes of dx and dW leave hardly a choice, either.",
    "A change of z[n, o] comes from x[n, i] W[o, i] and b[o]. So dx[n, i] collects over all outputs o, dW[o, i] over all "
    "examples n, and db[o] over all examples n. Nothing is averaged: a mean in the loss has put its 1/N into dz.",
    "z = x @ W.T + b; dx = dz @ W; dW is a product of dz transposed with x; db is a sum over axis 0. Without a bias nothing is "
    "added. Compare x.shape[1] with W.shape[1] first, since NumPy's own message names no argument.",
)

X = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]])  # N = 2, Din = 3
W = np.array([[1.0, 0.0, 2.0], [3.0, -1.0, 0.0], [0.0, 1.0, 1.0], [2.0, 2.0, -1.0]])  # Dout = 4
B = np.array([0.5, 1.0, -1.0, 0.0])
DZ = np.array([[1.0, 0.0, 2.0, -1.0], [0.0, 3.0, 1.0, 0.5]])


def _dx(student, dz, x, W):
    return {"dx": student.linear_backward(dz, x, W)[0]}


def _dW(student, dz, x, W):
    return {"dW": student.linear_backward(dz, x, W)[1]}


def _db(student, dz, x, W):
    return {"db": student.linear_backward(dz, x, W)[2]}


def test_forward_by_hand(student, compare):
    """The first output for the row [1, 2, 0] and the weights [1, 0, 2] is 1 + 0 + 0, plus the bias 0.5."""
    compare("linear_forward", X, W, B)


def test_forward_without_a_bias(student, compare):
    """With b=None nothing is added."""
    compare("linear_forward", X, W, None)


def test_bias_belongs_to_outputs(student, compare):
    """With as many rows as outputs (and inputs), the bias still belongs to the outputs: it is the same in every row."""
    x, square = np.array([[1.0, 2, 0], [3, 4, 1], [5, 6, 0]]), np.array([[1.0, 2, 3], [0, 1, 0], [1, 0, 0]])
    compare("linear_forward", x, square, np.array([10.0, 20.0, 30.0]))


def test_dx(student, compare):
    """dx has the shape of x: with four outputs, dx[0] = 1 * W[0] + 0 * W[1] + 2 * W[2] - 1 * W[3] = [-1, 0, 5]."""
    compare(_dx, DZ[:, :3], X, W[:3])
    compare(_dx, DZ, X, W)


def test_dW(student, compare):
    """dW has the shape of W: dW[0] = 1 * x[0] + 0 * x[1] = [1, 2, 0]."""
    compare(_dW, DZ, X, W)


def test_db(student, compare):
    """db has the shape (Dout,): one row serves all examples, so it is [1, 3, 3, -0.5] here."""
    compare(_db, DZ, X, W)


def test_whole_numbers(student, compare):
    """Whole numbers work as real ones do."""
    x, weights, dz = np.array([[1, 2, 3], [0, 1, -1]]), np.array([[2, 0, 1], [1, 1, 1]]), np.array([[1, 2], [3, 4]])
    compare("linear_forward", x, weights, np.array([0.5, 1.5]))
    compare("linear_backward", dz, x, weights)


def test_bad_input(student, compare):
    """x and W with different numbers of columns are a ValueError that names one of them, in both directions."""
    compare.refuses("linear_forward", X[:, :2], W, B, naming=("x", "W", "Din"))
    compare.refuses("linear_backward", DZ, X[:, :2], W, naming=("x", "W", "Din"))
