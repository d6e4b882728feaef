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
# # Dropout as an ensemble, and the singular-value story
#
# Dropout (notebook 05) is three lines of code. Around these three lines lecturers tell three stories:
#
# 1. **The ensemble.** A network with $H$ hidden units contains $2^H$ smaller ones. Dropout trains them all at once, and
#    the network without dropout is their average, computed in one pass.
# 2. **The uncertainty.** If you leave dropout on and run the network many times, the spread of the answers tells how
#    sure it is, and its probabilities can be trusted more.
# 3. **The singular values.** Learning responds first to the directions in which the data are large. Dropout reduces
#    the influence of just these, so that the network does not rely on a few strong patterns.
#
# Each of them is a good story: it explains something, and you can carry it around. The question of this notebook is
# what is left of it when you calculate. You will see that for small networks and linear models one can calculate
# **exactly**: over all masks, with no sampling and no "approximately". Then it turns out that the first story is true
# of *one* kind of average, *one* hidden layer and *one* kind of output; that the second depends on the rate; and that
# the third is half right in a way which is more interesting than the story: dropout spares what is large because many
# features **agree**, and does not see what is large because of its **units**.
#
# By the end you will be able to
#
# - prove which average a network without dropout computes, and say where the proof stops;
# - get probabilities with uncertainty out of any network with dropout, and draw the diagram that shows whether they
#   are worth anything;
# - derive what dropout does to each singular direction of a linear model and of a linear network with one hidden
#   layer, and predict the result to three digits;
# - say what dropout is invariant to, and what happens when batch norm follows it.
#
# **You need**: notebooks [00](../00_workshop/00_workshop.ipynb), [02](../02_batch_norm/02_batch_norm.ipynb) and
# [05](../05_dropout/05_dropout.ipynb), and the singular value decomposition. **Time**: about 4.5 hours. **Points**: 42
# for code in eight exercises, 10 for two questions in words. Exercises marked *extension* can be left out without
# losing the thread.
#
# The rules of notebook 02 hold: arguments are left as they were, bad input is refused with a `ValueError` that names
# the argument, and `hint("dropout_ensemble_exact")` helps. Nowhere in this notebook is there a bare $p$:
# $p_\text{keep}$ is the probability that a unit stays, $p_\text{drop} = 1 - p_\text{keep}$. Only torch's layers call
# the latter `p`.

# %%
from itertools import product
from math import sqrt

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
# ## 1 · A forest inside one network
#
# A random forest averages many decision trees. A single tree follows every accident of its data; the average of a
# hundred different trees does not. For the trees to be different, each of them sees other examples and is locked out of
# some of the features. Ensembles nearly always help; with neural networks there are two obstacles. Training a hundred
# large networks, and running all of them for each prediction, is expensive; and there is not enough data to give each
# its own.
#
# Dropout looks like a way around both. Locking units out of one network gives another, thinner one: a **mask**
# $m \in \{0,1\}^H$ says which of the $H$ hidden units stay. There are $2^H$ masks. All the thin networks share their
# weights, so there is only one set of weights to store and to train.
#
# How far does the likeness go?
#
# | | random forest (bagging, notebook 08) | dropout |
# | --- | --- | --- |
# | members | hundreds | $2^H$, in principle |
# | each is trained | to its end, on its own sample of the data | hardly ever at all; a mask that is drawn serves one example in one step |
# | parameters | each has its own | all share the same |
# | variety comes from | samples and subsets of features | subsets of units |
# | average | plain mean of the predictions | one pass of the whole network: *which* average is that? |
# | weight of a member | equal | $P(m) = p_\text{keep}^{k}\,p_\text{drop}^{H-k}$ with $k$ units kept |
#
# The second row deserves a number. You will read that dropout *trains $2^n$ networks* and, elsewhere, that *only a few
# of them ever get trained, on one example each*. Both are said of the same thing. Take 600 digits and 30 epochs: 18 000
# masks are drawn.

# %% tags=["experiment"]
DRAWN = 600 * 30  # one mask for each example in each epoch


def networks_seen(units, seed):
    """How many different masks there are among those drawn with p_keep = 0.5."""
    masks = np.random.default_rng(seed).random((DRAWN, units)) < 0.5
    return len(np.unique(np.packbits(masks, axis=1), axis=0))


print("hidden units   networks that exist   of them ever drawn (three seeds)")
for units in (4, 8, 12, 16, 24, 256):
    seen = np.array([networks_seen(units, seed) for seed in range(3)])
    print(f"{units:12}   {2.0**units:19.3g}   ", *(f"{count:6}" for count in seen))
claim("With 256 units no network is ever drawn twice: different ones", seen, holds=np.all(seen == DRAWN))

# %% [markdown]
# Up to 8 units all networks get their turn, and at 12 nearly all of them; from 24 on almost every mask is met **once in
# its life**. With 256 units, 18 000 out of $10^{77}$ networks take one step each, with one example. This is as far as
# bagging can be pushed, and it works only because of the shared weights: a network that was never drawn is good
# because its relatives were trained. It also means that "ensemble" is an analogy here; the members are anything but
# independent.
#
# There is a grander way to see it. *With unlimited computation*, the best prediction averages over **all settings of
# the parameters**, each weighted by its posterior probability given the data. Dropout is sometimes introduced as a
# cheap version of that. Keep the two differences in mind: it averages over thinned versions of *one* setting, and the
# weights $P(m)$ are fixed before any data are seen. (Gal and Ghahramani, arXiv:1506.02142, read dropout as a certain
# approximation of the posterior; that is a choice of a family of distributions, not a theorem that the average is
# the Bayesian one.)
#
# ### Which average is it?
#
# One hidden layer with activations $h$, a mask $m$, logits and probabilities
#
# $$ z_m = W(m \circ h) + b, \qquad q_m = \mathrm{softmax}(z_m). $$
#
# Three candidates for what "the average of all networks" could mean:
#
# $$
# \text{arith} = \sum_m P(m)\, q_m, \qquad
# \text{geo} = \frac{1}{Z}\prod_m q_m^{\,P(m)}, \qquad
# \text{mean net} = \mathrm{softmax}(p_\text{keep}\, W h + b).
# $$
#
# Powers and products are taken class by class, and $Z$ makes the classes add up to 1. The third is no average at all:
# it is the network that you use at test time, all units on and the weights multiplied by $p_\text{keep}$.
#
# **Claim: geo and the mean net are the same.** Write the softmax with its logarithm,
#
# $$ \ln q_{m,c} = z_{m,c} - A(z_m), \qquad A(z) = \ln \sum_{c'} e^{z_{c'}} . $$
#
# $A$ is one number per mask, the same for all classes. Now average over the masks:
#
# $$
# \sum_m P(m) \ln q_{m,c} \;=\; \underbrace{\sum_m P(m)\, z_{m,c}}_{=\,(p_\text{keep} W h + b)_c}
# \;-\; \underbrace{\sum_m P(m)\, A(z_m)}_{\text{the same for all } c} .
# $$
#
# The first term is simple because $z_m$ is *linear* in the mask, and each entry of the mask is $p_\text{keep}$ on
# average. The second is a nuisance, but it multiplies all classes by the same factor, and dividing by $Z$ takes it
# away. What is left are the probabilities of the logits $p_\text{keep} W h + b$. That is the mean net. ∎ (The first
# dropout paper, Hinton and others, arXiv:1207.0580, states it in one sentence.)
#
# Read the proof once more and mark what it needs:
#
# - **one layer** of masks, with nothing nonlinear between mask and softmax. After a second hidden layer $z_m$ is no
#   longer linear in the first mask;
# - a **softmax** at the end (or a sigmoid, which is a softmax of two classes);
# - the **renormalization**. How much does $Z$ repair? $Z = e^{A(\bar z) - \overline{A}}$ with $\bar z$ the average
#   logits and $\overline A$ the average of $A(z_m)$. $A$ is convex, so $Z \le 1$ (Jensen), and $Z$ is the smaller the
#   more the networks disagree;
# - *not* needed: $p_\text{keep} = \frac12$. The texts that say "halve the weights" have a special case in mind.
#
# And a present: since $-\ln Z = \overline{A} - A(\bar z) \ge 0$, the log loss of the mean net is smaller than the
# **average** log loss of the members, for every example and every label, by exactly $-\ln Z$. (The arithmetic mean has
# the same guarantee, by Jensen too. Which of the two is better is not decided by this; we shall measure.)
#
# ### By hand
#
# Two units with $h = (1, 1)$, two classes, $W = \begin{pmatrix}\ln 9 & \ln 4\\0&0\end{pmatrix}$, $b = 0$,
# $p_\text{keep} = \frac12$. A unit that stays multiplies the **odds** of class 1 against class 2, by 9 or by 4.
#
# | mask | $P(m)$ | odds | $q_m$ of class 1 |
# | --- | --- | --- | --- |
# | 0, 0 | 1/4 | 1 | 1/2 |
# | 1, 0 | 1/4 | 9 | 9/10 |
# | 0, 1 | 1/4 | 4 | 4/5 |
# | 1, 1 | 1/4 | 36 | 36/37 |
#
# - arithmetic mean: $(0.5 + 0.9 + 0.8 + 0.973)/4 = \mathbf{0.793}$;
# - geometric mean: odds $(1\cdot 9\cdot 4\cdot 36)^{1/4} = 6$, so $6/7 = \mathbf{0.857}$;
# - mean net: logits $\frac12(\ln 9 + \ln 4) = \ln 6$, so $6/7 = \mathbf{0.857}$;
# - geometric mean *without* renormalizing: $0.769$ and $0.128$, together $Z = 0.898$.
#
# With $p_\text{keep} = \frac34$ the four weights are 1/16, 3/16, 3/16, 9/16; the odds become $36^{3/4} = 14.7$, for the
# geometric mean and for the mean net. You can check all of this with your own function in a moment.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | scaling | kept units are **not** rescaled; the mean net has $p_\text{keep} W$ | with inverted dropout $W$ is divided by $p_\text{keep}$ in every member, and the mean net has $W$ itself. The statements are the same |
# | "geometric mean" | weighted with $P(m)$ and **renormalized** | notes that say the mean net *exactly computes the geometric mean of the predictions* mean this; without renormalizing it is false |
# | "approximates the average" | an equality for geo, and only for geo | papers that write $\sum_m P(m) f(z_m) \approx f(\sum_m P(m) z_m)$: equal if $f$ is linear, else not. Two inputs of 1 with weights 1 and −1, $p_\text{keep} = \frac12$: $\mathbb E\,\mathrm{relu} = \frac14$, $\mathrm{relu}(\mathbb E) = 0$ |
# | the empty mask | counts like all others | you may read $2^H - 1$; with small $H$ that matters |
#
# ### Exercise: `dropout_ensemble_exact` (7 points)
#
# All three averages for one hidden layer, over all $2^H$ masks. This is the judge for everything that follows, so there
# is no sampling in it.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="dropout_ensemble_exact" points=7
def dropout_ensemble_exact(h, W, b, p_keep):
    """What all 2^H thinned networks predict together, without sampling: two averages, and the mean network.

    A mask m in {0, 1}^H keeps or drops each of the H hidden units; with k units kept its probability is
    P(m) = p_keep^k (1 - p_keep)^(H - k). Its network predicts softmax(W (m * h) + b): kept units are not rescaled.

        arith    = sum_m P(m) softmax(W (m * h) + b)
        geo      = prod_m softmax(W (m * h) + b)^P(m), divided by its sum over the classes
        mean_net = softmax(p_keep W h + b)

    The sum and the product run over all 2^H masks, the one that drops everything included. No mask is drawn at random.

    Args:
        h: (H,) activations of the hidden layer, H at most 14. It is not changed.
        W: (C, H) weights of the output layer. It is not changed.
        b: (C,) its bias. It is never dropped. It is not changed.
        p_keep: Probability that a unit is kept, in (0, 1].

    Returns:
        A dict of three arrays of shape (C,): "arith", "geo" and "mean_net". Each adds up to 1.

    Raises:
        ValueError: H is larger than 14, or p_keep is outside (0, 1]. The message names h (or W), or p_keep.
    """
    ### BEGIN SOLUTION
    h, W, b = (np.asarray(a, dtype=float) for a in (h, W, b))
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    if h.size > 14:
        raise ValueError(f"h must have at most 14 units, got {h.size}: that would be too many masks")

    def log_softmax(s):
        s = s - s.max(axis=-1, keepdims=True)
        return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))

    masks = np.array(list(product((0.0, 1.0), repeat=h.size)))
    p_mask = np.where(masks == 1, p_keep, 1 - p_keep).prod(axis=1)
    log_probs = log_softmax((masks * h) @ W.T + b)
    return {
        "arith": p_mask @ np.exp(log_probs),
        "geo": np.exp(log_softmax(p_mask @ log_probs)),
        "mean_net": np.exp(log_softmax(p_keep * (W @ h) + b)),
    }
    ### END SOLUTION


# %% check="dropout_ensemble_exact"
check("dropout_ensemble_exact")

# %% [markdown]
# ### Experiment E06a: 4096 networks in one
#
# First the example that you did by hand, then real networks. Three networks with **twelve** hidden units are trained on
# 600 digits (dropout 0.5, 40 epochs, three seeds): small enough that we can run *every* network in them on 250 test
# digits. Then twenty random networks with 8 hidden units, and twenty with two hidden layers of 6, $p_\text{keep}$ of
# 0.5, and 0.8 for the former: how far is each average from the mean net?

# %% tags=["experiment"]
exact = use("dropout_ensemble_exact")

ln = np.log
for p_keep in (0.5, 0.75):
    averages = exact(np.ones(2), np.array([[ln(9), ln(4)], [0, 0]]), np.zeros(2), p_keep)
    print(f"p_keep {p_keep}:", ", ".join(f"{name} {value[0]:.3f}" for name, value in averages.items()))
by_hand = np.array([[1 / 2, 1 / 2], [9 / 10, 1 / 10], [4 / 5, 1 / 5], [36 / 37, 1 / 37]]).prod(axis=0) ** 0.25
print("geometric mean without renormalizing:", by_hand.round(3), "together", by_hand.sum().round(3))
pairs = np.array(list(product((0, 1), repeat=2)))
print("E relu", np.maximum(pairs @ [1, -1], 0).mean(), "  relu(E)", max(0.0, (pairs @ [1, -1]).mean()))


def log_softmax(logits):
    return F.log_softmax(torch.as_tensor(logits), dim=-1).numpy()


def all_masks(units):
    """All 2^units masks as rows of 0 and 1."""
    return np.arange(2**units)[:, None] >> np.arange(units) & 1


SHOWN = 250  # test digits


def forest_of(seed, units=12):
    """Of a trained network: log-probabilities of all its 2^units members, (masks, digits, classes), and the labels."""
    split = digits(600, seed)
    x, labels = (part[:SHOWN] for part in split.test)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, units), nn.ReLU(), nn.Dropout(0.5), nn.Linear(units, 10))
    train(net, split.train, 40, lr=0.05, seed=seed)
    with torch.no_grad():
        h = net[:2](torch.tensor(x)).numpy()
    masks = all_masks(units)
    W, b = (parameter.detach().numpy() for parameter in net[3].parameters())
    logits = (h * 2 * masks[:, None].astype(np.float32)) @ W.T + b  # inverted dropout: kept units count twice
    return log_softmax(logits), labels, (h, W, b)


def loss_and_accuracy(log_probs, labels):
    """Of predictions (..., digits, classes)."""
    at = np.arange(len(labels))
    return -log_probs[..., at, labels].mean(axis=-1), (log_probs.argmax(axis=-1) == labels).mean(axis=-1)


