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
# # The normalization family, and layer normalization in depth
#
# Batch normalization (notebook 02) has one property that no other layer of a network has: in training, the answer for
# one image depends on the other images in its batch. Nearly all of its trouble comes from there. A batch of two is too
# small, a batch of one class is misleading, a test image has no batch at all, a sentence has a new batch at every word,
# and a batch that is spread over eight devices is eight small batches.
#
# The way out is to average over something else. That is all there is to layer norm, instance norm and group norm: the
# same formula, other axes. This notebook builds the formula once, for any axes, and then asks what each choice of axes
# *means*: what a layer forgets, what it can no longer see, what it costs, and where it breaks.
#
# By the end you will be able to
#
# 1. write any of these layers, forward and backward, from **one** operator and a set of axes;
# 2. explain **layer norm** properly: what it averages in a fully-connected net, in a convolutional net and in a
#    transformer; why its scale is per feature although its mean is per row; why training and evaluation are the same;
#    what it is blind to and what it is not; what it costs;
# 3. choose a normalizer for a given setting, and say what would change your mind.
#
# **You need**: NumPy, notebooks [01](../01_input_normalization/01_input_normalization.ipynb) and
# [02](../02_batch_norm/02_batch_norm.ipynb). **Time**: about 4.5 hours. **Points**: 51 for code in ten exercises, 12
# for two questions in words. Exercises marked *extension* can be left out without losing the thread.
#
# The rules of notebook 02 hold: arguments are left as they were, whole numbers and float32 are welcome, bad input is
# refused with a `ValueError` that names the argument, and while an exercise is checked the routines of torch that would
# do it for you are switched off.
#
# The papers, in the order in which they appeared: batch norm (Ioffe and Szegedy 2015, arXiv:1502.03167), weight norm
# (Salimans and Kingma 2016, arXiv:1602.07868), layer norm (Ba, Kiros and Hinton 2016, arXiv:1607.06450), instance norm
# (Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022), group norm (Wu and He 2018, arXiv:1803.08494), RMS norm
# (Zhang and Sennrich 2019, arXiv:1910.07467).

# %%
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.distributed import NotPossible, run_processes
from traindeep.plots import COLORS, axes_box, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · One operator, many layers
#
# Write $x_i$ for one value of a batch; $i$ stands for all its indices, row and feature, or image, channel and pixel.
# Every layer of this notebook normalizes with the mean and the variance of some **set** $S_i$ of values that $x_i$
# belongs to. With $n$ values in the set,
#
# $$
# \mu_i = \frac1n \sum_{k \in S_i} x_k, \qquad
# \sigma_i^2 = \frac1n \sum_{k \in S_i} (x_k - \mu_i)^2, \qquad
# \hat x_i = \frac{x_i - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}} .
# $$
#
# That is batch norm's formula, word for word. Batch norm says: $S_i$ holds the values of the same channel. All the
# other names in the literature are other sets.

# %% tags=["experiment"]
family = (
    ("NHW", 1, "Batch norm"),
    ("CHW", 1, "Layer norm (whole image)"),
    ("HW", 1, "Instance norm"),
    ("CHW", 2, "Group norm, 2 groups"),
    ("C", 1, "Layer norm (channels only)"),
    ("N", 1, "One statistic per pixel"),
)
fig, axes = plt.subplots(2, 3, figsize=(11, 8))
for ax, (averaged, groups, title) in zip(axes.flat, family, strict=True):
    axes_box(ax, averaged, groups=groups, title=title)
plt.show()

