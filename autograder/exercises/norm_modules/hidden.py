"""Hidden tests of norm_modules: two classes, each without the help of the other.

weight and bias are 1 and 0 except where they are tested; names and shapes of the state have their own part.
"""

import torch
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"layer norm": 3, "group norm": 2, "state_dict": 1}


def _tensor(rng, *shape):
    """Values that differ in scale and place along axis 1 (channels, time steps) and along the last axis."""
    x = torch.from_numpy(rng.normal(size=shape))
    if len(shape) > 2:
        x = x * torch.from_numpy(rng.uniform(0.5, 3, shape[-1]))
    place = torch.from_numpy(rng.uniform(-4, 4, shape[1] if len(shape) > 1 else 1))
    return x + place.reshape(-1, *[1] * max(len(shape) - 2, 0))


def _upstream(rng, x):
    return torch.from_numpy(rng.normal(size=tuple(x.shape)))


def _put(layer, **values):
    """Set parameters by name, whatever they are: parameter, buffer or plain attribute."""
    parameters = [name for name, _ in layer.named_parameters()]
    for name, value in values.items():
        setattr(layer, name, torch.nn.Parameter(value.clone()) if name in parameters else value.clone())


def _layer_norm(student, shape, x, dy, **settings):
    y, (dx,), _ = vjp(student.LayerNormScratch(shape, **settings).double(), x, upstream=dy)
    return {"y": y, "gradient of x": dx}


def _group_norm(student, groups, x, dy, **settings):
    y, (dx,), _ = vjp(student.GroupNormScratch(groups, x.shape[1], **settings).double(), x, upstream=dy)
    return {"y": y, "gradient of x": dx}


def _without_mode(layer, x):
    """y in evaluation after other inputs, minus y in training."""
    y = layer(x).detach()
    for _ in range(3):
        layer(7 * x + 2)
    layer.eval()
    return {"y in evaluation minus y in training": layer(x).detach() - y}


# ---- layer norm ----------------------------------------------------------------------------------------


def _float32_and_default_eps(student, shape, x):
    return {"y": student.LayerNormScratch(shape)(x)}


def _parameters(student, shape, x, dy, weight, bias):
    """Gradients of the parameters of a new layer, and y with others, minus what follows from y without."""
    new = student.LayerNormScratch(shape).double()
    plain, _, gradients = vjp(new, x, upstream=dy)
    layer = student.LayerNormScratch(shape).double()
    _put(layer, weight=weight, bias=bias)
    return {
        "gradients of the parameters": gradients,
        "y - (weight * xhat + bias)": layer(x).detach() - (weight * plain + bias),
    }


@part("layer norm")
def test_positions_are_normalized_one_by_one(student, rng):
    """Each row of features has mean 0 and a spread of about 1, depends on itself alone, and hides shift and scale."""
    x = 3 * _tensor(rng, 3, 4, 9)
    layer = student.LayerNormScratch(9).double()
    y = layer(x).detach()
    zero, one = torch.zeros(3, 4).double(), torch.ones(3, 4).double()
    assert torch.allclose(y.mean(-1), zero, atol=1e-6), "the mean over the features of a position is not 0"
    # The exact divisor of the variance is the affair of another test.
    assert torch.allclose(y.std(-1, correction=0), one, rtol=0.2), (
        "the spread over the features of a position is far from 1"
    )
    other = x.clone()
    other[1, 2] = torch.from_numpy(rng.normal(size=9))
    changed = layer(other).detach()
    assert not torch.allclose(y[1, 2], changed[1, 2], atol=1e-3), "y does not change with x"
    changed[1, 2] = y[1, 2]
    assert torch.allclose(y, changed, atol=1e-8), "a position of y depends on other positions or other cases"


@part("layer norm")
def test_output_and_gradient(compare, rng):
    """y and the gradient of x are those of layer normalization, for rows, sequences and a single vector."""
    for shape, size, eps in ((4, (5, 4), 0.1), (5, (2, 3, 5), 0.1), (3, (3,), 0.5), ((6,), (4, 6), 1e-5)):
        x = _tensor(rng, *size)
        compare(_layer_norm, shape, x, _upstream(rng, x), eps=eps)
    compare(_float32_and_default_eps, 4, (0.01 * _tensor(rng, 5, 4)).float())


