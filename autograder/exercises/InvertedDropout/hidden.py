"""Hidden tests of InvertedDropout, which does not return its mask: y / x shows what became of each value.

Each question to traindeep.chance refuses a right layer with probability 1e-9 at most. Who writes into x pays for it in one
test; all others hand out copies. The gradient is compared with y of the same call, so a wrong scale costs its points once.
"""

import torch
from scipy import stats
from traindeep import chance
from traindeep.exercises.InvertedDropout import _one_number, _refused
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"train": 2, "eval": 1, "gradient": 1, "contract": 1}


def _seed(rng):
    return int(rng.integers(2**32))


def _x(rng, *shape):
    """Numbers of both signs, none of them near 0."""
    return torch.from_numpy(rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape))


def _layer(student, p, seed):
    return student.InvertedDropout(p, torch.Generator().manual_seed(seed))


# ---- train -----------------------------------------------------------------------------------------------


def _facts(x, y, layer, p):
    facts = {"shape of y": tuple(y.shape), "dtype of y": str(y.dtype)}
    if y.shape != x.shape:
        return facts
    y, ratio = y.detach(), y.detach().double() / x.double()
    facts |= {"y / x where y is not 0": _one_number(ratio[y != 0]), "something is dropped": bool((y == 0).any())}
    # Facts that tell one mistake from another, looked at only where something is wrong.
    if abs((facts["y / x where y is not 0"] or 0) - 1 / (1 - p)) > 1e-3:
        facts |= {"more than half is dropped": bool((y == 0).double().mean() > 0.5)}
    if facts["y / x where y is not 0"] == 1:
        layer.eval()
        facts |= {"y / x in evaluation": _one_number(layer(x.clone()).detach().double() / x.double())}
    return facts


def _train(student, x, p, seed):
    layer = _layer(student, p, seed)
    return _facts(x, layer(x.clone()), layer, p)


@part("train")
def test_zero_or_scaled(compare, rng):
    """In training every value is 0 or x / (1 - p), in tensors of any shape, and y has the dtype of x."""
    for shape, p in (((40, 30), 0.2), ((400,), 0.7), ((6, 5, 4, 3), 0.35)):
        compare(_train, _x(rng, *shape), p, seed=_seed(rng))
    compare(_train, _x(rng, 30, 20).float(), 0.3, seed=_seed(rng))


def _directly(student, x, p, seed):
    before, layer = x.clone(), _layer(student, p, seed)
    y = layer(x)
    return _facts(before, y, layer, p) | {"y requires a gradient although x does not": y.requires_grad}


@part("train")
def test_x_is_left_alone(compare, rng):
    """x is not changed, and nothing about y asks for gradients that x does not ask for."""
    compare(_directly, _x(rng, 20, 9), 0.3, seed=_seed(rng))


def _default(student, x):
    layer = student.InvertedDropout()
    y = layer(x.clone())
    dropped = chance.share((y == 0).sum(), x.numel(), 0.5)
    return _facts(x, y, layer, 0.5) | {"share of zeros": dropped if y.shape == x.shape else None}


@part("train")
def test_default(compare, rng):
    """Without arguments one half is dropped."""
    compare(_default, _x(rng, 2, 600))


def _alike(student, seed):
    """What is alike in the y of ones: asked only where something is wrong, to tell one mistake from another."""
    layer, x = _layer(student, 0.3, seed), torch.ones(20, 15, 4, 3)
    off, next_off = (layer(x.clone()).detach() == 0 for _ in range(2))
    if off.shape != x.shape:
        return {"shape of y": tuple(off.shape)}
    return {
        "all rows lose the same": bool((off == off[:1]).all()),
        "all values of a row share one fate": bool((off == off[:, :1, :1, :1]).all()),
        "all pixels of a map share one fate": bool((off == off[:, :, :1, :1]).all()),
        "two calls lose the same": bool((off == next_off).all()),
    }


def _frequency(student, x, p, seed):
    """(1 - p) y / x, on average: the share that is kept, if it is scaled rightly."""
    y = _layer(student, p, seed)(x.clone()).detach()
    if y.shape != x.shape:
        return {"shape of y": tuple(y.shape)}
    hits = torch.nan_to_num(((y / x).sum() * (1 - p)).round(), nan=-1, posinf=-1, neginf=-1)
    facts = {
        "share of the values that are not 0": chance.share((y != 0).sum(), x.numel(), 1 - p),
        "mean of y / x, times 1 - p": chance.share(hits, x.numel(), 1 - p),
    }
    return facts | ({} if set(facts.values()) == {1 - p} else _alike(student, seed))


