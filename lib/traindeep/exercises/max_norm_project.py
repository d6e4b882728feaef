"""Max-norm: no unit's incoming weights are longer than c."""

import numpy as np

SIGNATURES = {"max_norm_project": "W, c -> W_new"}
FORBIDDEN = ("renorm",)
HINTS = (
    "Each row of W is one vector, and each has a length. Which rows are too long, and by which factor must a row be "
    "multiplied to get the length c?",
    "Find one factor per row: 1 where the row is short enough, else c divided by its length. A column of factors, (O, 1), "
    "multiplies the rows. What does your factor do where the length is 0?",
    "np.linalg.norm(W, axis=1, keepdims=True) gives the lengths as a column. Dividing c by np.maximum(length, c) gives 1 "
    "for every row that is not too long, and never divides by 0.",
)

W = np.array([[3.0, 4.0, 0.0], [0.3, 0.0, 0.4], [0.0, -6.0, 8.0], [0.0, 0.0, 0.0]])


def test_long_rows(student, compare):
    """The rows [3, 4, 0] and [0, -6, 8] are 5 and 10 long; c = 2 leaves [1.2, 1.6, 0] and [0, -1.2, 1.6]."""
    compare("max_norm_project", W[[0, 2]], 2.0)


def test_short_rows(student, compare):
    """A row that is 0.5 long stays as it is beside one that is too long."""
    compare("max_norm_project", W[:2], 2.0)


def test_row_of_zeros(student, compare):
    """A row of zeros stays a row of zeros, and W is left as it was."""
    compare("max_norm_project", W, 2.0)


def test_square_weights(student, compare):
    """A layer with as many inputs as units is nothing special, nor are whole numbers."""
    compare("max_norm_project", np.array([[3, 4], [0, 1]]), 2)


def test_lengths(student, rng):
    """No row is longer than c afterwards, and doing it twice is doing it once."""
    w = rng.normal(size=(5, 4)) * np.array([[0.1], [1.0], [3.0], [0.0], [10.0]])
    once = student.max_norm_project(w.copy(), 1.5)
    longest = np.linalg.norm(once, axis=1).max()
    assert abs(longest - 1.5) < 1e-6, f"the longest row should be 1.5 long, it is {longest:.4g}"
    assert np.allclose(student.max_norm_project(np.array(once), 1.5), once), "a second projection changes something"


def test_bad_input(student, compare):
    """c = 0, or weights that are no matrix, are ValueErrors that name the argument."""
    compare.refuses("max_norm_project", W, 0.0, naming=("c",))
    compare.refuses("max_norm_project", W[0], 1.0, naming=("W",))
