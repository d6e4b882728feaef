"""Right answers to InvertedDropout, written in other ways."""

import torch
from torch import nn


class _Rate(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"p is {p}")
        self.keep, self.generator = 1 - p, generator


class bernoulli(_Rate):
    """torch.bernoulli of a tensor of probabilities; an equal tensor in evaluation."""

    def forward(self, x):
        if self.training is False:
            return x * 1
        mask = torch.bernoulli(torch.full_like(x, self.keep), generator=self.generator)
        return x * mask / (self.keep if self.keep else 1)


class bernoulli_in_place(_Rate):
    """A new tensor that is filled, divided by the probability to keep, and multiplied."""

    def forward(self, x):
        if not self.training or self.keep == 1:
            return x
        noise = torch.empty_like(x).detach().bernoulli_(self.keep, generator=self.generator)
        if self.keep > 0:
            noise.div_(self.keep)
        return x * noise


class where(_Rate):
    """torch.where and torch.rand in float64; the mask is bool."""

    def forward(self, x):
        if self.training:
            mask = torch.rand(*x.shape, dtype=torch.float64, generator=self.generator) < self.keep
            return torch.where(mask, x / max(self.keep, 1e-30), torch.zeros_like(x))
        return x


class masked_fill(_Rate):
    """Whole numbers below 10^6; masked_fill."""

    def forward(self, x):
        if not self.training:
            return x.clone()
        dropped = torch.randint(10**6, x.shape, generator=self.generator) >= round(10**6 * self.keep)
        return x.masked_fill(dropped, 0.0) * (self.keep**-1 if self.keep > 0 else 0)


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(factor)
        return x * factor

    @staticmethod
    def backward(ctx, dy):
        (factor,) = ctx.saved_tensors
        return dy * factor, None


class own_backward(_Rate):
    """A custom autograd Function; uniform_ over another interval, flat and reshaped."""

    def forward(self, x):
        if not self.training:
            return x
        numbers = torch.empty(x.numel(), dtype=torch.float64).uniform_(-1, 1, generator=self.generator)
        kept = (numbers < 2 * self.keep - 1).reshape(x.shape).to(x.dtype)
        return _Through.apply(x, kept / self.keep if self.keep > 0 else kept)


class functional(nn.Module):
    """A function of its own, with the rate in a buffer that is not stored; normal numbers and their quantile."""

    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not (p >= 0 and p <= 1):
            raise ValueError("p is no probability")
        self.register_buffer("rate", torch.tensor(float(p), dtype=torch.float64), persistent=False)
        self.source = generator

    def forward(self, x):
        return self.thin(x) if self.training else x

    def thin(self, x):
        keep = 1 - float(self.rate)
        if keep == 0:
            return torch.zeros_like(x) * x
        limit = torch.special.ndtri(torch.tensor(keep, dtype=torch.float64))
        kept = torch.randn(x.shape, generator=self.source, dtype=torch.float64) <= limit
        return x / keep * kept


class last_mask_kept(_Rate):
    """The mask is kept as an attribute; exponential numbers; no gradient is recorded while drawing."""

    def forward(self, x):
        if not self.training:
            self.last_mask = None
            return x
        with torch.no_grad():
            numbers = torch.empty(x.shape, dtype=torch.float64).exponential_(generator=self.generator)
            self.last_mask = (numbers >= -torch.log(torch.tensor(self.keep, dtype=torch.float64))).type_as(x)
            self.last_mask *= 1 / self.keep if self.keep else 0
        return torch.mul(x, self.last_mask)
