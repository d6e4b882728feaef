"""The two probes of covariate shift, against brute force, closed forms and torch's batch norm."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn
from traindeep.reference.bn_probes import NoisyBatchNorm, ics_gradient_change

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def _net():
    layers = (nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    return nn.Sequential(*layers).double()


def _data():
    return torch.randn(9, 5).double(), torch.randint(3, (9,))


def _gradients(net, x, y):
    for p in net.parameters():
        p.grad = None
    F.cross_entropy(net(x), y).backward()
    return {name: p.grad.clone() for name, p in net.named_parameters()}


# ---- ics_gradient_change -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [3, 5])
@pytest.mark.parametrize("training", [True, False])
def test_ics_is_that_of_two_copies(place, training):
    """A deep copy whose earlier layers are stepped by name gives the same two numbers."""
    net, (x, y) = _net().train(training), _data()
    moved = copy.deepcopy(net)
    G = _gradients(moved, x, y)
    with torch.no_grad():
        for name, p in moved.named_parameters():
            if int(name.split(".")[0]) < place:
                p.copy_(p - 0.7 * G[name])
    a, b = G[f"{place}.weight"].numpy().ravel(), _gradients(moved, x, y)[f"{place}.weight"].numpy().ravel()
    l2, cos = ics_gradient_change(net, net[place], F.cross_entropy, x, y, 0.7)
    assert l2 == pytest.approx(np.sqrt(((a - b) ** 2).sum()), rel=1e-12)
    assert cos == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)), rel=1e-12)
    assert l2 > 1e-3


def test_ics_of_a_linear_net_in_closed_form():
    """For y = B A x and half the squared error the gradients are known: r A x^T with r the residual."""
    net = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Linear(3, 2, bias=False)).double()
    x, y = torch.randn(6, 4).double(), torch.randn(6, 2).double()
    A, B = (layer.weight.detach().numpy() for layer in net)
    X, Y = x.numpy(), y.numpy()

    def residual(A):
        return X @ A.T @ B.T - Y

    moved = A - 0.05 * (residual(A) @ B).T @ X
    G, changed = (residual(a).T @ (X @ a.T) for a in (A, moved))
    l2, cos = ics_gradient_change(net, net[1], lambda a, b: ((a - b) ** 2).sum() / 2, x, y, 0.05)
    assert l2 == pytest.approx(np.linalg.norm(G - changed), rel=1e-10)
    assert cos == pytest.approx((G * changed).sum() / np.linalg.norm(G) / np.linalg.norm(changed), rel=1e-10)


def test_ics_vanishes_in_proportion_to_a_small_step():
    """A step of 0, or a layer with nothing before it, changes nothing; half a small step changes half as much."""
    net, (x, y) = _net(), _data()
    assert ics_gradient_change(net, net[3], F.cross_entropy, x, y, 0.0) == pytest.approx((0, 1))
    assert ics_gradient_change(net, net[0], F.cross_entropy, x, y, 0.5) == pytest.approx((0, 1))
    whole, half = (ics_gradient_change(net, net[3], F.cross_entropy, x, y, lr)[0] for lr in (1e-4, 5e-5))
    assert whole / half == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ics_leaves_parameters_modes_and_gradients_alone(dtype):
    """Parameters are restored bit for bit, in float32 too; modes, .grad and the random state are untouched."""
    net, (x, y) = _net().to(dtype), _data()
    net[1].eval()
    _gradients(net, x.to(dtype), y)
    before = copy.deepcopy(list(net.parameters())), [p.grad.clone() for p in net.parameters()]
    state = torch.get_rng_state()
    first, second = (ics_gradient_change(net, net[5], F.cross_entropy, x.to(dtype), y, 0.9) for _ in range(2))
    assert first == second
    for p, old, gradient in zip(net.parameters(), *before, strict=True):
        assert torch.equal(p, old)
        assert torch.equal(p.grad, gradient)
        assert p.requires_grad
    assert [m.training for m in net] == [True, False, True, True, True, True]
    assert torch.equal(torch.get_rng_state(), state)


def test_ics_restores_when_the_loss_fails():
    """An exception in the second forward pass leaves the parameters as they were."""
    net, (x, y) = _net(), _data()
    before, calls = copy.deepcopy(net.state_dict()), []

    def loss(output, target):
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("no")
        return F.cross_entropy(output, target)

    with pytest.raises(RuntimeError, match="no"):
        ics_gradient_change(net, net[3], loss, x, y, 0.5)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items() if "weight" in name)


def test_ics_refuses_a_foreign_layer_and_a_negative_step():
    """A copy of a layer is not in the model, and lr is at least 0."""
    net, (x, y) = _net(), _data()
    with pytest.raises(ValueError, match="layer must be a module of model"):
        ics_gradient_change(net, copy.deepcopy(net[3]), F.cross_entropy, x, y, 0.1)
    with pytest.raises(ValueError, match=r"lr must not be negative, got -0\.1"):
        ics_gradient_change(net, net[3], F.cross_entropy, x, y, -0.1)


# ---- NoisyBatchNorm ----------------------------------------------------------------------------------------


def _noisy(features=4, mean_range=0.7, std_max=1.6, seed=5):
    return NoisyBatchNorm(features, mean_range, std_max, torch.Generator().manual_seed(seed)).double()


def _put(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)


def test_noisy_is_batch_norm_scaled_and_shifted():
    """y, the gradients and the running statistics are those of nn.BatchNorm1d and of an affine map behind it."""
    noisy, plain = _noisy(), nn.BatchNorm1d(4).double()
    weight, bias = torch.rand(4) + 1, torch.rand(4) - 2
    for layer in (noisy, plain):
        _put(layer, weight, bias)
    for _ in range(3):
        x, dy = torch.randn(6, 4).double() * 3 + 1, torch.randn(6, 4).double()
        inputs = [x.clone().requires_grad_() for _ in range(2)]
        y, z = noisy(inputs[0]), plain(inputs[1])
        torch.testing.assert_close(y, z * noisy.last_scale + noisy.last_shift, rtol=1e-12, atol=1e-12)
        y.backward(dy)
        z.backward(dy * noisy.last_scale)
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(noisy, name), getattr(plain, name))
    torch.testing.assert_close(noisy.weight.grad, plain.weight.grad)
    torch.testing.assert_close(noisy.eval()(x), plain.eval()(x))


def test_noise_is_uniform_fresh_and_independent():
    """Shifts and scales of 6000 features pass a Kolmogorov-Smirnov test, and nothing is correlated with anything."""
    layer, x = _noisy(6000), torch.randn(2, 6000).double()
    draws = []
    for _ in range(2):
        layer(x)
        draws += [layer.last_shift.numpy(), layer.last_scale.numpy()]
    for t, s in (draws[:2], draws[2:]):
        assert t.shape == s.shape == (6000,)
        assert stats.kstest(t, stats.uniform(-0.7, 1.4).cdf).pvalue > 1e-6
        assert stats.kstest(s, stats.uniform(1, 0.6).cdf).pvalue > 1e-6
    correlations = np.corrcoef(draws) - np.eye(4)
    assert np.abs(correlations).max() < 6 / np.sqrt(6000)


def test_noise_comes_from_the_generator():
    """The same seed gives the same noise whatever the global state, which is not touched; None uses the global one."""
    x, draws = torch.randn(3, 4).double(), []
    for seed in (5, 5, 6):
        layer = _noisy(seed=seed)
        torch.manual_seed(len(draws))
        state = torch.get_rng_state()
        layer(x)
        assert torch.equal(torch.get_rng_state(), state)
        draws.append(layer.last_shift)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    layer = NoisyBatchNorm(4, 1.0, 1.0)
    layer(x.float())
    assert not torch.equal(torch.get_rng_state(), state)


def test_no_noise_in_evaluation_and_none_without_a_range():
    """In evaluation nothing is drawn, and with mean_range 0 and std_max 1 the layer is batch norm."""
    layer, x = _noisy(), torch.randn(6, 4).double()
    layer.eval()
    state = layer.generator.get_state()
    assert torch.equal(layer(x), layer(x))
    assert torch.equal(layer.generator.get_state(), state)
    quiet = _noisy(mean_range=0.0, std_max=1.0)
    torch.testing.assert_close(quiet(x), nn.BatchNorm1d(4).double()(x))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((-0.1, 1.5), r"mean_range must not be negative, got -0\.1"),
        ((0.1, 0.9), r"std_max must be at least 1, got 0\.9"),
    ],
)
def test_noisy_refuses_ranges_that_are_none(settings, message):
    """A negative mean_range and a std_max below 1 are refused."""
    with pytest.raises(ValueError, match=message):
        NoisyBatchNorm(3, *settings)
