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
# A model that is free enough to fit its data is free enough to fit their noise. **Regularization** is any method that
# keeps it from doing so, or that helps the optimization on its way: a wide definition, and most of this course falls
# under it. This notebook is about its oldest and smallest form, which changes nothing about the model and only says
# *large weights are suspicious*. It is one line of code in every optimizer, usually called `weight_decay`.
#
# One line, but whose? A statistician says that it is a prior, an engineer that weights leak a little at every step. One
# text bounds the weights, another fines them, a third adds noise and never mentions weights at all. They are often said
# to be the same. Some are, exactly, and you will prove it; some are the same only for plain gradient descent, or only
# for linear models, or only for convex losses; and some famous sentences about it are wrong. The aim is to know which
# is which.
#
# By the end you will be able to
#
# 1. turn a prior into a penalty, a penalty into a bound, and noise into a penalty, **with the right factor**;
# 2. explain why L1 gives zeros and L2 does not, and write the step that produces them;
# 3. say what the number `weight_decay=0.01` means in SGD, in SGD with momentum, in Adam and in AdamW (four different
#    things), and what it means in front of batch norm (a fifth);
# 4. recognize when a statement about penalties needs a convex loss, a linear model or a residual of zero.
#
# **You need**: NumPy, gradient descent, notebooks [00](../00_workshop/00_workshop.ipynb) and
# [02](../02_batch_norm/02_batch_norm.ipynb); one experiment of section 4 goes on from notebook
# [03](../03_batch_norm_why/03_batch_norm_why.ipynb), one of section 6 uses the dropout of notebook
# [05](../05_dropout/05_dropout.ipynb). **Time**: about 4 hours. **Points**: 43 for code in eight exercises, 9 for two
# questions in words. Exercises marked *extension* can be left out without losing the thread.
#
# The rules of notebook 02 hold: arguments are left as they were, whole numbers and float32 are welcome, and bad input
# is refused with a `ValueError` that names the argument. `hint("map_ridge")` gives the next of three hints.

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · A prior
#
# There are two ways against overfitting. One is **more data**. The other is to **throw away hypotheses**: to allow
# fewer functions, so that a good fit means something.
#
# | how hypotheses are restricted | where |
# | --- | --- |
# | fewer parameters (a lower degree, a smaller network) | the first figure below |
# | *classical*: small parameters, by a prior, a bound or a penalty | this notebook |
# | *other*: noise, stopping early, averaging many models, more data made from the old ones | this notebook and 05, 06, 08 to 10 |
#
# The classical way in the words of probability: before you see data, some weights are more believable than others, and
# that belief is a distribution $p(\theta)$, the **prior**. Data $D$ come with a probability $p(D \mid \theta)$, the
# **likelihood**. Bayes' rule says what to believe afterwards:
#
# $$ \underbrace{p(\theta \mid D)}_{\text{posterior}}
#    = \frac{p(\theta)\; p(D \mid \theta)}{p(D)} . $$
#
# The whole posterior is the honest answer. If you have to name *one* $\theta$, take the most probable one, the
# **maximum a posteriori** or MAP estimate. $p(D)$ does not depend on $\theta$, and the logarithm is monotonic, so
#
# $$ \theta_\text{MAP} = \operatorname*{arg\,max}_\theta \bigl[\, \log p(\theta) + \log p(D \mid \theta) \,\bigr]
#    = \operatorname*{arg\,min}_\theta \bigl[\, \underbrace{-\log p(D \mid \theta)}_{\text{loss}}
#    \; \underbrace{-\log p(\theta)}_{\text{penalty}} \,\bigr] . $$
#
# One `max`, over the **sum**. (You will meet it written with a `max` in front of the prior alone. W07a asks what is
# wrong with that.)
#
# For linear regression $t_n = x_n \cdot w + \text{noise}$ with Gaussian noise of variance $\sigma^2$ and a Gaussian
# prior $w \sim N(0, \tau^2 I)$ both logarithms are squares, and all constants can be dropped:
#
# $$ w_\text{MAP} = \operatorname*{arg\,min}_w
#    \;\frac{1}{2\sigma^2}\sum_n (t_n - x_n\cdot w)^2 + \frac{1}{2\tau^2}\lVert w \rVert^2 . $$
#
# That is **ridge regression**. Multiply by $2\sigma^2$ to read off the λ of the sum of squares, divide by the number of
# data for the mean of squares; set the gradient to zero for the solution.
#
# ### By hand, and to be kept
#
# One weight, two data points: $x = (1, 2)$, $t = (2, 2)$. The loss is $(2-w)^2 + (2-2w)^2$, with $\sum x^2 = 5$ and
# $\sum xt = 6$. Least squares says $w = 6/5 = 1.2$. Let $\sigma^2 = 1$.
#
# | prior variance τ² | λ for the sum, $\sigma^2/\tau^2$ | λ for the mean | $w_\text{MAP} = 6/(5 + \lambda_\text{sum})$ |
# | --- | --- | --- | --- |
# | ∞ | 0 | 0 | 1.2 |
# | 1 | 1 | 0.5 | 1.0 |
# | 0.2 | 5 | 2.5 | **0.6** |
#
# A narrow prior pulls harder. Keep the 0.6: we will find the same 0.6 as a bound, as a resting point of weight decay
# and as the answer to noisy inputs, and each time with another number in front.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | the penalty | in sections 1, 2, 7 and 9 $\lambda\lVert w\rVert^2$, without ½; sections 3 to 5 have the ½ | $\frac\alpha2\lVert w\rVert^2$ in many texts, with half the gradient: $\alpha = 2\lambda$. Always look for the ½ |
# | sum or mean of squares | both, you are told which | the λ differ by the factor $n$; scikit-learn's `Ridge` means the sum, its `Lasso` half the mean |
# | the intercept | penalized like the rest: the prior says so | most libraries leave it out, which amounts to a flat prior for it |
# | powers | $1, x, \dots, x^M$, lowest first | `np.vander` puts the highest first |
#
# ### Exercise: `map_ridge` (6 points)
#
# Three functions: `poly_design` makes the powers of $x$, `map_linear_gaussian` the most probable weights, and
# `equivalent_lambda` the number for a library that speaks of penalties.
#
# *Difficulty 3 of 4, about 25 minutes.*


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
    for name, value in (("noise_var", noise_var), ("prior_var", prior_var)):
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
    X, t = np.asarray(X, dtype=float), np.asarray(t, dtype=float)
    return np.linalg.solve(X.T @ X + noise_var / prior_var * np.eye(X.shape[1]), X.T @ t)
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
# ### What the prior does, seen from above
#
# Two weights, twelve data points whose two features are nearly the same, so that the data say much about the *sum* of
# the weights and little about their difference. The prior is widened from very narrow to very wide.

# %% tags=["experiment"]
map_fit = use("map_linear_gaussian")
rng = np.random.default_rng(1)
common = rng.normal(size=12)
X = np.stack([common + 0.25 * rng.normal(size=12), common + 0.25 * rng.normal(size=12)], axis=1)
t = X @ [1.5, 0.5] + rng.normal(size=12)

priors = np.geomspace(1e-3, 1e3, 25)
path = np.array([map_fit(X, t, 1.0, prior) for prior in priors])
a, b = np.meshgrid(np.linspace(-1.2, 3.2, 150), np.linspace(-1.2, 2.6, 150))
loss = ((a[..., None] * X[:, 0] + b[..., None] * X[:, 1] - t) ** 2).sum(axis=-1)

fig, ax = plt.subplots(figsize=(6.6, 5.2))
ax.contour(a, b, loss - loss.min(), levels=[0.5, 2, 5, 10, 20, 40], colors=COLORS["sky"], linewidths=1)
ax.contour(a, b, a**2 + b**2, levels=[0.25, 1, 2.25, 4], colors=COLORS["orange"], linewidths=1, linestyles="--")
ax.plot(path[:, 0], path[:, 1], color=COLORS["blue"], markersize=4)
for prior in (0.01, 0.1, 1.0):
    w = map_fit(X, t, 1.0, prior)
    ax.plot(*w, "o", markerfacecolor="none", markeredgecolor=COLORS["black"], markersize=8)
    ax.annotate(f"τ² = {prior:g}", w, xytext=(8, -10), textcoords="offset points", fontsize=9, ha="left")
ax.plot(*path[-1], color=COLORS["red"], marker="*", markersize=14)
ax.text(path[-1, 0] + 0.12, path[-1, 1] - 0.02, "least squares", color=COLORS["red"])
ax.set(xlabel="first weight", ylabel="second weight", aspect="equal")
ax.set_title("From the top of the prior to the top of the likelihood")
plt.show()

# %% [markdown]
# Figure: contours in the plane of two weights. The loss has a narrow valley that runs from the upper left to the lower
# right, with its lowest point, least squares, at about (0.4, 0.9). The prior is a set of dashed circles about the
# origin. The most probable weights move, as the prior gets wider, from the origin along the diagonal to about (0.45,
# 0.55), then turn and run up the valley to least squares. Rings mark three priors.
#
# **What to notice.** The path is not straight. Across the valley, in the direction of the *sum* of the weights, the
# data have much to say, and even a narrow prior gives way: 47 % of that way is done at τ² = 0.1, 90 % at τ² = 1. Along
# the valley, in the direction of the *difference*, the data say little, and the prior keeps it near zero much longer:
# 7 % and 43 %. A penalty does not shrink all directions alike: **it takes most where the data care least.** Notebook 06
# makes this exact with singular values.

# %% [markdown]
# ### Experiment E07a: the oldest example
#
# Points on one period of a sine, with noise of standard deviation 0.3, and polynomials of degree 0 to 9, fitted in two
# ways: by least squares, and with the prior $w \sim N(0, 1000\, I)$. A variance of 1000 may look like no prior at all.
# It is about right: the Taylor series of $\sin 2\pi x$ has, up to $x^9$, the coefficients 6, −41, 82, −77, 42 and five
# zeros, whose mean square is about 1600. 10, 15 and 100 points, twenty seeds. The distance of a curve from the *sine*,
# which a real learner never sees, is the root mean square over $[0, 1]$.

# %% tags=["experiment"]
design, map_fit = use("poly_design"), use("map_linear_gaussian")
NOISE, PRIOR, DEGREES = 0.3, 1000.0, range(10)  # a standard deviation, a variance, and M
grid = np.linspace(0, 1, 201)
truth = np.sin(2 * np.pi * grid)


def sample(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=n)
    return x, np.sin(2 * np.pi * x) + NOISE * rng.normal(size=n)


def polynomial(x, t, degree, prior):
    """Coefficients: the most probable ones under the prior, or those of least squares."""
    if prior:
        return map_fit(design(x, degree), t, NOISE**2, PRIOR)
    return np.linalg.lstsq(design(x, degree), t, rcond=None)[0]


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


errors = {}  # (n, prior) -> for each seed and degree: error on the training points, distance from the sine
for n in (10, 15, 100):
    for prior in (False, True):
        for seed in range(20):
            x, t = sample(n, seed)
            fits = [polynomial(x, t, degree, prior) for degree in DEGREES]
            row = [(rms(design(x, M) @ w - t), rms(design(grid, M) @ w - truth)) for M, w in enumerate(fits)]
            errors.setdefault((n, prior), []).append(row)
errors = {key: np.array(rows) for key, rows in errors.items()}

fig, axes = plt.subplots(2, 3, figsize=(11.5, 6.6))
shown = (
    (10, False, "10 points, degree 9"),
    (100, False, "100 points, degree 9"),
    (10, True, "10 points and the prior"),
)
for ax, (n, prior, title) in zip(axes[0], shown, strict=True):
    x, t = sample(n, 3)
    w = polynomial(x, t, 9, prior)
    color = COLORS["red" if title == shown[0][2] else "blue"]
    ax.plot(grid, truth, color=COLORS["black"], linestyle=":", marker="", label="the sine")
    ax.plot(grid, design(grid, 9) @ w, color=color, marker="", label="the fit")
    ax.plot(x, t, color=COLORS["orange"], linestyle="", marker="o", alpha=0.9 if n == 10 else 0.5, label="data")
    about = f"coefficients of about {rms(w):,.0f}" if rms(w) < 1e4 else f"coefficients of about {rms(w):.0e}"
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1}
    ax.text(0.97, 0.97, about, transform=ax.transAxes, ha="right", va="top", fontsize=9, bbox=box)
    ax.set(ylim=(-2.2, 2.4), xlabel="x", title=title)
