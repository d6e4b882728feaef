"""Right answers to EarlyStopper, written in other ways."""

import copy
import math
import pickle

import numpy as np
import torch


class step_difference:
    """The distance to the best step instead of a count of failures; no attribute exists before the first update."""

    def __init__(self, patience, min_delta=0.0):
        if not patience >= 1:
            raise ValueError("patience: at least 1")
        if not min_delta >= 0:
            raise ValueError("min_delta: at least 0")
        self.p, self.d, self.now = patience, min_delta, -1

    def update(self, val_loss, weights):
        self.now += 1
        best = getattr(self, "best_loss", math.inf)
        if best - val_loss > self.d:
            self.best_loss, self.best_step = val_loss, self.now
            self.best_weights = pickle.loads(pickle.dumps(weights))
        return self.now - getattr(self, "best_step", -1) >= self.p


class left_patience:
    """Counts down the patience that is left, and treats nan first."""

    def __init__(self, patience, min_delta=0.0):
        if patience < 1 or min_delta < 0:
            raise ValueError(f"need patience >= 1 and min_delta >= 0, got {patience}, {min_delta}")
        self.patience = self.left = patience
        self.min_delta = min_delta
        self.best_loss, self.best_step, self.best_weights = np.inf, 0, None
        self.t = 0

    def update(self, val_loss, weights):
        improved = not np.isnan(val_loss) and np.less(val_loss, self.best_loss - self.min_delta)
        self.left = self.patience if improved else self.left - 1
        if improved:
            self.best_loss, self.best_step, self.best_weights = float(val_loss), self.t, _copied(weights)
        self.t += 1
        return True if self.left <= 0 else None


class history:
    """Keeps all losses and looks back; best values are properties."""

    def __init__(self, patience, min_delta=0.0):
        if patience < 1:
            raise ValueError("patience < 1")
        if min_delta < 0:
            raise ValueError("min_delta < 0")
        self.patience, self.min_delta, self.losses, self.kept = patience, min_delta, [], []

    best_loss = property(lambda self: self.kept[-1][0])
    best_step = property(lambda self: self.kept[-1][1])
    best_weights = property(lambda self: self.kept[-1][2])

    def update(self, val_loss, weights):
        threshold = self.best_loss - self.min_delta if self.kept else math.inf
        if val_loss < threshold:
            self.kept = [(val_loss, len(self.losses), copy.deepcopy(weights))]
        self.losses.append(val_loss)
        since = len(self.losses) - 1 - (self.best_step if self.kept else -1)
        return np.bool_(since >= self.patience)


def _copied(weights):
    """A copy by hand of arrays and tensors in lists, tuples and dicts."""
    if isinstance(weights, dict):
        return {key: _copied(value) for key, value in weights.items()}
    if isinstance(weights, (list, tuple)):
        return type(weights)(_copied(value) for value in weights)
    return weights.detach().clone() if torch.is_tensor(weights) else np.array(weights)
