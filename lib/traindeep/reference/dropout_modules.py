"""Dropout as a torch module: nn.Dropout's contract, with a generator of its own.

Sources: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014, section
10; PyTorch's documentation of `Dropout` for the contract of the module.
"""

import torch
from torch import Tensor, nn


class InvertedDropout(nn.Module):
    """Inverted dropout of single values, with the contract of nn.Dropout.

        in training      y = x * mask / (1 - p),    each entry of the mask is 0 with probability p, else 1
        in evaluation    y = x

    Every value is dropped independently of all others, in images, too: torch's sentence "each channel will be zeroed
    out independently" describes nn.Dropout2d. Every call draws a new mask. With p = 1 the output is 0 (not nan). y has
    the dtype and the device of x. Backward goes through the same mask.

    Args:
        p: Probability that a value is dropped, in [0, 1].
        generator: Source of the masks, on the CPU or where x is; None is torch's global generator.

    Raises:
        ValueError: p is outside [0, 1].

    >>> layer = InvertedDropout(0.0)
    >>> layer(torch.tensor([1.0, -2.0])).tolist(), InvertedDropout(1.0)(torch.tensor([1.0, -2.0])).abs().tolist()
    ([1.0, -2.0], [0.0, 0.0])
    """

    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        device = x.device if self.generator is None else self.generator.device
        mask = torch.rand(x.shape, generator=self.generator, device=device) >= self.p  # numbers in [0, 1)
        scale = 0.0 if self.p == 1 else 1 / (1 - self.p)
        return x * (mask.to(x) * scale)

    def extra_repr(self) -> str:
        return f"p={self.p}"
