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
# # Early stopping, bias and variance, ensembles
#
# Two ideas that cost nothing in the formula of the loss and still are among the most reliable ways to a lower test
# error:
#
# - **Stop in time.** A network learns what is common to many examples first and the accidents of single ones later. So
#   watch a validation loss while you train, and keep the weights of the best moment.
# - **Ask several.** Models that were trained apart from each other make different mistakes. Averaged, a part of the
#   mistakes goes away.
#
# Both sound too simple to get wrong, and both are surrounded by sentences that are nearly right. This notebook builds
# them, measures them and asks of each sentence what is left of it:
#
# | the sentence | where |
# | --- | --- |
# | "store a copy at every improvement, stop when there was none for some time" | section 1, E08a |
# | "then use the validation data for training as well", in two ways | section 2, E08b |
# | "early stopping is L2 regularization" | section 3, E08c |
# | "the error is bias, variance and noise" | section 4, E08d |
# | "with M models the variance goes to 0", "the error decreases linearly with the ensemble size" | section 5, E08d |
# | "use k data sets, or other start values, or checkpoints of one run, or several networks in one" | sections 6 and 7, E08e |
#
# By the end you will be able to write the patience logic without its usual mistakes, say what either way to reuse the
# validation data may do to you, derive how stopping and a penalty are related, take an expected error apart, and tell
# how much an ensemble can gain at most.
#
# **You need**: notebook [00](../00_workshop/00_workshop.ipynb); from notebook
# [07](../07_weight_penalties/07_weight_penalties.ipynb) the idea of an L2 penalty; from notebook
# [06](../06_dropout_ensemble/06_dropout_ensemble.ipynb) the geometric mean. **Time**: about 3.5 hours. **Points**: 32
# for code in six exercises, 6 for two questions in words. Exercises marked *extension* can be left out without losing
# the thread. The usual rules hold: arguments are left as they were, whole numbers and float32 are welcome, and bad
# input is refused with a `ValueError` that names the argument. The checks and `hint("early_stopper")` work as before.
#
# The networks are small and the data are the 8 × 8 digits again, most of the time with **20 % of the labels drawn at
# random** (so about 18 % are wrong). There is something here that should *not* be learned; how much of what follows
# depends on that, the experiments say.

# %%
import copy
from itertools import count

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from numpy.polynomial import legendre
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import digits, noisy_labels
from traindeep.plots import COLORS, claim, mean_with_spread, style
from traindeep.training import evaluate, train

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## 1 · When to stop
#
# While a network trains, its training loss falls and falls. The loss on data that it is not trained on falls at first,
# too, and then turns. The weights one wants are those at the turning point, and the number of training steps is a
# **hyperparameter**: like the width of the network or the weight of a penalty, it is chosen by a validation set.
#
# It is an unusually cheap one. To compare five penalties one has to train five times; to compare 60 numbers of epochs,
# *one* run is enough, because it passes through all of them. The price is one copy of the weights, nothing is changed
# in the model or in the loss, and there is only one real cost: **validation data**, which the model may not train on.
# Section 2 is about getting them back.
#
# One cannot see the turning point, only that it seems to have passed. The validation loss is noisy; it also goes up for
# one epoch and down again afterwards. Therefore **patience**: stop when there was no improvement for so many checks in
# a row. Then return not the last weights but the stored ones.
#
# ### By hand
#
# Patience 2, min_delta 0. The losses are numbered from 0, the *step*.
#
# | step | val_loss | improvement? | failures in a row | best_loss | stop? |
# | --- | --- | --- | --- | --- | --- |
# | 0 | 0.9 | yes | 0 | 0.9 | |
# | 1 | 0.7 | yes | 0 | 0.7 | |
# | 2 | 0.7 | no: a tie | 1 | 0.7 | |
# | 3 | 0.6 | yes: **the count starts anew** | 0 | 0.6 | |
# | 4 | 0.8 | no | 1 | 0.6 | |
# | 5 | 0.7 | no: less than *before*, not less than the *best* | 2 | 0.6 | **stop** |
#
# Six updates; best_step is 3; so the best number of **epochs** is 4.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | what is an improvement | val_loss < best_loss − min_delta | Keras and Lightning the same; `ReduceLROnPlateau` of PyTorch measures min_delta in percent of the best by default |
# | compared with | the best loss so far | Prechelt (1998) also stops at so many percent above the best, or weighs that against the progress of the training loss |
# | stop at | the update that makes the count equal patience | `ReduceLROnPlateau` acts when the count is *greater* than patience: one check later |
# | counting steps | from 0 | a number of epochs is best_step + 1 |
# | nan | no improvement, and counts | Lightning stops at once (`check_finite`, on by default) |
# | what is kept | a deep copy | `state_dict()` of PyTorch shares its memory with the weights: without a copy the "best" weights go on training |

# %% [markdown]
# ### Exercise: `EarlyStopper` (6 points)
#
# Write the watcher of a training. It sees one validation loss at a time, and the weights that gave it.
#
# Two details decide whether it works. First, what it keeps must be a copy: the optimizer changes weights in place.
# Second, think about what `nan < 0.6` is in Python, and what `nan >= 0.6` is.
#
# *Difficulty 2 of 4, about 20 minutes.*


# %% exercise="early_stopper" points=6
class EarlyStopper:
    """Watch a validation loss, keep a copy of the best weights, and say when to stop.

    Attributes, up to date after every update:
        best_loss: The validation loss of the last improvement.
        best_step: Which update that was; the first update is step 0.
        best_weights: A copy of the weights of that update. It does not change when the model goes on training.

    The values of the three before the first improvement, and anything after the stop, are up to you.
    """

    def __init__(self, patience, min_delta=0.0):
        """Begin to watch.

        Args:
            patience: How many updates in a row may fail to improve; the last of them stops the training.
            min_delta: By how much a loss must be below best_loss to count as an improvement.

        Raises:
            ValueError: patience < 1 or min_delta < 0. The message names the argument.
        """
        ### BEGIN SOLUTION
        if patience < 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        if min_delta < 0:
            raise ValueError(f"min_delta must not be negative, got {min_delta}")
        self.patience, self.min_delta = patience, min_delta
        self.best_loss, self.best_step, self.best_weights = float("inf"), None, None
        self.step = self.failures = 0
        ### END SOLUTION

    def update(self, val_loss, weights):
        """Take the validation loss of one more step (one epoch, say) and the weights that gave it.

        An improvement is val_loss < best_loss - min_delta. A tie is none, and nan is none. Everything is compared with
        the best loss, not with the previous one, and an improvement makes the count of failures start anew.

        Args:
            val_loss: The validation loss, a float.
            weights: Arrays or tensors in lists, tuples and dicts, nested or not: a state_dict() is one of these.
                copy.deepcopy copies them all.

        Returns:
            True if this update and the ones just before it are `patience` failures in a row: stop now. Else False.
        """
        ### BEGIN SOLUTION
        if val_loss < self.best_loss - self.min_delta:  # False for nan
            self.best_loss, self.best_step, self.best_weights = val_loss, self.step, copy.deepcopy(weights)
            self.failures = 0
        else:
            self.failures += 1
        self.step += 1
        return self.failures >= self.patience
        ### END SOLUTION


# %% check="early_stopper"
check("early_stopper")

# %% [markdown]
# ### Experiment E08a: sixty epochs, one copy
#
# A network that is large enough to learn 400 digits by heart, wrong labels included. 150 more digits are held back for
# validation, with wrong labels among them as well: they come from the same source. The 500 test digits have right
# labels. Your stopper (or its stand-in) watches with a patience of 10; to see what it spared us, the training goes on
# to epoch 60 all the same. Five seeds (split, weights, order); and three seeds with right labels everywhere, for
# comparison.
#
# The same recorded losses are then shown to stoppers with other patience.

# %% tags=["experiment"]
Stopper = use("EarlyStopper")
PARTS = ("training", "validation", "test")


def network(width=256):
    """Two hidden layers of ReLUs: enough to learn 400 digits by heart, wrong labels included."""
    sizes = (64, width, width)
    hidden = [layer for m, n in zip(sizes, sizes[1:], strict=False) for layer in (nn.Linear(m, n), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(width, 10))


def noisy_digits(seed, *, n_val=150, share=0.2, val_share=0.2):
    """400 digits for training and n_val for validation, a share of their labels random; 500 right ones for testing."""
    split = digits(400, seed, n_val=n_val, label_noise=share)
    images, labels = split.val
    return split.train, (images, noisy_labels(labels, val_share, np.random.default_rng([seed, 8]))), split.test


def epochs_of(seed, weight_decay=0.0):
    """A function train_epoch(net, data) that trains for one epoch, each time in a new order, and returns the net."""
    order, optimizers = count(1000 * seed), {}

    def train_epoch(net, data):
        if net not in optimizers:  # one for each net, because it remembers the momentum
            optimizers[net] = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=weight_decay)
        train(net, data, 1, optimizer=optimizers[net], seed=next(order))
        return net

    return train_epoch


def first_run(data, seed, *, go_on=False, weight_decay=0.0):
    """Train until the stopper says stop (or, to see what would follow, go on to epoch 60).

    Returns the stopper; losses and accuracies after each epoch, (epochs, 3 parts of the data, 2); and the last net.
    """
    torch.manual_seed(seed)
    net, train_epoch, stopper = network(), epochs_of(seed, weight_decay), Stopper(patience=10)
    curves, stop = [], False
    while len(curves) < 60 and (go_on or not stop):
        net = train_epoch(net, data[0])
        curves.append([evaluate(net, part) for part in data])
        if not stop:
            stop = stopper.update(curves[-1][1][0], net.state_dict())
    return stopper, np.array(curves), net


SETS = {"noisy": (5, {}), "clean": (3, {"share": 0.0, "val_share": 0.0})}  # number of seeds, labels
runs = {
    name: [first_run(noisy_digits(seed, **labels), seed, go_on=True) for seed in range(seeds)]
    for name, (seeds, labels) in SETS.items()
}
curves = {name: np.array([curve for _, curve, _ in runs[name]]) for name in runs}  # (seeds, epochs, parts, 2)
best = {name: np.array([stopper.best_step for stopper, _, _ in runs[name]]) for name in runs}
stopped = {
    name: curves[name][range(len(best[name])), best[name], 2, 1] for name in runs
}  # test accuracy of the returned weights


def with_patience(patience, losses):
    """What a stopper does with these validation losses: (epochs trained, best epoch, counted from 0)."""
    stopper = Stopper(patience)
    trained = next((t + 1 for t, loss in enumerate(losses) if stopper.update(loss, [])), len(losses))
    return trained, stopper.best_step


@torch.no_grad()
def wrong_labels(net, seed):
    """Of the wrongly labelled training digits: which share the net answers correctly, and which as labelled."""
    (images, labels), right = noisy_digits(seed)[0], noisy_digits(seed, share=0.0)[0][1]
    answers = net(torch.as_tensor(images)).argmax(dim=1).numpy()
    wrong = labels != right
    return [np.mean(answers[wrong] == truth[wrong]) for truth in (right, labels)]


epochs = np.arange(1, 61)
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4))
for part, color, place in zip(range(3), ("black", "orange", "blue"), ((38, 0.3), (38, 1.72), (44, 0.66)), strict=True):
    mean_with_spread(left, epochs, curves["noisy"][:, :, part, 0], color=COLORS[color], marker="")
    left.text(*place, PARTS[part], color=COLORS[color], weight="bold")
left.plot(best["noisy"] + 1, np.full(5, 0.05), "v", color=COLORS["orange"], clip_on=False)
left.text(8, 0.1, "best epochs", color=COLORS["orange"])
left.set(ylim=(0, 2.4), xlabel="epoch", ylabel="cross-entropy in nats", title="One loss falls, the others turn")
for name, color, place in (("noisy", "red", (36, 0.80)), ("clean", "green", (36, 0.925))):
    mean_with_spread(right, epochs, curves[name][:, :, 2, 1], color=COLORS[color], marker="")
    right.plot(best[name] + 1, stopped[name], "*", color=COLORS[color], markersize=11)
    right.text(*place, f"{name} labels", color=COLORS[color], weight="bold")
