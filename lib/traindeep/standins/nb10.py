"""Stand-ins for 10_augmentation_mixing, put together from routines of torch, NumPy and scipy."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from traindeep.standins import of

Array = np.ndarray


@of("10")
def smooth_labels(y: Array, C: int, eps: float, convention: str = "torch") -> Array:
    """On the way from a one-hot label to a flat distribution."""
    import torch
    import torch.nn.functional as F

    _refuse_smoothing(eps, C)
    if not np.isin(y, np.arange(C)).all():
        raise ValueError(f"y must hold classes in 0..{C - 1}")
    if convention not in ("torch", "others"):
        raise ValueError(f"convention must be 'torch' or 'others', got {convention!r}")
    one_hot = F.one_hot(torch.from_numpy(np.array(y, dtype=np.int64)), C).double()
    flat = torch.full_like(one_hot, 1 / C) if convention == "torch" else (1 - one_hot) / (C - 1)
    return torch.lerp(one_hot, flat, float(eps)).numpy()


@of("10")
def convert_eps(eps: float, C: int) -> float:
    """The eps of "torch" for an eps of "others"."""
    _refuse_smoothing(eps, C)
    return float(np.divide(eps, 1 - 1 / C))


@of("10")
def mixup(x: Array, y: Array, lam: float, perm: Array) -> tuple[Array, Array]:
    """torch.lerp between every example and its partner."""
    import torch

    _refuse_share("lam", lam)
    if np.ndim(y) < 2:
        raise ValueError("y must have shape (N, C), one-hot or soft")
    both = (torch.from_numpy(np.array(part, dtype=_width(part))) for part in (x, y))
    order = torch.from_numpy(np.array(perm, dtype=np.int64))
    xm, ym = (torch.lerp(part.index_select(0, order), part, float(lam)).numpy() for part in both)
    return xm, ym


@of("10")
def sample_mixup(N: int, alpha: float, rng: np.random.Generator) -> tuple[float, Array]:
    """Beta by scipy, the order by sorting random numbers."""
    return _beta(alpha, rng), rng.random(N).argsort()


@of("10")
def cutmix_box(H: int, W: int, lam: float, cy: int, cx: int) -> tuple[int, int, int, int]:
    """The exact edges, rounded and clipped."""
    _refuse_share("lam", lam)
    edges = []
    for size, center in ((H, cy), (W, cx)):
        half = size * (1 - lam) ** 0.5 / 2
        edges += np.clip(np.rint([center - half, center + half]), 0, size).astype(int).tolist()
    return tuple(edges)


@of("10")
def cutmix(x: Array, y: Array, perm: Array, box: Sequence[int]) -> tuple[Array, Array, float]:
    """A mask of the box, as torch.where wants it; the labels follow its mean."""
    import torch
    import torch.nn.functional as F

    if not len(x):
        raise ValueError("x must hold at least one image")
    x, perm = torch.from_numpy(np.array(x)), np.array(perm, dtype=np.int64)
    H, W = x.shape[2:]
    y0, y1, x0, x1 = map(int, box)
    own = F.pad(torch.zeros(y1 - y0, x1 - x0, dtype=torch.float64), (x0, W - x1, y0, H - y1), value=1.0)
    lam = float(own.mean())
    return torch.where(own.bool(), x, x[perm]).numpy(), mixup(np.array(y), np.array(y), lam, perm)[1], lam


@of("10")
def sample_cutmix(H: int, W: int, alpha: float, rng: np.random.Generator) -> tuple[float, tuple]:
    """Beta by scipy, one pixel out of all, and its box."""
    lam = _beta(alpha, rng)
    cy, cx = np.unravel_index(rng.integers(H * W), (H, W))
    return lam, cutmix_box(H, W, lam, int(cy), int(cx))


@of("10")
def cutout(img: Array, size: int, cy: int, cx: int, fill: float = 0.0) -> Array:
    """The square as a product of two rows of yes and no."""
    _refuse_size(size)
    axes = []
    for name, center, length in (("cy", cy, np.shape(img)[1]), ("cx", cx, np.shape(img)[2])):
        if center not in range(length):
            raise ValueError(f"{name} must be in 0..{length - 1}, got {center}")
        axes.append(np.isin(np.arange(length), np.arange(size) + center - size // 2))
    return np.where(np.logical_and.outer(*axes), _width(img)(fill), img)


@of("10")
def random_cutout(img: Array, size: int, rng: np.random.Generator) -> tuple[Array, tuple[int, int]]:
    """cutout at one pixel out of all."""
    _refuse_size(size)
    pixels = np.shape(img)[1:]
    center = tuple(int(i) for i in np.unravel_index(rng.integers(np.prod(pixels)), pixels))
    return cutout(img, size, *center), center


@of("10")
def augmix_combine(img: Array, chains: Array, weights: Array, m: float) -> Array:
    """One weighted sum of the image and the chains."""
    stack = np.concatenate([np.asarray(img, float)[None], np.asarray(chains, float)])
    return np.einsum("k...,k->...", stack, np.append(m, np.multiply(1 - m, weights)))


@of("10")
def augmix(img: Array, ops: Sequence[Callable], rng: np.random.Generator, k: int = 3) -> tuple[Array, dict]:
    """Chains as reductions over operations that rng.choice picks; the Dirichlet law as gaps of sorted numbers."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    _refuse_none(ops)
    depths = rng.choice([1, 2, 3], size=k).tolist()
    picks = [rng.choice(len(ops), size=depth) for depth in depths]
    chains = [functools.reduce(lambda x, i: ops[i](x, rng), pick, np.array(img, float)) for pick in picks]
    weights, m = np.diff(np.sort(rng.random(k - 1)), prepend=0, append=1), rng.random()
    return augmix_combine(img, chains, weights, m), {"weights": weights, "m": m, "depths": depths}


