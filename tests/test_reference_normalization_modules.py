"""BatchNormScratch and recalibrate_bn against torch's own layers, and against averages collected by hooks."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn
from traindeep.reference.normalization_modules import BatchNormScratch, recalibrate_bn

C = 3
SHAPES = [(5, C), (4, C, 7), (4, C, 2, 6), (4, C, 2, C), (1, C, 5), (2, C)]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def _torch_layer(shape, **settings):
    return {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)](C, **settings).double()


def _pair(shape, **settings):
    """Our layer and torch's with the same random weight and bias."""
    ours, theirs = BatchNormScratch(C, **settings).double(), _torch_layer(shape, **settings)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.uniform_(1, 2)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def _assert_same_state(ours, theirs):
    ours, theirs = ours.state_dict(), theirs.state_dict()
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-10, atol=1e-12)


def _assert_same_step(ours, theirs, x):
    """Same output, and under a random upstream gradient the same gradients of input and parameters."""
    upstream = torch.randn_like(x)
    gradients = []
    for layer in (ours, theirs):
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        gradients.append([y.detach(), *torch.autograd.grad(y, [leaf, *layer.parameters()], upstream)])
    assert len(gradients[0]) == len(gradients[1])
    for a, b in zip(*gradients, strict=True):
        assert b.abs().max() > 0
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"momentum": 0.3, "eps": 0.1},
        {"momentum": None},
        {"momentum": 0.0},
        {"affine": False},
        {"track_running_stats": False},
    ],
    ids=str,
)
def test_layer_is_torchs_over_four_steps_and_in_evaluation(shape, settings):
    """Outputs, gradients and buffers are those of nn.BatchNorm1d and nn.BatchNorm2d."""
    ours, theirs = _pair(shape, **settings)
    for _ in range(4):
        _assert_same_step(
            ours,
            theirs,
            3 * torch.randn(shape, dtype=torch.float64) + torch.randn(C).view(1, C, *[1] * (len(shape) - 2)),
        )
        _assert_same_state(ours, theirs)
    ours.eval(), theirs.eval()
    _assert_same_step(ours, theirs, torch.randn(shape, dtype=torch.float64))
    _assert_same_state(ours, theirs)


def test_layer_gradient_is_the_numerical_one():
    """Autograd through the layer agrees with central differences."""
    layer = BatchNormScratch(C, eps=0.1).double()
    assert torch.autograd.gradcheck(layer, torch.randn(4, C, 2, dtype=torch.float64, requires_grad=True))


def test_layer_evaluates_one_row():
    """In evaluation a batch of one row works."""
    ours, theirs = _pair((1, C))
    _assert_same_step(ours.eval(), theirs.eval(), torch.randn(1, C, dtype=torch.float64))


def test_layer_in_float32_and_on_strided_input():
    """float32 stays float32, and memory in another order gives the same."""
    x = torch.randn(4, C, 2, 5)
    y = BatchNormScratch(C)(x)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, nn.BatchNorm2d(C)(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(BatchNormScratch(C)(x.contiguous(memory_format=torch.channels_last)), y)


@pytest.mark.parametrize("settings", [{}, {"affine": False}, {"track_running_stats": False}], ids=str)
def test_layer_state_loads_in_both_directions(settings):
    """load_state_dict works from torch's layer and into it, and a new layer has the state of a new one."""
    ours, theirs = BatchNormScratch(C, **settings), nn.BatchNorm1d(C, **settings)
    _assert_same_state(ours, theirs)
    theirs(torch.randn(6, C))
    ours.load_state_dict(theirs.state_dict())
    _assert_same_state(ours, theirs)
    ours(torch.randn(5, C))
    theirs.load_state_dict(ours.state_dict())
    _assert_same_state(ours, theirs)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    assert [name for name, _ in ours.named_buffers()] == [name for name, _ in theirs.named_buffers()]


def test_layer_stores_no_history():
    """Buffers carry no graph, so that a second step may follow a backward pass."""
    layer = BatchNormScratch(C)
    for _ in range(2):
        layer(torch.randn(4, C, requires_grad=True)).square().sum().backward()
    assert not any(buffer.requires_grad for buffer in layer.buffers())
    copy.deepcopy(layer)


@pytest.mark.parametrize("shape", [(1, C), (1, C, 1), (1, C, 1, 1), (0, C)], ids=str)
def test_layer_refuses_one_value_per_channel_and_stores_nothing(shape):
    """A batch whose variance says nothing is a ValueError, and nothing is counted."""
    layer = BatchNormScratch(C)
    with pytest.raises(ValueError, match="x must have at least 2 values per channel, got shape"):
        layer(torch.randn(shape))
    _assert_same_state(layer, BatchNormScratch(C))
    untracked = BatchNormScratch(C, track_running_stats=False).eval()
    with pytest.raises(ValueError, match="at least 2 values per channel"):
        untracked(torch.randn(shape))


@pytest.mark.parametrize("shape", [(5, 4), (5, 1), (5, 4, C), (C,)], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_layer_refuses_another_number_of_channels(shape, training):
    """Axis 1 must be num_features long, in both modes."""
    with pytest.raises(ValueError, match="x must have 3 channels on axis 1, got shape"):
        BatchNormScratch(C).train(training)(torch.randn(shape))


# ---- recalibrate_bn ------------------------------------------------------------------------------------


def _model(p_drop=0.0, layer=nn.BatchNorm1d):
    convolution = nn.Sequential(nn.Conv2d(2, C, 2), nn.BatchNorm2d(C, momentum=0.3), nn.ReLU())
    head = [nn.Flatten(), nn.Dropout(p_drop), nn.Linear(C * 2, 5), layer(5, momentum=None), nn.Tanh(), layer(5)]
    model = nn.Sequential(convolution, *head).double()
    for _ in range(3):
        model(5 + torch.randn(6, 2, 2, 3, dtype=torch.float64))
    return model


def _batches():
    return [torch.randn(n, 2, 2, 3, dtype=torch.float64) * n for n in (6, 6, 4)]


def _statistics(model):
    return {name: value.clone() for name, value in model.state_dict().items() if "running" in name}


def _assert_close(a, b):
    assert a.keys() == b.keys()
    assert len(a) == 6
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d, BatchNormScratch])
def test_recalibrate_is_update_bn_without_dropout(layer):
    """Without dropout the statistics are those of torch.optim.swa_utils.update_bn, which knows torch's layers only."""
    theirs, ours = _model(), _model(layer=layer)
    ours.load_state_dict(theirs.state_dict())
    batches = _batches()
    update_bn(batches, theirs)
    recalibrate_bn(ours, iter(batches))
    _assert_close(_statistics(ours), _statistics(theirs))