@part("layer norm")
def test_several_axes(compare, rng):
    """With several axes in normalized_shape all of them share one mean and one variance."""
    for shape, size in (((4, 2, 3), (5, 4, 2, 3)), ((2, 3), (5, 4, 2, 3)), ((3, 3), (3, 3, 3))):
        x = _tensor(rng, *size)
        compare(_layer_norm, shape, x, _upstream(rng, x), eps=0.1)


@part("layer norm")
def test_weight_and_bias(compare, rng):
    """weight and bias act element by element, and their gradients have the shape of normalized_shape."""
    for shape, size in (((5,), (2, 3, 5)), ((4, 2, 3), (6, 4, 2, 3))):
        x = _tensor(rng, *size)
        values = [torch.from_numpy(rng.uniform(1, 2, shape)) for _ in range(2)]
        compare(_parameters, shape, x, _upstream(rng, x), *values)


def _layer_norm_without_mode(student, x):
    return _without_mode(student.LayerNormScratch(x.shape[-1]).double(), x)


@part("layer norm", supporting=True)
def test_layer_norm_has_no_mode(compare, rng):
    """Layer norm gives the same in evaluation as in training, whatever it has seen; strided tensors work."""
    compare(_layer_norm_without_mode, _tensor(rng, 4, 3, 5))
    compare(_layer_norm_without_mode, _tensor(rng, 4, 5, 3).transpose(1, 2))


@part("layer norm", supporting=True)
def test_layer_norm_refusals(compare, rng):
    """Last axes other than normalized_shape are refused, also where they would broadcast."""
    for shape, size in (
        (3, (5, 4)),
        (3, (5, 1)),
        (4, (4, 3)),
        ((4, 3), (2, 3, 4)),
        ((4, 3), (3,)),
        ((4, 3), (2, 1, 3)),
    ):
        x = _tensor(rng, *size)
        compare.refuses(_layer_norm, shape, x, x, naming=("x", "normalized_shape"))


# ---- group norm ----------------------------------------------------------------------------------------


def _group_parameters(student, groups, x, dy, weight, bias):
    channels, per_channel = x.shape[1], (-1, *[1] * (x.ndim - 2))
    plain, _, gradients = vjp(student.GroupNormScratch(groups, channels).double(), x, upstream=dy)
    layer = student.GroupNormScratch(groups, channels).double()
    _put(layer, weight=weight, bias=bias)
    follows = weight.reshape(per_channel) * plain + bias.reshape(per_channel)
    return {"gradients of the parameters": gradients, "y - (weight * xhat + bias)": layer(x).detach() - follows}


@part("group norm")
def test_groups_are_normalized_one_by_one(student, rng):
    """Each group of neighbouring channels has mean 0 and a spread of about 1 in each case and depends on itself alone."""
    x = 3 * _tensor(rng, 3, 6, 2, 5)
    layer = student.GroupNormScratch(2, 6).double()
    y = layer(x).detach()
    assert tuple(y.shape) == (3, 6, 2, 5), "y should have the shape of x"
    groups = y.reshape(3, 2, 30)
    zero, one = torch.zeros(3, 2).double(), torch.ones(3, 2).double()
    assert torch.allclose(groups.mean(-1), zero, atol=1e-6), "the mean over a group is not 0"
    assert torch.allclose(groups.std(-1, correction=0), one, rtol=0.1), "the spread over a group is far from 1"
    other = x.clone()
    other[1, 4] = torch.from_numpy(rng.normal(size=(2, 5)))
    changed = layer(other).detach()
    assert not torch.allclose(y[1, 3:], changed[1, 3:], atol=1e-3), "y does not change with x"
    changed[1, 3:] = y[1, 3:]
    assert torch.allclose(y, changed, atol=1e-8), "a group of y depends on other groups or other cases"


