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
# # Batch normalization: properties and the argument about why
#
# In notebook 02 you built the layer. This notebook asks two questions about it that sound alike and are not:
#
# - **Does** it help? That can be measured: train with and without, compare.
# - **Why** does it help? Comparing with and without cannot tell, because the layer changes many things at once: the
#   scale of the activations, their distribution, the gradients, the size of a step, the noise. Each of them has been
#   called *the* reason.
#
# You will find at least five reasons in lectures and papers, often in one breath and without a number. Here each of
# them has to pass the same three tests:
#
# 1. Is there a **number** that measures the supposed cause?
# 2. Does batch norm **change** that number in the direction that the story says?
# 3. **Intervene**: change the supposed cause *alone*, by hand. Does the help go or come with it?
#
# | the story | the number | where |
# | --- | --- | --- |
# | it tunes the size of the steps by itself | angle of a step, $\mathrm{lr}/\lVert w\rVert^2$ | E03f, section 2 |
# | it makes activations Gaussian, or keeps them in $[-1, 1]$ | kurtosis, largest value | E03g, section 4 |
# | it prevents exploding gradients | norm of the gradient against depth | E03b, section 5 |
# | it reduces internal covariate shift | change of a gradient when the layers before it step | E03c and E03d, sections 6 and 7 |
# | it makes the loss smoother | range of the loss along the gradient | E03e, section 8 |
# | its noise regularizes | spread of one output over batches | E03g, section 9 |
#
# Some stories fail at test 2, some survive it and fail at 3, some survive all three, and one number turns out not to
# measure what it seems to. At the end you get a table with which you can argue **both** sides.
#
# By the end you will be able to prove and use the invariance of batch norm to the scale of the weights, undo the
# layer, measure internal covariate shift, and say which sentences about batch norm are theorems, which are
# measurements, and which are folklore.
#
# **You need**: notebook [02](../02_batch_norm/02_batch_norm.ipynb). **Time**: about 3.5 hours. **Points**: 25 for code
# in five exercises, 9 for two questions in words. Exercises marked *extension* can be left out without losing the
# thread. The checks and `hint("bn_scale_identities")` work as before.
#
# All networks here are small and fully connected, on the 8 × 8 digits. What is a theorem here is a theorem
# everywhere; what is a measurement holds for this setting, and the text says where larger ones are known to differ.

# %%
from itertools import count
from math import sqrt

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · What is to be explained
#
# ### Experiment E03a: ten epochs at seven learning rates
#
# First the fact itself. Two networks that are known to be hard to train: five hidden layers of sigmoids with
# PyTorch's usual start values, and six of ReLUs started as He and others recommend (notebook 00). Each trains for ten
# epochs of plain SGD, with and without batch norm, at learning rates from 0.003 to 3. Three seeds (split, weights,
# order).
#
# By the way, this refutes a sentence that you may meet: that batch norm *cannot be used in fully-connected layers*.
# All layers here are fully connected. (What is true: it needs a batch. With two rows every normalized value is +1 or
# −1, whatever the data; notebook 04 looks at small batches.)
#
# There is a third curve in the left panel, and it is there for the other side of the argument. A sigmoid is a tanh in
# disguise, $\sigma(z) = \frac12\left(1 + \tanh\frac z2\right)$. So one can start the sigmoid network **without** batch
# norm in such a way that it computes exactly what a well-started tanh network computes: weights four times as large,
# biases $-\frac12\sum_j w_j$.

# %% tags=["experiment"]
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def he(linear):
    """The start values for ReLU of notebook 00."""
    nn.init.kaiming_normal_(linear.weight)


def as_tanh(linear):
    """The start values that make a sigmoid layer a tanh layer in disguise."""
    nn.init.normal_(linear.weight, std=4 / sqrt(linear.in_features))
    with torch.no_grad():
        linear.bias.copy_(-linear.weight.sum(dim=1) / 2)


def mlp(depth, norm=None, activation=nn.ReLU, start=he):
    """`depth` hidden layers of 64 units: linear, norm (if there is one), activation. Then ten logits."""
    layers = []
    for _ in range(depth):
        linear = nn.Linear(64, 64, bias=norm is None)
        if start:
            start(linear)
        layers += [linear, *([norm(64)] if norm else []), activation()]
    return nn.Sequential(*layers, nn.Linear(64, 10))


def accuracy_after(lr, seed, *network):
    """Test accuracy of mlp(*network) after ten epochs of plain SGD."""
    split = digits(997, seed)
    torch.manual_seed(seed)
    net = mlp(*network)
    train(net, split.train, 10, batch_size=64, lr=lr, momentum=0, seed=seed)
    return evaluate(net, split.test)[1]


NETWORKS = {
    "sigmoid": (5, None, nn.Sigmoid, None),
    "sigmoid, batch norm": (5, nn.BatchNorm1d, nn.Sigmoid, None),
    "sigmoid, started as tanh": (5, None, nn.Sigmoid, as_tanh),
    "ReLU": (6,),
    "ReLU, batch norm": (6, nn.BatchNorm1d),
}
sweep = {
    name: np.array([[accuracy_after(lr, seed, *network) for lr in RATES] for seed in range(3)])
    for name, network in NETWORKS.items()
}

fig, axes = plt.subplots(1, 2, figsize=(10, 3.9), sharey=True)
LOOKS = (
    ("sigmoid", 0, "red", "no batch norm", (0.3, 0.03)),
    ("sigmoid, batch norm", 0, "blue", "batch norm", (0.0032, 0.93)),
    ("sigmoid, started as tanh", 0, "green", "no batch norm,\nstarted as tanh", (0.075, 0.45)),
    ("ReLU", 1, "red", "no batch norm", (0.03, 0.35)),
    ("ReLU, batch norm", 1, "blue", "batch norm", (0.05, 1.0)),
)
for (name, side, color, label, place), marker in zip(LOOKS, "soDso", strict=True):
    mean_with_spread(axes[side], RATES, sweep[name], color=COLORS[color], marker=marker)
    axes[side].text(*place, label, color=COLORS[color], weight="bold")
for ax, title in zip(axes, ("Five layers of sigmoids", "Six layers of ReLUs"), strict=True):
    ax.axhline(0.1, linestyle=":", color="black", marker="")
    ax.set(xscale="log", xlabel="learning rate", title=title, ylim=(0, 1.08))
axes[0].set_ylabel("test accuracy after 10 epochs")
axes[0].text(0.003, 0.02, "chance", fontsize=9)
plt.show()

with_norm = sweep["sigmoid, batch norm"][:, 2:6].min(axis=1)
claim("Sigmoids with batch norm: above 0.85 at every rate from 0.03 to 1", with_norm, holds=np.all(with_norm > 0.85))
without = sweep["sigmoid"].max(axis=1)
claim("Without, near chance at every rate: best of seven", without, holds=np.all(without < 0.2))
gain = (sweep["ReLU, batch norm"] - sweep["ReLU"])[:, 5:].min(axis=1)
claim("ReLUs at rates of 1 and 3 train with batch norm only: gain", gain, holds=np.all(gain > 0.5))
rescued = sweep["sigmoid, started as tanh"].max(axis=1)
claim("Sigmoids train without batch norm if started as tanh: best of seven", rescued, holds=np.all(rescued > 0.85))

# %% [markdown]
# Figure: test accuracy against learning rate, two panels, bands of one standard deviation over three seeds. Left,
# sigmoids: without batch norm the curve lies on the chance line at all seven rates; with batch norm it rises from
# 0.6 at 0.003 to 0.95 at 0.1 and stays near 0.9 up to 3; without batch norm but started as tanh it rises slowly,
# reaches 0.92 at a rate of 1 and falls to 0.5 with a wide band at 3. Right, ReLUs: without batch norm up to about 0.8
# at 0.03 to 0.1, scattered from there on and at chance from 1; with batch norm 0.95 and more from 0.1 to 1.
#
# **What to notice.**
#
# - **The effect is real and large.** At a learning rate of 1 it decides between 0.95 and chance. What batch norm gives
#   here above all is a **wide window** of learning rates that work, a hundredfold wide.
# - **It is not the only cure.** The sigmoid network without batch norm looks hopeless, at *every* learning rate; all
#   of that comes from its start values. Started as tanh, it reaches 0.92 at the right rate. So "batch norm makes deep
#   sigmoid networks possible" is too strong. What holds: it makes the start values and the learning rate matter
#   less.
# - Whoever compares with and without at **one** learning rate can prove anything. At 0.03 the two ReLU networks are
#   0.13 apart, at 1 they are worlds apart. Remember this when the curves of section 7 come.

# %% [markdown]
# ## 2 · The scale of the weights does not matter

# %% [markdown]
# Take a unit with weights $w$ in front of batch norm, and multiply all its weights by the same $a > 0$. Its output
# $z$ becomes $a$ times as large, in every row of the batch. So does the mean $\mu$, so does the deviation $s$, and in
#
# $$ \hat x = \frac{z - \mu}{s} $$
#
# the $a$ cancels (for $\varepsilon = 0$). **The network does not see the length of $w$, only its direction.** Every
# row of the weight matrix $W$ may have its own $a$. That is one line, and three more follow from it. Let $L$ be any
# loss behind the layer, as a function of the weights and of the inputs $u$.
#
# 1. $L(u, aW) = L(u, W)$ for all $u$. Differentiate with respect to $u$: **what the layers below receive is the
#    same**, whatever $a$ is.
# 2. Differentiate the same line with respect to $W$. The left side has an inner derivative $a$, so
#    $a \cdot \nabla L(aW) = \nabla L(W)$: **larger weights get smaller gradients**, by $1/a$.
# 3. Differentiate it with respect to $a$, at $a = 1$: $\langle w, \nabla_w L \rangle = 0$. **The gradient is at a
#    right angle to the weights**, because along $w$ nothing changes.
#
# Now take a step of plain gradient descent, $w^+ = w - \mathrm{lr}\; g$. Because $g$ is at a right angle to $w$,
# Pythagoras gives
#
# $$ \lVert w^+ \rVert^2 = \lVert w \rVert^2 + \mathrm{lr}^2 \lVert g \rVert^2 . $$
#
# The weights can only grow. And when they have grown, steps turn them less, for two reasons: the gradient is shorter
# by $1/\lVert w \rVert$, and a step of the same length turns a longer vector by a smaller angle, once more
# $1/\lVert w \rVert$. Together a learning rate $\mathrm{lr}$ does to $w$ what
#
# $$ \mathrm{lr}_\text{eff} = \frac{\mathrm{lr}}{\lVert w \rVert^2} $$
#
# does to a vector of length 1. A learning rate that is much too large is thereby brought down within a few steps: it
# makes the weights long.
#
# ### By hand
#
# Four rows $u = (1,1),\ (1,-1),\ (-1,1),\ (-1,-1)$, one unit with $w = (3, 4)$, $\varepsilon = 0$, and
# $\mathrm{d}y = (1, 0, 0, 0)$.
#
# | | |
# | --- | --- |
# | $z = 3u_1 + 4u_2$ | 7, −1, 1, −7 |
# | $\mu$, $s$ | 0, $\sqrt{(49+1+1+49)/4} = 5$ |
# | $\hat x$ | 1.4, −0.2, 0.2, −1.4 |
# | $\mathrm{d}w$ | (0.032, −0.024), by the formula of `bn_backward` |
# | $\langle w, \mathrm{d}w\rangle$ | 3 · 0.032 − 4 · 0.024 = **0** |
#
# With $w = (30, 40)$ the outputs $z$ and the deviation are ten times as large, $\hat x$ is the same, and
# $\mathrm{d}w = (0.0032, -0.0024)$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | sign of $a$ | $a > 0$ | for $a < 0$ the output changes its sign; a paper that writes "for a scalar $a$" means $a > 0$ |
# | $\varepsilon$ | 0 by default, because the identities are exact only then | libraries have $10^{-5}$ (PyTorch refuses 0 in training): where $a^2\sigma^2$ is not large against it, the identities fail |
# | effective learning rate | $\mathrm{lr}/\lVert w\rVert^2$, for plain gradient descent | for Adam it is $\mathrm{lr}/\lVert w\rVert$: its steps do not shrink with the gradient |

