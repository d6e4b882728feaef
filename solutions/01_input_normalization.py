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
# # Input normalization and whitening
#
# A table of data has units: metres and grams, euros and years, brightness from 0 to 255. Somebody chose them before
# you came, and a different choice (kilometres!) would describe the same things. A learning algorithm does not know
# that. It sees that one column varies by thousands and another by thousandths, and it draws conclusions.
#
# This notebook is about taking the units out. That is a few lines of NumPy, and four questions make it worth a
# notebook:
#
# 1. **What do you subtract, and what do you divide by?** Mean and standard deviation, minimum and range, or a matrix
#    that also takes out the correlations. The names are used loosely, and two of the methods are often confused.
# 2. **Whose** mean? The one of the training data, also for a test image that arrives a year later. The statistics are
#    part of the model.
# 3. **Why does it help?** Distances, gradient descent and neural networks each have their own reason. We measure all
#    three, and one popular demonstration turns out to show something else than it seems to.
# 4. What if the data **do not fit** into one array?
#
# The next notebook applies the same idea to every layer of a network and calls it batch normalization.
#
# **You need**: NumPy, a little linear algebra (eigenvectors) for section 4, notebook
# [00](../00_workshop/00_workshop.ipynb) for the training loop that comes ready-made here. **Time**: about 2.5 hours.
# **Points**: 21 for code in five exercises, 8 for two questions in words. Exercises marked *extension* can be left out
# without losing the thread.
#
# Every exercise is followed by a cell that checks it. If you are stuck, `hint("standardizer")` (with the name of the
# exercise) gives the next of three hints, and `progress()` shows how far you are. The checks you see are not all that
# count: the grader uses other numbers and other shapes.
#
# Three rules hold in all exercises. Arguments are left as they were. Whole numbers and float32 are as good as float64,
# and results are floating-point. Bad input is refused where the docstring says so, with a `ValueError` whose message
# names the argument.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, axes_box, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · Standardizing: every feature in units of its own spread
#
# ### The formula
#
# Take one feature (one column) of $N$ training rows, $x_1, \dots, x_N$.
#
# $$
# \mu = \frac1N \sum_{n=1}^N x_n, \qquad
# \sigma = \sqrt{\frac{1}{N - \mathrm{ddof}} \sum_{n=1}^N (x_n - \mu)^2}, \qquad
# z = \frac{x - \mu}{\sigma} .
# $$
#
# $z$ has no unit. It says how many standard deviations a value lies above the mean. Every feature has its own $\mu$
# and $\sigma$; with rows as vectors the formula is the same, read element by element.
#
# **A new row** $x$, from the test set or from next year, goes through the *same* $\mu$ and $\sigma$. There are two
# reasons. A single row has no spread of its own. And the model that comes afterwards has learned what "1.3 above
# normal" means, where *normal* is the training data; with other statistics the same words would mean something else.
# So the work has two halves, **fit** (look at the training data and remember) and **apply** (use what was remembered).
#
# ### By hand
#
# Four training rows with two features, ddof = 0, and a new row:
#
# | | feature 1 | feature 2 |
# | --- | --- | --- |
# | training rows | 1, 5, 5, 1 | 7, 1, 9, 7 |
# | $\mu$ | 12/4 = **3** | 24/4 = **6** |
# | $x - \mu$ | −2, 2, 2, −2 | 1, −5, 3, 1 |
# | $\sigma$ | √((4+4+4+4)/4) = **2** | √((1+25+9+1)/4) = **3** |
# | $z$ | −1, 1, 1, −1 | 1/3, −5/3, 1, 1/3 |
# | a new row | 7 | 0 |
# | its $z$ | (7−3)/2 = **2** | (0−6)/3 = **−2** |
#
# ### Convention card
#
# | question | here | who else | who differs |
# | --- | --- | --- | --- |
# | divide the squares by | $N$ by default (`ddof=0`), $N-1$ with `ddof=1` | scikit-learn's `StandardScaler`, `np.std`: $N$ | pandas' `std`, `torch.std`, many lecture notes: $N-1$. The $z$ then differ by the factor $\sqrt{(N-1)/N}$: 0.95 for ten rows, 0.9995 for a thousand |
# | a constant feature | deviation 0 is replaced by 1, so it becomes 0 | scikit-learn | adding a small number to σ, as some code does, changes the other features too |
# | new data | the statistics of training | everybody who reports honest test scores | |
#
# ### Exercise: `fit_standardizer` and `apply_standardizer` (5 points)
#
# *Difficulty 1 of 4, about 15 minutes.*


# %% exercise="standardizer" points=5
def fit_standardizer(X, ddof=0):
    """Measure what standardizing needs: the mean and the standard deviation of every feature.

        mean = (1 / N) sum_n x_n        std = sqrt( sum_n (x_n - mean)^2 / (N - ddof) )

    A constant feature (the same value in every row) has deviation 0; it gets std 1 instead. There is no other limit:
    a feature whose deviation is 1e-9 keeps it.
    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        X: (N, D) array of training rows, float or integer. It is not changed.
        ddof: 0 divides by N, 1 by N - 1, as in np.std.

    Returns:
        A dict with the keys "mean" and "std", both of shape (D,).

    Raises:
        ValueError: N - ddof is smaller than 1. The message names X or ddof.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    if len(X) - ddof < 1:
        raise ValueError(f"X has {len(X)} rows, ddof = {ddof} needs at least {ddof + 1}")
    std = np.std(X, axis=0, ddof=ddof)
    std[std == 0] = 1
    return {"mean": np.mean(X, axis=0), "std": std}
    ### END SOLUTION


def apply_standardizer(X, st):
    """Standardize rows, old or new, with the statistics that were measured on the training rows.

        (X - mean) / std

    Rows do not influence each other; a single row is fine.

    Args:
        X: (M, D) array, float or integer. It is not changed.
        st: What fit_standardizer returned. It is not changed. The checks pass a correct one whether or not your
            fit_standardizer works.

    Returns:
        (M, D) array.

    Raises:
        ValueError: X has another number of features than st, even where it would broadcast. The message names X or st.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    if X.shape[1] != len(st["mean"]):
        raise ValueError(f"X has {X.shape[1]} features, st was fitted to {len(st['mean'])}")
    return (X - st["mean"]) / st["std"]
    ### END SOLUTION


# %% check="standardizer"
check("standardizer")

# %% [markdown]
# ### Experiment E01a: what a unit does to a distance
#
# Two classes, two features. Feature 1 carries all the information: 0 or 1 for the class, plus noise with deviation
# 0.5 (so the best possible rule is right in 84 % of the cases). Feature 2 is pure noise, but recorded in a unit that
# makes it a thousand times larger: its deviation is 1000. A 5-nearest-neighbours classifier looks for the five
# training rows with the smallest distance. The squared distance of two random rows is on average
# $2 \sum_j \mathrm{Var}_j$, so the share that feature $j$ has in it is $\mathrm{Var}_j / \sum_k \mathrm{Var}_k$.
# 200 rows for training, 200 for testing, ten seeds.

# %% tags=["experiment"]
fit, transform = use("fit_standardizer"), use("apply_standardizer")


