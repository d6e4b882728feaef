"""Standardizing, scaling, mean images, whitening and merging of moments against scikit-learn, scipy and closed forms."""

import numpy as np
import pytest
import scipy.linalg
import sklearn.preprocessing
from traindeep.reference.preprocessing import (
    apply_standardizer,
    fit_standardizer,
    image_mean_subtract,
    mean_normalize,
    merge_moments,
    minmax_scale,
    zca_apply,
    zca_fit,
)

SCALE, PLACE = np.array([1.0, 0.2, 5.0, 2.0]), np.array([0.0, 3.0, -50.0, 1.0])


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def rows(rng, n=9):
    """Correlated rows of four features that differ in scale and place."""
    mixing = np.eye(4) + 0.3 * rng.normal(size=(4, 4))
    return rng.normal(size=(n, 4)) @ mixing * SCALE + PLACE


# ---- standardizer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float32, int])
def test_standardizer_is_scikit_learns(rng, kind):
    """Old and new rows come out as from StandardScaler, for every kind of number, with a constant feature."""
    X, new = (10 * rows(rng)).astype(kind), rows(rng, 5)
    X[:, 1] = 7
    st = fit_standardizer(X)
    scaler = sklearn.preprocessing.StandardScaler().fit(X.astype(float))
    np.testing.assert_allclose(st["mean"], scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(st["std"], scaler.scale_, rtol=1e-12)
    np.testing.assert_allclose(apply_standardizer(new, st), scaler.transform(new), rtol=1e-12)


@pytest.mark.parametrize("ddof", [0, 1, 3])
def test_standardizer_ddof(rng, ddof):
    """ddof is the one of np.std."""
    X = rows(rng)
    np.testing.assert_allclose(fit_standardizer(X, ddof)["std"], np.std(X, axis=0, ddof=ddof), rtol=1e-12)


def test_standardizer_knows_no_threshold():
    """A deviation of 1e-9 is standardized; a single row is constant."""
    X = np.array([[1e-9], [-1e-9]])
    np.testing.assert_allclose(apply_standardizer(X, fit_standardizer(X)), [[1.0], [-1.0]], rtol=1e-12)
    np.testing.assert_array_equal(fit_standardizer(np.ones((1, 3)))["std"], 1)


# ---- ranges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lo", "hi"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 5.0)])
def test_minmax_scale_is_scikit_learns(rng, lo, hi):
    """minmax_scale is scikit-learn's, a constant feature included."""
    X = rows(rng)
    X[:, 2] = 0.1
    expected = sklearn.preprocessing.minmax_scale(X, feature_range=(lo, hi))
    np.testing.assert_allclose(minmax_scale(X, lo, hi), expected, rtol=1e-12, atol=1e-12)


def test_mean_normalize(rng):
    """Mean 0, range 1, inside (-1, 1), and a straight line of the input; a constant feature gives exact zeros."""
    X = rows(rng)
    X[:, 2] = 0.1
    y = mean_normalize(X)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.ptp(y, axis=0), [1, 1, 0, 1], rtol=1e-12)
    assert np.abs(y).max() < 1
    assert np.all(y[:, 2] == 0)
    # Both scalings have slope 1 / range: they differ by a constant in each feature.
    np.testing.assert_allclose(np.ptp(minmax_scale(X) - y, axis=0), 0, atol=1e-12)


# ---- images ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "axes"), [("mean_image", 0), ("per_channel", (0, 2, 3))])
@pytest.mark.parametrize("kind", [np.uint8, float])
def test_image_mean_subtract(rng, mode, axes, kind):
    """The training images keep no mean, and other images lose the same one; C = W."""
    train, x = (rng.integers(0, 256, size=(n, 3, 4, 3)).astype(kind) for n in (6, 2))
    np.testing.assert_allclose(image_mean_subtract(train, train, mode).mean(axis=axes), 0, atol=1e-12)
    lost = x - image_mean_subtract(train, x, mode)
    for n, c, h, w in np.ndindex(x.shape):
        values = [image[c, h, w] if mode == "mean_image" else image[c].mean() for image in train]
        assert lost[n, c, h, w] == pytest.approx(np.mean(values))


