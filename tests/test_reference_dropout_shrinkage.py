"""The references of dropout's penalty, of filters of singular values, of rescaling and of the variance shift."""

import itertools

import numpy as np
import pytest
import torch
from scipy import optimize
from sklearn.linear_model import Ridge
from traindeep.reference.dropout_shrinkage import (
    dropout_objective,
    dropout_ridge,
    gd_filter,
    l2_ratio,
    rescale_two_layer,
    ridge_filter,
    singular_response,
    variance_shift_ratio,
)


@pytest.fixture
def rng():
    return np.random.default_rng(62)


# ---- dropout of inputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("p_keep", [0.2, 0.7, 1.0])
def test_objective_over_all_masks(rng, p_keep):
    """The mean over the 256 masks of a (2, 4) X."""
    X, y, w = rng.normal(size=(2, 4)), rng.normal(size=2), rng.normal(size=4)
    masks = np.array(list(itertools.product([0, 1], repeat=8))).reshape(-1, 2, 4)
    weight = np.prod(np.where(masks == 1, p_keep, 1 - p_keep), axis=(1, 2))
    errors = np.sum((y - (masks * X) @ w) ** 2, axis=1)
    assert dropout_objective(X, y, w, p_keep) == pytest.approx(weight @ errors, rel=1e-12)


def test_objective_by_sampling(rng):
    """The mean over 20,000 drawn masks of a larger X, within six standard errors."""
    X, y, w, p_keep = rng.normal(size=(30, 6)), rng.normal(size=30), rng.normal(size=6), 0.6
    errors = [np.sum((y - ((rng.random(X.shape) < p_keep) * X) @ w) ** 2) for _ in range(20_000)]
    assert abs(np.mean(errors) - dropout_objective(X, y, w, p_keep)) < 6 * np.std(errors) / np.sqrt(20_000)


@pytest.mark.parametrize(("n", "d"), [(8, 3), (3, 5)])
def test_solution_is_where_an_optimizer_ends(rng, n, d):
    """BFGS on the objective ends at the weights that dropout_ridge gives, divided by p_keep."""
    X, y, p_keep = rng.normal(size=(n, d)) * [*range(1, d + 1)], rng.normal(size=n), 0.7
    best = optimize.minimize(lambda w: dropout_objective(X, y, w, p_keep), np.zeros(d), tol=1e-12)
    np.testing.assert_allclose(dropout_ridge(X, y, p_keep), p_keep * best.x, rtol=1e-4, atol=1e-6)


def test_solution_is_ridge_regression_on_columns_of_length_one(rng):
    """scikit-learn's ridge on scaled columns, its weights scaled back."""
    X, y, p_keep = rng.normal(size=(9, 4)) * [1, 10, 0.1, 3], rng.normal(size=9), 0.3
    lengths = np.linalg.norm(X, axis=0)
    model = Ridge(alpha=(1 - p_keep) / p_keep, fit_intercept=False, tol=1e-12).fit(X / lengths, y)
    np.testing.assert_allclose(dropout_ridge(X, y, p_keep), model.coef_ / lengths, rtol=1e-8)


def test_orthogonal_columns_shrink_by_p_keep(rng):
    """Each coefficient is exactly p_keep times that of least squares, whatever the size of its column."""
    Q = np.linalg.qr(rng.normal(size=(8, 3)))[0] * [0.01, 1, 100]
    y = rng.normal(size=8)
    np.testing.assert_allclose(dropout_ridge(Q, y, 0.4), 0.4 * np.linalg.lstsq(Q, y, rcond=None)[0], rtol=1e-10)


def test_equal_singular_values_with_opposite_fates():
    """One feature of size 5 and 25 copies of one of size 1 have one singular value; dropout spares the copies only."""
    n = 400
    base = np.linalg.qr(np.random.default_rng(1).normal(size=(n, 2)))[0] * np.sqrt(n)
    X = np.column_stack([5 * base[:, 0], np.repeat(base[:, 1:], 25, axis=1)])
    y = base.sum(axis=1)
    u = dropout_ridge(X, y, 0.5)
    assert 5 * u[0] == pytest.approx(0.5)
    assert u[1:].sum() == pytest.approx(25 / 26)


def test_without_dropout_it_is_least_squares(rng):
    """p_keep = 1: numpy's lstsq."""
    X, y = rng.normal(size=(7, 3)), rng.normal(size=7)
    np.testing.assert_allclose(dropout_ridge(X, y, 1), np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-9)


# ---- singular directions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(8, 4), (4, 6), (5, 5)])
def test_gradient_descent_in_torch_has_its_filter(rng, n, d):
    """torch.optim.SGD from zero on half of the squared error."""
    X, y, steps = rng.normal(size=(n, d)), rng.normal(size=n), 9
    lr = 1.4 / np.linalg.norm(X, 2) ** 2
    w = torch.zeros(d, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * ((torch.tensor(y) - torch.tensor(X) @ w) ** 2).sum()).backward()
        optimizer.step()
    s, c = singular_response(X, y, w.detach().numpy())
    np.testing.assert_allclose(s, np.linalg.svd(X, compute_uv=False), rtol=1e-12)
    np.testing.assert_allclose(c, gd_filter(s**2, lr, steps), rtol=1e-7)


def test_ridge_regression_has_its_filter(rng):
    """scikit-learn's ridge."""
    X, y, lam = rng.normal(size=(9, 4)), rng.normal(size=9), 1.7
    s, c = singular_response(X, y, Ridge(alpha=lam, fit_intercept=False, solver="svd").fit(X, y).coef_)
    np.testing.assert_allclose(c, ridge_filter(s**2, lam), rtol=1e-9)


