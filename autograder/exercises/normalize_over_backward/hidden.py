"""Hidden tests of normalize_over_backward: the same tests over the axes of batch norm, of layer norm, and over others.

xhat and var are those of a right forward pass. eps, kinds of numbers and purity count in "other axes" only: for the axes
of batch and layer norm eps is 0.
"""

import numpy as np

from autograder.exercise import part

PARTS = {"axes of batch norm": 2, "axes of layer norm": 2, "other axes": 2}


def _forward(x, axes, eps):
    var = x.var(axis=axes, keepdims=True)
    return (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(var + eps), var


def _values(rng, shape):
    """Numbers whose place and scale change along every axis, so that no axis can stand in for another."""
    x = rng.normal(size=shape)
    for axis, size in enumerate(shape):
        along = np.reshape(np.linspace(-1.5, 2, size), [-1 if a == axis else 1 for a in range(len(shape))])
        x = (x + (axis + 1) * along) * np.exp(along / 2)
    return x


def _upstream(rng, shape):
    """A random gradient whose mean is not 0 in any set."""
    return _values(rng, shape) + rng.uniform(1, 2)


def _dx(student, dxhat, xhat, var, axes, **settings):
    """dx of copies: whoever writes into an argument pays for it in test_kinds_of_numbers."""
    return {"dx": student.normalize_over_backward(dxhat.copy(), xhat.copy(), var.copy(), axes, **settings)}


def _dx_of_the_arguments(student, dxhat, xhat, var, axes, **settings):
    return {"dx": student.normalize_over_backward(dxhat, xhat, var, axes, **settings)}


def _matches(compare, rng, shape, axes, eps=0.0):
    compare(_dx, _upstream(rng, shape), *_forward(_values(rng, shape), axes, eps), axes, eps=eps)


def _is_the_slope(student, rng, shape, axes, eps=0.0):
    """<dx, v> is the slope of <dxhat, xhat> along v, by central differences of the forward pass."""
    x, dxhat = _values(rng, shape), _upstream(rng, shape)
    dx = np.asarray(student.normalize_over_backward(dxhat.copy(), *_forward(x, axes, eps), axes, eps=eps))
    assert dx.shape == shape, "dx does not have the shape of xhat"
    for _ in range(3):
        v = rng.normal(size=shape)
        ends = [np.sum(dxhat * _forward(x + step * v, axes, eps)[0]) for step in (1e-5, -1e-5)]
        slope = (ends[0] - ends[1]) / 2e-5
        assert abs(np.sum(dx * v) - slope) <= 1e-5 * max(1, abs(slope)), "dx is not the slope of the forward pass"


@part("axes of batch norm")
def test_columns(compare, rng):
    """dx is right over the rows of (N, D)."""
    _matches(compare, rng, (7, 4), (0,))
    _matches(compare, rng, (5, 3), (-2,))


@part("axes of batch norm")
def test_channels(compare, rng):
    """dx is right over images and pixels, one set per channel."""
    _matches(compare, rng, (5, 4, 2, 3), (0, 2, 3))


@part("axes of batch norm")
def test_slope_over_columns(student, rng):
    """dx is the slope of the forward pass over the rows of (N, D)."""
    _is_the_slope(student, rng, (7, 4), (0,))


@part("axes of layer norm")
def test_rows(compare, rng):
    """dx is right over the features of (N, D), one set per row, also for as many rows as features."""
    _matches(compare, rng, (7, 4), (1,))
    _matches(compare, rng, (4, 4), (-1,))


@part("axes of layer norm")
def test_time_steps_and_images(compare, rng):
    """dx is right over the last axis of (N, T, D), one set per time step, and over C, H, W, one set per image."""
    _matches(compare, rng, (3, 5, 4), (-1,))
    _matches(compare, rng, (5, 4, 2, 3), (1, 2, 3))


@part("axes of layer norm")
def test_slope_over_images(student, rng):
    """dx is the slope of the forward pass over C, H and W, one set per image."""
    _is_the_slope(student, rng, (5, 4, 2, 3), (1, 2, 3))


@part("other axes")
def test_instance_channel_pixel(compare, rng):
    """dx is right for instance, channel-only and per-pixel normalization."""
    for axes in ((2, 3), (1,), (0,)):
        _matches(compare, rng, (5, 4, 2, 3), axes)


@part("other axes")
def test_three_axes(compare, rng):
    """dx is right over the axes (2, 0), (1, -1) and (0, 1) of three."""
    for axes in ((2, 0), (1, -1), (0, 1)):
        _matches(compare, rng, (4, 5, 3), axes)


@part("other axes")
def test_eps(compare, rng):
    """eps is added to the variance, inside the square root, as in the forward pass, and is 1e-5 unless it is given."""
    _matches(compare, rng, (5, 4, 2, 3), (2, 3), eps=0.1)
    xhat, var = _forward(0.01 * _values(rng, (4, 5, 3)), (1, 2), 1e-5)
    compare(_dx, _upstream(rng, xhat.shape), xhat, var, (1, 2))


@part("other axes")
def test_slope_with_eps(student, rng):
    """dx is the slope of the forward pass also for a large eps."""
    _is_the_slope(student, rng, (4, 5, 3), (0, 2), eps=0.5)


@part("other axes")
def test_laws(student, rng):
    """For eps = 0, dx adds up to 0 in every set and has no component along xhat there, and doubles with dxhat."""
    axes = (0, 2)
    xhat, var = _forward(_values(rng, (4, 5, 3)), axes, 0.0)
    dxhat = _upstream(rng, xhat.shape)
    dx = student.normalize_over_backward(dxhat.copy(), xhat.copy(), var.copy(), axes, eps=0.0)
    assert np.shape(dx) == xhat.shape, "dx does not have the shape of xhat"
    size = np.abs(dx).sum(axis=axes)
    assert np.all((size > 1e-3) & (size < 1e6)), "dx is zero or not finite"
    assert np.all(np.abs(np.sum(dx, axis=axes)) < 1e-9 * size), "dx does not add up to 0 in a set"
    assert np.all(np.abs(np.sum(dx * xhat, axis=axes)) < 1e-9 * size), "dx has a component along xhat"
    twice = student.normalize_over_backward(2 * dxhat, xhat.copy(), var.copy(), axes, eps=0.0)
    assert np.allclose(twice, 2 * dx, atol=1e-9), "dx does not double when dxhat doubles"


@part("other axes")
def test_kinds_of_numbers(compare, rng):
    """Whole numbers and float32 work, and dxhat, xhat and var are left as they were."""
    xhat, var = _forward(_values(rng, (4, 5, 3)), (1,), 0.0)
    dxhat = _upstream(rng, xhat.shape)
    compare(_dx_of_the_arguments, dxhat, xhat, var, (1,), eps=0.0)
    compare(_dx_of_the_arguments, rng.integers(-4, 9, size=xhat.shape), xhat, var, (1,), eps=0.0)
    compare(_dx_of_the_arguments, *(a.astype(np.float32) for a in (dxhat, xhat, var)), (1,), eps=0.0)


@part("other axes", supporting=True)
def test_shapes_differ(compare, rng):
    """A dxhat that does not have the shape of xhat is refused, also where it would broadcast."""
    xhat, var = _forward(_values(rng, (7, 4)), (0,), 0.1)
    for shape in ((6, 4), (1, 4), (7, 1), (4,)):
        compare.refuses("normalize_over_backward", rng.normal(size=shape), xhat, var, (0,), naming=("dxhat", "xhat"))