def neighbours(seed):
    """Accuracy of 5-NN and the shares of both features in the squared distance: raw, then standardized."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, 400)
    rows = np.column_stack([label + 0.5 * rng.normal(size=400), 1000 * rng.normal(size=400)])
    found = []
    for table in (rows, transform(rows, fit(rows[:200]))):
        classifier = KNeighborsClassifier(5).fit(table[:200], label[:200])
        found.append(
            (classifier.score(table[200:], label[200:]), *(table[:200].var(axis=0) / table[:200].var(axis=0).sum()))
        )
    return found


found = np.array([neighbours(seed) for seed in range(10)])  # (seeds, raw or standardized, accuracy and two shares)
accuracy, shares = found[..., 0], found[..., 1:]

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
for j, (name, color, marker) in enumerate((("feature 1, informative", "blue", "o"), ("feature 2, noise", "red", "s"))):
    share = shares[..., j].mean(axis=0)
    place = np.arange(2) + 0.2 * (j - 0.5)
    left.plot(place, share, marker, color=COLORS[color], markersize=9, label=name)
    for at, value in zip(place, share, strict=True):
        left.annotate(f"{value:.2g}", (at, value), (0, 9), textcoords="offset points", ha="center")
left.set(yscale="log", ylim=(1e-7, 10), xlim=(-0.5, 1.5), ylabel="share of the squared distance")
left.set_title("What the distance consists of")
left.set_xticks([0, 1], ["raw", "standardized"])
left.legend(loc="lower right", fontsize=9)
for kind, color in enumerate(("red", "blue")):
    offsets = np.linspace(-0.12, 0.12, 10)
    right.plot(kind + offsets, accuracy[:, kind], "o", color=COLORS[color], markersize=7, markeredgecolor="white")
right.axhline(0.5, color="0.4", linestyle=":", marker="")
right.axhline(0.841, color="0.4", linestyle=":", marker="")
right.text(-0.38, 0.51, "guessing", va="bottom", fontsize=9)
right.text(-0.38, 0.851, "the best possible rule", va="bottom", fontsize=9)
right.set(ylim=(0.4, 0.95), xlim=(-0.4, 1.4), ylabel="test accuracy of 5-NN", title="Ten seeds")
right.set_xticks([0, 1], ["raw", "standardized"])
plt.show()

print("raw", accuracy[:, 0], "\nstandardized", accuracy[:, 1])
gain = accuracy[:, 1] - accuracy[:, 0]
claim("Standardizing raises the accuracy of 5-NN from guessing to near the best", gain, holds=np.all(gain > 0.15))

# %% [markdown]
# Figure: left, shares of the squared distance on a logarithmic axis: raw, the informative feature has about
# 0.0000005 of it and the noise all the rest; standardized, both have one half. Right, test accuracy, ten dots each: raw
# between 0.47 and 0.56, around guessing; standardized between 0.77 and 0.83, a little below the best possible 0.84.
#
# **What to notice.** Nothing about the *information* changed: feature 1 was in the table all the time. The distance
# could not see it. Standardizing does not find out which feature matters, either: it gives both the same say, and here
# half of the say still goes to noise. It replaces somebody's choice of units by a neutral one.
#
# ### Experiment E01b: what a unit does to gradient descent
#
# A linear model $\hat t = w_1 x_1 + w_2 x_2 + b$ with squared error, where $x_1$ has mean 0 and deviation 1, and $x_2$
# has mean 30 and deviation 20. The target is exactly $x_1 + 0.1\,x_2 + 1$, so the error can reach 0. The matrix of
# second derivatives $H$ is the mean of $a\,a^\top$ over the rows $a = (x_1, x_2, 1)$, whatever the target is.
#
# Along an eigenvector of $H$ with eigenvalue $\lambda$, one step with learning rate $\eta$ multiplies the distance to
# the optimum by $1 - \eta\lambda$. The steepest direction forbids $\eta > 2/\lambda_{\max}$. With the safe choice
# $\eta = 1/\lambda_{\max}$ the flattest direction shrinks by $1 - \lambda_{\min}/\lambda_{\max}$ per step: the number
# of steps grows like the **condition number** $\lambda_{\max}/\lambda_{\min}$. We count the steps until the mean
# squared error is below $10^{-6}$, starting from zeros: raw, only divided by σ, only centred, and both. Five seeds.

# %% tags=["experiment"]
fit, transform = use("fit_standardizer"), use("apply_standardizer")


def versions(rows):
    """The same rows, prepared in four ways."""
    st = fit(rows)
    nothing = {"mean": 0 * st["mean"], "std": 0 * st["std"] + 1}
    settings = {
        "raw": nothing,
        "divided by σ": nothing | {"std": st["std"]},
        "centred": nothing | {"mean": st["mean"]},
        "standardized": st,
    }
    return {name: transform(rows, setting) for name, setting in settings.items()}


def descend(rows, target, start=0.0, free=(0, 1, 2)):
    """Gradient descent with lr = 1 / L. Returns H, the optimum, all positions and all mean squared errors."""
    a = np.column_stack([rows, np.ones(len(rows))])
    hessian = a.T @ a / len(a)
    optimum = np.linalg.lstsq(a, target, rcond=None)[0]
    hessian, optimum = hessian[np.ix_(free, free)], optimum[list(free)]
    lr = 1 / np.linalg.eigvalsh(hessian)[-1]
    position, path, errors = np.full(len(free), start), [], []
    while not errors or errors[-1] > 1e-6:
        path.append(position)
        errors.append((position - optimum) @ hessian @ (position - optimum))
        position = position - lr * hessian @ (position - optimum)
    return hessian, optimum, np.array(path), np.array(errors)


steps, condition, curves = {}, {}, {}
for seed in range(5):
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.normal(size=200), 20 * rng.normal(size=200) + 30])
    target = rows @ [1, 0.1] + 1
    for name, table in versions(rows).items():
        hessian, _, _, errors = descend(table, target)
        steps.setdefault(name, []).append(len(errors) - 1)
        condition.setdefault(name, []).append(np.linalg.cond(hessian))
        curves.setdefault(name, errors)  # of seed 0

fig, axes = plt.subplots(1, 3, figsize=(12, 3.9))
shown = (
    ("raw", "blue", (-0.02, 0.2), (-0.4, 1.4), "Raw: a narrow valley"),
    ("standardized", "red", (-2.5, 6.5), (-0.5, 8.5), "Standardized: nearly round"),
)
for ax, (name, color, xlim, ylim, title) in zip(axes, shown, strict=False):
    hessian, optimum, path, _ = descend(versions(rows)[name], target, free=(1, 2))
    grid = np.stack(np.meshgrid(np.linspace(*xlim, 200), np.linspace(*ylim, 200)), axis=-1)
    height = np.einsum("...i,ij,...j->...", grid - optimum, hessian, grid - optimum)
    ax.contour(grid[..., 0], grid[..., 1], height, levels=np.geomspace(0.01, 30, 8), colors="0.75", linewidths=0.9)
    ax.plot(*path.T, "-", color=COLORS[color], marker="")
    # Labels where they do not overlap: the first steps of the raw descent are all in the lower right.
    for k in (0, 1, 2000, 5000) if name == "raw" else (0, 1):
        if k < len(path):
            ax.plot(*path[k], "o", color=COLORS[color], markersize=7)
            ax.annotate(f"step {k}", path[k], (6, 6), textcoords="offset points", fontsize=9)
    ax.plot(*optimum, "*", color="black", markersize=13)
    ax.set(xlim=xlim, ylim=ylim, xlabel="weight $w_2$ (target per unit of $x_2$)", title=title)
    ax.grid(visible=False)
axes[0].set_ylabel("bias $b$ (units of the target)")
for (name, errors), color, line in zip(
    curves.items(), ("blue", "orange", "green", "red"), ("-", "--", "-.", "-"), strict=True
):
    axes[2].plot(np.arange(1, len(errors) + 1), errors, linestyle=line, color=COLORS[color], marker="", label=name)
axes[2].set(
    xscale="log",
    yscale="log",
    xlabel="number of the step",
    ylabel="mean squared error",
    title="Four preparations",
    ylim=(1e-9, 100),
)
axes[2].legend(fontsize=9, loc="lower left", ncols=2)
plt.show()

for name, counts in steps.items():
    print(f"{name:13} condition number {np.mean(condition[name]):7.1f}   steps {counts}")
ratio = np.array(steps["raw"]) / steps["standardized"]
claim("Standardizing saves a factor of more than 1000 in steps", ratio, holds=np.all(ratio > 1000), unit="times fewer")
fewer = np.array(steps["raw"]) / steps["centred"]
claim("Centring alone already saves a factor of 5", fewer, holds=np.all(fewer > 5), unit="times fewer")

# %% [markdown]
# Figure: left, contour lines of the raw error over weight $w_2$ and bias $b$ ($w_1$ held at its true value): a valley
# so narrow that the lines are nearly parallel; the path jumps to its floor in one step and then creeps along it,
# still on the way after 5000 steps. (The two axes have different scales; with equal scales the valley would be
# narrower still.) Middle, the same for standardized features: the contour lines are almost circles, and the path goes
# straight to the minimum, marked by a star. Right, mean squared error against step number, both logarithmic: raw needs
# more than 20 000 steps, centred some 3000, divided by σ about 50, standardized fewer than 5.
#
# **What to notice.**
#
# - Raw, the condition number is about 4000 and gradient descent takes 22 000 to 28 000 steps; standardized it is
#   close to 1 and takes 3 or 4.
# - **Both halves of the formula help.** A large mean makes feature and bias nearly the same column (30 and 1 at every
#   row), a correlation that only centring removes. A large spread makes one direction steep, and only dividing cures
#   that.
# - What is left at "standardized" is the correlation between $x_1$ and $x_2$. It is small here. Section 4 removes it,
#   too.

# %% [markdown]
# ## 2 · Scaling to a range
#
# Sometimes an interval is wanted rather than a spread: a display wants [0, 1], an old-style sigmoid network wants
# $[-1, 1]$. Two formulas are in use, and they are often mixed up:
#
# $$
# \text{min-max:}\quad \mathrm{lo} + \frac{x - \min}{\max - \min}\,(\mathrm{hi} - \mathrm{lo}),
# \qquad\qquad
# \text{mean normalization:}\quad \frac{x - \mu}{\max - \min} .
# $$
#
# You will find the second one introduced with the words "scale it to a range from 0 to 1". It is not: subtract the
# mean, and some values are negative. What *is* 1 is the width of the result.
#
# | | mean afterwards | values | width | one far outlier |
# | --- | --- | --- | --- | --- |
# | standardized | 0 | no fixed limits | standard deviation 1 | enlarges σ |
# | min-max to [0, 1] | anywhere inside | exactly 0 to 1 | exactly 1 | squeezes all others into a corner |
# | mean normalization | 0 | inside (−1, 1) | exactly 1 | the same |
#
# All three are straight lines $x \mapsto a x + c$ for each feature. They move and stretch the axis; the **shape** of
# the distribution stays what it was.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | a constant feature | becomes lo in min-max, 0 in mean normalization | scikit-learn's `minmax_scale` agrees |
# | new data | not part of this exercise: each function uses the data it gets | `MinMaxScaler` remembers min and max of the training data, and new values may then lie outside [lo, hi] |
# | fixed limits | not used | images with values 0 to 255 are simply divided by 255, whatever their own maximum is: the limits are known, and nothing needs to be measured |
#
# ### Exercise: `minmax_scale` and `mean_normalize` (4 points)
#
# *Difficulty 1 of 4, about 10 minutes.*


# %% exercise="range_scalers" points=4
def minmax_scale(X, lo=0.0, hi=1.0):
    """Map every feature by a straight line so that its minimum becomes lo and its maximum hi.

        lo + (X - min) / (max - min) * (hi - lo)

    min and max are those of each feature (column). A constant feature becomes lo.

    Args:
        X: (N, D) array, float or integer. It is not changed.
        lo: The new minimum.
        hi: The new maximum.

    Returns:
        (N, D) array.

    Raises:
        ValueError: hi is not larger than lo. The message names lo or hi.
    """
    ### BEGIN SOLUTION
    if hi <= lo:
        raise ValueError(f"hi must be larger than lo, got lo = {lo} and hi = {hi}")
    X = np.asarray(X, dtype=float)
    low, width = X.min(axis=0), X.max(axis=0) - X.min(axis=0)
    return lo + (hi - lo) * (X - low) / np.where(width > 0, width, 1)
    ### END SOLUTION


def mean_normalize(X):
    """Subtract the mean of every feature and divide by its range.

        (X - mean) / (max - min)

    mean, min and max are those of each feature (column). A constant feature becomes 0.

    Args:
        X: (N, D) array, float or integer. It is not changed.

    Returns:
        (N, D) array.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    width = X.max(axis=0) - X.min(axis=0)
    return (X - X.mean(axis=0)) / np.where(width > 0, width, 1)
    ### END SOLUTION


