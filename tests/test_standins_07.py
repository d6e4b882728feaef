"""Stand-ins of notebook 07 against the references, which share no code with them, and against plain formulas."""

import copy

import numpy as np
import pytest
from traindeep import checks, exercise, reuse

from autograder.exercise import find_reference as ref


def s(name):
    return reuse.stand_in(name)


@pytest.fixture
def rng():
    return np.random.default_rng(77)


def same(name, *args, rtol=1e-9, atol=1e-11, **kwargs):
    """Stand-in and reference agree, and neither changes its arguments."""
    before = copy.deepcopy((args, kwargs))
    found, wanted = s(name)(*args, **kwargs), ref(name)(*args, **kwargs)
    parts = [(found, wanted)]
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        parts = [(found[key], wanted[key]) for key in wanted]
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted)
        parts = list(zip(found, wanted, strict=True))
    for f, w in parts:
        if isinstance(w, dict):
            assert f.keys() == w.keys()
            for key in w:
                np.testing.assert_allclose(f[key], w[key], rtol=rtol, atol=atol)
        else:
            assert np.shape(f) == np.shape(w)
            np.testing.assert_allclose(f, w, rtol=rtol, atol=atol)
    for old, new in zip(before[0], args, strict=True):
        np.testing.assert_equal(new, old)
    return found


