"""The gradient through a linear layer and batch normalization, and the effective learning rate."""

import numpy as np

SIGNATURES = {"bn_linear_backward": "u, W, dy, eps -> du, dW", "effective_lr": "lr, w -> effective_lr"}
HINTS = (
    "Two layers in a row: first z = u @ W.T, then batch normalization of z. Go backwards through the second one first: "
    "which gradient does it hand to z? Only then comes the linear layer.",
    "The gradient dz of a normalized batch has three parts (direct, through mu, through the variance) and one common "
    "factor; it is the result of notebook 02 with gamma = 1. For the linear layer, z_no = sum_i W_oi u_ni: where does "
    "W_oi appear, and where does u_ni?",
    "With dz of shape (N, Dout) the shapes leave one possibility: du (N, Din) is dz times W, dW (Dout, Din) is dz "
    "transposed times u. For the check of the variance look at z.var(axis=0) + eps; for effective_lr at the sum of w ** 2.",
)
ROWS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


def _without_spread(student, u, W, dy):
    """Whether eps = 0 is refused where an output does not vary."""
    try:
        student.bn_linear_backward(u, W, dy, eps=0.0)
    except ValueError:
        return {"a row of zeros is refused for eps = 0": True}
    return {"a row of zeros is refused for eps = 0": False}


def _with_eps(student, u, W, dy, eps):
    """The same unit is accepted where eps is positive."""
    try:
        du, dW = student.bn_linear_backward(u, W, dy, eps=eps)
    except ValueError:
        return {"a row of zeros is accepted for eps > 0": False, "du": None, "dW": None}
    return {"a row of zeros is accepted for eps > 0": True, "du": du, "dW": dW}


def _without_direction(student, lr, w):
    try:
        student.effective_lr(lr, w)
    except ValueError:
        return {"w = 0 is refused": True}
    return {"w = 0 is refused": False}


def test_four_rows_by_hand(student, compare):
    """For w = (3, 4) and dy = (1, 0, 0, 0) the gradient of w is (0.032, -0.024)."""
    compare("bn_linear_backward", ROWS, np.array([[3.0, 4.0]]), np.array([[1.0], [0.0], [0.0], [0.0]]), eps=0.0)


def test_two_units(student, compare):
    """Two units have their own means, variances and gradients; eps is added to the variance."""
    u = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0], [2.0, 0.5, 1.0], [-1.0, 1.0, 1.0], [4.0, 0.0, 2.0]])
    W = np.array([[1.0, 0.0, -2.0], [0.1, 0.2, 0.1]])
    dy = np.array([[1.0, 0.0], [0.0, -1.0], [2.0, 1.0], [-1.0, 3.0], [0.5, 0.5]])
    compare("bn_linear_backward", u, W, dy, eps=0.25)
    compare("bn_linear_backward", u, W, dy)


def test_square_weights(student, compare):
    """As many units as inputs are nothing special."""
    W, dy = np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 0.5]])
    compare("bn_linear_backward", ROWS, W, dy, eps=0.25)


def test_right_angle(student, rng):
    """Every row of dW is at a right angle to the same row of W."""
    u, W, dy = rng.normal(size=(6, 3)), rng.normal(size=(2, 3)), rng.normal(size=(6, 2))
    _, dW = student.bn_linear_backward(u, W, dy)
    assert np.shape(dW) == (2, 3), f"dW should have the shape of W, (2, 3), got {np.shape(dW)}"
    assert np.abs(dW).min() > 0, "dW has a zero in it"
    along = (W * dW).sum(axis=1) / np.sqrt((W**2).sum(axis=1) * (dW**2).sum(axis=1))
    assert np.allclose(along, 0, atol=1e-9), f"the cosines of the angles between rows of W and of dW are {along}, not 0"


def test_longer_weights(student, rng):
    """With weights 4 times as long, du is the same and dW a quarter as large."""
    u, W, dy = rng.normal(size=(6, 3)), rng.normal(size=(2, 3)), rng.normal(size=(6, 2))
    du, dW = student.bn_linear_backward(u, W, dy)
    du4, dW4 = student.bn_linear_backward(u, 4 * W, dy)
    assert np.abs(dW).max() > 1e-6, "dW is zero"
    assert np.allclose(du4, du, atol=1e-9), "du changes when W is multiplied by 4"
    assert np.allclose(4 * np.asarray(dW4), dW, atol=1e-9), "dW is not divided by 4 when W is multiplied by 4"


def test_effective_lr(student, compare):
    """A learning rate of 0.5 at w = (3, 4), which has the length 5, is worth 0.02."""
    compare("effective_lr", 0.5, np.array([3.0, 4.0]))
    compare("effective_lr", 0.1, np.array([1, -2, 2]))


def test_bad_input(student, compare):
    """A unit whose output does not vary (with eps = 0), and w = 0, are a ValueError that names an argument."""
    W, dy = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 0.0]])
    compare(_without_spread, ROWS, W, dy)
    compare.refuses("bn_linear_backward", ROWS, W, dy, naming=("W", "u", "eps"))
    compare(_with_eps, ROWS, W, dy, eps=0.25)
    compare(_without_direction, 0.1, np.zeros(3))
    compare.refuses("effective_lr", 0.1, np.zeros(3), naming=("w",))