table, difference, beaten = [], [], []
for seed in range(3):
    log_probs, labels, (h, W, b) = forest_of(seed)
    one_by_one, accuracies = loss_and_accuracy(log_probs, labels)
    geo = log_softmax(log_probs.mean(axis=0))  # all masks are equally likely at p_keep = 0.5
    plain = log_softmax(h @ W.T + b)
    arith = np.log(np.exp(log_probs).mean(axis=0))
    row = [(one_by_one.mean(), accuracies.mean()), (one_by_one.min(), accuracies.max())]
    table.append([*row, *(loss_and_accuracy(average, labels) for average in (geo, plain, arith))])
    beaten.append((accuracies < table[-1][3][1]).mean())
    yours = [exact(h[i], 2 * W, b, 0.5) for i in range(10)]  # your function, on ten of the digits
    difference.append(max(np.abs(average["geo"] - average["mean_net"]).max() for average in yours))
    if seed == 0:
        accuracies_0, probability = accuracies, np.exp(log_probs[:, np.arange(SHOWN), labels])
        plain_0 = np.exp(plain[np.arange(SHOWN), labels])
table = np.array(table)  # (seeds, kinds, loss and accuracy)
kinds = ("average member", "best member", "geometric mean", "mean net", "arithmetic mean")
print(f"\n{'':17}" + "".join(f"{kind:>17}" for kind in kinds))
for column, name in enumerate(("test loss, nats", "test accuracy")):
    print(f"{name:17}" + "".join(f"{value:17.3f}" for value in table[..., column].mean(axis=0)))


def distances(seed):
    """Largest difference from the mean net: geo and arith at keep 0.5, at 0.8; at 0.5 not renormalized, two layers."""
    rng = np.random.default_rng(seed)
    h, W, b = np.maximum(rng.normal(size=8), 0), rng.normal(size=(4, 8)), rng.normal(size=4)
    half, most = exact(h, W, b, 0.5), exact(h, W, b, 0.8)
    gaps = [np.abs(found[mean] - found["mean_net"]).max() for found in (half, most) for mean in ("geo", "arith")]
    raw = np.exp(log_softmax(h * all_masks(8) @ W.T + b).mean(axis=0))
    below, V = np.maximum(rng.normal(size=6), 0), rng.normal(size=(6, 6)) * sqrt(2 / 6)
    masks = all_masks(12)  # six entries for each of the two layers
    hidden = np.maximum(below * masks[:, :6] @ V.T, 0)
    deep = log_softmax(log_softmax(hidden * masks[:, 6:] @ W[:, :6].T + b).mean(axis=0))
    mean_deep = log_softmax(W[:, :6] @ np.maximum(V @ below / 2, 0) / 2 + b)
    return *gaps, np.abs(raw - half["mean_net"]).max(), np.abs(np.exp(deep) - np.exp(mean_deep)).max()


apart = np.array([distances(seed) for seed in range(20)]).T  # (averages, networks)

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.9))
digit = np.abs(probability.mean(axis=0) - 0.6).argmin()  # one that the members disagree about
left.hist(probability[:, digit], bins=40, color=COLORS["sky"])
middle.hist(accuracies_0, bins=40, color=COLORS["sky"])
marks = ((left, probability[:, digit].mean(), plain_0[digit]), (middle, table[0, 4, 1], table[0, 3, 1]))
for ax, arithmetic, mean_net in marks:
    ax.axvline(arithmetic, color=COLORS["red"], linestyle="--", linewidth=2, marker="", label="arithmetic mean")
    ax.axvline(mean_net, color="black", linewidth=2, marker="", label="mean net = geometric mean")
    ax.set_ylabel("networks (of 4096)")
left.set(xlabel="probability of the right class", title="One digit")
middle.set(xlabel="test accuracy, 250 digits", title="All 4096 networks, and two averages", xlim=(0, 1))
middle.set_ylim(0, 1.35 * middle.get_ylim()[1])
middle.legend(loc="upper left", fontsize=9)
rows = ("geometric, keep 0.5", "arithmetic, keep 0.5", "geometric, keep 0.8", "arithmetic, keep 0.8")
rows += ("geometric,\nnot renormalized", "geometric,\ntwo hidden layers")
order = (0, 2, 1, 3, 4, 5)  # from top to bottom
for height, row in enumerate(order[::-1]):
    color, marker = ("black", "o") if row in (0, 2) else ("red", "^") if row in (1, 3) else ("blue", "s")
    values = np.maximum(apart[row], 1e-17)  # a logarithmic axis has no 0
    right.plot(values, np.full(20, height), marker, color=COLORS[color], alpha=0.5, linestyle="none")
right.set(
    xscale="log", xlim=(1e-18, 3), yticks=range(6), yticklabels=[rows[row] for row in order[::-1]], ylim=(-0.5, 5.5)
)
right.set(xlabel="largest difference from the mean net", title="How far is each average from it?")
plt.show()

claim("One hidden layer: the renormalized geometric mean is the mean net", difference, holds=max(difference) < 1e-10)
worst = np.maximum(apart[0], apart[2])
claim("... also at other keep probabilities, random networks", worst, holds=worst.max() < 1e-12)
far = np.minimum(apart[1], apart[3])
claim("The arithmetic mean is not, nearer of the two rates", far, holds=np.median(far) > 0.01, unit="away")
claim("The geometric mean without renormalizing is not", apart[4], holds=np.median(apart[4]) > 0.01, unit="away")
claim("With two hidden layers the geometric mean is not", apart[5], holds=np.median(apart[5]) > 1e-3, unit="away")
better = table[:, 0, 0] - table[:, 3, 0]
claim("The loss of the mean net is below that of the average member: by", better, holds=np.all(better > 0), unit="nats")
ahead = table[:, 4, 0] - table[:, 3, 0]
claim("The arithmetic mean has a larger loss than the mean net: by", ahead, holds=np.all(ahead > 0), unit="nats")
claim("The mean net is more accurate than nearly all of its 4096 members: share", beaten, holds=min(beaten) > 0.95)

# %% [markdown]
# Figure: left, the probabilities that the 4096 networks give to the right class of one digit. They are spread over the
# whole range, with about a third of the networks above 0.95; the arithmetic mean is at 0.60, the mean net at 0.97.
# Middle, the test accuracies of all networks: from 0.1 to 0.9, most between 0.4 and 0.85; both averages lie at the
# right end, at 0.92 and 0.93. Right, the largest difference of each average from the mean net, logarithmic: the
# renormalized geometric mean of one hidden layer at $10^{-16}$; not renormalized, and the arithmetic mean, between
# $10^{-3}$ and 0.3; the geometric mean of two hidden layers between $10^{-3}$ and 0.1, except for a few networks near
# $10^{-14}$.
#
# **What to notice.**
#
# - The equality is exact up to the computer's rounding, for trained and random networks, at 0.5 and at 0.8. And it
#   is *only* that equality. The arithmetic mean is another prediction (0.60 against 0.97 for the digit shown).
# - **Averaging is worth a lot.** The average member is right in 0.56 of the cases, the mean net in 0.90; it beats
#   nearly all of its members. (The best of 4096 comes close, but somebody had to pick it with the test set.)
# - **The mean net is not a poor man's arithmetic mean.** In the lectures it is the cheap approximation of the "real"
#   average. Here it is the better predictor of the two: a loss of 0.44 against 0.82. Networks that have lost most of
#   their few units know nothing and say so (0.5, 0.3, 0.2); the arithmetic mean lets them vote, the geometric mean
#   lets those prevail that are sure.
# - Look at the lowest row on the right. With two hidden layers the equality is gone, except in a few networks where it
#   holds exactly. Why there? In those no unit of the second layer ever crosses zero, whatever the mask: then the ReLU
#   is a straight line, and the proof goes through. It is the **nonlinearity between mask and softmax** that breaks it,
#   as in the small example $\mathbb E\,\mathrm{relu} = 0.25$, $\mathrm{relu}(\mathbb E) = 0$.

# %% [markdown]
# ## 2 · Run it many times
#
# The mean net gives one answer and hides the disagreement of its members. **Monte Carlo dropout** shows it: leave
# dropout on at test time, run the same image $T$ times (25 to 100 times, in practice), and average (Gal and Ghahramani,
# arXiv:1506.02142). Section 1 says what this estimates: the **arithmetic** mean, with a sampling error that falls as
# $1/\sqrt T$. It costs $T$ passes instead of one.
#
# ### Two kinds of "I don't know"
#
# How unsure is the average $\bar q = \frac1T \sum_t q_t$? Its **entropy** $H(\bar q) = -\sum_c \bar q_c \ln \bar q_c$
# says it in one number, from 0 to $\ln C$. But consider two passes over two different images:
#
# | | pass 1 | pass 2 | average | $H(\bar q)$ | mean of $H(q_t)$ | difference |
# | --- | --- | --- | --- | --- | --- | --- |
# | image A | 0.5, 0.5 | 0.5, 0.5 | 0.5, 0.5 | ln 2 | ln 2 | **0** |
# | image B | 1, 0 | 0, 1 | 0.5, 0.5 | ln 2 | 0 | **ln 2** |
#
# The average is the same. For A every member says "it could be either": the image is ambiguous, and more data would not
# help. For B every member is certain and they contradict each other: *the model* does not know. The difference
#
# $$ I = H(\bar q) - \frac1T \sum_t H(q_t) $$
#
# separates the two. It is called **mutual information** (between the answer and the mask). $H$ is concave, so
# $I \ge 0$; it is at most $H(\bar q) \le \ln C$. It is not a variance, although both are 0 when all passes agree.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | which layers are random | the dropout layers **only** | `model.train()` also switches batch norm: then the batch mates of an image change its answer, and the running statistics move. That is the most common mistake |
# | what is averaged | **probabilities** | averaging logits estimates the geometric mean, and for one hidden layer that is the mean net, which you could have had in one pass |
# | logarithm | natural, entropy in nats | bits: divide by ln 2 |
# | 0 ln 0 | 0 | `0 * log(0)` is `nan` in every library |
#
# ### Exercise: `mc_dropout_predict` (6 points)
#
# Two functions: the passes, and what they say. Be careful with the model that you are lent. Its layers may be in any
# mode, some of them in training and some not, and afterwards each must be as it was.
#
# *Difficulty 3 of 4, about 30 minutes.*


# %% exercise="mc_dropout_predict" points=6
def mc_dropout_predict(model, x, T):
    """Class probabilities of T passes with dropout on and everything else as at test time.

        probs[t] = softmax(model(x)) over the classes, with fresh masks in every pass t

    A dropout layer is a module of a class that torch derives from nn.modules.dropout._DropoutNd (nn.Dropout,
    nn.Dropout2d and their relatives), or a module whose class is called "InvertedDropout", like the one you wrote in
    notebook 05: type(module).__name__ == "InvertedDropout". Only dropout layers are in training mode during the
    passes, also those that were in evaluation mode before; batch norm and all other modules are in evaluation mode.

    Args:
        model: Any nn.Module that maps x (N, ...) to logits (N, C), whatever its mode. Afterwards the mode of each of
            its modules, its parameters and its buffers are exactly what they were, and no parameter has a new .grad.
        x: Input tensor of the model.
        T: Number of passes, at least 1.

    Returns:
        (T, N, C) tensor of probabilities, without autograd history.

    Raises:
        ValueError: T is less than 1, or the model has no dropout layer. The message names T or model.
    """
    ### BEGIN SOLUTION
    if T < 1:
        raise ValueError(f"T must be at least 1, got {T}")
    dropouts = [
        m
        for m in model.modules()
        if isinstance(m, nn.modules.dropout._DropoutNd) or type(m).__name__ == "InvertedDropout"
    ]
    if not dropouts:
        raise ValueError("model has no dropout layer: every pass would give the same")
    modes = [(m, m.training) for m in model.modules()]
    try:
        model.eval()
        for layer in dropouts:
            layer.train()
        with torch.no_grad():
            return torch.stack([F.softmax(model(x), dim=1) for _ in range(T)])
    finally:
        for m, mode in modes:
            m.training = mode
    ### END SOLUTION


def predictive_scores(probs):
    """The average prediction of T passes, how uncertain it is, and how much of that is disagreement.

        mean        = (1 / T) sum_t probs[t]
        entropy     = H(mean),        H(q) = - sum_c q_c ln q_c with 0 ln 0 = 0
        mutual_info = H(mean) - (1 / T) sum_t H(probs[t])

    ln is the natural logarithm, so both lie between 0 and ln C.

    Args:
        probs: (T, N, C) tensor of probabilities; zeros are allowed. It is not changed.

    Returns:
        A dict of tensors: "mean" of shape (N, C), "entropy" (N,) and "mutual_info" (N,).
    """

    ### BEGIN SOLUTION
    def entropy_of(q):
        return -torch.xlogy(q, q).sum(dim=-1)

    mean = probs.mean(dim=0)
    total = entropy_of(mean)
    return {"mean": mean, "entropy": total, "mutual_info": total - entropy_of(probs).mean(dim=0)}
    ### END SOLUTION


# %% check="mc_dropout_predict"
check("mc_dropout_predict")

# %% [markdown]
# ### E06a, continued: deeper networks
#
# Full-size networks cannot be enumerated, but now you can sample. Networks with one and with three hidden layers of 128
# units, dropout 0.5 after each, trained on 600 digits for 40 epochs, three seeds. We compare the mean net with both
# means over 100 passes, in *total variation*: half of the sum of the absolute differences of the probabilities, which
# is 0 for equal predictions and 1 for contrary ones.

# %% tags=["experiment"]
passes, scores = use("mc_dropout_predict"), use("predictive_scores")
images = torch.tensor([[[0.5, 0.5], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]], dtype=torch.float64)  # two passes
two = scores(images)
print(
    "images A and B: entropy",
    two["entropy"].numpy().round(3),
    "mutual information",
    two["mutual_info"].numpy().round(3),
)


def network(p_drop, hidden_layers, units):
    """Hidden layers of linear, ReLU, dropout; then ten logits."""
    layers, width = [], 64
    for _ in range(hidden_layers):
        layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(p_drop)]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, 10))


def variation(a, b):
    """Total variation between predictions (digits, classes), mean over the digits."""
    return (a - b).abs().sum(dim=1).mean().item() / 2


def averages_of(hidden_layers, seed):
    """Distance of both means from the mean net; how far two halves of the passes are apart; test losses."""
    split = digits(600, seed)
    torch.manual_seed(seed)
    net = network(0.5, hidden_layers, 128)
    train(net, split.train, 40, lr=0.05, seed=seed)
    x, y = map(torch.tensor, split.test)
    with torch.no_grad():
        plain = F.softmax(net.eval()(x), dim=1)
    probs = passes(net, x, 100)
    geo = F.softmax(probs.clamp_min(1e-30).log().mean(dim=0), dim=1)
    arith = scores(probs)["mean"]
    halves = variation(probs[:50].mean(dim=0), probs[50:].mean(dim=0))
    losses = (F.nll_loss(average.log(), y).item() for average in (plain, arith))
    return variation(geo, plain), variation(arith, plain), halves, *losses


print("hidden  distance from the mean net   two halves     test loss")
print("layers  geometric   arithmetic       of the passes  mean net  arithmetic")
for_depth = {depth: np.array([averages_of(depth, seed) for seed in range(3)]) for depth in (1, 3)}
for depth, found in for_depth.items():
    print("{:6}  {:9.4f}   {:10.3f}       {:13.3f}  {:8.3f}  {:10.3f}".format(depth, *found.mean(axis=0)))
more = for_depth[3][:, 1] / for_depth[1][:, 1]
claim(
    "The mean net is further from the arithmetic mean in a deeper network", more, holds=np.all(more > 2), unit="times"
)
worse = np.min([found[:, 4] - found[:, 3] for found in for_depth.values()], axis=0)
claim("... and has the smaller loss at both depths: by at least", worse, holds=np.all(worse > 0), unit="nats")

