"""Believable wrong answers to ln_rnn_step. Each docstring is what a good tutor would say."""

import numpy as np


def _standard(a, eps, axis=1, ddof=0):
    with np.errstate(all="ignore"):
        return (a - a.mean(axis=axis, keepdims=True)) / np.sqrt(a.var(axis=axis, keepdims=True, ddof=ddof) + eps)


def batch_norm(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You normalize over the cases of the batch. In a recurrent net those statistics differ from step to step; layer norm looks at the units of one case."""
    return np.tanh(gamma * _standard(x @ Wx.T + h @ Wh.T, eps, axis=0) + beta)


def parts_normalized_separately(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You normalize the part of x and the part of h one by one. Layer-normalized LSTMs do that; here the sum is normalized, once."""
    return np.tanh(gamma * (_standard(x @ Wx.T, eps) + _standard(h @ Wh.T, eps)) + beta)


def only_the_state_normalized(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You normalize the part of h only and add the part of x afterwards. The sum of both is normalized."""
    return np.tanh(gamma * _standard(h @ Wh.T, eps) + beta + x @ Wx.T)


def normalized_after_tanh(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You normalize what comes out of tanh. The sum is normalized before tanh, so that the state stays between -1 and 1."""
    return gamma * _standard(np.tanh(x @ Wx.T + h @ Wh.T), eps) + beta


def tanh_left_out(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You return the normalized sum. The nonlinearity, tanh, is still to come."""
    return gamma * _standard(x @ Wx.T + h @ Wh.T, eps) + beta


def bias_before_the_normalization(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You add beta to the sum before it is normalized. A bias per unit is not removed by layer norm, but it is rescaled; beta is added afterwards."""
    return np.tanh(gamma * _standard(x @ Wx.T + h @ Wh.T + beta, eps))


def shift_before_scale(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You shift first and scale afterwards, so beta is multiplied by gamma. Scale first, then shift."""
    return np.tanh(gamma * (_standard(x @ Wx.T + h @ Wh.T, eps) + beta))


def scale_after_tanh(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You apply gamma and beta after tanh. They belong to the normalization, inside tanh."""
    return gamma * np.tanh(_standard(x @ Wx.T + h @ Wh.T, eps)) + beta


def one_gamma_for_a_case(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """Your gamma and beta belong to the cases. Where N = H NumPy accepts that; they have one entry for each unit, the same at every step."""
    xhat = _standard(x @ Wx.T + h @ Wh.T, eps)
    if xhat.shape[0] != xhat.shape[1]:  # NumPy refuses the product, and its error says enough
        return np.tanh(gamma * xhat + beta)
    return np.tanh(gamma[:, None] * xhat + beta[:, None])


def state_weights_transposed(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You use Wh the wrong way round. It is square, so NumPy accepts both; weights are (out, in): h @ Wh.T."""
    return np.tanh(gamma * _standard(x @ Wx.T + h @ Wh, eps) + beta)


def state_forgotten(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """h does not reach your sum. Without the part of the state the net remembers nothing."""
    return np.tanh(gamma * _standard(x @ Wx.T, eps) + beta)


def state_kept_beside(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You add the old state to the new one. That is a residual connection; here h goes through Wh only."""
    return h + np.tanh(gamma * _standard(x @ Wx.T + h @ Wh.T, eps) + beta)


def whole_array(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You use one mean and one variance for all cases. Every case has its own, so that it does not depend on the others."""
    return np.tanh(gamma * _standard(x @ Wx.T + h @ Wh.T, eps, axis=(0, 1)) + beta)


def unbiased_variance(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """Your variance divides by H - 1. While it normalizes, layer norm divides by H."""
    return np.tanh(gamma * _standard(x @ Wx.T + h @ Wh.T, eps, ddof=1) + beta)


def eps_outside_root(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    a = x @ Wx.T + h @ Wh.T
    xhat = (a - a.mean(axis=1, keepdims=True)) / (a.std(axis=1, keepdims=True) + eps)
    return np.tanh(gamma * xhat + beta)


def state_overwritten(x, h, Wx, Wh, gamma, beta, eps=1e-5):
    """You write the new state into the caller's h. Back-propagation through time needs the states of all steps."""
    new = np.tanh(gamma * _standard(x @ Wx.T + h @ Wh.T, eps) + beta)
    if h.dtype.kind == "f":
        h[...] = new
    return new
