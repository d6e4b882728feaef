"""Residual networks as arithmetic, blocks, masks and stochastic depth, against oracles that share no code with them."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import linalg, ndimage
from torch import nn
from traindeep.reference.dropout_ladder import dropblock_expand, ladder_mask
from traindeep.reference.residual import (
    compose,
    euler_resnet,
    observed_order,
    paths_by_length,
    residual_backward,
    residual_forward,
)
from traindeep.reference.residual_blocks import BasicBlock, Bottleneck, PreActBlock
from traindeep.reference.stochastic_depth import StochasticDepth, expected_depth, survival_probs


@pytest.fixture
def rng():
    return np.random.default_rng(11)


# ---- sums and compositions ---------------------------------------------------------------------------------


def test_nested_by_hand():
    """Three functions, nested by hand; the empty list is the identity."""
    f, g, h, x = np.sin, np.exp, np.sqrt, np.array([0.3, 1.2])
    np.testing.assert_array_equal(compose([f, g, h], x), h(g(f(x))))
    one = x + f(x)
    two = one + g(one)
    y, branches = residual_forward([f, g, h], x)
    np.testing.assert_array_equal(y, two + h(two))
    np.testing.assert_array_equal(branches, [f(x), g(one), h(two)])
    assert compose([], x) is x
    assert residual_forward([], x)[1] == []


def test_three_scalar_maps():
    """Blocks that multiply by 0.3, 0.5 and 0.7 make 3.315 of 1; the branch of a branch, read literally, 1.555."""
    y, _ = residual_forward([lambda x, a=a: a * x for a in (0.3, 0.5, 0.7)], np.array(1.0))
    assert y == pytest.approx(3.315)
    literally = 1 + 0.3 + 0.3 * 0.5 + 0.3 * 0.5 * 0.7
    assert literally == pytest.approx(1.555)


def test_shapes_that_broadcast_are_refused():
    """A branch of another shape is refused although the sum would work."""
    with pytest.raises(ValueError, match=r"fs\[1\] must keep the shape"):
        residual_forward([np.sin, lambda x: x[:1]], np.ones((3, 2)))


# ---- gradients ---------------------------------------------------------------------------------------------


def test_gradient_against_autograd(rng):
    """Autograd of a network with tanh branches gives the same gradient as the product with its Jacobians."""
    W, x = torch.from_numpy(rng.normal(size=(4, 3, 3))), torch.from_numpy(rng.normal(size=3)).requires_grad_()
    y, jacs = x, []
    for w in W:
        jacs.append(torch.autograd.functional.jacobian(lambda v, w=w: torch.tanh(w @ v), y.detach()).numpy())
        y = y + torch.tanh(w @ y)
    dy = torch.from_numpy(rng.normal(size=3))
    (dx,) = torch.autograd.grad(y, x, dy)
    np.testing.assert_allclose(residual_backward(dy.numpy(), jacs), dx.numpy(), rtol=1e-12)


def test_paths_against_enumeration(rng):
    """Entry k is the sum over all subsets; all together are the Jacobian; the numbers of paths are binomial."""
    L, jacs = 5, list(rng.normal(size=(5, 3, 3)))
    paths = paths_by_length(jacs)
    for k in range(L + 1):
        total = np.zeros((3, 3))
        for chosen in itertools.combinations(range(L), k):
            product = np.eye(3)
            for block in sorted(chosen, reverse=True):
                product = product @ jacs[block]
            total += product
        np.testing.assert_allclose(paths[k], total, rtol=1e-10, atol=1e-12)
    whole = np.linalg.multi_dot([np.eye(3) + jac for jac in jacs[::-1]])
    np.testing.assert_allclose(paths.sum(axis=0), whole, rtol=1e-10)
    dy = rng.normal(size=3)
    np.testing.assert_allclose(residual_backward(dy, jacs), whole.T @ dy, rtol=1e-10)
    counts = paths_by_length([np.eye(1)] * 7).ravel()
    np.testing.assert_array_equal(counts, [math.comb(7, k) for k in range(8)])


def test_bad_shapes_of_gradients():
    """Wrong shapes are refused by name."""
    with pytest.raises(ValueError, match="dy must have shape"):
        residual_backward(np.ones((2, 1)), [np.eye(2)])
    with pytest.raises(ValueError, match="jacs must have shape"):
        residual_backward(np.ones(2), [np.eye(1)])
    for jacs in ([np.eye(2), np.eye(1)], [np.ones((2, 3))]):
        with pytest.raises(ValueError, match="jacs must be square"):
            paths_by_length(jacs)


# ---- Euler -------------------------------------------------------------------------------------------------


def test_euler_on_linear_systems(rng):
    """For f(x) = A x the result is a power of I + T A / L, and approaches the matrix exponential with order 1."""
    A, x0, T = rng.normal(size=(3, 3)), rng.normal(size=3), 0.8
    np.testing.assert_allclose(
        euler_resnet(lambda x: A @ x, x0, T, 7), np.linalg.matrix_power(np.eye(3) + T / 7 * A, 7) @ x0, rtol=1e-12
    )
    Ls, exact = [64, 128, 256, 512], linalg.expm(T * A) @ x0
    errors = [np.linalg.norm(euler_resnet(lambda x: A @ x, x0, T, L) - exact) for L in Ls]
    assert observed_order(errors, Ls) == pytest.approx(1, abs=0.1)
    assert observed_order([0.3, 0.1, 0.02], [2, 6, 30]) == pytest.approx(1)
    assert observed_order(5 / np.array([3, 9, 11]) ** 2.5, [3, 9, 11]) == pytest.approx(
        -np.polyfit(np.log([3, 9, 11]), np.log(5 / np.array([3, 9, 11]) ** 2.5), 1)[0]
    )
    with pytest.raises(ValueError, match="L must be at least 1"):
        euler_resnet(np.sin, x0, T, 0)


# ---- blocks ------------------------------------------------------------------------------------------------


def _bn(z, state, name):
    return F.batch_norm(z, None, None, state[f"{name}.weight"], state[f"{name}.bias"], training=True)


def _randomized(block):
    torch.manual_seed(1)
    block = block.double()
    for p in block.parameters():
        nn.init.normal_(p, 0.3)
    return block, block.state_dict()


def _project(x, s, stride):
    return _bn(F.conv2d(x, s["shortcut.0.weight"], stride=stride), s, "shortcut.1")


@pytest.mark.parametrize("option", ["A", "B", "C"])
@pytest.mark.parametrize(("in_ch", "out_ch", "stride"), [(3, 3, 1), (3, 5, 1), (3, 3, 2), (2, 4, 2)])
def test_basic_block_by_functions(option, in_ch, out_ch, stride):
    """y is what torch's functions make of the weights; its shape and the number of parameters follow from the options."""
    block, s = _randomized(BasicBlock(in_ch, out_ch, stride, option))
    x = torch.randn(4, in_ch, 7, 6, dtype=torch.float64)
    h = F.relu(_bn(F.conv2d(x, s["conv1.weight"], stride=stride, padding=1), s, "bn1"))
    h = _bn(F.conv2d(h, s["conv2.weight"], padding=1), s, "bn2")
    changes = stride != 1 or in_ch != out_ch
    projects = option == "C" or (option == "B" and changes)
    if projects:
        skip = _project(x, s, stride)
    else:
        skip = torch.zeros(4, out_ch, *h.shape[2:], dtype=torch.float64)
        skip[:, :in_ch] = x[:, :, ::stride, ::stride]
    torch.testing.assert_close(block(x), F.relu(h + skip))
    count = 9 * out_ch * (in_ch + out_ch) + 4 * out_ch + (in_ch * out_ch + 2 * out_ch if projects else 0)
    assert sum(p.numel() for p in block.parameters()) == count


