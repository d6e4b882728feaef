"""Noise on the inputs of a linear model, averaged exactly."""

import itertools

import numpy as np

SIGNATURES = {"noisy_input_loss": "w, X, y, lam -> loss", "noisy_input_optimum": "X, y, lam -> w"}
HINTS = (
    "Write the error with noise as (w . x - y) + w . eps and square it. Which of the three terms survives the average over "
    "eps, and what is the variance of w . eps?",
    "The cross term has mean 0, and w . eps has the variance lam * (w_1^2 + ... + w_D^2). So the noise adds one number that "
    "does not depend on the data. For the optimum set the gradient of the whole to 0.",
    "The loss is the mean of (X @ w - y)**2 plus lam * w @ w. Its gradient, halved, is X^T (X w - y) / N + lam w: solve "
    "(X^T X / N + lam I) w = X^T y / N with np.linalg.solve.",
)

X = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0], [3.0, -1.0, -2.0], [2.0, 0.0, 1.0]])
Y = np.array([1.0, 3.0, -2.0, 2.0])
W = np.array([2.0, -3.0, -1.0])


def test_loss(student, compare):
    """The errors are -5, -7, 13 and 1, their mean square is 61; noise of variance 0.3 adds 0.3 * (4 + 9 + 1)."""
    compare("noisy_input_loss", W, X, Y, 0.3)


def test_loss_without_noise(student, compare):
    """Without noise it is the mean squared error, 61; with w = 0 noise adds nothing."""
    compare("noisy_input_loss", W, X, Y, 0.0)
    compare("noisy_input_loss", np.zeros(3), X, Y, 0.3)


def test_loss_with_two_values_of_noise(student, rng):
    """Noise that is +s or -s in every input, each equally often, gives exactly this loss on average."""
    s = 0.7
    signs = s * np.array(list(itertools.product((-1, 1), repeat=3)))
    expected = np.mean([((X + noise) @ W - Y) ** 2 for noise in signs])
    found = float(student.noisy_input_loss(W.copy(), X.copy(), Y.copy(), s**2))
    assert abs(found - expected) < 1e-9, f"the average over the eight kinds of noise is {expected:.6g}, not {found:.6g}"


def test_optimum(student, compare):
    """The weights with the smallest loss under noise of variance 0.3."""
    compare("noisy_input_optimum", X, Y, 0.3)


def test_optimum_without_noise(student, compare):
    """Without noise the best weights are those of least squares."""
    compare("noisy_input_optimum", X, Y, 0.0)


def test_bad_input(student, compare):
    """A negative variance is a ValueError that names lam."""
    compare.refuses("noisy_input_loss", W, X, Y, -0.1, naming=("lam",))
    compare.refuses("noisy_input_optimum", X, Y, -0.1, naming=("lam",))
