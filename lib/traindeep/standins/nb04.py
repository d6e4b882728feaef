"""Stand-ins for 04_normalization_family."""

import numpy as np

from traindeep.standins import of

Array = np.ndarray
TINY = 1e-300  # in the place of eps = 0, which torch refuses in training


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


@of("04")
def adain(content: Array, style: Array, eps: float = 1e-5) -> Array:
    """Adaptive instance normalization: content with the channel statistics of style."""
    if np.shape(content)[:2] != np.shape(style)[:2]:
        raise ValueError(f"style must have the N and C of content, {np.shape(content)[:2]}, got {np.shape(style)[:2]}")
    _, mean, var = _tensors(*normalize_over(style, (2, 3)))
    return (_layer_norm(*_tensors(content), (2, 3), eps) * (var + eps).sqrt() + mean).numpy()


@of("04")
def spade(x: Array, gamma_map: Array, beta_map: Array, eps: float = 1e-5) -> Array:
    """Batch normalization with a scale and a shift for every value."""
    for name, value in (("gamma_map", gamma_map), ("beta_map", beta_map)):
        if np.shape(value) != np.shape(x):
            raise ValueError(f"{name} must have the shape of x, {np.shape(x)}, got {np.shape(value)}")
    x, gamma_map, beta_map = _tensors(x, gamma_map, beta_map)
    return (_layer_norm(x, (0, 2, 3), eps) * gamma_map + beta_map).numpy()


@of("04")
def weight_norm(v: Array, g: Array) -> Array:
    """Weights with the directions of the rows of v and the lengths g."""
    import torch

    _directions(v, g)
    v, g = _tensors(v, g)
    return torch._weight_norm(v, g[:, None], 0).numpy()


@of("04")
def weight_norm_grads(dW: Array, v: Array, g: Array) -> tuple[Array, Array]:
    """Gradients of weight normalization with respect to v and g."""
    import torch

    _directions(v, g)
    if np.shape(dW) != np.shape(v):
        raise ValueError(f"dW must have the shape of v, {np.shape(v)}, got {np.shape(dW)}")
    dW, v, g = _tensors(dW, v, g)
    v.requires_grad_()
    g.requires_grad_()
    with torch.enable_grad():
        W = torch._weight_norm(v, g[:, None], 0)
    return tuple(gradient.numpy() for gradient in torch.autograd.grad(W, (v, g), dW))


@of("04")
def weight_standardize(W: Array, eps: float = 1e-5) -> Array:
    """Filters (O, I, kh, kw) of mean 0 and variance 1."""
    if np.ndim(W) != 4:
        raise ValueError(f"W must be (O, I, kh, kw), got shape {np.shape(W)}")
    return _layer_norm(*_tensors(W), (1, 2, 3), eps).numpy()


@of("04")
def sync_bn_forward(shards: list[Array], gamma: Array, beta: Array, eps: float = 1e-5) -> list[Array]:
    """Batch normalization in training of a batch that is split into shards."""
    import torch
    import torch.nn.functional as F

    if not len(shards):
        raise ValueError("shards must hold at least one shard, got none")
    channels = {np.shape(shard)[1] for shard in shards}
    if len(channels) > 1:
        raise ValueError(f"shards must agree in their channels, got {sorted(channels)}")
    for name, value in (("gamma", gamma), ("beta", beta)):
        if np.shape(value) != (*channels,):
            raise ValueError(f"{name} must have shape {(*channels,)}, got {np.shape(value)}")
    whole, (gamma, beta) = torch.cat(_tensors(*shards)), _tensors(gamma, beta)
    y = F.batch_norm(whole, None, None, gamma, beta, training=True, eps=float(eps) or TINY)
    return [shard.numpy() for shard in y.split([len(shard) for shard in shards])]


