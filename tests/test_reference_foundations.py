"""The references of notebook 00 against oracles: closed forms, torch and its autograd, statistics of large draws."""

import functools
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from traindeep.reference.foundations import (
    activation,
    cross_entropy,
    init_weights,
    linear_backward,
    linear_forward,
    numerical_gradient,
    softmax,
)

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu")


@pytest.fixture
def rng():
    return np.random.default_rng(11)


# ---- numerical_gradient --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 3, 4)])
def test_gradient_of_cubes(rng, shape):
    """The gradient of sum x^3 is 3 x^2 to eight decimals, for arrays of any shape, and x stays as it was."""
    x = np.array(rng.uniform(-2, 2, size=shape))
    before = x.copy()
    found = numerical_gradient(lambda v: float(np.sum(v**3)), x)
    assert found.shape == shape
    np.testing.assert_allclose(found, 3 * x**2, rtol=0, atol=1e-8)
    assert x.tobytes() == before.tobytes()


def test_gradient_of_neighbours_agrees_with_autograd(rng):
    """A function in which coordinates act together has the gradient that torch's autograd gives."""
    x = rng.normal(size=7)
    leaf = torch.tensor(x, requires_grad=True)
    torch.sin(leaf[:-1] * leaf[1:]).sum().backward()
    found = numerical_gradient(lambda v: float(np.sin(v[:-1] * v[1:]).sum()), x)
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=0, atol=1e-9)


def test_error_shrinks_with_the_square_of_the_step(rng):
    """Ten times smaller steps make the error a hundred times smaller."""
    x = rng.uniform(0.5, 1, size=5)
    errors = [
        np.abs(numerical_gradient(lambda v: float(np.exp(v).sum()), x, h) - np.exp(x)).max() for h in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=1e-3)


def test_a_function_may_keep_what_it_is_given(rng):
    """Every argument of f is an array of its own: what f keeps of it does not change later."""
    kept, x = [], rng.normal(size=3)

    def f(v):
        kept.append((v, v.copy()))
        return float(v.sum())

    numerical_gradient(f, x)
    assert len(kept) == 6
    assert all(np.array_equal(v, then) for v, then in kept)


@pytest.mark.parametrize("dtype", [int, np.int32, np.float32])
def test_gradient_at_other_dtypes(dtype):
    """Whole numbers and float32 are shifted in float64."""
    x = np.array([[1, 2], [3, 4]], dtype=dtype).T
    found = numerical_gradient(lambda v: float((v**2).sum()), x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 2.0 * x, atol=1e-8)


@pytest.mark.parametrize("h", [0, 0.0, -1e-3, float("nan")])
def test_bad_step(h):
    """A step that is not positive is refused by name."""
    with pytest.raises(ValueError, match=r"\bh\b"):
        numerical_gradient(lambda v: 0.0, np.ones(2), h)


# ---- softmax and cross-entropy ---------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_softmax_agrees_with_torch(rng, scale):
    """Also for scores at which exp would overflow, and for a row far below another."""
    s = rng.normal(size=(5, 4)) * scale
    s[2] -= 5 * scale
    before = s.copy()
    np.testing.assert_allclose(softmax(s), torch.softmax(torch.tensor(s), 1), rtol=1e-12, atol=1e-300)
    np.testing.assert_array_equal(s, before)


@pytest.mark.parametrize("scale", [1.0, 1e4])
@pytest.mark.parametrize("kind", ["hard", "soft", "one-hot integers"])
def test_cross_entropy_agrees_with_torch(rng, scale, kind):
    """Loss and gradient are torch's for labels, for probabilities, and for one-hot rows of integers."""
    s = rng.normal(size=(6, 4)) * scale
    labels = rng.integers(4, size=6)
    t = {"hard": labels, "soft": rng.dirichlet(np.ones(4), 6), "one-hot integers": np.eye(4, dtype=int)[labels]}[kind]
    leaf = torch.tensor(s, requires_grad=True)
    target = torch.tensor(t if kind == "hard" else t.astype(float))
    expected = F.cross_entropy(leaf, target)
    expected.backward()
    loss, gradient = cross_entropy(s, t)
    assert isinstance(loss, float)
    assert loss == pytest.approx(expected.item(), rel=1e-10)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=0, atol=1e-12)


def test_gradient_of_the_loss_is_its_numerical_gradient(rng):
    """Central differences of the loss give the gradient that comes with it."""
    s, t = rng.normal(size=(3, 5)), rng.dirichlet(np.ones(5), 3)
    numeric = numerical_gradient(lambda v: cross_entropy(v, t)[0], s)
    np.testing.assert_allclose(cross_entropy(s, t)[1], numeric, atol=1e-9)


@pytest.mark.parametrize(
    "t", [[0, 3, 1], [0, -1, 1], [0, 1], np.ones((3, 1)) / 3, np.ones((3, 4)) / 4, np.ones((1, 3))]
)
def test_bad_targets(t):
    """Labels outside 0..C-1 and targets of a shape that merely broadcasts are refused by name."""
    with pytest.raises(ValueError, match=r"\bt\b"):
        cross_entropy(np.zeros((3, 3)), np.array(t))


