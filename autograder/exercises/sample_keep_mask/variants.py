"""Right answers to sample_keep_mask, written in other ways: other methods of the generator, other orders, other dtypes."""

import numpy as np


def _keep(p_drop):
    if p_drop < 0 or p_drop > 1:
        raise ValueError(f"p_drop is {p_drop}")
    return 1 - p_drop


def random_below_keep(shape, p_drop, rng):
    """rng.random, as whole numbers."""
    return (rng.random(shape) < _keep(p_drop)).astype(int)


def random_float32(shape, p_drop, rng):
    """float32 numbers, and a float32 mask."""
    return (rng.random(shape, dtype=np.float32) < _keep(p_drop)).astype(np.float32)


def uniform(shape, p_drop, rng):
    """rng.uniform over another interval; bool."""
    return rng.uniform(-1, 1, size=shape) < 2 * _keep(p_drop) - 1


def binomial(shape, p_drop, rng):
    """One trial for each entry."""
    return rng.binomial(1, _keep(p_drop), size=shape)


def integers(shape, p_drop, rng):
    """Whole numbers below 10^6, of which p_drop * 10^6 mean drop; float."""
    _keep(p_drop)
    return np.where(rng.integers(10**6, size=shape) < round(10**6 * p_drop), 0.0, 1.0)


def choice(shape, p_drop, rng):
    """rng.choice with probabilities; unsigned bytes."""
    return rng.choice([0, 1], size=shape, p=[1 - _keep(p_drop), _keep(p_drop)]).astype(np.uint8)


def permuted_numbers(shape, p_drop, rng):
    """Drawn last entry first, then reversed; Fortran order."""
    flat = rng.random(int(np.prod(shape)))[::-1]
    return np.asfortranarray((flat < _keep(p_drop)).reshape(shape))


def one_at_a_time(shape, p_drop, rng):
    """A loop over all entries."""
    keep, mask = _keep(p_drop), np.zeros(shape, dtype=bool)
    for index in np.ndindex(*shape):
        mask[index] = rng.random() < keep
    return mask


def exponential(shape, p_drop, rng):
    """An exponential number is above t with probability exp(-t)."""
    keep = _keep(p_drop)
    with np.errstate(divide="ignore"):
        return rng.exponential(size=shape) >= -np.log(keep)


def normal(shape, p_drop, rng):
    """Normal numbers below the quantile of what is kept."""
    from scipy.special import ndtri

    return rng.normal(size=shape) <= ndtri(_keep(p_drop))


def torch_bernoulli(shape, p_drop, rng):
    """A torch generator with a seed from rng."""
    import torch

    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    return torch.bernoulli(torch.full(shape, _keep(p_drop), dtype=torch.float64), generator=generator).numpy()


def scipy_bernoulli(shape, p_drop, rng):
    """scipy's Bernoulli law, which draws from the generator that it is given."""
    from scipy import stats

    return stats.bernoulli.rvs(_keep(p_drop), size=shape, random_state=rng)


def child_generator(shape, p_drop, rng):
    """A new generator with a seed from rng in each call."""
    return np.random.default_rng(rng.integers(2**63)).random(shape) >= 1 - _keep(p_drop)
