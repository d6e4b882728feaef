# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Early stopping, bias and variance, ensembles
#
# Placeholder: why, formula, what you need.

# %%
import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible

# %% [markdown]
# ### Exercise: `early_stopper` (6 points)
#
# Placeholder: lead-in.


# %% exercise="early_stopper" points=6
class EarlyStopper:
    """Watch a validation loss, keep a copy of the best weights, and say when to stop.

    Attributes, up to date after every update:
        best_loss: The validation loss of the last improvement.
        best_step: Which update that was; the first update is step 0.
        best_weights: A copy of the weights of that update. It does not change when the model goes on training.

    The values of the three before the first improvement, and anything after the stop, are up to you.
    """

    def __init__(self, patience, min_delta=0.0):
        """Begin to watch.

        Args:
            patience: How many updates in a row may fail to improve; the last of them stops the training.
            min_delta: By how much a loss must be below best_loss to count as an improvement.

        Raises:
            ValueError: patience < 1 or min_delta < 0. The message names the argument.
        """
        ### BEGIN SOLUTION
        if patience < 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        if min_delta < 0:
            raise ValueError(f"min_delta must not be negative, got {min_delta}")
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_step, self.best_weights = float("inf"), None, None
        self.step = self.failures = 0
        ### END SOLUTION

    def update(self, val_loss, weights):
        """Take the validation loss of one more step (one epoch, say) and the weights that gave it.

        An improvement is val_loss < best_loss - min_delta. A tie is none, and nan is none. Everything is compared with
        the best loss, not with the previous one, and an improvement makes the count of failures start anew.

        Args:
            val_loss: The validation loss, a float.
            weights: Arrays or tensors in lists, tuples and dicts, nested or not: a state_dict() is one of these.
                copy.deepcopy copies them all.

        Returns:
            True if this update and the ones just before it are `patience` failures in a row: stop now. Else False.
        """
        ### BEGIN SOLUTION
        if val_loss < self.best_loss - self.min_delta:  # False for nan
            self.best_loss, self.best_step, self.best_weights = val_loss, self.step, copy.deepcopy(weights)
            self.failures = 0
        else:
            self.failures += 1
        self.step += 1
        return self.failures >= self.patience
        ### END SOLUTION


# %% check="early_stopper"
check("early_stopper")

# %% [markdown]
# ### Exercise: `reuse_validation` (6 points)
#
# Placeholder: lead-in.


# %% exercise="reuse_validation" points=6
def retrain_scratch(init_fn, train_epoch, train, val, best_epochs):
    """Strategy 1: start again, and train on both sets for as many epochs as early stopping found to be best.

    Args:
        init_fn: init_fn() gives a new, untrained model. Call it once.
        train_epoch: train_epoch(model, data) trains for one epoch and returns the trained model. Use what it returns:
            it may be the model that it was given, changed, or a new one.
        train: Tuple (X, y) of two NumPy arrays or two torch tensors. The first axis is the samples.
        val: Tuple (X, y) of the same kinds.
        best_epochs: How many epochs to train.

    Every epoch is one call of train_epoch with one tuple (X, y) of all samples: those of train first, then those of val.

    Returns:
        The trained model.

    Raises:
        ValueError: best_epochs < 1. The message names best_epochs.
    """
    ### BEGIN SOLUTION
    if best_epochs < 1:
        raise ValueError(f"best_epochs must be at least 1, got {best_epochs}")
    join = torch.cat if torch.is_tensor(train[0]) else np.concatenate
    both = tuple(join(pair) for pair in zip(train, val, strict=True))
    model = init_fn()
    for _ in range(best_epochs):
        model = train_epoch(model, both)
    return model
    ### END SOLUTION


