"""normalize_over, its gradient and the layers made of it: against torch, PyTorch's own samples, and closed forms."""

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from traindeep.reference.normalization import bn2d_forward_train, bn_backward, bn_forward_train
from traindeep.reference.normalization_family import (
    AXES,
    adain,
    gn_forward,
    ln_forward,
    norm_axes,
    normalize_over,
    normalize_over_backward,
    spade,
)

torch.set_num_threads(1)
SHAPES = {2: (7, 4), 4: (5, 6, 2, 3)}
EXACT = dict(rtol=1e-9, atol=1e-9)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def values(rng, shape):
    """Random numbers whose place and scale change along every axis, so that no axis can stand in for another."""
    x = rng.normal(size=shape)
    for axis in range(len(shape)):
        along = np.moveaxis(np.zeros(shape), axis, -1) + rng.normal(size=shape[axis]) * 2
        x = (x + np.moveaxis(along, -1, axis)) * np.moveaxis(np.exp(along / 4), -1, axis)
    return x


def torch_layer(kind, x, eps):
    """The layer of torch that does what `kind` says, on a tensor (N, D) or (N, C, H, W)."""
    if kind == "batch":
        return F.batch_norm(x, None, None, training=True, eps=eps)
    if kind == "layer":
        return F.layer_norm(x, x.shape[1:], eps=eps)
    if kind == "instance":
        return F.instance_norm(x, eps=eps)
    if kind == "channel_only":
        return F.layer_norm(x.movedim(1, -1), x.shape[1:2], eps=eps).movedim(-1, 1)
    return F.batch_norm(x.flatten(1), None, None, training=True, eps=eps).reshape(x.shape)


def gradients(f, upstream, *inputs):
    leaves = [torch.tensor(a, requires_grad=True) for a in inputs]
    y = f(*leaves)
    y.backward(torch.tensor(upstream))
    return y.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)


# ---- the operator and its table ----------------------------------------------------------------------


@pytest.mark.parametrize("eps", [0.1, 1e-5])
@pytest.mark.parametrize(("kind", "ndim"), AXES)
def test_five_kinds_are_torchs_layers_forward_and_backward(rng, kind, ndim, eps):
    """normalize_over with the axes of the table gives torch's layer, normalize_over_backward its gradient."""
    x = values(rng, SHAPES[ndim])
    upstream = rng.normal(size=x.shape) + 1
    axes = norm_axes(kind, ndim)
    y, dx = gradients(lambda t: torch_layer(kind, t, eps), upstream, x)
    xhat, _, var = normalize_over(x, axes, eps)
    np.testing.assert_allclose(xhat, y, **EXACT)
    np.testing.assert_allclose(normalize_over_backward(upstream, xhat, var, axes, eps), dx, **EXACT)


def test_table_counts(rng):
    """N*H*W, C*H*W, H*W, C and N values share a mean in images; N and D in rows."""
    counts = {"batch": 30, "layer": 36, "instance": 6, "channel_only": 6, "per_pixel": 5}
    for kind, count in counts.items():
        x = values(rng, SHAPES[4])
        xhat, mean, var = normalize_over(x, norm_axes(kind, 4))
        assert xhat.shape == x.shape
        assert mean.shape == var.shape
        assert x.size == count * mean.size
    assert [normalize_over(values(rng, SHAPES[2]), norm_axes(k, 2))[1].size for k in ("batch", "layer")] == [4, 7]


@pytest.mark.parametrize("axes", [(0,), (1,), (-1,), (0, 1), (1, 2), (0, -1), (-2, 0), (0, 1, 2)])
@pytest.mark.parametrize("eps", [0.1, 0.0])
def test_any_axes_of_three(rng, axes, eps):
    """Statistics are torch's var_mean over the axes, the gradient is autograd's, also for eps = 0 and negative axes."""
    x = values(rng, (4, 5, 3))
    upstream = rng.normal(size=x.shape) + 1

    def formula(t):
        var, mean = torch.var_mean(t, dim=axes, correction=0, keepdim=True)
        return (t - mean) / torch.sqrt(var + eps)

    y, dx = gradients(formula, upstream, x)
    var, mean = torch.var_mean(torch.tensor(x), dim=axes, correction=0, keepdim=True)
    found = normalize_over(x, axes, eps)
    for ours, theirs in zip(found, (y, mean.numpy(), var.numpy()), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, **EXACT)
    np.testing.assert_allclose(normalize_over_backward(upstream, found[0], found[2], axes, eps), dx, **EXACT)


