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
# # Augmentation II: mixing, policies, labels
#
# Notebook 09 changed pictures and left their labels alone: a shifted 3 is a 3. This notebook takes the next three
# steps, each a little bolder than the one before.
#
# 1. **Change the label.** Say "rather sure" instead of "certain" (label smoothing).
# 2. **Change picture and label together.** Put two training examples into one, and ask for a bit of both answers
#    (MixUp, CutMix).
# 3. **Change the picture beyond recognition, almost.** Cover a part of it (Cutout), send it through random chains of
#    operations (AugMix, RandAugment, TrivialAugment), or mix it with pictures that show nothing at all (PixMix), and
#    still ask for the old answer.
#
# All of these are a few lines of code, and all of them come with a story about why they work. You will build them,
# look at what they make of pictures, and put the stories to the test: with wrong labels in the training set, with
# damaged test pictures, and with probabilities that are held to their word. Some stories pass. One of them, "label
# smoothing cures overconfidence", turns out to describe an overdose.
#
# By the end you will be able to
#
# - convert between the two meanings of $\varepsilon$ in label smoothing, and derive the logits that it asks for;
# - build MixUp, CutMix and Cutout so that pictures and labels agree, at the border of the image too;
# - build AugMix with its consistency loss, PixMix, RandAugment and TrivialAugment, and say what each leaves to
#   chance;
# - measure robustness against damage that was not trained for, and see why the draw must be per image;
# - tell a fair comparison of two networks from an unfair one.
#
# **You need**: notebooks [00](../00_workshop/00_workshop.ipynb) (cross-entropy),
# [06](../06_dropout_ensemble/06_dropout_ensemble.ipynb) (calibration) and
# [09](../09_augmentation_geometry_colour/09_augmentation_geometry_colour.ipynb). **Time**: about 4 hours. **Points**:
# 36 for code in seven exercises, 6 for two questions in words. Exercises marked *extension* can be left out without
# losing the thread.
#
# The rules of notebook 02 hold: arguments are left as they were, bad input is refused with a `ValueError` that names
# the argument, and `hint("cutmix_batch")` helps. Functions that draw get `rng`, a `np.random.Generator`, and return
# what they drew next to the result. How you draw is up to you.

# %%
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import SHAPES, digits, shapes
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()
SEEDS = range(3)


def gallery(rows):
    """Show rows of pictures: each row is a list of pairs (picture of shape (3, H, W), text above it)."""
    width = max(map(len, rows))
    fig, axes = plt.subplots(len(rows), width, figsize=(1.45 * width, 1.75 * len(rows)), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for row, line in zip(rows, axes, strict=True):
        for (picture, text), ax in zip(row, line, strict=False):
            ax.imshow(np.moveaxis(np.asarray(picture), 0, -1).clip(0, 1), interpolation="nearest")
            ax.set_title(text, loc="center", fontsize=9)
    plt.show()


# %% [markdown]
# ## 1 · Soft labels
#
# A label is a statement of certainty: "this is a 3, with probability 1". The cross-entropy takes it at its word. With
# logits $z$ and $p = \mathrm{softmax}(z)$ the loss $-\ln p_y$ falls as long as $z_y$ grows against the other logits;
# it has no minimum at any finite $z$. A network that already gets every training example right can therefore still
# lower its loss: by getting *louder*. Where the label is wrong, it is paid to get loud about a mistake.
#
# **Label smoothing** takes a little of the certainty away and spreads it. There are two ways to say how much, and
# both are called $\varepsilon$. With $K$ classes:
#
# | | class of the label | every other class | $\varepsilon = 0.1$, $K = 3$ |
# | --- | --- | --- | --- |
# | `"torch"` (also Szegedy et al., arXiv:1512.00567) | $1 - \varepsilon + \varepsilon/K$ | $\varepsilon/K$ | $0.933,\ 0.033,\ 0.033$ |
# | `"others"` | $1 - \varepsilon$ | $\varepsilon/(K-1)$ | $0.9,\ 0.05,\ 0.05$ |
#
# The first hands $\varepsilon$ to *all* classes, the right one included, so a part comes back. The second gives it to
# the *others* only. A lecture that goes from $(1, 0, 0)$ to $(0.9, 0.05, 0.05)$ uses the second with 0.1. Type
# `label_smoothing=0.1` into torch, and you train with something else.
#
# ### What it asks for
#
# In the first convention the loss splits into two parts that you know:
#
# $$
# -\sum_c t_c \ln p_c \;=\; (1-\varepsilon)\,\bigl(-\ln p_y\bigr) \;+\; \varepsilon\,\frac1K\sum_c \bigl(-\ln p_c\bigr).
# $$
#
# The second part is the cross-entropy against the uniform distribution, a penalty on confidence. Together they have a
# finite minimum, at $p = t$. There the logit of the label is ahead of all others by
#
# $$
# z_y - z_c = \ln\frac{1 - \varepsilon + \varepsilon/K}{\varepsilon/K} = \ln\Bigl(1 + \frac{K(1-\varepsilon)}{\varepsilon}\Bigr),
# $$
#
# which is $\ln 91 = 4.5$ for ten classes and $\varepsilon = 0.1$. That is all the loudness one can earn. And the loss
# does not go to 0 but to the entropy of the target, here 0.500: do not be alarmed by a training loss that gets stuck
# at one half.
#
# ### By hand
#
# Three classes, $p = (0.7, 0.2, 0.1)$, label 0. Plain: $-\ln 0.7 = 0.357$. `"others"` with 0.1:
# $-0.9\ln 0.7 - 0.05\ln 0.2 - 0.05\ln 0.1 = 0.321 + 0.080 + 0.115 = 0.517$. `"torch"` with 0.1:
# $0.333 + 0.054 + 0.077 = 0.463$. Which $\varepsilon$ in `"torch"` gives the same targets as 0.1 in `"others"`? The
# class of the label loses $\varepsilon$ in one convention and $\varepsilon - \varepsilon/K$ in the other. The rest is
# one line; it is the second half of the exercise, and you will need it in question W10a.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | who receives $\varepsilon$ | `"torch"`: all $K$ classes; `"others"`: the $K-1$ wrong ones | say which, whenever you write down a number; at $K = 1000$ the difference is a thousandth, at $K = 2$ a factor of 2 |
# | $\varepsilon = 1$ | `"torch"`: uniform, the label is gone; `"others"`: the label gets 0, the rest $1/(K-1)$ | allowed, and nonsense as a target |
# | soft labels twice | smooth once: MixUp of smoothed labels is fine, smoothing of smoothed labels is not what you mean | `F.cross_entropy(..., label_smoothing=)` also accepts soft targets and smooths them |
#
# ### Exercise: `smooth_labels` and `convert_eps` (4 points)
#
# Targets in both conventions, and the way from the second to the first.
#
# *Difficulty 1 of 4, about 10 minutes.*


# %% exercise="smooth_labels" points=4
def smooth_labels(y, C, eps, convention="torch"):
    """Turn class numbers into smoothed targets.

        "torch":     the class of y gets  1 - eps + eps / C,   every other class  eps / C
        "others":    the class of y gets  1 - eps,             every other class  eps / (C - 1)

    Args:
        y: (N,) integer array of classes in 0..C-1. It is not changed.
        C: Number of classes, at least 2.
        eps: How much is given away, in [0, 1]; both ends are allowed.
        convention: "torch" or "others".

    Returns:
        (N, C) float array; each row adds up to 1.

    Raises:
        ValueError: C < 2, eps is outside [0, 1], a class in y is outside 0..C-1 (negative ones as well), or convention
            is something else. The message names the argument.
    """
    ### BEGIN SOLUTION
    y = np.asarray(y)
    if C < 2:
        raise ValueError(f"C must be at least 2, got {C}")
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], got {eps}")
    if y.size and not (y.min() >= 0 and y.max() < C):
        raise ValueError(f"y must hold classes in 0..{C - 1}")
    one_hot = np.eye(C)[y]
    if convention == "torch":
        return (1 - eps) * one_hot + eps / C
    if convention == "others":
        return (1 - eps) * one_hot + eps / (C - 1) * (1 - one_hot)
    raise ValueError(f"convention must be torch or others, got {convention!r}")
    ### END SOLUTION


def convert_eps(eps, C):
    """The eps of the convention "torch" that gives the same targets as this eps in the convention "others".

    Args:
        eps: In [0, 1], in the convention "others".
        C: Number of classes, at least 2.

    Returns:
        A float. It is above 1 where eps is near 1: then "torch" would have to take away more than there is.

    Raises:
        ValueError: C < 2 or eps is outside [0, 1]. The message names the argument.
    """
    ### BEGIN SOLUTION
    if C < 2:
        raise ValueError(f"C must be at least 2, got {C}")
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], got {eps}")
    return eps * C / (C - 1)
    ### END SOLUTION


# %% check="smooth_labels"
check("smooth_labels")

# %% tags=["experiment"]
smooth, convert = use("smooth_labels"), use("convert_eps")

p, logits = np.array([0.7, 0.2, 0.1]), torch.tensor([[0.7, 0.2, 0.1]]).log().double()
for convention in ("others", "torch"):
    target = smooth(np.array([0]), 3, 0.1, convention)
    print(f"{convention:6}  targets {target[0].round(3)}  loss {-np.sum(target * np.log(p)):.4f}")
for eps, name in ((0.1, "0.1"), (convert(0.1, 3), "convert_eps(0.1, 3)")):
    loss = F.cross_entropy(logits, torch.tensor([0]), label_smoothing=eps)
    print(f"torch's own loss with label_smoothing={name}: {loss:.4f}")
ten = smooth(np.array([0]), 10, 0.1)
print(f"ten classes: logits {np.log(ten[0, 0] / ten[0, 1]):.2f} apart, smallest loss {-np.sum(ten * np.log(ten)):.3f}")

# %% [markdown]
# ### Experiment E10d: does smoothing cure overconfidence?
#
# "By assigning less probability to the label, the model is kept from overconfidence." Less confident it will be; that
# is what the loss asks for. But the cure has a measure: **calibration** (notebook 06). Of the answers given with
# confidence 0.8, are 80 % right?
#
# The network has two hidden layers of 128 ReLUs, 600 clean digits, 40 epochs in batches of 64. Five amounts of smoothing, three seeds.
# For each we look at accuracy, mean confidence and ECE on the test digits. And then we try an older remedy on top:
# divide all logits by one number $T$, the **temperature**, which is chosen to give the lowest loss on the 300
# validation digits (Guo et al., arXiv:1706.04599). It changes no answer, only how loudly it is given.
#
# What do you expect at $\varepsilon = 0.1$?

# %% tags=["experiment"]
smooth = use("smooth_labels")
split_of = cache(lambda noise, seed: digits(600, seed, label_noise=noise))


def smoothing(eps):
    """A way to change a batch: the images stay, the labels are smoothed."""
    return lambda images, labels, rng: (images, smooth(labels, 10, eps))


@cache
def network(change, noise=0.0, seed=0, activation=nn.ReLU):
    """A network with two hidden layers after 40 epochs with 600 digits; each batch goes through `change` first.

    change(images, labels, rng) gets (n, 1, 8, 8) images and (n,) labels, and returns images and (n, 10) targets.
    """
    torch.manual_seed(seed)
    hidden = nn.Linear(64, 128), activation(), nn.Linear(128, 128), activation()
    net, rng = nn.Sequential(*hidden, nn.Linear(128, 10)), np.random.default_rng(seed)

    def augment(x, y):
        images, targets = change(x.numpy().reshape(-1, 1, 8, 8), y.numpy(), rng)
        return torch.as_tensor(images.reshape(len(x), -1)).float(), torch.as_tensor(targets).float()

    train(net, split_of(noise, seed).train, 40, batch_size=64, augment=augment, seed=seed)
    return net.eval()