@of("10")
def jsd(ps: Sequence[Array]) -> float:
    """Relative entropies by scipy."""
    from scipy.special import rel_entr

    if len(ps) < 2:
        raise ValueError(f"ps must hold at least two predictions, got {len(ps)}")
    ps = np.asarray(ps, float)
    return float(rel_entr(ps, np.fmax(np.average(ps, axis=0), 1e-7)).sum(axis=-1).mean())


@of("10")
def pixmix_combine(x: Array, z: Array, op: str, a: float, b: float) -> Array:
    """Two pictures, added around grey or multiplied around 1."""
    import torch

    if np.shape(x) != np.shape(z):
        raise ValueError(f"z must have the shape of x, {np.shape(x)}, got {np.shape(z)}")
    x, z = (torch.from_numpy(np.array(part, float)) * 2 for part in (x, z))
    if op == "add":
        mixed = torch.add(torch.mul(x - 1, a), z - 1, alpha=b) + 1
    elif op == "mul":
        mixed = x.pow(a).mul(z.clamp_min(1e-37).pow(b))
    else:
        raise ValueError(f"op must be 'add' or 'mul', got {op!r}")
    return mixed.div(2).clamp(0, 1).numpy()


@of("10")
def pixmix(
    img: Array, mix_img: Array, ops: Sequence[Callable], rng: np.random.Generator, k: int = 4, beta: float = 3.0
) -> tuple[Array, dict]:
    """All draws first, then the rounds. A Beta law with one parameter 1 is a power of a uniform number."""

    def augmented():
        return ops[rng.choice(len(ops))](np.array(img, float), rng)

    start, rounds = bool(rng.binomial(1, 0.5)), int(rng.choice(k + 1))
    sources, kinds = rng.choice(["aug", "mix"], size=rounds), rng.choice(["add", "mul"], size=rounds)
    high, low = rng.random((2, rounds)) ** (1 / beta)
    second = rng.binomial(1, 0.5, size=rounds).astype(bool)
    a, b = np.where(second, 2 - high, high), np.where(second, low - 1, 1 - low)
    out = augmented() if start else np.array(img, float)
    steps = []
    for i in range(rounds):
        z = augmented() if sources[i] == "aug" else np.array(mix_img, float)
        step = {"z": z, "source": str(sources[i]), "op": str(kinds[i]), "a": float(a[i]), "b": float(b[i])}
        out = pixmix_combine(out, z, step["op"], step["a"], step["b"])
        steps.append(step)
    return out, {"start_augmented": start, "rounds": rounds, "steps": steps}


@of("10")
def trivial_augment(img: Array, ops: Sequence[Callable], rng: np.random.Generator, levels: int = 31) -> tuple:
    """One cell of the table of operations and strengths."""
    _refuse_none(ops)
    op, m = divmod(int(rng.choice(len(ops) * levels)), levels)
    return ops[op](np.array(img), m), (op, m)


@of("10")
def rand_augment(
    img: Array, ops: Sequence[Callable], n: int, m: int, rng: np.random.Generator
) -> tuple[Array, list[int]]:
    """A reduction over n operations that rng.choice picks."""
    _refuse_none(ops)
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if m not in range(31):
        raise ValueError(f"m must be in 0..30, got {m}")
    chosen = rng.choice(len(ops), size=n).tolist()
    return functools.reduce(lambda out, i: ops[i](out, m), chosen, np.array(img)), chosen


def _beta(alpha: float, rng: np.random.Generator) -> float:
    from scipy import stats

    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha}")
    return float(stats.beta(alpha, alpha).rvs(random_state=rng)) if alpha else 1.0


def _width(x: Array) -> type:
    dtype = np.asarray(x).dtype
    return dtype.type if dtype.kind == "f" else np.float64


def _refuse_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")


def _refuse_smoothing(eps: float, C: int) -> None:
    if C < 2:
        raise ValueError(f"C must be at least 2, got {C}")
    _refuse_share("eps", eps)


def _refuse_size(size: int) -> None:
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")


def _refuse_none(ops: Sequence) -> None:
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
