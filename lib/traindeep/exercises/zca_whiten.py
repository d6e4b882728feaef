"""ZCA whitening, with the statistics of the training data."""

import numpy as np

SIGNATURES = {"zca_fit": "X, eps -> st", "zca_apply": "X, st -> Z"}
HINTS = (
    "Rotate into the axes of the data, rescale each axis so that its variance becomes 1, rotate back. The first rotation "
    "comes from the eigenvectors of the covariance matrix; what undoes a rotation?",
    "Centre first, then Sigma = Xc.T @ Xc / N. np.linalg.eigh(Sigma) gives the eigenvalues and, as columns, the "
    "eigenvectors. An axis with variance lam is divided by sqrt(lam + eps). Refuse a bad eps before you divide.",
    "With lam, V from eigh, scaling the columns of V and multiplying by V.T from the right gives W; check that it equals "
    "its transpose. For rows, z = W (x - mean) reads (X - st['mean']) @ st['W'].T.",
)

# Means 1 and 2, no correlation, variances 4 and 0.25.
STRAIGHT = np.array([[3.0, 2.5], [-1.0, 2.5], [3.0, 1.5], [-1.0, 1.5]])
# Variance 9 along (1, 1) and 1 along (1, -1): Sigma = [[5, 4], [4, 5]].
TILTED = np.array([[3.0, 3.0], [-3.0, -3.0], [1.0, -1.0], [-1.0, 1.0]])


def test_straight_axes_by_hand(student, compare):
    """Variances 4 and 0.25 without correlation, and eps = 0: W is diagonal with 1/2 and 2."""
    compare("zca_fit", STRAIGHT, eps=0.0)


def test_tilted_axes_by_hand(student, compare):
    """Variance 9 along (1, 1) and 1 along (1, -1), and eps = 0: W is [[2/3, -1/3], [-1/3, 2/3]]."""
    compare("zca_fit", TILTED, eps=0.0)


def test_eps(student, compare):
    """With eps = 7 the eigenvalues 9 and 1 become 16 and 8."""
    compare("zca_fit", TILTED, eps=7.0)


def test_new_rows(student, compare):
    """New rows lose the stored mean and are multiplied by the stored W, whatever stands beside them."""
    st = {"mean": np.array([1.0, 2.0]), "W": np.array([[2.0, -1.0], [-1.0, 3.0]])}
    compare("zca_apply", np.array([[2.0, 2.0], [1.0, 4.0], [0.0, 0.0]]), st)
    compare("zca_apply", np.array([[2.0, 2.0]]), st)


def test_covariance_afterwards(student, rng):
    """With eps = 0 the whitened training rows have the identity as their covariance, and W is symmetric."""
    X = rng.normal(size=(20, 3)) @ np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.7]]) + 5
    st = student.zca_fit(X.copy(), eps=0.0)
    Z = np.asarray(student.zca_apply(X.copy(), st))
    assert np.allclose(np.cov(Z.T, bias=True), np.eye(3), atol=1e-6), "the covariance afterwards is not the identity"
    assert np.allclose(st["W"], np.transpose(st["W"]), atol=1e-8), "W is not symmetric"


def test_bad_input(student, compare):
    """A negative eps, or eps = 0 where X does not vary in some direction, is a ValueError that names eps or X."""
    compare.refuses("zca_fit", TILTED, eps=-0.5, naming=("eps",))
    compare.refuses("zca_fit", TILTED[:2], eps=0.0, naming=("eps", "X"))
