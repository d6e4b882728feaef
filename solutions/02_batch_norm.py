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
# # Batch normalization: mechanics
#
# In notebook 01 you standardized the *inputs* of a model: subtract the mean of each feature, divide by its standard
# deviation, and remember both for new data. A deep network has many more inputs than the ones you can see: every
# layer receives the output of the layer below it, and nobody standardizes those. Batch normalization does, at every
# layer, at every training step.
#
# That sounds like one line of code. Four things make it interesting, and this notebook is about them:
#
# 1. The statistics are computed **from the batch**, so each output depends on the other rows of the batch, and so
#    does each gradient.
# 2. A single test image has **no batch**. The layer must remember something, and there are four popular ideas of
#    what.
# 3. For images one has to decide **which values are alike** enough to share a mean.
# 4. Authors **disagree** on small things: divide by $N$ or by $N-1$, which side the momentum weighs, where
#    $\varepsilon$ goes. Mixing two conventions gives a network that trains well and predicts badly.
#
# By the end you will have written the layer forward and backward, with running statistics, for images, folded into
# the weights of the layer before it, and as a drop-in replacement of `torch.nn.BatchNorm1d` and `BatchNorm2d`.
#
# **You need**: NumPy, back-propagation, notebooks [00](../00_workshop/00_workshop.ipynb) and
# [01](../01_input_normalization/01_input_normalization.ipynb). **Time**: about 4 hours. **Points**: 46 for code in
# eight exercises, 8 for two questions in words.
#
# Every exercise is followed by a cell that checks it and says what is wrong, not only that something is. If you are
# stuck, run `hint("bn_forward_train")` (with the name of the exercise) for the next of three hints, and
# `progress()` to see how far you are. The checks you see are not all that count: the grader uses other numbers and
# other shapes.
#
# Four rules hold in all exercises. Arguments are left as they were (the model of the last exercise apart). Whole
# numbers and float32 are as good as float64, and results are floating-point. Bad input is refused where the docstring
# says so, with a `ValueError` whose message names the argument: `gamma must have shape (4,), got (3,)`. And while an
# exercise is checked, the routines of torch that would do it for you are switched off; the docstring says which.

# %%
import copy
from collections import deque
from itertools import count
from math import ceil, exp, lgamma, sqrt

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, axes_box, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · Normalizing a batch
#
# ### The idea in one picture
#
# Below is a batch of 200 rows with two features, before and after. Nothing is learned yet; the layer only looks at
# the batch.

# %% tags=["experiment"]
rng = np.random.default_rng(2)
x = rng.normal(size=(200, 2)) @ np.array([[2.0, 0.9], [0.0, 0.45]]) + [5.0, -2.0]
gamma, beta = np.array([0.5, 2.0]), np.array([-3.0, 2.5])
xhat = F.batch_norm(torch.tensor(x), None, None, training=True).numpy()
stages = (
    (x, "x: wherever the layer below put it", "black"),
    (xhat, "x̂: mean 0, deviation 1, each feature", "blue"),
    (gamma * xhat + beta, "y = γ x̂ + β: where training wants it", "red"),
)
fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), sharex=True, sharey=True)
for ax, (points, title, color) in zip(axes, stages, strict=True):
    ax.plot(*points.T, ".", color=COLORS[color], alpha=0.5)
    ax.errorbar(*points.mean(0), *points.std(0)[::-1], fmt="none", ecolor="black", elinewidth=2.5, capsize=5)
    ax.set(title=title, xlabel="feature 1", aspect="equal")
axes[0].set_ylabel("feature 2")
plt.show()

# %% [markdown]
# Figure: three scatter plots of the same 200 points. Left, a tilted cloud around (5, −2), wide in feature 1 and
# narrow in feature 2. Middle, after normalization: the cloud is centred at (0, 0) and equally wide in both
# features, and it is still tilted. Right, after scale and shift: centred at (−3, 2.5), narrow in feature 1, wide in
# feature 2. The black crosses show one standard deviation to each side of the mean.
#
# **What to notice.** The middle cloud is still tilted: the features are as correlated as before. Batch
# normalization treats each feature separately. It is *not* whitening (notebook 01), although it is sometimes called
# so. The paper relies on the older observation that standardizing helps even when the features are **not
# decorrelated**. (You will also find this quoted as "even if the features are not correlated", which is a different
# and much weaker statement.)
#
# ### The formula
#
# Take one feature of a batch of $N$ rows, $x_1, \dots, x_N$.
#
# $$
# \mu = \frac1N \sum_{i=1}^N x_i, \qquad
# \sigma^2 = \frac1N \sum_{i=1}^N (x_i - \mu)^2, \qquad
# \hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad
# y_i = \gamma\,\hat x_i + \beta .
# $$
#
# Every feature has its own $\mu, \sigma^2$ (computed) and its own $\gamma, \beta$ (learned, by gradient descent,
# starting at 1 and 0).
#
# ### By hand
#
# Four rows, two features, $\varepsilon = 0$, $\gamma = (2, 3)$, $\beta = (1, -1)$:
#
# | | feature 1 | feature 2 |
# | --- | --- | --- |
# | $x$ | 1, 5, 5, 1 | 7, 1, 9, 7 |
# | $\mu$ | 12/4 = **3** | 24/4 = **6** |
# | $x - \mu$ | −2, 2, 2, −2 | 1, −5, 3, 1 |
# | $\sigma^2$ | (4+4+4+4)/4 = **4** | (1+25+9+1)/4 = **9** |
# | $\hat x$ | −1, 1, 1, −1 | 1/3, −5/3, 1, 1/3 |
# | $y$ | 2·x̂+1 = **−1, 3, 3, −1** | 3·x̂−1 = **0, −6, 2, 0** |
#
# Go through the second column once with a pencil. If you had divided by $N-1 = 3$ instead of 4, $\sigma$ would be
# $\sqrt{12} \approx 3.46$ instead of 3, and every $\hat x$ would be too small by the factor $\sqrt{3/4} \approx
# 0.87$.
#
# ### Convention card
#
# | question | here | who else | who differs |
# | --- | --- | --- | --- |
# | variance while normalizing | divide by $N$ ("biased") | the paper (Algorithm 1), PyTorch, Keras, Flax | lecture notes of other courses that divide by $N-1$: every $\hat x$ is smaller by $\sqrt{(N-1)/N}$ |
# | $\varepsilon$ | added to the variance, **inside** the root | the paper, PyTorch, Keras, Flax | lecture notes that leave it out: a constant feature then gives 0/0 |
# | size of $\varepsilon$ | $10^{-5}$ | PyTorch, Flax | Keras: $10^{-3}$, which matters when you copy weights between libraries |
# | where it is used | any layer | the paper; `BatchNorm1d` exists for fully-connected layers | notes that say it cannot be used there. It can: you are about to do it, and notebook 03 trains such a net |
#
# The usual place in a network is linear → batch norm → activation. The linear layer then needs no bias: the mean
# that is subtracted would take it away again.

# %% [markdown]
# ### Exercise: `bn_forward_train` (5 points)
#
# The forward pass for a batch of feature rows. Besides the output, return a *cache*: everything that the backward
# pass will need.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="bn_forward_train" points=5
def bn_forward_train(x, gamma, beta, eps=1e-5):
    """Batch normalization in training: normalize each feature with the statistics of this batch.

        y = gamma * xhat + beta,    xhat = (x - mu) / sqrt(var + eps)

    mu and var are taken over the N rows; var divides by N (biased). eps is inside the square root.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: (N, D) array, float or integer. It is not changed.
        gamma: (D,) scale. It is not changed.
        beta: (D,) shift. It is not changed.
        eps: A small number >= 0.

    Returns:
        (y, cache). y has shape (N, D). cache is a dict with the keys "x" (N, D), "xhat" (N, D), "mu" (D,),
        "var" (D,), "gamma" (D,) and "eps". "var" is the variance itself, without eps.

    Raises:
        ValueError: x has fewer than 2 rows, or gamma or beta is not of shape (D,), even where its shape would
            broadcast. The message names the argument.
    """
    ### BEGIN SOLUTION
    x, gamma, beta = (np.asarray(a, dtype=float) for a in (x, gamma, beta))
    n, d = x.shape
    if n < 2:
        raise ValueError(f"x must have at least 2 rows, got {n}: one row has no spread")
    for name, value in (("gamma", gamma), ("beta", beta)):
        if value.shape != (d,):
            raise ValueError(f"{name} must have shape ({d},), got {value.shape}")
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, {"x": x, "xhat": xhat, "mu": mu, "var": var, "gamma": gamma, "eps": eps}
    ### END SOLUTION