right.set(ylim=(0.6, 1), xlabel="trained for so many epochs", ylabel="test accuracy")
right.set_title("When to stop is a hyperparameter")
right.text(2, 0.965, "★ what early stopping returned", fontsize=9)
plt.show()

gain = {name: stopped[name] - curves[name][:, -1, 2, 1] for name in runs}
claim(
    "20 % random labels: stopped early minus last epoch, test accuracy", gain["noisy"], holds=np.all(gain["noisy"] > 0)
)
claim("Clean labels: stopping early gains at least 0.01", gain["clean"], holds=np.all(gain["clean"] > 0.01))
short = curves["noisy"][range(5), [with_patience(1, run[:, 1, 0])[1] for run in curves["noisy"]], 2, 1]
claim("A patience of 1 loses accuracy against 10", stopped["noisy"] - short, holds=np.all(stopped["noisy"] > short))
print(f"\n{'':22}{'last epoch':>12}{'stopped early':>15}{'best epoch of all':>19}")
for name in runs:
    test = curves[name][:, :, 2, 1]
    print(f"{name + ' labels':22}{test[:, -1].mean():12.3f}{stopped[name].mean():15.3f}{test.max(axis=1).mean():19.3f}")
print("best epochs, noisy:", *best["noisy"] + 1, " clean:", *best["clean"] + 1)
print(f"\n{'patience, noisy labels':22}{'epochs trained':>15}{'best epoch':>12}{'test accuracy':>15}")
for patience in (1, 2, 3, 5, 10, 20):
    trained, steps = np.array([with_patience(patience, run[:, 1, 0]) for run in curves["noisy"]]).T
    accuracy = curves["noisy"][range(5), steps, 2, 1].mean()
    print(f"{patience:22}{trained.mean():15.1f}{steps.mean() + 1:12.1f}{accuracy:15.3f}")
shares = []
for seed, (stopper, _, last) in enumerate(runs["noisy"]):
    best_net = network()
    best_net.load_state_dict(stopper.best_weights)
    shares.append([wrong_labels(best_net, seed), wrong_labels(last, seed)])
print("\nwrongly labelled training digits", "answered correctly", "as labelled", sep="   ")
for name, (correct, labelled) in zip(("stopped early", "epoch 60"), np.mean(shares, axis=0), strict=True):
    print(f"{name:32}{correct:21.2f}{labelled:14.2f}")

# %% [markdown]
# Figure: left, cross-entropy against the epoch, bands of one standard deviation over five seeds. The training loss
# falls from 2.3 to 0.3; the validation loss falls to about 1.3 near epoch 15 and rises to 1.9; the test loss falls to
# 0.5 and rises a little. Triangles at the bottom mark the best epochs, 13 to 19. Right, test accuracy against the
# number of epochs: with noisy labels it rises to 0.9 and sinks to 0.82, with a band that grows; with clean labels it
# rises to 0.95 and stays. Stars mark what early stopping returned.
#
# **What to notice.**
#
# - **With wrong labels, stopping in time is worth 0.08**: 0.90 instead of 0.82 after 60 epochs, in every one of five
#   seeds. The last lines of the output show why: at the best epoch the network answers 86 % of the wrongly labelled
#   *training* digits correctly, **against their labels**, and only 3 % as labelled. By epoch 60 the wrong labels have
#   been learned by heart: 59 % as labelled.
# - **With clean labels it is worth nothing measurable.** That is a negative result, and it is an important one: there
#   is no turning point in the accuracy, so there is nothing to win. (Nor is anything lost, apart from the 150 digits;
#   and the training is shorter.) Early stopping is a regularizer. Where nothing is to be suppressed, it does not help.
# - The validation *loss* lies far above the test loss only because its labels are partly wrong. For the choice of an
#   epoch that does not matter much: at 0.900 early stopping is 0.014 below the best epoch of all, which one could only
#   know by looking at the test set. (The smallest validation loss is a biased estimate of the loss itself: it was
#   chosen because it is small. Report the test loss.)
# - **Patience 1 costs 0.04**: it takes the first hiccup of the loss for the turning point, in the mean at epoch 9. From
#   2 on hardly anything changes but the price. Patience is cheap insurance; its unit is *checks*, so that who checks
#   ten times an epoch needs ten times as much.

# %% [markdown]
# ## 2 · Getting the validation data back
#
# Early stopping has held back data that cost money. When the first run is over, they could be training data as well.
# Two strategies are in use (Goodfellow, Bengio and Courville, *Deep Learning*, section 7.8):
#
# 1. **Start again.** Throw the weights away, train a new network on both sets, for as many epochs as the first run
#    found to be best.
# 2. **Go on.** Keep the best weights and train on, now with both sets, until the loss on the validation set, which is
#    no validation set any more, falls below the loss that the *training* set had at the best epoch.
#
# Both have the same flaw: **nothing is left to check with**. From that come failure modes which are worth knowing
# before one picks a strategy.
#
# | | strategy 1, start again | strategy 2, go on |
# | --- | --- | --- |
# | costs | a whole second training | some more epochs |
# | relies on | the best number of epochs being the same for more data, other start values and another order | a training loss being a fair target for a loss on other data |
# | what "the same time" means | open: the same number of **epochs** is more updates, because an epoch is longer now; the same number of **updates** is fewer epochs | does not matter |
# | when it ends | always: it counts | **possibly never**: the target may be out of reach; possibly at once: it may be reached before the first epoch |
# | what goes wrong unseen | this run's best moment may be another one, and nobody looks | to reach the target the network has to learn the validation set *by heart*, wrong labels too |
#
# You will find strategy 2 written as "train until the validation loss is below the training loss at the early stopping
# point", as if that moment had to come. It need not: the two losses are measured on **different data**. If the training
# labels are cleaner, or the network has learned them better than it can learn both sets together, there may be no such
# moment. So the function gets a largest number of epochs, and it must **say** whether the target was reached.
#
# ### Convention card
#
# | question | here | remark |
# | --- | --- | --- |
# | best_epochs | a number of epochs, from 1 | `best_step + 1` of `EarlyStopper` |
# | data | one tuple (X, y), train first, then val | training on the validation set alone is not what is meant: it forgets the rest |
# | target | loss on the **training** set at the best epoch | the validation loss of that epoch as target is "reached" almost at once |
# | check | before each epoch, and once after the last | 0 epochs are possible |
# | reached | validation loss < target | strictly below |

# %% [markdown]
# ### Exercise: `retrain_scratch` and `retrain_continue` (6 points)
#
# Both are loops of a few lines around two functions that you are given. What matters is the order of looking and
# training, which set goes where, and that the best model is not spoiled.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="reuse_validation" points=6
def retrain_scratch(init_fn, train_epoch, train, val, best_epochs):
    """Strategy 1: start again, and train on both sets for as many epochs as early stopping found to be best.

    Args:
        init_fn: init_fn() gives a new, untrained model. Call it once.
        train_epoch: train_epoch(model, data) trains for one epoch and returns the trained model. Use what it returns:
            it may be the model that it was given, changed, or a new one.
        train: Tuple (X, y) of two NumPy arrays or two torch tensors. The first axis is the samples.
        val: Tuple (X, y) of the same kinds.
        best_epochs: How many epochs to train.

    Every epoch is one call of train_epoch with one tuple (X, y) of all samples: those of train first, then those of val.

    Returns:
        The trained model.

    Raises:
        ValueError: best_epochs < 1. The message names best_epochs.
    """
    ### BEGIN SOLUTION
    if best_epochs < 1:
        raise ValueError(f"best_epochs must be at least 1, got {best_epochs}")
    join = torch.cat if torch.is_tensor(train[0]) else np.concatenate
    both = tuple(join(pair) for pair in zip(train, val, strict=True))
    model = init_fn()
    for _ in range(best_epochs):
        model = train_epoch(model, both)
    return model
    ### END SOLUTION


def retrain_continue(best, train_epoch, eval_loss, train, val, target, max_epochs):
    """Strategy 2: go on from the best weights with both sets, until the validation loss is below a training loss.

    Before each epoch the validation loss is looked at. If it is below target, training is over, and the target is
    reached; if max_epochs epochs are done, training is over, too. There is also a look after the last epoch, so
    eval_loss is called once more than train_epoch. The target may be below the reach of the model for good: max_epochs
    is the only thing that ends the training then.

    Args:
        best: The model of the best epoch. It is not changed: the training goes on with a copy (copy.deepcopy).
        train_epoch: As for strategy 1. It may change the model that it is given.
        eval_loss: eval_loss(model, data) gives the loss of a model, a float. Call it with val only.
        train: Tuple (X, y), as for strategy 1.
        val: Tuple (X, y).
        target: The loss on the training set at the best epoch.
        max_epochs: The largest number of epochs to train, 0 or more.

    Every epoch is one call of train_epoch with all samples, as in strategy 1.

    Returns:
        (model, epochs, reached): the trained model, how many epochs were trained, and whether the validation loss of
        this model is below target (a bool; a loss equal to target is not below it).

    Raises:
        ValueError: max_epochs < 0. The message names max_epochs.
    """
    ### BEGIN SOLUTION
    if max_epochs < 0:
        raise ValueError(f"max_epochs must be at least 0, got {max_epochs}")
    join = torch.cat if torch.is_tensor(train[0]) else np.concatenate
    both = tuple(join(pair) for pair in zip(train, val, strict=True))
    model, epochs = copy.deepcopy(best), 0
    while True:
        reached = bool(eval_loss(model, val) < target)
        if reached or epochs == max_epochs:
            return model, epochs, reached
        model = train_epoch(model, both)
        epochs += 1
    ### END SOLUTION


# %% check="reuse_validation"
check("reuse_validation")

# %% [markdown]
# ### Experiment E08b: is it worth it?
#
# The noisy digits of E08a. After early stopping the network is trained again by strategy 1 (with the same number of
# epochs, and with the same number of updates) and by strategy 2, and tested. Once 150 digits had been held back, once
# 600: more than the 400 for training. Five seeds each.
#
# Then three validation sets for strategy 2: one as noisy as the training set; one with right labels; and one that was
# labelled carelessly (40 % at random), with a network under weight decay of 0.01. We look at the loss on the validation
# set, divided by the target.

# %% tags=["experiment"]
from_scratch, go_on = use("retrain_scratch"), use("retrain_continue")


def reuse(seed, weight_decay=0.0, first=None, strategies=True, **kind):
    """Test accuracies [stopped early, strategy 1 by epochs, 1 by updates, 2]; reached; validation losses / target."""
    data = noisy_digits(seed, **kind)
    stopper, curve, _ = first or first_run(data, seed, weight_decay=weight_decay)
    n_epochs, target = stopper.best_step + 1, curve[stopper.best_step, 0, 0]
    best_net = network()
    best_net.load_state_dict(stopper.best_weights)
    losses = []

    def eval_loss(net, part):
        losses.append(evaluate(net, part)[0])
        return losses[-1]

    def fresh():
        torch.manual_seed(seed)
        return network()

    train_epoch = epochs_of(seed + 100, weight_decay)
    last, _, reached = go_on(best_net, train_epoch, eval_loss, *data[:2], target, max_epochs=60)
    nets = [best_net, last]
    if strategies:
        updates = max(1, round(n_epochs * len(data[0][0]) / (len(data[0][0]) + len(data[1][0]))))
        fresh_nets = [from_scratch(fresh, epochs_of(seed + 200), *data[:2], n) for n in (n_epochs, updates)]
        nets[1:1] = fresh_nets
    return [evaluate(net, data[2])[1] for net in nets], reached, np.array(losses) / target


