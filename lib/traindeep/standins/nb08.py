"""Stand-ins for 08_early_stopping_ensembles."""

import copy
import functools
from collections.abc import Callable

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("08")
class EarlyStopper:
    """Patience, counted by torch's scheduler for plateaus; the best weights are copied."""

    def __init__(self, patience: int, min_delta: float = 0.0):
        import torch

        _at_least("patience", patience, 1)
        _at_least("min_delta", min_delta, 0)
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        # The scheduler would start to count anew after its own patience, which is therefore never reached.
        self._plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, patience=10**9, threshold=min_delta, threshold_mode="abs"
        )
        self._patience = patience
        self.best_step = self.best_weights = None

    @property
    def best_loss(self) -> float:
        return self._plateau.best

    def update(self, val_loss: float, weights) -> bool:
        before = self._plateau.last_epoch
        self._plateau.step(float(val_loss))
        if not self._plateau.num_bad_epochs:
            self.best_step, self.best_weights = before, copy.deepcopy(weights)
        return self._plateau.num_bad_epochs >= self._patience


@of("08")
def retrain_scratch(init_fn: Callable, train_epoch: Callable, train: tuple, val: tuple, best_epochs: int):
    """A new model, trained on train and val for a number of epochs."""
    _at_least("best_epochs", best_epochs, 1)
    both = _joined(train, val)
    return functools.reduce(lambda model, _: train_epoch(model, both), range(best_epochs), init_fn())


@of("08")
def retrain_continue(
    best, train_epoch: Callable, eval_loss: Callable, train: tuple, val: tuple, target: float, max_epochs: int
) -> tuple:
    """The best model, trained on train and val until the loss on val is below target or max_epochs are done."""
    _at_least("max_epochs", max_epochs, 0)
    both, model, epochs = _joined(train, val), copy.deepcopy(best), 0
    while not (reached := bool(eval_loss(model, val) < target)) and epochs < max_epochs:
        model, epochs = train_epoch(model, both), epochs + 1
    return model, epochs, reached


@of("08")
def es_weights(Hess: Array, w_star: Array, lr: float, steps: int) -> Array:
    """Gradient descent from 0 on a quadratic loss: a power of the matrix that is one step for (w, 1)."""
    _at_least("steps", steps, 0)
    Hess, w_star = np.asarray(Hess, float), np.asarray(w_star, float)
    if lr * np.linalg.norm(Hess, 2) >= 2:
        raise ValueError(f"lr must be below 2 / lambda_max = {2 / np.linalg.norm(Hess, 2):.4g}, got {lr}")
    D = len(w_star)
    step = np.block([[np.eye(D) - lr * Hess, lr * (Hess @ w_star)[:, None]], [np.zeros(D), 1.0]])
    return np.linalg.matrix_power(step, steps)[:D, D]


@of("08")
def l2_weights(Hess: Array, w_star: Array, alpha: float) -> Array:
    """The minimum of a quadratic loss with an L2 penalty."""
    from scipy.linalg import solve

    Hess = np.asarray(Hess, float)
    return solve(Hess + np.diag(np.full(len(Hess), alpha)), Hess @ w_star, assume_a="pos")


@of("08")
def matching_alpha(lr: float, steps: int) -> float:
    """The penalty that matches a number of steps to first order."""
    return float(1 / np.multiply(lr, steps, dtype=float))


@of("08")
def bias_variance(preds: Array, f_true: Array, noise_var: float) -> dict[str, float]:
    """Squared bias, variance, noise and their sum, averaged over the test points."""
    from sklearn.metrics import mean_squared_error

    _at_least("noise_var", noise_var, 0)
    if np.ndim(preds) != 2 or not len(preds):
        raise ValueError(f"preds must have shape (M, T) with M >= 1, got {np.shape(preds)}")
    if np.shape(f_true) != np.shape(preds)[1:]:
        raise ValueError(f"f_true must have shape {np.shape(preds)[1:]}, got {np.shape(f_true)}")
    bias2 = float(mean_squared_error(f_true, np.mean(preds, axis=0)))
    total = float(mean_squared_error(np.broadcast_to(f_true, np.shape(preds)), preds))
    return {
        "bias2": bias2,
        "variance": float(np.var(preds, axis=0).mean()),
        "noise": float(noise_var),
        "total": total + noise_var,
    }


@of("08")
def bootstrap_indices(n: int, k: int, rng: np.random.Generator) -> Array:
    """k sets of n indices, drawn with replacement."""
    _at_least("k", k, 1)
    return rng.choice(n, size=(k, n), replace=True)


@of("08")
def combine(probs: Array, how: str) -> Array:
    """The arithmetic or geometric mean of probabilities, or the shares of votes."""
    from scipy.stats import gmean
    from sklearn.preprocessing import normalize

    probs = np.asarray(probs, float)
    if how == "arith":
        return np.average(probs, axis=0)
    if how == "geo":
        with np.errstate(divide="ignore"):
            return normalize(gmean(probs, axis=0), norm="l1")
    if how == "vote":
        votes = (np.bincount(votes, minlength=probs.shape[2]) for votes in probs.argmax(axis=2).T)
        return np.stack(list(votes)) / len(probs)
    raise ValueError(f"how must be 'arith', 'geo' or 'vote', got {how!r}")


@of("08")
def ensemble_mse(var: float, cov: float, k: int) -> float:
    """The expected squared error of an average: the mean of the covariance matrix of the errors."""
    _at_least("k", k, 1)
    if cov > var:
        raise ValueError(f"cov must be at most var = {var}, got {cov}")
    return float(np.where(np.eye(k, dtype=bool), var, cov).mean())


@of("08")
def mimo_batch(x, y, M: int, generator) -> tuple:
    """M orders of a batch: inputs (N, M, D), labels (N, M) and the orders (M, N)."""
    import torch

    _at_least("M", M, 1)
    perms = torch.rand(M, len(x), generator=generator, dtype=torch.float64).argsort(dim=1)
    return torch.stack([x[order] for order in perms], 1), torch.stack([y[order] for order in perms], 1), perms


@of("08")
def mimo_loss(logits, ym):
    """The mean cross-entropy over samples and heads."""
    import torch.nn.functional as F

    return F.nll_loss(F.log_softmax(logits, dim=-1).movedim(-1, 1), ym)


@of("08")
def mimo_predict(model: Callable, x, M: int):
    """The mean over the heads of their probabilities, with the same sample at all inputs."""
    import torch

    _at_least("M", M, 1)
    return torch.softmax(model(torch.stack([x] * M, dim=1)), dim=-1).mean(dim=1)


def _joined(train: tuple, val: tuple) -> tuple:
    if isinstance(train[0], np.ndarray):
        return tuple(np.concatenate(both) for both in zip(train, val, strict=True))
    import torch

    return tuple(torch.cat(both) for both in zip(train, val, strict=True))


def _at_least(name: str, value: float, least: float) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