# %% tags=["experiment"]
ece = use("calibration_error")
TEMPERATURES = np.geomspace(0.2, 5, 161)


SMOOTHING = {eps: smoothing(eps) for eps in (0.0, 0.02, 0.05, 0.1, 0.2)}


def answers(eps, seed):
    """Logits and labels of validation and test digits, from the network that was trained with smoothing eps."""
    net, split = network(SMOOTHING[eps], seed=seed), split_of(0.0, seed)
    with torch.no_grad():
        return [(net(torch.tensor(x)).double(), torch.tensor(y)) for x, y in (split.val, split.test)]


def measures(logits, y):
    """Accuracy, mean confidence, ECE and loss of the probabilities softmax(logits)."""
    probs = logits.softmax(dim=1)
    confidence, answer = probs.max(dim=1)
    error = ece(probs.numpy(), y.numpy())[0]
    return (answer == y).double().mean().item(), confidence.mean().item(), error, F.cross_entropy(logits, y).item()


def best_temperature(logits, y):
    """The T for which softmax(logits / T) has the smallest loss."""
    return min(TEMPERATURES, key=lambda T: F.cross_entropy(logits / T, y))


before, after, chosen = (np.zeros((len(SMOOTHING), len(SEEDS), 4)) for _ in range(3))
for i, eps in enumerate(SMOOTHING):
    for seed in SEEDS:
        val, (logits, y) = answers(eps, seed)
        T = best_temperature(*val)
        chosen[i, seed] = T
        before[i, seed], after[i, seed] = measures(logits, y), measures(logits / T, y)
print("eps    accuracy  confidence  ECE    loss      T     ECE and loss with T")
for i, eps in enumerate(SMOOTHING):
    row, then = before[i].mean(axis=0), after[i].mean(axis=0)
    print(
        f"{eps:4}   {row[0]:.3f}     {row[1]:.3f}       {row[2]:.3f}  {row[3]:.3f}     "
        f"{chosen[i].mean():.2f}  {then[2]:.3f}  {then[3]:.3f}"
    )

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8))
mean_with_spread(left, list(SMOOTHING), before[..., 0].T, label="accuracy", color=COLORS["green"], marker="^")
mean_with_spread(left, list(SMOOTHING), before[..., 1].T, label="mean confidence", color=COLORS["blue"], marker="o")
left.set(xlabel="smoothing eps", ylabel="share of test digits", ylim=(0.7, 1.0))
left.set_title("Confidence falls past the accuracy")
left.legend(loc="lower left")
middle.plot([0, 1], [0, 1], ":", color="0.5", marker="")
for eps, color, marker in ((0.0, "red", "s"), (0.1, "blue", "o")):
    logits = torch.cat([answers(eps, seed)[1][0] for seed in SEEDS])
    y = torch.cat([answers(eps, seed)[1][1] for seed in SEEDS])
    table = ece(logits.softmax(dim=1).numpy(), y.numpy())[1]
    enough = table["count"] >= 10
    middle.plot(table["conf"][enough], table["acc"][enough], color=COLORS[color], marker=marker, label=f"eps {eps:g}")
middle.set(xlabel="confidence", ylabel="share that is right", xlim=(0.2, 1.02), ylim=(0.2, 1.02))
middle.set_title("From one side to the other")
middle.legend(loc="lower right")
mean_with_spread(right, list(SMOOTHING), before[..., 2].T, label="as trained", color=COLORS["blue"], marker="o")
mean_with_spread(
    right, list(SMOOTHING), after[..., 2].T, label="with a temperature", color=COLORS["orange"], marker="v"
)
right.set(xlabel="smoothing eps", ylabel="ECE", ylim=(0, None))
right.set_title("Calibration is a matter of amount")
right.legend(loc="upper left")
plt.show()

plain, smoothed = before[0], before[3]
over = plain[:, 1] - plain[:, 0]
claim("Without smoothing: confidence above accuracy, by", over, holds=np.all(over > 0))
under = smoothed[:, 1] - smoothed[:, 0]
claim("Smoothing of 0.1: confidence below accuracy, by", under, holds=np.all(under < 0))
worse = smoothed[:, 2] - plain[:, 2]
claim("Smoothing of 0.1 raises the ECE, by", worse, holds=np.all(worse > 0))
better = smoothed[:, 0] - plain[:, 0]
claim("Smoothing of 0.1 raises the accuracy, by", better, holds=np.all(better > 0))
little = before[1:3, :, 2].min(axis=0) - plain[:, 2]
claim("Less smoothing, 0.02 or 0.05, lowers the ECE, by", little, holds=np.all(little < 0))
mended = after[3, :, 2] / smoothed[:, 2]
claim("One temperature halves the ECE of the smoothed network: ratio", mended, holds=np.all(mended < 0.5))

# %% [markdown]
# Figure: left, accuracy and mean confidence against $\varepsilon$, bands of one standard deviation over three seeds.
# The accuracy rises from 0.955 to 0.97 and stays there; the confidence starts above it (0.98), has fallen below at
# $\varepsilon = 0.02$ and reaches 0.75 at 0.2. Middle, reliability of $\varepsilon = 0$ and $0.1$, three seeds
# together, bins with at least ten answers: the first lies below the diagonal (too sure), the second above it (too
# modest). Right, ECE against $\varepsilon$: as trained it rises from 0.03 to 0.22, with a temperature it stays at
# about 0.02.
#
# **What to notice.**
#
# - Without smoothing the network is too sure: confidence 0.98 at accuracy 0.955. With 0.1 it is too modest: 0.85 at
#   0.97. The ECE goes **up**, from 0.03 to 0.12, in every seed. *Less confident* and *better calibrated* are two
#   things; which side of the diagonal you come from decides.
# - We had expected that a smaller dose, 0.02 or 0.05, would hit the diagonal. It does not in every seed: at 0.02 the
#   network is already on the other side (0.93 against 0.96). On 600 digits a plain network is hardly overconfident,
#   and there is little to cure. In larger networks on harder data there is more.
# - Half of the claim is true and more interesting than the other half: smoothing makes the network **better**, 0.02
#   in accuracy. After the temperature its loss is 0.09 where the plain network's, also with its temperature, is
#   0.14. What looked like miscalibration was only a scale, and one number mends it. The plain network needs
#   $T = 1.7$, it must lower its voice; the smoothed one $T = 0.4$, it must raise it.
# - So: smooth for accuracy if it helps on validation data; for probabilities, fit a temperature. Do not expect the
#   first to do the work of the second.

# %% [markdown]
# ## 2 · MixUp
#
# Training data are points. Between them, the network may do what it likes. **MixUp** (Zhang et al., arXiv:1710.09412)
# puts training examples there: on the straight line between two of them, with the labels on the straight line too.
#
# $$
# \tilde x = \lambda x_i + (1-\lambda)\, x_j, \qquad \tilde y = \lambda y_i + (1-\lambda)\, y_j, \qquad \lambda \sim \mathrm{Beta}(\alpha, \alpha).
# $$
#
# You can read that MixUp "interpolates the pixels by a convex combination of the labels". Take it apart: **both** are
# interpolated, pixels with pixels and labels with labels, with **the same** $\lambda$ and **the same** partner $j$.
# Each of the four places can be got wrong, and the network trains on, a little worse than it should.
#
# The labels have to be vectors for that: 0.7 of class 3 and 0.3 of class 8 is a target, "class 4.5" is not. Since the
# cross-entropy is linear in the target, nothing new is needed in the loss:
#
# $$
# \mathrm{CE}(\lambda y_i + (1-\lambda) y_j,\ p) = \lambda\,\mathrm{CE}(y_i, p) + (1-\lambda)\,\mathrm{CE}(y_j, p).
# $$
#
# The parameter $\alpha$ says how boldly. At $\alpha = 1$ all $\lambda$ are equally likely; as $\alpha \to 0$ nearly
# every $\lambda$ is close to 0 or 1, and nothing is mixed. The mean is always $\frac12$, the variance
# $1/(4(2\alpha+1))$: 0.083 for 1, 0.179 for 0.2.
#
# ### By hand
#
# $x_1 = (0, 4)$ with label $(1, 0)$, $x_2 = (8, 0)$ with label $(0, 1)$, $\lambda = 0.75$ and the partners swapped,
# `perm = [1, 0]`. The first row becomes $0.75\,(0, 4) + 0.25\,(8, 0) = (2, 3)$ with label $(0.75, 0.25)$, the second
# $0.75\,(8, 0) + 0.25\,(0, 4) = (6, 1)$ with label $(0.25, 0.75)$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | $\lambda$ | one per batch, as in the paper's code | one per example: more variety, the same law |
# | partner | a permutation of the batch: everybody is a partner exactly once | a second batch |
# | $\max(\lambda, 1-\lambda)$ | not taken: $\lambda$ may be small, then the partner dominates | some codes do, so that the example outweighs its partner; it is another law, with mean 0.75 at $\alpha = 1$ |
# | $\alpha = 0$ | $\lambda = 1$, nothing is mixed | an error in NumPy's `beta` |
#
# ### Exercise: `mixup` and `sample_mixup` (5 points)
#
# The arithmetic is one function, chance is another. That is how the check can compare the first exactly, and ask the
# second for its law.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="mixup_batch" points=5
def mixup(x, y, lam, perm):
    """Mix every example of a batch with its partner, inputs and labels alike.

        xm[n] = lam * x[n] + (1 - lam) * x[perm[n]],     ym[n] = lam * y[n] + (1 - lam) * y[perm[n]]

    Args:
        x: (N, ...) inputs: rows of features, images, anything whose first axis is the examples. Integers (uint8 images
            as well) give a floating-point xm. It is not changed.
        y: (N, C) one-hot or soft labels. It is not changed.
        lam: The share of the example itself, in [0, 1], one number for the batch.
        perm: (N,) integer array; perm[n] is the partner of example n.

    Returns:
        xm of the shape of x and ym of the shape of y.

    Raises:
        ValueError: lam is outside [0, 1], or y is 1-D. The message names the argument.
    """
    ### BEGIN SOLUTION
    if not 0 <= lam <= 1:
        raise ValueError(f"lam must be in [0, 1], got {lam}")
    if np.ndim(y) == 1:
        raise ValueError("y must be one-hot or soft labels of shape (N, C), got class numbers (1-D)")
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]
    ### END SOLUTION


def sample_mixup(N, alpha, rng):
    """Draw what mixup needs for a batch: lam ~ Beta(alpha, alpha) and a uniformly random permutation.

    Args:
        N: Number of examples.
        alpha: Parameter of the Beta law, at least 0. With 0 nothing is mixed: lam = 1.
        rng: A np.random.Generator, the only source of randomness.

    Returns:
        lam, a float in [0, 1], and perm, an (N,) integer array that holds each of 0..N-1 once.

    Raises:
        ValueError: alpha < 0. The message names alpha.
    """
    ### BEGIN SOLUTION
    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha}")
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    return lam, rng.permutation(N)
    ### END SOLUTION


# %% check="mixup_batch"
check("mixup_batch")

