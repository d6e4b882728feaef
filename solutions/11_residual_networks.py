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
# # Residual networks and stochastic depth

# %%
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from traindeep import check, hint, progress, use

# %% [markdown]
# ## 1 · A sum and a composition

# %% [markdown]
# ### Exercise: `compose` and `residual_forward` (5 points)


# %% exercise="residual_stack" points=5
def compose(fs, x):
    """A plain network: apply the functions one after the other, the first of the list first.

        x_0 = x,    x_{l+1} = f_l(x_l)

    Args:
        fs: List of functions that take an array and return one. The list is not changed.
        x: Array of any shape; integers work as well. It is not changed.

    Returns:
        x_L, the array after the last function; an empty list returns x (the same array or an equal one).
    """
    ### BEGIN SOLUTION
    for f in fs:
        x = f(x)
    return x
    ### END SOLUTION


def residual_forward(fs, x):
    """A residual network: every function adds to what came before it, its skip connection.

        x_0 = x,    x_{l+1} = x_l + f_l(x_l),    branches[l] = f_l(x_l)

    So y = x_L is x plus the sum of all branches, and each branch was evaluated at the running sum in front of it.

    Args:
        fs: List of functions that take an array and return one of the same shape. None of them is called twice. The
            list is not changed.
        x: Array of any shape; integers work as well. It is not changed, and neither are the arrays that the functions
            return, which may be x_l itself.

    Returns:
        y, an array of the shape of x, and branches, a list of the L arrays f_l(x_l) in the order of fs. An empty list
        of functions gives an array equal to x and an empty list.

    Raises:
        ValueError: a function returns another shape than it was given, also one that would broadcast. The message
            names fs.
    """
    ### BEGIN SOLUTION
    y, branches = np.asarray(x), []
    for number, f in enumerate(fs):
        branch = np.asarray(f(y))
        if branch.shape != y.shape:
            raise ValueError(f"fs[{number}] must keep the shape {y.shape}, it returned {branch.shape}")
        branches.append(branch)
        y = y + branch
    return y, branches
    ### END SOLUTION


# %% check="residual_stack"
check("residual_stack")

# %% [markdown]
# ## 2 · Gradients through skips

# %% [markdown]
# ### Exercise: `residual_backward` and `paths_by_length` (6 points)


# %% exercise="residual_backward" points=6
def residual_backward(dy, jacs):
    """The gradient of the input of a residual network, from the gradient of its output.

        x_l = x_{l-1} + f_l(x_{l-1}),   J_l the Jacobian of f_l:   dx = (I + J_1)^T (I + J_2)^T ... (I + J_L)^T dy

    Args:
        dy: (D,) gradient of the loss with respect to the output x_L. It is not changed.
        jacs: List of L >= 1 arrays (D, D); jacs[l - 1][i, j] is the derivative of entry i of branch l with respect to
            entry j of its input. The first of the list belongs to the block nearest to the input. It is not changed.

    Returns:
        (D,) gradient of the loss with respect to the input x_0.

    Raises:
        ValueError: dy is not one-dimensional, or a Jacobian is not of shape (D, D). The message names the argument.
    """
    ### BEGIN SOLUTION
    dx = np.asarray(dy, dtype=float)
    if dx.ndim != 1:
        raise ValueError(f"dy must have shape (D,), got {dx.shape}")
    for jac in reversed(jacs):
        if np.shape(jac) != (len(dx), len(dx)):
            raise ValueError(f"every array of jacs must have shape ({len(dx)}, {len(dx)}), got {np.shape(jac)}")
        dx = dx + np.asarray(jac).T @ dx
    return dx
    ### END SOLUTION


def paths_by_length(jacs):
    """The Jacobian of a residual network, sorted by the number of branches that a path goes through.

    A path from input to output chooses, in each of the L blocks, the skip or the branch. Its contribution is the
    product of the Jacobians of its branches, later blocks to the left (J_b J_a for a < b); without any branch it is I.

        entry k = sum over all choices of k of the L blocks of the product of their Jacobians

    Args:
        jacs: List of L >= 1 arrays (D, D), the first for the block nearest to the input. It is not changed.

    Returns:
        (L + 1, D, D) array. Entry 0 is the identity, entry 1 the sum of the Jacobians, and all entries together add up
        to (I + J_L) ... (I + J_1). L is at most 12 in the tests.

    Raises:
        ValueError: an array of jacs is not square, or they differ in shape. The message names jacs.
    """
    ### BEGIN SOLUTION
    shape = np.shape(jacs[0])
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"jacs must hold square matrices, got shape {shape}")
    paths = np.zeros((len(jacs) + 1, *shape))
    paths[0] = np.eye(len(paths[0]))
    for jac in jacs:
        if np.shape(jac) != shape:
            raise ValueError(f"all jacs must have one shape, got {shape} and {np.shape(jac)}")
        # Longer paths first: paths[:-1] on the right is what it was before this block.
        paths[1:] = paths[1:] + np.asarray(jac) @ paths[:-1]
    return paths
    ### END SOLUTION