# %% [markdown]
# Figure: the same box of N images, C channels and H·W pixels, six times; one set of values that share a mean is
# orange. Batch norm: one channel of all images, all pixels; N·H·W values, C means. Layer norm: one whole image;
# C·H·W values, N means. Instance norm: one channel of one image; H·W values, N·C means. Group norm with 2 groups: half
# of the channels of one image; C/2·H·W values, N·2 means. Channels only: one pixel of one image through all channels;
# C values, N·H·W means. Per pixel: the same pixel and channel through all images; N values, C·H·W means.
#
# **What to notice.** Look for the letter N. Where the orange set runs along the axis of images (batch norm, per
# pixel), an output depends on who else is in the batch, something must be remembered for test time, and a batch of one
# is a problem. Where it does not, none of the three is an issue, and the layer does the same thing in training and in
# testing. Then look at what is *not* averaged: that is what the layer lets through. Batch norm keeps how images differ
# in a channel and forgets how channels differ; layer norm keeps how channels differ and forgets how images differ.
#
# ### By hand
#
# Three rows, two features. We take $\varepsilon = 3$, absurdly large, because then all roots come out whole.
#
# | | over the columns: batch norm | over the rows: layer norm |
# | --- | --- | --- |
# | $x$ | $\begin{pmatrix}1&3\\4&6\\7&9\end{pmatrix}$ | $\begin{pmatrix}1&3\\4&6\\7&9\end{pmatrix}$ |
# | means | 4 and 6, one per column | 2, 5 and 8, one per row |
# | $x - \mu$ | $\begin{pmatrix}-3&-3\\0&0\\3&3\end{pmatrix}$ | $\begin{pmatrix}-1&1\\-1&1\\-1&1\end{pmatrix}$ |
# | $\sigma^2$ | $(9+0+9)/3 = \mathbf 6$, twice | $(1+1)/2 = \mathbf 1$, three times |
# | $\sqrt{\sigma^2+3}$ | $\sqrt 9 = \mathbf 3$ | $\sqrt 4 = \mathbf 2$ |
# | $\hat x$ | $\begin{pmatrix}-1&-1\\0&0\\1&1\end{pmatrix}$ | $\begin{pmatrix}-\frac12&\frac12\\-\frac12&\frac12\\-\frac12&\frac12\end{pmatrix}$ |
#
# The example is built so that you can see what each layer is blind to. The two columns of $x$ differ by 2 everywhere;
# after batch norm they are equal. The three rows differ by 3 everywhere; after layer norm they are equal.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | what `axes` means | the axes that are **averaged over** and so disappear into the mean, as in `np.mean` | Keras' `LayerNormalization(axis=...)` means the same, Keras' `BatchNormalization(axis=...)` the axis that is **kept**; `torch.nn.LayerNorm` takes the *lengths* of the trailing axes; Flax asks for both, `reduction_axes` and `feature_axes` |
# | "layer norm" of images | the whole image, $(C, H, W)$, as in the papers on convolutional nets | ConvNeXt: the channels of one pixel, `"channel_only"` here. "Averages different channels", as some notes say, is true of both |
# | variance | divided by the number of values, in the whole family | PyTorch: the same in all its layers |
# | $\varepsilon$ | inside the root, $10^{-5}$ | PyTorch $10^{-5}$; Keras $10^{-3}$; Flax $10^{-6}$ for layer and group norm; BERT $10^{-12}$ |
#
# ### Exercise: `normalize_over` and `norm_axes` (4 points)
#
# The operator, without scale and shift, and the table of its axes. You will build the rest of the family from these
# two.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="normalize_over" points=4
def normalize_over(x, axes, eps=1e-5):
    """Normalize all values that differ only in their places along some axes with one mean and one variance.

        xhat = (x - mean) / sqrt(var + eps),    mean and var over axes

    var divides by the number of values (biased); eps is inside the square root. No scale and shift.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: Array with any number of axes, float or integer. It is not changed.
        axes: A tuple of one or more different axes, those that are averaged over; negative ones count from the end.
        eps: A small number >= 0.

    Returns:
        (xhat, mean, var). xhat has the shape of x. mean and var have as many axes as x, with length 1 where x was
        averaged: for x of shape (N, C, H, W) and axes (2, 3) they are (N, C, 1, 1). var is without eps.

    Raises:
        ValueError: x has no such axis. The message names axes (NumPy's own message, which says "axis", will do).
    """
    ### BEGIN SOLUTION
    x, axes = np.asarray(x, dtype=float), tuple(axes)
    if any(not -x.ndim <= axis < x.ndim for axis in axes):
        raise ValueError(f"axes must be between {-x.ndim} and {x.ndim - 1}, got {axes}")
    mean = x.mean(axis=axes, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var
    ### END SOLUTION


def norm_axes(kind, ndim):
    """The axes that a kind of normalization averages over.

        (N, D):        "batch" averages over the N rows, "layer" over the D features
        (N, C, H, W):  "batch" averages N*H*W values, "layer" C*H*W, "instance" H*W, "channel_only" C, "per_pixel" N

    Args:
        kind: "batch", "layer", "instance", "channel_only" or "per_pixel".
        ndim: 2 for (N, D), 4 for (N, C, H, W).

    Returns:
        A tuple of axes, in any order; negative ones are as good.

    Raises:
        ValueError: the kind is unknown, ndim is neither 2 nor 4, or the kind is "instance", "channel_only" or
            "per_pixel" and ndim is 2. The message names kind or ndim.
    """
    ### BEGIN SOLUTION
    table = {
        ("batch", 2): (0,),
        ("layer", 2): (1,),
        ("batch", 4): (0, 2, 3),
        ("layer", 4): (1, 2, 3),
        ("instance", 4): (2, 3),
        ("channel_only", 4): (1,),
        ("per_pixel", 4): (0,),
    }
    if (kind, ndim) not in table:
        raise ValueError(f"kind {kind!r} is not known for ndim {ndim}")
    return table[kind, ndim]
    ### END SOLUTION


# %% check="normalize_over"
check("normalize_over")

# %% [markdown]
# ## 2 · One gradient for the whole family
#
# In notebook 02 you differentiated batch norm. Nothing in that derivation knew that the $N$ numbers were a *column*.
# Here it is once more, for any set of $n$ values, and this time we look at what the result means.
#
# ### Derivation
#
# **Step 1, one set at a time.** $\hat x_i$ depends on the values of its own set and on no others, so every derivative
# across sets is zero. It is enough to look at one set. Put its values into a vector $x \in \mathbb R^n$ and write
# $\mathbf 1$ for the vector of $n$ ones.
#
# **Step 2, the forward pass as geometry.** Subtracting the mean is a matrix, $c = x - \mu\mathbf 1 = Px$ with
# $P = I - \frac1n \mathbf 1\mathbf 1^\top$. It projects onto the vectors that add up to zero. Then
#
# $$ s = \sqrt{\tfrac1n\, c^\top c + \varepsilon}, \qquad \hat x = c / s . $$
#
# **Step 3, a small change.** Change $x$ by $\delta$. The projection is linear, so $c$ changes by $P\delta$. For the
# root, $s^2 = \frac1n c^\top c + \varepsilon$ gives $2s\,\delta s = \frac2n c^\top P \delta$, and $c^\top P = c^\top$
# because $c$ already adds up to zero. Hence
#
# $$ \delta s = \frac1n\,\frac{c^\top}{s}\,\delta = \frac1n\,\hat x^\top \delta . $$
#
# In words: the scale of the set reacts only to changes *along* $\hat x$. The quotient rule does the rest:
#
# $$ \delta \hat x = \frac{P\delta}{s} - \frac{c}{s^2}\,\delta s
#    = \underbrace{\frac1s\Bigl(I - \frac1n\mathbf 1\mathbf 1^\top - \frac1n\,\hat x\,\hat x^\top\Bigr)}_{J}\;\delta . $$
#
# Three terms: the direct path, the path through the mean, the path through the variance.
#
# **Step 4, backwards.** The chain rule multiplies the incoming gradient $\mathrm d\hat x$ with $J^\top$. But $J$ is
# symmetric: **gradients travel back through the same matrix that carries changes forward.**
#
# **Step 5, what $J$ does.** Ask what happens to a vector $v$ in each of three directions.
#
# | direction | $Jv$ | in words |
# | --- | --- | --- |
# | $v = \mathbf 1$ | $0$ | the same constant on all values: swallowed |
# | $v = \hat x$ | $\dfrac{\varepsilon}{s^3}\,\hat x \approx 0$ | all values a bit further from their mean: swallowed, up to ε |
# | $v$ at right angles to both | $v/s$ | passed on, divided by $s$ |
#
# (For the second line, $\frac1n \hat x^\top \hat x = \sigma^2/s^2 = 1 - \varepsilon/s^2$.) That is the whole gradient of
# every layer of the family. **Of the $n$ directions of a set, $n - 2$ come through, divided by $s$, and two do not.**
# The two are what the layer is blind to: the place and the scale of the set.
#
# It also says when a normalization is in trouble. With $n = 2$ there are no other directions: $\hat x$ is $(-1, 1)$ or
# $(1, -1)$ whatever the two values are, and *no* gradient comes back (ε aside). Below a batch norm with two rows per
# batch, or a layer norm of two features, nothing can be learned. You will see it happen in an experiment.
#
# ### By hand
#
# The example of section 1, again with $\varepsilon = 3$. A column has $n = 3$, $\hat x = (-1, 0, 1)$ and $s = 3$; a row
# has $n = 2$, $\hat x = (-\frac12, \frac12)$ and $s = 2$:
#
# $$
# J_\text{column} = \tfrac13\Bigl[
# \begin{pmatrix}1&0&0\\0&1&0\\0&0&1\end{pmatrix}
# - \tfrac13\begin{pmatrix}1&1&1\\1&1&1\\1&1&1\end{pmatrix}
# - \tfrac13\begin{pmatrix}1&0&-1\\0&0&0\\-1&0&1\end{pmatrix}\Bigr]
# = \tfrac19\begin{pmatrix}1&-1&0\\-1&2&-1\\0&-1&1\end{pmatrix},
# $$
#
# $$
# J_\text{row} = \tfrac12\Bigl[
# \begin{pmatrix}1&0\\0&1\end{pmatrix}
# - \tfrac12\begin{pmatrix}1&1\\1&1\end{pmatrix}
# - \tfrac18\begin{pmatrix}1&-1\\-1&1\end{pmatrix}\Bigr]
# = \tfrac3{16}\begin{pmatrix}1&-1\\-1&1\end{pmatrix} .
# $$
#
# Let the gradient $\mathrm d\hat x$ come in, and multiply it column by column, or row by row:
#
# $$
# \mathrm d\hat x = \begin{pmatrix}9&1\\0&0\\0&8\end{pmatrix}: \qquad
# \mathrm dx = \begin{pmatrix}1&\frac19\\-1&-1\\0&\frac89\end{pmatrix}\ \text{(batch norm)}, \qquad
# \mathrm dx = \begin{pmatrix}\frac32&-\frac32\\0&0\\-\frac32&\frac32\end{pmatrix}\ \text{(layer norm)}.
# $$
#
# Go through the first column with a pencil. Then check: the columns of the first answer and the rows of the second add
# up to 0, as step 5 demands. With $\varepsilon = 0$ a row would become $\hat x = (-1, 1)$, and the bracket of
# $J_\text{row}$ zero: two features, no gradient.
#
# ### From the matrix to code
#
# Nobody builds these matrices: a channel of 32 images of 8 × 8 pixels is a set of 2048 values, and $J$ would have four
# million entries. Multiply the bracket of step 3 with $\mathrm d\hat x$ and look at what each of the three terms becomes.
# No term needs more memory than $\mathrm d\hat x$ itself. You did this once in `bn_backward`, for columns; the same lines
# serve every choice of axes if the averages are taken over the right ones.
#
# γ is not part of this. A layer $y = \gamma\hat x + \beta$ hands the operator $\mathrm d\hat x = \gamma\,\mathrm dy$; the
# gradients of γ and β are sums over whatever shares them, and *that* differs from layer to layer.
#
# There is no disagreement between libraries here, and the check that helps most is the one of notebook 02: a random
# $\mathrm d\hat x$. Under a plain sum of the outputs every gradient of this section is zero.
#
# ### Exercise: `normalize_over_backward` (6 points)
#
# *Difficulty 4 of 4, about 30 minutes.*


# %% exercise="normalize_over_backward" points=6
def normalize_over_backward(dxhat, xhat, var, axes, eps=1e-5):
    """Gradient of normalize_over with respect to x, for any axes.

        dx_j = sum_i dxhat_i d xhat_i / d x_j       over the values i of the set of j; mean and var depend on x too

    torch's autograd, batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        dxhat: Gradient of the loss with respect to xhat, of the shape of xhat, float or integer. It is not changed.
        xhat: What normalize_over returned for x. It is not changed.
        var: What normalize_over returned: as many axes as xhat, with length 1 where x was averaged, without eps. It is
            not changed. The checks pass a correct xhat and var whether or not your normalize_over works.
        axes: The tuple of axes that were averaged over; negative ones count from the end.
        eps: The eps of the forward pass.

    Returns:
        dx, of the shape of xhat.

    Raises:
        ValueError: the shape of dxhat is not the shape of xhat, even where it would broadcast. The message names one
            of the two.
    """
    ### BEGIN SOLUTION
    dxhat, xhat = np.asarray(dxhat, dtype=float), np.asarray(xhat, dtype=float)
    if dxhat.shape != xhat.shape:
        raise ValueError(f"dxhat must have the shape of xhat, {xhat.shape}, got {dxhat.shape}")
    along_ones = dxhat.mean(axis=tuple(axes), keepdims=True)
    along_xhat = (dxhat * xhat).mean(axis=tuple(axes), keepdims=True)
    return (dxhat - along_ones - xhat * along_xhat) / np.sqrt(var + eps)
    ### END SOLUTION


# %% check="normalize_over_backward"
check("normalize_over_backward")

# %% [markdown]
# ### The same block, other neighbours
#
# A batch of 2 images with 2 channels and 3 pixels holds 12 values. We ask torch's own layers for the derivative of
# every output by every input, and your function for the same 144 numbers: one unit vector as `dxhat` gives one row.
# Three seeds.

# %% tags=["experiment"]
backward = use("normalize_over_backward")
SHAPE, EPS = (2, 2, 1, 3), 1e-5
LAYERS = {
    "batch norm": (lambda x: F.batch_norm(x, None, None, training=True, eps=EPS), (0, 2, 3)),
    "layer norm": (lambda x: F.layer_norm(x, x.shape[1:], eps=EPS), (1, 2, 3)),
    "instance norm": (lambda x: F.instance_norm(x, eps=EPS), (2, 3)),
}


def both_jacobians(layer, axes, seed):
    """The (12, 12) derivatives of outputs (rows) by inputs (columns): torch's, and those that `backward` gives."""
    x = torch.randn(SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    theirs = torch.autograd.functional.jacobian(layer, x).reshape(12, 12).numpy()
    xhat, var = layer(x).numpy(), x.numpy().var(axis=axes, keepdims=True)
    return theirs, np.array([backward(e.reshape(SHAPE), xhat, var, axes, EPS).ravel() for e in np.eye(12)])


fig, axes = plt.subplots(1, 3, figsize=(11, 4))
worst = np.zeros(3)
for ax, (name, (layer, averaged)) in zip(axes, LAYERS.items(), strict=True):
    pairs = [both_jacobians(layer, averaged, seed) for seed in range(3)]
    worst = np.maximum(worst, [abs(theirs - yours).max() for theirs, yours in pairs])
    shown = pairs[0][0]
    picture = ax.imshow(shown, cmap="RdBu", vmin=-1, vmax=1)
    for border in (2.5, 5.5, 8.5):
        ax.axhline(border, color="0.3", linewidth=2 if border == 5.5 else 0.7, marker="")
        ax.axvline(border, color="0.3", linewidth=2 if border == 5.5 else 0.7, marker="")
    ax.set(title=name.capitalize(), xlabel="value of x")
    ax.set_xticks((1, 4, 7, 10), ("n0 c0", "n0 c1", "n1 c0", "n1 c1"))
    ax.set_yticks((1, 4, 7, 10), ("n0 c0", "n0 c1", "n1 c0", "n1 c1"))
    ax.grid(False)
axes[0].set_ylabel("value of x̂")
fig.colorbar(picture, ax=axes, label="derivative of x̂ by x", shrink=0.8)
plt.show()

claim("One backward pass serves three of torch's layers: largest difference", worst, holds=np.all(worst < 1e-6))

# %% [markdown]
# Figure: three matrices of 12 × 12 derivatives, outputs downwards, inputs to the right, both ordered by image (n0, n1),
# channel (c0, c1) and pixel. White is zero. Batch norm: the quarters of equal channel are coloured, within and across
# the images. Layer norm: the two blocks of equal image are coloured. Instance norm: only the four small blocks on the
# diagonal. Inside the blocks the diagonal is blue (positive), the rest mostly red (negative).
#
# **What to notice.** It is the same block each time, $\frac1s(I - \frac1n\mathbf 1\mathbf 1^\top - \frac1n\hat x\hat
# x^\top)$; only who sits together in it changes. Each picture is symmetric, and each row of it adds up to zero. The white
# squares are the independence that a layer buys: with layer and instance norm no gradient crosses from image to image.

# %% [markdown]
# ## 3 · Layer normalization
#
# ### Statistics per row, parameters per feature
#
# Layer norm averages over the features of one row. For an input $(N, D)$, with $i$ for the row and $d$ for the feature,
#
# $$
# \mu_i = \frac1D\sum_{d=1}^D x_{id}, \qquad
# \sigma_i^2 = \frac1D\sum_{d=1}^D (x_{id} - \mu_i)^2, \qquad
# y_{id} = \gamma_d\,\frac{x_{id} - \mu_i}{\sqrt{\sigma_i^2 + \varepsilon}} + \beta_d .
# $$
#
# Look at the indices, because they are the whole layer. The statistics carry an $i$, the parameters a $d$. In batch
# norm both carry a $d$.
#
# | | batch norm | layer norm |
# | --- | --- | --- |
# | statistics belong to | a feature, $\mu_d, \sigma_d$ | a row, $\mu_i, \sigma_i$ |
# | parameters belong to | a feature, $\gamma_d, \beta_d$ | a feature, $\gamma_d, \beta_d$ |
# | can γ and β undo it? | yes, $\gamma_d = \sigma_d$ (up to ε), $\beta_d = \mu_d$ | no: $\sigma_i$ changes from row to row and $\gamma_d$ does not |
# | at test time | stored statistics | the row has its own: the same code, nothing stored |
# | can be folded into the weights before it? | yes, at test time it is a fixed straight line per feature | no, it divides by something that depends on the input |
# | one row alone | refused in training | fine |
# | one extreme value | squeezes its feature in the other rows | squeezes the other features of its row |
#
# Could γ and β carry an $i$, then? They could not be learned: row 7 of one batch has nothing to do with row 7 of the
# next. What a layer can learn belongs to what is the same in every batch, and those are the features.
#
# ### Is it allowed to average apples and oranges?
#
# The features of a row are different things. If they are kilograms and metres, their mean is nonsense, and so is layer
# norm: for the *inputs* of a model there is the standardizer of notebook 01. Inside a network things are better. The $D$
# values are the outputs of one linear layer, sums of many terms with weights drawn from one distribution, so at the
# start of training they are alike enough to share a scale. And if training wants one feature larger than the rest,
# $\gamma_d$ is there to make it so *after* the normalization.
#
# ### What is left of a row
#
# Step 5 of the derivation says which two things of a row are lost. With three features one can draw it. Subtracting the
# mean drops the row onto the plane of vectors that add up to zero; dividing by σ moves it, along its ray, to the circle
# of radius $\sqrt D = \sqrt 3$.

# %% tags=["experiment"]
rng = np.random.default_rng(4)
rows = rng.normal(size=(14, 3)) * rng.uniform(0.2, 2.6, size=(14, 1)) + rng.normal(size=(14, 1))
plane = np.array([[1, -1, 0], [1, 1, -2]]).T / np.sqrt([2, 6])  # two directions that add up to zero
fig, ax = plt.subplots(figsize=(7.4, 4.8))
angle = np.linspace(0, 2 * np.pi, 200)
ax.plot(np.sqrt(3) * np.cos(angle), np.sqrt(3) * np.sin(angle), color="0.6", marker="", linewidth=1)
dropped = (rows - rows.mean(axis=1, keepdims=True)) @ plane
for eps, color, mark, label in (
    (1e-5, "blue", "o", "layer norm, ε = 0.00001"),
    (0.5, "orange", "s", "layer norm, ε = 0.5"),
):
    y = F.layer_norm(torch.tensor(rows), (3,), eps=eps).numpy() @ plane
    if eps < 0.1:
        ax.plot(*np.stack([dropped, y], axis=1).T, color="0.8", marker="", linewidth=1, zorder=0)
    ax.plot(*y.T, mark, color=COLORS[color], label=label)
ax.plot(*dropped.T, "^", color=COLORS["black"], label="rows of x, mean subtracted")
ax.plot(0, 0, "+", color="0.3", markersize=10)
ax.set(xlabel="(feature 1 − feature 2) / √2", ylabel="(feature 1 + feature 2 − 2 feature 3) / √6", aspect="equal")
ax.set_title("A row keeps its direction and nothing else")
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# Figure: the plane of all rows of three features that add up to zero. Black triangles: fourteen rows after the mean is
# subtracted, some near the centre, some far away. A grey ray leads from each to a blue point on a circle of radius
# 1.73, where layer norm puts it. Orange squares: with ε = 0.5 the rows that were far out arrive close to the circle, those
# near the centre stay inside.
#
# **What to notice.** Mean and length are gone; the direction is all that the next layer sees, until γ and β stretch the
# circle into an ellipse and move it. ε decides about rows that are nearly constant: a difference between features that
# is small against $\sqrt\varepsilon$ counts as none, and is not blown up into a signal. And with two features the circle is
# two points.
#
# ### Where the last axis is
#
# "The features of one row" is clear for an MLP. For other inputs somebody has to say what a row is.
#
# | input | a row is | `torch` | statistics | γ, β |
# | --- | --- | --- | --- | --- |
# | MLP, $(N, D)$ | a case | `LayerNorm(D)` | $N$ | $D$ |
# | sequence, $(N, T, D)$: transformer, recurrent net | one time step (token) of one sequence | `LayerNorm(D)` | $N \cdot T$ | $D$ |
# | images, $(N, C, H, W)$, first papers | a whole image | `LayerNorm((C, H, W))` | $N$ | $C \cdot H \cdot W$, one per value |
# | images, ConvNeXt and vision transformers | one pixel (patch) of one image | `LayerNorm(C)` with channels last | $N \cdot H \cdot W$ | $C$ |
#
# The second line is why layer norm and sequences go together. Sequences have different lengths, later time steps are
# rarer, and at test time a sequence may be longer than any seen before; batch statistics "of time step 40" would be
# estimated from the few sequences that get so far. Layer norm never asks.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | averaged | the last axis, at every position separately | `torch.nn.LayerNorm(D)`: the same |
# | γ, β | one per feature, shape $(D,)$ | the same; over several axes torch has one per **value**, group norm with one group one per **channel** |
# | variance, ε | divided by $D$; inside the root, $10^{-5}$ | the paper's equation has no ε; Keras $10^{-3}$, Flax $10^{-6}$, BERT $10^{-12}$: carry it along when you copy weights |
# | training and test | the same function | the same everywhere |
#
# ### Exercise: `ln_forward` (5 points)
#
# Your `normalize_over` may be called: `normalize_over(x, ...)` is a line of your own notebook like any other.
#
# *Difficulty 2 of 4, about 10 minutes.*


# %% exercise="ln_forward" points=5
def ln_forward(x, gamma, beta, eps=1e-5):
    """Layer normalization: normalize the last axis at every position, then scale and shift every feature.

        y = gamma * xhat + beta,    xhat = (x - mean) / sqrt(var + eps)

    mean and var are taken over the last axis, separately at every position: one of each per row of (N, D), per time
    step of (N, T, D). var divides by D (biased); eps is inside the square root. Training and test are the same.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: (..., D) array, float or integer: any number of axes before the last, also none; one row alone is fine. It
            is not changed.
        gamma: (D,) scale. It is not changed.
        beta: (D,) shift. It is not changed.
        eps: A small number >= 0.

    Returns:
        y, of the shape of x. With D = 1 it is beta, whatever x is.

    Raises:
        ValueError: gamma or beta is not of shape (D,), even where its shape would broadcast. The message names it.
    """
    ### BEGIN SOLUTION
    for name, value in (("gamma", gamma), ("beta", beta)):
        if np.shape(value) != np.shape(x)[-1:]:
            raise ValueError(f"{name} must have shape {np.shape(x)[-1:]}, got {np.shape(value)}")
    return gamma * normalize_over(x, (-1,), eps)[0] + beta
    ### END SOLUTION


# %% check="ln_forward"
check("ln_forward")

# %% [markdown]
# ### A whole image or one pixel?
#
# The two lines of the table about images look like a detail of bookkeeping. They do opposite things to a picture. Take
# a photograph whose left half lies in shadow, filter it with 16 random filters of 5 by 5 pixels (the first one finds
# vertical edges), add the noise that every camera has, and normalize the 16 channels in both ways. Five seeds for
# filters and noise.


# %% tags=["experiment"]
def photograph():
    """A grey photograph of a flower; its left half lies in shadow."""
    from sklearn.datasets import load_sample_image

    grey = load_sample_image("flower.jpg")[60:380:2, 130:480:2].mean(axis=2) / 255
    grey[:, : grey.shape[1] // 2] *= 0.25
    return grey


photo = photograph()


def features(seed, noise=0.004):
    """Sixteen filters of mean 0 on the photograph, with a little noise of the camera; the first shows edges."""
    generator = torch.Generator().manual_seed(seed)
    filters = torch.randn(16, 1, 5, 5, generator=generator, dtype=torch.float64)
    filters[0] = torch.tensor([1.0, 2.0, 0.0, -2.0, -1.0])
    filters -= filters.mean((2, 3), keepdim=True)
    image = torch.tensor(photo)[None, None]
    image = image + noise * torch.randn(image.shape, generator=generator, dtype=torch.float64)
    return F.conv2d(image, filters)  # (1, 16, H, W)


def light_to_shadow(x):
    """Strength of the features (root mean square over channels) in the light, divided by that in the shadow."""
    strength = x.square().mean((0, 1)).sqrt()
    middle = strength.shape[1] // 2
    return (strength[:, middle + 4 :].mean() / strength[:, : middle - 4].mean()).item()


kinds = {
    "its edges: one channel of 16": lambda x: x,
    "layer norm over (C, H, W)": lambda x: F.layer_norm(x, x.shape[1:]),
    "layer norm over C": lambda x: F.layer_norm(x.movedim(1, -1), x.shape[1:2], eps=1e-12).movedim(-1, 1),
}
found = [features(seed) for seed in range(5)]
fig, axes = plt.subplots(1, 4, figsize=(12, 2.7))
axes[0].imshow(photo, cmap="gray", vmin=0, vmax=1)
axes[0].set_title("photograph, left half in shadow")
ratios = {}
for ax, (name, layer) in zip(axes[1:], kinds.items(), strict=True):
    shown = layer(found[0])[0, 0].numpy()
    ax.imshow(shown, cmap="gray", vmin=-2 * shown.std(), vmax=2 * shown.std())
    ratios[name] = np.array([light_to_shadow(layer(x)) for x in found])
    ax.set_title(name)
    ax.set_xlabel(f"light : shadow = {ratios[name].mean():.2f} : 1")
for ax in axes:
    ax.set(xticks=[], yticks=[])
plt.show()

before, whole, position = ratios.values()
claim("Over (C, H, W): light and shadow keep their ratio", whole / before, holds=np.allclose(whole, before, rtol=0.1))
claim("Over C: light and shadow are equally strong", position, holds=np.allclose(position, 1, rtol=0.01))

# %% [markdown]
# Figure: four pictures. The photograph of a flower, its left half dark. The edge channel: petals clear on the right,
# faint on the left. After layer norm over (C, H, W): the same picture. After layer norm over C: the petals are equally
# clear in light and shadow, and the empty background is full of speckle.
#
# **What to notice.**
#
# - Over $(C, H, W)$ there is *one* mean and *one* deviation for the image. The picture is the same up to its units:
#   what is bright stays bright. Only the exposure of the whole photograph is forgotten.
# - Over $C$ every pixel has its own. How *strong* the features are at a place is forgotten (after the layer it is 1
#   everywhere, in light and in shadow); only their *proportions* are left. The petals in the shadow become as clear as
#   those in the light. The price is in the background: where there is nothing, the noise is blown up to full strength.
#   ε is the only protection, and here it is small against the noise.
# - So the sentence "layer norm averages the different channels together" tells you half. Ask: the channels of *what*?
#   Of an image, of a pixel, of a token?

# %% [markdown]
# ### In a transformer: before or after?
#
# A transformer is a stack of residual blocks: a block computes some $f(x)$ and *adds* it to $x$ (notebook 11 builds
# such blocks for images). Where does layer norm go?
#
# - **Post-LN**, the original: $x \leftarrow \mathrm{LN}(x + f(x))$. The sum is normalized.
# - **Pre-LN**, most models since: $x \leftarrow x + f(\mathrm{LN}(x))$. Only the input of $f$ is normalized; the sum is
#   left alone, and one more layer norm stands at the very end.
#
# It looks like a detail. The derivation says what to expect, because every layer norm divides the gradient by $s$, the
# deviation of what it is given.
#
# - In post-LN the sum of two things of equal size has $s = \sqrt2$, in every block. The path through the addition alone
#   loses a factor $\sqrt2$ per block, and it is tempting to conclude that the gradient vanishes.
# - In pre-LN nothing is divided on the way, but the sum grows: after $L$ blocks its variance is about $L + 1$. The one
#   layer norm at the end divides by $s \approx \sqrt{L+1}$, and so the last block of a deeper net gets less gradient.
#
# We measure both at the initial weights of blocks $f(x) = W_2\,\mathrm{relu}(W_1 x)$ of width 128. Five seeds.

# %% tags=["experiment"]
WIDTH, DEPTHS = 128, (2, 6, 24)


def stack_gradients(post, blocks, seed):
    """At the initial weights: norm of the gradient at the input of every block, and at W2 of the last block."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape, std=1.0):
        return std * torch.randn(*shape, generator=generator)

    def ln(x):
        return F.layer_norm(x, (WIDTH,))

    x, inputs = ln(draw(64, WIDTH)).requires_grad_(), []
    for _ in range(blocks):
        inputs.append(x)
        W1, W2 = draw(WIDTH, WIDTH, std=(2 / WIDTH) ** 0.5), draw(WIDTH, WIDTH, std=WIDTH**-0.5).requires_grad_()
        branch = torch.relu((x if post else ln(x)) @ W1) @ W2
        x = ln(x + branch) if post else x + branch
    output = x if post else ln(x)
    upstream = draw(64, WIDTH)  # random: under a plain sum every gradient would be zero
    *sizes, last = (g.norm().item() for g in torch.autograd.grad(output, [*inputs, W2], upstream))
    return np.array(sizes), last


by_block, by_depth = {}, {}
for name, post in (("pre-LN", False), ("post-LN", True)):
    runs = [[stack_gradients(post, L, seed) for L in DEPTHS] for seed in range(5)]
    by_block[name] = np.array([run[-1][0] / run[-1][0][-1] for run in runs])
    by_depth[name] = np.array([[last for _, last in run] for run in runs])

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
at = np.arange(1, 25)
for name, color, marker in (("pre-LN", "blue", "o"), ("post-LN", "red", "s")):
    mean_with_spread(left, at, by_block[name], label=name, color=COLORS[color], marker=marker)
    mean_with_spread(right, DEPTHS, by_depth[name], label=name, color=COLORS[color], marker=marker)
left.plot(at, np.sqrt(24 / at), "--", color="black", marker="", label="√(24 / block)")
left.plot(at, np.sqrt(0.5) ** (24 - at), ":", color="black", marker="", label="√½ per block: the addition alone")
left.set(yscale="log", xlabel="block of 24, counted from the input", ylabel="gradient, relative to the last block")
left.set_title("Post-LN does not make the gradient vanish")
guide = by_depth["pre-LN"].mean(0)[0] * np.sqrt(3 / (np.array(DEPTHS) + 1))
right.plot(DEPTHS, guide, ":", color="black", marker="", label="proportional to 1/√(L + 1)")
right.set(xlabel="number of blocks L", ylabel="gradient of W₂ of the last block (norm)", ylim=(0, None))
right.set(xscale="log", xticks=DEPTHS, xticklabels=DEPTHS, title="Pre-LN scales it down with depth")
right.minorticks_off()
left.legend()
right.legend()
plt.show()

share = by_block["post-LN"][:, 0]
claim("Post-LN: the gradient vanishes on its way to block 1 (share that arrives)", share, holds=np.all(share < 0.1))
ratio = {name: sizes[:, -1] / sizes[:, 0] for name, sizes in by_depth.items()}
claim(
    "Pre-LN: 24 blocks instead of 2 divide the last gradient by about √(25/3) = 2.9",
    1 / ratio["pre-LN"],
    holds=np.all(abs(1 / ratio["pre-LN"] - 2.9) < 1),
)
claim(
    "Post-LN: depth does not change the last gradient",
    1 / ratio["post-LN"],
    holds=np.all(abs(ratio["post-LN"] - 1) < 0.25),
)

# %% [markdown]
# Figure: left, gradient at the input of each of 24 blocks, relative to that at the last block, logarithmic: post-LN
# stays between 1 and 1.2 all the way down to block 1, pre-LN rises towards the input along the dashed line √(24 / block)
# to about 5, and a dotted line of a factor √½ per block falls to 0.0003. Right, gradient of the second weight matrix of
# the last block against the number of blocks: post-LN about 700 throughout, pre-LN falling from 590 at 2 blocks to 200 at
# 24, along a dotted line proportional to $1/\sqrt{L+1}$. Bands show one standard deviation over five seeds.
#
# **What to notice.** The first expectation is wrong, and it is worth finding out why: it looked at the path through the
# addition and forgot the branch. The gradient also flows through $f$, which at these weights passes on as much as the
# addition does. Two equal contributions give a factor $\sqrt2$, and the layer norm takes exactly that away again. A
# normalization *divides by the scale that was there*; to know what it does to the gradient, one has to know where the
# scale came from.
#
# The second expectation is right: in pre-LN the gradient of the last block falls like $1/\sqrt{L+1}$. On the way down it
# grows again, because every branch adds its share, so that block $l$ ends up with a gradient proportional to
# $1/\sqrt l$, however deep the net is. In post-LN all blocks, the last ones too, get the full gradient. That is the
# account that Xiong et al. (2020) give of why post-LN transformers need a warm-up of the learning rate and pre-LN ones
# can do without: it is the blocks near the output that would take too large a first step. Our blocks have no attention,
# and we looked at the first step only; this shows the mechanism, not the training.
#
# **A smaller relative: RMSNorm.** Leave the mean out and divide by the root mean square alone,
# $y_d = \gamma_d\,x_d / \sqrt{\frac1D\sum_k x_k^2 + \varepsilon}$. In the derivation $P$ becomes the identity and the
# term with $\mathbf 1$ disappears: $n - 1$ directions come through instead of $n - 2$. It is a little cheaper, its
# authors report the same quality (Zhang & Sennrich, 2019), and many large language models use it. Of the two things that
# layer norm takes away, the scale seems to be the one that matters.

# %% [markdown]
# ## 4 · Group normalization
#
# For images, layer norm and instance norm are two extremes, and each throws something away. Layer norm shares one mean
# and one scale among all channels of an image: if one channel is loud, all others become quiet. Instance norm gives
# every channel its own: then nothing is left of how strong a channel is *in this image*, and on a map of 1 × 1 pixels
# nothing is left at all, because a set of one value has no deviation.
#
# Group norm is the compromise. It cuts the $C$ channels into $G$ groups of $C/G$ **neighbours** and gives each group of
# each image one mean and one variance, from $C/G \cdot H \cdot W$ values (the fourth box of section 1). The paper uses
# $G = 32$ by default. It asks nothing of the batch, so it is the usual choice where images are large and batches are
# tiny: detection, segmentation, video.
#
# By hand, one image of four channels and one pixel, with the values 1, 3, 5, 7 and $\varepsilon = 3$:
#
# | $G$ | groups | means | variances | $\hat x$ |
# | --- | --- | --- | --- | --- |
# | 1 | {1, 3, 5, 7} | 4 | 5 | $(-3, -1, 1, 3)/\sqrt 8$ |
# | 2 | {1, 3}, {5, 7} | 2, 6 | 1, 1 | $-\frac12, \frac12, -\frac12, \frac12$ |
# | 4 | {1}, {3}, {5}, {7} | 1, 3, 5, 7 | 0, 0, 0, 0 | 0, 0, 0, 0 |
#
# With two groups the step from the first pair to the second is gone, with four groups everything is.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | which channels form a group | neighbours: with $C = 6$ and $G = 2$ the groups are 0 1 2 and 3 4 5 | the paper, PyTorch, Keras, Flax: the same. Channel *shuffle* in other architectures interleaves; that is something else |
# | what $G$ counts | groups, not channels per group | Flax takes either, `num_groups` or `group_size` |
# | γ, β | one per **channel**, shape $(C,)$ | the same everywhere |
# | $G = 1$ | layer norm over $(C, H, W)$ up to γ and β: here one per channel | `torch.nn.LayerNorm((C, H, W))` has one per value |
# | $G = C$ | instance norm | the same; `nn.InstanceNorm2d` has no γ and β unless `affine=True` |
# | variance, ε | biased, inside the root, $10^{-5}$ | Keras $10^{-3}$, Flax $10^{-6}$ |
#
# ### Exercise: `gn_forward` (5 points)
#
# Give every group an axis of its own and you have a case for `normalize_over`.
#
# *Difficulty 3 of 4, about 15 minutes.*


# %% exercise="gn_forward" points=5
def gn_forward(x, G, gamma, beta, eps=1e-5):
    """Group normalization of images.

        y = gamma_c * (x - mean) / sqrt(var + eps) + beta_c

    The C channels form G groups of C/G neighbours: channels 0, ..., C/G - 1 are the first. mean and var are one of each
    per image and group, over the C/G channels of the group and all H * W pixels. var is biased; eps is inside the root.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: (N, C, H, W) array, float or integer; one image alone is fine. It is not changed.
        G: Number of groups, an integer. G = 1 takes all channels together, G = C each on its own.
        gamma: (C,) scale, one per channel. It is not changed.
        beta: (C,) shift, one per channel. It is not changed.
        eps: A small number >= 0.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: G < 1, or C is not a multiple of G. The message names G.
    """
    ### BEGIN SOLUTION
    n, c, h, w = np.shape(x)
    if G < 1 or c % G:
        raise ValueError(f"G must be at least 1 and divide the {c} channels, got {G}")
    xhat, _, _ = normalize_over(np.reshape(x, (n, G, c // G, h, w)), (2, 3, 4), eps)
    gamma, beta = (np.reshape(a, (c, 1, 1)) for a in (gamma, beta))
    return gamma * xhat.reshape(n, c, h, w) + beta
    ### END SOLUTION


# %% check="gn_forward"
check("gn_forward")

# %% [markdown]
# ### Do the channels of a group belong together?
#
# One reads that group norm averages channels "that make sense to be averaged together". The layer knows nothing of
# sense: it takes neighbours in memory. If that matters, shuffling the channels, normalizing, and shuffling back must
# change the result. And how much does each $G$ keep of a map of a single pixel? Three seeds, 12 channels.

# %% tags=["experiment"]
group_norm = use("gn_forward")
GROUPS, ONES, ZEROS = (1, 2, 3, 4, 6, 12), np.ones(12), np.zeros(12)


def after_shuffling(G, seed):
    """Largest change of the output when the channels are shuffled before group norm and put back after it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5, 12, 4, 4)) * rng.uniform(0.5, 3, (12, 1, 1)) + rng.normal(size=(12, 1, 1))
    order = rng.permutation(12)
    back = np.argsort(order)
    return np.abs(group_norm(x[:, order], G, ONES, ZEROS)[:, back] - group_norm(x, G, ONES, ZEROS)).max()


def left_of_a_pixel(G, seed):
    """Standard deviation of the output for maps of 1 x 1 pixel."""
    return group_norm(np.random.default_rng(seed).normal(size=(50, 12, 1, 1)), G, ONES, ZEROS).std()


change, left_over = (
    np.array([[f(G, s) for G in GROUPS] for s in range(3)]) for f in (after_shuffling, left_of_a_pixel)
)
print("groups G                          ", *(f"{G:6}" for G in GROUPS))
print("largest change by shuffling       ", *(f"{value:6.2f}" for value in change.mean(axis=0)))
print("deviation left of a 1 x 1 map     ", *(f"{value:6.2f}" for value in left_over.mean(axis=0)))
claim(
    "The order of the channels matters to 2, 3, 4 and 6 groups",
    change[:, 1:5].min(1),
    holds=np.all(change[:, 1:5] > 0.1),
)
claim("It does not to 1 and 12", change[:, [0, 5]].max(1), holds=np.all(change[:, [0, 5]] < 1e-9))
claim("Instance norm erases maps of one pixel", left_over[:, 5], holds=np.all(left_over[:, 5] < 1e-9))

# %% [markdown]
# **What to notice.** The groups are an accident of numbering, and it does not hurt: in an untrained layer all filters
# are alike, channel 0 is as good a neighbour of channel 1 as any. Training then happens with the groups in place, and
# the filters of a group learn to live with a common scale. It would hurt to shuffle the channels of a *trained* network,
# or to replace another normalization by group norm and keep the weights.
#
# The second line of the table is a warning for the last layers of a network. After global average pooling a map has one
# pixel; instance norm then returns β for every image.

# %% [markdown]
# ### Experiment E04a: how small may a batch be?
#
# The experiment for which group norm was invented. A fully-connected net with three hidden layers learns 600 digits in
# batches of 2, 4, 8 or 16, with batch, layer or group norm; the learning rate is proportional to the batch size, and
# all see the same ten epochs. Five seeds. (To save time the five networks sit **side by side** in one: the linear
# layers are block diagonal, batch norm treats each feature separately anyway, and layer norm of five networks is group
# norm with five groups.)
#
# Two more runs test what the reason is. A small *convolutional* net with batch norm, in batches of 2. And group norm
# with **two features** per group, in batches of 16.

# %% tags=["experiment"]
SEEDS, HIDDEN = 5, 64


class SideBySide(nn.Module):
    """SEEDS linear layers in one, each on its own share of the features: (m, SEEDS * d_in) -> (m, SEEDS * d_out)."""

    def __init__(self, d_in, d_out, bias=False):
        super().__init__()
        bound = d_in**-0.5
        self.weight = nn.Parameter(torch.empty(SEEDS, d_in, d_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(SEEDS * d_out).uniform_(-bound, bound)) if bias else None

    def forward(self, x):
        rows = x.unflatten(1, (SEEDS, -1)).transpose(0, 1)  # (SEEDS, m, d_in)
        y = torch.bmm(rows, self.weight).transpose(0, 1).flatten(1)
        return y if self.bias is None else y + self.bias


def grouped(groups):
    """Group norm of each of the networks; with one group it is layer norm."""
    return nn.GroupNorm(SEEDS * groups, SEEDS * HIDDEN)


NORMS = {
    "batch norm": (lambda: nn.BatchNorm1d(SEEDS * HIDDEN), "red"),
    "layer norm": (lambda: grouped(1), "blue"),
    "group norm, 8 groups": (lambda: grouped(8), "green"),
}


def make_nets(norm):
    """SEEDS networks side by side, each with three times linear (no bias), norm, ReLU; then ten logits."""
    torch.manual_seed(0)
    hidden = [layer for _ in range(3) for layer in (SideBySide(64, HIDDEN), norm(), nn.ReLU())]
    return nn.Sequential(*hidden, SideBySide(HIDDEN, 10, bias=True))


def splits(n_train):
    """Training and test digits, for each network its own split: images (n, SEEDS * 64), labels (n, SEEDS)."""
    found = [digits(n_train, seed) for seed in range(SEEDS)]
    parts = [s.train for s in found], [s.test for s in found]
    return [(np.concatenate([x for x, _ in part], 1), np.stack([y for _, y in part], 1)) for part in parts]


def sum_of_losses(logits, labels):
    return SEEDS * F.cross_entropy(logits.reshape(-1, 10), labels.flatten())


@torch.no_grad()
def accuracies(nets, data):
    """Accuracy of each network, in the mode it is in."""
    images, labels = map(torch.as_tensor, data)
    return (nets(images).reshape(len(images), SEEDS, 10).argmax(2) == labels).double().mean(0).numpy()


BATCHES = (2, 4, 8, 16)
training, test = splits(600)


def after_ten_epochs(norm, m):
    nets = make_nets(norm)
    train(nets, training, 10, batch_size=m, lr=0.00625 * m, momentum=0, loss=sum_of_losses)
    return accuracies(nets.eval(), test)


by_batch = {name: np.transpose([after_ten_epochs(norm, m) for m in BATCHES]) for name, (norm, _) in NORMS.items()}
pairs = after_ten_epochs(lambda: grouped(32), 16)


def convolutional(seed):
    """Test accuracy of a small convolutional net with batch norm, trained in batches of two."""
    split = digits(400, seed, images=True)
    torch.manual_seed(seed)
    layers = [
        layer
        for c_in, stride in ((1, 1), (8, 2), (8, 1))
        for layer in (nn.Conv2d(c_in, 8, 3, stride, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    ]
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, 10))
    train(net, split.train, 5, batch_size=2, lr=0.005, momentum=0, seed=seed)
    return evaluate(net, split.test)[1]


conv = np.array([convolutional(seed) for seed in range(3)])


def first_gradient(m, seed):
    """Length of the gradient of the first weights of a fresh network with batch norm, for many batches of size m."""
    images, labels = map(torch.as_tensor, digits(600, seed).train)
    torch.manual_seed(seed)
    hidden = [layer for _ in range(3) for layer in (nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU())]
    net = nn.Sequential(*hidden, nn.Linear(64, 10))
    lengths = []
    for rows in torch.randperm(600)[: 60 * m].split(m):
        loss = F.cross_entropy(net(images[rows]), labels[rows])
        lengths.append(torch.autograd.grad(loss, net[0].weight)[0].norm().item())
    return np.quantile(lengths, [0.1, 0.5, 0.9])


gradients = np.array([[first_gradient(m, seed) for m in BATCHES] for seed in range(SEEDS)])  # (seeds, sizes, 3)

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12.5, 4), width_ratios=(1.25, 1, 1))
for name, (_, color) in NORMS.items():
    mean_with_spread(left, BATCHES, by_batch[name], label=name, color=COLORS[color])
