"""The references of weight penalties, priors and noise against torch, scipy, closed forms and simulation."""

import numpy as np
import pytest
import torch
from scipy import optimize
from traindeep.reference.penalties import (
    l1_penalty,
    lambda_star,
    max_norm_project,
    pgd_least_squares,
    project_l2_ball,
    soft_threshold,
)
from traindeep.reference.priors_and_noise import (
    equivalent_lambda,
    map_linear_gaussian,
    noisy_input_loss,
    noisy_input_optimum,
    poly_design,
    weight_noise_penalty,
)
from traindeep.reference.weight_decay import adam_step, sgd_step

torch.set_num_threads(1)
MODES = ("l2", "decoupled", "lecture", "engineer")


@pytest.fixture
def rng():
    return np.random.default_rng(70)


def _slope(A, w):
    """Gradient of the quadratic loss 1/2 w^T A w - sum(w)."""
    return A @ w - 1


def _hills(rng, d=3):
    m = rng.normal(size=(d, d))
    return m @ m.T / d + 0.1 * np.eye(d)


# ---- weight decay in gradient descent ----------------------------------------------------------------------


@pytest.mark.parametrize("wd", [0.0, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_l2_is_torchs_sgd(rng, wd, momentum):
    """Twenty steps on a quadratic loss are those of torch.optim.SGD, its buffer included."""
    A, w, buf = _hills(rng), rng.normal(size=3), None
    theirs = torch.nn.Parameter(torch.tensor(w))
    optimizer = torch.optim.SGD([theirs], lr=0.1, weight_decay=wd, momentum=momentum)
    for _ in range(20):
        g = _slope(A, w)
        theirs.grad = torch.tensor(g)
        optimizer.step()
        w, buf = sgd_step(w, g, 0.1, wd, "l2", momentum, buf)
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
    if momentum:
        np.testing.assert_allclose(buf, optimizer.state[theirs]["momentum_buffer"].numpy(), rtol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_decoupled_is_torchs_sgd_after_a_decay(rng, momentum):
    """Twenty steps are those of an SGD without a penalty whose weights are multiplied by 1 - lr wd before each step."""
    A, w, buf = _hills(rng), rng.normal(size=3), None
    theirs = torch.nn.Parameter(torch.tensor(w))
    optimizer = torch.optim.SGD([theirs], lr=0.1, momentum=momentum)
    for _ in range(20):
        g = _slope(A, w)
        theirs.grad = torch.tensor(g)
        theirs.data.mul_(1 - 0.1 * 0.3)
        optimizer.step()
        w, buf = sgd_step(w, g, 0.1, 0.3, "decoupled", momentum, buf)
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_l2_and_decoupled_agree_without_momentum_only(rng):
    """They are the same path for momentum 0; with momentum they part in the second step, not in the first."""
    A = _hills(rng)
    for momentum in (0.0, 0.9):
        start = rng.normal(size=3)
        w, buf = dict.fromkeys(MODES[:2], start), dict.fromkeys(MODES[:2])
        gaps = []
        for _ in range(20):
            for mode in w:
                w[mode], buf[mode] = sgd_step(w[mode], _slope(A, w[mode]), 0.1, 0.3, mode, momentum, buf[mode])
            gaps.append(np.abs(w["l2"] - w["decoupled"]).max())
        assert gaps[0] < 1e-12
        assert (max(gaps) < 1e-12) == (momentum == 0)
        assert (gaps[1] > 1e-3) == (momentum > 0)


@pytest.mark.parametrize(
    ("mode", "wd", "expected"),
    [
        ("l2", 0.2, 1 / 1.2),
        ("decoupled", 0.2, 1 / 1.2),
        ("lecture", 0.02, 0.1 / 0.12),
        ("engineer", 0.02, 0.098 / (1 - 0.98 * 0.9)),
    ],
)
def test_fixed_points(mode, wd, expected):
    """On the loss 1/2 (w - 1)^2 with lr = 0.1, each rule comes to rest where its formula says."""
    w = np.array([3.0])
    for _ in range(400):
        w, _ = sgd_step(w, w - 1, 0.1, wd, mode)
    assert w[0] == pytest.approx(expected, rel=1e-10)


# ---- weight decay in Adam ----------------------------------------------------------------------------------


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize(("wd", "betas", "eps"), [(0.0, (0.9, 0.999), 1e-8), (0.4, (0.8, 0.95), 0.1)])
def test_adam_step_is_torchs(rng, decoupled, wd, betas, eps):
    """Twenty steps on a quadratic loss are those of torch.optim.Adam and AdamW, their averages included."""
    A, w, state = _hills(rng), rng.normal(size=3), dict(m=np.zeros(3), v=np.zeros(3), t=0)
    theirs = torch.nn.Parameter(torch.tensor(w))
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = kind([theirs], lr=0.05, betas=betas, eps=eps, weight_decay=wd)
    for _ in range(20):
        g = _slope(A, w)
        theirs.grad = torch.tensor(g)
        optimizer.step()
        w, state = adam_step(w, g, state, 0.05, betas, eps, wd, decoupled)
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(state["m"], optimizer.state[theirs]["exp_avg"].numpy(), rtol=1e-10)
    np.testing.assert_allclose(state["v"], optimizer.state[theirs]["exp_avg_sq"].numpy(), rtol=1e-10)
    assert state["t"] == 20


def test_the_first_step_of_adam_has_the_length_lr(rng):
    """Without decay the first step is lr times the sign of the gradient, to the accuracy of eps."""
    w, g = rng.normal(size=5), rng.normal(size=5) * np.array([1e-3, 1.0, 10.0, 1e3, 1e5])
    new, _ = adam_step(w, g, dict(m=np.zeros(5), v=np.zeros(5), t=0), 0.01)
    np.testing.assert_allclose(new, w - 0.01 * np.sign(g), atol=1e-6)


def test_lr_multiplies_the_decoupled_decay():
    """A thousand steps without gradients leave (1 - lr wd)^1000 of the weights."""
    w, state = np.ones(1), dict(m=np.zeros(1), v=np.zeros(1), t=0)
    for _ in range(1000):
        w, state = adam_step(w, np.zeros(1), state, lr=0.001, wd=0.01, decoupled=True)
    assert w[0] == pytest.approx((1 - 1e-5) ** 1000, rel=1e-12)


# ---- L1, max-norm, constraints -----------------------------------------------------------------------------


def test_l1_penalty_is_autograds(rng):
    """Value and subgradient are torch's, 0 at 0 included."""
    w = np.concatenate([rng.normal(size=8), [0.0, -0.0]]).reshape(2, 5)
    theirs = torch.tensor(w, requires_grad=True)
    loss = 0.3 * theirs.abs().sum()
    loss.backward()
    value, subgrad = l1_penalty(w, 0.3)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(subgrad, theirs.grad.numpy(), atol=1e-15)


def test_soft_threshold_is_the_minimum(rng):
    """It is where scipy finds the minimum of 1/2 (u - w)^2 + t |u|, and exactly 0 near 0."""
    for w in [*rng.normal(size=12), 0.4, -0.4, 0.0]:
        u = soft_threshold(np.array([w]), 0.4)[0]
        found = optimize.minimize_scalar(
            lambda u, w=w: 0.5 * (u - w) ** 2 + 0.4 * abs(u), bounds=(-5, 5), method="bounded"
        )
        assert u == pytest.approx(found.x, abs=1e-4)
        assert (u == 0) == (abs(w) <= 0.4)


def test_max_norm_project_is_renorm(rng):
    """torch.renorm of the rows, to its own accuracy; idempotent; a row of zeros stays."""
    W = rng.normal(size=(6, 4)) * np.array([0.0, 0.1, 1, 2, 5, 100])[:, None]
    new = max_norm_project(W, 1.7)
    np.testing.assert_allclose(new, torch.renorm(torch.tensor(W), 2, 0, 1.7).numpy(), rtol=1e-6)
    np.testing.assert_allclose(max_norm_project(new, 1.7), new, rtol=1e-15)
    inside = np.linalg.norm(W, axis=1) <= 1.7
    np.testing.assert_array_equal(new[inside], W[inside])


def test_project_l2_ball_is_the_nearest_point(rng):
    """scipy finds no nearer point of the ball; points inside stay bit for bit."""
    for r in (0.3, 2.5):
        w = rng.normal(size=4) * 2
        ball = {"type": "ineq", "fun": lambda u, r=r: r - u @ u}
        found = optimize.minimize(lambda u, w=w: (u - w) @ (u - w), np.zeros(4), constraints=ball, method="SLSQP")
        np.testing.assert_allclose(project_l2_ball(w, r), found.x, atol=1e-5)
    np.testing.assert_array_equal(project_l2_ball(w, 1e3), w)
    np.testing.assert_array_equal(project_l2_ball(w, 0.0), np.zeros(4))
    np.testing.assert_array_equal(project_l2_ball(np.array([0.3, 0.4]), 0.36), [0.3, 0.4])  # 0.25 < 0.36 < 0.5


def _regression(rng, n=20, d=4):
    X = rng.normal(size=(n, d))
    return X, X @ rng.normal(size=d) + 0.5 * rng.normal(size=n)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 1.5])
def test_pgd_least_squares_is_the_constrained_minimum(rng, share):
    """scipy's SLSQP finds the same point; lambda_star is the strength of the ridge regression that leads there."""
    X, y = _regression(rng)
    least = np.linalg.lstsq(X, y)[0]
    r, lr = share * least @ least, len(X) / (2 * np.linalg.norm(X, 2) ** 2)
    w = pgd_least_squares(X, y, r, lr, 3000)
    ball = {"type": "ineq", "fun": lambda u: r - u @ u}
    found = optimize.minimize(
        lambda u: np.mean((X @ u - y) ** 2), least * 0.05, constraints=ball, method="SLSQP", options={"ftol": 1e-14}
    )
    np.testing.assert_allclose(w, found.x, atol=1e-5)
    lam = lambda_star(X, y, w)
    assert (lam > 1e-6) == (share < 1)
    ridge = np.linalg.solve(X.T @ X / len(X) + lam * np.eye(4), X.T @ y / len(X))
    np.testing.assert_allclose(ridge, w, atol=1e-10)


def test_lambda_star_is_zero_for_weights_that_are_too_long(rng):
    """Longer than least squares: no penalty leads there, and the formula's negative value becomes 0."""
    X, y = _regression(rng)
    assert lambda_star(X, y, np.linalg.solve(X.T @ X / 20 - 0.1 * np.eye(4), X.T @ y / 20)) == 0


# ---- priors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("M", [0, 1, 6])
def test_poly_design_is_vander(rng, M):
    """np.vander with increasing powers, for whole numbers as well."""
    for x in (rng.uniform(-1, 1, size=8), rng.integers(-4, 5, size=8)):
        np.testing.assert_allclose(poly_design(x, M), np.vander(x, M + 1, increasing=True), rtol=1e-12)


def _posterior(w, X, t, noise_var, prior_var):
    """Minus the logarithm of likelihood times prior, with all its constants."""
    errors = t - X @ w
    data = 0.5 * np.sum(errors**2) / noise_var + 0.5 * len(t) * np.log(2 * np.pi * noise_var)
    return data + 0.5 * w @ w / prior_var + 0.5 * len(w) * np.log(2 * np.pi * prior_var)


def test_map_linear_gaussian_is_the_most_probable(rng):
    """scipy finds the same maximum of the posterior, intercept included."""
    X, t = poly_design(rng.uniform(-1, 1, size=12), 4), rng.normal(size=12) + 3
    found = optimize.minimize(_posterior, np.zeros(5), (X, t, 0.5, 0.8), options={"gtol": 1e-9})
    np.testing.assert_allclose(map_linear_gaussian(X, t, 0.5, 0.8), found.x, atol=1e-6)


def test_a_wide_prior_gives_least_squares(rng):
    """With a prior of variance 1e8 the most probable weights are least squares."""
    X, t = _regression(rng)
    np.testing.assert_allclose(map_linear_gaussian(X, t, 1.0, 1e8), np.linalg.lstsq(X, t)[0], rtol=1e-6)


@pytest.mark.parametrize(("loss", "reduce"), [("sum", np.sum), ("mean", np.mean)])
def test_equivalent_lambda(rng, loss, reduce):
    """The loss with this penalty has its minimum at the most probable weights."""
    X, t = _regression(rng)
    lam = equivalent_lambda(0.7, 0.2, 20, loss)
    found = optimize.minimize(lambda w: reduce((t - X @ w) ** 2) + lam * w @ w, np.zeros(4), options={"gtol": 1e-9})
    np.testing.assert_allclose(map_linear_gaussian(X, t, 0.7, 0.2), found.x, atol=1e-6)


# ---- noise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_noisy_input_loss_is_the_mean_of_many_draws(rng, law):
    """4000 draws of the noise of every input agree within five standard errors, whatever the law of the noise."""
    X, y = _regression(rng, n=6, d=3)
    w, lam = rng.normal(size=3), 0.6
    sizes = (4000, 6, 3)
    half = np.sqrt(3 * lam)
    noise = rng.normal(0, np.sqrt(lam), size=sizes) if law == "normal" else rng.uniform(-half, half, size=sizes)
    losses = np.mean(((X + noise) @ w - y) ** 2, axis=1)
    assert abs(losses.mean() - noisy_input_loss(w, X, y, lam)) < 5 * losses.std() / np.sqrt(4000)


def test_noisy_input_optimum_is_the_minimum(rng):
    """It is scipy's minimum of noisy_input_loss, and near the fit to many noisy copies of the data."""
    X, y = _regression(rng, n=6, d=3)
    w = noisy_input_optimum(X, y, 0.6)
    found = optimize.minimize(noisy_input_loss, np.zeros(3), (X, y, 0.6), options={"gtol": 1e-9})
    np.testing.assert_allclose(w, found.x, atol=1e-6)
    copies = np.concatenate([X + rng.normal(0, np.sqrt(0.6), size=X.shape) for _ in range(4000)])
    np.testing.assert_allclose(w, np.linalg.lstsq(copies, np.tile(y, 4000))[0], atol=0.03)


def _tanh_model(rng):
    """Outputs tanh(w . x), gradients and traces by autograd, and the exact loss under noise by Gauss-Hermite."""
    w, x = torch.tensor(rng.normal(size=3)), torch.tensor(rng.normal(size=(5, 3)))
    f = torch.tanh(x @ w).numpy()
    grad = torch.autograd.functional.jacobian(lambda w: torch.tanh(x @ w), w).numpy()
    traces = np.array(
        [torch.autograd.functional.hessian(lambda w, row=row: torch.tanh(row @ w), w).trace() for row in x]
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    z, lengths = (x @ w).numpy(), np.linalg.norm(x.numpy(), axis=1)

    def increase(y, lam):
        noisy = np.tanh(z[:, None] + np.sqrt(lam) * lengths[:, None] * nodes)
        return np.mean(((noisy - y[:, None]) ** 2) @ weights / weights.sum() - (f - y) ** 2)

    return f, grad, traces, increase


def test_weight_noise_penalty_is_the_increase_to_first_order(rng):
    """The error of "full" falls by 100 when lam falls by 10; that of "slide" by 10 only."""
    f, grad, traces, increase = _tanh_model(rng)
    y = f + np.linspace(0.5, 2, 5)
    errors = {key: [] for key in ("slide", "full")}
    for lam in (1e-3, 1e-4):
        found = weight_noise_penalty(f, y, grad, traces, lam)
        for key in errors:
            errors[key].append(abs(found[key] - increase(y, lam)))
    assert errors["full"][0] / errors["full"][1] == pytest.approx(100, rel=0.05)
    assert errors["slide"][0] / errors["slide"][1] == pytest.approx(10, rel=0.05)


def test_weight_noise_penalty_without_residuals_or_curvature(rng):
    """Where the residuals are 0, and for a linear model, both numbers are the increase; for the linear model exactly."""
    f, grad, traces, increase = _tanh_model(rng)
    found = weight_noise_penalty(f, f, grad, traces, 1e-4)
    assert found["full"] == found["slide"] == pytest.approx(increase(f, 1e-4), rel=2e-3)
    x, w, y = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=6)
    found = weight_noise_penalty(x @ w, y, x, np.zeros(6), 0.7)
    assert found["full"] == pytest.approx(0.7 * np.mean(np.sum(x**2, axis=1)), rel=1e-12)


# ---- errors ------------------------------------------------------------------------------------------------

W, V = np.ones(2), np.ones((3, 2))
START = dict(m=np.zeros(2), v=np.zeros(2), t=0)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: sgd_step(W, W, 0.1, 0.1, "L2"), "mode must be 'l2', .* got 'L2'"),
        (lambda: sgd_step(W, W, 0.0, 0.1, "l2"), "lr must be positive, got 0"),
        (lambda: sgd_step(W, W, 0.1, -0.1, "l2"), "wd must not be negative, got -0.1"),
        (lambda: adam_step(W, W, START, -0.1), "lr must not be negative"),
        (lambda: adam_step(W, W, START, 0.1, wd=-0.1), "wd must not be negative"),
        (lambda: adam_step(W, W, START, 0.1, betas=(0.9, 1.0)), r"betas must be in \[0, 1\), got \(0.9, 1.0\)"),
        (lambda: l1_penalty(W, -1), "lam must not be negative"),
        (lambda: soft_threshold(W, -1), "t must not be negative"),
        (lambda: max_norm_project(W, 1.0), r"W must be \(O, I\), got shape \(2,\)"),
        (lambda: max_norm_project(V, 0.0), "c must be positive"),
        (lambda: project_l2_ball(W, -1.0), "r must not be negative"),
        (lambda: pgd_least_squares(V, np.ones(3), -1.0, 0.1, 1), "r must not be negative"),
        (lambda: lambda_star(V, np.ones(3), np.zeros(2)), "w must not be zero"),
        (lambda: poly_design(W, -1), "M must not be negative"),
        (lambda: map_linear_gaussian(V, np.ones(3), 0.0, 1.0), "noise_var must be positive"),
        (lambda: equivalent_lambda(1.0, -1.0, 3, "sum"), "prior_var must be positive"),
        (lambda: equivalent_lambda(1.0, 1.0, 3, "max"), "loss must be 'sum' or 'mean', got 'max'"),
        (lambda: noisy_input_loss(W, V, np.ones(3), -1), "lam must not be negative"),
        (lambda: noisy_input_optimum(V, np.ones(3), -1), "lam must not be negative"),
        (lambda: weight_noise_penalty(W, np.ones(3), V[:2], W, 0.1), r"y and hess_trace must be \(N,\)"),
        (lambda: weight_noise_penalty(W, W, V, W, 0.1), r"grad must be \(2, P\), got \(3, 2\)"),
        (lambda: weight_noise_penalty(W, W, V[:2], W, -0.1), "lam must not be negative"),
    ],
)
def test_bad_input(call, match):
    """Every documented error names its argument and what was got."""
    with pytest.raises(ValueError, match=match):
        call()