axes[0, 0].set_ylabel("t")
axes[0, 1].legend(loc="lower left", fontsize=9)
for ax, n in zip(axes[1], (10, 15, 100), strict=True):
    for prior, name, color in ((False, "least squares", "red"), (True, "with the prior", "blue")):
        low, middle, high = np.quantile(errors[n, prior][..., 1], (0.25, 0.5, 0.75), axis=0)
        ax.plot(DEGREES, middle, label=name, color=COLORS[color], marker="o" if prior else "s")
        ax.fill_between(DEGREES, low, high, color=COLORS[color], alpha=0.2, linewidth=0)
    own = np.maximum(np.median(errors[n, False][..., 0], axis=0), 1e-3)
    ax.plot(DEGREES, own, color=COLORS["red"], linestyle="--", marker="", label="least squares, from its own points")
    ax.set(yscale="log", ylim=(0.01, 100), xlabel="degree M", title=f"{n} points", xticks=(0, 3, 6, 9))
axes[1, 0].set_ylabel("rms distance from the sine")
axes[1, 0].legend(loc="upper left", fontsize=9)
plt.show()

sine = {key: values[..., 1] for key, values in errors.items()}
worse = np.log10(sine[10, False][:, 9] / sine[10, False][:, 3])
claim("10 points: degree 9 is farther from the sine than degree 3, log10 of the ratio", worse, holds=np.all(worse > 0))
gain = np.log10(sine[10, False][:, 9] / sine[10, True][:, 9])
claim("10 points, degree 9: the prior brings it nearer, log10 of the ratio", gain, holds=np.all(gain > 0))
gain = np.log10(sine[10, False][:, 9] / sine[100, False][:, 9])
claim("90 more points bring it nearer, too, log10 of the ratio", gain, holds=np.all(gain > 0))
lost = sine[10, True][:, 9] - sine[10, False][:, 3]
claim(
    "Degree 9 with the prior is as good as the right degree, 3, without: distance lost", lost, holds=np.all(lost < 0.1)
)

# %% [markdown]
# Figure: top row, three fits of degree 9 to noisy points of a sine. Ten points: the curve passes through every point
# and leaves the picture between them several times; its coefficients are of the size $10^7$. A hundred points: the
# curve follows the sine with small wiggles. Ten points and the prior: a smooth curve near the sine where there are
# points, and away from it to the right of the last one; coefficients of about 8. Bottom row, median distance from the
# sine against the degree, for 10, 15 and 100 points, with the quartiles as bands. All fall until degree 3. With 10
# points least squares then climbs to several hundred at degree 9, while its error on its own points falls to zero; with
# the prior the distance stays between 0.2 and 0.3. With 15 points the same, more mildly (1.2 against 0.2). With 100
# points both stay at 0.1.
#
# **What to notice.**
#
# - **The training error tells you nothing here.** It falls with every degree, to zero at degree 9, where the median
#   distance from the sine is about 500, a factor of $10^{3.2}$ above that of degree 3.
# - **Both cures work**, and both by a factor of more than a thousand: 90 more points, and a prior that costs nothing.
#   With 100 points the prior makes hardly any difference: the data outvote it, as λ of the mean loss,
#   $\sigma^2/(n\tau^2)$, says they should.
# - With the prior the degree hardly matters: from 3 to 9 the blue curve goes from 0.2 to 0.3 only. You need not know
#   the right degree, you need a rough idea of the size of the coefficients. That is why networks with far too many
#   weights are not hopeless.
# - **Not reproduced**: that degree 9 with the prior is as good as the *right* degree without. Over 20 seeds it loses
#   0.11, in two of them over 0.4. Look at the top right panel: a prior on the size of coefficients says nothing about
#   places without data, and where the points happen to leave a gap at the edge, a polynomial of degree 9 still swings
#   off. A prior is not free knowledge; it is as good as what it says.

# %% [markdown]
# ## 2 · A bound, or a fine
#
# Two more ways to say that weights should be small. With a measure of size $R(w) = \lVert w \rVert^2$,
#
# $$ \text{hard:}\quad \min_w L(w) \;\text{ subject to } R(w) \le r
#    \qquad\qquad \text{soft:}\quad \min_w L(w) + \lambda R(w) . $$
#
# The hard constraint is a bound; the soft one is a fine, a price per unit of size. A common sentence says that the hard
# problem is equivalent to the soft one "for some $\lambda^* > 0$". It needs two corrections, and the derivation shows
# where they come from.
#
# **From the bound to the fine.** Let $w$ solve the hard problem. Either it lies inside the ball, where the bound does
# not matter: then $\nabla L(w) = 0$ and the price is $\lambda^* = 0$, **not** a positive one. Or it lies on the sphere.
# There a small step along the sphere must not help, so $\nabla L$ has no part along it: it is parallel to $w$. A step
# inward must not help either, so $-\nabla L$ points outward. Together
#
# $$ \nabla L(w) + 2\lambda^* w = 0, \quad \lambda^* \ge 0
#    \qquad\Longrightarrow\qquad
#    \lambda^* = -\frac{\langle \nabla L(w),\, w\rangle}{2\,\lVert w\rVert^2} . $$
#
# That is the condition for a *stationary point* of $L + \lambda^* R$. If $L$ is **convex**, a stationary point is the
# minimum, and the two problems are the same. If it is not, the stationary point may be anything.
#
# **By hand.** The example of section 1 with the bound $r = 0.36$. Least squares wants 1.2, so the bound is active and
# $w = \sqrt{0.36} =$ **0.6**. For the mean loss $L' = \frac22(5 \cdot 0.6 - 6) = -3$, and
# $\lambda^* = 3 \cdot 0.6 / (2 \cdot 0.36) =$ **2.5**, the λ of the prior with variance 0.2. With $r = 4$ the bound is
# slack: $w = 1.2$, $\lambda^* = 0$.
#
# **Solving the hard problem** needs one new idea. *Projected gradient descent* takes a step, and if the step has left
# the allowed set, goes to the nearest allowed point. For a ball that is a rescaling.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | what $r$ bounds | the **squared** norm: a ball of radius $\sqrt r$ | often the norm |
# | the loss | mean of squares, $\frac1N\lVert y - Xw\rVert^2$, without ½; its gradient has a 2 | with the sum, λ* is $N$ times as large |
# | the penalty | $\lambda\lVert w\rVert^2$, gradient $2\lambda w$ | $\frac\alpha2\lVert w\rVert^2$ |
#
# ### Exercise: `hard_vs_soft` (7 points, extension)
#
# Three functions: the projection `project_l2_ball`, the descent `pgd_least_squares`, and the price `lambda_star`.
#
# *Difficulty 4 of 4, about 35 minutes.*


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

    Where the formula of the text is negative (no penalty is needed), the result is 0.

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
# ### Experiment E07b: the same path, walked with two maps
#
# Linear regression with five correlated features, three data sets. For 26 bounds $r$ we solve the hard problem by
# projected descent, ask `lambda_star` for its price, and solve the soft problem with that price in closed form.

# %% tags=["experiment"]
descend, price = use("pgd_least_squares"), use("lambda_star")