def test_integers_float32_and_order(rng):
    """Integers and float32 are computed in float64; axes may come in any order; arguments are left alone."""
    whole = rng.integers(-5, 9, size=(4, 5, 3))
    before = whole.copy()
    for a in (whole, whole.astype(np.float32)):
        for ours, theirs in zip(normalize_over(a, (2, 0)), normalize_over(whole.astype(float), (0, 2)), strict=True):
            assert ours.dtype == np.float64
            np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(whole, before)


# ---- the gradient: laws, central differences, the example of the notebook -------------------------------


@pytest.mark.parametrize("axes", [(0,), (2,), (0, 2, 3), (1, 2, 3), (2, 3)])
def test_gradient_laws(rng, axes):
    """Sums over a set are zero; for eps = 0 nothing lies along xhat; the Jacobian is symmetric; constants give zero."""
    xhat, _, var = normalize_over(values(rng, SHAPES[4]), axes, 0.0)
    u, v = rng.normal(size=(2, *xhat.shape))
    du, dv = (normalize_over_backward(w, xhat, var, axes, 0.0) for w in (u, v))
    np.testing.assert_allclose(du.sum(axis=axes), 0, atol=1e-9)
    np.testing.assert_allclose((du * xhat).sum(axis=axes), 0, atol=1e-9)
    assert np.sum(u * dv) == pytest.approx(np.sum(v * du), rel=1e-9)
    np.testing.assert_allclose(normalize_over_backward(np.ones(u.shape), xhat, var, axes, 0.0), 0, atol=1e-9)


def test_gradient_by_central_differences(rng):
    """Every entry of dx is the slope of sum(dxhat * xhat)."""
    x, upstream, axes = values(rng, (3, 4, 2)), rng.normal(size=(3, 4, 2)), (0, 2)
    xhat, _, var = normalize_over(x, axes, 0.1)
    dx = normalize_over_backward(upstream, xhat, var, axes, 0.1)
    for i in np.ndindex(x.shape):
        moved = np.zeros(x.shape)
        moved[i] = 1e-5
        ends = [np.sum(upstream * normalize_over(x + step, axes, 0.1)[0]) for step in (moved, -moved)]
        assert dx[i] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-7)


def test_example_by_hand():
    """The 3 x 2 example: eps = 3 makes the roots 3 for columns and 2 for rows."""
    x, upstream = np.array([[1.0, 3.0], [4.0, 6.0], [7.0, 9.0]]), np.array([[9.0, 1.0], [0.0, 0.0], [0.0, 8.0]])
    columns, mean, var = normalize_over(x, (0,), 3.0)
    assert (mean.tolist(), var.tolist()) == ([[4.0, 6.0]], [[6.0, 6.0]])
    np.testing.assert_allclose(columns, [[-1, -1], [0, 0], [1, 1]])
    expected = [[1, 1 / 9], [-1, -1], [0, 8 / 9]]
    np.testing.assert_allclose(normalize_over_backward(upstream, columns, var, (0,), 3.0), expected, atol=1e-12)
    rows, mean, var = normalize_over(x, (1,), 3.0)
    assert (mean.ravel().tolist(), var.ravel().tolist()) == ([2.0, 5.0, 8.0], [1.0, 1.0, 1.0])
    np.testing.assert_allclose(rows, [[-0.5, 0.5]] * 3)
    expected = [[1.5, -1.5], [0, 0], [-1.5, 1.5]]
    np.testing.assert_allclose(normalize_over_backward(upstream, rows, var, (1,), 3.0), expected, atol=1e-12)
    rows, _, var = normalize_over(x, (1,), 0.0)  # two values and no eps: always -1 and 1, and no gradient
    np.testing.assert_allclose(rows, [[-1, 1]] * 3)
    np.testing.assert_allclose(normalize_over_backward(upstream, rows, var, (1,), 0.0), 0, atol=1e-12)


