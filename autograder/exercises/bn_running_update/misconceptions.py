"""Believable wrong answers to bn_running_update and ema_weights. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _weight(momentum, convention):
    """How much the new batch counts."""
    return momentum if convention == "torch" else 1 - momentum


@replaces("bn_running_update")
def swapped_conventions(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """Your conventions are exchanged: with 0.9 in the place of 0.1 the statistics jump to the last batch."""
    new = 1 - _weight(momentum, convention)
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0, ddof=1)


@replaces("bn_running_update")
def convention_ignored(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """Your result does not depend on the convention. In "lecture", momentum weighs the stored value."""
    new = momentum
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0, ddof=1)


@replaces("bn_running_update")
def biased_variance(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You store the biased variance, divided by N. It normalizes the batch; what is remembered divides by N - 1."""
    new = _weight(momentum, convention)
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0)


@replaces("bn_running_update")
def factor_on_everything(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You multiply the whole new variance by N / (N - 1). The stored part has had its factor already, when it came in."""
    new, n = _weight(momentum, convention), len(x)
    var = ((1 - new) * run_var + new * x.var(axis=0)) * n / (n - 1)
    return (1 - new) * run_mean + new * x.mean(axis=0), var


@replaces("bn_running_update")
def deviation_stored(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You mix the standard deviation of the batch into the stored variance. They do not even have the same unit."""
    new = _weight(momentum, convention)
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.std(axis=0, ddof=1)


@replaces("bn_running_update")
def deviations_averaged(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You average standard deviations and square the result. The average is taken of the variances themselves."""
    new = _weight(momentum, convention)
    var = ((1 - new) * np.sqrt(run_var) + new * x.std(axis=0, ddof=1)) ** 2
    return (1 - new) * run_mean + new * x.mean(axis=0), var


@replaces("bn_running_update")
def spread_between_added(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You add the distance between the two means to the variance, as if merging two samples. Here variances are only averaged."""
    new, mu = _weight(momentum, convention), x.mean(axis=0)
    var = (1 - new) * run_var + new * x.var(axis=0, ddof=1) + new * (1 - new) * (mu - run_mean) ** 2
    return (1 - new) * run_mean + new * mu, var


@replaces("bn_running_update")
def around_the_running_mean(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """Your batch variance is taken around the running mean. A batch has its variance around its own mean."""
    new = _weight(momentum, convention)
    mean = (1 - new) * run_mean + new * x.mean(axis=0)
    return mean, (1 - new) * run_var + new * ((x - mean) ** 2).sum(axis=0) / (len(x) - 1)


@replaces("bn_running_update")
def around_the_stored_mean(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """Your batch variance is taken around the stored mean. A batch has its variance around its own mean."""
    new = _weight(momentum, convention)
    var = ((x - run_mean) ** 2).sum(axis=0) / (len(x) - 1)
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * var


@replaces("bn_running_update")
def factor_upside_down(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """Your factor is (N - 1) / N. The biased variance is too small: N / (N - 1) makes it larger."""
    new, n = _weight(momentum, convention), len(x)
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0) * (n - 1) / n


@replaces("bn_running_update")
def results_exchanged(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You return the variance first. The order is mean, var."""
    new = _weight(momentum, convention)
    return (1 - new) * run_var + new * x.var(axis=0, ddof=1), (1 - new) * run_mean + new * x.mean(axis=0)


@replaces("bn_running_update")
def ends_refused(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You refuse a momentum of 0 or of 1. Both ends belong to [0, 1]: keep the stored value, or take the batch's."""
    if not 0 < momentum < 1:
        raise ValueError("momentum must be inside (0, 1)")
    new = _weight(momentum, convention)
    return (1 - new) * run_mean + new * x.mean(axis=0), (1 - new) * run_var + new * x.var(axis=0, ddof=1)


@replaces("bn_running_update")
def bias_corrected(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You correct for the start as Adam does. Batch normalization has no such correction, in no library."""
    new = _weight(momentum, convention)
    mean = ((1 - new) * run_mean + new * x.mean(axis=0)) / new
    return mean, ((1 - new) * run_var + new * x.var(axis=0, ddof=1)) / new


@replaces("bn_running_update")
def one_statistic_for_all(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You take one mean and one variance of the whole batch. Every feature has its own: average over the rows only."""
    new = _weight(momentum, convention)
    return (1 - new) * run_mean + new * x.mean(), (1 - new) * run_var + new * x.var(ddof=1)


@replaces("bn_running_update")
def batch_forgets_the_past(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You add the share of the batch without shrinking the stored value. The two weights must add up to 1."""
    new = _weight(momentum, convention)
    return run_mean + new * x.mean(axis=0), run_var + new * x.var(axis=0, ddof=1)


@replaces("bn_running_update")
def in_place(run_mean, run_var, x, momentum=0.1, convention="torch"):
    """You write into the caller's run_mean and run_var (*= and += do). Return new arrays instead."""
    new = _weight(momentum, convention)
    mean = (1 - new) * run_mean + new * x.mean(axis=0)
    var = (1 - new) * run_var + new * x.var(axis=0, ddof=1)
    run_mean[:], run_var[:] = mean, var
    return mean, var


@replaces("ema_weights")
def reversed_in_time(T, momentum):
    """Your weights run backwards in time: batch 1 is the oldest and has been shrunk most often."""
    return np.concatenate([[(1 - momentum) ** T], momentum * (1 - momentum) ** np.arange(T)])


@replaces("ema_weights")
def initial_value_last(T, momentum):
    """The weight of the initial value comes first, before those of the batches."""
    return np.append(momentum * (1 - momentum) ** np.arange(T)[::-1], (1 - momentum) ** T)


@replaces("ema_weights")
def initial_value_left_out(T, momentum):
    """The weight of the initial value is missing. Without it the weights do not add up to 1."""
    return momentum * (1 - momentum) ** np.arange(T)[::-1]


@replaces("ema_weights")
def initial_value_like_a_batch(T, momentum):
    """You weigh the initial value like a batch, with momentum in front. It was there before any batch came in."""
    return momentum * (1 - momentum) ** np.arange(T + 1)[::-1]


@replaces("ema_weights")
def one_factor_too_many(T, momentum):
    """Every batch is shrunk once too often: the newest batch has not been shrunk at all."""
    return np.concatenate([[(1 - momentum) ** T], momentum * (1 - momentum) ** np.arange(1, T + 1)[::-1]])


@replaces("ema_weights")
def lecture_weights(T, momentum):
    """These are the weights of the convention "lecture". In "torch", momentum is the weight of the new batch."""
    return np.concatenate([[momentum**T], (1 - momentum) * momentum ** np.arange(T)[::-1]])


@replaces("ema_weights")
def bias_corrected_weights(T, momentum):
    """You scale the weights of the batches up until they add up to 1, as Adam does. The initial value keeps its weight here."""
    weights = momentum * (1 - momentum) ** np.arange(T)[::-1]
    return np.concatenate([[0.0], weights / weights.sum()])


@replaces("ema_weights")
def exponent_is_t(T, momentum):
    """Your batch t has the factor (1 - momentum)**t. What shrinks it are the updates after it, and there are T - t of them."""
    return np.concatenate([[(1 - momentum) ** T], momentum * (1 - momentum) ** np.arange(1, T + 1)])


@replaces("ema_weights")
def initial_value_unshrunk(T, momentum):
    """Your initial value keeps the weight 1. Every update shrinks it, too."""
    return np.concatenate([[1.0], momentum * (1 - momentum) ** np.arange(T)[::-1]])


@replaces("ema_weights")
def initial_value_shrunk_once_more(T, momentum):
    """Your initial value is shrunk T + 1 times. There are T updates, and each shrinks it once."""
    return np.concatenate([[(1 - momentum) ** (T + 1)], momentum * (1 - momentum) ** np.arange(T)[::-1]])
