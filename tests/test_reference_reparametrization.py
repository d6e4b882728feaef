"""The references of weight normalization, weight standardization and invariances, against torch and a published table."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traindeep.reference.reparametrization import (
    TRANSFORMS,
    is_invariant,
    weight_norm,
    weight_norm_grads,
    weight_standardize,
)

torch.set_num_threads(1)


@pytest.fixture
def rng():
    return np.random.default_rng(46)


def _rows(rng, shape=(4, 3)):
    return rng.normal(size=shape) * rng.uniform(0.1, 5, size=(shape[0], 1)), np.array([2.0, -0.5, 0.0, 7.0])


# ---- weight normalization ------------------------------------------------------------------------------


def test_weight_norm_is_torch_parametrization(rng):
    """W, and the gradients of v and g, are those of torch.nn.utils.parametrizations.weight_norm."""
    (v, g), u, dy = _rows(rng), rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 4, bias=False, dtype=torch.float64))
    theirs = layer.parametrizations.weight
    with torch.no_grad():
        theirs.original0.copy_(torch.tensor(g)[:, None])
        theirs.original1.copy_(torch.tensor(v))
    np.testing.assert_allclose(weight_norm(v, g), layer.weight.detach(), rtol=1e-12, atol=1e-12)
    layer(torch.tensor(u)).backward(torch.tensor(dy))
    dv, dg = weight_norm_grads(dy.T @ u, v, g)
    assert (dv.shape, dg.shape) == (v.shape, g.shape)
    np.testing.assert_allclose(dv, theirs.original1.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(dg, theirs.original0.grad.ravel(), rtol=1e-10, atol=1e-12)


def test_weight_norm_grads_are_central_differences(rng):
    """Moving one entry of v or g by a little changes <dW, W> as the gradients say."""
    (v, g), dW, h = _rows(rng), rng.normal(size=(4, 3)), 1e-6
    for value, gradient in zip((v, g), weight_norm_grads(dW, v, g), strict=True):
        for index in np.ndindex(value.shape):
            ends = []
            for step in (h, -h):
                moved = value.copy()
                moved[index] += step
                ends.append(np.sum(dW * (weight_norm(moved, g) if value is v else weight_norm(v, moved))))
            assert gradient[index] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5, abs=1e-7)


def test_weight_norm_separates_length_and_direction(rng):
    """Rows of W are |g| long; scaling v changes nothing; dv has no part along v and shrinks as v grows."""
    (v, g), dW = _rows(rng), rng.normal(size=(4, 3))
    W = weight_norm(v, g)
    np.testing.assert_allclose(np.linalg.norm(W, axis=1), np.abs(g), rtol=1e-12)
    factors = np.array([0.1, 2.0, 3.0, 50.0])
    np.testing.assert_allclose(weight_norm(factors[:, None] * v, g), W, rtol=1e-12)
    dv, dg = weight_norm_grads(dW, v, g)
    np.testing.assert_allclose((v * dv).sum(axis=1), 0, atol=1e-12)
    scaled_dv, scaled_dg = weight_norm_grads(dW, factors[:, None] * v, g)
    np.testing.assert_allclose(scaled_dv, dv / factors[:, None], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(scaled_dg, dg, rtol=1e-10)


def test_weight_norm_takes_whole_numbers_and_leaves_arguments_alone():
    """Integers are computed in float64 and not changed."""
    v, g, dW = np.array([[3, 4], [0, -2]]), np.array([10, 3]), np.array([[1, 2], [3, 4]])
    before = [a.copy() for a in (v, g, dW)]
    np.testing.assert_allclose(weight_norm(v, g), [[6, 8], [0, -3]])
    weight_norm_grads(dW, v, g)
    for a, b in zip((v, g, dW), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("v", "g", "says"),
    [
        (np.array([[1.0, 2.0], [0.0, 0.0]]), np.ones(2), "v must have a direction in every row; row 1 is zero"),
        (np.ones(3), np.ones(3), r"v must be \(O, I\), got shape \(3,\)"),
        (np.ones((4, 3)), np.ones(3), r"g must have shape \(4,\), got \(3,\)"),
        (np.ones((4, 3)), np.ones((4, 1)), r"g must have shape \(4,\), got \(4, 1\)"),
    ],
)
def test_weight_norm_refuses(v, g, says):
    """Both functions say which of v and g is wrong."""
    for call in (lambda: weight_norm(v, g), lambda: weight_norm_grads(np.ones_like(v), v, g)):
        with pytest.raises(ValueError, match=says):
            call()


def test_weight_norm_grads_refuses_another_dw():
    """dW has the shape of v, also where another shape would broadcast."""
    with pytest.raises(ValueError, match=r"dW must have the shape of v, \(4, 3\), got \(1, 3\)"):
        weight_norm_grads(np.ones((1, 3)), np.ones((4, 3)), np.ones(4))


# ---- weight standardization ----------------------------------------------------------------------------


@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_weight_standardize_is_instance_norm_of_filters(rng, eps):
    """A filter is standardized as F.layer_norm does it over (I, kh, kw)."""
    W = rng.normal(size=(5, 4, 3, 2)) * 3 + rng.normal(size=(5, 1, 1, 1))
    theirs = F.layer_norm(torch.tensor(W), (4, 3, 2), eps=eps).numpy()
    np.testing.assert_allclose(weight_standardize(W, eps), theirs, rtol=1e-10, atol=1e-12)


def test_weight_standardize_is_the_authors_code_up_to_the_divisor(rng):
    """The published snippet (unbiased deviation, eps beside it) is smaller by sqrt((n - 1) / n), 1.4 % for 4 * 3 * 3."""
    W = torch.tensor(rng.normal(size=(6, 4, 3, 3)))
    centred = W - W.mean(dim=(1, 2, 3), keepdim=True)
    theirs = centred / (centred.view(6, -1).std(dim=1).view(-1, 1, 1, 1) + 1e-5)
    ratio = weight_standardize(W.numpy(), eps=1e-12) / theirs.numpy()
    np.testing.assert_allclose(ratio, np.sqrt(36 / 35), rtol=1e-4)
    assert np.sqrt(36 / 35) == pytest.approx(1.014, abs=5e-4)


def test_weight_standardize_properties(rng):
    """Filters sum to 0 with mean square 1; a shift or scale of a filter is not seen; a constant filter becomes 0."""
    W = rng.normal(size=(5, 4, 3, 2))
    out = weight_standardize(W, eps=0.0)
    np.testing.assert_allclose(out.sum(axis=(1, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose((out**2).mean(axis=(1, 2, 3)), 1, rtol=1e-12)
    moved = W * rng.uniform(1, 9, size=(5, 1, 1, 1)) + rng.normal(size=(5, 1, 1, 1))
    np.testing.assert_allclose(weight_standardize(moved, eps=0.0), out, rtol=1e-9, atol=1e-9)
    assert not weight_standardize(np.full((1, 2, 3, 2), 7)).any()


def test_weight_standardize_refuses_a_matrix():
    """W has four axes."""
    with pytest.raises(ValueError, match=r"W must be \(O, I, kh, kw\), got shape \(4, 3\)"):
        weight_standardize(np.ones((4, 3)))


# ---- invariances ---------------------------------------------------------------------------------------


def _torch(norm):
    return lambda X, W: norm(torch.tensor(X), torch.tensor(W)).numpy()


def _bn(X, W):
    # torch refuses eps = 0 in training, so the statistics are handed in.
    z = X @ W.T
    return F.batch_norm(z, z.mean(0), z.var(0, correction=0), eps=0.0)


LAYERS = {
    "BN": (_torch(_bn), "TFTTTF"),
    "WN": (_torch(lambda X, W: X @ F.normalize(W, dim=1).T), "TFTFFF"),
    "LN": (_torch(lambda X, W: F.layer_norm(X @ W.T, W.shape[:1], eps=0.0)), "TTFTFT"),
    "cosine": (_torch(lambda X, W: F.cosine_similarity(X[:, None], W, dim=2)), "TFTTFT"),
    "linear": (_torch(lambda X, W: X @ W.T), "FFFFFF"),
    "softmax": (_torch(lambda X, W: F.softmax(X @ W.T, dim=1)), "FTFFFF"),
}
NAMES = ("W_scale", "W_shift", "row_scale", "X_scale", "X_shift", "one_case_scale")


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("seed", range(5))
def test_is_invariant_gives_the_published_table(layer, seed):
    """Table 1 of Ba et al. for batch, weight and layer normalization; three layers more whose rows can be reasoned out."""
    f, table = LAYERS[layer]
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(6, 4)), rng.normal(size=(5, 4))
    found = "".join("FT"[is_invariant(f, X, W, name, rng)] for name in NAMES)
    assert found == table


def test_the_names_are_those_of_the_table():
    """No transform is missing and none is there that no test looks at."""
    assert tuple(TRANSFORMS) == NAMES


def test_is_invariant_is_not_fooled_by_small_or_large_outputs(rng):
    """The bound goes with the size of the output."""
    X, W = rng.normal(size=(6, 4)), rng.normal(size=(5, 4))
    for scale in (1e-9, 1e9):
        assert not is_invariant(lambda X, W, scale=scale: scale * X @ W.T, X, W, "X_scale", rng)
        assert is_invariant(lambda X, W, scale=scale: scale * LAYERS["LN"][0](X, W), X, W, "X_scale", rng)
    assert not is_invariant(lambda X, W: X @ W.T * np.nan, X, W, "X_scale", rng)
    assert is_invariant(lambda X, W: 0 * X @ W.T, X, W, "X_scale", rng)


def test_is_invariant_leaves_its_arguments_alone(rng):
    """X and W are what they were, whole numbers work, and the global random state is not touched."""
    X, W = rng.integers(-5, 9, size=(6, 4)), rng.integers(-5, 9, size=(5, 4))
    before, state = (X.copy(), W.copy()), np.random.get_state()[1].copy()
    for name in NAMES:
        is_invariant(LAYERS["linear"][0], X, W, name, rng)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(W, before[1])
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_is_invariant_refuses_an_unknown_transform(rng):
    """The message lists the six names."""
    with pytest.raises(ValueError, match="transform must be one of W_scale, W_shift, .* got 'w_scale'"):
        is_invariant(LAYERS["linear"][0], np.ones((2, 2)), np.ones((2, 2)), "w_scale", rng)
