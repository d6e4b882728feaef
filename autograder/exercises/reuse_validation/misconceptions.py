"""Believable wrong answers to retrain_scratch and retrain_continue. Each docstring is what a good tutor would say."""

import copy

import numpy as np
import torch

from autograder.exercise import replaces


def _both(train, val):
    join = torch.cat if torch.is_tensor(train[0]) else np.concatenate
    return tuple(join(pair) for pair in zip(train, val, strict=True))


def _checked(best_epochs):
    if best_epochs < 1:
        raise ValueError("best_epochs must be at least 1")
    return best_epochs


def _epochs(model, train_epoch, data, epochs):
    for _ in range(epochs):
        model = train_epoch(model, data)
    return model


# ---- strategy 1 ------------------------------------------------------------------------------------------


@replaces("retrain_scratch")
def val_only(init_fn, train_epoch, train, val, best_epochs):
    """Your strategy 1 trains on the validation set alone. It has all samples now: those of both sets."""
    return _epochs(init_fn(), train_epoch, val, _checked(best_epochs))


@replaces("retrain_scratch")
def train_only(init_fn, train_epoch, train, val, best_epochs):
    """Your strategy 1 trains on the training set alone, as the first run did. The point is to use the validation samples as well."""
    return _epochs(init_fn(), train_epoch, train, _checked(best_epochs))


@replaces("retrain_scratch")
def one_after_the_other(init_fn, train_epoch, train, val, best_epochs):
    """Your epochs of strategy 1 go through train and then through val in a second call. Put the samples together, so that one epoch sees all of them."""
    model = init_fn()
    for _ in range(_checked(best_epochs)):
        model = train_epoch(train_epoch(model, train), val)
    return model


@replaces("retrain_scratch")
def val_first(init_fn, train_epoch, train, val, best_epochs):
    """In strategy 1 you put the samples of val before those of train. The order asked for is train, then val."""
    return _epochs(init_fn(), train_epoch, _both(val, train), _checked(best_epochs))


@replaces("retrain_scratch")
def labels_of_train_only(init_fn, train_epoch, train, val, best_epochs):
    """In strategy 1 you put the inputs together, but not the labels. Every sample needs its label, in the same order."""
    return _epochs(init_fn(), train_epoch, (_both(train, val)[0], train[1]), _checked(best_epochs))


@replaces("retrain_scratch")
def flattened(init_fn, train_epoch, train, val, best_epochs):
    """In strategy 1 your samples lose their shape: np.append without an axis makes one long row of everything. Join along the first axis."""
    if torch.is_tensor(train[0]):
        both = tuple(torch.cat((a.flatten(), b.flatten())) for a, b in zip(train, val, strict=True))
    else:
        both = tuple(np.append(a, b) for a, b in zip(train, val, strict=True))
    return _epochs(init_fn(), train_epoch, both, _checked(best_epochs))


@replaces("retrain_scratch")
def arrays_from_tensors(init_fn, train_epoch, train, val, best_epochs):
    """You put tensors together with np.concatenate, and out comes an array. A training that expects tensors cannot use it: torch.cat."""
    both = tuple(np.concatenate([np.asarray(part) for part in pair]) for pair in zip(train, val, strict=True))
    return _epochs(init_fn(), train_epoch, both, _checked(best_epochs))


@replaces("retrain_scratch")
def from_the_best_weights(init_fn, train_epoch, train, val, best_epochs):
    """Your strategy 1 trains on train first and goes on from there with both sets. That is what strategy 2 does; this one starts again from new weights."""
    best = _epochs(init_fn(), train_epoch, train, _checked(best_epochs))
    return _epochs(best, train_epoch, _both(train, val), best_epochs)


@replaces("retrain_scratch")
def one_epoch_more(init_fn, train_epoch, train, val, best_epochs):
    """Your strategy 1 trains longer than best_epochs. It is the number of epochs up to the best weights; those that patience waited afterwards do not belong to it."""
    return _epochs(init_fn(), train_epoch, _both(train, val), _checked(best_epochs) + 1)


@replaces("retrain_scratch")
def one_epoch_less(init_fn, train_epoch, train, val, best_epochs):
    """Your strategy 1 trains one epoch less than best_epochs. It is a number of epochs, not the index of the last one."""
    return _epochs(init_fn(), train_epoch, _both(train, val), _checked(best_epochs) - 1)


@replaces("retrain_scratch")
def result_ignored(init_fn, train_epoch, train, val, best_epochs):
    """In strategy 1 you call train_epoch and drop what it returns. The trained model may be a new object: model = train_epoch(model, data)."""
    model, both = init_fn(), _both(train, val)
    for _ in range(_checked(best_epochs)):
        train_epoch(model, both)
    return model


@replaces("retrain_scratch")
def new_in_every_epoch(init_fn, train_epoch, train, val, best_epochs):
    """You start with a new model in every epoch, so what comes back was trained for one epoch. Call init_fn once, before the loop."""
    for _ in range(_checked(best_epochs)):
        model = train_epoch(init_fn(), _both(train, val))
    return model


# ---- strategy 2 ------------------------------------------------------------------------------------------


