"""Believable wrong answers to dropconnect_moments and dropconnect_infer. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _terms(W, v, p_keep):
    if not 0 < p_keep <= 1:
        raise ValueError("p_keep must be in (0, 1]")
    return np.asarray(W, dtype=float) * np.asarray(v, dtype=float)


def _right(W, v, p_keep, n=1):
    terms = _terms(W, v, p_keep)
    if n < 1:
        raise ValueError("n must be at least 1")
    return p_keep * terms.sum(axis=1), p_keep * (1 - p_keep) * (terms**2).sum(axis=1)


# ---- moments ---------------------------------------------------------------------------------------------


@replaces("dropconnect_moments")
def mean_not_scaled(W, v, p_keep):
    """Your mean is that of the whole layer. Only p_keep of each weight is there on average."""
    return _terms(W, v, p_keep).sum(axis=1), _right(W, v, p_keep)[1]


@replaces("dropconnect_moments")
def mean_divided(W, v, p_keep):
    """You divide the mean by p_keep. Kept weights are not rescaled here, so the mean becomes smaller."""
    return _terms(W, v, p_keep).sum(axis=1) / p_keep, _right(W, v, p_keep)[1]


@replaces("dropconnect_moments")
def dropping_probability(W, v, p_keep):
    """You take p_keep for the probability of dropping: your mean has the factor 1 - p_keep."""
    mean, var = _right(W, v, p_keep)
    return mean / p_keep * (1 - p_keep), var


@replaces("dropconnect_moments")
def square_of_the_sum(W, v, p_keep):
    """You square the sum. The variances of independent terms are added up, so the square is inside the sum."""
    mean, _ = _right(W, v, p_keep)
    return mean, p_keep * (1 - p_keep) * _terms(W, v, p_keep).sum(axis=1) ** 2


@replaces("dropconnect_moments")
def second_moment(W, v, p_keep):
    """Your factor is p_keep, which is the mean of m^2. The variance takes off the squared mean: p_keep (1 - p_keep)."""
    return _right(W, v, p_keep)[0], p_keep * (_terms(W, v, p_keep) ** 2).sum(axis=1)


@replaces("dropconnect_moments")
def drop_rate_only(W, v, p_keep):
    """Your factor is 1 - p_keep. A mask entry of mean p_keep has the variance p_keep (1 - p_keep)."""
    return _right(W, v, p_keep)[0], (1 - p_keep) * (_terms(W, v, p_keep) ** 2).sum(axis=1)


@replaces("dropconnect_moments")
def drop_rate_squared(W, v, p_keep):
    """Your factor is (1 - p_keep)^2. A mask entry of mean p_keep has the variance p_keep (1 - p_keep)."""
    return _right(W, v, p_keep)[0], (1 - p_keep) ** 2 * (_terms(W, v, p_keep) ** 2).sum(axis=1)


@replaces("dropconnect_moments")
def inverted_factor(W, v, p_keep):
    """Your factor (1 - p_keep) / p_keep belongs to inverted dropout, which divides kept entries by p_keep. Here they keep their size: p_keep (1 - p_keep)."""
    return _right(W, v, p_keep)[0], (1 - p_keep) / p_keep * (_terms(W, v, p_keep) ** 2).sum(axis=1)


@replaces("dropconnect_moments")
def inputs_not_squared(W, v, p_keep):
    """You square the weights and not the inputs. A term is m times W v, and that whole factor is squared."""
    _terms(W, v, p_keep)
    var = p_keep * (1 - p_keep) * (np.asarray(W, dtype=float) ** 2 @ np.asarray(v, dtype=float))
    return _right(W, v, p_keep)[0], var


@replaces("dropconnect_moments")
def weights_not_squared(W, v, p_keep):
    """You square the inputs and not the weights. A term is m times W v, and that whole factor is squared."""
    _terms(W, v, p_keep)
    var = p_keep * (1 - p_keep) * (np.asarray(W, dtype=float) @ np.asarray(v, dtype=float) ** 2)
    return _right(W, v, p_keep)[0], var


@replaces("dropconnect_moments")
def deviation(W, v, p_keep):
    """You return the standard deviation. The variance is asked for; the root is taken when you draw."""
    mean, var = _right(W, v, p_keep)
    return mean, np.sqrt(var)


@replaces("dropconnect_moments")
def covariance(W, v, p_keep):
    """You return a matrix of covariances. Outputs have masks of their own and are independent: one variance for each."""
    terms = _terms(W, v, p_keep)
    return _right(W, v, p_keep)[0], p_keep * (1 - p_keep) * terms @ terms.T


# ---- inference -------------------------------------------------------------------------------------------


@replaces("dropconnect_infer")
def own_generator(W, v, p_keep, f, n, rng):
    """You make a generator of your own with a fixed seed, so every call gives the same. Use the one that you are given."""
    mean, var = _right(W, v, p_keep, n)
    return f(np.random.default_rng(0).normal(mean, np.sqrt(var), size=(n, len(mean)))).mean(axis=0)


@replaces("dropconnect_infer")
def variance_as_deviation(W, v, p_keep, f, n, rng):
    """You hand the variance to rng.normal, which wants the standard deviation. Take the root."""
    mean, var = _right(W, v, p_keep, n)
    return f(rng.normal(mean, var, size=(n, len(mean)))).mean(axis=0)


@replaces("dropconnect_infer")
def f_of_the_mean(W, v, p_keep, f, n, rng):
    """You return f of the mean pre-activation. f is bent, so that is not the mean of f: for tanh it can be 0.585 instead of 0.193."""
    return np.asarray(f(_right(W, v, p_keep, n)[0]), dtype=float)


@replaces("dropconnect_infer")
def f_of_the_average(W, v, p_keep, f, n, rng):
    """You average the draws and apply f to the average. Apply f to every draw, and average what comes out."""
    mean, var = _right(W, v, p_keep, n)
    return np.asarray(f(rng.normal(mean, np.sqrt(var), size=(n, len(mean))).mean(axis=0)), dtype=float)


@replaces("dropconnect_infer")
def f_left_out(W, v, p_keep, f, n, rng):
    """You average the pre-activations and never use f. The layer's output is f(z)."""
    mean, var = _right(W, v, p_keep, n)
    return rng.normal(mean, np.sqrt(var), size=(n, len(mean))).mean(axis=0)


