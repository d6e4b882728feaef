"""Layer normalization and group normalization as torch modules."""

import torch

from traindeep.student import vjp

SIGNATURES = {
    "LayerNormScratch": "normalized_shape, eps -> layer",
    "GroupNormScratch": "num_groups, num_channels, eps -> layer",
}
FORBIDDEN = ("batch_norm", "layer_norm", "group_norm", "instance_norm")
HINTS = (
    "Neither layer looks at another case, so neither has anything to remember: two parameters, no buffers, no question "
    "about the mode. For each of the two, say which values share a mean, and which share an entry of weight.",
    "Layer norm: the last len(normalized_shape) axes are averaged over, and weight has exactly their shape, one entry for "
    "each element. Group norm: cut axis 1 into G stretches of C / G channels; weight has one entry for each channel. Make "
    "an int normalized_shape a tuple of one.",
    "dims = tuple(range(-len(shape), 0)) counts axes from the end; x.mean(dims, keepdim=True) and x.var(dims, "
    "unbiased=False, keepdim=True) line up with x. For groups, x.reshape(N, G, -1) puts all that shares a mean on the last "
    "axis; reshape back to x.shape before weight.view(-1, 1, 1), with as many ones as there are axes after the channels.",
)


def _put(layer, **values):
    """Set parameters by name, whatever they are: parameter, buffer or plain attribute."""
    parameters = [name for name, _ in layer.named_parameters()]
    for name, value in values.items():
        setattr(layer, name, torch.nn.Parameter(value.clone()) if name in parameters else value.clone())


def _apply(layer, x, dy):
    y, (dx,), gradients = vjp(layer.double(), x, upstream=dy)
    return {"y": y, "gradient of x": dx, "gradients of the parameters": gradients}


def _layer_norm(student, normalized_shape, x, dy, eps):
    return _apply(student.LayerNormScratch(normalized_shape, eps=eps), x, dy)


def _group_norm(student, num_groups, num_channels, x, dy, eps):
    return _apply(student.GroupNormScratch(num_groups, num_channels, eps=eps), x, dy)


def _layer_norm_with(student, normalized_shape, x, weight, bias):
    layer = student.LayerNormScratch(normalized_shape).double()
    _put(layer, weight=weight, bias=bias)
    return {"y": layer(x)}


def _group_norm_with(student, num_groups, num_channels, x, weight, bias):
    layer = student.GroupNormScratch(num_groups, num_channels).double()
    _put(layer, weight=weight, bias=bias)
    return {"y": layer(x)}


def _states(student):
    layers = {
        "LayerNormScratch(3)": student.LayerNormScratch(3),
        "LayerNormScratch((2, 3))": student.LayerNormScratch((2, 3)),
        "GroupNormScratch(2, 4)": student.GroupNormScratch(2, 4),
    }
    return {f"state_dict() of {name}": layer.state_dict() for name, layer in layers.items()} | {
        f"names in state_dict() of {name}": " ".join(sorted(layer.state_dict())) for name, layer in layers.items()
    }


def _in_evaluation(student, x):
    layers = student.LayerNormScratch(x.shape[-1]).double(), student.GroupNormScratch(2, x.shape[1]).double()
    for layer in layers:
        layer(5 * x)
        layer.eval()
    return {"y of layer norm": layers[0](x), "y of group norm": layers[1](x)}


def _rows(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def _squares(*shape):
    """Different numbers, an upstream gradient for them, and no round ones among them."""
    x = (torch.arange(float(torch.Size(shape).numel()), dtype=torch.float64) % 7) ** 2
    dy = torch.cos(torch.arange(float(x.numel()), dtype=torch.float64))
    return x.reshape(shape), dy.reshape(shape)


def test_layer_norm_by_hand(student, compare):
    """Rows [1, 3] and [9, 5] become [-1, 1] and [1, -1] when eps is 0, and with eps the gradients are right as well."""
    compare(_layer_norm, 2, _rows([1, 3], [9, 5]), _rows([1, 0], [0, 2]), eps=0.0)
    compare(_layer_norm, 3, *_squares(2, 4, 3), eps=0.1)


def test_layer_norm_over_three_axes(student, compare):
    """With normalized_shape (C, H, W) a whole image has one mean, and every element its own weight and bias."""
    compare(_layer_norm, (2, 2, 3), *_squares(3, 2, 2, 3), eps=0.1)
    x, weight = _squares(3, 2, 2, 3)
    compare(_layer_norm_with, (2, 2, 3), x, 1 + weight[0], weight[1])


def test_group_norm_by_hand(student, compare):
    """Two groups of two channels: [1, 3, 50, 10] becomes [-1, 1, 1, -1] when eps is 0."""
    compare(_group_norm, 2, 4, _rows([1, 3, 50, 10]), _rows([1, 0, 0, 2]), eps=0.0)
    compare(_group_norm, 2, 6, *_squares(2, 6, 3), eps=0.1)


def test_group_norm_of_images(student, compare):
    """A group is a few neighbouring channels with all their pixels; weight and bias belong to the channels."""
    compare(_group_norm, 3, 6, *_squares(2, 6, 2, 5), eps=0.1)
    x, _ = _squares(2, 4, 3, 4)
    compare(_group_norm_with, 2, 4, x, _rows(1, 2, -1, 0.5), _rows(0, 1, 2, 3))


def test_no_mode(student, compare):
    """Evaluation is the same as training, whatever the layer has seen before."""
    compare(_in_evaluation, _squares(2, 4, 3)[0])


def test_state_dict(student, compare):
    """The state is weight and bias and nothing else, in the shapes that nn.LayerNorm and nn.GroupNorm give them."""
    compare(_states)


def test_bad_input(student, compare):
    """Other last axes, other channels, or channels that cannot be grouped, are a ValueError that names the argument."""
    shape, channels = ("x", "normalized_shape"), ("x", "num_channels", "channel", "channels")
    x = torch.ones(2, 4, dtype=torch.float64)
    compare.refuses(_layer_norm, 3, x, x, eps=0.1, naming=shape)
    compare.refuses(_layer_norm, (4, 2), x, x, eps=0.1, naming=shape)
    compare.refuses(_group_norm, 2, 6, x, x, eps=0.1, naming=channels)
    compare.refuses("GroupNormScratch", 4, 6, naming=("num_channels", "num_groups"))
