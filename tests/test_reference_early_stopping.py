"""EarlyStopper and the two ways to reuse validation data against plain restatements; filters against loops and solvers."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.linear_model import Ridge
from torch import nn
from traindeep.reference.early_stopping import (
    EarlyStopper,
    es_weights,
    l2_weights,
    matching_alpha,
    retrain_continue,
    retrain_scratch,
)

torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(8)


# ---- EarlyStopper ----------------------------------------------------------------------------------------


def _by_hand(losses, patience, min_delta):
    """All improvements first, then the first gap of `patience` steps: (stop or None, best step at that moment)."""
    best, improvements = math.inf, []
    for step, loss in enumerate(losses):
        if best - loss > min_delta:
            best = loss
            improvements.append(step)
    stop = None
    for this, following in zip([-1, *improvements], [*improvements, math.inf], strict=True):
        if following - this > patience:
            stop = this + patience
            break
    stop = None if stop is None or stop >= len(losses) else stop
    before = [step for step in improvements if stop is None or step <= stop]
    return stop, before[-1] if before else None


def test_random_losses_with_ties_and_nan(rng):
    """1000 sequences of few different values: the step of the stop and the best step are those of a look backwards."""
    stopped = 0
    for _ in range(1000):
        losses = rng.choice([1, 1.25, 1.5, 2, 3, math.nan, math.inf], size=rng.integers(1, 12)).tolist()
        patience, min_delta = int(rng.integers(1, 5)), float(rng.choice([0, 0.25, 1]))
        stopper, stop = EarlyStopper(patience, min_delta), None
        for step, loss in enumerate(losses):
            if stopper.update(loss, [step]):
                stop = step
                break
        wanted, best = _by_hand(losses, patience, min_delta)
        assert (stop, stopper.best_step) == (wanted, best), (losses, patience, min_delta)
        if best is not None:
            assert stopper.best_weights == [best]
            assert stopper.best_loss == losses[best]
        stopped += stop is not None
    assert 200 < stopped < 900


def test_minimum_without_patience(rng):
    """With patience for all of them, what is remembered is the first minimum of the losses."""
    losses = rng.normal(size=50)
    stopper = EarlyStopper(51)
    assert not any(stopper.update(loss, {"step": [step]}) for step, loss in enumerate(losses))
    assert stopper.best_step == np.argmin(losses)
    assert stopper.best_loss == losses.min()
    assert stopper.best_weights == {"step": [np.argmin(losses)]}


def test_the_copy_is_independent():
    """State dicts, nested containers and whole models: what is kept does not follow the training."""
    model = nn.Linear(3, 2)
    for weights in (model.state_dict(), [model.weight, {"b": [model.bias]}], model):
        stopper = EarlyStopper(3)
        before = [p.detach().clone() for p in model.parameters()]
        stopper.update(1.0, weights)
        with torch.no_grad():
            for p in model.parameters():
                p.add_(1)
        kept = stopper.best_weights
        if isinstance(kept, list):
            kept = {"weight": kept[0], "bias": kept[1]["b"][0]}
        kept = kept if isinstance(kept, dict) else dict(kept.named_parameters())
        assert torch.equal(kept["weight"], before[0])
        assert torch.equal(kept["bias"], before[1])


@pytest.mark.parametrize(
    ("settings", "name"), [({"patience": 0}, "patience"), ({"patience": 1, "min_delta": -1}, "min_delta")]
)
def test_bad_settings(settings, name):
    """The message names the argument."""
    with pytest.raises(ValueError, match=name):
        EarlyStopper(**settings)


# ---- validation data -------------------------------------------------------------------------------------


def _sgd_epoch(model, data):
    X, y = data
    for start in range(0, len(X), 4):
        model.zero_grad()
        nn.functional.mse_loss(model(X[start : start + 4])[:, 0], y[start : start + 4]).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.05 * p.grad
    return model


def _loss(model, data):
    with torch.no_grad():
        return nn.functional.mse_loss(model(data[0])[:, 0], data[1]).item()


def _regression(rng, n):
    X = torch.from_numpy(rng.normal(size=(n, 3)))
    return X, X @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64) + 0.1 * torch.from_numpy(rng.normal(size=n))


def test_strategies_with_a_real_model(rng):
    """Both strategies give the weights of a plain loop over the epochs, bit for bit."""
    train, val = _regression(rng, 10), _regression(rng, 5)
    both = torch.cat([train[0], val[0]]), torch.cat([train[1], val[1]])
    start = nn.Linear(3, 1).double()
    model, by_hand = retrain_scratch(lambda: copy.deepcopy(start), _sgd_epoch, train, val, 4), copy.deepcopy(start)
    for _ in range(4):
        _sgd_epoch(by_hand, both)
    assert torch.equal(model.weight, by_hand.weight)
    losses, by_hand = [], copy.deepcopy(start)
    for _ in range(8):
        losses.append(_loss(by_hand, val))
        _sgd_epoch(by_hand, both)
    target = (losses[3] + losses[4]) / 2
    first = next(n for n, loss in enumerate(losses) if loss < target)
    before = start.weight.detach().clone()
    model, epochs, reached = retrain_continue(start, _sgd_epoch, _loss, train, val, target, 50)
    assert (epochs, reached) == (first, True)
    assert _loss(model, val) == losses[first]
    assert torch.equal(start.weight, before)
    model, epochs, reached = retrain_continue(start, _sgd_epoch, _loss, train, val, -1.0, 6)
    assert (epochs, reached, _loss(model, val)) == (6, False, losses[6])


@pytest.mark.parametrize("as_tensors", [False, True])
def test_calls_of_strategies(as_tensors, rng):
    """Counts of calls, and their data: one model, an epoch each on both sets, a look more than there are epochs."""
    train, val = ((rng.normal(size=(n, 2)), rng.integers(5, size=n)) for n in (4, 3))
    whole = [np.concatenate(pair) for pair in zip(train, val, strict=True)]
    if as_tensors:
        train, val = (tuple(map(torch.from_numpy, data)) for data in (train, val))
    calls = {"init": 0, "train": [], "look": []}

    def init():
        calls["init"] += 1
        return 0

    def train_epoch(model, data):
        calls["train"].append(data)
        return model + 1

    def eval_loss(model, data):
        calls["look"].append(data)
        return 10.0 - model

    assert retrain_scratch(init, train_epoch, train, val, 3) == 3
    assert calls["init"] == 1
    for target, cap, result in (
        (7.0, 9, (4, 4, True)),
        (7.0, 4, (4, 4, True)),
        (7.0, 3, (3, 3, False)),
        (11.0, 0, (0, 0, True)),
    ):
        calls["look"].clear()
        assert retrain_continue(0, train_epoch, eval_loss, train, val, target, cap) == result
        assert len(calls["look"]) == result[1] + 1
        assert all(look is val for look in calls["look"])
    assert len(calls["train"]) == 3 + 4 + 4 + 3
    for data in calls["train"]:
        assert all(torch.is_tensor(part) == as_tensors for part in data)
        assert all(np.array_equal(part, wanted) for part, wanted in zip(data, whole, strict=True))


def test_bad_numbers_of_epochs():
    """The message names the argument; 0 more epochs are allowed."""
    with pytest.raises(ValueError, match="best_epochs"):
        retrain_scratch(None, None, None, None, 0)
    with pytest.raises(ValueError, match="max_epochs"):
        retrain_continue(None, None, None, None, None, 1.0, -1)


# ---- a penalty in disguise -------------------------------------------------------------------------------


def _quadratic(rng, D, rank=None):
    root = rng.normal(size=(D, rank or D))
    return root @ root.T, rng.normal(size=D)


def test_stopped_weights_are_those_of_gradient_descent(rng):
    """A loop with the gradients of autograd gives the same weights, also where Hess is singular or lr > 1 / lambda_max."""
    for rank in (5, 2):
        Hess, w_star = _quadratic(rng, 5, rank)
        H, star = torch.from_numpy(Hess), torch.from_numpy(w_star)
        for factor in (0.3, 1.8):
            lr, w = factor / np.linalg.norm(Hess, 2), torch.zeros(5, dtype=torch.float64)
            for steps in range(12):
                np.testing.assert_allclose(es_weights(Hess, w_star, lr, steps), w.numpy(), rtol=1e-9, atol=1e-12)
                w.requires_grad_()
                (gradient,) = torch.autograd.grad(0.5 * (w - star) @ H @ (w - star), w)
                w = w.detach() - lr * gradient


def test_many_steps_reach_the_minimum(rng):
    """After very many steps nothing is left but flat directions, where w stays 0."""
    Hess, w_star = _quadratic(rng, 4)
    np.testing.assert_allclose(es_weights(Hess, w_star, 1 / np.linalg.norm(Hess, 2), 10**6), w_star, rtol=1e-6)
    u = np.array([1.0, 2.0, 2.0])
    w = es_weights(np.outer(u, u), np.array([3.0, 0.0, 0.0]), 0.1, 10**4)
    np.testing.assert_allclose(w, u * 3 / 9, rtol=1e-9)


def test_penalized_weights_are_those_of_ridge(rng):
    """scikit-learn's Ridge on data with X^T X = Hess, and a general minimizer, give the same weights."""
    X, w_star = rng.normal(size=(9, 4)), rng.normal(size=4)
    Hess = X.T @ X
    for alpha in (0.01, 0.7, 30.0):
        w = l2_weights(Hess, w_star, alpha)
        np.testing.assert_allclose(w, Ridge(alpha=alpha, fit_intercept=False).fit(X, X @ w_star).coef_, rtol=1e-8)

        def loss(w, alpha=alpha):
            return 0.5 * (w - w_star) @ Hess @ (w - w_star) + alpha / 2 * w @ w

        found = minimize(loss, np.zeros(4), tol=1e-12)
        np.testing.assert_allclose(w, found.x, rtol=1e-4, atol=1e-6)


