"""Right answers to survival_probs, expected_depth and StochasticDepth, written in other ways."""

import numpy as np
import torch
from torch import nn

from autograder.exercise import replaces


@replaces("survival_probs")
def linspace_without_the_first(L, p_L):
    """np.linspace with one more number."""
    return np.linspace(1.0, p_L, L + 1)[1:]


@replaces("survival_probs")
def as_a_tensor(L, p_L):
    """A float32 tensor."""
    return 1 - torch.arange(1, L + 1) / L * (1 - p_L)


@replaces("survival_probs")
def one_by_one(L, p_L):
    """A loop over l."""
    p = np.empty(L)
    for i in range(L):
        p[i] = ((L - i - 1) + (i + 1) * p_L) / L
    return p


@replaces("expected_depth")
def summed(p):
    """Python's sum."""
    return sum(p)


@replaces("expected_depth")
def by_enumeration(p):
    """The distribution of the number of survivors, block by block; a tensor."""
    law = np.ones(1)
    for value in np.asarray(p, dtype=float):
        law = np.convolve(law, [1 - value, value])
    return torch.tensor(law @ np.arange(len(law)))


class _Settings(nn.Module):
    def __init__(self, p_survive, mode="row", scale="test", generator=None):
        super().__init__()
        if mode not in {"row", "batch"}:
            raise ValueError(f"mode={mode!r}")
        if scale not in {"test", "train"}:
            raise ValueError(f"scale={scale!r}")
        if p_survive < 0 or p_survive > 1 or (p_survive == 0 and scale == "train"):
            raise ValueError(f"p_survive={p_survive}")
        self.p, self.mode, self.generator = p_survive, mode, generator
        self.divides = scale == "train"


@replaces("StochasticDepth")
class bernoulli(_Settings):
    """torch.bernoulli; the gates as (N,)."""

    def forward(self, branch, skip):
        if self.training:
            rates = torch.full((len(branch) if self.mode == "row" else 1,), float(self.p))
            self.last_gate = torch.bernoulli(rates, generator=self.generator)
            factor = self.last_gate / self.p if self.divides else self.last_gate
            return skip + branch * factor.to(branch.dtype).reshape(-1, *[1] * (branch.ndim - 1))
        return skip + branch if self.divides else torch.add(skip, branch, alpha=self.p)


@replaces("StochasticDepth")
class early_return(_Settings):
    """With mode "batch" the gate is a number of Python, and a dropped branch is not touched."""

    def forward(self, branch, skip):
        if not self.training:
            return skip + (1.0 if self.divides else self.p) * branch
        factor = 1 / self.p if self.divides else 1.0
        if self.mode == "batch":
            self.last_gate = int(torch.rand((), generator=self.generator) < self.p)
            return skip + factor * branch if self.last_gate else skip + 0 * branch
        there = torch.rand(branch.shape[0], generator=self.generator) < self.p
        self.last_gate = there
        return torch.where(there.reshape(-1, *[1] * (branch.ndim - 1)), skip + factor * branch, skip)


@replaces("StochasticDepth")
class drawn_for_all(_Settings):
    """Numbers for all examples in float64, of which mode "batch" uses the first; the gates repeated for the batch."""

    last_gate = None

    def forward(self, branch, skip):
        if self.training is True:
            numbers = torch.empty(len(branch), dtype=torch.float64).uniform_(generator=self.generator)
            if self.mode == "batch":
                numbers = numbers[:1].repeat(len(branch))
            self.last_gate = (numbers <= self.p).to(torch.int64) if self.p > 0 else torch.zeros(len(branch))
            gate = self.last_gate.to(branch.dtype).view([-1] + [1] * (branch.dim() - 1))
            return gate * branch / (self.p if self.divides else 1) + skip
        return branch * (1 if self.divides else self.p) + skip


@replaces("StochasticDepth")
class like_drop_path(_Settings):
    """As timm writes it: a new tensor filled with bernoulli_, divided in place; whole numbers below a million with mode batch."""

    def forward(self, branch, skip):
        if not self.training:
            return skip + branch.mul(1.0 if self.divides else self.p)
        if self.mode == "row":
            gate = branch.new_empty((branch.shape[0],) + (1,) * (branch.ndim - 1)).bernoulli_(
                self.p, generator=self.generator
            )
        else:
            number = torch.randint(10**6, (1,), generator=self.generator)
            gate = (number < round(self.p * 10**6)).to(branch).reshape((1,) * branch.ndim)
        self.last_gate = gate.clone()
        if self.divides:
            gate.div_(self.p)
        return skip + branch * gate
