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
# # Dropout as an ensemble, and the singular-value story
#
# (header: to be written)

# %%
import copy
from itertools import product
from math import log, sqrt

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ### Exercise: `dropout_ensemble_exact` (7 points)
#
# (lead-in: to be written)


# %% exercise="dropout_ensemble_exact" points=7
def dropout_ensemble_exact(h, W, b, p_keep):
    """What all 2^H thinned networks predict together, without sampling: two averages, and the mean network.

    A mask m in {0, 1}^H keeps or drops each of the H hidden units; with k units kept its probability is
    P(m) = p_keep^k (1 - p_keep)^(H - k). Its network predicts softmax(W (m * h) + b): kept units are not rescaled.

        arith    = sum_m P(m) softmax(W (m * h) + b)
        geo      = prod_m softmax(W (m * h) + b)^P(m), divided by its sum over the classes
        mean_net = softmax(p_keep W h + b)

    The sum and the product run over all 2^H masks, the one that drops everything included. No mask is drawn at random.

    Args:
        h: (H,) activations of the hidden layer, H at most 14. It is not changed.
        W: (C, H) weights of the output layer. It is not changed.
        b: (C,) its bias. It is never dropped. It is not changed.
        p_keep: Probability that a unit is kept, in (0, 1].

    Returns:
        A dict of three arrays of shape (C,): "arith", "geo" and "mean_net". Each adds up to 1.

    Raises:
        ValueError: H is larger than 14, or p_keep is outside (0, 1]. The message names h (or W), or p_keep.
    """
    ### BEGIN SOLUTION
    h, W, b = (np.asarray(a, dtype=float) for a in (h, W, b))
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    if h.size > 14:
        raise ValueError(f"h must have at most 14 units, got {h.size}: that would be too many masks")

    def log_softmax(s):
        s = s - s.max(axis=-1, keepdims=True)
        return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))

    masks = np.array(list(product((0.0, 1.0), repeat=h.size)))
    p_mask = np.where(masks == 1, p_keep, 1 - p_keep).prod(axis=1)
    log_probs = log_softmax((masks * h) @ W.T + b)
    return {
        "arith": p_mask @ np.exp(log_probs),
        "geo": np.exp(log_softmax(p_mask @ log_probs)),
        "mean_net": np.exp(log_softmax(p_keep * (W @ h) + b)),
    }
    ### END SOLUTION


# %% check="dropout_ensemble_exact"
check("dropout_ensemble_exact")

# %% [markdown]
# ### Exercise: `mc_dropout_predict` (6 points)
#
# (lead-in: to be written)


# %% exercise="mc_dropout_predict" points=6
def mc_dropout_predict(model, x, T):
    """Class probabilities of T passes with dropout on and everything else as at test time.

        probs[t] = softmax(model(x)) over the classes, with fresh masks in every pass t

    A dropout layer is a module of a class that torch derives from nn.modules.dropout._DropoutNd (nn.Dropout,
    nn.Dropout2d and their relatives), or a module whose class is called "InvertedDropout", like the one you wrote in
    notebook 05: type(module).__name__ == "InvertedDropout". Only dropout layers are in training mode during the
    passes, also those that were in evaluation mode before; batch norm and all other modules are in evaluation mode.

    Args:
        model: Any nn.Module that maps x (N, ...) to logits (N, C), whatever its mode. Afterwards the mode of each of
            its modules, its parameters and its buffers are exactly what they were, and no parameter has a new .grad.
        x: Input tensor of the model.
        T: Number of passes, at least 1.

    Returns:
        (T, N, C) tensor of probabilities, without autograd history.

    Raises:
        ValueError: T is less than 1, or the model has no dropout layer. The message names T or model.
    """
    ### BEGIN SOLUTION
    if T < 1:
        raise ValueError(f"T must be at least 1, got {T}")
    dropouts = [
        m
        for m in model.modules()
        if isinstance(m, nn.modules.dropout._DropoutNd) or type(m).__name__ == "InvertedDropout"
    ]
    if not dropouts:
        raise ValueError("model has no dropout layer: every pass would give the same")
    modes = [(m, m.training) for m in model.modules()]
    try:
        model.eval()
        for layer in dropouts:
            layer.train()
        with torch.no_grad():
            return torch.stack([F.softmax(model(x), dim=1) for _ in range(T)])
    finally:
        for m, mode in modes:
            m.training = mode
    ### END SOLUTION


