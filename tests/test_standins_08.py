"""The stand-ins of notebook 08 against the reference."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from traindeep import exercise, standins

from autograder import exercise as hidden

EXERCISES = ("early_stopper", "reuse_validation", "early_stop_vs_l2", "bias_variance", "bagging_ensemble", "mimo")
NAMES = (
    "EarlyStopper", "retrain_scratch", "retrain_continue", "es_weights", "l2_weights", "matching_alpha",
    "bias_variance", "bootstrap_indices", "combine", "ensemble_mse", "mimo_batch", "mimo_loss", "mimo_predict",
)  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def s(name):
    return standins.load()[name]()


def r(name):
    return hidden.find_reference(name)


def test_every_name_has_a_stand_in():
    """What the exercises of the notebook ask for can be used without solving them."""
    standins.load()
    assert {name for name, home in standins.HOME.items() if home == "08"} == set(NAMES)
    assert {name for id in EXERCISES for name in exercise.load(id).names} == set(NAMES)


@pytest.mark.parametrize("id", EXERCISES)
def test_stand_ins_get_full_points(id):
    """The hidden tests accept the stand-ins."""
    item = hidden.load(id)
    names = {name: s(name) for name in item.visible.names}
    student = hidden.Answering(names)
    for seed in ("a", "b"):
        oracle = hidden.Live(item)
        results = [hidden.run_hidden(item, test, student, oracle, seed) for test in item.tests]
        assert hidden.score(item, results) == item.points, [x for x in results if x.outcome != "passed"]


def test_early_stopper_agrees(rng):
    """Random losses, with ties and nan: the same decisions and the same memory until the stop."""
    for _ in range(100):
        patience, min_delta = int(rng.integers(1, 5)), float(rng.choice([0, 0.25]))
        one, two = s("EarlyStopper")(patience, min_delta), r("EarlyStopper")(patience, min_delta)
        for step, loss in enumerate([9.0, *rng.choice([1, 1.25, 1.5, 2, 3, 4, np.nan], size=20)]):
            weights = {"w": np.full(3, step)}
            stops = one.update(loss, weights), two.update(loss, weights)
            weights["w"] += 100
            assert stops[0] == stops[1]
            assert (one.best_step, one.best_loss) == (two.best_step, two.best_loss)
            assert np.array_equal(one.best_weights["w"], two.best_weights["w"])
            if stops[0]:
                break


@pytest.mark.parametrize("as_tensors", [False, True])
def test_retraining_agrees(as_tensors, rng):
    """The same calls with the same data, and the same results, for arrays and tensors."""
    train, val = ((rng.normal(size=(n, 3)), rng.integers(9, size=n)) for n in (5, 2))
    if as_tensors:
        train, val = (tuple(map(torch.from_numpy, data)) for data in (train, val))

    def run(get, losses, max_epochs):
        log, best = [], {"epochs": 7}

        def train_epoch(model, data):
            log.append([np.asarray(part).tolist() for part in data])
            model["epochs"] += 1
            return model

        def eval_loss(model, data):
            log.append([np.asarray(part).tolist() for part in data])
            return losses[model["epochs"] - 7]

        first = get("retrain_scratch")(lambda: {"epochs": 0}, train_epoch, train, val, 3)
        second = get("retrain_continue")(best, train_epoch, eval_loss, train, val, 1.0, max_epochs)
        return first, second, best, log

    for losses, max_epochs in (([3, 2, 1, 0.5], 3), ([3, 2, 1, 1, 1], 3), ([0.5], 0), ([1.0], 0), ([2, 0.5], 1)):
        assert run(s, losses, max_epochs) == run(r, losses, max_epochs)


def test_filters_agree(rng):
    """Random symmetric matrices, one of them singular."""
    for rank in (4, 2):
        root = rng.normal(size=(4, rank))
        Hess, w_star = root @ root.T, rng.normal(size=4)
        lr = 1.5 / np.linalg.norm(Hess, 2)
        for steps in (0, 1, 2, 17):
            expected = r("es_weights")(Hess, w_star, lr, steps)
            np.testing.assert_allclose(s("es_weights")(Hess, w_star, lr, steps), expected, rtol=1e-9, atol=1e-11)
        for alpha in (0.01, 3):
            expected = r("l2_weights")(Hess, w_star, alpha)
            np.testing.assert_allclose(s("l2_weights")(Hess, w_star, alpha), expected, rtol=1e-9, atol=1e-11)
    assert s("matching_alpha")(0.1, 20) == pytest.approx(r("matching_alpha")(0.1, 20))


def test_arithmetic_of_ensembles_agrees(rng):
    """bias_variance, combine and ensemble_mse."""
    preds, f_true = rng.normal(size=(5, 7)), rng.normal(size=7)
    assert s("bias_variance")(preds, f_true, 0.3) == pytest.approx(r("bias_variance")(preds, f_true, 0.3))
    probs = rng.dirichlet(np.ones(4), size=(6, 5))
    probs[0, 0] = [0, 0.5, 0.25, 0.25]
    for how in ("arith", "geo", "vote"):
        np.testing.assert_allclose(s("combine")(probs, how), r("combine")(probs, how), rtol=1e-9, atol=1e-12)
    for k in (1, 2, 9):
        assert s("ensemble_mse")(2.0, 0.5, k) == pytest.approx(r("ensemble_mse")(2.0, 0.5, k))


def test_mimo_agrees():
    """Batches keep what they promise; losses and predictions are equal, and losses have gradients."""
    generator = torch.Generator().manual_seed(8)
    x, y = torch.randn(6, 3, generator=generator), torch.arange(6)
    xm, ym, perms = s("mimo_batch")(x, y, 4, generator)
    assert perms.shape == (4, 6)
    for j in range(4):
        assert torch.equal(xm[:, j], x[perms[j]])
        assert torch.equal(ym[:, j], y[perms[j]])
        assert torch.equal(perms[j].sort().values, y)
    logits = torch.randn(5, 4, 6, generator=generator, requires_grad=True)
    labels = torch.randint(6, (5, 4), generator=generator)
    torch.testing.assert_close(s("mimo_loss")(logits, labels), r("mimo_loss")(logits, labels))
    s("mimo_loss")(logits, labels).backward()
    assert logits.grad.abs().sum() > 0
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 20), nn.Unflatten(1, (4, 5)))
    torch.testing.assert_close(s("mimo_predict")(model, x, 4), r("mimo_predict")(model, x, 4))


@pytest.mark.parametrize(
    ("name", "args", "match"),
    [
        ("EarlyStopper", (0,), "patience"),
        ("EarlyStopper", (1, -0.1), "min_delta"),
        ("retrain_scratch", (None, None, None, None, 0), "best_epochs"),
        ("retrain_continue", (None, None, None, None, None, 1.0, -1), "max_epochs"),
        ("es_weights", (np.eye(2), np.ones(2), 0.1, -1), "steps"),
        ("es_weights", (np.eye(2), np.ones(2), 2.5, 1), "lr"),
        ("bias_variance", (np.ones((0, 2)), np.ones(2), 0.1), "preds"),
        ("bias_variance", (np.ones((3, 2)), np.ones(3), 0.1), "f_true"),
        ("bias_variance", (np.ones((3, 2)), np.ones(2), -0.1), "noise_var"),
        ("bootstrap_indices", (3, 0, np.random.default_rng(0)), "k"),
        ("combine", (np.ones((2, 3, 1)), "mean"), "how"),
        ("ensemble_mse", (1.0, 0.5, 0), "k"),
        ("ensemble_mse", (1.0, 1.5, 2), "cov"),
        ("mimo_batch", (torch.ones(2, 2), torch.ones(2), 0, torch.Generator()), "M"),
        ("mimo_predict", (nn.Identity(), torch.ones(2, 2), 0), "M"),
    ],
)
def test_bad_input(name, args, match):
    """The ValueErrors of the exercises name the argument."""
    for get in (s, r):
        with pytest.raises(ValueError, match=match):
            get(name)(*copy.copy(args))


def test_global_random_streams_are_left_alone():
    """Samplers draw from the generator that they are given."""
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    s("bootstrap_indices")(5, 3, np.random.default_rng(0))
    s("mimo_batch")(torch.ones(3, 2), torch.ones(3), 2, torch.Generator())
    s("EarlyStopper")(2).update(1.0, [1])
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
