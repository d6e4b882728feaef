"""Hidden tests of softmax and cross_entropy.

Every part looks at one thing: scores are small except in "stability", the loss and the gradient are looked at by
different tests, and the answer gets copies except where it is tested that arguments stay as they were.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"softmax values": 1, "stability": 1, "loss, hard labels": 1, "loss, soft targets": 1, "gradient": 2}


def _soft(rng, n, classes):
    """Rows of probabilities; one of them is a certainty, one is 0 in places."""
    t = rng.dirichlet(np.ones(classes), n)
    t[0] = np.eye(classes)[rng.integers(classes)]
    t[1, 0] = 0
    return t / t.sum(axis=1, keepdims=True)


def _softmax(student, s):
    return {"p": student.softmax(s.copy(order="K"))}


def _loss(student, s, t):
    result = student.cross_entropy(s.copy(order="K"), t.copy())
    return {"loss": result[0] if isinstance(result, (tuple, list)) else result}


def _loss_and_whether_finite(student, s, t):
    found = _loss(student, s, t)
    return {"the loss is a finite number": bool(np.isfinite(found["loss"]))} | found


def _gradient(student, s, t):
    result = student.cross_entropy(s.copy(order="K"), t.copy())
    if not isinstance(result, (tuple, list)):
        return {"(loss, ds) is returned": False}
    return {"(loss, ds) is returned": True, "ds": result[1]}


def _both_unchanged(student, s, t):
    """Nothing but whether the arguments are as before is compared."""
    student.softmax(s)
    student.cross_entropy(s, t)
    return {}


def _other_dtypes(student, s):
    """What comes out of s minus what comes out of the same numbers in float64."""
    return {"p": student.softmax(s.copy()) - student.softmax(s.astype(float))}


def _of_label_minus_one(student, s, t):
    student.cross_entropy(s.copy(), np.abs(t))  # an answer that raises for every input does not refuse -1
    try:
        student.cross_entropy(s.copy(), t.copy())
    except ValueError:
        return {"a label of -1 is refused": True}
    return {"a label of -1 is refused": False}


# ---- softmax ---------------------------------------------------------------------------------------------


@part("softmax values")
def test_softmax(compare, rng):
    """Every row holds the exponentials of its scores, divided by their sum."""
    compare(_softmax, rng.normal(size=(5, 3)) * 2)
    compare(_softmax, (rng.normal(size=(4, 6)) * 2)[:, ::2])


@part("softmax values")
def test_rows_are_probabilities(student, rng):
    """Rows sum to 1, and adding a constant to a row of scores changes nothing."""
    s = rng.normal(size=(5, 3))
    p = student.softmax(s.copy())
    assert np.shape(p) == (5, 3), "p should have the shape of s"
    assert np.allclose(np.sum(p, axis=1), 1), "the rows of p do not sum to 1"
    assert np.ptp(p, axis=1).min() > 1e-3, "p is the same for all classes, whatever s is"
    assert np.allclose(np.log(p[:, 0] / p[:, 1]), s[:, 0] - s[:, 1]), "log(p_0 / p_1) is not s_0 - s_1"
    moved = student.softmax(s + rng.normal(size=(5, 1)))
    assert np.allclose(p, moved, atol=1e-9), "adding a constant to each row of scores changes p"


@part("softmax values", supporting=True)
def test_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and s and t are the same after the calls."""
    compare(_other_dtypes, rng.integers(-4, 5, size=(4, 3)))
    compare(_other_dtypes, rng.normal(size=(4, 3)).astype(np.float32))
    compare(_both_unchanged, rng.normal(size=(4, 3)), rng.integers(3, size=4))
    compare(_both_unchanged, rng.normal(size=(4, 3)), _soft(rng, 4, 3))


# ---- stability -------------------------------------------------------------------------------------------


@part("stability")
def test_softmax_of_large_scores(compare, rng):
    """Scores up to 10,000 in size give the probabilities of their differences."""
    s = rng.normal(size=(4, 3))
    compare(_softmax, s + 1e4)
    compare(_softmax, s * 1e4)


@part("stability")
def test_softmax_of_rows_far_apart(compare, rng):
    """A row far below another one is nothing special."""
    compare(_softmax, rng.normal(size=(4, 3)) + np.array([[1e4], [0], [-1e4], [50]]))


@part("stability")
def test_loss_of_large_scores(compare, rng):
    """The loss is right where the probability of the true class is too small for a float, and where exp would overflow."""
    soft = np.array([[0.25, 0.5, 0.25], [0, 0, 1], [0.5, 0, 0.5], [0, 1, 0]])
    far_below = np.array([[20, -800, 0], [0, 5, -900], [-790, 20, 0], [0, -60, 3]]) + rng.normal(size=(4, 3))
    compare(_loss_and_whether_finite, far_below, np.array([1, 1, 0, 1]))
    compare(_loss_and_whether_finite, far_below, soft)
    large = np.array([[8e3, -3e3, 0], [1e4, 9e3, -1e4], [-800, 900, 0], [0, 60, 3]]) + rng.normal(size=(4, 3))
    compare(_loss_and_whether_finite, large, np.array([1, 2, 0, 1]))
    compare(_loss_and_whether_finite, large, soft)


