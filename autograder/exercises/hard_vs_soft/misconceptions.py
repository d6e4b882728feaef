"""Believable wrong answers to project_l2_ball, pgd_least_squares and lambda_star. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _r(r):
    if r < 0:
        raise ValueError("r must not be negative")


def _w(w):
    if not np.any(w):
        raise ValueError("w must not be zero")


def _project(w, r):
    square = w @ w
    return w * 1.0 if square <= r else w * np.sqrt(r / square)


def _gradient(X, y, w):
    return 2 / len(X) * X.T @ (X @ w - y)


@replaces("project_l2_ball")
def r_as_radius(w, r):
    """You take r for the radius. It bounds the squared length, so the radius of the ball is sqrt(r)."""
    _r(r)
    length = np.linalg.norm(w)
    return w * 1.0 if length <= r else w * r / length


@replaces("project_l2_ball")
def radius_only_in_the_factor(w, r):
    """You compare the squared length with r, which is right, but then give the point the length r. The radius is sqrt(r)."""
    _r(r)
    return w * 1.0 if w @ w <= r else w * r / np.linalg.norm(w)


@replaces("project_l2_ball")
def root_only_in_the_factor(w, r):
    """You compare the length, not its square, with r. Points between the two bounds are treated wrongly."""
    _r(r)
    length = np.linalg.norm(w)
    return w * 1.0 if length <= r else w * np.sqrt(r) / length


@replaces("project_l2_ball")
def always_onto_the_sphere(w, r):
    """You move points from inside the ball as well. They are allowed where they are, and nothing is nearer to them than they themselves."""
    _r(r)
    length = np.linalg.norm(w)
    return w * np.sqrt(r) / (length if length else 1.0)


@replaces("project_l2_ball")
def entries_clipped(w, r):
    """You cut single entries off at sqrt(r). The length of the whole vector is bounded, and its direction stays."""
    _r(r)
    return np.clip(w, -np.sqrt(r), np.sqrt(r))


@replaces("project_l2_ball")
def divided_by_the_square(w, r):
    """Your factor is r over the squared length. That is the square of the right factor."""
    _r(r)
    square = w @ w
    return w * 1.0 if square <= r else w * r / square


@replaces("project_l2_ball")
def onto_the_unit_ball(w, r):
    """Your result has the length 1. It may be as long as sqrt(r)."""
    _r(r)
    square = w @ w
    return w * 1.0 if square <= r else w / np.sqrt(square)


@replaces("project_l2_ball")
def outside_to_zero(w, r):
    """You send points outside of the ball to 0. The nearest point of the ball is on its surface."""
    _r(r)
    return w * 1.0 if w @ w <= r else w * 0.0


@replaces("project_l2_ball")
def point_overwritten(w, r):
    """You write into the caller's w. Return a new array."""
    _r(r)
    new = _project(w, r)
    if w.dtype.kind == "f":
        w[:] = new
    return new


@replaces("pgd_least_squares")
def projected_at_the_end(X, y, r, lr, steps):
    """You descend freely and project once, at the end. That only scales least squares down; every step has to be projected."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - lr * _gradient(X, y, w)
    return _project(w, r)


@replaces("pgd_least_squares")
def never_projected(X, y, r, lr, steps):
    """Your descent does not know the bound. Project after every step."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - lr * _gradient(X, y, w)
    return w


@replaces("pgd_least_squares")
def projected_before_the_step(X, y, r, lr, steps):
    """You project before the step, so the last step leads out of the ball again. The projection comes last."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = _project(w, r)
        w = w - lr * _gradient(X, y, w)
    return w


@replaces("pgd_least_squares")
def uphill(X, y, r, lr, steps):
    """You follow the gradient uphill. The step is subtracted."""
    _r(r)
    w = np.full(X.shape[1], 1e-9)
    for _ in range(steps):
        w = _project(w + lr * _gradient(X, y, w), r)
    return w


@replaces("pgd_least_squares")
def gradient_of_the_sum(X, y, r, lr, steps):
    """Your gradient is that of the sum over the rows, N times too long. With the learning rate that you are given, the steps overshoot."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = _project(w - lr * 2 * X.T @ (X @ w - y), r)
    return w


