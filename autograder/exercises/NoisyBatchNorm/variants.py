"""Right answers to NoisyBatchNorm, written in other ways."""

import torch
import torch.nn.functional as F
from torch import nn


class subclass(nn.BatchNorm1d):
    """A kind of nn.BatchNorm1d; the scale is drawn first, in place."""

    def __init__(self, num_features, mean_range, std_max, generator=None):
        if not mean_range >= 0:
            raise ValueError(f"mean_range: {mean_range}")
        if not std_max >= 1:
            raise ValueError(f"std_max: {std_max}")
        super().__init__(num_features)
        self.mean_range, self.std_max, self.generator = mean_range, std_max, generator

    def forward(self, input):
        out = super().forward(input)
        if self.training:
            self.last_scale = torch.empty_like(out[0]).uniform_(1, self.std_max, generator=self.generator)
            self.last_shift = torch.empty_like(out[0]).uniform_(
                -self.mean_range, self.mean_range, generator=self.generator
            )
            out = torch.addcmul(self.last_shift, out, self.last_scale)
        return out


class functional(nn.Module):
    """F.batch_norm with buffers of its own; the noise is kept in buffers, too, and enters as weight and bias."""

    def __init__(self, num_features, mean_range, std_max, generator=None):
        super().__init__()
        if mean_range < 0.0:
            raise ValueError("mean_range is negative")
        if std_max < 1.0:
            raise ValueError("std_max is less than 1")
        self.gamma, self.beta = nn.Parameter(torch.ones(num_features)), nn.Parameter(torch.zeros(num_features))
        for name, start in (("mean", 0.0), ("var", 1.0), ("last_shift", 0.0), ("last_scale", 1.0)):
            self.register_buffer(name, torch.full((num_features,), start))
        self.limits, self.generator = (mean_range, std_max), generator

    def forward(self, x):
        if not self.training:
            return F.batch_norm(x, self.mean, self.var, self.gamma, self.beta)
        low, high = torch.tensor([-self.limits[0], 1.0]), torch.tensor([self.limits[0], self.limits[1]])
        draws = low + (high - low) * torch.rand(x.shape[1], 2, generator=self.generator)
        self.last_shift.copy_(draws[:, 0])
        self.last_scale.copy_(draws[:, 1])
        s, t = self.last_scale.clone(), self.last_shift.clone()
        return F.batch_norm(x, self.mean, self.var, self.gamma * s, self.beta * s + t, training=True)


class wrapper(nn.Module):
    """An inner layer; numbers one at a time from whole numbers of 53 bits."""

    def __init__(self, num_features, mean_range, std_max, generator=None):
        super().__init__()
        if mean_range < 0 or std_max < 1:
            raise ValueError("mean_range must be at least 0 and std_max at least 1")
        self.inner, self.generator = nn.BatchNorm1d(num_features), generator
        self.a, self.b = mean_range, std_max

    def _uniform(self, low, high, like):
        whole = torch.randint(2**53, (like.shape[1],), generator=self.generator)
        return (low + (high - low) * whole.double() / 2**53).to(like.dtype)

    def forward(self, x):
        y = self.inner(x)
        if self.training:
            self.last_shift, self.last_scale = self._uniform(-self.a, self.a, y), self._uniform(1.0, self.b, y)
            y = self.last_shift + self.last_scale * y
        return y
