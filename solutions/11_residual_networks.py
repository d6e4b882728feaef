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
# # Residual networks and stochastic depth
#
# A layer of a plain network **replaces** its input: $x \mapsto f(x)$. A residual block **adds** to it:
# $x \mapsto x + f(x)$. That one plus sign made networks of a hundred layers trainable, and nearly every network built
# since has it. Three explanations are told with it, and all three are half right:
#
# 1. *"The gradient has more ways back, so it becomes larger."* The ways exist, $2^L$ of them, and you will count them.
#    Larger is not the point: in one of our networks skips make the gradient 500 times **smaller**, and this is the one
#    that trains.
# 2. *"The output of a block goes to all later layers."* It does, but not as an input of its own: it is one term of a
#    running sum.
# 3. *"A sum of that kind is a differential equation."* It is one step of Euler's method. Whether *trained* blocks
#    behave like steps is a question you can measure.
#
# The plus sign has another consequence. Where there is a sum, a term can be left out, and something sensible remains:
# one can **drop whole layers** during training. That is stochastic depth, the last member of a family which began
# with dropping single units in notebook 05. The second half of this notebook puts the family on one ladder and answers
# a question that is easily asked and seldom answered: what do dropout, convolutions and stochastic depth have to do
# with each other?
#
# By the end you will be able to
#
# - say what the formula of a residual network is (a printed one that you may meet is wrong), and expand it into paths;
# - build the three standard blocks, with the shapes, shortcuts and orders of layers that the papers and libraries use;
# - predict how fast signals and gradients grow in a stack of blocks, and prevent it;
# - write one mask function for dropout, DropBlock, spatial dropout and stochastic depth;
# - train with stochastic depth, and say when its test rule is exact.
#
# **You need**: notebooks [00](../00_workshop/00_workshop.ipynb), [02](../02_batch_norm/02_batch_norm.ipynb) and
# [05](../05_dropout/05_dropout.ipynb); section 5 of notebook [03](../03_batch_norm_why/03_batch_norm_why.ipynb) helps.
# **Time**: about 4.5 hours. **Points**: 44 for code in eight exercises, 9 for two questions in words. Exercises marked
# *extension* can be left out without losing the thread.
#
# The rules of notebook 02 hold: arguments are left as they were, bad input is refused with a `ValueError` that names
# the argument, and `hint("residual_stack")` helps. Probabilities are called $p_\text{drop}$ or $p_\text{survive}$; the
# formulas of section 7 shorten the latter to $p_l$ and $p$, as the papers do. $L$ is the number of blocks.

# %%
from itertools import pairwise
from time import process_time

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.patches import FancyBboxPatch
from scipy.integrate import solve_ivp
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · Deeper is worse
#
# Why not simply use more layers? One hidden layer can approximate every continuous function, so depth is not needed for
# *expressing* things; it is often good for generalizing; and a deeper network can do all that a shallow one can, since
# its extra layers could just copy their input. So a deeper network should at least **fit the training data** as well.
#
# ### Experiment E11a: 6 to 56 layers
#
# Here is the network that you met in notebook 03: a first layer of 48 units, then **blocks** of two layers each
# (linear, batch norm, ReLU, linear, batch norm, then ReLU), ten logits. With `skip` the input of the block is added
# before the last ReLU. That is the only difference: the same number of parameters, the same start, the same 997 digits,
# 8 epochs of SGD with momentum at a rate of 0.05, three seeds.
#
# One rate for all depths may be unfair to the deep plain networks. So at 34 layers the *plain* network gets a
# second try, at 0.0125; the one with skips does not.
#
# Written down before the run: (1) 56 plain layers fit the *training* digits worse than 6, by more than 0.3. (2) At 6
# layers skips make no difference (less than 0.02). (3) With skips, 56 layers come within 0.1 of 6 layers in training
# accuracy. (4) With skips, deeper is better on test digits, as in the figure of the ResNet paper. (5) Neither rate
# brings 34 plain layers within 0.3 of 34 layers with skips.

# %% tags=["experiment"]
BLOCKS = (2, 8, 16, 27)
LAYERS = 2 * np.array(BLOCKS) + 2


class Block(nn.Module):
    """Linear, norm, ReLU, linear, norm; then the input is added, if skip; then ReLU."""

    def __init__(self, norm, skip, width=48):
        super().__init__()
        parts = []
        for _ in range(2):
            linear = nn.Linear(width, width, bias=not norm)
            nn.init.kaiming_normal_(linear.weight)
            parts += [linear, nn.BatchNorm1d(width) if norm else nn.Identity(), nn.ReLU()]
        self.branch, self.skip = nn.Sequential(*parts[:-1]), skip

    def forward(self, x):
        return F.relu(x + self.branch(x) if self.skip else self.branch(x))


def deep(blocks, skip, norm=True):
    """A first layer of 48 units, the blocks, ten logits."""
    first = nn.Linear(64, 48), nn.BatchNorm1d(48) if norm else nn.Identity(), nn.ReLU()
    return nn.Sequential(*first, *(Block(norm, skip) for _ in range(blocks)), nn.Linear(48, 10))


def fit(net, data, epochs, seed, lr=0.05, **settings):
    """SGD with momentum 0.9 on batches of 64."""
    sgd = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, fused=True)  # fused: the same, faster
    for weight in net.parameters():  # fused wants all of these at once; weights of a dropped block have no gradient
        sgd.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
    return train(net, data, epochs, batch_size=64, optimizer=sgd, seed=seed, **settings)


def accuracies(blocks, skip, seed, lr=0.05):
    """Accuracy on training, validation and test digits after 8 epochs."""
    split = digits(997, seed)
    torch.manual_seed(seed)
    net = deep(blocks, skip)
    fit(net, split.train, 8, seed, lr)
    return [evaluate(net, part)[1] for part in split]


plain, skips = (
    np.array([[accuracies(blocks, skip, seed) for blocks in BLOCKS] for seed in range(3)]) for skip in (False, True)
)  # (seeds, depths, parts)

fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True)
for ax, runs, title in zip(axes, (plain, skips), ("Plain", "With skips"), strict=True):
    mean_with_spread(ax, LAYERS, runs[..., 0], color=COLORS["blue"], marker="o", label="training digits")
    mean_with_spread(ax, LAYERS, runs[..., 2], color=COLORS["red"], marker="s", label="test digits")
    ax.axhline(0.1, linestyle=":", color="black", marker="")
    ax.set(title=title, xlabel="layers", xticks=LAYERS, ylim=(0, 1.03))
axes[0].set_ylabel("accuracy after 8 epochs")
axes[0].text(6, 0.12, "chance", fontsize=9)
axes[1].legend(loc="lower left")
plt.show()

print("layers       plain: training  test       skips: training  test")
for column, layers in enumerate(LAYERS):
    row = [runs[:, column, part].mean() for runs in (plain, skips) for part in (0, 2)]
    print(f"{layers:6}           {row[0]:11.3f} {row[1]:5.3f}           {row[2]:9.3f} {row[3]:5.3f}")

smaller = np.array([accuracies(16, False, seed, 0.0125) for seed in range(3)])
print(f"34 plain layers at a rate of 0.0125: training {smaller[:, 0].mean():.3f}, test {smaller[:, 2].mean():.3f}")

gap = plain[:, 0, 0] - plain[:, 3, 0]
claim("(1) 56 plain layers fit the training digits worse than 6: gap", gap, holds=np.all(gap > 0.3))
small = skips[:, 0, 2] - plain[:, 0, 2]
claim("(2) At 6 layers skips make no difference: test accuracy", small, holds=np.all(abs(small) < 0.02))
lost = skips[:, 0, 0] - skips[:, 3, 0]
claim("(3) With skips, 56 layers fit nearly as well as 6: gap", lost, holds=np.all(lost < 0.1))
more = skips[:, 3, 2] - skips[:, 0, 2]
claim("(4) With skips, 56 layers are better on test digits than 6: gain", more, holds=np.all(more > 0))
ahead = skips[:, 2, 0] - np.maximum(plain[:, 2, 0], smaller[:, 0])
claim("(5) 34 layers: skips ahead of the better plain rate (training)", ahead, holds=np.all(ahead > 0.3))

# %% [markdown]
# Figure: accuracy after 8 epochs against the number of layers, mean and one standard deviation over three seeds. Left,
# plain: training and test digits fall together from 1.0 and 0.97 at 6 layers over 0.95 and 0.91 at 18 to about 0.4 at
# 34 and 0.15 at 56, nearly chance. Right, with skips: from 1.0 and 0.97 slowly down to 0.92 and 0.88 at 56 layers.
#
# **What to notice.**
#
# - **Training and test digits fall together.** The deep plain network does not even fit the 997 digits it is shown:
#   less than 0.2 at 56 layers, where 6 layers reach 0.997.
# - At 6 layers the skips are of no use, at 34 they make the difference between 0.4 and 0.98.
# - A smaller rate does not repair it: about 0.4 at 34 layers with either. (Two rates are not a proof. More epochs would
#   help somewhat, too. The comparison says that in equal conditions one is easy and the other hard.)
# - **Deeper did not become better.** With skips the test accuracy *falls*, too, from 0.97 to 0.9 or less: claim (4)
#   failed. In the paper, on CIFAR-10, deeper residual networks are better. There the task needs the depth. For 8 × 8
#   digits 6 layers are plenty, and 56 are harder to train in 8 epochs. What skips remove is most of the penalty on
#   depth; they do not make depth useful.
#
# This is the **degradation problem**. It is not overfitting, which would be a good training accuracy and a bad test
# accuracy. It is not what the function class can express, since copying layers would be enough. Gradient descent does
# not *find* the copying layers. So give it the copy for free, and let it learn the difference from it: the *residual*.

# %% [markdown]
# ## 2 · A sum and a composition
#
# A plain network is a composition of functions, for four of them
#
# $$ F(G(H(I(x)))) . $$
#
# It is hierarchical and easy to think about, and every function depends on all those inside it. If one of them spoils
# the signal, the rest never sees it. A residual network with three blocks $F$, $G$, $H$ (this time $F$ comes first)
# computes
#
# $$
# x_1 = x + F(x), \qquad x_2 = x_1 + G(x_1), \qquad x_3 = x_2 + H(x_2),
# $$
#
# and if you put it all into one line,
#
# $$
# x_3 = x + F(x) + G\big(x + F(x)\big) + H\big(x + F(x) + G(x + F(x))\big) .
# $$
#
# The network is the input **plus the sum of all branches**, and each branch is evaluated at **the running sum in front
# of it**. Lecture notes on the web shorten this to $x + F(x) + G(F(x)) + H(G(F(x)))$. That is another network, in which
# the sum happens only once, at the end; before it there is a plain chain. (It is also a frequent bug.)
#
# ### By hand
#
# Take three blocks that multiply a number by 0.3, 0.5 and 0.7, and the input $x = 1$.
#
# | | computation | result |
# | --- | --- | --- |
# | plain | $0.7 \cdot 0.5 \cdot 0.3$ | 0.105 |
# | residual, step by step | $1 \to 1.3 \to 1.3 + 0.65 = 1.95 \to 1.95 + 1.365$ | **3.315** |
# | its three branches | $0.3,\; 0.65,\; 1.365$; together 2.315 | $1 + 2.315$ |
# | as a product | $1.3 \cdot 1.5 \cdot 1.7$ | 3.315 |
# | the shortened formula | $1 + 0.3 + 0.15 + 0.105$ | 1.555 |
#
# Multiply the product out and there are eight terms, $2^3$, one for each subset of the blocks:
#
# $$ 1 + (0.3 + 0.5 + 0.7) + (0.3\cdot0.5 + 0.3\cdot0.7 + 0.5\cdot0.7) + 0.3\cdot0.5\cdot0.7 = 1 + 1.5 + 0.71 + 0.105 . $$
#
# The shortened formula has four of them: 1, 0.3, 0.15 and 0.105. Keep these numbers, they come back as gradients.
#
# ### "The output goes to all later layers"
#
# You will read that a ResNet makes the output of a block the input of *all succeeding* layers instead of only the next
# one. The output of block 1 does get everywhere: it is a term of the sum that all later blocks read. But it is **added
# in**: a later block reads one array of the same shape, in which it cannot tell the terms apart, and which a block in
# between can cancel. Networks in which each layer gets the outputs of all earlier layers as **separate inputs**, side
# by side (concatenated), exist too: they are called DenseNets, and their width grows with every layer. So: ResNet, one
# sum that all share; DenseNet, a list that gets longer.
#
# The idea behind it is simple. Suppose one block is enough to recognize an easy image. In a plain network this finding
# must survive all layers that follow. In the sum it stays, unless somebody takes it out; and the gradient of the last
# layer gets back to that block without passing any of the others.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | order of the list | **first function first**: `fs = [F, G, H]` is $H(G(F(x)))$ in `compose` | written formulas name the last function first, or the first first, even on one page |
# | shapes | every branch keeps the shape of its input, exactly | a branch of shape `(1, D)` would broadcast in NumPy; here it is an error |
# | the branches | $f_l(x_l)$, without the skip | |
# | an empty list | the identity, no error | |
#
# ### Exercise: `compose` and `residual_forward` (5 points)
#
# Beware of `x += f(x)`: for NumPy it means "write into the caller's array".
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="residual_stack" points=5
def compose(fs, x):
    """A plain network: apply the functions one after the other, the first of the list first.

        x_0 = x,    x_{l+1} = f_l(x_l)

    Args:
        fs: List of functions that take an array and return one. The list is not changed.
        x: Array of any shape; integers work as well. It is not changed.

    Returns:
        x_L, the array after the last function; an empty list returns x (the same array or an equal one).
    """
    ### BEGIN SOLUTION
    for f in fs:
        x = f(x)
    return x
    ### END SOLUTION


