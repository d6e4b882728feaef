"""Hidden tests of survival_probs, expected_depth and StochasticDepth: each is tested without the help of the others.

What became of branch and skip is read off y, so that a wrong last_gate costs its points once. Each question to
traindeep.chance refuses a right answer with probability 1e-9 at most; so do the other facts, whatever was drawn.
"""

import numpy as np
import torch
from traindeep import chance
from traindeep.student import vjp

from autograder.exercise import part

PARTS = {"schedule": 2, "train": 2, "eval": 2, "modes": 1}


def _seed(rng):
    return int(rng.integers(2**32))


def _x(rng, *shape):
    """Numbers of both signs, none of them near 0."""
    return torch.from_numpy(rng.uniform(0.5, 3, shape) * rng.choice([-1, 1], shape))


def _layer(student, p, seed, **settings):
    return student.StochasticDepth(p, generator=torch.Generator().manual_seed(seed), **settings)


def _numbers(values):
    """The different numbers among values, to three digits; "many" if there are more than three."""
    found = sorted({round(v, 3) + 0.0 for v in torch.as_tensor(values).double().flatten().tolist()})
    return found if len(found) <= 3 else "many"


# ---- schedule ----------------------------------------------------------------------------------------------


def _probs(student, L, p_L):
    return {"p": np.asarray(student.survival_probs(L, p_L), dtype=float)}


def _depth(student, p):
    return {"expected depth": float(student.expected_depth(p))}


@part("schedule")
def test_linear_rule(compare, rng):
    """p_l falls in equal steps from just below 1 for the first block to p_L for the last."""
    nearly = compare.within(1e-5, 1e-6)
    for L, p_L in ((4, 0.35), (7, float(rng.uniform(0.1, 0.9))), (54, 0.5), (1, 0.3)):
        nearly(_probs, L, p_L)


@part("schedule")
def test_expected_depth(compare, rng):
    """The expected number of blocks that survive, for any probabilities."""
    for p in (np.full(4, 0.6), rng.uniform(0.1, 0.9, 5), np.array([0.9, 0.2, 0.7]), np.full(40, 0.8)):
        compare.within(1e-5, 1e-6)(_depth, p)


@part("schedule")
def test_ends_of_the_rule(compare):
    """With p_L = 1 every block survives; p_L = 0 is allowed."""
    for L, p_L in ((5, 0.0), (3, 1.0)):
        compare.within(1e-5, 1e-6)(_probs, L, p_L)


# ---- train -------------------------------------------------------------------------------------------------


def _factors(student, branch, skip, p, calls, seed, settings):
    """What branch and skip are multiplied with, in several calls: both together, and each alone."""
    layer, facts = _layer(student, p, seed, **settings), {}
    together, alone, skips, one, channels, lost = [], [], [], True, True, False
    for _ in range(calls):
        y = layer(branch.clone(), skip.clone()).detach()
        if y.shape != skip.shape:
            return {"shape of y": tuple(y.shape)}
        facts = {"shape of y": tuple(y.shape), "dtype of y": str(y.dtype)}
        ratio = (y - skip) / branch
        one = one and bool((ratio - ratio[:, :1, :1]).abs().max() < 1e-4)
        channels = channels and bool((ratio - ratio[:, :, :1]).abs().max() < 1e-4)
        lost = lost or bool((y == 0).flatten(1).all(1).any())
        together.append(ratio)
        alone.append(layer(branch.clone(), torch.zeros_like(skip)).detach() / branch)
        skips.append(layer(torch.zeros_like(branch), skip.clone()).detach() / skip)
    facts |= {
        "an example has one factor for its branch": one,
        "a channel has one factor": channels,
        "nothing is left of some example": lost,
        "factors of the branch": _numbers(torch.stack(together)),
        "factors of the branch without skip": _numbers(torch.stack(alone)),
        "factors of the skip without branch": _numbers(torch.stack(skips)),
    }
    if facts["factors of the branch"] != [0.0, round(1 / p, 3) if settings.get("scale") == "train" else 1.0]:
        facts |= _more(student, p, seed, settings)
    return facts


