"""Hidden tests of l1_penalty and soft_threshold. Who changes w or cannot do whole numbers pays in one test for each function."""

import numpy as np

from autograder.exercise import part

PARTS = {"penalty": 2, "prox": 2}


def _weights(rng, shape=(4, 3)):
    """Weights of either sign, some of them exactly 0, none near +-0.5 or +-1 but on purpose."""
    w = rng.choice([-1, 1], size=shape) * rng.choice([0.2, 0.8, 1.7], size=shape) * rng.uniform(0.9, 1.1, size=shape)
    w.flat[0], w.flat[1], w.flat[2] = 0.0, 2.3, -2.1
    return w


def _value(student, w, lam):
    return {"value": student.l1_penalty(w.copy(), lam)[0]}


def _subgradient(student, w, lam):
    return {"subgrad": student.l1_penalty(w.copy(), lam)[1]}


def _threshold(student, w, t):
    return {"u": student.soft_threshold(w.copy(), t)}


# ---- penalty ---------------------------------------------------------------------------------------------


@part("penalty")
def test_value(compare, rng):
    """The value is lam times the sum of the sizes, over all axes of w."""
    compare(_value, _weights(rng), rng.uniform(0.2, 0.7))
    compare(_value, _weights(rng, (2, 3, 2)), rng.uniform(1.2, 3))


@part("penalty")
def test_subgradient(compare, rng):
    """The subgradient is lam times the sign, with 0 where the weight is 0."""
    compare(_subgradient, _weights(rng), rng.uniform(0.2, 0.7))
    compare(_subgradient, np.append(np.zeros(3), _weights(rng, (5,))), rng.uniform(1.2, 3))


@part("penalty")
def test_penalty_of_other_numbers(compare, rng):
    """Whole numbers, float32 and lam = 0 are nothing special, and w is left as it was."""
    compare("l1_penalty", _weights(rng), 0.75)
    compare("l1_penalty", rng.integers(-4, 5, size=7), 0.75)
    compare("l1_penalty", _weights(rng).astype(np.float32), 0.75)
    compare("l1_penalty", _weights(rng), 0.0)


@part("penalty", supporting=True)
def test_negative_lam(compare, rng):
    """A negative lam is refused."""
    compare.refuses("l1_penalty", _weights(rng), -0.01, naming=("lam",))
    compare.refuses("l1_penalty", _weights(rng), -2, naming=("lam",))


# ---- threshold -------------------------------------------------------------------------------------------


@part("prox")
def test_soft_threshold(compare, rng):
    """Every weight comes nearer to 0 by t, and none crosses it."""
    compare(_threshold, _weights(rng), 0.5)
    compare(_threshold, _weights(rng, (2, 3, 2)), 1.0)
    compare(_threshold, np.array([-0.5, 0.5, 0.0, -0.75, 0.75]), 0.5)


@part("prox")
def test_nearest_with_a_price(student, rng):
    """No u on a fine grid is better than the result for the squared distance from w, halved, plus t times the size of u."""
    w, t = np.append(_weights(rng, (7,)), [0.4, -0.4]), rng.uniform(0.3, 0.6)
    u = np.asarray(student.soft_threshold(w.copy(), t), dtype=float)
    grid = np.linspace(-3, 3, 2401)[:, None]
    assert u.shape == w.shape, "the result does not have the shape of w"
    cost = 0.5 * (u - w) ** 2 + t * np.abs(u)
    assert np.all(cost <= (0.5 * (grid - w) ** 2 + t * np.abs(grid)).min(axis=0) + 1e-9), "a point of a grid is better"


@part("prox")
def test_threshold_of_other_numbers(compare, rng):
    """Whole numbers, float32 and t = 0 are nothing special, and w is left as it was."""
    compare("soft_threshold", _weights(rng), 0.5)
    compare("soft_threshold", rng.integers(-4, 5, size=7), 1.5)
    compare("soft_threshold", _weights(rng).astype(np.float32), 0.5)
    compare("soft_threshold", _weights(rng), 0.0)


@part("prox")
def test_exact_zeros(student, rng):
    """Small weights become exactly 0, and the others keep their sign."""
    w = _weights(rng, (40,))
    u = np.asarray(student.soft_threshold(w.copy(), 0.5))
    assert np.all((u == 0) == (np.abs(w) < 0.5)), "the weights nearer to 0 than t, and no others, should be exactly 0"
    assert np.all(u * w >= 0), "a weight has changed its sign"


@part("prox", supporting=True)
def test_negative_threshold(compare, rng):
    """A negative threshold is refused."""
    compare.refuses("soft_threshold", _weights(rng), -0.01, naming=("t",))
    compare.refuses("soft_threshold", _weights(rng), -2, naming=("t",))
