"""Right answers to LayerNormScratch and GroupNormScratch, written in other ways."""

import torch
from torch import nn

from autograder.exercise import replaces


@replaces("LayerNormScratch")
class flattened(nn.Module):
    """The normalized axes flattened into one, var_mean, rsqrt."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        self.normalized_shape = torch.Size(
            [normalized_shape] if isinstance(normalized_shape, int) else normalized_shape
        )
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(self.normalized_shape))
        self.bias = nn.Parameter(torch.zeros(self.normalized_shape))

    def forward(self, x):
        k = len(self.normalized_shape)
        if x.shape[x.dim() - k :] != self.normalized_shape:
            raise ValueError(f"expected an x that ends in {self.normalized_shape}")
        rows = x.reshape(-1, self.normalized_shape.numel())
        var, mean = torch.var_mean(rows, 1, unbiased=False, keepdim=True)
        return ((rows - mean) * (var + self.eps).rsqrt()).reshape(x.shape) * self.weight + self.bias


@replaces("LayerNormScratch")
class second_moment(nn.Module):
    """E[x^2] - E[x]^2 over axes counted from the front, addcmul at the end."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__()
        try:
            self.shape = tuple(normalized_shape)
        except TypeError:
            self.shape = (normalized_shape,)
        self.eps = eps
        self.register_parameter("weight", nn.Parameter(torch.full(self.shape, 1.0)))
        self.register_parameter("bias", nn.Parameter(torch.full(self.shape, 0.0)))

    def forward(self, x):
        first = x.ndim - len(self.shape)
        if first < 0 or x.shape[first:] != self.shape:
            raise ValueError(f"normalized_shape is {self.shape}, x is {tuple(x.shape)}")
        dims = list(range(first, x.ndim))
        mean = x.mean(dims, keepdim=True)
        var = x.square().mean(dims, keepdim=True) - mean.square()
        return torch.addcmul(self.bias, self.weight, (x - mean) / (var + self.eps).sqrt())


@replaces("GroupNormScratch")
class five_axes(nn.Module):
    """(N, G, C / G, positions) with the affine map folded into one scale and one shift."""

    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        if num_groups <= 0 or num_channels % num_groups != 0:
            raise ValueError(f"{num_channels} channels (num_channels) in {num_groups} groups?")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = nn.Parameter(torch.ones(num_channels))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        if x.size(1) != self.num_channels:
            raise ValueError(f"x should have {self.num_channels} channels")
        size = self.num_channels // self.num_groups
        g = x.reshape(x.size(0), self.num_groups, size, -1)
        mean = g.mean(dim=(2, 3), keepdim=True)
        std = ((g - mean) ** 2).mean(dim=(2, 3), keepdim=True).add(self.eps).sqrt()
        scale = self.weight.view(self.num_groups, size, 1) / std
        return (g * scale + (self.bias.view(self.num_groups, size, 1) - mean * scale)).reshape(x.shape)


@replaces("GroupNormScratch")
class group_by_group(nn.Module):
    """A loop over stretches of channels, put together with cat; channels are moved last for the affine map."""

    def __init__(self, num_groups, num_channels, eps=1e-5):
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError("num_groups must divide num_channels")
        self.size, self.channels, self.eps = num_channels // num_groups, num_channels, eps
        self.weight, self.bias = nn.Parameter(torch.ones(num_channels)), nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        if x.shape[1] != self.channels:
            raise ValueError(f"num_channels is {self.channels}, x has {x.shape[1]}")
        dims, parts = tuple(range(1, x.ndim)), []
        for g in x.split(self.size, dim=1):
            var, mean = torch.var_mean(g, dims, correction=0, keepdim=True)
            parts.append((g - mean) / torch.sqrt(var + self.eps))
        return (torch.cat(parts, 1).movedim(1, -1) * self.weight + self.bias).movedim(-1, 1)
