"""The references of synchronized batch normalization and the layer-normalized recurrent step, against torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from traindeep.reference.normalization import bn2d_forward_train
from traindeep.reference.normalization_settings import ln_rnn_step, sync_bn_forward

torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(47)


def _tensors(*arrays):
    return [torch.tensor(array, dtype=torch.float64) for array in arrays]


# ---- sync_bn_forward -----------------------------------------------------------------------------------


def _shards(rng, sizes=(8, 8, 4), means=(0, 3, 10), image=(4, 2, 3)):
    return [mean + rng.normal(size=(n, *image)) for n, mean in zip(sizes, means, strict=True)]


@pytest.mark.parametrize("sizes", [(8, 8, 4), (1, 5, 2), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_sync_bn_is_torch_batch_norm_of_the_union(rng, sizes, eps):
    """The shards together are what torch makes of the whole batch."""
    shards, gamma, beta = _shards(rng, sizes), rng.normal(size=4), rng.normal(size=4)
    x, tgamma, tbeta = _tensors(np.concatenate(shards), gamma, beta)
    expected = F.batch_norm(x, None, None, tgamma, tbeta, training=True, eps=eps).numpy()
    y = sync_bn_forward(shards, gamma, beta, eps)
    assert [shard.shape for shard in y] == [shard.shape for shard in shards]
    np.testing.assert_allclose(np.concatenate(y), expected, rtol=1e-10, atol=1e-10)


def test_sync_bn_of_one_shard_is_batch_norm(rng):
    """One shard is bn2d_forward_train, and how a batch is cut does not matter."""
    x, gamma, beta = rng.normal(size=(9, 3, 2, 5)), rng.normal(size=3), rng.normal(size=3)
    whole = bn2d_forward_train(x, gamma, beta, eps=0.1)
    for cuts in ([], [4], [1, 2, 8]):
        y = sync_bn_forward(np.split(x, cuts), gamma, beta, eps=0.1)
        np.testing.assert_allclose(np.concatenate(y), whole, rtol=1e-12, atol=1e-12)


def test_sync_bn_needs_the_spread_between_shards(rng):
    """With shard means 0, 3 and 10 the variances average to about 1; that of the union is 13.6 larger."""
    shards = _shards(rng, sizes=(800, 800, 400))
    y = sync_bn_forward(shards, np.ones(4), np.zeros(4))
    ratio = np.std(shards[0]) / np.std(y[0])
    means = np.array([0.0, 3.0, 10.0])
    between = np.average((means - np.average(means, weights=[8, 8, 4])) ** 2, weights=[8, 8, 4])
    assert between == pytest.approx(13.36)
    assert ratio**2 == pytest.approx(1 + between, rel=0.05)


def test_sync_bn_takes_whole_numbers_and_leaves_arguments_alone(rng):
    """Integer and float32 shards work; nothing is changed, not even the list."""
    shards = [rng.integers(-5, 9, size=(n, 3, 2, 4)) for n in (4, 2)]
    before = [shard.copy() for shard in shards]
    y = sync_bn_forward(shards, np.ones(3), np.zeros(3))
    expected = sync_bn_forward([s.astype(np.float32) for s in shards], np.ones(3), np.zeros(3))
    for a, b, c, d in zip(y, expected, shards, before, strict=True):
        np.testing.assert_allclose(a, b)
        np.testing.assert_array_equal(c, d)


def test_sync_bn_refuses(rng):
    """No shard, other channels or pixels, and vectors that are not (C,)."""
    a, one = rng.normal(size=(3, 4, 2, 5)), np.ones(4)
    with pytest.raises(ValueError, match="shards must hold at least one shard"):
        sync_bn_forward([], one, one)
    for shape in ((3, 1, 2, 5), (3, 5, 2, 5), (3, 4, 5, 2), (3, 4)):
        with pytest.raises(ValueError, match=r"shards must agree in \(C, H, W\): shard 0 has .*, shard 1"):
            sync_bn_forward([a, np.ones(shape)], one, one)
    for wrong in (np.ones(3), np.ones(1), np.ones((4, 1, 1))):
        with pytest.raises(ValueError, match=r"gamma must have shape \(4,\)"):
            sync_bn_forward([a], wrong, one)
        with pytest.raises(ValueError, match=r"beta must have shape \(4,\)"):
            sync_bn_forward([a], one, wrong)


# ---- ln_rnn_step ---------------------------------------------------------------------------------------


def _cell(rng, n=5, d=3, h=4):
    Wx, Wh = rng.normal(size=(h, d)), rng.normal(size=(h, h))
    return rng.normal(size=(n, d)), rng.normal(size=(n, h)), Wx, Wh, rng.uniform(0.5, 2, h), rng.normal(size=h)


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_ln_rnn_step_is_torch_over_20_steps(rng, eps):
    """Twenty steps agree with F.layer_norm and tanh."""
    _, h, Wx, Wh, gamma, beta = _cell(rng)
    theirs, tWx, tWh, tgamma, tbeta = _tensors(h, Wx, Wh, gamma, beta)
    for x in rng.normal(size=(20, 5, 3)):
        h = ln_rnn_step(x, h, Wx, Wh, gamma, beta, eps)
        a = F.linear(torch.tensor(x), tWx) + F.linear(theirs, tWh)
        theirs = torch.tanh(F.layer_norm(a, (4,), tgamma, tbeta, eps))
        np.testing.assert_allclose(h, theirs.numpy(), rtol=1e-8, atol=1e-10)


def test_ln_rnn_step_looks_at_one_case(rng):
    """A batch of one gives its row of the batch."""
    x, h, *rest = _cell(rng)
    y = ln_rnn_step(x, h, *rest)
    for i in range(len(x)):
        np.testing.assert_allclose(ln_rnn_step(x[i : i + 1], h[i : i + 1], *rest), y[i : i + 1], rtol=1e-12)


def test_ln_rnn_step_does_not_see_the_scale_of_the_weights(rng):
    """Scaling Wx and Wh together, or adding one row to all of theirs, changes nothing with eps = 0."""
    x, h, Wx, Wh, gamma, beta = _cell(rng)
    y = ln_rnn_step(x, h, Wx, Wh, gamma, beta, eps=0.0)
    np.testing.assert_allclose(ln_rnn_step(x, h, 7 * Wx, 7 * Wh, gamma, beta, eps=0.0), y, rtol=1e-12)
    shifted = ln_rnn_step(x, h, Wx + rng.normal(size=3), Wh + rng.normal(size=4), gamma, beta, eps=0.0)
    np.testing.assert_allclose(shifted, y, rtol=1e-10)
    assert not np.allclose(ln_rnn_step(x, h, 7 * Wx, Wh, gamma, beta, eps=0.0), y, atol=0.01)


def test_ln_rnn_step_takes_whole_numbers_and_leaves_arguments_alone(rng):
    """Integers work and nothing is changed."""
    arguments = [rng.integers(-4, 5, size=np.shape(a)) for a in _cell(rng)]
    before = [a.copy() for a in arguments]
    y = ln_rnn_step(*arguments)
    np.testing.assert_allclose(y, ln_rnn_step(*(a.astype(float) for a in arguments)))
    for a, b in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("place", "shape", "says"),
    [
        (0, (3,), r"x must be \(N, D\)"),
        (1, (1, 4), r"h must be \(N, H\) with N = 5"),
        (1, (4,), r"h must be \(N, H\)"),
        (2, (3, 4), r"Wx must have shape \(4, 3\), got \(3, 4\)"),
        (3, (4, 3), r"Wh must have shape \(4, 4\)"),
        (4, (1,), r"gamma must have shape \(4,\)"),
        (5, (5, 4), r"beta must have shape \(4,\)"),
    ],
)
def test_ln_rnn_step_refuses(rng, place, shape, says):
    """Shapes that do not fit, also where they would broadcast."""
    arguments = list(_cell(rng))
    arguments[place] = np.ones(shape)
    with pytest.raises(ValueError, match=says):
        ln_rnn_step(*arguments)