# %% [markdown]
# ## 3 · CutMix
#
# A mixture of two photographs is a double exposure: nothing in the world looks like it. **CutMix** (Yun et al.,
# arXiv:1905.04899) cuts a box out of the partner and pastes it at the same place. Every pixel is a real one, with
# real neighbours; only along four edges something is off. The label is shared **by area**.
#
# 1. Draw $\lambda \sim \mathrm{Beta}(\alpha,\alpha)$, and a centre $(c_y, c_x)$ uniformly from all pixels.
# 2. The box has sides $H\sqrt{1-\lambda}$ and $W\sqrt{1-\lambda}$, so that its area is $(1-\lambda) HW$. (Sides
#    $H(1-\lambda)$ and $W(1-\lambda)$ would give $(1-\lambda)^2 HW$.)
# 3. The centre may be near the border. Then a part of the box lies outside and is **cut off**.
# 4. So the area is not what was ordered. The label follows what was **delivered**:
#    $\lambda_\text{adj} = 1 - \text{area of the box} / (HW)$.
#
# ### By hand
#
# An image of $4 \times 6$, $\lambda = 0.5$, centre in row 0, column 1. The sides are $4\sqrt{0.5} = 2.8$ and
# $6\sqrt{0.5} = 4.2$; say 3 and 4. Rows $-1, 0, 1$ and columns $-1, 0, 1, 2$; inside are rows 0 and 1 and columns 0
# to 2, six pixels of 24: $\lambda_\text{adj} = 0.75$. The partner gets a quarter of the label, where one half was
# drawn. In NumPy, note, a start of $-1$ is not an error. It means the last row.
#
# ### How much is lost?
#
# Think of a square of side 1 and a box of side $s = \sqrt{1-\lambda}$. Along one axis the centre is uniform in
# $[0, 1]$, and at each end a part of the box is cut off if the centre is closer to it than $s/2$: on average
# $\int_0^{s/2} (s/2 - c)\,dc = s^2/8$. Two ends leave $s - s^2/4$ of the side. The two axes are independent, so for
# $\alpha = 1$, where $u = 1 - \lambda = s^2$ is uniform,
#
# $$
# \mathbb E[\text{area}] = \int_0^1 \Bigl(\sqrt u - \frac u4\Bigr)^2 du
# = \int_0^1 u - \frac{u^{3/2}}{2} + \frac{u^2}{16}\, du = \frac12 - \frac15 + \frac1{48} = 0.321,
# $$
#
# and $\mathbb E[\lambda_\text{adj}] = \mathbf{0.679}$, not 0.5. Whoever hands out labels with $\lambda$ promises the
# partner half of the label for a third of the picture.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | label weight | from the area **after** clipping | some texts use the $\lambda$ that was drawn |
# | rounding | each edge may be up to 2 pixels off before clipping | the published code truncates side and half side, so that its boxes have even sides and are smaller still |
# | centre | uniform over all pixels; the box is clipped | keep the box inside: then the middle of the image is replaced more often still, and the area is exact |
# | the box | one per batch, at the same place in image and partner | |
# | `lam` that is returned | `sample_cutmix`: as drawn; `cutmix`: `lam_adj` | |
#
# ### Exercise: `cutmix_box`, `cutmix` and `sample_cutmix` (6 points)
#
# Mind the border, the order of the axes, and the batch: when you paste into `x` itself, the second image may receive
# a box from a first one that has already been changed.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="cutmix_batch" points=6
def cutmix_box(H, W, lam, cy, cx):
    """The box that CutMix replaces: a share 1 - lam of the area, as far as it lies inside the image.

    Its sides are about H * sqrt(1 - lam) and W * sqrt(1 - lam), its centre is the pixel in row cy and column cx, and
    what lies outside of the image is cut off. You may round as you like: each edge may be up to (not including) 2 pixels
    from where it would be exactly, and so may each side. An edge that would be 2 pixels outside of the image or more is
    at the border exactly. With lam = 1 the box is empty.

    Args:
        H: Height of the image.
        W: Width of the image.
        lam: Share of the area that stays, in [0, 1].
        cy: Row of the centre, in 0..H-1.
        cx: Column of the centre, in 0..W-1.

    Returns:
        (y0, y1, x0, x1), a tuple or an array of four integers: rows y0 to y1 - 1 and columns x0 to x1 - 1, so
        0 <= y0 <= y1 <= H and 0 <= x0 <= x1 <= W.

    Raises:
        ValueError: lam is outside [0, 1]. The message names lam.
    """
    ### BEGIN SOLUTION
    if not 0 <= lam <= 1:
        raise ValueError(f"lam must be in [0, 1], got {lam}")
    h, w = int(round(H * np.sqrt(1 - lam))), int(round(W * np.sqrt(1 - lam)))
    top, left = cy - h // 2, cx - w // 2
    return max(top, 0), min(top + h, H), max(left, 0), min(left + w, W)
    ### END SOLUTION


def cutmix(x, y, perm, box):
    """Paste a box of the partner into every image, at the same place, and mix the labels by area.

        lam_adj = 1 - area of the box / (H * W)
        xm[n]   = x[perm[n]] inside of the box, x[n] elsewhere
        ym[n]   = lam_adj * y[n] + (1 - lam_adj) * y[perm[n]]

    Args:
        x: (N, C, H, W) images. It is not changed.
        y: (N, K) one-hot or soft labels. It is not changed.
        perm: (N,) integer array; perm[n] is the partner of image n.
        box: (y0, y1, x0, x1) as cutmix_box returns it, inside of the image.

    Returns:
        xm of the shape of x, ym of the shape of y, and lam_adj, a float.

    Raises:
        ValueError: the batch is empty (N = 0). The message names x.
    """
    ### BEGIN SOLUTION
    if not len(x):
        raise ValueError("x must hold at least one image")
    y0, y1, x0, x1 = box
    xm, y = np.array(x), np.asarray(y, dtype=float)
    xm[:, :, y0:y1, x0:x1] = np.asarray(x)[perm][:, :, y0:y1, x0:x1]
    lam_adj = 1 - (y1 - y0) * (x1 - x0) / (xm.shape[2] * xm.shape[3])
    return xm, lam_adj * y + (1 - lam_adj) * y[perm], float(lam_adj)
    ### END SOLUTION


def sample_cutmix(H, W, alpha, rng):
    """Draw lam ~ Beta(alpha, alpha), a centre uniformly from all H * W pixels, and so a box.

    Args:
        H: Height of the images.
        W: Width of the images.
        alpha: Parameter of the Beta law, at least 0. With 0 nothing is pasted: lam = 1.
        rng: A np.random.Generator, the only source of randomness.

    Returns:
        lam, a float: what was drawn, not what is left after clipping; and the box (y0, y1, x0, x1), what cutmix_box
        makes of lam and the centre.

    Raises:
        ValueError: alpha < 0. The message names alpha.
    """
    ### BEGIN SOLUTION
    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha}")
    lam = float(rng.beta(alpha, alpha)) if alpha > 0 else 1.0
    return lam, cutmix_box(H, W, lam, int(rng.integers(H)), int(rng.integers(W)))
    ### END SOLUTION


# %% check="cutmix_batch"
check("cutmix_batch")

# %% [markdown]
# ### What CutMix does to the middle and to the border
#
# A small experiment with your sampler: images of $16 \times 16$ and $32 \times 32$, $\alpha = 1$, 2000 boxes for each
# of three seeds. How often is each pixel replaced? What is $\lambda_\text{adj}$, compared with the calculation? The
# last line of the print does the same with the published code's rounding.

# %% tags=["experiment"]
draw_cut, box_of = use("sample_cutmix"), use("cutmix_box")
print("by hand: box", [int(edge) for edge in box_of(4, 6, 0.5, 0, 1)], "(yours may round differently)")


def boxes(size, seed, draws=2000):
    """Drawn lam, lam_adj, and how often each pixel lay in the box."""
    rng, replaced, lams = np.random.default_rng(seed), np.zeros((size, size)), np.zeros((2, draws))
    for i in range(draws):
        lam, (y0, y1, x0, x1) = draw_cut(size, size, 1.0, rng)
        replaced[y0:y1, x0:x1] += 1 / draws
        lams[:, i] = lam, 1 - (y1 - y0) * (x1 - x0) / size**2
    return *lams, replaced


def published(n, seed, draws=200_000):
    """Mean lam_adj with the published code's rounding: r pixels to each side, of which r * r / n are cut off on average."""
    r = np.floor(n * np.sqrt(1 - np.random.default_rng(seed).random(draws))) // 2
    return 1 - np.mean((2 * r - r**2 / n) ** 2) / n**2


small, large = ([boxes(size, seed) for seed in SEEDS] for size in (16, 32))
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), width_ratios=(1, 1.5))
shown = left.imshow(np.mean([run[2] for run in small], axis=0), cmap="cividis", vmin=0, vmax=0.5)
fig.colorbar(shown, ax=left, label="share of batches that replace it")
left.set(title="The middle is replaced most often", xlabel="column", ylabel="row", xticks=(0, 15), yticks=(0, 15))
left.grid(False)
drawn, left_over = (np.concatenate([run[i] for run in large]) for i in (0, 1))
for values, color, name in ((drawn, "orange", "lam, as drawn"), (left_over, "blue", "lam_adj, after clipping")):
    right.hist(
        values, np.linspace(0, 1, 21), density=True, histtype="step", linewidth=2, color=COLORS[color], label=name
    )
    right.axvline(values.mean(), color=COLORS[color], linestyle=":")
right.set(xlabel="weight of the image's own label", ylabel="density", title="Clipping gives the label back")
right.legend(loc="upper left")
plt.show()
for size, runs in ((16, small), (32, large)):
    means = np.array([run[1].mean() for run in runs])
    claim(f"{size} x {size}: mean of lam_adj is 0.679 within 0.02", means, holds=np.all(abs(means - 0.679) < 0.02))
middle = np.array([run[2][7:9, 7:9].mean() / run[2][[0, 0, -1, -1], [0, -1, 0, -1]].mean() for run in small])
claim("Pixels in the middle are replaced more often than in the corners: ratio", middle, holds=np.all(middle > 2))
y0, y1, x0, x1 = box_of(224, 224, 0.0, 0, 0)
print(f"lam = 0, centre in the corner of 224 x 224: lam_adj = {1 - (y1 - y0) * (x1 - x0) / 224**2:.2f}")
print("the published code's rounding at 32 x 32:", np.round([published(32, seed) for seed in SEEDS], 3))

# %% [markdown]
# Figure: left, a map of $16 \times 16$ pixels, light in the middle and dark in the corners: a pixel in the middle is
# replaced in about half of all batches, one in a corner in about 0.15 of them. Right, histograms of the drawn
# $\lambda$, which is flat, and of $\lambda_\text{adj}$, most of which lies above one half; dotted lines mark the
# means.
#
# **What to notice.** The mean weight is 0.68 as calculated; with the published rounding it is 0.70, since truncated
# boxes are smaller. A box that was to cover everything ($\lambda = 0$) with its centre in a corner covers a quarter:
# there $\lambda_\text{adj} - \lambda$ is $\frac34$, and a label by $\lambda$ would name the partner alone, with three
# quarters of the image still in view. And CutMix is no even treatment of the picture. The middle, where the object
# usually is, is replaced more than three times as often as a corner.