@pytest.mark.parametrize(
    ("in_ch", "mid", "stride", "expansion"), [(8, 2, 1, 4), (3, 2, 2, 4), (6, 2, 2, 3), (2, 2, 1, 3)]
)
def test_bottleneck_by_functions(in_ch, mid, stride, expansion):
    """y is what torch's functions make of the weights, with the stride in the 3x3."""
    block, s = _randomized(Bottleneck(in_ch, mid, stride, expansion))
    x = torch.randn(4, in_ch, 7, 6, dtype=torch.float64)
    h = F.relu(_bn(F.conv2d(x, s["conv1.weight"]), s, "bn1"))
    h = F.relu(_bn(F.conv2d(h, s["conv2.weight"], stride=stride, padding=1), s, "bn2"))
    h = _bn(F.conv2d(h, s["conv3.weight"]), s, "bn3")
    same = stride == 1 and in_ch == mid * expansion
    torch.testing.assert_close(block(x), F.relu(h + (x if same else _project(x, s, stride))))


def test_cost_of_a_bottleneck():
    """256-64-64-256 has fewer weights in its convolutions than two 3x3 on 64 channels."""
    weights = [sum(p.numel() for p in b.parameters() if p.ndim == 4) for b in (Bottleneck(256, 64), BasicBlock(64, 64))]
    assert weights == [69_632, 73_728]


