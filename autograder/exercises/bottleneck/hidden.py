"""Hidden tests of Bottleneck: what the block computes with given weights, whatever its inside looks like.

`traindeep.weights` finds the parameters by the documented names, else by shape and order.
"""

import torch
from traindeep import weights

from autograder.exercise import part

PARTS = {"forward": 3, "shortcut": 1, "count": 1}


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


def _shapes(in_ch, mid, expansion=4, projection=False, norm=_norm):
    out = mid * expansion
    shapes = {"conv1.weight": (mid, in_ch, 1, 1), **norm(mid, "bn1")}
    shapes |= {"conv2.weight": (mid, mid, 3, 3), **norm(mid, "bn2")}
    shapes |= {"conv3.weight": (out, mid, 1, 1), **norm(out, "bn3")}
    if projection:
        shapes |= {"shortcut.0.weight": (out, in_ch, 1, 1), **norm(out, "shortcut.1")}
    return shapes


def _tensor(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def _run(student, in_ch, mid, settings, values, x, upstream, training=True, norm="batch"):
    nn = student.imported("torch.nn")
    if norm == "group":
        settings["norm"] = student.imported("functools").partial(nn.GroupNorm, 2)
    elif norm == "none":
        settings["norm"] = nn.Identity
    return weights.run(student.Bottleneck(in_ch, mid, **settings), values, x, upstream, training)


def _case(rng, in_ch, mid, size, expansion=4, projection=False, norm=_norm, stride=1):
    """Weights, input and upstream gradient."""
    H, W = ((side + stride - 1) // stride for side in size)
    values = weights.normals(rng, _shapes(in_ch, mid, expansion, projection, norm))
    return values, _tensor(rng, 3, in_ch, *size), _tensor(rng, 3, mid * expansion, H, W)


# ---- forward -----------------------------------------------------------------------------------------------


@part("forward")
def test_training(compare, rng):
    """Output, all gradients and the stored statistics of a block that keeps the shape, in training."""
    compare(_run, 2, 2, {"expansion": 1}, *_case(rng, 2, 2, (5, 4), expansion=1))
    compare(_run, 8, 2, {}, *_case(rng, 8, 2, (5, 4)))
    compare(_run, 6, 3, {"expansion": 2}, *_case(rng, 6, 3, (4, 3), expansion=2))


@part("forward")
def test_evaluation(compare, rng):
    """The same in evaluation, with expansion 1 as well."""
    compare(_run, 3, 3, {"expansion": 1}, *_case(rng, 3, 3, (4, 5), expansion=1), training=False)
    compare(_run, 6, 2, {"expansion": 3}, *_case(rng, 6, 2, (3, 5), expansion=3), training=False)


@part("forward")
def test_other_norms(compare, rng):
    """`norm` makes the norms: group norm, or none at all; float32, too."""
    compare(_run, 8, 4, {"expansion": 2}, *_case(rng, 8, 4, (3, 4), expansion=2, norm=_group_norm), norm="group")
    values, x, upstream = _case(rng, 4, 1, (5, 3), norm=_no_norm)
    compare(_run, 4, 1, {}, values, x, upstream, norm="none")
    compare(_run, 4, 1, {}, {k: v.float() for k, v in values.items()}, x.float(), upstream.float(), norm="none")


@part("forward")
def test_dead_branch(student, rng):
    """With a branch that is zero, y is relu(x)."""
    values, x, _ = _case(rng, 8, 2, (4, 5))
    values |= {name: torch.zeros(8).double() for name in ("bn3.weight", "bn3.bias")}
    block = student.Bottleneck(8, 2).double()
    weights.put(block, values)
    y = block(x.clone()).detach()
    assert tuple(y.shape) == tuple(x.shape), "y should have the shape of x"
    assert torch.allclose(y, torch.relu(x)), "with bn3.weight and bn3.bias 0, y should be relu(x)"


@part("forward")
def test_reach(student, rng):
    """A pixel of y sees its neighbours in x, and no pixel that is two steps away."""
    values, x, _ = _case(rng, 8, 2, (7, 7))
    # Far above 0 everywhere, so that no relu hides a change.
    for name, shift in (("bn1.bias", 50.0), ("bn2.bias", 5e3), ("bn3.bias", 1e6)):
        values[name] = torch.full_like(values[name], shift)
    block = student.Bottleneck(8, 2).double()
    weights.put(block, values)
    block.eval()
    before, other = block(x.clone()).detach(), x.clone()
    other[:, :, 3, 3] += 1
    changed = (block(other).detach() - before).abs().amax(dim=(0, 1)) > 1e-7
    assert tuple(changed.shape) == (7, 7), "y should have the height and width of x"
    near = torch.zeros(7, 7, dtype=torch.bool)
    near[2:5, 2:5] = True
    assert not bool((changed & ~near).any()), "a pixel of x reaches farther than its neighbours"
    assert bool(changed[3, 3]), "a pixel of x does not reach its own place"
    assert int(changed.sum()) > 1, "a pixel of x does not reach its neighbours"


# ---- shortcut ----------------------------------------------------------------------------------------------


@part("shortcut")
def test_projection(compare, rng):
    """Where the stride or the number of channels changes, x is projected: output, gradients, statistics."""
    for in_ch, mid, expansion, stride, size in ((3, 2, 4, 2, (5, 4)), (2, 3, 2, 1, (4, 3)), (6, 2, 3, 2, (4, 6))):
        case = _case(rng, in_ch, mid, size, expansion, projection=True, stride=stride)
        compare(_run, in_ch, mid, {"stride": stride, "expansion": expansion}, *case)


@part("shortcut")
def test_projection_in_evaluation(compare, rng):
    """The same in evaluation, with a stride of 3, with fewer channels, and with other norms."""
    compare(_run, 5, 3, {"stride": 3}, *_case(rng, 5, 3, (7, 5), projection=True, stride=3), training=False)
    compare(_run, 12, 2, {}, *_case(rng, 12, 2, (3, 4), projection=True), training=False)
    case = _case(rng, 3, 2, (5, 4), 2, projection=True, norm=_group_norm, stride=2)
    compare(_run, 3, 2, {"stride": 2, "expansion": 2}, *case, norm="group")


CASES = [(4, 2, 1, 2), (4, 2, 2, 2), (3, 2, 1, 4), (3, 2, 2, 4), (2, 2, 1, 3), (2, 2, 1, 1)]


def _sizes(student, cases):
    """The shape of what comes out, for each case; what the convolutions make of x where a block fails."""
    facts = {}
    for in_ch, mid, stride, expansion in cases:
        x = torch.ones(2, in_ch, 8, 12)
        name = f"{in_ch} channels, mid {mid}, stride {stride}, expansion {expansion}"
        block = student.Bottleneck(in_ch, mid, stride=stride, expansion=expansion)
        try:
            facts[f"{name}: shape of y"] = tuple(block(x).shape)
        except NotImplementedError:
            raise
        except Exception:
            facts[f"{name}: shape of y"] = "an error"
            facts[f"{name}: convolutions"] = _after_the_convolutions(block, x)
    return facts


def _after_the_convolutions(block, x):
    shapes = []
    try:
        for name in ("conv1", "conv2", "conv3"):
            x = getattr(block, name)(x)
            shapes.append(tuple(x.shape))
    except Exception:
        pass
    return shapes


@part("shortcut", supporting=True)
def test_sizes(compare):
    """Branch and shortcut have the same shape, for every stride, expansion and number of channels."""
    compare(_sizes, CASES)


# ---- count -------------------------------------------------------------------------------------------------


def _counts(student, cases):
    """Numbers of parameters, and of tensors that hold them."""
    facts = {}
    for in_ch, mid, stride, expansion in cases:
        parameters = list(student.Bottleneck(in_ch, mid, stride=stride, expansion=expansion).parameters())
        sizes = [int(p.numel()) for p in parameters]
        facts[f"{in_ch} channels, mid {mid}, stride {stride}, expansion {expansion}"] = [sum(sizes), len(sizes)]
    return facts


def _state(student, in_ch, mid, stride):
    """Shapes in state_dict(): of the documented names by name, of a projection together."""
    state = student.Bottleneck(in_ch, mid, stride=stride).state_dict()
    told = [name for name in _shapes(in_ch, mid) if name in state]
    projection = [tuple(value.shape) for name, value in state.items() if name.startswith("shortcut.")]
    return {
        "names": " ".join(told),
        "shapes": {name: tuple(state[name].shape) for name in told},
        "in the shortcut": sorted(projection, key=str),
    }


@part("count", supporting=True)
def test_counts(compare):
    """The number of parameters: no bias in a convolution, a norm for each place, and a projection only where one is due."""
    compare(_counts, CASES)


@part("count", supporting=True)
def test_names(compare):
    """state_dict() has the documented names, with the shapes of their layers."""
    for args in ((8, 2, 1), (3, 2, 2)):
        compare(_state, *args)


def _refusals(student, cases):
    student.Bottleneck(4, 1)  # an answer that always raises is not one that refuses
    facts = []
    for in_ch, mid, expansion in cases:
        try:
            student.Bottleneck(in_ch, mid, expansion=expansion)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
        except NotImplementedError:
            raise
        except Exception:
            facts.append("another error")
    return {"what happens": facts}


@part("count", supporting=True)
def test_bad_input(compare):
    """Fewer than one channel inside, and an expansion below 1, are refused."""
    compare(_refusals, [(4, 0, 4), (4, -1, 4), (4, 2, 0), (4, 2, -2)])
    compare.refuses("Bottleneck", 4, 0, naming=("mid",))
    compare.refuses("Bottleneck", 4, 2, 1, 0, naming=("expansion",))