def test_recalibrate_is_the_average_that_hooks_see_with_dropout():
    """With dropout the statistics are averages of what reaches each layer while dropout is off."""
    model, batches = _model(p_drop=0.4), _batches()
    theirs = copy.deepcopy(model)
    theirs[2] = nn.Identity()
    theirs.train()
    layers = {name: m for name, m in theirs.named_modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))}
    seen = {name: [] for name in layers}
    for name, layer in layers.items():
        layer.register_forward_pre_hook(lambda layer, inputs, name=name: seen[name].append(inputs[0].detach()))
    for batch in batches:
        theirs(batch)
    expected = {}
    for name, inputs in seen.items():
        rows = [x.movedim(1, -1).reshape(-1, x.shape[1]) for x in inputs]
        expected[f"{name}.running_mean"] = torch.stack([r.mean(0) for r in rows]).mean(0)
        expected[f"{name}.running_var"] = torch.stack([r.var(0, correction=1) for r in rows]).mean(0)
    recalibrate_bn(model, batches)
    _assert_close(_statistics(model), expected)
    noisy = copy.deepcopy(model)
    update_bn(batches, noisy)
    assert not torch.allclose(_statistics(noisy)["4.running_var"], expected["4.running_var"], rtol=1e-2)


def test_recalibrate_forgets_the_old_statistics():
    """A second pass over the same batches gives the same, even if the old values were nan."""
    model, batches = _model(), _batches()
    recalibrate_bn(model, batches)
    once = _statistics(model)
    model[0][1].running_mean.fill_(torch.nan)
    recalibrate_bn(model, batches)
    _assert_close(_statistics(model), once)


def test_recalibrate_leaves_the_rest_alone():
    """Modes, momenta, parameters, gradients and graphs are as before."""
    model = _model(p_drop=0.3)
    model.train()
    model[0][1].eval()
    modes = [m.training for m in model.modules()]
    momenta = [getattr(m, "momentum", "") for m in model.modules()]
    parameters = [p.detach().clone() for p in model.parameters()]
    assert recalibrate_bn(model, _batches()) is None
    assert [m.training for m in model.modules()] == modes
    assert [getattr(m, "momentum", "") for m in model.modules()] == momenta
    assert all(torch.equal(a, b) for a, b in zip(parameters, model.parameters(), strict=True))
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(b.requires_grad for b in model.buffers())


def test_recalibrate_restores_modes_when_the_model_fails():
    """A batch that the model cannot take leaves modes and momenta as they were."""
    layer = nn.BatchNorm1d(C, momentum=0.3).eval()
    with pytest.raises(ValueError, match="2D or 3D input"):
        recalibrate_bn(layer, [torch.randn(4, C), torch.randn(4, C, 2, 2)])
    assert (layer.training, layer.momentum) == (False, 0.3)


def test_recalibrate_skips_layers_that_store_nothing():
    """A layer with track_running_stats=False is left alone."""
    model = nn.Sequential(nn.BatchNorm1d(C, track_running_stats=False), BatchNormScratch(C, track_running_stats=False))
    recalibrate_bn(model, [torch.randn(4, C)])
    assert not any("running" in name for name in model.state_dict())


def test_recalibrate_refuses_an_empty_iterable():
    """Without batches there is a ValueError, and nothing has changed."""
    model = _model()
    before = _statistics(model)
    with pytest.raises(ValueError, match="batches must hold at least one batch"):
        recalibrate_bn(model, iter(()))
    _assert_close(_statistics(model), before)