# %% check="bn_forward_train"
check("bn_forward_train")

# %% [markdown]
# ## 2 · The gradient sees the normalization
#
# The mean and the variance are functions of the inputs. If you move one $x_j$, the mean moves, the variance moves,
# and with them **every** output of that feature. A backward pass that treats $\mu$ and $\sigma$ as constants is
# wrong, and gradient descent with it does something strange: it keeps trying to change the mean and the scale of a
# layer although the forward pass removes both.
#
# ### Derivation
#
# One feature, $N$ rows; write $s = \sqrt{\sigma^2 + \varepsilon}$, so that $\hat x_i = (x_i - \mu)/s$. The loss $L$
# reaches us as $\mathrm{d}y_i = \partial L/\partial y_i$.
#
# **Step 1, the parameters.** $y_i = \gamma \hat x_i + \beta$, and the same $\gamma$ and $\beta$ serve all rows, so
# their gradients are sums over rows:
#
# $$ \mathrm{d}\beta = \sum_i \mathrm{d}y_i, \qquad \mathrm{d}\gamma = \sum_i \mathrm{d}y_i\,\hat x_i . $$
#
# **Step 2, the mean.** $\partial \mu / \partial x_j = 1/N$.
#
# **Step 3, the variance.** $\sigma^2 = \frac1N\sum_i (x_i-\mu)^2$ depends on $x_j$ directly and through $\mu$. The
# second part is $-\frac2N \sum_i (x_i-\mu)\cdot\frac1N$, and $\sum_i (x_i - \mu) = 0$: **it vanishes**. Only the
# direct part stays:
#
# $$ \frac{\partial \sigma^2}{\partial x_j} = \frac2N (x_j-\mu), \qquad\text{hence}\qquad
#    \frac{\partial s}{\partial x_j} = \frac{1}{2s}\cdot\frac2N (x_j-\mu) = \frac{\hat x_j}{N} . $$
#
# **Step 4, all three paths together.** By the quotient rule, with $\delta_{ij} = 1$ if $i = j$ and 0 otherwise,
#
# $$ \frac{\partial \hat x_i}{\partial x_j}
#    = \underbrace{\frac{\delta_{ij}}{s}}_{\text{direct}}
#    - \underbrace{\frac{1}{N s}}_{\text{through } \mu}
#    - \underbrace{\frac{x_i-\mu}{s^2}\cdot\frac{\hat x_j}{N}}_{\text{through } \sigma}
#    = \frac1s \left( \delta_{ij} - \frac1N - \frac{\hat x_i \hat x_j}{N} \right). $$
#
# **Step 5, the sum over outputs** is yours:
#
# $$ \mathrm{d}x_j = \sum_i \mathrm{d}y_i\,\gamma\,\frac{\partial \hat x_i}{\partial x_j} = \;? $$
#
# Put in step 4 and carry out the sum over $i$. Each of the three terms becomes something simple; two of them are
# means over the batch. No $N \times N$ matrix is needed in the end.
#
# Two checks that you can make on paper before you program anything. Adding a constant to all $x_j$ changes no
# output, so $\sum_j \mathrm{d}x_j = 0$. And if the loss were $L = \sum_i y_i$, then all $\mathrm{d}y_i$ are equal
# and $\mathrm{d}x = 0$ exactly, for a right formula and for many wrong ones: **a gradient check under a plain sum
# proves nothing here**. Use random $\mathrm{d}y$.
#
# There is no disagreement between libraries about this one; the paper prints the same result in unsimplified steps.
#
# ### Exercise: `bn_backward` (8 points)
#
# The hardest exercise of the notebook. If you want to check yourself first, `numerical_gradient` from notebook 00
# is the judge to ask.
#
# *Difficulty 4 of 4, about 40 minutes.*


# %% exercise="bn_backward" points=8
def bn_backward(dy, cache):
    """Gradients of batch normalization in training.

        dbeta  = sum_i dy_i
        dgamma = sum_i dy_i xhat_i
        dx_j   = sum_i dy_i gamma d xhat_i / d x_j      mu and var depend on x too

    All sums run over the rows, separately for each feature.
    torch's autograd, batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        dy: (N, D) gradient of the loss with respect to y. It is not changed.
        cache: What bn_forward_train returned: "x", "xhat", "mu", "var", "gamma", "eps"; "var" is without eps. It is not
            changed. The checks pass a correct cache whether or not your bn_forward_train works.

    Returns:
        (dx, dgamma, dbeta) of shapes (N, D), (D,) and (D,).

    Raises:
        ValueError: the shape of dy is not the shape of x, even where it would broadcast. The message names dy.
    """
    ### BEGIN SOLUTION
    dy = np.asarray(dy, dtype=float)
    xhat = cache["xhat"]
    if dy.shape != xhat.shape:
        raise ValueError(f"dy must have the shape of x, {xhat.shape}, got {dy.shape}")
    dbeta = dy.sum(axis=0)
    dgamma = (dy * xhat).sum(axis=0)
    n = len(xhat)
    scale = cache["gamma"] / np.sqrt(cache["var"] + cache["eps"])
    dx = scale * (dy - dbeta / n - xhat * dgamma / n)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="bn_backward"
check("bn_backward")

# %% [markdown]
# ### What does this gradient mean?
#
# Here is a way to read the result that makes it hard to forget. Plot, for one feature, the incoming gradient
# $\mathrm{d}y_i$ against the normalized value $\hat x_i$, and fit a straight line by least squares.

# %% tags=["experiment"]
rng = np.random.default_rng(5)
values = torch.tensor(rng.normal(3.0, 2.0, size=(12, 1)), requires_grad=True)
normalized = F.batch_norm(values, None, None, training=True, eps=1e-12)
upstream = 0.6 * normalized.detach() + 0.5 + torch.tensor(rng.normal(0, 0.7, size=(12, 1)))
normalized.backward(upstream)

at, up = normalized.detach().numpy().ravel(), upstream.numpy().ravel()
line = np.polynomial.Polynomial.fit(at, up, 1)
residual = up - line(at)
received = values.grad.numpy().ravel() * values.detach().numpy().std()

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
grid = np.array([at.min() - 0.2, at.max() + 0.2])
left.plot(grid, line(grid), color="black", marker="", label="straight line fitted to the points")
left.vlines(at, line(at), up, color=COLORS["red"], linewidth=2, label="what is left over")
left.plot(at, up, "o", color=COLORS["blue"], label="incoming gradient dy")
left.set(xlabel="normalized value x̂", ylabel="gradient, loss per unit of y", title="Before: dy of twelve rows")
left.legend(fontsize=9)
right.axhline(0, color="0.6", linewidth=1, marker="")
right.vlines(at, 0, residual, color=COLORS["red"], linewidth=2, label="the sticks of the left panel")
circle = {"marker": "o", "markerfacecolor": "none", "markeredgewidth": 1.8, "markersize": 8, "linestyle": "none"}
right.plot(at, received, color=COLORS["green"], label="dx from torch's autograd, times σ/γ", **circle)
right.set(xlabel="normalized value x̂", ylabel="gradient, loss per unit of y", title="After: what reaches x")
right.set_ylim(left.get_ylim()[0] - np.mean(left.get_ylim()), left.get_ylim()[1] - np.mean(left.get_ylim()))
right.legend(fontsize=9)
plt.show()
claim(
    "dx is what a straight-line fit leaves over of dy",
    np.abs(received - residual).max(),
    holds=np.allclose(received, residual),
    unit="largest difference",
)