def predictive_scores(probs):
    """The average prediction of T passes, how uncertain it is, and how much of that is disagreement.

        mean        = (1 / T) sum_t probs[t]
        entropy     = H(mean),        H(q) = - sum_c q_c ln q_c with 0 ln 0 = 0
        mutual_info = H(mean) - (1 / T) sum_t H(probs[t])

    ln is the natural logarithm, so both lie between 0 and ln C.

    Args:
        probs: (T, N, C) tensor of probabilities; zeros are allowed. It is not changed.

    Returns:
        A dict of tensors: "mean" of shape (N, C), "entropy" (N,) and "mutual_info" (N,).
    """

    ### BEGIN SOLUTION
    def entropy_of(q):
        return -torch.xlogy(q, q).sum(dim=-1)

    mean = probs.mean(dim=0)
    total = entropy_of(mean)
    return {"mean": mean, "entropy": total, "mutual_info": total - entropy_of(probs).mean(dim=0)}
    ### END SOLUTION


# %% check="mc_dropout_predict"
check("mc_dropout_predict")

# %% [markdown]
# ### Exercise: `calibration_error` (5 points)
#
# (lead-in: to be written)


# %% exercise="calibration_error" points=5
def calibration_error(probs, y, n_bins=10):
    """Expected calibration error: how far confidence and accuracy are apart, bin by bin.

    The confidence of a row is its largest probability, and the row is right if that is the probability of its label.
    Bin b = 1..B holds the rows whose confidence is in ((b - 1) / B, b / B]: the upper edge belongs to the bin, so a
    confidence of 1 is in the last one, and 0 would be in the first.

        ECE = sum_b (n_b / N) |acc_b - conf_b|

    with n_b rows in bin b, conf_b their mean confidence and acc_b the share of them that is right.

    Args:
        probs: (N, C) array of probabilities, rows that add up to 1. It is not changed.
        y: (N,) integer labels in 0..C-1. It is not changed.
        n_bins: B, the number of bins of equal width.

    Returns:
        (ece, table). ece is a float. table is a dict of arrays of shape (B,): "conf", "acc" and "count" (n_b). An
        empty bin has conf and acc nan and count 0; it adds nothing to ece.

    Raises:
        ValueError: a label of y is outside 0..C-1, or n_bins is less than 1. The message names the argument.
    """
    ### BEGIN SOLUTION
    probs, y = np.asarray(probs, dtype=float), np.asarray(y)
    n, classes = probs.shape
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"y must hold labels in 0..{classes - 1}")
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == y
    bins = np.digitize(confidence, np.arange(1, n_bins) / n_bins, right=True)
    ece, table = 0.0, {"conf": np.full(n_bins, np.nan), "acc": np.full(n_bins, np.nan), "count": np.zeros(n_bins, int)}
    for k in range(n_bins):
        inside = bins == k
        table["count"][k] = inside.sum()
        if inside.any():
            table["conf"][k], table["acc"][k] = confidence[inside].mean(), right[inside].mean()
            ece += inside.sum() / n * abs(table["acc"][k] - table["conf"][k])
    return float(ece), table
    ### END SOLUTION


# %% check="calibration_error"
check("calibration_error")

# %% [markdown]
# ### Exercise: `dropconnect_gaussian` (5 points)
#
# (lead-in: to be written)


# %% exercise="dropconnect_gaussian" points=5
def dropconnect_moments(W, v, p_keep):
    """Mean and variance of a linear layer whose single weights are dropped.

    DropConnect multiplies every entry of W by a mask entry of its own, 1 with probability p_keep and else 0. The
    masks of different entries are independent, and kept weights are not rescaled. Of z_o = sum_i m_oi W_oi v_i

        mean_o = p_keep * sum_i W_oi v_i
        var_o  = p_keep * (1 - p_keep) * sum_i W_oi^2 v_i^2

    Args:
        W: (O, I) weights. It is not changed.
        v: (I,) inputs of the layer. It is not changed.
        p_keep: Probability that a weight is kept, in (0, 1].

    Returns:
        (mean, var), each of shape (O,).

    Raises:
        ValueError: p_keep is outside (0, 1]. The message names it.
    """
    ### BEGIN SOLUTION
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    W, v = np.asarray(W, dtype=float), np.asarray(v, dtype=float)
    return p_keep * W @ v, p_keep * (1 - p_keep) * W**2 @ v**2
    ### END SOLUTION


