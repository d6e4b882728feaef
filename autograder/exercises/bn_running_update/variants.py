"""Right answers to bn_running_update and ema_weights, written in other ways."""

import numpy as np

from autograder.exercise import replaces


def _check(momentum, rows=2, convention="torch"):
    if momentum < 0 or momentum > 1:
        raise ValueError("momentum: a share between 0 and 1")
    if rows < 2:
        raise ValueError("the batch x needs two rows")
    if convention not in {"torch", "lecture"}:
        raise ValueError("unknown convention")


@replaces("bn_running_update")
def step_towards_the_batch(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """old + m * (batch - old)."""
    _check(momentum, len(x), convention)
    m = {"torch": momentum, "lecture": 1 - momentum}[convention]
    var = np.mean((x - x.mean(axis=0)) ** 2, axis=0) * len(x) / (len(x) - 1)
    return run_mean + m * (x.mean(axis=0) - run_mean), run_var + m * (var - run_var)


@replaces("bn_running_update")
def weighted_average(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """np.average of the stored and the new value; a list as the pair."""
    _check(momentum, len(x), convention)
    weights = (1 - momentum, momentum) if convention == "torch" else (momentum, 1 - momentum)
    new = np.mean(x, axis=0), np.var(x, axis=0, ddof=1)
    return [np.average([old, now], axis=0, weights=weights) for old, now in zip((run_mean, run_var), new, strict=True)]


@replaces("bn_running_update")
def by_feature(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """One feature at a time; "lecture" calls "torch"."""
    _check(momentum, len(x), convention)
    if convention == "lecture":
        return by_feature(run_mean, run_var, x, 1 - momentum)
    mean, var = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for j, column in enumerate(np.asarray(x, dtype=float).T):
        mu = sum(column) / len(column)
        mean[j] = (1 - momentum) * run_mean[j] + momentum * mu
        var[j] = (1 - momentum) * run_var[j] + momentum * sum((column - mu) ** 2) / (len(column) - 1)
    return mean, var


@replaces("bn_running_update")
def in_place_on_copies(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """*= and +=, on float copies."""
    _check(momentum, len(x), convention)
    old = momentum if convention == "lecture" else 1 - momentum
    mean, var = np.array(run_mean, dtype=float), np.array(run_var, dtype=float)
    mean *= old
    mean += (1 - old) * x.mean(0)
    var *= old
    var += (1 - old) * np.diag(np.atleast_2d(np.cov(x, rowvar=False)))
    return mean, var


@replaces("ema_weights")
def unit_updates(T, momentum):
    """Feed unit vectors through T updates and read off what is stored."""
    _check(momentum)
    stored, *batches = np.eye(T + 1)
    for batch in batches:
        stored = (1 - momentum) * stored + momentum * batch
    return stored


@replaces("ema_weights")
def loop_backwards(T, momentum):
    """From the newest batch to the oldest; the initial value takes what is left of 1."""
    _check(momentum)
    weights, left = np.zeros(T + 1), 1.0
    for t in range(T, 0, -1):
        weights[t] = left * momentum
        left -= weights[t]
    weights[0] = left
    return weights


@replaces("ema_weights")
def cumulative_product(T, momentum):
    """Cumulative products of 1 - momentum."""
    _check(momentum)
    powers = np.cumprod(np.r_[1.0, np.full(T, 1.0 - momentum)])[::-1]
    return np.r_[powers[0], momentum * powers[1:]]
