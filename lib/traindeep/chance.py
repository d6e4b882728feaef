"""What chance may do: tests of random answers with a known rate of false alarms.

A right answer draws in its own way: no order of draws, no method of the generator and no number of calls is prescribed.
So a test looks at what came out, and asks whether a right sampler could have produced it. Each question below says no to
a right sampler with probability FALSE_ALARM at most, whatever the seed.
"""

import numpy as np
from scipy import special

FALSE_ALARM = 1e-9  # of one question; the bound of a submission is the number of its questions times this
SIGMAS = 6.11  # a normal number is farther than this from its mean, on either side, with probability 1e-9


def share(hits: int, trials: int, p: float) -> float:
    """p if `hits` successes in `trials` independent trials of probability p are plausible, else the share that was seen.

    The limits are exact (tails of the binomial law, FALSE_ALARM / 2 on each side), so nothing rests on a normal
    approximation. The share that was seen is rounded to one digit, so that two answers with the same mistake agree.

    Args:
        hits: Number of successes, 0 to trials.
        trials: Number of trials that are independent if the answer is right. Pairs of neighbours that do not overlap
            are such trials: both ones has probability p^2.
        p: Probability of a success, in [0, 1].

    Returns:
        p, or a number that is not p.

    >>> share(812, 1000, 0.8), share(512, 1000, 0.8)
    (0.8, 0.5)
    """
    hits, trials = int(hits), int(trials)
    if not 0 <= hits <= trials:
        return float("nan")
    # special.bdtr(k, n, p) is the probability of at most k successes, special.bdtrc(k, n, p) that of more than k.
    few = special.bdtr(hits, trials, p)
    many = special.bdtrc(hits - 1, trials, p) if hits else 1.0
    if min(few, many) > FALSE_ALARM / 2:
        return p
    seen = hits / trials
    return next(rounded for digits in (1, 2, 3, 17) if (rounded := round(seen, digits)) != p)


def shares(counts, probabilities) -> bool:
    """Whether counts of several outcomes are plausible: each of them within exact limits, FALSE_ALARM for all together.

    Args:
        counts: (K,) how often each outcome was seen.
        probabilities: (K,) that add up to 1, or one number for K equally likely outcomes.

    >>> shares([250, 240, 260, 250], 1 / 4), shares([1000, 0, 0, 0], 1 / 4)
    (True, False)
    """
    counts = np.asarray(counts)
    p, trials = np.broadcast_to(probabilities, counts.shape), counts.sum()
    few, many = special.bdtr(counts, trials, p), special.bdtrc(counts - 1, trials, p)
    many = np.where(counts > 0, many, 1.0)
    return bool(np.all(np.minimum(few, many) > FALSE_ALARM / 2 / counts.size))


def near(value: float, mean: float, sd: float) -> bool:
    """Whether a number that is about normal with this mean and standard deviation is within SIGMAS of them.

    For sums and averages of many draws. `sd` comes from the exact law, not from the draws that are tested.

    >>> near(0.1, 0, 0.02), near(0.2, 0, 0.02)
    (True, False)
    """
    return bool(abs(value - mean) <= SIGMAS * sd)


def uniform(values, low: float, high: float) -> bool:
    """Whether independent draws are plausibly uniform between low and high; draws outside of them never are.

    The largest distance between their distribution function and that of the law is compared with the exact bound of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990): P(distance > d) <= 2 exp(-2 n d^2).

    >>> uniform(np.linspace(0, 1, 999), 0, 1), uniform(np.linspace(0, 1, 999) ** 2, 0, 1)
    (True, False)
    """
    ordered = np.sort(np.ravel(values)).astype(float)
    n = len(ordered)
    slack = 1e-6 * (high - low)  # rounding of float32
    if not n or ordered[0] < low - slack or ordered[-1] > high + slack:
        return False
    law = np.clip((ordered - low) / (high - low), 0, 1)
    steps = np.arange(n + 1) / n
    distance = max(np.max(steps[1:] - law), np.max(law - steps[:-1]))
    return bool(distance <= np.sqrt(np.log(2 / FALSE_ALARM) / (2 * n)))
