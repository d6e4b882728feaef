"""Hidden tests of residual_backward and paths_by_length: each is tested without the help of the other.

An empty list is never tested. Only one test of each part hands out arrays that would show a change.
"""

import numpy as np
from traindeep.exercises.residual_backward import _refusals

from autograder.exercise import part

PARTS = {"backward": 3, "paths": 3}


def _jacobians(rng, L, D):
    return [0.7 * rng.normal(size=(D, D)) for _ in range(L)]


def _backward(student, dy, jacs):
    return {"dx": np.asarray(student.residual_backward(dy.copy(), [jac.copy() for jac in jacs]))}


def _paths(student, jacs):
    return {"paths": np.asarray(student.paths_by_length([jac.copy() for jac in jacs]))}


# ---- backward ----------------------------------------------------------------------------------------------


@part("backward")
def test_backward(compare, rng):
    """The gradient goes from the last block to the first, and at each one through skip and branch."""
    for L, D in ((3, 4), (5, 2), (2, 3)):
        compare(_backward, rng.normal(size=D), _jacobians(rng, L, D))


@part("backward")
def test_one_block_and_many(compare, rng):
    """One block, a network of width 1, and twenty blocks."""
    compare(_backward, rng.normal(size=3), _jacobians(rng, 1, 3))
    compare(_backward, rng.normal(size=1), _jacobians(rng, 4, 1))
    compare(_backward, rng.normal(size=2), [jac / 4 for jac in _jacobians(rng, 20, 2)])


@part("backward")
def test_directional_derivative(student, rng):
    """dx is such that dx . v = dy . (change of the output if the input moves along v)."""
    D, jacs, dy = 4, _jacobians(rng, 3, 4), rng.normal(size=4)
    dx = np.asarray(student.residual_backward(dy.copy(), [jac.copy() for jac in jacs]))
    assert dx.shape == (D,), "dx should have shape (D,)"
    for _ in range(3):
        v = rng.normal(size=D)
        forward = v
        for jac in jacs:
            forward = forward + jac @ forward
        assert np.isclose(dx @ v, dy @ forward, rtol=1e-6), "dx is not the gradient of dy . x_L"


@part("backward")
def test_dead_branches(student, rng):
    """Where all Jacobians are zero the skips alone carry the gradient: it arrives as it was."""
    dy = rng.normal(size=3)
    dx = student.residual_backward(dy.copy(), [np.zeros((3, 3)) for _ in range(4)])
    assert np.allclose(dx, dy), "without branches dx should be dy"
    jac = rng.normal(size=(3, 3))
    assert not np.allclose(student.residual_backward(dy.copy(), [jac]), dy), "the branch has no effect"


@part("backward", supporting=True)
def test_backward_leaves_its_arguments_alone(compare, rng):
    """dy and the Jacobians stay as they are; whole numbers do as well."""
    compare("residual_backward", rng.normal(size=3), _jacobians(rng, 2, 3))
    compare("residual_backward", rng.integers(-4, 5, size=2), list(rng.integers(-4, 5, size=(3, 2, 2))))


@part("backward", supporting=True)
def test_backward_refusals(compare, rng):
    """A dy with other than one axis, and a Jacobian of another shape, are refused, also where they would broadcast."""
    dy, good = rng.normal(size=3), rng.normal(size=(3, 3))
    calls = [
        (rng.normal(size=(3, 1)), [good]),
        (dy, [good, rng.normal(size=(3, 2))]),
        (dy, [rng.normal(size=(1, 1)), good]),
        (dy, [good, rng.normal(size=3)]),
    ]
    compare(_refusals, "residual_backward", calls)
    for args in calls:
        compare.refuses("residual_backward", *args, naming=("dy", "jacs", "jac", "D"))


# ---- paths -------------------------------------------------------------------------------------------------


@part("paths")
def test_paths(compare, rng):
    """Entry k is the sum over all choices of k blocks of the product of their Jacobians, later blocks to the left."""
    for L, D in ((3, 2), (4, 3), (5, 2)):
        compare(_paths, _jacobians(rng, L, D))


@part("paths")
def test_few_and_many_paths(compare, rng):
    """One block, two blocks, a width of 1, and ten blocks."""
    compare(_paths, _jacobians(rng, 1, 3))
    compare(_paths, _jacobians(rng, 2, 3))
    compare(_paths, _jacobians(rng, 4, 1))
    compare(_paths, _jacobians(rng, 10, 2))


@part("paths")
def test_all_paths_together(student, rng):
    """All entries together are the Jacobian of the network, the last is that of the plain network, the first is I."""
    L, D = 4, 3
    jacs = _jacobians(rng, L, D)
    paths = np.asarray(student.paths_by_length([jac.copy() for jac in jacs]))
    assert paths.shape == (L + 1, D, D), "paths should have shape (L + 1, D, D)"
    whole, plain = np.eye(D), np.eye(D)
    for jac in jacs:
        whole, plain = whole + jac @ whole, jac @ plain
    assert np.allclose(paths[0], np.eye(D)), "the path without branches is the identity"
    assert np.allclose(paths[-1], plain), "the path through all branches is the plain network"
    assert np.allclose(paths.sum(axis=0), whole), "the paths do not add up to the Jacobian of the network"


@part("paths")
def test_number_of_paths(student, rng):
    """With all Jacobians I, entry k counts the paths of length k, and there are 2^L of them."""
    L = int(rng.integers(5, 8))
    paths = np.asarray(student.paths_by_length([np.eye(2) for _ in range(L)]))
    assert np.allclose(paths.sum(axis=0), 2.0**L * np.eye(2)), "there should be 2^L paths"
    assert np.allclose(paths[1], L * np.eye(2)), "there should be L paths through one branch"


@part("paths", supporting=True)
def test_paths_leave_the_jacobians_alone(compare, rng):
    """The Jacobians stay as they are; whole numbers do as well."""
    compare("paths_by_length", _jacobians(rng, 3, 2))
    compare("paths_by_length", list(rng.integers(-4, 5, size=(3, 2, 2))))


@part("paths", supporting=True)
def test_paths_refusals(compare, rng):
    """Jacobians that are not square, or not all of one shape, are refused."""
    good = rng.normal(size=(3, 3))
    calls = [([good, rng.normal(size=(3, 2))],), ([good, rng.normal(size=(1, 1))],), ([rng.normal(size=(2, 3))],)]
    compare(_refusals, "paths_by_length", calls)
    for args in calls:
        compare.refuses("paths_by_length", *args, naming=("jacs", "jac", "D"))
