"""Right answers to augmix_combine, augmix and jsd, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


@replaces("augmix_combine")
def einsum(img, chains, weights, m):
    """einsum over the chains."""
    return m * img + (1 - m) * np.einsum("k,kchw->chw", weights, chains)


@replaces("augmix_combine")
def loops(img, chains, weights, m):
    """One chain after the other, added to a new array."""
    out = np.array(img, dtype=float) * m
    for chain, weight in zip(chains, weights, strict=True):
        out += (1 - m) * weight * chain
    return out


@replaces("augmix_combine")
def distances(img, chains, weights, m):
    """The image, moved towards each chain: right since the weights add up to 1."""
    img = np.asarray(img, dtype=float)
    return img + (1 - m) * sum(w * (np.asarray(c, dtype=float) - img) for w, c in zip(weights, chains, strict=True))


def _refuse(ops, k):
    if k < 1:
        raise ValueError(f"k = {k}")
    if len(ops) == 0:
        raise ValueError("ops has no operations")


@replaces("augmix")
def one_depth_for_all(img, ops, rng, k=3):
    """m and the weights are drawn first; one depth for all chains; the mixture is built up on the way."""
    _refuse(ops, k)
    m, weights = rng.random(), rng.dirichlet([1.0] * k)
    depth = int(rng.choice([1, 2, 3]))
    mixed = np.zeros(np.shape(img))
    for weight in weights:
        chain = img.copy()
        for _ in range(depth):
            chain = ops[rng.integers(0, len(ops))](chain, rng)
        mixed += weight * chain
    return m * img + (1 - m) * mixed, {"weights": weights, "m": m, "depths": [depth] * k}


@replaces("augmix")
def exponential_weights(img, ops, rng, k=3):
    """Exponential numbers, divided by their sum, are Dirichlet; rng.choice for the operations; tuples and arrays."""
    _refuse(ops, k)
    depths = rng.integers(1, 3, endpoint=True, size=k)
    chains = []
    for depth in depths:
        x = np.array(img, dtype=float)
        for i in rng.choice(len(ops), size=depth):
            x = ops[i](x, rng)
        chains.append(x)
    w = rng.exponential(size=k)
    w /= w.sum()
    m = 1 - float(rng.uniform())
    return einsum(img, np.array(chains), w, m), {"depths": list(depths), "m": m, "weights": w}


@replaces("augmix")
def gaps(img, ops, rng, k=3):
    """The gaps between sorted uniform numbers are Dirichlet; weights as a list of floats; a recursion for the chains."""
    _refuse(ops, k)
    cuts = np.concatenate([[0.0], np.sort(rng.random(k - 1)), [1.0]])
    weights, m = np.diff(cuts).tolist(), float(rng.beta(1.0, 1.0))

    def chain(x, depth):
        return chain(ops[int(rng.random() * len(ops))](x, rng), depth - 1) if depth else x

    depths = [1 + int(3 * rng.random()) for _ in range(k)]
    chains = [chain(np.array(img, dtype=float), depth) for depth in depths]
    return loops(img, chains, weights, m), {"weights": np.array(weights), "m": m, "depths": depths}


@replaces("augmix")
def torch_generator(img, ops, rng, k=3):
    """A torch generator with a seed from rng for depths and operations."""
    _refuse(ops, k)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    depths = (torch.randint(3, (k,), generator=generator) + 1).tolist()
    chains = []
    for depth in depths:
        x = np.array(img, dtype=float)
        for i in torch.randint(len(ops), (depth,), generator=generator).tolist():
            x = ops[i](x, rng)
        chains.append(x)
    weights, m = rng.dirichlet(np.ones(k)), rng.beta(1, 1)
    return distances(img, chains, weights, m), {"weights": weights, "m": m, "depths": depths}


@replaces("jsd")
def entropies(ps):
    """The entropy of the mean minus the mean entropy."""
    if len(ps) <= 1:
        raise ValueError("ps needs two predictions or more")

    def entropy(p):
        return -np.sum(np.where(p > 0, p * np.log(np.maximum(p, 1e-300)), 0), axis=-1)

    ps = np.stack(ps)
    return float(np.mean(entropy(ps.mean(axis=0)) - entropy(ps).mean(axis=0)))


@replaces("jsd")
def torch_kl_div(ps):
    """The published code: kl_div of torch, the batch mean, one prediction after the other."""
    if len(ps) < 2:
        raise ValueError("ps is too short")
    ps = [torch.from_numpy(np.array(p, dtype=float)) for p in ps]
    log_mean = torch.clamp(sum(ps) / len(ps), 1e-7, 1).log()
    terms = [torch.nn.functional.kl_div(log_mean, p, reduction="batchmean") for p in ps]
    return float(sum(terms) / len(ps))


@replaces("jsd")
def scipy_relative_entropy(ps):
    """scipy's relative entropy; a NumPy number."""
    from scipy.special import rel_entr

    if not len(ps) > 1:
        raise ValueError("ps")
    mean = np.clip(np.mean(ps, axis=0), 1e-7, None)
    return np.mean([rel_entr(p, mean).sum(axis=1) for p in ps])


@replaces("jsd")
def clipped_everywhere(ps):
    """Predictions are clipped at 1e-12 as well, which changes less than 1e-9."""
    if len(ps) in (0, 1):
        raise ValueError("jsd of ps needs at least two")
    p = np.clip(np.array(ps), 1e-12, 1)
    log_mean = np.log(np.clip(np.mean(ps, axis=0), 1e-7, 1))
    return float((p * (np.log(p) - log_mean)).sum() / (len(p) * p.shape[1]))