def test_batch_norm_is_a_special_case(rng):
    """Over the rows it is bn_forward_train and bn_backward; over N, H, W it is bn2d_forward_train."""
    x, gamma, beta, dy = values(rng, (7, 4)), rng.normal(size=4), rng.normal(size=4), rng.normal(size=(7, 4))
    y, cache = bn_forward_train(x, gamma, beta, 0.1)
    xhat, _, var = normalize_over(x, (0,), 0.1)
    np.testing.assert_allclose(gamma * xhat + beta, y, **EXACT)
    np.testing.assert_allclose(
        normalize_over_backward(dy * gamma, xhat, var, (0,), 0.1), bn_backward(dy, cache)[0], **EXACT
    )
    images = values(rng, SHAPES[4])
    ours = normalize_over(images, norm_axes("batch", 4), 0.1)[0]
    np.testing.assert_allclose(ours, bn2d_forward_train(images, np.ones(6), np.zeros(6), 0.1), **EXACT)


# ---- layer and group normalization ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 4), (3, 5, 4), (2, 3, 5, 4), (1, 4), (4,)])
@pytest.mark.parametrize("eps", [0.1, 1e-5])
def test_ln_forward_is_torchs_layer_norm(rng, shape, eps):
    """Any number of axes before the last one, one row alone, no axis but the last."""
    x, gamma, beta = values(rng, shape), rng.normal(size=4), rng.normal(size=4)
    theirs = F.layer_norm(*map(torch.tensor, (x,)), (4,), torch.tensor(gamma), torch.tensor(beta), eps)
    np.testing.assert_allclose(ln_forward(x, gamma, beta, eps), theirs.numpy(), **EXACT)


def test_ln_forward_edges(rng):
    """One feature and constant rows give beta; a row does not see the others; the result is that of centring matrices."""
    np.testing.assert_array_equal(ln_forward(rng.normal(size=(5, 1)), np.array([3.0]), np.array([-2.0])), -2)
    x, gamma, beta = values(rng, (7, 4)), rng.normal(size=4), rng.normal(size=4)
    x[2] = 8.0
    y = ln_forward(x, gamma, beta)
    np.testing.assert_allclose(y[2], beta)
    np.testing.assert_allclose(ln_forward(x[3:4], gamma, beta), y[3:4])
    centred = x @ (np.eye(4) - np.ones((4, 4)) / 4)
    expected = gamma * centred / np.sqrt((centred**2).sum(-1, keepdims=True) / 4 + 1e-5) + beta
    np.testing.assert_allclose(y, expected, **EXACT)


@pytest.mark.parametrize("G", [1, 2, 3, 6])
@pytest.mark.parametrize("eps", [0.1, 1e-5])
def test_gn_forward_is_torchs_group_norm(rng, G, eps):
    """Groups of neighbouring channels, with gamma and beta per channel."""
    x, gamma, beta = values(rng, SHAPES[4]), rng.normal(size=6), rng.normal(size=6)
    theirs = F.group_norm(torch.tensor(x), G, torch.tensor(gamma), torch.tensor(beta), eps)
    np.testing.assert_allclose(gn_forward(x, G, gamma, beta, eps), theirs.numpy(), **EXACT)


def test_group_norm_between_layer_and_instance_norm(rng):
    """G = 1 is layer norm over (C, H, W) and G = C instance norm, as long as there is no scale and shift."""
    x, ones, zeros = values(rng, SHAPES[4]), np.ones(6), np.zeros(6)
    for G, kind in ((1, "layer"), (6, "instance")):
        ours = gn_forward(x, G, ones, zeros, 0.1)
        np.testing.assert_allclose(ours, normalize_over(x, norm_axes(kind, 4), 0.1)[0], **EXACT)


# ---- adain and spade --------------------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [0.1, 1e-5, 0.0])
def test_adain_is_instance_norm_with_the_statistics_of_the_style(rng, eps):
    """Means are exactly those of the style, deviations those of the style up to eps; torch's instance_norm agrees."""
    content, style = values(rng, SHAPES[4]), values(rng, (5, 6, 4, 7))
    y = adain(content, style, eps)
    var, mean = torch.var_mean(torch.tensor(style), dim=(2, 3), correction=0, keepdim=True)
    normalized = F.instance_norm(torch.tensor(content), eps=eps)
    np.testing.assert_allclose(y, (normalized * (var + eps).sqrt() + mean).numpy(), **EXACT)
    np.testing.assert_allclose(y.mean((2, 3)), style.mean((2, 3)), **EXACT)
    factor = np.sqrt((style.var((2, 3)) + eps) / (content.var((2, 3)) + eps))
    np.testing.assert_allclose(y.std((2, 3)), content.std((2, 3)) * factor, **EXACT)


