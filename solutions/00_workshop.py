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
# **You need**: NumPy, and to have met back-propagation once. **Time**: about 2.5 hours. **Points**: 22 for code in five
# exercises, 7 for two questions in words.
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
# - `use("numerical_gradient")` gives your own function back to you in a later notebook or experiment, if it passes
#   its check; otherwise a stand-in, so that one open exercise does not block the rest. It prints which one you got.
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
# nothing tells you. So before you write any backward pass, build the judge: a function that needs no algebra. It
# takes *any* function $f$ of an array and finds the gradient by trying. How much does $f$ change when one number goes
# up a little, and how much when it goes down a little?
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
# | step | $h = 10^{-5}$, in float64 | `torch.autograd.gradcheck` takes $10^{-6}$ and wants float64 too; in float32 no step is both small and exact |
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
# ### How small should the step be?
#
# The smaller the better, says Taylor's series. But the computer rounds: both values of $f$ carry an error of about
# $10^{-16}$ of their size, and it is divided by $h$. So there is a best step, and it differs for the two kinds of
# difference. Here is the sum of $e^{x_i}$ at five random points of six coordinates each.

# %% tags=["experiment"]
gradient = use("numerical_gradient")
STEPS = 10.0 ** np.arange(-13, 0.5, 0.5)


def errors(seed):
    """Largest error of both kinds of difference for each step: (2, steps)."""
    x = np.random.default_rng(seed).uniform(0, 1, size=6)

    def f(v):
        return float(np.sum(np.exp(v)))

    one_sided = [[(f(x + h * e) - f(x)) / h for e in np.eye(6)] for h in STEPS]
    central = [gradient(f, x, h) for h in STEPS]
    return [np.abs(np.array(found) - np.exp(x)).max(axis=1) for found in (one_sided, central)]


found = np.array([errors(seed) for seed in range(5)])  # (seeds, 2, steps)

fig, ax = plt.subplots(figsize=(7.5, 4))
for kind, name, color in ((0, "one side: f(x + h) − f(x)", "red"), (1, "both sides: f(x + h) − f(x − h)", "blue")):
    ax.loglog(STEPS, found[:, kind].T, color=COLORS[color], marker="", alpha=0.25)
    ax.loglog(STEPS, np.exp(np.log(found[:, kind]).mean(axis=0)), color=COLORS[color], label=name, marker="os"[kind])
ax.axvline(1e-5, color="black", linestyle=":", marker="")
ax.text(1.3e-5, 0.3, "h = 1e-5", va="top")
ax.set(xlabel="step h", ylabel="largest error of the gradient", title="Truncation on the right, rounding on the left")
ax.legend(loc="lower left")
plt.show()

at = np.argmin(np.abs(STEPS - 1e-5))
digits_won = np.log10(found[:, 0, at] / found[:, 1, at])
claim(
    "At h = 1e-5 both sides are better than one by four digits or more",
    digits_won,
    holds=np.all(digits_won > 4),
    unit="digits",
)
slopes = np.log10(found[:, :, -3] / found[:, :, -7]) / 2  # from h = 1e-3 to h = 1e-1
claim("The error of one side grows like h to the power of", slopes[:, 0], holds=np.allclose(slopes[:, 0], 1, atol=0.1))
claim(
    "The error of both sides grows like h to the power of", slopes[:, 1], holds=np.allclose(slopes[:, 1], 2, atol=0.1)
)

# %% [markdown]
# Figure: error of the gradient against the step, both on logarithmic axes, for five random points (pale) and their
# geometric mean. Both curves have the shape of a V. One side: lowest, about 6e-8, near h = 3e-8. Both sides: lowest,
# about 1e-10, at h = 1e-5, which a dotted line marks.
#
# **What to notice.** On the right the error falls as the formulas say, one decade per decade for one side and two for
# both. On the left rounding takes over, and a smaller step makes things worse. The default $10^{-5}$ is near the
# bottom for functions and arguments of ordinary size. In float32, which rounds at $10^{-7}$, the bottom lies at two
# or three digits: so check gradients in float64, always.

