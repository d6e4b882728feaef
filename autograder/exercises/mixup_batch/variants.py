"""Right answers to mixup and sample_mixup, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


@replaces("mixup")
def difference_to_the_partner(x, y, lam, perm):
    """The partner, and lam times the way back."""
    if lam < 0 or lam > 1:
        raise ValueError(f"lam = {lam}")
    x, y = np.array(x, float), np.array(y, float)
    if len(y.shape) < 2:
        raise ValueError("y has to have two axes")
    return x[perm] + lam * (x - x[perm]), y[perm] + lam * (y - y[perm])


@replaces("mixup")
def loops(x, y, lam, perm):
    """One example after the other, in new arrays."""
    if np.asarray(y).ndim != 2:
        raise ValueError("y must be 2-D")
    if not (lam >= 0 and lam <= 1):
        raise ValueError("lam must be a share")
    xm, ym = np.empty(np.shape(x)), np.empty(np.shape(y))
    for n, partner in enumerate(perm):
        xm[n] = lam * x[n] + (1.0 - lam) * x[partner]
        ym[n] = lam * y[n] + (1.0 - lam) * y[partner]
    return xm, ym


@replaces("mixup")
def matrix(x, y, lam, perm):
    """A matrix that mixes rows of any flattened array."""
    if np.ndim(y) == 1 or not 0 <= lam <= 1:
        raise ValueError("lam outside of [0, 1], or y is 1-D")
    mix = lam * np.eye(len(perm)) + (1 - lam) * np.eye(len(perm))[perm]
    return tuple((mix @ np.reshape(a, (len(a), -1)).astype(float)).reshape(np.shape(a)) for a in (x, y))


@replaces("mixup")
def shares_per_example(x, y, lam, perm):
    """Broadcasting: lam as an array with one axis for each of x; float32 where x is."""
    x = np.asarray(x)
    if np.ndim(y) < 2:
        raise ValueError("y")
    if lam > 1 or lam < 0:
        raise ValueError("lam")
    shares = np.full((len(x),) + (1,) * (x.ndim - 1), lam).astype(x.dtype if x.dtype.kind == "f" else float)
    labels = np.full((len(x), 1), lam)
    return shares * x + (1 - shares) * x[perm], labels * y + (1 - labels) * np.asarray(y)[perm]


@replaces("sample_mixup")
def order_first(N, alpha, rng):
    """The order is drawn before lam, by sorting random numbers."""
    if not alpha >= 0:
        raise ValueError("alpha is negative")
    perm = np.argsort(rng.random(N))
    return (rng.beta(alpha, alpha) if alpha else 1), perm


@replaces("sample_mixup")
def gammas(N, alpha, rng):
    """Beta as a share of two Gamma numbers, drawn until one of them is not 0; the order by choice without replacement."""
    if alpha < 0:
        raise ValueError("alpha")
    perm = rng.choice(N, size=N, replace=False)
    if alpha == 0:
        return 1.0, perm
    a = b = 0.0
    while not a + b:
        a, b = rng.gamma(alpha, size=2)
    return a / (a + b), perm


@replaces("sample_mixup")
def shuffled(N, alpha, rng):
    """A list of indices, shuffled in place."""
    if alpha < 0:
        raise ValueError("alpha")
    perm = list(range(N))
    rng.shuffle(perm)
    return np.float64(rng.beta(alpha, alpha) if alpha > 0 else 1.0), np.array(perm, dtype=np.int32)


@replaces("sample_mixup")
def torch_generator(N, alpha, rng):
    """A torch generator with a seed from rng for the order; Beta by its distribution function."""
    from scipy import special

    if alpha < 0:
        raise ValueError("alpha must not be negative")
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    lam = float(special.betaincinv(alpha, alpha, rng.random())) if alpha > 0 else 1.0
    return lam, torch.randperm(N, generator=generator).numpy()
