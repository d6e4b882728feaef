"""Stand-ins for 02_batch_norm."""

import numpy as np

from traindeep.standins import STAND_INS, of

Array = np.ndarray
TINY = 1e-300  # in the place of eps = 0, which torch refuses in training


@of("02")
def bn_forward_train(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> tuple[Array, dict]:
    """Batch normalization of the rows of x (N, D) in training, and its cache."""
    x = _rows(x)
    for name, value in (("gamma", gamma), ("beta", beta)):
        _vector(name, value, x.shape[1])
    mean, var = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    xhat = _batch_norm(x, mean, var, training=True, momentum=1.0, eps=eps)
    y = _batch_norm(x, None, None, gamma, beta, training=True, eps=eps)
    var *= (len(x) - 1) / len(x)  # torch stores the unbiased one
    return y, {"x": x, "xhat": xhat, "mu": mean, "var": var, "gamma": np.asarray(gamma, float), "eps": eps}


@of("02")
def bn_backward(dy: Array, cache: dict) -> tuple[Array, Array, Array]:
    """Gradients of batch normalization in training with respect to x, gamma and beta."""
    import torch
    import torch.nn.functional as F

    if np.shape(dy) != np.shape(cache["x"]):
        raise ValueError(f"dy must have the shape of x, {np.shape(cache['x'])}, got {np.shape(dy)}")
    x, gamma = (torch.tensor(np.asarray(cache[key], float), requires_grad=True) for key in ("x", "gamma"))
    beta = torch.zeros_like(gamma, requires_grad=True)
    with torch.enable_grad():
        y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=float(cache["eps"]) or TINY)
    return tuple(g.numpy() for g in torch.autograd.grad(y, (x, gamma, beta), torch.tensor(np.asarray(dy, float))))


@of("02")
def bn_running_update(
    run_mean: Array, run_var: Array, x: Array, momentum: float = 0.1, convention: str = "torch"
) -> tuple[Array, Array]:
    """The running mean and variance after one more batch."""
    weights = {"torch": momentum, "lecture": 1 - momentum}
    if convention not in weights:
        raise ValueError(f"convention must be 'torch' or 'lecture', got {convention!r}")
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1], got {momentum}")
    mean, var = np.array(run_mean, float), np.array(run_var, float)
    _batch_norm(_rows(x), mean, var, training=True, momentum=weights[convention])
    return mean, var


@of("02")
def ema_weights(T: int, momentum: float) -> Array:
    """The weights of the initial value and of batches 1 to T in a running average ("torch" convention)."""
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1], got {momentum}")
    # A running mean is linear in what goes in: start and batch t are unit vectors, so it ends as its own weights.
    weights, *batches = np.eye(T + 1)
    weights = weights.copy()
    for batch in batches:
        _batch_norm(np.stack([batch, batch]), weights, np.ones(T + 1), training=True, momentum=momentum)
    return weights


@of("02")
def bn_population_stats(batches: list[Array], method: str) -> tuple[Array, Array]:
    """Mean and standard deviation for inference from the batches of an epoch."""
    import torch
    from sklearn.preprocessing import StandardScaler

    if method not in ("eq4", "alg2", "pooled"):
        raise ValueError(f"method must be 'eq4', 'alg2' or 'pooled', got {method!r}")
    if not len(batches):
        raise ValueError("batches must hold at least one batch, got none")
    if method == "alg2":
        layer = torch.nn.BatchNorm1d(np.shape(batches[0])[1], momentum=None, dtype=torch.float64)
        with torch.no_grad():
            for batch in batches:
                layer(torch.tensor(_rows(batch, "every one of batches")))
        return layer.running_mean.numpy(), layer.running_var.sqrt().numpy()
    if method == "pooled":
        scaler = StandardScaler()
        for batch in batches:
            scaler.partial_fit(np.asarray(batch, float))
        return scaler.mean_, np.sqrt(scaler.var_)
    pairs = [torch.std_mean(torch.from_numpy(np.asarray(batch, float)), dim=0, correction=0) for batch in batches]
    return tuple(torch.stack(values).mean(0).numpy() for values in (*zip(*pairs, strict=True),)[::-1])


@of("02")
def bn2d_forward_train(x: Array, gamma: Array, beta: Array, eps: float = 1e-5, per_pixel: bool = False) -> Array:
    """Batch normalization of images (N, C, H, W) in training."""
    x = np.asarray(x, float)
    if x.ndim != 4:
        raise ValueError(f"x must be (N, C, H, W), got shape {x.shape}")
    if len(x) * (1 if per_pixel else x[0, 0].size) < 2:
        raise ValueError(f"x must hold at least 2 values per mean, got shape {x.shape}")
    if not per_pixel:
        return _batch_norm(x, None, None, gamma, beta, training=True, eps=eps)
    n, c, h, w = x.shape
    spread = [np.repeat(value, h * w) for value in (gamma, beta)]
    return _batch_norm(x.reshape(n, -1), None, None, *spread, training=True, eps=eps).reshape(n, c, h, w)