look = {"linestyle": "none", "markersize": 9, "capsize": 4}
left.errorbar(2, conv.mean(), conv.std(ddof=1), marker="*", color=COLORS["purple"], **look)
left.annotate(
    "batch norm in a\nconvolutional net",
    (2.05, conv.mean()),
    (4.6, 0.66),
    color=COLORS["purple"],
    fontsize=9,
    arrowprops={"arrowstyle": "-", "color": COLORS["purple"], "alpha": 0.5},
)
left.errorbar(16, pairs.mean(), pairs.std(ddof=1), marker="v", color=COLORS["green"], **look)
left.text(14.5, pairs.mean(), "group norm, pairs", color=COLORS["green"], fontsize=9, ha="right", va="center")
left.set(xscale="log", xlabel="batch size m", ylabel="test accuracy", title="Trained for 10 epochs", ylim=(0, 1.02))
left.set_xticks(BATCHES, BATCHES)
left.minorticks_off()
left.legend(loc="center right", bbox_to_anchor=(1, 0.36))

generator = np.random.default_rng(0)
edges = np.linspace(-3, 3, 61)
for row, m in enumerate(BATCHES):
    batches = torch.tensor(generator.normal(size=(m, 20_000)))
    heights, _ = np.histogram(F.batch_norm(batches, None, None, training=True).numpy(), edges)
    heights = 0.85 * heights / heights.max()
    middle.fill_between(edges[:-1] + 0.05, -row, -row + heights, step="mid", color=COLORS["red"], alpha=0.75)
    middle.text(-3, -row + 0.15, f"m = {m}", weight="bold")