# %% [markdown]
# ## 2 · A loss that survives any score
#
# A classifier ends in $C$ numbers per example, its **scores** (also called logits): any size, any sign. Softmax turns
# them into probabilities in two steps, take the exponential, then normalize:
#
# $$ p_{nk} = \frac{e^{s_{nk}}}{\sum_{j=1}^C e^{s_{nj}}} . $$
#
# For two classes this is the sigmoid of the difference of the scores. Cross-entropy asks how surprised the model is
# by the truth. With targets $t_{nk} \ge 0$ that sum to 1 in every row,
#
# $$ L = -\frac1N \sum_{n=1}^N \sum_{k=1}^C t_{nk} \log p_{nk} . $$
#
# For a label $c$ the target row is 1 at $c$ and 0 elsewhere, and all that is left is $-\log p_{nc}$: minus the
# logarithm of the probability of the true class. Targets that are not 0 or 1 come later in the course, when labels
# are smoothed and images are mixed, so your function takes both.
#
# ### Three traps
#
# **Overflow.** $e^{1000}$ is infinite in float64, and $\infty/\infty$ is nan. But softmax has an invariance: add the
# same number to all scores of a row, and numerator and denominator grow by the same factor. So choose that number
# well.
#
# **The logarithm of zero.** With scores $(1000, -1000)$ the second probability is $e^{-2000}$, which float64 rounds
# to 0, and its logarithm is $-\infty$. The right answer, $-2000$, is an ordinary number. Take the logarithm of the
# fraction on paper:
#
# $$ \log p_{nk} = s_{nk} - \log \sum_j e^{s_{nj}} $$
#
# (the second term is called *log-sum-exp*), and shift here too. Adding $10^{-12}$ to $p$ before the logarithm avoids
# the infinity and gives a wrong number instead.
#
# **The missing class.** NumPy takes the index $-1$ for the last entry. A label of $-1$, in scikit-learn the mark for
# "no label", would be trained as class $C-1$ without a word. Refuse it.
#
# ### The gradient
#
# Differentiate $-\sum_k t_{nk} \log p_{nk}$ with the formula for $\log p_{nk}$ above. The derivative of $s_{nk}$ with
# respect to $s_{nj}$ is 1 if $j = k$, else 0. The derivative of the log-sum-exp is $p_{nj}$. Since the targets of a
# row sum to 1,
#
# $$ \frac{\partial L}{\partial s_{nj}} = \frac{p_{nj} - t_{nj}}{N} . $$
#
# What the model says minus what is true: all exponentials and logarithms have cancelled. This pair is the reason why
# a saturated *output* does no harm: a confident mistake has a gradient of full size, up to 1/N per score.
#
# ### By hand
#
# Scores $(0, \log 2, \log 3)$ have the exponentials 1, 2, 3, so $p = (\frac16, \frac26, \frac36)$. If the label is 1,
# the loss is $-\log\frac26 = \log 3 \approx 1.10$ and its gradient $(\frac16, -\frac46, \frac36)$. It sums to 0, as
# it must: adding a constant to all scores changes nothing.
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
# Without something crooked between them, two linear layers are one linear layer. The crooked thing works on each
# number by itself:
#
# | name | $a(z)$ | $\mathrm{d}a/\mathrm{d}z$ | range |
# | --- | --- | --- | --- |
# | `"sigmoid"` | $\sigma(z) = 1/(1 + e^{-z})$ | $a(1-a)$ | (0, 1) |
# | `"tanh"` | $\tanh z = 2\sigma(2z) - 1$ | $1 - a^2$ | (−1, 1) |
# | `"relu"` | $\max(0, z)$ | 1 or 0 | [0, ∞) |
# | `"leaky_relu"` | $z$ or $0.1\,z$ | 1 or 0.1 | all |
#
# The forward pass needs $a$, the backward pass needs the slope, and the first two slopes are cheapest from $a$
# itself. So your function returns both.
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
# | how much it leaks | 0.1 | torch and the paper that introduced it: 0.01; Keras: 0.3 |
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
# The slopes decide what a deep network can learn: in the backward pass every layer multiplies the gradient by them.

# %% tags=["experiment"]
act = use("activation")
z = np.linspace(-6, 6, 241)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
for name, color, look in (
    ("sigmoid", "blue", "-"),
    ("tanh", "green", "--"),
    ("relu", "red", "-"),
    ("leaky_relu", "orange", "--"),
):
    for ax, values in zip((left, right), act(name, z), strict=True):
        ax.plot(z, values, look, color=COLORS[color], marker="", linewidth=2, label=name)
left.set(xlabel="z", ylabel="a(z)", title="The value", ylim=(-1.3, 3))
right.set(xlabel="z", ylabel="da/dz", title="The slope", ylim=(-0.05, 1.1))
right.axhline(0.25, color="black", linestyle=":", marker="")
right.text(-5.9, 0.27, "0.25", va="bottom")
left.legend(loc="upper left")
plt.show()

