"""Believable wrong answers to weight_norm, weight_norm_grads and weight_standardize."""

import numpy as np

from autograder.exercise import replaces


def _length(v):
    return np.sqrt((np.asarray(v, float) ** 2).sum(axis=1, keepdims=True))


def _dg(dW, v):
    return (dW * v).sum(axis=1) / _length(v)[:, 0]


def _dv(dW, v, g):
    return (g[:, None] / _length(v)) * (dW - v * (dW * v).sum(axis=1, keepdims=True) / _length(v) ** 2)


# ---- weight_norm ---------------------------------------------------------------------------------------


@replaces("weight_norm")
def one_norm(v, g):
    """Your weight_norm divides by one norm of the whole matrix. Every row is the weights of one unit and has a length of its own."""
    return g[:, None] * v / np.linalg.norm(v)


@replaces("weight_norm")
def columns(v, g):
    """Your weight_norm gives the columns of v length 1. A column belongs to an input; a unit, and its g, has a row."""
    return g[:, None] * v / np.linalg.norm(v, axis=0)


@replaces("weight_norm")
def not_normalized(v, g):
    """Your weight_norm multiplies v by g without dividing by its length, so the length of W still depends on v."""
    return g[:, None] * v


@replaces("weight_norm")
def squared_length(v, g):
    """Your weight_norm divides by the sum of squares. The length of a row is the square root of it."""
    return g[:, None] * v / (np.asarray(v, float) ** 2).sum(axis=1, keepdims=True)


@replaces("weight_norm")
def sum_of_absolute_values(v, g):
    """Your weight_norm divides by the sum of the absolute values. Length means the Euclidean norm here."""
    return g[:, None] * v / np.abs(v).sum(axis=1, keepdims=True)


@replaces("weight_norm")
def length_made_positive(v, g):
    """Your weight_norm uses the absolute value of g. g is any real number; a negative one turns the row round."""
    return np.abs(g)[:, None] * v / _length(v)


@replaces("weight_norm")
def g_along_the_columns(v, g):
    """In your weight_norm g runs along the columns. Where v is square NumPy accepts that; g_o belongs to row o."""
    return (g if v.shape[0] == v.shape[1] else g[:, None]) * v / _length(v)


@replaces("weight_norm")
def v_overwritten(v, g):
    """Your weight_norm writes into the caller's v. The optimizer that holds it would go on with another v."""
    if v.dtype.kind == "f":
        v /= _length(v).astype(v.dtype)
    else:
        v = v / _length(v)
    return g[:, None] * v


# ---- weight_norm_grads ---------------------------------------------------------------------------------


@replaces("weight_norm_grads")
def not_projected(dW, v, g):
    """Your dv is g / ||v|| times all of dW. The length of v has no influence, so the part of dW along v must be projected out."""
    return g[:, None] * dW / _length(v), _dg(dW, v)


@replaces("weight_norm_grads")
def one_length_too_few(dW, v, g):
    """In your dv the part along v is divided by ||v|| once too few: v <dW, v> needs ||v|| squared below it, one for each v."""
    inner = (dW * v).sum(axis=1, keepdims=True)
    return (g[:, None] / _length(v)) * (dW - v * inner / _length(v)), _dg(dW, v)


@replaces("weight_norm_grads")
def part_along_v_added(dW, v, g):
    """Your dv adds the part along v instead of taking it away. <v, dv> should be 0."""
    inner = (dW * v).sum(axis=1, keepdims=True)
    return (g[:, None] / _length(v)) * (dW + v * inner / _length(v) ** 2), _dg(dW, v)


@replaces("weight_norm_grads")
def only_the_part_along_v(dW, v, g):
    """Your dv keeps the part of dW along v and drops the rest. It is the other way round: only what turns v changes W."""
    inner = (dW * v).sum(axis=1, keepdims=True)
    return (g[:, None] / _length(v)) * v * inner / _length(v) ** 2, _dg(dW, v)


@replaces("weight_norm_grads")
def g_missing(dW, v, g):
    """g is missing in your dv. W is g times a unit vector, so whatever reaches the unit vector is multiplied by g."""
    return _dv(dW, v, np.ones(len(v))), _dg(dW, v)


@replaces("weight_norm_grads")
def length_missing(dW, v, g):
    """Your dv is not divided by ||v||. Turning a long v takes a large step, so the gradient is smaller there."""
    return _dv(dW, v, g) * _length(v), _dg(dW, v)


@replaces("weight_norm_grads")
def dg_not_divided(dW, v, g):
    """Your dg is <dW, v>. W = g v / ||v||, so what multiplies g is a vector of length 1."""
    return _dv(dW, v, g), (dW * v).sum(axis=1)