# %% check="residual_backward"
check("residual_backward")

# %% [markdown]
# ## 3 · Blocks

# %% [markdown]
# ### Exercise: `BasicBlock` (6 points)


# %% exercise="basic_block" points=6
class BasicBlock(nn.Module):
    """Two 3x3 convolutions, each followed by a norm, and a shortcut around them.

        y = relu(bn2(conv2(relu(bn1(conv1(x))))) + s(x))

    Members: conv1, bn1, conv2, bn2 and shortcut; the parameters and buffers of the first four have the names that these
    give them in state_dict() ("conv1.weight", "bn1.running_mean", ...), those of a projection start with "shortcut.".
    What kind of object shortcut is is up to you (None, nn.Identity or an empty nn.Sequential where nothing is done).
    """

    def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
        """Create the layers.

        All convolutions are without bias, as a norm follows them. The 3x3 ones have padding 1; conv1 has the stride,
        conv2 has stride 1.

        Args:
            in_ch: Channels of x.
            out_ch: Channels of y.
            stride: Of conv1 and of the shortcut.
            shortcut: What s is.
                "A": no parameters. Every stride-th row and column of x, from the first; then out_ch - in_ch channels of
                    zeros after those of x.
                "B": x itself where stride is 1 and in_ch equals out_ch. Otherwise a projection: a 1x1 convolution with
                    the stride, followed by a norm.
                "C": always the projection.
            norm: Makes a norm from a number of channels, such as nn.BatchNorm2d. It is called once for each place.

        Raises:
            ValueError: in_ch > out_ch with shortcut "A"; shortcut is something else than "A", "B" or "C". The message
                names one of the arguments.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if shortcut not in ("A", "B", "C"):
            raise ValueError(f'shortcut must be "A", "B" or "C", got {shortcut!r}')
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError(f"shortcut A adds channels: in_ch must be at most out_ch, got {in_ch} and {out_ch}")
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, stride=stride, padding=1, bias=False)
        self.bn1 = norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, padding=1, bias=False)
        self.bn2 = norm(out_ch)
        self.stride, self.more = stride, out_ch - in_ch
        self.shortcut = None
        if shortcut == "C" or (shortcut == "B" and (stride != 1 or in_ch != out_ch)):
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False), norm(out_ch))
        ### END SOLUTION

    def forward(self, x):
        """Branch plus shortcut, then relu.

        Args:
            x: (N, in_ch, H, W). It is not changed.

        Returns:
            (N, out_ch, ceil(H / stride), ceil(W / stride)).
        """
        ### BEGIN SOLUTION
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.shortcut is not None:
            return F.relu(branch + self.shortcut(x))
        skip = x[:, :, :: self.stride, :: self.stride]
        return F.relu(branch + F.pad(skip, (0, 0, 0, 0, 0, self.more)))
        ### END SOLUTION


# %% check="basic_block"
check("basic_block")

# %% [markdown]
# ### Exercise: `Bottleneck` (5 points)


# %% exercise="bottleneck" points=5
class Bottleneck(nn.Module):
    """Three convolutions, narrow in the middle, and a shortcut around them.

        y = relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + s(x))

    conv1 is 1x1 from in_ch to mid channels, conv2 is 3x3 from mid to mid, conv3 is 1x1 from mid to mid * expansion.

    Members: conv1, bn1, conv2, bn2, conv3, bn3 and shortcut, with the names in state_dict() that these give them. What
    kind of object shortcut is is up to you; the names of the parameters of a projection start with "shortcut.".
    """

    def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
        """Create the layers.

        All convolutions are without bias. The 3x3 one has padding 1 and the stride (as in torchvision; the paper puts
        the stride into the first 1x1).

        Args:
            in_ch: Channels of x.
            mid: Channels inside; y has mid * expansion.
            stride: Of conv2 and of the projection.
            expansion: Channels of y, divided by mid.
            norm: Makes a norm from a number of channels; called once for each place.

        The shortcut s is x itself where stride is 1 and in_ch equals mid * expansion; otherwise it is a 1x1 convolution
        of x with the stride, followed by a norm.

        Raises:
            ValueError: mid < 1 or expansion < 1. The message names the argument.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if mid < 1:
            raise ValueError(f"mid must be at least 1, got {mid}")
        if expansion < 1:
            raise ValueError(f"expansion must be at least 1, got {expansion}")
        out = mid * expansion
        self.conv1, self.bn1 = nn.Conv2d(in_ch, mid, 1, bias=False), norm(mid)
        self.conv2, self.bn2 = nn.Conv2d(mid, mid, 3, stride=stride, padding=1, bias=False), norm(mid)
        self.conv3, self.bn3 = nn.Conv2d(mid, out, 1, bias=False), norm(out)
        self.shortcut = nn.Identity()
        if stride != 1 or in_ch != out:
            self.shortcut = nn.Sequential(nn.Conv2d(in_ch, out, 1, stride=stride, bias=False), norm(out))
        ### END SOLUTION

    def forward(self, x):
        """Branch plus shortcut, then relu.

        Args:
            x: (N, in_ch, H, W). It is not changed.

        Returns:
            (N, mid * expansion, ceil(H / stride), ceil(W / stride)).
        """
        ### BEGIN SOLUTION
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return F.relu(self.bn3(self.conv3(h)) + self.shortcut(x))
        ### END SOLUTION