def test_directions_without_extent_are_left_out(rng):
    """Of a matrix of rank 2 two directions are left, whatever the weights are outside of them."""
    X, y, w = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 5)), rng.normal(size=6), rng.normal(size=5)
    s, c = singular_response(X, y, w)
    best = np.linalg.pinv(X, rcond=1e-9) @ y
    outside = np.linalg.svd(X)[2][-1]
    assert s.shape == c.shape == (2,)
    np.testing.assert_allclose(singular_response(X, y, w + 5 * outside)[1], c, rtol=1e-8)
    np.testing.assert_allclose(singular_response(X, y, best)[1], 1, rtol=1e-9)
    np.testing.assert_allclose(s, np.sqrt(np.linalg.eigvalsh(X.T @ X)[:-3:-1]), rtol=1e-9)


def test_gd_filter_begins_at_zero_and_ends_at_one():
    """No steps give 0, very many give 1, and more steps give more where lr s2 is below 1."""
    s2 = np.array([3.0, 1.0, 0.1])
    assert not gd_filter(s2, 0.2, 0).any()
    np.testing.assert_allclose(gd_filter(s2, 0.2, 2000), 1)
    assert np.all(np.diff([gd_filter(s2, 0.2, t) for t in range(9)], axis=0) > 0)


# ---- rescaling and variances -----------------------------------------------------------------------------


@pytest.mark.parametrize("c", [0.2, 1.0, 7.0])
def test_rescaled_networks_agree_under_every_mask(rng, c):
    """In torch, with ReLU: outputs are the same for each of the masks of four hidden units. With tanh they are not."""
    W1, b1, W2, x = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 4)), rng.normal(size=(5, 3))
    before = [torch.tensor(a) for a in (W1, b1, W2)]
    after = [torch.tensor(a) for a in rescale_two_layer(W1, b1, W2, c)]
    for bend, same in ((torch.relu, True), (torch.tanh, c == 1.0)):
        for bits in itertools.product([0.0, 1.0], repeat=4):
            mask = torch.tensor(bits, dtype=torch.float64)
            old, new = (
                torch.nn.functional.linear(mask * bend(torch.nn.functional.linear(torch.tensor(x), A, a)), B)
                for A, a, B in (before, after)
            )
            if sum(bits) == 4:
                assert torch.allclose(old, new, rtol=1e-12, atol=1e-12) == same
            elif same:
                torch.testing.assert_close(old, new, rtol=1e-12, atol=1e-12)
    squares = [sum(float((W**2).sum()) for W in (net[0], net[2])) for net in (before, after)]
    assert l2_ratio(W1, W2, c) == pytest.approx(squares[1] / squares[0], rel=1e-12)


def test_the_best_factor_makes_the_layers_equal(rng):
    """The penalty is least where both layers have the same norm."""
    W1, W2 = rng.normal(size=(5, 3)), 4 * rng.normal(size=(2, 5))
    best = np.sqrt(np.linalg.norm(W2) / np.linalg.norm(W1))
    assert l2_ratio(W1, W2, best) < min(l2_ratio(W1, W2, 0.9 * best), l2_ratio(W1, W2, 1.1 * best))
    A1, _, A2 = rescale_two_layer(W1, np.zeros(5), W2, best)
    assert np.linalg.norm(A1) == pytest.approx(np.linalg.norm(A2))


@pytest.mark.parametrize("p_drop", [0.0, 0.3, 0.5])
def test_variance_shift_by_enumeration(rng, p_drop):
    """For data of six points, mean and variance over points and both values of the mask."""
    x = rng.normal(1, 2, size=(6, 3))
    both = np.stack([np.zeros_like(x), x / (1 - p_drop)])
    weight = np.array([p_drop, 1 - p_drop])[:, None, None] / 6
    mean = (weight * both).sum(axis=(0, 1))
    var = (weight * (both - mean) ** 2).sum(axis=(0, 1))
    np.testing.assert_allclose(variance_shift_ratio(x.mean(0), x.var(0), p_drop), var / x.var(0), rtol=1e-12)


def test_variance_shift_by_nn_dropout_and_batch_norm():
    """What nn.BatchNorm1d stores behind nn.Dropout in training, divided by the variance in evaluation."""
    torch.manual_seed(5)
    x = torch.randn(200_000, 3) * torch.tensor([1.0, 2.0, 0.5]) + torch.tensor([0.0, 1.0, 2.0])
    dropout, bn = torch.nn.Dropout(0.4), torch.nn.BatchNorm1d(3, momentum=1.0)
    bn(dropout(x))
    found = variance_shift_ratio(x.mean(0).numpy(), x.var(0).numpy(), 0.4)
    np.testing.assert_allclose(found, bn.running_var / dropout.eval()(x).var(0), rtol=0.03)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: dropout_objective(np.ones((2, 2)), np.ones(2), np.ones(2), 0.0), "p_keep"),
        (lambda: dropout_ridge(np.ones((2, 2)), np.ones(2), 1.1), "p_keep"),
        (
            lambda: dropout_ridge(np.array([[1.0, 0.0]]), np.ones(1), 0.5),
            "X must have no column of zeros, got one at 1",
        ),
        (lambda: gd_filter(np.array([4.0, 1.0]), 0.6, 1), "lr must be below"),
        (lambda: rescale_two_layer(np.ones((1, 1)), np.ones(1), np.ones((1, 1)), 0.0), "c must be positive"),
        (lambda: variance_shift_ratio(np.zeros(2), np.array([1.0, 0.0]), 0.5), "var must be positive"),
        (lambda: variance_shift_ratio(np.zeros(2), np.ones(2), 1.0), "p_drop"),
    ],
)
def test_bad_input(call, name):
    """A ValueError names the argument."""
    with pytest.raises(ValueError, match=name):
        call()