# %% [markdown]
# ## 4 · Cutout
#
# **Cutout** (DeVries and Taylor, arXiv:1708.04552) only covers: a square of fixed side at a random place becomes a
# constant. The label stays. It is dropout for the input, with a unit of a sensible size: a single pixel can be
# guessed from its neighbours (notebook 05, E05f), a square cannot. CutMix fills the hole with something, and says so
# in the label.
#
# ### By hand
#
# Size 3, centre in row 0, column 4 of a $5 \times 5$ image: rows $-1, 0, 1$ and columns $3, 4, 5$; inside are rows 0,
# 1 and columns 3, 4. Four pixels instead of nine. With an even size the square is not symmetric about its centre:
# size 4 at row 5 covers rows 3, 4, 5, 6.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | square at the border | clipped, so it is smaller | kept inside by moving the centre: then the corners are covered less often |
# | `size` | side of the square | half the side in some codes |
# | fill | 0 | 0 is the *mean* only if the images were normalized; on raw images it is black, a colour that occurs |
# | label | unchanged | |
# | draws | one per image | one per batch is cheaper |
#
# ### Exercise: `cutout` and `random_cutout` (4 points)
#
# The shortest exercise of the notebook, with the same trap at the border as the one before.
#
# *Difficulty 2 of 4, about 10 minutes.*


# %% exercise="cutout" points=4
def cutout(img, size, cy, cx, fill=0.0):
    """Cover a square of an image: size rows from cy - size // 2 on, size columns from cx - size // 2 on, all channels.

    What lies outside of the image is cut off, so that a square at the border covers less.

    Args:
        img: (C, H, W) image; integers give a floating-point result, so that any fill fits. It is not changed.
        size: Side of the square in pixels, at least 1; it may be larger than the image.
        cy: Row of the centre, in 0..H-1.
        cx: Column of the centre, in 0..W-1.
        fill: The value inside of the square.

    Returns:
        (C, H, W) image.

    Raises:
        ValueError: size < 1, or the centre lies outside of the image. The message names the argument.
    """
    ### BEGIN SOLUTION
    out = np.array(img, dtype=float)
    _, H, W = out.shape
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    if not 0 <= cy < H:
        raise ValueError(f"cy must be in 0..{H - 1}, got {cy}")
    if not 0 <= cx < W:
        raise ValueError(f"cx must be in 0..{W - 1}, got {cx}")
    top, left = cy - size // 2, cx - size // 2
    out[:, max(top, 0) : top + size, max(left, 0) : left + size] = fill
    return out
    ### END SOLUTION


def random_cutout(img, size, rng):
    """cutout with fill 0, at a centre that is drawn uniformly from all H * W pixels.

    Args:
        img: (C, H, W) image. It is not changed.
        size: Side of the square in pixels, at least 1.
        rng: A np.random.Generator, the only source of randomness.

    Returns:
        The (C, H, W) image and the centre (cy, cx), two integers.

    Raises:
        ValueError: size < 1. The message names size.
    """
    ### BEGIN SOLUTION
    _, H, W = np.shape(img)
    cy, cx = int(rng.integers(H)), int(rng.integers(W))
    return cutout(img, size, cy, cx), (cy, cx)
    ### END SOLUTION


# %% check="cutout"
check("cutout")

# %% [markdown]
# ### Look at it
#
# Two shapes, and what your three functions make of them.

# %% tags=["experiment"]
mix, cut, cover = use("mixup"), use("cutmix"), use("cutout")

images, labels = shapes(60, 4)
pair = [int(np.flatnonzero(labels == SHAPES.index(name))[0]) for name in ("cross", "ring")]
x, y, swapped = images[pair], np.eye(6)[labels[pair]], np.array([1, 0])


def in_words(target):
    """A target as text, such as 0.7 cross + 0.3 ring."""
    return "\n".join(f"{share:.2f} {name}" for share, name in zip(target, SHAPES, strict=True) if share > 0)


rows = [[(x[0], "cross\n"), (x[1], "ring\n")], [], []]
for lam in (0.9, 0.7, 0.5, 0.3):
    xm, ym = mix(x, y, lam, swapped)
    rows[0].append((xm[0], in_words(ym[0])))
for lam, cy, cx in ((0.9, 8, 8), (0.6, 8, 8), (0.6, 15, 15), (0.6, 0, 8), (0.3, 5, 12), (0.1, 8, 8)):
    xm, ym, _ = cut(x, y, swapped, box_of(16, 16, lam, cy, cx))
    rows[1].append((xm[0], in_words(ym[0])))
for size, cy, cx in ((4, 8, 8), (6, 8, 8), (6, 0, 8), (6, 15, 15), (8, 5, 12), (12, 8, 8)):
    rows[2].append((cover(x[0], size, cy, cx), f"Cutout {size}\ncross"))
gallery(rows)

# %% [markdown]
# Figure: three rows of small pictures. First a cross, a ring, and four mixtures in which one shines through the
# other, with labels from 0.9 cross to 0.3 cross. Then CutMix: a box of the ring's picture in the cross's, in the
# middle, in a corner, at the edge; a box that is cut off takes less of the label. Then Cutout with black squares of
# growing side; the label stays, also in the last picture, where nothing of the cross is left.
#
# **What to notice.** A mixture shows as much of each shape as its label says. A box does not: the third picture of
# the second row is called about 15 % ring, and there is no ring in it, only background. The area is a fair price *on
# average*; in a single picture it can name what nobody can see. And Cutout says "cross" to a black square.
#
# ### Experiment E10a: what is mixing worth?
#
# The network of E10d, 600 digits, 40 epochs, six ways to treat a batch: plain, label smoothing 0.1, MixUp with
# $\alpha$ 0.2 and 1, CutMix with $\alpha = 1$, and Cutout of $3\times3$ pixels. Twice: with clean labels, and with
# 20 % of the training labels replaced by random ones (so that about 18 % are wrong). Test digits are clean.
# Everything else is equal: epochs, learning rate, starting weights, order of the batches; and MixUp, CutMix and
# Cutout draw once for each batch.
#
# With noisy labels there is a second thing to look at. After training, we ask the network about its *training*
# digits. Of the labels that are **wrong**, how many does it give back? That is learning by heart; nothing else
# produces a wrong label. And of the right ones?

# %% tags=["experiment"]
draw_mix, cover_somewhere = use("sample_mixup"), use("random_cutout")  # mix, cut and draw_cut are there already


def mixed(alpha):
    def change(images, labels, rng):
        lam, perm = draw_mix(len(images), alpha, rng)
        return mix(images, np.eye(10)[labels], lam, perm)

    return change


def cut_and_mixed(images, labels, rng):
    _, box = draw_cut(8, 8, 1.0, rng)
    return cut(images, np.eye(10)[labels], rng.permutation(len(images)), box)[:2]


def cut_out(images, labels, rng):
    covered, _ = cover_somewhere(images[:, 0], 3, rng)  # the batch as one image with many channels: the same square
    return covered[:, None], np.eye(10)[labels]


METHODS = {
    "plain": SMOOTHING[0.0],
    "smoothing 0.1": SMOOTHING[0.1],
    "MixUp 0.2": mixed(0.2),
    "MixUp 1": mixed(1.0),
    "CutMix 1": cut_and_mixed,
    "Cutout 3": cut_out,
}


def trained(method, noise, seed, activation=nn.ReLU):
    """Test accuracy; then the share of the wrong training labels that was learned, and of the right ones."""
    net, split = network(METHODS[method], noise, seed, activation), split_of(noise, seed)
    x, y = split.train
    with torch.no_grad():
        learned = net(torch.tensor(x)).argmax(dim=1).numpy() == y
    wrong = y != split_of(0.0, seed).train[1]
    return evaluate(net, split.test)[1], learned[wrong].mean() if noise else np.nan, learned[~wrong].mean()


found = {
    noise: {name: np.array([trained(name, noise, seed) for seed in SEEDS]) for name in METHODS} for noise in (0.0, 0.2)
}
print("                test accuracy        learned of 600 labels, 20 % noise")
print("                clean   20 % noise   wrong ones   right ones")
for name in METHODS:
    clean, noisy = found[0.0][name].mean(axis=0), found[0.2][name].mean(axis=0)
    print(f"{name:15} {clean[0]:.3f}   {noisy[0]:.3f}        {noisy[1]:.3f}        {noisy[2]:.3f}")

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
at = np.arange(len(METHODS))
for shift, noise, color, marker, label in (
    (-0.12, 0.0, "green", "^", "clean labels"),
    (0.12, 0.2, "red", "s", "20 % noise"),
):
    runs = np.array([found[noise][name][:, 0] for name in METHODS])
    left.errorbar(
        runs.mean(axis=1),
        at + shift,
        xerr=runs.std(axis=1, ddof=1),
        fmt=marker,
        color=COLORS[color],
        capsize=3,
        label=label,
    )
    left.plot(runs, np.repeat(at[:, None] + shift, 3, axis=1), ".", color=COLORS[color], alpha=0.5, markersize=4)
left.set(xlabel="test accuracy (clean digits)", yticks=at, yticklabels=METHODS, xlim=(0.75, 1.0))
left.set_title("Wrong labels show what mixing is worth")
left.invert_yaxis()
left.legend(loc="lower left")
for column, color, marker, label in ((1, "red", "s", "wrong labels"), (2, "green", "^", "right labels")):
    runs = np.array([found[0.2][name][:, column] for name in METHODS])
    right.errorbar(
        runs.mean(axis=1), at, xerr=runs.std(axis=1, ddof=1), fmt=marker, color=COLORS[color], capsize=3, label=label
    )
right.set(xlabel="share of the training labels that was learned", xlim=(0, 1.05))
right.set_title("It keeps the network from learning them by heart")
right.legend(loc="lower center")
plt.show()


def gain(name, noise):
    return found[noise][name][:, 0] - found[noise]["plain"][:, 0]


for name in list(METHODS)[1:]:
    claim(f"20 % noise: {name} gains accuracy", gain(name, 0.2), holds=np.all(gain(name, 0.2) > 0))
order = gain("CutMix 1", 0.2) - np.max([gain(name, 0.2) for name in METHODS if name != "CutMix 1"], axis=0)
claim("20 % noise: CutMix is ahead of all others, by", order, holds=np.all(order > 0))
most = np.max([abs(gain(name, 0.0).mean()) for name in METHODS])
claim("Clean labels: largest mean change of accuracy below 0.03", most, holds=most < 0.03)
cost = gain("Cutout 3", 0.0)
claim("Clean labels: Cutout costs accuracy, change", cost, holds=np.all(cost < 0))
fitted = found[0.2]["plain"][:, 1], found[0.2]["CutMix 1"][:, 1]
claim("Plain training learns the wrong labels: share", fitted[0], holds=np.all(fitted[0] > 0.9))
claim("CutMix leaves most of them: share learned", fitted[1], holds=np.all(fitted[1] < 0.5))