def regression(seed, n=40, d=5):
    """A linear problem; the features have something in common, so that the paths of the weights bend."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 1.5 * rng.normal(size=(n, 1))
    return X, X @ rng.normal(size=d) + rng.normal(size=n)


def soft_solution(X, y, lam):
    """The minimum of (1/N) |y - Xw|^2 + lam |w|^2."""
    return np.linalg.solve(X.T @ X / len(X) + lam * np.eye(X.shape[1]), X.T @ y / len(X))


bounds = np.linspace(0.05, 1.3, 26)  # in units of the squared norm of the least-squares weights
paths = []
for seed in range(3):
    X, y = regression(seed)
    free = soft_solution(X, y, 0)
    step = 1 / np.linalg.eigvalsh(2 * X.T @ X / len(X))[-1]
    hard = np.array([descend(X, y, bound * free @ free, step, 800) for bound in bounds])
    prices = np.array([price(X, y, w) for w in hard])
    soft = np.array([soft_solution(X, y, lam) for lam in prices])
    paths.append((hard, prices, soft))

X, y = regression(0)
free = soft_solution(X, y, 0)
curve = np.array([soft_solution(X, y, lam) for lam in np.geomspace(1e-4, 1e3, 300)])
fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.2))
for k, (color, marker) in enumerate(zip(("blue", "red", "green", "purple", "orange"), "os^Dv", strict=True)):
    left.plot((curve**2).sum(axis=1) / (free @ free), curve[:, k], color=COLORS[color], marker="")
    left.plot(bounds, paths[0][0][:, k], color=COLORS[color], linestyle="", marker=marker)
left.set(xlabel="bound r, or squared norm (least squares = 1)", ylabel="the five weights")
left.set_title("Points: the bound r. Lines: the price λ")
for seed, (_, prices, _) in enumerate(paths):
    right.plot(bounds, prices, label=f"data set {seed}", markersize=4)
right.set_yscale("symlog", linthresh=0.01)
right.set(ylim=(-0.002, 60), xlabel="bound r (least squares = 1)", ylabel="price λ*")
right.set_title("A looser bound has a lower price, a slack one none")
right.legend()
for ax in (left, right):
    ax.axvline(1, color=COLORS["black"], linestyle=":", marker="")
plt.show()

gaps = [np.abs(hard - soft).max() for hard, _, soft in paths]
claim("The hard solution solves the soft problem with the price λ*: largest difference", gaps, holds=max(gaps) < 1e-6)
slack = [prices[bounds > 1.001].max() for _, prices, _ in paths]
claim("Where the bound is slack, λ* is 0: largest λ*", slack, holds=max(slack) < 1e-6)

# %% [markdown]
# Figure: left, five weights against the squared norm of the solution; points from projected descent lie on the lines of
# ridge regression, and stay where they are beyond the squared norm of least squares. Two of the five paths first rise
# and then change their sign. Right, λ* against the bound for three data sets: a decreasing curve from between 3 and 30
# that falls to zero at the dotted line, and is zero from there on.
#
# **What to notice.**
#
# - The two problems have **one** set of solutions, as exactly as 800 steps can find them. What differs is the number by
#   which one asks for a solution: $r$ or λ. The translation between them, the right panel, depends on the data, which
#   is why nobody can tell you the λ for a bound in advance.
# - The first correction to the sentence: beyond the dotted line **λ\* = 0**. A bound that is not felt has no price.
# - Weights do not just shrink along the path. Two of them change their sign, because the features are correlated: when
#   the whole gets smaller, what one feature should contribute depends on the others.
#
# ### Where the equivalence ends
#
# Networks do not have convex losses. The smallest one that shows the difference is a chain of three weights with the
# output $w_1 w_2 w_3$ and the target 1: a deep linear network of width one. Its loss is $(1 - w_1w_2w_3)^2$.
#
# Write $u = \lVert w\rVert^2$ and let $\ell(u)$ be the smallest loss that any weights of squared norm $u$ can reach.
# For a given $u$ the product is largest when the three weights are equal, $w_k = \sqrt{u/3}$, so
# $\ell(u) = (1 - (u/3)^{3/2})^2$ up to $u = 3$, and 0 from there on. Now both problems are about one curve:
#
# - hard: go along the curve to $u = r$ (or stop earlier, if it has reached its bottom);
# - soft: minimize $\ell(u) + \lambda u$. Push a line of slope $-\lambda$ from below against the curve. Where it touches
#   is the solution.
#
# A line touches a curve from below only where the curve is on the edge of its convex hull.

# %% tags=["experiment"]
squared = np.linspace(0, 3.6, 3601)
least = np.where(squared < 3, (1 - (squared / 3) ** 1.5) ** 2, 0)
lams = np.linspace(0, 0.8, 801)
chosen = squared[np.argmin(least + lams[:, None] * squared, axis=1)]
critical, landing = lams[np.argmax(chosen == 0)], chosen[chosen > 0].min()

fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.2))
left.axvspan(0, landing, color=COLORS["yellow"], alpha=0.3, linewidth=0)
left.plot(squared, least, color=COLORS["blue"], marker="", label="smallest loss, ℓ(u)")
for lam, color, marker in ((0.15, "green", "^"), (critical, "red", "o"), (0.6, "purple", "D")):
    total = least + lam * squared
    touches = squared[np.argmin(total)] if lam != critical else np.array([0, landing])
    look = {"color": COLORS[color], "linestyle": "--", "linewidth": 1, "marker": ""}
    left.plot(squared, total.min() - lam * squared, **look, label=f"price λ = {lam:.2g}")
    left.plot(touches, np.interp(touches, squared, least), color=COLORS[color], marker=marker, ls="", markersize=9)
left.plot(1, np.interp(1, squared, least), color=COLORS["black"], marker="*", markersize=14)
left.text(1.1, np.interp(1, squared, least) + 0.03, "the bound r = 1")
left.set(
    ylim=(-0.05, 1.1), xlabel="squared norm u", ylabel="loss", title="No line touches the curve in the yellow part"
)
left.legend(loc="upper right")
right.axhspan(0, landing, color=COLORS["yellow"], alpha=0.3, linewidth=0)
below = lams < critical
right.plot(lams[below], chosen[below], color=COLORS["red"], marker="")
right.plot(lams[~below], chosen[~below], color=COLORS["red"], marker="")
right.set(xlabel="price λ", ylabel="squared norm of the soft solution", title="The soft solution jumps")
plt.show()

best = []
for seed in range(3):  # do not trust the algebra: the smallest of many random weights on the sphere of radius 1
    w = np.random.default_rng(seed).normal(size=(200_000, 3))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    best.append(((1 - w.prod(axis=1)) ** 2).min())
claim("Hard problem with r = 1: smallest loss", best, holds=np.ptp(best) < 1e-3)
claim("No price gives a squared norm between 0 and", landing, holds=landing > 1)

# %% [markdown]
# Figure: left, the smallest possible loss against the squared norm: it starts flat at 1, bends down, and at 3 it
# reaches 0. Dashed lines touch it from below: slope −0.15 at 2.7; slope −0.4 at 0 and at 1.9 at the same time; slope
# −0.6 only at 0. The part from 0 to 1.9 is yellow; a star on the curve at 1, where the loss is 0.65, is the solution of
# the hard problem with $r = 1$, above all the lines. Right, the squared norm of the soft solution against the price: it
# falls from 3 to 1.9 at λ = 0.4 and jumps to 0.
#
# **What to notice.**
#
# - The second correction: without convexity there are **hard solutions that no fine produces**. At $r = 1$ all three
#   weights are 0.58, the output is 0.19. For no λ is that the minimum: up to λ = 0.397 a squared norm of at least 1.9
#   is worth its price, beyond it *nothing* is. The stationary condition holds at the star as well, but it is not a
#   minimum there.
# - A popular example is $L = -\theta^2$ for $\lvert\theta\rvert \le 2$. It is not enough: at λ = 1 all $\theta$ are
#   equally good, the one on the bound among them. What is needed is a loss that is concave *as a function of the
#   squared norm*.
# - A product of weights does that by itself: near zero, each weight is useless without the others, so the first unit of
#   size buys nothing. Deep networks are products. Remember this when a whole network goes to zero in E07c.

# %% [markdown]
# ## 3 · A penalty that says zero
#
# The square is not the only measure of size. With a Laplace prior, $p(w) \propto e^{-\lvert w\rvert / b}$, the negative
# logarithm is an absolute value, and the penalty is the **L1 norm**, $\lambda \sum_d \lvert w_d\rvert$ (Tibshirani's
# *lasso*, 1996).
#
# What it does is easiest to see for a single weight that the data want to have the value $v$, with the loss
# $\frac12(w - v)^2$. An L2 penalty $\frac\lambda2 w^2$ gives $w = v/(1+\lambda)$: everything shrinks by the same
# *factor*, and nothing that was not zero becomes zero. With L1 the pull does not weaken as the weight gets smaller: it
# is $\lambda$ all the way down to zero, and there it may be anything between $-\lambda$ and $\lambda$. So the weight
# moves by $\lambda$ towards zero, and if that would carry it beyond, it stops there:
#
# $$ w = \operatorname{sign}(v)\,\max(\lvert v\rvert - \lambda, 0) ,\qquad\text{the \textbf{soft threshold}.} $$
#
# *Soft*, because survivors shrink as well. Keeping them as they are is the hard threshold, which is the answer to
# another question (a price for every weight that is not zero). **By hand** with $\lambda = 1$: $v = 3, -0.4, -2$ become
# $2, 0, -1$.
#
# ### How to descend
#
# $\lvert w\rvert$ has no derivative at 0, and there are two ways to proceed.
#
# - **Subgradient**: at 0 take any number between −1 and 1, say 0, and do gradient descent with
#   $\lambda\operatorname{sign}(w)$. Simple, and what you get if you write `loss + lam * w.abs().sum()` in PyTorch.
# - **Proximal step** (ISTA): a gradient step for the loss *alone*, then the exact solution of the small problem above:
#   $w \leftarrow \operatorname{soft}(w - \eta\nabla L(w),\; \eta\lambda)$. Projected descent of section 2 is the same
#   idea, with a projection in the place of the threshold.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | the loss in front of it | $\frac1{2N}\lVert y - Xw\rVert^2$ in the experiment | scikit-learn's `Lasso`: the same. With the full square λ counts double |
# | subgradient at 0 | 0 | any number in $[-1, 1]$ is one; PyTorch's `abs` takes 0 as well |
# | L2 next to it | $\frac\lambda2\lVert w\rVert^2$ in this section, so that both pull with λ at $\lvert w\rvert = 1$ | |
#
# ### Exercise: `l1_prox` (4 points)
#
# Two functions: the penalty with its subgradient, and the soft threshold.
#
# *Difficulty 2 of 4, about 15 minutes.*


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
# ### Experiment E07e: who reaches zero?
#
# 60 data points, 30 features, of which four matter (weights 3, −2, 1.5 and 1), noise of standard deviation 0.5. Ridge
# in closed form, L1 by 1500 proximal steps, L1 by 1500 subgradient steps, the latter with a constant step and with a
# step that falls as $1/\sqrt k$, as the theory of subgradients asks for. $\lambda = 0.2$ for all, five seeds.

# %% tags=["experiment"]
penalty, shrink = use("l1_penalty"), use("soft_threshold")
LAM, WEIGHTS, MATTER = 0.2, 30, (3.0, -2.0, 1.5, 1.0)
L1_STEPS = 1500


def sparse_problem(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, WEIGHTS))
    w = np.zeros(WEIGHTS)
    w[: len(MATTER)] = MATTER
    return X, X @ w + 0.5 * rng.normal(size=60), w


def solutions(X, y):
    """What the four methods find, and how the size of all superfluous weights came down."""
    A, b = X.T @ X / len(X), X.T @ y / len(X)
    step = 1 / np.linalg.eigvalsh(A)[-1]
    methods = {
        "soft threshold": lambda w, k: shrink(w - step * (A @ w - b), step * LAM),
        "subgradient, constant step": lambda w, k: w - step * (A @ w - b + penalty(w, LAM)[1]),
        "subgradient, falling step": lambda w, k: w - step / np.sqrt(k) * (A @ w - b + penalty(w, LAM)[1]),
    }
    found, size = {"ridge": np.linalg.solve(A + LAM * np.eye(WEIGHTS), b)}, {}
    for name, update in methods.items():
        w, size[name] = np.zeros(WEIGHTS), []
        for k in range(1, L1_STEPS + 1):
            w = update(w, k)
            size[name].append(np.abs(w[len(MATTER) :]).mean())
        found[name] = w
    return found, size


sparse, distance = {}, {}
for seed in range(5):
    X, y, true = sparse_problem(seed)
    found, size = solutions(X, y)
    if seed == 0:
        shown, sizes = found, size
    for name, w in found.items():
        sparse.setdefault(name, []).append((np.sum(w != 0), np.sum(np.abs(w) < 1e-3)))
        distance.setdefault(name, []).append(np.linalg.norm(w - true))
sparse = {name: np.array(counts) for name, counts in sparse.items()}
distance = {name: np.array(values) for name, values in distance.items()}

fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), width_ratios=(0.8, 1.2, 1))
wanted = np.linspace(-3, 3, 301)
axes[0].plot(wanted, wanted, color="0.6", linestyle=":", marker="")
axes[0].plot(wanted, wanted / 2, color=COLORS["red"], marker="", label="L2")
axes[0].plot(wanted, shrink(wanted, 1.0), color=COLORS["blue"], marker="", label="L1, soft threshold")
axes[0].plot(wanted, wanted * (abs(wanted) > 1), color=COLORS["green"], ls="--", marker="", label="hard threshold")
axes[0].set(xlabel="value v that the data want", ylabel="value w that they get", title="One weight, λ = 1")
axes[0].legend(fontsize=8)
place = np.arange(WEIGHTS)
axes[1].plot(place[: len(MATTER)], MATTER, ls="", marker="_", markersize=10, color=COLORS["black"], label="true")
for name, color, marker, shift in (("ridge", "red", "s", -0.15), ("soft threshold", "blue", "o", 0.15)):
    w = shown[name]
    axes[1].vlines(place + shift, 0, w, color=COLORS[color], linewidth=1, alpha=0.6)
    axes[1].plot(
        (place + shift)[w != 0], w[w != 0], ls="", marker=marker, color=COLORS[color], label=name, markersize=4
    )
axes[1].set(xlabel="weight number", ylabel="value", title="Thirty weights, four of which matter")
axes[1].legend(fontsize=8)
steps = np.arange(1, L1_STEPS + 1)
for name, color in (
    ("subgradient, constant step", "purple"),
    ("subgradient, falling step", "orange"),
    ("soft threshold", "blue"),
):
    values = np.maximum(sizes[name], 1e-6)
    axes[2].plot(steps, values, color=COLORS[color], marker="", label=name, linewidth=1.2)
axes[2].set(xscale="log", yscale="log", ylim=(1e-6, 1), xlabel="step", ylabel="mean size of the other 26 weights")
axes[2].set_title("Only one method arrives")
axes[2].legend(fontsize=8)
plt.show()

print("of 30 weights, mean over seeds      not zero   below 0.001 (zeros included)   distance to the truth")
for name in sparse:
    print(f"{name:32}{sparse[name][:, 0].mean():12.1f}{sparse[name][:, 1].mean():31.1f}{distance[name].mean():24.2f}")
claim("L1 by soft threshold: weights that are not zero", sparse["soft threshold"][:, 0],
      holds=np.all(sparse["soft threshold"][:, 0] < 10))  # fmt: skip
for name in ("subgradient, constant step", "subgradient, falling step"):
    claim(f"L1 by {name}: weights that are not zero", sparse[name][:, 0], holds=np.all(sparse[name][:, 0] == WEIGHTS))
claim("Constant step: no weight even below 0.001", sparse["subgradient, constant step"][:, 1],
      holds=np.all(sparse["subgradient, constant step"][:, 1] == 0))  # fmt: skip
gain = distance["ridge"] - distance["soft threshold"]
claim("Here L1 is closer to the true weights than L2: distance saved", gain, holds=np.all(gain > 0))

# %% [markdown]
# Figure: left, the value that a weight gets against the value the data want. L2 is a straight line of half the slope;
# L1 is zero between −1 and 1 and parallel to the diagonal outside; the hard threshold is zero between −1 and 1 and
# jumps to the diagonal. Middle, the thirty weights of one data set: L1 keeps four, close to the true ones and a little
# too small, and none of the others; ridge has all four too small and small values everywhere else. Right, the mean size
# of the 26 superfluous weights against the step: the soft threshold is at zero after 13 steps; the subgradient method
# with a constant step stays near 0.05 in a band of noise; with a falling step it comes down slowly to 0.001.
#
# **What to notice.**
#
# - **The zeros come from the step, not only from the penalty.** Same loss, same penalty, same minimum: the proximal
#   method leaves 4.4 of 30 weights, the subgradient method all 30. With a constant step it jumps over zero and back for
#   ever, in sawteeth of about step times λ, so that where a single weight ends is chance. (The claim that not one of
#   them is below 0.001 therefore fails in a seed; on another data set we saw none.) With a falling step the sizes go
#   down like the step, and never arrive. If you add `lam * w.abs().sum()` to a loss in PyTorch, this is what you get;
#   prune afterwards, or use a proximal step.
# - 4.4, not 4: here and there L1 keeps one weight too many. It makes small models; it does not certify which features
#   matter.
# - **The survivors are too small** by about λ, as the left panel says. Two stages (L1 to choose, least squares on what
#   is left) is a common answer.
# - Where the truth *is* sparse, L1 is much closer to it than L2 (0.47 against 1.22). Where all features contribute a
#   little, it is the other way round: a prior is as good as what it says.

# %% [markdown]
# ## 4 · Weight decay: one line, four conventions
#
# A penalty is minimized by an optimizer, and that is where the confusion starts. With the penalty
# $\frac\alpha2\lVert\theta\rVert^2$ the gradient gets the term $\alpha\theta$, and plain gradient descent does
#
# $$ \theta \leftarrow \theta - \eta\,(\nabla L + \alpha\theta) = (1 - \eta\alpha)\,\theta - \eta\nabla L .$$
#
# Read the right-hand side: *let every weight leak by a small factor, then take the usual step*. This is **weight
# decay**. One course tells it like this: researchers worked out L2, which has a solid theory; engineers noticed on
# their own that networks become better if all weights are made a little smaller in each step, which needs no theory and
# just works. (The penalty is the older of the two: statisticians have used it as *ridge regression* since Hoerl and
# Kennard 1970.) In plain gradient descent the two are the same thing seen from two sides. Four ways to write it are in
# use:
#
# | `mode` | step | who |
# | --- | --- | --- |
# | `"l2"` | the gradient gets $\text{wd}\cdot w$, before momentum | the penalty $\frac{\text{wd}}2\lVert w\rVert^2$; `torch.optim.SGD`, `Adam` |
# | `"decoupled"` | $(1 - \text{lr}\cdot\text{wd})\,w$, then a step with the gradient of the loss alone | `torch.optim.AdamW`, after Loshchilov and Hutter |
# | `"lecture"` | $(1 - \text{wd})\,w$, likewise | many lecture notes, and the paper on AdamW itself: the rate of decay is no multiple of lr |
# | `"engineer"` | the step first, then everything times $(1 - \text{wd})$, "θ ← 0.98 θ" | old programs |
#
# ### Four traps
#
# - **The name.** A slide says "L2 regularization, *also (wrongly) called weight decay*" and gives, for L2,
#   $\Theta - \epsilon\nabla f - \lambda\Theta$, and for decay $(1-\lambda)\Theta - \alpha\nabla f$. Look twice: that is
#   the same line. The difference that makes the name wrong has to come from elsewhere (W07b).
# - **Times lr or not.** After 1000 steps with nothing but decay, `"lecture"` with 0.01 leaves $0.99^{1000} = 0.00004$
#   of a weight; `"decoupled"` with 0.01 and lr = 0.001 leaves $(1 - 10^{-5})^{1000} = 0.99$. The same number, a factor
#   of 1000 in the rate.
# - **Factor 2.** The penalty $\lambda\lVert w\rVert^2$ of section 1 has the gradient $2\lambda w$, so `wd` is
#   $2\lambda$. In the example by hand, $\lambda = 2.5$ and `wd = 5`: at $w = 0.6$ the loss pulls with $-3$ and the
#   decay with $5 \cdot 0.6 = 3$. At rest.
# - **Twice.** Some notes write the engineer's step as $\theta \leftarrow \theta - \eta\nabla L_R$, then
#   $\theta \leftarrow 0.98\,\theta$, where $L_R$ is the loss *with its penalty*. That would count the decay twice; the
#   plain loss must be meant.
#
# Momentum, where it is used, is torch's: $\text{buf} \leftarrow \mu\,\text{buf} + d$ with $d$ the gradient, and
# $w \leftarrow w - \text{lr}\cdot\text{buf}$. The first buffer is the first gradient. Under `"l2"` the decay goes into
# the buffer and comes out with momentum; under the others it does not.
#
# ### Exercise: `weight_decay_step` (7 points)
#
# One function, `sgd_step`, with the four modes of the table and with momentum.
#
# *Difficulty 2 of 4, about 25 minutes.*


# %% exercise="weight_decay_step" points=7
def sgd_step(w, g, lr, wd, mode, momentum=0.0, buf=None):
    """One step of gradient descent with momentum, and with weight decay in one of four conventions.

        buf_new = momentum * buf + d,     d = g, except under "l2":  d = g + wd * w

        "l2":         w_new = w - lr * buf_new                      the penalty wd/2 ||w||^2, as torch.optim.SGD
        "decoupled":  w_new = (1 - lr * wd) * w - lr * buf_new      the decay of AdamW
        "lecture":    w_new = (1 - wd) * w - lr * buf_new           wd is not multiplied by lr
        "engineer":   w_new = (1 - wd) * (w - lr * buf_new)         the fresh step shrinks, too

    Write it with NumPy: torch's fused SGD is not allowed.

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
# ### Where does each of them come to rest?
#
# First the engineer. The loss is $\frac12(w-1)^2$, the learning rate 0.1, and the decay "0.98": after the step, before
# it, and counted twice (a penalty with $\alpha = 0.2$ *and* the factor). Without decay all of them would rest at 1.

