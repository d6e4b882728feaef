"""Early stopping: when to stop, what to do with the validation set afterwards, and which penalty it amounts to.

Sources: Prechelt, "Early Stopping - But When?", 1998; Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 7.8:
algorithm 7.1 (patience), 7.2 and 7.3 (reuse of the validation set), equations 7.33 to 7.45 (quadratic loss).
"""

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Array = np.ndarray
Model = TypeVar("Model")
Data = tuple[Any, Any]


class EarlyStopper:
    """Keep a copy of the best weights, and stop when `patience` updates in a row are no improvement.

    An improvement is val_loss < best_loss - min_delta, against the best loss so far; a tie is none, and nan is none.
    update returns True at the update that makes the count of failures equal to patience.

    Args:
        patience: How many updates in a row may fail.
        min_delta: By how much a loss must be below the best one.

    Attributes:
        best_loss: Loss of the last improvement; infinity before the first.
        best_step: Its number, from 0; None before the first.
        best_weights: A deep copy of its weights; None before the first.

    Raises:
        ValueError: patience < 1 or min_delta < 0.

    Source: Goodfellow et al., algorithm 7.1.

    >>> stopper = EarlyStopper(patience=2)
    >>> [stopper.update(loss, [loss]) for loss in (3.0, 2.0, 2.0, float("nan"))]
    [False, False, False, True]
    >>> stopper.best_step, stopper.best_loss, stopper.best_weights
    (1, 2.0, [2.0])
    """

    def __init__(self, patience: int, min_delta: float = 0.0):
        if patience < 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        if min_delta < 0:
            raise ValueError(f"min_delta must be at least 0, got {min_delta}")
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_step, self.best_weights = np.inf, None, None
        self._steps = self._failures = 0

    def update(self, val_loss: float, weights: Any) -> bool:
        """Take one more loss and the weights that gave it; True means stop now."""
        # Written so that nan, which is neither smaller nor larger than anything, is a failure.
        if val_loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_step, self._failures = val_loss, self._steps, 0
            self.best_weights = copy.deepcopy(weights)
        else:
            self._failures += 1
        self._steps += 1
        return self._failures >= self.patience


def retrain_scratch(
    init_fn: Callable[[], Model],
    train_epoch: Callable[[Model, Data], Model],
    train: Data,
    val: Data,
    best_epochs: int,
) -> Model:
    """Strategy 1: a new model, trained on both sets for the number of epochs that was best.

    Args:
        init_fn: Gives an untrained model; called once.
        train_epoch: Trains a model on (X, y) and returns it.
        train: (X, y), NumPy arrays or torch tensors.
        val: (X, y), which comes after train in what is trained on.
        best_epochs: Number of epochs.

    Returns:
        The trained model.

    Raises:
        ValueError: best_epochs < 1.

    Source: Goodfellow et al., algorithm 7.2.

    >>> one, two = (np.zeros(3), np.zeros(3)), (np.zeros(2), np.zeros(2))
    >>> retrain_scratch(lambda: [], lambda model, data: [*model, len(data[0])], one, two, best_epochs=3)
    [5, 5, 5]
    """
    if best_epochs < 1:
        raise ValueError(f"best_epochs must be at least 1, got {best_epochs}")
    model, both = init_fn(), _both(train, val)
    for _ in range(best_epochs):
        model = train_epoch(model, both)
    return model