# %% check="range_scalers"
check("range_scalers")

# %% [markdown]
# ### The shape stays
#
# Your functions on 2000 values of a skewed feature, many small ones and a long tail of large ones:

# %% tags=["experiment"]
fit, transform = use("fit_standardizer"), use("apply_standardizer")
to_range, normalize = use("minmax_scale"), use("mean_normalize")
values = np.random.default_rng(3).exponential(size=(2000, 1)) * 40 + 20
scaled = {
    "raw": values,
    "standardized": transform(values, fit(values)),
    "min-max to [0, 1]": to_range(values),
    "mean normalization": normalize(values),
}
fig, axes = plt.subplots(1, 4, figsize=(12, 2.6), sharey=True)
for ax, (name, numbers), color in zip(axes, scaled.items(), ("black", "blue", "red", "green"), strict=True):
    ax.hist(numbers.ravel(), bins=40, color=COLORS[color], alpha=0.7)
    ax.axvline(numbers.mean(), color="black", linestyle="--", marker="")
    ax.set(title=name, xlabel="value" + (" (its own unit)" if name == "raw" else ""))
axes[0].set_ylabel("number of rows")
plt.show()
for name, numbers in scaled.items():
    skew = np.mean((numbers - numbers.mean()) ** 3) / numbers.std() ** 3
    print(
        f"{name:19} from {numbers.min():6.2f} to {numbers.max():7.2f}, mean {numbers.mean():6.2f}, skewness {skew:.3f}"
    )