middle.set(xlabel="normalized value x̂", yticks=[], ylim=(-3.1, 1), title="What a feature can be after batch norm")
middle.spines["left"].set_visible(False)

low, median, high = np.moveaxis(np.exp(np.log(gradients).mean(axis=0)), -1, 0)
right.vlines(range(4), low, high, color=COLORS["red"], linewidth=6, alpha=0.4)
right.plot(range(4), median, "o", color=COLORS["red"])
right.set(yscale="log", xlabel="batch size m", ylabel="length of the gradient", title="What reaches the first weights")
right.set_xticks(range(4), BATCHES)
right.set_xlim(-0.5, 3.5)
plt.show()

print(f"{'mean of 5 seeds':25}" + "".join(f"   m = {m:<2}" for m in BATCHES))
for name, found in by_batch.items():
    print(f"{name:25}" + "".join(f"{value:9.3f}" for value in found.mean(axis=0)))
gap = by_batch["layer norm"][:, 0] - by_batch["batch norm"][:, 0]
claim("Batches of 2: layer norm is far ahead of batch norm", gap, holds=np.all(gap > 0.2))
gap = by_batch["batch norm"][:, 2] - by_batch["layer norm"][:, 2]
claim("Batches of 8: batch norm has caught up", gap, holds=np.all(gap > -0.03))
claim("A convolutional net with batch norm is fine in batches of 2", conv, holds=np.all(conv > 0.9))
claim("Group norm with two features per group fails as well, at m = 16", pairs, holds=np.all(pairs < 0.5))
wide = gradients[:, 0, 2] / gradients[:, 0, 0]
claim("m = 2: the 10 and 90 percent quantiles of the gradient are a factor 100 apart", wide, holds=np.all(wide > 100))

# %% [markdown]
# Figure: left, test accuracy against batch size. Layer norm (0.96 to 0.95) and group norm (0.94, 0.95, 0.95, 0.90)
# hardly depend on it; batch norm rises from 0.45 at 2 over 0.93 at 4 to 0.96. A star at batch size 2, 0.93: batch norm
# in a convolutional net. A triangle at 16, 0.10: group norm with pairs. Middle, histograms of a normal feature after
# batch norm: two spikes at −1 and 1 for m = 2, a flat box from −1.7 to 1.7 for m = 4, a wide hump for 8, nearly a bell
# for 16. Right, length of the gradient of the first weights on a logarithmic axis, median and 10 to 90 % of the
# batches: from 0.7 to 400 for m = 2, from 6 to 15 for m = 4, narrow for 8 and 16.
#
# **What to notice.**
#
# - **With two rows a feature has one bit.** $\hat x$ is $(1, -1)$ or $(-1, 1)$, whatever the two values were. Three
#   such layers in a row leave little of the image.
# - **The gradient is worse than the output.** Section 2: of $n$ directions $n - 2$ come through, and here $n = 2$. It
#   is not exactly zero, because of ε: when the two values *happen* to be nearly equal, the step from −1 to 1 is a slope
#   of up to $1/(2\sqrt\varepsilon) \approx 160$. So nearly always almost nothing arrives, and now and then an enormous
#   step. The 10 and 90 % quantiles are a factor of several hundred apart. No learning rate suits both; we tried a
#   quarter and four times the rate of the figure, for four epochs: 0.44 and 0.41.
# - **It is not about batches.** Group norm with pairs does not know what a batch is, and fails even more completely:
#   0.10, which is guessing, after one of those steps has thrown its weights far away. And the convolutional net has
#   batch norm and batches of 2 and does well: its statistics are over $2 \cdot 8 \cdot 8 = 128$ values per channel,
#   later $2 \cdot 4 \cdot 4 = 32$. What counts is the **number of values per mean**: 2 is a disaster, 4 is poor, 8 is
#   fine here. "Batch norm needs large batches" is short for "batch norm needs many values, and the batch is often where
#   it gets them".
# - From batches of 8 on, batch norm is as good as the others, and at 16 a little better: group norm lost one seed of
#   five (0.80). We stop at 16 because beyond that the comparison turns into one of speed: at 64, ten epochs are only
#   100 steps, and batch norm is then clearly ahead (0.94 against 0.76 for layer and 0.68 for group norm). Give all of
#   them 40 epochs and it is 0.97, 0.96 and 0.96. Layer norm has no trouble with large batches; batch norm learns
#   *faster* here.
#
# The famous version of the left panel is a ResNet-50 on ImageNet, trained on 8 GPUs (Wu and He 2018, table 2).
# Validation error in percent, by images per GPU:
#
# | | 32 | 16 | 8 | 4 | 2 |
# | --- | --- | --- | --- | --- | --- |
# | batch norm | 23.6 | 23.7 | 24.8 | 27.3 | 34.7 |
# | group norm, 32 groups | 24.1 | 24.2 | 24.0 | 24.2 | 24.1 |
#
# There even a convolutional net suffers at 2, although its last stage still has $2 \cdot 7 \cdot 7 = 98$ values per
# mean. One likely reason: the pixels of one image say much the same, so there are far fewer *independent* values than
# pixels. Note the other end, too: at 32 batch norm is *better*. "Independent of the batch" is not another word for
# "better".

# %% [markdown]
# ### Experiment E04b: a batch of one class
#
# Not only the size of a batch matters, also who is in it. Suppose that the training file is sorted by class and
# somebody reads it in blocks of 32: nearly every batch holds one kind of digit. (The same happens with one patient, one
# camera, one video per batch.) The blocks come in random order, 20 epochs, against properly mixed batches. Five seeds.

# %% tags=["experiment"]
training, test = splits(960)
order = np.argsort(training[1], axis=0, kind="stable")  # for each network
by_class = (
    np.concatenate([training[0][order[:, s], 64 * s : 64 * (s + 1)] for s in range(SEEDS)], 1),
    np.take_along_axis(training[1], order, 0),
)


def after_twenty_epochs(norm, data):
    """Test accuracies after training on batches of 32 consecutive digits of `data`, the batches in random order."""
    nets = make_nets(norm)
    optimizer = torch.optim.SGD(nets.parameters(), lr=0.05)
    images, labels = map(torch.as_tensor, data)
    for _ in range(20):
        for batch in torch.randperm(30).tolist():
            rows = slice(32 * batch, 32 * (batch + 1))
            optimizer.zero_grad()
            sum_of_losses(nets(images[rows]), labels[rows]).backward()
            optimizer.step()
    in_training = np.mean([accuracies(nets, (images[i : i + 32], labels[i : i + 32])) for i in range(0, 960, 32)], 0)
    return accuracies(nets.eval(), test), in_training


mixed, in_order = (
    {name: after_twenty_epochs(norm, data) for name, (norm, _) in NORMS.items()} for data in (training, by_class)
)

fig = plt.figure(figsize=(12, 3.7))
left, right = fig.subfigures(1, 2, width_ratios=(1, 1.5))
ax = left.subplots()
for row, (name, (_, color)) in enumerate(NORMS.items()):
    look = {"color": COLORS[color], "markersize": 8, "linestyle": "none"}
    ax.plot(mixed[name][0], np.full(SEEDS, row - 0.12), "o", markerfacecolor="none", markeredgewidth=1.5, **look)
    ax.plot(in_order[name][0], np.full(SEEDS, row + 0.12), "D", **look)
ax.set(xlabel="test accuracy", ylim=(2.5, -0.6), xlim=(0.3, 1), title="○ mixed batches   ◆ sorted by class")
ax.set_yticks(range(3), NORMS)
rows = right.subplots(3, 10)
images, labels = digits(960, 0).train
for digit in range(10):
    group = torch.as_tensor(images[labels == digit][:32])
    shown = (
        group,
        F.batch_norm(group, None, None, training=True),
        F.layer_norm(group, (64,)),
    )
    for ax, values in zip(rows[:, digit], shown, strict=True):
        limit = {"vmin": 0, "vmax": 1} if values is group else {"vmin": -1.5, "vmax": 1.5}
        ax.imshow(values.mean(0).reshape(8, 8).numpy(), cmap="gray", **limit)
        ax.set(xticks=[], yticks=[])
for ax, name in zip(rows[:, 0], ("as it is", "batch norm", "layer norm"), strict=True):
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
right.suptitle("The mean image of a batch of 32 equal digits, before and after normalization", fontsize=11)
plt.show()

for name in NORMS:
    print(
        f"{name:25} sorted batches: training mode {in_order[name][1].mean():.3f}, test {in_order[name][0].mean():.3f};"
        f" mixed batches: test {mixed[name][0].mean():.3f}"
    )
cost = {name: mixed[name][0] - in_order[name][0] for name in NORMS}
claim("Batches sorted by class ruin batch norm", cost["batch norm"], holds=np.all(cost["batch norm"] > 0.2))
for name in list(NORMS)[1:]:
    claim(f"They do {name} no harm (less than 0.02)", cost[name], holds=np.all(cost[name] < 0.02))
    saved = cost["batch norm"] - cost[name]
    claim(
        f"They harm {name} less than half as much as batch norm",
        saved,
        holds=np.all(cost[name] < cost["batch norm"] / 2),
    )

# %% [markdown]
# Figure: left, test accuracy of five seeds each, circles for mixed and diamonds for sorted batches. Mixed: all at 0.97.
# Sorted: batch norm between 0.37 and 0.64, layer and group norm between 0.82 and 0.96. Right, three rows of mean images
# of batches of 32 equal digits. As they are: ten blurred digits. After batch norm over such a batch: ten uniformly grey
# squares. After layer norm: ten digits again.
#
# **What to notice.**
#
# - Batch norm subtracts **what the batch has in common**. In a batch of threes that is the three. The network never
#   sees the mean of a class, only how one three differs from others, and is right even in training mode, with batches
#   like those it was trained on, only half of the time (0.56).
# - At test time it is given statistics of *all* digits, which it has never been run with.
# - Layer norm asks each image by itself; who else is in the batch cannot matter to the layer.
# - **"No harm" did not reproduce.** Layer norm loses 0.05 on average, a tenth of what batch norm loses, and in one seed
#   0.12. The layer is innocent: it is the *gradient* of a one-class batch, which pulls all logits towards this class
#   for one step. Any network has that problem, with or without normalization. An experiment without the row of circles
#   would not have shown it.

# %% [markdown]
# ### Experiment E04g: an ancestor
#
# Six years before group norm, AlexNet (Krizhevsky, Sutskever and Hinton 2012) normalized over neighbouring channels,
# at one pixel and without a mean: *local response normalization*,
#
# $$ b_c = a_c \Big/ \Bigl(k + \alpha \sum_{j=c-n/2}^{c+n/2} a_j^2\Bigr)^{\beta}, \qquad k = 2,\; n = 5,\; \alpha = 10^{-4},\; \beta = 0.75, $$
#
# the sum running over those channels that exist. torch has it as `nn.LocalResponseNorm`, with a difference that you
# only find in small print. Here is the paper's formula in three lines, beside torch's. Five seeds.

# %% tags=["experiment"]
K, ALPHA, BETA, WINDOW = 2.0, 1e-4, 0.75, 5  # the constants of AlexNet