# %% [markdown]
# Figure: left, test accuracy of the six treatments, points with one standard deviation over three seeds. With clean
# labels five of them lie between 0.95 and 0.97, Cutout at 0.94. With noise: plain 0.85, smoothing 0.90, MixUp 0.90 and
# 0.93, CutMix 0.94, Cutout 0.91. Right, with noise, the share of training labels that was learned. Right labels: 0.96
# or more everywhere. Wrong labels: 0.55, 0.50, 0.30, 0.12, 0.05, 0.07.
#
# **What to notice.**
#
# - **Clean labels hide the effect.** There most of the methods differ by 0.02, and smoothing, which does nothing to
#   the pictures, is first. Cutout loses 0.01, as we had expected (a $3 \times 3$ hole in $8 \times 8$ pixels can
#   take the stroke that makes an 8 of a 3), but not in every seed.
# - **Wrong labels show it.** All five gain in every seed, 0.05 to 0.09 in the mean. CutMix is ahead of the others in the
#   mean, by less than its spread. Three seeds do not tell it from MixUp with $\alpha = 1$.
# - **The right picture says why.** Nobody memorizes what is never shown twice. A mixture of two digits has the wrong
#   label in one of its two parts; next time the digit comes with another partner, another $\lambda$, another box.
#   Right labels agree with each other over all these mixtures, wrong ones do not. The plain network has learned more
#   than half of the wrong labels by heart, CutMix one in twenty, and of the *right* labels equally many.
# - We had expected the plain network to learn more than 90 % of the wrong labels. After 40 epochs it is at 55 % and
#   still learning. If you double the epochs, which of the two columns will move, and what will the accuracy do? (Try
#   it: this is early stopping from another side.)
# - MixUp, CutMix and Cutout depend on what your functions draw, so your numbers for them may differ from these by as
#   much as a seed's from another's; the picture stays the same. (Even without chance the share of wrong labels learned
#   moves by a few hundredths from one kind of processor to another: when a single exception is learned, the rounding
#   decides.)
# - All three draw once for each batch here, so that they are compared as equals. As published, Cutout draws for each
#   image, MixUp and CutMix for each batch; a comparison that does not say so may be about the draws. Section 6 shows
#   what they are worth.

# %% [markdown]
# ## 5 · AugMix and its consistency loss
#
# Augmentation as in notebook 09 teaches a network to live with the changes that we thought of. The world brings
# others: noise, fog, a dirty lens, a lower resolution. Networks that are excellent on clean test images fall apart on
# them. Can one become robust against damage that was never trained for?
#
# **AugMix** (Hendrycks et al., arXiv:1912.02781) tries variety. Chains of random operations make a great many
# different pictures, but long chains drift away from what is still recognizable. So it does not take the end of a
# chain; it *mixes*:
#
# $$
# x_\text{aug} = m\,x + (1-m)\sum_{i=1}^{k} w_i\, \text{chain}_i(x), \qquad w \sim \mathrm{Dirichlet}(1, \ldots, 1), \quad m \sim \mathrm{Beta}(1, 1).
# $$
#
# Each of the $k = 3$ chains starts from $x$ itself and applies one, two or three operations. The Dirichlet weights
# are uniform among all weights that add up to 1; for $k = 2$ that is a uniform split.
#
# The **consistency loss** uses that all versions show the same thing. Take the predictions for the image and for two
# augmented versions, $p_1, p_2, p_3$. They ought to agree, whatever they say. Their disagreement is the
# Jensen-Shannon divergence
#
# $$
# \mathrm{JSD} = \frac1k\sum_{j=1}^k \mathrm{KL}(p_j\,\|\,M), \qquad M = \frac1k\sum_{j=1}^k p_j, \qquad \mathrm{KL}(p\,\|\,M) = \sum_c p_c \ln\frac{p_c}{M_c}.
# $$
#
# Insert $\ln M$ once for all, and it is the **entropy of the mean minus the mean of the entropies**. You know this
# quantity: in notebook 06 it was the mutual information of answer and mask, the part of the uncertainty that comes
# from disagreement. It lies between 0 (all equal) and $\ln k$ (each sure of something else). The training loss is the
# cross-entropy on the *clean* image plus 12 times the JSD. No label is needed for the second term.
#
# ### By hand
#
# $p_1 = (1, 0)$, $p_2 = (0, 1)$: $M = (\frac12, \frac12)$, each KL is $\ln 2$, so $\mathrm{JSD} = \ln 2 = 0.693$, the
# maximum for two. $p_1 = (0.9, 0.1)$, $p_2 = (0.5, 0.5)$: $M = (0.7, 0.3)$;
# $\mathrm{KL}_1 = 0.9\ln\frac{0.9}{0.7} + 0.1\ln\frac{0.1}{0.3} = 0.226 - 0.110 = 0.116$,
# $\mathrm{KL}_2 = 0.5\ln\frac{0.5}{0.7} + 0.5\ln\frac{0.5}{0.3} = 0.087$; the mean is $0.102$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | $m$ | weight of the **image** (paper) | the authors' code gives $m$ to the mixture. $\mathrm{Beta}(1,1)$ is symmetric, so the law is the same |
# | depth | 1, 2 or 3, uniform | never 0: a chain without an operation is the image, and that has its own weight |
# | each chain | starts from the image | not from the end of the chain before |
# | $M$ | clipped at $10^{-7}$ before the logarithm; a class with $p = 0$ contributes 0 | without that $0 \cdot \ln 0$ is nan |
# | KL | from each $p_j$ to $M$; natural logarithm, mean over examples | torch's `F.kl_div(log_M, p)` is $\mathrm{KL}(p\,\|\,M)$: arguments swapped, the first a logarithm |
#
# The operations below are for pictures with values in $[0, 1]$, any number of channels. `translate` and `rotate` are
# yours from notebook 09.

# %% tags=["experiment"]
translate, rotate = use("translate"), use("rotate")

# Turning by a fixed angle is linear in the pixels: a matrix, which is found by turning 256 pictures of one pixel each.
ANGLES = range(-30, 31, 3)
TURNS = [rotate(np.eye(256).reshape(256, 16, 16), angle).reshape(256, 256) for angle in ANGLES]


def turn(img, rng):
    return (img.reshape(-1, 256) @ TURNS[rng.integers(len(TURNS))]).reshape(img.shape).clip(0, 1)


def shift(img, rng):
    return translate(img, *(int(d) for d in rng.integers(-2, 3, size=2)))


def posterize(img, rng):
    steps = 2 ** rng.integers(2, 5) - 1
    return np.round(img * steps) / steps


def solarize(img, rng):
    return np.where(img < rng.uniform(0.5, 1), img, 1 - img)


def autocontrast(img, rng):
    low, high = img.min(axis=(1, 2), keepdims=True), img.max(axis=(1, 2), keepdims=True)
    return (img - low) / np.maximum(high - low, 1e-6)


OPS = [shift, turn, posterize, solarize, autocontrast]


def sine_pictures(n, seed, size=16):
    """n colourful pictures with structure and without meaning: sines of sines, values in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    (fy, fx), (gy, gx) = rng.normal(0, 6, (2, 2, n, 3, 1, 1))
    phase = rng.uniform(0, 2 * np.pi, (2, n, 3, 1, 1))
    bent = 3 * np.sin(gy * y + gx * x + phase[0])
    return 0.5 + 0.5 * np.sin(fy * y + fx * x + bent + phase[1])


PICTURES = sine_pictures(200, seed=5)

# %% [markdown]
# ### Exercise: `augmix_combine`, `augmix` and `jsd` (6 points, extension)
#
# The mixing is arithmetic again, so `augmix` draws and hands over. `ops` are functions `op(img, rng)` like those
# above.
#
# *Difficulty 3 of 4, about 30 minutes.*


# %% exercise="augmix" points=6
def augmix_combine(img, chains, weights, m):
    """Mix the augmented copies with each other, and the result with the image.

        out = m * img + (1 - m) * sum_i weights[i] * chains[i]

    Args:
        img: (C, H, W) image. It is not changed.
        chains: (k, C, H, W), one augmented copy for each chain.
        weights: (k,) that add up to 1.
        m: Weight of the image itself, in [0, 1].

    Returns:
        (C, H, W) float image.
    """
    ### BEGIN SOLUTION
    mixed = np.tensordot(np.asarray(weights, dtype=float), np.asarray(chains, dtype=float), axes=1)
    return m * np.asarray(img, dtype=float) + (1 - m) * mixed
    ### END SOLUTION


def augmix(img, ops, rng, k=3):
    """Send an image through k chains of random operations, and mix what comes out with the image.

    Each chain starts from img and applies depth operations, one after the other: depth is 1, 2 or 3 with equal
    probability, each operation is drawn uniformly from ops, with replacement. Then weights ~ Dirichlet(1, ..., 1),
    m ~ Beta(1, 1), and augmix_combine. The depth may be drawn for each chain or once for all of them.

    Args:
        img: (C, H, W) image. It is not changed.
        ops: List of functions; op(img, rng) returns a new image of the same shape.
        rng: A np.random.Generator, the only source of randomness; the operations get the same one.
        k: Number of chains, at least 1.

    Returns:
        The (C, H, W) image, and a dict of what was drawn: "weights" (k,), "m" a float (the weight of img), and
        "depths", a list of k integers.

    Raises:
        ValueError: k < 1, or ops is empty. The message names the argument.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
    weights, m = rng.dirichlet(np.ones(k)), float(rng.beta(1, 1))
    depths = [int(depth) for depth in rng.integers(1, 4, size=k)]
    chains = []
    for depth in depths:
        chain = np.array(img, dtype=float)
        for _ in range(depth):
            chain = ops[rng.integers(len(ops))](chain, rng)
        chains.append(chain)
    return augmix_combine(img, chains, weights, m), {"weights": weights, "m": m, "depths": depths}
    ### END SOLUTION


def jsd(ps):
    """The Jensen-Shannon divergence of k predictions of the same N examples, in nats, as a mean over the examples.

        M = (p_1 + ... + p_k) / k
        JSD = mean over j and n of  KL(p_j[n] || M[n]),     KL(p || M) = sum over classes of p * log(p / M)

    A class with p = 0 contributes 0. M is clipped from below at 1e-7 before the logarithm.

    Args:
        ps: List of k arrays (N, K) of probabilities, k at least 2.

    Returns:
        A float between 0 and log k.

    Raises:
        ValueError: ps holds fewer than two arrays. The message names ps.
    """
    ### BEGIN SOLUTION
    if len(ps) < 2:
        raise ValueError(f"ps must hold at least two predictions, got {len(ps)}")
    ps = np.asarray(ps, dtype=float)
    log_M = np.log(np.maximum(ps.mean(axis=0), 1e-7))
    log_p = np.log(np.where(ps > 0, ps, 1))
    return float((ps * (log_p - log_M)).sum(axis=-1).mean())
    ### END SOLUTION


# %% check="augmix"
check("augmix")

# %% tags=["experiment"]
augmix_of, combine_chains, divergence = use("augmix"), use("augmix_combine"), use("jsd")
print("by hand:", round(divergence([np.array([[1.0, 0]]), np.array([[0, 1.0]])]), 3), end=", ")
print(round(divergence([np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])]), 3))

rng = np.random.default_rng(3)
image = x[0].astype(float)
chains = [posterize(turn(image, rng), rng), shift(image, rng), solarize(autocontrast(turn(image, rng), rng), rng)]
weights, m = np.array([0.5, 0.2, 0.3]), 0.3
parts = [(chain, f"chain {i + 1}\nweight {w:.1f}") for i, (chain, w) in enumerate(zip(chains, weights, strict=True))]
mixture = combine_chains(image, chains, weights, 0.0)
first = [
    (image, "image\n"),
    *parts,
    (mixture, "mixture\n"),
    (combine_chains(image, chains, weights, m), "0.3 image +\n0.7 mixture"),
]
drawn = [augmix_of(image, OPS, rng) for _ in range(6)]
gallery(
    [first, [(picture, f"m = {info['m']:.2f}\ndepths {[int(d) for d in info['depths']]}") for picture, info in drawn]]
)

