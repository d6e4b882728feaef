"""Right answers to variance_shift_ratio, written in other ways."""

import numpy as np


def rearranged(mean, var, p_drop):
    """1 + (p / (1 - p)) (1 + mu^2 / v)."""
    if not np.all(np.asarray(var) > 0):
        raise ValueError("var has an entry that is not positive")
    if p_drop < 0 or p_drop >= 1:
        raise ValueError("p_drop: [0, 1)")
    odds = p_drop / (1 - p_drop)
    return 1 + odds * (1 + np.asarray(mean, float) ** 2 / var)


def moments(mean, var, p_drop):
    """First and second moment of the two cases, kept and dropped."""
    mean, var = np.array(mean, dtype=float), np.array(var, dtype=float)
    if var.min() <= 0:
        raise ValueError("var")
    if not (p_drop >= 0 and p_drop < 1):
        raise ValueError("p_drop")
    keep = 1 - p_drop
    first = p_drop * 0 + keep * (mean / keep)
    second = p_drop * 0 + keep * (var + mean * mean) / keep**2
    return (second - first**2) / var


def total_variance(mean, var, p_drop):
    """Spread within the kept ones, plus the spread between kept and dropped."""
    if any(v <= 0 for v in var):
        raise ValueError("every var must be above 0")
    if not 0.0 <= p_drop < 1.0:
        raise ValueError(f"p_drop = {p_drop}")
    keep = 1 - p_drop
    out = []
    for mu, v in zip(mean, var, strict=True):
        within = keep * v / keep**2
        between = keep * (mu / keep - mu) ** 2 + p_drop * mu**2
        out.append((within + between) / v)
    return np.array(out)
