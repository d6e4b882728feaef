"""The one training loop of the experiments, and the evaluation that goes with it."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def train(
    net: nn.Module,
    data: tuple,
    epochs: int,
    *,
    batch_size: int = 32,
    lr: float = 0.1,
    momentum: float = 0.9,
    optimizer: torch.optim.Optimizer | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    augment: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
    after_epoch: Callable[[nn.Module], Any] | None = None,
    seed: int = 0,
) -> list:
    """Train `net` in place with mini-batches in a new random order each epoch.

    Args:
        data: (images, labels) as arrays or tensors.
        lr, momentum: For SGD, the optimizer used when none is given. `momentum` weighs the old gradients here.
        augment: (x, y) -> (x, y), applied to each batch.
        after_epoch: Called with the net after each epoch; may leave it in either mode.
        seed: Decides the order of the batches and everything random inside the net (dropout).

    Returns:
        What after_epoch returned, one entry per epoch; without it an empty list.

    A last batch of a single sample is left out: batch normalization has nothing to normalize there.
    The global random state of torch is the same afterwards as before.
    """
    x, y = map(torch.as_tensor, data)
    optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    history = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(epochs):
            net.train()
            for rows in torch.randperm(len(x)).split(batch_size):
                if len(rows) < 2:
                    continue
                batch = x[rows], y[rows]
                inputs, targets = augment(*batch) if augment else batch
                optimizer.zero_grad()
                loss(net(inputs), targets).backward()
                optimizer.step()
            if after_epoch:
                history.append(after_epoch(net))
    return history


@torch.no_grad()
def evaluate(net: nn.Module, data: tuple) -> tuple[float, float]:
    """Mean cross-entropy in nats and accuracy in [0, 1] of `net` in evaluation mode.

    Every layer is back in its mode afterwards.
    """
    x, y = map(torch.as_tensor, data)
    modes = [(module, module.training) for module in net.modules()]
    try:
        logits = net.eval()(x)
    finally:
        for module, mode in modes:
            module.training = mode
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).double().mean().item()