@replaces("pgd_least_squares")
def penalty_instead(X, y, r, lr, steps):
    """You add r ||w||^2 to the loss. That is the soft constraint with lambda = r; here r bounds the squared length."""
    _r(r)
    return np.linalg.solve(X.T @ X / len(y) + r * np.eye(X.shape[1]), X.T @ y / len(y))


@replaces("pgd_least_squares")
def stuck_on_the_sphere(X, y, r, lr, steps):
    """Your descent moves every point to the length sqrt(r), from inside as well. Inside the ball the bound does not press."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = w - lr * _gradient(X, y, w)
        length = np.linalg.norm(w)
        w = w * np.sqrt(r) / (length if length else 1.0)
    return w


@replaces("pgd_least_squares")
def descent_with_r_as_radius(X, y, r, lr, steps):
    """Your descent keeps ||w|| below r. The bound is on the squared length."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = _project(w - lr * _gradient(X, y, w), r**2)
    return w


@replaces("pgd_least_squares")
def a_single_step(X, y, r, lr, steps):
    """You make one step only. It takes many to get to the end."""
    _r(r)
    w = np.zeros(X.shape[1])
    return _project(w - lr * _gradient(X, y, w), r)


@replaces("pgd_least_squares")
def targets_centred(X, y, r, lr, steps):
    """You subtract the mean of y. Nobody asked for an intercept; the loss is that of y as it is."""
    _r(r)
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        w = _project(w - lr * _gradient(X, y - y.mean(), w), r)
    return w


@replaces("lambda_star")
def lambda_of_the_sum(X, y, w):
    """Your lambda belongs to the sum of squared errors, N times as large. The loss here is the mean."""
    _w(w)
    return max(0.0, len(X) * -(_gradient(X, y, w) @ w) / (2 * w @ w))


@replaces("lambda_star")
def lambda_without_sign(X, y, w):
    """You compare lengths only, so a w that is too long gets a positive lambda, too. The direction of the gradient tells the two cases apart."""
    _w(w)
    return np.linalg.norm(_gradient(X, y, w)) / (2 * np.linalg.norm(w))


@replaces("lambda_star")
def sign_exchanged(X, y, w):
    """Your lambda has the wrong sign, so max(0, ...) makes nothing of it where it is needed. At the solution the gradient of the loss points against w."""
    _w(w)
    return max(0.0, (_gradient(X, y, w) @ w) / (2 * w @ w))


@replaces("lambda_star")
def lambda_negative(X, y, w):
    """Your lambda can be negative. A bound that does not press needs no penalty: then lambda is 0."""
    _w(w)
    return -(_gradient(X, y, w) @ w) / (2 * w @ w)


@replaces("lambda_star")
def gradient_without_its_2(X, y, w):
    """Your lambda is half of what it should be: the derivative of the squared errors has a factor 2, too."""
    _w(w)
    return max(0.0, -(_gradient(X, y, w) @ w) / (4 * w @ w))


@replaces("lambda_star")
def penalty_without_its_2(X, y, w):
    """Your lambda is twice what it should be: the derivative of lambda ||w||^2 has a factor 2."""
    _w(w)
    return max(0.0, -(_gradient(X, y, w) @ w) / (w @ w))


@replaces("lambda_star")
def length_not_squared(X, y, w):
    """You divide by the length of w. The inner product of w with itself is its squared length."""
    _w(w)
    return max(0.0, -(_gradient(X, y, w) @ w) / (2 * np.linalg.norm(w)))


@replaces("lambda_star")
def product_not_divided(X, y, w):
    """You forget to divide by the squared length of w. Then lambda is right for a w of length 1 only."""
    _w(w)
    return max(0.0, -(_gradient(X, y, w) @ w) / 2)
