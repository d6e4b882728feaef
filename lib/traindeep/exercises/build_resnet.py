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


def _sizes(student, values, images):
    """Logits of images of several sizes, in evaluation."""
    net, _ = _net(student, values)
    net.eval()
    return {f"images of size {tuple(x.shape[2:])}": _or_error(lambda x=x: {"y": net(x).detach()}) for x in images}


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
    """What dropout does to the mean of each channel: the last layer shows them."""
    C = len(values["head.bias"])
    # So large a bias of the norms that no feature is 0.
    values = {r: v + 9 if v.ndim == 1 and r.endswith("bias") else v for r, v in values.items()}
    values = values | {"head.weight": torch.eye(C, dtype=x.dtype), "head.bias": torch.full((C,), -7.0, dtype=x.dtype)}
    net, _ = _net(student, values, "group", p_drop=p_drop)
    factors = (net.train()(x).detach() + 7) / (net.eval()(x).detach() + 7)
    after = []
    for p in (p_drop, 0.0):
        other, names = _net(student, values | _running(values), p_drop=p)
        other.train()(x)
        state = other.state_dict()
        after.append([state[name] for role in names for name in names[role] if "running" in name])
    return {
        "factors of the features": _numbers(factors),
        "share of the features that are dropped": chance.share((factors.abs() < 1e-6).sum(), factors.numel(), p_drop),
        "some logits are 0": bool((factors * (net.eval()(x).detach() + 7) == 7).any()),
        "the norms see dropout": any(not torch.allclose(a, b) for a, b in zip(*after, strict=True)),
    }


def _running(values):
    """The buffers that batch norm has beyond group norm."""
    C = [(role, value) for role, value in values.items() if role.endswith("bias") and role != "head.bias"]
    means = {role.replace("bias", "running_mean"): torch.zeros_like(value) for role, value in C}
    return means | {role.replace("bias", "running_var"): torch.ones_like(value) for role, value in C}


class _Branches:
    """With which factor the branch of a block is there. Nothing is normalized and all numbers are positive: logits are
    linear in the branch, and the branches of the other blocks are made 0.
    """

    def __init__(self, student, values, p_L):
        self.values = {role: value for role, value in values.items() if role.endswith("conv2.weight")}
        self.plain, self.gated = _net(student, values, "none"), _net(student, values, "none", p_L=p_L)

    def _only(self, held, number):
        """The network with one branch, or none (-1)."""
        net, names = held
        state = {}
        for role, value in self.values.items():
            for name in names.get(role, ()):
                state[name] = value if role == f"blocks.{number}.conv2.weight" else torch.zeros_like(value)
        net.load_state_dict(state, strict=False)
        return net

    def factors(self, number, x):
        """In training, for each example, and in evaluation."""
        without, full = (self._only(self.plain, which).eval()(x[:1]).detach()[0, 0] for which in (-1, number))
        net, branch = self._only(self.gated, number), full - without
        for _ in range(40):  # one gate for the whole batch can be 0 for a while
            training = (net.train()(x).detach()[:, 0] - without) / branch
            if training.abs().max() > 1e-4:
                break
        return training, (net.eval()(x[:1]).detach()[0, 0] - without) / branch


def _schedule(student, values, x, p_L):
    """The factor of each branch in evaluation, over that of a branch that is there in training; what is left without it."""
    branches, facts = _Branches(student, values, p_L), {}
    for number in range(len(branches.values)):
        training, evaluation = branches.factors(number, x)
        there = training.max()
        facts[f"block {number + 1}: factor in evaluation over that in training"] = float(evaluation / there)
        facts[f"block {number + 1}: two factors at most"] = bool(
            ((training.abs() < 1e-6) | ((training - there).abs() < 1e-6)).all()
        )
    return facts


