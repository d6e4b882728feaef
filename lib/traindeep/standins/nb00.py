"""Stand-ins for 00_workshop, put together from scipy and torch."""

from collections.abc import Callable

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("00")
def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-5) -> Array:
    """The gradient of f at x by central differences."""
    from scipy.differentiate import jacobian

    if not h > 0:
        raise ValueError(f"h must be positive, got {h}")
    x = np.asarray(x, float)

    def columns(points: Array) -> Array:
        return np.apply_along_axis(lambda point: f(point.reshape(x.shape)), 0, points)

    return jacobian(columns, x.ravel(), initial_step=h, order=2, maxiter=1).df.reshape(x.shape)


@of("00")
def softmax(s: Array) -> Array:
    """Probabilities of the rows of s (N, C)."""
    import scipy.special

    return scipy.special.softmax(np.asarray(s, float), axis=1)


@of("00")
def cross_entropy(s: Array, t: Array) -> tuple[float, Array]:
    """Mean cross-entropy of scores (N, C) and labels (N,) or probabilities (N, C), and its gradient."""
    import torch
    import torch.nn.functional as F

    n, classes = np.shape(s)
    t = np.asarray(t)
    if t.shape not in ((n,), (n, classes)):
        raise ValueError(f"t must have shape ({n},) or ({n}, {classes}), got {t.shape}")
    if t.ndim == 1 and not np.isin(t, np.arange(classes)).all():
        raise ValueError(f"labels in t must be in 0..{classes - 1}")
    scores = torch.tensor(np.asarray(s, float), requires_grad=True)
    target = torch.tensor(t.astype(np.int64 if t.ndim == 1 else float))
    with torch.enable_grad():
        loss = F.cross_entropy(scores, target)
    return loss.item(), torch.autograd.grad(loss, scores)[0].numpy()


@of("00")
def activation(name: str, z: Array) -> tuple[Array, Array]:
    """An activation function and its slope."""
    import torch
    import torch.nn.functional as F

    functions = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "leaky_relu": F.leaky_relu}
    if name not in functions:
        raise ValueError(f"name must be one of {', '.join(functions)}, got {name!r}")
    options = {"negative_slope": 0.1} if name == "leaky_relu" else {}
    leaf = torch.tensor(np.asarray(z, float), requires_grad=True)
    with torch.enable_grad():
        a = functions[name](leaf, **options)
    return a.detach().numpy(), torch.autograd.grad(a.sum(), leaf)[0].numpy()


@of("00")
def linear_forward(x: Array, W: Array, b: Array | None) -> Array:
    """A linear layer with weights W (Dout, Din) on the rows of x (N, Din)."""
    import torch
    import torch.nn.functional as F

    tensors = [None if a is None else torch.tensor(np.asarray(a, float)) for a in (*_matching(x, W), b)]
    with torch.no_grad():
        return F.linear(*tensors).numpy()


@of("00")
def linear_backward(dz: Array, x: Array, W: Array) -> tuple[Array, Array, Array]:
    """Gradients of a linear layer with respect to x, W and b."""
    import torch
    import torch.nn.functional as F

    x, W = _matching(x, W)
    leaves = [torch.tensor(np.asarray(a, float), requires_grad=True) for a in (x, W, np.zeros(len(W)))]
    with torch.enable_grad():
        z = F.linear(*leaves)
    return tuple(g.numpy() for g in torch.autograd.grad(z, leaves, torch.tensor(np.asarray(dz, float))))


@of("00")
def init_weights(fan_in: int, fan_out: int, kind: str, rng: np.random.Generator) -> Array:
    """Random weights (fan_out, fan_in) of mean 0, drawn by torch with a seed from rng."""
    import torch

    if fan_in <= 0 or fan_out <= 0:
        raise ValueError(f"fan_in and fan_out must be positive, got {fan_in} and {fan_out}")
    init = torch.nn.init
    fills = {
        "xavier": lambda W, g: init.kaiming_normal_(W, nonlinearity="linear", generator=g),
        "kaiming": lambda W, g: init.kaiming_normal_(W, generator=g, nonlinearity="relu"),
        "glorot": lambda W, g: init.xavier_normal_(W, generator=g),
    }
    if kind not in fills:
        raise ValueError(f"kind must be one of {', '.join(fills)}, got {kind!r}")
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    return fills[kind](torch.empty(fan_out, fan_in, dtype=torch.float64), generator).numpy()


def _matching(x: Array, W: Array) -> tuple[Array, Array]:
    if np.shape(x)[1] != np.shape(W)[1]:
        raise ValueError(f"x has {np.shape(x)[1]} columns, but W has {np.shape(W)[1]}: both must be Din")
    return x, W