few = [reuse(seed, first=runs["noisy"][seed]) for seed in range(5)]
many = [reuse(seed, n_val=600) for seed in range(5)]
CASES = {
    "as noisy as the training set": few,
    "right labels": [reuse(seed, val_share=0.0, strategies=False) for seed in range(3)],
    "40 % random labels, weight decay": [
        reuse(seed, val_share=0.4, weight_decay=0.01, strategies=False) for seed in range(3)
    ],
}
accuracy = {150: np.array([run[0] for run in few]), 600: np.array([run[0] for run in many])}

fig, axes = plt.subplots(1, 3, figsize=(12, 4), gridspec_kw={"width_ratios": (1, 1, 1.5)})
NAMES = ("stopped\nearly", "1, same\nepochs", "1, same\nupdates", "2")
for ax, (n_val, values) in zip(axes, accuracy.items(), strict=False):
    ax.plot(range(4), values.T, color="0.75", marker="", linewidth=1)
    for i, (color, marker) in enumerate(zip(("black", "blue", "sky", "red"), "osDv", strict=True)):
        ax.plot(np.full(5, i), values[:, i], marker, color=COLORS[color])
        ax.plot([i - 0.3, i + 0.3], [values[:, i].mean()] * 2, color=COLORS[color], marker="", linewidth=3)
    ax.set(ylim=(0.84, 0.98), xticks=range(4), xticklabels=NAMES, title=f"{n_val} validation digits")
    ax.tick_params(axis="x", labelsize=8)
axes[0].set_ylabel("test accuracy")
for (name, cases), color, marker in zip(CASES.items(), ("blue", "green", "red"), "os^", strict=True):
    for i, (_, reached, losses) in enumerate(cases):
        line = {"color": COLORS[color], "alpha": 0.7, "marker": ""}
        axes[2].plot(losses, label=name if not i else None, **line)
        axes[2].plot(len(losses) - 1, losses[-1], marker if reached else "X", color=COLORS[color])
axes[2].axhline(1, color="black", linestyle=":", marker="")
axes[2].text(59, 0.97, "target", ha="right", va="top")
axes[2].set(ylim=(0.4, 2.1), xlabel="epochs on both sets", ylabel="validation loss / target")
axes[2].set_title("Strategy 2: three ways to end")
axes[2].legend(title="validation set", fontsize=8, loc=(0.42, 0.70))
plt.show()

for n_val, values in accuracy.items():
    for i, name in ((1, "1"), (3, "2")):
        gain = values[:, i] - values[:, 0]
        claim(f"{n_val} validation digits: strategy {name} beats the early stopped net", gain, holds=np.all(gain > 0))
late = np.array([losses[-1] for _, _, losses in CASES["40 % random labels, weight decay"]])
claim("Strategy 2 can miss its target: loss / target after 60 epochs", late, holds=np.all(late > 1))
none = np.array([len(losses) - 1 for _, _, losses in CASES["right labels"]])
claim("Strategy 2 can be over before it begins: epochs", none, holds=np.all(none == 0))
gain = accuracy[600][:, 1] - accuracy[600][:, 2]
claim("600: strategy 1 by epochs beats strategy 1 by updates", gain, holds=np.all(gain > 0))
for name, cases in CASES.items():
    used = np.array([len(losses) - 1 for _, _, losses in cases])
    ok = np.array([reached for _, reached, _ in cases])
    before, after = (np.mean([run[0][i] for run in cases]) for i in (0, -1))
    print(
        f"{name + ':':35}{used.tolist()} epochs, reached in {ok.sum()} of {len(ok)}, accuracy {before:.3f} -> {after:.3f}"
    )
for n_val, values in accuracy.items():
    print(f"{n_val} validation digits: stopped early, 1 by epochs, 1 by updates, 2:", *values.mean(axis=0).round(3))

# %% [markdown]
# Figure: left and middle, test accuracy of four networks, one marker for each of five seeds, joined by grey lines, with
# the means as bars. With 150 validation digits the four means are 0.90 to 0.91 and the lines cross. With 600 the early
# stopped networks are at 0.90 and the three retrained ones at 0.94. Right, validation loss divided by target against
# the epochs of strategy 2: five curves start at 1.1 to 1.7 and cross the target line after 3 to 17 epochs; three points
# lie below the line at epoch 0; three curves sink from above 1.4 to 1.06 to 1.21 and are still above the line after 60
# epochs.
#
# **What to notice.**
#
# - **Reuse pays when much was held back.** With 600 digits both strategies gain 0.04, in all seeds. With 150 digits
#   nothing can be concluded: −0.001 and +0.009, with spreads of 0.011 and 0.027; for single seeds *either* strategy is
#   worse than doing nothing. "Always retrain on everything" costs a training and may well gain nothing.
# - Strategy 1 by epochs and by updates: no difference that five seeds could show. (One might have expected one: with
#   600 validation digits it is 2.5 times as many updates.)
# - **Strategy 2 has three ways to end.** With labels of the same kind it needs 3 to 17 epochs. With right labels in the
#   validation set its loss is below the target *before* the first epoch: the strategy is over, reports success, and has
#   used none of the data. With careless labels and weight decay the target is missed in all three seeds: 60 epochs, and
#   the loss stays 6 % to 21 % above it. Without `max_epochs` nothing would have ended this loop so far.
# - In the last case the cap is what ended the training, so the number of epochs was chosen by nobody. The returned
#   `reached` is the one thing that tells you.

# %% [markdown]
# ## 3 · What stopping does: a penalty without a penalty
#
# The usual picture has the contour lines of a loss, a path of gradient descent from 0 toward the minimum, and next to
# it the circle of an L2 penalty: stopped half-way, the path ends where the penalty would have ended it. We derive how
# far the picture is true; up to the rule for α that is in the section of *Deep Learning* named above.
#
# Near its minimum $w^*$ a loss is about quadratic, with a Hessian $H = Q \Lambda Q^\top$:
#
# $$ J(w) = \tfrac12 (w - w^*)^\top H (w - w^*) . $$
#
# **Gradient descent from 0**: $w^{t+1} = w^t - \mathrm{lr}\, H (w^t - w^*)$ (a superscript of $w$ counts steps; that of
# a bracket is a power). In the coordinates $Q^\top w$ every
# direction goes its own way. The distance that is left is multiplied by $1 - \mathrm{lr}\,\lambda_i$ in each step, so
# after $\tau$ steps
#
# $$ Q^\top w^\tau = \bigl( I - (I - \mathrm{lr}\,\Lambda)^\tau \bigr) Q^\top w^* . $$
#
# **The L2 penalty** $\frac\alpha2 \lVert w \rVert^2$: $H(w - w^*) + \alpha w = 0$ gives
#
# $$ Q^\top \tilde w = (\Lambda + \alpha I)^{-1} \Lambda\, Q^\top w^* . $$
#
# Both are **filters**: of direction $i$, a share of $w^*$ is learned.
#
# $$ \text{stopped: } 1 - (1 - \mathrm{lr}\,\lambda_i)^\tau \qquad\qquad \text{penalized: } \frac{\lambda_i}{\lambda_i + \alpha} $$
#
# Both are near 1 where the loss is steep ($\lambda$ large: the data say much about this direction) and near 0 where it
# is flat. For small $\lambda$ they are, to first order, $\mathrm{lr}\,\lambda\,\tau$ and $\lambda/\alpha$, and these
# agree for
#
# $$ \alpha = \frac{1}{\mathrm{lr}\,\tau} . $$
#
# That is what "early stopping is L2 regularization" means: **learning rate times steps is the reciprocal of a penalty**,
# to first order, near a quadratic minimum, for plain gradient descent from 0. What is it beyond first order? With many
# small steps $(1-\mathrm{lr}\,\lambda)^\tau \approx e^{-u}$ with $u = \mathrm{lr}\,\lambda\,\tau$. The filters are $1 -
# e^{-u}$ and $u/(1+u)$. Because $e^u \ge 1 + u$, the stopped one is always the larger; the difference $\frac1{1+u} -
# e^{-u}$ is largest where $(1+u)^2 = e^u$, at $u = 2.51$, and there it is 0.204.
#
# One can also ask for the penalty that would match *exactly*, direction by direction:
#
# $$ \alpha_i = \lambda_i \, \frac{(1-\mathrm{lr}\,\lambda_i)^\tau}{1 - (1-\mathrm{lr}\,\lambda_i)^\tau} . $$
#
# ### By hand
#
# $\mathrm{lr} = 0.1$ and $\tau = 10$ steps, so $\alpha = 1$; three directions.
#
# | $\lambda$ | $u$ | stopped | penalized | exact $\alpha_i$ |
# | --- | --- | --- | --- | --- |
# | 10 | 10 | $1 - 0^{10} = 1$ | 10/11 = 0.909 | 0 |
# | 1 | 1 | $1 - 0.9^{10} = 0.651$ | 1/2 = 0.5 | 0.535 |
# | 0.1 | 0.1 | $1 - 0.99^{10} = 0.096$ | 0.1/1.1 = 0.091 | 0.946 |
#
# Read the last column: early stopping is an L2 penalty that **spares the steep directions**. In the flat ones it is the
# penalty of the rule.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | penalty | $\frac\alpha2\lVert w\rVert^2$, gradient $\alpha w$ | $\lambda \lVert w \rVert^2$ has gradient $2\lambda w$: twice as strong at the same number |
# | loss | $J$, with its Hessian | for $\frac1N\lVert y - Xw \rVert^2$ the Hessian is $\frac2N X^\top X$, for half of that $\frac1N X^\top X$ |
# | step size | $\mathrm{lr} < 2/\lambda_\text{max}$ | above that gradient descent diverges, and stopping is not a filter |
# | start | $w^0 = 0$ | started elsewhere, the weights are pulled to *that* point |

# %% [markdown]
# ### Exercise: `es_weights`, `l2_weights` and `matching_alpha` (5 points, extension)
#
# Write the two solutions and the rule that links them. For the first, a loop over the steps is right, and so is the
# closed form; mind that the power belongs to what is *left*, not to what is learned.
#
# *Difficulty 3 of 4, about 20 minutes.*


# %% exercise="early_stop_vs_l2" points=5
def es_weights(Hess, w_star, lr, steps):
    """Weights of gradient descent on a quadratic loss, stopped after some steps.

        J(w) = 1/2 (w - w_star)^T Hess (w - w_star),   w^0 = 0,   w^(t+1) = w^t - lr * Hess (w^t - w_star)

    With Hess = Q diag(lambda) Q^T that is  w^steps = Q (I - (I - lr diag(lambda))^steps) Q^T w_star.

    Args:
        Hess: (D, D) symmetric matrix with eigenvalues lambda >= 0 that are not all 0; some may be equal.
        w_star: (D,) the minimum.
        lr: Learning rate, positive.
        steps: How many steps, 0 or more. After 0 steps the weights are 0.

    Returns:
        (D,) array.

    Raises:
        ValueError: steps < 0, or lr > 2 / lambda_max, where gradient descent diverges. The message names the argument.
            What happens at lr = 2 / lambda_max is up to you.
    """
    ### BEGIN SOLUTION
    if steps < 0:
        raise ValueError(f"steps must be at least 0, got {steps}")
    lam, Q = np.linalg.eigh(np.asarray(Hess, dtype=float))
    if lr * lam[-1] >= 2:
        raise ValueError(f"lr must be below 2 / lambda_max = {2 / lam[-1]:.4g}, got {lr}: gradient descent diverges")
    learned = 1 - (1 - lr * lam) ** steps
    return Q @ (learned * (Q.T @ w_star))
    ### END SOLUTION


