"""Tests of random answers: a right sampler is refused once in a thousand million questions, a wrong one always."""

import numpy as np
import pytest
from scipy import stats
from traindeep import chance


@pytest.mark.parametrize("p", [0.0, 0.02, 0.2, 0.5, 0.83, 1.0])
@pytest.mark.parametrize("trials", [1, 40, 3000])
def test_the_limits_of_a_share_are_those_of_the_binomial_law(trials, p):
    """All numbers of hits that are refused have a probability of FALSE_ALARM at most, and they are all that have it."""
    hits = np.arange(trials + 1)
    refused = np.array([chance.share(k, trials, p) != p for k in hits])
    law = stats.binom(trials, p)
    assert law.pmf(hits[refused]).sum() <= chance.FALSE_ALARM
    tails = np.minimum(law.cdf(hits), law.sf(hits - 1))
    assert np.all(refused[tails < 0.49 * chance.FALSE_ALARM])


def test_a_share_that_is_refused_is_never_the_expected_one():
    """Not even after rounding; what is no number of hits at all is refused too."""
    assert chance.share(20_900, 100_000, 0.2) == 0.21
    assert chance.share(1, 1_000_000, 0.0) not in (0, 0.0)
    assert np.isnan(chance.share(7, 5, 0.2))
    assert np.isnan(chance.share(-1, 5, 0.2))


def test_shares_refuse_what_is_never_or_always_seen():
    """One outcome that is too rare or too frequent is enough; unequal probabilities are accepted."""
    rng = np.random.default_rng(0)
    counts = np.bincount(rng.choice(4, 9000, p=[0.1, 0.2, 0.3, 0.4]), minlength=4)
    assert chance.shares(counts, [0.1, 0.2, 0.3, 0.4])
    assert not chance.shares(counts, 1 / 4)
    assert not chance.shares([3000, 3000, 3000, 0], 1 / 4)


def test_right_draws_are_not_refused():
    """10,000 right samples of each kind: no false alarm, as 1e-9 promises."""
    rng = np.random.default_rng(1)
    assert {chance.share(k, 500, 0.3) for k in rng.binomial(500, 0.3, 10_000)} == {0.3}
    assert all(chance.shares(row, [0.5, 0.3, 0.2]) for row in rng.multinomial(300, [0.5, 0.3, 0.2], 10_000))
    assert all(chance.near(x, 2, 0.1) for x in rng.normal(2, 0.1, 10_000))
    assert all(chance.uniform(row, -1, 3) for row in rng.uniform(-1, 3, (10_000, 50)))


def test_what_is_not_uniform_is_refused():
    """The wrong range, another law, values outside, nan and nothing at all."""
    rng = np.random.default_rng(2)
    assert not chance.uniform(rng.uniform(0, 1, 2000), -1, 1)
    assert not chance.uniform(rng.normal(0.5, 0.1, 2000).clip(0, 1), 0, 1)
    assert not chance.uniform(np.append(rng.uniform(0, 1, 2000), 1.01), 0, 1)
    assert not chance.uniform(np.append(rng.uniform(0, 1, 2000), np.nan), 0, 1)
    assert not chance.uniform([], 0, 1)
