"""Hidden tests of retrain_scratch and retrain_continue, with fake models, fake epochs and fake losses.

A fake model is an array that gets longer with each epoch, so it tells what it went through; where the training changes
a model in place, it is an object on the student's side. Tests of the epochs do not look at the data, and the other way
round. A loss that nobody should ask for is 0, so an answer without a cap ends, too.
"""

import numpy as np
import torch

from autograder.exercise import part

PARTS = {"strategy 1": 3, "strategy 2": 3}


def _sets(rng, tensors=False):
    """A training set and a validation set of different size."""
    sets = [(rng.normal(size=(n, 3)), rng.integers(0, 4, size=n)) for n in (5, 2)]
    return [tuple(map(torch.from_numpy, data)) for data in sets] if tensors else sets


def _described(seen, whose):
    """The data of the first and the last of several calls."""
    if not seen:
        return {f"calls of {whose}": "none"}
    words = {}
    for name, at in (("first", 0), ("last", -1)):
        X, y = seen[at]
        words |= {f"X in the {name} call of {whose}": X, f"y in the {name} call of {whose}": y}
    return words


# ---- strategy 1 ------------------------------------------------------------------------------------------


def _scratch(student, starts, best_epochs):
    calls = []

    def init_fn():
        calls.append("init")
        return np.array([starts[len(calls) - 1]])

    def train_epoch(model, data):
        return np.append(model, 1.0)

    data = np.zeros((3, 1)), np.zeros(3)
    model = student.retrain_scratch(init_fn, train_epoch, data, data, best_epochs)
    return {"what the model went through": model, "calls of init_fn": len(calls)}


def _scratch_in_place(student, best_epochs):
    """Here train_epoch changes the model that it is given and returns it."""
    kind = student.imported("types").SimpleNamespace

    def train_epoch(model, data):
        model.epochs += 1.0
        return model

    data = np.zeros((3, 1)), np.zeros(3)
    model = student.retrain_scratch(lambda: kind(epochs=0.0), train_epoch, data, data, best_epochs)
    return {"epochs that the model went through": model.epochs}


def _scratch_data(student, train, val):
    seen = []

    def train_epoch(model, data):
        seen.append(tuple(data))
        return model

    student.retrain_scratch(lambda: np.zeros(1), train_epoch, train, val, 3)
    return _described(seen, "train_epoch")


@part("strategy 1")
def test_scratch(compare, rng):
    """Strategy 1 takes a new model through best_epochs epochs, one after the other, and returns what came out last."""
    starts = rng.uniform(2, 3, size=40)
    for best_epochs in (4, 1, 9):
        compare(_scratch, starts, best_epochs)
    compare(_scratch_in_place, int(rng.integers(3, 7)))


@part("strategy 1", supporting=True)
def test_scratch_data(compare, rng):
    """Every epoch of strategy 1 has all samples, those of train before those of val, with their labels."""
    compare(_scratch_data, *_sets(rng))


@part("strategy 1", supporting=True)
def test_scratch_tensors(compare, rng):
    """Where the data are torch tensors, so are those of every epoch of strategy 1."""
    compare(_scratch_data, *_sets(rng, tensors=True))


@part("strategy 1", supporting=True)
def test_bad_best_epochs(compare, rng):
    """best_epochs below 1 is refused."""
    for wrong in (0, -2):
        compare.refuses(_scratch, np.zeros(9), wrong, naming=("best_epochs",))


# ---- strategy 2 ------------------------------------------------------------------------------------------


def _continue(student, best, losses, target, max_epochs):
    """The loss after n more epochs is losses[n], on whatever data."""
    looks, data = [], (np.zeros((3, 1)), np.zeros(3))

    def train_epoch(model, data):
        return np.append(model, 1.0)

    def eval_loss(model, data):
        looks.append(len(model) - len(best))
        return float(losses[looks[-1]]) if looks[-1] < len(losses) else 0.0

    model, epochs, reached = student.retrain_continue(best, train_epoch, eval_loss, data, data, target, max_epochs)
    return {"what the model went through": model, "epochs": epochs, "reached": reached, "looks": len(looks)}


def _continue_data(student, train, val, loss):
    """Data of the epochs and of the looks. Losses are the same for all data, and never below the target."""
    trained, evaluated = [], []

    def train_epoch(model, data):
        trained.append(tuple(data))
        return model

    def eval_loss(model, data):
        evaluated.append(tuple(data))
        return loss

    student.retrain_continue(np.zeros(1), train_epoch, eval_loss, train, val, loss / 2, 3)
    return _described(trained, "train_epoch") | _described(evaluated, "eval_loss")


def _best_afterwards(student, start, max_epochs):
    """A model with a layer in it, both changed in place by every epoch."""
    kind = student.imported("types").SimpleNamespace
    best = kind(epochs=start, layer=kind(epochs=start))

    def train_epoch(model, data):
        model.epochs += 1.0
        model.layer.epochs += 1.0
        return model

    data = np.zeros((3, 1)), np.zeros(3)
    model, _, _ = student.retrain_continue(best, train_epoch, lambda model, data: 2.0, data, data, 1.0, max_epochs)
    return {
        "change of best": best.epochs - start,
        "change of a layer of best": best.layer.epochs - start,
        "model differs from best": bool(model.epochs != best.epochs),
    }


def _above(rng, n):
    """n different losses above 2, up and down."""
    return (2 + rng.permutation(np.arange(1, n + 1)) * 0.5).tolist()


@part("strategy 2")
def test_until_below_the_target(compare, rng):
    """Strategy 2 looks before each epoch and ends as soon as the validation loss is below the target, at once if it is."""
    best = rng.normal(size=3)
    for epochs in (4, 1, 0):
        compare(_continue, best, [*_above(rng, epochs), 1.5, 1.0, *_above(rng, 9)], 2.0, 12)


@part("strategy 2")
def test_cap(compare, rng):
    """After max_epochs epochs, which may be none, strategy 2 looks once more, ends, and says whether the target is reached."""
    best = rng.normal(size=2)
    for max_epochs in (5, 1, 0):
        compare(_continue, best, [*_above(rng, max_epochs + 3), 1.5], 2.0, max_epochs)
    for max_epochs in (3, 1):
        compare(_continue, best, [*_above(rng, max_epochs), 1.5], 2.0, max_epochs)


@part("strategy 2")
def test_equal_is_not_below(compare, rng):
    """A validation loss that is equal to the target is not below it."""
    best = rng.normal(size=2)
    compare(_continue, best, [2.5, 2.0, 3.0, 2.0, 1.5, 1.0], 2.0, 9)


@part("strategy 2", supporting=True)
def test_continue_data(compare, rng):
    """Every epoch of strategy 2 has all samples, train before val; every look is at val and nothing else."""
    loss = float(rng.uniform(3, 4))
    compare(_continue_data, *_sets(rng), loss)
    compare(_continue_data, *_sets(rng, tensors=True), loss)


@part("strategy 2", supporting=True)
def test_best_is_kept(compare, rng):
    """best is afterwards what it was, although the training changes models in place, down to their layers."""
    compare(_best_afterwards, float(rng.integers(3, 9)), 3)


@part("strategy 2", supporting=True)
def test_bad_max_epochs(compare, rng):
    """max_epochs below 0 is refused."""
    compare.refuses(_continue, np.zeros(1), [3.0, 1.0], 2.0, -1, naming=("max_epochs",))