def residual_forward(fs, x):
    """A residual network: every function adds to what came before it, its skip connection.

        x_0 = x,    x_{l+1} = x_l + f_l(x_l),    branches[l] = f_l(x_l)

    So y = x_L is x plus the sum of all branches, and each branch was evaluated at the running sum in front of it.

    Args:
        fs: List of functions that take an array and return one of the same shape. None of them is called twice. The
            list is not changed.
        x: Array of any shape; integers work as well. It is not changed, and neither are the arrays that the functions
            return, which may be x_l itself.

    Returns:
        y, an array of the shape of x, and branches, a list of the L arrays f_l(x_l) in the order of fs. An empty list
        of functions gives an array equal to x and an empty list.

    Raises:
        ValueError: a function returns another shape than it was given, also one that would broadcast. The message
            names fs.
    """
    ### BEGIN SOLUTION
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branch = np.asarray(f(y))
        if branch.shape != y.shape:
            raise ValueError(f"fs[{number}] must keep the shape {y.shape}, it returned {branch.shape}")
        branches.append(branch)
        y = y + branch
    return y, branches
    ### END SOLUTION


# %% check="residual_stack"
check("residual_stack")

# %% [markdown]
# With both at hand, the table above is two lines.

# %% tags=["experiment"]
plain_net, residual_net = use("compose"), use("residual_forward")
blocks = [lambda x, a=a: a * x for a in (0.3, 0.5, 0.7)]
y, branches = residual_net(blocks, np.array([1.0]))
print("plain          ", plain_net(blocks, np.array([1.0])).round(3))
print("residual       ", y.round(3), "= 1 +", " + ".join(f"{branch[0]:.3f}" for branch in branches))
print("shortened form ", sum(plain_net(blocks[:k], np.array([1.0])) for k in range(4)).round(3))

# %% [markdown]
# ## 3 · Gradients through skips
#
# Let $J_l$ be the Jacobian of branch $l$, so block $l$ has the Jacobian $I + J_l$. Back-propagation walks from the end
# to the start, and one step is
#
# $$ dx_{l-1} = (I + J_l)^\top dx_l = dx_l + J_l^\top dx_l . $$
#
# The gradient that arrives is handed on *unchanged*, and the branch adds its part. For all $L$ blocks,
#
# $$ dx_0 = (I + J_1)^\top (I + J_2)^\top \cdots (I + J_L)^\top\, dy . $$
#
# Multiply out. Each factor offers a choice, $I$ (take the skip) or $J_l$ (go through the branch), and the product is
# the sum over all $2^L$ ways to choose: the **paths** of the network. There are $\binom Lk$ paths through exactly $k$
# branches. A plain network has **one** path, the longest of all.
#
# By hand, with the numbers from above as one-by-one Jacobians and $dy = 1$:
#
# | branches on the path | paths | their sum |
# | --- | --- | --- |
# | 0 | 1 | 1 |
# | 1 | 3 | 1.5 |
# | 2 | 3 | 0.71 |
# | 3, the plain network | 1 | 0.105 |
# | all | 8 | 3.315 |
#
# Two warnings, both of them easy to see in this form.
#
# - *More paths* is not *a larger gradient*. With three branches of $-0.5$ the plain gradient is $-0.125$ and the
#   residual one $0.5^3 = 0.125$: paths also cancel. And with $J = 1$ the residual gradient is $2^L$: it explodes.
# - The product has to be kept **in order**. Matrices do not commute: a path through blocks 1 and 3 contributes
#   $J_3 J_1$ to the Jacobian (the later block stands to the left), and the transpose of this, $J_1^\top J_3^\top$, to
#   the gradient.
#
# How can one add up $2^L$ products without making a list of them? Group them by length, and let the network grow block
# by block. With $P_k$ the sum over paths of length $k$, a new block $J$ at the end leaves each path as it is (skip) or
# makes it longer by one (branch): the new $P_k$ is $P_k + J P_{k-1}$. It is Pascal's triangle with matrices.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | `jacs` | Jacobians of the **branches**, $J_l$, without the $I$; entry $[i, j]$ is the derivative of output $i$ with respect to input $j$ | |
# | order | `jacs[0]` is next to the input | |
# | `residual_backward` | gradient as a column: transposes, from the last block to the first | frameworks call it a vector–Jacobian product |
# | `paths_by_length` | the forward Jacobian, no transpose; `paths[k]` has paths of $k$ branches, `paths[0]` is $I$ | Veit and others, arXiv:1605.06431, call it the unraveled view |
#
# ### Exercise: `residual_backward` and `paths_by_length` (6 points)
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="residual_backward" points=6
def residual_backward(dy, jacs):
    """The gradient of the input of a residual network, from the gradient of its output.

        x_l = x_{l-1} + f_l(x_{l-1}),   J_l the Jacobian of f_l:   dx = (I + J_1)^T (I + J_2)^T ... (I + J_L)^T dy

    Args:
        dy: (D,) gradient of the loss with respect to the output x_L. It is not changed.
        jacs: List of L >= 1 arrays (D, D); jacs[l - 1][i, j] is the derivative of entry i of branch l with respect to
            entry j of its input. The first of the list belongs to the block nearest to the input. It is not changed.

    Returns:
        (D,) gradient of the loss with respect to the input x_0.

    Raises:
        ValueError: dy is not one-dimensional, or a Jacobian is not of shape (D, D). The message names the argument.
    """
    ### BEGIN SOLUTION
    dx = np.asarray(dy, dtype=float)
    if dx.ndim != 1:
        raise ValueError(f"dy must have shape (D,), got {dx.shape}")
    for jac in reversed(jacs):
        if np.shape(jac) != (len(dx), len(dx)):
            raise ValueError(f"every array of jacs must have shape ({len(dx)}, {len(dx)}), got {np.shape(jac)}")
        dx = dx + np.asarray(jac).T @ dx
    return dx
    ### END SOLUTION


def paths_by_length(jacs):
    """The Jacobian of a residual network, sorted by the number of branches that a path goes through.

    A path from input to output chooses, in each of the L blocks, the skip or the branch. Its contribution is the
    product of the Jacobians of its branches, later blocks to the left (J_b J_a for a < b); without any branch it is I.

        entry k = sum over all choices of k of the L blocks of the product of their Jacobians

    Args:
        jacs: List of L >= 1 arrays (D, D), the first for the block nearest to the input. It is not changed.

    Returns:
        (L + 1, D, D) array. Entry 0 is the identity, entry 1 the sum of the Jacobians, and all entries together add up
        to (I + J_L) ... (I + J_1). L is at most 12 in the tests.

    Raises:
        ValueError: an array of jacs is not square, or they differ in shape. The message names jacs.
    """
    ### BEGIN SOLUTION
    shape = np.shape(jacs[0])
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"jacs must hold square matrices, got shape {shape}")
    paths = np.zeros((len(jacs) + 1, *shape))
    paths[0] = np.eye(len(paths[0]))
    for jac in jacs:
        if np.shape(jac) != shape:
            raise ValueError(f"all jacs must have one shape, got {shape} and {np.shape(jac)}")
        # Longer paths first: paths[:-1] on the right is what it was before this block.
        paths[1:] = paths[1:] + np.asarray(jac) @ paths[:-1]
    return paths
    ### END SOLUTION


# %% check="residual_backward"
check("residual_backward")

# %% [markdown]
# ### Experiment E11b: what arrives at each block
#
# Four networks of 56 layers (27 blocks) before any training, with and without skips, with and without batch norm: the
# norm of the gradient of each block's first weight matrix, and of the very first layer, for 500 digits and three seeds.
# In notebook 03 you saw the first layer only.
#
# Written down before: (1) With skips and without norm the gradient of the first layer exceeds 1000. (2) With norm and
# without skips the first block gets more than 1000 times what the last gets. (3) With both, less than 100 times.
# (4) The popular sentence, *skips make the gradient larger*, for networks with batch norm.

# %% tags=["experiment"]
KINDS = {  # (skip, norm), colour, marker
    "plain": ((False, False), "red", "s"),
    "plain, batch norm": ((False, True), "blue", "o"),
    "skips": ((True, False), "orange", "^"),
    "skips, batch norm": ((True, True), "green", "D"),
}


def gradient_norms(seed, skip, norm):
    """Norms of the gradients of the first layer and of the first weights of each of 27 blocks."""
    x, y = map(torch.tensor, digits(500, seed).train)
    torch.manual_seed(seed)
    net = deep(27, skip, norm)
    F.cross_entropy(net(x), y).backward()
    weights = [net[0].weight, *(part.branch[0].weight for part in net if isinstance(part, Block))]
    return [weight.grad.norm().item() for weight in weights]


arriving = {
    name: np.array([gradient_norms(seed, *case) for seed in range(3)]) for name, (case, *_) in KINDS.items()
}  # (seeds, 1 + blocks)

fig, ax = plt.subplots(figsize=(8.5, 4.2))
for name, (_, color, marker) in KINDS.items():
    runs = arriving[name][:, 1:]
    ax.fill_between(range(1, 28), runs.min(axis=0), runs.max(axis=0), color=COLORS[color], alpha=0.2, linewidth=0)
    ax.plot(range(1, 28), np.median(runs, axis=0), color=COLORS[color], marker=marker, label=name)
    lifted = {"plain": 0.45, "skips, batch norm": 1.4}.get(name, 1)  # so that no label covers another
    ax.text(27.5, lifted * np.median(runs[:, -1]), name, color=COLORS[color], va="center", weight="bold")
ax.set(yscale="log", xlim=(0.5, 34), xticks=(1, 5, 10, 15, 20, 27), xlabel="block (1 is next to the input)")
ax.set(ylabel="norm of the gradient of its weights", title="The gradient before any training, 56 layers")
plt.show()

print("                     first layer                  first block / last block")
for name, runs in arriving.items():
    first, ratio = runs[:, 0], runs[:, 1] / runs[:, -1]
    print(f"{name:18}", *(f"{value:9.3g}" for value in first), "  ", *(f"{value:8.3g}" for value in ratio))

huge = arriving["skips"][:, 0]
claim("(1) Skips, no norm: gradient of the first layer", huge, holds=np.all(huge > 1000))
steep = arriving["plain, batch norm"][:, 1] / arriving["plain, batch norm"][:, -1]
claim("(2) Batch norm, no skips: first block over last", steep, holds=np.all(steep > 1000))
level = arriving["skips, batch norm"][:, 1] / arriving["skips, batch norm"][:, -1]
claim("(3) Batch norm and skips: first block over last", level, holds=np.all(level < 100))
larger = arriving["skips, batch norm"][:, 0] / arriving["plain, batch norm"][:, 0]
claim("(4) With batch norm, skips make the first gradient larger: factor", larger, holds=np.all(larger > 1))

# %% [markdown]
# Figure: norm of the gradient of the weights of blocks 1 to 27 on a logarithmic axis, median of three seeds, bands from
# smallest to largest. Plain: between 0.01 and 0.1, a little larger towards the end. Plain with batch norm: a straight
# line down from 2000 at block 1 to 0.1 at block 27. Skips without norm: level, near 10 000. Skips with batch norm:
# from 3 slowly down to 0.3.
#
# **What to notice.**
#
# - **"Larger" is true or false depending on what you compare with.** Without norm skips make the gradient of the first
#   layer hundreds of thousands of times larger: 22 000 instead of less than 0.1. That is no help, it is an explosion (E11f says
#   why). With batch norm they make it 500 times *smaller*, 13 instead of 7000. Claim (4) fails, and that is good.
# - What helps is a gradient that is **comparable** in all blocks, so that one learning rate suits them all. Plain with
#   batch norm: a ratio of 17 000 between the first block and the last; with skips 11.
# - **Comparable is not enough either.** Both networks without norm have rather level curves, and notebook 03 tried to
#   train all four: only skips *with* batch norm learned. One of the others has gradients of 10 000, which no ordinary
#   learning rate survives. In the plain one all digits look nearly the same in the last layer (cosine 0.999). And when
#   the steps of all layers were made equally long by force, plain with batch norm still learned nothing: its last layer
#   does not know the classes any more. Skips keep two things alive, the gradient on its way back and **the data on
#   their way forward**. The popular sentence mentions one of them.