# %% [markdown]
# ### Exercise: `bn_scale_identities` (6 points)
#
# Write the backward pass through a linear layer and the batch norm behind it, and the effective learning rate. You
# have done the difficult part in notebook 02: `bn_backward` gives the gradient with respect to $z$, and you may call
# it (`use("bn_backward")`) or write its formula once more. What remains is the linear layer $z = u W^\top$.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="bn_scale_identities" points=6
def bn_linear_backward(u, W, dy, eps=0.0):
    """Gradients through a linear layer without bias and batch normalization after it.

        z = u W^T,    y = (z - mu) / sqrt(var + eps)              gamma = 1, beta = 0

    mu and var are taken over the N rows of z; var divides by N (biased). Both are functions of u and of W.

    Args:
        u: (N, Din) array, the inputs of the linear layer. It is not changed.
        W: (Dout, Din) array, its weights. It is not changed.
        dy: (N, Dout) array, the gradient of the loss with respect to y. It is not changed.
        eps: A number >= 0, inside the square root; 0 unless it is given.

    Returns:
        (du, dW), the gradients of the loss with respect to u and W, of shapes (N, Din) and (Dout, Din).

    Raises:
        ValueError: eps is 0 and a column of z has variance 0, for example because a row of W is zero. The message names
            W, u or eps.
    """
    ### BEGIN SOLUTION
    u, W, dy = (np.asarray(a, dtype=float) for a in (u, W, dy))
    z = u @ W.T
    s = np.sqrt(z.var(axis=0) + eps)
    if np.any(s == 0):
        raise ValueError(f"with eps = 0 every row of W needs outputs that vary, got variance 0 in row {np.argmin(s)}")
    xhat = (z - z.mean(axis=0)) / s
    dz = (dy - dy.mean(axis=0) - xhat * (dy * xhat).mean(axis=0)) / s
    return dz @ W, dz.T @ u
    ### END SOLUTION


def effective_lr(lr, w):
    """The learning rate that turns a weight vector of length 1 as lr turns w, in front of batch normalization.

        effective_lr = lr / ||w||^2

    Args:
        lr: The learning rate of plain gradient descent.
        w: (D,) array, the weights of one unit. It is not changed.

    Returns:
        A number.

    Raises:
        ValueError: all entries of w are 0. The message names w.
    """
    ### BEGIN SOLUTION
    w = np.asarray(w, dtype=float)
    if not w.any():
        raise ValueError("w must not be zero: it has no direction that a step could turn")
    return float(lr / (w @ w))
    ### END SOLUTION


# %% check="bn_scale_identities"
check("bn_scale_identities")

# %% [markdown]
# ### Experiment E03f: a learning rate of 100
#
# If the story is right, a network with batch norm should survive learning rates that are absurd. Three hidden layers
# with batch norm, 150 steps of plain SGD. The weights in front of batch norm get learning rates from 0.1 to **1000**;
# everything else ($\gamma$, $\beta$, the last layer) always gets 0.1. Three seeds.
#
# And the intervention: the same network, but after each step every row of the weights is **set back to the length it
# had at the start**. It computes the same function as without setting back, only the tuning is gone. Third, the
# network without batch norm.

# %% tags=["experiment"]
STEP_SIZES = (0.1, 1.0, 10.0, 100.0, 1000.0)


def steps_of(lr, seed, norm=nn.BatchNorm1d, keep_length=False, steps=150):
    """Of the second layer, by step: lr / ||w||^2 (mean of the rows) and 1 - cos of the turn; and the test accuracy."""
    split = digits(997, seed)
    torch.manual_seed(seed)
    net = mlp(3, norm)
    weights = [layer.weight for layer in net[:-1] if isinstance(layer, nn.Linear)]
    others = [p for p in net.parameters() if all(p is not weight for weight in weights)]
    lengths = [weight.detach().norm(dim=1, keepdim=True) for weight in weights]
    optimizer = torch.optim.SGD([{"params": weights, "lr": lr}, {"params": others, "lr": 0.1}])
    watched = [weights[1].detach().clone()]  # at the start, and after each step

    @torch.no_grad()
    def after_step(*_):
        if keep_length:
            for weight, length in zip(weights, lengths, strict=True):
                weight *= length / weight.norm(dim=1, keepdim=True)
        watched.append(weights[1].detach().clone())

    optimizer.register_step_post_hook(after_step)
    train(net, split.train, steps // 15, batch_size=67, optimizer=optimizer, seed=seed)
    path = torch.stack(watched)  # (steps + 1, rows, columns)
    effective = (lr / path.square().sum(dim=2)).mean(dim=1)
    turns = 1 - F.cosine_similarity(path[1:], path[:-1], dim=2).mean(dim=1)
    return effective.numpy(), turns.numpy(), evaluate(net, split.test)[1]


def tuned(**case):
    """Effective rates and turns (seeds, rates, steps) and accuracies (seeds, rates) of one kind of network."""
    runs = [[steps_of(lr, seed, **case) for lr in STEP_SIZES] for seed in range(3)]
    return [np.array([[run[i] for run in row] for row in runs]) for i in range(3)]


free, held, plain = tuned(), tuned(keep_length=True), tuned(norm=None)

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4))
steps = np.maximum(np.arange(151), 0.5)  # a logarithmic axis has no 0
for number, lr in enumerate(STEP_SIZES):
    line = np.median(free[0][:, number], axis=0)
    left.plot(steps, line, color=COLORS["blue"], marker="")
    left.plot(steps[0], line[0], "o", color=COLORS["blue"])
    left.text(0.42, line[0], f"lr {lr:g}", ha="right", va="center")
left.set(xscale="log", yscale="log", xlim=(0.17, 160), xlabel="step", title="Large rates are brought down at once")
left.set_ylabel("effective learning rate lr / ‖w‖²")
left.set_xticks([0.5, 1, 10, 100], ["start", "1", "10", "100"])
LOOKS = ((free, "blue", "o", "batch norm"), (held, "orange", "^", "batch norm, length held"),
         (plain, "red", "s", "no batch norm"))  # fmt: skip
for (_, _, accuracy), color, marker, label in LOOKS:
    mean_with_spread(right, STEP_SIZES, accuracy, color=COLORS[color], marker=marker, label=label)
right.set(xscale="log", ylim=(0, 1.05), xlabel="learning rate of the weights", ylabel="test accuracy after 150 steps")
right.set_title("Five learning rates, a factor of 10 000")
right.legend(loc=(0.6, 0.62), fontsize=9)
plt.show()

largest = free[0][..., -1].max(axis=1)
claim(
    "Effective rates of 0.05 to 500 at the start are all below 5 at the end: largest",
    largest,
    holds=np.all(largest < 5),
)
worst = free[2].min(axis=1)
claim("With batch norm all five rates reach 0.9: worst accuracy", worst, holds=np.all(worst > 0.9))
lost = (free[2] - held[2])[:, 3]
claim("Held at their length, the weights lose it at a rate of 100: loss of accuracy", lost, holds=np.all(lost > 0.5))
claim("Without batch norm a rate of 10 is fatal", plain[2][:, 2], holds=np.all(plain[2][:, 2] < 0.2))
rows = {
    "effective, start": free[0][..., 0],
    "effective, step 1": free[0][..., 1],
    "effective, end": free[0][..., -1],
    "turn, first 15 steps": free[1][..., :15].mean(axis=2),
    "turn, last 15 steps": free[1][..., -15:].mean(axis=2),
    "accuracy, batch norm": free[2],
    "accuracy, held": held[2],
    "accuracy, no batch norm": plain[2],
}
print(f"{'learning rate':24}", *(f"{lr:9g}" for lr in STEP_SIZES))
for name, values in rows.items():
    print(f"{name:24}", *(f"{value:9.2g}" for value in values.mean(axis=0)))

# %% [markdown]
# Figure: left, effective learning rate of the second layer against the step, both axes logarithmic, one line for each
# learning rate. The lines for 0.1 and 1 are level at 0.05 and 0.5. Those for 10, 100 and 1000 start at 5, 50 and 500;
# the last two drop within one step, to about 4 and 0.5; at the end all three lie between 0.4 and 3. Right, test
# accuracy against the learning rate: with batch norm the curve stays at 0.96 to 0.98 throughout; with weights held at
# their length it falls to 0.9 at a rate of 10, 0.34 at 100 and 0.16 at 1000; without batch norm it is at chance from
# 10 on.
#
# **What to notice.**
#
# - **A learning rate of 1000 works**, and this story survives the intervention: held at their length, the *same*
#   network with the *same* batch norm fails. Here we did not compare with and without batch norm; we removed one
#   consequence of it and the help went with it.
# - How does it come about? At 1000 the very first step makes the weights about 30 times as long, at a right angle to
#   what they were: the start values are all but thrown away, and a gradient takes their place. From then on the
#   effective rate is below 0.5. It is a random restart, and a three-layer network forgives it.
# - **The tuning is one-sided.** Weights can only grow, so a rate that is too large comes down, while one that is too
#   small stays: 0.1 keeps its effective 0.05. (With weight decay the weights can shrink too, and an equilibrium
#   appears; notebook 07.)
# - What the story does *not* explain: why batch norm is better at **small** rates as well. At 0.1 nothing is tuned
#   (free and held agree), and batch norm is still ahead.
# - Compare with theory: Arora, Li and Lyu, *Theoretical analysis of auto rate-tuning by batch normalization*,
#   arXiv:1812.03981.

# %% [markdown]
# ## 3 · What the layer makes superfluous, and how to undo it

# %% [markdown]
# ### The bias
#
# The layer before batch norm has a bias: $z = Wu + b$. Every row of the batch gets the same $b$, so the mean $\mu$
# contains it too, and $z - \mu$ is free of it. In training **the bias has no effect at all**, and its gradient is
# exactly 0 for any loss. Batch norm has a bias of its own, $\beta$, after the normalization, where nobody takes it
# away again. Hence `nn.Linear(..., bias=False)` in front of batch norm.
#
# What if a trained network has that bias and you want to be rid of it? In evaluation the *stored* mean is subtracted,
# and it was measured with $b$ in it. Take $b$ away and leave the stored mean as it is, and every output is wrong.
#
# ### Undoing the layer
#
# Does normalizing take something away that the network may need? No: $\gamma$ and $\beta$ can bring back every mean
# and every deviation, also those that were there before. Then batch norm is the identity. Which $\gamma$ and
# $\beta$ are that?
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | $\gamma$ that undoes the layer | the exact one, which has to do with $\varepsilon$ | texts that leave $\varepsilon$ out say $\gamma = \sigma$. With $\varepsilon = 10^{-5}$ that is 5 % too small for $\sigma = 0.01$, and 70 % for $\sigma = 0.001$ |
# | `var` | the variance that the layer divides by: the batch's or the stored one | not the standard deviation |

# %% [markdown]
# ### Exercise: `bn_reparam` (4 points)
#
# *Difficulty 2 of 4, about 10 minutes.*


# %% exercise="bn_reparam" points=4
def bn_undo_params(mu, var, eps):
    """The gamma and beta with which batch normalization gives back what it is given.

        gamma * (x - mu) / sqrt(var + eps) + beta  ==  x        for every x

    Args:
        mu: (D,) array, the mean that is subtracted. It is not changed.
        var: (D,) array, the variance, without eps. It is not changed. An entry may be 0.
        eps: A number >= 0, inside the square root.

    Returns:
        (gamma, beta) of shape (D,) each.

    Raises:
        ValueError: an entry of var is negative, or eps is. The message names the argument.
    """
    ### BEGIN SOLUTION
    var = np.asarray(var, dtype=float)
    if np.any(var < 0):
        raise ValueError(f"var must not be negative, got {var.min()}: is it a variance?")
    if eps < 0:
        raise ValueError(f"eps must not be negative, got {eps}")
    return np.sqrt(var + eps), np.array(mu, dtype=float)
    ### END SOLUTION


def drop_bias(b, run_mean):
    """The stored mean that goes with a layer whose bias has been taken away.

    In evaluation, with the same gamma, beta, run_var and eps,

        BN(W u + b) with the stored mean run_mean  ==  BN(W u) with the stored mean drop_bias(b, run_mean)    for every u

    Args:
        b: (D,) array, the bias of the layer in front of batch normalization. It is not changed.
        run_mean: (D,) array, the stored mean of W u + b. It is not changed.

    Returns:
        (D,) array.
    """
    ### BEGIN SOLUTION
    return np.asarray(run_mean, dtype=float) - np.asarray(b, dtype=float)
    ### END SOLUTION


# %% check="bn_reparam"
check("bn_reparam")

# %% [markdown]
# ## 4 · How linear is a sigmoid that sees normalized values?

