"""The basic block of a residual network."""

import torch

from traindeep import weights

SIGNATURES = {"BasicBlock": "in_ch, out_ch, stride, shortcut, norm -> block"}
HINTS = (
    "Draw the block: two convolutions with their norms on one way, the shortcut on the other, a sum, and where the relus "
    "stand. Which of the layers change the number of channels, and which the size of the image?",
    "conv1 goes from in_ch to out_ch and has the stride, conv2 from out_ch to out_ch. The shortcut has to arrive with the "
    "same shape: decide in the constructor whether x fits as it is (option B), is subsampled and filled up (A), or goes "
    "through a 1x1 convolution with the stride and a norm. The last relu comes after the sum.",
    "nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False). x[:, :, ::s, ::s] subsamples; F.pad(x, (0, 0, 0, 0, 0, more)) "
    "adds channels of zeros at the end, as the pairs count the axes from the last one. nn.Sequential(conv, norm(out_ch)) "
    "is a projection.",
)


def _numbers(*shape):
    """Different numbers of both signs, without luck."""
    n = torch.Size(shape).numel()
    return torch.cos(torch.arange(1.0, n + 1, dtype=torch.float64) ** 1.5).reshape(shape)


def _values(in_ch, out_ch, projection=False, norm=True):
    def norms(name):
        own = {f"{name}.weight": 1 + _numbers(out_ch) / 2, f"{name}.bias": _numbers(out_ch) / 3}
        own |= {f"{name}.running_mean": _numbers(out_ch), f"{name}.running_var": 1.5 + _numbers(out_ch)}
        return own if norm else {}

    values = {"conv1.weight": _numbers(out_ch, in_ch, 3, 3), **norms("bn1")}
    values |= {"conv2.weight": 0.5 * _numbers(out_ch, out_ch, 3, 3), **norms("bn2")}
    return values | ({"shortcut.0.weight": _numbers(out_ch, in_ch, 1, 1), **norms("shortcut.1")} if projection else {})


def _run(student, in_ch, out_ch, x, upstream, values, training=True, norm="BatchNorm2d", **settings):
    if norm != "BatchNorm2d":
        settings["norm"] = getattr(torch.nn, norm)
    return weights.run(student.BasicBlock(in_ch, out_ch, **settings), values, x, upstream, training)


def _branch_zero(student, x):
    values = _values(2, 2)
    values |= {name: torch.zeros(2, dtype=torch.float64) for name in ("bn2.weight", "bn2.bias")}
    block = student.BasicBlock(2, 2).double()
    weights.put(block, values)
    return {"y": block(x)}


def _sizes(student):
    facts = {}
    for in_ch, out_ch, stride, shortcut in (
        (2, 2, 1, "B"),
        (2, 2, 2, "B"),
        (2, 3, 1, "B"),
        (2, 3, 2, "A"),
        (2, 3, 2, "C"),
    ):
        name = f"{in_ch} to {out_ch} channels, stride {stride}, shortcut {shortcut}"
        x, block = torch.ones(1, in_ch, 8, 12), student.BasicBlock(in_ch, out_ch, stride=stride, shortcut=shortcut)
        try:
            facts[f"{name}: shape of y"] = tuple(block(x).shape)
        except RuntimeError as error:
            if isinstance(error, NotImplementedError):
                raise
            facts[f"{name}: shape of y"] = "an error"
            h = block.conv1(x)
            facts[f"{name}: shapes behind conv1 and conv2"] = [tuple(h.shape), tuple(block.conv2(h).shape)]
    return facts


def _state(student, in_ch, out_ch, stride, shortcut):
    block = student.BasicBlock(in_ch, out_ch, stride=stride, shortcut=shortcut)
    state, told = block.state_dict(), [name for name in _values(in_ch, out_ch) if name in block.state_dict()]
    return {
        "names": " ".join(told),
        "shapes": {name: tuple(state[name].shape) for name in told},
        "number of parameters": sum(p.numel() for p in block.parameters()),
    }


def _refusals(student):
    facts = []
    for args in ((3, 2, 1, "A"), (2, 2, 1, "D")):
        try:
            student.BasicBlock(*args)
            facts.append(False)
        except ValueError:
            facts.append(True)
    return {"refused": facts}


def test_branch_zero(student, compare):
    """With a branch that is zero (bn2.weight = bn2.bias = 0), y is relu(x)."""
    compare(_branch_zero, torch.tensor([[[[1.0, -2.0], [3.0, -4.0]], [[-5.0, 6.0], [0.5, 0.0]]]], dtype=torch.float64))


def test_without_norm(student, compare):
    """With nn.Identity as norm: two convolutions, a relu between, x added, relu; output and gradients."""
    x, dy = _numbers(1, 2, 3, 2), _numbers(2, 1, 2, 3).reshape(1, 2, 3, 2)
    compare(_run, 2, 2, x, dy, _values(2, 2, norm=False), norm="Identity")


def test_with_batch_norm(student, compare):
    """In training and in evaluation, with all gradients and stored statistics."""
    x, dy = _numbers(2, 2, 3, 2), _numbers(24).reshape(2, 2, 3, 2) ** 2
    compare(_run, 2, 2, x, dy, _values(2, 2))
    compare(_run, 2, 2, x, dy, _values(2, 2), training=False)


def test_option_b(student, compare):
    """Where the shape changes, a 1x1 convolution with the stride and a norm stand on the shortcut."""
    compare(_run, 2, 3, _numbers(2, 2, 4, 3), _numbers(2, 3, 2, 2), _values(2, 3, True), stride=2)


def test_option_a(student, compare):
    """Every second pixel of x, then a channel of zeros; without norms the numbers can be followed by hand."""
    compare(
        _run,
        1,
        2,
        _numbers(1, 1, 4, 3),
        _numbers(1, 2, 2, 2),
        _values(1, 2, norm=False),
        norm="Identity",
        stride=2,
        shortcut="A",
    )
    compare(_run, 2, 4, _numbers(1, 2, 3, 2), _numbers(1, 4, 3, 2), _values(2, 4), shortcut="A")


def test_option_c(student, compare):
    """A projection also where the shape stays."""
    compare(_run, 2, 2, _numbers(2, 2, 3, 2), _numbers(2, 2, 3, 2) ** 2, _values(2, 2, True), shortcut="C")


def test_sizes(student, compare):
    """Branch and shortcut fit together, and stride 2 halves height and width."""
    compare(_sizes)


def test_names_and_counts(student, compare):
    """The names in state_dict(), their shapes, and the number of parameters."""
    compare(_state, 3, 3, 1, "B")
    compare(_state, 2, 4, 2, "B")
    compare(_state, 2, 4, 2, "A")


def test_bad_input(student, compare):
    """Fewer channels with option A, and an unknown option, are a ValueError that names an argument."""
    compare(_refusals)
    compare.refuses("BasicBlock", 3, 2, 1, "A", naming=("shortcut", "in_ch", "out_ch"))
    compare.refuses("BasicBlock", 2, 2, 1, "D", naming=("shortcut",))