# y = x has the right mean, but nothing in it is 0.
@part("train")
def test_share_dropped(compare, rng):
    """A share of p is dropped, and the mean of y over many masks is x."""
    for p in (0.2, 0.7):
        compare(_frequency, _x(rng, 2, 2500), p, seed=_seed(rng))


def _independent(student, x, p, seed):
    """Neighbours along each axis, and the next call. Two independent values are alike with probability p^2 + (1 - p)^2."""
    layer = _layer(student, p, seed)
    off, later = (layer(x.clone()).detach() == 0 for _ in range(2))
    if off.shape != x.shape:
        return {"shape of y": tuple(off.shape)}
    facts = {
        "all rows lose the same": bool((off == off[:1]).all()),
        "all values of a row share one fate": bool((off == off[:, :1, :1, :1]).all()),
        "all pixels of a map share one fate": bool((off == off[:, :, :1, :1]).all()),
        "two calls lose the same": bool((off == later).all()),
    }
    if any(facts.values()):
        return facts | _generator(student, x, p, seed)
    alike = p**2 + (1 - p) ** 2
    for axis in range(off.ndim):
        same = off.movedim(axis, 0)[0:-1:2] == off.movedim(axis, 0)[1::2]
        facts[f"how often neighbours along axis {axis} are alike"] = chance.share(same.sum(), same.numel(), alike)
    facts["how often the next call does the same"] = chance.share((off == later).sum(), off.numel(), alike)
    return facts


@part("train")
def test_values_are_independent(compare, rng):
    """Every single value is dropped by itself: rows differ, channels differ, pixels differ, and so do two calls."""
    compare(_independent, _x(rng, 10, 6, 8, 12), 0.3, seed=_seed(rng))


def _calls(student, x, p, calls, seed):
    """How often just the usual number of values is kept, in many calls."""
    layer = _layer(student, p, seed)
    kept = torch.stack([(layer(x.clone()).detach() != 0).flatten() for _ in range(calls)])
    counts, n = kept.sum(1), kept.shape[1]
    if bool((kept == kept[:1]).all()):
        return {"all calls lose the same": True} | _generator(student, x, p, seed)
    usual = round(n * (1 - p))
    as_usual, law = (counts == usual) | (counts == n - usual), stats.binom.pmf([usual, n - usual], n, 1 - p).sum()
    return {"all calls lose the same": False, "how often n (1 - p) are kept": chance.share(as_usual.sum(), calls, law)}


@part("train")
def test_number_dropped_varies(compare, rng):
    """The number of values that are dropped varies from call to call."""
    compare(_calls, _x(rng, 3, 4), 0.25, calls=24, seed=_seed(rng))


def _ends(student, x, seed):
    facts = {"y of p = 0": _layer(student, 0.0, seed)(x.clone()).detach()}
    try:
        y = _layer(student, 1.0, seed)(x.clone()).detach()
    except ZeroDivisionError:
        return facts | {"p = 1 gives": "a division by zero"}
    except ValueError:
        return facts | {"p = 1 gives": "a ValueError"}
    return facts | {"p = 1 gives": "a result", "y of p = 1": y + 0.0}


@part("train", supporting=True)
def test_never_and_always(compare, rng):
    """With p = 0 y is x; with p = 1 it is all 0, and nothing is nan."""
    compare(_ends, _x(rng, 5, 3), seed=_seed(rng))


@part("train", supporting=True)
def test_bad_input(compare):
    """A rate outside [0, 1] is refused by name when the layer is made."""
    rates = (-0.01, 1.01, 2.0)
    compare(_refused, rates)
    for p in rates:
        compare.refuses("InvertedDropout", p, naming=("p",))


# ---- eval ------------------------------------------------------------------------------------------------


def _modes(student, x, p, seed):
    """A layer by itself and as part of a model, in both modes: what became of x."""

    def seen(model):
        y = model(x.clone()).detach()
        ratio = (y.double() / x.double())[y != 0]
        return {
            "shape": tuple(y.shape),
            "something is dropped": bool((y == 0).any()),
            "y / x where y is not 0": _one_number(ratio) if y.shape == x.shape else None,
        }

    layer = _layer(student, p, seed)
    facts = {"in training": seen(layer)["something is dropped"]}
    layer.eval()
    alone = seen(layer)
    layer = _layer(student, p, seed)
    modules = student.imported("torch.nn")
    model = modules.Sequential(modules.Sequential(layer), modules.Identity())
    model.eval()
    facts |= {"in evaluation": alone, "in a model in evaluation": seen(model)}
    model.train()
    facts |= {"in a model in training again": seen(model)["something is dropped"]}
    if facts["in evaluation"]["y / x where y is not 0"] != 1:  # the scale in training tells one mistake from another
        facts |= {"scale in training": seen(_layer(student, p, seed))["y / x where y is not 0"]}
    return facts