# %% [markdown]
# There is an argument for $\gamma$ and $\beta$ that goes like this: a sigmoid that only sees values of mean 0 and
# variance 1 is *constrained to its linear regime*. If that were so, a deep network of such layers would be one linear
# map, and useless. How linear is it really?
#
# Measure it. Take the values $z_n$ that the sigmoid sees, and $s_n = \sigma(z_n)$ that it gives. Fit the straight
# line $a + c\,z$ that has the smallest sum of squared errors, and ask which share of the variance of $s$ the line
# explains:
#
# $$ R^2 = 1 - \frac{\sum_n (s_n - a - c\,z_n)^2}{\sum_n (s_n - \bar s)^2}, \qquad \bar s = \frac1N \sum_n s_n . $$
#
# 1 means that the points lie on a line, 0 that the best line is no better than the mean of $s$. Before you measure it:
# what do you guess for $z \sim \mathcal N(0, 1)$?
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | line | the least-squares fit, with intercept | the tangent $\frac12 + \frac z4$ is another line: it is best near 0, not on the whole |
# | denominator | spread around the mean of $s$ | some packages compare with $\sum s_n^2$ when a line has no intercept: then $R^2$ is close to 1 for nearly anything |

# %% [markdown]
# ### Exercise: `sigmoid_linear_r2` (4 points, extension)
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="sigmoid_linear_r2" points=4
def sigmoid_linear_r2(z):
    """How well a straight line fits the sigmoid at the points z: R^2 of the least-squares line with intercept.

        s = 1 / (1 + exp(-z)),    R^2 = 1 - sum_n (s_n - a - c z_n)^2 / sum_n (s_n - mean(s))^2

    Args:
        z: (N,) array. It is not changed. Entries as large as 1000, of either sign, must not spoil the result; a z whose
            sigmoids are all the same number (all entries far out on one side) is not tested.

    Returns:
        A number between 0 and 1.

    Raises:
        ValueError: z has fewer than 3 entries, or all entries are the same. The message names z.
    """
    ### BEGIN SOLUTION
    z = np.asarray(z, dtype=float)
    if len(z) < 3:
        raise ValueError(f"z must have at least 3 entries, got {len(z)}: a line fits two points exactly")
    if np.all(z == z[0]):
        raise ValueError(f"z must not be constant, got {len(z)} times {z[0]}")
    s = 0.5 * (1 + np.tanh(z / 2))  # the same as 1 / (1 + exp(-z)), and nothing overflows
    return float(np.corrcoef(z, s)[0, 1] ** 2)
    ### END SOLUTION


# %% check="sigmoid_linear_r2"
check("sigmoid_linear_r2")

# %% [markdown]
# ### The answer to the guess
#
# Your function, for normally distributed values of several deviations; 20 000 values each, five seeds.

# %% tags=["experiment"]
linear_r2 = use("sigmoid_linear_r2")
WIDTHS = (0.25, 0.5, 1, 2, 3, 5, 10)
normals = [np.random.default_rng(seed).normal(size=20_000) for seed in range(5)]
straightness = np.array([[linear_r2(width * z) for width in WIDTHS] for z in normals])  # (seeds, widths)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
grid = np.linspace(-12, 12, 300)
left.plot(grid, 1 / (1 + np.exp(-grid)), color="black", marker="", label="sigmoid")
for width, color, dashes in ((1, "blue", "-"), (5, "red", "--")):
    z = width * normals[0]
    line = np.polynomial.Polynomial.fit(z, 1 / (1 + np.exp(-z)), 1)
    ends = np.array([-2.3, 2.3]) * width  # 98 % of the values lie between them
    label = f"best line, deviation {width}"
    left.plot(ends, line(ends), dashes, color=COLORS[color], marker="", linewidth=2.5, label=label)
left.set(
    xlabel="input of the sigmoid, z", ylabel="output of the sigmoid", ylim=(-0.25, 1.6), title="Two lines for one curve"
)
left.legend(loc="upper left", fontsize=9)
mean_with_spread(right, WIDTHS, straightness, color=COLORS["blue"], marker="o")
right.set(xscale="log", xlabel="deviation of z", ylabel="R² of the best line", title="How straight is it there?")
right.set_xticks(WIDTHS, WIDTHS)
right.minorticks_off()
plt.show()

print("deviation " + "".join(f"{width:8}" for width in WIDTHS))
print("R²        " + "".join(f"{value:8.3f}" for value in straightness.mean(axis=0)))
claim(
    "At deviation 1 a straight line explains 98 % of the sigmoid",
    straightness[:, 2],
    holds=np.all(abs(straightness[:, 2] - 0.984) < 0.003),
)
falls = straightness[:, 2] - straightness[:, 5]
claim("At deviation 5 it explains less, by a sixth", falls, holds=np.all(falls > 0.15))

# %% [markdown]
# Figure: left, the sigmoid with the best line for values of deviation 1, which lies on the curve between −1 and 1 and
# leaves it a little at ±2, and the best line for deviation 5, which is much flatter and follows the curve nowhere. Each
# line is drawn where 98 % of its values are. Right, $R^2$ against the deviation, logarithmic: 1.00 at 0.25, 0.98 at 1, 0.93 at 2, then falling
# to 0.81 at 5 and 0.73 at 10. The seeds lie within the markers.
#
# **What to notice.** *Constrained to the linear regime* is nearly right for the layer as it starts: 98.4 % of the
# variance, not 100 %. Several layers that are each 98.4 % straight are not straight together, and $\gamma$ can leave the regime: at
# $\gamma = 5$ the sigmoid is closer to a switch. Note also how forgiving $R^2$ is. Even a switch, 0 below and 1
# above, has a best line with $R^2 = 2/\pi \approx 0.64$ for normal values: a number near 0.8 does not mean nearly
# straight.

# %% [markdown]
# ### Experiment E03g: what normalization does to the shape
#
# Three sentences that you may meet: batch norm makes each activation *more or less Gaussian*; it turns activations
# into *unit Gaussians*; before $\gamma$ and $\beta$ the values lie *strictly between −1 and 1*. All three confuse two
# numbers (mean and variance) with a whole distribution. We feed the layer two units that are far from Gaussian, and
# then one that fires for a single row of the batch. The **kurtosis** is the mean of $\hat x^4$; it is 3 for every
# normal distribution and at least 1 for any. Five seeds.

# %% tags=["experiment"]
ROWS = (2, 5, 10, 26, 101, 401)


def normalize(rows):
    """Batch norm as it starts (gamma 1, beta 0), with an eps that cannot matter."""
    return F.batch_norm(torch.as_tensor(rows), None, None, training=True, eps=1e-12).numpy()


def units(seed):
    """Two units for 4000 rows: one with two humps, one that is mostly quiet and rarely very active."""
    rng = np.random.default_rng(seed)
    humps = rng.normal(np.where(rng.random(4000) < 0.5, -5.0, 5.0), 0.3)
    return np.column_stack([humps, rng.exponential(size=4000)])


normalized = np.array([normalize(units(seed)) for seed in range(5)])  # (seeds, rows, 2)
lonely = [normalize(np.eye(m)[:, :1]).max() for m in ROWS]  # a unit that is 1 in one row and 0 in the others
normal = [[abs(normalize(np.random.default_rng(s).normal(size=(m, 50)))).max(0).mean() for m in ROWS] for s in range(5)]

fig, axes = plt.subplots(1, 3, figsize=(11, 3.7))
grid = np.linspace(-4, 5, 200)
for ax, unit, title in zip(axes, (0, 1), ("A unit with two humps", "A unit that is mostly quiet"), strict=False):
    ax.hist(normalized[0, :, unit], bins=60, density=True, color=COLORS["sky"], label="after batch norm")
    bell = np.exp(-(grid**2) / 2) / sqrt(2 * np.pi)
    ax.plot(grid, bell, color="black", marker="", label="normal, same mean and variance")
    ax.set(xlim=(-4, 5), xlabel="normalized value x̂", title=title)
axes[0].set_ylabel("density")
axes[1].legend(loc="upper right", fontsize=9)
axes[2].fill_between(ROWS, -1, 1, color="0.85", label="between −1 and 1")
axes[2].plot(ROWS, np.sqrt(np.array(ROWS) - 1), ":", color="black", marker="", label="√(m − 1)")
axes[2].plot(ROWS, lonely, "o", color=COLORS["red"], label="a unit active in one row")
mean_with_spread(axes[2], ROWS, normal, color=COLORS["blue"], marker="s", label="a normal unit")
axes[2].set(
    xscale="log", yscale="log", xlabel="rows in the batch, m", ylabel="largest |x̂|", title="How large can it get?"
)
axes[2].set(ylim=(0.8, 30), xticks=(2, 10, 100), xticklabels=(2, 10, 100), yticks=(1, 3, 10), yticklabels=(1, 3, 10))
axes[2].minorticks_off()
axes[2].legend(loc="upper left", fontsize=9)
plt.show()

kurtosis = (normalized[..., 0] ** 4).mean(axis=1)
claim("The unit with two humps keeps its shape: kurtosis 1, not 3", kurtosis, holds=np.all(kurtosis < 1.1))
skewness = (normalized[..., 1] ** 3).mean(axis=1)
claim("The quiet unit keeps its skewness of about 2; a Gaussian has 0", skewness, holds=np.all(skewness > 1.5))
claim("With 101 rows one normalized value is 10", lonely[4], holds=abs(lonely[4] - 10) < 1e-6)

# %% [markdown]
# Figure: left, histogram of a unit with two humps after batch norm: two narrow spikes at −1 and 1, nothing near 0,
# where the normal curve with the same mean and variance has its top. Middle, a unit that is mostly quiet: a steep edge
# at −1 and a long tail to the right; the normal curve does not resemble it. Right, largest normalized value against
# the number of rows, both axes logarithmic: the unit that is active in one row lies exactly on $\sqrt{m-1}$, from 1 at
# two rows to 20 at 401; the normal unit rises from 1 to 3. The grey band, values up to 1, is left by both.
#
# **What to notice.**
#
# - Batch norm is **one straight line** per unit, $\hat x = (x - \mu)/s$. A straight line moves and stretches a
#   histogram; it cannot fold two humps into one. Mean 0 and variance 1 are true by construction, everything else
#   about the shape is what it was.
# - The true bound is $\lvert\hat x\rvert \le \sqrt{m-1}$, and a unit that is active in one row reaches it. Question
#   W03b asks you why.
# - Why is the Gaussian story so popular? In a *wide* layer at the *start*, the input of a unit is a sum of many
#   independent terms, and such sums are nearly normal. That is a property of the sum, with or without batch norm,
#   and training need not keep it.

# %% [markdown]
# ## 5 · Exploding gradients: a promise and what becomes of it
#
# *Batch norm reduces exploding and vanishing gradients*: you can read this nearly everywhere, and the reason sounds
# good. Every layer brings its values back to variance 1, so nothing can grow or die out on the way **forward**. That
# much is a theorem. But a gradient travels **backward**, and there the layer *divides*.
#
# Follow it through one layer of a network at the start: linear, batch norm, ReLU. The unit's normalized value is about
# $z \sim \mathcal N(0, 1)$ over the batch.
#
# - *Forward.* $h = \mathrm{relu}(z)$ has the variance $\frac12 - \frac1{2\pi} = 0.341$ over the batch: half of the mean
#   square, minus the squared mean $1/(2\pi)$. A next unit with weights $w$ has the variance
#   $0.341\,\lVert w \rVert^2$, and batch norm divides it by its root.
# - *Backward.* On the way back the gradient is divided by that root, too: its mean square changes by the factor
#   $1/(0.341\,\lVert w\rVert^2)$. Then the weights multiply it by $\lVert w\rVert^2$ (for as many inputs as outputs),
#   and the ReLU lets half of it through.
#
# $$ \frac{1}{0.341\,\lVert w\rVert^2} \cdot \lVert w\rVert^2 \cdot \frac12 = \frac{\pi}{\pi - 1} = 1.467 $$
#
# per layer in the mean square, $\sqrt{1.467} = 1.211$ in length. **The weights have cancelled.** No choice of start
# values can change this number; that is section 2 once more. Without batch norm the factor is $\lVert w\rVert^2/2$, and
# He and others chose $\lVert w\rVert^2 = 2$ to make it 1. (Yang and others find the same number, *A mean field
# theory of batch normalization*, arXiv:1902.08129. The calculation neglects the small correction for gradients through
# $\mu$ and $s$.)
#
# ### Experiment E03b: the gradient of the first layer
#
# Networks of 5 to 55 hidden layers of width 48, with and without batch norm, **plain** or with **skip connections**
# around every two layers (you will build those in notebook 11). Nothing is trained: one forward and backward pass with
# 500 digits, three seeds. Besides the norm of the first layer's gradient we ask how much of the *data* arrives in the
# last hidden layer: for what share of the digits does the nearest neighbour there show the same digit?

