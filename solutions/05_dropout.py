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
# # Dropout: mechanics

# %%
import numpy as np
import torch
from torch import nn
from traindeep import check, hint, progress, use

# %% [markdown]
# ### Exercise: `sample_keep_mask` (4 points)


# %% exercise="sample_keep_mask" points=4
def sample_keep_mask(shape, p_drop, rng):
    """A random mask: each entry is 1 (kept) with probability 1 - p_drop, else 0, independently of all others.

    Independent entries also mean that their sum varies from mask to mask. Any way of drawing will do.

    Args:
        shape: A tuple, the shape of the mask.
        p_drop: Probability that an entry is dropped, 0 <= p_drop <= 1. With 0 all are kept, with 1 none.
        rng: A np.random.Generator. All randomness comes from it: an equal generator gives an equal mask, the next call
            with the same one gives another, and NumPy's global generator is not touched.

    Returns:
        Array of that shape with entries 0 and 1, as bool or as numbers.

    Raises:
        ValueError: p_drop is outside [0, 1]. The message names p_drop.
    """
    ### BEGIN SOLUTION
    if not 0 <= p_drop <= 1:
        raise ValueError(f"p_drop must be in [0, 1], got {p_drop}")
    return rng.random(shape) >= p_drop
    ### END SOLUTION


# %% check="sample_keep_mask"
check("sample_keep_mask")

# %% [markdown]
# ### Exercise: `dropout_forward` (5 points)


# %% exercise="dropout_forward" points=5
def dropout_forward(x, p_drop, rng, train):
    """Inverted dropout of single values: what is kept is scaled up in training, so that test time is left alone.

        train:        y = x * mask / (1 - p_drop)
        not train:    y = x

    Each entry of the mask is 1 (kept) with probability 1 - p_drop, else 0, independently of all others.
    torch's dropout layers and functions are switched off while this is checked.

    Args:
        x: Array of any shape, float or integer; integers give a floating-point y in training. It is not changed.
        p_drop: Probability that a value is dropped, 0 <= p_drop <= 1. With 1 and train, y is all 0, without any nan.
        rng: A np.random.Generator, the only source of randomness, as in sample_keep_mask.
        train: True in training, False at test time.

    Returns:
        y of the shape of x, and the mask that was used: an array of the shape of x with entries 0 and 1 (bool or
        numbers, without the scale). If not train, the mask is all 1, and y may be x itself.

    Raises:
        ValueError: p_drop is outside [0, 1]. The message names p_drop.
    """
    ### BEGIN SOLUTION
    if not 0 <= p_drop <= 1:
        raise ValueError(f"p_drop must be in [0, 1], got {p_drop}")
    x = np.asarray(x)
    if not train:
        return x, np.ones(x.shape)
    mask = sample_keep_mask(x.shape, p_drop, rng)
    scale = 1 / (1 - p_drop) if p_drop < 1 else 0.0
    return x * mask * scale, mask
    ### END SOLUTION


# %% check="dropout_forward"
check("dropout_forward")

# %% [markdown]
# ### Exercise: `dropout_backward` (3 points)


# %% exercise="dropout_backward" points=3
def dropout_backward(dy, mask, p_drop):
    """The gradient of inverted dropout in training, y = x * mask / (1 - p_drop), for the mask of the forward pass.

    torch's autograd and dropout are switched off while this is checked.

    Args:
        dy: Gradient of the loss with respect to y, an array of any shape. It is not changed.
        mask: The mask of the forward pass: an array of the shape of dy with entries 0 and 1, bool or numbers. It is
            not changed.
        p_drop: The rate of the forward pass, 0 <= p_drop <= 1. With 1 the mask is all 0, and so is the gradient.

    Returns:
        Gradient of the loss with respect to x, of the shape of dy.

    Raises:
        ValueError: dy and mask have different shapes (even if NumPy could broadcast them). The message names dy or
            mask.
    """
    ### BEGIN SOLUTION
    if np.shape(dy) != np.shape(mask):
        raise ValueError(f"mask must have the shape of dy, {np.shape(dy)}, got {np.shape(mask)}")
    if p_drop == 1:
        return np.zeros(np.shape(dy))
    return np.asarray(dy) * mask / (1 - p_drop)
    ### END SOLUTION


# %% check="dropout_backward"
check("dropout_backward")

# %% [markdown]
# ### Exercise: `classic_train`, `classic_test_weights` and `expected_preactivation` (6 points)


