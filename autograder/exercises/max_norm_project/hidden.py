"""Hidden tests of max_norm_project. A row of zeros is in one part only, and there all other rows are too long."""

import numpy as np

from autograder.exercise import part

PARTS = {"above": 2, "below": 1, "zero row": 1}


def _rows(rng, lengths, n_in=3):
    """Rows of the given lengths, in random directions."""
    v = rng.normal(size=(len(lengths), n_in))
    return v / np.linalg.norm(v, axis=1, keepdims=True) * np.array(lengths)[:, None]


def _projected(student, W, c):
    return {"W_new": student.max_norm_project(W.copy(), c)}


def _without_the_last(student, W, c):
    """The rows but for the last one."""
    return {"the other rows": student.max_norm_project(W.copy(), c)[:-1]}


@part("above")
def test_long_rows(compare, rng):
    """Rows that are too long get the length c and keep their direction."""
    c = rng.uniform(1.2, 1.8)
    compare(_projected, _rows(rng, [2.0, 7.0, 3.5, 2.5, 19.0]), c)
    compare(_projected, _rows(rng, [2.0, 7.0, 3.5, 40.0], n_in=4), c)
    compare(_projected, _rows(rng, [3.0, 6.0], n_in=1), c)


@part("above")
def test_long_rows_of_other_numbers(compare, rng):
    """Whole numbers and float32 are nothing special."""
    compare(_projected, np.array([[3, 4, 0], [2, -6, 3], [8, 1, 4]]), 2)
    compare(_projected, _rows(rng, [2.0, 7.0, 3.5, 2.5]).astype(np.float32), 1.3)


@part("above")
def test_units_do_not_influence_each_other(student, rng):
    """A unit's weights come out the same whatever the other units have."""
    W = _rows(rng, [4.0, 9.0, 2.5, 3.0])
    alone = np.concatenate([student.max_norm_project(W[i : i + 1].copy(), 1.5) for i in range(4)])
    together = np.asarray(student.max_norm_project(W.copy(), 1.5))
    assert np.allclose(np.linalg.norm(together, axis=1), 1.5, rtol=1e-5), "long rows do not get the length c"
    assert np.allclose(alone, together, rtol=1e-5), "a row depends on the other rows"


@part("above", supporting=True)
def test_nearest_point(student, rng):
    """No other weights with short enough rows are nearer to W, and a second projection changes nothing."""
    W = _rows(rng, [4.0, 0.4, 2.5, 1.9])
    new = np.asarray(student.max_norm_project(W.copy(), 1.5), dtype=float)
    again = student.max_norm_project(new.copy(), 1.5)
    assert np.allclose(again, new, atol=1e-6), "a second projection changes something"
    others = new + rng.normal(size=(200, 4, 3)) * 0.3
    others *= np.minimum(1, 1.5 / np.linalg.norm(others, axis=2, keepdims=True))
    assert np.all(((new - W) ** 2).sum(axis=1) <= ((others - W) ** 2).sum(axis=2) + 1e-6), "there are nearer weights"


@part("above", supporting=True)
def test_refusals(compare, rng):
    """c must be positive and W a matrix."""
    W = _rows(rng, [4.0, 0.4])
    compare.refuses("max_norm_project", W, 0, naming=("c",))
    compare.refuses("max_norm_project", W, -1.5, naming=("c",))
    compare.refuses("max_norm_project", W[0], 1.5, naming=("W",))
    compare.refuses("max_norm_project", W[None], 1.5, naming=("W",))


@part("below")
def test_short_rows(compare, rng):
    """Rows that are short enough stay as they are, beside long ones and alone; W is left as it was."""
    compare("max_norm_project", _rows(rng, [0.5, 2.0, 1.0, 7.0, 1.4]), 1.5)
    compare("max_norm_project", _rows(rng, [0.5, 0.2, 1.0, 1.3], n_in=4), 1.5)


@part("below")
def test_just_long_enough(compare, rng):
    """A row of exactly the length c stays as it is; so does one whose entries are small though there are many."""
    compare(_projected, np.array([[3.0, 4.0], [0.0, 5.0], [6.0, 8.0]]), 5.0)
    compare(_projected, np.full((3, 16), 0.3) * np.array([[1.0], [-1.0], [2.0]]), 1.25)


@part("zero row")
def test_row_of_zeros(compare, rng):
    """A row of zeros stays a row of zeros and spoils no other."""
    compare(_projected, _rows(rng, [2.0, 0.0, 3.0, 7.0]), 1.5)
    compare(_without_the_last, _rows(rng, [2.0, 4.0, 3.0, 0.0]), 1.5)
