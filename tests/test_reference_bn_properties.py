"""The references around batch normalization and the layer before it, against torch, scipy and closed forms."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import special, stats
from torch import nn
from traindeep.reference.bn_properties import (
    bn_linear_backward,
    bn_undo_params,
    drop_bias,
    effective_lr,
    sigmoid_linear_r2,
)
from traindeep.reference.normalization import bn_eval

torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(30)


def _layer(rng, n=7, n_in=5, n_out=3):
    u, W = rng.normal(size=(n, n_in)) + 0.5, rng.normal(size=(n_out, n_in)) * rng.uniform(0.1, 5, size=(n_out, 1))
    return u, W, rng.normal(size=(n, n_out))


def _y(u, W, eps=0.0):
    z = u @ W.T
    return (z - z.mean(0)) / np.sqrt(z.var(0) + eps)


# ---- bn_linear_backward, effective_lr ----------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(7, 5, 3), (4, 3, 3), (9, 2, 5), (2, 3, 4)])
@pytest.mark.parametrize("eps", [0.0, 1e-5, 0.1])
def test_bn_linear_backward_is_autograd(rng, sizes, eps):
    """Both gradients are those of autograd, of torch's own batch norm where it takes the eps."""
    u, W, dy = _layer(rng, *sizes)
    tu, tW = (torch.tensor(a, requires_grad=True) for a in (u, W))
    z = F.linear(tu, tW)
    if eps:
        y = F.batch_norm(z, None, None, training=True, eps=eps)
    else:
        y = (z - z.mean(0)) / z.var(0, correction=0).sqrt()
    y.backward(torch.tensor(dy))
    du, dW = bn_linear_backward(u, W, dy, eps)
    # Two rows and eps = 0: y is +-1 whatever z is, and the gradients are 0 up to rounding.
    np.testing.assert_allclose(du, tu.grad.numpy(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(dW, tW.grad.numpy(), rtol=1e-9, atol=1e-9)


def test_bn_linear_backward_is_the_slope_of_the_loss(rng):
    """Central differences of sum(dy * y) give the same gradients."""
    u, W, dy = _layer(rng)
    for value, gradient in zip((u, W), bn_linear_backward(u, W, dy), strict=True):
        numeric = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            ends = []
            for h in (1e-6, -1e-6):
                kept, value[index] = value[index], value[index] + h
                ends.append((dy * _y(u, W)).sum())
                value[index] = kept
            numeric[index] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(gradient, numeric, atol=1e-7)


@pytest.mark.parametrize("a", [1e-3, 0.4, 3.0, 1000.0])
def test_scale_identities(rng, a):
    """For a > 0: y and du do not see the scale of W, dW shrinks with it, and rows of dW are orthogonal to rows of W."""
    u, W, dy = _layer(rng)
    du, dW = bn_linear_backward(u, W, dy)
    du_a, dW_a = bn_linear_backward(u, a * W, dy)
    np.testing.assert_allclose(_y(u, a * W), _y(u, W), atol=1e-12)
    np.testing.assert_allclose(du_a, du, atol=1e-11)
    np.testing.assert_allclose(a * dW_a, dW, atol=1e-11)
    np.testing.assert_allclose((W * dW).sum(1), 0, atol=1e-12)
    # Hence a step can only make the rows longer.
    after = ((W - 0.3 * dW) ** 2).sum(1)
    np.testing.assert_allclose(after, (W**2).sum(1) + 0.09 * (dW**2).sum(1), rtol=1e-12)


def test_a_negative_scale_flips_the_output(rng):
    """For a < 0 the output is minus the output, and both gradients follow from that."""
    u, W, dy = _layer(rng)
    np.testing.assert_allclose(_y(u, -3 * W), -_y(u, W), atol=1e-12)
    du, dW = bn_linear_backward(u, -3 * W, dy)
    expected = bn_linear_backward(u, W, -dy)
    np.testing.assert_allclose(du, expected[0], atol=1e-12)
    np.testing.assert_allclose(-3 * dW, expected[1], atol=1e-12)


def test_eps_breaks_the_identity_where_the_weights_are_small(rng):
    """With eps = 1e-5 and weights scaled by 1e-3 the gradient of W is far from 1000 times that of W."""
    u, W, dy = _layer(rng)
    dW, small = (bn_linear_backward(u, a * W, dy, eps=1e-5)[1] for a in (1.0, 1e-3))
    assert np.abs(1e-3 * small - dW).max() > 0.1 * np.abs(dW).max()


def test_bn_linear_backward_of_other_numbers_leaves_them_alone(rng):
    """Integers, float32 and strided arrays are computed in float64, and nothing is changed."""
    u, W, dy = _layer(rng)
    for given in ((np.rint(9 * u).astype(int), np.rint(9 * W).astype(int), dy), (u.astype("f4"), W.astype("f4"), dy)):
        before = [a.copy() for a in given]
        found = bn_linear_backward(*given)
        expected = bn_linear_backward(*(a.astype(float) for a in given))
        for one, other in zip((*given, *found), (*before, *expected), strict=True):
            np.testing.assert_array_equal(one, other)
    wide = np.repeat(u, 2, axis=1)[:, ::2]
    np.testing.assert_allclose(bn_linear_backward(wide, W, dy)[1], bn_linear_backward(u, W, dy)[1])


def test_a_unit_without_spread_is_refused_unless_eps_is_positive(rng):
    """A row of zeros in W is a ValueError for eps = 0; for eps > 0 its input gradient is 0."""
    u, W, dy = _layer(rng)
    W[1] = 0
    with pytest.raises(ValueError, match=r"output 1 of u @ W\.T is the same for all rows of u: eps must be > 0"):
        bn_linear_backward(u, W, dy)
    du, dW = bn_linear_backward(u, W, dy, eps=0.1)
    assert np.isfinite(du).all()
    np.testing.assert_allclose(dW[1], (dy[:, 1] - dy[:, 1].mean()) @ u / np.sqrt(0.1), atol=1e-12)


@pytest.mark.parametrize("length", [0.2, 1.0, 5.0])
def test_effective_lr_turns_a_unit_vector_as_lr_turns_w(rng, length):
    """A step of lr on w and one of effective_lr on w / ||w|| end in the same direction."""
    u, W, dy = _layer(rng, n_out=1)
    w = length * W[0] / np.linalg.norm(W[0])
    step, unit = w - 0.3 * bn_linear_backward(u, w[None], dy)[1][0], w / length
    other = unit - effective_lr(0.3, w) * bn_linear_backward(u, unit[None], dy)[1][0]
    np.testing.assert_allclose(step / np.linalg.norm(step), other / np.linalg.norm(other), rtol=1e-10)


def test_effective_lr_by_hand_and_of_nothing():
    """(3, 4) has the squared length 25; integers work; the zero vector is refused."""
    assert effective_lr(0.5, np.array([3, 4])) == pytest.approx(0.02)
    assert effective_lr(0.0, np.array([3.0, 4.0])) == 0
    with pytest.raises(ValueError, match="w must not be 0"):
        effective_lr(0.1, np.zeros(3))


# ---- bn_undo_params, drop_bias -----------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [1e-3, 1e-2, 1.0, 50.0])
def test_undo_makes_batch_norm_the_identity(rng, sigma):
    """torch's batch norm with these parameters gives back its input, also where eps is larger than the variance."""
    x = rng.normal(3.0, sigma, size=(9, 4))
    gamma, beta = bn_undo_params(x.mean(0), x.var(0), 1e-5)
    tensors = [torch.tensor(a) for a in (x, gamma, beta)]
    y = F.batch_norm(*tensors[:1], None, None, *tensors[1:], training=True, eps=1e-5)
    np.testing.assert_allclose(y.numpy(), x, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("sigma", "percent"), [(0.01, 4.7), (0.001, 69.8)])
def test_how_far_the_deviation_alone_is_off(sigma, percent):
    """gamma = sigma is too small by a few per cent at sigma = 0.01 and by most of it at 0.001, for eps = 1e-5."""
    gamma, _ = bn_undo_params(np.zeros(1), np.array([sigma**2]), 1e-5)
    assert 100 * (1 - sigma / gamma[0]) == pytest.approx(percent, abs=0.1)


def test_undo_of_other_numbers():
    """Integers and a variance of 0 work; what comes back shares no memory with what was given."""
    mu = np.array([1.0, 2.0])
    gamma, beta = bn_undo_params(mu, np.array([0, 3]), 1)
    np.testing.assert_allclose(gamma, [1, 2])
    beta[0] = 7
    assert mu[0] == 1
    for var, eps, name in ((np.array([1.0, -0.1]), 0.1, "var"), (np.ones(2), -0.1, "eps")):
        with pytest.raises(ValueError, match=rf"{name} must not be negative, got -0\.1"):
            bn_undo_params(mu, var, eps)


def test_drop_bias_at_inference(rng):
    """A linear layer with bias and one without, each with its stored mean, give the same in evaluation."""
    linear, norm = nn.Linear(4, 3).double(), nn.BatchNorm1d(3).double()
    for _ in range(5):
        norm(linear(torch.from_numpy(rng.normal(size=(8, 4)))))
    norm.eval()
    x = rng.normal(size=(6, 4))
    W, b = (p.detach().numpy() for p in (linear.weight, linear.bias))
    mean, var = norm.running_mean.numpy(), norm.running_var.numpy()
    new = drop_bias(b, mean)
    expected = norm(linear(torch.from_numpy(x))).detach().numpy()
    np.testing.assert_allclose(bn_eval(x @ W.T, np.ones(3), np.zeros(3), new, var), expected, atol=1e-12)
    np.testing.assert_array_equal(drop_bias(np.array([1, 2]), np.array([5, 5])), [4, 3])


def test_the_bias_before_batch_norm_has_no_gradient(rng):
    """In training the gradient with respect to the bias is 0 whatever the loss."""
    linear = nn.Linear(4, 3).double()
    y = F.batch_norm(linear(torch.from_numpy(rng.normal(size=(8, 4)))), None, None, training=True)
    (y.exp() * torch.from_numpy(rng.normal(size=(8, 3)))).sum().backward()
    assert linear.bias.grad.abs().max() < 1e-13
    assert linear.weight.grad.abs().max() > 0.01


# ---- sigmoid_linear_r2 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-6, 0.01, 1.0, 5.0, 1000.0])
def test_r2_is_that_of_scipy_and_of_the_residuals(rng, scale):
    """The squared correlation of scipy, and 1 - residuals / spread of numpy's fit."""
    z = scale * rng.normal(size=40)
    s = special.expit(z)
    found = sigmoid_linear_r2(z)
    assert found == pytest.approx(stats.linregress(z, s).rvalue ** 2, rel=1e-9)
    residual = s - np.polyval(np.polyfit(z, s, 1), z)
    assert found == pytest.approx(1 - (residual**2).sum() / ((s - s.mean()) ** 2).sum(), rel=1e-9)


@pytest.mark.parametrize(("sd", "expected"), [(0.5, 0.998), (1.0, 0.984), (2.0, 0.930), (5.0, 0.807)])
def test_r2_of_normal_inputs(sd, expected):
    """At the quantiles of a normal distribution it is 0.984 for the deviation 1, and falls with the deviation."""
    z = sd * stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert sigmoid_linear_r2(z) == pytest.approx(expected, abs=6e-4)
    assert sigmoid_linear_r2(-z) == pytest.approx(sigmoid_linear_r2(z), rel=1e-12)


def test_r2_refuses_what_has_no_line():
    """Two points and a constant are refused; integers work, and far out it is nan."""
    with pytest.raises(ValueError, match="z must have at least 3 entries, got 2"):
        sigmoid_linear_r2(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="z must not be constant, got 4 times 2"):
        sigmoid_linear_r2(np.full(4, 2.0))
    assert sigmoid_linear_r2(np.array([-1, 0, 1])) == pytest.approx(1)
    assert np.isnan(sigmoid_linear_r2(np.array([800.0, 900.0, 1000.0])))