# %% [markdown]
# Figure: four histograms of the same 2000 skewed values, each falling steeply from left to right with a long tail; only
# the numbers on the axis differ: 20 to about 330, −1 to about 7, 0 to 1, and −0.1 to 0.9. A dashed line marks the mean.
#
# **What to notice.** The four pictures are one picture. Standardized data have mean 0 and deviation 1, as a standard
# normal distribution has; that does not make them normal. The skewness, which is 0 for a normal distribution, stays at
# about 2.

# %% [markdown]
# ## 3 · Images: which mean?
#
# For photographs, brightness has the same unit everywhere. There is little reason to divide, and the classical networks
# only subtract a mean of the training images. But which values share one? A batch of images is a box $(N, C, H, W)$,
# and two famous networks chose differently.

# %% tags=["experiment"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
axes_box(left, "N", title="mean_image (AlexNet)")
axes_box(right, "NHW", title="per_channel (VGG)")
plt.show()

# %% [markdown]
# Figure: two boxes of N images, C channels and H·W pixels. Left, one row of values along the image axis is orange: one
# pixel of one channel over all images; there are C·H·W means. Right, a whole slice is orange: one channel of all images
# and all pixels; there are C means.
#
# *Mean image*: every pixel of every channel is a feature of its own, as in section 1. *Per channel*: a pixel at the top
# left is no different from one in the middle, so all of them share one mean. Per channel has fewer numbers to remember,
# does not care where an object happens to be in the training images, and fits images of other sizes.
#
# ### Convention card
#
# | question | here | who else | who differs |
# | --- | --- | --- | --- |
# | place of the channels | $(N, C, H, W)$ | PyTorch | TensorFlow and image files: $(N, H, W, C)$ |
# | divide? | no | AlexNet, VGG | torchvision's recipes divide by a standard deviation per channel as well |
# | whose mean | the training images' | all | |
#
# **A trap.** Images come as `uint8`: whole numbers from 0 to 255 that know no others. In that world $3 - 5 = 254$.
#
# ### Exercise: `image_mean_subtract` (3 points)
#
# *Difficulty 1 of 4, about 10 minutes.*


# %% exercise="image_mean_subtract" points=3
def image_mean_subtract(train, x, mode):
    """Subtract the mean of the training images from the images x.

        "mean_image":   one mean per channel and pixel, over the N training images
        "per_channel":  one mean per channel, over images and pixels of the training images

    torch's batch_norm, layer_norm, group_norm and instance_norm are switched off while this is checked.

    Args:
        train: (N, C, H, W) array, float or integer, also uint8 (whole numbers from 0 to 255). It is not changed.
        x: (M, C, H, W) array of the same kinds. It is not changed.
        mode: "mean_image" or "per_channel".

    Returns:
        (M, C, H, W) array of floats. Its values keep the unit of x: nothing is divided.

    Raises:
        ValueError: the mode is unknown, or x and train differ in (C, H, W), in either mode and even where they would
            broadcast. The message names mode, or x or train.
    """
    ### BEGIN SOLUTION
    axes = {"mean_image": 0, "per_channel": (0, 2, 3)}
    if mode not in axes:
        raise ValueError(f'mode must be "mean_image" or "per_channel", got {mode!r}')
    if x.shape[1:] != train.shape[1:]:
        raise ValueError(f"x has images of shape {x.shape[1:]}, those of train have {train.shape[1:]}")
    mean = np.mean(train, axis=axes[mode], keepdims=True, dtype=float)
    return np.asarray(x, dtype=float) - mean
    ### END SOLUTION


# %% check="image_mean_subtract"
check("image_mean_subtract")

# %% [markdown]
# ## 4 · Whitening: the correlations, too
#
# Standardized features have variance 1 each, and may still be as correlated as before: neighbouring pixels show almost
# the same. **Whitening** goes one step further and makes the covariance matrix the identity: every feature has variance
# 1, *and* any two have covariance 0. (The word is often used for plain standardizing. That is wrong by exactly this
# step.)
#
# ### Derivation
#
# Let $\Sigma = \frac1N \sum_n (x_n - \mu)(x_n - \mu)^\top$ be the covariance matrix. We look for a matrix $W$ such
# that $z = W (x - \mu)$ has covariance $W \Sigma W^\top = I$.
#
# **Step 1.** $\Sigma$ is symmetric, so $\Sigma = V \Lambda V^\top$ with orthonormal eigenvectors in the columns of $V$
# and eigenvalues $\lambda_i \ge 0$ in the diagonal matrix $\Lambda$. In the coordinates $V^\top (x-\mu)$, the *principal
# axes*, the covariance is $\Lambda$: no correlation any more.
#
# **Step 2.** Divide each axis by its deviation $\sqrt{\lambda_i}$. With $W = \Lambda^{-1/2} V^\top$ the covariance is
# the identity. This is *PCA whitening*.
#
# **Step 3.** We are not done, because the solution is not unique: rotate white data and they stay white. For any
# orthogonal $Q$, $(QW)\Sigma(QW)^\top = Q Q^\top = I$. PCA whitening returns numbers along principal axes, and the
# result is no longer an image. Rotating back with $V$ gives
#
# $$ W = V \Lambda^{-1/2} V^\top, $$
#
# which is symmetric, and among all whitening matrices the one whose $z$ stays **nearest** to $x - \mu$ in mean squared
# distance. Each $z_j$ is a repaired version of $x_j$, and a digit remains a digit. This is **ZCA**.
#
# **Step 4.** Some eigenvalues are tiny or 0: a corner pixel that is black in all images. Dividing by
# $\sqrt{\lambda_i}$ would blow up whatever little noise is there. So a number $\varepsilon$ is added to the
# *eigenvalues*, under the root:
#
# $$ W = V (\Lambda + \varepsilon I)^{-1/2}\, V^\top, \qquad
# \text{covariance of } z:\; V\,\mathrm{diag}\!\left(\frac{\lambda_i}{\lambda_i + \varepsilon}\right) V^\top . $$
#
# Directions with $\lambda_i \gg \varepsilon$ become white, those with $\lambda_i \ll \varepsilon$ are left small.
#
# ### By hand
#
# Four rows $(3, 3)$, $(-3, -3)$, $(1, -1)$, $(-1, 1)$, mean 0, $\varepsilon = 0$:
#
# $$
# \Sigma = \frac14 \begin{pmatrix} 20 & 16 \\ 16 & 20 \end{pmatrix}
#        = \begin{pmatrix} 5 & 4 \\ 4 & 5 \end{pmatrix}, \qquad
# \lambda = 9 \text{ along } \tfrac{1}{\sqrt2}(1, 1), \quad \lambda = 1 \text{ along } \tfrac{1}{\sqrt2}(1, -1) .
# $$
#
# $W$ has the same axes with factors $1/3$ and $1$. So $W_{11} = \frac12(\frac13 + 1) = \frac23$,
# $\;W_{12} = \frac12(\frac13 - 1) = -\frac13$, and the row $(3, 3)$ becomes $(1, 1)$ while $(1, -1)$ stays where it is.
#
# ### The idea in one picture