# %% [markdown]
# Figure: top row, the cross; three chains of it (turned with fewer colours; shifted; turned and solarized), their
# mixture, and the mixture with 0.3 of the image: several pale crosses over each other. Bottom row, six draws of your
# `augmix`. The cross can be found in all of them, and no two are alike. (If your function draws in another order than
# ours, your row looks different.)

# %% [markdown]
# ## 6 · PixMix
#
# **PixMix** (Hendrycks et al., CVPR 2022, arXiv:2112.05135) goes the whole way to what a lecture called *psychedelic*
# augmentation: it mixes in pictures that have rich structure and no meaning, such as fractals. The label stays what
# it was. The network learns that textures and colours may be anything, and looks for what is left.
#
# Pictures are mixed in two ways, several times in a row. **Adding** is done about the middle grey: with
# $\bar x = 2x - 1 \in [-1, 1]$ it is $a\bar x + b\bar z$, brought back to $[0, 1]$. **Multiplying** is a geometric
# mean in the same spirit: $\frac12 (2x)^a (2z)^b$; middle grey, $2x = 1$, is again neutral. The strengths $(a, b)$
# follow one of two laws. In the second $b$ is **negative**: adding becomes subtracting, multiplying becomes dividing,
# and what was dark in $z$ makes the result bright.
#
# ### By hand
#
# Two middle greys, $x = z = 0.5$, $a = 0.8$, $b = 0.3$. Adding: $\frac12(0.8 \cdot 0 + 0.3 \cdot 0 + 1) = 0.5$.
# Multiplying: $\frac12 \cdot 1^{0.8} \cdot 1^{0.3} = 0.5$. Grey stays grey. (Without the centring,
# $0.8 \cdot 0.5 + 0.3 \cdot 0.5 = 0.55$: two greys would become brighter.) Now $z = 0.125$ and $b = -0.3$:
# multiplying gives $\frac12 \cdot 0.25^{-0.3} = 0.76$. And $z = 0$? $0^{-0.3}$ is infinite; hence the $10^{-37}$ in
# the formula, and the clipping at the end.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | rounds | $0, 1, \ldots, k$, all equally likely | 0 is among them: some images go through unmixed |
# | augmented copy | of the **original**, in every round | not of what has been mixed so far: that would be a chain |
# | mixing picture | one per image, passed in, the same in all rounds | as in the authors' code |
# | label | unchanged | it is no CutMix: the mixing picture has no label |
# | clipping | after each round | |
#
# Fractals must be downloaded; `sine_pictures` above draws something of the same kind: sines of sines in three
# colours.
#
# ### Exercise: `pixmix_combine` and `pixmix` (6 points, extension)
#
# The record of what was drawn is longer this time: the check replays it, round by round, and must get your picture.
#
# *Difficulty 3 of 4, about 30 minutes.*


# %% exercise="pixmix" points=6
def pixmix_combine(x, z, op, a, b):
    """Mix two pictures with values in [0, 1], and clip the result to [0, 1].

        "add":   (a * (2x - 1) + b * (2z - 1) + 1) / 2
        "mul":   (2x)^a * max(2z, 1e-37)^b / 2

    Args:
        x: (C, H, W) picture. It is not changed.
        z: (C, H, W) picture to mix in. It is not changed.
        op: "add" or "mul".
        a: Strength of x, above 0.
        b: Strength of z; it may be negative.

    Returns:
        (C, H, W) float picture with values in [0, 1].

    Raises:
        ValueError: op is something else, or x and z have different shapes. The message names the argument (for the
            shapes, x or z).
    """
    ### BEGIN SOLUTION
    x, z = np.asarray(x, dtype=float), np.asarray(z, dtype=float)
    if x.shape != z.shape:
        raise ValueError(f"z must have the shape of x, {x.shape}, got {z.shape}")
    if op == "add":
        mixed = (a * (2 * x - 1) + b * (2 * z - 1) + 1) / 2
    elif op == "mul":
        mixed = (2 * x) ** a * np.maximum(2 * z, 1e-37) ** b / 2
    else:
        raise ValueError(f"op must be add or mul, got {op!r}")
    return np.clip(mixed, 0, 1)
    ### END SOLUTION


def pixmix(img, mix_img, ops, rng, k=4, beta=3.0):
    """Mix an image several times with a picture or with augmented copies of itself.

    1. Start from img, or (probability 1/2) from an augmented copy of it.
    2. The number of rounds is 0, 1, ..., or k, all equally likely.
    3. In each round, anew: z is an augmented copy of img, the *original*, or mix_img (1/2 each); op is "add" or "mul"
       (1/2 each); (a, b) follow one of two laws (1/2 each),
       a ~ Beta(beta, 1) and b ~ Beta(1, beta), or a ~ 1 + Beta(1, beta) and b ~ -Beta(1, beta);
       the picture so far becomes pixmix_combine(picture, z, op, a, b).

    An augmented copy is op(img, rng), once, with an operation that is drawn uniformly from ops. The label stays.

    Args:
        img: (C, H, W) image with values in [0, 1]. It is not changed.
        mix_img: (C, H, W) picture with values in [0, 1]. It is not changed.
        ops: List of functions; op(img, rng) returns a new image of the same shape with values in [0, 1].
        rng: A np.random.Generator, the only source of randomness; the operations get the same one.
        k: Largest number of rounds.
        beta: Parameter of the strengths, above 0.

    Returns:
        The (C, H, W) image and a dict of what was drawn: "start_augmented" (a bool), "rounds" (an integer) and "steps", a
        list with one dict for each round: "z" (the picture that was mixed in), "source" ("aug" or "mix"), "op", "a", "b".
    """
    ### BEGIN SOLUTION

    def augmented():
        return ops[rng.integers(len(ops))](np.array(img, dtype=float), rng)

    start_augmented = bool(rng.random() < 0.5)
    out = augmented() if start_augmented else np.array(img, dtype=float)
    rounds, steps = int(rng.integers(k + 1)), []
    for _ in range(rounds):
        source = "aug" if rng.random() < 0.5 else "mix"
        z = augmented() if source == "aug" else np.array(mix_img, dtype=float)
        op = "add" if rng.random() < 0.5 else "mul"
        if rng.random() < 0.5:
            a, b = float(rng.beta(beta, 1)), float(rng.beta(1, beta))
        else:
            a, b = 1 + float(rng.beta(1, beta)), -float(rng.beta(1, beta))
        out = pixmix_combine(out, z, op, a, b)
        steps.append({"z": z, "source": source, "op": op, "a": a, "b": b})
    return out, {"start_augmented": start_augmented, "rounds": rounds, "steps": steps}
    ### END SOLUTION


# %% check="pixmix"
check("pixmix")

# %% tags=["experiment"]
pixmix_of, combine_pictures = use("pixmix"), use("pixmix_combine")
grey, dark = np.full((3, 1, 1), 0.5), np.full((3, 1, 1), 0.125)
for op, z, b in (("add", grey, 0.3), ("mul", grey, 0.3), ("mul", dark, -0.3)):
    print(f"by hand: {op}, z = {z[0, 0, 0]}, b = {b}: {combine_pictures(grey, z, op, 0.8, b)[0, 0, 0]:.3f}")

rng = np.random.default_rng(8)
z = PICTURES[3]
first = [(image, "image\n"), (z, "mixing\npicture")]
for op, a, b in (("add", 0.8, 0.3), ("mul", 0.8, 0.3), ("add", 1.2, -0.3), ("mul", 1.2, -0.3)):
    first.append((combine_pictures(image, z, op, a, b), f"{op}\na = {a}, b = {b}"))
drawn = [pixmix_of(image, PICTURES[i], OPS, rng) for i in range(6)]
gallery([first, [(picture, f"rounds: {info['rounds']}\n") for picture, info in drawn]])

# %% [markdown]
# Figure: top row, the cross, a mixing picture of coloured waves, and the two mixed in four ways: added, multiplied,
# subtracted, divided; the cross is visible in each. Bottom row, six draws of your `pixmix` with other mixing
# pictures. Here too your row may differ; in ours one has to look for the cross after four rounds, and those with none
# or one look like the image or an augmented copy.
#
# ### Experiment E10b: damage that nobody trained for
#
# 500 shapes of $16 \times 16$ pixels, a small convolutional network with batch norm, 20 epochs, seven ways to train
# it. The test: 600 other shapes, clean and with six kinds of damage, none of which is among the operations above.
# (Contrast and brightness are left out of the operations on purpose. An augmentation that *contains* the test damage
# would be preparation for the exam, not robustness. `autocontrast` is a borderline case, and it belongs to the
# published AugMix.)
#
# Drawing for every image separately takes time in Python. So eight images at a time share a draw: your function gets
# them as one picture with 24 channels, and does not notice. Does that matter? To find out, the fourth training
# draws once for the *whole batch* of 32.
#
# Before you run it: which column will be worst for the plain network, and will flipping and cropping help there?

# %% tags=["experiment"]
hflip, random_crop = use("hflip"), use("random_crop")


def flip_and_crop(img, rng):
    return random_crop(hflip(img) if rng.random() < 0.5 else img, 16, 2, rng)[0]


def with_pictures(img, rng):
    mixing = PICTURES[rng.integers(len(PICTURES), size=len(img) // 3)].reshape(img.shape)
    return pixmix_of(img, mixing, OPS, rng)[0]


def in_groups(augment, size):
    """The augmentation for a batch (N, 3, 16, 16): `size` images at a time, as one picture with 3 * size channels."""

    def of_batch(batch, rng):
        groups = [batch[i : i + size] for i in range(0, len(batch), size)]
        changed = [augment(group.reshape(-1, 16, 16), rng).reshape(group.shape) for group in groups]
        return np.concatenate(changed)

    return of_batch


def augmixed(img, rng):
    return augmix_of(img, OPS, rng)[0]


# name: (augmentation of a batch, smoothing of the labels, weight of the consistency loss)
TRAININGS = {
    "none": (lambda batch, rng: batch, 0.0, 0),
    "flip and crop": (in_groups(flip_and_crop, 8), 0.0, 0),
    "AugMix": (in_groups(augmixed, 8), 0.0, 0),
    "AugMix, one draw a batch": (in_groups(augmixed, 32), 0.0, 0),
    "AugMix and JSD": (in_groups(augmixed, 8), 0.0, 12),
    "PixMix": (in_groups(with_pictures, 8), 0.0, 0),
    "PixMix and smoothing 0.1": (in_groups(with_pictures, 8), 0.1, 0),
}


def torch_jsd(ps):
    """The Jensen-Shannon divergence with torch's own KL divergence, so that it can be differentiated."""
    log_mean = (sum(ps) / len(ps)).clamp_min(1e-7).log()
    return sum(F.kl_div(log_mean, p, reduction="batchmean") for p in ps) / len(ps)


def robust(name, seed, epochs=20):
    """A small convolutional network after training with 500 shapes."""
    augment, eps, weight = TRAININGS[name]
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    net = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.Linear(32, 6)),
    ).to(memory_format=torch.channels_last)  # faster
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)

    def changed(x, y):
        x = x.numpy()
        views = [x, augment(x, rng), augment(x, rng)] if weight else [augment(x, rng)]
        return torch.as_tensor(np.concatenate(views)).float(), y

    def loss(logits, y):
        total = F.cross_entropy(logits[: len(y)], y, label_smoothing=eps)  # with JSD: of the untouched images
        return total + weight * torch_jsd(logits.softmax(dim=1).split(len(y))) if weight else total

    data, step = shapes(500, seed), lambda net: schedule.step()
    train(net, data, epochs, optimizer=optimizer, loss=loss, augment=changed, after_epoch=step, seed=seed)
    return net.eval()


