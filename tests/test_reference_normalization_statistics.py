"""bn_backward, bn_running_update, ema_weights and bn_population_stats against torch, central differences, closed forms."""

import math

import numpy as np
import pytest
import torch
from traindeep.reference.normalization import (
    bn_backward,
    bn_forward_train,
    bn_population_stats,
    bn_running_update,
    ema_weights,
)

torch.set_num_threads(1)
SCALE, PLACE = np.array([1.0, 0.2, 5.0]), np.array([0.0, 3.0, -50.0])


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def batch(rng, n):
    """Rows of three features that differ in scale and place."""
    return rng.normal(size=(n, 3)) * SCALE + PLACE


# ---- bn_backward -------------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [0.1, 1e-5, 0.0])
def test_bn_backward_is_torchs_gradient(rng, eps):
    """dx, dgamma and dbeta are what torch's autograd gives for the formula of the forward pass."""
    x, gamma, dy = batch(rng, 7), np.array([1.5, -2.0, 0.5]), rng.normal(size=(7, 3)) + 1
    xt, gt, bt = (torch.tensor(a, requires_grad=True) for a in (x, gamma, np.ones(3)))
    if eps:
        y = torch.nn.functional.batch_norm(xt, None, None, gt, bt, training=True, eps=eps)
    else:  # torch's own layer refuses eps = 0 in training
        y = gt * (xt - xt.mean(0)) / xt.var(0, unbiased=False).sqrt() + bt
    y.backward(torch.tensor(dy))
    found = bn_backward(dy, bn_forward_train(x, gamma, np.ones(3), eps)[1])
    for ours, theirs in zip(found, (xt.grad, gt.grad, bt.grad), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=1e-10)


def test_bn_backward_agrees_with_central_differences(rng):
    """Every entry of dx, dgamma and dbeta is the slope of sum(dy * y)."""
    arguments = [batch(rng, 5), np.array([1.5, -2.0, 0.5]), np.array([0.1, 2.0, -1.0])]
    dy = rng.normal(size=(5, 3))
    found = bn_backward(dy, bn_forward_train(*arguments, eps=0.1)[1])

    def loss():
        return np.sum(dy * bn_forward_train(*arguments, eps=0.1)[0])

    for argument, gradient in zip(arguments, found, strict=True):
        assert gradient.shape == argument.shape
        for i in np.ndindex(argument.shape):
            value, h = argument[i], 1e-5
            argument[i] = value + h
            above = loss()
            argument[i] = value - h
            slope = (above - loss()) / (2 * h)
            argument[i] = value
            assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_bn_backward_is_blind_to_a_plain_sum(rng):
    """Under equal dy, dx is zero: adding the same to all y is the affair of beta alone."""
    dx, dgamma, dbeta = bn_backward(np.ones((6, 3)), bn_forward_train(batch(rng, 6), SCALE, PLACE)[1])
    np.testing.assert_allclose(dx, 0, atol=1e-12)
    np.testing.assert_allclose(dgamma, 0, atol=1e-12)
    np.testing.assert_array_equal(dbeta, 6)


def test_bn_backward_changes_nothing_and_takes_integers(rng):
    """dy and the cache stay as they are; integers give what floats give."""
    dy, cache = rng.integers(-4, 5, size=(6, 3)), bn_forward_train(batch(rng, 6), SCALE, PLACE)[1]
    before = {key: np.copy(value) for key, value in cache.items()}
    found, floats = bn_backward(dy, cache), bn_backward(dy.astype(float), cache)
    assert all(np.array_equal(a, b) for a, b in zip(found, floats, strict=True))
    assert all(np.array_equal(before[key], cache[key]) for key in cache)


@pytest.mark.parametrize("shape", [(5, 3), (6, 2), (6, 1), (1, 3), (3,)])
def test_bn_backward_refuses_another_shape(rng, shape):
    """A dy that is not of the shape of x is refused, also where it would broadcast."""
    with pytest.raises(ValueError, match=r"dy must have the shape of x, \(6, 3\)"):
        bn_backward(np.ones(shape), bn_forward_train(batch(rng, 6), SCALE, PLACE)[1])


# ---- bn_running_update, ema_weights --------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0.1, 0.3, 0.0, 1.0])
def test_running_update_keeps_torchs_buffers(rng, momentum):
    """After five batches the stored statistics are the buffers of nn.BatchNorm1d."""
    layer = torch.nn.BatchNorm1d(3, momentum=momentum).double()
    mean, var = np.zeros(3), np.ones(3)
    for n in (4, 2, 7, 5, 3):
        x = batch(rng, n)
        layer(torch.tensor(x))
        mean, var = bn_running_update(mean, var, x, momentum)
    np.testing.assert_allclose(mean, layer.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(var, layer.running_var.numpy(), rtol=1e-12)


def test_lecture_convention_is_torchs_with_the_other_weight(rng):
    """0.9 in one convention is 0.1 in the other, and 0.1 is the default of "torch"."""
    mean, var, x = rng.normal(size=3), rng.uniform(1, 2, 3), batch(rng, 4)
    lecture, torchs = bn_running_update(mean, var, x, 0.9, "lecture"), bn_running_update(mean, var, x)
    np.testing.assert_allclose(lecture, torchs, rtol=1e-12)


def test_running_update_changes_no_argument(rng):
    """The stored statistics and the batch are as before."""
    arguments = rng.normal(size=3), rng.uniform(1, 2, 3), batch(rng, 4)
    before = [a.copy() for a in arguments]
    bn_running_update(*arguments)
    assert all(np.array_equal(a, b) for a, b in zip(before, arguments, strict=True))


@pytest.mark.parametrize("momentum", [-0.01, 1.01, math.nan])
def test_momentum_outside_0_and_1_is_refused(rng, momentum):
    """Both functions name momentum."""
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\]"):
        bn_running_update(np.zeros(3), np.ones(3), batch(rng, 4), momentum)
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\]"):
        ema_weights(3, momentum)


