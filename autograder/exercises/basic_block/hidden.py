"""Hidden tests of BasicBlock: what the block computes with given weights, whatever its inside looks like.

`traindeep.weights` finds the parameters by the documented names, else by shape and order. Names, numbers of parameters and
the size of what comes out have tests of their own.
"""

import torch
from traindeep import weights

from autograder.exercise import part

PARTS = {"identity": 2, "B": 2, "A and C": 1, "names and counts": 1}


def _norm(channels, name):
    return {
        f"{name}.weight": (channels,),
        f"{name}.bias": (channels,),
        f"{name}.running_mean": (channels,),
        f"{name}.running_var": (channels,),
    }


def _shapes(in_ch, out_ch, projection=False, norm=_norm):
    shapes = {"conv1.weight": (out_ch, in_ch, 3, 3), **norm(out_ch, "bn1")}
    shapes |= {"conv2.weight": (out_ch, out_ch, 3, 3), **norm(out_ch, "bn2")}
    if projection:
        shapes |= {"shortcut.0.weight": (out_ch, in_ch, 1, 1), **norm(out_ch, "shortcut.1")}
    return shapes


def _group_norm(channels, name):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def _no_norm(channels, name):
    return {}


def _tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _make(student, norm, *args, **settings):
    """A block with batch norm (by default), group norm with two groups, or none."""
    nn = student.imported("torch.nn")
    if norm == "group":
        settings["norm"] = student.imported("functools").partial(nn.GroupNorm, 2)
    elif norm == "none":
        settings["norm"] = nn.Identity
    return student.BasicBlock(*args, **settings)


def _run(student, in_ch, out_ch, settings, values, x, upstream, training=True, norm="batch"):
    return weights.run(_make(student, norm, in_ch, out_ch, **settings), values, x, upstream, training)