def dropconnect_infer(W, v, p_keep, f, n, rng):
    """DropConnect at test time: average the activation over n draws of the pre-activations.

        result_o = (1 / n) sum_k f(z_ko),        z_ko ~ Normal with the mean_o and var_o of dropconnect_moments

    All z_ko are independent: every output o and every draw k has its own.

    Args:
        W: (O, I) weights. It is not changed.
        v: (I,) inputs of the layer. It is not changed.
        p_keep: Probability that a weight is kept, in (0, 1].
        f: The activation: takes an array of any shape and works on each entry, like np.tanh.
        n: Number of draws, at least 1.
        rng: A np.random.Generator. All randomness comes from it.

    Returns:
        (O,) array.

    Raises:
        ValueError: p_keep is outside (0, 1], or n is less than 1. The message names the argument.
    """
    ### BEGIN SOLUTION
    mean, var = dropconnect_moments(W, v, p_keep)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    z = mean + np.sqrt(var) * rng.standard_normal((n, len(mean)))
    return f(z).mean(axis=0)
    ### END SOLUTION


# %% check="dropconnect_gaussian"
check("dropconnect_gaussian")

# %% [markdown]
# ### Exercise: `shrinkage_profile` (5 points)
#
# (lead-in: to be written)


# %% exercise="shrinkage_profile" points=5
def singular_response(X, y, w):
    """How much of the least-squares solution the weights w have, along each right singular vector of X.

    With X = sum_i s_i u_i v_i^T and w_LS a least-squares solution,

        c_i = (v_i^T w) / (v_i^T w_LS)

    Directions whose singular value is zero up to rounding (below 1e-6 times the largest) are left out.

    Args:
        X: (N, D) inputs. It is not changed.
        y: (N,) targets. It is not changed.
        w: (D,) weights of any method. It is not changed.

    Returns:
        (s, c), both of shape (r,) with r the rank of X: the singular values from large to small, and the ratios.
    """
    ### BEGIN SOLUTION
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    rank = np.sum(s > 1e-6 * s[0])
    U, s, Vt = U[:, :rank], s[:rank], Vt[:rank]
    least_squares = U.T @ y / s  # v_i^T w_LS
    return s, Vt @ w / least_squares
    ### END SOLUTION


def gd_filter(s2, lr, steps):
    """The ratios c_i after some steps of gradient descent from w = 0 on the loss (1/2) ||y - X w||^2.

        c_i = 1 - (1 - lr * s2_i)^steps

    Args:
        s2: (r,) squared singular values of X. It is not changed.
        lr: Learning rate > 0.
        steps: Number of steps, 0 or more.

    Returns:
        (r,) array.

    Raises:
        ValueError: gradient descent diverges, lr * s2 >= 2 for one of them. The message names lr.
    """
    ### BEGIN SOLUTION
    s2 = np.asarray(s2, dtype=float)
    if lr * s2.max() >= 2:
        raise ValueError(f"lr is too large for the largest squared singular value, got {lr}")
    return 1 - (1 - lr * s2) ** steps
    ### END SOLUTION


def ridge_filter(s2, lam):
    """The ratios c_i of ridge regression, which minimizes ||y - X w||^2 + lam ||w||^2.

        c_i = s2_i / (s2_i + lam)

    Args:
        s2: (r,) squared singular values of X, all positive. It is not changed.
        lam: Strength of the penalty, 0 or more.

    Returns:
        (r,) array.
    """
    ### BEGIN SOLUTION
    s2 = np.asarray(s2, dtype=float)
    return s2 / (s2 + lam)
    ### END SOLUTION


# %% check="shrinkage_profile"
check("shrinkage_profile")

# %% [markdown]
# ### Exercise: `dropout_ridge` (6 points)
#
# (lead-in: to be written)


# %% exercise="dropout_ridge" points=6
def dropout_objective(X, y, w, p_keep):
    """The squared error of a linear model under input dropout, averaged over all masks exactly.

    Every entry of X is multiplied by a mask entry of its own, 1 with probability p_keep and else 0. The masks of
    different entries are independent, and kept entries are not rescaled.

        E_m ||y - (m * X) w||^2 = ||y - p_keep X w||^2 + p_keep (1 - p_keep) sum_j ||X_j||^2 w_j^2

    with X_j the columns of X. It is a sum over the N rows: no 1 / N. No mask is drawn at random.

    Args:
        X: (N, D) inputs. It is not changed.
        y: (N,) targets. It is not changed.
        w: (D,) weights as they are used in training. It is not changed.
        p_keep: Probability that an entry is kept, in (0, 1].

    Returns:
        A float.

    Raises:
        ValueError: p_keep is outside (0, 1]. The message names it.
    """
    ### BEGIN SOLUTION
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    fit = np.sum((y - p_keep * X @ w) ** 2)
    penalty = p_keep * (1 - p_keep) * np.sum(np.sum(X**2, axis=0) * w**2)
    return float(fit + penalty)
    ### END SOLUTION