def l2_weights(Hess, w_star, alpha):
    """The minimum of the same quadratic loss with an L2 penalty.

        argmin  J(w) + alpha / 2 * |w|^2  =  Q (diag(lambda) + alpha I)^-1 diag(lambda) Q^T w_star

    Args:
        Hess: (D, D) symmetric matrix with eigenvalues lambda >= 0.
        w_star: (D,) the minimum without a penalty.
        alpha: Weight of the penalty, positive.

    Returns:
        (D,) array.
    """
    ### BEGIN SOLUTION
    Hess = np.asarray(Hess, dtype=float)
    return np.linalg.solve(Hess + alpha * np.eye(len(Hess)), Hess @ w_star)
    ### END SOLUTION


def matching_alpha(lr, steps):
    """The penalty that does about the same as stopping after some steps: 1 / (lr * steps).

    It is a match to first order, good where lr * lambda * steps is small.

    Args:
        lr: Learning rate, positive.
        steps: How many steps, 1 or more.

    Returns:
        alpha, a float.
    """
    ### BEGIN SOLUTION
    return 1 / (lr * steps)
    ### END SOLUTION


# %% check="early_stop_vs_l2"
check("early_stop_vs_l2")

# %% [markdown]
# ### Experiment E08c: two knobs
#
# Left, the picture: two weights, the path of gradient descent, the minima under penalties of all strengths, and pairs of
# points that the rule $\alpha = 1/(\mathrm{lr}\,\tau)$ matches. In the middle, the filters. Right, a real quadratic loss:
# linear least squares from the 64 pixels to "even or odd", with 200 digits, 20 % of them with random labels, so that
# there is something to suppress. The learning rate is $1/\lambda_\text{max}$. We stop after 1 to 100 000 steps, and
# beside that compute the penalized weights with $\alpha = 1/(\mathrm{lr}\,\tau)$. Five seeds.

# %% tags=["experiment"]
stopped_weights, penalized_weights, alpha_of = use("es_weights"), use("l2_weights"), use("matching_alpha")

# The filters: which share of w* is learned in a direction of curvature lambda.
u = np.logspace(-2.5, 2, 400)  # lr * lambda * steps


def early(u, steps):
    """1 - (1 - lr lambda)^steps, where gradient descent does not oscillate."""
    return np.where(u <= steps, 1 - np.maximum(1 - u / steps, 0) ** steps, np.nan)


penalty = u / (1 + u)
gap = early(u, 10_000) - penalty


def linear_digits(seed, n=200):
    """Is a digit even? Least squares on 200 noisy digits: Hessian, minimum, and the test error of weights."""
    split = digits(n, seed, label_noise=0.2)
    (x, y), (x_test, y_test) = split.train, split.test
    target, truth = 1.0 - 2 * (y % 2), 1.0 - 2 * (y_test % 2)
    center, offset = x.mean(axis=0, dtype=float), target.mean()
    x, x_test = x - center, x_test - center
    w_star = np.linalg.lstsq(x, target - offset, rcond=1e-10)[0]
    return x.T @ x / n, w_star, lambda w: np.mean((x_test @ w + offset - truth) ** 2)


taus = np.unique(np.logspace(0, 5, 50).astype(int))
errors, distance = np.empty((2, 5, len(taus))), []
for seed in range(5):
    Hess, w_star, test_error = linear_digits(seed)
    lr = 1 / np.linalg.eigvalsh(Hess)[-1]
    ws = [stopped_weights(Hess, w_star, lr, int(tau)) for tau in taus]
    vs = [penalized_weights(Hess, w_star, alpha_of(lr, int(tau))) for tau in taus]
    errors[:, seed] = [[test_error(w) for w in ws], [test_error(v) for v in vs]]
    i = errors[0, seed].argmin()
    distance.append(np.linalg.norm(ws[i] - vs[i]) / np.linalg.norm(ws[i]))

# Two weights: the path of gradient descent, and the minima under penalties from strong to weak.
Q = np.array([[0.8, -0.6], [0.6, 0.8]])
H, goal, path_lr = Q @ np.diag([3.0, 0.2]) @ Q.T, np.array([0.6, 2.0]), 0.1
matched = (1, 3, 10, 30, 100)
stops = np.array([stopped_weights(H, goal, path_lr, step) for step in range(301)])
minima = np.array([penalized_weights(H, goal, alpha) for alpha in np.logspace(2, -2, 200)])
pairs = np.array([[stops[t], penalized_weights(H, goal, alpha_of(path_lr, t))] for t in matched])

fig, (plane, left, right) = plt.subplots(1, 3, figsize=(13, 4), gridspec_kw={"width_ratios": (0.9, 1, 1)})
across, up = np.meshgrid(np.linspace(-0.9, 1.6, 80), np.linspace(-0.3, 2.6, 80))
offset = np.stack([across - goal[0], up - goal[1]])
heights = np.einsum("ixy,ij,jxy->xy", offset, H, offset)
plane.contour(across, up, heights, [0.03, 0.12, 0.3, 0.6, 1.2, 2.5, 5, 8], colors="0.8", linewidths=0.8)
plane.plot(*stops.T, color=COLORS["blue"], marker="")
plane.plot(*minima.T, color=COLORS["red"], marker="")
for steps, pair in zip(matched, pairs, strict=True):
    plane.plot(*pair.T, color="0.4", marker="", linewidth=0.8)
    plane.plot(*pair[0], "o", color=COLORS["blue"])
    plane.plot(*pair[1], "s", color=COLORS["red"])
    plane.text(pair[0, 0] + 0.07, pair[0, 1] - 0.04, steps, color=COLORS["blue"], fontsize=9)
plane.plot(*goal, "*", color="black", markersize=11)
plane.text(goal[0] + 0.08, goal[1] + 0.08, "w*")
plane.set(xlabel="weight 1", ylabel="weight 2", aspect="equal", title="Points after so many steps")
left.plot(u, early(u, 10_000), color=COLORS["blue"], marker="")
left.plot(u, penalty, color=COLORS["red"], marker="")
left.fill_between(u, penalty, early(u, 10_000), color=COLORS["sky"], alpha=0.25, linewidth=0)
left.plot(u, early(u, 1), color=COLORS["blue"], linestyle=":", marker="")
left.text(0.75, 0.95, "one step", color=COLORS["blue"], ha="right")
left.text(3.2, 1.03, "many steps", color=COLORS["blue"], weight="bold")
left.text(4.5, 0.74, "L2 penalty", color=COLORS["red"], weight="bold")
left.annotate(f"largest gap {gap.max():.2f}", (u[gap.argmax()], penalty[gap.argmax()] + 0.1), (0.004, 0.6),
              arrowprops={"arrowstyle": "-", "color": "0.4"})  # fmt: skip
left.set(xscale="log", ylim=(0, 1.12), xlabel="learning rate · curvature · steps", ylabel="share of w* that is learned")
left.set_title("Alike, not equal")
for values, color, marker, name in zip(
    errors, ("blue", "red"), "os", ("gradient descent, stopped", "L2 penalty 1 / (lr · steps)"), strict=True
):
    mean_with_spread(right, taus, values, color=COLORS[color], marker="", label=name)
    right.plot(taus[values.mean(axis=0).argmin()], values.mean(axis=0).min(), marker, color=COLORS[color])
right.set(xscale="log", ylim=(0.4, 1.05), xlabel="steps (or 1 / (lr · penalty))", ylabel="squared error on test digits")
right.set_title("Two knobs, nearly one curve")
right.legend(loc="upper left", fontsize=9)
plt.show()

small = (gap / penalty)[u <= 0.02].max()
claim("Filters, many steps: within 2 % where lr * lambda * steps <= 0.02", small, holds=small < 0.02)
claim("Filters, many steps: the largest gap anywhere is 0.20", gap.max(), holds=0.20 < gap.max() < 0.21)
once = np.nanmax(early(u, 1) - penalty)
claim("Filters, one step: the largest gap is 0.5", once, holds=0.45 < once < 0.51)
loss = errors[1].min(axis=1) - errors[0].min(axis=1)
claim("Digits: the best penalty is as good as the best stopping time, to 0.02", loss, holds=np.all(abs(loss) < 0.02))
claim("Digits: at the best time the rule gives the same weights, to 2 %", distance, holds=max(distance) < 0.02)
times = taus[errors.argmin(axis=2)]
factor = times[1] / times[0]
claim("Digits: the best penalty is weaker than the rule says, by a factor", factor, holds=np.all(factor > 1))
print(f"largest gap at lr * lambda * steps = {u[gap.argmax()]:.2f}")
print("test error, best stopping, best penalty, 100 000 steps:", *errors.min(axis=2).mean(axis=1).round(3), end=" ")
print(errors[0, :, -1].mean().round(3), "  best steps:", *times[0], "  best 1 / (lr * penalty):", *times[1])

# %% [markdown]
# Figure: left, contour lines of a narrow valley. From the origin a blue path (gradient descent) and a red one
# (penalties) bend toward the minimum, close to each other; grey lines join points with 1, 3, 10, 30 and 100 steps to
# their penalties, and the blue point is always the farther one. Middle, share of $w^*$ that is learned against learning
# rate times curvature times steps, logarithmic from 0.003 to 100. Both curves rise from 0 to 1 and lie on one another
# up to 0.1; then the one of early stopping is above that of the penalty, by 0.20 where the gap is largest, and reaches
# 1 at about 6 where the penalty is at 0.86. A dotted line for a single step lies still higher. Right, squared error on
# test digits against the number of steps, logarithmic: both curves fall from 0.6 and 0.7 to about 0.44 and rise to
# 0.57. That of early stopping has its lowest point at about 21 steps, that of the penalty at about 42.
#
# **What to notice.**
#
# - **In effect they are the same regularizer**: the best penalty and the best stopping time differ by about 0.01 in the
#   test error, where no regularization costs 0.13 more. Stopping is slightly better in all five seeds; on these data it
#   is right to spare the steep directions.
# - **In detail they are not**: at the best time the two weight vectors are 17 % apart, and the best penalty is only
#   half of what the rule says (a factor of 2.0). The reason is in the derivation: at equal $\mathrm{lr}\,\tau$ the
#   penalty lets less through *in every direction*. To compensate, it has to be weaker.
# - The rule is exact where it hardly matters: for directions that are not learned yet. With one single step it is off
#   by up to 0.5, because a step is a straight line and the penalty's filter is bent.
# - What carries over to networks? The order in which things are learned, steep directions first. The rule itself does
#   not carry over unasked: with momentum, with adaptive steps or far from a minimum it is not derived here.

# %% [markdown]
# ## 4 · Bias, variance, noise
#
# Why does a model that fits its training data better predict worse? Think of the training set as drawn at random, again
# and again. Each draw $\mathcal D$ gives a model $g_{\mathcal D}$; their average at a point $x$ is
# $\bar g(x) = \mathbb E_{\mathcal D}\, g_{\mathcal D}(x)$. The labels are $y = f(x) + \epsilon$ with noise of variance $\sigma^2$,
# independent of the training set. Then the expected squared error at $x$ falls apart:
#
# $$ \mathbb E \bigl( g_{\mathcal D} - y \bigr)^2
#    = \underbrace{\mathbb E \bigl( g_{\mathcal D} - \bar g \bigr)^2}_{\text{variance}}
#    + \underbrace{\bigl( \bar g - f \bigr)^2}_{\text{bias}^2}
#    + \underbrace{\sigma^2}_{\text{noise}} . $$
#
# *Derivation.* Write $g_{\mathcal D} - y = (g_{\mathcal D} - \bar g) + (\bar g - f) - \epsilon$ and square. Three
# squares and three mixed terms. The first bracket has mean 0 over the training sets, the second is a fixed number,
# $\epsilon$ has mean 0 and is independent of both: each mixed term has mean 0. $\square$
#
# So no training set enters the bias and no truth enters the variance: bias is what *all* the models get wrong alike,
# variance is how they differ among each other, and noise is what nobody could know.
#
# With $M$ models in place of the expectation, the identity
#
# $$ \frac1M \sum_m (g_m - f)^2 = \frac1M \sum_m (g_m - \bar g)^2 + (\bar g - f)^2 $$
#
# holds **exactly**, for any $M$, provided that the variance divides by $M$. With $M - 1$ it does not.
#
# ### By hand
#
# Three models, two test points, $\sigma^2 = 0.1$.
#
# | | $x_1$ | $x_2$ | mean |
# | --- | --- | --- | --- |
# | $g_1, g_2, g_3$ | 1, 2, 3 | 3, 5, 4 | |
# | $f$ | 1 | 4 | |
# | $\bar g$ | 2 | 4 | |
# | bias² | 1 | 0 | 0.5 |
# | variance | (1+0+1)/3 = 0.667 | (1+1+0)/3 = 0.667 | 0.667 |
# | mean of $(g_m - f)^2$ | (0+1+4)/3 = 1.667 | (1+1+0)/3 = 0.667 | 1.167 |
#
# 0.5 + 0.667 = 1.167, as it must be. With the noise, the total is 1.267.
#
# Note the order: bias² is squared at each point and *then* averaged. In the other order, errors of opposite sign at two
# points would cancel.
#
# ### Convention card
#
# | question | here | remark |
# | --- | --- | --- |
# | variance | divides by M | only then is the identity exact; `ddof=1` breaks it by a factor M/(M−1) |
# | average over points | last | a bias of +1 here and −1 there is a bias |
# | noise | a variance, $\sigma^2$ | not the standard deviation |
# | error | squared | for classification errors there is no such sum: several definitions compete |

