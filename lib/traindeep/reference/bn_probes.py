"""Two probes for the argument about why batch normalization helps: measure covariate shift, and make some.

Source: Santurkar, Tsipras, Ilyas, Madry, "How Does Batch Normalization Help Optimization?", arXiv:1805.11604
(section 2.1 and Definition 2.1).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .normalization_modules import BatchNormScratch


def ics_gradient_change(
    model: nn.Sequential, layer: nn.Linear, loss_fn: Callable, x: Tensor, y: Tensor, lr: float
) -> tuple[float, float]:
    """Internal covariate shift of one layer: what a step of the layers before it does to its gradient.

        G  = dL / dW_layer                                       L = loss_fn(model(x), y)
        G' = dL / dW_layer after  p <- p - lr dL/dp  for every parameter p of the modules before layer, and no other

        l2 = ||G - G'||  (Frobenius),    cos = <G, G'> / (||G|| ||G'||)

    "Before" is the order of the Sequential. All these parameters step at once, each along the gradient at the old
    ones; batch and mode stay the same. W_layer is layer.weight alone.

    Args:
        model: A flat nn.Sequential. Afterwards its parameters are bit for bit what they were, and so is its mode.
            Buffers are not restored: batch normalization in training sees two batches. The .grad of parameters is
            neither read nor written.
        layer: A module of model, the object itself.
        loss_fn: (output, y) -> scalar tensor.
        lr: Size of the step.

    Returns:
        (l2, cos), two numbers; (0, 1) for the first layer.

    Raises:
        ValueError: layer is not in model, or lr is negative.

    Source: Santurkar et al., arXiv:1805.11604, Definition 2.1 (plain gradient steps, full batch or the same mini-batch).

    >>> model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    >>> for part, value in zip(model, (2.0, 3.0)):
    ...     _ = part.weight.data.fill_(value)
    >>> ics_gradient_change(model, model[1], lambda a, b: (a - b).sum(), torch.ones(1, 1), torch.zeros(1, 1), lr=0.5)
    (1.5, 1.0)
    """
    place = next((i for i, module in enumerate(model) if module is layer), None)
    if place is None:
        raise ValueError("layer must be a module of model, got one that is not in it")
    if lr < 0:
        raise ValueError(f"lr must not be negative, got {lr}")
    before = list(model[:place].parameters())
    gradient, *steps = torch.autograd.grad(loss_fn(model(x), y), [layer.weight, *before])
    kept = [p.detach().clone() for p in before]
    with torch.no_grad():
        for p, step in zip(before, steps, strict=True):
            p -= lr * step
    try:
        (changed,) = torch.autograd.grad(loss_fn(model(x), y), [layer.weight])
    finally:
        with torch.no_grad():
            for p, value in zip(before, kept, strict=True):
                p.copy_(value)  # p + lr * step would be off by a rounding error
    cos = torch.nn.functional.cosine_similarity(gradient.flatten(), changed.flatten(), dim=0)
    return (gradient - changed).norm().item(), cos.item()


class NoisyBatchNorm(BatchNormScratch):
    """Batch normalization that is followed by covariate shift made on purpose, in training only.

        y = s * BN(x) + t,    t ~ U(-mean_range, mean_range),    s ~ U(1, std_max)          (D,) each

    t and s are drawn anew for each feature and each call, all of them independent, and are the same for all rows: the
    distribution moves as a whole. BN is batch normalization with learnable weight and bias, momentum 0.1 and eps 1e-5;
    its running statistics are those of x and know nothing of the noise. In evaluation y = BN(x).

    Simplified from the source, which draws the ranges anew at each step and adds noise of its own to each sample.

    Args:
        num_features: D, for inputs of shape (N, D).
        mean_range: Half the width of the interval of t.
        std_max: Upper end of the interval of s.
        generator: Where t and s come from; None is torch's global generator.

    Attributes:
        last_shift, last_scale: t and s of the last call in training, (D,).

    Raises:
        ValueError: mean_range is negative or std_max is below 1.

    Source: Santurkar et al., arXiv:1805.11604, section 2.1 ("noisy" batch normalization).

    >>> layer = NoisyBatchNorm(1, mean_range=0.5, std_max=1.0)
    >>> y = layer(torch.tensor([[1.0], [3.0]]))
    >>> bool(torch.isclose(y.mean(), layer.last_shift))
    True
    """

    def __init__(self, num_features: int, mean_range: float, std_max: float, generator: torch.Generator | None = None):
        if mean_range < 0:
            raise ValueError(f"mean_range must not be negative, got {mean_range}")
        if std_max < 1:
            raise ValueError(f"std_max must be at least 1, got {std_max}")
        super().__init__(num_features)
        self.mean_range, self.std_max, self.generator = mean_range, std_max, generator

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if not self.training:
            return y
        uniform = torch.rand(2, self.num_features, generator=self.generator, dtype=y.dtype)
        self.last_shift = (2 * uniform[0] - 1) * self.mean_range
        self.last_scale = 1 + uniform[1] * (self.std_max - 1)
        return y * self.last_scale + self.last_shift