def _more(student, p, seed, settings):
    """Facts that tell one mistake from another, looked at only where something is wrong."""
    layer, ones, none = _layer(student, p, seed, **settings), torch.ones(200, 1), torch.zeros(200, 1)
    facts = {"what becomes of ones in training": _numbers(torch.stack([layer(ones, none).detach() for _ in range(40)]))}
    layer.eval()
    one, other = (layer(ones, none).detach() for _ in range(2))
    facts |= {"evaluation": _numbers(one) if torch.equal(one, other) else "draws"}
    for mode in ("row", "batch"):
        there = _survived(_layer(student, p, seed, mode=mode), 6, 40)
        facts[f"mode {mode}: all examples share a gate"] = bool((there == there[:, :1]).all())
    return facts


SETTINGS = [{"mode": mode, "scale": scale} for mode in ("row", "batch") for scale in ("test", "train")]


@part("train")
def test_what_is_added(compare, rng):
    """In training the skip stays as it is, and the branch is there as a whole (divided by p with scale "train") or not at all."""
    for settings in SETTINGS:
        calls, N = (2, 90) if settings["mode"] == "row" else (64, 3)
        compare(_factors, _x(rng, N, 2, 3), _x(rng, N, 2, 3), 0.6, calls, seed=_seed(rng), settings=settings)


def _kinds(student, branch, skip, p, seed, settings):
    """y where the branch is there and where not, and whether the arguments are left alone."""
    layer = _layer(student, p, seed, **settings)
    y = layer(branch, skip)
    facts = {
        "shape of y": tuple(y.shape),
        "dtype of y": str(y.dtype),
        "factors of the branch": _numbers((y - skip).detach() / branch),
        "nothing is left of some example": bool((y == 0).flatten(1).all(1).any()),
    }
    factor = round(1 / p, 3) if settings.get("scale") == "train" else 1.0
    wrong = facts["factors of the branch"] != ([0.0, factor] if p < 1 else [1.0])
    return facts | (_more(student, p, seed, settings) if wrong else {})


@part("train")
def test_kinds_of_tensors(compare, rng):
    """Images and rows, float32 and float64; branch and skip are not changed, and p of 1 is the plain sum."""
    for shape in ((120, 2), (150, 2, 2, 3)):
        compare(_kinds, _x(rng, *shape), _x(rng, *shape), 0.5, _seed(rng), {"scale": "train"})
    compare(_kinds, _x(rng, 120, 2).float(), _x(rng, 120, 2).float(), 0.55, _seed(rng), {})
    for settings in SETTINGS:
        compare(_kinds, _x(rng, 5, 2), _x(rng, 5, 2), 1.0, _seed(rng), settings)


def _gradients(student, branch, skip, upstream, p, seed, settings):
    """The gradient of the branch is what the branch was multiplied with, that of the skip is all of it."""
    y, (d_branch, d_skip), _ = vjp(_layer(student, p, seed, **settings), branch, skip, upstream=upstream)
    if d_branch is None or d_skip is None:
        return {"there are both gradients": False}
    factor = (y - skip) / branch
    return {
        "there are both gradients": True,
        "factor of the branch minus that of its gradient": _numbers(factor - d_branch / upstream),
        "factor of the gradient of the skip": _numbers(d_skip / upstream),
        "the skip loses some where the branch is there": bool(
            ((d_skip / upstream - 1).abs()[d_branch != 0] > 1e-4).any()
        ),
    }


@part("train")
def test_gradients(compare, rng):
    """Where the branch is dropped it gets no gradient; the skip passes all of it."""
    for settings in SETTINGS:
        shape = (40, 3, 2)
        compare(_gradients, _x(rng, *shape), _x(rng, *shape), _x(rng, *shape), 0.6, _seed(rng), settings)


def _survived(layer, N, calls):
    """(calls, N): whose branch is there."""
    ones = torch.ones(N, 1)
    return torch.stack([layer(ones.clone(), torch.zeros(N, 1)).detach().flatten() != 0 for _ in range(calls)])


