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
# # Capstone: a small residual network with everything

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use
from traindeep.data import shapes
from traindeep.plots import COLORS, claim, mean_with_spread, style

torch.set_num_threads(1)  # small networks: faster than two threads, and reproducible
style()

# %% [markdown]
# ## Decay for weights only

# %% exercise="decay_param_groups" points=4
def decay_param_groups(model, wd):
    """Two groups of parameters for an optimizer: weights, which decay, and all the others, which do not.

        torch.optim.SGD(decay_param_groups(model, 5e-4), lr=0.1, momentum=0.9)

    A weight is a parameter with two axes or more: the matrices and filters of linear and convolutional layers. Biases,
    and the weight and bias of a norm, have one axis.

    Args:
        model: An nn.Module.
        wd: The weight decay of the first group, 0 or more.

    Returns:
        [{"params": weights, "weight_decay": wd}, {"params": others, "weight_decay": 0.0}], both lists of parameters, which
        may be empty. Each parameter with requires_grad stands in one of them, once, even if several layers share it; one
        without stands in none.

    Raises:
        ValueError: wd < 0.
    """
    ### BEGIN SOLUTION
    if wd < 0:
        raise ValueError(f"wd must be 0 or more, got {wd}")
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in trained if weight.ndim >= 2], "weight_decay": wd},
        {"params": [weight for weight in trained if weight.ndim < 2], "weight_decay": 0.0},
    ]
    ### END SOLUTION


# %% check="decay_param_groups"
check("decay_param_groups")

# %% [markdown]
# ## The network
#
# Blocks and gates from notebook 11.

# %%
PreActBlock, StochasticDepth = use("PreActBlock"), use("StochasticDepth")
survival_probs, InvertedDropout = use("survival_probs"), use("InvertedDropout")

# %% exercise="build_resnet" points=8
def build_resnet(in_ch, classes, width, blocks, p_L=1.0, p_drop=0.0, norm=nn.BatchNorm2d):
    """To be written."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="build_resnet"
check("build_resnet")

# %% [markdown]
# ## The training loop

# %%
EarlyStopper = use("EarlyStopper")

# %% exercise="train_with_early_stopping" points=8
def train_with_early_stopping(
    model, train, val, epochs, batch_size, lr, wd=0.0, augment=None, loss=F.cross_entropy, patience=5, seed=0
):
    """To be written."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="train_with_early_stopping"
check("train_with_early_stopping")

# %% [markdown]
# ## The capstone

# %% exercise="capstone_model" points=10
def train_capstone(X, y, seed):
    """To be written."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="capstone_model"
check("capstone_model")

# %%
progress()