# %% tags=["experiment"]
fit, transform = use("fit_standardizer"), use("apply_standardizer")
whitening, whiten = use("zca_fit"), use("zca_apply")
rng = np.random.default_rng(2)
cloud = rng.normal(size=(300, 2)) @ np.array([[2.0, 0.9], [0.0, 0.45]])
cloud -= cloud.mean(axis=0)
corner = np.array([[3.0, 1.2]])  # one point to follow
zca = whitening(cloud, eps=0.0)
turn = np.linalg.eigh(np.cov(cloud.T))[1][:, ::-1]
pictures = {
    "centred": (cloud, corner),
    "standardized": (transform(cloud, fit(cloud)), transform(corner, fit(cloud))),
    "PCA whitening": (whiten(cloud, zca) @ turn, whiten(corner, zca) @ turn),
    "ZCA": (whiten(cloud, zca), whiten(corner, zca)),
}
fig, axes = plt.subplots(1, 4, figsize=(12, 3.3), sharex=True, sharey=True)
for ax, (name, (points, mark)), color in zip(axes, pictures.items(), ("black", "blue", "orange", "red"), strict=True):
    ax.plot(*points.T, ".", color=COLORS[color], alpha=0.45)
    ax.plot(*mark.T, "*", color="black", markersize=15, markeredgecolor="white")
    correlation = np.corrcoef(points.T)[0, 1]
    ax.set(
        title=f"{name}\ncorrelation {abs(correlation):.2f}",
        xlabel="feature 1",
        aspect="equal",
        xlim=(-6, 6),
        ylim=(-4, 4),
    )
axes[0].set_ylabel("feature 2")
plt.show()

# %% [markdown]
# Figure: the same 300 points four times, one of them marked by a star. Centred: a long tilted cloud. Standardized: both
# features equally wide, the cloud still tilted, correlation 0.9. PCA whitening: a round cloud, but turned, so that the
# star has left its place at the upper right. ZCA: a round cloud with the star still at the right.
#
# ### Convention card
#
# | question | here | who differs |
# | --- | --- | --- |
# | covariance | divided by $N$ | `np.cov` divides by $N-1$ unless told otherwise |
# | ε | added to the eigenvalues, under the root; default 0.1, for pixels in [0, 1] | values from $10^{-6}$ to 0.1 are in use, and for pixels from 0 to 255 it would have to be $255^2$ times larger: ε has the unit of a variance |
# | rotation | ZCA: rotated back | scikit-learn's `PCA(whiten=True)`: not rotated back, no ε, divides by $N-1$ |
# | fewer rows than features | fine if ε > 0: directions without variance have λ = 0 | an economy-size SVD leaves them out, and $W$ then deletes them |
# | rows | $z = W(x-\mu)$ for a column $x$; with rows in a matrix `(X - mean) @ W.T` | |
#
# ### Exercise: `zca_fit` and `zca_apply` (5 points, extension)
#
# *An extension: it may be left out without missing anything later. Difficulty 3 of 4, about 25 minutes.*


# %% exercise="zca_whiten" points=5
def zca_fit(X, eps=0.1):
    """Measure the whitening that stays nearest to the data (ZCA).

        Sigma = (1 / N) sum_n (x_n - mean) (x_n - mean)^T = V diag(lam) V^T
        W     = V diag(1 / sqrt(lam + eps)) V^T

    The columns of V are the eigenvectors of Sigma, lam its eigenvalues. Sigma divides by N (biased). N may be smaller
    than D: all D eigenvalues count, those that are 0 too.

    Args:
        X: (N, D) array of training rows, float or integer. It is not changed.
        eps: A number >= 0, added to the eigenvalues, which are variances.

    Returns:
        A dict with the keys "mean" (D,) and "W" (D, D).

    Raises:
        ValueError: eps is negative, or the smallest eigenvalue of Sigma plus eps is at most 1e-12, so that some
            direction cannot be whitened. The message names eps or X.
    """
    ### BEGIN SOLUTION
    X = np.asarray(X, dtype=float)
    if eps < 0:
        raise ValueError(f"eps must be at least 0, got {eps}")
    mean = X.mean(axis=0)
    Sigma = np.cov(X, rowvar=False, bias=True).reshape(len(mean), len(mean))
    lam, V = np.linalg.eigh(Sigma)
    if lam.min() + eps <= 1e-12:
        raise ValueError(f"eps = {eps} is too small: X has no variance in some direction")
    return {"mean": mean, "W": V @ np.diag(1 / np.sqrt(lam + eps)) @ V.T}
    ### END SOLUTION


def zca_apply(X, st):
    """Whiten rows, old or new, with what was measured on the training rows: z = W (x - mean) for every row x.

    Args:
        X: (M, D) array, float or integer. It is not changed. A single row is fine.
        st: What zca_fit returned. It is not changed. The checks pass a correct one whether or not your zca_fit works.

    Returns:
        (M, D) array.
    """
    ### BEGIN SOLUTION
    return (np.asarray(X, dtype=float) - st["mean"]) @ st["W"].T
    ### END SOLUTION


# %% check="zca_whiten"
check("zca_whiten")

# %% [markdown]
# ### Experiment E01c: whitened digits
#
# 997 handwritten digits of 8 × 8 pixels with values in [0, 1], so $D = 64$. We look at the pictures, at the eigenvalues
# of the covariance before and after, at the distance of the whitened digits from the centred ones, and at what happens
# to *new* digits, which had no part in $\Sigma$. Five seeds (splits of the data).

# %% tags=["experiment"]
whitening, whiten = use("zca_fit"), use("zca_apply")


def spectrum(rows):
    return np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1]


after, new_after, distances = {}, {}, {}
for seed in range(5):
    split = digits(997, seed)
    old, new = split.train[0].astype(float), split.test[0].astype(float)
    centred = old - old.mean(axis=0)
    axes_of_data = np.linalg.eigh(np.cov(old.T))[1]
    for eps in (0.1, 1e-3, 1e-5):
        st = whitening(old, eps=eps)
        z = whiten(old, st)
        after.setdefault(eps, []).append(spectrum(z))
        new_after.setdefault(eps, []).append(spectrum(whiten(new, st)))
        # White data may be turned: this turns them into the principal axes, which is PCA whitening.
        distances.setdefault(eps, []).append([np.linalg.norm(y - centred) for y in (z, z @ axes_of_data)])
after, new_after, distances = ({k: np.array(v) for k, v in d.items()} for d in (after, new_after, distances))