def test_adain_with_itself_changes_nothing(rng):
    """A style that is the content gives the content back, for any eps."""
    x = values(rng, SHAPES[4])
    np.testing.assert_allclose(adain(x, x, 0.1), x, **EXACT)


def test_spade_with_constant_maps_is_batch_norm(rng):
    """Maps that repeat gamma and beta give bn2d_forward_train; maps that undo it give x back."""
    x, gamma, beta = values(rng, SHAPES[4]), rng.normal(size=(6, 1, 1)), rng.normal(size=(6, 1, 1))
    maps = [np.broadcast_to(a, x.shape) for a in (gamma, beta)]
    expected = bn2d_forward_train(x, gamma.ravel(), beta.ravel(), 0.1)
    np.testing.assert_allclose(spade(x, *maps, eps=0.1), expected, **EXACT)
    _, mean, var = normalize_over(x, (0, 2, 3))
    back = spade(x, np.broadcast_to(np.sqrt(var + 0.1), x.shape), np.broadcast_to(mean, x.shape), eps=0.1)
    np.testing.assert_allclose(back, x, **EXACT)


def test_spade_has_a_scale_and_a_shift_for_every_value(rng):
    """One changed entry of a map changes one value of y: by xhat in gamma_map, by 1 in beta_map."""
    x, (gamma_map, beta_map) = values(rng, SHAPES[4]), rng.normal(size=(2, *SHAPES[4]))
    y, at = spade(x, gamma_map, beta_map), (3, 4, 1, 2)
    for which, step in ((0, normalize_over(x, (0, 2, 3))[0][at]), (1, 1.0)):
        maps = [gamma_map.copy(), beta_map.copy()]
        maps[which][at] += 1
        change = spade(x, *maps) - y
        assert change[at] == pytest.approx(step)
        assert np.count_nonzero(change) == 1