# %% [markdown]
# ### Experiment E11c: deleting a block
#
# If a residual network is a sum over paths, deleting one block at *test time* deletes half of the paths and leaves the
# others whole. Deleting a layer of a plain network cuts its only path. Veit and others did the experiment with large
# networks; here it is with small ones. Eight blocks of width 64, pre-activation (batch norm, ReLU, linear, twice; you
# will build this kind in the next section), 997 digits, 15 epochs, three seeds. A deleted block is replaced by the
# identity, in both networks. Then we delete 1 to 7 random blocks of blocks 2 to 8, four draws each.
#
# Written down before: (1) Deleting any one of blocks 2 to 8 costs the residual network less than 0.03. (2) Deleting any
# one block takes the plain network below 0.3. (3) *No block matters*: (1) holds for the first block, too.

# %% tags=["experiment"]
DEPTH, WIDTH = 8, 64
SPLITS = [digits(997, seed) for seed in range(3)]


class PreActivation(nn.Module):
    """Batch norm, ReLU, linear, twice; the input is added, if skip. A deleted block does nothing."""

    def __init__(self, skip):
        super().__init__()
        first = nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH, bias=False)
        self.branch = nn.Sequential(*first, nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))
        self.skip, self.deleted = skip, False

    def forward(self, x):
        if self.deleted:
            return x
        return x + self.branch(x) if self.skip else self.branch(x)


def eight_blocks(skip, seed):
    """A trained network: net[0] makes 64 features of the digit, net[1] to net[8] are the blocks."""
    torch.manual_seed(seed)
    blocks = (PreActivation(skip) for _ in range(DEPTH))
    net = nn.Sequential(nn.Linear(64, WIDTH), *blocks, nn.ReLU(), nn.Linear(WIDTH, 10))
    fit(net, SPLITS[seed].train, 15, seed)
    return net


def accuracy_without(net, deleted, seed):
    """Test accuracy with the blocks in `deleted` (1 to 8) replaced by the identity."""
    for number in range(1, DEPTH + 1):
        net[number].deleted = number in deleted
    accuracy = evaluate(net, SPLITS[seed].test)[1]
    for number in deleted:
        net[number].deleted = False
    return accuracy


trained = {skip: [eight_blocks(skip, seed) for seed in range(3)] for skip in (False, True)}
whole, one, several = {}, {}, {}
for skip, nets in trained.items():
    runs = list(enumerate(nets))
    whole[skip] = np.array([accuracy_without(net, (), seed) for seed, net in runs])
    one[skip] = np.array([[accuracy_without(net, (k,), seed) for k in range(1, DEPTH + 1)] for seed, net in runs])
    draws = [[np.random.default_rng(d).permutation(np.arange(2, 9))[:k] for d in range(4)] for k in range(1, 8)]
    several[skip] = np.array([[np.mean([accuracy_without(net, d, s) for d in k]) for k in draws] for s, net in runs])

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for skip, color, marker, name in ((True, "green", "D", "residual"), (False, "red", "s", "plain")):
    mean_with_spread(left, range(1, 9), one[skip], color=COLORS[color], marker=marker, label=name)
    with_none = np.column_stack([whole[skip], several[skip]])
    mean_with_spread(right, range(8), with_none, color=COLORS[color], marker=marker, label=name)
left.axhline(whole[True].mean(), linestyle="--", color=COLORS["green"], marker="")
left.text(8.2, whole[True].mean() + 0.01, "nothing deleted", ha="right", va="bottom", fontsize=9)
left.set(xlabel="the block that is deleted", ylabel="test accuracy", ylim=(0, 1.08), title="One block deleted")
right.set(xlabel="number of deleted blocks (of blocks 2 to 8)", title="Several blocks deleted")
right.legend(loc="center right")
plt.show()

print("one block deleted, mean of three seeds, blocks 1 to 8")
for skip, name in ((False, "plain"), (True, "residual")):
    print(f"{name:8} nothing {whole[skip].mean():.3f}  ", *(f"{value:.3f}" for value in one[skip].mean(axis=0)))

cost = whole[True][:, None] - one[True]
worst = cost[:, 1:].max(axis=1)
claim("(1) Residual: largest cost of deleting one of blocks 2 to 8", worst, holds=np.all(worst < 0.03))
best_left = one[False].max(axis=1)
claim("(2) Plain: best accuracy left after deleting one block", best_left, holds=np.all(best_left < 0.3))
claim("(3) No block matters: cost of deleting the first", cost[:, 0], holds=np.all(cost[:, 0] < 0.03))

# %% [markdown]
# Figure: left, test accuracy against the number of the deleted block. The residual network: 0.35 (with a wide band)
# without block 1, 0.96 without block 2, 0.97 without any other, where the dashed line for the whole network is. The
# plain network: between 0.05 and 0.16 for each block. Right, accuracy against the number of deleted blocks: the
# residual network falls slowly from 0.97 to 0.94 with seven blocks deleted, the plain one drops from 0.94 to about 0.12
# with the first.
#
# **What to notice.**
#
# - Of blocks 2 to 8 each one can go, and even **all seven together** cost only 0.03. The plain network has one path,
#   and any cut ends it. (On another machine claim (2) failed in letter: in one network, without one of its blocks, 0.35
#   remained. The mean is 0.11.)
# - **"No block matters" is false.** Without block 1 the accuracy falls to 0.35. It is the largest of the branches
#   (E11d will show), and all others work on what it added.
# - Read the right panel twice. It says that residual networks are robust, and it also says that blocks 2 to 8 are
#   **hardly needed**: this task is done by a network of depth one. A sum of paths is only as useful as the terms in it.
#
# ### Which paths carry the gradient?
#
# Now your `paths_by_length` gets a real network. For 12 test digits we take the Jacobians of the eight branches of each
# trained residual network and the gradient $dy$ of the loss at the end. Each group of paths contributes
# $g_k = P_k^\top dy$, and $g = \sum_k g_k$ is what automatic differentiation finds. The share of group $k$ is
# $g_k^\top g / \lVert g\rVert^2$, the part that points in the direction of the whole; the shares add up to 1. Written
# down before: more than half comes over paths shorter than half of the depth (0 to 3 branches). These are 36 % of the
# 256 paths.

# %% tags=["experiment"]
sorted_paths, backward = use("paths_by_length"), use("residual_backward")


def shares_of_lengths(net, images, labels):
    """For each path length its share of the gradient; spectral norms of the J_l; the largest error against autograd."""
    shares, norms, errors = [], [], []
    for image, label in zip(images, labels, strict=True):
        x0 = net[0](image).detach().requires_grad_()
        x, jacs = x0, []
        for block in net[1 : DEPTH + 1]:
            jacs.append(torch.autograd.functional.jacobian(lambda v, f=block.branch: f(v[None])[0], x.detach()))
            x = block(x[None])[0]
        loss = F.cross_entropy(net[DEPTH + 1 :](x), label)
        dy, dx = torch.autograd.grad(loss, (x, x0))
        jacs = [jac.numpy() for jac in jacs]
        parts = np.swapaxes(sorted_paths(jacs), 1, 2) @ dy.numpy()  # (L + 1, D)
        whole = backward(dy.numpy(), jacs)
        errors.append(abs(np.stack([whole, parts.sum(axis=0)]) - dx.numpy()).max() / abs(whole).max())
        shares.append(parts @ whole / (whole @ whole))
        norms.append([np.linalg.norm(jac, 2) for jac in jacs])
    return np.mean(shares, axis=0), np.median(norms, axis=0), max(errors)


lengths, norms, errors = [], [], []
for seed, net in enumerate(trained[True]):
    images, labels = map(torch.tensor, SPLITS[seed].test)
    share, norm, error = shares_of_lengths(net.double().eval(), images[:12].double(), labels[:12])
    lengths.append(share)
    norms.append(norm)
    errors.append(error)
lengths = np.array(lengths)
counts = np.array([1, 8, 28, 56, 70, 56, 28, 8, 1]) / 256
print(f"your gradients against automatic differentiation: largest relative error {max(errors):.0e}")

fig, ax = plt.subplots(figsize=(7.5, 3.8))
ax.bar(np.arange(9) - 0.2, counts, 0.4, color="0.75", label="share of the 256 paths")
spread = lengths.std(axis=0, ddof=1)
ax.bar(
    np.arange(9) + 0.2,
    lengths.mean(axis=0),
    0.4,
    yerr=spread,
    capsize=3,
    color=COLORS["green"],
    label="of the gradient",
)
ax.set(xlabel="branches on the path", ylabel="share", xticks=range(9), title="Short paths carry the gradient")
ax.legend()
plt.show()

short = lengths[:, :4].sum(axis=1)
claim("Share of the gradient that comes over paths of at most 3 branches", short, holds=np.all(short > 0.5))
print("share by length 0 to 8:          ", *(f"{value:6.3f}" for value in lengths.mean(axis=0)))
print("largest stretch of branch 1 to 8:", *(f"{value:6.2f}" for value in np.mean(norms, axis=0)))

# %% [markdown]
# Figure: for each number of branches on a path, 0 to 8, the share of the 256 paths (grey: 0.4 % at 0 and 8, 27 % at 4)
# and the share of the gradient (green, one standard deviation over three networks): 4 %, 29 %, 39 %, 22 %, 5 % and next
# to nothing from 5 branches on.
#
# **What to notice.** There are many long paths, but each branch on the way multiplies by something small, and the long
# ones contribute nothing: 94 % comes over paths of at most 3 branches. In that sense a deep residual network learns
# like an ensemble of shallow ones. But it is not the bare skip that does it: the path without any branch carries 4 %.
# The last line explains why. The first branch stretches some directions by a factor of 5, the others by about 1 or
# less, so that most of the gradient takes the first branch and then one or two of the others.

# %% [markdown]
# ## 4 · Blocks
#
# Three blocks are in use everywhere. They differ in the number of convolutions and in **where the norms and ReLUs
# stand**. Here is the picture to which the next three exercises refer.

# %% tags=["experiment"]
KINDS_OF_BLOCKS = {
    "BasicBlock": (["conv 3×3", "norm", "ReLU", "conv 3×3", "norm", "+", "ReLU"], "x"),
    "Bottleneck": (
        ["conv 1×1, reduce", "norm", "ReLU", "conv 3×3", "norm", "ReLU", "conv 1×1, expand", "norm", "+", "ReLU"],
        "x",
    ),
    "PreActBlock": (["norm", "ReLU", "conv 3×3", "norm", "ReLU", "conv 3×3", "+"], "x"),
}
FILLS = {"conv": COLORS["sky"], "norm": COLORS["orange"], "ReLU": COLORS["green"], "+": "white"}

fig, axes = plt.subplots(1, 3, figsize=(9.5, 5.6))
for ax, (name, (parts, start)) in zip(axes, KINDS_OF_BLOCKS.items(), strict=True):
    ax.plot([0, 0], [0.6, -len(parts) - 0.2], color="black", marker="", zorder=0)
    ax.text(0, 0.7, start, ha="center", va="bottom", style="italic", fontsize=12)
    for row, part in enumerate(parts):
        half = 0.28 if part == "+" else 1.45
        fill = FILLS[part.split()[0]]
        box = FancyBboxPatch((-half, -row - 0.3), 2 * half, 0.6, boxstyle="round,pad=0.02", fc=fill, ec="black")
        ax.add_patch(box)
        ax.text(0, -row, part, ha="center", va="center", fontsize=9.5)
    at = parts.index("+")
    ax.plot([0, 2, 2, 0.3], [0.45, 0.45, -at, -at], color=COLORS["red"], linewidth=2.5, marker="", zorder=0)
    ax.text(2.12, -at / 2, "skip", color=COLORS["red"], rotation=90, va="center", weight="bold")
    ax.set(xlim=(-1.7, 2.7), ylim=(-10.3, 1.4), title=name, aspect="equal")
    ax.axis("off")
plt.show()