# %% [markdown]
# **What to notice.**
#
# - With one hidden layer the geometric mean of the passes is the mean net up to the error of sampling 100 masks
#   (0.004). With three it is still close, 0.017, while the **arithmetic** mean moves away: 0.04 with one hidden layer,
#   0.12 with three. Here sampling error is the smaller part: two halves of the passes are 0.05 apart.
# - The mean net has the smaller loss once more, at both depths. So there must be another reason to run the network a
#   hundred times. It is the *spread*.
#

# %% [markdown]
# ## 3 · Are the probabilities worth anything?
#
# A network says "7, with probability 0.9". What should that mean? If you collect all images for which it says something
# with 0.9, then nine in ten of these answers should be right. A network with this property is **calibrated**. Networks
# that are trained for long are usually **overconfident**: they say 0.99 and are right in 0.9 of the cases (Guo and
# others, arXiv:1706.04599). The lectures offer a remedy: train with a low dropout rate, average 25 to 100 passes, and
# the probabilities are better calibrated.
#
# To check, sort the answers by their **confidence**, the largest probability of each row; cut the range from 0 to 1
# into bins; and compare in each bin the mean confidence with the share of right answers. Plotted against each other
# they make the **reliability diagram**; calibrated answers lie on the diagonal. The **expected calibration error** is
# the mean distance from it, with each bin weighted by its number of answers:
#
# $$ \mathrm{ECE} = \sum_b \frac{n_b}{N}\, \lvert \mathrm{acc}_b - \mathrm{conf}_b \rvert . $$
#
# ### By hand
#
# Six answers, four bins: confidences 0.4 (right), 0.6 (wrong), 0.7 (right), 0.8 (wrong), 0.9 (right), 1.0 (right).
#
# | bin | answers | mean confidence | share right | distance | times $n_b/N$ |
# | --- | --- | --- | --- | --- | --- |
# | (0, 0.25] | none | — | — | — | 0 |
# | (0.25, 0.5] | 0.4 | 0.4 | 1 | 0.6 | 0.1 |
# | (0.5, 0.75] | 0.6, 0.7 | 0.65 | 1/2 | 0.15 | 0.05 |
# | (0.75, 1] | 0.8, 0.9, 1.0 | 0.9 | 2/3 | 0.233 | 0.117 |
#
# ECE = 0.1 + 0.05 + 0.117 = **0.267**. The signed distances would partly cancel, and a plain mean over bins would count
# the single answer of the second bin as much as the three of the last.
#
# Two warnings before you trust the number. It is never 0 in practice: with few answers in a bin the share of right ones
# scatters, and the absolute value turns all scatter into error. We shall draw that floor. And it says nothing about
# usefulness: whoever always answers with the most frequent class, at its frequency, is calibrated.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | which probability | the largest of each row, and whether *that* class is right | "classwise" versions bin the probability of each class |
# | edges | $(\mathrm{lo}, \mathrm{hi}]$, so that 1.0 is in the last bin; 0 is in the first | `int(conf * B)` gives $[\mathrm{lo}, \mathrm{hi})$ and puts 1.0 outside |
# | bins | equal width, 10 of them | 15 in many papers; some use bins of equal *number*. The value depends on it: never compare across papers |
# | empty bins | add nothing; shown as nan | |
#
# ### Exercise: `calibration_error` (5 points)
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="calibration_error" points=5
def calibration_error(probs, y, n_bins=10):
    """Expected calibration error: how far confidence and accuracy are apart, bin by bin.

    The confidence of a row is its largest probability, and the row is right if that is the probability of its label.
    Bin b = 1..B holds the rows whose confidence is in ((b - 1) / B, b / B]: the upper edge belongs to the bin, so a
    confidence of 1 is in the last one, and 0 would be in the first.

        ECE = sum_b (n_b / N) |acc_b - conf_b|

    with n_b rows in bin b, conf_b their mean confidence and acc_b the share of them that is right.

    Args:
        probs: (N, C) array of probabilities, rows that add up to 1. It is not changed.
        y: (N,) integer labels in 0..C-1. It is not changed.
        n_bins: B, the number of bins of equal width.

    Returns:
        (ece, table). ece is a float. table is a dict of arrays of shape (B,): "conf", "acc" and "count" (n_b). An
        empty bin has conf and acc nan and count 0; it adds nothing to ece.

    Raises:
        ValueError: a label of y is outside 0..C-1, or n_bins is less than 1. The message names the argument.
    """
    ### BEGIN SOLUTION
    probs, y = np.asarray(probs, dtype=float), np.asarray(y)
    n, classes = probs.shape
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"y must hold labels in 0..{classes - 1}")
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == y
    bins = np.digitize(confidence, np.arange(1, n_bins) / n_bins, right=True)
    ece, table = 0.0, {"conf": np.full(n_bins, np.nan), "acc": np.full(n_bins, np.nan), "count": np.zeros(n_bins, int)}
    for k in range(n_bins):
        inside = bins == k
        table["count"][k] = inside.sum()
        if inside.any():
            table["conf"][k], table["acc"][k] = confidence[inside].mean(), right[inside].mean()
            ece += inside.sum() / n * abs(table["acc"][k] - table["conf"][k])
    return float(ece), table
    ### END SOLUTION


# %% check="calibration_error"
check("calibration_error")

# %% [markdown]
# ### Experiment E06b: calibration with Monte Carlo dropout
#
# Overconfidence needs something to be wrong about: 300 digits, 20 % of whose labels are replaced by random ones; two
# hidden layers of 256 units, 60 epochs, five seeds. Four dropout rates, each predicting in two ways: the mean net and
# the average of 50 passes. The test labels are clean. The grey band in the right panel is the floor: the error that a
# *perfectly calibrated* predictor with the same confidences would get from 500 answers, by chance.

# %% tags=["experiment"]
ece = use("calibration_error")
sure = np.array([0.4, 0.6, 0.7, 0.8, 0.9, 1.0])
example = np.column_stack([sure, *[(1 - sure) / 3] * 3])  # four classes, class 0 has the largest probability
error, bins = ece(example, np.array([0, 1, 0, 1, 0, 0]), 4)
print(f"by hand: ECE {error:.3f}, share right", bins["acc"].round(3), "mean confidence", bins["conf"].round(3))
RATES = (0.0, 0.1, 0.2, 0.5)


def two_ways(p_drop, seed, n=300, noise=0.2):
    """The mean net's predictions and those of 50 passes (50, digits, classes); the labels; the net."""
    split = digits(n, seed, label_noise=noise)
    torch.manual_seed(seed)
    net = network(p_drop, 2, 256)
    train(net, split.train, 60, lr=0.05, seed=seed)
    x = torch.tensor(split.test[0])
    with torch.no_grad():
        plain = F.softmax(net.eval()(x), dim=1)
    runs = passes(net, x, 50) if p_drop else plain[None]
    return plain.double(), runs.double(), split.test[1], net


def measures(probs, labels):
    """ECE, accuracy, mean confidence, loss."""
    probs = np.asarray(probs)
    at = probs[np.arange(len(labels)), labels]
    right = (probs.argmax(axis=1) == labels).mean()
    return ece(probs, labels)[0], right, probs.max(axis=1).mean(), -np.log(np.maximum(at, 1e-12)).mean()


def floor(probs, seed):
    """ECE of answers that are right exactly as often as their confidence says."""
    probs, rng = np.asarray(probs), np.random.default_rng(seed)
    right = rng.random(len(probs)) < probs.max(axis=1)
    return ece(probs, np.where(right, probs.argmax(axis=1), probs.argmin(axis=1)))[0]


noisy = {p_drop: [two_ways(p_drop, seed) for seed in range(5)] for p_drop in RATES}
results = {
    p_drop: np.array([[measures(plain, y), measures(runs.mean(dim=0), y)] for plain, runs, y, _ in cases])
    for p_drop, cases in noisy.items()
}  # each (seeds, ways, measures)
chance = np.array([[floor(noisy[p][s][1].mean(dim=0), s) for p in RATES] for s in range(5)])

fig, axes = plt.subplots(1, 3, figsize=(12, 4))
for ax, p_drop in zip(axes, (0.1, 0.5), strict=False):
    for way, (color, marker, label) in enumerate((("red", "s", "mean net"), ("blue", "o", "50 passes"))):
        probs = np.concatenate([np.asarray(case[1].mean(dim=0) if way else case[0]) for case in noisy[p_drop]])
        _, found = ece(probs, np.concatenate([case[2] for case in noisy[p_drop]]))
        many = found["count"] >= 10  # with fewer answers the share says nothing
        conf, acc, size = (found[name][many] for name in ("conf", "acc", "count"))
        ax.plot(conf, acc, color=COLORS[color], marker=marker, label=label)
        ax.scatter(conf, acc, s=size / 4, color=COLORS[color], alpha=0.3, linewidth=0)
    ax.plot([0, 1], [0, 1], ":", color="black", marker="", label="calibrated")
    ax.set(
        xlim=(0.1, 1.02), ylim=(0, 1.05), xlabel="confidence", title=f"Reliability, dropout {p_drop}", aspect="equal"
    )
axes[0].text(0.6, 0.12, "overconfident", color="0.4")
axes[0].text(0.15, 0.72, "too modest", color="0.4")
axes[0].set_ylabel("share of right answers")
axes[1].legend(loc="lower right", fontsize=9)
axes[2].fill_between(RATES, *np.quantile(chance, [0, 1], axis=0), color="0.8", linewidth=0, label="chance floor")
for way, (color, marker, label) in enumerate((("red", "s", "mean net"), ("blue", "o", "50 passes"))):
    values = np.array([results[p][:, way, 0] for p in RATES]).T
    mean_with_spread(axes[2], RATES, values, color=COLORS[color], marker=marker, label=label)
axes[2].set(xlabel="dropout rate in training", ylabel="ECE", ylim=(0, 0.26), title="Expected calibration error")
axes[2].legend(loc="upper left", fontsize=9)
plt.show()

print("          ECE               accuracy          confidence        test loss, nats")
print("p_drop    net   passes      net   passes      net   passes      net   passes")
for p_drop in RATES:
    print(f"{p_drop:6}", *(f"  {a:6.3f} {b:6.3f}   " for a, b in results[p_drop].mean(axis=0).T))
change = {p_drop: results[p_drop][:, 1] - results[p_drop][:, 0] for p_drop in RATES}
for p_drop in (0.1, 0.2):
    gain = change[p_drop][:, 0]
    claim(f"Dropout {p_drop}: averaging lowers the ECE, change", gain, holds=np.all(gain < 0))
harm = change[0.5][:, 0]
claim("Dropout 0.5: averaging raises the ECE, change", harm, holds=np.all(harm > 0))
lower = np.max([change[p][:, 2] for p in RATES[1:]], axis=0)
claim("Averaging lowers the mean confidence at every rate, smallest change", lower, holds=np.all(lower < 0))
same = np.max([abs(change[p][:, 1]) for p in RATES[1:]], axis=0)
claim("It hardly changes the accuracy, largest change", same, holds=np.all(same < 0.02))

# %% [markdown]
# Figure: left, reliability at dropout 0.1, all seeds together: both curves lie below the diagonal, the mean net's lower
# (at a confidence of 0.75 it is right in 0.58 of the cases, the passes in 0.68). Middle, at dropout 0.5: both lie above
# it, and the passes higher. The pale circles show how many answers are in a bin; at 0.1 nearly all are in the last.
# Only bins with at least ten answers are drawn. Right, ECE against the dropout rate, bands of one standard deviation:
# the mean net goes from 0.10 down to about 0.07 and back to 0.11, the passes from 0.10 to 0.03 and then up to 0.22. The
# grey floor lies at 0.02 to 0.08.
#
# **What to notice.**
#
# - At a **low** rate the remedy works: averaging brings the error from 0.09 to below 0.07 (rate 0.1) and from
#   about 0.07 to 0.03 (rate 0.2), in every seed. The second is down in the floor: from 500 answers nobody can tell it from
#   calibrated.
# - At 0.5 it does **harm**: from 0.11 to 0.22, in every seed. The network is right in 0.87 of the cases, and the
#   average says 0.66.
# - The two are one and the same fact. Averaging does one thing: it **lowers confidence**, at every rate. (That it
#   cannot exceed the mean confidence of the passes is Jensen again, since the maximum is convex.) Whether this is good
#   depends on which side of the diagonal you are on. "More calibrated" without "at a low rate, in an overconfident
#   network" is not a property of the method.
# - The accuracy does not move. This is not an ensemble that predicts better, it is one that speaks more carefully.

# %% [markdown]
# ### E06b, continued: three follow-up questions
#
# **Is it the noise in the labels?** A network that has been told wrong labels in one case of six *should* be modest,
# and we test it on clean ones. So repeat it with 100 digits and clean labels. **How many passes?** Take only the first
# few of the fifty. **Does the uncertainty find the errors?** At rate 0.2, take a wrong and a right answer at random:
# how often does the wrong one have the higher uncertainty? One half would be guessing. The same for a picture of noise
# (each pixel uniform between 0 and 1) against a digit.


# %% tags=["experiment"]
def higher(a, b):
    """How often a value drawn from a is above one drawn from b; ties count half."""
    a, b = np.asarray(a)[:, None], np.asarray(b)[None]
    return (a > b).mean() + (a == b).mean() / 2


