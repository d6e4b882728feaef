"""Believable wrong answers to es_weights, l2_weights and matching_alpha. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _checked(Hess, lr, steps, limit=2.0):
    if steps < 0:
        raise ValueError("steps must not be negative")
    largest = np.linalg.eigvalsh(Hess)[-1]
    if lr * largest >= limit:
        raise ValueError("lr is too large")
    return np.asarray(Hess, dtype=float)


# ---- early stopping --------------------------------------------------------------------------------------


@replaces("es_weights")
def what_is_left(Hess, w_star, lr, steps):
    """You return (I - lr H)^steps w_star: that is what is still to be learned after the steps. What has been learned is the rest of w_star."""
    H = _checked(Hess, lr, steps)
    return np.linalg.matrix_power(np.eye(len(H)) - lr * H, steps) @ w_star


@replaces("es_weights")
def power_by_element(Hess, w_star, lr, steps):
    """You write ** for the power of a matrix. NumPy takes it element by element; np.linalg.matrix_power multiplies matrices, and eigenvalues may be raised one by one."""
    H = _checked(Hess, lr, steps)
    return w_star - (np.eye(len(H)) - lr * H) ** steps @ w_star


@replaces("es_weights")
def diagonal_only(Hess, w_star, lr, steps):
    """You use the diagonal of Hess as if the weights did not depend on each other. The eigenvalues belong to its eigenvectors: turn there first."""
    H = _checked(Hess, lr, steps)
    return (1 - (1 - lr * np.diag(H)) ** steps) * w_star


@replaces("es_weights")
def turned_the_wrong_way(Hess, w_star, lr, steps):
    """You have Q and Q^T the wrong way round. eigh puts the eigenvectors into columns: Q.T @ w gives the components, Q @ turns back."""
    lam, Q = np.linalg.eigh(_checked(Hess, lr, steps))
    return Q.T @ ((1 - (1 - lr * lam) ** steps) * (Q @ w_star))


@replaces("es_weights")
def not_turned_back(Hess, w_star, lr, steps):
    """You return the components along the eigenvectors. Multiply with Q to have them as weights again."""
    lam, Q = np.linalg.eigh(_checked(Hess, lr, steps))
    return (1 - (1 - lr * lam) ** steps) * (Q.T @ w_star)


@replaces("es_weights")
def eig_of_a_symmetric_matrix(Hess, w_star, lr, steps):
    """You use np.linalg.eig and Q^T. For equal eigenvalues eig returns vectors that are not orthogonal, and then Q^T does not undo Q: use eigh for symmetric matrices."""
    lam, Q = np.linalg.eig(_checked(Hess, lr, steps))
    return Q @ ((1 - (1 - lr * lam) ** steps) * (Q.T @ w_star))


@replaces("es_weights")
def start_at_the_minimum(Hess, w_star, lr, steps):
    """You start at w_star, where the gradient is 0 and nothing ever happens. Training starts at w = 0."""
    H = _checked(Hess, lr, steps)
    w = np.array(w_star, dtype=float)
    for _ in range(min(steps, 50)):
        w = w - lr * H @ (w - w_star)
    return w


@replaces("es_weights")
def one_step_more(Hess, w_star, lr, steps):
    """You take one step too many. After 0 steps the weights are still 0."""
    lam, Q = np.linalg.eigh(_checked(Hess, lr, steps))
    return Q @ ((1 - (1 - lr * lam) ** (steps + 1)) * (Q.T @ w_star))


@replaces("es_weights")
def one_step_less(Hess, w_star, lr, steps):
    """You take one step too few. After 1 step the weights are lr * Hess @ w_star, not 0 any more."""
    lam, Q = np.linalg.eigh(_checked(Hess, lr, steps))
    return Q @ ((1 - (1 - lr * lam) ** max(steps - 1, 0)) * (Q.T @ w_star))


@replaces("es_weights")
def minimum_as_gradient(Hess, w_star, lr, steps):
    """Your gradient is Hess @ w - w_star. The loss is a parabola around w_star, so its gradient is Hess @ (w - w_star)."""
    H = _checked(Hess, lr, steps)
    w = np.zeros(len(H))
    for _ in range(steps):
        w = w - lr * (H @ w - w_star)
    return w


@replaces("es_weights")
def twice_the_gradient(Hess, w_star, lr, steps):
    """Your steps are twice as long. The loss has the factor 1/2 in front, which the derivative of the square cancels."""
    H = _checked(Hess, lr, steps)
    w = np.zeros(len(H))
    for _ in range(steps):
        w = w - 2 * lr * H @ (w - w_star)
    return w


@replaces("es_weights")
def continuous_time(Hess, w_star, lr, steps):
    """You use 1 - exp(-lr * lambda * steps): infinitely many, infinitely small steps. With steps of size lr it is (1 - lr * lambda)^steps that is left."""
    lam, Q = np.linalg.eigh(_checked(Hess, lr, steps))
    return Q @ ((1 - np.exp(-lr * lam * steps)) * (Q.T @ w_star))


@replaces("es_weights")
def penalty_instead(Hess, w_star, lr, steps):
    """You return the minimum with the matching penalty. That is close only where lr * lambda * steps is small; here the steps themselves are asked for."""
    H = _checked(Hess, lr, steps)
    return np.linalg.solve(H + np.eye(len(H)) / (lr * max(steps, 1e-9)), H @ w_star)


@replaces("es_weights")
def limit_of_1(Hess, w_star, lr, steps):
    """You refuse learning rates above 1 / lambda_max. Between that and 2 / lambda_max a step overshoots, but ends nearer to the minimum than before."""
    lam, Q = np.linalg.eigh(_checked(Hess, lr, steps, limit=1.0))
    return Q @ ((1 - (1 - lr * lam) ** steps) * (Q.T @ w_star))


# ---- l2 --------------------------------------------------------------------------------------------------


@replaces("l2_weights")
def hess_missing_on_the_right(Hess, w_star, alpha):
    """You solve (Hess + alpha I) w = w_star. Setting the gradient to 0 leaves Hess @ w_star on the right."""
    return np.linalg.solve(Hess + alpha * np.eye(len(Hess)), np.asarray(w_star, dtype=float))


@replaces("l2_weights")
def what_is_taken(Hess, w_star, alpha):
    """Your factor is alpha / (lambda + alpha): that is the share which the penalty takes away. What stays is lambda / (lambda + alpha)."""
    return alpha * np.linalg.solve(Hess + alpha * np.eye(len(Hess)), np.asarray(w_star, dtype=float))


@replaces("l2_weights")
def alpha_everywhere(Hess, w_star, alpha):
    """You add alpha to every entry of Hess. Only the diagonal gets it: alpha times the unit matrix."""
    return np.linalg.lstsq(Hess + alpha, Hess @ w_star, rcond=None)[0]


@replaces("l2_weights")
def twice_alpha(Hess, w_star, alpha):
    """Your penalty is twice as strong. alpha / 2 * |w|^2 has the gradient alpha * w: the 2 of the square cancels the 1/2."""
    return np.linalg.solve(Hess + 2 * alpha * np.eye(len(Hess)), Hess @ w_star)


@replaces("l2_weights")
def half_alpha(Hess, w_star, alpha):
    """Your penalty is half as strong. alpha / 2 * |w|^2 has the gradient alpha * w, not alpha / 2 * w."""
    return np.linalg.solve(Hess + alpha / 2 * np.eye(len(Hess)), Hess @ w_star)


@replaces("l2_weights")
def l2_diagonal_only(Hess, w_star, alpha):
    """Your l2_weights use the diagonal of Hess as if the weights did not depend on each other. Solve with the whole matrix."""
    d = np.diag(Hess)
    return d / (d + alpha) * w_star


@replaces("l2_weights")
def l2_turned_the_wrong_way(Hess, w_star, alpha):
    """In l2_weights you have Q and Q^T the wrong way round. eigh puts the eigenvectors into columns: Q.T @ w gives the components, Q @ turns back."""
    lam, Q = np.linalg.eigh(Hess)
    return Q.T @ (lam / (lam + alpha) * (Q @ w_star))


@replaces("l2_weights")
def squared_eigenvalues(Hess, w_star, alpha):
    """You use lambda^2 / (lambda^2 + alpha), as with the singular values of the data. Hess is the square already: its eigenvalues go in as they are."""
    lam, Q = np.linalg.eigh(Hess)
    return Q @ (lam**2 / (lam**2 + alpha) * (Q.T @ w_star))


@replaces("l2_weights")
def hess_changed(Hess, w_star, alpha):
    """You add alpha to the diagonal of the caller's own matrix. Whoever uses it afterwards has another loss: work on a copy."""
    right = Hess @ w_star
    Hess[np.diag_indices(len(Hess))] += np.asarray(alpha).astype(Hess.dtype)
    return np.linalg.solve(Hess, right)