@replaces("dropconnect_infer")
def one_number_for_all_outputs(W, v, p_keep, f, n, rng):
    """You draw one number and use it for all outputs. Each output has masks of its own, so it needs its own draws."""
    mean, var = _right(W, v, p_keep, n)
    return f(mean + np.sqrt(var) * rng.normal(size=(n, 1))).mean(axis=0)


@replaces("dropconnect_infer")
def one_draw_only(W, v, p_keep, f, n, rng):
    """You draw once and use that draw n times. Averaging needs new numbers for each of the n draws."""
    mean, var = _right(W, v, p_keep, n)
    return np.asarray(f(rng.normal(mean, np.sqrt(var))), dtype=float)


@replaces("dropconnect_infer")
def not_averaged(W, v, p_keep, f, n, rng):
    """You return all n draws. Average them: one number for each output."""
    mean, var = _right(W, v, p_keep, n)
    return f(rng.normal(mean, np.sqrt(var), size=(n, len(mean))))


@replaces("dropconnect_infer")
def averaged_over_outputs(W, v, p_keep, f, n, rng):
    """You average over the outputs. Average over the n draws and keep one number for each output."""
    mean, var = _right(W, v, p_keep, n)
    return f(rng.normal(mean, np.sqrt(var), size=(n, len(mean)))).mean(axis=1)


@replaces("dropconnect_infer")
def summed(W, v, p_keep, f, n, rng):
    """You add the draws up. Divide by their number n."""
    mean, var = _right(W, v, p_keep, n)
    return f(rng.normal(mean, np.sqrt(var), size=(n, len(mean)))).sum(axis=0)


@replaces("dropconnect_infer")
def masks_drawn(W, v, p_keep, f, n, rng):
    """You draw masks of single weights, as in training. At test time the sum is drawn instead, from the normal distribution with the same mean and variance."""
    _right(W, v, p_keep, n)
    terms = _terms(W, v, p_keep)
    z = np.stack([(terms * (rng.random(terms.shape) < p_keep)).sum(axis=1) for _ in range(n)])
    return f(z).mean(axis=0)


@replaces("dropconnect_infer")
def standard_normal(W, v, p_keep, f, n, rng):
    """Your draws have mean 0. They belong around the mean of the pre-activation: add it."""
    mean, var = _right(W, v, p_keep, n)
    return f(np.sqrt(var) * rng.normal(size=(n, len(mean)))).mean(axis=0)


@replaces("dropconnect_infer")
def uniform_draws(W, v, p_keep, f, n, rng):
    """Your draws are uniform. Mean and variance are right, but a sum of many terms is bell-shaped: use the normal distribution."""
    mean, var = _right(W, v, p_keep, n)
    return f(mean + np.sqrt(3 * var) * rng.uniform(-1, 1, size=(n, len(mean)))).mean(axis=0)


@replaces("dropconnect_infer")
def global_generator(W, v, p_keep, f, n, rng):
    """You draw from NumPy's global generator. Use the one that you are given, or nobody can repeat the experiment."""
    mean, var = _right(W, v, p_keep, n)
    return f(mean + np.sqrt(var) * np.random.randn(n, len(mean))).mean(axis=0)