def corrupted(x, seed=3):
    """Test images that no training has seen like this."""
    g = torch.Generator().manual_seed(seed)
    hit = torch.rand(len(x), 1, 16, 16, generator=g) < 0.1
    return {
        "clean": x,
        "noise": (x + 0.2 * torch.randn(x.shape, generator=g)).clamp(0, 1),
        "blur": F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
        "contrast": 0.4 * x + 0.3,
        "brightness": (x + 0.3).clamp(0, 1),
        "pixelate": F.interpolate(F.avg_pool2d(x, 2), scale_factor=2),
        "impulses": torch.where(hit, torch.rand(len(x), 1, 16, 16, generator=g), x),
    }


test_images, test_labels = shapes(600, 99)
TESTS = corrupted(torch.tensor(test_images))
EXAMPLE = int(np.argmax(test_images.std(axis=(1, 2, 3))))  # the picture with the strongest contrast
scores = {name: [] for name in TRAININGS}
for name, runs in scores.items():
    for seed in SEEDS:
        net = robust(name, seed)
        runs.append([evaluate(net, (x, test_labels))[1] for x in TESTS.values()])
scores = {name: np.array(runs) for name, runs in scores.items()}  # (seeds, tests)
print("mean over the six kinds of damage, with sd over seeds; accuracy on clean images")
for name, runs in scores.items():
    six = runs[:, 1:].mean(axis=1)
    print(f"{name:25} {six.mean():.3f} +- {six.std(ddof=1):.3f}   {runs[:, 0].mean():.3f}")

