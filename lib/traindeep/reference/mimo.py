"""Several inputs, several outputs (MIMO): an ensemble inside one network.

Source: Havasi et al., "Training independent subnetworks for robust prediction", arXiv:2010.06610 (ICLR 2021).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def mimo_batch(x: Tensor, y: Tensor, M: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """A training batch for M heads, each with the samples in an order of its own.

        xm[i, j] = x[perms[j, i]],   ym[i, j] = y[perms[j, i]]

    Args:
        x: (N, D) inputs.
        y: (N,) labels.
        M: Number of heads.
        generator: Source of all randomness.

    Returns:
        (xm, ym, perms) of shapes (N, M, D), (N, M) and (M, N); the rows of perms are independent random permutations.

    Raises:
        ValueError: M < 1.

    Source: Havasi et al., section 2.

    >>> xm, ym, perms = mimo_batch(torch.arange(4.0)[:, None], torch.arange(4), 3, torch.Generator().manual_seed(0))
    >>> xm.shape, ym.shape, torch.equal(ym.T, perms), torch.equal(xm[..., 0], ym.float())
    (torch.Size([4, 3, 1]), torch.Size([4, 3]), True, True)
    """
    if M < 1:
        raise ValueError(f"M must be at least 1, got {M}")
    perms = torch.stack([torch.randperm(len(x), generator=generator) for _ in range(M)])
    return x[perms].transpose(0, 1), y[perms].T, perms


def mimo_loss(logits: Tensor, ym: Tensor) -> Tensor:
    """Mean over samples and heads of the cross-entropy of a head's logits with the label of its own sample.

    Args:
        logits: (N, M, C).
        ym: (N, M) labels.

    Returns:
        Tensor without axes.

    Source: Havasi et al., section 2; the paper adds the heads up, here they are averaged.

    >>> round(mimo_loss(torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).item(), 4)
    1.3863
    """
    # cross_entropy wants the classes on axis 1.
    return F.cross_entropy(logits.transpose(1, 2), ym)


def mimo_predict(model: Callable[[Tensor], Tensor], x: Tensor, M: int) -> Tensor:
    """The averaged probabilities of the heads, all of which see the same sample.

    Args:
        model: From (N, M, D) to logits (N, M, C); its mode is left alone.
        x: (N, D) inputs.
        M: Number of heads.

    Returns:
        (N, C) probabilities.

    Raises:
        ValueError: M < 1.

    Source: Havasi et al., section 2.

    >>> mimo_predict(lambda xm: 0 * xm, torch.ones(1, 2), 3)
    tensor([[0.5000, 0.5000]])
    """
    if M < 1:
        raise ValueError(f"M must be at least 1, got {M}")
    return model(x.unsqueeze(1).expand(-1, M, -1)).softmax(-1).mean(1)
