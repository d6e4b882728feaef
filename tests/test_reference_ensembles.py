"""bias_variance, bagging and the ways to combine, against simulations, enumeration and other libraries."""

import itertools

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import resample
from traindeep import chance
from traindeep.reference.ensembles import bias_variance, bootstrap_indices, combine, ensemble_mse


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def test_bias_and_variance_add_up_to_the_error(rng):
    """bias2 + variance is the mean squared distance from the truth, to 1e-12, for any table."""
    for M, T in ((1, 4), (2, 3), (7, 5), (4, 4)):
        preds, f_true = rng.normal(size=(M, T)), rng.normal(size=T)
        parts = bias_variance(preds, f_true, 0.3)
        assert abs(parts["bias2"] + parts["variance"] - np.mean((preds - f_true) ** 2)) < 1e-12
        assert abs(parts["total"] - np.mean((preds - f_true) ** 2) - 0.3) < 1e-12
        assert all(type(value) is float for value in parts.values())


def test_total_is_the_error_on_noisy_labels(rng):
    """Polynomial fits to noisy data: total is the mean squared error on new noisy labels, within its spread."""
    x, grid = np.linspace(-1, 1, 20), np.linspace(-1, 1, 50)
    noise, models = 0.5, 400
    fits = [np.polyfit(x, np.sin(3 * x) + noise * rng.normal(size=20), 3) for _ in range(models)]
    preds = np.array([np.polyval(fit, grid) for fit in fits])
    parts = bias_variance(preds, np.sin(3 * grid), noise**2)
    errors = np.mean((preds - np.sin(3 * grid) - noise * rng.normal(size=(models, 50))) ** 2, axis=1)
    assert chance.near(errors.mean(), parts["total"], errors.std() / np.sqrt(models))
    # A least-squares fit with 4 coefficients has the mean variance 4 / 20 noise^2 at its own points.
    at_x = np.array([np.polyval(fit, x) for fit in fits])
    assert bias_variance(at_x, np.sin(3 * x), 0.0)["variance"] == pytest.approx(noise**2 * 4 / 20, rel=0.15)


def test_bias_variance_by_enumeration():
    """Every bootstrap mean of three numbers: bias 0 and variance sigma^2 / 3, exactly."""
    values = np.array([1.0, 2.0, 6.0])
    means = np.array([[np.mean(draw)] for draw in itertools.product(values, repeat=3)])
    parts = bias_variance(means, values.mean(keepdims=True), 0.0)
    assert parts["bias2"] == pytest.approx(0, abs=1e-12)
    assert parts["variance"] == pytest.approx(values.var() / 3)


def test_bootstrap_has_the_law_of_resample(rng):
    """The number of different samples in a set has the mean n (1 - (1 - 1/n)^n), as in scikit-learn's resample."""
    n, k = 12, 4000
    ours = bootstrap_indices(n, k, rng)
    state = np.random.RandomState(8)
    theirs = np.array([resample(np.arange(n), random_state=state) for _ in range(k)])
    assert ours.shape == theirs.shape
    mean = n * (1 - (1 - 1 / n) ** n)
    both_missing = n * (n - 1) * (1 - 2 / n) ** n
    sd = np.sqrt(both_missing + (n - mean) - (n - mean) ** 2)
    for sets in (ours, theirs):
        distinct = np.array([len(set(row)) for row in sets.tolist()])
        assert chance.near(distinct.mean(), mean, sd / np.sqrt(k))
        assert chance.shares(np.bincount(sets.ravel(), minlength=n), 1 / n)
        assert chance.share((sets[::2, 0] == sets[1::2, 0]).sum(), k // 2, 1 / n) == 1 / n


def test_combine_against_libraries(rng):
    """The arithmetic mean and the votes of scikit-learn's VotingClassifier, the geometric mean of scipy."""
    X, y = rng.normal(size=(60, 3)), rng.integers(3, size=60)
    members = [(str(c), LogisticRegression(C=c)) for c in (0.01, 1, 100)]
    soft = VotingClassifier(members, voting="soft").fit(X, y)
    probs = np.array([member.predict_proba(X) for member in soft.estimators_])
    np.testing.assert_allclose(combine(probs, "arith"), soft.predict_proba(X), rtol=1e-12)
    votes = VotingClassifier(members, voting="hard", flatten_transform=False).fit(X, y).transform(X)
    np.testing.assert_allclose(combine(probs, "vote"), [np.bincount(row, minlength=3) / 3 for row in votes])
    geo = stats.gmean(probs, axis=0)
    np.testing.assert_allclose(combine(probs, "geo"), geo / geo.sum(1, keepdims=True), rtol=1e-12)


def test_combine_with_zeros_and_ties():
    """A class that one member excludes gets 0 without a warning; ties keep their shares."""
    probs = np.array([[[0.5, 0.5, 0.0]], [[0.0, 0.2, 0.8]]])
    np.testing.assert_allclose(combine(probs, "geo"), [[0, 1, 0]], atol=1e-15)
    np.testing.assert_allclose(combine(probs, "vote"), [[0.5, 0, 0.5]])


def test_geometric_mean_minimizes_the_divergence(rng):
    """The renormalized geometric mean is the q with the smallest mean KL(q, p_j) of all distributions nearby."""
    probs = rng.dirichlet(np.ones(4), size=(3, 1))

    def divergence(q):
        return np.mean([stats.entropy(q, p[0]) for p in probs])

    q = combine(probs, "geo")[0]
    for _ in range(200):
        other = q * np.exp(0.1 * rng.normal(size=4))
        assert divergence(other / other.sum()) >= divergence(q) - 1e-12


def test_error_of_an_average_in_a_simulation(rng):
    """200,000 draws of correlated errors, within seven standard errors; and the variance that a covariance matrix gives."""
    for var, cov, k in ((1.0, 0.5, 2), (2.0, 0.3, 5), (1.0, 0.0, 10), (1.0, -0.2, 3), (1.5, 1.5, 4)):
        matrix = np.full((k, k), cov) + (var - cov) * np.eye(k)
        expected = ensemble_mse(var, cov, k)
        assert expected == pytest.approx(matrix.mean())
        errors = rng.multivariate_normal(np.zeros(k), matrix, size=200_000).mean(axis=1)
        assert abs(np.mean(errors**2) - expected) < 7 * np.std(errors**2) / np.sqrt(200_000)


def test_error_of_an_average_is_between_cov_and_var():
    """One model has var; many have cov; the excess over cov falls exactly like 1 / k."""
    assert ensemble_mse(2.0, 0.5, 1) == 2.0
    assert ensemble_mse(2.0, 0.5, 10**9) == pytest.approx(0.5)
    for k in (2, 5, 50):
        assert ensemble_mse(2.0, 0.5, k) - 0.5 == pytest.approx(1.5 / k)


def test_refusals(rng):
    """The messages name the argument."""
    for call, name in (
        (lambda: bias_variance(np.ones(3), np.ones(3), 0.1), "preds"),
        (lambda: bias_variance(np.ones((2, 3)), np.ones((1, 3)), 0.1), "f_true"),
        (lambda: bias_variance(np.ones((2, 3)), np.ones(3), -0.1), "noise_var"),
        (lambda: bootstrap_indices(3, 0, rng), "k"),
        (lambda: combine(np.ones((2, 3, 1)), "mean"), "how"),
        (lambda: ensemble_mse(1.0, 0.5, 0), "k"),
        (lambda: ensemble_mse(1.0, 1.1, 2), "cov"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
