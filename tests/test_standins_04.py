"""Stand-ins of 04_normalization_family: each agrees with the formula in NumPy, and is no answer to its exercise."""

import numpy as np
import pytest
from traindeep import checks, exercise, reuse

from autograder import exercise as hidden


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def s(name):
    return reuse.stand_in(name)


def by_hand(x, axes, eps):
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps), mean, var


@pytest.mark.parametrize("axes", [(0,), (-1,), (2, 0), (0, 1, 2)])
@pytest.mark.parametrize("eps", [0.1, 1e-5])
def test_normalize_over(rng, axes, eps):
    """The operator is the formula, for integers too, and its gradient that of central differences."""
    x = rng.integers(-5, 9, size=(3, 4, 2))
    before = x.copy()
    found = s("normalize_over")(x, axes, eps)
    for ours, theirs in zip(found, by_hand(x, axes, eps), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    np.testing.assert_array_equal(x, before)
    upstream = rng.normal(size=x.shape)
    dx = s("normalize_over_backward")(upstream, found[0], found[2], axes, eps)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = 1e-6
        ends = [np.sum(upstream * by_hand(x + moved, axes, eps)[0]) for moved in (step, -step)]
        assert dx[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-6)


def test_norm_axes():
    """The axes that torch's layers were asked for are those that the names promise."""
    images = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "channel_only": (1,), "per_pixel": (0,)}
    assert {kind: s("norm_axes")(kind, 4) for kind in images} == images
    assert [s("norm_axes")(kind, 2) for kind in ("batch", "layer")] == [(0,), (1,)]


def test_ln_and_gn_forward(rng):
    """Layer norm of the last axis, one position alone too; group norm of neighbouring channels."""
    x, gamma, beta = rng.normal(size=(2, 6, 3, 4)), rng.normal(size=(2, 4)), rng.normal(size=(2, 6))
    for a in (x, x[0, 0], x[0, 0, 0]):
        expected = gamma[0] * by_hand(a, -1, 0.1)[0] + gamma[1]
        np.testing.assert_allclose(s("ln_forward")(a, *gamma, eps=0.1), expected, atol=1e-9)
    for G in (1, 2, 6):
        xhat = by_hand(x.reshape(2, G, -1), 2, 0.1)[0].reshape(x.shape)
        expected = beta[0][:, None, None] * xhat + beta[1][:, None, None]
        np.testing.assert_allclose(s("gn_forward")(x, G, *beta, eps=0.1), expected, atol=1e-9)


def test_adain_and_spade(rng):
    """Both are the formulas, also for a style of another size and for single pixels."""
    for shape in ((3, 2, 4, 5), (3, 2, 1, 1)):
        x, style, maps = rng.normal(size=shape), rng.normal(size=(3, 2, 6, 2)), rng.normal(size=(2, *shape))
        _, mean, var = by_hand(style, (2, 3), 0)
        expected = np.sqrt(var + 0.1) * by_hand(x, (2, 3), 0.1)[0] + mean
        np.testing.assert_allclose(s("adain")(x, style, eps=0.1), expected, atol=1e-9)
        expected = maps[0] * by_hand(x, (0, 2, 3), 0.1)[0] + maps[1]
        np.testing.assert_allclose(s("spade")(x, *maps, eps=0.1), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: s("adain")(np.ones((2, 3, 4, 5)), np.ones((1, 3, 4, 5))), "style"),
        (lambda: s("spade")(np.ones((2, 3, 4, 5)), np.ones((1, 3, 4, 5)), np.ones((2, 3, 4, 5))), "gamma_map"),
        (lambda: s("normalize_over")(np.ones((2, 3)), (2,)), "axes"),
        (lambda: s("norm_axes")("group", 4), "kind"),
        (lambda: s("norm_axes")("instance", 2), "ndim must be 4"),
        (lambda: s("norm_axes")("batch", 3), "ndim must be 2 or 4"),
        (lambda: s("normalize_over_backward")(np.ones((1, 3)), np.ones((2, 3)), np.ones((1, 3)), (0,)), "dxhat"),
        (lambda: s("ln_forward")(np.ones((2, 3)), np.ones(1), np.ones(3)), "gamma"),
        (lambda: s("gn_forward")(np.ones((2, 6, 1, 1)), 4, np.ones(6), np.ones(6)), "G"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors of the exercises name the argument."""
    with pytest.raises(ValueError, match=names):
        call()


LATER = ["weight_reparam", "sync_bn_stats", "ln_invariance_table", "ln_rnn_step", "norm_modules"]


@pytest.mark.parametrize("id", LATER)
def test_a_stand_in_would_earn_full_points(id):
    """Were nothing forbidden, the hidden tests would give the stand-ins of the later sections all their points."""
    item = hidden.load(id)
    student = hidden.Answering({name: s(name) for name in item.visible.names})
    results = [hidden.run_hidden(item, test, student, hidden.Live(item), "stand-in") for test in item.tests]
    assert hidden.score(item, results) == item.points, [r for r in results if r.outcome != "passed"]


IDS = ["normalize_over", "normalize_over_backward", "ln_forward", "gn_forward", "weight_reparam", "sync_bn_stats"]


@pytest.mark.parametrize("id", [*IDS, "ln_rnn_step", "norm_modules"])
def test_a_stand_in_is_no_answer(id):
    """Handing in the stand-in does not pass the check: it runs what the exercise forbids."""
    if not (exercise.ROOT / "answers" / f"{id}.json").exists():
        pytest.skip(f"{id} is not built yet")
    namespace = {name: s(name) for name in exercise.load(id).names}
    assert checks.run_visible(id, namespace).outcome != "passed"