def rankings(case, seed):
    """Of entropy of the mean net, entropy of the average, mutual information: errors found, noise found."""
    plain, runs, labels, net = case
    pictures = torch.rand(500, 64, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        plain_noise = F.softmax(net.eval()(pictures), dim=1).double()
    on_digits, on_noise = scores(runs), scores(passes(net, pictures, 50).double())
    measured = (
        (scores(plain[None])["entropy"], scores(plain_noise[None])["entropy"]),
        (on_digits["entropy"], on_noise["entropy"]),
        (on_digits["mutual_info"], on_noise["mutual_info"]),
    )
    wrong = np.asarray(on_digits["mean"].argmax(dim=1)) != labels
    return [(higher(known[wrong], known[~wrong]), higher(noise, known)) for known, noise in measured]


clean = {}
for p_drop in (0.1, 0.5):
    cases = [two_ways(p_drop, seed, n=100, noise=0.0) for seed in range(3)]
    clean[p_drop] = np.array([[measures(plain, y), measures(runs.mean(dim=0), y)] for plain, runs, y, _ in cases])
    print(f"100 clean digits, p_drop {p_drop}: ECE net and passes", clean[p_drop][..., 0].mean(axis=0).round(3))
for T in (1, 5, 25, 50):
    few = [measures(runs[:T].mean(dim=0), y) for _, runs, y, _ in noisy[0.2]]
    print(
        "p_drop 0.2, {:2} passes: ECE {:.3f}, accuracy {:.3f}, loss {:.3f}".format(T, *np.mean(few, axis=0)[[0, 1, 3]])
    )
found = np.array([rankings(case, seed) for seed, case in enumerate(noisy[0.2])])  # (seeds, scores, questions)
print("wrong above right, noise above digits:")
for row, name in enumerate(("entropy, mean net", "entropy, passes", "mutual information")):
    print(f"  {name:20}", *(f"{value:.3f}" for value in found[:, row].mean(axis=0)))
gain, harm = (clean[p][:, 1, 0] - clean[p][:, 0, 0] for p in (0.1, 0.5))
claim("Clean labels, 100 digits, dropout 0.1: averaging lowers the ECE, change", gain, holds=np.all(gain < 0))
claim("Clean labels, 100 digits, dropout 0.5: it raises it, change", harm, holds=np.all(harm > 0))
more = found[:, 1, 0] - found[:, 0, 0]
claim("Averaging finds errors better than one pass: gain", more, holds=np.all(more > 0))
mutual = found[:, 2, 1] - found[:, 1, 1]
claim("Mutual information tells noise from digits better than entropy: gain", mutual, holds=np.all(mutual > 0))

# %% [markdown]
# **What to notice.**
#
# - **Clean labels:** with 100 digits the picture is the same, 0.056 to 0.039 at rate 0.1, and 0.034 to 0.114 at 0.5.
#   The noise in the labels makes the network modest to begin with, but the harm does not come from it alone.
# - **Passes:** one pass is bad (it is a random thin network, ECE 0.07); from 5 on the ECE stays as it is, and the
#   loss goes on falling a little, by 0.04. 25 to 100 passes are on the safe side.
# - **Uncertainty:** it does find errors. A wrong answer is the less certain one in 0.86 of the pairs. But the entropy
#   of the *one-pass* mean net does that too (half a percent less often, within the spread of the seeds), and mutual
#   information is a little worse at it. Nor does mutual information recognize noise pictures better (0.72 against 0.77,
#   with a large spread between seeds). Two claims of this cell were **not** reproduced. The published cases where the
#   spread of passes is worth its price are larger networks and inputs far from the training data; compare with the
#   entropy of one pass before you pay a hundred times.

# %% [markdown]
# ## 4 · Dropping single weights
#
# Some notes describe dropout as *zeroing a fraction of the elements of a weight matrix*. Dropout zeroes **units**, and
# with a unit its whole column of the next weight matrix. Zeroing single weights is another method, **DropConnect** (Wan
# and others, ICML 2013): each weight has a mask entry of its own,
#
# $$ z_o = \sum_i m_{oi} W_{oi} v_i, \qquad m_{oi} \in \{0, 1\} \text{ independent}, \quad P(m_{oi} = 1) = p_\text{keep}. $$
#
# **Mean and variance.** $m$ has mean $p_\text{keep}$ and variance $p_\text{keep}(1 - p_\text{keep})$. The terms are
# independent, so means and variances add:
#
# $$
# \mathbb E z_o = p_\text{keep} \sum_i W_{oi} v_i, \qquad
# \mathrm{Var}\, z_o = p_\text{keep}(1-p_\text{keep}) \sum_i W_{oi}^2 v_i^2 .
# $$
#
# The square is **inside** the sum. Plain dropout of the inputs $v$ gives *the same two formulas* for each unit. The
# difference is between units: with dropout two units $a$ and $b$ use the same mask, and
# $\mathrm{Cov}(z_a, z_b) = p_\text{keep}(1-p_\text{keep})\sum_i W_{ai}W_{bi}v_i^2$; with DropConnect their masks are
# independent, and it is 0.
#
# **By hand.** $v = (2, 1)$, $W = \begin{pmatrix}1&2\\3&-1\end{pmatrix}$, $p_\text{keep} = \frac12$. Means
# $\frac12(2 + 2) = 2$ and $\frac12(6-1) = 2.5$; variances $\frac14(4+4) = 2$ and $\frac14(36+1) = 9.25$. Covariance
# with dropout $\frac14(1\cdot3\cdot4 + 2\cdot(-1)\cdot1) = 2.5$, with DropConnect 0.
#
# **At test time** there are $2^{OI}$ masks, and an activation $f$ in the way: $\mathbb E f(z) \ne f(\mathbb E z)$. With
# many inputs $z_o$ is a sum of many independent terms, hence nearly normal; and a normal distribution is known from
# mean and variance. So DropConnect draws $z \sim \mathcal N(\mathbb E z, \mathrm{Var}\, z)$ a number of times and
# averages $f(z)$.
#
# The authors report that $p_\text{keep} = \frac12$ usually works best. That is an observation on their data; what can
# be *derived* is that the variance $p_\text{keep}(1-p_\text{keep})$ is then the largest. Relative to the mean the noise
# grows on, as $(1-p_\text{keep})/p_\text{keep}$, the smaller $p_\text{keep}$ becomes.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | rescaling | none: kept weights stay as they are | divided by $p_\text{keep}$, the variance has the factor $(1-p_\text{keep})/p_\text{keep}$ |
# | spread | `var` is the variance; `rng.normal` takes the **standard deviation** | |
# | randomness | each output and each draw its own normal number | one number for all outputs would correlate units that are independent |
#
# ### Exercise: `dropconnect_gaussian` (5 points, extension)
#
# *Extension. Difficulty 3 of 4, about 20 minutes.*


# %% exercise="dropconnect_gaussian" points=5
def dropconnect_moments(W, v, p_keep):
    """Mean and variance of a linear layer whose single weights are dropped.

    DropConnect multiplies every entry of W by a mask entry of its own, 1 with probability p_keep and else 0. The
    masks of different entries are independent, and kept weights are not rescaled. Of z_o = sum_i m_oi W_oi v_i

        mean_o = p_keep * sum_i W_oi v_i
        var_o  = p_keep * (1 - p_keep) * sum_i W_oi^2 v_i^2

    Args:
        W: (O, I) weights. It is not changed.
        v: (I,) inputs of the layer. It is not changed.
        p_keep: Probability that a weight is kept, in (0, 1].

    Returns:
        (mean, var), each of shape (O,).

    Raises:
        ValueError: p_keep is outside (0, 1]. The message names it.
    """
    ### BEGIN SOLUTION
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    W, v = np.asarray(W, dtype=float), np.asarray(v, dtype=float)
    return p_keep * W @ v, p_keep * (1 - p_keep) * W**2 @ v**2
    ### END SOLUTION


def dropconnect_infer(W, v, p_keep, f, n, rng):
    """DropConnect at test time: average the activation over n draws of the pre-activations.

        result_o = (1 / n) sum_k f(z_ko),        z_ko ~ Normal with the mean_o and var_o of dropconnect_moments

    All z_ko are independent: every output o and every draw k has its own.

    Args:
        W: (O, I) weights. It is not changed.
        v: (I,) inputs of the layer. It is not changed.
        p_keep: Probability that a weight is kept, in (0, 1].
        f: The activation: takes an array of any shape and works on each entry, like np.tanh.
        n: Number of draws, at least 1.
        rng: A np.random.Generator. All randomness comes from it.

    Returns:
        (O,) array.

    Raises:
        ValueError: p_keep is outside (0, 1], or n is less than 1. The message names the argument.
    """
    ### BEGIN SOLUTION
    mean, var = dropconnect_moments(W, v, p_keep)
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    z = mean + np.sqrt(var) * rng.standard_normal((n, len(mean)))
    return f(z).mean(axis=0)
    ### END SOLUTION


# %% check="dropconnect_gaussian"
check("dropconnect_gaussian")

# %% [markdown]
# ### Experiment E06f: is the Gaussian good enough?
#
# One tanh unit, $p_\text{keep} = 0.5$, so few inputs that all masks can be run. Three estimates of
# $\mathbb E \tanh(z)$: exact; the Gaussian (10 000 draws, so that sampling does not blur the comparison); and the tanh
# of the mean. 120 random units for each number of inputs, weights scaled so that the variance of $z$ stays the same.

# %% tags=["experiment"]
moments, infer = use("dropconnect_moments"), use("dropconnect_infer")
W, v = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([2.0, 1.0])
print("by hand: mean and variance", *moments(W, v, 0.5))
pairs, quads = (np.array(list(product((0, 1), repeat=k))) for k in (2, 4))
z = (pairs[:, None] * W) @ v  # dropout: both units see the same mask
print("covariance with dropout", np.cov(z.T, bias=True)[0, 1], end=", ")
z = (quads.reshape(-1, 2, 2) * W) @ v
print("with DropConnect", np.cov(z.T, bias=True)[0, 1])

INPUTS, UNITS = (2, 4, 6, 8, 10, 12), 120


def three_estimates(masks, seed):
    """The pre-activations under all masks; E tanh(z) exactly, by the Gaussian and by the mean."""
    inputs = masks.shape[1]
    rng = np.random.default_rng([inputs, seed])
    w, v = rng.normal(size=(1, inputs)) * sqrt(6 / inputs), rng.normal(size=inputs)
    z = (masks * w) @ v
    mean, _ = moments(w, v, 0.5)
    return z, np.tanh(z).mean(), infer(w, v, 0.5, np.tanh, 10_000, rng)[0], np.tanh(mean[0])


estimates = {}
for inputs in INPUTS:
    masks = all_masks(inputs)
    estimates[inputs] = [three_estimates(masks, seed) for seed in range(UNITS)]
errors = np.array(
    [[[abs(u[way] - u[1]) for way in (2, 3)] for u in estimates[n]] for n in INPUTS]
)  # (inputs, units, 2)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
shown = max(estimates[6], key=lambda unit: abs(unit[3] - unit[1]))
left.hist(shown[0], bins=24, density=True, color=COLORS["sky"], label="all 64 masks")
grid = np.linspace(shown[0].min() - 1, shown[0].max() + 1, 200)
sd = shown[0].std()
bell = np.exp(-(((grid - shown[0].mean()) / sd) ** 2) / 2) / sd / sqrt(2 * np.pi)
left.plot(grid, bell, color="black", marker="", label="Gaussian, same mean and variance")
left.set(xlabel="pre-activation z", ylabel="density", title="A unit with six inputs")
left.legend(fontsize=9, loc="upper left")
left.set_ylim(0, left.get_ylim()[1] * 1.3)
for way, (color, marker, label) in enumerate((("blue", "o", "Gaussian, sampled"), ("red", "s", "tanh of the mean"))):
    middle = np.median(errors[..., way], axis=1)
    band = np.quantile(errors[..., way], [0.25, 0.75], axis=1)
    right.fill_between(INPUTS, *band, color=COLORS[color], alpha=0.2, linewidth=0)
    right.plot(INPUTS, middle, color=COLORS[color], marker=marker, label=label)
right.set(yscale="log", xlabel="inputs of the unit", ylabel="error of the estimate of E tanh(z)")
right.set_title("Better than the mean, not exact")
right.legend(loc="center right", fontsize=9)
plt.show()

print("shown on the left: exact {:.3f}, Gaussian {:.3f}, tanh of the mean {:.3f}".format(*shown[1:]))
print("mean error   inputs", *(f"{n:6}" for n in INPUTS))
for way, name in enumerate(("Gaussian", "tanh of the mean")):
    print(f"  {name:17}", *(f"{value:6.3f}" for value in errors[..., way].mean(axis=1)))
groups = errors.reshape(len(INPUTS), 4, UNITS // 4, 2)  # 30 units to a seed
share = (groups[..., 0] < groups[..., 1]).mean(axis=(0, 2))
claim("The Gaussian is nearer than the tanh of the mean: share of the units", share, holds=np.all(share > 0.9))
worst = groups[2, ..., 0].max(axis=1)
claim("With six inputs it is not exact: largest error", worst, holds=np.all(worst > 0.02))
gain = groups[0, ..., 0].mean(axis=1) / groups[-1, ..., 0].mean(axis=1)
claim("With twelve inputs its mean error is smaller than with two: by the factor", gain, holds=np.all(gain > 1))

# %% [markdown]
# Figure: left, the pre-activations of one unit with six inputs under all 64 masks. They fall into two heaps, around −1
# and around 3, because one large weight is either there or not; the Gaussian with the same mean and variance has its
# top in the gap between them. Right, the error of both estimates against the number of inputs, logarithmic, medians and
# quartiles of 120 units: tanh of the mean stays near 0.15, the Gaussian near 0.01.
#
# **What to notice.**
#
# - The Gaussian is nearer than the tanh of the mean in 98 % of the units, and its mean error is four to twelve times
#   smaller (0.02 against 0.19 at six inputs). Two numbers, mean and variance, carry nearly all that matters.
# - It is **not exact**. For the unit on the left the exact mean is 0.204, the Gaussian says 0.424, the tanh of the mean
#   0.858. The sum is only as normal as its largest term is small; the number of inputs helps on average (0.039 with two
#   inputs, 0.019 with twelve), but one dominant weight is enough to spoil it.
# - In a layer of usual size, with hundreds of inputs, nobody can run all masks. There the Gaussian is what one has, and
#   you now know what it depends on.

# %% [markdown]
# ## 5 · The singular-value story
#
# The third story, in its usual words:
#
# 1. *Gradient descent responds more to the larger singular values.*
# 2. *Largeness may not mean much: it can come from units of measurement. Or a direction is large because many features
#    go together in it.*
# 3. *Dropout reduces the influence of these large components, and so keeps the model from relying on a few patterns.*
#
# Lecture notes leave it at that, and students ask for an example. You will derive one, for a linear model with squared
# error, where every word can be turned into a formula: first 1 (this subsection), then 3 (the next), and then 2, which
# decides everything.
#
# ### What does "respond" mean?
#
# Data $X$ with $N$ rows and $D$ features, targets $y$. Write the singular value decomposition as a sum of $r$ parts,
#
# $$ X = \sum_i s_i\, u_i v_i^\top, \qquad s_1 \ge s_2 \ge \dots > 0 . $$
#
# $v_i$ is a direction among the features, $u_i$ a pattern over the rows, and $s_i$ says how large $X$ is there:
# $\lVert X v_i\rVert = s_i$. Least squares fits each pattern separately; from $X^\top X\, w = X^\top y$ and
# $X^\top X v_i = s_i^2 v_i$,
#
# $$ v_i^\top w_\text{LS} = \frac{u_i^\top y}{s_i} . $$
#
# Any other method gives other weights $w$. Its **response** in direction $i$ is the share of the least-squares answer
# that it has found there:
#
# $$ c_i = \frac{v_i^\top w}{v_i^\top w_\text{LS}} . $$
#
# 1 means: answered in full. 0: ignored.
#
# **Ridge** minimizes $\lVert y - Xw\rVert^2 + \lambda\lVert w\rVert^2$, so $(X^\top X + \lambda I)\,w = X^\top y$.
# Multiply from the left by $v_i^\top$: $(s_i^2 + \lambda)\, v_i^\top w = s_i\, u_i^\top y$. Compare with least squares:
#
# $$ c_i = \frac{s_i^2}{s_i^2 + \lambda} . $$
#
# **Gradient descent** on $\frac12\lVert y - Xw\rVert^2$ from $w = 0$: one step is
# $w \leftarrow w - \mathrm{lr}\, X^\top(Xw - y)$. In direction $i$, and with $e_i = v_i^\top (w - w_\text{LS})$ for
# what is missing, the step is $e_i \leftarrow (1 - \mathrm{lr}\, s_i^2)\, e_i$. After $k$ steps a share of
# $(1 - \mathrm{lr}\, s_i^2)^k$ is missing:
#
# $$ c_i = 1 - (1 - \mathrm{lr}\, s_i^2)^{k} . $$
#
# Both are functions of $s_i$ **alone**, and both rise with it (gradient descent as long as $\mathrm{lr}\, s_i^2 \le 1$;
# from 2 on it diverges). So sentence 1 is a theorem, for ridge as much as for gradient descent: **large directions are
# answered first**. It is the square of the singular value that counts, the eigenvalue of $X^\top X$.
#
# **By hand.** Singular values 3 and 1. Ridge with $\lambda = 1$: $9/10 = 0.9$ and $1/2$. Gradient descent with
# $\mathrm{lr} = 0.1$, two steps: $1 - 0.1^2 = 0.99$ and $1 - 0.9^2 = 0.19$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | loss for gradient descent | $\frac12\lVert y - Xw\rVert^2$, a sum | without the ½ the learning rate counts twice, with $1/N$ it counts $N$ times less |
# | response | against the least-squares solution | not against the "true" weights of a simulation, which nobody knows |
# | sign | kept: $c_i$ may be negative or above 1 for a method that is not a filter | |
# | directions | right singular vectors $v_i$, in the space of the weights | $u_i$ live in the space of the rows |
#
# ### Exercise: `shrinkage_profile` (5 points)
#
# Three short functions. With these you can ask any method of fitting what it does to each direction.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="shrinkage_profile" points=5
def singular_response(X, y, w):
    """How much of the least-squares solution the weights w have, along each right singular vector of X.

    With X = sum_i s_i u_i v_i^T and w_LS a least-squares solution,

        c_i = (v_i^T w) / (v_i^T w_LS)

    Directions whose singular value is zero up to rounding (below 1e-6 times the largest) are left out.

    Args:
        X: (N, D) inputs. It is not changed.
        y: (N,) targets. It is not changed.
        w: (D,) weights of any method. It is not changed.

    Returns:
        (s, c), both of shape (r,) with r the rank of X: the singular values from large to small, and the ratios.
    """
    ### BEGIN SOLUTION
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    rank = np.sum(s > 1e-6 * s[0])
    U, s, Vt = U[:, :rank], s[:rank], Vt[:rank]
    least_squares = U.T @ y / s  # v_i^T w_LS
    return s, Vt @ w / least_squares
    ### END SOLUTION


def gd_filter(s2, lr, steps):
    """The ratios c_i after some steps of gradient descent from w = 0 on the loss (1/2) ||y - X w||^2.

        c_i = 1 - (1 - lr * s2_i)^steps

    Args:
        s2: (r,) squared singular values of X. It is not changed.
        lr: Learning rate > 0.
        steps: Number of steps, 0 or more.

    Returns:
        (r,) array.

    Raises:
        ValueError: gradient descent diverges, lr * s2 >= 2 for one of them. The message names lr.
    """
    ### BEGIN SOLUTION
    s2 = np.asarray(s2, dtype=float)
    if lr * s2.max() >= 2:
        raise ValueError(f"lr is too large for the largest squared singular value, got {lr}")
    return 1 - (1 - lr * s2) ** steps
    ### END SOLUTION


def ridge_filter(s2, lam):
    """The ratios c_i of ridge regression, which minimizes ||y - X w||^2 + lam ||w||^2.

        c_i = s2_i / (s2_i + lam)

    Args:
        s2: (r,) squared singular values of X, all positive. It is not changed.
        lam: Strength of the penalty, 0 or more.

    Returns:
        (r,) array.
    """
    ### BEGIN SOLUTION
    s2 = np.asarray(s2, dtype=float)
    return s2 / (s2 + lam)
    ### END SOLUTION


# %% check="shrinkage_profile"
check("shrinkage_profile")


# %% [markdown]
# ### What dropout does: the objective
#
# Now the same linear model with dropout of the *inputs*: each entry of $X$ is kept with probability $p_\text{keep}$, by
# a mask entry of its own, in every step anew. On average over the masks, training minimizes
#
# $$ J(w) = \mathbb E_m \lVert y - (m \circ X)\, w\rVert^2 . $$
#
# For a random number, the mean square is the square of the mean plus the variance. Use it for each row $n$, where the
# random number is $y_n - \sum_j m_{nj} X_{nj} w_j$.
#
# - Its mean is $y_n - p_\text{keep} \sum_j X_{nj} w_j$.
# - Its variance is a sum over $j$, because different entries are independent; each mask entry has the variance
#   $p_\text{keep}(1-p_\text{keep})$, and it is multiplied by $X_{nj}w_j$:
#   $\; p_\text{keep}(1-p_\text{keep}) \sum_j X_{nj}^2 w_j^2$.
#
# Sum over the rows. In the second part $\sum_n X_{nj}^2 = \lVert X_j\rVert^2$ is the squared length of column $j$:
#
# $$
# J(w) = \lVert y - p_\text{keep} X w\rVert^2 \;+\; p_\text{keep}(1-p_\text{keep}) \sum_j \lVert X_j\rVert^2\, w_j^2 .
# $$
#
# This is not an approximation (Srivastava and others, JMLR 15, 2014, section 9.1). **Dropout in a linear model is a
# penalty**, and it is almost ridge: every weight is punished in proportion to its square. But each weight has a price
# of its own, $\lVert X_j \rVert^2$, the $j$-th entry of $\mathrm{diag}(X^\top X)$. Weights of large features are
# expensive.
#
# Whole inputs are used at test time, with the weights $u = p_\text{keep}\, w$ (notebook 05; not the $u_i$ of the
# decomposition). To see what dropout does to them, put $w = u/p_\text{keep}$ into $J$, simplify, and set the derivative
# to zero. That is the exercise; you should arrive at an equation like that of ridge,
#
# $$ \bigl(X^\top X + \lambda\, \mathrm{diag}(X^\top X)\bigr)\, u = X^\top y, \qquad \lambda = \;? $$
#
# ### By hand
#
# One row, $X = (3, 1)$, $y = 2$, $w = (1, -1)$, $p_\text{keep} = \frac12$. The four masks leave $(m\circ X)w$ at 0, 3,
# −1 and 2, so $J = \frac14(2^2 + 1^2 + 3^2 + 0^2) = 3.5$. By the formula:
# $(2 - \frac12\cdot2)^2 + \frac14(9\cdot1 + 1\cdot1) = 1 + 2.5 = 3.5$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | masks | one for each **entry** of $X$: each example its own | one mask for a whole batch: the same mean per row, another variance of the sum |
# | which weights | `dropout_objective` takes the weights of *training*, $w$; `dropout_ridge` returns those of *test*, $u = p_\text{keep} w$ | with inverted dropout both are $u$ |
# | size | a sum over rows, no $1/N$ | a mean over rows changes $J$, not its minimum |
#
# ### Exercise: `dropout_ridge` (6 points)
#
# *Difficulty 3 of 4, about 30 minutes, most of them with a pencil.*


# %% exercise="dropout_ridge" points=6
def dropout_objective(X, y, w, p_keep):
    """The squared error of a linear model under input dropout, averaged over all masks exactly.

    Every entry of X is multiplied by a mask entry of its own, 1 with probability p_keep and else 0. The masks of
    different entries are independent, and kept entries are not rescaled.

        E_m ||y - (m * X) w||^2 = ||y - p_keep X w||^2 + p_keep (1 - p_keep) sum_j ||X_j||^2 w_j^2

    with X_j the columns of X. It is a sum over the N rows: no 1 / N. No mask is drawn at random.

    Args:
        X: (N, D) inputs. It is not changed.
        y: (N,) targets. It is not changed.
        w: (D,) weights as they are used in training. It is not changed.
        p_keep: Probability that an entry is kept, in (0, 1].

    Returns:
        A float.

    Raises:
        ValueError: p_keep is outside (0, 1]. The message names it.
    """
    ### BEGIN SOLUTION
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    X, y, w = (np.asarray(a, dtype=float) for a in (X, y, w))
    fit = np.sum((y - p_keep * X @ w) ** 2)
    penalty = p_keep * (1 - p_keep) * np.sum(np.sum(X**2, axis=0) * w**2)
    return float(fit + penalty)
    ### END SOLUTION


def dropout_ridge(X, y, p_keep):
    """The weights that input dropout gives a linear model at test time: p_keep times the minimizer of the objective.

        u = p_keep * argmin_w dropout_objective(X, y, w, p_keep)

    u solves (X^T X + lambda diag(X^T X)) u = X^T y; finding lambda is up to you. It is used on whole inputs, X @ u.

    Args:
        X: (N, D) inputs, D may be larger than N. With p_keep = 1 the columns are linearly independent. It is not
            changed.
        y: (N,) targets. It is not changed.
        p_keep: Probability that an entry of X is kept in training, in (0, 1].

    Returns:
        (D,) array u.

    Raises:
        ValueError: p_keep is outside (0, 1], or a column of X is all zeros. The message names p_keep or X.
    """
    ### BEGIN SOLUTION
    if not 0 < p_keep <= 1:
        raise ValueError(f"p_keep must be in (0, 1], got {p_keep}")
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    if (X == 0).all(axis=0).any():
        raise ValueError("X has a column of zeros: any weight would do for it")
    gram = X.T @ X
    lam = (1 - p_keep) / p_keep
    return np.linalg.solve(gram + lam * np.diag(np.diag(gram)), X.T @ y)
    ### END SOLUTION


# %% check="dropout_ridge"
check("dropout_ridge")

# %% [markdown]
# ### The price list, and what it does to units
#
# You have found $\lambda = (1-p_\text{keep})/p_\text{keep} = p_\text{drop}/p_\text{keep}$. Now compare with ridge.
# Divide each feature by its length, $\tilde X_j = X_j / \lVert X_j\rVert$, and measure the weights accordingly,
# $\tilde u_j = \lVert X_j\rVert\, u_j$; the predictions stay as they are, $Xu = \tilde X\tilde u$. The matrix
# $\mathrm{diag}(X^\top X)$ turns into the identity, and the equation for $u$ becomes
#
# $$ \bigl(\tilde X^\top \tilde X + \lambda I\bigr)\, \tilde u = \tilde X^\top y . $$
#
# **Dropout is ridge on features of equal length.** The units have disappeared: whether proline is measured in
# milligrams or in grams, $\tilde X$ is the same. So dropout has singular values that it responds to, but not those of
# $X$. If the features are centred, $R = \tilde X^\top\tilde X$ is their **correlation matrix**; call its eigenvalues
# $\rho_i$. By the ridge formula, in the directions of $R$
#
# $$ c_i = \frac{\rho_i}{\rho_i + \lambda}, \qquad \sum_i \rho_i = D . $$
#
# The eigenvalues of a correlation matrix know only one kind of largeness: **agreement**. They are 1 on average.
#
# - A feature that is correlated with no other has $\rho = 1$, whatever its size: $c = 1/(1+\lambda) = p_\text{keep}$.
# - $k$ features that say the same have $\rho = k$ in their common direction: $c = k/(k + \lambda)$, close to 1. In the
#   directions in which they differ, $\rho$ is near 0 and so is $c$.
#
# This is why one cannot say what dropout does to "the large singular values". It depends on **why** they are large.
#
# ### Experiment E06c: two signals with the same singular value
#
# Make it as sharp as possible. Signal A sits in one feature, with scale $a$. Signal B, independent of A, is repeated in
# $a^2$ features of scale 1. Both directions have the **same** singular value, $a\sqrt N$: in one feature because its
# unit is small, in the other because many agree. The target is A + B; we ask how much of each the prediction contains.
# Ridge has $\lambda = N$; gradient descent takes 100 steps with $\mathrm{lr} = 1/(100N)$. 200 rows, three seeds.
#
# For $a = 5$ we also train **without any formula**: plain gradient descent on $X$ with fresh random masks in each step,
# 6000 steps, weights averaged over the last 4000.
#
# Then real data: 178 wines, twelve chemical measurements, predict the alcohol. One of them, proline, spreads over
# hundreds of mg/l; the next largest over 12. Three random samples of 120 wines. What do the three methods do, and what
# happens if somebody notes proline in grams?

# %% tags=["experiment"]
respond, gd_response, ridge_response = use("singular_response"), use("gd_filter"), use("ridge_filter")
objective, dropout_weights = use("dropout_objective"), use("dropout_ridge")
print("by hand: J =", objective(np.array([[3.0, 1.0]]), np.array([2.0]), np.array([1.0, -1.0]), 0.5), end="; ")
print("ridge", ridge_response(np.array([9.0, 1.0]), 1.0), "descent", gd_response(np.array([9.0, 1.0]), 0.1, 2).round(2))

ROWS, SCALES = 200, (1, 2, 3, 4, 5, 7, 10)


def two_signals(scale, seed):
    """A in one feature, B in scale**2 features; both directions have the singular value scale * sqrt(ROWS)."""
    A, B = sqrt(ROWS) * np.linalg.qr(np.random.default_rng(seed).normal(size=(ROWS, 2)))[0].T
    return np.column_stack([scale * A, np.repeat(B[:, None], scale**2, axis=1)]), A + B


def ridge(X, y):
    return np.linalg.solve(X.T @ X + len(X) * np.eye(X.shape[1]), X.T @ y)


def descend(X, y):
    w, rate = np.zeros(X.shape[1]), 1 / (100 * ROWS)
    for _ in range(100):
        w -= rate * X.T @ (X @ w - y)
    return w


def descend_with_masks(X, y, p_keep, seed):
    """Test weights after gradient descent on X with random masks; it is told nothing of a penalty."""
    rng, rate = np.random.default_rng(seed), 0.2 / np.linalg.norm(X, 2) ** 2
    w, total = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for step in range(6000):
        thinned = X * (rng.random(X.shape) < p_keep)
        w = w - rate * thinned.T @ (thinned @ w - y)
        total += w * (step >= 2000)
    return p_keep * total / 4000


def answered(w, scale):
    """How much of A and of B is in the prediction."""
    return scale * w[0], w[1:].sum()


METHODS = {
    "ridge": ridge,
    "gradient descent": descend,
    "dropout, keep 0.5": lambda X, y: dropout_weights(X, y, 0.5),
    "dropout, keep 0.8": lambda X, y: dropout_weights(X, y, 0.8),
}
share = {
    name: np.array([[answered(fit(*two_signals(a, seed)), a) for a in SCALES] for seed in range(3)])
    for name, fit in METHODS.items()
}  # each (seeds, scales, signals)
at5 = SCALES.index(5)
sampled = {
    p: np.array([answered(descend_with_masks(*two_signals(5, seed), p, seed), 5) for seed in range(3)])
    for p in (0.5, 0.8)
}
print("\nscale 5, both singular values 5√N      A in one feature   B spread over 25")
for name, found in share.items():
    print(f"{name:38}", "   ".join(f"{value:16.3f}" for value in found[:, at5].mean(axis=0)))
for p, found in sampled.items():
    print(f"trained with random masks, keep {p}    ", "   ".join(f"{value:16.3f}" for value in found.mean(axis=0)))


def wines(seed):
    """Measurements without alcohol, alcohol; both centred; 120 wines at random; the column of proline."""
    from sklearn.datasets import load_wine

    data = load_wine().data[np.random.default_rng(seed).permutation(178)[:120]]
    data = data - data.mean(axis=0)
    return data[:, 1:], data[:, 0], 11


def gentle(X, y):
    """Gradient descent, 100 steps, at half of the largest possible learning rate."""
    w, rate = np.zeros(X.shape[1]), 1 / np.linalg.norm(X, 2) ** 2
    for _ in range(100):
        w -= rate * X.T @ (X @ w - y)
    return w


changed, of_wine = {}, {}
for seed in range(3):
    X, y, proline = wines(seed)
    grams = X * np.where(np.arange(12) == proline, 1e-3, 1.0)
    for name, fit in {
        "ridge": ridge,
        "gradient descent": gentle,
        "dropout, keep 0.5": METHODS["dropout, keep 0.5"],
    }.items():
        before, after = X @ fit(X, y), grams @ fit(grams, y)
        changed.setdefault(name, []).append(np.abs(before - after).max())
        of_wine.setdefault(name, (before, after))  # of the first sample
    lengths = np.linalg.norm(X, axis=0)
    s, c = respond(X / lengths, y, lengths * dropout_weights(X, y, 0.5))
    of_wine.setdefault("spectrum", []).append((s**2, c))
X, y, proline = wines(0)
print("\nwine, standard deviations:", np.sort(X.std(axis=0))[::-1].round(1).tolist())
print("singular values of the raw features:", np.linalg.svd(X, compute_uv=False).round(1)[:4], "...")
print(
    "of proline in the first singular direction:", np.abs(np.linalg.svd(X, full_matrices=False)[2][0, proline]).round(5)
)
print("standard deviation of alcohol:", y.std().round(2), "%")
print("eigenvalues of the correlation matrix:", of_wine["spectrum"][0][0].round(2))

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4))
fine = np.linspace(0.8, 10.5, 200)
left.plot(fine, ridge_response(fine**2 * ROWS, ROWS), color="0.7", linewidth=6, marker="", label="ridge, A and B")
left.plot(fine, gd_response(fine**2 * ROWS, 1 / (100 * ROWS), 100), ":", color="black", marker="",
          label="gradient descent, A and B")  # fmt: skip