# %% [markdown]
# Figure: left, the four functions between −6 and 6; the sigmoid runs from 0 to 1, tanh from −1 to 1, both ReLUs grow
# along the diagonal on the right and are 0, or fall slowly, on the left. Right, their slopes: a bell of height 0.25
# for the sigmoid (dotted line), a narrower bell of height 1 for tanh, steps from 0 to 1 and from 0.1 to 1 for the
# ReLUs.
#
# **What to notice.** The sigmoid's slope is *never* above 0.25, and beyond $|z| = 5$ it is below 0.007: the unit is
# **saturated** and hardly learns. tanh reaches 1, but only near 0. The ReLU has slope 1 for every positive number,
# however large, and exactly 0 for every negative one.

# %% [markdown]
# ## 4 · A linear layer, forward and backward
#
# The workhorse. Every one of $D_{out}$ outputs is a weighted sum of $D_{in}$ inputs plus a bias. With examples in the
# rows of $x$ and the weights of an output in a row of $W$,
#
# $$ z = x W^\top + b, \qquad z_{no} = \sum_{i} x_{ni} W_{oi} + b_o . $$
#
# Backward, the loss reaches us as $\mathrm{d}z = \partial L/\partial z$, an array of the shape of $z$. (Here and in
# the whole course $\mathrm{d}$something means the gradient of the loss with respect to something, in its shape.) Each
# of the three ingredients collects what it has contributed to:
#
# $$ \mathrm{d}x_{ni} = \sum_o \mathrm{d}z_{no} W_{oi}, \qquad
#    \mathrm{d}W_{oi} = \sum_n \mathrm{d}z_{no}\, x_{ni}, \qquad
#    \mathrm{d}b_o = \sum_n \mathrm{d}z_{no} . $$
#
# As products of matrices these are $\mathrm{d}x = \mathrm{d}z\,W$ and $\mathrm{d}W = \mathrm{d}z^\top x$. When in
# doubt, write the shapes under the letters: there is hardly another way to multiply them.
#
# Whoever is *shared* gets a *sum*: all rows use the same $W$ and $b$, so their gradients add up over $n$. And a sum
# it is, not a mean: the mean over examples is part of the loss, and its $1/N$ is already inside $\mathrm{d}z$ (look
# at your `cross_entropy`). Dividing again is a popular slip which trains, slowly.
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
# ### The judge at work
#
# Now there is enough for a whole network: linear, tanh, linear, softmax and cross-entropy. Its backward pass is your
# four functions in reverse order. `numerical_gradient` knows nothing of that and judges it: one matrix at a time is
# moved, the rest stands still. And to see that the judge is awake, it gets a false backward pass as well: one that
# divides $\mathrm{d}W$ by $N$ a second time.

# %% tags=["experiment"]
gradient, act, loss_of = use("numerical_gradient"), use("activation"), use("cross_entropy")
forward, backward = use("linear_forward"), use("linear_backward")


def two_layers(x, t, W1, b1, W2, b2):
    """The loss of linear, tanh, linear, cross-entropy, and its gradients with respect to the four parameters."""
    h, slope = act("tanh", forward(x, W1, b1))
    loss, ds = loss_of(forward(h, W2, b2), t)
    dh, dW2, db2 = backward(ds, h, W2)
    _, dW1, db1 = backward(dh * slope, x, W1)
    return loss, (dW1, db1, dW2, db2)


def judged(seed):
    """Largest relative error of each gradient, and of a dW1 divided by N."""
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    parameters = [rng.normal(size=shape) for shape in ((5, 4), (5,), (3, 5), (3,))]
    _, gradients = two_layers(x, t, *parameters)
    deviations = []
    for place, found in enumerate(gradients):

        def loss(value, place=place):
            return two_layers(x, t, *parameters[:place], value, *parameters[place + 1 :])[0]

        numeric = gradient(loss, parameters[place])
        for candidate in (found, found / 6) if place == 0 else (found,):
            deviations.append(np.abs(candidate - numeric).max() / np.abs(numeric).max())
    return deviations


verdicts = np.array([judged(seed) for seed in range(5)])
for name, column in zip(("dW1", "dW1 / N", "db1", "dW2", "db2"), verdicts.T, strict=True):
    print(f"{name:8} relative error {column.mean():.1e}  {'wrong' if column.max() > 1e-5 else 'right'}")
