"""Right answers to decay_param_groups, written in other ways."""

from torch import nn


def in_one_pass(model, wd):
    """One list for each group, filled while going through the names."""
    if not wd >= 0:
        raise ValueError(f"wd is {wd}, but must not be negative")
    decay, rest = [], []
    for _, parameter in model.named_parameters():
        if parameter.requires_grad:
            (rest if parameter.dim() <= 1 else decay).append(parameter)
    return [dict(params=decay, weight_decay=wd), dict(params=rest, weight_decay=0)]


def by_type(model, wd):
    """The weights of linear layers and convolutions by their type; all the rest is the other group."""
    if wd < 0:
        raise ValueError("negative wd")
    weights = {id(m.weight) for m in model.modules() if isinstance(m, (nn.Linear, nn.modules.conv._ConvNd))}
    trained = list(filter(lambda p: p.requires_grad, model.parameters()))
    return [
        {"params": [p for p in trained if id(p) in weights], "weight_decay": float(wd), "name": "weights"},
        {"params": [p for p in trained if id(p) not in weights], "weight_decay": 0.0, "name": "others"},
    ]


def without_decay_first(model, wd):
    """The other group first, tuples instead of lists, shapes instead of ndim."""
    if wd < 0:
        raise ValueError(f"expected wd >= 0, got {wd}")
    chosen = tuple(p for p in model.parameters() if p.requires_grad)
    return (
        {"params": tuple(p for p in chosen if len(p.shape) < 2), "weight_decay": 0.0},
        {"params": tuple(p for p in chosen if len(p.shape) > 1), "weight_decay": wd},
    )


def dict_of_names(model, wd):
    """A dict of the trained parameters, and what is left of it."""
    if wd < 0:
        raise ValueError(f"wd must not be negative: {wd}")
    rest = {name: p for name, p in model.named_parameters() if p.requires_grad}
    decay = {name: rest.pop(name) for name in [name for name, p in rest.items() if p.ndim > 1]}
    return [
        {"weight_decay": wd, "params": list(decay.values())},
        {"weight_decay": 0.0, "params": list(rest.values())},
    ]
