"""Right answers to dropconnect_moments and dropconnect_infer, written in other ways: other methods of the generator."""

import numpy as np
from scipy import special

from autograder.exercise import replaces


def _moments(W, v, p_keep):
    if p_keep <= 0 or p_keep > 1:
        raise ValueError("p_keep is a probability above 0")
    terms = np.asarray(W, float) * v
    return p_keep * terms.sum(1), (p_keep - p_keep**2) * np.square(terms).sum(1)


@replaces("dropconnect_moments")
def einsum(W, v, p_keep):
    """Two einsums."""
    if not (p_keep > 0 and p_keep <= 1):
        raise ValueError(f"p_keep: {p_keep}")
    mean = p_keep * np.einsum("oi,i->o", np.asarray(W, float), v)
    return mean, p_keep * (1 - p_keep) * np.einsum("oi,oi,i,i->o", W, np.asarray(W, float), v, v)


@replaces("dropconnect_moments")
def output_by_output(W, v, p_keep):
    """Loops, second moment minus squared mean for each term."""
    if not 0 < p_keep <= 1:
        raise ValueError("p_keep")
    mean, var = np.zeros(len(W)), np.zeros(len(W))
    for o, row in enumerate(W):
        for w, x in zip(row, v, strict=True):
            term = float(w) * float(x)
            mean[o] += p_keep * term
            var[o] += p_keep * term**2 - (p_keep * term) ** 2
    return [mean, var]


@replaces("dropconnect_infer")
def loop_over_draws(W, v, p_keep, f, n, rng):
    """One draw after the other, added up."""
    mean, var = _moments(W, v, p_keep)
    if n <= 0:
        raise ValueError("n is the number of draws")
    total = np.zeros(len(mean))
    for _ in range(n):
        total += f(rng.normal(loc=mean, scale=var**0.5))
    return total / n


@replaces("dropconnect_infer")
def output_after_output(W, v, p_keep, f, n, rng):
    """All draws of one output, then those of the next, from standard normal numbers."""
    mean, var = _moments(W, v, p_keep)
    if n < 1:
        raise ValueError(f"n = {n}")
    return np.array([np.mean(f(m + np.sqrt(s) * rng.standard_normal(n))) for m, s in zip(mean, var, strict=True)])


@replaces("dropconnect_infer")
def transposed(W, v, p_keep, f, n, rng):
    """Outputs in rows, draws in columns."""
    if n < 1:
        raise ValueError("n must be positive")
    mean, var = _moments(W, v, p_keep)
    z = mean[:, None] + np.sqrt(var)[:, None] * rng.normal(0.0, 1.0, (len(mean), n))
    return np.average(f(z), axis=1)


@replaces("dropconnect_infer")
def inverse_distribution_function(W, v, p_keep, f, n, rng):
    """Uniform numbers through the inverse of the normal distribution function."""
    mean, var = _moments(W, v, p_keep)
    if n < 1:
        raise ValueError("n")
    u = rng.uniform(size=(n, len(mean)))
    return f(mean + np.sqrt(var) * special.ndtri(np.clip(u, 1e-300, None))).mean(0)


@replaces("dropconnect_infer")
def whole_numbers(W, v, p_keep, f, n, rng):
    """Whole numbers of 53 bits, two at a time, by the method of Box and Muller."""
    mean, var = _moments(W, v, p_keep)
    if n < 1:
        raise ValueError("n")
    a, b = (rng.integers(1, 2**53, size=(n, len(mean))) / 2**53 for _ in range(2))
    return f(mean + np.sqrt(var) * np.sqrt(-2 * np.log(a)) * np.cos(2 * np.pi * b)).mean(axis=0)


@replaces("dropconnect_infer")
def torch_generator(W, v, p_keep, f, n, rng):
    """A torch generator whose seed comes from rng."""
    import torch

    mean, var = _moments(W, v, p_keep)
    if n < 1:
        raise ValueError("n")
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    z = torch.randn(int(n), len(mean), generator=generator, dtype=torch.float64).numpy()
    return f(mean + np.sqrt(var) * z).mean(axis=0)
