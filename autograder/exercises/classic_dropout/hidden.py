"""Hidden tests of classic_dropout: classic_train, classic_test_weights and expected_preactivation, each by itself.

Who writes into an argument pays for it in one test of its part; the others hand out copies.
"""

import numpy as np
from traindeep.exercises.classic_dropout import _refused

from autograder.exercise import part

PARTS = {"train": 1, "weights": 2, "enumeration": 3}


def _mask(rng, shape, p_keep=0.7):
    """Not a sample, but the same number of ones every time, in some order."""
    mask = np.zeros(int(np.prod(shape)))
    mask[: max(1, round(mask.size * p_keep))] = 1
    return rng.permutation(mask).reshape(shape)


# ---- train -----------------------------------------------------------------------------------------------


def _train(student, x, mask):
    return {"y": np.asarray(student.classic_train(x.copy(), mask.copy()), dtype=float)}


@part("train")
def test_training(compare, rng):
    """In training y is x where the mask is 1, and 0 where it is 0, in arrays of any shape."""
    for shape in ((6, 5), (20,), (2, 3, 4, 3)):
        compare(_train, rng.normal(size=shape) + 0.5, _mask(rng, shape))


@part("train")
def test_kinds_of_masks(compare, rng):
    """Masks of bool and of whole numbers, and whole numbers as x, are all right; x and the mask are not changed."""
    x = rng.normal(size=(5, 4))
    for kind in (float, bool, np.int64, np.uint8):
        compare(_train_directly, x, _mask(rng, x.shape).astype(kind))
    compare(_train_directly, rng.integers(-9, 10, size=(3, 4)), _mask(rng, (3, 4)))


def _train_directly(student, x, mask):
    return {"y": np.asarray(student.classic_train(x, mask), dtype=float)}


# ---- weights ---------------------------------------------------------------------------------------------


def _weights(student, W, p_keep):
    return {"W at test time": np.asarray(student.classic_test_weights(W, p_keep), dtype=float)}


@part("weights")
def test_test_weights(compare, rng):
    """The weights of test time are W times the probability to keep, row by row and column by column."""
    for p_keep in (0.8, 0.3, 0.5):
        compare(_weights, rng.normal(size=(4, 6)), p_keep)
    compare(_weights, rng.integers(-5, 6, size=(3, 2)), 0.7)


@part("weights")
def test_ends_of_the_weights(compare, rng):
    """If everything was kept the weights stay, and if nothing was, they are 0."""
    W = rng.normal(size=(2, 5))
    compare(_weights, W, 1.0)
    compare(_zero_weights, W)


def _zero_weights(student, W):
    usual = student.classic_test_weights(W.copy(), 0.25)
    try:
        return {
            "accepted": True,
            "W": np.asarray(student.classic_test_weights(W.copy(), 0.0), dtype=float) + 0.0 * usual,
        }
    except (ValueError, ZeroDivisionError):
        return {"accepted": False, "W": None}


@part("weights")
def test_training_and_test_time_agree(student, rng):
    """Averaged over all masks, what a linear layer receives in training is what it computes with the weights of test time."""
    x, W, p_keep = rng.normal(size=(1, 3)) + 2, rng.normal(size=(4, 3)), 0.7
    mean = np.zeros((1, 4))
    for number in range(8):
        mask = np.array([[number & 1, number >> 1 & 1, number >> 2 & 1]], dtype=float)
        mean += p_keep ** mask.sum() * (1 - p_keep) ** (3 - mask.sum()) * ((x * mask) @ W.T)
    found = x @ np.asarray(student.classic_test_weights(W.copy(), p_keep), dtype=float).T
    assert np.allclose(found, mean, rtol=1e-6, atol=1e-8), "x @ W.T at test time is not the mean of training"


@part("weights", supporting=True)
def test_bad_rates_of_the_weights(compare, rng):
    """A probability outside [0, 1] is refused by name."""
    W, rates = rng.normal(size=(2, 3)), (-0.01, 1.01, 2)
    compare(_refused, "classic_test_weights", (W,), rates)
    for p_keep in rates:
        compare.refuses("classic_test_weights", W, p_keep, naming=("p_keep",))


# ---- enumeration -----------------------------------------------------------------------------------------


def _mean(student, theta, x, p_keep):
    return {"the mean": float(student.expected_preactivation(theta.copy(), x.copy(), p_keep))}


@part("enumeration")
def test_mean_over_masks(compare, rng):
    """The mean over all masks, each weighed with its own probability, for several n and for rates on both sides of 1/2."""
    for n, p_keep in ((5, 0.3), (2, 0.8), (7, 0.65)):
        compare(_mean, rng.uniform(0.5, 2, n), rng.uniform(0.5, 2, n), p_keep)


@part("enumeration")
def test_one_input(compare, rng):
    """With one input there are two masks, and the one that drops it contributes nothing."""
    for p_keep in (0.1, 0.9):
        compare(_mean, rng.uniform(0.5, 2, 1), rng.uniform(0.5, 2, 1), p_keep)


@part("enumeration")
def test_signs_and_whole_numbers(compare, rng):
    """Weights and inputs of both signs and whole numbers do as well, and neither is changed."""
    theta, x = rng.normal(size=6), rng.normal(size=6)
    compare(_mean_directly, theta, x, 0.35)
    compare(_mean_directly, np.array([2, -3, 5, 1]), np.array([1, 4, 2, -7]), 0.4)


def _mean_directly(student, theta, x, p_keep):
    return {"the mean": float(student.expected_preactivation(theta, x, p_keep))}


def _sure(student, theta, x):
    facts = {}
    for p_keep in (0.0, 1.0):
        try:
            facts[f"the mean of p_keep {p_keep}"] = _mean(student, theta, x, p_keep)["the mean"]
        except (ValueError, ZeroDivisionError):
            facts[f"the mean of p_keep {p_keep}"] = None
    return facts


@part("enumeration")
def test_no_doubt(compare, rng):
    """If nothing or everything is kept, only one mask is possible."""
    compare(_sure, rng.uniform(0.5, 2, 4), rng.uniform(0.5, 2, 4))


@part("enumeration", supporting=True)
def test_bad_rates_of_the_mean(compare, rng):
    """A probability outside [0, 1] is refused by name here, too."""
    pair, rates = (rng.normal(size=3), rng.normal(size=3)), (-0.01, 1.01, 2)
    compare(_refused, "expected_preactivation", pair, rates)
    for p_keep in rates:
        compare.refuses("expected_preactivation", *pair, p_keep, naming=("p_keep",))


def _too_many(student, sizes):
    # Only if few are accepted: an answer that always raises is not one that refuses.
    student.expected_preactivation(np.ones(3), np.ones(3), 0.5)
    facts = {}
    for n in sizes:
        try:
            student.expected_preactivation(np.zeros(n), np.zeros(n), 0.5)
        except ValueError:
            facts[f"{n} inputs are refused"] = True
        else:
            facts[f"{n} inputs are refused"] = False
    return facts


@part("enumeration", supporting=True)
def test_too_many_inputs(compare):
    """More inputs than the docstring allows are refused at once, by name."""
    compare(_too_many, (21, 64))
    for n in (21, 64):
        compare.refuses("expected_preactivation", np.ones(n), np.ones(n), 0.5, naming=("theta", "x", "n"))