# %% tags=["experiment"]
BLOCKS = (2, 4, 8, 16, 27)
HIDDEN = 2 * np.array(BLOCKS) + 1
KINDS = {
    "plain": (False, False),
    "plain, batch norm": (True, False),
    "skips": (False, True),
    "skips, batch norm": (True, True),
}
LOOKS = {
    "plain": ("red", "s"),
    "plain, batch norm": ("blue", "o"),
    "skips": ("orange", "^"),
    "skips, batch norm": ("green", "D"),
}


class Block(nn.Module):
    """Two layers: linear, norm, ReLU, linear, norm; then the input is added, if skip; then ReLU."""

    def __init__(self, norm, skip):
        super().__init__()
        parts = []
        for _ in range(2):
            parts += [nn.Linear(48, 48, bias=not norm), nn.BatchNorm1d(48) if norm else nn.Identity(), nn.ReLU()]
            he(parts[-3])
        self.inside, self.skip = nn.Sequential(*parts[:-1]), skip

    def forward(self, x):
        return F.relu(x + self.inside(x) if self.skip else self.inside(x))


def deep(blocks, norm, skip):
    """A first layer of 48 units, the blocks, ten logits."""
    first = nn.Linear(64, 48), nn.BatchNorm1d(48) if norm else nn.Identity(), nn.ReLU()
    return nn.Sequential(*first, *(Block(norm, skip) for _ in range(blocks)), nn.Linear(48, 10))


def at_the_start(blocks, seed, norm, skip):
    """Norm of the first layer's gradient, and how often nearest neighbours in the last hidden layer agree."""
    x, y = map(torch.tensor, digits(500, seed).train)
    torch.manual_seed(seed)
    net = deep(blocks, norm, skip)
    hidden = net[:-1](x)
    F.cross_entropy(net[-1](hidden), y).backward()
    distances = torch.cdist(hidden.detach(), hidden.detach()).fill_diagonal_(torch.inf)
    agree = (y[distances.argmin(dim=1)] == y).double().mean()
    return net[0].weight.grad.norm().item(), agree.item()


start = {
    kind: np.array([[at_the_start(blocks, seed, *case) for blocks in BLOCKS] for seed in range(3)])
    for kind, case in KINDS.items()
}  # (seeds, depths, 2)

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4))
for kind, (color, marker) in LOOKS.items():
    gradient, agree = np.moveaxis(start[kind], -1, 0)
    left.fill_between(HIDDEN, gradient.min(axis=0), gradient.max(axis=0), color=COLORS[color], alpha=0.2, linewidth=0)
    left.plot(HIDDEN, np.median(gradient, axis=0), color=COLORS[color], marker=marker, label=kind)
    mean_with_spread(right, HIDDEN, agree, color=COLORS[color], marker=marker, label=kind)
theory = start["plain, batch norm"][:, 2, 0].mean() * (np.pi / (np.pi - 1)) ** ((HIDDEN - HIDDEN[2]) / 2)
left.plot(HIDDEN, theory, ":", color="black", marker="", label="theory: 1.211 per layer")
left.set(yscale="log", xlabel="hidden layers", ylabel="norm of the gradient, first layer")
left.set_title("The gradient before any training")
left.legend(loc="upper left", fontsize=9)
right.axhline(0.1, linestyle=":", color="black", marker="")
right.text(56, 0.12, "chance", ha="right", fontsize=9)
right.set(ylim=(0, 1), xlabel="hidden layers", ylabel="share of nearest neighbours that agree")
right.set_title("The data in the last hidden layer")
plt.show()

gradients = {kind: values[:, -1, 0] for kind, values in start.items()}
for kind, values in gradients.items():
    print(f"gradient of the first of 55 layers, {kind:18}", *(f"{value:10.3g}" for value in values))
growth = (start["plain, batch norm"][:, -1, 0] / start["plain, batch norm"][:, 2, 0]) ** (1 / 38)
claim(
    "Batch norm in a plain network: the gradient grows by 1.211 per layer",
    growth,
    holds=np.all(abs(growth - 1.211) < 0.02),
)
ratio = gradients["plain, batch norm"] / gradients["plain"]
claim("At 55 layers it is over 10 000 times that without batch norm", ratio, holds=np.all(ratio > 1e4), unit="times")
ratio = gradients["plain, batch norm"] / gradients["skips, batch norm"]
claim("Skip connections take nearly all of it away", ratio, holds=np.all(ratio > 100), unit="times less")
agree = start["plain, batch norm"][:, -1, 1]
claim("Nothing of the classes is left in layer 55: agreement at chance", agree, holds=np.all(agree < 0.2))

# %% [markdown]
# Figure: left, norm of the first layer's gradient against the number of hidden layers, vertical axis logarithmic. Plain
# without batch norm: falls slowly, from 0.2 to about 0.03. Plain with batch norm: rises along a straight line, parallel
# to the dotted theory, from 1 at five layers to about 7000 at 55. Skips without batch norm: rises as steeply, to
# 20 000. Skips with batch norm: from 1.6 to 13. Right, share of nearest neighbours with the same digit: all curves fall
# with depth; plain with batch norm falls fastest, to 0.14 at 17 layers and to chance, 0.1, at 33; plain without batch
# norm ends at 0.22, the two with skips at 0.26 and 0.30. Bands: left from the smallest to the largest of three seeds,
# right one standard deviation.
#
# **What to notice.**
#
# - In a plain network batch norm does not prevent exploding gradients, **it causes them**: 1.20 per layer measured,
#   1.211 calculated. He's start values without batch norm keep the gradient within a factor of ten.
# - With skips it is the other way round: there the network *without* batch norm explodes, because every block adds to
#   the variance, and batch norm tames it. "Batch norm prevents exploding gradients" is a sentence about networks **with
#   skips**, and those are the deep networks that people use.
# - Be careful with the number itself. By section 2 it belongs to the weights as they are: make them ten times as long,
#   and this gradient is ten times smaller in the same network. What rescaling cannot change is the *ratio* between
#   layers of equally long weights, and that is what explodes.
# - The right panel shows the same chaos in the forward direction. A small difference between two digits grows from
#   layer to layer by the same mechanism, until digits of one class are no nearer to each other than to the rest. Layer
#   55 of the plain network with batch norm knows nothing of the classes. Without batch norm the opposite happens, the
#   digits come together (the mean cosine between two of them is 0.999), and something of the order survives.
#
# ### E03b, continued: is it the gradient?
#
# Now train the four networks of 55 layers, six epochs. The plain one with batch norm ought to fail, and the tempting
# conclusion would be: *because* its gradients explode. So intervene. A fifth network has the explosion taken away by
# force: each weight matrix takes a step of the **same relative length**, 1 % of its norm, in the direction of its
# gradient, however large that gradient is. As a control the same is done to the network with skips.


# %% tags=["experiment"]
def recorded(losses):
    """Cross-entropy that also writes its value into a list."""

    def loss(logits, labels):
        value = F.cross_entropy(logits, labels)
        losses.append(value.item())
        return value

    return loss


def last_losses(seed, norm, skip, relative=None, blocks=27):
    """Training loss of the last epoch; by SGD with momentum, or by steps of a fixed share of each weight's norm."""
    split = digits(960, seed)
    torch.manual_seed(seed)
    net = deep(blocks, norm, skip)
    weights = [p for p in net.parameters() if p.ndim == 2]
    rates = {"lr": 1.0, "momentum": 0.0} if relative else {"lr": 0.05, "momentum": 0.9}
    optimizer = torch.optim.SGD(weights if relative else net.parameters(), **rates)

    @torch.no_grad()
    def same_length(*_):
        for weight in weights:
            weight.grad *= relative * weight.norm() / weight.grad.norm()

    if relative:
        optimizer.register_step_pre_hook(same_length)
    losses = []
    train(net, split.train, 6, batch_size=64, optimizer=optimizer, loss=recorded(losses), seed=seed)
    return np.mean(losses[-15:])


ways = {f"{kind}, SGD": case for kind, case in KINDS.items()}
ways |= {f"{kind}, equal steps": (*KINDS[kind], 0.01) for kind in ("plain, batch norm", "skips, batch norm")}
ways["plain, batch norm, SGD, 17 layers"] = (*KINDS["plain, batch norm"], None, 8)
final = {way: np.array([last_losses(seed, *case) for seed in range(3)]) for way, case in ways.items()}
for way, losses in final.items():
    print(f"training loss after 6 epochs, {way:33}", *(f"{value:6.2f}" for value in losses))
claim("Guessing gives a loss of ln 10 = 2.30; the plain networks do no better",
      np.minimum(final["plain, SGD"], final["plain, batch norm, SGD"]),
      holds=min(final["plain, SGD"].min(), final["plain, batch norm, SGD"].min()) > 2.0, unit="nats")  # fmt: skip
best = final["skips, batch norm, SGD"]
claim("Skips and batch norm together train", best, holds=np.all(best < 1), unit="nats")
cured = final["plain, batch norm, equal steps"]
claim("Equal steps cure the plain network", cured, holds=np.all(cured < 1.5), unit="nats")
control = final["skips, batch norm, equal steps"]
claim("Equal steps train the network with skips (control)", control, holds=np.all(control < 1.0), unit="nats")

# %% [markdown]
# **What to notice.**
#
# - Four networks of 55 layers, and only the one with batch norm **and** skips learns (loss 0.5; the one with skips
#   alone ends in `nan`, the plain ones at 2.1 to 2.3, where guessing is 2.3).
# - **The intervention fails, and that is the interesting result.** With steps of equal relative length no gradient
#   explodes any more, and the plain network with batch norm still learns nothing: 2.32, in all seeds. The control shows
#   that such steps are a fine way to train, 0.32 with skips. So the exploding gradient is a fact, but taking its size
#   away is no cure. What remains as a suspect is the chaos of the right panel above.
# - That is not the last word: six epochs, one depth, one step length. The last line of the table is a plain network
#   with batch norm and 17 layers. Its gradient has begun to explode too (5 against 1 at five layers), its neighbours
#   hardly agree (0.14), and yet it learns: a loss of 0.55.

# %% [markdown]
# ## 6 · Internal covariate shift, measured

# %% [markdown]
# The paper that introduced batch norm gives a reason for its success in the title: *reducing internal covariate
# shift*. Training changes the early layers, so the later layers find, step after step, another distribution of
# inputs than the one they have just adapted to. A claim like this can only be tested with a **number**. Three years
# later Santurkar and others proposed one (arXiv:1805.11604, Definition 2.1).
#
# What matters to a layer about a shift of its inputs is the gradient that it gets. So ask how much that gradient
# changes when **only the layers before it** take their step.
#
# $$ G = \frac{\partial L}{\partial W}(\theta_\text{before},\ \theta_\text{rest}), \qquad
#    G' = \frac{\partial L}{\partial W}\Bigl(\theta_\text{before} - \mathrm{lr}\,
#         \frac{\partial L}{\partial \theta_\text{before}},\ \theta_\text{rest}\Bigr) $$
#
# on the same batch. The internal covariate shift of the layer is $\lVert G - G' \rVert$: the layer steps along $G$,
# although, once the others have stepped, $G'$ would have been right. The angle between the two says the same without
# the lengths: $\cos(G, G') = 1$ means that the layer goes in the right direction after all.
#
# ### By hand
#
# Three linear layers without biases: $h = w_1 x_1 + w_2 x_2$, then $3h$, then times 1. For $w = (1, 1)$, $x = (1, 1)$
# the output is 6, the target is 4, and the loss is the squared error. We look at the middle layer, whose weight is 3.
# Its gradient is $2 \cdot \text{error} \cdot h$.
#
# | | before | $\mathrm{lr} = 0.01$ | $\mathrm{lr} = 0.05$ |
# | --- | --- | --- | --- |
# | gradient of $w_1$ and of $w_2$ | 2 · 2 · 3 = 12 | | |
# | $w_1 = w_2$, $h$ | 1, 2 | 0.88, 1.76 | 0.4, 0.8 |
# | output, error | 6, 2 | 5.28, 1.28 | 2.4, −1.6 |
# | gradient of the middle layer | $G$ = 2 · 2 · 2 = 8 | $G'$ = 2 · 1.28 · 1.76 ≈ 4.51 | $G'$ = 2 · (−1.6) · 0.8 = −2.56 |
# | $\lVert G - G' \rVert$, $\cos$ | | **3.49**, 1 | **10.56**, **−1** |
#
# With the larger step the first layer goes past the target, and the middle layer, stepping along $G$, goes further
# still: it was told to make the output smaller, and that has been done already.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | who steps | every parameter of every module before the layer, biases and batch norm's $\gamma$, $\beta$ included; all at once, along gradients at the old place | not the layer, not those after it: with them, it would measure how fast the loss bends, not what *inputs* do |
# | step | plain gradient descent, $-\mathrm{lr} \cdot$ gradient | no momentum; in practice the optimizer's steps differ |
# | norm | Frobenius: root of the sum of all squared entries; absolute | divided by $\lVert G \rVert$ it is relative, which may reverse a comparison |
# | of what | the layer's `weight` | with the bias the number is another one |

