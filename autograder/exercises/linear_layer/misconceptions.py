"""Believable wrong answers to linear_forward and linear_backward. Each docstring is what a good tutor would say."""

import numpy as np

from autograder.exercise import replaces


def _refuse(x, W):
    if x.shape[1] != W.shape[1]:
        raise ValueError("x and W must have the same number of columns")


def _gradients(dz, x, W, **wrong):
    """The right gradients, except for what is given."""
    _refuse(x, W)
    right = {"dx": dz @ W, "dW": dz.T @ x, "db": dz.sum(axis=0)}
    return tuple((right | wrong).values())


# ---- forward ---------------------------------------------------------------------------------------------


@replaces("linear_forward")
def weights_not_transposed(x, W, b):
    """You multiply by W instead of its transpose. A row of W holds the weights of one output and meets a row of x; where W is not square, NumPy says so itself."""
    _refuse(x, W)
    return x @ W + (0 if b is None else b)


@replaces("linear_forward")
def bias_down_the_rows(x, W, b):
    """Your bias differs from row to row. It belongs to the outputs, the last axis, and is the same for every example."""
    _refuse(x, W)
    z = x @ W.T
    if b is None:
        return z
    # Where N is not Dout, NumPy refuses, and its error says enough.
    return z + b[:, None]


@replaces("linear_forward")
def bias_left_out(x, W, b):
    """Your layer has no bias. Without it every output is 0 where x is 0."""
    _refuse(x, W)
    return x @ W.T


@replaces("linear_forward")
def bias_subtracted(x, W, b):
    """You subtract the bias. Some texts write a threshold in that way; here it is added."""
    _refuse(x, W)
    return x @ W.T - (0 if b is None else b)


@replaces("linear_forward")
def bias_required(x, W, b):
    """Your layer cannot do without a bias. b=None is a layer that adds nothing, and that is asked for as well."""
    _refuse(x, W)
    return x @ W.T + b


@replaces("linear_forward")
def bias_added_in_place(x, W, b):
    """You write into the caller's b or x. Whoever uses it afterwards gets other numbers."""
    _refuse(x, W)
    z = x @ W.T + (0 if b is None else b)
    if b is not None and b.dtype.kind == "f":
        b += z[0] - b
    return z


@replaces("linear_forward")
def bias_weighed_by_the_batch(x, W, b):
    """You divide the bias by the number of rows. It is added to every row in full."""
    _refuse(x, W)
    return x @ W.T + (0 if b is None else b / len(x))


# ---- backward --------------------------------------------------------------------------------------------


@replaces("linear_backward")
def weights_averaged(dz, x, W):
    """You divide dW by N. A loss that is a mean has done so already: its 1/N arrives inside dz."""
    return _gradients(dz, x, W, dW=dz.T @ x / len(x))


@replaces("linear_backward")
def weights_gradient_transposed(dz, x, W):
    """Your dW is transposed. The gradient of a number sits where the number sits, so dW has the shape of W."""
    return _gradients(dz, x, W, dW=x.T @ dz)


@replaces("linear_backward")
def weights_gradient_without_dz(dz, x, W):
    """Your dW sums the inputs and leaves dz out. How much a weight matters depends on what its output does to the loss."""
    return _gradients(dz, x, W, dW=np.tile(x.sum(axis=0), (len(W), 1)))


@replaces("linear_backward")
def bias_gradient_not_summed(dz, x, W):
    """Your db is dz itself. All rows share one bias, so their gradients add up."""
    return _gradients(dz, x, W, db=dz)


@replaces("linear_backward")
def bias_gradient_averaged(dz, x, W):
    """Your db is a mean over the rows. A loss that is a mean has done so already: its 1/N arrives inside dz."""
    return _gradients(dz, x, W, db=dz.mean(axis=0))


@replaces("linear_backward")
def bias_gradient_over_outputs(dz, x, W):
    """Your db sums over the outputs. The bias has one number for each output; what it is shared by are the rows."""
    return _gradients(dz, x, W, db=dz.sum(axis=1))


@replaces("linear_backward")
def bias_gradient_kept_as_a_row(dz, x, W):
    """Your db has shape (1, Dout). b has shape (Dout,), and so has its gradient: a sum without keepdims."""
    return _gradients(dz, x, W, db=dz.sum(axis=0, keepdims=True))


@replaces("linear_backward")
def bias_gradient_is_a_number(dz, x, W):
    """Your db is a single number. There is one bias for each output: sum over the rows only."""
    return _gradients(dz, x, W, db=dz.sum())


@replaces("linear_backward")
def input_gradient_through_the_transpose(dz, x, W):
    """Your dx goes through W transposed. The forward pass has used the transpose already; on the way back it is W. Where W is not square, NumPy says so itself."""
    _refuse(x, W)
    return _gradients(dz, x, W, dx=dz @ W.T)


@replaces("linear_backward")
def input_gradient_with_x(dz, x, W):
    """You multiply dx by x. z is linear in x, so its derivative with respect to x is W and x does not appear."""
    return _gradients(dz, x, W, dx=(dz @ W) * x)


@replaces("linear_backward")
def input_gradient_averaged(dz, x, W):
    """You divide dx by N. Every row of x has a gradient of its own, and the 1/N of the loss arrives inside dz."""
    return _gradients(dz, x, W, dx=dz @ W / len(x))


@replaces("linear_backward")
def order_of_the_parameters(dz, x, W):
    """You return dW first. The order is dx, dW, db."""
    dx, dW, db = _gradients(dz, x, W)
    return dW, dx, db


@replaces("linear_backward")
def upstream_overwritten(dz, x, W):
    """You write into the caller's dz. Whoever uses it afterwards, another branch of the network for one, gets other numbers."""
    found = _gradients(dz.copy(), x, W)
    if dz.dtype.kind == "f":
        dz /= len(x)
    return found
