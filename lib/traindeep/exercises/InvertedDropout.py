"""Dropout as a torch module."""

import torch

from traindeep import chance
from traindeep.student import vjp

SIGNATURES = {"InvertedDropout": "p, generator -> layer"}
FORBIDDEN = ("dropout",)
HINTS = (
    "You have written this layer in NumPy. What changes in torch? The mode is not an argument, the random numbers come from "
    "another kind of generator, and somebody else does the backward pass.",
    "self.training says which mode it is; model.train() and model.eval() set it in every part of a model. In training, draw "
    "numbers of the shape of x, compare with p, and multiply x by the mask and the scale: autograd sees a product.",
    "torch.rand(x.shape, generator=self.generator) >= self.p is the mask, with None for torch's global generator; .to(x) "
    "gives it the dtype of x. The scale is 1 / (1 - p), and anything finite for p = 1. Check p in __init__.",
)


def _layer(student, p, seed=3):
    return student.InvertedDropout(p, torch.Generator().manual_seed(seed))


def _one_number(values):
    """The number that all values are equal to, or None if there is none."""
    if not values.numel() or not values.max() - values.min() <= 1e-4 * values.abs().max():
        return None
    return float(values.median())


def _ratio(y, x):
    """y / x where y is not 0."""
    return _one_number((y.detach().double() / x.double())[y != 0]) if y.shape == x.shape else None


def _training(student, x, p):
    before, layer = x.clone(), _layer(student, p)
    y = layer(x)
    facts = {
        "shape of y": tuple(y.shape),
        "dtype of y": str(y.dtype),
        "y / x where y is not 0": _ratio(y, before),
        "something is dropped": bool((y == 0).any()),
        "y requires a gradient although x does not": y.requires_grad,
    }
    # Facts that tell one mistake from another, looked at only where something is wrong.
    if abs((facts["y / x where y is not 0"] or 0) - 1 / (1 - p)) > 1e-3:
        facts |= {"more than half is dropped": bool((y == 0).double().mean() > 0.5)}
    if facts["y / x where y is not 0"] == 1:
        layer.eval()
        facts |= {"y / x in evaluation": _ratio(layer(before.clone()), before)}
    return facts


def _values(student, x, p):
    """Facts about which values are 0. Two independent ones are alike with probability p^2 + (1 - p)^2."""
    layer = _layer(student, p)
    off, later = (layer(x).detach() == 0 for _ in range(2))
    if off.shape != x.shape:
        return {"shape of y": tuple(off.shape)}
    facts = {
        "all rows lose the same": bool((off == off[:1]).all()),
        "all values of a row share one fate": bool((off == off[:, :1, :1, :1]).all()),
        "all pixels of a map share one fate": bool((off == off[:, :, :1, :1]).all()),
        "two calls lose the same": bool((off == later).all()),
    }
    if any(facts.values()):
        return facts | _source(student, x, p)
    facts["share of zeros"] = chance.share(off.sum(), off.numel(), p)
    for axis in range(off.ndim):
        same = off.movedim(axis, 0)[0:-1:2] == off.movedim(axis, 0)[1::2]
        share = chance.share(same.sum(), same.numel(), p**2 + (1 - p) ** 2)
        facts[f"how often neighbours along axis {axis} are alike"] = share
    return facts


def _six_of_eight(student, calls):
    """With p = 1/4, exactly 6 of 8 are kept with probability C(8, 2) (1/4)^2 (3/4)^6 = 0.311."""
    layer = _layer(student, 0.25)
    kept = torch.stack([(layer(torch.ones(2, 4)).detach() != 0).flatten() for _ in range(calls)])
    if bool((kept == kept[:1]).all()):
        return {"all calls lose the same": True} | _source(student, torch.ones(20, 15), 0.25)
    hits, law = (kept.sum(1) == 6).sum(), 28 * 0.25**2 * 0.75**6
    return {"all calls lose the same": False, "how often exactly 6 of 8 are kept": chance.share(hits, calls, law)}