def test_running_update_refuses_one_row_and_unknown_conventions(rng):
    """A variance needs two rows, and there are two conventions."""
    with pytest.raises(ValueError, match="x must have at least two rows, got 1"):
        bn_running_update(np.zeros(3), np.ones(3), batch(rng, 1))
    with pytest.raises(ValueError, match="convention must be .* got 'keras'"):
        bn_running_update(np.zeros(3), np.ones(3), batch(rng, 4), 0.1, "keras")


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.7, 1.0])
@pytest.mark.parametrize("steps", [0, 1, 6])
def test_ema_weights_are_what_updates_do(steps, momentum):
    """Feeding unit vectors through bn_running_update leaves the weights behind, and they add up to 1."""
    stored, *values = np.eye(steps + 1)
    for value in values:
        stored, _ = bn_running_update(stored, stored, np.stack([value, value]), momentum)
    weights = ema_weights(steps, momentum)
    np.testing.assert_allclose(weights, stored, atol=1e-15)
    assert weights.sum() == pytest.approx(1)


# ---- bn_population_stats -------------------------------------------------------------------------------


def test_alg2_is_torchs_plain_average(rng):
    """The buffers of nn.BatchNorm1d(momentum=None) are mean and squared deviation of "alg2", a short batch included."""
    batches = [batch(rng, n) * scale for n, scale in ((5, 1), (5, 3), (2, 2))]
    layer = torch.nn.BatchNorm1d(3, momentum=None).double()
    for x in batches:
        layer(torch.tensor(x))
    mean, std = bn_population_stats(batches, "alg2")
    np.testing.assert_allclose(mean, layer.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(std**2, layer.running_var.numpy(), rtol=1e-12)


def test_pooled_is_the_law_of_total_variance(rng):
    """The pooled variance is the spread within plus the spread between the batches, weighed by rows."""
    batches = [batch(rng, n) + n * SCALE for n in (1, 5, 3)]
    share = np.array([1, 5, 3])[:, None] / 9
    mu, var = np.array([b.mean(0) for b in batches]), np.array([b.var(0) for b in batches])
    mean, std = bn_population_stats(batches, "pooled")
    np.testing.assert_allclose(mean, (share * mu).sum(0), rtol=1e-12)
    np.testing.assert_allclose(std**2, (share * (var + (mu - mean) ** 2)).sum(0), rtol=1e-12)


def test_eq4_by_hand():
    """Deviations 1 and 2 average to 1.5; a batch of one row counts as 0."""
    batches = [np.array([[1.0], [3.0]]), np.array([[2.0], [6.0], [6.0], [2.0]])]
    assert [float(a[0]) for a in bn_population_stats(batches, "eq4")] == [3.0, 1.5]
    assert [float(a[0]) for a in bn_population_stats([*batches, np.array([[9]])], "eq4")] == [5.0, 1.0]


@pytest.mark.parametrize("m", [2, 5])
def test_methods_on_normal_batches(rng, m):
    """Batches of m normal values: "alg2" finds sigma, "eq4" sqrt(2/m) gamma(m/2) / gamma((m-1)/2) of it (0.564 for two)."""
    batches = list(rng.normal(scale=3.0, size=(20_000, m, 1)))
    share = math.sqrt(2 / m) * math.gamma(m / 2) / math.gamma((m - 1) / 2)
    assert bn_population_stats(batches, "alg2")[1] / 3 == pytest.approx(1, rel=0.04)
    assert bn_population_stats(batches, "eq4")[1] / 3 == pytest.approx(share, rel=0.04)


def test_sorted_batches_hide_the_spread():
    """Of constant batches "eq4" and "alg2" see no spread; "pooled" sees all of it."""
    batches = [np.full((4, 2), value) for value in (1, 5)]
    stds = {method: bn_population_stats(batches, method)[1].tolist() for method in ("eq4", "alg2", "pooled")}
    assert stds == {"eq4": [0, 0], "alg2": [0, 0], "pooled": [2, 2]}


def test_population_stats_changes_no_batch(rng):
    """The batches are as before."""
    batches = [batch(rng, n) for n in (4, 3)]
    before = [b.copy() for b in batches]
    for method in ("eq4", "alg2", "pooled"):
        bn_population_stats(batches, method)
    assert all(np.array_equal(a, b) for a, b in zip(before, batches, strict=True))


def test_population_stats_refuses_bad_input(rng):
    """No batches, an unknown method, and a single row where N - 1 divides."""
    for method in ("eq4", "alg2", "pooled"):
        with pytest.raises(ValueError, match="batches must hold at least one"):
            bn_population_stats([], method)
    with pytest.raises(ValueError, match="method must be .* got 'mean'"):
        bn_population_stats([batch(rng, 4)], "mean")
    with pytest.raises(ValueError, match='batches must have at least two rows each for method "alg2"'):
        bn_population_stats([batch(rng, 4), batch(rng, 1)], "alg2")
