"""Stand-ins of notebook 03 against oracles that share no code with them; and batch norm's with eps = 0."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import checks, exercise, reuse

torch.set_num_threads(1)


def s(name):
    return reuse.stand_in(name)


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield


def _net(dtype=torch.float64):
    layers = (nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    return nn.Sequential(*layers).to(dtype)


@pytest.mark.parametrize("scale", [0.01, 1.0, 5.0])
def test_sigmoid_linear_r2(scale):
    """The squared correlation of z and its sigmoids."""
    z = scale * np.random.default_rng(6).normal(size=50)
    expected = np.corrcoef(z, 1 / (1 + np.exp(-z)))[0, 1] ** 2
    assert s("sigmoid_linear_r2")(z) == pytest.approx(expected, rel=1e-9)
    for wrong in (z[:2], np.full(4, 2.0)):
        with pytest.raises(ValueError, match="z must have"):
            s("sigmoid_linear_r2")(wrong)


@pytest.mark.parametrize("place", [0, 3, 5])
@pytest.mark.parametrize("training", [True, False])
def test_ics_gradient_change(place, training):
    """A deep copy that is stepped by name gives the same numbers; parameters, modes and gradients are as before."""
    net, x, y = _net().train(training), torch.randn(9, 5).double(), torch.randint(3, (9,))
    moved, gradients = copy.deepcopy(net), []
    for step in (True, False):
        moved.zero_grad()
        F.cross_entropy(moved(x), y).backward()
        gradients.append(moved[place].weight.grad.clone())
        for name, p in moved.named_parameters():
            if step and int(name[0]) < place:
                p.data -= 0.7 * p.grad
    before = copy.deepcopy(list(net.parameters()))
    for _ in range(2):
        l2, cos = s("ics_gradient_change")(net, net[place], F.cross_entropy, x, y, 0.7)
        assert l2 == pytest.approx((gradients[0] - gradients[1]).norm().item(), rel=1e-9)
        assert cos == pytest.approx(F.cosine_similarity(*(g.ravel() for g in gradients), dim=0).item(), rel=1e-9)
    assert all(torch.equal(p, old) and p.grad is None for p, old in zip(net.parameters(), before, strict=True))
    assert all(module.training == training for module in net.modules())


def test_ics_gradient_change_restores_single_precision():
    """In float32, too, the parameters are bit for bit what they were."""
    net, x, y = _net(torch.float32), torch.randn(9, 5), torch.randint(3, (9,))
    before = copy.deepcopy(list(net.parameters()))
    s("ics_gradient_change")(net, net[5], F.cross_entropy, x, y, 0.9)
    assert all(torch.equal(p, old) for p, old in zip(net.parameters(), before, strict=True))


def test_noisy_batch_norm():
    """In training the affine map of what nn.BatchNorm1d gives, gradients included; its running statistics in evaluation."""
    noisy, plain = (
        s("NoisyBatchNorm")(4, 0.7, 1.6, torch.Generator().manual_seed(2)).double(),
        nn.BatchNorm1d(4).double(),
    )
    state, seen = torch.get_rng_state(), []
    for n in (6, 5, 9):
        x = np.random.default_rng(n).normal(2, 3, size=(n, 4))
        inputs = [torch.tensor(x, requires_grad=True) for _ in range(2)]
        y, z = noisy(inputs[0]), plain(inputs[1])
        torch.testing.assert_close(y, z * noisy.last_scale + noisy.last_shift)
        (y**2).sum().backward()
        ((z * noisy.last_scale + noisy.last_shift) ** 2).sum().backward()
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad)
        assert noisy.last_shift.abs().max() <= 0.7
        assert noisy.last_scale.min() >= 1
        assert noisy.last_scale.max() <= 1.6
        seen.append(noisy.last_shift.tolist())
    assert len({value for row in seen for value in row}) == 12
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(noisy.weight.grad, plain.weight.grad)
    row = torch.randn(1, 4).double()
    torch.testing.assert_close(noisy.eval()(row), plain.eval()(row))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda net: s("ics_gradient_change")(net, nn.Linear(6, 4), F.cross_entropy, None, None, 0.1), "layer"),
        (lambda net: s("ics_gradient_change")(net, net[3], F.cross_entropy, None, None, -0.1), "lr"),
        (lambda net: s("NoisyBatchNorm")(3, -0.1, 1.5), "mean_range"),
        (lambda net: s("NoisyBatchNorm")(3, 0.1, 0.9), "std_max"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors of the exercises name the argument."""
    with pytest.raises(ValueError, match=names):
        call(_net())


@pytest.mark.parametrize("id", ["ics_gradient_change", "NoisyBatchNorm"])
def test_a_stand_in_is_no_answer(id):
    """Handing in the stand-in does not pass the check: it runs an operation that the exercise switches off."""
    if not (exercise.ROOT / "answers" / f"{id}.json").exists():
        pytest.skip(f"{id} is not built yet")
    assert checks.run_visible(id, {id: s(id)}).outcome != "passed"


def test_batch_norm_without_eps():
    """The stand-ins of batch norm take eps = 0, which torch refuses in training."""
    rng = np.random.default_rng(5)
    x, dy = rng.normal(2, 3, size=(6, 3)), rng.normal(size=(6, 3))
    y, cache = s("bn_forward_train")(x, np.ones(3), np.zeros(3), 0.0)
    np.testing.assert_allclose(y, (x - x.mean(0)) / x.std(0), atol=1e-12)
    dx = s("bn_backward")(dy, cache)[0]
    np.testing.assert_allclose(dx, (dy - dy.mean(0) - y * (dy * y).mean(0)) / x.std(0), atol=1e-12)
