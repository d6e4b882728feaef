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
# # The workshop: gradients, losses, initial weights
#
# This course is about two things: what makes deep networks **trainable**, and what makes them **generalize**. You
# will build normalization, dropout, regularization, augmentation and residual networks, first by hand in NumPy, then
# as torch modules. Before that, a workshop needs tools. This notebook makes five:
#
# 1. a **gradient checker**, which judges every backward pass you will ever write;
# 2. **softmax and cross-entropy**, the loss of nearly every experiment here, so that it survives any score;
# 3. four **activation functions** with their slopes;
# 4. a **linear layer**, forward and backward;
# 5. **initial weights** of the right size.
#
# With these five you have a network that learns. On the way you meet three reasons why a deep one does not:
# **saturation**, **bad scale** and **dead ReLUs**. Much of the rest of the course is about cures.
#
# **You need**: NumPy, and to have met back-propagation once. **Time**: about 2.5 hours. **Points**: 22 for code in
# five exercises, 7 for two questions in words.
#
# ### How an exercise works
#
# Every exercise is two cells. In the first you replace the line `raise NotImplementedError` by your code, and run it.
# The second checks it, and says not only that something is wrong but, where it can, which idea.
#
# - `check("numerical_gradient")` is what that second cell calls. Run it as often as you like; it costs nothing.
# - `hint("numerical_gradient")` (in a new cell, with the name of the exercise) gives the next of three hints, from a
#   question to almost a line of code.
# - `progress()` shows how far you are in the whole course. It is kept when you restart the kernel.
# - `use("numerical_gradient")` gives your own function back to you in a later notebook or experiment, if it passes its
#   check; otherwise a stand-in, so that one open exercise does not block the rest. It prints which one you got.
#
# The checks that you see are not all that count: the grader uses other numbers and other shapes. What it tests is
# always written in the docstring of the exercise. Four rules hold everywhere. Arguments are left as they were. Whole
# numbers and float32 are as good as float64, and results are floating-point. Bad input is refused where the
# docstring says so, with a `ValueError` whose message names the argument: `h must be positive, got -1`. And rows are
# examples: features come as `(N, D)`, weights as `(Dout, Din)`.

# %%
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
# ## 1 · A judge for every gradient
#
# A backward pass is a page of algebra, and a slip in it rarely crashes. The network still trains, only worse, and
# nothing tells you. So before you write any backward pass, build the judge: a function that needs no algebra. It takes
# *any* function $f$ of an array and finds the gradient by trying. How much does $f$ change when one number goes up a
# little, and how much when it goes down a little?
#
# $$ \frac{\partial f}{\partial x_i} \approx \frac{f(x + h\,e_i) - f(x - h\,e_i)}{2h}, $$
#
# where $e_i$ is 1 at coordinate $i$ and 0 elsewhere. Why both sides? Write down Taylor's series of $f$ along one
# coordinate, at $+h$ and at $-h$:
#
# $$ f(x \pm h) = f(x) \pm h f'(x) + \tfrac{h^2}{2} f''(x) \pm \tfrac{h^3}{6} f'''(x) + \dots $$
#
# In $f(x+h) - f(x)$ the term with $f''$ stays, and after dividing by $h$ the error is $\frac h2 f''$. In
# $f(x+h) - f(x-h)$ all even terms cancel, and after dividing by $2h$ the error is $\frac{h^2}{6} f'''$. With
# $h = 10^{-5}$ that is the difference between 5 digits and 10.
#
# A check of one gradient needs $2 \cdot$ (number of coordinates) evaluations of $f$. For a network with a million
# weights nobody trains that way. For a small example with a few dozen numbers it takes milliseconds, and a small
# example finds the slip.
#
# ### Convention card
#
# | question | here | who differs |
# | --- | --- | --- |
# | which difference | central, $f(x+h) - f(x-h)$ over $2h$ | some textbooks check with the one-sided one: its error of about $h$ hides small slips |
# | step | $h = 10^{-5}$, in float64 | `torch.autograd.gradcheck` takes $10^{-6}$ and insists on float64 too; in float32 no step is both small and exact |
# | what $f$ may see | x shifted in one coordinate | |
#
# ### Exercise: `numerical_gradient` (4 points)
#
# *Difficulty 1 of 4, about 15 minutes.*