right_ones = np.delete(verdicts, 1, axis=1).max(axis=1)
claim(
    "All four gradients are right to six digits",
    right_ones,
    holds=np.all(right_ones < 1e-6),
    unit="largest relative error",
)
claim("A dW divided by N is found out", verdicts[:, 1], holds=np.all(verdicts[:, 1] > 0.1), unit="relative error")

# %% [markdown]
# **What to notice.** The right gradients agree to nine digits or more, the false one is off by 83 %. Between the two
# is a wide gap, and that is what makes the judge so useful: you never have to think about whether a deviation is
# "small enough". If it is $10^{-3}$, there is a mistake.
#
# You now own a network that can learn. Whether a *deep* one learns is another matter.

# %% [markdown]
# ## 5 · Initial weights
#
# Take one unit of a linear layer with $n$ inputs, $z = \sum_{i=1}^n w_i x_i$. The weights are independent of each
# other and of the inputs, with mean 0. Then $z$ has mean 0 and
#
# $$ \mathrm{Var}(z) = n \,\mathrm{Var}(w)\, \mathrm{E}[x^2] . $$
#
# The next layer does the same, and the next. After $L$ layers the factor $n\,\mathrm{Var}(w)$ stands there $L$ times:
# if it is 0.5, twenty layers leave a millionth of the variance; if it is 2, they blow it up a million times. The only
# value that works at any depth makes the factor 1, counting what the activation does. That gives three rules:
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
# The function gets a random generator, and all its randomness has to come from there. That is a habit of the whole
# course: whoever holds the generator can repeat the experiment.
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

# %% [markdown]
# Now for the network that is deep. Three experiments, three ways in which it does not learn.
#
# ### Experiment E00a: the product of slopes
#
# Eight layers of 64 units on 200 digits, one backward pass at initialization. How much of the gradient is left when
# it has gone back through 1, 2, ..., 8 layers? With sigmoids the slopes alone cost a factor of at least 4 per layer;
# what comes through eight layers is at most $0.25^8 \approx 1.5 \cdot 10^{-5}$, times what the weights do. The
# weights start with variance $1/n$ (`"kaiming"`, $2/n$, for ReLU), and we also try sigmoids with weights 4 and 16
# times larger. Five seeds.

# %% tags=["experiment"]
act, initial, loss_of = use("activation"), use("init_weights"), use("cross_entropy")
forward, backward = use("linear_forward"), use("linear_backward")
LAYERS, WIDTH = 8, 64
CASES = {  # name, kind of weights, factor on them, colour, marker
    "sigmoid": ("sigmoid", "xavier", 1, "blue", "o"),
    "sigmoid, weights times 4": ("sigmoid", "xavier", 4, "sky", "s"),
    "sigmoid, weights times 16": ("sigmoid", "xavier", 16, "purple", "D"),
    "tanh": ("tanh", "xavier", 1, "green", "^"),
    "relu": ("relu", "kaiming", 1, "red", "v"),
}


def way_back(name, kind, factor, seed):
    """Norm of the gradient after 0, 1, ..., 8 layers on its way back, the first as 1, and the mean slope of all units."""
    rng = np.random.default_rng(seed)
    x, labels = digits(200, seed).train
    h, kept = x - x.mean(axis=0), []
    for _ in range(LAYERS):
        W = factor * initial(h.shape[1], WIDTH, kind, rng)
        a, slope = act(name, forward(h, W, None))
        kept.append((h, W, slope))
        h = a
    W = initial(WIDTH, 10, "xavier", rng)
    _, ds = loss_of(forward(h, W, None), labels)
    dh, _, _ = backward(ds, h, W)
    norms = [np.linalg.norm(dh)]
    for h, W, slope in reversed(kept):
        dh, _, _ = backward(dh * slope, h, W)
        norms.append(np.linalg.norm(dh))
    return np.array(norms) / norms[0], np.mean([slope.mean() for _, _, slope in kept])


runs = {case: [way_back(*CASES[case][:3], seed) for seed in range(5)] for case in CASES}
norms = {case: np.array([norm for norm, _ in found]) for case, found in runs.items()}

fig, ax = plt.subplots(figsize=(8, 4.2))
passed = np.arange(LAYERS + 1)
for case, (_, _, _, color, marker) in CASES.items():
    mean_with_spread(ax, passed, norms[case], label=case, color=COLORS[color], marker=marker)
