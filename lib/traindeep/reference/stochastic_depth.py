"""Stochastic depth: residual branches that are dropped as a whole while training.

Sources: Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks with Stochastic Depth", arXiv:1603.09382, section 3 (one gate
for the batch, scaling at test time); timm's `DropPath` (one gate for each example, scaling in training).
"""

import numpy as np
import torch
from torch import Tensor, nn


def survival_probs(L: int, p_L: float) -> np.ndarray:
    """p_l = 1 - (l / L) (1 - p_L) for l = 1, ..., L: the linear rule.

    l starts at 1, since l = 0 is the input; p_1 is below 1 already, and p_L is the last.

    Source: Huang et al., arXiv:1603.09382, equation 4.

    >>> survival_probs(4, 0.5)
    array([0.875, 0.75 , 0.625, 0.5  ])
    """
    return np.array([1 - l / L * (1 - p_L) for l in range(1, L + 1)])  # noqa: E741


def expected_depth(p: np.ndarray) -> float:
    """The expected number of surviving blocks: the sum of their probabilities. 40.25 of 54 with p_L = 0.5.

    >>> round(expected_depth(survival_probs(54, 0.5)), 6)
    40.25
    """
    return float(np.sum(p))


class StochasticDepth(nn.Module):
    """skip + what is left of the branch.

        in training      scale "test": skip + b * branch    scale "train": skip + b / p * branch
        in evaluation    scale "test": skip + p * branch    scale "train": skip + branch

    b is 1 with probability p, else 0: one for each example with mode "row", one for the batch with mode "batch". With
    either scale evaluation gives the expectation of training, for this sum; a relu behind it ends that. Without the
    skip nothing would be left of a dropped layer.

    Args:
        p_survive: p, in [0, 1], and not 0 with scale "train".
        mode: "row" or "batch".
        scale: "test" or "train".
        generator: Source of the gates; None is torch's global generator.

    Attributes:
        last_gate: The gates of the latest call in training, (N, 1, ...) or (1, 1, ...), 0 or 1.

    Raises:
        ValueError: p_survive out of range, unknown mode or scale.

    >>> layer = StochasticDepth(0.75).eval()
    >>> layer(torch.tensor([4.0]), torch.tensor([1.0]))
    tensor([4.])
    """

    def __init__(
        self, p_survive: float, mode: str = "row", scale: str = "test", generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        for name, value, known in (("mode", mode, ("row", "batch")), ("scale", scale, ("test", "train"))):
            if value not in known:
                raise ValueError(f"{name} must be {' or '.join(known)}, got {value!r}")
        if not 0 <= p_survive <= 1 or (scale == "train" and p_survive == 0):
            raise ValueError(f"p_survive must be in [0, 1], and not 0 with scale train, got {p_survive}")
        self.p_survive, self.mode, self.scale, self.generator = p_survive, mode, scale, generator
        self.last_gate = None

    def forward(self, branch: Tensor, skip: Tensor) -> Tensor:
        p = self.p_survive
        in_training, in_evaluation = (1.0, p) if self.scale == "test" else (1 / p, 1.0)
        if not self.training:
            return skip + in_evaluation * branch
        gates = len(branch) if self.mode == "row" else 1
        device = branch.device if self.generator is None else self.generator.device
        drawn = torch.rand((gates, *[1] * (branch.ndim - 1)), generator=self.generator, device=device)
        self.last_gate = (drawn < p).to(branch)
        return skip + in_training * self.last_gate * branch