@of("04")
def is_invariant(f, X: Array, W: Array, transform: str, rng: np.random.Generator) -> bool:
    """Whether f(X, W) does not feel a scale or a shift: whether its derivative in that direction is zero."""
    X, W = np.asarray(X, float), np.asarray(W, float)
    first_unit, first_case = (np.arange(len(rows))[:, None] == 0 for rows in (W, X))
    directions = {
        "W_scale": (0, W),
        "W_shift": (0, rng.normal(size=(1, W.shape[1]))),
        "row_scale": (0, first_unit * W),
        "X_scale": (X, 0),
        "X_shift": (rng.normal(size=(1, X.shape[1])), 0),
        "one_case_scale": (first_case * X, 0),
    }
    if transform not in directions:
        raise ValueError(f"transform must be one of {', '.join(directions)}, got {transform!r}")
    (dX, dW), h = directions[transform], 1e-4
    ends = [np.asarray(f(X + step * dX, W + step * dW)) for step in (h, -h)]
    return bool(np.abs(ends[0] - ends[1]).max() / (2 * h) <= 1e-6 * np.abs(f(X, W)).max())


@of("04")
def ln_rnn_step(x: Array, h: Array, Wx: Array, Wh: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """One step of a recurrent net whose sums are layer-normalized."""
    import torch
    import torch.nn.functional as F

    cases, units = np.shape(h)
    shapes = {"Wx": (units, np.shape(x)[1]), "Wh": (units, units), "gamma": (units,), "beta": (units,)}
    if len(x) != cases:
        raise ValueError(f"h must have as many rows as x, {len(x)}, got {cases}")
    for (name, shape), value in zip(shapes.items(), (Wx, Wh, gamma, beta), strict=True):
        if np.shape(value) != shape:
            raise ValueError(f"{name} must have shape {shape}, got {np.shape(value)}")
    x, h, Wx, Wh, gamma, beta = _tensors(x, h, Wx, Wh, gamma, beta)
    return torch.tanh(F.layer_norm(F.linear(x, Wx) + F.linear(h, Wh), (units,), gamma, beta, float(eps))).numpy()


@of("04", lazily=True)
def LayerNormScratch() -> type:
    from torch import nn

    class LayerNormScratch(nn.LayerNorm):
        """torch's own layer normalization."""

        def __init__(self, normalized_shape, eps=1e-5):
            super().__init__(normalized_shape, eps)

        def forward(self, x):
            axes = len(self.normalized_shape)
            if tuple(x.shape[-axes:]) != tuple(self.normalized_shape):
                raise ValueError(f"x must end in normalized_shape {self.normalized_shape}, got {tuple(x.shape)}")
            return super().forward(x)

    return LayerNormScratch


@of("04", lazily=True)
def GroupNormScratch() -> type:
    from torch import nn

    class GroupNormScratch(nn.GroupNorm):
        """torch's own group normalization."""

        def __init__(self, num_groups, num_channels, eps=1e-5):
            if num_groups < 1 or num_channels % num_groups:
                raise ValueError(f"num_channels must be a multiple of num_groups, got {num_channels} and {num_groups}")
            super().__init__(num_groups, num_channels, eps)

        def forward(self, x):
            if x.ndim < 2 or x.shape[1] != self.num_channels:
                raise ValueError(f"x must have {self.num_channels} channels on axis 1, got shape {tuple(x.shape)}")
            return super().forward(x)

    return GroupNormScratch


def _directions(v: Array, g: Array) -> None:
    if np.ndim(v) != 2 or np.shape(g) != np.shape(v)[:1]:
        raise ValueError(f"v must be (O, I) and g (O,), got shapes {np.shape(v)} and {np.shape(g)}")
    if not np.any(v, axis=1).all():
        raise ValueError("v must have no row of zeros")


def _tensors(*arrays: Array) -> list:
    import torch

    return [torch.from_numpy(np.asarray(a, float)) for a in arrays]


def _layer_norm(x, axes, eps):
    """F.layer_norm of a tensor over any of its axes: they are moved to the end, and back."""
    import torch.nn.functional as F

    last = tuple(range(-len(axes), 0))
    moved = x.movedim(tuple(axes), last)
    return F.layer_norm(moved, moved.shape[x.dim() - len(axes) :], eps=float(eps)).movedim(last, tuple(axes))
