"""The blocks of residual networks: basic, bottleneck and pre-activation.

All convolutions are without bias, as a norm follows (or has already taken the mean away). `norm` makes a norm from a
number of channels, so that batch norm can be replaced by group norm, or by none (nn.Identity).

Sources: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385, sections 3.3 and 4.1
(options A, B, C); "Identity Mappings in Deep Residual Networks", arXiv:1603.05027, section 4; torchvision's resnet.py for
the stride of the bottleneck.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

Norm = Callable[[int], nn.Module]


class BasicBlock(nn.Module):
    """y = relu(bn2(conv2(relu(bn1(conv1(x))))) + s(x)).

    The relu comes after the sum: before it, a branch could only add. The stride is in conv1 and in the shortcut.

    Args:
        in_ch: Channels of x.
        out_ch: Channels of y.
        stride: Of conv1 and of the shortcut.
        shortcut: "A": subsample, and append out_ch - in_ch channels of zeros. "B": x where the shape stays, else a 1x1
            convolution and a norm. "C": always the projection.
        norm: Makes a norm from a number of channels.

    Raises:
        ValueError: in_ch > out_ch with "A", or an unknown option.

    Source: He et al., arXiv:1512.03385, figure 2 and section 3.3.

    >>> sum(p.numel() for p in BasicBlock(16, 16).parameters())  # 2 * 16 * 16 * 9 weights, 4 * 16 of the norms
    4672
    """

    def __init__(
        self, in_ch: int, out_ch: int, stride: int = 1, shortcut: str = "B", norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        if shortcut not in ("A", "B", "C"):
            raise ValueError(f'shortcut must be "A", "B" or "C", got {shortcut!r}')
        if shortcut == "A" and in_ch > out_ch:
            raise ValueError(f"with shortcut A in_ch must be at most out_ch, got {in_ch} and {out_ch}")
        self.conv1, self.bn1 = _conv(in_ch, out_ch, 3, stride), norm(out_ch)
        self.conv2, self.bn2 = _conv(out_ch, out_ch, 3), norm(out_ch)
        if shortcut == "A":
            self.shortcut = _Subsample(stride, out_ch - in_ch)
        else:
            same = shortcut == "B" and stride == 1 and in_ch == out_ch
            self.shortcut = nn.Identity() if same else _projection(in_ch, out_ch, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.shortcut(x))


class Bottleneck(nn.Module):
    """y = relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + s(x)), 1x1, 3x3 and 1x1.

    The 3x3 convolution works on mid channels only: 256-64-64-256 has 69,632 weights, two 3x3 on 64 channels have 73,728.
    The stride is in the 3x3 convolution (torchvision); in the first 1x1 (the paper) three of four pixels would be lost
    unseen.

    Args:
        in_ch: Channels of x.
        mid: Channels inside; y has mid * expansion.
        stride: Of conv2 and of the projection.
        expansion: Channels of y, divided by mid.
        norm: Makes a norm from a number of channels.

    Raises:
        ValueError: mid < 1 or expansion < 1.

    Source: He et al., arXiv:1512.03385, figure 5.

    >>> block = Bottleneck(256, 64)
    >>> sum(p.numel() for p in block.parameters() if p.ndim == 4)
    69632
    """

    def __init__(self, in_ch: int, mid: int, stride: int = 1, expansion: int = 4, norm: Norm = nn.BatchNorm2d) -> None:
        super().__init__()
        for name, value in (("mid", mid), ("expansion", expansion)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        out_ch = mid * expansion
        self.conv1, self.bn1 = _conv(in_ch, mid, 1), norm(mid)
        self.conv2, self.bn2 = _conv(mid, mid, 3, stride), norm(mid)
        self.conv3, self.bn3 = _conv(mid, out_ch, 1), norm(out_ch)
        same = stride == 1 and in_ch == out_ch
        self.shortcut = nn.Identity() if same else _projection(in_ch, out_ch, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        return F.relu(self.bn3(self.conv3(h)) + self.shortcut(x))


class PreActBlock(nn.Module):
    """h = relu(bn1(x)), y = s + conv2(relu(bn2(conv1(h)))), and nothing after the sum.

    Where the shape stays, s is x: a stack of such blocks is x plus the sum of its branches. Elsewhere s is a 1x1
    convolution of h, without norm.

    Args:
        in_ch: Channels of x.
        out_ch: Channels of y.
        stride: Of conv1 and of the projection.
        zero_init: conv2 starts at 0. (A zero weight of bn2 would start as the identity as well, but then the relu in
            front of conv2 sits at 0 with slope 0, and the block never learns.)
        norm: Makes a norm from a number of channels.

    Source: He et al., arXiv:1603.05027, figure 4 (e).

    >>> import torch
    >>> x = torch.randn(2, 4, 5, 5)
    >>> bool((PreActBlock(4, 4, zero_init=True)(x) == x).all())
    True
    """

    def __init__(
        self, in_ch: int, out_ch: int, stride: int = 1, zero_init: bool = False, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        self.bn1, self.conv1 = norm(in_ch), _conv(in_ch, out_ch, 3, stride)
        self.bn2, self.conv2 = norm(out_ch), _conv(out_ch, out_ch, 3)
        same = stride == 1 and in_ch == out_ch
        self.shortcut = None if same else _conv(in_ch, out_ch, 1, stride)
        if zero_init:
            nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(h)
        return skip + self.conv2(F.relu(self.bn2(self.conv1(h))))


class _Subsample(nn.Module):
    """Every stride-th row and column, then channels of zeros."""

    def __init__(self, stride: int, more: int) -> None:
        super().__init__()
        self.stride, self.more = stride, more

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


def _conv(in_ch: int, out_ch: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_ch, out_ch, size, stride=stride, padding=size // 2, bias=False)


def _projection(in_ch: int, out_ch: int, stride: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(_conv(in_ch, out_ch, 1, stride), norm(out_ch))
