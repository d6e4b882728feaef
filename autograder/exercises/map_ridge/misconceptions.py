"""Believable wrong answers to poly_design, map_linear_gaussian and equivalent_lambda. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _degree(M):
    if M < 0:
        raise ValueError("M must not be negative")


def _variances(noise_var, prior_var, loss="sum"):
    if noise_var <= 0:
        raise ValueError("noise_var must be positive")
    if prior_var <= 0:
        raise ValueError("prior_var must be positive")
    if loss not in ("sum", "mean"):
        raise ValueError("loss is unknown")


def _solve(X, t, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ t)


@replaces("poly_design")
def highest_power_first(x, M):
    """Your powers fall from M to 0, which is np.vander's own order. The lowest comes first here."""
    _degree(M)
    return np.vander(np.asarray(x, dtype=float), M + 1)


@replaces("poly_design")
def constant_left_out(x, M):
    """Your powers begin with x itself. The power 0, a column of ones, is the intercept."""
    _degree(M)
    return np.asarray(x, dtype=float)[:, None] ** np.arange(1, M + 1)


@replaces("poly_design")
def highest_power_left_out(x, M):
    """Your powers end with M - 1. A polynomial of degree M has M + 1 coefficients."""
    _degree(M)
    return np.asarray(x, dtype=float)[:, None] ** np.arange(M)


@replaces("poly_design")
def one_row_for_each_power(x, M):
    """Your matrix has a row for each power. A row should belong to a data point, (N, M + 1)."""
    _degree(M)
    return np.asarray(x, dtype=float) ** np.arange(M + 1)[:, None]


@replaces("poly_design")
def multiples_not_powers(x, M):
    """Your columns are multiples of x, not powers of it. Two stars make a power."""
    _degree(M)
    return np.asarray(x, dtype=float)[:, None] * np.arange(M + 1)


@replaces("poly_design")
def sizes_of_powers(x, M):
    """Your odd powers have lost the sign of x."""
    _degree(M)
    return np.abs(np.asarray(x, dtype=float))[:, None] ** np.arange(M + 1)


@replaces("map_linear_gaussian")
def ratio_upside_down(X, t, noise_var, prior_var):
    """You add prior_var / noise_var to the diagonal. A wide prior hardly restrains the weights, so it must regularize less."""
    _variances(noise_var, prior_var)
    return _solve(X, t, prior_var / noise_var)


@replaces("map_linear_gaussian")
def ratio_of_deviations(X, t, noise_var, prior_var):
    """You add the ratio of the standard deviations. What stands in the exponent of a Gaussian is divided by its variance."""
    _variances(noise_var, prior_var)
    return _solve(X, t, np.sqrt(noise_var / prior_var))


@replaces("map_linear_gaussian")
def variances_squared(X, t, noise_var, prior_var):
    """You square the variances. They are squares of deviations already."""
    _variances(noise_var, prior_var)
    return _solve(X, t, (noise_var / prior_var) ** 2)


@replaces("map_linear_gaussian")
def ratio_times_n(X, t, noise_var, prior_var):
    """Your prior counts once for every data point. It is one factor, however many data there are."""
    _variances(noise_var, prior_var)
    return _solve(X, t, len(X) * noise_var / prior_var)


@replaces("map_linear_gaussian")
def ratio_over_n(X, t, noise_var, prior_var):
    """You add lambda of the mean to X^T X, which is a sum. Divide both by N or neither."""
    _variances(noise_var, prior_var)
    return _solve(X, t, noise_var / prior_var / len(X))


@replaces("map_linear_gaussian")
def half_the_ratio(X, t, noise_var, prior_var):
    """You add half of the ratio. Both squares in the exponent have their 1/2, and the two cancel."""
    _variances(noise_var, prior_var)
    return _solve(X, t, noise_var / prior_var / 2)


@replaces("map_linear_gaussian")
def twice_the_ratio(X, t, noise_var, prior_var):
    """You add twice the ratio. Both squares give a factor 2 when differentiated, and the two cancel."""
    _variances(noise_var, prior_var)
    return _solve(X, t, 2 * noise_var / prior_var)


@replaces("map_linear_gaussian")
def prior_alone(X, t, noise_var, prior_var):
    """You add 1 / prior_var and forget the noise. Multiply the whole exponent by noise_var, not only its first part."""
    _variances(noise_var, prior_var)
    return _solve(X, t, 1 / prior_var)


