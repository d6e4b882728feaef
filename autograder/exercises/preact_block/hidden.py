"""Hidden tests of PreActBlock: what the block computes with given weights, whatever its inside looks like.

`traindeep.weights` finds the parameters by the documented names, else by shape and order. Names and counts belong to the
part "projection", how the weights start to "zero_init".
"""

import torch
from traindeep import weights
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"identity": 2, "projection": 1, "zero_init": 1, "gradient path": 1}


def _norm(channels, name):
    return {
        f"{name}.weight": (channels,),
        f"{name}.bias": (channels,),
        f"{name}.running_mean": (channels,),
        f"{name}.running_var": (channels,),
    }


def _group_norm(channels, name):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def _no_norm(channels, name):
    return {}


def _shapes(in_ch, out_ch, projection=False, norm=_norm):
    shapes = {**norm(in_ch, "bn1"), "conv1.weight": (out_ch, in_ch, 3, 3)}
    shapes |= {**norm(out_ch, "bn2"), "conv2.weight": (out_ch, out_ch, 3, 3)}
    return shapes | ({"shortcut.weight": (out_ch, in_ch, 1, 1)} if projection else {})


def _tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _run(student, in_ch, out_ch, settings, values, x, upstream, training=True, norm="batch"):
    nn = student.imported("torch.nn")
    if norm == "group":
        settings["norm"] = student.imported("functools").partial(nn.GroupNorm, 2)
    elif norm == "none":
        settings["norm"] = nn.Identity
    return weights.run(student.PreActBlock(in_ch, out_ch, **settings), values, x, upstream, training)


