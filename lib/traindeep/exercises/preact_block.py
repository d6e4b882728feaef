"""The pre-activation block, with a clean path for x."""

import torch

from traindeep import weights
from traindeep.student import vjp

SIGNATURES = {"PreActBlock": "in_ch, out_ch, stride, zero_init, norm -> block"}
HINTS = (
    "In BasicBlock a relu stands behind the sum, so what the skip carries is changed in every block. Where could norm and "
    "relu go, so that nothing stands on the way of x?",
    "Norm, relu, convolution, twice. h = relu(bn1(x)) is shared by the branch and, where the shape changes, by the "
    "projection; where it stays, the skip is x itself. bn1 sees in_ch channels, bn2 out_ch.",
    "skip = x if self.shortcut is None else self.shortcut(h), with nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False) "
    "as shortcut. nn.init.zeros_(self.conv2.weight) makes the block the identity, and conv2 still gets a gradient.",
)


def _numbers(*shape):
    """Different numbers of both signs, without luck."""
    n = torch.Size(shape).numel()
    return torch.cos(torch.arange(1.0, n + 1, dtype=torch.float64) ** 1.5).reshape(shape)


def _values(in_ch, out_ch, projection=False, norm=True):
    def norms(name, channels):
        own = {f"{name}.weight": 1 + _numbers(channels) / 2, f"{name}.bias": _numbers(channels) / 3}
        own |= {f"{name}.running_mean": _numbers(channels), f"{name}.running_var": 1.5 + _numbers(channels)}
        return own if norm else {}

    values = {**norms("bn1", in_ch), "conv1.weight": _numbers(out_ch, in_ch, 3, 3)}
    values |= {**norms("bn2", out_ch), "conv2.weight": 0.5 * _numbers(out_ch, out_ch, 3, 3)}
    return values | ({"shortcut.weight": _numbers(out_ch, in_ch, 1, 1)} if projection else {})


def _run(student, in_ch, out_ch, x, upstream, values, training=True, norm="BatchNorm2d", **settings):
    if norm != "BatchNorm2d":
        settings["norm"] = getattr(torch.nn, norm)
    return weights.run(student.PreActBlock(in_ch, out_ch, **settings), values, x, upstream, training)


def _start(student, zero_init, x, upstream):
    block = student.PreActBlock(2, 2, zero_init=zero_init).double()
    y, _, gradients = vjp(block, x, upstream=upstream)
    zero = [value for value in block.parameters() if not value.any()]
    learns = [value for value in gradients.values() if value is not None and value.abs().max() > 1e-9]
    return {
        "y is x": bool(torch.equal(y, x)),
        "y is near x": bool(torch.allclose(y, x, atol=0.25)),  # a bias of conv2 starts within 1 / sqrt(2 * 9) = 0.236
        "number of parameters that are 0": len(zero),
        "conv1.weight is 0": not bool(block.state_dict().get("conv1.weight", torch.ones(1)).any()),
        "number of weights of convolutions that are 0": sum(value.ndim == 4 for value in zero),
        "number of weights of convolutions that learn": sum(value.ndim == 4 for value in learns),
    }


def _sizes(student):
    facts = {}
    for in_ch, out_ch, stride in ((2, 2, 1), (2, 2, 2), (2, 3, 1), (3, 2, 2)):
        name = f"{in_ch} to {out_ch} channels, stride {stride}"
        x, block = torch.ones(1, in_ch, 8, 12), student.PreActBlock(in_ch, out_ch, stride=stride)
        try:
            facts[f"{name}: shape of y"] = tuple(block(x).shape)
        except RuntimeError as error:
            if isinstance(error, NotImplementedError):
                raise
            facts[f"{name}: shape of y"] = "an error"
            h = block.conv1(x)
            facts[f"{name}: shapes behind conv1 and conv2"] = [tuple(h.shape), tuple(block.conv2(h).shape)]
    return facts


def _state(student, in_ch, out_ch, stride):
    block = student.PreActBlock(in_ch, out_ch, stride=stride)
    state = block.state_dict()
    told = [name for name in _values(in_ch, out_ch) if name in state]
    return {
        "names": " ".join(told),
        "shapes": {name: tuple(state[name].shape) for name in told},
        "number of parameters": sum(p.numel() for p in block.parameters()),
    }


def test_without_norm(student, compare):
    """With nn.Identity as norm: relu, convolution, relu, convolution, and x added; output and gradients."""
    compare(_run, 2, 2, _numbers(1, 2, 3, 2), _numbers(1, 2, 3, 2) ** 2, _values(2, 2, norm=False), norm="Identity")


def test_with_batch_norm(student, compare):
    """In training and in evaluation, with all gradients and stored statistics; negative numbers pass along the skip."""
    x, dy = _numbers(2, 2, 3, 2), _numbers(2, 2, 3, 2) ** 2
    compare(_run, 2, 2, x, dy, _values(2, 2))
    compare(_run, 2, 2, x, dy, _values(2, 2), training=False)


def test_projection(student, compare):
    """Where the shape changes, a 1x1 convolution of h with the stride, and no norm, is the skip."""
    compare(_run, 2, 3, _numbers(2, 2, 4, 3), _numbers(2, 3, 2, 2), _values(2, 3, True), stride=2)
    compare(_run, 3, 2, _numbers(2, 3, 2, 3), _numbers(2, 2, 2, 3), _values(3, 2, True))


def test_zero_init(student, compare):
    """With zero_init a new block returns x bit for bit, and conv2 has a gradient all the same; without, it does not."""
    compare(_start, True, _numbers(2, 2, 3, 2), _numbers(2, 2, 3, 2) ** 2)
    compare(_start, False, _numbers(2, 2, 3, 2), _numbers(2, 2, 3, 2) ** 2)


def test_sizes(student, compare):
    """Branch and skip fit together, and stride 2 halves height and width."""
    compare(_sizes)


def test_names_and_counts(student, compare):
    """The names in state_dict(), their shapes, and the number of parameters."""
    compare(_state, 3, 3, 1)
    compare(_state, 2, 4, 2)
