"""LayerNormScratch and GroupNormScratch against torch's own: forward, backward, state dicts in both directions."""

import copy

import pytest
import torch
from torch import nn
from traindeep.reference.norm_modules import GroupNormScratch, LayerNormScratch
from traindeep.student import vjp

torch.set_num_threads(1)

LN = [
    (3, (5, 3)),
    (3, (2, 5, 3)),
    ((4, 3), (2, 4, 3)),
    ((6, 2, 3), (5, 6, 2, 3)),
    ([2, 3], (5, 6, 2, 3)),
    ((3,), (3,)),
    (1, (4, 1)),
]
GN = [
    (2, 6, (5, 6)),
    (3, 6, (2, 6, 5)),
    (2, 6, (5, 6, 4, 3)),
    (1, 4, (3, 4, 2, 5)),
    (4, 4, (3, 4, 2, 5)),
    (2, 4, (1, 4, 4, 4)),
]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(5)


def _pairs(eps):
    for shape, size in LN:
        yield LayerNormScratch(shape, eps), nn.LayerNorm(shape, eps), size
    for groups, channels, size in GN:
        yield GroupNormScratch(groups, channels, eps), nn.GroupNorm(groups, channels, eps), size


@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_output_and_gradients_are_torchs(eps, dtype):
    """y and the gradients of x, weight and bias under a random upstream gradient; strided inputs too."""
    tolerance = {"rtol": 1e-9, "atol": 1e-10} if dtype == torch.float64 else {"rtol": 1e-4, "atol": 2e-4}
    count = 0
    for ours, theirs, size in _pairs(eps):
        ours, theirs = ours.to(dtype), theirs.to(dtype)
        with torch.no_grad():
            for p in theirs.parameters():
                p.copy_(torch.randn_like(p))
        ours.load_state_dict(theirs.state_dict())
        values = 3 * torch.randn(size, dtype=dtype) + 2
        for x in (values, values.transpose(0, -1).contiguous().transpose(0, -1)):
            upstream = torch.randn(size, dtype=dtype)
            (y, (dx,), grads), (ty, (tdx,), tgrads) = (vjp(layer, x, upstream=upstream) for layer in (ours, theirs))
            torch.testing.assert_close(y, ty, **tolerance)
            torch.testing.assert_close(dx, tdx, **tolerance)
            assert grads.keys() == tgrads.keys() == {"weight", "bias"}
            for name in grads:
                torch.testing.assert_close(grads[name], tgrads[name], **tolerance)
            count += 1
    assert count == 2 * (len(LN) + len(GN))


def test_state_dicts_fit_both_ways():
    """A new layer has the state of torch's new layer, loads it strictly, and gives it back."""
    for ours, theirs, _ in _pairs(1e-5):
        assert list(ours.state_dict()) == list(theirs.state_dict()) == ["weight", "bias"]
        assert not list(ours.buffers())
        for name, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=0)
        state = {name: torch.randn_like(value) for name, value in theirs.state_dict().items()}
        theirs.load_state_dict(state, strict=True)
        ours.load_state_dict(theirs.state_dict(), strict=True)
        again = type(theirs)(
            *(
                (theirs.normalized_shape,)
                if isinstance(theirs, nn.LayerNorm)
                else (theirs.num_groups, theirs.num_channels)
            )
        )
        again.load_state_dict(ours.state_dict(), strict=True)
        for name, value in state.items():
            torch.testing.assert_close(again.state_dict()[name], value, rtol=0, atol=0)


def test_training_is_evaluation():
    """The mode changes nothing, a case does not depend on the others, and a copy computes the same."""
    for ours, _, size in _pairs(1e-5):
        x = torch.randn(size)
        y = ours(x)
        torch.testing.assert_close(copy.deepcopy(ours).eval()(x), y, rtol=0, atol=0)
        if len(size) > 1:
            torch.testing.assert_close(ours(x[:1]), y[:1], rtol=1e-5, atol=1e-6)


def test_group_norm_of_one_group_is_layer_norm_up_to_the_affine_map():
    """With fresh parameters G = 1 is layer norm over (C, H, W); their weights have other shapes."""
    x = torch.randn(3, 4, 2, 5)
    ln, gn = LayerNormScratch((4, 2, 5)), GroupNormScratch(1, 4)
    torch.testing.assert_close(ln(x), gn(x))
    assert (tuple(ln.weight.shape), tuple(gn.weight.shape)) == ((4, 2, 5), (4,))


@pytest.mark.parametrize("size", [(5, 4), (5, 1), (3, 5), (4, 3, 1), ()], ids=str)
def test_layer_norm_refuses_other_last_axes(size):
    """The last axes must be normalized_shape, also where they would broadcast."""
    with pytest.raises(ValueError, match=r"the last axes of x must be normalized_shape \(3,\)"):
        LayerNormScratch(3)(torch.randn(size))
    with pytest.raises(ValueError, match=r"normalized_shape \(4, 3\)"):
        LayerNormScratch((4, 3))(torch.randn(2, 3, 4))


@pytest.mark.parametrize("groups", [0, -1, 4, 12])
def test_group_norm_refuses_groups_that_do_not_fit(groups):
    """num_channels is a multiple of num_groups, which is at least 1."""
    with pytest.raises(ValueError, match="num_channels must be a multiple of num_groups, got 6 and"):
        GroupNormScratch(groups, 6)


@pytest.mark.parametrize("size", [(2, 3), (2, 1, 6), (6,), (2, 12, 3, 3)], ids=str)
def test_group_norm_refuses_other_channels(size):
    """Axis 1 must be num_channels long."""
    with pytest.raises(ValueError, match="x must have 6 channels on axis 1, got shape"):
        GroupNormScratch(2, 6)(torch.randn(size))