def _case(rng, in_ch, out_ch, size, projection=False, norm=_norm, stride=1):
    """Weights, input and upstream gradient."""
    H, W = ((side + stride - 1) // stride for side in size)
    values = weights.normals(rng, _shapes(in_ch, out_ch, projection, norm))
    return values, _tensor(rng, 3, in_ch, *size), _tensor(rng, 3, out_ch, H, W)


# ---- identity ----------------------------------------------------------------------------------------------


@part("identity")
def test_training(compare, rng):
    """Output, all gradients and the stored statistics of a block that keeps the shape, in training."""
    compare(_run, 3, 3, {}, *_case(rng, 3, 3, (5, 4)))


@part("identity")
def test_evaluation(compare, rng):
    """The same block in evaluation."""
    compare(_run, 4, 4, {"stride": 1}, *_case(rng, 4, 4, (3, 5)), training=False)


@part("identity")
def test_other_norms(compare, rng):
    """`norm` makes the norms: group norm, or none at all; float32, too."""
    compare(_run, 4, 4, {}, *_case(rng, 4, 4, (3, 5), norm=_group_norm), norm="group")
    values, x, upstream = _case(rng, 2, 2, (5, 3), norm=_no_norm)
    compare(_run, 2, 2, {}, values, x, upstream, norm="none")
    compare(_run, 2, 2, {}, {k: v.float() for k, v in values.items()}, x.float(), upstream.float(), norm="none")


@part("identity")
def test_x_passes_unchanged(student, rng):
    """What the block adds depends on relu(bn1(x)) alone: where that is zero, x passes as it is, negative numbers, too."""
    values, x, _ = _case(rng, 3, 3, (4, 5))
    values |= {"bn1.weight": torch.zeros(3).double(), "bn1.bias": -torch.ones(3).double()}
    values |= {"bn2.bias": -torch.ones(3).double(), "bn2.running_mean": torch.zeros(3).double()}
    block = student.PreActBlock(3, 3).double()
    weights.put(block, values)
    block.eval()
    y = block(x.clone()).detach()
    assert tuple(y.shape) == tuple(x.shape), "y should have the shape of x"
    assert torch.allclose(y, x), "a block whose branch is 0 should give x back, negative numbers included"


# ---- projection --------------------------------------------------------------------------------------------


@part("projection")
def test_projection(compare, rng):
    """Where the stride or the number of channels changes, h is projected: output, gradients, statistics."""
    for in_ch, out_ch, stride, size in ((2, 4, 2, (5, 4)), (3, 5, 1, (4, 3)), (3, 3, 2, (4, 6)), (4, 2, 1, (3, 4))):
        case = _case(rng, in_ch, out_ch, size, projection=True, stride=stride)
        compare(_run, in_ch, out_ch, {"stride": stride}, *case)


@part("projection")
def test_projection_in_evaluation(compare, rng):
    """The same in evaluation, with a stride of 3, and with other norms."""
    case = _case(rng, 2, 3, (7, 5), projection=True, stride=3)
    compare(_run, 2, 3, {"stride": 3}, *case, training=False)
    case = _case(rng, 4, 2, (5, 6), projection=True, norm=_group_norm, stride=2)
    compare(_run, 4, 2, {"stride": 2}, *case, norm="group")
    compare(_run, 2, 3, {}, *_case(rng, 2, 3, (5, 4), projection=True, norm=_no_norm), norm="none")


CASES = [(2, 2, 1), (2, 2, 2), (2, 5, 1), (2, 5, 2), (5, 2, 1)]


def _sizes(student, cases):
    """The shape of what comes out, for each case; what the convolutions make of x where a block fails."""
    facts = {}
    for in_ch, out_ch, stride in cases:
        x, name = torch.ones(2, in_ch, 8, 12), f"{in_ch} to {out_ch} channels, stride {stride}"
        block = student.PreActBlock(in_ch, out_ch, stride=stride)
        try:
            facts[f"{name}: shape of y"] = tuple(block(x).shape)
        except NotImplementedError:
            raise
        except Exception:
            facts[f"{name}: shape of y"] = "an error"
            facts[f"{name}: convolutions"] = _after_the_convolutions(block, x)
    return facts


def _after_the_convolutions(block, x):
    try:
        h = block.conv1(x)
        return [tuple(h.shape), tuple(block.conv2(h).shape)]
    except Exception:
        return []


def _state(student, in_ch, out_ch, stride):
    """Shapes in state_dict(): of the documented names by name, of a projection together; number of parameters."""
    block = student.PreActBlock(in_ch, out_ch, stride=stride)
    state = block.state_dict()
    told = [name for name in _shapes(in_ch, out_ch) if name in state]
    projection = [tuple(value.shape) for name, value in state.items() if name.startswith("shortcut.")]
    sizes = [int(p.numel()) for p in block.parameters()]
    return {
        "names": " ".join(told),
        "shapes": {name: tuple(state[name].shape) for name in told},
        "in the shortcut": sorted(projection, key=str),
        "number of parameters, and of tensors": [sum(sizes), len(sizes)],
    }


@part("projection", supporting=True)
def test_sizes(compare):
    """Branch and shortcut have the same shape, for every stride and number of channels."""
    compare(_sizes, CASES)


@part("projection", supporting=True)
def test_names_and_counts(compare):
    """state_dict() has the documented names; no bias, a norm for each place, a projection only where one is due."""
    for args in CASES:
        compare(_state, *args)


# ---- zero_init ---------------------------------------------------------------------------------------------


def _start(student, in_ch, out_ch, stride, zero_init, x):
    """A new block: whether y is x bit for bit, how many parameters are 0, and how many get a gradient."""
    block = student.PreActBlock(in_ch, out_ch, stride=stride, zero_init=zero_init)
    y, _, gradients = vjp(block, x, upstream=torch.cos(torch.arange(1.0, 241.0)).reshape(4, 3, 5, 4))
    zero = [tuple(value.shape) for value in block.parameters() if not bool(value.any())]
    learns = [value for value in gradients.values() if value is not None and bool(value.abs().max() > 1e-6)]
    return {
        "y is x": bool(torch.equal(y, x)) if y.shape == x.shape else None,
        "y is near x": bool(torch.allclose(y, x, atol=0.2)) if y.shape == x.shape else None,
        "number of parameters that are 0": len(zero),
        "conv1.weight is 0": not bool(block.state_dict().get("conv1.weight", torch.ones(1)).any()),
        "number of weights of convolutions that are 0": sum(len(shape) == 4 for shape in zero),
        "number of weights of convolutions that learn": sum(value.ndim == 4 for value in learns),
    }


@part("zero_init")
def test_starts_as_the_identity(compare, rng):
    """With zero_init a new block gives back x bit for bit, in both modes, and its last convolution learns."""
    x = torch.from_numpy(rng.normal(size=(4, 3, 5, 4))).float()
    compare(_start, 3, 3, 1, True, x)


@part("zero_init")
def test_starts_at_random(compare, rng):
    """Without zero_init a new block is not the identity, and two of them differ."""
    x = torch.from_numpy(rng.normal(size=(4, 3, 5, 4))).float()
    compare(_start, 3, 3, 1, False, x)
    compare(_two, x)


def _two(student, x):
    torchs = student.imported("torch")
    torchs.manual_seed(5)
    one, other = (student.PreActBlock(3, 3)(x).detach() for _ in range(2))
    zero, zero_too = (student.PreActBlock(3, 5, zero_init=True)(x).detach() for _ in range(2))
    return {
        "two new blocks are equal": bool(torch.equal(one, other)),
        "two new blocks with a projection and zero_init are equal": bool(torch.equal(zero, zero_too)),
    }


# ---- gradient path -----------------------------------------------------------------------------------------


def _stack(student, values, x, upstream):
    """Three blocks in a row: y - x against the sum of the branches, and the part of the gradient that passes along x."""
    blocks = [student.PreActBlock(3, 3).double() for _ in values]
    for block, own in zip(blocks, values, strict=True):
        weights.put(block, own)
        block.eval()
    nn = student.imported("torch.nn")
    y, (dx,), _ = vjp(nn.Sequential(*blocks), x, upstream=upstream)
    return {"y": y, "gradient of x": dx}


@part("gradient path")
def test_stack(compare, rng):
    """Three blocks in a row are x plus the sum of their branches, and so is the gradient."""
    cases = [_case(rng, 3, 3, (4, 5)) for _ in range(3)]
    compare(_stack, [case[0] for case in cases], *cases[0][1:])


@part("gradient path")
def test_gradient_through_dead_branches(student, rng):
    """Where the branches are 0, ten blocks pass the gradient as it is."""
    values, x, upstream = _case(rng, 3, 3, (4, 5))
    values["conv2.weight"] = torch.zeros(3, 3, 3, 3).double()
    blocks = [student.PreActBlock(3, 3).double() for _ in range(10)]
    for block in blocks:
        weights.put(block, values)
    y, (dx,), _ = vjp(student.imported("torch.nn").Sequential(*blocks), x, upstream=upstream)
    assert torch.allclose(y, x), "blocks with conv2 = 0 should give x back"
    assert dx is not None, "no gradient reaches x"
    assert torch.allclose(dx, upstream), "the gradient does not pass unchanged along the skips"
