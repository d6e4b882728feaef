"""Believable wrong answers to noisy_input_loss and noisy_input_optimum. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _lam(lam):
    if lam < 0:
        raise ValueError("lam must not be negative")


def _mse(w, X, y):
    return np.mean((X @ w - y) ** 2)


def _solve(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X / n + lam * np.eye(d), X.T @ y / n)


@replaces("noisy_input_loss")
def lam_as_deviation(w, X, y, lam):
    """You square lam, as if it were the standard deviation of the noise. It is the variance already."""
    _lam(lam)
    return _mse(w, X, y) + lam**2 * w @ w


@replaces("noisy_input_loss")
def root_of_lam(w, X, y, lam):
    """You multiply by the root of lam. The variance of w . eps has lam itself in front."""
    _lam(lam)
    return _mse(w, X, y) + lam**0.5 * w @ w


@replaces("noisy_input_loss")
def penalty_divided_by_n(w, X, y, lam):
    """You divide the penalty by N. Every row has noise of its own and adds lam ||w||^2, so the mean over the rows is that, too."""
    _lam(lam)
    return _mse(w, X, y) + lam / len(X) * w @ w


@replaces("noisy_input_loss")
def penalty_times_n(w, X, y, lam):
    """You multiply the penalty by N. That belongs to a sum over the rows; the loss here is their mean."""
    _lam(lam)
    return _mse(w, X, y) + lam * len(X) * w @ w


@replaces("noisy_input_loss")
def sampled(w, X, y, lam):
    """You draw noise and average. That comes near the expectation only slowly; here the exact value is asked for, and it has a formula."""
    _lam(lam)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, np.sqrt(lam), size=(200, *X.shape))
    return np.mean(((X + noise) @ w - y) ** 2)


@replaces("noisy_input_loss")
def noise_as_shift(w, X, y, lam):
    """You shift every input by the standard deviation, so the cross term stays. Noise goes both ways, and on average its product with the error is 0."""
    _lam(lam)
    return _mse(w, X + np.sqrt(lam), y)


@replaces("noisy_input_loss")
def penalty_halved(w, X, y, lam):
    """Your penalty has a factor 1/2. The variance of w . eps is lam ||w||^2, and the loss has no 1/2 either."""
    _lam(lam)
    return _mse(w, X, y) + lam / 2 * w @ w


@replaces("noisy_input_loss")
def loss_halved(w, X, y, lam):
    """Your loss is half of what is asked for. The mean of squares has no factor 1/2 here."""
    _lam(lam)
    return (_mse(w, X, y) + lam * w @ w) / 2


@replaces("noisy_input_loss")
def sum_of_squares(w, X, y, lam):
    """You sum over the rows, errors and noise. The mean is asked for."""
    _lam(lam)
    return len(X) * (_mse(w, X, y) + lam * w @ w)


@replaces("noisy_input_loss")
def errors_summed(w, X, y, lam):
    """You sum the squared errors of the rows but count the noise once. Both belong to the mean over the rows."""
    _lam(lam)
    return len(X) * _mse(w, X, y) + lam * w @ w


@replaces("noisy_input_loss")
def length_not_squared(w, X, y, lam):
    """Your penalty has the length of w. Variances add up to lam times the squared length."""
    _lam(lam)
    return _mse(w, X, y) + lam * np.linalg.norm(w)


@replaces("noisy_input_loss")
def mean_of_squared_weights(w, X, y, lam):
    """You average over the weights. The noise of every input adds its share: sum them up."""
    _lam(lam)
    return _mse(w, X, y) + lam * np.mean(np.square(w))


@replaces("noisy_input_loss")
def squared_sum_of_weights(w, X, y, lam):
    """You square the sum of the weights, as if all inputs had the same noise. It is independent, so the squares add up."""
    _lam(lam)
    return _mse(w, X, y) + lam * np.sum(w) ** 2


@replaces("noisy_input_loss")
def penalty_forgotten(w, X, y, lam):
    """Your loss does not depend on the noise. It has mean 0, but its square has not."""
    _lam(lam)
    return _mse(w, X, y)


@replaces("noisy_input_loss")
def penalty_subtracted(w, X, y, lam):
    """You subtract the penalty. Noise makes the expected error larger."""
    _lam(lam)
    return _mse(w, X, y) - lam * w @ w


@replaces("noisy_input_loss")
def noise_on_the_targets(w, X, y, lam):
    """You add lam, which is what noise on y would do. Noise on the inputs passes through the weights first."""
    _lam(lam)
    return _mse(w, X, y) + lam


@replaces("noisy_input_optimum")
def optimum_lam_as_deviation(X, y, lam):
    """You square lam, as if it were the standard deviation of the noise. It is the variance already."""
    _lam(lam)
    return _solve(X, y, lam**2)


@replaces("noisy_input_optimum")
def sum_with_lam_of_the_mean(X, y, lam):
    """You add lam to X^T X, which is a sum over N rows. Each row has noise of its own: divide X^T X and X^T y by N, or multiply lam by it."""
    _lam(lam)
    return _solve(X, y, lam / len(X))


@replaces("noisy_input_optimum")
def lam_of_the_sum(X, y, lam):
    """You multiply lam by N although X^T X is divided by N. One of the two is enough."""
    _lam(lam)
    return _solve(X, y, lam * len(X))


@replaces("noisy_input_optimum")
def one_side_divided(X, y, lam):
    """You divide X^T X by N but not X^T y. Both sides come from the same mean."""
    _lam(lam)
    return len(X) * _solve(X, y, lam)


@replaces("noisy_input_optimum")
def lam_halved(X, y, lam):
    """You add half of lam. Errors and penalty both give a factor 2 when differentiated, and the two cancel."""
    _lam(lam)
    return _solve(X, y, lam / 2)


@replaces("noisy_input_optimum")
def lam_doubled(X, y, lam):
    """You add twice lam. Errors and penalty both give a factor 2 when differentiated, and the two cancel."""
    _lam(lam)
    return _solve(X, y, 2 * lam)


@replaces("noisy_input_optimum")
def least_squares(X, y, lam):
    """These are the least squares without noise. Noise makes long weights costly, so the best ones are shorter."""
    _lam(lam)
    return np.linalg.lstsq(X, y)[0]


@replaces("noisy_input_optimum")
def divided_afterwards(X, y, lam):
    """You shrink least squares as a whole by 1 + lam. How much a direction shrinks depends on how much the inputs vary in it."""
    _lam(lam)
    return np.linalg.lstsq(X, y)[0] / (1 + lam)


@replaces("noisy_input_optimum")
def fitted_to_drawn_noise(X, y, lam):
    """You fit copies of the data with drawn noise. That comes near the optimum only slowly; here it is asked for exactly."""
    _lam(lam)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, np.sqrt(lam), size=(200, *X.shape))
    return np.linalg.lstsq((X + noise).reshape(-1, X.shape[1]), np.tile(y, 200))[0]


@replaces("noisy_input_optimum")
def lam_in_every_entry(X, y, lam):
    """You add lam to every entry of the matrix, not to its diagonal. The noise of two inputs is independent: its products average to 0."""
    _lam(lam)
    n = len(X)
    return np.linalg.lstsq(X.T @ X / n + lam, X.T @ y / n)[0]


@replaces("noisy_input_optimum")
def data_centred(X, y, lam):
    """You centre the data first. The model has no intercept that could take up the means."""
    _lam(lam)
    return _solve(X - X.mean(axis=0), y - y.mean(), lam)


@replaces("noisy_input_optimum")
def column_returned(X, y, lam):
    """You return a column. The weights should have shape (D,)."""
    _lam(lam)
    return _solve(X, y, lam)[:, None]