# %% [markdown]
# Figure: left, twelve points, incoming gradient against normalized value, with a rising straight line through them
# and a red stick from the line to each point. Right, the same sticks drawn from zero; the green circles, the
# gradient that autograd delivers to x times σ/γ, sit exactly on their ends.
#
# **What to notice.** The layer removes from the gradient everything that a straight line in $\hat x$ can explain:
# the intercept (a change of the mean, which the forward pass would undo) and the slope (a change of the scale,
# which it would undo as well). What is passed on is the residual, times $\gamma/\sigma$. This is exact for
# $\varepsilon = 0$; with $\varepsilon > 0$ the mean of $\hat x^2$ is a little less than 1 and a little of the slope
# comes through.

# %% [markdown]
# ## 3 · One test image: what the layer remembers
#
# During training every batch brings its own statistics. Then someone sends **one** image, to be answered now. Its
# own statistics are no answer: the mean of one value is the value itself, so $\hat x = 0$ and the output is $\beta$
# whatever the image shows. And even for a large batch of test images we do not want the answer for one image to
# depend on who else is asking.
#
# So the layer has to remember statistics from training. This section is about the way of PyTorch, the next about
# its rivals.
#
# ### The running average
#
# In each training step the layer moves its stored statistics a little towards those of the batch:
#
# $$ \text{new} = (1-m)\cdot\text{old} + m\cdot\text{batch}, \qquad m = 0.1 . $$
#
# The stored mean starts at 0 and the stored variance at 1. Apply the rule $T$ times and you see what is inside: the
# initial value with weight $(1-m)^T$ and the batch of step $t$ with weight $m(1-m)^{T-t}$. All these weights add up
# to 1.
#
# ### Convention card
#
# | question | here | who else | who differs |
# | --- | --- | --- | --- |
# | which side "momentum" weighs | the **new batch**, 0.1 | PyTorch | Keras (0.99), Flax (0.99) and lecture notes ($\beta_m$, often 0.9) weigh the **old** value. Their 0.9 is PyTorch's 0.1, the same filter |
# | variance that is stored | **unbiased**, divided by $N-1$ | PyTorch; the paper, whose Algorithm 2 multiplies the biased one by $N/(N-1)$ | Keras 3 and Flax store the biased one |
# | correction for the start | none | all of them | Adam corrects its averages; batch norm does not |
# | is this the paper's method? | no | | Algorithm 2 averages over batches after training; it mentions moving averages for watching a model while it trains |
#
# So PyTorch uses both variances in the same step: biased to normalize, unbiased to remember. Question W02b asks you
# why that makes sense.
#
# ### Exercise: `bn_running_update` and `ema_weights` (6 points)
#
# The first function is one step; the second says how much each batch counts after $T$ steps.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="bn_running_update" points=6
def bn_running_update(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """One update of the running mean and the running variance with a batch x.

        "torch":    new = (1 - momentum) * old + momentum * batch
        "lecture":  new = momentum * old + (1 - momentum) * batch

    The batch variance that goes in divides by N - 1 (unbiased). There is no correction for the start.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        run_mean: (D,) stored mean. It is not changed.
        run_var: (D,) stored variance. It is not changed.
        x: (N, D) batch. It is not changed.
        momentum: A number in [0, 1]; 0 and 1 are allowed.
        convention: "torch" or "lecture".

    Returns:
        (mean, var), the new stored values, each of shape (D,).

    Raises:
        ValueError: momentum is outside [0, 1], x has fewer than 2 rows, or the convention is unknown. The message
            names the argument.
    """
    ### BEGIN SOLUTION
    x = np.asarray(x, dtype=float)
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1], got {momentum}")
    if len(x) < 2:
        raise ValueError(f"x must have at least 2 rows, got {len(x)}")
    if convention not in ("torch", "lecture"):
        raise ValueError(f'convention must be "torch" or "lecture", got {convention!r}')
    new = momentum if convention == "torch" else 1 - momentum
    mean = (1 - new) * np.asarray(run_mean, dtype=float) + new * x.mean(axis=0)
    var = (1 - new) * np.asarray(run_var, dtype=float) + new * x.var(axis=0, ddof=1)
    return mean, var
    ### END SOLUTION


def ema_weights(T, momentum):
    """The weights that are inside a running average after T updates, in the "torch" convention.

    Args:
        T: Number of updates, an integer >= 0.
        momentum: Weight of the new batch, in [0, 1]; 0 and 1 are allowed.

    Returns:
        (T + 1,) array: first the weight of the initial value, then those of batch 1, ..., T in order of time.
        They add up to 1.

    Raises:
        ValueError: momentum is outside [0, 1]. The message names it.
    """
    ### BEGIN SOLUTION
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1], got {momentum}")
    ages = np.arange(T - 1, -1, -1)
    return np.concatenate([[(1.0 - momentum) ** T], momentum * (1.0 - momentum) ** ages])
    ### END SOLUTION


# %% check="bn_running_update"
check("bn_running_update")

# %% [markdown]
# ### Experiment E02c: a cold start
#
# How long does the invented initial value stay inside? We feed batches of 32 rows with true mean 3 to torch's own
# layer and watch its stored mean. Five seeds.

# %% tags=["experiment"]
STEPS = np.arange(61)


def start_left(momentum, seed):
    """Share of the initial value 0 in the stored mean after 0, 1, ... updates: 1 - stored / true."""
    generator = torch.Generator().manual_seed(seed)
    layer = nn.BatchNorm1d(50, momentum=momentum)
    shares = [1.0]
    for _ in STEPS[1:]:
        layer(3 + 2 * torch.randn(32, 50, generator=generator))
        shares.append(1 - layer.running_mean.mean().item() / 3)
    return shares


cold = {m: np.array([start_left(m, seed) for seed in range(5)]) for m in (0.1, 0.01, None)}

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
probe = nn.BatchNorm1d(10)  # batch t is 1 in feature t and 0 elsewhere: feature t stores the weight of batch t
for row in torch.eye(10):
    probe(row.expand(2, 10))
weights = probe.running_mean.tolist()
weights = [1 - sum(weights), *weights]
left.bar(0, weights[0], color=COLORS["red"], label="invented: the initial value")
left.bar(range(1, 11), weights[1:], color=COLORS["blue"], label="seen: batch 1 to 10")
for place, weight in enumerate(weights):
    left.text(place, weight + 0.005, f"{weight:.0%}", ha="center", fontsize=8)
left.set(
    xticks=range(11),
    xticklabels=["start", *range(1, 11)],
    xlabel="batch",
    ylabel="weight in the stored mean",
    title="After 10 batches, momentum 0.1",
)
left.legend()
left.grid(axis="x")
looks = {0.1: ("blue", 27, 0.14), 0.01: ("orange", 27, 0.8), None: ("green", 27, -0.07)}
for momentum, (color, *place) in looks.items():
    mean_with_spread(right, STEPS, cold[momentum], color=COLORS[color], marker="")
    right.text(*place, f"momentum {momentum}", color=COLORS[color], weight="bold")
right.plot(STEPS, 0.9**STEPS, ":", color="black", marker="", label="0.9 to the power of t")
right.plot(10, cold[0.1][:, 10].mean(), "o", color=COLORS["blue"])
right.annotate("35 % after 10 batches", (10, 0.35), (14, 0.45), arrowprops={"arrowstyle": "-", "color": "0.4"})
right.set(xlabel="batches seen, t", ylabel="share of the initial value", title="How the start is forgotten")
right.set_ylim(-0.12, 1.05)
right.legend(loc="upper right", fontsize=9)
plt.show()

share = cold[0.1][:, 10]
claim(
    "After 10 batches 35 % of the stored mean is still the initial value",
    share,
    holds=np.all(abs(share - 0.35) < 0.02),
)
share = cold[0.01][:, 60]
claim("With momentum 0.01 more than half is still invented after 60 batches", share, holds=np.all(share > 0.5))

# %% [markdown]
# Figure: left, eleven bars: the initial value with 35 %, then ten batches with weights growing from 4 % for the
# oldest to 10 % for the newest. Right, share of the initial value against the number of batches: for momentum 0.1
# it falls along the dotted curve $0.9^t$ to 0.35 at 10 batches and almost to 0 at 50; for momentum 0.01 it is still
# 0.55 after 60 batches; the plain average drops to 0 with the first batch. Bands, hardly wider than the lines, show
# one standard deviation over five seeds.
#
# **What to notice.** With momentum 0.1 the layer remembers about the last ten batches, a few dozen at most: its
# statistics forget the start quickly and **fluctuate** with the latest batches. With a smaller momentum they are
# smooth but stale. The plain average (`momentum=None`) forgets nothing: fine while the network stands still, bad
# while it is learning, because the earliest and worst network counts as much as the latest.

