"""Two ways to train on the validation data after early stopping."""

import types

import numpy as np
import torch

SIGNATURES = {
    "retrain_scratch": "init_fn, train_epoch, train, val, best_epochs -> model",
    "retrain_continue": "best, train_epoch, eval_loss, train, val, target, max_epochs -> model, epochs, reached",
}
HINTS = (
    "Both strategies train on one data set made of both. What does each of them start from, and what tells each of them "
    "when it is enough? Write down the calls for 2 epochs in their order before you write code.",
    "Strategy 1 is a loop of known length. Strategy 2 is: look at the loss on val; below the target, or no epoch left? "
    "Then return, else train one epoch and look again. What train_epoch returns is the model from then on.",
    "np.concatenate([train[0], val[0]]) puts the samples of two arrays together, torch.cat those of tensors "
    "(torch.is_tensor tells them apart); the labels likewise. model = copy.deepcopy(best) leaves best alone. In a "
    "`while True:` with the look at its top, there is only one place where strategy 2 returns.",
)
TRAIN = (np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0, 1, 1]))
VAL = (np.array([[7.0, 8.0], [9.0, 0.5]]), np.array([2, 0]))


def _scratch(student, train, val, best_epochs):
    """A model is an array that gets longer by a number in each epoch; new models are [100], [200] and so on."""
    calls, seen = [], []

    def init_fn():
        calls.append("init_fn")
        return np.array([100.0 * len(calls)])

    def train_epoch(model, data):
        seen.append(data)
        return np.append(model, float(len(model)))

    model = student.retrain_scratch(init_fn, train_epoch, train, val, best_epochs)
    return {"model (its start, then an entry for each epoch)": model, "calls of init_fn": len(calls)} | _data(seen)


def _continue(student, losses, target, max_epochs):
    """The model is again an array that gets longer; its validation loss after n more epochs is losses[n]."""
    looks, best = [], np.array([10.0, 11.0])

    def train_epoch(model, data):
        return np.append(model, 10.0 + len(model))

    def eval_loss(model, data):
        looks.append(len(model) - len(best))
        return losses[looks[-1]] if looks[-1] < len(losses) else 0.0

    model, epochs, reached = student.retrain_continue(best, train_epoch, eval_loss, TRAIN, VAL, target, max_epochs)
    return {
        "model (best, then an entry for each epoch)": model,
        "epochs": epochs,
        "reached": reached,
        "how far the model was at each call of eval_loss": looks,
    }


def _continue_data(student, train, val):
    seen, evaluated = [], []

    def train_epoch(model, data):
        seen.append(data)
        return model

    def eval_loss(model, data):
        evaluated.append(data)
        return 2.0

    student.retrain_continue(np.array([1.0]), train_epoch, eval_loss, train, val, target=1.0, max_epochs=2)
    evaluated = _data(evaluated)
    return _data(seen) | {key.replace("train_epoch", "eval_loss"): value for key, value in evaluated.items()}


def _data(seen):
    """The data of the first and of the last call of train_epoch."""
    X, y = zip(*(seen or [(None, None)]), strict=True)
    kind = "tensor" if torch.is_tensor(X[0]) else type(X[0]).__name__
    words = {"X": X, "y": y}
    return {"X in train_epoch is a": kind} | {
        f"{name} in the {which} call of train_epoch": np.asarray(values[at]).astype(float)
        for name, values in words.items()
        for which, at in (("first", 0), ("last", -1))
    }


def _in_place(student, max_epochs):
    """A model that train_epoch changes and returns: a layer inside a net."""
    best = types.SimpleNamespace(epochs=4, layer=types.SimpleNamespace(epochs=4))

    def train_epoch(model, data):
        model.epochs += 1
        model.layer.epochs += 1
        return model

    model, _, _ = student.retrain_continue(best, train_epoch, lambda model, data: 2.0, TRAIN, VAL, 1.0, max_epochs)
    return {
        "epochs of best afterwards": best.epochs,
        "epochs of a layer of best afterwards": best.layer.epochs,
        "epochs of the model": model.epochs,
        "epochs of a layer of the model": model.layer.epochs,
    }


def test_scratch(student, compare):
    """Strategy 1 trains one new model for best_epochs epochs, on the samples of train and then those of val."""
    compare(_scratch, TRAIN, VAL, 3)
    compare(_scratch, TRAIN, VAL, 1)


def test_scratch_with_tensors(student, compare):
    """With torch tensors the model is trained on torch tensors."""
    compare(_scratch, *(tuple(map(torch.from_numpy, data)) for data in (TRAIN, VAL)), 2)


def test_continue_until_below_the_target(student, compare):
    """Strategy 2 looks before each epoch: the losses 4, 3, 1 are below the target 2 after 2 epochs, and 1 is without any."""
    compare(_continue, [4.0, 3.0, 1.0], 2.0, 9)
    compare(_continue, [1.0], 2.0, 9)
    compare(_continue, [4.0, 2.0, 1.0], 2.0, 9)


def test_continue_with_a_cap(student, compare):
    """After max_epochs epochs training is over, reached or not; the last look is after the last epoch."""
    compare(_continue, [5.0, 4.0, 5.0, 4.0, 3.0], 2.0, 3)
    compare(_continue, [5.0, 4.0, 1.0], 2.0, 2)
    compare(_continue, [5.0], 2.0, 0)


def test_continue_data(student, compare):
    """Strategy 2 trains on both sets, train first, and looks at the loss on val alone."""
    compare(_continue_data, TRAIN, VAL)
    compare(_continue_data, *(tuple(map(torch.from_numpy, data)) for data in (TRAIN, VAL)))


def test_best_is_not_changed(student, compare):
    """The training goes on with a deep copy: best and its layers are afterwards what they were."""
    compare(_in_place, 2)


def test_bad_input(student, compare):
    """best_epochs below 1 and max_epochs below 0 are a ValueError that names the argument."""
    compare.refuses("retrain_scratch", list, _no_epoch, TRAIN, VAL, 0, naming=("best_epochs",))
    compare.refuses("retrain_continue", [], _no_epoch, _no_loss, TRAIN, VAL, 1.0, -1, naming=("max_epochs",))


def _no_epoch(model, data):
    return model


def _no_loss(model, data):
    return 0.0