def _survive(student, values, x, p_L):
    """The share of the examples that have the branch, block by block."""
    branches, facts = _Branches(student, values, p_L), {}
    L = len(branches.values)
    for number in range(L):
        training, _ = branches.factors(number, x)
        there, p = training.abs() > 1e-6, 1 - (number + 1) / L * (1 - p_L)
        alike = p**2 + (1 - p) ** 2
        facts[f"block {number + 1}: share of the branches that are there"] = chance.share(there.sum(), len(there), p)
        facts[f"block {number + 1}: examples next to each other are alike"] = chance.share(
            (there[::2] == there[1::2]).sum(), len(there) // 2, alike
        )
    return facts


def _evaluation(student, values, x, p_L, p_drop):
    """Nothing is left to chance in evaluation, and examples do not see each other."""
    net, _ = _net(student, values, p_drop=p_drop)
    y = net.eval()(x).detach()
    facts = {
        "an image alone gives what it gives in a batch": bool(torch.allclose(net(x[:1]).detach(), y[:1], rtol=1e-6))
    }
    net, _ = _net(student, values, p_L=p_L, p_drop=p_drop)
    net.eval()
    facts["two calls in evaluation are equal"] = bool(torch.equal(net(x).detach(), net(x).detach()))
    if all(facts.values()):
        facts["y in evaluation, with all branches"] = y
    net.train()
    return facts | {"two calls in training are equal": bool(torch.equal(net(x).detach(), net(x).detach()))}


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
    compare(_layers, 3, 5, 2, 1)
    compare(_layers, 1, 4, 3, 2)


def test_output(student, compare, rng):
    """In training and in evaluation, with given weights and all branches there: y, and the gradient of x."""
    values = _values(rng, 3, 5, 2, 1)
    for training in (True, False):
        compare(_output, values, _normal(rng, 4, 3, 8, 8), _normal(rng, 4, 5), training)
    compare(_output, _values(rng, 1, 3, 2, 2), _normal(rng, 3, 1, 6, 5), _normal(rng, 3, 3))


def test_other_sizes(student, compare, rng):
    """Images of any size give logits: the mean goes over whatever pixels there are."""
    compare(_sizes, _values(rng, 3, 5, 2, 1), [_normal(rng, 2, 3, *size) for size in ((8, 8), (16, 12), (5, 7))])


def test_norm(student, compare, rng):
    """norm makes all norms, the last one as well: group norm, or none at all."""
    for norm in ("group", "none"):
        compare(_output, _values(rng, 3, 5, 2, 1, norm), _normal(rng, 2, 3, 8, 8), _normal(rng, 2, 5), norm=norm)


def test_dropout(student, compare, rng):
    """With p_drop = 0.4 each feature is dropped or multiplied with 1 / 0.6; no norm notices, and no logit is dropped."""
    compare(_drops, _values(rng, 1, 8, 2, 1, "group"), _normal(rng, 60, 1, 8, 8), 0.4)


def test_schedule(student, compare, rng):
    """With p_L = 0.4 and two blocks a stage, branches count for 0.9, 0.8, 0.7, 0.6, 0.5 and 0.4 on average; skips stay."""
    values, x = _values(rng, 1, 3, 2, 2, "none", positive=True), torch.ones(40, 1, 4, 4, dtype=torch.float64)
    compare(_schedule, values, x, 0.4)


def test_how_often_branches_are_there(student, compare, rng):
    """In training they are there as often as that, each example for itself."""
    values, x = _values(rng, 1, 3, 2, 1, "none", positive=True), torch.ones(400, 1, 4, 4, dtype=torch.float64)
    compare(_survive, values, x, 0.4)


def test_evaluation(student, compare, rng):
    """In evaluation nothing is dropped, and what an image gives does not depend on the others."""
    compare(_evaluation, _values(rng, 3, 5, 2, 1), _normal(rng, 4, 3, 8, 8), 0.5, 0.3)


def test_bad_input(student, compare):
    """No blocks, or no channels, are a ValueError that names the argument."""
    compare(_refused, (2, 1), (2, 0), (0, 1))
    compare.refuses("build_resnet", 1, 3, 2, 0, naming=("blocks",))
    compare.refuses("build_resnet", 1, 3, 0, 1, naming=("width",))