# %% check="bottleneck"
check("bottleneck")

# %% [markdown]
# ### Exercise: `PreActBlock` (5 points)


# %% exercise="preact_block" points=5
class PreActBlock(nn.Module):
    """A block whose norms and relus stand before the convolutions, so that nothing stands on the skip.

        h = relu(bn1(x)),    y = s + conv2(relu(bn2(conv1(h))))

    with s = x where stride is 1 and in_ch equals out_ch, and s = projection(h) otherwise: a 1x1 convolution of h (not of
    x) with the stride, without norm. Nothing comes after the sum.

    Members: bn1, conv1, bn2, conv2 and shortcut, with the names in state_dict() that these give them. What kind of
    object shortcut is is up to you; the name of the parameter of a projection starts with "shortcut.".
    """

    def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
        """Create the layers.

        All convolutions are without bias. conv1 and conv2 are 3x3 with padding 1; conv1 has the stride.

        Args:
            in_ch: Channels of x.
            out_ch: Channels of y.
            stride: Of conv1 and of the projection.
            zero_init: Whether the weights of conv2 start at 0, so that a block without projection starts as the
                identity and can still learn. All else starts as torch starts it.
            norm: Makes a norm from a number of channels; called once for each place.
        """
        super().__init__()
        ### BEGIN SOLUTION
        self.bn1 = norm(in_ch)
        self.conv1 = nn.Conv2d(in_ch, out_ch, 3, stride=stride, padding=1, bias=False)
        self.bn2 = norm(out_ch)
        self.conv2 = nn.Conv2d(out_ch, out_ch, 3, padding=1, bias=False)
        self.shortcut = None
        if stride != 1 or in_ch != out_ch:
            self.shortcut = nn.Conv2d(in_ch, out_ch, 1, stride=stride, bias=False)
        if zero_init:
            nn.init.zeros_(self.conv2.weight)
        ### END SOLUTION

    def forward(self, x):
        """Skip plus branch, and nothing after.

        Args:
            x: (N, in_ch, H, W). It is not changed.

        Returns:
            (N, out_ch, ceil(H / stride), ceil(W / stride)).
        """
        ### BEGIN SOLUTION
        h = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(h)
        return skip + self.conv2(F.relu(self.bn2(self.conv1(h))))
        ### END SOLUTION


# %% check="preact_block"
check("preact_block")

# %% [markdown]
# ## 4 · A step of a differential equation

# %% [markdown]
# ### Exercise: `euler_resnet` and `observed_order` (4 points)