ax.plot(passed, 0.25**passed, ":", color="black", marker="", label="0.25 to the power of layers")
ax.set(yscale="log", xlabel="layers passed on the way back", ylabel="norm of the gradient (start = 1)")
ax.set_title("What is left of the gradient")
ax.legend(fontsize=9)
plt.show()

for case, found in runs.items():
    per_layer = norms[case][:, -1] ** (1 / LAYERS)
    print(
        f"{case:26} factor per layer {per_layer.mean():.3f}   mean slope {np.mean([slope for _, slope in found]):.3f}"
    )
last = norms["sigmoid"][:, -1]
claim("Sigmoids leave less than 0.25^8 of the gradient", last, holds=np.all(last < 0.25**8))
last = np.stack([norms["tanh"][:, -1], norms["relu"][:, -1]])
claim("tanh and ReLU leave at least 0.3", last.min(axis=0), holds=np.all(last > 0.3))

# %% [markdown]
# Figure: norm of the gradient, logarithmic, against the number of layers it has passed. Sigmoid: a straight line down
# to 1e-5, just below the dotted line of $0.25^L$. With weights times 4: slower, to 0.03. With weights times 16:
# slowly upwards, to about 9. tanh and ReLU stay between 0.6 and 1. Bands show one standard deviation over five seeds.
#
# **What to notice.**
#
# - **The bound is nearly reached.** At initialization the sigmoids are *not* saturated: their mean slope is 0.24,
#   almost the best there is. And still a factor of 0.24 per layer leaves one hundred-thousandth for the first layer.
#   This is how deep sigmoid networks fail to train: the lower layers do not move.
# - **Larger weights are no way out.** They make the gradient longer, but they saturate the units: times 16 the mean
#   slope falls to 0.04, and what passes, passes through the few units that happen to be near 0. $0.25^L$ bounds the
#   product of slopes, not the gradient.
# - **tanh and ReLU keep it**, with the right weights. How much hangs on them is the next experiment.

# %% [markdown]
# ### Experiment E00b: twenty layers deep
#
# Random inputs with mean square 1 go through twenty layers of 256 units without bias. What is the size of the
# activations, their root mean square, after each? Four rules, two activations, five seeds. `torch's default` is what
# `nn.Linear` starts with; $\mathcal N(0, 0.01^2)$ was the habit of the years around AlexNet.

# %% tags=["experiment"]
act, initial, forward = use("activation"), use("init_weights"), use("linear_forward")
RULES = {
    "kaiming, 2/n": ("blue", lambda n, rng: initial(n, n, "kaiming", rng)),
    "xavier, 1/n": ("green", lambda n, rng: initial(n, n, "xavier", rng)),
    "torch's default, 1/(3n)": ("orange", lambda n, rng: rng.uniform(-(n**-0.5), n**-0.5, size=(n, n))),
    "N(0, 0.01²)": ("red", lambda n, rng: rng.normal(0, 0.01, size=(n, n))),
}


def sizes(name, draw, seed, n=256):
    """Root mean square of the input and of the activations after layers 1 to 20."""
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(128, n))
    found = [np.sqrt(np.mean(h**2))]
    for _ in range(20):
        h, _ = act(name, forward(h, draw(n, rng), None))
        found.append(np.sqrt(np.mean(h**2)))
    return found


after = {}
fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
for ax, name in zip(axes, ("relu", "tanh"), strict=True):
    for (rule, (color, draw)), marker in zip(RULES.items(), "os^D", strict=True):
        runs = np.array([sizes(name, draw, seed) for seed in range(5)])
        mean_with_spread(ax, range(21), runs, label=rule, color=COLORS[color], marker=marker)
        after[name, rule] = runs[:, -1]
        print(f"{name}  {rule:24} after 20 layers {runs[:, -1].mean():.1e} +- {runs[:, -1].std(ddof=1):.0e}")
    ax.set(yscale="log", xlabel="layer", title=name)
    ax.set_xticks(range(0, 21, 5))
axes[0].set_ylabel("root mean square of the activations")
axes[0].legend(fontsize=9, loc="lower left")
plt.show()

kept = after["relu", "kaiming, 2/n"]
claim("kaiming keeps ReLU activations between a quarter and 4", kept, holds=np.all((kept > 0.25) & (kept < 4)))
lost = after["relu", "xavier, 1/n"] / 0.5**10
claim("xavier leaves about 0.5^10 with ReLU: times", lost, holds=np.all((lost > 0.25) & (lost < 4)))
lost = after["relu", "torch's default, 1/(3n)"]
claim("torch's default leaves less than 1e-6 with ReLU", lost, holds=np.all(lost < 1e-6))