@replaces("weight_norm_grads")
def dg_as_a_column(dW, v, g):
    """Your dg has the shape (O, 1). A gradient has the shape of what it belongs to, (O,) here."""
    return _dv(dW, v, g), _dg(dW, v)[:, None]


@replaces("weight_norm_grads")
def dg_of_one_sum(dW, v, g):
    """Your dg is one sum over all rows. Every unit has its own g and its own gradient."""
    return _dv(dW, v, g), np.full(len(v), _dg(dW, v).sum())


@replaces("weight_norm_grads")
def order_exchanged(dW, v, g):
    """You return (dg, dv). Asked for are dv and dg, in this order."""
    return _dg(dW, v), _dv(dW, v, g)


@replaces("weight_norm_grads")
def grads_of_one_norm(dW, v, g):
    """Your weight_norm_grads works with one norm of the whole matrix. Every row has a length of its own."""
    length, inner = np.linalg.norm(v), (dW * v).sum(axis=1, keepdims=True)
    return (g[:, None] / length) * (dW - v * inner / length**2), inner[:, 0] / length


@replaces("weight_norm_grads")
def inner_product_of_matrices(dW, v, g):
    """Your dv projects with one inner product of the whole matrices. Every row is projected by itself, along its own v."""
    return (g[:, None] / _length(v)) * (dW - v * (dW * v).sum() / (np.asarray(v, float) ** 2).sum()), _dg(dW, v)


@replaces("weight_norm_grads")
def dw_overwritten(dW, v, g):
    """Your weight_norm_grads writes into the caller's dW. Whoever uses it afterwards gets a projected one."""
    dg, along = _dg(dW, v), v * (dW * v).sum(axis=1, keepdims=True) / _length(v) ** 2
    if dW.dtype.kind == "f":
        dW -= along.astype(dW.dtype)
    else:
        dW = dW - along
    return (g[:, None] / _length(v)) * dW, dg


# ---- weight_standardize --------------------------------------------------------------------------------


def _standard(W, axes, eps, ddof=0):
    return (W - W.mean(axis=axes, keepdims=True)) / np.sqrt(W.var(axis=axes, keepdims=True, ddof=ddof) + eps)


@replaces("weight_standardize")
def over_output_channels(W, eps=1e-5):
    """Your weight_standardize averages over the filters, axis 0. Every filter is standardized by itself, over its inputs and positions."""
    return _standard(W, 0, eps)


@replaces("weight_standardize")
def over_positions_only(W, eps=1e-5):
    """Your weight_standardize averages over kh and kw only. A filter is all that one output channel sees: its input channels belong to it, too."""
    return _standard(W, (2, 3), eps)


@replaces("weight_standardize")
def per_input_channel(W, eps=1e-5):
    """Your weight_standardize keeps axis 1, the input channels, as batch norm does. In weights (O, I, kh, kw) a filter is an index of axis 0."""
    return _standard(W, (0, 2, 3), eps)


@replaces("weight_standardize")
def whole_tensor(W, eps=1e-5):
    """Your weight_standardize uses one mean and one variance for all filters. Every filter needs its own."""
    return _standard(W, (0, 1, 2, 3), eps)


@replaces("weight_standardize")
def mean_not_subtracted(W, eps=1e-5):
    """Your weight_standardize divides by the deviation but leaves the mean in. Every filter should sum to 0."""
    return W / np.sqrt(W.var(axis=(1, 2, 3), keepdims=True) + eps)


@replaces("weight_standardize")
def unbiased_variance(W, eps=1e-5):
    """Your variance divides by n - 1, as the authors' code does. Here it divides by n, the number of weights in a filter."""
    return _standard(W, (1, 2, 3), eps, ddof=1)


@replaces("weight_standardize")
def eps_outside_root(W, eps=1e-5):
    """You add eps to the standard deviation. It belongs to the variance, inside the square root."""
    each = (1, 2, 3)
    return (W - W.mean(axis=each, keepdims=True)) / (W.std(axis=each, keepdims=True) + eps)


@replaces("weight_standardize")
def divided_by_variance(W, eps=1e-5):
    """You divide by the variance. Its square root is what has the unit of the weights."""
    each = (1, 2, 3)
    return (W - W.mean(axis=each, keepdims=True)) / (W.var(axis=each, keepdims=True) + eps)


@replaces("weight_standardize")
def filters_overwritten(W, eps=1e-5):
    """Your weight_standardize writes into the caller's W. The weights that are trained must stay as they are."""
    result = _standard(W, (1, 2, 3), eps)
    if W.dtype.kind == "f":
        W[...] = result
    return result
