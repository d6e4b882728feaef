"""Stand-ins for 11_residual_networks, put together from accumulate, multi_dot, scipy's filters and torch's containers."""

from collections.abc import Callable
from itertools import accumulate, combinations

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("11")
def compose(fs: list[Callable], x: Array) -> Array:
    """f_L(... f_1(x))."""
    return [*accumulate(fs, lambda value, f: f(value), initial=x)][-1]


@of("11")
def residual_forward(fs: list[Callable], x: Array) -> tuple[Array, list[Array]]:
    """x plus all branches, and the branches."""
    branches = []

    def add(value, f):
        branches.append(np.asarray(f(value)))
        if np.shape(branches[-1]) != np.shape(value):
            raise ValueError(f"fs: a function made {np.shape(branches[-1])} of the shape {np.shape(value)}")
        return np.add(value, branches[-1])

    return [*accumulate(fs, add, initial=np.array(x))][-1], branches


@of("11")
def residual_backward(dy: Array, jacs: list[Array]) -> Array:
    """dy times the Jacobian of the whole network, which is one product of matrices."""
    D = np.size(dy)
    for name, value, shape in (("dy", dy, (D,)), *(("jacs", jac, (D, D)) for jac in jacs)):
        if np.shape(value) != shape:
            raise ValueError(f"{name} must have shape {shape}, got {np.shape(value)}")
    blocks = [np.eye(D) + np.asarray(jac) for jac in reversed(jacs)]
    return np.linalg.multi_dot([np.asarray(dy, float), *blocks])


@of("11")
def paths_by_length(jacs: list[Array]) -> Array:
    """The sum over all choices of k blocks, choice by choice."""
    D = len(jacs[0])
    if any(np.shape(jac) != (D, D) for jac in jacs):
        raise ValueError(f"jacs must all have shape ({D}, {D})")
    later_first = [np.asarray(jac, float) for jac in reversed(jacs)]
    return np.array(
        [
            np.sum(
                [np.linalg.multi_dot([np.eye(D), np.eye(D), *path]) for path in combinations(later_first, k)], axis=0
            )
            for k in range(len(jacs) + 1)
        ]
    )


@of("11", lazily=True)
def BasicBlock() -> type:
    from torch import nn

    class BasicBlock(nn.Module):
        """Two convolutions with norms, and a shortcut of option A, B or C."""

        def __init__(self, in_ch, out_ch, stride=1, shortcut="B", norm=nn.BatchNorm2d):
            super().__init__()
            if shortcut not in tuple("ABC"):
                raise ValueError(f"shortcut is {shortcut!r}, not A, B or C")
            if shortcut == "A" and out_ch < in_ch:
                raise ValueError(f"shortcut A cannot make {out_ch} of {in_ch} channels: in_ch is at most out_ch")
            self.conv1, self.bn1 = _conv(in_ch, out_ch, 3, stride), norm(out_ch)
            self.conv2, self.bn2 = _conv(out_ch, out_ch, 3), norm(out_ch)
            changes = shortcut == "C" or stride > 1 or in_ch != out_ch
            if shortcut == "A":  # a pool of single pixels picks every stride-th one
                self.shortcut = nn.Sequential(nn.MaxPool2d(1, stride), nn.ZeroPad3d((0, 0, 0, 0, 0, out_ch - in_ch)))
            else:
                self.shortcut = nn.Sequential(*([_conv(in_ch, out_ch, 1, stride), norm(out_ch)] if changes else []))

        def forward(self, x):
            branch = nn.Sequential(self.conv1, self.bn1, nn.ReLU(), self.conv2, self.bn2)
            return (branch(x) + self.shortcut(x)).relu()

    return BasicBlock


@of("11", lazily=True)
def Bottleneck() -> type:
    from torch import nn

    class Bottleneck(nn.Module):
        """1x1, 3x3 (with the stride) and 1x1 convolutions with norms, and a shortcut."""

        def __init__(self, in_ch, mid, stride=1, expansion=4, norm=nn.BatchNorm2d):
            super().__init__()
            if min(mid, expansion) < 1:
                raise ValueError(f"mid and expansion are at least 1, got {mid} and {expansion}")
            out = mid * expansion
            for number, layer in enumerate((_conv(in_ch, mid, 1), _conv(mid, mid, 3, stride), _conv(mid, out, 1)), 1):
                self.add_module(f"conv{number}", layer)
                self.add_module(f"bn{number}", norm(layer.out_channels))
            changes = stride > 1 or in_ch != out
            self.shortcut = nn.Sequential(*([_conv(in_ch, out, 1, stride), norm(out)] if changes else []))

        def forward(self, x):
            inside = [self.conv1, self.bn1, nn.ReLU(), self.conv2, self.bn2, nn.ReLU(), self.conv3, self.bn3]
            return (nn.Sequential(*inside)(x) + self.shortcut(x)).relu()

    return Bottleneck