# %% [markdown]
# Figure: size of the activations, logarithmic, against the layer; left ReLU, right tanh. ReLU: kaiming stays near 1,
# the others fall in straight lines, xavier to 1e-3, torch's default to 2e-8, N(0, 0.01²) to 1e-19. tanh: kaiming
# settles at 0.56, xavier falls slowly to 0.16, the other two fall in straight lines to 1e-5 and 1e-16. Bands, hardly
# wider than the lines, show one standard deviation over five seeds.
#
# **What to notice.**
#
# - **A wrong factor is exponential in depth.** With ReLU and $\mathrm{Var}(w) = 1/n$ half of the mean square goes at
#   each layer: $0.5^{20}$, so $0.5^{10} \approx 10^{-3}$ for its root. With $0.01^2$ and $n = 256$ the factor is $256
#   \cdot 10^{-4}/2 = 0.0128$, and after about forty layers float32 cannot hold the signal any more.
# - **tanh forgives.** It cannot exceed 1, so too large weights saturate it instead of exploding. And too small a
#   signal sees the straight part of tanh, where `"xavier"` is exactly right; the slow fall comes from the part that
#   is bent.
# - **A default is not a recommendation.** torch's default loses a factor of 6 per layer in the mean square. It works
#   in practice because most networks are shallow, or contain the normalization layers of notebooks 02 to 04, which
#   set the scale afresh at every layer.
#
# ### Experiment E00c: dead ReLUs
#
# The right scale at the start is not yet a guarantee. If one large step pushes a ReLU unit far below zero, it outputs
# 0 for *every* training example. Its slope is then 0 for all of them, no gradient reaches its weights, and it stays
# where it is: the unit is **dead**. We train a network with two hidden layers of 128 for five epochs of plain
# gradient descent in batches of 64, with ReLU and with the leaky ReLU of slope 0.1, at five learning rates. Five
# seeds.

# %% tags=["experiment"]
RATES = (0.05, 0.2, 0.5, 1.0, 2.0)
KINDS = {"ReLU": nn.ReLU, "leaky ReLU": lambda: nn.LeakyReLU(0.1)}
splits = [digits(997, seed) for seed in range(5)]


def trained(kind, lr, seed):
    """For each epoch which units of the two hidden layers are dead, and in the end the test accuracy."""
    split = splits[seed]
    x = torch.as_tensor(split.train[0])
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 128), kind(), nn.Linear(128, 128), kind(), nn.Linear(128, 10))

    def dead_units(net):
        with torch.no_grad():
            first = net[0](x)
            second = net[2](net[1](first))
        return [~(z > 0).any(dim=0).numpy() for z in (first, second)]

    history = train(net, split.train, 5, batch_size=64, lr=lr, momentum=0, after_epoch=dead_units, seed=seed)
    return np.array(history), evaluate(net, split.test)[1]  # (epochs, layers, units), accuracy


runs = {kind: [[trained(make, lr, seed) for lr in RATES] for seed in range(5)] for kind, make in KINDS.items()}
accuracy = {kind: np.array([[acc for _, acc in row] for row in found]) for kind, found in runs.items()}
dead = np.array([[history for history, _ in row] for row in runs["ReLU"]])  # (seeds, rates, epochs, layers, units)
share = dead[:, :, -1].mean(axis=-1)  # after the last epoch: (seeds, rates, layers)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharex=True)
for layer, color, marker in ((0, "blue", "o"), (1, "red", "s")):
    mean_with_spread(
        left, RATES, 100 * share[..., layer], label=f"hidden layer {layer + 1}", color=COLORS[color], marker=marker
    )
left.set(
    xscale="log", xlabel="learning rate", ylabel="dead units (%)", ylim=(-3, 103), title="ReLU: dead after five epochs"
)
for kind, color, marker in (("ReLU", "black", "o"), ("leaky ReLU", "orange", "s")):
    mean_with_spread(right, RATES, 100 * accuracy[kind], label=kind, color=COLORS[color], marker=marker)
right.set(xlabel="learning rate", ylabel="test accuracy (%)", ylim=(-3, 103), title="What the network has learned")
for ax in (left, right):
    ax.set_xticks(RATES, [str(rate) for rate in RATES])
    ax.minorticks_off()
    ax.legend()