# %% exercise="numerical_gradient" points=4
def numerical_gradient(f, x, h=1e-5):
    """The gradient of f at x by central differences.

        gradient_i = (f(x + h e_i) - f(x - h e_i)) / (2 h)

    e_i is 1 at coordinate i and 0 elsewhere: one coordinate is shifted at a time.

    Args:
        f: A function that takes an array of the shape of x and returns a number.
        x: Array of any shape, also with three axes, or with none: np.array(2.0). Float or integer. It is bit for bit
            the same after the call. Integers and float32 are converted to float64 before anything is shifted.
        h: The step, > 0.

    Returns:
        Floating-point array of the shape of x.

    Raises:
        ValueError: h is not positive. The message names h.
    """
    ### BEGIN SOLUTION
    if h <= 0:
        raise ValueError(f"h must be positive, got {h}")
    x = np.array(x, dtype=float)  # a copy: the caller's x stays where it is
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        above = f(x)
        x[index] = old - h
        below = f(x)
        x[index] = old
        gradient[index] = (above - below) / (2 * h)
    return gradient
    ### END SOLUTION


# %% check="numerical_gradient"
check("numerical_gradient")

# %% [markdown]
# ## 2 · A loss that survives any score
#
# A classifier ends in $C$ numbers per example, its **scores** (also called logits): any size, any sign. Softmax turns
# them into probabilities in two steps, take the exponential, then normalize:
#
# $$ p_{nk} = \frac{e^{s_{nk}}}{\sum_{j=1}^C e^{s_{nj}}} . $$
#
# For two classes this is the sigmoid of the difference of the scores. Cross-entropy asks how surprised the model is by
# the truth. With targets $t_{nk} \ge 0$ that sum to 1 in every row,
#
# $$ L = -\frac1N \sum_{n=1}^N \sum_{k=1}^C t_{nk} \log p_{nk} . $$
#
# For a label $c$ the target row is 1 at $c$ and 0 elsewhere, and all that is left is $-\log p_{nc}$: minus the logarithm
# of the probability of the true class. Targets that are not 0 or 1 come later in the course, when labels are smoothed and
# images are mixed, so your function takes both.
#
# ### Three traps
#
# **Overflow.** $e^{1000}$ is infinite in float64, and $\infty/\infty$ is nan. But softmax has an invariance: add the same
# number to all scores of a row, and numerator and denominator grow by the same factor. So choose that number well.
#
# **The logarithm of zero.** With scores $(1000, -1000)$ the second probability is $e^{-2000}$, which float64 rounds to 0,
# and its logarithm is $-\infty$. The right answer, $-2000$, is an ordinary number. Take the logarithm of the fraction on
# paper:
#
# $$ \log p_{nk} = s_{nk} - \log \sum_j e^{s_{nj}} $$
#
# (the second term is called *log-sum-exp*), and shift here too. Adding $10^{-12}$ to $p$ before the logarithm avoids the
# infinity and gives a wrong number instead.
#
# **The missing class.** NumPy takes the index $-1$ for the last entry. A label of $-1$, in many data sets the mark for
# "unknown", would be trained as class $C-1$ without a word. Refuse it.
#
# ### The gradient
#
# Differentiate $-\sum_k t_{nk} \log p_{nk}$ with the formula for $\log p_{nk}$ above. The derivative of $s_{nk}$ with
# respect to $s_{nj}$ is 1 if $j = k$, else 0. The derivative of the log-sum-exp is $p_{nj}$. Since the targets of a row sum
# to 1,
#
# $$ \frac{\partial L}{\partial s_{nj}} = \frac{p_{nj} - t_{nj}}{N} . $$
#
# What the model says minus what is true: all exponentials and logarithms have cancelled. This pair is the reason why a
# saturated *output* does no harm: a confident mistake has a gradient of full size, up to 1/N per score.
#
# ### By hand
#
# Scores $(0, \log 2, \log 3)$ have the exponentials 1, 2, 3, so $p = (\frac16, \frac26, \frac36)$. If the label is 1, the
# loss is $-\log\frac26 = \log 3 \approx 1.10$ and its gradient $(\frac16, -\frac46, \frac36)$. It sums to 0, as it must:
# adding a constant to all scores changes nothing.
#
# ### Convention card
#
# | question | here | who differs |
# | --- | --- | --- |
# | over the rows | mean, as `F.cross_entropy` | sums: the step size then depends on the batch size |
# | over the classes | sum | |
# | logarithm | natural; the loss is in nats | information theory often takes bits, 1.44 times as many |
# | what goes in | scores, as in torch | Keras takes probabilities unless told `from_logits=True` |
#
# ### Exercise: `softmax` and `cross_entropy` (6 points)
#
# *Difficulty 2 of 4, about 25 minutes.*