# %% [markdown]
# Figure: the three blocks, from top to bottom, with the skip as a red line on the right. BasicBlock: convolution, norm,
# ReLU, convolution, norm, plus, ReLU. Bottleneck: 1×1 convolution that reduces the channels, norm, ReLU, 3×3
# convolution, norm, ReLU, 1×1 convolution that expands them, norm, plus, ReLU. PreActBlock: norm, ReLU, convolution,
# norm, ReLU, convolution, plus, and nothing after.
#
# Follow the red line from block to block. In the first two kinds it passes a ReLU after every plus: between the start
# and the end of the network there is no way without nonlinearities. In the third it passes nothing at all.
#
# ### The skip when the shape changes
#
# A sum needs two arrays of one shape. Between the stages of a convolutional network the images get smaller and the
# channels more, and then $x$ cannot be added as it is. The paper (He and others, arXiv:1512.03385) tries three
# shortcuts:
#
# | option | where shapes agree | where they differ | parameters |
# | --- | --- | --- | --- |
# | A | $x$ | every second row and column of $x$, then **channels** of zeros | none |
# | B | $x$ | 1×1 convolution with the stride, then norm (a **projection**) | few |
# | C | projection | projection | many |
#
# B is what the libraries use. A shortcut that needs a projection is no identity any more; a network has only a few of
# them, one at the start of each stage.
#
# ### By hand: counting weights
#
# The deep networks of the paper replace two 3×3 convolutions by three, of which the 3×3 one is narrow. Without norms:
#
# | block | weights |
# | --- | --- |
# | BasicBlock, 64 channels | $2 \cdot 3 \cdot 3 \cdot 64 \cdot 64 = 73\,728$ |
# | Bottleneck, 256 channels outside, 64 inside | $256\cdot 64 + 3\cdot3\cdot64\cdot64 + 64\cdot256 = 69\,632$ |
#
# Four times as many channels on the skip, three layers instead of two, and fewer weights. A 3×3 convolution on all 256
# channels would take 589 824 by itself.
#
# ### Convention card: the order of norm and activation
#
# | order | where | what stands on the skip |
# | --- | --- | --- |
# | conv, norm, ReLU, conv, norm, **plus**, ReLU | BasicBlock, Bottleneck; "norm right before the activation" as in notebook 02 | a ReLU after each block |
# | norm, ReLU, conv, norm, ReLU, conv, **plus** | PreActBlock; also norm before activation, but both before the convolution | nothing |
# | conv, ReLU, norm | some courses and libraries | not used here |
#
# In the first two rows a norm comes before every ReLU (in the first the sum gets in between once). What the
# pre-activation order changes is that the **sum** comes last. And as a norm follows every convolution (the last one of
# a PreActBlock meets the first norm of the next block), no convolution here has a **bias**: a norm takes it away
# (notebook 03).
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | norms | one for each place, made by `norm(channels)`; another one (`GroupNorm`) can be passed in | one norm object used twice would share its running statistics: a bug |
# | stride in BasicBlock | in `conv1` and in the shortcut | |
# | stride in Bottleneck | in the **3×3** (torchvision, "v1.5") | in the first 1×1 in the paper, which throws away three quarters of the input unread |
# | projection in PreActBlock | takes $h$ = ReLU(norm(x)), no norm after it | takes $x$ in some code |
# | names in `state_dict()` | `conv1`, `bn1`, `conv2`, ...; whatever the norm is, it is called `bn1` | `downsample` instead of `shortcut` in torchvision |
#
# ### Exercise: `BasicBlock` (6 points)
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="basic_block" points=6
class BasicBlock(nn.Module):
    """Two 3x3 convolutions, each followed by a norm, and a shortcut around them.

        y = relu(bn2(conv2(relu(bn1(conv1(x))))) + s(x))

    Members: conv1, bn1, conv2, bn2 and shortcut; the parameters and buffers of the first four have the names that these
    give them in state_dict() ("conv1.weight", "bn1.running_mean", ...), those of a projection start with "shortcut.".
    What kind of object shortcut is is up to you (None, nn.Identity or an empty nn.Sequential where nothing is done).
    """

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        """Create the layers.

        All convolutions are without bias, as a norm follows them. The 3x3 ones have padding 1; conv1 has the stride,
        conv2 has stride 1.

        Args:
            in_ch: Channels of x.
            out_ch: Channels of y.
            stride: Of conv1 and of the shortcut.
            shortcut: What s is.
                "A": no parameters. Every stride-th row and column of x, from the first; then out_ch - in_ch channels of
                    zeros after those of x.
                "B": x itself where stride is 1 and in_ch equals out_ch. Otherwise a projection: a 1x1 convolution with
                    the stride, followed by a norm.
                "C": always the projection.
            norm: Makes a norm from a number of channels, such as nn.BatchNorm2d. It is called once for each place.

        Raises:
            ValueError: in_ch > out_ch with shortcut "A"; shortcut is something else than "A", "B" or "C". The message
                names one of the arguments.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if shortcut not in ("A", "B", "C"):
            raise ValueError(f'shortcut must be "A", "B" or "C", got {shortcut!r}')
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError(f"shortcut A adds channels: in_ch must be at most out_ch, got {in_ch} and {out_ch}")
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, stride=stride, padding=1, bias=False)
        self.bn1 = norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, padding=1, bias=False)
        self.bn2 = norm(out_ch)
        self.stride, self.more = stride, out_ch - in_ch
        self.shortcut = None
        if shortcut == "C" or (shortcut == "B" and (stride != 1 or in_ch != out_ch)):
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False), norm(out_ch))
        ### END SOLUTION

    def forward(self, x):
        """Branch plus shortcut, then relu.

        Args:
            x: (N, in_ch, H, W). It is not changed.

        Returns:
            (N, out_ch, ceil(H / stride), ceil(W / stride)).
        """
        ### BEGIN SOLUTION
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.shortcut is not None:
            return F.relu(branch + self.shortcut(x))
        skip = x[:, :, :: self.stride, :: self.stride]
        return F.relu(branch + F.pad(skip, (0, 0, 0, 0, 0, self.more)))
        ### END SOLUTION


# %% check="basic_block"
check("basic_block")

# %% [markdown]
# ### Exercise: `Bottleneck` (5 points, extension)
#
# The same with three convolutions. `in_ch` is what comes in, `mid` what is inside, `mid * expansion` what goes out; so
# the block keeps the number of channels exactly if `in_ch == mid * expansion`.
#
# *Difficulty 3 of 4, about 20 minutes.*


# %% exercise="bottleneck" points=5
class Bottleneck(nn.Module):
    """Three convolutions, narrow in the middle, and a shortcut around them.

        y = relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + s(x))

    conv1 is 1x1 from in_ch to mid channels, conv2 is 3x3 from mid to mid, conv3 is 1x1 from mid to mid * expansion.

    Members: conv1, bn1, conv2, bn2, conv3, bn3 and shortcut, with the names in state_dict() that these give them. What
    kind of object shortcut is is up to you; the names of the parameters of a projection start with "shortcut.".
    """

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        """Create the layers.

        All convolutions are without bias. The 3x3 one has padding 1 and the stride (as in torchvision; the paper puts
        the stride into the first 1x1).

        The shortcut s is x itself where stride is 1 and in_ch equals mid * expansion; otherwise it is a 1x1 convolution
        of x with the stride, followed by a norm.

        Args:
            in_ch: Channels of x.
            mid: Channels inside; y has mid * expansion.
            stride: Of conv2 and of the projection.
            expansion: Channels of y, divided by mid.
            norm: Makes a norm from a number of channels; called once for each place.

        Raises:
            ValueError: mid < 1 or expansion < 1. The message names the argument.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if mid < 1:
            raise ValueError(f"mid must be at least 1, got {mid}")
        if expansion < 1:
            raise ValueError(f"expansion must be at least 1, got {expansion}")
        out = mid * expansion
        self.conv1, self.bn1 = nn.Conv2d(in_ch, mid, 1, bias=False), norm(mid)
        self.conv2, self.bn2 = nn.Conv2d(mid, mid, 3, stride=stride, padding=1, bias=False), norm(mid)
        self.conv3, self.bn3 = nn.Conv2d(mid, out, 1, bias=False), norm(out)
        self.shortcut = nn.Identity()
        if stride != 1 or in_ch != out:
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, out, 1, stride=stride, bias=False), norm(out))
        ### END SOLUTION

    def forward(self, x):
        """Branch plus shortcut, then relu.

        Args:
            x: (N, in_ch, H, W). It is not changed.

        Returns:
            (N, mid * expansion, ceil(H / stride), ceil(W / stride)).
        """
        ### BEGIN SOLUTION
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return F.relu(self.bn3(self.conv3(h)) + self.shortcut(x))
        ### END SOLUTION


# %% check="bottleneck"
check("bottleneck")

# %% [markdown]
# ### Exercise: `PreActBlock` (5 points)
#
# Keep the red line clean: for equal shapes the output is $x$ **plus** something, negative numbers in $x$ included, and
# through a whole stack $x_L - x_0 = \sum_l \text{branch}_l$ exactly (He and others, arXiv:1603.05027).
#
# With `zero_init` the block starts as the identity: the branch is 0. There are two places where one could put the
# zeros. With a zero **weight of the last convolution** the block learns from the first step on: the gradient of this
# weight does not vanish. In a BasicBlock people set the weight ($\gamma$) of the *last norm* to 0, which does the same.
# But in the pre-activation order the last norm stands **before** a ReLU: with $\gamma = \beta = 0$ the ReLU gets zeros,
# its derivative there is 0, and no gradient reaches anything in the branch. It is dead forever.
#
# *Difficulty 3 of 4, about 20 minutes.*


# %% exercise="preact_block" points=5
class PreActBlock(nn.Module):
    """A block whose norms and relus stand before the convolutions, so that nothing stands on the skip.

        h = relu(bn1(x)),    y = s + conv2(relu(bn2(conv1(h))))

    with s = x where stride is 1 and in_ch equals out_ch, and s = projection(h) otherwise: a 1x1 convolution of h (not of
    x) with the stride, without norm. Nothing comes after the sum.

    Members: bn1, conv1, bn2, conv2 and shortcut, with the names in state_dict() that these give them. What kind of
    object shortcut is is up to you; the name of the parameter of a projection starts with "shortcut.".
    """

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        """Create the layers.

        All convolutions are without bias. conv1 and conv2 are 3x3 with padding 1; conv1 has the stride.

        Args:
            in_ch: Channels of x.
            out_ch: Channels of y.
            stride: Of conv1 and of the projection.
            zero_init: Whether the weights of conv2 start at 0, so that a block without projection starts as the
                identity and can still learn. All else starts as torch starts it.
            norm: Makes a norm from a number of channels; called once for each place.
        """
        super().__init__()
        ### BEGIN SOLUTION
        self.bn1 = norm(in_ch)
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, stride=stride, padding=1, bias=False)
        self.bn2 = norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, padding=1, bias=False)
        self.shortcut = None
        if stride != 1 or in_ch != out_ch:
            self.shortcut = nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False)
        if zero_init:
            nn.init.zeros_(self.conv2.weight)
        ### END SOLUTION

    def forward(self, x):
        """Skip plus branch, and nothing after.

        Args:
            x: (N, in_ch, H, W). It is not changed.

        Returns:
            (N, out_ch, ceil(H / stride), ceil(W / stride)).
        """
        ### BEGIN SOLUTION
        h = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(h)
        return skip + self.conv2(F.relu(self.bn2(self.conv1(h))))
        ### END SOLUTION


# %% check="preact_block"
check("preact_block")

# %% [markdown]
# ### Experiment E11f: how large does the sum become?
#
# A sum of many terms grows. If every branch has the variance of its input and is uncorrelated with it, each block
# **doubles** the variance: $2^L$. That is what happens with start values that keep the variance of a *plain* network
# (He, notebook 00). Three ways out:
#
# - a **norm** at the start of the branch: each branch adds variance 1, however large the sum: $1 + L$;
# - **scaled branches**, by $1/\sqrt L$: the factor per block is $1 + 1/L$, in total $(1 + 1/L)^L < e$;
# - **zero branches** at the start: 1.
#
# We send 1000 rows of 256 standard normal numbers through ten blocks of `residual_forward`: ReLU, then a matrix with
# He's start values; with a norm over the batch before the ReLU; or divided by $\sqrt{10}$. Then ten of your
# `PreActBlock`s with `zero_init`, in training mode, on 64 random images of 8 channels. Three seeds. Written down
# before: $2^{10} = 1024$ within 25 %; 11 within 15 %; below $e$; exactly 1.

# %% tags=["experiment"]
residual_net, Pre = use("residual_forward"), use("PreActBlock")