for p, color in ((0.8, "orange"), (0.5, "blue")):
    for signal, marker, word in ((1, "o", "B, many features"), (0, "s", "A, one feature")):
        values = share[f"dropout, keep {p}"][..., signal].mean(axis=0)
        left.plot(SCALES, values, color=COLORS[color], marker=marker, label=f"dropout, keep {p}: {word}")
left.set(xlabel="singular value / √N", ylabel="share of the signal that is answered", ylim=(0, 1.05))
left.set_title("Equal singular values, two fates")
left.legend(loc="lower right", fontsize=8)
for (rho, c), marker in zip(of_wine["spectrum"], "os^", strict=True):
    middle.plot(rho, c, marker, color=COLORS["blue"], linestyle="none", alpha=0.7)
line = np.geomspace(0.05, 7, 100)
middle.plot(line, line / (line + 1), color="black", marker="", label="ρ / (ρ + λ)")
middle.axvline(1, color="0.7", linestyle="--", marker="")
middle.text(1.05, 0.1, "an uncorrelated\nfeature: 0.5", color="0.4", fontsize=9)
middle.set(
    xscale="log", ylim=(0, 1), xlabel="eigenvalue of the correlation matrix, ρ", ylabel="response of dropout, keep 0.5"
)
middle.set_title("Wine: what dropout responds to")
middle.set_xticks([0.1, 0.3, 1, 3], [0.1, 0.3, 1, 3])
middle.legend(loc="upper left")
for name, color, marker in (
    ("gradient descent", "red", "^"),
    ("ridge", "orange", "s"),
    ("dropout, keep 0.5", "blue", "o"),
):
    right.plot(*of_wine[name], marker, color=COLORS[color], linestyle="none", alpha=0.6, label=name)
