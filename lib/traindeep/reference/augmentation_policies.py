"""Chains of random operations: AugMix with its consistency loss, PixMix, TrivialAugment, RandAugment.

An operation is a function of an image; AugMix and PixMix hand it the generator, the policies hand it a strength.

Sources: Hendrycks et al., "AugMix", arXiv:1912.02781; Hendrycks et al., "PixMix", arXiv:2112.05135; Müller, Hutter,
"TrivialAugment", arXiv:2103.10158; Cubuk et al., "RandAugment", arXiv:1909.13719.
"""

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray
RandomOp = Callable[[Array, np.random.Generator], Array]
StrongOp = Callable[[Array, int], Array]
STRENGTHS = 31  # 0 to 30
LEAST = 1e-7  # lower bound of a mean probability before its logarithm


def augmix_combine(img: Array, chains: Array, weights: Array, m: float) -> Array:
    """m * img + (1 - m) * sum_i weights[i] * chains[i].

    m is the weight of the image, as in the paper; the published code gives it to the mixture, with the same law.

    Args:
        img: (C, H, W) image.
        chains: (k, C, H, W) augmented copies.
        weights: (k,) that add up to 1.
        m: In [0, 1].

    Returns:
        (C, H, W) image.

    Source: AugMix, algorithm 1.

    >>> augmix_combine(np.ones((1, 1, 1)), np.array([2.0, 6.0]).reshape(2, 1, 1, 1), [0.75, 0.25], 0.5).item()
    2.0
    """
    mixed = sum(w * np.asarray(chain, dtype=float) for w, chain in zip(weights, chains, strict=True))
    return m * np.asarray(img, dtype=float) + (1 - m) * mixed