def variances(seed, *, norm=False, scale=1.0, blocks=10, rows=1000):
    """Variance of the running sum after 0, 1, ..., `blocks` blocks."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 256))

    def block(weight):
        def branch(h):
            h = (h - h.mean(axis=0)) / h.std(axis=0) if norm else h
            return scale * np.maximum(h, 0) @ weight

        return branch

    fs = [block(rng.normal(scale=np.sqrt(2 / 256), size=(256, 256))) for _ in range(blocks)]
    _, branches = residual_net(fs, x)
    sums = x + np.cumsum([np.zeros_like(x), *branches], axis=0)
    return sums.var(axis=(1, 2))


def variances_zero_init(seed, blocks=10):
    torch.manual_seed(seed)
    x = torch.randn(64, 8, 6, 6)
    found = [1.0]
    with torch.no_grad():
        y = x
        for _ in range(blocks):
            y = Pre(8, 8, zero_init=True)(y)
            found.append((y.var() / x.var()).item())
    return found


at = np.arange(11)
CURVES = {
    "no norm": (np.array([variances(s) for s in range(3)]), 2.0**at, "$2^l$", "red", "s"),
    "norm in the branch": (np.array([variances(s, norm=True) for s in range(3)]), 1 + at, "$1 + l$", "blue", "o"),
    "branches / √10": (
        np.array([variances(s, scale=10**-0.5) for s in range(3)]),
        1.1**at,
        "$(1 + 1/10)^l$",
        "purple",
        "v",
    ),
    "zero branches": (np.array([variances_zero_init(s) for s in range(3)]), np.ones(11), "1", "green", "D"),
}

fig, ax = plt.subplots(figsize=(7.5, 4))
for name, (runs, theory, formula, color, marker) in CURVES.items():
    ax.plot(at, runs.mean(axis=0), linestyle="none", color=COLORS[color], marker=marker)
    ax.plot(at, theory, color=COLORS[color], marker="", linewidth=1)
    ax.text(10.2, theory[-1], f"{name}: {formula}", color=COLORS[color], va="center", weight="bold")
ax.set(yscale="log", xlim=(-0.2, 14.5), xticks=at, xlabel="blocks", ylabel="variance of the running sum")
ax.set_title("Marks: measured. Lines: predicted")
plt.show()

ends = {name: runs[:, -1] for name, (runs, *_) in CURVES.items()}
doubled = ends["no norm"]
claim("No norm: variance after ten blocks, predicted 1024", doubled, holds=np.all(abs(doubled / 1024 - 1) < 0.25))
draws = np.array([variances(seed, rows=200)[-1] for seed in range(100, 120)])
print(f"20 more draws without norm: mean {draws.mean():.0f}, median {np.median(draws):.0f}, sd {draws.std(ddof=1):.0f}")
linear = ends["norm in the branch"]
claim("Norm in the branch: predicted 11", linear, holds=np.all(abs(linear / 11 - 1) < 0.15))
scaled = ends["branches / √10"]
claim("Branches divided by the root of their number: below e", scaled, holds=np.all(scaled < np.e))
still = ends["zero branches"]
claim("Zero branches: exactly 1", still, holds=np.all(still == 1))

# %% [markdown]
# Figure: variance of the running sum after 0 to 10 blocks on a logarithmic axis; marks measured, lines predicted. No
# norm: a straight line up to about 1000. Norm in the branch: up to 11, flattening. Branches divided by the root of 10:
# up to 2.6. Zero branches: level at 1. The marks lie on the lines, those without norm around it.
#
# **What to notice.**
#
# - The doubling is there, 1160 instead of 1024, but the claim fails: the three draws are not within 25 %. The 20
#   further draws show that nothing is wrong with the law. They scatter a lot, and their mean is near 1024. The matrices
#   are drawn once, all 1000 rows pass through the same ones, and ReLU gives all rows a common part; so one draw of ten
#   matrices is *one* observation, not 1000. With a norm in the branch the scatter disappears.
# - $2^{27}$ is $10^8$: that is the explosion in E11b. In the norm's case the sum grows like $1 + l$, while each new
#   branch has variance 1. So block $l$ changes the sum by a share of about $1/l$ of its variance: later blocks start as
#   small corrections, by themselves.
# - Zero branches start as the identity. Then all depths are equal at the start, and training decides.

# %% [markdown]
# ## 5 · A step of a differential equation
#
# Rewrite the block as $x_{l+1} - x_l = f_l(x_l)$ and it looks like
#
# $$ \frac{dx}{dt} = f(x, t), \qquad x(t + h) \approx x(t) + h\, f(x(t), t) . $$
#
# This is Euler's method, the oldest way to solve a differential equation on a computer: walk a small step $h$ in the
# direction that $f$ shows, look again, walk on. With $L$ steps up to time $T$ the step is $h = T/L$, and the error
# falls like $1/L$: method of **order 1**. Twice the layers, half the error.
#
# By hand: $dx/dt = x$, $x(0) = 1$, $T = 1$, so the truth is $e = 2.718$. One step: 2. Two: $1.5^2 = 2.25$. Four:
# $1.25^4 = 2.441$. Eight: $1.125^8 = 2.566$. The errors 0.718, 0.468, 0.277, 0.152 come nearer and nearer to halving.
# (In E11f we divided by $\sqrt L$ only, not by $L$: random branches partly cancel each other, while the steps of a path
# all go along it.)
#
# ### Convention card
#
# | question | here | a ResNet |
# | --- | --- | --- |
# | step size | $h = T/L$ | $h = 1$; more layers are *more time*, not a finer grid |
# | the function | one $f$ for all blocks | each block has its own $f_l$, and nothing makes neighbours similar |
# | order | minus the slope of $\log(\text{error})$ against $\log L$ | |
#
# So "resembles an ordinary differential equation" is the right word. It becomes an equality only in a limit that
# training does not enforce.
#
# ### Exercise: `euler_resnet` and `observed_order` (4 points, extension)
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="euler_resnet" points=4
def euler_resnet(f, x0, T, L):
    """Solve dx/dt = f(x) from time 0 to T with L steps of Euler's method: a residual network of L equal blocks.

        x_{l+1} = x_l + (T / L) f(x_l),    l = 0, ..., L - 1

    Args:
        f: Function of an array that returns one of the same shape, linear or not.
        x0: Array, the state at time 0; integers work as well. It is not changed.
        T: The final time.
        L: Number of steps, an integer of at least 1.

    Returns:
        x_L, an array of the shape of x0.

    Raises:
        ValueError: L < 1. The message names L.
    """
    ### BEGIN SOLUTION
    if L < 1:
        raise ValueError(f"L must be at least 1, got {L}")
    x = np.asarray(x0, dtype=float)
    for _ in range(L):
        x = x + T / L * f(x)
    return x
    ### END SOLUTION


def observed_order(errors, Ls):
    """The order k of a method whose errors fall like C / L^k, read off a measurement.

        k = -(slope of the line through the points (log L, log error))

    Args:
        errors: (k,) positive numbers, at least two of them: the error that was seen for each L.
        Ls: (k,) different positive numbers of steps.

    Returns:
        A float. How the line is fitted is up to you: by least squares, or as the average slope between neighbours. For
        errors that follow the law exactly they agree, and so do all bases of the logarithm.
    """
    ### BEGIN SOLUTION
    return float(-np.polyfit(np.log(Ls), np.log(errors), 1)[0])
    ### END SOLUTION


# %% check="euler_resnet"
check("euler_resnet")

# %% [markdown]
# ### Experiment E11d: the order, and whether trained blocks are steps
#
# The rotation $dx/dt = (x_2, -x_1)$ from $(1, 0)$ up to time 2 has a solution to compare with, $(\cos 2, -\sin 2)$.
# Then a pendulum, which is not linear, $dx/dt = (x_2, -\sin x_1)$, from three random starting points; the truth there
# is taken from scipy's solver at a tolerance of $10^{-10}$.
#
# The other half of the question needs no new training. In the three residual networks of E11c, for 200 test digits: how
# large is each branch compared with the sum it is added to, and do **neighbouring branches point the same way**? A
# finely resolved path changes its direction a little from step to step, so the cosine of the angle between $f_l(x_l)$
# and $f_{l+1}(x_{l+1})$ would be near 1. Written down before: order 1 within 0.1 in all cases; mean cosine above 0.5.

# %% tags=["experiment"]
euler, order_of = use("euler_resnet"), use("observed_order")
STEPS = np.array([4, 8, 16, 32, 64])


def rotation(x):
    return np.array([x[1], -x[0]])


def pendulum(x):
    return np.array([x[1], -np.sin(x[0])])


def euler_errors(f, start, truth):
    return np.array([np.linalg.norm(euler(f, start, 2.0, int(L)) - truth) for L in STEPS])


turning = euler_errors(rotation, np.array([1.0, 0.0]), np.array([np.cos(2), -np.sin(2)]))
swinging = []
for seed in range(3):
    start = np.random.default_rng(seed).uniform(-2, 2, size=2)
    truth = solve_ivp(lambda t, x: pendulum(x), (0, 2), start, rtol=1e-10, atol=1e-12).y[:, -1]
    swinging.append(euler_errors(pendulum, start, truth))

similar, sizes = [], []
with torch.no_grad():
    for seed, net in enumerate(trained[True]):
        x = net[0](torch.tensor(SPLITS[seed].test[0][:200]).double())
        moves = []
        for block in net[1 : DEPTH + 1]:
            moves.append(block(x) - x)
            sizes.append((moves[-1].norm(dim=1) / x.norm(dim=1)).median().item())
            x = block(x)
        similar.append([F.cosine_similarity(a, b).mean().item() for a, b in pairwise(moves)])
similar, sizes = np.array(similar), np.array(sizes).reshape(3, DEPTH)

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4))
time = np.linspace(0, 2, 100)
left.plot(np.cos(time), -np.sin(time), color="black", marker="", linewidth=2, label="exact")
for L, color, marker in ((4, "red", "s"), (8, "purple", "v"), (16, "blue", "o")):
    points = [np.array([1.0, 0.0])]
    points += [euler(rotation, points[0], 2.0 * k / L, k) for k in range(1, L + 1)]
    left.plot(*np.transpose(points), color=COLORS[color], marker=marker, markersize=4, linewidth=1, label=f"{L} blocks")
left.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$", title="A rotation in L blocks", xticks=(-0.5, 0, 0.5, 1))
left.legend(fontsize=9)
middle.plot(STEPS, turning, color=COLORS["blue"], marker="o", label="rotation")
for number, errors in enumerate(swinging):
    label = "pendulum, 3 starts" if number == 0 else None
    middle.plot(STEPS, errors, color=COLORS["orange"], marker="^", linewidth=1, label=label)
middle.plot(STEPS, 1.5 / STEPS, ":", color="black", marker="", label="1 / L")
middle.set(xscale="log", yscale="log", xticks=STEPS, xticklabels=STEPS, xlabel="blocks L", ylabel="error at time 2")
middle.minorticks_off()
middle.set_title("Twice the blocks, half the error")
middle.legend(fontsize=9)
mean_with_spread(right, np.arange(1, 8) + 0.5, similar, color=COLORS["green"], marker="D", label="cosine of neighbours")
mean_with_spread(right, range(1, 9), sizes, color=COLORS["red"], marker="s", label="branch / sum, length")
right.axhline(1, linestyle=":", color="black", marker="")
right.set(xlabel="block", xticks=range(1, 9), ylim=(0, 1.75), title="Trained blocks")
right.legend(fontsize=9)
plt.show()

print("blocks              ", *(f"{L:6}" for L in STEPS))
print("error, rotation     ", *(f"{error:6.3f}" for error in turning))
orders = np.array([order_of(errors, STEPS) for errors in swinging])
claim("Observed order, rotation", order_of(turning, STEPS), holds=abs(order_of(turning, STEPS) - 1) < 0.1)
claim("Observed order, pendulum from three starts", orders, holds=np.all(abs(orders - 1) < 0.1))
mean = similar.mean(axis=1)
claim("Neighbouring branches of trained networks point the same way: cosine", mean, holds=np.all(mean > 0.5))

# %% [markdown]
# Figure: left, the exact arc of the rotation, and Euler's polygons of 4, 8 and 16 blocks, which spiral outward, less
# with more blocks. Middle, the error at time 2 against the number of blocks, both axes logarithmic: straight lines
# parallel to 1 / L for the rotation and three pendulums. Right, trained blocks 1 to 8: the length of the branch
# relative to the sum falls from 1.4 to 0.5 and then to 0.17; the cosine between neighbouring branches falls from 0.43
# to 0.25.
#
# **What to notice.**
#
# - Twice the blocks, half the error: order 1.05 and 1.02. Each Euler step of the rotation makes the vector longer, by
#   $\sqrt{1 + h^2}$, so the polygon leaves the circle on the outside. A residual network that "is" Euler has this flaw,
#   too.
# - **Trained blocks are not such steps.** The cosine of neighbours is 0.31 on average, and 0.5 was claimed. It is not
#   zero either: in 64 dimensions random directions would have cosines of about ±0.12. The first block moves its input
#   by more than its own length; a step that large is no approximation of a path.
# - What remains is an attractive picture with a use: people who *want* the limit make all blocks share one $f$ and
#   give it a step size (neural ODEs), and use better solvers than Euler's.

# %% [markdown]
# ## 6 · One ladder: what is dropped together?
#
# Three sentences are often found close to each other: *dropout zeroes outputs of neurons*; *in convolutions that is
# doubtful, since zeroing pixels changes the shape of the image*; *there is a kind of dropout for ResNets, stochastic
# depth, that drops entire blobs*. The connection is left to the reader. Here it is.
#
# All these methods multiply activations by a mask of 0 and 1, and drop each **single value** with (about) the same
# probability $p_\text{drop}$. They differ in one thing only: **which values share one coin**.
#
# | rung | one coin for | coins for $(N, C, H, W)$ | who still knows the lost value |
# | --- | --- | --- | --- |
# | **unit**: dropout | each value | $N C H W$ | its neighbours in the map, and the other channels |
# | **block**: DropBlock | a patch of one map | a few centres per map | pixels at the rim of the patch, and the other channels |
# | **channel**: spatial dropout | a whole map of one example | $N C$ | the other channels |
# | **branch**: stochastic depth | *everything* that a residual branch computes for one example | $N$ | **only the skip** |
#
# Each rung contains the one above: a patch of 1 × 1 is a unit, a patch as large as the map is (nearly) a channel, all
# channels together are the branch. Go down the ladder and ask two questions on each rung.
#
# **Is the loss real?** That is the question about *convolutions*. Values of one map are correlated, more so the
# smoother it is. Drop one pixel, and its neighbours say what it was: in E05f $R^2$ was 0.5 to 0.8 for smooth maps, so
# the network can go on nearly as before. This is what is behind the remark about the shape of the image, and the remark
# needs sorting out, since "shape" can mean three things. The shape of the *array* never changes by zeroing: every rung
# is legal in every layer. The shapes *in* the picture do: isolated holes have edges to which filters respond. And the
# shape of a *layer*, from which comes the last condition below. To make a loss real, drop things together that know
# about each other: patches, then maps. (For maps as coarse as those of our digits this did not matter in E05g. It is an
# argument about smooth maps.)
#
# **Is anything left?** That is the question about *skips*. On the first three rungs the rest of the layer goes on
# working. On the last nothing in the layer is left. If the layer stood alone, as in a plain network, all examples with
# a dropped layer would come out equal, as zeros: the network would have no input any more. Behind a plus sign, dropping
# the branch leaves
#
# $$ x + 0\cdot f(x) = x , $$
#
# a shorter network that works. **Stochastic depth is dropout of the largest unit there is, and the skip is what makes
# it possible.** Could one not simply replace a dropped layer of a plain network by the identity? Where input and output
# have one shape one can (we did, in E11c, and it was a disaster, because nobody had trained the other layers for it),
# and training that way *means* having a skip, one that is only there when the layer is not. Where the shapes differ
# there is no identity, and the shortcut needs a projection, which must not be dropped.
#
# So "drops entire blobs" mixes two rungs: contiguous blobs of one map are DropBlock; stochastic depth drops a branch.
#
# ### The price of dropping together
#
# On average the same share is lost on each rung. What differs is how much is lost *at once*. A convolution of the next
# layer looks at a window of 3 × 3 × C values. What share of the window survives? Its mean is
# $p_\text{keep} = 1 - p_\text{drop}$ on every rung; its variance is $p_\text{keep}\,p_\text{drop}$ divided by the
# number of independent coins in the window:
#
# $$ \frac{p_\text{keep}\,p_\text{drop}}{9C} \;\text{(unit)}, \qquad \frac{p_\text{keep}\,p_\text{drop}}{C}
# \;\text{(channel)}, \qquad p_\text{keep}\,p_\text{drop} \;\text{(branch)}. $$
#
# With 16 channels and $p_\text{drop} = 0.2$ the standard deviations are 0.033, 0.1 and 0.4. For patches there is no
# such simple formula; they come in between, as you will see.
#
# ### The rate of DropBlock
#
# Patches are made from **centres**. If a $b \times b$ patch is to lie in the map as a whole, a map has
# $(H - b + 1)(W - b + 1)$ places for centres. With a centre drawn at each of them with probability $\gamma$, patches
# without overlaps would drop $\gamma\, b^2 (H-b+1)(W-b+1)$ values. Setting this equal to $p_\text{drop} H W$ gives
#
# $$ \gamma = \frac{p_\text{drop}}{b^2}\cdot\frac{H W}{(H-b+1)(W-b+1)} . $$
#
# By hand: a map of 12 × 9, $b = 3$, $p_\text{drop} = 0.1$: 70 places, $\gamma = 0.1/9 \cdot 108/70 = 0.0171$, on
# average 1.2 patches. Take $\gamma = p_\text{drop}$ by mistake and it is 7 patches, and more than 40 % of the map is
# gone. Since patches may overlap, the share really lost is a little below $p_\text{drop}$. (In E05f we drew centres
# outside of the map as well, which makes the rate exact; the paper, Ghiasi and others, arXiv:1810.12890, does it as
# here.)
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | mask | full shape $(N, C, H, W)$, 1 keeps, 0 drops, **no scaling** | layers scale by $1/p_\text{keep}$, DropBlock by the share that is really left |
# | `p_drop` | probability to **drop**, on every rung | stochastic depth is usually given by its *survival* probability, in the next section too |
# | patches | odd side, centre in the middle, in one map; each map draws its own | some code draws one patch for all channels of an image |
# | branch | one coin per **example** | the paper: one per batch (next section) |
# | `dropblock_expand` | a patch from any centre that is given to it, cut off at the border | |
#
# ### Exercise: `dropblock_expand` and `ladder_mask` (6 points)
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="dropout_ladder" points=6
def dropblock_expand(seeds, block):
    """Grow each seed to a square patch of zeros in its own map.

        keep[n, c, i, j] = 0 if some seeds[n, c, a, b] is 1 with |a - i| <= r and |b - j| <= r, else 1;   r = (block - 1) / 2

    Args:
        seeds: (N, C, H, W) array of 0 and 1 (any dtype); a 1 marks the centre of a patch. Patches may overlap, and one
            that reaches over the border is cut off there. It is not changed.
        block: Side of the patch, odd.

    Returns:
        (N, C, H, W) array of 0 (dropped) and 1 (kept), of any dtype.

    Raises:
        ValueError: block is even. The message names block.
    """
    ### BEGIN SOLUTION
    if block % 2 == 0:
        raise ValueError(f"block must be odd, got {block}")
    r = block // 2
    H, W = np.shape(seeds)[2:]
    padded = np.pad(np.asarray(seeds, dtype=bool), ((0, 0), (0, 0), (r, r), (r, r)))
    dropped = np.zeros(np.shape(seeds), dtype=bool)
    for i in range(block):
        for j in range(block):
            dropped |= padded[:, :, i : i + H, j : j + W]
    return (~dropped).astype(float)
    ### END SOLUTION


def ladder_mask(shape, level, p_drop, rng, block=3):
    """Draw a mask for images; the level says what shares one fate.

        "unit"      every single value (dropout)
        "channel"   a whole map of one example (spatial dropout)
        "block"     a block x block patch of one map (DropBlock)
        "branch"    all that belongs to one example (stochastic depth)

    At the levels unit, channel and branch each unit, map or example is dropped with probability p_drop, independently
    of all others. At the level block every map draws centres of its own: each place where a whole patch fits is a
    centre with probability

        gamma = p_drop / block^2 * H W / ((H - block + 1) (W - block + 1))

    independently of all others, and the patches around the centres are dropped. Where patches overlap a value is lost
    only once, so that a little less than p_drop is lost on average.

    Args:
        shape: (N, C, H, W).
        level: "unit", "channel", "block" or "branch".
        p_drop: Rate, in [0, 1].
        rng: A np.random.Generator, the only source of randomness.
        block: Side of a patch; it matters (and is checked) at the level block only.

    Returns:
        Array of shape (N, C, H, W), in full, of 0 (dropped) and 1 (kept), of any dtype.

    Raises:
        ValueError: level is something else; at the level block: block is even, or larger than H or W. The message
            names the argument.
    """
    ### BEGIN SOLUTION
    N, C, H, W = shape
    if level == "block":
        if block % 2 == 0 or block > min(H, W):
            raise ValueError(f"block must be odd and at most {min(H, W)}, got {block}")
        h, w = H - block + 1, W - block + 1
        corners = rng.random((N, C, h, w)) < p_drop / block**2 * (H * W) / (h * w)
        dropped = np.zeros(shape, dtype=bool)
        for i, j in np.ndindex(block, block):
            dropped[:, :, i : i + h, j : j + w] |= corners
        return (~dropped).astype(float)
    together = {"unit": (N, C, H, W), "channel": (N, C, 1, 1), "branch": (N, 1, 1, 1)}
    if level not in together:
        raise ValueError(f"level must be unit, channel, block or branch, got {level!r}")
    return np.broadcast_to(rng.random(together[level]) >= p_drop, shape).astype(float)
    ### END SOLUTION


# %% check="dropout_ladder"
check("dropout_ladder")

# %% [markdown]
# ### The ladder in pictures and in numbers
#
# Above: masks of your `ladder_mask` for three examples (rows) with four maps of 12 × 12 each (columns), at
# $p_\text{drop} = 0.3$. Below: the share of a window of 3 × 3 pixels × 16 channels that survives, over 2000 examples,
# with $p_\text{drop} = 0.2$. Written down before: the standard deviation rises from rung to rung in every seed, and
# those of unit, channel and branch are within 10 % of the formulas.

# %% tags=["experiment"]
draw_mask = use("ladder_mask")
RUNGS = ("unit", "block", "channel", "branch")
COINS = {"unit": 9 * 16, "channel": 16, "branch": 1}
kept, whole_map = {rung: [] for rung in RUNGS}, dict.fromkeys(RUNGS, 0.0)
for rung in RUNGS:
    for seed in range(3):
        mask = draw_mask((2000, 16, 9, 9), rung, 0.2, np.random.default_rng(seed))
        kept[rung].append(np.asarray(mask, dtype=float)[:, :, 3:6, 3:6].mean(axis=(1, 2, 3)))
        whole_map[rung] += np.mean(mask) / 3
kept = {rung: np.array(values) for rung, values in kept.items()}  # (seeds, examples)
deviation = {rung: values.std(axis=1) for rung, values in kept.items()}

fig, axes = plt.subplots(2, 4, figsize=(11.5, 5), height_ratios=[1.15, 1])
for column, (rung, color) in enumerate(zip(RUNGS, ("red", "purple", "blue", "green"), strict=True)):
    seed = next(
        s for s in range(99) if 0.6 < draw_mask((3, 4, 12, 12), rung, 0.3, np.random.default_rng(s)).mean() < 0.75
    )
    mask = np.asarray(draw_mask((3, 4, 12, 12), rung, 0.3, np.random.default_rng(seed)), dtype=float)
    tiles = np.full((3, 4, 14, 14), np.nan)
    tiles[:, :, 1:13, 1:13] = mask
    above, below = axes[:, column]
    above.imshow(tiles.transpose(0, 2, 1, 3).reshape(42, 56), cmap="cividis", vmin=0, vmax=1)
    above.set(xticks=[], yticks=[])
    above.set_title(rung, color=COLORS[color], weight="bold", size=13)
    above.spines[:].set_visible(False)
    below.hist(kept[rung][0], bins=(np.arange(18) - 0.5) / 16, color=COLORS[color])
    below.set(xlim=(-0.05, 1.05), xlabel="share of a window that is kept", ylim=(0, 2000), yticks=[])
    below.text(0.02, 1850, f"sd {deviation[rung].mean():.3f}", va="top", weight="bold")
axes[0, 0].set_ylabel("3 examples × 4 maps\nyellow kept, blue dropped")
axes[1, 0].set_ylabel("examples")
axes[1, 0].set_yticks((0, 1000, 2000))
plt.show()

print("rung       share kept: map  window   sd in a window (3 seeds)   predicted")
for rung in RUNGS:
    predicted = f"{np.sqrt(0.2 * 0.8 / COINS[rung]):.3f}" if rung in COINS else "-"
    found = " ".join(f"{sd:.3f}" for sd in deviation[rung])
    print(f"{rung:9} {whole_map[rung]:16.3f} {kept[rung].mean():7.3f}   {found}          {predicted:>9}")
steps = np.diff([deviation[rung] for rung in RUNGS], axis=0)
claim("The noise rises from rung to rung: smallest step", steps.min(axis=0), holds=np.all(steps > 0))
off = np.array([deviation[rung] / np.sqrt(0.2 * 0.8 / coins) - 1 for rung, coins in COINS.items()])
claim("Unit, channel, branch as predicted: largest error", abs(off).max(axis=0), holds=np.all(abs(off) < 0.1))

# %% [markdown]
# Figure: above, masks for three examples with four maps. Unit: speckle. Block: 3 × 3 patches, some overlapping, at
# other places in each map. Channel: whole maps dropped. Branch: one example lost as a whole. Below, histograms of the
# share of a window that is kept: narrow around 0.8 for unit (standard deviation 0.034), wider for block (0.077) and
# channel (0.100), and for branch only 0 or 1 (0.40).
#
# **What to notice.**
#
# - The same rate, the same mean, and a noise that is twelve times as large on the last rung as on the first. So a rate
#   that is mild for units (0.5 in notebook 05) is drastic for branches.
# - With branches the window is whole or gone. Nothing that looks only at this layer can go on without it: this is where
#   the skip becomes indispensable.
# - **DropBlock hits the middle harder.** The window was the centre of a small map, and only 0.71 of it is kept instead
#   of 0.8. Its patches must fit into the map, so a corner pixel is covered by one place for centres only, a central one
#   by nine. Over the whole map 0.82 is kept; the formula for $\gamma$ is about that mean, and overlaps make the loss a
#   little smaller.

# %% [markdown]
# ## 7 · Stochastic depth
#
# Huang and others (arXiv:1603.09382) trained networks of up to 1202 layers like this. In training block $l$ has a gate
# $b_l$, 1 with probability $p_l$, its **survival probability**:
#
# $$ x_{l+1} = \mathrm{ReLU}\big(x_l + b_l\, f_l(x_l)\big) . $$
#
# Blocks near the input compute what all others need, so they survive more often. The **linear rule** goes from (almost)
# 1 down to $p_L$ at the end,
#
# $$ p_l = 1 - \frac lL (1 - p_L), \qquad l = 1, \dots, L . $$
#
# The $l = 0$ of this formula is the input, which always survives, so the first *block* is already a little below 1. On
# average $\sum_l p_l$ blocks are used. By hand: $L = 4$, $p_L = 0.5$: 0.875, 0.75, 0.625, 0.5, expected depth 2.75. The
# network of the paper: $L = 54$, $p_L = 0.5$: $54 - 0.5\cdot\frac{55}{2} = 40.25$. A dropped branch need not be
# computed, so a quarter of the work is saved in training.
#
# ### At test time
#
# As with dropout (notebook 05) there are two conventions, and they must not be mixed:
#
# | | training | test |
# | --- | --- | --- |
# | scale `"test"` (the paper) | $x + b\,f(x)$ | $x + p\,f(x)$ |
# | scale `"train"` (timm, torchvision) | $x + \frac bp f(x)$ | $x + f(x)$ |
#
# In both the *expected* output of the sum in training is its output in testing, since $\mathbb E[b] = p$. How far does
# this go?
#
# - For **one** block with nothing after the sum, it is exact.
# - With a ReLU after the sum it is not: take $x = -1$, $f = 2$, $p = \frac12$. In training the output is
#   $\mathrm{ReLU}(1) = 1$ or $\mathrm{ReLU}(-1) = 0$, on average 0.5. At test time it is $\mathrm{ReLU}(-1 + 1) = 0$.
# - With several blocks it is not exact in either order, as later branches are not linear. Pre-activation has no ReLU on
#   the sum, which keeps one of the two sources of the error out.
#
# It is the same story as with the mean network of notebook 06: exact for one layer of coins and a linear way from
# there, an approximation otherwise. We shall measure how good.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | `p_survive` | probability to **survive** | timm's `drop_prob` and torchvision's `p` are probabilities to drop |
# | mode `"row"` | one gate per example | timm's DropPath, torchvision's `"row"` |
# | mode `"batch"` | one gate for the whole batch | the paper; the only mode in which computing can be saved |
# | the skip | never scaled, never dropped | |
# | $p = 0$ | fine with scale `"test"` (the branch is never used), an error with `"train"` ($1/p$) | |
#
# ### Exercise: `survival_probs`, `expected_depth` and `StochasticDepth` (7 points)
#
# *Difficulty 3 of 4, about 30 minutes.*


# %% exercise="stochastic_depth" points=7
def survival_probs(L, p_L):
    """The linear rule: how probable it is that block l survives.

        p_l = 1 - (l / L) (1 - p_L),    l = 1, ..., L

    Args:
        L: Number of blocks, at least 1.
        p_L: Survival probability of the last block, in [0, 1].

    Returns:
        (L,) probabilities, the first block's first: a NumPy array or a tensor. The last is p_L; the first is already a
        little below 1, as l starts at 1 (l = 0 is the input, which always survives).
    """
    ### BEGIN SOLUTION
    return 1 - np.arange(1, L + 1) / L * (1 - p_L)
    ### END SOLUTION


def expected_depth(p):
    """The number of blocks that survive, on average.

    Args:
        p: (L,) survival probabilities.

    Returns:
        The expected number of surviving blocks, a float.
    """
    ### BEGIN SOLUTION
    return float(np.sum(p))
    ### END SOLUTION


class StochasticDepth(nn.Module):
    """Adds the branch of a residual block to its skip, or drops the branch as a whole.

        in training      scale "test":   y = skip + b * branch               scale "train":   y = skip + b / p * branch
        in evaluation    scale "test":   y = skip + p * branch               scale "train":   y = skip + branch

    p is the survival probability, b the gate: 1 with probability p, else 0. With mode "row" every example (axis 0) of
    the batch has a gate of its own, with mode "batch" one gate serves the whole batch. Every call draws anew.

    last_gate: the gates b of the latest call in training, 0 or 1 also with scale "train": N of them with mode "row", one
    with mode "batch", in any shape and dtype (a number of Python is fine with mode "batch").
    """

    def __init__(self, p_survive, mode="row", scale="test", generator=None):
        """Remember the settings.

        Args:
            p_survive: Survival probability p: in [0, 1] with scale "test", in (0, 1] with scale "train".
            mode: "row" or "batch".
            scale: "test" (as in the paper) or "train" (as in timm).
            generator: A torch.Generator, the only source of the gates (the global random state of torch stays as it
                is), or None for torch's global generator.

        Raises:
            ValueError: p_survive is outside its range, mode or scale is something else. The message names the argument.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if mode not in ("row", "batch"):
            raise ValueError(f"mode must be row or batch, got {mode!r}")
        if scale not in ("test", "train"):
            raise ValueError(f"scale must be test or train, got {scale!r}")
        if not 0 <= p_survive <= 1 or (scale == "train" and p_survive == 0):
            raise ValueError(f"p_survive must be in [0, 1] and not 0 with scale train, got {p_survive}")
        self.p_survive, self.mode, self.scale, self.generator = p_survive, mode, scale, generator
        self.last_gate = None
        ### END SOLUTION

    def forward(self, branch, skip):
        """The skip plus what is left of the branch.

        Args:
            branch: Tensor (N, ...), the output of the branch. It is not changed.
            skip: Tensor of the same shape. It is never scaled nor dropped, and not changed.

        Returns:
            Tensor of the shape and dtype of skip.
        """
        ### BEGIN SOLUTION
        if not self.training:
            return skip + (self.p_survive if self.scale == "test" else 1.0) * branch
        N = len(branch) if self.mode == "row" else 1
        shape = (N, *[1] * (branch.ndim - 1))
        self.last_gate = (torch.rand(shape, generator=self.generator) < self.p_survive).to(branch)
        scale = 1 / self.p_survive if self.scale == "train" else 1.0
        return skip + self.last_gate * scale * branch
        ### END SOLUTION


