"""Believable wrong answers to bias_variance. Each docstring is what a good tutor would say."""

import numpy as np


def _checked(preds, f_true, noise_var):
    preds, f_true = np.asarray(preds, dtype=float), np.asarray(f_true, dtype=float)
    if preds.ndim != 2 or not len(preds):
        raise ValueError("preds must be (M, T) with M >= 1")
    if f_true.shape != preds.shape[1:]:
        raise ValueError("f_true must be (T,)")
    if noise_var < 0:
        raise ValueError("noise_var must not be negative")
    return preds, f_true, float(noise_var)


def _parts(bias2, variance, noise):
    return {"bias2": bias2, "variance": variance, "noise": noise, "total": bias2 + variance + noise}


def _bias2(preds, f_true):
    return np.mean((preds.mean(axis=0) - f_true) ** 2)


def divides_by_m_minus_1(preds, f_true, noise_var):
    """Your variance divides by M - 1. Then bias2 + variance is no longer the error of the predictions at hand: it is off by M / (M - 1)."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.var(axis=0, ddof=1).mean(), noise)


def signs_cancel(preds, f_true, noise_var):
    """You average the bias over the test points and square then. Where it is positive here and negative there, the signs cancel: square first."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(np.mean(preds.mean(axis=0) - f_true) ** 2, preds.var(axis=0).mean(), noise)


def bias_not_squared(preds, f_true, noise_var):
    """You average the absolute bias. The parts add up to a squared error only if the bias is squared as well."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(np.abs(preds.mean(axis=0) - f_true).mean(), preds.var(axis=0).mean(), noise)


def averaged_over_points_first(preds, f_true, noise_var):
    """You average each model over the test points first, so a model that is wrong everywhere may look perfect. Bias and variance belong to a point; the average over points comes last."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    means = preds.mean(axis=1)
    return _parts((means.mean() - f_true.mean()) ** 2, means.var(), noise)


def variance_of_everything(preds, f_true, noise_var):
    """Your variance is that of all predictions together, so it contains how much the curve goes up and down. What counts is how the models differ at one point."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.var(), noise)


def variance_along_the_curve(preds, f_true, noise_var):
    """You take the variance of each model over the test points. That says how much its curve goes up and down; the variance is over the models, down a column."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.var(axis=1).mean(), noise)


def around_the_truth(preds, f_true, noise_var):
    """Your variance is taken around the truth, so it contains the bias a second time. It is the spread around the average model."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), np.mean((preds - f_true) ** 2), noise)


def deviation_for_variance(preds, f_true, noise_var):
    """You average standard deviations. The parts of a squared error are variances: no root."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.std(axis=0).mean(), noise)


def error_of_single_models(preds, f_true, noise_var):
    """Your bias2 is the squared error of the single models: the variance is still inside. Average the models first, then compare with the truth."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(np.mean((preds - f_true) ** 2), preds.var(axis=0).mean(), noise)


def first_model_for_the_average(preds, f_true, noise_var):
    """Your bias2 is that of one model. It is the average model, g_bar, whose distance from the truth is the bias."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(np.mean((preds[0] - f_true) ** 2), preds.var(axis=0).mean(), noise)


def sums_over_points(preds, f_true, noise_var):
    """You add up over the test points. All three are averages over the test points, or the noise would have to be added T times, too."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(((preds.mean(axis=0) - f_true) ** 2).sum(), preds.var(axis=0).sum(), noise)


def noise_deviation(preds, f_true, noise_var):
    """You take the root of noise_var. A squared error has the variance of the noise in it, as it is given."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.var(axis=0).mean(), np.sqrt(noise))


def noise_squared(preds, f_true, noise_var):
    """You square noise_var. It is a variance already, not a standard deviation."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.var(axis=0).mean(), noise**2)


def noise_over_models(preds, f_true, noise_var):
    """You divide the noise by the number of models. Averaging models does nothing to the noise of the test labels."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    return _parts(_bias2(preds, f_true), preds.var(axis=0).mean(), noise / len(preds))


def total_without_noise(preds, f_true, noise_var):
    """Your total lacks the noise. Even the true function has that error on noisy labels."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    parts = _parts(_bias2(preds, f_true), preds.var(axis=0).mean(), noise)
    return parts | {"total": parts["bias2"] + parts["variance"]}


def total_of_roots(preds, f_true, noise_var):
    """Your total adds the variance to a bias that is not squared. It is the sum of the three other entries."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    parts = _parts(_bias2(preds, f_true), preds.var(axis=0).mean(), noise)
    return parts | {"total": np.sqrt(parts["bias2"]) + parts["variance"] + noise}


def axes_swapped(preds, f_true, noise_var):
    """You average over the wrong axis: along a row, the test points of one model. A row is a model, so the mean over models goes down a column."""
    preds, f_true, noise = _checked(preds, f_true, noise_var)
    average = preds.mean(axis=1, keepdims=True)
    return _parts(np.mean((average - f_true) ** 2), np.mean((preds - average) ** 2), noise)


def centred_in_place(preds, f_true, noise_var):
    """You subtract the mean from the caller's predictions (-= works in place). Whoever uses them afterwards gets other numbers."""
    _checked(preds, f_true, noise_var)
    g_bar = preds.mean(axis=0)
    if preds.dtype.kind == "f":
        preds -= g_bar
        spread = preds
    else:
        spread = preds - g_bar
    return _parts(np.mean((g_bar - f_true) ** 2), np.mean(spread**2), float(noise_var))