# %% [markdown]
# ## 4 · Four rivals for the same job
#
# Suppose training is over and the batches of the last epoch are still at hand. Which mean and which standard
# deviation should the layer use from now on?
#
# - **`"eq4"`**: the average of the batch means, and the average of the batch **standard deviations**. The naive
#   idea, found in lecture notes of other courses (the name is the number the equation has in one of them).
# - **`"alg2"`**: the average of the batch means, and the root of the average of the **unbiased** batch variances.
#   Algorithm 2 of the paper.
# - **`"pooled"`**: the exact mean and standard deviation of all rows together, as if they had been one large batch.
# - and the running average of section 3.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | $\sigma_k$ in `"eq4"` | biased, divided by $n_k$: the deviation the batch was normalized with | the notes leave it open |
# | variance in `"alg2"` | $\frac1K\sum_k \frac{n_k}{n_k-1}\sigma_k^2$, as in the paper, then the root | `nn.BatchNorm1d(momentum=None)` does exactly this |
# | `"pooled"` | biased, divided by the number of all rows | |
# | a short last batch | counts like any other in `"eq4"` and `"alg2"` (plain averages over batches) | weighting by $n_k$ would be sensible too, but neither the paper nor PyTorch does it |
# | number of batches | $K = \lceil N / N_B \rceil$ for $N$ rows in batches of $N_B$: 65 rows in batches of 32 make 3 | one set of notes prints $\lceil N \cdot N_B \rceil$, which would be 2080: a slip |
#
# The variance of all rows is *not* the average of the batch variances. You know from `merge_moments` (notebook 01)
# what is missing: the spread **between** the batches.
#
# ### Exercise: `bn_population_stats` (6 points)
#
# *Difficulty 3 of 4, about 20 minutes.*


# %% exercise="bn_population_stats" points=6
def bn_population_stats(batches, method):
    """Mean and standard deviation for inference, from the batches of one epoch.

    With mu_k and var_k = sigma_k^2 the mean and the biased variance (divided by n_k) of batch k = 1, ..., K:

        "eq4":     mean_k mu_k    and    mean_k sigma_k
        "alg2":    mean_k mu_k    and    sqrt( mean_k  n_k / (n_k - 1) * var_k )
        "pooled":  mean and biased standard deviation of all rows of all batches together

    mean_k is the plain average over the K batches: a short last batch counts as much as a full one. No eps. A batch of
    a single row has var_k = 0; "alg2" cannot use it.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        batches: List of (n_k, D) arrays; the n_k may differ. They are not changed.
        method: "eq4", "alg2" or "pooled".

    Returns:
        (mean, std), each of shape (D,).

    Raises:
        ValueError: batches is empty, the method is unknown, or a batch has a single row and the method is "alg2".
            The message names the argument.
    """
    ### BEGIN SOLUTION
    batches = [np.asarray(batch, dtype=float) for batch in batches]
    if method not in ("eq4", "alg2", "pooled"):
        raise ValueError(f'method must be "eq4", "alg2" or "pooled", got {method!r}')
    if not batches:
        raise ValueError("batches must hold at least one batch, got none")
    if method == "pooled":
        rows = np.concatenate(batches)
        return rows.mean(axis=0), rows.std(axis=0)
    mean = np.mean([batch.mean(axis=0) for batch in batches], axis=0)
    if method == "eq4":
        return mean, np.mean([batch.std(axis=0) for batch in batches], axis=0)
    if min(map(len, batches)) < 2:
        raise ValueError('every one of batches must have at least 2 rows for method "alg2", got one with 1')
    return mean, np.sqrt(np.mean([batch.var(axis=0, ddof=1) for batch in batches], axis=0))
    ### END SOLUTION


# %% check="bn_population_stats"
check("bn_population_stats")

# %% [markdown]
# ### Experiment E02a: how far off are they?
#
# We know the truth here: values drawn from a normal distribution. First in random order, cut into batches of 2 to
# 32; then the same kind of data **sorted** before it is cut, as happens when a data file is ordered and nobody
# shuffles. Five seeds.
#
# For normal data the expected standard deviation of a batch of $m$ is known: with the gamma function $\Gamma$,
# $\;\mathbb E[\sigma_k]/\sigma = \sqrt{2/m}\;\Gamma(m/2)\,/\,\Gamma((m-1)/2)$.

# %% tags=["experiment"]
population_stats = use("bn_population_stats")
SIZES = (2, 4, 8, 16, 32)
SORTED_SIZES = (16, 32, 64, 128, 256)
METHODS = {"pooled": "green", "alg2": "blue", "eq4": "red"}


def relative_stds(values, sizes, method):
    """Standard deviations that the method finds, divided by the true ones: (columns, sizes)."""
    batches = (np.split(values, np.arange(size, len(values), size)) for size in sizes)
    return np.transpose([population_stats(cut, method)[1] / values.std(axis=0) for cut in batches])


# One feature for each seed: five runs in one pass.
values = np.column_stack([np.random.default_rng(seed).normal(3.0, 2.0, size=60_000) for seed in range(5)])
shuffled = {method: relative_stds(values[:6400], SIZES, method) for method in METHODS}
ordered = {method: relative_stds(np.sort(values, axis=0), SORTED_SIZES, method) for method in METHODS}

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
for method, color in METHODS.items():
    mean_with_spread(left, SIZES, shuffled[method], label=f'"{method}"', color=COLORS[color])
    mean_with_spread(right, SORTED_SIZES, ordered[method], label=f'"{method}"', color=COLORS[color])
theory = [sqrt(2 / m) * exp(lgamma(m / 2) - lgamma((m - 1) / 2)) for m in SIZES]
left.plot(SIZES, theory, ":", color="black", marker="", label='theory for "eq4"')
for ax, sizes in ((left, SIZES), (right, SORTED_SIZES)):
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, sizes)
    ax.set_xlabel("batch size m")
left.set(ylabel="standard deviation found, in units of σ", title="Random order", ylim=(0.5, 1.06))
right.set(yscale="log", ylabel="standard deviation found, in units of σ", title="Sorted before batching")
left.legend()
plt.show()

eq4, alg2 = shuffled["eq4"], shuffled["alg2"]
print("batch size          ", *(f"{size:6}" for size in SIZES))
for name, row in (
    ("eq4, mean of 5 seeds", eq4.mean(0)),
    ("eq4, theory", theory),
    ("alg2, mean of 5 seeds", alg2.mean(0)),
):
    print(f"{name:21}", *(f"{value:5.3f} " for value in row))
claim(
    "The mean of batch deviations is 0.564 of the truth at m = 2",
    eq4[:, 0],
    holds=np.all(abs(eq4[:, 0] - 0.564) < 0.02),
)
claim(
    "Algorithm 2 is right at every batch size when the order is random",
    alg2[:, 0],
    holds=np.all(abs(alg2 - 1) < 0.03),
)
by_32 = ordered["alg2"][:, SORTED_SIZES.index(32)]
claim(
    "On sorted data Algorithm 2 finds about a hundredth of the truth at m = 32",
    by_32,
    holds=np.all((by_32 > 0.005) & (by_32 < 0.02)),
)
claim(
    "Pooled statistics do not depend on the order",
    ordered["pooled"][:, 0],
    holds=np.allclose(ordered["pooled"], 1),
)

# %% [markdown]
# Figure: left, standard deviation found against batch size, random order: pooled and Algorithm 2 lie on 1, the mean
# of deviations rises along the theory curve from 0.56 at 2 to 0.98 at 32. Right, sorted data, logarithmic vertical
# axis: pooled stays at 1; Algorithm 2 rises from 0.005 at 16 to 0.03 at 256, the mean of deviations from 0.0007 to
# 0.009. Bands show one standard deviation over five seeds.
#
# **What to notice.**
#
# - A standard deviation is a concave function of the variance, so the average of deviations is too small, and the
#   division by $n_k$ makes each of them smaller still. At $m = 2$ a layer that uses `"eq4"` divides by 0.56 σ: its
#   outputs at test time are **1.77 times** too large. At 32 the error is 2 %.
# - Algorithm 2 corrects both, *if the batches are random*. It has no way to see what differs between batches.
#   Sorted data is the extreme case: with 32 rows a batch it finds less than one hundredth of the true deviation.
#   Nearly nine tenths of the variance it does find come from just two batches, the first and the last, which hold
#   the rare extreme values; hence the spread over seeds. Batches of one class, one patient or one camera are the
#   everyday case.
# - Only pooled statistics (or one giant batch) are exact in any order.

