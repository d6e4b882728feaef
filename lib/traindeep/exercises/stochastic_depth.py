"""Stochastic depth: residual branches that are dropped as a whole."""

import numpy as np
import torch

from traindeep import chance
from traindeep.student import vjp

SIGNATURES = {
    "survival_probs": "L, p_L -> p",
    "expected_depth": "p -> depth",
    "StochasticDepth": "p_survive, mode, scale, generator -> layer",
}
HINTS = (
    "A block is x + branch(x). If its branch is dropped, what is left? Write down what the layer returns in training and in "
    "evaluation for both scales, with p = 0.8, and check that the two agree on average.",
    "Draw one number for each example (or one for the batch) and compare it with p: a gate of 0 or 1, in the shape (N, 1, "
    "..., 1), so that it covers all of an example. The skip is never multiplied with anything. self.training says which "
    "of the two formulas holds.",
    "shape = (N, *[1] * (branch.ndim - 1)); gate = (torch.rand(shape, generator=self.generator) < p).to(branch). For the "
    "schedule, np.arange(1, L + 1) counts the blocks from 1.",
)


def _probs(student, L, p_L):
    return {"p": np.asarray(student.survival_probs(L, p_L), dtype=float)}


def _depth(student, p):
    return {"expected depth": float(student.expected_depth(p))}


def _numbers(values):
    """The different numbers among values, to three digits; "many" if there are more than three."""
    found = sorted({round(v, 3) + 0.0 for v in torch.as_tensor(values).double().flatten().tolist()})
    return found if len(found) <= 3 else "many"


def _layer(student, p, seed, **settings):
    return student.StochasticDepth(p, generator=torch.Generator().manual_seed(seed), **settings)


def _training(student, p, calls, N, seed, settings):
    layer = _layer(student, p, seed, **settings)
    branch, skip = 1 + torch.arange(4.0 * N).reshape(N, 2, 2) / N, torch.full((N, 2, 2), 4.0)
    ratios, alone, skips, one, shared, lost, channel = [], [], [], True, True, False, True
    for _ in range(calls):
        y = layer(branch.clone(), skip.clone()).detach()
        if y.shape != skip.shape:
            return {"shape of y": tuple(y.shape)}
        ratio = (y - skip) / branch
        one = one and bool((ratio - ratio[:, :1, :1]).abs().max() < 1e-4)
        channel = channel and bool((ratio - ratio[:, :, :1]).abs().max() < 1e-4)
        shared = shared and bool((ratio - ratio[0]).abs().max() < 1e-4)
        lost = lost or bool((y == 0).flatten(1).all(1).any())
        ratios.append(ratio)
        alone.append(layer(branch.clone(), torch.zeros_like(skip)).detach() / branch)
        skips.append(layer(torch.zeros_like(branch), skip.clone()).detach() / skip)
    return {
        "dtype of y": str(y.dtype),
        "an example has one factor for its branch": one,
        "a channel has one factor": channel,
        "all examples have the same factor": shared,
        "nothing is left of some example": lost,
        "factors of the branch": _numbers(torch.stack(ratios)),
        "factors of the branch without skip": _numbers(torch.stack(alone)),
        "factors of the skip without branch": _numbers(torch.stack(skips)),
    }


def _unchanged(student, branch, skip):
    y = _layer(student, 1.0, 1)(branch, skip)
    return {"y": y.detach()}


def _evaluation(student, branch, skip, p, settings):
    layer = student.StochasticDepth(p, **settings)
    torch.nn.ModuleList([layer]).eval()
    ones, none = torch.ones(200, 1), torch.zeros(200, 1)
    equal = bool(torch.equal(layer(ones, none), layer(ones, none)))
    if equal:
        return {"two calls are equal": True, "y in evaluation": layer(branch, skip).detach()}
    facts = {"two calls are equal": False}
    layer.eval()  # told directly: tells one mistake from another
    facts["after layer.eval()"] = bool(torch.equal(layer(ones, none), layer(ones, none)))
    layer.train()
    return facts | {"two calls in training are equal": bool(torch.equal(layer(ones, none), layer(ones, none)))}


def _gates(student, p, calls, N, seed, settings):
    layer, fits, zero_one, count, shared = _layer(student, p, seed, **settings), True, True, True, True
    branch, skip = torch.ones(N, 2), torch.zeros(N, 2)
    for _ in range(calls):
        there = layer(branch.clone(), skip.clone()).detach()[:, 0] != 0
        shared = shared and bool((there == there[0]).all())
        gate = layer.last_gate
        if gate is None:
            return {"last_gate": "None"}
        gate = torch.as_tensor(gate).detach().double().flatten()
        zero_one = zero_one and bool(((gate == 0) | (gate == 1)).all())
        if settings.get("mode") == "batch":
            gate = gate[:1].expand(N)
        count = count and len(gate) == N
        fits = fits and count and bool(((gate != 0) == there).all())
    return {
        "all examples share a gate": shared,
        "last_gate has a gate for each": count,
        "last_gate holds 0 and 1": zero_one,
        "last_gate says what happened": fits,
    }


def _survived(layer, N):
    return layer(torch.ones(N, 1), torch.zeros(N, 1)).detach().flatten() != 0