def retrain_continue(
    best: Model,
    train_epoch: Callable[[Model, Data], Model],
    eval_loss: Callable[[Model, Data], float],
    train: Data,
    val: Data,
    target: float,
    max_epochs: int,
) -> tuple[Model, int, bool]:
    """Strategy 2: from the best weights on, with both sets, until the validation loss is below target.

    The validation loss is looked at before each epoch and after the last one. Nothing guarantees that it ever falls
    below the training loss of the first run, hence max_epochs.

    Args:
        best: Model of the best epoch; a deep copy is trained.
        train_epoch: Trains a model on (X, y) and returns it.
        eval_loss: Loss of a model on (X, y); called with val.
        train: (X, y), NumPy arrays or torch tensors.
        val: (X, y), which comes after train in what is trained on.
        target: Training loss at the best epoch.
        max_epochs: Largest number of epochs.

    Returns:
        (model, epochs, reached): reached says whether the validation loss of model is below target.

    Raises:
        ValueError: max_epochs < 0.

    Source: Goodfellow et al., algorithm 7.3, with a cap on the number of epochs.

    >>> data = np.zeros(3), np.zeros(3)
    >>> def epoch(model, data):
    ...     return model - 1
    >>> retrain_continue(9, epoch, lambda model, data: model, data, data, target=7, max_epochs=5)
    (6, 3, True)
    >>> retrain_continue(9, epoch, lambda model, data: model, data, data, target=1, max_epochs=5)
    (4, 5, False)
    """
    if max_epochs < 0:
        raise ValueError(f"max_epochs must be at least 0, got {max_epochs}")
    model, both = copy.deepcopy(best), _both(train, val)
    for epochs in range(max_epochs):
        if eval_loss(model, val) < target:
            return model, epochs, True
        model = train_epoch(model, both)
    return model, max_epochs, bool(eval_loss(model, val) < target)


def _both(train: Data, val: Data) -> Data:
    """The samples of train, then those of val."""
    if isinstance(train[0], np.ndarray):
        return np.concatenate((train[0], val[0])), np.concatenate((train[1], val[1]))
    import torch

    return torch.cat((train[0], val[0])), torch.cat((train[1], val[1]))


def es_weights(Hess: Array, w_star: Array, lr: float, steps: int) -> Array:
    """Weights of gradient descent from 0 on a quadratic loss, after some steps.

        J(w) = 1/2 (w - w_star)^T Hess (w - w_star),   Hess = Q diag(lambda) Q^T
        w = Q (I - (I - lr diag(lambda))^steps) Q^T w_star

    Args:
        Hess: (D, D) symmetric, positive semidefinite.
        w_star: (D,) minimum of J.
        lr: Learning rate.
        steps: Number of steps.

    Returns:
        (D,) array.

    Raises:
        ValueError: steps < 0, or lr >= 2 / lambda_max, where gradient descent does not converge.

    Source: Goodfellow et al., equation 7.40.

    >>> es_weights(np.diag([1.0, 0.5]), np.array([1.0, 1.0]), lr=0.5, steps=2)
    array([0.75  , 0.4375])
    """
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    lam, Q = np.linalg.eigh(np.asarray(Hess, float))
    if lr * lam.max() >= 2:
        raise ValueError(f"lr must be below 2 / lambda_max, {2 / lam.max():.6g}, got {lr}")
    return (Q * (1 - (1 - lr * lam) ** steps)) @ (Q.T @ w_star)


def l2_weights(Hess: Array, w_star: Array, alpha: float) -> Array:
    """The minimum of the quadratic loss plus alpha / 2 |w|^2.

        w = Q (diag(lambda) + alpha I)^-1 diag(lambda) Q^T w_star

    Args:
        Hess: (D, D) symmetric, positive semidefinite.
        w_star: (D,) minimum of the loss alone.
        alpha: Weight of the penalty, positive.

    Returns:
        (D,) array.

    Source: Goodfellow et al., equation 7.13.

    >>> l2_weights(np.diag([1.0, 0.5]), np.array([1.0, 1.0]), alpha=1.0)
    array([0.5       , 0.33333333])
    """
    lam, Q = np.linalg.eigh(np.asarray(Hess, float))
    return (Q * (lam / (lam + alpha))) @ (Q.T @ w_star)


def matching_alpha(lr: float, steps: int) -> float:
    """The penalty that stopping after some steps amounts to, to first order in lr * lambda * steps: 1 / (lr * steps).

    Args:
        lr: Learning rate, positive.
        steps: Number of steps, at least 1.

    Returns:
        alpha. For one direction it would be lambda (1 - lr lambda)^steps / (1 - (1 - lr lambda)^steps) exactly.

    Source: Goodfellow et al., equation 7.45.

    >>> matching_alpha(0.1, 20)
    0.5
    """
    return 1 / (lr * steps)
