"""The gradient of a residual network, and the paths it takes."""

import numpy as np

SIGNATURES = {"residual_backward": "dy, jacs -> dx", "paths_by_length": "jacs -> paths"}
HINTS = (
    "One block first: x_1 = x_0 + f(x_0). If x_0 moves by a small v, by how much does x_1 move? What is then the gradient "
    "of x_0, given that of x_1?",
    "dx = dy + J^T dy for one block, and what comes out goes into the block before it. For the paths, let P_k be the sum of "
    "all paths of length k through the blocks so far. One more block: a path either takes its skip, or its branch.",
    "Loop over reversed(jacs). With a new block, P_k becomes P_k + J P_(k-1): the old P_(k-1), so start at the largest k or "
    "update all at once, paths[1:] = paths[1:] + J @ paths[:-1]. itertools.combinations(jacs, k) does it in words.",
)
A = np.array([[0.0, 1.0], [0.0, 0.0]])
B = np.array([[0.0, 0.0], [2.0, 0.0]])
C = np.array([[1.0, 3.0], [0.0, -2.0]])


def _paths(student, jacs):
    return {"paths": np.asarray(student.paths_by_length(jacs))}


def _backward(student, dy, jacs):
    return {"dx": np.asarray(student.residual_backward(np.array(dy), jacs))}


def _counts(student, L):
    paths = np.asarray(student.paths_by_length([np.eye(1)] * L))
    return {"number of paths of each length": paths.ravel(), "of all lengths": float(paths.sum())}


def _refusals(student, name, calls):
    facts = []
    for args in calls:
        try:
            getattr(student, name)(*args)
            facts.append(False)
        except ValueError:
            facts.append(True)
    return {"refused": facts}


def test_backward_by_hand(student, compare):
    """dy = [1, 0] becomes [1, 1] at a block with J = [[0, 1], [0, 0]]; and so on from the last block to the first."""
    compare(_backward, np.array([1.0, 0.0]), [A])
    compare(_backward, np.array([1.0, 0.0]), [A, B])
    compare(_backward, np.array([1.0, -2.0]), [A, C, B])


def test_without_branches(student, compare):
    """Where the Jacobians are 0 the skips carry dy to the input as it is."""
    compare(_backward, np.array([3.0, -1.0]), [np.zeros((2, 2))] * 5)


def test_paths_by_hand(student, compare):
    """Two blocks A and B: I, then A + B, then B A. Three blocks: 1, 3, 3 and 1 paths."""
    compare(_paths, [A, B])
    compare(_paths, [A, B, C])
    compare(_paths, [C])


def test_number_of_paths(student, compare):
    """With five Jacobians equal to 1 there are 1, 5, 10, 10, 5 and 1 paths, 32 in all."""
    compare(_counts, 5)


def test_nothing_is_changed(student, compare):
    """dy and the Jacobians stay as they were."""
    compare("residual_backward", np.array([1.0, 2.0]), [A, C])
    compare("paths_by_length", [A, C])


def test_bad_input(student, compare):
    """A dy with two axes or a Jacobian of another shape is a ValueError that names dy or jacs."""
    dy, one = np.array([1.0, 2.0]), np.eye(1)
    compare(_refusals, "residual_backward", [(dy[:, None], [A]), (dy, [A, one])])
    compare(_refusals, "paths_by_length", [([A, one],)])
    compare.refuses("residual_backward", dy, [A, one], naming=("dy", "jacs", "jac", "D"))
    compare.refuses("paths_by_length", [A, one], naming=("jacs", "jac", "D"))