# %% exercise="softmax_cross_entropy" points=6
def softmax(s):
    """Probabilities from scores, each row by itself.

        p_nk = exp(s_nk) / sum_j exp(s_nj)

    Right for scores of any size: 10,000, -10,000, and rows that are far apart.
    torch's softmax, cross_entropy, nll_loss and logsumexp are switched off while this is checked.

    Args:
        s: (N, C) array of scores, float or integer. It is not changed.

    Returns:
        (N, C) array; every row sums to 1.
    """
    ### BEGIN SOLUTION
    s = np.asarray(s, dtype=float)
    e = np.exp(s - s.max(axis=1, keepdims=True))  # exp sees nothing positive
    return e / e.sum(axis=1, keepdims=True)
    ### END SOLUTION


def cross_entropy(s, t):
    """Mean cross-entropy between targets t and softmax(s), and its gradient with respect to the scores.

        loss = -(1/N) sum_n sum_k t_nk log p_nk,    p = softmax(s),    ds = dloss/ds = (p - t) / N

    with the natural logarithm. A label c counts as a row of targets that is 1 at c and 0 elsewhere. The loss is exact
    also where p is too small for a float.

    Args:
        s: (N, C) array of scores, float or integer. It is not changed.
        t: Either (N,) integers, the labels, in 0..C-1; or (N, C) probabilities, every row of which sums to 1.
            It is not changed.

    Returns:
        (loss, ds). loss is a number, ds has shape (N, C).

    Raises:
        ValueError: a label is outside 0..C-1 (-1 is), or t is neither (N,) nor (N, C), even where its shape would
            broadcast. The message names t.
    """
    ### BEGIN SOLUTION
    s, t = np.asarray(s, dtype=float), np.asarray(t)
    n, classes = s.shape
    if t.ndim == 1 and len(t) == n:
        if np.any((t < 0) | (t >= classes)):
            raise ValueError(f"the labels t must be in 0..{classes - 1}")
        t = np.eye(classes)[t]
    if t.shape != s.shape:
        raise ValueError(f"t must have shape ({n},) or {s.shape}, got {t.shape}")
    shifted = s - s.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.sum(t * log_p) / n, (np.exp(log_p) - t) / n
    ### END SOLUTION


# %% check="softmax_cross_entropy"
check("softmax_cross_entropy")

# %% [markdown]
# ## 3 · Four activations and their slopes
#
# Without something crooked between them, two linear layers are one linear layer. The crooked thing works on each number
# by itself:
#
# | name | $a(z)$ | $\mathrm{d}a/\mathrm{d}z$ | range |
# | --- | --- | --- | --- |
# | `"sigmoid"` | $\sigma(z) = 1/(1 + e^{-z})$ | $a(1-a)$ | (0, 1) |
# | `"tanh"` | $\tanh z = 2\sigma(2z) - 1$ | $1 - a^2$ | (−1, 1) |
# | `"relu"` | $\max(0, z)$ | 1 or 0 | [0, ∞) |
# | `"leaky_relu"` | $z$ or $0.1\,z$ | 1 or 0.1 | all |
#
# The forward pass needs $a$, the backward pass needs the slope, and the first two slopes are cheapest from $a$ itself. So
# your function returns both.
#
# The sigmoid hides an overflow. For $z = -1000$ the formula takes $e^{1000}$. NumPy then prints a warning and, as
# $1/\infty = 0$, goes on with a right number by luck; the same slip in a slope written as $e^{-z}/(1+e^{-z})^2$ gives
# nan. The two forms
#
# $$ \sigma(z) = \frac{1}{1+e^{-z}} = \frac{e^{z}}{1 + e^{z}} $$
#
# are equal; each is safe on one side of zero.
#
# ### Convention card
#
# | question | here | who differs |
# | --- | --- | --- |
# | slope of ReLU at $z = 0$ | 0, as in torch and TensorFlow | in theory any number from 0 to 1 (a *subgradient*) is right |
# | slope of leaky ReLU at 0 | 0.1, the negative side's, as torch does | |
# | how much it leaks | 0.1 | torch and the paper that introduced it: 0.01; old Keras: 0.3 |
#
# Does the value at the one point $z = 0$ matter? In a running network it does: a weight or a bias of exactly 0 makes
# exact zeros, and dropout will make many more.
#
# ### Exercise: `activation` (4 points)
#
# *Difficulty 1 of 4, about 15 minutes.*


