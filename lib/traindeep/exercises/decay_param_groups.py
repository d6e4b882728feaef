"""Weight decay for weights, and for nothing else."""

import torch
from torch import nn

SIGNATURES = {"decay_param_groups": "model, wd -> groups"}
HINTS = (
    "Print the name and the shape of every parameter of a small model with a convolution, a norm and a linear layer. What "
    "tells the weights that multiply inputs from all the others?",
    "model.parameters() gives each parameter once, however many names it has. Sort them by p.ndim, and leave out those that "
    "are not trained. An optimizer takes dicts whose settings replace its own, so the second group has to say 0 itself.",
    "trained = [p for p in model.parameters() if p.requires_grad] is a list, which can be read twice (model.parameters() "
    'itself can be read once). {"params": [p for p in trained if p.ndim >= 2], "weight_decay": wd} is the first group.',
)


# ---- on the student's side: a model, and what became of its parameters -----------------------------------


class _Scaled(nn.Module):
    """A layer and a parameter that belongs to no layer."""

    def __init__(self, layer, size):
        super().__init__()
        self.layer, self.scale = layer, nn.Parameter(torch.ones(size))


def model(kind, width, seed=0):
    """A small model in float64. Its numbers are random and not small."""
    layers = {
        "image": lambda: (
            [nn.Conv2d(2, width, 3), nn.BatchNorm2d(width), nn.ReLU()]
            + [nn.Sequential(nn.Linear(width, 4), nn.GroupNorm(2, 4)), nn.LayerNorm(4), nn.Linear(4, 2)]
        ),
        "linear without bias": lambda: [nn.Linear(3, width, bias=False), nn.ReLU(), nn.Linear(width, 2, bias=False)],
        "norms": lambda: [nn.BatchNorm1d(width), nn.ReLU(), nn.LayerNorm(width)],
        "own parameter": lambda: [nn.Linear(3, width), _Scaled(nn.Conv1d(2, width, 3), width)],
    }
    net, generator = nn.Sequential(*layers[kind]()), torch.Generator().manual_seed(seed)
    for parameter in net.parameters():
        parameter.data = 1 + torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
    return net


def freeze(net, place):
    """Take one layer out of the training."""
    net[place].requires_grad_(False)


def share(net):
    """Give the last layer the weight of another one."""
    net.append(nn.Linear(*reversed(net[-1].weight.shape))).append(nn.Linear(*reversed(net[-1].weight.shape)))
    net[-1].weight = net[-2].weight = nn.Parameter(torch.ones(net[-1].weight.shape))


def places(net, groups):
    """name -> the weight decay of each place where the parameter stands, and how many other tensors there are."""
    found, strange = {name: [] for name, _ in net.named_parameters()}, 0
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    for group in groups:
        for parameter in group["params"]:
            if id(parameter) in names:
                found[names[id(parameter)]].append(group.get("weight_decay"))
            else:
                strange += 1
    return found, strange


def step(net, groups, optimizer, gradient, **settings):
    """name -> by what a step of an optimizer changes each parameter, relative to what it was; "" if it takes no groups."""
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, gradient)
    try:
        getattr(torch.optim, optimizer)(groups, **settings).step()
    except (TypeError, ValueError):
        return ""
    return {name: ((value - before[name]) / before[name]).detach() for name, value in net.named_parameters()}


# ---- scenarios -------------------------------------------------------------------------------------------


def _decays(student, kind, width, wd):
    """Which parameters decay, of those that stand in a group."""
    here = student.imported(__name__)
    net = here.model(kind, width)
    groups = student.decay_param_groups(net, wd)
    facts = {"number of groups": len(groups)}
    found, _ = here.places(net, groups)
    return facts | {f"{name} decays": any(wd or 0 for wd in stands) for name, stands in found.items()}


def _zero_gradient(student, kind, width, wd, lr, seed):
    """What AdamW does to parameters whose gradient is 0: decay, and nothing else."""
    here = student.imported(__name__)
    net = here.model(kind, width, seed)
    changes = here.step(net, student.decay_param_groups(net, wd), "AdamW", 0.0, lr=lr)
    return {"AdamW takes the groups": changes != ""} | {
        f"relative change of {name}": change for name, change in (changes or {}).items()
    }


def _counts(student, kind, width, wd, frozen=None, shared=False):
    """In how many places each parameter stands."""
    here = student.imported(__name__)
    net = here.model(kind, width)
    if shared:
        here.share(net)
    if frozen is not None:
        here.freeze(net, frozen)
    found, strange = here.places(net, student.decay_param_groups(net, wd))
    counts = {f"places where {name} stands": len(stands) for name, stands in found.items()}
    return counts | {"tensors that are no parameters of the model": strange}


def _trains(student, kind, width, lr, seed):
    """One step without decay, gradients of 1."""
    here = student.imported(__name__)
    net = here.model(kind, width, seed)
    changes = here.step(net, student.decay_param_groups(net, 0.0), "SGD", 1.0, lr=lr)
    return {"SGD takes the groups": changes != ""} | {
        f"relative change of {name}": change for name, change in (changes or {}).items()
    }


def _negative(student, wd):
    return student.decay_param_groups(student.imported(__name__).model("norms", 3), wd)


def _refused(student, *values):
    facts = {}
    for wd in values:
        try:
            _negative(student, wd)
            facts[f"wd = {wd} is refused"] = False
        except ValueError:
            facts[f"wd = {wd} is refused"] = True
    return facts


def test_which_decay(student, compare):
    """Weights of convolutions and linear layers decay; no bias does, and no weight of a norm."""
    compare(_decays, "image", 3, 0.1)


def test_zero_gradient(student, compare):
    """AdamW takes lr * wd = 0.05 of the weights where the gradient is 0, and nothing of the others."""
    compare(_zero_gradient, "image", 3, 0.1, lr=0.5, seed=1)


def test_each_once(student, compare):
    """Every parameter stands in one place, whatever layer or module it belongs to, and nothing else does."""
    for kind in ("image", "own parameter"):
        compare(_counts, kind, 3, 0.1)


def test_an_empty_group(student, compare):
    """A model may have no weights, or nothing but weights."""
    for kind in ("norms", "linear without bias"):
        compare(_counts, kind, 3, 0.1)


def test_frozen_and_shared(student, compare):
    """A parameter that is not trained is left out; a weight that two layers share stands in one place."""
    compare(_counts, "image", 3, 0.1, frozen=0)
    compare(_counts, "linear without bias", 3, 0.1, shared=True)


def test_a_step(student, compare):
    """A step of SGD changes every parameter, once."""
    compare(_trains, "image", 3, lr=0.25, seed=2)


def test_bad_input(student, compare):
    """A negative wd is a ValueError that names it."""
    compare(_refused, 0.0, -0.1)
    compare.refuses(_negative, -0.1, naming=("wd",))