# %% [markdown]
# ### Exercise: `bias_variance` (4 points)
#
# Take the predictions of M models apart. Four numbers, four lines.
#
# *Difficulty 2 of 4, about 15 minutes.*


# %% exercise="bias_variance" points=4
def bias_variance(preds, f_true, noise_var):
    """The expected squared error of a model, taken apart.

    Model m was trained on a data set of its own and predicts g_m(x_t) at test point t; the average prediction there is
    g_bar(x_t), the mean over the M models. Each quantity is first computed at a test point, then averaged over the T
    test points:

        bias2    = mean over t of (g_bar(x_t) - f(x_t))^2
        variance = mean over t of the mean over m of (g_m(x_t) - g_bar(x_t))^2       (divides by M)
        noise    = noise_var
        total    = bias2 + variance + noise

    Args:
        preds: (M, T) predictions, a row for each model.
        f_true: (T,) values of the true function, without noise.
        noise_var: Variance of the noise of the labels, 0 or more.

    Returns:
        dict with the keys "bias2", "variance", "noise" and "total", all floats.

    Raises:
        ValueError: preds has no row or not two axes, f_true is not of shape (T,), or noise_var < 0. The message names
            one of the arguments involved.
    """
    ### BEGIN SOLUTION
    preds, f_true = np.asarray(preds, dtype=float), np.asarray(f_true, dtype=float)
    if preds.ndim != 2 or len(preds) < 1:
        raise ValueError(f"preds must have shape (M, T) with M >= 1, got {preds.shape}")
    if f_true.shape != preds.shape[1:]:
        raise ValueError(f"f_true must have shape {preds.shape[1:]}, got {f_true.shape}")
    if noise_var < 0:
        raise ValueError(f"noise_var must not be negative, got {noise_var}")
    average = preds.mean(axis=0)
    bias2 = np.mean((average - f_true) ** 2)
    variance = np.mean((preds - average) ** 2)
    return {"bias2": bias2, "variance": variance, "noise": noise_var, "total": bias2 + variance + noise_var}
    ### END SOLUTION


# %% check="bias_variance"
check("bias_variance")

# %% [markdown]
# ### Experiment E08d: polynomials of degree 0 to 9
#
# The truth is one period of a sine; a training set has 30 points at random places, with noise of standard deviation
# 0.3. Three hundred training sets, a polynomial for each of them. (A ridge of 0.01 keeps the equations solvable when
# points coincide; it hardly shows.) Your function takes the error apart; beside it stands the error measured directly,
# against fresh noisy values. Three repetitions.

# %% tags=["experiment"]
decompose = use("bias_variance")
NOISE = 0.3  # standard deviation of the noise of y
grid = np.linspace(0, 1, 101)
truth = np.sin(2 * np.pi * grid)


def draw(rng, *shape):
    """Data sets of 30 points: y = sin(2 pi x) + noise, x uniform in [0, 1]. Two arrays of shape (*shape, 30)."""
    x = rng.random((*shape, 30))
    return x, np.sin(2 * np.pi * x) + NOISE * rng.normal(size=x.shape)


def fit(x, y, degree, ridge=0.01):
    """Fit one polynomial to each data set of (..., 30) points; its values on the grid, (..., 101)."""
    A = legendre.legvander(2 * x - 1, degree)
    AT = np.swapaxes(A, -1, -2)
    w = np.linalg.solve(AT @ A + ridge * np.eye(degree + 1), AT @ y[..., None])[..., 0]
    return w @ legendre.legvander(2 * grid - 1, degree).T


DEGREES = range(10)
table = np.empty((3, 10, 4))
direct = np.empty((3, 10))
for seed in range(3):
    rng = np.random.default_rng(seed)
    x, y = draw(rng, 300)
    for degree in DEGREES:
        preds = fit(x, y, degree)
        table[seed, degree] = list(decompose(preds, truth, NOISE**2).values())
        new_y = truth + NOISE * rng.normal(size=preds.shape)  # fresh noisy values, as in a test set
        direct[seed, degree] = np.mean((preds - new_y) ** 2)

fig, axes = plt.subplots(1, 4, figsize=(13, 3.6), gridspec_kw={"width_ratios": (1, 1, 1, 1.7)})
for ax, degree in zip(axes, (1, 3, 9), strict=False):
    preds = fit(x, y, degree)
    ax.plot(grid, preds[:20].T, color=COLORS["sky"], marker="", linewidth=0.7)
    ax.plot(grid, truth, color="black", marker="", linestyle="--")
    ax.plot(grid, preds.mean(axis=0), color=COLORS["red"], marker="", linewidth=2)
    ax.set(ylim=(-2.2, 2.2), xlabel="x", title=f"degree {degree}")
axes[0].set_ylabel("y")
mean = table.mean(axis=0)
bottom = np.zeros(10)
for i, color, name in ((2, "black", "noise"), (0, "red", "bias²"), (1, "sky", "variance")):
    axes[3].bar(DEGREES, mean[:, i], bottom=bottom, color=COLORS[color], alpha=0.75, width=0.8, label=name)
    bottom += mean[:, i]
axes[3].plot(DEGREES, direct.mean(axis=0), "D", color=COLORS["orange"], label="measured directly")
axes[3].set(xticks=DEGREES, xlabel="degree", ylabel="expected squared error", title="Three parts, one sum")
axes[3].legend(fontsize=8)
plt.show()

off = abs(table[:, :, 3] / direct - 1).max(axis=1)
claim(
    "The sum is the error measured directly, at each degree, to 3 %: largest difference", off, holds=np.all(off < 0.03)
)
chosen = table[:, :, 3].argmin(axis=1)
claim("The best degree is 3", chosen, holds=np.all(chosen == 3))
print(f"\n{'degree':8}{'bias²':>9}{'variance':>10}{'noise':>8}{'sum':>8}{'direct':>9}")
for degree, (bias2, variance, noise, total) in enumerate(mean):
    print(f"{degree:<8}{bias2:9.4f}{variance:10.4f}{noise:8.4f}{total:8.4f}{direct[:, degree].mean():9.4f}")

# %% [markdown]
# Figure: three panels with twenty fits each (thin, blue), their average (thick, red) and the truth (dashed). Degree 1:
# the fits agree with each other and miss the sine. Degree 3: all lie close to it. Degree 9: their average is right and
# single fits swing far out, above all at the ends. On the right, stacked bars for degrees 0 to 9: the noise is 0.09
# throughout; the bias falls in steps from 0.5 to 0.2 to 0; the variance grows from 0.02 to 0.19. Diamonds, the error
# measured directly, lie on top of all bars.
#
# **What to notice.**
#
# - **The sum is right** to about 1 % at every degree. It is an identity; what is left is the finite number of fresh
#   values.
# - **Bias falls in steps**, at degree 1 and at degree 3: the sine is odd about the middle of the interval, so an even
#   power does not help the average, but it does cost variance. Degree 2 is *worse* than degree 1.
# - The best degree is 3, although its average is **not** the truth (bias² 0.005, at degree 5 it is 0.0001). The best
#   model is not the one that is right in the mean.
# - From degree 5 on the bias is nil. What the table shows there is the mean of 300 fits, which still varies: by a 300th
#   of the variance, 0.0001 at degree 5 and 0.0006 at degree 9. Measured so, bias² is never quite zero.
# - At degree 9 the variance is 0.19, twice the noise; and it is the ends of the interval that make it. In an average of
#   squares, a few wild fits decide.

# %% [markdown]
# ## 5 · Averages
#
# The variance is what the models do *not* have in common. So average $M$ of them, each trained on a data set of its
# own: $\hat g = \frac1M\sum_m g_m \to \bar g$ as $M \to \infty$. The bias stays, the variance goes to 0. For
# independent models it is exactly $1/M$ of what it was.
#
# There is a hole in this: **nobody has M data sets**. And whoever has them would rather train one model on all of them.
# (Even with the data, M trainings may be too expensive.) What we have is one data set, and models trained from it are
# not independent.
#
# Let the errors $e_j$ of $k$ models have mean 0, variance $v$, and any two of them the covariance $c$. Then
#
# $$ \mathbb E \Bigl( \frac1k \sum_j e_j \Bigr)^2 = \frac1{k^2} \bigl( k\,v + k(k-1)\,c \bigr)
#    = \frac vk + \frac{k-1}{k}\, c . $$
#
# | | k = 1 | 2 | 5 | 10 | ∞ |
# | --- | --- | --- | --- | --- | --- |
# | $c = 0$: uncorrelated | 1 | 0.5 | 0.2 | 0.1 | 0 |
# | $c = \frac12 v$ | 1 | 0.75 | 0.6 | 0.55 | 0.5 |
# | $c = v$: all the same | 1 | 1 | 1 | 1 | 1 |
#
# One reads that "if the errors are uncorrelated, the expected error decreases **linearly** with the ensemble size". It
# is the *reciprocal* of the size that it is proportional to: from 1 to 2 models half of it goes, from 9 to 10 only a
# ninetieth. A linear decrease would reach 0 at some size and go on below. And for a real ensemble the second term is
# the one that matters: **the covariance is a floor**, which no number of members gets below.
#
# ### Where different models come from
#
# - **Bagging** (bootstrap aggregating; Breiman, 1996): draw $n$ of the $n$ samples *with replacement*, once for each
#   member. A given sample is in such a set with probability $1 - (1 - \frac1n)^n$, about 0.632; the rest of the places
#   are repetitions.
# - **Other start values and another order of the batches.** For neural networks these alone make members quite
#   different.
# - **Another algorithm or another loss.** Whatever makes errors less alike.
# - **Checkpoints of one run**, with a learning rate that goes up and down, so that they are not too near to each other.
# - **Subnetworks of one network**: dropout (notebook 06), or several inputs and outputs (section 7).
#
# And three ways to join their probabilities: the arithmetic mean; the geometric mean, divided by its sum (notebook 06:
# what the weight scaling rule of dropout computes); the vote.
#
# ### By hand
#
# Two members, one sample, three classes: (0.9, 0.1, 0) and (0.4, 0.6, 0).
#
# - arithmetic: (0.65, 0.35, 0);
# - geometric: $\sqrt{0.36} = 0.6$, $\sqrt{0.06} = 0.245$, 0; divided by the sum 0.845: (0.710, 0.290, 0);
# - vote: one for the first class, one for the second: (0.5, 0.5, 0).
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | bootstrap | n of n, with replacement, a row for each member | scikit-learn's `BaggingClassifier` the same by default; "pasting" draws without replacement, and fewer |
# | geometric mean | divided by its sum over the classes | without that it is no distribution; a class that one member gives 0 is lost in both |
# | vote | shares of the votes, ties keep them | scikit-learn's `VotingClassifier(voting="hard")` returns one class: the first in a tie |
# | ensemble_mse | errors with mean 0 | a common bias is not averaged away: it is in the floor |

