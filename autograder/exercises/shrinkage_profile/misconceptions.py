"""Believable wrong answers to the functions of shrinkage_profile. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _svd(X, tolerance=1e-6):
    U, s, Vt = np.linalg.svd(np.asarray(X, dtype=float), full_matrices=False)
    present = s > tolerance * s[0]
    return U[:, present], s[present], Vt[present]


def _checked(s2, lr):
    s2 = np.asarray(s2, dtype=float)
    if np.any(lr * s2 >= 2):
        raise ValueError("lr is too large")
    return s2


# ---- response --------------------------------------------------------------------------------------------


@replaces("singular_response")
def zero_directions_kept(X, y, w):
    """You keep directions whose singular value is zero, and divide by it. There least squares has nothing to say: leave them out, so that there are as many entries as the rank of X."""
    U, s, Vt = np.linalg.svd(np.asarray(X, dtype=float), full_matrices=False)
    with np.errstate(all="ignore"):
        return s, (Vt @ w) / ((U.T @ y) / s)


@replaces("singular_response")
def eigenvalues(X, y, w):
    """Your s are the eigenvalues of X^T X. Those are the squares of the singular values."""
    U, s, Vt = _svd(X)
    return s**2, (Vt @ w) / ((U.T @ y) / s)


@replaces("singular_response")
def left_singular_vectors(X, y, w):
    """You look at w along the left singular vectors. Those live among the rows of X; weights are written in right singular vectors, the rows of Vt."""
    U, s, Vt = _svd(X)
    along = np.resize(U, (len(w), len(s))).T
    return s, (along @ w) / (along @ np.linalg.lstsq(np.asarray(X, float), y, rcond=1e-6)[0])


@replaces("singular_response")
def not_transposed(X, y, w):
    """np.linalg.svd returns V transposed: its rows are the right singular vectors. You take its columns."""
    _, s, Vt = _svd(X)
    V = np.resize(Vt, (len(w), len(s))).T
    return s, (V @ w) / (V @ np.linalg.lstsq(np.asarray(X, float), y, rcond=1e-6)[0])


@replaces("singular_response")
def smallest_first(X, y, w):
    """Your singular values go up, as np.linalg.eigh returns them. Turn both results round: the largest comes first."""
    U, s, Vt = _svd(X)
    return s[::-1].copy(), ((Vt @ w) / ((U.T @ y) / s))[::-1].copy()


@replaces("singular_response")
def absolute_values(X, y, w):
    """You return absolute values. A negative ratio says that w points the other way there: keep the sign."""
    U, s, Vt = _svd(X)
    return s, np.abs((Vt @ w) / ((U.T @ y) / s))


@replaces("singular_response")
def upside_down(X, y, w):
    """You divide what least squares has by what w has. The question is how much w has of least squares: the other way round."""
    U, s, Vt = _svd(X)
    return s, ((U.T @ y) / s) / (Vt @ w)


@replaces("singular_response")
def not_compared(X, y, w):
    """You return the components v_i^T w alone. Divide each by what least squares has in that direction."""
    _, s, Vt = _svd(X)
    return s, Vt @ np.asarray(w, dtype=float)


@replaces("singular_response")
def compared_with_the_targets(X, y, w):
    """You divide by u_i^T y. Least squares divides that by s_i: the weight has to be large where X is small."""
    U, s, Vt = _svd(X)
    return s, (Vt @ w) / (U.T @ y)


@replaces("singular_response")
def compared_with_other_weights(X, y, w):
    """What you divide by are not the least-squares weights, but X^T y. They differ by s_i^2 in each direction: take the least-squares solution of this X and y."""
    _, s, Vt = _svd(X)
    return s, (Vt @ w) / (Vt @ (np.asarray(X, dtype=float).T @ y))


@replaces("singular_response")
def feature_by_feature(X, y, w):
    """You compare the weights feature by feature. The ratios are taken along the right singular vectors: multiply both by Vt first."""
    _, s, _ = _svd(X)
    best = np.linalg.lstsq(np.asarray(X, dtype=float), y, rcond=1e-6)[0]
    return s, np.asarray(w, dtype=float) / best


@replaces("singular_response")
def one_ratio(X, y, w):
    """You compare the lengths of the two weight vectors, so every direction gets the same ratio. Compare them direction by direction."""
    _, s, _ = _svd(X)
    best = np.linalg.lstsq(np.asarray(X, dtype=float), y, rcond=1e-6)[0]
    return s, np.full(len(s), np.linalg.norm(w) / np.linalg.norm(best))


# ---- gradient descent ------------------------------------------------------------------------------------


@replaces("gd_filter")
def root_taken(s2, lr, steps):
    """You use the singular value. What gradient descent sees is the eigenvalue of X^T X, its square, and s2 is that already."""
    return 1 - (1 - lr * np.sqrt(_checked(s2, lr))) ** steps


@replaces("gd_filter")
def squared_again(s2, lr, steps):
    """You square s2, which is a squared singular value already."""
    with np.errstate(all="ignore"):
        return 1 - (1 - lr * _checked(s2, lr) ** 2) ** steps


@replaces("gd_filter")
def what_is_left(s2, lr, steps):
    """(1 - lr s2)^steps is what is still missing. The ratio is what has been reached: 1 minus that."""
    return (1 - lr * _checked(s2, lr)) ** steps


@replaces("gd_filter")
def one_step_short(s2, lr, steps):
    """You take one step less. After one step from 0 the ratio is lr s2, after none it is 0."""
    s2 = _checked(s2, lr)
    with np.errstate(all="ignore"):
        return 1 - (1 - lr * s2) ** (steps - 1.0)


@replaces("gd_filter")
def one_step_more(s2, lr, steps):
    """You take one step more. After no step from 0 nothing has been reached."""
    return 1 - (1 - lr * _checked(s2, lr)) ** (steps + 1)


@replaces("gd_filter")
def gradient_of_the_whole_square(s2, lr, steps):
    """Your gradient has a factor 2. The loss is one half of the squared error, and the half takes it away."""
    return 1 - (1 - 2 * lr * _checked(s2, lr)) ** steps


@replaces("gd_filter")
def straight_line(s2, lr, steps):
    """You add up equal steps. A step is as large as what is still missing, so steps become smaller."""
    return np.minimum(lr * _checked(s2, lr) * steps, 1.0)


@replaces("gd_filter")
def flow(s2, lr, steps):
    """You use 1 - exp(-lr s2 steps), the limit of very small steps. With steps of this size the factors are 1 - lr s2."""
    return 1 - np.exp(-lr * _checked(s2, lr) * steps)


@replaces("gd_filter")
def no_jumping_over(s2, lr, steps):
    """You cut lr s2 off at 1. Gradient descent may jump over the solution and come back: as long as lr s2 is below 2 it gets nearer."""
    return 1 - np.maximum(1 - lr * _checked(s2, lr), 0.0) ** steps


# ---- ridge -----------------------------------------------------------------------------------------------


@replaces("ridge_filter")
def singular_values(s2, lam):
    """You use s / (s + lam). Ridge compares the square of the singular value with lam, and s2 is that square."""
    s = np.sqrt(np.asarray(s2, dtype=float))
    return s / (s + lam)


@replaces("ridge_filter")
def fourth_powers(s2, lam):
    """You square s2, which is a squared singular value already."""
    s2 = np.asarray(s2, dtype=float)
    return s2**2 / (s2**2 + lam)


@replaces("ridge_filter")
def what_is_lost(s2, lam):
    """lam / (s2 + lam) is what ridge takes away. The ratio is what it leaves: s2 / (s2 + lam)."""
    s2 = np.asarray(s2, dtype=float)
    return lam / (s2 + lam)


@replaces("ridge_filter")
def squared_penalty(s2, lam):
    """You square lam. It stands in the objective as it is, and beside s2 as it is."""
    s2 = np.asarray(s2, dtype=float)
    return s2 / (s2 + lam**2)


@replaces("ridge_filter")
def not_relative(s2, lam):
    """1 / (s2 + lam) is the inverse matrix alone. Least squares has 1 / s2 there; the ratio of the two is asked for."""
    return 1 / (np.asarray(s2, dtype=float) + lam)


@replaces("ridge_filter")
def soft_threshold(s2, lam):
    """You take lam off and cut at zero. That is what an L1 penalty does; ridge makes all directions smaller and none zero."""
    s2 = np.asarray(s2, dtype=float)
    return np.maximum(s2 - lam, 0) / s2