def _row_law(student, p, seed):
    layer, N, alike = _layer(student, p, seed), 1500, p**2 + (1 - p) ** 2
    there, later = _survived(layer, N, 2)
    facts = {
        "all examples share one fate": bool((there == there[0]).all()),
        "share of the branches that are there": chance.share(there.sum(), N, p),
        "examples next to each other are alike": chance.share((there[0::2] == there[1::2]).sum(), N // 2, alike),
        "the next call is alike": chance.share((there == later).sum(), N, alike),
    }
    right = {False, p, alike}
    if set(facts.values()) <= right:
        return facts
    return facts | _generators(student, p, seed) | _more(student, p, seed, {})


@part("train")
def test_rate(compare, rng):
    """A branch survives with probability p, each example by itself, each call anew."""
    for p in (0.2, 0.75):
        compare(_row_law, p, seed=_seed(rng))


def _generators(student, p, seed):
    """What layers with generators draw, while torch's global state is set to one thing and another."""
    torchs, N = student.imported("torch"), 200
    layer, same, other = (_layer(student, p, each) for each in (seed, seed, seed + 1))
    torchs.manual_seed(seed % 1000)
    before = torchs.get_rng_state().clone()
    one, next_one = _survived(layer, N, 2)
    unchanged = bool((torchs.get_rng_state() == before).all())
    torchs.manual_seed(seed % 1000 + 1)
    facts = {} if not torch.equal(one, next_one) else _more(student, p, seed, {})
    return facts | {
        "the same seed gives the same gates": bool(torch.equal(one, _survived(same, N, 1)[0])),
        "the next call gives other gates": not torch.equal(one, next_one),
        "another seed gives other gates": not torch.equal(one, _survived(other, N, 1)[0]),
        "torch's global random state is as before": unchanged,
    }


@part("train")
def test_generator(compare, rng):
    """With a generator, equal ones give equal gates, every call draws new ones, and the global state is left alone."""
    compare(_generators, 0.4, seed=_seed(rng))


def _without(student, p, seed):
    torchs, layer = student.imported("torch"), student.StochasticDepth(p)
    torchs.manual_seed(seed % 1000)
    one, next_one = _survived(layer, 200, 2)
    torchs.manual_seed(seed % 1000)
    repeated = _survived(layer, 200, 1)[0]
    return {
        "the same seed of torch gives the same gates": bool(torch.equal(one, repeated)),
        "the next call gives other gates": not torch.equal(one, next_one),
    }


@part("train")
def test_without_a_generator(compare, rng):
    """Without a generator the gates come from torch's global one, anew in every call."""
    compare(_without, 0.4, seed=_seed(rng))


# ---- eval --------------------------------------------------------------------------------------------------


def _evaluated(student, branch, skip, p, settings):
    """y in evaluation, where only a model around the layer is told."""
    layer = student.StochasticDepth(p, **settings)
    student.imported("torch.nn").ModuleList([layer]).eval()
    y = layer(branch, skip).detach()
    again = layer(branch, skip).detach()
    facts = {"y": y, "two calls are equal": bool(torch.equal(y, again))}
    if y.shape != skip.shape or not facts["two calls are equal"]:  # what happened tells one mistake from another
        return {"two calls are equal": facts["two calls are equal"]} | _more(student, 0.6, 3, settings)
    wanted = skip + (1.0 if settings.get("scale") == "train" else p) * branch
    return facts | ({} if torch.allclose(y, wanted, atol=1e-4) else _more(student, p, 3, settings))


def _both_modes(student, branch, skip, p, seed, settings):
    """In evaluation and in training the expected factors of the branch agree."""
    layer = _layer(student, p, seed, **settings)
    layer.eval()
    in_evaluation = _numbers((layer(branch.clone(), skip.clone()).detach() - skip) / branch)
    layer.train()
    return {
        "factors of the branch in evaluation": in_evaluation,
        "factors of the branch in training again": _numbers(
            (layer(branch.clone(), skip.clone()).detach() - skip) / branch
        ),
    }


@part("eval")
def test_evaluation(compare, rng):
    """In evaluation nothing is drawn: skip + p branch with scale "test", skip + branch with scale "train"."""
    for settings in SETTINGS:
        compare(_evaluated, _x(rng, 4, 3, 2), _x(rng, 4, 3, 2), 0.7, settings)


@part("eval")
def test_defaults_and_kinds(compare, rng):
    """Scale "test" is the default; float32, other shapes and other rates are fine."""
    compare(_evaluated, _x(rng, 5, 2).float(), _x(rng, 5, 2).float(), 0.3, {})
    compare(_evaluated, _x(rng, 2, 3, 4, 1), _x(rng, 2, 3, 4, 1), 0.9, {"mode": "batch"})
    compare(_evaluated, _x(rng, 1, 4), _x(rng, 1, 4), 1.0, {})


@part("eval")
def test_back_in_training(compare, rng):
    """Back in training branches are dropped again."""
    for settings in ({"scale": "test"}, {"scale": "train"}):
        compare(_both_modes, _x(rng, 120, 2), _x(rng, 120, 2), 0.6, _seed(rng), settings)


# ---- modes -------------------------------------------------------------------------------------------------


def _gates(student, branch, skip, p, calls, seed, settings):
    """last_gate against what happened, and who shares a gate."""
    layer, fits, zero_one, shared, count = _layer(student, p, seed, **settings), True, True, True, True
    opposite = True
    for _ in range(calls):
        y = layer(branch.clone(), skip.clone()).detach()
        there = ((y - skip).abs() > 1e-6).flatten(1)[:, 0]
        shared = shared and bool((there == there[0]).all())
        gate = layer.last_gate
        if gate is None:
            return {"last_gate": "None", "all examples share a gate in each call": shared}
        gate = torch.as_tensor(gate).detach().double().flatten()
        zero_one = zero_one and bool(((gate == 0) | (gate == 1)).all())
        if settings.get("mode") == "batch":
            count = count and bool((gate == gate[:1]).all())
            gate = gate[:1].expand(len(skip))
        count = count and len(gate) == len(skip)
        fits = fits and count and bool(((gate != 0) == there).all())
        opposite = opposite and count and bool(((gate == 0) == there).all())
    facts = {} if fits and shared == (settings.get("mode") == "batch") else _more(student, p, seed, settings)
    return facts | {
        "last_gate says the opposite": opposite,
        "all examples share a gate in each call": shared,
        "last_gate has a gate for each": count,
        "last_gate holds 0 and 1": zero_one,
        "last_gate says what happened": fits,
    }


@part("modes")
def test_gates(compare, rng):
    """With mode "row" every example has a gate, with mode "batch" all share one; last_gate holds them, as 0 and 1."""
    for settings in (*SETTINGS, {}):
        N, calls = (5, 40) if settings.get("mode") == "batch" else (60, 2)
        compare(_gates, _x(rng, N, 3), _x(rng, N, 3), 0.6, calls, seed=_seed(rng), settings=settings)


def _batch_law(student, p, calls, seed):
    """How often the branch of a batch is there; calls next to each other, which are independent."""
    there = _survived(_layer(student, p, seed, mode="batch"), 2, calls)
    shared = bool((there[:, 0] == there[:, 1]).all())
    alike = p**2 + (1 - p) ** 2
    facts = {
        "all examples share a gate in each call": shared,
        "share of the calls with a branch": chance.share(there[:, 0].sum(), calls, p),
        "calls next to each other are alike": chance.share((there[::2, 0] == there[1::2, 0]).sum(), calls // 2, alike),
    }
    right = {True, p, alike}
    return (
        facts if set(facts.values()) <= right else facts | _generators(student, p, seed) | _more(student, p, seed, {})
    )


@part("modes")
def test_rate_of_batches(compare, rng):
    """With mode "batch" the branch of a batch survives with probability p, each call anew."""
    compare(_batch_law, 0.25, 160, seed=_seed(rng))


def _refusals(student, cases):
    """Which settings are refused; the first ones are right."""
    facts = []
    for p, settings in cases:
        try:
            student.StochasticDepth(p, **settings)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
        except NotImplementedError:
            raise
        except Exception:
            facts.append("another error")
    return {"what happens": facts}


@part("modes", supporting=True)
def test_bad_input(compare):
    """A p_survive that is no probability, 0 with scale "train", and unknown modes and scales, are refused."""
    right = [(0.5, {}), (1.0, {}), (1.0, {"scale": "train"}), (0.0, {}), (0, {"mode": "batch"})]
    wrong = [(p, {"scale": scale}) for p in (-0.1, 1.1, 2) for scale in ("test", "train")]
    wrong += [(0.0, {"scale": "train"}), (0.5, {"mode": "sample"}), (0.5, {"scale": "eval"})]
    compare(_refusals, right + wrong)
    for p, settings in wrong:
        named = tuple(name for name, value in settings.items() if value not in ("test", "train")) or ("p_survive",)
        compare.refuses("StochasticDepth", p, naming=named, **settings)


def _never(student, branch, skip, seed):
    layer = _layer(student, 0.0, seed)
    y = layer(branch.clone(), skip.clone()).detach()
    layer.eval()
    return {"y in training": y, "y in evaluation": layer(branch.clone(), skip.clone()).detach()}


@part("modes", supporting=True)
def test_never(compare, rng):
    """With p_survive = 0 and scale "test" the skip is all there is."""
    compare(_never, _x(rng, 4, 3), _x(rng, 4, 3), seed=_seed(rng))
