"""The bottleneck block of the deeper residual networks."""

import torch

from traindeep import weights

SIGNATURES = {"Bottleneck": "in_ch, mid, stride, expansion, norm -> block"}
HINTS = (
    "Write the three convolutions as a table: from how many channels to how many, size of the kernel, stride, padding. "
    "Which numbers of channels meet at the sum?",
    "1x1 from in_ch to mid, 3x3 from mid to mid with the stride and padding 1, 1x1 from mid to mid * expansion. A norm "
    "follows each, a relu the first two norms and the sum. x fits if stride is 1 and in_ch equals mid * expansion.",
    "It is BasicBlock with a third stage. Check mid and expansion before you build: raise ValueError(f'mid must be at least "
    "1, got {mid}'). The projection is nn.Sequential(nn.Conv2d(in_ch, out, 1, stride=stride, bias=False), norm(out)).",
)


def _numbers(*shape):
    """Different numbers of both signs, without luck."""
    n = torch.Size(shape).numel()
    return torch.cos(torch.arange(1.0, n + 1, dtype=torch.float64) ** 1.5).reshape(shape)


def _values(in_ch, mid, expansion, projection=False, norm=True):
    def norms(name, channels):
        own = {f"{name}.weight": 1 + _numbers(channels) / 2, f"{name}.bias": _numbers(channels) / 3}
        own |= {f"{name}.running_mean": _numbers(channels), f"{name}.running_var": 1.5 + _numbers(channels)}
        return own if norm else {}

    out = mid * expansion
    values = {"conv1.weight": _numbers(mid, in_ch, 1, 1), **norms("bn1", mid)}
    values |= {"conv2.weight": 0.5 * _numbers(mid, mid, 3, 3), **norms("bn2", mid)}
    values |= {"conv3.weight": _numbers(out, mid, 1, 1), **norms("bn3", out)}
    return values | (
        {"shortcut.0.weight": _numbers(out, in_ch, 1, 1), **norms("shortcut.1", out)} if projection else {}
    )


def _run(student, in_ch, mid, x, upstream, values, training=True, norm="BatchNorm2d", **settings):
    if norm != "BatchNorm2d":
        settings["norm"] = getattr(torch.nn, norm)
    return weights.run(student.Bottleneck(in_ch, mid, **settings), values, x, upstream, training)


def _sizes(student):
    facts = {}
    for in_ch, mid, stride, expansion in ((4, 2, 1, 2), (4, 2, 2, 2), (3, 2, 1, 4), (2, 2, 1, 3), (3, 1, 2, 4)):
        name = f"{in_ch} channels, mid {mid}, stride {stride}, expansion {expansion}"
        x, block = torch.ones(1, in_ch, 8, 12), student.Bottleneck(in_ch, mid, stride=stride, expansion=expansion)
        try:
            facts[f"{name}: shape of y"] = tuple(block(x).shape)
        except RuntimeError as error:
            if isinstance(error, NotImplementedError):
                raise
            facts[f"{name}: shape of y"] = "an error"
            shapes = []
            try:
                for layer in (block.conv1, block.conv2, block.conv3):
                    x = layer(x)
                    shapes.append(tuple(x.shape))
            except (RuntimeError, AttributeError):
                pass
            facts[f"{name}: shapes behind the convolutions"] = shapes
    return facts


def _state(student, in_ch, mid, stride, expansion):
    block = student.Bottleneck(in_ch, mid, stride, expansion)
    state = block.state_dict()
    told = [name for name in _values(in_ch, mid, expansion) if name in state]
    return {
        "names": " ".join(told),
        "shapes": {name: tuple(state[name].shape) for name in told},
        "number of parameters": sum(p.numel() for p in block.parameters()),
    }


def _weights_of_convolutions(student):
    block = student.Bottleneck(256, 64)
    return {"weights of convolutions": sum(p.numel() for p in block.parameters() if p.ndim == 4)}


def _refusals(student):
    facts = []
    for mid, expansion in ((0, 4), (2, 0), (-1, 4)):
        try:
            student.Bottleneck(4, mid, expansion=expansion)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
        except RuntimeError as error:
            if isinstance(error, NotImplementedError):
                raise
            facts.append("another error")
    return {"what happens": facts}


def test_without_norm(student, compare):
    """With nn.Identity as norm: three convolutions, relus between, x added, relu; output and gradients."""
    compare(
        _run,
        4,
        2,
        _numbers(1, 4, 3, 2),
        _numbers(1, 4, 3, 2) ** 2,
        _values(4, 2, 2, norm=False),
        norm="Identity",
        expansion=2,
    )


def test_with_batch_norm(student, compare):
    """In training and in evaluation, with all gradients and stored statistics."""
    x, dy = _numbers(2, 4, 3, 2), _numbers(48).reshape(2, 4, 3, 2) ** 2
    compare(_run, 2, 2, x[:, :2], dy[:, :2], _values(2, 2, 1), expansion=1)
    compare(_run, 4, 1, x, dy, _values(4, 1, 4))
    compare(_run, 4, 2, x, dy, _values(4, 2, 2), training=False, expansion=2)


def test_projection(student, compare):
    """Where the shape changes, a 1x1 convolution of x with the stride and a norm stand on the shortcut."""
    compare(_run, 3, 2, _numbers(2, 3, 4, 3), _numbers(2, 4, 2, 2), _values(3, 2, 2, True), stride=2, expansion=2)
    compare(_run, 2, 1, _numbers(2, 2, 2, 3), _numbers(2, 3, 2, 3), _values(2, 1, 3, True), expansion=3)


def test_sizes(student, compare):
    """Branch and shortcut fit together; y has mid * expansion channels, and stride 2 halves height and width."""
    compare(_sizes)


def test_cost(student, compare):
    """From 256 channels to 64, 64 and 256 there are 69,632 weights, less than in two 3x3 convolutions of 64 channels (73,728)."""
    compare(_weights_of_convolutions)


def test_names_and_counts(student, compare):
    """The names in state_dict(), their shapes, and the number of parameters."""
    compare(_state, 8, 2, 1, 4)
    compare(_state, 3, 2, 2, 4)


def test_bad_input(student, compare):
    """mid or expansion below 1 is a ValueError that names it."""
    compare(_refusals)
    compare.refuses("Bottleneck", 4, 0, naming=("mid",))
    compare.refuses("Bottleneck", 4, 2, 1, 0, naming=("expansion",))