# %% exercise="classic_dropout" points=6
def classic_train(x, mask):
    """Dropout as first published, in training: y = x * mask. Nothing is scaled here.

    Args:
        x: Array of any shape, float or integer. It is not changed.
        mask: Array of the shape of x with entries 0 and 1, bool or numbers. It is not changed.

    Returns:
        Array of the shape of x.
    """
    ### BEGIN SOLUTION
    return np.asarray(x) * mask
    ### END SOLUTION


def classic_test_weights(W, p_keep):
    """Dropout as first published, at test time: all units are on, and the weights that they go into are p_keep * W.

    A bias is never dropped, so it is not scaled; it is no part of W.

    Args:
        W: (O, I) weights of the layer that receives the dropped units, float or integer. It is not changed.
        p_keep: Probability that a unit was kept in training, 0 <= p_keep <= 1.

    Returns:
        (O, I) array.

    Raises:
        ValueError: p_keep is outside [0, 1]. The message names p_keep.
    """
    ### BEGIN SOLUTION
    if not 0 <= p_keep <= 1:
        raise ValueError(f"p_keep must be in [0, 1], got {p_keep}")
    return p_keep * np.asarray(W)
    ### END SOLUTION


def expected_preactivation(theta, x, p_keep):
    """The exact mean of sum_i theta_i x_i m_i over all 2**n masks m, each weighed with its probability.

    Each of the n entries of a mask is 1 with probability p_keep, else 0, independently of the others. So a mask with
    k ones has the probability p_keep**k * (1 - p_keep)**(n - k). No random numbers are needed.

    Args:
        theta: (n,) weights of one unit. It is not changed.
        x: (n,) its inputs. It is not changed.
        p_keep: Probability that an input is kept, 0 <= p_keep <= 1.

    Returns:
        The mean, a number.

    Raises:
        ValueError: p_keep is outside [0, 1], or n is above 20 (a million masks are enough). The message names p_keep,
            or one of theta, x and n.
    """
    ### BEGIN SOLUTION
    n = len(theta)
    if n > 20:
        raise ValueError(f"n must be at most 20, got {n}")
    if not 0 <= p_keep <= 1:
        raise ValueError(f"p_keep must be in [0, 1], got {p_keep}")
    mean = 0.0
    for bits in np.ndindex(*[2] * n):
        kept = sum(bits)
        mean += p_keep**kept * (1 - p_keep) ** (n - kept) * np.sum(np.asarray(theta) * x * bits)
    return mean
    ### END SOLUTION


# %% check="classic_dropout"
check("classic_dropout")

# %% [markdown]
# ### Exercise: `dropout_mlp_grads` (7 points)


# %% exercise="dropout_mlp_grads" points=7
def dropout_mlp_grads(params, x, t, m_in, m_hid, p_in, p_hid):
    """Loss and gradients of a network with one hidden layer, with inverted dropout of inputs and of hidden units.

        x~   = x * m_in / (1 - p_in)
        h    = relu(x~ W1^T + b1) * m_hid / (1 - p_hid)
        loss = mean over the N examples of the cross-entropy between t and softmax(h W2^T + b2)

    Each row of a mask belongs to one example. The outputs are not dropped. The gradients are those of this loss, so
    they are means over all N examples. The slope of relu at 0 is 0.
    torch's autograd and dropout are switched off while this is checked.

    Args:
        params: A dict of W1 (H, D), b1 (H,), W2 (C, H) and b2 (C,). Neither it nor its arrays are changed.
        x: (N, D) inputs, float or integer. It is not changed.
        t: (N,) labels in 0..C-1.
        m_in: (N, D) mask of the inputs, 0 and 1, bool or numbers. It is not changed.
        m_hid: (N, H) mask of the hidden units, likewise. It is not changed.
        p_in: Drop rate of the inputs, 0 <= p_in < 1.
        p_hid: Drop rate of the hidden units, 0 <= p_hid < 1.

    Returns:
        The loss, a number, and a dict of gradients with the keys W1, b1, W2 and b2 and the shapes of params.

    Raises:
        ValueError: m_in is not (N, D), or m_hid is not (N, H) (even if NumPy could broadcast them). The message names
            the mask.
    """
    ### BEGIN SOLUTION
    W1, b1, W2, b2 = (np.asarray(params[name]) for name in ("W1", "b1", "W2", "b2"))
    N, D, H = *np.shape(x), len(W1)
    if np.shape(m_in) != (N, D):
        raise ValueError(f"m_in must have shape {(N, D)}, got {np.shape(m_in)}")
    if np.shape(m_hid) != (N, H):
        raise ValueError(f"m_hid must have shape {(N, H)}, got {np.shape(m_hid)}")
    # forward
    thin = np.asarray(x) * m_in / (1 - p_in)
    z = thin @ W1.T + b1
    gate = np.asarray(m_hid) * (z > 0) / (1 - p_hid)  # the slope of h as a function of z
    h = z * gate
    scores = h @ W2.T + b2
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(N), t].mean()
    # backward
    ds = (np.exp(log_p) - np.eye(len(W2))[t]) / N
    dz = ds @ W2 * gate
    return loss, {"W1": dz.T @ thin, "b1": dz.sum(axis=0), "W2": ds.T @ h, "b2": ds.sum(axis=0)}
    ### END SOLUTION