def _source(student, x, p):
    """Where the random numbers come from. (check puts the global state back.)"""
    torchs = student.imported("torch")
    layer, same, other = (_layer(student, p, seed) for seed in (3, 3, 4))
    torchs.manual_seed(0)
    before = torchs.get_rng_state().clone()
    one, next_one = (layer(x).detach() for _ in range(2))
    unchanged = bool((torchs.get_rng_state() == before).all())
    torchs.manual_seed(1)
    repeated, different = same(x).detach(), other(x).detach()
    facts = {
        "the same seed gives the same y": bool(torch.equal(one, repeated)),
        "the next call gives another y": not torch.equal(one, next_one),
        "another seed gives another y": not torch.equal(one, different),
        "torch's global random state is as before": unchanged,
    }
    if torch.equal(one, next_one):  # drawn once, or drawn anew from the same seed?
        try:
            facts["the same in another shape"] = bool(torch.equal(layer(x.flatten()).detach(), one.flatten()))
        except RuntimeError:
            facts["the same in another shape"] = False
    return facts


def _modes(student, x, p):
    layer = _layer(student, p)
    facts = {"something is dropped in training": bool((layer(x) == 0).any())}
    layer.eval()
    facts["y / x in evaluation"] = _one_number(layer(x).detach() / x)
    modules = student.imported("torch.nn")
    model = modules.Sequential(_layer(student, p), modules.Identity())
    model.eval()
    facts["y / x in a model in evaluation"] = _one_number(model(x).detach() / x)
    model.train()
    facts["something is dropped in a model in training again"] = bool((model(x) == 0).any())
    if facts["y / x in evaluation"] != 1:  # the scale in training tells one mistake from another
        facts["scale in training"] = _ratio(_layer(student, p)(x), x)
    return facts


def _gradient(student, x, upstream, p):
    y, (dx,), _ = vjp(_layer(student, p), x, upstream=upstream)
    if dx is None:
        return {"there is a gradient of x": False}
    slope, factor, on = dx / upstream, y / x, y != 0
    return {
        "there is a gradient of x": True,
        "something is dropped": bool((~on).any()),
        "dx / upstream where y is 0": _one_number(slope[~on]),
        "dx / upstream, divided by y / x, where y is not 0": _one_number(slope[on] / factor[on]),
    }


def _all_dropped(student, x):
    try:
        y = _layer(student, 1.0)(x).detach()
    except ZeroDivisionError:
        return {"p = 1 gives": "a division by zero"}
    except ValueError:
        return {"p = 1 gives": "a ValueError"}
    return {"p = 1 gives": "a result", "y": y + 0.0}


def _refused(student, rates):
    student.InvertedDropout(0.4)
    facts = {}
    for p in rates:
        try:
            student.InvertedDropout(p)
        except (ValueError, ZeroDivisionError):
            facts[f"{p} is refused"] = True
        else:
            facts[f"{p} is refused"] = False
    return facts


X = torch.arange(1.0, 201, dtype=torch.float64).reshape(20, 10)


def test_zero_or_scaled(student, compare):
    """In training with p = 0.2 every value is 0 or 1.25 times x, in float64 and in float32."""
    compare(_training, X, 0.2)
    compare(_training, X.float(), 0.2)


def test_every_value_by_itself(student, compare):
    """In a batch of images with p = 0.3 about 30 % of the values are 0, no two of them by a common decision."""
    compare(_values, torch.ones(10, 6, 8, 10), 0.3)


def test_number_dropped_varies(student, compare):
    """Of 8 values with p = 1/4, 6 are kept on average, but exactly 6 in only 31 % of the calls."""
    compare(_six_of_eight, calls=30)


def test_modes(student, compare):
    """After layer.eval(), or model.eval() of a model around it, y is x; after model.train() values are dropped again."""
    compare(_modes, X, 0.3)


def test_gradient(student, compare):
    """The gradient is 0 where a value was dropped, and has the scale of the same call where it was kept."""
    compare(_gradient, X, X.flip(0) - 100.5, 0.3)


def test_generator(student, compare):
    """All randomness comes from the generator: the same seed gives the same y, the next call another, and torch's own state stays."""
    compare(_source, X, 0.3)


def test_all_dropped(student, compare):
    """With p = 1 y is all 0, not nan."""
    compare(_all_dropped, X)


def test_bad_input(student, compare):
    """A p outside [0, 1] is a ValueError that names p."""
    compare(_refused, (-0.1, 1.1))
    for p in (-0.1, 1.1):
        compare.refuses("InvertedDropout", p, naming=("p",))