# %% tags=["experiment"]
step = use("sgd_step")


def resting_point(mode, wd, gradient, steps=400, **settings):
    w, buf = np.array([1.0]), None
    for _ in range(steps):
        w, buf = step(w, gradient(w), 0.1, wd, mode, buf=buf, **settings)
    return w[0]


after = resting_point("engineer", 0.02, lambda w: w - 1)
before = resting_point("lecture", 0.02, lambda w: w - 1)
twice = resting_point("engineer", 0.02, lambda w: (w - 1) + 0.2 * w)
print(f"after the step {after:.4f}   before it {before:.4f}   counted twice {twice:.4f}")
print(f"closed form    {0.098 / 0.118:.4f}             {0.1 / 0.12:.4f}                 {0.098 / 0.1376:.4f}")
claim("Before or after the step: difference", before - after, holds=0 < before - after < 0.01)
claim("Counted twice: moves the resting point by", before - twice, holds=before - twice > 0.1)

# %% [markdown]
# "After" also shrinks the fresh step, which is a difference of the second order. "Twice" is another problem.
#
# Now momentum. A quadratic loss $\sum_d \frac12 a_d w_d^2 - w_d$ with the curvatures 1, 10 and 0.1 and its minimum at
# $(1, 0.1, 10)$; `wd = 0.1`, so the penalized minimum is at $1/(a_d + 0.1) = (0.909, 0.099, 5)$. Plain steps with lr =
# 0.1, and steps with momentum 0.9 and lr = 0.02, each for `"l2"` and `"decoupled"`.

# %% tags=["experiment"]
step = use("sgd_step")
CURVATURE, START = np.array([1, 10, 0.1]), np.array([1.0, -2.0, 3.0])


def walk(mode, lr, momentum, steps, wd=0.1):
    w, buf = START, None
    for _ in range(steps):
        w, buf = step(w, CURVATURE * w - 1, lr, wd, mode, momentum, buf)
    return w


def torch_walk(kind, steps, **settings):
    w = torch.tensor(START, requires_grad=True)
    optimizer = kind([w], **settings)
    for _ in range(steps):
        optimizer.zero_grad()
        (torch.tensor(CURVATURE) * w**2 / 2 - w).sum().backward()
        optimizer.step()
    return w.detach().numpy()


print("                        20 steps                   1500 steps")
ends = {}
for momentum, lr in ((0.0, 0.1), (0.9, 0.02)):
    for mode in ("l2", "decoupled"):
        early, ends[mode, momentum] = walk(mode, lr, momentum, 20), walk(mode, lr, momentum, 1500)
        print(f"momentum {momentum} {mode:10} {early.round(3)!s:26} {ends[mode, momentum].round(3)}")
theirs = [torch_walk(torch.optim.SGD, 20, lr=lr, momentum=m, weight_decay=0.1) for m, lr in ((0.0, 0.1), (0.9, 0.02))]
ours = [walk("l2", lr, m, 20) for m, lr in ((0.0, 0.1), (0.9, 0.02))]
difference = np.abs(np.array(ours) - theirs).max()
claim("l2 is torch.optim.SGD after 20 steps: largest difference", difference, holds=difference < 1e-10)
difference = np.abs(walk("l2", 0.1, 0.0, 20) - walk("decoupled", 0.1, 0.0, 20)).max()
claim("Without momentum, l2 and decoupled are the same: largest difference", difference, holds=difference < 1e-12)
difference = np.abs(ends["decoupled", 0.9] - 1 / (CURVATURE + 0.1 * (1 - 0.9))).max()
claim("With momentum, decoupled rests where a penalty of wd (1 - momentum) does: largest difference", difference,
      holds=difference < 1e-3)  # fmt: skip

# %% [markdown]
# **What to notice.**
#
# - Without momentum, `"l2"` and `"decoupled"` agree at every step, up to rounding. With momentum they part at the
#   second step, and do **not** meet again: 5.0 against 9.09 in the flat direction.
# - Where does 9.09 come from? At rest the buffer is $g/(1-\mu)$, the loss pulls with ten times its gradient, and the
#   decoupled decay pulls with what it always had. $\text{lr}\cdot\text{wd}\cdot w = -\text{lr}\,g/(1-\mu)$, so it rests
#   at the minimum of a penalty with $\text{wd}\,(1-\mu) = 0.01$. **The momentum is a part of the strength of the
#   decay**, unless the decay goes through the buffer.
# - After 20 steps the second weight is at 0.84 and 0.82, far from the 0.1 that both want: that is momentum overshooting
#   in the steep direction and has nothing to do with decay.
#
# ### In front of batch norm: a penalty on weights that do not matter
#
# Notebook 03 showed that a weight matrix in front of batch norm can be multiplied by any positive number without
# changing the function. Then a penalty on its size cannot make the function simpler. What does it do? Let the weights
# decay, $w_{k+1} = (1-\eta\lambda)\,w_k - \eta\nabla L(w_k)$, and look at $v_k = w_k / c^k$ with $c = 1-\eta\lambda$,
# the weights without the leak. The function is the same, and the gradient of a function that ignores the scale is
# *inversely* proportional to it: $\nabla L(c^k v) = \nabla L(v)/c^k$. Divide the step by $c^{k+1}$:
#
# $$ v_{k+1} = v_k - \frac{\eta}{c^{2k+1}}\,\nabla L(v_k) .$$
#
# No decay, but a learning rate that **grows exponentially**. This is exact, step by step (Li and Arora 2019,
# arXiv:1910.07454), so it can be tested to the last digit: three networks with two layers of batch norm, the same
# batches; one with decay 0.05 on the two matrices in front of batch norm, one without decay, one without decay and with
# the growing rate.

# %% tags=["experiment"]
LR, WD, STEPS = 0.1, 0.05, 200


def bn_training(seed, wd, growing):
    """Logits on the test digits (as one batch), and the rate and length of the second matrix after each step."""
    split = digits(600, seed)
    x, y = torch.tensor(split.train[0]).double(), torch.tensor(split.train[1])
    torch.manual_seed(seed)
    # An eps that does not count: with a visible one the function depends on the scale a little.
    layers = [nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64, eps=1e-30), nn.ReLU()]
    layers += [nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64, eps=1e-30), nn.ReLU(), nn.Linear(64, 10)]
    net = nn.Sequential(*layers).double()
    matrices = [net[0].weight, net[3].weight]
    others = [p for p in net.parameters() if all(p is not m for m in matrices)]
    optimizer = torch.optim.SGD([{"params": matrices, "weight_decay": wd}, {"params": others}], lr=LR)
    order, log = torch.Generator().manual_seed(seed), []
    for k in range(STEPS):
        rows = torch.randint(len(x), (32,), generator=order)
        if growing:
            optimizer.param_groups[0]["lr"] = LR / (1 - LR * WD) ** (2 * k + 1)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
        optimizer.step()
        log.append((optimizer.param_groups[0]["lr"], matrices[1].norm().item()))
    with torch.no_grad():
        return net(torch.tensor(split.test[0]).double()), np.array(log)


settings = {"decay": (WD, False), "growing rate": (0.0, True), "neither": (0.0, False)}
bn_runs = {name: [bn_training(seed, *setting) for seed in range(3)] for name, setting in settings.items()}

fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 3.8))
look = {"decay": ("blue", "-"), "growing rate": ("orange", "--"), "neither": ("black", ":")}
for name, (color, linestyle) in look.items():
    rate, length = bn_runs[name][0][1].T
    shared = {"color": COLORS[color], "linestyle": linestyle, "marker": "", "linewidth": 2}
    left.plot(range(1, STEPS + 1), length, label=name, **shared)
    right.plot(range(1, STEPS + 1), rate / length**2, label=name, **shared)
left.set(ylim=(0, 6), xlabel="step", ylabel="length of the weights", title="Two very different sets of weights")
right.set(ylim=(0, 0.032), xlabel="step", ylabel="effective rate, lr / length²", title="One and the same training")
left.legend()
plt.show()

gap = [float((a[0] - b[0]).abs().max()) for a, b in zip(bn_runs["decay"], bn_runs["growing rate"], strict=True)]
claim("Decay and growing rate give one function: largest difference of a logit", gap, holds=max(gap) < 1e-6)
gap = [float((a[0] - b[0]).abs().max()) for a, b in zip(bn_runs["decay"], bn_runs["neither"], strict=True)]
claim("Decay and no decay do not: largest difference of a logit", gap, holds=min(gap) > 0.1)

# %% [markdown]
# Figure: left, the length of the second weight matrix over 200 steps: with decay it falls from 4.6 to 1.9, with a
# growing rate it rises to 5.2, with neither it stays. Right, the learning rate divided by the squared length: with
# decay and with the growing rate one and the same line, up from 0.005 to 0.03; with neither it is flat.
#
# **What to notice.**
#
# - After 200 steps the networks with decay and with the growing rate have very different weights, and their outputs
#   agree **to the last digits**. Decay in front of batch norm does not limit the function at all. It is a schedule for
#   the learning rate: the weights shrink, so the effective rate of notebook 03, $\text{lr}/\lVert w\rVert^2$, rises.
# - It cannot rise for ever. A large effective rate makes large steps, at a right angle to the weights, which lengthen
#   them again; in the end the two balance. That is the equilibrium that notebook 03 announced, and the two matrices are
#   on the way to it (van Laarhoven 2017, arXiv:1706.05350).
# - So it *does* something, and tuning it can help or hurt as tuning a learning rate can. Only the usual reason for it,
#   simpler functions, is not the reason. On the last layer, which no normalization follows, decay is what it says it
#   is.