@pytest.mark.parametrize(("in_ch", "out_ch", "stride"), [(3, 3, 1), (3, 5, 1), (3, 3, 2)])
def test_preact_block_by_functions(in_ch, out_ch, stride):
    """y is what torch's functions make of the weights; the projection takes h."""
    block, s = _randomized(PreActBlock(in_ch, out_ch, stride))
    x = torch.randn(4, in_ch, 7, 6, dtype=torch.float64)
    h = F.relu(_bn(x, s, "bn1"))
    branch = F.conv2d(h, s["conv1.weight"], stride=stride, padding=1)
    branch = F.conv2d(F.relu(_bn(branch, s, "bn2")), s["conv2.weight"], padding=1)
    same = stride == 1 and in_ch == out_ch
    torch.testing.assert_close(block(x), branch + (x if same else F.conv2d(h, s["shortcut.weight"], stride=stride)))


def test_a_stack_of_preact_blocks_is_a_sum():
    """x_L - x_0 is the sum of the branches; with zero_init x comes back bit for bit, and conv2 learns."""
    blocks = [PreActBlock(3, 3) for _ in range(4)]
    x = torch.randn(5, 3, 4, 6)
    value, branches = x, []
    for block in blocks:
        h = block.conv1(F.relu(block.bn1(value)))
        branches.append(block.conv2(F.relu(block.bn2(h))))
        value = value + branches[-1]
    torch.testing.assert_close(nn.Sequential(*blocks)(x), x + sum(branches))
    start = PreActBlock(3, 3, zero_init=True)
    y = start(x)
    assert torch.equal(y, x)
    (y * torch.randn_like(y)).sum().backward()
    assert start.conv2.weight.grad.abs().max() > 0


def test_a_zero_norm_weight_in_front_of_the_relu_is_dead():
    """With bn2.weight = 0 in a pre-activation block every gradient of its branch is exactly 0."""
    block = PreActBlock(3, 3)
    nn.init.zeros_(block.bn2.weight)
    y = block(torch.randn(5, 3, 4, 6))
    (y * torch.randn_like(y)).sum().backward()
    assert all(not p.grad.any() for p in block.parameters())


def test_blocks_refuse_bad_settings():
    """Each names the argument."""
    for make, match in (
        (lambda: BasicBlock(4, 2, 1, "A"), "in_ch must be at most out_ch"),
        (lambda: BasicBlock(4, 4, 1, "D"), "shortcut must be"),
        (lambda: Bottleneck(4, 0), "mid must be at least 1"),
        (lambda: Bottleneck(4, 1, expansion=0), "expansion must be at least 1"),
    ):
        with pytest.raises(ValueError, match=match):
            make()


