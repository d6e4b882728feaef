"""Right answers to recalibrate_bn, written in other ways."""

import itertools

import torch
from torch import nn


def hooks(model, batches):
    """Collect means and unbiased variances with hooks, average them and write them at the end."""
    batches = list(batches)
    if len(batches) == 0:
        raise ValueError("batches is empty")
    layers = [m for m in model.modules() if getattr(m, "running_mean", None) is not None]
    modes = {m: m.training for m in model.modules()}
    seen = {layer: ([], []) for layer in layers}

    def look(layer, inputs, output):
        rows = inputs[0].detach().transpose(0, 1).flatten(1)
        seen[layer][0].append(rows.mean(1))
        seen[layer][1].append(rows.var(1))

    handles = [layer.register_forward_hook(look) for layer in layers]
    model.eval()
    [layer.train() for layer in layers]
    with torch.no_grad():
        for batch in batches:
            model(batch)
    for handle in handles:
        handle.remove()
    for layer, (means, variances) in seen.items():
        layer.running_mean.copy_(torch.stack(means).mean(0))
        layer.running_var.copy_(torch.stack(variances).mean(0))
    for m, mode in modes.items():
        m.train(mode) if not list(m.children()) else setattr(m, "training", mode)


def momentum_one_over_k(model, batches):
    """The k-th batch gets momentum 1 / k; torch's class tells which layers count."""
    layers = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    before = [(m, m.training) for m in model.modules()]
    momenta = [m.momentum for m in layers]
    model.train(False)
    for m in layers:
        m.train(True)
    k = 0
    for batch in batches:
        k += 1
        for m in layers:
            m.momentum = 1 / k
        with torch.inference_mode():
            model(batch)
    for m, momentum in zip(layers, momenta, strict=True):
        m.momentum = momentum
    for m, training in before:
        m.training = training
    if k == 0:
        raise ValueError("no batches")


def reset_running_stats(model, batches):
    """The method reset_running_stats of torch's layers, and momentum None."""
    rest = iter(batches)
    first = next(rest, None)
    if first is None:
        raise ValueError("batches: at least one is needed")
    saved = {}
    for name, m in model.named_modules():
        saved[name] = (m.training, getattr(m, "momentum", None))
        m.training = False
        if hasattr(m, "reset_running_stats") and m.running_mean is not None:
            m.reset_running_stats()
            m.training, m.momentum = True, None
    with torch.no_grad():
        for x in itertools.chain((first,), rest):
            model.forward(x)
    for name, m in model.named_modules():
        m.training = saved[name][0]
        if hasattr(m, "momentum"):
            m.momentum = saved[name][1]


def sums(model, batches):
    """Momentum 1 makes each batch leave its own statistics behind; they are added up after each batch."""
    layers = [m for m in model.modules() if getattr(m, "running_var", None) is not None]
    modes, momenta = [(m, m.training) for m in model.modules()], [m.momentum for m in layers]
    total, k = [(0, 0) for _ in layers], 0
    model.eval()
    for m in layers:
        m.train()
        m.momentum = 1.0
    with torch.no_grad():
        for batch in batches:
            model(batch)
            k += 1
            total = [(a + m.running_mean, b + m.running_var) for (a, b), m in zip(total, layers, strict=True)]
    for m, momentum, (a, b) in zip(layers, momenta, total, strict=True):
        m.momentum = momentum
        if k:
            m.running_mean = a / k
            m.running_var = b / k
    for m, mode in modes:
        m.training = mode
    if not k:
        raise ValueError("batches must not be empty")
