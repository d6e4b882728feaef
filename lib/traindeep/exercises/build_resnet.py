"""A small residual network with gates, dropout and a norm of your choice."""

import torch
from torch import nn

from traindeep import chance, weights
from traindeep.student import vjp

SIGNATURES = {"build_resnet": "in_ch, classes, width, blocks, p_L, p_drop, norm -> net"}
HINTS = (
    "Write the list of all blocks first: channels in, channels out, stride. The first block of a stage changes the shape, "
    "the others keep it. The gates go through the same list, numbered from 1 to 3 * blocks.",
    "A gate needs the branch and the skip apart, so block(x) alone does not do: terms(block, x) gives both. Behind the last "
    "block the sum is not normalized: norm, relu, mean over height and width, dropout, linear layer, in this order.",
    "nn.ModuleList holds blocks and gates, made in a loop so that each is a new one. zip goes through them in forward: "
    "x = gate(branch, skip). x.mean((2, 3)) takes the mean over all pixels, whatever their number.",
)


# ---- on the student's side --------------------------------------------------------------------------------


class Scaled(nn.Module):
    """Stands for any norm: multiplies each channel with a number. How many there are is counted."""

    made = 0

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        Scaled.made += 1

    def forward(self, x):
        return x * self.weight[:, None, None]


# ---- weights ----------------------------------------------------------------------------------------------