@part("eval")
def test_modes(compare, rng):
    """In evaluation y is x, also where only the model around the layer was told; back in training values are dropped again."""
    for shape, p in (((12, 10), 0.3), ((3, 4, 5, 2), 0.6)):
        compare(_modes, _x(rng, *shape), p, seed=_seed(rng))


def _evaluated(student, x, p):
    layer = student.InvertedDropout(p)
    layer.eval()
    y, ones = layer(x.clone()).detach(), torch.ones(9, 7)
    if y.shape == x.shape and torch.allclose(y.double(), x.double()):
        return {"y": y}
    layer.train()  # what happens in training tells one mistake from another
    return {"y": y, "y of ones in training": torch.unique(layer(ones).detach())}


@part("eval", supporting=True)
def test_evaluation_of_all_rates(compare, rng):
    """In evaluation y is x for every rate, 1 included, and for zeros in x."""
    for p in (0.3, 0.9, 1.0):
        compare(_evaluated, torch.relu(_x(rng, 6, 4)).float(), p)


# ---- gradient --------------------------------------------------------------------------------------------


def _gradient(student, x, upstream, p, seed):
    """dx / upstream against y / x of the same call: both are what the value was multiplied with."""
    y, (dx,), _ = vjp(_layer(student, p, seed), x, upstream=upstream)
    if dx is None or dx.shape != x.shape:
        return {"there is a gradient of x": False}
    slope, factor, on = dx / upstream, y / x, y != 0
    return {
        "there is a gradient of x": True,
        "something is dropped": bool((~on).any()),
        "dx is 0 where y is 0": bool((slope[~on] == 0).all()),
        "dx / upstream where y is 0": _one_number(slope[~on]),
        "dx / upstream, divided by y / x, where y is not 0": _one_number(slope[on] / factor[on]),
    }


@part("gradient")
def test_gradient(compare, rng):
    """The gradient passes through the mask and the scale of the same call: 0 where a value was dropped, scaled where not."""
    for shape, p in (((20, 12), 0.3), ((4, 5, 3, 6), 0.6)):
        compare(_gradient, _x(rng, *shape), _x(rng, *shape), p, seed=_seed(rng))


def _gradient_in_evaluation(student, x, upstream, p):
    layer = student.InvertedDropout(p)
    layer.eval()
    _, (dx,), _ = vjp(layer, x, upstream=upstream)
    return {"gradient of x in evaluation": dx}


@part("gradient", supporting=True)
def test_gradient_in_evaluation(compare, rng):
    """In evaluation the gradient passes unchanged."""
    compare(_gradient_in_evaluation, _x(rng, 5, 4), _x(rng, 5, 4), 0.3)


# ---- contract --------------------------------------------------------------------------------------------


def _generator(student, x, p, seed):
    """What layers with generators draw, while torch's global state is set to one thing and another."""
    torchs = student.imported("torch")
    layer, same, other = (_layer(student, p, each) for each in (seed, seed, seed + 1))
    torchs.manual_seed(seed % 1000)
    before = torchs.get_rng_state().clone()
    one, next_one = (layer(x.clone()).detach() for _ in range(2))
    unchanged = bool((torchs.get_rng_state() == before).all())
    torchs.manual_seed(seed % 1000 + 1)
    repeated, different = same(x.clone()).detach(), other(x.clone()).detach()
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


@part("contract")
def test_generator(compare, rng):
    """With a generator, equal ones give equal masks, every call draws a new one, and the global state is left alone."""
    compare(_generator, _x(rng, 20, 15, 2, 1), 0.3, seed=_seed(rng))


def _without(student, x, p, seed):
    torchs = student.imported("torch")
    layer = student.InvertedDropout(p)
    torchs.manual_seed(seed % 1000)
    one, next_one = (layer(x.clone()).detach() for _ in range(2))
    torchs.manual_seed(seed % 1000)
    repeated = layer(x.clone()).detach()
    return {
        "the same seed of torch gives the same y": bool(torch.equal(one, repeated)),
        "the next call gives another y": not torch.equal(one, next_one),
    }


@part("contract")
def test_without_a_generator(compare, rng):
    """Without a generator the layer draws from torch's global one, anew in every call."""
    compare(_without, _x(rng, 20, 15), 0.3, seed=_seed(rng))