# %% exercise="activation_pair" points=4
def activation(name, z):
    """An activation function and its slope, for each number of z by itself.

        "sigmoid":      a = 1 / (1 + exp(-z))
        "tanh":         a = tanh(z)
        "relu":         a = z where z > 0, else 0
        "leaky_relu":   a = z where z > 0, else 0.1 z

    At z = 0 the slope of "relu" is 0 and that of "leaky_relu" is 0.1. No number from -1000 to 1000 may overflow on the
    way: NumPy must have no reason to warn.

    Args:
        name: "sigmoid", "tanh", "relu" or "leaky_relu".
        z: Array of any shape, float or integer. It is not changed.

    Returns:
        (a, da_dz): the values and the slopes, each of the shape of z.

    Raises:
        ValueError: any other name. The message says that it is the name: name must be ...
    """
    ### BEGIN SOLUTION
    z = np.asarray(z, dtype=float)
    if name == "sigmoid":
        e = np.exp(-np.abs(z))  # of negative numbers only
        a = np.where(z >= 0, 1.0, e) / (1 + e)
        return a, a * (1 - a)
    if name == "tanh":
        a = np.tanh(z)
        return a, 1 - a**2
    if name == "relu":
        return np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.1 * z), np.where(z > 0, 1.0, 0.1)
    raise ValueError(f'name must be "sigmoid", "tanh", "relu" or "leaky_relu", got {name!r}')
    ### END SOLUTION


# %% check="activation_pair"
check("activation_pair")

# %% [markdown]
# ## 4 · A linear layer, forward and backward
#
# The workhorse. Every one of $D_{out}$ outputs is a weighted sum of $D_{in}$ inputs plus a bias. With examples in the rows
# of $x$ and the weights of an output in a row of $W$,
#
# $$ z = x W^\top + b, \qquad z_{no} = \sum_{i} x_{ni} W_{oi} + b_o . $$
#
# Backward, the loss reaches us as $\mathrm{d}z = \partial L/\partial z$, an array of the shape of $z$. (Here and in the
# whole course $\mathrm{d}$something means the gradient of the loss with respect to something, in its shape.) Each of the
# three ingredients collects what it has contributed to:
#
# $$ \mathrm{d}x_{ni} = \sum_o \mathrm{d}z_{no} W_{oi}, \qquad
#    \mathrm{d}W_{oi} = \sum_n \mathrm{d}z_{no}\, x_{ni}, \qquad
#    \mathrm{d}b_o = \sum_n \mathrm{d}z_{no} . $$
#
# As products of matrices these are $\mathrm{d}x = \mathrm{d}z\,W$ and $\mathrm{d}W = \mathrm{d}z^\top x$. When in doubt,
# write the shapes under the letters: there is hardly another way to multiply them.
#
# Whoever is *shared* gets a *sum*: all rows use the same $W$ and $b$, so their gradients add up over $n$. And a sum it is,
# not a mean: the mean over examples is part of the loss, and its $1/N$ is already inside $\mathrm{d}z$ (look at your
# `cross_entropy`). Dividing again is a popular slip which trains, slowly.
#
# ### Convention card
#
# | question | here | who differs |
# | --- | --- | --- |
# | weights | $(D_{out}, D_{in})$, $z = xW^\top + b$, as `nn.Linear` | Keras stores $(D_{in}, D_{out})$; papers write $Wx$, $w^\top x$ or $x\theta$ for the same thing |
# | where the $1/N$ is | in the loss | some courses put it into $\mathrm{d}W$ and sum the loss |
#
# ### Exercise: `linear_forward` and `linear_backward` (4 points)
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="linear_layer" points=4
def linear_forward(x, W, b):
    """A linear layer: z = x W^T + b.

    torch's linear layers are switched off while this is checked.

    Args:
        x: (N, Din) array, float or integer. It is not changed.
        W: (Dout, Din) weights. It is not changed.
        b: (Dout,) bias, or None: then nothing is added. It is not changed.

    Returns:
        (N, Dout) array.

    Raises:
        ValueError: x and W have different numbers of columns. The message names x, W or Din.
    """
    ### BEGIN SOLUTION
    x, W = np.asarray(x), np.asarray(W)
    if x.shape[1] != W.shape[1]:
        raise ValueError(f"x has {x.shape[1]} columns, but W has {W.shape[1]}")
    z = x @ W.T
    return z if b is None else z + b
    ### END SOLUTION