# %% [markdown]
# ## 5 · Adam, where the two part
#
# Adam divides each step by the recent size of the gradients of that weight:
#
# $$ m \leftarrow \beta_1 m + (1-\beta_1)\,g, \qquad v \leftarrow \beta_2 v + (1-\beta_2)\,g^2, \qquad
#    w \leftarrow w - \text{lr}\,\frac{\hat m}{\sqrt{\hat v} + \epsilon}, $$
#
# with $\hat m = m/(1-\beta_1^t)$ and $\hat v = v/(1-\beta_2^t)$ because both averages start at zero. **By hand**: in
# the first step $\hat m = g$ and $\hat v = g^2$, so every weight moves by $\text{lr}\cdot\operatorname{sign}(g)$,
# whatever the size of its gradient.
#
# Now add a penalty, $g \leftarrow g + \text{wd}\cdot w$. It goes through the same division. A weight whose gradients
# are of size $s$ decays at the rate $\text{lr}\cdot\text{wd}/s$: **weights with large gradients are hardly decayed,
# weights with small ones very much.** Nobody wanted that; it is what happens. Loshchilov and Hutter (arXiv:1711.05101)
# took the decay out of the gradient, $w \leftarrow (1 - \text{lr}\cdot\text{wd})\,w$, and called the result AdamW.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | rate of the decay | lr · wd, as in torch | the paper: a rate of its own, times a common schedule |
# | penalty in PyTorch's `Adam` | `weight_decay` is coupled: it goes through $m$ and $v$. Old versions of its documentation call it "weight decay (L2 penalty)"; recent ones also offer `decoupled_weight_decay=True`, which is AdamW | Keras' `weight_decay` is decoupled in all its optimizers |
# | ε | outside the root, $10^{-8}$ | TensorFlow's old "epsilon hat" stands elsewhere |
# | order | the decay is a share of the *old* weight, so it may be subtracted before or after Adam's step | `"engineer"` shrinks the new weight: another number |
# | `amsgrad` | not here: it divides by the largest $\hat v$ seen so far, so that the rate of a weight never grows again (Reddi and others 2018). It does not change where the decay goes | an option of both in torch |
#
# ### Exercise: `adam_decay_steps` (6 points)
#
# One function, `adam_step`, with both kinds of decay.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="adam_decay_steps" points=6
def adam_step(w, g, state, lr, betas=(0.9, 0.999), eps=1e-8, wd=0.0, decoupled=False):
    """One step of Adam, with weight decay as a penalty (torch's Adam) or decoupled from the gradient (AdamW).

        decoupled=False:  g <- g + wd * w          the penalty wd/2 ||w||^2 goes through m and v like the loss
        decoupled=True:   w <- (1 - lr * wd) * w   and neither m nor v sees the decay

        t <- t + 1,    m <- beta1 m + (1 - beta1) g,    v <- beta2 v + (1 - beta2) g^2
        w_new = w - lr * mhat / (sqrt(vhat) + eps),     mhat = m / (1 - beta1^t),    vhat = v / (1 - beta2^t)

    Write it with NumPy: torch's fused Adam is not allowed.

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
# ### Who is decayed?
#
# Put the sentence above to the test. 200 weights, all 1 at the start. Their gradients are pure noise, with standard
# deviations from 0.001 to 10; the loss wants nothing. 1000 steps with lr = 0.001, without decay and with `wd = 0.1` in
# both forms. By how much is a weight smaller than without decay?

# %% tags=["experiment"]
adam = use("adam_step")
scales = np.repeat(np.geomspace(1e-3, 10, 25), 8)  # eight weights of each kind


def wander(seed, **decay):
    rng, w = np.random.default_rng(seed), np.ones(len(scales))
    state = dict(m=np.zeros(len(w)), v=np.zeros(len(w)), t=0)
    for _ in range(1000):
        w, state = adam(w, scales * rng.normal(size=len(w)), state, 1e-3, **decay)
    return w.reshape(25, 8).mean(axis=1)


shrunk = {"Adam with penalty": [], "AdamW": []}
for seed in range(3):
    still = wander(seed)
    for name, values in shrunk.items():
        values.append(still - wander(seed, wd=0.1, decoupled=name == "AdamW"))
shrunk = {name: np.array(values) for name, values in shrunk.items()}

sizes = scales[::8]
fig, ax = plt.subplots(figsize=(7, 4.2))
mean_with_spread(
    ax, sizes, 100 * shrunk["Adam with penalty"], label="Adam with penalty", color=COLORS["red"], marker="s"
)
mean_with_spread(ax, sizes, 100 * shrunk["AdamW"], label="AdamW", color=COLORS["blue"], marker="o")
guess = 100 * (1 - np.exp(-0.1 / sizes))
ax.plot(sizes, guess, color=COLORS["black"], linestyle=":", marker="", label="rate lr · wd / s")
ax.set(xscale="log", xlabel="size s of the gradients of a weight", ylabel="decayed after 1000 steps (%)")
ax.set_title("The penalty spares the weights with large gradients")
ax.legend()
plt.show()

ratio = shrunk["Adam with penalty"][:, sizes < 0.02].mean(axis=1) / shrunk["Adam with penalty"][:, sizes > 5].mean(
    axis=1
)
claim(
    "Adam with penalty: decay of small-gradient against large-gradient weights",
    ratio,
    holds=np.all(ratio > 10),
    unit="times",
)
ratio = shrunk["AdamW"].max(axis=1) / shrunk["AdamW"].min(axis=1)
claim("AdamW: most decayed against least decayed weight", ratio, holds=np.all(ratio < 1.1), unit="times")

# %% [markdown]
# Figure: the percentage by which weights have decayed after 1000 steps, against the size of their gradients, which runs
# from 0.001 to ten. AdamW: a horizontal line at 9.5 %. Adam with a penalty: 74 % up to 0.02, falling through AdamW's
# line at a size of 1 to 1 % at a size of 10. A dotted curve, the rate lr · wd / s, agrees with it from 0.2 on and goes
# up to 100 % below.
#
# **What to notice.** The decay of AdamW is the same for every weight: $1 - (1 - 10^{-4})^{1000} = 9.5\,\%$. In Adam
# with a penalty it varies by a factor of 60, and the rule $\text{lr}\cdot\text{wd}/s$ predicts it wherever the noise is
# larger than the penalty. For gradients below 0.1 the penalty is itself the largest part of the gradient, and Adam
# turns it into steps of about lr, however small it is. So the effect of `weight_decay` in Adam depends on the scale of
# the loss: multiply the loss by 10, which changes nothing else in Adam (but for ε), and the decay is a tenth.

# %% [markdown]
# ### All of them side by side
#
# The quadratic of section 4 once more, with `wd = 0.1`, now also with your Adam and next to torch.

# %% tags=["experiment"]
adam = use("adam_step")


def adam_walk(decoupled, steps):
    w, state = START, dict(m=np.zeros(3), v=np.zeros(3), t=0)
    for _ in range(steps):
        w, state = adam(w, CURVATURE * w - 1, state, 0.1, wd=0.1, decoupled=decoupled)
    return w


gaps, after_long = [], {}
for name, decoupled, kind in (("Adam with penalty", False, torch.optim.Adam), ("AdamW", True, torch.optim.AdamW)):
    early, after_long[name] = adam_walk(decoupled, 20), adam_walk(decoupled, 1500)
    gaps.append(np.abs(early - torch_walk(kind, 20, lr=0.1, weight_decay=0.1)).max())
    print(f"{name:20} 20 steps {early.round(3)!s:26} 1500 steps {after_long[name].round(3)}")
print(f"{'penalized minimum':20} {'':35} {'':10} {(1 / (CURVATURE + 0.1)).round(3)}")
print(f"{'minimum of the loss':20} {'':35} {'':10} {1 / CURVATURE}")
claim("Both agree with torch after 20 steps: largest difference", max(gaps), holds=max(gaps) < 1e-10)
gap = np.abs(after_long["Adam with penalty"] - 1 / (CURVATURE + 0.1)).max()
claim("Adam with penalty ends at the penalized minimum: largest difference", gap, holds=gap < 1e-3)
gap = np.abs(after_long["AdamW"] - 1 / (CURVATURE + 0.1)).max()
claim("AdamW does, too: largest difference", gap, holds=gap < 1e-3)

# %% [markdown]
# **What to notice.**
#
# - Adam with a penalty is a correct optimizer of the penalized loss: it ends where `"l2"` ended, at
#   $(0.909, 0.099, 5)$. Without noise in the gradients, the division by $\sqrt{\hat v}$ changes the path and not the
#   goal.
# - **AdamW goes somewhere else**: after 1500 steps its first two weights are at the minimum of the *unpenalized* loss,
#   and the third at 8.1 is still on its way up. It is not a bug. AdamW rests where
#   $\hat m/(\sqrt{\hat v}+\epsilon) = -\text{wd}\cdot w$. The left side compares a gradient with its own size: it is ±1
#   for any steady gradient that is not as tiny as ε. So a weight with $\lvert w\rvert < 1/\text{wd} = 10$ can rest only
#   where its gradient is practically zero, and that is the minimum of the loss itself. Without noise, AdamW acts more
#   like a bound, $\lvert w_d\rvert \le 1/\text{wd}$, than like a fine (Xie and Li 2024, arXiv:2404.04454). **There is
#   no penalty whose gradient it follows.** With the noise of mini-batches $\hat v$ is mostly noise, and the decay is
#   felt.
#
# ### Experiment E07c: the same number, three meanings
#
# 600 digits, 20 % of whose labels were replaced by random ones, a hidden layer of 256 ReLUs, 40 epochs: enough to learn
# the wrong labels by heart. Five or six values of `weight_decay` for SGD with momentum 0.9 (lr = 0.05), for Adam and
# for AdamW (lr = 0.003). Three seeds. These are torch's optimizers; you have just seen that yours are the same.

# %% tags=["experiment"]
OPTIMIZERS = {
    "SGD": (partial(torch.optim.SGD, lr=0.05, momentum=0.9, fused=True), (0, 0.003, 0.01, 0.03, 0.3), "green", "^"),
    "Adam": (partial(torch.optim.Adam, lr=0.003, fused=True), (0, 0.001, 0.01, 0.1, 0.3, 1.0), "red", "s"),
    "AdamW": (partial(torch.optim.AdamW, lr=0.003, fused=True), (0, 0.01, 0.1, 0.3, 1.0, 3.0), "blue", "o"),
}


def network(seed, p_drop=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(p_drop), nn.Linear(256, 10))


def decayed(kind, wd, seed):
    """Accuracy on the training digits with their noisy labels, on the validation digits and on the test digits."""
    split, net = digits(600, seed, label_noise=0.2), network(seed)
    train(net, split.train, 40, optimizer=kind(net.parameters(), weight_decay=wd), seed=seed)
    return [evaluate(net, part)[1] for part in split]


sweep = {}
for name, (kind, decays, *_) in OPTIMIZERS.items():
    for wd in decays:
        same = wd == 0 and name == "AdamW"  # without decay, AdamW is Adam
        sweep[name, wd] = sweep["Adam", 0] if same else np.array([decayed(kind, wd, seed) for seed in range(3)])

fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.2), sharex=True)
for name, (_, decays, color, marker) in OPTIMIZERS.items():
    place = [wd or 3e-4 for wd in decays]  # zero has no place on a logarithmic axis
    for ax, part in ((left, 0), (right, 2)):
        values = np.array([sweep[name, wd][:, part] for wd in decays]).T
        mean_with_spread(ax, place, values, label=name, color=COLORS[color], marker=marker)
left.axhline(0.82, color=COLORS["black"], linestyle=":", marker="")
left.text(3e-4, 0.81, "share of right labels", fontsize=9, va="top")
for ax in (left, right):
    ax.set(xscale="log", xlabel="weight_decay", xticks=[3e-4, 1e-3, 1e-2, 1e-1, 1])
    ax.set_xticklabels(["0", "0.001", "0.01", "0.1", "1"])
left.set(ylabel="accuracy", title="Training digits, 18 % of their labels wrong")
right.set(title="Test digits", ylim=(0.8, 0.96))
right.legend()
plt.show()

print("test accuracy, three seeds")
for (name, wd), values in sweep.items():
    print(f"{name:6} {wd:<6}", np.round(values[:, 2], 3), f"mean {values[:, 2].mean():.3f}")
# Chosen on the validation digits, reported on the test digits.
best = {name: max(decays, key=lambda wd: sweep[name, wd][:, 1].mean()) for name, (_, decays, *_) in OPTIMIZERS.items()}
print("best:", ", ".join(f"{name} with {wd}: {sweep[name, wd][:, 2].mean():.3f}" for name, wd in best.items()))
for name in OPTIMIZERS:
    gain = sweep[name, best[name]][:, 2] - sweep[name, 0][:, 2]
    claim(f"{name}: weight decay of {best[name]} helps, gain in test accuracy", gain, holds=np.all(gain > 0))
claim(
    "The best number of AdamW is that of Adam times",
    best["AdamW"] / best["Adam"],
    holds=best["AdamW"] >= 10 * best["Adam"],
)
gap = sweep["AdamW", best["AdamW"]][:, 2] - sweep["Adam", best["Adam"]][:, 2]
claim("At their best AdamW is better than Adam: gain", gap, holds=np.all(gap > 0))
for name in ("SGD", "Adam"):
    guess = sweep[name, 0.3][:, 2]
    claim(f"{name} with 0.3 is down to guessing: test accuracy", guess, holds=np.all(guess < 0.15))
gain = sweep["AdamW", 0.3][:, 2] - sweep["AdamW", 0][:, 2]
claim("With the same 0.3 AdamW gains", gain, holds=np.all(gain > 0))

# %% [markdown]
# Figure: accuracy against `weight_decay` on a logarithmic axis from 0 to 3. Left, training digits: all start near 0.9,
# above the dotted line of 0.82, the share of right labels, so wrong labels have been learned. SGD and Adam cross the
# line at about 0.005, are at 0.79 at 0.01 and drop to 0.11 at 0.3; AdamW hardly moves up to 0.1 and crosses the line
# between 0.3 and 1. Right, test digits: SGD and Adam rise from 0.88 and 0.89 to 0.93 at 0.01 and then fall out of the
# picture; AdamW stays at 0.89 up to 0.01, rises to 0.94 at 1 and is at 0.91 at 3.
#
# **What to notice.**
#
# - **Decay helps**, in all three, by 0.02 to 0.05 at the value that the validation digits choose. At the peaks of the
#   right panel training accuracy is at or below the share of right labels: the network fits what is common to many
#   digits and lets go of single wrong labels.
# - **The same number means different things.** 0.3 ruins SGD and Adam and is good for AdamW; 0.01, the peak of the first
#   two, does nothing in AdamW. Never carry a `weight_decay` from one optimizer to another. What can be compared is the
#   leak per step: $0.003 \cdot 1.0 = 0.003$ in AdamW at its peak; in SGD $0.05 \cdot 0.01/(1-0.9) = 0.005$.
# - SGD and Adam have their peak at the same value, and collapse at the same one. They must: their penalty is the same
#   function, with the same minimum. At 0.3 this minimum is the **zero** network, which knows only how frequent the
#   classes are. That is the jump of section 2: the first matrix is useless without the second, and from a certain price
#   on, nothing is worth buying.
# - Is AdamW better at its best? Here by 0.03, in all three seeds. We would not build on it. Half of that is the choice:
#   300 validation digits take 0.001 for Adam, although 0.01 is better on the test digits. Compared at the peaks of the
#   test curves the gap is 0.013, with 30 epochs 0.007, with 60 epochs −0.001. What decoupling reliably
#   buys is that the rate of decay does not depend on the gradients, so that lr and decay can be tuned more
#   nearly one at a time, which is what its authors argue for.
# - "Dropout is a much better regularizer than L2 or L1", some notes say. Decay alone reaches 0.93 to 0.94 here. The
#   next section trains the same network on the same digits with dropout alone: 0.90 to 0.93 in 20 epochs, and 0.94 in
#   30. It depends on the problem, and notebook 05 has cases on both sides.

# %% [markdown]
# ## 6 · A bound for every unit
#
# Networks are rarely trained with a bound on *all* weights, but there is a hard constraint that was popular together
# with dropout: **max-norm**. After every step, each unit whose incoming weights are longer than $c$ gets them scaled
# back to length $c$. That is projected gradient descent of section 2 with one ball for each unit. The argument for it
# (Srivastava and others 2014): with the bound in place one can use a very large learning rate, since the weights cannot
# blow up.
#
# **By hand**, $c = 1$: the row $(3, 4)$ of length 5 becomes $(0.6, 0.8)$; the row $(0.3, 0.4)$ of length 0.5 stays.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | which vector | incoming weights of a unit: a **row** of `(out, in)` | Keras stores `(in, out)` and needs `axis=0`; outgoing weights would be another method |
# | shorter rows | stay as they are | "unit norm" constraints set all rows to $c$: a relative of weight normalization |
# | what is bounded | the length | section 2: the *squared* length |
#
# ### Exercise: `max_norm_project` (4 points)
#
# *Difficulty 2 of 4, about 10 minutes.*


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
# ### Experiment E07f: does it help?
#
# The noisy digits again, dropout of 0.5 on the hidden layer, SGD without momentum for 20 epochs at learning rates of
# 0.05, 0.3 and 1, without max-norm and with $c = 3$, 2 and 1 on both layers, after every step. Three seeds.

# %% tags=["experiment"]
project = use("max_norm_project")
CAPS, CAP_RATES = (None, 3.0, 2.0, 1.0), (0.05, 0.3, 1.0)


def capped(cap, lr, seed):
    """Test accuracy; length of the longest row at the end; share of the rows that are at the cap."""
    split, net = digits(600, seed, label_noise=0.2), network(seed, p_drop=0.5)
    matrices = [layer.weight for layer in net if isinstance(layer, nn.Linear)]
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, fused=True)

    @torch.no_grad()
    def cut(*_):
        for matrix in matrices:
            matrix.copy_(torch.as_tensor(project(matrix.numpy(), cap)))

    if cap:
        optimizer.register_step_post_hook(cut)
    train(net, split.train, 20, optimizer=optimizer, seed=seed)
    lengths = torch.cat([matrix.detach().norm(dim=1) for matrix in matrices])
    at_cap = (lengths > 0.999 * cap).double().mean().item() if cap else 0.0
    return evaluate(net, split.test)[1], lengths.max().item(), at_cap


caps = {(cap, lr): np.array([capped(cap, lr, seed) for seed in range(3)]) for cap in CAPS for lr in CAP_RATES}

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(1.3, 1))
for shift, (cap, color, marker) in enumerate(zip(CAPS, ("black", "blue", "green", "red"), "osD^", strict=True)):
    for k, lr in enumerate(CAP_RATES):
        place = k + (shift - 1.5) * 0.15
        values = caps[cap, lr][:, 0]
        label = ("no max-norm" if cap is None else f"c = {cap:g}") if k == 0 else None
        left.plot([place] * 3, values, linestyle="", marker=marker, color=COLORS[color], alpha=0.5)
        left.plot(
            [place - 0.05, place + 0.05], [values.mean()] * 2, color=COLORS[color], marker="", linewidth=3, label=label
        )
left.set_xticks(range(3), [f"lr = {lr:g}" for lr in CAP_RATES])
left.set(ylim=(0.85, 1), ylabel="test accuracy", title="Three seeds (points) and their means (bars)")
left.legend(ncols=2, loc="upper right", fontsize=9)
shares = np.array([[100 * caps[cap, lr][:, 2].mean() for lr in CAP_RATES] for cap in CAPS[1:]])
for row, (cap, color) in enumerate(zip(CAPS[1:], ("blue", "green", "red"), strict=True)):
    bars = right.bar(
        np.arange(3) + (row - 1) * 0.25, shares[row], width=0.22, color=COLORS[color], label=f"c = {cap:g}"
    )
    right.bar_label(bars, fmt="%.0f", fontsize=8)
right.set_xticks(range(3), [f"lr = {lr:g}" for lr in CAP_RATES])
right.set(ylabel="units at the cap (%)", title="How many units does it hold?")
right.legend(loc="upper left", fontsize=9)
plt.show()

print("test accuracy       ", *[f"lr {lr:<6g}" for lr in CAP_RATES])
for cap in CAPS:
    name = "no max-norm" if cap is None else f"c = {cap:g}"
    print(f"{name:20}", *[f"{caps[cap, lr][:, 0].mean():.3f}    " for lr in CAP_RATES])
for lr in CAP_RATES:
    cap = max(CAPS[1:], key=lambda cap: caps[cap, lr][:, 0].mean())
    gain = caps[cap, lr][:, 0] - caps[None, lr][:, 0]
    claim(f"lr {lr:g}: the best max-norm, c = {cap:g}, helps, gain in test accuracy", gain, holds=np.all(gain > 0))
over_all = max(caps[cap, lr][:, 0].mean() for cap in CAPS[1:] for lr in CAP_RATES)
without = max(caps[None, lr][:, 0].mean() for lr in CAP_RATES)
claim(
    "Best of nine with max-norm against best of three without: gain of the mean",
    over_all - without,
    holds=over_all - without > 0.01,
)

# %% [markdown]
# Figure: left, test accuracy for three learning rates and four settings. At lr 0.05 no max-norm, c = 3 and c = 2 are
# identical at 0.909, c = 1 a little lower; at 0.3 they are at 0.929, 0.929, 0.927 and 0.908; at 1 at 0.897, 0.900,
# 0.894 and 0.873, with seeds that scatter by ±0.02. Right, the share of units at the cap: none to 3 % at 0.05, up to 4
# % at 0.3, and 1, 2 and 26 % at lr 1.
#
# **What to notice.** An honest null result: **no cap gains more than 0.003 anywhere, and c = 1 costs.** Before you
# believe it, ask whether the method had a chance.
#
# - The right panel says that at small rates it had none: at 0.05 no row ever got as long as 2, at 0.3 none as long as
#   3, and there the results are the *same numbers, bit for bit*. A bound that is not felt has no price, and no effect.
# - At lr 1 it was felt, with c = 1 by a quarter of the units, and did not help. The story "with max-norm you can use a
#   huge learning rate" needs a network whose weights blow up without it. This one is shallow, and a row longer than 3
#   is rare in it.
# - We tried 30 epochs as well: a gain of 0.008 ± 0.03 at lr 1, next to none elsewhere. That is how null results turn
#   into small successes: nine settings, the best one reported, and no spread.
# - The published gains are for large, deep networks on large data. This experiment does not contradict them. It says
#   that here, the method is not needed.

# %% [markdown]
# ## 7 · Noise on the inputs
#
# Now something that does not look like a penalty at all. A data set often has many perfect solutions: infinitely many
# lines separate two clouds that do not touch. Some of them pass so close to a point that a slightly different point
# would have been on the wrong side. To prefer a line in the middle, show the model slightly different points: add fresh
# noise to the inputs in every step. This is the simplest data augmentation there is; notebook 09 replaces the noise by
# changes that a *photograph* might undergo.
#
# For a linear model under squared loss one can compute what this does. Let $\epsilon$ have mean 0, and independent
# entries of variance $\lambda$:
#
# $$ E\,(w\cdot(x+\epsilon) - y)^2
#    = (w\cdot x - y)^2 + 2\,(w\cdot x - y)\underbrace{E\,[w\cdot\epsilon]}_{0}
#      + \underbrace{E\,[(w\cdot\epsilon)^2]}_{\lambda\lVert w\rVert^2} . $$
#
# Nothing was approximated, and no Gaussian was used: **noise of variance λ on the inputs is an L2 penalty with factor
# λ** (of the *mean* loss). Bishop (1995) shows that for other models this holds approximately, for small noise.
#
# **By hand.** Noise of variance 2.5 on the two inputs of section 1: the minimum of
# $\frac12[(2-w)^2 + (2-2w)^2] + 2.5\,w^2$ is at $(5 + 5)\,w = 6$, $w =$ **0.6**. The fourth time.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | λ | the **variance** of the noise | code wants a standard deviation: `rng.normal(scale=np.sqrt(lam))`. Confusing the two turns $\lambda$ into $\lambda^2$ |
# | loss | mean of squares, no ½ | with the sum the penalty is $N\lambda\lVert w\rVert^2$ |
# | exact or sampled | exact, nothing is drawn | |
#
# ### Exercise: `input_noise_loss` (4 points)
#
# Two functions: the expected loss, `noisy_input_loss`, and the weights that minimize it, `noisy_input_optimum`.
#
# *Difficulty 2 of 4, about 15 minutes.*


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
# ### Experiment E07d: many separators, and one in the middle
#
# Two clouds of twelve points. A perceptron starts at random weights, picks points one after the other, and corrects
# itself when it is wrong; without noise it stops as soon as all points are on the right side. Fifteen starts, without
# noise, with noise of standard deviation 0.3, and with 1.0, on three data sets. The **margin** is the distance of the
# nearest point from the line, negative if it is on the wrong side. And a check of the formula: average the loss of a
# linear model over 2000 noisy copies of a data set.

# %% tags=["experiment"]
expected_loss, best_weights = use("noisy_input_loss"), use("noisy_input_optimum")


def clouds(seed, n=12):
    rng = np.random.default_rng(seed)
    y = np.repeat([-1.0, 1.0], n)
    return rng.normal(size=(2 * n, 2)) * [0.6, 1.0] + y[:, None] * [1.9, 0.5], y


def separator(X, y, sd, seed, steps=2500):
    """Weights and bias of a perceptron."""
    rng = np.random.default_rng(seed)
    points, w = np.c_[X, np.ones(len(X))], 3 * rng.normal(size=3)
    for _ in range(steps):
        i = rng.integers(len(y))
        point = points[i] + sd * np.r_[rng.normal(size=2), 0]
        if y[i] * (point @ w) <= 0:
            w = w + y[i] * point
        if sd == 0 and np.all(y * (points @ w) > 0):
            break
    return w


def margin(w, X, y):
    return np.min(y * (X @ w[:2] + w[2])) / np.linalg.norm(w[:2])


LEVELS = (0, 0.3, 1.0)
lines = {(data, sd): [separator(*clouds(data), sd, start) for start in range(15)] for data in range(3) for sd in LEVELS}
margins = {key: np.array([margin(w, *clouds(key[0])) for w in found]) for key, found in lines.items()}

X, y = clouds(2)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.9), sharey=True)
titles = ("No noise: anything goes", "Noise of 0.3: the middle", "Noise of 1.0: across the boundary")
for ax, sd, title in zip(axes, LEVELS, titles, strict=True):
    if sd:
        rng = np.random.default_rng(0)
        for sign, color in ((-1, "orange"), (1, "sky")):
            cloud = np.repeat(X[y == sign], 25, axis=0) + sd * rng.normal(size=(300, 2))
            ax.plot(*cloud.T, ls="", marker=".", markersize=2, color=COLORS[color], alpha=0.5)
    for w in lines[2, sd]:
        height = np.array([-6.0, 6.0])
        ax.plot(-(w[1] * height + w[2]) / w[0], height, color=COLORS["black"], marker="", linewidth=0.8, alpha=0.6)
    for sign, color, marker in ((-1, "red", "s"), (1, "blue", "o")):
        ax.plot(*X[y == sign].T, ls="", marker=marker, color=COLORS[color])
    ax.set(xlim=(-4.5, 4.5), ylim=(-3.5, 3.5), title=title, xlabel="first input")
    ax.text(
        0.03, 0.03, f"margin {margins[2, sd].mean():.2f} ± {margins[2, sd].std(ddof=1):.2f}", transform=ax.transAxes
    )
axes[0].set_ylabel("second input")
plt.show()

gain = [margins[data, 0.3].mean() - margins[data, 0].mean() for data in range(3)]
claim("Noise of 0.3 widens the margin: gain in the mean", gain, holds=min(gain) > 0)
spread = [margins[data, 0].std() / margins[data, 0.3].std() for data in range(3)]
claim("and the starts agree more: ratio of the spreads", spread, holds=min(spread) > 1, unit="times")
lost = [margins[data, 0.3].mean() - margins[data, 1.0].mean() for data in range(3)]
claim("Noise of 1.0 is too much: margin lost", lost, holds=min(lost) > 0)

sigmas, ratios = [], []
for seed in range(3):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(40, 5)) * [1, 2, 0.5, 1, 3], rng.normal(size=5)
    y = X @ rng.normal(size=5) + 0.3 * rng.normal(size=40)
    noisy = X + np.sqrt(0.7) * rng.normal(size=(2000, 40, 5))
    sampled = ((noisy @ w - y) ** 2).mean(axis=1)
    sigmas.append((sampled.mean() - expected_loss(w, X, y, 0.7)) / (sampled.std() / np.sqrt(2000)))
    fitted = np.linalg.lstsq(noisy.reshape(-1, 5), np.tile(y, 2000), rcond=None)[0]
    ratios.append(np.abs(fitted - best_weights(X, y, 0.7)).max())
claim(
    "The formula against 2000 noisy copies: difference of the loss",
    sigmas,
    holds=np.all(np.abs(sigmas) < 4),
    unit="standard errors",
)
claim("Least squares on the noisy copies finds the ridge weights: largest difference", ratios, holds=max(ratios) < 0.02)

# %% [markdown]
# Figure: two clouds of twelve points each, three times, with fifteen lines found by a perceptron. Without noise the
# lines fan out in all directions through the gap, some touching a point. With noise of 0.3, drawn as small dots around
# the points, the lines are nearly parallel and run through the middle of the gap. With noise of 1.0 the dots of the two
# clouds overlap, and the lines fan out again. Margins 0.38, 0.81 and 0.45 with spreads of 0.32, 0.09 and 0.27.
#
# **What to notice.**
#
# - **All lines in the left panel are perfect** on the training data. The loss cannot choose between them, the random
#   start does. Noise adds what the loss lacks: a preference for distance. The margin doubles, and the starts agree.
# - Too much noise carries points over to the other side. Then no line is right for all of them, the perceptron never
#   comes to rest, and the margin is lost. For a linear model under squared loss that could not be seen: there, more
#   noise is just more shrinking, without a border.
# - The formula holds to within a standard error or so of the sampling, and least squares on noisy copies finds the
#   ridge weights to 0.005. One can *compute* what noise does, without any noise.
#
# ### Experiment E07d, continued: digits
#
# The network and the noisy labels of E07c, SGD with momentum and no decay, and inputs with fresh noise in each batch;
# pixels lie between 0 and 1. Tested on clean digits, and on digits with noise of 0.3. As a measure of "too much" we ask
# for how many noisy training digits the **nearest clean digit has another label**.

# %% tags=["experiment"]
NOISES = (0, 0.1, 0.3, 0.6, 1.5)


def with_noise(sd, seed):
    """Test accuracy on clean digits and on noisy ones; share of noisy digits that have crossed over."""
    split, net = digits(600, seed, label_noise=0.2), network(seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, fused=True)
    train(net, split.train, 40, optimizer=optimizer, augment=lambda x, y: (x + sd * torch.randn_like(x), y), seed=seed)
    draws = torch.Generator().manual_seed(seed)
    x, labels = map(torch.tensor, digits(600, seed).train)  # the right labels
    moved = x + sd * torch.randn(x.shape, generator=draws)
    crossed = (labels[torch.cdist(moved, x).argmin(dim=1)] != labels).double().mean().item()
    test = torch.tensor(split.test[0])
    test = test + 0.3 * torch.randn(test.shape, generator=draws)
    return evaluate(net, split.test)[1], evaluate(net, (test, split.test[1]))[1], crossed


noise_runs = np.array([[with_noise(sd, seed) for sd in NOISES] for seed in range(3)])

fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 3.9), width_ratios=(1.2, 1))
for part, name, color, marker in (
    (0, "test, clean digits", "blue", "o"),
    (1, "test, digits with noise of 0.3", "orange", "D"),
    (2, "noisy digits that have crossed over", "red", "s"),
):
    mean_with_spread(left, NOISES, noise_runs[..., part], label=name, color=COLORS[color], marker=marker)
left.set(xlabel="standard deviation of the noise in training", ylabel="share of digits", ylim=(0, 1.02))
left.legend(loc=(0.02, 0.33), fontsize=9)
left.set_title("Noise helps until it crosses over")
image = digits(600, 0).train[0][3].reshape(8, 8)
rng = np.random.default_rng(0)
strip = np.concatenate(
    [np.pad(image + sd * rng.normal(size=(8, 8)), ((0, 0), (0, 1)), constant_values=np.nan) for sd in NOISES], axis=1
)
right.imshow(strip, cmap="gray_r", vmin=-0.5, vmax=1.5)
right.set_xticks(4 + 9 * np.arange(5) - 0.5, [f"{sd:g}" for sd in NOISES])
right.set(yticks=[], xlabel="standard deviation", title="One digit")
right.grid(False)
plt.show()

print("noise      ", *[f"{sd:<7g}" for sd in NOISES])
for name, values in zip(("clean", "noisy", "crossed"), noise_runs.mean(axis=0).T, strict=True):
    print(f"{name:11}", *[f"{value:.3f}  " for value in values])
gain = noise_runs[:, 2, 0] - noise_runs[:, 0, 0]
claim("Noise of 0.3 helps on clean digits: gain in accuracy", gain, holds=np.all(gain > 0))
gain = noise_runs[:, 2, 1] - noise_runs[:, 0, 1]
claim("and on noisy ones", gain, holds=np.all(gain > 0))
lost = noise_runs[:, 0, 0] - noise_runs[:, 4, 0]
claim("Noise of 1.5 destroys it: loss in accuracy", lost, holds=np.all(lost > 0.3))

# %% [markdown]
# Figure: left, accuracy against the standard deviation of the training noise. On clean test digits it rises from 0.88
# to 0.95 at 0.3, is 0.92 at 0.6 and 0.15 at 1.5; on noisy test digits it rises from 0.63 to 0.85 at 0.6 and falls to
# 0.18. The share of noisy digits that are nearest to a digit with another label is 0 up to 0.3, 0.21 at 0.6, 0.70 at
# 1.5. Right, one digit with the five amounts of noise: at 0.6 a person still guesses it, at 1.5 nobody does.
#
# **What to notice.**
#
# - Noise of 0.3 gains 0.07 on **clean** digits, more than any weight decay of E07c, and 0.2 on noisy ones. At 0.3 only
#   0.3 % of the digits have crossed over: the label still belongs to the picture.
# - At 0.6 a fifth has crossed over, and clean accuracy goes down, though the accuracy on *noisy* digits is at its best.
#   "Be prepared for the noise of the task" and "be as good as possible on clean data" are two aims.
# - At 1.5 seven of ten have crossed over. For most of them another label would be the better guess, and next to nothing
#   is learned.
# - This is a network, not a linear model, and the noise is not small: the equivalence with L2 does not hold. If it did,
#   some weight decay should reach 0.95, too.

# %% [markdown]
# ## 8 · Noise on the weights, and the term that the slide forgets
#
# One can shake the weights as well: $f_{w+\epsilon}(x)$ with $\epsilon \sim N(0, \lambda I)$, fresh for each step. What
# does that penalize? Expand the output to second order, with $g = \nabla_w f$ and $H = \nabla_w^2 f$, both with respect
# to the **weights**:
#
# $$ f_{w+\epsilon} \approx f + \epsilon^\top g + \tfrac12\,\epsilon^\top H \epsilon . $$
#
# Insert it into the squared loss, with the residual $r = f - y$, and collect what is of first order in λ, that is, of
# second order in ε:
#
# $$ E\,(r + \epsilon^\top g + \tfrac12\epsilon^\top H\epsilon)^2
#    = r^2 + \underbrace{E\,(\epsilon^\top g)^2}_{\lambda\lVert g\rVert^2}
#    + \underbrace{2 r \cdot \tfrac12\, E\,[\epsilon^\top H\epsilon]}_{\lambda\, r \operatorname{tr} H}
#    + O(\lambda^2) . $$
#
# The slides that show this keep the first term, $\lambda\lVert\nabla f\rVert^2$, and count the other one among the
# $O(\lambda^2)$. It is not: $E\,[\epsilon^\top H\epsilon] = \lambda\operatorname{tr}H$. It is of the **same** order,
# and vanishes only where the model is linear in its weights ($H = 0$) or fits perfectly ($r = 0$). It can also be
# negative: shaking the weights can *lower* the expected loss.
#
# A second slip is in the words. "Penalizes the gradient, so it encourages the function to be smooth": the gradient is
# with respect to the weights, not to the input. What is encouraged is a **flat** place in the space of weights, where
# the outputs do not react to small changes of the weights.
#
# **By hand.** $f = w^2$ at $w = 1$: $g = 2$, $H = 2$. For $y = 1$, $r = 0$: both formulas say $4\lambda$. For $y = 3$,
# $r = -2$: the slide says $4\lambda$, the full formula $4\lambda - 2\cdot 2\lambda = 0$. The truth:
# $E (w+\epsilon)^4 = 1 + 6\lambda + 3\lambda^2$ and $E(w+\epsilon)^2 = 1 + \lambda$, so
# $E((w+\epsilon)^2 - 3)^2 = 4 + 0\,\lambda + 3\lambda^2$.
#
# ### Exercise: `weight_noise_penalty` (5 points, extension)
#
# The derivatives are given; you combine them, in both ways. Mean of squares, no ½; $\lambda$ is a variance.
#
# *Difficulty 4 of 4, about 15 minutes.*


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
# ### Which formula is right?
#
# One unit, $f = \tanh(w\cdot x)$, three random $(w, x)$. The exact expectation can be computed to all digits, because
# $\epsilon\cdot x$ is a single Gaussian number (Gauss-Hermite quadrature). Left, the increase of the loss per λ, for
# residuals from −1 to 1. Right, how far each formula is off when λ gets smaller: a formula that is right to first order
# has a relative error that falls with λ.

# %% tags=["experiment"]
predict = use("weight_noise_penalty")
nodes, quadrature = np.polynomial.hermite_e.hermegauss(80)
quadrature = quadrature / quadrature.sum()


def unit(seed):
    """Input x, and z = w . x, of one random unit."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=3), rng.normal(size=3)
    return x, w @ x


