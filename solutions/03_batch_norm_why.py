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
# # Batch normalization: properties and the argument about why

# %%
import copy

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
# ## 1 · The scale of the weights does not matter

# %% [markdown]
# ### Exercise: `bn_scale_identities` (6 points)


# %% exercise="bn_scale_identities" points=6
def bn_linear_backward(u, W, dy, eps=0.0):
    """Gradients through a linear layer and batch normalization after it."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="bn_scale_identities"
check("bn_scale_identities")

# %% [markdown]
# ## 2 · What the layer makes superfluous, and how to undo it

# %% [markdown]
# ### Exercise: `bn_reparam` (4 points)


# %% exercise="bn_reparam" points=4
def bn_undo_params(mu, var, eps):
    """The gamma and beta with which batch normalization undoes itself."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="bn_reparam"
check("bn_reparam")

# %% [markdown]
# ## 3 · How linear is a sigmoid that sees normalized values?

# %% [markdown]
# ### Exercise: `sigmoid_linear_r2` (4 points)


# %% exercise="sigmoid_linear_r2" points=4
def sigmoid_linear_r2(z):
    """How well a straight line fits the sigmoid of z."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="sigmoid_linear_r2"
check("sigmoid_linear_r2")

# %% [markdown]
# ## 4 · Internal covariate shift, measured

# %% [markdown]
# ### Exercise: `ics_gradient_change` (6 points)


# %% exercise="ics_gradient_change" points=6
def ics_gradient_change(model, layer, loss_fn, x, y, lr):
    """How much the gradient of one layer changes when the layers before it take a step."""
    ### BEGIN SOLUTION
    raise NotImplementedError
    ### END SOLUTION


# %% check="ics_gradient_change"
check("ics_gradient_change")

# %% [markdown]
# ## 5 · Covariate shift on purpose

# %% [markdown]
# ### Exercise: `NoisyBatchNorm` (5 points)


# %% exercise="NoisyBatchNorm" points=5
class NoisyBatchNorm(nn.Module):
    """Batch normalization whose output is shifted and scaled at random in every training step."""

    ### BEGIN SOLUTION
    pass
    ### END SOLUTION


# %% check="NoisyBatchNorm"
check("NoisyBatchNorm")
