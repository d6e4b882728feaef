"""Batch normalization as a torch module, and one more pass for its stored statistics.

Autograd does the backward pass. Whatever must survive a call is a buffer of the module, never a parameter and never
part of a graph.

Sources: Ioffe & Szegedy, "Batch Normalization", arXiv:1502.03167 (Algorithms 1 and 2, section 3.1);
PyTorch's documentation of `BatchNorm1d` for the contract of the module.
"""

import itertools
from collections.abc import Iterable

import torch
from torch import Tensor, nn


class BatchNormScratch(nn.Module):
    """Batch normalization for (N, C), (N, C, L) and (N, C, H, W), with the contract of torch.

        y = weight * (x - mean) / sqrt(var + eps) + bias          for each channel, axis 1

    In training, mean and var are those of the batch over all other axes, n values per channel; var divides by n. The
    layer then stores

        running_mean += momentum * (mean - running_mean)
        running_var  += momentum * (n / (n - 1) * var - running_var)

    so momentum weighs the new batch and the stored variance is unbiased, both as in torch. With momentum None the weight
    is 1 / num_batches_tracked, this batch included: the plain average of all batches. In evaluation the stored values
    take the place of mean and var; a layer that stores none uses the batch there, too.

    Parameters `weight` (ones) and `bias` (zeros) are (C,), or None without affine. Buffers `running_mean` (zeros) and
    `running_var` (ones) are (C,), `num_batches_tracked` is an integer 0, or all None without track_running_stats.

    Args:
        num_features: Number of channels C.
        eps: Added to the variance, inside the square root.
        momentum: Weight of the new batch, or None for the plain average.
        affine: Whether the layer has weight and bias.
        track_running_stats: Whether the layer stores statistics.

    Raises:
        ValueError: (on a call) axis 1 of x is not C long, or the statistics of the batch are needed and x has fewer than
            2 values per channel. Nothing is stored then. (torch itself counts such a batch before it refuses it.)

    Source: Ioffe & Szegedy, arXiv:1502.03167, Algorithms 1 and 2; section 3.2 for feature maps.

    >>> BatchNormScratch(1, eps=0.0)(torch.tensor([[1.0], [3.0]])).ravel().tolist()
    [-1.0, 1.0]
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None
        self.register_buffer("running_mean", torch.zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", torch.ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if track_running_stats else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.num_features:
            raise ValueError(f"x must have {self.num_features} channels on axis 1, got shape {tuple(x.shape)}")
        if self.training or self.running_mean is None:
            mean, var, n = channel_statistics(x)
        else:
            mean, var = self.running_mean, self.running_var
        if self.training and self.running_mean is not None:
            self._store(mean.detach(), var.detach() * n / (n - 1))
        y = (x - _per_channel(mean, x)) / torch.sqrt(_per_channel(var, x) + self.eps)
        return y * _per_channel(self.weight, x) + _per_channel(self.bias, x) if self.affine else y

    def _store(self, mean: Tensor, var: Tensor) -> None:
        self.num_batches_tracked += 1
        new = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        # In place: a buffer that is replaced would be lost to whoever holds it, load_state_dict(assign=True) for one.
        self.running_mean += new * (mean - self.running_mean)
        self.running_var += new * (var - self.running_var)


def channel_statistics(x: Tensor) -> tuple[Tensor, Tensor, int]:
    """Mean and biased variance of each channel, (C,) each, and the number of values behind them.

    Args:
        x: (N, C), (N, C, L) or (N, C, H, W).

    Raises:
        ValueError: x has fewer than 2 values per channel.
    """
    n = x.numel() // max(x.shape[1], 1)
    if n < 2:
        raise ValueError(f"x must have at least 2 values per channel, got shape {tuple(x.shape)}")
    var, mean = torch.var_mean(x, dim=[axis for axis in range(x.ndim) if axis != 1], correction=0)
    return mean, var, n


def _per_channel(vector: Tensor, x: Tensor) -> Tensor:
    return vector.view(1, -1, *[1] * (x.ndim - 2))  # (1, C), (1, C, 1) or (1, C, 1, 1)


def recalibrate_bn(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the stored statistics of every batch norm layer by their plain average over one pass.

        running_mean = mean_k mean_k,    running_var = mean_k n_k / (n_k - 1) var_k,    k = 1..K batches

    Every batch weighs the same, a short last one included. The batch norm layers normalize with the batch while they
    measure; everything else is in evaluation mode, so dropout is off, as it will be at test time.
    `torch.optim.swa_utils.update_bn` puts the whole model into training mode instead.

    A batch norm layer is any module whose buffers running_mean and running_var are not None: nn.BatchNorm1d,
    nn.BatchNorm2d, BatchNormScratch. It needs a `momentum` that may be None and `num_batches_tracked`. Layers that
    store nothing are left alone. All layers are measured in the same pass: measuring them one by one, with final
    statistics below, gives deeper layers other inputs and is another answer.

    Args:
        model: Modes, momenta, parameters and gradients are afterwards what they were; num_batches_tracked is K.
        batches: Inputs of the model; gone through once.

    Raises:
        ValueError: there are no batches. Nothing is changed then.

    Source: Ioffe & Szegedy, arXiv:1502.03167, Algorithm 2, lines 7-10.

    >>> layer = nn.BatchNorm1d(1)
    >>> recalibrate_bn(layer, [torch.tensor([[1.0], [3.0]]), torch.tensor([[4.0], [8.0]])])
    >>> layer.running_mean.item(), layer.running_var.item(), layer.momentum, layer.training
    (4.0, 5.0, 0.1, True)
    """
    batches = iter(batches)
    try:
        first = next(batches)
    except StopIteration:
        raise ValueError("batches must hold at least one batch, got none") from None
    modes = [(module, module.training) for module in model.modules()]
    layers = [module for module, _ in modes if _stores_statistics(module)]
    momenta = [layer.momentum for layer in layers]
    model.eval()
    for layer in layers:
        layer.train()
        layer.momentum = None  # the plain average of all batches that were counted
        layer.num_batches_tracked.zero_()  # so that the first batch weighs 1
        layer.running_mean.zero_()  # 0 times an old nan would still be nan
        layer.running_var.fill_(1)
    try:
        with torch.no_grad():
            for batch in itertools.chain([first], batches):
                model(batch)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for module, mode in modes:
            module.training = mode


def _stores_statistics(module: nn.Module) -> bool:
    return all(getattr(module, name, None) is not None for name in ("running_mean", "running_var"))