# %% exercise="euler_resnet" points=4
def euler_resnet(f, x0, T, L):
    """Solve dx/dt = f(x) from time 0 to T with L steps of Euler's method: a residual network of L equal blocks.

        x_{l+1} = x_l + (T / L) f(x_l),    l = 0, ..., L - 1

    Args:
        f: Function of an array that returns one of the same shape, linear or not.
        x0: Array, the state at time 0; integers work as well. It is not changed.
        T: The final time.
        L: Number of steps, an integer of at least 1.

    Returns:
        x_L, an array of the shape of x0.

    Raises:
        ValueError: L < 1. The message names L.
    """
    ### BEGIN SOLUTION
    if L < 1:
        raise ValueError(f"L must be at least 1, got {L}")
    x = np.asarray(x0, dtype=float)
    for _ in range(L):
        x = x + T / L * f(x)
    return x
    ### END SOLUTION


def observed_order(errors, Ls):
    """The order k of a method whose errors fall like C / L^k, read off a measurement.

        k = -(slope of the line through the points (log L, log error))

    Args:
        errors: (k,) positive numbers, at least two of them: the error that was seen for each L.
        Ls: (k,) different positive numbers of steps.

    Returns:
        A float. How the line is fitted is up to you: by least squares, or as the average slope between neighbours. For
        errors that follow the law exactly they agree, and so do all bases of the logarithm.
    """
    ### BEGIN SOLUTION
    return float(-np.polyfit(np.log(Ls), np.log(errors), 1)[0])
    ### END SOLUTION


# %% check="euler_resnet"
check("euler_resnet")

# %% [markdown]
# ## 5 · What is dropped together

# %% [markdown]
# ### Exercise: `dropblock_expand` and `ladder_mask` (6 points)


# %% exercise="dropout_ladder" points=6
def dropblock_expand(seeds, block):
    """Grow each seed to a square patch of zeros in its own map.

        keep[n, c, i, j] = 0 if some seeds[n, c, a, b] is 1 with |a - i| <= r and |b - j| <= r, else 1;   r = (block - 1) / 2

    Args:
        seeds: (N, C, H, W) array of 0 and 1 (any dtype); a 1 marks the centre of a patch. Patches may overlap, and one
            that reaches over the border is cut off there. It is not changed.
        block: Side of the patch, odd.

    Returns:
        (N, C, H, W) array of 0 (dropped) and 1 (kept), of any dtype.

    Raises:
        ValueError: block is even. The message names block.
    """
    ### BEGIN SOLUTION
    if block % 2 == 0:
        raise ValueError(f"block must be odd, got {block}")
    r = block // 2
    H, W = np.shape(seeds)[2:]
    padded = np.pad(np.asarray(seeds, dtype=bool), ((0, 0), (0, 0), (r, r), (r, r)))
    dropped = np.zeros(np.shape(seeds), dtype=bool)
    for i in range(block):
        for j in range(block):
            dropped |= padded[:, :, i : i + H, j : j + W]
    return (~dropped).astype(float)
    ### END SOLUTION


def ladder_mask(shape, level, p_drop, rng, block=3):
    """Draw a mask for images; the level says what shares one fate.

        "unit"      every single value (dropout)
        "channel"   a whole map of one example (spatial dropout)
        "block"     a block x block patch of one map (DropBlock)
        "branch"    all that belongs to one example (stochastic depth)

    At the levels unit, channel and branch each unit, map or example is dropped with probability p_drop, independently
    of all others. At the level block every map draws centres of its own: each place where a whole patch fits is a
    centre with probability

        gamma = p_drop / block^2 * H W / ((H - block + 1) (W - block + 1))

    independently of all others, and the patches around the centres are dropped. Where patches overlap a value is lost
    only once, so that a little less than p_drop is lost on average.

    Args:
        shape: (N, C, H, W).
        level: "unit", "channel", "block" or "branch".
        p_drop: Rate, in [0, 1].
        rng: A np.random.Generator, the only source of randomness.
        block: Side of a patch; it matters (and is checked) at the level block only.

    Returns:
        Array of shape (N, C, H, W), in full, of 0 (dropped) and 1 (kept), of any dtype.

    Raises:
        ValueError: level is something else; at the level block: block is even, or larger than H or W. The message
            names the argument.
    """
    ### BEGIN SOLUTION
    N, C, H, W = shape
    if level == "block":
        if block % 2 == 0 or block > min(H, W):
            raise ValueError(f"block must be odd and at most {min(H, W)}, got {block}")
        h, w, r = H - block + 1, W - block + 1, block // 2
        seeds = np.zeros(shape, dtype=bool)
        seeds[:, :, r : r + h, r : r + w] = rng.random((N, C, h, w)) < p_drop / block**2 * (H * W) / (h * w)
        return dropblock_expand(seeds, block)
    together = {"unit": (N, C, H, W), "channel": (N, C, 1, 1), "branch": (N, 1, 1, 1)}
    if level not in together:
        raise ValueError(f"level must be unit, channel, block or branch, got {level!r}")
    return np.broadcast_to(rng.random(together[level]) >= p_drop, shape).astype(float)
    ### END SOLUTION