@pytest.mark.parametrize("mode", ["l2", "decoupled", "lecture", "engineer"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_step(rng, mode, momentum):
    """Ten steps from no buffer; a buffer that a momentum of 0 switches off; whole numbers."""
    w, buf = rng.normal(size=4), None
    for _ in range(10):
        w, buf = same("sgd_step", w, rng.normal(size=4), 0.1, 0.3, mode, momentum, buf)
    same("sgd_step", w, rng.normal(size=4), 0.1, 0.3, mode, 0.0, buf)
    same("sgd_step", np.array([3, -2]), np.array([1, 4]), 0.5, 0.25, mode, momentum)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_step(rng, decoupled):
    """Ten steps from zeros; other betas and eps; whole numbers."""
    w, state = rng.normal(size=4), dict(m=np.zeros(4), v=np.zeros(4), t=0)
    for _ in range(10):
        w, state = same("adam_step", w, rng.normal(size=4), state, 0.1, wd=0.3, decoupled=decoupled)
    same("adam_step", w, rng.normal(size=4), state, 0.1, (0.5, 0.8), 0.2, 0.0, decoupled)
    start = dict(m=np.zeros(2), v=np.zeros(2), t=0)
    same("adam_step", np.array([3, -2]), np.array([1, 4]), start, 0.5, wd=0.1, decoupled=decoupled)


def test_l1_and_max_norm(rng):
    """Values, subgradients, thresholds and projections, for matrices and for whole numbers."""
    w = rng.normal(size=(3, 4)) * np.array([0.0, 0.5, 1, 2])
    for values in (w, np.array([[3, 0, -2]])):
        same("l1_penalty", values, 0.3)
        same("l1_penalty", values, 0.0)
        same("soft_threshold", values, 0.6)
        same("soft_threshold", values, 0.0)
        same("max_norm_project", values, 1.2, rtol=1e-6)
    same("max_norm_project", np.zeros((2, 3)), 1.0)


def test_hard_and_soft(rng):
    """Projections, ends of descents for bounds that press and that do not, and multipliers of both signs."""
    w = rng.normal(size=4)
    for r in (0.0, 0.5, w @ w, 100.0):
        same("project_l2_ball", w, r)
    same("project_l2_ball", np.zeros(3), 0.0)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20) * 2
    lr = 20 / (2 * np.linalg.norm(X, 2) ** 2)
    for r in (1e-6, 0.1, 0.3, 50.0, 0.0):
        same("pgd_least_squares", X, y, r, lr, 5000, atol=1e-8, rtol=1e-6)
    assert not s("pgd_least_squares")(X, y, 1.0, lr, 0).any()
    for lam in (-0.1, 0.0, 0.5, 20.0):
        same("lambda_star", X, y, np.linalg.solve(X.T @ X / 20 + lam * np.eye(4), X.T @ y / 20), atol=1e-9)


def test_priors_and_noise(rng):
    """Powers, most probable weights with few and many rows, lambdas, noise on inputs and on weights."""
    x = rng.uniform(-1, 1, size=12)
    for M in (0, 1, 6):
        same("poly_design", x, M)
        same("map_linear_gaussian", np.vander(x, M + 1), x**2 + 1, 0.3, 0.8, rtol=1e-7)
    same("poly_design", np.array([2, -3]), 3)
    X, y = rng.normal(size=(5, 7)), rng.normal(size=5)
    same("map_linear_gaussian", X, y, 0.3, 0.8)
    for loss in ("sum", "mean"):
        same("equivalent_lambda", 0.3, 0.8, 12, loss)
    for lam in (0.0, 0.4):
        same("noisy_input_loss", rng.normal(size=7), X, y, lam)
        same("noisy_input_optimum", X[:, :3], y, lam)
        same("weight_noise_penalty", rng.normal(size=5), y, X, rng.normal(size=5), lam)


W, V, Y = np.ones(2), np.ones((3, 2)), np.ones(3)
START = dict(m=np.zeros(2), v=np.zeros(2), t=0)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: s("sgd_step")(W, W, 0.1, 0.1, "adamw"), "mode"),
        (lambda: s("sgd_step")(W, W, 0.0, 0.1, "l2"), "lr"),
        (lambda: s("sgd_step")(W, W, 0.1, -0.1, "l2"), "wd"),
        (lambda: s("adam_step")(W, W, START, -0.1), "lr"),
        (lambda: s("adam_step")(W, W, START, 0.1, wd=-1), "wd"),
        (lambda: s("adam_step")(W, W, START, 0.1, betas=(1.0, 0.9)), "betas"),
        (lambda: s("l1_penalty")(W, -1), "lam"),
        (lambda: s("soft_threshold")(W, -1), "t must"),
        (lambda: s("max_norm_project")(W, 1), "W"),
        (lambda: s("max_norm_project")(V, 0), "c must"),
        (lambda: s("project_l2_ball")(W, -1), "r must"),
        (lambda: s("pgd_least_squares")(V, Y, -1, 0.1, 5), "r must"),
        (lambda: s("lambda_star")(V, Y, np.zeros(2)), "w must"),
        (lambda: s("poly_design")(Y, -1), "M must"),
        (lambda: s("map_linear_gaussian")(V, Y, 0, 1), "noise_var"),
        (lambda: s("equivalent_lambda")(1, -1, 3, "sum"), "prior_var"),
        (lambda: s("equivalent_lambda")(1, 1, 3, "max"), "loss"),
        (lambda: s("noisy_input_loss")(W, V, Y, -1), "lam"),
        (lambda: s("noisy_input_optimum")(V, Y, -1), "lam"),
        (lambda: s("weight_noise_penalty")(W, Y, V[:2], W, 0.1), "y and"),
        (lambda: s("weight_noise_penalty")(W, W, V, W, 0.1), "grad"),
        (lambda: s("weight_noise_penalty")(W, W, V[:2], W, -0.1), "lam"),
    ],
)
def test_bad_input(call, names):
    """The ValueErrors of the exercises name the argument."""
    with pytest.raises(ValueError, match=names):
        call()


@pytest.mark.parametrize("id", ["weight_decay_step", "adam_decay_steps", "l1_prox", "max_norm_project"])
def test_a_stand_in_is_no_answer(id):
    """Handing in the stand-in does not pass the check: it runs an operation that the exercise switches off."""
    if not (exercise.ROOT / "answers" / f"{id}.json").exists():
        pytest.skip(f"{id} is not built yet")
    assert checks.run_visible(id, {name: s(name) for name in exercise.load(id).names}).outcome != "passed"