def exact_increase(x, z, y, lam):
    shaken = np.tanh(z + np.sqrt(lam * x @ x) * nodes)
    return quadrature @ (shaken - y) ** 2 - (np.tanh(z) - y) ** 2


def predicted(x, z, y, lam):
    f = np.tanh(z)
    slope, bend = 1 - f**2, -2 * f * (1 - f**2)  # of tanh; the derivatives in w have factors x and x x^T
    return predict(np.array([f]), np.array([y]), (slope * x)[None], np.array([bend * x @ x]), lam)


residuals, variances = np.linspace(-1, 1, 21), np.geomspace(1e-4, 1e-1, 10)
fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4))
x, z = unit(1)
ys = np.tanh(z) - residuals
left.plot(
    residuals,
    [exact_increase(x, z, y, 1e-3) / 1e-3 for y in ys],
    ls="",
    marker="o",
    color=COLORS["black"],
    label="exact",
)
for name, color, linestyle in (("slide", "red", "--"), ("full", "blue", "-")):
    values = [predicted(x, z, y, 1e-3)[name] / 1e-3 for y in ys]
    left.plot(residuals, values, color=COLORS[color], ls=linestyle, marker="", label=f"formula: {name}")
left.axhline(0, color="0.5", linewidth=0.8, marker="")
left.set(xlabel="residual f − y", ylabel="increase of the loss per λ", title="They meet where the residual is zero")
left.legend()
wrong = {}
for seed in range(3):
    x, z = unit(seed)
    y = np.tanh(z) - 1  # residual 1
    true = np.array([exact_increase(x, z, y, lam) for lam in variances])
    for name, color, linestyle in (("slide", "red", "--"), ("full", "blue", "-")):
        error = np.abs(np.array([predicted(x, z, y, lam)[name] for lam in variances]) - true) / variances
        wrong.setdefault(name, []).append(error)
        label = f"formula: {name}" if seed == 0 else None
        right.plot(variances, error, color=COLORS[color], ls=linestyle, marker="os^"[seed], label=label)