@of("02")
def bn_eval(x: Array, gamma: Array, beta: Array, run_mean: Array, run_var: Array, eps: float = 1e-5) -> Array:
    """Batch normalization at inference, with stored statistics."""
    x = np.asarray(x, float)
    for name, value in {"gamma": gamma, "beta": beta, "run_mean": run_mean, "run_var": run_var}.items():
        _vector(name, value, x.shape[1])
    if np.min(run_var) < 0:
        raise ValueError(f"run_var must not be negative, got {np.min(run_var)}")
    return _batch_norm(x, run_mean, run_var, gamma, beta, eps=eps)


@of("02")
def bn_fold(
    W: Array, b: Array | None, gamma: Array, beta: Array, run_mean: Array, run_var: Array, eps: float = 1e-5
) -> tuple[Array, Array]:
    """Weights and bias of one linear layer that does the work of a linear layer and batch normalization after it."""
    W = np.asarray(W, float)
    if b is not None:
        _vector("b", b, len(W))
    # Any affine map is read off from what it does to 0 and to the unit vectors.
    inputs = np.vstack([np.zeros(W.shape[1]), np.eye(W.shape[1])])
    rows = bn_eval(inputs @ W.T + (0.0 if b is None else np.asarray(b, float)), gamma, beta, run_mean, run_var, eps)
    return (rows[1:] - rows[0]).T, rows[0].copy()


@of("02", lazily=True)
def BatchNormScratch() -> type:
    from torch import nn

    class BatchNormScratch(nn.modules.batchnorm._BatchNorm):
        """torch's own batch normalization for inputs of shape (N, C), (N, C, L) or (N, C, H, W)."""

        def _check_input_dim(self, x):
            if x.dim() not in (2, 3, 4):
                raise ValueError(f"x must be (N, C), (N, C, L) or (N, C, H, W), got shape {tuple(x.shape)}")
            if x.shape[1] != self.num_features:
                raise ValueError(f"x must have {self.num_features} channels, got shape {tuple(x.shape)}")

    return BatchNormScratch


@of("02")
def recalibrate_bn(model, batches) -> None:
    """Replace the running statistics of every batch norm layer by their plain average over one pass."""
    import itertools

    from torch.optim.swa_utils import update_bn

    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        raise ValueError("batches must hold at least one batch, got none")
    modes = [(module, module.training) for module in model.modules()]
    try:
        with _known_to_torch(model) as wrapped:
            update_bn(itertools.chain([first], batches), wrapped)
    finally:
        for module, training in modes:
            module.training = training


def _known_to_torch(model):
    """A context that gives `model` in a form in which `update_bn` does what it should.

    update_bn sees only torch's own batch norm layers and turns dropout on. So a learner's layer is replaced by one of
    torch's that shares its buffers, and `train` reaches batch norm layers only.
    """
    import contextlib

    import torch
    from torch import nn

    theirs = nn.modules.batchnorm._NormBase

    class Wrapped(nn.Module):
        def forward(self, x):
            return self.model(x)

        def train(self, mode: bool = True):
            self.model.eval()
            for layer in self.model.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is not None:
                    layer.train()
            return self

    @contextlib.contextmanager
    def exchange():
        wrapped = Wrapped()
        wrapped.model = model
        found = [
            (parent, name, layer)
            for parent in wrapped.modules()
            for name, layer in parent._modules.items()
            if getattr(layer, "running_mean", None) is not None and not isinstance(layer, theirs)
        ]
        try:
            for parent, name, layer in found:
                twin = STAND_INS["BatchNormScratch"]()(layer.running_mean.numel(), eps=layer.eps, affine=False)
                twin.weight, twin.bias = layer.weight, layer.bias
                twin.running_mean, twin.running_var = layer.running_mean, layer.running_var
                parent._modules[name] = twin
            with torch.no_grad():
                yield wrapped
        finally:
            for parent, name, layer in found:
                parent._modules[name] = layer

    return exchange()


def _batch_norm(x, mean, var, gamma=None, beta=None, *, training=False, momentum=0.1, eps=1e-5) -> Array:
    """F.batch_norm on NumPy arrays; `mean` and `var`, where float64 arrays, are updated in place in training."""
    import torch
    import torch.nn.functional as F

    tensors = [None if a is None else torch.from_numpy(np.asarray(a, float)) for a in (x, mean, var, gamma, beta)]
    with torch.no_grad():
        return F.batch_norm(*tensors, training=training, momentum=momentum, eps=float(eps) or TINY).numpy()


def _rows(x, name: str = "x") -> Array:
    x = np.asarray(x, float)
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"{name} must be (N, D) with N >= 2, got shape {x.shape}")
    return x


def _vector(name: str, value, size: int) -> None:
    if np.shape(value) != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {np.shape(value)}")
