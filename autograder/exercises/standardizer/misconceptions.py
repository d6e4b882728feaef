"""Believable wrong answers to fit_standardizer and apply_standardizer. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _safe(std):
    return np.where(std == 0, 1.0, std)


@replaces("fit_standardizer")
def one_for_all(X, ddof=0):
    """You take one mean and one deviation of the whole table. Metres and grams cannot share a mean: every feature has its own."""
    return {"mean": X.mean(), "std": _safe(X.std(ddof=ddof))}


@replaces("fit_standardizer")
def over_features(X, ddof=0):
    """You average over the features of each sample. A sample is one row; what has a unit is a column."""
    return {"mean": X.mean(axis=1), "std": _safe(X.std(axis=1, ddof=ddof))}


@replaces("fit_standardizer")
def variance_stored(X, ddof=0):
    """You store the variance. Its square root has the unit of the feature, so that the unit cancels in the division."""
    return {"mean": X.mean(axis=0), "std": _safe(X.var(axis=0, ddof=ddof))}


@replaces("fit_standardizer")
def ddof_ignored(X, ddof=0):
    """You always divide by N. ddof is an argument: with 1, the squares are divided by N - 1."""
    return {"mean": X.mean(axis=0), "std": _safe(X.std(axis=0))}


@replaces("fit_standardizer")
def always_unbiased(X, ddof=0):
    """You always divide by N - 1. ddof is an argument, and 0 is its default."""
    with np.errstate(all="ignore"):
        return {"mean": X.mean(axis=0), "std": _safe(X.std(axis=0, ddof=1))}


@replaces("fit_standardizer")
def ddof_of_the_mean(X, ddof=0):
    """You divide the mean by N - ddof as well. Only the deviations lose a degree of freedom."""
    return {"mean": X.sum(axis=0) / (len(X) - ddof), "std": _safe(X.std(axis=0, ddof=ddof))}


@replaces("fit_standardizer")
def around_zero(X, ddof=0):
    """Your deviation is taken around 0. It is the distance from the mean that counts, or a shift would change it."""
    X = np.asarray(X, dtype=float)
    return {"mean": X.mean(axis=0), "std": _safe(np.sqrt((X**2).sum(axis=0) / (len(X) - ddof)))}


@replaces("fit_standardizer")
def standard_error(X, ddof=0):
    """You divide by the root of N: that is the standard error of the mean, not the spread of the feature."""
    return {"mean": X.mean(axis=0), "std": _safe(X.std(axis=0, ddof=ddof) / np.sqrt(len(X)))}


@replaces("fit_standardizer")
def mean_of_distances(X, ddof=0):
    """You average the distances from the mean. The standard deviation squares them first and takes the root at the end."""
    return {"mean": X.mean(axis=0), "std": _safe(np.abs(X - X.mean(axis=0)).sum(axis=0) / (len(X) - ddof))}


@replaces("fit_standardizer")
def constant_stays_zero(X, ddof=0):
    """A constant feature keeps the deviation 0, and 0 / 0 is nan. Give it a divisor that does no harm."""
    return {"mean": X.mean(axis=0), "std": X.std(axis=0, ddof=ddof)}


@replaces("fit_standardizer")
def small_number_added(X, ddof=0):
    """You add a small number to every deviation. A feature that is small itself is then not standardized, and a constant one does not get 1."""
    return {"mean": X.mean(axis=0), "std": X.std(axis=0, ddof=ddof) + 1e-8}


@replaces("fit_standardizer")
def small_is_constant(X, ddof=0):
    """You take a feature with a small deviation for a constant one. Small may only mean large units: metres where there are nanometres."""
    std = X.std(axis=0, ddof=ddof)
    return {"mean": X.mean(axis=0), "std": np.where(std < 1e-8, 1.0, std)}


@replaces("fit_standardizer")
def fit_in_place(X, ddof=0):
    """Your fit_standardizer centres the caller's X. Fitting only looks; the data are needed as they were."""
    mean = X.mean(axis=0)
    if X.dtype.kind == "f":
        X -= mean.astype(X.dtype)
    return {"mean": mean, "std": _safe(X.std(axis=0, ddof=ddof))}


@replaces("apply_standardizer")
def statistics_of_the_new_data(X, st):
    """You standardize new data with their own mean and deviation. What was measured in training is part of the model, and is used as it is."""
    return (X - X.mean(axis=0)) / _safe(X.std(axis=0))


@replaces("apply_standardizer")
def mean_of_the_new_data(X, st):
    """You subtract the mean of the new data. Both statistics come from training."""
    return (X - X.mean(axis=0)) / st["std"]


@replaces("apply_standardizer")
def divided_first(X, st):
    """You divide first, and then subtract a mean that still has its unit. Subtract first."""
    return X / st["std"] - st["mean"]


@replaces("apply_standardizer")
def missing_parentheses(X, st):
    """You divide only the mean: X - mean / std is X - (mean / std). Subtract first, then divide."""
    return X - st["mean"] / st["std"]


@replaces("apply_standardizer")
def divided_by_variance(X, st):
    """You divide by the square of std. What is stored is already the deviation."""
    return (X - st["mean"]) / st["std"] ** 2


@replaces("apply_standardizer")
def root_again(X, st):
    """You divide by the root of std. What is stored is the deviation, not the variance."""
    return (X - st["mean"]) / np.sqrt(st["std"])


@replaces("apply_standardizer")
def multiplied(X, st):
    """You multiply by std. A wide feature has to become narrower."""
    return (X - st["mean"]) * st["std"]


@replaces("apply_standardizer")
def only_centred(X, st):
    """You subtract the mean and stop. The features still have their units."""
    return X - st["mean"]


@replaces("apply_standardizer")
def only_scaled(X, st):
    """You divide by std and leave the mean where it is."""
    return X / st["std"]


@replaces("apply_standardizer")
def apply_in_place(X, st):
    """Your apply_standardizer writes into the caller's X (-= and /= do). A second call then standardizes what is already standardized."""
    if X.dtype.kind == "f":
        X -= st["mean"].astype(X.dtype)
        X /= st["std"].astype(X.dtype)
        return X
    return (X - st["mean"]) / st["std"]