# %% [markdown]
# ## 5 · Images: what shares a mean?
#
# A batch of images has shape $(N, C, H, W)$. In section 1 each feature had its own mean over the $N$ rows. For
# images there is more than one translation of that, and the batch may be small: 8 images give only 8 values per
# pixel. The picture to have in mind is a box of values; a normalization method is a choice of
# which axes of the box to average.

# %% tags=["experiment"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
axes_box(left, "N", title="Every pixel on its own  (per_pixel=True)")
axes_box(right, "NHW", title="Batch norm  (the default)")
plt.show()

# %% [markdown]
# Figure: two boxes of N images, C channels and H·W pixels. Left, one row of values along the image axis is orange:
# one pixel of one channel, averaged over the images; N values per mean, C·H·W means. Right, a whole slice is
# orange: one channel of all images and all pixels; N·H·W values per mean, C means. The grey values belong to other
# means.
#
# *Per pixel* is what classical standardization would do. Batch norm for images treats all **pixels as alike** and
# the **channels as different**: a convolution computes the same feature at every place, so the values of one
# channel are samples of one quantity, and different channels are different quantities. The gain: $N\cdot H\cdot W$
# values for every mean instead of $N$, so even a single image can be normalized ($8 \times 8 = 64$ values). The
# layer also stays what a convolution is: the same everywhere in the image.
#
# Average over other axes of the same box and you get layer, instance and group normalization: notebook 04.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | place of the channel axis | second, $(N, C, H, W)$, as in PyTorch | Keras and Flax normalize the **last** axis by default |
# | $\gamma, \beta$ | one per channel, also with `per_pixel=True` | a layer that treats pixels apart could have one per pixel; here it has not |
# | variance, $\varepsilon$ | biased, inside the root, as in section 1 | as in section 1 |
#
# ### Exercise: `bn2d_forward_train` (5 points)
#
# Beware of shapes that broadcast by accident: an array of shape $(C,)$ next to one of shape $(N, C, H, W)$ lines up
# with $W$.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="bn2d_forward_train" points=5
def bn2d_forward_train(x, gamma, beta, eps=1e-5, per_pixel=False):
    """Batch normalization of images in training.

        y = gamma_c * (x - mu) / sqrt(var + eps) + beta_c

    By default mu and var run over images and pixels: one of each per channel, from N * H * W values. With
    per_pixel=True they run over the images only: one of each per channel and pixel, from N values. var is biased
    (divides by the number of values); eps is inside the root. gamma and beta are per channel in both cases.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: (N, C, H, W) array, float or integer. It is not changed.
        gamma: (C,) scale. It is not changed.
        beta: (C,) shift. It is not changed.
        eps: A small number >= 0.
        per_pixel: Which values share a mean, see above.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: x does not have 4 axes, or there are fewer than 2 values per mean (N * H * W values by default,
            N with per_pixel=True). The message names x.
    """
    ### BEGIN SOLUTION
    x = np.asarray(x, dtype=float)
    if x.ndim != 4:
        raise ValueError(f"x must have 4 axes (N, C, H, W), got shape {x.shape}")
    axes = (0,) if per_pixel else (0, 2, 3)
    values = int(np.prod([x.shape[axis] for axis in axes]))
    if values < 2:
        raise ValueError(f"x of shape {x.shape} has {values} value per mean, at least 2 are needed")
    mu = x.mean(axis=axes, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=axes, keepdims=True)
    gamma, beta = (np.reshape(a, (-1, 1, 1)) for a in (gamma, beta))  # (C, 1, 1): lines up with C, not with W
    return gamma * (x - mu) / np.sqrt(var + eps) + beta
    ### END SOLUTION


# %% check="bn2d_forward_train"
check("bn2d_forward_train")

# %% [markdown]
# ## 6 · Inference, and a layer that disappears
#
# With stored statistics the layer is no longer a function of the batch. It is one straight line per feature:
#
# $$ y = \gamma\,\frac{x - \mathrm E}{\sqrt{\mathrm{Var} + \varepsilon}} + \beta
#      = \underbrace{\frac{\gamma}{\sqrt{\mathrm{Var} + \varepsilon}}}_{\text{scale}}\,x
#      + \underbrace{\left(\beta - \frac{\gamma\,\mathrm E}{\sqrt{\mathrm{Var} + \varepsilon}}\right)}_{\text{shift}}, $$
#
# with E and Var the stored mean and variance. Rows no longer influence each other, and a batch of one is fine.
#
# A straight line after a linear layer is a linear layer. So batch norm costs **nothing** at inference: it can be
# *folded* into the weights before it. With $x = W u + b$ (weights of shape (out, in), as in torch), find $W'$ and
# $b'$ such that $W' u + b'$ equals the normalized output for every $u$. Each *output* has its own scale: ask
# yourself which axis of $W$ that is.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | stored variance | used as it is; no further correction, $\varepsilon$ added inside the root | none: the paper (Algorithm 2, last line), PyTorch, Keras, Flax agree |
# | $\varepsilon$ | the one used in training | a converter between Keras ($10^{-3}$) and PyTorch ($10^{-5}$) must carry it along |
# | layer without bias | `b=None` counts as zeros; the folded layer *has* a bias | `torch.nn.utils.fusion.fuse_linear_bn_eval` does the same |
#
# ### Exercise: `bn_eval` and `bn_fold` (5 points)
#
# *Difficulty 3 of 4, about 20 minutes.*


