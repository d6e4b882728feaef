"""Stand-ins for 04_normalization_family."""

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("04")
def normalize_over(x: Array, axes: tuple[int, ...], eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """x normalized over some of its axes, and the mean and the variance, which keep these axes."""
    import torch

    x = torch.from_numpy(np.asarray(x, float))
    try:
        var, mean = torch.var_mean(x, dim=tuple(axes), correction=0, keepdim=True)
    except IndexError as error:
        raise ValueError(f"axes {tuple(axes)} do not fit an array of shape {tuple(x.shape)}") from error
    return _layer_norm(x, axes, eps).numpy(), mean.numpy(), var.numpy()


@of("04")
def norm_axes(kind: str, ndim: int) -> tuple[int, ...]:
    """The axes over which a kind of normalization averages, found out by asking torch's layers."""
    import torch
    import torch.nn.functional as F

    layers = {
        "batch": lambda x: F.batch_norm(x, None, None, training=True),
        "layer": lambda x: F.layer_norm(x, x.shape[1:]),
        "instance": F.instance_norm,
        "channel_only": lambda x: F.layer_norm(x.movedim(1, -1), x.shape[1:2]).movedim(-1, 1),
        "per_pixel": lambda x: F.batch_norm(x.flatten(1), None, None, training=True).view_as(x),
    }
    if kind not in layers:
        raise ValueError(f"kind must be one of {', '.join(layers)}, got {kind!r}")
    allowed = (2, 4) if kind in ("batch", "layer") else (4,)
    if ndim not in allowed:
        raise ValueError(f"ndim must be {' or '.join(map(str, allowed))} for kind {kind!r}, got {ndim}")
    # Axis a is averaged over if the first value of the output feels the value next to it along a.
    x = torch.rand((3,) * ndim, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    with torch.enable_grad():
        first = layers[kind](x).flatten()[0]
    (felt,) = torch.autograd.grad(first, x)
    return tuple(a for a in range(ndim) if felt[tuple(int(axis == a) for axis in range(ndim))].abs() > 1e-9)


@of("04")
def normalize_over_backward(dxhat: Array, xhat: Array, var: Array, axes: tuple[int, ...], eps: float = 1e-5) -> Array:
    """The gradient of normalize_over with respect to x."""
    import torch

    if np.shape(dxhat) != np.shape(xhat):
        raise ValueError(f"dxhat must have the shape of xhat, {np.shape(xhat)}, got {np.shape(dxhat)}")
    dxhat, xhat, var = (torch.from_numpy(np.asarray(a, float)) for a in (dxhat, xhat, var))
    x = (xhat * (var + eps).sqrt()).requires_grad_()  # up to the mean, which does not matter
    with torch.enable_grad():
        y = _layer_norm(x, axes, eps)
    return torch.autograd.grad(y, x, dxhat)[0].numpy()


@of("04")
def ln_forward(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Layer normalization over the last axis."""
    import torch.nn.functional as F

    x = np.asarray(x, float)
    for name, value in (("gamma", gamma), ("beta", beta)):
        if np.shape(value) != x.shape[-1:]:
            raise ValueError(f"{name} must have shape {x.shape[-1:]}, got {np.shape(value)}")
    x, gamma, beta = _tensors(x, gamma, beta)
    return F.layer_norm(x, x.shape[-1:], gamma, beta, float(eps)).numpy()


@of("04")
def gn_forward(x: Array, G: int, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Group normalization of images (N, C, H, W)."""
    import torch.nn.functional as F

    x, gamma, beta = _tensors(x, gamma, beta)
    if G < 1 or x.shape[1] % G:
        raise ValueError(f"G must be at least 1 and divide the {x.shape[1]} channels, got {G}")
    return F.group_norm(x, int(G), gamma, beta, float(eps)).numpy()


def _tensors(*arrays: Array) -> list:
    import torch

    return [torch.from_numpy(np.asarray(a, float)) for a in arrays]


def _layer_norm(x, axes, eps):
    """F.layer_norm of a tensor over any of its axes: they are moved to the end, and back."""
    import torch.nn.functional as F

    last = tuple(range(-len(axes), 0))
    moved = x.movedim(tuple(axes), last)
    return F.layer_norm(moved, moved.shape[x.dim() - len(axes) :], eps=float(eps)).movedim(last, tuple(axes))