# %% check="stochastic_depth"
check("stochastic_depth")

# %% [markdown]
# ### Is the test rule exact?
#
# The example from above with your layer: 20 000 examples with $x = -1$ and a branch of 2, three seeds, with and without
# ReLU after the sum.

# %% tags=["experiment"]
Gate = use("StochasticDepth")
skip, branch = torch.full((20_000, 1), -1.0), torch.full((20_000, 1), 2.0)
linear, rectified = [], []
for seed in range(3):
    gate = Gate(0.5, mode="row", generator=torch.Generator().manual_seed(seed))
    in_training, in_test = gate.train()(branch, skip), gate.eval()(branch, skip)
    linear.append((in_training.mean() - in_test.mean()).item())
    rectified.append((F.relu(in_training).mean() - F.relu(in_test).mean()).item())
linear, rectified = np.array(linear), np.array(rectified)
claim("Nothing after the sum: training mean minus test output is 0", linear, holds=np.all(abs(linear) < 0.03))
claim("ReLU after the sum: the difference is 0.5", rectified, holds=np.all(abs(rectified - 0.5) < 0.03))

# %% [markdown]
# ### Experiment E11e: does it help?
#
# The network of E11a with 16 blocks (34 layers) and your `StochasticDepth` before the last ReLU of each block, mode
# `"batch"` as in the paper, survival probabilities by the linear rule with $p_L$ = 1 (no dropping), 0.8 and 0.5. 600
# digits, with a wrong label for about 18 % of them (five seeds), 25 epochs. Then the same with all labels right, for
# $p_L$ = 1 and 0.5 (three seeds). All with one rate and one number of epochs, chosen before.
#
# Your layer gets the branch as an argument, so by then the branch has been computed, and no time is saved. There is a
# trick: for a branch of 1 and a skip of 0 your layer returns its gate. So the block asks **first**, and computes the
# branch only if the gate is 1. (For a dropped block the ReLU can be left out as well: its input went through one
# already. Its weights get no gradient, and the optimizer leaves them alone.) We time single epochs.
#
# Finally the test rule on whole networks: the five networks with $p_L = 0.5$ on the test digits, evaluated by the rule,
# and as the mean probabilities of 30 random sub-networks (gates on, batch norm in evaluation mode).
#
# Written down before. With noisy labels: (1) $p_L = 0.8$ and (2) $p_L = 0.5$ raise the test accuracy after 25 epochs,
# the mean gain over the seeds being more than two of its standard errors. (3) With right labels $p_L = 0.5$ changes
# nothing (less than 0.01). (4) An epoch with $p_L = 0.5$ takes less than 0.85 of the time, on average. (5) The rule is
# as accurate as the mean of 30 sub-networks, within 0.01.