def _rate(student, p, seed):
    layer, N = _layer(student, p, seed), 1500
    there, later = _survived(layer, N), _survived(layer, N)
    alike = p**2 + (1 - p) ** 2
    facts = {
        "share of the branches that are there": chance.share(there.sum(), N, p),
        "examples next to each other are alike": chance.share((there[::2] == there[1::2]).sum(), N // 2, alike),
        "the next call is alike": chance.share((there == later).sum(), N, alike),
    }
    return facts if set(facts.values()) <= {p, alike} else facts | _generators(student, p, seed)


def _generators(student, p, seed):
    torch.manual_seed(seed)  # check puts the global generator back
    layer, before = _layer(student, p, seed), torch.get_rng_state().clone()
    one, next_one = _survived(layer, 200), _survived(layer, 200)
    unchanged = bool((torch.get_rng_state() == before).all())
    return {
        "the same seed gives the same gates": bool(torch.equal(one, _survived(_layer(student, p, seed), 200))),
        "the next call gives other gates": not torch.equal(one, next_one),
        "torch's global random state is as before": unchanged,
    }


def _gradients(student, branch, skip, upstream, seed):
    y, (d_branch, d_skip), _ = vjp(_layer(student, 0.6, seed, scale="train"), branch, skip, upstream=upstream)
    if d_branch is None or d_skip is None:
        return {"there are both gradients": False}
    return {
        "factor of the branch minus that of its gradient": _numbers((y - skip) / branch - d_branch / upstream),
        "factor of the gradient of the skip": _numbers(d_skip / upstream),
    }


def _refusals(student, cases):
    facts = []
    for p, settings in cases:
        try:
            student.StochasticDepth(p, **settings)
            facts.append("accepted")
        except ValueError:
            facts.append("refused")
    return {"what happens": facts}


def test_schedule(student, compare):
    """With p_L = 1/2, four blocks survive with 0.875, 0.75, 0.625 and 0.5."""
    compare.within(1e-5, 1e-6)(_probs, 4, 0.5)
    compare.within(1e-5, 1e-6)(_probs, 5, 0.2)


def test_expected_depth(student, compare):
    """Of these four blocks 2.75 survive on average, of four with 0.6 each 2.4; of the 54 of the paper 40.25."""
    compare.within(1e-5, 1e-6)(_depth, np.array([0.6, 0.6, 0.6, 0.6]))
    compare.within(1e-5, 1e-6)(_depth, np.array([0.875, 0.75, 0.625, 0.5]))
    compare.within(1e-5, 1e-6)(_depth, 1 - np.arange(1, 55) / 54 / 2)
    compare.within(1e-5, 1e-6)(_depth, np.array([0.9, 0.3]))


def test_training(student, compare):
    """With p = 0.8 and scale "train" a branch is multiplied with 0 or 1.25, with scale "test" with 0 or 1; the skip with 1."""
    for scale in ("test", "train"):
        compare(_training, 0.8, 2, 200, 1, {"scale": scale})
        compare(_training, 0.6, 64, 3, 2, {"scale": scale, "mode": "batch"})


def test_evaluation(student, compare):
    """In evaluation a branch of 10 on a skip of 1 gives 9 with scale "test" (p = 0.8) and 11 with scale "train"."""
    branch, skip = torch.tensor([[10.0, 5.0], [-10.0, 0.0]]), torch.ones(2, 2)
    for settings in ({}, {"scale": "train"}, {"mode": "batch"}):
        compare(_evaluation, branch, skip, 0.8, settings)


def test_last_gate(student, compare):
    """last_gate holds the gates of the latest call, 0 and 1, one for each example or one for the batch."""
    compare(_gates, 0.6, 2, 60, 3, {"scale": "train"})
    compare(_gates, 0.6, 40, 4, 4, {"mode": "batch"})


def test_rate(student, compare):
    """With p = 0.2 a fifth of the branches are there, each by itself, each call anew."""
    compare(_rate, 0.2, seed=5)


def test_generator(student, compare):
    """With a generator, equal ones give equal gates, and torch's global random state is left alone."""
    compare(_generators, 0.4, seed=6)


def test_gradients(student, compare):
    """A dropped branch gets no gradient; the skip passes all of it."""
    branch = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]], dtype=torch.float64)
    compare(_gradients, branch, 2 - branch / 2, branch + 5, seed=7)


def test_nothing_is_changed(student, compare):
    """branch and skip stay as they were; with p = 1 y is their sum."""
    compare(_unchanged, torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -1.0]]))


def test_bad_input(student, compare):
    """A p_survive that is no probability, 0 with scale "train", and unknown words, are a ValueError."""
    right = [(1.0, {}), (0.0, {}), (1.0, {"scale": "train"})]
    wrong = [(-0.1, {}), (1.1, {}), (0.0, {"scale": "train"}), (0.5, {"mode": "sample"}), (0.5, {"scale": "eval"})]
    compare(_refusals, right + wrong)
    compare.refuses("StochasticDepth", 1.1, naming=("p_survive",))
    compare.refuses("StochasticDepth", 0.5, "sample", naming=("mode",))
    compare.refuses("StochasticDepth", 0.5, "row", "eval", naming=("scale",))
