"""The stand-ins of notebook 00 against formulas written out in NumPy."""

import numpy as np
import pytest
from traindeep import reuse, standins

NAMES = ("numerical_gradient", "softmax", "cross_entropy", "activation", "linear_forward", "linear_backward",
         "init_weights")  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def s(name):
    return reuse.stand_in(name)


def test_every_name_of_notebook_00_has_a_stand_in():
    """Nothing that a later notebook may ask for is missing."""
    assert set(standins.load()) >= set(NAMES)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_numerical_gradient(rng, shape):
    """Central differences with the given step, at arrays of any shape, of integers too; x is left alone."""
    x = np.array(rng.uniform(1, 2, size=shape))
    before = x.copy()
    found = s("numerical_gradient")(lambda v: float(np.sum(v**3)), x)
    assert found.shape == shape
    np.testing.assert_allclose(found, 3 * x**2, rtol=0, atol=1e-8)
    found = s("numerical_gradient")(lambda v: float(np.sum(v**3)), x, h=0.3)
    np.testing.assert_allclose(found, 3 * x**2 + 0.09, rtol=1e-9)
    np.testing.assert_array_equal(x, before)
    found = s("numerical_gradient")(lambda v: float(v @ v), np.array([1, -2, 3]))
    np.testing.assert_allclose(found, [2, -4, 6], atol=1e-8)


def test_softmax_and_cross_entropy(rng):
    """Probabilities, loss and gradient are those of the formulas, for labels and for probabilities, for large scores."""
    for scores, soft in ((rng.normal(size=(5, 3)), False), (rng.integers(-4, 5, size=(4, 3)), True)):
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        labels = rng.integers(3, size=len(scores))
        t = rng.dirichlet(np.ones(3), len(scores)) if soft else np.eye(3)[labels]
        np.testing.assert_allclose(s("softmax")(scores), p, rtol=1e-12)
        loss, gradient = s("cross_entropy")(scores, t if soft else labels)
        assert loss == pytest.approx(-np.sum(t * np.log(p)) / len(scores))
        np.testing.assert_allclose(gradient, (p - t) / len(scores), atol=1e-12)
    assert s("cross_entropy")(np.array([[1000.0, -1000.0]]), np.array([1]))[0] == pytest.approx(2000)


def test_activation():
    """Values and slopes are those of the formulas, at 0 those of the negative side."""
    z = np.array([[-2, 0, 3], [1, -1, 2]])
    sigmoid, tanh = 1 / (1 + np.exp(-z)), np.tanh(z)
    expected = {
        "sigmoid": (sigmoid, sigmoid * (1 - sigmoid)),
        "tanh": (tanh, 1 - tanh**2),
        "relu": (np.maximum(z, 0), z > 0),
        "leaky_relu": (np.where(z > 0, z, 0.1 * z), np.where(z > 0, 1, 0.1)),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(s("activation")(name, z), values, rtol=1e-12, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("bias", [True, False])
def test_linear_layer(rng, bias):
    """Output and gradients are those of the formulas."""
    x, W, b, dz = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(5, 4))
    z = s("linear_forward")(x, W, b if bias else None)
    np.testing.assert_allclose(z, x @ W.T + b * bias, atol=1e-12)
    found = s("linear_backward")(dz, x, W)
    for gradient, expected in zip(found, (dz @ W, dz.T @ x, dz.sum(axis=0)), strict=True):
        assert gradient.shape == expected.shape
        np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize(("kind", "variance"), [("xavier", 1 / 400), ("kaiming", 2 / 400), ("glorot", 2 / 700)])
def test_init_weights(rng, kind, variance):
    """Shape, mean and variance are right; equal generators give equal weights, the next call others."""
    W = s("init_weights")(400, 300, kind, rng)
    assert W.shape == (300, 400)
    assert W.var() == pytest.approx(variance, rel=0.025)
    assert abs(W.mean()) < 6 * np.sqrt(variance / W.size)
    one, again = np.random.default_rng(3), np.random.default_rng(3)
    first = s("init_weights")(3, 2, kind, one)
    np.testing.assert_array_equal(first, s("init_weights")(3, 2, kind, again))
    assert not np.array_equal(first, s("init_weights")(3, 2, kind, one))


@pytest.mark.parametrize(("name", "arguments", "named"), [
    ("numerical_gradient", (lambda v: 0.0, np.ones(2), 0.0), "h"),
    ("cross_entropy", (np.zeros((2, 3)), np.array([0, -1])), "t"),
    ("cross_entropy", (np.zeros((2, 3)), np.array([0, 3])), "t"),
    ("cross_entropy", (np.zeros((2, 3)), np.ones((2, 1))), "t"),
    ("activation", ("gelu", np.ones(2)), "name"),
    ("linear_forward", (np.ones((5, 3)), np.ones((4, 2)), None), "W"),
    ("linear_backward", (np.ones((5, 4)), np.ones((5, 3)), np.ones((4, 2))), "W"),
    ("init_weights", (0, 3, "xavier", np.random.default_rng(0)), "fan_in"),
    ("init_weights", (3, 3, "he", np.random.default_rng(0)), "kind"),
])  # fmt: skip
def test_bad_input(name, arguments, named):
    """What the exercises refuse is refused, by name."""
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        s(name)(*arguments)
