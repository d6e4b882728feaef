"""The references of batch normalization for images and at inference, against torch and against one another."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_linear_bn_eval
from traindeep.reference.normalization import bn2d_forward_train, bn_eval, bn_fold, bn_forward_train

torch.set_num_threads(1)
SHAPES = [(5, 4, 2, 3), (1, 3, 4, 5), (2, 3, 1, 4), (3, 4, 2, 4), (6, 2, 1, 1)]


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def _images(rng, shape):
    return rng.normal(size=shape) * rng.uniform(0.1, 5, size=(shape[1], 1, 1)) + rng.normal(size=shape[1:]) * 10


def _stored(rng, d):
    return rng.normal(size=d), rng.normal(size=d), rng.normal(size=d) * 3, rng.uniform(0, 4, size=d)


def _tensors(*arrays):
    return [torch.tensor(array, dtype=torch.float64) for array in arrays]


def _rows(x):
    """(N, C, H, W) as (N * H * W, C)."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


# ---- bn2d_forward_train --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_bn2d_is_torch_batch_norm(rng, shape, eps):
    """The default is torch's batch norm of 4-D input in training."""
    x, gamma, beta = _images(rng, shape), rng.normal(size=shape[1]), rng.normal(size=shape[1])
    tx, tgamma, tbeta = _tensors(x, gamma, beta)
    expected = F.batch_norm(tx, None, None, tgamma, tbeta, training=True, eps=eps).numpy()
    np.testing.assert_allclose(bn2d_forward_train(x, gamma, beta, eps), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_bn2d_is_batch_norm_of_pixels_as_rows(rng, shape):
    """The default is bn_forward_train of all pixels as rows."""
    x, gamma, beta = _images(rng, shape), rng.normal(size=shape[1]), rng.normal(size=shape[1])
    expected = bn_forward_train(_rows(x), gamma, beta, eps=0.1)[0]
    np.testing.assert_allclose(_rows(bn2d_forward_train(x, gamma, beta, eps=0.1)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape[0] > 1])
def test_bn2d_per_pixel_is_batch_norm_of_pixels_as_features(rng, shape):
    """per_pixel=True is bn_forward_train, and torch's batch norm, of images as rows of C * H * W features."""
    x, gamma, beta = _images(rng, shape), rng.normal(size=shape[1]), rng.normal(size=shape[1])
    n, _, h, w = shape
    rows, wide_gamma, wide_beta = x.reshape(n, -1), np.repeat(gamma, h * w), np.repeat(beta, h * w)
    y = bn2d_forward_train(x, gamma, beta, eps=0.1, per_pixel=True).reshape(n, -1)
    expected = bn_forward_train(rows, wide_gamma, wide_beta, eps=0.1)[0]
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    tx, tgamma, tbeta = _tensors(rows, wide_gamma, wide_beta)
    expected = F.batch_norm(tx, None, None, tgamma, tbeta, training=True, eps=0.1).numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-10)


def test_bn2d_per_pixel_is_the_default_on_images_of_one_pixel(rng):
    """Where H = W = 1 the two choices of axes agree, and elsewhere they do not."""
    gamma, beta = rng.normal(size=3), rng.normal(size=3)
    for shape, equal in (((5, 3, 1, 1), True), ((5, 3, 2, 4), False)):
        x = _images(rng, shape)
        y, per_pixel = (bn2d_forward_train(x, gamma, beta, per_pixel=flag) for flag in (False, True))
        assert np.allclose(y, per_pixel) == equal


def test_bn2d_of_constant_values_is_beta(rng):
    """A constant channel, and a constant pixel with per_pixel=True, come out as beta."""
    x, gamma, beta = _images(rng, (5, 3, 2, 4)), rng.normal(size=3), rng.normal(size=3)
    x[:, 1], x[:, 2, 0, 3] = 0.3, 0.7
    np.testing.assert_allclose(bn2d_forward_train(x, gamma, beta)[:, 1], beta[1], atol=1e-10)
    np.testing.assert_allclose(bn2d_forward_train(x, gamma, beta, per_pixel=True)[:, 2, 0, 3], beta[2], atol=1e-10)


def test_bn2d_of_whole_numbers_and_float32_leaves_them_alone(rng):
    """Integers and float32 are computed in float64, and x keeps its values."""
    for x in (rng.integers(-5, 9, size=(5, 3, 2, 4)), _images(rng, (5, 3, 2, 4)).astype(np.float32)):
        before = x.copy()
        y = bn2d_forward_train(x, np.ones(3), np.zeros(3), eps=0.1)
        np.testing.assert_array_equal(x, before)
        assert y.dtype == np.float64
        np.testing.assert_array_equal(y, bn2d_forward_train(x.astype(float), np.ones(3), np.zeros(3), eps=0.1))


@pytest.mark.parametrize(
    ("shape", "per_pixel", "message"),
    [
        ((6, 3), False, r"x must be \(N, C, H, W\), got shape \(6, 3\)"),
        ((2, 3, 1, 2, 2), True, r"x must be \(N, C, H, W\)"),
        ((1, 3, 1, 1), False, r"x must have at least 2 values per mean, got 1 for shape \(1, 3, 1, 1\)"),
        ((1, 3, 4, 5), True, "x must have at least 2 values per mean, got 1"),
    ],
)
def test_bn2d_refuses_images_without_statistics(shape, per_pixel, message):
    """Other numbers of axes and means of one value are refused, as torch refuses one value per channel."""
    with pytest.raises(ValueError, match=message):
        bn2d_forward_train(np.ones(shape), np.ones(3), np.zeros(3), per_pixel=per_pixel)