def retrain_continue(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Strategy 2: go on from the best weights with both sets, until the validation loss is below a training loss.

    Before each epoch the validation loss is looked at. If it is below target, training is over, and the target is
    reached; if max_epochs epochs are done, training is over, too. There is also a look after the last epoch, so
    eval_loss is called once more than train_epoch. The target may be below the reach of the model for good: max_epochs
    is the only thing that ends the training then.

    Args:
        best: The model of the best epoch. It is not changed: the training goes on with a copy (copy.deepcopy).
        train_epoch: As for strategy 1. It may change the model that it is given.
        eval_loss: eval_loss(model, data) gives the loss of a model, a float. Call it with val only.
        train: Tuple (X, y), as for strategy 1.
        val: Tuple (X, y).
        target: The loss on the training set at the best epoch.
        max_epochs: The largest number of epochs to train, 0 or more.

    Every epoch is one call of train_epoch with all samples, as in strategy 1.

    Returns:
        (model, epochs, reached): the trained model, how many epochs were trained, and whether the validation loss of
        this model is below target (a bool; a loss equal to target is not below it).

    Raises:
        ValueError: max_epochs < 0. The message names max_epochs.
    """
    ### BEGIN SOLUTION
    if max_epochs < 0:
        raise ValueError(f"max_epochs must be at least 0, got {max_epochs}")
    join = torch.cat if torch.is_tensor(train[0]) else np.concatenate
    both = tuple(join(pair) for pair in zip(train, val, strict=True))
    model, epochs = copy.deepcopy(best), 0
    while True:
        reached = bool(eval_loss(model, val) < target)
        if reached or epochs == max_epochs:
            return model, epochs, reached
        model = train_epoch(model, both)
        epochs += 1
    ### END SOLUTION


# %% check="reuse_validation"
check("reuse_validation")

# %% [markdown]
# ### Exercise: `early_stop_vs_l2` (5 points)
#
# Placeholder: lead-in.


# %% exercise="early_stop_vs_l2" points=5
def es_weights(Hess, w_star, lr, steps):
    """Weights of gradient descent on a quadratic loss, stopped after some steps.

        J(w) = 1/2 (w - w_star)^T Hess (w - w_star),   w^0 = 0,   w^(t+1) = w^t - lr * Hess (w^t - w_star)

    With Hess = Q diag(lambda) Q^T that is  w^steps = Q (I - (I - lr diag(lambda))^steps) Q^T w_star.

    Args:
        Hess: (D, D) symmetric matrix with eigenvalues lambda >= 0 that are not all 0; some may be equal.
        w_star: (D,) the minimum.
        lr: Learning rate, positive.
        steps: How many steps, 0 or more. After 0 steps the weights are 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: steps < 0, or lr > 2 / lambda_max, where gradient descent diverges. The message names the argument.
    """
    ### BEGIN SOLUTION
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    lam, Q = np.linalg.eigh(np.asarray(Hess, dtype=float))
    if lr * lam[-1] >= 2:
        raise ValueError(f"lr must be below 2 / lambda_max = {2 / lam[-1]:.4g}, got {lr}: gradient descent diverges")
    learned = 1 - (1 - lr * lam) ** steps
    return Q @ (learned * (Q.T @ w_star))
    ### END SOLUTION


def l2_weights(Hess, w_star, alpha):
    """The minimum of the same quadratic loss with an L2 penalty.

        argmin  J(w) + alpha / 2 * |w|^2  =  Q (diag(lambda) + alpha I)^-1 diag(lambda) Q^T w_star

    Args:
        Hess: (D, D) symmetric matrix with eigenvalues lambda >= 0.
        w_star: (D,) the minimum without a penalty.
        alpha: Weight of the penalty, positive.

    Returns:
        (D,) array.
    """
    ### BEGIN SOLUTION
    Hess = np.asarray(Hess, dtype=float)
    return np.linalg.solve(Hess + alpha * np.eye(len(Hess)), Hess @ w_star)
    ### END SOLUTION


def matching_alpha(lr, steps):
    """The penalty that does about the same as stopping after some steps: 1 / (lr * steps).

    It is a match to first order, good where lr * lambda * steps is small.

    Args:
        lr: Learning rate, positive.
        steps: How many steps, 1 or more.

    Returns:
        alpha, a float.
    """
    ### BEGIN SOLUTION
    return 1 / (lr * steps)
    ### END SOLUTION


# %% check="early_stop_vs_l2"
check("early_stop_vs_l2")

# %% [markdown]
# ### Exercise: `bias_variance` (4 points)
#
# Placeholder: lead-in.


# %% exercise="bias_variance" points=4
def bias_variance(preds, f_true, noise_var):
    """The expected squared error of a model, taken apart.

    Model m was trained on a data set of its own and predicts g_m(x_t) at test point t; the average prediction there is
    g_bar(x_t), the mean over the M models. Each quantity is first computed at a test point, then averaged over the T
    test points:

        bias2    = mean over t of (g_bar(x_t) - f(x_t))^2
        variance = mean over t of the mean over m of (g_m(x_t) - g_bar(x_t))^2       (divides by M)
        noise    = noise_var
        total    = bias2 + variance + noise

    Args:
        preds: (M, T) predictions, a row for each model.
        f_true: (T,) values of the true function, without noise.
        noise_var: Variance of the noise of the labels, 0 or more.

    Returns:
        dict with the keys "bias2", "variance", "noise" and "total", all floats.

    Raises:
        ValueError: preds has no row or not two axes, f_true is not of shape (T,), or noise_var < 0. The message names
            one of the arguments involved.
    """
    ### BEGIN SOLUTION
    preds, f_true = np.asarray(preds, dtype=float), np.asarray(f_true, dtype=float)
    if preds.ndim != 2 or len(preds) < 1:
        raise ValueError(f"preds must have shape (M, T) with M >= 1, got {preds.shape}")
    if f_true.shape != preds.shape[1:]:
        raise ValueError(f"f_true must have shape {preds.shape[1:]}, got {f_true.shape}")
    if noise_var < 0:
        raise ValueError(f"noise_var must not be negative, got {noise_var}")
    average = preds.mean(axis=0)
    bias2 = np.mean((average - f_true) ** 2)
    variance = np.mean((preds - average) ** 2)
    return {"bias2": bias2, "variance": variance, "noise": noise_var, "total": bias2 + variance + noise_var}
    ### END SOLUTION


# %% check="bias_variance"
check("bias_variance")

# %% [markdown]
# ### Exercise: `bagging_ensemble` (6 points)
#
# Placeholder: lead-in.


# %% exercise="bagging_ensemble" points=6
def bootstrap_indices(n, k, rng):
    """Which samples go into each of k bootstrap sets: n of n samples each, drawn with replacement.

    Args:
        n: Number of samples, and size of each set.
        k: Number of sets.
        rng: np.random.Generator. All randomness comes from it, in any way you like.

    Returns:
        (k, n) array of integers from 0 to n - 1, a row for each set, all of them independent and equally likely.

    Raises:
        ValueError: k < 1. The message names k.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return rng.integers(n, size=(k, n))
    ### END SOLUTION


def combine(probs, how):
    """The prediction of an ensemble, from those of its k members.

    "arith": the arithmetic mean of the probabilities.
    "geo": their geometric mean, (p_1 p_2 ... p_k)^(1/k), divided by its sum over the classes, so that each row adds up
        to 1. A class to which one member gives 0 gets 0.
    "vote": each member votes for its most likely class; the result is the share of the votes. Where two classes have
        the same number of votes they keep their shares (0.5 and 0.5, say).

    Args:
        probs: (k, N, C) probabilities; probs[j, i] adds up to 1. In "geo" at least one class has no 0.
        how: "arith", "geo" or "vote".

    Returns:
        (N, C) array.

    Raises:
        ValueError: how is something else. The message names how.
    """
    ### BEGIN SOLUTION
    probs = np.asarray(probs, dtype=float)
    if how == "arith":
        return probs.mean(axis=0)
    if how == "geo":
        product = np.prod(probs ** (1 / len(probs)), axis=0)
        return product / product.sum(axis=1, keepdims=True)
    if how == "vote":
        return np.eye(probs.shape[2])[probs.argmax(axis=2)].mean(axis=0)
    raise ValueError(f"how must be 'arith', 'geo' or 'vote', got {how!r}")
    ### END SOLUTION


def ensemble_mse(var, cov, k):
    """The expected squared error of the average of k models.

    The error of each model has mean 0 and variance var, and those of two models have the covariance cov:

        E[(mean of the k errors)^2] = var / k + (k - 1) / k * cov

    Args:
        var: Variance of the error of a model.
        cov: Covariance of the errors of two models, at most var.
        k: Number of models.

    Returns:
        A float.

    Raises:
        ValueError: k < 1, or cov > var. The message names one of the arguments involved.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if cov > var:
        raise ValueError(f"cov must be at most var = {var}, got {cov}")
    return var / k + (k - 1) / k * cov
    ### END SOLUTION


# %% check="bagging_ensemble"
check("bagging_ensemble")

# %% [markdown]
# ### Exercise: `mimo` (5 points)
#
# Placeholder: lead-in.


# %% exercise="mimo" points=5
def mimo_batch(x, y, M, generator):
    """A training batch for a network with M inputs and M heads: each head gets the batch in an order of its own.

        xm[i, j] = x[perms[j, i]]     ym[i, j] = y[perms[j, i]]

    Args:
        x: (N, D) tensor.
        y: (N,) tensor of labels.
        M: Number of heads.
        generator: torch.Generator. All randomness comes from it, in any way you like.

    Returns:
        (xm, ym, perms) of shapes (N, M, D), (N, M) and (M, N). Each row of perms is a random permutation of 0 to N - 1
        (all N! equally likely), and the rows are independent of each other.

    Raises:
        ValueError: M < 1. The message names M.
    """
    ### BEGIN SOLUTION
    if M < 1:
        raise ValueError(f"M must be at least 1, got {M}")
    perms = torch.stack([torch.randperm(len(x), generator=generator) for _ in range(M)])
    return x[perms.T], y[perms.T], perms
    ### END SOLUTION


def mimo_loss(logits, ym):
    """The training loss: the mean of the cross-entropies of all heads, over heads and samples.

    Args:
        logits: (N, M, C) tensor; logits[i, j] is what head j says about its input.
        ym: (N, M) tensor of labels 0 to C - 1.

    Returns:
        Scalar tensor (no axes). Gradients flow through it.
    """
    ### BEGIN SOLUTION
    return F.cross_entropy(logits.flatten(0, 1), ym.flatten())
    ### END SOLUTION


def mimo_predict(model, x, M):
    """The prediction of the ensemble of heads: all inputs are the same sample, and the probabilities are averaged.

    Args:
        model: Gives logits (N, M, C) for inputs (N, M, D). Leave it in the mode (training or evaluation) it is in.
        x: (N, D) tensor.
        M: Number of heads.

    Returns:
        (N, C) tensor of probabilities: the mean over the heads of the softmax of their logits.

    Raises:
        ValueError: M < 1. The message names M.
    """
    ### BEGIN SOLUTION
    if M < 1:
        raise ValueError(f"M must be at least 1, got {M}")
    logits = model(x[:, None].repeat(1, M, 1))
    return logits.softmax(dim=2).mean(dim=1)
    ### END SOLUTION


# %% check="mimo"
check("mimo")

# %%
progress()
