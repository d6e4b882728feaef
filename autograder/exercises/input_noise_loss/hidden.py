"""Hidden tests of noisy_input_loss and noisy_input_optimum. N is never 1, lam never 1, and w never of length 1."""

import itertools

import numpy as np

from autograder.exercise import part

PARTS = {"loss": 2, "optimum": 2}


def _data(rng, n=7, d=3):
    """Inputs and targets whose means are not 0."""
    return rng.normal(size=(n, d)) + 0.7, rng.normal(size=n) * 2 + 1.5


def _loss(student, w, X, y, lam):
    return {"loss": student.noisy_input_loss(w.copy(), X.copy(), y.copy(), lam)}


def _optimum(student, X, y, lam):
    return {"w": student.noisy_input_optimum(X.copy(), y.copy(), lam)}


# ---- loss ------------------------------------------------------------------------------------------------


@part("loss")
def test_loss(compare, rng):
    """The loss to be expected is right for weak noise and for strong noise; the arguments are left as they were."""
    compare("noisy_input_loss", rng.normal(size=3) * 2, *_data(rng), rng.uniform(0.2, 0.4))
    compare("noisy_input_loss", rng.normal(size=5) * 2, *_data(rng, n=4, d=5), rng.uniform(2, 4))


@part("loss")
def test_average_over_all_noise(student, rng):
    """It is the average over noise that takes two values in every input, when all combinations are counted."""
    (X, y), w = _data(rng), rng.normal(size=3) * 2
    for deviation in (0.4, 1.7):
        noise = deviation * np.array(list(itertools.product((-1, 1), repeat=3)))
        expected = np.mean([((X + eps) @ w - y) ** 2 for eps in noise])
        found = float(student.noisy_input_loss(w.copy(), X.copy(), y.copy(), deviation**2))
        assert abs(found - expected) <= 1e-6 * expected, "the average over all noise of two values is another number"


@part("loss")
def test_loss_of_other_numbers(compare, rng):
    """Whole numbers, float32 and no noise are nothing special."""
    X, y = _data(rng)
    compare(_loss, np.array([2, -1]), rng.integers(-3, 4, size=(5, 2)), rng.integers(-3, 4, size=5), 0.5)
    compare(_loss, np.array([2.0, -1.0, 0.5], np.float32), X.astype(np.float32), y.astype(np.float32), 0.5)
    compare(_loss, rng.normal(size=3) * 2, X, y, 0.0)


@part("loss", supporting=True)
def test_negative_variance(compare, rng):
    """A negative variance is refused."""
    compare.refuses("noisy_input_loss", np.ones(3), *_data(rng), -0.1, naming=("lam",))
    compare.refuses("noisy_input_loss", np.ones(3), *_data(rng), -2, naming=("lam",))


# ---- optimum ---------------------------------------------------------------------------------------------


@part("optimum")
def test_optimum(compare, rng):
    """The best weights are right for weak noise and for strong noise, with fewer rows than weights, too."""
    compare("noisy_input_optimum", *_data(rng), rng.uniform(0.2, 0.4))
    compare("noisy_input_optimum", *_data(rng, n=4, d=5), rng.uniform(2, 4))


@part("optimum")
def test_nothing_is_better(student, rng):
    """In no direction does the mean squared error under noise, counted over all noise of two values, become smaller."""
    (X, y), deviation = _data(rng), rng.uniform(0.5, 0.9)
    noise = deviation * np.array(list(itertools.product((-1, 1), repeat=3)))
    rows, targets = np.concatenate([X + eps for eps in noise]), np.tile(y, 8)
    w = np.asarray(student.noisy_input_optimum(X.copy(), y.copy(), deviation**2), dtype=float)
    assert w.shape == (3,), "w should have shape (D,)"
    slope = 2 * rows.T @ (rows @ w - targets) / len(rows)
    assert np.abs(slope).max() < 1e-6, "there are better weights"


@part("optimum")
def test_optimum_of_other_numbers(compare, rng):
    """Whole numbers, float32 and no noise are nothing special."""
    X, y = _data(rng)
    compare(_optimum, rng.integers(-3, 4, size=(6, 2)), rng.integers(-3, 4, size=6), 0.5)
    compare(_optimum, X.astype(np.float32), y.astype(np.float32), 0.5)
    compare(_optimum, np.vstack([2 * np.eye(3), X]), np.concatenate([[1.0, -2.0, 0.5], y]), 0.0)


@part("optimum", supporting=True)
def test_negative_variance_of_the_optimum(compare, rng):
    """A negative variance is refused."""
    compare.refuses("noisy_input_optimum", *_data(rng), -0.1, naming=("lam",))
    compare.refuses("noisy_input_optimum", *_data(rng), -2, naming=("lam",))
