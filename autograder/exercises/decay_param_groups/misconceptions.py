"""Believable wrong answers to decay_param_groups. Each docstring is what a good tutor would say."""

from torch import nn


def _checked(wd):
    if wd < 0:
        raise ValueError(f"wd must be at least 0, got {wd}")


def _groups(model, wd, decays):
    """The right answer, but for the rule, which gets a name and a parameter."""
    _checked(wd)
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    return [
        {"params": [p for name, p in trained if decays(name, p)], "weight_decay": wd},
        {"params": [p for name, p in trained if not decays(name, p)], "weight_decay": 0.0},
    ]


def _of(model, kinds):
    return {id(p) for module in model.modules() if isinstance(module, kinds) for p in module.parameters(recurse=False)}


def everything_decays(model, wd):
    """You let all parameters decay, as an optimizer does by itself. Biases and norms are not to be drawn to 0: sort them out by p.ndim."""
    return [{"params": [p for p in model.parameters() if p.requires_grad], "weight_decay": _checked(wd) or wd}]


def nothing_in_the_first_group(model, wd):
    """You let no parameter decay. Weights, with two axes or more, belong to the group that has wd."""
    return _groups(model, wd, lambda name, p: False)


def only_linear(model, wd):
    """Only weights of linear layers decay, perhaps as you asked for p.ndim == 2. Filters of convolutions are weights, too: two axes or more."""
    return _groups(model, wd, lambda name, p: p.ndim == 2)


def by_the_name_bias(model, wd):
    """You sort by the name "bias", so that the weights of norms decay: they are called weight as well. Go by the number of axes."""
    return _groups(model, wd, lambda name, p: "bias" not in name)


def by_the_name_weight(model, wd):
    """You left out the norms by their type, but the biases of the other layers decay. A bias shifts and does not scale: it belongs to the second group."""
    norms = _of(model, (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm))
    return _groups(model, wd, lambda name, p: id(p) not in norms)


def batch_norm_only(model, wd):
    """You left out batch norm, but the weights of other norms decay. They all scale features that have been normalized: go by the number of axes."""
    norms = _of(model, (nn.BatchNorm1d, nn.BatchNorm2d))
    return _groups(model, wd, lambda name, p: id(p) not in norms and "bias" not in name)


def the_wrong_way_round(model, wd):
    """Your groups have each other's weight decay: biases and norms decay, and weights do not."""
    return _groups(model, wd, lambda name, p: p.ndim < 2)


def wd_in_both_groups(model, wd):
    """Both groups have the weight decay wd. The second one is there to have 0."""
    first, second = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [first, second | {"weight_decay": wd}]


def second_says_nothing(model, wd):
    """Your second group has no entry weight_decay, so it gets the optimizer's own, which is 0.01 for AdamW. Let it say 0."""
    first, second = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [first, {"params": second["params"]}]


def generator_is_exhausted(model, wd):
    """Your second group is empty: model.parameters() can be gone through once, and the first group has used it up. Make a list of it."""
    _checked(wd)
    parameters = (p for p in model.parameters() if p.requires_grad)
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": wd},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def weights_in_both_groups(model, wd):
    """Weights stand in both groups. torch refuses that, since they would be moved twice: the second group holds only what is not in the first."""
    first, second = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [first, second | {"params": first["params"] + second["params"]}]


def shared_twice(model, wd):
    """A weight that two layers share stands in your group twice, as you went through the layers. model.parameters() gives each parameter once."""
    _checked(wd)
    weights, others = [], []
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad:
                (weights if p.ndim >= 2 else others).append(p)
    return [{"params": weights, "weight_decay": wd}, {"params": others, "weight_decay": 0.0}]


def through_all_levels_twice(model, wd):
    """Parameters of layers inside other modules stand in your groups several times: module.parameters() goes down by itself. Use model.parameters() alone."""
    _checked(wd)
    every = [p for module in model.modules() for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in every if p.ndim >= 2], "weight_decay": wd},
        {"params": [p for p in every if p.ndim < 2], "weight_decay": 0.0},
    ]


def top_level_only(model, wd):
    """You look at the layers of the model, but not into modules inside them. model.parameters() goes all the way down."""
    _checked(wd)
    own = [p for child in model.children() for p in child.parameters(recurse=False) if p.requires_grad]
    return [
        {"params": [p for p in own if p.ndim >= 2], "weight_decay": wd},
        {"params": [p for p in own if p.ndim < 2], "weight_decay": 0.0},
    ]


def known_layers_only(model, wd):
    """Parameters of layers that you do not know stand in no group, so they are never trained. Whatever is no weight belongs to the second group."""
    known = _of(
        model, (nn.Linear, nn.modules.conv._ConvNd, nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)
    )
    groups = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [group | {"params": [p for p in group["params"] if id(p) in known]} for group in groups]


def norms_left_out(model, wd):
    """Weights and biases of norms stand in no group. They do not decay, but they have to be trained: put them into the second group."""
    norms = _of(model, (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm))
    groups = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [group | {"params": [p for p in group["params"] if id(p) not in norms]} for group in groups]


def frozen_included(model, wd):
    """Parameters without requires_grad stand in your groups. Whoever froze them does not want them changed: leave them out."""
    _checked(wd)
    every = [*model.parameters()]
    return [
        {"params": [p for p in every if p.ndim >= 2], "weight_decay": wd},
        {"params": [p for p in every if p.ndim < 2], "weight_decay": 0.0},
    ]


def buffers_included(model, wd):
    """Your second group holds buffers as well, such as the running mean of batch norm. They are not trained: take parameters only."""
    first, second = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [first, second | {"params": [*second["params"], *(b for b in model.buffers() if b.is_floating_point())]}]


def copies(model, wd):
    """Your groups hold the tensors of state_dict(), or other copies. An optimizer moves what it is given: the parameters of the model themselves."""
    _checked(wd)
    first, second = _groups(model, wd, lambda name, p: p.ndim >= 2)
    return [group | {"params": [p.detach().clone() for p in group["params"]]} for group in (first, second)]


def negative_accepted(model, wd):
    """You accept a negative wd, which lets weights grow without end. Refuse it with a ValueError that names wd."""
    return _groups(model, abs(wd), lambda name, p: p.ndim >= 2)