@part("group norm")
def test_group_norm_output_and_gradient(compare, rng):
    """y and the gradient of x are those of group normalization for (N, C), (N, C, L) and images, from one group to C groups."""
    for groups, size in ((2, (5, 6)), (3, (4, 6, 5)), (1, (2, 4, 3, 2)), (4, (3, 4, 2, 5)), (2, (3, 4, 4, 4))):
        x = _tensor(rng, *size)
        compare(_group_norm, groups, x, _upstream(rng, x), eps=0.1)
    x = 0.01 * _tensor(rng, 3, 6, 2, 5)
    compare(_group_norm, 3, x, _upstream(rng, x))


@part("group norm")
def test_group_norm_weight_and_bias(compare, rng):
    """weight and bias act channel by channel, and their gradients have one entry for each channel."""
    for size in ((5, 6), (2, 6, 3), (2, 6, 3, 6)):
        x = _tensor(rng, *size)
        values = [torch.from_numpy(rng.uniform(1, 2, 6)) for _ in range(2)]
        compare(_group_parameters, 3, x, _upstream(rng, x), *values)


def _group_norm_without_mode(student, x):
    return _without_mode(student.GroupNormScratch(2, x.shape[1]).double(), x)


@part("group norm", supporting=True)
def test_group_norm_has_no_mode(compare, rng):
    """Group norm gives the same in evaluation as in training, whatever it has seen; strided tensors work."""
    compare(_group_norm_without_mode, _tensor(rng, 4, 6, 5))
    compare(_group_norm_without_mode, _tensor(rng, 3, 4, 2, 5).contiguous(memory_format=torch.channels_last))


@part("group norm", supporting=True)
def test_group_norm_refusals(compare, rng):
    """Another number of channels is refused, and so are groups that do not divide it, or fewer than one of them."""
    for channels in (3, 1, 12):
        x = _tensor(rng, 2, channels, 5)
        layer = _six_channels
        compare.refuses(layer, x, naming=("x", "num_channels", "channel", "channels"))
    for groups in (4, 12, 0):
        compare.refuses("GroupNormScratch", groups, 6, naming=("num_channels", "num_groups"))


def _six_channels(student, x):
    return student.GroupNormScratch(2, 6).double()(x)


# ---- state_dict ----------------------------------------------------------------------------------------


def _state(student, name, arguments):
    layer = getattr(student, name)(*arguments)
    state = layer.state_dict()
    return {
        "names in state_dict()": " ".join(sorted(state)),
        "names of the parameters": " ".join(sorted(name for name, _ in layer.named_parameters())),
        "state_dict()": state,
    }


def _exchange(student, name, arguments, state):
    """The state after loading it from torch's layer, and from there into torch's layer again."""
    torchs = [getattr(student.imported("torch.nn"), name)(*arguments) for _ in range(2)]
    torchs[0].load_state_dict(state)
    layer = getattr(student, f"{name}Scratch")(*arguments)
    layer.load_state_dict(torchs[0].state_dict())
    torchs[1].load_state_dict(layer.state_dict())
    return {"state_dict() after loading": layer.state_dict(), f"in nn.{name}": torchs[1].state_dict()}


@part("state_dict", supporting=True)
def test_state_at_the_start(compare):
    """A new layer has the parameters of a new nn.LayerNorm or nn.GroupNorm, and no buffers."""
    for arguments in ((4,), ((5,),), ((3, 2, 4),)):
        compare(_state, "LayerNormScratch", arguments)
    for arguments in ((2, 6), (1, 4)):
        compare(_state, "GroupNormScratch", arguments)


@part("state_dict", supporting=True)
def test_exchange_with_torch(compare, rng):
    """load_state_dict works in both directions between these layers and those of torch."""
    for name, arguments, shape in (
        ("LayerNorm", (4,), (4,)), ("LayerNorm", ((3, 2, 4),), (3, 2, 4)), ("GroupNorm", (2, 6), (6,)),
    ):  # fmt: skip
        state = {key: torch.from_numpy(rng.uniform(1, 2, shape)).float() for key in ("weight", "bias")}
        compare(_exchange, name, arguments, state)