plt.show()

for i, rate in enumerate(RATES):
    print(
        f"lr {rate:<5} dead {share[:, i, 0].mean():4.0%} and {share[:, i, 1].mean():4.0%}   accuracy: "
        + ", ".join(
            f"{kind} {accuracy[kind][:, i].mean():.2f} +- {accuracy[kind][:, i].std(ddof=1):.2f}" for kind in KINDS
        )
    )
more = share[:, 3].mean(axis=-1) - share[:, 2].mean(axis=-1)
claim("Doubling the learning rate from 0.5 to 1 kills a fifth of the units or more", more, holds=more.mean() > 0.2)
better = accuracy["leaky ReLU"][:, 3] - accuracy["ReLU"][:, 3]
claim("At learning rate 1 the leaky ReLU has the higher accuracy", better, holds=better.mean() > 0.1)
best = accuracy["leaky ReLU"][:, 4]
claim("At learning rate 2 the leaky ReLU still learns (accuracy above 0.5)", best, holds=np.all(best > 0.5))
revived = (dead[:, :, :-1] & ~dead[:, :, 1:]).sum(axis=(1, 2, 4))  # (seeds, layers), over rates, epochs and units
claim("A dead unit of hidden layer 1 never comes back", revived[:, 0], holds=np.all(revived[:, 0] == 0), unit="revived")
claim("Dead units of hidden layer 2 sometimes do", revived[:, 1], holds=np.all(revived[:, 1] > 0), unit="revived")

# %% [markdown]
# Figure: left, share of dead units against the learning rate: about 5 % in both hidden layers up to a rate of 0.5,
# then a rise to 53 % and 41 % at 1 and to 73 % and 93 % at 2. Right, test accuracy: both networks climb from 55 % at
# 0.05 to 88 % at 0.5; at 1 ReLU falls to 50 % with a wide band, the leaky ReLU to 81 %; at 2 both are near 10 %,
# which is guessing. Bands show one standard deviation over five seeds.
#
# **What to notice.**
#
# - **Between fine and ruined lies a factor of two.** At rate 0.5 the network is at its best and hardly a unit dies;
#   at 1 half of them do. (The 5 % at small rates are so from the start: their weights happen to be negative where
#   digits have ink.) How bad it gets at rate 1 is a matter of luck: the accuracy ranges from 0.2 to 0.8 over five
#   seeds.
# - **Dead means dead, in the first layer.** Not one unit of hidden layer 1 came back, at no rate, in no seed. The
#   inputs stay the same, the gradient is exactly 0, so nothing can change. In hidden layer 2 units do come back:
#   their inputs move as long as layer 1 learns.
# - **One claim did not reproduce.** A leaky ReLU cannot die, and at rate 1 that helps, on average by 0.3. At rate 2
#   it does not help at all: the loss explodes, and within an epoch or two the weights are nan. The ReLU network fails
#   in silence because its dead units pass no gradient on: they act as a fuse. Neither is a cure for a step that is
#   too large. What is, notebook 03 asks again, with batch normalization.
#
# ## 6 · Two questions in words