right.set(xscale="log", yscale="log", xlabel="variance λ of the noise", ylabel="error of the increase, per λ")
right.set_title("Only the full formula becomes exact")
right.legend()
plt.show()

wrong = {name: np.array(values) for name, values in wrong.items()}
decades = np.log(variances[3] / variances[0])
order = np.log(wrong["full"][:, 3] / wrong["full"][:, 0]) / decades
claim("Full formula: its error per λ falls like λ to the power", order, holds=np.all(order > 0.8))
order = np.log(wrong["slide"][:, 3] / wrong["slide"][:, 0]) / decades
claim("Slide: its error falls, too, like λ to the power", order, holds=np.all(order > 0.8))
lowest = []
for seed in range(3):
    x, z = unit(seed)
    lowest.append(min(exact_increase(x, z, np.tanh(z) - r, 1e-3) / 1e-3 for r in (-1, 1)))
claim(
    "Noise on the weights can lower the loss: smaller increase per λ of the residuals ±1", lowest, holds=min(lowest) < 0
)

# %% [markdown]
# Figure: left, the increase of the loss per λ against the residual, for one unit. The exact points and the full formula
# are on one line that falls from 1.24 at a residual of −1 to 0 at 1. The slide's formula is horizontal at 0.62 and
# crosses it at a residual of zero. Right, the error against λ, both logarithmic: three horizontal lines for the slide,
# between 0.08 and 0.6; three lines for the full formula that fall with λ, by
# a decade for each decade of a small λ.
#
# **What to notice.**
#
# - The slide's error does **not** shrink with λ: the power is 0, so the claim that it does is not reproduced. It lacks
#   a term of first order. The full formula has the power 1: what it lacks is of second order.
# - For the unit on the left the slide says 0.62 whatever the residual is; the truth lies between 0 and 1.24. In one of
#   the three units noise on the weights even *lowers* the expected loss (−0.08 per λ, where the slide says +0.004).
# - When is the slide right? Where residuals vanish, near the end of training on data that can be fitted, and for models
#   that are linear in their weights. For an average over residuals that are unrelated to the curvature the two signs
#   cancel in part. For noisy labels and early in training they need not.