def test_match_is_first_order(rng):
    """The two filters agree to 2 % where lr * lambda * steps <= 0.02; elsewhere they differ by up to 0.2 (0.5 for one step)."""
    for steps in (1, 5, 40):
        lr = 0.02 / steps
        Hess, w_star = np.diag(rng.uniform(0.1, 1, 6)), rng.uniform(1, 2, 6)
        stopped, penalized = es_weights(Hess, w_star, lr, steps), l2_weights(Hess, w_star, matching_alpha(lr, steps))
        np.testing.assert_allclose(stopped, penalized, rtol=0.0201)
    Hess, one, gaps = np.diag(np.linspace(0.001, 1, 150)), np.ones(150), {}
    for steps in (1, 1000):
        for lr in np.geomspace(1e-3, 1, 40):
            gap = es_weights(Hess, one, lr, steps) - l2_weights(Hess, one, matching_alpha(lr, steps))
            gaps[steps] = max(gaps.get(steps, 0), np.abs(gap).max())
    assert 0.18 < gaps[1000] < 0.22
    assert 0.45 < gaps[1] < 0.51


def test_exact_penalty_of_one_direction():
    """alpha = lambda (1 - lr lambda)^steps / (1 - (1 - lr lambda)^steps) makes the two filters equal for one direction."""
    lam, lr, steps = 1.7, 0.2, 6
    left = (1 - lr * lam) ** steps
    one = np.array([[lam]]), np.array([3.0])
    np.testing.assert_allclose(l2_weights(*one, lam * left / (1 - left)), es_weights(*one, lr, steps), rtol=1e-12)


def test_refusals():
    """A negative number of steps and a diverging learning rate; just below the limit is fine."""
    Hess = np.diag([4.0, 1.0])
    with pytest.raises(ValueError, match="steps"):
        es_weights(Hess, np.ones(2), 0.1, -1)
    with pytest.raises(ValueError, match="lr"):
        es_weights(Hess, np.ones(2), 0.51, 3)
    assert np.isfinite(es_weights(Hess, np.ones(2), 0.49, 3)).all()