# %% exercise="bn_fold_inference" points=5
def bn_eval(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Batch normalization at inference, with stored statistics.

        y = gamma * (x - run_mean) / sqrt(run_var + eps) + beta

    Rows do not influence each other; a batch of one row is fine.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: (N, D) array, N >= 1. It is not changed.
        gamma, beta, run_mean, run_var: (D,) arrays, not changed. run_var is a variance, not a standard deviation; an
            entry may be 0.
        eps: A small number >= 0, inside the root.

    Returns:
        (N, D) array.

    Raises:
        ValueError: an entry of run_var is negative, or gamma, beta, run_mean or run_var is not of shape (D,), even
            where it would broadcast. The message names the argument.
    """
    ### BEGIN SOLUTION
    x = np.asarray(x, dtype=float)
    given = {"gamma": gamma, "beta": beta, "run_mean": run_mean, "run_var": run_var}
    for name, value in given.items():
        if np.shape(value) != (x.shape[1],):
            raise ValueError(f"{name} must have shape ({x.shape[1]},), got {np.shape(value)}")
    gamma, beta, run_mean, run_var = (np.asarray(value, dtype=float) for value in given.values())
    if np.any(run_var < 0):
        raise ValueError(f"run_var must not be negative, got {run_var.min()}")
    return gamma * (x - run_mean) / np.sqrt(run_var + eps) + beta
    ### END SOLUTION


def bn_fold(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Fold batch normalization into the linear layer before it.

        u @ W2.T + b2  ==  bn_eval(u @ W.T + b, gamma, beta, run_mean, run_var, eps)    for every u

    Args:
        W: (Dout, Din) weights. They are not changed.
        b: (Dout,) bias, or None for a layer without one. It is not changed.
        gamma, beta, run_mean, run_var: (Dout,) arrays, as in bn_eval.
        eps: A small number >= 0, inside the root.

    Returns:
        (W2, b2) of shapes (Dout, Din) and (Dout,). b2 is an array also where b is None.

    Raises:
        ValueError: an entry of run_var is negative, or gamma, beta, run_mean, run_var or b (if given) is not of shape
            (Dout,), even where it would broadcast. The message names the argument.
    """
    ### BEGIN SOLUTION
    W = np.asarray(W, dtype=float)
    b = np.zeros(len(W)) if b is None else b
    given = {"b": b, "gamma": gamma, "beta": beta, "run_mean": run_mean, "run_var": run_var}
    for name, value in given.items():
        if np.shape(value) != (len(W),):
            raise ValueError(f"{name} must have shape ({len(W)},), got {np.shape(value)}")
    b, gamma, beta, run_mean, run_var = (np.asarray(value, dtype=float) for value in given.values())
    if np.any(run_var < 0):
        raise ValueError(f"run_var must not be negative, got {run_var.min()}")
    scale = gamma / np.sqrt(run_var + eps)
    return scale[:, None] * W, scale * (b - run_mean) + beta
    ### END SOLUTION


# %% check="bn_fold_inference"
check("bn_fold_inference")

# %% [markdown]
# ## 7 · The whole layer
#
# Now put the pieces into a torch module that anyone can use instead of `nn.BatchNorm1d` and `nn.BatchNorm2d`.
# Autograd does the backward pass; you have earned it. What is new is **state**. A module holds three kinds of
# numbers, and batch norm has all of them:
#
# | | in `state_dict()`, moved by `.to()` | changed by the optimizer | in this layer |
# | --- | --- | --- | --- |
# | parameter, `nn.Parameter` | yes | yes | `weight` (γ), `bias` (β) |
# | buffer, `self.register_buffer` | yes | no | `running_mean`, `running_var`, `num_batches_tracked` |
# | plain attribute | no | no | `eps`, `momentum`, ... |
#
# Three more things to get right. The mode: `self.training` is set by `model.train()` and `model.eval()`; ask it in
# every call. The graph: stored statistics are numbers, not functions of the weights; if they keep their autograd
# history, every step makes the graph longer. And the shape: with more than two axes the channel is axis 1, and
# **all** others are averaged over.
#
# ### Convention card
#
# | question | here: PyTorch's contract |
# | --- | --- |
# | normalize with | biased variance of the batch in training; stored statistics in evaluation |
# | store | unbiased variance; `momentum` weighs the new batch |
# | `momentum=None` | plain average over all batches so far: the weight of the new batch is 1/`num_batches_tracked`, counted including this one |
# | `track_running_stats=False` | nothing is stored; evaluation uses the statistics of the batch, too |
# | `affine=False` | no γ and β |
# | three axes | $(N, C, L)$, channels second. Keras and Flax would read the last axis as channels |
#
# ### Exercise: `BatchNormScratch` (7 points)
#
# Write it from elementary tensor operations (`mean`, `var`, `sqrt`, ...). Autograd is on. The ready-made normalizations
# are off: `F.batch_norm`, `F.layer_norm`, `F.group_norm`, `F.instance_norm` and the layers that call them.
#
# *Difficulty 3 of 4, about 30 minutes.*


# %% exercise="BatchNormScratch" points=7
class BatchNormScratch(nn.Module):
    """Batch normalization for inputs of shape (N, C), (N, C, L) or (N, C, H, W), with the contract of torch.

    Parameters `weight` and `bias` of shape (C,), starting at 1 and 0; None if affine is False. Buffers
    `running_mean` and `running_var` of shape (C,), starting at 0 and 1, and `num_batches_tracked`, an integer tensor
    without axes starting at 0; None if track_running_stats is False. So state_dict() has the keys of nn.BatchNorm1d
    and can be loaded in both directions.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        """Create parameters and buffers.

        Args:
            num_features: Number of channels C.
            eps: Added to the variance, inside the root.
            momentum: Weight of the new batch in the running statistics, or None for the plain average of all batches.
            affine: Whether the layer has weight and bias.
            track_running_stats: Whether the layer stores running statistics.
        """
        super().__init__()
        ### BEGIN SOLUTION
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        self.register_buffer("running_mean", torch.zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", torch.ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if track_running_stats else None)
        ### END SOLUTION

    def forward(self, x):
        """Normalize each channel, then scale and shift.

        In training: normalize with mean and biased variance of the batch, over all axes but axis 1. If running
        statistics are tracked, count the batch, then move them by `momentum` towards the mean and the *unbiased*
        variance of the batch (momentum None: by 1 / num_batches_tracked). They carry no autograd history.
        In evaluation: normalize with the running statistics and eps, and change nothing; without running statistics,
        normalize with the batch.

        Args:
            x: Tensor of shape (N, C), (N, C, L) or (N, C, H, W).

        Returns:
            Tensor of the shape of x.

        Raises:
            ValueError: axis 1 of x is not num_features long, or there are fewer than 2 values per channel where the
                statistics of the batch are needed (always in training). The message names x or num_features. Nothing
                is counted or stored then.
        """
        ### BEGIN SOLUTION
        if x.shape[1] != self.num_features:
            raise ValueError(f"x must have {self.num_features} channels on axis 1, got shape {tuple(x.shape)}")
        per_channel = (1, -1) + (1,) * (x.ndim - 2)
        if self.training or self.running_mean is None:
            n = x.numel() // x.shape[1]
            if n < 2:
                raise ValueError(f"x of shape {tuple(x.shape)} has {n} value per channel, at least 2 are needed")
            axes = [axis for axis in range(x.ndim) if axis != 1]
            mean = x.mean(axes)
            var = ((x - mean.view(per_channel)) ** 2).mean(axes)
        else:
            mean, var = self.running_mean, self.running_var
        if self.training and self.running_mean is not None:
            with torch.no_grad():
                self.num_batches_tracked += 1
                new = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
                self.running_mean += new * (mean - self.running_mean)
                self.running_var += new * (var * n / (n - 1) - self.running_var)
        y = (x - mean.view(per_channel)) / torch.sqrt(var + self.eps).view(per_channel)
        if self.affine:
            y = y * self.weight.view(per_channel) + self.bias.view(per_channel)
        return y
        ### END SOLUTION


# %% check="BatchNormScratch"
check("BatchNormScratch")

# %% [markdown]
# ## 8 · One more pass
#
# The running average of section 3 has a flaw that no momentum cures: its batches were seen by **different
# networks**. While the last ten batches went by, the weights of all layers changed ten times. The cleanest remedy
# is simple: when training is over, freeze the weights and run the training data through the network once more, only
# to measure.
#
# One detail decides whether this works. At test time dropout is off. If it is on while you measure, the layers
# after it see noisier values than they ever will in use, and the stored variances are too large.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | average | plain average over the batches of the pass, of means and of unbiased variances: Algorithm 2 of the paper, `momentum=None` | pooling all rows would be exact for the first layer |
# | dropout and the like | off | `torch.optim.swa_utils.update_bn` puts the *whole* model in training mode: dropout stays on |
# | what the deeper layers see | inputs that the layers below normalized with the *batch*, as in training | going layer by layer, each with final statistics below it, gives slightly different numbers; it needs one pass per layer |
#
# ### Exercise: `recalibrate_bn` (4 points)
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="recalibrate_bn" points=4
def recalibrate_bn(model, batches):
    """Replace the running statistics of every batch norm layer by their plain average over one pass.

    Each batch goes through the model once, as model(batch), with the batch norm layers in training mode and everything
    else (dropout) in evaluation mode. Afterwards running_mean is the plain average over the batches of the batch means,
    running_var that of the unbiased batch variances; nothing of the old statistics is left. This is one pass for all
    layers together; measuring layer by layer, with final statistics in the layers below, gives other numbers and is
    not meant.

    A batch norm layer is a module whose buffer running_mean is not None: nn.BatchNorm1d, nn.BatchNorm2d,
    BatchNormScratch. Layers without running statistics are left alone.

    Args:
        model: Any nn.Module. Afterwards the mode (training or evaluation) of each of its modules, the momentum of
            each layer and all parameters are exactly what they were, and no parameter has a new .grad. Only running
            statistics may change; the value of num_batches_tracked afterwards is up to you.
        batches: Iterable of input tensors, for example a list or a generator. It can be gone through only once.

    Returns:
        None.

    Raises:
        ValueError: there are no batches. Nothing is changed then. The message names batches.
    """
    ### BEGIN SOLUTION
    batches = iter(batches)
    batch = next(batches, None)
    if batch is None:
        raise ValueError("batches must yield at least one batch, got none: the statistics are unchanged")
    layers = [m for m in model.modules() if getattr(m, "running_mean", None) is not None]
    modes = [(module, module.training) for module in model.modules()]
    momenta = {layer: layer.momentum for layer in layers}
    try:
        model.eval()
        for layer in layers:
            layer.train()
            layer.momentum = None  # the plain average, which starts anew when no batch has been counted
            layer.running_mean.zero_()
            layer.running_var.fill_(1)
            layer.num_batches_tracked.zero_()
        with torch.no_grad():
            while batch is not None:
                model(batch)
                batch = next(batches, None)
    finally:
        for module, mode in modes:
            module.training = mode
        for layer, momentum in momenta.items():
            layer.momentum = momentum
    ### END SOLUTION


# %% check="recalibrate_bn"
check("recalibrate_bn")

# %% [markdown]
# ### Experiment E02b: which statistics for inference?
#
# The four rivals on a real network: three hidden layers with batch norm on the digits of notebook 01, plain SGD,
# batches of 16. After 1, 3 and 10 epochs we stop, put each of the four kinds of statistics into the same network,
# and measure the test loss. Eight seeds (split, weights and order).
#
# We do it twice: with 992 training digits, which is 62 batches of 16, and with 997, which adds a **last batch of
# five**. It looks like a detail.

# %% tags=["experiment"]
population_stats, recalibrate = use("bn_population_stats"), use("recalibrate_bn")
EPOCHS = (1, 3, 10)
CHOICES = {"running average": "blue", "eq4": "red", "alg2": "purple", "one more pass": "green"}


def make_net():
    """Three times linear (no bias), batch norm, ReLU with 64 units; then ten logits."""
    hidden = [layer for _ in range(3) for layer in (nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(64, 10))


@torch.no_grad()
def measure(net, test):
    """Test loss, accuracy, and the loss after multiplying all logits by the factor that suits them best."""
    logits, labels = net.eval()(torch.as_tensor(test[0])), torch.as_tensor(test[1])
    rescaled = min(F.cross_entropy(factor * logits, labels).item() for factor in np.geomspace(0.25, 8, 31))
    return *evaluate(net, test), rescaled


def rivals(n_train, seed):
    """What `measure` says of one network under the four kinds of statistics: (epochs, choices, 3)."""
    split = digits(n_train, seed)
    torch.manual_seed(seed)
    net = make_net()
    # What each layer saw in the last epoch: a deque forgets the oldest batch when a new one comes.
    size = ceil(n_train / 16)
    inputs_of = {layer: deque(maxlen=size) for layer in net if isinstance(layer, nn.BatchNorm1d)}

    def remember(layer, inputs):
        if layer.training:
            inputs_of[layer].append(inputs[0].detach().numpy())

    for layer in inputs_of:
        layer.register_forward_pre_hook(remember)
    epochs, found = count(1), []

    def after_epoch(net):
        if next(epochs) not in EPOCHS:
            return
        trained = copy.deepcopy(net.state_dict())
        results = [measure(net, split.test)]
        for method in ("eq4", "alg2"):
            for layer, inputs in inputs_of.items():
                mean, std = population_stats(list(inputs), method)
                layer.running_mean.copy_(torch.as_tensor(mean))
                layer.running_var.copy_(torch.as_tensor(std) ** 2)
            results.append(measure(net, split.test))
        recalibrate(net, torch.as_tensor(split.train[0]).split(16))
        results.append(measure(net, split.test))
        found.append(results)
        net.load_state_dict(trained)  # training goes on as if nothing had happened

    train(net, split.train, EPOCHS[-1], batch_size=16, lr=0.05, momentum=0, after_epoch=after_epoch, seed=seed)
    return found


results = {n: np.array([rivals(n, seed) for seed in range(8)]) for n in (992, 997)}  # (seeds, epochs, choices, 3)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
extra = results[992][..., 0] - results[992][:, :, 3:, 0]
left.axhline(0, color=COLORS["green"], marker="")
left.text(0.45, 0.003, "one more pass", color=COLORS["green"], ha="center", va="bottom", weight="bold")
for number, choice in enumerate(list(CHOICES)[:3]):
    place = np.arange(3) + 0.15 * (number - 1)
    mean, sd = extra[..., number].mean(axis=0), extra[..., number].std(axis=0, ddof=1)
    look = {"color": COLORS[CHOICES[choice]], "marker": "os^"[number], "markersize": 7, "capsize": 4}
    left.errorbar(place, mean, sd, linestyle="none", label=choice, **look)
left.set(xlabel="epochs of training", ylabel="test loss minus that of one more pass (nats)", title="62 full batches")
left.set_xticks(range(3), EPOCHS)
left.grid(axis="x")
left.legend(loc="lower right")
for n, name in ((992, "62 full batches"), (997, "and a last batch of 5")):
    look = {"marker": "o", "color": COLORS["blue"]} if n == 992 else {"marker": "s", "color": COLORS["red"]}
    right.plot(results[n][:, -1, 0, 0], results[n][:, -1, 3, 0], linestyle="none", label=name, **look)
right.plot([0.05, 1], [0.05, 1], ":", color="black", marker="")
right.text(0.45, 0.5, "no difference", rotation=45, ha="center", va="bottom", fontsize=9)
right.set(xscale="log", yscale="log", xlim=(0.05, 1), ylim=(0.05, 1), aspect="equal", title="Each seed after 10 epochs")
right.set(xlabel="test loss with the running average (nats)", ylabel="with one more pass (nats)")
for axis in (right.xaxis, right.yaxis):
    axis.set_ticks([0.05, 0.1, 0.2, 0.5, 1.0], ["0.05", "0.1", "0.2", "0.5", "1"])
right.minorticks_off()
right.legend(loc="upper left", fontsize=9)
plt.show()

for n, found in results.items():
    print(f"{n} training digits, mean of 8 seeds " + "".join(f"{choice:>17}" for choice in CHOICES))
    for row, epochs in enumerate(EPOCHS):
        for column, name in enumerate(("test loss", "accuracy", "loss, best factor")):
            values = found[:, row, :, column].mean(axis=0)
            print(f"{epochs:4} epoch{'s' * (epochs > 1):2} {name:22}" + "".join(f"{value:17.3f}" for value in values))
for n, name in ((992, "62 full batches"), (997, "and a last batch of 5")):
    spread = np.ptp(results[n][..., 0], axis=-1)  # highest minus lowest of the four losses: (seeds, epochs)
    gain = spread[:, 0] - spread[:, -1]
    claim(f"The four agree better after 10 epochs than after 1: {name}", gain, holds=np.all(gain > 0), unit="nats")
loss, _, rescaled = np.moveaxis(results[992][:, 0, 1] - results[992][:, 0, 3], -1, 0)
claim("After 1 epoch the loss of eq4 is below that of one more pass", loss, holds=np.all(loss < 0), unit="nats")
claim("With the best factor on the logits it is above", rescaled, holds=np.all(rescaled > 0), unit="nats")

# %% [markdown]
# Figure: left, test loss of three choices minus that of one more pass, for full batches, mean and one standard
# deviation over eight seeds: after 1 epoch the running average is level, Algorithm 2 lower by 0.06, the mean of
# deviations lower by 0.12 nats; after 3 epochs all are within 0.02, after 10 within about 0.01. Right, one point
# per seed after 10 epochs, running average across, one more pass upwards: with full batches all points are near the
# diagonal around 0.1; with a last batch of five most are too, but one seed stands at 0.72 across and 0.37 upwards.
#
# **What to notice.**
#
# - **Early the choice matters, later hardly.** The spread between the four shrinks from about 0.13 to 0.02 nats
#   while the network comes to rest.
# - **A lower loss is not a better estimate.** After one epoch the biased `"eq4"` has the lowest loss, yet fewer
#   digits right (0.91) than one more pass (0.93). Its deviations are too small, so every layer's output and in the
#   end the logits are too large, and a network that has been trained for one epoch is not confident enough: larger
#   logits happen to suit it. Give each choice the one factor on its logits that suits it best, and the order turns
#   round: 0.28 against 0.22. Two errors had cancelled.
# - **One claim did not reproduce.** With a last batch of five, the agreement after 10 epochs fails in one seed of
#   eight. With three seeds nobody would have noticed: all three lie near 0.1. So what does this batch do?
#
# ### E02b, continued: the last batch of five
#
# It acts in two ways. Its statistics, from five values each, enter the running average with the same 10 % as any
# batch. And its gradient, from five digits, moves the weights by a full step. We switch off one or the other. (A
# loss multiplied by zero makes no step; a momentum of zero leaves the running average alone.)

# %% tags=["experiment"]
cases = {"neither": (False, False), "statistics only": (True, False), "step only": (False, True)}


def final_loss(seed, statistics, step):
    """Test loss after 10 epochs if small batches update the running average, the weights, both or neither."""
    split = digits(997, seed)
    torch.manual_seed(seed)
    net = make_net()

    def set_momentum(layer, inputs):
        layer.momentum = 0.1 if statistics or len(inputs[0]) == 16 else 0.0

    for layer in net:
        if isinstance(layer, nn.BatchNorm1d):
            layer.register_forward_pre_hook(set_momentum)

    def loss(logits, labels):
        return F.cross_entropy(logits, labels) * (step or len(labels) == 16)

    train(net, split.train, 10, batch_size=16, lr=0.05, momentum=0, loss=loss, seed=seed)
    return evaluate(net, split.test)[0]


small_batch = {name: np.array([final_loss(seed, *case) for seed in range(8)]) for name, case in cases.items()}
small_batch["both, as usual"] = results[997][:, -1, 0, 0]

fig, ax = plt.subplots(figsize=(8, 2.6))
for row, (name, losses) in enumerate(small_batch.items()):
    color = COLORS["red" if "step" in name or "both" in name else "blue"]
    ax.plot(losses, [row] * len(losses), "o", color=color, alpha=0.6, markersize=8, markeredgecolor="white")
ax.set_yticks(range(4), small_batch)
ax.set(
    xscale="log",
    ylim=(3.5, -0.5),
    xlabel="test loss after 10 epochs (nats)",
    title="What the last batch of five changes",
)
ax.set_xticks([0.05, 0.1, 0.2, 0.5], ["0.05", "0.1", "0.2", "0.5"])
ax.minorticks_off()
plt.show()

extra = small_batch["statistics only"] - small_batch["neither"]
claim("The statistics of the last batch of five alone do no harm", extra, holds=np.all(extra < 0.02), unit="nats")
extra = small_batch["step only"] - small_batch["neither"]
claim(
    "Its step alone raises the test loss in some seed by more than 0.1", extra, holds=np.any(extra > 0.1), unit="nats"
)

# %% [markdown]
# Figure: eight dots, one per seed, for each of four cases. Neither and statistics only: all dots between 0.05 and
# 0.13. Step only and both: most dots are there too, one lies near 0.17 and one near 0.7.
#
# **What to notice.** The suspect, the statistics, was innocent. It is the *step* on five digits that harms: a gradient through the
# statistics of five rows is noisy, and it comes last, with nothing after it to repair the damage. One more pass
# then takes the worst seed only half of the way back (0.72 to 0.37): fresh statistics cannot undo a bad step of the
# weights. The usual cure is `DataLoader(..., drop_last=True)`.
#
# ## 9 · Two questions in words

# %% [markdown] question="W02a" points=5
# **W02a (5 points).** Training is over, and one single test image arrives. Which mean and which standard deviation
# should a batch norm layer use? Name **four** different answers that this notebook has shown you. For each, say in
# one or two sentences where the numbers come from and give one situation in which it is wrong. Why is "its own mean
# and standard deviation" not on the list?
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# 1. *The running average of training* (PyTorch's default). Each step moves the stored values a little towards the
#    batch. Wrong after few steps (after 10 batches 35 % is still the invented start), when the weights still move
#    fast (the batches were seen by older networks), and when the last ten batches were unusual (sorted data, a
#    short last batch).
# 2. *The mean of the batch means and of the batch standard deviations of the last epoch.* Wrong for small batches:
#    the deviation is too small, 0.56 σ at two rows per batch, so outputs are 1.77 times too large; and stale like
#    1, since the network moved during that epoch.
# 3. *Algorithm 2: the mean of the batch means and the root of the mean unbiased variance.* Right for random batches
#    of any size, wrong when batches differ systematically (sorted by class or value): the spread between batches is
#    missing. Stale too if it is collected while training goes on.
# 4. *One more pass over the training data with frozen weights* (averaged or pooled). Costs a pass and needs the
#    training data; wrong if dropout stays on during the pass, or if test data come from another distribution than
#    training data, which none of the four can repair.
#
# Its own statistics: the mean of one value is the value, so in a fully-connected layer every $\hat x$ is 0 and the
# output is β for any image. (With convolutions there are H·W values per channel, so something would come out, but
# it is instance norm, not what was trained.)
#
# Also right as one of the four: the statistics of the test batch, wrong because the answer then depends on the
# other images in it and is useless for a batch of one; the pooled statistics of the last epoch.
#
# **Rubric.** 1 point for each of four answers that has a correct origin *and* a correct failure (half a point if
# one of the two is missing); 1 point for why one image's own statistics do not work.
# ### END SOLUTION

# %% [markdown] question="W02b" points=3
# **W02b (3 points).** One text divides the variance of a batch of $M$ rows by $M$, another by $M-1$. (a) By which
# factor do the normalized values differ, and how much is that for $M = 2$ and $M = 32$? (b) What does the choice
# change in the running variance? (c) PyTorch uses one of each. Why is that reasonable?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) With $M-1$ the deviation is larger by $\sqrt{M/(M-1)}$, so every normalized value is smaller
# by $\sqrt{(M-1)/M}$: 0.707 at $M = 2$, 0.984 at $M = 32$ (ε neglected). It is a constant factor which γ can
# absorb.
#
# (b) The running variance estimates the variance of the whole training distribution. The biased batch variance is
# on average too small by $(M-1)/M$, and averaging over many batches does not remove that: the stored value would be
# half of the truth at $M = 2$ and outputs at test time too large by $\sqrt 2$. The unbiased one is right on
# average.
#
# (c) While normalizing, the batch is all there is: dividing by $M$ makes the output have variance exactly 1 (up to
# ε) within the batch, nothing is being estimated. The running variance is an estimate for data not in the batch, so
# it should be unbiased. Accepted as well: the two then do not match exactly, training scales by the batch and
# testing by the population, and for small $M$ that gap is part of why batch norm is fragile there.
#
# **Rubric.** 1 point for the factor with both numbers; 1 for "biased low by (M−1)/M, not removed by averaging"; 1
# for the distinction between describing this batch and estimating the population.
# ### END SOLUTION

# %% [markdown]
# ## Three questions, answered
#
# **Which statistics for one test image?** Those of the training data, measured with the network as it is now. The
# running average is a cheap stand-in for them, good once the network moves slowly and the last batches were
# ordinary. When in doubt, make one more pass.
#
# **Which axes for images?** All but the channel axis: a convolution computes the same quantity at every pixel, so
# pixels may share a mean; different channels are different quantities, so they may not.
#
# **Why γ and β?** Mean 0 and variance 1 are a good place to *start*, not a law. A sigmoid fed with variance 1 sees
# little more than its straight middle part; a ReLU fed with mean 0 cuts about half of the values, always. γ and β
# let training choose another mean and scale, as two numbers that are easy to learn because nothing below the layer
# can disturb them. With $\gamma = \sqrt{\sigma^2+\varepsilon}$ and $\beta = \mu$ the layer could even undo itself.
#
# ## What you built and where it goes next
#
# - **Forward and backward** of batch norm on rows. Notebook 03 uses them to show that the weights before the layer
#   can be scaled without any effect on the output, what that does to the learning rate, and how to undo the layer.
# - **Running statistics, population statistics, one more pass.** They come back in notebook 06, where dropout
#   before batch norm shifts the variance between training and testing.
# - **The box of axes.** Notebook 04 colours other parts of it: layer, instance and group norm, and what to do when
#   the batch is tiny.
# - **`BatchNormScratch`** can stand in any network of the course that takes a `norm` argument: the residual blocks
#   of notebook 11 and the capstone.
# - Not answered here: **why** batch norm helps training at all. There are several stories, and notebook 03 measures
#   them against each other.
#
# **Next**: [03 · Batch normalization: properties and the argument about
# why](../03_batch_norm_why/03_batch_norm_why.ipynb).


# %%
progress()
