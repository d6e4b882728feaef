"""Hidden tests of compose and residual_forward.

Only the part "purity" hands out x itself and functions that give back what they were given; the others use copies, so that
who adds in place pays once.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"compose": 1, "forward": 3, "purity": 1}


def _maps(rng, n, D):
    """Functions of (..., D) that do not commute: tanh of a matrix product, with a shift."""

    def one(W, b):
        return lambda x: np.tanh(x @ W + b)

    return [one(rng.normal(size=(D, D)), rng.normal(size=D)) for _ in range(n)]


def _scales(*factors):
    return [lambda x, a=a: a * x for a in factors]


def _composed(student, fs, x):
    return {"x_L": student.compose(list(fs), np.array(x))}


def _forward(student, fs, x):
    y, branches = student.residual_forward(list(fs), np.array(x))
    return {"number of branches": len(branches), "y": y, "branches": [np.array(branch) for branch in branches]}


# ---- compose -----------------------------------------------------------------------------------------------


@part("compose")
def test_compose(compare, rng):
    """The functions are applied one after the other, the first of the list first; they may change the shape."""
    compare(_composed, _maps(rng, 3, 4), rng.normal(size=(2, 4)))
    W = rng.normal(size=(3, 5))
    compare(_composed, [lambda x: x @ W, np.sin, lambda x: x.sum(axis=1)], rng.normal(size=(2, 3)))
    compare(_composed, [np.cos], rng.normal(size=3))


def _empty_compose(student, x):
    try:
        return {"an empty list is accepted": True, "x_0": np.array(student.compose([], np.array(x)))}
    except (IndexError, ValueError, TypeError):
        return {"an empty list is accepted": False}


@part("compose", supporting=True)
def test_nothing_to_compose(compare, rng):
    """An empty list gives x."""
    compare(_empty_compose, rng.normal(size=(2, 3)))


# ---- forward -----------------------------------------------------------------------------------------------


@part("forward")
def test_forward(compare, rng):
    """Every function is evaluated at the running sum, and y is x plus all that came out."""
    compare(_forward, _maps(rng, 3, 4), rng.normal(size=(2, 4)))
    compare(_forward, _maps(rng, 5, 3), rng.normal(size=3))
    compare(_forward, [np.sin, np.cos, np.sqrt], np.array(rng.uniform(1, 2)))
    compare(_forward, _maps(rng, 1, 2), rng.normal(size=(4, 3, 2)))


@part("forward")
def test_sum_of_branches(student, rng):
    """y minus x is the sum of the branches, and linear functions multiply x by the product of 1 + a."""
    x, a = rng.normal(size=(3, 2)), rng.uniform(0.3, 2, 4) * [1, -1, 1, -1]
    y, branches = student.residual_forward(_scales(*a), x.copy())
    assert len(branches) == 4, "there should be as many branches as functions"
    assert np.allclose(np.asarray(y) - x, np.sum([np.asarray(b) for b in branches], axis=0)), (
        "y - x is not the sum of the branches"
    )
    assert np.allclose(y, x * np.prod(1 + a)), "blocks that multiply by a should multiply x by (1 + a) each"


@part("forward")
def test_whole_numbers(compare, rng):
    """Whole numbers go in, and nothing is cut off."""
    compare(_forward, [np.sqrt, lambda x: x / 3], rng.integers(1, 9, size=(3, 2)))


def _calls(student, x):
    """How often each function is called."""
    seen = [[], [], []]
    fs = [lambda v, i=i: seen[i].append(np.array(v)) or np.cos(v + i) for i in range(3)]
    y, _ = student.residual_forward(fs, x.copy())
    return {"calls of each function": [len(each) for each in seen], "y": np.asarray(y)}


@part("forward")
def test_calls(compare, rng):
    """Each function is called once: it may be expensive."""
    compare(_calls, rng.normal(size=4))


def _empty(student, x):
    try:
        y, branches = student.residual_forward([], np.array(x))
        return {"an empty list is accepted": True, "y": np.array(y), "number of branches": len(branches)}
    except (IndexError, ValueError, TypeError):
        return {"an empty list is accepted": False}


@part("forward", supporting=True)
def test_no_blocks(compare, rng):
    """Without functions y is x and there are no branches."""
    compare(_empty, rng.normal(size=(2, 3)))


def _refused(student, wrong, x):
    facts = []
    for f in wrong:
        try:
            student.residual_forward([np.sin, f], x.copy())
            facts.append(False)
        except ValueError:
            facts.append(True)
    return {"refused": facts}


@part("forward", supporting=True)
def test_bad_shapes(compare, rng):
    """A function that changes the shape is refused, also where the sum would broadcast."""
    x = rng.normal(size=(3, 2))
    wrong = [lambda v: v[:1], lambda v: v.sum(), lambda v: np.stack([v, v]), lambda v: v[:, :1]]
    compare(_refused, wrong, x)
    for f in wrong:
        compare.refuses("residual_forward", [np.sin, f], x, naming=("fs", "f", "x"))


# ---- purity ------------------------------------------------------------------------------------------------


def _same(v):
    return v


@part("purity")
def test_forward_leaves_x_alone(compare, rng):
    """residual_forward changes neither x nor the list."""
    compare("residual_forward", _maps(rng, 3, 2), rng.normal(size=(3, 2)))


@part("purity")
def test_compose_leaves_x_alone(compare, rng):
    """compose changes neither x nor the list."""
    compare("compose", _maps(rng, 2, 3), rng.normal(size=(2, 3)))


def _given_back(student, x):
    y, branches = student.residual_forward([_same, _same, _same], x.copy())
    return {"y": np.asarray(y), "branches": [np.array(branch) for branch in branches]}


@part("purity")
def test_functions_that_give_back_their_argument(compare, rng):
    """A function may return its argument itself: the branch that was noted does not change afterwards."""
    compare(_given_back, rng.normal(size=(3, 2)))