# %% [markdown]
# ### Exercise: `bootstrap_indices`, `combine` and `ensemble_mse` (6 points)
#
# Three short functions: draw the sets, join the members, predict what it will bring.
#
# *Difficulty 2 of 4, about 20 minutes.*


# %% exercise="bagging_ensemble" points=6
def bootstrap_indices(n, k, rng):
    """Which samples go into each of k bootstrap sets: n of n samples each, drawn with replacement.

    Args:
        n: Number of samples, and size of each set.
        k: Number of sets.
        rng: np.random.Generator. All randomness comes from it, in any way you like.

    Returns:
        (k, n) array of integers from 0 to n - 1, a row for each set, all of them independent and equally likely.

    Raises:
        ValueError: k < 1. The message names k.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return rng.integers(n, size=(k, n))
    ### END SOLUTION


def combine(probs, how):
    """The prediction of an ensemble, from those of its k members.

    "arith": the arithmetic mean of the probabilities.
    "geo": their geometric mean, (p_1 p_2 ... p_k)^(1/k), divided by its sum over the classes, so that each row adds up
        to 1. A class to which one member gives 0 gets 0.
    "vote": each member votes for its most likely class; the result is the share of the votes. Where two classes have
        the same number of votes they keep their shares (0.5 and 0.5, say).

    Args:
        probs: (k, N, C) probabilities; probs[j, i] adds up to 1. In "geo" at least one class has no 0.
        how: "arith", "geo" or "vote".

    Returns:
        (N, C) array.

    Raises:
        ValueError: how is something else. The message names how.
    """
    ### BEGIN SOLUTION
    probs = np.asarray(probs, dtype=float)
    if how == "arith":
        return probs.mean(axis=0)
    if how == "geo":
        product = np.prod(probs ** (1 / len(probs)), axis=0)
        return product / product.sum(axis=1, keepdims=True)
    if how == "vote":
        return np.eye(probs.shape[2])[probs.argmax(axis=2)].mean(axis=0)
    raise ValueError(f"how must be 'arith', 'geo' or 'vote', got {how!r}")
    ### END SOLUTION


def ensemble_mse(var, cov, k):
    """The expected squared error of the average of k models.

    The error of each model has mean 0 and variance var, and those of two models have the covariance cov:

        E[(mean of the k errors)^2] = var / k + (k - 1) / k * cov

    Args:
        var: Variance of the error of a model.
        cov: Covariance of the errors of two models, at most var.
        k: Number of models.

    Returns:
        A float.

    Raises:
        ValueError: k < 1, or cov > var. The message names one of the arguments involved.
    """
    ### BEGIN SOLUTION
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    if cov > var:
        raise ValueError(f"cov must be at most var = {var}, got {cov}")
    return var / k + (k - 1) / k * cov
    ### END SOLUTION


# %% check="bagging_ensemble"
check("bagging_ensemble")

# %% [markdown]
# ### Experiment E08d, continued: 32 data sets, or one
#
# The polynomials again. On the one hand the ideal: averages of up to 32 fits, each with 30 points of its own. On the
# other hand what is possible: averages of up to 32 fits to bootstrap sets of **one** set of 30 points. In both cases
# the whole thing is repeated with 300 fresh draws, to see how the average varies with the data. Dashed: one fit to all
# the 30 points.

# %% tags=["experiment"]
bootstrap = use("bootstrap_indices")
SIZES = (1, 2, 4, 8, 16, 32)


def averages(degree, seed, repeats=300):
    """Variance of an average of k fits, by k: fits of data sets of their own; fits of bootstraps of one data set."""
    rng = np.random.default_rng(seed)
    x, y = draw(rng, repeats, max(SIZES))
    own = fit(x, y, degree)
    rows = np.stack([bootstrap(30, max(SIZES), rng) for _ in range(repeats)])
    bags = fit(*(np.take_along_axis(a[:, :1].repeat(max(SIZES), axis=1), rows, axis=2) for a in (x, y)), degree)
    return [[decompose(preds[:, :k].mean(axis=1), truth, 0)["variance"] for k in SIZES] for preds in (own, bags)]


spread = {degree: np.array([averages(degree, seed) for seed in range(3)]) for degree in (3, 9)}  # (seeds, 2, sizes)

fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for ax, (degree, values) in zip(axes, spread.items(), strict=True):
    single = values[:, 0, 0].mean()
    ax.plot(SIZES, single / np.array(SIZES), ":", color="black", marker="")
    ax.axhline(single, color="0.6", marker="", linestyle="--")
    mean_with_spread(ax, SIZES, values[:, 0], color=COLORS["blue"], marker="o", label="each on its own data set")
    mean_with_spread(ax, SIZES, values[:, 1], color=COLORS["red"], marker="s", label="bootstrap sets of one data set")
    ax.set(xscale="log", yscale="log", xticks=SIZES, xticklabels=SIZES, title=f"degree {degree}")
    ax.set_xlabel("models that are averaged")
    ax.minorticks_off()
    where = "top" if degree == 3 else "bottom"
    ax.text(6, single, "one model, all the data", ha="left", va=where, color="0.4", fontsize=9)
axes[0].set_ylabel("variance of the average")
axes[0].legend(fontsize=9)
plt.show()
for degree, values in spread.items():
    ratio = values[:, 0, -1] * 32 / values[:, 0, 0]
    claim(
        f"Degree {degree}, own data sets: 32 x variance of 32 / variance of 1",
        ratio,
        holds=np.all(abs(ratio - 1) < 0.25),
    )
    ratio = values[:, 1, -1] / values[:, 0, 0]
    claim(f"Degree {degree}: bagging 32 has less variance than one model, ratio", ratio, holds=np.all(ratio < 0.95))
print()
for degree, values in spread.items():
    for name, line in zip(("own data sets", "bootstrap sets"), values.mean(axis=0), strict=True):
        print(f"degree {degree}, {name:16}", *(f"{k:>4}: {v:.4f}" for k, v in zip(SIZES, line, strict=True)))

# %% [markdown]
# Figure: variance of the average against the number of models, both axes logarithmic, degree 3 on the left, degree 9 on
# the right. Blue, own data sets: a straight line along the dotted 1/k. Red, bootstrap sets: begins at 2.5 and 2.1 times
# the variance of one model, falls and flattens out; at degree 3 it ends a little above the dashed line for one model
# with all the data, at degree 9 below it.
#
# **What to notice.**
#
# - **With data sets of their own the variance falls as 1/k**, down to 1/32. (1.11 and 0.95 in place of 1 is as near as
#   300 repetitions come.)
# - **Bagging does not do that.** It starts higher, because a bootstrap set has only about 19 different points out of
#   30, and it ends at a floor: all its members have the same 30 points in common.
# - Whether the floor is below the single model depends on the model. At degree 9, where a few points decide about wild
#   swings, 32 bootstrap fits have only two thirds of the variance of one fit. At degree 3 they have **more** than one
#   fit: there was little to gain, and the loss of data costs more. Breiman says so himself: bagging helps *unstable*
#   models.
# - So "average, and the variance goes to 0" is a sentence about the blue line, and you will never have the blue line.

# %% [markdown]
# ## 6 · Ensembles of networks
#
# ### Experiment E08e: ten trainings, or one
#
# 300 digits, 20 % with random labels, small networks, three seeds. Four ways to get members:
#
# - ten trainings of 30 epochs with other start values and another order of the same data;
# - ten trainings of 30 epochs, each with a bootstrap set, start values and order as well;
# - **one** training of five cycles of ten epochs in which the learning rate rises and falls to 0; a copy at the end of
#   each (as in the snapshot ensembles of Huang et al., 2017);
# - one training of 50 epochs at a constant rate; copies of the last five epochs.
#
# And the formula is put to the test. Let the error of a member be the difference between its probabilities and the
# right answer (1 for the right class, 0 for the others); squared and added up over the classes, this is the Brier
# score. $v$ is its mean over members and test digits, $c$ the mean product of the errors of two members. For these two
# *measured* numbers $v/k + (k-1)\,c/k$ is the squared error of the average of all $k$ members, by the same algebra,
# bias and all.

# %% tags=["experiment"]
bootstrap, joined, mse_of = use("bootstrap_indices"), use("combine"), use("ensemble_mse")


@torch.no_grad()
def probabilities(net, images):
    """What the net says in evaluation mode, (N, 10)."""
    return net.eval()(torch.as_tensor(images)).softmax(dim=1).double().numpy()


def member(seed, data, images, epochs=30):
    """Train a small net from its own start values, in its own order; its probabilities for some images."""
    torch.manual_seed(seed)
    net = network(64)
    train(net, data, epochs, lr=0.05, seed=seed)
    return probabilities(net, images)


def checkpoints(seed, data, images, cycles=5):
    """One net, five times ten epochs in which the learning rate rises to 0.1 and falls to 0; a copy after each fall."""
    torch.manual_seed(seed)
    net, kept = network(64), []
    for cycle in range(cycles):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        steps = 10 * -(-len(data[0]) // 32)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps)
        optimizer.register_step_post_hook(lambda *_, schedule=schedule: schedule.step())
        train(net, data, 10, optimizer=optimizer, seed=cycle)
        kept.append(probabilities(net, images))
    return kept


def last_epochs(seed, data, images):
    """One net at a constant rate for 50 epochs; copies after each of the last five."""
    torch.manual_seed(seed)
    net = network(64)
    return train(net, data, 50, lr=0.05, seed=seed, after_epoch=lambda net: probabilities(net, images))[-5:]


def members_of(seed):
    """All members of all kinds of ensembles, on 300 digits with 20 % random labels; and the right labels."""
    split = digits(300, seed, label_noise=0.2)
    (x, y), (images, labels) = split.train, split.test
    rows = bootstrap(len(x), 10, np.random.default_rng(seed))
    seeds = range(100 * seed, 100 * seed + 10)
    return {
        "start values and order": [member(s, split.train, images) for s in seeds],
        "bagging": [member(s, (x[row], y[row]), images) for s, row in zip(seeds, rows, strict=True)],
        "checkpoints of cycles": checkpoints(seed, split.train, images),
        "last five epochs": last_epochs(seed, split.train, images),
    }, labels


KINDS = {  # color, marker, epochs of training for the whole ensemble
    "start values and order": ("blue", "o", 300),
    "bagging": ("red", "s", 300),
    "checkpoints of cycles": ("green", "^", 50),
    "last five epochs": ("purple", "D", 50),
}
found = [members_of(seed) for seed in range(3)]


def accuracy(probs, labels):
    return np.mean(probs.argmax(axis=-1) == labels)


def growth(kind):
    """Accuracy of the mean of the first k members, averaged over 5 orders of the members: (seeds, k)."""
    result = []
    for members, labels in found:
        probs, rng = np.array(members[kind]), np.random.default_rng(0)
        orders, sizes = [rng.permutation(len(probs)) for _ in range(5)], range(1, len(probs) + 1)
        result.append([np.mean([accuracy(joined(probs[o[:k]], "arith"), labels) for o in orders]) for k in sizes])
    return np.array(result)


def errors_of(probs, labels):
    """Mean squared error of one member, v; mean product of the errors of two, c; and of the average of all."""
    error = (np.array(probs) - np.eye(10)[labels]).reshape(len(probs), -1)
    G = error @ error.T / len(labels)
    k = len(G)
    v = np.trace(G) / k
    return v, (G.sum() - k * v) / (k * (k - 1)), np.sum(error.mean(axis=0) ** 2) / len(labels)


curve = {kind: growth(kind) for kind in KINDS}
parts = {kind: np.array([errors_of(members[kind], labels) for members, labels in found]) for kind in KINDS}

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4))
for kind, (color, marker, _) in KINDS.items():
    sizes = range(1, curve[kind].shape[1] + 1)
    mean_with_spread(left, sizes, curve[kind], color=COLORS[color], marker=marker, label=kind)
left.set(xticks=range(1, 11), xlabel="members", ylabel="test accuracy", title="More members, less and less gain")
left.legend(fontsize=8, loc="lower right")
k = np.arange(1, 41)
for kind in ("bagging", "start values and order"):
    color, marker, _ = KINDS[kind]
    v, c, _ = parts[kind].mean(axis=0)
    floor = [mse_of(v, c, int(n)) for n in k]
    right.plot(k, floor, color=COLORS[color], marker="", label=f"{kind}: v = {v:.2f}, c = {c:.2f}")
    right.plot(k, v / k, ":", color=COLORS[color], marker="")
    right.axhline(c, color=COLORS[color], linestyle="--", marker="", linewidth=0.8)
    right.plot(10, parts[kind].mean(axis=0)[2], marker, color=COLORS[color])
right.text(9, 0.055, "if errors were uncorrelated: v / k", fontsize=9)
right.set(ylim=(0, 0.4), xlabel="members k", ylabel="squared error of the average", title="The floor is the covariance")
right.legend(fontsize=9)
plt.show()

for kind in KINDS:
    gain = curve[kind][:, -1] - curve[kind][:, 0]
    claim(f"{kind}: all members beat one member", gain, holds=np.all(gain > 0))
bags, starts = curve["bagging"], curve["start values and order"]
loss = starts[:, 0] - bags[:, 0]
claim("A single member of bagging is worse than one with all the data", loss, holds=np.all(loss > 0))
gain = bags[:, -1] - starts[:, -1]
claim("Ten members: bagging beats other start values", gain, holds=np.all(gain > 0))
gain = curve["checkpoints of cycles"][:, -1] - starts[:, -1]
claim("Five checkpoints (50 epochs) are as good as ten nets (300 epochs)", gain, holds=np.all(gain > -0.01))
left_over = np.array([whole / v for v, _, whole in parts["start values and order"]])
claim("Ten members leave a tenth of the squared error of one: ratio", left_over, holds=np.all(left_over < 0.2))
size = {kind: curve[kind].shape[1] for kind in KINDS}
off = [
    max(abs(mse_of(*parts[kind][seed, :2], size[kind]) - parts[kind][seed, 2]) for kind in KINDS) for seed in range(3)
]
claim("v/k + (k-1)c/k is the squared error of the average: largest difference", off, holds=max(off) < 1e-12)
print(f"\n{'':24}{'one':>8}{'three':>8}{'all':>8}{'epochs':>8}{'v':>8}{'c':>8}{'c / v':>8}{'geo':>8}{'vote':>8}")
for kind, (_, _, epochs) in KINDS.items():
    v, c, _ = parts[kind].mean(axis=0)
    geo, vote = (np.mean([accuracy(joined(m[kind], how), labels) for m, labels in found]) for how in ("geo", "vote"))
    one, three, whole = curve[kind].mean(axis=0)[[0, 2, -1]]
    print(f"{kind:24}{one:8.3f}{three:8.3f}{whole:8.3f}{epochs:8d}{v:8.3f}{c:8.3f}{c / v:8.2f}{geo:8.3f}{vote:8.3f}")

# %% [markdown]
# Figure: left, test accuracy against the number of members, with bands over three seeds. Other start values: from 0.83
# to 0.88. Bagging: from 0.75 to 0.885, steeper, meets the former at about seven members. Checkpoints of cycles: from
# 0.855 to 0.90 with five. The last five epochs: from 0.78 to 0.83. Right, squared error of the average against the
# number of members, as the formula has it. Both solid curves, from 0.25 and 0.35, bend to the dashed floors at 0.20,
# which nearly coincide; the markers of the measured ten members lie on them. Dotted below, what uncorrelated errors
# would give: down to 0.03 at ten.
#
# **What to notice.**
#
# (The numbers of bagging are those of one way to draw the bootstrap sets; yours may differ in the second digit.)
#
# - **Every ensemble beats its members**, in all seeds, and three members already bring more than half of the gain of
#   ten.
# - **A member of bagging is worse** (0.75 instead of 0.83: it has seen only 63 % of the digits), **but less like the
#   others** ($c/v = 0.56$ instead of 0.78). The two effects cancel: ten members of bagging are as good as ten of other
#   start values (0.88 both; the difference of 0.004 or less is far below its spread). For networks the start values are
#   reason enough to differ; Lakshminarayanan et al. (2017) leave bagging out for that reason.
# - **The errors are anything but uncorrelated.** Ten members leave 81 % of the squared error of one, not 10 %. The
#   wrong labels are the same for all, and so are the difficult test digits. The floor of 0.20 is what a thousand
#   members would leave.
# - **Checkpoints are not poor man's ensembles here.** Five of them, for 50 epochs altogether, do at least as well as
#   ten nets for 300. Their lead is not the averaging, which gains 0.04 here and 0.05 there: each checkpoint is good by
#   itself (0.85 and not 0.83), because each stands at the end of a falling learning rate. The last five epochs at a
#   constant rate, also one run of 50 epochs, give 0.83: members that were spoiled by wrong labels already, and
#   averaging cannot undo what they have in common.
# - How the probabilities are joined matters least: arithmetic, geometric and vote are within 0.01 of each other.

# %% [markdown]
# ## 7 · Several networks in one
#
# A large network has room for more than one small one. **MIMO** (multi-input, multi-output; Havasi et al., 2021) makes
# use of it: the first layer takes $M$ inputs at once, the last one gives $M$ answers, one for each input; between them
# everything is shared.
#
# | | inputs of one row | answers | loss or prediction |
# | --- | --- | --- | --- |
# | training | $M$ **independent** samples | head $j$ answers for sample $j$ | mean of the $M$ cross-entropies |
# | testing | $M$ times **the same** sample | $M$ opinions about it | mean of the $M$ probabilities |
#
# In training, the other inputs are of no use to head $j$: they are drawn independently, and knowing them says nothing
# about label $j$. So the network learns to keep the inputs apart, and grows $M$ subnetworks. At test time the ensemble
# costs one forward pass.
#
# Everything depends on the independence. If all the heads saw the same sample in training, they would all learn the
# same thing; nothing would keep them apart, and the mean of their answers would be the answer of one.
#
# ### By hand
#
# $N = 3$ samples $a, b, c$, $M = 2$ heads, permutations (0, 1, 2) and (2, 0, 1). The rows of the batch are $(a, c)$,
# $(b, a)$, $(c, b)$, with labels $(y_a, y_c)$, $(y_b, y_a)$, $(y_c, y_b)$. Over the batch each head meets each sample
# once.
#
# ### Convention card
#
# | question | here | elsewhere |
# | --- | --- | --- |
# | shapes | (N, M, D) in, (N, M, C) out | the published code joins the inputs of images along the channels |
# | loss | **mean** over heads and samples | the paper adds the heads up; then the learning rate means something else for each M |
# | prediction | mean of probabilities | the mean of logits is a (renormalized) geometric mean |
# | permutations | one for each head, independent | the paper also repeats samples (batch repetition) and lets some inputs agree on purpose |

# %% [markdown]
# ### Exercise: `mimo_batch`, `mimo_loss` and `mimo_predict` (5 points, extension)
#
# Write what makes an ordinary network a MIMO network: the batch, the loss, the prediction.
#
# *Difficulty 3 of 4, about 25 minutes.*


# %% exercise="mimo" points=5
def mimo_batch(x, y, M, generator):
    """A training batch for a network with M inputs and M heads: each head gets the batch in an order of its own.

        xm[i, j] = x[perms[j, i]]     ym[i, j] = y[perms[j, i]]

    Args:
        x: (N, D) tensor.
        y: (N,) tensor of labels.
        M: Number of heads.
        generator: torch.Generator. All randomness comes from it, in any way you like.

    Returns:
        (xm, ym, perms) of shapes (N, M, D), (N, M) and (M, N). Each row of perms is a random permutation of 0 to N - 1
        (all N! equally likely), and the rows are independent of each other.

    Raises:
        ValueError: M < 1. The message names M.
    """
    ### BEGIN SOLUTION
    if M < 1:
        raise ValueError(f"M must be at least 1, got {M}")
    perms = torch.stack([torch.randperm(len(x), generator=generator) for _ in range(M)])
    return x[perms.T], y[perms.T], perms
    ### END SOLUTION


def mimo_loss(logits, ym):
    """The training loss: the mean of the cross-entropies of all heads, over heads and samples.

    Args:
        logits: (N, M, C) tensor; logits[i, j] is what head j says about its input.
        ym: (N, M) tensor of labels 0 to C - 1.

    Returns:
        Scalar tensor (no axes). Gradients flow through it.
    """
    ### BEGIN SOLUTION
    return F.cross_entropy(logits.flatten(0, 1), ym.flatten())
    ### END SOLUTION


def mimo_predict(model, x, M):
    """The prediction of the ensemble of heads: all inputs are the same sample, and the probabilities are averaged.

    Args:
        model: Gives logits (N, M, C) for inputs (N, M, D). Leave it in the mode (training or evaluation) it is in.
        x: (N, D) tensor.
        M: Number of heads.

    Returns:
        (N, C) tensor of probabilities: the mean over the heads of the softmax of their logits.

    Raises:
        ValueError: M < 1. The message names M.
    """
    ### BEGIN SOLUTION
    if M < 1:
        raise ValueError(f"M must be at least 1, got {M}")
    logits = model(x[:, None].repeat(1, M, 1))
    return logits.softmax(dim=2).mean(dim=1)
    ### END SOLUTION


# %% check="mimo"
check("mimo")

# %% [markdown]
# ### Experiment E08e, continued: one, two, three heads
#
# 600 digits, the network of E08a with 1, 2 and 3 inputs and heads (only the first and the last layer grow), 40 epochs.
# With 20 % random labels and with clean ones. And a control: three heads, but without independent orders. For each run
# we look at the heads together, at single heads (the other inputs hold the same image), and at how often the first and
# the last head disagree. Three seeds.

# %% tags=["experiment"]
batch_of, loss_of, predict = use("mimo_batch"), use("mimo_loss"), use("mimo_predict")


class Mimo(nn.Module):
    """The network of E08a with M images as input and M times ten logits as output: (N, M, 64) -> (N, M, 10)."""

    def __init__(self, M):
        super().__init__()
        self.M, self.net = M, network()
        self.net[0], self.net[-1] = nn.Linear(64 * M, 256), nn.Linear(256, 10 * M)

    def forward(self, x):
        return self.net(x.flatten(1)).unflatten(1, (self.M, 10))


def mimo_run(M, seed, label_noise=0.2, same=False, epochs=40):
    """Accuracy of all heads together, mean of single heads, share of test images where two heads disagree, training."""
    split = digits(600, seed, label_noise=label_noise)
    (x, y), (images, labels) = ([torch.as_tensor(a) for a in part] for part in (split.train, split.test))
    torch.manual_seed(seed)
    net = Mimo(M)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        xm, ym, perms = batch_of(x, y, M, generator)
        if same:  # all heads see the same image
            xm, ym = (a[:, :1].expand_as(a) for a in (xm, ym))
        for rows in torch.arange(len(x)).split(32):
            optimizer.zero_grad()
            loss_of(net(xm[rows]), ym[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        heads = net(images[:, None].repeat(1, M, 1)).argmax(dim=2)
        together = (predict(net, images, M).argmax(dim=1) == labels).double().mean()
        memory = (predict(net, x, M).argmax(dim=1) == y).double().mean()
    single = (heads == labels[:, None]).double().mean()
    return [float(v) for v in (together, single, (heads[:, 0] != heads[:, -1]).double().mean(), memory)]


CASES = {"M = 1": (1,), "M = 2": (2,), "M = 3": (3,), "M = 3, same order": (3,)}
mimo = {}
for noise in (0.2, 0.0):
    for name, (M,) in CASES.items():
        if noise or name in ("M = 1", "M = 3"):
            mimo[noise, name] = np.array([mimo_run(M, seed, noise, "same" in name) for seed in range(3)])

fig, axes = plt.subplots(1, 2, figsize=(10, 3.8))
for ax, noise in zip(axes, (0.2, 0.0), strict=True):
    names = [name for n, name in mimo if n == noise]
    for i, name in enumerate(names):
        together, single, _, _ = mimo[noise, name].T
        ax.plot([i - 0.12, i + 0.12], [single.mean(), together.mean()], color="0.6", marker="")
        ax.plot(np.full(3, i - 0.12), single, "o", color=COLORS["orange"], label=None if i else "single heads")
        ax.plot(np.full(3, i + 0.12), together, "s", color=COLORS["blue"], label=None if i else "mean of the heads")
    ax.set(xticks=range(len(names)), xticklabels=[name.replace(", ", ",\n") for name in names])
    ax.set(ylim=(0.7, 1), xlim=(-0.5, len(names) - 0.5), ylabel="test accuracy")
    ax.set_title("20 % random labels" if noise else "clean labels")
axes[0].legend(loc="lower center", fontsize=9)
plt.show()
one = mimo[0.2, "M = 1"]
for M in (2, 3):
    run = mimo[0.2, f"M = {M}"]
    gain = run[:, 0] - one[:, 0]
    claim(f"Noisy labels, M = {M}: the heads together beat the ordinary network", gain, holds=np.all(gain > 0))
    gain = run[:, 1] - one[:, 1]
    claim(f"Noisy labels, M = {M}: a single head already does", gain, holds=np.all(gain > 0))
    gain = run[:, 0] - run[:, 1]
    claim(f"Noisy labels, M = {M}: together they beat a single head", gain, holds=np.all(gain > 0))
loss = mimo[0.2, "M = 3"][:, 0] - mimo[0.2, "M = 3, same order"][:, 0]
claim("Without independent orders that is lost, M = 3", loss, holds=np.all(loss > 0))
gain = mimo[0.0, "M = 3"][:, 0] - mimo[0.0, "M = 1"][:, 0]
claim("Clean labels, M = 3: the heads together beat the ordinary network", gain, holds=np.all(gain > 0))
print(f"\n{'':28}{'together':>10}{'one head':>10}{'disagree':>10}{'training':>10}")
for (noise, name), values in mimo.items():
    print(f"{f'{noise:.0%} random, {name}':28}" + "".join(f"{v:10.3f}" for v in values.mean(axis=0)))

# %% [markdown]
# Figure: test accuracy of single heads (orange circles) and of the mean of the heads (blue squares), three seeds each,
# the means of the two joined by a line. Left, with 20 % random labels: M = 1 scatters around 0.82; M = 2 at 0.88 to 0.89
# and 0.90 to 0.91; M = 3 at 0.87 to 0.88 and 0.92; with the same order for all heads 0.82 to 0.83 again. Right, with clean labels:
# 0.96 for M = 1, 0.92 to 0.93 and 0.93 to 0.95 for M = 3.
#
# **What to notice.** (How `mimo_batch` draws its permutations is free, and the numbers depend on it. Where two right
# versions gave different ones, both are named.)
#
# - **With noisy labels MIMO gains 0.08 to 0.10** at the price of one forward pass. But look at the single heads:
#   *one* head, no ensemble, is already 0.05 to 0.07 better than the ordinary network. **Half of the gain or more is not
#   averaging.** The last column says what it is: the ordinary network reproduces 91 % to 96 % of its training labels,
#   and so half or more of the wrong ones by heart; with M = 2 it is 80 %, and 82 % of the labels are right. Sharing one
#   body among several tasks leaves less room for that, and the changing partners act as noise on the input: MIMO is a
#   regularizer as well. (Early stopping would do that, too: the ordinary network of E08a, stopped in time, had 0.900
#   with only 400 digits.)
# - Averaging adds another 0.02 to 0.05, because the heads disagree in 12 % to 18 % of the images.
# - **Without independent orders** all is lost: the heads agree on 98 % of the images or more, and the result is about
#   that of M = 1.
# - **With clean labels MIMO costs 0.015 to 0.03.** There was nothing to suppress, and the capacity is missing. (The
#   paper uses wide networks, and lets inputs agree now and then where capacity is short.)

# %% [markdown]
# ## 8 · Where the answers stand
#
# | the sentence | what holds | what does not | verdict |
# | --- | --- | --- | --- |
# | **"Stop when the validation error has not improved for some time"** | noisy labels: 0.82 to 0.90; patience 2 and more find the same | clean labels: nothing gained; patience 1 loses 0.04 | good, cheap; a regularizer, so it helps where one is needed |
# | **"Train a second time with the validation data"** | 600 held back: +0.04, both strategies | 150 held back: within the noise, and for single seeds a loss | a matter of how much was held back |
# | **"... until the validation loss is below the training loss"** | labels of one kind: 3 to 17 epochs | right labels: 0 epochs, nothing used; careless labels and weight decay: not in 60 | no guarantee; it needs a cap, and has to report |
# | **"Early stopping is L2"** | quadratic loss, first order: $\alpha = 1/(\mathrm{lr}\,\tau)$; best errors within 0.01 | filters apart by up to 0.20; best penalty half of the rule's; weights 17 % apart | the same kind of filter, not the same filter |
# | **"Error = bias² + variance + noise"** | exact, for squared errors | not for classification errors | a theorem |
# | **"With M models the variance goes to 0"** | M independent data sets: 1/M | one data set: a floor; degree 3: bagging is worse than one model | true for what nobody has |
# | **"Decreases linearly with the ensemble size"** | proportional to 1/k if uncorrelated | ten networks leave 81 %, not 10 % | $v/k + (k-1)c/k$ |
# | **"MIMO: an ensemble for the price of one"** | noisy labels: +0.08 to +0.10 | half of it or more is regularization; clean labels: −0.015 to −0.03 | an ensemble and a regularizer |
#
# What these experiments cannot decide: all networks are small and trained for a minute at most. That members differ,
# that their covariance is a floor, that an unwatched training may go wrong, are matters of algebra or of logic. *How
# large* the floor is, and whether checkpoints keep up with ten trainings, is a matter of the setting.

# %% [markdown]
# ## 9 · Two questions in words

# %% [markdown] question="W08a" points=3
# **W08a (3 points).** After early stopping you have a good number of epochs, but you cannot spare the validation data
# any longer: in the end everything shall be trained on. A colleague proposes strategy 1, another strategy 2, a third
# five-fold cross-validation. (a) For each of the two strategies, say what it costs, what it relies on, and one way in
# which it fails. (b) What stops strategy 2? Give a situation in which it runs for ever and one in which it does
# nothing, with the reason for each. (c) How would you use cross-validation here, what does it cost, what does it give
# that the strategies do not, and what not?
#
# ### BEGIN SOLUTION
# **Model answer.** (a) Strategy 1 costs a whole second training. It relies on the best number of epochs being about the
# same for more data (and on a decision: the same epochs or the same updates), for other start values and another order.
# It fails when this run's turning point is elsewhere, and one does not see it, because nothing is left to check with:
# with 150 digits in E08b some seeds ended below the early stopped network. Strategy 2 costs only some more epochs. It
# relies on the training loss of the first run being a sensible target for a loss on *other* data. It fails when it is
# not: see (b); and where it does end, it may have learned wrong labels of the validation set by heart to get there.
#
# (b) Only that the loss on the (former) validation set falls below the training loss of the best epoch; nothing
# guarantees this, so in practice a largest number of epochs. For ever: the validation labels are noisier than the
# training labels, and the network with its penalty cannot learn them by heart (E08b: 40 % random labels, weight decay;
# loss still 6 % to 21 % above the target after 60 epochs); or the same image occurs with two different labels.
# Nothing: the validation set is easier, for instance with cleaner labels, so its loss is below the target before the
# first epoch.
#
# (c) Split the data in five parts; train five times with early stopping, each time with another part as validation set;
# take the mean (or median) of the best numbers of epochs, and train a last time on everything for that long, as in
# strategy 1. It costs five trainings plus one. It gives a number of epochs that rests on all the data and its spread,
# and so says how far strategy 1 can be trusted; and an estimate of the error in which every sample has been validation
# data once (slightly optimistic, because the epochs were chosen by the same loss). What it does not give: a check of
# the last network, which again has no validation data. One may also keep the five networks and average them: then
# nothing has to be retrained, and it is an ensemble.
#
# **Rubric.** 1 point each. (a) Cost, assumption and failure for both; half for one strategy only, or without the
# assumption. (b) "Nothing guarantees it, a cap", and both situations with a reason; half for one situation. (c) A
# workable use (five best numbers of epochs, then all the data) with its cost, and one thing gained; half without saying
# that the last network is unchecked.
# ### END SOLUTION

# %% [markdown] question="W08b" points=3
# **W08b (3 points).** A slide on ensembles says: "If the errors are uncorrelated, the expected combined error will
# decrease linearly with the ensemble size." (a) Let the errors of $k$ models have mean 0, variance $v$, and any two the
# covariance $c$. Derive the expected squared error of their average. (b) What follows for $c = 0$, for $c = v$, and for
# $k \to \infty$? What does $c = v$ say about the models? (c) Correct the sentence, in at most three sentences, so that
# it is true for uncorrelated errors and says what happens otherwise. Use one measured number of this notebook.
#
# ### BEGIN SOLUTION
# **Model answer.** (a) $\mathbb E(\frac1k\sum_j e_j)^2 = \frac1{k^2}\sum_{i,j}\mathbb E\, e_i e_j$. In the double sum
# there are $k$ terms with $i = j$, each $v$, and $k(k-1)$ with $i \ne j$, each $c$. Together $\frac{kv + k(k-1)c}{k^2}
# = \frac vk + \frac{k-1}k c$.
#
# (b) $c = 0$: $v/k$, the reciprocal of the size. $c = v$: $\frac vk + \frac{k-1}k v = v$ for each $k$: nothing is
# gained. The errors then have correlation 1 and the same variance, so that they are equal (with probability 1): the
# models make the same mistakes. $k\to\infty$: $c$. The covariance is the floor.
#
# (c) For example: "If the errors are uncorrelated and have mean 0, the expected squared error of the average is
# *inversely proportional* to the number of models; from there on each further model gains less. If they have the
# covariance $c$, it is $v/k + (k-1)c/k$ and never gets below $c$. In E08e ten networks with $c/v = 0.79$ leave 81 % of
# the squared error of one, not 10 %."
#
# **Rubric.** 1 point each. (a) Both kinds of terms counted; half for the formula without a derivation. (b) All three
# limits, and "the same mistakes"; half with one missing. (c) "Inversely", the floor, and a fitting number; half if one
# of the three is missing. That errors with a common bias keep it is welcome, not required.
# ### END SOLUTION

# %% [markdown]
# ## What you built and where it goes next
#
# - **`EarlyStopper`**: in notebook 12 it is a part of the training of your own network, where it also has to survive
#   augmentation and batch norm.
# - **Both strategies of reuse**, with the habit of asking what ends a loop.
# - **Stopping as a filter.** The order of learning, steep directions first, is the one that `shrinkage_profile` of
#   notebook 06 had for ridge and gradient descent.
# - **Bias, variance, covariance.** Test-time augmentation (notebook 09) averages over views of one image, stochastic
#   depth (notebook 11) over depths: it is the same formula, and the same floor.
# - **Ensembles in one network**: dropout was the first, MIMO the second; notebook 11 has a third, the paths of a
#   residual network.
#
# **Next**: [09 · Augmentation I: geometry, colour, test
# time](../09_augmentation_geometry_colour/09_augmentation_geometry_colour.ipynb).


# %%
progress()
