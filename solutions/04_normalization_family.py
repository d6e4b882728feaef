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

# %% [markdown]
# ## 7 · One batch on several devices

# %% [markdown]
# ## 8 · What a layer cannot see

# %% [markdown]
# ## 9 · Layer normalization in a recurrent net

# %% [markdown]
# ## 10 · Layers for torch

# %%
progress()
