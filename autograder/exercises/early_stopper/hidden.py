"""Hidden tests of EarlyStopper.

"stop logic" asks when update first says stop and never looks at what is remembered; "best copy" has patience for more
updates than there are, and no ties; "nan" compares nan with a loss that is large, so that a stopper which is late, or
counts its steps from 1, pays once. Nothing is asked before the first improvement, nor after the stop.
"""

import numpy as np
import torch

from autograder.exercise import part

PARTS = {"stop logic": 3, "best copy": 2, "nan": 1}
NAN = float("nan")


def _falling(rng, n, low=2.0, high=9.0):
    """n losses, each clearly below the one before."""
    return np.sort(low + (high - low) * (np.arange(n) + rng.uniform(0.1, 0.9, n)) / n)[::-1].tolist()


def _rising(rng, n, above):
    """n losses, each clearly above the one before, and all above a number."""
    return (above + np.cumsum(rng.uniform(0.1, 0.5, n))).tolist()


def _run(stopper, losses):
    """The number of updates up to the one that says stop, 0 if none of them does."""
    for number, loss in enumerate(losses, start=1):
        if stopper.update(loss, [np.ones(2)]):
            return number
    return 0


def _stops(student, sequences, patience, min_delta=0.0):
    runs = [_run(student.EarlyStopper(patience, min_delta), losses) for losses in sequences]
    return {"number of the update that says stop": np.array(runs)}


# ---- stop logic ------------------------------------------------------------------------------------------


@part("stop logic")
def test_patience(compare, rng):
    """After the last improvement, training stops at the failure whose number is patience."""
    for patience in (1, 2, 4):
        runs = [_falling(rng, n) for n in (1, 3, 6)]
        compare(_stops, [run + _rising(rng, patience + 3, run[-1]) for run in runs], patience)


@part("stop logic")
def test_failures_in_a_row(compare, rng):
    """Failures before an improvement are forgotten; an improvement at the last moment saves the training."""
    for patience in (2, 3):
        losses = []
        for best in _falling(rng, 5):
            losses += [best, *_rising(rng, patience - 1, best + 9)]
        compare(_stops, [losses + _rising(rng, 2, max(losses)), losses], patience)


@part("stop logic")
def test_best_and_previous(compare, rng):
    """Losses that fall again count as failures as long as they are above the best one."""
    for patience in (2, 4):
        run = _falling(rng, 3)
        again = _falling(rng, patience + 3, low=run[-1] + 0.5, high=run[-1] + 9)
        compare(_stops, [run + again, run + again[:patience] + [run[-1] - 1]], patience)


@part("stop logic")
def test_ties(compare, rng):
    """A loss equal to the best one is a failure, right after it or later."""
    for patience in (2, 3):
        *_, best = run = _falling(rng, 4)
        plateau = run + [best] * (patience + 2)
        back = run + [best + 1, best, best + 2, best, best + 3, best]
        compare(_stops, [plateau, back], patience)


@part("stop logic")
def test_min_delta(compare, rng):
    """An improvement has to be more than min_delta below the best loss, which stays where the last improvement was."""
    # All numbers are multiples of 1/8: exact in binary.
    base = float(rng.integers(10, 20))
    steps = {
        "creeps": -0.125 * np.arange(1, 9),
        "by exactly min_delta": -0.25 * np.array([1, 1, 1, 1, 1]),
        "by more": np.array([-0.375, -0.75, -1.125, -1.0, -1.25, -0.875, -0.75]),
        "above": np.array([0.125, 0.5, -0.125, 0.125, -0.125, 0.875, 0.125]),
    }
    for patience in (2, 4):
        compare(_stops, [[base, *(base + step).tolist()] for step in steps.values()], patience, min_delta=0.25)


@part("stop logic", supporting=True)
def test_bad_input(compare):
    """patience below 1 and a negative min_delta are refused."""
    for patience in (0, -1):
        compare.refuses("EarlyStopper", patience, naming=("patience",))
    compare.refuses("EarlyStopper", 1, -0.25, naming=("min_delta",))
    compare.refuses("EarlyStopper", patience=3, min_delta=-1.0, naming=("min_delta",))