right.plot([-1.5, 1.5], [-1.5, 1.5], ":", color="black", marker="")
right.set(xlabel="alcohol predicted, %: proline in mg/l", ylabel="proline in g/l", aspect="equal")
right.set_title("Change the unit of one feature")
right.legend(loc="upper left", fontsize=9)
plt.show()

theory = {"A": 0.5, "B": 25 / 26}
for column, signal in enumerate("AB"):
    found = share["dropout, keep 0.5"][:, at5, column]
    text = f"Dropout, keep 0.5, scale 5: share of {signal}, in theory {theory[signal]:.3f}"
    claim(text, found, holds=np.allclose(found, theory[signal], atol=1e-6))
same = np.abs(share["ridge"][..., 0] - share["ridge"][..., 1]).max(axis=1)
claim("Ridge answers both alike, at every scale: difference", same, holds=np.all(same < 1e-6))
gap = np.abs(sampled[0.5] - [theory["A"], theory["B"]]).max(axis=1)
claim("Training with random masks finds the same, without a formula: off by", gap, holds=np.all(gap < 0.01))
off = [np.abs(c - rho / (rho + 1)).max() for rho, c in of_wine["spectrum"]]
claim("Wine: the response of dropout is ρ / (ρ + λ): largest difference", off, holds=max(off) < 1e-6)
for name, limit in (("dropout, keep 0.5", 1e-9), ("ridge", 0.1), ("gradient descent", 0.1)):
    values = np.array(changed[name])
    holds = np.all(values < limit) if name.startswith("dropout") else np.all(values > limit)
    word = "does not change" if name.startswith("dropout") else "changes"
    claim(f"Proline in grams {word} the prediction of {name}", values, holds=holds, unit="% alcohol")

# %% [markdown]
# Figure: left, how much of each signal is answered, against the common singular value. Ridge (grey band) and gradient
# descent (dotted) rise to 1 for both signals. Dropout for B, spread over many features, rises as well; with
# $p_\text{keep} = 0.5$ it lies on the ridge curve. Dropout for A, in one feature, is a horizontal line at
# $p_\text{keep}$, whatever the singular value. Middle, the response of dropout on wine against the eigenvalue of the
# correlation matrix: the points of three samples lie on the curve $\rho/(\rho+\lambda)$, from 0.08 to 0.83, and pass
# through 0.5 at 1. Right, predictions before and after proline changes its unit: dropout on the diagonal, ridge and
# gradient descent scattered around it.
#
# **What to notice.**
#
# - At scale 5 both directions have the singular value $5\sqrt N$. Ridge answers 0.962 of A and 0.962 of B. Dropout
#   answers **0.500 of A and 0.962 of B**. A method that cannot tell them apart, and one that treats them as differently
#   as can be; "dropout reduces the large singular values" is true of A and false of B.
# - The horizontal lines: make A a hundred times larger and dropout still answers $p_\text{keep}$. **Size by units is
#   invisible to it.** The rising lines: $25/26 = 0.962$ is $k/(k+\lambda)$ with $k = 25$ and
#   $\lambda = 1$. **Size by agreement is rewarded.**
# - Nobody told the training with random masks about a penalty, and it arrives at the same two numbers.
# - In the wine data the largest singular value, 3386, is proline and nothing else: it is 28 times the next, because
#   milligrams are small. Ridge and gradient descent believe that it matters. Noting proline in grams moves their
#   predictions by up to 0.7 and 1.1 % alcohol, about as much as the wines differ (standard deviation 0.8); those of
#   dropout do not move at all. The usual cure is to standardize (notebook 01); dropout does it by itself.
# - Note what dropout does in directions with $\rho < 1$, in which correlated features *differ*: it answers little.
#   In its own units dropout behaves just as ridge does, large first. What it changes is the meaning of "large".

# %% [markdown]
# ### And the hidden layer?
#
# In a network dropout acts on **hidden** units, and these have no units of measurement: the network chooses them
# itself. The simplest network with a hidden layer is linear, $x \mapsto U V^\top x$ with $H$ hidden units: column $u_i$
# of $U$ holds the outgoing weights of hidden unit $i$, column $v_i$ of $V$ its incoming ones. Let it learn a given
# matrix $M$ (inputs with covariance $I$). Dropout with inverted scaling puts $m_i/p_\text{keep}$ in front of unit $i$:
#
# $$ J(U, V) = \mathbb E_m \Bigl\lVert M - \tfrac{1}{p_\text{keep}} \sum_i m_i\, u_i v_i^\top \Bigr\rVert_F^2 . $$
#
# **Step 1, the average.** Mean square = square of the mean + variance, for each entry of the matrix, as before:
#
# $$ J = \lVert M - UV^\top\rVert_F^2 + \lambda \sum_{i=1}^H \lVert u_i\rVert^2 \lVert v_i\rVert^2,
# \qquad \lambda = \frac{1-p_\text{keep}}{p_\text{keep}} . $$
#
# **Step 2, equal shares.** Write $a_i = \lVert u_i \rVert \lVert v_i \rVert$. The network can represent the same
# product $A = UV^\top$ in many ways; which is the cheapest? Two inequalities. First
# $\sum_i a_i^2 \ge \frac1H(\sum_i a_i)^2$ (Cauchy and Schwarz), equal only if all $a_i$ are equal. Second,
# $\sum_i a_i \ge \lVert A\rVert_*$, the **sum of the singular values** of $A$: each part $u_iv_i^\top$ has the single
# singular value $a_i$, and the sum of singular values is a norm, so it obeys the triangle inequality. Together
#
# $$ \lambda\sum_i a_i^2 \;\ge\; \frac{\lambda}{H}\, \lVert A\rVert_*^2 . $$
#
# Both can be equalities at once. Start from the singular value decomposition $A = P\,\mathrm{diag}(s)\,Q^\top$, filled
# up with zeros to $H$ columns; $U = P\,\mathrm{diag}(\sqrt s)\,O$ and $V = Q\,\mathrm{diag}(\sqrt s)\,O$ give the same
# $A$ for any rotation $O$ of the $H$ hidden units. Then $\lVert u_i\rVert = \lVert v_i\rVert$, and a rotation can
# always make all $\lVert u_i\rVert^2$ equal (their sum, $\sum s$, does not change; turn one that is too long against
# one that is too short until one of them fits, and go on). So dropout makes **all hidden units equally important**,
# with $a_i = T/H$ where $T = \sum_i s_i$.
#
# **Step 3, the singular values.** What is left to minimize is
#
# $$ \lVert M - A\rVert_F^2 + \frac{\lambda}{H} \Bigl(\sum_i s_i\Bigr)^2 . $$
#
# The best $A$ has the singular directions of $M$, whose singular values we call $S_i$ (this is von Neumann's trace
# inequality). So minimize $\sum_i (S_i - s_i)^2 + \frac\lambda H T^2$ over $s_i \ge 0$. The derivative with respect to
# $s_i$ is $-2(S_i - s_i) + 2\frac{\lambda}{H}T$, hence
#
# $$ s_i = \max(S_i - \theta,\, 0), \qquad \theta = \frac{\lambda}{H}\, T . $$
#
# **Every singular value loses the same amount** $\theta$, and the small ones are gone. With $k$ of them left,
# $T = \sum_{i\le k} S_i - k\theta$ gives $\theta = \frac{\lambda/H}{1 + k\lambda/H} \sum_{i \le k} S_i$.
#
# **By hand.** $S = 5, 3, 2, 1, 0.5, 0.2$; $H = 20$; $p_\text{keep} = 0.5$, so $\lambda/H = 0.05$. Try $k = 5$:
# $\theta = \frac{0.05}{1.25} \cdot 11.5 = 0.46$. The fifth survives ($0.5 > 0.46$), the sixth does not ($0.2 < 0.46$),
# so $k = 5$ was right. Left are 4.54, 2.54, 1.54, 0.54, 0.04 and 0. For $p_\text{keep} = 0.8$: $\lambda/H = 0.0125$,
# $k = 6$, $\theta = \frac{0.0125}{1.075}\cdot 11.7 = 0.136$.
#
# (This is the result of Cavazza and others, arXiv:1710.05092, and of Mianjy, Arora and Vidal, arXiv:1806.09777, in our
# notation.)
#
# ### Experiment E06d: what random masks do to singular values
#
# Nothing but dropout training: $U$ and $V$ start at random, gradient descent with 32 fresh masks per step; 4000 steps,
# three seeds. The learning rate is 0.02, a tenth of that after 60 % of the steps and a hundredth after 85 %. The theory
# is not told to anybody.

# %% tags=["experiment"]
TARGET, HIDDEN_UNITS = np.array([5, 3, 2, 1, 0.5, 0.2]), 20
WATCHED = sorted(set(np.geomspace(1, 3999, 200).astype(int).tolist()))


def in_theory(p_keep):
    """The singular values that dropout leaves, and what it subtracts from each."""
    strength = (1 - p_keep) / p_keep / HIDDEN_UNITS
    thetas = [strength * TARGET[:kept].sum() / (1 + kept * strength) for kept in range(1, len(TARGET) + 1)]
    theta = next(theta for theta, smallest in zip(thetas[::-1], TARGET[::-1], strict=True) if smallest > theta)
    return np.maximum(TARGET - theta, 0), theta


def factorize(p_keep, seed, steps=4000):
    """Singular values of U V^T at the steps WATCHED and at the end; at the end ||u_i|| ||v_i|| of each hidden unit."""
    random = torch.Generator().manual_seed(seed)
    matrix = torch.diag(torch.tensor(TARGET))
    U, V = (0.1 * torch.randn(6, HIDDEN_UNITS, dtype=torch.float64, generator=random) for _ in range(2))
    path = []
    for step in range(steps):
        if step in WATCHED:
            path.append(torch.linalg.svdvals(U @ V.T).numpy())
        rate = 0.02 * (1 if step < 0.6 * steps else 0.1 if step < 0.85 * steps else 0.01)
        kept = (torch.rand(32, HIDDEN_UNITS, generator=random) < p_keep).double() / p_keep
        thinned = kept[:, None] * U  # (32, 6, H)
        error = thinned @ V.T - matrix
        to_u = ((error @ V) * kept[:, None]).mean(dim=0)
        to_v = (error.mT @ thinned).mean(dim=0)
        U, V = U - rate * to_u, V - rate * to_v
    return np.array(path), torch.linalg.svdvals(U @ V.T).numpy(), (U.norm(dim=0) * V.norm(dim=0)).numpy()


factors = {p_keep: [factorize(p_keep, seed) for seed in range(3)] for p_keep in (1.0, 0.8, 0.5)}
ends = {p_keep: np.array([run[1] for run in runs]) for p_keep, runs in factors.items()}
print("target         ", TARGET)
for p_keep in (0.8, 0.5):
    left_over, theta = in_theory(p_keep)
    print(f"keep {p_keep}, theory", left_over.round(3), f"each minus {theta:.3f}")
    print(f"keep {p_keep}, found ", ends[p_keep].mean(axis=0).round(3))
products = {p_keep: np.array([run[2] for run in runs]) for p_keep, runs in factors.items()}
for p_keep, found in products.items():
    print(f"keep {p_keep}: |u| |v| of the hidden units from {found.min():.3f} to {found.max():.3f}")
portion = {p: (found[:, 0] / found.sum(axis=1)) for p, found in ends.items()}
print("share of the largest in the sum:", {p: round(float(found.mean()), 3) for p, found in portion.items()})

fig, axes = plt.subplots(1, 3, figsize=(12, 4))
for ax, p_keep, title in zip(axes, (1.0, 0.5), ("No dropout", "Dropout, keep 0.5"), strict=False):
    path = factors[p_keep][0][0]
    for i, color in enumerate(("blue", "red", "green", "purple", "orange", "sky")):
        ax.plot(WATCHED, path[:, i], color=COLORS[color], marker="")
        ax.axhline(TARGET[i], color=COLORS[color], linestyle=":", linewidth=1, marker="")
        if p_keep < 1:
            ax.plot(4000, in_theory(p_keep)[0][i], "o", color=COLORS[color], clip_on=False)
    ax.set(xscale="log", xlim=(3, 4000), ylim=(-0.1, 5.3), xlabel="step", title=title)
axes[0].set_ylabel("singular values of U Vᵀ")
axes[0].text(300, 4.5, "dotted: the target", fontsize=9)
axes[1].text(300, 3.8, "points: theory", fontsize=9)
for p_keep, color, marker in ((1.0, "red", "s"), (0.8, "orange", "^"), (0.5, "blue", "o")):
    label = "no dropout" if p_keep == 1 else f"keep {p_keep}"
    axes[2].plot(
        np.arange(1, 21), np.sort(products[p_keep][0])[::-1], marker, linestyle="none", color=COLORS[color], label=label
    )
axes[2].set(
    xlabel="hidden unit, sorted", ylabel="‖uᵢ‖ ‖vᵢ‖", title="How important is each hidden unit?", ylim=(0, None)
)
axes[2].set_xticks([1, 5, 10, 15, 20])
axes[2].legend()
plt.show()

for p_keep in (0.8, 0.5):
    gap = np.abs(ends[p_keep] - in_theory(p_keep)[0]).max(axis=1)
    text = f"Keep {p_keep}: all six singular values as in theory, largest difference"
    claim(text, gap, holds=np.all(gap < 0.02))
gone = ends[0.5][:, 5]
claim("Keep 0.5: the smallest, 0.2, is gone; left", gone, holds=np.all(gone < 0.01))
spread = products[0.5].max(axis=1) / products[0.5].min(axis=1)
claim("With dropout all hidden units weigh the same: largest over smallest", spread, holds=np.all(spread < 1.1))
spread = products[1.0].max(axis=1) / products[1.0].min(axis=1)
claim("Without dropout they do not: largest over smallest", spread, holds=np.all(spread > 3))
grown = portion[0.5] - portion[1.0]
claim("The largest singular value has a greater share of the sum than before, by", grown, holds=np.all(grown > 0.05))

