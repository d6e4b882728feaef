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
# # Weight penalties, priors, noise
#
# (header)

# %%
import numpy as np
import torch
from traindeep import check, hint, progress, use

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible

# %% [markdown]
# ### Exercise: `weight_decay_step` (7 points)
#
# (lead-in)


# %% exercise="weight_decay_step" points=7
def sgd_step(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """One step of gradient descent with momentum, and with weight decay in one of four conventions.

        buf_new = momentum * buf + d,     d = g, except under "l2":  d = g + wd * w

        "l2":         w_new = w - lr * buf_new                      the penalty wd/2 ||w||^2, as torch.optim.SGD
        "decoupled":  w_new = (1 - lr * wd) * w - lr * buf_new      the decay of AdamW
        "lecture":    w_new = (1 - wd) * w - lr * buf_new           wd is not multiplied by lr
        "engineer":   w_new = (1 - wd) * (w - lr * buf_new)         the fresh step shrinks, too

    Args:
        w: (D,) array, the weights. It is not changed.
        g: (D,) array, the gradient of the loss without a penalty. It is not changed.
        lr: Learning rate, > 0.
        wd: Strength of the decay, >= 0.
        mode: "l2", "decoupled", "lecture" or "engineer".
        momentum: Weight of the previous buffer; 0 unless it is given.
        buf: (D,) array, the previous buffer (it is not changed), or None before the first step: then buf_new = d.

    Returns:
        (w_new, buf_new), both (D,).

    Raises:
        ValueError: mode is unknown, lr is not positive, or wd is negative. The message names the argument.
    """
    ### BEGIN SOLUTION
    if mode not in ("l2", "decoupled", "lecture", "engineer"):
        raise ValueError(f"mode must be 'l2', 'decoupled', 'lecture' or 'engineer', got {mode!r}")
    if not lr > 0:
        raise ValueError(f"lr must be positive, got {lr}")
    if not wd >= 0:
        raise ValueError(f"wd must not be negative, got {wd}")
    w, g = np.asarray(w, dtype=float), np.asarray(g, dtype=float)
    d = g + wd * w if mode == "l2" else g
    buf_new = d.copy() if buf is None else momentum * np.asarray(buf, dtype=float) + d
    if mode == "engineer":
        return (1 - wd) * (w - lr * buf_new), buf_new
    kept = {"l2": 1.0, "decoupled": 1 - lr * wd, "lecture": 1 - wd}[mode]
    return kept * w - lr * buf_new, buf_new
    ### END SOLUTION


# %% check="weight_decay_step"
check("weight_decay_step")

# %% [markdown]
# ### Exercise: `l1_prox` (4 points)
#
# (lead-in)


# %% exercise="l1_prox" points=4
def l1_penalty(w, lam):
    """The L1 penalty lam * sum |w| and a subgradient of it, which is 0 where w is 0.

    Args:
        w: Array of any shape. It is not changed.
        lam: Strength, >= 0.

    Returns:
        (value, subgrad): a float, and an array of the shape of w.

    Raises:
        ValueError: lam is negative. The message names lam.
    """
    ### BEGIN SOLUTION
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    w = np.asarray(w, dtype=float)
    return float(lam * np.sum(np.abs(w))), lam * np.sign(w)
    ### END SOLUTION


def soft_threshold(w, t):
    """Move every weight towards 0 by t, and to exactly 0 if it is nearer than that.

        u = sign(w) * max(|w| - t, 0)    =    argmin_u  1/2 (u - w)^2 + t |u|

    Write it with NumPy: torch's softshrink is not allowed.

    Args:
        w: Array of any shape. It is not changed.
        t: Threshold, >= 0.

    Returns:
        Array of the shape of w.

    Raises:
        ValueError: t is negative. The message names t.
    """
    ### BEGIN SOLUTION
    if not t >= 0:
        raise ValueError(f"t must not be negative, got {t}")
    w = np.asarray(w, dtype=float)
    return np.sign(w) * np.maximum(np.abs(w) - t, 0)
    ### END SOLUTION


# %% check="l1_prox"
check("l1_prox")

# %% [markdown]
# ### Exercise: `max_norm_project` (4 points)
#
# (lead-in)


# %% exercise="max_norm_project" points=4
def max_norm_project(W, c):
    """Scale the incoming weights of every unit that are longer than c back to the length c.

        W_new[o] = W[o] * min(1, c / ||W[o]||)

    Row o of W holds the weights into unit o; the length is the Euclidean one. Shorter rows stay as they are, a row of
    zeros, too. Write it with NumPy: torch.renorm is not allowed.

    Args:
        W: (O, I) array. It is not changed.
        c: Largest length, > 0.

    Returns:
        (O, I) array.

    Raises:
        ValueError: W is not two-dimensional, or c is not positive. The message names the argument.
    """
    ### BEGIN SOLUTION
    W = np.asarray(W, dtype=float)
    if W.ndim != 2:
        raise ValueError(f"W must be (O, I), got shape {W.shape}")
    if not c > 0:
        raise ValueError(f"c must be positive, got {c}")
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    return W * (c / np.maximum(norms, c))
    ### END SOLUTION


# %% check="max_norm_project"
check("max_norm_project")

# %% [markdown]
# ### Exercise: `hard_vs_soft` (7 points)
#
# (lead-in)


# %% exercise="hard_vs_soft" points=7
def project_l2_ball(w, r):
    """The point nearest to w with ||w||^2 <= r: w itself if it is inside, else w scaled down.

    r bounds the squared length, so the ball has the radius sqrt(r).

    Args:
        w: (D,) array. It is not changed.
        r: Largest squared length, >= 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: r is negative. The message names r.
    """
    ### BEGIN SOLUTION
    if not r >= 0:
        raise ValueError(f"r must not be negative, got {r}")
    w = np.asarray(w, dtype=float)
    square = w @ w
    return w.copy() if square <= r else w * np.sqrt(r / square)
    ### END SOLUTION


def pgd_least_squares(X, y, r, lr, steps):
    """Least squares under a hard constraint, by projected gradient descent.

        minimize L(w) = (1/N) ||y - X w||^2   subject to   ||w||^2 <= r

    Start at w = 0. Every step follows the gradient of L and then projects. Only the end of many steps is compared,
    with lr below 1 / K, where K = 2 lambda_max(X^T X) / N is the largest curvature of L.

    Args:
        X: (N, D) array. It is not changed.
        y: (N,) array. It is not changed.
        r: Largest squared length, >= 0.
        lr: Learning rate.
        steps: Number of steps.

    Returns:
        (D,) array, the last w, with ||w||^2 <= r up to rounding.

    Raises:
        ValueError: r is negative. The message names r.
    """
    ### BEGIN SOLUTION
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    w = project_l2_ball(np.zeros(X.shape[1]), r)
    for _ in range(steps):
        w = project_l2_ball(w - lr * 2 / len(X) * X.T @ (X @ w - y), r)
    return w
    ### END SOLUTION


def lambda_star(X, y, w):
    """The lambda for which w also solves the problem with a soft constraint.

        minimize L(w) + lambda ||w||^2,   L(w) = (1/N) ||y - X w||^2

    Where the formula that you derive is negative (no penalty is needed), the result is 0.

    Args:
        X: (N, D) array. It is not changed.
        y: (N,) array. It is not changed.
        w: (D,) array that solves the problem for some real lambda. It is not changed.

    Returns:
        A float, >= 0.

    Raises:
        ValueError: w is zero. The message names w.
    """
    ### BEGIN SOLUTION
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    if not w.any():
        raise ValueError("w must not be zero: every large lambda leads there")
    gradient = 2 / len(X) * X.T @ (X @ w - y)
    return float(max(0.0, -(gradient @ w) / (2 * w @ w)))
    ### END SOLUTION


# %% check="hard_vs_soft"
check("hard_vs_soft")

# %% [markdown]
# ### Exercise: `map_ridge` (6 points)
#
# (lead-in)


# %% exercise="map_ridge" points=6
def poly_design(x, M):
    """Powers of x as features: row n is (1, x_n, x_n^2, ..., x_n^M).

    Args:
        x: (N,) array. It is not changed.
        M: Degree, an integer >= 0.

    Returns:
        (N, M + 1) array, lowest power first.

    Raises:
        ValueError: M is negative. The message names M.
    """
    ### BEGIN SOLUTION
    if M < 0:
        raise ValueError(f"M must not be negative, got {M}")
    return np.asarray(x, dtype=float)[:, None] ** np.arange(M + 1)
    ### END SOLUTION


def map_linear_gaussian(X, t, noise_var, prior_var):
    """The most probable weights of t = X w + noise, given the data and a Gaussian prior on w.

        w ~ N(0, prior_var I),    noise ~ N(0, noise_var I)

    All weights have this prior, that of a constant column (the intercept) as well.

    Args:
        X: (N, D) array. It is not changed.
        t: (N,) array. It is not changed.
        noise_var: Variance of the noise, > 0.
        prior_var: Variance of each weight under the prior, > 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: a variance is not positive. The message names it.
    """
    ### BEGIN SOLUTION
    lam = equivalent_lambda(noise_var, prior_var, len(X), "sum")
    X, t = np.asarray(X, dtype=float), np.asarray(t, dtype=float)
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ t)
    ### END SOLUTION


