"""Believable wrong answers to dropout_objective and dropout_ridge. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _read(p_keep, *arrays):
    if not 0 < p_keep <= 1:
        raise ValueError("p_keep must be in (0, 1]")
    return [np.asarray(a, dtype=float) for a in arrays]


def _read_features(p_keep, X, y):
    X, y = _read(p_keep, X, y)
    if np.any(np.all(X == 0, axis=0)):
        raise ValueError("X has a column of zeros")
    return X, y, X.T @ X


def _fit(X, y, w, p_keep):
    return np.sum((y - p_keep * X @ w) ** 2)


# ---- objective -------------------------------------------------------------------------------------------


@replaces("dropout_objective")
def drop_rate_for_the_variance(X, y, w, p_keep):
    """Your penalty has the factor 1 - p_keep. The variance of a mask entry is p_keep (1 - p_keep)."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + (1 - p_keep) * np.sum(X**2, axis=0) @ w**2)


@replaces("dropout_objective")
def fit_only(X, y, w, p_keep):
    """You put the mean of the mask in its place. The expected square is the square of the mean plus a variance, and the variance is missing."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep))


@replaces("dropout_objective")
def fit_not_scaled(X, y, w, p_keep):
    """Your error term uses whole inputs. On average p_keep of each is left, and nothing is rescaled here."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, 1.0) + p_keep * (1 - p_keep) * np.sum(X**2, axis=0) @ w**2)


@replaces("dropout_objective")
def inverted_scaling(X, y, w, p_keep):
    """You divide kept inputs by p_keep. That is inverted dropout, with a penalty of (1 - p_keep) / p_keep; here kept entries stay as they are."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, 1.0) + (1 - p_keep) / p_keep * np.sum(X**2, axis=0) @ w**2)


@replaces("dropout_objective")
def one_mask_for_a_row(X, y, w, p_keep):
    """Your penalty is ||X w||^2, with cross terms between features. They would be there if a row were dropped as a whole; different entries are independent, so only squares of single terms stay."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * np.sum((X @ w) ** 2))


@replaces("dropout_objective")
def one_mask_for_a_column(X, y, w, p_keep):
    """Your features are dropped for all rows at once, so the column sums are squared. Every entry of X has a mask of its own: sum the squares."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * np.sum((X.sum(axis=0) * w) ** 2))


@replaces("dropout_objective")
def plain_l2(X, y, w, p_keep):
    """Your penalty is ||w||^2, as in ridge regression. Each weight counts with the squared length of its column."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * w @ w)


@replaces("dropout_objective")
def mean_over_rows(X, y, w, p_keep):
    """You divide by N. Here the squared errors of the rows are added up."""
    X, y, w = _read(p_keep, X, y, w)
    value = _fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * np.sum(X**2, axis=0) @ w**2
    return float(value / len(y))


@replaces("dropout_objective")
def penalty_over_rows(X, y, w, p_keep):
    """Only your penalty is divided by N. Each row has its own masks, so the variances of the rows add up like their errors."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * np.mean(X**2, axis=0) @ w**2)


@replaces("dropout_objective")
def weights_not_squared(X, y, w, p_keep):
    """Your penalty has |w_j| in it. A variance grows with the square of its factor: w_j^2."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * np.sum(X**2, axis=0) @ np.abs(w))