# %% check="dropout_mlp_grads"
check("dropout_mlp_grads")

# %% [markdown]
# ### Exercise: `channel_dropout` (4 points)


# %% exercise="channel_dropout" points=4
def channel_dropout(x, p_drop, rng, train):
    """Inverted dropout of whole feature maps: all H * W values of a map are kept or dropped together.

        train:        y = x * mask / (1 - p_drop),    mask of shape (N, C, 1, 1)
        not train:    y = x

    Each entry of the mask is 1 (kept) with probability 1 - p_drop, else 0, independently of all others: neither the
    examples nor the channels share anything. torch's dropout is switched off while this is checked.

    Args:
        x: (N, C, H, W) array, float or integer; integers give a floating-point y in training. It is not changed.
        p_drop: Probability that a map is dropped, 0 <= p_drop <= 1. With 1 and train, y is all 0, without any nan.
        rng: A np.random.Generator, the only source of randomness, as in sample_keep_mask.
        train: True in training, False at test time.

    Returns:
        y of the shape of x, and the mask that was used: (N, C, 1, 1) with entries 0 and 1 (bool or numbers, without
        the scale). If not train, the mask is all 1, and y may be x itself.

    Raises:
        ValueError: x does not have 4 axes, or p_drop is outside [0, 1]. The message names the argument.
    """
    ### BEGIN SOLUTION
    x = np.asarray(x)
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {x.shape}")
    if not 0 <= p_drop <= 1:
        raise ValueError(f"p_drop must be in [0, 1], got {p_drop}")
    N, C = x.shape[:2]
    if not train:
        return x, np.ones((N, C, 1, 1))
    mask = sample_keep_mask((N, C, 1, 1), p_drop, rng)
    return x * mask / (1 - p_drop if p_drop < 1 else 1), mask
    ### END SOLUTION


# %% check="channel_dropout"
check("channel_dropout")

# %% [markdown]
# ### Exercise: `InvertedDropout` (5 points)


# %% exercise="InvertedDropout" points=5
class InvertedDropout(nn.Module):
    """Inverted dropout as a torch module, with the contract of nn.Dropout.

        in training      y = x * mask / (1 - p),    each entry of the mask is 0 with probability p, else 1
        in evaluation    y = x

    Every single value is dropped or kept independently of all others, in images, too. The mode is that of the module:
    `.train()` and `.eval()` of the model it is part of. Gradients pass through the mask of the same call.
    torch's dropout layers and functions are switched off while this is checked.
    """

    def __init__(self, p=0.5, generator=None):
        """Create the layer.

        Args:
            p: Probability that a value is dropped, 0 <= p <= 1 (torch's p; 1 - p is kept).
            generator: A torch.Generator, the only source of the masks (the global random state of torch stays as it
                is), or None for torch's global generator.

        Raises:
            ValueError: p is outside [0, 1]. The message names p.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.p, self.generator = p, generator
        ### END SOLUTION

    def forward(self, x):
        """Drop in training, with a new mask in every call; in evaluation return x or an equal tensor.

        Args:
            x: Tensor of any shape, float32 or float64. It is not changed.

        Returns:
            Tensor of the shape, dtype and device of x. With p = 1 in training it is all 0, without any nan. It
            requires a gradient only if x does.
        """
        ### BEGIN SOLUTION
        if not self.training:
            return x
        keep = torch.rand(x.shape, generator=self.generator) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        return x * keep.to(x) * scale
        ### END SOLUTION


# %% check="InvertedDropout"
check("InvertedDropout")

# %% [markdown]
# ## What you built and where it goes next

# %%
progress()
