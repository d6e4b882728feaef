"""Right answers to bootstrap_indices, combine and ensemble_mse, written in other ways."""

import numpy as np
import torch

from autograder.exercise import replaces


def _sets(k):
    if not k > 0:
        raise ValueError(f"k = {k}: at least one set is needed")
    return int(k)


@replaces("bootstrap_indices")
def choice(n, k, rng):
    """rng.choice, set by set."""
    return np.array([rng.choice(n, n, replace=True) for _ in range(_sets(k))])


@replaces("bootstrap_indices")
def multinomial(n, k, rng):
    """How often each sample is in a set, written out: the sets are sorted."""
    counts = rng.multinomial(n, np.full(n, 1 / n), size=_sets(k))
    return np.stack([np.repeat(np.arange(n), row) for row in counts])


@replaces("bootstrap_indices")
def floor_of_random(n, k, rng):
    """rng.random, stretched and rounded down."""
    return np.floor(n * rng.random((_sets(k), n))).astype(np.int32)


@replaces("bootstrap_indices")
def uniform(n, k, rng):
    """rng.uniform, drawn column by column and transposed; unsigned."""
    return rng.uniform(0, n, size=(n, _sets(k))).astype(np.uint8).T


@replaces("bootstrap_indices")
def first_of_a_permutation(n, k, rng):
    """Each draw is the first of a random order."""
    return np.argsort(rng.random((_sets(k), n, n)), axis=2)[:, :, 0]


@replaces("bootstrap_indices")
def torch_generator(n, k, rng):
    """A torch generator with a seed from rng."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    return torch.randint(n, (_sets(k), n), generator=generator).numpy()


@replaces("bootstrap_indices")
def python_lists(n, k, rng):
    """Draws one by one."""
    return np.array([[int(rng.integers(0, n - 1, endpoint=True)) for _ in range(n)] for _ in range(_sets(k))])


@replaces("bootstrap_indices")
def sorted_thresholds(n, k, rng):
    """binomial counts, one sample after the other, given what is left; shuffled at the end."""
    rows = []
    for _ in range(_sets(k)):
        row, left = [], n
        for sample in range(n):
            count = int(rng.binomial(left, 1 / (n - sample)))
            row, left = row + [sample] * count, left - count
        rows.append(rng.permuted(np.array(row)))
    return np.stack(rows)


@replaces("combine")
def log_sum_exp(probs, how):
    """Logarithms, and logsumexp by torch."""
    p = torch.as_tensor(np.array(probs, dtype=float))
    if how not in ("arith", "geo", "vote"):
        raise ValueError(f"how: {how}")
    if how == "arith":
        return p.mean(0).numpy()
    if how == "geo":
        logs = p.log().mean(0)
        return (logs - logs.logsumexp(1, keepdim=True)).exp().numpy()
    return torch.nn.functional.one_hot(p.argmax(2), p.shape[2]).double().mean(0).numpy()


@replaces("combine")
def counting(probs, how):
    """bincount for each sample, a product with a root at the end, einsum for the mean."""
    probs = np.array(probs, dtype=float)
    k, N, C = probs.shape
    if how == "arith":
        return np.einsum("kij->ij", probs) / k
    if how == "geo":
        product = np.multiply.reduce(probs) ** (1 / k)
        return (product.T / product.sum(-1)).T
    if how == "vote":
        return np.stack([np.bincount(probs[:, i].argmax(-1), minlength=C) for i in range(N)]) / k
    raise ValueError("how must be arith, geo or vote")


@replaces("ensemble_mse")
def towards_cov(var, cov, k):
    """cov, and what is above it divided by k."""
    if k <= 0:
        raise ValueError("k")
    if var < cov:
        raise ValueError("var is smaller than cov")
    return cov + (var - cov) / k


@replaces("ensemble_mse")
def covariance_matrix(var, cov, k):
    """The sum of the covariance matrix, with weights 1 / k on both sides."""
    if k < 1 or cov > var:
        raise ValueError(f"need k >= 1 and cov <= var, got {k}, {cov}, {var}")
    w = np.full(k, 1 / k)
    return w @ (np.full((k, k), cov) + (var - cov) * np.eye(k)) @ w