# ---- best copy -------------------------------------------------------------------------------------------


def _remembered(student, losses, arrays):
    """What is remembered after each of the updates from the first improvement on; the weights are new each time."""
    stopper = student.EarlyStopper(len(losses) + 1)
    seen = []
    for loss, array in zip(losses, arrays, strict=True):
        stopper.update(loss, {"W": array, "rest": [array[0]]})
        seen.append({"best_loss": stopper.best_loss, "best_weights": stopper.best_weights})
    return seen


def _steps(student, losses):
    stopper = student.EarlyStopper(len(losses) + 1)
    seen = []
    for loss in losses:
        stopper.update(loss, [np.ones(2)])
        seen.append(stopper.best_step)
    return {"best_step after each update": seen}


def _after_more_training(student, losses, arrays):
    """The same, with the parameters of a layer inside lists and dicts; each step changes them in place."""
    layer = student.imported("torch.nn").Linear(3, 2).double()
    stopper = student.EarlyStopper(len(losses) + 1)
    for loss, array in zip(losses, arrays, strict=True):
        layer.load_state_dict({"weight": torch.from_numpy(array), "bias": torch.from_numpy(array[:, 0].copy())})
        stopper.update(loss, {"weight": layer.weight, "others": [{"bias": layer.bias}]})
    layer.load_state_dict({"weight": torch.full((2, 3), 7.0), "bias": torch.full((2,), 7.0)})
    best = stopper.best_weights
    return {"weight": best["weight"], "bias": best["others"][0]["bias"]}


def _losses(rng):
    """Improvements and failures in turn, no two losses alike; the best one is neither the first nor the last.

    Failures after each other get worse, so that it makes no difference which loss a new one is compared with.
    """
    a, b, c, d, e = _falling(rng, 5)
    return [b, a, c, c + 0.01, b + 0.01, e, e + 0.01, d, a + 0.01]


def _arrays(rng):
    return [rng.normal(size=(2, 3)) for _ in range(9)]


@part("best copy")
def test_best(compare, rng):
    """best_loss and best_weights are those of the last improvement, at every moment."""
    compare(_remembered, _losses(rng), _arrays(rng))


@part("best copy")
def test_best_step(compare, rng):
    """best_step is the number of the update that brought the last improvement, and the first update has number 0."""
    compare(_steps, _losses(rng))
    compare(_steps, _falling(rng, 4) + _rising(rng, 3, 9))


@part("best copy")
def test_copy(compare, rng):
    """The weights that are kept do not change when the model does, wherever in a container they are."""
    compare(_after_more_training, _losses(rng), _arrays(rng))


# ---- nan -------------------------------------------------------------------------------------------------


def _like_any_failure(student, losses, instead, patience):
    """Differences between two runs: one with nan, one with other losses in its place."""
    stops, best = [], []
    for run in (losses, instead):
        stopper = student.EarlyStopper(patience)
        stops.append(_run(stopper, run))
        best.append(stopper.best_loss)
    return {
        "number of the update that says stop, with nan minus with a failure": stops[0] - stops[1],
        "best_loss, with nan minus with a failure": best[0] - best[1],
    }


def _some_nan(losses, where):
    return [NAN if index in where else loss for index, loss in enumerate(losses)]


@part("nan", supporting=True)
def test_nan_counts(compare, rng):
    """A loss of nan counts as a failure, alone or among others."""
    for patience in (3, 4):
        losses = _falling(rng, 3) + _rising(rng, patience + 2, 9)
        for where in ((4,), (3,), (3, 4, 5), range(3, len(losses))):
            compare(_like_any_failure, _some_nan(losses, where), losses, patience)


@part("nan", supporting=True)
def test_nan_is_forgotten(compare, rng):
    """A loss of nan is not kept, and later losses are compared with the best one of all others, also if it came first."""
    a, b, c, d = _falling(rng, 4)
    compare(_like_any_failure, [b, NAN, c, NAN, NAN, d, a], [b, a, c, b, a, d, a], 5)
    compare(_like_any_failure, [NAN, b, a, c, a], [a, b, a, c, a], 5)
