"""Believable wrong answers to bn_eval and bn_fold. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _scale(gamma, run_var, eps):
    return gamma / np.sqrt(run_var + eps)


def _bias(W, b):
    return np.zeros(len(W)) if b is None else b


@replaces("bn_eval")
def batch_statistics(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval normalizes with the batch it is given, so one image alone gives beta whatever it shows. At inference rows must not influence each other."""
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


@replaces("bn_eval")
def batch_mean(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval still subtracts the mean of the batch. Both statistics are stored ones at inference, not only the variance."""
    return _scale(gamma, run_var, eps) * (x - x.mean(axis=0)) + beta


@replaces("bn_eval")
def variance_as_deviation(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval divides by run_var. It holds variances; their square roots have the unit of x."""
    return gamma * (x - run_mean) / (run_var + eps) + beta


@replaces("bn_eval")
def no_eps(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval leaves eps out. A feature whose stored variance is 0 is divided by 0."""
    with np.errstate(all="ignore"):
        return gamma * (x - run_mean) / np.sqrt(run_var) + beta


@replaces("bn_eval")
def eps_outside_root(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval adds eps to the standard deviation. It belongs to the variance, inside the square root."""
    return gamma * (x - run_mean) / (np.sqrt(run_var) + eps) + beta


@replaces("bn_eval")
def one_row_refused(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval refuses a single row. Its variance is not needed: the statistics are stored, and one image at a time is what inference is about."""
    if len(x) < 2:
        raise ValueError("x must have two rows")
    return _scale(gamma, run_var, eps) * (x - run_mean) + beta


@replaces("bn_eval")
def variance_corrected_again(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval multiplies run_var by N / (N - 1). That was done when it was stored, and N is another number now: it is used as it is."""
    with np.errstate(all="ignore"):
        return gamma * (x - run_mean) / np.sqrt(run_var * len(x) / (len(x) - 1.0) + eps) + beta


@replaces("bn_eval")
def input_overwritten(x, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_eval writes into the caller's x. Whoever uses x afterwards gets other numbers."""
    if x.dtype.kind == "f":
        x -= run_mean.astype(x.dtype)
    else:
        x = x - run_mean
    return _scale(gamma, run_var, eps) * x + beta


@replaces("bn_fold")
def columns_scaled(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold scales the columns of W. A column belongs to an input; batch normalization scales outputs, and each output has a row."""
    s = _scale(gamma, run_var, eps)
    # Where W is not square, NumPy refuses the product, and its error says enough.
    W2 = W * s if W.shape[0] == W.shape[1] else s[:, None] * W
    return W2, s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def bias_not_scaled(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold takes over b as it is. The bias is added before the normalization, so it is scaled like the rest."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, _bias(W, b) + beta - s * run_mean


@replaces("bn_fold")
def mean_left_out(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """run_mean does not appear in your folded layer. Batch normalization subtracts it, and that ends up in the bias."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, s * _bias(W, b) + beta


@replaces("bn_fold")
def mean_not_scaled(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold subtracts run_mean as it is. It is subtracted before the scaling, so it is scaled like the rest."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, s * _bias(W, b) + beta - run_mean


@replaces("bn_fold")
def beta_scaled(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold scales beta. Beta is added last, after the scaling."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, s * (_bias(W, b) - run_mean + beta)


@replaces("bn_fold")
def fold_variance_as_deviation(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold divides by run_var. It holds variances; their square roots have the unit of the layer's output."""
    s = gamma / (run_var + eps)
    return s[:, None] * W, s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def fold_without_eps(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold leaves eps out. The folded layer then differs from the one that was trained, most where the variance is small."""
    with np.errstate(all="ignore"):
        s = gamma / np.sqrt(run_var)
        return s[:, None] * W, s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def missing_bias_refused(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold cannot compute with b=None. A layer without a bias adds nothing, and that is a number, too."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, s * (b - run_mean) + beta


@replaces("bn_fold")
def missing_bias_stays_missing(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold returns b2=None for b=None. Batch normalization shifts the outputs even where the layer itself does not."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, None if b is None else s * (b - run_mean) + beta


@replaces("bn_fold")
def weights_overwritten(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold writes into the caller's W. The layer that is still in use gets the folded weights."""
    s = _scale(gamma, run_var, eps)
    if W.dtype.kind == "f":
        W *= s[:, None].astype(W.dtype)
    else:
        W = s[:, None] * W
    return W, s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def bias_left_out(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """b does not appear in your folded layer. The layer adds it before the normalization: it ends up, scaled, in the new bias."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, beta - s * run_mean


@replaces("bn_fold")
def mean_added(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold adds run_mean. Batch normalization subtracts it."""
    s = _scale(gamma, run_var, eps)
    return s[:, None] * W, s * (_bias(W, b) + run_mean) + beta


@replaces("bn_fold")
def gamma_missing_in_the_weights(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """gamma is missing in your folded weights. It scales all that is normalized, the weights and the bias alike."""
    s = _scale(gamma, run_var, eps)
    return W / np.sqrt(run_var + eps)[:, None], s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def weights_transposed(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your folded weights are transposed: W2 has the shape of W, (Dout, Din)."""
    s = _scale(gamma, run_var, eps)
    return (s[:, None] * W).T, s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def fold_eps_outside_root(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold adds eps to the standard deviation. It belongs to the variance, inside the square root."""
    s = gamma / (np.sqrt(run_var) + eps)
    return s[:, None] * W, s * (_bias(W, b) - run_mean) + beta


@replaces("bn_fold")
def bias_overwritten(W, b, gamma, beta, run_mean, run_var, eps=1e-5):
    """Your bn_fold writes into the caller's b. The layer that is still in use gets the folded bias."""
    s = _scale(gamma, run_var, eps)
    b2 = s * (_bias(W, b) - run_mean) + beta
    if b is not None and b.dtype.kind == "f":
        b[:] = b2
    return s[:, None] * W, b2