# ---- activations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_activation_agrees_with_autograd(rng, name):
    """Values and derivatives are torch's, at the kink too; the slope of the leaky ReLU is 0.1."""
    z = np.append(rng.normal(size=(3, 4)) * 3, np.zeros((1, 4)), axis=0)
    leaf = torch.tensor(z, requires_grad=True)
    theirs = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": F.relu,
        "leaky_relu": lambda v: F.leaky_relu(v, 0.1),
    }
    expected = theirs[name](leaf)
    expected.sum().backward()
    a, slope = activation(name, z)
    np.testing.assert_allclose(a, expected.detach(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(slope, leaf.grad, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_activation_of_large_numbers_is_quiet(name):
    """At +-1000 nothing overflows and no warning is given; integers and arrays without axes work."""
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        a, slope = activation(name, np.array([-1000, 0, 1000]))
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()
    assert np.shape(activation(name, np.array(0.5))[1]) == ()


def test_sigmoid_slope_is_at_most_a_quarter():
    """The largest slope of the sigmoid is 0.25, at 0."""
    z = np.linspace(-5, 5, 1001)
    slope = activation("sigmoid", z)[1]
    assert slope.max() == slope[500] == 0.25


@pytest.mark.parametrize("name", ["Relu", "gelu", ""])
def test_unknown_activation(name):
    """An unknown name is refused."""
    with pytest.raises(ValueError, match="name"):
        activation(name, np.ones(2))


# ---- linear layer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
def test_linear_layer_agrees_with_autograd(rng, bias):
    """Output and gradients are those of F.linear with a random upstream gradient."""
    x, W, b, dz = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(5, 4))
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, W, b)]
    z = F.linear(*leaves[:2], leaves[2] if bias else None)
    z.backward(torch.tensor(dz))
    np.testing.assert_allclose(linear_forward(x, W, b if bias else None), z.detach(), atol=1e-13)
    found = linear_backward(dz, x, W)
    for gradient, leaf in zip(found if bias else found[:2], leaves if bias else leaves[:2], strict=True):
        assert gradient.shape == leaf.shape
        np.testing.assert_allclose(gradient, leaf.grad, atol=1e-13)


def test_linear_backward_agrees_with_differences(rng):
    """The gradient of the weights is the numerical one."""
    x, W, b, dz = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(5, 4))
    numeric = numerical_gradient(lambda v: float(np.sum(dz * linear_forward(x, v, b))), W)
    np.testing.assert_allclose(linear_backward(dz, x, W)[1], numeric, atol=1e-8)


def test_linear_layer_with_another_number_of_inputs():
    """x and W that disagree about Din are refused in both directions."""
    x, W = np.ones((5, 3)), np.ones((4, 2))
    for call in (lambda: linear_forward(x, W, None), lambda: linear_backward(np.ones((5, 4)), x, W)):
        with pytest.raises(ValueError, match="W"):
            call()


# ---- initial weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "variance"), [("xavier", 1 / 400), ("kaiming", 2 / 400), ("glorot", 2 / 700)])
def test_init_weights_have_the_documented_mean_and_variance(rng, kind, variance):
    """120,000 weights: the variance within 2.5 % (six standard deviations), the mean within six, and as torch.nn.init's."""
    W = init_weights(400, 300, kind, rng)
    assert W.shape == (300, 400)
    assert W.var() == pytest.approx(variance, rel=0.025)
    assert abs(W.mean()) < 6 * np.sqrt(variance / W.size)
    theirs = torch.empty(300, 400, dtype=torch.float64)
    {
        "xavier": functools.partial(torch.nn.init.kaiming_normal_, nonlinearity="linear"),
        "kaiming": torch.nn.init.kaiming_normal_,
        "glorot": torch.nn.init.xavier_uniform_,
    }[kind](theirs, generator=torch.Generator().manual_seed(0))
    assert W.var() == pytest.approx(theirs.var().item(), rel=0.04)


def test_a_signal_keeps_its_size_through_relu_layers(rng):
    """Twenty ReLU layers of 400 with kaiming weights keep the mean square; with xavier weights half is lost in each."""
    sizes = {}
    for kind in ("kaiming", "xavier"):
        h = rng.normal(size=(200, 400))
        for _ in range(20):
            h = np.maximum(h @ init_weights(400, 400, kind, rng).T, 0)
        sizes[kind] = np.mean(h**2) * 2
    assert 0.2 < sizes["kaiming"] < 5
    assert sizes["xavier"] < 1e-4


def test_init_weights_use_the_generator_alone():
    """The same seed gives the same weights, the next call others, and the global generator is not touched."""
    before = np.random.get_state()[1].copy()
    first, again = np.random.default_rng(3), np.random.default_rng(3)
    W = init_weights(5, 4, "glorot", first)
    np.testing.assert_array_equal(W, init_weights(5, 4, "glorot", again))
    assert not np.array_equal(W, init_weights(5, 4, "glorot", first))
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(("arguments", "named"), [
    ((0, 3, "xavier"), "fan_in"), ((3, -1, "kaiming"), "fan_out"), ((3, 4, "he"), "kind"),
])  # fmt: skip
def test_init_weights_refuse_what_makes_no_sense(rng, arguments, named):
    """A fan that is not positive, or an unknown kind, is refused by name."""
    with pytest.raises(ValueError, match=named):
        init_weights(*arguments, rng)