fig = plt.figure(figsize=(10, 5.2))
grid = fig.add_gridspec(2, len(TESTS) + 1, height_ratios=(1, len(TRAININGS) / 1.6))
for column, (test, images) in enumerate(TESTS.items()):
    ax = fig.add_subplot(grid[0, column])
    ax.imshow(images[EXAMPLE].permute(1, 2, 0).numpy(), interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.set_title(test, loc="center", fontsize=10)
ax = fig.add_subplot(grid[1, :])
means = np.array([runs.mean(axis=0) for runs in scores.values()])
means = np.column_stack([means, means[:, 1:].mean(axis=1)])
ax.imshow(means, cmap="cividis", vmin=0.2, vmax=0.9, aspect="auto")
for (row, column), value in np.ndenumerate(means):
    ax.text(column, row, f"{value:.2f}", ha="center", va="center", color="white" if value < 0.55 else "black")
ax.axvline(len(TESTS) - 0.5, color="white", linewidth=4)
ax.axvline(0.5, color="white", linewidth=4)
ax.set(yticks=range(len(scores)), yticklabels=scores, xticks=[len(TESTS)], xticklabels=["mean of the six"])
ax.grid(False)
ax.tick_params(length=0)
fig.suptitle("Accuracy on damage that no network was trained with", x=0.02, ha="left", fontsize=11)
plt.show()

mean_of_six = {name: runs[:, 1:].mean(axis=1) for name, runs in scores.items()}
gains = {name: value - mean_of_six["none"] for name, value in mean_of_six.items()}
for name in ("AugMix", "PixMix"):
    claim(f"{name} is more robust than nothing: gain", gains[name], holds=np.all(gains[name] > 0))
part = gains["flip and crop"] / gains["AugMix"]
claim("Flip and crop: share of AugMix's gain, below a half", part, holds=np.all(part < 0.5))
part = gains["AugMix, one draw a batch"] / gains["AugMix"]
claim("One draw for the whole batch: share of AugMix's gain, below a half", part, holds=np.all(part < 0.5))
more = gains["AugMix and JSD"] - gains["AugMix"]
claim("The consistency loss adds to AugMix: gain", more, holds=np.all(more > 0))
more = gains["PixMix and smoothing 0.1"] - gains["PixMix"]
claim("Smoothing adds to PixMix: gain", more, holds=np.all(more > 0))

# %% [markdown]
# Figure: on top a ring, clean and with the six kinds of damage. Below, a table of accuracies in colours, one row for
# each training, one column for each kind of damage, means over three seeds. The last column is the mean of the six:
# none 0.45, flip and crop 0.48, AugMix 0.57, with one draw a batch 0.50, with JSD 0.57, PixMix 0.52, with smoothing
# 0.55. Clean: 0.85, 0.87, 0.83, 0.83, 0.84, and 0.74 and 0.78 for PixMix.
#
# **What to notice.**
#
# - A network with 0.85 on clean pictures has **0.45** on damaged ones. Blur is worst, 0.27: a blurred picture has
#   none of the pixel noise that all training pictures have, and no sharp edge.
# - Flipping and cropping, the standard, adds 0.03; **AugMix adds 0.12**, something in every column, and costs 0.01 on
#   clean pictures. There is no blur among its operations, yet blur gains most, 0.23. Mixing shifted and turned
#   copies is a kind of blurring; "unseen" is a matter of degree.
# - **"More aggressive is more robust" needs a condition: drawn image by image.** The same operations with one draw
#   per batch keep less than half of the gain in the mean, 0.43. (We had expected that in every seed.) All 32 images
#   are then changed alike, and the network sees a quarter of the different changes. Batch norm may do the
#   rest, since it takes away what all images of a batch share.
# - The **consistency loss** adds nothing here: more against noise and impulses, less elsewhere, at three times the
#   cost. In the paper, with larger networks and longer training, it is a clear gain. We cannot tell more from three
#   seeds.
# - **PixMix** gains against noise and impulses, about 0.15, and loses against brightness (0.60 to 0.53); on clean
#   pictures it falls to 0.74. A strong augmentation needs time. The network stops after 20 epochs, the same for all,
#   which is fair and suits some better than others: try `robust("PixMix", 0, epochs=60)` and the same for `"none"`.
#   On the one seed that we tried, PixMix was then ahead by 0.2, and ahead on clean pictures too.
# - "A combination of label smoothing and psychedelic augmentation can lead to more robust models." It *can*. Here
#   smoothing adds 0.03 in the mean. That is little, and we would not build on it: when we let only four images share a
#   draw, PixMix gained 0.02, not in every seed, and smoothing nothing reliable.
# - The functions that draw are yours. With other right versions of `augmix` and `pixmix` we saw AugMix gain between
#   0.12 and 0.15, and claims that are close to their limit (one draw, smoothing, flip and crop) come out either way.
#   That is what "three seeds" means.

# %% [markdown]
# ## 7 · Policies: which operation, and how strong?
#
# AugMix leaves the strength of every operation to the operation. In earlier work a **policy** (which operations, how
# often, how strong) was *searched*, with thousands of trained networks. Two papers then found that hardly any search
# is needed.
#
# **RandAugment** (Cubuk et al., arXiv:1909.13719) has two numbers: apply $n$ operations, drawn uniformly **with
# replacement**, all with the same strength $m \in \{0, \ldots, 30\}$. With 14 operations and $n = 2$ that is
# $14^2 = 196$ sequences, and all that is left to tune are two integers, on validation data.
#
# **TrivialAugment** (Müller and Hutter, arXiv:2103.10158) has none:
#
# > 1. Sample an operation $a$ from $\mathcal A$, uniformly.
# > 2. Sample a strength $m$ from $\{0, \ldots, 30\}$, uniformly.
# > 3. Return $a(x, m)$.
#
# That is all of Algorithm 1. One operation per image, and no parameter to tune. It matches or beats the searched
# policies in the paper's experiments, as a baseline that cannot have been tuned to death.
#
# A strength is a number without a unit; each operation translates it. Here, with $s = m/30$:
#
# | operation | $m = 0$ | $m = 15$ | $m = 30$ |
# | --- | --- | --- | --- |
# | turn left, turn right | 0° | 15° | 30° |
# | shift left, shift right | 0 | 2 pixels | 4 pixels |
# | darker, brighter | factor 1 | 0.55, 1.45 | 0.1, 1.9 |
# | contrast down, contrast up | factor 1 | 0.55, 1.45 | 0.1, 1.9 |
#
# Operations with a direction are two operations in this list. In the published code the sign is drawn at random
# inside the operation; here operations get no random numbers, so that a pair $(a, m)$ says everything.
#
# ### By hand
#
# With four operations and 31 strengths there are 124 equally likely outcomes of TrivialAugment. The identity hides
# among them: for operations with $s = 0$ as "do nothing", one image in 31 comes back unchanged. RandAugment with
# $n = 3$ uses the same operation three times in $4/4^3 = 1/16$ of the cases; without replacement never, and $n = 5$
# would fail.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | strengths | `levels = 31`: $0, \ldots, 30$, both ends | torchvision counts `num_magnitude_bins=31` the same way |
# | RandAugment | with replacement, applied one after the other, $m$ fixed | some implementations draw $m$ anew for each operation |
# | randomness | drawn by the policy, operations get none | |
#
# ### Exercise: `trivial_augment` and `rand_augment` (5 points)
#
# Here operations are functions `op(img, m)`; you see some below.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="augment_policy" points=5
def trivial_augment(img, ops, rng, levels=31):
    """TrivialAugment: one operation, drawn uniformly, with one strength, drawn uniformly from 0, 1, ..., levels - 1.

    Args:
        img: Image. It is not changed.
        ops: List of functions; op(img, m) returns a new image.
        rng: A np.random.Generator, the only source of randomness. The operations do not get it.
        levels: Number of strengths.

    Returns:
        The new image, and what was drawn: (index of the operation in ops, strength m), two integers.

    Raises:
        ValueError: ops is empty. The message names ops.
    """
    ### BEGIN SOLUTION
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
    op, m = int(rng.integers(len(ops))), int(rng.integers(levels))
    return ops[op](img, m), (op, m)
    ### END SOLUTION


def rand_augment(img, ops, n, m, rng):
    """RandAugment: n operations, drawn uniformly with replacement, one after the other, all of them with strength m.

    Args:
        img: Image. It is not changed.
        ops: List of functions; op(img, m) returns a new image.
        n: Number of operations, at least 0; it may be larger than the number of ops. With 0 the image stays as it is.
        m: Strength of all operations, an integer in 0..30.
        rng: A np.random.Generator, the only source of randomness. The operations do not get it.

    Returns:
        The new image, and the list of the n indices into ops that were drawn, in the order in which they were applied.

    Raises:
        ValueError: ops is empty, n < 0, or m is outside 0..30. The message names the argument.
    """
    ### BEGIN SOLUTION
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if not 0 <= m <= 30:
        raise ValueError(f"m must be in 0..30, got {m}")
    chosen = [int(op) for op in rng.integers(len(ops), size=n)]
    for op in chosen:
        img = ops[op](img, m)
    return img, chosen
    ### END SOLUTION


# %% check="augment_policy"
check("augment_policy")

# %% tags=["experiment"]
trivial, several = use("trivial_augment"), use("rand_augment")
brightness, contrast = use("adjust_brightness"), use("adjust_contrast")

POLICY_OPS = {
    "turn left": lambda img, m: rotate(img, float(m)),
    "turn right": lambda img, m: rotate(img, -float(m)),
    "shift left": lambda img, m: translate(img, 0, -round(4 * m / 30)),
    "shift right": lambda img, m: translate(img, 0, round(4 * m / 30)),
    "darker": lambda img, m: brightness(img, 1 - 0.9 * m / 30),
    "brighter": lambda img, m: brightness(img, 1 + 0.9 * m / 30),
    "contrast down": lambda img, m: contrast(img, 1 - 0.9 * m / 30),
    "contrast up": lambda img, m: contrast(img, 1 + 0.9 * m / 30),
}
names, ops = list(POLICY_OPS), list(POLICY_OPS.values())
rng, rows = np.random.default_rng(1), [[], [], []]
for _ in range(7):
    picture, (op, m) = trivial(image, ops, rng)
    rows[0].append((picture, f"{names[op]}\n{m}"))
    for row, m in ((1, 8), (2, 28)):
        picture, chosen = several(image, ops, 2, m, rng)
        rows[row].append((picture, "\n".join(names[op] for op in chosen)))
gallery(rows)

# %% [markdown]
# Figure: three rows of the cross. First TrivialAugment: one operation each, with the strength under its name. Then
# RandAugment with two operations of strength 8: all crosses look much like the original. Then with strength 28: some
# are nearly black or nearly uniform, some half out of the picture. (Which ones depends on how your function draws.)
#
# **What to notice.** In the rows of RandAugment everything is equally strong. $m$ decides for the whole training set,
# and $m = 28$ is too much for *some* operations only. TrivialAugment has weak and strong in the same epoch. Is
# "contrast down" at 28 still label-preserving? For you, yes. At 30 and with noise of 0.08 in the image the network
# might disagree; the question of notebook 09 (6 and 9) comes back with every operation in the list.

# %% [markdown]
# ## 8 · Fair comparisons
#
# "When comparing two networks make sure to use the same augmentation" says the lecture, and on the same slide:
# "consider data augmentation a part of your network design". Both are right, and they pull in different directions.
# An experiment.
#
# ### Experiment E10c: network B beats network A
#
# Network A is the one of E10a, with ReLU. Network B is a *new architecture*: SiLU, $z\,\sigma(z)$, in place of ReLU.
# Its authors trained it with CutMix. The baseline's number is from an older paper, in which nobody knew CutMix. 600
# digits with 20 % noise in the labels, three seeds. First the comparison as published, then the one that a supporter
# of A would publish, then the two that are fair.

# %% tags=["experiment"]
both = {
    (name, activation): np.array([trained(name, 0.2, seed, activation) for seed in SEEDS])
    for name in ("plain", "CutMix 1")
    for activation in (nn.ReLU, nn.SiLU)
}
table = {case: runs[:, 0] for case, runs in both.items()}
print("test accuracy       A (ReLU)           B (SiLU)          B - A, same training")
for name in ("plain", "CutMix 1"):
    a, b = table[name, nn.ReLU], table[name, nn.SiLU]
    print(f"{name:15}", *(f"{v.mean():9.3f} +- {v.std(ddof=1):.3f}" for v in (a, b, b - a)))
print("share of the wrong training labels that was learned")
for name in ("plain", "CutMix 1"):
    print(f"{name:15}", *(f"{both[name, kind][:, 1].mean():9.3f}         " for kind in (nn.ReLU, nn.SiLU)))
unfair = table["CutMix 1", nn.SiLU] - table["plain", nn.ReLU]
swapped = table["CutMix 1", nn.ReLU] - table["plain", nn.SiLU]
fair = [table[name, nn.SiLU] - table[name, nn.ReLU] for name in ("plain", "CutMix 1")]

fig, ax = plt.subplots(figsize=(8, 3.2))
rows = {
    "B with CutMix - A without": unfair,
    "A with CutMix - B without": swapped,
    "B - A, both without": fair[0],
    "B - A, both with CutMix": fair[1],
}
for at, runs in enumerate(rows.values()):
    color, marker = (("red", "s"), ("green", "^"))[at >= 2]
    ax.plot(runs, np.full(len(runs), at), ".", color=COLORS[color], alpha=0.6)
    ax.errorbar(runs.mean(), at, xerr=runs.std(ddof=1), fmt=marker, color=COLORS[color], capsize=3)
ax.axvline(0, color="0.5", linewidth=1)
ax.set(yticks=range(4), yticklabels=rows, xlabel="difference of test accuracy")
ax.set_title("Who is better? It depends on who gets the augmentation")
ax.invert_yaxis()
plt.show()
claim("B with CutMix beats A without by more than 0.05", unfair, holds=np.all(unfair > 0.05))
claim("A with CutMix beats B without by more than 0.05", swapped, holds=np.all(swapped > 0.05))
for runs, what in zip(fair, ("both without", "both with CutMix"), strict=True):
    small = abs(runs.mean()) < 0.1 * unfair.mean()
    claim(f"{what}: B - A is below a tenth of the unfair difference", runs, holds=small)

# %% [markdown]
# Figure: four differences in test accuracy, with the three seeds as dots and one standard deviation as a bar. B with
# CutMix minus A without: 0.09. A with CutMix minus B without: 0.05. B minus A, both without: 0.04. B minus A, both
# with CutMix: nothing, across the zero line.
#
# **What to notice.**
#
# - As published, B wins by 0.09. With the roles swapped, A wins by 0.05 (in one of the seeds by 0.03; our bar of 0.05
#   in every seed was too high). Both numbers are correct, and both are about CutMix. **The augmentation was worth
#   more than the architecture**, and it is usually cheaper to change.
# - With CutMix for both the difference is gone, as the unfair comparison would never have told.
# - Without it for both, B **is** better: by 0.04, in every seed. We had expected nothing there. The fair comparison
#   does not have *one* answer. The end of the printed table suggests why: with SiLU the network has learned 22 % of the
#   wrong labels by heart, with ReLU 55 %; with CutMix 3 % and 5 %. The new activation is a remedy against memorizing,
#   CutMix a stronger one, and what SiLU had to offer is then no longer needed. Two remedies for one illness do not
#   add up.
# - Hence the second sentence of the slide. Equal augmentation is fair if the question is "which of these two, *in
#   this training?*". If it is "which of these two, *at its best?*", each may have its own augmentation, chosen on
#   validation data from the same list, with the same number of trials, and the test set is asked once. What is never
#   fair: the new network at its best against the old one as found.
# - The same goes for epochs (augmented training needs more), label smoothing, learning rate, test-time augmentation,
#   and the number of seeds of which the best is shown.

# %% [markdown]
# ## 9 · Two questions in words

# %% [markdown] question="W10a" points=3
# **W10a (3 points).** A lecture turns the label $(1, 0, 0)$ into $(0.9, 0.05, 0.05)$.
#
# (a) Which $\varepsilon$ is that in the convention `"others"`, and which in torch's? Show the line of algebra for $K$
# classes. (b) A colleague puts `label_smoothing=0.1` into `F.cross_entropy` for these three classes. Which target
# does she train with? And how much does the class of the label get at $K = 1000$ with 0.1 in either convention, to
# three digits? (c) What are the largest sensible values of $\varepsilon$ in the two conventions, if the label is to
# stay the most probable class?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) `"others"`: $\varepsilon = 0.1$, since $1 - \varepsilon = 0.9$ and $\varepsilon/(K-1) = 0.05$.
# torch: the other classes get $\varepsilon_t/K$, and this must be $\varepsilon_o/(K-1)$, so
# $\varepsilon_t = \varepsilon_o K/(K-1) = 0.1 \cdot 3/2 = 0.15$. Check: $1 - 0.15 + 0.05 = 0.9$.
#
# (b) $1 - 0.1 + 0.1/3 = 0.933$ and $0.033$ twice. For $K = 1000$ the conventions differ by the factor $1000/999$: the
# label gets $0.9001$ in torch's and $0.9$ in the other, both 0.900.
#
# (c) torch: the label is ahead by $1 - \varepsilon$, so every $\varepsilon < 1$; at 1 all classes are equal.
# `"others"`: $1 - \varepsilon > \varepsilon/(K-1)$, so $\varepsilon < (K-1)/K$, for three classes $2/3$. (The
# conversion turns $(K-1)/K$ into 1: the same target.)
#
# **Rubric.** (a) 1 point: 0.1 and 0.15 with the algebra; half without it. (b) 1 point: 0.933, 0.033 (½), and 0.900
# for both (½). (c) 1 point: both bounds, half for one. An answer that "smooths the smoothed label again" gets no
# point in (a).
# ### END SOLUTION

# %% [markdown] question="W10b" points=3
# **W10b (3 points).** *"CutMix can be seen as a more extreme version of MixUp, which can help with classes with high
# overlap."*
#
# (a) Name two things that the two methods share. (b) Name two in which they differ in kind, not in degree. Use the
# gallery, and the mean weight that you calculated. (c) What evidence would you ask for before you believe the second
# half of the sentence, and what have you seen here?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) Two of: both make one example of two; both mix the labels with the weights that they use for
# the images; both draw $\lambda$ from $\mathrm{Beta}(\alpha, \alpha)$ and the partner by a permutation; both leave
# nothing that can be learned by heart (E10a: wrong labels learned 0.55 without, 0.12 and 0.05 with them).
#
# (b) Two of: MixUp changes **every** pixel, to a value that is in neither image; CutMix leaves every pixel a real
# one, with real neighbours except along the edges of the box (local statistics are kept). CutMix **removes** a
# region, like Cutout, so the network has to use the rest; MixUp removes nothing, everything shines through. In MixUp
# the weight is the $\lambda$ that was drawn, mean 0.5; in CutMix it is what clipping leaves, mean 0.68 for
# $\alpha = 1$ (0.70 with the published rounding). Where it happens matters in CutMix only: the middle is replaced
# more often than the border. So it is not "more of the same": CutMix with a small box and MixUp with $\lambda = 0.9$
# are different pictures with the same label.
#
# (c) One would compare both, and plain training, on classes that overlap and on classes that do not, with the same
# epochs and tuning and over several seeds, and look at the errors *between the overlapping classes*; the claim is
# that the advantage of CutMix is larger there. We have seen nothing like it. E10a shows that both help against wrong
# labels, and that CutMix's lead over MixUp and Cutout is within the spread. (If classes really overlap, the best
# probabilities are soft, and soft labels of any kind may help; then it is no merit of the box.)
#
# **Rubric.** 1 point each. (a) two, half for one. (b) two, half for one; "CutMix is stronger" is a difference in
# degree and does not count. (c) a comparison that could refute the claim (½), and that it was not tested here (½).
# ### END SOLUTION

# %% [markdown]
# ## What you built, and where it goes next
#
# - **Targets that are not one-hot**: smoothed in two conventions, mixed by $\lambda$, mixed by area. One
#   cross-entropy serves them all.
# - **A mixing toolbox** with the draw apart from the arithmetic: `mixup`, `cutmix`, `cutout`, `augmix`, `pixmix`. The
#   capstone (notebook 12) offers all of them to your residual network; the JSD is the mutual information of notebook
#   06 at work as a loss.
# - **Two policies** without a search.
# - **Three habits**: ask on which side of the diagonal a network is before you make it less confident; draw per
#   image; give both networks the same chance.
#
# Notebook 11 turns from the data to the architecture: residual networks, and a depth that is drawn at random.
#
# **Next**: [11 · Residual networks and stochastic depth](../11_residual_networks/11_residual_networks.ipynb).


# %%
progress()