# %% [markdown]
# ### Exercise: `ics_gradient_change` (6 points, extension)
#
# Whoever measures must not disturb: afterwards the parameters are **bit for bit** what they were. (Adding
# $\mathrm{lr} \cdot$ gradient again does not do that. Why not?)
#
# *Difficulty 4 of 4, about 35 minutes.*


# %% exercise="ics_gradient_change" points=6
def ics_gradient_change(model, layer, loss_fn, x, y, lr):
    """How much the gradient of one layer changes when the layers before it take a step.

        L    = loss_fn(model(x), y)
        G    = dL / d layer.weight
        G'   = the same after  p <- p - lr * dL/dp  for every parameter p of the modules before layer, and no other
        l2   = Frobenius norm of G - G' (root of the sum of the squared entries)
        cos  = <G, G'> / (||G|| ||G'||)

    All parameters before the layer step at once, along gradients that were taken before anything moved.
    torch's fused optimizers are switched off while this is checked.

    Args:
        model: A flat nn.Sequential, all of whose parameters require gradients. It is used in the mode it is in.
            Afterwards its parameters are bit for bit what they were, still require gradients, and every module is in
            the mode it was in. Buffers (running statistics) and .grad are up to you; a .grad that is there before must
            make no difference.
        layer: An nn.Linear in model: the object itself, not a copy. "Before" is the order in the Sequential.
        loss_fn: A function of (output, target) that returns a tensor without axes, such as F.cross_entropy.
        x: Tensor of inputs. It is not changed.
        y: Tensor of targets. It is not changed.
        lr: A number >= 0.

    Returns:
        (l2, cos), two Python floats. For the first layer, or lr = 0, they are 0 and 1.

    Raises:
        ValueError: layer is not in model, or lr is negative. The message names layer, model or lr.
    """
    ### BEGIN SOLUTION
    place = next((i for i, module in enumerate(model) if module is layer), None)
    if place is None:
        raise ValueError("layer must be one of the modules of model, got another one")
    if lr < 0:
        raise ValueError(f"lr must be at least 0, got {lr}")
    before = [p for module in list(model)[:place] for p in module.parameters()]
    G, *gradients = torch.autograd.grad(loss_fn(model(x), y), [layer.weight, *before])
    old = [p.detach().clone() for p in before]
    with torch.no_grad():
        for p, gradient in zip(before, gradients, strict=True):
            p -= lr * gradient
    try:
        (G2,) = torch.autograd.grad(loss_fn(model(x), y), [layer.weight])
    finally:
        with torch.no_grad():
            for p, value in zip(before, old, strict=True):
                p.copy_(value)
    l2 = (G - G2).norm().item()
    cos = ((G * G2).sum() / (G.norm() * G2.norm())).item()
    return l2, cos
    ### END SOLUTION


# %% check="ics_gradient_change"
check("ics_gradient_change")

# %% [markdown]
# ### Experiment E03c: does batch norm reduce it?
#
# We train networks of 15 and of 5 ReLU layers for ten epochs of plain SGD, with and without batch norm, at four
# learning rates. At every eighth step `ics_gradient_change` looks at a layer in the middle (the ninth of 15, the fourth
# of 5). Figures show the second half of training, three seeds. The change is given **relative** to $\lVert G \rVert$;
# the reason comes at the end.

# %% tags=["experiment"]
gradient_change = use("ics_gradient_change")
ICS_RATES = (0.001, 0.01, 0.03, 0.1)