def alexnet_response(a, alpha=ALPHA):
    """a / (K + alpha * sum of the squares of WINDOW neighbouring channels)^BETA for maps (N, C, H, W)."""
    squares = np.pad(a**2, ((0, 0), (WINDOW // 2, WINDOW // 2), (0, 0), (0, 0)))
    sums = np.lib.stride_tricks.sliding_window_view(squares, WINDOW, axis=1).sum(-1)
    return a / (K + alpha * sums) ** BETA


def torch_response(a, alpha=ALPHA):
    return F.local_response_norm(torch.tensor(a), WINDOW, alpha=alpha, beta=BETA, k=K).numpy()


maps = [np.random.default_rng(seed).normal(0, 100, size=(2, 16, 3, 4)) for seed in range(5)]
raw = np.array(
    [np.abs(alexnet_response(a) - torch_response(a)).max() / np.abs(alexnet_response(a)).max() for a in maps]
)
scaled = np.array([np.abs(alexnet_response(a) - torch_response(a, ALPHA * WINDOW)).max() for a in maps])

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.5))
sizes = np.geomspace(0.1, 2000, 80)
flat = np.repeat(sizes[:, None], 16, axis=1)[:, :, None, None]  # all channels equal
for function, label, color, line in (
    (alexnet_response, "AlexNet's formula", "red", "-"),
    (torch_response, "torch with the same α", "blue", "--"),
):
    left.plot(sizes, (function(flat) / flat)[:, 8, 0, 0], line, marker="", color=COLORS[color], label=label)
    one = np.full((1, 16, 1, 1), 50.0)
    one[:, 7] = 300
    right.plot((function(one) / one)[0, :, 0, 0], line, marker="o", color=COLORS[color], label=label)
left.set(xscale="log", xlabel="size of all activations", ylabel="output / input", title="Does it do anything?")
left.legend(loc="lower left")
right.set(xlabel="channel", ylabel="output / input", title="Channel 7 is loud (300), all others 50")
plt.show()

claim(
    "torch with the same α differs from AlexNet's formula", raw, holds=np.all(raw > 0.01), unit="of the largest output"
)
claim("torch with α · n is AlexNet's formula", scaled, holds=np.all(scaled < 1e-10), unit="largest difference")

# %% [markdown]
# Figure: left, output divided by input against the size of the activations, logarithmic: both curves start flat at 0.59
# and fall, AlexNet's formula from about 10 on, torch's from about 30. Right, the same ratio for 16 channels of which
# channel 7 is loud: the loud channel and its two neighbours on each side are damped, to 0.16 by AlexNet's formula and
# to 0.35 by torch's; the channels further away are not; those at the rim have fewer neighbours and are damped least.
#
# **What to notice.** torch divides α by $n$. To use the constants of the paper, pass `alpha=5e-4`; with the same α the
# outputs differ by more than their own size. And the left panel explains why the layer has disappeared: for activations
# below 10 it multiplies by the constant $2^{-0.75} = 0.59$ and does nothing else. It was made for a network whose
# pixels ran from 0 to 255. A layer whose effect depends on the *units* of its input is what the normalizations of this
# notebook have replaced.

# %% [markdown]
# ## 5 · Scale and shift from elsewhere
#
# Instance norm erases from every channel of every image its mean and its scale. In photographs these two carry much of
# what one would call *style*: brightness, contrast, colour cast; deeper in a network, how strong which textures are. So
# erasing them is a way to remove style, and then γ and β are a way to put one on. The next step suggests itself: γ and β
# need not be constants that were learned. They can come from somewhere else.
#
# **AdaIN** (adaptive instance normalization, 2017) takes them from another image. With mean and standard deviation per
# image and channel, over $H$ and $W$,
#
# $$ y = \sigma(\text{style})\,\frac{\text{content} - \mu(\text{content})}{\sigma(\text{content})} + \mu(\text{style}),
#    \qquad \sigma(\cdot) = \sqrt{\mathrm{Var}(\cdot) + \varepsilon} . $$
#
# Only *statistics* of the style are used, so the two images may have different sizes.
#
# **SPADE** (spatially-adaptive normalization, 2019) makes an image from a map that says where sky, road and trees are to
# be. It normalizes like batch norm and lets γ and β be **images**, computed from that map, with a value for every pixel:
#
# $$ y_{nchw} = \gamma_{nchw}\,\frac{x_{nchw} - \mu_c}{\sqrt{\sigma_c^2 + \varepsilon}} + \beta_{nchw} . $$
#
# The reason is the blindness of section 2 again. If "sky everywhere" is the input, every channel is constant, and a
# normalization turns every constant into the same zero. What the map says has to enter *after* the normalization.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | ε in AdaIN | in **both** deviations, inside the roots, as in the paper; content in its own style then comes back exactly | the authors' code adds it to the variance of the content only |
# | variance | biased, as in the paper | a widely used port of AdaIN to PyTorch divides by $H\cdot W - 1$ |
# | scale of SPADE | $\gamma$, as in the paper's equation | the authors' code multiplies by $1 + \gamma$, so that a network which puts out zeros leaves the scale alone |
# | statistics of SPADE | per channel over $N, H, W$, as in batch norm | the authors' code synchronizes them over devices (section 7) |
#
# ### Exercise: `adain` and `spade` (5 points, extension)
#
# *Difficulty 3 of 4, about 15 minutes. An extension: nothing later depends on it.*


# %% exercise="conditional_norms" points=5
def adain(content, style, eps=1e-5):
    """Adaptive instance normalization: give every channel of content the mean and the deviation it has in style.

        y = sqrt(var_s + eps) * (content - mean_c) / sqrt(var_c + eps) + mean_s

    mean_c, var_c are those of content and mean_s, var_s those of style: one of each per image and channel, over all
    pixels. Image number n of content meets image number n of style. The variances are biased (divide by H * W); eps is
    added to both of them, inside the roots.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        content: (N, C, H, W) array, float or integer. It is not changed.
        style: (N, C, H2, W2) array, float or integer; H2 and W2 need not be H and W. It is not changed.
        eps: A small number >= 0.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: content and style differ in N or C, even where they would broadcast. The message names one of them.
    """
    ### BEGIN SOLUTION
    if np.shape(content)[:2] != np.shape(style)[:2]:
        raise ValueError(f"style must have the N and C of content, {np.shape(content)[:2]}, got {np.shape(style)[:2]}")
    xhat, _, _ = normalize_over(content, (2, 3), eps)
    _, mean, var = normalize_over(style, (2, 3))
    return np.sqrt(var + eps) * xhat + mean
    ### END SOLUTION


def spade(x, gamma_map, beta_map, eps=1e-5):
    """Spatially-adaptive normalization: batch normalization with a scale and a shift for every pixel.

        y = gamma_map * (x - mean) / sqrt(var + eps) + beta_map

    mean and var are one of each per channel, over all images and pixels, as in batch norm; var is biased; eps is inside
    the root. gamma_map is the scale itself, not its distance from 1.

    Args:
        x: (N, C, H, W) array, float or integer. It is not changed.
        gamma_map: (N, C, H, W) scale. It is not changed.
        beta_map: (N, C, H, W) shift. It is not changed.
        eps: A small number >= 0.

    Returns:
        (N, C, H, W) array.

    Raises:
        ValueError: gamma_map or beta_map does not have the shape of x, even where it would broadcast. The message names
            it.
    """
    ### BEGIN SOLUTION
    for name, value in (("gamma_map", gamma_map), ("beta_map", beta_map)):
        if np.shape(value) != np.shape(x):
            raise ValueError(f"{name} must have the shape of x, {np.shape(x)}, got {np.shape(value)}")
    return gamma_map * normalize_over(x, (0, 2, 3), eps)[0] + beta_map
    ### END SOLUTION


# %% check="conditional_norms"
check("conditional_norms")

# %% [markdown]
# ### What statistics carry, and what they do not
#
# On the three colour channels of an image AdaIN is an old trick of photographers: colour transfer. We paint a cool
# picture with a shape in it, and a warm one of another size, with nothing in it but noise.

# %% tags=["experiment"]
transfer = use("adain")
rng = np.random.default_rng(1)
down, right = np.mgrid[0:48, 0:64]
disc = (down - 24) ** 2 + (right - 38) ** 2 < 180
cool = np.stack([0.15 + 0.25 * disc, 0.25 + 0.35 * disc + down / 250, 0.5 + 0.3 * disc - down / 300])[None]
noise = rng.normal(size=(1, 3, 36, 36)) * np.reshape([0.14, 0.1, 0.05], (3, 1, 1))
warm = np.reshape([0.72, 0.42, 0.2], (3, 1, 1)) + noise
pictures = {
    "cool": cool,
    "warm": warm,
    "adain(content=cool, style=warm)": transfer(cool, warm),
    "adain(content=warm, style=cool)": transfer(warm, cool),
}

fig, axes = plt.subplots(1, 4, figsize=(11, 2.6))
for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
    ax.imshow(np.clip(np.moveaxis(picture[0], 0, -1), 0, 1))
    ax.set_title(title, fontsize=9)
    ax.axis("off")
plt.show()

print("mean ± deviation of the channels red, green, blue")
for title, picture in pictures.items():
    print(f"{title:32}", *(f"{c.mean():.2f} ± {c.std():.2f}   " for c in picture[0]))

# %% [markdown]
# Figure: four small pictures. Cool: a light blue disc on a ground that goes from dark blue above to dark green below.
# Warm: orange and brown noise. Cool in the style of warm: the same disc and ground in orange and brown. Warm in the style
# of cool: the same noise in blue and green.
#
# **What to notice.** Everything that lies in the arrangement of the pixels stays with the content; from the style come
# six numbers. That the noise has no shapes in it plays no part. On the channels of a trained network, where a channel
# stands for a texture and no longer for a colour, the same six lines move brush strokes instead of colour casts.

# %% [markdown]
# ## 6 · Normalizing the weights instead
#
# Everything so far normalizes *activations*, so every forward pass has to look at data. Two ideas leave the data
# alone and work on the weights. They cost next to nothing, do not care about the size of the batch, and are the same
# in training and at test time.
#
# ### Weight normalization: length and direction
#
# The weights $W_o$ of one unit are a vector, and its length and its direction do different things: the direction says
# what the unit looks for, the length how strongly it reacts. Gradient descent on $W_o$ mixes the two. Weight
# normalization (Salimans and Kingma, 2016) gives each a parameter of its own and trains $v$ and $g$ in place of $W$:
#
# $$ W_o = g_o\, e_o, \qquad e_o = \frac{v_o}{\lVert v_o \rVert}, \qquad \lVert W_o \rVert = |g_o| . $$
#
# The gradient has to pass through the division by the length. For one unit, with $\mathrm{d}W = \partial L/\partial W$
# given,
#
# $$ \frac{\partial W_i}{\partial g} = e_i, \qquad
#    \frac{\partial e_i}{\partial v_j} = \frac{1}{\lVert v \rVert}\left( \delta_{ij} - e_i e_j \right), $$
#
# and the sums over $i$ are yours, as in notebook 02. Before you write them down, say what must come out: making $v$
# longer does not change $W$ at all, so what is $\langle v, \mathrm{d}v \rangle$? And if $v$ is already long, does it
# take a larger or a smaller step to turn it?
#
# **By hand.** $v = (0, -2)$, $g = 3$: the length is 2, $e = (0, -1)$, $W = (0, -3)$. A gradient $\mathrm{d}W = (6, 0)$
# stands at a right angle to $v$. It cannot change the length, so $\mathrm{d}g = 0$; all of it turns $v$, and
# $\mathrm{d}v = \frac{3}{2}\,(6, 0) = (9, 0)$. A gradient $(0, 6)$ points along $v$: now $\mathrm{d}g = -6$, and
# $\mathrm{d}v = (0, 0)$.
#
# ### Weight standardization: filters like a normalized batch
#
# Where only one or two images fit into memory, group norm replaces batch norm, at some cost in accuracy. Weight
# standardization (Qiao and others, 2019) was proposed to win it back: before each convolution every filter, that is
# all weights of one *output* channel, is shifted to mean 0 and scaled to variance 1. What is trained is the raw $W$;
# the gradient passes through the standardization.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | one length for | each row, that is each unit | `torch.nn.utils.parametrizations.weight_norm` with `dim=0`, its default; with `dim=None` one for the whole matrix |
# | $g$ | any real number; a negative one turns the row round | the same in torch; some codes train $\log g$ |
# | a row of zeros | has no direction: refused | torch divides 0 by 0 and goes on with nan |
# | $\varepsilon$ in weight normalization | none | the same in torch |
# | variance of a filter | divide by $n = I \cdot k_h \cdot k_w$, $\varepsilon$ inside the root | the authors' PyTorch code: divide by $n - 1$, and $10^{-5}$ added to the deviation. For $n = 4 \cdot 3 \cdot 3$ its weights are smaller by 1.4 % |
#
# ### Exercise: `weight_norm`, `weight_norm_grads` and `weight_standardize` (6 points, extension)
#
# *Extension: no later exercise needs it. Difficulty 3 of 4, about 30 minutes.*


# %% exercise="weight_reparam" points=6
def weight_norm(v, g):
    """Weights from directions and lengths.

        W_o = g_o v_o / ||v_o||        for each row o, with the Euclidean norm of the row

    torch's weight_norm, batch_norm, layer_norm, group_norm, instance_norm and autograd are switched off while this is
    checked.

    Args:
        v: (O, I) array, float or integer. It is not changed.
        g: (O,) lengths, any real numbers: negative ones and 0 as well. They are not changed.

    Returns:
        (O, I) array.

    Raises:
        ValueError: a row of v is zero, or g is not of shape (O,), even where it would broadcast. The message names the
            argument.
    """
    ### BEGIN SOLUTION
    v, g = np.asarray(v, dtype=float), np.asarray(g, dtype=float)
    if g.shape != (len(v),):
        raise ValueError(f"g must have shape ({len(v)},), got {g.shape}")
    norms = np.linalg.norm(v, axis=1)
    if np.any(norms == 0):
        raise ValueError("v has a row of zeros, which points nowhere")
    return (g / norms)[:, None] * v
    ### END SOLUTION


def weight_norm_grads(dW, v, g):
    """Gradients of weight normalization.

        dv = gradient of the loss with respect to v,   dg = gradient of the loss with respect to g,
        where dW is its gradient with respect to W = weight_norm(v, g)

    The checks pass correct numbers whether or not your weight_norm works.

    Args:
        dW: (O, I) array. It is not changed.
        v: (O, I) directions. They are not changed.
        g: (O,) lengths. They are not changed.

    Returns:
        (dv, dg) of shapes (O, I) and (O,).

    Raises:
        ValueError: a row of v is zero, g is not of shape (O,), or dW does not have the shape of v, even where they
            would broadcast. The message names the argument.
    """
    ### BEGIN SOLUTION
    dW, v, g = (np.asarray(a, dtype=float) for a in (dW, v, g))
    if dW.shape != v.shape:
        raise ValueError(f"dW must have the shape of v, {v.shape}, got {dW.shape}")
    if g.shape != (len(v),):
        raise ValueError(f"g must have shape ({len(v)},), got {g.shape}")
    norms = np.linalg.norm(v, axis=1)
    if np.any(norms == 0):
        raise ValueError("v has a row of zeros, which points nowhere")
    inner = np.sum(dW * v, axis=1)
    dv = (g / norms)[:, None] * (dW - (inner / norms**2)[:, None] * v)
    return dv, inner / norms
    ### END SOLUTION


def weight_standardize(W, eps=1e-5):
    """Standardize the filters of a convolution.

        W_o <- (W_o - mean_o) / sqrt(var_o + eps)

    mean_o and var_o are taken over all weights of filter o; var_o divides by their number n = I * kh * kw (biased).
    eps is inside the square root. A constant filter comes out as zeros.

    Args:
        W: (O, I, kh, kw) array, float or integer. It is not changed.
        eps: A small number >= 0.

    Returns:
        (O, I, kh, kw) array.

    Raises:
        ValueError: W does not have four axes. The message names W.
    """
    ### BEGIN SOLUTION
    W = np.asarray(W, dtype=float)
    if W.ndim != 4:
        raise ValueError(f"W must have the shape (O, I, kh, kw), got {W.shape}")
    filters = W.reshape(len(W), -1)
    centred = filters - filters.mean(axis=1, keepdims=True)
    var = np.mean(centred**2, axis=1, keepdims=True)
    return (centred / np.sqrt(var + eps)).reshape(W.shape)
    ### END SOLUTION


# %% check="weight_reparam"
check("weight_reparam")

# %% [markdown]
# ## 7 · One batch on several devices
#
# Large models are trained *data parallel*: the batch is cut into shards, every device works through its own shard with
# a copy of the weights, and the gradients are averaged. With shards of equal size this gives exactly the gradient of
# the whole batch, as long as no layer looks at more than one sample. Batch norm does: each device normalizes with the
# statistics of its own shard. A batch of 16 images on 8 devices is, for batch norm, 8 batches of 2.
#
# **By hand.** One channel, two devices with two values each, $\varepsilon = 0$, $\gamma = 1$, $\beta = 0$:
#
# | | device 1 | device 2 | both together |
# | --- | --- | --- | --- |
# | values | 1, 3 | 5, 7 | 1, 3, 5, 7 |
# | mean | 2 | 6 | **4** |
# | variance | 1 | 1 | (9 + 1 + 1 + 9)/4 = **5** |
# | each by itself | −1, 1 | −1, 1 | a 3 on device 1 and a 7 on device 2 come out the same |
# | synchronized | −1.34, −0.45 | 0.45, 1.34 | what one large device would give |
#
# Synchronized batch norm (used for object detection and segmentation since about 2018, where two images fill a device) makes
# the devices agree on a mean and a variance before they normalize. Images are large and the network between devices is
# slow, so they must not exchange images. It is enough that each of them sends **three numbers per channel**. Which
# three, and how do they combine? The mean of the two variances above is 1, not 5: what is missing? You have met the
# answer as `merge_moments` in notebook 01.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | what is sent | open: (count, mean, variance) or (count, $\sum x$, $\sum x^2$) | `torch.nn.SyncBatchNorm`: count, mean and $1/\sqrt{\mathrm{var}+\varepsilon}$; many others: the sums, which lose digits where the mean is large against the deviation |
# | variance | of the union, divided by the number of its values | the same in torch, Keras and Flax |
# | by default | | in PyTorch every device uses its **own** statistics until you call `nn.SyncBatchNorm.convert_sync_batchnorm(model)`; in JAX with one array sharded over devices, the statistics are those of the union |
# | layer, group, instance norm | nothing to synchronize: no statistic reaches beyond one sample | |
#
# ### Exercise: `sync_bn_forward` (5 points)
#
# The devices are the entries of a list here. Your function sees all of them, so nothing stops you from putting the
# shards together; the point is that you need not.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="sync_bn_stats" points=5
def sync_bn_forward(shards, gamma, beta, eps=1e-5):
    """Batch normalization in training of a batch that is split into shards.

        y_k = gamma_c * (x_k - mean_c) / sqrt(var_c + eps) + beta_c        for each channel c

    mean_c and var_c are the mean and the biased variance of channel c over all images and pixels of all shards
    together, so every value counts the same. eps is inside the square root.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        shards: List of arrays (n_k, C, H, W), float or integer. n_k >= 1 may differ from shard to shard; H and W do
            not. Neither the list nor the arrays are changed.
        gamma: (C,) scale. It is not changed.
        beta: (C,) shift. It is not changed.
        eps: A small number >= 0.

    Returns:
        List of arrays, one for each shard, in the order and with the shapes of the shards.

    Raises:
        ValueError: shards is empty, shards differ in C, or gamma or beta is not of shape (C,), even where it would
            broadcast. The message names the argument.
    """
    ### BEGIN SOLUTION
    shards = [np.asarray(x, dtype=float) for x in shards]
    if len(shards) == 0:
        raise ValueError("shards must hold at least one array, got an empty list")
    channels = shards[0].shape[1]
    if any(x.shape[1] != channels for x in shards):
        raise ValueError(f"shards must agree in C, got {[x.shape[1] for x in shards]}")
    for name, value in (("gamma", gamma), ("beta", beta)):
        if np.shape(value) != (channels,):
            raise ValueError(f"{name} must have shape ({channels},), got {np.shape(value)}")
    # What each device sends: count, mean, variance.
    sent = [(x[:, 0].size, x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))) for x in shards]
    total = sum(n for n, _, _ in sent)
    mean = sum(n * m for n, m, _ in sent) / total
    var = sum(n * (v + (m - mean) ** 2) for n, m, v in sent) / total
    gamma, beta, mean, var = (np.reshape(a, (-1, 1, 1)) for a in (gamma, beta, mean, var))
    return [gamma * (x - mean) / np.sqrt(var + eps) + beta for x in shards]
    ### END SOLUTION