# %% [markdown]
# ## 9 · What is equal to what
#
# The example by hand met the number 0.6 four times. For the loss $\frac1N\sum_n (t_n - x_n\cdot w)^2$:
#
# | said as | number for $w = 0.6$ | the same as the penalty $\lambda\lVert w\rVert^2$ with | holds for |
# | --- | --- | --- | --- |
# | prior of variance τ², noise of variance σ² | τ² = 0.2, σ² = 1 | $\lambda = \sigma^2/(N\tau^2)$ | Gaussian noise and prior |
# | bound $\lVert w\rVert^2 \le r$ | r = 0.36 | $\lambda = \lambda^*(r) \ge 0$, zero if slack | convex losses (E07b) |
# | gradient descent with decay `wd` | wd = 5 | $\lambda = \text{wd}/2$ | `"l2"` always; decoupled without momentum |
# | decoupled decay, momentum μ | wd = 5 / (1 − μ) | $\lambda = \text{wd}\,(1-\mu)/2$ | its resting point |
# | noise of variance $s$ on the inputs | s = 2.5 | $\lambda = s$ | linear models, squared loss |
# | AdamW; decay in front of batch norm | none | no penalty does the same | |
#
# And L1 belongs to a Laplace prior; max-norm is a bound for each unit. **Before you copy a number from a paper, find
# its line in this table.**
#
# ## 10 · Two questions in words

# %% [markdown] question="W07a" points=5
# **W07a (5 points).** *From Bayes' rule to L2.*
#
# (a) Data $t_n = f(x_n; \theta) + \text{noise}$ with Gaussian noise of variance $\sigma^2$, prior
# $\theta \sim N(0, \tau^2 I)$. Derive from Bayes' rule which function of θ is minimized by the MAP estimate. What is λ
# if the loss is the *sum* of squares and the penalty $\lambda\lVert\theta\rVert^2$? (b) What is it for the *mean* of
# squares of $n$ data points, and what happens to it as $n$ grows? What does that mean for a `weight_decay` that was
# tuned on a tenth of the data? (c) Which prior gives an L1 penalty, and with which λ for the sum of squares? Draw
# samples from it in your mind: are they zero? (d) A set of slides writes
# $\max_\theta \log p(\theta \mid D) = \max_\theta \log p(\theta) + \log p(D \mid \theta)$ with a brace "regularization"
# under $\max_\theta\log p(\theta)$. Give an example with numbers in which maximizing the two terms *separately* gives
# another value, and say what the right-hand side would have to be.
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# (a) $p(\theta \mid D) = p(\theta)\,p(D\mid\theta)/p(D)$, and $p(D)$ does not contain θ. Maximizing the posterior is
# minimizing
# $-\log p(D\mid\theta) - \log p(\theta) = \frac1{2\sigma^2}\sum_n (t_n - f(x_n;\theta))^2 + \frac1{2\tau^2}\lVert\theta\rVert^2 + \text{const}$.
# Multiplying by $2\sigma^2 > 0$ does not move the minimum: sum of squares $+\,\lambda\lVert\theta\rVert^2$ with
# $\lambda = \sigma^2/\tau^2$.
#
# (b) Divided by $n$: $\lambda = \sigma^2/(n\tau^2)$. It falls like $1/n$: the prior stays the same, the data outvote
# it. A penalty on the mean loss that was tuned on a tenth of the data would be about ten times too strong for all of
# it, if the belief about θ is to stay the same.
#
# (c) The Laplace prior $p(\theta) \propto \prod_d e^{-\lvert\theta_d\rvert/b}$:
# $-\log p = \frac1b\sum\lvert\theta_d\rvert$; times $2\sigma^2$, $\lambda = 2\sigma^2/b$. Its samples are never exactly
# zero. The zeros are a property of the *maximum* of the posterior, not of the prior or of the posterior itself.
#
# (d) One number θ, prior $N(0,1)$, one observation $t = 2$ with $\sigma = 1$; leave out the constants. Separately:
# $\max(-\theta^2/2) = 0$ at 0, $\max(-(2-\theta)^2/2) = 0$ at 2, sum 0. Together: $-\theta^2/2 - (2-\theta)^2/2$ has
# its maximum at $\theta = 1$, with the value $-1$. No θ is at both places. Right:
# $\max_\theta\,[\log p(\theta) + \log p(D\mid\theta)]$, **one** max over the **sum** (and minus $\log p(D)$, if values
# and not only places are to agree).
#
# **Rubric.** (a) 2 points: 1 for the negative logarithms with both factors ½, 1 for $\sigma^2/\tau^2$. (b) 1 point: ½
# for $1/n$, ½ for the consequence. (c) 1 point: Laplace with λ (½, any scale if stated clearly), samples are not zero
# (½). (d) 1 point: ½ for a counterexample with two values, ½ for "one max over the sum". An answer that only says "the
# bracket is missing" earns the second half.
# ### END SOLUTION

# %% [markdown] question="W07b" points=4
# **W07b (4 points).** A slide is titled "L2 regularization, also (wrongly) called weight decay" and shows
#
# $$ \Theta_{k+1} = \Theta_k - \epsilon\nabla f(\Theta_k) - \lambda\Theta_k \quad\text{(L2)}, \qquad
#    \Theta_{k+1} = (1-\lambda)\,\Theta_k - \alpha\nabla f(\Theta_k) \quad\text{(weight decay)} . $$
#
# (a) Show that these are the same line. (b) Write down what a gradient step for $f + \frac\lambda2\lVert\Theta\rVert^2$
# really is. For which rate of decay does it equal the second formula, and what changes when the learning rate is halved
# during training? (c) Where do L2 and decay truly differ? Treat momentum and Adam, each with the reason and with a
# number of this notebook. (d) Where do the two names come from, and is the "wrongly" of the title right?
#
# ### BEGIN SOLUTION
# **Model answer.**
#
# (a) $\Theta_k - \lambda\Theta_k = (1-\lambda)\Theta_k$; ε and α are two letters for the learning rate.
#
# (b) $\Theta_{k+1} = \Theta_k - \epsilon(\nabla f + \lambda\Theta_k) = (1-\epsilon\lambda)\Theta_k - \epsilon\nabla f$.
# It equals decay with the rate $\epsilon\lambda$, so the λ of the second formula is $\epsilon$ times that of the first.
# If the learning rate is halved, L2 halves its decay with it and its minimum stays where it is; the decay of the slide
# stays as it was, and the resting point, where $\alpha\nabla f = -\lambda\Theta$, moves: as if the penalty had doubled.
#
# (c) *Momentum*: the L2 term enters the buffer and is amplified by $1/(1-\mu)$ like the loss; decoupled decay does not
# and acts as a penalty of $\text{wd}\,(1-\mu)$. Numbers: after 20 steps 0.88/0.84/3.85 against 0.99/0.82/4.46; in the
# end 5.0 against 9.09 for the third weight. *Adam*: the L2 term is divided by $\sqrt{\hat v}$ like the gradient, so
# weights with large gradients decay less (1 % against 74 % in the figure), while AdamW treats all alike (9.5 %); so
# there is no factor that turns one into the other. In E07c the peaks of the test curves, at 0.01 and 1.0, differ by a
# factor of 100.
#
# (d) Decay is the engineers' name for what they did (multiply by 0.98), L2 or ridge the name that researchers gave the
# penalty $\lVert\Theta\rVert^2$. For plain gradient descent with the rates matched the names are synonyms, and nothing
# is wrong. It *is* wrong for momentum and for adaptive methods, which the formulas of the slide do not show.
#
# **Rubric.** 1 point each. (b) half for $\epsilon\lambda$, half for the learning rate. (c) half for momentum, half for
# Adam; each needs the reason; a number that is missing costs a quarter. (d) half for the two origins, half for a
# verdict with its condition.
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **`map_ridge` and `poly_design`**: in notebook 06 dropout was a ridge with another ruler (it measures every weight in
#   the units of its feature); in notebook 08 stopping early does nearly the same as a penalty, and bias and variance are
#   measured on polynomials.
# - **Projection and soft threshold** are the two simplest proximal steps. If you meet ADMM, mirror descent or the
#   "projected gradient" of adversarial attacks, you know the skeleton.
# - **Four conventions of decay.** The capstone (notebook 12) asks for `weight_decay` on the weight matrices only, and
#   not on biases, γ and β. You know by now what it does to a matrix in front of batch norm: it is a learning rate.
# - **Noise is a penalty** for linear models. For networks it is data augmentation, and notebooks 09 and 10 put
#   knowledge about images into it.
# - Negative results that stay: max-norm gained next to nothing here; the lead of AdamW at its best comes and goes with
#   the number of epochs; the prior did not quite make up for not knowing the degree.
#
# **Next**: [08 · Early stopping, bias and variance,
# ensembles](../08_early_stopping_ensembles/08_early_stopping_ensembles.ipynb).


# %%
progress()