# ---- the loss --------------------------------------------------------------------------------------------


@part("loss, hard labels")
def test_loss_of_labels(compare, rng):
    """The loss is the mean over rows of minus the natural logarithm of the probability of the true class."""
    compare(_loss, rng.normal(size=(5, 3)) * 2, rng.permutation([0, 1, 2, 0, 1]))
    compare(_loss, rng.normal(size=(3, 3)), np.array([1, 2, 0]))


@part("loss, hard labels")
def test_loss_of_a_batch_is_the_mean(student, rng):
    """The loss of a batch is the mean of the losses of its rows, and equal scores cost log C."""
    s, t = rng.normal(size=(5, 3)) * 3, rng.integers(3, size=5)
    rows = [_loss(student, s[i : i + 1], t[i : i + 1])["loss"] for i in range(5)]
    assert np.std(rows) > 1e-3, "every row has the same loss"
    assert np.isclose(_loss(student, s, t)["loss"], np.mean(rows)), "the loss of a batch is not the mean of its rows"
    assert np.isclose(_loss(student, np.zeros((2, 7)), np.array([3, 6]))["loss"], np.log(7)), (
        "seven equal scores do not cost log 7"
    )


@part("loss, hard labels", supporting=True)
def test_bad_labels(compare, rng):
    """Labels outside 0..C-1 and labels that are too few or too many are refused; -1 is not the last class."""
    s = rng.normal(size=(4, 3))
    compare(_of_label_minus_one, s, np.array([0, 2, -1, 1]))
    for t in ([0, 1, 2, 3], [-1, 0, 0, 0], [0, 1, 2, 99], [0, 1, 2], [0]):
        compare.refuses("cross_entropy", s, np.array(t), naming=("t",))


@part("loss, soft targets")
def test_loss_of_soft_targets(compare, rng):
    """With probabilities as targets the loss is the mean over rows of minus sum_k t_k log p_k."""
    compare(_loss, rng.normal(size=(5, 3)) * 2, _soft(rng, 5, 3))
    compare(_loss, rng.normal(size=(3, 3)), _soft(rng, 3, 3))


@part("loss, soft targets")
def test_loss_is_linear_in_the_targets(student, rng):
    """Mixing two targets mixes the losses in the same ratio, and a certain target costs what its label costs."""
    s, a, b = rng.normal(size=(5, 3)) * 2, rng.permutation([0, 1, 2, 0, 1]), rng.integers(3, size=5)
    b = (a + 1 + b % 2) % 3
    t, u, weight = np.eye(3)[a], np.eye(3)[b], rng.uniform(0.2, 0.4)
    mixed = _loss(student, s, weight * t + (1 - weight) * u)["loss"]
    one, other = (_loss(student, s, target)["loss"] for target in (t, u))
    assert abs(one - other) > 1e-6, "the loss does not depend on the target"
    assert np.isclose(mixed, weight * one + (1 - weight) * other), "mixing two targets does not mix their losses"
    assert np.isclose(one, _loss(student, s, a)["loss"]), "a target of 0s and a 1 does not cost what its label costs"


@part("loss, soft targets", supporting=True)
def test_bad_shapes(compare, rng):
    """Targets of another shape are refused, also where it would broadcast."""
    s = rng.normal(size=(4, 3))
    for shape in ((4, 1), (1, 3), (4, 2), (3, 4), (5, 3)):
        compare.refuses("cross_entropy", s, np.full(shape, 1 / shape[1]), naming=("t",))


# ---- the gradient ----------------------------------------------------------------------------------------


@part("gradient")
def test_gradient_of_labels(compare, rng):
    """For labels, ds is the gradient of the mean loss."""
    compare(_gradient, rng.normal(size=(5, 3)) * 2, rng.integers(3, size=5))
    compare(_gradient, (rng.normal(size=(4, 6)) * 2)[:, ::2], rng.integers(3, size=4))


@part("gradient")
def test_gradient_of_soft_targets(compare, rng):
    """For probabilities as targets, ds is the gradient of the mean loss."""
    compare(_gradient, rng.normal(size=(5, 3)) * 2, _soft(rng, 5, 3))


@part("gradient")
def test_gradient_fits_the_loss(student, rng):
    """A small step along ds changes the loss as ds says: the two results fit each other."""
    s, t, h = rng.normal(size=(4, 3)), _soft(rng, 4, 3), 1e-5
    ds = _gradient(student, s, t).get("ds")
    assert np.shape(ds) == (4, 3), "ds should have the shape of s"
    assert np.max(np.abs(ds)) > 1e-3, "ds is 0 everywhere"
    for _ in range(3):
        step = rng.normal(size=(4, 3))
        above, below = (_loss(student, s + sign * h * step, t)["loss"] for sign in (1, -1))
        assert abs((above - below) / (2 * h) - np.sum(ds * step)) < 1e-6, "ds is not the gradient of the loss"