# %% [markdown]
# Figure: left, the six singular values in training without dropout, step logarithmic: they rise one after the other,
# the largest first, and end on their dotted targets. Middle, with dropout: the same order, but each ends below its
# target, by the same distance, on the point that theory predicts; the two smallest stay at about 0. Right, the weight
# $\lVert u_i\rVert\lVert v_i\rVert$ of each hidden unit: without dropout from 1.6 down to 0.06, with dropout all at
# 0.46 (keep 0.5) or all at 0.54 (keep 0.8).
#
# **What to notice.**
#
# - **Each singular value loses 0.46**, the large and the small alike: 4.54, 2.54, 1.54, 0.54, 0.04, and the smallest is
#   gone. Measured and calculated agree to 0.01; at keep 0.8 (minus 0.136) to 0.003. What is left of the difference is
#   the jitter of random masks.
# - In proportion the largest *gains*: its share of the sum rises from 0.427 to 0.493. In the hidden layer dropout
#   does **not** reduce the influence of large singular components. It removes small ones. That is a form of
#   regularization too, a limit on the rank, and it is chosen by the data.
# - The left panel is sentence 1 of the story, in a network: large singular values are learned first. Dropout does not
#   change the order.
# - **Dropout equalizes units, not patterns.** The pattern with singular value 4.54 is carried by all twenty hidden
#   units together; no unit is special any more. This is the exact version of "no unit can rely on another".
# - $\theta$ has $\lambda/H$ in it, so with more hidden units at the same rate less is taken away.

# %% [markdown]
# ### The verdict
#
# | sentence | verdict |
# | --- | --- |
# | gradient descent responds first to large singular values | **true**, $1 - (1 - \mathrm{lr}\,s^2)^k$; ridge too |
# | largeness can be a matter of units | **true**, and then it moves gradient descent and ridge, and not dropout |
# | dropout reduces the influence of the large components | **one big feature**: yes. It gets $p_\text{keep}$ where ridge and gradient descent would give it nearly 1. **Many features that agree**: no. $k/(k+\lambda)$ is close to 1, they are the ones that are *spared*. **In the hidden layer of a linear network**: the same amount is taken from each, so the small ones suffer and the large ones gain in share |
# | ... so that the model does not rely on a few patterns | on a few **features**: right. On a few **singular directions**: the contrary. Dropout makes a pattern rest on many features or units; it does not make the model use more patterns |
#
# The picture to keep: dropout is a *robustness test*. Every step some features are missing. What one feature says alone
# cannot be trusted beyond $p_\text{keep}$; what many say together survives. Ridge asks how loud a pattern is, dropout
# asks how many say it.
#
# All this is exact for **linear** models with **squared** error. For logistic regression the penalty exists too, to
# second order: there $\lVert X_j\rVert^2$ becomes a sum weighted with $q(1-q)$, so that examples the model is sure of
# hardly count (Wager, Wang and Liang, arXiv:1307.1493). For deep ReLU networks it is a guide, not a theorem.

# %% [markdown]
# ## 6 · "Dropout does not care about magnitude"
#
# Two more sentences from the lectures, after Helmbold and Long (arXiv:1602.04484): dropout is *scale-free*, it does not
# punish large weights when they are needed; and it is *invariant* when one layer is multiplied by $c$ and the next
# divided by it. The second can be proved in two lines, and the proof says when it holds.
#
# $$ x \mapsto W_2\,\bigl(m \circ \mathrm{relu}(W_1 x + b_1)\bigr) + b_2 . $$
#
# For $c > 0$, $\mathrm{relu}(cz) = c\,\mathrm{relu}(z)$. So $c W_1$, with the bias scaled in the right way, makes each
# hidden activation $c$ times as large, mask or no mask, and $W_2/c$ takes it back. The function is the same **under
# every mask**; hence so is everything that dropout training looks at. L2 is not so indifferent: it changes by the
# factor
#
# $$ \frac{c^2\lVert W_1\rVert^2 + \lVert W_2\rVert^2/c^2}{\lVert W_1\rVert^2 + \lVert W_2\rVert^2} . $$
#
# What was needed: $c > 0$, and an activation with $f(cz) = c f(z)$. ReLU and the identity have it, tanh and sigmoid do
# not.
#
# And the first sentence? Look at $J(w)$ once more. In a linear model dropout **is** a penalty on $w_j^2$: double all
# weights and it becomes four times as large. It is free of *units*, because its price $\lVert X_j\rVert^2$ moves with
# them. It is not free of charge.
#
# **By hand.** $W_1 = (3, 4)$, $W_2 = (1)$, $c = \frac12$: $\frac{25/4 + 4}{26} = 0.394$. Where is the L2 penalty the
# smallest? Where $c^2\lVert W_1\rVert^2 = \lVert W_2\rVert^2/c^2$: both layers equally large, here
# $c = 1/\sqrt5 = 0.447$. That is where weight decay drives a ReLU network.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | L2 | the sum of **squares**, weights without biases | the norm, its root; or with ½ in front |
# | $c$ | positive | for $c < 0$ a ReLU network becomes another function |
#
# ### Exercise: `rescale_two_layer` (4 points, extension)
#
# *Extension. Difficulty 2 of 4, about 10 minutes.*


# %% exercise="rescale_two_layer" points=4
def rescale_two_layer(W1, b1, W2, c):
    """Move a factor c > 0 from the second layer of a ReLU network into the first; the network stays the same function.

    The network is x -> W2 (m * relu(W1 x + b1)) + b2 with a mask m of hidden units. The weights W1 are multiplied by
    c and the weights W2 by 1 / c; b1 becomes what it has to be for the same outputs, whatever x and m. b2 does not
    change and is not asked for.

    Args:
        W1: (H, D) weights of the hidden layer. It is not changed.
        b1: (H,) its bias. It is not changed.
        W2: (C, H) weights of the output layer. It is not changed.
        c: The factor, > 0.

    Returns:
        (W1c, b1c, W2c), new arrays of the shapes of W1, b1 and W2.

    Raises:
        ValueError: c is not positive. The message names it.
    """
    ### BEGIN SOLUTION
    if c <= 0:
        raise ValueError(f"c must be positive, got {c}")
    return np.asarray(W1) * float(c), np.asarray(b1) * float(c), np.asarray(W2) / float(c)
    ### END SOLUTION


def l2_ratio(W1, W2, c):
    """By which factor rescale_two_layer changes the L2 penalty, the sum of the squares of all entries of W1 and W2.

        ratio = penalty of (W1c, W2c) / penalty of (W1, W2)

    Biases are not penalized.

    Args:
        W1: (H, D) weights of the hidden layer. It is not changed.
        W2: (C, H) weights of the output layer. It is not changed.
        c: The factor, > 0.

    Returns:
        A float.
    """
    ### BEGIN SOLUTION
    first, second = np.sum(np.square(W1, dtype=float)), np.sum(np.square(W2, dtype=float))
    return float((first * c**2 + second / c**2) / (first + second))
    ### END SOLUTION


# %% check="rescale_two_layer"
check("rescale_two_layer")

# %% [markdown]
# ### What moves and what does not
#
# A random network with 5 inputs, 8 hidden units and one output, for random regression data, five seeds. For each $c$,
# the squared error **averaged over all 256 masks**, and the L2 penalty, both relative to $c = 1$. Then the same for
# tanh units.

# %% tags=["experiment"]
rescale, penalty_ratio = use("rescale_two_layer"), use("l2_ratio")
FACTORS = np.geomspace(0.25, 4, 17)


def dropout_loss(x, y, W1, b1, W2, activation):
    """Squared error, averaged over all masks of the hidden units; each is kept with probability one half."""
    outputs = (all_masks(len(b1))[:, None] * activation(x @ W1.T + b1)) @ W2[0]  # (masks, examples)
    return ((outputs - y) ** 2).mean()


def relative(activation, seed):
    """Dropout loss and L2 penalty for each factor, relative to those at 1."""
    rng = np.random.default_rng(seed)
    W1, b1, W2 = rng.normal(size=(8, 5)), rng.normal(size=8), rng.normal(size=(1, 8))
    x, y = rng.normal(size=(40, 5)), rng.normal(size=40)
    at_one = dropout_loss(x, y, W1, b1, W2, activation)
    scaled = [rescale(W1, b1, W2, c) for c in FACTORS]
    losses = [dropout_loss(x, y, *weights, activation) / at_one for weights in scaled]
    return losses, [penalty_ratio(W1, W2, c) for c in FACTORS]


def relu(z):
    return np.maximum(z, 0)


print("by hand:", round(penalty_ratio(np.array([[3.0, 4.0]]), np.array([[1.0]]), 0.5), 3))
moved = {f.__name__: np.array([relative(f, seed) for seed in range(5)]) for f in (relu, np.tanh)}
fig, ax = plt.subplots(figsize=(7, 3.9))
for values, color, marker, label in (
    (moved["relu"][:, 1], "red", "s", "L2 penalty"),
    (moved["tanh"][:, 0], "orange", "^", "dropout loss, tanh"),
    (moved["relu"][:, 0], "blue", "o", "dropout loss, ReLU"),
):
    mean_with_spread(ax, FACTORS, values, color=COLORS[color], marker=marker, label=label)
ax.set(
    xscale="log", yscale="log", xlabel="factor c: first layer times c, second divided by c", ylabel="relative to c = 1"
)
ax.set_xticks([0.25, 0.5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
ax.set_yticks([0.5, 1, 2, 5, 10], [0.5, 1, 2, 5, 10])
ax.minorticks_off()
ax.set_title("What does moving a factor between layers change?")
ax.legend()
plt.show()

still = np.abs(moved["relu"][:, 0] - 1).max(axis=1)
claim("ReLU: the loss under dropout does not change, c from 1/4 to 4", still, holds=np.all(still < 1e-10))
moving = np.abs(moved["tanh"][:, 0] - 1).max(axis=1)
claim("tanh: it does, by the share", moving, holds=np.all(moving > 0.1))
grown = moved["relu"][:, 1].max(axis=1)
claim("L2 grows up to the factor", grown, holds=np.all(grown > 2))
rng = np.random.default_rng(0)
X, y, w = rng.normal(size=(30, 4)), rng.normal(size=30), rng.normal(size=4)


def price(X, w, p_keep=0.5):
    """The penalty alone: the objective without the error of the mean."""
    return objective(X, y, w, p_keep) - np.sum((y - p_keep * X @ w) ** 2)


units = np.array([1.0, 10.0, 0.1, 1000.0])
prices = [price(X, w), price(X * units, w / units), price(X, 2 * w)]
print("penalty of dropout in a linear model; in other units; with doubled weights:", np.round(prices, 3))

# %% [markdown]
# Figure: the three quantities relative to $c = 1$, both axes logarithmic, bands of one standard deviation over five
# seeds. The dropout loss of the ReLU network is a horizontal line at 1. That of the tanh network falls from 4 at
# $c = \frac14$ to 0.4 at $c = 4$. The L2 penalty has its minimum below $c = 1$ and rises to 13 at $c = 4$.
#
# **What to notice.** The invariance holds to all digits for ReLU, and not at all for tanh. The last printed line is the
# other half: the penalty of dropout in a linear model is the same in other units (7.637 both times), and four times as
# large (30.548) with doubled weights. So *scale-free* means: **no unit of measurement, and no shift of scale between
# layers, makes a difference.** It does not mean that large weights are free.

# %% [markdown]
# ## 7 · Dropout and batch norm
#
# *Usually does not work well when combined with batch norm*, say the lectures of recent years. The reason that is
# given: dropout makes the **variance** of an activation larger in training than at test time. Batch norm after it
# stores the variance of training and divides by it at test time, where it no longer fits (Li and others,
# arXiv:1801.05134).
#
# How much larger? An activation $x$ has mean $\mu$ and variance $v$ over the data. Inverted dropout turns it into
# $m x/p_\text{keep}$. Its mean is $\mu$, as it should be. Its mean square: $m^2 = m$ has the mean $p_\text{keep}$, so
#
# $$ \mathbb E\Bigl(\frac{m x}{p_\text{keep}}\Bigr)^2 = \frac{p_\text{keep}\,(v + \mu^2)}{p_\text{keep}^2}
#    = \frac{v + \mu^2}{1 - p_\text{drop}} . $$
#
# The variance is the mean square minus the squared mean; divide it by $v$ and you have the ratio of the exercise. Do it
# for $\mu = 0$, where it is simplest, and then see what a mean does. After a ReLU no activation has mean 0.
#
# **By hand.** $v = 1$, $p_\text{drop} = \frac12$. For $\mu = 0$: $2$. For $\mu = 1$: $(1+1)\cdot2 - 1 = 3$. For
# $\mu = 2$: $(1+4)\cdot 2 - 4 = 6$.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | ratio | training over test, so ≥ 1 | test over training, ≤ 1: our experiment shows that, because it is what batch norm sees |
# | dropout | inverted | classic dropout also shifts the *mean* unless the test weights are scaled |
# | $p$ | $p_\text{drop}$ | in papers $p$ is often the probability of keeping |
#
# ### Exercise: `variance_shift_ratio` (4 points, extension)
#
# *Extension. Difficulty 2 of 4, about 15 minutes.*


# %% exercise="variance_shift_ratio" points=4
def variance_shift_ratio(mean, var, p_drop):
    """By which factor dropout makes the variance of an activation larger in training than at test time.

    An activation x has mean mu and variance v over the data. Inverted dropout gives m x / (1 - p_drop) in training,
    with m = 0 with probability p_drop and else 1, independent of x; at test time it gives x.

        ratio = Var(m x / (1 - p_drop)) / Var(x)

    The variance in training counts both, the spread of the data and that of the masks.

    Args:
        mean: (D,) means mu. It is not changed.
        var: (D,) variances v, all positive. It is not changed.
        p_drop: Probability that a unit is dropped, in [0, 1).

    Returns:
        (D,) array.

    Raises:
        ValueError: an entry of var is not positive, or p_drop is outside [0, 1). The message names the argument.
    """
    ### BEGIN SOLUTION
    mean, var = np.asarray(mean, dtype=float), np.asarray(var, dtype=float)
    if (var <= 0).any():
        raise ValueError("var must be positive everywhere")
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop must be in [0, 1), got {p_drop}")
    second_moment = (var + mean**2) / (1 - p_drop)
    return (second_moment - mean**2) / var
    ### END SOLUTION


# %% check="variance_shift_ratio"
check("variance_shift_ratio")

# %% [markdown]
# ### Experiment E06e: the shift, and whether it is to blame
#
# Four hidden layers of 128 units: linear, batch norm, ReLU, dropout; 600 digits, 20 epochs, three seeds. Dropout 0, 0.5
# or 0.7, either **in all layers** (so that a batch norm follows it) or **only after the last** batch norm.
#
# For each batch norm layer we compare the variance of what arrives at test time with the stored one. And we predict it
# from test-time activations alone: the next layer's $z_o = \sum_i W_{oi} h_i$ gets additional variance from the masks,
# $\sum_i W_{oi}^2\,(r_i - 1)\, v_i$, with the ratio $r_i$ of your exercise.
#
# A correlation would not settle the question. So **intervene**, as in notebook 03. First, take the shift away and leave
# everything else: after training, measure the statistics again with dropout off (`recalibrate_bn` from notebook 02). If
# the shift is to blame, the accuracy must come back. Second, the same networks **without** batch norm. If the
# combination is to blame, they must suffer less from dropout.

# %% tags=["experiment"]
ratio_of, recalibrate = use("variance_shift_ratio"), use("recalibrate_bn")
print("by hand:", ratio_of(np.array([0.0, 1.0, 2.0]), np.ones(3), 0.5))


def four_layers(p_drop, everywhere, norm):
    layers = []
    for number in range(4):
        layers += [
            nn.Linear(64 if number == 0 else 128, 128),
            nn.BatchNorm1d(128) if norm else nn.Identity(),
            nn.ReLU(),
        ]
        layers += [nn.Dropout(p_drop if everywhere or number == 3 else 0.0)]
    return nn.Sequential(*layers, nn.Linear(128, 10))


@torch.no_grad()
def shifts(net, x):
    """For each batch norm: variance at test time over the stored one, found and predicted, means over the units."""
    found, predicted, h, rate = [], [], x, 0.0
    for layer in net.eval():
        if isinstance(layer, nn.Linear):
            mean, var = h.mean(dim=0).double(), h.var(dim=0).double() + 1e-9  # a pixel that is never inked has none
            ratio = torch.as_tensor(ratio_of(mean.numpy(), var.numpy(), rate))
            extra = layer.weight.double().square() @ ((ratio - 1) * var)
        elif isinstance(layer, nn.BatchNorm1d):
            now = h.var(dim=0).double()
            found.append((now / layer.running_var).mean().item())
            predicted.append((now / (now + extra)).mean().item())
        elif isinstance(layer, nn.Dropout):
            rate = layer.p
        h = layer(h)
    return found, predicted


def with_dropout(p_drop, everywhere, norm, seed):
    """Test accuracy and loss, the same after recalibration, training accuracy; then the shifts."""
    split = digits(600, seed)
    torch.manual_seed(seed)
    net = four_layers(p_drop, everywhere, norm)
    train(net, split.train, 20, lr=0.05, seed=seed)
    loss, accuracy = evaluate(net, split.test)
    at_training = evaluate(net, split.train)[1]
    shift = shifts(net, torch.tensor(split.test[0])) if norm else ([np.nan] * 4, [np.nan] * 4)
    if norm:
        recalibrate(net, torch.tensor(split.train[0]).split(100))
    loss_after, accuracy_after = evaluate(net, split.test)
    return [accuracy, loss, accuracy_after, loss_after, at_training, *shift[0], *shift[1]]


CASES = {
    "batch norm, no dropout": (0.0, True, True),
    "batch norm, 0.5 in all layers": (0.5, True, True),
    "batch norm, 0.7 in all layers": (0.7, True, True),
    "batch norm, 0.5 after the last": (0.5, False, True),
    "batch norm, 0.7 after the last": (0.7, False, True),
    "no batch norm, no dropout": (0.0, True, False),
    "no batch norm, 0.5 in all layers": (0.5, True, False),
    "no batch norm, 0.7 in all layers": (0.7, True, False),
}
combined = {name: np.array([with_dropout(*case, seed) for seed in range(3)]) for name, case in CASES.items()}

print(
    "                                  test accuracy        test loss            training  variance, test over stored"
)
print("                                  found  recalibrated  found  recalibrated  accuracy  layers 1 to 4")
for name, found in combined.items():
    row = found.mean(axis=0)
    line = f"{name:33} {row[0]:6.3f} {row[2]:8.3f}      {row[1]:6.3f} {row[3]:8.3f}     {row[4]:9.3f}"
    print(line, "" if np.isnan(row[5]) else "  " + " ".join(f"{value:.2f}" for value in row[5:9]))
for name in ("batch norm, 0.5 in all layers", "batch norm, 0.7 in all layers"):
    print(f"{name}: predicted", *(f"{value:.2f}" for value in combined[name].mean(axis=0)[9:]))

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4))
LAYERS = np.arange(1, 5)
for p_drop, color, marker in ((0.0, "green", "^"), (0.5, "blue", "o"), (0.7, "red", "s")):
    found = combined["batch norm, no dropout" if p_drop == 0 else f"batch norm, {p_drop} in all layers"]
    mean_with_spread(left, LAYERS, found[:, 5:9], color=COLORS[color], marker=marker, label=f"dropout {p_drop:g}")
    left.plot(LAYERS, found[:, 9:].mean(axis=0), ":", color=COLORS[color], marker="")