# ---- PyTorch's own samples ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples():
    """A function that gives the sample inputs with which PyTorch tests one of its operations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        invocations = pytest.importorskip(
            "torch.testing._internal.common_methods_invocations",
            reason="PyTorch's sample inputs need the package expecttest",
            exc_type=ImportError,
        )
    operations = {op.name: op for op in invocations.op_db}

    def of(name):
        found = operations[f"nn.functional.{name}"].sample_inputs("cpu", torch.float64, requires_grad=False)
        # Negative eps and empty batches are theirs to define; ours is a number >= 0.
        return [s for s in found if s.input.numel() and s.kwargs.get("eps", 0) >= 0]

    return of


def affine(y, weight, bias, shape):
    """y times weight plus bias, where they are not None, reshaped so that they broadcast."""
    y = y if weight is None else y * weight.numpy().reshape(shape)
    return y if bias is None else y + bias.numpy().reshape(shape)


def check_sample(function, upstream, s, axes, ours):
    """`ours` (values, from xhat) is what torch gives, and so is the gradient, with `upstream` already times gamma."""
    leaf = s.input.clone().requires_grad_()
    y = function(leaf, *s.args, **s.kwargs)
    dy = torch.tensor(upstream(tuple(y.shape)))
    y.backward(dy)
    eps = s.kwargs.get("eps", 1e-5)
    shape = ours.pop("as", s.input.shape)
    xhat, _, var = normalize_over(s.input.numpy().reshape(shape), axes, eps)
    weight, bias, place = ours["weight"], ours["bias"], ours["place"]
    flat = xhat.reshape(s.input.shape)
    np.testing.assert_allclose(affine(flat, weight, bias, place), y.detach().numpy(), **EXACT)
    dxhat = affine(dy.numpy(), weight, None, place).reshape(shape)
    dx = normalize_over_backward(dxhat, xhat, var, axes, eps).reshape(s.input.shape)
    np.testing.assert_allclose(dx, leaf.grad.numpy(), **EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["batch_norm", "layer_norm", "group_norm", "instance_norm"])
def test_pytorchs_own_samples(rng, samples, name):
    """Forward and backward agree with torch on the inputs that PyTorch tests itself with."""
    checked = 0
    for s in samples(name):
        x, where = s.input, {"weight": None, "bias": None, "place": (-1,)}
        channels = (-1, *(1,) * (x.dim() - 2))
        if name == "batch_norm":
            if not s.kwargs.get("training"):
                continue  # stored statistics are bn_eval's affair
            weight, bias = s.args[2:4]
            where |= {"weight": weight, "bias": bias, "place": channels}
            axes = (0, *range(2, x.dim()))
        elif name == "layer_norm":
            size, *parameters = s.args
            weight, bias = [*parameters, None, None][:2]
            where |= {"weight": weight, "bias": bias, "place": size}
            axes = tuple(range(-len(size), 0))
            if weight is not None and bias is not None and len(size) == 1:
                ours = ln_forward(x.numpy(), weight.numpy(), bias.numpy(), s.kwargs.get("eps", 1e-5))
                np.testing.assert_allclose(ours, F.layer_norm(x, *s.args, **s.kwargs).numpy(), **EXACT)
        elif name == "group_norm":
            (groups,) = s.args
            where |= {"weight": s.kwargs.get("weight"), "bias": s.kwargs.get("bias"), "place": channels}
            where["as"] = (x.shape[0], groups, -1)
            axes = (2,)
            if where["weight"] is not None:
                images = x.numpy().reshape(*x.shape[:2], -1, 1)
                vectors = where["weight"].numpy(), where["bias"].numpy()
                ours = gn_forward(images, groups, *vectors, s.kwargs["eps"]).reshape(x.shape)
                np.testing.assert_allclose(ours, F.group_norm(x, *s.args, **s.kwargs).numpy(), **EXACT)
        else:
            if not s.kwargs.get("use_input_stats", True):
                continue
            where |= {"weight": s.kwargs.get("weight"), "bias": s.kwargs.get("bias"), "place": channels}
            axes = tuple(range(2, x.dim()))
        check_sample(getattr(F, name), lambda shape: rng.normal(size=shape), s, axes, where)
        checked += 1
    assert checked >= 4


# ---- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: normalize_over(np.ones((2, 3)), (2,)), "axes"),
        (lambda: normalize_over(np.ones((2, 3)), (0, -3)), "axes"),
        (lambda: norm_axes("group", 4), "kind"),
        (lambda: norm_axes("batch", 3), "ndim must be 2 or 4"),
        (lambda: norm_axes("instance", 2), "ndim must be 4 for kind 'instance', got 2"),
        (lambda: norm_axes("channel_only", 2), "ndim"),
        (lambda: norm_axes("per_pixel", 2), "ndim"),
        (lambda: normalize_over_backward(np.ones((1, 3)), np.ones((2, 3)), np.ones((1, 3)), (0,)), "dxhat"),
        (lambda: ln_forward(np.ones((2, 3)), np.ones(1), np.ones(3)), r"gamma must have shape \(3,\), got \(1,\)"),
        (lambda: ln_forward(np.ones((2, 3)), np.ones(3), np.ones((2, 3))), "beta"),
        (lambda: gn_forward(np.ones((2, 6, 1, 1)), 0, np.ones(6), np.ones(6)), "G"),
        (lambda: gn_forward(np.ones((2, 6, 1, 1)), 4, np.ones(6), np.ones(6)), "G"),
        (lambda: gn_forward(np.ones((2, 6, 1, 1)), 2, np.ones(2), np.ones(6)), "gamma"),
        (lambda: adain(np.ones((2, 3, 4, 5)), np.ones((1, 3, 4, 5))), "style"),
        (lambda: adain(np.ones((2, 3, 4, 5)), np.ones((2, 1, 4, 5))), "style"),
        (lambda: spade(np.ones((2, 3, 4, 5)), np.ones((2, 3, 1, 1)), np.ones((2, 3, 4, 5))), "gamma_map"),
        (lambda: spade(np.ones((2, 3, 4, 5)), np.ones((2, 3, 4, 5)), np.ones((1, 3, 4, 5))), "beta_map"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors name the argument, also where shapes would broadcast."""
    with pytest.raises(ValueError, match=names):
        call()