# %% check="dropout_ladder"
check("dropout_ladder")

# %% [markdown]
# ## 6 · Stochastic depth

# %% [markdown]
# ### Exercise: `survival_probs`, `expected_depth` and `StochasticDepth` (7 points)


# %% exercise="stochastic_depth" points=7
def survival_probs(L, p_L):
    """The linear rule: how probable it is that block l survives.

        p_l = 1 - (l / L) (1 - p_L),    l = 1, ..., L

    Args:
        L: Number of blocks, at least 1.
        p_L: Survival probability of the last block, in [0, 1].

    Returns:
        (L,) probabilities, the first block's first: a NumPy array or a tensor. The last is p_L; the first is already a
        little below 1, as l starts at 1 (l = 0 is the input, which always survives).
    """
    ### BEGIN SOLUTION
    return 1 - np.arange(1, L + 1) / L * (1 - p_L)
    ### END SOLUTION


def expected_depth(p):
    """The number of blocks that survive, on average.

    Args:
        p: (L,) survival probabilities.

    Returns:
        The expected number of surviving blocks, a float.
    """
    ### BEGIN SOLUTION
    return float(np.sum(p))
    ### END SOLUTION


class StochasticDepth(nn.Module):
    """Adds the branch of a residual block to its skip, or drops the branch as a whole.

        in training      scale "test":   y = skip + b * branch               scale "train":   y = skip + b / p * branch
        in evaluation    scale "test":   y = skip + p * branch               scale "train":   y = skip + branch

    p is the survival probability, b the gate: 1 with probability p, else 0. With mode "row" every example (axis 0) of
    the batch has a gate of its own, with mode "batch" one gate serves the whole batch. Every call draws anew.

    last_gate: the gates b of the latest call in training, 0 or 1 also with scale "train": N of them with mode "row", one
    with mode "batch", in any shape and dtype (a number of Python is fine with mode "batch").
    """

    def __init__(self, p_survive, mode="row", scale="test", generator=None):
        """Remember the settings.

        Args:
            p_survive: Survival probability p: in [0, 1] with scale "test", in (0, 1] with scale "train".
            mode: "row" or "batch".
            scale: "test" (as in the paper) or "train" (as in timm).
            generator: A torch.Generator, the only source of the gates (the global random state of torch stays as it
                is), or None for torch's global generator.

        Raises:
            ValueError: p_survive is outside its range, mode or scale is something else. The message names the argument.
        """
        super().__init__()
        ### BEGIN SOLUTION
        if mode not in ("row", "batch"):
            raise ValueError(f"mode must be row or batch, got {mode!r}")
        if scale not in ("test", "train"):
            raise ValueError(f"scale must be test or train, got {scale!r}")
        if not 0 <= p_survive <= 1 or (scale == "train" and p_survive == 0):
            raise ValueError(f"p_survive must be in [0, 1] and not 0 with scale train, got {p_survive}")
        self.p_survive, self.mode, self.scale, self.generator = p_survive, mode, scale, generator
        self.last_gate = None
        ### END SOLUTION

    def forward(self, branch, skip):
        """The skip plus what is left of the branch.

        Args:
            branch: Tensor (N, ...), the output of the branch. It is not changed.
            skip: Tensor of the same shape. It is never scaled nor dropped, and not changed.

        Returns:
            Tensor of the shape and dtype of skip.
        """
        ### BEGIN SOLUTION
        if not self.training:
            return skip + (self.p_survive if self.scale == "test" else 1.0) * branch
        N = len(branch) if self.mode == "row" else 1
        shape = (N, *[1] * (branch.ndim - 1))
        self.last_gate = (torch.rand(shape, generator=self.generator) < self.p_survive).to(branch)
        scale = 1 / self.p_survive if self.scale == "train" else 1.0
        return skip + self.last_gate * scale * branch
        ### END SOLUTION


# %% check="stochastic_depth"
check("stochastic_depth")

# %% [markdown]
# ## What you built and where it goes next

# %%
progress()