def _strategy_2(
    best, train_epoch, eval_loss, train, val, target, max_epochs,
    *, data=None, look=None, below=lambda loss, target: loss < target, start=copy.deepcopy,
):  # fmt: skip
    """Strategy 2 with places where the mistakes differ."""
    if max_epochs < 0:
        raise ValueError("max_epochs must be at least 0")
    model, epochs = start(best), 0
    data, look = _both(train, val) if data is None else data, val if look is None else look
    while True:
        reached = bool(below(eval_loss(model, look), target))
        if reached or epochs >= max_epochs:
            return model, epochs, reached
        model, epochs = train_epoch(model, data), epochs + 1


@replaces("retrain_continue")
def continue_on_val_only(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 goes on with the validation set alone. Train on both sets, or the network forgets the training set."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, data=val)


@replaces("retrain_continue")
def continue_on_train_only(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 goes on with the training set alone. The point is to use the validation samples as well."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, data=train)


@replaces("retrain_continue")
def continue_val_first(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """In strategy 2 you put the samples of val before those of train. The order asked for is train, then val."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, data=_both(val, train))


@replaces("retrain_continue")
def look_at_both(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 looks at the loss on train and val together. It is the loss on val that has to fall below the target."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, look=_both(train, val))


@replaces("retrain_continue")
def look_at_train(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 looks at the loss on train. That one was at the target when you began; it is the loss on val that has to get there."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, look=train)


@replaces("retrain_continue")
def target_from_val(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your target is the validation loss of the best model: the first lucky epoch is below it. The target is the loss on the training set, and you are given it."""
    reference = eval_loss(best, val)
    return _strategy_2(best, train_epoch, eval_loss, train, val, reference, max_epochs)


@replaces("retrain_continue")
def target_moves(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """You compare with the training loss of the model as it is now. It falls while you train; the target is the one of the best epoch, a fixed number."""
    if max_epochs < 0:
        raise ValueError("max_epochs must be at least 0")
    model, epochs = copy.deepcopy(best), 0
    while True:
        reached = bool(eval_loss(model, val) < eval_loss(model, train))
        if reached or epochs >= max_epochs:
            return model, epochs, reached
        model, epochs = train_epoch(model, _both(train, val)), epochs + 1


@replaces("retrain_continue")
def no_cap(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 goes on until the target is reached, whatever max_epochs says. The target may be out of reach, and then it never ends."""
    if max_epochs < 0:
        raise ValueError("max_epochs must be at least 0")
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, 1000)


@replaces("retrain_continue")
def one_over_the_cap(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 trains one epoch more than max_epochs allows. Count the epochs that are done, and compare before the next one."""
    if max_epochs < 0:
        raise ValueError("max_epochs must be at least 0")
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs + 1)


@replaces("retrain_continue")
def no_last_look(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """You do not look after the last epoch that is allowed. It may be the one that reaches the target: reached is about the model that you return."""
    if max_epochs < 0:
        raise ValueError("max_epochs must be at least 0")
    model = copy.deepcopy(best)
    for epochs in range(max_epochs):
        if eval_loss(model, val) < target:
            return model, epochs, True
        model = train_epoch(model, _both(train, val))
    return model, max_epochs, False


@replaces("retrain_continue")
def looks_after_the_epoch(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """You train first and look afterwards. The loss may be below the target at the start, and max_epochs may be 0: look before each epoch."""
    if max_epochs < 0:
        raise ValueError("max_epochs must be at least 0")
    model, epochs, reached = copy.deepcopy(best), 0, False
    while not reached and epochs < max(max_epochs, 1):
        model, epochs = train_epoch(model, _both(train, val)), epochs + 1
        reached = bool(eval_loss(model, val) < target)
    return model, epochs, reached


@replaces("retrain_continue")
def equal_is_reached(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """You take a loss equal to the target for reached. It has to be below: <, not <=."""
    return _strategy_2(
        best, train_epoch, eval_loss, train, val, target, max_epochs, below=lambda loss, target: loss <= target
    )


@replaces("retrain_continue")
def looks_counted(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your epochs is the number of looks at the loss. There is one look more than there are epochs of training."""
    model, epochs, reached = _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs)
    return model, epochs + 1, reached


@replaces("retrain_continue")
def best_changed(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """You go on training the best model itself. If the result disappoints, the best one is gone: train a copy."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, start=lambda best: best)


@replaces("retrain_continue")
def shallow_copy(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """You train a shallow copy: the layers inside are still those of best, and change. copy.deepcopy copies them, too."""
    return _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs, start=copy.copy)


@replaces("retrain_continue")
def continue_result_ignored(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """In strategy 2 you call train_epoch and drop what it returns. The trained model may be a new object: model = train_epoch(model, data)."""

    def dropped(model, data):
        train_epoch(model, data)
        return model

    return _strategy_2(best, dropped, eval_loss, train, val, target, max_epochs)


@replaces("retrain_continue")
def best_returned(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Your strategy 2 trains on, and then returns the model it began with. The one to return is the one that also saw the validation samples."""
    _, epochs, reached = _strategy_2(best, train_epoch, eval_loss, train, val, target, max_epochs)
    return best, epochs, reached