# %% tags=["experiment"]
linear_rule, depth_of = use("survival_probs"), use("expected_depth")
EPOCHS = (5, 10, 15, 20, 25)


class GatedBlock(Block):
    """A Block with skip whose branch survives training with probability p_survive."""

    def __init__(self, p_survive):
        super().__init__(norm=True, skip=True)
        self.gate = Gate(p_survive, mode="batch")

    def forward(self, x):
        if not self.gate.training:
            return F.relu(self.gate(self.branch(x), x))
        alive = self.gate(torch.ones(1, 1), torch.zeros(1, 1))
        return F.relu(x + self.branch(x)) if alive else x


def stochastic(p_L, seed):
    torch.manual_seed(seed)
    blocks = (GatedBlock(float(p)) for p in linear_rule(16, p_L))
    return nn.Sequential(nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU(), *blocks, nn.Linear(48, 10))


def learning_curve(p_L, noise, seed):
    """The trained network; its test accuracy after each of EPOCHS, then on its training labels."""
    split = digits(600, seed, label_noise=noise)
    net, epoch, curve = stochastic(p_L, seed), iter(range(1, 26)), []

    def after_epoch(net):
        if next(epoch) in EPOCHS:
            curve.append(evaluate(net, split.test)[1])

    fit(net, split.train, 25, seed, after_epoch=after_epoch)
    return net, [*curve, evaluate(net, split.train)[1]]


noisy, clean, halves = {}, {}, []
for p_L in (1.0, 0.8, 0.5):
    halves, curves = zip(*(learning_curve(p_L, 0.2, seed) for seed in range(5)), strict=True)
    noisy[p_L] = np.array(curves)  # (seeds, EPOCHS and training)
for p_L in (1.0, 0.5):
    clean[p_L] = np.array([learning_curve(p_L, 0.0, seed)[1] for seed in range(3)])


def seconds_per_epoch(p_L, seed):
    """Of processor time."""
    net, data = stochastic(p_L, seed), digits(600, seed).train
    start = process_time()
    fit(net, data, 1, seed)
    return process_time() - start


# In turns, and the fastest of three, as other programs disturb.
seconds = np.min([[[seconds_per_epoch(p_L, seed) for p_L in noisy] for seed in range(3)] for _ in range(3)], axis=0)
relative = dict(zip(noisy, (seconds / seconds[:, :1]).T, strict=True))  # p_L: (seeds,)


@torch.no_grad()
def rule_and_mean(net, seed):
    """Accuracy and loss of the test rule, then of the mean of 30 sub-networks."""
    images, labels = map(torch.tensor, digits(600, seed, label_noise=0.2).test)
    rule = net.eval()(images).softmax(dim=1)
    for part in net:
        if isinstance(part, GatedBlock):
            part.gate.train()
    torch.manual_seed(seed)
    mean = torch.stack([net(images).softmax(dim=1) for _ in range(30)]).mean(dim=0)
    measured = []
    for probs in (rule, mean):
        measured += [(probs.argmax(dim=1) == labels).double().mean().item(), F.nll_loss(probs.log(), labels).item()]
    return measured


