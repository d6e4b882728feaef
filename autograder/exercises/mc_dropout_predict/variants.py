"""Right answers to mc_dropout_predict and predictive_scores, written in other ways."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import replaces

KINDS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


def _refuse(model, T):
    layers = [m for m in model.modules() if isinstance(m, KINDS) or m.__class__.__name__ == "InvertedDropout"]
    if T <= 0:
        raise ValueError(f"T = {T} passes")
    if len(layers) == 0:
        raise ValueError("no dropout in this model")
    return layers


@replaces("mc_dropout_predict")
def one_large_batch(model, x, T):
    """x repeated T times in one batch; the modes in a dict by name."""
    layers = _refuse(model, T)
    modes = {name: m.training for name, m in model.named_modules()}
    model.train(False)
    [layer.train(True) for layer in layers]
    with torch.inference_mode():
        logits = model(x.repeat(T, *[1] * (x.ndim - 1)))
        probs = F.softmax(logits, 1).reshape(T, len(x), -1)
    for name, m in model.named_modules():
        m.training = modes[name]
    return probs.clone()


@replaces("mc_dropout_predict")
def on_a_copy(model, x, T):
    """A deep copy of the model, whose modes are nobody's affair; a list of passes."""
    _refuse(model, T)
    other = copy.deepcopy(model).eval()
    for m in other.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd) or type(m).__name__.startswith("InvertedDropout"):
            m.training = True
    out = []
    for _ in range(T):
        out.append(other(x).detach().softmax(-1)[None])
    return torch.cat(out)


@replaces("mc_dropout_predict")
def hooks(model, x, T):
    """The model in evaluation; hooks switch each dropout layer on for its own call only."""
    layers = _refuse(model, T)
    modes = [m.training for m in model.modules()]
    model.eval()
    handles = []
    for layer in layers:
        handles.append(layer.register_forward_pre_hook(lambda m, _: m.train() and None))
        handles.append(layer.register_forward_hook(lambda m, _, out: m.eval() and None))
    probs = None
    with torch.no_grad():
        for t in range(T):
            z = model(x)
            e = torch.exp(z - z.max(1, keepdim=True).values)
            probs = z.new_empty(T, *z.shape) if probs is None else probs
            probs[t] = e / e.sum(1, keepdim=True)
    for handle in handles:
        handle.remove()
    for m, mode in zip(model.modules(), modes, strict=True):
        m.training = mode
    return probs


@replaces("mc_dropout_predict")
def seed_drawn_by_torch(model, x, T):
    """A seed for every pass, drawn from torch's generator; log_softmax."""
    layers = _refuse(model, T)
    before = {id(m): m.training for m in model.modules()}
    model.apply(lambda m: setattr(m, "training", any(m is layer for layer in layers)))
    seeds = torch.randint(2**31, (T,)).tolist()
    with torch.no_grad():
        probs = []
        for seed in seeds:
            torch.manual_seed(seed)
            probs.append(torch.log_softmax(model(x), dim=-1).exp())
    torch.manual_seed(seeds[0] + 1)
    model.apply(lambda m: setattr(m, "training", before[id(m)]))
    return torch.stack(probs, dim=0)


@replaces("predictive_scores")
def entr(probs):
    """torch.special.entr; the information cut off at 0."""
    mean = probs.mean(0)
    entropy = torch.special.entr(mean).sum(1)
    info = entropy - torch.special.entr(probs).sum(2).mean(0)
    return {"mean": mean, "entropy": entropy, "mutual_info": info.clamp(min=0)}


@replaces("predictive_scores")
def divergence(probs):
    """The information as the mean divergence of the passes from their average."""
    mean = torch.sum(probs, dim=0) / len(probs)
    entropy = torch.distributions.Categorical(probs=mean).entropy()
    ratio = torch.where(probs > 0, probs / mean, torch.ones_like(probs))
    return {"mutual_info": (probs * ratio.log()).sum(-1).mean(0), "entropy": entropy, "mean": mean}


@replaces("predictive_scores")
def tiny_number(probs):
    """A tiny number inside the logarithm, in float64."""
    p = probs.double()
    mean = p.mean(dim=0)

    def entropy(q):
        return -(q * torch.log(q + 1e-20)).sum(dim=-1)

    return {"mean": mean, "entropy": entropy(mean), "mutual_info": entropy(mean) - entropy(p).mean(dim=0)}