# ---- alpha -----------------------------------------------------------------------------------------------


@replaces("matching_alpha")
def steps_squared(lr, steps):
    """You divide by the square of the steps. The distance that is travelled is lr * steps, and alpha is one over that."""
    return 1 / lr / steps**2


@replaces("matching_alpha")
def upside_down(lr, steps):
    """Your alpha is lr * steps, so it grows with the training. A long training is a weak penalty: it is one over that."""
    return lr * steps


@replaces("matching_alpha")
def steps_over_lr(lr, steps):
    """You divide steps by lr. Larger steps and more steps both mean more training, so both make alpha smaller."""
    return steps / lr


@replaces("matching_alpha")
def lr_over_steps(lr, steps):
    """You divide lr by steps. Larger steps and more steps both mean more training, so both make alpha smaller."""
    return lr / steps


@replaces("matching_alpha")
def lr_forgotten(lr, steps):
    """Your alpha is 1 / steps. Half the learning rate needs twice the steps to get as far: lr belongs there, too."""
    return 1 / steps


@replaces("matching_alpha")
def half_of_it(lr, steps):
    """Your alpha is 1 / (2 lr steps). The penalty is alpha / 2 * |w|^2, and its 1/2 is taken care of already."""
    return 1 / (2 * lr * steps)