# %% [markdown] question="W00a" points=4
# **W00a (4 points).** A layer computes $z = \sum_{i=1}^n w_i x_i$, with weights that are independent of each other
# and of the inputs and have mean 0. (a) Derive the condition under which $\mathrm{E}[z^2]$ of one layer equals that
# of the next, for layers without activation and for layers with ReLU between them. (b) Some texts write $n
# \mathrm{Var}(w) \mathrm{Var}(x)$. Why must it be $\mathrm{E}[x^2]$ after a ReLU? How large are $\mathrm{E}[x^2]$ and
# $\mathrm{Var}(x)$ for $x = \max(0, z)$ with standard normal $z$? (c) Name one thing that can bring a dead ReLU unit
# back to life and one that cannot, with the reason.
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# (a) $\mathrm{E}[z^2] = \sum_{i,j} \mathrm{E}[w_i w_j]\,\mathrm{E}[x_i x_j]$. Weights are independent with mean 0, so
# only $i = j$ stays: $\mathrm{E}[z^2] = n \mathrm{Var}(w)\, \mathrm{E}[x^2]$. Without activation $x$ is the $z$ of
# the layer below, so the condition is $n \mathrm{Var}(w) = 1$. With ReLU, $x = \max(0, z')$; the $z'$ of the layer
# below is symmetric about 0 (its weights are), so half of the sum of squares is thrown away: $\mathrm{E}[x^2] =
# \frac12 \mathrm{E}[z'^2]$, and the condition is $\frac12 n \mathrm{Var}(w) = 1$, that is $\mathrm{Var}(w) = 2/n$.
#
# (b) The mean of $x$ does not drop out: $\mathrm{E}[x_i x_i] = \mathrm{Var}(x) + \mathrm{E}[x]^2$, and after a ReLU
# $\mathrm{E}[x] > 0$. For standard normal $z$: $\mathrm{E}[x^2] = 0.5$, $\mathrm{E}[x] = 1/\sqrt{2\pi} = 0.399$,
# $\mathrm{Var}(x) = 0.5 - 1/(2\pi) = 0.341$. With the variance in its place the factor would come out as $1/0.341 =
# 2.9$ instead of 2, and the signal would grow by 1.47 per layer. The two agree only for inputs of mean 0.
#
# (c) The gradient of its weights and bias is the sum over examples of an upstream gradient times a slope that is 0
# for all of them, so it is exactly 0. *Cannot*: more epochs, a smaller learning rate from now on, a larger one, Adam
# (each scales a zero; leftover momentum coasts on for a few steps at most). *Can*: whatever changes its $z$ in
# another way: the layer below still learns, so its inputs move (not in the first layer); new or augmented data for
# which $z > 0$; weight decay on the weights but not on a positive bias; batch normalization in front of the ReLU; a
# leaky slope; drawing it afresh.
#
# **Rubric.** 1 point for the derivation of $n \mathrm{Var}(w) = 1$ with the reason why cross terms vanish; 1 for the
# factor 2 with symmetry; 1 for (b), half of it for the two numbers; 1 for (c), half a point for each of the two with
# its reason.
# ### END SOLUTION

# %% [markdown] question="W00b" points=3
# **W00b (3 points).** The universal approximation theorem says that a network with a single hidden layer, if it is
# wide enough, comes as close as you like to any continuous function on a bounded closed region. (a) Then why does
# anybody need deep networks? (b) And why not simply take more and more layers? Sort your arguments into three groups:
# what *exists*, what *gradient descent finds*, and what holds on *new data*. Support one of them with an experiment
# of this notebook.
#
# ### BEGIN SOLUTION
# **Model answer.** The theorem is about **existence** alone: some weights exist. It does not say how many units are
# needed (the number can grow exponentially with the number of inputs), nor how to find the weights, nor anything
# about points where the function was not given. Deep networks can express some functions with far fewer units,
# because each layer re-uses what the layer below has built.
#
# **Optimization**: that weights exist does not mean that gradient descent finds them. More layers make that harder: a
# factor per layer becomes exponential (E00a: eight sigmoid layers leave 1e-5 of the gradient; E00b: a wrong scale of
# the weights loses the signal after twenty layers; E00c: dead units). Deeper plain networks can be worse even on the
# *training* data.
#
# **Generalization**: a network that is able to represent anything can also represent the noise in the training
# labels. A small training error is no promise for new data; that takes more data, or regularization, or a structure
# that fits the problem (convolutions).
#
# **Rubric.** 1 point for existence: the theorem gives neither size nor weights; 1 for optimization, supported by an
# experiment of this notebook; 1 for generalization as a matter of its own. No point for "deep networks are more
# powerful" without saying in which respect.
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **`numerical_gradient`** judges every backward pass of the course: batch norm in notebook 02, the other
#   normalizations in 04, dropout in 05, residual blocks in 11.
# - **`softmax` and `cross_entropy`**, with soft targets: geometric means of predictions in notebook 06, smoothed
#   labels, MixUp and CutMix in 10.
# - **`activation`**: notebook 03 asks how much of the sigmoid a normalized input sees.
# - **`linear_forward` and `linear_backward`**: notebook 02 folds batch norm into one, 05 puts dropout between two.
# - **`init_weights`** returns wherever networks are built by hand. Notebook 04 looks at layers for which the size of
#   the weights does not matter any more.
# - Three reasons why deep networks do not learn, **saturation, scale, dead units**, wait for their cures. The first
#   is the oldest and the cheapest, and needs no network at all: notebook 01 starts with the inputs.
#
# **Next**: [01 · Input normalization and whitening](../01_input_normalization/01_input_normalization.ipynb).


# %%
progress()