@of("11", lazily=True)
def PreActBlock() -> type:
    from torch import nn

    class PreActBlock(nn.Module):
        """Norms and relus in front of the convolutions, nothing after the sum."""

        def __init__(self, in_ch, out_ch, stride=1, zero_init=False, norm=nn.BatchNorm2d):
            super().__init__()
            self.bn1, self.conv1 = norm(in_ch), _conv(in_ch, out_ch, 3, stride)
            self.bn2, self.conv2 = norm(out_ch), _conv(out_ch, out_ch, 3)
            self.shortcut = _conv(in_ch, out_ch, 1, stride) if stride > 1 or in_ch != out_ch else None
            if zero_init:
                nn.init.constant_(self.conv2.weight, 0)

        def forward(self, x):
            h = self.bn1(x).relu()
            branch = nn.Sequential(self.conv1, self.bn2, nn.ReLU(), self.conv2)(h)
            return branch + (x if self.shortcut is None else self.shortcut(h))

    return PreActBlock


@of("11")
def euler_resnet(f: Callable[[Array], Array], x0: Array, T: float, L: int) -> Array:
    """Euler's method with L steps."""
    if L < 1:
        raise ValueError(f"L is at least 1, got {L}")
    steps = np.full(L, T / L)
    return [*accumulate(steps, lambda x, h: x + h * np.asarray(f(x)), initial=np.array(x0, float))][-1]


@of("11")
def observed_order(errors: Array, Ls: Array) -> float:
    """Minus the slope of the line through (log L, log error)."""
    return -float(np.polynomial.Polynomial.fit(np.log(Ls), np.log(errors), 1).convert().coef[1])


@of("11")
def dropblock_expand(seeds: Array, block: int) -> Array:
    """1 minus the maximum over block x block pixels."""
    from scipy import ndimage

    if not block % 2:
        raise ValueError(f"block must be odd, got {block}")
    seeds = np.asarray(seeds, float)
    return 1 - ndimage.maximum_filter(seeds, (1, 1, block, block), mode="constant")


@of("11")
def ladder_mask(
    shape: tuple[int, int, int, int], level: str, p_drop: float, rng: np.random.Generator, block: int = 3
) -> Array:
    """A mask whose units are single values, maps, patches or whole examples."""
    axes = {"unit": 4, "channel": 2, "branch": 1}
    if level == "block":
        return _patches(shape, p_drop, rng, block)
    if level not in axes:
        raise ValueError(f"level is {level!r}, not unit, channel, block or branch")
    drawn = rng.binomial(1, 1 - p_drop, size=shape[: axes[level]])
    return np.tile(drawn[(..., *[None] * (4 - axes[level]))], (*[1] * axes[level], *shape[axes[level] :]))


def _patches(shape: tuple[int, int, int, int], p_drop: float, rng: np.random.Generator, block: int) -> Array:
    H, W = shape[2:]
    if block > min(H, W) or block % 2 == 0:
        raise ValueError(f"block must be odd and at most {min(H, W)}, got {block}")
    places, margin = (H - block + 1) * (W - block + 1), block // 2
    seeds = np.zeros(shape, int)
    inside = seeds[:, :, margin : H - margin, margin : W - margin]
    inside[:] = rng.binomial(1, p_drop * H * W / (block**2 * places), size=inside.shape)
    return dropblock_expand(seeds, block)


@of("11")
def survival_probs(L: int, p_L: float) -> Array:
    """L numbers in equal steps, down from 1 (left out) to p_L."""
    return np.linspace(1, p_L, L + 1)[1:]


@of("11")
def expected_depth(p: Array) -> float:
    """The expected number of survivors."""
    return float(np.asarray(p).sum())


@of("11", lazily=True)
def StochasticDepth() -> type:
    import torch
    from torch import nn

    class StochasticDepth(nn.Module):
        """Adds branch and skip, or leaves the branch out."""

        def __init__(self, p_survive, mode="row", scale="test", generator=None):
            super().__init__()
            if mode not in ("row", "batch") or scale not in ("test", "train"):
                raise ValueError(f"mode is row or batch, scale is test or train; got {mode!r} and {scale!r}")
            if not 0 <= p_survive <= 1 or (p_survive == 0 and scale == "train"):
                raise ValueError(f"p_survive must be in [0, 1], above 0 with scale train; got {p_survive}")
            vars(self).update(p_survive=p_survive, mode=mode, scale=scale, generator=generator, last_gate=None)

        def forward(self, branch, skip):
            if not self.training:
                return torch.add(skip, branch, alpha=self.p_survive if self.scale == "test" else 1.0)
            count = len(branch) if self.mode == "row" else 1
            rates = torch.full((count, *[1] * (branch.ndim - 1)), float(self.p_survive), dtype=branch.dtype)
            self.last_gate = torch.bernoulli(rates, generator=self.generator)
            factor = self.last_gate / (self.p_survive if self.scale == "train" else 1)
            return torch.addcmul(skip, branch, factor)

    return StochasticDepth


def _conv(in_ch: int, out_ch: int, size: int, stride: int = 1):
    from torch import nn

    return nn.Conv2d(in_ch, out_ch, size, stride, padding="same" if stride == 1 else size // 2, bias=False)