# ---- the ladder --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 5])
def test_expand_is_one_minus_the_maximum(rng, block):
    """scipy's maximum filter and torch's max pooling agree with the patches."""
    seeds = (rng.random((2, 3, 9, 7)) < 0.05).astype(float)
    got = dropblock_expand(seeds, block)
    np.testing.assert_array_equal(got, 1 - ndimage.maximum_filter(seeds, (1, 1, block, block), mode="constant"))
    pooled = F.max_pool2d(torch.from_numpy(seeds), block, 1, block // 2).numpy()
    np.testing.assert_array_equal(got, 1 - pooled)


def test_dropped_share_of_blocks(rng):
    """On 12 x 9 pixels with p_drop = 0.1 the exact expectation is a little below 0.1, and the masks follow it."""
    H, W, b, p = 12, 9, 3, 0.1
    gamma = p / b**2 * H * W / ((H - b + 1) * (W - b + 1))
    reach = [
        sum(abs(i - a) <= 1 and abs(j - c) <= 1 for a in range(1, H - 1) for c in range(1, W - 1))
        for i in range(H)
        for j in range(W)
    ]
    expected = np.mean(1 - (1 - gamma) ** np.array(reach))
    assert 0.75 * p < expected < p
    masks = ladder_mask((200, 50, H, W), "block", p, rng)
    assert 1 - masks.mean() == pytest.approx(expected, abs=0.002)


def test_levels_are_constant_over_their_axes(rng):
    """Each level is constant over the right axes, and drops a share of p_drop."""
    for level, axes in (("unit", ()), ("channel", (2, 3)), ("branch", (1, 2, 3))):
        mask = ladder_mask((4000, 4, 3, 2), level, 0.3, rng)
        for axis in (1, 2, 3):
            assert bool((np.ptp(mask, axis=axis) == 0).all()) == (axis in axes)
        assert mask.mean() == pytest.approx(0.7, abs=0.05)
    for settings, match in (
        (("pixel",), "level must be"),
        (("block", 4), "block must be odd"),
        (("block", 7), "block must be at most"),
    ):
        with pytest.raises(ValueError, match=match):
            ladder_mask((2, 3, 6, 8), settings[0], 0.3, rng, *settings[1:])


# ---- stochastic depth --------------------------------------------------------------------------------------


def test_schedule_of_the_paper():
    """54 blocks with p_L = 0.5: from 1 - 1/108 to 0.5, 40.25 on average."""
    p = survival_probs(54, 0.5)
    np.testing.assert_allclose(p, np.linspace(1, 0.5, 55)[1:], rtol=1e-12)
    assert expected_depth(p) == pytest.approx(40.25)


@pytest.mark.parametrize("mode", ["row", "batch"])
@pytest.mark.parametrize("scale", ["test", "train"])
def test_evaluation_is_the_expectation_of_training(mode, scale):
    """Over 4,000 calls the mean of training is evaluation; each call is skip + gate * branch."""
    layer = StochasticDepth(0.7, mode, scale, torch.Generator().manual_seed(3))
    branch, skip = torch.tensor([[2.0], [-1.0]]).double(), torch.tensor([[1.0], [5.0]]).double()
    total = torch.zeros(2, 1).double()
    for _ in range(4000):
        y = layer(branch, skip)
        torch.testing.assert_close(y, skip + layer.last_gate * branch / (0.7 if scale == "train" else 1))
        assert layer.last_gate.numel() == (2 if mode == "row" else 1)
        total += y
    torch.testing.assert_close(total / 4000, layer.eval()(branch, skip), atol=0.1, rtol=0)


def test_a_relu_behind_the_sum_ends_the_expectation():
    """relu of the mean is 0 where the mean of relu is 0.5: skip -1, branch 2, p 0.5."""
    layer = StochasticDepth(0.5)
    branch, skip = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    assert F.relu(layer.eval()(branch, skip)).item() == 0
    assert (F.relu(skip + branch) * 0.5 + F.relu(skip) * 0.5).item() == 0.5


def test_stochastic_depth_refuses():
    """Each bad setting is refused by name; 0 is allowed with scale test."""
    for settings, match in (
        ((1.1,), "p_survive"), ((-0.1,), "p_survive"), ((0, "row", "train"), "p_survive"),
        ((0.5, "sample"), "mode"), ((0.5, "row", "eval"), "scale"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            StochasticDepth(*settings)
    assert StochasticDepth(0)(torch.ones(2, 1), torch.ones(2, 1)).tolist() == [[1.0], [1.0]]