def augmix(img: Array, ops: Sequence[RandomOp], rng: np.random.Generator, k: int = 3) -> tuple[Array, dict]:
    """k chains of one to three random operations, mixed with each other and with the image.

    Every chain starts from the image. Depths are uniform on 1, 2, 3, operations uniform with replacement,
    weights ~ Dirichlet(1, ..., 1), m ~ Beta(1, 1).

    Args:
        img: (C, H, W) image.
        ops: Operations op(img, rng).
        rng: Source of all randomness.
        k: Number of chains.

    Returns:
        (C, H, W) image and dict(weights (k,), m, depths: list of k integers).

    Raises:
        ValueError: k < 1 or no operations.

    Source: AugMix, algorithm 1.

    >>> out, info = augmix(np.ones((1, 2, 2)), [lambda img, rng: img], np.random.default_rng(0))
    >>> bool(np.allclose(out, 1)), sorted(info)
    (True, ['depths', 'm', 'weights'])
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    _refuse_none(ops)
    depths = [int(depth) for depth in rng.integers(1, 4, size=k)]
    chains = []
    for depth in depths:
        chain = _copy(img)
        for _ in range(depth):
            chain = _one_of(ops, rng)(chain, rng)
        chains.append(chain)
    weights, m = rng.dirichlet(np.ones(k)), float(rng.beta(1, 1))
    return augmix_combine(img, chains, weights, m), {"weights": weights, "m": m, "depths": depths}


def jsd(ps: Sequence[Array]) -> float:
    """The Jensen-Shannon divergence of k predictions, averaged over the examples.

        (1 / k) sum_j KL(p_j || M),   M = (1 / k) sum_j p_j

    It is the entropy of M minus the mean entropy of the p_j, between 0 and log k. M is clipped at 1e-7 from below, as in
    the published code; in KL 0 log 0 is 0.

    Args:
        ps: k arrays (N, K) of probabilities.

    Returns:
        A float, in nats.

    Raises:
        ValueError: k < 2.

    Source: AugMix, equation 2 and section 3 ("Jensen-Shannon Divergence Consistency Loss").

    >>> round(jsd([np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])]), 6)  # log 2
    0.693147
    """
    if len(ps) < 2:
        raise ValueError(f"ps must hold at least 2 predictions, got {len(ps)}")
    p = np.asarray(ps, dtype=float)  # (k, N, K)
    log_mean = np.log(p.mean(axis=0).clip(min=LEAST))
    kl = np.sum(p * (np.log(p, where=p > 0, out=np.zeros_like(p)) - log_mean), axis=2)
    return float(kl.mean())


def pixmix_combine(x: Array, z: Array, op: str, a: float, b: float) -> Array:
    """Mix a picture into another one, both with values in [0, 1], and clip.

        "add":   (a (2x - 1) + b (2z - 1) + 1) / 2          around grey, so that two grey pictures stay grey
        "mul":   (2x)^a max(2z, 1e-37)^b / 2                around 1; the bound keeps 0^b finite for b < 0

    Args:
        x: (C, H, W) picture.
        z: (C, H, W) picture.
        op: "add" or "mul".
        a: Strength of x, above 0.
        b: Strength of z, of either sign.

    Returns:
        (C, H, W) picture in [0, 1].

    Raises:
        ValueError: another op, or other shapes.

    Source: PixMix, section 3.1, and its published code.

    >>> x, z = np.full((1, 1, 1), 0.5), np.full((1, 1, 1), 0.75)
    >>> pixmix_combine(x, z, "add", 1.0, 0.5).item(), pixmix_combine(x, z, "mul", 1.0, 1.0).item()
    (0.625, 0.75)
    """
    x, z = np.asarray(x, dtype=float), np.asarray(z, dtype=float)
    if x.shape != z.shape:
        raise ValueError(f"z must have the shape of x, {x.shape}, got {z.shape}")
    if op == "add":
        mixed = (a * (2 * x - 1) + b * (2 * z - 1) + 1) / 2
    elif op == "mul":
        mixed = (2 * x) ** a * np.maximum(2 * z, 1e-37) ** b / 2
    else:
        raise ValueError(f"op must be add or mul, got {op!r}")
    return mixed.clip(0, 1)


def pixmix(
    img: Array, mix_img: Array, ops: Sequence[RandomOp], rng: np.random.Generator, k: int = 4, beta: float = 3.0
) -> tuple[Array, dict]:
    """0 to k rounds of mixing with augmented copies of the original or with another picture.

    Args:
        img: (C, H, W) image in [0, 1].
        mix_img: (C, H, W) picture in [0, 1], such as a fractal. It has no label, and the label of img stays.
        ops: Operations op(img, rng).
        rng: Source of all randomness.
        k: Largest number of rounds.
        beta: Parameter of the strengths.

    Returns:
        (C, H, W) image and dict(start_augmented, rounds, steps), with one dict(z, source, op, a, b) for each round.

    Source: PixMix, figure 3 and the published code.

    >>> out, info = pixmix(np.full((1, 2, 2), 0.25), np.ones((1, 2, 2)), [lambda x, rng: x], np.random.default_rng(0), k=0)
    >>> out.ravel(), info["rounds"], info["steps"]
    (array([0.25, 0.25, 0.25, 0.25]), 0, [])
    """
    start_augmented = _coin(rng)
    out = _one_of(ops, rng)(_copy(img), rng) if start_augmented else _copy(img)
    rounds = int(rng.integers(k + 1))
    steps = []
    for _ in range(rounds):
        source, op = "aug" if _coin(rng) else "mix", "add" if _coin(rng) else "mul"
        z = _one_of(ops, rng)(_copy(img), rng) if source == "aug" else _copy(mix_img)
        a, b = _strengths(beta, rng)
        out = pixmix_combine(out, z, op, a, b)
        steps.append({"z": z, "source": source, "op": op, "a": a, "b": b})
    return out, {"start_augmented": start_augmented, "rounds": rounds, "steps": steps}


def trivial_augment(
    img: Array, ops: Sequence[StrongOp], rng: np.random.Generator, levels: int = STRENGTHS
) -> tuple[Array, tuple[int, int]]:
    """One operation with one strength, both uniform.

    Args:
        img: Image.
        ops: Operations op(img, m).
        rng: Source of all randomness.
        levels: The strengths are 0 to levels - 1.

    Returns:
        The image, and (index of the operation, strength).

    Raises:
        ValueError: no operations.

    Source: TrivialAugment, algorithm 1.

    >>> img, (op, m) = trivial_augment(np.zeros(1), [np.add], np.random.default_rng(0))
    >>> bool(img[0] == m), op
    (True, 0)
    """
    _refuse_none(ops)
    op, m = int(rng.integers(len(ops))), int(rng.integers(levels))
    return ops[op](_copy(img, None), m), (op, m)


def rand_augment(
    img: Array, ops: Sequence[StrongOp], n: int, m: int, rng: np.random.Generator
) -> tuple[Array, list[int]]:
    """n operations, uniform with replacement, in a row, all with strength m.

    Args:
        img: Image.
        ops: Operations op(img, m).
        n: Number of operations.
        m: Strength, in 0..30.
        rng: Source of all randomness.

    Returns:
        The image and the indices of the operations in their order.

    Raises:
        ValueError: no operations, n < 0, or m outside 0..30.

    Source: RandAugment, section 3 (figure 2).

    >>> rand_augment(np.zeros(1), [np.add], 3, 5, np.random.default_rng(0))
    (array([15.]), [0, 0, 0])
    """
    _refuse_none(ops)
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if not 0 <= m < STRENGTHS:
        raise ValueError(f"m must be in 0..{STRENGTHS - 1}, got {m}")
    out, chosen = _copy(img, None), [int(op) for op in rng.integers(len(ops), size=n)]
    for op in chosen:
        out = ops[op](out, m)
    return out, chosen


def _strengths(beta: float, rng: np.random.Generator) -> tuple[float, float]:
    if _coin(rng):
        return float(rng.beta(beta, 1)), float(rng.beta(1, beta))
    return 1 + float(rng.beta(1, beta)), -float(rng.beta(1, beta))


def _coin(rng: np.random.Generator) -> bool:
    return bool(rng.integers(2))


def _one_of(ops: Sequence, rng: np.random.Generator) -> Callable:
    return ops[rng.integers(len(ops))]


def _copy(img: Array, dtype=float) -> Array:
    return np.array(img, dtype=dtype)  # operations may work in place


def _refuse_none(ops: Sequence) -> None:
    if not len(ops):
        raise ValueError("ops must hold at least one operation")
