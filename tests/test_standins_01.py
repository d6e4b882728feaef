"""The stand-ins of notebook 01 against formulas written out in NumPy."""

import numpy as np
import pytest
from traindeep import checks, exercise, reuse, standins

NAMES = ("fit_standardizer", "apply_standardizer", "minmax_scale", "mean_normalize", "image_mean_subtract", "zca_fit",
         "zca_apply", "merge_moments")  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def s(name):
    return reuse.stand_in(name)


def test_every_name_of_notebook_01_has_a_stand_in():
    """Nothing that a later notebook may ask for is missing."""
    assert set(standins.load()) >= set(NAMES)


@pytest.mark.parametrize("ddof", [0, 1])
def test_standardizer(rng, ddof):
    """Mean and deviation, 1 for a constant feature; new rows with old statistics."""
    X, new = rng.normal(size=(7, 3)) * [1, 30, 1e-9] + [5, -2, 0], rng.integers(-5, 9, size=(1, 3))
    X[:, 1] = 7
    st = s("fit_standardizer")(X, ddof)
    std = X.std(axis=0, ddof=ddof)
    std[1] = 1
    np.testing.assert_allclose(st["mean"], X.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(st["std"], std, rtol=1e-9)
    before = new.copy()
    np.testing.assert_allclose(s("apply_standardizer")(new, st), (new - X.mean(axis=0)) / std, rtol=1e-9)
    np.testing.assert_array_equal(new, before)


def test_ranges(rng):
    """Minimum lo and maximum hi; mean 0 and range 1; a constant feature becomes lo and 0."""
    X = rng.integers(-9, 9, size=(6, 3))
    X[:, 1] = 4
    width = np.ptp(X, axis=0) + [0, 1, 0]
    expected = -1 + 3 * (X - X.min(axis=0)) / width
    np.testing.assert_allclose(s("minmax_scale")(X, -1.0, 2.0), expected, atol=1e-12)
    np.testing.assert_allclose(s("mean_normalize")(X), (X - X.mean(axis=0)) / width, atol=1e-12)


@pytest.mark.parametrize(("mode", "axes"), [("mean_image", (0,)), ("per_channel", (0, 2, 3))])
@pytest.mark.parametrize("n", [1, 6])
def test_image_mean_subtract(rng, mode, axes, n):
    """The mean of the training bytes is subtracted; the variance plays no part."""
    train, x = (rng.integers(0, 256, size=(k, 3, 4, 3)).astype(np.uint8) for k in (n, 2))
    expected = x - train.mean(axis=axes, keepdims=True)
    np.testing.assert_allclose(s("image_mean_subtract")(train, x, mode), expected, atol=1e-9)


@pytest.mark.parametrize(("n", "eps"), [(9, 0.1), (9, 0.0), (3, 0.5)])
def test_zca(rng, n, eps):
    """W is symmetric, and W W is the inverse of Sigma + eps I; new rows lose the old mean."""
    X, new = rng.normal(size=(n, 4)) @ rng.normal(size=(4, 4)) + 3, rng.normal(size=(2, 4))
    st = s("zca_fit")(X, eps)
    sigma = np.cov(X.T, bias=True) + eps * np.eye(4)
    np.testing.assert_allclose(st["W"] @ st["W"] @ sigma, np.eye(4), atol=1e-7)
    np.testing.assert_allclose(st["W"], st["W"].T, atol=1e-9)
    assert np.linalg.eigvalsh(st["W"]).min() > 0
    np.testing.assert_allclose(s("zca_apply")(new, st), (new - X.mean(axis=0)) @ st["W"], atol=1e-9)


@pytest.mark.parametrize("place", [0.0, 1e6])
def test_merge_moments(rng, place):
    """The moments of all rows in one array, parts of one row included, also far from zero."""
    shards = [rng.normal(size=(n, 3)) * n + place for n in (5, 1, 9)]
    rows = np.concatenate(shards)
    n, mean, var = s("merge_moments")([(len(shard), shard.mean(axis=0), shard.var(axis=0)) for shard in shards])
    assert n == 15
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(var, rows.var(axis=0), rtol=1e-8)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: s("fit_standardizer")(np.ones((1, 2)), ddof=1), "X"),
        (lambda: s("apply_standardizer")(np.ones((2, 3)), {"mean": np.ones(2), "std": np.ones(2)}), "X"),
        (lambda: s("minmax_scale")(np.ones((3, 2)), 1.0, 0.0), "hi"),
        (lambda: s("image_mean_subtract")(np.ones((2, 1, 3, 3)), np.ones((2, 1, 3, 3)), "mean"), "mode"),
        (lambda: s("image_mean_subtract")(np.ones((2, 1, 3, 3)), np.ones((2, 1, 3, 1)), "mean_image"), "x"),
        (lambda: s("zca_fit")(np.eye(3), -1.0), "eps"),
        (lambda: s("zca_fit")(np.eye(3), 0.0), "eps"),
        (lambda: s("merge_moments")([]), "parts"),
        (lambda: s("merge_moments")([(0, np.ones(2), np.ones(2))]), "parts"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors of the exercises name the argument."""
    with pytest.raises(ValueError, match=names):
        call()


@pytest.mark.parametrize("id", ["standardizer", "image_mean_subtract"])
def test_a_stand_in_is_no_answer(id):
    """Handing in the stand-in does not pass the check: it runs what the exercise forbids."""
    if not (exercise.ROOT / "answers" / f"{id}.json").exists():
        pytest.skip(f"{id} is not built yet")
    assert checks.run_visible(id, {name: s(name) for name in exercise.load(id).names}).outcome != "passed"