fig = plt.figure(figsize=(12, 4))
pictures, curve = fig.subfigures(1, 2, width_ratios=(1.15, 1))
st = {eps: whitening(old, eps=eps) for eps in (0.1, 1e-5)}
rows_of_pictures = {
    "pixels": old[:7],
    "ZCA, ε = 0.1": whiten(old[:7], st[0.1]),
    "ZCA, ε = 10⁻⁵": whiten(old[:7], st[1e-5]),
    "PCA, ε = 0.1": whiten(old[:7], st[0.1]) @ axes_of_data[:, ::-1],
}
grid = pictures.subplots(4, 7)
for line, (name, images) in zip(grid, rows_of_pictures.items(), strict=True):
    for ax, image in zip(line, images, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray")
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
ax = curve.subplots()
number = np.arange(1, 65)
ax.plot(number, np.maximum(spectrum(old), 1e-9), color="black", marker="", label="before")
for (eps, spectra), color in zip(after.items(), ("red", "orange", "blue"), strict=True):
    mean_with_spread(ax, number, np.maximum(spectra, 1e-9), label=f"after, ε = {eps:g}", color=COLORS[color], marker="")
ax.set(
    yscale="log", ylim=(1e-6, 3), xlabel="number of the eigenvalue, largest first", ylabel="variance along that axis"
)
ax.set_title("The covariance of the training digits")
ax.legend(fontsize=9, loc="lower left")
plt.show()

print(f"distance from the centred digits (Frobenius norm; their own norm is {np.linalg.norm(centred):.1f})")
for eps, pairs in distances.items():
    print(f"  eps {eps:<7g} ZCA {pairs[:, 0].mean():6.1f}   PCA {pairs[:, 1].mean():6.1f}")
largest = after[0.1][:, 0]
claim(
    "With eps = 0.1 the largest variance afterwards is 0.875, not 1", largest, holds=np.all(abs(largest - 0.875) < 0.01)
)
nearer = distances[0.1][:, 1] / distances[0.1][:, 0]
claim("PCA whitening moves the digits at least twice as far as ZCA", nearer, holds=np.all(nearer > 2), unit="times")
new_large = new_after[1e-5][:, 0]
claim("With eps = 1e-5 some direction of new digits has a variance above 2", new_large, holds=np.all(new_large > 2))
new_large = new_after[0.1][:, 0]
claim("With eps = 0.1 none has", new_large, holds=np.all(new_large < 2))

# %% [markdown]
# Figure: left, seven digits in four rows. Pixels: soft grey strokes. ZCA with ε = 0.1: the same digits with sharper
# strokes and bright and dark edges. ZCA with ε = 10⁻⁵: grainy, the digits can just be made out. PCA whitening: noise
# to the eye, no digit can be recognised. Right, eigenvalues from the largest to the smallest on a logarithmic axis:
# before, they fall from 0.7 over five orders of magnitude; after whitening with ε = 10⁻⁵ they are 1 for more than 50
# directions; with ε = 10⁻³ they start to fall earlier; with ε = 0.1 they start at 0.875 and fall, more
# gently than before at first.
#
# **What to notice.**
#
# - **ε decides how white white is.** The largest eigenvalue of the digits is about 0.7, so with ε = 0.1 it becomes
#   0.7/0.8 = 0.875. The smallest ones, about 0.001, become 0.01: not white at all, and on purpose.
# - **ZCA emphasizes edges**: what a pixel shares with its neighbours is taken out, what distinguishes it is enlarged.
# - PCA and ZCA results carry the same information, one is a rotation of the other. For a network that mixes all pixels
#   anyway, the difference is small; for anything that uses the neighbourhood of pixels, as a convolution does, PCA
#   whitening destroys what it needs.
# - **Small variances are badly measured.** With ε = 10⁻⁵, new digits have directions whose variance is 3 to 16 where it
#   should be 1: pixels that were almost constant in 997 training digits were not quite constant in the others. ε is a
#   regularizer.

# %% [markdown]
# ### Experiment E01d: a preprocessing race, and what it measures
#
# 300 training digits, a network with 128 ReLUs, 15 epochs of plain SGD with batches of 32. The only difference is what
# was done to the pixels: raw values from 0 to 255; the same in [0, 1]; minus the mean image; ZCA with ε = 0.1; and
# standardized. First **with the same learning rate for all**, 0.02, as such races are usually run.
#
# Then a second question. The learning rate that suits a network depends on the size of its inputs. So we repeat the
# race with six learning rates, and add one more runner: minus the mean image, and then everything multiplied by **one
# number**, so that an image has the same mean square as a standardized one. That changes no relation between pixels at
# all. Three seeds.

# %% tags=["experiment"]
fit, transform = use("fit_standardizer"), use("apply_standardizer")
whitening, whiten, subtract_mean = use("zca_fit"), use("zca_apply"), use("image_mean_subtract")
RATES = 0.02 * 4.0 ** np.arange(-2, 4)
LOOKS = {
    "0 to 255": ("black", "X"),
    "0 to 1": ("purple", "D"),
    "minus mean image": ("green", "^"),
    "ZCA": ("orange", "v"),
    "standardized": ("blue", "o"),
    "mean image, times one number": ("red", "s"),
}


def prepared(seed):
    """Training and test digits, prepared in six ways; all statistics are those of the 300 training digits."""
    split = digits(300, seed, images=True)
    old, new = (part[0].astype(float) for part in (split.train, split.test))
    flat, flat_new = old.reshape(len(old), -1), new.reshape(len(new), -1)
    st, zca = fit(flat), whitening(flat, eps=0.1)
    centred = [subtract_mean(old, images, "mean_image").reshape(len(images), -1) for images in (old, new)]
    standardized = [transform(rows, st) for rows in (flat, flat_new)]
    factor = np.sqrt((standardized[0] ** 2).mean() / (centred[0] ** 2).mean())
    pairs = {
        "0 to 255": (255 * flat, 255 * flat_new),
        "0 to 1": (flat, flat_new),
        "minus mean image": centred,
        "ZCA": (whiten(flat, zca), whiten(flat_new, zca)),
        "standardized": standardized,
        "mean image, times one number": [factor * rows for rows in centred],
    }
    labels = split.train[1], split.test[1]
    return {
        name: [(rows.astype(np.float32), y) for rows, y in zip(pair, labels, strict=True)]
        for name, pair in pairs.items()
    }


def race(data, lr, seed, after_epoch=None):
    """The trained network, and what after_epoch returned after each epoch."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    return net, train(net, data[0], 15, batch_size=32, lr=lr, momentum=0, after_epoch=after_epoch, seed=seed)


def history(data, seed):
    """Test accuracy after each epoch at learning rate 0.02."""
    return race(data, 0.02, seed, after_epoch=lambda net: evaluate(net, data[1])[1])[1]


def final(data, lr, seed):
    """Test accuracy at the end."""
    return evaluate(race(data, lr, seed)[0], data[1])[1]


@torch.no_grad()
def dead_units(images, labels, seed):
    """Share of the hidden ReLUs that are 0 for all training digits, after training with learning rate 0.01."""
    with torch.enable_grad():
        net = race([(images, labels)], 0.01, seed)[0]
    return (net[0](torch.as_tensor(images)) <= 0).all(dim=0).double().mean().item()


inputs = [prepared(seed) for seed in range(3)]
by_epoch = {name: np.array([history(inputs[s][name], s) for s in range(3)]) for name in LOOKS}
by_rate = {name: np.array([[final(inputs[s][name], lr, s) for lr in RATES] for s in range(3)]) for name in LOOKS}
raw = [inputs[seed]["0 to 255"][0] for seed in range(3)]
dead = np.array([dead_units(*raw[seed], seed) for seed in range(3)])
dead_centred = np.array([dead_units(raw[seed][0] - raw[seed][0].mean(axis=0), raw[seed][1], seed) for seed in range(3)])

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), sharey=True)
for name, (color, marker) in LOOKS.items():
    if name != "mean image, times one number":
        mean_with_spread(left, np.arange(1, 16), by_epoch[name], label=name, color=COLORS[color], marker=marker)
    mean_with_spread(right, RATES, by_rate[name], label=name, color=COLORS[color], marker=marker)
left.set(xlabel="epoch", ylabel="test accuracy", title="The race: learning rate 0.02 for all", ylim=(0, 1))
right.axvline(0.02, color="0.6", linestyle=":", marker="")
right.set(xscale="log", xlabel="learning rate", title="After 15 epochs, by learning rate")
fig.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

best = {name: runs.max(axis=1) for name, runs in by_rate.items()}
print(f"{'accuracy after 15 epochs':30} lr 0.02   best of six   (at lr)")
for name, runs in by_rate.items():
    mean = runs.mean(axis=0)
    print(f"{name:30} {by_epoch[name][:, -1].mean():.3f}     {mean.max():.3f}         ({RATES[mean.argmax()]:g})")
lead = by_epoch["standardized"][:, -1] - by_epoch["0 to 1"][:, -1]
claim("At lr 0.02, standardized beats [0, 1] by more than 0.15", lead, holds=np.all(lead > 0.15))
lead = by_epoch["standardized"][:, -1] - by_epoch["ZCA"][:, -1]
claim("At lr 0.02, standardized beats ZCA although its features are correlated", lead, holds=np.all(lead > 0.05))
lead = by_epoch["standardized"][:, -1] - by_epoch["mean image, times one number"][:, -1]
claim("At lr 0.02, standardized beats one number for all pixels", lead, holds=np.all(lead > 0))
lead = best["standardized"] - np.maximum(best["ZCA"], best["minus mean image"])
claim("Standardized also leads when each has its best learning rate", lead, holds=np.all(lead > 0))
lead = best["minus mean image"] - best["0 to 255"]
claim("Raw 0 to 255 stays behind at its best learning rate", lead, holds=np.all(lead > 0.02))
claim("0 to 255 at lr 0.01: more than half of the ReLUs are dead", dead, holds=np.all(dead > 0.5), unit="of 128 units")
claim("0 to 255 minus the mean image at lr 0.01: none is", dead_centred, holds=np.all(dead_centred == 0))

# %% [markdown]
# Figure: left, test accuracy over 15 epochs at learning rate 0.02: standardized climbs to 0.82, ZCA to 0.65, minus mean
# image and [0, 1] to about 0.5, raw 0 to 255 stays at 0.1. Right, accuracy after 15 epochs against the learning rate,
# logarithmic: five of the six curves climb to between 0.9 and 0.96 and differ in where they do it; standardized and the
# mean image times one number run close together, the latter always a little higher; [0, 1] falls at the largest rate;
# raw 0 to 255 is at 0.86 for the two smallest rates and at 0.1 from 0.02 on. Bands show one standard deviation over three
# seeds.
#
# **What to notice.**
#
# - **The race at one learning rate is reproduced, and it misleads.** Standardized wins by a wide margin, also against
#   ZCA, whose features are not correlated. It is tempting to conclude that dividing every pixel by its own deviation is
#   what helps. But the red curve does no such thing. It multiplies all pixels by the *same* number, and does better still.
# - **What helped was size.** If the inputs are $c$ times larger, so is the gradient of the first layer's weights, and a
#   change of these weights moves the layer's output $c$ times further: together the layer learns $c^2$ times faster, as
#   if its learning rate were $c^2$ times larger. Standardized images have about 13 times the mean square of centred ones,
#   and 0.02 was too small for the latter.
# - **With a learning rate of its own, each of the centred versions gets to about 0.94 or 0.95**, and standardizing is not
#   the best of them. All pixels have the same unit to begin with; dividing by their own deviations enlarges border pixels
#   that are nearly constant, and most of what those show is noise. Compare E01a and E01b, where units did differ: there,
#   dividing was what counted.
# - **Raw 0 to 255 never catches up** in these 15 epochs, and its mean is a good part of the reason. All its inputs are
#   positive and large, so one step that lowers the weights of a unit lowers its output for *every* digit, and a ReLU that
#   is 0 for every digit receives no gradient any more. At learning rate 0.01 nine tenths of the units have died. Subtract
#   the mean image, leave the scale as it is, and none dies. The same shows at the other end: at the largest rate [0, 1]
#   breaks down in some seeds, while the mean image is at its best.
# - A confession: "best of six" was picked by looking at the test accuracy. For seeing what is possible that will do; a
#   report would have to pick with validation data (W01a).
# - What standardizing does buy is **robustness**: inputs of size 1 are what the usual initial weights and the usual
#   learning rates were made for. A race between methods at one fixed learning rate measures who happens to suit it.

# %% [markdown]
# ## 5 · When the data do not fit: merging moments
#
# A mean over a million images, stored in a hundred files, on ten machines. Nobody loads them at once. Each part $k$ can
# report three things about its rows: how many there are, $n_k$, their mean $\mu_k$ and their variance $\sigma_k^2$
# (divided by $n_k$). From these alone the mean and the variance of **all** rows follow, exactly.
#
# The mean is the easy half: a part speaks for $n_k$ rows. For the variance, ask how far a row $x$ of part $k$ is from
# the mean $\mu$ of all rows. On average over the part,
#
# $$ \frac{1}{n_k}\sum_{x \in k} (x - \mu)^2
#    = \frac{1}{n_k}\sum_{x \in k} \bigl( (x - \mu_k) + (\mu_k - \mu) \bigr)^2 = \;? $$
#
# Multiply out; one of the three terms is zero, because deviations from a mean add up to zero. What remains says that
# there are two sources of variance, *inside* the parts and *between* them. Averages of variances alone forget the
# second: two parts that are constant, one at 1 and one at 5, have variance 0 each and 4 together.
#
# ### Large means, small variances
#
# There is a well-known shortcut, $\sigma^2 = \overline{x^2} - \mu^2$. On paper it is right. In a computer, numbers carry
# about 16 digits. With a mean of a million, both terms are about $10^{12}$, so their last digit is worth $10^{-4}$, and
# a variance of 0.01 disappears in it:

# %% tags=["experiment"]
rng = np.random.default_rng(0)
print("mean     variance by definition   mean square minus squared mean")
for place in (0.0, 1e3, 1e6, 1e8):
    numbers = place + 0.1 * rng.normal(size=1000)
    print(
        f"{place:7.0e}  {np.mean((numbers - numbers.mean()) ** 2):22.8f}   {np.mean(numbers**2) - numbers.mean() ** 2:30.8f}"
    )

# %% [markdown]
# **What to notice.** At $10^6$ only the first digit survives, at $10^8$ the shortcut gives nonsense, and may even be
# negative, so that its root is nan. Temperatures in kelvin, prices, time stamps: real features look like this. Subtract
# first, square afterwards.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | variance | biased, divided by $n_k$ and by $n$ | with $n_k - 1$ the formula has other factors |
# | order of the parts | does not matter | one-at-a-time updates (Welford, Chan) give the same up to rounding |
# | running averages | are something else: they forget | batch norm's running statistics (notebook 02) weigh recent batches more, and ignore the spread between batches |
#
# ### Exercise: `merge_moments` (4 points)
#
# *Difficulty 2 of 4, about 20 minutes.*


# %% exercise="merge_moments" points=4
def merge_moments(parts):
    """Number, mean and variance of all rows together, from those of parts of them.

    The result is exactly what np.mean and np.var (divided by the number of rows) would give for all rows in one array,
    in whichever order the parts come. It is accurate too where the means are large: with means near 1e6 and variances
    near 1, the variance still has six correct digits.

    Args:
        parts: List of tuples (n_k, mean_k, var_k): the number of rows of part k, an integer >= 1, their mean and their
            variance divided by n_k, arrays of shape (D,). A part may hold a single row. Nothing of it is changed.

    Returns:
        (n, mean, var): a whole number and two arrays of shape (D,).

    Raises:
        ValueError: parts is empty, or an n_k is not positive. The message names parts (or n).
    """
    ### BEGIN SOLUTION
    if len(parts) == 0:
        raise ValueError("parts is empty")
    for n_k, _, _ in parts:
        if n_k <= 0:
            raise ValueError(f"every n in parts must be positive, got {n_k}")
    sizes, means, variances = (np.asarray(column) for column in zip(*parts, strict=True))
    n = sizes.sum()
    mean = (sizes[:, None] * means).sum(axis=0) / n
    within = (sizes[:, None] * variances).sum(axis=0) / n
    between = (sizes[:, None] * (means - mean) ** 2).sum(axis=0) / n
    return int(n), mean, within + between
    ### END SOLUTION


# %% check="merge_moments"
check("merge_moments")

# %% [markdown]
# ## 6 · Two questions in words

# %% [markdown] question="W01a" points=4
# **W01a (4 points).** A colleague standardizes a table of $N = 20$ rows, then splits it into 16 rows for training and 4
# for testing. (a) What leaks from where to where, and what should she have done? (b) How large is the effect on the mean
# of a feature, typically, in units of its standard deviation σ? And if one of the test rows is an outlier, 10 σ away
# from the mean of the others, what happens to mean and deviation? (c) Name two more things, besides μ and σ, that are
# chosen or measured before training and are *part of the model* in the same sense.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) Mean and deviation were computed with the test rows, so the training data were transformed with
# knowledge of the test data, and the test rows were moved towards 0 by themselves. The test score no longer says how the
# model treats rows that nobody has seen. Right: split first, fit on the 16 training rows, apply these statistics to both
# parts (and inside cross-validation: fit anew in every fold).
#
# (b) The mean of all 20 is the mean of the 16 plus $\frac{4}{20}(\mu_{\text{test}} - \mu_{\text{train}})$. The
# difference of the two means has the standard deviation $\sigma\sqrt{1/4 + 1/16} = 0.56\,\sigma$, so the shift is
# typically $0.2 \cdot 0.56\,\sigma = 0.11\,\sigma$: not much. With one outlier at $10\,\sigma$: the mean moves by
# $10\,\sigma/20 = 0.5\,\sigma$, and by the formula for merging 19 rows and 1 row the variance becomes
# $\frac{19}{20}\sigma^2 + \frac{19 \cdot 1}{20^2}\,(10\,\sigma)^2 = 5.7\,\sigma^2$, so the deviation is 2.4 σ and all
# training rows are squeezed to less than half of their width. And the outlier itself then looks like
# $9.5/2.4 = 4$ deviations instead of 10. With thousands of rows the effect of standardizing is negligible; steps that
# measure more (whitening with D near N, choosing features by their correlation with the label) leak far more.
#
# (c) Any two of: which features were selected and how; the value that fills in missing entries; the vocabulary or the
# coding of categories; limits for clipping outliers; min and max; the whitening matrix and its ε; the mean image; image
# size and cropping; the learning rate and number of epochs, if they were chosen with these data; the decision to take a
# logarithm.
#
# **Rubric.** (a) 1 point: direction of the leak and the right order. (b) 1 point for a size of about 0.1 σ with a reason
# (accept 0.05 to 0.2); 1 point for the outlier: mean by half a σ *and* deviation more than doubled (half a point for
# one of the two). (c) 1 point for two valid examples.
# ### END SOLUTION

# %% [markdown] question="W01b" points=4
# **W01b (4 points).** Each of these three sentences can be found in teaching material. Correct each, and give a
# counterexample (numbers, or a small data set) that shows the mistake. (i) "Bringing the features to zero mean and unit
# variance is called whitening." (ii) "To scale a feature to the range from 0 to 1, compute $(x - m)/(\max - \min)$, where
# $m$ is the mean." (iii) "After standardization each data point mimics a standard normal distribution, so that none of
# them has a bias."
#
# ### BEGIN SOLUTION
# **Model answer.** (i) That is standardizing. Whitening also makes the features uncorrelated (covariance matrix = I).
# Counterexample: rows (1, 1) and (−1, −1): both features have mean 0 and variance 1, their covariance is 1, not 0.
#
# (ii) That is mean normalization: mean 0, width 1, values inside (−1, 1). For [0, 1] subtract the minimum. Counterexample:
# 0, 1, 2 gives −0.5, 0, 0.5.
#
# (iii) Two mistakes. A single data point has no distribution; it is the values of a *feature*, over the data, that have
# mean 0 and variance 1. And the shape of their distribution does not change, since the map is a straight line: 0, 0, 0, 4
# becomes −0.58, −0.58, −0.58, 1.73, still one value far from three equal ones, and no normal distribution. A data point may
# lie anywhere: (4, 4, 4) in such data becomes (1.73, 1.73, 1.73), above average in every feature.
#
# **Rubric.** 1 point each for (i) and (ii): correct statement with a counterexample (half a point without one). (iii) 2
# points: one for "features, not points, have mean 0", one for "the shape stays", at least one of them with a
# counterexample (otherwise half a point less).
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **`fit_standardizer` and `apply_standardizer`**: measured once on training data, used for ever. Batch normalization
#   (notebook 02) measures anew in every step of training, and has to decide what to remember for the day when a single
#   image arrives.
# - **`merge_moments`**: pooled statistics of batches in notebook 02, and batch norm on several devices in notebook 04.
# - **Axes.** Mean image or per channel: the same choice returns as batch, layer, instance and group norm (notebook 04).
# - **The condition number** of the second-derivative matrix sets the pace of gradient descent. It returns with early
#   stopping and weight decay (notebooks 06 to 08), where going slowly in flat directions turns out to be useful.
# - **Eigenvectors of a covariance**: notebook 09 uses those of the colours to change the light in a picture.
# - And a habit: before you believe a race, ask whether every runner had the learning rate that suits it.
#
# **Next**: [02 · Batch normalization: mechanics](../02_batch_norm/02_batch_norm.ipynb).


# %%
progress()