left.plot([], [], ":", color="black", marker="", label="predicted from test activations")
left.set(xlabel="batch norm layer", ylabel="variance at test time / stored variance", ylim=(0, 1.15), xticks=LAYERS)
left.set_title("The shift is there")
left.legend(loc="lower left", fontsize=9)
bars = {
    "batch norm": ("blue", 0, "batch norm, {}"),
    "the same, recalibrated": ("sky", 2, "batch norm, {}"),
    "no batch norm": ("red", 0, "no batch norm, {}"),
}
for number, (label, (color, column, key)) in enumerate(bars.items()):
    columns = [
        combined[key.format(what)][:, column] for what in ("no dropout", "0.5 in all layers", "0.7 in all layers")
    ]
    at = np.arange(3) + 0.27 * (number - 1)
    spread = [values.std(ddof=1) for values in columns]
    right.bar(at, [values.mean() for values in columns], 0.25, yerr=spread, capsize=3, color=COLORS[color], label=label)
right.set(xticks=range(3), xticklabels=("no dropout", "0.5", "0.7"), ylim=(0, 1.25), ylabel="test accuracy")
right.set(xlabel="dropout in all four layers", title="Does it cost the accuracy?", yticks=(0, 0.25, 0.5, 0.75, 1))
right.legend(loc="upper right", fontsize=9, ncols=3, columnspacing=1)
plt.show()

deepest = combined["batch norm, 0.5 in all layers"][:, 8]
claim("Dropout 0.5 before it: variance at test time over stored, fourth layer", deepest, holds=np.all(deepest < 0.85))
placed = combined["batch norm, 0.5 after the last"][:, 8]
claim("Dropout only after the last batch norm: no shift", placed, holds=np.all(abs(placed - 1) < 0.1))
lost = combined["batch norm, 0.7 in all layers"][:, 0] - combined["batch norm, no dropout"][:, 0]
claim("With batch norm, dropout 0.7 in all layers costs accuracy: change", lost, holds=np.all(lost < -0.03))
back = combined["batch norm, 0.7 in all layers"][:, 2] - combined["batch norm, 0.7 in all layers"][:, 0]
claim("Taking the shift away brings half of it back: change", back, holds=np.all(back > 0.5 * np.abs(lost)))
without = combined["no batch norm, 0.7 in all layers"][:, 0] - combined["no batch norm, no dropout"][:, 0]
claim("Without batch norm dropout 0.7 costs less: change", without, holds=np.all(without > lost))

# %% [markdown]
# Figure: left, variance at test time over the stored variance, for each of the four batch norm layers. Without dropout
# the line stays near 1 (0.94 at the end); with 0.5 it falls to 0.81, 0.74 and 0.71, with 0.7 to 0.67, 0.57 and 0.49.
# The dotted predictions hit layer 2 and then stay level while the measured lines go on falling. Right, test accuracy,
# bars with one standard deviation over three seeds. No dropout: 0.97 with batch norm, 0.94 without. Dropout 0.5: 0.96
# and 0.85. Dropout 0.7: 0.87 with batch norm, 0.87 recalibrated, 0.21 without batch norm.
#
# **What to notice.**
#
# - **The shift is real** and as large as calculated where it arises: 0.81 in the second layer, predicted 0.80. Deeper
#   down it accumulates: a layer whose input was divided by too large a deviation hands on too little variance itself,
#   and the prediction, which knows of one dropout layer only, stays behind. After the *last* batch norm dropout does no
#   such thing; 0.97 and 0.96 at rates 0.5 and 0.7.
# - **It is hardly to blame.** With 0.7 in all layers the accuracy is 0.87 instead of 0.97. Taking the shift away
#   brings back less than 0.01. It does show in the *loss* (0.59 to 0.47), and as always a wrong scale harms probabilities before
#   it harms decisions.
# - **Nor is the combination.** Without batch norm the same dropout does far worse: 0.85 at rate 0.5, and 0.21 at 0.7,
#   where the network hardly learns at all (training accuracy below 0.3). Dropout at 0.7 four times in a row is too much for
#   clean digits and 20 epochs; batch norm *softens* it. Someone who compares only "batch norm" with "batch norm and
#   dropout" sees a loss and blames the pair.
# - What remains of the advice: put dropout after the last batch norm, where it costs nothing. In the large
#   convolutional networks of the paper the shift is reported to cost accuracy, and removing it to help; here it does
#   not, and you have the two interventions to find out in a case of your own.

# %% [markdown]
# ## 8 · Two questions in words

# %% [markdown] question="W06a" points=6
# **W06a (6 points).** A lecture says: *"Gradient descent responds more to the larger singular values. Largeness may not
# mean a lot, it can be due to units. Dropout reduces the influence of the high-singular-value components, which
# prevents overfitting by relying too heavily on a few patterns."* Write the paragraph that should follow it.
#
# (a) For which methods is the first sentence a theorem? Give the formula of one of them. (b) Explain with the penalty
# $\mathrm{diag}(X^\top X)$ why dropout of the inputs does not see units, and to which singular values it does respond.
# (c) A data set has a feature "income in cents", correlated with nothing, and thirty questionnaire items, standardized,
# that all measure nearly the same thing. What do ridge and dropout with $p_\text{keep} = 0.8$ do to each of the two?
# Give dropout's numbers. (d) When does the lecture's third sentence hold, and when is it reversed? One case of each
# from E06c. (e) And in the hidden layer, E06d: which singular values suffer there, and what is equalized instead?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) For gradient descent from 0, $c_i = 1 - (1 - \mathrm{lr}\,s_i^2)^k$, and for ridge,
# $c_i = s_i^2/(s_i^2 + \lambda)$: functions of $s_i$ alone, and rising. (Least squares answers everything in full, so
# it is about when one stops, or what is penalized.)
#
# (b) Averaged over the masks, dropout adds $p_\text{keep}(1-p_\text{keep})\sum_j \lVert X_j\rVert^2 w_j^2$. Measure
# feature $j$ in a unit that makes its numbers $a$ times as large: $\lVert X_j\rVert^2$ becomes $a^2$ times as large,
# and the weight that predicts the same is $w_j/a$. The price stays the same, so does the solution's prediction. Written
# for features divided by their length it is ridge with $\lambda = p_\text{drop}/p_\text{keep}$, so dropout responds to
# the eigenvalues $\rho_i$ of the **correlation** matrix, $c_i = \rho_i/(\rho_i + \lambda)$.
#
# (c) *Income in cents*: an enormous singular value, so ridge hardly touches it (response near 1), however useless.
# Dropout: $\rho = 1$, $\lambda = 0.25$, response $1/1.25 = 0.8 = p_\text{keep}$. *Thirty items*: their common direction
# has $\rho$ near 30, so dropout answers $30/30.25 = 0.99$ of it. For ridge it depends on the size of $\lambda$ against
# $30N$; it can be shrunk much more than income is. Where the items differ, $\rho$ is near 0, and both answer little.
#
# (d) It holds when a component is large because **one** feature has large numbers: signal A, 0.500 instead of 0.962
# with ridge. It is reversed when a component is large because **many** features agree: signal B with the same singular
# value is answered to 0.962, and the component is among the least shrunk of all.
#
# (e) In a linear network with dropout on the hidden layer every singular value loses the same $\theta$ (0.46): the
# small ones disappear, and the share of the largest grows (0.427 to 0.493). What is equalized are the hidden units: all
# $\lVert u_i\rVert\lVert v_i\rVert$ become equal. So dropout keeps the model from relying on few *features* or *units*,
# not on few *patterns*.
#
# **Rubric.** (a) 1 point: two methods and one correct formula with the square. (b) 2 points: the price moves with the
# unit (1), correlation matrix or "features of equal length" (1). (c) 1 point: 0.8 and about 0.99, half for one of them.
# (d) 1 point: both cases with the reason, not only the numbers. (e) 1 point: equal subtraction, hence the small ones
# (½); units are equalized (½). An answer that says "dropout shrinks large singular values" without a condition gets no
# point for (d).
# ### END SOLUTION

# %% [markdown] question="W06b" points=4
# **W06b (4 points).** Three sentences: (i) *"Dropout is scale-free: it does not care about magnitude. It is unaffected
# if one layer is multiplied by $c$ and another divided by it."* (ii) *"It is a much better regularizer than L2 or L1,
# which pull the weights towards zero."* (iii) *"Given unlimited computation one would average over all settings of the
# parameters, weighted by their posterior probability. Dropout does this with less computation."*
#
# (a) What exactly is invariant in (i), under which conditions on $c$, the activation and the biases? (b) Is it true
# that dropout does not penalize large weights? Argue with $J(w)$. (c) What would you need to know to defend (ii), and
# what have you seen in notebooks 05 and 06 that speaks for and against it? (d) Name two differences between what
# dropout averages and the average in (iii), and say which average the mean net is.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) The function of the network under **every** mask, hence the loss that dropout training
# minimizes: it is the same for $(cW_1, cb_1, W_2/c, b_2)$. Needed: $c > 0$, an activation with $f(cz) = c f(z)$, such
# as ReLU or the identity; $b_1$ must be scaled along, $b_2$ must not. With tanh the outputs change. The L2 penalty is
# not invariant (in our example it grew up to 13 times).
#
# (b) No. In a linear model with squared error the average over the masks is
# $\lVert y - p_\text{keep}Xw\rVert^2 + p_\text{keep}(1-p_\text{keep})\sum_j\lVert X_j\rVert^2 w_j^2$: a quadratic
# penalty, four times as large for doubled weights; an uncorrelated feature is answered to $p_\text{keep}$ only. What is
# true: the price of a weight is in units of its feature, so that a large weight on a feature with small numbers is not
# dearer than a small weight on one with large numbers.
#
# (c) One would need a comparison at the best strength of each, on the same network and data, over several seeds, and
# then for more than one task. For: with 20 % wrong labels dropout gains about 0.1 in accuracy (notebook 05). Against:
# with 100 clean digits, or a narrow network, it loses; dropout 0.7 in four layers ruins a network on clean digits
# (E06e). And it is not clear-cut what "better than L2" means when dropout *is* an L2 penalty in suitable units (linear
# model). It depends on the problem; notebook 07 makes the comparison with L2.
#
# (d) Two of: it averages over $2^H$ thinned versions of *one* setting of the parameters, not over all settings; the
# weights $P(m)$ are fixed in advance and do not depend on the data, they are not a posterior; the members share all
# their weights and nearly none of them was ever trained by itself; the mean is geometric, not arithmetic. The mean net
# is the renormalized geometric mean, exactly for one hidden layer with softmax (or sigmoid) outputs, approximately
# otherwise.
#
# **Rubric.** 1 point for each part. (a) all of $c>0$, homogeneous activation, $b_1$; half with one missing. (b) the
# penalty and a correct conclusion. (c) one fact on each side, and a conclusion that is conditional. (d) two differences
# (½) and the average with its condition (½).
# ### END SOLUTION

# %% [markdown]
# ## What you built, and where it goes next
#
# - **A judge without sampling**: all $2^H$ masks. Whenever a sentence about dropout sounds too good, ask it for the
#   network with eight units.
# - **Passes, entropy, mutual information and ECE** with its diagram. They work for any ensemble. Notebook 08 builds
#   ensembles of networks that really were trained one by one, with bagging and checkpoints: try them there.
# - **DropConnect** as the weight-wise relative of dropout; notebook 11 arranges all relatives (unit, channel, patch,
#   branch) on one ladder.
# - **The singular-value story**, finished: ridge and gradient descent see loudness, dropout sees agreement, and hidden
#   layers lose the same amount from each singular value. Notebook 07 goes on with penalties (L2, weight decay, MAP)
#   and with noise that is *added* to the inputs: it does not grow with the feature, and the penalty is plain ridge.
# - **What is invariant**, and a ratio that says what batch norm after dropout gets to see.
#
# **Next**: [07 · Weight penalties, priors, noise](../07_weight_penalties/07_weight_penalties.ipynb).


# %%
progress()
