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

# %%
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
# ## 1 · One operator, many layers

# %% [markdown]
# ## 2 · One gradient for the whole family

# %% [markdown]
# ## 3 · Layer normalization

# %% [markdown]
# ## 4 · Group normalization

# %% [markdown]
# ## 5 · Scale and shift from elsewhere

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
# ### Exercise: `weight_norm`, `weight_norm_grads` and `weight_standardize` (6 points)
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
        f: A function of two arrays, X of shape (N, D) and W of shape (H, D), that returns an (N, H) array. Its outputs
            are of about the same size as one another. Where it is invariant, the change moves them by rounding errors
            only (1e-9 of the largest output); where it is not, factors between 1.5 and 5 and shifts of the size of
            the entries of X or W move at least one of them by more than 1e-3 of the largest output.
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
# ### Exercise: `ln_rnn_step` (4 points)
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

# %%
progress()