def dropout_ridge(X, y, p_keep):
    """The weights that input dropout gives a linear model at test time: p_keep times the minimizer of the objective.

        u = p_keep * argmin_w dropout_objective(X, y, w, p_keep)

    u solves (X^T X + lambda diag(X^T X)) u = X^T y; finding lambda is up to you. It is used on whole inputs, X @ u.

    Args:
        X: (N, D) inputs, D may be larger than N. With p_keep = 1 the columns are independent. It is not changed.
        y: (N,) targets. It is not changed.
        p_keep: Probability that an entry of X is kept in training, in (0, 1].

    Returns:
        (D,) array u.

    Raises:
        ValueError: p_keep is outside (0, 1], or a column of X is all zeros. The message names p_keep or X.
    """
    ### BEGIN SOLUTION
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    if (X == 0).all(axis=0).any():
        raise ValueError("X has a column of zeros: any weight would do for it")
    gram = X.T @ X
    lam = (1 - p_keep) / p_keep
    return np.linalg.solve(gram + lam * np.diag(np.diag(gram)), X.T @ y)
    ### END SOLUTION


# %% check="dropout_ridge"
check("dropout_ridge")

# %% [markdown]
# ### Exercise: `rescale_two_layer` (4 points)
#
# (lead-in: to be written)


# %% exercise="rescale_two_layer" points=4
def rescale_two_layer(W1, b1, W2, c):
    """Move a factor c > 0 from the second layer of a ReLU network into the first; the network stays the same function.

    The network is x -> W2 (m * relu(W1 x + b1)) + b2 with a mask m of hidden units. The weights W1 are multiplied by
    c and the weights W2 by 1 / c; b1 becomes what it has to be for the same outputs, whatever x and m. b2 does not
    change and is not asked for.

    Args:
        W1: (H, D) weights of the hidden layer. It is not changed.
        b1: (H,) its bias. It is not changed.
        W2: (C, H) weights of the output layer. It is not changed.
        c: The factor, > 0.

    Returns:
        (W1c, b1c, W2c), new arrays of the shapes of W1, b1 and W2.

    Raises:
        ValueError: c is not positive. The message names it.
    """
    ### BEGIN SOLUTION
    if c <= 0:
        raise ValueError(f"c must be positive, got {c}")
    return np.asarray(W1) * float(c), np.asarray(b1) * float(c), np.asarray(W2) / float(c)
    ### END SOLUTION


def l2_ratio(W1, W2, c):
    """By which factor rescale_two_layer changes the L2 penalty, the sum of the squares of all entries of W1 and W2.

        ratio = penalty of (W1c, W2c) / penalty of (W1, W2)

    Biases are not penalized.

    Args:
        W1: (H, D) weights of the hidden layer. It is not changed.
        W2: (C, H) weights of the output layer. It is not changed.
        c: The factor, > 0.

    Returns:
        A float.
    """
    ### BEGIN SOLUTION
    first, second = np.sum(np.square(W1, dtype=float)), np.sum(np.square(W2, dtype=float))
    return float((first * c**2 + second / c**2) / (first + second))
    ### END SOLUTION


# %% check="rescale_two_layer"
check("rescale_two_layer")

# %% [markdown]
# ### Exercise: `variance_shift_ratio` (4 points)
#
# (lead-in: to be written)


# %% exercise="variance_shift_ratio" points=4
def variance_shift_ratio(mean, var, p_drop):
    """By which factor dropout makes the variance of an activation larger in training than at test time.

    An activation x has mean mu and variance v over the data. Inverted dropout gives m x / (1 - p_drop) in training,
    with m = 0 with probability p_drop and else 1, independent of x; at test time it gives x.

        ratio = Var(m x / (1 - p_drop)) / Var(x)

    The variance in training counts both, the spread of the data and that of the masks.

    Args:
        mean: (D,) means mu. It is not changed.
        var: (D,) variances v, all positive. It is not changed.
        p_drop: Probability that a unit is dropped, in [0, 1).

    Returns:
        (D,) array.

    Raises:
        ValueError: an entry of var is not positive, or p_drop is outside [0, 1). The message names the argument.
    """
    ### BEGIN SOLUTION
    mean, var = np.asarray(mean, dtype=float), np.asarray(var, dtype=float)
    if (var <= 0).any():
        raise ValueError("var must be positive everywhere")
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop must be in [0, 1), got {p_drop}")
    second_moment = (var + mean**2) / (1 - p_drop)
    return (second_moment - mean**2) / var
    ### END SOLUTION


# %% check="variance_shift_ratio"
check("variance_shift_ratio")

# %% [markdown]
# ## What you built, and where it goes next
#
# (to be written)