def shift_while_training(depth, norm, lr, seed):
    """For a middle layer: ||G - G'||, the same over ||G||, cos(G, G'), second half of training; and the last loss."""
    split = digits(997, seed)
    torch.manual_seed(seed)
    net = mlp(depth, norm)
    layer = [module for module in net if isinstance(module, nn.Linear)][(depth + 1) // 2]
    step, found, losses = count(), [], []

    def measure(x, y):  # sees every batch before its step
        if next(step) % 8 == 0:
            l2, cos = gradient_change(net, layer, F.cross_entropy, x, y, lr)
            (G,) = torch.autograd.grad(F.cross_entropy(net(x), y), [layer.weight])
            found.append((l2, l2 / G.norm().item(), cos))
        return x, y

    train(net, split.train, 10, batch_size=64, lr=lr, momentum=0, augment=measure, loss=recorded(losses), seed=seed)
    return *np.mean(found[10:], axis=0), np.mean(losses[-20:])


CASES = [(depth, norm) for depth in (15, 5) for norm in (None, nn.BatchNorm1d)]
shift = {
    case: np.array([[shift_while_training(*case, lr, seed) for lr in ICS_RATES] for seed in range(3)]) for case in CASES
}  # (seeds, rates, 4)

fig, axes = plt.subplots(1, 3, figsize=(11.5, 3.9))
for (depth, norm), found in shift.items():
    color, marker, name = ("blue", "o", "batch norm") if norm else ("red", "s", "no batch norm")
    ax = axes[0 if depth == 15 else 1]
    mean_with_spread(ax, ICS_RATES, found[..., 1], color=COLORS[color], marker=marker, label=name)
    ax.set(xscale="log", ylim=(0, 1.5), xlabel="learning rate", title=f"{depth} layers")
    look = {"marker": marker, "color": COLORS[color], "linestyle": "none", "markersize": 6}
    look |= {} if depth == 15 else {"markerfacecolor": "none"}
    axes[2].plot(found[..., 1].ravel(), found[..., 3].ravel(), label=f"{name}, {depth} layers", **look)
axes[0].set_ylabel("change of the gradient, ‖G − G′‖ / ‖G‖")
axes[0].legend(loc="lower right", fontsize=9)
axes[2].set(xlabel="‖G − G′‖ / ‖G‖", ylabel="training loss at the end (nats)", title="Does less shift train better?")
axes[2].set(ylim=(0, 3.3))
axes[2].legend(loc="upper left", fontsize=8, ncols=2, columnspacing=0.8, handletextpad=0.2)
plt.show()

for (depth, norm), found in shift.items():
    print(f"{depth:2} layers, {'batch norm' if norm else 'no batch norm'}")
    print("    learning rate        ", *(f"{lr:8g}" for lr in ICS_RATES))
    for column, name in enumerate(("‖G − G′‖", "‖G − G′‖ / ‖G‖", "cos(G, G′)", "loss at the end")):
        print(f"    {name:21}", *(f"{value:8.3f}" for value in found[..., column].mean(axis=0)))
lower = {depth: shift[depth, None][..., 1] - shift[depth, nn.BatchNorm1d][..., 1] for depth in (15, 5)}
everywhere = all(np.all(values > 0) for values in lower.values())
claim("Batch norm reduces the shift, at every depth and rate: mean reduction",
      np.mean([values.mean(axis=1) for values in lower.values()], axis=0), holds=everywhere)  # fmt: skip
claim("It does in the shallow net at a rate of 0.1", lower[5][:, 3], holds=np.all(lower[5][:, 3] > 0.2))
claim(
    "It INCREASES the shift in the deep net at 0.001: reduction", lower[15][:, 0], holds=np.all(lower[15][:, 0] < -0.2)
)
deep_best = shift[15, nn.BatchNorm1d][:, 3]
claim("The deep net with batch norm learns at 0.1 although G and G′ hardly agree: cosine", deep_best[:, 2],
      holds=np.all(deep_best[:, 2] < 0.5) and np.all(deep_best[:, 3] < 0.8))  # fmt: skip

# %% [markdown]
# Figure: change of the gradient in units of the gradient itself, against the learning rate. Left, 15 layers: with batch
# norm the curve starts at 0.57 for 0.001 and is near 1.1 from 0.01 on; without, it starts at 0.1, reaches 1.0 at 0.01
# and 1.2 at 0.1. Middle, 5 layers: both curves are near 0.1 at 0.01; at 0.1 it is 0.36 with batch norm and 1.0
# without. Right, one point for each run, training loss at the end against the change of the gradient, filled for 15
# layers, open for 5: runs with a loss near 2.3 lie at the far left, where little moves, as well as at the far right;
# runs with a loss below 0.5 lie anywhere from 0.35 to 1.05.
#
# **What to notice.**
#
# - **The sign depends on depth and rate.** In five layers at 0.1 batch norm brings the change of the gradient down
#   from 0.99 to 0.36. In 15 layers at 0.001 it raises it from 0.09 to 0.57. Anyone who reports a single setting can
#   have either result. (In the paper, too, batch norm often *raises* the number.)
# - Why so large in the deep network? You know from section 5: with batch norm its gradients are large at the start,
#   and the same learning rate is a much larger step.
# - **A small shift does not go with good training** (right). The runs with the least shift are those that hardly move
#   at all. And the deep network with batch norm learns best, at 0.1, although after the step of the layers before it
#   the gradient of the ninth layer points somewhere else altogether (cosine 0.24).
# - So the story fails test 2: batch norm does not reliably reduce the number. And low values of the number are not
#   necessary for success. That is *no support* for the story; it is not yet a refutation, for the number may be a bad
#   measure of what was meant. The next section intervenes instead.
#
# ### E03c, continued: a number that can be anything
#
# Most papers plot $\lVert G - G' \rVert$ itself. Here is the reason why we do not. Take the network with batch norm and
# multiply all weights in front of batch norm by $a$, and the learning rate by $a^2$. By section 2 it is *the same*
# network, and its training takes the *same* course: the same outputs at every step. (For this the layers here have no
# $\gamma$ and $\beta$, and $\varepsilon$ is tiny.)

# %% tags=["experiment"]
SCALES = (0.1, 1.0, 10.0)


def rescaled(a, seed):
    """||G - G'|| and cos(G, G') at the start, weights times a, learning rate times a squared."""
    x, y = map(torch.tensor, digits(128, seed).train)
    torch.manual_seed(seed)
    net = mlp(15, lambda width: nn.BatchNorm1d(width, eps=1e-12, affine=False)).double()
    linears = [module for module in net if isinstance(module, nn.Linear)]
    with torch.no_grad():
        for linear in linears[:-1]:
            linear.weight *= a
    return gradient_change(net, linears[8], F.cross_entropy, x.double(), y, 0.001 * a**2)


same = np.array([[rescaled(a, seed) for a in SCALES] for seed in range(3)])  # (seeds, scales, 2)
print("weights times        ", *(f"{a:10g}" for a in SCALES))
for column, name in enumerate(("‖G − G′‖", "cos(G, G′)")):
    print(f"{name:21}", *(f"{value:10.4f}" for value in same[..., column].mean(axis=0)))
ratio = same[:, 0, 0] / same[:, 2, 0]
claim(
    "The same network, the same training, and 100 times the shift",
    ratio,
    holds=np.allclose(ratio, 100, rtol=0.01),
    unit="times",
)
claim(
    "The cosine does not notice: largest difference",
    np.ptp(same[..., 1], axis=1),
    holds=np.ptp(same[..., 1], axis=1).max() < 0.01,
)

# %% [markdown]
# **What to notice.** Nothing that the network computes has changed, at any step of training, and
# $\lVert G - G' \rVert$ has changed by a factor of 100. For a network with batch norm the absolute number measures the
# length of its weights as much as anything else; compared with a network without batch norm it says nothing until the
# lengths are fixed. The cosine is safe, and so is the number relative to $\lVert G\rVert$, as used above.

# %% [markdown]
# ## 7 · Covariate shift on purpose

# %% [markdown]
# A measurement can be argued with. Here is an experiment that cannot be, or less easily. If batch norm helps *because*
# it keeps the distributions steady, then spoiling the distributions **behind** it must spoil the help. So do that:
# after each batch norm layer, shift and stretch every feature by random amounts, other ones at each step. The next
# layer now finds a distribution that jumps more than it ever did without batch norm: covariate shift on purpose.
#
# $$ y = s \cdot \mathrm{BN}(x) + t, \qquad t_d \sim U(-\texttt{mean\_range}, \texttt{mean\_range}), \quad
#    s_d \sim U(1, \texttt{std\_max}) $$
#
# One $t_d$ and one $s_d$ for each feature $d$ and each step, shared by all rows of the batch.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | where | after $\gamma$ and $\beta$ | before batch norm it would be normalized away |
# | shared by | all rows of the batch: the *distribution* moves | noise that is drawn for each value is a kind of augmentation |
# | drawn | once for each call in training | once for all: a constant, which the next layer learns to subtract |
# | original | simplified | Santurkar and others draw the ranges at random, too, and add a little noise to each value |
#
# Randomness: the layer takes a `torch.Generator` and draws from that alone, so that an experiment can be repeated. With
# `None` it draws from torch's global generator, as `nn.Dropout` does.

# %% [markdown]
# ### Exercise: `NoisyBatchNorm` (5 points, extension)
#
# Here `nn.BatchNorm1d` is allowed: you have built it once.
#
# *Difficulty 3 of 4, about 20 minutes.*


# %% exercise="NoisyBatchNorm" points=5
class NoisyBatchNorm(nn.Module):
    """Batch normalization whose output is stretched and shifted at random, anew in every training step.

        in training      y = BN(x) * last_scale + last_shift
        in evaluation    y = BN(x)

    BN is what nn.BatchNorm1d(num_features) computes, with its learnable weight and bias, its defaults for eps and
    momentum and its running statistics, which know nothing of the noise. You may use nn.BatchNorm1d or F.batch_norm;
    torch's instance_norm is switched off while this is checked.
    """

    def __init__(self, num_features, mean_range, std_max, generator=None):
        """Create the layer.

        Args:
            num_features: Number of features D.
            mean_range: A number >= 0; the shifts lie between -mean_range and mean_range.
            std_max: A number >= 1; the scales lie between 1 and std_max.
            generator: A torch.Generator, the only source of the noise (the global random state of torch stays as it
                is), or None for torch's global generator.

        Raises:
            ValueError: mean_range is negative, or std_max is below 1. The message names the argument.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if mean_range < 0:
            raise ValueError(f"mean_range must be at least 0, got {mean_range}")
        if std_max < 1:
            raise ValueError(f"std_max must be at least 1, got {std_max}")
        self.norm = nn.BatchNorm1d(num_features)
        self.mean_range, self.std_max, self.generator = mean_range, std_max, generator
        ### END SOLUTION

    def forward(self, x):
        """Normalize; in training, stretch and shift what comes out.

        In training every call draws new noise: `last_shift`, (D,), uniform between -mean_range and mean_range, and
        `last_scale`, (D,), uniform between 1 and std_max; all of these numbers are independent, and all rows of x get
        the same. Both are kept as attributes. In evaluation there is no noise.

        Args:
            x: Tensor of shape (N, D).

        Returns:
            Tensor of shape (N, D).
        """
        ### BEGIN SOLUTION
        y = self.norm(x)
        if not self.training:
            return y
        draws = torch.rand(2, x.shape[1], generator=self.generator).to(y)
        self.last_shift = self.mean_range * (2 * draws[0] - 1)
        self.last_scale = 1 + (self.std_max - 1) * draws[1]
        return y * self.last_scale + self.last_shift
        ### END SOLUTION


# %% check="NoisyBatchNorm"
check("NoisyBatchNorm")

# %% [markdown]
# ### Experiment E03d: as much shift as you like
#
# Eight ReLU layers, 20 epochs of plain SGD, at learning rates 0.1 and 0.3. Four networks: without batch norm, with it,
# and with `NoisyBatchNorm` in two strengths: shifts up to ±0.1 with stretching up to 1.1, and ±0.5 with up to 1.25
# (the strength of the original paper). Three seeds.
#
# To be sure that the noise does what it should, we measure the shift in the plain sense of the word as well: how far
# does the mean of an input of the fifth layer move **from one training batch to the next**, in units of the standard
# deviation within a batch (root mean square over units)? Two batches of 64 rows from the *same* distribution already
# differ by $\sqrt{2/64} = 0.18$; that is sampling noise and no shift.

# %% tags=["experiment"]
Noisy = use("NoisyBatchNorm")
LAYERS = {
    "no batch norm": (None, "red", "s"),
    "batch norm": (nn.BatchNorm1d, "blue", "o"),
    "noise ±0.1": (lambda width: Noisy(width, 0.1, 1.1), "purple", "^"),
    "noise ±0.5": (lambda width: Noisy(width, 0.5, 1.25), "orange", "D"),
}
NOISY_RATES = (0.1, 0.3)


def noisy_training(norm, lr, seed):
    """Training loss by epoch; test accuracy; median move of the means in a step; test accuracy in training mode."""
    split = digits(997, seed)
    torch.manual_seed(seed)
    net = mlp(8, norm)
    means, deviations, losses = [], [], []

    def remember(layer, inputs):
        if layer.training:
            means.append(inputs[0].detach().mean(dim=0))
            deviations.append(inputs[0].detach().var(dim=0).mean().sqrt())

    [module for module in net if isinstance(module, nn.Linear)][4].register_forward_pre_hook(remember)
    train(net, split.train, 20, batch_size=64, lr=lr, momentum=0, loss=recorded(losses), seed=seed)
    moves = torch.stack(means).diff(dim=0).square().mean(dim=1).sqrt() / torch.stack(deviations[1:])
    accuracy = evaluate(net, split.test)[1]
    x, y = map(torch.tensor, split.test)
    with torch.no_grad():
        noise_on = (net.train()(x).argmax(dim=1) == y).double().mean().item()  # all test digits as one batch
    return np.reshape(losses, (20, -1)).mean(axis=1), accuracy, moves.median().item(), noise_on


noisy = {
    (name, lr): [noisy_training(norm, lr, seed) for seed in range(3)]
    for name, (norm, *_) in LAYERS.items()
    for lr in NOISY_RATES
}

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(11.5, 3.9), width_ratios=(1, 1, 0.9))
for ax, lr in ((left, 0.1), (middle, 0.3)):
    for name, (_, color, marker) in LAYERS.items():
        curves = np.array([run[0] for run in noisy[name, lr]])
        mean_with_spread(ax, np.arange(1, 21), curves, color=COLORS[color], marker=marker, label=name)
    ax.set(ylim=(0, 2.4), xlabel="epoch", title=f"Learning rate {lr}", xticks=(1, 5, 10, 15, 20))
left.set_ylabel("training loss (nats)")
left.legend(loc="upper right", fontsize=9)
for name, (_, color, marker) in LAYERS.items():
    for lr, fill in ((0.1, "none"), (0.3, COLORS[color])):
        look = {"color": COLORS[color], "marker": marker, "markerfacecolor": fill, "linestyle": "none", "markersize": 7}
        right.plot([run[2] for run in noisy[name, lr]], [run[0][-1] for run in noisy[name, lr]], **look)
right.axvline(sqrt(2 / 64), linestyle=":", color="black", marker="")
right.text(sqrt(2 / 64), 0.9, "sampling noise ", fontsize=9, transform=right.get_xaxis_transform(), ha="right")
right.set(xlabel="move of the mean per step (deviations)", ylabel="training loss, last epoch (nats)")
right.set_title("How far do the means move?")
plt.show()

print(f"{'':23}{'test accuracy':>20}{'in training mode':>24}{'move per step':>22}")
for (name, lr), runs in noisy.items():
    shown = ("".join(f"{run[i]:7.2f}" for run in runs) for i in (1, 3, 2))
    print(f"{name:15} lr {lr:4}  ", "  ".join(shown))
accuracy = {key: np.array([run[1] for run in runs]) for key, runs in noisy.items()}
moves = {key: np.array([run[2] for run in runs]) for key, runs in noisy.items()}
loss5 = {key: np.array([run[0][4] for run in runs]) for key, runs in noisy.items()}
extra = moves["noise ±0.1", 0.1] - moves["batch norm", 0.1]
claim("The weak noise moves the means more than batch norm does", extra, holds=np.all(extra > 0), unit="deviations")
gap = accuracy["batch norm", 0.3] - accuracy["noise ±0.1", 0.3]
claim("Weak noise costs next to nothing at 0.3: accuracy lost", gap, holds=np.all(gap < 0.04))
for lr in NOISY_RATES:
    faster = loss5["no batch norm", lr] - loss5["noise ±0.5", lr]
    claim(f"At {lr} strong noise trains faster than no batch norm: loss saved after 5 epochs", faster,
          holds=np.all(faster > 0), unit="nats")  # fmt: skip
gain = accuracy["noise ±0.5", 0.3] - accuracy["no batch norm", 0.3]
claim("At 0.3 it also ends with a higher test accuracy: gain", gain, holds=np.all(gain > 0.1))
gain = accuracy["noise ±0.5", 0.1] - accuracy["no batch norm", 0.1]
claim("At 0.1 it does so, too: gain", gain, holds=np.all(gain > 0))

# %% [markdown]
# Figure: left, training loss against the epoch at a rate of 0.1. Batch norm and weak noise lie on one line and fall
# fastest, to 0.35 after five epochs; strong noise follows with 0.5; no batch norm is at 1.1 there, with a wide band,
# and catches up late. Middle, at 0.3: the three with batch norm fall to 0.2 and less within five epochs, strong noise a
# little above the others; no batch norm stays above 1 with a very wide band. Right, training loss of the last epoch
# against the move of the mean per step, open for 0.1, filled for 0.3: batch norm at 0.03, weak noise at 0.07, no batch
# norm at 0.24 and 0.31, strong noise at 0.29; the dotted line of sampling noise stands at 0.18.
#
# **What to notice.**
#
# - Look at the right panel first, because it decides what the experiment can prove. **The weak noise proves nothing.**
#   It moves the means by 0.07, more than plain batch norm (0.03) but far less than happens without batch norm. A
#   believer in covariate shift has nothing to explain: the distribution *is* steadier.
# - **The strong noise is a test**: it moves the means by 0.29, as much as they move without batch norm (0.24 and 0.31).
#   And it trains clearly faster than no batch norm, at **both** rates. With the shift back, most of the help is still
#   there. That speaks against the story, and it is what the published experiment found on a larger network.
# - **And the other side?** The strong noise does cost something: it is slower than plain batch norm, and at 0.1 its
#   *test accuracy* is below that of no batch norm, 0.90 against 0.96. Is that harm done by shift? The column "in
#   training mode" says no: with the noise **on**, the very same networks read 0.96 of the test digits. In evaluation
#   the noise is off, the stretching is gone, and the stored statistics, collected with it, do not fit. That is a gap
#   between training and test; notebook 06 meets it again with dropout.
# - There is a bonus in the numbers. Without batch norm a large part of what moves is **not** due to training: two
#   batches from the same distribution differ by 0.18. Batch norm takes this sampling noise out of the mean, which is
#   why its 0.03 is *below* 0.18. That is the "change between mini-batches" which some texts call internal covariate
#   shift. Question W03a asks you to sort this out.

# %% [markdown]
# ## 8 · A smoother loss?
#
# Santurkar and others did not only attack the old story, they proposed a new one: batch norm makes the loss
# **smoother**, so that a gradient stays true for longer and larger steps are safe. Two numbers for it, at any point of
# training. Walk along the negative gradient, $\theta - \eta\, g$, for several step sizes $\eta$, and see
#
# - how far apart the *losses* on the way are (largest minus smallest), and
# - how much the *gradient* changes on the way, $\max_\eta \lVert g(\theta - \eta g) - g(\theta)\rVert / \lVert
#   g(\theta)\rVert$. With 1 it is all new.
#
# ### Experiment E03e: walking along the gradient
#
# Five ReLU layers, 60 steps of SGD at a rate of 0.1, and at each of them a walk with step sizes 0.05 to 0.4. Three
# seeds. There are two more networks in it, and by now you will see why: with batch norm and all weights in front of it
# **three times smaller** or **three times larger**. At the start all three compute the same function.

# %% tags=["experiment"]
WALK = (0.05, 0.1, 0.2, 0.4)
SHARES = (0.005, 0.01, 0.02, 0.05)  # the same walk, in shares of the length of all weights


def walk_while_training(norm, scale, seed, steps=60, lr=0.1):
    """By step: losses along the gradient, its largest relative change, training loss, that change by SHARES."""
    x, y = map(torch.tensor, digits(997, seed).train)
    torch.manual_seed(seed)
    net = mlp(5, norm)
    with torch.no_grad():
        for layer in net[:-1]:
            if isinstance(layer, nn.Linear):
                layer.weight *= scale

    def at(theta, rows):
        """Loss of the batch and its gradient, with theta as the parameters."""
        vector_to_parameters(theta, net.parameters())
        loss = F.cross_entropy(net(x[rows]), y[rows])
        return loss.item(), parameters_to_vector(torch.autograd.grad(loss, list(net.parameters())))

    theta, found = parameters_to_vector(net.parameters()).detach(), []
    for _ in range(steps):
        rows = torch.randperm(len(x))[:64]
        loss, gradient = at(theta, rows)
        unit = theta.norm() / gradient.norm()
        walk, scaled = (
            [at(theta - size * gradient, rows) for size in sizes]
            for sizes in (WALK, [unit * share for share in SHARES])
        )
        changes = (max((g - gradient).norm() / gradient.norm() for _, g in way).item() for way in (walk, scaled))
        found.append(([value for value, _ in walk], loss, *changes))
        theta = theta - lr * gradient
    ways, losses, changes, scaled = map(np.array, zip(*found, strict=True))
    return ways, changes, losses, scaled


NETS = {
    "no batch norm": (None, 1.0, "red", "s"),
    "batch norm": (nn.BatchNorm1d, 1.0, "blue", "o"),
    "weights / 3": (nn.BatchNorm1d, 1 / 3, "sky", "v"),
    "weights × 3": (nn.BatchNorm1d, 3.0, "black", "^"),
}
walks = {
    name: [walk_while_training(norm, scale, seed) for seed in range(3)] for name, (norm, scale, *_) in NETS.items()
}

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(11.5, 3.9))
steps = np.arange(1, 61)
for name in ("no batch norm", "batch norm"):
    color = COLORS[NETS[name][2]]
    ways = np.median([walk[0] for walk in walks[name]], axis=0)
    left.fill_between(steps, ways.min(axis=1), ways.max(axis=1), color=color, alpha=0.45, linewidth=0, label=name)
left.set(
    yscale="log", ylim=(0.1, 30), xlabel="step", ylabel="loss along the gradient (nats)", title="Range of the loss"
)
left.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
left.legend(loc="upper left", fontsize=9)
for name, (_, _, color, marker) in NETS.items():
    changes = np.median([walk[1] for walk in walks[name]], axis=0)
    middle.plot(steps, changes, color=COLORS[color], marker=marker, markevery=10, label=name)
    end = [[np.median(walk[1]), walk[2][-10:].mean()] for walk in walks[name]]
    right.plot(*np.transpose(end), color=COLORS[color], marker=marker, linestyle="none", markersize=8)
    across, up = np.mean(end, axis=0)
    right.text(across, up - 0.17, name, color=COLORS[color], weight="bold", ha="right" if across > 3 else "center")
middle.set(yscale="log", xlabel="step", ylabel="change of the gradient, relative", title="Change of the gradient")
middle.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
middle.set_ylim(0.1, 60)
middle.legend(loc="upper left", fontsize=9, ncols=2)
right.set(xscale="log", xlabel="change of the gradient (median)", ylabel="training loss after 60 steps (nats)")
right.set(title="Does smoother train better?", ylim=(-0.12, 1.4), xlim=(0.2, 8))
right.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
right.minorticks_off()
plt.show()

ranges = {name: np.array([np.median(np.ptp(walk[0], axis=1)) for walk in found]) for name, found in walks.items()}
early = {name: np.array([np.median(np.ptp(walk[0][:5], axis=1)) for walk in found]) for name, found in walks.items()}
change = {name: np.array([np.median(walk[1]) for walk in found]) for name, found in walks.items()}
ended = {name: np.array([walk[2][-10:].mean() for walk in found]) for name, found in walks.items()}
shares = {name: np.array([np.median(walk[3]) for walk in found]) for name, found in walks.items()}
print(
    f"{'medians of 60 steps':20}{'range of loss':>15}{'first 5 steps':>15}{'change':>9}{'by shares':>11}{'last loss':>11}"
)
for name in NETS:
    row = (values[name].mean() for values in (ranges, early, change, shares, ended))
    print("{:20}{:15.2f}{:15.2f}{:9.2f}{:11.2f}{:11.2f}".format(name, *row))
ratio = ranges["no batch norm"] / ranges["batch norm"]
claim("With batch norm the loss varies less along the gradient", ratio, holds=np.all(ratio > 2), unit="times less")
ratio = change["no batch norm"] / change["batch norm"]
claim("and the gradient changes less", ratio, holds=np.all(ratio > 2), unit="times less")
ratio = early["batch norm"] / early["no batch norm"]
claim("In the first five steps it is the other way round", ratio, holds=np.all(ratio > 1), unit="times more")
ratio = change["weights / 3"] / change["batch norm"]
claim("The same network with weights / 3 is less smooth", ratio, holds=np.all(ratio > 1.2), unit="times more change")
ratio = shares["no batch norm"] / np.max([shares[name] for name in NETS if name != "no batch norm"], axis=0)
claim("With steps in shares of the weights, all three are smoother than no batch norm", ratio,
      holds=np.all(ratio > 2), unit="times less change")  # fmt: skip
faster = ended["batch norm"] - ended["weights / 3"]
claim("and learns faster: loss saved after 60 steps", faster, holds=np.all(faster > 0), unit="nats")

# %% [markdown]
# Figure: left, band from the smallest to the largest loss along the gradient against the step, logarithmic. Without
# batch norm it is a thin line for the first 15 steps or so and then widens to values of 5 and more, while with batch norm it
# sinks steadily from 2 to 0.3 and stays a fraction of a nat wide. Middle, relative change of the gradient: without
# batch norm it rises from 1 to about 6; with batch norm it stays at 0.8, with weights / 3 at 1.4, with weights × 3 at
# 0.36. Right, training loss after 60 steps against the median change of the gradient: the three networks with batch
# norm lie on a **falling** line, from (0.36, 1.2) over (0.8, 0.48) to (1.4, 0.12); the network without batch norm lies
# far to the right, at 4.9, between 0.65 and 1.15.
#
# **What to notice.**
#
# - With and without batch norm, the published finding reproduces: the loss varies six times less along the
#   gradient, and the gradient stays true for longer. In the **first** steps it is the other way round: 0.13 without
#   batch norm against 0.48, because at its start that network is nearly flat.
# - Now the three networks that are *one* function. They differ in smoothness by a factor of nearly four, and **the
#   least smooth one learns fastest**. That is section 2: shorter weights mean a larger effective rate, so the same
#   walk goes further in the function. How smooth the loss is *along a walk* depends on how far the walk goes.
# - Is smoothness refuted, then? No. Measure the walk in shares of the length of the weights, and all three networks
#   with batch norm change by 1.2 to 2.1, the one without by 8 (last claim but one): this version of the number
#   survives the test that the other one fails. It is a fair point for the story. What is still missing is test 3, an
#   intervention that changes smoothness and nothing else. Santurkar and others come near to it: they divide by other
#   norms ($\ell_1$, $\ell_\infty$) that do not keep mean and variance steady, and find the same help and the same
#   smoothness.

# %% [markdown]
# ## 9 · The noise of the others
#
# In training, the normalized value of a row depends on the rows that happen to be with it in the batch. So each digit
# looks a little different each time it is seen. *Therefore the network can no longer memorize its training data*, says
# the story, *and needs less regularization*. How large is this noise? Take a value that lies $x$ standard deviations
# from the true mean. The batch mean misses the true one by about $1/\sqrt m$, the batch deviation misses the true one
# by about $1/\sqrt{2m}$, and the second error counts $x$ times:
#
# $$ \text{deviation of } \hat x \approx \sqrt{\frac{1 + x^2/2}{m}} . $$
#
# It fades with the root of the batch size.
#
# ### Experiment E03g, continued: noise and memory
#
# Left: one fixed value, one standard deviation above the mean, in 3000 random batches. For the other two panels we need
# batches that differ in nothing but the noise. Training with small batches would change the number and the noise of the
# *gradient* steps, too. The trick is a **ghost batch**: every step takes the gradient of 64 rows, but the layer
# normalizes them in groups of $m$, each with its own statistics. Now $m$ changes the noise of batch norm alone.
#
# Three hidden layers of 128 units learn 320 digits for 60 epochs. Middle: **all labels are random**, so there is
# nothing to learn, only to memorize. Right: **20 %** of the labels are random; we look at the test accuracy. Three
# seeds.

# %% tags=["experiment"]
SIZES = (2, 4, 8, 16, 32, 64)


class GhostBatchNorm(nn.Module):
    """Batch norm that, in training, normalizes each group of m rows with the statistics of the group."""

    def __init__(self, width, m):
        super().__init__()
        self.norm, self.m = nn.BatchNorm1d(width), m

    def forward(self, x):
        if not self.training:
            return self.norm(x)
        with torch.no_grad():
            self.norm(x)  # only to store statistics for evaluation, those of all rows
        groups = x.unflatten(0, (-1, self.m)).transpose(1, 2)  # (groups, width, m)
        xhat = F.instance_norm(groups, eps=self.norm.eps).transpose(1, 2).flatten(0, 1)
        return xhat * self.norm.weight + self.norm.bias


def memory(m, seed, label_noise):
    """Accuracy on the training and on the test data; m = 0 is a network without batch norm."""
    split = digits(320, seed, label_noise=label_noise)
    torch.manual_seed(seed)
    layers, width = [], 64
    for _ in range(3):
        linear = nn.Linear(width, 128)
        he(linear)
        layers += [linear, *([GhostBatchNorm(128, m)] if m else []), nn.ReLU()]
        width = 128
    net = nn.Sequential(*layers, nn.Linear(128, 10))
    train(net, split.train, 60, batch_size=64, lr=0.05, seed=seed)
    return evaluate(net, split.train)[1], evaluate(net, split.test)[1]


def spread(m, seed):
    """Mean and deviation of the normalized value of x = 1 among m - 1 others, over 3000 batches."""
    others = np.random.default_rng(seed).normal(size=(3000, m - 1))
    batches = np.column_stack([np.ones(3000), others])
    values = (1 - batches.mean(axis=1)) / batches.std(axis=1)
    return values.mean(), values.std()


noise = np.array([[spread(m, seed) for m in (*SIZES, 128)] for seed in range(5)])[..., 1]
groups = (0, 2, 4, 8, 64)  # 0: no batch norm
by_heart = np.array([[memory(m, seed, 1.0) for m in groups] for seed in range(3)])  # (seeds, groups, 2)
mislabelled = np.array([[memory(m, seed, 0.2) for m in groups] for seed in range(3)])

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(11.5, 3.8))
mean_with_spread(left, (*SIZES, 128), noise, color=COLORS["blue"], marker="o", label="measured")
left.plot((*SIZES, 128), np.sqrt(1.5 / np.array((*SIZES, 128))), ":", color="black", marker="", label="√(1.5 / m)")
left.set(xscale="log", yscale="log", xlabel="rows in the batch, m", ylabel="deviation of x̂ over batches")
left.set(title="The noise for one value (x = 1)")
left.set_xticks([2, 8, 32, 128], [2, 8, 32, 128])
left.set_yticks([0.1, 0.2, 0.5, 1], [0.1, 0.2, 0.5, 1])
left.minorticks_off()
left.legend()
for ax, found, column, title, word in (
    (middle, by_heart, 0, "All labels random", "training accuracy"),
    (right, mislabelled, 1, "20 % of the labels random", "test accuracy"),
):
    mean_with_spread(ax, groups[1:], found[:, 1:, column], color=COLORS["blue"], marker="o", label="batch norm")
    without = found[:, 0, column]
    ax.axhline(without.mean(), color=COLORS["red"], linestyle="--", marker="", label="no batch norm")
    ax.axhspan(*(without.mean() + np.array([-1, 1]) * without.std(ddof=1)), color=COLORS["red"], alpha=0.15)
    ax.set(xscale="log", xlabel="rows that share statistics, m", ylabel=word, title=title)
    ax.set_xticks(groups[1:], groups[1:])
    ax.minorticks_off()
    ax.legend(loc="lower right")
middle.set_ylim(0, 1.03)
plt.show()

print("m                          ", *(f"{m or 'none':>7}" for m in groups))
for name, found in (("random labels", by_heart), ("20 % random labels", mislabelled)):
    for column, part in enumerate(("train", "test")):
        print(f"{name:20}{part:7}", *(f"{value:7.3f}" for value in found[..., column].mean(axis=0)))
near = noise[:, 2:].mean(axis=0) / np.sqrt(1.5 / np.array((*SIZES[2:], 128)))
claim(
    "From 8 rows on the noise follows the formula: measured over calculated", near, holds=np.all(abs(near - 1) < 0.08)
)
claim(
    "Batch norm with 64 rows learns random labels by heart", by_heart[:, 4, 0], holds=np.all(by_heart[:, 4, 0] > 0.95)
)
claim("With groups of 4 it cannot, in the same time", by_heart[:, 2, 0], holds=np.all(by_heart[:, 2, 0] < 0.9))
gain = mislabelled[:, 4, 1] - mislabelled[:, 0, 1]
claim("With 20 % random labels batch norm (64 rows) raises the test accuracy by 0.03", gain, holds=np.all(gain > 0.03))

# %% [markdown]
# Figure: left, deviation of one normalized value over random batches against the size of the batch, both axes
# logarithmic: 0.72 at 2 rows, 0.41 at 8, 0.11 at 128; from 8 on the points lie on the dotted line √(1.5/m). Middle,
# training accuracy with random labels against the number of rows that share statistics: 0.15 at 2, 0.70 at 4, 0.99 at
# 8, 1.00 at 64; without batch norm 1.00. Right, test accuracy with 20 % random labels: 0.62 at 2, then between 0.77 and
# 0.83 with wide bands; without batch norm 0.81, in the middle of them.
#
# **What to notice.**
#
# - The noise is real, and the small formula describes it. (For very small batches it cannot: the normalized value is
#   bounded by $\sqrt{m-1}$, which is 1 at two rows.)
# - **"Can no longer memorize" is false** from eight rows on: 320 random labels are learned by heart. Only groups of
#   four or two keep the network from it, and they do so by making it hard to learn anything.
# - **"Needs less regularization"** is not visible here. With 64 rows the test accuracy differs from that without batch
#   norm by less than the spread of three seeds. The same holds at 4 and 8. Larger networks trained for longer
#   do show a small gain from this noise at moderate $m$; dropout (notebook 05) is the stronger tool, and its noise does
#   not fade when the batch grows.
# - The trick with ghost batches is worth remembering: it changes the supposed cause, the noise, and leaves the
#   rest of training as it is.

# %% [markdown]
# ## 10 · The argument, both sides
#
# | the story | for it | against it, or its limits | what is left |
# | --- | --- | --- | --- |
# | **The step size tunes itself** | a theorem (right angle, growing weights); rates from 0.1 to 1000 all work; *intervention*: hold the weights at their length, and at 100 the accuracy falls from 0.98 to 0.34 | tunes down, never up; explains nothing at small rates, where batch norm helps as well | **the best supported here**, and not the whole |
# | **Gaussian, or within [−1, 1]** | nearly normal sums in wide layers at the start, with or without batch norm | kurtosis 1.01; a value of 10 at 101 rows; a straight line changes no shape | false as stated; mean and variance, nothing else |
# | **No exploding gradients** | forward, the variance is 1 by construction; shallow networks train over a wide range of rates | a plain deep network: × 1.211 per layer, about 20 000 at 55 layers, without any way to tune it; no batch norm and He's start: 0.1 | false for deep plain networks, a matter of batch norm **and** skips |
# | **Less internal covariate shift** | 5 layers, rate 0.1: change of the gradient 0.99 down to 0.36; means move less | 15 layers, rate 0.001: 0.09 up to 0.57; the deep net learns with a cosine of 0.24; $\lVert G-G'\rVert$ takes any value for one and the same network; *intervention*: with the shift put back by noise, training is still faster than without batch norm, at both rates | not necessary for the help; whether it contributes is open |
# | **A smoother loss** | range of the loss 1.9 down to 0.30, change of the gradient 4.9 down to 0.79 | other way round in the first steps; the same function with weights / 3 is *less* smooth and learns *faster* (scale-free versions of the number are free of this) | a good description of a run that goes well; not shown to be its cause here |
# | **Noise regularizes** | the noise exists, $\sqrt{(1 + x^2/2)/m}$; in groups of 4 only 0.70 of random labels are memorized | from 8 rows on random labels are learned by heart (0.99 and more); with 20 % random labels no gain in test accuracy | real, small at usual batch sizes |
#
# Three habits to take with you, because they decide most arguments of this kind.
#
# - **At which learning rate?** Nearly every comparison above changes its sign somewhere between 0.001 and 1. A claim
#   without the rate (and the depth) is not yet a claim.
# - **Does the number survive a change that changes nothing?** Rescaling the weights leaves a network with batch norm
#   as it is. A quantity that changes then is not a property of the network.
# - **Necessary, sufficient, or just there?** "With batch norm the loss is smoother and training is faster" says that
#   two things go together. Only an intervention on one of them says more.
#
# What these small networks cannot decide: the published evidence for smoothness, and for training under strong noise,
# comes from convolutional networks on larger images, far bigger and trained for far longer than ours. Where our numbers
# agree with theirs (shift can rise, noise can be survived, deep plain networks explode) the case is good; where ours
# are alone (one depth, one data set, three seeds), the honest word is *it depends on the setting*, and the table says
# on what.

# %% [markdown]
# ## 11 · Two questions in words

# %% [markdown] question="W03a" points=5
# **W03a (5 points).** Four lecture texts explain what batch norm is good for:
#
# - **A**: "As training evolves, the means and standard deviations at every layer change; and they differ between
#   training and testing. This is covariate shift."
# - **B**: "Every mini-batch has a different distribution. The change between these mini-distributions is called
#   internal covariate shift."
# - **C**: "Covariate shift is the change in the distribution of a component's activation."
# - **D**: "Internal covariate shift is the change in the distribution of a layer's inputs that is caused by updates of
#   the layers before it."
#
# (a) What does *covariate shift* mean in statistics, where the word comes from (Shimodaira, 2000)? Say what changes and
# what does not, and give an example. (b) Which of A to D is the meaning of Ioffe and Szegedy? For each of the others,
# say what it describes instead, or what it leaves out. (c) Someone freezes all weights and feeds one batch after the
# other. How large are the batch-to-batch variation and the internal covariate shift, in the sense of D and in that of
# `ics_gradient_change`? (d) "And what is internal covariate shift, by the way? Is it why batch norm works?" Answer in
# at most five sentences, with one number from this notebook for each side.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) The distribution of the inputs, $p(x)$, differs between training and test, while $p(y \mid x)$,
# how the answer depends on the input, is the same. Example: a digit reader trained on the handwriting of adults and
# used on that of children; a 7 is a 7 in both. A model that fits well where the training data lie may fit badly where
# the test data lie. Nothing is internal about it, and it is between two data sets, not between two steps.
#
# (b) D is the meaning of Ioffe and Szegedy: the cause, *parameters change*, belongs to the definition. A throws two
# things together: the change during training (which is D without the cause) and the difference between training and
# test (which is Shimodaira's). B describes **sampling noise**: different batches of the same data through the same
# network; it is there with frozen weights too, and it is what the noise of batch norm comes from. C leaves out between
# what the change takes place (batches, steps, training and test) and what causes it, and drops "internal".
#
# (c) Batch-to-batch variation is there: the means of two batches of $m$ rows differ by about $\sqrt{2/m}$ standard
# deviations, and the normalized value of one fixed row varies with a deviation of 0.72 at $m = 2$ to 0.11 at 128
# (E03g). Internal covariate shift is exactly 0 in both senses: no parameter has changed; with lr = 0,
# `ics_gradient_change` gives 0 and 1.
#
# (d) For example: "It is the change of the distribution of a layer's inputs because the layers before it are being
# trained. For: batch norm does hold the mean and the variance of its outputs still (the means move by 0.03 deviations
# a step instead of 0.24 or more, E03d), and in the five-layer network at a rate of 0.1 it brings the change of the
# gradient down from 0.99 to 0.36 (E03c). Against: in 15 layers at 0.001 it raises that change from 0.09 to 0.57, and
# the deep network with batch norm learns well at 0.1 although G and G′ hardly agree (cosine 0.24). So reducing it is
# not necessary for the success. Whether it contributes is open; other consequences, like the tuned step size, are
# better supported here."
#
# **Rubric.** (a) 1 point: $p(x)$ changes and $p(y \mid x)$ does not, with an example. (b) 2 points: D named with its
# cause (½), and ½ for each of A (two things mixed), B (sampling noise, present in a frozen network), C (incomplete).
# (c) 1 point: variation not 0 **and** shift exactly 0. (d) 1 point: ½ for a correct statement with one fitting number
# on each side, ½ for a conclusion that goes no further than the numbers do ("not necessary", "open"; not "refuted
# everywhere").
# ### END SOLUTION

# %% [markdown] question="W03b" points=4
# **W03b (4 points).** Two sentences: "Batch norm makes the activations Gaussian." "Before γ and β, all values lie
# strictly between −1 and 1." Refute both by calculation, with $\varepsilon = 0$. (a) A unit gives −5 for half of the
# rows and 5 for the other half. What are its normalized values, their kurtosis (mean of $\hat x^4$), and what would the
# kurtosis of a Gaussian be? (b) In a batch of $m = 101$ rows a unit is 1 in one row and 0 in all others. What is the
# largest normalized value? (c) Show that $\lvert\hat x_i\rvert \le \sqrt{m-1}$ in any batch of $m$ rows. (d) What *is*
# true of the normalized values, in every batch?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) $\mu = 0$, $\sigma = 5$, so the normalized values are −1 and 1, half of each; $\hat x^4 = 1$ in
# every row, kurtosis **1** instead of 3. (The experiment has 1.01 because its humps have a width.) This also
# refutes *strictly* between −1 and 1.
#
# (b) $\mu = 1/101$, $\sigma^2 = \frac1{101} - \frac1{101^2} = \frac{100}{101^2}$, so $\sigma = 10/101$ and
# $\hat x = \frac{1 - 1/101}{10/101} = \frac{100/101}{10/101} =$ **10**. The others are at −0.1.
#
# (c) The normalized values have $\sum_j \hat x_j = 0$ and $\sum_j \hat x_j^2 = m$. From the first,
# $\hat x_i = -\sum_{j \ne i} \hat x_j$, a sum of $m-1$ terms; by Cauchy and Schwarz
# $\hat x_i^2 \le (m-1) \sum_{j\ne i} \hat x_j^2 = (m-1)(m - \hat x_i^2)$. Solve: $m\,\hat x_i^2 \le m(m-1)$. Equality
# when all the others are equal, as in (b).
#
# (d) Their mean is 0 and their variance (divided by $m$) is 1, or $\sigma^2/(\sigma^2+\varepsilon)$ with an
# $\varepsilon$; and $\lvert\hat x\rvert \le \sqrt{m-1}$. Nothing else: the shape is that of the input, moved and
# stretched.
#
# **Rubric.** 1 point for each part. (a) both values and 1 against 3; half without the comparison. (b) 10 with the
# calculation; half for the right method with a slip (such as dividing by $m-1$, which gives 9.95). (c) both sums and an
# inequality that uses them; half for the bound from $\sum \hat x^2 = m$ alone, $\sqrt m$. (d) mean and variance, and
# that the shape is not changed.
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **The scale identities** and the effective learning rate. With weight decay the weights in front of a normalization
#   can shrink as well; notebook 07 shows what a *penalty on weights that do not matter* really does.
# - **Undoing the layer, dropping the bias**: bookkeeping that you need whenever weights move between libraries.
# - **A measure of internal covariate shift**, and the habit of asking whether a number survives a change of scale.
# - **Shift on purpose**: an intervention. The same pattern returns in notebook 05, where one changes the noise of
#   dropout and nothing else.
# - The invariance to scale is not special to the batch: notebook 04 makes the same table for **layer norm** and weight
#   normalization, and needs no batch for it.
# - The skip connections that rescued the deep network here are notebook 11.
#
# **Next**: [04 · The normalization family, and layer normalization in
# depth](../04_normalization_family/04_normalization_family.ipynb).


# %%
progress()