@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_bn2d_refuses_vectors_that_are_not_per_channel(name):
    """gamma and beta must be (C,)."""
    vectors = {"gamma": np.ones(3), "beta": np.ones(3)} | {name: np.ones(4)}
    with pytest.raises(ValueError, match=rf"{name} must have shape \(3,\), got \(4,\)"):
        bn2d_forward_train(np.ones((2, 3, 5, 4)), **vectors)


# ---- bn_eval, bn_fold ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_bn_eval_is_torch_batch_norm_at_inference(rng, rows, eps):
    """bn_eval is torch's batch norm with training=False, for one row as for several."""
    x, (gamma, beta, mean, var) = rng.normal(size=(rows, 4)), _stored(rng, 4)
    tx, tgamma, tbeta, tmean, tvar = _tensors(x, gamma, beta, mean, var)
    expected = F.batch_norm(tx, tmean, tvar, tgamma, tbeta, training=False, eps=eps).numpy()
    np.testing.assert_allclose(bn_eval(x, gamma, beta, mean, var, eps), expected, rtol=1e-10, atol=1e-10)


def test_bn_eval_with_the_statistics_of_the_batch_is_training(rng):
    """Where the stored statistics are those of the batch, training and inference agree."""
    x, (gamma, beta, _, _) = rng.normal(size=(6, 4)), _stored(rng, 4)
    y = bn_eval(x, gamma, beta, x.mean(axis=0), x.var(axis=0), eps=0.1)
    np.testing.assert_allclose(y, bn_forward_train(x, gamma, beta, eps=0.1)[0], rtol=1e-12, atol=1e-12)


def test_bn_eval_of_whole_numbers_and_of_a_variance_of_zero():
    """Integers are computed in float64, and a stored variance of 0 leaves sqrt(eps) as the divisor."""
    y = bn_eval(np.array([[3, 1]]), np.array([1, 2]), np.array([0, 1]), np.array([1, 1]), np.array([0, 3]), eps=1)
    np.testing.assert_allclose(y, [[2.0, 1.0]])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(4, 3), (3, 5), (4, 4)])
def test_bn_fold_is_torch_fusion(rng, bias, sizes):
    """bn_fold is torch's fusion of a linear layer with batch norm, with and without a bias."""
    n_out, n_in = sizes
    linear, norm = nn.Linear(n_in, n_out, bias=bias).double(), nn.BatchNorm1d(n_out, eps=0.1).double()
    stored = _stored(rng, n_out)
    with torch.no_grad():
        for target, value in zip((norm.weight, norm.bias, norm.running_mean, norm.running_var), stored, strict=True):
            target.copy_(torch.tensor(value))
        fused = fuse_linear_bn_eval(linear.eval(), norm.eval())
        W, b = linear.weight.numpy(), linear.bias.numpy() if bias else None
        W2, b2 = bn_fold(W, b, *stored, eps=0.1)
        np.testing.assert_allclose(W2, fused.weight.numpy(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(b2, fused.bias.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
def test_bn_fold_is_the_layer_and_then_bn_eval(rng, bias):
    """The folded layer gives for every input what the layer and then bn_eval give, and W and b stay as they were."""
    u, W, b = rng.normal(size=(7, 5)), rng.normal(size=(3, 5)), rng.normal(size=3)
    before, stored = (W.copy(), b.copy()), _stored(rng, 3)
    W2, b2 = bn_fold(W, b if bias else None, *stored, eps=0.1)
    expected = bn_eval(u @ W.T + (b if bias else 0), *stored, eps=0.1)
    np.testing.assert_allclose(u @ W2.T + b2, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(W, before[0])
    np.testing.assert_array_equal(b, before[1])


@pytest.mark.parametrize("place", range(4), ids=("gamma", "beta", "run_mean", "run_var"))
@pytest.mark.parametrize("shape", [(3,), (1,), (5, 4)])
def test_stored_vectors_of_other_shapes_are_refused(rng, place, shape):
    """A vector that is not (D,), or (Dout,), is refused by name, also where it would broadcast."""
    stored = list(_stored(rng, 4))
    stored[place] = np.ones(shape)
    name = ("gamma", "beta", "run_mean", "run_var")[place]
    for call in (lambda: bn_eval(np.ones((5, 4)), *stored), lambda: bn_fold(np.ones((4, 2)), None, *stored)):
        with pytest.raises(ValueError, match=rf"^{name} must have shape \(4,\), got "):
            call()


def test_a_negative_variance_and_other_shapes_are_refused():
    """A negative run_var, an x or W without two axes and a b that is not (Dout,) are refused by name."""
    one = np.ones(2)
    for call in (
        lambda: bn_eval(np.ones((3, 2)), one, one, one, np.array([1.0, -0.5])),
        lambda: bn_fold(np.ones((2, 3)), one, one, one, one, np.array([1.0, -0.5])),
    ):
        with pytest.raises(ValueError, match=r"run_var must not be negative, got -0\.5"):
            call()
    with pytest.raises(ValueError, match=r"x must be \(N, D\), got shape \(2,\)"):
        bn_eval(one, one, one, one, one)
    with pytest.raises(ValueError, match=r"W must be \(Dout, Din\), got shape \(2,\)"):
        bn_fold(one, one, one, one, one, one)
    with pytest.raises(ValueError, match=r"b must have shape \(2,\), got \(3,\)"):
        bn_fold(np.ones((2, 3)), np.ones(3), one, one, one, one)