def equivalent_lambda(noise_var, prior_var, n, loss):
    """The lambda for which loss + lambda ||w||^2 has its minimum at the most probable weights.

        "sum":   loss = sum_n (t_n - x_n w)^2
        "mean":  loss = mean_n (t_n - x_n w)^2

    The penalty is lambda ||w||^2, without a factor 1/2.

    Args:
        noise_var: Variance of the noise, > 0.
        prior_var: Variance of each weight under the prior, > 0.
        n: Number of data points.
        loss: "sum" or "mean".

    Returns:
        A number.

    Raises:
        ValueError: a variance is not positive, or loss is unknown. The message names the argument.
    """
    ### BEGIN SOLUTION
    for name, value in (("noise_var", noise_var), ("prior_var", prior_var)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
    if loss not in ("sum", "mean"):
        raise ValueError(f"loss must be 'sum' or 'mean', got {loss!r}")
    return float(noise_var / prior_var / (n if loss == "mean" else 1))
    ### END SOLUTION


# %% check="map_ridge"
check("map_ridge")

# %% [markdown]
# ### Exercise: `adam_decay_steps` (6 points)
#
# (lead-in)


# %% exercise="adam_decay_steps" points=6
def adam_step(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """One step of Adam, with weight decay as a penalty (torch's Adam) or decoupled from the gradient (AdamW).

        decoupled=False:  g <- g + wd * w          the penalty wd/2 ||w||^2 goes through m and v like the loss
        decoupled=True:   w <- (1 - lr * wd) * w   and neither m nor v sees the decay

        t <- t + 1,    m <- beta1 m + (1 - beta1) g,    v <- beta2 v + (1 - beta2) g^2
        w_new = w - lr * mhat / (sqrt(vhat) + eps),     mhat = m / (1 - beta1^t),    vhat = v / (1 - beta2^t)

    Args:
        w: (D,) array, the weights. It is not changed.
        g: (D,) array, the gradient of the loss without a penalty. It is not changed.
        state: A dict with "m" and "v", both (D,), and the number "t" of steps so far; dict(m=zeros, v=zeros, t=0)
            before the first step. It is not changed.
        lr: Learning rate, >= 0.
        betas: (beta1, beta2), both in [0, 1).
        eps: Added to the square root, outside of it.
        wd: Strength of the decay, >= 0.
        decoupled: Which of the two.

    Returns:
        (w_new, state_new): a (D,) array and a dict with the same keys.

    Raises:
        ValueError: lr or wd is negative, or one of betas is outside [0, 1). The message names lr, wd or betas.
    """
    ### BEGIN SOLUTION
    for name, value in (("lr", lr), ("wd", wd)):
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")
    beta1, beta2 = betas
    if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
        raise ValueError(f"betas must be in [0, 1), got {betas}")
    w, g = np.asarray(w, dtype=float), np.asarray(g, dtype=float)
    if decoupled:
        w = (1 - lr * wd) * w
    else:
        g = g + wd * w
    t = state["t"] + 1
    m = beta1 * state["m"] + (1 - beta1) * g
    v = beta2 * state["v"] + (1 - beta2) * g**2
    mhat, vhat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * mhat / (np.sqrt(vhat) + eps), dict(m=m, v=v, t=t)
    ### END SOLUTION


# %% check="adam_decay_steps"
check("adam_decay_steps")

# %% [markdown]
# ### Exercise: `input_noise_loss` (4 points)
#
# (lead-in)


# %% exercise="input_noise_loss" points=4
def noisy_input_loss(w, X, y, lam):
    """The mean squared error of a linear model that is to be expected when noise is added to its inputs.

        E mean_n (w . (x_n + eps_n) - y_n)^2

    The entries of eps_n are independent with mean 0 and variance lam. The result is exact: nothing is drawn.

    Args:
        w: (D,) array, the weights. It is not changed.
        X: (N, D) array, the inputs. It is not changed.
        y: (N,) array, the targets. It is not changed.
        lam: Variance (not standard deviation) of the noise, >= 0.

    Returns:
        A float.

    Raises:
        ValueError: lam is negative. The message names lam.
    """
    ### BEGIN SOLUTION
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    w, X, y = (np.asarray(a, dtype=float) for a in (w, X, y))
    return float(np.mean((X @ w - y) ** 2) + lam * w @ w)
    ### END SOLUTION


def noisy_input_optimum(X, y, lam):
    """The weights with the smallest noisy_input_loss.

    Args:
        X: (N, D) array, the inputs. It is not changed. With lam = 0 its columns are independent.
        y: (N,) array, the targets. It is not changed.
        lam: Variance (not standard deviation) of the noise, >= 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: lam is negative. The message names lam.
    """
    ### BEGIN SOLUTION
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    n, features = X.shape
    return np.linalg.solve(X.T @ X / n + lam * np.eye(features), X.T @ y / n)
    ### END SOLUTION


# %% check="input_noise_loss"
check("input_noise_loss")

# %% [markdown]
# ### Exercise: `weight_noise_penalty` (5 points)
#
# (lead-in)


# %% exercise="weight_noise_penalty" points=5
def weight_noise_penalty(f, y, grad, hess_trace, lam):
    """What noise on the weights adds to the mean squared error, to first order in its variance.

        E mean_n (f_n(w + eps) - y_n)^2  =  mean_n (f_n(w) - y_n)^2  +  increase  +  O(lam^2),    eps ~ N(0, lam I)

    Args:
        f: (N,) array, the outputs f_n(w). It is not changed.
        y: (N,) array, the targets. It is not changed.
        grad: (N, P) array, the gradients of the outputs with respect to the P weights. It is not changed.
        hess_trace: (N,) array, the traces of the matrices of second derivatives of the outputs with respect to the
            weights. It is not changed.
        lam: Variance of the noise on each weight, >= 0.

    Returns:
        A dict with two floats: "slide" is lam times the mean of ||grad_n||^2, which is often given as the increase;
        "full" is the whole increase to first order in lam.

    Raises:
        ValueError: y or hess_trace is not of the shape (N,) of f, grad is not (N, P), or lam is negative. The message
            names one of the arguments.
    """
    ### BEGIN SOLUTION
    f, y, grad, hess_trace = (np.asarray(a, dtype=float) for a in (f, y, grad, hess_trace))
    if f.ndim != 1 or y.shape != f.shape or hess_trace.shape != f.shape:
        raise ValueError(f"f, y and hess_trace must be (N,), got {f.shape}, {y.shape} and {hess_trace.shape}")
    if grad.ndim != 2 or len(grad) != len(f):
        raise ValueError(f"grad must be ({len(f)}, P), got {grad.shape}")
    if not lam >= 0:
        raise ValueError(f"lam must not be negative, got {lam}")
    slide = lam * np.mean(np.sum(grad**2, axis=1))
    return dict(slide=float(slide), full=float(slide + lam * np.mean((f - y) * hess_trace)))
    ### END SOLUTION


# %% check="weight_noise_penalty"
check("weight_noise_penalty")

# %% [markdown]
# ## What you built and where it goes next
#
# (closing)

# %%
progress()