def _shapes(in_ch, classes, width, blocks, norm):
    """Role -> shape of all that the network holds, in the order of the layers."""
    own = {
        "batch": ("weight", "bias", "running_mean", "running_var"),
        "group": ("weight", "bias"),
        "scale": ("weight",),
    }

    def norms(name, channels):
        return {f"{name}.{entry}": (channels,) for entry in own.get(norm, ())}

    shapes, channels = {"stem.weight": (width, in_ch, 3, 3)}, width
    for number in range(3 * blocks):
        name, out = f"blocks.{number}", width * 2 ** (number // blocks)
        shapes |= {**norms(f"{name}.bn1", channels), f"{name}.conv1.weight": (out, channels, 3, 3)}
        shapes |= {**norms(f"{name}.bn2", out), f"{name}.conv2.weight": (out, out, 3, 3)}
        if out != channels:
            shapes[f"{name}.shortcut.weight"] = (out, channels, 1, 1)
        channels = out
    return shapes | {**norms("norm", channels), "head.weight": (classes, channels), "head.bias": (classes,)}


def _values(rng, in_ch, classes, width, blocks, norm="batch", positive=False):
    """Random weights. Norms of the same size hold the same numbers, so it does not matter in which order they are made.

    With `positive` all weights of layers are: then no relu does anything to a positive x.
    """
    values = weights.normals(rng, _shapes(in_ch, classes, width, blocks, norm))
    known = {}
    for role, value in values.items():
        if value.ndim == 1 and role != "head.bias":
            values[role] = known.setdefault((role.rpartition(".")[2], len(value)), value)
        elif positive:
            values[role] = value.abs()
    return values


def _norm(student, norm):
    nn = student.imported("torch.nn")
    if norm == "group":
        return student.imported("functools").partial(nn.GroupNorm, 2)
    return {"batch": nn.BatchNorm2d, "none": nn.Identity}.get(norm) or student.imported(__name__).Scaled


def _net(student, values, norm="batch", **settings):
    """The student's network with these weights, and their names in it. A bias of the first layer is allowed; it gets 0."""
    width, in_ch = values["stem.weight"].shape[:2]
    blocks = sum(role.endswith("conv1.weight") for role in values) // 3
    if norm != "batch":
        settings["norm"] = _norm(student, norm)
    net = student.build_resnet(in_ch, len(values["head.bias"]), width, blocks, **settings)
    if values["stem.weight"].dtype == torch.float64:
        net = net.double()
    state = net.state_dict()
    biases = [sum(n.endswith("bias") and v.shape == (width,) for n, v in held.items()) for held in (state, values)]
    if biases[0] == biases[1] + 1:
        first = values["stem.weight"]
        values = {"stem.weight": first, "stem.bias": first.new_zeros(width)} | values
    return net, weights.put(net, values)


def _or_error(run):
    """What run gives, or that torch refuses the shapes."""
    try:
        return run()
    except (RuntimeError, ValueError) as error:
        if isinstance(error, NotImplementedError):
            raise
        return {"y": "an error"}


def _numbers(found):
    """The different numbers among values, to three digits; "many" if there are more than two."""
    found = sorted({round(v, 3) + 0.0 for v in torch.as_tensor(found).double().flatten().tolist()})
    return found if len(found) <= 2 else "many"


# ---- scenarios --------------------------------------------------------------------------------------------


def _output(student, values, x, upstream, training=True, norm="batch"):
    """y and the gradient of x with given weights, all branches there."""

    def run():
        net, _ = _net(student, values, norm)
        net.train(training)
        y = net(x.clone()).detach()  # the statistics that this changes are not used in training
        if y.shape != upstream.shape:
            return {"y": y}
        y, (dx,), _ = vjp(net, x, upstream=upstream)
        return {"y": y, "gradient of x": dx}

    return _or_error(run)


def _sizes(student, values, images, p_drop=0.0):
    """Logits of images of several sizes, in evaluation, all branches there; an image alone gives what it gives in a batch."""
    net, _ = _net(student, values, p_drop=p_drop)
    net.eval()
    facts = {f"images of size {tuple(x.shape[2:])}": _or_error(lambda x=x: {"y": net(x).detach()}) for x in images}
    y = facts[f"images of size {tuple(images[0].shape[2:])}"]["y"]
    alone = y if isinstance(y, str) else net(images[0][:1]).detach()[0]
    facts["an image alone gives what it gives in a batch"] = isinstance(y, str) or bool(
        torch.allclose(alone, y[0], rtol=1e-6)
    )
    return facts


def _layers(student, in_ch, classes, width, blocks):
    """Weights, and how many norms were made."""
    scaled = student.imported(__name__).Scaled
    scaled.made = 0
    net = student.build_resnet(in_ch, classes, width, blocks, norm=scaled)
    state = net.state_dict()
    return {
        "number of norms": scaled.made,
        "shapes of the weights of convolutions and linear layers": sorted(
            tuple(value.shape) for value in state.values() if value.ndim > 1
        ),
        "number of parameters, without a bias of the first layer": sum(
            value.numel() for name, value in state.items() if not (name.endswith("bias") and value.shape == (width,))
        ),
    }


def _drops(student, values, x, p_drop):
    """What dropout does to the mean of each channel: the last layer shows them, all but its last logit."""
    C = values["head.weight"].shape[1]
    # So large a bias of the norms that no feature is 0.
    values = {role: v + 9 if v.ndim == 1 and role.endswith("bias") else v for role, v in values.items()}
    values["head.weight"] = torch.cat([torch.eye(C, dtype=x.dtype), torch.zeros(1, C, dtype=x.dtype)])
    values["head.bias"] = torch.full((C + 1,), -7.0, dtype=x.dtype)
    net, _ = _net(student, values, "group", p_drop=p_drop)
    y, plain = net.train()(x).detach(), net.eval()(x).detach()
    factors = ((y + 7) / (plain + 7))[:, :C]
    dropped = int((factors.abs() < 1e-6).sum())
    share = chance.share(dropped, factors.numel(), p_drop)
    if share != p_drop:  # the likely mistake has a number of its own, not a rounded one that chance could change
        share = chance.share(dropped, factors.numel(), 1 - p_drop)
    return {
        "factors of the features": _numbers(factors),
        "share of the features that are dropped": share,
        "some logits are 0": bool((y == 0).any()),
        "the logit without features is its bias": bool((y[:, C] == -7).all()),
        "evaluation drops as well": not torch.allclose(net(x).detach(), plain),
        "the norms see dropout": _seen_by_norms(student, values, x, p_drop),
    }


def _seen_by_norms(student, values, x, p_drop):
    """Whether what batch norm stores depends on what was dropped.

    If not, a second call moves all that a norm has stored in the same proportion as the first did.
    """
    biases = [(role, v) for role, v in values.items() if role.endswith("bias") and role != "head.bias"]
    values = values | {role.replace("bias", "running_mean"): torch.zeros_like(v) for role, v in biases}
    values = values | {role.replace("bias", "running_var"): torch.ones_like(v) for role, v in biases}
    net, names = _net(student, values, p_drop=p_drop)
    states = []
    for _ in range(2):
        net.train()(x)
        states.append({name: value.clone() for name, value in net.state_dict().items()})
    proportions = [
        (states[1][name] - states[0][name]) / (states[0][name] - values[role])
        for role, own in names.items()
        for name in own
        if "running" in role
    ]
    return not all(torch.allclose(found, found.mean(), rtol=1e-4) for found in proportions)


def _branch(student, held, values, number, x):
    """Logits in training and in evaluation, where one block alone has a branch.

    Nothing is normalized and all numbers are positive: the first logit grows with the branch, and linearly.
    """
    net, names = held
    state = {}
    for role, value in values.items():
        if role.endswith("conv2.weight"):
            for name in names.get(role, ()):
                state[name] = value if role == f"blocks.{number}.conv2.weight" else torch.zeros_like(value)
    net.load_state_dict(state, strict=False)
    calls = [net.train()(x).detach()[:, 0]]
    while len(calls) < 40 and torch.cat(calls).max() - torch.cat(calls).min() < 1e-6:
        calls.append(net(x[:8]).detach()[:, 0])  # one gate for a whole batch may stay the same for a while
    return torch.cat(calls), net.eval()(x).detach()[:, 0]


def _schedule(student, values, x, p_L):
    """What is left without each branch, and how much of it counts in evaluation."""
    held, facts, several = _net(student, values, "none", p_L=p_L), {}, False
    for number in range(sum(role.endswith("conv1.weight") for role in values)):
        training, evaluation = _branch(student, held, values, number, x)
        low, high, name = training.min(), training.max(), f"block {number + 1}"
        facts[f"{name}: the branch is sometimes there"] = bool(high - low > 1e-6)
        facts[f"{name}: evaluation draws"] = bool(evaluation.max() - evaluation.min() > 1e-6)
        if high - low > 1e-6:
            facts[f"{name}: logit without the branch"] = low
            several = several or bool(((training - low > 1e-6) & (high - training > 1e-6)).any())
            if not facts[f"{name}: evaluation draws"]:
                factor = (evaluation[0] - low) / (high - low)
                facts[f"{name}: factor in evaluation over that in training"] = factor
    return facts | {"a branch alone makes more than two values": several}


def _survive(student, values, x, p_L):
    """Whether each branch is there as often as the schedule says, example by example."""
    held, facts = _net(student, values, "none", p_L=p_L), {}
    L = sum(role.endswith("conv1.weight") for role in values)
    for number in range(L):
        calls = _branch(student, held, values, number, x)[0]
        training = calls[: len(x)]
        there, p = training - training.min() > 1e-6, 1 - (number + 1) / L * (1 - p_L)
        alike, same = p**2 + (1 - p) ** 2, (there[::2] == there[1::2]).sum()
        facts |= {
            f"block {number + 1}: the branch is sometimes missing": bool(calls.max() - calls.min() > 1e-6),
            f"block {number + 1}: the examples of a call differ": bool(there.any()),
            f"block {number + 1}: the branch is there as often as it should be": chance.share(
                there.sum(), len(there), p
            )
            == p,
            f"block {number + 1}: each example draws for itself": chance.share(same, len(there) // 2, alike) == alike,
        }
    return facts


def _chance(student, values, x, p_L=1.0, p_drop=0.0):
    """Whether two calls agree."""
    net, _ = _net(student, values, p_L=p_L, p_drop=p_drop)
    return {
        f"two calls in {mode} agree": bool(torch.equal(net.train(mode == "training")(x), net(x)))
        for mode in ("evaluation", "training")
    }


def _refused(student, *cases):
    facts = {}
    for width, blocks in cases:
        try:
            student.build_resnet(1, 3, width, blocks)
            facts[f"width {width}, blocks {blocks}"] = "accepted"
        except ValueError:
            facts[f"width {width}, blocks {blocks}"] = "refused"
    return facts


def _normal(rng, *shape):
    return torch.from_numpy(rng.normal(size=shape))


def test_layers(student, compare):
    """blocks = 2: 14 weights, two projections, 13 norms; the channels double from stage to stage."""
    compare(_layers, 1, 4, 3, 2)


def test_output(student, compare, rng):
    """In training, with given weights and all branches there: y, and the gradient of x."""
    compare(_output, _values(rng, 3, 5, 2, 1), _normal(rng, 2, 3, 5, 4), _normal(rng, 2, 5))
    compare(_output, _values(rng, 1, 3, 2, 2), _normal(rng, 2, 1, 6, 5), _normal(rng, 2, 3))


def test_other_sizes(student, compare, rng):
    """In evaluation images of any size give logits: the mean goes over whatever pixels there are."""
    compare(_sizes, _values(rng, 3, 5, 2, 1), [_normal(rng, 2, 3, *size) for size in ((8, 8), (16, 12), (5, 7))])


def test_norm(student, compare, rng):
    """norm makes all norms, the last one as well: group norm, or none at all."""
    for norm in ("group", "none"):
        compare(_output, _values(rng, 3, 5, 2, 1, norm), _normal(rng, 2, 3, 5, 4), _normal(rng, 2, 5), norm=norm)


def test_dropout(student, compare, rng):
    """With p_drop = 0.4 each feature is dropped or multiplied with 1 / 0.6; no norm notices, and no logit is dropped."""
    compare(_drops, _values(rng, 1, 9, 2, 1, "group"), _normal(rng, 60, 1, 8, 8), 0.4)


def test_schedule(student, compare, rng):
    """With p_L = 0.4 and two blocks a stage, branches count for 0.9, 0.8, 0.7, 0.6, 0.5 and 0.4 on average; skips stay."""
    values, x = _values(rng, 1, 3, 2, 2, "none", positive=True), torch.ones(300, 1, 4, 4, dtype=torch.float64)
    compare(_schedule, values, x, 0.4)


def test_how_often_branches_are_there(student, compare, rng):
    """In training they are there as often as that, each example for itself."""
    values, x = _values(rng, 1, 3, 2, 1, "none", positive=True), torch.ones(400, 1, 4, 4, dtype=torch.float64)
    compare(_survive, values, x, 0.4)


def test_evaluation(student, compare, rng):
    """In evaluation nothing is left to chance."""
    compare(_chance, _values(rng, 3, 5, 2, 1), _normal(rng, 9, 3, 8, 8), p_L=0.5)
    compare(_chance, _values(rng, 3, 5, 2, 1), _normal(rng, 9, 3, 8, 8), p_drop=0.3)
    compare(_sizes, _values(rng, 1, 3, 2, 1), [_normal(rng, 4, 1, 8, 8)], 0.5)


def test_bad_input(student, compare):
    """No blocks, or no channels, are a ValueError that names the argument."""
    compare(_refused, (2, 1), (2, 0), (0, 1))
    compare.refuses("build_resnet", 1, 3, 2, 0, naming=("blocks",))
    compare.refuses("build_resnet", 1, 3, 0, 1, naming=("width",))