# %% check="sync_bn_stats"
check("sync_bn_stats")

# %% [markdown]
# ### Experiment E04f: two real processes
#
# A list of shards in one process is a model of the real thing. Here is the real thing, small: two processes on your
# machine, joined by torch's `gloo` backend, the one for CPUs. Each holds its own share of a batch of ten images, six
# and four, and they exchange one message of $2C + 1$ numbers with `all_reduce`, which leaves the sum over all processes
# in each of them: the count, $\sum x$ and $\sum x^2$. Five seeds. It takes a few seconds, most of them to start two
# Pythons that import torch; where processes or gloo are not available, the cell says so in one line.
#
# The text in quotes is the program that both processes run. `rank` is 0 in one and 1 in the other; `run_processes` is
# in `traindeep.distributed`, a page long.
#
# Before you run it: the forward pass needs one exchange. Does the **backward** pass need one?

# %% tags=["experiment"]
WORKER = '''
import torch.nn.functional as F

class SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes; so is the gradient, unless `both_ways` is false."""

    @staticmethod
    def forward(ctx, local, both_ways):
        ctx.both_ways = both_ways
        total = local.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient):
        gradient = gradient.clone()
        if ctx.both_ways:
            dist.all_reduce(gradient)
        return gradient, None


def sync_bn(x, both_ways=True):
    """Batch norm with the statistics of all processes: one message of 2 C + 1 numbers, n, sum x and sum x²."""
    n = torch.tensor([x.numel() / x.shape[1]], dtype=x.dtype)
    message = torch.cat([n, x.sum((0, 2, 3)), (x**2).sum((0, 2, 3))])
    n, s1, s2 = SumOverProcesses.apply(message, both_ways).split([1, x.shape[1], x.shape[1]])
    mean = s1 / n
    var = s2 / n - mean**2
    return (x - mean.view(1, -1, 1, 1)) / torch.sqrt(var + 1e-5).view(1, -1, 1, 1)


def one_process(x):
    return F.batch_norm(x, None, None, training=True)


join()
found = []
for seed in range(5):
    torch.manual_seed(seed)  # both processes draw the same batch of ten images, and keep their share
    batch, upstream = torch.randn(2, 10, 3, 5, 4, dtype=torch.float64)
    batch[6:] += 4.0
    share = slice(0, 6) if rank == 0 else slice(6, 10)

    def run(layer, x, dy):
        x = x.clone().requires_grad_()
        y = layer(x)
        return y.detach(), torch.autograd.grad(y, x, dy)[0]

    y, dx = (value[share] for value in run(one_process, batch, upstream))
    mine = batch[share], upstream[share]
    layers = one_process, lambda x: sync_bn(x, both_ways=False), sync_bn
    got = [run(layer, *mine) for layer in layers]
    found.append([[float((a - y).abs().max()), float((b - dx).abs().max())] for a, b in got])
try:
    torch.nn.SyncBatchNorm(3)(batch[share])
    refused = ""
except ValueError as error:
    refused = str(error)
report({"found": found, "refused": refused})
dist.destroy_process_group()
'''

try:
    reports = run_processes(WORKER)  # two processes on this machine, which talk over 127.0.0.1
except NotPossible as reason:
    print(f"E04f was left out, because two processes could not work together here: {reason}")
else:
    errors = np.max([report["found"] for report in reports], axis=0)  # (seeds, layers, y or dx)
    names = "own statistics\nof each process", "sums exchanged\nforward only", "sums exchanged\nforward and backward"
    fig, ax = plt.subplots(figsize=(9, 3.6))
    for column, (label, color, marker) in enumerate((("output y", "blue", "o"), ("gradient dx", "red", "s"))):
        place = np.arange(3)[None] + 0.16 * (column - 0.5) + np.linspace(-0.04, 0.04, len(errors))[:, None]
        look = {"color": COLORS[color], "marker": marker, "linestyle": "none", "alpha": 0.7}
        ax.plot(place.ravel(), np.maximum(errors[..., column], 1e-17).ravel(), label=label, **look)
    ax.axhspan(1e-17, 1e-13, color="0.9")
    ax.text(2.45, 3e-14, "rounding", ha="right", va="center", color="0.35", fontsize=9)
    ax.set(yscale="log", ylim=(1e-17, 30), xlim=(-0.5, 2.5), ylabel="largest difference from one process")
    ax.set_title("Ten images on two processes, six and four")
    ax.set_xticks(range(3), names)
    ax.grid(axis="x", alpha=0)
    ax.legend(loc="lower left")
    plt.show()
    own, half, both = np.moveaxis(errors, 1, 0)
    claim("Own statistics: the output differs from one process", own[:, 0], holds=np.all(own[:, 0] > 0.1))
    claim("Exchange forward only: the output is right", half[:, 0], holds=np.all(half[:, 0] < 1e-12))
    claim("... and the gradient is not", half[:, 1], holds=np.all(half[:, 1] > 1e-3))
    claim("Exchange both ways: output and gradient are right", both.max(axis=1), holds=np.all(both < 1e-12))
    refused = {report["refused"] for report in reports}
    print(f"nn.SyncBatchNorm in each of the two processes says: {' / '.join(refused) or 'nothing, it runs'}")
x = torch.randn(4, 3, 5, 5)
print("nn.SyncBatchNorm in a single process is batch norm:", torch.equal(nn.SyncBatchNorm(3)(x), nn.BatchNorm2d(3)(x)))

# %% [markdown]
# Figure: largest difference from a single process with all ten images, logarithmic, for output and gradient, five seeds
# each. Own statistics: both wrong by 1 to 3. Sums exchanged in the forward pass only: the output is right to
# $10^{-15}$, the gradient wrong by 0.02 to 0.1. Exchanged forward and backward: both at $10^{-15}$.
#
# **What to notice.**
#
# - The sums of both processes determine the mean and the variance of the union, and every output agrees to the last
#   digits. (In float64. $\sum x^2 / n - \mu^2$ is the form that loses digits when the mean is large against the
#   deviation; `merge_moments` is the careful one.)
# - **The backward pass needs an exchange of its own.** A pixel in process 0 changes the common mean, and with it every
#   output in process 1. Its gradient must collect that: the gradient with respect to a sum over processes is again a
#   sum over processes. Leave it out, and everything looks right: the outputs are perfect, the loss falls, and the
#   gradient is quietly wrong by several percent.
# - So batch norm over devices costs **two messages per layer and step**, at which all devices wait for the slowest.
#   Layer norm and group norm send none. This, more than any arithmetic, is what "cheaper" means for them (section 10).
# - torch's own `nn.SyncBatchNorm` is made for GPUs. In a single process it is plain batch norm; as soon as processes
#   are joined it refuses tensors on the CPU. That is why we wrote our own.

# %% [markdown]
# ## 8 · What a layer cannot see
#
# A normalization throws something away on purpose. The quickest way to understand one is to ask **what it cannot see**:
# which changes of the weights or of the data leave its output exactly as it is. Ba, Kiros and Hinton compared batch,
# weight and layer normalization in this way, with six changes of a layer with the weights $W$ (one row for each unit)
# and the inputs $X$ (one row for each training case):
#
# | name | the change, with a factor $c > 0$ |
# | --- | --- |
# | `W_scale` | all of $W$ times $c$ |
# | `W_shift` | the same row vector is added to every row of $W$ |
# | `row_scale` | one row of $W$ times $c$: the incoming weights of one unit |
# | `X_scale` | all of $X$ times $c$ |
# | `X_shift` | the same row vector is added to every row of $X$ |
# | `one_case_scale` | one row of $X$ times $c$: one training case |
#
# Some of these can be reasoned out. Adding the vector $d$ to every row of $W$ adds $\langle x_n, d \rangle$ to *all*
# units of case $n$. A mean over the units takes that away again; a mean over the cases does not. Go through the table
# once for layer norm before you program anything: six answers, yes or no.
#
# Reasoning can go wrong, and it needs to know what is inside the layer. An **experiment** does not: change something,
# look whether the output changes. That is the exercise, for any layer at all, given as a function.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | $\varepsilon$ | 0 in all functions that are tested | with $\varepsilon > 0$ every scale is seen a little, and a very small one very well: notebook 03 |
# | factors | positive | with a negative factor batch and layer norm change their sign, which is another question |
# | `row_scale` | one row, or every row by a factor of its own: the answer is the same | |
# | `X_shift`, `W_shift` | any row vector, also one with equal entries | |
# | invariant | equal up to rounding | not "nearly equal", and not "equal on average" |
#
# ### Exercise: `is_invariant` (5 points)
#
# Among the functions that your answer will meet are some that you have not seen.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="ln_invariance_table" points=5
def is_invariant(f, X, W, transform, rng):
    """Whether a layer gives the same output after a change of its weights or inputs.

    Args:
        f: A function of two arrays, X of shape (N, D) and W of shape (H, D), that returns an (N, H) array. Where it is
            invariant, the change moves its outputs by rounding errors only (1e-9 of the largest output); where it is
            not, factors between 1.5 and 5 and shifts of the size of the entries of X or W move at least one output by
            more than 1e-3 of the largest.
        X: (N, D) inputs, float or integer. They are not changed.
        W: (H, D) weights, float or integer. They are not changed.
        transform: What is changed: "W_scale", "W_shift", "row_scale", "X_scale", "X_shift" or "one_case_scale", see
            the table above. Factors are positive; a shift adds the same vector to all rows.
        rng: np.random.Generator, for the factor or the shift and the row. You need not use it.

    Returns:
        True or False.

    Raises:
        ValueError: transform is not one of the six names. The message names transform.
    """
    ### BEGIN SOLUTION
    X, W = np.asarray(X, dtype=float), np.asarray(W, dtype=float)
    before, factor = np.asarray(f(X, W)), rng.uniform(2, 4)
    X2, W2 = X.copy(), W.copy()
    if transform == "W_scale":
        W2 = factor * W
    elif transform == "W_shift":
        W2 = W + rng.normal(size=W.shape[1])
    elif transform == "row_scale":
        W2[rng.integers(len(W))] *= factor
    elif transform == "X_scale":
        X2 = factor * X
    elif transform == "X_shift":
        X2 = X + rng.normal(size=X.shape[1])
    elif transform == "one_case_scale":
        X2[rng.integers(len(X))] *= factor
    else:
        raise ValueError(f"transform {transform!r} is not one of the six in the table")
    after = np.asarray(f(X2, W2))
    return bool(np.max(np.abs(after - before)) < 1e-6 * np.max(np.abs(before)))
    ### END SOLUTION


# %% check="ln_invariance_table"
check("ln_invariance_table")

# %% [markdown]
# ### The table
#
# Now ask your function, with ten random layers for each entry.


# %% tags=["experiment"]
ask = use("is_invariant")
CHANGES = ("W_scale", "W_shift", "row_scale", "X_scale", "X_shift", "one_case_scale")


def standardized(z, axis):
    return (z - z.mean(axis=axis, keepdims=True)) / z.std(axis=axis, keepdims=True)


asked = {
    "batch norm": lambda X, W: standardized(X @ W.T, axis=0),
    "weight norm": lambda X, W: X @ W.T / np.linalg.norm(W, axis=1),
    "layer norm": lambda X, W: standardized(X @ W.T, axis=1),
    "no norm": lambda X, W: X @ W.T,
}
print(" " * 12, *(f"{change:>15}" for change in CHANGES))
for name, layer in asked.items():
    votes = np.zeros(len(CHANGES), dtype=int)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X, W = rng.normal(size=(16, 5)), rng.normal(size=(7, 5))
        votes += [ask(layer, X, W, change, rng) for change in CHANGES]
    print(f"{name:12}", *(f"{'hidden' if v == 10 else 'seen' if v == 0 else v:>15}" for v in votes))

# %% [markdown]
# **What to notice.** All ten layers agree in every entry: these are theorems, not tendencies. (If a number stands in
# your table, your function does not agree with itself.)
#
# - Batch norm and layer norm both hide the **scale of all weights**. The learning rate then means something else than
#   without: notebook 03, section 2.
# - They part at the two entries that single something out. One *unit* with large weights (`row_scale`) has its own
#   statistics in batch norm, which take the factor away; in layer norm it changes the statistics of all units of the
#   case. One *case* with large inputs (`one_case_scale`) is the mirror image: layer norm hides it, batch norm lets it
#   disturb the whole batch. A recording that is twice as loud, a photograph with twice the contrast: that is a case.
# - Layer norm does not hide a shift of the inputs. The shift reaches each unit through other weights, so it is no
#   common shift of the units. Batch norm takes it away, because it is common to all *cases*.
# - Weight norm looks at the weights alone, so it hides nothing of the data at all.

# %% [markdown]
# ### Experiment E04e: the table predicts an experiment
#
# The test images come from another camera: grey and with less contrast, $x \to 0.4\,x + 0.3$. Nothing about the digits
# has changed. A network with batch norm applies the statistics it has stored, which are those of the old camera. A
# network with layer norm has stored nothing. So it should not mind, should it?
#
# Ask the table before you run the cell. Both networks begin with a linear layer and then normalize. "× 0.4" for all
# images is `X_scale`; "+ 0.3" is `X_shift`. The bias of the linear layers is left out. What do you expect of layer norm
# for each of the two parts? Five seeds; the networks and the side-by-side trick are those of section 4.

# %% tags=["experiment"]
training, test = splits(997)


def trained(norm, *first):
    torch.manual_seed(0)
    nets = nn.Sequential(*first, *make_nets(norm))
    train(nets, training, 10, batch_size=32, lr=0.05, loss=sum_of_losses)
    return nets.eval()


bn_nets = trained(NORMS["batch norm"][0])
KINDS = {
    "batch norm, stored statistics": (bn_nets, "red", "o"),
    "batch norm, statistics of the test batch": (bn_nets, "purple", "D"),
    "layer norm": (trained(NORMS["layer norm"][0]), "blue", "s"),
    "layer norm, also of the input": (
        trained(NORMS["layer norm"][0], nn.GroupNorm(SEEDS, SEEDS * 64, affine=False)),
        "green",
        "^",
    ),
    "no normalization": (trained(nn.Identity), "black", "X"),
}


def accuracy(kind, scale, shift):
    """Test accuracy of each network on the images scale * x + shift."""
    nets = KINDS[kind][0]
    if "test batch" in kind:
        for layer in nets:
            if isinstance(layer, nn.BatchNorm1d):
                layer.train().momentum = 0.0  # the statistics of the batch, and nothing is stored
    found = accuracies(nets, (float(scale) * test[0] + float(shift), test[1]))
    nets.eval()
    return found


