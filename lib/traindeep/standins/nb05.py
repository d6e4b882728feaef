"""Stand-ins for 05_dropout, put together from scipy's Bernoulli law and torch's own dropout."""

import contextlib

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("05")
def sample_keep_mask(shape: tuple[int, ...], p_drop: float, rng: np.random.Generator) -> Array:
    """A mask of independent entries, 1 with probability 1 - p_drop."""
    from scipy import stats

    _refuse_rate("p_drop", p_drop)
    return stats.bernoulli(1 - p_drop).rvs(size=shape, random_state=rng)


@of("05")
def dropout_forward(x: Array, p_drop: float, rng: np.random.Generator, train: bool) -> tuple[Array, Array]:
    """Inverted dropout of single values: y and the mask."""
    return _dropout("dropout", x, np.shape(x), p_drop, rng, train)


@of("05")
def dropout_backward(dy: Array, mask: Array, p_drop: float) -> Array:
    """The gradient of inverted dropout with a given mask."""
    import torch

    if np.shape(dy) != np.shape(mask):
        raise ValueError(f"mask must have the shape of dy, {np.shape(dy)}, got {np.shape(mask)}")
    scale = 1 / (1 - p_drop) if p_drop < 1 else 0.0
    gradient, kept = torch.from_numpy(np.asarray(dy, float)), torch.from_numpy(np.asarray(mask, bool))
    return torch.ops.aten.native_dropout_backward(gradient, kept, scale).numpy()


@of("05")
def classic_train(x: Array, mask: Array) -> Array:
    """x where the mask is 1, else 0."""
    return np.ma.masked_array(x, np.equal(mask, 0)).filled(0)


@of("05")
def classic_test_weights(W: Array, p_keep: float) -> Array:
    """The mean of W * mask."""
    _refuse_rate("p_keep", p_keep)
    return np.multiply(W, p_keep)


@of("05")
def expected_preactivation(theta: Array, x: Array, p_keep: float) -> float:
    """The mean of theta . (x * mask) over all masks: sum and mean change places."""
    _refuse_rate("p_keep", p_keep)
    if len(theta) > 20:
        raise ValueError(f"theta and x must have at most 20 entries, got {len(theta)}")
    return float(np.inner(theta, np.multiply(x, p_keep)))


@of("05")
def dropout_mlp_grads(
    params: dict[str, Array], x: Array, t: Array, m_in: Array, m_hid: Array, p_in: float, p_hid: float
) -> tuple[float, dict[str, Array]]:
    """Loss of a network with given masks and, by autograd, its gradients."""
    import torch
    import torch.nn.functional as F

    for name, mask, shape in (("m_in", m_in, np.shape(x)), ("m_hid", m_hid, (len(x), len(params["W1"])))):
        if np.shape(mask) != shape:
            raise ValueError(f"{name} must have shape {shape}, got {np.shape(mask)}")
    leaves = {name: torch.tensor(np.asarray(value, float), requires_grad=True) for name, value in params.items()}
    x, m_in, m_hid = (torch.tensor(np.asarray(a, float)) for a in (x, m_in, m_hid))
    with torch.enable_grad():
        hidden = F.relu(F.linear(x * m_in / (1 - p_in), leaves["W1"], leaves["b1"])) * m_hid / (1 - p_hid)
        loss = F.cross_entropy(F.linear(hidden, leaves["W2"], leaves["b2"]), torch.tensor(np.asarray(t, np.int64)))
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return loss.item(), {name: g.numpy() for name, g in zip(leaves, gradients, strict=True)}


@of("05")
def channel_dropout(x: Array, p_drop: float, rng: np.random.Generator, train: bool) -> tuple[Array, Array]:
    """Inverted dropout of whole feature maps: y and the mask."""
    if np.ndim(x) != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {np.shape(x)}")
    return _dropout("dropout2d", x, (*np.shape(x)[:2], 1, 1), p_drop, rng, train)


@of("05", lazily=True)
def InvertedDropout() -> type:
    import torch
    from torch import nn

    class InvertedDropout(nn.Dropout):
        """torch's own dropout, with a seed from the generator."""

        def __init__(self, p=0.5, generator=None):
            _refuse_rate("p", p)
            super().__init__(p)
            self.generator = generator

        def forward(self, x):
            if self.generator is None or not self.training:
                return super().forward(x)
            with _seeded(torch.randint(2**62, (), generator=self.generator).item()):
                return super().forward(x.cpu()).to(x.device)

    return InvertedDropout


def _dropout(kind: str, x: Array, shape: tuple[int, ...], p_drop: float, rng, train: bool) -> tuple[Array, Array]:
    import torch
    import torch.nn.functional as F

    _refuse_rate("p_drop", p_drop)
    x = torch.tensor(np.asarray(x, float))
    ones = torch.ones(shape, dtype=x.dtype)
    with torch.no_grad(), _seeded(int(rng.integers(2**62)) if train else 0):
        scaled = getattr(F, kind)(ones, p_drop, training=bool(train))
    return (x * scaled).numpy(), (scaled != 0).numpy().astype(float)


@contextlib.contextmanager
def _seeded(seed: int):
    """torch's global generator starts from a seed here; afterwards it is as it was."""
    import torch

    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)  # torch.manual_seed visits all accelerators: a millisecond
    try:
        yield
    finally:
        torch.set_rng_state(before)


def _refuse_rate(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