both = np.array([rule_and_mean(net, seed) for seed, net in enumerate(halves)])

fig, axes = plt.subplots(1, 3, figsize=(12, 4))
LOOKS = {1.0: ("red", "s"), 0.8: ("purple", "D"), 0.5: ("blue", "o")}
for ax, runs, title in ((axes[0], noisy, "18 % wrong labels"), (axes[1], clean, "All labels right")):
    for p_L, curves in runs.items():
        color, marker = LOOKS[p_L]
        ax.plot(EPOCHS, curves[:, :-1].T, color=COLORS[color], marker="", linewidth=0.7, alpha=0.5)
        ax.plot(EPOCHS, curves[:, :-1].mean(axis=0), color=COLORS[color], marker=marker, label=f"$p_L$ = {p_L:g}")
    ax.set(title=title, xlabel="epoch", xticks=EPOCHS, ylim=(0.3, 1), ylabel="test accuracy")
    ax.legend(loc="lower right")
for p_L, times in relative.items():
    color, marker = LOOKS[p_L]
    share = depth_of(linear_rule(16, p_L)) / 16
    axes[2].plot([share] * 3, times, color=COLORS[color], marker=marker, linestyle="none")
    axes[2].text(share, times.max() + 0.015, f"$p_L$ = {p_L:g}", ha="center", color=COLORS[color])
axes[2].plot([0.7, 1], [0.7, 1], ":", color="black", marker="")
axes[2].margins(0.1, 0.12)
axes[2].set(xlabel="expected share of blocks that are computed", ylabel="time of an epoch, relative", title="Time")
plt.show()

print("                    test accuracy after epoch                  training")
print("                    ", *(f"{epoch:6}" for epoch in EPOCHS), "    accuracy")
for name, runs in (("wrong labels", noisy), ("right labels", clean)):
    for p_L, curves in runs.items():
        print(
            f"{name}, p_L {p_L:3}",
            *(f"{value:6.3f}" for value in curves[:, :-1].mean(axis=0)),
            f"  {curves[:, -1].mean():8.3f}",
        )
print("sd over seeds, wrong labels, epoch 25:", *(f"p_L {p}: {c[:, -2].std(ddof=1):.3f}" for p, c in noisy.items()))
print("expected depth of 16:", *(f"p_L {p}: {depth_of(linear_rule(16, p)):.2f}" for p in noisy))

for number, p_L in ((1, 0.8), (2, 0.5)):
    gain = noisy[p_L][:, -2] - noisy[1.0][:, -2]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    claim(f"({number}) Wrong labels, epoch 25: gain of p_L = {p_L}", gain, holds=gain.mean() > 2 * error)
change = clean[0.5][:, -2] - clean[1.0][:, -2]
claim("(3) Right labels: change with p_L = 0.5", change, holds=np.all(abs(change) < 0.01))
claim("(4) Time of an epoch with p_L = 0.5, relative", relative[0.5], holds=relative[0.5].mean() < 0.85)
apart = both[:, 0] - both[:, 2]
claim("(5) Accuracy of the rule minus that of 30 sub-networks", apart, holds=np.all(abs(apart) < 0.01))
print("loss, rule and mean of 30:", both[:, 1].mean().round(3), both[:, 3].mean().round(3), "nats")

# %% [markdown]
# Figure: left, test accuracy after 5 to 25 epochs with wrong labels, a thin line for each of five networks and the mean
# as a thick one, for three values of $p_L$. The means rise from 0.7 or 0.8 to between 0.85 and 0.9 and cross several
# times; single networks jump up and down. Middle, right labels: two curves that rise together from 0.8 to 0.95. Right,
# time of an epoch relative to that without dropping, against the expected share of blocks that are computed: the points
# lie near or above the dotted diagonal.
#
# **What to notice.**
#
# - Do both rates gain with wrong labels? **It depends on the machine.** On one of ours they gained 0.02 to 0.03 at epoch
#   25, and both claims held. On another, with the same code and the same seeds, the gains were −0.002 and −0.014: its
#   processor only rounds differently. Whichever verdict you see, look at the curves before you believe it. They cross,
#   and single networks jump by several hundredths from one epoch to the next. What is the same everywhere: without
#   dropping the network has begun to learn the wrong labels (its accuracy on the *training* labels is higher, 0.85
#   instead of 0.81 with $p_L = 0.5$; it cannot be above 0.82 honestly).
# - If your layer draws its gates in another order, that is one more change of this kind. Five seeds are too few for an
#   effect of this size. So we spent 15 more seeds, not shown here: gains at epoch 25 of 0.017 ± 0.004 and
#   0.021 ± 0.007 (standard errors), and at epoch 15, where all three are best or nearly so, of 0.002 ± 0.008 and −0.005 ± 0.005. **Here stochastic depth
#   mostly protects against training too long**: stopping at epoch 15 without it gives 0.889 in these seeds, 25 epochs
#   with it 0.894 and 0.898 (notebook 08 stops early by a rule).
# - With right labels it changes little, by about 0.01 in either direction; the claim of "less than 0.01" fails by a
#   hair.
# - Time: 11.75 of 16 blocks are computed, 0.73, and an epoch takes about 0.8 of the time. (Times scatter from run to
#   run; the first layer, the last and part of the optimizer cost what they did.) That is the gain that is certain.
# - The test rule is as good as 30 sub-networks on average (within 0.004; single networks are over the 0.01 of the
#   claim), its loss is even a little smaller, and it costs one pass instead of 30. Not exact, as we saw, and good
#   enough.
# - The gains in the paper are larger: networks of 110 layers on images, 500 epochs, where there is depth to spare. In
#   E11c you saw that here there is little use for depth. In the capstone, with three blocks, expect nothing from it, or
#   harm.

# %% [markdown]
# ## 8 · Two questions in words

# %% [markdown] question="W11a" points=4
# **W11a (4 points).** Lecture notes write a plain network as $F(G(H(I(\cdot))))$ and a residual network as
#
# $$ x + F(x) + G(F(x)) + H(G(F(x))) . $$
#
# (a) Write down the correct formula for three blocks $F$, $G$, $H$ in this order (with a skip around each), and say in
# one sentence what the printed one gets wrong. What else is inconsistent between the two printed formulas? (b) Let the
# blocks be linear, $F(x) = Ax$, $G(x) = Bx$, $H(x) = Cx$ with matrices. Expand your formula into paths. How many are
# there, how many does the printed formula have, and which are missing? (c) Give the gradient of the output with respect
# to the input for both in the linear case, and say which gradients are lost. (d) Draw or describe the network that the
# printed formula does compute. For which functions do the two agree?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) $x + F(x) + G(x + F(x)) + H\big(x + F(x) + G(x + F(x))\big)$. In the printed one each block gets
# the output of the block before it, not the running sum: the skips lead to the end only, none of them leads into the
# next block. Besides, in the first formula the *last* letter is applied first ($I$, then $H$, ...), in the second $F$
# is first.
#
# (b) $(I + C)(I + B)(I + A)x = (I + A + B + C + BA + CA + CB + CBA)\,x$: $2^3 = 8$ paths, one for every subset of the
# blocks, the later matrix to the left. The printed one is $(I + A + BA + CBA)\,x$: 4 paths. $B$, $C$, $CA$ and $CB$ are
# missing: all paths that skip a block and use a later one. With 0.3, 0.5, 0.7: 3.315 and 1.555.
#
# (c) $(I + A)^\top(I + B)^\top(I + C)^\top$ and $I + A^\top + A^\top B^\top + A^\top B^\top C^\top$ times the gradient
# at the output. In the printed network what $H$ contributes gets back to the input only through $C$, $B$ *and* $A$, as
# in a plain network; if $A$ is near 0, neither $G$ nor $H$ see the input at all, and no gradient reaches them (their
# input is near 0).
#
# (d) A plain chain $F$, $G$, $H$, whose intermediate results are all added up at the end together with $x$ (a network
# with several outputs, summed). The two agree where the missing paths vanish, e.g. if $G(x + F(x)) = G(F(x))$ and the
# same for $H$: for $G = H = 0$ (only one block), or if $G$ and $H$ do not react to the parts in which their arguments
# differ.
#
# **Rubric.** 1 point for each part. (a) Formula (½), the opposite order of the letters (½). (b) 8 and 4 (½), the four
# missing ones, in the right order of products (½). (c) Both gradients, or one and a correct statement of what is lost.
# (d) A chain with a sum at the end (½), one case of agreement (½). Who answers (b) with scalars only loses nothing.
# ### END SOLUTION

# %% [markdown] question="W11b" points=5
# **W11b (5 points).** The students of a lecture wrote that they wished *"the connection of stochastic depth with
# dropout and convolutional networks to be better explained"*. Write this page for them. It should answer:
#
# (a) What do dropout, DropBlock, spatial dropout and stochastic depth have in common, and what is the only difference?
# Order them, and give the number of independent coins for an array $(N, C, H, W)$ where there is a simple one. (b) The
# lecture says about dropout in convolutions: *"If we zero out pixels we are changing the shape of the image."* What is
# right and what is wrong about this? Use the word *correlation*, and one number that you have measured. (c) The lecture
# says that stochastic depth *"drops entire blobs of elements"*. Correct it. (d) Why can one drop a layer only if there
# is a skip around it? What happens in a plain network, and what about a layer that changes the shape? (e) What does one
# pay for climbing the ladder at the same $p_\text{drop}$? Give two standard deviations for the share of a 3 × 3 × 16
# window that survives at $p_\text{drop} = 0.2$, and one consequence for the choice of $p_\text{drop}$.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) All multiply activations by a random mask of 0 and 1 in training, with (nearly) the same
# probability for each single value, and correct the scale in training or at test time. The difference is which values
# share one coin: unit ($NCHW$ coins), a patch of one map (a few centres per map), a whole map ($NC$), the whole branch
# of an example ($N$; $1$ in the mode of the paper). Each contains the one before.
#
# (b) The shape of the array stays; zeroing is allowed everywhere. What changes is the picture: it gets holes, with
# edges to which filters respond. The real difficulty is another: neighbouring values of a map are correlated, so that a
# single dropped value is still known to its neighbours. In E05f a dropped pixel of a smooth map was recovered with
# $R^2$ up to 0.8, a dropped channel with 0. Dropping single pixels therefore removes little information where maps are
# smooth; patches and channels remove more. (On the 8 × 8 digits, which are not smooth, E05g found no disadvantage of
# pixels.)
#
# (c) It drops a residual *branch*: everything the block adds, for one example or for the batch, at all places and
# in all channels. Contiguous blobs of one map are DropBlock.
#
# (d) On the last rung nothing in the layer is left that could tell what was lost, neither neighbours nor other
# channels. In a plain network the next layer would get zeros for every example, so no information about the input
# arrives and no gradient gets back. With a skip, $x + 0\cdot f(x) = x$ remains: a shorter network. Replacing a dropped
# layer by the identity is the same as having a skip, and possible only if input and output have the same shape; a block
# that changes the shape needs a projection on the shortcut, and this must not be dropped.
#
# (e) More noise at once, with the same mean: variance $p_\text{keep}p_\text{drop}$ divided by the number of coins in
# the window. Unit $\sqrt{0.16/144} = 0.033$, channel $\sqrt{0.16/16} = 0.1$, branch $0.4$. So the same $p_\text{drop}$
# is a far stronger intervention further up, and rates should be smaller there; stochastic depth with the linear rule
# drops early blocks hardly at all.
#
# **Rubric.** 1 point for each part. (a) Shared coins (½), order or numbers of coins (½). (b) Array shape against
# picture (½), correlation with a number (½). (c) Branch, not blob. (d) Nothing left without a skip (½), shapes (½).
# (e) Two of the three deviations (½), consequence (½).
# ### END SOLUTION

# %% [markdown]
# ## What you built, and where it goes next
#
# - **The residual sum and its paths**: a formula that is often misprinted, and $2^L$ paths, sorted by length. The
#   gradient of a trained network came over the short ones.
# - **Three blocks** with their shortcuts and orders. The capstone, notebook 12, stacks them into a small ResNet, and
#   lets you choose the norm (notebooks 02 and 04).
# - **Two laws of growth**, $2^l$ and $1 + l$, and zero branches that start at the identity.
# - **Euler's method** as a resemblance with a measured order, and trained blocks that do not follow it closely.
# - **One ladder**: dropout, DropBlock, spatial dropout and stochastic depth are one method with different coins.
#   Notebook 12 has them as options; a network of three blocks has little depth to drop, so measure before you believe.
#
# **Next**: [12 · Capstone: a small residual network with everything](../12_capstone/12_capstone.ipynb).


# %%
progress()