CONTRASTS = np.array([1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
CHANGES = {"as it is": (1.0, 0.0), "× 0.4": (0.4, 0.0), "+ 0.3": (1.0, 0.3), "× 0.4 + 0.3": (0.4, 0.3)}
curves = {kind: np.transpose([accuracy(kind, a, (1 - a) / 2) for a in CONTRASTS]) for kind in KINDS}
parts = {kind: np.array([accuracy(kind, *change) for change in CHANGES.values()]) for kind in KINDS}

fig, (pictures, left, right) = plt.subplots(1, 3, figsize=(13, 4.2), width_ratios=(0.5, 1.3, 1.3))
examples = [test[0][np.argmax(test[1][:, 0] == digit), :64].reshape(8, 8) for digit in (3, 6)]
tiles = [a * image + (1 - a) / 2 for a in (1.0, 0.4, 0.1) for image in examples]
strip = np.full((29, 19), np.nan)
for place, tile in enumerate(tiles):
    strip[(place // 2) * 10 : (place // 2) * 10 + 8, (place % 2) * 10 : (place % 2) * 10 + 8] = tile
pictures.imshow(strip, cmap="gray", vmin=0, vmax=1)
pictures.set(xticks=[], title="contrast")
pictures.set_yticks([4, 14, 24], ["1", "0.4", "0.1"])
pictures.spines[:].set_visible(False)
pictures.grid(False)
for place, (kind, (_, color, marker)) in enumerate(KINDS.items()):
    mean_with_spread(left, CONTRASTS, curves[kind], label=kind, color=COLORS[color], marker=marker)
    look = {"color": COLORS[color], "marker": marker, "markersize": 7, "capsize": 3, "linestyle": "none"}
    mean, sd = parts[kind].mean(axis=1), parts[kind].std(axis=1, ddof=1)
    right.errorbar(np.arange(4) + 0.13 * (place - 2), mean, sd, **look)
left.set(
    xlabel="contrast a of the test images, a·x + (1 − a)/2", ylabel="test accuracy", title="Grey images", ylim=(0, 1.02)
)
left.invert_xaxis()
right.set(
    xlabel="change of all test images", ylabel="test accuracy", title="Which part of it does the harm?", ylim=(0, 1.02)
)
right.set_xticks(range(4), CHANGES)
right.grid(axis="x", alpha=0)
fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
plt.show()

print(f"{'mean of 5 seeds':42}" + "".join(f"{change:>13}" for change in CHANGES))
for kind, found in parts.items():
    print(f"{kind:42}" + "".join(f"{value:13.3f}" for value in found.mean(axis=1)))
stored, of_batch, ln, ln_input, none = parts.values()
claim("Layer norm does not notice x 0.4", ln[0] - ln[1], holds=np.all(abs(ln[0] - ln[1]) < 0.01))
claim("It does notice + 0.3 after that", ln[1] - ln[3], holds=np.all(ln[1] - ln[3] > 0.05))
both = ln_input[0] - ln_input[3]
claim("Layer norm of the input as well makes it blind to both", both, holds=np.all(abs(both) < 0.01))
both = of_batch[0] - of_batch[3]
claim("So do the statistics of the test batch", both, holds=np.all(abs(both) < 0.01))
claim("x 0.4 + 0.3: layer norm is better than batch norm", ln[3] - stored[3], holds=np.all(ln[3] > stored[3]))
claim("x 0.4 + 0.3: layer norm is better than no normalization", ln[3] - none[3], holds=np.all(ln[3] > none[3]))

# %% [markdown]
# Figure: left, digits with contrast 1, 0.4 and 0.1. Middle, test accuracy against contrast, mean and standard deviation
# over five seeds: batch norm with the statistics of the test batch and layer norm that also normalizes the input stay
# at 0.96 and 0.97 throughout; layer norm and no normalization fall together, to 0.75 at contrast 0.4 and to 0.2 at 0.1;
# batch norm with stored statistics lies below them, 0.62 at 0.4. Right, the change in its parts. × 0.4: only batch norm
# with stored statistics falls, to 0.64. + 0.3: it falls to 0.89, layer norm to 0.92, none to 0.90. Both: 0.62, 0.75,
# 0.76.
#
# **What to notice.**
#
# - **× 0.4 costs layer norm nothing at all**, not one digit in 2500: the table is a theorem. It costs batch norm a
#   third of its accuracy, because the stored deviations are those of brighter images.
# - **+ 0.3 is what layer norm cannot hide.** The constant reaches unit $j$ as $0.3 \sum_i W_{ji}$, a different amount
#   for each unit. That is no common shift of the row, so the mean over the row does not take it away. After × 0.4 the
#   same shift is 2.5 times as large against the signal, and layer norm falls to 0.75.
# - **One more layer norm, on the pixels, repairs it completely**: there the constant *is* a common shift of the row.
#   Where a layer stands decides what it is blind to. (It also forgets how bright an image is on the whole. For digits
#   that is a gift.)
# - Batch norm with the statistics of the **test batch** is blind to both, by the first row of the table. It is a cheap
#   way to adapt to a new camera, if test images come in large batches that are mixed like the training data. E04b shows
#   what happens if they are not.
# - **Two claims did not reproduce.** "Layer norm is more robust to this change than batch norm" is true on average (by
#   0.13) and not in every seed. And layer norm is no better than *no normalization* (0.75 and 0.76). What is called the
#   robustness of layer norm is here the absence of a weakness of batch norm: stored statistics that no longer fit.

# %% [markdown]
# ## 9 · Layer normalization in a recurrent net
#
# A recurrent net uses the same weights at every time step:
#
# $$ a_t = x_t W_x^\top + h_{t-1} W_h^\top, \qquad h_t = \tanh(a_t) . $$
#
# Batch norm has a problem here. The distribution of $a_t$ changes along the sequence: at the first step the state is
# zero, later it is not. So each step needs stored statistics of its own, and a test sequence that is longer than all
# training sequences reaches steps for which nothing is stored. Layer norm computes its statistics from the units of
# one case at one step, and has nothing to store (Ba and others, equation 4):
#
# $$ h_t = \tanh\!\left( \gamma \, \frac{a_t - \mu_t}{\sqrt{\sigma_t^2 + \varepsilon}} + \beta \right), \qquad
#    \mu_t, \sigma_t^2 \text{ over the } H \text{ units of } a_t . $$
#
# There is a second gain. Without normalization the state is multiplied by $W_h$ again and again, so its size behaves
# like a power: it dies out, or it grows until tanh saturates (or for ever, with ReLU). With layer norm the *scale* of
# $W_h$ and $W_x$ together has no effect at all, by `W_scale` of the last section.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | what is normalized | the sum of both parts, once | layer-normalized LSTMs often normalize $x W_x^\top$ and $h W_h^\top$ one by one, each with its own $\gamma$ |
# | bias | none besides $\beta$, which is added *after* the normalization | a bias inside $a_t$ would differ from unit to unit, so the mean does not remove it, but it would be rescaled at every step |
# | $\gamma$, $\beta$ | one entry for each unit, the same at all steps | batch-normalized recurrent nets store statistics for each step |
# | weights | (out, in): $W_x$ is $(H, D)$, $W_h$ is $(H, H)$ | the paper multiplies from the left, $W h$; Keras stores (in, out). $W_h$ is square, so a transposed one goes unnoticed |
#
# ### Exercise: `ln_rnn_step` (4 points, extension)
#
# *Extension: no later exercise needs it. Difficulty 2 of 4, about 15 minutes.*


# %% exercise="ln_rnn_step" points=4
def ln_rnn_step(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """One step of a recurrent net with layer normalization.

        h' = tanh(gamma * (a - mean) / sqrt(var + eps) + beta),    a = x Wx^T + h Wh^T

    mean and var are taken over the H units of each case separately; var divides by H (biased). eps is inside the
    square root.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        x: (N, D) inputs of this step, float or integer. They are not changed.
        h: (N, H) state before the step. It is not changed.
        Wx: (H, D) weights of the inputs. They are not changed.
        Wh: (H, H) weights of the state. They are not changed.
        gamma: (H,) scale. It is not changed.
        beta: (H,) shift. It is not changed.
        eps: A small number >= 0.

    Returns:
        (N, H) state after the step.

    Raises:
        ValueError: h does not have as many rows as x, or Wx is not (H, D), Wh not (H, H), gamma or beta not (H,), with
            D and H as in x and h, even where they would broadcast. The message names one of the arguments that do not
            fit together.
    """
    ### BEGIN SOLUTION
    x, h, Wx, Wh, gamma, beta = (np.asarray(a, dtype=float) for a in (x, h, Wx, Wh, gamma, beta))
    if len(h) != len(x):
        raise ValueError(f"h must have as many rows as x, {len(x)}, got {len(h)}")
    d, units = x.shape[1], h.shape[1]
    given = {"Wx": Wx, "Wh": Wh, "gamma": gamma, "beta": beta}
    for (name, value), shape in zip(given.items(), [(units, d), (units, units), (units,), (units,)], strict=True):
        if value.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {value.shape}")
    a = x @ Wx.T + h @ Wh.T
    centred = a - a.mean(axis=1, keepdims=True)
    xhat = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)
    return np.tanh(gamma * xhat + beta)
    ### END SOLUTION


# %% check="ln_rnn_step"
check("ln_rnn_step")

# %% [markdown]
# ### Experiment E04d: a hundred steps
#
# A recurrent net of 64 ReLU units with random weights, $W_h$ with entries of standard deviation gain$/\sqrt{64}$, so
# that the gain is the knob of the power. A batch of 32 random sequences comes in for 50 steps; then the input is
# silent. With layer norm the step is the one you wrote, with ReLU in place of tanh, because tanh would hide an
# explosion. Ten seeds.

# %% tags=["experiment"]
UNITS, STEPS, GAINS = 64, 100, (0.8, 1.2, 1.4, 1.6)


def recurrent(gain, seed, normalize):
    """Mean length of the state, and mean deviation over the batch of what enters the units, at each step."""
    rng = np.random.default_rng(seed)
    Wh = rng.normal(size=(UNITS, UNITS)) * gain / np.sqrt(UNITS)
    Wx = rng.normal(size=(UNITS, 8)) / np.sqrt(8)
    inputs = rng.normal(size=(STEPS, 32, 8))
    inputs[STEPS // 2 :] = 0  # silence
    h, lengths, spreads = np.zeros((32, UNITS)), [], []
    for x in inputs:
        a = x @ Wx.T + h @ Wh.T
        spreads.append(a.std(axis=0).mean())
        h = np.maximum(F.layer_norm(torch.tensor(a), (UNITS,)).numpy() if normalize else a, 0)
        lengths.append(np.linalg.norm(h, axis=1).mean())
    return lengths, spreads


runs = {
    (gain, normalize): np.array([recurrent(gain, seed, normalize) for seed in range(10)])
    for gain in GAINS
    for normalize in (False, True)
}  # (seeds, 2, steps)

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
time_steps = np.arange(1, STEPS + 1)
for gain, color in zip(GAINS, ("blue", "green", "orange", "red"), strict=True):
    lengths, spreads = np.moveaxis(np.log10(np.maximum(runs[gain, False], 1e-12)), 1, 0)
    for ax, found in ((left, lengths), (right, spreads)):
        mean, sd = found.mean(axis=0), found.std(axis=0, ddof=1)
        ax.plot(time_steps, 10**mean, marker="", color=COLORS[color], label=f"gain {gain}")
        ax.fill_between(time_steps, 10 ** (mean - sd), 10 ** (mean + sd), color=COLORS[color], alpha=0.2, linewidth=0)
for ax, which in ((left, 0), (right, 1)):
    for gain in GAINS:
        last = ax.plot(time_steps, runs[gain, True][:, which].mean(axis=0), color="black", linewidth=1.5, marker="")[0]
    last.set_label("layer norm, all four gains")
    ax.axvline(50, color="0.5", linestyle=":", marker="")
    ax.set(yscale="log", xlabel="time step", ylim=(1e-10, 1e9))
left.text(51.5, 1e-9, "the input\nfalls silent", fontsize=9, color="0.35")
left.set(ylabel="length of the state h", title="The state")
right.set(ylabel="deviation over the batch, mean of units", title="What batch norm would have to store")
left.legend(loc="lower left", fontsize=9)
plt.show()

normalized = np.concatenate([runs[gain, True][:, 0] for gain in GAINS])
plain = {gain: runs[gain, False][:, 0, -1] for gain in GAINS}
print("plain, length after 100 steps, lowest and highest of 10 seeds")
for gain, found in plain.items():
    print(f"  gain {gain}: {found.min():.1e} to {found.max():.1e}")
print(f"layer norm, any step, gain and seed: {normalized.min():.2f} to {normalized.max():.2f}")
claim(
    "Layer norm keeps the state between 5 and 6.5",
    normalized[:10, -1],
    holds=np.all((normalized > 5) & (normalized < 6.5)),
)
claim(
    "Plain, gain 0.8: the state vanishes", np.log10(plain[0.8]), holds=np.all(plain[0.8] < 1e-5), unit="powers of ten"
)
claim("Plain, gain 1.2: it explodes", np.log10(plain[1.2]), holds=np.all(plain[1.2] > 100), unit="powers of ten")
claim("Plain, gain 1.6: it explodes", np.log10(plain[1.6]), holds=np.all(plain[1.6] > 100), unit="powers of ten")
spread = runs[1.2, True][:, 1]
change = spread[:, 45:50].mean(1) / spread[:, 95:].mean(1)
claim(
    "Layer norm, gain 1.2: spread of the batch before and after the silence",
    change,
    holds=np.all(change > 2),
    unit="times",
)

# %% [markdown]
# Figure: left, length of the state against time, logarithmic. Without normalization: gain 0.8 stays near 6 and falls to
# $10^{-10}$ once the input is silent, gain 1.2 stays near 15 and then drifts down, gain 1.4 and 1.6 grow all the time,
# to $10^3$ and $10^8$. Layer norm, all four gains: one flat black line at 5.7. Right, deviation over the batch of what
# enters the units: the same fans without normalization; with layer norm about 1 for 50 steps, then falling within ten
# steps to 0.1 to 0.3.
#
# **What to notice.**
#
# - **A memory that neither dies nor explodes.** Layer norm keeps the state between 5.4 and 6.0 at every step, for every
#   gain, also long after the input has ended. (The number is no accident: half of the 64 standardized values survive
#   the ReLU, and $\sqrt{64/2} = 5.7$.) What it remembers is a direction; that it remembers the right one is up to
#   training.
# - **"Gain 1.2 explodes" did not reproduce.** A single seed may show it: over ten seeds the length after 100 steps lies
#   anywhere between $10^{-5}$ and 200, and mostly falls. For ReLU units the balance is at gain $\sqrt 2 \approx 1.41$,
#   the factor 2 of the initial weights in notebook 00, and at 64 units chance moves it by a lot. That is the point:
#   without normalization the fate of the state hangs on the draw of $W_h$.
# - **The right panel is why batch norm does not fit.** What it would have to store depends on the step, even when layer
#   norm keeps the network tame: the spread over the batch falls to a fraction when the sequences end. One stored
#   deviation for all steps is wrong for most of them; one for each step needs to know in advance how long a sequence
#   can be, and the last steps are seen by few sequences. Layer norm has nothing to store.

# %% [markdown]
# ## 10 · Layers for torch
#
# Last, the two layers that you will meet most often, as modules that can take the place of `nn.LayerNorm` and
# `nn.GroupNorm`. Compare with `BatchNormScratch`: there is no mode, no buffer, nothing to update. What can go wrong is
# quieter, namely *which values share a mean* and *which share an entry of weight*; they are not the same.
#
# | layer | input | values that share a mean | shape of weight and bias |
# | --- | --- | --- | --- |
# | `LayerNorm(D)` | $(N, D)$ or $(N, T, D)$ | the $D$ features of a position | $(D,)$ |
# | `LayerNorm((C, H, W))` | $(N, C, H, W)$ | all of one image | $(C, H, W)$: one for each **element** |
# | `GroupNorm(G, C)` | $(N, C, \dots)$ | $C/G$ neighbouring channels of one image, at all positions | $(C,)$: one for each **channel** |
#
# So `GroupNorm(1, C)` and `LayerNorm((C, H, W))` normalize alike and scale differently: the second has $H \cdot W$ times
# as many parameters and is tied to one size of image.
#
# ### Convention card
#
# | question | here: PyTorch's contract | elsewhere |
# | --- | --- | --- |
# | axes of layer norm | the **last** `len(normalized_shape)` axes; their lengths are fixed when the layer is made | Keras: an `axis` argument, the last one by default; "layer norm" of image papers is often over $(C, H, W)$ with one weight per channel, which is `GroupNorm(1, C)`, and in ConvNeXt over $C$ alone, at each pixel |
# | channels of group norm | axis 1 | Keras and Flax: the last axis |
# | variance | biased, $\varepsilon = 10^{-5}$ inside the root | `x.var()` of torch is *unbiased* by default; $\varepsilon$ is $10^{-3}$ in Keras and $10^{-6}$ in Flax |
#
# ### Exercise: `LayerNormScratch` and `GroupNormScratch` (6 points)
#
# Write them from elementary tensor operations (`mean`, `var`, `sqrt`, `reshape`, ...). Autograd is on. The ready-made
# normalizations are off: `F.batch_norm`, `F.layer_norm`, `F.group_norm`, `F.instance_norm` and the layers that call
# them.
#
# *Difficulty 2 of 4, about 25 minutes.*


# %% exercise="norm_modules" points=6
class LayerNormScratch(nn.Module):
    """Layer normalization over the last axes, with the contract of nn.LayerNorm.

    Parameters `weight` and `bias` of shape normalized_shape, starting at 1 and 0. No buffers: state_dict() has the keys
    of nn.LayerNorm and can be loaded in both directions. Training and evaluation are the same.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.
    """

    def __init__(self, normalized_shape, eps=1e-5):
        """Create the parameters.

        Args:
            normalized_shape: Lengths of the last axes, an int (one axis) or a tuple of ints.
            eps: Added to the variance, inside the root.
        """
        super().__init__()
        ### BEGIN SOLUTION
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(self.normalized_shape))
        self.bias = nn.Parameter(torch.zeros(self.normalized_shape))
        ### END SOLUTION

    def forward(self, x):
        """Normalize over the last axes, then scale and shift each element.

            y = weight * (x - mean) / sqrt(var + eps) + bias

        mean and var (biased) are taken over the last len(normalized_shape) axes, for every index of the other axes by
        itself.

        Args:
            x: Tensor of shape (..., *normalized_shape), with any number of axes before, or none.

        Returns:
            Tensor of the shape of x.

        Raises:
            ValueError: the last axes of x are not normalized_shape, even where they would broadcast. The message names
                x or normalized_shape.
        """
        ### BEGIN SOLUTION
        k = len(self.normalized_shape)
        if tuple(x.shape[-k:]) != self.normalized_shape:
            raise ValueError(f"x of shape {tuple(x.shape)} does not end in normalized_shape {self.normalized_shape}")
        dims = tuple(range(-k, 0))
        mean = x.mean(dims, keepdim=True)
        var = ((x - mean) ** 2).mean(dims, keepdim=True)
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias
        ### END SOLUTION


class GroupNormScratch(nn.Module):
    """Group normalization, with the contract of nn.GroupNorm.

    Parameters `weight` and `bias` of shape (C,), starting at 1 and 0. No buffers: state_dict() has the keys of
    nn.GroupNorm and can be loaded in both directions. Training and evaluation are the same.
    """

    def __init__(self, num_groups, num_channels, eps=1e-5):
        """Create the parameters.

        Args:
            num_groups: Number of groups G.
            num_channels: Number of channels C.
            eps: Added to the variance, inside the root.

        Raises:
            ValueError: num_groups is less than 1, or num_channels is no multiple of it. The message names num_channels
                or num_groups.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if num_groups < 1 or num_channels % num_groups != 0:
            raise ValueError(f"num_groups must divide num_channels, got {num_groups} and {num_channels}")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))
        ### END SOLUTION

    def forward(self, x):
        """Normalize each group of each case, then scale and shift each channel.

        A group is C / G neighbouring channels, 0 to C / G - 1 for the first, with all their positions. The variance is
        biased, eps is inside the root.

        Args:
            x: Tensor of shape (N, C), (N, C, L), (N, C, H, W) or with more axes.

        Returns:
            Tensor of the shape of x.

        Raises:
            ValueError: axis 1 of x is not num_channels long. The message names x or num_channels.
        """
        ### BEGIN SOLUTION
        if x.shape[1] != self.num_channels:
            raise ValueError(f"x must have num_channels = {self.num_channels} on axis 1, got shape {tuple(x.shape)}")
        groups = x.reshape(x.shape[0], self.num_groups, -1)
        mean = groups.mean(dim=2, keepdim=True)
        var = ((groups - mean) ** 2).mean(dim=2, keepdim=True)
        y = ((groups - mean) / torch.sqrt(var + self.eps)).reshape(x.shape)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return y * self.weight.view(shape) + self.bias.view(shape)
        ### END SOLUTION


# %% check="norm_modules"
check("norm_modules")

# %% [markdown]
# ### Experiment E04c: what does it cost?
#
# "Layer norm is computationally less costly than batch norm", some texts say. Count first. Both read every value to
# find a mean and a variance, and read it again to normalize: a few operations per value, the same for both. So we
# measure, one forward pass on one thread, at a convolutional and at a fully-connected size; the fastest of several
# calls, three runs.


# %% tags=["experiment"]
def milliseconds(layer, x, repeats):
    """The fastest of several calls: the others were disturbed by something else on the machine."""
    times = []
    with torch.no_grad():
        for _ in range(repeats):
            start = perf_counter()
            layer(x)
            times.append(perf_counter() - start)
    return 1000 * min(times)


CASES = {
    "(64, 256, 16, 16), convolutional": (
        (64, 256, 16, 16),
        6,
        {
            "batch norm, training": nn.BatchNorm2d(256),
            "batch norm, evaluation": nn.BatchNorm2d(256).eval(),
            "batch norm, folded": nn.Identity(),
            "layer norm over (C, H, W)": nn.GroupNorm(1, 256),
            "group norm, 32 groups": nn.GroupNorm(32, 256),
        },
    ),
    "(512, 1024), fully connected": (
        (512, 1024),
        40,
        {
            "batch norm, training": nn.BatchNorm1d(1024),
            "batch norm, evaluation": nn.BatchNorm1d(1024).eval(),
            "batch norm, folded": nn.Identity(),
            "layer norm": nn.LayerNorm(1024),
            "RMS norm": nn.RMSNorm(1024),
        },
    ),
}
timings = {}
for case, (shape, repeats, layers) in CASES.items():
    for run in range(3):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(run))
        for name, layer in layers.items():
            timings.setdefault(case, {}).setdefault(name, []).append(milliseconds(layer, x, repeats))
        if x.ndim == 4:
            last = x.to(memory_format=torch.channels_last)
            timings[case].setdefault("batch norm, training, channels last", []).append(
                milliseconds(layers["batch norm, training"], last, repeats)
            )

fig, axes = plt.subplots(1, 2, figsize=(12, 3.4))
for ax, (case, found) in zip(axes, timings.items(), strict=True):
    names = sorted(found, key=lambda name: np.mean(found[name]))
    for row, name in enumerate(names):
        value = np.mean(found[name])
        color = COLORS["red" if name.startswith("batch") else "blue"]
        ax.barh(row, value, color=color, alpha=0.8)
        ax.text(value, row, f"  {value:.2f} ms" if value > 0.005 else "  nothing", va="center", fontsize=9)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="time of one forward pass (ms)", title=case)
    ax.margins(x=0.18)
    ax.grid(axis="y", alpha=0)
plt.show()

image, flat = ({name: np.array(values) for name, values in found.items()} for found in timings.values())
claim(
    "Images: batch norm in training takes longer than layer norm",
    image["batch norm, training"] / image["layer norm over (C, H, W)"],
    holds=np.all(image["batch norm, training"] > image["layer norm over (C, H, W)"]),
    unit="times",
)
claim(
    "Rows: the two are within a factor of two",
    flat["batch norm, training"] / flat["layer norm"],
    holds=np.all(abs(np.log2(flat["batch norm, training"] / flat["layer norm"])) < 1),
    unit="times",
)

# %% [markdown]
# Figure: two bar charts of milliseconds for one forward pass. Images, longest first: batch norm in training, the same
# with the channels last in memory at less than half of it, layer norm over (C, H, W), group norm, batch norm in evaluation,
# and folded batch norm at nothing. Rows: all of them between 0.2 and 0.4 ms, RMS norm and batch norm in training slower
# than layer norm and batch norm in evaluation.
#
# **What to notice.** Your numbers will differ; what to compare is the order.
#
# - **It is not the arithmetic.** For images batch norm in training took several times as long as layer norm, for rows
#   1.5 times. Nothing in the formula says that. It is memory: a channel of all images lies scattered over the memory in
#   64 pieces, an image in one. Lay the channels last, and the same batch norm takes less than half the time.
#   And RMS norm, which computes *less* than layer norm, was slower: on this machine nobody has written it as one fused
#   routine.
# - **In evaluation batch norm is cheaper**, and folded into the layer before it, it costs nothing (notebook 02). Layer
#   norm has to compute its statistics for every input for ever; only its γ and β can be folded, into the linear layer
#   *after* it: $W(\gamma \odot \hat x + \beta) + b = (W\,\mathrm{diag}(\gamma))\,\hat x + (W\beta + b)$.
# - **Where layer norm is cheaper** is in what a step *needs*: no stored statistics, no second mode, no waiting for
#   other devices (E04f: two messages per layer and step), and no batch of a certain size, so that a model too large for
#   eight samples per device can be trained with one. "Good under hardware limits" is right. "Fewer computations" is not
#   the reason.

# %% [markdown]
# ## 11 · Where the answers stand
#
# Layer norm has come up in every section. Here is the map; the first question in words below asks you for a choice, the
# second for the whole story in your own words.
#
# | question | look at |
# | --- | --- |
# | what shares a mean in a fully-connected net, in a transformer, for images? | table "Where the last axis is", photograph (section 3) |
# | what is left of a row? | the circle (section 3); two values leave one bit (E04a) |
# | why is γ per feature, and why can it not undo the layer? | indices of the formula (section 3) |
# | why are training and evaluation the same? | the white blocks (section 2); what else can go wrong with stored statistics: E04b, E04d, E04e |
# | what can it not see, and what can it? | the table of section 8, put to the test in E04e |
# | what does it do to the gradient, in a row and in a deep stack? | step 5 (section 2), pre-LN and post-LN (section 3) |
# | what does it cost, and what does it save? | E04c, E04f |
#
# And where should you *not* use it? On narrow rows. On inputs with units, since a row of metres and kilograms has no mean.
# Where the length of a row *is* the information, such as the loudness of a recording or the amount of evidence. And in
# a convolutional net with large batches that has to be fast at inference, where batch norm is still hard to beat.
#
# How the rest of the family compares:
#
# | | sees other samples | stores statistics | values per mean | typical place |
# | --- | --- | --- | --- | --- |
# | batch norm | yes | yes | $N H W$ | convolutional nets, batches of 16 and more per device |
# | synchronized batch norm | yes, on all devices | yes | $N H W$ times devices | the same, when the batch per device is small |
# | layer norm | no | no | $D$, or $C H W$ | transformers, recurrent nets |
# | group norm | no | no | $HW\,C/G$ | detection, segmentation, video: few large images |
# | instance norm, AdaIN | no | no | $HW$ | style transfer, image generation |
# | weight norm | no | no | none of the data | reinforcement learning, generative models; often with another norm |
#
# ## 12 · Two questions in words

# %% [markdown] question="W04a" points=6
# **W04a (6 points).** Choose a normalizer for each of six settings and justify the choice in two or three sentences:
# what would the obvious alternative do wrong here? Name an experiment of this notebook, a formula or a number where you
# can.
#
# 1. Object detection on large images, two images per GPU, eight GPUs.
# 2. A recurrent net on sentences of very different lengths.
# 3. Style transfer: an image is to be repainted with the contrasts of another.
# 4. A transformer that generates text word by word.
# 5. A ResNet for image classification, 256 images per GPU, to be deployed on a phone.
# 6. Fine-tuning a network that was trained elsewhere **with batch norm**, on 8 labelled images from a new camera.
#
# ### BEGIN SOLUTION
# **Model answer.** Other choices earn full marks if the reason holds.
#
# 1. *Group norm, or synchronized batch norm.* Plain batch norm would have statistics from two images per device (error
#    24.1 against 34.7 % in the table of E04a), and large images of one scene hold fewer independent values than pixels.
#    Synchronized batch norm pools 16 images at the price of two messages per layer and step; group norm needs none.
# 2. *Layer norm* (at every step, over the units). Batch norm would need statistics per time step: they differ between
#    steps (E04d, right panel), late steps are seen by few sequences, and a longer test sequence has none.
# 3. *Instance norm, or AdaIN.* The style is in the mean and deviation per channel of one image; instance norm removes
#    them and AdaIN puts in those of the other image. Batch norm would mix the styles of a batch; layer norm over (C, H,
#    W) takes one mean and one scale from all channels together and keeps their proportions, in which the style is.
# 4. *Layer norm or RMS norm, per token, usually pre-LN.* Tokens that are generated one at a time have no batch and no
#    future; batch statistics, or a mean over positions, would mix in padding and later words. Same function in training
#    and generation.
# 5. *Batch norm.* Many values per mean, fastest learning in E04a at large batches, and at inference it is folded into
#    the convolution and costs nothing, while layer or group norm have to be computed on the phone for every image.
# 6. *Keep batch norm, but in evaluation mode: freeze the stored statistics* (γ and β may be trained). Eight images are
#    too few to estimate statistics for many layers, and the running average would drift to them; swapping the norm
#    would throw away what the weights were trained with. If the new camera shifts the images (E04e) and unlabelled
#    images of it exist, re-estimate the statistics on those (one more pass, notebook 02). Training on with statistics
#    of batches of 8 and evaluating with stored ones is the worst of both.
#
# **Rubric.** One point per setting: half for a defensible choice, half for a reason that is specific to the setting
# (not "it works better"). In 6, "group norm" or "layer norm instead" without a word on the trained weights earns no
# more than half.
# ### END SOLUTION

# %% [markdown] question="W04b" points=6
# **W04b (6 points).** Explain layer normalization to a fellow student who knows batch norm, in about one page. Answer
# all of these.
#
# (a) What exactly is averaged in a fully-connected net, in a transformer, and in a convolutional net, where there are
# two readings? What is the difference between the two readings for a picture? (b) Why is the scale γ per feature
# although the statistics are per row? (c) Why are training and evaluation the same? (d) Name two changes that layer
# norm hides and batch norm does not, or the other way round, and one that neither hides. (e) A text says "layer norm is
# computationally cheaper than batch norm". Is it? (f) Another text says that layer norm should be used more in *later*
# layers, because learned features are of similar size there. What do you make of that?
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# (a) Fully connected: the $D$ units of one sample. Transformer: the $D$ features of one token; tokens and sentences do
# not mix. Convolutional: either all $C \cdot H \cdot W$ values of one image, or the $C$ channels at one pixel. The
# first keeps differences of strength between places (a shadow stays a shadow) and forgets only the overall exposure;
# the second makes every place equally strong: details in the shadow appear, and so does noise in empty regions.
#
# (b) A parameter must belong to something that exists in every batch and at test time. Features do, rows do not. Per
# feature, training can decide how much each feature counts. It means that γ and β cannot undo the normalization.
#
# (c) The statistics come from the row itself, so nothing depends on the batch: nothing is estimated, stored or
# switched.
#
# (d) Layer norm only: a single case times $a$; the same vector added to all weight rows. Batch norm only: the weights
# of one unit times $a$; all inputs shifted by the same vector. Neither: for example a rotation of the inputs, or, for
# one case, a shift of that case alone. (Both hide: all weights, or all inputs, times $a$.)
#
# (e) Not in arithmetic: the same order of operations, and measured times depend on the layout in memory (3 to 5 times
# for images, 1.5 for rows, on our machines). At inference batch norm is cheaper, since it can be folded. Layer norm
# saves what surrounds the arithmetic: stored statistics, messages between devices, the need for a large batch.
#
# (f) A fair idea with a gap. It is true that averaging features only makes sense if they are comparable, and that raw
# inputs with units are not. But hidden units are comparable from the first hidden layer on: they are sums with weights
# of one distribution, and γ can set their sizes apart after the normalization. In practice transformers use layer norm
# in *all* layers. An experiment could decide: replace the norm in the early or in the late half and compare. The
# notebook has not done it, so anything stronger is a guess.
#
# **Rubric.** One point for each letter. (a) needs all three networks and what the two readings do to a picture; (d)
# needs two right entries and one for neither; (e) needs one argument for each side; (f) any reasoned position that
# separates "comparable" from "late"; half a point for agreeing or disagreeing without a reason.
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **One operator and its gradient.** `normalize_over` and `normalize_over_backward` are the whole family; the names
#   differ in the axes. If you meet a new "X norm" in a paper, ask which values share a mean, and which share a
#   parameter.
# - **Layer norm and RMS norm** stand in every transformer. Notebook 06 returns to a question that only batch norm
#   raises: what dropout before it does to stored variances. With layer norm the question disappears.
# - **Group norm** is the norm to try in the residual nets of notebook 11 and the capstone when batches are small: both
#   take a `norm` argument, and `GroupNormScratch` fits.
# - **Adaptive instance norm and its relatives** use normalization to *carry* information. Statistics are also what some
#   augmentations of notebooks 09 and 10 change on purpose.
# - **Synchronized statistics** are `merge_moments` over a wire.
# - Not answered here: whether layer norm helps for the same reason as batch norm. The arguments of notebook 03 (scale
#   of the weights, smoothness of the loss) apply to it in part; the one about batch noise does not apply at all.
#
# **Next**: [05 · Dropout: mechanics](../05_dropout/05_dropout.ipynb).


# %%
progress()