def _case(rng, in_ch, out_ch, size, projection=False, norm=_norm, stride=1, n=3):
    """Weights, input and upstream gradient."""
    H, W = ((side + stride - 1) // stride for side in size)
    values = weights.normals(rng, _shapes(in_ch, out_ch, projection, norm))
    return values, _tensor(rng, n, in_ch, *size), _tensor(rng, n, out_ch, H, W)


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
def test_dead_branch(student, rng):
    """With a branch that is zero, y is relu(x)."""
    values, x, _ = _case(rng, 3, 3, (4, 5))
    values |= {name: torch.zeros(3).double() for name in ("bn2.weight", "bn2.bias")}
    block = student.BasicBlock(3, 3).double()
    weights.put(block, values)
    y = block(x.clone()).detach()
    assert tuple(y.shape) == tuple(x.shape), "y should have the shape of x"
    assert torch.allclose(y, torch.relu(x)), "with bn2.weight and bn2.bias 0, y should be relu(x)"


@part("identity")
def test_other_norms(compare, rng):
    """`norm` makes the norms: group norm, or none at all; float32, too."""
    compare(_run, 4, 4, {}, *_case(rng, 4, 4, (3, 5), norm=_group_norm), norm="group")
    values, x, upstream = _case(rng, 2, 2, (5, 3), norm=_no_norm)
    compare(_run, 2, 2, {}, values, x, upstream, norm="none")
    compare(_run, 2, 2, {}, {k: v.float() for k, v in values.items()}, x.float(), upstream.float(), norm="none")


# ---- B -----------------------------------------------------------------------------------------------------


@part("B")
def test_projection(compare, rng):
    """Where the stride or the number of channels changes, x is projected: output, gradients, statistics."""
    for in_ch, out_ch, stride, size in ((2, 4, 2, (5, 4)), (3, 5, 1, (4, 3)), (3, 3, 2, (4, 6)), (4, 2, 1, (3, 4))):
        case = _case(rng, in_ch, out_ch, size, projection=True, stride=stride)
        compare(_run, in_ch, out_ch, {"stride": stride}, *case)


@part("B")
def test_projection_in_evaluation(compare, rng):
    """The same in evaluation, with a stride of 3 as well."""
    for stride in (2, 3):
        case = _case(rng, 2, 3, (7, 5), projection=True, stride=stride)
        compare(_run, 2, 3, {"stride": stride, "shortcut": "B"}, *case, training=False)


@part("B")
def test_projection_with_other_norms(compare, rng):
    """The norm of the projection comes from `norm`, too."""
    case = _case(rng, 3, 4, (5, 6), projection=True, norm=_group_norm, stride=2)
    compare(_run, 3, 4, {"stride": 2}, *case, norm="group")
    case = _case(rng, 3, 2, (5, 4), projection=True, norm=_no_norm, stride=2)
    compare(_run, 3, 2, {"stride": 2}, *case, norm="none")


def _sizes(student, cases):
    """The shape of what comes out, for each case; what the convolutions make of x where a block fails."""
    facts = {}
    for in_ch, out_ch, stride, shortcut in cases:
        x = torch.ones(2, in_ch, 8, 12)
        name = f"{in_ch} to {out_ch} channels, stride {stride}, shortcut {shortcut}"
        block = student.BasicBlock(in_ch, out_ch, stride=stride, shortcut=shortcut)
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


CASES = [(in_ch, out_ch, stride, s) for s in "ABC" for in_ch, out_ch in ((2, 2), (2, 5)) for stride in (1, 2)]


@part("B", supporting=True)
def test_sizes(compare):
    """Branch and shortcut have the same shape, for every option, stride and number of channels."""
    compare(_sizes, CASES)


# ---- A and C -----------------------------------------------------------------------------------------------


@part("A and C")
def test_option_a(compare, rng):
    """Option A: every stride-th pixel, then channels of zeros; output and gradients."""
    for in_ch, out_ch, stride, size in ((2, 5, 2, (5, 4)), (3, 3, 2, (4, 6)), (2, 3, 1, (4, 3)), (3, 3, 1, (3, 4))):
        case = _case(rng, in_ch, out_ch, size, stride=stride)
        compare(_run, in_ch, out_ch, {"stride": stride, "shortcut": "A"}, *case)


@part("A and C")
def test_option_c(compare, rng):
    """Option C: a projection also where the shape stays."""
    for in_ch, out_ch, stride, size in ((3, 3, 1, (5, 4)), (2, 4, 2, (4, 5))):
        case = _case(rng, in_ch, out_ch, size, projection=True, stride=stride)
        compare(_run, in_ch, out_ch, {"stride": stride, "shortcut": "C"}, *case)


@part("A and C", supporting=True)
def test_bad_input(compare):
    """Fewer channels with option A, and other options, are refused."""
    compare(_refusals, [(5, 2, 1, "A"), (5, 2, 2, "A"), (3, 3, 1, "D"), (3, 3, 1, "a"), (3, 3, 1, "")])
    for args in ((5, 2, 1, "A"), (3, 3, 1, "D"), (3, 3, 1, "a")):
        compare.refuses("BasicBlock", *args, naming=("shortcut", "in_ch", "out_ch"))


def _refusals(student, cases):
    student.BasicBlock(2, 2, 1, "A")  # an answer that always raises is not one that refuses
    facts = []
    for args in cases:
        try:
            student.BasicBlock(*args)
            facts.append(False)
        except ValueError:
            facts.append(True)
    return {"refused": facts}


# ---- names and counts --------------------------------------------------------------------------------------


def _state(student, in_ch, out_ch, stride, shortcut):
    """Shapes in state_dict(): of the documented names by name, of the others together."""
    state = student.BasicBlock(in_ch, out_ch, stride=stride, shortcut=shortcut).state_dict()
    told = [name for name in _shapes(in_ch, out_ch) if name in state]
    shapes = {name: tuple(state[name].shape) for name in told}
    others = [name for name in state if name.split(".")[0] not in ("conv1", "bn1", "conv2", "bn2")]
    projections = [tuple(state[name].shape) for name in others if name.startswith("shortcut.")]
    return {"names": " ".join(told), "shapes": shapes, "in the shortcut": sorted(projections, key=str)}


def _counts(student, cases):
    """Numbers of parameters, and of tensors that hold them."""
    facts = {}
    for in_ch, out_ch, stride, shortcut in cases:
        parameters = list(student.BasicBlock(in_ch, out_ch, stride=stride, shortcut=shortcut).parameters())
        sizes = sorted(int(p.numel()) for p in parameters)
        facts[f"{in_ch} to {out_ch} channels, stride {stride}, shortcut {shortcut}"] = [sum(sizes), len(sizes)]
    return facts


@part("names and counts", supporting=True)
def test_names(compare):
    """state_dict() has the documented names, with the shapes of their layers."""
    for args in ((3, 3, 1, "B"), (2, 4, 2, "B"), (2, 4, 2, "A")):
        compare(_state, *args)


@part("names and counts", supporting=True)
def test_counts(compare):
    """The number of parameters: no bias in a convolution, a norm for each place, and a projection only where one is due."""
    compare(_counts, CASES)
