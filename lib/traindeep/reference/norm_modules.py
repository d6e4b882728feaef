"""Layer normalization and group normalization as torch modules.

Both look at one case at a time, so they have no buffers and no mode: training and evaluation are the same.

Sources: Ba, Kiros, Hinton, "Layer Normalization", arXiv:1607.06450; Wu & He, "Group Normalization", arXiv:1803.08494;
PyTorch's documentation of `LayerNorm` and `GroupNorm` for the contract of the modules.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LayerNormScratch(nn.Module):
    """Layer normalization over the last axes, with the contract of nn.LayerNorm.

        y = weight * (x - mean) / sqrt(var + eps) + bias

    mean and var are taken over the last len(normalized_shape) axes, for every index of the other axes by itself; var
    divides by the number of values (biased), eps is inside the square root. weight and bias have one entry for each
    normalized *element*: with normalized_shape (C, H, W) they are (C, H, W), not (C,).

    Args:
        normalized_shape: Lengths of the last axes; an int stands for one axis.
        eps: Added to the variance.

    Raises:
        ValueError: (on a call) the last axes of x are not normalized_shape.

    Source: Ba, Kiros, Hinton, arXiv:1607.06450, section 3.

    >>> LayerNormScratch(2, eps=0.0)(torch.tensor([[1.0, 3.0], [5.0, 1.0]])).tolist()
    [[-1.0, 1.0], [1.0, -1.0]]
    """

    def __init__(self, normalized_shape: int | Sequence[int], eps: float = 1e-5):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(self.normalized_shape))
        self.bias = nn.Parameter(torch.zeros(self.normalized_shape))

    def forward(self, x: Tensor) -> Tensor:
        axes = len(self.normalized_shape)
        if x.ndim < axes or tuple(x.shape[-axes:]) != self.normalized_shape:
            raise ValueError(
                f"the last axes of x must be normalized_shape {self.normalized_shape}, got {tuple(x.shape)}"
            )
        return _normalize(x, tuple(range(-axes, 0)), self.eps) * self.weight + self.bias


class GroupNormScratch(nn.Module):
    """Group normalization of (N, C, ...), with the contract of nn.GroupNorm.

        y = weight_c * (x - mean) / sqrt(var + eps) + bias_c

    mean and var are taken for each case and each group of C / G neighbouring channels, over these channels and all
    positions; var divides by the number of values (biased), eps is inside the square root. weight and bias have one
    entry for each channel, not for each group.

    Args:
        num_groups: Number of groups G.
        num_channels: Number of channels C, a multiple of G.
        eps: Added to the variance.

    Raises:
        ValueError: num_channels is no multiple of num_groups, or num_groups < 1; (on a call) axis 1 of x is not C long.

    Source: Wu & He, arXiv:1803.08494, section 3.1.

    >>> GroupNormScratch(2, 4, eps=0.0)(torch.tensor([[1.0, 3.0, 50.0, 10.0]])).tolist()
    [[-1.0, 1.0, 1.0, -1.0]]
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5):
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"num_channels must be a multiple of num_groups, got {num_channels} and {num_groups}")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ValueError(f"x must have {self.num_channels} channels on axis 1, got shape {tuple(x.shape)}")
        groups = x.reshape(len(x), self.num_groups, -1)  # (N, G, C / G * positions): a group is one stretch of memory
        y = _normalize(groups, (-1,), self.eps).reshape(x.shape)
        per_channel = (-1, *[1] * (x.ndim - 2))  # (C,), (C, 1) or (C, 1, 1)
        return y * self.weight.view(per_channel) + self.bias.view(per_channel)


def _normalize(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    var, mean = torch.var_mean(x, dim=axes, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps)