@replaces("dropout_objective")
def lengths_of_rows(X, y, w, p_keep):
    """You take the lengths of the rows of X for those of its columns. A weight belongs to a column: sum over axis 0."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, p_keep) + p_keep * (1 - p_keep) * np.sum(X**2, axis=1) @ w**2)


@replaces("dropout_objective")
def sampled(X, y, w, p_keep):
    """You draw masks and average. The expectation has a closed form: the mean of each error, squared, plus its variance."""
    X, y, w = _read(p_keep, X, y, w)
    masks = np.random.default_rng(0).random((300, *X.shape)) < p_keep
    return float(np.mean(np.sum((y - (masks * X) @ w) ** 2, axis=1)))


@replaces("dropout_objective")
def dropping_probability(X, y, w, p_keep):
    """You read p_keep as the probability of dropping. The factor in front of X w is the share that is kept."""
    X, y, w = _read(p_keep, X, y, w)
    return float(_fit(X, y, w, 1 - p_keep) + p_keep * (1 - p_keep) * np.sum(X**2, axis=0) @ w**2)


# ---- solution --------------------------------------------------------------------------------------------


@replaces("dropout_ridge")
def ridge(X, y, p_keep):
    """You add lambda I: that is ridge regression, and it depends on the units of a feature. Dropout adds lambda times the squared length of each column."""
    X, y, gram = _read_features(p_keep, X, y)
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.eye(len(gram)), X.T @ y)


@replaces("dropout_ridge")
def training_weights(X, y, p_keep):
    """You return the weights of training, which expect inputs with holes. Whole inputs are 1 / p_keep times as much, so at test time the weights are multiplied by p_keep."""
    X, y, gram = _read_features(p_keep, X, y)
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(np.diag(gram)), X.T @ y) / p_keep


@replaces("dropout_ridge")
def scaled_twice(X, y, p_keep):
    """You multiply by p_keep once too often. The system with (1 - p_keep) / p_keep has the test weights as its solution already."""
    X, y, gram = _read_features(p_keep, X, y)
    return p_keep * np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(np.diag(gram)), X.T @ y)


@replaces("dropout_ridge")
def odds_upside_down(X, y, p_keep):
    """Your factor is p_keep / (1 - p_keep). Then little dropout would be a strong penalty: it is the other way round."""
    X, y, gram = _read_features(p_keep, X, y)
    with np.errstate(all="ignore"):
        lam = np.divide(p_keep, 1 - p_keep)
    if not np.isfinite(lam):
        return np.zeros(len(gram))
    return np.linalg.solve(gram + lam * np.diag(np.diag(gram)), X.T @ y)


@replaces("dropout_ridge")
def variance_for_the_odds(X, y, p_keep):
    """Your factor is p_keep (1 - p_keep), as in the objective. There X^T X has a factor p_keep^2: divide both by it."""
    X, y, gram = _read_features(p_keep, X, y)
    return np.linalg.solve(gram + p_keep * (1 - p_keep) * np.diag(np.diag(gram)), X.T @ y)


@replaces("dropout_ridge")
def drop_rate_for_the_odds(X, y, p_keep):
    """Your factor is 1 - p_keep. Divide the two terms of the objective by p_keep^2 and see what is left: (1 - p_keep) / p_keep."""
    X, y, gram = _read_features(p_keep, X, y)
    return np.linalg.solve(gram + (1 - p_keep) * np.diag(np.diag(gram)), X.T @ y)


@replaces("dropout_ridge")
def row_lengths(X, y, p_keep):
    """You take diag(X X^T), the squared lengths of the rows. Weights belong to columns: diag(X^T X)."""
    X, y, gram = _read_features(p_keep, X, y)
    lengths = np.sum(X**2, axis=1)
    lengths = np.resize(lengths, len(gram))
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(lengths), X.T @ y)


@replaces("dropout_ridge")
def whole_gram_matrix(X, y, p_keep):
    """You penalize with all of X^T X, so every direction shrinks alike, by p_keep. Entries are dropped independently: off the diagonal there is no penalty."""
    X, y, gram = _read_features(p_keep, X, y)
    return p_keep * np.linalg.lstsq(gram, X.T @ y, rcond=1e-10)[0]


@replaces("dropout_ridge")
def lengths_not_squared(X, y, p_keep):
    """You penalize with the lengths of the columns. It is their squares that the objective has, the diagonal of X^T X."""
    X, y, gram = _read_features(p_keep, X, y)
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(np.sqrt(np.diag(gram))), X.T @ y)


@replaces("dropout_ridge")
def mean_penalty(X, y, p_keep):
    """Your penalty has the mean square of a column in it. Nothing is divided by N here, so it is the sum of the squares."""
    X, y, gram = _read_features(p_keep, X, y)
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(np.diag(gram)) / len(y), X.T @ y)


@replaces("dropout_ridge")
def variances_of_columns(X, y, p_keep):
    """You penalize with the variance of each column. Dropout replaces an entry by 0, not by the mean: it is the sum of the squares that counts."""
    X, y, gram = _read_features(p_keep, X, y)
    lengths = len(y) * X.var(axis=0)
    return np.linalg.solve(gram + (1 - p_keep) / p_keep * np.diag(lengths), X.T @ y)