@replaces("map_linear_gaussian")
def noise_alone(X, t, noise_var, prior_var):
    """You add noise_var to the diagonal and forget how wide the prior is. A narrow prior must restrain more."""
    _variances(noise_var, prior_var)
    return _solve(X, t, noise_var)


@replaces("map_linear_gaussian")
def least_squares(X, t, noise_var, prior_var):
    """These are the least squares, the weights under which the data are most probable. The prior does not appear."""
    _variances(noise_var, prior_var)
    return np.linalg.lstsq(X, t)[0]


@replaces("map_linear_gaussian")
def intercept_spared(X, t, noise_var, prior_var):
    """You spare the intercept. Many libraries do, but here the prior is on all weights, and it says so."""
    _variances(noise_var, prior_var)
    penalty = np.eye(X.shape[1])
    penalty[0, 0] = 0
    return np.linalg.lstsq(X.T @ X + noise_var / prior_var * penalty, X.T @ t)[0]


@replaces("map_linear_gaussian")
def targets_centred(X, t, noise_var, prior_var):
    """You subtract the mean of t first. The model has no place where it would come back."""
    _variances(noise_var, prior_var)
    return _solve(X, t - np.mean(t), noise_var / prior_var)


@replaces("map_linear_gaussian")
def inputs_centred(X, t, noise_var, prior_var):
    """You centre the columns of X. The column of ones becomes zeros, and the intercept is lost."""
    _variances(noise_var, prior_var)
    return _solve(X - X.mean(axis=0), t, noise_var / prior_var)


@replaces("map_linear_gaussian")
def ones_added_everywhere(X, t, noise_var, prior_var):
    """You add the ratio to every entry of X^T X, not to its diagonal. The prior has independent weights: a multiple of I."""
    _variances(noise_var, prior_var)
    return np.linalg.lstsq(X.T @ X + noise_var / prior_var, X.T @ t)[0]


@replaces("map_linear_gaussian")
def column_returned(X, t, noise_var, prior_var):
    """You return a column. The weights should have shape (D,)."""
    _variances(noise_var, prior_var)
    return _solve(X, t, noise_var / prior_var)[:, None]


@replaces("equivalent_lambda")
def lambda_upside_down(noise_var, prior_var, n, loss):
    """Your lambda is prior_var over noise_var. A wide prior must regularize less, and noisy data more."""
    _variances(noise_var, prior_var, loss)
    return prior_var / noise_var / (n if loss == "mean" else 1)


@replaces("equivalent_lambda")
def lambda_of_deviations(noise_var, prior_var, n, loss):
    """Your lambda is the ratio of the standard deviations. What stands in the exponent is divided by a variance."""
    _variances(noise_var, prior_var, loss)
    return np.sqrt(noise_var / prior_var) / (n if loss == "mean" else 1)


@replaces("equivalent_lambda")
def n_left_out(noise_var, prior_var, n, loss):
    """Your lambda is the same for the sum and for the mean. A mean is n times smaller than the sum, and the penalty has to go with it."""
    _variances(noise_var, prior_var, loss)
    return noise_var / prior_var


@replaces("equivalent_lambda")
def n_in_the_sum(noise_var, prior_var, n, loss):
    """You divide by n for the sum and not for the mean. It is the other way round."""
    _variances(noise_var, prior_var, loss)
    return noise_var / prior_var / (n if loss == "sum" else 1)


@replaces("equivalent_lambda")
def multiplied_by_n(noise_var, prior_var, n, loss):
    """You multiply by n for the mean. A mean is smaller than the sum, so its penalty is smaller, too."""
    _variances(noise_var, prior_var, loss)
    return noise_var / prior_var * (n if loss == "mean" else 1)


@replaces("equivalent_lambda")
def lambda_halved(noise_var, prior_var, n, loss):
    """Your lambda is half of what it should be. Both squares in the exponent have their 1/2, and the two cancel."""
    _variances(noise_var, prior_var, loss)
    return noise_var / prior_var / 2 / (n if loss == "mean" else 1)


@replaces("equivalent_lambda")
def lambda_doubled(noise_var, prior_var, n, loss):
    """Your lambda belongs to a penalty with a factor 1/2 in front. Here it is lambda ||w||^2, and nothing else."""
    _variances(noise_var, prior_var, loss)
    return 2 * noise_var / prior_var / (n if loss == "mean" else 1)