def linear_backward(dz, x, W):
    """Gradients of a linear layer: dx = dz W, dW = dz^T x, db = sum over rows of dz.

    Nothing is divided by N: a loss that is a mean has done so already.

    Args:
        dz: (N, Dout) gradient of the loss with respect to z. It is not changed.
        x: (N, Din) what the layer was given, float or integer. It is not changed.
        W: (Dout, Din) weights. It is not changed.

    Returns:
        (dx, dW, db) of shapes (N, Din), (Dout, Din) and (Dout,).

    Raises:
        ValueError: x and W have different numbers of columns. The message names x, W or Din.
    """
    ### BEGIN SOLUTION
    dz, x, W = np.asarray(dz), np.asarray(x), np.asarray(W)
    if x.shape[1] != W.shape[1]:
        raise ValueError(f"x has {x.shape[1]} columns, but W has {W.shape[1]}")
    return dz @ W, dz.T @ x, dz.sum(axis=0)
    ### END SOLUTION


# %% check="linear_layer"
check("linear_layer")

# %% [markdown]
# ## 5 · Initial weights
#
# Take one unit of a linear layer with $n$ inputs, $z = \sum_{i=1}^n w_i x_i$. The weights are independent of each other and
# of the inputs, with mean 0. Then $z$ has mean 0 and
#
# $$ \mathrm{Var}(z) = n \,\mathrm{Var}(w)\, \mathrm{E}[x^2] . $$
#
# The next layer does the same, and the next. After $L$ layers the factor $n\,\mathrm{Var}(w)$ stands there $L$ times: if it
# is 0.5, twenty layers leave a millionth of the variance; if it is 2, they blow it up a million times. The only value that
# works at any depth makes the factor 1, counting what the activation does. That gives three rules:
#
# | `kind` | $\mathrm{Var}(w)$ | keeps |
# | --- | --- | --- |
# | `"xavier"` | $1/n_{in}$ | $\mathrm{E}[z^2]$ from linear layer to linear layer; nearly, for tanh near 0 |
# | `"kaiming"` | $2/n_{in}$ | $\mathrm{E}[z^2]$ where a ReLU throws away half of it |
# | `"glorot"` | $2/(n_{in} + n_{out})$ | a compromise: backward, what adds up are the $n_{out}$ outputs, which asks for $1/n_{out}$ |
#
# Where the 2 comes from is question W00a.
#
# ### Convention card
#
# | question | here | who differs |
# | --- | --- | --- |
# | what "Xavier" means | $1/n_{in}$, as in lecture notes of other courses; LeCun had it in 1998 | Xavier Glorot's own paper (2010) averages both fans; that is `"glorot"` here and `nn.init.xavier_normal_` in torch |
# | "Kaiming" | $2/n_{in}$, as `nn.init.kaiming_normal_` | `mode="fan_out"` takes $2/n_{out}$ |
# | what a rule sets | the **variance** | a `normal` method wants its root, a `uniform` one the limit $\sqrt{3\,\mathrm{Var}}$ |
# | the law | any with mean 0 | torch has normal and uniform versions of each |
# | torch's default for `nn.Linear` | | uniform up to $1/\sqrt{n_{in}}$, so $\mathrm{Var}(w) = 1/(3n_{in})$: none of the three |
#
# ### Exercise: `init_weights` (4 points)
#
# The function gets a random generator, and all its randomness has to come from there. That is a habit of the whole course:
# whoever holds the generator can repeat the experiment.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="init_weights" points=4
def init_weights(fan_in, fan_out, kind, rng):
    """Random initial weights of a linear layer: independent, with mean 0 and this variance.

        "xavier":    1 / fan_in
        "kaiming":   2 / fan_in
        "glorot":    2 / (fan_in + fan_out)

    The law is yours to choose (normal, uniform, ...), as long as mean and variance are right.

    Args:
        fan_in: Number of inputs of the layer, > 0.
        fan_out: Number of outputs, > 0.
        kind: "xavier", "kaiming" or "glorot".
        rng: A np.random.Generator. All randomness comes from it: an equal generator gives equal weights, the next call
            with the same one gives others, and NumPy's global generator is not touched.

    Returns:
        (fan_out, fan_in) array: a row of weights for each output.

    Raises:
        ValueError: fan_in or fan_out is not positive, or the kind is unknown. The message names the argument.
    """
    ### BEGIN SOLUTION
    if fan_in <= 0:
        raise ValueError(f"fan_in must be positive, got {fan_in}")
    if fan_out <= 0:
        raise ValueError(f"fan_out must be positive, got {fan_out}")
    variances = {"xavier": 1 / fan_in, "kaiming": 2 / fan_in, "glorot": 2 / (fan_in + fan_out)}
    if kind not in variances:
        raise ValueError(f"kind must be one of {', '.join(variances)}, got {kind!r}")
    return np.sqrt(variances[kind]) * rng.normal(size=(fan_out, fan_in))
    ### END SOLUTION


# %% check="init_weights"
check("init_weights")