# ---- whitening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "eps"), [(9, 0.1), (9, 0.0), (3, 0.5), (1, 0.5)])
def test_zca_is_the_inverse_root_of_the_covariance(rng, n, eps):
    """W = (Sigma + eps I)^(-1/2) as scipy computes it, and symmetric."""
    X = rows(rng, n)
    sigma = np.cov(X.T, bias=True)
    st = zca_fit(X, eps)
    expected = scipy.linalg.inv(scipy.linalg.sqrtm(sigma + eps * np.eye(4)))
    np.testing.assert_allclose(st["W"], expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(st["W"], st["W"].T, atol=1e-12)
    np.testing.assert_allclose(st["mean"], X.mean(axis=0))


def test_zca_covariance_afterwards(rng):
    """The eigenvalues of the covariance become lam / (lam + eps)."""
    X = rows(rng, 30)
    lam = np.linalg.eigvalsh(np.cov(X.T, bias=True))
    Z = zca_apply(X, zca_fit(X, 0.1))
    np.testing.assert_allclose(np.linalg.eigvalsh(np.cov(Z.T, bias=True)), lam / (lam + 0.1), rtol=1e-9)


def test_zca_is_the_nearest_whitening(rng):
    """No rotation of the whitened rows is nearer to the centred rows."""
    X = rows(rng, 30)
    Xc, Z = X - X.mean(axis=0), zca_apply(X, zca_fit(X, 0.0))
    nearest = np.linalg.norm(Xc - Z)
    for _ in range(50):
        rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
        assert np.linalg.norm(Xc - Z @ rotation) > nearest


def test_zca_of_new_rows(rng):
    """New rows lose the old mean and go through the old matrix, one by one."""
    st, new = zca_fit(rows(rng), 0.1), rows(rng, 5)
    for row, z in zip(new, zca_apply(new, st), strict=True):
        np.testing.assert_allclose(z, st["W"] @ (row - st["mean"]), rtol=1e-12)


# ---- moments -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0.0, 1e6])
def test_merge_moments_is_all_rows_together(rng, place):
    """Number, mean and variance of the concatenated rows, parts of one row included, in any order and in two stages."""
    shards = [rows(rng, n) * rng.uniform(0.5, 2) + place for n in (5, 1, 9, 2)]
    parts = [(len(shard), shard.mean(axis=0), shard.var(axis=0)) for shard in shards]
    together = np.concatenate(shards)
    two_stages = [merge_moments(parts[:2]), merge_moments(parts[2:])]
    for order in (parts, parts[::-1], two_stages):
        n, mean, var = merge_moments(order)
        assert n == len(together)
        np.testing.assert_allclose(mean, together.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(var, together.var(axis=0), rtol=1e-8)


# ---- all -----------------------------------------------------------------------------------------------


def test_nothing_is_changed(rng):
    """Arguments are as before."""
    X = rows(rng)
    before, images = X.copy(), rng.normal(size=(2, 3, 4, 5))
    kept = images.copy()
    apply_standardizer(X, fit_standardizer(X))
    minmax_scale(X)
    mean_normalize(X)
    zca_apply(X, zca_fit(X))
    image_mean_subtract(images, images, "mean_image")
    parts = [(3, X[0].copy(), X[1] ** 2), (4, X[2].copy(), X[3] ** 2)]
    merge_moments(parts)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(images, kept)
    np.testing.assert_array_equal(parts[0][1], before[0])


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: fit_standardizer(np.ones((1, 2)), ddof=1), "X.*ddof"),
        (lambda: fit_standardizer(np.ones((0, 2))), "X"),
        (lambda: fit_standardizer(np.ones(3)), "X"),
        (lambda: apply_standardizer(np.ones((4, 3)), fit_standardizer(np.ones((3, 2)))), "X.*st"),
        (lambda: apply_standardizer(np.ones((4, 3)), fit_standardizer(np.ones((3, 1)))), "X.*st"),
        (lambda: minmax_scale(np.ones((3, 2)), 1.0, 1.0), "hi.*lo"),
        (lambda: image_mean_subtract(np.ones((2, 3, 4, 5)), np.ones((2, 3, 4, 5)), "mean"), "mode"),
        (lambda: image_mean_subtract(np.ones((2, 3, 4, 5)), np.ones((2, 3, 4, 1)), "mean_image"), "x.*train"),
        (lambda: zca_fit(np.ones((3, 2)), -0.1), "eps"),
        (lambda: zca_fit(np.eye(3), 0.0), "eps"),
        (lambda: merge_moments([]), "parts"),
        (lambda: merge_moments([(0, np.ones(2), np.ones(2)), (3, np.ones(2), np.ones(2))]), "parts"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors name the argument."""
    with pytest.raises(ValueError, match=names):
        call()
